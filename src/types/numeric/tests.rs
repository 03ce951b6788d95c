//! Numbers against what PostgreSQL answers: `tests/golden/numeric/calls.txt` has calls of operators and functions with their results.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::*;

fn of(text: &str) -> Numeric {
    text.parse().unwrap()
}

fn read(text: &str, declared: Option<(u16, i16)>) -> String {
    parse_numeric(text, declared).unwrap().to_string()
}

#[test]
fn numbers_read_and_round_as_in_postgresql() {
    for (text, declared, expected) in [
        ("1.50", None, "1.50"),
        (" +1e3 ", None, "1000"),
        ("1.5e-3", None, "0.0015"),
        ("1e1_0", None, "10000000000"),
        (".5", None, "0.5"),
        ("5.", None, "5"),
        ("1_000.5_0", None, "1000.50"),
        ("0x1F", None, "31"),
        ("-0x_ff", None, "-255"),
        ("0b101", None, "5"),
        ("0o17", None, "15"),
        ("-0", None, "0"),
        ("nan", None, "NaN"),
        ("+Infinity", None, "Infinity"),
        (" -inf ", None, "-Infinity"),
        ("2.5", Some((5, 0)), "3"),
        ("-1.005", Some((5, 2)), "-1.01"),
        ("7", Some((5, 2)), "7.00"),
        ("1250", Some((5, -2)), "1300"),
        ("1249.9", Some((5, -2)), "1200"),
        ("0.00123", Some((2, 4)), "0.0012"),
        ("NaN", Some((2, 1)), "NaN"),
        ("0.33333333333333333333333333333333333333", Some((10, 4)), "0.3333"),
        ("0.33333333333333333333333333333333333333", None, "0.33333333333333333333333333333333333333"),
    ] {
        assert_eq!(read(text, declared), expected, "{text}");
    }
    let long = format!("0.{}", "3".repeat(20_000));
    assert_eq!(read(&long, Some((10, 4))), "0.3333");
}

#[test]
fn what_is_no_number_or_too_long_is_refused() {
    for text in
        ["", "x", "1.2.3", "--1", ".", "-", "1e", "1_", "_1", "1__0", "1._5", "e5", "0x", "0x1.5", "-nan", "1_e5"]
    {
        assert_eq!(parse_numeric(text, None).unwrap_err().sqlstate(), "22P02", "{text}");
    }
    for text in ["1e131072", "1e-16384", "1e999999999999", "1e-400000000", &"9".repeat(131_073)] {
        let error = parse_numeric(text, None).unwrap_err();
        assert_eq!((error.sqlstate(), error.message()), ("22003", "value overflows numeric format"));
    }
    assert_eq!(of("1e131071").to_string().len(), 131_072);
    assert_eq!(of("1e-16383").to_string().len(), 16_385);
    // A short text makes no long number before it is computed with.
    assert_eq!(of("-3e100000").heap_bytes(), 0);
    assert_eq!(of("3e1000").plus(&of("-3e1000")).unwrap().to_string(), "0");
    assert_eq!(of("3e1000").over(&of("2e999")).unwrap().to_string(), "15.0000000000000000");
    assert!(of("12e40").is_identical(&of("120000000000000000000000000000000000000000")));
    let error = parse_numeric("1000", Some((5, 2))).unwrap_err();
    assert_eq!((error.sqlstate(), error.message()), ("22003", "numeric field overflow"));
    let detail = "A field with precision 5, scale 2 must round to an absolute value less than 10^3.";
    assert_eq!(error.detail(), Some(detail));
    let error = parse_numeric("inf", Some((5, 2))).unwrap_err();
    assert_eq!(error.detail(), Some("A field with precision 5, scale 2 cannot hold an infinite value."));
    assert_eq!(parse_numeric("0.05", Some((2, 4))).unwrap_err().sqlstate(), "22003");
}

#[test]
fn a_number_takes_no_more_room_than_an_array() {
    assert!(size_of::<Numeric>() <= 24);
    assert!(size_of::<crate::types::Value>() <= 32);
}

#[test]
fn floats_compare_exactly() {
    for (number, float, order) in [
        ("0.1", 0.1, Ordering::Less),
        ("0.5", 0.5, Ordering::Equal),
        ("-0.5", -0.5, Ordering::Equal),
        ("-0.1", -0.1, Ordering::Greater),
        ("1e400", 1e308, Ordering::Greater),
        ("0", 1e-300, Ordering::Less),
        ("0", -0.0, Ordering::Equal),
        ("1e-28", 1e-300, Ordering::Greater),
        ("9007199254740993", 9_007_199_254_740_992.0, Ordering::Greater),
        ("NaN", f64::NAN, Ordering::Equal),
        ("NaN", f64::INFINITY, Ordering::Greater),
        ("Infinity", f64::INFINITY, Ordering::Equal),
        ("-Infinity", -1e308, Ordering::Less),
        ("1", f64::NAN, Ordering::Less),
    ] {
        assert_eq!(compare_with_float(&of(number), float), order, "{number} {float}");
    }
}

