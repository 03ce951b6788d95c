//! Rounds and the task, against a real endpoint on loopback: the specification's `saveDocument` and `handleSync`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::round::{EntryName, PostingRound};
use super::test_endpoint::{EndpointBehaviour, TestEndpoint};
use super::{
    BackOff, BackOffTimes, Endpoint, EndpointOptions, Outbox, POST_REQUESTS_MAX, PostNow, Poster, PosterOptions,
    PostingReport, STAGED_PAGE_ENTRIES,
};
use crate::db::{EntryKey, StagedForPosting};
use crate::error::{Error, ErrorKind, Result};
use crate::merge::{WriteContext, delete, insert, update};
use crate::model::{CollectionId, Hlc, NetworkId, PeerId, State};
use crate::store::Identity;
use crate::types::Value;

const MEMORY: CollectionId = CollectionId(1);
const NETWORK: NetworkId = NetworkId(9);
const NOW_MS: u64 = 1_700_000_000_000;
const TIMES: BackOffTimes = BackOffTimes { first_ms: 1_000, max_ms: 60_000 };
/// In entries that are not staged; stands nowhere else.
const CANARY: &str = "CaNaRy-41f2-private";
/// Longest wait of a test for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// A database of one collection, as far as posting goes.
#[derive(Clone, Default)]
struct Entries(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    entries: BTreeMap<EntryName, Entry>,
    posted: BTreeSet<EntryName>,
    next_version: u64,
    /// The next calls fail.
    is_broken: bool,
}

struct Entry {
    id: String,
    version: u64,
    state: State,
    is_staged: bool,
}

fn name(id: &str) -> EntryName {
    (MEMORY, EntryKey::from_bytes(id.as_bytes()))
}

impl Entries {
    /// Writes an entry, staged or not. An empty text deletes it.
    fn save(&self, id: &str, text: &str, is_staged: bool) {
        let mut held = self.0.lock();
        held.next_version += 1;
        let version = held.next_version;
        let by = WriteContext { hlc: Hlc::new(NOW_MS + version, 0), peer_id: PeerId::new("peerA") };
        let before = held.entries.get(&name(id)).map(|entry| entry.state.clone());
        let state = match before {
            Some(before) if text.is_empty() => delete(&before, &by),
            Some(before) => update(&before, [("text".to_string(), Some(Value::text(text)))], &by),
            None => insert(None, [("text".to_string(), Value::text(text))], &by),
        };
        held.entries.insert(name(id), Entry { id: id.to_string(), version, state, is_staged });
    }

    fn staged(&self) -> Vec<String> {
        let held = self.0.lock();
        held.entries.values().filter(|entry| entry.is_staged).map(|entry| entry.id.clone()).collect()
    }
}

impl Outbox for Entries {
    fn staged_entries(
        &self,
        network: NetworkId,
        after: Option<EntryName>,
        limit: usize,
    ) -> Result<Vec<StagedForPosting>> {
        let held = self.0.lock();
        if held.is_broken {
            return Err(Error::new(ErrorKind::DiskFull, "the disk is full"));
        }
        assert_eq!(network, NETWORK);
        let staged = held
            .entries
            .iter()
            .filter(|(name, entry)| entry.is_staged && after.as_ref().is_none_or(|after| *name > after));
        let staged = staged.take(limit).map(|(name, entry)| StagedForPosting {
            collection: name.0,
            collection_name: "memory".to_string(),
            key: name.1.clone(),
            id: entry.id.clone(),
            version: entry.version,
            state: entry.state.clone(),
            was_posted: held.posted.contains(name),
        });
        Ok(staged.collect())
    }

    fn mark_posted(&self, _: NetworkId, posted: Vec<(CollectionId, EntryKey, u64)>) -> Result<u64> {
        let mut held = self.0.lock();
        let mut cleared = 0;
        for (collection, key, version) in posted {
            let name = (collection, key);
            if let Some(entry) = held.entries.get_mut(&name).filter(|entry| entry.version == version) {
                entry.is_staged = false;
                cleared += 1;
            }
            held.posted.insert(name);
        }
        Ok(cleared)
    }
}

fn identity() -> Arc<Identity> {
    let directory = tempfile::tempdir().unwrap();
    Arc::new(Identity::create(&directory.path().join("identity.key")).unwrap())
}

fn round(entries: &Entries, url: &str) -> PostingRound<Entries> {
    PostingRound {
        outbox: entries.clone(),
        // However loaded the machine is, an answer in time decides nothing here.
        endpoint: Endpoint::new(url, &EndpointOptions::default()).unwrap(),
        identity: identity(),
        network: NETWORK,
        network_name: "knirvgraph".to_string(),
        back_off: BackOff::new(TIMES, 7),
        stop: Arc::new(AtomicBool::new(false)),
    }
}

