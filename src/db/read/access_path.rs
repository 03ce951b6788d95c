//! Choosing how a bound query reaches its rows.
//!
//! From the cheapest: entries named by primary key; the vector index for a nearest search; an ordered index over a column or
//! fact that the filter fixes; a range of the primary key; a scan. Every path checks the whole filter on each entry again,
//! so a path only has to find enough, never exactly enough. Where columns of facts would do what an ordered index does,
//! `column_choice` says which of them is better.

use std::ops::Bound;

use crate::db::read::column_choice::{ColumnChoice, ColumnDemand};
use crate::db::read::index_path::{KEYS_MAX, PrimaryKeyBounds, best_index, fixed, in_type, storable, value_range};
use crate::db::read::query::{BoundQuery, Nearest, OrderBy, Target};
use crate::db::read::scan::index_keys;
use crate::db::read::view::ReadView;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{CompiledCondition, Operand, Program};
use crate::model::{Collection, CollectionId, CollectionKind, Index, IndexKind};
use crate::settings::{EF_SEARCH_MAX, IterativeScan, Settings};
use crate::types::Value;
use crate::vector::Metric;

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

/// Chooses the access path of a bound query for rows.
pub(crate) fn choose(view: &ReadView, query: &BoundQuery, settings: &Settings) -> Result<AccessPlan> {
    plan(view, query, settings, None)
}

/// Chooses the access path of a query of which columns may spare what `demand` says.
pub(crate) fn choose_for(
    view: &ReadView,
    query: &BoundQuery,
    settings: &Settings,
    demand: &ColumnDemand<'_>,
) -> Result<AccessPlan> {
    plan(view, query, settings, Some(demand))
}

fn plan(
    view: &ReadView,
    query: &BoundQuery,
    settings: &Settings,
    demand: Option<&ColumnDemand<'_>>,
) -> Result<AccessPlan> {
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
    query.window()?;
    let graph = match &query.nearest {
        Some(nearest) => graph_index(collection, nearest.column, nearest.metric)
            .map(|index| search_width(nearest, settings).map(|ef| (index, ef)))
            .transpose()?,
        None => None,
    };
    let (ordered, reverse) = key_order(collection, query);
    let own;
    let demand = match demand {
        Some(demand) => demand,
        None => {
            own = ColumnDemand::of_rows(query, graph.map(|(_, ef)| ef), ordered)?;
            &own
        }
    };
    let keys_max = if graph.is_some() { MEASURED_KEYS_MAX } else { INDEX_KEYS_MAX };
    let demand = if reads_columns { demand } else { &ColumnDemand::Nothing };
    if let Some(access) = by_index(view, query, &conjuncts, demand, keys_max)? {
        return Ok(planned(access, query.order.is_empty() && query.nearest.is_none()));
    }
    if query.nearest.is_some() {
        let access = match graph {
            Some((index, ef)) => Access::Graph { id: index.id, name: index.name.clone(), ef },
            None => full_scan(false),
        };
        return Ok(planned(access, false));
    }
    let (lower, upper) = key_range(collection, &conjuncts)?;
    Ok(planned(Access::Range { lower, upper, reverse }, ordered))
}

/// The entries that an ordered index names, where reading those is better than what columns spare.
fn by_index(
    view: &ReadView,
    query: &BoundQuery,
    conjuncts: &[CompiledCondition<'_>],
    demand: &ColumnDemand<'_>,
    keys_max: usize,
) -> Result<Option<Access>> {
    let Some(index) = best_index(view, &query.collection, conjuncts)? else { return Ok(None) };
    let choice = ColumnChoice::of(view, query, demand);
    let mut keys = None;
    match &choice {
        None => keys = index_keys(view, &index, keys_max)?,
        Some(choice) => {
            if let Some(few) = choice.few_keys() {
                keys = index_keys(view, &index, few.min(keys_max))?;
            }
            if let (None, Some(many)) = (&keys, choice.many_keys(keys_max)) {
                keys = index_keys(view, &index, many)?;
            }
            if let Some(keys) = &keys {
                choice.pay(keys.len());
            }
        }
    }
    Ok(keys.map(|keys| Access::Index { name: index.name, keys }))
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

/// The graph over a vector column by a metric, when it is built.
fn graph_index(collection: &Collection, column: usize, metric: Metric) -> Option<&Index> {
    collection.indexes.iter().find(|index| match &index.kind {
        IndexKind::Nearest { column: indexed, operator_class, .. } => {
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
    /// The lines of EXPLAIN, outermost first; `is_by_columns` where columns that are there evaluate the filter.
    pub fn describe(&self, query: &BoundQuery, is_by_columns: bool) -> Vec<String> {
        indent(self.lines(query, is_by_columns))
    }

    /// As [`AccessPlan::describe`], each line without its arrow.
    pub fn lines(&self, query: &BoundQuery, is_by_columns: bool) -> Vec<String> {
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
            lines.push(match (is_by_columns, from_graph) {
                (true, true) => "  Filter: by columns (before the search)".to_string(),
                (true, false) => "  Filter: by columns".to_string(),
                (false, true) => "  Filter: on each entry (inside the search)".to_string(),
                (false, false) => "  Filter: on each entry".to_string(),
            });
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
