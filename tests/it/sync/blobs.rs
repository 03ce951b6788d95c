//! Blobs stay where they were made, and come when somebody asks for them: whole, verified, from whoever has them.

use super::nodes::{Consortium, Node, wait_for};

/// Larger than any frame or chunk of the protocol, and no multiple of one.
const BLOB_BYTES: usize = 3 * 1024 * 1024 + 137;

/// Bytes that do not repeat, in the hexadecimal text form of bytea.
fn blob_text(seed: u64, bytes: usize) -> String {
    let mut state = seed;
    let mut text = String::with_capacity(2 + bytes * 2);
    text.push_str("\\x");
    for _ in 0..bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let byte = (state >> 33) & 0xff;
        text.push(char::from_digit(u32::try_from(byte >> 4).expect("a digit"), 16).expect("a digit"));
        text.push(char::from_digit(u32::try_from(byte & 15).expect("a digit"), 16).expect("a digit"));
    }
    text
}

/// Writes and posts an entry with a blob.
fn post_blob(node: &mut Node, id: &str, text: &str) {
    let statement = format!("SET MEMORY id = \"{id}\" metadata = {{\"topic\": \"pictures\"}} blob = $1");
    let reply = node.client().run_with(&statement, &[text]);
    assert_eq!(reply.failure(), None);
    node.stage(&format!("id = \"{id}\""));
}

fn blob_of(id: &str) -> String {
    format!("SELECT blob(id) FROM memory WHERE id = '{id}'")
}

#[test]
fn a_blob_is_fetched_from_its_origin_when_it_is_asked_for() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    let text = blob_text(1, BLOB_BYTES);
    post_blob(a, "picture", &text);
    b.wait_for_entry("picture");
    let facts = "SELECT blob_hash, blob_size FROM memory WHERE id = 'picture'";
    assert_eq!(b.client().rows(facts), a.client().rows(facts));
    let blobs_here = |node: &Node| {
        let folders = std::fs::read_dir(node.data().join("blobs")).into_iter().flatten().flatten();
        // Those named by the first two digits of a hash; unfinished files lie beside them.
        let hash_folders = folders.filter(|folder| folder.file_name().len() == 2).count();
        hash_folders > 0
    };
    assert!(!blobs_here(b), "it does not come before it is asked for");
    assert!(b.value(&blob_of("picture")) == text, "the fetched blob is another one");
    assert!(blobs_here(b), "then it is kept");
    a.kill();
    assert!(b.value(&blob_of("picture")) == text, "it is here now");
}

#[test]
fn a_blob_comes_from_any_node_that_has_it() {
    let mut consortium = Consortium::start(&["a", "b", "c"]);
    let [a, b, c] = consortium.each();
    let text = blob_text(2, BLOB_BYTES);
    post_blob(a, "picture", &text);
    b.wait_for_entry("picture");
    c.wait_for_entry("picture");
    assert!(b.value(&blob_of("picture")) == text);
    a.kill();
    c.wait_for_peers(super::nodes::NETWORK, 1);
    assert!(c.value(&blob_of("picture")) == text, "from b, since its origin is gone");
}

#[test]
fn a_blob_that_nobody_has_is_an_error_that_names_who_was_asked() {
    let mut consortium = Consortium::start(&["a", "b", "c"]);
    let [a, b, c] = consortium.each();
    post_blob(a, "picture", &blob_text(3, 5_000));
    b.wait_for_entry("picture");
    c.wait_for_entry("picture");
    a.kill();
    let asked = b.peer_id();
    c.wait_for_peers(super::nodes::NETWORK, 1);
    let failure = c.client().error(&blob_of("picture"));
    let said = format!("{failure:?}");
    assert!(said.contains(&asked), "{said}");
    assert_eq!(failure.code, "58030", "{said}");
    assert_eq!(c.value("SELECT blob_size FROM memory WHERE id = 'picture'"), "5000", "all else still answers");
    a.restart();
    c.wait_for_peers(super::nodes::NETWORK, 2);
    wait_for(|| match c.client().query(&blob_of("picture")).failure() {
        None => Ok(()),
        Some(failure) => Err(format!("{failure:?}")),
    });
}

#[test]
fn many_who_ask_for_one_blob_all_get_it() {
    const READERS: usize = 8;
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    let text = blob_text(4, BLOB_BYTES);
    post_blob(a, "picture", &text);
    b.wait_for_entry("picture");
    let address = b.server().address;
    let readers: Vec<_> = (0..READERS)
        .map(|_| std::thread::spawn(move || crate::client::Client::connect(address).value(&blob_of("picture"))))
        .collect();
    for reader in readers {
        assert!(reader.join().expect("a reader ends") == text);
    }
    let received = b.value("SELECT bytes_transferred FROM nebulus.network_stats").parse::<usize>().expect("a number");
    assert!(received < 3 * BLOB_BYTES, "{received} bytes for {READERS} readers of {BLOB_BYTES}: transfers are shared");
}

#[test]
fn a_blob_of_a_private_entry_is_not_given_away() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    let private = blob_text(5, 5_000);
    let reply = a.client().run_with("SET MEMORY id = \"private\" metadata = {} blob = $1", &[&private]);
    assert_eq!(reply.failure(), None);
    let hash = a.value("SELECT blob_hash FROM memory WHERE id = 'private'");
    // b claims an entry with that hash, as somebody might who has guessed it.
    b.run("SET MEMORY id = \"claim\" metadata = {}");
    let claim = format!("UPDATE memory SET blob_hash = '{hash}', blob_size = 5000 WHERE id = 'claim'");
    if b.client().query(&claim).failure().is_some() {
        return;
    }
    let failure = b.client().error(&blob_of("claim"));
    assert_eq!(failure.code, "58030", "{failure:?}");
}
