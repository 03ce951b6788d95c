//! What this node knows of its networks, as tables: those of the SQL schema `nebulus`, and what SHOW lists.
//!
//! Rows come from the catalog, the delta log and what the sync task last told of itself. Both languages read them here, so
//! that they show the same. No row holds a secret, or anything of an entry but its key.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::db::read::cursor::Row;
use crate::db::read::view::ReadView;
use crate::db::records::peers_status::{NetworkStatus, PeerStatus, RefusedPeer, SyncStatus};
use crate::db::records::posted_entry::PostedEntry;
use crate::db::replica::posting::stage_listing::id_text;
use crate::db::replica::rights::rights::shown_rights;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, Member, Network, NetworkId, PeerId};
use crate::store::{KeyRange, posted_entry};
use crate::types::{ColumnType, Value};

/// One table of the schema `nebulus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkTable {
    /// This node, as peers see it: one row.
    Node,
    Networks,
    /// Members of networks, those that were removed included.
    Peers,
    /// How far each origin's deltas have come, for each attached collection.
    SyncState,
    /// Counters of each network since the server started.
    NetworkStats,
    /// Entries that wait for the next posting.
    Staged,
    /// Entries that this node has posted, each with its last posting.
    Posted,
    /// Deltas that wait or were set aside.
    Quarantine,
}

impl NetworkTable {
    pub const ALL: [NetworkTable; 8] = [
        NetworkTable::Node,
        NetworkTable::Networks,
        NetworkTable::Peers,
        NetworkTable::SyncState,
        NetworkTable::NetworkStats,
        NetworkTable::Staged,
        NetworkTable::Posted,
        NetworkTable::Quarantine,
    ];

    pub fn name(self) -> &'static str {
        match self {
            NetworkTable::Node => "node",
            NetworkTable::Networks => "networks",
            NetworkTable::Peers => "peers",
            NetworkTable::SyncState => "sync_state",
            NetworkTable::NetworkStats => "network_stats",
            NetworkTable::Staged => "staged",
            NetworkTable::Posted => "posted",
            NetworkTable::Quarantine => "quarantine",
        }
    }

    /// Names and types of the columns. Milliseconds where a name ends in `_ms`.
    pub fn columns(self) -> Vec<(&'static str, ColumnType)> {
        use ColumnType::{Bool, Float8, Int8, Jsonb, Text, TimestampTz};
        let texts = || ColumnType::Array(Box::new(Text));
        match self {
            NetworkTable::Node => vec![("peer_id", Text), ("addresses", texts()), ("running", Bool)],
            NetworkTable::Networks => vec![
                ("name", Text),
                ("epoch", Int8),
                ("founder", Text),
                ("owners", texts()),
                ("is_owner", Bool),
                ("options", Jsonb),
                ("bootstrap", texts()),
                ("collections", texts()),
                ("rights", Jsonb),
                ("excused", texts()),
                ("connected_peers", Int8),
                ("total_peers", Int8),
                ("staged", Int8),
                ("last_sync", TimestampTz),
                ("sync_in_progress", Bool),
                ("last_error", Text),
                ("schema_conflicts", texts()),
                ("leaving", Bool),
            ],
            NetworkTable::Peers => vec![
                ("network", Text),
                ("peer_id", Text),
                ("addresses", texts()),
                ("connected", Bool),
                ("latency_ms", Float8),
                ("last_seen", TimestampTz),
                ("collections", texts()),
                ("behind_deltas", Int8),
                ("behind_ms", Int8),
                ("ahead_deltas", Int8),
                ("banned_until", TimestampTz),
                ("removed", Bool),
                ("refused", Text),
                ("head_signed", TimestampTz),
                ("author", Text),
            ],
            NetworkTable::SyncState => vec![
                ("network", Text),
                ("collection", Text),
                ("origin", Text),
                ("seq", Int8),
                ("staged_entries", Int8),
                ("last_sync", TimestampTz),
                ("sync_in_progress", Bool),
                ("trouble", Text),
            ],
            NetworkTable::NetworkStats => vec![
                ("network", Text),
                ("connected_peers", Int8),
                ("total_peers", Int8),
                ("collections_shared", Int8),
                ("operations_sent", Int8),
                ("operations_received", Int8),
                ("bytes_transferred", Int8),
                ("average_latency", Float8),
            ],
            NetworkTable::Staged => vec![("network", Text), ("collection", Text), ("id", Text)],
            NetworkTable::Posted => {
                vec![("network", Text), ("collection", Text), ("id", Text), ("posted_at", TimestampTz), ("bytes", Int8)]
            }
            NetworkTable::Quarantine => {
                vec![("network", Text), ("origin", Text), ("seq", Int8), ("reason", Text), ("due", TimestampTz)]
            }
        }
    }

    /// The rows, each with a value for every column, in order of network.
    ///
    /// # Errors
    /// XX001 for a damaged record of a network or key of an entry on the stage, 58030 where the store cannot be read.
    pub fn rows(self, view: &ReadView) -> Result<Vec<Row>> {
        let status = view.sync_status();
        match self {
            NetworkTable::Node => Ok(vec![vec![
                Value::text(view.peer_id().as_str()),
                texts(&status.addresses),
                Value::Bool(status.running),
            ]]),
            NetworkTable::Networks => networks(view, &status),
            NetworkTable::Peers => peers(view, &status),
            NetworkTable::SyncState => sync_state(view, &status),
            NetworkTable::NetworkStats => Ok(network_stats(view, &status)),
            NetworkTable::Staged => staged(view),
            NetworkTable::Posted => posted(view),
            NetworkTable::Quarantine => quarantine(view, &status),
        }
    }
}

