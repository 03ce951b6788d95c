//! Strangers that hold connections and say nothing, more of them than a node has places for: a member gets in all the same,
//! a new one whom nobody knows yet.

use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use libp2p::futures::StreamExt;
use libp2p::swarm::{SwarmEvent, dummy};
use libp2p::{Multiaddr, SwarmBuilder, noise, tcp, yamux};

use super::nodes::{Consortium, NETWORK, SECRET, wait_for};

/// Connections that the crowd wants: more than a node makes at a time, and more than it keeps of strangers.
const SILENT: usize = 200;
const IDLE: usize = 90;
/// How often somebody of the crowd who has lost a connection makes another.
const AGAIN: Duration = Duration::from_millis(500);
/// New silent connections at a time.
const AT_A_TIME: usize = 20;

/// Goes on until it is dropped.
struct Crowd {
    is_over: Arc<AtomicBool>,
    present: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Crowd {
    fn begin(run: impl FnOnce(&AtomicBool, &Arc<AtomicUsize>) + Send + 'static) -> Crowd {
        let (is_over, present) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (over, count) = (Arc::clone(&is_over), Arc::clone(&present));
        let thread = std::thread::spawn(move || run(&over, &count));
        Crowd { is_over, present, thread: Some(thread) }
    }

    /// Connects by TCP and never says a word.
    fn silent(to: SocketAddr) -> Crowd {
        Crowd::begin(move |is_over, present| {
            let mut streams: Vec<TcpStream> = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                streams.retain_mut(|stream| {
                    let read = stream.read(&mut [0; 64]);
                    matches!(read, Ok(1..)) || read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
                });
                for _ in streams.len()..SILENT.min(streams.len() + AT_A_TIME) {
                    let Ok(stream) = TcpStream::connect(to) else { break };
                    stream.set_nonblocking(true).expect("a socket");
                    streams.push(stream);
                }
                present.store(streams.len(), Ordering::Relaxed);
                std::thread::sleep(AGAIN / 10);
            }
        })
    }

    /// Shakes hands under names of its own, and opens no stream.
    fn idle(to: &str) -> Crowd {
        let to: Multiaddr = to.parse().expect("a multiaddress");
        Crowd::begin(move |is_over, present| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            for _ in 0..IDLE {
                runtime.spawn(stay(to.clone(), Arc::clone(present)));
            }
            runtime.block_on(async {
                while !is_over.load(Ordering::Relaxed) {
                    tokio::time::sleep(AGAIN / 10).await;
                }
            });
        })
    }

    fn wait_for(&self, least: usize) {
        wait_for(|| match self.present.load(Ordering::Relaxed) {
            present if present >= least => Ok(()),
            present => Err(format!("{present} of the crowd are there")),
        });
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let thread = self.thread.take().expect("it was begun");
        assert!(thread.join().is_ok() || std::thread::panicking(), "the crowd panicked");
    }
}

async fn stay(to: Multiaddr, present: Arc<AtomicUsize>) {
    let swarm = SwarmBuilder::with_new_identity().with_tokio();
    let swarm = swarm.with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default).expect("TCP");
    let swarm = swarm.with_behaviour(|_| dummy::Behaviour).expect("no protocol");
    let mut swarm =
        swarm.with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(600))).build();
    loop {
        if swarm.dial(to.clone()).is_ok() {
            loop {
                match swarm.select_next_some().await {
                    SwarmEvent::ConnectionEstablished { .. } => drop(present.fetch_add(1, Ordering::Relaxed)),
                    SwarmEvent::ConnectionClosed { .. } => {
                        present.fetch_sub(1, Ordering::Relaxed);
                        break;
                    }
                    SwarmEvent::OutgoingConnectionError { .. } => break,
                    _ => {}
                }
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Somebody joins by TCP while a crowd is there, and a member that was there before comes back.
fn members_get_in(mut consortium: Consortium, crowd: &Crowd, least: usize) {
    crowd.wait_for(least);
    let mut newcomer = consortium.stranger("newcomer");
    let [a, b] = consortium.each();
    newcomer.join_network(NETWORK, SECRET, &[a.address_by("/tcp/")]);
    newcomer.attach("memory", NETWORK);
    newcomer.wait_for_peers(NETWORK, 1);
    a.post("meanwhile", "weather", "rain");
    newcomer.wait_for_entry("meanwhile");
    b.kill();
    b.restart();
    b.wait_for_peers(NETWORK, 1);
    b.wait_for_entry("meanwhile");
}

#[test]
fn connections_that_say_nothing_keep_no_member_out() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let crowd = Crowd::silent(consortium.nodes[0].socket_by("/tcp/"));
    members_get_in(consortium, &crowd, 100);
}

#[test]
fn strangers_that_shake_hands_and_wait_keep_no_member_out() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let crowd = Crowd::idle(&consortium.nodes[0].address_by("/tcp/"));
    members_get_in(consortium, &crowd, 60);
}
