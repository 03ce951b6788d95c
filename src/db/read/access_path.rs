//! Choosing how a bound query reaches its rows.
//!
//! From the cheapest: entries named by primary key; the vector index for a nearest search; an ordered index over a column or
//! fact that the filter fixes; a range of the primary key; a scan. Every path checks the whole filter on each entry again,
//! so a path only has to find enough, never exactly enough.

use std::ops::Bound;

use crate::db::read::query::{BoundQuery, Nearest, OrderBy, Target};
use crate::db::read::scan::index_keys;
use crate::db::read::view::ReadView;
use crate::db::state::row_rules::IndexRules;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Comparison, CompiledCondition, Operand, PathBase, Program};
use crate::model::{Collection, CollectionId, CollectionKind, Index, IndexKind};
use crate::settings::{EF_SEARCH_MAX, IterativeScan, Settings};
use crate::store::{encode_sought, is_storable};
use crate::types::json::jsonb::PathStep;
use crate::types::{ColumnType, Value};
use crate::vector::Metric;

/// Most keys that an IN list may name before a scan is used instead.
const KEYS_MAX: usize = 10_000;
/// Entries up to which measuring all that an ordered index names is better than a filtered walk of the graph.
const MEASURED_KEYS_MAX: usize = 2_000;
/// Entries up to which reading what an ordered index names one by one is better than a scan.
const INDEX_KEYS_MAX: usize = 10_000;

/// Bytes that a node takes which a walk has met.
const WALKED_NODE_BYTES: usize = 32;

/// How entries are found.
#[derive(Debug)]
pub(crate) enum Access {
    /// By encoded primary keys.
    Keys(Vec<Vec<u8>>),
    /// A range of encoded primary keys, in key order.
    Range { lower: Bound<Vec<u8>>, upper: Bound<Vec<u8>>, reverse: bool },
    /// Entries that a part of an ordered index names, in key order.
    Index { name: String, keys: Vec<Vec<u8>> },
    /// A walk of the nearest-neighbour graph.
    Graph { id: CollectionId, name: String, ef: usize },
    /// The secrets of the vault.
    Secrets { key: Option<String> },
}

/// The lower and the upper end of a range of encoded keys.
pub(crate) type PrimaryKeyBounds = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// A part of an ordered index.
#[derive(Debug)]
pub(crate) struct IndexAccess {
    pub id: CollectionId,
    pub name: String,
    /// Columns in front of the primary key in each index entry.
    pub columns: usize,
    /// Parts of the index, by bounds on its encoded columns.
    pub spans: Vec<PrimaryKeyBounds>,
}

/// A chosen access path with what must still be done.
#[derive(Debug)]
pub(crate) struct AccessPlan {
    pub access: Access,
    /// Rows come out of the access path in the wanted order.
    pub ordered: bool,
    /// Facts of many entries may be read from columns in memory.
    pub reads_columns: bool,
    /// What a nearest search may do beyond its first walk.
    pub widening: Widening,
}

/// What a nearest search may do where its first walk does not find as many rows as are wanted: `hnsw.iterative_scan` and its bounds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Widening {
    /// Nodes that a widened walk may meet before all rows are put in exact order instead.
    pub met_max: usize,
    /// Without a LIMIT the rows of the first walk come first, though it may have missed some.
    pub is_relaxed: bool,
}

impl Widening {
    fn of(settings: &Settings) -> Widening {
        let scan = settings.iterative_scan();
        let met_max = match scan {
            IterativeScan::Off => usize::MAX,
            IterativeScan::StrictOrder | IterativeScan::RelaxedOrder => {
                settings.max_scan_tuples().min(settings.scan_memory_bytes() / WALKED_NODE_BYTES)
            }
        };
        Widening { met_max, is_relaxed: scan == IterativeScan::RelaxedOrder }
    }
}

