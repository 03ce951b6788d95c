//! SQL and KNIRVQL through the wire: golden scripts, each on a fresh server, and what needs two connections.
//!
//! The expected outputs are PostgreSQL 18's and pgvector's wherever they have the statement; where this server knowingly
//! answers otherwise, a comment beside it begins with `# differs:`.

use std::path::{Path, PathBuf};

use crate::harness::Server;
use crate::{golden, psql};

macro_rules! scripts {
    ($($name:ident),* $(,)?) => {
        const SCRIPTS: &[&str] = &[$(stringify!($name)),*];
        $(#[test]
        fn $name() {
            run_script(stringify!($name));
        })*
    };
}

scripts!(
    aggregates,
    alter_table,
    array_columns,
    auth,
    bigserial,
    bit_strings,
    blanks,
    catalog,
    check_constraints,
    code_blocks,
    columns,
    columns_of_rows,
    computed_indexes,
    conflict_returning,
    correlated,
    create_insert,
    cursors,
    definitions,
    dependent_columns,
    dimensions,
    domains,
    drop_objects,
    enums,
    equal_values,
    errors,
    explain,
    float_range,
    float_values,
    foreign_keys,
    frames,
    from_functions,
    full_text,
    function_forms,
    gathered,
    generated_columns,
    gin,
    grouping_forms,
    guards,
    hnsw,
    identity_columns,
    ivfflat,
    join_forms,
    joins,
    json_of_rows,
    json_records,
    jsonb,
    knirvql,
    knirvql_entries,
    late_columns,
    materialized_views,
    memory,
    merge,
    missing_rows,
    mixed_numbers,
    multiranges,
    networks,
    numerics,
    options,
    ordered_sets,
    overloads,
    path_times,
    percentiles,
    privileges,
    qualified_names,
    quantified_operators,
    query_forms,
    ranges,
    recursion,
    refused_forms,
    roles,
    row_versions,
    schemas,
    scroll_cursors,
    select,
    sequences,
    sequences_in_schemas,
    set_constraints,
    set_operations,
    settings,
    subquery_places,
    symmetric,
    temporary,
    three_values,
    time_texts,
    transactions,
    types,
    unique,
    update_delete,
    values,
    vector_kinds,
    vector_ops,
    views,
    window_frames,
    whole_rows,
    writes_in_with,
);

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/sql")
}

fn run_script(name: &str) {
    let server = Server::start();
    let mut client = server.client();
    golden::check(&directory().join(name).with_extension("sql"), |text| psql::show(text, &client.query(text)));
}

#[test]
fn texts_longer_than_any_key_are_looked_for() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE t (id text PRIMARY KEY, tag text, pair text, n int)");
    client.run("CREATE INDEX t_tag ON t (tag)");
    client.run("CREATE INDEX t_pair ON t (pair, n)");
    client
        .run("INSERT INTO t VALUES ('a', 'a', 'a', 1), ('m', 'm', 'm', 2), ('mm', 'mm', 'mm', 3), ('z', 'z', 'z', 4)");
    let long = "m".repeat(9_000);
    for column in ["id", "tag", "pair", "id || ''"] {
        for (condition, expected) in [
            (format!("= '{long}'"), ""),
            (format!("IN ('z', '{long}')"), "z"),
            (format!("< '{long}'"), "a,m,mm"),
            (format!("<= '{long}'"), "a,m,mm"),
            (format!("> '{long}'"), "z"),
            (format!(">= '{long}'"), "z"),
            (format!("BETWEEN 'm' AND '{long}'"), "m,mm"),
        ] {
            let rows = client.column(&format!("SELECT id FROM t WHERE {column} {condition} ORDER BY id"));
            let shown = condition.replace(&long, "(long)");
            assert_eq!(rows.join(","), expected, "{column} {shown}");
        }
    }
    assert_eq!(client.value(&format!("SELECT count(*) FROM t WHERE pair = '{long}' AND n > 1")), "0");
    client.run("BEGIN");
    client.run("INSERT INTO t VALUES ('mz', 'mz', 'mz', 5)");
    assert_eq!(client.value(&format!("SELECT count(*) FROM t WHERE id > '{long}'")), "2");
    assert_eq!(client.value(&format!("SELECT count(*) FROM t WHERE tag > '{long}'")), "2");
    client.run("ROLLBACK");
    client.run("INSERT INTO memory (id, metadata) VALUES ('a', '{\"topic\": \"x\"}')");
    assert_eq!(client.value(&format!("SELECT count(*) FROM memory WHERE id = '{long}'")), "0");
    assert_eq!(client.value(&format!("SELECT blob('{long}') IS NULL")), "t");
}