fn refuse() -> EndpointBehaviour {
    EndpointBehaviour::Answer(422, "no".to_string())
}

#[test]
fn handle_sync_posts_staged_documents_and_clears_their_stage() {
    let (server, entries) = (TestEndpoint::start(), Entries::default());
    entries.save("a", "one", true);
    entries.save("b", "two", true);
    entries.save("c", CANARY, false);
    let report = round(&entries, &server.url()).run(NOW_MS, false).unwrap();
    assert_eq!((report.accepted, report.cleared, report.refused, report.complete), (2, 2, 0, true));
    assert!(entries.staged().is_empty());
    let requests = server.requests();
    let nodes: Vec<_> =
        requests.iter().map(|request| request.json()["node_id"].as_str().unwrap().to_string()).collect();
    assert_eq!(nodes, ["a", "b"]);
    assert_eq!(report.bytes_sent, requests.iter().map(|request| request.body.len() as u64).sum::<u64>());
}

#[test]
fn handle_sync_keeps_a_document_for_retry_when_its_posting_fails() {
    let (server, entries) = (TestEndpoint::start(), Entries::default());
    entries.save("a", "one", true);
    entries.save("b", "two", true);
    server.then([refuse()]);
    let mut round = round(&entries, &server.url());
    let report = round.run(NOW_MS, false).unwrap();
    assert_eq!((report.accepted, report.refused), (1, 1));
    assert!(report.last_error.unwrap().contains("422"));
    assert_eq!(entries.staged(), ["a"]);
    let report = round.run(NOW_MS, false).unwrap();
    assert_eq!((report.accepted, report.waiting), (0, 1), "too early");
    let report = round.run(NOW_MS + TIMES.max_ms, false).unwrap();
    assert_eq!((report.accepted, report.cleared), (1, 1));
    let ids = server.ids();
    assert_eq!(ids.len(), 3);
    assert_eq!(ids[0], ids[2], "a retry is the same transaction");
}

#[test]
fn handle_sync_skips_documents_that_are_not_post_pending() {
    let (server, entries) = (TestEndpoint::start(), Entries::default());
    entries.save("a", CANARY, false);
    let report = round(&entries, &server.url()).run(NOW_MS, true).unwrap();
    assert_eq!(report, PostingReport { complete: true, ..PostingReport::default() });
    assert!(server.requests().is_empty());
}

#[test]
fn nothing_of_a_private_document_is_in_any_request() {
    let (server, entries) = (TestEndpoint::start(), Entries::default());
    let mut round = round(&entries, &server.url());
    for step in 0..10 {
        entries.save(&format!("private-{CANARY}-{step}"), CANARY, false);
        entries.save(&format!("staged-{step}"), "public", true);
        entries.save(&format!("staged-{}", step / 2), "public, changed", true);
        server.then([refuse(), EndpointBehaviour::Answer(503, String::new())]);
        round.run(NOW_MS, step % 2 == 0).unwrap();
    }
    server.then(std::iter::empty());
    // Each round gets at least one answer that was told beforehand, so that they come to an end.
    for _ in 0..30 {
        round.run(NOW_MS, true).unwrap();
    }
    assert!(entries.staged().is_empty());
    let requests = server.requests();
    assert!(requests.len() >= 10);
    for request in &requests {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let json = request.json();
        use base64::Engine;
        let data = base64::engine::general_purpose::STANDARD.decode(json["data"].as_str().unwrap()).unwrap();
        for text in [&request.head, &body, &String::from_utf8_lossy(&data).into_owned()] {
            assert!(!text.contains(CANARY), "{text}");
        }
    }
}

#[test]
fn creates_then_updates_then_deletes() {
    let (server, entries) = (TestEndpoint::start(), Entries::default());
    let mut round = round(&entries, &server.url());
    for text in ["one", "two", ""] {
        entries.save("a", text, true);
        assert_eq!(round.run(NOW_MS, false).unwrap().accepted, 1);
    }
    entries.save("never posted", "one", true);
    entries.save("never posted", "", true);
    let report = round.run(NOW_MS, false).unwrap();
    assert_eq!((report.accepted, report.cleared), (0, 1), "the graph never hears of it");
    let types: Vec<_> = server.requests().iter().map(|request| request.json()["type"].as_i64().unwrap()).collect();
    assert_eq!(types, [0, 2, 3]);
}

