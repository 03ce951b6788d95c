//! Folders that only their owner may enter, and files in them that only their owner may read.
//!
//! What the server makes is 0700 and 0600 whatever the umask and whatever the mode of the folder around it. A folder that was
//! there before and lets others in is closed, with all that lies in it; the data directory itself, when it was there before,
//! keeps the mode that its owner gave it: nothing in it is open.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::path::Path;

use crate::error::Result;
use crate::store::files::private_file::at;

/// Permission bits of group and others.
#[cfg(unix)]
const SHARED_MODE_BITS: u32 = 0o077;

/// Makes a folder, and those on the way to it that are missing.
///
/// # Errors
/// That of the system.
pub fn create(path: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// As [`create`], with an error that names the folder.
///
/// # Errors
/// 58030, 53100.
pub fn make(path: &Path) -> Result<()> {
    create(path).map_err(|error| at(path, error))
}

/// Makes a folder, or closes it where it lets others in, with a warning.
///
/// # Errors
/// 58030 naming what cannot be made or closed.
pub fn make_or_close(path: &Path) -> Result<()> {
    make(path)?;
    warn_of(path, close(path, true)?);
    Ok(())
}

/// Closes a folder that lets others in, with a warning; what lies in it is looked at by whoever reads it. One that is not
/// there is left so.
///
/// # Errors
/// 58030 naming the folder.
pub fn close_folder(path: &Path) -> Result<()> {
    if path.exists() {
        warn_of(path, close(path, false)?);
    }
    Ok(())
}

fn warn_of(path: &Path, changed: u64) {
    if changed > 0 {
        tracing::warn!(folder = %path.display(), changed, "others could enter this folder; now only its owner can");
    }
}

/// Creates a file, or empties it.
///
/// # Errors
/// That of the system.
pub fn create_file(path: &Path) -> std::io::Result<File> {
    open(path, OpenOptions::new().write(true).create(true).truncate(true))
}

/// Creates a file that must not be there.
///
/// # Errors
/// That of the system; `AlreadyExists` where it is there.
pub fn create_new_file(path: &Path) -> std::io::Result<File> {
    open(path, OpenOptions::new().write(true).create_new(true))
}

fn open(path: &Path, options: &mut OpenOptions) -> std::io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.open(path)
}

/// Closes a folder that lets others in, and with `is_deep` then everything in it; how many modes that changed. In a folder that is closed
/// nothing is looked at: nobody can reach it.
#[cfg(unix)]
fn close(folder: &Path, is_deep: bool) -> Result<u64> {
    let mut changed = 0;
    let mut open = vec![folder.to_path_buf()];
    while let Some(path) = open.pop() {
        let metadata = fs::symlink_metadata(&path).map_err(|error| at(&path, error))?;
        let mode = std::os::unix::fs::MetadataExt::mode(&metadata);
        let is_shared = mode & SHARED_MODE_BITS != 0;
        if metadata.is_symlink() || (path == folder && !is_shared) {
            continue;
        }
        if is_shared {
            let private = std::os::unix::fs::PermissionsExt::from_mode(mode & 0o7777 & !SHARED_MODE_BITS);
            fs::set_permissions(&path, private).map_err(|error| at(&path, error))?;
            changed += 1;
        }
        if metadata.is_dir() && is_deep {
            for entry in fs::read_dir(&path).map_err(|error| at(&path, error))? {
                open.push(entry.map_err(|error| at(&path, error))?.path());
            }
        }
    }
    Ok(changed)
}

#[cfg(not(unix))]
fn close(_folder: &Path, _is_deep: bool) -> Result<u64> {
    Ok(0)
}

#[cfg(all(test, unix))]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_made_is_private() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("a/b");
        make(&folder).unwrap();
        drop(create_file(&folder.join("one")).unwrap());
        drop(create_new_file(&folder.join("two")).unwrap());
        let modes = ["a", "a/b", "a/b/one", "a/b/two"].map(|name| mode(&directory.path().join(name)));
        assert_eq!(modes, [0o700, 0o700, 0o600, 0o600]);
    }

    #[test]
    fn an_open_folder_is_closed_with_what_lies_in_it() {
        let directory = tempfile::tempdir().unwrap();
        let (outside, folder) = (directory.path().join("outside"), directory.path().join("folder"));
        fs::create_dir_all(folder.join("deep")).unwrap();
        fs::write(folder.join("deep/file"), "x").unwrap();
        fs::write(&outside, "x").unwrap();
        std::os::unix::fs::symlink(&outside, folder.join("link")).unwrap();
        for (path, open) in [(&outside, 0o644), (&folder, 0o755), (&folder.join("deep"), 0o755)] {
            fs::set_permissions(path, fs::Permissions::from_mode(open)).unwrap();
        }
        fs::set_permissions(folder.join("deep/file"), fs::Permissions::from_mode(0o444)).unwrap();
        make_or_close(&folder).unwrap();
        let modes = ["", "deep", "deep/file"].map(|name| mode(&folder.join(name)));
        assert_eq!(modes, [0o700, 0o700, 0o400]);
        assert_eq!(mode(&outside), 0o644, "what a link leads to is not ours");
        assert_eq!(close(&folder, true).unwrap(), 0);
    }
}
