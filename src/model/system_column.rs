//! The columns that every collection has beside its own.

use crate::types::ColumnType;

/// Columns every collection has, which `SELECT *` hides and a named select shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SystemColumn {
    EntryType,
    VectorClock,
    Timestamp,
    PeerId,
    Stage,
    /// How much of it its network knows.
    Publicity,
    /// The networks that have it, or had it before it was changed here.
    Public,
    /// When this node posted it last.
    PostedAt,
    /// Whether it was posted, and has been changed here since.
    Edited,
    /// Facts of a table that no column declares.
    Metadata,
}

impl SystemColumn {
    pub const ALL: [SystemColumn; 10] = [
        SystemColumn::EntryType,
        SystemColumn::VectorClock,
        SystemColumn::Timestamp,
        SystemColumn::PeerId,
        SystemColumn::Stage,
        SystemColumn::Publicity,
        SystemColumn::Public,
        SystemColumn::PostedAt,
        SystemColumn::Edited,
        SystemColumn::Metadata,
    ];

    pub fn name(self) -> &'static str {
        match self {
            SystemColumn::EntryType => "_entry_type",
            SystemColumn::VectorClock => "_vector_clock",
            SystemColumn::Timestamp => "_timestamp",
            SystemColumn::PeerId => "_peer_id",
            SystemColumn::Stage => "_stage",
            SystemColumn::Publicity => "_publicity",
            SystemColumn::Public => "_public",
            SystemColumn::PostedAt => "_posted_at",
            SystemColumn::Edited => "_edited",
            SystemColumn::Metadata => "metadata",
        }
    }

    pub fn ty(self) -> ColumnType {
        match self {
            SystemColumn::EntryType | SystemColumn::PeerId | SystemColumn::Stage | SystemColumn::Publicity => {
                ColumnType::Text
            }
            SystemColumn::VectorClock | SystemColumn::Metadata => ColumnType::Jsonb,
            SystemColumn::Timestamp | SystemColumn::PostedAt => ColumnType::TimestampTz,
            SystemColumn::Public => ColumnType::Array(Box::new(ColumnType::Text)),
            SystemColumn::Edited => ColumnType::Bool,
        }
    }
}
