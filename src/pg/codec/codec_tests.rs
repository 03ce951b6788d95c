//! Tests of both directions of the codec, against `postgres-types` where it knows the type.

use bytes::BytesMut;
use postgres_types::{FromSql, ToSql, Type};
use proptest::prelude::*;

use super::*;
use crate::pg::codec::encode::{encode_binary, encode_text};
use crate::types::Numeric;

/// The bytes of a field without its length, `None` for NULL.
fn field(
    encode: fn(&Value, &ColumnType, &mut BytesMut) -> Result<()>,
    value: &Value,
    ty: &ColumnType,
) -> Option<Vec<u8>> {
    let mut out = BytesMut::from(&b"before"[..]);
    encode(value, ty, &mut out).unwrap();
    let out = &out[6..];
    let length = i32::from_be_bytes(out[..4].try_into().unwrap());
    match usize::try_from(length) {
        Ok(length) => {
            assert_eq!(out.len() - 4, length);
            Some(out[4..].to_vec())
        }
        Err(_) => None,
    }
}

fn binary(value: &Value, ty: &ColumnType) -> Vec<u8> {
    field(encode_binary, value, ty).unwrap()
}

fn canonical_text(value: &Value, ty: &ColumnType, out: &mut BytesMut) -> Result<()> {
    encode_text(value, ty, TextStyle::CANONICAL, out)
}

fn text(value: &Value, ty: &ColumnType) -> String {
    String::from_utf8(field(canonical_text, value, ty).unwrap()).unwrap()
}

#[test]
fn binary_agrees_with_postgres_types() {
    assert_eq!(i64::from_sql(&Type::INT8, &binary(&Value::Int8(-5), &ColumnType::Int8)).unwrap(), -5);
    assert_eq!(f32::from_sql(&Type::FLOAT4, &binary(&Value::Float4(1.5), &ColumnType::Float4)).unwrap(), 1.5);
    let strings = Value::Array(Box::new(ColumnType::Text), vec![Value::text("a"), Value::Null]);
    let bytes = binary(&strings, &ColumnType::Array(Box::new(ColumnType::Text)));
    let read = Vec::<Option<String>>::from_sql(&Type::TEXT_ARRAY, &bytes).unwrap();
    assert_eq!(read, [Some("a".to_string()), None]);
    let mut sent = BytesMut::new();
    vec![1i32, 2].to_sql(&Type::INT4_ARRAY, &mut sent).unwrap();
    let array = decode_binary(&ColumnType::Array(Box::new(ColumnType::Int4)), &sent).unwrap();
    assert_eq!(array.to_text(), "{1,2}");
}

#[test]
fn numeric_digits_are_postgresqls() {
    // ndigits, weight, sign, dscale, digits: as numeric_send writes them.
    for (number, words) in [
        ("0", vec![0u16, 0, 0, 0]),
        ("0.00", vec![0, 0, 0, 2]),
        ("1", vec![1, 0, 0, 0, 1]),
        ("-12345.678", vec![3, 1, 0x4000, 3, 1, 2345, 6780]),
        ("10000", vec![1, 1, 0, 0, 1]),
        ("0.0001", vec![1, 0xffff, 0, 4, 1]),
        ("0.00001", vec![1, 0xfffe, 0, 5, 1000]),
        ("100.50", vec![2, 0, 0, 2, 100, 5000]),
        ("NaN", vec![0, 0, 0xc000, 0]),
        ("Infinity", vec![0, 0, 0xd000, 0]),
        ("-Infinity", vec![0, 0, 0xf000, 0]),
    ] {
        let value = Value::Numeric(number.parse().unwrap());
        let bytes = binary(&value, &ColumnType::Numeric(None));
        let expected: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        assert_eq!(bytes, expected, "{number}");
        assert_eq!(decode_binary(&ColumnType::Numeric(None), &bytes).unwrap().to_text(), number);
    }
    // What PostgreSQL answers: the longest number, digits behind the scale that are cut off, and what is no number.
    let read = |words: &[u16]| {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        decode_binary(&ColumnType::Numeric(None), &bytes)
    };
    assert_eq!(read(&[1, 0x7fff, 0, 0, 1]).unwrap().to_text().len(), 131_069);
    assert_eq!(read(&[2, 0, 0, 2, 1, 2_999]).unwrap().to_text(), "1.29");
    assert_eq!(read(&[1, 0xfffe, 0, 2, 1]).unwrap().to_text(), "0.00");
    assert_eq!(read(&[1, 0, 0x1234, 0, 1]).unwrap_err().message(), "invalid sign in external \"numeric\" value");
    assert_eq!(read(&[1, 0, 0, 0x4000, 1]).unwrap_err().message(), "invalid scale in external \"numeric\" value");
    assert_eq!(read(&[1, 0, 0, 0, 10_000]).unwrap_err().message(), "invalid digit in external \"numeric\" value");
}

