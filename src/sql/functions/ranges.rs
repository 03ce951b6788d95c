//! Ranges and multiranges: their constructors, what is asked of them, and the functions of the operators between them.
//!
//! A range is asked as the list of its parts, of which it has one or none, so that each question has one answer for ranges,
//! multiranges and both beside each other. The functions are called what PostgreSQL calls those of its operators.

use std::cmp::Ordering;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::Any;
use crate::expr::{Body, Function, Invocation, text_of};
use crate::types::ranges::multirange::{contain, contain_value, difference, intersection, overlap};
use crate::types::{Bound, ColumnType, Multirange, Range, RangeKind, RangePart, Value};

/// Bytes that are in the order of the ranges or multiranges that they are of, and equal for equal ones.
pub const RANGE_SORT_KEY: &str = "$range_sort_key";
/// The ranges of a multirange, as an array.
pub const MULTIRANGE_PARTS: &str = "$multirange_parts";
/// Aggregates, and the functions that make their results of an array of the rows.
pub const RANGE_AGGREGATES: [(&str, &str); 2] =
    [("range_agg", "$range_agg"), ("range_intersect_agg", "$range_intersect_agg")];

/// The function that a call of that name means where it is given a range or a multirange.
pub fn range_form(name: &str, types: &[Option<ColumnType>]) -> Option<&'static str> {
    let [Some(ty)] = types else { return None };
    ty.ranged()?;
    match name {
        "lower" => Some("$range_lower"),
        "upper" => Some("$range_upper"),
        _ => None,
    }
}

/// The type of what one of these functions returns for arguments of such types; `None` for another function.
pub fn result_of_ranges(name: &str, types: &[ColumnType]) -> Option<ColumnType> {
    let first = types.first()?;
    let element = first.element();
    let kind = first.ranged();
    match name {
        "$range_lower" | "$range_upper" => kind.map(RangeKind::element),
        "multirange" => kind.map(ColumnType::Multirange),
        "range_merge" => kind.map(ColumnType::Range),
        MULTIRANGE_PARTS => kind.map(|kind| ColumnType::Array(Box::new(ColumnType::Range(kind)))),
        "$range_agg" => element?.ranged().map(ColumnType::Multirange),
        "$range_intersect_agg" => element.filter(|element| element.ranged().is_some()),
        "range_union"
        | "range_intersect"
        | "range_minus"
        | "multirange_union"
        | "multirange_intersect"
        | "multirange_minus" => kind.map(|_| first.clone()),
        _ => None,
    }
}

pub fn definitions() -> Vec<Function> {
    let mut all = constructors();
    all.extend(questions());
    all.extend(of_operators());
    all.extend(comparisons());
    // `result_of_ranges` says what they return.
    let made = |name: &'static str, body: Body| Function::new(name, &[Any], ColumnType::Unknown, body);
    all.extend([
        made("$range_lower", |_, arguments| Ok(bound_value(first_span(arguments)?.and_then(|span| span.lower)))),
        made("$range_upper", |_, arguments| Ok(bound_value(last_span(arguments)?.and_then(|span| span.upper)))),
        made("multirange", |_, arguments| {
            let (kind, spans) = parts(arguments, 0)?;
            Ok(Value::Multirange(Box::new(Multirange::new(kind, spans.iter().cloned()))))
        }),
        Function::new("range_merge", &[Any, Any], ColumnType::Unknown, |_, arguments| match arguments {
            [Value::Range(one), Value::Range(other)] => Ok(Value::Range(Box::new(one.merged(other)))),
            [Value::Multirange(all)] => Ok(Value::Range(Box::new(all.extent()))),
            _ => Err(mismatch()),
        })
        .optional(1),
        made(MULTIRANGE_PARTS, |_, arguments| match arguments {
            [Value::Multirange(all)] => {
                let ranges = all.ranges().map(|range| Value::Range(Box::new(range)));
                Ok(Value::Array(Box::new(ColumnType::Range(all.kind())), ranges.collect()))
            }
            _ => Err(mismatch()),
        }),
        made("$range_agg", range_agg),
        made("$range_intersect_agg", range_intersect_agg),
        Function::new(RANGE_SORT_KEY, &[Any], ColumnType::Bytea, |_, arguments| match arguments {
            [Value::Range(range)] => Ok(Value::Bytea(range.sort_key().into())),
            [Value::Multirange(all)] => Ok(Value::Bytea(all.sort_key().into())),
            _ => Err(mismatch()),
        }),
    ]);
    all
}

