//! Values in PostgreSQL's text form: arrays, vectors, and through `text` every type.

pub(super) mod arrays;
mod sparse;
pub(super) mod text;
pub(super) mod vectors;
