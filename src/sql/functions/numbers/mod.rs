//! Functions of numbers: `numeric` with all of its digits, floats with one NaN and one zero, random ones.

pub(in crate::sql) mod angles;
pub(in crate::sql) mod decimals;
pub(in crate::sql) mod first_extremes;
pub(in crate::sql) mod float_keys;
pub(in crate::sql) mod number_columns;
pub(in crate::sql) mod number_functions;
pub(in crate::sql) mod random;
