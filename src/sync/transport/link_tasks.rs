//! The two ends of a stream between members: the proof at its start, then messages in one direction.
//!
//! A link between two members of a network is a pair of streams, one opened by each side for what it sends. Each end runs
//! as a task of its own and reports to the node's task; encoding, sealing and opening happen here, off that task. The
//! sender's queue is bounded in messages and bytes: who does not keep up loses the link, and catches up by asking, which
//! costs less than a queue without end. The receiver reads only as fast as its messages are taken in, so that a flood
//! waits at the peer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use crate::error::{Error, ErrorKind, Result};
use crate::metrics;
use crate::model::{NetworkId, PeerId};
use crate::sync::protocol::encoding::{Assembler, bytes_of, encode_as};
use crate::sync::protocol::frames::{FrameReader, FrameWriter};
use crate::sync::protocol::message::Message;
use crate::sync::protocol::proof::{Hello, Keyring, Nonce, PROOF_BYTES, Parties, ProofAnswer, Purpose, SessionKeys};

/// How long a peer may take to prove itself.
pub const PROOF_TIMEOUT: Duration = Duration::from_secs(10);
/// Messages that wait to be sent to one peer in one network, at most.
pub const QUEUED_MESSAGES_MAX: usize = 4096;
/// Bytes that wait to be sent to one peer in one network, at most; one message may go beyond it.
pub const QUEUED_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Bytes of messages from all peers that are being taken in, at most.
pub const RECEIVED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long a peer may take to accept what is written to it, and to go on with what it has begun to send.
const STALL_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes of the first frame: the number of an epoch.
const CONFIRM_BYTES: usize = 8;

/// Why a peer proves nothing, in words for people: it does not say which it is.
const REFUSED: &str =
    "it refuses the proof: the secret or the name of the network is another one there, or this node was removed";
const SILENT: &str = "it does not answer the proof of the network's secret";

/// A peer in a network.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkKey {
    pub peer: PeerId,
    pub network: NetworkId,
}

/// The number of one end of a stream, never used twice.
pub type EndId = u64;

/// One end of a stream.
#[derive(Clone, Copy, Debug)]
pub struct LinkEnd {
    pub id: EndId,
    /// The version of the protocol that both ends speak.
    pub version: u8,
}

/// What the ends report.
pub enum LinkEvent {
    /// Both sides of the stream that was opened from here have proved the key.
    OutgoingProven {
        id: EndId,
    },
    /// The peer did not, or went away: why.
    OutgoingRefused {
        id: EndId,
        reason: &'static str,
    },
    /// A peer opened a stream and proved a network's key. Messages are read from it once `start` is used.
    /// `said_epoch` is the epoch as the peer counts: whoever has joined by its secret does not know the number yet.
    IncomingProven {
        id: EndId,
        key: LinkKey,
        epoch: u64,
        said_epoch: u64,
        start: oneshot::Sender<()>,
    },
    /// A peer opened a stream and proved nothing.
    IncomingRefused {
        id: EndId,
        peer: PeerId,
    },
    /// A peer opened a stream for a blob and proved a network's key, or nothing.
    BlobAsked {
        peer: PeerId,
        is_proven: bool,
    },
    Received {
        id: EndId,
        message: Message,
        bytes: usize,
        permit: OwnedSemaphorePermit,
    },
    /// A message has been written, with this many bytes.
    Sent {
        id: EndId,
        bytes: usize,
    },
    /// An end that was proven is gone.
    Closed {
        id: EndId,
        error: Option<Error>,
    },
}

/// Where messages to one peer in one network wait.
pub struct LinkQueue {
    messages: mpsc::Sender<(Message, usize)>,
    queued_bytes: Arc<AtomicUsize>,
}

/// The other end of a [`LinkQueue`].
pub struct QueuedMessages {
    messages: mpsc::Receiver<(Message, usize)>,
    queued_bytes: Arc<AtomicUsize>,
}

/// An empty queue.
pub fn queue() -> (LinkQueue, QueuedMessages) {
    let (sender, receiver) = mpsc::channel(QUEUED_MESSAGES_MAX);
    let queued_bytes = Arc::new(AtomicUsize::new(0));
    (
        LinkQueue { messages: sender, queued_bytes: Arc::clone(&queued_bytes) },
        QueuedMessages { messages: receiver, queued_bytes },
    )
}

impl LinkQueue {
    /// Queues a message.
    ///
    /// # Errors
    /// 54000 when the queue is full or its stream is gone: the link is of no use any more.
    pub fn push(&self, message: Message) -> Result<()> {
        let bytes = bytes_of(&message);
        let queued = self.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
        if queued > QUEUED_BYTES_MAX || self.messages.try_send((message, bytes)).is_err() {
            return Err(Error::new(ErrorKind::LimitExceeded, "the peer does not keep up with what is sent to it"));
        }
        Ok(())
    }
}

