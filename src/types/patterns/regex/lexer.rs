//! The words of a regular expression, one at a time (`regc_lex.c` of PostgreSQL).

use crate::error::Result;
use crate::types::patterns::regex::flags::{Dialect, RegexFlags};
use crate::types::patterns::regex::syntax::{Assertion, Class};
use crate::types::patterns::regex_error::invalid;

/// A word outside of brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegexToken {
    End,
    Plain(char),
    Any,
    /// `[`, and whether `^` follows.
    Bracket(bool),
    Class(Class, bool),
    Assertion(Assertion),
    /// A look to either side begins: ahead or not, negative or not.
    Look(bool, bool),
    /// A group begins, which captures or not.
    Open(bool),
    Close,
    Bar,
    /// A repetition, the least and the most of it, whether it is as long as it can be, and whether it has a preference at all.
    Repeat(u16, Option<u16>, bool, bool),
    Reference(usize),
}

/// Most repetitions that an expression may name.
const REPEAT_MAX: u32 = 255;

/// What was read last, as far as what a word means depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Start,
    Open,
    Bar,
    Other,
}

pub struct Lexer {
    text: Vec<char>,
    at: usize,
    before: Before,
    pub flags: RegexFlags,
    /// Groups that were opened, for telling a back reference from an octal number.
    pub groups: usize,
}

impl Lexer {
    /// # Errors
    /// 2201B for an option that is none.
    pub fn new(pattern: &str, flags: RegexFlags) -> Result<Lexer> {
        let mut lexer = Lexer { text: pattern.chars().collect(), at: 0, before: Before::Start, flags, groups: 0 };
        lexer.prefixes()?;
        Ok(lexer)
    }

    pub fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn begins(&self, text: &str) -> bool {
        self.text.get(self.at..).is_some_and(|rest| text.chars().eq(rest.iter().copied().take(text.chars().count())))
    }

    pub fn bump(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += usize::from(next.is_some());
        next
    }

    fn eat(&mut self, wanted: char) -> bool {
        let is_there = self.peek() == Some(wanted);
        self.at += usize::from(is_there);
        is_there
    }

    /// Takes a text that may stand here.
    pub fn eat_text(&mut self, wanted: &str) -> bool {
        let is_there = self.begins(wanted);
        if is_there {
            self.at += wanted.chars().count();
        }
        is_there
    }

    /// `***=` and its like, and options in parentheses.
    fn prefixes(&mut self) -> Result<()> {
        if self.flags.dialect == Dialect::Literal {
            return Ok(());
        }
        if self.begins("***") {
            match self.text.get(self.at + 3) {
                Some('?') => return Err(invalid("invalid regexp (reg version 0.8)")),
                Some('=') => {
                    self.flags.dialect = Dialect::Literal;
                    self.at += 4;
                    return Ok(());
                }
                Some(':') => {
                    self.flags.dialect = Dialect::Advanced;
                    self.at += 4;
                }
                _ => return Err(invalid("quantifier operand invalid")),
            }
        }
        let is_option = self.text.get(self.at + 2).is_some_and(char::is_ascii_alphabetic);
        if self.flags.dialect == Dialect::Advanced && self.begins("(?") && is_option {
            self.at += 2;
            while let Some(option) = self.peek().filter(char::is_ascii_alphabetic) {
                if !self.flags.take(option) {
                    return Err(invalid("invalid embedded option"));
                }
                self.at += 1;
            }
            if !self.eat(')') {
                return Err(invalid("invalid embedded option"));
            }
        }
        Ok(())
    }

    /// Skips blanks and comments of an expanded expression.
    fn skip(&mut self) {
        if !self.flags.is_expanded || self.flags.dialect == Dialect::Literal {
            return;
        }
        loop {
            while self.peek().is_some_and(char::is_whitespace) {
                self.at += 1;
            }
            if self.peek() != Some('#') {
                return;
            }
            while self.peek().is_some_and(|character| character != '\n') {
                self.at += 1;
            }
        }
    }

    /// The next word.
    ///
    /// # Errors
    /// 2201B for what is none.
    pub fn next(&mut self) -> Result<RegexToken> {
        self.skip();
        let Some(character) = self.bump() else { return Ok(RegexToken::End) };
        let token = match self.flags.dialect {
            Dialect::Literal => RegexToken::Plain(character),
            Dialect::Basic => self.basic(character)?,
            Dialect::Advanced | Dialect::Extended => match self.extended(character)? {
                Some(token) => token,
                // A comment in parentheses.
                None => return self.next(),
            },
        };
        self.before = match token {
            RegexToken::Open(_) | RegexToken::Look(..) => Before::Open,
            RegexToken::Bar => Before::Bar,
            _ => Before::Other,
        };
        Ok(token)
    }