#[test]
fn times_count_from_2000() {
    assert_eq!(binary(&Value::Date(10_957), &ColumnType::Date), [0, 0, 0, 0]);
    assert_eq!(binary(&Value::TimestampTz(946_684_800_000_001), &ColumnType::TimestampTz), 1i64.to_be_bytes());
    assert_eq!(binary(&Value::Timestamp(i64::MAX), &ColumnType::Timestamp), i64::MAX.to_be_bytes());
    assert_eq!(decode_binary(&ColumnType::Date, &i32::MIN.to_be_bytes()).unwrap(), Value::Date(i32::MIN));
    assert_eq!(decode_binary(&ColumnType::Timestamp, &(i64::MAX - 1).to_be_bytes()).unwrap_err().sqlstate(), "22008");
}

#[test]
fn binary_times_have_the_range_of_their_texts() {
    let date = |days: i32| decode_binary(&ColumnType::Date, &days.to_be_bytes());
    // The day 0 of the Julian calendar, and the last day that PostgreSQL writes.
    assert_eq!(date(-2_451_545).unwrap().to_text(), "4714-11-24 BC");
    assert_eq!(date(2_145_031_948).unwrap().to_text(), "5874897-12-31");
    for days in [-2_451_546, 2_145_031_949, i32::MIN + 1, i32::MAX - 1, i32::MAX - EPOCH_DAYS, i32::MIN + EPOCH_DAYS] {
        assert_eq!(date(days).unwrap_err().sqlstate(), "22008", "{days}");
    }
    for ty in [ColumnType::Timestamp, ColumnType::TimestampTz] {
        let time = |micros: i64| decode_binary(&ty, &micros.to_be_bytes());
        assert!(time(-211_813_488_000_000_000).unwrap().to_text().starts_with("4714-11-24 00:00:00"), "{ty}");
        for micros in [-211_813_488_000_000_001, i64::MIN + 1, i64::MAX - EPOCH_MICROS, i64::MAX - 1] {
            assert_eq!(time(micros).unwrap_err().sqlstate(), "22008", "{ty} {micros}");
        }
        assert_eq!(time(i64::MAX).unwrap().to_text(), "infinity");
        assert_eq!(time(i64::MIN).unwrap().to_text(), "-infinity");
    }
    let infinite = [&i64::MAX.to_be_bytes()[..], &i32::MAX.to_be_bytes(), &i32::MAX.to_be_bytes()].concat();
    assert_eq!(decode_binary(&ColumnType::Interval, &infinite).unwrap().to_text(), "infinity");
    let time = |micros: i64| decode_binary(&ColumnType::Time, &micros.to_be_bytes());
    assert_eq!(time(86_400_000_000).unwrap().to_text(), "24:00:00");
    assert_eq!(time(-1).unwrap_err().sqlstate(), "22008");
    assert_eq!(time(86_400_000_001).unwrap_err().sqlstate(), "22008");
}

