//! The bytes of an entry's contributions, as they are stored and as they travel with its state.
//!
//! ```text
//! contributions: u16 peers, text each (u16 length); u16 contributions:
//!                u16 origin, u64 number, u64 causal length, u64 time, u16 peer, u16 fields (and 0x8000 where it begins a life):
//!                1, name (u16 length) | 0, hash
//! with aside:    u16 0xFFFF, u32 length, contributions, contributions that do not count, and for each its values:
//!                u32 length, state
//! ```
//!
//! Little-endian; peers are positions in the table. What does not count is kept here and never sent.

use std::collections::BTreeMap;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Contribution, Given, Hlc, PeerId, Piece};
use crate::store::record::delta_body::{decode_state, encode_state};

const OVERWRITTEN: u8 = 0;
const LIVE: u8 = 1;
/// In the number of a contribution's fields.
const BEGINS: u16 = 0x8000;
/// In place of the number of peers, where more follows than the contributions.
const HAS_ASIDE: u16 = u16::MAX;

/// Deltas that an entry is made of, at most, and the bytes of all of them: with what proves them an entry of greatest size still fits into a
/// message.
const CONTRIBUTIONS_MAX: usize = 16_384;
const CONTRIBUTIONS_BYTES_MAX: usize = 8 << 20;

/// Writes contributions.
///
/// # Errors
/// 54000 where there are more of anything than fit.
pub fn encode_contributions(contributions: &[Contribution]) -> Result<Vec<u8>> {
    if contributions.len() > CONTRIBUTIONS_MAX {
        return Err(too_many());
    }
    let mut positions: BTreeMap<&PeerId, u16> = BTreeMap::new();
    let mut table = Vec::new();
    for peer in contributions.iter().flat_map(|contribution| [&contribution.origin, &contribution.peer_id]) {
        if !positions.contains_key(peer) {
            positions.insert(peer, length(positions.len())?);
            put_text(&mut table, peer.as_str())?;
        }
    }
    let mut out = Vec::with_capacity(64 + table.len() + contributions.len() * 64);
    out.extend_from_slice(&length(positions.len())?.to_le_bytes());
    out.extend_from_slice(&table);
    out.extend_from_slice(&length(contributions.len())?.to_le_bytes());
    for contribution in contributions {
        let position = |peer: &PeerId| positions.get(peer).copied().unwrap_or(0).to_le_bytes();
        out.extend_from_slice(&position(&contribution.origin));
        out.extend_from_slice(&contribution.seq.to_le_bytes());
        out.extend_from_slice(&contribution.causal_length.to_le_bytes());
        out.extend_from_slice(&contribution.timestamp.to_bits().to_le_bytes());
        out.extend_from_slice(&position(&contribution.peer_id));
        out.extend_from_slice(&marked_length(contribution)?.to_le_bytes());
        for given in &contribution.fields {
            match given {
                Given::Live(name) => {
                    out.push(LIVE);
                    put_text(&mut out, name)?;
                }
                Given::Overwritten(hash) => {
                    out.push(OVERWRITTEN);
                    out.extend_from_slice(hash);
                }
            }
        }
    }
    if out.len() > CONTRIBUTIONS_BYTES_MAX {
        return Err(too_many());
    }
    Ok(out)
}

fn length(count: usize) -> Result<u16> {
    u16::try_from(count).map_err(|_| too_many())
}

fn too_many() -> Error {
    Error::new(ErrorKind::LimitExceeded, "an entry was written by more deltas than can be told apart")
}

/// The number of its fields, and whether it begins a life.
fn marked_length(contribution: &Contribution) -> Result<u16> {
    let count = length(contribution.fields.len())?;
    if count >= BEGINS {
        let message = format!("a delta has {count} fields, allowed are {}", BEGINS - 1);
        return Err(Error::new(ErrorKind::LimitExceeded, message));
    }
    Ok(if contribution.begins { count | BEGINS } else { count })
}

/// Writes what an entry is made of together with what does not count of it.
///
/// # Errors
/// As [`encode_contributions`].
pub fn encode_with_aside(contributions: &[Contribution], aside: &[Piece]) -> Result<Vec<u8>> {
    let counted = encode_contributions(contributions)?;
    if aside.is_empty() {
        return Ok(counted);
    }
    let too_long = || Error::new(ErrorKind::LimitExceeded, "what does not count of an entry is too long");
    let put = |out: &mut Vec<u8>, bytes: &[u8]| {
        out.extend_from_slice(&u32::try_from(bytes.len()).map_err(|_| too_long())?.to_le_bytes());
        out.extend_from_slice(bytes);
        Ok::<(), Error>(())
    };
    let mut out = HAS_ASIDE.to_le_bytes().to_vec();
    put(&mut out, &counted)?;
    let given: Vec<Contribution> = aside.iter().map(|piece| piece.given.clone()).collect();
    put(&mut out, &encode_contributions(&given)?)?;
    for piece in aside {
        put(&mut out, &encode_state(&piece.state())?)?;
    }
    Ok(out)
}

/// That part of a stored record that says what the entry is made of, as it is sent.
///
/// # Errors
/// XX001 for a record that is cut off.
pub fn counted_part(stored: &[u8]) -> Result<&[u8]> {
    Ok(split_aside(stored)?.0)
}

/// What counts, and all that follows it.
fn split_aside(stored: &[u8]) -> Result<(&[u8], &[u8])> {
    match stored.split_first_chunk() {
        Some((mark, rest)) if u16::from_le_bytes(*mark) == HAS_ASIDE => {
            let mut rest = rest;
            let counted = take_part(&mut rest)?;
            Ok((counted, rest))
        }
        _ => Ok((stored, &[])),
    }
}

