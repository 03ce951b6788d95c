//! The bytes of a delta in the log: what ends its posting, where it is the last one, and its body.

use crate::error::{Error, ErrorKind, Result};
use crate::merge::PostingEnd;

/// A delta in the log: a kind, the end of its posting where it has one, and its body. The kinds are 0 for no end, 1 for an end
/// without a tree, 2 for one with a tree.
pub(crate) fn encode_log_entry(end: &[u8], body: &[u8]) -> Vec<u8> {
    let kind = PostingEnd::BYTES.iter().position(|bytes| *bytes == end.len()).map_or(0, |position| position + 1);
    let mut entry = Vec::with_capacity(1 + end.len() + body.len());
    entry.push(u8::try_from(kind).unwrap_or(0));
    entry.extend_from_slice(end);
    entry.extend_from_slice(body);
    entry
}

/// The end of its posting, where it has one, and the body.
pub(crate) fn decode_log_entry(entry: &[u8]) -> Result<(Option<PostingEnd>, &[u8])> {
    let damaged = || Error::new(ErrorKind::Corrupted, "a delta in the log is damaged");
    let (kind, rest) = entry.split_first().ok_or_else(damaged)?;
    let Some(position) = usize::from(*kind).checked_sub(1) else { return Ok((None, rest)) };
    let bytes = PostingEnd::BYTES.get(position).ok_or_else(damaged)?;
    let (end, body) = rest.split_at_checked(*bytes).ok_or_else(damaged)?;
    Ok((Some(PostingEnd::parse(end).ok_or_else(damaged)?), body))
}
