//! Options as the command line and the environment give them; what is absent comes from the file or the defaults.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::config::file::FileOptions;

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    On,
    Off,
}

/// Who has to use TLS, where a certificate is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// Nobody can: the certificate is left alone
    Off,
    /// Whoever likes to
    Allow,
    /// Everybody but clients on this machine
    Remote,
    /// Everybody
    Require,
}

/// How log lines are written to standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

/// The names of what [`PlaceFlags`] takes.
pub const ARGUMENTS_OF_PLACE: [&str; 3] = ["data_dir", "key_dir", "config"];

/// Where the data and its keys lie: what every command that has to do with a data directory takes.
#[derive(Args, Clone, Debug, Default)]
pub struct PlaceFlags {
    /// Directory of the data; the keys lie in its folder `keys` then
    #[arg(long, value_name = "DIR", env = "NEBULUSDB_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// Directory of the vault's key files
    #[arg(long, value_name = "DIR", env = "NEBULUSDB_KEY_DIR")]
    pub key_dir: Option<PathBuf>,
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE", env = "NEBULUSDB_CONFIG")]
    pub config: Option<PathBuf>,
}

/// How a store is opened: what every command that opens one takes.
#[derive(Args, Clone, Debug, Default)]
pub struct StoreFlags {
    #[command(flatten)]
    pub place: PlaceFlags,
    /// File with the passphrase that the vault's key is derived from, in place of a key file
    #[arg(long, value_name = "FILE", env = "NEBULUSDB_VAULT_PASSPHRASE_FILE")]
    pub vault_passphrase_file: Option<PathBuf>,
    /// Megabytes of memory for cached blocks
    #[arg(long, value_name = "MB", env = "NEBULUSDB_CACHE_MB")]
    pub cache_mb: Option<usize>,
}

/// Options of `serve`.
#[derive(Args, Clone, Debug, Default)]
pub struct Flags {
    #[command(flatten)]
    pub store: StoreFlags,
    /// Address that PostgreSQL clients connect to; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", env = "NEBULUSDB_LISTEN")]
    pub listen: Option<String>,
    /// Let connections from this machine in without a password
    #[arg(long, env = "NEBULUSDB_TRUST_LOCAL", num_args = 0..=1, default_missing_value = "true")]
    pub trust_local: Option<bool>,
    /// Addresses that peers connect to; by default all interfaces, by QUIC and TCP on port 4001, once there is a network.
    /// One that ends with /p2p/…/p2p-circuit is a place at that relay
    #[arg(long, value_name = "MULTIADDR", env = "NEBULUSDB_P2P_LISTEN", value_delimiter = ',')]
    pub p2p_listen: Vec<String>,
    /// Address of the pages (/healthz, /readyz, /metrics), or off; by default 127.0.0.1:8433, or none where that is taken
    #[arg(long, value_name = "HOST:PORT|off", env = "NEBULUSDB_ADMIN")]
    pub admin: Option<String>,
    /// Certificate chain (PEM) for TLS
    #[arg(long, value_name = "FILE", env = "NEBULUSDB_TLS_CERT")]
    pub tls_cert: Option<PathBuf>,
    /// Private key (PEM) for TLS
    #[arg(long, value_name = "FILE", env = "NEBULUSDB_TLS_KEY")]
    pub tls_key: Option<PathBuf>,
    /// Who has to use TLS: off, allow (nobody has to), remote (all but clients on this machine), require (everybody).
    /// With a certificate the default is remote
    #[arg(long, value_enum, env = "NEBULUSDB_TLS")]
    pub tls: Option<TlsMode>,
    /// Whether a commit waits for the disk. off: power loss may take the last commits; a crash of the server does not
    #[arg(long, value_enum, env = "NEBULUSDB_FSYNC")]
    pub fsync: Option<Switch>,
    /// Connections at the same time, at most
    #[arg(long, value_name = "N", env = "NEBULUSDB_MAX_CONNECTIONS")]
    pub max_connections: Option<usize>,
    /// Seconds from a client's first byte to its checked password, at most
    #[arg(long, value_name = "SECONDS", env = "NEBULUSDB_LOGIN_TIME_MAX_S")]
    pub login_time_max_s: Option<u64>,
    /// Seconds that a transaction or cursor may wait for its client, at most; 0: for ever
    #[arg(long, value_name = "SECONDS", env = "NEBULUSDB_IDLE_TRANSACTION_MAX_S")]
    pub idle_transaction_max_s: Option<u64>,
    /// Megabytes of memory that all clients together may take: long messages, prepared statements, portals and cursors, what
    /// open transactions have written, and results that are computed and not sent
    #[arg(long, value_name = "MB", env = "NEBULUSDB_MEMORY_MB")]
    pub memory_mb: Option<usize>,
    /// Milliseconds from which on a statement is logged with its plan, without its values; 0: none
    #[arg(long, visible_alias = "slow-statement", value_name = "MS", env = "NEBULUSDB_SLOW_STATEMENT_MS")]
    pub slow_statement_ms: Option<u64>,
    /// Form of the log lines on standard error
    #[arg(long, value_enum, env = "NEBULUSDB_LOG_FORMAT")]
    pub log_format: Option<LogFormat>,
    /// Least level of the log lines: error, warn, info, debug or trace, also by module as in `info,nebulusdb::db=debug`
    #[arg(long, value_name = "LEVEL", env = "NEBULUSDB_LOG")]
    pub log: Option<String>,
    /// Address of a collector of OpenTelemetry that gets spans of statements, commits and sync, such as
    /// http://127.0.0.1:4318; for builds with traces only
    #[arg(long, value_name = "URL", env = "NEBULUSDB_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,
}

impl From<PlaceFlags> for StoreFlags {
    fn from(place: PlaceFlags) -> StoreFlags {
        StoreFlags { place, ..StoreFlags::default() }
    }
}

impl Flags {
    /// What flags and variables say, as a layer of the configuration.
    pub fn options(&self) -> FileOptions {
        FileOptions {
            data_dir: self.store.place.data_dir.clone(),
            key_dir: self.store.place.key_dir.clone(),
            vault_passphrase_file: self.store.vault_passphrase_file.clone(),
            cache_mb: self.store.cache_mb,
            listen: self.listen.clone(),
            trust_local: self.trust_local,
            p2p_listen: (!self.p2p_listen.is_empty()).then(|| self.p2p_listen.clone()),
            admin: self.admin.clone(),
            tls_cert: self.tls_cert.clone(),
            tls_key: self.tls_key.clone(),
            tls: self.tls,
            fsync: self.fsync,
            max_connections: self.max_connections,
            login_time_max_s: self.login_time_max_s,
            idle_transaction_max_s: self.idle_transaction_max_s,
            memory_mb: self.memory_mb,
            slow_statement_ms: self.slow_statement_ms,
            log_format: self.log_format,
            log: self.log.clone(),
            otlp_endpoint: self.otlp_endpoint.clone(),
        }
    }
}
