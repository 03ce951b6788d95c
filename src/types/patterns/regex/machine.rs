//! Runs the states of an expression over a text: all that are possible at once, one character after the other.

use crate::error::{Error, ErrorKind, Result};
use crate::types::patterns::regex::program::{RegexProgram, RegexState};
use crate::types::patterns::regex::syntax::{Assertion, is_word};

/// States that one search visits, at most.
pub const REGEX_STEPS_MAX: u64 = 100_000_000;
/// Visits between two questions whether to go on.
const STEPS_BETWEEN_PAUSES: u64 = 1 << 16;

/// Asks whether a search should go on.
pub type Pause<'p> = &'p dyn Fn() -> Result<()>;

/// Goes on.
///
/// # Errors
/// None.
pub fn never() -> Result<()> {
    Ok(())
}

/// A text that is searched, and what the search may still take.
pub struct Machine<'t> {
    pub text: &'t str,
    steps: u64,
    pause: Pause<'t>,
}

/// States that are possible at a place: each once, in the order in which they were found.
struct Possible {
    dense: Vec<usize>,
    is_in: Vec<bool>,
}

impl Possible {
    fn new(states: usize) -> Possible {
        Possible { dense: Vec::with_capacity(states), is_in: vec![false; states] }
    }

    fn add(&mut self, state: usize) -> bool {
        match self.is_in.get_mut(state) {
            Some(is_in) if !*is_in => {
                *is_in = true;
                self.dense.push(state);
                true
            }
            _ => false,
        }
    }

    fn clear(&mut self) {
        for state in self.dense.drain(..) {
            if let Some(is_in) = self.is_in.get_mut(state) {
                *is_in = false;
            }
        }
    }
}

/// How a run goes.
#[derive(Clone, Copy)]
struct Run {
    start: usize,
    /// Where the text ends for this run; what stands behind is seen by conditions alone.
    limit: usize,
    /// A match may begin at any place, not at the start alone.
    is_open: bool,
    /// The first end is enough.
    is_first: bool,
}

impl<'t> Machine<'t> {
    pub fn new(text: &'t str, pause: Pause<'t>) -> Machine<'t> {
        Machine { text, steps: 0, pause }
    }

    /// Counts a visit.
    ///
    /// # Errors
    /// 54000 above [`REGEX_STEPS_MAX`], and what `pause` says.
    pub fn step(&mut self) -> Result<()> {
        self.steps += 1;
        if self.steps.is_multiple_of(STEPS_BETWEEN_PAUSES) {
            (self.pause)()?;
            if self.steps > REGEX_STEPS_MAX {
                return Err(Error::new(ErrorKind::LimitExceeded, "the regular expression takes too long on this text")
                    .with_detail(format!("A search takes at most {REGEX_STEPS_MAX} steps."))
                    .with_hint("Use fewer back references and nested repetitions, or a shorter text."));
            }
        }
        Ok(())
    }

    pub fn next_character(&self, at: usize) -> Option<char> {
        self.text.get(at..).and_then(|rest| rest.chars().next())
    }

    pub fn previous_character(&self, at: usize) -> Option<char> {
        self.text.get(..at).and_then(|before| before.chars().next_back())
    }

    /// Where matches that begin at a place end, up to a limit, in order.
    ///
    /// # Errors
    /// As [`Machine::step`].
    pub fn ends(&mut self, program: &RegexProgram, start: usize, limit: usize) -> Result<Vec<usize>> {
        let mut ends = Vec::new();
        self.run(program, Run { start, limit, is_open: false, is_first: false }, &mut ends)?;
        Ok(ends)
    }

    /// The end of the shortest match that begins at a place.
    ///
    /// # Errors
    /// As [`Machine::step`].
    pub fn shortest(&mut self, program: &RegexProgram, start: usize, limit: usize) -> Result<Option<usize>> {
        let mut ends = Vec::new();
        self.run(program, Run { start, limit, is_open: false, is_first: true }, &mut ends)?;
        Ok(ends.first().copied())
    }

    /// Whether there is a match that begins at a place or behind it.
    ///
    /// # Errors
    /// As [`Machine::step`].
    pub fn is_match(&mut self, program: &RegexProgram, start: usize) -> Result<bool> {
        let mut ends = Vec::new();
        self.run(program, Run { start, limit: self.text.len(), is_open: true, is_first: true }, &mut ends)?;
        Ok(!ends.is_empty())
    }

    fn run(&mut self, program: &RegexProgram, run: Run, ends: &mut Vec<usize>) -> Result<()> {
        let mut now = Possible::new(program.states.len());
        let mut next = Possible::new(program.states.len());
        let mut stack = Vec::new();
        let mut at = run.start;
        loop {
            if run.is_open || at == run.start {
                stack.push(0);
                self.follow(program, at, &mut stack, &mut now)?;
            }
            if now.dense.iter().any(|state| matches!(program.states.get(*state), Some(RegexState::Match))) {
                ends.push(at);
                if run.is_first {
                    return Ok(());
                }
            }
            if now.dense.is_empty() && !run.is_open {
                return Ok(());
            }
            let character = if program.is_backward {
                self.previous_character(at)
            } else {
                self.next_character(at).filter(|_| at < run.limit)
            };
            let Some(character) = character else { return Ok(()) };
            at = if program.is_backward { at - character.len_utf8() } else { at + character.len_utf8() };
            for state in &now.dense {
                self.step()?;
                if let Some(RegexState::Take(set)) = program.states.get(*state)
                    && program.sets.get(*set).is_some_and(|set| set.holds(character))
                {
                    stack.push(state + 1);
                }
            }
            now.clear();
            self.follow(program, at, &mut stack, &mut next)?;
            std::mem::swap(&mut now, &mut next);
        }
    }

    /// Adds states, and those that they lead to without a character.
    fn follow(&mut self, program: &RegexProgram, at: usize, stack: &mut Vec<usize>, into: &mut Possible) -> Result<()> {
        while let Some(state) = stack.pop() {
            self.step()?;
            if !into.add(state) {
                continue;
            }
            match program.states.get(state) {
                Some(RegexState::Fork(first, second)) => stack.extend([*second, *first]),
                Some(RegexState::Jump(target)) => stack.push(*target),
                Some(RegexState::Assertion(assertion)) if self.holds(*assertion, at) => stack.push(state + 1),
                Some(RegexState::Look { ahead, is_negative, program }) => {
                    let limit = if *ahead { self.text.len() } else { 0 };
                    if self.shortest(program, at, limit)?.is_some() != *is_negative {
                        stack.push(state + 1);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn holds(&self, assertion: Assertion, at: usize) -> bool {
        let is_word_before = || self.previous_character(at).is_some_and(is_word);
        let is_word_behind = || self.next_character(at).is_some_and(is_word);
        match assertion {
            Assertion::TextStart => at == 0,
            Assertion::TextEnd => at == self.text.len(),
            Assertion::LineStart => at == 0 || self.previous_character(at) == Some('\n'),
            Assertion::LineEnd => at == self.text.len() || self.next_character(at) == Some('\n'),
            Assertion::WordStart => !is_word_before() && is_word_behind(),
            Assertion::WordEnd => is_word_before() && !is_word_behind(),
            Assertion::WordBound => is_word_before() != is_word_behind(),
            Assertion::NoWordBound => is_word_before() == is_word_behind(),
        }
    }
}
