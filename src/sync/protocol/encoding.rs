//! Messages as bytes: postcard behind a version, cut into frames where they are long.
//!
//! A frame is `version u8, flags u8, part of the message`. Most messages are one frame; one that carries a delta or entry
//! above [`MESSAGE_BYTES_MAX`] is several, in order on the same stream, all but the last with the flag [`MORE`]. From version 6 on
//! parts with entries are compressed where that is worth it, with the flag [`COMPRESSED`]; what tells a secret never is, so that
//! its length says nothing of it. Decoding never panics, never sets aside memory by a length that came from outside, but for a
//! compressed part up to the limit of a message, and gives a message within its limits or an error.

use postcard::ser_flavors::Flavor;

use crate::error::{Error, ErrorKind, Result};
use crate::model::HeadTime;
use crate::model::{Fingerprint, Head, PostingProof, PublicEntry, Run};
use crate::sync::protocol::compression::{compress, expand, expanded_bytes};
use crate::sync::protocol::message::{
    ADDRESS_BYTES_MAX, ASSEMBLED_BYTES_MAX, BODY_BYTES_MAX, ClaimedShape, CollectionSchema, END_SIGNATURE_BYTES,
    EpochNews, FetchAnswer, HEAD_SIGNATURE_BYTES, MESSAGE_BYTES_MAX, MemberNews, Message, NAME_BYTES_MAX,
    NETWORK_MEMBERS_MAX, ReconcileAnswer, ReconcileAsk, SECRET_BYTES_MAX, Stability, TREE_DEPTH, TREE_FANOUT, Vote,
    Votes,
};
use crate::sync::protocol::statement::STATEMENT_SIGNATURE_BYTES;

/// The newest version of the protocol.
pub const PROTOCOL_VERSION: u8 = 6;
/// The first version whose parts may be compressed.
const COMPRESSING: u8 = 6;
const HEADER_BYTES: usize = 2;
/// Flag of a frame: the message goes on with the next one.
const MORE: u8 = 1;
/// Flag of a frame: its part is compressed.
const COMPRESSED: u8 = 2;
/// What a message counts for besides its bodies, and a head or digest in it.
const MESSAGE_BYTES: usize = 256;
const HEAD_BYTES: usize = 192;
const VOTE_BYTES: usize = 72;

/// Bytes that a message takes in memory and on the wire, about.
pub fn bytes_of(message: &Message) -> usize {
    let runs = |runs: &[Run]| runs.iter().map(Run::bytes).sum::<usize>();
    let entries = |entries: &[PublicEntry]| entries.iter().map(PublicEntry::bytes).sum::<usize>();
    let postings = |postings: &[PostingProof]| postings.iter().map(PostingProof::bytes).sum::<usize>();
    let body = match message {
        Message::SyncResponse(response) => runs(&response.runs),
        Message::Operation(operation) => runs(&operation.runs),
        Message::Heartbeat(heartbeat) => heartbeat.heads.len() * HEAD_BYTES,
        Message::Stability(stability) => stability.marks.len() * HEAD_BYTES,
        Message::Votes(votes) => votes.votes.len() * VOTE_BYTES,
        Message::HeadTimes(told) => told.times.len() * HEAD_BYTES,
        Message::ReconcileResponse(response) => match &response.answer {
            ReconcileAnswer::View { heads, .. } => heads.len() * HEAD_BYTES,
            ReconcileAnswer::Tree { children } => children.len() * size_of::<Fingerprint>(),
            ReconcileAnswer::Digests(digests) => digests.digests.len() * HEAD_BYTES,
            ReconcileAnswer::Entries { entries: found, postings: proofs, .. } => entries(found) + postings(proofs),
            ReconcileAnswer::Refused => 0,
        },
        Message::Epoch(news) => (news.charter.edicts.len() + news.charter.certificates.len()) * HEAD_BYTES,
        Message::FetchRequest(request) => request.keys.iter().map(|key| key.len()).sum(),
        Message::KeysResponse(response) => response.keys.iter().map(|key| key.len()).sum(),
        Message::FetchResponse(response) => {
            let found = response.answers.iter().map(|answer| match answer {
                FetchAnswer::Found { body, contributions, .. } => body.len() + contributions.len(),
                FetchAnswer::Absent | FetchAnswer::Unknown => 0,
            });
            response.heads.len() * HEAD_BYTES + found.sum::<usize>() + postings(&response.postings)
        }
        _ => 0,
    };
    body + MESSAGE_BYTES
}

