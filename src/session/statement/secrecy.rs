//! Errors of statements that may hold secrets: nothing of such a statement is repeated to anybody.
//!
//! Clients print the line that an error points into, and applications log what they are told. So an error of a text that
//! mentions AUTH, the password of a role or the secret of a network has no position, and quotes nothing of it but names.
//! What mentions them is judged by the tokens of either language, since the text need not be a statement at all.

use crate::db::AUTH;
use crate::error::{Error, ErrorKind};
use crate::{knirvql, sql};

/// What stands in place of a quoted part.
const LEFT_OUT: &str = "…";
/// The columns of AUTH, which an error may name.
const NAMES: [&str; 3] = [AUTH, "key", "value"];

/// Which errors of a text quote nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Secrecy {
    Open,
    /// Those about its form. A value is a secret in one place only, which what reads it knows.
    Network,
    /// All.
    All,
}

/// The error without what may be a secret of the text that it is about.
pub fn guarded(text: &str, error: Error) -> Error {
    let words = words(text);
    let kind = error.kind();
    let is_form = matches!(kind, ErrorKind::Syntax | ErrorKind::InvalidTextRepresentation);
    let is_kept = match secrecy(&words) {
        Secrecy::Open => return error,
        Secrecy::Network => !is_form,
        Secrecy::All => false,
    };
    let shown = |said: &str| match is_kept {
        true => said.to_string(),
        false => redacted(said, if kind == ErrorKind::Syntax { &[] } else { &words }),
    };
    let message = match error.message().strip_prefix("syntax error: ") {
        Some(_) => "syntax error in a statement on secrets".to_string(),
        None => shown(error.message()),
    };
    let mut guarded = Error::new(kind, message);
    if let Some(detail) = error.detail() {
        guarded = guarded.with_detail(shown(detail));
    }
    // Hints on the form of a statement quote nothing of it.
    if let Some(hint) = error.hint() {
        guarded = guarded.with_hint(if kind == ErrorKind::Syntax { hint.to_string() } else { shown(hint) });
    }
    if let Some(routine) = error.routine() {
        guarded = guarded.with_routine(routine);
    }
    match error.subject().map(|subject| (&subject.table, &subject.column, &subject.constraint)) {
        Some((Some(table), Some(column), _)) => guarded.of_column(table, column),
        Some((Some(table), _, Some(constraint))) => guarded.of_constraint(table, constraint),
        _ => guarded,
    }
}

/// Whether a text mentions what may be a secret.
pub(super) fn mentions_secrets(text: &str) -> bool {
    secrecy(&words(text)) != Secrecy::Open
}

/// The words of a text outside of its literals, in lower case.
fn words(text: &str) -> Vec<String> {
    let mut words = sql::words(text);
    if knirvql::is_knirvql(text) {
        words.extend(knirvql::words(text).map(str::to_lowercase));
    }
    words
}

fn secrecy(words: &[String]) -> Secrecy {
    let follows = |word: &str, opening: &[&str]| {
        let opened = words.iter().position(|before| opening.contains(&before.as_str()));
        opened.is_some_and(|at| words.iter().skip(at).any(|after| after == word))
    };
    if words.iter().any(|word| word == AUTH) || follows("password", &["user", "role", "group"]) {
        Secrecy::All
    } else if words.iter().any(|word| sql::is_secret_function(word)) || follows("secret", &["network"]) {
        Secrecy::Network
    } else {
        Secrecy::Open
    }
}

