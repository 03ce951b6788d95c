//! Round trips, limits and damage of records, and the frozen bytes of their formats.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::model::{Column, ColumnId};
use crate::store::record::record_view::RecordView;
use crate::store::record::value_codec::ValueRef;
use crate::types::{ColumnType, Interval, Numeric, Value};

fn peer(name: &str) -> PeerId {
    PeerId::new(name)
}

fn header() -> RecordHeader {
    RecordHeader {
        version: 7,
        causal_length: 1,
        timestamp: Hlc::new(1000, 2),
        peer_id: peer("ann"),
        stage: Stage::PostPending,
        publicity: Publicity::PostedAndEdited,
    }
}

fn clock() -> VectorClock {
    [(peer("ann"), 3), (peer("bob"), 4)].into_iter().collect()
}

fn field(stored: Stored) -> RecordField {
    RecordField { stored, stamp: header().stamp() }
}

fn older(stored: Stored) -> RecordField {
    RecordField { stored, stamp: Stamp { causal_length: 1, hlc: Hlc::new(5, 0), peer_id: peer("bob") } }
}

fn all_kinds() -> BTreeMap<String, RecordField> {
    let values = [
        Value::Null,
        Value::Bool(true),
        Value::Bool(false),
        Value::Int2(-2),
        Value::Int4(-4),
        Value::Int8(-8),
        Value::Float4(0.25),
        Value::Float8(-0.5),
        Value::Numeric(Numeric::scaled(-150, 2)),
        Value::text("wörd"),
        Value::Bytea([0, 1, 255].into()),
        Value::Json("{\"a\":1}".into()),
        Value::Date(20_000),
        Value::Time(1),
        Value::Timestamp(2),
        Value::TimestampTz(3),
        Value::Interval(Interval { months: 1, days: -2, micros: 3 }),
        Value::Uuid(Uuid::from_u128(9)),
        Value::Vector([1.0, -2.0].into()),
        Value::Numeric("1e100".parse().unwrap()),
        Value::Numeric("-1e-300".parse().unwrap()),
        Value::Numeric(Numeric::NAN),
        Value::Numeric(Numeric::MINUS_INFINITY),
    ];
    let mut fields: BTreeMap<String, RecordField> = values
        .into_iter()
        .enumerate()
        .map(|(n, value)| {
            let stored = Stored::Value(value);
            (format!("f{n:02}"), if n % 2 == 0 { field(stored) } else { older(stored) })
        })
        .collect();
    fields.insert("gone".to_string(), older(Stored::Removed));
    fields.insert("$vector".to_string(), field(Stored::Vector { dimension: 384 }));
    fields
}

fn name_of(key: FieldKey<'_>) -> String {
    match key {
        FieldKey::Fact(name) => name.to_string(),
        FieldKey::Column(id) => panic!("{id:?} is no fact"),
    }
}

/// Reads everything that a view can give; an error is an answer.
fn read_all(bytes: &[u8]) -> Result<usize> {
    let view = RecordView::parse(bytes)?;
    view.header()?;
    view.clock()?;
    view.get("f03")?;
    view.get_str("f09")?;
    let mut read = 0;
    for field in view.fields() {
        field?;
        read += 1;
    }
    for key in view.keys() {
        key?;
    }
    Ok(read)
}

#[test]
fn round_trip() {
    let fields = all_kinds();
    let bytes = encode_record(&header(), &clock(), &fields).unwrap();
    let view = RecordView::parse(&bytes).unwrap();
    assert_eq!(view.header().unwrap(), header());
    assert_eq!(view.clock().unwrap(), clock());
    assert!(view.is_alive());
    assert_eq!(view.peer_id_str().unwrap(), "ann");
    let back: BTreeMap<String, RecordField> =
        view.fields().map(|field| field.map(|(key, field)| (name_of(key), field))).collect::<Result<_>>().unwrap();
    assert_eq!(back, fields);
    for (name, field) in &fields {
        assert_eq!(view.get(name.as_str()).unwrap().as_ref(), Some(&field.stored));
    }
    let keys = view.keys().map(|key| key.map(name_of)).collect::<Result<Vec<_>>>().unwrap();
    assert_eq!(keys, fields.keys().cloned().collect::<Vec<_>>());
}

