//! LISTEN, NOTIFY and the channels of the server itself, as a client of one node sees them.

use std::time::Duration;

use futures::{StreamExt, stream};
use tokio_postgres::{AsyncMessage, NoTls};

use crate::client::{Client, put_bind, put_message, put_parse};
use crate::harness::Server;

const NOTHING: [&str; 0] = [];

/// What has come on a connection by the time that something sent now comes: nothing else is on its way.
fn all(client: &mut Client, speaker: &mut Client) -> Vec<String> {
    speaker.run("NOTIFY fence, 'now'");
    let mut heard = Vec::new();
    loop {
        let next = client.hear();
        if next.channel == "fence" {
            return heard;
        }
        heard.push(format!("{} {}", next.channel, next.payload));
    }
}

fn listener(server: &Server, channels: &str) -> Client {
    let mut client = server.client();
    client.run(&format!("LISTEN fence; {channels}"));
    client
}

#[test]
fn a_message_reaches_idle_listeners_and_the_sender_with_the_senders_number() {
    let server = Server::start();
    let (mut first, mut second, mut other) = (server.client(), server.client(), server.client());
    first.run("LISTEN jobs");
    second.run("LISTEN jobs");
    other.run("LISTEN others");
    assert_eq!(first.run("NOTIFY jobs, 'it''s one'"), "NOTIFY");
    let pid = first.pid();
    for client in [&mut first, &mut second] {
        let heard = client.hear();
        assert_eq!((heard.sender, &*heard.channel, &*heard.payload), (pid, "jobs", "it's one"));
    }
    second.run_with("SELECT pg_notify($1, $2)", &["jobs", "two"]);
    assert_eq!(second.heard(), ["jobs two"], "behind the result and before ReadyForQuery");
    assert_eq!((first.hear().payload, other.heard()), ("two".to_string(), Vec::<String>::new()));
    first.run("NOTIFY jobs");
    assert_eq!(second.hear().payload, "");
}

#[test]
fn messages_come_with_the_commit_once_and_in_their_order() {
    let server = Server::start();
    let (mut hears, mut speaks) = (listener(&server, "LISTEN a; LISTEN b"), server.client());
    speaks.run("BEGIN; NOTIFY a, '1'; NOTIFY b, '1'; NOTIFY a, '1'; SELECT pg_notify('a', '2'); NOTIFY a, '1'");
    assert_eq!(all(&mut hears, &mut server.client()), NOTHING);
    speaks.run("COMMIT");
    assert_eq!(all(&mut hears, &mut speaks), ["a 1", "b 1", "a 2"]);
    speaks.run("BEGIN; NOTIFY a, 'gone'; ROLLBACK");
    speaks.query("BEGIN; NOTIFY a, 'gone'; SELECT 1/0; COMMIT");
    speaks.query("ROLLBACK");
    speaks.query("NOTIFY a, 'gone'; SELECT 1/0");
    speaks.run("BEGIN; SAVEPOINT s; NOTIFY a, 's'; ROLLBACK TO s; NOTIFY a, 't'; NOTIFY a, 's'; COMMIT");
    assert_eq!(all(&mut hears, &mut speaks), ["a t", "a s"]);
    speaks.run("NOTIFY a, 'm1'; NOTIFY a, 'm1'; NOTIFY a, 'm2'; SELECT 7");
    speaks.run("SELECT pg_notify('b', g::text) FROM generate_series(1, 3) g");
    assert_eq!(all(&mut hears, &mut speaks), ["a m1", "a m2", "b 1", "b 2", "b 3"]);
    speaks.run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
    speaks.run("BEGIN READ ONLY; NOTIFY a, 'read'; COMMIT");
    assert_eq!(speaks.error("INSERT INTO t SELECT 1 WHERE pg_notify('a', 'twice')::text = ''").code, "23505");
    speaks.run("INSERT INTO t SELECT 2 WHERE pg_notify('a', 'written')::text = ''");
    assert_eq!(all(&mut hears, &mut speaks), ["a read", "a written"]);
}

