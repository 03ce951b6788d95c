//! Reading a record where it lies: the header at once, each field when it is asked for.
//!
//! Parsing costs the same for a narrow and a wide entry; a field is found by binary search over the offsets. Every offset
//! and length is checked where it is used: damaged bytes give `Corrupted`, never a panic. `record.rs` draws the layout.

use std::cmp::Ordering;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Column, ColumnId, FieldKey, Hlc, PeerId, Stage, Stamp, VectorClock};
use crate::store::record::record::{
    CLOCK_ENTRY_BYTES, FACT_OFFSET, FLAG_POST_PENDING, HEADER_BYTES, NAMED_FORMAT, OFFSET_BYTES, OWN_STAMP,
    PUBLICITY_SHIFT, Publicity, RECORD_FORMAT, RecordField, RecordHeader,
};
use crate::store::record::value_codec::{Stored, ValueRef, corrupted, decode_stored};
use crate::types::Value;

/// Bytes of a stamp that a field carries itself: peer, causal length, time.
const STAMP_BYTES: usize = 18;

/// A record, borrowed.
///
/// Its methods are one a part of a record, each read in place.
#[derive(Clone, Copy)]
pub struct RecordView<'a> {
    header: &'a [u8; HEADER_BYTES],
    clock: &'a [u8],
    offsets: &'a [[u8; OFFSET_BYTES]],
    body: &'a [u8],
    peers: &'a [u8],
}

