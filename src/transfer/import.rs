//! Inserting what a source gives, in bounded transactions: each piece is there whole or not at all.

use futures::future::try_join_all;
use tokio_postgres::Statement;
use tokio_postgres::types::Type;

use crate::client::{ClientSession, failure};
use crate::error::{Error, ErrorKind, Result};
use crate::transfer::content::{Content, TransferRow, TypeClass, hex_of_bytes};
use crate::transfer::json_lines::write_members;
use crate::transfer::shape::{BLOB, TableShape, quoted};
use crate::transfer::source::{SourcePiece, TransferSource};

/// Rows whose statements are under way at the same time.
const ROWS_IN_FLIGHT_MAX: usize = 50;

/// What becomes of a row whose key is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum OnKeyConflict {
    /// The import ends; what came before stays
    #[default]
    Fail,
    /// What is there stays
    Skip,
    /// What is imported takes its place
    Replace,
}

/// How rows are imported.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// In place of the collection that the source names.
    pub collection: Option<String>,
    pub on_conflict: OnKeyConflict,
}

/// Where rows go.
struct Target {
    /// What the rows look like.
    shape: TableShape,
    /// Whether memories are made of rows that are none.
    folds: bool,
    insert: Statement,
    is_created: bool,
    /// Where the blob of a memory stands in a row; it is not among the parameters.
    blob: Option<usize>,
    id: Option<usize>,
}

/// Imports everything; how many rows were inserted or replaced. `watch` is told after each piece how far the source is.
///
/// # Errors
/// Those of the source and of the server; the message says how many rows are there then.
pub async fn import(
    session: &ClientSession,
    source: &mut TransferSource,
    options: &ImportOptions,
    mut watch: impl FnMut((u64, u64), u64),
) -> Result<u64> {
    let mut target = None;
    if let (TransferSource::Json(reader), Some(name)) = (&mut *source, &options.collection)
        && let Some(shape) = TableShape::load(&session.client, name).await?
    {
        target = Some(Target::prepare(session, &shape, options).await?);
        reader.expect(shape);
    }
    let mut count = 0;
    loop {
        let step = step(session, source, options, &mut target).await;
        match step.map_err(|error| interrupted(&error, count))? {
            None => break,
            Some(rows) => count += rows,
        }
        watch(source.progress(), count);
    }
    if let Some(target) = target {
        target.finish(session).await.map_err(|error| interrupted(&error, count))?;
    }
    Ok(count)
}

/// Takes one piece; `None` at the end.
async fn step(
    session: &ClientSession,
    source: &mut TransferSource,
    options: &ImportOptions,
    target: &mut Option<Target>,
) -> Result<Option<u64>> {
    match source.next_piece().await? {
        None => Ok(None),
        Some(SourcePiece::Table(shape)) => {
            if let Some(complete) = target.take() {
                complete.finish(session).await?;
            }
            *target = Some(Target::prepare(session, &shape, options).await?);
            Ok(Some(0))
        }
        Some(SourcePiece::Rows(rows)) => {
            let Some(target) = target else { return Err(Error::internal("rows came before their collection")) };
            target.insert(session, rows).await.map(Some)
        }
    }
}

fn interrupted(error: &Error, count: u64) -> Error {
    let told = Error::new(error.kind(), error.message());
    let told = error.detail().map_or(told.clone(), |detail| told.with_detail(detail));
    let again = match count {
        0 => "Nothing was imported.".to_string(),
        _ => format!("{count} rows are imported; with --on-conflict skip it goes on behind them."),
    };
    told.with_hint(error.hint().map_or(again.clone(), |hint| format!("{hint} {again}")))
}

