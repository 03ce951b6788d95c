//! The form of a SQL statement without its values.

use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use crate::model::StatementShape;
use crate::sql::parse::dialect::PostgresDialect;

/// The statement with `?` for every value, without comments; nothing of a text that cannot be read.
pub fn shape(text: &str) -> String {
    let mut shape = StatementShape::default();
    let Ok(tokens) = Tokenizer::new(&PostgresDialect, text).tokenize() else { return String::new() };
    for token in tokens {
        match token {
            Token::Whitespace(_) => shape.space(),
            Token::Word(word) => shape.word(&word.to_string()),
            Token::Placeholder(name) => shape.word(&name),
            Token::EOF | Token::SemiColon => {}
            other => {
                let sign = other.to_string();
                // Signs are signs only: whatever else there is in the language, quoted in whatever way, is a value.
                if sign.chars().all(|each| each.is_ascii_punctuation() && !matches!(each, '\'' | '"')) {
                    shape.word(&sign);
                } else {
                    shape.value();
                }
            }
        }
    }
    shape.into_text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_is_left() {
        for (text, wanted) in [
            (
                "SELECT  a -- hush\n FROM \"T\" WHERE b = 'hush' AND c > -1.5e3 LIMIT $1;",
                "SELECT a FROM \"T\" WHERE b = ? AND c > -? LIMIT $1",
            ),
            ("INSERT INTO t VALUES (1, E'hu\\'sh', $$hush$$, X'ff')", "INSERT INTO t VALUES (?, …)"),
            ("SELECT m->>'hush', v <=> '[1,2]'::vector FROM t", "SELECT m->>?, v <=> ?::vector FROM t"),
            (
                "SELECT * FROM t WHERE m @> '{\"a\": \"hush\"}' AND x IN (1,2,3)",
                "SELECT * FROM t WHERE m @> ? AND x IN (?, …)",
            ),
            ("SELECT $tag$hush$tag$, interval '1 day'", "SELECT ?, interval ?"),
            ("SELECT 'hush", ""),
        ] {
            assert_eq!(shape(text), wanted, "{text}");
        }
    }
}
