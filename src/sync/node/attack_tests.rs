//! Attacks by a member that knows the secret, over real sockets on a real node. Each ends with a node that has lost nothing,
//! answers, and removes the attacker.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Tree, json};
use tokio::sync::watch;

use crate::db::{Clock, Database, DatabaseOptions, OnConflict};
use crate::merge::{CAUSAL_LENGTH_MAX, charter_id, commitment, digest_of_removed, edict_message, signed_message};
use crate::model::{
    Act, Bytes, Edict, FACT_BLOB_HASH, Field, Founding, Hlc, NetworkId, NetworkOptions, PeerId, Stage, Stamp, State,
};
use crate::store::{BlobHash, KeySource, decode_state, encode_key, encode_state};
use crate::sync::blobs::wire::BlobAnswer;
use crate::sync::node::attacker::Attacker;
use crate::sync::node::supervisor::{SyncOptions, start};
use crate::sync::protocol::message::{HEADS_MAX, MEMBERS_PER_MESSAGE_MAX};
use crate::types::Value;

pub(in crate::sync) const NETWORK: &str = "attacked";
pub(in crate::sync) const SECRET: &str = "a secret of some length";
const MEMORY: &str = "memory";
/// Posted entries of the victim.
const ENTRIES: usize = 50;
/// A number far beyond all that were given.
const FAR: u64 = (1 << 62) - 1;
const PATIENCE: Duration = Duration::from_secs(60);

/// A real node with entries of its own, posted and not.
pub(super) struct Victim {
    pub database: Database,
    network: NetworkId,
    private_blob: BlobHash,
    stopping: watch::Sender<bool>,
    _directory: tempfile::TempDir,
}

impl Victim {
    pub async fn new() -> Victim {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(&DatabaseOptions {
            data_directory: directory.path().join("data"),
            key_directory: directory.path().join("keys"),
            key_source: KeySource::File,
            cache_bytes: 1 << 20,
            sync: false,
            clock: Clock::System,
            row_compiler: crate::db::no_row_compiler,
        })
        .unwrap();
        let mut transaction = database.begin();
        transaction.create_network(NETWORK, NetworkOptions::default(), Some(SECRET), Vec::new(), None).unwrap();
        transaction.attach_collection(MEMORY, NETWORK, None).unwrap();
        transaction.commit().await.unwrap();
        let network = database.catalog().network(NETWORK).unwrap().id;
        let (stopping, stop) = watch::channel(false);
        let listen = vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
        drop(start(database.clone(), SyncOptions { listen, clock: Clock::System }, stop));
        let diary = b"a diary";
        let private_blob = blake3::hash(diary).to_hex().parse().unwrap();
        let victim = Victim { database, network, private_blob, stopping, _directory: directory };
        victim.write("diary", Some(diary), Stage::Private).await;
        for number in 0..ENTRIES {
            victim.write(&format!("entry{number}"), None, Stage::PostPending).await;
        }
        victim.sync().await;
        victim
    }

    async fn write(&self, id: &str, blob: Option<&[u8]>, stage: Stage) {
        let mut transaction = self.database.begin();
        let memory = Arc::clone(transaction.catalog().expect_collection(MEMORY).unwrap());
        let blob = blob.map(|bytes| transaction.put_blob(bytes).unwrap());
        let (hash, size) = blob.map(|(hash, size)| (Value::text(hash), Value::Int8(size.cast_signed()))).unzip();
        let row = vec![Some(Value::text(id)), None, None, hash, size, None];
        transaction.insert(&memory, row, OnConflict::Fail).unwrap();
        let key = transaction.key(&memory, vec![Value::text(id)]).unwrap();
        transaction.set_stage(&memory, &key, stage).unwrap();
        transaction.commit().await.unwrap();
    }

    async fn delete(&self, id: &str) {
        let mut transaction = self.database.begin();
        let memory = Arc::clone(transaction.catalog().expect_collection(MEMORY).unwrap());
        let key = transaction.key(&memory, vec![Value::text(id)]).unwrap();
        assert!(transaction.delete(&memory, &key).unwrap());
        transaction.commit().await.unwrap();
    }

