//! The tree of a regular expression (`regcomp.c` of PostgreSQL, as far as it reads).

use std::sync::Arc;

use crate::error::Result;
use crate::types::patterns::regex::flags::{Dialect, RegexFlags};
use crate::types::patterns::regex::lexer::{Lexer, RegexToken};
use crate::types::patterns::regex::syntax::{Characters, Class, Preference, RegexTree};
use crate::types::patterns::regex_error::invalid;

/// Groups within one another, at most.
const DEPTH_MAX: usize = 200;
/// Groups that capture, back references and repetitions of such, at most.
pub const GROUPS_MAX: usize = 500;

/// An expression that was read.
pub struct ParsedRegex {
    pub tree: RegexTree,
    pub groups: usize,
    pub flags: RegexFlags,
}

struct Parser {
    lexer: Lexer,
    token: RegexToken,
    /// The trees of groups that are closed.
    closed: Vec<Option<Arc<RegexTree>>>,
    depth: usize,
    references: usize,
    /// Inside of a look to either side: groups capture nothing.
    is_looking: bool,
}

/// Reads an expression.
///
/// # Errors
/// 2201B for what is none, in PostgreSQL's words.
pub fn parse(pattern: &str, flags: RegexFlags) -> Result<ParsedRegex> {
    let lexer = Lexer::new(pattern, flags)?;
    let mut parser =
        Parser { lexer, token: RegexToken::End, closed: vec![None], depth: 0, references: 0, is_looking: false };
    parser.advance()?;
    let tree = parser.choice(false)?;
    Ok(ParsedRegex { tree, groups: parser.lexer.groups, flags: parser.lexer.flags })
}

fn too_complex() -> crate::error::Error {
    invalid("regular expression is too complex")
}

impl Parser {
    fn advance(&mut self) -> Result<()> {
        self.token = self.lexer.next()?;
        Ok(())
    }

    fn choice(&mut self, is_inside: bool) -> Result<RegexTree> {
        let mut branches = vec![self.branch(is_inside)?];
        while self.token == RegexToken::Bar {
            self.advance()?;
            branches.push(self.branch(is_inside)?);
        }
        let single = branches.len() == 1;
        Ok(if single { branches.pop().unwrap_or(RegexTree::Empty) } else { RegexTree::Choice(branches) })
    }

    fn branch(&mut self, is_inside: bool) -> Result<RegexTree> {
        let mut parts = Vec::new();
        loop {
            match self.token {
                RegexToken::Bar | RegexToken::End => break,
                RegexToken::Close if is_inside => break,
                _ => parts.push(self.part()?),
            }
        }
        Ok(match parts.len() {
            0 => RegexTree::Empty,
            _ => RegexTree::Sequence(parts),
        })
    }

    fn one(&self, characters: Characters) -> RegexTree {
        RegexTree::One(Arc::new(characters))
    }

    fn part(&mut self) -> Result<RegexTree> {
        let ignores_case = self.lexer.flags.ignores_case;
        let atom = match self.token {
            RegexToken::Assertion(assertion) => {
                self.advance()?;
                return Ok(RegexTree::Assertion(assertion));
            }
            RegexToken::Look(ahead, is_negative) => {
                let outer = std::mem::replace(&mut self.is_looking, true);
                let inner = self.inside()?;
                self.is_looking = outer;
                return Ok(RegexTree::Look { ahead, is_negative, inner: Arc::new(inner) });
            }
            RegexToken::Plain(character) => {
                self.advance()?;
                self.one(Characters::one(character, ignores_case))
            }
            RegexToken::Any => {
                self.advance()?;
                self.one(Characters::any(self.lexer.flags.stops_at_newline))
            }
            RegexToken::Class(class, is_complement) => {
                self.advance()?;
                self.one(Characters { classes: vec![(class, is_complement)], ..Characters::default() })
            }
            RegexToken::Bracket(is_negated) => {
                let characters = self.bracket(is_negated)?;
                self.advance()?;
                self.one(characters)
            }
            RegexToken::Reference(number) => self.reference(number)?,
            RegexToken::Open(captures) => self.group(captures)?,
            RegexToken::Close if self.lexer.flags.dialect == Dialect::Extended => {
                self.advance()?;
                self.one(Characters::one(')', false))
            }
            RegexToken::Close => return Err(invalid("parentheses () not balanced")),
            RegexToken::Repeat(..) => return Err(invalid("quantifier operand invalid")),
            RegexToken::End | RegexToken::Bar => return Ok(RegexTree::Empty),
        };
        self.repeated(atom)
    }

