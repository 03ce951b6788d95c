//! The entries of ordered indexes: which keys an index holds for an entry.

use crate::db::read::entry_view::EntryView;
use crate::db::read::index_path::is_fact_path;
use crate::error::Result;
use crate::expr::{Operand, PathBase, PathResult};
use crate::model::{Collection, Index, IndexKind};
use crate::store::{encode_key, encode_key_unbounded};
use crate::types::Value;
use crate::types::json::jsonb::PathStep;

/// What an ordered index reads of an entry, column by column; empty for an index that is not ordered.
pub(crate) fn indexed_operands(collection: &Collection, index: &Index) -> Vec<Operand> {
    match &index.kind {
        IndexKind::Ordered { columns, .. } => columns.iter().map(|column| Operand::Column(*column)).collect(),
        IndexKind::Fact { path } => {
            let base = collection.column("metadata").map_or(PathBase::Facts, PathBase::Column);
            let steps = path.iter().map(|key| PathStep::Key(key.clone())).collect();
            let operand = Operand::Path { base, path: steps, result: PathResult::Text };
            debug_assert!(is_fact_path(collection, &operand, path));
            vec![operand]
        }
        IndexKind::Hnsw { .. } => Vec::new(),
    }
}

/// The encoded columns of an entry in an index, for an entry that is to be written here.
///
/// # Errors
/// 54000 where they are too long for an index; as [`EntryView::operand`].
pub(crate) fn index_prefix(entry: &EntryView<'_>, operands: &[Operand]) -> Result<Vec<u8>> {
    let values = operands.iter().map(|operand| entry.operand(operand)).collect::<Result<Vec<Value>>>()?;
    let mut key = Vec::new();
    encode_key(&values, &mut key)?;
    Ok(key)
}

/// The encoded columns of an entry in an index that has it already, or gets it from a peer, however long they are. Values that
/// are too long are hidden before; the primary key of an entry cannot be, and is bounded itself.
///
/// # Errors
/// As [`EntryView::operand`].
pub(crate) fn stored_prefix(entry: &EntryView<'_>, operands: &[Operand]) -> Result<Vec<u8>> {
    let values = operands.iter().map(|operand| entry.operand(operand)).collect::<Result<Vec<Value>>>()?;
    let mut key = Vec::new();
    encode_key_unbounded(&values, &mut key)?;
    Ok(key)
}

/// The encoded columns of an entry in a unique index; `None` where one of them is NULL, which conflicts with nothing.
pub(crate) fn unique_prefix(entry: &EntryView<'_>, operands: &[Operand]) -> Result<Option<Vec<u8>>> {
    for operand in operands {
        if entry.operand(operand)?.is_null() {
            return Ok(None);
        }
    }
    index_prefix(entry, operands).map(Some)
}
