//! STAGE … DRY RUN: what would leave this node, field by field, and nothing is marked.

use crate::db::{Catalog, EntryKey, Gathered, PreviewedField, RowStream};
use crate::error::{Error, Result};
use crate::knirvql::lower::BodyAndColumns;
use crate::knirvql::selected_change::Selection;
use crate::model::OutputColumn;
use crate::statement::{ReadRun, RowSource, Statement, Work, at_once, keys_query, later};
use crate::types::{ColumnType, Value};

/// Lines that EXPLAIN STAGE shows of what would leave.
const LINES_MAX: usize = 100;
/// Characters of a value in one of them.
const VALUE_CHARACTERS_MAX: usize = 60;

/// STAGE … DRY RUN.
pub struct StagePreview {
    selection: Selection,
    /// The network that it would go to; `None` where the collection is in none.
    network: Option<String>,
}

impl StagePreview {
    /// The preview of a STAGE.
    pub fn of_stage(selection: Selection, catalog: &Catalog) -> BodyAndColumns {
        let network = catalog.network_of(selection.collection.id).map(|(network, _)| network.name.clone());
        let text = |name: &str| OutputColumn::computed(name, ColumnType::Text);
        let value = OutputColumn::computed("value", ColumnType::Jsonb);
        let columns = vec![text("id"), text("network"), text("field"), text("change"), value];
        (Statement::Read(Box::new(StagePreview { selection, network })), Some(columns))
    }

    async fn read(&self, run: ReadRun<'_>) -> Result<RowStream> {
        let network = || self.network.as_deref().map_or(Value::Null, Value::text);
        let mut rows = Gathered::new(&run.settings.memory);
        for PreviewedField { id, field, change, value } in previewed(&self.selection, run).await? {
            rows.push(vec![
                Value::text(id),
                network(),
                Value::text(field),
                Value::text(change),
                value.unwrap_or_default(),
            ])?;
        }
        Ok(RowStream::from_gathered(rows))
    }
}

/// What would leave of the entries of a selection, as they are committed.
///
/// # Errors
/// As [`Selection::bind`], `ReadView::query`, `RowStream::collect` and `ReadView::posting_preview`.
pub async fn previewed(selection: &Selection, run: ReadRun<'_>) -> Result<Vec<PreviewedField>> {
    let Some(filter) = selection.bind(run.parameters)? else { return Ok(Vec::new()) };
    let cursor = run.view.query(keys_query(&selection.collection, Some(filter)), run.settings, run.cancel)?;
    let (rows, _memory) = RowStream::from_cursor(cursor).collect().await?;
    let key = |value| match value {
        Value::Bytea(bytes) => Some(EntryKey::from_bytes(bytes)),
        _ => None,
    };
    let keys: Vec<EntryKey> = rows.into_iter().flatten().filter_map(key).collect();
    let (view, collection) = (run.view.clone(), selection.collection.clone());
    let read = tokio::task::spawn_blocking(move || view.posting_preview(&collection, &keys));
    read.await.map_err(|error| Error::internal(format!("looking at what would be posted stopped: {error}")))?
}

/// The fields as lines of EXPLAIN.
pub fn preview_lines(fields: &[PreviewedField]) -> Vec<String> {
    let mut lines = vec![format!("  Would leave this node: {} fields", fields.len())];
    lines.extend(fields.iter().take(LINES_MAX).map(|PreviewedField { id, field, change, value }| {
        let value = value.as_ref().map(|value| format!(" = {}", cut(&value.to_text()))).unwrap_or_default();
        format!("    {id}: {field}{value} ({change})")
    }));
    if fields.len() > LINES_MAX {
        lines.push(format!("    and {} more, which STAGE … DRY RUN shows", fields.len() - LINES_MAX));
    }
    lines
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(VALUE_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_string(),
    }
}

impl RowSource for StagePreview {
    fn open<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, RowStream> {
        later(self.read(run))
    }

    fn explain<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        at_once(self.selection.lines("Preview of a posting", run))
    }
}
