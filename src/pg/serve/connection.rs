//! One client's connection: messages in, statements to the session, messages out.
//!
//! A prepared point select: Bind, Describe, Execute and Sync arrive with one read; each is taken from the buffer
//! (`input`), `extended` binds its parameters as values and has the session execute it on this very task; rows are encoded
//! into the output buffer (`output`); only when no further message has arrived is the buffer written, once. An error in a
//! statement leaves the connection usable, an error in the stream of messages ends it.

use std::future::pending;
use std::time::Duration;

use tokio::sync::watch;

use crate::error::{Error, ErrorKind, Result};
use crate::pg::auth::cancel::Registration;
use crate::pg::auth::server::{ServerState, stopped};
use crate::pg::messages::input::{ClientInput, Frame};
use crate::pg::messages::output::ClientOutput;
use crate::pg::transport::transport::Transport;
use crate::pg::transport::wire::Wire;
use crate::session::{Session, TransactionStatus, guarded};

/// Messages the server knows, besides those of authentication.
const KNOWN_MESSAGES: &[u8] = b"QPBEDCHSXdcfFp";

/// Messages that deal themselves with having been thrown away: Query, and what a failed COPY leaves.
const REFUSED_LATER: &[u8] = b"Qdcf";

/// SQLSTATE of an idle transaction that ran into its timeout.
const IDLE_IN_TRANSACTION: &str = "25P03";

/// An open connection.
///
/// Its methods are one a message of the client, by protocol (simple, extended, COPY) in the files of this folder.
pub(in crate::pg) struct Connection {
    pub transport: Transport,
    pub input: ClientInput,
    pub output: ClientOutput,
    pub session: Session,
    /// After an error of the extended protocol: everything up to Sync is left out.
    pub is_skipping: bool,
    /// The client is sending data of a COPY, which has a transaction.
    pub is_copying: bool,
    /// The client waits for what is in the output buffer.
    wants_flush: bool,
    /// The client was told last that the server waits for it.
    is_ready: bool,
    registration: Registration,
    /// How long the client may leave the server waiting while it holds a snapshot.
    idle_max: Option<Duration>,
    shutdown: watch::Receiver<bool>,
    /// True once somebody has ended this connection.
    end: watch::Receiver<bool>,
}

/// Why a message could not be served.
pub(in crate::pg) enum Failure {
    /// The statement failed; the connection goes on.
    Statement(Error),
    /// The stream is broken or the server goes down; the connection ends.
    Connection(Error),
    /// The client left a transaction open for too long; the connection ends.
    IdleTimeout,
    /// The client does not read what it has asked for; the connection ends without a word.
    Stalled,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::Shutdown | ErrorKind::ConnectionLost => Failure::Connection(error),
            _ => Failure::Statement(error),
        }
    }
}

impl Failure {
    /// The failure of a statement of this text, without the secrets that it may hold.
    pub fn guarded(self, text: &str) -> Failure {
        match self {
            Failure::Statement(error) => Failure::Statement(guarded(text, error)),
            other => other,
        }
    }
}

/// What a connection woke up for.
enum Event {
    Arrived,
    Gone,
    /// The session has something that it listens to.
    Notified,
    IdleTimeout,
    Shutdown,
}

impl Connection {
    pub fn new(wire: Wire, session: Session, registration: Registration, shared: &ServerState) -> Self {
        let end = session.end();
        Connection {
            transport: wire.transport,
            input: wire.input,
            output: wire.output,
            session,
            is_skipping: false,
            is_copying: false,
            wants_flush: true,
            is_ready: true,
            registration,
            idle_max: shared.context.admission.get().idle_transaction_max,
            shutdown: shared.shutdown.clone(),
            end,
        }
    }

