//! The text form of documents, and of the lexemes in documents and queries: `'fat':2A,4 'cat':3`.

use bytes::BufMut;

use crate::error::{Error, ErrorKind, Result};
use crate::types::full_text::vector::{Position, TsVector, Weight, check_lexeme};
use crate::types::limits::TSVECTOR_BYTES_MAX;

/// Reads a document.
///
/// # Errors
/// 42601 for what is none, and for a position of 0; 54000 as [`TsVector::new`].
pub fn parse_vector_text(text: &str) -> Result<TsVector> {
    let mut reader = LexemeReader::new(text, Reading::Vector);
    let mut list = Vec::new();
    let mut bytes = 0_usize;
    while let Some(lexeme) = reader.lexeme()? {
        check_lexeme(&lexeme)?;
        bytes = bytes.saturating_add(lexeme.len());
        if bytes > TSVECTOR_BYTES_MAX {
            let message = format!("string is too long for tsvector ({bytes} bytes, max {TSVECTOR_BYTES_MAX} bytes)");
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        list.push((lexeme.into(), reader.positions()?));
    }
    TsVector::new(list)
}

/// Writes a document.
pub fn write_vector_text(vector: &TsVector, out: &mut impl BufMut) {
    for (number, lexeme) in vector.lexemes().iter().enumerate() {
        if number > 0 {
            out.put_u8(b' ');
        }
        write_lexeme(&lexeme.text, out);
        for (place, position) in lexeme.positions.iter().enumerate() {
            out.put_u8(if place == 0 { b':' } else { b',' });
            out.put_slice(position.place().to_string().as_bytes());
            if position.weight() != Weight::D {
                out.put_slice(position.weight().letter().to_string().as_bytes());
            }
        }
    }
}

/// Writes a lexeme in its quotes.
pub fn write_lexeme(text: &str, out: &mut impl BufMut) {
    out.put_u8(b'\'');
    for byte in text.bytes() {
        if matches!(byte, b'\'' | b'\\') {
            out.put_u8(byte);
        }
        out.put_u8(byte);
    }
    out.put_u8(b'\'');
}

/// What a lexeme is read in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    Vector,
    /// Operators end a lexeme too.
    Query,
}

/// Reads lexemes one behind the other.
pub struct LexemeReader<'a> {
    text: &'a str,
    rest: &'a str,
    reading: Reading,
}

impl<'a> LexemeReader<'a> {
    pub fn new(text: &'a str, reading: Reading) -> Self {
        LexemeReader { text, rest: text, reading }
    }

    pub fn rest(&self) -> &'a str {
        self.rest
    }

    /// Reads on from there: a part of the same text.
    pub fn go_on(&mut self, rest: &'a str) {
        self.rest = rest;
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn step(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    /// 42601 for the whole text.
    pub fn wrong(&self) -> Error {
        let ty = if self.reading == Reading::Query { "tsquery" } else { "tsvector" };
        Error::syntax(format!("syntax error in {ty}: \"{}\"", self.text), None)
    }

    fn escaped(&mut self) -> Result<char> {
        self.step().ok_or_else(|| Error::syntax(format!("there is no escaped character: \"{}\"", self.text), None))
    }

    /// The next lexeme; `None` at the end.
    ///
    /// # Errors
    /// 42601 for what is no lexeme.
    pub fn lexeme(&mut self) -> Result<Option<String>> {
        while self.peek().is_some_and(is_space) {
            self.step();
        }
        let mut lexeme = String::new();
        match self.peek() {
            None => return Ok(None),
            Some('\'') => {
                self.step();
                self.quoted(&mut lexeme)?;
            }
            Some(c) if self.reading == Reading::Query && is_operator(c) => return Err(self.wrong()),
            Some(_) => self.bare(&mut lexeme)?,
        }
        if lexeme.is_empty() { Err(self.wrong()) } else { Ok(Some(lexeme)) }
    }

    fn quoted(&mut self, lexeme: &mut String) -> Result<()> {
        loop {
            match self.step() {
                None => return Err(self.wrong()),
                Some('\\') => lexeme.push(self.escaped()?),
                Some('\'') if self.peek() == Some('\'') => {
                    self.step();
                    lexeme.push('\'');
                }
                Some('\'') => return Ok(()),
                Some(c) => lexeme.push(c),
            }
        }
    }

    fn bare(&mut self, lexeme: &mut String) -> Result<()> {
        while let Some(c) = self.peek() {
            let is_end =
                is_space(c) || c == ':' && !lexeme.is_empty() || self.reading == Reading::Query && is_operator(c);
            if is_end {
                break;
            }
            self.step();
            lexeme.push(if c == '\\' { self.escaped()? } else { c });
        }
        Ok(())
    }

    /// The positions behind a lexeme.
    ///
    /// # Errors
    /// 42601 for what is none.
    fn positions(&mut self) -> Result<Vec<Position>> {
        let mut positions = Vec::new();
        if self.peek() != Some(':') {
            return Ok(positions);
        }
        loop {
            self.step();
            let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
            let (digits, rest) = self.rest.split_at_checked(end).unwrap_or_default();
            if digits.is_empty() {
                return Err(self.wrong());
            }
            self.rest = rest;
            // What no number holds is beyond the last place.
            let place = digits.parse::<usize>().unwrap_or(usize::MAX);
            if place == 0 {
                let message = format!("wrong position info in tsvector: \"{}\"", self.text);
                return Err(Error::syntax(message, None));
            }
            let mut weight = Weight::D;
            while let Some(c) = self.peek() {
                match Weight::of_letter(if c == '*' { 'A' } else { c }) {
                    Some(named) if weight == Weight::D => weight = named,
                    // PostgreSQL passes over them.
                    None if c.is_ascii_digit() => {}
                    _ => break,
                }
                self.step();
            }
            positions.push(Position::new(place, weight));
            match self.peek() {
                Some(',') => {}
                Some(c) if !is_space(c) => return Err(self.wrong()),
                _ => return Ok(positions),
            }
        }
    }
}

pub fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\u{b}'
}

/// Whether a character of a query stands for itself.
fn is_operator(c: char) -> bool {
    matches!(c, '!' | '&' | '|' | '(' | ')' | '<')
}
