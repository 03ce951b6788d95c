//! Where an import comes from: a file of either format, or a table of another PostgreSQL.

use std::path::Path;

use crate::error::Result;
use crate::transfer::content::TransferRow;
use crate::transfer::json_lines::JsonReader;
use crate::transfer::parquet_reader::ParquetReader;
use crate::transfer::postgres::TableReader;
use crate::transfer::shape::TableShape;

/// A part of what is imported, in order.
#[derive(Debug)]
pub enum SourcePiece {
    /// The rows that follow are of this collection.
    Table(TableShape),
    /// Rows, in the order of the columns of their table.
    Rows(Vec<TransferRow>),
}

/// An opened source.
pub enum TransferSource {
    Json(Box<JsonReader>),
    Parquet(Box<ParquetReader>),
    Postgres(Box<TableReader>),
}

impl TransferSource {
    /// A file of JSON lines or Parquet, told apart by how it begins; `-` is JSON lines from standard input.
    ///
    /// # Errors
    /// 58030, 22P02 for a file of neither.
    pub fn open(path: &Path) -> Result<TransferSource> {
        match ParquetReader::open(path)? {
            Some(reader) => Ok(TransferSource::Parquet(Box::new(reader))),
            None => Ok(TransferSource::Json(Box::new(JsonReader::open(path)?))),
        }
    }

    /// A table of a PostgreSQL server with pgvector.
    ///
    /// # Errors
    /// Those of connecting; 42P01 where there is no such table.
    pub async fn connect(url: &str, table: &str) -> Result<TransferSource> {
        Ok(TransferSource::Postgres(Box::new(TableReader::connect(url, table).await?)))
    }

    /// The next piece; `None` at the end. Rows are some hundred at most, and some megabytes but for the last of them.
    ///
    /// # Errors
    /// 22P02 naming the place of what cannot be read, 58030.
    pub async fn next_piece(&mut self) -> Result<Option<SourcePiece>> {
        match self {
            TransferSource::Json(reader) => reader.next_piece(),
            TransferSource::Parquet(reader) => reader.next_piece(),
            TransferSource::Postgres(reader) => reader.next_piece().await,
        }
    }

    /// How far it is and how far it goes, in bytes or rows.
    pub fn progress(&self) -> (u64, u64) {
        match self {
            TransferSource::Json(reader) => reader.progress(),
            TransferSource::Parquet(reader) => reader.progress(),
            TransferSource::Postgres(reader) => reader.progress(),
        }
    }
}
