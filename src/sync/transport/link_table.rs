//! The links of a node: who is joined with whom in which network, and what is missing for it. Pure, but for the queues it
//! hands out.
//!
//! A link is up when both its streams are proven: the one opened from here and the one the peer opened. Whoever dialled or
//! knows the other as a member opens first; the other opens its own when the first has proved itself. A new stream from a
//! peer replaces the link that was there, since the peer would not have opened it otherwise; when one stream goes, so does
//! the other.

use std::collections::{BTreeMap, HashMap};

use tokio::sync::oneshot;

use crate::error::Result;
use crate::model::NetworkId;
use crate::sync::protocol::message::Message;
use crate::sync::transport::backoff::{Backoff, Delays};
use crate::sync::transport::link_tasks::{EndId, LinkKey, LinkQueue, QueuedMessages, queue};

/// How long one half of a link waits for the other, in milliseconds.
const HALF_MS_MAX: u64 = 15_000;
/// Between attempts to prove a network's key to one peer.
const DELAYS: Delays = Delays { first_ms: 1_000, longest_ms: 300_000 };

/// All links of a node.
#[derive(Default)]
pub struct Links {
    links: BTreeMap<LinkKey, Link>,
    /// Which link an end belongs to.
    ends: HashMap<EndId, LinkKey>,
    last_id: EndId,
}

#[derive(Default)]
struct Link {
    /// Whether this node opens it by itself.
    is_wanted: bool,
    outgoing: Outgoing,
    incoming: Option<Incoming>,
    is_up: bool,
    /// The epoch as the peer counts.
    said_epoch: Option<u64>,
    /// Since when one half waits.
    half_since_ms: Option<u64>,
    attempts: Backoff,
}

#[derive(Default)]
enum Outgoing {
    #[default]
    None,
    /// A stream was asked for.
    Opening,
    Proving {
        id: EndId,
        epoch: u64,
        queue: LinkQueue,
    },
    Proven {
        id: EndId,
        epoch: u64,
        queue: LinkQueue,
    },
}

struct Incoming {
    id: EndId,
    epoch: u64,
    start: Option<oneshot::Sender<()>>,
}

/// What became of a link.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LinkChange {
    /// It was up and is not any more.
    pub went_down: bool,
    /// It is up now, with the oldest epoch among both proofs and what the peer said.
    pub went_up: Option<u64>,
    /// The peer's end, which is to be stopped.
    pub stop: Option<EndId>,
}

/// A stream that is to be proven.
pub struct Proving {
    pub id: EndId,
    pub epoch: u64,
    pub queued: QueuedMessages,
}

impl Links {
    /// Attempts at a link that failed since it was up last.
    pub fn failures(&self, key: &LinkKey) -> u32 {
        self.links.get(key).map_or(0, |link| link.attempts.failures())
    }

    /// A number for one more end.
    pub fn new_end(&mut self) -> EndId {
        self.last_id += 1;
        self.last_id
    }

    pub fn key_of(&self, id: EndId) -> Option<&LinkKey> {
        self.ends.get(&id)
    }

    pub fn is_up(&self, key: &LinkKey) -> bool {
        self.links.get(key).is_some_and(|link| link.is_up)
    }

    /// Links that are up in a network.
    pub fn up_in(&self, network: NetworkId) -> impl Iterator<Item = &LinkKey> {
        self.links.iter().filter(move |(key, link)| link.is_up && key.network == network).map(|(key, _)| key)
    }

    /// Says that this link is to be made whenever its peer is connected.
    pub fn want(&mut self, key: LinkKey) {
        self.links.entry(key).or_default().is_wanted = true;
    }

    /// Links for which a stream is to be opened now.
    pub fn to_open(&self, now_ms: u64) -> Vec<LinkKey> {
        let is_due = |link: &Link| {
            let is_needed = link.incoming.is_some() || (link.is_wanted && link.attempts.is_due(now_ms));
            matches!(link.outgoing, Outgoing::None) && is_needed
        };
        self.links.iter().filter(|(_, link)| is_due(link)).map(|(key, _)| key.clone()).collect()
    }

