//! What a node says of itself: why nobody is connected, what an endpoint refused, what is public already.

use super::graph_endpoint::GraphEndpoint;
use super::nodes::{Consortium, NETWORK, Node, SECRET, wait_for};
use crate::client::Failure;

const WRONG_SECRET: &str = "a guess that nobody should read";

/// Waits until it shows why nobody is connected.
fn wait_for_reason(node: &mut Node, part: &str) -> String {
    wait_for(|| {
        let reason = node.value("SELECT last_error FROM nebulus.networks");
        if reason.contains(part) { Ok(reason) } else { Err(format!("last_error is {reason}, without {part}")) }
    })
}

/// The notices of a statement that must succeed.
fn notices(node: &mut Node, text: &str) -> (String, Vec<Failure>) {
    let reply = node.client().query(text);
    let tag = match reply.answers.as_slice() {
        [crate::client::Answer::Done { tag } | crate::client::Answer::Rows { tag, .. }] => tag.clone(),
        other => panic!("{text}: {other:?}"),
    };
    (tag, reply.notices)
}

#[test]
fn a_network_answers_as_soon_as_it_is_founded() {
    let mut consortium = Consortium::apart(&["a", "b"]);
    let [a, b] = consortium.each();
    a.create_network(NETWORK, SECRET);
    let address = a.address_by("/tcp/");
    for number in 0..3 {
        let name = format!("founded {number}");
        a.create_network(&name, SECRET);
        let join = format!("JOIN NETWORK \"{name}\" AT \"{address}\" WITH (secret = '{SECRET}')");
        let (tag, notices) = notices(b, &join);
        let said: Vec<String> = notices.into_iter().map(|notice| notice.message).collect();
        assert_eq!((tag.as_str(), said), ("JOIN NETWORK", Vec::new()), "{name}");
    }
}

#[test]
fn a_join_that_meets_nobody_says_why() {
    let mut consortium = Consortium::apart(&["a"]);
    let mut joiners = [
        (consortium.stranger("secret"), NETWORK, WRONG_SECRET, "the secret or the name"),
        (consortium.stranger("name"), "no-such-network", SECRET, "the secret or the name"),
        (consortium.stranger("port"), NETWORK, SECRET, "nobody answers at /ip4/127.0.0.1/tcp/1"),
        (consortium.stranger("bare"), NETWORK, SECRET, "nobody answers at /ip4/127.0.0.1/tcp/1"),
        (consortium.stranger("other"), NETWORK, SECRET, "another peer answers there"),
    ];
    let [a] = consortium.each();
    a.create_network(NETWORK, SECRET);
    let (there, peer) = (a.address_by("/tcp/"), a.peer_id());
    let addresses = [
        there.clone(),
        there.clone(),
        format!("/ip4/127.0.0.1/tcp/1/p2p/{peer}"),
        "/ip4/127.0.0.1/tcp/1".to_string(),
        there.replace(&peer, "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"),
    ];
    for ((node, network, secret, part), address) in joiners.iter_mut().zip(addresses) {
        let (network, secret, part) = (*network, *secret, *part);
        node.join_network(network, secret, &[address]);
        let reason = wait_for_reason(node, part);
        let shown = node.client().rows("SHOW NETWORKS");
        assert!(shown[0].iter().flatten().any(|value| value.contains(part)), "{shown:?}");
        let (tag, notices) = notices(node, "SYNC");
        assert_eq!((tag.as_str(), notices.len()), ("SYNC", 1), "{notices:?}");
        assert_eq!((notices[0].severity.as_str(), notices[0].code.as_str()), ("NOTICE", "00000"));
        assert_eq!(notices[0].message, format!("nobody is connected in network \"{network}\""));
        assert!(notices[0].detail.as_ref().is_some_and(|detail| detail.contains(part)), "{notices:?}");
        let log = node.log();
        assert!(log.lines().any(|line| line.contains(network) && line.contains(part)), "{log}");
        assert!(!log.contains(secret) && !reason.contains(secret));
    }
}

#[test]
fn an_address_without_a_peer_id_leads_to_whoever_answers_there() {
    let mut consortium = Consortium::apart(&["a", "b"]);
    let [a, b] = consortium.each();
    a.create_network(NETWORK, SECRET);
    a.attach("memory", NETWORK);
    let (_, alone) = notices(a, "SYNC");
    assert!(alone[0].message.contains("nobody is connected") && alone[0].hint.is_some(), "{alone:?}");
    let address = a.address_by("/tcp/");
    // Nobody is there yet at the second one; that is of no interest once somebody is connected.
    let bare = address.split("/p2p/").next().expect("an address").to_string();
    b.join_network(NETWORK, SECRET, &[bare, "/ip4/127.0.0.1/tcp/1".to_string()]);
    b.attach("memory", NETWORK);
    b.wait_for_peers(NETWORK, 1);
    b.wait_for_value("SELECT last_error IS NULL FROM nebulus.networks", "t");
    a.post("w1", "weather", "rain");
    b.wait_for_entry("w1");
    let (_, together) = notices(b, "SYNC");
    assert_eq!(together, []);
}

