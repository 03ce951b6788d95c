//! Functions of dates, times and intervals.

pub(in crate::sql) mod arithmetic;
pub(in crate::sql) mod bins;
pub(in crate::sql) mod clocks;
pub(in crate::sql) mod fields;
pub(in crate::sql) mod make;
pub(in crate::sql) mod overlaps;
pub(in crate::sql) mod series;
