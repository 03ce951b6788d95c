//! The bytes under a connection: plain TCP or TLS over it, or a pipe inside of this process.
//!
//! The socket is shared with whoever looks whether the client is still there while a statement runs and nobody reads.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use futures::FutureExt;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::pg::transport::door::Visitor;

/// A stream to a client.
pub(in crate::pg) enum Transport {
    Plain(Socket),
    Tls(Box<TlsStream<Socket>>),
    /// From inside of this process.
    Inner(Visitor),
    /// Given up; reads end and writes fail.
    Closed,
}

/// A socket that is read and written in one place only.
pub(in crate::pg) struct Socket(Arc<TcpStream>);

/// Looks at a socket without reading from it.
#[derive(Clone, Debug, Default)]
pub(in crate::pg) enum SocketWatch {
    #[default]
    Nothing,
    Socket(Weak<TcpStream>),
    /// The client's end of a pipe.
    Inner(Weak<()>),
}

impl Socket {
    /// # Errors
    /// 58030 where the socket is gone already.
    pub fn new(stream: TcpStream) -> io::Result<Socket> {
        stream.set_nodelay(true)?;
        Ok(Socket(Arc::new(stream)))
    }

    fn watch(&self) -> SocketWatch {
        SocketWatch::Socket(Arc::downgrade(&self.0))
    }
}

impl SocketWatch {
    /// Whether the client has closed its side, although bytes may wait that it sent before. False once the socket is closed.
    pub fn is_left(&self) -> bool {
        let stream = match self {
            SocketWatch::Nothing => return false,
            SocketWatch::Inner(client) => return client.strong_count() == 0,
            SocketWatch::Socket(stream) => stream.upgrade(),
        };
        let Some(stream) = stream else { return false };
        // What the runtime knows already; nothing is waited for, so the budget of this task does not matter.
        let known = tokio::task::unconstrained(stream.ready(Interest::READABLE)).now_or_never();
        known.is_some_and(|ready| ready.is_ok_and(|ready| ready.is_read_closed()))
    }
}

impl Transport {
    /// Whether others can hear it: it goes over a network in plaintext.
    pub fn is_open(&self) -> bool {
        matches!(self, Transport::Plain(_))
    }

    /// A watch over the socket under the stream.
    pub fn watch(&self) -> SocketWatch {
        match self {
            Transport::Plain(socket) => socket.watch(),
            Transport::Tls(stream) => stream.get_ref().0.watch(),
            Transport::Inner(visitor) => SocketWatch::Inner(visitor.client.clone()),
            Transport::Closed => SocketWatch::default(),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.poll_read_ready(context))?;
            match self.0.try_read_buf(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result.map(drop)),
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(context))?;
            match self.0.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Whoever shuts the stream down drops it right after; the socket is closed then.
    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Transport {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Transport::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Transport::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
            Transport::Inner(visitor) => Pin::new(&mut visitor.pipe).poll_read(context, buffer),
            Transport::Closed => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Transport::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Transport::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
            Transport::Inner(visitor) => Pin::new(&mut visitor.pipe).poll_write(context, bytes),
            Transport::Closed => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Transport::Plain(stream) => Pin::new(stream).poll_flush(context),
            Transport::Tls(stream) => Pin::new(stream).poll_flush(context),
            Transport::Inner(visitor) => Pin::new(&mut visitor.pipe).poll_flush(context),
            Transport::Closed => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Transport::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Transport::Tls(stream) => Pin::new(stream).poll_shutdown(context),
            Transport::Inner(visitor) => Pin::new(&mut visitor.pipe).poll_shutdown(context),
            Transport::Closed => Poll::Ready(Ok(())),
        }
    }
}
