//! The shape of a collection as its network knows it: whoever posts the first of its entries claims it, signed.
//!
//! Keys of entries are compared as bytes, so members must declare the same primary key: as many columns, in one order, of the
//! same names and types. Each node keeps one claim of each collection, whether it has attached it or not, and tells members
//! all that it keeps. Of two claims an owner's is the network's, then the earlier one, then that of the lesser peer id: all members
//! come to the same, whoever they hear first. An owner's node that has attached a collection and agrees claims it as well, so that
//! nobody turns over what is in use by saying to have been earlier. Who declared another shape loses nothing: its collection stops
//! taking and posting, and says so, until the shapes agree. Claims of removed peers do not count.
//!
//! Before anything was posted nobody is told that there is such a table, or what columns it has.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::replica::handle::Replica;
use crate::db::replica::receiving::schema_merge::are_alike;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::model::{Attachment, Collection, CollectionKind, Halt, MEMORY, Network, NetworkId, PeerId};
use crate::store::{Identity, Key, KeyRange, Snapshot, verify_signature};
use crate::types::ColumnType;

/// Collections of one network whose claims are kept, at most: a network has no more of them.
pub const SHAPES_MAX: usize = 256;
/// Longest claim that is kept, in bytes of names and types: a table of the most columns has less by far.
pub const SHAPE_BYTES_MAX: usize = 128 * 1024;
/// Names of the records of claims, by the shared name of the collection.
const SHAPE: &str = "shape/";

/// Everybody who ever was an owner of a network.
type Owners = BTreeMap<PeerId, u64>;

/// What somebody says a collection looks like, since the first posting of its entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShapeClaim {
    /// Its name in the network.
    pub collection: String,
    pub is_table: bool,
    /// Names and types in SQL.
    pub columns: Vec<(String, String)>,
    /// Positions in `columns`.
    pub primary_key: Vec<u16>,
    /// When (milliseconds since 1970) it was claimed, by the claimer's clock.
    pub claimed_ms: u64,
    pub peer: PeerId,
    /// The claimer's Ed25519 signature over all of this and the network's name.
    pub signature: Vec<u8>,
}

impl ShapeClaim {
    pub(super) fn of(
        network: &Network,
        collection: &Collection,
        shared_name: &str,
        now_ms: u64,
        identity: &Identity,
    ) -> Self {
        let columns =
            collection.columns.iter().map(|column| (collection.shared_name(column).to_string(), column.ty.to_string()));
        let mut claim = ShapeClaim {
            collection: shared_name.to_string(),
            is_table: collection.kind == CollectionKind::Table,
            columns: columns.collect(),
            primary_key: collection.primary_key.iter().filter_map(|place| u16::try_from(*place).ok()).collect(),
            claimed_ms: now_ms,
            peer: identity.peer_id().clone(),
            signature: Vec::new(),
        };
        claim.signature = identity.sign(&claim.signed(&network.name)).to_vec();
        claim
    }

    /// The hash that is signed.
    fn signed(&self, network: &str) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("nebulusdb 2026 shape of a collection");
        let mut part = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
        };
        [network, &self.collection, self.peer.as_str()].iter().for_each(|text| part(text.as_bytes()));
        part(&[u8::from(self.is_table)]);
        part(&self.claimed_ms.to_le_bytes());
        for (name, ty) in &self.columns {
            part(name.as_bytes());
            part(ty.as_bytes());
        }
        self.primary_key.iter().for_each(|place| part(&place.to_le_bytes()));
        *hasher.finalize().as_bytes()
    }

    /// Which of two claims of one collection is the network's: the lesser. `owners` is everybody who ever was one.
    fn order(&self, owners: &Owners) -> (bool, u64, &PeerId, &[u8]) {
        (!owners.contains_key(&self.peer), self.claimed_ms, &self.peer, &self.signature)
    }

    /// Whether this is the claim of a member that an owner who has attached the collection makes its own.
    fn is_to_be_owned(&self, (owners, this): (&Owners, &PeerId), collection: &Collection) -> bool {
        let is_owned = owners.contains_key(&self.peer) || !owners.contains_key(this);
        !is_owned && collection.kind == CollectionKind::Table && self.conflict(collection).is_none()
    }

    fn key(&self) -> Vec<(&str, &str)> {
        let columns = self.primary_key.iter().filter_map(|place| self.columns.get(usize::from(*place)));
        columns.map(|(name, ty)| (name.as_str(), ty.as_str())).collect()
    }

    /// The shape of its keys, for people.
    fn shape(&self) -> String {
        shown_shape(self.is_table, &self.key())
    }

    fn bytes(&self) -> usize {
        let columns: usize = self.columns.iter().map(|(name, ty)| name.len() + ty.len()).sum();
        self.collection.len() + columns + 2 * self.primary_key.len()
    }

    /// Whether somebody of the network has signed it, and it is within bounds.
    fn holds(&self, network: &Network) -> bool {
        self.bytes() <= SHAPE_BYTES_MAX
            && !self.collection.is_empty()
            && !network.removed.contains(&self.peer)
            && verify_signature(&self.peer, &self.signed(&network.name), &self.signature)
    }

    /// What of a collection here differs in its keys; `None` where they agree.
    fn conflict(&self, collection: &Collection) -> Option<String> {
        let (ours, theirs) = (shape_of(collection), self.shape());
        (ours != theirs).then(|| format!("\"{}\" has {ours} here and {theirs} in the network", self.collection))
    }

    /// Columns of other types than here, for people.
    fn differences(&self, collection: &Collection) -> Vec<String> {
        let differs = |(name, theirs): &(String, String)| {
            let ours = collection.columns.iter().find(|column| collection.shared_name(column) == name)?;
            let is_alike = ColumnType::parse(theirs).is_ok_and(|theirs| are_alike(&ours.ty, &theirs));
            (!is_alike)
                .then(|| format!("\"{}\".\"{name}\" is {} here and {theirs} in the network", self.collection, ours.ty))
        };
        self.columns.iter().filter_map(differs).collect()
    }
}

