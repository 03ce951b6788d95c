//! What a session listens to and what it has yet to send, as LISTEN, NOTIFY and `pg_notify` leave it.
//!
//! A handle lies in the session's settings, so that functions of a query reach it. What a transaction sends and which
//! channels it begins or ends to listen to counts from its commit on; whoever owns the session says when that is.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::error::{Error, ErrorKind, Result};
use crate::model::budget::{MemoryAccount, Reservation};
use crate::types::limits::IDENTIFIER_BYTES_MAX;

/// A message's text is shorter than this many bytes, as in PostgreSQL (`NOTIFY_PAYLOAD_MAX_LENGTH`).
pub const PAYLOAD_BYTES_END: usize = 8000;
/// Bytes that one transaction may send: a part of what the change feed keeps for those who have not read it.
pub const SENT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes that a message takes besides its texts, by estimate.
const MESSAGE_BYTES: usize = 96;
/// Bytes that a transaction may send without taking them from the budget, and bytes that are taken at a time.
const BYTES_FREE: usize = 16 * 1024;
const BYTES_TAKEN: usize = 64 * 1024;
/// Bytes that a channel takes besides its name, here and where it is listened to.
const CHANNEL_BYTES: usize = 256;
/// Most channels that one session listens to.
const CHANNELS_MAX: usize = 10_000;

/// The channel that tells of all networks.
const NETWORKS: &str = "networks";
/// What the names of the channels of one network, and of one collection, begin with.
const NETWORK_PREFIX: &str = "network:";
const CHANGES_PREFIX: &str = "changes:";

