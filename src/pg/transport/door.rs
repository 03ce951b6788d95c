//! The way in from inside of this process: for the console and agents over HTTP, which are clients like every other one.
//!
//! What goes through it never leaves the process and nobody else can come to it, so it needs no TLS where everybody else must
//! have it. Names, passwords, limits and places are those of a client of this machine.

use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, Result};
use tokio::sync::mpsc;

/// Bytes under way in each direction.
const PIPE_BYTES: usize = 64 * 1024;
/// Visitors that the listener has not seen yet; others wait.
const VISITORS_MAX: usize = 16;

/// The client's side of the door. Clones lead to the same server.
#[derive(Clone, Debug)]
pub struct Door(mpsc::Sender<Visitor>);

/// Those who come in by the door.
pub struct Visitors(mpsc::Receiver<Visitor>);

/// The client's end of a connection.
#[derive(Debug)]
pub struct InnerStream {
    pipe: DuplexStream,
    /// The server sees by it whether this end is still there.
    _here: Arc<()>,
}

/// The server's end of a connection.
#[derive(Debug)]
pub(in crate::pg) struct Visitor {
    pub pipe: DuplexStream,
    pub client: Weak<()>,
}

/// A door, and the place where the server waits for visitors.
pub fn door() -> (Door, Visitors) {
    let (sender, receiver) = mpsc::channel(VISITORS_MAX);
    (Door(sender), Visitors(receiver))
}

impl Door {
    /// A connection. Where the server has stopped, its other end is closed.
    pub async fn enter(&self) -> InnerStream {
        let (pipe, theirs) = tokio::io::duplex(PIPE_BYTES);
        let here = Arc::new(());
        let visitor = Visitor { pipe: theirs, client: Arc::downgrade(&here) };
        // A server that has stopped gives the visitor back, whose end is dropped; the client reads that the connection ended.
        drop(self.0.send(visitor).await);
        InnerStream { pipe, _here: here }
    }
}

impl Visitors {
    /// The next one; `None` once there is no door any more.
    pub(in crate::pg) async fn next(&mut self) -> Option<Visitor> {
        self.0.recv().await
    }
}

impl AsyncRead for InnerStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().pipe).poll_read(context, buffer)
    }
}

impl AsyncWrite for InnerStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        Pin::new(&mut self.get_mut().pipe).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().pipe).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().pipe).poll_shutdown(context)
    }
}
