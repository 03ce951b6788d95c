//! A node whose clock stood years ahead for one write.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{SystemTime, UNIX_EPOCH};

use nebulusdb::db::{Clock, Database, DatabaseOptions, OnConflict};
use nebulusdb::model::Stage;
use nebulusdb::store::KeySource;
use nebulusdb::types::Value;

use super::nodes::{Consortium, NETWORK, Node};

const THREE_YEARS_MS: u64 = 3 * 365 * 86_400_000;

/// Writes and posts a memory on a node that is down, by a clock that is three years ahead.
fn post_three_years_ahead(node: &Node, id: &str) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_millis();
    let wall = u64::try_from(now).expect("a clock") + THREE_YEARS_MS;
    let options = DatabaseOptions {
        data_directory: node.data().to_path_buf(),
        key_directory: node.data().join("keys"),
        key_source: KeySource::File,
        cache_bytes: 8 << 20,
        sync: false,
        clock: Clock::Manual(Arc::new(AtomicU64::new(wall))),
        row_compiler: nebulusdb::db::no_row_compiler,
    };
    let database = Database::open(&options).expect("the data directory opens");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let mut transaction = database.begin();
    let memory = Arc::clone(transaction.catalog().expect_collection("memory").expect("a collection"));
    let row = vec![Some(Value::text(id)), Some(Value::Json("{\"text\": \"ahead\"}".into())), None, None, None, None];
    transaction.insert(&memory, row, OnConflict::Fail).expect("it can be inserted");
    let key = transaction.key(&memory, vec![Value::text(id)]).expect("a key");
    assert!(transaction.set_stage(&memory, &key, Stage::PostPending).expect("it can be staged"));
    runtime.block_on(transaction.commit()).expect("it commits");
    let network = database.catalog().network(NETWORK).expect("the network").id;
    assert!(runtime.block_on(database.replica().post_staged(network)).expect("it is posted").is_some());
    database.shutdown().expect("it closes");
}

#[test]
fn one_write_three_years_ahead_does_not_make_a_node_mute() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    b.post("before", "weather", "rain");
    a.wait_for_entry("before");
    let id = b.peer_id();
    b.stop();
    post_three_years_ahead(b, "ahead");
    b.restart();
    // The members tell that they do not take it; it goes out once more with a time of now, and all that follows, too.
    a.wait_for_text("ahead", "ahead");
    b.post("after", "weather", "sun");
    a.wait_for_entry("after");
    assert_ne!(b.peer_id(), id, "a number is never given twice");
    let recent = "SELECT bool_and(_timestamp < now() + interval '1 day') FROM memory";
    assert_eq!((a.value(recent), b.value(recent)), ("t".to_string(), "t".to_string()));
    consortium.wait_until_equal();
}
