//! Columns of facts: what filters, aggregates and nearest queries read of many entries at once, in memory.
//!
//! A collection has a [`ColumnStore`](column_store::ColumnStore) once a statement wanted an operand of all of its entries. It
//! holds [`Columns`](columns::Columns): entries by ordinals that stay, and for each operand that was wanted its values in chunks
//! ([`ValueColumn`](value_column::ValueColumn)). They stand at one commit and are never changed, only replaced.
//!
//! They have no versions inside. The committer notes every key that it is about to change ([`changed_keys`]) before it is
//! written, so that a reader of any snapshot knows which entries may differ between the columns and what it sees: those it reads
//! from its snapshot, one by one (`read/column_reading.rs`). All others are in the columns as the snapshot has them.
//!
//! [`conditions`] evaluates a filter over columns, with the same three truth values as `expr::Program`.

pub(super) mod bitmap;
pub(super) mod changed_keys;
pub(super) mod chunk_draft;
pub(super) mod column_builder;
pub(super) mod column_chunk;
pub(super) mod column_store;
pub(super) mod columns;
pub(super) mod conditions;
pub(super) mod dictionary;
pub(super) mod int_range;
pub(super) mod part_ordinals;
pub(super) mod row_keys;
pub(super) mod selected_cache;
#[cfg(test)]
mod tests;
pub(super) mod value_column;
pub(super) mod value_kind;
