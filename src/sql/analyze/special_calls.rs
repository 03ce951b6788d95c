//! Calls that the planner means differently from PostgreSQL, put right behind the walk over their arguments.

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, Expr, Function, FunctionArg, FunctionArguments, Value as Literal,
};

use crate::error::{Error, ErrorKind, Result};
use crate::sql::analyze::binary::binary;
use crate::sql::analyze::calls::plain_argument;
use crate::sql::analyze::jsonb::{by_value, sort_key};
use crate::sql::analyze::numerics::is_numeric;
use crate::sql::arrow::cast_functions::cast_name;
use crate::sql::functions::{
    DATE_OF_TEXT, INTERVAL_BYTES, INTERVAL_OF_BYTES, NUMERIC_KEY, ROUND_FLOAT, TIMESTAMP_OF_EPOCH, TIMESTAMP_OF_TEXT,
};
use crate::sql::parse::operators::call;
use crate::sql::parse::trees::number_of;
use crate::types::ColumnType;

/// What a call by that name becomes, and its type; `None` for a call that stays.
///
/// # Errors
/// 22016 for an argument that the function cannot take.
pub fn special_call(
    function: &mut Function,
    name: &str,
    types: &[Option<ColumnType>],
) -> Result<Option<(Expr, ColumnType)>> {
    let has = |ty: &ColumnType| types.iter().flatten().any(|known| known == ty);
    let is_small = |ty: &Option<ColumnType>| matches!(ty, Some(ColumnType::Int2 | ColumnType::Int4));
    Ok(match name {
        "min" | "max" | "greatest" | "least" if has(&ColumnType::Interval) => {
            for argument in arguments(function) {
                *argument = call(INTERVAL_BYTES, vec![argument.clone()]);
            }
            let extreme = call(INTERVAL_OF_BYTES, vec![Expr::Function(function.clone())]);
            Some((extreme, ColumnType::Interval))
        }
        "nullif" => types.first().cloned().flatten().and_then(|ty| {
            let key = sort_key(Some(&ty)).or_else(|| is_numeric(Some(&ty)).then_some(NUMERIC_KEY))?;
            Some((nullif(function, key)?, ty))
        }),
        // The planner counts nanoseconds, which end in 2262.
        "to_timestamp" if matches!(types, [Some(ty)] if ty.is_number()) => {
            let seconds = arguments(function).next().map(|argument| argument.clone());
            seconds.map(|seconds| (call(TIMESTAMP_OF_EPOCH, vec![seconds]), ColumnType::TimestampTz))
        }
        "round" if matches!(types, [Some(ColumnType::Float4 | ColumnType::Float8)]) => {
            let number = arguments(function).next().map(|argument| argument.clone());
            number.map(|number| (call(ROUND_FLOAT, vec![number]), ColumnType::Float8))
        }
        // The planner has formats of its own.
        "to_timestamp" | "to_date" if types.len() == 2 => {
            let given: Vec<Expr> = arguments(function).map(|argument| argument.clone()).collect();
            Some(if name == "to_date" {
                (call(DATE_OF_TEXT, given), ColumnType::Date)
            } else {
                (call(TIMESTAMP_OF_TEXT, given), ColumnType::TimestampTz)
            })
        }
        // Of a negative number they show as many digits as its type has; the planner takes every literal for a bigint.
        "to_hex" | "to_oct" | "to_bin" if matches!(types, [ty] if is_small(ty)) => {
            for argument in arguments(function) {
                *argument = call(&cast_name(&ColumnType::Int4), vec![argument.clone()]);
            }
            None
        }
        // The planner computes them in 64 bits.
        "gcd" | "lcm" if !types.is_empty() && types.iter().all(is_small) => {
            let narrow = call(&cast_name(&ColumnType::Int4), vec![Expr::Function(function.clone())]);
            Some((narrow, ColumnType::Int4))
        }
        "nth_value" => {
            let position = arguments(function).nth(1).and_then(|argument| number_of(argument).map(is_positive));
            if position == Some(false) {
                let message = "argument of nth_value must be greater than zero";
                return Err(Error::new(ErrorKind::InvalidWindowArgument, message));
            }
            None
        }
        _ => None,
    })
}

fn arguments(function: &mut Function) -> impl Iterator<Item = &mut Expr> {
    let list: &mut [FunctionArg] = match &mut function.args {
        FunctionArguments::List(list) => list.args.as_mut_slice(),
        FunctionArguments::None | FunctionArguments::Subquery(_) => &mut [],
    };
    list.iter_mut().filter_map(plain_argument)
}

fn is_positive((digits, is_negative): (&str, bool)) -> bool {
    !is_negative && digits.bytes().any(|digit| (b'1'..=b'9').contains(&digit))
}

/// `nullif` of values that are compared by their sort keys.
fn nullif(function: &mut Function, key: &str) -> Option<Expr> {
    let mut both = arguments(function).map(|argument| argument.clone());
    let (first, second) = (both.next()?, both.next()?);
    let (mut left, mut right) = (first.clone(), second);
    by_value(&mut left, key);
    by_value(&mut right, key);
    let are_equal = CaseWhen { condition: binary(left, BinaryOperator::Eq, right), result: Expr::value(Literal::Null) };
    Some(Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![are_equal],
        else_result: Some(Box::new(first)),
    })
}