    fn reference(&mut self, number: usize) -> Result<RegexTree> {
        let of = self.closed.get(number).cloned().flatten().filter(|_| !self.is_looking);
        let of = of.ok_or_else(|| invalid("invalid backreference number"))?;
        self.references += 1;
        if self.references > GROUPS_MAX {
            return Err(too_complex());
        }
        self.advance()?;
        Ok(RegexTree::Reference { number, of })
    }

    fn group(&mut self, captures: bool) -> Result<RegexTree> {
        let number = (captures && !self.is_looking).then(|| {
            self.lexer.groups += 1;
            self.closed.push(None);
            self.lexer.groups
        });
        if self.lexer.groups > GROUPS_MAX {
            return Err(too_complex());
        }
        let inner = Arc::new(self.inside()?);
        if let Some(slot) = number.and_then(|number| self.closed.get_mut(number)) {
            *slot = Some(Arc::clone(&inner));
        }
        Ok(RegexTree::Group { number, inner })
    }

    /// What stands in parentheses, behind the first.
    fn inside(&mut self) -> Result<RegexTree> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(too_complex());
        }
        self.advance()?;
        let inner = self.choice(true)?;
        if self.token != RegexToken::Close {
            return Err(invalid("parentheses () not balanced"));
        }
        self.depth -= 1;
        self.advance()?;
        Ok(inner)
    }

    fn repeated(&mut self, atom: RegexTree) -> Result<RegexTree> {
        let RegexToken::Repeat(least, most, is_long, has_preference) = self.token else { return Ok(atom) };
        self.advance()?;
        let preference = if is_long { Preference::Longest } else { Preference::Shortest };
        let preference = has_preference.then_some(preference);
        Ok(RegexTree::Repeat { inner: Arc::new(atom), least, most, preference })
    }

    /// A bracket expression, behind its beginning.
    fn bracket(&mut self, is_negated: bool) -> Result<Characters> {
        let unbalanced = || invalid("brackets [] not balanced");
        let flags = self.lexer.flags;
        let mut set = Characters {
            is_negated,
            ignores_case: flags.ignores_case,
            stops_at_newline: flags.stops_at_newline,
            ..Characters::default()
        };
        let mut is_first = true;
        loop {
            let character = self.lexer.peek().ok_or_else(unbalanced)?;
            match character {
                ']' if !is_first => {
                    self.lexer.bump();
                    return Ok(set);
                }
                _ => self.member(&mut set, is_first)?,
            }
            is_first = false;
        }
    }

    /// A character, a range or a class in brackets.
    fn member(&mut self, set: &mut Characters, is_first: bool) -> Result<()> {
        if self.lexer.eat_text("[:") {
            let name = self.named(":]")?;
            let class = Class::named(&name).ok_or_else(|| invalid("invalid character class"))?;
            let class = match class {
                Class::Lower | Class::Upper if set.ignores_case => Class::Alpha,
                other => other,
            };
            set.classes.push((class, false));
            return Ok(());
        }
        if self.lexer.eat_text("[=") {
            let character = self.collating("=]")?;
            set.ranges.push((character, character));
            return Ok(());
        }
        let Some(first) = self.end_of_range(set, is_first)? else { return Ok(()) };
        if self.lexer.peek() != Some('-') {
            set.ranges.push((first, first));
            return Ok(());
        }
        self.lexer.bump();
        if self.lexer.peek() == Some(']') {
            set.ranges.extend([(first, first), ('-', '-')]);
            return Ok(());
        }
        let last = if self.lexer.peek() == Some('-') {
            self.lexer.bump();
            '-'
        } else {
            self.end_of_range(set, true)?.ok_or_else(|| invalid("invalid character range"))?
        };
        if first > last {
            return Err(invalid("invalid character range"));
        }
        set.ranges.push((first, last));
        Ok(())
    }

    /// A character that may begin or end a range; None for a class, which is taken.
    fn end_of_range(&mut self, set: &mut Characters, is_first: bool) -> Result<Option<char>> {
        if self.lexer.eat_text("[.") {
            return self.collating(".]").map(Some);
        }
        let is_advanced = self.lexer.flags.dialect == Dialect::Advanced;
        match self.lexer.bump() {
            None => Err(invalid("brackets [] not balanced")),
            Some('-') if !is_first && self.lexer.peek() != Some(']') => Err(invalid("invalid character range")),
            Some('\\') if is_advanced => match self.lexer.escape()? {
                RegexToken::Plain(character) => Ok(Some(character)),
                RegexToken::Class(class, is_complement) => {
                    set.classes.push((class, is_complement));
                    Ok(None)
                }
                _ => Err(invalid("invalid escape \\ sequence")),
            },
            Some(character) => Ok(Some(character)),
        }
    }

    /// The name up to an end such as `:]`.
    fn named(&mut self, end: &str) -> Result<String> {
        let mut name = String::new();
        while !self.lexer.eat_text(end) {
            name.push(self.lexer.bump().ok_or_else(|| invalid("brackets [] not balanced"))?);
        }
        Ok(name)
    }

    /// A collating element: a character or the name of one.
    fn collating(&mut self, end: &str) -> Result<char> {
        let name = self.named(end)?;
        let mut characters = name.chars();
        match (characters.next(), characters.next()) {
            (Some(character), None) => Ok(character),
            _ => {
                let found = COLLATING.iter().find(|(known, _)| *known == name).map(|(_, character)| *character);
                found.ok_or_else(|| invalid("invalid collating element"))
            }
        }
    }
}

