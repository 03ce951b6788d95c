//! Taking what peers sent: verified, logged, merged, and the head moved, all in one batch.
//!
//! A run is accepted as far as its last signature covers it. Deltas behind that wait in the log for the end of their
//! posting; then all of the posting shows at once. What is signed but makes no sense is set aside and skipped, so that one
//! bad delta stops nothing.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use crate::db::apply::Apply;
use crate::db::entry_states::{EntryStates, fitting};
use crate::db::feed_draft::Origin;
use crate::db::group::EntryPlace;
use crate::db::heads::StoredHead;
use crate::db::post::{END_BYTES, decode_log_entry, encode_log_entry};
use crate::db::row::key_types;
use crate::db::shapes::shape_tag;
use crate::error::{Error, ErrorKind, Result};
use crate::merge::{Drift, chain_next, check_drift, merge_into, observe, signed_message};
use crate::model::limits::{TRANSACTION_BYTES_MAX, TRANSACTION_WRITES_MAX};
use crate::model::{ChainHash, Collection, Delta, Head, Network, NetworkId, PeerId, Run, Shares, State};
use crate::store::{
    DeltaBody, Key, KeyRange, RecordView, decode_key, decode_state, delta_place, delta_seq, verify_signature,
};

/// What became of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    pub head: Head,
    /// The last delta in the log: at least `head.seq`.
    pub received: u64,
    pub verdict: Verdict,
}

/// Whether a run was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All of it is durable. Entries show with the end of their posting.
    Applied,
    /// It begins behind `received + 1`: ask again from there.
    Gap,
    /// Stamps run ahead of the clock here: nothing from that posting on was taken; ask again when due.
    Early { due_ms: u64 },
    /// A wrong signature or hash: the peer that sent it is lying.
    Forged { reason: String },
    /// The origin signed two continuations of one chain.
    Fork { seq: u64 },
    /// It is this node's own and not in its log: this data directory is an older copy.
    OwnOrigin,
}

/// A signature to be verified: it covers everything up to `seq`.
struct End {
    /// Deltas of the run up to and with this one.
    count: usize,
    seq: u64,
    hash: ChainHash,
    signature: Vec<u8>,
}

/// Entries being changed by a receipt, each written once at its end.
pub(crate) type Touched = BTreeMap<EntryPlace, (Arc<Collection>, EntryStates, State, State)>;