/// The frames of a message in the newest version, each at most [`MESSAGE_BYTES_MAX`] bytes.
///
/// # Errors
/// 54000 for a message over [`ASSEMBLED_BYTES_MAX`]; nothing that the engine sends is.
pub fn encode(message: &Message) -> Result<Vec<Vec<u8>>> {
    encode_as(message, PROTOCOL_VERSION)
}

/// The frames of a message in the version that both ends of a stream speak.
///
/// # Errors
/// As [`encode`].
pub fn encode_as(message: &Message, version: u8) -> Result<Vec<Vec<u8>>> {
    let mut whole = Whole(Vec::with_capacity(HEADER_BYTES + bytes_of(message)));
    whole.0.extend([version, 0]);
    let bytes = postcard::serialize_with_flavor(message, whole).map_err(|error| Error::internal(error.to_string()))?;
    if bytes.len() > ASSEMBLED_BYTES_MAX {
        let kind = message.message_type().name();
        return Err(Error::new(
            ErrorKind::LimitExceeded,
            format!("a {kind} message of {} bytes is above the limit of {ASSEMBLED_BYTES_MAX}", bytes.len()),
        ));
    }
    let compresses = version >= COMPRESSING && carries_entries(message);
    if bytes.len() <= MESSAGE_BYTES_MAX && !compresses {
        return Ok(vec![bytes]);
    }
    let body = bytes.get(HEADER_BYTES..).unwrap_or_default();
    if bytes.len() <= MESSAGE_BYTES_MAX {
        let frame = compress(body).map(|part| frame_of(version, COMPRESSED, &part));
        return Ok(vec![frame.unwrap_or(bytes)]);
    }
    let mut parts = body.chunks(MESSAGE_BYTES_MAX - HEADER_BYTES).peekable();
    let mut frames = Vec::new();
    while let Some(part) = parts.next() {
        let more = if parts.peek().is_some() { MORE } else { 0 };
        let compressed = if compresses { compress(part) } else { None };
        frames.push(match compressed {
            Some(compressed) => frame_of(version, more | COMPRESSED, &compressed),
            None => frame_of(version, more, part),
        });
    }
    Ok(frames)
}

fn frame_of(version: u8, flags: u8, part: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEADER_BYTES + part.len());
    frame.extend([version, flags]);
    frame.extend_from_slice(part);
    frame
}

/// Bytes of the entries that a message brings, about.
pub fn bytes_of_entries(message: &Message) -> usize {
    if carries_entries(message) { bytes_of(message) } else { 0 }
}

/// Whether a message brings entries, which all members may read.
fn carries_entries(message: &Message) -> bool {
    match message {
        Message::SyncResponse(_) | Message::Operation(_) | Message::FetchResponse(_) => true,
        Message::ReconcileResponse(response) => matches!(response.answer, ReconcileAnswer::Entries { .. }),
        _ => false,
    }
}

/// A message being encoded, behind its header.
struct Whole(Vec<u8>);

impl Flavor for Whole {
    type Output = Vec<u8>;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<Vec<u8>> {
        Ok(self.0)
    }
}

/// Puts the frames of one stream together.
#[derive(Debug)]
pub struct Assembler {
    /// Parts of a message whose last frame has not come.
    waiting: Vec<u8>,
    /// Whether one of these came compressed.
    is_compressed: bool,
    /// What both ends of the stream speak.
    version: u8,
}

impl Default for Assembler {
    fn default() -> Self {
        Assembler::new()
    }
}

impl Assembler {
    /// For streams of the newest version.
    pub fn new() -> Self {
        Assembler::of(PROTOCOL_VERSION)
    }

    /// For streams of a version.
    pub fn of(version: u8) -> Self {
        Assembler { waiting: Vec::new(), is_compressed: false, version }
    }

    /// Bytes that a frame takes once it is expanded, as it says itself, up to the limit above which it is refused.
    pub fn bytes_of(&self, frame: &[u8]) -> usize {
        match frame {
            [_, flags, part @ ..] if flags & COMPRESSED != 0 => expanded_bytes(part).min(MESSAGE_BYTES_MAX),
            _ => frame.len(),
        }
    }

