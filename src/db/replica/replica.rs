//! What sync reads and writes of a database.
//!
//! Everything that leaves this node goes through [`Replica::read_log`] and [`PublicView`](crate::db::replica::receiving::public_view::PublicView), which
//! see the delta log and the public states and nothing else: private states, AUTH entries and what was never staged cannot
//! be reached from here.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use crate::db::feed::signals::DatabaseChanges;
use crate::db::read::view::ReadView;
use crate::db::records::log_entry::decode_log_entry;
use crate::db::records::peers_status::Quarantined;
use crate::db::records::set_aside::SET_ASIDE;
use crate::db::records::stored_head::StoredHead;
use crate::db::replica::handle::Replica;
use crate::db::replica::posting::repost;
use crate::db::replica::posting::repost_floor::collected_in;
use crate::db::replica::receiving::adoption::partial_in;
use crate::db::replica::receiving::receive::Touched;
use crate::db::replica::receiving::verify_run::are_ends_signed;
use crate::db::replica::receiving::verify_states::{OfferedStates, VerifiedStates, Verifier};
use crate::db::state::state::DbState;
use crate::db::vault::network_keys::{EpochSecret, NetworkKey};
use crate::db::vault::secrets::check_visible;
use crate::db::write::commit::commit_queue::Job;
use crate::db::write::commit::feed_draft::ChangeOrigin;
use crate::error::{Error, ErrorKind, Result};
use crate::merge::PostingEnd;
use crate::metrics;
use crate::model::{Applied, Bytes, Delta, Head, LogRead, MergedStates, Network, NetworkId, PeerId, Run, Shares};
use crate::store::{Batch, BlobStore, Identity, Key, KeyRange, delta_place, delta_seq, verify_signature};
use crate::telemetry::{Attribute, Span, SpanName};

/// Longest name and value of what sync remembers, in bytes.
const SYNC_RECORD_BYTES_MAX: usize = 1024 * 1024;

impl DbState {
    /// As [`Replica::partial_collections`].
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged list.
    pub fn partial_collections(&self, network: NetworkId) -> Result<Vec<String>> {
        partial_in(&self.store.snapshot(), network)
    }
}

impl Replica {
    /// The heads of all origins in a network, the own one included, in order of origin. Each is the end of a posting.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged head.
    pub fn heads(&self, network: NetworkId) -> Result<Vec<Head>> {
        self.shared().heads(network)
    }

    /// The own head in a network; `None` where this node has posted nothing. One look-up by key.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged head.
    pub fn own_head(&self, network: NetworkId) -> Result<Option<Head>> {
        let me = self.peer_id();
        let snapshot = self.shared().store.snapshot();
        let stored = snapshot.get(&Key::Head(network, me.as_str()))?;
        stored.map(|bytes| Ok(StoredHead::from_bytes(&bytes)?.head(me))).transpose()
    }

    /// Consecutive applied deltas from `from_seq` on, at most about `bytes_max` (at least one posting's end where one is
    /// near); none where the origin has posted no more.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged head or delta of the log.
    pub fn read_log(&self, network: NetworkId, origin: &PeerId, from_seq: u64, bytes_max: usize) -> Result<LogRead> {
        let snapshot = self.shared().store.snapshot();
        let Some(head) = snapshot.get(&Key::Head(network, origin.as_str()))? else {
            return Ok(LogRead::Deltas(Vec::new()));
        };
        let head = StoredHead::from_bytes(&head)?;
        if from_seq > head.seq {
            return Ok(LogRead::Deltas(Vec::new()));
        }
        let range = KeyRange::deltas_of(network, origin).from(Bound::Included(&delta_place(origin, from_seq)));
        let mut log = snapshot.scan(&range);
        let (mut deltas, mut bytes, mut next) = (Vec::new(), 0, from_seq);
        let network_name =
            self.catalog().network_by_id(network).map(|network| network.name.clone()).unwrap_or_default();
        // Signatures inside of a run were not verified when it came, so a batch never ends with one that does not hold:
        // the receiver would take us for the forger.
        while (bytes < bytes_max || !ends_well(&network_name, origin, deltas.last(), head.seq))
            && next <= head.seq
            && let Some((place, entry)) = log.next()?
        {
            let seq = delta_seq(place).unwrap_or(0);
            if seq != next {
                if deltas.is_empty() {
                    return Ok(LogRead::Pruned { floor: seq });
                }
                break;
            }
            let (end, body) = decode_log_entry(entry)?;
            let signature = end.map(|end| Bytes::new(end.to_bytes()));
            let delta = Delta { seq, signature, body: Bytes::new(body) };
            bytes += delta.bytes();
            deltas.push(delta);
            next += 1;
        }
        if deltas.is_empty() {
            return Ok(LogRead::Pruned { floor: head.seq + 1 });
        }
        Ok(LogRead::Deltas(deltas))
    }

