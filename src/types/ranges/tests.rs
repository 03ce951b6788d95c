//! Laws of ranges: texts and bytes come back, the order of the bytes is that of the values, and sets of parts are sets.

use proptest::prelude::*;

use crate::types::ranges::kind::RangeKind;
use crate::types::ranges::multirange::{Multirange, contain, contain_value, difference, intersection, overlap};
use crate::types::ranges::ordered_bytes::{value_of_bytes, value_of_key};
use crate::types::{ColumnType, Numeric, Range, RangePart, Value};

fn value(ty: &str, text: &str) -> Value {
    Value::parse_text(&ColumnType::parse(ty).unwrap(), text).unwrap()
}

fn refused(ty: &str, text: &str) -> (&'static str, String) {
    let error = Value::parse_text(&ColumnType::parse(ty).unwrap(), text).unwrap_err();
    (error.sqlstate(), error.message().to_string())
}

fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::Range(range) => range.to_bytes(),
        Value::Multirange(multirange) => multirange.to_bytes(),
        other => panic!("{other:?}"),
    }
}

fn sort_key(value: &Value) -> Vec<u8> {
    match value {
        Value::Range(range) => range.sort_key(),
        Value::Multirange(multirange) => multirange.sort_key(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn texts_are_canonical() {
    for (ty, text, expected) in [
        ("int4range", " ( 1 , 5 ] ", "[2,6)"),
        ("int4range", "(1,2)", "empty"),
        ("int4range", "[,5]", "(,6)"),
        ("int4range", "EmPtY ", "empty"),
        ("numrange", "[1.0,2.50]", "[1.0,2.50]"),
        ("numrange", "[1,1)", "empty"),
        ("numrange", "[-Infinity,NaN]", "[-Infinity,NaN]"),
        ("daterange", "[2020-01-01,2020-01-31]", "[2020-01-01,2020-02-01)"),
        ("daterange", "(-infinity,infinity]", "(-infinity,infinity]"),
        ("tsrange", "[2020-01-01, 2020-01-02 3:04)", "[\"2020-01-01 00:00:00\",\"2020-01-02 03:04:00\")"),
        ("int4multirange", "{[5,7), [1,3),[3,4]}", "{[1,7)}"),
        ("int4multirange", "{empty , (,3)}", "{(,3)}"),
        ("int4multirange", " { } ", "{}"),
        ("nummultirange", "{(1,2),(2,3)}", "{(1,2),(2,3)}"),
    ] {
        let read = value(ty, text);
        assert_eq!(read.to_text(), expected, "{ty} {text}");
        assert!(value_of_bytes(&bytes(&read)).unwrap().is_identical(&read), "{ty} {text}");
        assert!(value_of_key(&sort_key(&read)).unwrap().equals(&read), "{ty} {text}");
    }
}

#[test]
fn what_is_no_range_is_refused() {
    for (ty, text) in [
        ("int4range", "1,2"),
        ("int4range", "[1,2"),
        ("int4range", "[1 2]"),
        ("int4range", "[1,2,3]"),
        ("int4range", "[1,2] x"),
        ("int4range", "empty x"),
        ("int4range", "[\"1,2]"),
        ("int4multirange", "{[1,2]"),
        ("int4multirange", "{[1,2],}"),
        ("int4multirange", "{[1,2] [3,4]}"),
        ("int4multirange", "{[1,2]} x"),
        ("int4multirange", "[1,2]"),
    ] {
        let (state, message) = refused(ty, text);
        assert_eq!(state, "22P02", "{ty} {text}");
        assert!(message.starts_with("malformed "), "{message}");
    }
    assert_eq!(refused("int4range", "[2,1]").0, "22000");
    assert_eq!(refused("int4range", "[1,2147483647]"), ("22003", "integer out of range".to_string()));
    assert_eq!(refused("daterange", "[2020-01-01,5874897-12-31]").0, "22008");
}

#[test]
fn damaged_bytes_are_read_or_refused() {
    for (ty, text) in [("numrange", "[1.50,2)"), ("int4multirange", "{[1,2),[5,9)}"), ("tsrange", "(,2020-01-01]")] {
        let whole = bytes(&value(ty, text));
        for end in 0..whole.len() {
            assert!(value_of_bytes(&whole[..end]).is_none(), "{text} {end}");
            for bit in 0..8 {
                let mut damaged = whole.clone();
                damaged[end] ^= 1 << bit;
                let _read_or_refused = value_of_bytes(&damaged);
            }
        }
    }
}

/// A range of small numbers, of whole ones or with fractions.
fn small_range(kind: RangeKind) -> impl Strategy<Value = Range> {
    let bound = prop::option::weighted(0.8, (-6_i32..6, any::<bool>()));
    (bound.clone(), bound).prop_map(move |(lower, upper)| {
        let side = |bound: Option<(i32, bool)>, open: char, closed: char, is_lower: bool| match bound {
            Some((number, is_inclusive)) => {
                let bracket = if is_inclusive { closed } else { open };
                if is_lower { format!("{bracket}{number}") } else { format!("{number}{bracket}") }
            }
            None => open.to_string(),
        };
        let text = format!("{},{}", side(lower, '(', '[', true), side(upper, ')', ']', false));
        match Value::parse_text(&ColumnType::Range(kind), &text) {
            Ok(Value::Range(range)) => *range,
            _ => Range::empty(kind),
        }
    })
}

fn small_multirange(kind: RangeKind) -> impl Strategy<Value = Multirange> {
    prop::collection::vec(small_range(kind), 0..5)
        .prop_map(move |ranges| Multirange::new(kind, ranges.into_iter().filter_map(Range::into_span)))
}

/// Places that tell all such sets apart: the numbers, and what is between them.
fn places(kind: RangeKind) -> Vec<Value> {
    let halves = (-16_i64..=16).map(|half| Value::Numeric(Numeric::scaled(half * 5, 1)));
    match kind {
        RangeKind::Numeric => halves.collect(),
        _ => (-8..=8).map(Value::Int4).collect(),
    }
}

fn check_sets(kind: RangeKind, one: &[RangePart], other: &[RangePart]) {
    let (both, left) = (intersection(one, other), difference(one, other));
    let all = Multirange::new(kind, one.iter().chain(other).cloned());
    for place in places(kind) {
        let (in_one, in_other) = (contain_value(one, &place), contain_value(other, &place));
        assert_eq!(contain_value(&both, &place), in_one && in_other, "{one:?} * {other:?} at {place:?}");
        assert_eq!(contain_value(&left, &place), in_one && !in_other, "{one:?} - {other:?} at {place:?}");
        assert_eq!(contain_value(all.spans(), &place), in_one || in_other, "{one:?} + {other:?} at {place:?}");
    }
    assert_eq!(overlap(one, other), !both.is_empty());
    assert_eq!(contain(one, other), difference(other, one).is_empty());
    assert_eq!(Multirange::new(kind, both.clone()).spans(), both);
    assert_eq!(Multirange::new(kind, left.clone()).spans(), left);
}

proptest! {
    #[test]
    fn sets_of_parts_are_sets(
        one in small_multirange(RangeKind::Int4),
        other in small_multirange(RangeKind::Int4),
        of_numbers in small_multirange(RangeKind::Numeric),
        others in small_multirange(RangeKind::Numeric),
    ) {
        check_sets(RangeKind::Int4, one.spans(), other.spans());
        check_sets(RangeKind::Numeric, of_numbers.spans(), others.spans());
    }

    #[test]
    fn bytes_are_in_the_order_of_the_values(
        one in small_range(RangeKind::Numeric),
        other in small_range(RangeKind::Numeric),
        many in small_multirange(RangeKind::Int4),
        others in small_multirange(RangeKind::Int4),
    ) {
        prop_assert_eq!(one.compare(&other), one.sort_key().cmp(&other.sort_key()));
        prop_assert_eq!(many.compare(&others), many.to_bytes().cmp(&others.to_bytes()));
    }

    #[test]
    fn union_intersection_and_difference_fit_together(
        one in small_range(RangeKind::Numeric),
        other in small_range(RangeKind::Numeric),
    ) {
        let whole = Multirange::new(RangeKind::Numeric, one.span().into_iter().chain(other.span()).cloned());
        match one.union(&other) {
            Ok(union) => prop_assert_eq!(whole, Multirange::of_range(union)),
            Err(_) => prop_assert_eq!(whole.spans().len(), 2),
        }
        let spans = |range: &Range| range.span().cloned().into_iter().collect::<Vec<_>>();
        prop_assert_eq!(spans(&one.intersection(&other)), intersection(&spans(&one), &spans(&other)));
        match one.difference(&other) {
            Ok(rest) => prop_assert_eq!(spans(&rest), difference(&spans(&one), &spans(&other))),
            Err(_) => prop_assert_eq!(difference(&spans(&one), &spans(&other)).len(), 2),
        }
    }
}