impl Apply<'_> {
    /// Takes a run of one origin's deltas. All of them are logged; of collections in `shares` only those are merged that
    /// change an entry of the share, or one that is here all the same.
    pub fn receive(&mut self, id: NetworkId, run: &Run, shares: Option<Shares>) -> Result<Applied> {
        self.shares = shares;
        let Some(network) = self.current_catalog().network_by_id(id).cloned() else {
            return Err(Error::internal("deltas came for a network that is gone"));
        };
        let origin = &run.origin;
        self.origin = Some(Origin::of_network(&network).posted_by(origin));
        let before = self.head(&network, origin)?;
        let ended = |head: &StoredHead, verdict| {
            Ok(Applied { head: head.head(origin.clone()), received: head.received, verdict })
        };
        let skipped = run.deltas.iter().take_while(|delta| delta.seq <= before.received).count();
        let fresh = run.deltas.get(skipped..).unwrap_or_default();
        match fresh.first() {
            None => return ended(&before, Verdict::Applied),
            Some(first) if first.seq != before.received + 1 => return ended(&before, Verdict::Gap),
            Some(_) if *origin == self.shared.peer_id() => return ended(&before, Verdict::OwnOrigin),
            Some(_) => {}
        }
        let (end, tail_hash) = match check_chain(&network, origin, &before, fresh) {
            Ok(checked) => checked,
            Err(verdict) => return ended(&before, verdict),
        };
        let mut taken = fresh;
        if let Some((due_ms, posting)) = self.first_early(&network, &before, fresh)? {
            // Nothing from the early posting on; what comes before it must have an end of its own to be taken.
            taken = fresh.get(..posting).unwrap_or_default();
            let Some(early_end) = last_end(taken, end.is_some()) else {
                return ended(&before, Verdict::Early { due_ms });
            };
            if !is_signed(&network, origin, &early_end) {
                return ended(&before, Verdict::Forged { reason: "a signature inside of a run is wrong".to_string() });
            }
            let head = self.take(&network, origin, &before, taken, (Some(&early_end), early_end.hash))?;
            return ended(&head, Verdict::Early { due_ms });
        }
        let head = self.take(&network, origin, &before, taken, (end.as_ref(), tail_hash))?;
        ended(&head, Verdict::Applied)
    }

    /// Logs deltas that are verified up to `end`, and applies the postings that are complete with it.
    fn take(
        &mut self,
        network: &Arc<Network>,
        origin: &PeerId,
        before: &StoredHead,
        taken: &[Delta],
        (end, tail_hash): (Option<&End>, ChainHash),
    ) -> Result<StoredHead> {
        let mut head = before.clone();
        for delta in taken {
            let signature = delta.signature.as_deref().unwrap_or_default();
            let place = delta_place(origin, delta.seq);
            self.effects.batch.put(&Key::Delta(network.id, &place), &encode_log_entry(signature, &delta.body));
            head.received = delta.seq;
        }
        head.received_hash = tail_hash;
        if let Some(end) = end {
            let mut touched = Touched::new();
            self.apply_waiting(network, origin, before, &mut touched)?;
            for delta in taken.get(..end.count).unwrap_or_default() {
                self.apply_delta(network, origin, delta.seq, &delta.body, &mut touched)?;
            }
            self.write_touched(touched)?;
            (head.seq, head.hash, head.signature) = (end.seq, end.hash, end.signature.clone());
        }
        self.put_head(network.id, origin.clone(), head.clone());
        Ok(head)
    }

    /// Applies the deltas of a posting that waited in the log for its end.
    fn apply_waiting(
        &mut self,
        network: &Arc<Network>,
        origin: &PeerId,
        before: &StoredHead,
        touched: &mut Touched,
    ) -> Result<()> {
        if before.received == before.seq {
            return Ok(());
        }
        let snapshot = Arc::clone(&self.group.snapshot);
        let start = delta_place(origin, before.seq);
        let range = KeyRange::deltas_of(network.id, origin).from(std::ops::Bound::Excluded(&start));
        let mut log = snapshot.scan(&range);
        let mut next = before.seq + 1;
        while next <= before.received
            && let Some((place, entry)) = log.next()?
        {
            if delta_seq(place) != Some(next) {
                break;
            }
            let (_, body) = decode_log_entry(entry)?;
            self.apply_delta(network, origin, next, body, touched)?;
            next += 1;
        }
        if next <= before.received {
            // The first part came in this very group: it is not in the snapshot yet.
            return Err(Error::new(ErrorKind::ObjectInUse, "the beginning of a posting is being written"));
        }
        Ok(())
    }

    /// Merges one delta into the entries being changed; one that makes no sense is set aside.
    pub fn apply_delta(
        &mut self,
        network: &Arc<Network>,
        origin: &PeerId,
        seq: u64,
        body: &[u8],
        touched: &mut Touched,
    ) -> Result<()> {
        match decode_delta(origin, seq, body) {
            Ok((body, state)) => {
                self.hlc = observe(self.hlc, state.timestamp, self.shared.clock.millis());
                if !self.takes(network, body.collection)?
                    || !self.is_held(network, body.collection, body.key, touched)?
                {
                    return Ok(());
                }
                let fits = self.check_shape_of(network, &body);
                if let Err(error) = fits.and_then(|()| self.check_key_of(network, body.collection, body.key)) {
                    self.set_aside_delta(network, origin, seq, &error);
                    return Ok(());
                }
                self.merge_public(network, body.collection, body.key, state, touched).map(drop)
            }
            Err(error) => {
                self.set_aside_delta(network, origin, seq, &error);
                Ok(())
            }
        }
    }

    /// Remembers that something of an origin was not taken, and why; the number is 0 where it came as a state.
    pub fn set_aside_delta(&mut self, network: &Network, origin: &PeerId, seq: u64, error: &Error) {
        tracing::warn!(%origin, seq, network = network.name, "a delta is malformed and was set aside");
        let name = set_aside_name(origin, seq);
        if self.set_aside_of(network, origin) < SET_ASIDE_MAX {
            self.effects.batch.put(&Key::SyncRecord(network.id, &name), error.message().as_bytes());
        }
    }

    /// How many deltas of an origin are on record as set aside, as far as it matters.
    fn set_aside_of(&self, network: &Network, origin: &PeerId) -> usize {
        let prefix = format!("{SET_ASIDE}{origin}/");
        let mut stored = self.group.snapshot.scan(&KeyRange::sync_records(network.id).starting_with(prefix.as_bytes()));
        let mut count = 0;
        while count < SET_ASIDE_MAX && matches!(stored.next(), Ok(Some(_))) {
            count += 1;
        }
        count
    }

    /// Whether what members posted of a collection reaches it; of one whose shape is not known yet it waits in the log.
    fn takes(&mut self, network: &Network, shared_name: &str) -> Result<bool> {
        let current = self.current_catalog().network_by_id(network.id).cloned();
        let Some(attachment) = current.as_ref().and_then(|current| current.attachment_named(shared_name)) else {
            return Ok(false);
        };
        if !attachment.is_announced && !attachment.awaits_shape && !attachment.detaching {
            self.await_shape(network, shared_name)?;
        }
        Ok(attachment.takes())
    }

    /// Whether an entry was posted for a table with keys of the same shape as here.
    ///
    /// # Errors
    /// 22000.
    fn check_shape_of(&self, network: &Network, body: &DeltaBody<'_>) -> Result<()> {
        let attachment = network.attachment_named(body.collection);
        let collection =
            attachment.and_then(|attachment| self.current_catalog().collection_by_id(attachment.collection));
        let Some(collection) = collection.filter(|_| !body.shape.is_empty()) else { return Ok(()) };
        if shape_tag(collection) == body.shape {
            return Ok(());
        }
        let message = format!("an entry of \"{}\" was posted from a table with another primary key", body.collection);
        Err(Error::new(ErrorKind::DataException, message)
            .with_hint("Whoever posted it declared another primary key: the tables must be made alike."))
    }

    /// Whether a key from outside is one of the primary key here: members may have declared another one, and what cannot be
    /// read must not reach the table.
    ///
    /// # Errors
    /// 22000, without the key's value.
    pub fn check_key_of(&self, network: &Network, shared_name: &str, key: &[u8]) -> Result<()> {
        let attachment = network.attachment_named(shared_name);
        let collection =
            attachment.and_then(|attachment| self.current_catalog().collection_by_id(attachment.collection).cloned());
        let Some(collection) = collection else { return Ok(()) };
        let types = key_types(&collection);
        decode_key(&types, key).map(drop).map_err(|_| {
            let types: Vec<String> = types.iter().map(ToString::to_string).collect();
            let message = format!(
                "the key of an entry of \"{shared_name}\" does not fit the primary key here, which is of type {}",
                types.join(", ")
            );
            Error::new(ErrorKind::DataException, message)
                .with_hint("Whoever posted it declared another primary key: the tables must be made alike.")
        })
    }

    /// Whether what the network knows of an entry is kept here. Of an entry that is not here a delta gives a part alone.
    fn is_held(&self, network: &Network, shared_name: &str, key: &[u8], touched: &Touched) -> Result<bool> {
        let share = self.shares.as_ref().and_then(|shares| shares.get(shared_name));
        if share.is_none_or(|share| share.hold(key)) {
            return Ok(true);
        }
        let Some(attachment) = network.attachment_named(shared_name) else { return Ok(false) };
        if touched.contains_key(&(attachment.collection, key.to_vec())) {
            return Ok(true);
        }
        Ok(self.current(attachment.collection, key)?.is_some())
    }

    /// Moves the clock behind the last write of a state that a member vouches for; false, and nothing moved, where that lies
    /// further ahead than the network allows.
    pub fn observe_state(&mut self, network: &Network, state: &State) -> bool {
        let wall = self.shared.clock.millis();
        let is_due = check_drift(state.timestamp, wall, network.options.max_clock_drift_ms) == Drift::Within;
        if is_due {
            self.hlc = observe(self.hlc, state.timestamp, wall);
        }
        is_due
    }

    /// Merges a state of an entry into its public state, and so into what a reader sees.
    pub fn merge_public(
        &mut self,
        network: &Arc<Network>,
        shared_name: &str,
        key: &[u8],
        state: State,
        touched: &mut Touched,
    ) -> Result<bool> {
        let current = self.current_catalog().network_by_id(network.id).cloned();
        let attachment = current.as_ref().and_then(|current| current.attachment_named(shared_name));
        let Some(attachment) = attachment.filter(|attachment| attachment.takes()) else { return Ok(false) };
        let place = (attachment.collection, key.to_vec());
        let (collection, _, visible, public) = match touched.entry(place) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => {
                let Some(collection) = self.current_catalog().collection_by_id(attachment.collection).cloned() else {
                    return Ok(false);
                };
                let states = self.entry_states(&collection, key)?;
                let (visible, public) = (states.visible.clone(), states.public.clone());
                free.insert((collection, states, visible, public))
            }
        };
        // An earlier delta of this run may have given a column its dimension.
        if let Some(current) = self.current_catalog().collection_by_id(attachment.collection) {
            *collection = Arc::clone(current);
        }
        *collection = self.learn_dimensions_of(Arc::clone(collection), &state)?;
        merge_into(visible, fitting(collection, state.clone()));
        Ok(merge_into(public, state))
    }

    pub fn write_touched(&mut self, touched: Touched) -> Result<()> {
        self.tell_received(touched.len());
        for ((_, key), (collection, old, visible, public)) in touched {
            let stage = old.stage;
            self.put_states(&collection, &key, &old, (&visible, &public), stage)?;
        }
        Ok(())
    }

    /// The first posting with a stamp too far ahead: when it is due, and the position of its first delta.
    fn first_early(&self, network: &Network, before: &StoredHead, fresh: &[Delta]) -> Result<Option<(u64, usize)>> {
        let wall = self.shared.clock.millis();
        let mut posting = 0;
        for (position, delta) in fresh.iter().enumerate() {
            let timestamp = DeltaBody::parse(&delta.body)
                .and_then(|body| RecordView::parse(body.state).map(|record| record.timestamp()));
            if let Ok(timestamp) = timestamp
                && let Drift::Quarantine { due_millis } =
                    check_drift(timestamp, wall, network.options.max_clock_drift_ms)
            {
                return Ok(Some((due_millis, posting)));
            }
            if delta.signature.is_some() {
                posting = position + 1;
            }
        }
        let waiting = before.received - before.seq + fresh.len() as u64;
        let bytes: usize = fresh.iter().map(Delta::bytes).sum();
        if waiting > TRANSACTION_WRITES_MAX as u64 * 2 || bytes > TRANSACTION_BYTES_MAX {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("a posting has more than {waiting} deltas, allowed are {TRANSACTION_WRITES_MAX}"),
            ));
        }
        Ok(None)
    }
}

