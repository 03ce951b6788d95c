//! SET MEMORY and INSERT MEMORY: entries are made, or those of their ids changed.

use crate::db::{Arbiters, EntryKey, Gathered, Inserted, LockMode, OnConflict};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Environment, Expr, Operand, Program};
use crate::knirvql::ast::SetMode;
use crate::knirvql::memory_write::{ChangedColumns, ChangedFacts, EntryParts, MemoryWrite, stored_blob};
use crate::knirvql::returned::Returned;
use crate::metrics::StatementKind;
use crate::model::{Collection, DefaultValue, SystemColumn};
use crate::statement::{Change, ColumnDefaults, CommandTag, ReadRun, Work, WriteRun, Written, at_once, later};
use crate::types::json::jsonb;
use crate::types::{ColumnType, Value, jsonb_text, split_object};

/// A lowered SET MEMORY or INSERT MEMORY.
pub struct MemoryUpsert {
    /// The entries, all of one collection.
    pub writes: Vec<MemoryWrite>,
    pub mode: SetMode,
    /// What the columns that it leaves out begin with, where that is an expression.
    pub defaults: Option<Box<dyn ColumnDefaults>>,
    pub returning: Option<Returned>,
}

impl MemoryUpsert {
    async fn run(&self, mut run: WriteRun<'_>) -> Result<Written> {
        let (mut count, mut shown) = (0_u64, Gathered::new(&run.settings.memory));
        for write in &self.writes {
            run.cancel.check()?;
            let Some(key) = self.write(write, &mut run).await? else { continue };
            count += 1;
            if let Some(returning) = &self.returning {
                let row = returning.row(run.transaction.view(), &write.collection, &key)?;
                row.map_or(Ok(()), |row| shown.push(row))?;
            }
        }
        let tag = match self.mode {
            SetMode::Insert | SetMode::InsertIfAbsent => CommandTag::counted("INSERT 0", count),
            SetMode::Parts | SetMode::Merge | SetMode::Replace if self.writes.len() == 1 => CommandTag::of("SET"),
            SetMode::Parts | SetMode::Merge | SetMode::Replace => CommandTag::counted("SET", count),
        };
        Ok(Written { tag, rows: shown })
    }

    /// Writes one entry; its key, `None` where it stays as it is.
    async fn write(&self, write: &MemoryWrite, run: &mut WriteRun<'_>) -> Result<Option<EntryKey>> {
        let EntryParts { id, mut columns, facts, blob } = write.bind(run.parameters)?;
        let collection = &write.collection;
        let inserts = matches!(self.mode, SetMode::Insert | SetMode::InsertIfAbsent);
        let is_given = id.is_some();
        let known = id.map(|id| run.transaction.key(collection, vec![id])).transpose()?;
        if let Some(key) = known.as_ref().filter(|_| !inserts) {
            run.lock_newest(collection, key, LockMode::Update).await?;
        }
        let there = match known {
            Some(key) if run.transaction.view().exists(collection, &key)? => Some(key),
            _ => None,
        };
        if there.is_some() && self.mode == SetMode::InsertIfAbsent {
            return Ok(None);
        }
        if let Some(blob) = blob {
            columns.extend(stored_blob(collection, &blob, run)?);
        }
        if let Some(key) = there.filter(|_| !inserts) {
            let facts = facts.into_iter().map(|(name, value)| (name, Some(value))).collect();
            self.change(write, &key, (columns, facts), run).await?;
            return Ok(Some(key));
        }
        let mut row = vec![None; collection.columns.len()];
        put_all(&mut row, columns);
        if let Some(defaults) = &self.defaults {
            defaults.fill(run, &mut row).await?;
        }
        // A member's entry of the id that was given may come in between, which waits for no lock: then SET runs again.
        // An id that a default gave is an error where it is taken: the next run would get the same.
        let arbiters = Arbiters { primary_key: true, indexes: Vec::new() };
        let reports = is_given && self.mode != SetMode::Insert;
        let on_conflict = if reports { OnConflict::Report(&arbiters) } else { OnConflict::Fail };
        let key = match run.insert(collection, row, on_conflict).await? {
            Inserted::New(key) => key,
            Inserted::Conflict { .. } if inserts => return Ok(None),
            Inserted::Conflict { .. } => {
                let message = "could not serialize access due to concurrent update";
                return Err(Error::new(ErrorKind::SerializationFailure, message));
            }
        };
        if !facts.is_empty() {
            let facts = facts.into_iter().map(|(name, value)| (name, Some(value))).collect();
            run.transaction.set_facts(collection, &key, facts)?;
        }
        Ok(Some(key))
    }