/// What an end needs to know of the node.
#[derive(Clone)]
pub struct LinkContext {
    pub this: PeerId,
    pub events: mpsc::Sender<LinkEvent>,
    /// [`RECEIVED_BYTES_MAX`] permits.
    pub received_bytes: Arc<Semaphore>,
    /// One permit, for messages of several frames.
    pub received_long: Arc<Semaphore>,
    /// How long a peer may take to send a frame that it has announced, or that a message still lacks: until then it holds room that
    /// others wait for.
    pub patience: Duration,
}

impl LinkContext {
    pub fn new(this: PeerId, events: mpsc::Sender<LinkEvent>) -> Self {
        let received_bytes = Arc::new(Semaphore::new(RECEIVED_BYTES_MAX));
        let received_long = Arc::new(Semaphore::new(1));
        LinkContext { this, events, received_bytes, received_long, patience: STALL_TIMEOUT }
    }

    async fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit> {
        let wanted = u32::try_from(bytes.max(1)).unwrap_or(u32::MAX);
        Arc::clone(&self.received_bytes).acquire_many_owned(wanted).await.map_err(|_| stopping())
    }

    /// Room for more than was taken, without waiting: whoever holds some must not wait for others that do.
    fn more_room(&self, permit: &mut OwnedSemaphorePermit, bytes: usize) -> bool {
        let wanted = u32::try_from(bytes).unwrap_or(u32::MAX);
        let taken = Arc::clone(&self.received_bytes).try_acquire_many_owned(wanted);
        taken.map(|more| permit.merge(more)).is_ok()
    }

    async fn sent_on<T>(&self, read: impl Future<Output = Result<T>>) -> Result<T> {
        timeout(self.patience, read)
            .await
            .map_err(|_| Error::new(ErrorKind::LimitExceeded, "the peer has stopped within a message"))?
    }

    async fn room_for_long(&self) -> Result<OwnedSemaphorePermit> {
        Arc::clone(&self.received_long).acquire_owned().await.map_err(|_| stopping())
    }

    async fn report(&self, event: LinkEvent) {
        // The node's task is gone when the node stops; nobody wants to know then.
        drop(self.events.send(event).await);
    }
}

/// Runs the end that sends: proves the network's key on a fresh stream, then sends what is queued until the queue is dropped.
pub async fn run_outgoing<S>(
    context: LinkContext,
    end: LinkEnd,
    mut stream: S,
    hello: Hello,
    mut queued: QueuedMessages,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let id = end.id;
    let proven = timeout(PROOF_TIMEOUT, prove(&mut stream, &hello)).await;
    let keys = match proven {
        Ok(Ok(keys)) => keys,
        Ok(Err(_)) => return context.report(LinkEvent::OutgoingRefused { id, reason: REFUSED }).await,
        Err(_) => return context.report(LinkEvent::OutgoingRefused { id, reason: SILENT }).await,
    };
    context.report(LinkEvent::OutgoingProven { id }).await;
    let mut writer = FrameWriter::new(stream, &keys.to_responder);
    let result = send_all(&context, end, hello.epoch, &mut writer, &mut queued).await;
    if result.is_ok() {
        // The peer sees the end either way; a failure means that it is gone already.
        drop(timeout(PROOF_TIMEOUT, writer.close()).await);
    }
    context.report(LinkEvent::Closed { id, error: result.err() }).await;
}

/// The initiator's side of the proof.
///
/// # Errors
/// 08P01 where the peer does not prove the key, 58030 when it resets the stream.
pub async fn prove<S>(stream: &mut S, hello: &Hello) -> Result<SessionKeys>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(&hello.bytes).await?;
    stream.flush().await?;
    let mut reply = [0; PROOF_BYTES];
    stream.read_exact(&mut reply).await?;
    hello.finish(&reply).ok_or_else(|| refused("the peer does not prove the key"))
}

async fn send_all<S>(
    context: &LinkContext,
    LinkEnd { id, version }: LinkEnd,
    epoch: u64,
    writer: &mut FrameWriter<S>,
    queued: &mut QueuedMessages,
) -> Result<()>
where
    S: AsyncWrite + Unpin,
{
    // The first frame shows that the session key is known here, and tells the number of its epoch.
    let append = |buffer: &mut Vec<u8>| {
        buffer.extend_from_slice(&epoch.to_le_bytes());
        Ok(())
    };
    writer.write(append).await?;
    stalled(writer.flush()).await?;
    while let Some(first) = queued.messages.recv().await {
        let (mut next, mut sent) = (Some(first), Vec::new());
        while let Some((message, bytes)) = next {
            queued.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
            sent.push(send(writer, &message, version).await?);
            next = queued.messages.try_recv().ok();
        }
        stalled(writer.flush()).await?;
        for bytes in sent {
            context.report(LinkEvent::Sent { id, bytes }).await;
        }
    }
    Ok(())
}

