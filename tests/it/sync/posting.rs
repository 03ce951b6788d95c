//! The specification's `saveDocument` and `handleSync` through the wire: staged entries become transactions of a KNIRVGRAPH
//! endpoint.

use super::graph_endpoint::GraphEndpoint;
use super::nodes::{Consortium, Node, wait_for};

/// In what is not staged; stands nowhere else.
const CANARY: &str = "CaNaRy-93aa-not-for-the-graph";

fn before_each() -> (Consortium, GraphEndpoint) {
    let mut consortium = Consortium::apart(&["a"]);
    let endpoint = GraphEndpoint::start();
    let [a] = consortium.each();
    let url = endpoint.url();
    a.run(&format!("CREATE NETWORK \"knirvgraph\" WITH (posting_url = '{url}', sync_interval_ms = 50)"));
    a.attach("memory", "knirvgraph");
    (consortium, endpoint)
}

fn staged(node: &mut Node) -> Vec<String> {
    node.column("SELECT id FROM nebulus.staged ORDER BY id")
}

fn wait_until_nothing_is_staged(node: &mut Node) {
    node.wait_for_value("SELECT count(*) FROM nebulus.staged", "0");
}

#[test]
fn save_document_stages_what_is_classified_error_context_or_idea() {
    let (mut consortium, endpoint) = before_each();
    endpoint.answer_with(503);
    let [a] = consortium.each();
    for (id, classification) in [("1", "Error"), ("2", "Context"), ("3", "Idea"), ("4", "Plan"), ("5", CANARY)] {
        a.run(&format!("SET MEMORY id = \"{id}\" metadata = {{\"classification\": \"{classification}\"}}"));
    }
    assert_eq!(staged(a), ["1", "2", "3"]);
    endpoint.answer_with(200);
    a.run("SYNC");
    wait_until_nothing_is_staged(a);
    assert_eq!(a.value("SELECT count(*) FROM memory WHERE _stage IS NOT NULL"), "0");
    let nodes: Vec<_> = endpoint.transactions().iter().map(|each| each["node_id"].to_string()).collect();
    assert!(["\"1\"", "\"2\"", "\"3\""].iter().all(|id| nodes.contains(&(*id).to_string())), "{nodes:?}");
    let requests = endpoint.requests().concat();
    assert!(!requests.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()));
}

#[test]
fn save_document_leaves_everything_else_private() {
    let (mut consortium, endpoint) = before_each();
    let [a] = consortium.each();
    a.save("private", "weather", CANARY);
    a.run(&format!("SET AUTH key = \"{CANARY}\" value = \"{CANARY}\""));
    a.run("SYNC");
    a.save("w1", "weather", "rain");
    a.stage("id = \"w1\"");
    wait_until_nothing_is_staged(a);
    assert_eq!(endpoint.transactions().len(), 1);
    let requests = endpoint.requests().concat();
    assert!(!requests.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()));
}

#[test]
fn handle_sync_submits_a_signed_transaction_and_clears_the_stage() {
    let (mut consortium, endpoint) = before_each();
    let [a] = consortium.each();
    a.save("w1", "weather", "rain");
    a.stage("id = \"w1\"");
    wait_until_nothing_is_staged(a);
    let transactions = endpoint.transactions();
    let [transaction] = &transactions[..] else { panic!("{transactions:?}") };
    assert_eq!(transaction["type"], 0);
    assert_eq!(transaction["from"], a.peer_id().as_str());
    assert_eq!(transaction["id"].as_str().map(str::len), Some(64));
    assert_eq!(transaction["signature"].as_str().map(str::len), Some(128));
    let node = &transaction["graph_data"]["node_data"];
    assert_eq!(node["data"]["payload"]["metadata"]["text"], "rain");
    assert_eq!(node["data"]["payload"]["vector"], serde_json::json!([1, 2, 3]));
    let head = String::from_utf8_lossy(&endpoint.requests()[0]).into_owned();
    assert!(head.starts_with("POST /graph/transaction HTTP/1.1\r\n"), "{head}");
}

#[test]
fn handle_sync_keeps_what_failed_and_retries_under_the_same_id() {
    let (mut consortium, endpoint) = before_each();
    endpoint.answer_with(500);
    let [a] = consortium.each();
    a.save("w1", "weather", "rain");
    a.stage("id = \"w1\"");
    assert_eq!(staged(a), ["w1"]);
    a.wait_for_value("SELECT last_error LIKE '%500%' FROM nebulus.networks", "t");
    // A restart forgets nothing of the stage.
    a.kill();
    a.restart();
    assert_eq!(staged(a), ["w1"]);
    endpoint.answer_with(200);
    a.run("SYNC");
    wait_until_nothing_is_staged(a);
    let ids: Vec<_> = endpoint.transactions().iter().map(|each| each["id"].to_string()).collect();
    assert!(ids.len() >= 2, "{ids:?}");
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[test]
fn an_update_and_a_delete_follow_a_create() {
    let (mut consortium, endpoint) = before_each();
    let [a] = consortium.each();
    a.save("w1", "weather", "rain");
    a.stage("id = \"w1\"");
    wait_until_nothing_is_staged(a);
    a.save("w1", "weather", "sun");
    assert_eq!(staged(a), Vec::<String>::new(), "an edit of a posted entry is private");
    a.stage("id = \"w1\"");
    wait_until_nothing_is_staged(a);
    a.run("DELETE WHERE id = \"w1\"");
    a.run("SYNC");
    wait_for(|| {
        let types: Vec<_> = endpoint.transactions().iter().map(|each| each["type"].as_i64()).collect();
        if types == [Some(0), Some(2), Some(3)] { Ok(()) } else { Err(format!("{types:?}")) }
    });
}

#[test]
fn an_endpoint_that_is_down_blocks_no_statement() {
    let mut consortium = Consortium::apart(&["a"]);
    let [a] = consortium.each();
    a.run("CREATE NETWORK \"knirvgraph\" WITH (posting_url = 'http://127.0.0.1:9/', sync_interval_ms = 50)");
    a.attach("memory", "knirvgraph");
    for number in 0..20 {
        a.save(&format!("w{number}"), "weather", "rain");
    }
    a.run("STAGE MEMORY WHERE metadata.topic = \"weather\"");
    assert_eq!(a.value("SELECT count(*) FROM memory"), "20");
    assert_eq!(a.value("SELECT count(*) FROM nebulus.staged"), "20");
    a.wait_for_value("SELECT last_error IS NOT NULL FROM nebulus.networks", "t");
}

#[test]
fn a_url_that_cannot_be_an_endpoint_is_refused() {
    let mut consortium = Consortium::apart(&["a"]);
    let [a] = consortium.each();
    for url in ["ftp://graph.example.org", "graph", "http://user:hunter2@graph.example.org"] {
        let failure = a.client().error(&format!("CREATE NETWORK graph WITH (posting_url = '{url}')"));
        assert_eq!(failure.code, "22023", "{failure:?}");
        assert!(!failure.message.contains("hunter2"), "{failure:?}");
    }
}
