//! UPDATE MEMORY: lowered once, and computed of each entry that its condition accepts.
//!
//! Only what is named changes. Facts keep their stamps where they stay as they are, so that edits of different facts by different
//! members both survive.

use std::collections::{BTreeMap, HashSet};

use crate::db::{EntryKey, Gathered, Row, mode_of_update};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Expr, Operand, PathBase, Program, Scalar};
use crate::knirvql::assigned::AssignedPlace;
use crate::knirvql::ast::{Assignment, AstExpression, Path, UpdateMemory};
use crate::knirvql::fact_functions::json_field;
use crate::knirvql::json_place::with_place;
use crate::knirvql::lower::{BodyAndColumns, KnirvqlLowering, changing};
use crate::knirvql::memory_write::{
    ChangedColumns, ChangedFacts, blob_columns, blob_scalar, no_blobs, vector_column, vector_scalar,
};
use crate::knirvql::resolve::resolve;
use crate::knirvql::returned::Returned;
use crate::knirvql::selected_change::Selection;
use crate::metrics::StatementKind;
use crate::model::{Collection, CollectionKind, DefaultValue};
use crate::statement::{Change, CommandTag, Privilege, ReadRun, Work, WriteRun, Written, at_once, later};
use crate::types::json::jsonb::PathStep;
use crate::types::{ColumnType, Value, jsonb_text, value_of_json_text};

/// A lowered UPDATE MEMORY.
#[derive(Debug)]
pub struct MemoryUpdate {
    selection: Selection,
    changes: EntryChanges,
    returning: Option<Returned>,
}

/// What becomes of an entry.
#[derive(Debug, Default)]
struct EntryChanges {
    /// Whole columns by position.
    columns: Vec<(usize, Expr)>,
    places: Vec<AssignedPlace>,
    /// `Some(None)` takes it away.
    blob: Option<Option<Scalar>>,
}

/// A document that places are changed in: a column, or a fact that no column declares.
type PlaceRoot = (Option<usize>, Option<String>);

impl KnirvqlLowering<'_> {
    /// UPDATE MEMORY.
    ///
    /// # Errors
    /// 42601 for a place that is assigned twice or is none, 42703, 42804 and 0A000 for what the collection does not have.
    pub fn update_memory(&mut self, update: &UpdateMemory) -> Result<BodyAndColumns> {
        let collection = self.memory_collection(update.collection.as_deref())?;
        collection.check_changeable()?;
        self.notes.touch_collection(&collection, Privilege::Update);
        // Its condition reads them.
        self.notes.touch_collection(&collection, Privilege::Select);
        let mut changes = EntryChanges::default();
        for assignment in &update.assignments {
            self.assign(&collection, assignment, &mut changes)?;
        }
        for path in &update.unset {
            unset(&collection, path, &mut changes)?;
        }
        let filter = self.filter(&collection, &update.condition)?;
        let returning = Returned::new(&collection, &update.returning)?;
        let columns = returning.as_ref().map(|returning| returning.columns.clone());
        let selection = Selection { collection, filter, lenient: false };
        Ok((changing(MemoryUpdate { selection, changes, returning }).0, columns))
    }

    fn assign(&mut self, collection: &Collection, assignment: &Assignment, changes: &mut EntryChanges) -> Result<()> {
        match assignment {
            Assignment::Vector(vector) => {
                let (position, ty) = vector_column(collection)?;
                let value = match vector {
                    Some(vector) => Expr::Scalar(vector_scalar(vector, &ty, &mut self.parameters)),
                    None => Expr::constant(Value::Null),
                };
                changes.column(collection, position, value)
            }
            Assignment::Blob(blob) => {
                let blob = blob.as_ref().map(|blob| blob_scalar(collection, blob, &mut self.parameters));
                changes.blob(collection, blob.transpose()?)
            }
            Assignment::Path(path, value) => self.assign_path(collection, path, value, changes),
        }
    }

    fn assign_path(
        &mut self,
        collection: &Collection,
        path: &Path,
        value: &AstExpression,
        changes: &mut EntryChanges,
    ) -> Result<()> {
        match resolve(collection, path)?.operand {
            Operand::Column(position) => {
                let ty = collection.columns.get(position).map_or(ColumnType::Text, |column| column.ty.clone());
                // A dimension that was learned goes with the last vector: it is checked where that is known.
                let ty = if collection.learns_dimension(position) { ty.with_dimension(None) } else { ty };
                let value = self.column_value(collection, value, &ty)?;
                changes.column(collection, position, value)
            }
            Operand::Path { base, path: steps, .. } => {
                let value = Some(self.fact_value(collection, value)?);
                changes.place(AssignedPlace { base, steps, value, shown: path.to_string() })
            }
            Operand::System(_) | Operand::Key | Operand::Computed(_) => Err(no_place(path)),
        }
    }
}

