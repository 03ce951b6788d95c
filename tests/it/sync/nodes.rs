//! Servers that are peers of one another: starting them, bringing them together, waiting for what they show.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::client::Client;
use crate::harness::{Launch, Server};

/// The network of most tests.
pub const NETWORK: &str = "consortium-1";
pub const SECRET: &str = "open sesame, said the consortium";
/// Longest wait for anything that peers do together, with all tests of the machine running at once.
const TOGETHER_SECONDS_MAX: u64 = 90;
/// Between two looks.
const LOOK_MILLISECONDS: u64 = 20;
/// Where peers listen until they have ports of their own.
const LISTEN_ANYWHERE: [&str; 2] = ["/ip4/127.0.0.1/udp/0/quic-v1", "/ip4/127.0.0.1/tcp/0"];

/// A server and a connection to it.
pub struct Node {
    pub name: &'static str,
    data: PathBuf,
    listen: Vec<String>,
    /// Absent while it is down.
    running: Option<(Server, Client)>,
}

impl Node {
    /// Starts a server with its data below `folder`. It listens for peers on free ports of loopback.
    pub fn start(folder: &Path, name: &'static str) -> Node {
        let listen = LISTEN_ANYWHERE.map(String::from).to_vec();
        let mut node = Node { name, data: folder.join(name), listen, running: None };
        node.launch();
        node
    }

    fn launch(&mut self) {
        assert!(self.running.is_none(), "{} runs", self.name);
        let listen = self.listen.iter().flat_map(|address| ["--p2p-listen", address.as_str()]);
        // Many servers run at once in these tests.
        let arguments: Vec<&str> = ["--cache-mb", "32"].into_iter().chain(listen).collect();
        let server = Launch::on(&self.data).with(&arguments).start();
        let client = server.client();
        self.running = Some((server, client));
    }

    /// SIGKILL, as a crash or a power cut would end it. It comes back on the ports that it had.
    pub fn kill(&mut self) {
        self.keep_ports();
        let (server, _) = self.running.take().unwrap_or_else(|| panic!("{} is down", self.name));
        server.kill();
    }

    pub fn stop(&mut self) {
        self.keep_ports();
        let (server, _) = self.running.take().unwrap_or_else(|| panic!("{} is down", self.name));
        assert!(server.stop().success(), "{} ends well", self.name);
    }

    pub fn restart(&mut self) {
        self.launch();
    }

    fn keep_ports(&mut self) {
        let addresses = self.addresses();
        let without_peer = addresses.iter().filter_map(|address| Some(address.split_once("/p2p/")?.0.to_string()));
        let with_ports: Vec<String> = without_peer.filter(|address| address.starts_with("/ip4/127.0.0.1/")).collect();
        if !with_ports.is_empty() {
            self.listen = with_ports;
        }
    }

    /// It comes back on free ports that nobody knows.
    pub fn forget_ports(&mut self) {
        assert!(self.running.is_none(), "{} runs", self.name);
        self.listen = LISTEN_ANYWHERE.map(String::from).to_vec();
    }

    pub fn client(&mut self) -> &mut Client {
        let name = self.name;
        &mut self.running.as_mut().unwrap_or_else(|| panic!("{name} is down")).1
    }

