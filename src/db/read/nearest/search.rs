//! One search: the nearest rows by the graph, or by measuring.
//!
//! By the graph when the plan says so: candidates come in order of distance, each is checked against the snapshot and the
//! filter inside the search, and rows of the own transaction, as well as those that later commits changed, are measured and
//! merged in. Otherwise every entry that the access path yields is measured. Both give exact distances, and cut by those;
//! entries that are as far away as the last one stay where something behind the distance decides among them.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::db::columns::bitmap::Bitmap;
use crate::db::columns::columns::Columns;
use crate::db::pending::write_set::EntryKey;
use crate::db::read::access_path::{Access, AccessPlan};
use crate::db::read::column_reading::{ColumnReading, SelectedRows, few_selected_keys, select_by_columns};
use crate::db::read::cursor::visit_access;
use crate::db::read::entry_view::{EntryView, check_dimension};
use crate::db::read::nearest::neighbour::{NearestSoFar, Neighbour};
use crate::db::read::nearest::reach::DistanceReach;
use crate::db::read::nearest::sequence::cut;
use crate::db::read::nearest::stream::NearestStream;
use crate::db::read::query::{BoundQuery, Nearest, Target};
use crate::db::read::run_report::RunReport;
use crate::db::read::scan::visit_key;
use crate::db::read::view::ReadView;
use crate::db::state::cancel::Cancel;
use crate::db::vectors::vector_indexes::VectorIndex;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::Program;
use crate::metrics;
use crate::model::{CollectionId, MemoryAccount, Reservation};
use crate::store::encode_sought;
use crate::types::limits::NEAREST_LIMIT_MAX;
use crate::types::{ColumnType, Value};
use crate::vector::{Metric, WalkBounds, check_finite};

/// Walks of the graph before every entry is measured instead, when commits keep getting in between.
pub(super) const SEARCHES_MAX: usize = 3;

/// Rows that columns select up to which each one is read and measured where a part of the filter remains.
const MEASURED_ROWS_MAX: usize = 2_000;

/// What looking an entry up by its key costs, and measuring one, each against passing one in a scan.
const LOOK_UP_COST: f64 = 12.0;
const MEASURE_COST: f64 = 20.0;

/// Entries that are measured between two looks at what they take.
const MEASURED_PER_ACCOUNT: usize = 1024;

/// A bound search.
pub(super) struct Search<'a> {
    pub(super) view: &'a ReadView,
    pub(super) query: &'a BoundQuery,
    pub(super) nearest: &'a Nearest,
    /// `None` is NULL, to which every distance is NULL.
    target: Option<Arc<[f32]>>,
    pub(super) reach: DistanceReach,
    pub(super) filter: Option<&'a Program>,
    /// Neighbours wanted at most, offset included.
    pub(super) wanted: usize,
    pub(super) has_limit: bool,
    /// Those that are as far away as the last one are wanted, too.
    pub(super) keeps_ties: bool,
    pub(super) reads_columns: bool,
    /// The most nodes that a walk may meet which was widened.
    met_max: usize,
    is_relaxed: bool,
    /// No row may be missing: a graph is not walked.
    is_exact: bool,
    pub(super) cancel: &'a Cancel,
    pub(super) report: &'a RunReport,
    pub(super) account: &'a MemoryAccount,
}

/// The index that a search walks, and the vector it looks for.
pub(super) struct GraphSearch<'a> {
    pub(super) index: Arc<VectorIndex>,
    pub(super) target: &'a [f32],
    /// The least width of the walks.
    pub(super) ef: usize,
    /// Rows may come a little out of order where there is no LIMIT.
    pub(super) is_relaxed: bool,
    met_max: usize,
}

impl GraphSearch<'_> {
    /// Whether a walk for so many rows is cheaper than a look at all.
    pub(super) fn prefers_walk(&self, wanted: usize) -> bool {
        wanted <= NEAREST_LIMIT_MAX
            && self.index.graph().is_some_and(|graph| graph.prefers_walk(wanted, self.ef, self.met_max))
    }
}

/// What a search found.
pub(crate) struct SearchFound {
    /// In the order that pages are cut from; sorted within a tier.
    pub neighbours: Vec<Neighbour>,
    /// What comes behind them, where there is no LIMIT.
    pub rest: Option<Box<NearestStream>>,
    /// What they take.
    pub memory: Reservation,
}

