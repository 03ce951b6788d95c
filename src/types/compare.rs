//! The order of values: what ORDER BY, indexes and predicates mean by less, equal and greater.
//!
//! Numbers compare by their exact value whatever their types, floats with NaN above all (PostgreSQL's order), text and
//! bytes by bytes (the C collation), times across their types in UTC, JSON in PostgreSQL's order of `jsonb`.

use std::cmp::Ordering;

use crate::types::datetime::calendar::join_timestamp;
use crate::types::json::jsonb;
use crate::types::numeric::compare_with_float;
use crate::types::{ColumnType, Numeric, Value};

impl Value {
    /// The order of two values; `None` when one is NULL or when their types do not compare.
    pub fn compare(&self, other: &Value) -> Option<Ordering> {
        let order = match (self, other) {
            (Value::Text(left), Value::Text(right)) => left.as_bytes().cmp(right.as_bytes()),
            (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
            (Value::Bytea(left), Value::Bytea(right)) => left.cmp(right),
            (Value::Json(left), Value::Json(right)) => jsonb::compare(left, right),
            (Value::Time(left), Value::Time(right)) => left.cmp(right),
            (Value::Interval(left), Value::Interval(right)) => left.span().cmp(&right.span()),
            (Value::Uuid(left), Value::Uuid(right)) => left.cmp(right),
            (Value::Vector(left), Value::Vector(right)) => compare_vectors(left, right),
            (Value::Sparse(left), Value::Sparse(right)) => left.compare(right),
            (Value::Bits(left), Value::Bits(right)) => left.cmp(right),
            (Value::TsVector(left), Value::TsVector(right)) => left.sort_key().cmp(&right.sort_key()),
            (Value::TsQuery(left), Value::TsQuery(right)) => left.sort_key().cmp(&right.sort_key()),
            (Value::Range(left), Value::Range(right)) if left.kind() == right.kind() => left.compare(right),
            (Value::Multirange(left), Value::Multirange(right)) if left.kind() == right.kind() => left.compare(right),
            (Value::Enum(left), Value::Enum(right)) => left.position.cmp(&right.position),
            (Value::Array(_, left), Value::Array(_, right)) => return compare_arrays(left, right),
            _ => match (self.as_i64(), other.as_i64()) {
                (Some(left), Some(right)) => left.cmp(&right),
                _ => match (Number::of(self), Number::of(other)) {
                    (Some(left), Some(right)) => left.compare(right),
                    _ => self.as_micros()?.cmp(&other.as_micros()?),
                },
            },
        };
        Some(order)
    }

    /// Whether both are values and equal in the order of [`Value::compare`].
    pub fn equals(&self, other: &Value) -> bool {
        self.compare(other) == Some(Ordering::Equal)
    }

    /// The instant of a date or timestamp, in microseconds.
    fn as_micros(&self) -> Option<i64> {
        match self {
            Value::Timestamp(micros) | Value::TimestampTz(micros) => Some(*micros),
            // A date beyond the range of timestamps is before or after all of them.
            Value::Date(days) => Some(join_timestamp(*days, 0).unwrap_or(if *days < 0 { i64::MIN } else { i64::MAX })),
            _ => None,
        }
    }

    /// A number for each variant; part of what [`Value::hash_bytes`] feeds, so it never changes.
    fn tag(&self) -> u8 {
        match self {
            Value::Null => 0,
            Value::Bool(_) => 1,
            Value::Int2(_) => 2,
            Value::Int4(_) => 3,
            Value::Int8(_) => 4,
            Value::Float4(_) => 5,
            Value::Float8(_) => 6,
            Value::Numeric(_) => 7,
            Value::Text(_) => 8,
            Value::Bytea(_) => 9,
            Value::Json(_) => 10,
            Value::Date(_) => 11,
            Value::Time(_) => 12,
            Value::Timestamp(_) => 13,
            Value::TimestampTz(_) => 14,
            Value::Interval(_) => 15,
            Value::Uuid(_) => 16,
            Value::Vector(_) => 17,
            Value::Array(..) => 18,
            Value::Sparse(_) => 19,
            Value::Bits(_) => 20,
            Value::TsVector(_) => 21,
            Value::TsQuery(_) => 22,
            Value::Enum(_) => 23,
            Value::Range(_) => 24,
            Value::Multirange(_) => 25,
        }
    }

    /// Feeds bytes that are the same on every machine for the same value, and differ for different ones.
    pub fn hash_bytes(&self, feed: &mut impl FnMut(&[u8])) {
        feed(&[self.tag()]);
        match self {
            Value::Null => {}
            Value::Bool(is_true) => feed(&[u8::from(*is_true)]),
            Value::Int2(number) => feed(&number.to_be_bytes()),
            Value::Int4(number) | Value::Date(number) => feed(&number.to_be_bytes()),
            Value::Int8(number) | Value::Time(number) | Value::Timestamp(number) | Value::TimestampTz(number) => {
                feed(&number.to_be_bytes());
            }
            Value::Float4(number) => feed(&number.to_bits().to_be_bytes()),
            Value::Float8(number) => feed(&number.to_bits().to_be_bytes()),
            Value::Numeric(number) => number.hash_bytes(feed),
            Value::Text(text) | Value::Json(text) => feed_sized(text.as_bytes(), feed),
            Value::Bytea(bytes) => feed_sized(bytes, feed),
            Value::Interval(interval) => {
                feed(&interval.months.to_be_bytes());
                feed(&interval.days.to_be_bytes());
                feed(&interval.micros.to_be_bytes());
            }
            Value::Uuid(uuid) => feed(uuid.as_bytes()),
            Value::Vector(components) => {
                feed(&(components.len() as u64).to_be_bytes());
                feed_components(components, feed);
            }
            Value::Sparse(vector) => {
                feed(&vector.dimension().to_be_bytes());
                feed(&(vector.count() as u64).to_be_bytes());
                for (place, component) in vector.elements() {
                    feed(&place.to_be_bytes());
                    feed(&component.to_bits().to_be_bytes());
                }
            }
            Value::Bits(bits) => {
                feed(&bits.length().to_be_bytes());
                feed(bits.bytes());
            }
            Value::Range(range) => feed_sized(&range.to_bytes(), feed),
            Value::Multirange(multirange) => feed_sized(&multirange.to_bytes(), feed),
            Value::Enum(value) => feed(&value.position.to_be_bytes()),
            Value::TsVector(_) | Value::TsQuery(_) => feed_sized(self.to_text().as_bytes(), feed),
            Value::Array(element, values) => {
                feed_sized(hashed_name(element).as_bytes(), feed);
                feed(&(values.len() as u64).to_be_bytes());
                for value in values {
                    // An array holds arrays at most six deep, which is checked where it is read.
                    value.hash_bytes(feed);
                }
            }
        }
    }
}

/// The name of the type of an array's elements; of an enumerated type, which may get another one, what is stored.
fn hashed_name(element: &ColumnType) -> String {
    match element.enumerated() {
        Some(ty) => ty.stored_spelling(),
        None => element.internal_name(),
    }
}

/// Many at a time: a hash of long pieces is several times as fast as one of four bytes each.
fn feed_components(components: &[f32], feed: &mut impl FnMut(&[u8])) {
    let mut buffer = [0; 4096];
    for piece in components.chunks(buffer.len() / size_of::<f32>()) {
        let (places, _) = buffer.as_chunks_mut();
        for (place, number) in places.iter_mut().zip(piece) {
            *place = number.to_bits().to_be_bytes();
        }
        feed(buffer.get(..size_of_val(piece)).unwrap_or_default());
    }
}

fn feed_sized(bytes: &[u8], feed: &mut impl FnMut(&[u8])) {
    feed(&(bytes.len() as u64).to_be_bytes());
    feed(bytes);
}

/// A number without its width.
#[derive(Clone, Copy)]
enum Number<'a> {
    Integer(i64),
    Numeric(&'a Numeric),
    Float(f64),
}

impl Number<'_> {
    fn of(value: &Value) -> Option<Number<'_>> {
        match value {
            Value::Numeric(number) => Some(Number::Numeric(number)),
            Value::Float4(number) => Some(Number::Float(f64::from(*number))),
            Value::Float8(number) => Some(Number::Float(*number)),
            _ => value.as_i64().map(Number::Integer),
        }
    }

    fn compare(self, other: Number<'_>) -> Ordering {
        match (self, other) {
            (Number::Numeric(left), Number::Numeric(right)) => left.cmp(right),
            (Number::Float(left), Number::Float(right)) => compare_floats(left, right),
            (Number::Integer(left), Number::Integer(right)) => left.cmp(&right),
            (Number::Float(float), Number::Numeric(number)) => compare_with_float(number, float).reverse(),
            (Number::Numeric(number), Number::Float(float)) => compare_with_float(number, float),
            (Number::Float(float), Number::Integer(number)) => {
                compare_with_float(&Numeric::from(number), float).reverse()
            }
            (Number::Integer(number), Number::Float(float)) => compare_with_float(&Numeric::from(number), float),
            (Number::Integer(left), Number::Numeric(right)) => Numeric::from(left).cmp(right),
            (Number::Numeric(left), Number::Integer(right)) => left.cmp(&Numeric::from(right)),
        }
    }
}