/// Follows the chain over fresh deltas and verifies the last signature, which covers all before it. The end of the last
/// complete posting, and the hash at the end of the run.
fn check_chain(
    network: &Network,
    origin: &PeerId,
    before: &StoredHead,
    fresh: &[Delta],
) -> Result<(Option<End>, ChainHash), Verdict> {
    let forged = |reason: &str| Verdict::Forged { reason: reason.to_string() };
    let mut hash = before.received_hash;
    let mut seq = before.received;
    let mut end = None;
    for (position, delta) in fresh.iter().enumerate() {
        seq += 1;
        if delta.seq != seq {
            return Err(forged("the deltas of a run are not numbered one after the other"));
        }
        hash = chain_next(&hash, seq, delta.signature.is_some(), &delta.body);
        let Some(signature) = &delta.signature else { continue };
        let Some((claimed, signature)) = signature.split_first_chunk::<32>().filter(|_| signature.len() == END_BYTES)
        else {
            return Err(forged("the signature of a posting has the wrong length"));
        };
        let here = End { count: position + 1, seq, hash: *claimed, signature: signature.to_vec() };
        if *claimed != hash {
            // Signed by the origin all the same: then it is the origin that tells two stories.
            let verdict = if is_signed(network, origin, &here) { Verdict::Fork { seq } } else { forged("wrong hash") };
            return Err(verdict);
        }
        end = Some(here);
    }
    match &end {
        Some(end) if !is_signed(network, origin, end) => Err(forged("the signature of a posting is wrong")),
        _ => Ok((end, hash)),
    }
}