/// How a search runs: who may stop it, who is told of it, and what its rows are taken from.
#[derive(Clone, Copy)]
pub(crate) struct SearchRun<'a> {
    pub cancel: &'a Cancel,
    pub report: &'a RunReport,
    pub account: &'a MemoryAccount,
}

/// The nearest entries that pass the filter, nearest first: as many as LIMIT and OFFSET together ask for, and where the query
/// orders those that are equally near, all that are as far away as the last one.
///
/// # Errors
/// As [`Cancel::check`]; 53200 where there is no memory for them; 42704 for a nearest entry without a vector, 22000 for a target of
/// another dimension; what the filter fails with; 58030, XX001 and F0000 where stored entries cannot be read, are damaged or of a
/// newer format.
pub(crate) fn search(
    view: &ReadView,
    query: &BoundQuery,
    plan: &AccessPlan,
    run: SearchRun<'_>,
) -> Result<SearchFound> {
    let _timer = metrics::NEAREST_SECONDS.start();
    Search::of(view, query, plan, run)?.run(&plan.access)
}

/// All entries in reach that pass the filter, none of them missing, in no order that counts.
///
/// # Errors
/// As [`search`].
pub(crate) fn search_all(
    view: &ReadView,
    query: &BoundQuery,
    plan: &AccessPlan,
    run: SearchRun<'_>,
) -> Result<SearchFound> {
    let _timer = metrics::NEAREST_SECONDS.start();
    let search = Search { is_exact: true, ..Search::of(view, query, plan, run)? };
    search.run(&plan.access)
}

/// More of what a search without LIMIT began to give.
///
/// # Errors
/// As [`search`].
pub(crate) fn search_on(
    view: &ReadView,
    query: &BoundQuery,
    plan: &AccessPlan,
    run: SearchRun<'_>,
    (rest, rows): (&mut NearestStream, usize),
) -> Result<Vec<Neighbour>> {
    rest.next(&Search::of(view, query, plan, run)?, rows)
}

/// The vector that the neighbours are near to; `None` for a NULL, which is near to nothing.
fn target(view: &ReadView, query: &BoundQuery, nearest: &Nearest) -> Result<Option<Arc<[f32]>>> {
    let value = match &nearest.target {
        Target::Scalar(scalar) => scalar.bind(&[])?.cast(&ColumnType::Vector(None), false)?,
        Target::Entry(id) => {
            let id = id.bind(&[])?;
            let mut key = Vec::new();
            encode_sought(std::slice::from_ref(&id), &mut key)?;
            let found = visit_key(view, &query.collection, &key, |entry| entry.column(nearest.column))?;
            match found {
                Some(Value::Null) | None => {
                    return Err(Error::new(
                        ErrorKind::UndefinedObject,
                        format!("entry \"{}\" has no vector in \"{}\"", id.to_text(), query.collection.name),
                    ));
                }
                Some(vector) => vector,
            }
        }
    };
    match value {
        Value::Vector(vector) => {
            view.check_target(&query.collection, nearest.column, &vector)?;
            check_finite(&vector)?;
            Ok(Some(vector))
        }
        _ => Ok(None),
    }
}

impl<'a> Search<'a> {
    fn of(view: &'a ReadView, query: &'a BoundQuery, plan: &AccessPlan, run: SearchRun<'a>) -> Result<Search<'a>> {
        let SearchRun { cancel, report, account } = run;
        let nearest = query.nearest.as_ref().ok_or_else(|| Error::internal("a search without a target"))?;
        let target = target(view, query, nearest)?;
        let (limit, offset) = query.nearest_window()?;
        Ok(Search {
            view,
            query,
            nearest,
            target,
            reach: DistanceReach::of(nearest)?,
            filter: query.filter.as_ref(),
            wanted: limit.map_or(usize::MAX, |limit| limit.saturating_add(offset)),
            has_limit: limit.is_some(),
            keeps_ties: nearest.keeps_ties || query.orders_ties(),
            reads_columns: plan.reads_columns,
            met_max: plan.widening.met_max,
            is_relaxed: plan.widening.is_relaxed,
            is_exact: false,
            cancel,
            report,
            account,
        })
    }
}

impl Search<'_> {
    fn run(&self, access: &Access) -> Result<SearchFound> {
        if self.reach.is_nothing() || self.target.is_none() && !self.nearest.keeps_missing {
            return Ok(self.whole(Vec::new()));
        }
        match (access, &self.target) {
            (Access::Graph { id, ef, .. }, Some(target)) => self.by_graph(target, *id, *ef),
            (Access::Graph { .. }, None) => self.by_measuring(&Access::everything(), true),
            (access, _) => self.by_measuring(access, self.nearest.keeps_missing),
        }
    }