impl Target {
    async fn prepare(session: &ClientSession, shape: &TableShape, options: &ImportOptions) -> Result<Target> {
        let name = options.collection.clone().unwrap_or_else(|| shape.collection.clone());
        if name.is_empty() {
            return Err(Error::new(ErrorKind::Configuration, "the file does not say of which collection its rows are")
                .with_hint("Name one with --collection; it is made where it is not there."));
        }
        let mut shape = TableShape { collection: name, ..shape.clone() };
        let known = TableShape::load(&session.client, &shape.collection).await?;
        let is_created = known.is_none();
        let known = match known {
            Some(known) => known,
            None => {
                session.client.execute(&shape.create_statement(), &[]).await.map_err(|error| failure(&error))?;
                shape.clone()
            }
        };
        let missing = shape.columns.iter().find(|column| known.place(&column.name).is_none());
        let folds = missing.is_some() && known.is_memory();
        if let (Some(column), false) = (missing, folds) {
            return Err(Error::new(
                ErrorKind::UndefinedColumn,
                format!("collection \"{}\" has no column \"{}\"", known.collection, column.name),
            )
            .with_hint("Name another collection with --collection; one that is not there is made."));
        }
        let inserted = if folds { known.clone() } else { shape.clone() };
        let statement = insert_statement(&inserted, &known, options.on_conflict)?;
        let blob = inserted.place(BLOB).filter(|_| known.is_memory());
        let parameters = inserted.columns.len() - usize::from(blob.is_some());
        let types = vec![Type::TEXT; parameters];
        let insert = session.client.prepare_typed(&statement, &types).await.map_err(|error| failure(&error))?;
        let id = inserted.place("id");
        if !is_created {
            shape.indexes.clear();
        }
        Ok(Target { shape, folds, insert, is_created, blob, id })
    }

    /// Inserts rows in one transaction; how many were not skipped.
    async fn insert(&self, session: &ClientSession, rows: Vec<TransferRow>) -> Result<u64> {
        let failed = |error: tokio_postgres::Error| failure(&error);
        session.client.batch_execute("BEGIN").await.map_err(failed)?;
        let mut count = 0;
        let inserted = async {
            let rows = rows.into_iter().map(|row| self.folded(row)).collect::<Result<Vec<TransferRow>>>()?;
            for part in rows.chunks(ROWS_IN_FLIGHT_MAX) {
                let inserts = part.iter().map(|row| self.insert_one(session, row));
                count += try_join_all(inserts).await?.into_iter().sum::<u64>();
            }
            session.client.batch_execute("COMMIT").await.map_err(failed)
        };
        let outcome: Result<()> = inserted.await;
        if let Err(error) = outcome {
            // The first error is what happened; a connection that is gone has rolled back by itself.
            drop(session.client.batch_execute("ROLLBACK").await);
            return Err(error);
        }
        Ok(count)
    }

    async fn insert_one(&self, session: &ClientSession, row: &TransferRow) -> Result<u64> {
        let places = row.iter().enumerate().filter(|(at, _)| Some(*at) != self.blob);
        let parameters: Vec<Option<String>> = places.map(|(_, content)| content.as_ref().map(as_text)).collect();
        let count = session
            .client
            .execute_raw(&self.insert, parameters)
            .await
            .map_err(|error| named(&failure(&error), self, row))?;
        let blob = self.blob.and_then(|at| row.get(at)).and_then(Option::as_ref);
        if let (Some(Content::Bytes(bytes)), true) = (blob, count > 0) {
            let id = self.id.and_then(|at| row.get(at)).and_then(Option::as_ref).map(as_text);
            let set = session.client.execute("SET MEMORY id = $1 blob = $2", &[&id, bytes]).await;
            set.map_err(|error| named(&failure(&error), self, row))?;
        }
        Ok(count)
    }