#[test]
fn explain_analyze_counts_the_rows_of_what_counts_rows() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE t (a int)");
    let mut counted = |statement: &str| {
        let lines = client.column(&format!("EXPLAIN ANALYZE {statement}"));
        assert!(lines.iter().any(|line| line.starts_with("Execution Time")), "{lines:?}");
        lines.into_iter().find(|line| line.starts_with("Rows"))
    };
    assert_eq!(counted("CREATE TABLE IF NOT EXISTS t AS SELECT 1"), None);
    assert_eq!(counted("CREATE TABLE IF NOT EXISTS u AS SELECT 1").as_deref(), Some("Rows: 1"));
    assert_eq!(counted("UPDATE t SET a = 1").as_deref(), Some("Rows: 0"));
    // What counts nothing has changed no number of rows.
    assert_eq!(counted(r#"SET AUTH key = "a" value = "b""#), None);
}

#[test]
fn writes_by_key_read_operators_as_queries_do() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE t (id int PRIMARY KEY, b text, j jsonb)");
    client.run(r#"INSERT INTO t VALUES (1, 'x', '{"a": {"b": 2}, "c": 3}')"#);
    for (written, expected) in [
        ("UPDATE t SET b = id || '-' WHERE id = 1 RETURNING b", "1-"),
        ("UPDATE t SET b = '-' || id WHERE id = 1 RETURNING b || id", "-11"),
        ("UPDATE t SET b = j #>> '{a,b}' WHERE id = 1 AND j ? 'a' RETURNING b", "2"),
        ("UPDATE t SET j = j #- '{a,b}' WHERE id = 1 RETURNING j", r#"{"a": {}, "c": 3}"#),
        ("UPDATE t SET j = j - 'c' WHERE id = 1 RETURNING j #> '{a}'", "{}"),
        ("UPDATE t SET j = j || '{\"d\": 4}' WHERE id = 1 AND NOT j ?| '{x,y}' RETURNING j ?& '{a,d}'", "t"),
        ("UPDATE t SET j = '[1, 2]' WHERE id = 1 RETURNING j -> 0", "1"),
        ("DELETE FROM t WHERE id = 1 AND j ? 'a' RETURNING id", ""),
        ("DELETE FROM t WHERE id = 1 AND b = '2' RETURNING j ->> 1", "2"),
    ] {
        assert_eq!(client.column(written).join(","), expected, "{written}");
    }
    // Each operand is looked at once: 64 of them are no more than that.
    client.run(&format!("INSERT INTO t VALUES (2, {}, NULL)", vec!["'x'"; 64].join(" || ")));
    client.run(&format!("UPDATE t SET b = {} WHERE id = 2", vec!["id"; 64].join(" - ")));
    assert_eq!(client.value("SELECT b FROM t WHERE id = 2"), "-124");
}

#[test]
fn a_dot_is_any_character_and_a_column_is_copied_once() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE t (id int PRIMARY KEY, b text)");
    client.run("INSERT INTO t VALUES (1, E'a\nb'), (2, 'ab')");
    for condition in ["b ~ 'a.b'", "b ~ ('a' || '.b')", "id = 1 AND b ~ 'a.b'", "b ~* 'A.B' OR id < 0", "b !~ '^.b'"] {
        assert_eq!(client.column(&format!("SELECT id FROM t WHERE {condition}")), ["1"], "{condition}");
    }
    assert_eq!(client.value("SELECT E'a\nb' ~ 'a.b'"), "t");
    for statement in ["COPY t (b, b) TO STDOUT", "COPY t (b, b) FROM STDIN"] {
        let failure = client.error(statement);
        assert_eq!(
            (failure.code.as_str(), failure.message.as_str()),
            ("42701", "column \"b\" specified more than once"),
            "{statement}"
        );
    }
}

#[test]
fn every_script_is_run() {
    let files = std::fs::read_dir(directory()).expect("the scripts lie there");
    for file in files {
        let path = file.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy();
        assert!(SCRIPTS.contains(&name.as_ref()), "{} is not in the list of scripts", path.display());
    }
}

#[test]
fn a_null_parameter_is_in_no_list_and_not_outside_of_one() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE o (id int PRIMARY KEY); CREATE TABLE u (k int); INSERT INTO o VALUES (1), (2)");
    client.run("INSERT INTO u VALUES (1), (2)");
    for text in [
        "DELETE FROM o WHERE $1::int NOT IN (SELECT k FROM u)",
        "DELETE FROM o WHERE $1 NOT IN (SELECT k FROM u)",
        "DELETE FROM o WHERE id + $1 NOT IN (SELECT k FROM u)",
        "DELETE FROM o WHERE id <> ALL (ARRAY[5, $1]::int[])",
    ] {
        let reply = client.run_each(text, [vec![None]]);
        assert!(reply.failure().is_none(), "{text}: {:?}", reply.failure());
        assert_eq!(client.value("SELECT count(*) FROM o"), "2", "{text}");
    }
}

#[test]
fn a_transaction_reads_its_own_snapshot() {
    let server = Server::start();
    let (mut reader, mut writer) = (server.client(), server.client());
    reader.run("CREATE TABLE page (id int PRIMARY KEY)");
    reader.run("BEGIN ISOLATION LEVEL REPEATABLE READ");
    assert_eq!(reader.value("SELECT count(*) FROM page"), "0");
    writer.run("INSERT INTO page VALUES (1)");
    assert_eq!(writer.value("SELECT count(*) FROM page"), "1");
    assert_eq!(reader.value("SELECT count(*) FROM page"), "0");
    reader.run("INSERT INTO page VALUES (2)");
    assert_eq!(reader.value("SELECT count(*) FROM page"), "1");
    assert_eq!(writer.value("SELECT count(*) FROM page"), "1", "what is not committed is nobody else's");
    reader.run("COMMIT");
    assert_eq!(reader.value("SELECT count(*) FROM page"), "2");
}

