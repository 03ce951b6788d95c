//! Checking a password over the wire: SASL with SCRAM-SHA-256.
//!
//! Every failure is told in the same words, after a short fixed delay, whether the user exists or not.

use std::time::Duration;

use bytes::Bytes;
use pgwire::messages::startup::Authentication;

use crate::error::{Error, ErrorKind, Result};
use crate::pg::input::{Fields, Frame};
use crate::pg::listener::Shared;
use crate::pg::scram::{Exchange, MECHANISM, mock_verifier};
use crate::pg::startup::Wire;

/// Slows guessing down; the time of a startup and the number of connections bound the rest.
const FAILURE_DELAY_MILLIS: u64 = 200;
/// Type of every message of the client's while it authenticates.
const PASSWORD_MESSAGE: u8 = b'p';

/// Lets the user in, or says 28P01.
pub(super) async fn authenticate(wire: &mut Wire, user: &str, shared: &Shared) -> Result<()> {
    let known = shared.context.database.password(user)?;
    let genuine = known.is_some();
    let verifier = match known {
        Some(verifier) => verifier,
        None => mock_verifier(&shared.mock_secret, user)?,
    };
    wire.output.authentication(&Authentication::SASL(vec![MECHANISM.to_string()]))?;
    let first = read_response(wire).await?;
    let mut fields = Fields(&first.body);
    let mechanism = fields.text()?;
    if mechanism != MECHANISM {
        let text = format!("client selected the SASL mechanism \"{mechanism}\", offered is {MECHANISM}");
        return Err(Error::new(ErrorKind::ProtocolViolation, text));
    }
    let message = fields.value()?.unwrap_or_default();
    fields.finish()?;
    let (exchange, server_first) = Exchange::start(verifier, genuine, message)?;
    wire.output.authentication(&Authentication::SASLContinue(Bytes::from(server_first)))?;
    let last = read_response(wire).await?;
    match exchange.finish(&last.body)? {
        Some(server_final) => wire.output.authentication(&Authentication::SASLFinal(Bytes::from(server_final))),
        None => {
            tokio::time::sleep(Duration::from_millis(FAILURE_DELAY_MILLIS)).await;
            tracing::warn!("a password was refused");
            Err(Error::new(ErrorKind::InvalidPassword, format!("password authentication failed for user \"{user}\"")))
        }
    }
}

async fn read_response(wire: &mut Wire) -> Result<Frame> {
    wire.output.flush(&mut wire.transport).await?;
    loop {
        if let Some(frame) = wire.input.take()? {
            if frame.tag != PASSWORD_MESSAGE {
                let text = format!("expected SASL response, got message type {}", frame.tag);
                return Err(Error::new(ErrorKind::ProtocolViolation, text));
            }
            return Ok(frame);
        }
        if !wire.input.fill(&mut wire.transport).await? {
            return Err(Error::new(ErrorKind::ProtocolViolation, "the client went away while it authenticated"));
        }
    }
}
