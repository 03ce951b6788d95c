//! Posting once more what was posted under numbers that an origin has used twice.
//!
//! The copy posts under its origin's next numbers, which its later life gave to other deltas. Once that shows, the origin is
//! nobody's any more: what was posted above its first head (see `repost_floor`) goes out again under the new identity, and the
//! log and the head of the old one go back to that, so that the true continuation can come from peers. Before the new identity
//! is minted it is written down what is to be taken back, so that a start finishes what a crash has interrupted.

use std::sync::Arc;

use crate::db::records::origin::{self, own_ids};
use crate::db::records::stored_head::StoredHead;
use crate::db::replica::posting::post::Drafted;
use crate::db::replica::posting::prove_own::is_own_life;
use crate::db::replica::receiving::shapes::tagged_name;
use crate::db::state::state::DbState;
use crate::db::write::commit::commit_queue::CommitQueue;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::error::Result;
use crate::merge::{Known, contribution_of, merge, merge_contributions, restamp};
use crate::model::{Bytes, Contribution, Given, Hlc, Network, NetworkId, PeerId, State};
use crate::store::{Batch, Key, KeyRange, Publicity, RecordView, Snapshot, delta_place};

/// Names of the records of own origins that are nobody's any more, with their first heads.
const OUTDATED: &str = "outdated/";

fn outdated_name(old: &PeerId) -> String {
    format!("{OUTDATED}{old}")
}

/// Notes what an origin has to take back, before it ends.
pub(crate) fn note_outdated(shared: &DbState, old: &PeerId) -> Batch {
    let catalog = shared.catalog();
    let first = |network: &Arc<Network>| {
        let first = shared.first_heads.get(&network.id).cloned();
        (network.id, first.unwrap_or_else(|| StoredHead::start(&network.name, old)))
    };
    let first: Vec<_> = catalog.networks().map(first).collect();
    note_taken_back(old, &first)
}

/// Notes that an origin has to take back what it posted above these heads.
pub(crate) fn note_taken_back(old: &PeerId, first: &[(NetworkId, StoredHead)]) -> Batch {
    let mut batch = Batch::new();
    for (network, head) in first {
        batch.put(&Key::SyncRecord(*network, &outdated_name(old)), &head.to_bytes());
    }
    batch
}

/// Takes back everything that was noted.
pub(crate) async fn finish(queue: &CommitQueue) -> Result<()> {
    let shared = queue.state();
    for network in shared.catalog().networks() {
        for (name, first) in noted(&shared.store.snapshot(), network.id)? {
            let (id, old) = (network.id, PeerId::new(name.trim_start_matches(OUTDATED)));
            let first = StoredHead::from_bytes(&first)?;
            queue
                .encode(move |apply| {
                    if old == apply.shared.peer_id() {
                        // The stop came before there was a new one.
                        apply.effects.batch.delete(&Key::SyncRecord(id, &name));
                        return Ok(());
                    }
                    apply.take_back(id, &old, first)
                })
                .await?;
        }
    }
    Ok(())
}