/// Chooses the access path of a bound query.
pub(crate) fn choose(view: &ReadView, query: &BoundQuery, settings: &Settings) -> Result<AccessPlan> {
    let (reads_columns, widening) = (settings.reads_columns(), Widening::of(settings));
    let planned = |access, ordered| AccessPlan { access, ordered, reads_columns, widening };
    let collection = &query.collection;
    let conjuncts = query.filter.as_ref().map(Program::conjuncts).unwrap_or_default();
    if collection.kind == CollectionKind::Auth {
        let key = fixed(&conjuncts, 0).and_then(|values| match values.as_slice() {
            [Value::Text(text)] => Some(text.to_string()),
            _ => None,
        });
        return Ok(planned(Access::Secrets { key }, query.order.is_empty()));
    }
    if let Some(keys) = primary_keys(collection, &conjuncts)? {
        return Ok(planned(Access::Keys(keys), query.order.is_empty() && query.nearest.is_none()));
    }
    if let Some(nearest) = &query.nearest {
        let graph = graph_index(collection, nearest.column, nearest.metric);
        let keys_max = if graph.is_some() { MEASURED_KEYS_MAX } else { INDEX_KEYS_MAX };
        query.window()?;
        let access = match (indexed(view, collection, &conjuncts, keys_max)?, graph) {
            (Some(access), _) => access,
            (None, Some(index)) => {
                Access::Graph { id: index.id, name: index.name.clone(), ef: search_width(nearest, settings)? }
            }
            (None, None) => full_scan(false),
        };
        return Ok(planned(access, false));
    }
    if let Some(access) = indexed(view, collection, &conjuncts, INDEX_KEYS_MAX)? {
        return Ok(planned(access, query.order.is_empty()));
    }
    let (lower, upper) = key_range(collection, &conjuncts)?;
    let (ordered, reverse) = key_order(collection, query);
    Ok(planned(Access::Range { lower, upper, reverse }, ordered))
}

/// How many candidates the walk keeps: the query's own wish, else the session's.
fn search_width(nearest: &Nearest, settings: &Settings) -> Result<usize> {
    let Some(ef) = &nearest.ef else { return Ok(settings.ef_search()) };
    let ef = ef.bind(&[])?;
    match ef.as_i64().and_then(|ef| usize::try_from(ef).ok()) {
        Some(width) if (1..=EF_SEARCH_MAX).contains(&width) => Ok(width),
        _ => Err(Error::new(ErrorKind::InvalidParameterValue, format!("ef is {}", ef.to_text()))
            .with_hint(format!("A whole number from 1 to {EF_SEARCH_MAX}."))),
    }
}

fn full_scan(reverse: bool) -> Access {
    Access::Range { lower: Bound::Unbounded, upper: Bound::Unbounded, reverse }
}

