//! Nearest-neighbour search against this file's own brute force, on the 5,000 sentence embeddings of `data/`: recall
//! floors unfiltered and filtered, with every metric, in both languages, under writes, in transactions, after a restart.
//!
//! A row counts as found when it is as near as the last exact one: ties are no misses.

use std::path::Path;

use crate::client::{Client, Row};
use crate::harness::{Launch, Server};

const DIMENSIONS: usize = 384;
const ROWS: usize = 5_000;
const QUERIES: usize = 40;
const K: usize = 10;
/// Bound of `recall@10` that the project promises with default settings.
const RECALL_MIN: f64 = 0.95;
/// Rows are spread evenly over this many buckets, for filters of a known selectivity.
const BUCKETS: usize = 1_000;
const TIE: f64 = 1e-5;

#[derive(Clone, Copy)]
struct Metric {
    operator: &'static str,
    knirvql: &'static str,
    operator_class: &'static str,
    distance: fn(&[f32], &[f32]) -> f64,
}

const METRICS: [Metric; 4] = [
    Metric { operator: "<=>", knirvql: "cosine", operator_class: "vector_cosine_ops", distance: cosine },
    Metric { operator: "<->", knirvql: "l2", operator_class: "vector_l2_ops", distance: l2 },
    Metric { operator: "<#>", knirvql: "ip", operator_class: "vector_ip_ops", distance: negative_inner_product },
    Metric { operator: "<+>", knirvql: "l1", operator_class: "vector_l1_ops", distance: l1 },
];

fn pairs<'a>(a: &'a [f32], b: &'a [f32]) -> impl Iterator<Item = (f64, f64)> + 'a {
    a.iter().zip(b).map(|(a, b)| (f64::from(*a), f64::from(*b)))
}

fn l2(a: &[f32], b: &[f32]) -> f64 {
    pairs(a, b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

fn l1(a: &[f32], b: &[f32]) -> f64 {
    pairs(a, b).map(|(a, b)| (a - b).abs()).sum()
}

fn negative_inner_product(a: &[f32], b: &[f32]) -> f64 {
    -pairs(a, b).map(|(a, b)| a * b).sum::<f64>()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    1.0 + negative_inner_product(a, b) / (negative_inner_product(a, a) * negative_inner_product(b, b)).sqrt()
}

/// What the table should hold: `None` for a row that was deleted.
struct Sample {
    vectors: Vec<Option<Vec<f32>>>,
    queries: Vec<Vec<f32>>,
}

impl Sample {
    fn read() -> Sample {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/packages-sample.f16");
        let bytes = std::fs::read(path).expect("the sample lies in the repository");
        let numbers: Vec<f32> =
            bytes.as_chunks::<2>().0.iter().map(|pair| half::f16::from_le_bytes(*pair).to_f32()).collect();
        let vectors: Vec<Vec<f32>> = numbers.chunks_exact(DIMENSIONS).map(<[f32]>::to_vec).collect();
        assert_eq!(vectors.len(), ROWS);
        let queries = (0..QUERIES).map(|number| disturbed(&vectors[number * 113 % ROWS], number as u64)).collect();
        Sample { vectors: vectors.into_iter().map(Some).collect(), queries }
    }

    /// The distance of the last of the `K` exact nearest among the rows that match, and how many of `K` there are.
    fn limit(&self, query: &[f32], metric: Metric, matches: &dyn Fn(usize) -> bool) -> (f64, usize) {
        let present = self.vectors.iter().enumerate().filter(|(row, _)| matches(*row));
        let mut distances: Vec<f64> =
            present.filter_map(|(_, vector)| vector.as_ref().map(|vector| (metric.distance)(vector, query))).collect();
        distances.sort_by(f64::total_cmp);
        distances.truncate(K);
        (distances.last().copied().unwrap_or(f64::NEG_INFINITY), distances.len())
    }

    /// Recall over all queries of what `ask` answers with ids. Every answer must match, be present, distinct and, as
    /// LIMIT k promises, `K` rows long where so many match.
    fn recall(
        &self,
        metric: Metric,
        matches: &dyn Fn(usize) -> bool,
        mut ask: impl FnMut(&[f32]) -> Vec<usize>,
    ) -> f64 {
        let (mut found, mut wanted) = (0, 0);
        for query in &self.queries {
            let (limit, count) = self.limit(query, metric, matches);
            let ids = ask(query);
            assert_eq!(ids.len(), count, "LIMIT {K} returns as many rows as match, {K} at most");
            let mut distances = Vec::new();
            for id in &ids {
                assert!(matches(*id), "row {id} does not match the filter");
                let vector = self.vectors[*id].as_ref().unwrap_or_else(|| panic!("row {id} was deleted"));
                distances.push((metric.distance)(vector, query));
            }
            assert!(distances.windows(2).all(|pair| pair[0] <= pair[1] + TIE), "in order of distance: {distances:?}");
            let mut distinct = ids.clone();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), ids.len(), "no row twice");
            found += distances.iter().filter(|distance| **distance <= limit + TIE).count();
            wanted += count;
        }
        found as f64 / wanted.max(1) as f64
    }
}

