//! The options that a server runs with.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use directories::ProjectDirs;
use zeroize::Zeroizing;

use crate::config::file::FileOptions;
use crate::config::flags::{Flags, LogFormat, StoreFlags, Switch, TlsMode};
use crate::config::layers::Layers;
use crate::config::problem::Problem;
use crate::db::{Clock, DatabaseOptions, PASSWORD_FILE};
use crate::error::{Error, ErrorKind, Result};
use crate::sql;
use crate::store::KeySource;
use crate::telemetry;

/// Where PostgreSQL clients connect unless told otherwise: next to PostgreSQL's own port, on this machine only.
const LISTEN_DEFAULT: &str = "127.0.0.1:5433";
/// Where the pages are unless told otherwise: on this machine only.
pub const ADMIN_DEFAULT: &str = "127.0.0.1:8433";
/// Megabytes of cached blocks.
const CACHE_MB_DEFAULT: u64 = 512;
const CACHE_MB_RANGE: RangeInclusive<u64> = 8..=1024 * 1024;
const CONNECTIONS_DEFAULT: u64 = 200;
const CONNECTIONS_RANGE: RangeInclusive<u64> = 1..=10_000;
/// Seconds that a login may take. PostgreSQL gives a minute; a login takes a few milliseconds.
const LOGIN_SECONDS_DEFAULT: u64 = 10;
const LOGIN_SECONDS_RANGE: RangeInclusive<u64> = 1..=600;
/// Seconds that a transaction may wait for its client: a forgotten one keeps what was deleted since from being cleaned away.
const IDLE_TRANSACTION_SECONDS_DEFAULT: u64 = 3600;
const IDLE_TRANSACTION_SECONDS_RANGE: RangeInclusive<u64> = 0..=30 * 86_400;
/// Megabytes that all clients together may take.
const MEMORY_MB_DEFAULT: u64 = 1024;
const MEMORY_MB_RANGE: RangeInclusive<u64> = 16..=1024 * 1024;

