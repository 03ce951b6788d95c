//! Posting: what is staged becomes numbered, signed deltas in the log, and public.
//!
//! Everything that one posting takes applies together on every peer. Numbers are given here and nowhere else, so that a
//! write that is never shared leaves no gap and tells nobody that it happened.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::db::records::log_entry::encode_log_entry;
use crate::db::records::posted_entry::PostedEntry;
use crate::db::records::set_aside::set_aside_name;
use crate::db::records::stage_marks::{EntryPlace, StagedAt, next_posting};
use crate::db::records::stored_head::StoredHead;
use crate::db::replica::receiving::shapes::tagged_name;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::db::write::commit::entry_states::following;
use crate::error::{Error, ErrorKind, Result};
use crate::merge::{
    Posting, PostingEnd, PostingTree, chain_fold, chain_next, delta, delta_digest, restamp, signed_posting, validate,
};
use crate::model::{CollectionId, DeltaDigest, Head, Network, NetworkId, PeerId, Stage, State};
use crate::store::{Key, KeyRange, delta_place, encode_body, posted_place};

/// What a posting did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Posted {
    /// The own head after it; `None` where nothing was to be posted.
    pub head: Option<Head>,
    pub deltas: u64,
    /// Entries are left on the stage for the next posting.
    pub is_more: bool,
}

/// A delta to be posted: its body, and its leaf in the tree of the posting.
pub(crate) struct Drafted {
    pub body: Vec<u8>,
    digest: DeltaDigest,
}

impl Drafted {
    /// # Errors
    /// 54000 for a key or a state over the limits of an entry.
    pub fn new(tagged_name: &str, key: &[u8], news: &State, begins: bool) -> Result<Drafted> {
        let shared_name = tagged_name.split_once('\0').map_or(tagged_name, |(name, _)| name);
        let digest = delta_digest(shared_name, key, news, begins);
        if !begins {
            return Ok(Drafted { body: encode_body(tagged_name, key, news)?, digest });
        }
        // The tag of its shape, where it has one, and the mark of a beginning.
        let tag = if tagged_name.contains('\0') { "\0" } else { "\0\0" };
        Ok(Drafted { body: encode_body(&format!("{tagged_name}{tag}"), key, news)?, digest })
    }
}

/// What of its entries a posting takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    /// What their marks say.
    Staged,
    /// All that a reader here sees.
    Everything,
}

