//! Functions of vectors, under pgvector's names.

pub(in crate::sql) mod argument;
pub(in crate::sql) mod distances;
pub(in crate::sql) mod sparse;
pub(in crate::sql) mod vectors;
