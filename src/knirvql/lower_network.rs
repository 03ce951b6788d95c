//! Lowers what concerns networks: their making and changing, SYNC, and SHOW.

use crate::db::{Catalog, NetworkTable};
use crate::error::{Error, ErrorKind, Result};
use crate::knirvql::address::check_address;
use crate::knirvql::ast::{AstText, KnirvqlStatement, NetworkChange, NetworkOption, Show};
use crate::knirvql::lower::BodyAndColumns;
use crate::knirvql::network_options::{self, AttachmentOptions, NewNetwork};
use crate::knirvql::network_rows::NetworkRows;
use crate::model::{Collection, Network, OutputColumn};
use crate::statement::{NetworkCommand, SecretText, Statement};
use crate::types::ColumnType;

/// Most addresses of one JOIN.
const ADDRESSES_MAX: usize = 64;

/// What SYNC says, in numbers.
pub const SYNC_COLUMNS: [&str; 4] = ["networks", "posted", "peers", "received"];

/// What SHOW leaves out of the tables of the schema `nebulus`.
const SHOWN_OF_NETWORKS: &[&str] = &[
    "name",
    "epoch",
    "is_owner",
    "collections",
    "connected_peers",
    "total_peers",
    "staged",
    "last_sync",
    "last_error",
];
const SHOWN_OF_PEERS: &[&str] = &[
    "network",
    "peer_id",
    "connected",
    "latency_ms",
    "last_seen",
    "behind_deltas",
    "behind_ms",
    "ahead_deltas",
    "refused",
    "head_signed",
    "author",
];

/// Lowers a statement on networks.
///
/// # Errors
/// 42704 for an unknown network, 42P01 for an unknown collection, 22023 for options, addresses and peers that cannot be.
pub fn lower_network(statement: &KnirvqlStatement, catalog: &Catalog) -> Result<BodyAndColumns> {
    let write = match statement {
        KnirvqlStatement::CreateNetwork { network, options } => {
            let NewNetwork { options, secret, owner } = network_options::of_new_network(network, options)?;
            let secret = secret.map(hidden);
            NetworkCommand::Create { network: network.clone(), options, secret, bootstrap: Vec::new(), founder: owner }
        }
        KnirvqlStatement::JoinNetwork { network, addresses, options } => join(network, addresses, options)?,
        KnirvqlStatement::LeaveNetwork { network } => {
            NetworkCommand::Leave { network: catalog.expect_network(network)?.name.clone() }
        }
        KnirvqlStatement::AlterNetwork { network, change } => alter(catalog.expect_network(network)?, change)?,
        KnirvqlStatement::AttachCollection { collection, network, options } => {
            let AttachmentOptions { private_by_default, rights } = network_options::of_attachment(options)?;
            NetworkCommand::Attach {
                collection: catalog.expect_shareable(collection)?.name.clone(),
                network: catalog.expect_network(network)?.name.clone(),
                private_by_default,
                rights,
            }
        }
        KnirvqlStatement::DetachCollection { collection, network } => NetworkCommand::Detach {
            collection: catalog.expect_shareable(collection)?.name.clone(),
            network: catalog.expect_network(network)?.name.clone(),
        },
        KnirvqlStatement::Sync { network } => {
            let network = network.as_deref().map(|name| catalog.expect_network(name)).transpose()?;
            let columns = SYNC_COLUMNS.map(|name| OutputColumn::computed(name, ColumnType::Int8));
            return Ok((Statement::Sync(network.map(|network| network.id)), Some(columns.to_vec())));
        }
        KnirvqlStatement::Show(show) => return shown(*show),
        _ => return Err(Error::internal("this statement is not about networks")),
    };
    Ok((Statement::Change(Box::new(write)), None))
}

fn join(network: &str, addresses: &[String], options: &[NetworkOption]) -> Result<NetworkCommand> {
    if addresses.is_empty() || addresses.len() > ADDRESSES_MAX {
        let message = format!("a network is joined at 1 to {ADDRESSES_MAX} addresses, not at {}", addresses.len());
        return Err(Error::new(ErrorKind::InvalidParameterValue, message)
            .with_hint("Name the addresses of some members; the others are learned from them."));
    }
    addresses.iter().try_for_each(|address| check_address(address))?;
    let NewNetwork { options, secret, owner } = network_options::of_new_network(network, options)?;
    if secret.is_none() {
        return Err(Error::new(
            ErrorKind::InvalidParameterValue,
            format!("the secret of network \"{network}\" is missing"),
        )
        .with_hint("Add WITH (secret = '…'); a member learns it by SELECT nebulus_network_secret('name')."));
    }
    let (network, bootstrap, secret) = (network.to_string(), addresses.to_vec(), secret.map(hidden));
    Ok(NetworkCommand::Create { network, options, secret, bootstrap, founder: owner })
}