    fn is_advanced(&self) -> bool {
        self.flags.dialect == Dialect::Advanced
    }

    fn line(&self, line: Assertion, text: Assertion) -> RegexToken {
        RegexToken::Assertion(if self.flags.anchors_at_newline { line } else { text })
    }

    fn repeat(&mut self, least: u16, most: Option<u16>) -> RegexToken {
        let is_short = self.is_advanced() && self.eat('?');
        RegexToken::Repeat(least, most, !is_short, true)
    }

    fn extended(&mut self, character: char) -> Result<Option<RegexToken>> {
        Ok(Some(match character {
            '|' => RegexToken::Bar,
            '*' => self.repeat(0, None),
            '+' => self.repeat(1, None),
            '?' => self.repeat(0, Some(1)),
            '{' => {
                self.skip();
                if !self.peek().is_some_and(|digit| digit.is_ascii_digit()) {
                    return Ok(Some(RegexToken::Plain('{')));
                }
                self.bounds("}")?
            }
            '(' if self.is_advanced() && self.eat('?') => return self.parenthesis(),
            '(' => RegexToken::Open(true),
            ')' => RegexToken::Close,
            '[' => self.bracket(),
            '.' => RegexToken::Any,
            '^' => self.line(Assertion::LineStart, Assertion::TextStart),
            '$' => self.line(Assertion::LineEnd, Assertion::TextEnd),
            '\\' => match self.peek() {
                None => return Err(invalid("invalid escape \\ sequence")),
                Some(next) if !self.is_advanced() => {
                    self.at += 1;
                    RegexToken::Plain(next)
                }
                Some(_) => self.escape()?,
            },
            other => RegexToken::Plain(other),
        }))
    }

    /// What follows `(?`; None for a comment, which is skipped.
    fn parenthesis(&mut self) -> Result<Option<RegexToken>> {
        Ok(Some(match self.bump() {
            Some(':') => RegexToken::Open(false),
            Some('#') => {
                while self.peek().is_some_and(|character| character != ')') {
                    self.at += 1;
                }
                self.bump();
                return Ok(None);
            }
            Some('=') => RegexToken::Look(true, false),
            Some('!') => RegexToken::Look(true, true),
            Some('<') => match self.bump() {
                Some('=') => RegexToken::Look(false, false),
                Some('!') => RegexToken::Look(false, true),
                _ => return Err(invalid("quantifier operand invalid")),
            },
            _ => return Err(invalid("quantifier operand invalid")),
        }))
    }

    fn bracket(&mut self) -> RegexToken {
        if self.eat_text("[:<:]]") {
            return RegexToken::Assertion(Assertion::WordStart);
        }
        if self.eat_text("[:>:]]") {
            return RegexToken::Assertion(Assertion::WordEnd);
        }
        RegexToken::Bracket(self.eat('^'))
    }

    /// The numbers of a repetition in braces.
    fn bounds(&mut self, end: &str) -> Result<RegexToken> {
        let least = self.number()?;
        let (most, has_preference) = if self.eat(',') {
            (if self.peek().is_some_and(|digit| digit.is_ascii_digit()) { Some(self.number()?) } else { None }, true)
        } else {
            (Some(least), false)
        };
        if self.peek().is_none() {
            return Err(invalid("braces {} not balanced"));
        }
        if !self.eat_text(end) || most.is_some_and(|most| most < least) {
            return Err(invalid("invalid repetition count(s)"));
        }
        let is_short = self.is_advanced() && self.eat('?');
        Ok(RegexToken::Repeat(least, most, !is_short, has_preference))
    }

    fn number(&mut self) -> Result<u16> {
        let mut number = 0_u32;
        while let Some(digit) = self.peek().and_then(|character| character.to_digit(10)) {
            number = number * 10 + digit;
            if number > REPEAT_MAX {
                return Err(invalid("invalid repetition count(s)"));
            }
            self.at += 1;
        }
        u16::try_from(number).map_err(|_| invalid("invalid repetition count(s)"))
    }

