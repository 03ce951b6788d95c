//! The parts of an expression whose bounds matter, and how they prefer theirs (`struct subre` of PostgreSQL's `regguts.h`).
//!
//! A part without groups and back references, whose quantifiers agree on a preference, is a leaf: the machine alone tells where it
//! may end. The others are taken apart as `parseqatom` of PostgreSQL's `regcomp.c` does it.

use std::sync::Arc;

use crate::error::Result;
use crate::types::patterns::regex::program::{RegexCompiler, RegexProgram};
use crate::types::patterns::regex::syntax::{Preference, RegexTree};

/// What a part contains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traits {
    pub preference: Option<Preference>,
    /// Parts of either preference.
    is_mixed: bool,
    captures: bool,
    refers: bool,
}

impl Traits {
    /// Whether there is a back reference in it.
    pub fn refers(self) -> bool {
        self.refers
    }

    fn is_messy(self) -> bool {
        self.is_mixed || self.captures || self.refers
    }

    /// Of a part of these two, whose preference is the first one's where it has one.
    fn combined(self, other: Traits) -> Traits {
        let differs = matches!((self.preference, other.preference), (Some(left), Some(right)) if left != right);
        Traits {
            preference: self.preference.or(other.preference),
            is_mixed: self.is_mixed || other.is_mixed || differs,
            captures: self.captures || other.captures,
            refers: self.refers || other.refers,
        }
    }

    fn preferring(preference: Option<Preference>) -> Traits {
        Traits { preference, ..Traits::default() }
    }
}

/// A part, with the machine that tells where it may end.
#[derive(Debug)]
pub struct Part {
    pub traits: Traits,
    /// The group that it is.
    pub number: Option<usize>,
    pub program: Arc<RegexProgram>,
    pub kind: Kind,
}

#[derive(Debug)]
pub enum Kind {
    Leaf,
    Pair(Box<Part>, Box<Part>),
    Choice(Vec<Part>),
    Repeat {
        inner: Box<Part>,
        least: usize,
        most: Option<usize>,
    },
    /// What a group matched, so many times.
    Reference {
        group: usize,
        least: usize,
        most: Option<usize>,
    },
    /// A group around a group.
    Wrapped(Box<Part>),
}

/// Makes parts of trees.
pub struct Planner<'c> {
    pub compiler: &'c mut RegexCompiler,
}

/// A repetition of one atom.
struct Quantified<'t> {
    atom: &'t RegexTree,
    least: u16,
    most: Option<u16>,
    preference: Option<Preference>,
}

impl<'t> Quantified<'t> {
    fn of(tree: &'t RegexTree) -> Quantified<'t> {
        match tree {
            RegexTree::Repeat { inner, least, most, preference } => {
                Quantified { atom: inner, least: *least, most: *most, preference: *preference }
            }
            atom => Quantified { atom, least: 1, most: Some(1), preference: None },
        }
    }

    fn is_once(&self) -> bool {
        (self.least, self.most) == (1, Some(1))
    }
}

impl Planner<'_> {
    /// # Errors
    /// 2201B for an expression that is too large.
    pub fn plan(&mut self, tree: &RegexTree) -> Result<Part> {
        match tree {
            RegexTree::Choice(branches) => self.choice(tree, branches),
            RegexTree::Sequence(parts) => self.branch(parts),
            other => self.branch(std::slice::from_ref(other)),
        }
    }

    fn leaf(&mut self, tree: &RegexTree, traits: Traits) -> Result<Part> {
        Ok(Part { traits, number: None, program: self.compiler.program(tree)?, kind: Kind::Leaf })
    }

    fn choice(&mut self, tree: &RegexTree, branches: &[RegexTree]) -> Result<Part> {
        let mut traits = Traits::preferring(Some(Preference::Longest));
        let mut parts = Vec::with_capacity(branches.len());
        for branch in branches {
            let part = self.plan(branch)?;
            traits = traits.combined(part.traits);
            parts.push(part);
        }
        if !traits.is_messy() {
            return self.leaf(tree, traits);
        }
        Ok(Part { traits, number: None, program: self.compiler.program(tree)?, kind: Kind::Choice(parts) })
    }

