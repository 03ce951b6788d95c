//! From the first byte of a connection to its first ReadyForQuery: encryption, cancel requests, parameters, the password.
//!
//! Until a password was checked the client may send little, has a bounded time, in which everything counts, and no place among
//! those that are served. Bytes that were sent in plaintext behind a request for TLS drop the connection, since somebody on
//! the way may have put them there (CVE-2021-23222).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use tokio::io::AsyncWriteExt;

use crate::db::OWNER;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{AclTarget, ObjectAcl, ObjectKind, Permission, Role};
use crate::pg::auth::authentication::authenticate;
use crate::pg::auth::cancel::Registration;
use crate::pg::auth::server::ServerState;
use crate::pg::messages::input::{ClientInput, Fields};
use crate::pg::messages::output::ClientOutput;
use crate::pg::serve::connection::Connection;
use crate::pg::serve::copy::BINARY_CODEC;
use crate::pg::transport::places::{ClientPlace, RESERVED_SETTING};
use crate::pg::transport::tls::Tls;
use crate::pg::transport::transport::Transport;
use crate::pg::transport::waiting::Ticket;
use crate::pg::transport::wire::Wire;
use crate::session::{Entrance, Session};
use crate::types::limits::{MESSAGE_BYTES_MAX, STARTUP_BYTES_MAX};

/// The one database of a node.
const DATABASE: &str = "nebulus";
const SSL_REQUEST: i32 = 80_877_103;
const GSS_REQUEST: i32 = 80_877_104;
const CANCEL_REQUEST: i32 = 80_877_102;
/// Newest version of the protocol that is spoken: 3.2.
const PROTOCOL_MAJOR: i32 = 3;
const PROTOCOL_MINOR_MAX: i32 = 2;

/// A client that is let in, with its place among those that are served.
pub(in crate::pg) struct Started {
    pub connection: Connection,
    pub place: ClientPlace,
}

/// An error that refuses the connection, with its SQLSTATE.
pub(super) struct StartupRefusal {
    pub sqlstate: &'static str,
    pub error: Error,
}

impl From<Error> for StartupRefusal {
    fn from(error: Error) -> Self {
        StartupRefusal { sqlstate: error.sqlstate(), error }
    }
}

impl From<std::io::Error> for StartupRefusal {
    fn from(error: std::io::Error) -> Self {
        Error::from(error).into()
    }
}

/// What the startup message says.
struct StartupMessage {
    minor: i32,
    user: String,
    database: String,
    settings: Vec<(String, String)>,
    /// Whether a place is wanted that is kept for the owner.
    is_reserved: bool,
    /// Options of the protocol itself that are not known.
    unknown: Vec<String>,
}

/// Brings a client up to its first statement. `None`: it went away, cancelled something, took too long, or was refused and
/// told so.
pub(in crate::pg) async fn start(
    transport: Transport,
    peer: SocketAddr,
    (shared, ticket): (&ServerState, &Ticket),
) -> Option<Started> {
    let started = start_unbounded(transport, peer, (shared, ticket));
    match tokio::time::timeout(shared.context.admission.get().login_time_max, started).await {
        Ok(Ok(started)) => started,
        Ok(Err(error)) => {
            tracing::debug!(%peer, %error, "a connection ended before its first statement");
            None
        }
        Err(_) => {
            tracing::debug!(%peer, "a connection took too long to start");
            None
        }
    }
}

