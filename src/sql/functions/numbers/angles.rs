//! Trigonometry in degrees, exact where a table would be, and the gamma and error functions.

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::Float;
use crate::expr::{Function, Invocation};
use crate::types::{ColumnType, Value};

pub fn definitions() -> Vec<Function> {
    let of = |name: &'static str, body: crate::expr::Body| Function::new(name, &[Float], ColumnType::Float8, body);
    vec![
        of("sind", |_, arguments| periodic(arguments, sine)),
        of("cosd", |_, arguments| periodic(arguments, cosine)),
        of("tand", |_, arguments| periodic(arguments, |degrees| sine(degrees) / cosine(degrees) + 0.0)),
        of("cotd", |_, arguments| periodic(arguments, |degrees| cosine(degrees) / sine(degrees) + 0.0)),
        of("asind", |_, arguments| inverse(arguments, arcsine)),
        of("acosd", |_, arguments| inverse(arguments, |x| 90.0 - arcsine(x))),
        of("atand", |_, arguments| number(arguments, 0).map_or(Ok(Value::Null), |x| Ok(Value::float8(arctangent(x))))),
        Function::new("atan2d", &[Float, Float], ColumnType::Float8, |_, arguments| {
            let (Some(y), Some(x)) = (number(arguments, 0), number(arguments, 1)) else { return Ok(Value::Null) };
            Ok(Value::float8(y.atan2(x).to_degrees()))
        }),
        of("erf", |_, arguments| Ok(number(arguments, 0).map_or(Value::Null, |x| Value::float8(libm::erf(x))))),
        of("erfc", |_, arguments| Ok(number(arguments, 0).map_or(Value::Null, |x| Value::float8(libm::erfc(x))))),
        of("gamma", gamma),
        of("lgamma", |_, arguments| {
            let Some(x) = number(arguments, 0) else { return Ok(Value::Null) };
            checked(x, libm::lgamma(x))
        }),
    ]
}

fn number(arguments: &[Value], position: usize) -> Option<f64> {
    match arguments.get(position) {
        Some(Value::Float8(number)) => Some(*number),
        _ => None,
    }
}

fn out_of_range(message: &str) -> Error {
    Error::new(ErrorKind::NumericOutOfRange, message)
}

/// A finite argument has no infinite result.
fn checked(argument: f64, result: f64) -> Result<Value> {
    if argument.is_finite() && result.is_infinite() {
        return Err(out_of_range("value out of range: overflow"));
    }
    Ok(Value::float8(result))
}

fn gamma(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let Some(x) = number(arguments, 0) else { return Ok(Value::Null) };
    let is_pole = x == 0.0 || x == f64::NEG_INFINITY || (x < 0.0 && x.fract() == 0.0);
    if is_pole {
        return Err(out_of_range("value out of range: overflow"));
    }
    let result = libm::tgamma(x);
    if result == 0.0 && x.is_finite() {
        return Err(out_of_range("value out of range: underflow"));
    }
    checked(x, result)
}

fn periodic(arguments: &[Value], of: fn(f64) -> f64) -> Result<Value> {
    let Some(degrees) = number(arguments, 0) else { return Ok(Value::Null) };
    if degrees.is_infinite() {
        return Err(out_of_range("input is out of range"));
    }
    Ok(Value::float8(of(degrees % 360.0)))
}

fn inverse(arguments: &[Value], of: fn(f64) -> f64) -> Result<Value> {
    let Some(x) = number(arguments, 0) else { return Ok(Value::Null) };
    if !x.is_nan() && !(-1.0..=1.0).contains(&x) {
        return Err(out_of_range("input is out of range"));
    }
    Ok(Value::float8(of(x)))
}

/// The sine of an angle from -360 to 360 degrees; exact at multiples of 30.
fn sine(degrees: f64) -> f64 {
    // Of a zero the sign stays.
    let (mut angle, mut sign) = if degrees < 0.0 { (-degrees, -1.0) } else { (degrees, 1.0) };
    if angle > 180.0 {
        (angle, sign) = (360.0 - angle, -sign);
    }
    if angle > 90.0 {
        angle = 180.0 - angle;
    }
    sign * if angle <= 30.0 { small_sine(angle) } else { small_cosine(90.0 - angle) }
}

/// The cosine, as [`sine`].
fn cosine(degrees: f64) -> f64 {
    let (mut angle, mut sign) = (degrees.abs(), 1.0);
    if angle > 180.0 {
        angle = 360.0 - angle;
    }
    if angle > 90.0 {
        (angle, sign) = (180.0 - angle, -1.0);
    }
    sign * if angle <= 60.0 { small_cosine(angle) } else { small_sine(90.0 - angle) }
}

/// Up to 30 degrees, so that it is a half there.
fn small_sine(degrees: f64) -> f64 {
    degrees.to_radians().sin() / 30.0_f64.to_radians().sin() / 2.0
}

/// Up to 60 degrees, so that it is a half there.
fn small_cosine(degrees: f64) -> f64 {
    1.0 - (1.0 - degrees.to_radians().cos()) / (1.0 - 60.0_f64.to_radians().cos()) / 2.0
}

/// Degrees of a sine, exact at a half and at one.
fn arcsine(x: f64) -> f64 {
    let of = |x: f64| {
        if x <= 0.5 { x.asin() / 0.5_f64.asin() * 30.0 } else { 90.0 - x.acos() / 0.5_f64.acos() * 60.0 }
    };
    if x < 0.0 { -of(-x) } else { of(x) }
}

/// Degrees of a tangent, exact at one.
fn arctangent(x: f64) -> f64 {
    x.atan() / 1.0_f64.atan() * 45.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, x: f64) -> Result<Value> {
        let definition = definitions().into_iter().find(|definition| definition.name == name).unwrap();
        (definition.body)(&Invocation { name: definition.name, statement: None, types: &[] }, &[Value::Float8(x)])
    }

    #[test]
    fn angles_of_a_table_are_exact() {
        for (name, x, expected) in [
            ("sind", 30.0, 0.5),
            ("sind", -150.0, -0.5),
            ("sind", 330.0, -0.5),
            ("cosd", 60.0, 0.5),
            ("cosd", 240.0, -0.5),
            ("tand", 45.0, 1.0),
            ("cotd", 135.0, -1.0),
            ("asind", -0.5, -30.0),
            ("acosd", 0.5, 60.0),
            ("acosd", -1.0, 180.0),
            ("atand", -1.0, -45.0),
            ("gamma", 5.0, 24.0),
            ("erf", 0.0, 0.0),
        ] {
            assert_eq!(call(name, x).unwrap(), Value::Float8(expected), "{name}({x})");
        }
        for (name, x) in [("sind", f64::INFINITY), ("asind", 1.1), ("gamma", 0.0), ("gamma", -1.0), ("gamma", 200.0)] {
            assert_eq!(call(name, x).unwrap_err().sqlstate(), "22003", "{name}({x})");
        }
    }
}