fn key_of(collection: &Collection) -> Vec<(&str, String)> {
    let columns = collection.primary_key.iter().filter_map(|place| collection.columns.get(*place));
    columns.map(|column| (collection.shared_name(column), column.ty.to_string())).collect()
}

fn shape_of(collection: &Collection) -> String {
    let key = key_of(collection);
    let key: Vec<(&str, &str)> = key.iter().map(|(name, ty)| (*name, ty.as_str())).collect();
    shown_shape(collection.kind == CollectionKind::Table, &key)
}

fn shown_shape(is_table: bool, key: &[(&str, &str)]) -> String {
    let parts: Vec<String> = key.iter().map(|(name, ty)| format!("{name} {ty}")).collect();
    match (is_table, parts.is_empty()) {
        (false, _) => format!("the shape of {MEMORY}"),
        (true, true) => "no primary key".to_string(),
        (true, false) => format!("the primary key ({})", parts.join(", ")),
    }
}

/// What stands before the bodies of a table's entries besides its name, so that entries of another shape are told from its own.
pub(crate) fn shape_tag(collection: &Collection) -> String {
    if collection.kind != CollectionKind::Table {
        return String::new();
    }
    let hash = blake3::hash(shape_of(collection).as_bytes());
    let [a, b, c, d, e, f, g, h, ..] = *hash.as_bytes();
    format!("{:016x}", u64::from_le_bytes([a, b, c, d, e, f, g, h]))
}

/// The name of a collection in bodies of its entries.
pub(crate) fn tagged_name(shared_name: &str, collection: &Collection) -> String {
    let tag = shape_tag(collection);
    if tag.is_empty() { shared_name.to_string() } else { format!("{shared_name}\0{tag}") }
}

fn record_name(shared_name: &str) -> String {
    format!("{SHAPE}{shared_name}")
}

fn decode(json: &[u8]) -> Result<ShapeClaim> {
    serde_json::from_slice(json)
        .map_err(|_| Error::new(ErrorKind::Corrupted, "the record of a collection's shape cannot be read"))
}

fn claim_in(snapshot: &Snapshot, network: NetworkId, shared_name: &str) -> Result<Option<ShapeClaim>> {
    snapshot.get(&Key::SyncRecord(network, &record_name(shared_name)))?.map(|json| decode(&json)).transpose()
}

fn claims_in(snapshot: &Snapshot, network: NetworkId) -> Result<Vec<ShapeClaim>> {
    let mut claims = Vec::new();
    let mut stored = snapshot.scan(&KeyRange::sync_records(network).starting_with(SHAPE.as_bytes()));
    while let Some((_, json)) = stored.next()? {
        claims.push(decode(json)?);
    }
    Ok(claims)
}

/// Compares a collection that is to be attached with what its network knows: whether it knows anything, and what the client
/// is to be told.
///
/// # Errors
/// 42P16 for another primary key, with both.
pub(crate) fn check_shape(
    snapshot: &Snapshot,
    network: &Network,
    collection: &Collection,
) -> Result<(bool, Vec<Notice>)> {
    let claim = claim_in(snapshot, network.id, &collection.name)?;
    let Some(claim) = claim.filter(|claim| !network.removed.contains(&claim.peer)) else {
        return Ok((false, Vec::new()));
    };
    if let Some(conflict) = claim.conflict(collection) {
        return Err(Error::new(ErrorKind::InvalidTableDefinition, format!("{conflict} \"{}\"", network.name))
            .with_detail(format!("Peer {} posted the first of its entries.", claim.peer))
            .with_hint("Make a table of that shape and INSERT … SELECT, or attach it under another name."));
    }
    let notice = |difference: String| {
        let notice = Error::new(ErrorKind::Success, difference);
        Notice::of(notice.with_hint("What members write there stays hidden here until the types agree."))
    };
    Ok((true, claim.differences(collection).into_iter().map(notice).collect()))
}

