//! Changes of the catalog inside a transaction.

use std::sync::Arc;

use crate::db::Catalog;
use crate::model::{Collection, CollectionId};

/// One catalog change; applied in order.
#[derive(Clone, Debug)]
pub(crate) enum CatalogChange {
    /// A collection is new, or has other columns or indexes than before.
    Put(Arc<Collection>),
    Drop(CollectionId),
}

impl CatalogChange {
    pub fn apply(&self, catalog: &mut Catalog) {
        match self {
            CatalogChange::Put(collection) => catalog.put(Arc::clone(collection)),
            CatalogChange::Drop(id) => catalog.remove(*id),
        }
    }
}
