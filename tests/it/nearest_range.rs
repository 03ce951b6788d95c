//! Rows within a distance, cursors over an order by distance, and pages of it: each judged by the distances that a scan of the
//! whole table gives.

use std::collections::BTreeSet;

use crate::client::{Answer, Client};
use crate::harness::Server;

const ROWS: usize = 3_000;
const DIMENSION: usize = 8;
/// Rows are spread over so many tags; the last one has a row in 250 alone.
const TAGS: usize = 4;
const RARE: usize = 77;
const QUERY: &str = "'[0.1,-0.2,0.3,0,0.25,-0.1,0.05,0.4]'";
const KNIRVQL_QUERY: &str = "[0.1, -0.2, 0.3, 0, 0.25, -0.1, 0.05, 0.4]";
/// What is promised of the rows that a walk finds.
const RECALL_MIN: f64 = 0.95;

const METRICS: [(&str, &str, &str); 4] = [
    ("<=>", "cosine", "vector_cosine_ops"),
    ("<->", "l2", "vector_l2_ops"),
    ("<#>", "ip", "vector_ip_ops"),
    ("<+>", "l1", "vector_l1_ops"),
];

/// Numbers between -1 and 1, the same in every run.
fn noise(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 40) as f64 / f64::from(1 << 23) - 1.0
}

fn tag(id: usize) -> usize {
    if id % 250 == 3 { RARE } else { id % TAGS }
}

/// The table `near (id, tag, v)`, ids from 0.
fn filled(server: &Server) -> Client {
    let mut client = server.client();
    client.run(&format!("CREATE TABLE near (id int PRIMARY KEY, tag int, v vector({DIMENSION}))"));
    let mut state = 11;
    let rows = (0..ROWS).map(|id| {
        let components: Vec<String> = (0..DIMENSION).map(|_| noise(&mut state).to_string()).collect();
        vec![Some(id.to_string()), Some(tag(id).to_string()), Some(format!("[{}]", components.join(",")))]
    });
    assert_eq!(client.run_each("INSERT INTO near VALUES ($1, $2, $3)", rows).failure(), None);
    client
}

/// All rows by their distances, measured one by one.
fn measured(client: &mut Client, operator: &str) -> Vec<(f64, usize)> {
    let rows = client.rows(&format!("SELECT v {operator} {QUERY}, id FROM near WHERE v IS NOT NULL"));
    let number = |text: &Option<String>| text.clone().expect("a number");
    let mut rows: Vec<(f64, usize)> =
        rows.iter().map(|row| (number(&row[0]).parse().unwrap(), number(&row[1]).parse().unwrap())).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    rows
}

fn ids(client: &mut Client, text: &str) -> Vec<usize> {
    client.column(text).iter().map(|id| id.parse().expect("an id")).collect()
}

fn set(ids: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
    ids.into_iter().collect()
}

