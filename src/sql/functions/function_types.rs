//! Types of functions' arguments and results, as far as they are needed before planning: for parameters and literals.

use datafusion::sql::sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Value as Literal};
use datafusion::sql::sqlparser::parser::Parser;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Parameter, undefined};
use crate::sql::functions::arrays::made::result_of;
use crate::sql::functions::json::constructed::closed;
use crate::sql::functions::{
    self, BITS_BYTES, BITS_LENGTH, BUCKET_OF_BOUNDS, ELEMENTS, JSON_AGG_OF_ROWS, RANGE_AGGREGATES, full_text_form,
    half_form, is_number_function, plain_form, range_form, sparse_form,
};
use crate::sql::parse::dialect::{PostgresDialect, VARIADIC};
use crate::sql::parse::names;
use crate::sql::parse::names::folded;
use crate::sql::parse::operators::distance_metric;
use crate::sql::registry::{self, FunctionEntry};
use crate::types::ColumnType;

/// Functions that read an array of keys as they read one key after the other.
const OF_PATHS: [&str; 4] =
    ["jsonb_extract_path", "jsonb_extract_path_text", "json_extract_path", "json_extract_path_text"];

/// Takes VARIADIC from before the last argument of a call; the name of the function that takes an array there.
///
/// # Errors
/// 42883 where the function takes no more arguments than it has parameters.
pub fn over_array(function: &str, arguments: &mut [FunctionArg]) -> Result<Option<String>> {
    let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))) = arguments.last_mut() else { return Ok(None) };
    let Expr::Function(marked) = &*argument else { return Ok(None) };
    if !matches!(names::last_part(&marked.name), Some(name) if name == VARIADIC) {
        return Ok(None);
    }
    let FunctionArguments::List(list) = &marked.args else { return Ok(None) };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(array))] = list.args.as_slice() else { return Ok(None) };
    *argument = array.clone();
    let of_array = functions::function(function).and_then(|definition| definition.of_array);
    match of_array {
        Some(name) => Ok(Some(name.to_string())),
        None if OF_PATHS.contains(&function) => Ok(Some(function.to_string())),
        None => {
            let message = format!("function {function}() does not take its arguments as a VARIADIC array");
            Err(Error::new(ErrorKind::UndefinedFunction, message).with_hint("Give them one by one."))
        }
    }
}

/// Checks what stands behind VARIADIC, where any array may.
///
/// # Errors
/// 42804 for what is no array.
pub fn check_spread(function: &str, types: &[Option<ColumnType>]) -> Result<()> {
    let takes_any = functions::function(function)
        .is_some_and(|definition| definition.spreads && definition.parameters.last() == Some(&Parameter::AnyArray));
    let is_array = |ty: &ColumnType| ty.element().is_some() || matches!(ty, ColumnType::Vector(_));
    match types.last() {
        Some(Some(ty)) if takes_any && !is_array(ty) => {
            Err(Error::new(ErrorKind::DatatypeMismatch, "VARIADIC argument must be an array"))
        }
        _ => Ok(()),
    }
}

/// Checks what the least or greatest is asked of: some types have none in PostgreSQL.
///
/// # Errors
/// 42883 for vectors of all kinds, bit strings, documents and ranges, and for an aggregate of ranges of anything else.
pub fn check_ordered(function: &str, types: &[Option<ColumnType>]) -> Result<()> {
    let [Some(ty)] = types else { return Ok(()) };
    if let Some((aggregate, _)) = RANGE_AGGREGATES.iter().find(|(_, of_rows)| *of_rows == function) {
        let element = ty.element().unwrap_or_else(|| ty.clone());
        return match element.ranged() {
            Some(_) => Ok(()),
            None => Err(registry::undefined_function(aggregate, &[element.oid()])),
        };
    }
    let has_none = ty.is_dense_vector()
        || ty.is_bits()
        || matches!(ty, ColumnType::Sparsevec(_) | ColumnType::TsVector | ColumnType::TsQuery)
        || ty.ranged().is_some();
    if has_none && matches!(function, "min" | "max") {
        return Err(undefined(function, std::slice::from_ref(ty)));
    }
    Ok(())
}

