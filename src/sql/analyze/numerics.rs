//! `numeric` in the planner's terms: what is computed, chosen and compared.
//!
//! A column of a declared numeric is a decimal of Arrow's where it has one (`sql/arrow/types.rs`); every other numeric is the text that it
//! shows. Operators, functions and aggregates of numerics are calls of `functions/numbers/number_functions.rs` and `functions/aggregates/number_totals.rs`,
//! which read integers, decimals and texts alike and make texts. An expression of the type [`ColumnType::Numeric`] without precision is
//! always a text, so that several of which one is the result are made texts first; comparisons go by the keys of texts where a side is
//! one, and are the planner's own where decimals hold both.

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, Function, FunctionArguments};

use crate::error::{Error, Result};
use crate::expr::unmodified;
use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::analyze::calls::plain_argument;
use crate::sql::analyze::jsonb::sort_key;
use crate::sql::arrow::cast_functions::cast_name;
use crate::sql::arrow::types::{NUMERIC_PRECISION, decimal_of};
use crate::sql::functions::{
    NUMBER_NEGATED, NUMBER_OF, NUMERIC_KEY, is_number_function, number_aggregate, number_form,
};
use crate::sql::parse::names::exact;
use crate::sql::parse::operators::{call, called};
use crate::types::{ColumnType, Numeric, Value};

/// Whether a type is an integer or a numeric.
fn is_exact(ty: Option<&ColumnType>) -> bool {
    matches!(ty, Some(ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 | ColumnType::Numeric(_)))
}

pub fn is_numeric(ty: Option<&ColumnType>) -> bool {
    matches!(ty, Some(ColumnType::Numeric(_)))
}

fn is_float(ty: Option<&ColumnType>) -> bool {
    matches!(ty, Some(ColumnType::Float4 | ColumnType::Float8))
}

/// The type of an expression that has the type of a column or of a cast: one without precision where no decimal holds it.
pub fn held(ty: ColumnType) -> ColumnType {
    match ty {
        ColumnType::Numeric(Some(declared)) if decimal_of(declared).is_none() => ColumnType::Numeric(None),
        ColumnType::Array(element) => ColumnType::Array(Box::new(held(*element))),
        other => other,
    }
}

/// Digits before and behind the point of the decimals that hold all numbers of a type.
fn places(ty: &ColumnType) -> Option<(u8, u8)> {
    Some(match ty {
        ColumnType::Int2 => (5, 0),
        ColumnType::Int4 | ColumnType::Oid => (10, 0),
        ColumnType::Int8 => (19, 0),
        ColumnType::Numeric(declared) => {
            let (precision, scale) = decimal_of((*declared)?)?;
            let behind = u8::try_from(scale).ok()?;
            (precision.checked_sub(behind)?, behind)
        }
        _ => return None,
    })
}

/// The declared type that has just the digits of a number, where a decimal holds it.
fn type_of_digits(number: &Numeric) -> Option<ColumnType> {
    let (mantissa, scale) = number.as_small()?;
    let precision = (mantissa.unsigned_abs().checked_ilog10().unwrap_or(0) + 1).max(scale);
    let declared = (u16::try_from(precision).ok()?, i16::try_from(scale).ok()?);
    decimal_of(declared).map(|_| ColumnType::Numeric(Some(declared)))
}

/// Whether an array is of numerics, in whatever dimensions.
fn has_numerics(ty: &ColumnType) -> bool {
    matches!(ty, ColumnType::Array(_)) && matches!(ty.base(), ColumnType::Numeric(_))
}