#[test]
fn rows_within_a_distance_come_by_the_index() {
    let server = Server::start();
    let mut client = filled(&server);
    for (operator, knirvql, operator_class) in METRICS {
        let all = measured(&mut client, operator);
        client.run(&format!("CREATE INDEX near_v ON near USING hnsw (v {operator_class})"));
        let distance = format!("v {operator} {QUERY}");
        let plan = client.column(&format!("EXPLAIN SELECT id FROM near WHERE {distance} < 0.5")).join("\n");
        assert!(plan.contains("Vector Index Scan using near_v") && plan.contains("Within: "), "{plan}");
        assert!(!plan.contains("Order By"), "{plan}");
        let (mut found, mut wanted) = (0, 0);
        for rank in [0, 5, 40, 300, 2_000] {
            let (bound, last) = all[rank];
            let below = set(all.iter().filter(|(distance, _)| *distance < bound).map(|(_, id)| *id));
            let at_most = set(all.iter().filter(|(distance, _)| *distance <= bound).map(|(_, id)| *id));
            for (condition, exact) in [
                (format!("{distance} < {bound}"), &below),
                (format!("{bound} > {distance}"), &below),
                (format!("{distance} <= {bound}"), &at_most),
                (format!("{bound} >= {distance} AND {distance} < 1e9"), &at_most),
                (format!("{QUERY} {operator} v <= {bound}"), &at_most),
            ] {
                let shown = ids(&mut client, &format!("SELECT id FROM near WHERE {condition}"));
                let reached = set(shown.iter().copied());
                assert_eq!(reached.len(), shown.len(), "no row twice: {condition}");
                assert!(reached.is_subset(exact), "none is beyond: {condition}");
                assert!(rank < 300 || reached == *exact, "{condition}: {} of {}", reached.len(), exact.len());
                found += reached.len();
                wanted += exact.len();
                // In order, with a filter, and no more than are wanted.
                let ordered = format!("SELECT id FROM near WHERE {condition} AND tag = 1 ORDER BY {distance} LIMIT 20");
                let ordered = ids(&mut client, &ordered);
                let expected: Vec<usize> =
                    all.iter().map(|(_, id)| *id).filter(|id| exact.contains(id) && tag(*id) == 1).take(20).collect();
                assert!(ordered.iter().all(|id| exact.contains(id) && tag(*id) == 1), "{condition}");
                assert!(ordered.len() + 1 >= expected.len(), "{condition}: {ordered:?} {expected:?}");
                // An order of its own: LIMIT counts in that.
                let by_id =
                    ids(&mut client, &format!("SELECT id FROM near WHERE {condition} ORDER BY id DESC LIMIT 3"));
                let mut greatest: Vec<usize> = reached.iter().rev().take(3).copied().collect();
                greatest.truncate(3);
                assert_eq!(by_id, greatest, "{condition}");
            }
            let get = format!("GET MEMORY FIELDS id IN near SIMILAR TO {KNIRVQL_QUERY} USING {knirvql} WITHIN {bound}");
            if bound >= 0.0 {
                let reached = set(ids(&mut client, &get));
                assert!(reached.is_subset(&at_most) && (reached.contains(&last) || rank < 300), "{get}");
            }
        }
        let recall = f64::from(found as u32) / f64::from(wanted as u32);
        assert!(recall >= RECALL_MIN, "{operator}: {recall}");
        client.run("DROP INDEX near_v");
    }
}

