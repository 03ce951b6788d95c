//! What counts as accepted, what each failure is blamed on, and that failures are bounded and say nothing they should not.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::test_endpoint::{EndpointBehaviour, TestEndpoint};
use super::{
    Blame, Endpoint, EndpointOptions, KNIRVGRAPH_RESPONSE_BYTES_MAX, KnirvgraphTransaction, Rejected, check_url,
};

const CANARY: &str = "CaNaRy-77e0-body";
const QUICK: EndpointOptions = EndpointOptions { connect_timeout_ms: 2_000, request_timeout_ms: 2_000 };

fn sent() -> KnirvgraphTransaction {
    KnirvgraphTransaction { id: "tx-1".to_string(), body: format!(r#"{{"id": "tx-1", "data": "{CANARY}"}}"#) }
}

fn submit(behaviour: EndpointBehaviour) -> Result<String, Rejected> {
    let server = TestEndpoint::start();
    server.then([behaviour]);
    Endpoint::new(&server.url(), &QUICK).unwrap().submit(&sent())
}

fn rejected(behaviour: EndpointBehaviour) -> Rejected {
    let rejected = submit(behaviour.clone()).expect_err("not accepted");
    let said = format!("{} {:?}", rejected.error, rejected.error);
    assert!(!said.contains(CANARY), "{behaviour:?}: {said}");
    assert!(said.contains("127.0.0.1:"), "the host is named: {said}");
    rejected
}

fn answer(body: &str) -> EndpointBehaviour {
    EndpointBehaviour::Answer(200, body.to_string())
}

#[test]
fn should_submit_a_transaction() {
    let server = TestEndpoint::start();
    let endpoint = Endpoint::new(&format!("{}/graph/", server.url()), &QUICK).unwrap();
    assert_eq!(endpoint.submit(&sent()).unwrap(), "tx-1");
    assert_eq!(endpoint.submit(&sent()).unwrap(), "tx-1");
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    let head = requests[0].head.to_ascii_lowercase();
    assert!(head.starts_with("post /graph/transaction http/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/json\r\n"), "{head}");
    assert_eq!(requests[0].body, sent().body.as_bytes());
}

#[test]
fn any_2xx_that_says_accepted_is_accepted() {
    let body = r#"{"tx_id": "own id", "status": "accepted", "height": 12}"#;
    assert_eq!(submit(EndpointBehaviour::Answer(202, body.to_string())).unwrap(), "own id");
}

#[test]
fn an_answer_that_does_not_accept_is_the_transactions_matter() {
    for body in [
        r#"{"status": "rejected", "tx_id": "tx-1"}"#,
        r#"{"status": "rejected", "reason": "CaNaRy-77e0-body"}"#,
        r#"{"status": "accepted"}"#,
        r#"{"status": "accepted", "tx_id": ""}"#,
        r#"{"status": "accepted", "tx_id": 7}"#,
        r#"{"status": "ACCEPTED", "tx_id": "tx-1"}"#,
    ] {
        assert_eq!(rejected(answer(body)).blame, Blame::Transaction, "{body}");
    }
}

#[test]
fn an_answer_of_another_kind_of_server_is_the_endpoints_matter() {
    for body in ["", "accepted", "<html>CaNaRy-77e0-body</html>", "[]", "null", r#"{"tx_id": "tx-1"}"#, "\u{0}\u{1}"] {
        assert_eq!(rejected(answer(body)).blame, Blame::Endpoint, "{body}");
    }
}

#[test]
fn statuses_are_named_and_blamed() {
    for (status, blame) in [
        (400, Blame::Transaction),
        (413, Blame::Transaction),
        (422, Blame::Transaction),
        (500, Blame::Transaction),
        (401, Blame::Endpoint),
        (404, Blame::Endpoint),
        (429, Blame::Endpoint),
        (503, Blame::Endpoint),
        (302, Blame::Endpoint),
        (304, Blame::Endpoint),
    ] {
        let accepting = r#"{"status": "accepted", "tx_id": "tx-1"}"#;
        let rejected = rejected(EndpointBehaviour::Answer(status, accepting.to_string()));
        assert_eq!(rejected.blame, blame, "{status}");
        assert!(rejected.error.message().contains(&status.to_string()), "{}", rejected.error);
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let server = TestEndpoint::start();
    server.then([EndpointBehaviour::Header(307, "Location: /elsewhere")]);
    let endpoint = Endpoint::new(&server.url(), &QUICK).unwrap();
    assert_eq!(endpoint.submit(&sent()).unwrap_err().blame, Blame::Endpoint);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn the_time_an_endpoint_asks_for_is_read_and_bounded() {
    assert_eq!(rejected(EndpointBehaviour::Header(503, "Retry-After: 120")).retry_after_ms, 120_000);
    assert_eq!(rejected(EndpointBehaviour::Header(429, "Retry-After: 99999999999999999999")).retry_after_ms, 0);
    assert_eq!(rejected(EndpointBehaviour::Header(429, "Retry-After: 9999999999")).retry_after_ms, 3_600_000);
    assert_eq!(
        rejected(EndpointBehaviour::Header(429, "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT")).retry_after_ms,
        0
    );
}

#[test]
fn garbage_is_an_error() {
    for bytes in [
        b"CaNaRy-77e0-body is no HTTP\r\n\r\n".to_vec(),
        vec![0; 4096],
        Vec::new(),
        b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nhalf".to_vec(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_vec(),
        b"HTTP/1.1 999999 OK\r\n\r\n".to_vec(),
        (0..=255).collect(),
    ] {
        assert_eq!(rejected(EndpointBehaviour::Raw(bytes)).blame, Blame::Endpoint);
    }
}

#[test]
fn a_silent_endpoint_is_left_in_time() {
    let server = TestEndpoint::start();
    server.then([EndpointBehaviour::Silence]);
    let options = EndpointOptions { request_timeout_ms: 300, ..QUICK };
    let started = Instant::now();
    let rejected = Endpoint::new(&server.url(), &options).unwrap().submit(&sent()).unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!(rejected.blame, Blame::Endpoint);
    assert!(rejected.error.message().contains("in time"), "{}", rejected.error);
}

#[test]
fn an_endpoint_that_nobody_serves_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let rejected = Endpoint::new(&format!("http://{address}"), &QUICK).unwrap().submit(&sent()).unwrap_err();
    assert_eq!(rejected.blame, Blame::Endpoint);
    assert!(rejected.error.message().contains("refused"), "{}", rejected.error);
}

#[test]
fn https_says_nothing_before_the_host_has_proved_itself() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut hello = vec![0; 4096];
        let size = stream.read(&mut hello).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        hello.truncate(size);
        hello
    });
    let rejected = Endpoint::new(&format!("https://{address}"), &QUICK).unwrap().submit(&sent()).unwrap_err();
    assert_eq!(rejected.blame, Blame::Endpoint);
    assert!(rejected.error.message().contains("TLS"), "{}", rejected.error);
    let hello = server.join().unwrap();
    assert_eq!(hello[..2], [0x16, 0x03], "a handshake");
    assert!(!String::from_utf8_lossy(&hello).contains("tx-1"));
}

