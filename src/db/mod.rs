//! The facade over the store: catalog, the only write path, reads, and the query that both languages lower to.
//!
//! One INSERT: `sql` evaluates the row and calls [`Transaction::insert`], which checks it against the catalog and keeps it
//! in the transaction's write set; [`Transaction::commit`] hands the set to the one committer thread, which verifies that
//! nobody else changed those entries, stamps the fields, encodes records, index entries and vectors into one batch, makes
//! it durable together with the other commits that wait, and only then answers.
//!
//! Whoever listens is told of it by the change feed (`feed`): `feed_draft` notes what a commit changes while it is encoded, and
//! the committer publishes it when it is durable. What sessions send themselves (`model::Notifications`) goes the same way.
//!
//! One nearest SELECT: a [`Query`] is given to [`ReadView::query`], `access_path` chooses the access path, the vector index yields
//! candidates while the filter is evaluated inside the walk, each candidate is checked against the statement's snapshot,
//! rows of the own transaction are merged in, and a [`Cursor`] yields rows in chunks.

mod catalog;
mod columns;
mod database;
mod feed;
mod locks;
mod open;
mod pending;
mod read;
mod records;
mod replica;
mod state;
mod upkeep;
mod vault;
mod vectors;
mod write;

pub use crate::model::{AUTH, MEMORY, ScramVerifier};
pub use crate::types::json::jsonb::PathStep;
pub use catalog::catalog::Catalog;
pub use catalog::roles::OWNER;
pub use catalog::schemas::{SYSTEM_SCHEMAS, SchemaPlace};
pub use catalog::search_path::{NamesSeen, SearchPath};
pub use columns::column_store::ColumnsStatus;
pub use database::Database;
pub use feed::event::{
    ChangeSource, ChangedEntry, CollectionChange, CommitEvent, EntryOperation, FeedEvent, Happened, NetworkEvent,
};
pub use feed::feed::{FeedReceiver, Overrun};
pub use feed::signals::DatabaseChanges;
pub use locks::listing::{AwaitedLock, LockingTransaction};
pub use locks::lock_mode::LockMode;
pub use locks::row_locks::BusyRow;
pub use open::load::{DatabaseOptions, PASSWORD_FILE};
pub use pending::isolation::Isolation;
pub use pending::on_conflict::{Arbiters, Inserted, OnConflict};
pub use pending::write_set::EntryKey;
pub use read::aggregate::cursor::AggregateCursor;
pub use read::aggregate::query::{
    AggregateCall, AggregateFunction, AggregateQuery, BoundAggregate, GroupOrder, is_grouped,
};
pub use read::column_batch::ColumnValues;
pub use read::column_scan::{ColumnScan, OutputSummary, ScanSummary};
pub use read::cursor::{Cursor, Row, rows_bytes};
pub use read::query::{BoundQuery, Nearest, Order, OrderBy, Output, Query, Target, Within};
pub use read::row_stream::{Gathered, HeldRows, RowSender, RowStream, RowsMemory};
pub use read::view::{ReadView, Sought};
pub use records::peers_status::{
    FETCH_KEYS_MAX, ListingReply, NetworkStatus, NowhereReply, PeerStatus, Quarantined, RefusedPeer, SYNC_COMMANDS_MAX,
    SyncCommand, SyncReport, SyncStatus,
};
pub use replica::handle::Replica;
pub use replica::holdings::drops::DrawnEntries;
pub use replica::networks::network_tables::NetworkTable;
pub use replica::posting::own_chain::OwnChain;
pub use replica::posting::preview::PreviewedField;
pub use replica::posting::stage_listing::{StagedEntry, StagedForPosting};
pub use replica::receiving::public_view::{PublicPage, PublicView};
pub use replica::receiving::schema_merge::{SharedColumn, SharedSchema};
pub use replica::receiving::shapes::ShapeClaim;
pub use replica::receiving::verify_states::{OfferedStates, VerifiedHeads};
pub use replica::rights::charter::CharterNews;
pub use state::activity::{
    Activity, ActivityHandle, ActivityState, ConnectionActivity, CursorKind, ListedCursor, ListedStatement,
    NamedStatement,
};
pub use state::cancel::Cancel;
pub use state::clock::Clock;
pub use state::row_rules::{RowCompiler, no_row_compiler};
pub use upkeep::backup::{RestoredNode, back_up_offline, restore_backup};
pub use upkeep::repair::{RepairReport, repair};
pub use upkeep::rotate_vault::rotate_vault;
pub use upkeep::vitals::{GraphStatus, VectorGraphStatus, VectorIndexStatus};
pub use vault::network_keys::{EpochSecret, NETWORK_SECRET_BYTES, NetworkKey};
pub use vectors::build_progress::{GraphBuild, GraphBuildPhase};
pub use write::define::ddl::constraint_needs_index;
pub use write::define::foreign_key_rules::check_persistence;
pub use write::define::schemas::no_schema;
pub use write::define::sequence_definitions::SequenceUses;
pub use write::index::ordered_indexes::{failing_row, shown_expression};
pub use write::transaction::row_locking::{LockWaits, RowLocked, mode_of_update};
pub use write::transaction::savepoint::Savepoint;
pub use write::transaction::transaction::Transaction;
