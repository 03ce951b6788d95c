//! What only a first start does: giving the owner a password.

use std::path::Path;

use zeroize::Zeroizing;

use crate::db::Database;
use crate::error::{Error, ErrorKind, Result};
use crate::pg::{make_verifier, random_password};
use crate::store::{create_private_file, make_private_folder};

/// Variable that sets the first password.
const PASSWORD_VARIABLE: &str = "NEBULUSDB_PASSWORD";

/// Makes sure that the owner has a password: the one in the environment, or a random one that is left in a file only the
/// owner can read.
///
/// # Errors
/// F0000 for an empty password or a password file that is there although no password was set.
pub(crate) fn ensure_password(database: &Database, file: &Path) -> Result<()> {
    if database.password(crate::db::OWNER)?.is_some() {
        return Ok(());
    }
    let password = match std::env::var(PASSWORD_VARIABLE) {
        Ok(password) => {
            if password.is_empty() {
                return Err(Error::new(ErrorKind::Configuration, format!("{PASSWORD_VARIABLE} is empty"))
                    .with_hint("Set a password, or unset the variable to have one made."));
            }
            Zeroizing::new(password)
        }
        Err(_) => {
            let password = random_password()?;
            let directory = file.parent().unwrap_or(file);
            make_private_folder(directory)?;
            if file.exists() {
                std::fs::remove_file(file)?;
            }
            create_private_file(file, format!("{}\n", password.as_str()).as_bytes())?;
            tracing::info!(file = %file.display(), "user nebulus has a new random password; it is in this file");
            password
        }
    };
    database.set_password(&make_verifier(&password)?)
}