    /// A memory of a row that is none: its key is the id, its first vector the vector, and all else are facts.
    fn folded(&self, row: TransferRow) -> Result<TransferRow> {
        if !self.folds {
            return Ok(row);
        }
        let columns = &self.shape.columns;
        let key = self.shape.primary_key.first().map_or("id", String::as_str);
        let id = self.shape.place(key).ok_or_else(|| {
            Error::new(ErrorKind::UndefinedColumn, format!("a memory needs an id, and there is no column \"{key}\""))
        })?;
        let vector = columns.iter().position(|column| column.class() == TypeClass::Vector);
        let (mut facts, mut memory) = (row.clone(), TransferRow::new());
        for taken in [Some(id), vector].into_iter().flatten() {
            if let Some(content) = facts.get_mut(taken) {
                *content = None;
            }
        }
        let mut metadata = String::from("{");
        write_members(&self.shape, &facts, &mut metadata);
        metadata.push('}');
        let content = |at: Option<usize>| at.and_then(|at| row.get(at)).cloned().flatten();
        memory.extend([content(Some(id)), Some(Content::Text(metadata)), content(vector), None]);
        Ok(memory)
    }

    /// Makes the indexes of a collection that was made.
    async fn finish(&self, session: &ClientSession) -> Result<()> {
        if !self.is_created {
            return Ok(());
        }
        for statement in &self.shape.indexes {
            if !statement.starts_with("CREATE INDEX ") && !statement.starts_with("CREATE UNIQUE INDEX ") {
                return Err(Error::new(
                    ErrorKind::InvalidParameterValue,
                    format!("the file has a statement that makes no index: {statement}"),
                ));
            }
            session.client.execute(statement, &[]).await.map_err(|error| failure(&error))?;
        }
        Ok(())
    }
}

fn insert_statement(shape: &TableShape, known: &TableShape, on_conflict: OnKeyConflict) -> Result<String> {
    let is_blob = |name: &str| known.is_memory() && name == BLOB;
    let columns: Vec<&str> =
        shape.columns.iter().map(|column| column.name.as_str()).filter(|name| !is_blob(name)).collect();
    let values = columns.iter().enumerate().map(|(at, name)| {
        let target = known.columns.iter().find(|column| column.name == *name);
        format!("${}::text::{}", at + 1, target.map_or_else(|| "text".to_string(), |column| column.cast_type()))
    });
    let values: Vec<String> = values.collect();
    let names: Vec<String> = columns.iter().map(|name| quoted(name)).collect();
    let conflict = match on_conflict {
        OnKeyConflict::Fail => String::new(),
        OnKeyConflict::Skip => " ON CONFLICT DO NOTHING".to_string(),
        OnKeyConflict::Replace if known.primary_key.is_empty() => {
            return Err(Error::unsupported(
                format!("collection \"{}\" has no primary key by which rows could be replaced", known.collection),
                "Import into another collection.",
            ));
        }
        OnKeyConflict::Replace => {
            let key: Vec<String> = known.primary_key.iter().map(|name| quoted(name)).collect();
            let others = names.iter().filter(|name| !key.contains(name));
            let sets: Vec<String> = others.map(|name| format!("{name} = EXCLUDED.{name}")).collect();
            match sets.is_empty() {
                true => " ON CONFLICT DO NOTHING".to_string(),
                false => format!(" ON CONFLICT ({}) DO UPDATE SET {}", key.join(", "), sets.join(", ")),
            }
        }
    };
    // What was numbered there keeps its number here.
    let is_numbered = known.columns.iter().any(|column| column.numbered_from.is_some());
    let overriding = if is_numbered { " OVERRIDING SYSTEM VALUE" } else { "" };
    Ok(format!(
        "INSERT INTO {} ({}){overriding} VALUES ({}){conflict}",
        quoted(&known.collection),
        names.join(", "),
        values.join(", ")
    ))
}

/// The error with the key of the row.
fn named(error: &Error, target: &Target, row: &TransferRow) -> Error {
    let id = target.id.or(Some(0)).and_then(|at| row.get(at)).and_then(Option::as_ref).map(as_text).unwrap_or_default();
    let told = Error::new(error.kind(), format!("row {id} of {}: {}", target.shape.collection, error.message()));
    let told = error.detail().map_or(told.clone(), |detail| told.with_detail(detail));
    error.hint().map_or(told.clone(), |hint| told.with_hint(hint))
}

fn as_text(content: &Content) -> String {
    match content {
        Content::Text(text) => text.clone(),
        Content::Bytes(bytes) => hex_of_bytes(bytes),
    }
}
