//! Fetching a blob from members, wherever it is to be had.
//!
//! Holders are asked one after the other. What one has sent before it broke off is kept and the next one goes on behind
//! it; the whole is compared with its hash at the end, before it gets its name. Where that fails, whoever sent all of it
//! lied; where several had a part in it, it is fetched again from each alone. What is left of a fetch that found nobody to
//! finish it waits for the next one for a while. Reading from the network, and opening, hashing and writing run side by
//! side.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::io::AsyncRead;
use libp2p::Stream;
use parking_lot::Mutex;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use crate::error::{Error, ErrorKind, Result};
use crate::metrics;
use crate::model::{NetworkId, PeerId};
use crate::store::{BlobHash, BlobStore, BlobWriter};
use crate::sync::blobs::serve::blocking;
use crate::sync::blobs::wire::{BLOB_FRAME_BYTES, BLOB_TALK_BYTES_MAX, BlobAnswer, BlobRequest};
use crate::sync::protocol::frames::{FrameHeader, FrameReader, FrameWriter, read_header, read_sealed};
use crate::sync::protocol::proof::{Keyring, Parties, Purpose};
use crate::sync::protocol::seal::Opener;
use crate::sync::transport::link_tasks::{PROOF_TIMEOUT, fresh_nonce, prove};
use crate::types::limits::BLOB_BYTES_MAX;

/// Blobs that are being fetched, at most; others wait.
const FETCHED_MAX: usize = 8;
/// How long a holder may take for its next frame.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Frames that wait to be opened and written.
const FRAMES_AHEAD: usize = 4;
/// Bytes that are written before they are brought to disk, while more come.
const SYNC_BYTES: u64 = 16 * 1024 * 1024;
/// How often all holders are asked, as long as something comes of it.
const ROUNDS_MAX: usize = 4;
/// How long holders that are busy are given.
const BUSY_DELAY: Duration = Duration::from_millis(500);
/// Unfinished blobs that are kept, at most, and for how long.
const UNFINISHED_MAX: usize = 4;
const UNFINISHED_KEPT: Duration = Duration::from_secs(300);

/// Asks the node's task for a stream to a peer.
pub struct OpenBlobStream {
    pub peer: PeerId,
    pub reply: oneshot::Sender<Result<Stream>>,
}

/// What to fetch, and where it may be.
#[derive(Clone)]
pub struct BlobFetch {
    pub network: NetworkId,
    pub hash: BlobHash,
    /// The size that the entry names.
    pub size: Option<u64>,
    /// Connected members, likeliest first.
    pub holders: Vec<PeerId>,
    pub keyring: Arc<Keyring>,
}

/// What fetches share.
pub struct Fetcher {
    this: PeerId,
    store: BlobStore,
    streams: mpsc::Sender<OpenBlobStream>,
    slots: Semaphore,
    unfinished: Mutex<Vec<(BlobHash, BlobWriter, Instant)>>,
}

/// What a fetch came to.
pub struct Fetched {
    pub result: Result<()>,
    /// It was not here before.
    pub has_come: bool,
    /// Holders whose bytes had another hash.
    pub liars: Vec<PeerId>,
}

/// How one holder answered.
enum FromHolder {
    /// All bytes are there.
    Whole,
    /// It has the blob and broke off.
    Part(Error),
    NotHere,
    Busy,
    Failed(Error),
}

impl Fetcher {
    pub fn new(this: PeerId, store: BlobStore, streams: mpsc::Sender<OpenBlobStream>) -> Self {
        Fetcher { this, store, streams, slots: Semaphore::new(FETCHED_MAX), unfinished: Mutex::default() }
    }

    /// Brings a blob into the store.
    pub async fn fetch(&self, fetch: BlobFetch) -> Fetched {
        let (mut liars, mut has_come) = (Vec::new(), false);
        let result = self.fetch_from_any(&fetch, &mut liars, &mut has_come).await;
        Fetched { result, has_come, liars }
    }

