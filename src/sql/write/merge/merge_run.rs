//! MERGE, run: which clause each row is for, the locks of the rows that are changed, and the changes.

use std::collections::HashSet;

use crate::db::{EntryKey, Gathered, LockMode, ReadView, Row};
use crate::error::{Error, ErrorKind, Result};
use crate::sql::write::insert::insert_new;
use crate::sql::write::merge::merge_plan::{MergePlan, MergeRows};
use crate::sql::write::merge::row_layout::RowKind;
use crate::sql::write::merge::when_clause::{Action, PlacedValues};
use crate::sql::write::returning::{Returning, Versions};
use crate::sql::write::write_plan::{Changes, stage_of};
use crate::sql::write::write_target::WritePlace;
use crate::statement::{CommandTag, WriteRun, Written, key_of_value};
use crate::types::Value;

/// How many rows are computed at once, at most, and of how many bytes where they are several: they are copied for that.
const ROWS_AT_ONCE: usize = 1_024;
const BYTES_AT_ONCE: usize = 4 << 20;
/// How often a statement looks for its rows anew since others have changed some of them before they were locked. Each time somebody has
/// committed.
const LOOKS_MAX: usize = 100;

/// The rows that something is done with, each with the place of its clause.
struct Decided {
    rows: Gathered,
    clauses: Vec<usize>,
}

/// What came of the rows so far.
struct Outcome {
    count: u64,
    shown: Gathered,
    /// The rows of the target that it has changed.
    changed: HashSet<EntryKey>,
    /// What subqueries of RETURNING read.
    view: Option<ReadView>,
}

impl MergePlan {
    /// Makes the changes; the command tag and the rows of RETURNING.
    ///
    /// # Errors
    /// 21000 for a row of the target that two rows of the source change, 40001 where others keep changing the rows; as
    /// [`ReadPlan::execute`](crate::sql::read::read_plan::ReadPlan::execute), `RowExpressions::evaluate`, [`insert_new`], [`Changes::apply`],
    /// `Transaction::delete` and [`Returning::row`]; 53200 where there is no memory for the rows; 57014 and 57P01 when the statement is
    /// cancelled.
    pub async fn execute(&self, run: &mut WriteRun<'_>) -> Result<Written> {
        let mut looks = 0;
        let decided = loop {
            let decided = self.decide(run).await?;
            if !self.lock(run, &decided).await? {
                break decided;
            }
            looks += 1;
            if looks == LOOKS_MAX {
                let message = "could not serialize access due to concurrent update";
                return Err(Error::new(ErrorKind::SerializationFailure, message));
            }
        };
        let view = self.returning.as_ref().and_then(|returning| returning.view(run));
        let shown = Gathered::new(&run.settings.memory);
        let mut outcome = Outcome { count: 0, shown, changed: HashSet::new(), view };
        // Subqueries read what was there before the first change.
        let before = run.view().clone();
        let (mut rows, mut clauses) = (decided.rows.rows(), decided.clauses.as_slice());
        while !rows.is_empty() {
            let length = part_length(rows);
            let (part, rest) = rows.split_at(length);
            let (clauses_of_part, clauses_of_rest) = clauses.split_at(length.min(clauses.len()));
            (rows, clauses) = (rest, clauses_of_rest);
            let full: Vec<Row> = part.iter().map(|row| self.full(row)).collect();
            let mut values = self.values(run, &before, &full, clauses_of_part).await?.into_iter();
            for ((row, full), clause) in part.iter().zip(full).zip(clauses_of_part) {
                run.cancel.check()?;
                let values = values.next().unwrap_or_default();
                let key = row.first().cloned().unwrap_or_default();
                self.change(run, (key, full), (*clause, values), &mut outcome).await?;
            }
        }
        Ok(Written { tag: CommandTag::counted("MERGE", outcome.count), rows: outcome.shown })
    }

    /// Reads the rows, and decides for each row which clause it is for.
    async fn decide(&self, run: &WriteRun<'_>) -> Result<Decided> {
        let view = run.view().clone();
        let mut decided = Decided { rows: Gathered::new(&run.settings.memory), clauses: Vec::new() };
        let mut stream = self.source_plan().execute(&view, run.parameters, run.settings, run.cancel).await?;
        while let Some(chunk) = stream.next_chunk().await? {
            run.cancel.check()?;
            let mut rows = chunk.into_iter();
            while !rows.as_slice().is_empty() {
                let length = part_length(rows.as_slice());
                let part: Vec<Row> = rows.by_ref().take(length).collect();
                let part = match &self.rows {
                    MergeRows::Joined(_) => part,
                    MergeRows::Keyed(keyed) => keyed.joined(run, &view, (&self.collection, &self.positions), part)?,
                };
                let chosen = self.choose(run, &view, &part).await?;
                for (row, clause) in part.into_iter().zip(chosen) {
                    if let Some(clause) = clause {
                        decided.rows.push(row)?;
                        decided.clauses.push(clause);
                    }
                }
            }
        }
        Ok(decided)
    }

