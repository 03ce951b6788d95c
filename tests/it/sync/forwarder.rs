//! A bad link between two nodes: a process of the tests' own that passes TCP on, late, in pieces, or not at all.
//!
//! Bytes are never changed or dropped inside a connection, since TCP would not do that either; what a lossy link does to
//! TCP is delays and connections that end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// Bytes that are passed on at once, at most.
const PIECE_BYTES: usize = 1024;

/// How the link is at the moment.
struct Link {
    target: SocketAddr,
    delay_ms: AtomicU64,
    is_cut: AtomicBool,
    /// Connections that were let through.
    connections: AtomicU64,
    bytes: AtomicU64,
    /// Changes when all connections must end.
    breaks: watch::Sender<u64>,
}

/// A running forwarder; it ends when it is dropped.
pub struct Forwarder {
    pub address: SocketAddr,
    link: Arc<Link>,
    _runtime: Runtime,
}

impl Forwarder {
    pub fn to(target: SocketAddr) -> Forwarder {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let link = Arc::new(Link {
            target,
            delay_ms: AtomicU64::new(0),
            is_cut: AtomicBool::new(false),
            connections: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            breaks: watch::Sender::new(0),
        });
        runtime.spawn(accept(listener, Arc::clone(&link)));
        Forwarder { address, link, _runtime: runtime }
    }

    /// The multiaddress of a peer behind this link.
    pub fn address_of(&self, peer_id: &str) -> String {
        format!("/ip4/127.0.0.1/tcp/{}/p2p/{peer_id}", self.address.port())
    }

    /// Every piece is late by this much, in each direction.
    pub fn delay(&self, milliseconds: u64) {
        self.link.delay_ms.store(milliseconds, Ordering::Relaxed);
    }

    /// Ends all connections; new ones get through.
    pub fn break_connections(&self) {
        self.link.breaks.send_modify(|count| *count += 1);
    }

    /// Ends all connections and refuses new ones.
    pub fn cut(&self) {
        self.link.is_cut.store(true, Ordering::Relaxed);
        self.break_connections();
    }

    pub fn heal(&self) {
        self.link.is_cut.store(false, Ordering::Relaxed);
    }

    pub fn connections(&self) -> u64 {
        self.link.connections.load(Ordering::Relaxed)
    }

    /// Bytes passed on in both directions.
    pub fn bytes(&self) -> u64 {
        self.link.bytes.load(Ordering::Relaxed)
    }
}

async fn accept(listener: TcpListener, link: Arc<Link>) {
    while let Ok((incoming, _)) = listener.accept().await {
        if link.is_cut.load(Ordering::Relaxed) {
            continue;
        }
        let link = Arc::clone(&link);
        tokio::spawn(async move {
            let breaks = link.breaks.subscribe();
            let Ok(outgoing) = TcpStream::connect(link.target).await else { return };
            link.connections.fetch_add(1, Ordering::Relaxed);
            for stream in [&incoming, &outgoing] {
                stream.set_nodelay(true).expect("a connected socket");
            }
            let (incoming_read, incoming_write) = incoming.into_split();
            let (outgoing_read, outgoing_write) = outgoing.into_split();
            tokio::spawn(pass_on(incoming_read, outgoing_write, Arc::clone(&link), breaks.clone()));
            tokio::spawn(pass_on(outgoing_read, incoming_write, link, breaks));
        });
    }
}

async fn pass_on(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, link: Arc<Link>, mut breaks: watch::Receiver<u64>) {
    let mut piece = [0; PIECE_BYTES];
    loop {
        let read = tokio::select! {
            read = from.read(&mut piece) => read,
            _ = breaks.changed() => return,
        };
        let Ok(size @ 1..) = read else { return };
        let delay_ms = link.delay_ms.load(Ordering::Relaxed);
        if delay_ms > 0 {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(delay_ms)) => {}
                _ = breaks.changed() => return,
            }
        }
        link.bytes.fetch_add(size as u64, Ordering::Relaxed);
        if to.write_all(&piece[..size]).await.is_err() {
            return;
        }
    }
}