    /// All that was found.
    pub(super) fn whole(&self, neighbours: Vec<Neighbour>) -> SearchFound {
        SearchFound { neighbours, rest: None, memory: self.account.nothing() }
    }

    fn by_graph(&self, target: &[f32], index: CollectionId, ef: usize) -> Result<SearchFound> {
        let index = self.view.database.vector_index(index).filter(|_| self.has_committed_dimension(target));
        let is_placed = self.nearest.metric != Metric::Cosine || target.iter().any(|component| *component != 0.0);
        let Some(index) = index.filter(|_| is_placed && !self.reach.holds_nan()) else {
            return self.by_measuring_all();
        };
        let graph = GraphSearch { index, target, ef, is_relaxed: self.is_relaxed, met_max: self.met_max };
        if self.is_exact {
            return self.in_exact_order(&graph);
        }
        if !self.has_limit {
            return self.without_limit(&graph);
        }
        if self.wanted > ef {
            return self.by_tiers(&graph);
        }
        match self.nearest_of(&graph, self.wanted)? {
            Some(mut neighbours) => {
                neighbours.retain(|neighbour| self.reach.holds_row(neighbour.distance));
                cut(&mut neighbours, self.wanted, self.keeps_ties);
                Ok(self.whole(neighbours))
            }
            None => self.by_measuring_all(),
        }
    }

    /// The nearest so many and those that are as far away as the last of them, in order; `None` where commits keep getting in
    /// between, or the filter lets so few through that a scan finds them faster.
    pub(super) fn nearest_of(&self, graph: &GraphSearch<'_>, wanted: usize) -> Result<Option<Vec<Neighbour>>> {
        if let Some(neighbours) = self.by_columns(graph, wanted)? {
            return Ok(Some(neighbours));
        }
        self.report.clear();
        for _ in 0..SEARCHES_MAX {
            let index = &graph.index;
            let Some(changed) = index.changed_since(self.view.version) else { break };
            let Some(mut neighbours) = self.candidates(graph, wanted, &changed, None)? else { break };
            // A commit during the search may have taken entries out of the graph before the walk came by.
            if index.changed_since(self.view.version).is_none_or(|now| now.len() != changed.len()) {
                continue;
            }
            self.add_changed(&changed, &mut neighbours)?;
            neighbours.sort_unstable();
            cut(&mut neighbours, wanted, true);
            return Ok(Some(neighbours));
        }
        Ok(None)
    }

    /// Measures the entries that later commits changed, and those of the own transaction.
    pub(super) fn add_changed(&self, changed: &HashSet<Box<[u8]>>, neighbours: &mut Vec<Neighbour>) -> Result<()> {
        self.add_measured(changed.iter().map(AsRef::as_ref).filter(|key| !self.is_own(key)), neighbours)?;
        match self.view.writes.rows_of(self.query.collection.id) {
            Some(own) => self.add_measured(own.keys().map(EntryKey::as_bytes), neighbours),
            None => Ok(()),
        }
    }

    /// Among the rows that columns select, whose number is known; `None` where columns are no help. What may differ between the
    /// columns or the graph and the view is measured one by one.
    fn by_columns(&self, graph: &GraphSearch<'_>, wanted: usize) -> Result<Option<Vec<Neighbour>>> {
        let Some(filter) = self.filter.filter(|_| self.reads_columns) else { return Ok(None) };
        let selected = select_by_columns(self.view, &self.query.collection, filter, self.cancel)?;
        let Some((reading, mut selected)) = selected else { return Ok(None) };
        for _ in 0..SEARCHES_MAX {
            let index = &graph.index;
            let Some(changed) = index.changed_since(self.view.version) else { break };
            for ordinal in changed.iter().filter_map(|key| reading.columns.ordinal(key)) {
                selected.rows.remove(ordinal);
                selected.shared = None;
            }
            self.report.clear();
            self.report.note_selection(&reading, &selected);
            let found = self.among_selected(graph, wanted, (&reading, &selected), &changed)?;
            let Some(mut neighbours) = found else { break };
            if index.changed_since(self.view.version).is_none_or(|now| now.len() != changed.len()) {
                continue;
            }
            let by_row: HashSet<&[u8]> = selected.by_row.iter().chain(&changed).map(|key| &**key).collect();
            self.add_measured(by_row.into_iter(), &mut neighbours)?;
            neighbours.sort_unstable();
            cut(&mut neighbours, wanted, true);
            return Ok(Some(neighbours));
        }
        Ok(None)
    }