async fn start_unbounded(
    transport: Transport,
    peer: SocketAddr,
    (shared, ticket): (&ServerState, &Ticket),
) -> Result<Option<Started>> {
    let (input, output) = (ClientInput::new(STARTUP_BYTES_MAX), ClientOutput::new());
    let mut wire = Wire { transport, input, output, end_point: None };
    let tls = shared.context.tls.get();
    let refusal = match negotiate(&mut wire, tls.as_ref()).await {
        Ok(Negotiated::Startup(body)) => match greet(&mut wire, &body, peer, (shared, ticket)).await {
            Ok(Greeted { session, registration, place }) => {
                let connection = Connection::new(wire, session, registration, shared);
                return Ok(Some(Started { connection, place }));
            }
            Err(refusal) => refusal,
        },
        Ok(Negotiated::Cancel(id, secret)) => {
            shared.cancels.cancel(id, &secret);
            return Ok(None);
        }
        Ok(Negotiated::Gone) => return Ok(None),
        Err(error) => error.into(),
    };
    wire.output.fatal(refusal.sqlstate, &refusal.error)?;
    wire.output.flush(&mut wire.transport).await?;
    wire.transport.shutdown().await?;
    Ok(None)
}

enum Negotiated {
    Startup(Bytes),
    Cancel(i32, Bytes),
    Gone,
}

/// Answers requests for encryption until the startup message comes.
async fn negotiate(wire: &mut Wire, tls: Option<&Tls>) -> Result<Negotiated> {
    let (mut may_ask_tls, mut may_ask_gss) = (true, true);
    loop {
        let body = loop {
            if let Some(body) = wire.input.take_startup()? {
                break body;
            }
            if !wire.input.fill(&mut wire.transport).await? {
                return Ok(Negotiated::Gone);
            }
        };
        let mut fields = Fields(&body);
        match fields.i32()? {
            SSL_REQUEST if may_ask_tls => {
                may_ask_tls = false;
                let Some(tls) = tls.filter(|_| wire.transport.is_open()) else {
                    wire.transport.write_all(b"N").await?;
                    continue;
                };
                if !wire.input.is_empty() {
                    return Ok(Negotiated::Gone);
                }
                wire.transport.write_all(b"S").await?;
                if !encrypt(wire, tls).await? {
                    return Ok(Negotiated::Gone);
                }
            }
            GSS_REQUEST if may_ask_gss => {
                may_ask_gss = false;
                wire.transport.write_all(b"N").await?;
            }
            CANCEL_REQUEST => {
                let id = fields.i32()?;
                return Ok(Negotiated::Cancel(id, Bytes::copy_from_slice(fields.0)));
            }
            SSL_REQUEST | GSS_REQUEST => {
                return Err(Error::new(ErrorKind::ProtocolViolation, "encryption was requested twice"));
            }
            _ => return Ok(Negotiated::Startup(body)),
        }
    }
}

/// Puts TLS over the plain stream; false when the handshake failed.
async fn encrypt(wire: &mut Wire, tls: &Tls) -> Result<bool> {
    // Whatever happens, nothing is written to the stream in plaintext any more.
    let Transport::Plain(stream) = std::mem::replace(&mut wire.transport, Transport::Closed) else {
        return Ok(false);
    };
    match tls.acceptor.accept(stream).await {
        Ok(stream) => {
            wire.transport = Transport::Tls(Box::new(stream));
            wire.end_point.clone_from(&tls.end_point);
            Ok(true)
        }
        Err(error) => {
            tracing::debug!(%error, "a TLS handshake failed");
            Ok(false)
        }
    }
}

/// A client that is let in, and what it was given.
struct Greeted {
    session: Session,
    registration: Registration,
    place: ClientPlace,
}

