//! Arrays of several dimensions: what subscripts, calls and comparisons of them become. The planner's types say how deep a list is, so
//! that the number of dimensions is known wherever an array is written, cast, gathered or selected.

use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, Expr, Function, FunctionArguments, Subscript, UnaryOperator, Value as Literal,
};

use crate::error::{Error, ErrorKind, Result};
use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::analyze::calls::plain_argument;
use crate::sql::analyze::jsonb::sort_key;
use crate::sql::analyze::unify::ComparedSides;
use crate::sql::arrow::cast_functions::cast_name;
use crate::sql::functions::{
    ARRAY_JOINED, ARRAY_ORDER, ARRAY_PART, ARRAY_REPLACED, ARRAY_SLICE, FILLED, RANGE_SORT_KEY,
};
use crate::sql::parse::operators::call;
use crate::sql::parse::trees::number_of;
use crate::types::{ARRAY_DIMENSIONS_MAX, ColumnType, Value};

impl Analyzer<'_> {
    /// What subscripts behind one another make of an array; its type. Where one of them is a slice all are.
    ///
    /// # Errors
    /// 42601 for a slice with a step, 54000 for more subscripts than an array can have dimensions, 42804 for one that is no number;
    /// as [`Analyzer::argument`].
    pub fn part_of_array(
        &mut self,
        array: Expr,
        ty: &ColumnType,
        mut subscripts: Vec<Subscript>,
    ) -> Result<(Expr, ColumnType)> {
        if subscripts.len() > ARRAY_DIMENSIONS_MAX {
            let message = format!(
                "number of array dimensions ({}) exceeds the maximum allowed ({ARRAY_DIMENSIONS_MAX})",
                subscripts.len()
            );
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        let is_element = subscripts.iter().all(|subscript| matches!(subscript, Subscript::Index { .. }));
        // Positions of the catalogs' vectors of numbers count from 0.
        let first = if ty.is_number_vector() { "0" } else { "1" };
        let number = |digits: &str| Expr::value(Literal::Number(digits.to_string(), false));
        let mut bounds = Vec::with_capacity(2 * subscripts.len());
        let is_plain = |subscript: &Subscript| matches!(subscript, Subscript::Index { index } if is_position(index));
        let is_native = is_element
            && !ty.is_number_vector()
            && subscripts.len() == ty.dimensions()
            && subscripts.iter().all(is_plain);
        for subscript in &mut subscripts {
            match subscript {
                Subscript::Index { index } => {
                    self.array_bound(index)?;
                    bounds.extend((!is_element).then(|| number(first)).into_iter().chain([index.clone()]));
                }
                Subscript::Slice { lower_bound, upper_bound, stride: None } => {
                    // What is left out is where the array begins and ends.
                    for (bound, end) in [(lower_bound, first), (upper_bound, "2147483647")] {
                        let bound = bound.get_or_insert_with(|| number(end));
                        self.array_bound(bound)?;
                        bounds.push(bound.clone());
                    }
                }
                Subscript::Slice { .. } => return Err(Error::syntax("a slice has two bounds", None)),
            }
        }
        if is_native {
            let access_chain = subscripts.into_iter().map(AccessExpr::Subscript).collect();
            return Ok((Expr::CompoundFieldAccess { root: Box::new(array), access_chain }, ty.base().clone()));
        }
        let name = if is_element { ARRAY_PART } else { ARRAY_SLICE };
        let part = call(name, std::iter::once(array).chain(bounds).collect());
        let element = if ty.is_number_vector() { ty.element() } else { Some(ty.base().clone()) };
        Ok((part, if is_element { element.unwrap_or_else(|| ty.clone()) } else { ty.clone() }))
    }

    /// A position or a bound, which is rounded where it is no whole number.
    fn array_bound(&mut self, bound: &mut Expr) -> Result<()> {
        self.adopt(bound, &ColumnType::Int4)?;
        match self.argument(bound)? {
            Some(ty) if ty.is_number() && !ty.is_integer() => {
                *bound = call(&cast_name(&ColumnType::Int4), vec![bound.clone()]);
                Ok(())
            }
            Some(ty) if !ty.is_integer() && ty != ColumnType::Unknown => {
                Err(Error::new(ErrorKind::DatatypeMismatch, "array subscript must have type integer"))
            }
            _ => Ok(()),
        }
    }

    /// Gives arrays that are chosen among, or stand in one, the same number of dimensions: NULLs and arrays without elements have
    /// any.
    ///
    /// # Errors
    /// 2202E in an array, 0A000 elsewhere, where their numbers differ.
    pub fn same_dimensions(
        &mut self,
        of: &str,
        list: &mut [&mut Expr],
        types: &mut [Option<ColumnType>],
    ) -> Result<()> {
        let most = types.iter().flatten().max_by_key(|ty| ty.dimensions()).cloned();
        let Some(most) = most.filter(|most| most.dimensions() > 1) else { return Ok(()) };
        for (each, ty) in list.iter_mut().zip(types) {
            let Some(own) = ty.as_mut().filter(|own| (1..most.dimensions()).contains(&own.dimensions())) else {
                continue;
            };
            match self.constant_value(each).cloned() {
                Some(value) if value.is_null() || is_empty(&value) => {
                    *own = own.with_dimensions_of(&most);
                    **each = self.constant(value, own);
                }
                _ if of == "ARRAY" => return Err(other_shapes()),
                _ => return Err(other_dimensions(of)),
            }
        }
        Ok(())
    }

    /// As [`Analyzer::same_dimensions`], once literals have taken the type of the others; the type that all share.
    ///
    /// # Errors
    /// As there.
    pub fn of_dimensions(
        &mut self,
        of: &str,
        list: &mut [&mut Expr],
        types: &[Option<ColumnType>],
    ) -> Result<Option<ColumnType>> {
        let held = list.iter().zip(types).map(|(each, own)| self.constant_type(each).or_else(|| own.clone()));
        let mut held: Vec<Option<ColumnType>> = held.collect();
        self.same_dimensions(of, list, &mut held)?;
        Ok(held.into_iter().flatten().max_by_key(ColumnType::dimensions))
    }

    /// `array_fill` of several dimensions, where it is written how many these are.
    pub fn filled_form(&self, function: &Function, name: &str) -> Option<&'static str> {
        let FunctionArguments::List(list) = &function.args else { return None };
        if name != "array_fill" {
            return None;
        }
        let mut dimensions = list.args.get(1)?.clone();
        let dimensions = plain_argument(&mut dimensions)?;
        let count = match (&*dimensions, self.constant_value(dimensions)) {
            (Expr::Array(array), _) => array.elem.len(),
            (_, Some(Value::Array(_, values))) => values.len(),
            _ => return None,
        };
        FILLED.get(count.checked_sub(2)?).copied()
    }
}