    /// What the index finds among selected rows; `None` where another way is better.
    fn among_selected(
        &self,
        search: &GraphSearch<'_>,
        wanted: usize,
        (reading, selected): (&ColumnReading, &SelectedRows),
        changed: &HashSet<Box<[u8]>>,
    ) -> Result<Option<Vec<Neighbour>>> {
        let index = &*search.index;
        let Some(graph) = index.graph() else { return Ok(Some(Vec::new())) };
        let columns = &*reading.columns;
        if !selected.has_rest {
            let found = graph.search_selected(search.target, wanted, search.ef, &mut |part| {
                index.ordinals.select(part, columns, selected.selection())
            })?;
            // A commit since the selection may have given a selected entry its first vector, which neither the selection nor the
            // index remembers as a change.
            if !index.agrees_with(self.view.version) {
                for candidate in &found.candidates {
                    if !self.view.has_vector_of(index.collection, index.column, &candidate.key)? {
                        return Ok(None);
                    }
                }
            }
            self.report.note_search(&found);
            return Ok(Some(found.candidates.into_iter().map(Neighbour::from).collect()));
        }
        if selected.count <= MEASURED_ROWS_MAX {
            let mut neighbours = Vec::with_capacity(selected.count);
            let keys = selected.rows.ordinals().filter_map(|ordinal| columns.key(ordinal));
            self.add_measured(keys, &mut neighbours)?;
            return Ok(Some(neighbours));
        }
        self.candidates(search, wanted, changed, Some((columns, &selected.rows)))
    }

    /// Whether the target is of the dimension that the column has outside of the own transaction. Where it is not, the
    /// transaction has taken every committed vector away, and only its own are measured.
    fn has_committed_dimension(&self, target: &[f32]) -> bool {
        let column = self.query.collection.columns.get(self.nearest.column);
        column.and_then(|column| column.ty.dimension()).is_none_or(|dimension| dimension as usize == target.len())
    }

    /// What the graph finds, without the entries in `changed` and those of the own transaction, and of those that are selected
    /// where that is known; `None` where a scan is the better way.
    fn candidates(
        &self,
        search: &GraphSearch<'_>,
        wanted: usize,
        changed: &HashSet<Box<[u8]>>,
        selected: Option<(&Columns, &Bitmap)>,
    ) -> Result<Option<Vec<Neighbour>>> {
        let index = &*search.index;
        let Some(graph) = index.graph() else { return Ok(Some(Vec::new())) };
        let mut failure = None;
        let may_pass = |key: &[u8]| {
            !changed.contains(key)
                && selected
                    .is_none_or(|(columns, rows)| columns.ordinal(key).is_some_and(|ordinal| rows.contains(ordinal)))
        };
        let mut accept = |key: &[u8]| match self.accepts(index, key, may_pass(key)) {
            Ok(accepted) => accepted,
            Err(error) => {
                failure.get_or_insert(error);
                false
            }
        };
        let entries = graph.len() as f64;
        let is_too_choosy = |share: f64| {
            let (by_graph, by_scan) = (wanted as f64 / share * LOOK_UP_COST, entries * (1.0 + share * MEASURE_COST));
            self.filter.is_some() && by_graph > by_scan
        };
        let bounds = WalkBounds { met_max: search.met_max, is_too_choosy: &is_too_choosy };
        let found = graph.search_unless(search.target, wanted, search.ef, &mut accept, &bounds)?;
        match failure {
            Some(error) => Err(error),
            None => Ok(found.map(|found| found.into_iter().map(Neighbour::from).collect())),
        }
    }

