//! Aggregates over an ordered set: `percentile_cont`, `percentile_disc` and `mode` look into the sorted array of their values, and those of a
//! hypothetical row (`rank(3) WITHIN GROUP (ORDER BY x)`) count the rows that sort before it (PostgreSQL's documentation, section 9.21).

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, DataType, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentClause, FunctionArguments, OrderByExpr, Value as Literal,
};

use crate::error::{Error, ErrorKind, Result};
use crate::sql::analyze::arithmetic::native_cast;
use crate::sql::analyze::binary::binary;
use crate::sql::functions::{MODE, ORDERED_SETS, PERCENTILE_CONT, PERCENTILE_DISC};
use crate::sql::parse::operators::call;

/// What such an aggregate stands for; `None` for another call.
///
/// # Errors
/// 42883 for as many arguments as there are no keys, 0A000 for a window over one, 42809 for one without WITHIN GROUP.
pub fn ordered_set(function: &Function, name: &str) -> Result<Option<Expr>> {
    if function.within_group.is_empty() {
        if ORDERED_SETS.contains(&name) {
            let message = format!("WITHIN GROUP is required for ordered-set aggregate {name}");
            return Err(Error::new(ErrorKind::WrongObjectType, message));
        }
        return Ok(None);
    }
    let FunctionArguments::List(list) = &function.args else { return Ok(None) };
    let given: Option<Vec<Expr>> = list.args.iter().map(plain).collect();
    let Some(given) = given else { return Ok(None) };
    let keys = function.within_group.as_slice();
    let filter = function.filter.as_deref();
    if !matches!(
        name,
        "percentile_cont" | "percentile_disc" | "mode" | "rank" | "dense_rank" | "percent_rank" | "cume_dist"
    ) {
        return Ok(None);
    }
    if function.over.is_some() {
        let message = format!("OVER is not supported for ordered-set aggregate {name}");
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    Ok(match (name, given.as_slice(), keys) {
        ("percentile_cont", [fraction], [key]) => {
            Some(call(PERCENTILE_CONT, vec![sorted_values(key, filter), fraction.clone()]))
        }
        ("percentile_disc", [fraction], [key]) => {
            Some(call(PERCENTILE_DISC, vec![sorted_values(key, filter), fraction.clone()]))
        }
        ("mode", [], [key]) => Some(call(MODE, vec![sorted_values(key, filter)])),
        ("percentile_cont" | "percentile_disc" | "mode", ..) => None,
        (_, row, keys) if row.len() == keys.len() => Some(hypothetical(name, row, keys, filter)),
        (_, row, keys) => {
            let message = format!("function {name}() does not exist");
            let hint = format!(
                "To use the hypothetical-set aggregate {name}, the number of hypothetical direct arguments (here {}) must match \
                 the number of ordering columns (here {}).",
                row.len(),
                keys.len()
            );
            return Err(Error::new(ErrorKind::UndefinedFunction, message).with_hint(hint));
        }
    })
}

fn plain(argument: &FunctionArg) -> Option<Expr> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    }
}

fn both(conditions: impl IntoIterator<Item = Expr>) -> Option<Box<Expr>> {
    let joined = conditions
        .into_iter()
        .reduce(|left, right| binary(Expr::Nested(Box::new(left)), BinaryOperator::And, Expr::Nested(Box::new(right))));
    joined.map(Box::new)
}

/// The values of a key in its order, without NULLs.
fn sorted_values(key: &OrderByExpr, filter: Option<&Expr>) -> Expr {
    let is_value = Expr::IsNotNull(Box::new(Expr::Nested(Box::new(key.expr.clone()))));
    let mut all = call("array_agg", vec![key.expr.clone()]);
    if let Expr::Function(function) = &mut all {
        if let FunctionArguments::List(list) = &mut function.args {
            list.clauses.push(FunctionArgumentClause::OrderBy(vec![key.clone()]));
        }
        function.filter = both(filter.cloned().into_iter().chain([is_value]));
    }
    all
}

/// How many rows there are that hold.
fn count(of: Option<Expr>, filter: impl IntoIterator<Item = Expr>) -> Expr {
    let is_distinct = of.is_some();
    let one = Expr::value(Literal::Number("1".to_string(), false));
    let mut counted = call("count", vec![of.unwrap_or(one)]);
    if let Expr::Function(function) = &mut counted {
        if let FunctionArguments::List(list) = &mut function.args {
            list.duplicate_treatment = is_distinct.then_some(DuplicateTreatment::Distinct);
        }
        function.filter = both(filter);
    }
    counted
}

