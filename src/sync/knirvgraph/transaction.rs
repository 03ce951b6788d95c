//! A staged entry as a signed transaction of the graph. Pure.
//!
//! One version of one entry always makes the same bytes, so that a retry is the same transaction:
//!
//! * `type`: 0 creates the entry's node, 2 replaces its content, 3 deletes it.
//! * `node_id` and `node_data.id`: the entry's id; where the collection is not `memory`, or the id holds a colon, with the
//!   collection's name and a colon before it (`:` and `%` of the name percent-encoded), so that no two entries share one.
//! * `data`: base64 (RFC 4648, padded) of the payload, a JSON object in the canonical form of `jsonb`:
//!   `{collection, id, metadata, vector, blob_hash, blob_size, blob_type, _entry_type, _vector_clock, _timestamp, _peer_id,
//!   _deleted}`, without what the entry lacks. `node_data.data.payload` is that object again, and `node_data.hash` its
//!   SHA-256 in lower-case hex.
//! * `from`: this node's peer id; `to`: the network's name; `amount` and `fee`: 0; `nonce`: the version of the entry.
//! * `timestamp`: of the entry's last write, RFC 3339 in UTC.
//! * `id`: SHA-256 in hex over the netstrings of the domain [`ID_DOMAIN`], from, to, collection, entry id, version, hash.
//! * `signature`: Ed25519 (RFC 8032) in hex by the key of the peer id, over the netstrings of the domain
//!   [`SIGNATURE_DOMAIN`], id, type, node_id, from, to, amount, fee, timestamp, nonce, hash, in this order, numbers in decimal.
//!   The public key lies in the peer id, and in hex in `metadata.public_key`.
//!
//! A netstring is the length in bytes in decimal, a colon, the bytes, a comma (Bernstein, "Netstrings", 1997).

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::db::{AUTH, MEMORY};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{EntryType, FACT_BLOB_HASH, FACT_BLOB_SIZE, FACT_BLOB_TYPE, FACT_VECTOR, State};
use crate::store::Identity;
use crate::types::limits::ENTRY_BYTES_MAX;
use crate::types::{Numeric, Value, join_object, json_text_of_value};

/// Largest transaction that is sent, in bytes: an entry appears in it twice, once as base64.
pub const TRANSACTION_BYTES_MAX: usize = 3 * ENTRY_BYTES_MAX;

const ID_DOMAIN: &str = "nebulusdb knirvgraph transaction id 1";
const SIGNATURE_DOMAIN: &str = "nebulusdb knirvgraph transaction signature 1";

/// The last microsecond of the year 9999: RFC 3339 has four digits for the year.
const TIMESTAMP_MICROS_MAX: i64 = 253_402_300_799_999_999;

/// One version of an entry on its way out.
#[derive(Clone, Copy, Debug)]
pub struct KnirvgraphPosting<'a> {
    /// The network's name.
    pub network: &'a str,
    /// The collection's name in the network.
    pub collection: &'a str,
    /// The entry's primary key as text.
    pub id: &'a str,
    pub version: u64,
    pub state: &'a State,
    /// Whether the graph knows the entry already.
    pub was_posted: bool,
}

/// What is submitted.
#[derive(Clone, PartialEq, Eq)]
pub struct KnirvgraphTransaction {
    pub id: String,
    /// The JSON object.
    pub body: String,
}

impl std::fmt::Debug for KnirvgraphTransaction {
    /// Never the body: it holds somebody's facts.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "transaction {} of {} bytes", self.id, self.body.len())
    }
}

/// What a transaction does to its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Create,
    Update,
    Delete,
}

impl Change {
    fn number(self) -> i64 {
        match self {
            Change::Create => 0,
            Change::Update => 2,
            Change::Delete => 3,
        }
    }
}

/// The transaction of a posting; `None` where the graph need not learn of it: an entry that was deleted before it was ever
/// posted.
///
/// # Errors
/// 42501 for an entry of type AUTH, 54000 for one over [`TRANSACTION_BYTES_MAX`].
pub fn transaction(posting: &KnirvgraphPosting<'_>, identity: &Identity) -> Result<Option<KnirvgraphTransaction>> {
    if posting.collection == AUTH {
        return Err(Error::new(ErrorKind::InsufficientPrivilege, "entries of type AUTH are never posted"));
    }
    let change = match (posting.state.is_alive(), posting.was_posted) {
        (true, false) => Change::Create,
        (true, true) => Change::Update,
        (false, true) => Change::Delete,
        (false, false) => return Ok(None),
    };
    let payload = payload(posting);
    let bytes = payload.len() * 7 / 3;
    if bytes > TRANSACTION_BYTES_MAX {
        let message = format!("the transaction has {bytes} bytes; allowed are {TRANSACTION_BYTES_MAX}");
        return Err(Error::new(ErrorKind::LimitExceeded, message).with_hint("Store the data as a blob."));
    }
    Ok(Some(signed(posting, change, &payload, identity)))
}