impl Replica {
    /// The claims of a network's collections that are kept here, in order of name.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged claim.
    pub fn shape_claims(&self, network: NetworkId) -> Result<Vec<ShapeClaim>> {
        claims_in(&self.shared().store.snapshot(), network)
    }
}

impl CommitEncoder<'_> {
    /// Keeps those claims that are lesser than what is known, and has attached collections follow; the network where they did.
    pub(in crate::db) fn learn_shapes(
        &mut self,
        id: NetworkId,
        claims: Vec<ShapeClaim>,
    ) -> Result<Option<Arc<Network>>> {
        let Some(network) = self.current_catalog().network_by_id(id).cloned() else { return Ok(None) };
        let mut known = claims_in(&self.group.snapshot, id)?;
        self.forget_claims_of_removed(&network, &mut known);
        let (owners, this) = (network.standing().rightful, self.shared.peer_id());
        for claim in claims {
            let place = known.iter().position(|other| other.collection == claim.collection);
            let is_lesser =
                place.and_then(|place| known.get(place)).is_none_or(|ours| claim.order(&owners) < ours.order(&owners));
            if !is_lesser || !claim.holds(&network) {
                continue;
            }
            if place.is_none() && known.len() >= SHAPES_MAX && !self.make_room(&network, &claim, &mut known) {
                continue;
            }
            self.put_claim(id, &claim)?;
            match place.and_then(|place| known.get_mut(place)) {
                Some(ours) => *ours = claim,
                None => known.push(claim),
            }
        }
        let mut changed = (*network).clone();
        for attachment in &mut changed.attachments {
            let claim = known.iter().find(|claim| claim.collection == attachment.shared_name);
            let collection = self.current_catalog().collection_by_id(attachment.collection).cloned();
            match (claim, collection) {
                (Some(claim), Some(collection)) => {
                    follow_claim(&network, attachment, claim, &collection);
                    let is_in_use = attachment.is_announced && !attachment.detaching;
                    if is_in_use && claim.is_to_be_owned((&owners, &this), &collection) {
                        self.claim(&network, attachment, &collection)?;
                    }
                }
                (None, Some(collection)) => self.go_on_without_claim(&network, attachment, &collection)?,
                (_, None) => {}
            }
        }
        if changed == *network {
            return Ok(None);
        }
        let changed = Arc::new(changed);
        self.catalog(&[CatalogChange::PutNetwork(Arc::clone(&changed))])?;
        Ok(Some(changed))
    }

    /// Where as many claims are kept as may be, one of a collection that is not attached here gives way to one that is.
    fn make_room(&mut self, network: &Network, claim: &ShapeClaim, known: &mut Vec<ShapeClaim>) -> bool {
        let is_attached = |name: &str| network.attachment_named(name).is_some();
        let spare = known.iter().rposition(|other| !is_attached(&other.collection));
        let Some(spare) = spare.filter(|_| is_attached(&claim.collection)) else { return false };
        let dropped = known.remove(spare);
        self.effects.batch.delete(&Key::SyncRecord(network.id, &record_name(&dropped.collection)));
        true
    }

    /// A removed peer decides no shape: whoever is left and posts claims it anew.
    fn forget_claims_of_removed(&mut self, network: &Network, known: &mut Vec<ShapeClaim>) {
        for claim in known.extract_if(.., |claim| network.removed.contains(&claim.peer)) {
            self.effects.batch.delete(&Key::SyncRecord(network.id, &record_name(&claim.collection)));
        }
    }

    /// Where nobody's claim counts any more, what has been posted from here is claimed anew.
    fn go_on_without_claim(
        &mut self,
        network: &Network,
        attachment: &mut Attachment,
        collection: &Collection,
    ) -> Result<()> {
        if attachment.detaching {
            return Ok(());
        }
        if attachment.halted.take().is_some() {
            (attachment.attaching, attachment.awaits_shape) = (true, false);
        }
        if attachment.is_announced && collection.kind == CollectionKind::Table {
            self.claim(network, attachment, collection)?;
        }
        Ok(())
    }

    fn put_claim(&mut self, network: NetworkId, claim: &ShapeClaim) -> Result<()> {
        let json = serde_json::to_vec(claim).map_err(|error| Error::internal(error.to_string()))?;
        self.effects.batch.put(&Key::SyncRecord(network, &record_name(&claim.collection)), &json);
        Ok(())
    }

    /// Claims the shape of collections of which something has just been posted for the first time; from now on members are
    /// told of them.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged claim.
    pub fn claim_posted(&mut self, network: &Network, posted: &[crate::model::CollectionId]) -> Result<()> {
        let mut changed = network.clone();
        let (owners, this) = (network.standing().rightful, self.shared.peer_id());
        let is_first =
            |attachment: &&mut Attachment| !attachment.is_announced && posted.contains(&attachment.collection);
        for attachment in changed.attachments.iter_mut().filter(is_first) {
            attachment.is_announced = true;
            let collection = self.current_catalog().collection_by_id(attachment.collection).cloned();
            let known = claim_in(&self.group.snapshot, network.id, &attachment.shared_name)?;
            let is_claimed = |collection: &Arc<Collection>| {
                known.as_ref().is_none_or(|known| known.is_to_be_owned((&owners, &this), collection))
            };
            if let Some(collection) = collection.filter(is_claimed) {
                self.claim(network, attachment, &collection)?;
            }
        }
        if changed == *network {
            return Ok(());
        }
        self.catalog(&[CatalogChange::PutNetwork(Arc::new(changed))])
    }

    fn claim(&mut self, network: &Network, attachment: &Attachment, collection: &Collection) -> Result<()> {
        let (now_ms, identity) = (self.shared.clock.millis(), self.shared.identity());
        self.put_claim(network.id, &ShapeClaim::of(network, collection, &attachment.shared_name, now_ms, &identity))
    }

    /// Notes that the network has entries of a collection whose shape is not known yet: nothing of it is posted before.
    ///
    /// # Errors
    /// None today; XX000 for a network that cannot be written as JSON.
    pub fn await_shape(&mut self, network: &Network, shared_name: &str) -> Result<()> {
        let Some(current) = self.current_catalog().network_by_id(network.id).cloned() else { return Ok(()) };
        let mut changed = (*current).clone();
        let waits = |attachment: &&mut Attachment| attachment.shared_name == shared_name && !attachment.is_announced;
        for attachment in changed.attachments.iter_mut().filter(waits) {
            attachment.awaits_shape = true;
        }
        if changed == *current {
            return Ok(());
        }
        self.catalog(&[CatalogChange::PutNetwork(Arc::new(changed))])
    }
}

