//! A client's text cut into statements of both languages, each parsed.
//!
//! SQL is cut by SQL's rules of quoting and KNIRVQL by its own, so a text may mix them. Everything is parsed before anything
//! runs.

use std::ops::Range;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::model::Reservation;
use crate::statement::StatementTree;
use crate::{knirvql, sql};

/// Most statements of one text.
const STATEMENTS_MAX: usize = 100_000;
/// Most changes from SQL to KNIRVQL in one text: each one cuts the rest of the text anew.
const LANGUAGE_CHANGES_MAX: usize = 1000;

/// What is shown of a statement that touches secrets.
pub(super) const HIDDEN: &str = "[a statement on secrets]";

/// One parsed statement.
#[derive(Clone)]
pub struct Parsed {
    /// Characters of the whole text before this statement, for the positions of errors.
    pub characters_before: usize,
    pub(in crate::session) text: Arc<str>,
    pub(in crate::session) tree: Arc<dyn StatementTree>,
    /// What all trees of a long text take of the session's memory, until the last of them is dropped.
    pub(in crate::session) memory: Option<Arc<Reservation>>,
}

impl Parsed {
    /// A statement inside of another one.
    pub(in crate::session) fn in_code(text: Arc<str>, tree: Arc<dyn StatementTree>) -> Parsed {
        Parsed { characters_before: 0, text, tree, memory: None }
    }

    /// The text without secrets: KNIRVQL prints itself redacted; SQL that touches secrets is not shown at all.
    pub(in crate::session) fn shown(&self) -> Arc<str> {
        self.tree.shown(&self.text).unwrap_or_else(|| HIDDEN.into())
    }

    /// Whether nothing of its text is shown.
    pub(in crate::session) fn is_secret(&self) -> bool {
        self.tree.shown(&self.text).is_none()
    }
}

/// Parses a text with any number of statements; empty ones are left out.
///
/// # Errors
/// 42601 with its position in the whole text, 54000 and 54001 over the limits.
pub fn parse_script(text: &str) -> Result<Vec<Parsed>> {
    let mut statements = Vec::new();
    for (start, end, is_knirvql) in cut(text)? {
        let statement = text.get(start..end).unwrap_or_default();
        let characters_before = text.get(..start).unwrap_or_default().chars().count();
        let parsed = if is_knirvql {
            knirvql::parse(statement).map(|tree| Arc::new(tree) as Arc<dyn StatementTree>)
        } else {
            sql::parse_statement(statement)
        };
        let tree = parsed.map_err(|error| match error.position() {
            Some(position) => error.with_position(position + characters_before),
            None => error,
        })?;
        statements.push(Parsed { characters_before, text: statement.into(), tree, memory: None });
    }
    Ok(statements)
}

/// Where each statement of a text stands, in bytes.
///
/// # Errors
/// 42601 for text or a comment that does not end, 54000 over the limits.
pub fn statements_of(text: &str) -> Result<Vec<Range<usize>>> {
    Ok(cut(text)?.into_iter().map(|(start, end, _)| start..end).collect())
}

/// Whether a text ends with the semicolon of its last statement, or holds nothing: a shell need not wait for more.
pub fn is_complete(text: &str) -> bool {
    match cut(text) {
        Err(_) => false,
        Ok(statements) => statements.last().is_none_or(|(start, end, is_knirvql)| {
            let rest = |from: usize| text.get(from..).unwrap_or_default();
            if *is_knirvql {
                knirvql::statement_end(rest(*start)).is_some()
            } else {
                rest(*end).trim_start().starts_with(';')
            }
        }),
    }
}

