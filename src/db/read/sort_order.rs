//! The order of values as ORDER BY has it.

use std::cmp::Ordering;

use crate::types::Value;

/// The order of two values as ORDER BY wants it.
pub(crate) fn sort_order(left: &Value, right: &Value, descending: bool, nulls_first: bool) -> Ordering {
    match (left.is_null(), right.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) if nulls_first => Ordering::Less,
        (true, false) => Ordering::Greater,
        (false, true) if nulls_first => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => {
            let ordering = left.compare(right).unwrap_or_else(|| kind_order(left).cmp(&kind_order(right)));
            if descending { ordering.reverse() } else { ordering }
        }
    }
}

/// Where values of different kinds stand to one another: facts have no declared type.
fn kind_order(value: &Value) -> u8 {
    match value {
        Value::Bool(_) => 0,
        Value::Int2(_) | Value::Int4(_) | Value::Int8(_) | Value::Float4(_) | Value::Float8(_) | Value::Numeric(_) => 1,
        Value::Date(_) | Value::Time(_) | Value::Timestamp(_) | Value::TimestampTz(_) | Value::Interval(_) => 2,
        Value::Text(_) | Value::Uuid(_) | Value::Enum(_) => 3,
        Value::Bytea(_) | Value::Vector(_) | Value::Sparse(_) | Value::Bits(_) => 4,
        Value::TsVector(_) | Value::TsQuery(_) | Value::Range(_) | Value::Multirange(_) => 4,
        Value::Json(_) | Value::Array(..) => 5,
        Value::Null => 6,
    }
}

/// Whether the order says nothing of two values that are not the same: sorting many of their kinds may then depend on the order in
/// which they come.
pub(crate) fn is_undecided(left: &Value, right: &Value) -> bool {
    !left.is_null() && !right.is_null() && left.compare(right).is_none() && kind_order(left) == kind_order(right)
}
