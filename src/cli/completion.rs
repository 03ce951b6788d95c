//! What the shell completes: words of both languages, and the names that the server knows.

use std::sync::Arc;

use parking_lot::Mutex;

/// Most completions that are offered for one word.
const SUGGESTIONS_MAX: usize = 100;

/// Words that open statements or stand in most of them.
const KEYWORDS: [&str; 93] = [
    "ABSENT",
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
    "COUNT",
    "CREATE",
    "DEFAULT",
    "DELETE",
    "DESC",
    "DESCRIBE",
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
    "HELP",
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
    "MATCHED",
    "MEMORY",
    "MERGE",
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
    "REFERENCES",
    "REPLACE",
    "RETURNING",
    "REVERT",
    "ROLLBACK",
    "SCHEMA",
    "SELECT",
    "SET",
    "SHOW",
    "SIMILAR",
    "STAGE",
    "SYNC",
    "TABLE",
    "TABLES",
    "THEN",
    "TO",
    "TYPE",
    "UNIQUE",
    "UNSET",
    "UNSTAGE",
    "UPDATE",
    "USING",
    "VALUES",
    "VIEW",
    "WHEN",
    "WHERE",
    "WITH",
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

    /// The words that begin like this one, names first; keywords in the case in which it is typed. What is typed in capitals is a
    /// keyword where one begins so.
    fn beginning_with(&self, typed: &str) -> Vec<String> {
        let begins = |word: &str| word.get(..typed.len()).is_some_and(|start| start.eq_ignore_ascii_case(typed));
        let is_small = typed.chars().any(char::is_lowercase);
        let keyword = |word: &&str| if is_small { word.to_lowercase() } else { (*word).to_string() };
        let mut found: Vec<String> = self.names.lock().iter().filter(|name| begins(name)).cloned().collect();
        found.sort_unstable();
        let keywords = KEYWORDS.iter().filter(|word| begins(word)).map(keyword);
        let others: Vec<String> = keywords.filter(|word| !found.contains(word)).collect();
        if !is_small && !others.is_empty() {
            found.clear();
        }
        found.extend(others);
        found.truncate(SUGGESTIONS_MAX);
        found
    }

    /// Where the word that ends at `position` begins, in bytes, and what it may become.
    pub fn complete(&self, line: &str, position: usize) -> (usize, Vec<String>) {
        let before = line.get(..position).unwrap_or_default();
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
        let start = before.trim_end_matches(is_part).len();
        match before.get(start..) {
            None | Some("") => (position, Vec::new()),
            Some(typed) => (start, self.beginning_with(typed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_first_and_keywords_in_the_case_typed() {
        let words = Words::default();
        words.learn(vec!["memory_facts".to_string(), "memory".to_string()]);
        assert_eq!(words.complete("get mem", 7), (4, ["memory", "memory_facts"].map(str::to_string).to_vec()));
        assert_eq!(words.complete("SEL", 3), (0, vec!["SELECT".to_string()]));
        assert_eq!(words.complete("GET MEM", 7), (4, vec!["MEMORY".to_string()]));
        assert_eq!(words.complete("MEMORY_", 7), (0, vec!["memory_facts".to_string()]));
        assert_eq!(words.complete("é ", 3), (3, Vec::new()));
    }
}
