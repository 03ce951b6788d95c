//! The parts that decide how fast the server is, one by one: distances, the index walk, keys, records, merges, JSON and
//! vector text, a point query and a nearest query through the database in process, and catching up on the deltas of a member.
//!
//! `cargo bench --bench hot_paths` runs them; a name behind it runs those that contain it.

#![expect(clippy::expect_used, reason = "a benchmark that cannot prepare its data has nothing to measure")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use nebulusdb::db::{
    Cancel, Clock, Database, DatabaseOptions, MEMORY, Nearest, OnConflict, Output, Query, Target, no_row_compiler,
};
use nebulusdb::expr::{Comparison, Expr, Operand, Scalar};
use nebulusdb::merge::merge;
use nebulusdb::model::{
    Field, Hlc, LogRead, NetworkId, NetworkOptions, PeerId, Run, Stage, Stamp, State, VectorClock, Verdict,
};
use nebulusdb::settings::Settings;
use nebulusdb::store::{
    KeySource, Publicity, RecordField, RecordHeader, RecordView, Stored, decode_key_part, encode_key, encode_record,
};
use nebulusdb::types::json::jsonb;
use nebulusdb::types::json::jsonb::PathStep;
use nebulusdb::types::{ColumnType, Value, parse_vector, vector_text};
use nebulusdb::vector::{BuildScope, Metric, NearestIndex, Parameters, Priority};

const DIMENSIONS: usize = 384;
const INDEXED: usize = 5_000;
const NEAREST: usize = 10;
const FACTS: usize = 30;
/// Entries that a member has posted, and how many of them with one commit.
const POSTED: usize = 10_000;
const POSTED_AT_ONCE: usize = 100;
/// Bytes of deltas that are asked for at a time.
const RUN_BYTES: usize = 1024 * 1024;
const NETWORK: &str = "bench";

/// Numbers from -0.5 to 0.5, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1 << 24) as f32 - 0.5
    }

    fn vector(&mut self) -> Vec<f32> {
        (0..DIMENSIONS).map(|_| self.next()).collect()
    }
}

fn distances(criterion: &mut Criterion) {
    let mut numbers = Numbers(1);
    let (a, b) = (numbers.vector(), numbers.vector());
    let mut group = criterion.benchmark_group("distance of 384 dimensions");
    for metric in Metric::ALL {
        group.bench_function(metric.name(), |bencher| bencher.iter(|| metric.distance(black_box(&a), black_box(&b))));
    }
    group.finish();
}

fn index_search(criterion: &mut Criterion) {
    let mut numbers = Numbers(2);
    let index = NearestIndex::new(Metric::L2, DIMENSIONS, Parameters::DEFAULT);
    for row in 0..INDEXED {
        index.insert(&row.to_be_bytes(), &numbers.vector()).expect("it has the right dimension");
    }
    let queries: Vec<_> = (0..64).map(|_| numbers.vector()).collect();
    let mut turn = queries.iter().cycle();
    criterion.bench_function("exact scan of 5,000 vectors", |bencher| {
        bencher.iter(|| index.search_exact(turn.next().expect("a cycle"), NEAREST, &mut |_| true))
    });
    index.build(BuildScope::Everything, Priority::Foreground, &mut |_| true).expect("the graph is built");
    criterion.bench_function("graph walk over 5,000 vectors", |bencher| {
        bencher
            .iter(|| index.search(turn.next().expect("a cycle"), NEAREST, Parameters::EF_SEARCH_DEFAULT, &mut |_| true))
    });
    criterion.bench_function("graph walk with a 10 % filter", |bencher| {
        bencher.iter(|| {
            let mut accept = |key: &[u8]| key.last().is_some_and(|byte| byte % 10 == 0);
            index.search(turn.next().expect("a cycle"), NEAREST, Parameters::EF_SEARCH_DEFAULT, &mut accept)
        })
    });
}

fn keys(criterion: &mut Criterion) {
    let values = [Value::text("entry-id-12345"), Value::Int8(42)];
    let mut key = Vec::new();
    criterion.bench_function("encode a key of text and int8", |bencher| {
        bencher.iter(|| {
            key.clear();
            encode_key(black_box(&values), &mut key)
        })
    });
    criterion.bench_function("decode the second part of a key", |bencher| {
        bencher.iter(|| decode_key_part(black_box(&key), 1, &ColumnType::Int8))
    });
}

fn stamp(peer: &PeerId, millis: u64) -> Stamp {
    Stamp { causal_length: 1, hlc: Hlc::new(millis, 0), peer_id: peer.clone() }
}

