//! Changes of the catalog, encoded: definitions, the indexes that go with them, networks and their secrets.

use std::sync::Arc;

use serde::Serialize;

use crate::db::catalog::catalog::Catalog;
use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::write::commit::commit_group::put_definition;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::db::write::index::secondary_index::first_state;
use crate::error::{Error, Result};
use crate::model::{Collection, CollectionId, Index, IndexState, Network, NetworkId, UserType};
use crate::store::{Batch, Key, KeyRange, build_marker};

/// # Errors
/// XX000 for a definition that cannot be written as JSON.
fn json_of(definition: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(definition).map_err(|error| Error::internal(error.to_string()))
}

impl CommitEncoder<'_> {
    /// The catalog at this point, the group's own changes included.
    pub fn current_catalog(&self) -> &Arc<Catalog> {
        self.effects.catalog.as_ref().unwrap_or(&self.group.catalog)
    }

    /// Encodes changes of the catalog, in their order.
    ///
    /// # Errors
    /// XX000 for a definition that cannot be written as JSON; as [`CommitEncoder::take_over_builds`].
    pub fn catalog(&mut self, changes: &[CatalogChange]) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut catalog = (**self.current_catalog()).clone();
        for change in changes {
            let change = &with_states(change, &catalog);
            match change {
                CatalogChange::Put(collection) => {
                    let old = catalog.collection_by_id(collection.id).cloned();
                    self.drop_indexes(old.as_deref(), Some(collection))?;
                    old.iter().for_each(|old| self.drop_columns(old, collection));
                    self.check_new_rules(old.as_deref(), collection)?;
                    self.check_new_conditions(old.as_deref(), collection)?;
                    self.put_collection(collection)?;
                    self.take_over_builds(old.as_deref(), collection, last_of(changes, collection.id))?;
                    self.note_new_dimensions(old.as_deref(), collection)?;
                }
                CatalogChange::Drop(id) => {
                    let old = catalog.collection_by_id(*id).cloned();
                    self.drop_indexes(old.as_deref(), None)?;
                    delete_collection(&mut self.effects.batch, *id);
                }
                CatalogChange::PutNetwork(network) => self.put_network(network)?,
                CatalogChange::PutSecrets(network, secrets) => {
                    let sealed = self.shared.secrets.seal_network(*network, secrets, self.version)?;
                    self.effects.batch.put(&Key::NetworkSecret(*network), &sealed);
                }
                CatalogChange::DropNetwork(network) => self.drop_network(*network)?,
                CatalogChange::PutView(view) => {
                    let json = json_of(view.as_ref())?;
                    let (own, other) = match view.schema.is_public() {
                        true => (Key::View(view.id), Key::ViewBeyond(view.id)),
                        false => (Key::ViewBeyond(view.id), Key::View(view.id)),
                    };
                    self.effects.batch.put(&own, &json);
                    self.effects.batch.delete(&other);
                }
                CatalogChange::PutSchema(schema) => self.put_json(&Key::Schema(schema.id), schema.as_ref())?,
                CatalogChange::DropSchema(id) => {
                    self.effects.batch.delete(&Key::Schema(*id));
                    forget(&mut self.effects.batch, *id);
                }
                CatalogChange::DropView(id) => {
                    self.effects.batch.delete(&Key::View(*id));
                    self.effects.batch.delete(&Key::ViewBeyond(*id));
                    forget(&mut self.effects.batch, *id);
                }
                CatalogChange::PutSequence(sequence) => {
                    self.put_json(&Key::SequenceDefinition(sequence.id), sequence.as_ref())?
                }
                CatalogChange::DropSequence(id) => delete_sequence(&mut self.effects.batch, *id),
                CatalogChange::PutType(ty) => self.put_type(&catalog, ty)?,
                CatalogChange::DropType(id) => {
                    self.effects.batch.delete(&Key::UserType(*id));
                    forget(&mut self.effects.batch, *id);
                }
                CatalogChange::PutComments(id, comments) if comments.is_empty() => {
                    self.effects.batch.delete(&Key::Comments(*id));
                }
                CatalogChange::PutComments(id, comments) => self.put_json(&Key::Comments(*id), comments.as_ref())?,
                CatalogChange::PutRole(role) => self.put_json(&Key::RoleDefinition(role.id), role.as_ref())?,
                CatalogChange::DropRole(id) => self.effects.batch.delete(&Key::RoleDefinition(*id)),
                CatalogChange::PutAcl(id, acl) if acl.is_default() => self.effects.batch.delete(&Key::Acl(*id)),
                CatalogChange::PutAcl(id, acl) => self.put_json(&Key::Acl(*id), acl.as_ref())?,
            }
            change.apply(&mut catalog);
        }
        self.effects.catalog = Some(Arc::new(catalog));
        self.check_referred()
    }

    fn put_type(&mut self, catalog: &Catalog, ty: &UserType) -> Result<()> {
        self.check_new_domain(catalog, ty)?;
        self.put_json(&Key::UserType(ty.id), ty)
    }

    fn put_json(&mut self, key: &Key<'_>, definition: &impl Serialize) -> Result<()> {
        self.effects.batch.put(key, &json_of(definition)?);
        Ok(())
    }

    /// Writes the definition of a collection.
    ///
    /// # Errors
    /// XX000 for one that cannot be written as JSON.
    pub fn put_collection(&mut self, collection: &Collection) -> Result<()> {
        put_definition(&mut self.effects.batch, collection)
    }

    /// Says in the catalog how the building of an index has ended. Where it is there no more, or was given up meanwhile, nothing
    /// changes.
    ///
    /// # Errors
    /// As [`CommitEncoder::put_collection`].
    pub fn end_building(&mut self, collection: CollectionId, index: CollectionId, state: IndexState) -> Result<()> {
        let mut catalog = (**self.current_catalog()).clone();
        if catalog.index_state(collection, index) != Some(IndexState::Building) {
            return Ok(());
        }
        if let Some(changed) = catalog.set_index_state(collection, index, state) {
            self.put_collection(&changed)?;
            self.effects.catalog = Some(Arc::new(catalog));
        }
        Ok(())
    }

    /// Removes the entries of ordered indexes that a change leaves out.
    fn drop_indexes(&mut self, old: Option<&Collection>, new: Option<&Arc<Collection>>) -> Result<()> {
        for index in old.into_iter().flat_map(|old| &old.indexes) {
            let stays = new.is_some_and(|new| new.indexes.iter().any(|kept| kept.id == index.id));
            if !stays {
                self.effects.batch.delete_range(&KeyRange::index(index.id));
                if !index.state.is_followed() {
                    self.effects.batch.delete(&Key::Meta(&build_marker(index.id)));
                }
                // Values that were too long for it.
                new.iter().for_each(|new| self.note_hidden(new.id));
            }
        }
        Ok(())
    }

    fn put_network(&mut self, network: &Network) -> Result<()> {
        if self.current_catalog().network_by_id(network.id).is_none() {
            self.go_on_after_leave(network)?;
        }
        let json = serde_json::to_vec(network).map_err(|error| Error::internal(error.to_string()))?;
        self.effects.batch.put(&Key::Network(network.id), &json);
        Ok(())
    }

    fn drop_network(&mut self, id: NetworkId) -> Result<()> {
        self.keep_own_head(id)?;
        self.effects.batch.delete(&Key::Network(id));
        self.effects.batch.delete(&Key::NetworkSecret(id));
        let logged = [KeyRange::heads(id), KeyRange::sync_records(id), KeyRange::deltas(id), KeyRange::postings(id)];
        for range in logged.iter().chain([&KeyRange::posted_entries(id)]) {
            self.effects.batch.delete_range(range);
        }
        Ok(())
    }
}

