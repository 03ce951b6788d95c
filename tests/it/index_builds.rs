//! Building an index of near vectors, seen from other connections: how far it is, its end when it is cancelled, and what was
//! measured of it.

use crate::harness::Server;

/// More rows than are inserted one by one: they are built by leaves.
const ROWS: usize = 12_000;

/// Builds that may be over before anybody has seen them.
const ATTEMPTS_MAX: usize = 20;

const CREATE: &str = "CREATE INDEX near ON v USING hnsw (e vector_l2_ops)";

fn filled() -> Server {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE v (id int PRIMARY KEY, e vector(6))");
    client.run(&format!(
        "INSERT INTO v SELECT n, format('[%s,%s,%s,%s,%s,%s]', sin(n), cos(n * 2), sin(n * 3), cos(n * 5), sin(n * 7), \
         cos(n * 11))::vector FROM generate_series(1, {ROWS}) n"
    ));
    server
}

#[test]
fn a_cancelled_build_leaves_no_index() {
    let server = filled();
    let mut watcher = server.client();
    let mut builder = server.client();
    let pid = builder.value("SELECT pg_backend_pid()");
    let seen = (0..ATTEMPTS_MAX).find_map(|_| {
        builder.send_query(CREATE).expect("it is sent");
        let progress = "SELECT pid, relid::regclass, index_relid::regclass, command, phase, tuples_done <= tuples_total \
                        FROM pg_stat_progress_create_index WHERE phase = 'building index: finding neighbors'";
        let mut seen = None;
        // A build that nobody saw has made its index, which an idle connection shows.
        let ended = format!("SELECT state = 'idle' FROM pg_stat_activity WHERE pid = {pid}");
        while seen.is_none() && watcher.value(&ended) != "t" {
            seen = watcher.rows(progress).pop();
        }
        if seen.is_some() {
            assert_eq!(watcher.value(&format!("SELECT pg_cancel_backend({pid})")), "t");
        }
        let reply = builder.read_reply().expect("it ends");
        match (reply.failure(), seen) {
            (Some(failure), Some(seen)) => {
                assert_eq!(failure.code, "57014", "{failure:?}");
                Some(seen)
            }
            (Some(failure), None) => panic!("{failure:?}"),
            (None, _) => {
                builder.run("DROP INDEX near");
                None
            }
        }
    });
    let seen = seen.expect("one of the builds is seen and cancelled");
    let texts: Vec<&str> = seen.iter().map(|cell| cell.as_deref().unwrap_or("NULL")).collect();
    assert_eq!(texts, [pid.as_str(), "v", "near", "CREATE INDEX", "building index: finding neighbors", "t"]);
    assert_eq!(watcher.value("SELECT count(*) FROM pg_indexes WHERE indexname = 'near'"), "0");
    assert_eq!(watcher.value("SELECT count(*) FROM nebulus.vector_indexes WHERE table_name = 'v'"), "0");
    assert_eq!(watcher.value("SELECT count(*) FROM pg_stat_progress_create_index"), "0");
    assert_eq!(builder.value("SELECT id FROM v ORDER BY e <-> (SELECT e FROM v WHERE id = 77) LIMIT 1"), "77");
    builder.run(CREATE);
    assert_eq!(watcher.value("SELECT count(*) FROM pg_indexes WHERE indexname = 'near'"), "1");
}

#[test]
fn a_build_that_is_cancelled_with_other_work_keeps_that() {
    let server = filled();
    let mut watcher = server.client();
    let mut builder = server.client();
    let pid = builder.value("SELECT pg_backend_pid()");
    let is_seen = (0..ATTEMPTS_MAX).any(|attempt| {
        builder.run(&format!("BEGIN; INSERT INTO v (id) VALUES ({}); {CREATE}", ROWS + attempt + 1));
        builder.send_query("COMMIT").expect("it is sent");
        let ended = format!("SELECT state = 'idle' FROM pg_stat_activity WHERE pid = {pid}");
        let running = "SELECT count(*) FROM pg_stat_progress_create_index";
        let mut is_seen = false;
        while !is_seen && watcher.value(&ended) != "t" {
            is_seen = watcher.value(running) == "1";
        }
        if is_seen {
            watcher.run(&format!("SELECT pg_cancel_backend({pid})"));
        }
        let reply = builder.read_reply().expect("it ends");
        assert!(reply.failure().is_none(), "the transaction is committed: {reply:?}");
        let is_left = watcher.value("SELECT ready FROM nebulus.vector_indexes WHERE index_name = 'near'") == "f";
        assert_eq!(watcher.value(&format!("SELECT count(*) FROM v WHERE id = {}", ROWS + attempt + 1)), "1");
        let valid = watcher.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'near'::regclass");
        assert_eq!(valid == "f", is_left, "the catalog says the same");
        if !is_left {
            builder.run("DROP INDEX near");
        }
        is_left
    });
    assert!(is_seen, "one of the builds is seen and cancelled");
    let nearest = "SELECT id FROM v ORDER BY e <-> (SELECT e FROM v WHERE id = 77) LIMIT 1";
    assert_eq!(builder.value(nearest), "77");
    assert_eq!(builder.run("REINDEX INDEX near"), "REINDEX");
    assert_eq!(watcher.value("SELECT ready FROM nebulus.vector_indexes WHERE index_name = 'near'"), "t");
    assert_eq!(builder.value(nearest), "77");
}

#[test]
fn what_was_measured_of_an_index_is_shown_and_kept() {
    let server = filled();
    let mut client = server.client();
    client.run(CREATE);
    client.run(
        "CREATE TABLE w (id int PRIMARY KEY, e vector(3)); CREATE INDEX small ON w USING hnsw (e vector_cosine_ops)",
    );
    let shown = "SELECT index_name, metric, dimensions, ready, vectors, waiting, segments, recall > 0.95, recall <= 1, bytes > 0 \
                 FROM nebulus.vector_indexes WHERE table_name IN ('v', 'w') ORDER BY table_name";
    let rows = client.rows(shown);
    let texts = |row: &Vec<Option<String>>| -> Vec<String> {
        row.iter().map(|cell| cell.clone().unwrap_or_else(|| "NULL".to_string())).collect()
    };
    let rows_count = ROWS.to_string();
    assert_eq!(texts(&rows[0]), ["near", "l2", "6", "t", &rows_count, "0", "1", "t", "t", "t"]);
    assert_eq!(texts(&rows[1])[..4], ["small", "cosine", "NULL", "t"]);
    // Filling a graph that has no vectors yet makes none; the first ones are measured beside it.
    client.run("INSERT INTO w VALUES (1, '[1,2,3]'), (2, '[3,2,1]')");
    assert_eq!(texts(&client.rows(shown)[1]), ["small", "cosine", "3", "t", "2", "2", "0", "NULL", "NULL", "t"]);
}