#[test]
fn floats_become_numeric_with_their_certain_digits() {
    assert_eq!(numeric_of_float(0.1, 15).unwrap().to_string(), "0.1");
    assert_eq!(numeric_of_float(1e20, 15).unwrap().to_string(), "100000000000000000000");
    assert_eq!(numeric_of_float(f64::from(0.1f32), 6).unwrap().to_string(), "0.1");
    assert_eq!(numeric_of_float(1e-300, 15).unwrap().to_string().len(), 302);
    assert!(numeric_of_float(f64::NAN, 15).unwrap().is_nan());
    assert_eq!(numeric_of_float(f64::NEG_INFINITY, 15).unwrap(), Numeric::MINUS_INFINITY);
}

/// One call of each line of the golden file: what is called, its arguments, and what PostgreSQL 18 answers.
#[test]
fn calls_answer_as_postgresql_does() {
    let golden = include_str!("../../../tests/golden/numeric/calls.txt");
    let mut calls = 0;
    for line in golden.lines().filter(|line| !line.starts_with('#')) {
        let (call, expected) = line.split_once(" => ").unwrap();
        let parts: Vec<&str> = call.split(' ').collect();
        let found = match answer(&parts) {
            Ok(number) => shortened(&number.to_string()),
            Err(error) => format!("{} {}", error.sqlstate(), error.message()),
        };
        assert_eq!(found, expected, "{call}");
        calls += 1;
    }
    assert!(calls > 3_000, "{calls} calls");
}

/// A long number as the golden file has it: its length, its beginning and its end.
fn shortened(text: &str) -> String {
    const LENGTH_MAX: usize = 120;
    if text.len() <= LENGTH_MAX {
        return text.to_string();
    }
    format!("{}:{}..{}", text.len(), &text[..40], &text[text.len() - 40..])
}

fn answer(parts: &[&str]) -> crate::error::Result<Numeric> {
    let number = |place: usize| of(parts[place]);
    let count = |place: usize| parts[place].parse::<i32>().unwrap();
    match parts[0] {
        "+" => number(1).plus(&number(2)),
        "-" => number(1).minus(&number(2)),
        "*" => number(1).times(&number(2)),
        "/" => number(1).over(&number(2)),
        "%" => number(1).rest_over(&number(2)),
        "div" => number(1).whole_over(&number(2)),
        "^" => number(1).power(&number(2)),
        "log" => number(2).logarithm(&number(1)),
        "gcd" => greatest_common_divisor(&number(1), &number(2)),
        "lcm" => least_common_multiple(&number(1), &number(2)),
        "cmp" => Ok(Numeric::from(number(1).cmp(&number(2)) as i32)),
        "sqrt" => number(1).square_root(),
        "exp" => number(1).exponential(),
        "ln" => number(1).natural_logarithm(),
        "ceil" => number(1).ceiling(),
        "floor" => number(1).floored(),
        "abs" => Ok(number(1).abs()),
        "sign" => Ok(number(1).sign()),
        "trim_scale" => Ok(number(1).normalized()),
        "round" => number(1).rounded(count(2)),
        "trunc" => number(1).truncated(count(2)),
        "width_bucket" => width_bucket(&number(1), &number(2), &number(3), count(4)).map(Numeric::from),
        "factorial" => factorial(parts[1].parse().unwrap()),
        other => panic!("{other}"),
    }
}

fn numbers() -> impl Strategy<Value = Numeric> {
    prop_oneof![
        (any::<i128>(), 0_u32..60).prop_map(|(mantissa, scale)| Numeric::of_parts(mantissa, scale).unwrap()),
        (-20_i64..20, 0_u16..4).prop_map(|(mantissa, scale)| Numeric::scaled(mantissa, scale)),
        ("-?[1-9][0-9]{0,99}", -120_i32..120).prop_map(|(digits, exponent)| of(&format!("{digits}e{exponent}"))),
        prop::sample::select(vec![Numeric::NAN, Numeric::INFINITY, Numeric::MINUS_INFINITY]),
    ]
}

proptest! {
    #[test]
    fn bytes_come_back_and_are_ordered_as_the_numbers(left in numbers(), right in numbers()) {
        prop_assert!(Numeric::from_bytes(&left.to_bytes()).unwrap().is_identical(&left));
        let (mut bytes, mut others) = (Vec::new(), Vec::new());
        left.encode_ordered(&mut bytes);
        right.encode_ordered(&mut others);
        prop_assert_eq!(bytes.cmp(&others), left.cmp(&right));
        let (back, length) = Numeric::decode_ordered(&bytes).unwrap();
        prop_assert_eq!(length, bytes.len());
        prop_assert!(back.is_identical(&left.normalized()) || left.normalized().scale() == 0 && back == left);
    }

    #[test]
    fn texts_come_back(number in numbers()) {
        prop_assert!(of(&number.to_string()).is_identical(&number));
    }

    #[test]
    fn nothing_panics(text in "[-+0-9.eE_x]{0,40}", precision in 1_u16.., scale: i16, bytes: Vec<u8>) {
        let parsed = parse_numeric(&text, Some((precision, scale)));
        prop_assert!(parsed.is_ok() || !parsed.unwrap_err().message().is_empty());
        if let Some(number) = Numeric::from_bytes(&bytes) {
            prop_assert_eq!(number.to_bytes(), bytes.clone());
        }
        let long = [&[2, 0xfe][..], &bytes].concat();
        prop_assert!(Numeric::decode_ordered(&long).is_none_or(|(number, _)| number.text_bytes() < 200_000));
        if let Some((number, length)) = Numeric::decode_ordered(&bytes) {
            prop_assert!(length <= bytes.len() && number == number.normalized());
        }
    }
}
