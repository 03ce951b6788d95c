//! The tree of a regular expression: characters and classes, conditions on a place, repetitions, groups.

use std::sync::Arc;

/// Which way the length of a match is preferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preference {
    Longest,
    Shortest,
}

/// A condition on a place between characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assertion {
    TextStart,
    TextEnd,
    LineStart,
    LineEnd,
    WordStart,
    WordEnd,
    WordBound,
    NoWordBound,
}

/// A part of an expression.
#[derive(Clone, Debug)]
pub enum RegexTree {
    Empty,
    One(Arc<Characters>),
    Assertion(Assertion),
    /// What comes behind (`ahead`) or before a place fits, or does not.
    Look {
        ahead: bool,
        is_negative: bool,
        inner: Arc<RegexTree>,
    },
    /// A group, with its number where it captures.
    Group {
        number: Option<usize>,
        inner: Arc<RegexTree>,
    },
    /// What a group matched, with the group's own tree.
    Reference {
        number: usize,
        of: Arc<RegexTree>,
    },
    Repeat {
        inner: Arc<RegexTree>,
        least: u16,
        /// None for no bound.
        most: Option<u16>,
        preference: Option<Preference>,
    },
    /// One part behind the other.
    Sequence(Vec<RegexTree>),
    Choice(Vec<RegexTree>),
}

/// A named class of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Alnum,
    Alpha,
    Ascii,
    Blank,
    Cntrl,
    Digit,
    Graph,
    Lower,
    Print,
    Punct,
    Space,
    Upper,
    Xdigit,
    Word,
}

impl Class {
    pub fn named(name: &str) -> Option<Class> {
        Some(match name {
            "alnum" => Class::Alnum,
            "alpha" => Class::Alpha,
            "ascii" => Class::Ascii,
            "blank" => Class::Blank,
            "cntrl" => Class::Cntrl,
            "digit" => Class::Digit,
            "graph" => Class::Graph,
            "lower" => Class::Lower,
            "print" => Class::Print,
            "punct" => Class::Punct,
            "space" => Class::Space,
            "upper" => Class::Upper,
            "xdigit" => Class::Xdigit,
            "word" => Class::Word,
            _ => return None,
        })
    }

    pub fn holds(self, character: char) -> bool {
        let is_plain = |character: char| !character.is_control() && !character.is_whitespace();
        match self {
            Class::Alnum => character.is_alphanumeric(),
            Class::Alpha => character.is_alphabetic(),
            Class::Ascii => character.is_ascii(),
            Class::Blank => matches!(character, ' ' | '\t'),
            Class::Cntrl => character.is_control(),
            Class::Digit => character.is_ascii_digit(),
            Class::Graph => is_plain(character),
            Class::Lower => character.is_lowercase(),
            Class::Print => character == ' ' || is_plain(character),
            Class::Punct if character.is_ascii() => character.is_ascii_punctuation(),
            Class::Punct => is_plain(character) && !character.is_alphanumeric(),
            Class::Space => character.is_whitespace(),
            Class::Upper => character.is_uppercase(),
            Class::Xdigit => character.is_ascii_hexdigit(),
            Class::Word => is_word(character),
        }
    }
}

/// Whether a character is one of a word: a letter, a digit, or `_`.
pub fn is_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

/// A set of characters.
#[derive(Clone, Debug, Default)]
pub struct Characters {
    pub ranges: Vec<(char, char)>,
    /// Classes, and whether it is what they do not hold.
    pub classes: Vec<(Class, bool)>,
    pub is_negated: bool,
    pub ignores_case: bool,
    /// A negated set holds no newline.
    pub stops_at_newline: bool,
}

impl Characters {
    /// The set of one character.
    pub fn one(character: char, ignores_case: bool) -> Characters {
        Characters { ranges: vec![(character, character)], ignores_case, ..Characters::default() }
    }

    /// Every character, or every one but a newline.
    pub fn any(stops_at_newline: bool) -> Characters {
        Characters { is_negated: true, stops_at_newline, ..Characters::default() }
    }

    pub fn holds(&self, character: char) -> bool {
        if self.is_negated && self.stops_at_newline && character == '\n' {
            return false;
        }
        let is_listed = self.lists(character)
            || self.ignores_case && other_cases(character).into_iter().flatten().any(|other| self.lists(other));
        is_listed != self.is_negated
    }

    fn lists(&self, character: char) -> bool {
        self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&character))
            || self.classes.iter().any(|(class, is_complement)| class.holds(character) != *is_complement)
    }
}

/// The lower and the upper case of a character, where they are one character each.
pub fn other_cases(character: char) -> [Option<char>; 2] {
    let single = |mut characters: Box<dyn Iterator<Item = char>>| {
        let first = characters.next();
        first.filter(|_| characters.next().is_none())
    };
    if character.is_ascii() {
        return [Some(character.to_ascii_lowercase()), Some(character.to_ascii_uppercase())];
    }
    [single(Box::new(character.to_lowercase())), single(Box::new(character.to_uppercase()))]
}