/// What is said of arrays that make no array together.
pub fn other_shapes() -> Error {
    let message = "multidimensional arrays must have array expressions with matching dimensions";
    Error::new(ErrorKind::ArraySubscript, message)
}

/// What is said where arrays of several numbers of dimensions would share a column.
pub fn other_dimensions(of: &str) -> Error {
    Error::unsupported(
        format!("arrays of several numbers of dimensions in one {of} are not offered"),
        "Give all of them the same number of dimensions, or write them as jsonb.",
    )
}

fn is_empty(value: &Value) -> bool {
    matches!(value, Value::Array(_, elements) if elements.is_empty())
}

/// Whether a subscript is written as a whole number that is not negative.
fn is_position(index: &Expr) -> bool {
    number_of(index).is_some_and(|(digits, is_negative)| !is_negative && digits.parse::<u32>().is_ok())
}

/// A comparison of arrays that the planner would not make as PostgreSQL does: of several dimensions, of which it knows no order with
/// others, and of which is less, where NULLs are above all elements. `None` for any other.
pub fn array_comparison(
    left: &Expr,
    operator: &BinaryOperator,
    right: &Expr,
    types: &[Option<ColumnType>; 2],
) -> Option<Expr> {
    let dimensions = types.each_ref().map(|ty| ty.as_ref().map_or(0, ColumnType::dimensions));
    let is_equality = matches!(operator, BinaryOperator::Eq | BinaryOperator::NotEq);
    let is_json = types.iter().flatten().any(|ty| matches!(ty.base(), ColumnType::Json | ColumnType::Jsonb));
    // Equal ranges of numbers may be written with other digits.
    let shows_digits = types.iter().flatten().any(|ty| sort_key(Some(ty.base())) == Some(RANGE_SORT_KEY));
    let is_planners = dimensions.iter().all(|count| *count < 2) && (is_equality || is_json) && !shows_digits;
    if dimensions.contains(&0) || is_planners {
        return None;
    }
    let order = call(ARRAY_ORDER, vec![left.clone(), right.clone()]);
    let zero = Expr::value(Literal::Number("0".to_string(), false));
    Some(Expr::BinaryOp { left: Box::new(order), op: operator.clone(), right: Box::new(zero) })
}

