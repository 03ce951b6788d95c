//! What an error is about, for those who look at more than its message.

/// The objects that an error is about, in fields of their own: clients look at them rather than take the message apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    pub schema: Option<String>,
    pub table: Option<String>,
    pub column: Option<String>,
    pub constraint: Option<String>,
}

/// Entries that a statement names and that are not here.
#[derive(Clone)]
pub struct Absent {
    /// The number of the collection.
    pub collection: u32,
    /// Encoded primary keys; `None` where it may be any entries.
    pub keys: Option<Vec<Vec<u8>>>,
}

impl Subject {
    /// A table; all of them lie in one schema.
    pub(super) fn of(table: &str) -> Subject {
        Subject { schema: Some("public".to_string()), table: Some(table.to_string()), ..Subject::default() }
    }
}