    /// Takes the next frame; the message when it is the last of one.
    ///
    /// # Errors
    /// 08P01 for anything that is no frame of a message; the stream is of no use after that.
    pub fn push(&mut self, frame: &[u8]) -> Result<Option<Message>> {
        let &[version, flags, ref part @ ..] = frame else {
            return Err(refused("a frame is too short"));
        };
        if version != self.version {
            return Err(refused(format!("protocol version {version} is not known, this is {}", self.version)));
        }
        let known = if version >= COMPRESSING { MORE | COMPRESSED } else { MORE };
        if flags & !known != 0 {
            return Err(refused("a frame has an unknown flag"));
        }
        let expanded = match flags & COMPRESSED {
            0 => None,
            _ => Some(expand(part, MESSAGE_BYTES_MAX)?),
        };
        let part = expanded.as_deref().unwrap_or(part);
        if frame.len() > MESSAGE_BYTES_MAX || self.waiting.len() + part.len() > ASSEMBLED_BYTES_MAX {
            self.waiting = Vec::new();
            return Err(refused("a message is too long"));
        }
        self.is_compressed |= expanded.is_some();
        if flags & MORE != 0 {
            self.waiting.extend_from_slice(part);
            return Ok(None);
        }
        let is_compressed = std::mem::take(&mut self.is_compressed);
        let message = match self.waiting.is_empty() {
            true => decode(part)?,
            false => {
                let mut whole = std::mem::take(&mut self.waiting);
                whole.extend_from_slice(part);
                decode(&whole)?
            }
        };
        // Others would cost their sender next to nothing, and are counted by what they are on the wire.
        if is_compressed && !carries_entries(&message) {
            return Err(refused(format!("a {} message is never compressed", message.message_type().name())));
        }
        Ok(Some(message))
    }
}

fn decode(bytes: &[u8]) -> Result<Message> {
    let (message, rest) = postcard::take_from_bytes::<Message>(bytes)
        // The reader's own words may quote what it read.
        .map_err(|_| refused("a message cannot be read"))?;
    if !rest.is_empty() {
        return Err(refused("a message is followed by other bytes"));
    }
    check(&message)?;
    Ok(message)
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::ProtocolViolation, message)
}

/// The limits that the form alone does not keep.
fn check(message: &Message) -> Result<()> {
    let is_good = match message {
        Message::SyncRequest(request) => !request.wants.is_empty(),
        Message::SyncResponse(response) => response.runs.iter().all(is_run),
        Message::Operation(operation) => operation.runs.iter().all(is_run),
        Message::Heartbeat(heartbeat) => heartbeat.heads.iter().all(is_head),
        Message::CollectionAnnounce(announce) => {
            announce.collections.iter().all(is_schema) && announce.shapes.iter().all(is_shape)
        }
        Message::Members(members) => members.members.iter().all(is_news),
        Message::Stability(stability) => is_stability(stability),
        Message::Votes(votes) => is_votes(votes),
        Message::HeadTimes(told) => told.times.iter().all(is_head_time),
        Message::ReconcileRequest(request) => is_ask(&request.ask),
        Message::ReconcileResponse(response) => is_answer(&response.answer),
        Message::Epoch(news) => is_charter(news),
        Message::CollectionRequest => true,
        Message::FetchRequest(request) => {
            is_name(&request.collection) && !request.keys.is_empty() && request.keys.iter().all(|key| is_body(key))
        }
        Message::FetchResponse(response) => {
            let is_within = |answer: &FetchAnswer| match answer {
                FetchAnswer::Found { body, contributions, .. } => is_body(body) && is_body(contributions),
                FetchAnswer::Absent | FetchAnswer::Unknown => true,
            };
            response.heads.iter().all(is_head) && response.answers.iter().all(is_within)
        }
        Message::KeysRequest(request) => {
            is_name(&request.collection) && request.after.as_ref().is_none_or(|after| is_body(after))
        }
        Message::KeysResponse(response) => {
            let is_in_order = response.keys.is_sorted_by(|one, two| one < two);
            is_in_order && !(response.is_more && response.keys.is_empty())
        }
    };
    if is_good {
        return Ok(());
    }
    Err(refused(format!("a {} message breaks a limit", message.message_type().name())))
}

/// Numbers without gaps, from 1 on.
fn is_run(run: &Run) -> bool {
    let Some(first) = run.deltas.first().map(|delta| delta.seq) else { return false };
    let has_room = first.checked_add(u64::try_from(run.deltas.len()).unwrap_or(u64::MAX)).is_some();
    if first == 0 || !has_room {
        return false;
    }
    // The deltas end first, so that nothing is counted beyond the greatest number.
    let is_dense = run.deltas.iter().zip(first..).all(|(delta, seq)| delta.seq == seq);
    let is_within = run.deltas.iter().all(|delta| {
        delta.body.len() <= BODY_BYTES_MAX
            && delta.signature.as_ref().is_none_or(|signature| END_SIGNATURE_BYTES.contains(&signature.len()))
    });
    is_dense && is_within
}

