//! The syntax of COPY's options, that of today (`WITH (FORMAT csv, HEADER)`) and that of before PostgreSQL 9 (`CSV HEADER`).
//!
//! sqlparser knows a part of either. `rewrite_tokens` leaves everything behind STDIN and STDOUT out of the tree; it is read here from
//! the statement's text, by PostgreSQL's grammar (`copy_opt_item` and `copy_generic_opt_list`) and with its errors.

use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use crate::error::{Error, ErrorKind, Result};
use crate::sql::parse::dialect::PostgresDialect;
use crate::sql::parse::parse::character;
use crate::sql::parse::rewrite_tokens::options_start;
use crate::statement::{CopyFormat, CopyOptions, Forced, GivenOptions};

/// Reads the options of a COPY statement.
///
/// # Errors
/// 42601 and 22023 for options that are wrong or contradict one another, 0A000 for those that are not offered.
pub fn read_options(text: &str, is_out: bool) -> Result<CopyOptions> {
    let tokens = Tokenizer::new(&PostgresDialect, text).tokenize_with_location().unwrap_or_default();
    let solid = |token: &&TokenWithSpan| !matches!(token.token, Token::Whitespace(_) | Token::EOF | Token::SemiColon);
    let tokens: Vec<&TokenWithSpan> = tokens.iter().filter(solid).collect();
    let plain: Vec<&Token> = tokens.iter().map(|token| &token.token).collect();
    let start = options_start(&plain).unwrap_or(plain.len());
    let mut reader = Reader { text, tokens: tokens.get(start..).unwrap_or_default(), found: GivenOptions::default() };
    reader.read()?;
    reader.found.checked(is_out)
}

struct Reader<'a> {
    text: &'a str,
    tokens: &'a [&'a TokenWithSpan],
    found: GivenOptions,
}