#[test]
fn values_take_the_columns_type() {
    assert_eq!(binary(&Value::Int4(7), &ColumnType::Int8), 7i64.to_be_bytes());
    assert_eq!(binary(&Value::Int8(7), &ColumnType::Oid), 7u32.to_be_bytes());
    assert_eq!(text(&Value::Float4(0.1), &ColumnType::Float8), "0.10000000149011612");
    assert_eq!(text(&Value::Date(0), &ColumnType::Timestamp), "1970-01-01 00:00:00");
    assert_eq!(text(&Value::Int4(5), &ColumnType::Numeric(Some((5, 2)))), "5.00");
    assert_eq!(text(&Value::Bool(true), &ColumnType::Text), "true");
    assert_eq!(text(&Value::text("é"), &ColumnType::Char(3)), "é  ");
    assert_eq!(binary(&Value::text("a"), &ColumnType::Char(2)), b"a ");
    assert_eq!(binary(&Value::Json("{}".into()), &ColumnType::Jsonb), b"\x01{}");
    assert_eq!(binary(&Value::Json("{}".into()), &ColumnType::Json), b"{}");
    assert_eq!(binary(&Value::Vector([1.0].into()), &ColumnType::Vector(None)), [0, 1, 0, 0, 0x3f, 0x80, 0, 0]);
    assert_eq!(field(canonical_text, &Value::Null, &ColumnType::Int4), None);
    let mut out = BytesMut::from(&b"before"[..]);
    assert_eq!(encode_binary(&Value::Int8(1 << 40), &ColumnType::Int4, &mut out).unwrap_err().sqlstate(), "22003");
    assert_eq!(&out[..], b"before");
}

#[test]
fn broken_parameters_are_refused() {
    for ty in ColumnType::catalogued().iter().filter(|ty| ty.length() > 0 && **ty != ColumnType::Void) {
        if !matches!(ty, ColumnType::Name | ColumnType::CatalogChar) {
            assert_eq!(decode_binary(ty, &[0; 17]).unwrap_err().sqlstate(), "22P03", "{ty}");
            assert_eq!(decode_binary(ty, &[]).unwrap_err().sqlstate(), "22P03", "{ty}");
        }
    }
    assert_eq!(
        decode_text(&ColumnType::Text, b"a\xff", TextStyle::CANONICAL).unwrap_err().message(),
        "invalid byte sequence for encoding \"UTF8\": 0xff"
    );
    assert_eq!(decode_text(&ColumnType::Text, b"a\0", TextStyle::CANONICAL).unwrap_err().sqlstate(), "22021");
    assert_eq!(decode_binary(&ColumnType::Jsonb, b"\x02{}").unwrap_err().sqlstate(), "22P03");
    let vector = ColumnType::Vector(Some(3));
    assert_eq!(
        decode_binary(&vector, &[0, 1, 0, 0, 0x3f, 0x80, 0, 0]).unwrap_err().message(),
        "expected 3 dimensions, not 1"
    );
    assert_eq!(
        decode_binary(&vector, &[0, 1, 0, 0, 0x7f, 0xc0, 0, 0]).unwrap_err().message(),
        "NaN not allowed in vector"
    );
    assert_eq!(decode_text(&ColumnType::Char(1), b"long ", TextStyle::CANONICAL).unwrap(), Value::text("long"));
}

