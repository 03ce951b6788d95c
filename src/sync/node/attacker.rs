//! A client for tests that speaks the protocol over real sockets and says what it likes: TCP, Noise and Yamux by libp2p, the
//! proof of the secret and the codec by this project.
//!
//! It is no node: it has no engine and no database. What it says are trees of JSON values, which serde makes messages of.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::StreamExt;
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{ConnectionId, SwarmEvent};
use libp2p::{Multiaddr, Stream, StreamProtocol, Swarm, identify};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::model::{NetworkId, PeerId};
use crate::store::{BlobHash, Identity, stretch_secret};
use crate::sync::blobs::wire::{BLOB_TALK_BYTES_MAX, BlobAnswer, BlobRequest};
use crate::sync::protocol::encoding::{Assembler, encode};
use crate::sync::protocol::frames::{FrameReader, FrameWriter};
use crate::sync::protocol::message::Message;
use crate::sync::protocol::proof::{Keyring, NetworkEpoch, Parties, Purpose};
use crate::sync::protocol::versions::StreamKind;
use crate::sync::transport::address::{peer_here, split_peer};
use crate::sync::transport::behaviour::{Behaviour, BehaviourEvent};
use crate::sync::transport::link_tasks::{answer, fresh_nonce, prove};
use crate::sync::transport::{raw_streams, swarm};

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(60);
/// Messages that wait to be read.
const HEARD_MAX: usize = 4_096;
/// The network's number here; numbers are local.
const NETWORK: NetworkId = NetworkId(7);
const EPOCH: u64 = 1;

/// A stream that is wanted.
type Wanted = (StreamKind, oneshot::Sender<Stream>);

/// What a peer says of itself to anybody.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Introduction {
    pub protocol: String,
    pub agent: String,
    pub protocols: Vec<String>,
}

/// Somebody who knows the secret of a network.
pub(super) struct Attacker {
    pub identity: Identity,
    victim: PeerId,
    keyring: Keyring,
    streams: mpsc::Sender<Wanted>,
    writer: FrameWriter<Stream>,
    heard: mpsc::Receiver<Vec<u8>>,
    assembler: Assembler,
    introductions: mpsc::Receiver<Introduction>,
    _directory: tempfile::TempDir,
}

impl Attacker {
    /// Connects with a node, proves the secret, and lets it open its own stream.
    pub async fn meet(network: &str, secret: &str, address: &str) -> Attacker {
        Attacker::meet_by(network, secret, address, StreamKind::protocols).await
    }

    /// The same with other names of streams, by what they are for.
    pub async fn meet_by(
        network: &str,
        secret: &str,
        address: &str,
        protocols: fn(StreamKind) -> Vec<StreamProtocol>,
    ) -> Attacker {
        let directory = tempfile::tempdir().unwrap();
        let identity = Identity::create(&directory.path().join("identity.key")).unwrap();
        let epoch = NetworkEpoch {
            network: NETWORK,
            name: network.to_string(),
            epoch: EPOCH,
            key: stretch_secret(&Zeroizing::new(secret.to_string()), network).unwrap(),
            only: None,
            removed: BTreeSet::new(),
        };
        let keyring = Keyring::new([epoch]).unwrap();
        let address: Multiaddr = address.parse().unwrap();
        let victim = peer_here(&split_peer(address.clone()).1.unwrap());
        let (streams, wanted) = mpsc::channel(4);
        let (arrived, arriving) = mpsc::channel(4);
        let mut swarm = swarm::build(&identity, false).unwrap();
        swarm.behaviour_mut().streams = raw_streams::RawStreamBehaviour::new(
            [StreamKind::Sync, StreamKind::Blob].into_iter().flat_map(protocols).collect(),
        );
        let dial = DialOpts::from(address);
        swarm.behaviour_mut().dials.begin_own(dial.connection_id());
        swarm.dial(dial).unwrap();
        let (introduced, introductions) = mpsc::channel(4);
        drop(tokio::spawn(drive(swarm, protocols, wanted, (arrived, introduced))));
        let (said, heard) = mpsc::channel(HEARD_MAX);
        let parties = (identity.peer_id().clone(), victim.clone());
        drop(tokio::spawn(hear_all(arriving, parties.clone(), keyring.clone(), said)));
        let (this, victim) = parties;
        let mut stream = open(&streams, StreamKind::Sync).await;
        let parties = Parties { purpose: Purpose::Sync, initiator: &this, responder: &victim };
        let hello = keyring.hello(NETWORK, EPOCH, parties, fresh_nonce().unwrap()).unwrap();
        let keys = prove(&mut stream, &hello).await.unwrap();
        let mut writer = FrameWriter::new(stream, &keys.to_responder);
        write(&mut writer, &EPOCH.to_le_bytes()).await.unwrap();
        let assembler = Assembler::new();
        let _directory = directory;
        Attacker { identity, victim, keyring, streams, writer, heard, assembler, introductions, _directory }
    }

    /// Says something; false where nobody listens any more.
    pub async fn say(&mut self, tree: serde_json::Value) -> bool {
        let message: Message = serde_json::from_value(tree).unwrap();
        for frame in encode(&message).unwrap() {
            if write(&mut self.writer, &frame).await.is_err() {
                return false;
            }
        }
        true
    }

    /// The next message that fits, as a tree; those before it are passed over.
    pub async fn hear(&mut self, pointer: &str) -> serde_json::Value {
        let next = async {
            loop {
                let message = self.next_message().await.unwrap_or_else(|| panic!("no {pointer} comes any more"));
                let tree = serde_json::to_value(&message).unwrap();
                if tree.pointer(pointer).is_some() {
                    return tree;
                }
            }
        };
        timeout(PATIENCE, next).await.unwrap_or_else(|_| panic!("no {pointer} comes"))
    }

