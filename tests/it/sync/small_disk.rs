//! A member whose disk is full: it says so, loses nothing, holds up nobody, and catches up once there is space.

use super::nodes::{Consortium, NETWORK, Node, SECRET, wait_for};
use crate::full_disk::{SmallDisk, word};

const DISK_MEGABYTES: usize = 160;
const LARGER_DISK_MEGABYTES: usize = 2048;
/// Rows that are posted at once.
const BATCH_ROWS: usize = 50;
/// Rows of some 64 KiB that fill the disk many times over.
const ROWS_MAX: usize = 10_000;

/// Who may change what others wrote.
const WRITERS: &str = "SELECT rights->'memory'->>'writers' FROM nebulus.networks";

/// Writes rows and posts them together.
fn post_rows(node: &mut Node, first: usize) {
    for number in first..first + BATCH_ROWS {
        let metadata = format!("{{\"topic\": \"filler\", \"text\": {:?}}}", word(number).replace('"', "'"));
        let reply = node
            .client()
            .run_with("INSERT INTO memory (id, metadata) VALUES ($1, $2)", &[&format!("row-{number}"), &metadata]);
        assert_eq!(reply.failure(), None);
    }
    node.stage("metadata.topic = \"filler\"");
}

/// Every entry, each with what stands for its contents.
fn entries(node: &mut Node) -> Vec<Vec<Option<String>>> {
    node.client().rows("SELECT id, md5(metadata::text) FROM memory ORDER BY id")
}

fn wait_until_same(one: &mut Node, other: &mut Node) {
    // Their contents are many megabytes: they are compared when there is a chance.
    let count = one.value("SELECT count(*) FROM memory");
    other.wait_for_value("SELECT count(*) FROM memory", &count);
    wait_for(|| {
        let (ones, others) = (entries(one), entries(other));
        match ones == others {
            true => Ok(()),
            false => Err(format!("{} has {} entries, {} {}", one.name, ones.len(), other.name, others.len())),
        }
    });
}

/// Whether a local write is refused for want of space; any other failure fails the test.
fn is_full(node: &mut Node) -> bool {
    let text = "INSERT INTO notes VALUES (1) ON CONFLICT (id) DO UPDATE SET id = 1";
    match node.client().query(text).failure() {
        None => false,
        Some(failure) => {
            assert_eq!(failure.code, "53100", "{failure:?}");
            true
        }
    }
}

#[test]
fn a_member_with_a_full_disk_says_so_and_catches_up_once_there_is_space() {
    let test = "a_member_with_a_full_disk_says_so_and_catches_up_once_there_is_space";
    let directory = tempfile::tempdir().expect("a directory");
    let Some(disk) = SmallDisk::mount(test, &directory.path().join("disk"), DISK_MEGABYTES) else { return };
    let mut consortium = Consortium::start(&["a", "b"]);
    let mut c = Node::start(&disk.0, "c");
    let [a, b] = consortium.each();
    c.join_network(NETWORK, SECRET, &[a.address_by("/udp/"), b.address_by("/tcp/")]);
    c.attach("memory", NETWORK);
    c.wait_for_peers(NETWORK, 2);
    c.run("CREATE TABLE notes (id int PRIMARY KEY)");
    c.post("of c", "weather", "rain");
    a.wait_for_entry("of c");

    let mut rows = 0;
    while !is_full(&mut c) {
        assert!(rows < ROWS_MAX, "the disk never filled");
        post_rows(a, rows);
        rows += BATCH_ROWS;
        wait_for(|| {
            let seen = c.value("SELECT count(*) FROM memory WHERE id LIKE 'row-%'");
            if seen == rows.to_string() || is_full(&mut c) { Ok(()) } else { Err(format!("{seen} of {rows} at c")) }
        });
    }
    // What its database gives up by itself is not enough to go on.
    disk.fill();
    let at_c = entries(&mut c);
    assert_eq!(c.error_code("SET MEMORY id = \"more\" metadata = {\"topic\": \"weather\"}"), "53100");
    // The others go on without it, by what an owner says of them.
    post_rows(a, rows);
    a.run(&format!("ALTER NETWORK \"{NETWORK}\" ALTER COLLECTION memory SET (writers = 'author')"));
    b.wait_for_value(WRITERS, "author");
    b.post("of b", "weather", "sun");
    wait_until_same(a, b);
    // What it had, it has; it takes no more, and says why.
    let still_at_c = entries(&mut c);
    assert!(at_c.iter().all(|entry| still_at_c.contains(entry)));
    assert!(!c.has_entry("of b"));
    assert_eq!(c.value(WRITERS), "members");
    c.wait_for_value("SELECT last_error LIKE '%disk%' FROM nebulus.networks", "t");

    disk.clear();
    disk.resize(LARGER_DISK_MEGABYTES);
    c.wait_for_entry("of b");
    c.wait_for_value(WRITERS, "author");
    wait_until_same(a, &mut c);
    wait_for(|| if is_full(&mut c) { Err("c still refuses writes".to_string()) } else { Ok(()) });
    c.post("of c, later", "weather", "rain");
    b.wait_for_entry("of c, later");
    c.kill();
    c.restart();
    wait_until_same(a, &mut c);
}
