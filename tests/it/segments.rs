//! The files of nearest-neighbour indexes: what a restart finds in them, what is damaged, half written or of another version, and
//! that none of it changes an answer.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::client::{Client, Row};
use crate::harness::{Launch, Server};

/// More than a tail has when it is due to be linked.
const ROWS: usize = 2_400;
/// Longest wait for what goes on in the background.
const BACKGROUND_MAX: Duration = Duration::from_secs(120);
/// Bytes of a vector of two components in a segment, with its padding.
const VECTOR_BYTES: usize = 64;
const NEAREST: &str = "SELECT id, v <-> '[3.1,4.2]' FROM point ORDER BY v <-> '[3.1,4.2]', id LIMIT 5";
const SHOWN: &str = "SELECT segments, waiting, vectors FROM nebulus.vector_indexes WHERE index_name = 'point_v'";

/// What is done to the files, given the segment, and how it is called.
type Damage<'a> = (&'a str, &'a dyn Fn(&Path));

/// A server with an index whose one segment lies in a file.
fn filled(data: &Path) -> Server {
    let server = Launch::on(data).start();
    let mut client = server.client();
    client.run("CREATE TABLE point (id int PRIMARY KEY, v vector(2))");
    client.run(&format!(
        "INSERT INTO point SELECT n, ('[' || n % 60 || ',' || n / 60 || ']')::vector FROM generate_series(0, {}) n",
        ROWS - 1
    ));
    client.run("CREATE INDEX point_v ON point USING hnsw (v vector_l2_ops)");
    wait_for(|| segments(data).len() == 1 && index_file(data).is_some());
    server
}

fn wait_for(mut is_there: impl FnMut() -> bool) {
    let patience = Instant::now() + BACKGROUND_MAX;
    while !is_there() {
        assert!(Instant::now() < patience, "the background takes its time");
        std::thread::yield_now();
    }
}

fn files(data: &Path, extension: &str) -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(data.join("vectors")).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}

fn segments(data: &Path) -> BTreeSet<PathBuf> {
    files(data, "segment")
}

/// The file of the index of `point`, which has a segment; those of the tables that are always there have none.
fn index_file(data: &Path) -> Option<PathBuf> {
    let segment = segments(data).pop_first()?;
    let name = segment.file_name()?.to_str()?.split('-').next()?.to_owned();
    Some(data.join("vectors").join(format!("{name}.hnsw"))).filter(|path| path.exists())
}

fn shown(client: &mut Client) -> Row {
    client.rows(SHOWN).pop().expect("the index is there")
}

fn cells(values: [usize; 3]) -> Row {
    values.iter().map(|value| Some(value.to_string())).collect()
}

/// Puts other bytes in the place of a file.
fn replace(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).expect("a file");
    change(&mut bytes);
    std::fs::remove_file(path).expect("it goes");
    std::fs::write(path, bytes).expect("it comes back");
}

#[test]
fn a_restart_reads_what_was_built_and_builds_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = filled(&data);
    let mut client = server.client();
    let answer = client.rows(NEAREST);
    client.run("DELETE FROM point WHERE id = 2000; UPDATE point SET v = '[500,500]' WHERE id = 2001");
    client.run("INSERT INTO point VALUES (5000, '[600,600]')");
    let before = shown(&mut client);
    assert_eq!(before, cells([1, 2, ROWS]), "a deletion is a mark, and what is new waits");
    assert!(server.stop().success());
    let written = |path: &PathBuf| std::fs::metadata(path).expect("a file").modified().expect("a time");
    let kept: Vec<_> = segments(&data).iter().map(|path| (path.clone(), written(path))).collect();
    for round in 0..2 {
        let server = Launch::on(&data).start();
        let mut client = server.client();
        assert_eq!(client.rows(NEAREST), answer);
        assert_eq!(shown(&mut client), before, "round {round}");
        let moved = "SELECT id FROM point ORDER BY v <-> '[501,501]' LIMIT 2";
        assert_eq!(client.column(moved), ["2001", "5000"]);
        assert_eq!(client.value("SELECT count(*) FROM point WHERE v <-> '[20,33]' < 0.5"), "0", "the deleted one");
        assert_eq!(client.value("SELECT bytes < 200000 FROM nebulus.vector_indexes WHERE index_name = 'point_v'"), "t");
        // The second time, the server is given no chance to save anything.
        if round == 0 {
            assert!(server.stop().success());
        } else {
            server.kill();
        }
        assert_eq!(segments(&data).iter().map(|path| (path.clone(), written(path))).collect::<Vec<_>>(), kept);
    }
    let server = Launch::on(&data).start();
    let mut client = server.client();
    assert_eq!((client.rows(NEAREST), shown(&mut client)), (answer, before), "after a kill");
    client.run("DROP TABLE point");
    wait_for(|| segments(&data).is_empty());
}

