//! The configuration file: the same options by the same names, in TOML.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::config::{LogFormat, Switch, TlsMode};
use crate::error::{Error, ErrorKind, Result};

/// Longest configuration file, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// What a configuration file says. Unknown names are errors.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileOptions {
    pub data_dir: Option<PathBuf>,
    pub key_dir: Option<PathBuf>,
    pub vault_passphrase_file: Option<PathBuf>,
    pub cache_mb: Option<usize>,
    pub listen: Option<String>,
    pub trust_local: Option<bool>,
    #[serde(default)]
    pub p2p_listen: Vec<String>,
    pub admin: Option<String>,
    pub tls_cert: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    pub tls: Option<TlsMode>,
    pub fsync: Option<Switch>,
    pub max_connections: Option<usize>,
    pub login_time_max_s: Option<u64>,
    pub idle_transaction_max_s: Option<u64>,
    pub memory_mb: Option<usize>,
    pub log_format: Option<LogFormat>,
    pub log: Option<String>,
}

impl FileOptions {
    /// Reads a file.
    ///
    /// # Errors
    /// F0000 when it cannot be read or says something unknown, with the line.
    pub fn read(path: &Path) -> Result<FileOptions> {
        let wrong = |reason: String| {
            Error::new(ErrorKind::Configuration, format!("configuration file {}: {reason}", path.display()))
        };
        let length = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?.len();
        if length > FILE_BYTES_MAX {
            return Err(wrong(format!("it has {length} bytes, allowed are {FILE_BYTES_MAX}")));
        }
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        toml::from_str(&text).map_err(|error| wrong(error.to_string()))
    }
}