/// Has an attachment follow what is known to be the network's shape.
fn follow_claim(network: &Network, attachment: &mut Attachment, claim: &ShapeClaim, collection: &Collection) {
    if attachment.detaching {
        return;
    }
    let conflict = claim.conflict(collection);
    match conflict {
        Some(conflict) if attachment.halted.as_ref().is_none_or(|halted| halted.reason != conflict) => {
            tracing::error!(
                network = network.name,
                peer = %claim.peer,
                "{conflict}: nothing of it is taken or posted until the shapes agree"
            );
            attachment.halted = Some(Halt { peer: claim.peer.clone(), reason: conflict });
        }
        Some(_) => {}
        None if attachment.halted.is_some() || !attachment.is_announced => {
            tracing::info!(network = network.name, collection = claim.collection, "its shape is that of the network");
            attachment.halted = None;
            (attachment.is_announced, attachment.awaits_shape, attachment.attaching) = (true, false, true);
        }
        None => {}
    }
}

/// Claims, in networks of an earlier version, the shapes of collections that members have been told of, and as an owner those that
/// members have claimed.
pub(crate) fn claim_announced(
    snapshot: &Snapshot,
    batch: &mut crate::store::Batch,
    catalog: &crate::db::catalog::catalog::Catalog,
    (now_ms, identity): (u64, &Identity),
) -> Result<()> {
    for network in catalog.networks() {
        let owners = network.standing().rightful;
        for attachment in network.attachments.iter().filter(|attachment| attachment.is_announced) {
            let Some(collection) = catalog.collection_by_id(attachment.collection) else { continue };
            let known = claim_in(snapshot, network.id, &attachment.shared_name)?;
            let is_claimed = |known: &ShapeClaim| known.is_to_be_owned((&owners, identity.peer_id()), collection);
            if collection.kind == CollectionKind::Table && known.as_ref().is_none_or(is_claimed) {
                let claim = ShapeClaim::of(network, collection, &attachment.shared_name, now_ms, identity);
                let json = serde_json::to_vec(&claim).map_err(|error| Error::internal(error.to_string()))?;
                batch.put(&Key::SyncRecord(network.id, &record_name(&attachment.shared_name)), &json);
            }
        }
    }
    Ok(())
}
