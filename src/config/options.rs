//! The options that a server runs with.

use std::path::PathBuf;

use directories::ProjectDirs;
use zeroize::Zeroizing;

use crate::config::{FileOptions, Flags, LogFormat, StoreFlags, Switch};
use crate::db::{Clock, DatabaseOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::store::KeySource;

/// Where PostgreSQL clients connect unless told otherwise: next to PostgreSQL's own port, on this machine only.
const LISTEN_DEFAULT: &str = "127.0.0.1:5433";
/// Megabytes of cached blocks.
const CACHE_MB_DEFAULT: usize = 512;
const CACHE_MB_RANGE: std::ops::RangeInclusive<usize> = 8..=1024 * 1024;
const CONNECTIONS_DEFAULT: usize = 200;
const CONNECTIONS_RANGE: std::ops::RangeInclusive<usize> = 1..=10_000;

/// Options of a server, complete and checked.
#[derive(Clone, Debug)]
pub struct Options {
    pub paths: StorePaths,
    pub listen: String,
    pub trust_local: bool,
    pub p2p_listen: Vec<String>,
    /// `None` when it is off.
    pub admin: Option<String>,
    /// Certificate chain and private key.
    pub tls: Option<(PathBuf, PathBuf)>,
    pub sync: bool,
    pub max_connections: usize,
    pub log_format: LogFormat,
    pub log: String,
}

/// Where things lie.
#[derive(Clone, Debug)]
pub struct StorePaths {
    pub data_directory: PathBuf,
    pub key_directory: PathBuf,
    pub vault_passphrase_file: Option<PathBuf>,
    pub cache_bytes: usize,
}

impl Options {
    /// Combines flags, environment, file and defaults.
    ///
    /// # Errors
    /// F0000 for a file that cannot be read and for values out of range.
    pub fn resolve(flags: &Flags) -> Result<Options> {
        let file = read_file(&flags.store)?;
        let paths = StorePaths::combine(&flags.store, &file)?;
        let tls_cert = flags.tls_cert.clone().or(file.tls_cert);
        let tls_key = flags.tls_key.clone().or(file.tls_key);
        let tls = match (tls_cert, tls_key) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            _ => {
                return Err(Error::new(ErrorKind::Configuration, "TLS needs both a certificate and its key")
                    .with_hint("Give tls_cert and tls_key, or neither."));
            }
        };
        let max_connections = flags.max_connections.or(file.max_connections).unwrap_or(CONNECTIONS_DEFAULT);
        check_range("max_connections", max_connections, &CONNECTIONS_RANGE)?;
        let admin = flags.admin.clone().or(file.admin).unwrap_or_else(|| "off".to_string());
        Ok(Options {
            paths,
            listen: flags.listen.clone().or(file.listen).unwrap_or_else(|| LISTEN_DEFAULT.to_string()),
            trust_local: flags.trust_local.or(file.trust_local).unwrap_or(false),
            p2p_listen: if flags.p2p_listen.is_empty() { file.p2p_listen } else { flags.p2p_listen.clone() },
            admin: (admin != "off").then_some(admin),
            tls,
            sync: flags.fsync.or(file.fsync).unwrap_or(Switch::On) == Switch::On,
            max_connections,
            log_format: flags.log_format.or(file.log_format).unwrap_or(LogFormat::Text),
            log: flags.log.clone().or(file.log).unwrap_or_else(|| "info".to_string()),
        })
    }

    /// How the database is opened.
    pub fn database(&self) -> Result<DatabaseOptions> {
        self.paths.database(self.sync)
    }

    /// The file that the first start writes a random password to.
    pub fn password_file(&self) -> PathBuf {
        self.paths.key_directory.join("password")
    }
}

impl StorePaths {
    /// The paths for a command that opens a store and serves nobody.
    pub fn resolve(flags: &StoreFlags) -> Result<StorePaths> {
        StorePaths::combine(flags, &read_file(flags)?)
    }

    fn combine(flags: &StoreFlags, file: &FileOptions) -> Result<StorePaths> {
        let chosen = flags.data_dir.clone().or_else(|| file.data_dir.clone());
        let chosen_keys = flags.key_dir.clone().or_else(|| file.key_dir.clone());
        let (data_directory, default_keys) = match chosen {
            Some(data) => (data.clone(), data.join("keys")),
            None => {
                let directories = ProjectDirs::from("", "", "nebulusdb").ok_or_else(|| {
                    Error::new(ErrorKind::Configuration, "this account has no home directory")
                        .with_hint("Say where the data shall lie with --data-dir.")
                })?;
                (directories.data_dir().to_path_buf(), directories.config_dir().join("keys"))
            }
        };
        let cache_mb = flags.cache_mb.or(file.cache_mb).unwrap_or(CACHE_MB_DEFAULT);
        check_range("cache_mb", cache_mb, &CACHE_MB_RANGE)?;
        Ok(StorePaths {
            data_directory,
            key_directory: chosen_keys.unwrap_or(default_keys),
            vault_passphrase_file: flags.vault_passphrase_file.clone().or_else(|| file.vault_passphrase_file.clone()),
            cache_bytes: cache_mb * 1024 * 1024,
        })
    }

    /// How the database is opened.
    ///
    /// # Errors
    /// F0000 when the passphrase file cannot be read.
    pub fn database(&self, sync: bool) -> Result<DatabaseOptions> {
        let key_source = match &self.vault_passphrase_file {
            None => KeySource::File,
            Some(path) => read_passphrase(path)?,
        };
        Ok(DatabaseOptions {
            data_directory: self.data_directory.clone(),
            key_directory: self.key_directory.clone(),
            key_source,
            cache_bytes: self.cache_bytes,
            sync,
            clock: Clock::System,
        })
    }
}

/// The passphrase in a file, without the line end behind it.
pub(crate) fn read_passphrase(path: &std::path::Path) -> Result<KeySource> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| {
        Error::new(ErrorKind::Configuration, format!("passphrase file {}: {error}", path.display()))
    })?;
    Ok(KeySource::Passphrase(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_string())))
}

fn read_file(flags: &StoreFlags) -> Result<FileOptions> {
    match &flags.config {
        Some(path) => FileOptions::read(path),
        None => {
            let default = ProjectDirs::from("", "", "nebulusdb").map(|dirs| dirs.config_dir().join("nebulusdb.toml"));
            match default.filter(|path| path.exists()) {
                Some(path) => FileOptions::read(&path),
                None => Ok(FileOptions::default()),
            }
        }
    }
}

fn check_range(name: &str, value: usize, range: &std::ops::RangeInclusive<usize>) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Configuration,
        format!("{name} is {value}; it must be from {} to {}", range.start(), range.end()),
    ))
}
