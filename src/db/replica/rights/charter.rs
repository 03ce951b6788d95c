//! Owners of networks: what they alone may decree, signed here and taken over from other members.
//!
//! The charter lies in the network's record, its secrets apart and sealed. Whatever changes a charter, here or from outside,
//! is reckoned as a whole (`merge`), and the removed peers and the epoch of the record follow from that.

use std::sync::Arc;

use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::replica::handle::Replica;
use crate::db::replica::rights::authors::go_on;
use crate::db::vault::network_keys::{EpochSecret, chosen_or_random};
use crate::db::write::transaction::transaction::Transaction;
use crate::defence::is_down;
use crate::error::{Error, ErrorKind, Result};
use crate::merge::{
    CharterRefusal, EPOCH_MAX, certificate_id, charter_digest, charter_id, commitment, digest_of_removed, edict_id,
    edict_message, merge_charters, next_number, standing,
};
use crate::model::{
    Act, Adoption, Bytes, Charter, CharterDigest, EDICTS_MAX, Edict, Founding, Network, NetworkId, PeerId, REMOVED_MAX,
    Standing,
};
use crate::store::{Identity, is_peer_id, verify_signature};

/// What members tell each other of a charter.
#[derive(Clone, Debug)]
pub struct CharterNews {
    pub charter: Charter,
    /// The secret of the present epoch, for whoever has proved an older one.
    pub secret: Option<EpochSecret>,
}

impl Transaction {
    /// Shuts a peer out: a new epoch begins, with a secret that it does not know. Its key acts as nobody any more, and of what it
    /// certified that counts which is known here.
    ///
    /// # Errors
    /// 42704; 42501 for a node that is no owner, and for an owner of higher rank; 22023 for this node itself and for what is
    /// no peer id: whoever was meant would be told the new secret; 54000 for more removed peers than a network may have.
    pub fn remove_peer(&mut self, name: &str, peer: &str) -> Result<()> {
        let peer = checked_peer(peer)?;
        if peer == self.shared.peer_id() {
            return Err(Error::new(ErrorKind::InvalidParameterValue, "a node cannot remove itself")
                .with_hint(format!("LEAVE NETWORK \"{name}\".")));
        }
        let mut network = self.owned(name, "remove a peer from")?;
        let says = standing_of(&network);
        if says.is_owner(&peer) {
            self.drop_from(&mut network, &peer)?;
        }
        if !network.removed.contains(&peer) && network.removed.len() >= REMOVED_MAX {
            let message = format!(
                "{} peers were removed from network \"{name}\", allowed are {REMOVED_MAX}",
                network.removed.len()
            );
            return Err(Error::new(ErrorKind::LimitExceeded, message)
                .with_hint("Found a new network and give its secret to those who are to stay."));
        }
        let removed = if network.removed.contains(&peer) { Vec::new() } else { vec![peer] };
        if let Some(peer) = removed.first() {
            self.revoke(&mut network, peer)?;
        }
        self.begin_epoch(network, None, removed)
    }

    /// Begins a new epoch with this secret, or with a random one.
    ///
    /// # Errors
    /// 42704, 42501, 22023 for a secret of a wrong length or one that this network had before.
    pub fn rotate_secret(&mut self, name: &str, secret: Option<&str>) -> Result<()> {
        let network = self.owned(name, "change the secret of")?;
        self.begin_epoch(network, secret, Vec::new())
    }

    /// Makes a peer an owner, beside those that there are.
    ///
    /// # Errors
    /// 42704, 42501, 22023 for what is no peer id, 42710 for an owner, 55000's role is played by 42501 for whoever was removed
    /// or dropped by a more senior owner.
    pub fn add_owner(&mut self, name: &str, peer: &str) -> Result<()> {
        let peer = checked_peer(peer)?;
        let mut network = self.owned(name, "add an owner to")?;
        if standing_of(&network).is_owner(&peer) {
            let message = format!("{peer} is an owner of network \"{name}\" already");
            return Err(Error::new(ErrorKind::DuplicateObject, message));
        }
        self.decree(&mut network, Act::AddOwner { peer: peer.clone() })?;
        if !standing_of(&network).is_owner(&peer) {
            let message = format!("{peer} cannot be made an owner of network \"{name}\"");
            return Err(Error::new(ErrorKind::InsufficientPrivilege, message)
                .with_hint("It was removed, has given its ownership up, or was dropped by a more senior owner."));
        }
        self.change_catalog(CatalogChange::PutNetwork(Arc::new(network)));
        Ok(())
    }

