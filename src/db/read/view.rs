//! What one statement reads: a snapshot of the store, the catalog of that moment, and the own uncommitted writes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::Utc;

use crate::db::catalog::catalog::Catalog;
use crate::db::locks::listing::LockingTransaction;
use crate::db::pending::write_set::{EntryKey, WriteSet};
use crate::db::read::access_path::{self, Access};
use crate::db::read::aggregate;
use crate::db::read::aggregate::cursor::{AggregateCursor, describe};
use crate::db::read::aggregate::query::{AggregateQuery, BoundAggregate};
use crate::db::read::column_choice::is_filtered_by_columns;
use crate::db::read::cursor::{Cursor, Row};
use crate::db::read::query::BoundQuery;
use crate::db::read::read_marks::ReadMarks;
use crate::db::read::scan::visit_key;
use crate::db::state::activity::Activity;
use crate::db::state::cancel::Cancel;
use crate::db::state::spill_folder;
use crate::db::state::state::DbState;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Environment, Program};
use crate::model::{Collection, CollectionId, CollectionKind, ColumnId, DrawnNumbers, PeerId, UserType};
use crate::settings::Settings;
use crate::store::{Key, RecordView, Snapshot, vector_of_bytes};
use crate::types::{ColumnType, Value};

/// A consistent view. Cheap to clone and to send; it holds its snapshot for as long as it lives.
///
/// Its methods are what may be asked of one moment, by subject in the files of `read` and `replica`; none changes anything.
#[derive(Clone)]
pub struct ReadView {
    pub(crate) database: Arc<DbState>,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) writes: Arc<WriteSet>,
    /// Commits up to this number are in the snapshot for certain; later ones may be.
    pub(crate) version: u64,
    /// What the statement has asked other members for.
    pub(crate) sought: Option<Arc<Sought>>,
    /// What a serializable transaction has read by it.
    pub(crate) reads: Option<Arc<ReadMarks>>,
    /// AUTH entries are refused to whoever reads or writes by it.
    pub(crate) hides_secrets: bool,
    /// What its session has drawn from sequences.
    pub(crate) drawn: DrawnNumbers,
    /// When its transaction began, in microseconds since 1970; where it is of none, when it was taken.
    pub(crate) began: i64,
}

/// What a statement has asked other members for. Collections by their numbers.
#[derive(Clone, Debug, Default)]
pub struct Sought {
    /// Encoded primary keys of entries that no member holds.
    pub nowhere: BTreeSet<(u32, Vec<u8>)>,
    /// Collections of which everything was brought here.
    pub gathered: BTreeSet<u32>,
}

impl ReadView {
    /// The present state, with the own changes of a transaction over it.
    pub(crate) fn of(state: &Arc<DbState>, writes: Arc<WriteSet>) -> ReadView {
        let (catalog, snapshot, version) = state.moment();
        let snapshot = Arc::new(snapshot);
        ReadView {
            database: Arc::clone(state),
            snapshot,
            catalog,
            writes,
            version,
            sought: None,
            reads: None,
            hides_secrets: false,
            drawn: DrawnNumbers::default(),
            began: Utc::now().timestamp_micros(),
        }
    }

    /// When its transaction began, in microseconds since 1970: what `now()` is.
    pub fn began(&self) -> i64 {
        self.began
    }

    /// What expressions of a statement that begins are run with.
    pub fn environment<'a>(&self, parameters: &'a [Value], settings: &'a Settings) -> Environment<'a> {
        Environment {
            parameters,
            now: self.began,
            statement_began: Utc::now().timestamp_micros(),
            style: Some(settings.text_style()),
        }
    }

