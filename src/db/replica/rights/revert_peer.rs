//! Undoing what a member has posted since a time, by ordinary writes of an owner's node, which are posted as all others are.
//!
//! What stood before is read from the log of deltas, as far as that reaches back: entries that the member made are deleted, fields
//! that it wrote get the value that the deltas of others give them, and entries that it deleted come back. What the log does not
//! tell stays as it is, and is counted.

use std::collections::{BTreeMap, BTreeSet};

use crate::db::pending::write_set::{EntryKey, Pending};
use crate::db::records::log_entry::decode_log_entry;
use crate::db::replica::receiving::verify_run::ReadDelta;
use crate::db::replica::rights::charter::checked_peer;
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::merge::{authors_of, merge_into};
use crate::model::{Collection, Contribution, Field, Given, Network, PeerId, Stage, State};
use crate::store::{Key, KeyRange, Publicity, RecordView, decode_state, decode_with_aside, delta_seq};
use crate::types::limits::TRANSACTION_WRITES_MAX;
use crate::types::{ColumnType, Value};

/// What a member did to an entry.
struct Trace {
    collection: std::sync::Arc<Collection>,
    shared_name: String,
    key: Vec<u8>,
    given: Vec<Contribution>,
}

/// What others have said of an entry in the log.
#[derive(Default)]
struct Before {
    /// Of each life, by its causal length.
    lives: BTreeMap<u64, State>,
    /// Their deltas, by origin and number.
    seen: BTreeSet<(PeerId, u64)>,
}

/// How much was undone.
#[derive(Default)]
struct Undone {
    deleted: u64,
    restored: u64,
    revived: u64,
    left: u64,
}

impl Transaction {
    /// Undoes what a peer has posted in a network since a time, by the stamps of its writes.
    ///
    /// # Errors
    /// 42704; 42501 for a node that is no owner; 22023 for what is no peer id; 22007 for what is no time; 54000.
    pub fn revert_peer(&mut self, network: &str, peer: &str, since: &str) -> Result<()> {
        let peer = checked_peer(peer)?;
        let network = self.owned(network, "revert what a peer wrote in")?;
        let since_ms = millis_of(since)?;
        let traces = self.traces_of(&network, &peer, since_ms)?;
        let mut before = self.told_by_others(&network, &peer, since_ms, &traces)?;
        let mut undone = Undone::default();
        for trace in &traces {
            let known = before.remove(&(trace.shared_name.clone(), trace.key.clone())).unwrap_or_default();
            self.undo(&network, &peer, since_ms, (trace, &known), &mut undone)?;
        }
        let Undone { deleted, restored, revived, left } = undone;
        let message = format!(
            "{deleted} entries that {peer} made were deleted, in {restored} its changes were taken back, {revived} that it \
             deleted are back; {left} could not be undone"
        );
        let mut report = Error::new(ErrorKind::Success, message);
        if left > 0 {
            report = report.with_detail("The log here does not reach back to what they were before.");
        }
        self.notices.push(Notice::of(report));
        Ok(())
    }

    /// Entries that a peer has written to since a time.
    fn traces_of(&self, network: &Network, peer: &PeerId, since_ms: u64) -> Result<Vec<Trace>> {
        let mut traces = Vec::new();
        for attachment in network.attachments.iter().filter(|attachment| attachment.posts()) {
            let Some(collection) = self.catalog().collection_by_id(attachment.collection).cloned() else { continue };
            let mut stored = self.view.snapshot.scan(&KeyRange::contributions(collection.id).uncached());
            while let Some((key, bytes)) = stored.next()? {
                let (given, _) = decode_with_aside(bytes)?;
                if !given.iter().any(|given| is_of(given, peer, since_ms)) {
                    continue;
                }
                let (collection, shared_name) = (collection.clone(), attachment.shared_name.clone());
                traces.push(Trace { collection, shared_name, key: key.to_vec(), given });
                if traces.len() > TRANSACTION_WRITES_MAX {
                    let message =
                        format!("{peer} has written to more than {TRANSACTION_WRITES_MAX} entries since that time");
                    return Err(Error::new(ErrorKind::LimitExceeded, message)
                        .with_hint("Begin with a later time, and go back step by step."));
                }
            }
        }
        Ok(traces)
    }

    /// What the log tells of these entries without what the peer has written since.
    fn told_by_others(
        &self,
        network: &Network,
        peer: &PeerId,
        since_ms: u64,
        traces: &[Trace],
    ) -> Result<BTreeMap<(String, Vec<u8>), Before>> {
        let wanted: BTreeSet<(&str, &[u8])> =
            traces.iter().map(|trace| (trace.shared_name.as_str(), trace.key.as_slice())).collect();
        let mut told: BTreeMap<(String, Vec<u8>), Before> = BTreeMap::new();
        let mut log = self.view.snapshot.scan(&KeyRange::deltas(network.id).uncached());
        while let Some((place, entry)) = log.next()? {
            let origin = place.len().checked_sub(9).and_then(|end| place.get(..end));
            let origin = origin.and_then(|origin| std::str::from_utf8(origin).ok()).map(PeerId::new);
            let Some((origin, seq)) = origin.zip(delta_seq(place)) else { continue };
            let (_, body) = decode_log_entry(entry)?;
            let Ok((body, state)) = ReadDelta::new(&origin, seq, body, false).read else { continue };
            if !wanted.contains(&(body.collection, body.key))
                || (origin == *peer && state.timestamp.millis() >= since_ms)
            {
                continue;
            }
            let before = told.entry((body.collection.to_string(), body.key.to_vec())).or_default();
            before.seen.insert((origin.clone(), seq));
            let life = before.lives.entry(state.causal_length).or_insert_with(|| State::empty(origin));
            merge_into(life, state);
        }
        Ok(told)
    }

