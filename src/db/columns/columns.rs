//! The columns of one collection at one commit.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::db::columns::bitmap::Bitmap;
use crate::db::columns::row_keys::{RowKeys, SortedKeys};
use crate::db::columns::value_column::ValueColumn;
use crate::error::{Error, Result};
use crate::expr::{Operand, RowAccess};
use crate::model::Collection;
use crate::types::Value;

/// Numbers of states of columns: none is given twice.
static NEXT_STATE: AtomicU64 = AtomicU64::new(1);

/// Columns of a collection: its entries by ordinal, and operands of them by ordinal. A state of them is never changed.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    state: u64,
    origin: u64,
    version: u64,
    collection: Arc<Collection>,
    keys: RowKeys,
    live: Bitmap,
    columns: Vec<(Operand, Arc<ValueColumn>)>,
}

/// What becomes of an entry in columns: its values in the order of the columns, or nothing where it is gone.
pub(crate) type RowChange = Option<Vec<Value>>;

impl Columns {
    /// Columns of the entries whose keys are given in order, as of a snapshot that has all commits up to `version` for certain.
    pub fn new(
        version: u64,
        collection: Arc<Collection>,
        keys: SortedKeys,
        columns: Vec<(Operand, Arc<ValueColumn>)>,
    ) -> Columns {
        let keys = RowKeys::new(keys);
        let state = next_state();
        Columns { state, origin: state, version, collection, live: Bitmap::all(keys.len()), keys, columns }
    }

    /// The number of this state, which no other one has.
    pub fn state(&self) -> u64 {
        self.state
    }

    /// The number of the state in which the ordinals were given: as long as it stays, no key gets another ordinal.
    pub fn origin(&self) -> u64 {
        self.origin
    }

    /// Commits up to this number are in the columns for certain; later ones may be.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The definition by which the entries were read.
    pub fn collection(&self) -> &Arc<Collection> {
        &self.collection
    }

    /// How many ordinals there are, those of entries that are gone among them.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// How many ordinals, from the first on, are in order of their keys.
    pub fn in_key_order(&self) -> usize {
        self.len() - self.keys.added()
    }

    /// How many of the ordinals that are in order of their keys come before a key.
    pub fn place_of(&self, key: &[u8]) -> usize {
        self.keys.place_of(key)
    }

    /// The ordinals of entries that are there.
    pub fn live(&self) -> &Bitmap {
        &self.live
    }

    /// The encoded primary key of an ordinal.
    pub fn key(&self, ordinal: u32) -> Option<&[u8]> {
        self.keys.key(ordinal)
    }

    /// The ordinal of an encoded primary key, of a living entry or not.
    pub fn ordinal(&self, key: &[u8]) -> Option<u32> {
        self.keys.ordinal(key)
    }

    /// An operand of all entries, where there is a column of it.
    pub fn column(&self, operand: &Operand) -> Option<&Arc<ValueColumn>> {
        self.columns.iter().find(|(known, _)| known == operand).map(|(_, column)| column)
    }

    /// The operands that there are columns of.
    pub fn operands(&self) -> impl Iterator<Item = &Operand> {
        self.columns.iter().map(|(operand, _)| operand)
    }

    /// The row of an ordinal, for expressions over operands that have columns.
    pub fn row(&self, ordinal: u32) -> ColumnsRow<'_> {
        ColumnsRow { columns: self, ordinal }
    }

    /// Whether so many entries have come or gone that the ordinals should be given anew.
    pub fn is_worn(&self) -> bool {
        const ORDINALS_MIN: usize = 16_384;
        let gone = self.len().saturating_sub(self.live.count());
        gone.max(self.keys.added()) > ORDINALS_MIN.max(self.len() / 4)
    }

    /// The columns at a later commit, with what has become of entries since, in order of their keys; `None` where there are too
    /// many entries.
    pub fn with_changes(&self, version: u64, changes: BTreeMap<Box<[u8]>, RowChange>) -> Option<Columns> {
        let (mut keys, mut live) = (self.keys.clone(), self.live.clone());
        let mut changed: BTreeMap<u32, RowChange> = BTreeMap::new();
        for (key, change) in changes {
            let ordinal = match &change {
                Some(_) => keys.take_in(&key)?,
                None => match keys.ordinal(&key) {
                    Some(ordinal) => ordinal,
                    None => continue,
                },
            };
            live.grow(keys.len());
            if change.is_some() {
                live.insert(ordinal)
            } else {
                live.remove(ordinal)
            }
            changed.insert(ordinal, change);
        }
        let columns = self.columns.iter().enumerate().map(|(place, (operand, column))| {
            let value = |(ordinal, change): (&u32, &RowChange)| {
                let value = change.as_ref().and_then(|values| values.get(place)).cloned();
                (*ordinal, value.unwrap_or_default())
            };
            let values: Vec<(u32, Value)> = changed.iter().map(value).collect();
            (operand.clone(), Arc::new(column.with_values(&values, keys.len())))
        });
        let columns = columns.collect();
        Some(Columns {
            state: next_state(),
            origin: self.origin,
            version,
            collection: Arc::clone(&self.collection),
            keys,
            live,
            columns,
        })
    }

    /// The same entries with fewer columns.
    pub fn without(&self, is_left_out: &dyn Fn(&Operand) -> bool) -> Columns {
        let columns = self.columns.iter().filter(|(operand, _)| !is_left_out(operand)).cloned().collect();
        Columns { state: next_state(), columns, ..self.clone() }
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(|(_, column)| column.bytes()).sum::<usize>() + self.entry_bytes()
    }

    /// Bytes of memory that the keys and ordinals take, whatever columns there are.
    pub fn entry_bytes(&self) -> usize {
        self.keys.bytes() + self.live.bytes()
    }
}

fn next_state() -> u64 {
    NEXT_STATE.fetch_add(1, Ordering::Relaxed)
}

/// One entry of columns, as expressions read it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ColumnsRow<'a> {
    columns: &'a Columns,
    ordinal: u32,
}

impl RowAccess for ColumnsRow<'_> {
    fn value(&self, operand: &Operand) -> Result<Value> {
        let value = self.columns.column(operand).and_then(|column| column.value(self.ordinal));
        value.ok_or_else(|| Error::internal("an entry is read of columns that do not have it"))
    }
}