/// Reads what is stored with an entry: what it is made of, and what does not count.
///
/// # Errors
/// `Corrupted`.
pub fn decode_with_aside(stored: &[u8]) -> Result<(Vec<Contribution>, Vec<Piece>)> {
    let (counted, mut rest) = split_aside(stored)?;
    let contributions = decode_contributions(counted)?;
    if rest.is_empty() {
        return Ok((contributions, Vec::new()));
    }
    let given = decode_contributions(take_part(&mut rest)?)?;
    let pieces = given.into_iter().map(|given| {
        let state = decode_state(take_part(&mut rest)?)?;
        Ok(Piece { given, fields: state.fields })
    });
    let aside = pieces.collect::<Result<Vec<Piece>>>()?;
    if rest.is_empty() { Ok((contributions, aside)) } else { Err(damaged()) }
}

fn take_part<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8]> {
    let length = usize::try_from(u32::from_le_bytes(take(rest)?)).map_err(|_| damaged())?;
    let (part, behind) = rest.split_at_checked(length).ok_or_else(damaged)?;
    *rest = behind;
    Ok(part)
}

fn put_text(out: &mut Vec<u8>, text: &str) -> Result<()> {
    out.extend_from_slice(&length(text.len())?.to_le_bytes());
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

/// Reads contributions. They are in order of origin and number, each once.
///
/// # Errors
/// `Corrupted` for bytes that are none.
pub fn decode_contributions(bytes: &[u8]) -> Result<Vec<Contribution>> {
    let mut rest = bytes;
    let mut peers = Vec::new();
    for _ in 0..take_u16(&mut rest)? {
        peers.push(PeerId::new(take_text(&mut rest)?));
    }
    let mut contributions: Vec<Contribution> = Vec::new();
    for _ in 0..take_u16(&mut rest)? {
        let contribution = take_contribution(&mut rest, &peers)?;
        if contributions.last().is_some_and(|last| last.order() >= contribution.order()) {
            return Err(damaged());
        }
        contributions.push(contribution);
    }
    if rest.is_empty() { Ok(contributions) } else { Err(damaged()) }
}

fn take_contribution(rest: &mut &[u8], peers: &[PeerId]) -> Result<Contribution> {
    let peer = |rest: &mut &[u8]| {
        let position = take_u16(rest)?;
        peers.get(usize::from(position)).cloned().ok_or_else(damaged)
    };
    let origin = peer(rest)?;
    let seq = take_u64(rest)?;
    let causal_length = take_u64(rest)?;
    let timestamp = Hlc::from_bits(take_u64(rest)?);
    let peer_id = peer(rest)?;
    let mut fields = Vec::new();
    let marked = take_u16(rest)?;
    let begins = marked & BEGINS != 0;
    for _ in 0..marked & !BEGINS {
        let (kind, behind) = rest.split_first().ok_or_else(damaged)?;
        *rest = behind;
        fields.push(match *kind {
            LIVE => Given::Live(take_text(rest)?.to_string()),
            OVERWRITTEN => Given::Overwritten(take(rest)?),
            _ => return Err(damaged()),
        });
    }
    if seq == 0 {
        return Err(damaged());
    }
    Ok(Contribution { origin, seq, begins, causal_length, timestamp, peer_id, fields })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N]> {
    let (bytes, behind) = rest.split_first_chunk().ok_or_else(damaged)?;
    *rest = behind;
    Ok(*bytes)
}

fn take_u16(rest: &mut &[u8]) -> Result<u16> {
    take(rest).map(u16::from_le_bytes)
}

fn take_u64(rest: &mut &[u8]) -> Result<u64> {
    take(rest).map(u64::from_le_bytes)
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Result<&'a str> {
    let length = usize::from(take_u16(rest)?);
    let (text, behind) = rest.split_at_checked(length).ok_or_else(damaged)?;
    *rest = behind;
    std::str::from_utf8(text).map_err(|_| damaged())
}

fn damaged() -> Error {
    Error::new(ErrorKind::Corrupted, "the contributions to an entry are malformed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contributions_come_back_and_every_cut_is_refused() {
        let contribution = |origin: &str, seq, fields| Contribution {
            origin: PeerId::new(origin),
            seq,
            begins: seq == 4,
            causal_length: 3,
            timestamp: Hlc::new(7, 1),
            peer_id: PeerId::new("b"),
            fields,
        };
        let list = vec![
            contribution("a", 4, vec![Given::Live("name".to_string()), Given::Overwritten([5; 32])]),
            contribution("b", 2, Vec::new()),
        ];
        let bytes = encode_contributions(&list).unwrap();
        assert_eq!(decode_contributions(&bytes).unwrap(), list);
        assert!((0..bytes.len()).all(|end| decode_contributions(&bytes[..end]).is_err()));
        assert_eq!(counted_part(&bytes).unwrap(), bytes);
        let twice = [list[0].clone(), list[0].clone()];
        assert!(decode_contributions(&encode_contributions(&twice).unwrap()).is_err());
        let many: Vec<Contribution> = (1..=16_385).map(|seq| contribution("a", seq, Vec::new())).collect();
        assert!(encode_contributions(&many[1..]).is_ok());
        assert_eq!(encode_contributions(&many).map_err(|error| error.kind()), Err(ErrorKind::LimitExceeded));
        let wide: Vec<Contribution> =
            (1..=64).map(|seq| contribution("a", seq, vec![Given::Overwritten([5; 32]); 4_096])).collect();
        assert!(encode_contributions(&wide[..60]).is_ok());
        assert_eq!(encode_contributions(&wide).map_err(|error| error.kind()), Err(ErrorKind::LimitExceeded));
    }
}