#[test]
fn single_fields() {
    let bytes = encode_record(&header(), &clock(), &all_kinds()).unwrap();
    let view = RecordView::parse(&bytes).unwrap();
    assert_eq!(view.get_str("f09").unwrap(), Some("wörd"));
    assert_eq!(view.get_str("f05").unwrap(), None);
    assert_eq!(view.get_value("f05").unwrap(), Some(Value::Int8(-8)));
    assert_eq!(view.get_value("gone").unwrap(), None);
    assert_eq!(view.get_value("$vector").unwrap(), None);
    assert_eq!(view.get_ref("$vector").unwrap(), Some(ValueRef::Vector { dimension: 384 }));
    assert_eq!(view.get("absent").unwrap(), None);
    assert_eq!(view.get("").unwrap(), None);
    assert_eq!(view.get("zzz").unwrap(), None);
}

#[test]
fn sorted_fields_give_the_same_bytes() {
    let fields = all_kinds();
    let sorted: Vec<(FieldKey<'_>, RecordField)> =
        fields.iter().map(|(name, field)| (FieldKey::Fact(name), field.clone())).collect();
    let bytes = encode_record(&header(), &clock(), &fields).unwrap();
    assert_eq!(encode_sorted_record(&header(), &clock(), &sorted).unwrap(), bytes);
    let twice = [sorted[0].clone(), sorted[0].clone()];
    assert_eq!(encode_sorted_record(&header(), &clock(), &twice).unwrap_err().kind(), ErrorKind::Internal);
}

#[test]
fn the_headers_stamp_costs_nothing() {
    let one = |field: RecordField| {
        encode_record(&header(), &VectorClock::new(), &BTreeMap::from([("a".to_string(), field)])).unwrap().len()
    };
    assert_eq!(one(older(Stored::Removed)) - one(field(Stored::Removed)), 18 + 2 + "bob".len());
}

#[test]
fn limits() {
    let many = (0..=FACTS_MAX).map(|n| (n.to_string(), field(Stored::Removed))).collect();
    let error = encode_record(&header(), &clock(), &many).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    assert!(error.message().contains("4097") && error.message().contains("4096"));

    let one = |name: String, value: Value| BTreeMap::from([(name, field(Stored::Value(value)))]);
    let long = one("a".into(), Value::text("x".repeat(ENTRY_BYTES_MAX)));
    assert_eq!(encode_record(&header(), &clock(), &long).unwrap_err().kind(), ErrorKind::LimitExceeded);
    let name = one("n".repeat(40_000), Value::Null);
    assert_eq!(encode_record(&header(), &clock(), &name).unwrap_err().kind(), ErrorKind::LimitExceeded);
    let inner = Value::Array(Box::new(crate::types::ColumnType::Int8), vec![]);
    let array = one("a".into(), Value::Array(Box::new(crate::types::ColumnType::Int8), vec![inner]));
    assert_eq!(encode_record(&header(), &clock(), &array).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn every_truncation_and_flip_is_read_or_refused() {
    let bytes = encode_record(&header(), &clock(), &all_kinds()).unwrap();
    assert_eq!(read_all(&bytes).unwrap(), all_kinds().len());
    for end in 0..bytes.len() {
        assert!(read_all(&bytes[..end]).is_err(), "cut at {end}");
    }
    let mut damaged = bytes.clone();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            damaged[at] ^= 1 << bit;
            let _read_or_refused = read_all(&damaged);
            damaged[at] ^= 1 << bit;
        }
    }
}

#[test]
fn newer_format_is_named() {
    let error = RecordView::parse(&[3; 64]).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.message().contains("format 3"));
}

proptest! {
    #[test]
    fn random_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), peers_at in 0_u8..120) {
        let _read_or_refused = read_all(&bytes);
        // Past the first checks: a plausible header.
        if let Some(start) = bytes.first_chunk_mut() {
            *start = [1, 0, 2, 0, 1, 0, 1, 0, peers_at, 0, 0, 0];
            let _read_or_refused = read_all(&bytes);
        }
    }
}

/// This record lies in data directories: it decodes for ever.
#[test]
fn bytes_of_format_1() {
    const FIXTURE: &[u8] = b"\x01\x05\x02\x00\x01\x00\x02\x00\x5a\x00\x00\x00\
        \x07\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02\0\xe8\x03\0\0\0\0\
        \x01\0\x04\0\0\0\0\0\0\0\
        \0\0\0\0\x0c\0\0\0\
        \x01\0a\x07\xfe\xff\xff\xff\xff\xff\xff\xff\
        \x01\x80b\x01\0\x01\0\0\0\0\0\0\0\0\0\x05\0\0\0\0\0\
        \x0bhi\
        \x03\0ann\x03\0bob";
    let clock: VectorClock = [(peer("bob"), 4)].into_iter().collect();
    let fields = BTreeMap::from([
        ("a".to_string(), field(Stored::Value(Value::Int8(-2)))),
        ("b".to_string(), older(Stored::Value(Value::text("hi")))),
    ]);
    let written = encode_record(&header(), &clock, &fields).unwrap();
    assert_eq!(written, FIXTURE);
    let view = RecordView::parse(FIXTURE).unwrap();
    assert_eq!((view.header().unwrap(), view.clock().unwrap()), (header(), clock));
    let back: Vec<_> = view.fields().collect::<Result<_>>().unwrap();
    let expected: Vec<_> = fields.iter().map(|(name, field)| (FieldKey::Fact(name), field.clone())).collect();
    assert_eq!(back, expected);
}

