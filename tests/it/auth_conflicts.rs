//! AUTH entries under concurrent writers: as with every other entry, the first to commit wins.

use std::net::SocketAddr;
use std::sync::Barrier;

use crate::client::Client;
use crate::harness::Server;

const CLIENTS: usize = 8;

/// What each of many clients gives that begin at the same moment.
fn together<T: Send>(address: SocketAddr, work: impl Fn(&mut Client, usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(CLIENTS);
    std::thread::scope(|scope| {
        let (barrier, work) = (&barrier, &work);
        let running: Vec<_> = (0..CLIENTS)
            .map(|number| {
                scope.spawn(move || {
                    let mut client = Client::connect(address);
                    barrier.wait();
                    work(&mut client, number)
                })
            })
            .collect();
        running.into_iter().map(|client| client.join().expect("a client that ends")).collect()
    })
}

#[test]
fn of_many_inserts_of_one_key_one_succeeds() {
    let server = Server::start();
    for round in 0..5 {
        let insert = |client: &mut Client, number: usize| {
            client
                .query(&format!("INSERT INTO auth (key, value) VALUES ('key {round}', 'by {number}')"))
                .failure()
                .cloned()
        };
        let failures: Vec<_> = together(server.address, insert).into_iter().flatten().collect();
        assert_eq!(failures.len(), CLIENTS - 1);
        assert!(failures.iter().all(|failure| failure.code == "23505"), "{failures:?}");
    }
    assert_eq!(server.client().value("SELECT count(*) FROM auth"), "5");
}

#[test]
fn no_update_of_an_auth_entry_is_lost() {
    const EACH: usize = 20;
    let server = Server::start();
    server.client().run("SET AUTH key = 'count' value = '0'");
    together(server.address, |client, _| {
        for _ in 0..EACH {
            client.run("UPDATE auth SET value = (value::int + 1)::text WHERE key = 'count'");
        }
    });
    assert_eq!(server.client().value("SELECT value FROM auth WHERE key = 'count'"), (CLIENTS * EACH).to_string());
}

#[test]
fn set_auth_is_an_upsert_whoever_writes_beside_it() {
    let server = Server::start();
    together(server.address, |client, number| {
        for turn in 0..10 {
            assert_eq!(client.run(&format!("SET AUTH key = 'shared' value = '{number} {turn}'")), "SET");
        }
    });
    assert_eq!(server.client().value("SELECT count(*) FROM auth"), "1");
}

#[test]
fn of_two_snapshots_that_write_one_auth_entry_the_second_fails() {
    let server = Server::start();
    let (mut one, mut other) = (server.client(), server.client());
    one.run("SET AUTH key = 'k' value = 'old'; SET AUTH key = 'unrelated' value = 'x'");
    let writes = [
        "UPDATE auth SET value = 'new' WHERE key = 'k'",
        "SET AUTH key = 'k' value = 'new'",
        "DELETE AUTH WHERE key = 'k'",
        "DELETE FROM auth WHERE key = 'k'",
        "INSERT INTO auth (key, value) VALUES ('k', 'new') ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value",
    ];
    for write in writes {
        for client in [&mut one, &mut other] {
            client.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM auth");
        }
        one.run(write);
        other.run(write);
        one.run("COMMIT");
        let failure = other.error("COMMIT");
        assert_eq!(failure.code, "40001", "{write}");
        assert!(!format!("{failure:?}").contains("new"), "{failure:?}");
        one.run("SET AUTH key = 'k' value = 'old'");
    }
    // An entry that came, went and came again is another one; others do not matter.
    other.run("BEGIN ISOLATION LEVEL REPEATABLE READ; UPDATE auth SET value = 'mine' WHERE key = 'k'");
    one.run("DELETE AUTH WHERE key = 'k'; SET AUTH key = 'k' value = 'old'");
    assert_eq!(other.error("COMMIT").code, "40001");
    other.run("BEGIN ISOLATION LEVEL REPEATABLE READ; UPDATE auth SET value = 'mine' WHERE key = 'k'");
    one.run("SET AUTH key = 'unrelated' value = 'y'");
    other.run("COMMIT");
    assert_eq!(one.value("SELECT value FROM auth WHERE key = 'k'"), "mine");
    // What a savepoint took back is no write.
    other.run("BEGIN; SAVEPOINT s; SET AUTH key = 'k' value = 'never'; ROLLBACK TO s");
    one.run("SET AUTH key = 'k' value = 'theirs'");
    other.run("COMMIT");
    assert_eq!(one.value("SELECT value FROM auth WHERE key = 'k'"), "theirs");
}
