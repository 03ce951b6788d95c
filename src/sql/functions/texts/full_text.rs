//! Full text: documents and queries of texts, what they are made of, whether they match and how well.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::Any;
use crate::expr::{Body, Function, Invocation, int_of, text_of};
use crate::sql::arrow::context::ReadContext;
use crate::types::full_text::document::{
    document_of_json, document_of_text, document_of_written_json, indexable_part, query_of_all_words, query_of_phrase,
    query_of_text, query_of_web_search,
};
use crate::types::full_text::matching::matches;
use crate::types::full_text::query::Joint;
use crate::types::full_text::query_text::checked_distance;
use crate::types::full_text::ranking::{RankWeights, rank, rank_by_covers};
use crate::types::full_text::vector::Weight;
use crate::types::{ColumnType, RegKind, TextConfiguration, TsQuery, TsVector, Value};

/// Bytes that are in the order of the documents or queries that they are of.
pub const FULL_TEXT_SORT_KEY: &str = "$full_text_sort_key";
/// The name of a configuration, where there is one of that name.
pub const CONFIGURATION_NAME: &str = "$configuration_name";

/// The setting that names the configuration where a call does not.
const DEFAULT_CONFIGURATION: &str = "default_text_search_config";

/// The function that stands for a call of that name: those that name their configuration hold for ever, and lengths are of documents.
pub fn full_text_form(name: &str, types: &[Option<ColumnType>]) -> Option<&'static str> {
    Some(match (name, types) {
        ("to_tsvector", [_, _]) => "$to_tsvector",
        ("to_tsquery", [_, _]) => "$to_tsquery",
        ("plainto_tsquery", [_, _]) => "$plainto_tsquery",
        ("phraseto_tsquery", [_, _]) => "$phraseto_tsquery",
        ("websearch_to_tsquery", [_, _]) => "$websearch_to_tsquery",
        ("length", [Some(ColumnType::TsVector)]) => "$tsvector_length",
        _ => return None,
    })
}

pub fn definitions() -> Vec<Function> {
    let (vector, query) = (ColumnType::TsVector, ColumnType::TsQuery);
    let texts = ColumnType::Array(Box::new(ColumnType::Text));
    let (vectors, flags) = (ColumnType::Float4, ColumnType::Bool);
    let mut all = made_of_texts();
    all.extend([
        Function::new("ts_match_vq", &[Any, Any], flags.clone(), |_, arguments| {
            Ok(Value::Bool(matches(&*vector_of(arguments, 0)?, &*query_of(arguments, 1)?)))
        }),
        Function::new("ts_match_qv", &[Any, Any], flags.clone(), |_, arguments| {
            Ok(Value::Bool(matches(&*vector_of(arguments, 1)?, &*query_of(arguments, 0)?)))
        }),
        Function::new("ts_match_tq", &[Any, Any], flags.clone(), |invocation, arguments| {
            let document = document_of_text(text_of(arguments, 0), default_configuration(invocation)?)?;
            Ok(Value::Bool(matches(&document, &*query_of(arguments, 1)?)))
        })
        .stable(),
        Function::new("ts_match_tt", &[Any, Any], flags.clone(), |invocation, arguments| {
            let configuration = default_configuration(invocation)?;
            let document = document_of_text(text_of(arguments, 0), configuration)?;
            Ok(Value::Bool(matches(&document, &query_of_all_words(text_of(arguments, 1), configuration)?)))
        })
        .stable(),
        Function::new("ts_rank", &[Any, Any, Any, Any], vectors.clone(), |_, arguments| ranked(arguments, rank))
            .optional(2),
        Function::new("ts_rank_cd", &[Any, Any, Any, Any], vectors, |_, arguments| ranked(arguments, rank_by_covers))
            .optional(2),
        Function::new("tsvector_concat", &[Any, Any], vector.clone(), |_, arguments| {
            vector_value(vector_of(arguments, 0)?.concatenated(&*vector_of(arguments, 1)?))
        }),
        Function::new("setweight", &[Any, Any, Any], vector.clone(), set_weight).optional(1),
        Function::new("strip", &[Any], vector.clone(), |_, arguments| {
            vector_value(Ok(vector_of(arguments, 0)?.stripped()))
        }),
        Function::new("$tsvector_length", &[Any], ColumnType::Int4, |_, arguments| {
            Ok(Value::Int4(i32::try_from(vector_of(arguments, 0)?.lexemes().len()).unwrap_or(i32::MAX)))
        }),
        Function::new("tsvector_to_array", &[Any], texts, |_, arguments| {
            let vector = vector_of(arguments, 0)?;
            let lexemes = vector.lexemes().iter().map(|lexeme| Value::Text(lexeme.text.clone()));
            Ok(Value::Array(Box::new(ColumnType::Text), lexemes.collect()))
        }),
        Function::new("array_to_tsvector", &[Any], vector.clone(), |_, arguments| {
            let lexemes = lexemes_of(arguments, 0)?;
            vector_value(TsVector::new(lexemes.into_iter().map(|lexeme| (lexeme.into(), Vec::new())).collect()))
        }),
        Function::new("ts_delete", &[Any, Any], vector.clone(), |_, arguments| {
            let gone = match arguments.get(1) {
                Some(Value::Text(lexeme)) => vec![&**lexeme],
                _ => given_lexemes_of(arguments, 1)?,
            };
            vector_value(Ok(vector_of(arguments, 0)?.without(&gone)))
        }),
        Function::new("ts_filter", &[Any, Any], vector, filtered),
        Function::new(FULL_TEXT_SORT_KEY, &[Any], ColumnType::Bytea, |_, arguments| {
            Ok(Value::Bytea(match arguments.first() {
                Some(Value::TsQuery(query)) => query.sort_key().into(),
                _ => vector_of(arguments, 0)?.sort_key().into(),
            }))
        }),
    ]);
    all.extend(of_queries(&query));
    all
}

