//! ON CONFLICT over more than columns: expressions, and a condition that says which partial indexes are meant. sqlparser reads
//! columns alone, so a name that nobody can write stands in their place ([`CONFLICT_TARGET`]), and they are read from the
//! statement's text.

use std::ops::Range;

use datafusion::sql::sqlparser::ast::Expr;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use crate::db::Arbiters;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::RowExpression;
use crate::model::{Collection, IndexKey, IndexKeys, IndexKind};
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::dialect::PostgresDialect;
use crate::sql::parse::names::folded;
use crate::sql::parse::rewrite_tokens::conflict_target_tokens;
use crate::sql::parse::trees::unnested;
use crate::sql::write::kept_expression::{KeptExpression, kept};
use crate::sql::write::stored_expression::{StoredUse, compile_expression, stored_expression};

/// The keys and the condition of ON CONFLICT as they are written.
struct WrittenTarget {
    keys: Vec<Expr>,
    condition: Option<Expr>,
}

/// The unique indexes that a target means which is more than columns: those with the same keys, all rows of which or those that
/// the condition lets pass are in them.
///
/// # Errors
/// 42P10 where there are none, 42703 for a column that is not there; as [`compile_expression`].
pub fn computed_arbiters(collection: &Collection, context: &PlanContext<'_>) -> Result<Arbiters> {
    let target = written_target(context.text)?;
    let mut wanted = Vec::with_capacity(target.keys.len());
    for key in &target.keys {
        wanted.push(match unnested(key) {
            Expr::Identifier(ident) => {
                let name = folded(ident);
                let position = collection.column(&name).ok_or_else(|| {
                    Error::new(ErrorKind::UndefinedColumn, format!("column \"{name}\" does not exist"))
                })?;
                Wanted::Column(position)
            }
            expr => Wanted::Expression(kept(expr, ("index expression", None), collection, context)?.expr.to_string()),
        });
    }
    let condition = match &target.condition {
        None => None,
        Some(expr) => {
            let KeptExpression { expr, .. } = kept(expr, ("index predicate", None), collection, context)?;
            Some(compile_expression(&expr, StoredUse::Condition("WHERE"), collection, context)?.expression)
        }
    };
    let mut found = Arbiters::default();
    let plain: Option<Vec<usize>> = wanted
        .iter()
        .map(|wanted| match wanted {
            Wanted::Column(position) => Some(*position),
            Wanted::Expression(_) => None,
        })
        .collect();
    let is_same = |columns: &[usize]| {
        plain.as_ref().is_some_and(|plain| {
            plain.len() == columns.len() && columns.iter().all(|position| plain.contains(position))
        })
    };
    found.primary_key = !collection.primary_key.is_empty() && is_same(&collection.primary_key);
    for index in collection.indexes.iter().filter(|index| index.is_enforced()) {
        let is_meant = match &index.kind {
            IndexKind::Ordered { columns, .. } => is_same(columns),
            IndexKind::Keys(keys) => {
                has_keys(keys, &wanted) && is_condition_met(keys, condition.as_deref(), collection, context)?
            }
            IndexKind::Fact { .. } | IndexKind::Nearest { .. } => false,
        };
        if is_meant {
            found.indexes.push(index.id);
        }
    }
    if found == Arbiters::default() {
        let message = "there is no unique or exclusion constraint matching the ON CONFLICT specification";
        return Err(Error::new(ErrorKind::InvalidColumnReference, message));
    }
    Ok(found)
}

#[derive(PartialEq, Eq)]
enum Wanted {
    Column(usize),
    Expression(String),
}

fn has_keys(keys: &IndexKeys, wanted: &[Wanted]) -> bool {
    let is_wanted = |key: &IndexKey| {
        wanted.iter().any(|wanted| match (key, wanted) {
            (IndexKey::Column(position), Wanted::Column(wanted)) => position == wanted,
            (IndexKey::Expression(expression), Wanted::Expression(wanted)) => expression.text == *wanted,
            (IndexKey::Column(_), Wanted::Expression(_)) | (IndexKey::Expression(_), Wanted::Column(_)) => false,
        })
    };
    keys.keys.len() == wanted.len() && keys.keys.iter().all(is_wanted)
}

/// Whether what ON CONFLICT says lets pass no row that a partial index does not hold.
fn is_condition_met(
    keys: &IndexKeys,
    given: Option<&dyn RowExpression>,
    collection: &Collection,
    context: &PlanContext<'_>,
) -> Result<bool> {
    let Some(condition) = &keys.condition else { return Ok(true) };
    let Some(given) = given.and_then(RowExpression::program) else { return Ok(false) };
    let expr = stored_expression(&condition.text)?;
    let own = compile_expression(&expr, StoredUse::Condition("WHERE"), collection, context)?.expression;
    let Some(own) = own.program() else { return Ok(false) };
    let known = given.conjuncts();
    Ok(own.conjuncts().into_iter().all(|wanted| known.iter().any(|known| known.implies(wanted))))
}

/// Reads the target from the text of the statement.
fn written_target(text: &str) -> Result<WrittenTarget> {
    let tokens = Tokenizer::new(&PostgresDialect, text).tokenize_with_location();
    let tokens = tokens.map_err(|error| Error::syntax(error.to_string(), None))?;
    let Some((keys, condition)) = conflict_target_tokens(&tokens) else {
        return Err(Error::internal("a statement has lost the target of ON CONFLICT"));
    };
    let part = |range: Range<usize>| -> Vec<TokenWithSpan> {
        let mut part: Vec<TokenWithSpan> = tokens.get(range).map(<[_]>::to_vec).unwrap_or_default();
        part.extend(tokens.last().filter(|last| last.token == Token::EOF).cloned());
        part
    };
    let read = |error: ParserError| Error::syntax(error.to_string(), None);
    let mut parser = Parser::new(&PostgresDialect).with_tokens_with_locations(part(keys));
    let keys = parser.parse_comma_separated(Parser::parse_expr).map_err(read)?;
    let condition = match condition {
        None => None,
        Some(range) => {
            let mut parser = Parser::new(&PostgresDialect).with_tokens_with_locations(part(range));
            Some(parser.parse_expr().map_err(read)?)
        }
    };
    Ok(WrittenTarget { keys, condition })
}
