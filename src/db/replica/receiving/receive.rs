//! Taking what peers sent: verified, logged, merged, and the head moved, all in one batch.
//!
//! A run is accepted as far as its last signature covers it. Deltas behind that wait in the log for the end of their
//! posting; then all of the posting shows at once. What is signed but makes no sense is set aside and skipped, so that one
//! bad delta stops nothing.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use crate::db::records::log_entry::encode_log_entry;
use crate::db::records::set_aside::{SET_ASIDE, set_aside_name};
use crate::db::records::stage_marks::EntryPlace;
use crate::db::records::stored_head::StoredHead;
use crate::db::replica::receiving::hearsay::is_hearsay;
use crate::db::replica::receiving::shapes::shape_tag;
use crate::db::replica::receiving::verify_run::{CheckedRun, End, ReadDelta, check_run, last_end};
use crate::db::write::commit::encoder::CommitEncoder;
use crate::db::write::commit::entry_states::{EntryStates, fitting, following, is_of_one_entry};
use crate::db::write::commit::feed_draft::ChangeOrigin;
use crate::defence::is_down;
use crate::error::{Error, ErrorKind, Result};
use crate::merge::{Drift, Joined, Known, check_drift, contribution_of, join, merge_into, observe, proven_state};
use crate::model::{
    Applied, Collection, CollectionId, Contribution, Delta, Network, NetworkId, PeerId, Run, Shares, State, Verdict,
    Who,
};
use crate::store::{DeltaBody, Key, KeyRange, decode_key, delta_place};
use crate::types::limits::{TRANSACTION_BYTES_MAX, TRANSACTION_WRITES_MAX};

/// Entries being changed by a receipt, each written once at its end.
pub(crate) type Touched = BTreeMap<EntryPlace, TouchedEntry>;

/// An entry being changed.
pub(crate) struct TouchedEntry {
    collection: Arc<Collection>,
    old: EntryStates,
    visible: State,
    known: Known,
    /// Whose change was merged last, and under which number; 0 where it came as a state.
    changed_by: (PeerId, u64),
}

impl TouchedEntry {
    /// What of the public state is proven.
    pub fn proven(&self) -> State {
        proven_state(&self.known.contributions, &self.known.state)
    }
}