/// What makes documents and queries of texts, with the configuration that is named or that the setting names.
fn made_of_texts() -> Vec<Function> {
    let made: [(&'static str, &'static str, ColumnType, Body); 5] = [
        ("to_tsvector", "$to_tsvector", ColumnType::TsVector, |invocation, arguments| {
            let configuration = configuration_of(invocation, arguments)?;
            vector_value(match (arguments.last(), invocation.types.last()) {
                (Some(Value::Json(json)), Some(ColumnType::Json)) => document_of_written_json(json, configuration),
                (Some(Value::Json(json)), _) => document_of_json(json, configuration),
                _ => document_of_text(last_text(arguments), configuration),
            })
        }),
        ("to_tsquery", "$to_tsquery", ColumnType::TsQuery, |invocation, arguments| {
            query_value(query_of_text(last_text(arguments), configuration_of(invocation, arguments)?))
        }),
        ("plainto_tsquery", "$plainto_tsquery", ColumnType::TsQuery, |invocation, arguments| {
            query_value(query_of_all_words(last_text(arguments), configuration_of(invocation, arguments)?))
        }),
        ("phraseto_tsquery", "$phraseto_tsquery", ColumnType::TsQuery, |invocation, arguments| {
            query_value(query_of_phrase(last_text(arguments), configuration_of(invocation, arguments)?))
        }),
        ("websearch_to_tsquery", "$websearch_to_tsquery", ColumnType::TsQuery, |invocation, arguments| {
            query_value(query_of_web_search(last_text(arguments), configuration_of(invocation, arguments)?))
        }),
    ];
    let mut all = vec![
        Function::new(CONFIGURATION_NAME, &[Any], ColumnType::Reg(RegKind::Config), |_, arguments| {
            let name = text_of(arguments, 0);
            TextConfiguration::named(name).map(|configuration| Value::text(configuration.name()))
        }),
        Function::new("get_current_ts_config", &[], ColumnType::Reg(RegKind::Config), |invocation, _| {
            Ok(Value::text(default_configuration(invocation)?.name()))
        })
        .stable(),
    ];
    for (name, form, returns, body) in made {
        all.push(Function::new(name, &[Any, Any], returns.clone(), body).optional(1).stable());
        all.push(Function::new(form, &[Any, Any], returns, body));
    }
    all
}