fn is_charter(news: &EpochNews) -> bool {
    let are_signed = news.charter.edicts.iter().all(|edict| edict.signature.len() == HEAD_SIGNATURE_BYTES);
    let are_certified =
        news.charter.certificates.iter().all(|certificate| certificate.signature.len() == HEAD_SIGNATURE_BYTES);
    let is_founded = news.charter.founding.signature.len() == HEAD_SIGNATURE_BYTES;
    is_founded
        && are_signed
        && are_certified
        && news.secret.as_ref().is_none_or(|key| key.secret.0.len() <= SECRET_BYTES_MAX)
}

fn is_head(head: &Head) -> bool {
    head.seq > 0 && head.seq < u64::MAX && head.signature.len() == HEAD_SIGNATURE_BYTES
}

fn is_head_time(time: &HeadTime) -> bool {
    time.seq < u64::MAX && time.signature.len() == STATEMENT_SIGNATURE_BYTES
}

fn is_body(bytes: &[u8]) -> bool {
    bytes.len() <= BODY_BYTES_MAX
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= NAME_BYTES_MAX
}

fn is_schema(schema: &CollectionSchema) -> bool {
    is_name(&schema.name)
        && schema.columns.iter().all(|column| is_name(&column.name) && is_name(&column.type_name))
        && schema.primary_key.iter().all(|position| usize::from(*position) < schema.columns.len())
}

fn is_shape(shape: &ClaimedShape) -> bool {
    is_name(&shape.collection)
        && shape.columns.iter().all(|(name, ty)| is_name(name) && ty.len() <= NAME_BYTES_MAX)
        && shape.primary_key.iter().all(|place| usize::from(*place) < shape.columns.len())
        && shape.signature.len() == HEAD_SIGNATURE_BYTES
}

fn is_stability(stability: &Stability) -> bool {
    stability.contributed.len() <= NETWORK_MEMBERS_MAX / 8
        && stability.marks.iter().all(|mark| mark.least <= mark.greatest && mark.greatest < u64::MAX)
        && stability.marks.is_sorted_by(|a, b| a.origin < b.origin)
        && stability.whole.iter().all(|name| is_name(name))
        && stability.whole.is_sorted()
}

fn is_news(news: &MemberNews) -> bool {
    let is_address = |address: &String| !address.is_empty() && address.len() <= ADDRESS_BYTES_MAX;
    news.addresses.iter().all(is_address) && news.signature.len() == STATEMENT_SIGNATURE_BYTES
}

fn is_votes(votes: &Votes) -> bool {
    let is_vote = |vote: &Vote| {
        let is_position = usize::try_from(vote.position).is_ok_and(|position| position < NETWORK_MEMBERS_MAX);
        is_position && vote.signature.len() == STATEMENT_SIGNATURE_BYTES
    };
    votes.signers.len() <= NETWORK_MEMBERS_MAX / 8 && votes.votes.iter().all(is_vote)
}

fn is_ask(ask: &ReconcileAsk) -> bool {
    match ask {
        ReconcileAsk::Open { .. } | ReconcileAsk::Close => true,
        ReconcileAsk::Tree { collection, level, nodes } => {
            // A level has 16^level nodes; the children of the last one are the buckets.
            let width = 1_u32 << (4 * u32::from(*level).min(3));
            let are_nodes = nodes.iter().all(|node| u32::from(*node) < width);
            is_name(collection) && *level < TREE_DEPTH && !nodes.is_empty() && are_nodes
        }
        ReconcileAsk::Digests { collection, after, until, .. } => {
            let is_range = after.as_ref().zip(until.as_ref()).is_none_or(|(after, until)| after < until);
            is_name(collection) && is_range
        }
        ReconcileAsk::Entries { collection, key_hashes, .. } => is_name(collection) && !key_hashes.is_empty(),
        ReconcileAsk::Page { collection, .. } | ReconcileAsk::NextPage { collection } => is_name(collection),
    }
}

fn is_answer(answer: &ReconcileAnswer) -> bool {
    let are_entries =
        |entries: &[PublicEntry]| entries.iter().all(|entry| entry.key.len().max(entry.body.len()) <= BODY_BYTES_MAX);
    match answer {
        ReconcileAnswer::View { heads, whole, partial, .. } => {
            heads.iter().all(is_head) && whole.iter().chain(partial).all(|name| is_name(name))
        }
        ReconcileAnswer::Tree { children } => children.len() % TREE_FANOUT == 0,
        ReconcileAnswer::Digests(digests) => digests.digests.iter().all(|digest| {
            let is_origin = |position: &u32| usize::try_from(*position).is_ok_and(|at| at < digests.origins.len());
            digest.clock.iter().all(|(position, _)| is_origin(position))
        }),
        ReconcileAnswer::Entries { entries, .. } => are_entries(entries),
        ReconcileAnswer::Refused => true,
    }
}