fn records(criterion: &mut Criterion) {
    let peer = PeerId::new("12D3KooWBenchmark");
    let header = RecordHeader {
        version: 7,
        causal_length: 1,
        timestamp: Hlc::new(1_700_000_000_000, 0),
        peer_id: peer.clone(),
        stage: Stage::Private,
        publicity: Publicity::Private,
    };
    let mut clock = VectorClock::new();
    clock.set(peer.clone(), 7);
    let fields: BTreeMap<String, RecordField> = (0..FACTS)
        .map(|number| {
            let stored = Stored::Value(Value::text(format!("the value of fact {number}")));
            (format!("fact_{number:02}"), RecordField { stored, stamp: stamp(&peer, 1_700_000_000_000) })
        })
        .collect();
    let bytes = encode_record(&header, &clock, &fields).expect("it is below every limit");
    criterion.bench_function("encode a record of 30 facts", |bencher| {
        bencher.iter(|| encode_record(&header, &clock, black_box(&fields)))
    });
    criterion.bench_function("read 3 of 30 facts", |bencher| {
        bencher.iter(|| {
            let record = RecordView::parse(black_box(&bytes)).expect("it is sound");
            ["fact_03", "fact_17", "fact_29"].map(|name| record.get_str(name).map(|text| text.map(str::len)))
        })
    });
}

fn merges(criterion: &mut Criterion) {
    let state = |name: &str, offset: u64| {
        let peer = PeerId::new(name);
        let mut state = State::empty(peer.clone());
        state.causal_length = 1;
        for number in 0..FACTS as u64 {
            let value = Some(Value::text(format!("{name} {number}")));
            let field = Field { value, stamp: stamp(&peer, 1_000 + (number * offset) % 17) };
            state.fields.insert(format!("fact_{number:02}"), field);
        }
        state.clock.set(peer, offset);
        state
    };
    let (a, b) = (state("a", 3), state("b", 5));
    criterion
        .bench_function("merge two states of 30 facts", |bencher| bencher.iter(|| merge(black_box(&a), black_box(&b))));
}

fn texts(criterion: &mut Criterion) {
    let members: Vec<String> = (0..FACTS).map(|number| format!("\"fact_{number:02}\": \"value {number}\"")).collect();
    let json = format!("{{{}}}", members.join(", "));
    criterion.bench_function("jsonb: the last of 30 keys", |bencher| {
        bencher.iter(|| jsonb::get_key(black_box(&json), "fact_29"))
    });
    let path = [PathStep::Key("fact_15".into())];
    criterion.bench_function("jsonb: a path", |bencher| bencher.iter(|| jsonb::get_path(black_box(&json), &path)));
    let vector = Numbers(3).vector();
    let text = vector_text(&vector);
    criterion.bench_function("parse a vector of 384", |bencher| bencher.iter(|| parse_vector(black_box(&text))));
    criterion.bench_function("write a vector of 384", |bencher| bencher.iter(|| vector_text(black_box(&vector))));
}

fn open_empty(directory: &std::path::Path) -> Database {
    let options = DatabaseOptions {
        data_directory: directory.join("data"),
        key_directory: directory.join("keys"),
        key_source: KeySource::File,
        cache_bytes: 64 * 1024 * 1024,
        sync: false,
        clock: Clock::System,
        row_compiler: no_row_compiler,
    };
    Database::open(&options).expect("the database opens")
}

/// A database with `INDEXED` memories, closed and gone with its directory.
fn open_database(directory: &std::path::Path) -> Database {
    let database = open_empty(directory);
    let mut numbers = Numbers(4);
    let mut transaction = database.begin();
    let memory = Arc::clone(transaction.catalog().collection(MEMORY).expect("it is always there"));
    for row in 0..INDEXED {
        let facts = format!("{{\"number\": {row}, \"title\": \"memory {row}\"}}");
        let mut values = vec![None; memory.columns.len()];
        let given = [Value::text(id(row)), Value::Json(facts.into()), Value::Vector(numbers.vector().into())];
        for (place, value) in values.iter_mut().zip(given) {
            *place = Some(value);
        }
        transaction.insert(&memory, values, OnConflict::Fail).expect("it is new");
    }
    futures::executor::block_on(transaction.commit()).expect("the commit succeeds");
    database
}

fn id(row: usize) -> String {
    format!("memory-{row:06}")
}

