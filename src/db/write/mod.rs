//! Writing: from a transaction's write set to one durable batch.
//!
//! `transaction` checks rows and keeps them, `define` keeps what changes the catalog; both are methods of
//! [`Transaction`](crate::db::Transaction), by subject in their files. The one committer verifies and encodes each set, and what peers
//! sent, as changes of entries (`commit`); indexes of all kinds follow each of them (`index`).

pub(super) mod commit;
pub(super) mod define;
pub(super) mod index;
pub(super) mod transaction;
