//! Engines and what they ask for: inputs go in, actions are carried out, answered requests come back.

use std::collections::VecDeque;
use std::time::Duration;

use crate::db::{Happened, SyncReport};
use crate::error::{Error, ErrorKind, Notice};
use crate::metrics;
use crate::model::{NetworkId, PeerId};
use crate::sync::engine::io::{EngineAction, EngineEvent, EngineInput, Member, PendingRequest};
use crate::sync::engine::requests::{EngineReply, EngineRequest};
use crate::sync::knirvgraph::PostingReport;
use crate::sync::node::node::{Node, Stopped};
use crate::sync::node::posting::EndpointPosting;
use crate::sync::node::running_network::Done;
use crate::sync::transport::address::peer_there;
use crate::sync::transport::link_tasks::LinkKey;

/// Longest sleep: housekeeping comes before.
const SLEEP_MAX: Duration = Duration::from_secs(1);
/// After a link was ended on purpose, no sooner than so many milliseconds is it tried again.
const AGAIN_MS_MIN: u64 = 300;

impl Node {
    /// Gives an input to a network's engine and carries out what it says.
    pub fn feed(&mut self, network: NetworkId, input: EngineInput) {
        let mut inputs = VecDeque::from([input]);
        // What is carried out may end links, which the engine hears of, too.
        while let Some(input) = inputs.pop_front() {
            let now_ms = self.now_ms();
            let Some(running) = self.networks.get_mut(&network) else { return };
            let mut actions = Vec::new();
            running.engine.handle(now_ms, input, &mut actions);
            for action in actions {
                self.carry_out(network, action, &mut inputs);
            }
        }
    }

    fn carry_out(&mut self, network: NetworkId, action: EngineAction, inputs: &mut VecDeque<EngineInput>) {
        match action {
            EngineAction::Send { peer, message } => {
                let key = LinkKey { peer, network };
                if let Err(error) = self.links.send(&key, message) {
                    tracing::debug!(peer = %key.peer, network = network.0, %error, "a link ends");
                    let change = self.links.take_down(&key);
                    self.stop_receiving(&change);
                    self.links.wait_until(&key, self.now_ms().saturating_add(AGAIN_MS_MIN));
                    if change.went_down {
                        inputs.push_back(EngineInput::PeerDown { peer: key.peer });
                    }
                }
            }
            EngineAction::Request(pending) => self.begin(network, pending),
            EngineAction::Disconnect { peer, until_ms, reason } => self.disconnect(network, peer, until_ms, reason),
            EngineAction::SyncDone { number, report } => {
                let alone = self.alone(network).filter(|_| report.peers == 0);
                let notices = alone.into_iter().chain(self.clock_notice(network)).collect();
                let (posted, peers, received) = (report.posted, report.peers, report.received);
                self.sync_done(number, network, Ok(SyncReport { networks: 1, posted, peers, received, notices }));
            }
            EngineAction::FetchDone { number, result } => self.entries_fetched(number, result),
            EngineAction::KeysListed { number, result } => self.keys_listed(number, result),
            EngineAction::Renewed { peer } => {
                tracing::warn!(%peer, "this node goes on under a new peer id, since what it posted under the old one cannot be");
                self.stopped = Some(Stopped::Restart);
            }
            EngineAction::Event(event) => self.event(network, &event),
        }
    }

    /// Tells whoever synchronised that nobody was there.
    fn alone(&self, network: NetworkId) -> Option<Notice> {
        let running = self.networks.get(&network)?;
        let about = |text: &str| Error::new(ErrorKind::Success, format!("{text} in network \"{}\"", running.name));
        if self.links.up_in(network).next().is_some() {
            return Some(Notice::of(about("no connected member has answered in time")));
        }
        let notice = about("nobody is connected");
        let notice = match self.troubles.of(network) {
            Some(trouble) => notice.with_detail(trouble),
            None if running.bootstrap.is_empty() && running.members.is_empty() => {
                notice.with_hint("No member is known yet: others join it at an address of this node.")
            }
            None => notice.with_detail("No attempt to reach a member has failed so far."),
        };
        Some(Notice::of(notice))
    }

