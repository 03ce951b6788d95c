//! The file with the password that the first start has made: it goes as soon as it would not be true any more.

use std::path::PathBuf;

use crate::db::database::Database;
use crate::error::{Error, ErrorKind, Result};

impl Database {
    /// Takes the file away, since it holds another password than the owner's; where it was, if it was there.
    ///
    /// # Errors
    /// 58030 naming the file, which is still there then.
    pub fn remove_password_file(&self) -> Result<Option<PathBuf>> {
        let path = &self.shared().password_file;
        match std::fs::remove_file(path) {
            Ok(()) => {
                tracing::info!(file = %path.display(), "the file with the first password is removed: it is not the password any more");
                Ok(Some(path.clone()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                let text = format!("the file {} holds an old password and cannot be removed: {error}", path.display());
                Err(Error::new(ErrorKind::Io, text).with_hint("Remove it by hand: clients on this machine read it."))
            }
        }
    }
}