/// Deletes what is said of an object that goes: comments, its owner, and who may do what with it.
fn forget(batch: &mut Batch, id: CollectionId) {
    batch.delete(&Key::Comments(id));
    batch.delete(&Key::Acl(id));
}

/// Deletes a collection with its entries; not its ordered indexes, which have numbers of their own.
pub(in crate::db) fn delete_collection(batch: &mut Batch, id: CollectionId) {
    batch.delete(&Key::Collection(id));
    batch.delete(&Key::CollectionBeyond(id));
    forget(batch, id);
    let of_entries = [KeyRange::entries(id), KeyRange::public(id), KeyRange::contributions(id), KeyRange::staged(id)];
    let beside = [KeyRange::public_blobs(id), KeyRange::all_vectors(id), KeyRange::sequences(id)];
    of_entries.iter().chain(&beside).for_each(|range| batch.delete_range(range));
}

/// Deletes a sequence that was made by itself, with its count.
pub(in crate::db) fn delete_sequence(batch: &mut Batch, id: CollectionId) {
    batch.delete(&Key::SequenceDefinition(id));
    forget(batch, id);
    batch.delete_range(&KeyRange::sequences(id));
}

/// A change as it goes into a catalog: indexes that are there keep the states that they have, whatever the transaction saw of
/// them; of the new ones those that are filled before the commit can be used.
fn with_states(change: &CatalogChange, catalog: &Catalog) -> CatalogChange {
    let CatalogChange::Put(collection) = change else { return change.clone() };
    let state_of = |index: &Index| match catalog.index_state(collection.id, index.id) {
        Some(known) => known,
        None => first_state(index),
    };
    if collection.indexes.iter().all(|index| index.state == state_of(index)) {
        return change.clone();
    }
    let mut changed = (**collection).clone();
    changed.indexes.iter_mut().for_each(|index| index.state = state_of(index));
    CatalogChange::Put(Arc::new(changed))
}

/// A collection as a transaction leaves it; `None` where it drops it.
fn last_of(changes: &[CatalogChange], id: CollectionId) -> Option<&Collection> {
    let last = changes.iter().rev().find_map(|change| match change {
        CatalogChange::Put(collection) if collection.id == id => Some(Some(collection.as_ref())),
        CatalogChange::Drop(dropped) if *dropped == id => Some(None),
        _ => None,
    });
    last.flatten()
}