    fn exists(&self, id: &str) -> bool {
        let transaction = self.database.begin();
        let memory = Arc::clone(transaction.catalog().expect_collection(MEMORY).unwrap());
        let key = transaction.key(&memory, vec![Value::text(id)]).unwrap();
        transaction.view().exists(&memory, &key).unwrap()
    }

    async fn sync(&self) {
        let synced = tokio::time::timeout(PATIENCE, self.database.request_sync(Some(self.network))).await;
        synced.expect("SYNC answers").unwrap();
    }

    async fn meet(&self) -> Attacker {
        Attacker::meet(NETWORK, SECRET, &self.address().await).await
    }

    /// Where it listens.
    pub async fn address(&self) -> String {
        let begun = std::time::Instant::now();
        loop {
            let status = self.database.sync_status();
            if let Some(address) = status.addresses.iter().find(|address| address.contains("/tcp/")) {
                return address.clone();
            }
            assert!(begun.elapsed() < PATIENCE, "it listens nowhere");
            tokio::task::yield_now().await;
        }
    }

    fn public_state(&self, id: &str) -> Option<State> {
        let mut key = Vec::new();
        encode_key(&[Value::text(id)], &mut key).unwrap();
        let view = self.database.replica().public_view(self.network).unwrap();
        view.entry(MEMORY, &key).unwrap().map(|entry| decode_state(&entry.body).unwrap())
    }

    /// Nothing is lost, it posts and answers, its clock is right, and the attacker can be removed.
    async fn is_unharmed(&self, mut attacker: Attacker) {
        let missing = (0..ENTRIES).filter(|number| !self.exists(&format!("entry{number}"))).count();
        assert_eq!(missing, 0, "entries are lost");
        self.write("last", None, Stage::PostPending).await;
        self.sync().await;
        let last = self.public_state("last").expect("it posts as before");
        let ahead_ms = last.timestamp.millis().saturating_sub(Clock::System.millis());
        assert!(ahead_ms < 300_000, "its clock is {ahead_ms} ms ahead");
        assert!(!self.database.replica().is_blob_public(self.network, &self.private_blob).unwrap());
        let mut transaction = self.database.begin();
        transaction.remove_peer(NETWORK, attacker.identity.peer_id().as_str()).unwrap();
        transaction.commit().await.unwrap();
        attacker.hear_the_end().await;
        self.stopping.send(true).unwrap();
    }
}

impl Attacker {
    fn peer(&self) -> PeerId {
        self.identity.peer_id().clone()
    }

    /// Makes the victim want deltas that no log has, so that it compares its states with the attacker's; what it asks then is
    /// answered by `answer` until it has done.
    async fn be_compared(&mut self, mut answer: impl FnMut(&Tree) -> Tree) {
        let mut heartbeat = self.hear("/Heartbeat").await;
        let origin = self.peer();
        let hash = [5_u8; 32];
        let signature = self.identity.sign(&signed_message(NETWORK, &origin, FAR, &hash));
        let head = json!({"origin": origin, "seq": FAR, "hash": hash, "signature": signature.as_slice()});
        heartbeat["Heartbeat"]["heads"] = json!([head]);
        heartbeat["Heartbeat"]["digest"] = json!(vec![9_u8; 16]);
        assert!(self.say(json!({"CollectionAnnounce": {"collections": [], "shapes": []}})).await);
        assert!(self.say(heartbeat).await);
        let mut has_begun = false;
        while let Some(said) = self.hear_any().await {
            if let Some(request) = said.pointer("/SyncRequest") {
                let pruned = json!([{"origin": origin, "from_seq": FAR}]);
                let response = json!({"number": request["number"], "served": 1, "runs": [], "pruned": pruned});
                assert!(self.say(json!({"SyncResponse": response})).await);
            }
            let Some(request) = said.pointer("/ReconcileRequest") else { continue };
            has_begun = true;
            if request["ask"] == json!("Close") {
                break;
            }
            let reply = match request["ask"].pointer("/Open") {
                Some(open) => json!({"View": {
                    "heads": [head], "whole": [MEMORY], "partial": [], "members": open["members"], "copies": 0,
                }}),
                None => answer(&request["ask"]),
            };
            let response = json!({"number": request["number"], "answer": reply});
            assert!(self.say(json!({"ReconcileResponse": response})).await);
        }
        assert!(has_begun, "it compares nothing");
        // What was sent before this is taken in when it is answered.
        let mut heartbeat = self.hear("/Heartbeat").await;
        heartbeat["Heartbeat"]["heads"] = json!([]);
        heartbeat["Heartbeat"]["ask"] = json!(77);
        assert!(self.say(heartbeat).await);
        while self.hear("/Heartbeat/answer").await["Heartbeat"]["answer"] != json!(77) {}
    }