/// The end of the last complete posting among deltas whose chain was checked.
fn last_end(deltas: &[Delta], is_checked: bool) -> Option<End> {
    let position = deltas.iter().rposition(|delta| delta.signature.is_some()).filter(|_| is_checked)?;
    let delta = deltas.get(position)?;
    let (hash, signature) = delta.signature.as_deref()?.split_first_chunk::<32>()?;
    Some(End { count: position + 1, seq: delta.seq, hash: *hash, signature: signature.to_vec() })
}

fn is_signed(network: &Network, origin: &PeerId, end: &End) -> bool {
    verify_signature(origin, &signed_message(&network.name, origin, end.seq, &end.hash), &end.signature)
}

/// A delta's parts; its clock is the number that it came under.
fn decode_delta<'a>(origin: &PeerId, seq: u64, body: &'a [u8]) -> Result<(DeltaBody<'a>, State)> {
    let body = DeltaBody::parse(body)?;
    let mut state = decode_state(body.state)?;
    state.clock = [(origin.clone(), seq)].into_iter().collect();
    Ok((body, state))
}

/// Deltas of one origin that are kept on record as set aside, about; that there are more is in the log of the server.
const SET_ASIDE_MAX: usize = 64;

/// Names of the records of deltas that were set aside.
pub(crate) const SET_ASIDE: &str = "set_aside/";

pub(crate) fn set_aside_name(origin: &PeerId, seq: u64) -> String {
    format!("{SET_ASIDE}{origin}/{seq:020}")
}
