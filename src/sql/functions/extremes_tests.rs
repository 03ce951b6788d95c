//! Every row function is called with the extreme values of its parameters: an error is fine, a panic is not.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::expr::{Function, Invocation, Parameter};
use crate::sql::functions::register;
use crate::types::{
    ColumnType, DATE_INFINITY, DATE_MINUS_INFINITY, Interval, TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY, Value,
};

/// Calls of one function at most; where there are more combinations, they are drawn.
const CALLS_MAX: usize = 3_000;

fn integers() -> Vec<Value> {
    let all = [i64::MIN, i64::MIN + 1, -1, 0, 1, 7, i64::MAX, i64::from(i32::MIN), i64::from(i32::MAX)];
    all.into_iter().map(Value::Int8).collect()
}

fn floats() -> Vec<Value> {
    let all = [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 5e-324, 0.0, -0.0, 1.5];
    all.into_iter().map(Value::Float8).collect()
}

fn texts() -> Vec<Value> {
    let all = [
        "",
        "a",
        "\\",
        "%\\",
        "é\u{10ffff}",
        "(",
        "[",
        "{",
        "{a,b}",
        "[1,2]",
        "1e400000000",
        "infinity",
        "YYYY-MM-DD",
        "FM9999999999D9999900000000000000000",
        "%s %9999999999$s %I",
        "%18446744073709551615$s",
        "%0$s",
        "Europe/Zurich",
        "yyyymmddhh24miss",
        "-5",
        "9",
    ];
    all.into_iter().map(Value::text).chain([Value::text("yyyy".repeat(2_000))]).collect()
}

fn documents() -> Vec<Value> {
    let all = ["null", "[]", "{}", "1", "\"a\"", "[1, [2, {\"a\": null}]]", "{\"a\": {\"b\": [1, 2]}}", "1e300"];
    all.into_iter().map(|json| Value::Json(json.into())).collect()
}

fn times() -> Vec<Value> {
    let all = [
        TIMESTAMP_INFINITY,
        TIMESTAMP_MINUS_INFINITY,
        TIMESTAMP_INFINITY - 1,
        TIMESTAMP_MINUS_INFINITY + 1,
        0,
        -1,
        -210_866_803_200_000_000,
    ];
    all.into_iter().flat_map(|micros| [Value::Timestamp(micros), Value::TimestampTz(micros)]).collect()
}

fn intervals() -> Vec<Value> {
    let parts = [i32::MIN, -1, 0, 1, i32::MAX];
    let micros = [i64::MIN, -1, 0, 86_400_000_000, i64::MAX];
    let all = parts.into_iter().flat_map(|months| parts.into_iter().map(move |days| (months, days)));
    all.flat_map(|(months, days)| {
        micros.into_iter().map(move |micros| Value::Interval(Interval { months, days, micros }))
    })
    .collect()
}

fn vectors() -> Vec<Value> {
    let all: [&[f32]; 5] = [&[0.0], &[f32::MAX, f32::MIN], &[1.0, 2.0, 3.0], &[1e-45], &[-0.0, 0.0]];
    all.into_iter().map(|vector| Value::Vector(vector.into())).collect()
}

fn arrays() -> Vec<Value> {
    let texts =
        [vec![], vec![Value::text("a"), Value::Null], vec![Value::text("0"), Value::text("-9223372036854775808")]];
    let numbers = [vec![Value::Int8(i64::MIN), Value::Int8(i64::MAX)], vec![Value::Null]];
    let of = |ty: ColumnType| move |values| Value::Array(Box::new(ty.clone()), values);
    texts.into_iter().map(of(ColumnType::Text)).chain(numbers.into_iter().map(of(ColumnType::Int8))).collect()
}

fn bytes() -> Vec<Value> {
    let all: [&[u8]; 4] = [&[], &[0; 31], &[255; 32], &[255]];
    all.into_iter().map(|bytes| Value::Bytea(bytes.into())).collect()
}

fn read(ty: &ColumnType, texts: &[&str]) -> Vec<Value> {
    texts.iter().map(|text| Value::parse_text(ty, text).unwrap()).collect()
}