/// Whether something was noted and not taken back.
pub(crate) fn is_unfinished(shared: &DbState) -> Result<bool> {
    let snapshot = shared.store.snapshot();
    for network in shared.catalog().networks() {
        if !noted(&snapshot, network.id)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn noted(snapshot: &Snapshot, network: NetworkId) -> Result<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    let mut stored = snapshot.scan(&KeyRange::sync_records(network).starting_with(OUTDATED.as_bytes()));
    while let Some((name, first)) = stored.next()? {
        found.push((String::from_utf8_lossy(name).into_owned(), first.to_vec()));
    }
    Ok(found)
}

/// Bytes of bodies from which on a posting of what is posted once more ends.
const REPOST_BYTES: usize = 1024 * 1024;

impl CommitEncoder<'_> {
    /// Gives this node another identity: here, so that no commit is encoded under two. What the old one is to take back must be
    /// durable before.
    ///
    /// # Errors
    /// F0000 for a damaged identity file; 58030 where it cannot be renamed, made or looked at, or the store not be read.
    pub fn renew_identity(&mut self) -> Result<PeerId> {
        let directory = self.shared.store.directory();
        let identity = origin::renew(directory)?;
        self.effects.batch.append_batch(&origin::place_batch(directory, &self.group.snapshot)?);
        let peer_id = identity.peer_id().clone();
        self.shared.set_identity(identity);
        Ok(peer_id)
    }

    /// Posts anew what `old`, until now this node's own origin, has posted above its first head.
    ///
    /// # Errors
    /// As [`CommitEncoder::entry_states`], [`CommitEncoder::put_states`] and [`CommitEncoder::log_posting`]; XX001 for a damaged
    /// head.
    pub fn take_back(&mut self, id: NetworkId, old: &PeerId, first: StoredHead) -> Result<()> {
        self.effects.batch.delete(&Key::SyncRecord(id, &outdated_name(old)));
        let Some(network) = self.current_catalog().network_by_id(id).cloned() else { return Ok(()) };
        let known = self.head(&network, old)?;
        if known.seq <= first.seq {
            return Ok(());
        }
        self.post_again(&network, old, first.seq)?;
        for seq in first.seq + 1..=known.received {
            self.effects.batch.delete(&Key::Delta(id, &delta_place(old, seq)));
        }
        self.put_head(id, old.clone(), first);
        Ok(())
    }

    /// Posts the public states of entries as they are, as this node's own. Whoever knows other deltas by the numbers that
    /// these came under would take the entries for collected ones. How many went out.
    ///
    /// # Errors
    /// As [`CommitEncoder::entry_states`], [`CommitEncoder::put_states`] and [`CommitEncoder::log_posting`]; 58030 where the data
    /// directory cannot be listed.
    pub fn repost(&mut self, id: NetworkId, shared_name: &str, keys: &[Bytes]) -> Result<u64> {
        let Some(network) = self.current_catalog().network_by_id(id).cloned() else { return Ok(0) };
        let attachment = network.attachment_named(shared_name).filter(|attachment| !attachment.detaching);
        let Some(attachment) = attachment else { return Ok(0) };
        let Some(collection) = self.current_catalog().collection_by_id(attachment.collection).cloned() else {
            return Ok(0);
        };
        let me = self.shared.peer_id();
        let ids = own_ids(self.shared.store.directory(), &me)?;
        let (mut bodies, mut bytes, mut count) = (Vec::new(), 0, 0);
        for key in keys {
            let states = self.entry_states(&collection, key)?;
            if states.record.is_none() || states.publicity == Publicity::Private {
                continue;
            }
            let head = self.head(&network, &me)?;
            let mut news = State { clock: Default::default(), ..states.public.clone() };
            let seq = head.seq + bodies.len() as u64 + 1;
            news.clock.set(me.clone(), seq);
            let visible = merge(&states.visible, &news);
            let begins = is_own_life(&states, &ids);
            let Some(known) = self.joined(&network, shared_name, &states, (&news, begins, seq))? else { continue };
            let drafted = Drafted::new(&tagged_name(shared_name, &collection), key, &news, begins)?;
            self.put_known(&collection, key, &states, (&visible, &known), states.stage)?;
            (bytes, count) = (bytes + drafted.body.len(), count + 1);
            bodies.push(drafted);
            if bytes >= REPOST_BYTES {
                self.log_posting(&network, head, &bodies)?;
                (bodies, bytes) = (Vec::new(), 0);
            }
        }
        if !bodies.is_empty() {
            let head = self.head(&network, &me)?;
            self.log_posting(&network, head, &bodies)?;
        }
        Ok(count)
    }

    /// Gives what an origin wrote with stamps that nobody takes the present time; whether there was any.
    fn restamp_own(&self, network: &Network, news: &mut State, old: &PeerId) -> bool {
        let nothing = State::empty(old.clone());
        restamp(news, &nothing, self.latest_stamp(network), (self.hlc, &self.shared.peer_id()))
    }

    /// Posts what an origin wrote in the entries that its deltas above a number have touched.
    fn post_again(&mut self, network: &Arc<Network>, old: &PeerId, above_seq: u64) -> Result<()> {
        let me = self.shared.peer_id();
        let head = self.head(network, &me)?;
        let mut bodies = Vec::new();
        let snapshot = Arc::clone(&self.group.snapshot);
        for attachment in network.attachments.iter().filter(|attachment| !attachment.detaching) {
            let Some(collection) = self.current_catalog().collection_by_id(attachment.collection).cloned() else {
                continue;
            };
            let mut records = snapshot.scan(&KeyRange::entries(collection.id).uncached());
            while let Some((key, _)) = records.next()? {
                let Some(bytes) = self.current(collection.id, key)? else { continue };
                if RecordView::parse(&bytes)?.publicity() == Publicity::Private {
                    continue;
                }
                let states = self.entry_states(&collection, key)?;
                if states.public.clock.get(old) <= above_seq {
                    continue;
                }
                let mut news = State { clock: Default::default(), ..states.public.clone() };
                let (lost, kept): (Vec<Contribution>, Vec<Contribution>) = states
                    .contributions
                    .iter()
                    .cloned()
                    .partition(|contribution| contribution.origin == *old && contribution.seq > above_seq);
                let is_lost = |name: &String| lost.iter().any(|lost| lost.fields.contains(&Given::Live(name.clone())));
                news.fields.retain(|name, field| field.stamp.peer_id == *old || is_lost(name));
                let dated = news.clone();
                let is_restamped = self.restamp_own(network, &mut news, old);
                let seq = head.seq + bodies.len() as u64 + 1;
                news.clock.set(me.clone(), seq);
                // Its numbers above the first head mean other deltas to everybody else.
                let kept_seq = kept.iter().filter(|kept| kept.origin == *old).map(|kept| kept.seq).max();
                let taken_back = |state: &State| {
                    let others = state.clock.iter().filter(|(peer, _)| *peer != old);
                    let kept = kept_seq.map(|seq| (old, seq));
                    let clock = others.chain(kept).map(|(peer, count)| (peer.clone(), count)).collect();
                    let state = State { clock, ..state.clone() };
                    merge(&if is_restamped { without(state, &dated) } else { state }, &news)
                };
                let (visible, public) = (taken_back(&states.visible), taken_back(&states.public));
                let begins = news.is_alive() && lost.iter().any(|lost| lost.begins);
                let tagged = tagged_name(&attachment.shared_name, &collection);
                bodies.push(Drafted::new(&tagged, key, &news, begins)?);
                let given = [contribution_of(&me, seq, &news, begins)];
                let proven = merge_contributions((&kept, &states.public), (&given, &news), &public);
                let known = Known { state: public, contributions: proven, aside: states.aside.clone() };
                self.put_known(&collection, key, &states, (&visible, &known), states.stage)?;
            }
        }
        if !bodies.is_empty() {
            self.log_posting(network, head, &bodies)?;
        }
        Ok(())
    }
}

/// A state without these writes, where it still has them as they are.
fn without(mut state: State, writes: &State) -> State {
    state.fields.retain(|name, field| writes.fields.get(name) != Some(field));
    if state.timestamp == writes.timestamp && state.peer_id == writes.peer_id {
        let stamps = state.fields.values().map(|field| (field.stamp.hlc, field.stamp.peer_id.clone()));
        (state.timestamp, state.peer_id) = stamps.max().unwrap_or((Hlc::default(), state.peer_id.clone()));
    }
    state
}
