//! Reading: a [`Query`](crate::db::Query) on a view of one moment becomes an access path, then a cursor, then rows.
//!
//! `view` holds the snapshot and the own writes; `access_path` chooses between the primary key, an ordered index, a nearest search
//! and a scan, by `index_path` and `column_choice`; `column_reading` says what columns in memory know of a filter; `top_rows` finds the first rows of an order by them, `column_scan` reads whole batches of them; `cursor` filters (`expr::Program`), orders and cuts what that yields (`scan`, `nearest`), entry by entry (`entry_view`); `row_stream`
//! hands the rows on with bounded memory. Groups and aggregates are read the same ways (`aggregate`).

pub(super) mod access_path;
pub(super) mod aggregate;
pub(super) mod column_batch;
pub(super) mod column_choice;
pub(super) mod column_reading;
pub(super) mod column_scan;
pub(super) mod cursor;
pub(super) mod entry_view;
pub(super) mod first_key;
pub(super) mod index_path;
pub(super) mod nearest;
pub(super) mod ordered_keys;
pub(super) mod query;
pub(super) mod read_marks;
pub(super) mod row_stream;
pub(super) mod run_report;
pub(super) mod scan;
pub(super) mod secrets;
pub(super) mod sequences;
pub(super) mod sort_order;
pub(super) mod sorter;
pub(super) mod top_rows;
pub(super) mod view;
