//! Arrays as sets: `@>`, `<@` and `&&`.
//!
//! As in PostgreSQL a NULL among the elements is equal to nothing, and how often an element comes does not matter.

use std::cmp::Ordering;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Function;
use crate::expr::Parameter::AnyArray;
use crate::types::{ColumnType, Value};

/// Up to so many comparisons the elements are compared pair by pair; beyond it they are sorted first.
const PAIRS_MAX: usize = 1024;

pub fn definitions() -> Vec<Function> {
    let pair = [AnyArray, AnyArray];
    vec![
        Function::new("arraycontains", &pair, ColumnType::Bool, |_, arguments| {
            let (container, contained) = (elements(arguments, 0)?, elements(arguments, 1)?);
            Ok(Value::Bool(!contained.has_null && found(&contained, &container).all(|is_found| is_found)))
        }),
        Function::new("arrayoverlap", &pair, ColumnType::Bool, |_, arguments| {
            let (left, right) = (elements(arguments, 0)?, elements(arguments, 1)?);
            Ok(Value::Bool(found(&left, &right).any(|is_found| is_found)))
        }),
    ]
}

/// The elements of all dimensions of an array that are not NULL.
struct Elements<'a> {
    values: Vec<&'a Value>,
    has_null: bool,
}

fn elements(arguments: &[Value], position: usize) -> Result<Elements<'_>> {
    let Some(Value::Array(_, values)) = arguments.get(position) else {
        return Err(Error::new(ErrorKind::DatatypeMismatch, "an array is wanted"));
    };
    let mut elements = Elements { values: Vec::with_capacity(values.len()), has_null: false };
    let mut open: Vec<&Value> = values.iter().rev().collect();
    while let Some(value) = open.pop() {
        match value {
            Value::Array(_, inner) => open.extend(inner.iter().rev()),
            Value::Null => elements.has_null = true,
            value => elements.values.push(value),
        }
    }
    Ok(elements)
}

/// Whether each element of the one is among those of the other.
fn found<'a>(wanted: &'a Elements<'a>, among: &'a Elements<'a>) -> Box<dyn Iterator<Item = bool> + 'a> {
    if wanted.values.len().saturating_mul(among.values.len()) <= PAIRS_MAX {
        return Box::new(wanted.values.iter().map(|value| among.values.iter().any(|other| value.equals(other))));
    }
    let order = |a: &Value, b: &Value| a.compare(b).unwrap_or(Ordering::Equal);
    let mut sorted = among.values.clone();
    sorted.sort_unstable_by(|a, b| order(a, b));
    Box::new(wanted.values.iter().map(move |value| {
        let place = sorted.binary_search_by(|other| order(other, value)).ok();
        place.and_then(|place| sorted.get(place)).is_some_and(|other| value.equals(other))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Invocation;

    fn call(name: &str, a: &str, b: &str) -> bool {
        let definition = definitions().into_iter().find(|definition| definition.name == name).unwrap();
        let array = |text: &str| Value::parse_text(&ColumnType::parse("int[]").unwrap(), text).unwrap();
        let invocation = Invocation { name: definition.name, statement: None, types: &[] };
        (definition.body)(&invocation, &[array(a), array(b)]).unwrap() == Value::Bool(true)
    }

    #[test]
    fn sets_are_compared_as_in_postgresql() {
        assert!(call("arraycontains", "{1,2}", "{2,2,1}") && !call("arraycontains", "{1,2}", "{3}"));
        assert!(call("arraycontains", "{1}", "{}") && !call("arraycontains", "{1,NULL}", "{NULL}"));
        assert!(call("arrayoverlap", "{1,2}", "{2,3}") && !call("arrayoverlap", "{NULL}", "{NULL}"));
        assert!(!call("arrayoverlap", "{}", "{1}") && call("arrayoverlap", "{{1,2},{3,4}}", "{4}"));
    }

    #[test]
    fn long_arrays_are_sorted_first() {
        let list = |from: i32, to: i32| {
            format!("{{{}}}", (from..to).rev().map(|n| n.to_string()).collect::<Vec<_>>().join(","))
        };
        assert!(call("arraycontains", &list(0, 100), &list(20, 80)));
        assert!(!call("arraycontains", &list(0, 100), &list(20, 101)));
        assert!(call("arrayoverlap", &list(0, 100), &list(99, 200)));
        assert!(!call("arrayoverlap", &list(0, 100), &list(100, 200)));
    }
}