#[test]
fn concurrent_increments_lose_nothing() {
    const CLIENTS: usize = 4;
    const INCREMENTS: usize = 25;
    let server = Server::start();
    server.client().run("CREATE TABLE counter (id int PRIMARY KEY, n int); INSERT INTO counter VALUES (1, 0)");
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut client = server.client();
                for _ in 0..INCREMENTS {
                    client.run("UPDATE counter SET n = n + 1 WHERE id = 1");
                }
            });
        }
    });
    assert_eq!(server.client().value("SELECT n FROM counter"), (CLIENTS * INCREMENTS).to_string());
}

#[test]
fn new_facts_become_columns_of_memory_facts() {
    let server = Server::start();
    let mut client = server.client();
    client.run(r#"INSERT INTO memory (id, metadata) VALUES ('a', '{"colour": "red", "count": 3}')"#);
    let columns = "SELECT column_name FROM information_schema.columns WHERE table_name = 'memory_facts'";
    let before = client.column(columns);
    assert!(before.contains(&"colour".to_string()) && before.contains(&"count".to_string()), "{before:?}");
    client.run(r#"INSERT INTO memory (id, metadata) VALUES ('b', '{"weight": 1.5}')"#);
    assert!(client.column(columns).contains(&"weight".to_string()));
    assert_eq!(client.value("SELECT sum(count) FROM memory_facts"), "3");
    assert_eq!(client.value("SELECT weight FROM memory_facts WHERE id = 'b'"), "1.5");
}

#[test]
fn generated_ids_are_uuids_in_order() {
    let server = Server::start();
    let mut client = server.client();
    let insert = "INSERT INTO memory (metadata) VALUES ('{}') RETURNING id";
    let ids: Vec<String> = (0..20).map(|_| client.value(insert)).collect();
    assert!(ids.iter().all(|id| id.len() == 36 && id.as_bytes()[14] == b'7'), "{ids:?}");
    assert!(ids.is_sorted(), "UUIDv7 follow time: {ids:?}");
}

#[test]
fn system_columns_tell_where_an_entry_comes_from() {
    let server = Server::start();
    let mut client = server.client();
    client.run("INSERT INTO memory (id) VALUES ('a')");
    let named = "SELECT _entry_type, _stage, _peer_id, _timestamp, _vector_clock FROM memory WHERE id = 'a'";
    let row = client.rows(named).remove(0);
    assert_eq!(row[0].as_deref(), Some("MEMORY"));
    assert!(row[2].as_deref().is_some_and(|peer| peer.len() > 20), "{row:?}");
    assert!(row[3].is_some());
    let hidden = client.rows("SELECT * FROM memory");
    assert_eq!(hidden[0].len(), 6, "SELECT * hides the system columns");
}

#[test]
fn rows_come_in_the_order_of_scans_series_and_sorted_subqueries() {
    const ROWS: usize = 60_000;
    const HALF: usize = ROWS / 2;
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE number (n int PRIMARY KEY)");
    client.run(&format!("INSERT INTO number SELECT n FROM generate_series(1, {HALF}) AS n"));
    let rising = |from: usize, to: usize| (from..=to).map(|n| n.to_string()).collect::<Vec<_>>();
    let falling = rising(1, HALF).into_iter().rev().collect::<Vec<_>>();
    let cases = [
        (format!("SELECT n, n * 2 AS twice FROM generate_series(1, {ROWS}) AS g(n)"), rising(1, ROWS)),
        (format!("SELECT generate_series(1, {ROWS})"), rising(1, ROWS)),
        ("SELECT n, upper(n::text) FROM number WHERE n % 1 = 0".to_string(), rising(1, HALF)),
        (
            format!(
                "SELECT n + 0 FROM number UNION ALL SELECT n FROM generate_series({}, {ROWS}) AS n UNION ALL VALUES (0)",
                HALF + 1
            ),
            rising(1, ROWS).into_iter().chain(["0".to_string()]).collect(),
        ),
        ("SELECT n + 0 FROM (SELECT n FROM number ORDER BY n DESC) AS s".to_string(), falling.clone()),
        ("WITH s AS (SELECT n FROM number ORDER BY n DESC) SELECT n, n + 1 FROM s".to_string(), falling.clone()),
        (
            "SELECT unnest(list) FROM (SELECT array_agg(n) AS list FROM (SELECT n FROM number ORDER BY n DESC) AS s) AS t"
                .to_string(),
            falling,
        ),
    ];
    // What was mixed by threads came out in order now and then.
    for _ in 0..3 {
        for (text, expected) in &cases {
            let found = client.column(text);
            let first_wrong = found.iter().zip(expected).position(|(found, expected)| found != expected);
            assert_eq!((found.len(), first_wrong), (expected.len(), None), "{text}");
        }
    }
}