    /// The first clause that takes each row; `None` where there is none, or one that does nothing.
    async fn choose(&self, run: &WriteRun<'_>, view: &ReadView, rows: &[Row]) -> Result<Vec<Option<usize>>> {
        let kinds: Vec<RowKind> = rows.iter().map(|row| self.kind(row)).collect();
        let full: Vec<Row> = rows.iter().map(|row| self.full(row)).collect();
        let mut waiting: Vec<usize> = (0..rows.len()).collect();
        let mut chosen: Vec<Option<usize>> = vec![None; rows.len()];
        for (place, clause) in self.clauses.iter().enumerate() {
            let (asked, others): (Vec<usize>, Vec<usize>) =
                waiting.into_iter().partition(|at| kinds.get(*at) == Some(&clause.kind));
            waiting = others;
            let accepted: Vec<bool> = match &clause.condition {
                None => vec![true; asked.len()],
                Some(condition) => {
                    let rows: Vec<&[Value]> = asked.iter().filter_map(|at| full.get(*at)).map(Vec::as_slice).collect();
                    let truths = condition.evaluate(run, view, &rows).await?;
                    truths.iter().map(|truth| matches!(truth.as_slice(), [Value::Bool(true)])).collect()
                }
            };
            for (at, is_accepted) in asked.into_iter().zip(accepted) {
                match chosen.get_mut(at) {
                    Some(slot) if is_accepted => *slot = Some(place),
                    _ => waiting.push(at),
                }
            }
        }
        let does_something =
            |place: &usize| self.clauses.get(*place).is_some_and(|clause| !matches!(clause.action, Action::Nothing));
        Ok(chosen.into_iter().map(|place| place.filter(does_something)).collect())
    }

    fn kind(&self, row: &[Value]) -> RowKind {
        let is_null = |at: usize| row.get(at).is_none_or(Value::is_null);
        if is_null(0) {
            RowKind::NotMatched
        } else if self.kinds.without_source && is_null(1) {
            RowKind::NotMatchedBySource
        } else {
            RowKind::Matched
        }
    }

    /// A row with all of its columns, NULL for those that nothing reads.
    fn full(&self, row: &[Value]) -> Row {
        let mut full = vec![Value::Null; self.width];
        let first = if self.kinds.without_source { 2 } else { 1 };
        for (position, value) in self.positions.iter().zip(row.iter().skip(first)) {
            if let Some(slot) = full.get_mut(*position) {
                slot.clone_from(value);
            }
        }
        full
    }

    /// Locks the rows that are changed. Whether some have changed meanwhile, so that everything is to be looked at once more.
    async fn lock(&self, run: &mut WriteRun<'_>, decided: &Decided) -> Result<bool> {
        let mut keys: [(LockMode, Vec<EntryKey>); 2] =
            [(LockMode::NoKeyUpdate, Vec::new()), (LockMode::Update, Vec::new())];
        for (row, place) in decided.rows.rows().iter().zip(&decided.clauses) {
            let mode = match self.clauses.get(*place).map(|clause| &clause.action) {
                Some(Action::Update { mode, .. }) => *mode,
                Some(Action::Delete) => LockMode::Update,
                Some(Action::Insert(_) | Action::Nothing) | None => continue,
            };
            let key = row.first().cloned().unwrap_or_default();
            let key = key_of_value(run.transaction, &self.collection, key)?;
            if let Some((_, keys)) = keys.iter_mut().find(|(known, _)| *known == mode) {
                keys.push(key);
            }
        }
        let mut has_changed = false;
        for (mode, keys) in &keys {
            if !keys.is_empty() {
                has_changed |= run.lock_found(&self.collection, keys.iter(), *mode).await?;
            }
        }
        Ok(has_changed)
    }

    /// What each row is given, by the clause that it is for.
    async fn values(&self, run: &WriteRun<'_>, view: &ReadView, rows: &[Row], clauses: &[usize]) -> Result<Vec<Row>> {
        let mut given: Vec<Row> = vec![Row::new(); rows.len()];
        for (place, clause) in self.clauses.iter().enumerate() {
            let (Action::Update { assigned: placed, .. } | Action::Insert(placed)) = &clause.action else { continue };
            let own: Vec<usize> =
                clauses.iter().enumerate().filter(|(_, of)| **of == place).map(|(at, _)| at).collect();
            let of_clause: Vec<&[Value]> = own.iter().filter_map(|at| rows.get(*at)).map(Vec::as_slice).collect();
            let values = placed.values.evaluate(run, view, &of_clause).await?;
            for (at, values) in own.into_iter().zip(values) {
                if let Some(slot) = given.get_mut(at) {
                    *slot = values;
                }
            }
        }
        Ok(given)
    }

