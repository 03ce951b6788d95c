//! Who is connected and what runs: what `pg_stat_activity` shows.
//!
//! Statement texts are kept in a form without secrets, which whoever runs them has to see to. The cursors and the prepared
//! statements of a session are listed with it, for `pg_cursors` and `pg_prepared_statements`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::SystemTime;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::db::state::cancel::Cancel;
use crate::model::RoleId;
use crate::types::ColumnType;

/// Connections that are looked at for whether others run something; more of them count as busy.
const LOOKED_AT_MAX: usize = 32;

/// The connections of a server. Clones share it.
#[derive(Clone, Default)]
pub struct Activity(Arc<Mutex<BTreeMap<i32, Arc<Mutex<ConnectionActivity>>>>>);

/// What a connection does at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActivityState {
    Active,
    Idle,
    IdleInTransaction,
    IdleInFailedTransaction,
}

/// What one connection does.
#[derive(Clone, Debug)]
pub struct ConnectionActivity {
    pub id: i32,
    /// The role that has logged in, and its name then.
    pub role: RoleId,
    pub user: String,
    pub application: String,
    /// Address of the client.
    pub client: SocketAddr,
    pub connected: SystemTime,
    pub state: ActivityState,
    /// When it came into this state.
    pub changed: SystemTime,
    /// The statement that runs, or ran last; secrets are left out.
    pub statement: Arc<str>,
    /// When it began.
    pub began: SystemTime,
    cursors: CursorList,
    prepared: PreparedList,
    /// Set when what it runs is to end.
    cancel: Cancel,
    /// True once the connection is to end.
    end: Arc<watch::Sender<bool>>,
}

/// The open cursors of a connection, by number.
type CursorList = Arc<Mutex<BTreeMap<u64, OpenCursor>>>;

/// The named prepared statements of a connection.
type PreparedList = Arc<Mutex<BTreeMap<String, NamedStatement>>>;

/// A prepared statement as `pg_prepared_statements` shows it.
#[derive(Clone, Debug)]
pub struct NamedStatement {
    /// The text that prepared it; secrets are left out.
    pub statement: Arc<str>,
    pub prepared: SystemTime,
    pub parameters: Vec<ColumnType>,
    /// The types of its columns; `None` where it has no result.
    pub results: Option<Vec<ColumnType>>,
    /// PREPARE made it, not a message of the protocol.
    pub is_from_sql: bool,
    /// How often it was executed.
    pub runs: Arc<AtomicU64>,
}

/// A prepared statement's place in the list of its connection; dropping it takes it out.
pub struct ListedStatement {
    prepared: PreparedList,
    name: String,
}

/// What a cursor was declared with.
#[derive(Clone, Copy, Debug, Default)]
pub struct CursorKind {
    /// WITH HOLD: it lives on after its transaction.
    pub is_held: bool,
    /// SCROLL: it goes both ways.
    pub is_scrollable: bool,
}

/// A cursor as `pg_cursors` shows it.
#[derive(Clone, Debug)]
pub struct OpenCursor {
    pub name: String,
    /// The statement that declared it; secrets are left out.
    pub statement: Arc<str>,
    pub kind: CursorKind,
    pub declared: SystemTime,
}

/// A cursor's place in the list of its connection; dropping it takes it out.
pub struct ListedCursor {
    cursors: CursorList,
    number: u64,
}

/// A connection's place in the list; dropping it takes it out.
pub struct ActivityHandle {
    activity: Activity,
    id: i32,
    connection: Arc<Mutex<ConnectionActivity>>,
}

impl ActivityState {
    /// As `pg_stat_activity` calls it.
    pub fn name(self) -> &'static str {
        match self {
            ActivityState::Active => "active",
            ActivityState::Idle => "idle",
            ActivityState::IdleInTransaction => "idle in transaction",
            ActivityState::IdleInFailedTransaction => "idle in transaction (aborted)",
        }
    }
}

impl Activity {
    /// Lists a connection; `cancel` is the flag of what it runs.
    pub fn register(
        &self,
        id: i32,
        (role, user): (RoleId, &str),
        client: SocketAddr,
        cancel: Cancel,
    ) -> ActivityHandle {
        let now = SystemTime::now();
        let connection = Arc::new(Mutex::new(ConnectionActivity {
            id,
            role,
            user: user.to_string(),
            application: String::new(),
            client,
            connected: now,
            state: ActivityState::Idle,
            changed: now,
            statement: "".into(),
            began: now,
            cursors: CursorList::default(),
            prepared: PreparedList::default(),
            cancel,
            end: Arc::new(watch::Sender::new(false)),
        }));
        self.0.lock().insert(id, Arc::clone(&connection));
        ActivityHandle { activity: self.clone(), id, connection }
    }

    /// All connections, by number.
    pub fn connections(&self) -> Vec<ConnectionActivity> {
        let connections: Vec<_> = self.0.lock().values().cloned().collect();
        connections.iter().map(|connection| connection.lock().clone()).collect()
    }

    /// The role of a connection, where there is one of that number.
    pub fn role_of(&self, id: i32) -> Option<RoleId> {
        self.0.lock().get(&id).map(|connection| connection.lock().role)
    }