/// BETWEEN of arrays, where their comparison is not the planner's.
pub fn arrays_between(inner: &Expr, bounds: (&Expr, &Expr), is_negated: bool, sides: &ComparedSides) -> Option<Expr> {
    let compared = |at: usize, operator: &BinaryOperator, bound: &Expr| {
        let types = [sides.left.clone(), sides.others.get(at).cloned().flatten().or_else(|| sides.left.clone())];
        array_comparison(inner, operator, bound, &types).map(Box::new)
    };
    let left = compared(0, &BinaryOperator::GtEq, bounds.0)?;
    let right = compared(1, &BinaryOperator::LtEq, bounds.1)?;
    let both = Expr::Nested(Box::new(Expr::BinaryOp { left, op: BinaryOperator::And, right }));
    Some(if is_negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(both) } } else { both })
}

/// A call with an array of several dimensions, where that is another function; its type.
///
/// # Errors
/// 0A000 and 22000, in PostgreSQL's words, for functions that take arrays of one dimension.
pub fn array_call(
    function: &mut Function,
    name: &str,
    types: &[Option<ColumnType>],
) -> Result<Option<(Expr, ColumnType)>> {
    let deepest = types.iter().flatten().max_by_key(|ty| ty.dimensions());
    let Some(deepest) = deepest.filter(|deepest| deepest.dimensions() > 1) else { return Ok(None) };
    let refused = |message: &str| Err(Error::new(ErrorKind::Unsupported, message));
    let form = match name {
        "array_position" | "array_positions" => {
            return refused("searching for elements in multidimensional arrays is not supported");
        }
        "array_remove" | "array_remove_all" => {
            return refused("removing elements from multidimensional arrays is not supported");
        }
        "array_append" | "array_prepend" => return Err(not_of_one_dimension()),
        "min" | "max" => {
            return Err(Error::unsupported(
                format!("{name} of arrays of several dimensions is not offered"),
                "ORDER BY the arrays, and take the first one.",
            ));
        }
        "array_cat" | "array_concat" => ARRAY_JOINED,
        "array_replace" | "array_replace_all" => ARRAY_REPLACED,
        _ => return Ok(None),
    };
    let FunctionArguments::List(list) = &mut function.args else { return Ok(None) };
    let arguments = list.args.iter_mut().filter_map(plain_argument).map(|argument| argument.clone()).collect();
    Ok(Some((call(form, arguments), deepest.clone())))
}

/// The type of an array joined with another one, where one of them has several dimensions.
///
/// # Errors
/// 22000 for an element in place of the other one.
pub fn deeper(array: &ColumnType, other: Option<&ColumnType>) -> Result<Option<ColumnType>> {
    let Some(other) = other.filter(|other| array.dimensions().max(other.dimensions()) > 1) else { return Ok(None) };
    if other.dimensions() == 0 {
        return Err(not_of_one_dimension());
    }
    Ok(Some(array.with_dimensions_of(other)))
}

/// An element beside an array of several dimensions.
fn not_of_one_dimension() -> Error {
    Error::new(ErrorKind::DataException, "argument must be empty or one-dimensional array")
}
