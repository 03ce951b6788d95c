//! `date_trunc` and `date_bin` as functions of expressions below the planner.

use crate::expr::Expr;
use crate::sql::functions::{TIMESTAMP_BIN, TIMESTAMP_TRUNC, TIMESTAMPTZ_BIN, TIMESTAMPTZ_TRUNC, function};
use crate::types::{ColumnType, Value};

/// A call of one of their functions, by its name; `None` for other names, and other types of times.
pub fn truncation(name: &str, arguments: Vec<Expr>) -> Option<Expr> {
    let wanted = match name {
        TIMESTAMP_TRUNC | TIMESTAMP_BIN => ColumnType::Timestamp,
        TIMESTAMPTZ_TRUNC | TIMESTAMPTZ_BIN => ColumnType::TimestampTz,
        _ => return None,
    };
    let is_of = |expr: &Expr| match expr.ty() {
        ColumnType::Timestamp | ColumnType::TimestampTz => expr.ty() == wanted,
        ColumnType::Interval => name.ends_with("bin"),
        ty => ty.is_text() && name.ends_with("trunc"),
    };
    // A unit that is not known is an error of each row, and of no row where there is none.
    let has_unit = match arguments.first() {
        Some(Expr::Scalar(crate::expr::Scalar::Value(value))) => !matches!(value, Value::Null),
        _ => false,
    };
    (has_unit && arguments.iter().all(is_of)).then_some(Expr::Call { function: function(name)?, arguments })
}
