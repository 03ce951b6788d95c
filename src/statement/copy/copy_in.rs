//! COPY … FROM STDIN: rows out of the client's bytes into the transaction, one by one, with no planner in between.

use std::sync::Arc;

use crate::db::OnConflict;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionKind};
use crate::statement::command_tag::CommandTag;
use crate::statement::copy::binary_format::BinaryRows;
use crate::statement::copy::copy_plan::{BinaryCodec, CopyTarget};
use crate::statement::copy::options::CopyFormat;
use crate::statement::copy::text_format::{Records, read_fields};
use crate::statement::run::WriteRun;
use crate::types::{ColumnType, TextStyle, Value};

/// Longest value that an error repeats, in characters.
const SHOWN_CHARACTERS_MAX: usize = 100;

/// A COPY that takes rows.
pub struct CopyIn {
    target: Arc<CopyTarget>,
    codec: BinaryCodec,
    types: Vec<ColumnType>,
    records: Records,
    rows: BinaryRows,
    fields: Vec<Option<String>>,
    /// Lines so far, the header included.
    line: u64,
    count: u64,
}

impl CopyIn {
    pub(super) fn new(target: Arc<CopyTarget>, codec: BinaryCodec) -> Self {
        let types = target.columns.iter().map(|position| type_of(&target.collection, *position)).collect();
        CopyIn {
            target,
            codec,
            types,
            records: Records::default(),
            rows: BinaryRows::default(),
            fields: Vec::new(),
            line: 0,
            count: 0,
        }
    }

    pub fn is_binary(&self) -> bool {
        self.target.options.format == CopyFormat::Binary
    }

    /// How many columns a row has.
    pub fn columns(&self) -> usize {
        self.types.len()
    }

    /// Takes the next bytes and inserts the rows that they complete.
    ///
    /// # Errors
    /// What inserting a row reports; the detail says the line and the column.
    pub async fn feed(&mut self, bytes: &[u8], mut run: WriteRun<'_>) -> Result<()> {
        run.cancel.check()?;
        if self.is_binary() {
            self.rows.push(bytes)?;
            return self.take_rows(&mut run).await;
        }
        self.records.push(bytes)?;
        self.take_records(&mut run, false).await
    }

    /// Takes what is left; the command tag.
    ///
    /// # Errors
    /// 22P04 for data that stop in the middle; as [`CopyIn::feed`].
    pub async fn finish(mut self, mut run: WriteRun<'_>) -> Result<CommandTag> {
        if self.is_binary() {
            self.rows.finish()?;
        } else {
            if self.records.is_unterminated() {
                let error = Error::new(ErrorKind::BadCopyFormat, "unterminated CSV quoted field");
                return Err(error.with_detail(self.place(self.line + 1)));
            }
            self.take_records(&mut run, true).await?;
        }
        Ok(CommandTag::counted("COPY", self.count))
    }

    async fn take_rows(&mut self, run: &mut WriteRun<'_>) -> Result<()> {
        loop {
            let place = self.place(self.count + 1);
            let row = self.rows.next(&self.types, self.codec).map_err(|error| at(error, place))?;
            let Some(row) = row else { return Ok(()) };
            self.line += 1;
            self.insert(row, run).await?;
        }
    }

    async fn take_records(&mut self, run: &mut WriteRun<'_>, at_end: bool) -> Result<()> {
        loop {
            let Some(record) = self.records.next(&self.target.options, at_end) else { return Ok(()) };
            self.line += 1;
            if self.line == 1 && self.target.options.header {
                continue;
            }
            let line = self.line;
            if let Err(error) = read_fields(record, &self.target.options, &mut self.fields) {
                return Err(at(error, self.place(line)));
            }
            let row = self.row(run.settings.text_style())?;
            self.insert(row, run).await?;
        }
    }

    /// The fields of the current line as values of their columns.
    fn row(&mut self, style: &TextStyle) -> Result<Vec<Value>> {
        if self.fields.len() != self.types.len() {
            let error = match self.fields.len().cmp(&self.types.len()) {
                std::cmp::Ordering::Greater => "extra data after last expected column".to_string(),
                _ => format!("missing data for column \"{}\"", self.column_name(self.fields.len())),
            };
            return Err(Error::new(ErrorKind::BadCopyFormat, error).with_detail(self.place(self.line)));
        }
        let mut row = Vec::with_capacity(self.types.len());
        for (at, (field, ty)) in self.fields.iter().zip(&self.types).enumerate() {
            row.push(match field {
                None => Value::Null,
                Some(text) => match style.parse(ty, text) {
                    Ok(value) => value,
                    Err(error) => {
                        let mut place = format!("{}, column {}", self.place(self.line), self.column_name(at));
                        if self.target.collection.kind != CollectionKind::Auth {
                            let shown: String = text.chars().take(SHOWN_CHARACTERS_MAX).collect();
                            let dots = if shown.len() < text.len() { "..." } else { "" };
                            place = format!("{place}: \"{shown}{dots}\"");
                        }
                        return Err(error.with_detail(place));
                    }
                },
            });
        }
        Ok(row)
    }

    async fn insert(&mut self, row: Vec<Value>, run: &mut WriteRun<'_>) -> Result<()> {
        let target = Arc::clone(&self.target);
        let mut columns: Vec<Option<Value>> = vec![None; target.collection.columns.len()];
        for (value, position) in row.into_iter().zip(&target.columns) {
            if let Some(slot) = columns.get_mut(*position) {
                *slot = Some(value);
            }
        }
        let filled = match &target.defaults {
            Some(defaults) => defaults.fill(run, &mut columns).await,
            None => Ok(()),
        };
        let result = match filled {
            Ok(()) => run.insert(&target.collection, columns, OnConflict::Fail).await.map(|_| ()),
            Err(error) => Err(error),
        };
        result.map_err(|error| at(error, self.place(self.line)))?;
        self.count += 1;
        Ok(())
    }

    fn column_name(&self, at: usize) -> &str {
        let position = self.target.columns.get(at).copied().unwrap_or_default();
        self.target.collection.columns.get(position).map_or("", |column| column.name.as_str())
    }

    fn place(&self, line: u64) -> String {
        format!("COPY {}, line {line}", self.target.collection.name)
    }
}

/// The type of what is written to a column. A dimension that was learned is `db`'s to check: it goes with the last vector.
fn type_of(collection: &Collection, position: usize) -> ColumnType {
    match collection.columns.get(position) {
        Some(column) if collection.learns_dimension(position) => column.ty.with_dimension(None),
        column => column.map_or(ColumnType::Unknown, |column| column.ty.clone()),
    }
}

/// The error with its place, unless it says more already.
fn at(error: Error, place: String) -> Error {
    match error.detail() {
        Some(detail) => {
            let detail = format!("{detail} {place}");
            error.with_detail(detail)
        }
        None => error.with_detail(place),
    }
}