/// Who speaks on a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel<'a> {
    /// The server, of the entries of a collection.
    Changes(&'a str),
    /// The server, of one network.
    Network(&'a str),
    /// The server, of all networks.
    Networks,
    /// Clients, with NOTIFY.
    Users(&'a str),
}

/// A session's messages and channels. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Notifications(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    account: Option<MemoryAccount>,
    /// In the order in which LISTEN named them.
    channels: Vec<Arc<str>>,
    sent: Vec<Notification>,
    known: HashSet<(Arc<str>, Arc<str>)>,
    bytes: usize,
    memory: Option<Reservation>,
    changes: Vec<Change>,
    /// What the channels take, those that are about to be listened to among them.
    channel_bytes: usize,
    channel_memory: Option<Reservation>,
}

/// What a transaction does about channels.
#[derive(Debug)]
enum Change {
    Listen(Arc<str>),
    Unlisten(Arc<str>),
    UnlistenAll,
}

/// A moment of a transaction to go back to.
#[derive(Clone, Copy, Debug)]
pub struct NotificationsMark {
    sent: usize,
    changes: usize,
}

impl<'a> Channel<'a> {
    pub fn of(name: &'a str) -> Channel<'a> {
        if let Some(collection) = name.strip_prefix(CHANGES_PREFIX) {
            return Channel::Changes(collection);
        }
        match name.strip_prefix(NETWORK_PREFIX) {
            Some(network) => Channel::Network(network),
            None if name == NETWORKS => Channel::Networks,
            None => Channel::Users(name),
        }
    }

    /// The name of the channel that tells of a collection's entries.
    pub fn of_collection(collection: &str) -> String {
        format!("{CHANGES_PREFIX}{collection}")
    }

    /// The names of the channels that tell of a network.
    pub fn of_network(network: &str) -> [String; 2] {
        [format!("{NETWORK_PREFIX}{network}"), NETWORKS.to_string()]
    }

    /// Whether its name can be one.
    ///
    /// # Errors
    /// 22023, as PostgreSQL has it.
    pub fn check_name(self) -> Result<()> {
        let error = |text| Err(Error::new(ErrorKind::InvalidParameterValue, text));
        match self {
            Channel::Users("") => error("channel name cannot be empty"),
            Channel::Users(name) if name.len() > IDENTIFIER_BYTES_MAX => error("channel name too long"),
            Channel::Users(_) | Channel::Changes(_) | Channel::Network(_) | Channel::Networks => Ok(()),
        }
    }
}

/// A message of NOTIFY.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// The number of the connection that sent it.
    pub sender: i32,
    pub channel: Arc<str>,
    pub payload: Arc<str>,
}

impl Notification {
    /// Bytes of memory that it takes, by estimate.
    pub fn bytes(&self) -> usize {
        MESSAGE_BYTES + self.channel.len() + self.payload.len()
    }
}

impl Notifications {
    /// What it holds is taken from an account from now on.
    pub fn charge_to(&self, account: &MemoryAccount) {
        self.0.lock().account = Some(account.clone());
    }

    /// Sends a message when the transaction commits; one that it has sent already is not sent twice.
    ///
    /// # Errors
    /// 22023 for a channel without a name or with a long one, and for a long text; 42501 for a channel of the server's; 54000
    /// for more than one transaction may send.
    pub fn send(&self, sender: i32, channel: &str, payload: &str) -> Result<()> {
        Channel::of(channel).check_name()?;
        if payload.len() >= PAYLOAD_BYTES_END {
            return Err(Error::new(ErrorKind::InvalidParameterValue, "payload string too long").with_hint(format!(
                "It has {} bytes, {} are allowed. Keep long texts in a table and send their keys.",
                payload.len(),
                PAYLOAD_BYTES_END - 1
            )));
        }
        if !matches!(Channel::of(channel), Channel::Users(_)) {
            let error = format!("permission denied for channel \"{channel}\"");
            return Err(Error::new(ErrorKind::InsufficientPrivilege, error).with_hint(
                "Only the server speaks on \"networks\" and on channels whose names begin with \"network:\" or \"changes:\".",
            ));
        }
        let notification = Notification { sender, channel: channel.into(), payload: payload.into() };
        let mut state = self.0.lock();
        let words = (Arc::clone(&notification.channel), Arc::clone(&notification.payload));
        if state.known.contains(&words) {
            return Ok(());
        }
        state.charge(notification.bytes())?;
        state.known.insert(words);
        state.sent.push(notification);
        Ok(())
    }

    /// Listens to a channel once the transaction has committed.
    ///
    /// # Errors
    /// 54000 for too many, 53200 where the session has no memory for it.
    pub fn listen(&self, channel: &str) -> Result<()> {
        self.0.lock().change(Change::Listen(channel.into()))
    }

    /// Ends to listen to a channel, or with `None` to all, once the transaction has committed.
    ///
    /// # Errors
    /// 54000 for too many changes in one transaction.
    pub fn unlisten(&self, channel: Option<&str>) -> Result<()> {
        let mut state = self.0.lock();
        if state.channels.is_empty() && state.changes.is_empty() {
            return Ok(());
        }
        state.change(channel.map_or(Change::UnlistenAll, |channel| Change::Unlisten(channel.into())))
    }

    /// The channels that are listened to.
    pub fn channels(&self) -> Vec<Arc<str>> {
        self.0.lock().channels.clone()
    }

    /// Whether the transaction has sent something, or changes what is listened to.
    pub fn is_waiting(&self) -> bool {
        let state = self.0.lock();
        !state.sent.is_empty() || !state.changes.is_empty()
    }

    /// Whether the transaction begins to listen to something.
    pub fn begins(&self) -> bool {
        self.0.lock().changes.iter().any(|change| matches!(change, Change::Listen(_)))
    }

    pub fn mark(&self) -> NotificationsMark {
        let state = self.0.lock();
        NotificationsMark { sent: state.sent.len(), changes: state.changes.len() }
    }

    pub fn go_back(&self, mark: NotificationsMark) {
        let mut state = self.0.lock();
        while state.sent.len() > mark.sent
            && let Some(last) = state.sent.pop()
        {
            state.bytes -= last.bytes();
            state.known.remove(&(last.channel, last.payload));
        }
        state.changes.truncate(mark.changes);
        state.measure_channels();
    }

    /// What the transaction sends, which is about to commit.
    pub fn take_sent(&self) -> Vec<Notification> {
        let mut state = self.0.lock();
        let sent = std::mem::take(&mut state.sent);
        state.forget_sent();
        sent
    }

    /// The transaction has committed: whether something else is listened to now.
    pub fn commit(&self) -> bool {
        let mut state = self.0.lock();
        let changes = std::mem::take(&mut state.changes);
        let has_changed = !changes.is_empty();
        for change in changes {
            match change {
                Change::Listen(channel) if state.channels.contains(&channel) => {}
                Change::Listen(channel) => state.channels.push(channel),
                Change::Unlisten(channel) => state.channels.retain(|known| *known != channel),
                Change::UnlistenAll => state.channels.clear(),
            }
        }
        state.measure_channels();
        has_changed
    }

    /// The transaction is rolled back.
    pub fn roll_back(&self) {
        let mut state = self.0.lock();
        state.sent.clear();
        state.changes.clear();
        state.measure_channels();
        state.forget_sent();
    }
}

impl State {
    fn charge(&mut self, bytes: usize) -> Result<()> {
        let wanted = self.bytes + bytes;
        if wanted > SENT_BYTES_MAX {
            let error = format!("one transaction sends more than {SENT_BYTES_MAX} bytes of notifications");
            return Err(Error::new(ErrorKind::LimitExceeded, error).with_hint("Commit in smaller steps."));
        }
        if let Some(account) = self.account.as_ref().filter(|_| wanted > BYTES_FREE) {
            let memory = self.memory.get_or_insert_with(|| account.nothing());
            if wanted > memory.bytes() {
                memory.resize(wanted + BYTES_TAKEN)?;
            }
        }
        self.bytes = wanted;
        Ok(())
    }

    fn charge_channels(&mut self) -> Result<()> {
        let Some(account) = self.account.as_ref().filter(|_| self.channel_bytes > BYTES_FREE) else { return Ok(()) };
        let memory = self.channel_memory.get_or_insert_with(|| account.nothing());
        if self.channel_bytes > memory.bytes() { memory.resize(self.channel_bytes + BYTES_FREE) } else { Ok(()) }
    }

    /// Gives back what is taken for channels that are not listened to any more.
    fn measure_channels(&mut self) {
        let begun = self.changes.iter().filter_map(|change| match change {
            Change::Listen(channel) => Some(channel),
            Change::Unlisten(_) | Change::UnlistenAll => None,
        });
        let names = self.channels.iter().chain(begun);
        self.channel_bytes = names.map(|name| CHANNEL_BYTES + name.len()).sum();
        let kept = if self.channel_bytes > BYTES_FREE { self.channel_bytes } else { 0 };
        self.channel_memory.iter_mut().for_each(|memory| drop(memory.split_above(kept)));
    }

    fn forget_sent(&mut self) {
        self.known = HashSet::new();
        self.bytes = 0;
        self.memory = None;
    }

    fn change(&mut self, change: Change) -> Result<()> {
        let is_too_many = match &change {
            // What is known already is listened to.
            Change::Listen(channel) if self.changes.is_empty() && self.channels.contains(channel) => return Ok(()),
            Change::Listen(_) => self.channels.len() + self.changes.len() >= CHANNELS_MAX,
            Change::Unlisten(_) => self.changes.len() >= CHANNELS_MAX,
            Change::UnlistenAll if matches!(self.changes.last(), Some(Change::UnlistenAll)) => return Ok(()),
            Change::UnlistenAll => false,
        };
        if is_too_many {
            let error = format!("more than {CHANNELS_MAX} channels in one connection");
            return Err(Error::new(ErrorKind::LimitExceeded, error)
                .with_hint("UNLISTEN those that are not needed, and commit."));
        }
        if let Change::Listen(channel) = &change {
            self.channel_bytes = self.channel_bytes.saturating_add(CHANNEL_BYTES + channel.len());
            if let Err(error) = self.charge_channels() {
                self.measure_channels();
                return Err(error);
            }
        }
        self.changes.push(change);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Budget;

    fn sent(notifications: &Notifications) -> Vec<String> {
        notifications.take_sent().iter().map(|sent| format!("{}:{}", sent.channel, sent.payload)).collect()
    }

    #[test]
    fn a_message_is_sent_once_in_a_transaction_and_what_a_savepoint_takes_back_counts_for_nothing() {
        let notifications = Notifications::default();
        let send = |channel, payload| notifications.send(1, channel, payload).unwrap();
        send("a", "1");
        let mark = notifications.mark();
        send("a", "2");
        notifications.listen("a").unwrap();
        notifications.go_back(mark);
        send("a", "1");
        send("b", "1");
        send("a", "2");
        assert_eq!(sent(&notifications), ["a:1", "b:1", "a:2"]);
        assert!(!notifications.is_waiting());
        send("a", "1");
        notifications.roll_back();
        assert_eq!(sent(&notifications), [""; 0]);
    }

    #[test]
    fn channels_count_from_the_commit_on_in_their_order() {
        let notifications = Notifications::default();
        for channel in ["b", "a", "c", "b"] {
            notifications.listen(channel).unwrap();
        }
        notifications.unlisten(Some("c")).unwrap();
        assert!(notifications.channels().is_empty() && notifications.begins());
        assert!(notifications.commit() && !notifications.commit());
        assert_eq!(notifications.channels(), ["b".into(), "a".into()]);
        notifications.unlisten(None).unwrap();
        notifications.roll_back();
        assert_eq!(notifications.channels().len(), 2);
        notifications.unlisten(None).unwrap();
        notifications.listen("d").unwrap();
        notifications.commit();
        assert_eq!(notifications.channels(), ["d".into()]);
    }

    #[test]
    fn many_channels_are_taken_from_the_account_as_long_as_they_are_listened_to() {
        let budget = Budget::new(1 << 20, 1);
        let notifications = Notifications::default();
        notifications.charge_to(&budget.account());
        let listen = |number: usize| notifications.listen(&format!("channel {number}"));
        assert_eq!((0..).map(listen).find_map(Result::err).unwrap().sqlstate(), "53200");
        assert!(budget.bytes() > 500_000);
        notifications.commit();
        assert!(budget.bytes() > 500_000);
        notifications.unlisten(None).unwrap();
        notifications.commit();
        assert_eq!(budget.bytes(), 0);
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        let notifications = Notifications::default();
        let refused = |channel: &str, payload: &str| notifications.send(1, channel, payload).unwrap_err().sqlstate();
        assert_eq!(refused("", ""), "22023");
        assert_eq!(refused(&"x".repeat(64), ""), "22023");
        assert_eq!(refused("a", &"x".repeat(8000)), "22023");
        for channel in ["networks", "network:team", "changes:memory", "changes:"] {
            assert_eq!(refused(channel, ""), "42501");
        }
        notifications.send(1, &"x".repeat(63), &"x".repeat(7999)).unwrap();
        let long = (0..).map(|number: u32| notifications.send(1, "a", &format!("{number:07999}")));
        assert_eq!(long.take(3000).find_map(Result::err).unwrap().sqlstate(), "54000");
    }
}
