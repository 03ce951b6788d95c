//! `jsonb` as canonical text: scanning and checking it, converting values, its operators, and its order as bytes.

pub(super) mod convert;
pub mod jsonb;
pub mod path;
pub(super) mod scan;
pub(super) mod sort_key;
pub mod terms;