/// Start and end of each statement in bytes, and whether it is KNIRVQL.
fn cut(text: &str) -> Result<Vec<(usize, usize, bool)>> {
    let mut statements = Vec::new();
    let mut start = 0;
    let mut changes = 0;
    while let Some(rest) = text.get(start..).filter(|rest| !rest.trim().is_empty()) {
        let begin = start + (rest.len() - rest.trim_start().len());
        if knirvql::is_knirvql(rest) {
            let end = knirvql::statement_end(rest).map_or(text.len(), |end| start + end);
            statements.push((begin, end, true));
            start = end;
        } else {
            let mut next = text.len();
            for range in sql::split(rest)? {
                let statement = rest.get(range.clone()).unwrap_or_default();
                if knirvql::is_knirvql(statement) {
                    next = start + range.start;
                    changes += 1;
                    break;
                }
                statements.push((start + range.start, start + range.end, false));
            }
            start = next;
        }
        if statements.len() > STATEMENTS_MAX || changes > LANGUAGE_CHANGES_MAX {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!(
                    "more than {STATEMENTS_MAX} statements, or {LANGUAGE_CHANGES_MAX} changes of language, in one text"
                ),
            )
            .with_hint("Send it in several parts."));
        }
    }
    Ok(statements)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<(String, bool)> {
        let statements = cut(text).unwrap().into_iter();
        statements.map(|(start, end, is_knirvql)| (text[start..end].to_string(), is_knirvql)).collect()
    }

    #[test]
    fn both_languages_are_cut_by_their_own_rules() {
        let text = "select 'a;b'; GET MEMORY WHERE metadata.x = \"p;q\" LIMIT 1; select 2;;";
        let expected =
            [("select 'a;b'", false), ("GET MEMORY WHERE metadata.x = \"p;q\" LIMIT 1;", true), ("select 2", false)];
        assert_eq!(parts(text), expected.map(|(text, is_knirvql)| (text.to_string(), is_knirvql)));
        assert!(parts(" ; -- nothing\n").is_empty());
    }

    #[test]
    fn a_shell_waits_for_the_semicolon() {
        for text in ["", " -- nothing", "select 1;", "GET MEMORY;", "select ';';  -- done", "select 1; SYNC;"] {
            assert!(is_complete(text), "{text}");
        }
        for text in ["select 1", "select ';", "GET MEMORY", "GET MEMORY WHERE id = \";", "/* ;", "select 1; SYNC"] {
            assert!(!is_complete(text), "{text}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let parsed =
            parse_script("SET AUTH key = \"k\" value = \"hush\"; insert into auth values ('k', 'hush')").unwrap();
        assert_eq!(parsed.len(), 2);
        assert!(parsed.iter().all(|parsed| !parsed.shown().contains("hush")));
    }

    #[test]
    fn only_secrets_are_hidden() {
        for text in [
            "SELECT author FROM books",
            "UPDATE books SET password_hint = 'x' WHERE author = 'auth'",
            "SELECT 'nebulus_join_network', 'secret' AS secret, \"AUTH\" FROM authority",
            "INSERT INTO books VALUES ('auth', 'password', 'secret')",
            "SELECT * FROM knirvql('GET MEMORY WHERE metadata.author = \"x\"')",
            "EXECUTE author('x')",
        ] {
            assert_eq!(&*parse_script(text).unwrap()[0].shown(), text);
        }
        for text in [
            "SELECT value FROM auth WHERE key = 'hush'",
            "SELECT 1 WHERE EXISTS (SELECT 1 FROM public.Auth WHERE key = 'hush')",
            "WITH a AS (INSERT INTO auth VALUES ('k', 'hush') RETURNING key) SELECT * FROM a",
            "UPDATE auth SET value = 'hush'",
            "DELETE FROM auth WHERE key = 'hush'",
            "EXPLAIN INSERT INTO auth VALUES ('k', 'hush')",
            "PREPARE p AS INSERT INTO auth VALUES ('k', 'hush')",
            "DECLARE c CURSOR FOR SELECT * FROM auth WHERE key = 'hush'",
            "COPY (SELECT * FROM auth WHERE key = 'hush') TO STDOUT",
            "ALTER ROLE nebulus PASSWORD 'hush'",
            "ALTER USER nebulus WITH PASSWORD 'hush'",
            "SELECT nebulus_create_network('n', '{\"secret\": \"hush\"}')",
            "SELECT nebulus_rotate_secret('n', 'hush')",
            "SELECT * FROM knirvql('GET AUTH WHERE key = \"hush\"')",
        ] {
            assert!(!parse_script(text).unwrap()[0].shown().contains("hush"), "{text}");
        }
    }

    #[test]
    fn errors_point_into_the_whole_text() {
        let error = parse_script("select 1; selec 2").err().unwrap();
        assert_eq!(error.sqlstate(), "42601");
        assert!(error.position().is_some_and(|position| position >= 11), "{error:?}");
    }

    #[test]
    fn transaction_ends_are_known() {
        let ends = |text: &str| parse_script(text).unwrap()[0].tree.ends_transaction();
        for text in
            ["/* x */ commit", "END", "ABORT", "rollback and chain", "ROLLBACK TO SAVEPOINT a", "-- x\n COMMIT WORK"]
        {
            assert!(ends(text), "{text}");
        }
        for text in ["select 1", "begin", "SAVEPOINT a", "RELEASE a", "SELECT commit FROM log", "SYNC"] {
            assert!(!ends(text), "{text}");
        }
    }
}