    /// Tells whoever synchronised that clocks differ.
    fn clock_notice(&self, network: NetworkId) -> Option<Notice> {
        let running = self.networks.get(&network)?;
        let trouble = running.engine.clock_trouble()?;
        let notice = Error::new(ErrorKind::Success, format!("{trouble} in network \"{}\"", running.name));
        Some(Notice::of(notice.with_hint("Set the clocks of these machines, by NTP for example.")))
    }

    fn begin(&mut self, network: NetworkId, pending: PendingRequest) {
        if let EngineRequest::SaveMembers(request) = pending.request() {
            request.members.iter().for_each(|member| self.member_changed(network, member));
        }
        if let Some(running) = self.networks.get_mut(&network) {
            running.begin(pending, &self.done);
        }
    }

    /// Keeps what is known of a member, and looks for it where it is now.
    fn member_changed(&mut self, network: NetworkId, member: &Member) {
        let Some(running) = self.networks.get_mut(&network) else { return };
        let known = running.members.get(&member.peer);
        let shown = |member: &Member| (member.addresses.clone(), member.reached.clone(), member.is_confirmed());
        if known.is_none_or(|known| shown(known) != shown(member)) {
            self.has_new_members = true;
        }
        let is_new = running.members.insert(member.peer.clone(), member.clone()).is_none();
        let is_neighbour = peer_there(&member.peer).is_some_and(|peer| self.dialer.is_neighbour(&peer));
        if is_new && !is_neighbour {
            self.tell(network, Happened::PeerDiscovered(member.peer.clone()));
        }
    }

    fn disconnect(&mut self, network: NetworkId, peer: PeerId, until_ms: u64, reason: &'static str) {
        let now_ms = self.now_ms();
        tracing::info!(%peer, network = network.0, reason, until_ms, "a session ends");
        let key = LinkKey { peer, network };
        let change = self.links.take_down(&key);
        self.stop_receiving(&change);
        if change.went_down {
            self.tell(network, Happened::PeerDisconnected(key.peer.clone()));
        }
        self.links.wait_until(&key, until_ms.max(now_ms.saturating_add(AGAIN_MS_MIN)));
        if until_ms > now_ms {
            metrics::SYNC_BANS.add(1);
            std::sync::Arc::make_mut(&mut self.keyring).set_banned(&key.peer, network, true);
            self.bans.insert((until_ms, key.peer, Some(network)));
        }
        self.has_news = true;
    }

    pub fn request_done(&mut self, done: Done) {
        let (network, lane, completed) = match done {
            Done::Request { network, lane, completed } => (network, lane, completed),
            Done::Posted { network, number, result } => {
                let name = self.postings.get(&network).map_or("", EndpointPosting::name);
                let result = result.map(|report| posting_report(name, &report));
                return self.sync_done(number, network, result);
            }
        };
        let Some(running) = self.networks.get_mut(&network) else { return };
        running.ended(lane, &self.done);
        let Some(completed) = completed else {
            tracing::error!(network = network.0, "work on the database broke off; the node starts again");
            self.stopped = Some(Stopped::Restart);
            return;
        };
        let reply = completed.reply();
        let has_posted = matches!(reply, EngineReply::PostStaged(_));
        if let EngineReply::DropCollected(Ok(count @ 1..)) = reply {
            tracing::warn!(network = network.0, count, "dropped entries that a member has collected");
        }
        if let EngineReply::PostStaged(result) = reply {
            running.posting = running.posting.saturating_sub(1);
            if let Ok(Some(head)) = result {
                running.own_seq = running.own_seq.max(head.seq);
            }
        }
        self.has_news = true;
        self.feed(network, EngineInput::Done(completed));
        if has_posted {
            self.heads_moved();
        }
    }

    /// Heads have moved: by an engine's own work, which knows it already, or by a commit that was posted at once.
    /// While a posting is under way, its outcome tells.
    pub fn heads_moved(&mut self) {
        let mut moved = Vec::new();
        for (id, running) in self.networks.iter_mut().filter(|(_, running)| running.posting == 0) {
            // One look-up of a key that was written a moment ago.
            match self.database.replica().own_head(*id) {
                Ok(Some(head)) if head.seq > running.own_seq => {
                    running.own_seq = head.seq;
                    moved.push((*id, head));
                }
                Ok(_) => {}
                Err(error) => tracing::error!(network = id.0, %error, "the own head cannot be read"),
            }
        }
        for (id, head) in moved {
            self.feed(id, EngineInput::HeadsMoved { heads: vec![head] });
        }
    }

