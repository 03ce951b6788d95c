//! A peer of protocol version 4, the last that is not spoken any more, as it was recorded: what it offers and says is refused, and people are
//! told by name what it speaks and which side to update.
//!
//! `tests/fixtures/protocol-4/conversation.json` holds what a node of that version says: to anybody, and to a member that has proved
//! the secret, frame by frame. It was written by `record_a_conversation` and is frozen.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures::StreamExt;
use libp2p::swarm::SwarmEvent;
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::{Multiaddr, StreamProtocol, identify};
use serde::{Deserialize, Serialize};

use crate::db::{NetworkTable, RefusedPeer};
use crate::model::PeerId;
use crate::store::Identity;
use crate::sync::node::attack_tests::{NETWORK, SECRET, Victim};
use crate::sync::node::attacker::{Attacker, Introduction};
use crate::sync::protocol::encoding::{Assembler, PROTOCOL_VERSION};
use crate::sync::protocol::versions::StreamKind;
use crate::sync::transport::address::peer_here;
use crate::sync::transport::behaviour::BehaviourEvent;
use crate::sync::transport::{raw_streams, swarm};
use crate::types::ColumnType;

const VERSION: u8 = 4;
const PATIENCE: Duration = Duration::from_secs(60);
/// Frames that are recorded.
const FRAMES: usize = 4;

/// What a node of version 4 says.
#[derive(Serialize, Deserialize)]
struct Conversation {
    introduction: Introduction,
    /// Version, whether more follow, and a part of a message; in hexadecimal digits.
    frames: Vec<String>,
}

fn fixture() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/protocol-4/conversation.json")
}

fn conversation() -> Conversation {
    serde_json::from_slice(&std::fs::read(fixture()).unwrap()).unwrap()
}

/// Versions up to 4 had one name for the streams of all versions.
fn unnumbered(kind: StreamKind) -> Vec<StreamProtocol> {
    vec![match kind {
        StreamKind::Sync => StreamProtocol::new("/nebulusdb/sync/1.0.0"),
        StreamKind::Blob => StreamProtocol::new("/nebulusdb/blob/1.0.0"),
    }]
}

#[test]
fn what_the_version_before_says_is_read_as_no_message() {
    let frames = conversation().frames;
    assert_eq!(frames.len(), FRAMES);
    for frame in frames {
        let frame: Vec<u8> =
            (0..frame.len()).step_by(2).map(|at| u8::from_str_radix(&frame[at..at + 2], 16).unwrap()).collect();
        assert_eq!(frame[0], VERSION);
        let error = Assembler::new().push(&frame).unwrap_err();
        let expected = format!("protocol version {VERSION} is not known, this is {PROTOCOL_VERSION}");
        assert_eq!(error.message(), expected);
    }
}

/// The text of a column of SHOW PEERS in the row of a peer.
fn shown(victim: &Victim, peer: &PeerId, column: &str) -> Option<String> {
    let columns = NetworkTable::Peers.columns();
    let place = |name: &str| columns.iter().position(|(known, _): &(&str, ColumnType)| *known == name).unwrap();
    let rows = NetworkTable::Peers.rows(&victim.database.view()).unwrap();
    let row = rows.into_iter().find(|row| row[place("peer_id")].as_str() == Some(peer.as_str()))?;
    Some(row[place(column)].as_str().unwrap_or_default().to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_of_the_version_before_is_refused_by_name() {
    let Introduction { protocol, agent, protocols } = conversation().introduction;
    let directory = tempfile::tempdir().unwrap();
    let identity = Identity::create(&directory.path().join("identity.key")).unwrap();
    let keypair = libp2p::identity::Keypair::ed25519_from_bytes(&mut identity.keypair_bytes()[..32]).unwrap();
    let mut older = swarm::build(&identity, false).unwrap();
    let own = protocols.iter().filter(|name| StreamKind::of(name).is_some());
    let own: Vec<StreamProtocol> = own.map(|name| StreamProtocol::try_from_owned(name.clone()).unwrap()).collect();
    assert_eq!(own.len(), 2, "{protocols:?}");
    older.behaviour_mut().streams = raw_streams::RawStreamBehaviour::new(own.clone());
    let introduction = identify::Config::new(protocol, keypair.public()).with_agent_version(agent.clone());
    older.behaviour_mut().identify = identify::Behaviour::new(introduction);
    let victim = Victim::new().await;
    let address: Multiaddr = victim.address().await.parse().unwrap();
    let dial = DialOpts::from(address);
    older.behaviour_mut().dials.begin_own(dial.connection_id());
    older.dial(dial).unwrap();
    let (this, begun) = (peer_here(older.local_peer_id()), Instant::now());
    let mut is_refused = false;
    while !is_refused || shown(&victim, &this, "refused").is_none() {
        assert!(begun.elapsed() < PATIENCE, "nobody is told of it; refused: {is_refused}");
        // Its look at the status must not wait for an event.
        let event = tokio::time::timeout(Duration::from_millis(20), older.select_next_some()).await;
        match event {
            Ok(SwarmEvent::ConnectionEstablished { peer_id, connection_id, .. }) => {
                older.behaviour_mut().streams.open(peer_id, connection_id, own.clone(), 1);
            }
            Ok(SwarmEvent::Behaviour(BehaviourEvent::Streams(raw_streams::StreamEvent::Failed { number: 1 }))) => {
                is_refused = true
            }
            Ok(SwarmEvent::Behaviour(BehaviourEvent::Streams(event))) => panic!("it is spoken with: {event:?}"),
            _ => {}
        }
    }
    let reason = shown(&victim, &this, "refused").unwrap();
    for part in ["version 4 or an older one", &agent, "update that node"] {
        assert!(reason.contains(part), "{reason}");
    }
    let refused: Vec<RefusedPeer> = victim.database.sync_status().refused.clone();
    assert!(refused.iter().any(|refused| refused.peer_id == this && refused.reason == reason));
    assert_eq!(victim.database.sync_status().peers.len(), 0, "it is no member");
}

/// Writes the fixture: `NEBULUSDB_OLDER_NODE` is the address (TCP, with its peer id) of a node of version 4 that is in the network
/// of these tests.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node of that version"]
async fn record_a_conversation() {
    let address = std::env::var("NEBULUSDB_OLDER_NODE").expect("NEBULUSDB_OLDER_NODE");
    let mut member = Attacker::meet_by(NETWORK, SECRET, &address, unnumbered).await;
    let introduction = member.introduction().await;
    let mut frames = Vec::new();
    for _ in 0..FRAMES {
        frames.push(member.hear_frame().await.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    }
    let conversation = serde_json::to_vec_pretty(&Conversation { introduction, frames }).unwrap();
    std::fs::create_dir_all(fixture().parent().unwrap()).unwrap();
    std::fs::write(fixture(), conversation).unwrap();
}
