//! Rights to the entries of attached collections: what owners have said of them, what of a delta counts here, and the refusal of
//! statements that others would not let count.
//!
//! The rule is `merge`'s ([`join`]); what does not count lies with the proofs of its entry and is listed in `nebulus.quarantine`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::pending::deed::Deed;
use crate::db::pending::write_set::{EntryKey, Pending};
use crate::db::records::set_aside::set_aside_name;
use crate::db::records::stored_head::heads_in;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::db::write::commit::entry_states::EntryStates;
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::merge::{Authors, Known, authors_of, contribution_of, join};
use crate::model::{Act, Collection, EntryRights, Network, PeerId, Piece, REMOVED_MAX, Rights, State, Who};
use crate::store::{Key, Publicity, RecordView, decode_with_aside};
use crate::types::quote_identifier;

impl Network {
    /// What its owners have said of the entries of a collection, by its name in the network.
    pub fn rights(&self, shared_name: &str) -> Rights {
        let mut says = self.standing();
        let certificates = self.charter.as_ref().map_or(&[][..], |charter| &charter.certificates);
        let reached = Authors::of(certificates, &says.removed).reached();
        let eras = says.rights.remove(shared_name).unwrap_or_default();
        Rights { eras, owners: says.rightful, reached }
    }
}

impl CommitEncoder<'_> {
    /// [`Network::rights`], remembered.
    pub fn rights_in(&mut self, network: &Network, shared_name: &str) -> Arc<Rights> {
        let slot = (network.id, shared_name.to_string());
        if let Some(known) = self.rights.get(&slot) {
            return Arc::clone(known);
        }
        let current = self.current_catalog().network_by_id(network.id);
        let rights = Arc::new(current.map(|current| current.rights(shared_name)).unwrap_or_default());
        self.rights.insert(slot, Arc::clone(&rights));
        rights
    }

    /// What is known of an entry with one delta of this node's own more; `None` where members would not let it count, whatever
    /// else is known.
    ///
    /// # Errors
    /// None today; all that it asks for is at hand.
    pub fn joined(
        &mut self,
        network: &Network,
        shared_name: &str,
        states: &EntryStates,
        (news, begins, seq): (&State, bool, u64),
    ) -> Result<Option<Known>> {
        let me = self.shared.peer_id();
        let rights = self.rights_in(network, shared_name);
        let mut known = states.known();
        join(&rights, &mut known, news, &[contribution_of(&me, seq, news, begins)]);
        let waits = known.aside.iter().any(|piece| piece.given.origin == me && piece.given.seq == seq);
        if waits {
            let authors = authors_of(&rights, known.contributions.iter(), known.state.causal_length);
            if !authors.into_iter().any(|author| rights.is_author(&me, seq, author)) {
                return Ok(None);
            }
            self.note_aside(network, shared_name, &states.aside, &known.aside)?;
        }
        Ok(Some(known))
    }

    /// Lists what does not count any more, or since now, in `nebulus.quarantine`.
    ///
    /// # Errors
    /// 58030 where the store cannot be read.
    pub fn note_aside(&mut self, network: &Network, shared_name: &str, before: &[Piece], now: &[Piece]) -> Result<()> {
        let is_among =
            |pieces: &[Piece], piece: &Piece| pieces.iter().any(|other| other.given.order() == piece.given.order());
        for piece in before.iter().filter(|piece| !is_among(now, piece)) {
            let name = set_aside_name(&piece.given.origin, piece.given.seq);
            self.effects.batch.delete(&Key::SyncRecord(network.id, &name));
        }
        for piece in now.iter().filter(|piece| !is_among(before, piece)) {
            let what = if piece.fields.is_empty() { "a deletion" } else { "a change" };
            let message = format!(
                "{what} of an entry of \"{shared_name}\" does not count: only those who made the entry, and owners of the \
                 network, may do that"
            );
            let error = Error::new(ErrorKind::InsufficientPrivilege, message);
            self.set_aside_delta(network, &piece.given.origin, piece.given.seq, &error)?;
        }
        Ok(())
    }
}

