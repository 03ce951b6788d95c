//! Two ends of a stream, joined by memory instead of a network.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead as _, AsyncWrite as _, DuplexStream, ReadBuf};
use zeroize::Zeroizing;

use super::*;
use crate::model::{Bytes, Delta, Run};
use crate::sync::protocol::message::{Operation, SyncRequest, Want};
use crate::sync::protocol::proof::NetworkEpoch;
use crate::sync::protocol::versions::{NEWEST, OLDEST};

/// A stream in memory, with the traits of this side.
pub struct Pipe(DuplexStream);

pub fn pipe() -> (Pipe, Pipe) {
    let (one, two) = tokio::io::duplex(64 * 1024);
    (Pipe(one), Pipe(two))
}

impl AsyncRead for Pipe {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &mut [u8]) -> Poll<std::io::Result<usize>> {
        let mut buffer = ReadBuf::new(bytes);
        ready!(Pin::new(&mut self.0).poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

const NETWORK: NetworkId = NetworkId(3);

fn peer(name: &str) -> PeerId {
    PeerId::new(name)
}

fn ring(key: u8) -> Arc<Keyring> {
    let epoch = NetworkEpoch {
        network: NETWORK,
        name: "alpha".to_string(),
        epoch: 1,
        key: Zeroizing::new([key; 32]),
        only: None,
        removed: BTreeSet::new(),
    };
    Arc::new(Keyring::new([epoch]).unwrap())
}

fn hello(keyring: &Keyring) -> Hello {
    let (a, b) = (peer("A"), peer("B"));
    let parties = Parties { purpose: Purpose::Sync, initiator: &a, responder: &b };
    keyring.hello(NETWORK, 1, parties, fresh_nonce().unwrap()).unwrap()
}

fn end(id: EndId) -> LinkEnd {
    LinkEnd { id, version: NEWEST }
}

struct Ends {
    sender: LinkQueue,
    outgoing: mpsc::Receiver<LinkEvent>,
    incoming: mpsc::Receiver<LinkEvent>,
}

/// Starts both ends of a stream from A to B.
fn join((key_of_a, key_of_b): (u8, u8), version: u8) -> Ends {
    let (one, two) = pipe();
    let (sender, queued) = queue();
    let (events_a, outgoing) = mpsc::channel(64);
    let (events_b, incoming) = mpsc::channel(64);
    let context_a = LinkContext::new(peer("A"), events_a);
    let context_b = LinkContext::new(peer("B"), events_b);
    tokio::spawn(run_outgoing(context_a, LinkEnd { id: 1, version }, one, hello(&ring(key_of_a)), queued));
    tokio::spawn(run_incoming(context_b, LinkEnd { id: 2, version }, peer("A"), ring(key_of_b), two));
    Ends { sender, outgoing, incoming }
}

fn request(number: u64) -> Message {
    let wants = vec![Want { origin: peer("A"), from_seq: 1 }];
    Message::SyncRequest(SyncRequest { number, wants, bytes_max: 10 })
}

fn large(bytes: usize) -> Message {
    let delta = Delta { seq: 1, signature: None, body: Bytes::new(vec![7; bytes]) };
    Message::Operation(Operation { runs: vec![Run { origin: peer("A"), deltas: vec![delta] }], pushed_to: Vec::new() })
}

#[tokio::test]
async fn messages_arrive_in_order_after_both_have_proved_the_key() {
    for version in OLDEST..=NEWEST {
        let sent = all_arrive(version).await;
        // Nine megabytes of one byte.
        assert_eq!(sent < 1024 * 1024, version > OLDEST, "{sent} bytes in version {version}");
    }
}

/// Bytes that they took on the wire.
async fn all_arrive(version: u8) -> usize {
    let mut ends = join((1, 1), version);
    assert!(matches!(ends.outgoing.recv().await, Some(LinkEvent::OutgoingProven { id: 1 })));
    let Some(LinkEvent::IncomingProven { id: 2, key, epoch: 1, said_epoch: 1, start }) = ends.incoming.recv().await
    else {
        panic!("the peer was not let in");
    };
    assert_eq!(key, LinkKey { peer: peer("A"), network: NETWORK });
    let messages = [request(1), large(9 * 1024 * 1024), request(2), large(100)];
    for message in &messages {
        ends.sender.push(message.clone()).unwrap();
    }
    start.send(()).unwrap();
    for expected in messages {
        let Some(LinkEvent::Received { id: 2, message, .. }) = ends.incoming.recv().await else {
            panic!("a message is missing");
        };
        assert!(message == expected);
    }
    drop(ends.sender);
    assert!(matches!(ends.incoming.recv().await, Some(LinkEvent::Closed { id: 2, error: None })));
    let mut sent = 0;
    for _ in 0..4 {
        let Some(LinkEvent::Sent { id: 1, bytes }) = ends.outgoing.recv().await else { panic!("nothing was sent") };
        sent += bytes;
    }
    assert!(matches!(ends.outgoing.recv().await, Some(LinkEvent::Closed { id: 1, error: None })));
    sent
}

#[tokio::test]
async fn a_part_that_expands_takes_room_before_memory() {
    let (events, _incoming) = mpsc::channel(64);
    let context = LinkContext::new(peer("B"), events);
    let mut permit = context.room(1000).await.unwrap();
    assert!(context.more_room(&mut permit, 3_000_000) && permit.num_permits() == 3_001_000);
    let rest = context.room(RECEIVED_BYTES_MAX - 3_001_000).await.unwrap();
    assert!(!context.more_room(&mut permit, 1), "and waits for none while it holds some");
    drop(rest);
    drop(permit);
    assert_eq!(context.received_bytes.available_permits(), RECEIVED_BYTES_MAX);
}

#[tokio::test]
async fn a_wrong_key_gets_an_end_of_the_stream_and_no_byte() {
    let mut ends = join((1, 2), NEWEST);
    assert!(matches!(ends.outgoing.recv().await, Some(LinkEvent::OutgoingRefused { id: 1, .. })));
    assert!(matches!(ends.incoming.recv().await, Some(LinkEvent::IncomingRefused { id: 2, .. })));

    let (mut one, two) = pipe();
    let (events, mut incoming) = mpsc::channel(64);
    tokio::spawn(run_incoming(LinkContext::new(peer("B"), events), end(2), peer("A"), ring(2), two));
    one.write_all(&hello(&ring(1)).bytes).await.unwrap();
    let mut answer = Vec::new();
    one.read_to_end(&mut answer).await.unwrap();
    assert!(answer.is_empty());
    assert!(matches!(incoming.recv().await, Some(LinkEvent::IncomingRefused { .. })));
}

#[tokio::test]
async fn a_whole_recorded_stream_can_not_be_played_again() {
    // A member records what it sends, and plays it to the same peer later.
    let (mut one, two) = pipe();
    let (events, mut incoming) = mpsc::channel(64);
    tokio::spawn(run_incoming(LinkContext::new(peer("B"), events.clone()), end(2), peer("A"), ring(1), two));
    let hello = hello(&ring(1));
    let keys = prove(&mut one, &hello).await.unwrap();
    let mut recorded = hello.bytes.to_vec();
    let mut sealer = crate::sync::protocol::seal::Sealer::new(&keys.to_responder);
    let start = crate::sync::protocol::seal::begin_frame(&mut recorded);
    recorded.extend_from_slice(&1_u64.to_le_bytes());
    sealer.seal(&mut recorded, start).unwrap();
    one.write_all(&recorded[PROOF_BYTES..]).await.unwrap();
    assert!(matches!(incoming.recv().await, Some(LinkEvent::IncomingProven { .. })));

    let (mut again, two) = pipe();
    tokio::spawn(run_incoming(LinkContext::new(peer("B"), events), end(3), peer("A"), ring(1), two));
    again.write_all(&recorded).await.unwrap();
    assert!(matches!(incoming.recv().await, Some(LinkEvent::IncomingRefused { id: 3, .. })));
}

#[tokio::test]
async fn bytes_that_are_no_frame_end_the_link() {
    let (mut one, two) = pipe();
    let (events, mut incoming) = mpsc::channel(64);
    tokio::spawn(run_incoming(LinkContext::new(peer("B"), events), end(2), peer("A"), ring(1), two));
    let keys = prove(&mut one, &hello(&ring(1))).await.unwrap();
    let mut writer = FrameWriter::new(one, &keys.to_responder);
    let epoch = |buffer: &mut Vec<u8>| {
        buffer.extend_from_slice(&1_u64.to_le_bytes());
        Ok(())
    };
    writer.write(epoch).await.unwrap();
    writer.flush().await.unwrap();
    let Some(LinkEvent::IncomingProven { start, .. }) = incoming.recv().await else { panic!("not let in") };
    start.send(()).unwrap();
    let (mut one, _) = writer.into_parts();
    one.write_all(&[0xff; 64]).await.unwrap();
    match incoming.recv().await {
        Some(LinkEvent::Closed { error: Some(error), .. }) => assert_eq!(error.kind(), ErrorKind::ProtocolViolation),
        _ => panic!("the link goes on"),
    }
}

/// A member that announces a frame and sends none of it holds room that others wait for.
#[tokio::test]
async fn whoever_stops_within_a_message_gives_its_room_back() {
    let (mut one, two) = pipe();
    let (events, mut incoming) = mpsc::channel(64);
    let context = LinkContext { patience: Duration::from_millis(50), ..LinkContext::new(peer("B"), events) };
    let room = Arc::clone(&context.received_bytes);
    tokio::spawn(run_incoming(context, end(2), peer("A"), ring(1), two));
    let keys = prove(&mut one, &hello(&ring(1))).await.unwrap();
    let mut writer = FrameWriter::new(one, &keys.to_responder);
    let epoch = |buffer: &mut Vec<u8>| {
        buffer.extend_from_slice(&1_u64.to_le_bytes());
        Ok(())
    };
    writer.write(epoch).await.unwrap();
    writer.flush().await.unwrap();
    let Some(LinkEvent::IncomingProven { start, .. }) = incoming.recv().await else { panic!("not let in") };
    start.send(()).unwrap();
    let (mut one, _) = writer.into_parts();
    one.write_all(&4_000_000_u32.to_be_bytes()).await.unwrap();
    match incoming.recv().await {
        Some(LinkEvent::Closed { error: Some(error), .. }) => assert_eq!(error.kind(), ErrorKind::LimitExceeded),
        _ => panic!("the link goes on"),
    }
    assert_eq!(room.available_permits(), RECEIVED_BYTES_MAX);
}

#[tokio::test]
async fn a_queue_that_nobody_empties_is_given_up() {
    let (sender, _queued) = queue();
    let mut pushed = 0;
    while sender.push(large(1024 * 1024)).is_ok() {
        pushed += 1;
        assert!(pushed <= 1 + QUEUED_BYTES_MAX / (1024 * 1024));
    }
    let (sender, _queued) = queue();
    let accepted = (0..2 * QUEUED_MESSAGES_MAX).take_while(|_| sender.push(request(1)).is_ok()).count();
    assert_eq!(accepted, QUEUED_MESSAGES_MAX);
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_refused_after_a_while() {
    let (_one, two) = pipe();
    let (events, mut incoming) = mpsc::channel(64);
    tokio::spawn(run_incoming(LinkContext::new(peer("B"), events), end(2), peer("A"), ring(1), two));
    assert!(matches!(incoming.recv().await, Some(LinkEvent::IncomingRefused { .. })));
}
