//! Networks inside a transaction: made, joined, changed and left, with collections attached to them and detached again.
//!
//! What is said here is a definition that commits like any other; the sync task sees the catalog change and acts.

use std::sync::Arc;

use crate::db::catalog::catalog::check_identifier;
use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::catalog::row_ids::check_draws_apart;
use crate::db::pending::write_set::{EntryKey, Pending};
use crate::db::replica::receiving::shapes::check_shape;
use crate::db::replica::rights::charter::{checked_peer, found_charter};
use crate::db::vault::network_keys::{NetworkSecrets, chosen_or_random};
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Attachment, Collection, CollectionKind, Network, NetworkId, NetworkOptions, Stage};
use crate::store::{Key, RecordView};

/// Networks of one node, at most.
const NETWORKS_MAX: usize = 64;
/// Addresses of one JOIN, at most.
const BOOTSTRAP_MAX: usize = 64;

impl Transaction {
    /// Founds a network (no `bootstrap`), or joins one through the addresses of some of its members, for which the secret
    /// is needed. A network founded without a secret gets a random one, and this node as its first owner; of whoever joins,
    /// `founder` says which network of that name is meant.
    ///
    /// # Errors
    /// 42710 for a name that is taken, 22023 for a secret out of bounds or none to join with and for a founder that is no id
    /// of a peer or is named by who founds, 54000.
    pub fn create_network(
        &mut self,
        name: &str,
        options: NetworkOptions,
        secret: Option<&str>,
        bootstrap: Vec<String>,
        founder: Option<&str>,
    ) -> Result<()> {
        check_identifier(name)?;
        if self.catalog().network(name).is_some() {
            return Err(Error::new(ErrorKind::DuplicateObject, format!("network \"{name}\" already exists"))
                .with_hint("LEAVE NETWORK forgets it; ALTER NETWORK changes its options."));
        }
        let count = self.catalog().networks().count();
        if count >= NETWORKS_MAX || bootstrap.len() > BOOTSTRAP_MAX {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!(
                    "{count} networks and {} addresses; allowed are {NETWORKS_MAX} and {BOOTSTRAP_MAX}",
                    bootstrap.len()
                ),
            ));
        }
        if secret.is_none() && !bootstrap.is_empty() {
            return Err(Error::new(
                ErrorKind::InvalidParameterValue,
                format!("joining network \"{name}\" needs its secret"),
            )
            .with_hint(
                "JOIN NETWORK … AT … WITH (secret = '…'); a member sees it with nebulus_network_secret(name).",
            ));
        }
        let founder = founder.map(checked_peer).transpose()?;
        let charter = if bootstrap.is_empty() { Some(found_charter(&self.shared.identity(), name)?) } else { None };
        if charter.is_some() && founder.is_some() {
            return Err(Error::new(ErrorKind::InvalidParameterValue, "whoever founds a network is its first owner")
                .with_hint(
                    "JOIN NETWORK … AT … WITH (secret = '…', owner = '…') joins the one that a peer has founded.",
                ));
        }
        let secret = chosen_or_random(secret)?;
        let id = NetworkId(self.new_id().0);
        let spreads = options.copies().is_some();
        let network = Network {
            id,
            name: name.to_string(),
            bootstrap,
            options,
            epoch: 1,
            removed: Vec::new(),
            attachments: Vec::new(),
            leaving: false,
            drop_allowed: spreads,
            charter,
            founder,
        };
        self.change_catalog(CatalogChange::PutNetwork(Arc::new(network)));
        self.change_catalog(CatalogChange::PutSecrets(id, Arc::new(NetworkSecrets::new(1, secret))));
        Ok(())
    }

    /// Leaves a network with all its collections: what came through it stays here as private entries.
    ///
    /// # Errors
    /// 42704.
    pub fn leave_network(&mut self, name: &str) -> Result<()> {
        self.change_network(name, |network| {
            network.leaving = true;
            for attachment in &mut network.attachments {
                attachment.detaching = true;
            }
            Ok(())
        })
    }

    /// Sets the options of a network.
    ///
    /// # Errors
    /// 42704; 55006 for a network that is being left.
    pub fn alter_network(&mut self, name: &str, options: NetworkOptions) -> Result<()> {
        self.change_network(name, |network| {
            // Whoever asks for fewer copies wants those dropped that others hold.
            let asked = options.copies().is_some() && options.copies() != network.options.copies();
            network.drop_allowed |= asked;
            network.options = options;
            Ok(())
        })
    }

    /// Lets a collection take part in a network: what is staged in it will be posted there.
    ///
    /// # Errors
    /// 42P01, 42704, 42501 for AUTH entries, 55006 for one that is attached already, 0A000 for one with a unique index or a
    /// sequence of less than eight bytes, 42P16 where the network knows it with another primary key.
    pub fn attach_collection(
        &mut self,
        collection: &str,
        network: &str,
        private_by_default: Option<bool>,
    ) -> Result<()> {
        let collection = Arc::clone(self.catalog().expect_collection(collection)?);
        check_attachable(&collection)?;
        let definition = Arc::clone(self.catalog().expect_network(network)?);
        let taken = self.catalog().networks().find(|network| network.attachment(collection.id).is_some());
        if let Some(taken) = taken {
            return Err(Error::new(
                ErrorKind::ObjectInUse,
                format!("collection \"{}\" is attached to network \"{}\" already", collection.name, taken.name),
            )
            .with_hint("A collection takes part in one network. DETACH COLLECTION first."));
        }
        let (is_known, notices) = check_shape(&self.view.snapshot, &definition, &collection)?;
        self.notices.extend(notices);
        self.change_network(network, |network| {
            if network.attachment_named(&collection.name).is_some() {
                return Err(Error::new(
                    ErrorKind::ObjectInUse,
                    format!("another collection takes part in the network as \"{}\"", collection.name),
                ));
            }
            network.attachments.push(Attachment {
                collection: collection.id,
                shared_name: collection.name.clone(),
                private_by_default,
                detaching: false,
                attaching: true,
                // The shape of others is the same everywhere and tells nothing.
                is_announced: is_known || collection.kind != CollectionKind::Table,
                awaits_shape: false,
                halted: None,
            });
            Ok(())
        })
    }

    /// Takes a collection out of its network. Its entries stay, as private ones.
    ///
    /// # Errors
    /// 42P01, 42704; 55000's role is played by 42704 for one that is not attached.
    pub fn detach_collection(&mut self, collection: &str, network: &str) -> Result<()> {
        let collection = Arc::clone(self.catalog().expect_collection(collection)?);
        self.change_network(network, |network| {
            let name = network.name.clone();
            let attachment = network.attachments.iter_mut().find(|attachment| attachment.collection == collection.id);
            let attachment = attachment.ok_or_else(|| {
                Error::new(
                    ErrorKind::UndefinedObject,
                    format!("collection \"{}\" is not attached to network \"{name}\"", collection.name),
                )
            })?;
            attachment.detaching = true;
            Ok(())
        })
    }

    /// Drops what was written here to a posted entry since it was posted; false where there is nothing of that kind.
    ///
    /// # Errors
    /// 42501 for AUTH entries; 54000 and 53200 for a transaction that holds too much; XX001 for a damaged record, 58030 where the
    /// store cannot be read.
    pub fn revert(&mut self, collection: &Arc<Collection>, key: &EntryKey) -> Result<bool> {
        if collection.kind == CollectionKind::Auth {
            return Err(Error::new(ErrorKind::InsufficientPrivilege, "AUTH entries are never posted"));
        }
        let stored = self.view.snapshot.get(&Key::Entry(collection.id, key.as_bytes()))?;
        let Some(base) = stored.map(|bytes| Arc::<[u8]>::from(&*bytes)) else { return Ok(false) };
        if !RecordView::parse(&base)?.publicity().has_copy() {
            return Ok(false);
        }
        let pending = Pending { reverted: true, stage: Some(Stage::Private), ..Pending::of(base) };
        self.writes().put(collection.id, key.clone(), pending)?;
        Ok(true)
    }

    fn change_network(&mut self, name: &str, change: impl FnOnce(&mut Network) -> Result<()>) -> Result<()> {
        let mut network = (**self.catalog().expect_network(name)?).clone();
        if network.leaving {
            return Err(Error::new(ErrorKind::ObjectInUse, format!("network \"{name}\" is being left")));
        }
        change(&mut network)?;
        self.change_catalog(CatalogChange::PutNetwork(Arc::new(network)));
        Ok(())
    }
}

fn check_attachable(collection: &Collection) -> Result<()> {
    if collection.kind == CollectionKind::Auth {
        return Err(Error::new(ErrorKind::InsufficientPrivilege, "AUTH entries never leave this node"));
    }
    collection.check_shared()?;
    let unique = collection.indexes.iter().find(|index| index.kind.is_unique());
    match unique {
        Some(index) => Err(Error::unsupported(
            format!("collection \"{}\" has the unique index \"{}\"", collection.name, index.name),
            "Peers write at the same time, so only the primary key can be unique in a network. DROP INDEX first.",
        )),
        None => collection.columns.iter().try_for_each(|column| check_draws_apart(&collection.name, column)),
    }
}
