//! What a session listens to: LISTEN, UNLISTEN and NOTIFY, and the messages that wait for its client.
//!
//! As in PostgreSQL, all three count from the commit on and are taken back by a rollback; messages come between two
//! transactions of the listener. A session that is outrun by the change feed is told so on each of its channels.

use std::collections::{HashMap, VecDeque};
use std::future::pending;
use std::sync::Arc;

use crate::db::{Catalog, CommitEvent, Database, FeedEvent, FeedReceiver, NetworkEvent, Overrun, Transaction};
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::model::{
    Channel, CollectionId, MemoryAccount, Notification, Notifications, NotificationsMark, Permission, Reservation,
    RoleId,
};
use crate::session::session::Session;
use crate::session::statement::joining::Begun;
use crate::session::transaction::OpenTransaction;
use crate::statement::check_relation;

/// The sender of what the server itself says.
const SERVER: i32 = 0;
/// Bytes that one event may have the server say without taking them from the budget.
const SAID_BYTES_FREE: usize = 16 * 1024;
/// What is said on the server's own channels when something was lost.
const LOST: &str = "{\"lost\":true}";

/// The channels of a session and what came on them.
pub(super) struct SessionChannels {
    notifications: Notifications,
    /// The same channels as in `notifications`, each with the number of the first event that it hears.
    channels: HashMap<Arc<str>, u64>,
    /// That number of the channels that begin with the present transaction.
    begins_at: u64,
    /// `None` while there are no channels.
    receiver: Option<FeedReceiver>,
    /// What is to be said next, and what it takes of the session's memory.
    waiting: VecDeque<Notification>,
    waiting_memory: Reservation,
    /// How far the next event of the feed has been read: 0, or behind its changes one more than the messages of it that were.
    /// It counts as unread until all of it was, so that it lies in the room of the feed and in no other.
    position: usize,
    has_lost: bool,
}

impl SessionChannels {
    pub fn new(notifications: Notifications, memory: &MemoryAccount) -> Self {
        SessionChannels {
            notifications,
            channels: HashMap::new(),
            begins_at: 0,
            receiver: None,
            waiting: VecDeque::new(),
            waiting_memory: memory.nothing(),
            position: 0,
            has_lost: false,
        }
    }

    /// Whether the present transaction has sent something, or changes the channels.
    pub fn is_waiting(&self) -> bool {
        self.notifications.is_waiting()
    }

    pub fn mark(&self) -> NotificationsMark {
        self.notifications.mark()
    }

    pub fn go_back(&self, mark: NotificationsMark) {
        self.notifications.go_back(mark);
    }

    /// Before a commit: what it says itself is heard by the channels that begin with it.
    async fn prepare(&mut self, database: &Database) {
        if self.notifications.begins() {
            let receiver = self.receiver.get_or_insert_with(|| database.listen());
            receiver.set_wants_changes(true);
            self.begins_at = receiver.end();
            // A commit that was begun before somebody listened tells nothing.
            database.pass_committer().await;
        }
    }

    fn commit(&mut self) {
        if self.notifications.commit() {
            self.settle();
        }
    }

    pub fn roll_back(&mut self) {
        if self.notifications.is_waiting() {
            self.notifications.roll_back();
            self.settle();
        }
    }

    /// Listens to what the channels need.
    fn settle(&mut self) {
        let old = std::mem::take(&mut self.channels);
        let known = |name: Arc<str>| {
            let begins_at = old.get(&name).copied().unwrap_or(self.begins_at);
            (name, begins_at)
        };
        self.channels = self.notifications.channels().into_iter().map(known).collect();
        if self.channels.is_empty() {
            self.receiver = None;
            self.position = 0;
        }
        self.waiting.retain(|notification| self.channels.contains_key(&notification.channel));
        let wants_changes = self.channels.keys().any(|name| matches!(Channel::of(name), Channel::Changes(_)));
        self.receiver.iter_mut().for_each(|receiver| receiver.set_wants_changes(wants_changes));
    }

