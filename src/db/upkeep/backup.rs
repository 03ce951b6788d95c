//! Backups of a database, running or not, and restoring one under a new origin.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::backup::{
    BackupOptions, BackupPlace, BackupProgress, BackupReport, BackupSource, Manifest, Repository, RestoreTarget,
    restore_files, take_backup,
};
use crate::db::database::Database;
use crate::db::open::load::{DatabaseOptions, key_directory};
use crate::db::read::view::ReadView;
use crate::db::records::origin::{IDENTITY_FILE, old_identities, old_identity_file, place_batch, renew};
use crate::db::replica::rights::authors::note_unvouched;
use crate::db::state::cancel::Cancel;
use crate::error::{Error, ErrorKind, Result};
use crate::model::PeerId;
use crate::store::{Argon2Cost, BlobStore, Identity, KeyDirectory, Store, StoreOptions};

/// Bytes of the cache with which a restored store is opened for the first time.
const CACHE_BYTES: usize = 8 << 20;

impl Database {
    /// Makes a backup for a connection while everything goes on. Blocks until it is there.
    ///
    /// # Errors
    /// Those of [`take_backup`], 55006 while another one is made, and what `cancel` says.
    pub fn back_up(
        &self,
        connection: i32,
        place: &BackupPlace,
        options: &BackupOptions,
        cancel: &Cancel,
    ) -> Result<BackupReport> {
        let shared = self.shared();
        let cancel = cancel.clone();
        let progress = Arc::new(BackupProgress::new(move || cancel.check()));
        let _running = shared.backup.begin(connection, &progress)?;
        let source = BackupSource {
            store: &shared.store,
            blobs: &shared.blobs,
            keys: &KeyDirectory::new(&shared.key_directory, Argon2Cost::default()),
            origin: shared.peer_id().to_string(),
            identities: identity_files(shared.store.directory(), &shared.peer_id())?,
        };
        let report = take_backup(&source, place, options, &progress)?;
        tracing::info!(id = report.id, files = report.files, bytes = report.bytes, new = report.new_bytes, "backed up");
        Ok(report)
    }
}

impl ReadView {
    /// The backup that is being made: for which connection, and how far it is.
    pub fn running_backup(&self) -> Option<(i32, Arc<BackupProgress>)> {
        self.database.backup.current()
    }
}

/// Makes a backup of a data directory that no server has open.
///
/// # Errors
/// Those of [`take_backup`]; 55006 while a server has the directory, F0000 where there is no database.
pub fn back_up_offline(
    options: &DatabaseOptions,
    place: &BackupPlace,
    asked: &BackupOptions,
    progress: &BackupProgress,
) -> Result<BackupReport> {
    let directory = &options.data_directory;
    let path = directory.join(IDENTITY_FILE);
    let Some(identity) = Identity::load(&path)? else {
        return Err(Error::new(ErrorKind::Configuration, format!("there is no database in {}", directory.display()))
            .with_hint("Name the data directory of a server with --data-dir."));
    };
    let store_options = StoreOptions { read_only: false, cache_bytes: options.cache_bytes, sync: true };
    let store = Store::open(directory, &store_options)?;
    let source = BackupSource {
        store: &store,
        blobs: &BlobStore::open_directory(directory.join("blobs"))?,
        keys: &key_directory(options),
        origin: identity.peer_id().to_string(),
        identities: identity_files(directory, identity.peer_id())?,
    };
    let report = take_backup(&source, place, asked, progress)?;
    store.close();
    Ok(report)
}

/// A node that was made of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoredNode {
    pub peer_id: PeerId,
    /// Whether the key of the node that it replaces was in the backup, so that it goes on as the author of what that one wrote.
    pub is_successor: bool,
}

/// Restores a backup into a new data directory, as another node.
///
/// # Errors
/// Those of [`restore_files`], and of a store that cannot be opened. The target is as it was then.
pub fn restore_backup(
    repository: &Repository,
    manifest: &Manifest,
    target: &RestoreTarget,
    progress: &BackupProgress,
) -> Result<RestoredNode> {
    restore_files(repository, manifest, target, progress, |directory| {
        let options = StoreOptions { read_only: false, cache_bytes: CACHE_BYTES, sync: true };
        let store = Store::open(directory, &options)?;
        // Numbers that the old origin has given since are not known here, so none may be given in its name.
        let identity = renew(directory)?;
        store.write(place_batch(directory, &store.snapshot())?)?;
        let is_successor = directory.join(old_identity_file(&PeerId::new(manifest.origin.as_str()))).exists();
        if !is_successor {
            note_unvouched(&store, &manifest.origin)?;
        }
        store.close();
        Ok(RestoredNode { peer_id: identity.peer_id().clone(), is_successor })
    })
}

/// Where the keys are that a node has had, and the names that they have once they are old ones.
fn identity_files(directory: &Path, me: &PeerId) -> Result<Vec<(PathBuf, String)>> {
    let mut files = vec![(directory.join(IDENTITY_FILE), old_identity_file(me))];
    for old in old_identities(directory, me)? {
        let name = old_identity_file(old.peer_id());
        files.push((directory.join(&name), name));
    }
    Ok(files)
}
