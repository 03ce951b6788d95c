//! What the vault promises: the right key opens, everything else is an error, and no step of a rotation loses a secret.

use std::collections::BTreeMap;
use std::fs;

use zeroize::Zeroizing;

use crate::error::ErrorKind;
use crate::store::vault::master_key::{Argon2Cost, KeyDirectory, KeySource, MasterKey};
use crate::store::vault::vault::{NameHash, Rotation, Vault};

const SECRET: &[u8] = b"AIzaSy-not-a-real-key";

fn vault(byte: u8) -> Vault {
    Vault::new(1, &MasterKey::from_bytes(Zeroizing::new([byte; 32]))).unwrap()
}

fn directory() -> (tempfile::TempDir, KeyDirectory) {
    let directory = tempfile::tempdir().unwrap();
    let keys =
        KeyDirectory::new(directory.path().join("keys"), Argon2Cost { memory_kib: 64, iterations: 1, parallelism: 1 });
    (directory, keys)
}

fn passphrase(text: &str) -> KeySource {
    KeySource::Passphrase(Zeroizing::new(text.to_string()))
}

fn names(directory: &tempfile::TempDir) -> Vec<String> {
    let entries = fs::read_dir(directory.path().join("keys")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_secret_is_opened_with_its_name_and_version() {
    let vault = vault(1);
    let sealed = vault.seal("auth", "maps", SECRET, 7).unwrap();
    assert_eq!(sealed.name_hash, vault.name_hash("auth", "maps").unwrap());
    let opened = vault.open("auth", &sealed.name_hash, &sealed.bytes).unwrap();
    assert_eq!((opened.name.as_str(), opened.value.as_slice(), opened.version), ("maps", SECRET, 7));
    let empty = vault.seal("auth", "", b"", 0).unwrap();
    assert!(vault.open("auth", &empty.name_hash, &empty.bytes).unwrap().value.is_empty());
}

#[test]
fn stored_bytes_show_neither_name_nor_value_and_differ_each_time() {
    let vault = vault(1);
    let (one, two) = (vault.seal("auth", "maps", SECRET, 1).unwrap(), vault.seal("auth", "maps", SECRET, 1).unwrap());
    assert_eq!(one.name_hash, two.name_hash);
    assert_ne!(one.bytes, two.bytes);
    assert!(!one.bytes.windows(4).any(|window| window == b"maps" || window == b"AIza"));
}

#[test]
fn every_changed_or_missing_byte_is_an_error() {
    let vault = vault(1);
    let sealed = vault.seal("auth", "maps", SECRET, 7).unwrap();
    for index in 0..sealed.bytes.len() {
        for bit in [0x01, 0x80] {
            let mut bytes = sealed.bytes.clone();
            bytes[index] ^= bit;
            let error = vault.open("auth", &sealed.name_hash, &bytes).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupted, "byte {index}");
        }
        let short = vault.open("auth", &sealed.name_hash, &sealed.bytes[..index]).unwrap_err();
        assert_eq!(short.kind(), ErrorKind::Corrupted, "cut at {index}");
    }
}

#[test]
fn a_secret_opens_in_its_own_place_only() {
    let vault = vault(1);
    let sealed = vault.seal("auth", "maps", SECRET, 7).unwrap();
    let elsewhere = vault.name_hash("auth", "mail").unwrap();
    for (collection, name_hash) in [("other", sealed.name_hash), ("aut", sealed.name_hash), ("auth", elsewhere)] {
        let error = vault.open(collection, &name_hash, &sealed.bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupted);
    }
    assert_ne!(vault.name_hash("ab", "c").unwrap(), vault.name_hash("a", "bc").unwrap());
}

#[test]
fn another_key_neither_opens_nor_verifies_nor_hashes_alike() {
    let (right, wrong) = (vault(1), vault(2));
    let sealed = right.seal("auth", "maps", SECRET, 1).unwrap();
    assert_eq!(wrong.open("auth", &sealed.name_hash, &sealed.bytes).unwrap_err().kind(), ErrorKind::Corrupted);
    assert_ne!(wrong.name_hash("auth", "maps").unwrap(), sealed.name_hash);
    let verifier = right.verifier().unwrap();
    right.verify(&verifier).unwrap();
    assert_eq!(wrong.verify(&verifier).unwrap_err().kind(), ErrorKind::Configuration);
    for index in 0..verifier.len() {
        let mut changed = verifier.clone();
        changed[index] ^= 1;
        assert!(right.verify(&changed).is_err(), "byte {index}");
        assert!(right.verify(&verifier[..index]).is_err(), "cut at {index}");
    }
}

#[test]
fn nothing_secret_is_printed() {
    let vault = vault(0xAB);
    let sealed = vault.seal("auth", "maps", SECRET, 7).unwrap();
    let opened = vault.open("auth", &sealed.name_hash, &sealed.bytes).unwrap();
    let key = MasterKey::from_bytes(Zeroizing::new([0xAB; 32]));
    let text = format!("{vault:?} {opened:?} {key:?} {:?}", passphrase("open sesame"));
    assert_eq!(text, "Vault { generation: 1, .. } OpenedSecret { version: 7, .. } MasterKey(..) Passphrase(..)");
}

#[test]
fn a_key_file_is_made_once_and_found_again() {
    let (directory, keys) = directory();
    let first = Vault::unlock(&keys, &KeySource::File, None).unwrap();
    // Interrupted before the verifier was stored.
    let again = Vault::unlock(&keys, &KeySource::File, None).unwrap();
    let verifier = first.verifier().unwrap();
    again.verify(&verifier).unwrap();
    Vault::unlock(&keys, &KeySource::File, Some(&verifier)).unwrap();
    assert_eq!(names(&directory), ["vault.1.key"]);
    assert_eq!(keys.create(1, &KeySource::File).unwrap_err().kind(), ErrorKind::ObjectInUse);
}

#[test]
fn a_lost_replaced_or_cut_key_file_is_an_error_at_start() {
    let (directory, keys) = directory();
    let verifier = Vault::unlock(&keys, &KeySource::File, None).unwrap().verifier().unwrap();
    let path = directory.path().join("keys/vault.1.key");
    fs::write(&path, [9; 32]).unwrap();
    let replaced = Vault::unlock(&keys, &KeySource::File, Some(&verifier)).unwrap_err();
    fs::write(&path, [9; 31]).unwrap();
    let cut = Vault::unlock(&keys, &KeySource::File, Some(&verifier)).unwrap_err();
    fs::remove_file(&path).unwrap();
    let lost = Vault::unlock(&keys, &KeySource::File, Some(&verifier)).unwrap_err();
    for error in [replaced, cut, lost] {
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.hint().is_some());
    }
    assert!(!path.exists(), "a key that was lost is not made anew");
}