impl<'a> RecordView<'a> {
    /// Checks the header and finds the parts.
    ///
    /// # Errors
    /// `Corrupted` for bytes that are not a record; `Configuration` for a record of a newer format.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let format = bytes.first().copied().ok_or_else(|| corrupted("it is empty"))?;
        if format > RECORD_FORMAT {
            return Err(Error::new(
                ErrorKind::Configuration,
                format!("a record has format {format}, this program reads up to {RECORD_FORMAT}"),
            )
            .with_hint("Use the newer program that wrote it."));
        }
        let (header, rest) = bytes.split_first_chunk().ok_or_else(|| corrupted("its header is cut off"))?;
        let view = RecordView { header, clock: &[], offsets: &[], body: &[], peers: &[] };
        if format < NAMED_FORMAT || view.publicity_bits().is_none() {
            return Err(corrupted("its header has unknown flags"));
        }
        let cut = || corrupted("it is shorter than its header says");
        let peers_at = usize::try_from(u32::from_le_bytes(view.at(8))).unwrap_or(usize::MAX);
        let (rest, peers) =
            peers_at.checked_sub(HEADER_BYTES).and_then(|length| rest.split_at_checked(length)).ok_or_else(cut)?;
        let clock_bytes = usize::from(view.small_at(4)) * CLOCK_ENTRY_BYTES;
        let (clock, rest) = rest.split_at_checked(clock_bytes).ok_or_else(cut)?;
        let offset_bytes = usize::from(view.small_at(2)) * OFFSET_BYTES;
        let (offsets, body) = rest.split_at_checked(offset_bytes).ok_or_else(cut)?;
        Ok(RecordView { clock, offsets: offsets.as_chunks().0, body, peers, ..view })
    }

    pub fn version(&self) -> u64 {
        u64::from_le_bytes(self.at(12))
    }

    pub fn causal_length(&self) -> u64 {
        u64::from_le_bytes(self.at(20))
    }

    pub fn is_alive(&self) -> bool {
        self.causal_length() % 2 == 1
    }

    /// Time of the last write.
    pub fn timestamp(&self) -> Hlc {
        Hlc::from_bits(u64::from_le_bytes(self.at(28)))
    }

    /// Peer of the last write, without copying it.
    ///
    /// # Errors
    /// XX001 for a damaged table of peers.
    pub fn peer_id_str(&self) -> Result<&'a str> {
        self.peer(0)
    }

    /// Peer of the last write.
    ///
    /// # Errors
    /// XX001 for a damaged table of peers.
    pub fn peer_id(&self) -> Result<PeerId> {
        self.peer(0).map(PeerId::new)
    }

    pub fn stage(&self) -> Stage {
        if self.flags() & FLAG_POST_PENDING == 0 { Stage::Private } else { Stage::PostPending }
    }

    pub fn publicity(&self) -> Publicity {
        self.publicity_bits().unwrap_or_default()
    }

    /// Whether the next posting takes something of the entry.
    pub fn is_on_stage(&self) -> bool {
        self.publicity().is_on_stage(self.stage())
    }

    /// What the record says of the entry as a whole.
    ///
    /// # Errors
    /// XX001 for a damaged table of peers.
    pub fn header(&self) -> Result<RecordHeader> {
        Ok(RecordHeader {
            version: self.version(),
            causal_length: self.causal_length(),
            timestamp: self.timestamp(),
            peer_id: self.peer_id()?,
            stage: self.stage(),
            publicity: self.publicity(),
        })
    }

    /// How many writes of each peer the entry has seen.
    ///
    /// # Errors
    /// XX001 for a damaged table of peers.
    pub fn clock(&self) -> Result<VectorClock> {
        let entries = self.clock.as_chunks::<CLOCK_ENTRY_BYTES>().0;
        entries
            .iter()
            .map(|[p0, p1, count @ ..]| {
                Ok((PeerId::new(self.peer(u16::from_le_bytes([*p0, *p1]))?), u64::from_le_bytes(*count)))
            })
            .collect()
    }

    /// How many fields there are, removed ones included.
    pub fn len(&self) -> usize {
        self.offsets.len()
    }

    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// What lies under a key, read where it lies.
    ///
    /// # Errors
    /// XX001 for a damaged field.
    pub fn get_ref<'k>(&self, key: impl Into<FieldKey<'k>>) -> Result<Option<ValueRef<'a>>> {
        let key = match key.into() {
            FieldKey::Column(id) => StoredKey::Column(id.0),
            FieldKey::Fact(name) => StoredKey::Fact(name.as_bytes()),
        };
        self.find(key)?.map(|field| decode_stored(field.value)).transpose()
    }

    /// What lies in a column, read where it lies. A record that has nothing under its id may be older than that: then it has it
    /// under the name that the column has in states.
    ///
    /// # Errors
    /// XX001 for a damaged field.
    pub fn column_ref(&self, column: &Column) -> Result<Option<ValueRef<'a>>> {
        if self.header[0] != NAMED_FORMAT {
            for id in std::iter::once(&column.id).chain(column.former.iter().rev()) {
                let found = self.get_ref(FieldKey::Column(*id))?;
                if found.is_some() {
                    return Ok(found);
                }
            }
            if !self.has_facts() {
                return Ok(None);
            }
        }
        self.get_ref(column.field.as_str())
    }

    /// What lies under a key.
    ///
    /// # Errors
    /// XX001 for a damaged field.
    pub fn get<'k>(&self, key: impl Into<FieldKey<'k>>) -> Result<Option<Stored>> {
        self.get_ref(key)?.map(ValueRef::to_stored).transpose()
    }

    /// The value under a key; `None` where there is none, it was removed, or it is a vector kept elsewhere.
    ///
    /// # Errors
    /// XX001 for a damaged field.
    pub fn get_value<'k>(&self, key: impl Into<FieldKey<'k>>) -> Result<Option<Value>> {
        Ok(match self.get(key)? {
            Some(Stored::Value(value)) => Some(value),
            Some(Stored::Vector { .. } | Stored::Removed) | None => None,
        })
    }

    /// The text under a key, without copying; `None` where there is no text (json counts as one).
    ///
    /// # Errors
    /// XX001 for a damaged field.
    pub fn get_str<'k>(&self, key: impl Into<FieldKey<'k>>) -> Result<Option<&'a str>> {
        Ok(match self.get_ref(key)? {
            Some(ValueRef::Text(text) | ValueRef::Json(text)) => Some(text),
            _ => None,
        })
    }

    /// Keys of all fields in ascending order, removed ones included.
    ///
    /// # Errors
    /// Each of them XX001 for a damaged field.
    pub fn keys(&self) -> impl Iterator<Item = Result<FieldKey<'a>>> + use<'a> {
        let view = *self;
        (0..view.len()).map(move |position| view.field(position)?.key())
    }

    /// All fields in ascending order of their keys, with their stamps.
    ///
    /// # Errors
    /// Each of them XX001 for a damaged field or table of peers.
    pub fn fields(&self) -> impl Iterator<Item = Result<(FieldKey<'a>, RecordField)>> + use<'a> {
        let view = *self;
        (0..view.len()).map(move |position| {
            let field = view.field(position)?;
            let stored = decode_stored(field.value)?.to_stored()?;
            Ok((field.key()?, RecordField { stored, stamp: view.stamp(&field)? }))
        })
    }

    fn stamp(&self, field: &FieldView<'a>) -> Result<Stamp> {
        let Some(stamp) = field.stamp else {
            return Ok(Stamp { causal_length: self.causal_length(), hlc: self.timestamp(), peer_id: self.peer_id()? });
        };
        let [p0, p1, numbers @ ..] = stamp;
        let [causal_length, hlc] = numbers.as_chunks::<8>().0 else {
            return Err(corrupted("a stamp is cut off"));
        };
        Ok(Stamp {
            causal_length: u64::from_le_bytes(*causal_length),
            hlc: Hlc::from_bits(u64::from_le_bytes(*hlc)),
            peer_id: PeerId::new(self.peer(u16::from_le_bytes([*p0, *p1]))?),
        })
    }

    fn find(&self, key: StoredKey<'_>) -> Result<Option<FieldView<'a>>> {
        let mut range = 0..self.len();
        while !range.is_empty() {
            let middle = range.start + (range.end - range.start) / 2;
            let field = self.field(middle)?;
            match field.key.cmp(&key) {
                Ordering::Equal => return Ok(Some(field)),
                Ordering::Less => range.start = middle + 1,
                Ordering::Greater => range.end = middle,
            }
        }
        Ok(None)
    }

    /// Whether the last field, and with it any, goes by name in a record whose columns go by id.
    fn has_facts(&self) -> bool {
        self.offsets.last().is_some_and(|offset| u32::from_le_bytes(*offset) & FACT_OFFSET != 0)
    }

    /// The field at a position below [`len`](Self::len).
    fn field(&self, position: usize) -> Result<FieldView<'a>> {
        let is_named = self.header[0] == NAMED_FORMAT;
        let flag = if is_named { 0 } else { FACT_OFFSET };
        let offset = |position: usize| {
            let offset = u32::from_le_bytes(*self.offsets.get(position)?);
            Some((usize::try_from(offset & !flag).ok()?, is_named || offset & flag != 0))
        };
        let cut = || corrupted("a field lies outside of it");
        let (start, is_fact) = offset(position).ok_or_else(cut)?;
        let end = if position + 1 < self.len() { offset(position + 1).ok_or_else(cut)?.0 } else { self.body.len() };
        let bytes = self.body.get(start..end).ok_or_else(cut)?;
        let (number, rest) = bytes.split_first_chunk().ok_or_else(cut)?;
        let number = u16::from_le_bytes(*number);
        let (key, rest) = if is_fact {
            let (name, rest) = rest.split_at_checked(usize::from(number & !OWN_STAMP)).ok_or_else(cut)?;
            (StoredKey::Fact(name), rest)
        } else {
            (StoredKey::Column(number & !OWN_STAMP), rest)
        };
        if number & OWN_STAMP == 0 {
            return Ok(FieldView { key, stamp: None, value: rest });
        }
        let (stamp, value) = rest.split_first_chunk().ok_or_else(cut)?;
        Ok(FieldView { key, stamp: Some(stamp), value })
    }

    fn peer(&self, number: u16) -> Result<&'a str> {
        let damaged = || corrupted("its table of peers is damaged");
        if number >= self.small_at(6) {
            return Err(damaged());
        }
        let mut rest = self.peers;
        let mut peer: &[u8] = &[];
        for _ in 0..=number {
            let (length, tail) = rest.split_first_chunk().ok_or_else(damaged)?;
            (peer, rest) = tail.split_at_checked(usize::from(u16::from_le_bytes(*length))).ok_or_else(damaged)?;
        }
        std::str::from_utf8(peer).map_err(|_| damaged())
    }

    fn flags(&self) -> u8 {
        self.header[1]
    }

    fn publicity_bits(&self) -> Option<Publicity> {
        match self.flags() >> PUBLICITY_SHIFT {
            0 => Some(Publicity::Private),
            1 => Some(Publicity::Posted),
            2 => Some(Publicity::PostedAndEdited),
            3 => Some(Publicity::PostedAndReplaced),
            _ => None,
        }
    }

    fn small_at(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.at(at))
    }

    /// A number of the header; `at` is one of the constants of the layout, so it always lies inside.
    fn at<const N: usize>(&self, at: usize) -> [u8; N] {
        self.header.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or([0; N])
    }
}

/// A [`FieldKey`] as it lies in the body, in the same order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum StoredKey<'a> {
    Column(u16),
    Fact(&'a [u8]),
}

/// One field as it lies in the body.
struct FieldView<'a> {
    key: StoredKey<'a>,
    stamp: Option<&'a [u8; STAMP_BYTES]>,
    value: &'a [u8],
}

impl<'a> FieldView<'a> {
    fn key(&self) -> Result<FieldKey<'a>> {
        Ok(match self.key {
            StoredKey::Column(id) => FieldKey::Column(ColumnId(id)),
            StoredKey::Fact(name) => {
                FieldKey::Fact(std::str::from_utf8(name).map_err(|_| corrupted("a name is not UTF-8"))?)
            }
        })
    }
}