/// `int4range(1, 10, '[]')` and its like, and `int4multirange(…)` and its like.
fn constructors() -> Vec<Function> {
    let one = |kind: RangeKind, body: Body| {
        let function = Function::new(kind.range_name(), &[Any, Any, Any], ColumnType::Range(kind), body);
        let function = function.optional(1).with_nulls();
        // A time without a zone becomes a moment in that of the session.
        if kind == RangeKind::TimestampTz { function.styled() } else { function }
    };
    let many = |kind: RangeKind, of_array: &'static str, body: Body| {
        let function = Function::new(kind.multirange_name(), &[Any], ColumnType::Multirange(kind), body);
        function.variadic(of_array).with_nulls()
    };
    vec![
        one(RangeKind::Int4, |invocation, arguments| constructed(RangeKind::Int4, invocation, arguments)),
        one(RangeKind::Int8, |invocation, arguments| constructed(RangeKind::Int8, invocation, arguments)),
        one(RangeKind::Numeric, |invocation, arguments| constructed(RangeKind::Numeric, invocation, arguments)),
        one(RangeKind::Date, |invocation, arguments| constructed(RangeKind::Date, invocation, arguments)),
        one(RangeKind::Timestamp, |invocation, arguments| constructed(RangeKind::Timestamp, invocation, arguments)),
        one(RangeKind::TimestampTz, |invocation, arguments| constructed(RangeKind::TimestampTz, invocation, arguments)),
        many(RangeKind::Int4, "$int4multirange", |_, arguments| gathered(RangeKind::Int4, arguments)),
        many(RangeKind::Int8, "$int8multirange", |_, arguments| gathered(RangeKind::Int8, arguments)),
        many(RangeKind::Numeric, "$nummultirange", |_, arguments| gathered(RangeKind::Numeric, arguments)),
        many(RangeKind::Date, "$datemultirange", |_, arguments| gathered(RangeKind::Date, arguments)),
        many(RangeKind::Timestamp, "$tsmultirange", |_, arguments| gathered(RangeKind::Timestamp, arguments)),
        many(RangeKind::TimestampTz, "$tstzmultirange", |_, arguments| gathered(RangeKind::TimestampTz, arguments)),
    ]
}

fn constructed(kind: RangeKind, invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (lower_inclusive, upper_inclusive) = match arguments.get(2) {
        None => (true, false),
        Some(Value::Null) => {
            let message = "range constructor flags argument must not be null";
            return Err(Error::new(ErrorKind::DataException, message));
        }
        Some(_) => match text_of(arguments, 2) {
            "[]" => (true, true),
            "[)" => (true, false),
            "(]" => (false, true),
            "()" => (false, false),
            _ => {
                let error = Error::new(ErrorKind::Syntax, "invalid range bound flags");
                return Err(error.with_hint("Valid values are \"[]\", \"[)\", \"(]\", and \"()\"."));
            }
        },
    };
    let bound = |position: usize, is_inclusive: bool| -> Result<Option<Bound>> {
        match arguments.get(position) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let value = value.clone().cast_in(invocation.style(), &kind.element(), false)?;
                Ok(Some(Bound { value, is_inclusive }))
            }
        }
    };
    Ok(Value::Range(Box::new(Range::new(kind, bound(0, lower_inclusive)?, bound(1, upper_inclusive)?)?)))
}

fn gathered(kind: RangeKind, arguments: &[Value]) -> Result<Value> {
    if let [Value::Null] = arguments {
        return Ok(Value::Null);
    }
    let mut spans = Vec::with_capacity(arguments.len());
    for argument in arguments {
        match argument {
            Value::Range(range) if range.kind() == kind => spans.extend(range.span().cloned()),
            Value::Null => {
                let message = "multirange values cannot contain null members";
                return Err(Error::new(ErrorKind::NullNotAllowed, message));
            }
            _ => return Err(mismatch()),
        }
    }
    Ok(Value::Multirange(Box::new(Multirange::new(kind, spans))))
}

/// What is asked of one range or multirange.
fn questions() -> [Function; 5] {
    let asked = |name: &'static str, body: Body| Function::new(name, &[Any], ColumnType::Bool, body);
    [
        asked("isempty", |_, arguments| Ok(Value::Bool(parts(arguments, 0)?.1.is_empty()))),
        asked("lower_inc", |_, arguments| Ok(is_inclusive(first_span(arguments)?.and_then(|span| span.lower)))),
        asked("upper_inc", |_, arguments| Ok(is_inclusive(last_span(arguments)?.and_then(|span| span.upper)))),
        asked("lower_inf", |_, arguments| {
            Ok(Value::Bool(first_span(arguments)?.is_some_and(|span| span.lower.is_none())))
        }),
        asked("upper_inf", |_, arguments| {
            Ok(Value::Bool(last_span(arguments)?.is_some_and(|span| span.upper.is_none())))
        }),
    ]
}

fn is_inclusive(bound: Option<Bound>) -> Value {
    Value::Bool(bound.is_some_and(|bound| bound.is_inclusive))
}

