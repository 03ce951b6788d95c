//! Whether the tasks live that a database cannot do without: the one thread that writes, the one that builds graphs, the one
//! that owns the networks.
//!
//! Each of them holds a [`Vital`] for as long as it works. One that is dropped without [`Vital::end`], by a panic or by a way
//! out that nobody thought of, is a task that has died: the health page says so by name, and the log. Tasks that may be
//! aborted die by panics only. Who waits for the answer of a task that may die does so by [`answered`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

/// The vital tasks of one database. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Mutex<Vec<&'static str>>>);

/// Held by a vital task while it works.
#[derive(Debug)]
pub struct Vital {
    name: &'static str,
    health: Health,
    has_ended: bool,
    may_be_aborted: bool,
}

impl Health {
    /// The sign of life of a task.
    #[must_use]
    pub fn watch(&self, name: &'static str) -> Vital {
        Vital { name, health: self.clone(), has_ended: false, may_be_aborted: false }
    }

    /// Names of the tasks that have died, in the order they did.
    pub fn dead(&self) -> Vec<&'static str> {
        self.0.lock().clone()
    }
}

impl Vital {
    /// That the task's owner drops it says nothing.
    #[must_use]
    pub fn abortable(mut self) -> Self {
        self.may_be_aborted = true;
        self
    }

    /// The task ends because it was told to.
    pub fn end(mut self) {
        self.has_ended = true;
    }
}

impl Drop for Vital {
    fn drop(&mut self) {
        if self.has_ended || (self.may_be_aborted && !std::thread::panicking()) {
            return;
        }
        tracing::error!(task = self.name, "a vital task has died; restart the server, and please report the defect");
        self.health.0.lock().push(self.name);
    }
}

/// Waits for the answer to a request that was put into a task's queue; `None` where the task ends without giving it.
///
/// That the answer's other end is dropped with the request is not enough to go by: a queue is emptied once when its receiver goes,
/// and a request that had its place by then and comes in behind that lies there for as long as anybody can send.
pub async fn answered<M, T>(requests: &mpsc::Sender<M>, mut answer: oneshot::Receiver<T>) -> Option<T> {
    tokio::select! {
        biased;
        given = &mut answer => given.ok(),
        // What was answered was answered before the receiver went.
        () = requests.closed() => answer.try_recv().ok(),
    }
}

/// How long something has been going on that ought to be short.
#[derive(Debug, Default)]
pub struct Stopwatch(Mutex<Option<Instant>>);

impl Stopwatch {
    /// Runs it, with the time in view of others.
    pub fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        *self.0.lock() = Some(Instant::now());
        let done = work();
        *self.0.lock() = None;
        done
    }

    /// For how long it has been running; `None` while it is not.
    pub fn running_for(&self) -> Option<Duration> {
        self.0.lock().map(|began| began.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopwatch_runs_as_long_as_the_work() {
        let watch = Stopwatch::default();
        assert!(watch.run(|| watch.running_for()).is_some());
        assert!(watch.running_for().is_none());
    }

    #[tokio::test]
    async fn nobody_waits_for_a_task_that_is_gone() {
        let (requests, mut queue) = mpsc::channel::<oneshot::Sender<u8>>(4);
        let (reply, answer) = oneshot::channel();
        requests.send(reply).await.unwrap();
        let task = tokio::spawn(async move {
            queue.recv().await.unwrap().send(7).unwrap();
            queue
        });
        assert_eq!(answered(&requests, answer).await, Some(7));
        let queue = task.await.unwrap();
        // Answered as the last thing that the task did.
        let (reply, last) = oneshot::channel();
        reply.send(8).unwrap();
        // One has its place in the queue, and comes in when the task has gone and has dropped what it found there.
        let place = requests.reserve().await.unwrap();
        drop(queue);
        let (reply, answer) = oneshot::channel();
        place.send(reply);
        assert_eq!(answered(&requests, answer).await, None);
        assert_eq!(answered(&requests, last).await, Some(8));
    }

    #[test]
    fn what_ends_by_itself_is_well_and_what_falls_is_not() {
        let health = Health::default();
        health.watch("first").end();
        drop(health.watch("first").abortable());
        assert!(health.dead().is_empty());
        let vital = health.watch("second");
        let fallen = std::thread::spawn(move || {
            let _vital = vital;
            panic!("a task that falls");
        });
        assert!(fallen.join().is_err());
        assert_eq!(health.dead(), ["second"]);
    }
}