/// Names of characters in `[.….]`, the ones that POSIX has.
const COLLATING: [(&str, char); 51] = [
    ("NUL", '\0'),
    ("alert", '\x07'),
    ("backspace", '\x08'),
    ("tab", '\t'),
    ("newline", '\n'),
    ("vertical-tab", '\x0b'),
    ("form-feed", '\x0c'),
    ("carriage-return", '\r'),
    ("space", ' '),
    ("exclamation-mark", '!'),
    ("quotation-mark", '"'),
    ("number-sign", '#'),
    ("dollar-sign", '$'),
    ("percent-sign", '%'),
    ("ampersand", '&'),
    ("apostrophe", '\''),
    ("left-parenthesis", '('),
    ("right-parenthesis", ')'),
    ("asterisk", '*'),
    ("plus-sign", '+'),
    ("comma", ','),
    ("hyphen", '-'),
    ("hyphen-minus", '-'),
    ("period", '.'),
    ("full-stop", '.'),
    ("slash", '/'),
    ("solidus", '/'),
    ("zero", '0'),
    ("one", '1'),
    ("two", '2'),
    ("three", '3'),
    ("four", '4'),
    ("five", '5'),
    ("six", '6'),
    ("seven", '7'),
    ("eight", '8'),
    ("nine", '9'),
    ("colon", ':'),
    ("semicolon", ';'),
    ("less-than-sign", '<'),
    ("equals-sign", '='),
    ("greater-than-sign", '>'),
    ("question-mark", '?'),
    ("commercial-at", '@'),
    ("left-square-bracket", '['),
    ("backslash", '\\'),
    ("reverse-solidus", '\\'),
    ("right-square-bracket", ']'),
    ("circumflex", '^'),
    ("underscore", '_'),
    ("tilde", '~'),
];