    /// The next message for the client; `listener` is who it is where that is not the first superuser, with what says what it may hear.
    fn next(&mut self, listener: Option<&Listener>) -> Option<Notification> {
        loop {
            if let Some(notification) = self.waiting.pop_front() {
                if self.waiting.is_empty() {
                    drop(self.waiting_memory.split_above(0));
                }
                return Some(notification);
            }
            let receiver = self.receiver.as_mut()?;
            match receiver.peek()? {
                Ok(event) => {
                    let number = receiver.at();
                    if let Some(notification) = self.hear(&event, number, listener) {
                        return Some(notification);
                    }
                }
                Err(Overrun) => {
                    self.position = 0;
                    self.lose();
                }
            }
        }
    }

    /// Reads on in the next event, and behind its end goes over it.
    fn hear(&mut self, event: &FeedEvent, number: u64, listener: Option<&Listener>) -> Option<Notification> {
        match event {
            FeedEvent::Commit(commit) if self.position == 0 => {
                self.hear_changes(commit, number, listener);
                self.position = 1;
                return None;
            }
            FeedEvent::Commit(commit) => {
                let rest = commit.notifications.get(self.position - 1..).unwrap_or_default();
                let is_heard = |sent: &Notification| self.channel(&sent.channel, number).is_some();
                if let Some((skipped, sent)) = rest.iter().enumerate().find(|(_, sent)| is_heard(sent)) {
                    self.position += skipped + 1;
                    return Some(sent.clone());
                }
            }
            FeedEvent::Network(event) if listener.is_none_or(Listener::hears_networks) => {
                self.hear_network(event, number);
            }
            FeedEvent::Network(_) => {}
        }
        self.position = 0;
        self.receiver.iter_mut().for_each(FeedReceiver::advance);
        None
    }

    /// The channel of a name, where it hears an event of this number.
    fn channel(&self, name: &str, number: u64) -> Option<Arc<str>> {
        let (channel, begins_at) = self.channels.get_key_value(name)?;
        (number >= *begins_at).then(|| Arc::clone(channel))
    }

    fn hear_changes(&mut self, commit: &CommitEvent, number: u64, listener: Option<&Listener>) {
        // Channels are named after collections of `public`.
        for change in commit.changes.iter().filter(|change| change.collection.schema.is_public()) {
            let channel = Channel::of_collection(&change.collection.name);
            let Some(channel) = self.channel(&channel, number) else { continue };
            // What it was granted when it began to listen may be taken back since.
            if listener.is_some_and(|listener| !listener.hears(change.collection.id)) {
                continue;
            }
            let payloads = change.payloads().unwrap_or_else(|error| {
                tracing::error!(collection = change.collection.name, %error, "keys of changed entries cannot be told");
                vec![change.count_payload()]
            });
            self.say(&channel, payloads);
        }
    }

    fn hear_network(&mut self, event: &NetworkEvent, number: u64) {
        for channel in Channel::of_network(&event.network) {
            if let Some(channel) = self.channel(&channel, number) {
                self.say(&channel, [event.payload()]);
            }
        }
    }

    /// What the session has no memory for is lost, and that is said in its place.
    fn say(&mut self, channel: &Arc<str>, payloads: impl IntoIterator<Item = String>) {
        let notification =
            |payload: String| Notification { sender: SERVER, channel: Arc::clone(channel), payload: payload.into() };
        let said: Vec<Notification> = payloads.into_iter().map(notification).collect();
        let bytes: usize = said.iter().map(Notification::bytes).sum();
        let wanted = self.waiting_memory.bytes().saturating_add(bytes);
        if bytes > SAID_BYTES_FREE && self.waiting_memory.resize(wanted).is_err() {
            self.has_lost = true;
            self.waiting.push_back(notification(LOST.to_string()));
        } else {
            self.waiting.extend(said);
        }
    }

    /// Says on each channel that something was lost. Clients have a form of their own for what they say: an empty text of no
    /// sender, as NOTIFY without a text sends it, tells them to look.
    fn lose(&mut self) {
        self.has_lost = true;
        for channel in self.notifications.channels() {
            let is_users = matches!(Channel::of(&channel), Channel::Users(_));
            self.say(&channel, [if is_users { "" } else { LOST }.to_string()]);
        }
    }
}

/// Somebody who may not hear everything, by the catalog of now.
struct Listener {
    catalog: Arc<Catalog>,
    who: RoleId,
}

impl Listener {
    fn hears(&self, collection: CollectionId) -> bool {
        check_relation(&self.catalog, self.who, collection, Permission::Select).is_ok()
    }

    fn hears_networks(&self) -> bool {
        self.catalog.is_superuser(self.who)
    }
}

