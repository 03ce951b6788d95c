//! What only a first start does: giving the owner a password.

use std::path::Path;

use zeroize::Zeroizing;

use crate::db::{Database, ScramVerifier};
use crate::error::{Error, ErrorKind, Result};
use crate::session::{make_verifier, random_password, scram_verifier};
use crate::store::{create_private_file, make_private_folder};

/// Variable that sets the first password.
const PASSWORD_VARIABLE: &str = "NEBULUSDB_PASSWORD";

/// Makes sure that the owner has a password: the one in the environment, or a random one that is left in a file only the
/// owner can read. Where there is one already, the log says what does not count any more.
///
/// # Errors
/// F0000 for an empty password or a password file that is there although no password was set.
pub(crate) fn ensure_password(database: &Database, file: &Path) -> Result<()> {
    if let Some(verifier) = database.password(crate::db::OWNER)? {
        return tell_what_does_not_count(database, &verifier, file);
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

/// Says where a password lies that is not the owner's; its file is removed.
fn tell_what_does_not_count(database: &Database, verifier: &ScramVerifier, file: &Path) -> Result<()> {
    let is_right = |password: &str| {
        let made = scram_verifier(password, verifier.salt.clone(), verifier.iterations)?;
        Ok::<bool, Error>(made.stored_key == verifier.stored_key)
    };
    if let Ok(password) = std::env::var(PASSWORD_VARIABLE).map(Zeroizing::new)
        && !is_right(&password)?
    {
        tracing::warn!(
            "{PASSWORD_VARIABLE} is not the password of this server and does not count: it is taken at the first start alone. \
             ALTER USER nebulus PASSWORD '…' changes the password"
        );
    }
    // One that cannot be read is none that clients would take.
    if let Ok(password) = std::fs::read_to_string(file).map(Zeroizing::new)
        && !is_right(password.trim_end())?
    {
        database.remove_password_file()?;
    }
    Ok(())
}
