//! A node that is restored from a backup, in the place of one that its network knew.

use super::nodes::Consortium;
use crate::harness::run_program;

#[test]
fn a_restored_node_is_another_origin_and_nothing_is_lost_or_there_twice() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let folder = tempfile::tempdir().unwrap();
    let backups = folder.path().join("backups");
    let [a, b] = consortium.each();
    for number in 0..20 {
        a.save(&format!("early-{number}"), "weather", "rain");
    }
    a.stage("metadata.topic = \"weather\"");
    b.wait_for_entry("early-19");
    a.save("private", "notes", "of nobody's concern");
    a.save("on the stage", "news", "posted after the backup");
    a.run(&format!("SELECT nebulus_backup('{}', '{{\"with_keys\": true}}')", backups.display()));
    let old = a.peer_id();
    // Its later life gives numbers to deltas of which the backup knows nothing.
    for number in 0..10 {
        a.save(&format!("late-{number}"), "weather", "sun");
    }
    a.save("early-3", "weather", "changed later");
    a.stage("metadata.topic IN (\"weather\", \"news\")");
    b.wait_for_entry("late-9");
    b.wait_for_entry("on the stage");
    a.kill();
    let data = a.data().to_path_buf();
    std::fs::rename(&data, data.with_extension("lost")).unwrap();
    let restored = run_program(&["restore", backups.to_str().unwrap(), "--data-dir", data.to_str().unwrap()]);
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    a.restart();
    assert_ne!(a.peer_id(), old, "it posts under a name of its own");
    let told = String::from_utf8_lossy(&restored.stdout).into_owned();
    assert!(told.contains(&a.peer_id()) && told.contains(&old), "{told}");
    // What the old one posted after the backup comes back from the others.
    a.wait_for_entry("late-9");
    a.wait_for_text("early-3", "changed later");
    // And what it posts itself collides with none of it.
    for number in 0..10 {
        a.save(&format!("new-{number}"), "weather", "wind");
    }
    a.stage("metadata.topic IN (\"weather\", \"news\")");
    b.wait_for_entry("new-9");
    b.post("from b", "weather", "fog");
    a.wait_for_entry("from b");
    let count = "SELECT count(*) FROM memory WHERE metadata->>'topic' = 'weather'";
    for node in [&mut *a, &mut *b] {
        node.wait_for_value(count, "41");
    }
    assert_eq!(a.value("SELECT count(*) FROM memory WHERE id = 'private'"), "1");
    assert_eq!(b.value("SELECT count(*) FROM memory WHERE id = 'private'"), "0", "it stays private");
    assert_eq!(b.value("SELECT count(*) FROM nebulus.quarantine"), "0");
    a.run("DELETE WHERE id = \"private\"");
    consortium.wait_until_equal();
}