    /// Serves messages until the client leaves.
    ///
    /// # Errors
    /// 58030 where the stream breaks while the client is told why it ends, XX000 where a message cannot be encoded.
    pub async fn run(&mut self) -> Result<()> {
        loop {
            let frame = match self.next_frame().await {
                Ok(Some(frame)) => frame,
                Ok(None) => return Ok(()),
                Err(failure) => return self.end_after(failure).await,
            };
            if frame.tag == b'X' {
                return Ok(());
            }
            if self.is_skipping && frame.tag != b'S' {
                continue;
            }
            match self.serve(&frame).await {
                Ok(()) => {}
                Err(Failure::Statement(error)) => {
                    self.session.fail();
                    self.tell_changes()?;
                    self.output.error("ERROR", &error)?;
                    self.is_skipping = true;
                    // At once, as PostgreSQL does: some clients send Sync only when they have read the error.
                    self.wants_flush = true;
                }
                Err(failure) => return self.end_after(failure).await,
            }
        }
    }

    async fn serve(&mut self, frame: &Frame) -> std::result::Result<(), Failure> {
        self.is_ready = false;
        if let Some(error) = frame.refused.as_ref().filter(|_| !REFUSED_LATER.contains(&frame.tag)) {
            return Err(error.clone().into());
        }
        match frame.tag {
            b'Q' => self.query(frame).await,
            // Left over from a COPY that failed.
            b'd' | b'c' | b'f' => Ok(()),
            b'P' => self.parse(&frame.body),
            b'B' => self.bind(&frame.body),
            b'E' => self.execute(&frame.body).await,
            b'D' => self.describe(&frame.body),
            b'C' => self.close(&frame.body),
            b'H' => {
                self.wants_flush = true;
                Ok(())
            }
            b'S' => self.sync().await,
            b'F' => Err(Failure::Statement(Error::unsupported(
                "function calls of the old protocol are not supported",
                "Call the function with SELECT.",
            ))),
            tag => Err(Failure::Connection(Error::new(
                ErrorKind::ProtocolViolation,
                format!("unexpected message type {tag}"),
            ))),
        }
    }

    /// The next message; `None` when the client has gone.
    ///
    /// # Errors
    /// Failures of the connection: 08P01 and 54000 for a message that cannot be, 57P01 at the end of the server or of this
    /// connection, the timeout of an idle transaction; as [`Connection::flush`].
    pub async fn next_frame(&mut self) -> std::result::Result<Option<Frame>, Failure> {
        loop {
            if let Some(tag) = self.input.next_tag()
                && !KNOWN_MESSAGES.contains(&tag)
            {
                let text = format!("invalid frontend message type {tag}");
                return Err(Failure::Connection(Error::new(ErrorKind::ProtocolViolation, text)));
            }
            if let Some(frame) = self.input.take().map_err(Failure::Connection)? {
                return Ok(Some(frame));
            }
            if self.wants_flush || self.output.is_full() {
                self.flush().await?;
            }
            match self.wait().await {
                Event::Arrived => {}
                Event::Notified => {
                    self.deliver()?;
                    self.wants_flush = true;
                }
                Event::Gone => return Ok(None),
                Event::IdleTimeout => return Err(Failure::IdleTimeout),
                Event::Shutdown => {
                    return Err(Failure::Connection(Error::new(
                        ErrorKind::Shutdown,
                        "terminating connection due to administrator command",
                    )));
                }
            }
        }
    }

    /// Waits for bytes of the client, what an idle session listens to, the timeout of an idle transaction, or the end of the
    /// server.
    async fn wait(&mut self) -> Event {
        let own = match self.session.status() {
            TransactionStatus::Idle => None,
            TransactionStatus::InTransaction | TransactionStatus::Failed => self.session.idle_timeout(),
        };
        let patience = own.into_iter().chain(self.idle_max.filter(|_| self.holds_snapshot())).min();
        let timeout = async {
            match patience {
                Some(patience) => tokio::time::sleep(patience).await,
                None => pending().await,
            }
        };
        let is_idle = self.is_ready && self.session.status() == TransactionStatus::Idle;
        tokio::select! {
            biased;
            read = self.input.fill(&mut self.transport) => match read {
                Ok(true) => Event::Arrived,
                Ok(false) => Event::Gone,
                Err(error) => {
                    tracing::debug!(%error, "a client's stream broke");
                    Event::Gone
                }
            },
            () = self.session.notified(), if is_idle => Event::Notified,
            () = timeout => Event::IdleTimeout,
            () = stopped(&mut self.shutdown) => Event::Shutdown,
            () = stopped(&mut self.end) => Event::Shutdown,
        }
    }

