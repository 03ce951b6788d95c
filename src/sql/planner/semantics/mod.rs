//! Where DataFusion means otherwise than PostgreSQL, its plans put right: guards, keys of comparison, constants, sorts.

pub(in crate::sql) mod attempt;
pub(in crate::sql) mod constants;
pub(in crate::sql) mod copies;
pub(in crate::sql) mod exclusions;
pub(in crate::sql) mod float_keys;
pub(in crate::sql) mod grouping_sets;
pub(in crate::sql) mod guards;
pub(in crate::sql) mod join_keys;
pub(in crate::sql) mod late_columns;
pub(in crate::sql) mod lazy;
pub(in crate::sql) mod null_keys;
pub(in crate::sql) mod number_keys;
pub(in crate::sql) mod set_keys;
pub(in crate::sql) mod sort_keys;
pub(in crate::sql) mod varying_calls;
pub(in crate::sql) mod window_keys;
