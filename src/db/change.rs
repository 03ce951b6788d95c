//! Changes of the catalog inside a transaction.

use std::sync::Arc;

use crate::db::Catalog;
use crate::db::network_secrets::NetworkSecrets;
use crate::model::{Collection, CollectionId, Network, NetworkId};

/// One catalog change; applied in order.
#[derive(Clone, Debug)]
pub(crate) enum CatalogChange {
    /// A collection is new, or has other columns or indexes than before.
    Put(Arc<Collection>),
    Drop(CollectionId),
    /// A network is new, or has other options, members or attachments than before.
    PutNetwork(Arc<Network>),
    /// The secrets of a network's epochs.
    PutSecrets(NetworkId, Arc<NetworkSecrets>),
    DropNetwork(NetworkId),
}

impl CatalogChange {
    pub fn apply(&self, catalog: &mut Catalog) {
        match self {
            CatalogChange::Put(collection) => catalog.put(Arc::clone(collection)),
            CatalogChange::Drop(id) => catalog.remove(*id),
            CatalogChange::PutNetwork(network) => catalog.put_network(Arc::clone(network)),
            CatalogChange::PutSecrets(..) => {}
            CatalogChange::DropNetwork(id) => catalog.remove_network(*id),
        }
    }
}
