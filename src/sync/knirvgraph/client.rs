//! The HTTP side: one POST for one transaction, and what its answer means.
//!
//! Blocking; callers are on a thread that may wait. Every wait and every answer is bounded. No proxy of the environment is
//! used and no redirect followed: what was staged goes to the host that the owner named and to no other. `https` is
//! verified against the web's certification authorities that are compiled in.
//!
//! Errors say the endpoint's host and the status. They hold nothing of the transaction and nothing of the answer, which
//! may quote it.

use std::time::Duration;

use serde::Deserialize;
use tokio_rustls::rustls::Error as TlsError;
use ureq::http::{Response, StatusCode, Uri, header};
use ureq::{Agent, Body, Timeout};

use crate::error::{Error, ErrorKind, Result};
use crate::sync::knirvgraph::KnirvgraphTransaction;

/// Largest answer that is read, in bytes.
pub const KNIRVGRAPH_RESPONSE_BYTES_MAX: u64 = 64 * 1024;
/// Largest head of an answer, in bytes.
const RESPONSE_HEAD_BYTES_MAX: usize = 16 * 1024;
/// Connections that are kept for the next transaction.
const IDLE_CONNECTIONS_MAX: usize = 1;
/// How long a connection is kept, in seconds: shorter than servers do, so that none is used that is just being closed.
const IDLE_SECONDS_MAX: u64 = 4;
/// Longest reason of a failure of TLS: it may list the names of a certificate.
const TLS_REASON_CHARS_MAX: usize = 300;
/// Longest wait that an endpoint may ask for, in milliseconds.
const RETRY_AFTER_MS_MAX: u64 = 60 * 60 * 1_000;

/// Limits of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndpointOptions {
    pub connect_timeout_ms: u64,
    /// From the look-up of the name to the last byte of the answer.
    pub request_timeout_ms: u64,
}

impl Default for EndpointOptions {
    fn default() -> Self {
        EndpointOptions { connect_timeout_ms: 5_000, request_timeout_ms: 20_000 }
    }
}

/// An endpoint that takes transactions.
pub struct Endpoint {
    agent: Agent,
    /// Of `POST`.
    address: String,
    /// Host and port, for errors.
    host: String,
}

/// What a transaction that was not accepted says of its future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The endpoint does not work, or is another kind of server: any other transaction would meet the same.
    Endpoint,
    /// The endpoint answered, and did not want this one.
    Transaction,
}

/// Why a transaction was not accepted.
#[derive(Debug)]
pub struct Rejected {
    pub blame: Blame,
    pub error: Error,
    /// What the endpoint asks to wait, in milliseconds; 0 where it does not say.
    pub retry_after_ms: u64,
}

/// The only answer that counts as success.
#[derive(Deserialize)]
struct Answer {
    status: String,
    tx_id: String,
}

/// An answer that says how it went, whatever else it lacks.
#[derive(Deserialize)]
struct AnswerStatus {
    #[serde(rename = "status")]
    _status: String,
}

impl Endpoint {
    /// An endpoint at `url`, to which `/transaction` is added.
    ///
    /// # Errors
    /// 22023; see [`check_url`].
    pub fn new(url: &str, options: &EndpointOptions) -> Result<Endpoint> {
        let uri = parsed(url)?;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .user_agent(concat!("nebulusdb/", env!("CARGO_PKG_VERSION")))
            .accept("application/json")
            .timeout_connect(Some(Duration::from_millis(options.connect_timeout_ms)))
            .timeout_global(Some(Duration::from_millis(options.request_timeout_ms)))
            .max_response_header_size(RESPONSE_HEAD_BYTES_MAX)
            .max_idle_connections(IDLE_CONNECTIONS_MAX)
            .max_idle_connections_per_host(IDLE_CONNECTIONS_MAX)
            .max_idle_age(Duration::from_secs(IDLE_SECONDS_MAX))
            .build();
        let host = uri.authority().map(|authority| authority.as_str().to_string()).unwrap_or_default();
        let address = format!("{}/transaction", url.trim_end_matches('/'));
        Ok(Endpoint { agent: Agent::new_with_config(config), address, host })
    }

    /// Submits a transaction; the endpoint's id of it.
    ///
    /// # Errors
    /// [`Rejected`] for every answer but `{"status": "accepted", "tx_id": "…"}` with a status of 2xx.
    pub fn submit(&self, transaction: &KnirvgraphTransaction) -> Result<String, Rejected> {
        let answer = self
            .agent
            .post(&self.address)
            .header(header::CONTENT_TYPE, "application/json")
            .send(transaction.body.as_bytes())
            .map_err(|error| self.unreachable(&error))?;
        self.judge(answer)
    }