    /// The next message of any kind; `None` once the other side has ended the link.
    pub async fn hear_any(&mut self) -> Option<serde_json::Value> {
        let message = timeout(PATIENCE, self.next_message()).await.unwrap_or_else(|_| panic!("nothing comes"))?;
        Some(serde_json::to_value(&message).unwrap())
    }

    async fn next_message(&mut self) -> Option<Message> {
        loop {
            let frame = self.heard.recv().await?;
            if let Ok(Some(message)) = self.assembler.push(&frame) {
                return Some(message);
            }
        }
    }

    /// The next frame, whatever it is.
    pub async fn hear_frame(&mut self) -> Vec<u8> {
        let frame = timeout(PATIENCE, self.heard.recv()).await.unwrap_or_else(|_| panic!("nothing comes"));
        frame.expect("the link is there")
    }

    /// What the other side says of itself to anybody.
    pub async fn introduction(&mut self) -> Introduction {
        timeout(PATIENCE, self.introductions.recv()).await.expect("an introduction in time").expect("an introduction")
    }

    /// Waits until the other side has ended the link.
    pub async fn hear_the_end(&mut self) {
        while self.hear_any().await.is_some() {}
    }

    /// Asks for a blob as a member may.
    pub async fn ask_for_blob(&mut self, hash: &BlobHash) -> BlobAnswer {
        let mut stream = open(&self.streams, StreamKind::Blob).await;
        let parties = Parties { purpose: Purpose::Blob, initiator: self.identity.peer_id(), responder: &self.victim };
        let hello = self.keyring.hello(NETWORK, EPOCH, parties, fresh_nonce().unwrap()).unwrap();
        let keys = prove(&mut stream, &hello).await.unwrap();
        let mut writer = FrameWriter::new(stream, &keys.to_responder);
        let mut request = Vec::new();
        BlobRequest { hash: *hash, offset: 0 }.encode(&mut request);
        write(&mut writer, &request).await.unwrap();
        let (stream, _) = writer.into_parts();
        let mut reader = FrameReader::new(stream, &keys.to_initiator);
        BlobAnswer::decode(&reader.short(BLOB_TALK_BYTES_MAX).await.unwrap()).unwrap()
    }
}

async fn write(writer: &mut FrameWriter<Stream>, bytes: &[u8]) -> crate::error::Result<()> {
    let fill = |buffer: &mut Vec<u8>| {
        buffer.extend_from_slice(bytes);
        Ok(())
    };
    writer.write(fill).await?;
    writer.flush().await
}

async fn open(streams: &mpsc::Sender<Wanted>, kind: StreamKind) -> Stream {
    let (reply, stream) = oneshot::channel();
    streams.send((kind, reply)).await.unwrap();
    timeout(PATIENCE, stream).await.expect("a stream in time").expect("a stream")
}

/// Runs the swarm: opens what is wanted on its one connection, and hands over what the peer opens.
async fn drive(
    mut swarm: Swarm<Behaviour>,
    protocols: fn(StreamKind) -> Vec<StreamProtocol>,
    mut wanted: mpsc::Receiver<Wanted>,
    (arrived, introduced): (mpsc::Sender<Stream>, mpsc::Sender<Introduction>),
) {
    let mut connection: Option<(libp2p::PeerId, ConnectionId)> = None;
    let (mut waiting, mut last): (Vec<(u64, oneshot::Sender<Stream>)>, u64) = (Vec::new(), 0);
    loop {
        tokio::select! {
            Some((kind, reply)) = wanted.recv(), if connection.is_some() => {
                let Some((peer, id)) = connection else { continue };
                last += 1;
                waiting.push((last, reply));
                swarm.behaviour_mut().streams.open(peer, id, protocols(kind), last);
            }
            event = swarm.select_next_some() => match event {
                SwarmEvent::ConnectionEstablished { peer_id, connection_id, .. } => {
                    connection = Some((peer_id, connection_id));
                }
                SwarmEvent::Behaviour(BehaviourEvent::Streams(raw_streams::StreamEvent::Opened { number, stream, .. })) => {
                    if let Some(at) = waiting.iter().position(|(waits, _)| *waits == number) {
                        drop(waiting.swap_remove(at).1.send(stream));
                    }
                }
                SwarmEvent::Behaviour(BehaviourEvent::Streams(raw_streams::StreamEvent::Inbound { stream, .. })) => {
                    drop(arrived.send(stream).await);
                }
                SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received { info, .. })) => {
                    let protocols = info.protocols.iter().map(ToString::to_string).collect();
                    let (protocol, agent) = (info.protocol_version, info.agent_version);
                    drop(introduced.try_send(Introduction { protocol, agent, protocols }));
                }
                _ => {}
            },
        }
    }
}

/// Lets the peer prove itself on the streams that it opens, and hands over what it says on the last of them.
async fn hear_all(
    mut arriving: mpsc::Receiver<Stream>,
    (this, peer): (PeerId, PeerId),
    keyring: Keyring,
    said: mpsc::Sender<Vec<u8>>,
) {
    while let Some(stream) = arriving.recv().await {
        let parties = Parties { purpose: Purpose::Sync, initiator: &peer, responder: &this };
        let Ok((_, mut frames)) = answer(stream, parties, &keyring).await else { continue };
        if frames.short(8).await.is_err() {
            continue;
        }
        while let Ok(Some(header)) = frames.header().await {
            let Ok(frame) = frames.body(header).await else { break };
            drop(said.send(frame).await);
        }
        // Whoever is shut out hears nothing more, and the test is told so.
        return;
    }
}
