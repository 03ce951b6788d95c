//! Peers of other versions: a peer that offers streams of versions that are made up, and what is shown of it.

use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use libp2p::futures::StreamExt;
use libp2p::identity::Keypair;
use libp2p::kad::store::MemoryStore;
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, identify, kad, noise, tcp, yamux};
use nebulusdb::sync::PROTOCOL_VERSION;
use tokio::sync::oneshot;

use super::nodes::{Consortium, NETWORK, SECRET};

/// Longest wait until it listens.
const READY_MAX: Duration = Duration::from_secs(60);

/// Two protocols of any names, which Kademlia listens for; nobody speaks them.
#[derive(NetworkBehaviour)]
struct Behaviour {
    identify: identify::Behaviour,
    one: kad::Behaviour<MemoryStore>,
    other: kad::Behaviour<MemoryStore>,
}

/// A peer that offers streams for members in two versions; it ends when it is dropped.
struct Offering {
    peer: PeerId,
    address: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Offering {
    /// Listens on loopback, and dials an address where there is one.
    fn start(versions: [u32; 2], dials: Option<String>) -> Offering {
        let key = Keypair::generate_ed25519();
        let peer = key.public().to_peer_id();
        let (stop, stopped) = oneshot::channel();
        let (ready_sender, ready) = mpsc::channel();
        let dials = dials.map(|address| address.parse().expect("a multiaddress"));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(run(&key, versions, dials, ready_sender, stopped));
        });
        let address = ready.recv_timeout(READY_MAX).expect("it listens");
        Offering { peer, address: format!("{address}/p2p/{peer}"), stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Offering {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(ended.is_none_or(|ended| ended.is_ok()) || std::thread::panicking(), "it ends well");
    }
}

fn swarm(key: &Keypair, versions: [u32; 2]) -> Swarm<Behaviour> {
    let this = key.public().to_peer_id();
    let identify = identify::Config::new("nebulusdb/x".to_string(), key.public())
        .with_agent_version("nebulusdb/x.y.z".to_string());
    let offers = |version: u32| {
        let name = StreamProtocol::try_from_owned(format!("/nebulusdb/sync/{version}.0.0")).expect("a name");
        let mut kademlia = kad::Behaviour::with_config(this, MemoryStore::new(this), kad::Config::new(name));
        kademlia.set_mode(Some(kad::Mode::Server));
        kademlia
    };
    let [one, other] = versions.map(offers);
    SwarmBuilder::with_existing_identity(key.clone())
        .with_tokio()
        .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
        .expect("TCP")
        .with_behaviour(|_| Behaviour { identify: identify::Behaviour::new(identify), one, other })
        .expect("the protocols")
        .build()
}

async fn run(
    key: &Keypair,
    versions: [u32; 2],
    dials: Option<Multiaddr>,
    ready: mpsc::Sender<Multiaddr>,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut swarm = swarm(key, versions);
    swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse().expect("a multiaddress")).expect("a free port");
    if let Some(address) = dials {
        swarm.dial(address).expect("an address");
    }
    loop {
        let event = tokio::select! {
            event = swarm.select_next_some() => event,
            _ = &mut stopped => return,
        };
        if let SwarmEvent::NewListenAddr { address, .. } = event {
            ready.send(address).ok();
        }
    }
}

#[test]
fn a_peer_of_another_version_is_refused_by_name() {
    let mut consortium = Consortium::apart(&["a", "b"]);
    let [a, b] = consortium.each();
    a.create_network(NETWORK, SECRET);
    let here = u32::from(PROTOCOL_VERSION);
    let newer = Offering::start([here + 1, here + 2], Some(a.address_by("/tcp/")));
    let refused = |peer: &PeerId, what: &str| {
        format!("SELECT count(*) FROM nebulus.peers WHERE peer_id = '{peer}' AND refused LIKE '{what}'")
    };
    let update_here =
        format!("%version {} of the protocol%x.y.z%, this node version %{here}: update this node%", here + 2);
    a.wait_for_value(&refused(&newer.peer, &update_here), "1");
    let older = Offering::start([1, 1], Some(a.address_by("/tcp/")));
    a.wait_for_value(&refused(&older.peer, "%version 4 or an older one%: update that node%"), "1");
    // Whoever joins at such a peer is told by its network, too.
    b.join_network(NETWORK, SECRET, std::slice::from_ref(&newer.address));
    b.wait_for_value(&refused(&newer.peer, &update_here), "1");
    let of_network = format!("SELECT network FROM nebulus.peers WHERE peer_id = '{}'", newer.peer);
    assert_eq!(b.value(&of_network), NETWORK);
    b.wait_for_value("SELECT last_error LIKE '%update this node%' FROM nebulus.networks", "t");
    assert!(b.client().rows("SHOW PEERS").iter().flatten().flatten().any(|cell| cell.contains("update this node")));
}

#[test]
fn two_peers_agree_on_a_version_that_both_speak() {
    let mut consortium = Consortium::apart(&["a"]);
    let [a] = consortium.each();
    a.create_network(NETWORK, SECRET);
    let here = u32::from(PROTOCOL_VERSION);
    // The last of them comes later than those that are spoken with.
    let both = Offering::start([here + 1, here], Some(a.address_by("/tcp/")));
    let before = Offering::start([here - 1, here - 1], Some(a.address_by("/tcp/")));
    let newer = Offering::start([here + 1, here + 2], Some(a.address_by("/tcp/")));
    let refused = |peer: &PeerId| format!("SELECT count(*) FROM nebulus.peers WHERE peer_id = '{peer}'");
    a.wait_for_value(&refused(&newer.peer), "1");
    assert_eq!(a.value(&refused(&both.peer)), "0");
    assert_eq!(a.value(&refused(&before.peer)), "0", "the version before is still spoken");
}
