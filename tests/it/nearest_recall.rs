//! Recall floors on data that is hard for graphs: clusters with filters that lie where the query lies or far from it, many copies
//! of few vectors, deletes and updates, and 1,536 dimensions; each against this file's own brute force.

use crate::client::{Client, Row};
use crate::harness::Server;

const K: usize = 10;
/// What is promised of all rows, and of those that a filter lets through.
const RECALL_MIN: f64 = 0.95;
const FILTERED_RECALL_MIN: f64 = 0.97;
const TIE: f64 = 1e-5;

/// Numbers between -1 and 1, the same in every run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    fn vector(&mut self, dimension: usize) -> Vec<f32> {
        (0..dimension).map(|_| self.next()).collect()
    }

    fn near(&mut self, centre: &[f32], spread: f32) -> Vec<f32> {
        centre.iter().map(|component| component + spread * self.next()).collect()
    }
}

/// A query, its WHERE clause, and the parts whose rows that lets through.
type Asked<'a> = (Vec<f32>, String, &'a dyn Fn(usize) -> bool);

/// The table `item (id, part, v)`, as far as it is there.
struct Items {
    rows: Vec<Option<(usize, Vec<f32>)>>,
    is_cosine: bool,
}

impl Items {
    fn load(&self, client: &mut Client, dimension: usize) {
        client.run(&format!(
            "DROP TABLE IF EXISTS item; CREATE TABLE item (id int PRIMARY KEY, part int, v vector({dimension}))"
        ));
        let rows = self.rows.iter().enumerate().filter_map(|(id, row)| {
            let (part, vector) = row.as_ref()?;
            Some(vec![Some(id.to_string()), Some(part.to_string()), Some(text(vector))])
        });
        let rows: Vec<Row> = rows.collect();
        for some in rows.chunks(250) {
            let reply = client.run_each("INSERT INTO item VALUES ($1, $2, $3)", some.iter().cloned());
            assert_eq!(reply.failure(), None);
        }
        let operator_class = if self.is_cosine { "vector_cosine_ops" } else { "vector_l2_ops" };
        client.run(&format!("CREATE INDEX item_v ON item USING hnsw (v {operator_class})"));
    }

    fn distance(&self, a: &[f32], b: &[f32]) -> f64 {
        let sum = |term: &dyn Fn(f64, f64) -> f64| {
            a.iter().zip(b).map(|(a, b)| term(f64::from(*a), f64::from(*b))).sum::<f64>()
        };
        if self.is_cosine {
            1.0 - sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
        } else {
            sum(&|a, b| (a - b) * (a - b)).sqrt()
        }
    }

    /// Checks what the queries find among the rows of some parts: as many as match, in order, no row twice, and the floor.
    fn check(&self, client: &mut Client, name: &str, asked: &[Asked<'_>], floor: f64) {
        let operator = if self.is_cosine { "<=>" } else { "<->" };
        let (mut found, mut wanted) = (0, 0);
        for (query, filter, matches) in asked {
            let present = self.rows.iter().flatten().filter(|(part, _)| matches(*part));
            let mut distances: Vec<f64> = present.map(|(_, vector)| self.distance(vector, query)).collect();
            distances.sort_by(f64::total_cmp);
            distances.truncate(K);
            let farthest = distances.last().copied().unwrap_or(f64::NEG_INFINITY);
            let query_text = text(query);
            let ids =
                client.column(&format!("SELECT id FROM item {filter} ORDER BY v {operator} '{query_text}' LIMIT {K}"));
            assert_eq!(ids.len(), distances.len(), "{name}: as many as match");
            let mut shown = Vec::new();
            for id in &ids {
                let row = self.rows.get(id.parse::<usize>().expect("an id")).and_then(Option::as_ref);
                let (part, vector) = row.unwrap_or_else(|| panic!("{name}: row {id} is gone"));
                assert!(matches(*part), "{name}: row {id} does not match");
                shown.push(self.distance(vector, query));
            }
            assert!(shown.windows(2).all(|pair| pair[0] <= pair[1] + TIE), "{name}: {shown:?}");
            let mut distinct = ids.clone();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), ids.len(), "{name}: no row twice");
            found += shown.iter().filter(|distance| **distance <= farthest + TIE).count();
            wanted += distances.len();
        }
        let recall = f64::from(found as u32) / f64::from(wanted.max(1) as u32);
        assert!(recall >= floor, "{name}: recall@{K} is {recall:.3}, at least {floor} is promised");
    }
}

fn text(vector: &[f32]) -> String {
    let components: Vec<String> = vector.iter().map(f32::to_string).collect();
    format!("[{}]", components.join(","))
}

/// Clusters and rows of each.
const CLUSTERS: usize = 40;
const ROWS_PER_CLUSTER: usize = 75;

