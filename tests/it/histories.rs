//! Random transactions of many clients at each level of isolation, and what their history says afterwards.
//!
//! Each row holds a list that transactions read and append their own numbers to, so that a list tells in which order its writers
//! came, and a read how much of it there was (the histories of Elle: Kingsbury and Alvaro, VLDB 2020). From that follow the
//! dependencies between transactions: who wrote behind whom, who read what whom has written, and who wrote behind what whom has read.
//! READ COMMITTED allows no circle of the first two, REPEATABLE READ none with a single one of the third, SERIALIZABLE none at all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Barrier};

use crate::client::Client;
use crate::harness::Server;

const CLIENTS: u64 = 8;
const TRANSACTIONS: u64 = 40;
const ROWS: u64 = 4;
const JOBS: usize = 60;
const WORKERS: usize = 10;

/// A transaction that has committed: the lists that it has read, by row.
struct Committed {
    number: u64,
    reads: Vec<(u64, Vec<u64>)>,
}

#[derive(Default)]
struct Graph {
    /// Who has to come before whom, by what one wrote and the other read or overwrote.
    before: BTreeMap<u64, BTreeSet<u64>>,
    /// Who has read what somebody wrote behind.
    unread: BTreeSet<(u64, u64)>,
}

/// A random number out of so many.
fn random(state: &mut u64, below: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % below
}

fn list(text: &str) -> Vec<u64> {
    text.split(',').filter(|part| !part.is_empty()).map(|part| part.parse().expect("a number")).collect()
}

/// Runs one transaction; `None` where it was refused.
fn transact(client: &mut Client, level: &str, number: u64, seed: &mut u64) -> Option<Committed> {
    client.run(&format!("BEGIN ISOLATION LEVEL {level}"));
    let mut reads = Vec::new();
    for _ in 0..2 + random(seed, 3) {
        let row = random(seed, ROWS);
        let text = match random(seed, 4) {
            0 => format!("UPDATE lists SET items = items || ',{number}' WHERE id = {row} RETURNING items"),
            1 => format!("SELECT items FROM lists WHERE id = {row} FOR UPDATE"),
            2 => format!("SELECT items FROM lists WHERE items <> '' AND id % {ROWS} = {row}"),
            _ => format!("SELECT items FROM lists WHERE id = {row}"),
        };
        let reply = client.query(&text);
        if let Some(failure) = reply.failure() {
            assert!(["40001", "40P01"].contains(&failure.code.as_str()), "{failure:?}");
            client.run("ROLLBACK");
            return None;
        }
        if let [crate::client::Answer::Rows { rows, .. }] = reply.answers.as_slice()
            && let [row_read] = rows.as_slice()
        {
            reads.push((row, list(row_read[0].as_deref().expect("a text"))));
        }
    }
    if random(seed, 8) == 0 {
        client.run("ROLLBACK");
        return None;
    }
    match client.query("COMMIT").failure() {
        Some(failure) => {
            assert_eq!(failure.code, "40001", "{failure:?}");
            None
        }
        None => Some(Committed { number, reads }),
    }
}

/// All transactions that have committed, and the lists at the end.
fn history(level: &'static str) -> (Vec<Committed>, BTreeMap<u64, Vec<u64>>) {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE lists (id int PRIMARY KEY, items text NOT NULL)");
    client.run(&format!("INSERT INTO lists SELECT n, '' FROM generate_series(0, {}) AS n", ROWS - 1));
    let barrier = Arc::new(Barrier::new(usize::try_from(CLIENTS).expect("few")));
    let threads: Vec<_> = (0..CLIENTS)
        .map(|at| {
            let (mut client, barrier) = (server.client(), Arc::clone(&barrier));
            std::thread::spawn(move || {
                let mut seed = at + 1;
                barrier.wait();
                let numbers = (0..TRANSACTIONS).map(|step| 1 + at + step * CLIENTS);
                numbers.filter_map(|number| transact(&mut client, level, number, &mut seed)).collect::<Vec<_>>()
            })
        })
        .collect();
    let committed = threads.into_iter().flat_map(|thread| thread.join().expect("a client ends")).collect();
    let rows = client.rows("SELECT id, items FROM lists ORDER BY id");
    let text = |value: &Option<String>| value.clone().expect("no NULL");
    let lists = rows.iter().map(|row| (text(&row[0]).parse().expect("a number"), list(&text(&row[1])))).collect();
    (committed, lists)
}

fn graph(committed: &[Committed], lists: &BTreeMap<u64, Vec<u64>>) -> Graph {
    let numbers: BTreeSet<u64> = committed.iter().map(|each| each.number).collect();
    let mut graph = Graph::default();
    for items in lists.values() {
        assert!(
            items.iter().all(|item| numbers.contains(item)),
            "something of a transaction that was refused is there"
        );
        for (first, second) in items.iter().zip(items.iter().skip(1)).filter(|(first, second)| first != second) {
            graph.before.entry(*first).or_default().insert(*second);
        }
    }
    for Committed { number, reads } in committed {
        for (row, read) in reads {
            let items = &lists[row];
            assert!(items.starts_with(read), "transaction {number} has read {read:?} of {items:?}");
            if let Some(writer) = read.last().filter(|writer| *writer != number) {
                graph.before.entry(*writer).or_default().insert(*number);
            }
            if let Some(next) = items.get(read.len()).filter(|next| *next != number) {
                graph.unread.insert((*number, *next));
            }
        }
    }
    graph
}

