//! What the shell completes: words of both languages, and the names that the server knows.

use std::sync::Arc;

use parking_lot::Mutex;
use reedline::{Completer, Span, Suggestion};

/// Most completions that are offered for one word.
const SUGGESTIONS_MAX: usize = 100;

/// Words that open statements or stand in most of them.
const KEYWORDS: [&str; 78] = [
    "ALTER",
    "ANALYZE",
    "AND",
    "AS",
    "ASC",
    "ATTACH",
    "AUTH",
    "BEGIN",
    "BETWEEN",
    "BLOB",
    "BY",
    "CASE",
    "COLLECTION",
    "COLLECTIONS",
    "COMMIT",
    "CONFLICT",
    "COPY",
    "CREATE",
    "DEFAULT",
    "DELETE",
    "DESC",
    "DETACH",
    "DISTINCT",
    "DO",
    "DROP",
    "ELSE",
    "END",
    "ENTRY",
    "EXISTS",
    "EXPLAIN",
    "FIELDS",
    "FROM",
    "GET",
    "GROUP",
    "HAVING",
    "IN",
    "INDEX",
    "INNER",
    "INSERT",
    "INTO",
    "IS",
    "JOIN",
    "KEY",
    "LEAVE",
    "LEFT",
    "LIKE",
    "LIMIT",
    "MEMORY",
    "METADATA",
    "NETWORK",
    "NETWORKS",
    "NOT",
    "NULL",
    "OFFSET",
    "ON",
    "OR",
    "ORDER",
    "PEERS",
    "PRIMARY",
    "RETURNING",
    "REVERT",
    "ROLLBACK",
    "SELECT",
    "SET",
    "SHOW",
    "SIMILAR",
    "STAGE",
    "SYNC",
    "TABLE",
    "THEN",
    "TO",
    "UNIQUE",
    "UNSTAGE",
    "UPDATE",
    "USING",
    "VALUES",
    "WHERE",
    "WITHIN",
];

/// The words; clones share what was learned.
#[derive(Clone, Default)]
pub struct Words {
    names: Arc<Mutex<Vec<String>>>,
}

impl Words {
    /// Puts the names of the server in the place of those that were known.
    pub fn learn(&self, names: Vec<String>) {
        *self.names.lock() = names;
    }

    /// The words that begin like this one, names first; keywords in the case in which it is typed.
    fn beginning_with(&self, typed: &str) -> Vec<String> {
        let begins = |word: &str| word.get(..typed.len()).is_some_and(|start| start.eq_ignore_ascii_case(typed));
        let is_small = typed.chars().any(char::is_lowercase);
        let keyword = |word: &&str| if is_small { word.to_lowercase() } else { (*word).to_string() };
        let mut found: Vec<String> = self.names.lock().iter().filter(|name| begins(name)).cloned().collect();
        found.sort_unstable();
        let keywords = KEYWORDS.iter().filter(|word| begins(word)).map(keyword);
        let others: Vec<String> = keywords.filter(|word| !found.contains(word)).collect();
        found.extend(others);
        found.truncate(SUGGESTIONS_MAX);
        found
    }
}

impl Completer for Words {
    fn complete(&mut self, line: &str, position: usize) -> Vec<Suggestion> {
        let before = line.get(..position).unwrap_or_default();
        let start = before
            .rfind(|letter: char| !letter.is_alphanumeric() && letter != '_')
            .map_or(0, |at| at + before.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8));
        let typed = before.get(start..).unwrap_or_default();
        if typed.is_empty() {
            return Vec::new();
        }
        let suggestion = |value| Suggestion {
            value,
            span: Span { start, end: position },
            append_whitespace: true,
            ..Suggestion::default()
        };
        self.beginning_with(typed).into_iter().map(suggestion).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_first_and_keywords_in_the_case_typed() {
        let mut words = Words::default();
        words.learn(vec!["memory_facts".to_string(), "memory".to_string()]);
        let found: Vec<(String, usize)> =
            words.complete("get mem", 7).into_iter().map(|word| (word.value, word.span.start)).collect();
        assert_eq!(found, [("memory", 4), ("memory_facts", 4)].map(|(word, at)| (word.to_string(), at)));
        assert_eq!(words.complete("SEL", 3).len(), 1);
        assert!(words.complete("é ", 3).is_empty());
    }
}