fn unset(collection: &Collection, path: &Path, changes: &mut EntryChanges) -> Result<()> {
    let is_named = |name: &str| path.steps.is_empty() && path.root.eq_ignore_ascii_case(name);
    if is_named("blob") && collection.column("blob").is_none() {
        return changes.blob(collection, None);
    }
    if is_named("vector") && collection.column("vector").is_none() {
        return changes.column(collection, vector_column(collection)?.0, Expr::constant(Value::Null));
    }
    match resolve(collection, path)?.operand {
        Operand::Column(position) => changes.column(collection, position, Expr::constant(Value::Null)),
        Operand::Path { base, path: steps, .. } => {
            changes.place(AssignedPlace { base, steps, value: None, shown: path.to_string() })
        }
        Operand::System(_) | Operand::Key | Operand::Computed(_) => Err(no_place(path)),
    }
}

fn no_place(path: &Path) -> Error {
    Error::syntax(format!("{path} is kept by the database, and UPDATE does not change it"), None)
        .with_hint("Facts are named by their paths: metadata.x. Entries are staged with STAGE MEMORY.")
}

/// Refuses a column that the database gives its values.
fn check_assignable(collection: &Collection, position: usize) -> Result<()> {
    let Some(column) = collection.columns.get(position) else { return Ok(()) };
    let kind = match column.default {
        _ if column.computation().is_some() => "a generated column",
        Some(DefaultValue::Identity) => "an identity column defined as GENERATED ALWAYS",
        _ => return Ok(()),
    };
    let name = &column.name;
    let message = format!("column \"{name}\" can only be updated to DEFAULT");
    Err(Error::new(ErrorKind::GeneratedAlways, message).with_detail(format!("Column \"{name}\" is {kind}.")))
}

fn twice(what: &str) -> Error {
    Error::syntax(format!("{what} is assigned twice"), None).with_hint("Name each place once.")
}

impl EntryChanges {
    fn column(&mut self, collection: &Collection, position: usize, value: Expr) -> Result<()> {
        let name = collection.columns.get(position).map_or("a column", |column| column.name.as_str());
        let is_inside = |place: &AssignedPlace| place.base == PathBase::Column(position);
        if self.columns.iter().any(|(taken, _)| *taken == position) || self.places.iter().any(is_inside) {
            return Err(twice(name));
        }
        check_assignable(collection, position)?;
        self.columns.push((position, value));
        Ok(())
    }

    fn blob(&mut self, collection: &Collection, value: Option<Scalar>) -> Result<()> {
        if self.blob.is_some() {
            return Err(twice("blob"));
        }
        if collection.kind != CollectionKind::Memory {
            return Err(no_blobs(collection));
        }
        self.blob = Some(value);
        Ok(())
    }

    fn place(&mut self, place: AssignedPlace) -> Result<()> {
        let is_around = |other: &AssignedPlace| {
            other.base == place.base && other.steps.iter().zip(&place.steps).all(|(left, right)| left == right)
        };
        let is_in_column = |(position, _): &(usize, Expr)| place.base == PathBase::Column(*position);
        if self.columns.iter().any(is_in_column) || self.places.iter().any(is_around) {
            return Err(twice(&place.shown));
        }
        self.places.push(place);
        Ok(())
    }

    /// The positions of columns that change.
    fn positions(&self) -> Vec<usize> {
        let of_place = |place: &AssignedPlace| match place.base {
            PathBase::Column(position) => Some(position),
            PathBase::Facts => None,
        };
        self.columns.iter().map(|(position, _)| *position).chain(self.places.iter().filter_map(of_place)).collect()
    }

    /// The documents that places are in, each once, as they are read.
    fn roots(&self) -> BTreeMap<PlaceRoot, Expr> {
        let root = |place: &AssignedPlace| match (place.base, place.steps.first()) {
            (PathBase::Facts, Some(PathStep::Key(key))) => {
                let read = json_field(PathBase::Facts, vec![PathStep::Key(key.clone())]);
                Some(((None, Some(key.clone())), read))
            }
            (PathBase::Facts, _) => None,
            (PathBase::Column(position), _) => {
                Some(((Some(position), None), Expr::column(position, ColumnType::Jsonb)))
            }
        };
        self.places.iter().filter_map(root).collect()
    }
}

/// The changes with the parameters of an Execute.
struct BoundChanges<'a> {
    changes: &'a EntryChanges,
    roots: Vec<PlaceRoot>,
    /// What is computed of each entry: the columns, then the places that are set, then the documents.
    programs: Vec<Program>,
}