    /// Changes an entry that is there.
    async fn change(
        &self,
        write: &MemoryWrite,
        key: &EntryKey,
        (mut columns, mut facts): (ChangedColumns, ChangedFacts),
        run: &mut WriteRun<'_>,
    ) -> Result<()> {
        let collection = &write.collection;
        columns.retain(|(position, _)| !collection.primary_key.contains(position));
        match self.mode {
            SetMode::Merge => merge_metadata(collection, key, &mut columns, run)?,
            SetMode::Replace => {
                let given: Vec<&str> = facts.iter().map(|(name, _)| name.as_str()).collect();
                let gone = undeclared_facts(collection, key, run)?;
                let gone: Vec<_> = gone.into_iter().filter(|name| !given.contains(&name.as_str())).collect();
                facts.extend(gone.into_iter().map(|name| (name, None)));
                let mut row = vec![None; collection.columns.len()];
                put_all(&mut row, columns);
                if let Some(defaults) = &self.defaults {
                    defaults.fill(run, &mut row).await?;
                }
                columns =
                    row.into_iter().enumerate().filter_map(|(at, value)| replaced(collection, at, value)).collect();
            }
            SetMode::Parts | SetMode::Insert | SetMode::InsertIfAbsent => {}
        }
        if !columns.is_empty() {
            run.transaction.update(collection, key, columns)?;
        }
        if !facts.is_empty() {
            run.transaction.set_facts(collection, key, facts)?;
        }
        Ok(())
    }
}

fn put_all(row: &mut [Option<Value>], columns: Vec<(usize, Value)>) {
    for (position, value) in columns {
        if let Some(slot) = row.get_mut(position) {
            *slot = Some(value);
        }
    }
}

/// A column of an entry that is replaced: what it is given, what it begins with, or NULL. Keys, numbers that the database gives and what is
/// computed stay.
fn replaced(collection: &Collection, position: usize, value: Option<Value>) -> Option<(usize, Value)> {
    let column = collection.columns.get(position)?;
    let numbers_itself = matches!(
        column.default,
        Some(DefaultValue::Sequence | DefaultValue::Identity | DefaultValue::Drawn(_) | DefaultValue::GeneratedId)
    );
    let stays = collection.primary_key.contains(&position)
        || column.computation().is_some()
        || (numbers_itself && value.is_none());
    (!stays).then(|| (position, value.unwrap_or_default()))
}

/// The facts that are named over those that are there.
fn merge_metadata(
    collection: &Collection,
    key: &EntryKey,
    columns: &mut [(usize, Value)],
    run: &WriteRun<'_>,
) -> Result<()> {
    let Some(metadata) = collection.column("metadata") else { return Ok(()) };
    let Some((_, value)) = columns.iter_mut().find(|(position, _)| *position == metadata) else { return Ok(()) };
    let read = Program::compile(&Expr::column(metadata, ColumnType::Jsonb), &Environment::default())?;
    let old = run.transaction.view().values(collection, key, &[read])?;
    let old = old.and_then(|row| row.into_iter().next()).unwrap_or_default();
    if let (Some(old), Some(new)) = (old.as_str().filter(|old| old.starts_with('{')), value.as_str()) {
        *value = Value::Json(jsonb_text(&jsonb::concat(old, new))?);
    }
    Ok(())
}

/// The facts of an entry that no column declares.
fn undeclared_facts(collection: &Collection, key: &EntryKey, run: &WriteRun<'_>) -> Result<Vec<String>> {
    // Where there is a column of that name, it holds them, and is replaced as a whole.
    if collection.column("metadata").is_some() {
        return Ok(Vec::new());
    }
    let all = Expr::Field(Operand::System(SystemColumn::Metadata), ColumnType::Jsonb);
    let read = Program::compile(&all, &Environment::default())?;
    let facts = run.transaction.view().values(collection, key, &[read])?;
    let facts = facts.and_then(|row| row.into_iter().next()).unwrap_or_default();
    let names = facts.as_str().map_or(Ok(Vec::new()), split_object)?;
    Ok(names.into_iter().map(|(name, _)| name).collect())
}

impl Change for MemoryUpsert {
    fn execute<'a>(&'a self, run: WriteRun<'a>) -> Work<'a, Written> {
        later(self.run(run))
    }

    fn explain<'a>(&'a self, _run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        let step = if matches!(self.mode, SetMode::Insert | SetMode::InsertIfAbsent) { "Insert" } else { "Upsert" };
        let name = self.writes.first().map_or("nothing", |write| write.collection.name.as_str());
        at_once(Ok(vec![format!("{step} on {name}")]))
    }

    fn is_short(&self) -> bool {
        // A blob is written to its file and fsynced.
        false
    }

    fn kind(&self) -> StatementKind {
        StatementKind::Insert
    }
}
