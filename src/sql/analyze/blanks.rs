//! The blanks at the end of a `char(n)`, which values are kept without: they come back where PostgreSQL looks at the text that its
//! output function gives, or compares it with a pattern. A cast to text has none of them.

use datafusion::sql::sqlparser::ast::{Expr, Function, FunctionArguments, Value as Literal};

use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::analyze::calls::plain_argument;
use crate::sql::functions::{JSON_AGG_OF_ROWS, JSON_OF_ROW};
use crate::sql::parse::operators::call;
use crate::types::ColumnType;

/// Functions that take values as they are shown.
const SHOWING: [&str; 18] = [
    "array_agg",
    "concat",
    "concat_ws",
    "format",
    "json_agg",
    "json_build_array",
    "json_build_object",
    "json_object_agg",
    "jsonb_agg",
    "jsonb_build_array",
    "jsonb_build_object",
    "jsonb_object_agg",
    "octet_length",
    "row",
    "to_json",
    "to_jsonb",
    JSON_AGG_OF_ROWS,
    JSON_OF_ROW,
];

impl Analyzer<'_> {
    /// The declared length of a column or a cast of type `char(n)`.
    fn blank_padded(&self, expr: &Expr) -> Option<u32> {
        let ty = match expr {
            Expr::Nested(inner) => return self.blank_padded(inner),
            Expr::Cast { data_type, .. } => ColumnType::parse(&data_type.to_string()).ok()?,
            column => self.plain_column(column)?.column.ty?,
        };
        match ty {
            ColumnType::Char(length) if length > 0 => Some(length),
            _ => None,
        }
    }

    /// Puts the blanks to a value that has them where it is shown.
    pub fn with_blanks(&self, expr: &mut Expr) {
        if let Some(length) = self.blank_padded(expr) {
            let length = Expr::value(Literal::Number(length.to_string(), false));
            *expr = call("rpad", vec![std::mem::replace(expr, Expr::value(Literal::Null)), length]);
        }
    }

    /// The same for the arguments of a function that takes them as they are shown.
    pub fn arguments_with_blanks(&self, function: &mut Function, name: &str) {
        if let (true, FunctionArguments::List(list)) = (SHOWING.contains(&name), &mut function.args) {
            list.args.iter_mut().filter_map(plain_argument).for_each(|argument| self.with_blanks(argument));
        }
    }
}
