//! Who is connected and what runs, for the health page and for operators.
//!
//! Statement texts are kept in a form without secrets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::Mutex;

/// The connections of a server. Clones share it.
#[derive(Clone, Default)]
pub struct Activity(Arc<Mutex<BTreeMap<i32, Arc<Mutex<ConnectionActivity>>>>>);

/// What one connection does.
#[derive(Clone, Debug)]
pub struct ConnectionActivity {
    pub id: i32,
    pub user: String,
    /// Address of the client.
    pub client: String,
    pub connected: SystemTime,
    pub is_running: bool,
    /// The statement that runs, or ran last; secrets are left out.
    pub statement: Arc<str>,
    /// When it began.
    pub began: SystemTime,
}

/// A connection's place in the list; dropping it takes it out.
pub struct ActivityHandle {
    activity: Activity,
    id: i32,
    connection: Arc<Mutex<ConnectionActivity>>,
}

impl Activity {
    pub fn register(&self, id: i32, user: &str, client: &str) -> ActivityHandle {
        let now = SystemTime::now();
        let connection = Arc::new(Mutex::new(ConnectionActivity {
            id,
            user: user.to_string(),
            client: client.to_string(),
            connected: now,
            is_running: false,
            statement: "".into(),
            began: now,
        }));
        self.0.lock().insert(id, Arc::clone(&connection));
        ActivityHandle { activity: self.clone(), id, connection }
    }

    /// All connections, by number.
    pub fn connections(&self) -> Vec<ConnectionActivity> {
        let connections: Vec<_> = self.0.lock().values().cloned().collect();
        connections.iter().map(|connection| connection.lock().clone()).collect()
    }
}

impl ActivityHandle {
    pub fn id(&self) -> i32 {
        self.id
    }

    /// A statement begins.
    pub fn run(&self, statement: &Arc<str>) {
        let mut connection = self.connection.lock();
        connection.is_running = true;
        connection.began = SystemTime::now();
        if !Arc::ptr_eq(&connection.statement, statement) {
            connection.statement = Arc::clone(statement);
        }
    }

    /// The connection waits for its client.
    pub fn rest(&self) {
        self.connection.lock().is_running = false;
    }
}

impl Drop for ActivityHandle {
    fn drop(&mut self) {
        self.activity.0.lock().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_come_and_go() {
        let activity = Activity::default();
        let handle = activity.register(7, "nebulus", "127.0.0.1:1");
        handle.run(&"SELECT 1".into());
        let [connection] = &activity.connections()[..] else { panic!("one connection") };
        assert!(connection.is_running && &*connection.statement == "SELECT 1");
        handle.rest();
        assert!(!activity.connections()[0].is_running);
        drop(handle);
        assert!(activity.connections().is_empty());
    }
}