    /// Has the victim take an entry that nobody wrote.
    async fn offer(&mut self, id: &str, state: &State) {
        let mut key = Vec::new();
        encode_key(&[Value::text(id)], &mut key).unwrap();
        let entry = json!({"key": key, "body": encode_state(state).unwrap(), "contributions": []});
        self.be_compared(|ask| match (ask.pointer("/Tree"), ask.pointer("/Digests")) {
            (Some(tree), _) => {
                let nodes = tree["nodes"].as_array().map_or(1, Vec::len);
                json!({"Tree": {"children": vec![[3_u8; 16]; nodes * 16]}})
            }
            (_, Some(_)) => {
                let digest = json!({"bucket": 0, "key_hash": vec![1_u8; 8], "digest": vec![1_u8; 16], "clock": []});
                json!({"Digests": {"origins": [], "digests": [digest], "next": null}})
            }
            _ => json!({"Entries": {"entries": [entry], "postings": [], "next": null}}),
        })
        .await;
    }

    fn state(&self, timestamp: Hlc, causal_length: u64, blob: Option<&BlobHash>) -> State {
        let stamp = Stamp { causal_length, hlc: timestamp, peer_id: self.peer() };
        let mut fields = vec![("bait".to_string(), Value::text("bait"))];
        fields.extend(blob.map(|hash| (FACT_BLOB_HASH.to_string(), Value::text(hash.to_string()))));
        let fields = fields.into_iter().map(|(name, value)| (name, Field { value: Some(value), stamp: stamp.clone() }));
        let clock = [(self.peer(), 1)].into_iter().collect();
        State { causal_length, fields: fields.collect(), clock, timestamp, peer_id: self.peer() }
    }
}

/// The name of a peer that nobody has met: base58, which has no 0.
fn nobody(number: usize) -> String {
    number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
}