fn signed(
    posting: &KnirvgraphPosting<'_>,
    change: Change,
    payload: &str,
    identity: &Identity,
) -> KnirvgraphTransaction {
    let from = identity.peer_id().as_str();
    let node_id = node_id(posting.collection, posting.id);
    let hash = hex(&Sha256::digest(payload.as_bytes()));
    let version = posting.version.to_string();
    let written = timestamp(posting.state);
    let written_text = json_text_of_value(&written).trim_matches('"').to_string();
    let id_parts = [ID_DOMAIN, from, posting.network, posting.collection, posting.id, &version, &hash];
    let id = hex(&Sha256::digest(netstrings(&id_parts)));
    let change_text = change.number().to_string();
    let signed_parts = [
        SIGNATURE_DOMAIN,
        &id,
        &change_text,
        &node_id,
        from,
        posting.network,
        "0",
        "0",
        &written_text,
        &version,
        &hash,
    ];
    let signature = hex(&identity.sign(&netstrings(&signed_parts)));
    let empty_list = Value::Json("[]".into());
    let node = object(&[
        ("id", Value::text(node_id.as_str())),
        ("parents", empty_list.clone()),
        ("children", empty_list.clone()),
        ("data", object(&[("payload", Value::Json(payload.into()))])),
        ("timestamp", written.clone()),
        ("hash", Value::text(hash)),
        ("validators", empty_list),
        ("weight", Value::Int4(1)),
        ("level", Value::Int4(0)),
        ("metadata", object(&[])),
    ]);
    let properties = object(&[
        ("collection", Value::text(posting.collection)),
        ("entry_id", Value::text(posting.id)),
        ("entry_type", Value::text(EntryType::Memory.name())),
    ]);
    let metadata = object(&[
        ("software", Value::text(concat!("nebulusdb ", env!("CARGO_PKG_VERSION")))),
        ("public_key", Value::text(hex(&identity.public_key()))),
    ]);
    let whole = [
        ("id", Value::text(id.as_str())),
        ("type", Value::Int8(change.number())),
        ("node_id", Value::text(node_id)),
        ("from", Value::text(from)),
        ("to", Value::text(posting.network)),
        ("amount", Value::Int4(0)),
        ("fee", Value::Int4(0)),
        ("data", Value::text(STANDARD.encode(payload))),
        ("timestamp", written),
        ("signature", Value::text(signature)),
        ("nonce", Value::Numeric(Numeric::from(posting.version))),
        ("graph_data", object(&[("node_data", node), ("properties", properties)])),
        ("metadata", metadata),
    ];
    KnirvgraphTransaction { id, body: join_object(whole.iter().map(|(name, value)| (*name, value))).into() }
}

/// The entry as JSON, by the names that its columns have in SQL.
fn payload(posting: &KnirvgraphPosting<'_>) -> String {
    let state = posting.state;
    let clock: Vec<(&str, Value)> =
        state.clock.iter().map(|(peer, count)| (peer.as_str(), Value::Numeric(Numeric::from(count)))).collect();
    let mut members = vec![
        ("collection", Value::text(posting.collection)),
        ("id", Value::text(posting.id)),
        ("_entry_type", Value::text(EntryType::Memory.name())),
        ("_vector_clock", object(&clock)),
        ("_timestamp", timestamp(state)),
        ("_peer_id", Value::text(state.peer_id.as_str())),
    ];
    if state.is_alive() {
        members.push(("metadata", metadata(state)));
        for (name, field) in [
            ("vector", FACT_VECTOR),
            ("blob_hash", FACT_BLOB_HASH),
            ("blob_size", FACT_BLOB_SIZE),
            ("blob_type", FACT_BLOB_TYPE),
        ] {
            members.extend(state.value(field).map(|value| (name, value.clone())));
        }
    } else {
        members.push(("_deleted", Value::Bool(true)));
    }
    join_object(members.iter().map(|(name, value)| (*name, value))).into()
}

/// The facts. A key that starts with `$` carries one more in its field's name, since the system's own fields start so.
fn metadata(state: &State) -> Value {
    let facts = state.fields.iter().filter_map(|(name, field)| {
        let key = match name.strip_prefix('$') {
            None => name.as_str(),
            Some(key) if key.starts_with('$') => key,
            Some(_) => return None,
        };
        field.value.as_ref().map(|value| (key, value))
    });
    Value::Json(join_object(facts))
}

/// The node of an entry in the graph.
fn node_id(collection: &str, id: &str) -> String {
    if collection == MEMORY && !id.contains(':') {
        return id.to_string();
    }
    format!("{}:{id}", collection.replace('%', "%25").replace(':', "%3A"))
}

/// When the entry was last written.
fn timestamp(state: &State) -> Value {
    Value::TimestampTz(state.timestamp.micros().min(TIMESTAMP_MICROS_MAX))
}

fn object(members: &[(&str, Value)]) -> Value {
    Value::Json(join_object(members.iter().map(|(name, value)| (*name, value))))
}

fn netstrings(parts: &[&str]) -> Vec<u8> {
    let mut text = String::new();
    for part in parts {
        write!(text, "{}:{part},", part.len()).unwrap_or_default();
    }
    text.into_bytes()
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap_or_default();
    }
    text
}

#[cfg(test)]
#[path = "transaction_tests.rs"]
mod tests;