/// The values that the filter allows for an operand matched by `is`, when it names them one by one.
fn fixed_by(parts: &[CompiledCondition<'_>], is: &dyn Fn(&Operand) -> bool) -> Option<Vec<Value>> {
    parts.iter().find_map(|part| part.fixed(is, KEYS_MAX))
}

fn fixed(conjuncts: &[CompiledCondition<'_>], column: usize) -> Option<Vec<Value>> {
    fixed_by(conjuncts, &|operand| *operand == Operand::Column(column))
}

/// Values in the column's own type: a value that the column cannot hold matches no entry. `None` when one of them has no place
/// in the column's order.
fn in_type(collection: &Collection, column: usize, values: Vec<Value>) -> Option<Vec<Value>> {
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

/// Encoded keys when the filter fixes every column of the primary key.
fn primary_keys(collection: &Collection, conjuncts: &[CompiledCondition<'_>]) -> Result<Option<Vec<Vec<u8>>>> {
    if collection.primary_key.is_empty() {
        return Ok(None);
    }
    let mut tuples: Vec<Vec<Value>> = vec![Vec::new()];
    for column in &collection.primary_key {
        let Some(values) = fixed(conjuncts, *column).and_then(|values| in_type(collection, *column, values)) else {
            return Ok(None);
        };
        if tuples.len().saturating_mul(values.len()) > KEYS_MAX {
            return Ok(None);
        }
        tuples = tuples
            .iter()
            .flat_map(|tuple| {
                values.iter().map(|value| tuple.iter().cloned().chain([value.clone()]).collect::<Vec<_>>())
            })
            .collect();
    }
    let mut keys = storable(&tuples)?;
    keys.sort_unstable();
    keys.dedup();
    Ok(Some(keys))
}

/// The encoded form of values that are compared with stored ones.
fn encode(values: &[Value]) -> Result<Vec<u8>> {
    let mut key = Vec::new();
    encode_sought(values, &mut key)?;
    Ok(key)
}

/// The encoded forms of those tuples that an entry may have: none has one that is too long.
fn storable(tuples: &[Vec<Value>]) -> Result<Vec<Vec<u8>>> {
    let mut keys = tuples.iter().map(|tuple| encode(tuple)).collect::<Result<Vec<_>>>()?;
    keys.retain(|key| is_storable(key));
    Ok(keys)
}

/// What the best ordered index names: the one that fixes most columns, as long as it names at most `keys_max` entries.
fn indexed(
    view: &ReadView,
    collection: &Collection,
    conjuncts: &[CompiledCondition<'_>],
    keys_max: usize,
) -> Result<Option<Access>> {
    let mut best: Option<(usize, IndexAccess)> = None;
    for index in &collection.indexes {
        if !index.state.is_ready() || view.writes.is_unfilled(index.id) {
            continue;
        }
        let found = match &index.kind {
            IndexKind::Ordered { .. } | IndexKind::Keys(_) => {
                let rules = view.index_rules(collection, index)?;
                match is_implied(&rules, conjuncts) {
                    true => ordered_access(collection, index, &rules.operands, conjuncts)?,
                    false => None,
                }
            }
            IndexKind::Fact { path } => fact_access(collection, index, path, conjuncts)?,
            IndexKind::Hnsw { .. } => None,
        };
        if let Some((weight, access)) = found
            && best.as_ref().is_none_or(|(other, _)| weight > *other)
        {
            best = Some((weight, access));
        }
    }
    let Some((_, access)) = best else { return Ok(None) };
    let keys = index_keys(view, &access, keys_max)?;
    Ok(keys.map(|keys| Access::Index { name: access.name, keys }))
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
    let access = IndexAccess { id: index.id, name: index.name.clone(), columns: keys.len(), spans: spans.collect() };
    Ok(Some((weight, access)))
}

/// The bounds that comparisons with a column leave, encoded; `None` when there are none.
fn value_range(
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
    Ok(Some((2, IndexAccess { id: index.id, name: index.name.clone(), columns: 1, spans: spans.collect() })))
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

/// The graph over a vector column by a metric, when it is built.
fn graph_index(collection: &Collection, column: usize, metric: Metric) -> Option<&Index> {
    collection.indexes.iter().find(|index| match &index.kind {
        IndexKind::Hnsw { column: indexed, operator_class, .. } => {
            *indexed == column
                && operator_class.parse::<Metric>().is_ok_and(|indexed| indexed == metric)
                && index.state.is_ready()
        }
        IndexKind::Ordered { .. } | IndexKind::Keys(_) | IndexKind::Fact { .. } => false,
    })
}

/// The range of primary keys that comparisons with the first key column leave.
fn key_range(collection: &Collection, conjuncts: &[CompiledCondition<'_>]) -> Result<PrimaryKeyBounds> {
    let Some(first) = collection.primary_key.first() else { return Ok((Bound::Unbounded, Bound::Unbounded)) };
    let (lower, upper) = value_range(collection, *first, conjuncts)?.unwrap_or((Bound::Unbounded, Bound::Unbounded));
    // Own uncommitted keys are compared as bytes, where a longer key comes after its prefix: with more key columns behind
    // the first, the bounds are widened to what is right for both, and the filter decides.
    Ok(if collection.primary_key.len() == 1 {
        (lower, upper)
    } else {
        let lower = match lower {
            Bound::Excluded(key) => Bound::Included(key),
            other => other,
        };
        let upper = match upper {
            Bound::Included(_) => Bound::Unbounded,
            other => other,
        };
        (lower, upper)
    })
}

/// Whether the wanted order is the key order, and in which direction.
fn key_order(collection: &Collection, query: &BoundQuery) -> (bool, bool) {
    let descending = query.order.first().is_some_and(|order| order.descending);
    let follows = query.order.len() <= collection.primary_key.len()
        && query.order.iter().zip(&collection.primary_key).all(|(order, column)| {
            order.descending == descending && order.operand == OrderBy::Operand(Operand::Column(*column))
        });
    (follows, follows && descending)
}

impl AccessPlan {
    /// The lines of EXPLAIN, outermost first.
    pub fn describe(&self, query: &BoundQuery) -> Vec<String> {
        indent(self.lines(query))
    }

    /// As [`AccessPlan::describe`], each line without its arrow.
    pub fn lines(&self, query: &BoundQuery) -> Vec<String> {
        let name = &query.collection.name;
        let mut lines = Vec::new();
        if query.limit.is_some() || query.offset.is_some() {
            lines.push("Limit".to_string());
        }
        let from_graph = matches!(self.access, Access::Graph { .. });
        let is_sorted = query.nearest.as_ref().is_some_and(|nearest| !nearest.is_filter && !from_graph);
        if !self.ordered && (!query.order.is_empty() || is_sorted) {
            lines.push(match &query.nearest {
                Some(nearest) if query.order.is_empty() && !nearest.is_filter => {
                    format!("Sort by {} distance (exact)", nearest.metric)
                }
                _ => "Sort".to_string(),
            });
        }
        lines.push(match &self.access {
            Access::Keys(keys) => format!("Primary Key Lookup on {name} (keys: {})", keys.len()),
            Access::Range { lower: Bound::Unbounded, upper: Bound::Unbounded, reverse } => {
                format!("Seq Scan on {name}{}", if *reverse { " (backward)" } else { "" })
            }
            Access::Range { reverse, .. } => {
                format!("Primary Key Range Scan on {name}{}", if *reverse { " (backward)" } else { "" })
            }
            Access::Index { name: index, .. } => format!("Index Scan using {index} on {name}"),
            Access::Graph { name: index, ef, .. } => {
                format!("Vector Index Scan using {index} on {name} (ef_search: {ef})")
            }
            Access::Secrets { key } => {
                format!("Vault {} on {name}", if key.is_some() { "Lookup" } else { "Scan" })
            }
        });
        if let Some(nearest) = &query.nearest {
            let near = match &nearest.target {
                Target::Scalar(_) => "a vector",
                Target::Entry(_) => "an entry's vector",
            };
            if !nearest.is_filter {
                lines.push(format!("  Order By: {} distance to {near}", nearest.metric));
            }
            if !nearest.within.is_empty() {
                lines.push(format!("  Within: {} distance to {near}", nearest.metric));
            }
        }
        if query.filter.is_some() {
            let place = if from_graph { " (inside the search)" } else { "" };
            lines.push(format!("  Filter: on each entry{place}"));
        }
        lines
    }
}

/// Draws the steps as PostgreSQL does: each one an arrow deeper than the one above.
pub(crate) fn indent(lines: Vec<String>) -> Vec<String> {
    let mut depth = 0;
    lines
        .into_iter()
        .map(|line| match line.strip_prefix("  ") {
            Some(property) => format!("{}{property}", " ".repeat(6 * depth.max(1) - 4)),
            None => {
                let prefix = if depth == 0 { String::new() } else { format!("{}->  ", " ".repeat(6 * depth - 4)) };
                depth += 1;
                format!("{prefix}{line}")
            }
        })
        .collect()
}