    /// What expressions are run with that belong to a definition: rows are checked and kept alike whoever writes them, by texts
    /// in the canonical style and clocks of UTC.
    pub(crate) fn stored_environment(&self) -> Environment<'static> {
        Environment { parameters: &[], now: self.began, statement_began: Utc::now().timestamp_micros(), style: None }
    }

    /// Refuses a value that a domain does not have; `shown` is what messages call the domain.
    ///
    /// # Errors
    /// 23502, 23514; what computing a condition reports.
    pub fn check_domain(&self, ty: &Arc<UserType>, shown: &str, value: &Value) -> Result<()> {
        self.database.row_rules.check_domain(self, ty, shown, value)
    }

    /// Whether AUTH entries are refused to whoever reads or writes by it.
    pub fn hides_secrets(&self) -> bool {
        self.hides_secrets
    }

    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// Where the database lies.
    pub fn data_directory(&self) -> &Path {
        self.database.store.directory()
    }

    /// The private folder that statements may write to what they cannot hold in memory, made where it is missing.
    ///
    /// # Errors
    /// 58030, 53100.
    pub fn make_spill_folder(&self) -> Result<PathBuf> {
        spill_folder::make(self.data_directory())
    }

    /// Bytes that the whole database takes on disk, blobs and saved graphs aside.
    ///
    /// # Errors
    /// 58030 where its directory cannot be read.
    pub fn stored_bytes(&self) -> Result<u64> {
        self.database.store.file_bytes()
    }

    /// Who is connected to the database, and what runs.
    pub fn activity(&self) -> &Activity {
        &self.database.activity
    }

    /// The transactions that have locked rows, or wait for one.
    pub fn locking_transactions(&self) -> Vec<LockingTransaction> {
        self.database.locks.transactions()
    }

    /// The connections that wait for a row that another transaction has locked.
    pub fn waiting_connections(&self) -> BTreeSet<i32> {
        self.database.locks.waiting_connections()
    }

    /// How much of the room for notifications that somebody has not read is taken, from 0 to 1.
    pub fn notification_queue_usage(&self) -> f64 {
        self.database.feed.usage()
    }

    pub fn peer_id(&self) -> PeerId {
        self.database.peer_id()
    }

    /// Runs a bound query.
    ///
    /// # Errors
    /// As [`ReadView::explain`]; 58030 for entries that other members hold ([`ErrorKind::NotHeld`]); XX001 for a damaged record of
    /// what is held here.
    pub fn query(&self, query: impl Into<Arc<BoundQuery>>, settings: &Settings, cancel: &Cancel) -> Result<Cursor> {
        let query = query.into();
        query.collection.check_populated()?;
        let plan = access_path::choose(self, &query, settings)?;
        self.check_held(&query, &plan, settings)?;
        self.mark_reads(&query.collection, &plan.access)?;
        Cursor::open(self.clone(), query, plan, cancel.clone(), settings.memory.clone())
    }

    /// Runs a bound query of groups.
    ///
    /// # Errors
    /// As [`ReadView::query`].
    pub fn aggregate(&self, query: BoundAggregate, settings: &Settings, cancel: &Cancel) -> Result<AggregateCursor> {
        query.scan().collection.check_populated()?;
        let plan = aggregate::cursor::choose(self, &query, settings)?;
        self.check_held(query.scan(), &plan, settings)?;
        self.mark_reads(&query.scan().collection, &plan.access)?;
        AggregateCursor::open(self.clone(), query, plan, cancel.clone(), settings.memory.clone())
    }

    /// Notes what a serializable transaction is about to read.
    pub(in crate::db::read) fn mark_reads(&self, collection: &Collection, access: &Access) -> Result<()> {
        let Some(reads) = &self.reads else { return Ok(()) };
        match access {
            Access::Keys(keys) => keys.iter().try_for_each(|key| self.mark_key(collection, key)),
            Access::Range { .. } | Access::Index { .. } | Access::Graph { .. } | Access::Secrets { .. } => {
                reads.note_collection(collection.id);
                Ok(())
            }
        }
    }

    /// Notes that a serializable transaction is about to read an entry.
    pub(in crate::db::read) fn mark_key(&self, collection: &Collection, key: &[u8]) -> Result<()> {
        let Some(reads) = &self.reads else { return Ok(()) };
        if collection.kind == CollectionKind::Auth {
            reads.note_collection(collection.id);
            return Ok(());
        }
        let record = self.snapshot.get(&Key::Entry(collection.id, key))?;
        let version =
            record.as_deref().map(|bytes| RecordView::parse(bytes).map(|record| record.version())).transpose()?;
        reads.note_key(collection.id, key, version);
        Ok(())
    }

    /// The lines of EXPLAIN of a query of groups with these parameters, outermost step first.
    ///
    /// # Errors
    /// As [`AggregateQuery::bind`] and [`ReadView::explain`].
    pub fn explain_aggregate(
        &self,
        query: &AggregateQuery,
        parameters: &[Value],
        settings: &Settings,
    ) -> Result<Vec<String>> {
        let bound = query.bind(&self.environment(parameters, settings))?;
        let plan = aggregate::cursor::choose(self, &bound, settings)?;
        Ok(access_path::indent(describe(query, &bound, &plan)))
    }

    /// The view for a statement that has asked other members for entries.
    #[must_use]
    pub fn knowing(self, sought: Option<&Arc<Sought>>) -> ReadView {
        ReadView { sought: sought.cloned(), ..self }
    }

    /// The lines of EXPLAIN: how a bound query would run, outermost step first.
    ///
    /// # Errors
    /// 2201W and 2201X for a negative LIMIT or OFFSET, 54000 for more rows than a nearest query has and for a key that is too
    /// long, 22023 for an `ef` out of bounds; 58030 where the store cannot be read, XX001
    /// for a damaged index.
    pub fn explain(&self, query: &BoundQuery, settings: &Settings) -> Result<Vec<String>> {
        let plan = access_path::choose(self, query, settings)?;
        let is_searched = matches!(plan.access, Access::Graph { .. });
        let is_by_columns = plan.reads_columns && is_searched && is_filtered_by_columns(self, query);
        Ok(plan.describe(query, is_by_columns))
    }

    /// The whole declared row of an entry, `None` when there is none.
    ///
    /// # Errors
    /// 42501 for hidden secrets; XX001 for a damaged record, key or vector, F0000 for a record of a newer format; 58030 where the
    /// store cannot be read.
    pub fn row(&self, collection: &Collection, key: &EntryKey) -> Result<Option<Row>> {
        visit_key(self, collection, key.as_bytes(), |entry| entry.row())
    }

    /// What expressions make of an entry, `None` when there is none.
    ///
    /// # Errors
    /// What the expressions fail with; as [`ReadView::row`].
    pub fn values(&self, collection: &Collection, key: &EntryKey, programs: &[Program]) -> Result<Option<Row>> {
        visit_key(self, collection, key.as_bytes(), |entry| {
            programs.iter().map(|program| program.value(entry)).collect::<Result<Row>>()
        })
    }

    /// Whether the entry exists.
    ///
    /// # Errors
    /// 42501 for hidden secrets; XX001 for a damaged record, F0000 for one of a newer format; 58030 where the store cannot be
    /// read.
    pub fn exists(&self, collection: &Collection, key: &EntryKey) -> Result<bool> {
        Ok(visit_key(self, collection, key.as_bytes(), |_| Ok(()))?.is_some())
    }

    /// A committed vector.
    pub(crate) fn vector(&self, collection: CollectionId, column: ColumnId, key: &[u8]) -> Result<Option<Value>> {
        match self.snapshot.get(&Key::Vector(collection, column, key))? {
            None => Ok(None),
            Some(bytes) => vector_of_bytes(&bytes).map(|vector| Some(Value::Vector(vector))),
        }
    }

    /// Whether an entry has a committed vector.
    pub(crate) fn has_vector_of(&self, collection: CollectionId, column: ColumnId, key: &[u8]) -> Result<bool> {
        Ok(self.snapshot.get(&Key::Vector(collection, column, key))?.is_some())
    }

    /// The fact keys that occur in a MEMORY collection with the type each one shows as, in order of name.
    pub fn fact_columns(&self, collection: &Collection) -> Vec<(String, ColumnType)> {
        match collection.kind {
            CollectionKind::Memory => self.database.fact_columns(collection.id, &self.writes),
            CollectionKind::Auth | CollectionKind::Table => Vec::new(),
        }
    }

    /// The hash of the blob that a memory names; `None` where there is no entry or no blob.
    ///
    /// # Errors
    /// 42703 for a collection whose entries have no blobs.
    pub fn blob_hash(&self, collection: &Collection, key: &EntryKey) -> Result<Option<String>> {
        let Some(position) = collection.column("blob_hash") else {
            return Err(Error::new(
                ErrorKind::UndefinedColumn,
                format!("entries of \"{}\" have no blobs", collection.name),
            ));
        };
        let hash = visit_key(self, collection, key.as_bytes(), |entry| entry.column(position))?;
        match hash {
            Some(Value::Text(hash)) => Ok(Some(hash.into())),
            _ => Ok(None),
        }
    }

    /// Whether the file of a blob is here.
    ///
    /// # Errors
    /// 22P02 for a text that is no hash, 58030 where the file cannot be looked at.
    pub fn has_blob(&self, hash: &str) -> Result<bool> {
        self.database.blobs.is_here(&hash.parse()?)
    }

    /// A blob, read from its local file and verified.
    ///
    /// # Errors
    /// 22P02 for a text that is no hash, 42704 when its file is not here, 58030 when that cannot be read, XX001 when it holds
    /// something else.
    pub fn read_blob(&self, hash: &str) -> Result<Vec<u8>> {
        self.database.read_blob(hash)
    }
}