    fn undo(
        &mut self,
        network: &Network,
        peer: &PeerId,
        since_ms: u64,
        (trace, before): (&Trace, &Before),
        undone: &mut Undone,
    ) -> Result<()> {
        let collection = &trace.collection;
        let key = EntryKey::from_bytes(trace.key.clone());
        let pending = self.pending(collection, &key)?;
        let Some(public) = self.public_of(collection, &key, &pending)? else { return Ok(()) };
        let life = public.causal_length;
        let is_theirs = |given: &&Contribution| is_of(given, peer, since_ms);
        if !public.is_alive() {
            let has_ended = trace.given.iter().filter(is_theirs).any(|given| given.causal_length == life);
            let Some(known) = before.lives.get(&(life - 1)).filter(|_| has_ended) else {
                undone.left += u64::from(has_ended);
                return Ok(());
            };
            let changes = known.fields.iter().map(|(name, field)| (name.clone(), field.value.clone())).collect();
            self.put_undone(collection, &key, Pending { alive: true, replaced: true, changes, ..pending })?;
            undone.revived += 1;
            return Ok(());
        }
        let rights = network.rights(&trace.shared_name);
        let authors = authors_of(&rights, trace.given.iter(), life);
        let has_begun = trace.given.iter().filter(is_theirs).any(|given| given.begins && given.causal_length == life);
        if has_begun && authors.iter().all(|author| *author == peer) {
            undone.deleted += u64::from(self.delete(collection, &key)?);
            return Ok(());
        }
        let theirs = trace.given.iter().filter(is_theirs).flat_map(|given| &given.fields);
        let names: Vec<&String> = theirs
            .filter_map(|given| match given {
                Given::Live(name) => Some(name),
                Given::Overwritten(_) => None,
            })
            .collect();
        if names.is_empty() || !pending.alive {
            return Ok(());
        }
        // Where the log has all that others gave, what it does not have was not there.
        let is_whole = trace.given.iter().filter(|given| !is_of(given, peer, since_ms)).all(|given| {
            let is_live = |field: &Given| matches!(field, Given::Live(_));
            before.seen.contains(&(given.origin.clone(), given.seq)) || given.fields.iter().all(is_live)
        });
        let mut pending = Pending { stage: Some(Stage::PostPending), ..pending };
        for name in names {
            let known = before.lives.get(&life).and_then(|state| state.fields.get(name));
            match known {
                Some(Field { value, .. }) => pending.changes.insert(name.clone(), value.clone()),
                None if is_whole => pending.changes.insert(name.clone(), None),
                None => {
                    undone.left += 1;
                    return Ok(());
                }
            };
        }
        self.put_undone(collection, &key, pending)?;
        undone.restored += 1;
        Ok(())
    }

    /// Puts a change in, to be posted.
    fn put_undone(&mut self, collection: &Collection, key: &EntryKey, pending: Pending) -> Result<()> {
        self.change_row(collection, key, Pending { stage: Some(Stage::PostPending), ..pending }, &|_| true)
    }

    /// What the network knows of an entry, as far as its life goes.
    fn public_of(&self, collection: &Collection, key: &EntryKey, pending: &Pending) -> Result<Option<State>> {
        let Some(base) = pending.base.as_deref() else { return Ok(None) };
        let record = RecordView::parse(base)?;
        let header = record.header()?;
        match record.publicity() {
            Publicity::Private => Ok(None),
            Publicity::Posted => {
                Ok(Some(State { causal_length: header.causal_length, ..State::empty(header.peer_id) }))
            }
            Publicity::PostedAndEdited | Publicity::PostedAndReplaced => {
                let copy = self.view.snapshot.get(&Key::Public(collection.id, key.as_bytes()))?;
                copy.map(|bytes| decode_state(&bytes)).transpose()
            }
        }
    }
}

fn is_of(given: &Contribution, peer: &PeerId, since_ms: u64) -> bool {
    given.origin == *peer && given.timestamp.millis() >= since_ms
}

/// Milliseconds since 1970 of a time as SQL writes it.
fn millis_of(text: &str) -> Result<u64> {
    let Value::TimestampTz(micros) = Value::parse_text(&ColumnType::TimestampTz, text)? else {
        return Err(Error::internal("a time was read as something else"));
    };
    Ok(u64::try_from(micros / 1_000).unwrap_or(0))
}