#[test]
fn a_write_during_the_posting_keeps_the_stage_and_is_posted_next() {
    let (server, entries) = (TestEndpoint::start(), Entries::default());
    let mut round = round(&entries, &server.url());
    entries.save("a", "one", true);
    let staged = entries.staged_entries(NETWORK, None, 1).unwrap().remove(0);
    entries.save("a", "two", true);
    assert_eq!(entries.mark_posted(NETWORK, vec![(MEMORY, staged.key, staged.version)]).unwrap(), 0);
    assert_eq!(entries.staged(), ["a"]);
    assert_eq!(round.run(NOW_MS, false).unwrap().cleared, 1);
    let json = server.requests()[0].json();
    assert_eq!((json["type"].as_i64(), json["nonce"].as_u64()), (Some(2), Some(2)));
}

#[test]
fn a_lost_answer_is_repeated_under_the_same_id() {
    let (server, entries) = (TestEndpoint::start(), Entries::default());
    entries.save("a", "one", true);
    server.then([EndpointBehaviour::Raw(Vec::new())]);
    let mut round = round(&entries, &server.url());
    assert_eq!(round.run(NOW_MS, false).unwrap().accepted, 0);
    assert_eq!(round.run(NOW_MS + TIMES.max_ms, false).unwrap().accepted, 1);
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].body, requests[1].body);
}

#[test]
fn an_endpoint_that_is_down_is_asked_once_a_round_and_ever_more_rarely() {
    let (server, entries) = (TestEndpoint::start(), Entries::default());
    for id in 0..40 {
        entries.save(&format!("{id:02}"), "text", true);
    }
    server.otherwise(EndpointBehaviour::Answer(503, String::new()));
    let mut round = round(&entries, &server.url());
    let mut asked = Vec::new();
    for second in 0..120 {
        round.run(NOW_MS + second * 1_000, false).unwrap();
        asked.push(server.requests().len());
    }
    let total = *asked.last().unwrap();
    assert!((6..20).contains(&total), "{total} requests in two minutes");
    assert!(asked.windows(2).all(|pair| pair[1] - pair[0] <= 1), "{asked:?}");
    assert_eq!(entries.staged().len(), 40);
    server.otherwise(EndpointBehaviour::Accept);
    let report = round.run(NOW_MS + 120_000 + TIMES.max_ms, false).unwrap();
    assert_eq!((report.accepted, report.complete), (40, true));
}

#[test]
fn an_entry_that_breaks_the_endpoint_does_not_stand_in_front_of_the_others() {
    let (server, entries) = (TestEndpoint::start(), Entries::default());
    for id in ["0 poison", "a", "b", "c"] {
        entries.save(id, "text", true);
    }
    let mut round = round(&entries, &server.url());
    let mut now_ms = NOW_MS;
    for _ in 0..60 {
        let first = entries.staged_entries(NETWORK, None, 1).unwrap().remove(0);
        let is_poison_due = round.back_off.is_due(&name(&first.id), first.version, now_ms);
        if is_poison_due && round.back_off.is_endpoint_due(now_ms) {
            server.then([EndpointBehaviour::Raw(Vec::new())]);
        }
        round.run(now_ms, false).unwrap();
        now_ms += 500;
    }
    assert_eq!(entries.staged(), ["0 poison"]);
}

#[test]
fn refusals_hold_up_only_what_was_refused_until_there_are_many_in_a_row() {
    let (server, entries) = (TestEndpoint::start(), Entries::default());
    for id in 0..50 {
        entries.save(&format!("{id:02}"), "text", true);
    }
    server.otherwise(refuse());
    let mut round = round(&entries, &server.url());
    let report = round.run(NOW_MS, false).unwrap();
    assert_eq!((report.refused, report.complete), (16, false));
    server.otherwise(EndpointBehaviour::Accept);
    // What was refused later in the first round waits as much longer: a minute is enough for all, however slow the machine is.
    let report = round.run(NOW_MS + TIMES.max_ms, false).unwrap();
    assert_eq!((report.accepted, report.complete), (50, true));
}

#[test]
fn sync_tries_what_waits() {
    let (server, entries) = (TestEndpoint::start(), Entries::default());
    entries.save("a", "one", true);
    server.then([EndpointBehaviour::Answer(503, String::new())]);
    let mut round = round(&entries, &server.url());
    round.run(NOW_MS, false).unwrap();
    assert_eq!(round.run(NOW_MS, false).unwrap().accepted, 0);
    assert_eq!(round.run(NOW_MS, true).unwrap().accepted, 1);
}

#[test]
fn many_entries_go_out_in_pages() {
    let (server, entries) = (TestEndpoint::start(), Entries::default());
    let count = 3 * STAGED_PAGE_ENTRIES + 1;
    for id in 0..count {
        entries.save(&format!("{id:04}"), "text", true);
    }
    let report = round(&entries, &server.url()).run(NOW_MS, false).unwrap();
    assert_eq!((report.accepted, report.cleared), (count as u64, count as u64));
    assert_eq!(server.ids().iter().collect::<BTreeSet<_>>().len(), count);
}

