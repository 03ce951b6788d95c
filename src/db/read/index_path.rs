//! Which part of an ordered index, or of the primary key, a filter leaves: bounds on encoded keys.
//!
//! A part only has to hold enough, never exactly enough: the whole filter is asked of each entry again.

use std::collections::BTreeSet;
use std::ops::Bound;

use crate::db::read::view::ReadView;
use crate::db::state::row_rules::IndexRules;
use crate::error::Result;
use crate::expr::{Comparison, CompiledCondition, Operand, PathBase, Test};
use crate::model::{Collection, CollectionId, CollectionKind, Index, IndexKind};
use crate::store::{encode_sought, encode_text_prefix, is_storable};
use crate::types::full_text::query::{QueryLexeme, QueryNode};
use crate::types::json::jsonb::PathStep;
use crate::types::json::terms::{JsonTerms, TERM_OF_ANY, key_term, terms_of};
use crate::types::{ColumnType, IndexTerms, Value};

/// Most keys that an IN list may name before a scan is used instead.
pub(super) const KEYS_MAX: usize = 10_000;

/// Terms of one value that an inverted index is asked for, at most.
const SOUGHT_TERMS_MAX: usize = 16;

/// The lower and the upper end of a range of encoded keys.
pub(crate) type PrimaryKeyBounds = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// A part of an ordered index.
#[derive(Debug)]
pub(crate) struct IndexAccess {
    pub id: CollectionId,
    pub name: String,
    /// Columns in front of the primary key in each index entry.
    pub columns: usize,
    /// Parts of the index, by bounds on its encoded columns: an entry is in one of the first list, in one of the second, and so on.
    pub parts: Vec<Vec<PrimaryKeyBounds>>,
}