#[test]
fn damaged_vectors_change_no_answer_and_are_built_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = filled(&data);
    let answer = server.client().rows(NEAREST);
    assert!(server.stop().success());
    let segment = segments(&data).pop_first().expect("a segment");
    // The vectors are the last of the file: each first component becomes another number.
    replace(&segment, |bytes| {
        let start = bytes.len() - ROWS * VECTOR_BYTES;
        bytes[start..].chunks_mut(VECTOR_BYTES).for_each(|vector| vector[2] ^= 0x15);
    });
    let server = Launch::on(&data).start();
    let mut client = server.client();
    assert_eq!(shown(&mut client), cells([1, 0, ROWS]), "nothing has been read of them yet");
    assert_eq!(client.rows(NEAREST), answer);
    assert!(server.log().contains("is damaged"), "{}", server.log());
    client.run("INSERT INTO point VALUES (5000, '[600,600]')");
    wait_for(|| {
        assert_eq!(client.rows(NEAREST), answer);
        let found = segments(&data);
        !found.contains(&segment) && found.len() == 1
    });
    assert_eq!(shown(&mut client), cells([1, 0, ROWS + 1]));
    assert!(server.stop().success());
    let server = Launch::on(&data).start();
    let mut client = server.client();
    assert_eq!((client.rows(NEAREST), shown(&mut client)), (answer, cells([1, 0, ROWS + 1])));
}

#[test]
fn files_that_are_damaged_half_written_or_of_another_version_are_made_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = filled(&data);
    let answer = server.client().rows(NEAREST);
    assert!(server.stop().success());
    let index = index_file(&data).expect("an index");
    let cases: [Damage<'_>; 6] = [
        ("an index of the version before", &|_| {
            replace(&index, |bytes| bytes[8..12].copy_from_slice(&3u32.to_le_bytes()))
        }),
        ("an index without its segment", &|segment| std::fs::remove_file(segment).expect("it goes")),
        ("a segment that ends too early", &|segment| replace(segment, |bytes| bytes.truncate(bytes.len() / 2))),
        ("an empty segment", &|segment| replace(segment, Vec::clear)),
        ("a damaged head", &|segment| replace(segment, |bytes| bytes[40] ^= 1)),
        // The first sections of a segment without copies: the ends of the keys.
        ("a damaged section", &|segment| replace(segment, |bytes| bytes[4_100] ^= 1)),
    ];
    for (case, damage) in cases {
        damage(&segments(&data).pop_first().expect("a segment"));
        let server = Launch::on(&data).start();
        let mut client = server.client();
        assert_eq!(client.rows(NEAREST), answer, "{case}");
        wait_for(|| client.value("SELECT ready FROM nebulus.vector_indexes WHERE index_name = 'point_v'") == "t");
        assert_eq!((client.rows(NEAREST), shown(&mut client)), (answer.clone(), cells([1, 0, ROWS])), "{case}");
        assert!(server.log().contains("is of no use and is built again"), "{case}: {}", server.log());
        assert!(server.stop().success());
        assert_eq!(segments(&data).len(), 1, "{case}");
    }
}

#[test]
fn what_a_crash_left_beside_the_files_goes() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = filled(&data);
    let answer = server.client().rows(NEAREST);
    assert!(server.stop().success());
    let (index, kept) = (index_file(&data).expect("an index"), segments(&data));
    let number = index.file_stem().and_then(|stem| stem.to_str()).expect("a number").to_owned();
    let left = |name: String| {
        let path = data.join("vectors").join(name);
        std::fs::write(&path, "half of it").expect("it is left");
        path
    };
    // Between the writing of a segment and its name, and between its name and the index that says it.
    let left_over = [left(format!("{number}.segment.tmp")), left(format!("{number}-{}.segment", "0".repeat(64)))];
    let other = left(format!("9{number}-{}.segment", "0".repeat(64)));
    let server = Launch::on(&data).start();
    let mut client = server.client();
    assert_eq!(client.rows(NEAREST), answer);
    client.run("INSERT INTO point VALUES (5000, '[600,600]')");
    assert!(server.stop().success());
    assert!(left_over.iter().all(|path| !path.exists()), "{left_over:?}");
    assert!(other.exists() && kept.iter().all(|path| path.exists()), "what belongs to others, or is named, stays");
}