    /// Posts what is staged in a network's collections; the own head after it, `None` where nothing was staged.
    ///
    /// # Errors
    /// XX001 for a damaged head, mark of the stage or posting, XX000 for a public state or vector that is missing; 53100 and
    /// 58030 where the store cannot be written or read; 57P01 once the database goes down, XX000 where the committer has died. An
    /// entry that cannot be posted for a reason of its own fails nothing.
    pub async fn post_staged(&self, network: NetworkId) -> Result<Option<Head>> {
        let span = Span::begin(SpanName::SyncPost);
        let (mut last, mut deltas) = (None, 0);
        loop {
            let posted = self.queue().encode(move |apply| apply.post_staged(network)).await;
            let posted = posted.inspect_err(|error| span.say(Attribute::Failed(error.sqlstate())))?;
            deltas += posted.deltas;
            last = posted.head.or(last);
            if !posted.is_more || posted.deltas == 0 {
                span.say(Attribute::Deltas(deltas));
                return Ok(last);
            }
        }
    }

    /// Verifies and commits what a peer sent: log, entries and head in one batch.
    /// `shares` as [`Apply::receive`](crate::db::write::commit::encoder::CommitEncoder::receive) takes them.
    ///
    /// # Errors
    /// 54000 for a posting that is longer than one may be; 55006 while the beginning of a posting is being written; XX001 for what
    /// is damaged here; 53100 and 58030 where the store cannot be written or read; 57P01 once the database goes down, XX000 where
    /// the committer has died.
    pub async fn apply_run(&self, network: NetworkId, run: Run, shares: Option<Shares>) -> Result<Applied> {
        let _timer = metrics::SYNC_APPLY_SECONDS.start();
        let span = Span::begin(SpanName::SyncApply);
        span.say(Attribute::Deltas(run.deltas.len() as u64));
        let are_signed = self.catalog().network_by_id(network).is_some_and(|network| are_ends_signed(network, &run));
        let applied = self.queue().encode(move |apply| apply.receive(network, &run, (shares, are_signed))).await;
        applied.inspect_err(|error| span.say(Attribute::Failed(error.sqlstate())))
    }

    /// Merges states that a member vouches for into the public states. Those whose time lies too far ahead are left where they
    /// are: nothing moves the clock here beyond the network's `max_clock_drift`. Unless the collection `is_partial`, lives that
    /// ended here and whose tombstones are gone do not come back.
    ///
    /// # Errors
    /// `Corrupted` or 22000 for a state that no write makes: nothing is taken then.
    pub async fn merge_states(
        &self,
        network: NetworkId,
        collection: String,
        offered: OfferedStates,
        is_partial: bool,
    ) -> Result<MergedStates> {
        let verified = self.verify_states(network, &collection, offered)?;
        if let Some(why) = verified.forged {
            tracing::warn!(why, "a member's entries are refused");
            return Ok(MergedStates { is_forged: true, ..MergedStates::default() });
        }
        let VerifiedStates { states, postings, unproven, .. } = verified;
        let queue = self.queue();
        queue
            .encode(move |apply| {
                let mut merged = MergedStates { unproven, ..MergedStates::default() };
                let Some(network) = apply.current_catalog().network_by_id(network).cloned() else { return Ok(merged) };
                apply.origin = Some(ChangeOrigin::of_network(&network));
                let mut touched = Touched::new();
                let collected: BTreeMap<PeerId, u64> =
                    collected_in(&apply.group.snapshot, network.id)?.into_iter().collect();
                for verified in states {
                    let (key, state) = (&verified.key, verified.state());
                    if !is_partial && apply.was_collected(&network, (&collection, key), state, &collected)? {
                        continue;
                    }
                    if !apply.observe_state(&network, state) {
                        merged.early += 1;
                        continue;
                    }
                    if let Err(error) = apply.check_key_of(&network, &collection, key) {
                        // Anybody's name may stand in a state: those alone are shown of whom something was taken.
                        if apply.head(&network, &state.peer_id)?.seq > 0 {
                            apply.set_aside_delta(&network, &state.peer_id, 0, &error)?;
                        }
                        continue;
                    }
                    merged.news += u64::from(apply.merge_verified(&network, &collection, verified, &mut touched)?);
                }
                for (origin, posting) in postings {
                    apply.put_posting(network.id, &origin, posting)?;
                }
                apply.write_touched(&network, touched)?;
                Ok(merged)
            })
            .await
    }