fn networks(view: &ReadView, status: &SyncStatus) -> Result<Vec<Row>> {
    let row = |network: &Network| {
        let known = network_status(status, network.id);
        let collections = collections(view, network);
        let waiting = collections.iter().map(|collection| view.staged_count(collection.id)).sum::<Result<u64>>()?;
        let names: Vec<String> = collections.iter().map(|collection| collection.name.clone()).collect();
        let (says, me) = (network.standing(), view.peer_id());
        let is_owner = says.is_owner(&me);
        let owners: Vec<String> = says.owners.iter().map(ToString::to_string).collect();
        let excused: Vec<String> = says.excused.iter().map(ToString::to_string).collect();
        let rights = shown_rights(network);
        let rights = serde_json::to_string(&rights).map_err(|error| Error::internal(error.to_string()))?;
        let founder = network.charter.as_ref().map(|charter| &charter.founding.founder).or(network.founder.as_ref());
        let stopped = view.stopped_drop(network)?;
        let options = serde_json::to_string(&network.options).map_err(|error| Error::internal(error.to_string()))?;
        Ok(vec![
            Value::text(network.name.as_str()),
            count(network.epoch),
            founder.map_or(Value::Null, |founder| Value::text(founder.as_str())),
            texts(&owners),
            Value::Bool(is_owner),
            Value::parse_text(&ColumnType::Jsonb, &options)?,
            texts(&network.bootstrap),
            texts(&names),
            Value::parse_text(&ColumnType::Jsonb, &rights)?,
            texts(&excused),
            count(known.map_or(0, |known| known.connected_peers)),
            count(total_peers(known)),
            count(waiting),
            time(known.and_then(|known| known.last_sync_ms)),
            Value::Bool(known.is_some_and(|known| known.sync_in_progress)),
            stopped.as_deref().or_else(|| last_error(network, known)).map_or(Value::Null, Value::text),
            texts(known.map_or(&[], |known| known.schema_conflicts.as_slice())),
            Value::Bool(network.leaving),
        ])
    };
    view.catalog().networks().map(|network| row(network)).collect()
}

/// What stops one of its collections, or the last thing that went wrong.
fn last_error<'a>(network: &'a Network, known: Option<&'a NetworkStatus>) -> Option<&'a str> {
    let mut halted = network.attachments.iter().filter_map(|attachment| attachment.halted.as_ref());
    halted.next().map(|halted| halted.reason.as_str()).or_else(|| known?.last_error.as_deref())
}

/// What the sync task tells of the peers it has met since the start, and the members on record.
fn peers(view: &ReadView, status: &SyncStatus) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for network in view.catalog().networks() {
        let members = view.members(network.id)?;
        let met = status.peers.iter().filter(|peer| peer.network == network.id);
        let mut all: BTreeMap<&PeerId, (Option<&Member>, Option<&PeerStatus>)> = BTreeMap::new();
        for peer in &network.removed {
            all.entry(peer).or_default();
        }
        for member in &members {
            all.entry(&member.peer).or_default().0 = Some(member);
        }
        for peer in met {
            all.entry(&peer.peer_id).or_default().1 = Some(peer);
        }
        for refused in status.refused.iter().filter(|refused| refused.networks.contains(&network.id)) {
            all.entry(&refused.peer_id).or_default();
        }
        let authors = network.authors();
        for (peer, (member, met)) in all {
            let is_removed = network.removed.contains(peer);
            let refused = status.refused.iter().find(|refused| refused.peer_id == *peer);
            let mut row = peer_row(network, peer, member, met, (is_removed, refused));
            row.push(Value::text(authors.author_of(peer).as_str()));
            rows.push(row);
        }
    }
    let strangers = status.refused.iter().filter(|refused| refused.networks.is_empty());
    rows.extend(strangers.map(refused_row));
    Ok(rows)
}

