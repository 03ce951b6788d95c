//! A table of another server as a source: PostgreSQL with pgvector, or NebulusDB.

use crate::client::{ClientSession, failure};
use crate::error::{Error, ErrorKind, Result};
use crate::transfer::content::TransferRow;
use crate::transfer::json_lines::ROWS_MAX;
use crate::transfer::shape::{TableShape, quoted};
use crate::transfer::source::SourcePiece;

use tokio_postgres::SimpleQueryMessage;

/// The transaction whose one state is read, and the form of the values.
pub(super) const BEGIN: &str = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; \
    SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, MDY'; SET LOCAL extra_float_digits = 1";

/// Reads one table.
pub struct TableReader {
    session: ClientSession,
    shape: TableShape,
    is_begun: bool,
    rows: u64,
    read: u64,
}

impl TableReader {
    /// Connects to a server, and opens a cursor on a table of it.
    ///
    /// # Errors
    /// 42P01 where there is no such table, 58030 with what else the server says; as `Session::connect`.
    pub async fn connect(url: &str, table: &str) -> Result<TableReader> {
        let session = ClientSession::connect(url).await?;
        session.client.batch_execute(BEGIN).await.map_err(|error| failure(&error))?;
        let Some(shape) = TableShape::load(&session.client, table).await? else {
            return Err(Error::new(ErrorKind::UndefinedTable, format!("the server has no table \"{table}\""))
                .with_hint("Name a table of the schema public with --table."));
        };
        let count = format!("SELECT count(*) FROM {}", quoted(table));
        let row = session.client.query_one(&count, &[]).await.map_err(|error| failure(&error))?;
        let rows: i64 = row.try_get(0).map_err(|error| failure(&error))?;
        declare(&session, &shape, &shape.collection).await?;
        Ok(TableReader { session, shape, is_begun: false, rows: u64::try_from(rows).unwrap_or(0), read: 0 })
    }

    pub fn progress(&self) -> (u64, u64) {
        (self.read, self.rows)
    }

    /// The table, then its rows; `None` at the end.
    ///
    /// # Errors
    /// 58030 with what the server says, XX000 for bytes that are not in hexadecimal digits.
    pub async fn next_piece(&mut self) -> Result<Option<SourcePiece>> {
        if !std::mem::replace(&mut self.is_begun, true) {
            return Ok(Some(SourcePiece::Table(self.shape.clone())));
        }
        let rows = fetch(&self.session, &self.shape).await?;
        self.read += rows.len() as u64;
        Ok((!rows.is_empty()).then_some(SourcePiece::Rows(rows)))
    }
}

/// Opens a cursor on a table.
pub(super) async fn declare(session: &ClientSession, shape: &TableShape, table: &str) -> Result<()> {
    let columns: Vec<String> = shape.columns.iter().map(|column| quoted(&column.name)).collect();
    let statement = format!("DECLARE export CURSOR FOR SELECT {} FROM {}", columns.join(", "), quoted(table));
    session.client.batch_execute(&statement).await.map_err(|error| failure(&error))
}

/// The next rows of the cursor; none at its end.
pub(super) async fn fetch(session: &ClientSession, shape: &TableShape) -> Result<Vec<TransferRow>> {
    let messages = session.client.simple_query(&format!("FETCH {ROWS_MAX} FROM export")).await;
    let mut rows = Vec::new();
    for message in messages.map_err(|error| failure(&error))? {
        let SimpleQueryMessage::Row(row) = message else { continue };
        let contents = shape.columns.iter().enumerate().map(|(at, column)| {
            let text = row.try_get(at).map_err(|error| failure(&error))?;
            text.map(|text| column.class().receive(text)).transpose()
        });
        rows.push(contents.collect::<Result<TransferRow>>()?);
    }
    Ok(rows)
}
