//! Secondary indexes: what all kinds have in common, and the one list of them.
//!
//! Every change of what a reader sees of an entry comes by [`CommitEncoder::follow_indexes`], whoever wrote it. A new kind is
//! a file beside `ordered_indexes` and `vector_graphs`, an [`AccessMethod`] and a line in [`implementation`]; how it is
//! searched belongs to `read`.

use std::sync::Arc;

use crate::db::read::entry_view::EntryView;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::db::write::commit::entry_change::WrittenFields;
use crate::db::write::index::ordered_indexes::OrderedIndexes;
use crate::db::write::index::vector_graphs::VectorGraphs;
use crate::error::Result;
use crate::model::{AccessMethod, Collection, Index, IndexState};
use crate::store::RecordView;

/// What a reader sees of an entry before and after a change.
pub(crate) struct SeenChange<'a> {
    pub collection: &'a Arc<Collection>,
    pub key: &'a [u8],
    /// The record, where the entry was alive.
    pub before: Option<RecordView<'a>>,
    /// The record, where it is alive.
    pub after: Option<RecordView<'a>>,
    pub written: WrittenFields<'a>,
    /// Written here: what an index cannot take is refused.
    pub is_own: bool,
}

impl<'a> SeenChange<'a> {
    /// The entry with one of the records.
    pub fn entry(&'a self, encoder: &'a CommitEncoder<'_>, record: RecordView<'a>) -> EntryView<'a> {
        EntryView {
            view: &encoder.view,
            collection: self.collection,
            key: self.key,
            record: Some(record),
            pending: None,
        }
    }
}

/// A kind of index over the entries of a collection.
pub(crate) trait SecondaryIndex {
    /// Whether such an index can stand on a collection.
    ///
    /// # Errors
    /// 42704 and 22023 for parameters, 42804 for columns of another type.
    fn check(&self, collection: &Collection, index: &Index) -> Result<()>;

    /// Writes to the effects of a commit what the index has for an entry from now on.
    ///
    /// # Errors
    /// Those of each kind, for what was written here; XX001 for a damaged record, 58030 where the store cannot be read.
    fn follow(&self, encoder: &mut CommitEncoder<'_>, index: &Index, change: &SeenChange<'_>) -> Result<()>;

    /// Whether it holds the entries that were there before it when its transaction commits, or is filled after that and not
    /// used until then.
    fn is_filled_before_commit(&self) -> bool;
}

/// The kind of an index.
pub(crate) fn implementation(index: &Index) -> &'static dyn SecondaryIndex {
    match index.kind.access_method() {
        AccessMethod::Btree | AccessMethod::Gin => &OrderedIndexes,
        AccessMethod::Hnsw | AccessMethod::Ivfflat => &VectorGraphs,
    }
}

/// How far a new index is built when its transaction commits.
pub(crate) fn first_state(index: &Index) -> IndexState {
    match implementation(index).is_filled_before_commit() {
        true => IndexState::Ready,
        false => IndexState::Building,
    }
}

impl CommitEncoder<'_> {
    /// Lets the indexes of a collection follow a change, and those that other transactions are building.
    ///
    /// # Errors
    /// As [`SecondaryIndex::follow`] of each kind.
    pub fn follow_indexes(&mut self, change: &SeenChange<'_>) -> Result<()> {
        for index in change.collection.indexes.iter().filter(|index| index.state.is_followed()) {
            implementation(index).follow(self, index, change)?;
        }
        self.follow_builds(change);
        Ok(())
    }
}