fn typed_value() -> impl Strategy<Value = (ColumnType, Value)> {
    let plain = |text: String| text.replace('\0', "");
    prop_oneof![
        any::<bool>().prop_map(|value| (ColumnType::Bool, Value::Bool(value))),
        any::<i16>().prop_map(|value| (ColumnType::Int2, Value::Int2(value))),
        any::<i32>().prop_map(|value| (ColumnType::Int4, Value::Int4(value))),
        any::<i64>().prop_map(|value| (ColumnType::Int8, Value::Int8(value))),
        any::<f32>()
            .prop_filter("equal to itself", |value| !value.is_nan())
            .prop_map(|value| (ColumnType::Float4, Value::Float4(value))),
        any::<f64>()
            .prop_filter("equal to itself", |value| !value.is_nan())
            .prop_map(|value| (ColumnType::Float8, Value::Float8(value))),
        (any::<i128>(), 0u32..=1_000).prop_map(|(mantissa, scale)| {
            (ColumnType::Numeric(None), Value::Numeric(Numeric::of_parts(mantissa, scale).unwrap()))
        }),
        "-?[1-9][0-9]{38,90}([.][0-9]{1,60})?"
            .prop_map(|text| (ColumnType::Numeric(None), Value::Numeric(text.parse().unwrap()))),
        any::<String>().prop_map(move |text| (ColumnType::Text, Value::text(plain(text)))),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(|bytes| (ColumnType::Bytea, Value::Bytea(bytes.into()))),
        (-2_000_000i32..2_000_000).prop_map(|days| (ColumnType::Date, Value::Date(days))),
        (0i64..=86_400_000_000).prop_map(|micros| (ColumnType::Time, Value::Time(micros))),
        (-200_000_000_000_000_000i64..9_000_000_000_000_000_000)
            .prop_map(|micros| (ColumnType::Timestamp, Value::Timestamp(micros))),
        (any::<i32>(), any::<i32>(), -1i64 << 61..1i64 << 61).prop_map(|(months, days, micros)| {
            (ColumnType::Interval, Value::Interval(Interval { months, days, micros }))
        }),
        any::<u128>().prop_map(|bits| (ColumnType::Uuid, Value::Uuid(Uuid::from_u128(bits)))),
        prop::collection::vec(prop::num::f32::NORMAL, 1..9)
            .prop_map(|components| (ColumnType::Vector(None), Value::Vector(components.into()))),
        any::<i64>().prop_map(|number| (ColumnType::Jsonb, Value::Json(format!("{{\"a\": {number}}}").into()))),
    ]
}

fn any_type() -> impl Strategy<Value = ColumnType> {
    let mut types = ColumnType::catalogued();
    types.extend(ColumnType::catalogued().into_iter().map(|ty| ColumnType::Array(Box::new(ty))));
    prop::sample::select(types)
}

proptest! {
    #[test]
    fn values_round_trip((ty, value) in typed_value()) {
        prop_assert_eq!(&decode_binary(&ty, &binary(&value, &ty)).unwrap(), &value);
        prop_assert_eq!(&decode_text(&ty, text(&value, &ty).as_bytes(), TextStyle::CANONICAL).unwrap(), &value);
    }

    #[test]
    fn arrays_round_trip((ty, value) in typed_value(), length in 0usize..4) {
        let array = Value::Array(Box::new(ty.clone()), vec![value.clone(); length]);
        let array_type = ColumnType::Array(Box::new(ty.clone()));
        let nested = Value::Array(Box::new(ty), vec![array.clone(), array.clone()]);
        let nested_type = ColumnType::Array(Box::new(array_type.clone()));
        prop_assert_eq!(binary(&nested, &nested_type), binary(&nested, &array_type), "a type per dimension");
        for array in [array, nested] {
            if length > 0 || !matches!(&array, Value::Array(_, values) if !values.is_empty()) {
                prop_assert_eq!(&decode_binary(&array_type, &binary(&array, &array_type)).unwrap(), &array);
                prop_assert_eq!(&decode_text(&array_type, text(&array, &array_type).as_bytes(), TextStyle::CANONICAL).unwrap(), &array);
            }
        }
    }

    #[test]
    fn decoding_never_panics(ty in any_type(), bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        for value in [decode_binary(&ty, &bytes), decode_text(&ty, &bytes, TextStyle::CANONICAL)].into_iter().flatten() {
            let mut out = BytesMut::new();
            prop_assert!(encode_text(&value, &ty, TextStyle::CANONICAL, &mut out).is_ok());
        }
    }
}
