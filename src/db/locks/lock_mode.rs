//! The strengths of a lock of a row, as PostgreSQL has them.

/// How strongly a row is locked; each is stronger than those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockMode {
    /// The key of the row stays: FOR KEY SHARE.
    KeyShare,
    /// The row stays as it is: FOR SHARE.
    Share,
    /// Something but the key changes: UPDATE, FOR NO KEY UPDATE.
    NoKeyUpdate,
    /// The row goes, or its key changes: DELETE, FOR UPDATE, and the insertion of a key.
    Update,
}

impl LockMode {
    /// Whether two transactions cannot hold these at once (PostgreSQL's table of conflicting row-level locks).
    pub fn conflicts_with(self, other: LockMode) -> bool {
        let (weak, strong) = if self < other { (self, other) } else { (other, self) };
        match weak {
            LockMode::KeyShare => strong == LockMode::Update,
            LockMode::Share => strong >= LockMode::NoKeyUpdate,
            LockMode::NoKeyUpdate | LockMode::Update => true,
        }
    }

    /// Whether its holder is going to change the row, and does not only keep others from it.
    pub fn is_exclusive(self) -> bool {
        self >= LockMode::NoKeyUpdate
    }
}
