//! Three nodes in network namespaces of their own, on a bridge in a fourth: links that are really cut.
//!
//! It needs root and a kernel with namespaces, veth and bridges. Without them, the tests say so on standard error, past the
//! capture of the test runner, and check nothing. Nothing of this touches the machine's own network.

use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use super::nodes::{NETWORK, SECRET, wait_for};
use crate::harness::{Launch, Server, program_in};

static LABS: AtomicUsize = AtomicUsize::new(0);

/// Namespaces joined by a bridge; gone when dropped, with their servers.
struct Lab {
    hub: String,
    nodes: Vec<LabNode>,
    directory: TempDir,
}

struct LabNode {
    namespace: String,
    /// Its end of the cable at the bridge.
    port: String,
    address: String,
    server: Server,
}

/// Runs `ip`; what it said when it failed.
fn ip(arguments: &str) -> Result<(), String> {
    let output = Command::new("ip").args(arguments.split(' ')).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("ip: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("ip {arguments}: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}

impl Lab {
    /// `None`, and a message, where the machine does not allow it.
    fn start(test: &str, count: usize) -> Option<Lab> {
        let prefix = format!("nebulus-{}-{}", std::process::id(), LABS.fetch_add(1, Ordering::Relaxed));
        let mut lab = Lab { hub: format!("{prefix}-hub"), nodes: Vec::new(), directory: directory() };
        let built = lab.build(&prefix, count);
        if let Err(reason) = built {
            // Lines of the runner would swallow it.
            let said = format!("\nSKIPPED {test}: network namespaces are not allowed here ({reason})\n");
            std::io::stderr().write_all(said.as_bytes()).expect("standard error is open");
            for number in 1..=count {
                ip(&format!("netns del {prefix}-{number}")).ok();
            }
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
            ip(&format!("netns add {namespace}"))?;
            ip(&format!("-n {namespace} link set lo up"))?;
            ip(&format!("-n {namespace} link add cable type veth peer name {port} netns {hub}"))?;
            ip(&format!("-n {namespace} addr add 10.213.0.{number}/24 dev cable"))?;
            ip(&format!("-n {namespace} link set cable up"))?;
            ip(&format!("-n {hub} link set {port} master bridge0"))?;
            ip(&format!("-n {hub} link set {port} up"))?;
        }
        for number in 1..=count {
            let namespace = format!("{prefix}-{number}");
            let address = format!("10.213.0.{number}");
            let listen = [format!("/ip4/{address}/udp/4001/quic-v1"), format!("/ip4/{address}/tcp/4001")];
            let mut launch = Launch::on(&self.directory.path().join(&namespace));
            launch = launch.with(&["--p2p-listen", &listen[0], "--p2p-listen", &listen[1]]);
            launch.namespace = Some(namespace.clone());
            let server = launch.start();
            self.nodes.push(LabNode { namespace, port: format!("port{number}"), address, server });
        }
        Ok(())
    }

    /// Founds the network on the first and joins the others at it.
    fn bring_together(&self) {
        let (first, others) = self.nodes.split_first().expect("a node");
        first.run(&format!("CREATE NETWORK \"{NETWORK}\" WITH (secret = '{SECRET}', sync_interval_ms = 50)"));
        first.run(&format!("ATTACH COLLECTION memory TO NETWORK \"{NETWORK}\""));
        let peer_id = first.value("SELECT peer_id FROM nebulus.node");
        for other in others {
            let at = format!("/ip4/{}/udp/4001/quic-v1/p2p/{peer_id}", first.address);
            let options = format!("WITH (secret = '{SECRET}', sync_interval_ms = 50)");
            other.run(&format!("JOIN NETWORK \"{NETWORK}\" AT \"{at}\" {options}"));
            other.run(&format!("ATTACH COLLECTION memory TO NETWORK \"{NETWORK}\""));
        }
        first.wait_for_value("SELECT connected_peers FROM nebulus.networks", &others.len().to_string());
    }

    fn cut(&self, position: usize) {
        ip(&format!("-n {} link set {} down", self.hub, self.nodes[position].port)).expect("the cable is pulled");
    }

    fn heal(&self, position: usize) {
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
    /// Runs one statement by the program's own client, inside the namespace.
    fn query(&self, text: &str) -> Output {
        let url = format!("postgresql://nebulus@{}/nebulus", self.server.address);
        program_in(Some(&self.namespace))
            .args(["query", "--plain", "--url", &url, text])
            .stdin(Stdio::null())
            .output()
            .expect("the client runs")
    }

    fn run(&self, text: &str) {
        let output = self.query(text);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {text}\n{said}", self.namespace);
    }

    fn value(&self, text: &str) -> String {
        let output = self.query(text);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {text}\n{said}", self.namespace);
        String::from_utf8_lossy(&output.stdout).trim_end().to_string()
    }

    fn wait_for_value(&self, query: &str, wanted: &str) {
        wait_for(|| {
            let seen = self.value(query);
            if seen == wanted {
                Ok(())
            } else {
                Err(format!("{}: {query}\ngives {seen}, not {wanted}", self.namespace))
            }
        });
    }

    fn post(&self, id: &str, text: &str) {
        self.run(&format!("SET MEMORY id = \"{id}\" metadata = {{\"topic\": \"weather\", \"text\": \"{text}\"}}"));
        self.run(&format!("STAGE MEMORY WHERE id = \"{id}\""));
        self.run("SYNC");
    }

    fn wait_for_text(&self, id: &str, text: &str) {
        let query = format!("SELECT coalesce(max(metadata->>'text'), 'no entry') FROM memory WHERE id = '{id}'");
        self.wait_for_value(&query, text);
    }
}

fn directory() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

#[test]
fn nodes_that_were_cut_off_work_on_and_converge_when_the_link_heals() {
    let Some(lab) = Lab::start("nodes_that_were_cut_off_work_on_and_converge_when_the_link_heals", 3) else { return };
    lab.bring_together();
    let [a, b, c] = &lab.nodes[..] else { panic!("three nodes") };
    a.post("w1", "before");
    b.wait_for_text("w1", "before");
    c.wait_for_text("w1", "before");
    lab.cut(2);
    // Both sides write and post; the one side hears nothing of the other.
    a.post("w2", "by the two");
    b.wait_for_text("w2", "by the two");
    c.post("w3", "by the one");
    c.run("DELETE WHERE id = \"w1\"");
    c.run("SYNC");
    b.run("UPDATE memory SET metadata = '{\"text\": \"edited\"}' WHERE id = 'w1'");
    b.run("STAGE MEMORY WHERE id = \"w1\"");
    b.run("SYNC");
    a.wait_for_text("w1", "edited");
    assert_eq!(a.value("SELECT count(*) FROM memory WHERE id = 'w3'"), "0");
    assert_eq!(c.value("SELECT count(*) FROM memory WHERE id = 'w2'"), "0");
    lab.heal(2);
    for node in [a, b, c] {
        node.wait_for_text("w2", "by the two");
        node.wait_for_text("w3", "by the one");
        node.wait_for_text("w1", "no entry");
    }
}

#[test]
fn two_that_cannot_see_each_other_converge_through_a_third() {
    let Some(lab) = Lab::start("two_that_cannot_see_each_other_converge_through_a_third", 3) else { return };
    lab.bring_together();
    let [a, b, c] = &lab.nodes[..] else { panic!("three nodes") };
    // b and c know a alone: each drops what the other sends.
    for (node, other) in [(b, c), (c, b)] {
        let dropped = ip(&format!("-n {} route add blackhole {}/32", node.namespace, other.address));
        dropped.expect("a route");
    }
    b.post("from b", "rain");
    c.post("from c", "sun");
    a.wait_for_text("from b", "rain");
    a.wait_for_text("from c", "sun");
    b.wait_for_text("from c", "sun");
    c.wait_for_text("from b", "rain");
}

#[test]
fn a_network_that_is_down_blocks_no_statement() {
    let Some(lab) = Lab::start("a_network_that_is_down_blocks_no_statement", 2) else { return };
    lab.bring_together();
    let [a, b] = &lab.nodes[..] else { panic!("two nodes") };
    lab.cut(0);
    let started = std::time::Instant::now();
    for number in 0..10 {
        a.post(&format!("down-{number}"), "rain");
    }
    // Ten SYNCs that nobody answers, each bounded, and the statements of a client process each.
    assert!(started.elapsed() < std::time::Duration::from_secs(150), "{:?}", started.elapsed());
    lab.heal(0);
    b.wait_for_text("down-9", "rain");
}
