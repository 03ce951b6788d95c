//! Options of all layers, from flags, the environment, a configuration file and defaults, in this order of precedence.
//!
//! [`Flags`] are what the command line and `NEBULUSDB_…` variables say, [`FileOptions`] what the file says, [`Options`] the
//! result: every value present and checked. Nothing is opened or created here.

mod file;
mod flags;
mod layers;
mod options;
mod problem;

pub use file::{DEFAULT_FILE, FileOptions, ReadFile, section_of};
pub use flags::{ARGUMENTS_OF_PLACE, Flags, LogFormat, PlaceFlags, StoreFlags, Switch, TlsMode};
pub use layers::Layers;
pub(crate) use options::read_passphrase;
pub use options::{ADMIN_DEFAULT, AdminAddress, Options, StorePaths};
pub use problem::Problem;

pub use crate::db::PASSWORD_FILE;