/// Whether a way leads from one transaction to another.
fn leads(edges: &BTreeMap<u64, BTreeSet<u64>>, from: u64, to: u64) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(next) = open.pop() {
        if next == to && !seen.is_empty() {
            return true;
        }
        if seen.insert(next) {
            open.extend(edges.get(&next).into_iter().flatten());
        }
    }
    false
}

fn circle(edges: &BTreeMap<u64, BTreeSet<u64>>) -> Option<u64> {
    let on_one = |from: &u64| edges[from].iter().any(|next| leads_or_is(edges, *next, *from));
    edges.keys().copied().find(on_one)
}

fn leads_or_is(edges: &BTreeMap<u64, BTreeSet<u64>>, from: u64, to: u64) -> bool {
    from == to || leads(edges, from, to)
}

#[test]
fn read_committed_has_no_circle_of_writes_and_reads_of_them() {
    let (committed, lists) = history("READ COMMITTED");
    assert!(committed.len() > 50, "{} have committed", committed.len());
    assert_eq!(circle(&graph(&committed, &lists).before), None);
}

#[test]
fn repeatable_read_has_no_circle_with_one_read_that_came_too_early() {
    let (committed, lists) = history("REPEATABLE READ");
    assert!(committed.len() > 20, "{} have committed", committed.len());
    let graph = graph(&committed, &lists);
    assert_eq!(circle(&graph.before), None);
    for (reader, writer) in &graph.unread {
        assert!(!leads_or_is(&graph.before, *writer, *reader), "{reader} and {writer}");
    }
}

#[test]
fn serializable_has_no_circle() {
    let (committed, lists) = history("SERIALIZABLE");
    assert!(committed.len() > 20, "{} have committed", committed.len());
    let Graph { before: mut edges, unread } = graph(&committed, &lists);
    for (reader, writer) in unread {
        edges.entry(reader).or_default().insert(writer);
    }
    assert_eq!(circle(&edges), None);
}

#[test]
fn circles_are_found() {
    let read = |number, reads: &[(u64, &[u64])]| Committed {
        number,
        reads: reads.iter().map(|(row, items)| (*row, items.to_vec())).collect(),
    };
    // Write skew: each has read the row that the other one writes.
    let lists = BTreeMap::from([(0, vec![1]), (1, vec![2])]);
    let graph = graph(&[read(1, &[(1, &[])]), read(2, &[(0, &[])])], &lists);
    assert_eq!(graph.unread, BTreeSet::from([(1, 2), (2, 1)]));
    assert_eq!(circle(&graph.before), None);
    let edges = BTreeMap::from([(1, BTreeSet::from([2])), (2, BTreeSet::from([3])), (3, BTreeSet::from([1]))]);
    assert!(circle(&edges).is_some() && leads(&edges, 1, 3) && !leads(&edges, 4, 1));
}

#[test]
fn each_job_goes_to_one_of_ten_workers() {
    let server = Server::start();
    server.client().run("CREATE TABLE job (id int PRIMARY KEY, status text NOT NULL, worker int)");
    server.client().run(&format!("INSERT INTO job SELECT n, 'queued', NULL FROM generate_series(1, {JOBS}) AS n"));
    let barrier = Arc::new(Barrier::new(WORKERS));
    let workers: Vec<_> = (0..WORKERS)
        .map(|worker| {
            let (mut client, barrier) = (server.client(), Arc::clone(&barrier));
            std::thread::spawn(move || {
                let mut done = Vec::new();
                barrier.wait();
                loop {
                    client.run("BEGIN");
                    let next = "SELECT id FROM job WHERE status = 'queued' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED";
                    let Some(id) = client.column(next).pop() else {
                        client.run("ROLLBACK");
                        return done;
                    };
                    client.run(&format!("UPDATE job SET status = 'done', worker = {worker} WHERE id = {id}; COMMIT"));
                    done.push(id);
                }
            })
        })
        .collect();
    let mut all: Vec<String> = workers.into_iter().flat_map(|worker| worker.join().expect("a worker ends")).collect();
    assert_eq!(all.len(), JOBS, "no job goes to two");
    all.sort();
    all.dedup();
    assert_eq!(all.len(), JOBS);
    assert_eq!(
        server.client().value("SELECT count(*) FROM job WHERE status = 'done' AND worker IS NOT NULL"),
        JOBS.to_string()
    );
}

#[test]
fn transfers_neither_fail_nor_lose_anything() {
    const ACCOUNTS: u64 = 5;
    let server = Server::start();
    server.client().run("CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)");
    server.client().run(&format!("INSERT INTO account SELECT n, 100 FROM generate_series(1, {ACCOUNTS}) AS n"));
    let threads: Vec<_> = (0..CLIENTS)
        .map(|at| {
            let mut client = server.client();
            std::thread::spawn(move || {
                let mut seed = at + 1;
                for _ in 0..TRANSACTIONS {
                    // Always the lower one first: nobody waits in a circle.
                    let from = 1 + random(&mut seed, ACCOUNTS - 1);
                    let to = from + 1 + random(&mut seed, ACCOUNTS - from);
                    client.run("BEGIN");
                    client.run(&format!("UPDATE account SET balance = balance - 1 WHERE id = {from}"));
                    client.run(&format!("UPDATE account SET balance = balance + 1 WHERE id = {to}"));
                    client.run("COMMIT");
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().expect("no transaction fails"));
    assert_eq!(server.client().value("SELECT sum(balance) FROM account"), (ACCOUNTS * 100).to_string());
}