/// A vector near another one, the same in every run.
fn disturbed(vector: &[f32], seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    let moved: Vec<f32> = vector.iter().map(|component| component + 0.04 * noise()).collect();
    let norm = moved.iter().map(|component| component * component).sum::<f32>().sqrt();
    moved.into_iter().map(|component| component / norm).collect()
}

fn text(vector: &[f32]) -> String {
    let components: Vec<String> = vector.iter().map(f32::to_string).collect();
    format!("[{}]", components.join(","))
}

fn bucket(row: usize) -> usize {
    row * 7_919 % BUCKETS
}

/// The table `item (id, bucket, v)` with the whole sample.
fn load(client: &mut Client, sample: &Sample) {
    client.run(&format!("CREATE TABLE item (id int PRIMARY KEY, bucket int, v vector({DIMENSIONS}))"));
    let rows: Vec<Row> = sample
        .vectors
        .iter()
        .enumerate()
        .map(|(id, vector)| {
            let vector = vector.as_ref().map(|vector| text(vector));
            vec![Some(id.to_string()), Some(bucket(id).to_string()), vector]
        })
        .collect();
    for some in rows.chunks(500) {
        let reply = client.run_each("INSERT INTO item VALUES ($1, $2, $3)", some.iter().cloned());
        assert_eq!(reply.failure(), None);
    }
}

fn create_index(client: &mut Client, metric: Metric) {
    client.run(&format!("CREATE INDEX item_v ON item USING hnsw (v {})", metric.operator_class));
}

fn ids(rows: &[Row]) -> Vec<usize> {
    rows.iter().map(|row| row[0].as_ref().expect("an id").parse().expect("a number")).collect()
}

fn ask_sql(client: &mut Client, metric: Metric, filter: &str, query: &[f32]) -> Vec<usize> {
    let vector = text(query);
    ids(&client.rows(&format!("SELECT id FROM item {filter} ORDER BY v {} '{vector}' LIMIT {K}", metric.operator)))
}

fn ask_knirvql(client: &mut Client, metric: Metric, filter: &str, query: &[f32]) -> Vec<usize> {
    let statement =
        format!("GET MEMORY FIELDS id IN item {filter} SIMILAR TO {} USING {} LIMIT {K}", text(query), metric.knirvql);
    ids(&client.rows(&statement))
}

fn check(name: &str, recall: f64) {
    assert!(recall >= RECALL_MIN, "{name}: recall@{K} is {recall:.3}, at least {RECALL_MIN} is promised");
}

fn check_uses_index(client: &mut Client, metric: Metric, sample: &Sample) {
    let query = text(&sample.queries[0]);
    let plan =
        client.column(&format!("EXPLAIN SELECT id FROM item ORDER BY v {} '{query}' LIMIT {K}", metric.operator));
    assert!(plan.iter().any(|line| line.contains("item_v")), "{plan:?}");
}

