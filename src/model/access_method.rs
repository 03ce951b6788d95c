//! Access methods, which PostgreSQL's catalogs name.

/// How the entries of an index are kept and searched, by the names of PostgreSQL's access methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessMethod {
    /// In order of the keys, in the store.
    Btree,
    /// By the terms of its values, in their order, in the store.
    Gin,
    /// A graph of near vectors, in memory.
    Hnsw,
    /// The same, for those who asked for lists of near vectors.
    Ivfflat,
}

impl AccessMethod {
    pub fn name(self) -> &'static str {
        match self {
            AccessMethod::Btree => "btree",
            AccessMethod::Gin => "gin",
            AccessMethod::Hnsw => "hnsw",
            AccessMethod::Ivfflat => "ivfflat",
        }
    }
}