/// How many rows a statement with parameters gives.
fn counted(client: &mut Client, text: &str, parameters: &[&str]) -> usize {
    let reply = client.run_with(text, parameters);
    assert_eq!(reply.failure(), None, "{text}");
    match reply.answers.into_iter().next() {
        Some(Answer::Rows { rows, .. }) => rows.len(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn bounds_may_be_parameters_and_no_numbers() {
    let server = Server::start();
    let mut client = filled(&server);
    client.run("CREATE INDEX near_v ON near USING hnsw (v vector_l2_ops)");
    let all = measured(&mut client, "<->");
    let bound = all[500].0;
    let query = QUERY.trim_matches('\'');
    let within = "SELECT id FROM near WHERE v <-> $1 <= $2";
    assert_eq!(counted(&mut client, within, &[query, &bound.to_string()]), 501);
    assert_eq!(counted(&mut client, "SELECT id FROM near WHERE v <-> $1 < $2", &[query, &bound.to_string()]), 500);
    assert_eq!(counted(&mut client, "SELECT id FROM near WHERE $2 > v <-> $1", &[query, &bound.to_string()]), 500);
    assert_eq!(counted(&mut client, within, &[query, "NaN"]), ROWS);
    assert_eq!(counted(&mut client, within, &[query, "-1"]), 0);
    assert_eq!(counted(&mut client, within, &[query, "Infinity"]), ROWS);
    assert_eq!(counted(&mut client, "SELECT id FROM near WHERE v <-> $1 <= NULLIF(1, 1)", &[query]), 0);
    client.run("INSERT INTO near VALUES (-1, 1, NULL)");
    assert_eq!(counted(&mut client, within, &[query, "Infinity"]), ROWS, "a row without a vector is nowhere");
    // Own rows are within reach, too, and those that are gone are not.
    client.run("BEGIN");
    client.run(&format!("INSERT INTO near VALUES (10000, 1, {QUERY})"));
    client.run(&format!("DELETE FROM near WHERE id = {}", all[0].1));
    let near = ids(&mut client, &format!("SELECT id FROM near WHERE v <-> {QUERY} < {}", all[1].0));
    assert_eq!(near, [10_000]);
    client.run("ROLLBACK");
}

/// All rows of a cursor, some at a time, while somebody else writes.
fn fetched(client: &mut Client, other: &mut Client, query: &str) -> Vec<(usize, Option<f64>)> {
    client.run("BEGIN");
    client.run(&format!("DECLARE c CURSOR FOR {query}"));
    let mut shown = Vec::new();
    for step in 0.. {
        let rows = client.rows(&format!("FETCH {} FROM c", [1, 7, 200, 90][step % 4]));
        if rows.is_empty() {
            break;
        }
        shown.extend(rows.iter().map(|row| {
            let distance = row[1].as_ref().map(|distance| distance.parse().expect("a distance"));
            (row[0].as_ref().expect("an id").parse().expect("a number"), distance)
        }));
        if step < 3 {
            let id = 20_000 + shown.len();
            other.run(&format!("INSERT INTO near VALUES ({id}, 1, {QUERY}) ON CONFLICT DO NOTHING"));
            other.run(&format!("UPDATE near SET v = {QUERY} WHERE id = {}", 40 + step));
            other.run(&format!("DELETE FROM near WHERE id = {}", 80 + step));
        }
    }
    client.run("COMMIT");
    shown
}

#[test]
fn a_cursor_goes_on_until_the_rows_end() {
    let server = Server::start();
    let mut client = filled(&server);
    let mut other = server.client();
    client.run("INSERT INTO near VALUES (9000, 1, NULL), (9001, 2, NULL)");
    client.run("CREATE INDEX near_v ON near USING hnsw (v vector_l2_ops)");
    let distance = format!("v <-> {QUERY}");
    for scan in ["off", "strict_order", "relaxed_order"] {
        client.run(&format!("SET hnsw.iterative_scan = {scan}"));
        for filter in ["", "WHERE tag = 1", "WHERE tag = 77", "WHERE tag IN (1, 3)"] {
            let query = format!("SELECT id, {distance} FROM near {filter} ORDER BY {distance}");
            let plan = client.column(&format!("EXPLAIN {query}")).join("\n");
            assert!(plan.contains("Vector Index Scan using near_v"), "{plan}");
            let expected = set(ids(&mut client, &format!("SELECT id FROM near {filter}")));
            let shown = fetched(&mut client, &mut other, &query);
            let reached = set(shown.iter().map(|(id, _)| *id));
            assert_eq!(reached.len(), shown.len(), "no row twice: {scan} {filter}");
            assert_eq!(reached, expected, "none is left out: {scan} {filter}");
            let missing = shown.iter().filter(|(_, distance)| distance.is_none()).count();
            assert!(shown.iter().rev().take(missing).all(|(_, distance)| distance.is_none()), "they come last");
            let distances: Vec<f64> = shown.iter().filter_map(|(_, distance)| *distance).collect();
            let is_sorted = distances.is_sorted();
            assert!(is_sorted || scan == "relaxed_order", "{scan} {filter}");
            // What a walk gave comes first; whatever it missed comes soon after.
            assert!(distances.iter().skip(80).is_sorted(), "{scan} {filter}");
        }
    }
}

#[test]
fn pages_beyond_one_walk_neither_repeat_nor_skip() {
    let server = Server::start();
    let mut client = filled(&server);
    client.run("CREATE INDEX near_v ON near USING hnsw (v vector_l2_ops)");
    let distance = format!("v <-> {QUERY}");
    for (ef, size) in [(10, 3), (10, 7), (20, 90)] {
        client.run(&format!("SET hnsw.ef_search = {ef}"));
        for (filter, order) in
            [("", ""), ("WHERE tag = 1", ""), ("WHERE tag IN (1, 3)", ""), ("", ", id"), ("WHERE tag = 1", ", id DESC")]
        {
            client.run("BEGIN ISOLATION LEVEL REPEATABLE READ");
            let matching = ids(&mut client, &format!("SELECT id FROM near {filter}")).len();
            let until = if size > 50 { matching } else { 20 * size };
            let query = format!("SELECT id, {distance} FROM near {filter} ORDER BY {distance}{order}");
            let mut shown = Vec::new();
            for offset in (0..until).step_by(size) {
                let page = client.rows(&format!("{query} LIMIT {size} OFFSET {offset}"));
                let distances: Vec<f64> = page.iter().map(|row| row[1].as_ref().unwrap().parse().unwrap()).collect();
                assert!(distances.is_sorted(), "a page is in order: {query} {offset}");
                shown.extend(page.iter().map(|row| row[0].as_ref().unwrap().parse::<usize>().unwrap()));
            }
            let reached = set(shown.iter().copied());
            assert_eq!(reached.len(), shown.len(), "no row twice: {query}, pages of {size}");
            let asked = until.div_ceil(size) * size;
            assert_eq!(shown.len(), asked.min(matching), "as many as are asked for: {query}, pages of {size}");
            let at_once = set(ids(&mut client, &format!("{query} LIMIT {}", shown.len())));
            assert_eq!(at_once, reached, "pages are parts of the whole: {query}, pages of {size}");
            client.run("COMMIT");
        }
    }
}

#[test]
fn a_filter_that_rejects_most_leaves_as_many_as_match() {
    let server = Server::start();
    let mut client = filled(&server);
    client.run("CREATE INDEX near_v ON near USING hnsw (v vector_l2_ops)");
    let all = measured(&mut client, "<->");
    let rare: Vec<usize> = all.iter().map(|(_, id)| *id).filter(|id| tag(*id) == RARE).collect();
    assert_eq!(rare.len(), 12);
    for columns in ["on", "off"] {
        client.run(&format!("SET nebulus.columns = {columns}"));
        for scan in ["off", "strict_order", "relaxed_order"] {
            client.run(&format!("SET hnsw.iterative_scan = {scan}"));
            for tuples in ["1", "20000"] {
                client.run(&format!("SET hnsw.max_scan_tuples = {tuples}"));
                for limit in [5, 12, 50] {
                    let query = format!("SELECT id FROM near WHERE tag = {RARE} ORDER BY v <-> {QUERY} LIMIT {limit}");
                    let shown = ids(&mut client, &query);
                    assert_eq!(shown, rare[..limit.min(12)], "{columns} {scan} {tuples}");
                }
            }
        }
    }
}

#[test]
fn bounds_of_a_widened_walk_are_heeded() {
    let server = Server::start();
    let mut client = filled(&server);
    client.run("CREATE INDEX near_v ON near USING hnsw (v vector_l2_ops)");
    client.run("SET hnsw.ef_search = 10");
    let query = format!("EXPLAIN ANALYZE SELECT id FROM near ORDER BY v <-> {QUERY} LIMIT 15");
    let mut said = |settings: &str| {
        client.run(settings);
        client.column(&query).join("\n")
    };
    let exact = "then every row in exact order";
    assert!(!said("SET hnsw.iterative_scan = off; SET hnsw.max_scan_tuples = 1").contains(exact), "off has no bounds");
    assert!(said("SET hnsw.iterative_scan = strict_order").contains(exact));
    assert!(!said("SET hnsw.max_scan_tuples = 20000").contains(exact));
    // 64 kB hold some two thousand nodes, of which a walk for these meets fewer.
    assert!(!said("SET work_mem = '64kB'").contains(exact));
    assert!(said("SET hnsw.max_scan_tuples = 400").contains(exact));
}

#[test]
fn exact_answers_do_not_depend_on_columns() {
    let server = Server::start();
    let mut client = filled(&server);
    client.run("CREATE INDEX near_v ON near USING hnsw (v vector_l2_ops)");
    let all = measured(&mut client, "<->");
    let distance = format!("v <-> {QUERY}");
    let far = all[2_500].0;
    client.run("BEGIN");
    client.run("UPDATE near SET tag = 1 WHERE id IN (8, 12, 1000)");
    client.run(&format!("UPDATE near SET v = {QUERY} WHERE id IN (9, 13)"));
    let queries = [
        format!("SELECT id FROM near WHERE tag = 1 ORDER BY {distance}"),
        format!("SELECT id FROM near WHERE tag = {RARE} ORDER BY {distance}"),
        format!("SELECT id FROM near WHERE tag <> 2 AND {distance} < {far}"),
        format!("SELECT id FROM near WHERE tag = 1 AND {distance} <= {far} ORDER BY id LIMIT 40"),
        format!("SELECT id FROM near WHERE tag = {RARE} ORDER BY {distance} LIMIT 9"),
    ];
    for query in queries {
        let mut shown = ["on", "off"].map(|columns| {
            client.run(&format!("SET nebulus.columns = {columns}"));
            ids(&mut client, &query)
        });
        if !query.contains("ORDER BY") {
            shown.iter_mut().for_each(|ids| ids.sort_unstable());
        }
        assert!(!shown[0].is_empty() && shown[0] == shown[1], "{query}");
    }
}

/// What aggregates over rows within a distance say: by the index, and by measuring each row.
fn totals(client: &mut Client, condition: &str) -> [Vec<Vec<Option<String>>>; 3] {
    [
        format!("SELECT count(*) FROM near WHERE {condition}"),
        format!("SELECT tag, count(*), min(id), sum(id) FILTER (WHERE id > 100) FROM near WHERE {condition} GROUP BY tag ORDER BY tag"),
        format!("SELECT DISTINCT tag FROM near WHERE {condition} AND id % 2 = 0 ORDER BY tag"),
    ]
    .map(|text| client.rows(&text))
}

#[test]
fn aggregates_within_a_distance_miss_no_row() {
    let server = Server::start();
    let mut client = filled(&server);
    client.run("CREATE INDEX near_tag ON near (tag)");
    for (operator, _, operator_class) in METRICS {
        let all = measured(&mut client, operator);
        let distance = format!("v {operator} {QUERY}");
        let bounds: Vec<f64> = [0, 5, 300, 2_000].iter().map(|rank| all[*rank].0).collect();
        let conditions: Vec<String> = bounds
            .iter()
            .flat_map(|bound| {
                let near = format!("{distance} < {bound}");
                [
                    format!("{near} AND tag = 1"),
                    format!("{near} AND tag = {RARE}"),
                    format!("{bound} >= {distance}"),
                    near,
                ]
            })
            .chain([format!("{distance} < NULL"), format!("{distance} < 'NaN'::float8")])
            .collect();
        let own = "UPDATE near SET v = (SELECT v FROM near WHERE id = 9), tag = 1 WHERE id BETWEEN 20 AND 60";
        let look = |client: &mut Client| {
            let committed: Vec<_> = conditions.iter().map(|condition| totals(client, condition)).collect();
            client.run("BEGIN");
            client.run(own);
            client.run("DELETE FROM near WHERE id BETWEEN 100 AND 140");
            let changed: Vec<_> = conditions.iter().map(|condition| totals(client, condition)).collect();
            client.run("ROLLBACK");
            (committed, changed)
        };
        let expected = look(&mut client);
        client.run(&format!("CREATE INDEX near_v ON near USING hnsw (v {operator_class})"));
        let plan = client.column(&format!("EXPLAIN SELECT count(*) FROM near WHERE {distance} < 0.5")).join("\n");
        assert!(plan.contains("Vector Index Scan using near_v") && plan.contains("Within: "), "{plan}");
        assert!(plan.contains("Aggregate on rows") && !plan.contains("ef_search"), "{plan}");
        for columns in ["on", "off", "on"] {
            client.run(&format!("SET nebulus.columns = {columns}"));
            let found = look(&mut client);
            for (position, condition) in conditions.iter().enumerate() {
                assert_eq!(found.0[position], expected.0[position], "{condition}");
                assert_eq!(found.1[position], expected.1[position], "{condition}, with own changes");
            }
        }
        let ran =
            client.column(&format!("EXPLAIN ANALYZE SELECT count(*) FROM near WHERE {distance} < 0.5")).join("\n");
        assert!(ran.contains("Search: every row in reach, in exact order"), "{ran}");
        let text = format!("SELECT 1 FROM near WHERE v {operator} $1::vector < $2::float8 GROUP BY tag");
        assert!(counted(&mut client, &text, &["[0,0,0,0,0,0,0,1]", "1e9"]) == TAGS + 1, "{text}");
        client.run("DROP INDEX near_v");
    }
}
