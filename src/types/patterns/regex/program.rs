//! The states of the machine that recognises an expression (Thompson's construction).
//!
//! A back reference stands for whatever its group could match; that it is the same text is checked by `dissect`.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::types::patterns::regex::syntax::{Assertion, Characters, RegexTree};
use crate::types::patterns::regex_error::invalid;

/// States of all machines of an expression together, at most.
const STATES_MAX: usize = 100_000;

/// A state.
#[derive(Clone, Debug)]
pub enum RegexState {
    /// Takes a character and goes on at the next state.
    Take(usize),
    /// Goes on at two states.
    Fork(usize, usize),
    Jump(usize),
    Assertion(Assertion),
    Look {
        ahead: bool,
        is_negative: bool,
        program: Arc<RegexProgram>,
    },
    Match,
}

/// A machine: it begins at state 0; a state without a target of its own goes on at the next one.
#[derive(Debug)]
pub struct RegexProgram {
    pub states: Vec<RegexState>,
    pub sets: Vec<Set>,
    /// It reads from the end of a text to its beginning.
    pub is_backward: bool,
}

/// A set of characters with its answers for the first 128.
#[derive(Debug)]
pub struct Set {
    ascii: u128,
    characters: Arc<Characters>,
}

impl Set {
    fn new(characters: &Arc<Characters>) -> Set {
        let ascii =
            (0..128_u8).filter(|code| characters.holds(char::from(*code))).fold(0_u128, |bits, code| bits | 1 << code);
        Set { ascii, characters: Arc::clone(characters) }
    }

    pub fn holds(&self, character: char) -> bool {
        match u32::from(character) {
            code @ 0..128 => self.ascii >> code & 1 == 1,
            _ => self.characters.holds(character),
        }
    }
}

/// Makes programs, and counts their states.
#[derive(Debug, Default)]
pub struct RegexCompiler {
    states: usize,
}

struct Emitter<'c> {
    compiler: &'c mut RegexCompiler,
    program: RegexProgram,
}

fn too_complex() -> Error {
    invalid("regular expression is too complex")
}

impl RegexCompiler {
    /// The machine of a tree.
    ///
    /// # Errors
    /// 2201B above `STATES_MAX`.
    pub fn program(&mut self, tree: &RegexTree) -> Result<Arc<RegexProgram>> {
        self.compiled(tree, false).map(Arc::new)
    }

    fn compiled(&mut self, tree: &RegexTree, is_backward: bool) -> Result<RegexProgram> {
        let program = RegexProgram { states: Vec::new(), sets: Vec::new(), is_backward };
        let mut emitter = Emitter { compiler: self, program };
        emitter.emit(tree)?;
        emitter.push(RegexState::Match)?;
        Ok(emitter.program)
    }
}

impl Emitter<'_> {
    fn push(&mut self, state: RegexState) -> Result<usize> {
        self.compiler.states += 1;
        if self.compiler.states > STATES_MAX {
            return Err(too_complex());
        }
        self.program.states.push(state);
        Ok(self.program.states.len() - 1)
    }

    fn here(&self) -> usize {
        self.program.states.len()
    }

    fn set(&mut self, at: usize, state: RegexState) {
        if let Some(slot) = self.program.states.get_mut(at) {
            *slot = state;
        }
    }

    fn emit(&mut self, tree: &RegexTree) -> Result<()> {
        match tree {
            RegexTree::Empty => {}
            RegexTree::One(characters) => {
                let known = self.program.sets.iter().position(|set| Arc::ptr_eq(&set.characters, characters));
                let set = known.unwrap_or(self.program.sets.len());
                if known.is_none() {
                    self.program.sets.push(Set::new(characters));
                }
                self.push(RegexState::Take(set))?;
            }
            RegexTree::Assertion(assertion) => {
                self.push(RegexState::Assertion(*assertion))?;
            }
            RegexTree::Look { ahead, is_negative, inner } => {
                let program = Arc::new(self.compiler.compiled(inner, !ahead)?);
                self.push(RegexState::Look { ahead: *ahead, is_negative: *is_negative, program })?;
            }
            RegexTree::Group { inner, .. } | RegexTree::Reference { of: inner, .. } => self.emit(inner)?,
            RegexTree::Sequence(parts) if self.program.is_backward => {
                parts.iter().rev().try_for_each(|part| self.emit(part))?;
            }
            RegexTree::Sequence(parts) => parts.iter().try_for_each(|part| self.emit(part))?,
            RegexTree::Choice(branches) => self.choice(branches)?,
            RegexTree::Repeat { inner, least, most, .. } => self.repeat(inner, *least, *most)?,
        }
        Ok(())
    }

    fn choice(&mut self, branches: &[RegexTree]) -> Result<()> {
        let mut ends = Vec::with_capacity(branches.len());
        for (position, branch) in branches.iter().enumerate() {
            if position + 1 == branches.len() {
                self.emit(branch)?;
                break;
            }
            let fork = self.push(RegexState::Jump(0))?;
            self.emit(branch)?;
            ends.push(self.push(RegexState::Jump(0))?);
            let next = self.here();
            self.set(fork, RegexState::Fork(fork + 1, next));
        }
        let end = self.here();
        ends.into_iter().for_each(|at| self.set(at, RegexState::Jump(end)));
        Ok(())
    }

    fn repeat(&mut self, inner: &RegexTree, least: u16, most: Option<u16>) -> Result<()> {
        for _ in 0..least {
            self.emit(inner)?;
        }
        match most {
            None => {
                let fork = self.push(RegexState::Jump(0))?;
                self.emit(inner)?;
                self.push(RegexState::Jump(fork))?;
                let end = self.here();
                self.set(fork, RegexState::Fork(fork + 1, end));
            }
            Some(most) => {
                let mut forks = Vec::new();
                for _ in least..most {
                    forks.push(self.push(RegexState::Jump(0))?);
                    self.emit(inner)?;
                }
                let end = self.here();
                forks.into_iter().for_each(|at| self.set(at, RegexState::Fork(at + 1, end)));
            }
        }
        Ok(())
    }
}
