//! Answers an engine's [requests](crate::sync::engine::requests) from a database, and reads what an engine begins with.
//!
//! One executor serves one network. It is synchronous and may take its time: it belongs on blocking threads. Several requests
//! may be answered side by side; their lanes order those that must not.

use std::collections::BTreeMap;
use std::future::Future;

use parking_lot::Mutex;

use crate::db::{Replica, ShapeClaim};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Bytes, CollectionKind, Head, NetworkId, PeerId};
use crate::sync::engine::Tuning;
use crate::sync::engine::io::{EngineConfig, Member};
use crate::sync::node::executor::states::Pinned;
use crate::sync::protocol::message::{ClaimedShape, CollectionSchema, ColumnSchema};

/// Does the work of one network's engine.
pub struct Executor {
    pub(super) replica: Replica,
    pub(super) network: NetworkId,
    pub(super) views: Mutex<BTreeMap<PeerId, Pinned>>,
}

impl Executor {
    pub fn new(replica: Replica, network: NetworkId) -> Executor {
        Executor { replica, network, views: Mutex::default() }
    }

    /// What an engine of this network has to know of it now.
    ///
    /// # Errors
    /// 42704 when the network is gone.
    pub fn config(&self, tuning: Tuning, seed: u64) -> Result<EngineConfig> {
        let catalog = self.replica.catalog();
        let network = catalog.network_by_id(self.network).ok_or_else(gone)?;
        let attached = network.attachments.iter().filter(|attachment| attachment.is_shown());
        let collections = attached.filter_map(|attachment| {
            let collection = catalog.collection_by_id(attachment.collection)?;
            let columns = collection.columns.iter().map(|column| ColumnSchema {
                name: collection.shared_name(column).to_string(),
                type_name: column.ty.to_string(),
                not_null: column.not_null,
            });
            Some(CollectionSchema {
                name: attachment.shared_name.clone(),
                is_table: collection.kind == CollectionKind::Table,
                columns: columns.collect(),
                primary_key: collection.primary_key.iter().filter_map(|place| u16::try_from(*place).ok()).collect(),
            })
        });
        let placement = self.replica.placement(self.network)?;
        let mut partial = self.replica.partial_collections(self.network)?;
        let this = self.replica.peer_id();
        if !placement.covers_share_of(&this, network.options.copies(), &network.removed) {
            // What lies here is the share of another id, or too small a one.
            let known = partial.clone();
            partial.extend(placement.collections.iter().filter(|name| !known.contains(name)).cloned());
        }
        let says = network.standing();
        Ok(EngineConfig {
            is_owner: says.owners.contains(&this),
            owners: says.rightful.into_keys().collect(),
            this,
            network: self.network,
            options: network.options.clone(),
            epoch: network.epoch,
            removed: network.removed.clone(),
            charter: network.charter_digest(),
            excused: says.excused,
            awaits_founder: network.founder.is_some() && network.charter.is_none(),
            collections: collections.collect(),
            shapes: self.shapes()?,
            partial,
            placement,
            is_returning: self.replica.is_returning(self.network)?,
            tuning,
            seed,
        })
    }

    /// The heads that an engine starts with.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged head.
    pub fn heads(&self) -> Result<Vec<Head>> {
        self.replica.heads(self.network)
    }

    /// The members that an engine starts with. A record that cannot be read is left out: members are met again.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged block.
    pub fn members(&self) -> Result<Vec<Member>> {
        let records = self.replica.sync_records(self.network, Member::RECORDS)?;
        Ok(records.iter().filter_map(|(_, json)| Member::from_record(json).ok()).collect())
    }

    pub(super) fn shapes(&self) -> Result<Vec<ClaimedShape>> {
        let claims = self.replica.shape_claims(self.network)?;
        Ok(claims.into_iter().map(shape_from_database).collect())
    }
}

pub(super) fn gone() -> Error {
    Error::new(ErrorKind::UndefinedObject, "the network does not exist any more")
}

/// Waits for the database on this thread.
pub(super) fn wait<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::runtime::Handle::try_current() {
        Ok(handle) => handle.block_on(future),
        Err(_) => tokio::runtime::Builder::new_current_thread().build()?.block_on(future),
    }
}

pub(super) fn shape_to_database(shape: ClaimedShape) -> ShapeClaim {
    ShapeClaim {
        collection: shape.collection,
        is_table: shape.is_table,
        columns: shape.columns,
        primary_key: shape.primary_key,
        claimed_ms: shape.claimed_ms,
        peer: shape.peer,
        signature: shape.signature.to_vec(),
    }
}

fn shape_from_database(claim: ShapeClaim) -> ClaimedShape {
    ClaimedShape {
        collection: claim.collection,
        is_table: claim.is_table,
        columns: claim.columns,
        primary_key: claim.primary_key,
        claimed_ms: claim.claimed_ms,
        peer: claim.peer,
        signature: Bytes::new(claim.signature),
    }
}
