//! Requests of S3: signed, sent, tried again, and what their answers mean.
//!
//! A request is signed in its URL, which therefore is in no message. What fails on the way, or because the other side is busy,
//! is tried a few times; every try has a time that grows with the bytes it may move.

use std::time::Duration;

use rusty_s3::actions::S3Action;
use rusty_s3::{Bucket, Credentials, UrlStyle};
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

use crate::backup::place::BucketPlace;
use crate::error::{Error, ErrorKind, Result};

/// How long a signature holds.
const SIGNED_FOR: Duration = Duration::from_secs(15 * 60);
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);
/// How long the other side may take nothing and give nothing.
const STALL_TIME_MAX: Duration = Duration::from_secs(120);
/// Time of a request that moves next to nothing.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(60);
/// The slowest network that is waited for, in bytes a second.
const BYTES_A_SECOND_MIN: u64 = 64 * 1024;
/// How often a request is made, at most.
const TRIES_MAX: u32 = 5;
/// The pause before the second try; each later one is twice as long.
const PAUSE: Duration = Duration::from_millis(200);
/// Longest answer that is kept: a list of 1000 names of 1024 bytes, in XML.
const ANSWER_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Longest error that is shown.
const REASON_CHARS_MAX: usize = 300;

/// One bucket, as this process may use it.
pub(super) struct Requests {
    pub bucket: Bucket,
    pub credentials: Credentials,
    agent: Agent,
    shown: String,
}

/// What a request sends, and how many bytes its try may move.
pub(super) enum Payload<'a> {
    Nothing,
    Bytes(&'a [u8]),
}