/// Reads the startup message, checks the password, gives a place and opens the session.
async fn greet(
    wire: &mut Wire,
    body: &[u8],
    peer: SocketAddr,
    (shared, ticket): (&ServerState, &Ticket),
) -> std::result::Result<Greeted, StartupRefusal> {
    let message = read_startup(body)?;
    if message.minor > PROTOCOL_MINOR_MAX || !message.unknown.is_empty() {
        let minor = message.minor.min(PROTOCOL_MINOR_MAX);
        wire.output.negotiate((PROTOCOL_MAJOR << 16) | minor, message.unknown.clone())?;
    }
    let address = peer.ip().to_canonical();
    if wire.transport.is_open() {
        check_plaintext(address, shared)?;
    }
    if !(shared.context.admission.get().trust_local && address.is_loopback()) {
        authenticate(wire, &message.user, address, (shared, ticket)).await?;
    }
    let role = admitted(&message, shared)?;
    let is_superuser = shared.context.database.catalog().is_superuser(role.id);
    let place = shared.places.take(message.is_reserved && is_superuser)?;
    let registration = shared.cancels.register(message.minor >= 2, wire.transport.watch())?;
    let who = (role.id, role.name.as_str());
    let listed = shared.context.database.activity();
    let activity = listed.register(registration.id, who, peer, registration.cancel.clone());
    // Its own among them: two that come at once are both too many rather than both let in.
    let limit = usize::try_from(role.connection_limit).ok().filter(|_| !is_superuser);
    if limit.is_some_and(|limit| listed.count_of(role.id) > limit) {
        let message = format!("too many connections for role \"{}\"", role.name);
        return Err(Error::new(ErrorKind::TooManyConnections, message).into());
    }
    let memory = shared.context.memory.account();
    wire.input.allow(MESSAGE_BYTES_MAX, &memory);
    wire.output.account(&memory);
    let slow_log = shared.context.slow_log.clone();
    let door = Entrance { cancel: registration.cancel.clone(), activity, codec: BINARY_CODEC, memory, slow_log };
    let mut session = Session::new(shared.context.database.clone(), (&role.name, DATABASE), door);
    session.begin_as(&role)?;
    for (name, value) in &message.settings {
        session.set_at_startup(name, value)?;
    }
    session.introduce();
    wire.output.authentication(&pgwire::messages::startup::Authentication::Ok)?;
    for (name, value) in session.settings().reported() {
        wire.output.parameter_status(&name, &value)?;
    }
    for notice in session.take_notices() {
        wire.output.notice(&notice)?;
    }
    wire.output.backend_key(registration.id, &registration.secret)?;
    wire.output.ready(session.status());
    Ok(Greeted { session, registration, place })
}

/// # Errors
/// 28000 for a client that has to use TLS and does not.
fn check_plaintext(address: IpAddr, shared: &ServerState) -> Result<()> {
    if shared.context.tls.is_filled() && shared.context.admission.get().tls_rule.requires(address) {
        let text = format!("connections from {address} have to use TLS");
        let error = Error::new(ErrorKind::InvalidAuthorization, text);
        return Err(error.with_hint("Connect with sslmode=require, or better verify-full."));
    }
    Ok(())
}

/// The role that logs in to the database that there is, where it may.
fn admitted(message: &StartupMessage, shared: &ServerState) -> std::result::Result<Arc<Role>, StartupRefusal> {
    let catalog = shared.context.database.catalog();
    let Some(role) = catalog.role(&message.user) else {
        let text = format!("role \"{}\" does not exist", message.user);
        let error = Error::new(ErrorKind::InvalidAuthorization, text);
        return Err(error
            .with_hint(format!("The first user is \"{OWNER}\"; CREATE ROLE ... LOGIN makes others."))
            .into());
    };
    if !role.attributes.login {
        let text = format!("role \"{}\" is not permitted to log in", role.name);
        return Err(Error::new(ErrorKind::InvalidAuthorization, text).into());
    }
    if message.database != DATABASE {
        let text = format!("database \"{}\" does not exist", message.database);
        let error =
            Error::new(ErrorKind::UndefinedObject, text).with_hint(format!("Connect to database \"{DATABASE}\"."));
        return Err(StartupRefusal { sqlstate: "3D000", error });
    }
    let database = AclTarget::whole(ObjectKind::Database, ObjectAcl::DATABASE);
    if !catalog.may(role.id, database, Permission::Connect) {
        let text = format!("permission denied for database \"{DATABASE}\"");
        let error = Error::new(ErrorKind::InsufficientPrivilege, text);
        return Err(error.with_detail("User does not have CONNECT privilege.").into());
    }
    Ok(Arc::clone(role))
}