#[test]
fn a_huge_answer_is_not_read() {
    let limit = usize::try_from(KNIRVGRAPH_RESPONSE_BYTES_MAX).unwrap();
    assert_eq!(submit(EndpointBehaviour::Huge(limit)).unwrap(), "tx-1", "just within the limit");
    for size in [limit + 1, 50 * 1024 * 1024] {
        let rejected = rejected(EndpointBehaviour::Huge(size));
        assert_eq!(rejected.blame, Blame::Endpoint);
        assert!(rejected.error.message().contains(&limit.to_string()), "{}", rejected.error);
    }
    let mut head = b"HTTP/1.1 200 OK\r\n".to_vec();
    head.extend(std::iter::repeat_n(*b"X-Filler: xxxxxxxxxxxxxxxxxxxxxxxx\r\n", 4_000).flatten());
    assert_eq!(rejected(EndpointBehaviour::Raw(head)).blame, Blame::Endpoint);
}

#[test]
fn urls_that_cannot_be_an_endpoint_are_refused_and_not_repeated() {
    for url in ["http://127.0.0.1:8080", "https://graph.example.org/api/", "http://[::1]:80", "https://host"] {
        assert!(check_url(url).is_ok(), "{url}");
    }
    for url in [
        "",
        "graph.example.org",
        "/transaction",
        "ftp://graph.example.org",
        "http://",
        "http:///path",
        "http://user:hunter2@graph.example.org",
        "http://graph.example.org/?token=hunter2",
        "http://graph.example.org/#hunter2",
        "http://graph example.org",
        "http://graph.example.org:99999999/hunter2",
    ] {
        let error = check_url(url).expect_err(url);
        assert_eq!(error.sqlstate(), "22023", "{url}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
