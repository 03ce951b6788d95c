//! The options that a server runs with.

use std::path::PathBuf;
use std::time::Duration;

use directories::ProjectDirs;
use zeroize::Zeroizing;

use crate::config::{FileOptions, Flags, LogFormat, StoreFlags, Switch, TlsMode};
use crate::db::{Clock, DatabaseOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::store::KeySource;

/// Where PostgreSQL clients connect unless told otherwise: next to PostgreSQL's own port, on this machine only.
const LISTEN_DEFAULT: &str = "127.0.0.1:5433";
/// Where the pages are unless told otherwise: on this machine only.
pub const ADMIN_DEFAULT: &str = "127.0.0.1:8433";
/// Megabytes of cached blocks.
const CACHE_MB_DEFAULT: usize = 512;
const CACHE_MB_RANGE: std::ops::RangeInclusive<usize> = 8..=1024 * 1024;
const CONNECTIONS_DEFAULT: usize = 200;
const CONNECTIONS_RANGE: std::ops::RangeInclusive<usize> = 1..=10_000;
/// Seconds that a login may take. PostgreSQL gives a minute; a login takes a few milliseconds.
const LOGIN_SECONDS_DEFAULT: u64 = 10;
const LOGIN_SECONDS_RANGE: std::ops::RangeInclusive<u64> = 1..=600;
/// Seconds that a transaction may wait for its client: a forgotten one keeps what was deleted since from being cleaned away.
const IDLE_TRANSACTION_SECONDS_DEFAULT: u64 = 3600;
const IDLE_TRANSACTION_SECONDS_RANGE: std::ops::RangeInclusive<u64> = 0..=30 * 86_400;
/// Megabytes that all clients together may take.
const MEMORY_MB_DEFAULT: usize = 1024;
const MEMORY_MB_RANGE: std::ops::RangeInclusive<usize> = 16..=1024 * 1024;

/// Name of the file that the first start writes a random password to, among the keys.
pub const PASSWORD_FILE: &str = "password";

/// Options of a server, complete and checked.
#[derive(Clone, Debug)]
pub struct Options {
    pub paths: StorePaths,
    pub listen: String,
    pub trust_local: bool,
    pub p2p_listen: Vec<String>,
    /// Where the pages are; `None` when they are off.
    pub admin: Option<AdminAddress>,
    /// Certificate chain and private key.
    pub tls: Option<(PathBuf, PathBuf)>,
    pub tls_mode: TlsMode,
    pub sync: bool,
    pub max_connections: usize,
    pub login_time_max: Duration,
    /// `None`: for ever.
    pub idle_transaction_max: Option<Duration>,
    /// Bytes that all clients together may take.
    pub memory_bytes: usize,
    pub log_format: LogFormat,
    pub log: String,
}

/// Where the pages are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminAddress {
    pub address: String,
    /// Somebody said so: it is no default.
    pub is_chosen: bool,
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
        let (tls, tls_mode) = tls(flags, &file)?;
        let max_connections = flags.max_connections.or(file.max_connections).unwrap_or(CONNECTIONS_DEFAULT);
        check_range("max_connections", max_connections, &CONNECTIONS_RANGE)?;
        let login = flags.login_time_max_s.or(file.login_time_max_s).unwrap_or(LOGIN_SECONDS_DEFAULT);
        check_range("login_time_max_s", login, &LOGIN_SECONDS_RANGE)?;
        let idle = flags.idle_transaction_max_s.or(file.idle_transaction_max_s);
        let idle = idle.unwrap_or(IDLE_TRANSACTION_SECONDS_DEFAULT);
        check_range("idle_transaction_max_s", idle, &IDLE_TRANSACTION_SECONDS_RANGE)?;
        let memory_mb = flags.memory_mb.or(file.memory_mb).unwrap_or(MEMORY_MB_DEFAULT);
        check_range("memory_mb", memory_mb, &MEMORY_MB_RANGE)?;
        let admin = match flags.admin.clone().or(file.admin) {
            None => Some(AdminAddress { address: ADMIN_DEFAULT.to_string(), is_chosen: false }),
            Some(address) => (address != "off").then_some(AdminAddress { address, is_chosen: true }),
        };
        Ok(Options {
            paths,
            listen: flags.listen.clone().or(file.listen).unwrap_or_else(|| LISTEN_DEFAULT.to_string()),
            trust_local: flags.trust_local.or(file.trust_local).unwrap_or(false),
            p2p_listen: if flags.p2p_listen.is_empty() { file.p2p_listen } else { flags.p2p_listen.clone() },
            admin,
            tls,
            tls_mode,
            sync: flags.fsync.or(file.fsync).unwrap_or(Switch::On) == Switch::On,
            max_connections,
            login_time_max: Duration::from_secs(login),
            idle_transaction_max: (idle > 0).then(|| Duration::from_secs(idle)),
            memory_bytes: memory_mb * 1024 * 1024,
            log_format: flags.log_format.or(file.log_format).unwrap_or(LogFormat::Text),
            log: flags.log.clone().or(file.log).unwrap_or_else(|| "info".to_string()),
        })
    }

    /// The names of the options that are others in `other` and count only from a start on. The certificate and the log
    /// filter are not among them.
    pub fn fixed_differences(&self, other: &Options) -> Vec<&'static str> {
        let (ours, theirs) = (&self.paths, &other.paths);
        let is_equal = [
            ("data_dir", ours.data_directory == theirs.data_directory),
            ("key_dir", ours.key_directory == theirs.key_directory),
            ("vault_passphrase_file", ours.vault_passphrase_file == theirs.vault_passphrase_file),
            ("cache_mb", ours.cache_bytes == theirs.cache_bytes),
            ("listen", self.listen == other.listen),
            ("trust_local", self.trust_local == other.trust_local),
            ("p2p_listen", self.p2p_listen == other.p2p_listen),
            ("admin", self.admin == other.admin),
            ("tls", self.tls_mode == other.tls_mode),
            ("fsync", self.sync == other.sync),
            ("max_connections", self.max_connections == other.max_connections),
            ("login_time_max_s", self.login_time_max == other.login_time_max),
            ("idle_transaction_max_s", self.idle_transaction_max == other.idle_transaction_max),
            ("memory_mb", self.memory_bytes == other.memory_bytes),
            ("log_format", self.log_format == other.log_format),
        ];
        is_equal.into_iter().filter(|(_, is_equal)| !is_equal).map(|(name, _)| name).collect()
    }

    /// How the database is opened.
    pub fn database(&self) -> Result<DatabaseOptions> {
        self.paths.database(self.sync)
    }

    /// The file that the first start writes a random password to.
    pub fn password_file(&self) -> PathBuf {
        self.paths.key_directory.join(PASSWORD_FILE)
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

/// The certificate with its key, and who has to use TLS.
///
/// # Errors
/// F0000 for one without the other, and for a mode that needs them.
fn tls(flags: &Flags, file: &FileOptions) -> Result<(Option<(PathBuf, PathBuf)>, TlsMode)> {
    let certificate = flags.tls_cert.clone().or_else(|| file.tls_cert.clone());
    let key = flags.tls_key.clone().or_else(|| file.tls_key.clone());
    let mode = flags.tls.or(file.tls);
    match (certificate, key, mode) {
        (_, _, Some(TlsMode::Off)) | (None, None, None) => Ok((None, TlsMode::Off)),
        (Some(certificate), Some(key), mode) => Ok((Some((certificate, key)), mode.unwrap_or(TlsMode::Remote))),
        (None, None, Some(mode)) => {
            let mode = format!("{mode:?}").to_lowercase();
            Err(Error::new(ErrorKind::Configuration, format!("tls is \"{mode}\", and there is no certificate"))
                .with_hint("Give tls_cert and tls_key, or tls = off."))
        }
        _ => Err(Error::new(ErrorKind::Configuration, "TLS needs both a certificate and its key")
            .with_hint("Give tls_cert and tls_key, or neither.")),
    }
}

fn check_range<T: PartialOrd + std::fmt::Display>(
    name: &str,
    value: T,
    range: &std::ops::RangeInclusive<T>,
) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Configuration,
        format!("{name} is {value}; it must be from {} to {}", range.start(), range.end()),
    ))
}
