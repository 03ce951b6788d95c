//! A laboratory of network namespaces: nodes each in one of their own, cabled to a bridge in another.
//!
//! It needs root and a kernel with namespaces, veth and bridges. Without them, the tests say so on standard error, past the
//! capture of the test runner, and check nothing. Nothing of this touches the machine's own network.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use super::nodes::{NETWORK, SECRET, wait_for};
use crate::harness::{Launch, Server, program_in};

static LABS: AtomicUsize = AtomicUsize::new(0);

/// Namespaces joined by a bridge; gone when dropped, with their servers.
pub struct Lab {
    hub: String,
    pub nodes: Vec<LabNode>,
    directory: TempDir,
}

pub struct LabNode {
    pub namespace: String,
    /// Its end of the cable at the bridge.
    port: String,
    pub address: String,
    data: PathBuf,
    /// Absent while it is down.
    server: Option<Server>,
}

/// Runs `ip`; what it said when it failed.
pub fn ip(arguments: &str) -> Result<(), String> {
    let output = Command::new("ip").args(arguments.split(' ')).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("ip: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("ip {arguments}: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}

impl Lab {
    /// Servers in as many namespaces. `None`, and a message, where the machine does not allow it.
    pub fn start(test: &str, count: usize) -> Option<Lab> {
        let mut lab = Lab::cables(test, count)?;
        for node in &mut lab.nodes {
            node.launch(&node.listen_directly());
        }
        Some(lab)
    }

    /// Namespaces in which nothing runs yet. `None`, and a message, where the machine does not allow it.
    pub fn cables(test: &str, count: usize) -> Option<Lab> {
        let prefix = format!("nebulus-{}-{}", std::process::id(), LABS.fetch_add(1, Ordering::Relaxed));
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut lab = Lab { hub: format!("{prefix}-hub"), nodes: Vec::new(), directory };
        let built = lab.build(&prefix, count);
        if let Err(reason) = built {
            // Lines of the runner would swallow it.
            let said = format!("\nSKIPPED {test}: network namespaces are not allowed here ({reason})\n");
            std::io::stderr().write_all(said.as_bytes()).expect("standard error is open");
            return None;
        }
        Some(lab)
    }

    fn build(&mut self, prefix: &str, count: usize) -> Result<(), String> {
        let hub = self.hub.clone();
        ip(&format!("netns add {hub}"))?;
        ip(&format!("-n {hub} link add bridge0 type bridge"))?;
        ip(&format!("-n {hub} link set bridge0 up"))?;
        for number in 1..=count {
            let (namespace, port) = (format!("{prefix}-{number}"), format!("port{number}"));
            let address = format!("10.213.0.{number}");
            ip(&format!("netns add {namespace}"))?;
            let data = self.directory.path().join(&namespace);
            let (at, end) = (namespace.clone(), port.clone());
            self.nodes.push(LabNode { namespace, port, address: address.clone(), data, server: None });
            ip(&format!("-n {at} link set lo up"))?;
            ip(&format!("-n {at} link add cable type veth peer name {end} netns {hub}"))?;
            ip(&format!("-n {at} addr add {address}/24 dev cable"))?;
            ip(&format!("-n {at} link set cable up"))?;
            ip(&format!("-n {hub} link set {end} master bridge0"))?;
            ip(&format!("-n {hub} link set {end} up"))?;
        }
        Ok(())
    }

    /// Founds the network on the first and joins the others at it.
    pub fn bring_together(&self) {
        let (first, others) = self.nodes.split_first().expect("a node");
        first.create("");
        let at = first.address_by("/udp/");
        for other in others {
            other.join(&at, "");
        }
        first.wait_for_value("SELECT connected_peers FROM nebulus.networks", &others.len().to_string());
    }

    /// Two that drop what the other one sends, and reach everybody else.
    pub fn keep_apart(&self, one: usize, other: usize) {
        for (node, other) in [(one, other), (other, one)] {
            let (node, other) = (&self.nodes[node], &self.nodes[other]);
            let dropped = ip(&format!("-n {} route add blackhole {}/32", node.namespace, other.address));
            dropped.expect("a route");
        }
    }

    pub fn cut(&self, position: usize) {
        ip(&format!("-n {} link set {} down", self.hub, self.nodes[position].port)).expect("the cable is pulled");
    }

    pub fn heal(&self, position: usize) {
        ip(&format!("-n {} link set {} up", self.hub, self.nodes[position].port)).expect("the cable is back");
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let names: Vec<String> = self.nodes.iter().map(|node| node.namespace.clone()).collect();
        // The servers first: a namespace lives as long as its processes.
        self.nodes.clear();
        for name in names.iter().chain([&self.hub]) {
            ip(&format!("netns del {name}")).ok();
        }
    }
}

impl LabNode {
    /// Its own address, by QUIC and TCP.
    pub fn listen_directly(&self) -> Vec<String> {
        vec![format!("/ip4/{}/udp/4001/quic-v1", self.address), format!("/ip4/{}/tcp/4001", self.address)]
    }

    /// Starts its server, which listens for peers there.
    pub fn launch(&mut self, listen: &[String]) {
        assert!(self.server.is_none(), "{} runs", self.namespace);
        let listen = listen.iter().flat_map(|address| ["--p2p-listen", address.as_str()]);
        // Many servers run at once in these tests.
        let arguments: Vec<&str> = ["--cache-mb", "32"].into_iter().chain(listen).collect();
        let mut launch = Launch::on(&self.data).with(&arguments);
        launch.namespace = Some(self.namespace.clone());
        self.server = Some(launch.start());
    }

    pub fn stop(&mut self) {
        let server = self.server.take().unwrap_or_else(|| panic!("{} is down", self.namespace));
        assert!(server.stop().success(), "{} ends well", self.namespace);
    }

    fn server(&self) -> &Server {
        self.server.as_ref().unwrap_or_else(|| panic!("{} is down", self.namespace))
    }

    pub fn log(&self) -> String {
        self.server().log()
    }

    /// Founds the network, with further options.
    pub fn create(&self, options: &str) {
        self.run(&format!("CREATE NETWORK \"{NETWORK}\" {}", with(options)));
        self.run(&format!("ATTACH COLLECTION memory TO NETWORK \"{NETWORK}\""));
    }

    /// Joins the network at an address, with further options.
    pub fn join(&self, address: &str, options: &str) {
        self.run(&format!("JOIN NETWORK \"{NETWORK}\" AT \"{address}\" {}", with(options)));
        self.run(&format!("ATTACH COLLECTION memory TO NETWORK \"{NETWORK}\""));
    }

    /// Waits until it shows an address of its own that holds this text.
    pub fn address_by(&self, text: &str) -> String {
        wait_for(|| {
            let seen = self.value("SELECT array_to_string(addresses, ' ') FROM nebulus.node");
            let found = seen.split(' ').find(|address| address.contains(text)).map(String::from);
            found.ok_or_else(|| format!("{} listens on {seen}, nowhere by {text}", self.namespace))
        })
    }

    /// Runs one statement by the program's own client, inside the namespace.
    fn query(&self, text: &str) -> Output {
        let url = format!("postgresql://nebulus@{}/nebulus", self.server().address);
        program_in(Some(&self.namespace))
            .args(["query", "--plain", "--url", &url, text])
            .stdin(Stdio::null())
            .output()
            .expect("the client runs")
    }

    pub fn run(&self, text: &str) {
        let output = self.query(text);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {text}\n{said}", self.namespace);
    }

    pub fn value(&self, text: &str) -> String {
        let output = self.query(text);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {text}\n{said}", self.namespace);
        String::from_utf8_lossy(&output.stdout).trim_end().to_string()
    }

    pub fn wait_for_value(&self, query: &str, wanted: &str) {
        wait_for(|| {
            let seen = self.value(query);
            if seen == wanted {
                Ok(())
            } else {
                Err(format!("{}: {query}\ngives {seen}, not {wanted}", self.namespace))
            }
        });
    }

    pub fn wait_for_peers(&self, least: usize) {
        self.wait_for_value(&format!("SELECT connected_peers >= {least} FROM nebulus.networks"), "t");
    }

    pub fn post(&self, id: &str, text: &str) {
        self.run(&format!("SET MEMORY id = \"{id}\" metadata = {{\"topic\": \"weather\", \"text\": \"{text}\"}}"));
        self.run(&format!("STAGE MEMORY WHERE id = \"{id}\""));
        self.run("SYNC");
    }

    pub fn wait_for_text(&self, id: &str, text: &str) {
        let query = format!("SELECT coalesce(max(metadata->>'text'), 'no entry') FROM memory WHERE id = '{id}'");
        self.wait_for_value(&query, text);
    }
}

impl Drop for LabNode {
    /// What it logged, when its test fails: the runner shows it with the failure.
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(server) = &self.server
        {
            super::nodes::say_end_of_log(&self.namespace, &server.log());
        }
    }
}

fn with(options: &str) -> String {
    let further = if options.is_empty() { String::new() } else { format!(", {options}") };
    format!("WITH (secret = '{SECRET}', sync_interval_ms = 50{further})")
}
