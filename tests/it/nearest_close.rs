//! Nearest-neighbour search where distances are close or equal: pages of an order with a unique tie-breaker, copies and
//! near-duplicates, each judged by the order that a scan of the whole table gives.

use crate::client::{Client, Row};
use crate::harness::Server;

const METRICS: [(&str, &str, &str); 4] = [
    ("<=>", "cosine", "vector_cosine_ops"),
    ("<->", "l2", "vector_l2_ops"),
    ("<#>", "ip", "vector_ip_ops"),
    ("<+>", "l1", "vector_l1_ops"),
];

/// Fills a new table `near (id, tag, v)` with these vectors, ids from 1.
fn fill(client: &mut Client, dimension: usize, vectors: &[String]) {
    client.run(&format!(
        "DROP TABLE IF EXISTS near; CREATE TABLE near (id int PRIMARY KEY, tag int, v vector({dimension}))"
    ));
    let rows = vectors
        .iter()
        .zip(1..)
        .map(|(vector, id): (_, usize)| vec![Some(id.to_string()), Some((id % 3).to_string()), Some(vector.clone())]);
    let rows: Vec<Row> = rows.collect();
    for some in rows.chunks(500) {
        assert_eq!(client.run_each("INSERT INTO near VALUES ($1, $2, $3)", some.iter().cloned()).failure(), None);
    }
}

fn vector(components: impl IntoIterator<Item = f64>) -> String {
    let components: Vec<String> = components.into_iter().map(|component| component.to_string()).collect();
    format!("[{}]", components.join(","))
}

/// All pages of a query, one behind the other.
fn pages(client: &mut Client, query: &str, size: usize, until: usize) -> Vec<String> {
    (0..until)
        .step_by(size)
        .flat_map(|offset| client.column(&format!("{query} LIMIT {} OFFSET {offset}", size.min(until - offset))))
        .collect()
}

/// Twenty-five rows of one direction, whose distances differ by roundings at most.
fn one_direction() -> Vec<String> {
    (1..=25).map(|i| vector([10.0, 20.0, 30.0, 40.0].map(|part| f64::from(i) / part))).collect()
}

#[test]
fn pages_neither_repeat_nor_skip_rows() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, 4, &one_direction());
    let query = "'[0.1,0.05,0.033,0.025]'";
    for (operator, knirvql, operator_class) in METRICS {
        let order = format!("v {operator} {query}");
        let scanned = |client: &mut Client, then: &str, filter: &str| {
            client.column(&format!("SELECT id FROM near {filter} ORDER BY {order}{then}"))
        };
        let (by_id, backwards) = (scanned(&mut client, ", id", ""), scanned(&mut client, ", id DESC", ""));
        let filtered = scanned(&mut client, ", id", "WHERE tag < 2");
        client.run(&format!("CREATE INDEX near_v ON near USING hnsw (v {operator_class})"));
        let plan = client.column(&format!("EXPLAIN SELECT id FROM near ORDER BY {order}, id LIMIT 10")).join("\n");
        assert!(plan.contains("near_v"), "{plan}");
        for size in [1, 3, 10] {
            let select = "SELECT id FROM near";
            assert_eq!(pages(&mut client, &format!("{select} ORDER BY {order}, id"), size, 25), by_id, "{operator}");
            assert_eq!(pages(&mut client, &format!("{select} ORDER BY {order}, id DESC"), size, 25), backwards);
            // An expression is ordered by the planner, over the same search.
            assert_eq!(pages(&mut client, &format!("{select} ORDER BY {order}, 0 - id"), size, 25), backwards);
            let some = format!("{select} WHERE tag < 2 ORDER BY {order}, id");
            assert_eq!(pages(&mut client, &some, size, filtered.len()), filtered);
            let similar = "SIMILAR TO [0.1, 0.05, 0.033, 0.025] USING";
            let get = format!("GET MEMORY FIELDS id IN near {similar} {knirvql} ORDER BY distance, id");
            assert_eq!(pages(&mut client, &get, size, 25), by_id, "{knirvql}");
            // Sorted by something else, a page is a part of the nearest rows.
            let get = format!("GET MEMORY FIELDS id IN near {similar} {knirvql} ORDER BY id");
            let mut shown: Vec<i32> = pages(&mut client, &get, size, 25).iter().map(|id| id.parse().unwrap()).collect();
            shown.sort_unstable();
            assert_eq!(shown, (1..=25).collect::<Vec<i32>>(), "{knirvql}");
        }
        client.run("DROP INDEX near_v");
    }
}

#[test]
fn pages_hold_with_a_graph_with_recent_rows_and_with_own_rows() {
    let server = Server::start();
    let mut client = server.client();
    // Far-off rows, so that a walk is the way, among them thirty copies of one row and a crowd of the same direction.
    let mut vectors: Vec<String> = (0..1_200)
        .map(|i| vector((0..8).map(|j| f64::from((i * 37 + j * j * 101 + i * j * 13) % 997) / 500.0 - 1.0)))
        .collect();
    let near = |scale: f64| vector((0..8).map(|j| scale * (3.0 + f64::from(j))));
    vectors.extend((0..30).map(|_| near(1.0)));
    vectors.extend((1..=20).map(|i| near(1.0 + f64::from(i) / 1000.0)));
    for (operator, _, operator_class) in METRICS {
        fill(&mut client, 8, &vectors);
        client.run(&format!("CREATE INDEX near_v ON near USING hnsw (v {operator_class})"));
        let order = format!("v {operator} '{}', id", near(1.0));
        for state in ["built", "recent", "own"] {
            match state {
                "recent" => {
                    client.run(&format!(
                        "INSERT INTO near SELECT 10000 - i, 1, '{}' FROM generate_series(1, 9) i",
                        near(1.0)
                    ));
                }
                "own" => {
                    client.run("BEGIN");
                    client.run(&format!(
                        "INSERT INTO near SELECT 20000 - i, 1, '{}' FROM generate_series(1, 7) i",
                        near(1.0)
                    ));
                    client.run("UPDATE near SET v = '[0,0,0,0,0,0,0,1]' WHERE id IN (1210, 9995)");
                }
                _ => {}
            }
            // Without a limit, everything is measured.
            let scanned = client.column(&format!("SELECT id FROM near ORDER BY {order}"));
            for size in [7, 10, 25] {
                let shown = pages(&mut client, &format!("SELECT id FROM near ORDER BY {order}"), size, 50);
                assert_eq!(shown, scanned[..50], "{operator}, {state}, {size} a page");
            }
        }
        client.run("ROLLBACK");
    }
}

