//! The one way in which commits are told of, once they are durable: a line of events that everybody who listens reads at a pace of
//! their own, and [signals](crate::db::feed::signals) for the sync task and the builder of graphs, who look for themselves.
//!
//! Publishing never waits. What somebody has not read yet is kept, up to a number of bytes for the whole server; beyond
//! that the oldest goes, and whoever had not read it is told that something was lost. While nobody listens nothing is kept.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::db::feed::event::FeedEvent;
use crate::db::feed::signals::{Changed, Signals};
use crate::model::SENT_BYTES_MAX;

/// Bytes of events that are kept for those who have not read them.
pub(crate) const FEED_BYTES_MAX: usize = 64 * 1024 * 1024;
const _: () = assert!(SENT_BYTES_MAX <= FEED_BYTES_MAX / 4, "one transaction's messages push out nobody else's");

/// The events that are kept. Clones share it.
#[derive(Clone)]
pub(crate) struct Feed(Arc<Inner>);

struct Inner {
    line: Mutex<Line>,
    bytes_max: usize,
    /// Number that the next event gets.
    next: watch::Sender<u64>,
    signals: Signals,
}

#[derive(Default)]
struct Line {
    events: VecDeque<Kept>,
    /// Number of the first of `events`.
    first: u64,
    bytes: usize,
    listeners: usize,
    /// Those of them who listen to changed entries.
    change_listeners: usize,
}

struct Kept {
    event: Arc<FeedEvent>,
    bytes: usize,
    /// How many have not read it.
    unread: usize,
}

/// Events were overwritten before they were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overrun;

/// One listener. Dropping it ends the listening.
pub struct FeedReceiver {
    feed: Feed,
    /// Number of the event that it reads next.
    at: u64,
    wants_changes: bool,
    next: watch::Receiver<u64>,
}

impl Feed {
    pub fn new(bytes_max: usize) -> Feed {
        let (line, next, signals) = (Mutex::default(), watch::Sender::new(0), Signals::new());
        Feed(Arc::new(Inner { line, bytes_max, next, signals }))
    }

    /// Whether anybody listens, and to changed entries.
    pub fn listened_to(&self) -> (bool, bool) {
        let line = self.0.line.lock();
        (line.listeners > 0, line.change_listeners > 0)
    }

    /// Tells everybody of a durable group of commits: what it changed, and what those are told who listen. Never waits.
    pub fn publish(&self, changed: Changed, events: Vec<FeedEvent>) {
        self.0.signals.tell(changed);
        if !events.is_empty() {
            self.tell(events);
        }
    }

    /// Those who look for themselves.
    pub fn signals(&self) -> &Signals {
        &self.0.signals
    }

    /// Tells everybody who listens. Never waits.
    pub fn tell(&self, events: Vec<FeedEvent>) {
        let mut line = self.0.line.lock();
        let unread = line.listeners;
        if unread == 0 {
            return;
        }
        for event in events {
            let bytes = event.bytes();
            line.bytes += bytes;
            line.events.push_back(Kept { event: Arc::new(event), bytes, unread });
        }
        while line.bytes > self.0.bytes_max {
            line.drop_first();
        }
        let next = line.next();
        drop(line);
        // Another one may have told of a later event meanwhile.
        self.0.next.send_if_modified(|told| {
            let is_later = next > *told;
            *told = next.max(*told);
            is_later
        });
    }

    /// From now on, every event.
    pub fn subscribe(&self) -> FeedReceiver {
        let mut line = self.0.line.lock();
        line.listeners += 1;
        FeedReceiver { feed: self.clone(), at: line.next(), wants_changes: false, next: self.0.next.subscribe() }
    }

    /// How much of the room for unread events is taken, from 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "a share of some megabytes")]
    pub fn usage(&self) -> f64 {
        self.0.line.lock().bytes as f64 / self.0.bytes_max as f64
    }
}

impl Line {
    fn next(&self) -> u64 {
        self.first + self.events.len() as u64
    }

    fn drop_first(&mut self) {
        if let Some(first) = self.events.pop_front() {
            self.bytes -= first.bytes;
            self.first += 1;
        }
    }

    fn drop_read(&mut self) {
        while self.events.front().is_some_and(|first| first.unread == 0) {
            self.drop_first();
        }
    }

    /// The place of an event among those that are kept.
    fn place(&self, number: u64) -> usize {
        usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX)
    }
}

impl FeedReceiver {
    /// The next event that was not read, which stays so until [`FeedReceiver::advance`]; `None` where there is none yet.
    ///
    /// # Errors
    /// [`Overrun`] where events were lost; the next call gives the oldest one that is left.
    pub fn peek(&mut self) -> Option<Result<Arc<FeedEvent>, Overrun>> {
        let line = self.feed.0.line.lock();
        if self.at < line.first {
            self.at = line.first;
            return Some(Err(Overrun));
        }
        line.events.get(line.place(self.at)).map(|kept| Ok(Arc::clone(&kept.event)))
    }