    fn judge(&self, mut answer: Response<Body>) -> Result<String, Rejected> {
        let status = answer.status();
        if !status.is_success() {
            return Err(self.refused(status, retry_after_ms(&answer)));
        }
        let read = answer.body_mut().with_config().limit(KNIRVGRAPH_RESPONSE_BYTES_MAX).read_to_vec();
        let bytes = read.map_err(|error| self.unreachable(&error))?;
        match serde_json::from_slice::<Answer>(&bytes) {
            Ok(answer) if answer.status == "accepted" && !answer.tx_id.is_empty() => Ok(answer.tx_id),
            Ok(_) => Err(self.not_accepted(status)),
            Err(_) if serde_json::from_slice::<AnswerStatus>(&bytes).is_ok() => Err(self.not_accepted(status)),
            Err(_) => {
                let what = format!("answered status {} with something else than JSON of KNIRVGRAPH", status.as_u16());
                Err(self.rejected(Blame::Endpoint, &what, 0))
            }
        }
    }

    fn not_accepted(&self, status: StatusCode) -> Rejected {
        let what = format!("answered status {} and did not accept the transaction", status.as_u16());
        self.rejected(Blame::Transaction, &what, 0)
    }

    /// A status other than 2xx. The address, the credentials and the load are the endpoint's matter, the rest may be the
    /// transaction's.
    fn refused(&self, status: StatusCode, retry_after_ms: u64) -> Rejected {
        let blame = match status.as_u16() {
            401 | 403 | 404 | 405 | 407 | 408 | 421 | 425 | 426 | 429 | 502..=504 => Blame::Endpoint,
            400..=599 => Blame::Transaction,
            _ => Blame::Endpoint,
        };
        let what = match status.is_redirection() {
            true => format!("answered status {}, a redirect, which is not followed", status.as_u16()),
            false => format!("answered status {}", status.as_u16()),
        };
        self.rejected(blame, &what, retry_after_ms)
    }

    fn unreachable(&self, error: &ureq::Error) -> Rejected {
        let what = match error {
            ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => "could not be reached in time".to_string(),
            ureq::Error::Timeout(_) => "did not answer in time".to_string(),
            ureq::Error::BodyExceedsLimit(limit) => format!("answered with more than {limit} bytes"),
            ureq::Error::LargeResponseHeader(_, limit) => format!("answered with a head of more than {limit} bytes"),
            ureq::Error::HostNotFound => "has a name that no host has".to_string(),
            ureq::Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>()) {
                Some(error) => not_by_tls(error),
                None => format!("cannot be spoken to: {}", error.kind()),
            },
            ureq::Error::Rustls(error) => not_by_tls(error),
            // Of the rest some quote what came over the wire.
            _ => "does not speak HTTP as it should".to_string(),
        };
        self.rejected(Blame::Endpoint, &what, 0)
    }

    fn rejected(&self, blame: Blame, what: &str, retry_after_ms: u64) -> Rejected {
        Rejected { blame, error: Error::new(ErrorKind::Io, format!("{} {what}", self.host)), retry_after_ms }
    }
}

/// Why a connection by TLS failed: mostly a certificate that cannot be trusted.
fn not_by_tls(error: &TlsError) -> String {
    format!("cannot be spoken to by TLS: {error}").chars().take(TLS_REASON_CHARS_MAX).collect()
}

/// Refuses what cannot be the address of an endpoint: something else than `http` or `https`, a URL with a user or password
/// (options of networks are shown), with a query or a fragment.
///
/// # Errors
/// 22023 with what is wrong; the URL itself is not repeated, since a password may stand in it.
pub fn check_url(url: &str) -> Result<()> {
    parsed(url).map(drop)
}

fn parsed(url: &str) -> Result<Uri> {
    let refuse = |what: &str| {
        Err(Error::new(ErrorKind::InvalidParameterValue, format!("the posting URL {what}"))
            .with_hint("Write it like https://graph.example.org or http://127.0.0.1:8080/api."))
    };
    let Ok(uri) = url.parse::<Uri>() else {
        return refuse("cannot be read");
    };
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return refuse("begins with neither http:// nor https://");
    }
    if uri.host().is_none_or(str::is_empty) {
        return refuse("names no host");
    }
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return refuse("holds a user or a password, which everybody could see who lists the networks");
    }
    if uri.authority().is_some_and(|authority| authority.as_str() != authority.host() && authority.port_u16().is_none())
    {
        return refuse("has a port that is none");
    }
    if uri.query().is_some() || url.contains('#') {
        return refuse("has a query or a fragment");
    }
    Ok(uri)
}

/// `Retry-After` in seconds (RFC 9110, 10.2.3); its other form, a date, counts as none.
fn retry_after_ms(answer: &Response<Body>) -> u64 {
    let text = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let seconds = text.and_then(|text| text.trim().parse::<u64>().ok()).unwrap_or(0);
    seconds.saturating_mul(1_000).min(RETRY_AFTER_MS_MAX)
}