    async fn fetch_from_any(&self, fetch: &BlobFetch, liars: &mut Vec<PeerId>, has_come: &mut bool) -> Result<()> {
        let _slot = self.slots.acquire().await.map_err(|_| Error::new(ErrorKind::Shutdown, "the node is stopping"))?;
        let (store, hash) = (self.store.clone(), fetch.hash);
        if blocking(move || Ok(store.size(&hash).is_ok())).await? {
            return Ok(());
        }
        let mut writer = self.take_unfinished(&fetch.hash)?;
        let mut said = vec![String::new(); fetch.holders.len()];
        let mut contributors = usize::from(writer.size() > 0);
        for _ in 0..ROUNDS_MAX {
            let mut is_worth_another_round = false;
            for (holder, said) in fetch.holders.iter().zip(&mut said) {
                if liars.contains(holder) {
                    continue;
                }
                let before = writer.size();
                let outcome;
                (writer, outcome) = self.fetch_from(fetch, holder, writer).await?;
                contributors += usize::from(writer.size() > before);
                is_worth_another_round |= matches!(outcome, FromHolder::Part(_) | FromHolder::Busy);
                *said = outcome.words();
                if !matches!(outcome, FromHolder::Whole) {
                    continue;
                }
                let expected = fetch.hash;
                match blocking(move || writer.finish_as(&expected)).await {
                    Ok(_) => {
                        *has_come = true;
                        return Ok(());
                    }
                    Err(error) if error.kind() != ErrorKind::Corrupted => return Err(error),
                    // One of several may have sent the wrong part: the next begins again, alone.
                    Err(_) if contributors == 1 => liars.push(holder.clone()),
                    Err(_) => is_worth_another_round = true,
                }
                *said = "sent bytes with another hash".to_string();
                (writer, contributors) = (self.store.writer()?, 0);
            }
            if !is_worth_another_round {
                break;
            }
            tokio::time::sleep(BUSY_DELAY).await;
        }
        self.keep_unfinished(fetch.hash, writer);
        Err(nobody(fetch, &said))
    }

    /// Asks one holder for what the writer lacks.
    async fn fetch_from(
        &self,
        fetch: &BlobFetch,
        holder: &PeerId,
        writer: BlobWriter,
    ) -> Result<(BlobWriter, FromHolder)> {
        let offset = writer.size();
        let asked = self.ask(fetch, holder, offset).await;
        let (frames, answer) = match asked {
            Ok(asked) => asked,
            Err(error) => return Ok((writer, FromHolder::Failed(error))),
        };
        let size = match answer {
            BlobAnswer::NotHere => return Ok((writer, FromHolder::NotHere)),
            BlobAnswer::Busy => return Ok((writer, FromHolder::Busy)),
            BlobAnswer::Found { size } => size,
        };
        let size_max = u64::try_from(BLOB_BYTES_MAX).unwrap_or(u64::MAX);
        if fetch.size.is_some_and(|expected| expected != size) || size > size_max || size < offset {
            let error = Error::new(ErrorKind::ProtocolViolation, format!("it says that the blob has {size} bytes"));
            return Ok((writer, FromHolder::Failed(error)));
        }
        let (mut stream, opener) = frames.into_parts();
        let (sender, sealed) = mpsc::channel(FRAMES_AHEAD);
        let writing = tokio::task::spawn_blocking(move || open_and_write(writer, size, opener, sealed));
        let read = read_all(&mut stream, &sender).await;
        drop(sender);
        let stopped = |error| Error::internal(format!("writing a blob stopped: {error}"));
        let (writer, written) = writing.await.map_err(stopped)?;
        match (read, written) {
            (_, Err(error)) if error.kind() != ErrorKind::ProtocolViolation => Err(error),
            (_, Err(error)) | (Err(error), Ok(())) => Ok((writer, FromHolder::Part(error))),
            (Ok(()), Ok(())) if writer.size() == size => Ok((writer, FromHolder::Whole)),
            (Ok(()), Ok(())) => {
                let error = Error::new(ErrorKind::ProtocolViolation, "it stopped before the end");
                Ok((writer, FromHolder::Part(error)))
            }
        }
    }

    /// Proves the network's key to a holder and asks for a blob.
    async fn ask(&self, fetch: &BlobFetch, holder: &PeerId, offset: u64) -> Result<(FrameReader<Stream>, BlobAnswer)> {
        let gone = |_| Error::new(ErrorKind::Io, "it is not connected");
        let asked = async {
            let (reply, answer) = oneshot::channel();
            self.streams.send(OpenBlobStream { peer: holder.clone(), reply }).await.map_err(|_| stopping())?;
            let mut stream = answer.await.map_err(gone)??;
            let epoch = fetch.keyring.epochs(fetch.network).first().copied().unwrap_or_default();
            let parties = Parties { purpose: Purpose::Blob, initiator: &self.this, responder: holder };
            let hello = fetch
                .keyring
                .hello(fetch.network, epoch, parties, fresh_nonce()?)
                .ok_or_else(|| Error::new(ErrorKind::InsufficientPrivilege, "it is not let in"))?;
            let keys = prove(&mut stream, &hello).await?;
            let mut writer = FrameWriter::new(stream, &keys.to_responder);
            let request = BlobRequest { hash: fetch.hash, offset };
            writer
                .write(|buffer| {
                    request.encode(buffer);
                    Ok(())
                })
                .await?;
            writer.flush().await?;
            let mut frames = FrameReader::new(writer.into_parts().0, &keys.to_initiator);
            let answer = BlobAnswer::decode(&frames.short(BLOB_TALK_BYTES_MAX).await?)?;
            Ok((frames, answer))
        };
        timeout(PROOF_TIMEOUT, asked).await.map_err(|_| Error::new(ErrorKind::Io, "it does not answer"))?
    }

