//! The form of a KNIRVQL statement without its values.

use crate::knirvql::scan::{KnirvqlScanner, TokenKind};
use crate::model::StatementShape;

/// The statement with `?` for every value, without comments.
pub fn shape(text: &str) -> String {
    let (mut shape, mut end) = (StatementShape::default(), 0);
    for token in KnirvqlScanner::new(text) {
        if token.range.start > end {
            shape.space();
        }
        end = token.range.end;
        match token.kind {
            TokenKind::Word | TokenKind::Parameter => shape.word(token.text),
            TokenKind::Symbol if token.is_symbol(";") => {}
            TokenKind::Symbol => shape.word(token.text),
            TokenKind::Number | TokenKind::Text | TokenKind::Unterminated => shape.value(),
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
            ("GET  MEMORY WHERE metadata.topic = \"hush\" LIMIT 5;", "GET MEMORY WHERE metadata.topic = ? LIMIT ?"),
            ("GET MEMORY SIMILAR TO [0.1, -2, 3e5, 4] // hush\nLIMIT $1", "GET MEMORY SIMILAR TO [?, -?, …] LIMIT $1"),
            ("SET MEMORY id = 'hush' metadata = {\"a\": \"b\"}", "SET MEMORY id = ? metadata = {?: ?}"),
        ] {
            assert_eq!(shape(text), wanted, "{text}");
        }
    }
}
