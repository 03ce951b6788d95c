//! DESCRIBE and HELP: what a collection has, and how statements look.

use std::sync::Arc;

use crate::db::{Row, RowStream};
use crate::error::{Error, ErrorKind, Result};
use crate::knirvql::lower::BodyAndColumns;
use crate::knirvql::synopses::{OPENINGS, SYNOPSES};
use crate::model::{Collection, CollectionKind, OutputColumn, SystemColumn};
use crate::statement::{KnownRows, ReadRun, RowSource, Statement, Work, at_once};
use crate::types::{ColumnType, Value, nearest};

/// The rows of DESCRIBE: columns, what every entry has beside them, and the facts that occur.
struct Description(Arc<Collection>);

/// DESCRIBE of a collection.
pub fn describe(collection: Arc<Collection>) -> BodyAndColumns {
    let text = |name: &str| OutputColumn::computed(name, ColumnType::Text);
    let columns = vec![text("path"), text("type"), text("kind"), OutputColumn::computed("nullable", ColumnType::Bool)];
    (Statement::Read(Box::new(Description(collection))), Some(columns))
}

impl Description {
    fn rows(&self, run: ReadRun<'_>) -> Vec<Row> {
        let collection = &self.0;
        let row = |path: String, ty: &ColumnType, kind: &str, nullable: bool| {
            vec![Value::text(path), Value::text(ty.to_string()), Value::text(kind), Value::Bool(nullable)]
        };
        let is_key = |position: &usize| collection.primary_key.contains(position);
        let columns = collection.columns.iter().enumerate().map(|(position, column)| {
            let kind = if is_key(&position) { "key" } else { "column" };
            row(column.name.clone(), &column.ty, kind, !column.not_null && !is_key(&position))
        });
        let facts = run.view.fact_columns(collection);
        let facts = facts.iter().map(|(name, ty)| row(format!("metadata.{}", quoted(name)), ty, "fact", true));
        let is_shown = |system: &SystemColumn| {
            collection.kind != CollectionKind::Auth && collection.system_column(system.name()).is_some()
        };
        let system = SystemColumn::ALL.into_iter().filter(is_shown);
        let system = system.map(|system| row(system.name().to_string(), &system.ty(), "system", true));
        columns.chain(facts).chain(system).collect()
    }
}

/// The name of a fact as it stands in a path.
fn quoted(name: &str) -> String {
    let is_plain = name.starts_with(|first: char| first == '_' || first.is_ascii_alphabetic())
        && name.chars().all(|character| character == '_' || character.is_ascii_alphanumeric());
    if is_plain { name.to_string() } else { format!("'{}'", name.replace('\'', "''")) }
}

impl RowSource for Description {
    fn open<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, RowStream> {
        at_once(Ok(RowStream::from_rows(self.rows(run))))
    }

    fn explain<'a>(&'a self, _run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        at_once(Ok(vec!["Result".to_string()]))
    }
}

/// HELP, of all statements or of those that open with a word.
///
/// # Errors
/// 42704 for a word that opens none.
pub fn help(topic: Option<&str>) -> Result<BodyAndColumns> {
    let is_wanted = |opening: &str| topic.is_none_or(|topic| topic.eq_ignore_ascii_case(opening));
    let rows = SYNOPSES.iter().filter(|(first, _, _)| !first.is_empty() && is_wanted(first));
    // The form that only says which others there are is for errors.
    let rows = rows.filter(|(first, second, _)| !(*first == "GET" && second.is_empty()));
    let rows: Vec<Row> = rows
        .map(|(first, second, form)| vec![Value::text(format!("{first} {second}").trim_end()), Value::text(*form)])
        .collect();
    if let (Some(topic), true) = (topic, rows.is_empty()) {
        let error = Error::new(ErrorKind::UndefinedObject, format!("no statement of KNIRVQL opens with {topic}"));
        return Err(error.with_hint(match nearest(topic, &OPENINGS) {
            Some(meant) => format!("Did you mean HELP {}?", meant.to_uppercase()),
            None => "HELP by itself shows all of them. SQL is described in PostgreSQL's documentation.".to_string(),
        }));
    }
    let columns = ["statement", "form"].map(|name| OutputColumn::computed(name, ColumnType::Text));
    Ok((Statement::Read(Box::new(KnownRows(rows))), Some(columns.to_vec())))
}
