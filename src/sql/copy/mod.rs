//! COPY in both directions: its options, its text, CSV and binary formats.

pub(super) mod binary_format;
pub(super) mod copy_in;
pub(super) mod copy_out;
pub(super) mod copy_plan;
pub(super) mod options;
pub(super) mod syntax;
pub(super) mod text_format;
