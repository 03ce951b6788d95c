//! Indexes of all kinds, which follow each change of an entry (`secondary_index`: `ordered_indexes`, `vector_graphs`). New ones
//! are filled in steps (`backfill`).

pub(in crate::db) mod backfill;
pub(in crate::db) mod index_build;
pub(in crate::db) mod ordered_indexes;
pub(in crate::db) mod secondary_index;
pub(in crate::db) mod vector_graphs;
