//! Collections as files, and files as collections: `nebulusdb export` and `nebulusdb import`.
//!
//! Both speak to a server as any client does. An export reads one state of the database, in a transaction of its own: [`export`]
//! asks the server what a collection looks like ([`TableShape`]), fetches its rows as text through a cursor, and hands them to a
//! writer of JSON lines or Parquet. An import reads [`SourcePiece`]s of a file, or of a table of another PostgreSQL, and inserts them in
//! bounded transactions; each is whole or not there, and one that was interrupted is run again with `--on-conflict skip`.
//! Secrets are in no export. Which entries are public does not travel either: what is imported is private.

mod content;
mod export;
mod import;
mod json_lines;
mod json_split;
mod parquet_reader;
mod parquet_writer;
mod postgres;
mod shape;
mod source;

pub use content::{Content, TypeClass};
pub use export::{ExportFormat, ExportOptions, export};
pub use import::{ImportOptions, OnKeyConflict, import};
pub use shape::{ColumnShape, TableShape};
pub use source::{SourcePiece, TransferSource};