    pub fn server(&self) -> &Server {
        &self.running.as_ref().unwrap_or_else(|| panic!("{} is down", self.name)).0
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    pub fn run(&mut self, text: &str) -> String {
        self.client().run(text)
    }

    pub fn value(&mut self, text: &str) -> String {
        self.client().value(text)
    }

    pub fn column(&mut self, text: &str) -> Vec<String> {
        self.client().column(text)
    }

    /// The SQLSTATE of a statement that must fail.
    pub fn error_code(&mut self, text: &str) -> String {
        self.client().error(text).code
    }

    pub fn peer_id(&mut self) -> String {
        self.value("SELECT peer_id FROM nebulus.node")
    }

    /// Multiaddresses that peers can dial; none before the node has a network.
    pub fn addresses(&mut self) -> Vec<String> {
        let array = self.value("SELECT addresses FROM nebulus.node");
        let inner = array.trim_start_matches('{').trim_end_matches('}');
        inner.split(',').map(|each| each.trim_matches('"').to_string()).filter(|each| !each.is_empty()).collect()
    }

    /// Waits until it can be dialled by a transport: `/tcp/` or `/udp/`.
    pub fn address_by(&mut self, transport: &str) -> String {
        let wanted = |address: &&String| address.contains(transport) && address.starts_with("/ip4/127.0.0.1/");
        let mut seen = Vec::new();
        wait_for(|| {
            seen = self.addresses();
            seen.iter().find(wanted).cloned().ok_or_else(|| format!("{} listens on {seen:?}", self.name))
        })
    }

    /// Where it listens on loopback by a transport.
    pub fn socket_by(&mut self, transport: &str) -> SocketAddr {
        let address = self.address_by(transport);
        let parts: Vec<&str> = address.split('/').collect();
        let port = parts[4].parse().unwrap_or_else(|_| panic!("{address} has a port"));
        SocketAddr::from((Ipv4Addr::LOCALHOST, port))
    }

    /// Founds a network that looks at its stage often.
    pub fn create_network(&mut self, network: &str, secret: &str) {
        self.run(&format!("CREATE NETWORK \"{network}\" WITH (secret = '{secret}', sync_interval_ms = 50)"));
    }

    pub fn join_network(&mut self, network: &str, secret: &str, addresses: &[String]) {
        let addresses = addresses.iter().map(|address| format!("\"{address}\"")).collect::<Vec<_>>().join(", ");
        self.run(&format!(
            "JOIN NETWORK \"{network}\" AT {addresses} WITH (secret = '{secret}', sync_interval_ms = 50)"
        ));
    }

    pub fn attach(&mut self, collection: &str, network: &str) {
        self.run(&format!("ATTACH COLLECTION {collection} TO NETWORK \"{network}\""));
    }

    /// Writes a memory with one fact more than its topic.
    pub fn save(&mut self, id: &str, topic: &str, text: &str) {
        self.run(&format!(
            "SET MEMORY id = \"{id}\" metadata = {{\"topic\": \"{topic}\", \"text\": \"{text}\"}} vector = [1, 2, 3]"
        ));
    }

    /// Stages and posts, so that everything staged before is on its way.
    pub fn stage(&mut self, condition: &str) {
        self.run(&format!("STAGE MEMORY WHERE {condition}"));
        self.run("SYNC");
    }

    /// Writes and posts an entry that nothing else is known of.
    pub fn post(&mut self, id: &str, topic: &str, text: &str) {
        self.save(id, topic, text);
        self.stage(&format!("id = \"{id}\""));
    }

    /// Waits until a query gives one value; until then it may give none, as the row may be on its way.
    pub fn wait_for_value(&mut self, query: &str, wanted: &str) {
        let name = self.name;
        wait_for(|| {
            let seen = self.column(query);
            if seen == [wanted] { Ok(()) } else { Err(format!("{name}: {query}\ngives {seen:?}, not {wanted}")) }
        });
    }

    /// Waits until it has an entry.
    pub fn wait_for_entry(&mut self, id: &str) {
        self.wait_for_value(&count_of(id), "1");
    }

    pub fn wait_for_text(&mut self, id: &str, text: &str) {
        self.wait_for_value(
            &format!("SELECT coalesce(max(metadata->>'text'), 'no entry') FROM memory WHERE id = '{id}'"),
            text,
        );
    }

    pub fn has_entry(&mut self, id: &str) -> bool {
        self.value(&count_of(id)) == "1"
    }

    pub fn wait_for_peers(&mut self, network: &str, least: usize) {
        let query = format!("SELECT connected_peers >= {least} FROM nebulus.networks WHERE name = '{network}'");
        self.wait_for_value(&query, "t");
    }

    /// Everything that its memories show, in order, to compare nodes by.
    pub fn memories(&mut self) -> Vec<Vec<Option<String>>> {
        self.client().rows("SELECT id, metadata, vector, blob_hash, blob_size, blob_type FROM memory ORDER BY id")
    }

    /// Files of its data directory that hold a text; its log lies elsewhere.
    pub fn files_with(&self, text: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.data.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else if std::fs::read(&path)
                    .is_ok_and(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
                {
                    found.push(path);
                }
            }
        }
        found
    }

    pub fn log(&self) -> String {
        self.server().log()
    }
}

