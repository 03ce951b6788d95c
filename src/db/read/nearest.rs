//! Nearest-neighbour retrieval: the rows of a collection by their distance to a vector.
//!
//! By the graph when the plan says so: candidates come in order of distance, each is checked against the snapshot and the
//! filter inside the search, and rows of the own transaction, as well as those that later commits changed, are measured and
//! merged in. Otherwise every entry that the access path yields is measured. Both give exact distances, and cut by those;
//! entries that are as far away as the last one stay where something behind the distance decides among them.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::db::columns::bitmap::Bitmap;
use crate::db::columns::columns::Columns;
use crate::db::pending::write_set::EntryKey;
use crate::db::read::access_path::{Access, AccessPlan};
use crate::db::read::column_reading::{ColumnReading, SelectedRows, few_selected_keys, select_by_columns};
use crate::db::read::cursor::visit_access;
use crate::db::read::entry_view::{EntryView, check_dimension};
use crate::db::read::query::{BoundQuery, Nearest, Target};
use crate::db::read::run_report::RunReport;
use crate::db::read::scan::visit_key;
use crate::db::read::view::ReadView;
use crate::db::state::cancel::Cancel;
use crate::db::vectors::vector_indexes::VectorIndex;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::Program;
use crate::metrics;
use crate::model::CollectionId;
use crate::store::encode_sought;
use crate::types::limits::NEAREST_LIMIT_MAX;
use crate::types::{ColumnType, Value};
use crate::vector::{Candidate, check_finite};

/// Walks of the graph before every entry is measured instead, when commits keep getting in between.
const SEARCHES_MAX: usize = 3;

/// Rows that columns select up to which each one is read and measured where a part of the filter remains.
const MEASURED_ROWS_MAX: usize = 2_000;

/// What looking an entry up by its key costs, and measuring one, each against passing one in a scan.
const LOOK_UP_COST: f64 = 12.0;
const MEASURE_COST: f64 = 20.0;

/// An entry with its distance, `None` without a vector. Ordered by distance, those without one last, then by key, so that
/// results are the same every time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Neighbour {
    pub distance: Option<f64>,
    pub key: Vec<u8>,
}

impl From<Candidate> for Neighbour {
    fn from(found: Candidate) -> Self {
        Neighbour { distance: Some(found.distance), key: found.key.to_vec() }
    }
}

impl Eq for Neighbour {}

impl PartialOrd for Neighbour {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Neighbour {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_distances(self.distance, other.distance).then_with(|| self.key.cmp(&other.key))
    }
}

fn compare_distances(left: Option<f64>, right: Option<f64>) -> Ordering {
    match (left, right) {
        // Distances have one NaN, which comes last; adding zero takes the sign from -0.
        (Some(left), Some(right)) => (left + 0.0).total_cmp(&(right + 0.0)),
        (left, right) => left.is_none().cmp(&right.is_none()),
    }
}

/// A bound search.
struct Search<'a> {
    view: &'a ReadView,
    query: &'a BoundQuery,
    nearest: &'a Nearest,
    /// `None` is NULL, to which every distance is NULL.
    target: Option<Arc<[f32]>>,
    within: Option<f64>,
    filter: Option<&'a Program>,
    /// Neighbours wanted at most, offset included.
    wanted: usize,
    /// Those that are as far away as the last one are wanted, too.
    keeps_ties: bool,
    reads_columns: bool,
    cancel: &'a Cancel,
    report: &'a RunReport,
}

