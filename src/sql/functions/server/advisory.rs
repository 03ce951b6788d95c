//! Advisory locks: in-process, counted, by session.
//!
//! A lock is held by the session number of `pg_backend_pid`. Whoever waits does so on a thread of its own session, and looks
//! at the cancel flag meanwhile. Locks that a transaction takes live until [`release`] with `transaction`; the session calls it
//! at the end of a transaction and, for all, when the connection closes.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::Int;
use crate::expr::{Function, Invocation, int_of};
use crate::sql::arrow::context::context_of;
use crate::sql::functions::server::session::backend_pid;
use crate::types::{ColumnType, Value};

/// Most advisory locks of the whole server.
const LOCKS_MAX: usize = 10_000;
/// How often a waiting statement looks whether it was cancelled.
const CANCEL_CHECK: Duration = Duration::from_millis(20);

/// One lock: who holds it, and how often for the session and for its transaction.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Held {
    session: i32,
    by_session: u32,
    by_transaction: u32,
}

type Key = (i64, Option<i64>);

type Locks = HashMap<Key, Held>;

static LOCKS: LazyLock<Mutex<Locks>> = LazyLock::new(Mutex::default);
/// Told when locks become free.
static FREED: Condvar = Condvar::new();

pub fn definitions() -> Vec<Function> {
    let void = ColumnType::Void;
    let lock = |name: &'static str, body: crate::expr::Body| {
        Function::new(name, &[Int, Int], void.clone(), body).optional(1).volatile()
    };
    let test = |name: &'static str, body: crate::expr::Body| {
        Function::new(name, &[Int, Int], ColumnType::Bool, body).optional(1).volatile()
    };
    vec![
        lock("pg_advisory_lock", |invocation, arguments| wait(invocation, arguments, false)),
        lock("pg_advisory_xact_lock", |invocation, arguments| wait(invocation, arguments, true)),
        test("pg_try_advisory_lock", |invocation, arguments| {
            take(invocation, &mut LOCKS.lock(), key(arguments), false).map(Value::Bool)
        }),
        test("pg_try_advisory_xact_lock", |invocation, arguments| {
            take(invocation, &mut LOCKS.lock(), key(arguments), true).map(Value::Bool)
        }),
        test("pg_advisory_unlock", |invocation, arguments| {
            Ok(Value::Bool(unlock(session(invocation)?, key(arguments))))
        }),
        Function::new("pg_advisory_unlock_all", &[], void.clone(), |invocation, _| {
            release(session(invocation)?, false);
            Ok(Value::text(""))
        })
        .volatile(),
    ]
}

fn session(invocation: &Invocation<'_>) -> Result<i32> {
    Ok(backend_pid(&context_of(invocation)?.settings))
}

fn key(arguments: &[Value]) -> Key {
    (int_of(arguments, 0).unwrap_or(0), int_of(arguments, 1))
}

/// Takes the lock if it is free or held by the same session already.
fn take(invocation: &Invocation<'_>, locks: &mut Locks, key: Key, transaction: bool) -> Result<bool> {
    // A session that ends sets the flag before it gives up its locks: nothing is taken for it afterwards.
    context_of(invocation)?.cancel.check()?;
    take_for(session(invocation)?, locks, key, transaction)
}

fn take_for(session: i32, locks: &mut Locks, key: Key, transaction: bool) -> Result<bool> {
    if locks.len() >= LOCKS_MAX && !locks.contains_key(&key) {
        return Err(Error::new(ErrorKind::LimitExceeded, format!("more than {LOCKS_MAX} advisory locks are held"))
            .with_hint("Release some with pg_advisory_unlock()."));
    }
    let held = locks.entry(key).or_insert(Held { session, by_session: 0, by_transaction: 0 });
    if held.session != session {
        return Ok(false);
    }
    let count = if transaction { &mut held.by_transaction } else { &mut held.by_session };
    *count = count.saturating_add(1);
    Ok(true)
}

fn wait(invocation: &Invocation<'_>, arguments: &[Value], transaction: bool) -> Result<Value> {
    let patience = context_of(invocation)?.settings.lock_timeout();
    let began = Instant::now();
    let mut locks = LOCKS.lock();
    while !take(invocation, &mut locks, key(arguments), transaction)? {
        if patience.is_some_and(|patience| began.elapsed() >= patience) {
            return Err(Error::new(ErrorKind::LockNotAvailable, "canceling statement due to lock timeout"));
        }
        // Whether it was told or has waited long enough, it looks again.
        FREED.wait_for(&mut locks, CANCEL_CHECK);
    }
    Ok(Value::text(""))
}

fn unlock(session: i32, key: Key) -> bool {
    let mut locks = LOCKS.lock();
    let Some(held) = locks.get_mut(&key).filter(|held| held.session == session && held.by_session > 0) else {
        return false;
    };
    held.by_session -= 1;
    if held.by_session + held.by_transaction == 0 {
        locks.remove(&key);
        FREED.notify_all();
    }
    true
}

/// The locks that are held, each with its session.
pub fn held() -> Vec<((i64, Option<i64>), i32)> {
    LOCKS.lock().iter().map(|(key, held)| (*key, held.session)).collect()
}

/// Gives up a session's advisory locks: those of its transaction, or all those of the session.
pub fn release(session: i32, transaction: bool) {
    let mut locks = LOCKS.lock();
    if locks.is_empty() {
        return;
    }
    locks.retain(|_, held| {
        if held.session == session {
            if transaction {
                held.by_transaction = 0;
            } else {
                held.by_session = 0;
            }
        }
        held.by_session + held.by_transaction > 0
    });
    FREED.notify_all();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_excludes_other_sessions_until_it_is_released_as_often_as_taken() {
        let key = (-77, None);
        let take = |session, key, transaction| take_for(session, &mut LOCKS.lock(), key, transaction);
        assert!(take(-1, key, false).unwrap() && take(-1, key, false).unwrap());
        assert!(!take(-2, key, false).unwrap());
        assert!(unlock(-1, key) && !take(-2, key, false).unwrap());
        assert!(unlock(-1, key) && take(-2, key, true).unwrap());
        assert!(!unlock(-2, key));
        release(-2, true);
        assert!(take(-1, key, false).unwrap());
        release(-1, false);
    }
}