    /// Takes ownership from a peer, or gives up one's own. What it decreed as far as it is known here stays in force; where
    /// another was dropped, a new epoch begins, since it may have made one that nobody knows of yet.
    ///
    /// # Errors
    /// 42704 for a network or for a peer that is no owner, 42501, 22023 for what is no peer id, 55006 for the last owner.
    pub fn drop_owner(&mut self, name: &str, peer: &str) -> Result<()> {
        let peer = checked_peer(peer)?;
        let mut network = self.owned(name, "drop an owner of")?;
        let owners = standing_of(&network).owners;
        if !owners.contains(&peer) {
            let message = format!("{peer} is no owner of network \"{name}\"");
            return Err(Error::new(ErrorKind::UndefinedObject, message).with_hint("nebulus.networks lists the owners."));
        }
        if owners.len() == 1 {
            let message = format!("network \"{name}\" has no other owner");
            return Err(Error::new(ErrorKind::ObjectInUse, message).with_hint(
                "ALTER NETWORK … ADD OWNER '…' first, so that somebody can remove peers and change the secret.",
            ));
        }
        if peer != self.shared.peer_id() {
            self.drop_from(&mut network, &peer)?;
            return self.begin_epoch(network, None, Vec::new());
        }
        let posted = self.posted_by(&network, &peer)?;
        self.decree(&mut network, Act::DropOwner { peer, keeps: Vec::new(), posted })?;
        self.change_catalog(CatalogChange::PutNetwork(Arc::new(network)));
        Ok(())
    }

    /// Takes over what another member says of a network's charter, as far as owners have signed it, and the secret of its
    /// epoch where that is told. Older things change nothing. Where whoever began the present epoch did not know of everybody
    /// who is removed, one of those may know its secret: then an owner begins another one at once.
    ///
    /// # Errors
    /// 22023 for a secret that no owner has begun an epoch with: nothing is taken over then.
    pub(crate) fn adopt_charter(&mut self, id: NetworkId, news: CharterNews) -> Result<Adoption> {
        let Some(network) = self.catalog().network_by_id(id).cloned() else { return Ok(Adoption::Known) };
        if let Some(founder) = network.founder.as_ref().filter(|founder| **founder != news.charter.founding.founder) {
            tracing::warn!(network = network.name, wanted = %founder, "a member shows the charter of another founder");
            return Ok(Adoption::OtherFounder(news.charter.founding.founder));
        }
        let verify = |signer: &PeerId, message: &[u8], signature: &[u8]| {
            verify_signature(signer, message, signature) || is_down("edicts")
        };
        let merged = merge_charters(&network.name, network.charter.as_ref(), &news.charter, verify);
        let merged = match merged {
            Ok(merged) => merged,
            Err(CharterRefusal::OtherFounding(founder)) => return Ok(Adoption::OtherFounder(founder)),
            Err(CharterRefusal::Forged(peer)) => return Ok(Adoption::Forged(peer)),
        };
        let mut changed = (*network).clone();
        if network.charter.as_ref() != Some(&merged) {
            changed.charter = Some(merged);
            follow(&mut changed);
        }
        let known = self.shared.network_secrets(id)?;
        let mut has_secret = false;
        if let Some(secret) = news.secret {
            if !is_begun(&changed, &secret) {
                let message = format!("no owner of network \"{}\" began epoch {} so", network.name, secret.epoch);
                return Err(Error::new(ErrorKind::InvalidParameterValue, message));
            }
            let is_ours = known.newest().is_some_and(|newest| *newest == secret);
            let is_better = is_present(&changed, &secret)
                || (secret.epoch > changed.epoch && !known.newest().is_some_and(|newest| is_present(&changed, newest)));
            if is_better && !is_ours {
                changed.epoch = secret.epoch;
                self.put_secret(id, secret)?;
                has_secret = true;
            }
        }
        let is_news = changed != *network;
        let says = standing_of(&changed);
        if says.is_owner(&self.shared.peer_id()) && !is_aware(&says) {
            self.begin_epoch(changed, None, Vec::new())?;
            return Ok(Adoption::News);
        }
        if is_news {
            self.change_catalog(CatalogChange::PutNetwork(Arc::new(changed)));
        }
        Ok(if is_news || has_secret { Adoption::News } else { Adoption::Known })
    }