fn values_of(parameter: Parameter) -> Vec<Value> {
    match parameter {
        Parameter::Bool => vec![Value::Bool(true), Value::Bool(false)],
        Parameter::Int => integers(),
        Parameter::Float => floats(),
        Parameter::Text => texts(),
        Parameter::Json => documents(),
        Parameter::Vector => vectors(),
        Parameter::Halfvec => {
            vectors().into_iter().filter_map(|value| value.cast(&ColumnType::Halfvec(None), true).ok()).collect()
        }
        Parameter::Sparse => read(&ColumnType::Sparsevec(None), &["{}/1", "{1:1e38,1000000000:-1e38}/1000000000"]),
        Parameter::Bits => read(&ColumnType::Varbit(None), &["", "1", "10000000000000001"]),
        Parameter::TextArray | Parameter::AnyArray => arrays(),
        Parameter::Timestamp => times(),
        Parameter::Interval => intervals(),
        Parameter::Bytes => bytes(),
        Parameter::Oid => [0, -1, i64::from(u32::MAX)].map(Value::Int8).to_vec(),
        Parameter::Object => [texts(), integers()].concat(),
        Parameter::Any => {
            let dates =
                [DATE_INFINITY, DATE_MINUS_INFINITY, DATE_INFINITY - 1, 0, -2_440_588].map(Value::Date).to_vec();
            let small = vec![Value::Int4(i32::MIN), Value::Float4(f32::NAN), Value::Float4(f32::MAX), Value::Time(0)];
            [
                integers(),
                floats(),
                texts(),
                documents(),
                times(),
                intervals(),
                vectors(),
                arrays(),
                bytes(),
                dates,
                small,
            ]
            .concat()
        }
    }
}

/// Draws positions that are the same in every run.
fn draw(state: &mut u64, below: usize) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*state >> 33).unwrap() % below.max(1)
}

fn call(definition: &Function, arguments: &[Value]) {
    let types: Vec<ColumnType> = arguments.iter().map(Value::column_type).collect();
    let invocation = Invocation { name: definition.name, statement: None, types: &types };
    let called = catch_unwind(AssertUnwindSafe(|| {
        let result = (definition.body)(&invocation, arguments);
        if let Ok(value) = result {
            // Printing is part of it.
            assert!(value.is_null() || value.to_text().len() < usize::MAX);
        }
    }));
    assert!(called.is_ok(), "{}({arguments:?}) panics", definition.name);
}

#[test]
fn extreme_arguments_make_no_function_panic() {
    let mut state = 42;
    for definition in register::definitions() {
        let most = definition.parameters.len().max(usize::from(definition.variadic) * 3);
        for count in (0..=most).filter(|count| definition.takes(*count)) {
            let choices: Vec<Vec<Value>> = (0..count)
                .filter_map(|position| definition.parameter(position))
                .map(|parameter| {
                    let null = if definition.strict { vec![] } else { vec![Value::Null] };
                    [values_of(parameter), null].concat()
                })
                .collect();
            let combinations = choices.iter().fold(1_usize, |product, values| product.saturating_mul(values.len()));
            for number in 0..combinations.min(CALLS_MAX) {
                let mut rest = number;
                let arguments: Vec<Value> = choices
                    .iter()
                    .map(|values| {
                        if combinations > CALLS_MAX {
                            return values[draw(&mut state, values.len())].clone();
                        }
                        let value = values[rest % values.len()].clone();
                        rest /= values.len();
                        value
                    })
                    .collect();
                call(&definition, &arguments);
            }
        }
    }
}

#[test]
fn extreme_values_make_no_cast_panic() {
    let types = [
        "boolean",
        "smallint",
        "integer",
        "bigint",
        "oid",
        "real",
        "double precision",
        "numeric",
        "numeric(5,2)",
        "text",
        "varchar(3)",
        "char(3)",
        "bytea",
        "json",
        "jsonb",
        "date",
        "time",
        "timestamp",
        "timestamptz",
        "interval",
        "uuid",
        "vector",
        "vector(3)",
        "integer[]",
        "text[]",
    ];
    let values = values_of(Parameter::Any);
    for name in types {
        let ty = ColumnType::parse(name).unwrap();
        for value in &values {
            for explicit in [true, false] {
                let cast =
                    catch_unwind(AssertUnwindSafe(|| value.clone().cast(&ty, explicit).map(|cast| cast.to_text())));
                assert!(cast.is_ok(), "{value:?} as {name} panics");
            }
        }
    }
    for (left, right) in values.iter().flat_map(|left| values.iter().map(move |right| (left, right))) {
        assert!(catch_unwind(AssertUnwindSafe(|| left.compare(right))).is_ok(), "{left:?} and {right:?} panic");
    }
}
