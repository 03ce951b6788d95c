//! Our own row of `make bench-peers`: `NearestIndex` in process over the files that the peers read, by their rules.
//!
//! `cargo bench --bench nearest_index -- FOLDER` reads `vectors.f16`, `queries.f32` and `truth.u32` there, builds an index by
//! inner product with the default parameters, asks the queries one by one for several widths, and prints a line of JSON for
//! the build and one for each width. `peers.py` prepares the folder, binds the process to one processor and reads the lines.

#![expect(clippy::expect_used, reason = "a benchmark that cannot read its data has nothing to measure")]
#![expect(clippy::print_stdout, reason = "the lines are what it is run for")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use half::f16;
use nebulusdb::vector::{BuildScope, Metric, NearestIndex, Parameters, Priority, inner_product};

const DIMENSIONS: usize = 384;
const NEAREST: usize = 10;
/// The widths, the recall that ends them and the passes over the queries are those of `peer_indexes.py`.
const WIDTHS: [usize; 10] = [10, 16, 24, 40, 64, 100, 160, 260, 440, 800];
const RECALL_ENOUGH: f64 = 0.9955;
const PASSES_MIN: usize = 3;
const MEASURED_SECONDS_MIN: f64 = 0.8;
const FLOOR_ROWS: usize = 16;
/// A row that ties with the tenth counts as found.
const TIE: f64 = 1e-6;

type Rows = Vec<Vec<f32>>;

fn main() {
    // Cargo passes options of its own to a benchmark.
    let folder = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let Some(folder) = folder.map(PathBuf::from) else {
        println!("nearest_index: it takes the folder that `make bench-peers` prepares");
        return;
    };
    let (vectors, queries) = (halves(&folder.join("vectors.f16")), floats(&folder.join("queries.f32")));
    let limits = limits(&folder.join("truth.u32"), &vectors, &queries);
    let floor = median_pass(&built(vectors.get(..FLOOR_ROWS).expect("there are more rows")), &queries, NEAREST).0;
    let memory_before = anonymous_mb();
    let started = Instant::now();
    let index = built(&vectors);
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{{\"line\": \"built\", \"title\": \"NebulusDB's index\", \"version\": \"nebulusdb {}\", \"seconds\": {seconds}, \
         \"anonymous_mb\": {}, \"floor_us\": {}, \"width_name\": \"ef\"}}",
        env!("CARGO_PKG_VERSION"),
        anonymous_mb() - memory_before,
        1e6 * floor / queries.len() as f64,
    );
    for width in WIDTHS {
        let (seconds, answers) = median_pass(&index, &queries, width);
        let recall = recall(&answers, &vectors, &queries, &limits);
        println!(
            "{{\"line\": \"searched\", \"width\": {width}, \"recall\": {recall}, \"per_second\": {}}}",
            queries.len() as f64 / seconds
        );
        if recall >= RECALL_ENOUGH {
            break;
        }
    }
}

fn built(vectors: &[Vec<f32>]) -> NearestIndex {
    let index = NearestIndex::new(Metric::InnerProduct, DIMENSIONS, Parameters::DEFAULT);
    for (row, vector) in (0u32..).zip(vectors) {
        index.insert(&row.to_be_bytes(), vector).expect("it has the right dimension");
    }
    index.build(BuildScope::Everything, Priority::Foreground, &mut |_| true).expect("the graph is built");
    index
}

/// Seconds of the median pass over the queries, and the rows that the last one found.
fn median_pass(index: &NearestIndex, queries: &Rows, width: usize) -> (f64, Vec<Vec<usize>>) {
    let mut passes: Vec<f64> = Vec::new();
    loop {
        let started = Instant::now();
        let found: Vec<_> = queries
            .iter()
            .map(|query| index.search(query, NEAREST, width, &mut |_| true).expect("it has the right dimension"))
            .collect();
        passes.push(started.elapsed().as_secs_f64());
        if passes.len() >= PASSES_MIN && passes.iter().sum::<f64>() >= MEASURED_SECONDS_MIN {
            passes.sort_by(f64::total_cmp);
            let median = passes.get(passes.len() / 2).copied().expect("there are passes");
            let row = |key: &[u8]| u32::from_be_bytes(key.try_into().expect("our own keys")) as usize;
            return (median, found.iter().map(|near| near.iter().map(|one| row(&one.key)).collect()).collect());
        }
    }
}

/// The share of the exact nearest rows that were found.
fn recall(answers: &[Vec<usize>], vectors: &Rows, queries: &Rows, limits: &[f64]) -> f64 {
    let mut found = 0;
    for ((rows, query), limit) in answers.iter().zip(queries).zip(limits) {
        let rows: BTreeSet<_> = rows.iter().collect();
        let near = rows.iter().filter(|row| score(vectors, ***row, query) >= *limit);
        found += near.count().min(NEAREST);
    }
    found as f64 / (NEAREST * queries.len()) as f64
}

fn score(vectors: &Rows, row: usize, query: &[f32]) -> f64 {
    inner_product(vectors.get(row).expect("it was inserted"), query)
}

/// For each query the inner product that a row needs to be among the nearest.
fn limits(truth: &Path, vectors: &Rows, queries: &Rows) -> Vec<f64> {
    let rows: Vec<usize> = words(truth).into_iter().map(|word| u32::from_le_bytes(word) as usize).collect();
    let nearest = rows.chunks(rows.len() / queries.len()).zip(queries);
    nearest
        .map(|(rows, query)| {
            let scores = rows.iter().take(NEAREST).map(|row| score(vectors, *row, query));
            scores.fold(f64::INFINITY, f64::min) - TIE
        })
        .collect()
}

fn halves(path: &Path) -> Rows {
    let bytes = std::fs::read(path).expect("the file is there");
    let numbers: Vec<f32> = bytes.as_chunks::<2>().0.iter().map(|half| f16::from_le_bytes(*half).to_f32()).collect();
    numbers.chunks_exact(DIMENSIONS).map(<[f32]>::to_vec).collect()
}

fn floats(path: &Path) -> Rows {
    let numbers: Vec<f32> = words(path).into_iter().map(f32::from_le_bytes).collect();
    numbers.chunks_exact(DIMENSIONS).map(<[f32]>::to_vec).collect()
}

fn words(path: &Path) -> Vec<[u8; 4]> {
    std::fs::read(path).expect("the file is there").as_chunks::<4>().0.to_vec()
}

/// Memory of this process that no file backs, after what was freed has been given back.
fn anonymous_mb() -> f64 {
    // SAFETY: it takes no pointer; it returns free pages of the allocator to the system.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    unsafe {
        libc::malloc_trim(0);
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<f64>().ok()).map_or(f64::NAN, |kib| kib / 1024.0)
}