/// A text without its quoted parts, but for those that are made of these words.
fn redacted(said: &str, words: &[String]) -> String {
    let (Some(first), Some(last)) = (said.find('"'), said.rfind('"')) else { return said.to_string() };
    let is_name = |part: &str| {
        let mut parts = part.split(|character: char| !(character.is_alphanumeric() || character == '_'));
        parts.all(|part| {
            let part = part.to_lowercase();
            part.is_empty() || NAMES.contains(&part.as_str()) || words.contains(&part)
        })
    };
    // What is quoted may have quotes itself: then a quote stands at a letter, at another quote, or alone.
    let parts: Vec<&str> = said.split('"').collect();
    let between = parts.get(2..parts.len().saturating_sub(1)).unwrap_or_default().iter().step_by(2);
    let behind = parts.last().copied().unwrap_or_default();
    let begins_word = |part: &str| part.starts_with(char::is_alphanumeric);
    let is_plain = parts.len() % 2 == 1
        && between.clone().all(|part| !part.is_empty() && !begins_word(part))
        && !begins_word(behind);
    if is_plain && parts.iter().skip(1).step_by(2).all(|part| is_name(part)) {
        return said.to_string();
    }
    let (before, after) = (said.get(..first).unwrap_or_default(), said.get(last + 1..).unwrap_or_default());
    format!("{before}\"{LEFT_OUT}\"{after}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::statement::script::parse_script;

    fn said(text: &str, error: &Error) -> String {
        let error = guarded(text, error.clone());
        assert_eq!(error.position(), None, "{text}");
        format!("{} {:?} {:?}", error.message(), error.detail(), error.hint())
    }

    #[test]
    fn errors_repeat_no_secret() {
        for text in [
            "SET AUTH key = 'k' valu = 'hush'",
            "SET AUTH key = 'k' value = hush",
            "SET AUTH hush",
            "SET AUTH key = 'hush",
            "GET AUTH WHERE key = 'k' hush",
            "INSERT INTO auth VALUES ('k', 'x') 'hush'",
            "INSERT INTO \"auth\" VALUES ('k' 'hush')",
            "INSERT INTO auth VALUES ('k', 'hush)",
            "ALTER USER nebulus PASSWORD hush",
            "ALTER ROLE nebulus PASSWORD \"hush\"",
            "ALTER ROLE nebulus PASSWORD \"role\"\"hush\"",
            "CREATE USER x PASSWORD 'hush' y",
            "CREATE NETWORK n WITH (secret = hush)",
            "CREATE NETWORK n SECRET 'hush'",
            "JOIN NETWORK n SECRET 'hush' AT 'x'",
            "ALTER NETWORK n ROTATE SECRET hush",
            "SELECT nebulus_join_network('n', 'x' 'hush')",
        ] {
            let error = parse_script(text).err().unwrap_or_else(|| panic!("{text} was parsed"));
            let said = said(text, &error);
            assert!(!said.contains("hush"), "{text}: {said}");
        }
        let value =
            Error::new(ErrorKind::InvalidTextRepresentation, "invalid input syntax for type integer: \"hu\"sh\"");
        assert!(!said("INSERT INTO auth VALUES ('k', 'hu\"sh'::int)", &value).contains("sh"));
        let text = "SELECT * FROM knirvql('GET AUTH WHERE key = \"hush\" x')";
        assert!(!said(text, &Error::syntax("near \"hush\"", Some(3))).contains("hush"));
    }

    #[test]
    fn errors_of_other_statements_stay_as_they_are() {
        for text in [
            "SELECT author FRM books",
            "SELECT 'auth' FRM secret",
            "SELECT password FRM users",
            "GET MEMORY WHERE metadata.author = 'auth' x",
            "INSERT INTO books VALUES ('auth', 'password') x",
        ] {
            let error = parse_script(text).err().unwrap_or_else(|| panic!("{text} was parsed"));
            assert_eq!(guarded(text, error.clone()).position(), error.position(), "{text}");
            assert_eq!(guarded(text, error.clone()).message(), error.message(), "{text}");
        }
        let taken = Error::new(ErrorKind::DuplicateObject, "network \"graph\" already exists");
        assert!(said("CREATE NETWORK graph WITH (secret = 'hush')", &taken).contains("\"graph\""));
        let missing = Error::new(ErrorKind::UndefinedColumn, "column \"vallue\" does not exist").with_position(9);
        let shown = guarded("SELECT vallue FROM auth", missing);
        assert_eq!((shown.message(), shown.position()), ("column \"vallue\" does not exist", None));
    }
}
