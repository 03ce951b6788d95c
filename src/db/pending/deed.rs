//! What a statement does with an entry that is there.

/// What a statement does with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Change,
    Delete,
}