/// Whether the key of a row sorts before a value, and whether it is the same.
fn before_and_same(key: &OrderByExpr, value: &Expr) -> (Expr, Expr) {
    let (column, value) = (Expr::Nested(Box::new(key.expr.clone())), Expr::Nested(Box::new(value.clone())));
    let is_descending = key.options.asc == Some(false);
    let nulls_first = key.options.nulls_first.unwrap_or(is_descending);
    let operator = if is_descending { BinaryOperator::Gt } else { BinaryOperator::Lt };
    let is_null = |of: &Expr| Expr::IsNull(Box::new(of.clone()));
    let case = |conditions: [(Expr, Expr); 2], other: Expr| Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: conditions.map(|(condition, result)| CaseWhen { condition, result }).to_vec(),
        else_result: Some(Box::new(other)),
    };
    let truth = |value: bool| Expr::value(Literal::Boolean(value));
    let not_null = |of: &Expr| Expr::IsNotNull(Box::new(of.clone()));
    let of_null_value = if nulls_first { truth(false) } else { not_null(&column) };
    let before = case(
        [(is_null(&value), of_null_value), (is_null(&column), truth(nulls_first))],
        binary(column.clone(), operator, value.clone()),
    );
    let same = Expr::IsNotDistinctFrom(Box::new(column), Box::new(value));
    (before, same)
}

/// What the rank, or the like, of a row would be among those of the group.
fn hypothetical(name: &str, row: &[Expr], keys: &[OrderByExpr], filter: Option<&Expr>) -> Expr {
    let mut before: Option<Expr> = None;
    let mut same: Option<Expr> = None;
    for (key, value) in keys.iter().zip(row).rev() {
        let (own, equal) = before_and_same(key, value);
        before = Some(match before {
            None => own,
            Some(rest) => {
                let tied = binary(equal.clone(), BinaryOperator::And, Expr::Nested(Box::new(rest)));
                binary(own, BinaryOperator::Or, Expr::Nested(Box::new(tied)))
            }
        });
        same = Some(match same {
            None => equal,
            Some(rest) => binary(equal, BinaryOperator::And, rest),
        });
    }
    let nested = |expr: Expr| Expr::Nested(Box::new(expr));
    let (before, same) = (nested(before.unwrap_or_else(null)), nested(same.unwrap_or_else(null)));
    let own = || filter.cloned().into_iter();
    let number = |digits: &str| Expr::value(Literal::Number(digits.to_string(), false));
    let earlier = count(None, own().chain([before.clone()]));
    let float = |expr: Expr| native_cast(nested(expr), DataType::DoublePrecision);
    match name {
        "rank" => nested(binary(earlier, BinaryOperator::Plus, number("1"))),
        "dense_rank" => {
            let values: Vec<Expr> = keys.iter().map(|key| key.expr.clone()).collect();
            let of = match <[Expr; 1]>::try_from(values) {
                Ok([one]) => one,
                Err(several) => call("row", several),
            };
            // A key that is NULL is no value that is counted.
            let distinct = count(Some(of.clone()), own().chain([before.clone()]));
            let nulls = count(None, own().chain([before, Expr::IsNull(Box::new(nested(of)))]));
            let any_null = call("least", vec![nulls, number("1")]);
            let groups = binary(distinct, BinaryOperator::Plus, any_null);
            nested(binary(groups, BinaryOperator::Plus, number("1")))
        }
        "percent_rank" => {
            let whole = call("greatest", vec![count(None, own()), number("1")]);
            nested(binary(float(earlier), BinaryOperator::Divide, float(whole)))
        }
        _ => {
            let among = count(None, own().chain([binary(before, BinaryOperator::Or, same)]));
            let among = binary(among, BinaryOperator::Plus, number("1"));
            let whole = binary(count(None, own()), BinaryOperator::Plus, number("1"));
            nested(binary(float(among), BinaryOperator::Divide, float(whole)))
        }
    }
}

fn null() -> Expr {
    Expr::value(Literal::Null)
}