fn queries(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a directory");
    let database = open_database(directory.path());
    let collection = Arc::clone(database.catalog().collection(MEMORY).expect("it is always there"));
    let (settings, cancel) = (Settings::default(), Cancel::default());
    let point = |row: usize| Query {
        collection: Arc::clone(&collection),
        output: vec![Output::Operand(Operand::Column(0)), Output::Operand(Operand::Column(1))],
        filter: Some(Expr::compare(
            Expr::column(0, ColumnType::Text),
            Comparison::Equal,
            Expr::constant(Value::text(id(row))),
        )),
        nearest: None,
        order: Vec::new(),
        limit: None,
        offset: None,
    };
    let mut rows = (0..INDEXED).cycle();
    criterion.bench_function("point query in process", |bencher| {
        bencher.iter_batched(
            || point(rows.next().expect("a cycle")),
            |query| {
                let view = database.view();
                let query = query.bind(&view.environment(&[], &settings))?;
                view.query(query, &settings, &cancel).and_then(|cursor| cursor.collect())
            },
            BatchSize::SmallInput,
        )
    });
    let mut numbers = Numbers(5);
    let mut nearest = || Query {
        filter: None,
        nearest: Some(Nearest {
            column: 2,
            target: Target::Scalar(Scalar::Value(Value::Vector(numbers.vector().into()))),
            metric: Metric::Cosine,
            ef: None,
            within: Vec::new(),
            is_filter: false,
            keeps_missing: false,
            keeps_ties: false,
        }),
        limit: Some(Scalar::Value(Value::Int8(NEAREST as i64))),
        ..point(0)
    };
    criterion.bench_function("nearest query in process", |bencher| {
        bencher.iter_batched(
            &mut nearest,
            |query| {
                let view = database.view();
                let query = query.bind(&view.environment(&[], &settings))?;
                view.query(query, &settings, &cancel).and_then(|cursor| cursor.collect())
            },
            BatchSize::SmallInput,
        )
    });
    database.shutdown().expect("it closes");
}

/// A member of the network, with a directory of its own.
fn member() -> (tempfile::TempDir, Database, NetworkId) {
    let directory = tempfile::tempdir().expect("a directory");
    let database = open_empty(directory.path());
    let mut transaction = database.begin();
    let (options, secret) = (NetworkOptions::default(), Some("a secret of some length"));
    transaction.create_network(NETWORK, options, secret, Vec::new(), None).expect("it is new");
    transaction.attach_collection(MEMORY, NETWORK, None).expect("it is free");
    futures::executor::block_on(transaction.commit()).expect("the commit succeeds");
    let network = database.catalog().network(NETWORK).expect("it was made").id;
    (directory, database, network)
}

/// What a member has posted, in the batches in which others ask for it.
fn posted_runs() -> Vec<Run> {
    let (_directory, database, network) = member();
    let memory = Arc::clone(database.catalog().collection(MEMORY).expect("it is always there"));
    for commit in 0..POSTED / POSTED_AT_ONCE {
        let mut transaction = database.begin();
        for row in commit * POSTED_AT_ONCE..(commit + 1) * POSTED_AT_ONCE {
            let facts = format!("{{\"number\": {row}, \"title\": \"{}\"}}", "memory ".repeat(30));
            let mut values = vec![None; memory.columns.len()];
            for (place, value) in values.iter_mut().zip([Value::text(id(row)), Value::Json(facts.into())]) {
                *place = Some(value);
            }
            transaction.insert(&memory, values, OnConflict::Fail).expect("it is new");
            let key = transaction.key(&memory, vec![Value::text(id(row))]).expect("a key");
            transaction.set_stage(&memory, &key, Stage::PostPending).expect("it is there");
        }
        futures::executor::block_on(transaction.commit()).expect("the commit succeeds");
        futures::executor::block_on(database.replica().post_staged(network)).expect("it is posted");
    }
    let (origin, mut runs, mut next) = (database.peer_id(), Vec::new(), 1);
    while let LogRead::Deltas(deltas) = database.replica().read_log(network, &origin, next, RUN_BYTES).expect("the log")
        && let Some(last) = deltas.last()
    {
        next = last.seq + 1;
        runs.push(Run { origin: origin.clone(), deltas });
    }
    database.shutdown().expect("it closes");
    runs
}

/// Verifying, logging and merging what a member missed: chain, hash trees, signatures, entries with what proves them.
fn catching_up(criterion: &mut Criterion) {
    let runs = posted_runs();
    let mut group = criterion.benchmark_group("catching up");
    group.sample_size(10).throughput(Throughput::Elements(POSTED as u64));
    group.bench_function("10,000 deltas of 300 bytes, proven", |bencher| {
        bencher.iter_batched(
            member,
            |(directory, database, network)| {
                for run in &runs {
                    let applied = futures::executor::block_on(database.replica().apply_run(network, run.clone(), None));
                    assert_eq!(applied.expect("it is applied").verdict, Verdict::Applied);
                }
                (directory, database)
            },
            BatchSize::PerIteration,
        )
    });
    group.finish();
}

criterion_group!(hot_paths, distances, index_search, keys, records, merges, texts, queries, catching_up);
criterion_main!(hot_paths);
