//! A relay such as anybody may run: libp2p's circuit relay and identify, in a thread that lives in a network namespace.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use libp2p::futures::StreamExt;
use libp2p::identity::Keypair;
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, Swarm, SwarmBuilder, identify, noise, relay, tcp, yamux};
use tokio::sync::oneshot;

/// Longest wait until it listens.
const READY_MAX: Duration = Duration::from_secs(60);
/// What one circuit may carry: enough for a blob. A relay allows 128 KiB where nothing else was said.
const CIRCUIT_BYTES_MAX: u64 = 64 * 1024 * 1024;

#[derive(NetworkBehaviour)]
struct Behaviour {
    relay: relay::Behaviour,
    identify: identify::Behaviour,
}

/// A running relay; it ends when it is dropped.
pub struct Relay {
    circuits: Arc<AtomicU64>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Where a peer listens at the relay with this key at this address.
pub fn circuit_at(address: &str, key: &Keypair) -> String {
    format!("{address}/p2p/{}/p2p-circuit", key.public().to_peer_id())
}

impl Relay {
    /// Listens on a TCP address inside a namespace.
    pub fn start(namespace: &str, address: &str, key: &Keypair) -> Relay {
        let circuits = Arc::new(AtomicU64::new(0));
        let (stop, stopped) = oneshot::channel();
        let (ready_sender, ready) = mpsc::channel();
        let (namespace, key, count) = (namespace.to_string(), key.clone(), Arc::clone(&circuits));
        let address: Multiaddr = address.parse().expect("a multiaddress");
        let thread = std::thread::spawn(move || {
            enter(&namespace);
            // One thread: others would not be in the namespace.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(run(&key, address, &count, ready_sender, stopped));
        });
        ready.recv_timeout(READY_MAX).expect("the relay listens");
        Relay { circuits, stop: Some(stop), thread: Some(thread) }
    }

    /// Circuits that were let through.
    pub fn circuits(&self) -> u64 {
        self.circuits.load(Ordering::Relaxed)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(ended.is_none_or(|ended| ended.is_ok()) || std::thread::panicking(), "the relay ends well");
    }
}

/// Moves this thread into a network namespace.
fn enter(namespace: &str) {
    let file = File::open(format!("/run/netns/{namespace}")).expect("the namespace");
    // SAFETY: the descriptor is open for the length of the call, which touches no memory of this process.
    let moved = unsafe { libc::setns(file.as_raw_fd(), libc::CLONE_NEWNET) };
    assert_eq!(moved, 0, "{namespace}: {}", std::io::Error::last_os_error());
}

fn swarm(key: &Keypair) -> Swarm<Behaviour> {
    let this = key.public().to_peer_id();
    let config = relay::Config { max_circuit_bytes: CIRCUIT_BYTES_MAX, ..relay::Config::default() };
    let identify = identify::Config::new("a-relay/1".to_string(), key.public());
    SwarmBuilder::with_existing_identity(key.clone())
        .with_tokio()
        .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
        .expect("TCP")
        .with_behaviour(|_| Behaviour {
            relay: relay::Behaviour::new(this, config),
            identify: identify::Behaviour::new(identify),
        })
        .expect("the protocols")
        .build()
}

async fn run(
    key: &Keypair,
    address: Multiaddr,
    circuits: &AtomicU64,
    ready: mpsc::Sender<()>,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut swarm = swarm(key);
    // What it tells those who reserve.
    swarm.add_external_address(address.clone());
    swarm.listen_on(address).expect("the address is free");
    loop {
        let event = tokio::select! {
            event = swarm.select_next_some() => event,
            _ = &mut stopped => return,
        };
        match event {
            SwarmEvent::NewListenAddr { .. } => ready.send(()).expect("the test waits"),
            SwarmEvent::Behaviour(BehaviourEvent::Relay(relay::Event::CircuitReqAccepted { .. })) => {
                circuits.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
    }
}
