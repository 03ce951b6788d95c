//! What a listener hears of entries that come from peers, and of the peers themselves.

use super::nodes::Consortium;
use super::nodes::{NETWORK, SECRET};

#[test]
fn a_replicated_change_reaches_the_listener_of_another_node() {
    let mut consortium = Consortium::apart(&["a", "b"]);
    let [a, b] = consortium.each();
    a.create_network(NETWORK, SECRET);
    a.attach("memory", NETWORK);
    let mut networks = b.server().client();
    networks.run("LISTEN networks");
    b.join_network(NETWORK, SECRET, &[a.address_by("/tcp/")]);
    b.attach("memory", NETWORK);
    b.wait_for_peers(NETWORK, 1);
    let (a_id, mut changes) = (a.peer_id(), b.server().client());
    changes.run("LISTEN \"changes:memory\"");
    a.post("rain", "weather", "it rains");
    let told = |operation: &str| {
        format!(
            "{{\"collection\":\"memory\",\"operation\":\"{operation}\",\"key\":\"rain\",\"origin\":\"{a_id}\",\
             \"network\":\"{NETWORK}\"}}"
        )
    };
    let heard = changes.hear();
    assert_eq!((heard.sender, heard.payload), (0, told("insert")));
    a.post("rain", "weather", "it rains harder");
    assert_eq!(changes.hear().payload, told("update"));
    a.run("DELETE MEMORY WHERE id = \"rain\"");
    a.run("SYNC");
    assert_eq!(changes.hear().payload, told("delete"));

    let mut until = |wanted: String| while networks.hear().payload != wanted {};
    until(format!("{{\"event\":\"network:joined\",\"network\":\"{NETWORK}\"}}"));
    until(format!("{{\"event\":\"peer:connected\",\"network\":\"{NETWORK}\",\"peer\":\"{a_id}\"}}"));
    let received =
        format!("{{\"event\":\"entries:received\",\"network\":\"{NETWORK}\",\"peer\":\"{a_id}\",\"entries\":1}}");
    (0..3).for_each(|_| until(received.clone()));
    a.stop();
    until(format!("{{\"event\":\"peer:disconnected\",\"network\":\"{NETWORK}\",\"peer\":\"{a_id}\"}}"));
}