fn now() -> Hlc {
    Hlc::new(Clock::System.millis(), 0)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_holds_nothing_deletes_nothing() {
    let victim = Victim::new().await;
    let mut attacker = victim.meet().await;
    attacker
        .be_compared(|ask| match ask.pointer("/Tree/nodes").and_then(Tree::as_array) {
            Some(nodes) => json!({"Tree": {"children": vec![[0_u8; 16]; nodes.len() * 16]}}),
            None if ask.pointer("/Digests").is_some() => {
                json!({"Digests": {"origins": [], "digests": [], "next": null}})
            }
            None => json!({"Entries": {"entries": [], "postings": [], "next": null}}),
        })
        .await;
    victim.is_unharmed(attacker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_from_the_future_moves_no_clock_over_sockets() {
    let victim = Victim::new().await;
    let mut attacker = victim.meet().await;
    let state = attacker.state(Hlc::from_bits(u64::MAX), 1, None);
    attacker.offer("future", &state).await;
    assert!(victim.public_state("future").is_none());
    victim.is_unharmed(attacker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_blob_is_not_served_whoever_names_it() {
    let victim = Victim::new().await;
    let mut attacker = victim.meet().await;
    let state = attacker.state(now(), 1, Some(&victim.private_blob));
    attacker.offer("bait", &state).await;
    assert_eq!(attacker.ask_for_blob(&victim.private_blob).await, BlobAnswer::NotHere);
    victim.is_unharmed(attacker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invented_epoch_keeps_nobody_from_being_removed() {
    let victim = Victim::new().await;
    let mut attacker = victim.meet().await;
    // It is told the charter like any member that has none.
    let mut heartbeat = attacker.hear("/Heartbeat").await;
    heartbeat["Heartbeat"]["charter"] = json!({"founding": 0, "edicts": 0});
    assert!(attacker.say(heartbeat).await);
    let told = attacker.hear("/Epoch").await;
    let founding: Founding = serde_json::from_value(told["Epoch"]["charter"]["founding"].clone()).unwrap();
    let id = charter_id(NETWORK, &founding);
    for epoch in [u64::MAX, FAR, 2] {
        let (salt, secret, signer) = ([0; 16], "the secret of a liar", attacker.peer());
        let removed = vec![founding.founder.clone()];
        let known = digest_of_removed(&removed);
        let act = Act::Epoch { number: epoch, commitment: commitment(&id, epoch, &salt, secret), removed, known };
        let signature = Bytes::new(attacker.identity.sign(&edict_message(&id, 1, &signer, &act)));
        let mut news = told.clone();
        news["Epoch"]["charter"]["edicts"] = json!([Edict { number: 1, signer, act, signature }]);
        news["Epoch"]["secret"] = json!({"epoch": epoch, "salt": salt, "secret": secret});
        attacker.say(news).await;
    }
    assert_eq!(victim.database.catalog().network(NETWORK).unwrap().epoch, 1);
    victim.is_unharmed(attacker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_of_many_lives_does_not_keep_others_from_being_posted() {
    let victim = Victim::new().await;
    let mut attacker = victim.meet().await;
    let state = attacker.state(now(), CAUSAL_LENGTH_MAX - 1, None);
    attacker.offer("bait", &state).await;
    if victim.exists("bait") {
        victim.delete("bait").await;
        victim.write("bait", None, Stage::PostPending).await;
    }
    victim.is_unharmed(attacker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_keep_nobody_from_being_answered() {
    let victim = Victim::new().await;
    let mut attacker = victim.meet().await;
    let heartbeat = attacker.hear("/Heartbeat").await;
    let mut listens = true;
    for flood in 0..40_usize {
        let head = |number: usize| json!({"origin": nobody(flood * 10_000 + number), "seq": 1, "hash": vec![1_u8; 32], "signature": vec![2_u8; 64]});
        let mut heads = heartbeat.clone();
        heads["Heartbeat"]["heads"] = (0..HEADS_MAX).map(head).collect();
        let member = |number: usize| json!({"peer": nobody(flood * 10_000 + number), "named_ms": 0, "addresses": ["/ip4/127.0.0.1/tcp/22"], "signature": vec![0_u8; 64]});
        let members: Vec<Tree> = (0..MEMBERS_PER_MESSAGE_MAX).map(member).collect();
        listens = listens && attacker.say(heads).await && attacker.say(json!({"Members": {"members": members}})).await;
    }
    victim.sync().await;
    victim.is_unharmed(attacker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn votes_in_the_name_of_all_drop_nothing() {
    let victim = Victim::new().await;
    let mut attacker = victim.meet().await;
    let this = victim.database.peer_id();
    // Over both members, in the first epoch.
    let heartbeat = attacker.hear("/Heartbeat").await;
    let members = heartbeat["Heartbeat"]["members"].as_u64().unwrap() ^ 0x9E37_79B9_7F4A_7C15;
    for round in [1, 2, 3, FAR] {
        let marks = json!([{"origin": this, "least": FAR, "greatest": FAR}]);
        let vote = json!({"round": round, "members": members, "contributed": [3], "marks": marks, "whole": [MEMORY]});
        assert!(attacker.say(json!({"Stability": vote})).await);
    }
    victim.is_unharmed(attacker).await;
}
