//! The disk under a data directory: how much room there is, and whether anything may be written.

use std::path::Path;
use std::{fs, io};

/// A file system, as it says itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskSpace {
    /// Bytes that this user may still write.
    pub free_bytes: u64,
    pub size_bytes: u64,
    /// Nothing may be written, however much room there is.
    pub is_read_only: bool,
}

/// Bytes of the files that lie in a folder, as long as each says it is; folders in it do not count.
///
/// # Errors
/// Those of the system; a file that goes meanwhile is none.
pub(in crate::store) fn file_bytes(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0_u64;
    for entry in fs::read_dir(folder)? {
        match entry.and_then(|entry| entry.metadata()) {
            Ok(metadata) if metadata.is_file() => bytes = bytes.saturating_add(metadata.len()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

/// The disk that holds a path; `None` where the system does not say.
#[cfg(target_os = "linux")]
pub fn disk_space(path: &Path) -> Option<DiskSpace> {
    let path = std::ffi::CString::new(std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str())).ok()?;
    let mut status = std::mem::MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: the path is a C string that lives through the call, and the call writes at most one `statvfs` to where one fits.
    let result = unsafe { libc::statvfs(path.as_ptr(), status.as_mut_ptr()) };
    if result != 0 {
        return None;
    }
    // SAFETY: a call that succeeds has filled it in.
    let status = unsafe { status.assume_init() };
    let bytes = |blocks: u64| blocks.saturating_mul(status.f_frsize);
    Some(DiskSpace {
        free_bytes: bytes(status.f_bavail),
        size_bytes: bytes(status.f_blocks),
        is_read_only: status.f_flag & libc::ST_RDONLY != 0,
    })
}

#[cfg(not(target_os = "linux"))]
pub fn disk_space(_path: &Path) -> Option<DiskSpace> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_disk_of_a_directory_has_a_size() {
        let directory = tempfile::tempdir().expect("a directory");
        let disk = disk_space(directory.path()).expect("a disk");
        assert!(disk.size_bytes >= disk.free_bytes && disk.size_bytes > 0 && !disk.is_read_only, "{disk:?}");
        assert_eq!(disk_space(&directory.path().join("nothing")), None);
    }
}
