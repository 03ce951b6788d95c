//! Walks over a text token by token without allocating, before and beside the grammar.
//!
//! It knows white space, comments, quotes and words, and no statement: enough to route a text, to split it at `;`, to name
//! what stands before and at the place of an error, and to refuse what is too deep or too long **before** the recursive
//! parser sees it. The grammar stays the only judge of what is KNIRVQL.

use std::ops::Range;

use crate::error::{Error, ErrorKind, Result};
use crate::types::limits::{QUERY_DEPTH_MAX, STATEMENT_BYTES_MAX, VECTOR_DIMENSION_MAX};

/// Most tokens of a statement: four of the longest vectors, or the like of metadata.
const STATEMENT_TOKENS_MAX: usize = 200_000;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A keyword or a name.
    Word,
    Number,
    /// Text in quotes, with its quotes.
    Text,
    /// Text or a comment whose end is missing.
    Unterminated,
    /// `$n`
    Parameter,
    /// One character of any other kind.
    Symbol,
}

/// One token and where it stands, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    pub kind: TokenKind,
    pub text: &'a str,
    pub range: Range<usize>,
}

impl Token<'_> {
    /// Whether the token is this keyword.
    pub fn is_word(&self, keyword: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(keyword)
    }

    /// Whether the token is this character.
    pub fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == TokenKind::Symbol && self.text == symbol
    }
}

/// The tokens of a text, from an offset on.
pub struct KnirvqlScanner<'a> {
    text: &'a str,
    offset: usize,
}

impl<'a> KnirvqlScanner<'a> {
    pub fn new(text: &'a str) -> Self {
        KnirvqlScanner { text, offset: 0 }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.offset..).unwrap_or_default()
    }

    /// Skips white space and comments; false at a comment that does not end.
    fn skip_blank(&mut self) -> bool {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n', '\u{0C}']);
            self.offset += rest.len() - trimmed.len();
            if trimmed.starts_with("//") || trimmed.starts_with("--") {
                self.offset += trimmed.find(['\n', '\r']).unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                match block_comment_length(trimmed) {
                    Some(length) => self.offset += length,
                    None => return false,
                }
            } else {
                return true;
            }
        }
    }
}

impl<'a> Iterator for KnirvqlScanner<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let comments_end = self.skip_blank();
        let rest = self.rest();
        let first = rest.chars().next()?;
        let (kind, length) = match first {
            _ if !comments_end => (TokenKind::Unterminated, rest.len()),
            '"' | '\'' => match quoted_length(rest, first) {
                Some(length) => (TokenKind::Text, length),
                None => (TokenKind::Unterminated, rest.len()),
            },
            '$' => (TokenKind::Parameter, 1 + word_length(rest.get(1..).unwrap_or_default())),
            _ if first.is_ascii_digit() => (TokenKind::Number, number_length(rest)),
            _ if is_word_character(first) => (TokenKind::Word, word_length(rest)),
            _ => (TokenKind::Symbol, first.len_utf8()),
        };
        let start = self.offset;
        self.offset += length;
        Some(Token { kind, text: rest.get(..length).unwrap_or_default(), range: start..self.offset })
    }
}

/// The words of a text outside of its strings and comments.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    KnirvqlScanner::new(text).filter(|token| token.kind == TokenKind::Word).map(|token| token.text)
}

fn is_word_character(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

fn word_length(text: &str) -> usize {
    text.find(|character| !is_word_character(character)).unwrap_or(text.len())
}

/// Digits, letters and dots: `1.5e`; a sign after the `e` ends it, which nothing here minds.
fn number_length(text: &str) -> usize {
    text.find(|character| !is_word_character(character) && character != '.').unwrap_or(text.len())
}

/// Bytes of a block comment with the comments inside it, or `None` where it does not end or is nested too deeply.
fn block_comment_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut offset, mut depth) = (0_usize, 0_usize);
    while let Some(pair) = bytes.get(offset..offset + 2) {
        match pair {
            b"/*" if depth == QUERY_DEPTH_MAX => return None,
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                offset += 1;
                continue;
            }
        }
        offset += 2;
        if depth == 0 {
            return Some(offset);
        }
    }
    None
}

