//! What a transaction says, that it always says the same, that its signature holds, and what never stands in it.

use std::sync::Arc;

use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::{Value as Json, json};

use super::*;
use crate::merge::{WriteContext, delete, insert, update};
use crate::model::{Hlc, PeerId};

const NOW_MS: u64 = 1_700_000_000_123;
/// In what is not staged; stands nowhere else.
const CANARY: &str = "CaNaRy-b1a6-private";

fn identity() -> Identity {
    let directory = tempfile::tempdir().unwrap();
    Identity::create(&directory.path().join("identity.key")).unwrap()
}

fn by(millis: u64) -> WriteContext {
    WriteContext { hlc: Hlc::new(millis, 0), peer_id: PeerId::new("peerA") }
}

fn entry() -> State {
    let fields = [
        ("classification", Value::text("Error")),
        ("count", Value::Int8(i64::MAX)),
        ("price", Value::Numeric("12.50".parse().unwrap())),
        ("tags", Value::Json(r#"["a", {"b": null}]"#.into())),
        ("$$odd", Value::text("line\nbreak \"quoted\"")),
        (FACT_VECTOR, Value::Vector(Arc::from([0.5_f32, -1.0]))),
        (FACT_BLOB_HASH, Value::text("ab12")),
        (FACT_BLOB_SIZE, Value::Int8(4096)),
        ("$internal", Value::text("the system's own")),
    ];
    insert(None, fields.map(|(name, value)| (name.to_string(), value)), &by(NOW_MS))
}

fn posting(state: &State) -> KnirvgraphPosting<'_> {
    KnirvgraphPosting {
        network: "knirvgraph",
        collection: "memory",
        id: "note-1",
        version: 7,
        state,
        was_posted: false,
    }
}

fn made(posting: &KnirvgraphPosting<'_>, identity: &Identity) -> Json {
    let made = transaction(posting, identity).unwrap().unwrap();
    let json: Json = serde_json::from_str(&made.body).unwrap();
    assert_eq!(json["id"], made.id.as_str());
    json
}

#[test]
fn should_build_a_transaction_from_a_staged_document() {
    let (identity, state) = (identity(), entry());
    let json = made(&posting(&state), &identity);
    assert_eq!(json["type"], 0);
    assert_eq!(json["node_id"], "note-1");
    assert_eq!(json["from"], identity.peer_id().as_str());
    assert_eq!(json["to"], "knirvgraph");
    assert_eq!((&json["amount"], &json["fee"], &json["nonce"]), (&json!(0), &json!(0), &json!(7)));
    assert_eq!(json["timestamp"], "2023-11-14T22:13:20.123+00:00");
    let node = &json["graph_data"]["node_data"];
    assert_eq!(node["id"], "note-1");
    assert_eq!(node["timestamp"], json["timestamp"]);
    for list in ["parents", "children", "validators"] {
        assert_eq!(node[list], json!([]), "{list}");
    }
    assert_eq!((&node["weight"], &node["level"], &node["metadata"]), (&json!(1), &json!(0), &json!({})));
    let payload = &node["data"]["payload"];
    let expected = json!({
        "collection": "memory", "id": "note-1", "_entry_type": "MEMORY", "_peer_id": "peerA",
        "_timestamp": "2023-11-14T22:13:20.123+00:00", "_vector_clock": {"peerA": 1},
        "metadata": {
            "classification": "Error", "count": i64::MAX, "price": 12.50, "tags": ["a", {"b": null}],
            "$odd": "line\nbreak \"quoted\"",
        },
        "vector": [0.5, -1], "blob_hash": "ab12", "blob_size": 4096,
    });
    assert_eq!(payload, &expected);
    assert_eq!(json["graph_data"]["properties"]["collection"], "memory");
}

#[test]
fn data_is_the_payload_and_the_hash_is_of_its_bytes() {
    let json = made(&posting(&entry()), &identity());
    let data = STANDARD.decode(json["data"].as_str().unwrap()).unwrap();
    let node = &json["graph_data"]["node_data"];
    assert_eq!(serde_json::from_slice::<Json>(&data).unwrap(), node["data"]["payload"]);
    assert_eq!(node["hash"], hex(&Sha256::digest(&data)));
    assert!(String::from_utf8(data).unwrap().contains("12.50"), "numbers keep their digits");
}

#[test]
fn types_follow_what_the_graph_knows() {
    let identity = identity();
    let alive = entry();
    let changed = update(&alive, [("count".to_string(), None)], &by(NOW_MS + 1));
    let dead = delete(&alive, &by(NOW_MS + 2));
    let kind = |state: &State, was_posted| {
        let posting = KnirvgraphPosting { was_posted, ..posting(state) };
        let made = transaction(&posting, &identity).unwrap()?;
        serde_json::from_str::<Json>(&made.body).unwrap()["type"].as_i64()
    };
    assert_eq!(kind(&alive, false), Some(0));
    assert_eq!(kind(&changed, true), Some(2));
    assert_eq!(kind(&dead, true), Some(3));
    assert_eq!(kind(&dead, false), None, "what was never posted need not be deleted");
    let json = made(&KnirvgraphPosting { was_posted: true, ..posting(&dead) }, &identity);
    let payload = &json["graph_data"]["node_data"]["data"]["payload"];
    assert_eq!((&payload["_deleted"], payload.get("metadata")), (&json!(true), None));
    let json = made(&KnirvgraphPosting { was_posted: true, ..posting(&changed) }, &identity);
    assert!(json["graph_data"]["node_data"]["data"]["payload"]["metadata"].get("count").is_none(), "a removed fact");
}

#[test]
fn one_version_always_makes_the_same_transaction() {
    let (identity, state) = (identity(), entry());
    let first = transaction(&posting(&state), &identity).unwrap();
    assert_eq!(transaction(&posting(&state), &identity).unwrap(), first);
}

#[test]
fn ids_differ_with_everything_that_makes_another_version() {
    let (one, two) = (identity(), identity());
    let state = entry();
    let later = update(&state, [("count".to_string(), Some(Value::Int8(1)))], &by(NOW_MS + 1));
    let base = posting(&state);
    let mut ids = vec![transaction(&base, &one).unwrap().unwrap().id, transaction(&base, &two).unwrap().unwrap().id];
    for changed in [
        KnirvgraphPosting { version: 8, ..base },
        KnirvgraphPosting { id: "note-2", ..base },
        KnirvgraphPosting { collection: "memor", id: "ynote-1", ..base },
        KnirvgraphPosting { network: "another", ..base },
        KnirvgraphPosting { state: &later, ..base },
    ] {
        ids.push(transaction(&changed, &one).unwrap().unwrap().id);
    }
    assert!(ids.iter().all(|id| id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit())), "{ids:?}");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 7);
}