fn of_queries(query: &ColumnType) -> [Function; 8] {
    let flag = ColumnType::Bool;
    [
        Function::new("tsquery_and", &[Any, Any], query.clone(), |_, arguments| {
            query_value(query_of(arguments, 0)?.joined(Joint::And, &*query_of(arguments, 1)?))
        }),
        Function::new("tsquery_or", &[Any, Any], query.clone(), |_, arguments| {
            query_value(query_of(arguments, 0)?.joined(Joint::Or, &*query_of(arguments, 1)?))
        }),
        Function::new("tsquery_not", &[Any], query.clone(), |_, arguments| {
            let root = query_of(arguments, 0)?.root().cloned();
            query_value(TsQuery::new(root.map(|root| root.negated())))
        }),
        Function::new("tsquery_phrase", &[Any, Any, Any], query.clone(), |_, arguments| {
            let distance = if arguments.len() > 2 { checked_distance(int_of(arguments, 2).unwrap_or(-1))? } else { 1 };
            query_value(query_of(arguments, 0)?.joined(Joint::Phrase(distance), &*query_of(arguments, 1)?))
        })
        .optional(1),
        Function::new("tsq_mcontains", &[Any, Any], flag.clone(), |_, arguments| {
            Ok(Value::Bool(query_of(arguments, 0)?.contains(&*query_of(arguments, 1)?)))
        }),
        Function::new("tsq_mcontained", &[Any, Any], flag, |_, arguments| {
            Ok(Value::Bool(query_of(arguments, 1)?.contains(&*query_of(arguments, 0)?)))
        }),
        Function::new("numnode", &[Any], ColumnType::Int4, |_, arguments| {
            Ok(Value::Int4(i32::try_from(query_of(arguments, 0)?.nodes()).unwrap_or(i32::MAX)))
        }),
        Function::new("querytree", &[Any], ColumnType::Text, |_, arguments| {
            let query = query_of(arguments, 0)?;
            Ok(match indexable_part(&query)? {
                _ if query.is_empty() => Value::text(""),
                Some(part) => Value::text(Value::TsQuery(Arc::new(part)).to_text()),
                None => Value::text("T"),
            })
        }),
    ]
}

fn vector_value(vector: Result<TsVector>) -> Result<Value> {
    vector.map(|vector| Value::TsVector(Arc::new(vector)))
}

fn query_value(query: Result<TsQuery>) -> Result<Value> {
    query.map(|query| Value::TsQuery(Arc::new(query)))
}

/// A document among the arguments; a literal without a type is read as one.
fn vector_of(arguments: &[Value], position: usize) -> Result<Arc<TsVector>> {
    match arguments.get(position) {
        Some(Value::TsVector(vector)) => Ok(Arc::clone(vector)),
        Some(text @ Value::Text(_)) => match text.clone().cast(&ColumnType::TsVector, false)? {
            Value::TsVector(vector) => Ok(vector),
            _ => Err(mismatch("tsvector")),
        },
        _ => Err(mismatch("tsvector")),
    }
}

/// A query among the arguments; a literal without a type is read as one.
fn query_of(arguments: &[Value], position: usize) -> Result<Arc<TsQuery>> {
    match arguments.get(position) {
        Some(Value::TsQuery(query)) => Ok(Arc::clone(query)),
        Some(text @ Value::Text(_)) => match text.clone().cast(&ColumnType::TsQuery, false)? {
            Value::TsQuery(query) => Ok(query),
            _ => Err(mismatch("tsquery")),
        },
        _ => Err(mismatch("tsquery")),
    }
}

fn mismatch(wanted: &str) -> Error {
    Error::new(ErrorKind::DatatypeMismatch, format!("a value of type {wanted} is wanted"))
}

fn last_text(arguments: &[Value]) -> &str {
    text_of(arguments, arguments.len().saturating_sub(1))
}

