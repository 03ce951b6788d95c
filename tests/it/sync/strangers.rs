//! Those who do not belong: a wrong secret, random bytes, a port scan. They get nothing, learn nothing and cost nothing.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use super::nodes::{Consortium, NETWORK, SECRET};

/// In what is posted; a stranger must not hold it.
const CANARY: &str = "CaNaRy-20d9-members-only";
/// Longest that a stranger listens for an answer.
const LISTEN_MILLISECONDS: u64 = 300;

#[test]
fn a_wrong_secret_gets_nothing() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let mut stranger = consortium.stranger("stranger");
    let [a, b] = consortium.each();
    stranger.join_network(NETWORK, "a wrong guess", &[a.address_by("/udp/"), a.address_by("/tcp/")]);
    stranger.attach("memory", NETWORK);
    stranger.save("mine", "weather", "from the stranger");
    stranger.run("STAGE MEMORY WHERE id = \"mine\"");
    stranger.run("SYNC");
    for number in 0..5 {
        a.post(&format!("w{number}"), "weather", CANARY);
        stranger.run("SYNC");
    }
    b.wait_for_entry("w4");
    assert_eq!(stranger.column("SELECT id FROM memory"), ["mine"]);
    assert_eq!(stranger.value("SELECT connected_peers FROM nebulus.networks"), "0");
    assert!(!a.has_entry("mine") && !b.has_entry("mine"));
    let id = stranger.peer_id();
    for node in [&mut *a, &mut *b] {
        let connected = format!("SELECT count(*) FROM nebulus.peers WHERE peer_id = '{id}' AND connected");
        assert_eq!(node.value(&connected), "0", "{}", node.name);
    }
    // Not even who else is here.
    let other = b.peer_id();
    assert_eq!(stranger.value(&format!("SELECT count(*) FROM nebulus.peers WHERE peer_id = '{other}'")), "0");
    stranger.stop();
    assert_eq!(stranger.files_with(CANARY), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_network_of_another_name_is_not_told_from_a_wrong_secret() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let (mut wrong_name, mut wrong_secret) = (consortium.stranger("wrong name"), consortium.stranger("wrong secret"));
    let [a, b] = consortium.each();
    let address = a.address_by("/udp/");
    wrong_name.join_network("no such network", SECRET, std::slice::from_ref(&address));
    wrong_name.attach("memory", "no such network");
    wrong_secret.join_network(NETWORK, "a wrong guess", &[address]);
    wrong_secret.attach("memory", NETWORK);
    a.post("w1", "weather", CANARY);
    b.wait_for_entry("w1");
    let shown = |node: &mut super::nodes::Node| {
        node.run("SYNC");
        node.wait_for_value("SELECT last_error IS NOT NULL FROM nebulus.networks", "t");
        node.client().rows("SELECT connected_peers, total_peers, last_error, collections FROM nebulus.networks")
    };
    assert_eq!(shown(&mut wrong_name), shown(&mut wrong_secret));
    assert_eq!(wrong_name.value("SELECT count(*) FROM memory"), "0");
}

#[test]
fn random_bytes_get_nothing_and_cost_nothing() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    let (tcp, udp) = (a.socket_by("/tcp/"), a.socket_by("/udp/"));
    a.post("before", "weather", CANARY);
    for round in 0..40_u64 {
        let said = say(tcp, &noise(round, 2_000));
        assert_tells_nothing(&said);
        // What begins like the protocol and goes on as noise.
        let mut almost = b"\x13/multistream/1.0.0\n\x07/noise\n".to_vec();
        almost.extend(noise(round, 500));
        assert_tells_nothing(&say(tcp, &almost));
        shoot(udp, &noise(round, 1_200));
    }
    b.wait_for_entry("before");
    a.post("after", "weather", "rain");
    b.wait_for_entry("after");
    assert_eq!(a.value("SELECT count(*) FROM memory"), "2");
    assert_eq!(a.value("SELECT count(*) FROM nebulus.quarantine"), "0");
    assert!(!a.log().contains("panicked"), "{}", a.log());
}

#[test]
fn connections_that_say_nothing_do_not_pile_up() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    let tcp = a.socket_by("/tcp/");
    // More than a node takes at once; those over its limit are closed, or refused, and members get through all the same.
    let silent: Vec<TcpStream> = (0..300).filter_map(|_| TcpStream::connect(tcp).ok()).collect();
    a.post("meanwhile", "weather", "rain");
    b.wait_for_entry("meanwhile");
    b.kill();
    b.restart();
    b.wait_for_peers(NETWORK, 1);
    drop(silent);
    a.post("after", "weather", "rain");
    b.wait_for_entry("after");
}

#[test]
fn a_port_scan_learns_nothing_of_networks() {
    let mut consortium = Consortium::start(&["a"]);
    let [a] = consortium.each();
    let tcp = a.socket_by("/tcp/");
    let probes: [&[u8]; 6] = [
        b"",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x00\x00\x00\x08\x04\xd2\x16\x2f",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x13/multistream/1.0.0\n\x03ls\n",
        b"SSH-2.0-scan\r\n",
    ];
    for probe in probes {
        assert_tells_nothing(&say(tcp, probe));
    }
    assert_eq!(a.value("SELECT 1"), "1");
}

/// What comes back on a connection of its own.
fn say(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let Ok(mut stream) = TcpStream::connect(address) else { return Vec::new() };
    stream.set_read_timeout(Some(Duration::from_millis(LISTEN_MILLISECONDS))).expect("a time limit");
    stream.set_write_timeout(Some(Duration::from_millis(LISTEN_MILLISECONDS))).expect("a time limit");
    // It may hang up while we speak.
    stream.write_all(bytes).ok();
    let mut said = Vec::new();
    stream.take(64 * 1024).read_to_end(&mut said).ok();
    said
}

fn shoot(address: SocketAddr, bytes: &[u8]) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.send_to(bytes, address).expect("it is sent");
}

fn assert_tells_nothing(said: &[u8]) {
    let text = String::from_utf8_lossy(said);
    for word in [NETWORK, CANARY, "memory", "weather", "nebulus"] {
        assert!(!text.contains(word), "{word} in {text:?}");
    }
}

fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        u8::try_from(state >> 56).expect("eight bits")
    };
    std::iter::repeat_with(next).take(bytes).collect()
}
