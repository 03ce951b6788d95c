//! Changes of the catalog inside a transaction.

use std::sync::Arc;

use crate::db::catalog::catalog::Catalog;
use crate::db::vault::network_keys::NetworkSecrets;
use crate::model::{
    Collection, CollectionId, Comments, Network, NetworkId, ObjectAcl, Role, RoleId, Schema, Sequence, UserType, View,
};

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
    /// A view is new, or has another name or query than before.
    PutView(Arc<View>),
    DropView(CollectionId),
    /// A schema is new, or has another name than before.
    PutSchema(Arc<Schema>),
    DropSchema(CollectionId),
    /// Something is said of a collection or view, or of a part of it.
    PutComments(CollectionId, Arc<Comments>),
    /// A sequence is new, or gives other numbers than before.
    PutSequence(Arc<Sequence>),
    DropSequence(CollectionId),
    /// A type is new, or has other labels or another name than before.
    PutType(Arc<UserType>),
    DropType(CollectionId),
    /// A role is new, or is another than before.
    PutRole(Arc<Role>),
    DropRole(RoleId),
    /// An object has another owner, or others may do something with it.
    PutAcl(CollectionId, Arc<ObjectAcl>),
}

/// What a transaction saw of a collection, view or schema before it changed it.
#[derive(Clone, Debug)]
pub(crate) struct SeenCollection {
    pub collection: Option<Arc<Collection>>,
    pub network: Option<NetworkId>,
    pub view: Option<Arc<View>>,
    pub schema: Option<Arc<Schema>>,
    pub comments: Option<Arc<Comments>>,
    pub sequence: Option<Arc<Sequence>>,
    pub user_type: Option<Arc<UserType>>,
    pub role: Option<Arc<Role>>,
    pub acl: Option<Arc<ObjectAcl>>,
}

impl SeenCollection {
    /// Whether the collection is still defined as it was; that an index of it was built meanwhile does not count.
    pub fn is_still(&self, now: &SeenCollection) -> bool {
        let is_defined_so = match (&self.collection, &now.collection) {
            (Some(seen), Some(now)) => seen.is_defined_as(now),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        is_defined_so
            && self.network == now.network
            && self.view == now.view
            && self.schema == now.schema
            && self.comments == now.comments
            && self.sequence == now.sequence
            && self.user_type == now.user_type
            && self.role == now.role
            && self.acl == now.acl
    }
}

impl CatalogChange {
    /// The collection, view or schema that it is about; `None` for a change of a network.
    pub fn collection(&self) -> Option<CollectionId> {
        match self {
            CatalogChange::Put(collection) => Some(collection.id),
            CatalogChange::PutView(view) => Some(view.id),
            CatalogChange::PutSchema(schema) => Some(schema.id),
            CatalogChange::DropSchema(id) => Some(*id),
            CatalogChange::PutSequence(sequence) => Some(sequence.id),
            CatalogChange::DropSequence(id) | CatalogChange::DropType(id) => Some(*id),
            CatalogChange::PutType(ty) => Some(ty.id),
            CatalogChange::PutRole(role) => Some(role.id.object()),
            CatalogChange::DropRole(id) => Some(id.object()),
            CatalogChange::PutAcl(id, _) => Some(*id),
            CatalogChange::Drop(id) | CatalogChange::DropView(id) | CatalogChange::PutComments(id, _) => Some(*id),
            CatalogChange::PutNetwork(_) | CatalogChange::PutSecrets(..) | CatalogChange::DropNetwork(_) => None,
        }
    }

    pub fn apply(&self, catalog: &mut Catalog) {
        match self {
            CatalogChange::Put(collection) => catalog.put(Arc::clone(collection)),
            CatalogChange::Drop(id) => catalog.remove(*id),
            CatalogChange::PutNetwork(network) => catalog.put_network(Arc::clone(network)),
            CatalogChange::PutSecrets(..) => {}
            CatalogChange::DropNetwork(id) => catalog.remove_network(*id),
            CatalogChange::PutView(view) => catalog.put_view(Arc::clone(view)),
            CatalogChange::DropView(id) => catalog.remove_view(*id),
            CatalogChange::PutSchema(schema) => catalog.put_schema(Arc::clone(schema)),
            CatalogChange::DropSchema(id) => catalog.remove_schema(*id),
            CatalogChange::PutSequence(sequence) => catalog.put_sequence(Arc::clone(sequence)),
            CatalogChange::DropSequence(id) => catalog.remove_sequence(*id),
            CatalogChange::PutType(ty) => catalog.put_user_type(Arc::clone(ty)),
            CatalogChange::DropType(id) => catalog.remove_user_type(*id),
            CatalogChange::PutComments(id, comments) => catalog.put_comments(*id, Arc::clone(comments)),
            CatalogChange::PutRole(role) => catalog.put_role(Arc::clone(role)),
            CatalogChange::DropRole(id) => catalog.remove_role(*id),
            CatalogChange::PutAcl(id, acl) => catalog.put_acl(*id, Arc::clone(acl)),
        }
    }
}