#[test]
fn sync_says_what_an_endpoint_refused() {
    let endpoint = GraphEndpoint::start();
    endpoint.answer_with(422);
    let mut consortium = Consortium::apart(&["a"]);
    let [a] = consortium.each();
    let (_, none) = notices(a, "SYNC");
    assert_eq!(none[0].message, "this node is in no network");
    a.run(&format!("CREATE NETWORK graph WITH (posting_url = '{}', sync_interval_ms = 3600000)", endpoint.url()));
    a.attach("memory", "graph");
    a.save("w1", "weather", "rain");
    a.run("STAGE MEMORY WHERE id = \"w1\"");
    let (_, refused) = notices(a, "SYNC");
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(refused[0].message.contains("\"graph\"") && refused[0].message.contains("did not accept"), "{refused:?}");
    assert!(refused[0].detail.as_ref().is_some_and(|detail| detail.contains("422")), "{refused:?}");
    endpoint.answer_with(200);
    let (_, accepted) = notices(a, "SYNC");
    assert_eq!(accepted, []);
}

#[test]
fn unstage_counts_what_it_takes_back_and_names_what_is_public() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    a.post("posted", "weather", "rain");
    b.wait_for_entry("posted");
    a.save("never", "weather", "rain");
    let (tag, said) = notices(a, "UNSTAGE MEMORY WHERE id = \"never\"");
    assert_eq!((tag.as_str(), said), ("UNSTAGE 0", vec![]));
    let (tag, said) = notices(a, "UNSTAGE MEMORY WHERE id = \"posted\"");
    assert_eq!(tag, "UNSTAGE 0");
    assert_eq!(
        (said.len(), said[0].message.as_str(), said[0].severity.as_str()),
        (1, "1 entry is public already", "NOTICE")
    );
    assert!(said[0].detail.is_some() && said[0].hint.is_some());
    // In a block, where nothing is posted before its end, with an entry that was edited after its posting.
    a.save("posted", "weather", "snow");
    a.run("BEGIN");
    a.run("STAGE MEMORY WHERE metadata.topic = \"weather\"");
    let (tag, said) = notices(a, "UNSTAGE MEMORY WHERE metadata.topic = \"weather\"");
    assert_eq!((tag.as_str(), said.len()), ("UNSTAGE 2", 1));
    let (tag, _) = notices(a, "UNSTAGE MEMORY WHERE metadata.topic = \"weather\"");
    assert_eq!(tag, "UNSTAGE 0");
    a.run("COMMIT");
    assert_eq!(a.value("SELECT nebulus_unstage('memory', 'metadata.topic = \"weather\"')"), "0");
    let (tag, said) = notices(a, "UPDATE memory SET _stage = NULL");
    assert_eq!((tag.as_str(), said.len()), ("UPDATE 2", 1), "{said:?}");
    a.run("SET client_min_messages = warning");
    let (_, said) = notices(a, "UNSTAGE MEMORY WHERE id = \"posted\"");
    assert_eq!(said, [], "who does not want to be told is not");
    assert_eq!(a.client().error("SET client_min_messages = silence").code, "22023");
}

#[test]
fn what_is_posted_while_it_is_taken_back_is_not_said_to_be_taken_back() {
    let mut consortium = Consortium::apart(&["a"]);
    let [a] = consortium.each();
    a.run(&format!("CREATE NETWORK \"{NETWORK}\" WITH (secret = '{SECRET}', sync_interval_ms = 3600000)"));
    a.attach("memory", NETWORK);
    a.save("w1", "weather", "rain");
    a.run("STAGE MEMORY WHERE id = \"w1\"");
    let mut other = a.server().client();
    other.run("BEGIN");
    assert_eq!(other.run("UNSTAGE MEMORY WHERE id = \"w1\""), "UNSTAGE 1");
    a.run("SYNC");
    assert_eq!(other.error("COMMIT").code, "40001");
    assert_eq!(other.run("UNSTAGE MEMORY WHERE id = \"w1\""), "UNSTAGE 0");
}