/// The functions of the operators between ranges, multiranges and values, by what they ask.
const OPERATORS: [(&[&str], Body); 12] = [
    (&["range_contains_elem", "multirange_contains_elem"], |_, arguments| {
        Ok(Value::Bool(contain_value(parts(arguments, 0)?.1, arguments.get(1).unwrap_or(&Value::Null))))
    }),
    (&["elem_contained_by_range", "elem_contained_by_multirange"], |_, arguments| {
        Ok(Value::Bool(contain_value(parts(arguments, 1)?.1, arguments.first().unwrap_or(&Value::Null))))
    }),
    (
        &["range_contains", "range_contains_multirange", "multirange_contains_range", "multirange_contains_multirange"],
        |_, arguments| asked_of_both(arguments, |one, other, _| contain(one, other)),
    ),
    (
        &[
            "range_contained_by",
            "range_contained_by_multirange",
            "multirange_contained_by_range",
            "multirange_contained_by_multirange",
        ],
        |_, arguments| asked_of_both(arguments, |one, other, _| contain(other, one)),
    ),
    (
        &["range_overlaps", "range_overlaps_multirange", "multirange_overlaps_range", "multirange_overlaps_multirange"],
        |_, arguments| asked_of_both(arguments, |one, other, _| overlap(one, other)),
    ),
    (
        &["range_before", "range_before_multirange", "multirange_before_range", "multirange_before_multirange"],
        |_, arguments| {
            asked_of_both(arguments, |one, other, _| of_ends(one.last(), other.first(), RangePart::is_before))
        },
    ),
    (
        &["range_after", "range_after_multirange", "multirange_after_range", "multirange_after_multirange"],
        |_, arguments| {
            asked_of_both(arguments, |one, other, _| of_ends(other.last(), one.first(), RangePart::is_before))
        },
    ),
    (
        &["range_overleft", "range_overleft_multirange", "multirange_overleft_range", "multirange_overleft_multirange"],
        |_, arguments| {
            asked_of_both(arguments, |one, other, _| {
                of_ends(one.last(), other.last(), |one, other| one.end().compare(&other.end()).is_le())
            })
        },
    ),
    (
        &[
            "range_overright",
            "range_overright_multirange",
            "multirange_overright_range",
            "multirange_overright_multirange",
        ],
        |_, arguments| {
            asked_of_both(arguments, |one, other, _| {
                of_ends(one.first(), other.first(), |one, other| one.start().compare(&other.start()).is_ge())
            })
        },
    ),
    (
        &["range_adjacent", "range_adjacent_multirange", "multirange_adjacent_range", "multirange_adjacent_multirange"],
        |_, arguments| {
            asked_of_both(arguments, |one, other, kind| {
                of_ends(one.last(), other.first(), |one, other| one.meets(other, kind))
                    || of_ends(other.last(), one.first(), |one, other| one.meets(other, kind))
            })
        },
    ),
    (&["range_eq", "multirange_eq"], |_, arguments| compared(arguments, Ordering::is_eq)),
    (&["range_ne", "multirange_ne"], |_, arguments| compared(arguments, Ordering::is_ne)),
];

fn of_operators() -> Vec<Function> {
    let named = OPERATORS.into_iter().flat_map(|(names, body)| names.iter().map(move |name| (*name, body)));
    let mut all: Vec<Function> =
        named.map(|(name, body)| Function::new(name, &[Any, Any], ColumnType::Bool, body)).collect();
    // `result_of_ranges` says what they return.
    let made = |name: &'static str, body: Body| Function::new(name, &[Any, Any], ColumnType::Unknown, body);
    all.extend([
        made("range_union", |_, arguments| of_ranges(arguments, Range::union)),
        made("range_intersect", |_, arguments| of_ranges(arguments, |one, other| Ok(one.intersection(other)))),
        made("range_minus", |_, arguments| of_ranges(arguments, Range::difference)),
        made("multirange_union", |_, arguments| of_multiranges(arguments, |one, other| [one, other].concat())),
        made("multirange_intersect", |_, arguments| of_multiranges(arguments, intersection)),
        made("multirange_minus", |_, arguments| of_multiranges(arguments, difference)),
    ]);
    all
}

/// The functions of the comparisons that have an order.
fn comparisons() -> Vec<Function> {
    let asked: [(&[&str], Body); 4] = [
        (&["range_lt", "multirange_lt"], |_, arguments| compared(arguments, Ordering::is_lt)),
        (&["range_le", "multirange_le"], |_, arguments| compared(arguments, Ordering::is_le)),
        (&["range_gt", "multirange_gt"], |_, arguments| compared(arguments, Ordering::is_gt)),
        (&["range_ge", "multirange_ge"], |_, arguments| compared(arguments, Ordering::is_ge)),
    ];
    let named = asked.into_iter().flat_map(|(names, body)| names.iter().map(move |name| (*name, body)));
    let asked = named.map(|(name, body)| Function::new(name, &[Any, Any], ColumnType::Bool, body));
    let ordered = ["range_cmp", "multirange_cmp"].map(|name| {
        Function::new(name, &[Any, Any], ColumnType::Int4, |_, arguments| Ok(Value::Int4(order_of(arguments)? as i32)))
    });
    asked.chain(ordered).collect()
}