/// NaN equals itself and is greater than every number; the zeros are equal.
pub(super) fn compare_floats(left: f64, right: f64) -> Ordering {
    left.partial_cmp(&right).unwrap_or_else(|| left.is_nan().cmp(&right.is_nan()))
}

/// Component by component, then by dimension, as pgvector.
fn compare_vectors(left: &[f32], right: &[f32]) -> Ordering {
    let components = left.iter().zip(right).map(|(left, right)| compare_floats(f64::from(*left), f64::from(*right)));
    components.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| left.len().cmp(&right.len()))
}

/// Element by element, then by length; NULLs are equal to each other and above all values.
fn compare_arrays(left: &[Value], right: &[Value]) -> Option<Ordering> {
    let (mut ours, mut theirs) = (elements_of(left), elements_of(right));
    loop {
        let order = match (ours.next(), theirs.next()) {
            (None, None) => return Some(shape_of(left).cmp(&shape_of(right))),
            (None, Some(_)) => return Some(Ordering::Less),
            (Some(_), None) => return Some(Ordering::Greater),
            (Some(left), Some(right)) => match (left.is_null(), right.is_null()) {
                (false, false) => left.compare(right)?,
                (left, right) => left.cmp(&right),
            },
        };
        if order.is_ne() {
            return Some(order);
        }
    }
}

