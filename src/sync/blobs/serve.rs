//! Serving blobs to members.
//!
//! Only blobs that the public state of some entry in an attached collection refers to are served; anything else is not
//! here, whether the file exists or not. Reading and sealing happen on a blocking thread, a few frames ahead of the
//! writing, so that neither waits for the other.

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

use crate::error::{Error, ErrorKind, Result};
use crate::metrics;
use crate::model::{NetworkId, PeerId};
use crate::store::{BlobHash, BlobStore};
use crate::sync::blobs::wire::{BLOB_FRAME_BYTES, BLOB_TALK_BYTES_MAX, BlobAnswer, BlobRequest};
use crate::sync::protocol::frames::{FrameReader, FrameWriter};
use crate::sync::protocol::proof::SecretKey;
use crate::sync::protocol::seal::{HEADER_BYTES, Sealer, TAG_BYTES, begin_frame};

/// Blobs that are being served, at most, besides one to each member.
const SERVED_MAX: usize = 32;
/// Blobs that are being served to one peer, at most.
const SERVED_PER_PEER_MAX: usize = 8;
/// Requests that one peer may make in a minute.
const REQUESTS_PER_MINUTE_MAX: u32 = 1200;
/// How long an asker may take to say what it wants.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it may take to accept a frame.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Sealed frames that wait to be written.
const FRAMES_AHEAD: usize = 4;

/// Says whether a network's public entries refer to a blob.
pub type IsPublic = Arc<dyn Fn(NetworkId, &BlobHash) -> Result<bool> + Send + Sync>;

/// What is served, and to whom just now.
pub struct BlobServer {
    store: BlobStore,
    is_public: IsPublic,
    slots: Arc<Semaphore>,
    askers: Mutex<HashMap<PeerId, Asker>>,
}

struct Asker {
    served: usize,
    minute_began: Instant,
    requests: u32,
}

impl BlobServer {
    pub fn new(store: BlobStore, is_public: IsPublic) -> Self {
        let slots = Arc::new(Semaphore::new(SERVED_MAX));
        BlobServer { store, is_public, slots, askers: Mutex::default() }
    }

    /// Answers one request on a stream whose opener has proved the network's key; `key` is for what goes back.
    ///
    /// # Errors
    /// 08P01 for a request that cannot be read, 54000 for an asker that stops reading, 58030 for a broken stream or file.
    pub async fn serve<S>(
        &self,
        network: NetworkId,
        peer: &PeerId,
        mut frames: FrameReader<S>,
        key: &SecretKey,
    ) -> Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let request = timeout(REQUEST_TIMEOUT, frames.short(BLOB_TALK_BYTES_MAX)).await;
        let request = BlobRequest::decode(&request.map_err(|_| stalled())??)?;
        let mut writer = FrameWriter::new(frames.into_parts().0, key);
        let Some(_admitted) = self.admit(peer) else {
            return say(writer, BlobAnswer::Busy).await;
        };
        let (store, is_public) = (self.store.clone(), Arc::clone(&self.is_public));
        let found = blocking(move || find(&store, &is_public, network, &request)).await?;
        let Some((file, size)) = found else {
            return say(writer, BlobAnswer::NotHere).await;
        };
        let answer = |buffer: &mut Vec<u8>| {
            BlobAnswer::Found { size }.encode(buffer);
            Ok(())
        };
        timeout(STALL_TIMEOUT, writer.write(answer)).await.map_err(|_| stalled())??;
        writer.flush().await?;
        let (mut stream, sealer) = writer.into_parts();
        let (sender, mut sealed) = mpsc::channel(FRAMES_AHEAD);
        let reading = tokio::task::spawn_blocking(move || read_and_seal(file, size - request.offset, sealer, &sender));
        while let Some(frame) = sealed.recv().await {
            timeout(STALL_TIMEOUT, stream.write_all(&frame)).await.map_err(|_| stalled())??;
            metrics::SYNC_BLOB_BYTES_SENT.add(frame.len() as u64);
        }
        reading.await.map_err(|error| Error::internal(format!("reading a blob stopped: {error}")))??;
        timeout(STALL_TIMEOUT, stream.close()).await.map_err(|_| stalled())??;
        Ok(())
    }

    /// Counts a request; `None` where the peer has too many. Counted until the answer is dropped.
    fn admit(&self, peer: &PeerId) -> Option<Admitted<'_>> {
        let mut askers = self.askers.lock();
        let minute = Duration::from_secs(60);
        askers.retain(|_, asker| asker.served > 0 || asker.minute_began.elapsed() < minute);
        let fresh = Asker { served: 0, minute_began: Instant::now(), requests: 0 };
        let slot = Arc::clone(&self.slots).try_acquire_owned().ok();
        let asker = askers.entry(peer.clone()).or_insert(fresh);
        if asker.minute_began.elapsed() >= minute {
            (asker.minute_began, asker.requests) = (Instant::now(), 0);
        }
        // One at a time is served to each member, so that nobody keeps the others from it by reading slowly.
        let has_place = slot.is_some() || asker.served == 0;
        if !has_place || asker.served >= SERVED_PER_PEER_MAX || asker.requests >= REQUESTS_PER_MINUTE_MAX {
            return None;
        }
        asker.served += 1;
        asker.requests += 1;
        Some(Admitted { server: self, peer: peer.clone(), _slot: slot })
    }
}