#[test]
fn a_listener_hears_between_its_transactions_alone() {
    let server = Server::start();
    let (mut hears, mut speaks) = (listener(&server, "LISTEN a"), server.client());
    hears.run("BEGIN; SELECT 1");
    speaks.run("NOTIFY a, 'while it was busy'");
    hears.run("SELECT 2");
    assert_eq!(hears.heard(), NOTHING);
    hears.run("COMMIT");
    assert_eq!(hears.heard(), ["a while it was busy"]);
    // Between Parse and Sync a transaction may be open as well.
    let mut messages = Vec::new();
    put_parse(&mut messages, "SELECT 3");
    put_bind(&mut messages, &[]);
    put_message(&mut messages, b'H', &[]);
    hears.write(&messages).unwrap();
    assert_eq!((hears.read_message().unwrap().0, hears.read_message().unwrap().0), (b'1', b'2'));
    speaks.run("NOTIFY a, 'while it waited for Sync'");
    hears.send(b'S', &[]).unwrap();
    assert_eq!(hears.read_message().unwrap().0, b'A');
    assert_eq!(hears.read_message().unwrap().0, b'Z');
}

#[test]
fn listening_counts_from_the_commit_on_and_ends_as_it_began() {
    let server = Server::start();
    let (mut hears, mut speaks) = (server.client(), server.client());
    let channels = |client: &mut Client| client.column("SELECT pg_listening_channels()").join(",");
    hears.run("BEGIN; LISTEN a");
    assert_eq!(channels(&mut hears), "");
    hears.run("ROLLBACK");
    assert_eq!(channels(&mut hears), "");
    hears.run("BEGIN; LISTEN a; NOTIFY a, 'own'; COMMIT");
    assert_eq!(hears.heard(), ["a own"]);
    hears.run("LISTEN \"B c\"; LISTEN A; LISTEN d; UNLISTEN nosuch; UNLISTEN \"*\"");
    assert_eq!(channels(&mut hears), "a,B c,d");
    assert_eq!(hears.column("SELECT * FROM pg_listening_channels()"), ["a", "B c", "d"]);
    hears.run("BEGIN; UNLISTEN a; SAVEPOINT s; UNLISTEN d; ROLLBACK TO s; NOTIFY a, 'gone'; COMMIT");
    assert_eq!((channels(&mut hears), hears.heard()), ("B c,d".to_string(), Vec::new()));
    hears.run("BEGIN; UNLISTEN *; ROLLBACK");
    assert_eq!(channels(&mut hears), "B c,d");
    hears.run("DISCARD ALL");
    assert_eq!(channels(&mut hears), "");
    hears.run("LISTEN a; LISTEN a; LISTEN b; UNLISTEN b");
    speaks.run("NOTIFY b, 'nobody'; NOTIFY a, 'once'");
    assert_eq!(hears.hear().payload, "once");
    hears.run("UNLISTEN *");
    speaks.run("NOTIFY a, 'nobody'");
    assert_eq!((channels(&mut hears), hears.heard()), (String::new(), Vec::new()));
    assert_eq!(speaks.value("SELECT pg_notification_queue_usage()"), "0");
}

#[test]
fn what_cannot_be_said_or_heard_is_refused() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE secret_less (id int PRIMARY KEY)");
    for (text, code) in [
        ("SELECT pg_notify('', 'x')", "22023"),
        ("SELECT pg_notify(NULL, 'x')", "22023"),
        ("SELECT pg_notify(repeat('x', 64), '')", "22023"),
        ("SELECT pg_notify('a', repeat('x', 8000))", "22023"),
        ("NOTIFY a, 5", "42601"),
        ("NOTIFY a, $1", "42601"),
        ("LISTEN *", "42601"),
        ("LISTEN 'a'", "42601"),
        ("NOTIFY networks, 'x'", "42501"),
        ("NOTIFY \"changes:memory\", 'x'", "42501"),
        ("SELECT pg_notify('network:team', 'x')", "42501"),
        ("LISTEN \"changes:nosuch\"", "42P01"),
        ("LISTEN \"network:nosuch\"", "42704"),
    ] {
        assert_eq!(client.error(text).code, code, "{text}");
    }
    client.run("SELECT pg_notify(repeat('x', 63), repeat('x', 7999)), pg_notify('a', NULL)");
    assert_eq!(client.error("SELECT pg_notify('a')").code, "42883");
}

