//! What every request has to pass before a handler sees it, and the headers that every answer leaves with.
//!
//! A browser sends to this server whatever any page on the internet makes it send. Three things tell such requests from the
//! console's own: the name in `Host` (a page whose name was rebound to 127.0.0.1 carries its own name there), `Origin` and
//! `Sec-Fetch-Site` (who made the request), and a token that only the console's page knows, in a header that other pages
//! cannot set. The cookie alone opens nothing: cookies are shared by all ports of a host.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::console::answer::AnswerRefusal;
use crate::console::router::Console;

/// Who made a request, in the browser's own words.
const SEC_FETCH_SITE: &str = "sec-fetch-site";
/// What the page may load and speak to: its own files and its own server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
/// Headers of every answer. An answer about the database is nobody's to keep.
const HEADERS: [(HeaderName, &str); 5] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The names that this server answers to.
#[derive(Clone, Debug)]
pub(super) struct HostRule {
    /// The host of the option `admin`, in lower case.
    configured: String,
    /// It listens on all addresses, so that each of the machine's may be named.
    is_anywhere: bool,
}

impl HostRule {
    /// The rule for a server that was told to listen on `listen`, a host and a port.
    pub fn new(listen: &str) -> HostRule {
        let host = host_of(listen).to_ascii_lowercase();
        let is_anywhere = host.parse().is_ok_and(|address: IpAddr| address.is_unspecified());
        HostRule { configured: host, is_anywhere }
    }

    /// Whether a request for this host, as `Host` or the authority of an origin name it, is meant for this server. An address
    /// cannot be rebound, a name can: only those that somebody chose for this server are taken.
    pub fn allows(&self, authority: &str) -> bool {
        let host = host_of(authority).to_ascii_lowercase();
        match host.parse::<IpAddr>() {
            Ok(address) => address.is_loopback() || self.is_anywhere || host == self.configured,
            Err(_) => host == "localhost" || (!host.is_empty() && host == self.configured),
        }
    }
}

/// The host without its port and without the brackets of an IPv6 address.
fn host_of(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => authority.split(':').next().unwrap_or(authority),
    }
}

/// Lets requests through that were meant for this server, and were made by its own page or typed into the browser.
///
/// # Errors
/// 421 for a foreign `Host`, 403 for a foreign origin.
pub(super) async fn guard(State(console): State<Console>, request: Request, next: Next) -> Response {
    let mut answer = match check(&console.hosts, request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = answer.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    answer
}

fn check(hosts: &HostRule, headers: &HeaderMap) -> Result<(), AnswerRefusal> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text(HOST.as_str()).unwrap_or_default();
    if !hosts.allows(host) {
        return Err(AnswerRefusal::new(StatusCode::MISDIRECTED_REQUEST, "this server is not known by that name").with_hint(
            "Open the console by the address that it listens on, or name the host in the option admin: --admin HOST:8433.",
        ));
    }
    let is_own_origin = match text(ORIGIN.as_str()) {
        None => true,
        Some(origin) => origin.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host)),
    };
    // A link on another page may open the console, whose address bar then says where one is; but it sends nothing.
    let is_own_site = match text(SEC_FETCH_SITE) {
        None | Some("same-origin" | "none") => true,
        Some(_) => text("sec-fetch-mode") == Some("navigate"),
    };
    if is_own_origin && is_own_site {
        return Ok(());
    }
    Err(AnswerRefusal::new(StatusCode::FORBIDDEN, "the request was made by another page than the console"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_nobody_chose_is_refused() {
        let local = HostRule::new("127.0.0.1:8433");
        for host in ["127.0.0.1:8433", "localhost:8433", "LOCALHOST", "127.9.9.9", "[::1]:8433"] {
            assert!(local.allows(host), "{host}");
        }
        for host in ["", "evil.example:8433", "127.0.0.1.evil.example", "localhost.evil.example", "192.168.1.7:8433"] {
            assert!(!local.allows(host), "{host}");
        }
        let named = HostRule::new("memory.home:8433");
        assert!(named.allows("Memory.Home:8433") && named.allows("localhost") && !named.allows("evil.example"));
        let anywhere = HostRule::new("0.0.0.0:8433");
        assert!(anywhere.allows("192.168.1.7:8433") && !anywhere.allows("evil.example:8433"));
    }

    #[test]
    fn only_the_own_page_may_ask() {
        let hosts = HostRule::new("127.0.0.1:8433");
        let said = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("127.0.0.1:8433"));
            for (name, value) in pairs {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            check(&hosts, &headers).is_ok()
        };
        assert!(said(&[]) && said(&[("origin", "http://127.0.0.1:8433"), ("sec-fetch-site", "same-origin")]));
        assert!(said(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]), "a link to the console");
        assert!(!said(&[("origin", "http://127.0.0.1:9999")]), "another port is another page");
        assert!(!said(&[("origin", "null")]) && !said(&[("origin", "http://evil.example")]));
        assert!(!said(&[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "cors")]));
    }
}
