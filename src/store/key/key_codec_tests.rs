//! Order, round trips and damage of encoded keys, and the frozen bytes of format 1.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::*;
use crate::types::{Bound, Interval, Range, RangeKind};

fn encoded(values: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    encode_key(values, &mut out).unwrap();
    out
}

/// The order that the bytes must have: PostgreSQL's, NULL last, text by bytes.
fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Greater,
        (_, Value::Null) => Ordering::Less,
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Float8(a), Value::Float8(b)) => match (a.is_nan(), b.is_nan()) {
            (false, false) => a.partial_cmp(b).unwrap(),
            (a, b) => a.cmp(&b),
        },
        (Value::Float4(a), Value::Float4(b)) => order(&Value::Float8(f64::from(*a)), &Value::Float8(f64::from(*b))),
        (Value::Numeric(a), Value::Numeric(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Value::Bytea(a), Value::Bytea(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Time(a), Value::Time(b))
        | (Value::Timestamp(a), Value::Timestamp(b))
        | (Value::TimestampTz(a), Value::TimestampTz(b)) => a.cmp(b),
        (Value::Uuid(a), Value::Uuid(b)) => a.cmp(b),
        (Value::Range(a), Value::Range(b)) => a.compare(b),
        _ => a.as_i64().unwrap().cmp(&b.as_i64().unwrap()),
    }
}

fn integers() -> impl Strategy<Value = i64> {
    prop_oneof![any::<i64>(), -300_i64..300, (0_u32..64, -1_i64..2).prop_map(|(bit, d)| (1_i64 << bit).wrapping_add(d))]
}

fn numerics() -> impl Strategy<Value = Numeric> {
    let coefficient =
        prop_oneof![-(1_i128 << 95)..(1_i128 << 95), -2000_i128..2000, (0_u32..28).prop_map(|n| 10_i128.pow(n))];
    let short = (coefficient, 0_u32..=28).prop_map(|(n, scale)| Numeric::of_parts(n, scale).unwrap());
    let long =
        (-99_i64..99, -300_i32..300).prop_map(|(digits, exponent)| format!("{digits}e{exponent}").parse().unwrap());
    let special = prop::sample::select(vec![Numeric::NAN, Numeric::INFINITY, Numeric::MINUS_INFINITY]);
    prop_oneof![4 => short, 2 => long, 1 => special]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop_oneof![Just(0_u8), Just(1), Just(0xff), any::<u8>()], 0..6)
}

/// Values of one type, NULL now and then.
fn values_of(ty: &ColumnType) -> BoxedStrategy<Value> {
    let value = match ty {
        ColumnType::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        ColumnType::Int2 => any::<i16>().prop_map(Value::Int2).boxed(),
        ColumnType::Int4 => any::<i32>().prop_map(Value::Int4).boxed(),
        ColumnType::Int8 => integers().prop_map(Value::Int8).boxed(),
        ColumnType::Float4 => any::<u32>().prop_map(|bits| Value::Float4(f32::from_bits(bits))).boxed(),
        ColumnType::Float8 => any::<u64>().prop_map(|bits| Value::Float8(f64::from_bits(bits))).boxed(),
        ColumnType::Numeric(_) => numerics().prop_map(Value::Numeric).boxed(),
        ColumnType::Text => "[\u{0}a-cé\u{ff}]{0,5}".prop_map(Value::text).boxed(),
        ColumnType::Bytea => bytes().prop_map(|bytes| Value::Bytea(bytes.into())).boxed(),
        ColumnType::Date => any::<i32>().prop_map(Value::Date).boxed(),
        ColumnType::Time => any::<i64>().prop_map(Value::Time).boxed(),
        ColumnType::Timestamp => any::<i64>().prop_map(Value::Timestamp).boxed(),
        ColumnType::TimestampTz => any::<i64>().prop_map(Value::TimestampTz).boxed(),
        ColumnType::Uuid => any::<[u8; 16]>().prop_map(|bytes| Value::Uuid(Uuid::from_bytes(bytes))).boxed(),
        ColumnType::Range(RangeKind::Int8) => {
            let bound = || prop::option::of((integers(), any::<bool>()));
            (bound(), bound()).prop_map(|(lower, upper)| range(lower, upper)).boxed()
        }
        other => panic!("{other} has no order"),
    };
    prop_oneof![9 => value, 1 => Just(Value::Null)].boxed()
}