    /// Whether a candidate of the graph that may pass is in the snapshot with the graph's vector, and passes the filter.
    pub(super) fn accepts(&self, index: &VectorIndex, key: &[u8], may_pass: bool) -> Result<bool> {
        self.cancel.check()?;
        if !may_pass || self.is_own(key) {
            return Ok(false);
        }
        if self.filter.is_none() && index.agrees_with(self.view.version) {
            return Ok(true);
        }
        if !self.is_in_snapshot(index, key)? {
            return Ok(false);
        }
        let accepted = visit_key(self.view, &self.query.collection, key, |entry| self.passes(entry))?;
        Ok(accepted == Some(true))
    }

    /// Whether an entry that no commit changed since the snapshot has a vector there. A later commit may have given it its first
    /// one, which the index does not remember as a change.
    pub(super) fn is_in_snapshot(&self, index: &VectorIndex, key: &[u8]) -> Result<bool> {
        if index.agrees_with(self.view.version) {
            return Ok(true);
        }
        self.view.has_vector_of(index.collection, index.column, key)
    }

    fn is_own(&self, key: &[u8]) -> bool {
        self.view.writes.row(self.query.collection.id, key).is_some()
    }

    pub(super) fn passes(&self, entry: &EntryView<'_>) -> Result<bool> {
        self.filter.map_or(Ok(true), |filter| filter.accepts(entry))
    }

    pub(super) fn measure(&self, entry: &EntryView<'_>) -> Result<Option<f64>> {
        let Some(target) = &self.target else { return Ok(None) };
        let Value::Vector(vector) = entry.column(self.nearest.column)? else { return Ok(None) };
        let column = self.query.collection.columns.get(self.nearest.column).map_or("", |column| column.name.as_str());
        check_dimension(column, u32::try_from(target.len()).ok(), &vector)?;
        Ok(Some(self.nearest.metric.distance(target, &vector)))
    }

    /// Measures entries that the graph does not hold as this reader sees them.
    pub(super) fn add_measured<'k>(
        &self,
        keys: impl Iterator<Item = &'k [u8]>,
        neighbours: &mut Vec<Neighbour>,
    ) -> Result<()> {
        for key in keys {
            let found = visit_key(self.view, &self.query.collection, key, |entry| {
                if self.passes(entry)? { self.measure(entry) } else { Ok(None) }
            })?;
            neighbours.extend(found.flatten().map(|distance| Neighbour {
                distance: Some(distance),
                key: key.to_vec(),
                tier: 0,
            }));
        }
        Ok(())
    }

    /// By measuring every entry.
    pub(super) fn by_measuring_all(&self) -> Result<SearchFound> {
        self.by_measuring(&Access::everything(), self.nearest.keeps_missing && !self.has_limit)
    }

    fn by_measuring(&self, access: &Access, keeps_missing: bool) -> Result<SearchFound> {
        let mut nearest = NearestSoFar::new(self.wanted, self.keeps_ties);
        let narrowed = match (access, self.filter.filter(|_| self.reads_columns)) {
            (Access::Range { .. }, Some(filter)) => {
                self.report.clear();
                few_selected_keys(self.view, &self.query.collection, filter, (self.cancel, self.report))?
            }
            _ => None,
        };
        let narrowed = narrowed.map(Access::Keys);
        let access = narrowed.as_ref().unwrap_or(access);
        let (mut memory, mut measured, mut longest) = (self.account.nothing(), 0_usize, 0);
        visit_access(self.view, &self.query.collection, access, self.cancel, &mut |entry| {
            if !self.passes(entry)? {
                return Ok(ControlFlow::Continue(()));
            }
            let distance = self.measure(entry)?;
            if self.reach.holds_row(distance) && (distance.is_some() || keeps_missing) {
                nearest.offer(distance, entry.key);
                (measured, longest) = (measured + 1, longest.max(entry.key.len()));
                if measured.is_multiple_of(MEASURED_PER_ACCOUNT) {
                    memory.resize(nearest.bytes(longest))?;
                }
            }
            Ok(ControlFlow::Continue(()))
        })?;
        let mut neighbours = nearest.into_sorted();
        cut(&mut neighbours, self.wanted, self.keeps_ties);
        Ok(SearchFound { neighbours, rest: None, memory })
    }
}
