//! Aggregates: what they add up, gather or choose, and what comes of it. The results are PostgreSQL's, to the digit.

pub(in crate::sql) mod addends;
pub(in crate::sql) mod extremes;
mod frame_candidates;
pub(in crate::sql) mod gathered;
pub(in crate::sql) mod interval_sums;
pub(in crate::sql) mod json_aggregates;
pub(in crate::sql) mod number_aggregates;
pub(in crate::sql) mod number_extremes;
pub(in crate::sql) mod number_totals;
pub(in crate::sql) mod ordered_arrays;
pub(in crate::sql) mod sums;
pub(in crate::sql) mod text_aggregates;
pub(in crate::sql) mod variances;
pub(in crate::sql) mod vector_aggregates;