fn alter(network: &Network, change: &NetworkChange) -> Result<NetworkCommand> {
    let name = network.name.clone();
    match change {
        NetworkChange::RemovePeer(peer) => Ok(NetworkCommand::RemovePeer { network: name, peer: peer.clone() }),
        NetworkChange::RotateSecret(secret) => {
            Ok(NetworkCommand::RotateSecret { network: name, secret: secret.clone().map(hidden) })
        }
        NetworkChange::AddOwner(peer) => Ok(NetworkCommand::AddOwner { network: name, peer: peer.clone() }),
        NetworkChange::DropOwner(peer) => Ok(NetworkCommand::DropOwner { network: name, peer: peer.clone() }),
        NetworkChange::ExcusePeer(peer) => Ok(NetworkCommand::ExcusePeer { network: name, peer: peer.clone() }),
        NetworkChange::RevertPeer { peer, since } => {
            Ok(NetworkCommand::RevertPeer { network: name, peer: peer.clone(), since: since.clone() })
        }
        NetworkChange::Collection { collection, options } => {
            let rights = network_options::of_rights(options)?;
            Ok(NetworkCommand::SetRights { network: name, collection: collection.clone(), rights })
        }
        NetworkChange::LinkPeer(peer) => Ok(NetworkCommand::LinkPeer { network: name, peer: peer.clone() }),
        NetworkChange::UnlinkPeer(peer) => Ok(NetworkCommand::UnlinkPeer { network: name, peer: peer.clone() }),
        NetworkChange::AllowDrop => Ok(NetworkCommand::AllowDrop { network: name }),
        NetworkChange::Set(options) => {
            Ok(NetworkCommand::Alter { options: network_options::changed(&network.options, options)?, network: name })
        }
    }
}

fn hidden(secret: AstText) -> SecretText {
    SecretText::new(secret.value.as_str())
}

/// SHOW NETWORKS, PEERS and SYNC: columns of the tables of the schema `nebulus`, whose rows are known when it runs.
fn shown(show: Show) -> Result<BodyAndColumns> {
    let (table, wanted) = match show {
        Show::Networks => (NetworkTable::Networks, Some(SHOWN_OF_NETWORKS)),
        Show::Peers => (NetworkTable::Peers, Some(SHOWN_OF_PEERS)),
        Show::Sync => (NetworkTable::SyncState, None),
        Show::Collections => return Err(Error::internal("collections are no networks")),
    };
    let all = table.columns().into_iter().enumerate();
    let kept = all.filter(|(_, (name, _))| wanted.is_none_or(|wanted| wanted.contains(name)));
    let (positions, columns) = kept.map(|(position, (name, ty))| (position, OutputColumn::computed(name, ty))).unzip();
    Ok((Statement::Read(Box::new(NetworkRows { table, positions })), Some(columns)))
}

/// Checks the FOR NETWORK of STAGE and UNSTAGE: entries go to the network of their collection and to no other.
///
/// # Errors
/// 42704 for an unknown network, 55006 for another one than the collection's.
pub fn check_stage_network(catalog: &Catalog, collection: &Collection, network: &str) -> Result<()> {
    let wanted = catalog.expect_network(network)?;
    let name = &collection.name;
    let error = |message: String| Error::new(ErrorKind::ObjectInUse, message);
    match catalog.network_of(collection.id) {
        Some((attached, _)) if attached.id == wanted.id => Ok(()),
        Some((attached, _)) => Err(error(format!(
            "collection \"{name}\" is attached to network \"{}\", not to \"{network}\"",
            attached.name
        ))
        .with_hint("Leave FOR NETWORK out, or copy the entries to a collection of that network.")),
        None => Err(error(format!("collection \"{name}\" is not attached to network \"{network}\""))
            .with_hint(format!("ATTACH COLLECTION \"{name}\" TO NETWORK \"{network}\" shares what is staged in it."))),
    }
}