impl CommitEncoder<'_> {
    /// Posts the entries of the commit being encoded that their network wants at once.
    ///
    /// # Errors
    /// As [`CommitEncoder::post_staged`].
    pub fn post_at_once(&mut self) -> Result<()> {
        let mut by_network: BTreeMap<NetworkId, Vec<EntryPlace>> = BTreeMap::new();
        for (network, place) in std::mem::take(&mut self.effects.to_post) {
            by_network.entry(network).or_default().push(place);
        }
        for (id, places) in by_network {
            let network = self.current_catalog().network_by_id(id).cloned();
            if let Some(network) = network {
                self.post(&network, places, What::Everything)?;
            }
        }
        Ok(())
    }

    /// Posts what is staged in a network's collections.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged head, mark of the stage or posting, XX000 for a public state or
    /// vector that is missing. An entry that cannot be posted for a reason of its own is taken off the stage instead, with that
    /// reason.
    pub fn post_staged(&mut self, id: NetworkId) -> Result<Posted> {
        let nothing = Posted { head: None, deltas: 0, is_more: false };
        let Some(network) = self.current_catalog().network_by_id(id).cloned() else { return Ok(nothing) };
        if network.options.posting_url.is_some() {
            return Ok(nothing);
        }
        let mut staged = Vec::new();
        for attachment in network.attachments.iter().filter(|attachment| attachment.posts()) {
            self.staged_in(attachment.collection, &mut staged)?;
        }
        let (places, is_more) = next_posting(staged);
        let (head, deltas) = self.post(&network, places, What::Staged)?;
        Ok(Posted { head, deltas, is_more })
    }

    /// What is staged in a collection, the group's changes included.
    fn staged_in(&self, collection: CollectionId, staged: &mut Vec<(StagedAt, EntryPlace)>) -> Result<()> {
        let mut changed: BTreeMap<&[u8], Option<StagedAt>> = BTreeMap::new();
        for overlay in [&self.group.overlay, &self.effects.overlay] {
            let here = overlay.staged.iter().filter(|((id, _), _)| *id == collection);
            changed.extend(here.map(|((_, key), at)| (key.as_slice(), *at)));
        }
        let mut stored = self.group.snapshot.scan(&KeyRange::staged(collection));
        while let Some((key, at)) = stored.next()? {
            if !changed.contains_key(key) {
                staged.push((StagedAt::from_bytes(at)?, (collection, key.to_vec())));
            }
        }
        staged.extend(changed.into_iter().filter_map(|(key, at)| Some((at?, (collection, key.to_vec())))));
        Ok(())
    }

    /// Posts these entries together.
    fn post(&mut self, network: &Arc<Network>, places: Vec<EntryPlace>, what: What) -> Result<(Option<Head>, u64)> {
        let me = self.shared.peer_id();
        let head = self.head(network, &me)?;
        let (mut bodies, mut posted) = (Vec::new(), Vec::new());
        for (id, key) in places {
            let seq = head.seq + bodies.len() as u64 + 1;
            match self.post_entry(network, (id, &key), (&me, seq), what) {
                Ok(Some(body)) => {
                    self.note_posted_entry(network.id, (id, &key), body.body.len());
                    bodies.push(body);
                    if !posted.contains(&id) {
                        posted.push(id);
                    }
                }
                Ok(None) => {}
                Err(error) if is_of_one_entry(&error) => {
                    self.set_aside(network, (id, &key), seq, &error)?;
                }
                Err(error) => return Err(error),
            }
        }
        let count = bodies.len() as u64;
        if count == 0 {
            return Ok((None, 0));
        }
        self.claim_posted(network, &posted)?;
        self.tell_posted(network, count);
        Ok((Some(self.log_posting(network, head, &bodies)?), count))
    }

    /// Keeps when an entry was posted, and how much of it.
    pub fn note_posted_entry(&mut self, network: NetworkId, (id, key): (CollectionId, &[u8]), bytes: usize) {
        let posted = PostedEntry { at_ms: self.shared.clock.millis(), bytes: bytes as u64 };
        self.effects.batch.put(&Key::PostedEntry(network, &posted_place(id, key)), &posted.to_bytes());
    }

    /// Takes an entry off the stage that cannot be posted, and leaves the reason for `nebulus.quarantine`. Nothing of the entry
    /// but its collection is named.
    fn set_aside(
        &mut self,
        network: &Network,
        (id, key): (CollectionId, &[u8]),
        seq: u64,
        error: &Error,
    ) -> Result<()> {
        self.mark_stage(id, key, true, false)?;
        let name = network.attachment(id).map(|attachment| attachment.shared_name.as_str()).unwrap_or_default();
        let reason =
            format!("an entry of \"{name}\" cannot be posted and was taken off the stage: {}", error.message());
        tracing::warn!(network = network.name, "an entry cannot be posted and was taken off the stage");
        let record = set_aside_name(&self.shared.peer_id(), seq);
        self.effects.batch.put(&Key::SyncRecord(network.id, &record), reason.as_bytes());
        Ok(())
    }

    /// Numbers, signs and logs the bodies of one posting behind the own head; the head after it.
    ///
    /// # Errors
    /// As [`CommitEncoder::put_posting`].
    pub fn log_posting(&mut self, network: &Network, mut head: StoredHead, drafted: &[Drafted]) -> Result<Head> {
        let me = self.shared.peer_id();
        let identity = self.shared.identity();
        let first = head.seq + 1;
        let legacy_end = *head.legacy_end.get_or_insert(head.seq);
        for (position, Drafted { body, .. }) in drafted.iter().enumerate() {
            let (seq, ends) = (head.seq + 1, position + 1 == drafted.len());
            head.hash = chain_next(&head.hash, seq, ends, body);
            head.seq = seq;
            let mut end = Vec::new();
            if ends {
                let leaves = drafted.iter().map(|drafted| drafted.digest).collect();
                let tree = PostingTree::new(first, leaves).ok_or_else(|| Error::internal("a posting has no deltas"))?;
                let (link, root) = (head.hash, tree.root());
                head.hash = chain_fold(&link, (first, seq), legacy_end, &root);
                let signature = identity.sign(&signed_posting(&network.name, &me, seq, &head.hash));
                head.signature = signature.to_vec();
                end = PostingEnd { hash: head.hash, signature, legacy_end: Some(legacy_end) }.to_bytes();
                self.put_posting(network.id, &me, Posting { legacy_end, link, root, signature, tree })?;
            }
            let entry = encode_log_entry(&end, body);
            self.effects.batch.put(&Key::Delta(network.id, &delta_place(&me, seq)), &entry);
        }
        (head.received, head.received_hash) = (head.seq, head.hash);
        let shown = head.head(me.clone());
        self.put_head(network.id, me, head);
        Ok(shown)
    }

    /// Makes one entry public under a number; its body, or `None` where its network knows all of it already.
    fn post_entry(
        &mut self,
        network: &Network,
        (id, key): (CollectionId, &[u8]),
        (me, seq): (&PeerId, u64),
        what: What,
    ) -> Result<Option<Drafted>> {
        let collection = self.current_catalog().collection_by_id(id).cloned();
        let Some((collection, attachment)) = collection.zip(network.attachment(id)) else { return Ok(None) };
        let old = self.entry_states(&collection, key)?;
        if old.record.is_none() {
            self.mark_stage(id, key, true, false)?;
            return Ok(None);
        }
        let posted = match what {
            What::Everything => Some(old.visible.clone()),
            What::Staged => old.to_post(self.hlc, me),
        };
        let Some(posted) = posted else {
            // Nobody marked it: whatever put it on the list, it stays here.
            tracing::warn!(collection = collection.name, "an entry without a mark was taken off the stage");
            self.mark_stage(id, key, true, false)?;
            return Ok(None);
        };
        let mut news = delta(&old.public, &posted);
        if news.fields.is_empty() && posted.causal_length == old.public.causal_length {
            self.put_states(&collection, key, &old, (&old.visible, &old.public), Stage::Private)?;
            return Ok(None);
        }
        let mut visible = old.visible.clone();
        if restamp(&mut news, &old.public, self.latest_stamp(network), (self.hlc, me)) {
            visible = with_stamps_of(visible, &news);
        }
        news.clock = [(me.clone(), seq)].into_iter().collect();
        // What no peer would take must not take a number.
        validate(&news)?;
        let begins = news.is_alive() && news.causal_length > old.public.causal_length;
        let shared_name = attachment.shared_name.clone();
        let joined = self.joined(network, &shared_name, &old, (&news, begins, seq))?;
        let known = joined.ok_or_else(|| has_no_right(&shared_name))?;
        let visible = match known.aside.iter().any(|piece| piece.given.origin == *me && piece.given.seq == seq) {
            // It waits for others who began the entry as well.
            true => following(&collection, &old.public, &old.public, &known.state),
            false => State { clock: known.state.clock.clone(), ..visible },
        };
        let drafted = Drafted::new(&tagged_name(&shared_name, &collection), key, &news, begins)?;
        self.put_known(&collection, key, &old, (&visible, &known), Stage::Private)?;
        self.note_posted_blob(network.id, &news);
        Ok(Some(drafted))
    }

    /// Milliseconds since 1970 beyond which members take no stamp, by the clock here.
    pub fn latest_stamp(&self, network: &Network) -> u64 {
        self.shared.clock.millis().saturating_add(network.options.max_clock_drift_ms)
    }

    /// The head of an origin at this point.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged head.
    pub fn head(&self, network: &Network, origin: &PeerId) -> Result<StoredHead> {
        let place = (network.id, origin.clone());
        if let Some(head) = self.effects.overlay.heads.get(&place).or_else(|| self.group.overlay.heads.get(&place)) {
            return Ok(head.clone());
        }
        match self.group.snapshot.get(&Key::Head(network.id, origin.as_str()))? {
            Some(bytes) => StoredHead::from_bytes(&bytes),
            None => Ok(StoredHead::start(&network.name, origin)),
        }
    }

    pub fn put_head(&mut self, network: NetworkId, origin: PeerId, head: StoredHead) {
        self.effects.batch.put(&Key::Head(network, origin.as_str()), &head.to_bytes());
        self.effects.overlay.heads.insert((network, origin), head);
        self.effects.has_posted = true;
    }
}

/// A state with the stamps that its own writes were given anew.
pub(crate) fn with_stamps_of(mut state: State, news: &State) -> State {
    for (name, field) in &news.fields {
        if let Some(ours) = state.fields.get_mut(name) {
            *ours = field.clone();
        }
    }
    (state.timestamp, state.peer_id) = (news.timestamp, news.peer_id.clone());
    state
}

/// Whether the fault lies in one entry, so that the others can be posted without it.
fn is_of_one_entry(error: &Error) -> bool {
    use ErrorKind::{Corrupted, DataException, InsufficientPrivilege, LimitExceeded};
    matches!(error.kind(), DataException | LimitExceeded | Corrupted | InsufficientPrivilege)
}

/// Why a delta of this node's own is not posted.
fn has_no_right(shared_name: &str) -> Error {
    let message = format!("only those who made an entry of \"{shared_name}\", and owners of the network, may do that");
    Error::new(ErrorKind::InsufficientPrivilege, message)
}
