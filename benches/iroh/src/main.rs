//! The same work as in benches/sync.py, done by iroh-docs and iroh-blobs on loopback: prints one JSON object.
//!
//! All nodes live in this process, with their stores on disk. A relay, address lookup and anything beyond loopback are off.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use iroh::endpoint::presets;
use iroh::protocol::Router;
use iroh::{Endpoint, RelayMode};
use iroh_blobs::BlobsProtocol;
use iroh_blobs::api::Store;
use iroh_blobs::store::fs::FsStore;
use iroh_docs::api::Doc;
use iroh_docs::api::protocol::{AddrInfoOptions, ShareMode};
use iroh_docs::engine::LiveEvent;
use iroh_docs::protocol::Docs;
use iroh_gossip::net::Gossip;
use n0_future::{Stream, StreamExt};
use serde_json::json;
use tempfile::TempDir;

/// No measurement takes longer.
const SECONDS_MAX: u64 = 300;
const LIVE_ENTRIES: usize = 400;
const LIVE_WARM_UP: usize = 50;
const DELTA_BYTES: usize = 300;
const BLOB_MIB: usize = 128;

struct Node {
    router: Router,
    blobs: Store,
    docs: Docs,
    _directory: TempDir,
}

impl Node {
    async fn start() -> Result<Node> {
        let directory = tempfile::tempdir()?;
        let endpoint = Endpoint::builder(presets::Minimal)
            .relay_mode(RelayMode::Disabled)
            .clear_address_lookup()
            .clear_ip_transports()
            .bind_addr((Ipv4Addr::LOCALHOST, 0))?
            .bind()
            .await?;
        let store = FsStore::load(directory.path().join("blobs")).await?;
        let blobs: Store = (*store).clone();
        let gossip = Gossip::builder().spawn(endpoint.clone());
        let folder = directory.path().join("docs");
        std::fs::create_dir(&folder)?;
        let docs = Docs::persistent(folder).spawn(endpoint.clone(), blobs.clone(), gossip.clone()).await?;
        let router = Router::builder(endpoint)
            .accept(iroh_blobs::ALPN, BlobsProtocol::new(&blobs, None))
            .accept(iroh_gossip::ALPN, gossip)
            .accept(iroh_docs::ALPN, docs.clone())
            .spawn();
        Ok(Node { router, blobs, docs, _directory: directory })
    }

    async fn join(&self, doc: &Doc) -> Result<(Doc, impl Stream<Item = Result<LiveEvent>> + Unpin + use<>)> {
        let ticket = doc.share(ShareMode::Write, AddrInfoOptions::Addresses).await?;
        let (joined, events) = self.docs.import_and_subscribe(ticket).await?;
        Ok((joined, Box::pin(events)))
    }
}

/// From before an entry is set on one node until its content can be read on another.
async fn live() -> Result<serde_json::Value> {
    let (first, second, third) = (Node::start().await?, Node::start().await?, Node::start().await?);
    let author = first.docs.author_create().await?;
    let doc = first.docs.create().await?;
    let (_second_doc, mut events) = second.join(&doc).await?;
    let (_third_doc, _third_events) = third.join(&doc).await?;
    wait_for(&mut events, |event| matches!(event, LiveEvent::SyncFinished(_))).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut waits = Vec::with_capacity(LIVE_ENTRIES);
    for number in 0..LIVE_ENTRIES {
        let value = format!(r#"{{"kind": "live", "number": {number}}}"#);
        let started = Instant::now();
        let hash = doc.set_bytes(author, format!("live-{number}"), value).await?;
        wait_for(&mut events, |event| match event {
            LiveEvent::ContentReady { hash: ready } => *ready == hash,
            LiveEvent::InsertRemote { entry, content_status, .. } => {
                entry.content_hash() == hash && *content_status == iroh_docs::ContentStatus::Complete
            }
            _ => false,
        })
        .await?;
        waits.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    let mut waits = waits.split_off(LIVE_WARM_UP);
    waits.sort_by(f64::total_cmp);
    let at = |share: usize| waits.get((waits.len() * share / 100).saturating_sub(1)).copied();
    Ok(json!({"p50_ms": at(50), "p99_ms": at(99)}))
}

/// A node joins that has nothing: how fast it learns of the entries, and how fast it has their contents.
async fn deltas(count: usize) -> Result<serde_json::Value> {
    let (first, late) = (Node::start().await?, Node::start().await?);
    let author = first.docs.author_create().await?;
    let doc = first.docs.create().await?;
    for number in 0..count {
        let value = format!(r#"{{"n": {number:06}, "t": "{}"}}"#, "x".repeat(DELTA_BYTES - 23));
        doc.set_bytes(author, format!("delta-{number:06}"), value).await?;
    }
    let started = Instant::now();
    let (_joined, mut events) = late.join(&doc).await?;
    let (mut entries, mut contents) = (0_usize, 0_usize);
    let mut entries_seconds = None;
    while contents < count && started.elapsed() < Duration::from_secs(SECONDS_MAX) {
        let Ok(event) = tokio::time::timeout(Duration::from_secs(20), events.next()).await else { break };
        match event.context("the events ended")?? {
            LiveEvent::InsertRemote { content_status, .. } => {
                entries += 1;
                contents += usize::from(content_status == iroh_docs::ContentStatus::Complete);
                if entries == count {
                    entries_seconds = Some(started.elapsed().as_secs_f64());
                }
            }
            LiveEvent::ContentReady { .. } => contents += 1,
            _ => {}
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    Ok(json!({
        "count": count,
        "entries_per_second": entries_seconds.map(|seconds| count as f64 / seconds),
        "contents_per_second": contents as f64 / seconds,
        "contents": contents,
    }))
}

/// One blob, from the question to its last byte on the disk of the one that asked, and read back.
async fn blob() -> Result<serde_json::Value> {
    let (first, second) = (Node::start().await?, Node::start().await?);
    let mut content = vec![0_u8; BLOB_MIB << 20];
    for (position, word) in content.chunks_exact_mut(8).enumerate() {
        word.copy_from_slice(&(position as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
    }
    let tag = first.blobs.add_bytes(content.clone()).await?;
    // The address has to be known before: a connection is made with it, as it is there in the other measurement.
    let doc = first.docs.create().await?;
    let (_joined, mut events) = second.join(&doc).await?;
    wait_for(&mut events, |event| matches!(event, LiveEvent::SyncFinished(_))).await?;
    let downloader = second.blobs.downloader(second.router.endpoint());
    let started = Instant::now();
    downloader.download(tag.hash, Some(first.router.endpoint().id())).await?;
    let read = second.blobs.get_bytes(tag.hash).await?;
    let seconds = started.elapsed().as_secs_f64();
    if read.len() != content.len() {
        bail!("a blob of {} bytes in place of {}", read.len(), content.len());
    }
    Ok(json!({"megabytes_per_second": content.len() as f64 / 1e6 / seconds}))
}

async fn wait_for(
    events: &mut (impl Stream<Item = Result<LiveEvent>> + Unpin),
    mut wanted: impl FnMut(&LiveEvent) -> bool,
) -> Result<()> {
    let found = async {
        while let Some(event) = events.next().await {
            if wanted(&event?) {
                return Ok(());
            }
        }
        bail!("the events ended")
    };
    tokio::time::timeout(Duration::from_secs(SECONDS_MAX), found).await?
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let measured = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["live"] => live().await?,
        ["deltas", count] => deltas(count.parse()?).await?,
        ["blob"] => blob().await?,
        _ => bail!("use: iroh-peers live | deltas COUNT | blob"),
    };
    println!("{measured}");
    Ok(())
}