#[test]
fn changed_entries_are_told_of_by_collection() {
    let server = Server::start();
    let mut speaks = server.client();
    speaks.run("CREATE TABLE t (a int, b text, c text, PRIMARY KEY (a, b)); CREATE TABLE other (id int PRIMARY KEY)");
    let mut hears = listener(&server, "LISTEN \"changes:t\"; LISTEN \"changes:memory\"; LISTEN \"changes:auth\"");
    let told = |collection: &str, operation: &str, key: &str| {
        format!(
            "changes:{collection} {{\"collection\":\"{collection}\",\"operation\":\"{operation}\",\"key\":{key},\
             \"origin\":\"local\",\"network\":null}}"
        )
    };
    speaks.run("INSERT INTO other VALUES (1)");
    speaks.run("INSERT INTO memory (id, metadata) VALUES ('m1', '{\"text\": \"hidden\"}')");
    speaks.run("UPDATE memory SET metadata = '{\"text\": \"hidden too\"}' WHERE id = 'm1'");
    speaks.run("DELETE FROM memory WHERE id = 'm1'; DELETE FROM memory WHERE id = 'm1'");
    let operations = ["insert", "update", "delete"];
    assert_eq!(all(&mut hears, &mut speaks), operations.map(|operation| told("memory", operation, "\"m1\"")));
    speaks.run("INSERT INTO t VALUES (1, 'x', 'v') ON CONFLICT (a, b) DO UPDATE SET c = 'w'");
    speaks.run("INSERT INTO t VALUES (1, 'x', 'v') ON CONFLICT (a, b) DO UPDATE SET c = 'w'");
    speaks.run("BEGIN; INSERT INTO t VALUES (2, 'x', 'v'); ROLLBACK");
    speaks.run("BEGIN; INSERT INTO t VALUES (3, 'y', 'v'); DELETE FROM t WHERE a = 3; COMMIT");
    let key = "[\"1\",\"x\"]";
    assert_eq!(all(&mut hears, &mut speaks), [told("t", "insert", key), told("t", "update", key)]);
    speaks.run("INSERT INTO auth (key, value) VALUES ('api', 'hush')");
    speaks.run("UPDATE auth SET value = 'hush hush' WHERE key = 'api'");
    speaks.run("DELETE FROM auth WHERE key = 'api'");
    assert_eq!(all(&mut hears, &mut speaks), operations.map(|operation| told("auth", operation, "\"api\"")));
    let many = "INSERT INTO memory (id) SELECT 'm' || g FROM generate_series(1, 1000) g";
    speaks.run(many);
    assert_eq!(all(&mut hears, &mut speaks), ["changes:memory {\"collection\":\"memory\",\"changed\":1000}"]);
}

#[test]
fn a_key_that_does_not_fit_is_left_out() {
    let server = Server::start();
    let (mut hears, mut speaks) = (listener(&server, "LISTEN \"changes:memory\""), server.client());
    speaks.run("INSERT INTO memory (id) SELECT repeat('k', 8000)");
    let heard = all(&mut hears, &mut speaks);
    assert!(heard.len() == 1 && heard[0].contains("\"key\":null"), "{heard:?}");
}