    /// A stream for this link was asked for.
    pub fn opening(&mut self, key: &LinkKey) {
        if let Some(link) = self.links.get_mut(key) {
            link.outgoing = Outgoing::Opening;
        }
    }

    /// There will be no such stream.
    pub fn open_failed(&mut self, key: &LinkKey, now_ms: u64, random: u64) {
        if let Some(link) = self.links.get_mut(key)
            && matches!(link.outgoing, Outgoing::Opening)
        {
            link.outgoing = Outgoing::None;
            link.attempts.failed(now_ms, DELAYS, random);
        }
    }

    /// The stream is there. It is to be proven with one of these epochs, newest first; a peer that proved another is
    /// answered in that one, and one that refused is asked with the next.
    pub fn opened(&mut self, key: &LinkKey, epochs: &[u64]) -> Option<Proving> {
        let id = self.new_end();
        let link = self.links.get_mut(key).filter(|link| matches!(link.outgoing, Outgoing::Opening))?;
        let turn = usize::try_from(link.attempts.failures()).unwrap_or(0) % epochs.len().max(1);
        let proven = link.incoming.as_ref().map(|incoming| incoming.epoch);
        let Some(epoch) = proven.or_else(|| epochs.get(turn).copied()) else {
            link.outgoing = Outgoing::None;
            return None;
        };
        let (queue, queued) = queue();
        link.outgoing = Outgoing::Proving { id, epoch, queue };
        self.ends.insert(id, key.clone());
        Some(Proving { id, epoch, queued })
    }

    /// The peer has answered the proof.
    pub fn outgoing_proven(&mut self, id: EndId, now_ms: u64) -> Option<(LinkKey, LinkChange)> {
        let key = self.ends.get(&id)?.clone();
        let link = self.links.get_mut(&key)?;
        link.outgoing = match std::mem::take(&mut link.outgoing) {
            Outgoing::Proving { id: own, epoch, queue } if own == id => Outgoing::Proven { id, epoch, queue },
            other => other,
        };
        let change = link.settle(now_ms);
        Some((key, change))
    }

    /// The peer's number of the epoch that it is about to prove.
    pub fn said_epoch(&mut self, key: &LinkKey, epoch: u64) {
        self.links.entry(key.clone()).or_default().said_epoch = Some(epoch);
    }

    /// A peer has proved itself on a stream of its own. A `LinkChange::stop` is the end that this one replaces.
    pub fn incoming_proven(
        &mut self,
        id: EndId,
        key: &LinkKey,
        epoch: u64,
        start: oneshot::Sender<()>,
        now_ms: u64,
    ) -> LinkChange {
        let link = self.links.entry(key.clone()).or_default();
        let replaced = link.incoming.take();
        let mut change = LinkChange::default();
        if let Some(replaced) = replaced {
            self.ends.remove(&replaced.id);
            change.stop = Some(replaced.id);
            // The peer has given up the whole link, this side's stream included.
            if let Some(outgoing) = link.take_outgoing() {
                self.ends.remove(&outgoing);
            }
        }
        change.went_down = std::mem::take(&mut link.is_up);
        link.half_since_ms = None;
        link.incoming = Some(Incoming { id, epoch, start: Some(start) });
        change.went_up = link.settle(now_ms).went_up;
        self.ends.insert(id, key.clone());
        change
    }

    /// An end is gone, or was refused by the peer: the whole link is.
    pub fn ended(&mut self, id: EndId, now_ms: u64, random: u64) -> Option<(LinkKey, LinkChange)> {
        let key = self.ends.get(&id)?.clone();
        let change = self.take_down(&key);
        if let Some(link) = self.links.get_mut(&key) {
            link.attempts.failed(now_ms, DELAYS, random);
        }
        Some((key, change))
    }

    /// Ends a link. Messages that are queued still go out.
    pub fn take_down(&mut self, key: &LinkKey) -> LinkChange {
        let Some(link) = self.links.get_mut(key) else { return LinkChange::default() };
        if let Some(outgoing) = link.take_outgoing() {
            self.ends.remove(&outgoing);
        }
        let incoming = link.incoming.take();
        let stop = incoming.map(|incoming| incoming.id);
        if let Some(incoming) = &stop {
            self.ends.remove(incoming);
        }
        link.half_since_ms = None;
        LinkChange { went_down: std::mem::take(&mut link.is_up), went_up: None, stop }
    }

