//! Arrays of several dimensions: their parts, joined, compared, made of others. An array is one of several dimensions where its
//! elements are arrays; one without elements has none, whatever its type.

use std::cmp::Ordering;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Any, AnyArray, Int};
use crate::expr::{Function, Invocation, undefined};
use crate::sql::functions::arrays::bounds::first_position;
use crate::types::{ColumnType, Value};

/// `a[1]` and `a[1][2]`.
pub const ARRAY_PART: &str = "$array_part";
/// `a[1:2][2:3]`: its bounds in pairs.
pub const ARRAY_SLICE: &str = "$array_slice";
/// `array_cat` of arrays of which one has several dimensions.
pub const ARRAY_JOINED: &str = "$array_joined";
/// `array_replace` of such an array.
pub const ARRAY_REPLACED: &str = "$array_replaced";
/// How two arrays are ordered: below 0, 0, or above.
pub const ARRAY_ORDER: &str = "$array_order";
/// `ARRAY[…]` of arrays.
pub const ARRAY_OF_ARRAYS: &str = "$array_of_arrays";

pub fn definitions() -> Vec<Function> {
    // `result_of_dimensions` says what they return.
    let open = ColumnType::Unknown;
    vec![
        Function::new(ARRAY_PART, &[AnyArray, Int, Int, Int, Int, Int, Int], open.clone(), part).optional(5),
        Function::new(
            ARRAY_SLICE,
            &[AnyArray, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int],
            open.clone(),
            slice,
        )
        .optional(10),
        Function::new(ARRAY_JOINED, &[AnyArray, AnyArray], open.clone(), joined).with_nulls(),
        Function::new(ARRAY_REPLACED, &[AnyArray, Any, Any], open.clone(), replaced).with_nulls(),
        Function::new(ARRAY_ORDER, &[AnyArray, AnyArray], ColumnType::Int4, order),
        Function::new(ARRAY_OF_ARRAYS, &[AnyArray], open, |_, arguments| of_arrays(arguments)),
    ]
}

/// The type of what one of these functions returns for arguments of such types; `None` for another function.
pub fn result_of_dimensions(name: &str, types: &[ColumnType]) -> Option<ColumnType> {
    let first = types.first()?;
    match name {
        ARRAY_PART if first.is_number_vector() => first.element(),
        ARRAY_PART => Some(first.base().clone()),
        ARRAY_SLICE | ARRAY_REPLACED | ARRAY_OF_ARRAYS => Some(first.clone()),
        ARRAY_JOINED => Some(first.with_dimensions_of(types.get(1)?)),
        _ => None,
    }
}

/// The elements that a subscript for each dimension names; NULL for more and for fewer of them, and outside of the array.
fn part(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let first = i64::from(first_position(arguments));
    let Some((mut part, subscripts)) = arguments.split_first() else { return Ok(Value::Null) };
    for subscript in subscripts {
        let Value::Array(_, elements) = part else { return Ok(Value::Null) };
        let position = subscript.as_i64().and_then(|number| usize::try_from(number.checked_sub(first)?).ok());
        match position.and_then(|position| elements.get(position)) {
            Some(element) => part = element,
            None => return Ok(Value::Null),
        }
    }
    Ok(if matches!(part, Value::Array(..)) { Value::Null } else { part.clone() })
}

/// What lies within bounds of each dimension, those behind the last that is given as they are; an array without elements where
/// nothing does.
fn slice(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let first = i64::from(first_position(arguments));
    let Some((Value::Array(element, values), bounds)) = arguments.split_first() else { return Ok(Value::Null) };
    let number = |bound: Option<&Value>| bound.and_then(Value::as_i64).unwrap_or(0).saturating_sub(first);
    let bounds: Vec<(i64, i64)> = bounds.chunks(2).map(|pair| (number(pair.first()), number(pair.get(1)))).collect();
    Ok(Value::Array(element.clone(), cut(values, &bounds).unwrap_or_default()))
}

/// The elements within bounds, counted from 0, both included; `None` where there is none. The bounds are of six dimensions at most.
fn cut(values: &[Value], bounds: &[(i64, i64)]) -> Option<Vec<Value>> {
    let Some(((lower, upper), inner)) = bounds.split_first() else { return Some(values.to_vec()) };
    let lower = usize::try_from((*lower).max(0)).ok()?;
    let end = usize::try_from(upper.saturating_add(1)).ok()?.min(values.len());
    let kept = values.get(lower..end).filter(|kept| !kept.is_empty())?;
    if inner.is_empty() {
        return Some(kept.to_vec());
    }
    let kept = kept.iter().map(|value| match value {
        Value::Array(element, values) => Some(Value::Array(element.clone(), cut(values, inner)?)),
        _ => None,
    });
    kept.collect()
}