    /// Something was staged, in one network or another: each looks when its interval is over.
    pub fn staged(&mut self) {
        let networks: Vec<NetworkId> = self.networks.keys().copied().collect();
        for network in networks {
            self.feed(network, EngineInput::Staged);
        }
    }

    pub fn until_next_tick(&self) -> Duration {
        let next_ms = self.networks.values().map(|running| running.engine.next_tick_ms()).min();
        next_ms.map_or(SLEEP_MAX, |next_ms| Duration::from_millis(next_ms.saturating_sub(self.now_ms())).min(SLEEP_MAX))
    }

    pub fn tick(&mut self) {
        let now_ms = self.now_ms();
        let due = self.networks.iter().filter(|(_, running)| running.engine.next_tick_ms() <= now_ms);
        let due: Vec<NetworkId> = due.map(|(id, _)| *id).collect();
        for id in due {
            self.feed(id, EngineInput::Tick);
        }
    }

    fn event(&mut self, network: NetworkId, event: &EngineEvent) {
        self.has_news = true;
        let network = network.0;
        match event {
            EngineEvent::Forged { peer, origin } => {
                tracing::warn!(network, %peer, %origin, "refused deltas that nobody signed")
            }
            EngineEvent::Withheld { peer, origin, seq } => {
                tracing::warn!(network, %peer, %origin, seq, "a member shows that deltas exist and does not give them");
            }
            EngineEvent::Unavailable { origin, seq } => {
                tracing::warn!(network, %origin, seq, "an origin has signed deltas that no connected member gives");
            }
            EngineEvent::RoundDisputed { round } => {
                tracing::warn!(
                    network,
                    round,
                    "a round of agreement says of this node what is not true; it is not signed"
                );
            }
            EngineEvent::Evicted { count } => tracing::info!(network, count, "dropped entries that others hold"),
            EngineEvent::HoldersFailed { peers } => {
                let peers: Vec<&str> = peers.iter().map(|peer| peer.as_str()).collect();
                tracing::warn!(
                    network,
                    ?peers,
                    "members did not give what they say they hold: no copy here goes for it"
                );
            }
            EngineEvent::TombstonesCollected { count } => {
                tracing::info!(network, count, "dropped tombstones that everybody has");
            }
            EngineEvent::Forked { origin, seq } => {
                tracing::error!(network, %origin, seq, "an origin signed two deltas with one number; it is not followed");
            }
            EngineEvent::Quarantined { origin, seq, due_ms } => {
                tracing::warn!(network, %origin, seq, due_ms, "deltas with stamps from the future wait");
            }
            EngineEvent::Banned { peer, until_ms } => tracing::warn!(network, %peer, until_ms, "a peer is kept out"),
            EngineEvent::WorkFailed { what, error } => {
                tracing::error!(network, what, error, "work on the database failed")
            }
            EngineEvent::EpochAdopted { epoch } => tracing::info!(network, epoch, "a new epoch"),
            EngineEvent::ClockOff { trouble } => tracing::warn!(network, trouble, "clocks differ"),
            EngineEvent::MemberSilent { trouble } => tracing::warn!(network, trouble, "a member is silent"),
            EngineEvent::SchemaConflicts { count } => tracing::warn!(network, count, "columns differ between members"),
            event => tracing::debug!(network, ?event, "event"),
        }
    }
}

fn posting_report(name: &str, report: &PostingReport) -> SyncReport {
    let notice = |reason: &String| {
        let text = format!("the endpoint of network \"{name}\" did not accept {} of the entries", report.refused);
        Notice::of(Error::new(ErrorKind::Success, text).with_detail(reason.as_str()))
    };
    let notices = report.last_error.iter().map(notice).collect();
    SyncReport { networks: 1, posted: report.cleared, peers: 0, received: 0, notices }
}

/// What is answered where a node or a network ends first.
pub fn stopping() -> Error {
    Error::new(ErrorKind::Shutdown, "networks are stopping")
}