impl Reader<'_> {
    fn read(&mut self) -> Result<()> {
        self.take_word("with");
        if self.take(&Token::LParen) {
            loop {
                self.option()?;
                if !self.take(&Token::Comma) {
                    break;
                }
            }
            if !self.take(&Token::RParen) {
                return Err(self.unexpected());
            }
        } else {
            while !self.tokens.is_empty() && self.peek_word().as_deref() != Some("where") {
                self.old_option()?;
            }
        }
        match self.peek_word().as_deref() {
            Some("where") => Err(Error::unsupported(
                "COPY FROM ... WHERE is not offered",
                "Copy into a table of its own, then INSERT ... SELECT ... WHERE.",
            )),
            _ if self.tokens.is_empty() => Ok(()),
            _ => Err(self.unexpected()),
        }
    }

    /// `NAME argument`, as in PostgreSQL from 9.0.
    fn option(&mut self) -> Result<()> {
        let location = self.location();
        let Some(name) = self.peek_word() else { return Err(self.unexpected()) };
        self.skip();
        let is_new = match name.as_str() {
            "format" => {
                let format = read_format(&self.name_or_text()?)?;
                self.found.format.replace(format).is_none()
            }
            "freeze" => {
                let on = self.boolean("freeze")?;
                self.found.freeze.replace(on).is_none()
            }
            "header" if self.peek_word().as_deref() == Some("match") => {
                return Err(Error::unsupported(
                    "COPY ... HEADER MATCH is not offered",
                    "Name the columns: COPY t (a, b).",
                ));
            }
            "header" => {
                let on = self.boolean("header")?;
                self.found.header.replace(on).is_none()
            }
            "delimiter" | "null" | "quote" | "escape" | "encoding" => {
                let text = self.name_or_text()?;
                keep(self.text_slot(&name), text)
            }
            "force_quote" | "force_not_null" | "force_null" => {
                let columns = self.columns()?;
                keep(self.columns_slot(&name), columns)
            }
            "on_error" if self.peek_word().as_deref() == Some("stop") => {
                self.skip();
                true
            }
            "default" | "on_error" | "log_verbosity" | "reject_limit" => {
                let message = format!("COPY option {} is not offered", name.to_uppercase());
                return Err(Error::unsupported(message, "Leave it out."));
            }
            _ => {
                let error = Error::syntax(format!("option \"{name}\" not recognized"), None);
                return Err(self.at(error, location));
            }
        };
        if is_new { Ok(()) } else { Err(self.at(redundant(), location)) }
    }

    /// An option as it was written before PostgreSQL 9.0.
    fn old_option(&mut self) -> Result<()> {
        let location = self.location();
        let Some(name) = self.peek_word() else { return Err(self.unexpected()) };
        let rest = self.tokens;
        self.skip();
        let is_new = match name.as_str() {
            "binary" => self.found.format.replace(CopyFormat::Binary).is_none(),
            "csv" => self.found.format.replace(CopyFormat::Csv).is_none(),
            "freeze" => self.found.freeze.replace(true).is_none(),
            "header" => self.found.header.replace(true).is_none(),
            "delimiter" | "null" | "quote" | "escape" | "encoding" => {
                if name != "encoding" {
                    self.take_word("as");
                }
                let text = self.quoted()?;
                keep(self.text_slot(&name), text)
            }
            "force" => {
                let option = if self.take_word("quote") {
                    "force_quote"
                } else if self.take_word("null") {
                    "force_null"
                } else if self.take_word("not") && self.take_word("null") {
                    "force_not_null"
                } else {
                    return Err(self.unexpected());
                };
                let columns = self.columns()?;
                keep(self.columns_slot(option), columns)
            }
            _ => {
                self.tokens = rest;
                return Err(self.unexpected());
            }
        };
        if is_new { Ok(()) } else { Err(self.at(redundant(), location)) }
    }

    fn text_slot(&mut self, option: &str) -> &mut Option<String> {
        match option {
            "delimiter" => &mut self.found.delimiter,
            "null" => &mut self.found.null,
            "quote" => &mut self.found.quote,
            "escape" => &mut self.found.escape,
            _ => &mut self.found.encoding,
        }
    }

    fn columns_slot(&mut self, option: &str) -> &mut Option<Forced> {
        match option {
            "force_quote" => &mut self.found.force_quote,
            "force_not_null" => &mut self.found.force_not_null,
            _ => &mut self.found.force_null,
        }
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.first().map(|token| &token.token)
    }

    fn peek_word(&self) -> Option<String> {
        self.peek().and_then(word)
    }

    fn skip(&mut self) {
        self.tokens = self.tokens.get(1..).unwrap_or_default();
    }

    fn take(&mut self, token: &Token) -> bool {
        let is_there = self.peek() == Some(token);
        if is_there {
            self.skip();
        }
        is_there
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let is_there = self.peek_word().as_deref() == Some(wanted);
        if is_there {
            self.skip();
        }
        is_there
    }

    /// A string literal.
    fn quoted(&mut self) -> Result<String> {
        let text = match self.peek() {
            Some(Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text)) => text.clone(),
            Some(Token::DollarQuotedString(text)) => text.value.clone(),
            _ => return Err(self.unexpected()),
        };
        self.skip();
        Ok(text)
    }

    fn name_or_text(&mut self) -> Result<String> {
        match self.peek() {
            Some(Token::Word(_)) => {
                let name = self.peek_word().unwrap_or_default();
                self.skip();
                Ok(name)
            }
            _ => self.quoted(),
        }
    }

    /// An argument that may be left out, which means yes.
    fn boolean(&mut self, option: &str) -> Result<bool> {
        let text = match self.peek() {
            None | Some(Token::Comma | Token::RParen) => return Ok(true),
            Some(Token::Number(digits, _)) => {
                let digits = digits.clone();
                self.skip();
                digits
            }
            _ => self.name_or_text()?,
        };
        match text.to_ascii_lowercase().as_str() {
            "true" | "on" | "1" => Ok(true),
            "false" | "off" | "0" => Ok(false),
            _ => Err(Error::syntax(format!("{option} requires a Boolean value"), None)),
        }
    }

    /// `*`, or names of columns with or without parentheses.
    fn columns(&mut self) -> Result<Forced> {
        if self.take(&Token::Mul) {
            return Ok(Forced::All);
        }
        let in_parentheses = self.take(&Token::LParen);
        let mut names = Vec::new();
        loop {
            match self.peek() {
                Some(Token::Word(_)) => names.push(self.name_or_text()?),
                _ => return Err(self.unexpected()),
            }
            if !self.take(&Token::Comma) {
                break;
            }
        }
        if in_parentheses && !self.take(&Token::RParen) {
            return Err(self.unexpected());
        }
        Ok(Forced::Named(names))
    }

    fn location(&self) -> Option<Location> {
        self.tokens.first().map(|token| token.span.start)
    }

    fn at(&self, error: Error, location: Option<Location>) -> Error {
        match location.and_then(|location| character(self.text, location)) {
            Some(position) => error.with_position(position),
            None => error,
        }
    }

    fn unexpected(&self) -> Error {
        match self.peek() {
            Some(token) => {
                self.at(Error::syntax(format!("syntax error at or near \"{token}\""), None), self.location())
            }
            None => Error::syntax("syntax error at end of input", Some(self.text.trim_end().chars().count() + 1)),
        }
    }
}