impl Analyzer<'_> {
    /// What makes the keys of values that are compared with one another, all of whose types are known as far as they will be. Constants
    /// beside decimals become decimals.
    pub fn comparison_key(&mut self, values: &mut [(&mut Expr, Option<ColumnType>)]) -> Option<&'static str> {
        if let Some(key) = values.iter().find_map(|(_, ty)| sort_key(ty.as_ref())) {
            return Some(key);
        }
        if values.iter().any(|(_, ty)| ty.as_ref().is_some_and(has_numerics)) {
            return Some(NUMERIC_KEY);
        }
        let has_numeric = values.iter().any(|(_, ty)| is_numeric(ty.as_ref()));
        if !has_numeric || values.iter().any(|(_, ty)| is_float(ty.as_ref())) {
            return None;
        }
        let mut scale = None;
        let mut constants = Vec::new();
        for (value, ty) in &*values {
            let number = match self.constant_value(value) {
                Some(Value::Numeric(number)) => Some(number.clone()),
                Some(value) => value.as_i64().map(Numeric::from),
                None => None,
            };
            let own = number.as_ref().and_then(type_of_digits);
            let Some(digits) = own.as_ref().or(ty.as_ref()).and_then(places) else { return Some(NUMERIC_KEY) };
            // Of two scales the planner would multiply the digits of one, which those of NaN do not stand.
            if own.is_none() && *scale.get_or_insert(digits.1) != digits.1 {
                return Some(NUMERIC_KEY);
            }
            constants.push(number.zip(Some(digits)));
        }
        let Some(scale) = scale else { return Some(NUMERIC_KEY) };
        if constants
            .iter()
            .flatten()
            .any(|(_, (before, behind))| *behind > scale || before.saturating_add(scale) > NUMERIC_PRECISION)
        {
            return Some(NUMERIC_KEY);
        }
        for ((value, _), constant) in values.iter_mut().zip(constants) {
            if let Some((number, (before, _))) = constant {
                let declared = (u16::from(before.saturating_add(scale).max(1)), i16::from(scale));
                **value = self.constant(Value::Numeric(number), &ColumnType::Numeric(Some(declared)));
            }
        }
        None
    }

    /// An exact number as a numeric of any length.
    pub fn as_number(&mut self, expr: &mut Expr, ty: Option<&ColumnType>) {
        let is_number = |expr: &Expr| called(expr).is_some_and(|(name, _)| is_number_function(name));
        match self.constant_value(expr).cloned() {
            Some(Value::Numeric(_)) if ty == Some(&ColumnType::Numeric(None)) => {}
            Some(value @ (Value::Int2(_) | Value::Int4(_) | Value::Int8(_) | Value::Numeric(_) | Value::Null)) => {
                if let Ok(number) = value.cast(&ColumnType::Numeric(None), false) {
                    *expr = self.constant(number, &ColumnType::Numeric(None));
                }
            }
            _ if is_number(expr) => {}
            _ => *expr = call(NUMBER_OF, vec![expr.clone()]),
        }
    }

    /// An exact number, or an array of them, as a numeric or an array of those, which it stands beside; its type from here on.
    pub fn as_numbers(&mut self, expr: &mut Expr, own: &mut ColumnType) {
        if !is_exact(Some(own.base())) || *own.base() == ColumnType::Numeric(None) {
            return;
        }
        if !matches!(own, ColumnType::Array(_)) {
            self.as_number(expr, Some(own));
            *own = ColumnType::Numeric(None);
            return;
        }
        *own = if is_numeric(Some(own.base())) {
            unmodified(own)
        } else {
            ColumnType::Array(Box::new(ColumnType::Numeric(None)))
        };
        *expr = call(&cast_name(own), vec![expr.clone()]);
    }

    /// What an operator makes of two sides that were walked, where both are exact and one is a numeric; `None` for one that stays.
    pub fn numeric_operation(
        &mut self,
        expr: &mut Expr,
        left_type: Option<&ColumnType>,
        right_type: Option<&ColumnType>,
    ) -> Option<ColumnType> {
        let Expr::BinaryOp { left, op, right } = expr else { return None };
        if !is_numeric(left_type) && !is_numeric(right_type) {
            return None;
        }
        for (side, own, other) in [(&mut *left, left_type, right_type), (&mut *right, right_type, left_type)] {
            if is_numeric(own) && is_float(other) {
                self.numeric_as_float(side);
            }
        }
        let symbol = if *op == BinaryOperator::PGExp { "power".to_string() } else { op.to_string() };
        let form = number_form(&symbol, 2).filter(|_| is_exact(left_type) && is_exact(right_type))?;
        *expr = call(form, vec![left.as_ref().clone(), right.as_ref().clone()]);
        Some(ColumnType::Numeric(None))
    }

    /// What a call with arguments that were walked makes of exact numbers; `None` for one that stays.
    pub fn numeric_call(
        &mut self,
        function: &mut Function,
        name: &str,
        types: &[Option<ColumnType>],
    ) -> Option<(Expr, ColumnType)> {
        if function.over.is_some() {
            return None;
        }
        let FunctionArguments::List(list) = &mut function.args else { return None };
        let arguments: Vec<Expr> =
            list.args.iter_mut().filter_map(plain_argument).map(|argument| argument.clone()).collect();
        let of_numerics =
            matches!((name, types.len()), ("factorial" | "trim_scale", 1) | ("div" | "log" | "round" | "trunc", 2));
        let read = if matches!(name, "round" | "trunc") { types.get(..1).unwrap_or_default() } else { types };
        let has_numeric = of_numerics || read.iter().any(|ty| is_numeric(ty.as_ref()));
        let is_all_exact = !types.is_empty() && types.iter().all(|ty| is_exact(ty.as_ref()));
        let form = number_form(name, types.len()).filter(|_| has_numeric && is_all_exact)?;
        let ty = if is_number_function(form) { ColumnType::Numeric(None) } else { ColumnType::Int4 };
        Some((call(form, arguments), ty))
    }

    /// Makes an aggregate of exact numbers whose result is a numeric the one that takes numbers of any length; its name.
    pub fn numeric_aggregate(
        &self,
        function: &mut Function,
        name: &str,
        types: &[Option<ColumnType>],
    ) -> Option<&'static str> {
        let [ty] = types else { return None };
        let is_planners = match name {
            "sum" => matches!(ty, Some(ColumnType::Int2 | ColumnType::Int4)),
            "min" | "max" => *ty != Some(ColumnType::Numeric(None)),
            _ => false,
        };
        let form = number_aggregate(name).filter(|_| is_exact(ty.as_ref()) && !is_planners)?;
        function.name = vec![exact(form)].into();
        Some(form)
    }

    /// A number with the other sign or rounded to a whole one; `None` for what is no numeric.
    pub fn numeric_form(&self, inner: &Expr, ty: Option<&ColumnType>, form: &str) -> Option<Expr> {
        let function = if form == "-" { NUMBER_NEGATED } else { number_form(form, 1)? };
        is_numeric(ty).then(|| call(function, vec![inner.clone()]))
    }

    /// A cast to a numeric without precision; `None` for one of what is no number and no text.
    pub fn numeric_cast(&mut self, inner: &Expr, from: Option<&ColumnType>, to: &ColumnType) -> Option<Expr> {
        let is_read = is_exact(from) || is_float(from) || from.is_some_and(ColumnType::is_text);
        (*to == ColumnType::Numeric(None) && is_read).then(|| {
            let mut number = inner.clone();
            match from {
                Some(ColumnType::Numeric(None)) => {}
                _ => number = call(NUMBER_OF, vec![number]),
            }
            number
        })
    }
}

/// Refuses functions of the planner's own that compare the elements of arrays, and would compare those of numerics as texts.
///
/// # Errors
/// 0A000 for one of an array of numerics.
pub fn check_numerics(name: &str, types: &[Option<ColumnType>]) -> Result<()> {
    let compares = matches!(
        name.strip_prefix("array_").or_else(|| name.strip_prefix("list_")),
        Some("max" | "min" | "distinct" | "except" | "intersect" | "union")
    );
    if compares && types.iter().flatten().any(|ty| *ty.base() == ColumnType::Numeric(None)) {
        let message = format!("{name}() of numeric[] is not offered");
        return Err(Error::unsupported(message, "Cast it to double precision[], or unnest it."));
    }
    Ok(())
}

/// Whether a function makes an array of others, of whose elements it keeps the type.
pub fn makes_array(name: &str) -> bool {
    matches!(
        name,
        "array_append"
            | "array_prepend"
            | "array_cat"
            | "array_concat"
            | "array_remove_all"
            | "array_replace_all"
            | "array_sort"
            | "array_reverse"
    )
}
