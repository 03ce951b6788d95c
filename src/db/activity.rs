//! Who is connected and what runs: what `pg_stat_activity` shows.
//!
//! Statement texts are kept in a form without secrets, which whoever runs them has to see to. The cursors of a session are
//! listed with it, for `pg_cursors`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::Mutex;

use crate::db::Cancel;

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
    cancel: Cancel,
    cursors: CursorList,
}

/// The open cursors of a connection, by number.
type CursorList = Arc<Mutex<BTreeMap<u64, OpenCursor>>>;

/// A cursor as `pg_cursors` shows it.
#[derive(Clone, Debug)]
pub struct OpenCursor {
    pub name: String,
    /// The statement that declared it; secrets are left out.
    pub statement: Arc<str>,
    pub is_held: bool,
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
    /// Lists a connection, whose statements end when `cancel` is set.
    pub fn register(&self, id: i32, user: &str, client: SocketAddr, cancel: &Cancel) -> ActivityHandle {
        let now = SystemTime::now();
        let connection = Arc::new(Mutex::new(ConnectionActivity {
            id,
            user: user.to_string(),
            application: String::new(),
            client,
            connected: now,
            state: ActivityState::Idle,
            changed: now,
            statement: "".into(),
            began: now,
            cancel: cancel.clone(),
            cursors: CursorList::default(),
        }));
        self.0.lock().insert(id, Arc::clone(&connection));
        ActivityHandle { activity: self.clone(), id, connection }
    }

    /// Cancels what a connection runs at the moment, if anything; whether there is such a connection.
    pub fn cancel(&self, id: i32) -> bool {
        let connection = self.0.lock().get(&id).cloned();
        connection.inspect(|connection| connection.lock().cancel.cancel()).is_some()
    }

    /// All connections, by number.
    pub fn connections(&self) -> Vec<ConnectionActivity> {
        let connections: Vec<_> = self.0.lock().values().cloned().collect();
        connections.iter().map(|connection| connection.lock().clone()).collect()
    }

    /// The open cursors of one connection, in the order they were declared.
    pub fn cursors_of(&self, id: i32) -> Vec<OpenCursor> {
        let Some(connection) = self.0.lock().get(&id).cloned() else { return Vec::new() };
        let cursors = Arc::clone(&connection.lock().cursors);
        let open = cursors.lock();
        open.values().cloned().collect()
    }
}

impl ActivityHandle {
    pub fn id(&self) -> i32 {
        self.id
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

    /// The statement that runs has declared a cursor, which is listed under a number of its own.
    pub fn list_cursor(&self, number: u64, name: &str, is_held: bool) -> ListedCursor {
        let connection = self.connection.lock();
        let (name, statement) = (name.to_string(), Arc::clone(&connection.statement));
        let cursor = OpenCursor { name, statement, is_held, declared: connection.began };
        connection.cursors.lock().insert(number, cursor);
        ListedCursor { cursors: Arc::clone(&connection.cursors), number }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_come_and_go() {
        let activity = Activity::default();
        let cancel = Cancel::new();
        let handle = activity.register(7, "nebulus", "127.0.0.1:1".parse().unwrap(), &cancel);
        handle.run(&"SELECT 1".into());
        let [connection] = &activity.connections()[..] else { panic!("one connection") };
        assert!(connection.state == ActivityState::Active && &*connection.statement == "SELECT 1");
        handle.rest(ActivityState::IdleInTransaction);
        assert_eq!(activity.connections()[0].state.name(), "idle in transaction");
        assert!(!activity.cancel(8) && cancel.check().is_ok());
        assert!(activity.cancel(7) && cancel.check().is_err());
        drop(handle);
        assert!(activity.connections().is_empty());
    }
}
