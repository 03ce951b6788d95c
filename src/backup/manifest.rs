//! What one backup consists of: a JSON file that carries a hash of itself, so that a damaged one is told from a true one.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::model::PeerId;
use crate::store::is_peer_id;

/// The format of folders and manifests that this program writes.
pub(super) const BACKUP_FORMAT: u32 = 1;
/// Folders of a data directory that a backup has files of.
const FOLDERS: [&str; 3] = ["rocksdb", "blobs", "keys"];

/// One backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// Number and time: `000001-20260131T235959Z`.
    pub id: String,
    /// When it was made, by RFC 3339.
    pub made: String,
    /// The version of the program that made it.
    pub program: String,
    /// The format of the store in it.
    pub store_format: u32,
    /// The peer id of the node it was made of.
    pub origin: String,
    /// Whether the vault's key is in it, and the keys that the node has had.
    pub has_keys: bool,
    pub files: Vec<BackupFile>,
}

/// One file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupFile {
    /// Where it lies in a data directory, with slashes.
    pub path: String,
    pub bytes: u64,
    /// The BLAKE3 hash of what it holds, in hexadecimal digits.
    pub blake3: String,
}

/// The file: the backup, and the hash of its JSON.
#[derive(Serialize, Deserialize)]
struct Sealed {
    blake3: String,
    backup: Manifest,
}

impl Manifest {
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// The number that its id begins with.
    pub(super) fn number(&self) -> u64 {
        number_of(&self.id).unwrap_or(0)
    }

    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        let sealed = Sealed { blake3: self.hash()?, backup: self.clone() };
        serde_json::to_vec(&sealed).map_err(|error| Error::internal(error.to_string()))
    }

    /// # Errors
    /// XX001 for one that is damaged, F0000 for one of a newer program.
    pub(super) fn decode(path: &str, bytes: &[u8]) -> Result<Manifest> {
        let damaged = |what: &str| {
            Error::new(ErrorKind::Corrupted, format!("the manifest {path} is damaged: {what}"))
                .with_hint("Restore another backup of this folder: see `nebulusdb backup --list`.")
        };
        let json: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| damaged(&error.to_string()))?;
        match json.pointer("/backup/format").and_then(serde_json::Value::as_u64) {
            Some(format) if format > u64::from(BACKUP_FORMAT) => return Err(newer(path, format)),
            _ => {}
        }
        let sealed: Sealed = serde_json::from_value(json).map_err(|error| damaged(&error.to_string()))?;
        if sealed.backup.hash()? != sealed.blake3 {
            return Err(damaged("it does not have the hash that it names"));
        }
        for file in &sealed.backup.files {
            file.place().map_err(|error| damaged(error.message()))?;
            blake3::Hash::from_hex(&file.blake3).map_err(|_| damaged("a hash in it is none"))?;
        }
        Ok(sealed.backup)
    }

    fn hash(&self) -> Result<String> {
        let json = serde_json::to_vec(self).map_err(|error| Error::internal(error.to_string()))?;
        Ok(blake3::hash(&json).to_hex().to_string())
    }
}

impl BackupFile {
    /// Where it lies below a data directory.
    ///
    /// # Errors
    /// XX001 for a place that no file of a data directory has: a manifest may come from anybody.
    pub(super) fn place(&self) -> Result<PathBuf> {
        let path = Path::new(&self.path);
        let mut parts = path.components();
        let is_known = parts.next().is_some_and(|first| FOLDERS.iter().any(|folder| first.as_os_str() == *folder));
        if self.is_identity() {
            return Ok(path.to_path_buf());
        }
        if !is_known || !parts.clone().all(|part| matches!(part, Component::Normal(_))) || parts.next().is_none() {
            return Err(Error::new(ErrorKind::Corrupted, format!("no backup has a file \"{}\"", self.path)));
        }
        Ok(path.to_path_buf())
    }

    /// Whether it is the key that the node has had, or one before, under the name of an old one: `identity.12D3….key`.
    fn is_identity(&self) -> bool {
        let id = self.path.strip_prefix("identity.").and_then(|name| name.strip_suffix(".key"));
        id.is_some_and(|id| is_peer_id(&PeerId::new(id)))
    }

    pub(super) fn is_key(&self) -> bool {
        self.path.starts_with("keys/")
    }
}

/// The number that a backup's id begins with.
pub(super) fn number_of(id: &str) -> Option<u64> {
    id.split('-').next()?.parse().ok()
}

pub(super) fn newer(path: &str, format: u64) -> Error {
    Error::new(
        ErrorKind::Configuration,
        format!("{path} has format {format}, this program reads up to {BACKUP_FORMAT}"),
    )
    .with_hint("Use the newer nebulusdb that wrote it.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let file = BackupFile { path: "rocksdb/CURRENT".to_string(), bytes: 3, blake3: "ab".repeat(32) };
        Manifest {
            format: BACKUP_FORMAT,
            id: "000007-20260131T235959Z".to_string(),
            made: "2026-01-31T23:59:59Z".to_string(),
            program: "0.1.0".to_string(),
            store_format: 1,
            origin: "12D3".to_string(),
            has_keys: false,
            files: vec![file],
        }
    }

    #[test]
    fn a_manifest_tells_when_it_was_changed() {
        let (path, bytes) = ("m.json", manifest().encode().unwrap());
        assert_eq!(Manifest::decode(path, &bytes).unwrap(), manifest());
        assert_eq!(manifest().number(), 7);
        let mut refused = 0;
        for place in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1;
            match Manifest::decode(path, &flipped) {
                Ok(read) => assert_eq!(read, manifest(), "what was changed says nothing"),
                Err(_) => refused += 1,
            }
        }
        assert!(refused > bytes.len() / 2);
        assert_eq!(Manifest::decode(path, &bytes[..40]).unwrap_err().kind(), ErrorKind::Corrupted);
    }

    #[test]
    fn a_manifest_leads_out_of_no_directory() {
        for path in [
            "../x",
            "/etc/passwd",
            "rocksdb/../../x",
            "identity.key",
            "identity.x.key",
            "identity.../x.key",
            "rocksdb",
            "keys/./../x",
        ] {
            let file = BackupFile { path: path.to_string(), bytes: 0, blake3: String::new() };
            assert!(file.place().is_err(), "{path}");
        }
        let path = "identity.12D3KooWEChVMMMzV8acJ53mJHrw1pQ27UAGkCxWXLJutbeUMvVu.key".to_string();
        assert!(BackupFile { path, bytes: 0, blake3: String::new() }.place().is_ok());
    }
}
