//! Options of all layers, from flags, the environment, a configuration file and defaults, in this order of precedence.
//!
//! [`Flags`] are what the command line and `NEBULUSDB_…` variables say, [`FileOptions`] what the file says, [`Options`] the
//! result: every value present and checked. Nothing is opened or created here.

mod file;
mod flags;
mod options;

pub use file::FileOptions;
pub use flags::{Flags, LogFormat, StoreFlags, Switch, TlsMode};
pub(crate) use options::read_passphrase;
pub use options::{ADMIN_DEFAULT, AdminAddress, Options, PASSWORD_FILE, StorePaths};
