//! COPY, planned. How rows are taken and given, and the formats, are `statement`'s.

pub(super) mod copy_plan;
pub(super) mod syntax;
