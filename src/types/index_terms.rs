//! What an inverted index (GIN) holds of a value: each of its terms, rather than the value.

use serde::{Deserialize, Serialize};

use crate::types::json::terms::{JsonTerms, TERM_OF_ANY, TERMS_MAX, terms_of};
use crate::types::{ColumnType, Value};

/// Which terms an index holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexTerms {
    /// Scalars of JSON with their paths, for `@>`.
    Paths,
    /// Those, and what `?` asks for: keys, and strings of an array.
    PathsAndKeys,
    /// The lexemes of documents, for `@@`.
    Lexemes,
}

impl IndexTerms {
    pub const ALL: [IndexTerms; 3] = [IndexTerms::PathsAndKeys, IndexTerms::Paths, IndexTerms::Lexemes];

    /// The name of PostgreSQL's operator class.
    pub fn operator_class(self) -> &'static str {
        match self {
            IndexTerms::Paths => "jsonb_path_ops",
            IndexTerms::PathsAndKeys => "jsonb_ops",
            IndexTerms::Lexemes => "tsvector_ops",
        }
    }

    /// The type of the values that it is of.
    pub fn ty(self) -> ColumnType {
        match self {
            IndexTerms::Paths | IndexTerms::PathsAndKeys => ColumnType::Jsonb,
            IndexTerms::Lexemes => ColumnType::TsVector,
        }
    }

    /// Whether it is what an index over its type holds where nothing is said.
    pub fn is_default(self) -> bool {
        self != IndexTerms::Paths
    }

    /// The terms of a value, each once: hashes of parts of JSON, and lexemes as they are, since prefixes of them are looked for.
    /// NULL has none; a document of more than [`TERMS_MAX`] has the term of any.
    pub fn of(self, value: &Value) -> Vec<Value> {
        let of_json = |json, kinds| terms_of(json, kinds).into_iter().map(Value::Int8).collect();
        match (self, value) {
            (IndexTerms::Paths, Value::Json(json)) => of_json(json, JsonTerms::Paths),
            (IndexTerms::PathsAndKeys, Value::Json(json)) => of_json(json, JsonTerms::PathsAndKeys),
            (IndexTerms::Lexemes, Value::TsVector(vector)) if vector.lexemes().len() > TERMS_MAX => {
                vec![Value::Int8(TERM_OF_ANY)]
            }
            (IndexTerms::Lexemes, Value::TsVector(vector)) => {
                vector.lexemes().iter().map(|lexeme| Value::Text(lexeme.text.clone())).collect()
            }
            _ => Vec::new(),
        }
    }
}