/// A peer of another version that came by itself: which network it means it could not say.
fn refused_row(refused: &RefusedPeer) -> Row {
    NetworkTable::Peers
        .columns()
        .iter()
        .map(|(name, _)| match *name {
            "peer_id" => Value::text(refused.peer_id.as_str()),
            "addresses" => texts(&refused.addresses),
            "connected" | "removed" => Value::Bool(false),
            "refused" => Value::text(refused.reason.as_str()),
            _ => Value::Null,
        })
        .collect()
}

fn peer_row(
    network: &Network,
    peer: &PeerId,
    member: Option<&Member>,
    met: Option<&PeerStatus>,
    (is_removed, refused): (bool, Option<&RefusedPeer>),
) -> Row {
    let on_record = member.map_or(&[][..], |member| &member.addresses);
    let told = refused.map(|refused| refused.addresses.as_slice());
    let addresses = met.map(|met| met.addresses.as_slice()).or(told).filter(|addresses| !addresses.is_empty());
    let seen = met.and_then(|met| met.last_seen_ms).or_else(|| member.map(|member| member.last_seen_ms));
    vec![
        Value::text(network.name.as_str()),
        Value::text(peer.as_str()),
        texts(addresses.unwrap_or(on_record)),
        Value::Bool(met.is_some_and(|met| met.connected)),
        met.and_then(|met| met.latency_ms).map_or(Value::Null, Value::Float8),
        time(seen.filter(|millis| *millis > 0)),
        texts(met.map_or(&[], |met| met.collections.as_slice())),
        met.map_or(Value::Null, |met| count(met.behind_deltas)),
        met.map_or(Value::Null, |met| count(met.behind_ms)),
        met.map_or(Value::Null, |met| count(met.ahead_deltas)),
        time(met.and_then(|met| met.banned_until_ms)),
        Value::Bool(is_removed),
        refused.map_or(Value::Null, |refused| Value::text(refused.reason.as_str())),
        time(met.and_then(|met| met.signed_ms)),
    ]
}

fn sync_state(view: &ReadView, status: &SyncStatus) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for network in view.catalog().networks() {
        let known = network_status(status, network.id);
        let (heads, stopped) = (view.heads(network.id)?, view.stopped_drop(network)?);
        for collection in collections(view, network) {
            let staged = view.staged_count(collection.id)?;
            let trouble = trouble(network, collection, known).or_else(|| stopped.clone());
            let mut push = |origin: Value, seq: Value| {
                rows.push(vec![
                    Value::text(network.name.as_str()),
                    Value::text(collection.name.as_str()),
                    origin,
                    seq,
                    count(staged),
                    time(known.and_then(|known| known.last_sync_ms)),
                    Value::Bool(known.is_some_and(|known| known.sync_in_progress)),
                    trouble.as_deref().map_or(Value::Null, Value::text),
                ]);
            };
            if heads.is_empty() {
                push(Value::Null, Value::Null);
            }
            for head in &heads {
                push(Value::text(head.origin.as_str()), count(head.seq));
            }
        }
    }
    Ok(rows)
}

/// What keeps a collection from taking part as it should, for people.
fn trouble(network: &Network, collection: &Collection, known: Option<&NetworkStatus>) -> Option<String> {
    let attachment = network.attachment(collection.id)?;
    if let Some(halted) = &attachment.halted {
        return Some(halted.reason.clone());
    }
    if attachment.awaits_shape {
        return Some(format!("the shape of \"{}\" in the network is not known here yet", attachment.shared_name));
    }
    let about = format!("\"{}\"", attachment.shared_name);
    let differences: Vec<&str> =
        known.map_or(&[][..], |known| &known.schema_conflicts).iter().map(String::as_str).collect();
    let of_this: Vec<&str> = differences.into_iter().filter(|text| text.contains(&about)).collect();
    if of_this.is_empty() { known?.clock_trouble.clone() } else { Some(of_this.join("; ")) }
}

