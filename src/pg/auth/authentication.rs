//! Checking a password over the wire: SASL with SCRAM-SHA-256, bound to the channel where there is TLS.
//!
//! Every failure is told in the same words, after a short fixed delay, whether the user exists or not. Whoever fails has to
//! wait longer and longer ([`Guesses`](crate::pg::auth::guesses::Guesses)).

use std::net::IpAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use pgwire::messages::startup::Authentication;

use crate::db::OWNER;
use crate::error::{Error, ErrorKind, Result};
use crate::metrics;
use crate::pg::auth::scram::{ChannelBinding, ScramExchange, mock_verifier};
use crate::pg::auth::server::ServerState;
use crate::pg::messages::input::{Fields, Frame};
use crate::pg::transport::waiting::Ticket;
use crate::pg::transport::wire::Wire;

/// Between a wrong password and the answer.
const FAILURE_DELAY_MILLIS: u64 = 200;
/// Type of every message of the client's while it authenticates.
const PASSWORD_MESSAGE: u8 = b'p';

/// Lets the user in, or says 28P01.
///
/// # Errors
/// 28P01 for a wrong password, also unseen where too many wrong ones came from this address before; 28000 where somebody
/// stands between the client and this server; 08P01.
pub(in crate::pg) async fn authenticate(
    wire: &mut Wire,
    user: &str,
    address: IpAddr,
    (shared, ticket): (&ServerState, &Ticket),
) -> Result<()> {
    let known = shared.context.database.password(user)?;
    let is_known = known.is_some();
    let verifier = match known {
        Some(verifier) => verifier,
        None => mock_verifier(&shared.mock_secret, user)?,
    };
    let end_point = wire.end_point.clone();
    let channel = ChannelBinding(end_point.as_deref());
    wire.output.authentication(&Authentication::SASL(channel.mechanisms()))?;
    let first = read_response(wire).await?;
    let mut fields = Fields(&first.body);
    let mechanism = fields.text()?;
    let message = fields.value()?.unwrap_or_default();
    fields.finish()?;
    let (exchange, server_first) = ScramExchange::start((verifier, is_known), channel, mechanism, message)?;
    wire.output.authentication(&Authentication::SASLContinue(Bytes::from(server_first)))?;
    let last = read_response(wire).await?;
    ticket.speak();
    let turn = shared.guesses.turn(address, is_known, Instant::now()).map_err(|wait| too_many_failures(user, wait))?;
    tokio::time::sleep_until(turn.at.into()).await;
    match exchange.finish(&last.body)? {
        Some(server_final) => {
            shared.guesses.succeeded(address, is_known, turn, Instant::now());
            wire.output.authentication(&Authentication::SASLFinal(Bytes::from(server_final)))
        }
        None => {
            shared.guesses.failed(address, is_known, turn, Instant::now());
            metrics::LOGINS_REFUSED.add(1);
            tracing::warn!(%address, "a password was refused");
            tokio::time::sleep(Duration::from_millis(FAILURE_DELAY_MILLIS)).await;
            Err(wrong_password(user))
        }
    }
}

fn wrong_password(user: &str) -> Error {
    // The same whether the user exists or not.
    let error = Error::new(ErrorKind::InvalidPassword, format!("password authentication failed for user \"{user}\""));
    error.with_hint(format!(
        "The first user is {OWNER}. The first start wrote its password to a file and named that in the server's log: keys/password in \
         the directory of --data-dir, password in that of --key-dir, and without either ~/.config/nebulusdb/keys/password. It \
         holds until ALTER USER gives another one."
    ))
}

/// The password was not looked at.
fn too_many_failures(user: &str, wait: Duration) -> Error {
    metrics::LOGINS_REFUSED.add(1);
    wrong_password(user)
        .with_detail("Too many logins from this address have failed before; this password was not looked at.")
        .with_hint(format!("Try again in {} seconds.", wait.as_secs() + 1))
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