    fn branch(&mut self, items: &[RegexTree]) -> Result<Part> {
        let mut before = Traits::default();
        for (position, item) in items.iter().enumerate() {
            if matches!(item, RegexTree::Assertion(_) | RegexTree::Look { .. } | RegexTree::Empty) {
                continue;
            }
            let quantified = Quantified::of(item);
            let is_nothing = quantified.most == Some(0);
            let (atom, own) = if is_nothing { (None, Traits::default()) } else { self.atom(quantified.atom)? };
            let all = before.combined(Traits::preferring(quantified.preference)).combined(own);
            if is_nothing || !all.is_messy() {
                before = if is_nothing { before } else { all };
                continue;
            }
            let atom = match atom {
                Some(atom) => atom,
                None => self.leaf(quantified.atom, Traits::default())?,
            };
            let first = self.quantified(&quantified, item, atom)?;
            let prefix = items.get(..position).unwrap_or_default();
            let rest = items.get(position + 1..).unwrap_or_default();
            return self.joined(prefix, before, first, item, rest, &quantified);
        }
        self.leaf(&RegexTree::Sequence(items.to_vec()), before)
    }

    /// The atom before a repetition, planned where it has parts of its own.
    fn atom(&mut self, atom: &RegexTree) -> Result<(Option<Part>, Traits)> {
        match atom {
            RegexTree::Group { number, inner } => {
                let mut part = self.plan(inner)?;
                if number.is_some() {
                    part.traits.captures = true;
                    if part.number.is_some() {
                        let (traits, program) = (part.traits, Arc::clone(&part.program));
                        part = Part { traits, number: None, program, kind: Kind::Wrapped(Box::new(part)) };
                    }
                    part.number = *number;
                }
                let traits = part.traits;
                Ok((Some(part), traits))
            }
            RegexTree::Reference { .. } => Ok((None, Traits { refers: true, ..Traits::default() })),
            _ => Ok((None, Traits::default())),
        }
    }

    /// An atom with its repetition.
    fn quantified(&mut self, quantified: &Quantified<'_>, item: &RegexTree, atom: Part) -> Result<Part> {
        let own = Traits::preferring(quantified.preference).combined(atom.traits);
        if let RegexTree::Reference { number, .. } = quantified.atom {
            let (least, most) = (usize::from(quantified.least), quantified.most.map(usize::from));
            let traits = Traits { refers: true, ..own };
            let kind = Kind::Reference { group: *number, least, most };
            return Ok(Part { traits, number: None, program: self.compiler.program(item)?, kind });
        }
        let agrees = quantified.preference.is_none()
            || atom.traits.preference.is_none() && !atom.traits.is_mixed
            || quantified.preference == atom.traits.preference && !atom.traits.is_mixed;
        if quantified.is_once() && agrees {
            return Ok(atom);
        }
        if !atom.traits.captures && !atom.traits.refers {
            return self.leaf(item, own);
        }
        if quantified.least > 0 && !atom.traits.refers {
            // Only the last repetition captures: the others are a leaf before it.
            let others = RegexTree::Repeat {
                inner: Arc::new(quantified.atom.clone()),
                least: quantified.least - 1,
                most: quantified.most.map(|most| most - 1),
                preference: quantified.preference,
            };
            let others = self.leaf(&others, Traits::preferring(own.preference))?;
            let kind = Kind::Pair(Box::new(others), Box::new(atom));
            return Ok(Part { traits: own, number: None, program: self.compiler.program(item)?, kind });
        }
        let (least, most) = (usize::from(quantified.least), quantified.most.map(usize::from));
        let kind = Kind::Repeat { inner: Box::new(atom), least, most };
        Ok(Part { traits: own, number: None, program: self.compiler.program(item)?, kind })
    }

    /// What stands before a part, the part, and what follows.
    fn joined(
        &mut self,
        prefix: &[RegexTree],
        before: Traits,
        first: Part,
        item: &RegexTree,
        rest: &[RegexTree],
        quantified: &Quantified<'_>,
    ) -> Result<Part> {
        let mut part = first;
        if !rest.is_empty() {
            let following = self.branch(rest)?;
            let traits = Traits::preferring(quantified.preference).combined(part.traits).combined(following.traits);
            let whole: Vec<RegexTree> = std::iter::once(item).chain(rest).cloned().collect();
            let program = self.compiler.program(&RegexTree::Sequence(whole))?;
            part = Part { traits, number: None, program, kind: Kind::Pair(Box::new(part), Box::new(following)) };
        }
        if prefix.is_empty() {
            return Ok(part);
        }
        let traits = before.combined(part.traits);
        let leading = self.leaf(&RegexTree::Sequence(prefix.to_vec()), before)?;
        let whole: Vec<RegexTree> = prefix.iter().chain(std::iter::once(item)).chain(rest).cloned().collect();
        let program = self.compiler.program(&RegexTree::Sequence(whole))?;
        Ok(Part { traits, number: None, program, kind: Kind::Pair(Box::new(leading), Box::new(part)) })
    }
}