fn column(name: &str, id: u16) -> Column {
    Column { id: ColumnId(id), ..Column::new(name, ColumnType::Int8) }
}

/// This record lies in data directories: it decodes for ever.
#[test]
fn bytes_of_format_2() {
    const FIXTURE: &[u8] = b"\x02\x05\x03\x00\x01\x00\x02\x00\x60\x00\x00\x00\
        \x07\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02\0\xe8\x03\0\0\0\0\
        \x01\0\x04\0\0\0\0\0\0\0\
        \0\0\0\0\x0b\0\0\0\x22\0\0\x80\
        \x02\0\x07\xfe\xff\xff\xff\xff\xff\xff\xff\
        \x03\x81\x01\0\x01\0\0\0\0\0\0\0\0\0\x05\0\0\0\0\0\
        \x0bhi\
        \x01\0n\x04\
        \x03\0ann\x03\0bob";
    let clock: VectorClock = [(peer("bob"), 4)].into_iter().collect();
    let fields = [
        (FieldKey::Column(ColumnId(2)), field(Stored::Value(Value::Int8(-2)))),
        (FieldKey::Column(ColumnId(0x103)), older(Stored::Value(Value::text("hi")))),
        (FieldKey::Fact("n"), field(Stored::Value(Value::Bool(true)))),
    ];
    let written = encode_sorted_record(&header(), &clock, &fields).unwrap();
    assert_eq!(written, FIXTURE, "{}", written.escape_ascii());
    let view = RecordView::parse(FIXTURE).unwrap();
    assert_eq!((view.header().unwrap(), view.clock().unwrap()), (header(), clock));
    assert_eq!(view.fields().collect::<Result<Vec<_>>>().unwrap(), fields);
    let read = |column: &Column| view.column_ref(column).unwrap().map(|stored| stored.to_stored().unwrap());
    assert_eq!(read(&column("a", 2)), Some(Stored::Value(Value::Int8(-2))));
    assert_eq!(read(&column("b", 0x103)), Some(Stored::Value(Value::text("hi"))));
    assert_eq!(read(&column("a", 7)), None, "its name in other columns' place means nothing");
    assert_eq!(read(&column("n", 7)), Some(Stored::Value(Value::Bool(true))), "a fact that became a column");
}

#[test]
fn columns_of_a_record_of_format_1_go_by_the_names_that_they_had() {
    let one = BTreeMap::from([("a".to_string(), field(Stored::Value(Value::Int8(5))))]);
    let bytes = encode_record(&header(), &clock(), &one).unwrap();
    let view = RecordView::parse(&bytes).unwrap();
    let renamed = Column { name: "b".to_string(), ..column("a", 0) };
    assert_eq!(
        view.column_ref(&renamed).unwrap().map(|stored| stored.to_stored().unwrap()),
        Some(Stored::Value(Value::Int8(5)))
    );
    assert_eq!(view.column_ref(&column("b", 0)).unwrap(), None);
}

#[test]
fn every_truncation_and_flip_of_format_2_is_read_or_refused() {
    let columns = all_kinds().into_values().zip(0..).map(|(field, id)| (FieldKey::Column(ColumnId(id)), field));
    let facts = [(FieldKey::Fact("a"), older(Stored::Removed)), (FieldKey::Fact("b"), field(Stored::Removed))];
    let fields: Vec<_> = columns.chain(facts).collect();
    let bytes = encode_sorted_record(&header(), &clock(), &fields).unwrap();
    assert_eq!(read_all(&bytes).unwrap(), fields.len());
    for end in 0..bytes.len() {
        assert!(read_all(&bytes[..end]).is_err(), "cut at {end}");
    }
    let mut damaged = bytes.clone();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            damaged[at] ^= 1 << bit;
            let _read_or_refused = read_all(&damaged);
            damaged[at] ^= 1 << bit;
        }
    }
}