/// Functions whose arguments share one type, which is also their result's.
pub fn takes_constants(name: &str) -> bool {
    matches!(name, "coalesce" | "nullif" | "greatest" | "least" | "nvl" | "ifnull")
}

/// Functions that look at their literals while they are planned: those stay as they were written. `date_bin` becomes one of those
/// here once the types of its arguments are known.
pub fn is_read_by_planner(name: &str) -> bool {
    functions::function(name).is_none() && !is_vector_function(name) && name != "date_bin"
}

fn is_vector_function(name: &str) -> bool {
    distance_metric(name).is_some()
        || matches!(
            name,
            "inner_product" | "negative_inner_product" | "vector_dims" | "vector_norm" | "l2_normalize" | "subvector"
        )
}

/// Puts arguments that are given by name where they belong, behind those that are given by position.
///
/// # Errors
/// 42883 for a name that the function does not have or that is given twice, and where an argument is missing; 0A000 where no names
/// of a function's arguments are known.
pub fn by_position(function: &str, arguments: &mut Vec<FunctionArg>) -> Result<()> {
    let given: Vec<String> = arguments.iter().filter_map(given_name).collect();
    if given.is_empty() && arguments.iter().all(|argument| matches!(argument, FunctionArg::Unnamed(_))) {
        return Ok(());
    }
    let Some(known) = argument_names(function, arguments.len(), &given) else {
        let message = format!("{function}() does not take arguments by name");
        return Err(Error::unsupported(message, "Give them by position."));
    };
    let refused = || {
        let message = format!("function {function}() has no such arguments");
        let names = known.names.join(", ");
        Error::new(ErrorKind::UndefinedFunction, message).with_hint(format!("Its arguments are called {names}."))
    };
    let mut places: Vec<Option<FunctionArg>> = vec![None; known.names.len()];
    for (position, argument) in arguments.iter().enumerate() {
        let place = match argument {
            FunctionArg::Unnamed(_) => Some(position),
            named => given_name(named).and_then(|name| known.names.iter().position(|known| **known == name)),
        };
        let slot = place.and_then(|place| places.get_mut(place)).filter(|slot| slot.is_none()).ok_or_else(refused)?;
        *slot = Some(match argument {
            FunctionArg::Unnamed(value)
            | FunctionArg::Named { arg: value, .. }
            | FunctionArg::ExprNamed { arg: value, .. } => FunctionArg::Unnamed(value.clone()),
        });
    }
    let count = places.iter().rposition(Option::is_some).map_or(0, |last| last.saturating_add(1));
    let may_lack = known.names.len().saturating_sub(known.optional);
    if count < may_lack || places.iter().take(may_lack).any(Option::is_none) {
        return Err(refused());
    }
    let placed = places.into_iter().take(count).enumerate().map(|(place, argument)| match argument {
        Some(argument) => Ok(argument),
        None => known.default_of(place).map(|value| FunctionArg::Unnamed(FunctionArgExpr::Expr(value))),
    });
    *arguments = placed.collect::<Result<_>>()?;
    Ok(())
}

/// The names of a function's arguments; the last of them may be left out.
struct ArgumentNames {
    names: Vec<&'static str>,
    optional: usize,
    /// What stands for those, as SQL; nothing where it is zero.
    defaults: Vec<&'static str>,
}

impl ArgumentNames {
    fn default_of(&self, place: usize) -> Result<Expr> {
        let first = self.names.len().saturating_sub(self.defaults.len());
        let Some(text) = place.checked_sub(first).and_then(|at| self.defaults.get(at)) else {
            return Ok(Expr::value(Literal::Number("0".to_string(), false)));
        };
        let parsed = Parser::new(&PostgresDialect).try_with_sql(text).and_then(|mut parser| parser.parse_expr());
        parsed.map_err(|error| Error::internal(format!("the default {text}: {error}")))
    }
}