/// Bytes of a string with its quotes, or `None` where it does not end.
fn quoted_length(text: &str, quote: char) -> Option<usize> {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((offset, character)) = characters.next() {
        if character == '\\' && quote == '"' {
            characters.next();
        } else if character == quote {
            if characters.peek().is_none_or(|(_, next)| *next != quote) {
                return Some(offset + 1);
            }
            characters.next();
        }
    }
    None
}

/// Refuses a statement that is too long, nested too deeply or does not end, so that what parses it after this needs
/// neither unbounded stack nor unbounded memory.
///
/// # Errors
/// 54000 above `STATEMENT_BYTES_MAX` or `STATEMENT_TOKENS_MAX`, 54001 above `QUERY_DEPTH_MAX`, 42601 for a string or a comment
/// that does not end.
pub fn check_limits(text: &str) -> Result<()> {
    if text.len() > STATEMENT_BYTES_MAX {
        let message = format!("a statement of {} bytes is over the limit of {STATEMENT_BYTES_MAX} bytes", text.len());
        return Err(Error::new(ErrorKind::LimitExceeded, message)
            .with_hint("Send long texts, metadata, vectors and blobs as parameters."));
    }
    let mut nesting = Nesting::default();
    for (count, token) in KnirvqlScanner::new(text).enumerate() {
        if count == STATEMENT_TOKENS_MAX {
            let message = format!("a statement of more than {STATEMENT_TOKENS_MAX} tokens is over the limit");
            return Err(Error::new(ErrorKind::LimitExceeded, message)
                .with_position(character_position(text, token.range.start))
                .with_hint(format!(
                    "Send metadata and vectors (at most {VECTOR_DIMENSION_MAX} components) as parameters."
                )));
        }
        if token.kind == TokenKind::Unterminated {
            return Err(unterminated(text, &token));
        }
        nesting.take(&token);
        if nesting.depth() > QUERY_DEPTH_MAX {
            let message = format!("the statement is nested more than {QUERY_DEPTH_MAX} levels deep");
            return Err(Error::new(ErrorKind::TooComplex, message)
                .with_position(character_position(text, token.range.start))
                .with_hint("Use fewer parentheses and NOTs, and send deep metadata as a parameter."));
        }
    }
    Ok(())
}

fn unterminated(text: &str, token: &Token<'_>) -> Error {
    let (message, hint) = if token.text.starts_with("/*") {
        (
            "a comment does not end".to_string(),
            format!("Close it with */; comments nest, at most {QUERY_DEPTH_MAX} deep."),
        )
    } else {
        let hint = "Close the string with the quote it starts with; a quote inside it is doubled.";
        ("a string does not end".to_string(), hint.to_string())
    };
    Error::syntax(message, Some(character_position(text, token.range.start))).with_hint(hint)
}

/// Counts open brackets and the NOTs before each of them, which nest like brackets.
#[derive(Default)]
struct Nesting {
    /// For each open bracket, the NOTs that stand right before it.
    open: Vec<usize>,
    levels: usize,
    nots: usize,
}

impl Nesting {
    fn take(&mut self, token: &Token<'_>) {
        if token.is_word("NOT") {
            self.nots += 1;
            return;
        }
        let nots = std::mem::take(&mut self.nots);
        match token.text {
            "(" | "[" | "{" => {
                self.open.push(nots);
                self.levels += nots + 1;
            }
            ")" | "]" | "}" => {
                self.levels -= self.open.pop().map_or(0, |nots| nots + 1);
            }
            _ => {}
        }
    }

    fn depth(&self) -> usize {
        self.levels + self.nots
    }
}

/// The 1-based character at a byte offset, as PostgreSQL counts positions.
pub fn character_position(text: &str, offset: usize) -> usize {
    text.char_indices().take_while(|(start, _)| *start < offset).count() + 1
}