fn count_of(id: &str) -> String {
    format!("SELECT count(*) FROM memory WHERE id = '{id}'")
}

impl Drop for Node {
    /// What it logged, when its test fails: the runner shows it with the failure.
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some((server, _)) = &self.running
        {
            say_end_of_log(self.name, &server.log());
        }
    }
}

/// Tells the end of a log on standard error.
pub fn say_end_of_log(name: &str, log: &str) {
    let lines: Vec<&str> = log.lines().collect();
    let last = lines[lines.len().saturating_sub(40)..].join("\n");
    let said = format!("the end of the log of {name}:\n{last}\n");
    std::io::stderr().write_all(said.as_bytes()).ok();
}

/// Nodes with one network, `memory` attached to it on each.
pub struct Consortium {
    pub nodes: Vec<Node>,
    directory: TempDir,
}

impl Consortium {
    /// The first founds it, the others join at its QUIC and TCP addresses; all see each other when this returns.
    pub fn start(names: &[&'static str]) -> Consortium {
        let mut consortium = Consortium::apart(names);
        let nodes = &mut consortium.nodes;
        nodes[0].create_network(NETWORK, SECRET);
        nodes[0].attach("memory", NETWORK);
        let addresses = [nodes[0].address_by("/udp/"), nodes[0].address_by("/tcp/")];
        for node in &mut nodes[1..] {
            node.join_network(NETWORK, SECRET, &addresses);
            node.attach("memory", NETWORK);
        }
        let others = nodes.len() - 1;
        for node in nodes {
            node.wait_for_peers(NETWORK, others);
        }
        consortium
    }

    /// Lets members delete what others made; ends once all have heard of it.
    pub fn let_all_delete(&mut self) {
        let let_all = format!("ALTER NETWORK \"{NETWORK}\" ALTER COLLECTION memory SET (deleters = 'members')");
        self.nodes[0].run(&let_all);
        for node in &mut self.nodes {
            node.wait_for_value("SELECT rights->'memory'->>'deleters' FROM nebulus.networks", "members");
        }
    }

    /// Nodes that have not met.
    pub fn apart(names: &[&'static str]) -> Consortium {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let nodes = names.iter().map(|name| Node::start(directory.path(), name)).collect();
        Consortium { nodes, directory }
    }

    /// One more node, outside of the network.
    pub fn stranger(&self, name: &'static str) -> Node {
        Node::start(self.directory.path(), name)
    }

    /// All of them, by name.
    pub fn each<const N: usize>(&mut self) -> [&mut Node; N] {
        let nodes: Vec<&mut Node> = self.nodes.iter_mut().collect();
        nodes.try_into().unwrap_or_else(|nodes: Vec<_>| panic!("{} nodes, not {N}", nodes.len()))
    }

    /// Waits until all nodes show the same memories.
    pub fn wait_until_equal(&mut self) {
        wait_for(|| {
            let (first, others) = self.nodes.split_first_mut().expect("a node");
            let expected = first.memories();
            for other in others {
                let seen = other.memories();
                if seen != expected {
                    return Err(difference(first.name, &expected, other.name, &seen));
                }
            }
            Ok(())
        });
    }
}

fn difference(one: &str, ones: &[Vec<Option<String>>], two: &str, twos: &[Vec<Option<String>>]) -> String {
    let only = |these: &[Vec<Option<String>>], those: &[Vec<Option<String>>]| {
        let only: Vec<_> = these.iter().filter(|row| !those.contains(row)).collect();
        format!("{} rows alone, the first {:?}", only.len(), only.first())
    };
    format!("{one} has {}\n{two} has {}", only(ones, twos), only(twos, ones))
}

/// Looks again and again until there is a result; panics with the last reason when that takes too long.
pub fn wait_for<T>(look: impl FnMut() -> Result<T, String>) -> T {
    wait_up_to(Duration::from_secs(TOGETHER_SECONDS_MAX), look)
}

pub fn wait_up_to<T>(longest: Duration, mut look: impl FnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + longest;
    loop {
        match look() {
            Ok(found) => return found,
            Err(reason) => assert!(Instant::now() < deadline, "after {longest:?}: {reason}"),
        }
        std::thread::sleep(Duration::from_millis(LOOK_MILLISECONDS));
    }
}