    /// The event that was peeked at is read. Does nothing where it was lost meanwhile.
    pub fn advance(&mut self) {
        let mut line = self.feed.0.line.lock();
        if self.at < line.first {
            return;
        }
        let place = line.place(self.at);
        if let Some(kept) = line.events.get_mut(place) {
            kept.unread -= 1;
            self.at += 1;
            line.drop_read();
        }
    }

    /// Number of the event that it reads next.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Number that the next event of all gets.
    pub fn end(&self) -> u64 {
        self.feed.0.line.lock().next()
    }

    /// Waits until there is an event that was not read. Ends at once where there is one; may be dropped at any time.
    pub async fn changed(&mut self) {
        let at = self.at;
        // The sender lives as long as the feed, which this holds.
        if self.next.wait_for(|next| *next > at).await.is_err() {
            std::future::pending().await
        }
    }

    /// Whether commits are to tell it which entries they change.
    pub fn set_wants_changes(&mut self, wants_changes: bool) {
        if self.wants_changes == wants_changes {
            return;
        }
        self.wants_changes = wants_changes;
        let mut line = self.feed.0.line.lock();
        if wants_changes {
            line.change_listeners += 1;
        } else {
            line.change_listeners -= 1;
        }
    }
}

impl Drop for FeedReceiver {
    fn drop(&mut self) {
        self.set_wants_changes(false);
        let mut line = self.feed.0.line.lock();
        line.listeners -= 1;
        let place = line.place(self.at);
        for kept in line.events.iter_mut().skip(place) {
            kept.unread -= 1;
        }
        line.drop_read();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::feed::event::{Happened, NetworkEvent};

    fn event(number: u64) -> FeedEvent {
        FeedEvent::Network(NetworkEvent { network: "team".to_string(), happened: Happened::Posted(number) })
    }

    fn read(receiver: &mut FeedReceiver) -> Vec<Result<u64, Overrun>> {
        let number = |event: Arc<FeedEvent>| match &*event {
            FeedEvent::Network(NetworkEvent { happened: Happened::Posted(number), .. }) => *number,
            other => panic!("{other:?}"),
        };
        let next = || {
            let next = receiver.peek();
            if matches!(next, Some(Ok(_))) {
                receiver.advance();
            }
            next
        };
        std::iter::from_fn(next).map(|next| next.map(number)).collect()
    }

    #[test]
    fn everybody_reads_everything_and_what_all_have_read_is_gone() {
        let feed = Feed::new(FEED_BYTES_MAX);
        feed.tell(vec![event(0)]);
        let (mut first, mut second) = (feed.subscribe(), feed.subscribe());
        feed.tell(vec![event(1)]);
        feed.tell(vec![event(2)]);
        assert_eq!(read(&mut first), [Ok(1), Ok(2)]);
        assert!(feed.usage() > 0.0);
        assert_eq!(read(&mut second), [Ok(1), Ok(2)]);
        assert!(feed.usage() == 0.0);
        feed.tell(vec![event(3)]);
        drop(first);
        assert!(feed.usage() > 0.0);
        drop(second);
        assert!(feed.usage() == 0.0 && !feed.listened_to().0);
        feed.tell(vec![event(4)]);
        assert!(feed.usage() == 0.0, "nothing is kept for nobody");
    }

    #[test]
    fn whoever_is_too_slow_is_told_and_nobody_else() {
        let feed = Feed::new(event(0).bytes() * 2);
        let (mut slow, mut quick) = (feed.subscribe(), feed.subscribe());
        for number in 1..=3 {
            feed.tell(vec![event(number)]);
            assert_eq!(read(&mut quick), [Ok(number)]);
        }
        assert!(feed.usage() <= 1.0);
        assert_eq!(read(&mut slow), [Err(Overrun), Ok(2), Ok(3)]);
        assert_eq!(read(&mut slow), []);
    }

    #[tokio::test]
    async fn waiting_ends_with_the_next_event_and_where_one_is_there() {
        let feed = Feed::new(FEED_BYTES_MAX);
        let mut receiver = feed.subscribe();
        let waiting = tokio::spawn(async move {
            receiver.changed().await;
            receiver.changed().await;
            read(&mut receiver)
        });
        feed.tell(vec![event(7)]);
        assert_eq!(waiting.await.unwrap(), [Ok(7)]);
    }

    #[test]
    fn changed_entries_are_wanted_while_somebody_wants_them() {
        let feed = Feed::new(FEED_BYTES_MAX);
        let mut receiver = feed.subscribe();
        assert_eq!(feed.listened_to(), (true, false));
        receiver.set_wants_changes(true);
        receiver.set_wants_changes(true);
        assert_eq!(feed.listened_to(), (true, true));
        drop(receiver);
        assert_eq!(feed.listened_to(), (false, false));
    }
}