#[test]
fn a_stopped_round_sends_nothing_more() {
    let (server, entries) = (TestEndpoint::start(), Entries::default());
    entries.save("a", "one", true);
    let mut round = round(&entries, &server.url());
    round.stop.store(true, Ordering::Relaxed);
    assert!(!round.run(NOW_MS, true).unwrap().complete);
    assert!(server.requests().is_empty());
}

// The task.

struct Running {
    staged: watch::Sender<u64>,
    requests: mpsc::Sender<PostNow>,
    task: tokio::task::JoinHandle<()>,
    status: watch::Receiver<super::PosterStatus>,
}

fn start(entries: &Entries, url: &str, interval_ms: u64) -> Running {
    let options = PosterOptions {
        network: NETWORK,
        network_name: "knirvgraph".to_string(),
        url: url.to_string(),
        interval_ms,
        endpoint: EndpointOptions::default(),
        back_off: BackOffTimes { first_ms: 20, max_ms: 100 },
        seed: 7,
    };
    let poster = Poster::new(options, entries.clone(), identity()).unwrap();
    let status = poster.status();
    let (staged, staged_receiver) = watch::channel(0);
    let (requests, requests_receiver) = mpsc::channel(POST_REQUESTS_MAX);
    Running { staged, requests, task: tokio::spawn(poster.run(staged_receiver, requests_receiver)), status }
}

impl Running {
    async fn post_now(&self) -> Result<PostingReport> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(PostNow { reply }).await.unwrap();
        timeout(PATIENCE, answer).await.expect("a round ends").unwrap()
    }

    async fn until(&mut self, wanted: impl FnMut(&super::PosterStatus) -> bool) {
        timeout(PATIENCE, self.status.wait_for(wanted)).await.expect("the status comes").unwrap();
    }
}

#[tokio::test]
async fn staged_entries_are_posted_at_the_next_interval_and_failures_are_retried() {
    let (server, entries) = (TestEndpoint::start(), Entries::default());
    let mut running = start(&entries, &server.url(), 20);
    server.then([EndpointBehaviour::Answer(503, String::new()), refuse()]);
    entries.save("a", "one", true);
    running.staged.send_modify(|count| *count += 1);
    running.until(|status| status.accepted == 1).await;
    running.until(|status| status.last_sync_ms.is_some() && status.last_error.is_none()).await;
    assert_eq!(running.status.borrow().refused, 2);
    assert!(entries.staged().is_empty());
}

#[tokio::test]
async fn what_was_staged_before_the_start_is_posted() {
    let (server, entries) = (TestEndpoint::start(), Entries::default());
    entries.save("a", "one", true);
    let mut running = start(&entries, &server.url(), 20);
    running.until(|status| status.accepted == 1).await;
    drop(running.staged);
    entries.save("b", "two", true);
    drop(running.requests);
    timeout(PATIENCE, running.task).await.expect("it ends with its requests").unwrap();
}

#[tokio::test]
async fn sync_does_not_wait_for_the_interval() {
    let (server, entries) = (TestEndpoint::start(), Entries::default());
    let running = start(&entries, &server.url(), 3_600_000);
    entries.save("a", "one", true);
    let report = running.post_now().await.unwrap();
    assert_eq!((report.accepted, report.complete), (1, true));
    let report = running.post_now().await.unwrap();
    assert_eq!((report.accepted, report.complete), (0, true));
}

#[tokio::test]
async fn a_broken_database_is_told_to_who_asked_and_tried_again() {
    let (server, entries) = (TestEndpoint::start(), Entries::default());
    entries.0.lock().is_broken = true;
    let mut running = start(&entries, &server.url(), 20);
    let error = running.post_now().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DiskFull);
    running.until(|status| status.last_error.as_deref() == Some("the disk is full")).await;
    entries.save("a", "one", true);
    entries.0.lock().is_broken = false;
    running.until(|status| status.accepted == 1 && status.last_error.is_none()).await;
}

#[test]
fn a_url_that_cannot_be_an_endpoint_is_an_error_at_once() {
    let options = PosterOptions {
        network: NETWORK,
        network_name: "knirvgraph".to_string(),
        url: "graph".to_string(),
        interval_ms: 1_000,
        endpoint: EndpointOptions::default(),
        back_off: BackOffTimes::default(),
        seed: 0,
    };
    let error = Poster::new(options, Entries::default(), identity()).err().expect("it is refused");
    assert_eq!(error.sqlstate(), "22023");
}
