//! PostgreSQL's regular expressions (documentation, section 9.7.3): advanced, extended and basic ones, their escapes, options,
//! look-around and back references, and the match that PostgreSQL finds: the leftmost one, of those the longest or, by the first
//! quantifier that says so, the shortest, with parts that are again as long or as short as their quantifiers want.
//!
//! `parser` reads an expression into a tree of `syntax` with the help of `lexer`. `program` makes a machine of states of it, which
//! `machine` runs over a text in time that is linear in both: it tells whether there is a match, and where matches end. `plan`
//! finds the parts on which groups and back references depend, and `dissect` puts their bounds where PostgreSQL puts them,
//! trying one after the other. `translate` hands whatever can be said in the words of the crate `regex` to it, which is faster at
//! finding a match's beginning. Every step is counted against a bound, and a caller is asked now and then whether to go on.

mod dissect;
mod flags;
mod lexer;
mod machine;
mod parser;
mod plan;
mod program;
mod regex;
mod syntax;
mod translate;

pub use flags::RegexFlags;
pub use machine::{Pause, never};
pub use regex::{Groups, Regex};