impl<'a> BoundChanges<'a> {
    fn new(changes: &'a EntryChanges, run: &WriteRun<'_>) -> Result<BoundChanges<'a>> {
        let environment = run.environment();
        let roots = changes.roots();
        let columns = changes.columns.iter().map(|(_, value)| value);
        let places = changes.places.iter().filter_map(|place| place.value.as_ref());
        let programs = columns.chain(places).chain(roots.values());
        let programs = programs.map(|value| Program::compile(value, &environment)).collect::<Result<_>>()?;
        Ok(BoundChanges { changes, roots: roots.into_keys().collect(), programs })
    }

    /// The new values of columns, and those of facts that no column declares, from what was computed of an entry.
    fn applied(&self, computed: Row) -> Result<(ChangedColumns, ChangedFacts)> {
        let mut computed = computed.into_iter();
        let mut columns: ChangedColumns =
            self.changes.columns.iter().map(|(position, _)| *position).zip(computed.by_ref()).collect();
        let mut set = Vec::with_capacity(self.changes.places.len());
        for place in &self.changes.places {
            set.push(if place.value.is_some() { computed.next() } else { None });
        }
        let mut facts = Vec::new();
        for (root, before) in self.roots.iter().zip(computed) {
            let mut document: Option<String> = before.as_str().map(str::to_string);
            for (place, value) in self.changes.places.iter().zip(&set) {
                let value = value.as_ref().and_then(Value::as_str);
                let steps = match (place.base, root) {
                    (PathBase::Column(position), (Some(wanted), _)) if position == *wanted => place.steps.as_slice(),
                    (PathBase::Facts, (None, Some(wanted))) => match place.steps.split_first() {
                        Some((PathStep::Key(key), rest)) if key == wanted => rest,
                        _ => continue,
                    },
                    _ => continue,
                };
                document = with_place(document.as_deref(), steps, value, &place.shown)?;
            }
            match root {
                (Some(position), _) => {
                    let document = document.map(|text| jsonb_text(&text).map(Value::Json)).transpose()?;
                    columns.push((*position, document.unwrap_or_default()));
                }
                (None, Some(name)) => {
                    let fact = document.map(|text| value_of_json_text(&jsonb_text(&text)?)).transpose()?;
                    facts.push((name.clone(), fact));
                }
                (None, None) => {}
            }
        }
        Ok((columns, facts))
    }
}

impl MemoryUpdate {
    async fn run(&self, mut run: WriteRun<'_>) -> Result<Written> {
        let (mut count, mut shown) = (0_u64, Gathered::new(&run.settings.memory));
        let collection = &self.selection.collection;
        let mut keys = self.selection.keys(&run)?;
        let mode = mode_of_update(collection, &self.changes.positions());
        if run.lock_found(collection, keys.iter(), mode).await? {
            let locked: HashSet<EntryKey> = keys.into_iter().collect();
            keys = self.selection.keys(&run)?;
            keys.retain(|key| locked.contains(key));
        }
        let bound = BoundChanges::new(&self.changes, &run)?;
        let blob = match &self.changes.blob {
            Some(blob) => blob_columns(collection, blob.as_ref(), &mut run)?,
            None => Vec::new(),
        };
        for key in keys {
            run.cancel.check()?;
            let Some(computed) = run.transaction.view().values(collection, &key, &bound.programs)? else { continue };
            let (mut columns, facts) = bound.applied(computed)?;
            columns.extend(blob.iter().cloned());
            let after = key_after(&run, collection, &key, &columns)?;
            if !facts.is_empty() {
                run.transaction.set_facts(collection, &key, facts)?;
            }
            if !columns.is_empty() {
                run.transaction.update(collection, &key, columns)?;
            }
            count += 1;
            if let Some(returning) = &self.returning {
                let row = returning.row(run.transaction.view(), collection, after.as_ref().unwrap_or(&key))?;
                row.map_or(Ok(()), |row| shown.push(row))?;
            }
        }
        Ok(Written { tag: CommandTag::counted("UPDATE", count), rows: shown })
    }
}

/// The key that an entry has after its columns change; `None` where it stays.
fn key_after(
    run: &WriteRun<'_>,
    collection: &Collection,
    key: &EntryKey,
    columns: &[(usize, Value)],
) -> Result<Option<EntryKey>> {
    if !columns.iter().any(|(position, _)| collection.primary_key.contains(position)) {
        return Ok(None);
    }
    let Some(row) = run.transaction.view().row(collection, key)? else { return Ok(None) };
    let value = |position: &usize| {
        let changed = columns.iter().find(|(changed, _)| changed == position).map(|(_, value)| value);
        changed.or(row.get(*position)).cloned().unwrap_or_default()
    };
    let values: Vec<Value> = collection.primary_key.iter().map(value).collect();
    if values.iter().any(Value::is_null) {
        // The update says so.
        return Ok(None);
    }
    run.transaction.key(collection, values).map(Some)
}

impl Change for MemoryUpdate {
    fn execute<'a>(&'a self, run: WriteRun<'a>) -> Work<'a, Written> {
        later(self.run(run))
    }

    fn explain<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        at_once(self.selection.lines("Update", run))
    }

    fn is_short(&self) -> bool {
        false
    }

    fn kind(&self) -> StatementKind {
        StatementKind::Update
    }
}