/// A range between those bounds, an empty one where there is none.
fn range(lower: Option<(i64, bool)>, upper: Option<(i64, bool)>) -> Value {
    let bound = |bound: Option<(i64, bool)>| {
        bound.map(|(number, is_inclusive)| Bound { value: Value::Int8(number), is_inclusive })
    };
    let range = Range::new(RangeKind::Int8, bound(lower), bound(upper));
    Value::Range(Box::new(range.unwrap_or_else(|_| Range::empty(RangeKind::Int8))))
}

fn key_types() -> Vec<ColumnType> {
    vec![
        ColumnType::Bool,
        ColumnType::Int2,
        ColumnType::Int4,
        ColumnType::Int8,
        ColumnType::Float4,
        ColumnType::Float8,
        ColumnType::Numeric(None),
        ColumnType::Text,
        ColumnType::Bytea,
        ColumnType::Date,
        ColumnType::Time,
        ColumnType::Timestamp,
        ColumnType::TimestampTz,
        ColumnType::Uuid,
        ColumnType::Range(RangeKind::Int8),
    ]
}

/// Two pairs of values of the same two types.
fn two_tuples() -> impl Strategy<Value = ([ColumnType; 2], [Value; 2], [Value; 2])> {
    let ty = || prop::sample::select(key_types());
    (ty(), ty()).prop_flat_map(|(first, second)| {
        let tuple = || [values_of(&first), values_of(&second)];
        (Just([first.clone(), second.clone()]), tuple(), tuple())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn bytes_compare_as_the_tuples_do((_, a, b) in two_tuples()) {
        let expected = order(&a[0], &b[0]).then_with(|| order(&a[1], &b[1]));
        prop_assert_eq!(encoded(&a).cmp(&encoded(&b)), expected, "{:?} {:?}", a, b);
    }

    #[test]
    fn round_trip((types, a, _) in two_tuples()) {
        let bytes = encoded(&a);
        let back = decode_key(&types, &bytes).unwrap();
        for (before, after) in a.iter().zip(&back) {
            prop_assert_eq!(order(before, after), Ordering::Equal);
            prop_assert_eq!(before.column_type().internal_name(), after.column_type().internal_name());
        }
        prop_assert_eq!(&decode_key_part(&bytes, 1, &types[1]).unwrap().column_type(), &back[1].column_type());
        prop_assert_eq!(skip_key_parts(&bytes, 1).unwrap(), encoded(&a[1..]));
        prop_assert!(skip_key_parts(&bytes, 3).is_err());
    }

    #[test]
    fn damaged_bytes_never_panic((types, a, _) in two_tuples(), flip in any::<prop::sample::Index>(), with in 1_u8..) {
        let bytes = encoded(&a);
        for end in 0..bytes.len() {
            // A text cut inside an escaped zero is a shorter text: readable, but another key.
            if let Ok(back) = decode_key(&types, &bytes[..end]) {
                prop_assert_ne!(&encoded(&back), &bytes);
            }
        }
        let mut flipped = bytes;
        let at = flip.index(flipped.len());
        flipped[at] ^= with;
        let _decoded_or_refused = decode_key(&types, &flipped);
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..40), ty in prop::sample::select(key_types())) {
        let _decoded_or_refused = decode_key(&[ty], &bytes);
    }

    #[test]
    fn text_prefix_finds_its_texts(text in "[\u{0}ab]{0,6}", prefix in "[\u{0}ab]{0,3}") {
        let mut start = Vec::new();
        encode_text_prefix(&prefix, &mut start);
        let key = encoded(&[Value::text(text.as_str())]);
        // A prefix that ends where the text does also matches the end mark, never another text.
        prop_assert_eq!(key.starts_with(&start), text.starts_with(&prefix));
    }
}

#[test]
fn integers_of_all_widths_share_one_order() {
    assert_eq!(encoded(&[Value::Int2(7)]), encoded(&[Value::Int8(7)]));
    assert!(encoded(&[Value::Int4(-1)]) < encoded(&[Value::Int2(0)]));
    assert_eq!(encoded(&[Value::Float4(0.5)]), encoded(&[Value::Float8(0.5)]));
}

#[test]
fn equal_numbers_have_equal_keys() {
    let numeric = |text: &str| encoded(&[Value::Numeric(text.parse().unwrap())]);
    assert_eq!(numeric("1.0"), numeric("1.000"));
    assert_eq!(numeric("0.00"), numeric("-0"));
    assert_eq!(numeric("1200"), numeric("1200.0"));
    assert_eq!(encoded(&[Value::Float8(-0.0)]), encoded(&[Value::Float8(0.0)]));
    assert_eq!(encoded(&[Value::Float8(f64::NAN)]), encoded(&[Value::Float8(-f64::NAN)]));
}

#[test]
fn declared_scale_comes_back() {
    let key = encoded(&[Value::Numeric("1.5".parse().unwrap())]);
    let back = decode_key(&[ColumnType::Numeric(Some((10, 2)))], &key).unwrap();
    assert_eq!(format!("{:?}", back[0]), "Numeric(1.50)");
}

#[test]
fn refuses_what_has_no_order() {
    for value in [Value::Json("{}".into()), Value::Interval(Interval::default()), Value::Vector([1.0].into())] {
        let error = encode_key(&[value], &mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
    let long = Value::text("x".repeat(KEY_BYTES_MAX));
    let error = encode_key(&[long], &mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    assert!(error.message().contains("8192"));
}

#[test]
fn wrong_type_is_corrupted() {
    let key = encoded(&[Value::Int8(70_000)]);
    for ty in [ColumnType::Int2, ColumnType::Text, ColumnType::Jsonb] {
        assert_eq!(decode_key(&[ty], &key).unwrap_err().kind(), ErrorKind::Corrupted);
    }
}

/// These bytes lie in data directories: they decode for ever.
#[test]
fn bytes_of_format_1() {
    let numeric = |text: &str| Value::Numeric(text.parse().unwrap());
    let small = |text: &str| Value::parse_text(&ColumnType::Range(RangeKind::Int4), text).unwrap();
    let fixture: [(Value, &[u8]); 29] = [
        (Value::Bool(false), b"\x10"),
        (Value::Bool(true), b"\x11"),
        (Value::Int8(0), b"\x28"),
        (Value::Int8(1), b"\x29\x01"),
        (Value::Int8(-1), b"\x27\xfe"),
        (Value::Int8(256), b"\x2a\x01\x00"),
        (Value::Int8(-256), b"\x26\xfe\xff"),
        (Value::Int8(i64::MAX), b"\x30\x7f\xff\xff\xff\xff\xff\xff\xff"),
        (Value::Int8(i64::MIN), b"\x20\x7f\xff\xff\xff\xff\xff\xff\xff"),
        (Value::Float8(1.0), b"\x40\xbf\xf0\0\0\0\0\0\0"),
        (Value::Float8(-1.0), b"\x40\x40\x0f\xff\xff\xff\xff\xff\xff"),
        (numeric("0"), b"\x48\x01"),
        (numeric("12.5"), b"\x48\x02\x42\x0d\x33\x00"),
        (numeric("-12.5"), b"\x48\x00\xbd\xf2\xcc\xff"),
        (numeric("1e300"), b"\x48\x02\xfe\x80\x00\x01\x2d\x0b\x00"),
        (numeric("1e-300"), b"\x48\x02\x01\x7f\xff\xfe\xd5\x0b\x00"),
        (numeric("-Infinity"), b"\x48\x00\x00"),
        (numeric("Infinity"), b"\x48\x03"),
        (numeric("NaN"), b"\x48\x04"),
        (Value::text("a\0b"), b"\x60a\0\xffb\0"),
        (Value::Bytea([0xff, 0].into()), b"\x68\xff\0\xff\0"),
        (Value::Date(-1), b"\x70\x7f\xff\xff\xff"),
        (Value::Time(1), b"\x71\x80\0\0\0\0\0\0\x01"),
        (Value::Timestamp(0), b"\x72\x80\0\0\0\0\0\0\0"),
        (Value::TimestampTz(-2), b"\x73\x7f\xff\xff\xff\xff\xff\xff\xfe"),
        (Value::Uuid(Uuid::from_u128(3)), b"\x78\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x03"),
        (small("empty"), b"\x7d\x01\0\xff\0"),
        (small("[1,5)"), b"\x7d\x01\x01\x01\x80\0\xff\0\xff\x01\x01\x01\x80\0\xff\0\xff\x05\0\xff\0\xff\0"),
        (Value::Null, b"\xf0"),
    ];
    for (value, bytes) in fixture {
        assert_eq!(encoded(std::slice::from_ref(&value)), bytes, "{value:?}");
        let ty = if value.is_null() { ColumnType::Text } else { value.column_type() };
        assert_eq!(decode_key(&[ty], bytes).unwrap(), [value]);
    }
}
