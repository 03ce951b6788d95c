//! Master keys of the vault: where they live and how they are had again.
//!
//! Each generation of the vault's key has one private file in the key directory: `vault.<generation>.key` with 32 random
//! bytes, or `vault.<generation>.json` with the salt and the parameters that make the key from a passphrase by Argon2id
//! (RFC 9106). Files are created, never changed: a rotation adds the next generation's file before it touches the database
//! and removes the old one after, so whatever interrupts it, the key that the database asks for is there. A key directory
//! belongs to one data directory. Whether a key is the right one is decided by [`Vault`](crate::store::vault::vault::Vault).

use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::store::files::{private_directory, private_file};

const KEY_BYTES: usize = 32;
const SALT_BYTES: usize = 16;
const HEADER_BYTES_MAX: usize = 4096;
const HEADER_FORMAT: u32 = 1;
/// Shortest passphrase that a new generation takes, in bytes.
pub const PASSPHRASE_BYTES_MIN: usize = 8;
/// Most memory that a header may ask for, in KiB, so that a damaged one cannot exhaust the machine.
const MEMORY_KIB_MAX: u32 = 4 * 1024 * 1024;
const ITERATIONS_MAX: u32 = 64;
const PARALLELISM_MAX: u32 = 64;

/// The secret that all keys of one generation are derived from. Wiped on drop, never printed.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; KEY_BYTES]>);

impl MasterKey {
    /// A new key.
    ///
    /// # Errors
    /// XX000 where the system gives no randomness.
    pub fn generate() -> Result<MasterKey> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        fill_random(bytes.as_mut_slice())?;
        Ok(MasterKey(bytes))
    }

    pub fn from_bytes(bytes: Zeroizing<[u8; KEY_BYTES]>) -> MasterKey {
        MasterKey(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

/// Where the master key comes from.
#[derive(Clone)]
pub enum KeySource {
    /// A random key in a private file.
    File,
    /// A passphrase that the owner gives at each start.
    Passphrase(Zeroizing<String>),
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeySource::File => "File",
            KeySource::Passphrase(_) => "Passphrase(..)",
        })
    }
}

/// How much work Argon2id does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Argon2Cost {
    pub memory_kib: u32,
    pub iterations: u32,
    pub parallelism: u32,
}

impl Default for Argon2Cost {
    /// RFC 9106's second recommended option: 64 MiB, three passes, four lanes.
    fn default() -> Self {
        Argon2Cost { memory_kib: 64 * 1024, iterations: 3, parallelism: 4 }
    }
}

/// What a passphrase needs to become a key: nothing secret.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: u32,
    algorithm: String,
    salt: String,
    #[serde(flatten)]
    cost: Argon2Cost,
}

/// A file of a key directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFile {
    pub path: PathBuf,
    /// Whether it is a key; otherwise it says how one is made from a passphrase.
    pub is_secret: bool,
}

/// The directory with the key files of one vault.
#[derive(Clone, Debug)]
pub struct KeyDirectory {
    path: PathBuf,
    cost: Argon2Cost,
}

impl KeyDirectory {
    /// `cost` is for passphrases of new generations; old ones keep what their header says.
    pub fn new(path: impl Into<PathBuf>, cost: Argon2Cost) -> KeyDirectory {
        KeyDirectory { path: path.into(), cost }
    }

    /// Makes the key of a new generation; its file must not exist.
    ///
    /// # Errors
    /// 55006 where its file exists, F0000 for a passphrase below `PASSPHRASE_BYTES_MIN`, 53100 and 58030 where it cannot be
    /// written, XX000 where the system gives no randomness.
    pub fn create(&self, generation: u32, source: &KeySource) -> Result<MasterKey> {
        private_directory::make(&self.path)?;
        match source {
            KeySource::File => {
                let key = MasterKey::generate()?;
                private_file::create(&self.key_path(generation), key.as_bytes())?;
                Ok(key)
            }
            KeySource::Passphrase(passphrase) => self.create_from_passphrase(generation, passphrase),
        }
    }

