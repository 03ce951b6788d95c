//! The parser that pest derives from `grammar/knirvql.pest`.

use pest_derive::Parser;

/// Turns a text into pairs of grammar rules.
#[derive(Parser)]
#[grammar = "grammar/knirvql.pest"]
pub struct Grammar;