/// Writes one message; its bytes.
async fn send<S>(writer: &mut FrameWriter<S>, message: &Message, version: u8) -> Result<usize>
where
    S: AsyncWrite + Unpin,
{
    let mut bytes = 0;
    for part in encode_as(message, version)? {
        bytes += part.len();
        let append = |buffer: &mut Vec<u8>| {
            buffer.extend_from_slice(&part);
            Ok(())
        };
        stalled(writer.write(append)).await?;
    }
    metrics::SYNC_MESSAGES_SENT.add(1);
    metrics::SYNC_DELTAS_SENT.add(message.deltas());
    metrics::SYNC_BYTES_SENT.add(bytes as u64);
    Ok(bytes)
}

async fn stalled<T>(write: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(STALL_TIMEOUT, write)
        .await
        .map_err(|_| Error::new(ErrorKind::LimitExceeded, "the peer has stopped reading"))?
}

/// The responder's side of the proof, up to the first frame, with which the initiator shows that it knows the session key.
///
/// # Errors
/// 08P01 for whoever does not prove a key: the stream is to be dropped without a word.
pub async fn answer<S>(mut stream: S, parties: Parties<'_>, keyring: &Keyring) -> Result<(ProofAnswer, FrameReader<S>)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut hello = [0; PROOF_BYTES];
    stream.read_exact(&mut hello).await?;
    let proven = keyring.answer(parties, &hello, fresh_nonce()?);
    let answer = proven.ok_or_else(|| refused("the peer proves no network's key"))?;
    stream.write_all(&answer.reply).await?;
    stream.flush().await?;
    let frames = FrameReader::new(stream, &answer.keys.to_responder);
    Ok((answer, frames))
}

/// Runs the end that receives: lets the peer prove a network's key, then hands over its messages.
pub async fn run_incoming<S>(context: LinkContext, end: LinkEnd, peer: PeerId, keyring: Arc<Keyring>, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let id = end.id;
    let proven = timeout(PROOF_TIMEOUT, async {
        let parties = Parties { purpose: Purpose::Sync, initiator: &peer, responder: &context.this };
        let (answer, mut frames) = answer(stream, parties, &keyring).await?;
        let said = frames.short(CONFIRM_BYTES).await?;
        let said = said.as_slice().try_into().map_err(|_| refused("the first frame tells no epoch"))?;
        Ok::<_, Error>((answer, u64::from_le_bytes(said), frames))
    })
    .await;
    drop(keyring);
    let Ok(Ok((answer, said_epoch, frames))) = proven else {
        context.report(LinkEvent::IncomingRefused { id, peer }).await;
        return;
    };
    let (start, started) = oneshot::channel();
    let key = LinkKey { peer, network: answer.network };
    context.report(LinkEvent::IncomingProven { id, key, epoch: answer.epoch, said_epoch, start }).await;
    // Dropped without being used where this stream is not wanted.
    if started.await.is_ok() {
        let result = receive_all(&context, end, frames).await;
        context.report(LinkEvent::Closed { id, error: result.err() }).await;
    }
}

async fn receive_all<R>(
    context: &LinkContext,
    LinkEnd { id, version }: LinkEnd,
    mut frames: FrameReader<R>,
) -> Result<()>
where
    R: AsyncRead + Unpin,
{
    let mut assembler = Assembler::of(version);
    while let Some(first) = frames.header().await? {
        // Room is taken before memory is: what others have sent and is not taken in yet is waited for.
        let mut permit = context.room(first.bytes()).await?;
        let body = context.sent_on(frames.body(first)).await?;
        let mut bytes = body.len();
        let more = assembler.bytes_of(&body).saturating_sub(bytes);
        let is_long = more > 0 && !context.more_room(&mut permit, more);
        if is_long {
            permit = context.room_for_long().await?;
        }
        let mut message = assembler.push(&body)?;
        drop(body);
        if message.is_none() {
            // One message of several frames at a time, in room of its own, so that two halves never wait for each other.
            if !is_long {
                permit = context.room_for_long().await?;
            }
            while message.is_none() {
                let next = context
                    .sent_on(frames.header())
                    .await?
                    .ok_or_else(|| Error::new(ErrorKind::Io, "the stream ended within a message"))?;
                let body = context.sent_on(frames.body(next)).await?;
                bytes += body.len();
                message = assembler.push(&body)?;
            }
        }
        if let Some(message) = message {
            context.report(LinkEvent::Received { id, message, bytes, permit }).await;
        }
    }
    Ok(())
}

fn stopping() -> Error {
    Error::new(ErrorKind::Shutdown, "the node is stopping")
}

fn refused(message: &str) -> Error {
    Error::new(ErrorKind::ProtocolViolation, message)
}

/// A nonce that was never used.
///
/// # Errors
/// XX000 where the system gives no randomness.
pub fn fresh_nonce() -> Result<Nonce> {
    let mut nonce = [0; 32];
    getrandom::fill(&mut nonce).map_err(|error| Error::internal(format!("no randomness: {error}")))?;
    Ok(nonce)
}

#[cfg(test)]
#[path = "link_tasks_tests.rs"]
mod tests;