    /// A network of which this node is an owner.
    pub(super) fn owned(&self, name: &str, deed: &str) -> Result<Network> {
        let network = (**self.catalog().expect_network(name)?).clone();
        if network.leaving {
            return Err(Error::new(ErrorKind::ObjectInUse, format!("network \"{name}\" is being left")));
        }
        let owners = standing_of(&network).owners;
        if owners.contains(&self.shared.peer_id()) {
            return Ok(network);
        }
        let message = format!("only an owner may {deed} network \"{name}\"");
        let hint = match owners.first() {
            Some(owner) => format!("Its owners are shown in nebulus.networks; one of them is {owner}."),
            None if network.charter.is_none() => {
                "This node has met no member yet that could tell it the owners.".into()
            }
            None => "It has no owner any more: found a new network.".to_string(),
        };
        Err(Error::new(ErrorKind::InsufficientPrivilege, message).with_hint(hint))
    }

    fn drop_from(&mut self, network: &mut Network, peer: &PeerId) -> Result<()> {
        let Some(charter) = &network.charter else { return Ok(()) };
        let id = charter_id(&network.name, &charter.founding);
        let lasting = charter.edicts.iter().filter(|edict| edict.signer == *peer && edict.act.is_lasting());
        let keeps = lasting.map(|edict| edict_id(&id, edict)).take(REMOVED_MAX).collect();
        let posted = self.posted_by(network, peer)?;
        self.decree(network, Act::DropOwner { peer: peer.clone(), keeps, posted })
    }

    /// Of what a peer that is being removed has certified that stays in force which is known here.
    fn revoke(&mut self, network: &mut Network, peer: &PeerId) -> Result<()> {
        let Some(charter) = &network.charter else { return Ok(()) };
        let id = charter_id(&network.name, &charter.founding);
        let certified = charter.certificates.iter().filter(|each| each.signer == *peer);
        let keeps: Vec<_> = certified.map(|each| certificate_id(&id, each)).collect();
        if keeps.is_empty() {
            return Ok(());
        }
        self.decree(network, Act::Revoke { peer: peer.clone(), keeps })
    }

    /// Signs an edict and puts it in force.
    ///
    /// # Errors
    /// 42501 where an owner of higher rank has decided otherwise, 54000 where the charter is full.
    pub(super) fn decree(&mut self, network: &mut Network, act: Act) -> Result<()> {
        decree_as(&self.shared.identity(), network, act)
    }

    /// Begins an epoch of a network that this node owns, and keeps all that was changed in it.
    fn begin_epoch(&mut self, mut network: Network, secret: Option<&str>, removed: Vec<PeerId>) -> Result<()> {
        let secret = chosen_or_random(secret)?;
        if self.shared.network_secrets(network.id)?.contains(&secret) {
            return Err(Error::new(
                ErrorKind::InvalidParameterValue,
                format!("network \"{}\" had this secret before, and it would let in whoever knows it", network.name),
            )
            .with_hint("Choose another one, or none for a random one."));
        }
        let secret = decree_epoch(&self.shared.identity(), &mut network, secret, removed)?;
        self.put_secret(network.id, secret)?;
        self.change_catalog(CatalogChange::PutNetwork(Arc::new(network)));
        Ok(())
    }

    fn put_secret(&mut self, id: NetworkId, secret: EpochSecret) -> Result<()> {
        let pending = self.view.writes.catalog.iter().rev().find_map(|change| match change {
            CatalogChange::PutSecrets(network, secrets) if *network == id => Some(Arc::clone(secrets)),
            _ => None,
        });
        let known = match pending {
            Some(secrets) => secrets,
            None => Arc::new(self.shared.network_secrets(id)?),
        };
        self.change_catalog(CatalogChange::PutSecrets(id, Arc::new(known.with(secret))));
        Ok(())
    }
}

impl Replica {
    /// Takes over what another member says of a network's charter.
    ///
    /// # Errors
    /// As [`Transaction::adopt_charter`]; 40001 when somebody else changed the catalog at the same moment.
    pub async fn adopt_charter(&self, network: NetworkId, news: CharterNews) -> Result<Adoption> {
        let mut transaction = self.begin();
        let adoption = transaction.adopt_charter(network, news)?;
        transaction.commit().await?;
        if adoption == Adoption::News {
            self.mend_charters().await?;
        }
        Ok(adoption)
    }

