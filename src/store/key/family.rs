//! The column families: a key says in which of them it lies.

/// A column family: keys with one access pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Singletons, collections, sequences, roles, settings, reference counts of blobs.
    Catalog,
    /// What a reader sees of each entry, without its vectors.
    Entries,
    /// Public states that differ from what a reader sees.
    Public,
    /// Raw little-endian `f32` components.
    Vectors,
    /// Ordered secondary indexes; the values are empty.
    Indexes,
    /// What was posted, by origin and sequence.
    DeltaLog,
    /// Entries that wait to be posted.
    Staging,
    /// Encrypted secrets.
    Vault,
    /// What proves public states: which deltas they are made of, and the trees of postings.
    Proofs,
}

impl Family {
    pub const COUNT: usize = 9;

    pub const ALL: [Family; Family::COUNT] = [
        Family::Catalog,
        Family::Entries,
        Family::Public,
        Family::Vectors,
        Family::Indexes,
        Family::DeltaLog,
        Family::Staging,
        Family::Vault,
        Family::Proofs,
    ];

    /// The name on disk; never changes.
    pub fn name(self) -> &'static str {
        match self {
            Family::Catalog => "catalog",
            Family::Entries => "entries",
            Family::Public => "public",
            Family::Vectors => "vectors",
            Family::Indexes => "indexes",
            Family::DeltaLog => "delta_log",
            Family::Staging => "staging",
            Family::Vault => "vault",
            Family::Proofs => "proofs",
        }
    }
}