/// The names that a function's arguments have in the form which has those that are given, or in any that takes so many.
fn argument_names(function: &str, count: usize, given: &[String]) -> Option<ArgumentNames> {
    let definition = functions::function(function).filter(|definition| !definition.names.is_empty());
    if let Some(definition) = definition {
        let names = definition.names.to_vec();
        return Some(ArgumentNames { names, optional: definition.optional, defaults: Vec::new() });
    }
    let forms = || registry::forms(function).iter().filter(|form| form.names.len() >= form.arguments.len());
    let has_all = |form: &&&FunctionEntry| {
        form.arguments.len() >= count
            && given
                .iter()
                .all(|name| form.names.iter().take(form.arguments.len()).any(|known| *known == name.as_str()))
    };
    let form = forms().find(has_all).or_else(|| forms().find(|form| form.arguments.len() >= count))?;
    Some(ArgumentNames {
        names: form.names.iter().take(form.arguments.len()).copied().collect(),
        optional: form.defaults.len(),
        defaults: form.defaults.clone(),
    })
}

fn given_name(argument: &FunctionArg) -> Option<String> {
    match argument {
        FunctionArg::Named { name, .. } | FunctionArg::ExprNamed { name: Expr::Identifier(name), .. } => {
            Some(folded(name))
        }
        FunctionArg::Unnamed(_) | FunctionArg::ExprNamed { .. } => None,
    }
}

/// The kind of vectors that an argument is of where another one has said it.
pub fn kind_of_vector(ty: ColumnType, before: &[Option<ColumnType>]) -> ColumnType {
    let mut kinds = before.iter().flatten();
    match ty {
        ColumnType::Vector(None) => kinds
            .find_map(|other| match other {
                ColumnType::Sparsevec(_) => Some(ColumnType::Sparsevec(None)),
                ColumnType::Halfvec(_) => Some(ColumnType::Halfvec(None)),
                _ => None,
            })
            .unwrap_or(ty),
        ty => ty,
    }
}

/// The function that stands for one of that name for halves, sparse vectors and bit strings; `None` where it is the same.
pub fn form_for(name: &str, arguments: &[Option<ColumnType>]) -> Option<&'static str> {
    let has = |wanted: fn(&ColumnType) -> bool| arguments.iter().flatten().any(wanted);
    if let Some(closed) = closed(name, arguments) {
        return Some(closed);
    }
    if name == "width_bucket" && arguments.len() == 2 {
        return Some(BUCKET_OF_BOUNDS);
    }
    if let Some(form) = full_text_form(name, arguments).or_else(|| range_form(name, arguments)) {
        return Some(form);
    }
    if let Some(Some(ColumnType::Json)) = arguments.first() {
        return json_form(name);
    }
    if has(|ty| matches!(ty, ColumnType::Sparsevec(_))) {
        return sparse_form(name);
    }
    if has(|ty| matches!(ty, ColumnType::Halfvec(_))) {
        return half_form(name);
    }
    if !arguments.first().is_some_and(|first| first.as_ref().is_some_and(ColumnType::is_bits)) {
        return None;
    }
    match name {
        "length" | "bit_length" => Some(BITS_LENGTH),
        "octet_length" => Some(BITS_BYTES),
        "bit_count" => Some("$bits_count"),
        "get_bit" => Some("$bits_get_bit"),
        "set_bit" => Some("$bits_set_bit"),
        _ => None,
    }
}

/// The parts of a `json` are such, those of a `jsonb` are as well.
fn json_form(name: &str) -> Option<&'static str> {
    match name {
        "jsonb_object_field" => Some("json_object_field"),
        "jsonb_array_element" => Some("json_array_element"),
        "jsonb_extract_path" => Some("json_extract_path"),
        _ => None,
    }
}

/// The type of an argument without a type of its own.
pub fn parameter(name: &str, position: usize) -> Option<ColumnType> {
    if is_vector_function(name) && (position == 0 || name != "subvector") {
        return Some(ColumnType::Vector(None));
    }
    if let Some(definition) = functions::function(name) {
        let parameter = definition.parameter(position)?;
        let is_open = matches!(parameter, Parameter::Any | Parameter::AnyArray | Parameter::Object);
        // Of `json` the spelling is kept.
        return (!is_open).then(|| match parameter {
            Parameter::Json if name.starts_with("json_") => ColumnType::Json,
            _ => parameter.column_type(),
        });
    }
    Some(match (name, position) {
        ("round" | "trunc", 1) | ("left" | "right" | "lpad" | "rpad" | "repeat" | "chr", 1) => ColumnType::Int8,
        ("substr" | "substring" | "split_part", 2) | ("substr" | "substring", 1) => ColumnType::Int8,
        ("abs" | "ceil" | "floor" | "sqrt" | "exp" | "ln" | "log" | "power" | "pow" | "round" | "to_timestamp", _) => {
            ColumnType::Float8
        }
        ("date_trunc" | "date_part", 1) => ColumnType::TimestampTz,
        ("date_bin", 0) => ColumnType::Interval,
        ("date_bin", _) => return None,
        ("generate_series" | "range" | "lag" | "lead" | "nth_value" | "ntile", 1) => ColumnType::Int8,
        ("generate_series" | "range", _) => ColumnType::Int8,
        ("sum" | "avg", 0) => ColumnType::Float8,
        ("coalesce" | "nullif" | "greatest" | "least" | "min" | "max" | "count" | "array_agg" | "array_has", _) => {
            return None;
        }
        _ => ColumnType::Text,
    })
}