impl Requests {
    /// The bucket with the credentials, region and endpoint of the environment, by the names that AWS' own tools use.
    ///
    /// # Errors
    /// F0000 naming what is missing or wrong.
    pub fn of_environment(place: &BucketPlace) -> Result<Requests> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let wrong = |what: String, hint: &str| Error::new(ErrorKind::Configuration, what).with_hint(hint);
        let (Some(key), Some(secret)) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) else {
            return Err(wrong(
                format!("there are no credentials for {place}"),
                "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, for a running server where that is started.",
            ));
        };
        let credentials = match variable("AWS_SESSION_TOKEN") {
            Some(token) => Credentials::new_with_token(key, secret, token),
            None => Credentials::new(key, secret),
        };
        let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
        let region = region.unwrap_or_else(|| "us-east-1".to_string());
        let own = variable("AWS_ENDPOINT_URL_S3").or_else(|| variable("AWS_ENDPOINT_URL"));
        // AWS itself names buckets by hosts, others mostly do not.
        let style = if own.is_some() { UrlStyle::Path } else { UrlStyle::VirtualHost };
        let endpoint = own.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
        let hint = "AWS_ENDPOINT_URL is written as https://host:port; AWS_REGION as eu-central-1.";
        let url =
            endpoint.parse().map_err(|_| wrong(format!("\"{endpoint}\" is no URL of an endpoint of S3"), hint))?;
        let bucket = Bucket::new(url, style, place.bucket.clone(), region)
            .map_err(|error| wrong(format!("\"{endpoint}\" cannot be an endpoint of S3: {error}"), hint))?;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("nebulusdb/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(CONNECT_TIME_MAX))
            .timeout_per_read(Some(STALL_TIME_MAX))
            .timeout_per_write(Some(STALL_TIME_MAX))
            .build();
        Ok(Requests { bucket, credentials, agent: Agent::new_with_config(config), shown: place.to_string() })
    }

    /// Makes a small request until it is answered.
    ///
    /// # Errors
    /// 58030 where nobody answers, or only that it cannot be done now.
    pub fn send<'a>(
        &'a self,
        action: &impl S3Action<'a>,
        headers: &[(&str, &str)],
        payload: &Payload<'_>,
    ) -> Result<Response<Body>> {
        self.tried(|| {
            let url = action.sign(SIGNED_FOR);
            let request = ureq::http::Request::builder().method(method(action)).uri(url.as_str());
            let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            let answer = match payload {
                Payload::Nothing => {
                    let request = request.body(()).map_err(|_| self.unfit())?;
                    self.agent.run(self.agent.configure_request(request).timeout_global(Some(REQUEST_TIME_MAX)).build())
                }
                Payload::Bytes(bytes) => {
                    let request = request.body(*bytes).map_err(|_| self.unfit())?;
                    self.agent.run(
                        self.agent
                            .configure_request(request)
                            .timeout_global(Some(time_for(bytes.len() as u64)))
                            .build(),
                    )
                }
            };
            answer.map_err(|error| self.unreachable(&error))
        })
    }

    /// Sends what `reader` gives, `bytes` bytes. It is not tried again here, since a reader is read once.
    ///
    /// # Errors
    /// What went wrong on the way; the reader may know it better.
    pub fn upload<'a>(
        &'a self,
        action: &impl S3Action<'a>,
        bytes: u64,
        reader: &mut dyn std::io::Read,
    ) -> Result<Response<Body>> {
        let url = action.sign(SIGNED_FOR);
        let request = self.agent.put(url.as_str()).header("content-length", bytes.to_string());
        let request = request.config().timeout_global(Some(time_for(bytes))).build();
        request.send(ureq::SendBody::from_reader(reader)).map_err(|error| self.unreachable(&error))
    }

    /// Asks for an object from one of its bytes on; the answer's body is left to be read.
    ///
    /// # Errors
    /// 58030 where nobody answers.
    pub fn download<'a>(&'a self, action: &impl S3Action<'a>, from: u64, bytes_max: u64) -> Result<Response<Body>> {
        self.tried(|| {
            let request = self.agent.get(action.sign(SIGNED_FOR).as_str());
            let request = if from > 0 { request.header("range", format!("bytes={from}-")) } else { request };
            let request = request.config().timeout_global(Some(time_for(bytes_max))).build();
            request.call().map_err(|error| self.unreachable(&error))
        })
    }

    /// Tries until there is an answer that is no excuse.
    ///
    /// # Errors
    /// What `request` returns: 58030 after `TRIES_MAX` tries, anything else at once.
    pub fn tried(&self, request: impl Fn() -> Result<Response<Body>>) -> Result<Response<Body>> {
        let mut pause = PAUSE;
        for _ in 1..TRIES_MAX {
            match request() {
                Ok(answer) if !is_excuse(answer.status()) => return Ok(answer),
                Err(error) if error.kind() != ErrorKind::Io => return Err(error),
                _ => {}
            }
            std::thread::sleep(pause);
            pause *= 2;
        }
        request()
    }

    /// The body of a small answer.
    ///
    /// # Errors
    /// 58030 for one that is too long or breaks off.
    pub fn body(&self, answer: &mut Response<Body>) -> Result<Vec<u8>> {
        let read = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
        read.map_err(|error| self.unreachable(&error))
    }

    /// The error that an answer is.
    pub fn refused(&self, mut answer: Response<Body>, doing: &str) -> Error {
        let status = answer.status();
        let text = self.body(&mut answer).map(|body| String::from_utf8_lossy(&body).into_owned()).unwrap_or_default();
        let element = |name: &str| {
            let (_, rest) = text.split_once(&format!("<{name}>"))?;
            let (inner, _) = rest.split_once('<')?;
            Some(inner.chars().take(REASON_CHARS_MAX).collect::<String>())
        };
        let code = element("Code").unwrap_or_default();
        let reason = element("Message")
            .map_or_else(|| format!("status {}", status.as_u16()), |message| format!("{message} ({code})"));
        let hint = match (status.as_u16(), code.as_str()) {
            (301 | 307 | 400, _) => "Is AWS_REGION the bucket's region, and AWS_ENDPOINT_URL its endpoint?",
            (401 | 403, _) => {
                "Are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY those of somebody who may read and write there?"
            }
            (404, _) => "The bucket has to be there; it is not made.",
            _ => "",
        };
        let kind = if matches!(status.as_u16(), 400..=499) { ErrorKind::Configuration } else { ErrorKind::Io };
        let error = Error::new(kind, format!("{}: {doing}: {reason}", self.shown));
        if hint.is_empty() { error } else { error.with_hint(hint) }
    }

    /// The error of a request that was not answered. The URL is not in it.
    fn unreachable(&self, error: &ureq::Error) -> Error {
        let reason = match error {
            ureq::Error::Timeout(_) => "no answer in time".to_string(),
            ureq::Error::HostNotFound => "no such host".to_string(),
            ureq::Error::Io(error) => error.to_string(),
            ureq::Error::Rustls(error) => format!("TLS: {error}"),
            ureq::Error::BodyExceedsLimit(limit) => format!("an answer of more than {limit} bytes"),
            // Some of the rest quote the URL.
            _ => "the other side does not speak HTTP as it should".to_string(),
        };
        Error::new(ErrorKind::Io, format!("{}: {reason}", self.shown))
            .with_hint("Is AWS_ENDPOINT_URL right, and the network up?")
    }

    fn unfit(&self) -> Error {
        Error::internal(format!("{}: a request could not be written", self.shown))
    }
}

fn method<'a>(action: &impl S3Action<'a>) -> &'static str {
    fn of<'a, A: S3Action<'a>>(_: &A) -> rusty_s3::Method {
        A::METHOD
    }
    match of(action) {
        rusty_s3::Method::Head => "HEAD",
        rusty_s3::Method::Get => "GET",
        rusty_s3::Method::Post => "POST",
        rusty_s3::Method::Put => "PUT",
        rusty_s3::Method::Delete => "DELETE",
    }
}

/// Whether the other side may do it a moment later.
pub(super) fn is_excuse(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

fn time_for(bytes: u64) -> Duration {
    REQUEST_TIME_MAX + Duration::from_secs(bytes / BYTES_A_SECOND_MIN)
}