/// The part that the best ordered index has of what a filter lets through: of the one that fixes most columns.
///
/// # Errors
/// 54000 for a value that is too long for a key.
pub(crate) fn best_index(
    view: &ReadView,
    collection: &Collection,
    conjuncts: &[CompiledCondition<'_>],
) -> Result<Option<IndexAccess>> {
    let mut best: Option<(usize, IndexAccess)> = None;
    for index in &collection.indexes {
        if !index.state.is_ready() || view.writes.is_unfilled(index.id) {
            continue;
        }
        let found = match &index.kind {
            IndexKind::Ordered { .. } | IndexKind::Keys(_) => {
                let rules = view.index_rules(collection, index)?;
                match (is_implied(&rules, conjuncts), rules.terms) {
                    (true, None) => ordered_access(collection, index, &rules.operands, conjuncts)?,
                    (true, Some(IndexTerms::Lexemes)) => lexeme_access(index, &rules.operands, conjuncts)?,
                    (true, Some(terms)) => inverted_access(index, (&rules.operands, terms), conjuncts)?,
                    (false, _) => None,
                }
            }
            IndexKind::Fact { path } => fact_access(collection, index, path, conjuncts)?,
            IndexKind::Nearest { .. } => None,
        };
        if let Some((weight, access)) = found
            && best.as_ref().is_none_or(|(other, _)| weight > *other)
        {
            best = Some((weight, access));
        }
    }
    Ok(best.map(|(_, access)| access))
}

/// The values that the filter allows for an operand matched by `is`, when it names them one by one.
fn fixed_by(parts: &[CompiledCondition<'_>], is: &dyn Fn(&Operand) -> bool) -> Option<Vec<Value>> {
    parts.iter().find_map(|part| part.fixed(is, KEYS_MAX))
}

pub(super) fn fixed(conjuncts: &[CompiledCondition<'_>], column: usize) -> Option<Vec<Value>> {
    fixed_by(conjuncts, &|operand| *operand == Operand::Column(column))
}

/// Values in the column's own type: a value that the column cannot hold matches no entry. `None` when one of them has no place
/// in the column's order.
pub(super) fn in_type(collection: &Collection, column: usize, values: Vec<Value>) -> Option<Vec<Value>> {
    in_type_of(&collection.columns.get(column)?.ty, values)
}

fn in_type_of(ty: &ColumnType, values: Vec<Value>) -> Option<Vec<Value>> {
    values.into_iter().map(|value| value.cast(ty, false).ok()).collect()
}

/// The type of a key of an ordered index.
fn type_of<'a>(collection: &'a Collection, key: &'a Operand) -> Option<&'a ColumnType> {
    match key {
        Operand::Column(position) => collection.columns.get(*position).map(|column| &column.ty),
        Operand::Computed(key) => Some(key.ty()),
        Operand::System(_) | Operand::Key | Operand::Path { .. } => None,
    }
}

/// Whether a filter lets pass no entry that an index does not hold. An index without a condition holds all.
fn is_implied(rules: &IndexRules, conjuncts: &[CompiledCondition<'_>]) -> bool {
    let Some(condition) = &rules.condition else { return true };
    let Some(program) = condition.program() else { return false };
    program.conjuncts().into_iter().all(|wanted| conjuncts.iter().any(|known| known.implies(wanted)))
}

/// The encoded form of values that are compared with stored ones.
fn encode(values: &[Value]) -> Result<Vec<u8>> {
    let mut key = Vec::new();
    encode_sought(values, &mut key)?;
    Ok(key)
}

/// The encoded forms of those tuples that an entry may have: none has one that is too long.
pub(super) fn storable(tuples: &[Vec<Value>]) -> Result<Vec<Vec<u8>>> {
    let mut keys = tuples.iter().map(|tuple| encode(tuple)).collect::<Result<Vec<_>>>()?;
    keys.retain(|key| is_storable(key));
    Ok(keys)
}

/// The part of an ordered index that equalities with its first columns, then comparisons with the next one, leave. The
/// weight is twice the columns fixed, plus one for a range.
fn ordered_access(
    collection: &Collection,
    index: &Index,
    keys: &[Operand],
    conjuncts: &[CompiledCondition<'_>],
) -> Result<Option<(usize, IndexAccess)>> {
    let mut tuples: Vec<Vec<Value>> = vec![Vec::new()];
    let mut count = 0;
    for key in keys {
        let values = fixed_by(conjuncts, &|operand| operand == key);
        let Some(values) = values.and_then(|values| in_type_of(type_of(collection, key)?, values)) else {
            break;
        };
        if tuples.len().saturating_mul(values.len()) > KEYS_MAX {
            break;
        }
        count += 1;
        tuples = tuples
            .iter()
            .flat_map(|tuple| values.iter().map(|value| [tuple.as_slice(), std::slice::from_ref(value)].concat()))
            .collect();
    }
    let prefixes = storable(&tuples)?;
    let range = match keys.get(count) {
        Some(key) => operand_range(collection, key, conjuncts)?,
        None => None,
    };
    let weight = 2 * count + usize::from(range.is_some());
    if weight == 0 {
        return Ok(None);
    }
    let (lower, upper) = range.unwrap_or((Bound::Unbounded, Bound::Unbounded));
    let spans = prefixes.iter().map(|prefix| {
        let whole = Bound::Included(prefix.clone());
        let behind = |bound: &Bound<Vec<u8>>| match bound {
            Bound::Included(key) => Bound::Included([prefix.as_slice(), key].concat()),
            Bound::Excluded(key) => Bound::Excluded([prefix.as_slice(), key].concat()),
            Bound::Unbounded => whole.clone(),
        };
        (behind(&lower), behind(&upper))
    });
    let access =
        IndexAccess { id: index.id, name: index.name.clone(), columns: keys.len(), parts: vec![spans.collect()] };
    Ok(Some((weight, access)))
}

/// The bounds that comparisons with a column leave, encoded; `None` when there are none.
pub(super) fn value_range(
    collection: &Collection,
    column: usize,
    conjuncts: &[CompiledCondition<'_>],
) -> Result<Option<PrimaryKeyBounds>> {
    operand_range(collection, &Operand::Column(column), conjuncts)
}

fn operand_range(
    collection: &Collection,
    key: &Operand,
    conjuncts: &[CompiledCondition<'_>],
) -> Result<Option<PrimaryKeyBounds>> {
    let (mut lower, mut upper) = (Bound::Unbounded, Bound::Unbounded);
    for condition in conjuncts {
        let Some((left, operator, value)) = condition.comparison() else { continue };
        let Some(ty) = type_of(collection, key) else { continue };
        if left != key || value.is_null() {
            continue;
        }
        // A value that the column's type cannot hold exactly has no place in its order; then the filter alone decides.
        let Some(value) = value.clone().cast(ty, false).ok().filter(|cast| cast.equals(value)) else { continue };
        let key = encode(&[value])?;
        match operator {
            Comparison::Greater => lower = Bound::Excluded(key),
            Comparison::GreaterOrEqual => lower = Bound::Included(key),
            Comparison::Less => upper = Bound::Excluded(key),
            Comparison::LessOrEqual => upper = Bound::Included(key),
            Comparison::Equal | Comparison::NotEqual => {}
        }
    }
    Ok(if lower == Bound::Unbounded && upper == Bound::Unbounded { None } else { Some((lower, upper)) })
}

/// The part of an index over a fact that an equality with texts leaves.
fn fact_access(
    collection: &Collection,
    index: &Index,
    path: &[String],
    conjuncts: &[CompiledCondition<'_>],
) -> Result<Option<(usize, IndexAccess)>> {
    let Some(values) = fixed_by(conjuncts, &|operand| is_fact_path(collection, operand, path)) else {
        return Ok(None);
    };
    // The index holds the text of each fact; a number has more than one.
    if !values.iter().all(|value| matches!(value, Value::Text(_))) {
        return Ok(None);
    }
    let tuples: Vec<Vec<Value>> = values.into_iter().map(|value| vec![value]).collect();
    let spans = storable(&tuples)?.into_iter().map(|key| (Bound::Included(key.clone()), Bound::Included(key)));
    Ok(Some((2, IndexAccess { id: index.id, name: index.name.clone(), columns: 1, parts: vec![spans.collect()] })))
}

/// The part of an inverted index that the terms of what a value must contain leave. The weight is that of one column fixed.
fn inverted_access(
    index: &Index,
    (keys, terms): (&[Operand], IndexTerms),
    conjuncts: &[CompiledCondition<'_>],
) -> Result<Option<(usize, IndexAccess)>> {
    let mut wanted = BTreeSet::new();
    for (operand, test, value) in conjuncts.iter().filter_map(|condition| condition.json_test()) {
        match test {
            _ if keys != std::slice::from_ref(operand) => {}
            Test::JsonContains => wanted.extend(terms_of(&value, JsonTerms::Paths)),
            Test::JsonHasKey if terms == IndexTerms::PathsAndKeys => _ = wanted.insert(key_term(&value)),
            _ => {}
        }
    }
    wanted.remove(&TERM_OF_ANY);
    if wanted.is_empty() {
        return Ok(None);
    }
    // Fewer terms find more than is wanted, and what is found is asked the whole question.
    let terms = wanted.into_iter().take(SOUGHT_TERMS_MAX);
    let parts = terms.map(|term| Ok(vec![term_span(term)?, term_span(TERM_OF_ANY)?])).collect::<Result<_>>()?;
    Ok(Some((2, IndexAccess { id: index.id, name: index.name.clone(), columns: 1, parts })))
}

/// Where an inverted index has a term.
fn term_span(term: i64) -> Result<PrimaryKeyBounds> {
    let key = encode(&[Value::Int8(term)])?;
    Ok((Bound::Included(key.clone()), Bound::Included(key)))
}

/// The part of an inverted index over documents that the lexemes leave which a query needs. The weight is that of one column fixed.
fn lexeme_access(
    index: &Index,
    keys: &[Operand],
    conjuncts: &[CompiledCondition<'_>],
) -> Result<Option<(usize, IndexAccess)>> {
    let mut needed = Vec::new();
    for (operand, query) in conjuncts.iter().filter_map(|condition| condition.full_text()) {
        if keys == std::slice::from_ref(operand) {
            // An empty query matches nothing, and so does an index of no places.
            needed.extend(query.root().map_or_else(|| vec![Vec::new()], needed_lexemes));
        }
    }
    if needed.is_empty() {
        return Ok(None);
    }
    // Those that may be found by the fewest lexemes come first.
    needed.sort_by_key(Vec::len);
    let span = |lexeme: &QueryLexeme| {
        let key = if lexeme.is_prefix {
            let mut key = Vec::new();
            encode_text_prefix(&lexeme.text, &mut key);
            key
        } else {
            encode(&[Value::Text(lexeme.text.clone())])?
        };
        Ok((Bound::Included(key.clone()), Bound::Included(key)))
    };
    let part = |any: Vec<&QueryLexeme>| {
        let spans = any.into_iter().map(span).chain(std::iter::once_with(|| term_span(TERM_OF_ANY)));
        spans.collect::<Result<Vec<_>>>()
    };
    let parts = needed.into_iter().take(SOUGHT_TERMS_MAX).map(part).collect::<Result<_>>()?;
    Ok(Some((2, IndexAccess { id: index.id, name: index.name.clone(), columns: 1, parts })))
}

/// Lists of lexemes of which each document that matches has one of every list; none where one may match without any.
fn needed_lexemes(node: &QueryNode) -> Vec<Vec<&QueryLexeme>> {
    match node {
        QueryNode::Lexeme(lexeme) => vec![vec![lexeme]],
        QueryNode::Not(_) => Vec::new(),
        QueryNode::And(list) => list.iter().flat_map(needed_lexemes).collect(),
        QueryNode::Phrase(first, others) => {
            needed_lexemes(first).into_iter().chain(others.iter().flat_map(|(_, part)| needed_lexemes(part))).collect()
        }
        QueryNode::Or(list) => {
            let mut any = Vec::new();
            for part in list {
                match needed_lexemes(part).into_iter().min_by_key(Vec::len) {
                    Some(lexemes) => any.extend(lexemes),
                    None => return Vec::new(),
                }
            }
            vec![any]
        }
    }
}

/// Whether an operand is the text of the fact that an index covers.
pub(crate) fn is_fact_path(collection: &Collection, operand: &Operand, path: &[String]) -> bool {
    let Operand::Path { base, path: steps, .. } = operand else { return false };
    let serves_facts = match base {
        PathBase::Facts => true,
        PathBase::Column(position) => {
            collection.kind == CollectionKind::Memory
                && collection.columns.get(*position).is_some_and(|column| column.name == "metadata")
        }
    };
    serves_facts
        && steps.len() == path.len()
        && steps.iter().zip(path).all(|(step, key)| matches!(step, PathStep::Key(name) if name == key))
}