#[test]
fn networks_that_come_and_go_are_told_of() {
    let server = Server::start();
    let (mut hears, mut speaks) = (listener(&server, "LISTEN networks"), server.client());
    speaks.run("CREATE NETWORK team WITH (secret = 'open sesame, said the team', sync_interval_ms = 50)");
    hears.run("LISTEN \"network:team\"");
    speaks.run("ATTACH COLLECTION memory TO NETWORK team");
    speaks.run("SET MEMORY id = \"m1\" metadata = {\"topic\": \"rain\"}");
    speaks.run("STAGE MEMORY WHERE id = \"m1\"");
    speaks.run("SYNC");
    speaks.run("DETACH COLLECTION memory FROM NETWORK team");
    speaks.run("LEAVE NETWORK team");
    let both = |event: &str| ["network:team", "networks"].map(|channel| format!("{channel} {{{event}}}"));
    let expected = [
        vec!["networks {\"event\":\"network:joined\",\"network\":\"team\"}".to_string()],
        both("\"event\":\"collection:added\",\"network\":\"team\",\"collection\":\"memory\"").to_vec(),
        both("\"event\":\"entries:posted\",\"network\":\"team\",\"entries\":1").to_vec(),
        both("\"event\":\"collection:removed\",\"network\":\"team\",\"collection\":\"memory\"").to_vec(),
        both("\"event\":\"network:left\",\"network\":\"team\"").to_vec(),
    ];
    assert_eq!(all(&mut hears, &mut speaks), expected.concat());
}

#[test]
fn whoever_does_not_read_is_told_what_it_lost_and_holds_nothing() {
    let server = Server::start();
    let mut speaks = server.client();
    let mut hears = listener(&server, "LISTEN jobs; LISTEN \"changes:memory\"");
    // What is sent to it stays in its socket, and fills that.
    let mut silent = listener(&server, "LISTEN jobs");
    hears.run("BEGIN; SELECT 1");
    // More than is kept for those who do not read, and than a socket holds.
    let burst = "SELECT count(pg_notify('jobs', lpad(g::text, 7999, '0'))) FROM generate_series(1, 1500) g";
    for round in 0..9 {
        speaks.run(burst);
        let usage: f64 = speaks.value("SELECT pg_notification_queue_usage()").parse().unwrap();
        assert!(usage <= 1.0 && (round > 0 || usage > 0.1), "{usage}");
    }
    let reply = hears.query("COMMIT");
    let heard = hears.heard();
    assert_eq!(heard[..3], ["fence ", "jobs ", "changes:memory {\"lost\":true}"]);
    assert_eq!(reply.notices.iter().map(|notice| &*notice.severity).collect::<Vec<_>>(), ["WARNING"]);
    // What is left comes whole, and then what is new.
    speaks.run("NOTIFY jobs, 'after'");
    while hears.hear().payload != "after" {}
    let mut has_lost = false;
    loop {
        let heard = silent.hear();
        has_lost |= heard.sender == 0;
        if heard.payload == "after" {
            break;
        }
    }
    assert!(has_lost);
    assert_eq!(speaks.value("SELECT pg_notification_queue_usage()"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_hears_messages_while_it_sends_nothing() {
    let server = Server::start();
    let address = format!("host={} port={} user=nebulus", server.address.ip(), server.address.port());
    let (client, mut connection) = tokio_postgres::connect(&address, NoTls).await.unwrap();
    let mut messages = Box::pin(stream::poll_fn(move |context| connection.poll_message(context)));
    let (sender, mut heard) = tokio::sync::mpsc::channel(16);
    let reading = tokio::spawn(async move {
        while let Some(Ok(message)) = messages.next().await {
            if let AsyncMessage::Notification(notification) = message {
                sender.send(notification).await.unwrap();
            }
        }
    });
    client.batch_execute("LISTEN jobs").await.unwrap();
    let other = server.driver().await;
    other.batch_execute("NOTIFY jobs, 'from another'").await.unwrap();
    let notification = tokio::time::timeout(Duration::from_secs(60), heard.recv()).await.unwrap().unwrap();
    assert_eq!((notification.channel(), notification.payload()), ("jobs", "from another"));
    drop(client);
    reading.await.unwrap();
}