fn read_startup(body: &[u8]) -> std::result::Result<StartupMessage, StartupRefusal> {
    let mut fields = Fields(body);
    let version = fields.i32()?;
    if version >> 16 != PROTOCOL_MAJOR {
        let text = format!("unsupported frontend protocol {}.{}", version >> 16, version & 0xffff);
        return Err(Error::unsupported(text, "This server speaks protocol 3.0 and 3.2.").into());
    }
    let mut message = StartupMessage {
        minor: version & 0xffff,
        user: String::new(),
        database: String::new(),
        settings: Vec::new(),
        is_reserved: false,
        unknown: Vec::new(),
    };
    loop {
        let name = fields.text()?;
        if name.is_empty() {
            break;
        }
        let value = fields.text()?;
        match name {
            "user" => message.user = value.to_string(),
            "database" => message.database = value.to_string(),
            "options" => message.settings.extend(options(value)?),
            "replication" if !matches!(value, "false" | "off" | "no" | "0") => {
                let hint = "Back up the data directory, or join a network to copy entries.";
                return Err(Error::unsupported("replication connections are not supported", hint).into());
            }
            "replication" => {}
            _ if name.starts_with("_pq_.") => message.unknown.push(name.to_string()),
            _ => message.settings.push((name.to_string(), value.to_string())),
        }
    }
    fields.finish()?;
    // It asks for a place and is no setting of the session.
    let is_place = |name: &str| name.eq_ignore_ascii_case(RESERVED_SETTING);
    message.is_reserved =
        message.settings.iter().any(|(name, value)| is_place(name) && value.eq_ignore_ascii_case("on"));
    message.settings.retain(|(name, _)| !is_place(name));
    if message.user.is_empty() {
        let text = "no PostgreSQL user name specified in startup packet";
        return Err(Error::new(ErrorKind::InvalidAuthorization, text).into());
    }
    if message.database.is_empty() {
        message.database.clone_from(&message.user);
    }
    Ok(message)
}

/// The settings of `-c name=value` and `--name=value`; a backslash keeps the next character.
fn options(text: &str) -> Result<Vec<(String, String)>> {
    let mut words = vec![String::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => words.last_mut().into_iter().for_each(|word| word.extend(characters.next())),
            _ if character.is_ascii_whitespace() => words.push(String::new()),
            _ => words.last_mut().into_iter().for_each(|word| word.push(character)),
        }
    }
    let mut settings = Vec::new();
    let mut words = words.into_iter().filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        let assignment = match word.strip_prefix("-c").or_else(|| word.strip_prefix("--")) {
            Some("") => words.next().unwrap_or_default(),
            Some(rest) => rest.to_string(),
            None => word.clone(),
        };
        let is_option = word.starts_with("-c") || word.starts_with("--");
        match assignment.split_once('=').filter(|_| is_option) {
            Some((name, value)) => settings.push((name.replace('-', "_").to_ascii_lowercase(), value.to_string())),
            None => {
                return Err(Error::syntax(format!("invalid command-line argument for server process: {word}"), None)
                    .with_hint("Write options as -c name=value."));
            }
        }
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_as_a_command_line() {
        let read = options("-c a=1 -cb=2  --c-d=3 -c e=x\\ y").unwrap();
        let read: Vec<_> = read.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(read, [("a", "1"), ("b", "2"), ("c_d", "3"), ("e", "x y")]);
        assert!(options("-c").is_err() && options("-x y=1").is_err());
    }

    #[test]
    fn garbage_is_refused() {
        let sqlstate = |body: &[u8]| read_startup(body).err().map(|refusal| refusal.sqlstate);
        assert_eq!(sqlstate(b"\0\x02\0\0"), Some("0A000"));
        assert_eq!(sqlstate(b"\0\x03\0\0user\0nebulus"), Some("08P01"));
        assert_eq!(sqlstate(b"\0\x03\0\0user\0\xff\0\0"), Some("22021"));
        assert_eq!(sqlstate(b"\0\x03\0\0\0"), Some("28000"));
        assert_eq!(sqlstate(b"\0\x03\0\0user\0nebulus\0\0"), None);
    }
}
