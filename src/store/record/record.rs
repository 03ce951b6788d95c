//! The bytes of one version of an entry: its facts and stamps, so laid out that three fields of a wide entry are read
//! without decoding the rest. This file writes them, `record_view.rs` reads them.
//!
//! Formats 1 and 2, little-endian:
//!
//! ```text
//!  0  u8   format: 1 where all fields go by name, 2 where columns go by id
//!  1  u8   flags: bit 0 the entry waits to be posted, bits 1-2 publicity (0 private, 1 posted, 2 edited, 3 replaced)
//!  2  u16  fields    4  u16 peers in the clock    6  u16 peers in the table
//!  8  u32  where the table of peers begins
//! 12  u64  version  20  u64 causal length        28  u64 timestamp
//! 36  clock:  (u16 peer, u64 count) each
//!     offsets: u32 each, into the body; columns are sorted by id, then (in format 2: bit 31 set) facts by name, bytewise
//!     body:   of a column u16 id, of a fact u16 length of the name (bit 15 of either: a stamp follows), name of a fact,
//!             [u16 peer, u64 causal length, u64 time], tag, value
//!     peers:  u16 length, text each; the first is the one of the last write
//! ```
//!
//! States on their way to peers, memories, and tables whose rows hold nothing are of format 1; so is every record that was
//! written before there were ids, until it changes.
//!
//! A field whose stamp is that of the last write, (causal length, timestamp, peer) of the header, spends no bytes on it.

use std::collections::BTreeMap;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{FieldKey, Hlc, PeerId, Stage, Stamp, VectorClock};
use crate::store::record::value_codec::{Stored, encode_stored};
use crate::types::limits::{ENTRY_BYTES_MAX, FACTS_MAX};

/// All fields go by name.
pub(super) const NAMED_FORMAT: u8 = 1;
/// Columns go by id, facts by name.
pub(super) const RECORD_FORMAT: u8 = 2;
pub(super) const HEADER_BYTES: usize = 36;
pub(super) const CLOCK_ENTRY_BYTES: usize = 10;
pub(super) const OFFSET_BYTES: usize = 4;
pub(super) const FLAG_POST_PENDING: u8 = 1;
pub(super) const PUBLICITY_SHIFT: u8 = 1;
/// Set in the id, or the length of a name, of a field that carries its own stamp.
pub(super) const OWN_STAMP: u16 = 1 << 15;
/// Set in the offset of a field that goes by name, where others go by id; no entry is so long that its offsets reach there.
pub(super) const FACT_OFFSET: u32 = 1 << 31;

/// What the network knows of an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Publicity {
    /// Nothing.
    #[default]
    Private,
    /// All of this record: the public state has no copy of its own.
    Posted,
    /// An older state, which the public family holds.
    PostedAndEdited,
    /// A life that ended here, which the public family holds: this record is of a later one. That it ended is still to be
    /// posted, whether or not the later one is.
    PostedAndReplaced,
}

impl Publicity {
    /// The text of `_publicity`.
    pub fn name(self) -> &'static str {
        match self {
            Publicity::Private => "private",
            Publicity::Posted => "public",
            Publicity::PostedAndEdited => "edited",
            Publicity::PostedAndReplaced => "replaced",
        }
    }

    /// Whether the public state lies in a copy of its own.
    pub fn has_copy(self) -> bool {
        match self {
            Publicity::Private | Publicity::Posted => false,
            Publicity::PostedAndEdited | Publicity::PostedAndReplaced => true,
        }
    }

    /// Whether the next posting takes something of an entry with this mark: all of it, or the end of its former life.
    pub fn is_on_stage(self, stage: Stage) -> bool {
        stage == Stage::PostPending || self == Publicity::PostedAndReplaced
    }
}

/// What a record says of the entry as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordHeader {
    /// Number of the commit that wrote it.
    pub version: u64,
    /// The entry is alive while this is odd.
    pub causal_length: u64,
    /// Time of the last write.
    pub timestamp: Hlc,
    /// Peer of the last write.
    pub peer_id: PeerId,
    pub stage: Stage,
    pub publicity: Publicity,
}

impl RecordHeader {
    /// The stamp that costs a field nothing.
    pub fn stamp(&self) -> Stamp {
        Stamp { causal_length: self.causal_length, hlc: self.timestamp, peer_id: self.peer_id.clone() }
    }
}

/// One field with its stamp.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordField {
    pub stored: Stored,
    pub stamp: Stamp,
}

/// Writes a record of facts alone.
///
/// # Errors
/// `LimitExceeded` over `FACTS_MAX` fields or `ENTRY_BYTES_MAX` bytes; `Unsupported` for an array.
pub fn encode_record(
    header: &RecordHeader,
    clock: &VectorClock,
    fields: &BTreeMap<String, RecordField>,
) -> Result<Vec<u8>> {
    encode_fields(header, clock, fields.len(), fields.iter().map(|(name, field)| (FieldKey::Fact(name), field)))
}