impl CommitEncoder<'_> {
    /// Takes a run of one origin's deltas, whose ends [are signed](crate::db::replica::receiving::verify_run::are_ends_signed) or not. All of them are
    /// logged; of collections in `shares` only those are merged that change an entry of the share, or one that is here all the same.
    ///
    /// # Errors
    /// XX000 for a network that is gone; as [`CommitEncoder::waiting`]; 54000 for a posting that is longer than one may be; as
    /// [`CommitEncoder::apply_delta`] and [`CommitEncoder::write_touched`]. A run that is not as it should be gets a verdict.
    pub fn receive(
        &mut self,
        id: NetworkId,
        run: &Run,
        (shares, are_ends_signed): (Option<Shares>, bool),
    ) -> Result<Applied> {
        self.shares = shares;
        let Some(network) = self.current_catalog().network_by_id(id).cloned() else {
            return Err(Error::internal("deltas came for a network that is gone"));
        };
        let origin = &run.origin;
        self.origin = Some(ChangeOrigin::of_network(&network).posted_by(origin));
        let before = self.head(&network, origin)?;
        let me = self.shared.peer_id();
        let own = Some(self.head(&network, &me)?).filter(|own| own.seq > 0).map(|own| own.head(me));
        let ended = |head: &StoredHead, verdict| {
            Ok(Applied { head: head.head(origin.clone()), received: head.received, verdict, own: own.clone() })
        };
        let skipped = run.deltas.iter().take_while(|delta| delta.seq <= before.received).count();
        let fresh = run.deltas.get(skipped..).unwrap_or_default();
        match fresh.first() {
            None => return ended(&before, Verdict::Applied),
            Some(first) if first.seq != before.received + 1 => return ended(&before, Verdict::Gap),
            Some(_) if *origin == self.shared.peer_id() => return ended(&before, Verdict::OwnOrigin),
            Some(_) if are_ends_signed => {}
            Some(_) => {
                return ended(&before, Verdict::Forged { reason: "the signature of a posting is wrong".to_string() });
            }
        }
        // What waits is read again for its end alone.
        let has_end = fresh.iter().any(|delta| delta.signature.is_some());
        let waiting = if has_end { self.waiting(&network, origin, &before)? } else { Vec::new() };
        let mut run = match check_run(&network, origin, &before, &waiting, fresh) {
            Ok(checked) => checked,
            Err(verdict) if is_hearsay(&before, fresh, &verdict) => {
                let head = self.drop_hearsay(network.id, origin, before)?;
                return ended(&head, Verdict::Gap);
            }
            Err(verdict) => return ended(&before, verdict),
        };
        if before.received > before.seq && is_too_long(&before, fresh.len()) {
            // No origin posts as much at once, so it is not the origin that has begun this.
            let head = self.drop_hearsay(network.id, origin, before)?;
            return ended(&head, Verdict::Gap);
        }
        if let Some((due_ms, posting)) = self.first_early(&network, &before, fresh, &run)? {
            // Nothing from the early posting on; what comes before it must have an end of its own to be taken.
            let taken = fresh.get(..posting).unwrap_or_default();
            let Some(early_end) = last_end(taken, run.end.is_some()) else {
                return ended(&before, Verdict::Early { due_ms });
            };
            if !early_end.is_signed(&network, origin) {
                return ended(&before, Verdict::Forged { reason: "a signature inside of a run is wrong".to_string() });
            }
            run.cut(early_end.seq);
            (run.tail_hash, run.end) = (early_end.end.hash, Some(early_end));
            let head = self.take(&network, origin, &before, taken, run)?;
            return ended(&head, Verdict::Early { due_ms });
        }
        let head = self.take(&network, origin, &before, fresh, run)?;
        ended(&head, Verdict::Applied)
    }

    /// Logs deltas that are verified up to the end of `run`, and applies the postings that are complete with it.
    fn take(
        &mut self,
        network: &Arc<Network>,
        origin: &PeerId,
        before: &StoredHead,
        taken: &[Delta],
        run: CheckedRun<'_>,
    ) -> Result<StoredHead> {
        let mut head = before.clone();
        for delta in taken {
            let signature = delta.signature.as_deref().unwrap_or_default();
            let place = delta_place(origin, delta.seq);
            self.effects.batch.put(&Key::Delta(network.id, &place), &encode_log_entry(signature, &delta.body));
            head.received = delta.seq;
        }
        head.received_hash = run.tail_hash;
        if let Some(End { seq, end }) = run.end {
            let mut touched = Touched::new();
            for delta in run.deltas {
                self.apply_delta(network, origin, delta, &mut touched)?;
            }
            self.write_touched(network, touched)?;
            for posting in run.postings {
                head.legacy_end = Some(posting.legacy_end);
                self.put_posting(network.id, origin, posting)?;
            }
            (head.seq, head.hash, head.signature) = (seq, end.hash, end.signature.to_vec());
        }
        self.put_head(network.id, origin.clone(), head.clone());
        Ok(head)
    }

    /// Merges one delta into the entries being changed; one that makes no sense is set aside.
    ///
    /// # Errors
    /// As [`CommitEncoder::merge_public`].
    pub fn apply_delta(
        &mut self,
        network: &Arc<Network>,
        origin: &PeerId,
        delta: ReadDelta<'_>,
        touched: &mut Touched,
    ) -> Result<()> {
        let seq = delta.seq;
        match delta.read {
            Ok((body, state)) => {
                self.hlc = observe(self.hlc, state.timestamp, self.shared.clock.millis());
                if !self.takes(network, body.collection)?
                    || !self.is_held(network, body.collection, body.key, touched)?
                {
                    return Ok(());
                }
                let fits = self.check_shape_of(network, &body);
                if let Err(error) = fits.and_then(|()| self.check_key_of(network, body.collection, body.key)) {
                    return self.set_aside_delta(network, origin, seq, &error);
                }
                let given = delta.is_proven.then(|| contribution_of(origin, seq, &state, body.begins));
                let given = given.into_iter().collect();
                self.merge_public(network, body.collection, body.key, (state, given), touched).map(drop)
            }
            Err(error) => self.set_aside_delta(network, origin, seq, &error),
        }
    }

    /// Remembers that something of an origin was not taken, and why; the number is 0 where it came as a state.
    ///
    /// # Errors
    /// 58030 where the store cannot be read.
    pub fn set_aside_delta(&mut self, network: &Network, origin: &PeerId, seq: u64, error: &Error) -> Result<()> {
        tracing::warn!(%origin, seq, network = network.name, "a delta is malformed and was set aside");
        let name = set_aside_name(origin, seq);
        if self.set_aside_of(network, origin)? + self.set_aside < SET_ASIDE_MAX {
            self.set_aside += 1;
            self.effects.batch.put(&Key::SyncRecord(network.id, &name), error.message().as_bytes());
        }
        Ok(())
    }

    /// How many deltas of an origin are on record as set aside, as far as it matters.
    fn set_aside_of(&self, network: &Network, origin: &PeerId) -> Result<usize> {
        let prefix = format!("{SET_ASIDE}{origin}/");
        let mut stored = self.group.snapshot.scan(&KeyRange::sync_records(network.id).starting_with(prefix.as_bytes()));
        let mut count = 0;
        while count < SET_ASIDE_MAX && stored.next()?.is_some() {
            count += 1;
        }
        Ok(count)
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
        let types = collection.key_types();
        if is_down("keys of the right type") {
            return Ok(());
        }
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

    /// Merges a state of an entry, and what of it is known to be proven, into its public state, and so into what a reader sees.
    ///
    /// # Errors
    /// As [`CommitEncoder::entry_states`] and [`CommitEncoder::learn_dimensions_of`].
    pub fn merge_public(
        &mut self,
        network: &Arc<Network>,
        shared_name: &str,
        key: &[u8],
        (state, given): (State, Vec<Contribution>),
        touched: &mut Touched,
    ) -> Result<bool> {
        let current = self.current_catalog().network_by_id(network.id).cloned();
        let attachment = current.as_ref().and_then(|current| current.attachment_named(shared_name));
        let Some(attachment) = attachment.filter(|attachment| attachment.takes()) else { return Ok(false) };
        let rights = self.rights_in(network, shared_name);
        if given.is_empty() && rights.latest().writers == Who::Author {
            // Nothing proves that whoever wrote it may.
            return Ok(false);
        }
        let changed_by = change_of(&state);
        let entry = match touched.entry((attachment.collection, key.to_vec())) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => {
                let Some(collection) = self.current_catalog().collection_by_id(attachment.collection).cloned() else {
                    return Ok(false);
                };
                let old = self.entry_states(&collection, key)?;
                let (visible, known, changed_by) = (old.visible.clone(), old.known(), changed_by.clone());
                free.insert(TouchedEntry { collection, old, visible, known, changed_by })
            }
        };
        entry.changed_by = changed_by;
        // An earlier delta of this run may have given a column its dimension.
        if let Some(current) = self.current_catalog().collection_by_id(attachment.collection) {
            entry.collection = Arc::clone(current);
        }
        entry.collection = self.learn_dimensions_of(Arc::clone(&entry.collection), &state)?;
        let Joined { is_news, weighed } = join(&rights, &mut entry.known, &state, &given);
        let Some(before) = weighed else {
            merge_into(&mut entry.visible, fitting(&entry.collection, state));
            return Ok(is_news);
        };
        entry.visible = following(&entry.collection, &entry.visible, &before.state, &entry.known.state);
        if before.aside != entry.known.aside {
            let aside = entry.known.aside.clone();
            self.note_aside(network, shared_name, &before.aside, &aside)?;
        }
        Ok(is_news)
    }

    /// Writes the entries that were changed, each with what it is made of by now. One that cannot be written for a reason of its
    /// own stays as it was and is set aside: what a member sent must not keep the rest from being taken.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged record, mark or count.
    pub fn write_touched(&mut self, network: &Network, touched: Touched) -> Result<()> {
        self.tell_received(touched.len());
        for ((_, key), TouchedEntry { collection, old, visible, known, changed_by }) in touched {
            match self.put_known(&collection, &key, &old, (&visible, &known), old.stage) {
                Err(error) if is_of_one_entry(&error) => {
                    self.set_aside_entry(network, collection.id, &changed_by, &error)?;
                }
                written => written?,
            }
        }
        Ok(())
    }

    /// Remembers that a change of an entry cannot be written here, and why. Nothing of the entry but its collection is named.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged head.
    pub fn set_aside_entry(
        &mut self,
        network: &Network,
        id: CollectionId,
        (origin, seq): &(PeerId, u64),
        error: &Error,
    ) -> Result<()> {
        // Anybody's name may stand in a state: those alone are shown of whom something was taken.
        if *seq == 0 && self.head(network, origin)?.seq == 0 {
            tracing::warn!(network = network.name, %error, "an entry that a member sent cannot be written here");
            return Ok(());
        }
        let name = network.attachment(id).map(|attachment| attachment.shared_name.as_str()).unwrap_or_default();
        let message = format!("a change of an entry of \"{name}\" cannot be written here: {}", error.message());
        self.set_aside_delta(network, origin, *seq, &Error::new(error.kind(), message))
    }

    /// The first posting with a stamp too far ahead: when it is due, and the position of its first delta among the fresh ones.
    /// Only what the origin has signed can make it wait: what has no end yet may have been made up by who passes it on.
    fn first_early(
        &self,
        network: &Network,
        before: &StoredHead,
        fresh: &[Delta],
        run: &CheckedRun<'_>,
    ) -> Result<Option<(u64, usize)>> {
        let wall = self.shared.clock.millis();
        for delta in &run.deltas {
            if let Ok((_, state)) = &delta.read
                && let Drift::Quarantine { due_millis } =
                    check_drift(state.timestamp, wall, network.options.max_clock_drift_ms)
                && !is_down("drift of deltas")
            {
                let ends =
                    fresh.iter().zip(1..).filter(|(other, _)| other.seq < delta.seq && other.signature.is_some());
                return Ok(Some((due_millis, ends.last().map_or(0, |(_, behind)| behind))));
            }
        }
        let bytes: usize = fresh.iter().map(Delta::bytes).sum();
        let message = if is_too_long(before, fresh.len()) {
            let waiting = before.received - before.seq + fresh.len() as u64;
            format!("a posting has at least {waiting} deltas, allowed are {DELTAS_WAITING_MAX}")
        } else if bytes > TRANSACTION_BYTES_MAX {
            format!("the deltas of a run have {bytes} bytes, allowed are {TRANSACTION_BYTES_MAX}")
        } else {
            return Ok(None);
        };
        Err(Error::new(ErrorKind::LimitExceeded, message))
    }
}

/// Whether a posting that waits for its end would be longer than one may be with so many deltas more.
fn is_too_long(before: &StoredHead, fresh: usize) -> bool {
    before.received - before.seq + fresh as u64 > DELTAS_WAITING_MAX
}

/// Whose change a state is, and under which number: a delta has one place in its clock, a state that a member sends has many.
fn change_of(state: &State) -> (PeerId, u64) {
    let mut places = state.clock.iter();
    match (places.next(), places.next()) {
        (Some((origin, seq)), None) => (origin.clone(), seq),
        _ => (state.peer_id.clone(), 0),
    }
}

/// Deltas of one posting that wait for its end, at most: twice what a transaction writes.
const DELTAS_WAITING_MAX: u64 = TRANSACTION_WRITES_MAX as u64 * 2;

/// Deltas of one origin that are kept on record as set aside; that there are more is in the log of the server.
const SET_ASIDE_MAX: usize = 64;