#[test]
fn copies_and_those_beside_them_find_themselves() {
    let server = Server::start();
    let mut client = server.client();
    let copy = vector((0..16).map(|j| 0.5 + f64::from(j % 5) / 7.0));
    let mut vectors = vec![copy.clone(); 1_000];
    vectors.extend((0..1_000).map(|i: i32| {
        let mut state = u64::from(i.unsigned_abs()).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        vector((0..16).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / f64::from(1 << 23) - 1.0
        }))
    }));
    fill(&mut client, 16, &vectors);
    client.run("CREATE INDEX near_v ON near USING hnsw (v vector_l2_ops)");
    client.run("DELETE FROM near WHERE id <= 990");
    let found = client.column(&format!("SELECT id FROM near ORDER BY v <-> '{copy}', id LIMIT 10"));
    assert_eq!(found, (991..=1_000).map(|id| id.to_string()).collect::<Vec<_>>());
    let lost: Vec<usize> = (1_001..=2_000)
        .filter(|id| {
            let nearest = format!("SELECT id FROM near ORDER BY v <-> '{}' LIMIT 1", vectors[id - 1]);
            client.value(&nearest) != id.to_string()
        })
        .collect();
    assert_eq!(lost, Vec::<usize>::new());
}

/// Rows that show nothing but their key and distance are made without a look at the entries: they are those that a look gives.
#[test]
fn rows_of_keys_alone_are_those_of_the_entries() {
    let server = Server::start();
    let (mut own, mut other) = (server.client(), server.client());
    own.run(
        "CREATE TABLE keyed (f float8, t text, n numeric(8,2), d date, b bytea, note text, v vector(2),
         PRIMARY KEY (f, t, n, d, b))",
    );
    let row = |number: usize| {
        let float = ["-0", "0.1", "NaN", "-Infinity", "1e300"][number % 5];
        let text = ["", "Straße", "a b", "\u{1}zero\u{1}", "~"][number / 5 % 5];
        let (date, bytes) = (format!("2024-02-{:02}", 1 + number % 29), format!("\\x00ff{:04x}", number));
        let fields = [float, text, &format!("{number}.50"), &date, &bytes, "a note", &format!("[{},1]", number)];
        fields.map(|field| Some(field.to_owned())).to_vec()
    };
    let insert = "INSERT INTO keyed VALUES ($1, $2, $3, $4, $5, $6, $7)";
    assert_eq!(own.run_each(insert, (0..400).map(row)).failure(), None);
    own.run("CREATE INDEX keyed_v ON keyed USING hnsw (v vector_l2_ops)");
    let check = |client: &mut Client, state: &str| {
        for filter in ["", "WHERE note = 'a note'"] {
            let search =
                |shown: &str| format!("SELECT {shown} FROM keyed {filter} ORDER BY v <-> '[30,0]' LIMIT 60 OFFSET 3");
            let keys = client.rows(&search("t, f, d, b, v <-> '[30,0]', 'x'"));
            assert_eq!(keys.len(), 60);
            let wide = client.rows(&search("t, f, d, b, v <-> '[30,0]', 'x', note"));
            assert!(keys.iter().zip(&wide).all(|(keys, wide)| *keys == wide[..6]), "{state}");
            // A numeric has its digits from the entry.
            let numbers = client.rows(&search("n, v <-> '[30,0]'"));
            assert!(numbers.iter().all(|row| row[0].as_ref().is_some_and(|number| number.ends_with(".50"))), "{state}");
        }
    };
    check(&mut own, "committed");
    other.run("BEGIN ISOLATION LEVEL REPEATABLE READ");
    let before = other.rows("SELECT b FROM keyed ORDER BY v <-> '[30,0]' LIMIT 20");
    own.run("BEGIN");
    own.run("DELETE FROM keyed WHERE n = 30.50");
    own.run("UPDATE keyed SET t = 'moved' WHERE n = 31.50");
    own.run("UPDATE keyed SET v = '[30,0]' WHERE n = 300.50");
    own.run("INSERT INTO keyed VALUES (-0.0, 'own', 7.50, '2024-01-01', '\\x01', 'a note', '[30,1]')");
    check(&mut own, "own changes");
    let nearest = own.rows("SELECT b FROM keyed ORDER BY v <-> '[30,0]', b LIMIT 3");
    let bytes: Vec<&str> = nearest.iter().filter_map(|row| row[0].as_deref()).collect();
    assert_eq!(bytes, ["\\x00ff012c", "\\x01", "\\x00ff001d"]);
    own.run("COMMIT");
    check(&mut own, "committed changes");
    check(&mut other, "an older snapshot");
    assert_eq!(other.rows("SELECT b FROM keyed ORDER BY v <-> '[30,0]' LIMIT 20"), before);
    other.run("COMMIT");
}
