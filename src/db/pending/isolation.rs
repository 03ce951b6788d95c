//! The levels of isolation of a transaction.

/// What a transaction sees of others that commit while it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Each statement sees what was committed before it.
    ReadCommitted,
    /// All statements see what was committed before the first. What others have changed since cannot be changed.
    RepeatableRead,
    /// As that, and what others have committed since changes nothing of what it has read.
    Serializable,
}

impl Isolation {
    /// The level that a value of `transaction_isolation` means.
    pub fn of_setting(name: &str) -> Isolation {
        match name {
            "read committed" | "read uncommitted" => Isolation::ReadCommitted,
            "serializable" => Isolation::Serializable,
            _ => Isolation::RepeatableRead,
        }
    }
}
