//! Authors as chains of keys: certificates that are signed here, for the devices of one person and for a node that goes on under
//! a new key.
//!
//! They lie in the network's charter and travel with it. An old key lies beside the new one (`origin`), also after a restore of
//! a backup that has it; so what it certifies is signed where and when it is needed: in each network in which it has posted,
//! certified something, or is an owner, as soon as the charter is known. Ownership goes on by the same certificate.

use std::sync::Arc;

use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::records::origin::old_identities;
use crate::db::records::stored_head::heads_in;
use crate::db::replica::rights::charter::{checked_peer, decree_as, standing_of};
use crate::db::state::state::DbState;
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::merge::{Authors, certificate_id, certificate_message, charter_id, merge_charters, next_certificate_number};
use crate::model::{AUTHOR_KEYS_MAX, Act, Bytes, CERTIFICATES_MAX, Certificate, Charter, Claim, Network, PeerId};
use crate::store::{Identity, Key, Store, verify_signature};

/// Name of the singleton that holds the id of the origin in whose place this node was restored without its key.
const UNVOUCHED: &str = "unvouched_origin";

impl Transaction {
    /// Says that a peer is another device of whoever uses this one. From when it says the same, each edits what the other has
    /// written as its author.
    ///
    /// # Errors
    /// 42704; 22023 for this node itself and for what is no peer id; 42710 where this node said so already; 42501 for whoever
    /// was removed and where no member has told the charter yet; 54000 for more certificates than there may be.
    pub fn link_peer(&mut self, name: &str, peer: &str) -> Result<()> {
        let (mut network, peer) = self.certifying(name, peer)?;
        let me = self.shared.peer_id();
        if claim_of(&network, &me, &peer).is_some_and(|claim| !claim.is_end()) {
            let message = format!("this node has linked {peer} in network \"{name}\" already");
            return Err(Error::new(ErrorKind::DuplicateObject, message).with_hint(link_hint(name, &me)));
        }
        if let Some(removed) = [&peer, &me].into_iter().find(|each| network.removed.contains(each)) {
            let message = format!("{removed} was removed from network \"{name}\"");
            return Err(Error::new(ErrorKind::InsufficientPrivilege, message)
                .with_hint("A removed key acts as nobody any more: link a device that takes part."));
        }
        certify(&self.shared.identity(), &mut network, &peer, Claim::Linked)?;
        self.rights.clear();
        let authors = network.authors();
        if !authors.are_tied(&me, &peer) {
            let is_answered = claim_of(&network, &peer, &me).is_some_and(|claim| !claim.is_end());
            if is_answered {
                let message = format!("an author has at most {AUTHOR_KEYS_MAX} keys in network \"{name}\"");
                return Err(Error::new(ErrorKind::LimitExceeded, message).with_hint("UNLINK PEER those that are gone."));
            }
            let text = format!("{peer} is linked once it has linked this node as well");
            let report = Error::new(ErrorKind::Success, text).with_hint(link_hint(name, &me));
            self.notices.push(Notice::of(report));
        }
        self.change_catalog(CatalogChange::PutNetwork(Arc::new(network)));
        Ok(())
    }

    /// Ends what ties a peer's key to this node's. One of the two is enough for that.
    ///
    /// # Errors
    /// 42704, for a peer that this node is not tied to as well; 22023, 42501, 54000.
    pub fn unlink_peer(&mut self, name: &str, peer: &str) -> Result<()> {
        let (mut network, peer) = self.certifying(name, peer)?;
        let me = self.shared.peer_id();
        let (ours, theirs) = (claim_of(&network, &me, &peer), claim_of(&network, &peer, &me));
        if ours.is_some_and(|claim| claim.is_end()) || (ours, theirs) == (None, None) {
            let message = format!("this node and {peer} are not linked in network \"{name}\"");
            return Err(Error::new(ErrorKind::UndefinedObject, message)
                .with_hint("nebulus.peers shows to which author each peer belongs."));
        }
        let were_tied = ours.is_some() && theirs.is_some();
        let last = |of: &PeerId| if were_tied { self.posted_by(&network, of) } else { Ok(0) };
        let ended = Claim::Unlinked { ours: last(&me)?, theirs: last(&peer)? };
        certify(&self.shared.identity(), &mut network, &peer, ended)?;
        self.rights.clear();
        self.change_catalog(CatalogChange::PutNetwork(Arc::new(network)));
        Ok(())
    }

    /// A network with a charter, and another peer than this one.
    fn certifying(&self, name: &str, peer: &str) -> Result<(Network, PeerId)> {
        let peer = checked_peer(peer)?;
        if peer == self.shared.peer_id() {
            return Err(Error::new(ErrorKind::InvalidParameterValue, "a node cannot be linked with itself")
                .with_hint("Name the other device's id; nebulus_peer_id() tells it there."));
        }
        let network = (**self.catalog().expect_network(name)?).clone();
        if network.leaving {
            return Err(Error::new(ErrorKind::ObjectInUse, format!("network \"{name}\" is being left")));
        }
        if network.charter.is_none() {
            let message = format!("the owners of network \"{name}\" are not known here yet");
            return Err(Error::new(ErrorKind::InsufficientPrivilege, message)
                .with_hint("Wait until this node has met a member: nebulus.networks shows the owners then."));
        }
        Ok((network, peer))
    }
}

impl Network {
    /// Which keys are one author, by what was certified in this network.
    pub fn authors(&self) -> Authors {
        let certificates = self.charter.as_ref().map_or(&[][..], |charter| &charter.certificates);
        Authors::of(certificates, &self.removed)
    }
}