/// Writes a record from fields in strictly ascending order: columns by their ids, then facts by their names, bytewise.
///
/// # Errors
/// XX000 for fields in another order; as [`encode_record`].
pub fn encode_sorted_record(
    header: &RecordHeader,
    clock: &VectorClock,
    fields: &[(FieldKey<'_>, RecordField)],
) -> Result<Vec<u8>> {
    if !fields.is_sorted_by(|(a, _), (b, _)| a < b) {
        return Err(Error::internal("the fields of a record are not in order"));
    }
    encode_fields(header, clock, fields.len(), fields.iter().map(|(key, field)| (*key, field)))
}

fn encode_fields<'a>(
    header: &'a RecordHeader,
    clock: &'a VectorClock,
    count: usize,
    fields: impl Iterator<Item = (FieldKey<'a>, &'a RecordField)>,
) -> Result<Vec<u8>> {
    if count > FACTS_MAX {
        return Err(Error::new(
            ErrorKind::LimitExceeded,
            format!("an entry with {count} fields exceeds the maximum of {FACTS_MAX}"),
        )
        .with_hint("Nest the facts in one JSON object, or split the entry."));
    }
    let mut peers = vec![&header.peer_id];
    let mut out = Vec::with_capacity(HEADER_BYTES + 64 + count * 40);
    out.push(NAMED_FORMAT);
    out.push(flags(header));
    out.extend_from_slice(&small(count, "fields")?);
    out.extend_from_slice(&small(clock.len(), "peers in its clock")?);
    // The number of peers and where they begin are known at the end.
    out.extend_from_slice(&[0; 6]);
    out.extend_from_slice(&header.version.to_le_bytes());
    out.extend_from_slice(&header.causal_length.to_le_bytes());
    out.extend_from_slice(&header.timestamp.to_bits().to_le_bytes());
    for (peer, writes) in clock.iter() {
        out.extend_from_slice(&peer_number(&mut peers, peer)?);
        out.extend_from_slice(&writes.to_le_bytes());
    }
    let offsets = out.len();
    out.resize(offsets + count * OFFSET_BYTES, 0);
    let body = out.len();
    for (position, (key, field)) in fields.enumerate() {
        let mut offset = bounded(out.len() - body)?;
        match key {
            FieldKey::Column(_) => patch(&mut out, 0, [RECORD_FORMAT]),
            FieldKey::Fact(_) if out.first() == Some(&RECORD_FORMAT) => {
                offset = (u32::from_le_bytes(offset) | FACT_OFFSET).to_le_bytes();
            }
            FieldKey::Fact(_) => {}
        }
        patch(&mut out, offsets + position * OFFSET_BYTES, offset);
        encode_field(header, key, field, &mut peers, &mut out)?;
    }
    let peers_at = bounded(out.len())?;
    let peer_count = small(peers.len(), "peers")?;
    for peer in &peers {
        out.extend_from_slice(&small(peer.as_str().len(), "bytes in a peer id")?);
        out.extend_from_slice(peer.as_str().as_bytes());
    }
    bounded(out.len())?;
    patch(&mut out, 6, peer_count);
    patch(&mut out, 8, peers_at);
    Ok(out)
}

fn encode_field<'a>(
    header: &RecordHeader,
    key: FieldKey<'_>,
    field: &'a RecordField,
    peers: &mut Vec<&'a PeerId>,
    out: &mut Vec<u8>,
) -> Result<()> {
    let limit = OWN_STAMP - 1;
    let (number, name) = match key {
        FieldKey::Column(id) if id.0 <= limit => (id.0, ""),
        FieldKey::Column(id) => return Err(Error::internal(format!("column {} is beyond any table", id.0))),
        FieldKey::Fact(name) => {
            let length = u16::try_from(name.len()).ok().filter(|length| *length <= limit).ok_or_else(|| {
                let message = format!("a name of {} bytes exceeds the maximum of {limit}", name.len());
                Error::new(ErrorKind::LimitExceeded, message)
            })?;
            (length, name)
        }
    };
    let stamp = &field.stamp;
    let own =
        stamp.causal_length != header.causal_length || stamp.hlc != header.timestamp || stamp.peer_id != header.peer_id;
    out.extend_from_slice(&(if own { number | OWN_STAMP } else { number }).to_le_bytes());
    out.extend_from_slice(name.as_bytes());
    if own {
        out.extend_from_slice(&peer_number(peers, &stamp.peer_id)?);
        out.extend_from_slice(&stamp.causal_length.to_le_bytes());
        out.extend_from_slice(&stamp.hlc.to_bits().to_le_bytes());
    }
    encode_stored(&field.stored, out)
}

fn flags(header: &RecordHeader) -> u8 {
    let stage = match header.stage {
        Stage::Private => 0,
        Stage::PostPending => FLAG_POST_PENDING,
    };
    let publicity: u8 = match header.publicity {
        Publicity::Private => 0,
        Publicity::Posted => 1,
        Publicity::PostedAndEdited => 2,
        Publicity::PostedAndReplaced => 3,
    };
    stage | (publicity << PUBLICITY_SHIFT)
}

/// The place of a peer in the table, which grows as peers are met; there are few.
fn peer_number<'a>(peers: &mut Vec<&'a PeerId>, peer: &'a PeerId) -> Result<[u8; 2]> {
    let known = peers.iter().position(|other| *other == peer);
    small(
        known.unwrap_or_else(|| {
            peers.push(peer);
            peers.len() - 1
        }),
        "peers",
    )
}

fn small(count: usize, what: &str) -> Result<[u8; 2]> {
    let number = u16::try_from(count).map_err(|_| {
        Error::new(
            ErrorKind::LimitExceeded,
            format!("an entry with {count} {what} exceeds the maximum of {}", u16::MAX),
        )
    })?;
    Ok(number.to_le_bytes())
}

/// A number of bytes within the limit of an entry.
fn bounded(bytes: usize) -> Result<[u8; 4]> {
    u32::try_from(bytes).ok().filter(|_| bytes <= ENTRY_BYTES_MAX).map(u32::to_le_bytes).ok_or_else(|| {
        Error::new(
            ErrorKind::LimitExceeded,
            format!("an entry of at least {bytes} bytes exceeds the maximum of {ENTRY_BYTES_MAX}"),
        )
        .with_hint("Store large contents as a blob.")
    })
}

fn patch<const N: usize>(out: &mut [u8], at: usize, bytes: [u8; N]) {
    if let Some(place) = out.get_mut(at..at + N) {
        place.copy_from_slice(&bytes);
    }
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
