//! Where DataFusion means otherwise than PostgreSQL, its plans put right: guards, keys of comparison, constants, sorts.

pub(super) mod attempt;
pub(super) mod constants;
pub(super) mod copies;
pub(super) mod float_keys;
pub(super) mod grouping_sets;
pub(super) mod guards;
pub(super) mod join_keys;
pub(super) mod late_columns;
pub(super) mod lazy;
pub(super) mod null_keys;
pub(super) mod number_keys;
pub(super) mod set_keys;
pub(super) mod sort_keys;
pub(super) mod varying_calls;
pub(super) mod window_keys;
