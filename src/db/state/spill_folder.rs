//! The folder that statements write what they cannot hold in memory to. It is private, its files go with the statements, and what a
//! crash has left of them goes at the next start.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::store::{file_error, make_private_folder};

/// Its name in the data directory.
const FOLDER: &str = "spill";

fn folder(data_directory: &Path) -> PathBuf {
    data_directory.join(FOLDER)
}

/// The folder, made where it is missing.
///
/// # Errors
/// 58030, 53100.
pub(crate) fn make(data_directory: &Path) -> Result<PathBuf> {
    let folder = folder(data_directory);
    make_private_folder(&folder)?;
    Ok(folder)
}

/// Removes what an earlier run has left.
///
/// # Errors
/// 58030 naming the folder.
pub(crate) fn remove(data_directory: &Path) -> Result<()> {
    let folder = folder(data_directory);
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(file_error(&folder, error)),
        _ => Ok(()),
    }
}
