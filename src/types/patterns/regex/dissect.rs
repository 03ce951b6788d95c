//! The bounds of groups within a match (`cdissect` of PostgreSQL's `regexec.c`): each part is tried as long, or as short, as it
//! prefers, until what follows it fits as well.

use crate::error::Result;
use crate::types::patterns::regex::machine::Machine;
use crate::types::patterns::regex::plan::{Kind, Part};
use crate::types::patterns::regex::syntax::{Preference, other_cases};

/// Bounds of groups; none for one that took no part.
pub type GroupBounds = Vec<Option<(usize, usize)>>;

/// A match that is taken apart.
pub struct Dissection<'d, 't> {
    pub machine: &'d mut Machine<'t>,
    pub bounds: &'d mut GroupBounds,
    pub ignores_case: bool,
}

/// A repetition that is taken apart.
struct Repetition<'p> {
    inner: &'p Part,
    end: usize,
    least: usize,
    most: usize,
}

impl Dissection<'_, '_> {
    /// Whether a part is just the text between two places; then its groups have their bounds.
    ///
    /// # Errors
    /// As [`Machine::step`].
    pub fn part(&mut self, part: &Part, start: usize, end: usize) -> Result<bool> {
        self.machine.step()?;
        let fits = match &part.kind {
            Kind::Leaf => true,
            Kind::Wrapped(inner) => self.part(inner, start, end)?,
            Kind::Pair(first, second) => self.pair(first, second, start, end)?,
            Kind::Choice(branches) => self.choice(branches, start, end)?,
            Kind::Repeat { inner, least, most } => self.repeat(inner, *least, *most, start, end)?,
            Kind::Reference { group, least, most } => self.reference(*group, *least, *most, start, end)?,
        };
        if let (true, Some(number)) = (fits, part.number)
            && let Some(slot) = self.bounds.get_mut(number)
        {
            *slot = Some((start, end));
        }
        Ok(fits)
    }

    /// Whether a part may be the text between two places, by its machine.
    fn may_be(&mut self, part: &Part, start: usize, end: usize) -> Result<bool> {
        Ok(self.machine.ends(&part.program, start, end)?.last() == Some(&end))
    }

    /// Where a part may end, in the order in which it wants to.
    fn ends(&mut self, part: &Part, start: usize, limit: usize) -> Result<Vec<usize>> {
        let mut ends = self.machine.ends(&part.program, start, limit)?;
        if part.traits.preference != Some(Preference::Shortest) {
            ends.reverse();
        }
        Ok(ends)
    }

    fn forget(&mut self, part: &Part) {
        if let Some(slot) = part.number.and_then(|number| self.bounds.get_mut(number)) {
            *slot = None;
        }
        match &part.kind {
            Kind::Leaf | Kind::Reference { .. } => {}
            Kind::Wrapped(inner) | Kind::Repeat { inner, .. } => self.forget(inner),
            Kind::Pair(first, second) => {
                self.forget(first);
                self.forget(second);
            }
            Kind::Choice(branches) => branches.iter().for_each(|branch| self.forget(branch)),
        }
    }

    fn pair(&mut self, first: &Part, second: &Part, start: usize, end: usize) -> Result<bool> {
        for middle in self.ends(first, start, end)? {
            if !self.may_be(second, middle, end)? {
                continue;
            }
            if self.part(first, start, middle)? && self.part(second, middle, end)? {
                return Ok(true);
            }
            self.forget(first);
            self.forget(second);
        }
        Ok(false)
    }

    fn choice(&mut self, branches: &[Part], start: usize, end: usize) -> Result<bool> {
        for branch in branches {
            if self.may_be(branch, start, end)? && self.part(branch, start, end)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn reference(&mut self, group: usize, least: usize, most: Option<usize>, start: usize, end: usize) -> Result<bool> {
        let Some((from, to)) = self.bounds.get(group).copied().flatten() else { return Ok(false) };
        let text = self.machine.text;
        let (wanted, found) = (text.get(from..to).unwrap_or(""), text.get(start..end).unwrap_or(""));
        if wanted.is_empty() {
            return Ok(found.is_empty());
        }
        if found.is_empty() {
            return Ok(least == 0);
        }
        let (length, per) = (found.chars().count(), wanted.chars().count());
        if length % per != 0 || length / per < least || most.is_some_and(|most| length / per > most) {
            return Ok(false);
        }
        let ignores_case = self.ignores_case;
        let is_same = |left: char, right: char| {
            left == right || ignores_case && other_cases(left).contains(&Some(right)) || {
                let fold = |character| other_cases(character).into_iter().next().flatten();
                ignores_case && fold(left) == fold(right)
            }
        };
        Ok(found.chars().zip(wanted.chars().cycle()).all(|(left, right)| is_same(left, right)))
    }

    fn repeat(&mut self, inner: &Part, least: usize, most: Option<usize>, start: usize, end: usize) -> Result<bool> {
        // What is to be short is there as seldom as possible.
        if least == 0 && start == end && inner.traits.preference == Some(Preference::Shortest) {
            return Ok(true);
        }
        let length = self.machine.text.get(start..end).map_or(0, |text| text.chars().count());
        let wanted = least.max(1);
        let most = length.min(most.unwrap_or(usize::MAX)).max(wanted);
        let repetition = Repetition { inner, end, least: wanted, most };
        if self.repeated(&repetition, start, 1)? {
            return Ok(true);
        }
        self.forget(inner);
        Ok(least == 0 && start == end)
    }

    /// Divides what is left from a place on, of which so many repetitions were found before. Depth is bounded by the count of
    /// repetitions, each of which is kept on a list of places that it may still end at.
    fn repeated(&mut self, repetition: &Repetition<'_>, start: usize, first: usize) -> Result<bool> {
        let mut places = vec![start];
        let mut open = vec![self.candidates(repetition, start, first)?];
        while let Some(candidates) = open.last_mut() {
            let Some(place) = candidates.pop() else {
                open.pop();
                places.pop();
                continue;
            };
            let count = open.len();
            if place != repetition.end {
                if count < repetition.most {
                    places.push(place);
                    open.push(self.candidates(repetition, place, count + 1)?);
                }
                continue;
            }
            if count < repetition.least {
                // Empty repetitions may follow.
                places.push(place);
                open.push(self.candidates(repetition, place, count + 1)?);
                continue;
            }
            places.push(place);
            let mut all_fit = true;
            for pair in places.windows(2) {
                if let [from, to] = pair {
                    self.forget(repetition.inner);
                    all_fit = all_fit && self.part(repetition.inner, *from, *to)?;
                }
            }
            places.pop();
            if all_fit {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Where a repetition may end that begins at a place, the preferred one last.
    fn candidates(&mut self, repetition: &Repetition<'_>, start: usize, count: usize) -> Result<Vec<usize>> {
        let mut ends = self.ends(repetition.inner, start, repetition.end)?;
        let left = self.machine.text.get(start..repetition.end).map_or(0, |text| text.chars().count());
        // An empty one is of no use but for reaching the least count.
        let may_be_empty = count <= repetition.least && repetition.least + 1 - count > left;
        ends.retain(|end| *end > start || may_be_empty);
        ends.reverse();
        Ok(ends)
    }
}
