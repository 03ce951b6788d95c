//! Files beside RocksDB: blobs, the identity, private files and folders, the running server's address, the disk's room.

pub(super) mod blobs;
pub(super) mod disk;
pub(super) mod identity;
pub(super) mod private_directory;
pub(super) mod private_file;
pub(super) mod running;