    /// No attempt before this moment (milliseconds since 1970).
    pub fn wait_until(&mut self, key: &LinkKey, until_ms: u64) {
        if let Some(link) = self.links.get_mut(key) {
            link.attempts.wait_until(until_ms);
        }
    }

    /// Links of which one half has waited too long for the other.
    pub fn half_for_too_long(&self, now_ms: u64) -> Vec<EndId> {
        let is_too_old =
            |link: &Link| link.half_since_ms.is_some_and(|since| now_ms.saturating_sub(since) > HALF_MS_MAX);
        self.links.values().filter(|link| is_too_old(link)).filter_map(Link::any_end).collect()
    }

    /// Links whose proofs are of another epoch than this.
    pub fn of_other_epochs(&self, network: NetworkId, epoch: u64) -> Vec<LinkKey> {
        let links =
            self.links.iter().filter(|(key, link)| key.network == network && link.is_up && link.epoch() != epoch);
        links.map(|(key, _)| key.clone()).collect()
    }

    /// Everything of a network that was left; its links must have been taken down.
    pub fn remove_network(&mut self, network: NetworkId) {
        self.links.retain(|key, _| key.network != network);
    }

    pub fn keys_of(&self, network: NetworkId) -> Vec<LinkKey> {
        self.links.keys().filter(|key| key.network == network).cloned().collect()
    }

    /// Queues a message.
    ///
    /// # Errors
    /// 54000 when the peer does not keep up. A link that is not up drops it: its end has been reported.
    pub fn send(&self, key: &LinkKey, message: Message) -> Result<()> {
        match self.links.get(key) {
            Some(Link { is_up: true, outgoing: Outgoing::Proven { queue, .. }, .. }) => queue.push(message),
            _ => Ok(()),
        }
    }
}

impl Link {
    /// Goes up when nothing is missing.
    fn settle(&mut self, now_ms: u64) -> LinkChange {
        let mut change = LinkChange::default();
        match (&self.outgoing, &mut self.incoming) {
            (Outgoing::Proven { epoch, .. }, Some(incoming)) if !self.is_up => {
                let is_there = incoming.start.take().is_some_and(|start| start.send(()).is_ok());
                if is_there {
                    self.is_up = true;
                    self.half_since_ms = None;
                    self.attempts.succeeded();
                    let said = self.said_epoch.unwrap_or(u64::MAX);
                    change.went_up = Some(incoming.epoch.min(*epoch).min(said));
                }
            }
            (Outgoing::Proven { .. }, None) | (_, Some(_)) if !self.is_up => {
                self.half_since_ms.get_or_insert(now_ms);
            }
            _ => {}
        }
        change
    }

    fn take_outgoing(&mut self) -> Option<EndId> {
        match std::mem::take(&mut self.outgoing) {
            Outgoing::Proving { id, .. } | Outgoing::Proven { id, .. } => Some(id),
            // The stream is still on its way; it goes to the link as it will be then.
            Outgoing::Opening => {
                self.outgoing = Outgoing::Opening;
                None
            }
            Outgoing::None => None,
        }
    }

    fn any_end(&self) -> Option<EndId> {
        match (&self.incoming, &self.outgoing) {
            (Some(incoming), _) => Some(incoming.id),
            (None, Outgoing::Proving { id, .. } | Outgoing::Proven { id, .. }) => Some(*id),
            _ => None,
        }
    }

    fn epoch(&self) -> u64 {
        let incoming = self.incoming.as_ref().map_or(u64::MAX, |incoming| incoming.epoch);
        match &self.outgoing {
            Outgoing::Proving { epoch, .. } | Outgoing::Proven { epoch, .. } => incoming.min(*epoch),
            _ => incoming,
        }
    }
}

#[cfg(test)]
#[path = "link_table_tests.rs"]
mod tests;