/// Milliseconds from which on a statement is logged; none is.
const SLOW_STATEMENT_MS_DEFAULT: u64 = 0;
const SLOW_STATEMENT_MS_RANGE: RangeInclusive<u64> = 0..=86_400_000;
const LOG_DEFAULT: &str = "info";
/// How the pages are left out.
const OFF: &str = "off";
/// The folder of the data directory that holds the keys.
const KEYS_FOLDER: &str = "keys";

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
    /// Milliseconds from which on a statement is logged; 0: none.
    pub slow_statement_ms: u64,
    pub log_format: LogFormat,
    pub log: String,
    /// Where spans go; `None`: nowhere.
    pub otlp_endpoint: Option<String>,
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
    /// F0000 for a file that cannot be read, with everything that is wrong with it, and for values out of range.
    pub fn resolve(flags: &Flags) -> Result<Options> {
        let layers = Layers::read(flags)?;
        layers.options().map_err(|problems| layers.error(problems))
    }

    /// The options of all layers together.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn of(chosen: &FileOptions) -> std::result::Result<Options, Vec<Problem>> {
        let mut problems = Vec::new();
        let paths = StorePaths::of(chosen, &mut problems);
        let (tls, tls_mode) = tls(chosen).unwrap_or_else(|problem| {
            problems.push(problem);
            (None, TlsMode::Off)
        });
        let mut within = |name, value: Option<u64>, default, range: &RangeInclusive<u64>| {
            let value = value.unwrap_or(default);
            problems.extend(out_of_range(name, value, range));
            value
        };
        let max_connections = chosen.max_connections.map(|count| count as u64);
        let max_connections = within("max_connections", max_connections, CONNECTIONS_DEFAULT, &CONNECTIONS_RANGE);
        let login = within("login_time_max_s", chosen.login_time_max_s, LOGIN_SECONDS_DEFAULT, &LOGIN_SECONDS_RANGE);
        let idle = within(
            "idle_transaction_max_s",
            chosen.idle_transaction_max_s,
            IDLE_TRANSACTION_SECONDS_DEFAULT,
            &IDLE_TRANSACTION_SECONDS_RANGE,
        );
        let memory_mb = chosen.memory_mb.map(|megabytes| megabytes as u64);
        let memory_mb = within("memory_mb", memory_mb, MEMORY_MB_DEFAULT, &MEMORY_MB_RANGE);
        let slow_statement_ms =
            within("slow_statement_ms", chosen.slow_statement_ms, SLOW_STATEMENT_MS_DEFAULT, &SLOW_STATEMENT_MS_RANGE);
        problems.extend(chosen.otlp_endpoint.as_deref().and_then(wrong_endpoint));
        let Some(paths) = paths.filter(|_| problems.is_empty()) else { return Err(problems) };
        let chosen = chosen.clone();
        let admin = match chosen.admin {
            None => Some(AdminAddress { address: ADMIN_DEFAULT.to_string(), is_chosen: false }),
            Some(address) => (address != OFF).then_some(AdminAddress { address, is_chosen: true }),
        };
        Ok(Options {
            paths,
            listen: chosen.listen.unwrap_or_else(|| LISTEN_DEFAULT.to_string()),
            trust_local: chosen.trust_local.unwrap_or(false),
            p2p_listen: chosen.p2p_listen.unwrap_or_default(),
            admin,
            tls,
            tls_mode,
            sync: chosen.fsync.unwrap_or(Switch::On) == Switch::On,
            max_connections: usize::try_from(max_connections).unwrap_or(usize::MAX),
            login_time_max: Duration::from_secs(login),
            idle_transaction_max: (idle > 0).then(|| Duration::from_secs(idle)),
            memory_bytes: megabytes(memory_mb),
            slow_statement_ms,
            log_format: chosen.log_format.unwrap_or(LogFormat::Text),
            log: chosen.log.unwrap_or_else(|| LOG_DEFAULT.to_string()),
            otlp_endpoint: chosen.otlp_endpoint,
        })
    }

    /// What counts where no layer says anything; what has no value by default is left out.
    pub fn defaults() -> FileOptions {
        FileOptions {
            cache_mb: usize::try_from(CACHE_MB_DEFAULT).ok(),
            listen: Some(LISTEN_DEFAULT.to_string()),
            trust_local: Some(false),
            admin: Some(ADMIN_DEFAULT.to_string()),
            fsync: Some(Switch::On),
            max_connections: usize::try_from(CONNECTIONS_DEFAULT).ok(),
            login_time_max_s: Some(LOGIN_SECONDS_DEFAULT),
            idle_transaction_max_s: Some(IDLE_TRANSACTION_SECONDS_DEFAULT),
            memory_mb: usize::try_from(MEMORY_MB_DEFAULT).ok(),
            slow_statement_ms: Some(SLOW_STATEMENT_MS_DEFAULT),
            log_format: Some(LogFormat::Text),
            log: Some(LOG_DEFAULT.to_string()),
            ..FileOptions::default()
        }
    }

    /// The names of the options that are others in `other` and count only from a start on.
    pub fn fixed_differences(&self, other: &Options) -> Vec<&'static str> {
        let (ours, theirs) = (&self.paths, &other.paths);
        let is_equal = [
            ("data_dir", ours.data_directory == theirs.data_directory),
            ("key_dir", ours.key_directory == theirs.key_directory),
            ("vault_passphrase_file", ours.vault_passphrase_file == theirs.vault_passphrase_file),
            ("cache_mb", ours.cache_bytes == theirs.cache_bytes),
            ("listen", self.listen == other.listen),
            ("p2p_listen", self.p2p_listen == other.p2p_listen),
            ("admin", self.admin == other.admin),
            ("fsync", self.sync == other.sync),
            ("max_connections", self.max_connections == other.max_connections),
            ("memory_mb", self.memory_bytes == other.memory_bytes),
            ("log_format", self.log_format == other.log_format),
            ("otlp_endpoint", self.otlp_endpoint == other.otlp_endpoint),
        ];
        is_equal.into_iter().filter(|(_, is_equal)| !is_equal).map(|(name, _)| name).collect()
    }

    /// Takes over what can change while a server runs.
    pub fn take_changeable(&mut self, other: &Options) {
        self.log.clone_from(&other.log);
        self.trust_local = other.trust_local;
        self.tls_mode = other.tls_mode;
        self.login_time_max = other.login_time_max;
        self.idle_transaction_max = other.idle_transaction_max;
        self.slow_statement_ms = other.slow_statement_ms;
    }

    /// How the database is opened.
    ///
    /// # Errors
    /// As [`StorePaths::database`].
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
    ///
    /// # Errors
    /// F0000 naming each option that is wrong in the flags, the environment or the configuration file, and for such a file that
    /// cannot be read.
    pub fn resolve(flags: &StoreFlags) -> Result<StorePaths> {
        let layers = Layers::read(&Flags { store: flags.clone(), ..Flags::default() })?;
        let mut problems = layers.file.problems.clone();
        let paths = StorePaths::of(&layers.chosen(), &mut problems);
        match paths.filter(|_| problems.is_empty()) {
            Some(paths) => Ok(paths),
            None => Err(layers.error(problems.into_iter().map(|problem| layers.placed(problem)).collect())),
        }
    }

    fn of(chosen: &FileOptions, problems: &mut Vec<Problem>) -> Option<StorePaths> {
        let cache_mb = chosen.cache_mb.map_or(CACHE_MB_DEFAULT, |megabytes| megabytes as u64);
        problems.extend(out_of_range("cache_mb", cache_mb, &CACHE_MB_RANGE));
        let (data_directory, default_keys) = match &chosen.data_dir {
            Some(data) => (data.clone(), data.join(KEYS_FOLDER)),
            None => {
                let Some(directories) = ProjectDirs::from("", "", "nebulusdb") else {
                    let problem = Problem::of("data_dir", "this account has no home directory");
                    problems.push(problem.with_hint("Say where the data shall lie with --data-dir."));
                    return None;
                };
                (directories.data_dir().to_path_buf(), directories.config_dir().join(KEYS_FOLDER))
            }
        };
        Some(StorePaths {
            data_directory,
            key_directory: chosen.key_dir.clone().unwrap_or(default_keys),
            vault_passphrase_file: chosen.vault_passphrase_file.clone(),
            cache_bytes: megabytes(cache_mb),
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
            row_compiler: sql::compile_stored,
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

/// The certificate with its key, and who has to use TLS.
fn tls(chosen: &FileOptions) -> std::result::Result<(Option<(PathBuf, PathBuf)>, TlsMode), Problem> {
    match (chosen.tls_cert.clone(), chosen.tls_key.clone(), chosen.tls) {
        (_, _, Some(TlsMode::Off)) | (None, None, None) => Ok((None, TlsMode::Off)),
        (Some(certificate), Some(key), mode) => Ok((Some((certificate, key)), mode.unwrap_or(TlsMode::Remote))),
        (None, None, Some(mode)) => {
            let mode = format!("{mode:?}").to_lowercase();
            Err(Problem::of("tls", format!("tls is \"{mode}\", and there is no certificate"))
                .with_hint("Give tls_cert and tls_key, or tls = off."))
        }
        (certificate, ..) => {
            let option = if certificate.is_some() { "tls_cert" } else { "tls_key" };
            Err(Problem::of(option, "TLS needs both a certificate and its key")
                .with_hint("Give tls_cert and tls_key, or neither."))
        }
    }
}

/// What is wrong with the address of a collector.
fn wrong_endpoint(endpoint: &str) -> Option<Problem> {
    if !telemetry::IS_BUILT_IN {
        let problem = Problem::of("otlp_endpoint", "otlp_endpoint is set, and this nebulusdb was built without traces");
        return Some(
            problem.with_hint("Build it with: cargo build --release --features otel. Or leave the option out."),
        );
    }
    let is_url = ["http://", "https://"].iter().any(|scheme| {
        let host = endpoint.strip_prefix(scheme).unwrap_or_default();
        !host.is_empty() && !host.starts_with('/') && !host.contains(['@', '?', '#', ' '])
    });
    (!is_url).then(|| {
        Problem::of("otlp_endpoint", format!("otlp_endpoint is \"{endpoint}\", which is no address of a collector"))
            .with_hint("Write it as http://127.0.0.1:4318; /v1/traces is added.")
    })
}

fn megabytes(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(1024 * 1024)
}

fn out_of_range(name: &'static str, value: u64, range: &RangeInclusive<u64>) -> Option<Problem> {
    let (least, most) = (range.start(), range.end());
    (!range.contains(&value))
        .then(|| Problem::of(name, format!("{name} is {value}; it must be from {least} to {most}")))
}