/// # Errors
/// 42P01 and 42704 for a collection and a network that are not there, 42501 for those that somebody may not read, 22023 for a name
/// that is too long.
fn check_listened(channel: Channel<'_>, catalog: &Catalog, who: RoleId) -> Result<()> {
    if matches!(channel, Channel::Network(_) | Channel::Networks) && !catalog.is_superuser(who) {
        return Err(Error::new(ErrorKind::InsufficientPrivilege, "permission denied for networks"));
    }
    match channel {
        Channel::Changes(collection) => {
            let collection = catalog.expect_collection(collection)?;
            check_relation(catalog, who, collection.id, Permission::Select)
        }
        Channel::Network(network) => catalog.expect_network(network).map(drop),
        Channel::Networks | Channel::Users(_) => channel.check_name(),
    }
}

impl Session {
    /// LISTEN, from the commit on.
    ///
    /// # Errors
    /// 42P01 and 42704 for a collection and a network that are not there, 22023 for a name that is too long, 54000 for too
    /// many channels.
    pub(super) fn listen(&mut self, channel: &str, is_alone: bool) -> Result<()> {
        check_listened(Channel::of(channel), self.planning_view().catalog(), self.current_role())?;
        self.join_transaction(is_alone);
        self.listening.notifications.listen(channel)
    }

    /// UNLISTEN, from the commit on; `None` for all channels.
    ///
    /// # Errors
    /// 54000 for too many in one transaction.
    pub(super) fn unlisten(&mut self, channel: Option<&str>, is_alone: bool) -> Result<()> {
        self.join_transaction(is_alone);
        self.listening.notifications.unlisten(channel)
    }

    /// NOTIFY, with the commit.
    ///
    /// # Errors
    /// Those of [`Notifications::send`].
    pub(super) fn send(&mut self, channel: &str, payload: &str, is_alone: bool) -> Result<()> {
        self.join_transaction(is_alone);
        self.listening.notifications.send(self.activity.id(), channel, payload)
    }

    /// Statements that come together are one transaction. A statement by itself is committed by
    /// [`Session::end_implicit`].
    fn join_transaction(&mut self, is_alone: bool) {
        if !is_alone && matches!(self.open, OpenTransaction::None) {
            self.open = OpenTransaction::Implicit(Box::new(self.new_transaction(self.default_isolation())));
        }
    }

    /// Commits a transaction together with what it sends and listens to.
    ///
    /// # Errors
    /// Those of [`Transaction::commit`]; nothing is sent then, and nothing else is listened to.
    pub(super) async fn commit_transaction(&mut self, mut transaction: Transaction) -> Result<()> {
        if self.listening.is_waiting() {
            self.listening.prepare(&self.database).await;
            transaction.notify(self.listening.notifications.take_sent());
        }
        transaction.heed(&self.cancel, self.activity.id());
        if let Err(error) = transaction.settle_temporary(self.temporary_schema()) {
            self.listening.roll_back();
            return Err(error);
        }
        let begun = Begun::by(&transaction);
        match transaction.commit().await {
            Ok(unfinished) => {
                self.warn_unfinished(unfinished);
                self.listening.commit();
                self.tell_of_begun(begun).await;
                Ok(())
            }
            Err(error) => {
                self.listening.roll_back();
                Err(error)
            }
        }
    }

    /// The next message of what the session listens to. To be asked for between two transactions only.
    pub fn next_notification(&mut self) -> Option<Notification> {
        let who = self.current_role();
        let listener = (!who.is_bootstrap()).then(|| Listener { catalog: self.database.catalog(), who });
        let next = self.listening.next(listener.as_ref());
        if std::mem::take(&mut self.listening.has_lost) {
            let lost = Error::new(ErrorKind::LimitExceeded, "notifications were lost")
                .with_detail("Later ones took the room of those that this connection had not read.")
                .with_hint("Look for what has changed, and read notifications more often: end transactions soon.");
            self.notify([Notice::warning(lost)]);
        }
        next
    }

    /// Waits for a message of what the session listens to; may be dropped at any time.
    pub async fn notified(&mut self) {
        match &mut self.listening.receiver {
            Some(_) if !self.listening.waiting.is_empty() => {}
            Some(receiver) => receiver.changed().await,
            None => pending().await,
        }
    }
}