/// What is asked of clusters: everything, the cluster of the query, those far from it, one row in ten, and every other cluster.
fn check_clusters(items: &Items, client: &mut Client, centres: &[Vec<f32>], state: &str) {
    let mut noise = Noise(5);
    let queries: Vec<(usize, Vec<f32>)> =
        (0..30).map(|number| (number * 7 % CLUSTERS, noise.near(&centres[number * 7 % CLUSTERS], 0.2))).collect();
    let everything = |_: usize| true;
    let asked: Vec<_> = queries
        .iter()
        .map(|(_, query)| (query.clone(), String::new(), &everything as &dyn Fn(usize) -> bool))
        .collect();
    items.check(client, &format!("clusters, {state}"), &asked, RECALL_MIN);
    for (name, width) in [("its cluster", 1), ("a tenth around it", 4), ("a half around it", 20)] {
        for shift in [0, CLUSTERS / 2] {
            let bounds: Vec<(usize, usize)> = queries
                .iter()
                .map(|(own, _)| {
                    let least = ((own + shift) % CLUSTERS).min(CLUSTERS - width);
                    (least, least + width)
                })
                .collect();
            let filters: Vec<_> =
                bounds.iter().map(|(least, beyond)| move |part: usize| (*least..*beyond).contains(&part)).collect();
            let asked: Vec<_> = queries
                .iter()
                .zip(&bounds)
                .zip(&filters)
                .map(|(((_, query), (least, beyond)), filter)| {
                    let condition = format!("WHERE part >= {least} AND part < {beyond}");
                    (query.clone(), condition, filter as &dyn Fn(usize) -> bool)
                })
                .collect();
            items.check(client, &format!("{name}, {shift} clusters away, {state}"), &asked, FILTERED_RECALL_MIN);
        }
    }
}

#[test]
fn clusters_are_found_with_filters_near_and_far_after_deletes_and_updates() {
    const DIMENSION: usize = 24;
    let server = Server::start();
    let mut client = server.client();
    let mut noise = Noise(3);
    let centres: Vec<Vec<f32>> = (0..CLUSTERS).map(|_| noise.vector(DIMENSION)).collect();
    let rows =
        (0..CLUSTERS * ROWS_PER_CLUSTER).map(|id| Some((id % CLUSTERS, noise.near(&centres[id % CLUSTERS], 0.3))));
    let mut items = Items { rows: rows.collect(), is_cosine: false };
    items.load(&mut client, DIMENSION);
    check_clusters(&items, &mut client, &centres, "as built");
    client.run("DELETE FROM item WHERE id % 4 = 1");
    items.rows.iter_mut().skip(1).step_by(4).for_each(|row| *row = None);
    check_clusters(&items, &mut client, &centres, "after deletes");
    // Some go to another cluster and keep their part, some others change their part and stay where they are.
    let moved: Vec<(usize, Vec<f32>)> =
        (0..items.rows.len()).step_by(12).map(|id| (id, noise.near(&centres[(id + 9) % CLUSTERS], 0.3))).collect();
    let changes = moved.iter().map(|(id, vector)| vec![Some(id.to_string()), Some(text(vector))]);
    assert_eq!(client.run_each("UPDATE item SET v = $2 WHERE id = $1", changes).failure(), None);
    for (id, vector) in moved {
        if let Some(row) = &mut items.rows[id] {
            row.1 = vector;
        }
    }
    client.run(&format!("UPDATE item SET part = {} - part WHERE id % 12 = 6", CLUSTERS - 1));
    for row in items.rows.iter_mut().skip(6).step_by(12).flatten() {
        row.0 = CLUSTERS - 1 - row.0;
    }
    check_clusters(&items, &mut client, &centres, "after updates");
}

#[test]
fn copies_of_few_vectors_are_found() {
    const DIMENSION: usize = 16;
    let server = Server::start();
    let mut client = server.client();
    let mut noise = Noise(7);
    let originals: Vec<Vec<f32>> = (0..150).map(|_| noise.vector(DIMENSION)).collect();
    let rows = (0..3_000).map(|id| Some((id % 50, originals[id * 11 % originals.len()].clone())));
    let items = Items { rows: rows.collect(), is_cosine: false };
    items.load(&mut client, DIMENSION);
    let queries: Vec<Vec<f32>> = (0..30).map(|number| noise.near(&originals[number * 4], 0.1)).collect();
    for (filter, least, beyond, floor) in [
        ("", 0, 50, RECALL_MIN),
        ("WHERE part = 7", 7, 8, FILTERED_RECALL_MIN),
        ("WHERE part < 25", 0, 25, FILTERED_RECALL_MIN),
    ] {
        let matches = move |part: usize| (least..beyond).contains(&part);
        let asked: Vec<_> = queries
            .iter()
            .map(|query| (query.clone(), filter.to_string(), &matches as &dyn Fn(usize) -> bool))
            .collect();
        items.check(&mut client, &format!("copies {filter}"), &asked, floor);
    }
}

#[test]
fn wide_vectors_are_found() {
    const DIMENSION: usize = 1_536;
    let server = Server::start();
    let mut client = server.client();
    let mut noise = Noise(13);
    let centres: Vec<Vec<f32>> = (0..16).map(|_| noise.vector(DIMENSION)).collect();
    // As in embeddings, a few components are much larger than the others.
    let skewed = |mut vector: Vec<f32>| {
        vector.iter_mut().step_by(400).for_each(|component| *component *= 12.0);
        vector
    };
    let rows = (0..1_200).map(|id| Some((id % 20, skewed(noise.near(&centres[id * 7 % 16], 0.8)))));
    let items = Items { rows: rows.collect(), is_cosine: true };
    items.load(&mut client, DIMENSION);
    let queries: Vec<Vec<f32>> = (0..16).map(|number| skewed(noise.near(&centres[number], 0.8))).collect();
    for (filter, below, floor) in
        [("", 20, RECALL_MIN), ("WHERE part < 2", 2, FILTERED_RECALL_MIN), ("WHERE part < 10", 10, FILTERED_RECALL_MIN)]
    {
        let matches = move |part: usize| part < below;
        let asked: Vec<_> = queries
            .iter()
            .map(|query| (query.clone(), filter.to_string(), &matches as &dyn Fn(usize) -> bool))
            .collect();
        items.check(&mut client, &format!("1,536 dimensions {filter}"), &asked, floor);
    }
}