    /// Verifies offered states, away from the async threads.
    pub(crate) fn verify_states(
        &self,
        id: NetworkId,
        collection: &str,
        offered: OfferedStates,
    ) -> Result<VerifiedStates> {
        let catalog = self.catalog();
        let Some(network) = catalog.network_by_id(id) else { return Ok(VerifiedStates::default()) };
        let snapshot = self.shared().store.snapshot();
        Verifier { snapshot: &snapshot, network, collection }.verify(offered)
    }

    /// Posts public entries once more under numbers of this node's own; how many went out.
    ///
    /// # Errors
    /// 54000 for an entry over its limits; XX001 or 22000 for a damaged one; 53100 and 58030 where the store cannot be written or
    /// read; 57P01 once the database goes down, XX000 where the committer has died.
    pub async fn repost(&self, network: NetworkId, collection: String, keys: Vec<Bytes>) -> Result<u64> {
        self.queue().encode(move |apply| apply.repost(network, &collection, &keys)).await
    }

    /// Drops the oldest deltas of the log: those that all members have (`acknowledged`, numbers by origin) once they are
    /// older than the network's limit of age, and any once the log is larger than its limit of bytes. How many went.
    ///
    /// # Errors
    /// XX001 for a damaged head, delta of the log or entry; 53100 and 58030 where the store cannot be written or read; 57P01 once
    /// the database goes down, XX000 where the committer has died.
    pub async fn prune_log(&self, network: NetworkId, acknowledged: Vec<(PeerId, u64)>) -> Result<u64> {
        let catalog = self.catalog();
        let Some(definition) = catalog.network_by_id(network) else { return Ok(0) };
        let snapshot = self.shared().store.snapshot();
        let options = definition.options.clone();
        let now = self.shared().clock.millis();
        let acknowledged: BTreeMap<PeerId, u64> = acknowledged.into_iter().collect();
        let prunable =
            move || crate::db::replica::posting::prune::prunable(&snapshot, network, &options, &acknowledged, now);
        let places = tokio::task::spawn_blocking(prunable)
            .await
            .map_err(|error| Error::internal(format!("looking through the log stopped: {error}")))??;
        let count = places.len() as u64;
        if count > 0 {
            let mut batch = Batch::new();
            places.iter().for_each(|place| batch.delete(&Key::Delta(network, place)));
            self.queue().ask(|reply| Job::Raw { batch, reply }).await?;
            let swept = self.sweep_postings(network).await?;
            tracing::debug!(network = definition.name, swept, "postings that prove nothing any more were dropped");
        }
        Ok(count)
    }

    /// Makes this node post under a new identity: a peer showed that this data directory is an older copy. What was posted
    /// since the start, under numbers that the later life has used as well, is posted anew.
    ///
    /// # Errors
    /// F0000 for a damaged identity file; 58030 where it cannot be renamed or made; 40001 where others changed the catalog; as
    /// [`Replica::repost`].
    pub async fn renew_origin(&self) -> Result<PeerId> {
        let outdated = repost::note_outdated(self.shared(), &self.peer_id());
        self.renew_with(outdated).await
    }

    /// Makes this node post under a new identity, once it is written down what the old one is to take back.
    pub(crate) async fn renew_with(&self, note: Batch) -> Result<PeerId> {
        self.queue().ask(|reply| Job::Raw { batch: note, reply }).await?;
        let renewed = self.queue().encode(|encoder| encoder.renew_identity()).await?;
        repost::finish(self.queue()).await?;
        self.mend_charters().await?;
        Ok(renewed)
    }

    /// Names of attached collections, as the network calls them, of which deltas may be missing that the heads cover.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged list.
    pub fn partial_collections(&self, network: NetworkId) -> Result<Vec<String>> {
        self.shared().partial_collections(network)
    }