#[test]
fn recall_with_filters_in_both_languages() {
    let sample = Sample::read();
    let server = Server::start();
    let mut client = server.client();
    load(&mut client, &sample);
    let metric = METRICS[0];
    let everything = |_: usize| true;
    let exact = sample.recall(metric, &everything, |query| ask_sql(&mut client, metric, "", query));
    assert!(exact > 0.999, "without an index the answer is exact: {exact}");
    create_index(&mut client, metric);
    check_uses_index(&mut client, metric, &sample);
    check("unfiltered", sample.recall(metric, &everything, |query| ask_sql(&mut client, metric, "", query)));
    check(
        "unfiltered KNIRVQL",
        sample.recall(metric, &everything, |query| ask_knirvql(&mut client, metric, "", query)),
    );
    // 0.1, 1, 10 and 50 % of the rows.
    for below in [1, 10, 100, 500] {
        let filter = format!("WHERE bucket < {below}");
        let matches = |row: usize| bucket(row) < below;
        let by_sql = sample.recall(metric, &matches, |query| ask_sql(&mut client, metric, &filter, query));
        check(&format!("{filter} by SQL"), by_sql);
        let by_knirvql = sample.recall(metric, &matches, |query| ask_knirvql(&mut client, metric, &filter, query));
        check(&format!("{filter} by KNIRVQL"), by_knirvql);
    }
    let none = sample.recall(metric, &|_| false, |query| ask_sql(&mut client, metric, "WHERE bucket < 0", query));
    assert!(none < 0.001, "nothing matches, nothing is found");
    client.run("CREATE INDEX item_bucket ON item (bucket)");
    let one = |row: usize| bucket(row) == 7;
    let with_both = sample.recall(metric, &one, |query| ask_sql(&mut client, metric, "WHERE bucket = 7", query));
    check("bucket = 7 with an ordered index", with_both);
    let wide = client.rows(&format!("SELECT id FROM item ORDER BY v <=> '{}' LIMIT 1200", text(&sample.queries[1])));
    assert_eq!(wide.len(), 1200, "LIMIT beyond ef_search still returns as many");
}

#[test]
fn recall_with_every_metric() {
    let sample = Sample::read();
    let server = Server::start();
    let mut client = server.client();
    load(&mut client, &sample);
    for metric in METRICS {
        create_index(&mut client, metric);
        check_uses_index(&mut client, metric, &sample);
        let everything = |_: usize| true;
        check(metric.operator, sample.recall(metric, &everything, |query| ask_sql(&mut client, metric, "", query)));
        check(metric.knirvql, sample.recall(metric, &everything, |query| ask_knirvql(&mut client, metric, "", query)));
        let query = &sample.queries[0];
        let shown =
            format!("SELECT id, v {0} '{1}' FROM item ORDER BY v {0} '{1}' LIMIT 3", metric.operator, text(query));
        for row in client.rows(&shown) {
            let id: usize = row[0].as_ref().expect("an id").parse().expect("a number");
            let distance: f64 = row[1].as_ref().expect("a distance").parse().expect("a number");
            let exact = (metric.distance)(sample.vectors[id].as_ref().expect("it is there"), query);
            assert!((distance - exact).abs() < 1e-4, "{} {distance} {exact}", metric.operator);
        }
        client.run("DROP INDEX item_v");
    }
}

#[test]
fn recall_under_writes_and_after_a_restart() {
    let mut sample = Sample::read();
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = Launch::on(&data).start();
    let mut client = server.client();
    load(&mut client, &sample);
    let metric = METRICS[1];
    create_index(&mut client, metric);
    client.run("DELETE FROM item WHERE id % 3 = 0");
    for row in (0..ROWS).step_by(3) {
        sample.vectors[row] = None;
    }
    let everything = |_: usize| true;
    check("after deletes", sample.recall(metric, &everything, |query| ask_sql(&mut client, metric, "", query)));
    // A third of the rows moves to where others were, and deleted ones come back elsewhere.
    let moved: Vec<(usize, Vec<f32>)> = (1..ROWS)
        .step_by(3)
        .map(|row| {
            (row, disturbed(sample.vectors[(row + 1) % ROWS].as_ref().unwrap_or(&sample.queries[0]), row as u64))
        })
        .collect();
    let changes = moved.iter().map(|(row, vector)| vec![Some(row.to_string()), Some(text(vector))]);
    assert_eq!(client.run_each("UPDATE item SET v = $2 WHERE id = $1", changes).failure(), None);
    moved.into_iter().for_each(|(row, vector)| sample.vectors[row] = Some(vector));
    let again: Vec<(usize, Vec<f32>)> =
        (0..300).step_by(3).map(|row| (row, disturbed(&sample.queries[row % QUERIES], row as u64))).collect();
    let rows = again
        .iter()
        .map(|(row, vector)| vec![Some(row.to_string()), Some(bucket(*row).to_string()), Some(text(vector))]);
    assert_eq!(client.run_each("INSERT INTO item VALUES ($1, $2, $3)", rows).failure(), None);
    again.into_iter().for_each(|(row, vector)| sample.vectors[row] = Some(vector));
    check("after updates", sample.recall(metric, &everything, |query| ask_sql(&mut client, metric, "", query)));
    let half = |row: usize| bucket(row) < 100;
    let filter = "WHERE bucket < 100";
    check("filtered", sample.recall(metric, &half, |query| ask_sql(&mut client, metric, filter, query)));
    assert!(server.stop().success());
    let server = Launch::on(&data).start();
    let mut client = server.client();
    check_uses_index(&mut client, metric, &sample);
    check("after a restart", sample.recall(metric, &everything, |query| ask_sql(&mut client, metric, "", query)));
    client.run("DELETE FROM item WHERE id = 4");
    sample.vectors[4] = None;
    server.kill();
    let server = Launch::on(&data).start();
    let mut client = server.client();
    check("after a crash", sample.recall(metric, &everything, |query| ask_sql(&mut client, metric, "", query)));
}