#[cfg(unix)]
#[test]
fn key_files_that_others_can_reach_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    for source in [KeySource::File, passphrase("open sesame")] {
        let (directory, keys) = directory();
        let verifier = Vault::unlock(&keys, &source, None).unwrap().verifier().unwrap();
        let path = directory.path().join("keys").join(&names(&directory)[0]);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = Vault::unlock(&keys, &source, Some(&verifier)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }
}

#[test]
fn a_passphrase_opens_and_another_does_not() {
    let (directory, keys) = directory();
    let vault = Vault::unlock(&keys, &passphrase("open sesame"), None).unwrap();
    let verifier = vault.verifier().unwrap();
    let sealed = vault.seal("auth", "maps", SECRET, 1).unwrap();
    let again = Vault::unlock(&keys, &passphrase("open sesame"), Some(&verifier)).unwrap();
    assert_eq!(again.open("auth", &sealed.name_hash, &sealed.bytes).unwrap().value.as_slice(), SECRET);
    for source in [passphrase("open barley"), KeySource::File] {
        let error = Vault::unlock(&keys, &source, Some(&verifier)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(!format!("{error}").contains("barley"));
    }
    let header = fs::read_to_string(directory.path().join("keys/vault.1.json")).unwrap();
    assert!(header.contains("\"memory_kib\": 64") && !header.contains("sesame"), "{header}");
    let short = keys.create(2, &passphrase("short")).unwrap_err();
    assert_eq!(short.kind(), ErrorKind::Configuration);
}

#[test]
fn a_damaged_or_greedy_header_is_refused() {
    let (directory, keys) = directory();
    let source = passphrase("open sesame");
    Vault::unlock(&keys, &source, None).unwrap();
    let path = directory.path().join("keys/vault.1.json");
    let good = fs::read_to_string(&path).unwrap();
    for (from, to) in [
        ("\"memory_kib\": 64", "\"memory_kib\": 4000000000"),
        ("\"iterations\": 1", "\"iterations\": 0"),
        ("\"format\": 1", "\"format\": 2"),
        ("argon2id", "scrypt"),
        ("\"salt\": \"", "\"salt\": \"?"),
        ("{", ""),
    ] {
        fs::write(&path, good.replace(from, to)).unwrap();
        assert_eq!(keys.load(1, &source).unwrap_err().kind(), ErrorKind::Configuration, "{to}");
    }
}

/// A database with a vault in it: rows by name hash, and the verifier.
#[derive(Clone)]
struct Rows {
    secrets: BTreeMap<NameHash, Vec<u8>>,
    verifier: Vec<u8>,
}

impl Rows {
    fn filled(vault: &Vault) -> Rows {
        let sealed = |n: u64| vault.seal("auth", &format!("name{n}"), &n.to_be_bytes(), n).unwrap();
        let secrets = (0..5).map(sealed).map(|sealed| (sealed.name_hash, sealed.bytes)).collect();
        Rows { secrets, verifier: vault.verifier().unwrap() }
    }

    fn rotated(&self, rotation: &Rotation) -> Rows {
        let resealed = self.secrets.iter().map(|(hash, bytes)| rotation.reseal("auth", hash, bytes).unwrap());
        let secrets = resealed.map(|sealed| (sealed.name_hash, sealed.bytes)).collect();
        Rows { secrets, verifier: rotation.to.verifier().unwrap() }
    }

    fn check(&self, vault: &Vault) {
        assert_eq!(self.secrets.len(), 5);
        for n in 0..5u64 {
            let hash = vault.name_hash("auth", &format!("name{n}")).unwrap();
            let opened = vault.open("auth", &hash, &self.secrets[&hash]).unwrap();
            assert_eq!((opened.value.as_slice(), opened.version), (n.to_be_bytes().as_slice(), n));
        }
    }
}

#[test]
fn a_rotation_moves_every_secret_to_the_next_key() {
    let (directory, keys) = directory();
    let vault = Vault::unlock(&keys, &KeySource::File, None).unwrap();
    let before = Rows::filled(&vault);
    let rotation = vault.begin_rotation(&keys, &passphrase("open sesame")).unwrap();
    let after = before.rotated(&rotation);
    assert!(before.secrets.keys().all(|hash| !after.secrets.contains_key(hash)));
    after.rotated(&rotation).check(&rotation.to);
    rotation.to.finish_rotation(&keys).unwrap();
    assert_eq!(names(&directory), ["vault.2.json"]);
    after.check(&Vault::unlock(&keys, &passphrase("open sesame"), Some(&after.verifier)).unwrap());
}

#[test]
fn a_rotation_that_stops_anywhere_loses_nothing() {
    let (directory, keys) = directory();
    let vault = Vault::unlock(&keys, &KeySource::File, None).unwrap();
    let before = Rows::filled(&vault);
    // Stopped before the batch: the old key is still the right one, and the next rotation begins afresh.
    drop(vault.begin_rotation(&keys, &KeySource::File).unwrap());
    assert_eq!(names(&directory), ["vault.1.key", "vault.2.key"]);
    let vault = Vault::unlock(&keys, &KeySource::File, Some(&before.verifier)).unwrap();
    before.check(&vault);
    // Stopped after the batch: the next start finds the new key and clears the old one.
    let after = before.rotated(&vault.begin_rotation(&keys, &KeySource::File).unwrap());
    let vault = Vault::unlock(&keys, &KeySource::File, Some(&after.verifier)).unwrap();
    after.check(&vault);
    assert_eq!(names(&directory), ["vault.1.key", "vault.2.key"]);
    vault.finish_rotation(&keys).unwrap();
    assert_eq!(names(&directory), ["vault.2.key"]);
    after.check(&Vault::unlock(&keys, &KeySource::File, Some(&after.verifier)).unwrap());
}
