//! DO: its language, its code, and what a session is told of it.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::sql::parse::code::parser::parse_code;
use crate::sql::parse::code::tokens::{CodeToken, code_tokens, unexpected};
use crate::sql::parse::shape::shape;
use crate::statement::{CodeBlock, PlanNotes, Planned, Planning, SessionCommand, Statement, StatementTree};
use crate::types::ColumnType;

/// `DO [LANGUAGE plpgsql] '…'`.
pub struct DoStatement {
    block: Arc<CodeBlock>,
    /// Whether its text may hold a secret: a statement of its code does, or is made when it runs.
    is_secret: bool,
    parts: usize,
}

/// Reads a statement that may be DO; `None` where it is another.
///
/// # Errors
/// 42601 and 0A000 with a position, 42704 for a language that is not there, 54000 and 54001 over the limits.
pub fn parse_do(text: &str) -> Result<Option<DoStatement>> {
    if !opens_with_do(text) {
        return Ok(None);
    }
    let tokens = code_tokens(text)?;
    let (mut code, mut language, mut next) = (None::<&CodeToken>, None::<String>, 1);
    while let Some(token) = tokens.get(next).filter(|token| text.get(token.bytes.clone()) != Some(";")) {
        if token.is("LANGUAGE") && language.is_none() {
            let name = tokens.get(next + 1);
            let named =
                name.and_then(|name| name.name().or_else(|| name.literal().map(|(text, _)| text.to_lowercase())));
            language = Some(named.ok_or_else(|| unexpected(text, name))?);
            next += 2;
        } else if token.literal().is_some() && code.is_none() {
            code = Some(token);
            next += 1;
        } else {
            return Err(unexpected(text, Some(token)));
        }
    }
    match language.as_deref() {
        None | Some("plpgsql") => {}
        Some(name @ ("sql" | "c" | "internal")) => {
            let message = format!("language \"{name}\" does not support inline code execution");
            return Err(Error::unsupported(message, "Leave LANGUAGE out: the code is PL/pgSQL."));
        }
        Some(name) => {
            return Err(Error::new(ErrorKind::UndefinedObject, format!("language \"{name}\" does not exist")));
        }
    }
    let Some((code, is_verbatim)) = code.and_then(|token| Some((token, token.literal()?.1))) else {
        return Err(match language {
            Some(_) => Error::syntax("no inline code specified", None),
            None => unexpected(text, tokens.get(next)),
        });
    };
    let body = code.literal().map_or("", |(body, _)| body);
    // Where the code begins: behind its dollar quote.
    let start = text.get(code.bytes.clone()).filter(|_| is_verbatim).and_then(|shown| shown.find(body));
    let before = start.map(|start| text.get(..code.bytes.start + start).unwrap_or_default().chars().count());
    let read = parse_code(body).map_err(|error| match (error.position(), before) {
        (Some(position), Some(before)) => error.with_position(position + before),
        (Some(_), None) => error.without_position(),
        (None, _) => error,
    })?;
    Ok(Some(DoStatement { block: Arc::new(read.block), is_secret: read.is_secret, parts: read.parts }))
}

/// Whether the first word of a text, behind blanks and comments, is DO.
fn opens_with_do(text: &str) -> bool {
    let mut rest = text.trim_start();
    loop {
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = behind_comment(comment).trim_start();
        } else {
            let word = rest.get(..2).is_some_and(|word| word.eq_ignore_ascii_case("do"));
            let goes_on = rest.chars().nth(2).is_some_and(|next| next.is_alphanumeric() || matches!(next, '_'));
            return word && !goes_on;
        }
    }
}

/// What stands behind a comment that has begun; one comment may stand inside of another.
fn behind_comment(mut text: &str) -> &str {
    let mut depth = 1;
    while depth > 0 {
        let Some((at, sign)) = ["/*", "*/"].iter().filter_map(|sign| Some((text.find(sign)?, *sign))).min() else {
            return "";
        };
        depth = if sign == "/*" { depth + 1 } else { depth - 1 };
        text = text.get(at + sign.len()..).unwrap_or_default();
    }
    text
}

impl StatementTree for DoStatement {
    fn plan(&self, _declared: &[Option<ColumnType>], _planning: &Planning<'_>) -> Result<Planned> {
        let body = Statement::Session(SessionCommand::Do(Arc::clone(&self.block)));
        Ok(Planned::new(body, Vec::new(), None, PlanNotes::default(), None))
    }

    fn shown(&self, text: &Arc<str>) -> Option<Arc<str>> {
        if self.is_secret { None } else { Some(Arc::clone(text)) }
    }

    fn shape(&self, text: &str) -> String {
        shape(text)
    }

    fn parts(&self) -> usize {
        self.parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_decides() {
        for (text, is_do) in [
            ("do $$ begin end $$", true),
            ("/* a /* b */ */ -- c\n DO 'begin end'", true),
            ("do$$begin end$$", true),
            ("double", false),
            ("SELECT 1", false),
            ("do", true),
            ("dö", false),
        ] {
            assert_eq!(opens_with_do(text), is_do, "{text}");
        }
    }

    #[test]
    fn errors_point_into_the_whole_text() {
        for (text, position) in [
            ("DO $x$ BEGIN SELEC 1; END $x$", 14),
            ("DO $$ BEGIN IF TRUE THEN END $$", 29),
            ("DO $$ BEGIN NULL; END; x $$", 24),
        ] {
            let error = parse_do(text).err().expect("it is wrong");
            assert_eq!((error.sqlstate(), error.position()), ("42601", Some(position)), "{text}: {}", error.message());
        }
    }

    #[test]
    fn secrets_in_the_code_are_not_shown() {
        for (text, is_secret) in [
            ("DO $$ BEGIN INSERT INTO auth VALUES ('k', 'hush'); END $$", true),
            ("DO $$ BEGIN IF true THEN PERFORM value FROM auth; END IF; END $$", true),
            ("DO $$ BEGIN EXECUTE 'ALTER ROLE nebulus PASSWORD ''hush'''; END $$", true),
            ("DO $$ BEGIN RAISE NOTICE '%', (SELECT value FROM auth); END $$", true),
            ("DO $$ BEGIN NULL; EXCEPTION WHEN others THEN DELETE FROM auth; END $$", true),
            ("DO $$ BEGIN DELETE FROM books; END $$", false),
        ] {
            let parsed = parse_do(text).expect("it is right").expect("it is DO");
            assert_eq!(parsed.is_secret, is_secret, "{text}");
        }
    }
}