#[test]
fn a_transaction_sees_its_own_vectors_and_nobody_elses() {
    let server = Server::start();
    let (mut own, mut other) = (server.client(), server.client());
    own.run("CREATE TABLE point (id int PRIMARY KEY, v vector(2))");
    let rows = (0..1000).map(|number: usize| {
        vec![Some(number.to_string()), Some(format!("[{},{}]", 100 + number % 40, 100 + number / 40))]
    });
    assert_eq!(own.run_each("INSERT INTO point VALUES ($1, $2)", rows).failure(), None);
    own.run("CREATE INDEX point_v ON point USING hnsw (v vector_l2_ops)");
    let nearest = "SELECT id FROM point ORDER BY v <-> '[0,0]' LIMIT 2";
    let by_knirvql = "GET MEMORY FIELDS id IN point SIMILAR TO [0, 0] USING l2 LIMIT 2";
    assert_eq!(own.column(nearest), ["0", "1"].map(String::from).to_vec());
    let committed = own.column(nearest);
    own.run("BEGIN");
    own.run("INSERT INTO point VALUES (5000, '[1,1]')");
    own.run("UPDATE point SET v = '[2,2]' WHERE id = 900");
    assert_eq!(own.column(nearest), ["5000", "900"].map(String::from).to_vec(), "own rows are seen before COMMIT");
    assert_eq!(own.column(by_knirvql), ["5000", "900"].map(String::from).to_vec());
    assert_eq!(other.column(nearest), committed, "nobody else sees them");
    own.run("DELETE FROM point WHERE id = 5000");
    assert_eq!(own.column(nearest)[0], "900");
    own.run("ROLLBACK");
    assert_eq!(own.column(nearest), committed, "a rollback leaves no trace");
    own.run("BEGIN; INSERT INTO point VALUES (6000, '[1,1]'); SAVEPOINT a; INSERT INTO point VALUES (6001, '[0,0]')");
    own.run("ROLLBACK TO a");
    own.run("COMMIT");
    assert_eq!(other.column(nearest)[0], "6000");
    other.run("BEGIN ISOLATION LEVEL REPEATABLE READ");
    assert_eq!(other.column(nearest)[0], "6000");
    own.run("DELETE FROM point WHERE id = 6000");
    assert_eq!(other.column(nearest)[0], "6000", "an older snapshot keeps what it saw");
    other.run("COMMIT");
    assert_eq!(other.column(nearest), committed);
}

#[test]
fn memory_takes_its_dimension_from_its_first_vector() {
    let server = Server::start();
    let mut client = server.client();
    for (id, source, vector) in
        [("a", "web-scrape", "[1, 0, 0]"), ("b", "web-scrape", "[0, 1, 0]"), ("c", "other", "[1, 0.1, 0]")]
    {
        client.run(&format!(r#"SET MEMORY id = "{id}" metadata = {{source: "{source}"}} vector = {vector};"#));
    }
    let filtered = r#"GET MEMORY WHERE metadata.source = "web-scrape" SIMILAR TO [1, 0, 0] LIMIT 10;"#;
    let found: Vec<_> = client.rows(filtered).into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(found, [Some("a".to_string()), Some("b".to_string())]);
    let by_sql =
        "SELECT id FROM memory WHERE metadata ->> 'source' = 'web-scrape' ORDER BY vector <=> '[1,0,0]' LIMIT 10";
    assert_eq!(client.column(by_sql), ["a", "b"].map(String::from).to_vec());
    let like_entry = r#"GET MEMORY FIELDS id SIMILAR TO ENTRY "a" LIMIT 2"#;
    assert!(client.column(like_entry).contains(&"c".to_string()));
    let within = client.column("GET MEMORY FIELDS id SIMILAR TO [1, 0, 0] USING cosine WITHIN 0.5");
    assert_eq!(within, ["a", "c"].map(String::from).to_vec());
    let failure = client.error("SET MEMORY id = 'd' vector = [1, 0]");
    assert_eq!(failure.code, "22000");
    assert!(failure.message.contains('3') && failure.message.contains('2'), "{failure:?}");
}
