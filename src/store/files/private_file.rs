//! Small files that only their owner may read: keys, key headers, the identity.
//!
//! [`create`] is all or nothing across a crash and never replaces a file; [`read`] refuses a file that its group or others
//! can reach, since a secret that was readable must be taken as known. Also home of [`sync_directory`], without which a new
//! name may not survive a power loss.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};

/// Permission bits of group and others.
#[cfg(unix)]
const SHARED_MODE_BITS: u32 = 0o077;

/// Writes a new file with mode 0600, fsynced with its directory. Fails with [`ErrorKind::ObjectInUse`] where `path` exists.
///
/// # Errors
/// 55006 where `path` exists, 53100 and 58030 where it cannot be written, XX000 where the system gives no randomness.
pub fn create(path: &Path, bytes: &[u8]) -> Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let temporary = temporary_path(path)?;
    let written = write_new(&temporary, bytes).and_then(|()| fs::hard_link(&temporary, path));
    let cleared = match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    match written.and(cleared).and_then(|()| sync_directory(directory)) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(Error::new(ErrorKind::ObjectInUse, format!("{} exists and is not replaced", path.display())))
        }
        Err(error) => Err(at(path, error)),
        Ok(()) => Ok(()),
    }
}

/// Writes a file with mode 0600 in the place of one that may be there: whoever reads it sees the one or the other whole.
///
/// # Errors
/// 53100 and 58030 where it cannot be written, XX000 where the system gives no randomness.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let temporary = temporary_path(path)?;
    let replaced = write_new(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = replaced {
        // What could not be written may not be there.
        fs::remove_file(&temporary).ok();
        return Err(at(path, error));
    }
    sync_directory(path.parent().unwrap_or(Path::new("."))).map_err(|error| at(path, error))
}

/// Reads a file of at most `bytes_max` bytes; `None` where there is none.
///
/// # Errors
/// F0000 for a file that others can read or that is larger, 58030 where it cannot be read.
pub fn read(path: &Path, bytes_max: usize) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| at(path, error))?,
    };
    refuse_shared(path, &file)?;
    // One allocation of full size, so that no copy of a secret stays behind in a buffer that was outgrown.
    let mut bytes = Zeroizing::new(vec![0; bytes_max + 1]);
    let mut length = 0;
    while let Some(free) = bytes.get_mut(length..).filter(|free| !free.is_empty()) {
        match file.read(free).map_err(|error| at(path, error))? {
            0 => break,
            count => length += count,
        }
    }
    if length > bytes_max {
        return Err(Error::new(
            ErrorKind::Configuration,
            format!("{} is larger than the {bytes_max} bytes such a file can have", path.display()),
        ));
    }
    bytes.truncate(length);
    Ok(Some(bytes))
}

/// Makes the names in a directory durable.
///
/// # Errors
/// That of the system.
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    // Windows cannot open a directory as a file; there the file system's journal keeps names.
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

/// An I/O error that names the file, and says what to do where that is known.
pub fn at(path: &Path, error: io::Error) -> Error {
    let kind = Error::from(io::Error::from(error.kind())).kind();
    let named = Error::new(kind, format!("{}: {error}", path.display()));
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            named.with_hint("Free some space on this disk; nothing was stored.")
        }
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => match file_among(path) {
            Some(file) => Error::new(kind, format!("{} is a file, and a directory is needed there", file.display()))
                .with_hint("Name another directory; one that does not exist is made."),
            None => named,
        },
        io::ErrorKind::PermissionDenied => named.with_hint(
            "The user that the server runs as may not write there: give the directory to that user, run as its owner, or \
             name another directory.",
        ),
        io::ErrorKind::ReadOnlyFilesystem => {
            named.with_hint("The file system is mounted read-only: name a directory on another one.")
        }
        _ => named,
    }
}

/// The path, or the part of it that leads there, that is no directory.
fn file_among(path: &Path) -> Option<&Path> {
    path.ancestors().find(|part| part.exists() && !part.is_dir())
}

fn temporary_path(path: &Path) -> Result<PathBuf> {
    let unique = getrandom::u64().map_err(|error| Error::internal(format!("no randomness: {error}")))?;
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{unique:016x}.tmp"));
    Ok(path.with_file_name(name))
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(unix)]
fn refuse_shared(path: &Path, file: &File) -> Result<()> {
    let mode = std::os::unix::fs::MetadataExt::mode(&file.metadata().map_err(|error| at(path, error))?);
    if mode & SHARED_MODE_BITS == 0 {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Configuration,
        format!("{} has mode {:04o}: its group or others can reach it", path.display(), mode & 0o7777),
    )
    .with_hint(format!("If nobody has read it, run chmod 600 {}; otherwise replace what it holds.", path.display())))
}

#[cfg(not(unix))]
fn refuse_shared(_path: &Path, _file: &File) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_created_file_is_private_and_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        create(&path, b"one").unwrap();
        assert_eq!(create(&path, b"two").unwrap_err().kind(), ErrorKind::ObjectInUse);
        assert_eq!(read(&path, 3).unwrap().unwrap().as_slice(), b"one");
        assert_eq!(names(directory.path()), ["key"]);
        assert!(read(&directory.path().join("other"), 3).unwrap().is_none());
    }

    #[test]
    fn a_file_over_the_limit_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        create(&path, b"four").unwrap();
        assert_eq!(read(&path, 3).unwrap_err().kind(), ErrorKind::Configuration);
    }

    #[test]
    fn a_full_disk_is_told_from_other_failures() {
        let kind = |kind: io::ErrorKind| at(Path::new("file"), io::Error::from(kind)).kind();
        assert_eq!(kind(io::ErrorKind::StorageFull), ErrorKind::DiskFull);
        assert_eq!(kind(io::ErrorKind::QuotaExceeded), ErrorKind::DiskFull);
        assert_eq!(kind(io::ErrorKind::PermissionDenied), ErrorKind::Io);
        assert!(at(Path::new("/x"), io::ErrorKind::PermissionDenied.into()).hint().is_some());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_reach_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        create(&path, b"one").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        for mode in [0o640, 0o604, 0o620, 0o666, 0o601] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = read(&path, 3).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(error.message().contains(&format!("{mode:04o}")), "{error}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(read(&path, 3).is_ok());
    }
}