    /// The key of a generation that [`create`](KeyDirectory::create) made. [`ErrorKind::Configuration`] where its file is
    /// missing, damaged or open to others, or where it wants another source.
    ///
    /// # Errors
    /// F0000 for such a file or source and for a passphrase that Argon2id refuses, 58030 where a file cannot be read.
    pub fn load(&self, generation: u32, source: &KeySource) -> Result<MasterKey> {
        let (key_path, header_path) = (self.key_path(generation), self.header_path(generation));
        let key = private_file::read(&key_path, KEY_BYTES)?;
        let header = private_file::read(&header_path, HEADER_BYTES_MAX)?;
        match (key, header, source) {
            (Some(_), Some(_), _) => Err(configuration(
                format!("both {} and {} exist", key_path.display(), header_path.display()),
                "Remove the one that does not belong to this vault.",
            )),
            (Some(bytes), None, KeySource::File) => key_of_file(&key_path, &bytes),
            (None, Some(text), KeySource::Passphrase(passphrase)) => {
                let (salt, cost) = parse_header(&header_path, &text)?;
                derive(passphrase, &salt, cost)
            }
            (None, Some(_), KeySource::File) => Err(configuration(
                format!("the vault's key is made from a passphrase ({}) and none was given", header_path.display()),
                "Start with the passphrase of the vault.",
            )),
            (Some(_), None, KeySource::Passphrase(_)) => Err(configuration(
                format!("the vault's key is in {} and a passphrase was given", key_path.display()),
                "Start without a passphrase, or rotate the vault to one with `nebulusdb vault rotate`.",
            )),
            (None, None, _) => Err(configuration(
                format!(
                    "the vault's key is missing: neither {} nor {} exists",
                    key_path.display(),
                    header_path.display()
                ),
                "Restore the key file from a backup; without it the stored secrets cannot be read.",
            )),
        }
    }

    /// The key of a vault whose database holds nothing yet: what an interrupted first start left, or a new one.
    ///
    /// # Errors
    /// As [`KeyDirectory::load`] and [`KeyDirectory::create`].
    pub fn load_or_create(&self, generation: u32, source: &KeySource) -> Result<MasterKey> {
        if self.key_path(generation).exists() || self.header_path(generation).exists() {
            self.load(generation, source)
        } else {
            self.create(generation, source)
        }
    }

    /// The files of all generations, in order of name.
    ///
    /// # Errors
    /// 58030 naming the directory.
    pub fn files(&self) -> Result<Vec<KeyFile>> {
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            read => read.map_err(|error| private_file::at(&self.path, error))?,
        };
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| private_file::at(&self.path, error))?.path();
            if is_key_file(&path) {
                let is_secret = path.extension().is_none_or(|extension| extension != "json");
                files.push(KeyFile { path, is_secret });
            }
        }
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(files)
    }

    /// Forgets every generation but `generation`: after a rotation has committed, and for one that never did.
    ///
    /// # Errors
    /// 58030 where the directory cannot be read or synced, or a file cannot be removed.
    pub fn retain(&self, generation: u32) -> Result<()> {
        let (key_path, header_path) = (self.key_path(generation), self.header_path(generation));
        let entries = fs::read_dir(&self.path).map_err(|error| private_file::at(&self.path, error))?;
        for entry in entries {
            let path = entry.map_err(|error| private_file::at(&self.path, error))?.path();
            if is_key_file(&path) && path != key_path && path != header_path {
                match fs::remove_file(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(private_file::at(&path, error));
                    }
                    _ => {}
                }
            }
        }
        private_file::sync_directory(&self.path).map_err(|error| private_file::at(&self.path, error))
    }

    fn create_from_passphrase(&self, generation: u32, passphrase: &Zeroizing<String>) -> Result<MasterKey> {
        if passphrase.len() < PASSPHRASE_BYTES_MIN {
            return Err(configuration(
                format!(
                    "the vault's passphrase has {} bytes, at least {PASSPHRASE_BYTES_MIN} are wanted",
                    passphrase.len()
                ),
                "Choose a longer passphrase.",
            ));
        }
        let mut salt = [0; SALT_BYTES];
        fill_random(&mut salt)?;
        let key = derive(passphrase, &salt, self.cost)?;
        let header =
            Header { format: HEADER_FORMAT, algorithm: "argon2id".into(), salt: BASE64.encode(salt), cost: self.cost };
        let text = serde_json::to_string_pretty(&header).map_err(|error| Error::internal(error.to_string()))?;
        private_file::create(&self.header_path(generation), text.as_bytes())?;
        Ok(key)
    }

    fn key_path(&self, generation: u32) -> PathBuf {
        self.path.join(format!("vault.{generation}.key"))
    }

    fn header_path(&self, generation: u32) -> PathBuf {
        self.path.join(format!("vault.{generation}.json"))
    }
}