fn network_stats(view: &ReadView, status: &SyncStatus) -> Vec<Row> {
    let row = |network: &Network| {
        let known = network_status(status, network.id);
        let number = |of: fn(&NetworkStatus) -> u64| count(known.map_or(0, of));
        vec![
            Value::text(network.name.as_str()),
            number(|known| known.connected_peers),
            count(total_peers(known)),
            Value::Int8(i64::try_from(network.attachments.len()).unwrap_or(i64::MAX)),
            number(|known| known.deltas_sent),
            number(|known| known.deltas_received),
            number(|known| known.bytes_sent.saturating_add(known.bytes_received)),
            known.and_then(|known| known.average_latency_ms).map_or(Value::Null, Value::Float8),
        ]
    };
    view.catalog().networks().map(|network| row(network)).collect()
}

fn staged(view: &ReadView) -> Result<Vec<Row>> {
    let entries = view.staged(None)?.into_iter();
    Ok(entries
        .map(|entry| {
            vec![entry.network.map_or(Value::Null, Value::text), Value::text(entry.collection), Value::text(entry.id)]
        })
        .collect())
}

/// What this node has posted to the networks that it is in. Of a collection that was dropped since, neither its name nor ids are known.
fn posted(view: &ReadView) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for network in view.catalog().networks() {
        let mut stored = view.snapshot.scan(&KeyRange::posted_entries(network.id));
        while let Some((place, bytes)) = stored.next()? {
            let damaged = || Error::new(ErrorKind::Corrupted, "the key of a posted entry cannot be read");
            let (collection, key) = posted_entry(place).ok_or_else(damaged)?;
            let collection = view.catalog().collection_by_id(collection);
            let id = collection.map(|collection| id_text(collection, key)).transpose()?;
            let posted = PostedEntry::from_bytes(bytes)?;
            rows.push(vec![
                Value::text(network.name.as_str()),
                collection.map_or(Value::Null, |collection| Value::text(collection.name.as_str())),
                id.map_or(Value::Null, Value::text),
                time(Some(posted.at_ms)),
                count(posted.bytes),
            ]);
        }
    }
    Ok(rows)
}

/// What waits in the memory of the sync task, and what is on record.
fn quarantine(view: &ReadView, status: &SyncStatus) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for network in view.catalog().networks() {
        for halted in network.attachments.iter().filter_map(|attachment| attachment.halted.as_ref()) {
            rows.push(vec![
                Value::text(network.name.as_str()),
                Value::text(halted.peer.as_str()),
                count(0),
                Value::text(halted.reason.as_str()),
                Value::Null,
            ]);
        }
        if let Some(stopped) = view.stopped_drop(network)? {
            rows.push(vec![
                Value::text(network.name.as_str()),
                Value::Null,
                count(0),
                Value::text(stopped),
                Value::Null,
            ]);
        }
        let on_record = view.set_aside(network.id)?;
        let waiting = network_status(status, network.id).map_or(&[][..], |known| &known.quarantine);
        let also = waiting.iter().filter(|delta| {
            delta.seq == 0 || !on_record.iter().any(|known| known.origin == delta.origin && known.seq == delta.seq)
        });
        for delta in on_record.iter().chain(also) {
            rows.push(vec![
                Value::text(network.name.as_str()),
                Value::text(delta.origin.as_str()),
                count(delta.seq),
                Value::text(delta.reason.as_str()),
                time(delta.due_ms),
            ]);
        }
    }
    Ok(rows)
}

fn network_status(status: &SyncStatus, network: NetworkId) -> Option<&NetworkStatus> {
    status.networks.iter().find(|known| known.network == network)
}

/// This node is always one of them.
fn total_peers(known: Option<&NetworkStatus>) -> u64 {
    known.map_or(1, |known| known.total_peers.max(1))
}

/// The attached collections.
fn collections<'a>(view: &'a ReadView, network: &Network) -> Vec<&'a Arc<Collection>> {
    let attached = network.attachments.iter().filter(|attachment| !attachment.detaching);
    attached.filter_map(|attachment| view.catalog().collection_by_id(attachment.collection)).collect()
}

fn count(number: u64) -> Value {
    Value::Int8(i64::try_from(number).unwrap_or(i64::MAX))
}

fn texts(texts: &[String]) -> Value {
    let elements = texts.iter().map(|text| Value::text(text.as_str())).collect();
    Value::Array(Box::new(ColumnType::Text), elements)
}

/// The last moment of the year 9999: drivers read no later one. What is due then is due never.
const SHOWN_MILLIS_MAX: u64 = 253_402_300_799_999;

/// Milliseconds since 1970.
fn time(millis: Option<u64>) -> Value {
    let shown = millis.map(|millis| millis.min(SHOWN_MILLIS_MAX));
    let micros = shown.and_then(|millis| i64::try_from(millis).ok()?.checked_mul(1000));
    micros.map_or(Value::Null, Value::TimestampTz)
}