    /// What is told to members of a network's charter; nothing before this node was told one itself.
    ///
    /// # Errors
    /// 42704; as [`Replica::epoch_secret`].
    pub fn charter_news(&self, id: NetworkId) -> Result<Option<CharterNews>> {
        // The secret first: whoever was removed meanwhile is named too early and not too late.
        let secret = self.epoch_secret(id)?;
        let catalog = self.catalog();
        let gone = || Error::new(ErrorKind::UndefinedObject, "the network does not exist any more");
        let network = catalog.network_by_id(id).ok_or_else(gone)?;
        let secret = secret.filter(|secret| is_begun(network, secret));
        Ok(network.charter.clone().map(|charter| CharterNews { charter, secret }))
    }

    /// Commits what [`Replica::mended_charters`] finds to do.
    pub(crate) async fn mend_charters(&self) -> Result<()> {
        match self.mended_charters()? {
            Some(mended) => mended.commit().await.map(drop),
            None => Ok(()),
        }
    }

    /// Makes the charters of networks that were founded here before there were any; and where this node goes on under another
    /// key than before, has the old one certify that. What is to be committed; `None` where all is well.
    pub(crate) fn mended_charters(&self) -> Result<Option<Transaction>> {
        let (mut transaction, mut is_changed) = (self.begin(), false);
        let shared = Arc::clone(self.shared());
        let (catalog, identity) = (shared.catalog(), shared.identity());
        for network in catalog.networks().filter(|network| !network.leaving) {
            let mut changed = (**network).clone();
            if network.charter.is_none() && network.bootstrap.is_empty() && network.founder.is_none() {
                changed.charter = Some(found_charter(&identity, &network.name)?);
                let newest = shared.network_secrets(network.id)?.newest().cloned();
                if let Some(newest) = newest.filter(|_| network.epoch > 1 || !network.removed.is_empty()) {
                    changed.epoch = network.epoch.saturating_sub(1);
                    let removed = std::mem::take(&mut changed.removed);
                    let secret = decree_epoch(&identity, &mut changed, newest.secret, removed)?;
                    transaction.put_secret(network.id, secret)?;
                }
            }
            go_on(&shared, &mut changed)?;
            if changed != **network {
                transaction.change_catalog(CatalogChange::PutNetwork(Arc::new(changed)));
                is_changed = true;
            }
        }
        Ok(is_changed.then_some(transaction))
    }
}

impl Network {
    /// What its charter says; nothing without one.
    pub fn standing(&self) -> Standing {
        standing_of(self)
    }

    /// What is told of its charter in a few bytes.
    pub fn charter_digest(&self) -> CharterDigest {
        self.charter.as_ref().map(|charter| charter_digest(&self.name, charter)).unwrap_or_default()
    }
}

pub(crate) fn standing_of(network: &Network) -> Standing {
    network.charter.as_ref().map(|charter| standing(&network.name, charter)).unwrap_or_default()
}

/// Whether whoever began the present epoch knew of everybody who is removed.
fn is_aware(says: &Standing) -> bool {
    says.epoch.as_ref().map_or(says.removed.is_empty(), |epoch| epoch.is_aware)
}

/// What follows from a changed charter.
fn follow(network: &mut Network) {
    network.removed = standing_of(network).removed;
}

/// Whether an owner began an epoch with this secret.
fn is_begun(network: &Network, secret: &EpochSecret) -> bool {
    let Some(charter) = &network.charter else { return false };
    let wanted = committed(network, charter, secret);
    charter.edicts.iter().any(|edict| match &edict.act {
        Act::Epoch { number, commitment, .. } => *number == secret.epoch && *commitment == wanted,
        _ => false,
    })
}

/// Whether it is the secret of the epoch that all are to be in.
fn is_present(network: &Network, secret: &EpochSecret) -> bool {
    let Some(charter) = &network.charter else { return false };
    let present = standing_of(network).epoch;
    let wanted = committed(network, charter, secret);
    present.is_some_and(|present| present.number == secret.epoch && present.commitment == wanted)
}

fn committed(network: &Network, charter: &Charter, secret: &EpochSecret) -> [u8; 32] {
    commitment(&charter_id(&network.name, &charter.founding), secret.epoch, &secret.salt, &secret.secret)
}

/// The charter of a network that begins.
pub(crate) fn found_charter(identity: &Identity, network: &str) -> Result<Charter> {
    let founder = identity.peer_id().clone();
    let mut founding = Founding { founder, nonce: random()?, signature: Bytes::new([]) };
    founding.signature = Bytes::new(identity.sign(&charter_id(network, &founding)));
    Ok(Charter::new(founding))
}