    /// Whether something is open that reads from one moment: a transaction, a portal before its Sync, a cursor.
    fn holds_snapshot(&self) -> bool {
        self.is_copying || self.session.holds_snapshot()
    }

    /// Writes what the client waits for. One that reads nothing of it holds its snapshot as an idle transaction does.
    ///
    /// # Errors
    /// A failure of the connection: 58030 where the stream is gone, or a client that has not read for too long.
    pub async fn flush(&mut self) -> std::result::Result<(), Failure> {
        self.wants_flush = false;
        let idle_max = self.idle_max;
        let patience = async move {
            match idle_max {
                Some(patience) => tokio::time::sleep(patience).await,
                None => pending().await,
            }
        };
        let written = tokio::select! {
            biased;
            written = self.output.flush(&mut self.transport) => written,
            () = patience => return Err(Failure::Stalled),
            // What is to be told of it waits behind what the client does not read.
            () = stopped(&mut self.end) => return Err(Failure::Stalled),
        };
        written.map_err(|error| Failure::Connection(error.into()))
    }

    /// Tells the client that the server waits for it, behind what it listens to.
    ///
    /// # Errors
    /// As [`Connection::tell_changes`].
    pub fn ready(&mut self) -> Result<()> {
        if self.session.status() == TransactionStatus::Idle {
            self.deliver()?;
        }
        self.session.rest();
        self.output.ready(self.session.status());
        self.wants_flush = true;
        self.is_ready = true;
        Ok(())
    }

    /// Sends what the session listens to, between two transactions: as much as one buffer holds, the rest when it is written
    /// and the client is idle, so that one who does not read takes no more than that.
    fn deliver(&mut self) -> Result<()> {
        while !self.output.is_full()
            && let Some(notification) = self.session.next_notification()
        {
            self.output.notification(&notification);
        }
        self.tell_changes()
    }

    /// Notices and changed settings that a statement left.
    ///
    /// # Errors
    /// XX000 where a message cannot be encoded.
    pub fn tell_changes(&mut self) -> Result<()> {
        if self.session.has_news() {
            for notice in self.session.take_notices() {
                self.output.notice(&notice)?;
            }
            for (name, value) in self.session.take_changed_settings() {
                self.output.parameter_status(&name, &value)?;
            }
        }
        Ok(())
    }

    async fn end_after(&mut self, failure: Failure) -> Result<()> {
        match failure {
            Failure::Statement(error) | Failure::Connection(error) => self.end(error.sqlstate(), &error).await,
            Failure::IdleTimeout => {
                let text = "terminating connection due to idle-in-transaction timeout";
                let error = Error::new(ErrorKind::Shutdown, text).with_hint(
                    "The session's idle_in_transaction_session_timeout, or the server's idle_transaction_max_s, says how \
                     long a transaction may wait for its client.",
                );
                self.end(IDLE_IN_TRANSACTION, &error).await
            }
            Failure::Stalled => {
                tracing::info!(
                    connection = self.registration.id,
                    "a client that does not read its results was dropped"
                );
                Ok(())
            }
        }
    }

    /// Ends the connection with an error, as far as the client still listens.
    ///
    /// # Errors
    /// 58030 where the stream is gone, XX000 where the message cannot be encoded.
    pub async fn end(&mut self, sqlstate: &str, error: &Error) -> Result<()> {
        tracing::debug!(connection = self.registration.id, sqlstate, "a connection is ended");
        self.output.fatal(sqlstate, error)?;
        self.output.flush(&mut self.transport).await?;
        tokio::io::AsyncWriteExt::shutdown(&mut self.transport).await?;
        Ok(())
    }
}