    fn basic(&mut self, character: char) -> Result<RegexToken> {
        let at_start = self.before == Before::Start;
        Ok(match character {
            '*' if self.before != Before::Other => RegexToken::Plain('*'),
            '*' => RegexToken::Repeat(0, None, true, true),
            '[' => self.bracket(),
            '.' => RegexToken::Any,
            '^' if at_start || self.before == Before::Open => self.line(Assertion::LineStart, Assertion::TextStart),
            '$' => {
                self.skip();
                if self.peek().is_none() || self.begins("\\)") {
                    self.line(Assertion::LineEnd, Assertion::TextEnd)
                } else {
                    RegexToken::Plain('$')
                }
            }
            '\\' => match self.bump() {
                None => return Err(invalid("invalid escape \\ sequence")),
                Some('{') => self.bounds("\\}")?,
                Some('(') => RegexToken::Open(true),
                Some(')') => RegexToken::Close,
                Some('<') => RegexToken::Assertion(Assertion::WordStart),
                Some('>') => RegexToken::Assertion(Assertion::WordEnd),
                Some(digit @ '1'..='9') => RegexToken::Reference(digit.to_digit(10).unwrap_or(0) as usize),
                Some(other) => RegexToken::Plain(other),
            },
            other => RegexToken::Plain(other),
        })
    }

    /// What a backslash of an advanced expression begins.
    ///
    /// # Errors
    /// 2201B for an escape that is none.
    pub fn escape(&mut self) -> Result<RegexToken> {
        let refused = || invalid("invalid escape \\ sequence");
        let character = self.bump().ok_or_else(refused)?;
        Ok(match character {
            other if !other.is_ascii_alphanumeric() => RegexToken::Plain(other),
            'a' => RegexToken::Plain('\x07'),
            'A' => RegexToken::Assertion(Assertion::TextStart),
            'b' => RegexToken::Plain('\x08'),
            'B' => RegexToken::Plain('\\'),
            'c' => {
                let code = u32::from(self.bump().ok_or_else(refused)?) & 0o37;
                RegexToken::Plain(char::from_u32(code).ok_or_else(refused)?)
            }
            'd' | 'D' => RegexToken::Class(Class::Digit, character == 'D'),
            's' | 'S' => RegexToken::Class(Class::Space, character == 'S'),
            'w' | 'W' => RegexToken::Class(Class::Word, character == 'W'),
            'e' => RegexToken::Plain('\x1b'),
            'f' => RegexToken::Plain('\x0c'),
            'm' => RegexToken::Assertion(Assertion::WordStart),
            'M' => RegexToken::Assertion(Assertion::WordEnd),
            'n' => RegexToken::Plain('\n'),
            'r' => RegexToken::Plain('\r'),
            't' => RegexToken::Plain('\t'),
            'u' => RegexToken::Plain(self.digits(16, 4, 4)?),
            'U' => RegexToken::Plain(self.digits(16, 8, 8)?),
            'v' => RegexToken::Plain('\x0b'),
            'x' => RegexToken::Plain(self.digits(16, 1, 255)?),
            'y' => RegexToken::Assertion(Assertion::WordBound),
            'Y' => RegexToken::Assertion(Assertion::NoWordBound),
            'Z' => RegexToken::Assertion(Assertion::TextEnd),
            '0' => self.octal()?,
            '1'..='9' => self.reference()?,
            _ => return Err(refused()),
        })
    }

    /// A number that is a back reference where there are so many groups, or has one digit; else a character in octal.
    fn reference(&mut self) -> Result<RegexToken> {
        let start = self.at;
        let mut number = self.text.get(start - 1).and_then(|digit| digit.to_digit(10)).unwrap_or(0) as usize;
        while let Some(digit) = self.peek().and_then(|character| character.to_digit(10)) {
            number = number.saturating_mul(10).saturating_add(digit as usize);
            self.at += 1;
        }
        if self.at == start || number > 0 && number <= self.groups {
            return Ok(RegexToken::Reference(number));
        }
        self.at = start;
        self.octal()
    }

    /// A character in octal, whose first digit was read.
    fn octal(&mut self) -> Result<RegexToken> {
        self.at -= 1;
        let start = self.at;
        let character = self.digits(8, 1, 3)?;
        if u32::from(character) > 0xff {
            self.at = start;
            return Ok(RegexToken::Plain(self.digits(8, 1, 2)?));
        }
        Ok(RegexToken::Plain(character))
    }

    fn digits(&mut self, radix: u32, least: usize, most: usize) -> Result<char> {
        let mut code = 0_u32;
        let mut count = 0;
        while let Some(digit) = self.peek().filter(|_| count < most).and_then(|character| character.to_digit(radix)) {
            code = code.saturating_mul(radix).saturating_add(digit);
            self.at += 1;
            count += 1;
        }
        let character = char::from_u32(code).filter(|_| count >= least);
        character.ok_or_else(|| invalid("invalid escape \\ sequence"))
    }
}