fn configuration_of(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<TextConfiguration> {
    if arguments.len() > 1 {
        return TextConfiguration::named(text_of(arguments, 0));
    }
    default_configuration(invocation)
}

fn default_configuration(invocation: &Invocation<'_>) -> Result<TextConfiguration> {
    let context = invocation.statement.and_then(|statement| statement.as_any()?.downcast_ref::<ReadContext>());
    match context {
        Some(context) => TextConfiguration::named(context.settings.get(DEFAULT_CONFIGURATION)?),
        None => Ok(TextConfiguration::English),
    }
}

/// The lexemes of an array, in which nothing may be missing.
fn lexemes_of(arguments: &[Value], position: usize) -> Result<Vec<&str>> {
    lexemes(arguments, position, |_| true)
}

/// The lexemes of an array that are there: no NULLs, no empty texts.
fn given_lexemes_of(arguments: &[Value], position: usize) -> Result<Vec<&str>> {
    lexemes(arguments, position, |element| {
        element.as_str().is_none_or(|lexeme| !lexeme.is_empty()) && !element.is_null()
    })
}

fn lexemes(arguments: &[Value], position: usize, is_wanted: fn(&Value) -> bool) -> Result<Vec<&str>> {
    let Some(Value::Array(_, elements)) = arguments.get(position) else { return Err(mismatch("text[]")) };
    let lexeme = |element| match element {
        &Value::Null => Err(Error::new(ErrorKind::NullNotAllowed, "lexeme array may not contain nulls")),
        Value::Text(lexeme) if lexeme.is_empty() => {
            Err(Error::new(ErrorKind::ZeroLengthCharacter, "lexeme array may not contain empty strings"))
        }
        Value::Text(lexeme) => Ok(&**lexeme),
        _ => Err(mismatch("text[]")),
    };
    elements.iter().filter(|element| is_wanted(element)).map(lexeme).collect()
}

/// The weights, the document, the query and the method of a rank, of which the first and the last may be left out.
fn ranked(arguments: &[Value], rank: fn(&RankWeights, &TsVector, &TsQuery, i32) -> f32) -> Result<Value> {
    let (weights, rest) = match arguments {
        [Value::Array(_, numbers), rest @ ..] => (weights_of(numbers)?, rest),
        rest => (RankWeights::default(), rest),
    };
    let method = int_of(rest, 2).and_then(|method| i32::try_from(method).ok()).unwrap_or(0);
    Ok(Value::float4(rank(&weights, &*vector_of(rest, 0)?, &*query_of(rest, 1)?, method)))
}

fn weights_of(numbers: &[Value]) -> Result<RankWeights> {
    let wrong = |what: &str| Error::new(ErrorKind::ArraySubscript, format!("array of weight {what}"));
    let number = |value: &Value| match value {
        Value::Null => Err(Error::new(ErrorKind::NullNotAllowed, "array of weight must not contain nulls")),
        Value::Array(..) => Err(wrong("must be one-dimensional")),
        other => match other.clone().cast(&ColumnType::Float4, false)? {
            Value::Float4(number) => Ok(number),
            _ => Err(mismatch("real[]")),
        },
    };
    let numbers: Vec<f32> = numbers.iter().map(number).collect::<Result<_>>()?;
    RankWeights::new(&numbers)
}

fn set_weight(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let letter = text_of(arguments, 1).chars().next();
    let weight = letter.and_then(Weight::of_letter).ok_or_else(|| {
        let number = text_of(arguments, 1).bytes().next().unwrap_or_default();
        Error::new(ErrorKind::InvalidParameterValue, format!("unrecognized weight: {number}"))
    })?;
    let vector = vector_of(arguments, 0)?;
    if arguments.len() < 3 {
        return vector_value(Ok(vector.with_weight(weight, None)));
    }
    let of = given_lexemes_of(arguments, 2)?;
    vector_value(Ok(vector.with_weight(weight, Some(&of))))
}

fn filtered(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let Some(Value::Array(_, letters)) = arguments.get(1) else { return Err(mismatch("\"char\"[]")) };
    let mut weights = 0;
    for letter in letters {
        let text = match letter {
            Value::Null => {
                return Err(Error::new(ErrorKind::NullNotAllowed, "weight array may not contain nulls"));
            }
            other => other.as_str().unwrap_or_default(),
        };
        let weight =
            text.chars().next().and_then(Weight::of_letter).ok_or_else(|| {
                Error::new(ErrorKind::InvalidParameterValue, format!("unrecognized weight: \"{text}\""))
            })?;
        weights |= weight.bit();
    }
    vector_value(Ok(vector_of(arguments, 0)?.filtered(weights)))
}
