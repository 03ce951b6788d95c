//! What an error is about, for those who look at more than its message.

/// The objects that an error is about, in fields of their own: clients look at them rather than take the message apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    pub schema: Option<String>,
    pub table: Option<String>,
    pub column: Option<String>,
    pub constraint: Option<String>,
    /// A domain.
    pub datatype: Option<String>,
}

/// Entries that a statement names and that are not here.
#[derive(Clone)]
pub struct Absent {
    /// The number of the collection.
    pub collection: u32,
    /// Encoded primary keys; `None` where it may be any entries.
    pub keys: Option<Vec<Vec<u8>>>,
}

/// A table that an error is about.
#[derive(Clone, Copy, Debug)]
pub struct OfTable<'a> {
    pub name: &'a str,
    /// `None` where whoever reports the error knows no more of the schema than that it is another one than `public`.
    pub schema: Option<&'static str>,
}

impl<'a> From<&'a str> for OfTable<'a> {
    fn from(name: &'a str) -> Self {
        OfTable { name, schema: Some("public") }
    }
}

impl<'a> From<&'a String> for OfTable<'a> {
    fn from(name: &'a String) -> Self {
        OfTable::from(name.as_str())
    }
}

impl Subject {
    pub(super) fn of(table: OfTable<'_>) -> Subject {
        let schema = table.schema.map(str::to_string);
        Subject { schema, table: Some(table.name.to_string()), ..Subject::default() }
    }
}