    /// What sync remembers under a name.
    ///
    /// # Errors
    /// 58030 where the store cannot be read.
    pub fn sync_record(&self, network: NetworkId, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.shared().store.snapshot().get(&Key::SyncRecord(network, name))?.map(|bytes| bytes.to_vec()))
    }

    /// What sync remembers under names that begin with `prefix`.
    ///
    /// # Errors
    /// 58030 where the store cannot be read.
    pub fn sync_records(&self, network: NetworkId, prefix: &str) -> Result<Vec<(String, Vec<u8>)>> {
        records_in(&self.view(), network, prefix)
    }

    /// Remembers something, or forgets it.
    ///
    /// # Errors
    /// As [`Replica::put_sync_records`].
    pub async fn put_sync_record(&self, network: NetworkId, name: &str, value: Option<Vec<u8>>) -> Result<()> {
        self.put_sync_records(network, vec![(name.to_string(), value)]).await
    }

    /// As [`put_sync_record`](Replica::put_sync_record), for several in one commit.
    ///
    /// # Errors
    /// 54000 for one over `SYNC_RECORD_BYTES_MAX`; 53100 and 58030 where the store cannot be written; 57P01 once the database
    /// goes down, XX000 where the committer has died.
    pub async fn put_sync_records(&self, network: NetworkId, records: Vec<(String, Option<Vec<u8>>)>) -> Result<()> {
        let bytes_of = |(name, value): &(String, Option<Vec<u8>>)| name.len() + value.as_ref().map_or(0, Vec::len);
        if let Some(bytes) = records.iter().map(bytes_of).find(|bytes| *bytes > SYNC_RECORD_BYTES_MAX) {
            return Err(Error::new(ErrorKind::LimitExceeded, format!("a record of sync has {bytes} bytes")));
        }
        self.queue()
            .encode(move |apply| {
                if apply.current_catalog().network_by_id(network).is_some() {
                    for (name, value) in &records {
                        match value {
                            Some(value) => apply.effects.batch.put(&Key::SyncRecord(network, name), value),
                            None => apply.effects.batch.delete(&Key::SyncRecord(network, name)),
                        }
                    }
                }
                Ok(())
            })
            .await
    }

    /// The keys of a network's epochs, newest first. Takes a tenth of a second for each: not for an async thread.
    ///
    /// # Errors
    /// As [`Replica::epoch_secret`]; F0000 where the key cannot be stretched.
    pub fn network_keys(&self, network: &Network) -> Result<Vec<NetworkKey>> {
        check_visible(self.hides_secrets())?;
        self.shared().network_secrets(network.id)?.keys(&network.name)
    }

    /// The secret of the present epoch, for members that do not know it yet.
    ///
    /// # Errors
    /// 42501 for somebody from whom secrets are hidden; 58030 where the store cannot be read, XX001 for secrets that cannot be
    /// opened.
    pub fn epoch_secret(&self, network: NetworkId) -> Result<Option<EpochSecret>> {
        check_visible(self.hides_secrets())?;
        Ok(self.shared().network_secrets(network)?.newest().cloned())
    }

    /// The secret that lets others join.
    ///
    /// # Errors
    /// 42704; 42501 for somebody from whom secrets are hidden.
    pub fn network_secret(&self, name: &str) -> Result<String> {
        check_visible(self.hides_secrets())?;
        let catalog = self.catalog();
        let network = catalog.expect_network(name)?;
        let secrets = self.shared().network_secrets(network.id)?;
        let newest = secrets.newest().ok_or_else(|| Error::internal("a network has no secret"))?;
        Ok(newest.secret.to_string())
    }

    pub fn identity(&self) -> Arc<Identity> {
        self.shared().identity()
    }

    pub fn changes(&self) -> DatabaseChanges {
        self.shared().feed.signals().subscribe()
    }

    pub fn blobs(&self) -> &BlobStore {
        &self.shared().blobs
    }
}

impl ReadView {
    /// The heads of a network.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged head.
    pub fn heads(&self, network: NetworkId) -> Result<Vec<Head>> {
        crate::db::records::stored_head::heads_in(&self.snapshot, network)
    }

    /// Deltas that were malformed, with the reason.
    ///
    /// # Errors
    /// 58030 where the store cannot be read.
    pub fn set_aside(&self, network: NetworkId) -> Result<Vec<Quarantined>> {
        let records = records_in(self, network, SET_ASIDE)?;
        let parse = |(name, reason): (String, Vec<u8>)| {
            let (origin, seq) = name.strip_prefix(SET_ASIDE)?.rsplit_once('/')?;
            let reason = String::from_utf8_lossy(&reason).into_owned();
            Some(Quarantined { origin: PeerId::new(origin), seq: seq.parse().ok()?, reason, due_ms: None })
        };
        Ok(records.into_iter().filter_map(parse).collect())
    }
}

fn records_in(view: &ReadView, network: NetworkId, prefix: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let mut records = Vec::new();
    let mut stored = view.snapshot.scan(&KeyRange::sync_records(network).starting_with(prefix.as_bytes()));
    while let Some((name, value)) = stored.next()? {
        records.push((String::from_utf8_lossy(name).into_owned(), value.to_vec()));
    }
    Ok(records)
}

/// Whether the last delta of a batch is in the middle of a posting, the head, or signed by its origin.
fn ends_well(network: &str, origin: &PeerId, last: Option<&Delta>, head_seq: u64) -> bool {
    let Some(Delta { seq, signature: Some(end), .. }) = last else { return last.is_some() };
    let Some(end) = PostingEnd::parse(end) else { return false };
    *seq == head_seq || verify_signature(origin, &end.signed_message(network, origin, *seq), &end.signature)
}

#[cfg(test)]
#[path = "tests/replica_tests.rs"]
mod tests;
