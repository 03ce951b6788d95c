//! Authors as chains of keys: a node that goes on under a new key, and the devices of one person.

use super::nodes::{Consortium, NETWORK, Node};
use crate::harness::run_program;

fn author(peer: &str) -> String {
    format!("SELECT nebulus_author('{NETWORK}', '{peer}')")
}

/// Makes a backup, loses the directory, restores it, and starts again; what the restore says.
fn lose_and_restore(node: &mut Node, with_keys: bool) -> String {
    let folder = tempfile::tempdir().unwrap();
    let backups = folder.path().join("backups");
    node.run(&format!("SELECT nebulus_backup('{}', '{{\"with_keys\": {with_keys}}}')", backups.display()));
    node.kill();
    let data = node.data().to_path_buf();
    let lost = data.with_extension("lost");
    std::fs::rename(&data, &lost).unwrap();
    let restored = run_program(&["restore", backups.to_str().unwrap(), "--data-dir", data.to_str().unwrap()]);
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    if !with_keys {
        for key in std::fs::read_dir(lost.join("keys")).unwrap() {
            let key = key.unwrap();
            if key.file_name().to_string_lossy().ends_with(".key") {
                std::fs::create_dir_all(data.join("keys")).unwrap();
                std::fs::copy(key.path(), data.join("keys").join(key.file_name())).unwrap();
            }
        }
    }
    node.restart();
    String::from_utf8_lossy(&restored.stdout).into_owned()
}

#[test]
fn a_restored_node_is_the_author_and_the_owner_still_where_its_key_was_in_the_backup() {
    let mut consortium = Consortium::start(&["a", "b", "c"]);
    let [a, b, c] = consortium.each();
    let old = a.peer_id();
    a.post("mine", "weather", "rain");
    b.post("yours", "weather", "fog");
    let keyless = b.peer_id();
    for node in [&mut *a, &mut *b, &mut *c] {
        node.wait_for_entry("mine");
        node.wait_for_entry("yours");
    }
    let told = lose_and_restore(a, true);
    assert!(told.contains("the author of what it wrote"), "{told}");
    let new = a.peer_id();
    assert_ne!(new, old);
    // It is told on by members to those that were not there.
    let chain = old.clone().min(new.clone());
    for node in [&mut *a, &mut *b, &mut *c] {
        node.wait_for_value(&author(&new), &chain);
        node.wait_for_value(&author(&old), &chain);
        node.wait_for_value(&format!("SELECT '{new}' = ANY (owners) FROM nebulus.networks"), "t");
    }
    c.wait_for_value(&format!("SELECT author FROM nebulus.peers WHERE peer_id = '{new}'"), &chain);
    // Without the key nothing is certified, and the node says so.
    let told = lose_and_restore(b, false);
    assert!(told.contains("The old node's key is not in the backup") && told.contains("LINK PEER"), "{told}");
    let other = b.peer_id();
    b.wait_for_value(&author(&other), &other);
    assert!(b.log().contains("is not the author of what the old one wrote"));
    a.post("later", "weather", "sun");
    for node in [&mut *b, &mut *c] {
        node.wait_for_entry("later");
        assert_eq!(node.value(&author(&other)), other);
        assert_eq!(node.value(&author(&keyless)), keyless);
    }
}

#[test]
fn linked_devices_are_one_author_until_one_is_lost_and_the_other_vouches_for_the_next() {
    let mut consortium = Consortium::start(&["a", "b", "c", "d"]);
    let [a, b, c, d] = consortium.each();
    let (phone, laptop, next) = (b.peer_id(), c.peer_id(), d.peer_id());
    for node in [&mut *b, &mut *c, &mut *d] {
        node.wait_for_value("SELECT array_length(owners, 1) FROM nebulus.networks", "1");
    }
    b.run(&format!("ALTER NETWORK \"{NETWORK}\" LINK PEER '{laptop}'"));
    assert_eq!(b.value(&author(&laptop)), laptop, "one alone says nothing");
    assert_eq!(b.error_code(&format!("ALTER NETWORK \"{NETWORK}\" LINK PEER '{laptop}'")), "42710");
    c.run(&format!("SELECT nebulus_link_peer('{NETWORK}', '{phone}')"));
    let person = phone.clone().min(laptop.clone());
    for node in [&mut *a, &mut *b, &mut *c, &mut *d] {
        node.wait_for_value(&author(&phone), &person);
        node.wait_for_value(&author(&laptop), &person);
    }
    // The phone is lost. Its owner has another device, and an owner of the network removes the key.
    a.run(&format!("ALTER NETWORK \"{NETWORK}\" REMOVE PEER '{phone}'"));
    for node in [&mut *a, &mut *c, &mut *d] {
        node.wait_for_value(&format!("SELECT removed FROM nebulus.peers WHERE peer_id = '{phone}'"), "t");
        assert_eq!(node.value(&author(&phone)), laptop);
    }
    assert_eq!(c.error_code(&format!("ALTER NETWORK \"{NETWORK}\" LINK PEER '{phone}'")), "42710");
    assert_eq!(d.error_code(&format!("ALTER NETWORK \"{NETWORK}\" LINK PEER '{phone}'")), "42501");
    c.run(&format!("ALTER NETWORK \"{NETWORK}\" LINK PEER '{next}'"));
    d.run(&format!("ALTER NETWORK \"{NETWORK}\" LINK PEER '{laptop}'"));
    let person = laptop.clone().min(next.clone());
    for node in [&mut *a, &mut *c, &mut *d] {
        for key in [&phone, &laptop, &next] {
            node.wait_for_value(&author(key), &person);
        }
    }
    // Either ends it.
    d.run(&format!("ALTER NETWORK \"{NETWORK}\" UNLINK PEER '{laptop}'"));
    for node in [&mut *a, &mut *c, &mut *d] {
        node.wait_for_value(&author(&next), &next);
        node.wait_for_value(&author(&laptop), &laptop);
    }
    assert_eq!(d.error_code(&format!("ALTER NETWORK \"{NETWORK}\" UNLINK PEER '{laptop}'")), "42704");
}
