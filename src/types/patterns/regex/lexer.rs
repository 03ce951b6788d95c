//! The words of a regular expression, one at a time (`regc_lex.c` of PostgreSQL).

use crate::error::Result;
use crate::types::patterns::regex::flags::{Dialect, RegexFlags};
use crate::types::patterns::regex::syntax::{Assertion, Class};
use crate::types::patterns::regex_error::invalid;

/// A word outside of brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
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
    pub fn next(&mut self) -> Result<Token> {
        self.skip();
        let Some(character) = self.bump() else { return Ok(Token::End) };
        let token = match self.flags.dialect {
            Dialect::Literal => Token::Plain(character),
            Dialect::Basic => self.basic(character)?,
            Dialect::Advanced | Dialect::Extended => match self.extended(character)? {
                Some(token) => token,
                // A comment in parentheses.
                None => return self.next(),
            },
        };
        self.before = match token {
            Token::Open(_) | Token::Look(..) => Before::Open,
            Token::Bar => Before::Bar,
            _ => Before::Other,
        };
        Ok(token)
    }

    fn is_advanced(&self) -> bool {
        self.flags.dialect == Dialect::Advanced
    }

    fn line(&self, line: Assertion, text: Assertion) -> Token {
        Token::Assertion(if self.flags.anchors_at_newline { line } else { text })
    }

    fn repeat(&mut self, least: u16, most: Option<u16>) -> Token {
        let is_short = self.is_advanced() && self.eat('?');
        Token::Repeat(least, most, !is_short, true)
    }

    fn extended(&mut self, character: char) -> Result<Option<Token>> {
        Ok(Some(match character {
            '|' => Token::Bar,
            '*' => self.repeat(0, None),
            '+' => self.repeat(1, None),
            '?' => self.repeat(0, Some(1)),
            '{' => {
                self.skip();
                if !self.peek().is_some_and(|digit| digit.is_ascii_digit()) {
                    return Ok(Some(Token::Plain('{')));
                }
                self.bounds("}")?
            }
            '(' if self.is_advanced() && self.eat('?') => return self.parenthesis(),
            '(' => Token::Open(true),
            ')' => Token::Close,
            '[' => self.bracket(),
            '.' => Token::Any,
            '^' => self.line(Assertion::LineStart, Assertion::TextStart),
            '$' => self.line(Assertion::LineEnd, Assertion::TextEnd),
            '\\' => match self.peek() {
                None => return Err(invalid("invalid escape \\ sequence")),
                Some(next) if !self.is_advanced() => {
                    self.at += 1;
                    Token::Plain(next)
                }
                Some(_) => self.escape()?,
            },
            other => Token::Plain(other),
        }))
    }

    /// What follows `(?`; None for a comment, which is skipped.
    fn parenthesis(&mut self) -> Result<Option<Token>> {
        Ok(Some(match self.bump() {
            Some(':') => Token::Open(false),
            Some('#') => {
                while self.peek().is_some_and(|character| character != ')') {
                    self.at += 1;
                }
                self.bump();
                return Ok(None);
            }
            Some('=') => Token::Look(true, false),
            Some('!') => Token::Look(true, true),
            Some('<') => match self.bump() {
                Some('=') => Token::Look(false, false),
                Some('!') => Token::Look(false, true),
                _ => return Err(invalid("quantifier operand invalid")),
            },
            _ => return Err(invalid("quantifier operand invalid")),
        }))
    }

    fn bracket(&mut self) -> Token {
        if self.eat_text("[:<:]]") {
            return Token::Assertion(Assertion::WordStart);
        }
        if self.eat_text("[:>:]]") {
            return Token::Assertion(Assertion::WordEnd);
        }
        Token::Bracket(self.eat('^'))
    }

    /// The numbers of a repetition in braces.
    fn bounds(&mut self, end: &str) -> Result<Token> {
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
        Ok(Token::Repeat(least, most, !is_short, has_preference))
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

    fn basic(&mut self, character: char) -> Result<Token> {
        let at_start = self.before == Before::Start;
        Ok(match character {
            '*' if self.before != Before::Other => Token::Plain('*'),
            '*' => Token::Repeat(0, None, true, true),
            '[' => self.bracket(),
            '.' => Token::Any,
            '^' if at_start || self.before == Before::Open => self.line(Assertion::LineStart, Assertion::TextStart),
            '$' => {
                self.skip();
                if self.peek().is_none() || self.begins("\\)") {
                    self.line(Assertion::LineEnd, Assertion::TextEnd)
                } else {
                    Token::Plain('$')
                }
            }
            '\\' => match self.bump() {
                None => return Err(invalid("invalid escape \\ sequence")),
                Some('{') => self.bounds("\\}")?,
                Some('(') => Token::Open(true),
                Some(')') => Token::Close,
                Some('<') => Token::Assertion(Assertion::WordStart),
                Some('>') => Token::Assertion(Assertion::WordEnd),
                Some(digit @ '1'..='9') => Token::Reference(digit.to_digit(10).unwrap_or(0) as usize),
                Some(other) => Token::Plain(other),
            },
            other => Token::Plain(other),
        })
    }

    /// What a backslash of an advanced expression begins.
    ///
    /// # Errors
    /// 2201B for an escape that is none.
    pub fn escape(&mut self) -> Result<Token> {
        let refused = || invalid("invalid escape \\ sequence");
        let character = self.bump().ok_or_else(refused)?;
        Ok(match character {
            other if !other.is_ascii_alphanumeric() => Token::Plain(other),
            'a' => Token::Plain('\x07'),
            'A' => Token::Assertion(Assertion::TextStart),
            'b' => Token::Plain('\x08'),
            'B' => Token::Plain('\\'),
            'c' => {
                let code = u32::from(self.bump().ok_or_else(refused)?) & 0o37;
                Token::Plain(char::from_u32(code).ok_or_else(refused)?)
            }
            'd' | 'D' => Token::Class(Class::Digit, character == 'D'),
            's' | 'S' => Token::Class(Class::Space, character == 'S'),
            'w' | 'W' => Token::Class(Class::Word, character == 'W'),
            'e' => Token::Plain('\x1b'),
            'f' => Token::Plain('\x0c'),
            'm' => Token::Assertion(Assertion::WordStart),
            'M' => Token::Assertion(Assertion::WordEnd),
            'n' => Token::Plain('\n'),
            'r' => Token::Plain('\r'),
            't' => Token::Plain('\t'),
            'u' => Token::Plain(self.digits(16, 4, 4)?),
            'U' => Token::Plain(self.digits(16, 8, 8)?),
            'v' => Token::Plain('\x0b'),
            'x' => Token::Plain(self.digits(16, 1, 255)?),
            'y' => Token::Assertion(Assertion::WordBound),
            'Y' => Token::Assertion(Assertion::NoWordBound),
            'Z' => Token::Assertion(Assertion::TextEnd),
            '0' => self.octal()?,
            '1'..='9' => self.reference()?,
            _ => return Err(refused()),
        })
    }

    /// A number that is a back reference where there are so many groups, or has one digit; else a character in octal.
    fn reference(&mut self) -> Result<Token> {
        let start = self.at;
        let mut number = self.text.get(start - 1).and_then(|digit| digit.to_digit(10)).unwrap_or(0) as usize;
        while let Some(digit) = self.peek().and_then(|character| character.to_digit(10)) {
            number = number.saturating_mul(10).saturating_add(digit as usize);
            self.at += 1;
        }
        if self.at == start || number > 0 && number <= self.groups {
            return Ok(Token::Reference(number));
        }
        self.at = start;
        self.octal()
    }

    /// A character in octal, whose first digit was read.
    fn octal(&mut self) -> Result<Token> {
        self.at -= 1;
        let start = self.at;
        let character = self.digits(8, 1, 3)?;
        if u32::from(character) > 0xff {
            self.at = start;
            return Ok(Token::Plain(self.digits(8, 1, 2)?));
        }
        Ok(Token::Plain(character))
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