/// The elements of all dimensions of an array, which are six at most.
fn elements_of(values: &[Value]) -> Box<dyn Iterator<Item = &Value> + '_> {
    match values.first() {
        Some(Value::Array(..)) => Box::new(values.iter().flat_map(|value| match value {
            Value::Array(_, inner) => elements_of(inner),
            other => elements_of(std::slice::from_ref(other)),
        })),
        _ => Box::new(values.iter()),
    }
}

/// How many dimensions an array has, and how many elements in each.
fn shape_of(values: &[Value]) -> (usize, Vec<usize>) {
    let mut lengths = Vec::new();
    let mut level = Some(values).filter(|values| !values.is_empty());
    while let Some(values) = level {
        lengths.push(values.len());
        level = match values.first() {
            Some(Value::Array(_, inner)) if !inner.is_empty() => Some(inner),
            _ => None,
        };
    }
    (lengths.len(), lengths)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::types::Interval;

    fn numeric(text: &str) -> Value {
        Value::Numeric(text.parse().unwrap())
    }

    #[test]
    fn numbers_compare_across_types() {
        let ordered = [
            Value::Float8(f64::NEG_INFINITY),
            Value::Int2(-3),
            numeric("-2.5"),
            Value::Float4(0.1),
            Value::Int8(1),
            numeric("1.0000000000000000000001"),
            Value::Int8((1 << 53) + 1),
            Value::Float8((1u64 << 54) as f64),
            Value::Float8(f64::INFINITY),
            Value::Float8(f64::NAN),
        ];
        for (position, left) in ordered.iter().enumerate() {
            for (other, right) in ordered.iter().enumerate() {
                assert_eq!(left.compare(right), Some(position.cmp(&other)), "{left:?} {right:?}");
            }
        }
        assert!(Value::Int4(1).equals(&numeric("1.00")) && Value::Int2(1).equals(&Value::Float8(1.0)));
        assert_eq!(Value::Int8((1 << 53) + 1).compare(&Value::Float8((1u64 << 53) as f64)), Some(Ordering::Greater));
    }

    #[test]
    fn nulls_and_strangers_do_not_compare() {
        assert_eq!(Value::Null.compare(&Value::Null), None);
        assert_eq!(Value::Int4(1).compare(&Value::text("1")), None);
        assert_eq!(Value::Bool(true).compare(&Value::Int4(1)), None);
        assert_eq!(Value::Date(0).compare(&Value::Time(0)), None);
    }

    #[test]
    fn other_types_have_postgresqls_order() {
        let less =
            |left: Value, right: Value| assert_eq!(left.compare(&right), Some(Ordering::Less), "{left:?} {right:?}");
        less(Value::Bool(false), Value::Bool(true));
        less(Value::text("Z"), Value::text("a"));
        less(Value::Date(0), Value::Timestamp(1));
        less(Value::TimestampTz(-1), Value::Date(0));
        less(Value::Vector([1.0].into()), Value::Vector([1.0, 0.0].into()));
        less(
            Value::Interval(Interval { days: 29, ..Interval::default() }),
            Value::Interval(Interval { months: 1, ..Interval::default() }),
        );
        let array = |values| Value::Array(Box::new(crate::types::ColumnType::Int4), values);
        less(array(vec![Value::Int4(1)]), array(vec![Value::Null]));
    }

    #[test]
    fn hashed_bytes_tell_values_apart() {
        let bytes = |value: &Value| {
            let mut all = Vec::new();
            value.hash_bytes(&mut |part| all.extend_from_slice(part));
            all
        };
        assert_ne!(bytes(&numeric("1.0")), bytes(&numeric("1.00")));
        assert_ne!(bytes(&Value::Int4(1)), bytes(&Value::Int8(1)));
        assert_eq!(bytes(&Value::text("ab")), [8, 0, 0, 0, 0, 0, 0, 0, 2, b'a', b'b']);
    }

    proptest! {
        #[test]
        fn order_is_antisymmetric_and_transitive(numbers in prop::collection::vec(prop_oneof![
            any::<i64>().prop_map(Value::Int8),
            (-20i32..20).prop_map(Value::Int4),
            any::<f64>().prop_map(Value::Float8),
            (-80i8..80).prop_map(|eighths| Value::Float8(f64::from(eighths) / 8.0)),
            (any::<i64>(), 0u16..28).prop_map(|(mantissa, scale)| Value::Numeric(Numeric::scaled(mantissa, scale))),
        ], 3)) {
            let order = |left: usize, right: usize| numbers[left].compare(&numbers[right]).unwrap();
            prop_assert_eq!(order(0, 1), order(1, 0).reverse());
            if order(0, 1).is_le() && order(1, 2).is_le() {
                prop_assert!(order(0, 2).is_le());
            }
        }
    }
}