    /// How many connections a role has.
    pub fn count_of(&self, role: RoleId) -> usize {
        self.0.lock().values().filter(|connection| connection.lock().role == role).count()
    }

    /// Whether one connection at most runs something, as far as a look at a few tells; `false` with many.
    pub fn has_one_at_most(&self) -> bool {
        let connections = self.0.lock();
        connections.len() <= LOOKED_AT_MAX
            && connections
                .values()
                .filter(|connection| connection.lock().state == ActivityState::Active)
                .take(2)
                .count()
                < 2
    }

    /// Whether a connection of that number is there.
    pub fn is_connected(&self, id: i32) -> bool {
        self.0.lock().contains_key(&id)
    }

    /// Cancels what a connection runs; whether there is one of that number.
    pub fn cancel(&self, id: i32) -> bool {
        let connection = self.0.lock().get(&id).cloned();
        connection.inspect(|connection| connection.lock().cancel.cancel()).is_some()
    }

    /// Ends a connection, and what it runs; whether there is one of that number. It may be there for a moment more.
    pub fn terminate(&self, id: i32) -> bool {
        let Some(connection) = self.0.lock().get(&id).cloned() else { return false };
        let connection = connection.lock();
        connection.cancel.shut_down();
        connection.end.send_replace(true);
        true
    }

    /// The open cursors of one connection, in the order they were declared.
    pub fn cursors_of(&self, id: i32) -> Vec<OpenCursor> {
        let Some(connection) = self.0.lock().get(&id).cloned() else { return Vec::new() };
        let cursors = Arc::clone(&connection.lock().cursors);
        let open = cursors.lock();
        open.values().cloned().collect()
    }

    /// The named prepared statements of one connection, in order of name.
    pub fn statements_of(&self, id: i32) -> Vec<(String, NamedStatement)> {
        let Some(connection) = self.0.lock().get(&id).cloned() else { return Vec::new() };
        let prepared = Arc::clone(&connection.lock().prepared);
        let named = prepared.lock();
        named.iter().map(|(name, statement)| (name.clone(), statement.clone())).collect()
    }
}

impl ActivityHandle {
    pub fn id(&self) -> i32 {
        self.id
    }

    /// True once the connection is to end.
    pub fn end(&self) -> watch::Receiver<bool> {
        self.connection.lock().end.subscribe()
    }

    /// The client has said what it is.
    pub fn name_application(&self, name: &str) {
        name.clone_into(&mut self.connection.lock().application);
    }

    /// A statement begins.
    pub fn run(&self, statement: &Arc<str>) {
        let mut connection = self.connection.lock();
        connection.began = SystemTime::now();
        connection.state = ActivityState::Active;
        connection.changed = connection.began;
        if !Arc::ptr_eq(&connection.statement, statement) {
            connection.statement = Arc::clone(statement);
        }
    }

    /// A portal was opened, which is listed under a number of its own: of a bound statement, or by the one that runs.
    pub fn list_cursor(&self, number: u64, name: &str, kind: CursorKind, bound: Option<&Arc<str>>) -> ListedCursor {
        let connection = self.connection.lock();
        let (statement, declared) = match bound {
            Some(statement) => (statement, SystemTime::now()),
            None => (&connection.statement, connection.began),
        };
        let cursor = OpenCursor { name: name.to_string(), statement: Arc::clone(statement), kind, declared };
        connection.cursors.lock().insert(number, cursor);
        ListedCursor { cursors: Arc::clone(&connection.cursors), number }
    }

    /// The statement that runs, without secrets.
    pub fn statement(&self) -> Arc<str> {
        Arc::clone(&self.connection.lock().statement)
    }

    /// A statement was prepared under a name that no other one has.
    pub fn list_statement(&self, name: &str, statement: NamedStatement) -> ListedStatement {
        let prepared = Arc::clone(&self.connection.lock().prepared);
        prepared.lock().insert(name.to_string(), statement);
        ListedStatement { prepared, name: name.to_string() }
    }

    /// The connection waits for its client.
    pub fn rest(&self, state: ActivityState) {
        let mut connection = self.connection.lock();
        connection.state = state;
        connection.changed = SystemTime::now();
    }
}

impl Drop for ActivityHandle {
    fn drop(&mut self) {
        self.activity.0.lock().remove(&self.id);
    }
}

impl Drop for ListedCursor {
    fn drop(&mut self) {
        self.cursors.lock().remove(&self.number);
    }
}

impl Drop for ListedStatement {
    fn drop(&mut self) {
        self.prepared.lock().remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_come_and_go() {
        let activity = Activity::default();
        let handle =
            activity.register(7, (RoleId::BOOTSTRAP, "nebulus"), "127.0.0.1:1".parse().unwrap(), Cancel::new());
        handle.run(&"SELECT 1".into());
        let [connection] = &activity.connections()[..] else { panic!("one connection") };
        assert!(connection.state == ActivityState::Active && &*connection.statement == "SELECT 1");
        handle.rest(ActivityState::IdleInTransaction);
        assert_eq!(activity.connections()[0].state.name(), "idle in transaction");
        let mut end = handle.end();
        assert!(activity.terminate(7) && *end.borrow_and_update() && !activity.terminate(8));
        drop(handle);
        assert!(activity.connections().is_empty());
    }
}