/// The type of a call's result, `None` where only the planner knows.
pub fn result(name: &str, arguments: &[Option<ColumnType>]) -> Option<ColumnType> {
    if distance_metric(name).is_some() || matches!(name, "inner_product" | "vector_norm") {
        return Some(ColumnType::Float8);
    }
    if let Some(definition) = functions::function(name) {
        return match definition.returns {
            ColumnType::Void => None,
            ColumnType::Unknown => {
                let types: Option<Vec<ColumnType>> = arguments.iter().cloned().collect();
                types.and_then(|types| result_of(name, &types))
            }
            ref ty => Some(ty.clone()),
        };
    }
    if is_number_function(name) {
        return Some(ColumnType::Numeric(None));
    }
    let first = arguments.first().cloned().flatten();
    Some(match plain_form(name) {
        "count" | "row_number" | "rank" | "dense_rank" => ColumnType::Int8,
        "length" | "char_length" | "character_length" | "octet_length" | "strpos" | "ascii" | "ntile" => {
            ColumnType::Int4
        }
        "lower" | "upper" | "trim" | "btrim" | "ltrim" | "rtrim" | "replace" | "left" | "right" | "lpad" | "rpad"
        | "repeat" | "reverse" | "initcap" | "concat" | "concat_ws" | "split_part" | "substr" | "substring"
        | "translate" | "md5" | "regexp_replace" | "chr" | "overlay" => ColumnType::Text,
        "starts_with" | "ends_with" | "bool_and" | "bool_or" | "array_has" => ColumnType::Bool,
        "now" | "current_timestamp" | "to_timestamp" => ColumnType::TimestampTz,
        "current_date" => ColumnType::Date,
        "current_time" => ColumnType::Time,
        "random" | "sqrt" | "exp" | "ln" | "log" | "power" | "pow" | "pi" | "sin" | "cos" | "tan" | "date_part"
        | "stddev" | "variance" => ColumnType::Float8,
        "avg" => match first? {
            ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 | ColumnType::Numeric(_) => {
                ColumnType::Numeric(None)
            }
            ColumnType::Float4 | ColumnType::Float8 => ColumnType::Float8,
            _ => return None,
        },
        "sum" => match first? {
            ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 => ColumnType::Int8,
            ColumnType::Numeric(_) => ColumnType::Numeric(None),
            ColumnType::Float4 => ColumnType::Float4,
            ColumnType::Float8 => ColumnType::Float8,
            _ => return None,
        },
        "json_agg" | "json_object_agg" | JSON_AGG_OF_ROWS => ColumnType::Json,
        "jsonb_agg" | "jsonb_object_agg" => ColumnType::Jsonb,
        "array_positions" => ColumnType::Array(Box::new(ColumnType::Int4)),
        "min" | "max" if matches!(first, Some(ColumnType::Varchar(_) | ColumnType::Name)) => ColumnType::Text,
        "unnest" => return first.and_then(|ty| ty.element()),
        ELEMENTS | "min" | "max" | "first_value" | "last_value" | "nth_value" | "lag" | "lead" => return first,
        "date_trunc" => return arguments.get(1).cloned().flatten(),
        "abs" | "ceil" | "floor" | "round" | "trunc" => return first,
        "string_agg" if first == Some(ColumnType::Bytea) => ColumnType::Bytea,
        "string_agg" => ColumnType::Text,
        "array_agg" => ColumnType::Array(Box::new(first?)),
        _ => return None,
    })
}