/// Verifies as somebody else would: from the JSON alone, with the key that lies in the peer id.
fn verifies(json: &Json) -> bool {
    let from = json["from"].as_str().unwrap();
    let multihash = bs58::decode(from).into_vec().unwrap();
    let public_key: [u8; 32] = multihash[6..].try_into().unwrap();
    assert_eq!(json["metadata"]["public_key"], hex(&public_key));
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_string);
    let mut parts = vec![SIGNATURE_DOMAIN.to_string()];
    for name in ["id", "type", "node_id", "from", "to", "amount", "fee", "timestamp", "nonce"] {
        parts.push(text(&json[name]));
    }
    let data = STANDARD.decode(json["data"].as_str().unwrap()).unwrap();
    parts.push(hex(&Sha256::digest(data)));
    let message: String = parts.iter().map(|part| format!("{}:{part},", part.len())).collect();
    let digits = json["signature"].as_str().unwrap();
    let bytes: Vec<u8> =
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect();
    let signature = Signature::from_slice(&bytes).unwrap();
    VerifyingKey::from_bytes(&public_key).unwrap().verify_strict(message.as_bytes(), &signature).is_ok()
}

#[test]
fn the_signature_verifies_and_covers_every_part() {
    let json = made(&posting(&entry()), &identity());
    assert!(verifies(&json));
    for (name, value) in [
        ("id", json!("0".repeat(64))),
        ("type", json!(3)),
        ("node_id", json!("note-2")),
        ("to", json!("another")),
        ("amount", json!(1)),
        ("fee", json!(1)),
        ("timestamp", json!("2023-11-14T22:13:21+00:00")),
        ("nonce", json!(8)),
        ("data", json!(STANDARD.encode("{}"))),
    ] {
        let mut changed = json.clone();
        changed[name] = value;
        assert!(!verifies(&changed), "{name}");
    }
}

#[test]
fn no_two_entries_share_a_node() {
    assert_eq!(node_id("memory", "0190-ab"), "0190-ab");
    let ids = [
        node_id("memory", "1"),
        node_id("memory", "notes:1"),
        node_id("notes", "1"),
        node_id("a", "b:1"),
        node_id("a:b", "1"),
        node_id("a%3Ab", "1"),
    ];
    for (position, id) in ids.iter().enumerate() {
        assert!(!ids[..position].contains(id), "{id}");
    }
}

#[test]
fn secrets_are_refused_whatever_asks() {
    let state = insert(None, [("value".to_string(), Value::text(CANARY))], &by(NOW_MS));
    let error = transaction(&KnirvgraphPosting { collection: "auth", ..posting(&state) }, &identity()).unwrap_err();
    assert_eq!(error.sqlstate(), "42501");
    assert!(!error.to_string().contains(CANARY));
}

#[test]
fn an_entry_that_is_too_large_is_refused_with_both_numbers() {
    let huge = "x".repeat(TRANSACTION_BYTES_MAX / 2);
    let state = insert(None, [("text".to_string(), Value::text(huge))], &by(NOW_MS));
    let error = transaction(&posting(&state), &identity()).unwrap_err();
    assert_eq!(error.sqlstate(), "54000");
    assert!(error.message().contains(&TRANSACTION_BYTES_MAX.to_string()), "{error}");
}

#[test]
fn neither_debug_text_shows_a_fact() {
    let state = insert(None, [("text".to_string(), Value::text(CANARY))], &by(NOW_MS));
    let made = transaction(&posting(&state), &identity()).unwrap().unwrap();
    assert!(made.body.contains(CANARY));
    assert!(!format!("{made:?}").contains(CANARY));
}

#[test]
fn a_time_beyond_four_digits_of_the_year_is_still_rfc_3339() {
    let state = insert(None, [], &by((1 << 48) - 1));
    assert_eq!(made(&posting(&state), &identity())["timestamp"], "9999-12-31T23:59:59.999999+00:00");
}