/// Fills a slot; whether it was empty.
fn keep<T>(slot: &mut Option<T>, value: T) -> bool {
    slot.replace(value).is_none()
}

fn redundant() -> Error {
    Error::syntax("conflicting or redundant options", None)
}

/// The word that a token is, folded unless it is quoted.
fn word(token: &Token) -> Option<String> {
    match token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_lowercase()),
        Token::Word(word) => Some(word.value.clone()),
        _ => None,
    }
}

fn read_format(name: &str) -> Result<CopyFormat> {
    match name {
        "text" => Ok(CopyFormat::Text),
        "csv" => Ok(CopyFormat::Csv),
        "binary" => Ok(CopyFormat::Binary),
        _ => Err(Error::new(ErrorKind::InvalidParameterValue, format!("COPY format \"{name}\" not recognized"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (&'static str, String) {
        let error = read_options(text, text.contains("STDOUT")).unwrap_err();
        (error.sqlstate(), error.message().to_string())
    }

    #[test]
    fn both_syntaxes_mean_the_same() {
        for text in [
            "COPY t FROM STDIN WITH (FORMAT csv, HEADER on, DELIMITER ';', NULL 'x', FORCE_NULL (a, b), FREEZE 1)",
            "copy public.t (a, b) from stdin freeze csv header delimiter as ';' null 'x' force null a, b",
            "COPY public.\"to\" FROM STDIN (format 'csv', header TRUE, delimiter E';', null $$x$$, force_null (a, b), freeze)",
        ] {
            let options = read_options(text, false).unwrap();
            assert_eq!((options.format, options.delimiter, options.header), (CopyFormat::Csv, b';', true), "{text}");
            assert_eq!(options.null, "x");
            assert_eq!(options.force_null, Forced::Named(vec!["a".to_string(), "b".to_string()]));
        }
        let options = read_options("COPY (SELECT 1) TO STDOUT CSV FORCE QUOTE *", true).unwrap();
        assert_eq!(options.force_quote, Forced::All);
        assert!(!read_options("COPY t FROM STDIN (HEADER off, FREEZE false)", false).unwrap().header);
    }

    #[test]
    fn wrong_options_are_refused_as_by_postgresql() {
        for (text, sqlstate, message) in [
            ("COPY t TO STDOUT (FREEZE)", "22023", "COPY FREEZE cannot be used with COPY TO"),
            ("COPY t FROM STDIN (FORCE_QUOTE (a))", "0A000", "COPY FORCE_QUOTE requires CSV mode"),
            (
                "COPY t FROM STDIN (FORMAT csv, FORCE_QUOTE *)",
                "0A000",
                "COPY FORCE_QUOTE cannot be used with COPY FROM",
            ),
            ("COPY t FROM STDIN (FORMAT csv, FORMAT csv)", "42601", "conflicting or redundant options"),
            ("COPY t FROM STDIN (FREEZE maybe)", "42601", "freeze requires a Boolean value"),
            ("COPY t FROM STDIN (nosuch 1)", "42601", "option \"nosuch\" not recognized"),
            ("COPY t TO STDOUT (FORMAT csv, QUOTE 'ab')", "0A000", "COPY quote must be a single one-byte character"),
            ("COPY t FROM STDIN ()", "42601", "syntax error at or near \")\""),
            ("COPY t FROM STDIN CSV NONSENSE", "42601", "syntax error at or near \"NONSENSE\""),
        ] {
            assert_eq!(refused(text), (sqlstate, message.to_string()), "{text}");
        }
        assert_eq!(refused("COPY t FROM STDIN WHERE a > 1").0, "0A000");
        assert_eq!(refused("COPY t FROM STDIN (ON_ERROR ignore)").0, "0A000");
    }
}
