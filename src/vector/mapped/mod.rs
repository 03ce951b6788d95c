//! Files mapped into memory, and the arrays and checks on top of them.

pub(super) mod checked_chunks;
pub(super) mod flat_array;
pub(super) mod mapped_file;