/// The nearest entries that pass the filter, nearest first: as many as LIMIT and OFFSET together ask for, and where the query
/// orders those that are equally near, all that are as far away as the last one.
pub(crate) fn search(
    view: &ReadView,
    query: &BoundQuery,
    plan: &AccessPlan,
    (cancel, report): (&Cancel, &RunReport),
) -> Result<Vec<Neighbour>> {
    let _timer = metrics::NEAREST_SECONDS.start();
    let nearest = query.nearest.as_ref().ok_or_else(|| Error::internal("a search without a target"))?;
    let target = target(view, query, nearest)?;
    if target.is_none() && !nearest.keeps_missing {
        return Ok(Vec::new());
    }
    let (limit, offset) = query.window()?;
    let within = match &nearest.within {
        None => None,
        Some(within) => match within.bind(&[])?.cast(&ColumnType::Float8, false)? {
            Value::Float8(within) => Some(within),
            _ => None,
        },
    };
    let wanted = limit.map_or(usize::MAX, |limit| limit.saturating_add(offset));
    let keeps_ties = nearest.keeps_ties || query.orders_ties();
    let filter = query.filter.as_ref();
    let reads_columns = plan.reads_columns;
    let search =
        Search { view, query, nearest, target, within, filter, wanted, keeps_ties, reads_columns, cancel, report };
    match &plan.access {
        Access::Graph { id, ef, .. } => match &search.target {
            Some(target) => search.by_graph(target, *id, *ef),
            None => search.by_measuring(&Access::everything(), true),
        },
        access => search.by_measuring(access, nearest.keeps_missing),
    }
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

impl Search<'_> {
    fn by_graph(&self, target: &[f32], index: CollectionId, ef: usize) -> Result<Vec<Neighbour>> {
        let Some(index) = self.view.database.vector_index(index).filter(|_| self.has_committed_dimension(target))
        else {
            return self.by_measuring(&Access::everything(), false);
        };
        if let Some(neighbours) = self.by_columns(target, &index, ef)? {
            return Ok(neighbours);
        }
        self.report.clear();
        for _ in 0..SEARCHES_MAX {
            let Some(changed) = index.changed_since(self.view.version) else { break };
            let Some(mut neighbours) = self.candidates(target, &index, ef, &changed, None)? else { break };
            // A commit during the search may have taken entries out of the graph before the walk came by.
            if index.changed_since(self.view.version).is_none_or(|now| now.len() != changed.len()) {
                continue;
            }
            self.add_measured(changed.iter().map(AsRef::as_ref).filter(|key| !self.is_own(key)), &mut neighbours)?;
            if let Some(own) = self.view.writes.rows_of(self.query.collection.id) {
                self.add_measured(own.keys().map(EntryKey::as_bytes), &mut neighbours)?;
            }
            neighbours.sort_unstable();
            return Ok(self.cut(neighbours));
        }
        // Commits keep getting in between, or the filter lets so few through that a scan finds them faster.
        self.by_measuring(&Access::everything(), false)
    }

    /// Among the rows that columns select, whose number is known; `None` where columns are no help. What may differ between the
    /// columns or the graph and the view is measured one by one.
    fn by_columns(&self, target: &[f32], index: &VectorIndex, ef: usize) -> Result<Option<Vec<Neighbour>>> {
        let Some(filter) = self.filter.filter(|_| self.reads_columns) else { return Ok(None) };
        let selected = select_by_columns(self.view, &self.query.collection, filter, self.cancel)?;
        let Some((reading, mut selected)) = selected else { return Ok(None) };
        for _ in 0..SEARCHES_MAX {
            let Some(changed) = index.changed_since(self.view.version) else { break };
            for ordinal in changed.iter().filter_map(|key| reading.columns.ordinal(key)) {
                selected.rows.remove(ordinal);
                selected.shared = None;
            }
            self.report.clear();
            self.report.note_selection(&reading, &selected);
            let found = self.among_selected(target, index, ef, (&reading, &selected), &changed)?;
            let Some(mut neighbours) = found else { break };
            if index.changed_since(self.view.version).is_none_or(|now| now.len() != changed.len()) {
                continue;
            }
            let by_row: HashSet<&[u8]> = selected.by_row.iter().chain(&changed).map(|key| &**key).collect();
            self.add_measured(by_row.into_iter(), &mut neighbours)?;
            neighbours.sort_unstable();
            return Ok(Some(self.cut(neighbours)));
        }
        Ok(None)
    }

    /// What the index finds among selected rows; `None` where another way is better.
    fn among_selected(
        &self,
        target: &[f32],
        index: &VectorIndex,
        ef: usize,
        (reading, selected): (&ColumnReading, &SelectedRows),
        changed: &HashSet<Box<[u8]>>,
    ) -> Result<Option<Vec<Neighbour>>> {
        let Some(graph) = index.graph() else { return Ok(Some(Vec::new())) };
        let columns = &*reading.columns;
        if !selected.has_rest {
            let wanted = self.wanted.min(NEAREST_LIMIT_MAX);
            let found = graph.search_selected(target, wanted, ef, &mut |part| {
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
        self.candidates(target, index, ef, changed, Some((columns, &selected.rows)))
    }

    /// Whether the target is of the dimension that the column has outside of the own transaction. Where it is not, the
    /// transaction has taken every committed vector away, and only its own are measured.
    fn has_committed_dimension(&self, target: &[f32]) -> bool {
        let column = self.query.collection.columns.get(self.nearest.column);
        !matches!(column.map(|column| &column.ty), Some(ColumnType::Vector(Some(dimension))) if *dimension as usize != target.len())
    }

    /// What the graph finds, without the entries in `changed` and those of the own transaction, and of those that are selected
    /// where that is known; `None` where a scan is the better way.
    fn candidates(
        &self,
        target: &[f32],
        index: &VectorIndex,
        ef: usize,
        changed: &HashSet<Box<[u8]>>,
        selected: Option<(&Columns, &Bitmap)>,
    ) -> Result<Option<Vec<Neighbour>>> {
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
        let (wanted, entries) = (self.wanted.min(NEAREST_LIMIT_MAX), graph.len() as f64);
        let is_too_choosy = |share: f64| {
            let (by_graph, by_scan) = (wanted as f64 / share * LOOK_UP_COST, entries * (1.0 + share * MEASURE_COST));
            self.filter.is_some() && by_graph > by_scan
        };
        let found = graph.search_unless(target, wanted, ef, &mut accept, &is_too_choosy)?;
        match failure {
            Some(error) => Err(error),
            None => Ok(found.map(|found| found.into_iter().map(Neighbour::from).collect())),
        }
    }

    /// Whether a candidate of the graph that may pass is in the snapshot with the graph's vector, and passes the filter.
    fn accepts(&self, index: &VectorIndex, key: &[u8], may_pass: bool) -> Result<bool> {
        self.cancel.check()?;
        if !may_pass || self.is_own(key) {
            return Ok(false);
        }
        if self.filter.is_none() && index.agrees_with(self.view.version) {
            return Ok(true);
        }
        // A later commit may have given the entry its first vector, which the index does not remember as a change.
        if !index.agrees_with(self.view.version) && !self.view.has_vector_of(index.collection, index.column, key)? {
            return Ok(false);
        }
        let accepted = visit_key(self.view, &self.query.collection, key, |entry| self.passes(entry))?;
        Ok(accepted == Some(true))
    }

    fn is_own(&self, key: &[u8]) -> bool {
        self.view.writes.row(self.query.collection.id, key).is_some()
    }

    fn passes(&self, entry: &EntryView<'_>) -> Result<bool> {
        self.filter.map_or(Ok(true), |filter| filter.accepts(entry))
    }

    fn measure(&self, entry: &EntryView<'_>) -> Result<Option<f64>> {
        let Some(target) = &self.target else { return Ok(None) };
        let Value::Vector(vector) = entry.column(self.nearest.column)? else { return Ok(None) };
        let column = self.query.collection.columns.get(self.nearest.column).map_or("", |column| column.name.as_str());
        check_dimension(column, u32::try_from(target.len()).ok(), &vector)?;
        Ok(Some(self.nearest.metric.distance(target, &vector)))
    }

    /// Measures entries that the graph does not hold as this reader sees them.
    fn add_measured<'k>(&self, keys: impl Iterator<Item = &'k [u8]>, neighbours: &mut Vec<Neighbour>) -> Result<()> {
        for key in keys {
            let found = visit_key(self.view, &self.query.collection, key, |entry| {
                if self.passes(entry)? { self.measure(entry) } else { Ok(None) }
            })?;
            neighbours
                .extend(found.flatten().map(|distance| Neighbour { distance: Some(distance), key: key.to_vec() }));
        }
        Ok(())
    }

    fn by_measuring(&self, access: &Access, keeps_missing: bool) -> Result<Vec<Neighbour>> {
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
        visit_access(self.view, &self.query.collection, access, self.cancel, &mut |entry| {
            if !self.passes(entry)? {
                return Ok(ControlFlow::Continue(()));
            }
            let distance = self.measure(entry)?;
            if distance.is_some() || keeps_missing {
                nearest.offer(distance, entry.key);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(self.cut(nearest.into_sorted()))
    }

    /// Applies WITHIN and the number of neighbours wanted to neighbours in order.
    fn cut(&self, mut neighbours: Vec<Neighbour>) -> Vec<Neighbour> {
        if let Some(within) = self.within {
            neighbours.retain(|neighbour| neighbour.distance.is_some_and(|distance| distance <= within));
        }
        let last = self.wanted.checked_sub(1).filter(|_| self.keeps_ties).and_then(|last| neighbours.get(last));
        let wanted = match last.map(|last| last.distance) {
            Some(farthest) => {
                neighbours.partition_point(|neighbour| compare_distances(neighbour.distance, farthest).is_le())
            }
            None => self.wanted,
        };
        neighbours.truncate(wanted);
        neighbours
    }
}

/// The nearest of entries that come one by one.
struct NearestSoFar {
    wanted: usize,
    keeps_ties: bool,
    nearest: BinaryHeap<Neighbour>,
    /// As far away as the farthest of the nearest.
    ties: Vec<Neighbour>,
}

impl NearestSoFar {
    fn new(wanted: usize, keeps_ties: bool) -> Self {
        NearestSoFar { wanted, keeps_ties, nearest: BinaryHeap::new(), ties: Vec::new() }
    }

    fn offer(&mut self, distance: Option<f64>, key: &[u8]) {
        let neighbour = || Neighbour { distance, key: key.to_vec() };
        if self.nearest.len() < self.wanted {
            return self.nearest.push(neighbour());
        }
        let Some(farthest) = self.nearest.peek() else { return };
        match compare_distances(distance, farthest.distance) {
            Ordering::Greater => {}
            Ordering::Equal if self.keeps_ties => self.ties.push(neighbour()),
            // Keys come in some order, and the first of them decides.
            Ordering::Equal if key < farthest.key.as_slice() => {
                self.nearest.pop();
                self.nearest.push(neighbour());
            }
            Ordering::Equal => {}
            Ordering::Less => {
                let left_out = self.nearest.pop();
                self.nearest.push(neighbour());
                let farthest = self.nearest.peek().and_then(|farthest| farthest.distance);
                let is_tie = |left_out: &Neighbour| compare_distances(left_out.distance, farthest).is_eq();
                match left_out.filter(is_tie) {
                    Some(left_out) if self.keeps_ties => self.ties.push(left_out),
                    Some(_) => {}
                    None => self.ties.clear(),
                }
            }
        }
    }

    fn into_sorted(self) -> Vec<Neighbour> {
        let mut all = self.nearest.into_vec();
        all.extend(self.ties);
        all.sort_unstable();
        all
    }
}