impl Transaction {
    /// Says who may change entries of an attached collection that others made, and who may delete them; what is not said stays as
    /// it is. It holds for what is posted from now on, and settles who made what was posted so far.
    ///
    /// # Errors
    /// 42704 for a network, or a collection that is not attached to it; 42501 for a node that is no owner; 54000.
    pub fn set_rights(&mut self, network: &str, collection: &str, change: (Option<Who>, Option<Who>)) -> Result<()> {
        let mut network = self.owned(network, "set rights in")?;
        let id = self.catalog().expect_collection(collection)?.id;
        let Some(attachment) = network.attachment(id).filter(|attachment| !attachment.detaching) else {
            let message = format!("collection \"{collection}\" is not attached to network \"{}\"", network.name);
            return Err(Error::new(ErrorKind::UndefinedObject, message));
        };
        let shared_name = attachment.shared_name.clone();
        let latest = network.rights(&shared_name).latest();
        let rights =
            EntryRights { writers: change.0.unwrap_or(latest.writers), deleters: change.1.unwrap_or(latest.deleters) };
        let heads = heads_in(&self.view.snapshot, network.id)?;
        let before: Vec<(PeerId, u64)> =
            heads.into_iter().filter(|head| head.seq > 0).map(|head| (head.origin, head.seq)).collect();
        if before.len() > REMOVED_MAX {
            let message = format!("{} peers have posted in network \"{}\"", before.len(), network.name);
            return Err(Error::new(ErrorKind::LimitExceeded, format!("{message}, allowed are {REMOVED_MAX}"))
                .with_hint("Set rights before so many have posted, or found a new network."));
        }
        self.decree(&mut network, Act::Rights { collection: shared_name, rights, before })?;
        self.rights.clear();
        self.change_catalog(CatalogChange::PutNetwork(Arc::new(network)));
        Ok(())
    }

    /// The number of the last delta that a peer is known to have posted in a network.
    pub(in crate::db) fn posted_by(&self, network: &Network, peer: &PeerId) -> Result<u64> {
        let heads = heads_in(&self.view.snapshot, network.id)?;
        Ok(heads.into_iter().find(|head| head.origin == *peer).map_or(0, |head| head.seq))
    }

    /// Refuses to change or delete an entry of others that members would not let be changed or deleted.
    ///
    /// # Errors
    /// 42501.
    pub(crate) fn check_right(
        &mut self,
        collection: &Collection,
        key: &EntryKey,
        pending: &Pending,
        deed: Deed,
    ) -> Result<()> {
        let Some(base) = pending.base.as_deref().filter(|_| !pending.replaced) else { return Ok(()) };
        if RecordView::parse(base)?.publicity() == Publicity::Private {
            return Ok(());
        }
        let catalog = Arc::clone(self.catalog());
        let Some((network, attachment)) = catalog.network_of(collection.id) else { return Ok(()) };
        let shared_name = &attachment.shared_name;
        let rights = self.rights.entry(collection.id).or_insert_with(|| Arc::new(network.rights(shared_name)));
        let rights = Arc::clone(rights);
        let me = self.shared.peer_id();
        let may_all = match deed {
            Deed::Change => rights.may_edit_any(&me, u64::MAX),
            Deed::Delete => rights.may_end_any(&me, u64::MAX),
        };
        if may_all || attachment.detaching || network.options.posting_url.is_some() {
            return Ok(());
        }
        let stored = self.view.snapshot.get(&Key::Contributions(collection.id, key.as_bytes()))?;
        let (given, _) = stored.map_or(Ok(Default::default()), |bytes| decode_with_aside(&bytes))?;
        let life = given.iter().map(|given| given.causal_length).max().unwrap_or(0);
        let authors = authors_of(&rights, given.iter(), life);
        if authors.is_empty() || authors.iter().any(|author| rights.is_author(&me, u64::MAX, author)) {
            return Ok(());
        }
        let what = if deed == Deed::Change { "change" } else { "delete" };
        let authors: Vec<&str> = authors.into_iter().map(PeerId::as_str).collect();
        let message = format!("you may not {what} an entry of \"{}\" that others made", collection.name);
        let option = if deed == Deed::Change { "writers" } else { "deleters" };
        Err(Error::new(ErrorKind::InsufficientPrivilege, message)
            .with_detail(format!("It was made by {}.", authors.join(", ")))
            .with_hint(format!(
                "Its author may, and the owners of network \"{}\"; an owner lets all members by ALTER NETWORK {} ALTER \
                 COLLECTION {} SET ({option} = 'members').",
                network.name,
                quote_identifier(&network.name),
                quote_identifier(&collection.name)
            )))
    }
}

/// The rights in a network's collections, for people.
pub(crate) fn shown_rights(network: &Network) -> BTreeMap<String, EntryRights> {
    let says = network.standing();
    let latest = |name: &String| says.rights.get(name).and_then(|eras| eras.last()).map(|era| era.rights);
    let names = network.attachments.iter().map(|attachment| &attachment.shared_name);
    names.map(|name| (name.clone(), latest(name).unwrap_or_default())).collect()
}
