//! The words and signs of the code of DO, with their places.

use std::ops::Range;

use datafusion::sql::sqlparser::tokenizer::Token;

use crate::error::{Error, Result};
use crate::sql::parse::parse::{LocationCursor, tokenize};

/// A word or a sign.
pub struct CodeToken {
    pub token: Token,
    /// Its bytes in the text.
    pub bytes: Range<usize>,
}

impl CodeToken {
    /// Whether it is this word, in upper case here.
    pub fn is(&self, keyword: &str) -> bool {
        matches!(&self.token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(keyword))
    }

    pub fn is_any(&self, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.is(keyword))
    }

    /// The name that it is, folded as SQL folds names.
    pub fn name(&self) -> Option<String> {
        match &self.token {
            Token::Word(word) if word.quote_style.is_some() => Some(word.value.clone()),
            Token::Word(word) => Some(word.value.to_lowercase()),
            _ => None,
        }
    }

    /// The text of a literal, and whether its characters stand in it as they are.
    pub fn literal(&self) -> Option<(&str, bool)> {
        match &self.token {
            Token::SingleQuotedString(text) => Some((text, false)),
            Token::EscapedStringLiteral(text) => Some((text, false)),
            Token::DollarQuotedString(text) => Some((&text.value, true)),
            _ => None,
        }
    }
}

/// The words and signs of a text.
///
/// # Errors
/// 42601 for a literal or comment that does not end, 54000 over the limits.
pub fn code_tokens(text: &str) -> Result<Vec<CodeToken>> {
    let mut places = LocationCursor::new(text);
    let mut tokens = Vec::new();
    for token in tokenize(text)? {
        if matches!(token.token, Token::Whitespace(_) | Token::EOF) {
            continue;
        }
        let start = places.byte(token.span.start);
        let end = places.byte(token.span.end);
        tokens.push(CodeToken { token: token.token, bytes: start..end });
    }
    Ok(tokens)
}

/// 42601 at a token, or at the end of the text.
pub fn unexpected(text: &str, token: Option<&CodeToken>) -> Error {
    let characters = |end: usize| text.get(..end).unwrap_or_default().chars().count() + 1;
    match token {
        Some(found) => {
            let shown = text.get(found.bytes.clone()).unwrap_or_default();
            Error::syntax(format!("syntax error at or near \"{shown}\""), Some(characters(found.bytes.start)))
        }
        None => Error::syntax("syntax error at end of input", Some(characters(text.trim_end().len()))),
    }
}