    /// Does with a row what its clause says.
    async fn change(
        &self,
        run: &mut WriteRun<'_>,
        (key, full): (Value, Row),
        (place, values): (usize, Row),
        outcome: &mut Outcome,
    ) -> Result<()> {
        let Some(clause) = self.clauses.get(place) else { return Ok(()) };
        let done = match &clause.action {
            Action::Nothing => return Ok(()),
            Action::Insert(given) => {
                Done { stored: Some(self.insert(run, given, values).await?), old: None, action: "INSERT" }
            }
            Action::Update { assigned, .. } => {
                let key = self.target_key(run, key, outcome)?;
                let Some(done) = self.update(run, key, assigned, values).await? else { return Ok(()) };
                done
            }
            Action::Delete => {
                let key = self.target_key(run, key, outcome)?;
                let old = run.transaction.view().row(&self.collection, &key)?;
                if !run.transaction.delete(&self.collection, &key)? {
                    return Ok(());
                }
                Done { stored: None, old, action: "DELETE" }
            }
        };
        outcome.count += 1;
        let Some(returning) = &self.returning else { return Ok(()) };
        let new =
            done.stored.as_ref().map(|key| run.transaction.view().row(&self.collection, key)).transpose()?.flatten();
        let target = new.as_ref().or(done.old.as_ref()).cloned().unwrap_or_default();
        // The columns of the target as they are now stand before those of the source.
        let beside = full.into_iter().skip(self.collection.columns.len());
        let row: Row = target.into_iter().chain(beside).chain([Value::text(done.action)]).collect();
        let versions = Versions { old: done.old.as_deref(), new: new.as_deref() };
        outcome.shown.push(returning.row(run, outcome.view.as_ref(), &row, versions).await?)
    }

    /// The key of a row of the target that is changed now, and has not been before.
    fn target_key(&self, run: &WriteRun<'_>, key: Value, outcome: &mut Outcome) -> Result<EntryKey> {
        let key = key_of_value(run.transaction, &self.collection, key)?;
        if !outcome.changed.insert(key.clone()) {
            return Err(Error::new(ErrorKind::Cardinality, "MERGE command cannot affect row a second time")
                .with_hint("Ensure that not more than one source row matches any one target row."));
        }
        Ok(key)
    }

    async fn update(
        &self,
        run: &mut WriteRun<'_>,
        key: EntryKey,
        assigned: &PlacedValues,
        values: Row,
    ) -> Result<Option<Done>> {
        let shows_old = self.returning.as_ref().is_some_and(Returning::shows_versions);
        let old = if shows_old { run.transaction.view().row(&self.collection, &key)? } else { None };
        let mut changes = Changes::default();
        for (place, value) in assigned.places.iter().zip(values) {
            changes.put(*place, value)?;
        }
        let Some(after) = changes.apply(run, &self.collection, &key).await? else { return Ok(None) };
        self.check(run, &after)?;
        Ok(Some(Done { stored: Some(after), old, action: "UPDATE" }))
    }

    async fn insert(&self, run: &mut WriteRun<'_>, given: &PlacedValues, values: Row) -> Result<EntryKey> {
        let mut columns: Vec<Option<Value>> = vec![None; self.collection.columns.len()];
        let mut stage = None;
        for (place, value) in given.places.iter().zip(values) {
            match place {
                WritePlace::Stage => stage = Some(value),
                WritePlace::Column(position) => {
                    if let Some(slot) = columns.get_mut(*position) {
                        *slot = Some(value);
                    }
                }
            }
        }
        if let Some(defaults) = &self.defaults {
            defaults.fill(run, &mut columns).await?;
        }
        let key = insert_new(run, &self.collection, columns).await?;
        if let Some(stage) = &stage {
            run.transaction.set_stage(&self.collection, &key, stage_of(stage)?)?;
        }
        self.check(run, &key)?;
        Ok(key)
    }

    /// Looks whether a row that was written is one of the view that it was written through.
    fn check(&self, run: &WriteRun<'_>, key: &EntryKey) -> Result<()> {
        if self.checks.is_empty() {
            return Ok(());
        }
        let row = run.transaction.view().row(&self.collection, key)?.unwrap_or_default();
        self.checks.check(&row, &run.environment())
    }
}

/// How many of the rows that come first are computed at once: one at least.
fn part_length(rows: &[Row]) -> usize {
    let mut bytes = 0_usize;
    let fits = |row: &&Row| {
        bytes = row.iter().map(Value::bytes).fold(bytes, usize::saturating_add);
        bytes <= BYTES_AT_ONCE
    };
    rows.iter().take(ROWS_AT_ONCE).take_while(fits).count().max(1)
}

/// What was done with a row of the target.
struct Done {
    /// The key of what is there now.
    stored: Option<EntryKey>,
    /// What was there before, where that is shown.
    old: Option<Row>,
    action: &'static str,
}
