//! The parts that decide how fast the server is, one by one: distances, the index walk, keys, records, merges, JSON and
//! vector text, and a point query and a nearest query through the database in process.
//!
//! `cargo bench --bench hot_paths` runs them; a name behind it runs those that contain it.

#![expect(clippy::expect_used, reason = "a benchmark that cannot prepare its data has nothing to measure")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use nebulusdb::db::{
    Cancel, Clock, Comparison, Database, DatabaseOptions, MEMORY, Nearest, OnConflict, Operand, Output, PathStep,
    Predicate, Query, Scalar, Settings, Target,
};
use nebulusdb::merge::merge;
use nebulusdb::model::{Field, Hlc, PeerId, Stage, Stamp, State, Value, VectorClock, jsonb, parse_vector, vector_text};
use nebulusdb::store::{
    KeySource, Publicity, RecordField, RecordHeader, RecordView, Stored, decode_key_part, encode_key, encode_record,
};
use nebulusdb::vector::{BuildScope, Index, Metric, Parameters};

const DIMENSIONS: usize = 384;
const INDEXED: usize = 5_000;
const NEAREST: usize = 10;
const FACTS: usize = 30;

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
    let index = Index::new(Metric::L2, DIMENSIONS, Parameters::DEFAULT);
    for row in 0..INDEXED {
        index.insert(&row.to_be_bytes(), &numbers.vector()).expect("it has the right dimension");
    }
    let queries: Vec<_> = (0..64).map(|_| numbers.vector()).collect();
    let mut turn = queries.iter().cycle();
    criterion.bench_function("exact scan of 5,000 vectors", |bencher| {
        bencher.iter(|| index.search_exact(turn.next().expect("a cycle"), NEAREST, &mut |_| true))
    });
    index.build(BuildScope::Everything, &mut |_| true).expect("the graph is built");
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
        bencher.iter(|| decode_key_part(black_box(&key), 1, &nebulusdb::model::ColumnType::Int8))
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

/// A database with `INDEXED` memories, closed and gone with its directory.
fn open_database(directory: &std::path::Path) -> Database {
    let options = DatabaseOptions {
        data_directory: directory.join("data"),
        key_directory: directory.join("keys"),
        key_source: KeySource::File,
        cache_bytes: 64 * 1024 * 1024,
        sync: false,
        clock: Clock::System,
    };
    let database = Database::open(&options).expect("the database opens");
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
        filter: Some(Predicate::Compare {
            left: Operand::Column(0),
            operator: Comparison::Equal,
            right: Scalar::Value(Value::text(id(row))),
        }),
        nearest: None,
        order: Vec::new(),
        limit: None,
        offset: None,
    };
    let mut rows = (0..INDEXED).cycle();
    criterion.bench_function("point query in process", |bencher| {
        bencher.iter_batched(
            || point(rows.next().expect("a cycle")),
            |query| database.view().query(&query, &settings, &cancel).and_then(|cursor| cursor.collect()),
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
            within: None,
            keeps_missing: false,
            keeps_ties: false,
        }),
        limit: Some(Scalar::Value(Value::Int8(NEAREST as i64))),
        ..point(0)
    };
    criterion.bench_function("nearest query in process", |bencher| {
        bencher.iter_batched(
            &mut nearest,
            |query| database.view().query(&query, &settings, &cancel).and_then(|cursor| cursor.collect()),
            BatchSize::SmallInput,
        )
    });
    database.shutdown().expect("it closes");
}

criterion_group!(hot_paths, distances, index_search, keys, records, merges, texts, queries);
criterion_main!(hot_paths);