fn is_key_file(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let stem = name.strip_prefix("vault.").and_then(|rest| rest.strip_suffix(".key").or(rest.strip_suffix(".json")));
    stem.is_some_and(|generation| generation.parse::<u32>().is_ok())
}

fn key_of_file(path: &Path, bytes: &[u8]) -> Result<MasterKey> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    if bytes.len() != KEY_BYTES {
        return Err(configuration(
            format!("{} holds {} bytes, a vault key has {KEY_BYTES}", path.display(), bytes.len()),
            "Restore the key file from a backup; without it the stored secrets cannot be read.",
        ));
    }
    key.copy_from_slice(bytes);
    Ok(MasterKey(key))
}

fn parse_header(path: &Path, text: &[u8]) -> Result<(Vec<u8>, Argon2Cost)> {
    let damaged =
        |what: String| configuration(format!("{}: {what}", path.display()), "Restore the key header from a backup.");
    let header: Header = serde_json::from_slice(text).map_err(|error| damaged(error.to_string()))?;
    if header.format != HEADER_FORMAT || header.algorithm != "argon2id" {
        return Err(damaged(format!(
            "format {} with {} is unknown; this version reads format {HEADER_FORMAT} with argon2id",
            header.format, header.algorithm
        )));
    }
    let cost = header.cost;
    if cost.memory_kib > MEMORY_KIB_MAX || cost.iterations > ITERATIONS_MAX || cost.parallelism > PARALLELISM_MAX {
        return Err(damaged(format!(
            "{cost:?} is above the limits of {MEMORY_KIB_MAX} KiB, {ITERATIONS_MAX} iterations, {PARALLELISM_MAX} lanes"
        )));
    }
    let salt = BASE64.decode(&header.salt).map_err(|error| damaged(format!("salt: {error}")))?;
    Ok((salt, cost))
}

fn derive(passphrase: &Zeroizing<String>, salt: &[u8], cost: Argon2Cost) -> Result<MasterKey> {
    let refused =
        |error: argon2::Error| configuration(format!("Argon2id with {cost:?}: {error}"), "Correct the parameters.");
    let params = Params::new(cost.memory_kib, cost.iterations, cost.parallelism, Some(KEY_BYTES)).map_err(refused)?;
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, key.as_mut_slice())
        .map_err(refused)?;
    Ok(MasterKey(key))
}

/// A key from a secret that people chose and share: Argon2id with a salt made of a public `context`, so that all who know
/// the secret get the same key and guessing it costs memory and time.
///
/// # Errors
/// F0000 where the parameters of Argon2id are refused or its memory is not to be had.
pub fn stretch_secret(secret: &Zeroizing<String>, context: &str) -> Result<Zeroizing<[u8; KEY_BYTES]>> {
    let salt = blake3::derive_key("nebulusdb 2026 salt of shared secrets", context.as_bytes());
    derive(secret, &salt, Argon2Cost::default()).map(|key| key.0.clone())
}

fn configuration(message: String, hint: &str) -> Error {
    Error::new(ErrorKind::Configuration, message).with_hint(hint)
}

pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|error| Error::internal(format!("no randomness: {error}")))
}