struct Admitted<'a> {
    server: &'a BlobServer,
    peer: PeerId,
    _slot: Option<OwnedSemaphorePermit>,
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        if let Some(asker) = self.server.askers.lock().get_mut(&self.peer) {
            asker.served = asker.served.saturating_sub(1);
        }
    }
}

/// The file of a blob that may be served, at the offset, with the size of the whole.
fn find(
    store: &BlobStore,
    is_public: &IsPublic,
    network: NetworkId,
    request: &BlobRequest,
) -> Result<Option<(std::fs::File, u64)>> {
    if !is_public(network, &request.hash)? {
        return Ok(None);
    }
    let opened = store.size(&request.hash).and_then(|size| Ok((store.open(&request.hash)?, size)));
    let (mut file, size) = match opened {
        Err(error) if error.kind() == ErrorKind::UndefinedObject => return Ok(None),
        opened => opened?,
    };
    if request.offset > size {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(request.offset))?;
    Ok(Some((file, size)))
}

/// Seals `left` bytes of a file in frames; ends early where nobody wants them any more.
fn read_and_seal(mut file: impl Read, mut left: u64, mut sealer: Sealer, sender: &mpsc::Sender<Vec<u8>>) -> Result<()> {
    while left > 0 {
        let bytes = usize::try_from(left).unwrap_or(usize::MAX).min(BLOB_FRAME_BYTES);
        let mut frame = Vec::with_capacity(HEADER_BYTES + bytes + TAG_BYTES);
        let start = begin_frame(&mut frame);
        let count = (&mut file).take(bytes as u64).read_to_end(&mut frame)?;
        if count < bytes {
            return Err(Error::new(ErrorKind::Corrupted, "the file of a blob became shorter while it was served"));
        }
        sealer.seal(&mut frame, start)?;
        if sender.blocking_send(frame).is_err() {
            return Ok(());
        }
        left -= bytes as u64;
    }
    Ok(())
}

async fn say<S: AsyncWrite + Unpin>(mut writer: FrameWriter<S>, answer: BlobAnswer) -> Result<()> {
    let speak = async {
        writer
            .write(|buffer| {
                answer.encode(buffer);
                Ok(())
            })
            .await?;
        writer.close().await
    };
    timeout(STALL_TIMEOUT, speak).await.map_err(|_| stalled())?
}

pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::internal(format!("work on a blob stopped: {error}")))?
}

fn stalled() -> Error {
    Error::new(ErrorKind::LimitExceeded, "the peer has stopped")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_reads_slowly_under_many_names_keeps_no_member_from_a_blob() {
        let directory = tempfile::tempdir().unwrap();
        let store = BlobStore::open_directory(directory.path().join("blobs")).unwrap();
        let server = BlobServer::new(store, Arc::new(|_, _| Ok(false)));
        let mut served = Vec::new();
        for name in 0..SERVED_MAX {
            let peer = PeerId::new(format!("liar{name}"));
            while let Some(admitted) = server.admit(&peer) {
                served.push(admitted);
            }
        }
        assert!(served.len() >= SERVED_MAX && served.len() < 2 * SERVED_MAX, "{}", served.len());
        let member = PeerId::new("member");
        let one = server.admit(&member);
        assert!(one.is_some() && server.admit(&member).is_none(), "one at a time");
        drop(one);
        assert!(server.admit(&member).is_some());
    }
}