    fn take_unfinished(&self, hash: &BlobHash) -> Result<BlobWriter> {
        let mut unfinished = self.unfinished.lock();
        unfinished.retain(|(_, _, since)| since.elapsed() < UNFINISHED_KEPT);
        match unfinished.iter().position(|(kept, _, _)| kept == hash) {
            Some(position) => Ok(unfinished.swap_remove(position).1),
            None => self.store.writer(),
        }
    }

    fn keep_unfinished(&self, hash: BlobHash, writer: BlobWriter) {
        if writer.size() > 0 {
            let mut unfinished = self.unfinished.lock();
            if unfinished.len() >= UNFINISHED_MAX {
                unfinished.remove(0);
            }
            unfinished.push((hash, writer, Instant::now()));
        }
    }
}

impl FromHolder {
    fn words(&self) -> String {
        match self {
            FromHolder::Whole => "has sent it".to_string(),
            FromHolder::NotHere => "does not have it".to_string(),
            FromHolder::Busy => "is busy".to_string(),
            FromHolder::Part(error) => format!("broke off: {}", error.message()),
            FromHolder::Failed(error) => error.message().to_string(),
        }
    }
}

/// The frames of a blob, as they come.
async fn read_all<R: AsyncRead + Unpin>(stream: &mut R, sender: &mpsc::Sender<(FrameHeader, Vec<u8>)>) -> Result<()> {
    loop {
        let next = async {
            let Some(header) = read_header(stream).await? else { return Ok(None) };
            if header.bytes() > BLOB_FRAME_BYTES {
                return Err(Error::new(ErrorKind::ProtocolViolation, "a frame of a blob is too long"));
            }
            Ok(Some((header, read_sealed(stream, header).await?)))
        };
        let next = timeout(STALL_TIMEOUT, next).await;
        let Some(frame) = next.map_err(|_| Error::new(ErrorKind::Io, "it has stopped sending"))?? else {
            return Ok(());
        };
        // The writer ends first where it has enough or cannot go on; it says why.
        if sender.send(frame).await.is_err() {
            return Ok(());
        }
    }
}

/// Opens frames and appends them until the blob has `size` bytes or no more come.
fn open_and_write(
    mut writer: BlobWriter,
    size: u64,
    mut opener: Opener,
    mut sealed: mpsc::Receiver<(FrameHeader, Vec<u8>)>,
) -> (BlobWriter, Result<()>) {
    let mut run = || {
        let mut synced = writer.size();
        while let Some((header, mut body)) = sealed.blocking_recv() {
            opener.open(header.raw(), &mut body)?;
            if writer.size() + body.len() as u64 > size {
                return Err(Error::new(ErrorKind::ProtocolViolation, "it sent more than the blob has"));
            }
            writer.write_all(&body)?;
            if writer.size() - synced >= SYNC_BYTES {
                writer.sync()?;
                synced = writer.size();
            }
            metrics::SYNC_BLOB_BYTES_RECEIVED.add(body.len() as u64);
        }
        Ok(())
    };
    let result = run();
    (writer, result)
}

fn nobody(fetch: &BlobFetch, said: &[String]) -> Error {
    let message = match fetch.holders.len() {
        0 => format!("blob {} is not here, and no member of its network is connected", fetch.hash),
        count => format!("blob {} is not here and could not be fetched: {count} members were asked", fetch.hash),
    };
    let asked: Vec<_> = fetch.holders.iter().zip(said).map(|(holder, said)| format!("{holder}: {said}")).collect();
    let error = Error::new(ErrorKind::Io, message)
        .with_hint("Try again when the peer that stored it, or another that has fetched it, is connected.");
    if asked.is_empty() { error } else { error.with_detail(asked.join("; ")) }
}

fn stopping() -> Error {
    Error::new(ErrorKind::Shutdown, "the node is stopping")
}