/// Refuses an array of other dimensions than the type of the expression has, which the planner cannot hold.
fn of_type(value: Value, ty: Option<ColumnType>) -> Result<Value> {
    let (has, wanted) = (value.shape().len(), ty.map_or(0, |ty| ty.dimensions()));
    if has == 0 || has == wanted {
        return Ok(value);
    }
    Err(Error::unsupported(
        format!("an array of {has} dimensions is not offered where the expression has {wanted}"),
        "Give all of its parts the same number of dimensions.",
    ))
}

fn joined(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (Some(left), Some(right)) = (arguments.first(), arguments.get(1)) else { return Ok(Value::Null) };
    let ty = result_of_dimensions(ARRAY_JOINED, invocation.types);
    let (Value::Array(element, before), Value::Array(_, behind)) = (left, right) else {
        return of_type(if left.is_null() { right.clone() } else { left.clone() }, ty);
    };
    let (left_shape, right_shape) = (left.shape(), right.shape());
    if left_shape.is_empty() || right_shape.is_empty() {
        return of_type(if right_shape.is_empty() { left.clone() } else { right.clone() }, ty);
    }
    let _making = invocation.making(left.held_bytes().saturating_add(right.held_bytes()))?;
    let inner = |shape: &[usize]| shape.get(1..).unwrap_or_default().to_vec();
    let (left_count, right_count) = (left_shape.len(), right_shape.len());
    let (values, fits, detail) = match left_count.abs_diff(right_count) {
        0 => {
            let values = [before.as_slice(), behind].concat();
            (
                values,
                inner(&left_shape) == inner(&right_shape),
                "Arrays with differing element dimensions are not compatible for concatenation.".to_string(),
            )
        }
        1 => {
            let detail = "Arrays with differing dimensions are not compatible for concatenation.".to_string();
            if left_count > right_count {
                ([before.as_slice(), std::slice::from_ref(right)].concat(), inner(&left_shape) == right_shape, detail)
            } else {
                ([std::slice::from_ref(left), behind.as_slice()].concat(), inner(&right_shape) == left_shape, detail)
            }
        }
        _ => {
            let detail =
                format!("Arrays of {left_count} and {right_count} dimensions are not compatible for concatenation.");
            (Vec::new(), false, detail)
        }
    };
    if !fits {
        let error = Error::new(ErrorKind::ArraySubscript, "cannot concatenate incompatible arrays");
        return Err(error.with_detail(detail));
    }
    Ok(Value::Array(element.clone(), values))
}

fn replaced(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let [array, from, to] = arguments else { return Ok(Value::Null) };
    Ok(with_replaced(array, from, to))
}

/// An array, of six dimensions at most, with other elements for those that are equal to one.
fn with_replaced(value: &Value, from: &Value, to: &Value) -> Value {
    match value {
        Value::Array(element, values) => {
            Value::Array(element.clone(), values.iter().map(|value| with_replaced(value, from, to)).collect())
        }
        value if value.equals(from) || (value.is_null() && from.is_null()) => to.clone(),
        value => value.clone(),
    }
}

fn order(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let order = arguments.first().zip(arguments.get(1)).and_then(|(left, right)| left.compare(right));
    match order {
        Some(order) => Ok(Value::Int4(match order {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        })),
        None => Err(undefined("array comparison", invocation.types)),
    }
}

