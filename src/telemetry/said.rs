//! What spans are of, and what they say: this program's own words, and numbers.

/// What a span is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanName {
    Statement,
    Commit,
    /// Posting what is staged in a network.
    SyncPost,
    /// Taking in what a member sent.
    SyncApply,
    /// A round with an endpoint of KNIRVGRAPH.
    EndpointPost,
}

impl SpanName {
    /// As collectors show it.
    pub fn text(self) -> &'static str {
        match self {
            SpanName::Statement => "statement",
            SpanName::Commit => "commit",
            SpanName::SyncPost => "sync post",
            SpanName::SyncApply => "sync apply",
            SpanName::EndpointPost => "endpoint post",
        }
    }
}

/// What a span says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// The kind of a statement, in this program's own words.
    Kind(&'static str),
    /// Rows that a statement gave or changed.
    Rows(u64),
    /// Changes of entries that a round carried.
    Deltas(u64),
    /// The SQLSTATE that it ended with.
    Failed(&'static str),
}
