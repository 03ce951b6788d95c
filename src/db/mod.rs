//! The facade over the store: catalog, the only write path, reads, and the query that both languages lower to.
//!
//! One INSERT: `sql` evaluates the row and calls [`Transaction::insert`], which checks it against the catalog and keeps it
//! in the transaction's write set; [`Transaction::commit`] hands the set to the one committer thread, which verifies that
//! nobody else changed those entries, stamps the fields, encodes records, index entries and vectors into one batch, makes
//! it durable together with the other commits that wait, and only then answers.
//!
//! Whoever listens is told of it by the change feed (`feed`): `feed_draft` notes what a commit changes while it is encoded, and
//! the committer publishes it when it is durable. What sessions send themselves (`notify`) goes the same way.
//!
//! One nearest SELECT: a [`Query`] is given to [`ReadView::query`], `plan` chooses the access path, the vector index yields
//! candidates while the filter is evaluated inside the walk, each candidate is checked against the statement's snapshot,
//! rows of the own transaction are merged in, and a [`Cursor`] yields rows in chunks.

mod activity;
mod adoption;
mod apply;
mod authors;
mod backup;
mod blob_counts;
mod builds;
mod cancel;
mod catalog;
mod change;
mod charter;
mod clock;
mod column_rules;
mod commit;
mod conflict;
mod constraints;
mod cursor;
mod database;
mod define;
mod detach;
mod dimensions;
mod drops;
mod entry_states;
mod excuse;
mod facts;
mod feed;
mod feed_draft;
mod feed_event;
mod first_heads;
mod forgetting;
mod graph_builder;
mod group;
mod heads;
mod hearsay;
mod index_build;
mod index_keys;
mod left_networks;
mod nearest;
mod network_secrets;
mod network_tables;
mod networks;
mod notify;
mod open;
mod origin;
mod own_head;
mod own_stamps;
mod password_file;
mod plan;
mod post;
mod predicate;
mod proofs;
mod prove_own;
mod prune;
mod public_view;
mod query;
#[cfg(test)]
mod raw_posting;
mod receive;
mod repair;
mod replica;
mod revert_peer;
mod rights;
mod rights_follow;
mod roles;
mod rotate;
mod row;
mod row_ids;
mod scan;
mod schema_merge;
mod secrets;
mod sequence;
mod setting;
mod setting_list;
mod setting_special;
mod settings;
mod shapes;
mod share;
mod shared;
mod signals;
mod staged;
mod staging;
mod stream;
mod sweep;
mod sync_seam;
mod sync_status;
mod take_back;
mod transaction;
mod unique;
mod vector_indexes;
mod verify_run;
mod verify_states;
mod view;
mod vitals;
mod write_set;

pub use crate::model::jsonb::PathStep;
pub use activity::{
    Activity, ActivityHandle, ActivityState, ConnectionActivity, ListedCursor, ListedStatement, NamedStatement,
};
pub use backup::{RestoredNode, back_up_offline, restore_backup};
pub use cancel::Cancel;
pub use catalog::{AUTH, Catalog, MEMORY};
pub use charter::CharterNews;
pub use clock::Clock;
pub use conflict::{Arbiters, Inserted, OnConflict};
pub use cursor::{Cursor, Row, rows_bytes};
pub use database::Database;
pub use define::constraint_needs_index;
pub use drops::DrawnEntries;
pub use feed::{FeedReceiver, Overrun};
pub use feed_event::{
    CollectionChange, CommitEvent, EntryChange, FeedEvent, Happened, NetworkEvent, Notification, Operation, Source,
};
pub use network_secrets::{EpochSecret, NETWORK_SECRET_BYTES, NetworkKey};
pub use network_tables::NetworkTable;
pub use notify::{Channel, Notifications, NotificationsMark};
pub use open::DatabaseOptions;
pub use own_head::OwnChain;
pub use password_file::PASSWORD_FILE;
pub use predicate::compile_regex;
pub use public_view::{EntryDigest, Fingerprint, PublicEntry, PublicPage, PublicView};
pub use query::{
    Comparison, Nearest, Operand, Order, OrderBy, Output, PathBase, PathResult, Predicate, Query, Scalar, Target,
};
pub use receive::{Applied, Verdict};
pub use repair::{RepairReport, repair};
pub use replica::{LogRead, MergedStates};
pub use roles::{OWNER, ScramVerifier};
pub use rotate::rotate_vault;
pub use schema_merge::{SharedColumn, SharedSchema};
pub use setting::{Effect, Kind, Setting, shown_bound};
pub use settings::{EF_SEARCH_DEFAULT, EF_SEARCH_MAX, SettingValue, Settings};
pub use shapes::ShapeClaim;
pub use signals::DatabaseChanges;
pub use staged::{MemberInfo, StagedEntry, StagedForPosting};
pub use stream::{Gathered, HeldRows, RowSender, RowStream, RowsMemory};
pub use sync_status::{
    FETCH_KEYS_MAX, ListingReply, NetworkStatus, NowhereReply, PeerStatus, Quarantined, RefusedPeer, SYNC_COMMANDS_MAX,
    SyncCommand, SyncReport, SyncStatus,
};
pub use transaction::{Savepoint, Transaction};
pub use verify_states::{OfferedStates, VerifiedHeads};
pub use view::{ReadView, Sought};
pub use vitals::GraphStatus;
pub use write_set::EntryKey;