/// ARRAY[…] of arrays, which have the same dimensions; it has no elements where none of them has any.
fn of_arrays(arguments: &[Value]) -> Result<Value> {
    let Some(Value::Array(element, arrays)) = arguments.first() else { return Ok(Value::Null) };
    let mut shapes = arrays.iter().map(Value::shape);
    let first = shapes.next().unwrap_or_default();
    if shapes.any(|shape| shape != first) {
        let message = "multidimensional arrays must have array expressions with matching dimensions";
        return Err(Error::new(ErrorKind::ArraySubscript, message));
    }
    Ok(Value::Array(element.clone(), if first.is_empty() { Vec::new() } else { arrays.clone() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(text: &str) -> Value {
        Value::parse_text(&ColumnType::parse("int[]").unwrap(), text).unwrap()
    }

    fn called(name: &str, arguments: &[Value]) -> String {
        let definition = definitions().into_iter().find(|definition| definition.name == name).unwrap();
        let deep = ColumnType::Array(Box::new(ColumnType::Array(Box::new(ColumnType::Int4))));
        let invocation = Invocation { name: definition.name, statement: None, types: &[deep.clone(), deep] };
        (definition.body)(&invocation, arguments)
            .map_or_else(|error| error.sqlstate().to_string(), |value| value.to_text())
    }

    #[test]
    fn parts_are_named_by_as_many_subscripts_as_there_are_dimensions() {
        let part = |subscripts: &[i64]| {
            let numbers = subscripts.iter().map(|number| Value::Int8(*number));
            called(ARRAY_PART, &std::iter::once(array("{{1,2},{3,4}}")).chain(numbers).collect::<Vec<_>>())
        };
        let null = Value::Null.to_text();
        for (subscripts, expected) in [(&[2, 1][..], "3"), (&[1], &null), (&[1, 1, 1], &null), (&[0, 1], &null)] {
            assert_eq!(part(subscripts), expected, "{subscripts:?}");
        }
    }

    #[test]
    fn slices_are_cut_in_each_dimension() {
        let slice = |bounds: &[i64]| {
            let numbers = bounds.iter().map(|number| Value::Int8(*number));
            called(ARRAY_SLICE, &std::iter::once(array("{{1,2},{3,4}}")).chain(numbers).collect::<Vec<_>>())
        };
        for (bounds, expected) in [
            (&[1, 1, 2, 2][..], "{{2}}"),
            (&[2, 2], "{{3,4}}"),
            (&[-5, 9, 1, 1], "{{1},{3}}"),
            (&[2, 1], "{}"),
            (&[1, 1, 3, 4], "{}"),
            (&[1, 1, 1, 1, 1, 1], "{}"),
            (&[i64::MIN, i64::MAX], "{{1,2},{3,4}}"),
        ] {
            assert_eq!(slice(bounds), expected, "{bounds:?}");
        }
    }

    #[test]
    fn arrays_of_matching_dimensions_are_joined() {
        let join = |left: &str, right: &str| called(ARRAY_JOINED, &[array(left), array(right)]);
        for (left, right, expected) in [
            ("{{1,2}}", "{{3,4}}", "{{1,2},{3,4}}"),
            ("{{1,2}}", "{3,4}", "{{1,2},{3,4}}"),
            ("{3,4}", "{{1,2}}", "{{3,4},{1,2}}"),
            ("{{1,2}}", "{}", "{{1,2}}"),
            ("{}", "{{1,2}}", "{{1,2}}"),
            ("{{1,2}}", "{5}", "2202E"),
            ("{{1,2}}", "{{5}}", "2202E"),
            ("{{{1}}}", "{5}", "2202E"),
            ("{1}", "{}", "0A000"),
        ] {
            assert_eq!(join(left, right), expected, "{left} {right}");
        }
    }

    #[test]
    fn arrays_are_ordered_by_elements_first() {
        let order = |left: &str, right: &str| called(ARRAY_ORDER, &[array(left), array(right)]);
        assert_eq!(order("{{1,2},{3,4}}", "{1,2,3,5}"), "-1");
        assert_eq!(order("{{1,2},{3,4}}", "{1,2,3,4}"), "1");
        assert_eq!(order("{{1,2},{3,4}}", "{{1,2,0}}"), "1");
        assert_eq!(order("{{1,2},{3,4}}", "{{1,2},{3,4}}"), "0");
        assert_eq!(order("{{1,2},{3,4}}", "{{1,2,3,4}}"), "1");
    }

    #[test]
    fn arrays_of_arrays_have_one_shape() {
        let made = |arrays: &[&str]| {
            let arrays = arrays.iter().map(|text| if *text == "NULL" { Value::Null } else { array(text) }).collect();
            called(ARRAY_OF_ARRAYS, &[Value::Array(Box::new(ColumnType::Int4), arrays)])
        };
        assert_eq!((made(&["{1,2}", "{3,4}"]).as_str(), made(&["{}", "{}"]).as_str()), ("{{1,2},{3,4}}", "{}"));
        assert_eq!((made(&["{1,2}", "{3}"]).as_str(), made(&["{1}", "NULL"]).as_str()), ("2202E", "2202E"));
    }
}
