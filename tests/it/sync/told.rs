//! What a node tells of what is public: the columns that every entry has, what was posted and when, and what would be.

use super::nodes::{Consortium, NETWORK, wait_for};

/// What a node says of one entry: the networks that have it, whether it was changed since, whether it was posted here, and how much of it.
fn told(node: &mut super::nodes::Node, id: &str) -> String {
    node.value(&format!(
        "SELECT concat_ws(' ', _public, _edited, _posted_at IS NOT NULL, _publicity) FROM memory WHERE id = '{id}'"
    ))
}

#[test]
fn what_is_public_is_told() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    a.save("kept", "weather", "rain");
    a.post("posted", "weather", "sun");
    b.wait_for_entry("posted");
    assert_eq!(told(a, "kept"), "{} f f private");
    assert_eq!(told(a, "posted"), format!("{{{NETWORK}}} f t public"));
    assert_eq!(told(b, "posted"), format!("{{{NETWORK}}} f f public"), "it was not posted there");
    let is_now = "SELECT _posted_at BETWEEN now() - interval '1 hour' AND now() FROM memory WHERE id = 'posted'";
    assert_eq!(a.value(is_now), "t");
    let listed = "SELECT concat_ws(' ', network, collection, id, bytes > 0, posted_at <= now()) FROM nebulus.posted";
    assert_eq!(a.column(listed), [format!("{NETWORK} memory posted t t")]);
    assert_eq!(b.column(listed), Vec::<String>::new(), "what came from others has not left it");

    a.run("UPDATE MEMORY SET metadata.text = \"snow\" WHERE id = \"posted\"");
    assert_eq!(told(a, "posted"), format!("{{{NETWORK}}} t t edited"));
    let fields = "GET MEMORY FIELDS id, _public, _edited WHERE _edited = true";
    assert_eq!(
        a.client().rows(fields),
        [["posted", &format!("{{{NETWORK}}}"), "t"].map(|text| Some(text.to_string()))]
    );
    let dry = a.client().rows("STAGE MEMORY WHERE metadata.topic = \"weather\" DRY RUN");
    let dry: Vec<String> = dry.into_iter().map(|row| row.into_iter().flatten().collect::<Vec<_>>().join(" ")).collect();
    let wanted = [
        format!("kept {NETWORK} vector new [1, 2, 3]"),
        format!("kept {NETWORK} metadata.text new \"rain\""),
        format!("kept {NETWORK} metadata.topic new \"weather\""),
        format!("posted {NETWORK} metadata.text changed \"snow\""),
    ];
    assert_eq!(dry, wanted);
    let explained = a.column("EXPLAIN STAGE MEMORY WHERE id = \"posted\"").join("\n");
    assert!(explained.contains("posted: metadata.text = \"snow\" (changed)"), "{explained}");
    assert_eq!(a.value("SELECT count(*) FROM nebulus.staged"), "0", "a dry run marks nothing");
    let before = a.value("SELECT _posted_at FROM memory WHERE id = 'posted'");
    a.run("STAGE MEMORY WHERE id = \"posted\"");
    a.run("SYNC");
    b.wait_for_text("posted", "snow");
    wait_for(|| match told(a, "posted") {
        seen if seen.ends_with("public") => Ok(()),
        seen => Err(seen),
    });
    assert_ne!(a.value("SELECT _posted_at FROM memory WHERE id = 'posted'"), before);

    // An entry that is gone has left all the same.
    a.run("DELETE WHERE id = \"posted\"");
    a.run("SYNC");
    assert_eq!(a.column(listed), [format!("{NETWORK} memory posted t t")]);
    a.stop();
    a.restart();
    assert_eq!(a.column(listed), [format!("{NETWORK} memory posted t t")]);
}