fn order_of(arguments: &[Value]) -> Result<Ordering> {
    let [one, other] = arguments else { return Err(mismatch()) };
    one.compare(other).ok_or_else(mismatch)
}

fn compared(arguments: &[Value], holds: fn(Ordering) -> bool) -> Result<Value> {
    Ok(Value::Bool(holds(order_of(arguments)?)))
}

/// The answer for the parts of both arguments, which are of one kind.
fn asked_of_both(arguments: &[Value], answer: fn(&[RangePart], &[RangePart], RangeKind) -> bool) -> Result<Value> {
    let ((kind, one), (of_other, other)) = (parts(arguments, 0)?, parts(arguments, 1)?);
    if kind != of_other {
        return Err(mismatch());
    }
    Ok(Value::Bool(answer(one, other, kind)))
}

/// The answer for two parts; of what is empty nothing holds.
fn of_ends(one: Option<&RangePart>, other: Option<&RangePart>, holds: impl Fn(&RangePart, &RangePart) -> bool) -> bool {
    one.zip(other).is_some_and(|(one, other)| holds(one, other))
}

fn of_ranges(arguments: &[Value], make: fn(&Range, &Range) -> Result<Range>) -> Result<Value> {
    match arguments {
        [Value::Range(one), Value::Range(other)] if one.kind() == other.kind() => {
            Ok(Value::Range(Box::new(make(one, other)?)))
        }
        _ => Err(mismatch()),
    }
}

fn of_multiranges(arguments: &[Value], make: fn(&[RangePart], &[RangePart]) -> Vec<RangePart>) -> Result<Value> {
    match arguments {
        [Value::Multirange(one), Value::Multirange(other)] if one.kind() == other.kind() => {
            let spans = make(one.spans(), other.spans());
            Ok(Value::Multirange(Box::new(Multirange::new(one.kind(), spans))))
        }
        _ => Err(mismatch()),
    }
}

/// All that is in one of the ranges or multiranges of an array; NULL where there is none.
fn range_agg(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (mut found, mut spans) = (None, Vec::new());
    for position in rows(arguments)? {
        let (kind, of_row) = parts(position, 0)?;
        found = Some(kind);
        spans.extend(of_row.iter().cloned());
    }
    Ok(found.map_or(Value::Null, |kind| Value::Multirange(Box::new(Multirange::new(kind, spans)))))
}

/// What is in all ranges or all multiranges of an array; NULL where there is none.
fn range_intersect_agg(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let mut common: Option<Value> = None;
    for row in rows(arguments)? {
        common = Some(match (common, row) {
            (None, [row]) => row.clone(),
            (Some(Value::Range(common)), [Value::Range(row)]) => Value::Range(Box::new(common.intersection(row))),
            (Some(Value::Multirange(common)), [Value::Multirange(row)]) => {
                let spans = intersection(common.spans(), row.spans());
                Value::Multirange(Box::new(Multirange::new(common.kind(), spans)))
            }
            _ => return Err(mismatch()),
        });
    }
    Ok(common.unwrap_or_default())
}

/// The elements of an array that are not NULL, each as the one argument of a function.
fn rows(arguments: &[Value]) -> Result<impl Iterator<Item = &[Value]>> {
    let Some(Value::Array(_, elements)) = arguments.first() else { return Err(mismatch()) };
    Ok(elements.iter().filter(|element| !element.is_null()).map(std::slice::from_ref))
}

/// The kind and the parts of a range or multirange among the arguments.
fn parts(arguments: &[Value], position: usize) -> Result<(RangeKind, &[RangePart])> {
    match arguments.get(position) {
        Some(Value::Range(range)) => Ok((range.kind(), range.span().map_or(&[], std::slice::from_ref))),
        Some(Value::Multirange(multirange)) => Ok((multirange.kind(), multirange.spans())),
        _ => Err(mismatch()),
    }
}

fn first_span(arguments: &[Value]) -> Result<Option<RangePart>> {
    Ok(parts(arguments, 0)?.1.first().cloned())
}

fn last_span(arguments: &[Value]) -> Result<Option<RangePart>> {
    Ok(parts(arguments, 0)?.1.last().cloned())
}

fn bound_value(bound: Option<Bound>) -> Value {
    bound.map_or(Value::Null, |bound| bound.value)
}

fn mismatch() -> Error {
    Error::new(ErrorKind::DatatypeMismatch, "ranges or multiranges of one type are wanted")
}
