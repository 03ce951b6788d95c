//! Window functions beyond DataFusion's own: those whose arguments differ from row to row, and frames that leave rows out.

pub(super) mod by_row;
pub(super) mod exclusion;
