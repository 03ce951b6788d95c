//! Numbers for sequences of attached tables: no two nodes give out the same one, though none asks another.
//!
//! ```text
//! bit 63: 0   62 … 20: ticks of 320 microseconds since 2025   19 … 0: of the hash of this node's peer id
//! ```
//!
//! As CockroachDB's `unique_rowid` does it, with coarser ticks and more bits for the node: a load that takes numbers faster
//! than the ticks go by runs ahead of the clock, which does no harm, while two nodes with the same bits would meet. Ticks are
//! given out once over all tables of a node and never go back: they are reserved on disk before they are used, so that
//! neither a crash nor a clock that was set back repeats one. Nobody but this writes the reservation, and under its lock: the
//! committer has no part in it. A copied directory posts under another peer id, and numbers
//! by that as well.

use parking_lot::Mutex;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Column, PeerId};
use crate::store::{Batch, Key, Store};
use crate::types::ColumnType;

/// Milliseconds from 1970 to 2025-01-01.
const EPOCH_MS: u64 = 1_735_689_600_000;
const TICK_MICROS: u64 = 320;
/// Bits that are the node's own.
const NODE_BITS: u32 = 20;
/// Ticks that fit beside them into a bigint: until the year 2114.
const TICKS_MAX: u64 = 1 << (63 - NODE_BITS);
/// Ticks that are reserved on disk at a time: one minute's.
const RESERVED_TICKS: u64 = 60_000_000 / TICK_MICROS;
/// Name of the singleton with the first tick that is not reserved.
const RESERVED: &str = "row_ids";

/// The ticks of this node.
#[derive(Default)]
pub(crate) struct RowIds(Mutex<Option<Ticks>>);

struct Ticks {
    next: u64,
    /// First tick that is not reserved on disk.
    end: u64,
}

impl RowIds {
    /// The next number, at `wall_ms` milliseconds since 1970.
    ///
    /// # Errors
    /// 22003 where the clock stands behind the year 2114, and 58030 where the store cannot be written.
    pub fn next(&self, store: &Store, wall_ms: u64, peer: &PeerId) -> Result<i64> {
        let mut ticks = self.0.lock();
        let ticks = match &mut *ticks {
            Some(ticks) => ticks,
            unknown => {
                let stored = store.snapshot().get(&Key::Meta(RESERVED))?.map(|bytes| decode(&bytes)).transpose()?;
                let end = stored.unwrap_or(0);
                unknown.insert(Ticks { next: end, end })
            }
        };
        let tick = ticks.next.max(tick_of(wall_ms));
        if tick >= TICKS_MAX {
            let message = format!("no number of an attached table can be made of the clock: it shows {wall_ms} ms");
            return Err(Error::new(ErrorKind::NumericOutOfRange, message)
                .with_hint("Such numbers last until the year 2114. Set the clock of this machine."));
        }
        if tick >= ticks.end {
            let end = tick.saturating_add(RESERVED_TICKS);
            let mut batch = Batch::new();
            batch.put(&Key::Meta(RESERVED), &end.to_le_bytes());
            store.write(batch)?;
            ticks.end = end;
        }
        ticks.next = tick + 1;
        let number = (tick << NODE_BITS) | node_bits(peer);
        i64::try_from(number).map_err(|_| Error::internal("a number of an attached table has 64 bits"))
    }

    /// Gives the reserved ticks back at a clean stop.
    pub fn release(&self, batch: &mut Batch) {
        if let Some(ticks) = self.0.lock().take() {
            batch.put(&Key::Meta(RESERVED), &ticks.next.to_le_bytes());
        }
    }
}

fn tick_of(wall_ms: u64) -> u64 {
    wall_ms.saturating_sub(EPOCH_MS).saturating_mul(1000) / TICK_MICROS
}

fn node_bits(peer: &PeerId) -> u64 {
    let [a, b, c, ..] = *blake3::hash(peer.as_str().as_bytes()).as_bytes();
    u64::from(u32::from_le_bytes([a, b, c, 0])) & ((1 << NODE_BITS) - 1)
}

/// Whether what a column of an attached table draws by itself is drawn by no other node, and its values are read by others.
///
/// # Errors
/// 0A000 for an enumerated type, and for a sequence that was made by itself, since every node has its own; as [`check_room`] for a column's own.
pub(crate) fn check_draws_apart(table: &str, column: &Column) -> Result<()> {
    if column.drawn_from().is_some() {
        let name = &column.name;
        return Err(Error::unsupported(
            format!(
                "column \"{name}\" of the attached table \"{table}\" draws its numbers from a sequence of this node alone"
            ),
            "Other nodes would give out the same ones. Declare it as bigserial, or DROP DEFAULT.",
        ));
    }
    if column.ty.enumerated().is_some() {
        let (name, ty) = (&column.name, &column.ty);
        return Err(Error::unsupported(
            format!(
                "column \"{name}\" of the attached table \"{table}\" is of type {ty}, which other members do not have"
            ),
            "Declare it as text with a CHECK of the labels.",
        ));
    }
    if column.draws_own() { check_room(table, &column.name, &column.ty) } else { Ok(()) }
}

/// Whether a column of this type can hold such numbers.
///
/// # Errors
/// 0A000 for one that has less than eight bytes.
pub(crate) fn check_room(table: &str, column: &str, ty: &ColumnType) -> Result<()> {
    if *ty == ColumnType::Int8 {
        return Ok(());
    }
    Err(Error::unsupported(
        format!(
            "column \"{column}\" of the attached table \"{table}\" draws its numbers from a sequence and is of type {ty}"
        ),
        "Nodes that write at the same time need numbers of eight bytes. Make a table with bigserial or bigint in its \
         place, then INSERT … SELECT.",
    ))
}

fn decode(bytes: &[u8]) -> Result<u64> {
    let damaged = |_| Error::new(ErrorKind::Corrupted, "the reserved numbers of attached tables cannot be read");
    bytes.try_into().map(u64::from_le_bytes).map_err(damaged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreOptions;

    fn open(folder: &tempfile::TempDir) -> Store {
        Store::open(folder.path(), &StoreOptions { read_only: false, cache_bytes: 8 << 20, sync: false }).unwrap()
    }

    #[test]
    fn numbers_go_up_whatever_the_clock_and_the_process_do() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (PeerId::new("one"), PeerId::new("other"));
        assert_ne!(node_bits(&one), node_bits(&other));
        let mut seen = std::collections::BTreeSet::new();
        let mut last = 0;
        let now = EPOCH_MS + 40_000_000_000;
        for (wall_ms, is_clean) in [(now, false), (now - 10_000_000, false), (now + 5, true), (0, false), (now, false)]
        {
            let (store, ids) = (open(&folder), RowIds::default());
            for _ in 0..50 {
                let number = ids.next(&store, wall_ms, &one).unwrap();
                assert!(number > last);
                last = number;
                assert!(seen.insert(number));
                let number = ids.next(&store, wall_ms, &other).unwrap();
                assert!(seen.insert(number));
            }
            if is_clean {
                let mut batch = Batch::new();
                ids.release(&mut batch);
                store.write(batch).unwrap();
            }
            store.close();
        }
        assert_eq!(u64::try_from(last).unwrap() & ((1 << NODE_BITS) - 1), node_bits(&one));
    }

    #[test]
    fn a_clock_beyond_all_numbers_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder);
        let error = RowIds::default().next(&store, 1 << 48, &PeerId::new("one")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NumericOutOfRange);
    }
}