fn link_hint(network: &str, me: &PeerId) -> String {
    format!("On the other device: ALTER NETWORK \"{network}\" LINK PEER '{me}'.")
}

fn claim_of(network: &Network, signer: &PeerId, subject: &PeerId) -> Option<Claim> {
    let certificates = &network.charter.as_ref()?.certificates;
    certificates.iter().find(|each| each.signer == *signer && each.subject == *subject).map(|each| each.claim)
}

/// Signs what one key says of another, and puts it in force.
///
/// # Errors
/// 54000 where there is no room for it, 42501 where its signer was removed.
fn certify(identity: &Identity, network: &mut Network, subject: &PeerId, claim: Claim) -> Result<()> {
    let Some(charter) = &network.charter else {
        return Err(Error::internal("a network without a charter has no certificates"));
    };
    let (id, signer) = (charter_id(&network.name, &charter.founding), identity.peer_id().clone());
    let full = || {
        let message = format!("network \"{}\" has {} certificates", network.name, charter.certificates.len());
        let limits = format!("allowed are {CERTIFICATES_MAX}, of one key {AUTHOR_KEYS_MAX}");
        Error::new(ErrorKind::LimitExceeded, format!("{message}, {limits}"))
            .with_hint("REMOVE PEER of those that have gone takes theirs away.")
    };
    let number = next_certificate_number(&charter.certificates, &signer, subject).ok_or_else(full)?;
    let (subject, signature) = (subject.clone(), Bytes::new([]));
    let mut certificate = Certificate { signer, subject, number, claim, signature };
    certificate.signature = Bytes::new(identity.sign(&certificate_message(&id, &certificate)));
    let certified = certificate_id(&id, &certificate);
    let alone = Charter { certificates: vec![certificate], ..Charter::new(charter.founding.clone()) };
    let merged = merge_charters(&network.name, Some(charter), &alone, verify_signature)
        .map_err(|_| Error::internal("a certificate that was signed here is refused"))?;
    if !merged.certificates.iter().any(|each| certificate_id(&id, each) == certified) {
        return Err(match network.removed.contains(identity.peer_id()) {
            true => Error::new(
                ErrorKind::InsufficientPrivilege,
                format!("{} was removed from network \"{}\"", identity.peer_id(), network.name),
            ),
            false => full(),
        });
    }
    network.charter = Some(merged);
    Ok(())
}

/// Where this node goes on under another key than before, has the old keys, which lie beside the new one, certify it as their
/// successor in a network that they had a part in; and what they own is its own from then on.
pub(crate) fn go_on(shared: &DbState, network: &mut Network) -> Result<()> {
    let identity = shared.identity();
    let me = identity.peer_id();
    if network.charter.is_none() || network.removed.contains(me) {
        return Ok(());
    }
    let heads = heads_in(&shared.store.snapshot(), network.id)?;
    for old in old_identities(shared.store.directory(), me)? {
        let id = old.peer_id().clone();
        let posted = heads.iter().find(|head| head.origin == id).map_or(0, |head| head.seq);
        let is_owner = standing_of(network).is_owner(&id);
        let mut certificates = network.charter.iter().flat_map(|charter| &charter.certificates);
        let has_certified = certificates.any(|each| each.signer == id);
        if network.removed.contains(&id) || !(posted > 0 || is_owner || has_certified) {
            continue;
        }
        if let Err(error) = succeed(&identity, &old, posted, network) {
            if !matches!(error.kind(), ErrorKind::InsufficientPrivilege | ErrorKind::LimitExceeded) {
                return Err(error);
            }
            tracing::warn!(network = network.name, old = %id, %error, "this node is not the author of what it wrote before");
        }
    }
    Ok(())
}

fn succeed(identity: &Identity, old: &Identity, posted: u64, network: &mut Network) -> Result<()> {
    let (me, id) = (identity.peer_id(), old.peer_id());
    // What was certified once is not certified again: either of the two may have ended it.
    if claim_of(network, id, me).is_none() {
        certify(old, network, me, Claim::SucceededBy { posted })?;
    }
    if claim_of(network, me, id).is_none() {
        certify(identity, network, id, Claim::Succeeds)?;
    }
    let says = standing_of(network);
    if says.is_owner(id) && !says.is_owner(me) && network.authors().are_tied(me, id) {
        decree_as(old, network, Act::Succeed { peer: me.clone() })?;
    }
    Ok(())
}

/// Remembers in whose place a store was restored whose key the backup did not have.
pub(crate) fn note_unvouched(store: &Store, old: &str) -> Result<()> {
    let mut batch = crate::store::Batch::new();
    batch.put(&Key::Meta(UNVOUCHED), old.as_bytes());
    store.write(batch)
}

/// Says in the log that this node is not the author of what the one before it wrote, where that is so.
pub(crate) fn warn_unvouched(shared: &DbState) -> Result<()> {
    let snapshot = shared.store.snapshot();
    let Some(old) = snapshot.get(&Key::Meta(UNVOUCHED))? else { return Ok(()) };
    let old = PeerId::new(String::from_utf8_lossy(&old).into_owned());
    let me = shared.peer_id();
    for network in shared.catalog().networks() {
        let has_posted = heads_in(&snapshot, network.id)?.iter().any(|head| head.origin == old && head.seq > 0);
        if has_posted && !network.authors().same_author(&me, &old) {
            tracing::warn!(
                network = network.name, %old, new = %me,
                "restored from a backup without its key, this node is not the author of what the old one wrote: \
                 link it with another device of yours (ALTER NETWORK … LINK PEER), or restore a backup with keys"
            );
        }
    }
    Ok(())
}
