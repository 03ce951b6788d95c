//! A compiled regular expression.

use std::fmt;
use std::sync::Arc;

use crate::error::Result;
use crate::types::patterns::regex::dissect::{Dissection, GroupBounds};
use crate::types::patterns::regex::flags::RegexFlags;
use crate::types::patterns::regex::machine::{Machine, Pause};
use crate::types::patterns::regex::parser::parse;
use crate::types::patterns::regex::plan::{Part, Planner};
use crate::types::patterns::regex::program::RegexCompiler;
use crate::types::patterns::regex::syntax::Preference;
use crate::types::patterns::regex::translate::translated;

/// Largest compiled size of the quick form, in bytes; a larger expression runs in the machine alone.
const QUICK_BYTES_MAX: usize = 1 << 20;

/// The bounds of a match and of its groups, in bytes of the text; the match itself comes first.
pub type Groups = GroupBounds;

/// A regular expression of PostgreSQL's kind.
#[derive(Clone)]
pub struct Regex {
    root: Arc<Part>,
    groups: usize,
    refers: bool,
    ignores_case: bool,
    /// The same language in the words of the crate `regex`, where they have it.
    quick: Option<regex::Regex>,
}

impl fmt::Debug for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Regex").field("groups", &self.groups).field("quick", &self.quick).finish_non_exhaustive()
    }
}

impl Regex {
    /// Compiles an expression.
    ///
    /// # Errors
    /// 2201B for one that is wrong or too large, in PostgreSQL's words.
    pub fn new(pattern: &str, flags: RegexFlags) -> Result<Regex> {
        let parsed = parse(pattern, flags)?;
        let quick = translated(&parsed.tree).and_then(|words| {
            let mut builder = regex::RegexBuilder::new(&words);
            builder.size_limit(QUICK_BYTES_MAX).dfa_size_limit(QUICK_BYTES_MAX).build().ok()
        });
        let mut compiler = RegexCompiler::default();
        let root = Planner { compiler: &mut compiler }.plan(&parsed.tree)?;
        let refers = root.traits.refers();
        let ignores_case = parsed.flags.ignores_case;
        Ok(Regex { root: Arc::new(root), groups: parsed.groups, refers, ignores_case, quick })
    }

    /// How many groups capture.
    pub fn group_count(&self) -> usize {
        self.groups
    }

    /// Whether the text has a match.
    ///
    /// # Errors
    /// 54000 for a search that takes too long, and what `pause` says.
    pub fn is_match(&self, text: &str, pause: Pause<'_>) -> Result<bool> {
        match &self.quick {
            Some(quick) => Ok(quick.is_match(text)),
            None if self.refers => Ok(self.find(text, 0, pause)?.is_some()),
            None => Machine::new(text, pause).is_match(&self.root.program, 0),
        }
    }

    /// The first match that begins at a place or behind it.
    ///
    /// # Errors
    /// 54000 for a search that takes too long, and what `pause` says.
    pub fn find(&self, text: &str, from: usize, pause: Pause<'_>) -> Result<Option<Groups>> {
        let mut machine = Machine::new(text, pause);
        let mut start = from;
        loop {
            if let Some(quick) = &self.quick {
                let Some(found) = quick.find_at(text, start) else { return Ok(None) };
                start = found.start();
            }
            if let Some(groups) = self.match_at(&mut machine, start)? {
                return Ok(Some(groups));
            }
            let Some(character) = machine.next_character(start) else { return Ok(None) };
            start += character.len_utf8();
        }
    }

    /// The match that begins at a place.
    fn match_at(&self, machine: &mut Machine<'_>, start: usize) -> Result<Option<Groups>> {
        let limit = machine.text.len();
        let is_short = self.root.traits.preference == Some(Preference::Shortest);
        let ends = if is_short && !self.refers {
            machine.shortest(&self.root.program, start, limit)?.into_iter().collect()
        } else {
            let mut ends = machine.ends(&self.root.program, start, limit)?;
            if !is_short {
                ends.reverse();
            }
            ends
        };
        for end in ends {
            let mut bounds: GroupBounds = vec![None; self.groups + 1];
            if self.groups > 0 || self.refers {
                let mut dissection =
                    Dissection { machine: &mut *machine, bounds: &mut bounds, ignores_case: self.ignores_case };
                if !dissection.part(&self.root, start, end)? {
                    continue;
                }
            }
            if let Some(whole) = bounds.first_mut() {
                *whole = Some((start, end));
            }
            return Ok(Some(bounds));
        }
        Ok(None)
    }
}