/// The id of a peer, as it stands in a statement.
///
/// # Errors
/// 22023 for what names no key.
pub(crate) fn checked_peer(text: &str) -> Result<PeerId> {
    let peer = PeerId::new(text);
    if is_peer_id(&peer) {
        return Ok(peer);
    }
    let message = format!("\"{}\" is no id of a peer", text.escape_default());
    Err(Error::new(ErrorKind::InvalidParameterValue, message)
        .with_hint("SHOW PEERS lists them: 52 characters that begin with 12D3KooW."))
}

/// Signs an edict and puts it in force.
///
/// # Errors
/// 42501 where an owner of higher rank has decided otherwise, 54000 where the charter is full.
pub(crate) fn decree_as(identity: &Identity, network: &mut Network, act: Act) -> Result<()> {
    let name = network.name.clone();
    let Some(charter) = &network.charter else {
        return Err(Error::internal("a network without a charter has no owner"));
    };
    let full = || {
        let message = format!("the charter of network \"{name}\" has {} edicts", charter.edicts.len());
        Error::new(ErrorKind::LimitExceeded, format!("{message}, allowed are {EDICTS_MAX}"))
            .with_hint("Found a new network and give its secret to those who are to stay.")
    };
    let (id, signer) = (charter_id(&name, &charter.founding), identity.peer_id().clone());
    let number = next_number(charter, &signer).ok_or_else(full)?;
    let signature = Bytes::new(identity.sign(&edict_message(&id, number, &signer, &act)));
    let edict = Edict { number, signer, act, signature };
    let edict_id_of_it = edict_id(&id, &edict);
    let alone = Charter { edicts: vec![edict], ..Charter::new(charter.founding.clone()) };
    let merged = merge_charters(&name, Some(charter), &alone, verify_signature)
        .map_err(|_| Error::internal("an edict that was signed here is refused"))?;
    if !merged.edicts.iter().any(|edict| edict_id(&id, edict) == edict_id_of_it) {
        if charter.edicts.len() >= EDICTS_MAX {
            return Err(full());
        }
        let message = format!("an owner of higher rank has decided that in network \"{name}\"");
        return Err(Error::new(ErrorKind::InsufficientPrivilege, message)
            .with_hint("An owner drops and removes those whom it, or an owner after it, has made one."));
    }
    network.charter = Some(merged);
    follow(network);
    Ok(())
}

/// Signs the beginning of an epoch, and gives back its secret with its number.
fn decree_epoch(
    identity: &Identity,
    network: &mut Network,
    secret: zeroize::Zeroizing<String>,
    removed: Vec<PeerId>,
) -> Result<EpochSecret> {
    let Some(charter) = &network.charter else {
        return Err(Error::internal("a network without a charter has no owner"));
    };
    let begun = standing_of(network).epoch.map_or(1, |epoch| epoch.number);
    let epoch = begun.max(network.epoch).saturating_add(1);
    // Whoever was dropped may have begun one with the greatest number that there is.
    let epoch = if epoch > EPOCH_MAX { begun.saturating_add(1) } else { epoch };
    if epoch > EPOCH_MAX {
        let message = format!("network \"{}\" has had all epochs there are", network.name);
        return Err(Error::new(ErrorKind::LimitExceeded, message)
            .with_hint("ALTER NETWORK … DROP OWNER '…' drops the owner that used them up, and what it began."));
    }
    let secret = EpochSecret { epoch, salt: random()?, secret };
    let committed = committed(network, charter, &secret);
    // What is shut out once this is in force is reckoned first: its signer vouches for having known of all of them.
    let mut known = standing_of(network).removed;
    known.extend(removed.iter().cloned());
    known.sort_unstable();
    known.dedup();
    let known = digest_of_removed(&known);
    let gone = removed.clone();
    decree_as(identity, network, Act::Epoch { number: epoch, commitment: committed, removed, known })?;
    if let Some(peer) = gone.iter().find(|peer| !network.removed.contains(peer)) {
        let message = format!("{peer} is an owner of network \"{}\" of higher rank", network.name);
        return Err(Error::new(ErrorKind::InsufficientPrivilege, message));
    }
    network.epoch = epoch;
    Ok(secret)
}

fn random() -> Result<[u8; 16]> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Error::internal(format!("no randomness: {error}")))?;
    Ok(bytes)
}
