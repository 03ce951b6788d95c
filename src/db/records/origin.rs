//! Which origin this node posts as.
//!
//! A number of (origin, network) must never be given twice. A copy of a data directory, from a backup or a clone, would do
//! that, so a database remembers where its identity file lies on the disk; when it wakes up elsewhere, it mints a new
//! identity and keeps the old one beside it. What the old origin posted stays valid and travels on like anybody's.

use std::collections::BTreeSet;
use std::path::Path;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{NetworkId, PeerId};
use crate::store::{Batch, Identity, Key, KeyRange, Snapshot, Store};

pub(crate) const IDENTITY_FILE: &str = "identity.key";
/// Name of the singleton that says where the identity file lies.
const PLACE: &str = "identity_place";
/// Name of the record of a network in which this node has not been compared with a member since it became another one: it may
/// hold entries that the network has deleted, and whose tombstones are gone.
pub(crate) const RETURNING: &str = "returning";

/// The identity of a data directory, a new one where the directory is a copy.
pub(crate) fn open_identity(store: &Store, directory: &Path) -> Result<Identity> {
    let path = directory.join(IDENTITY_FILE);
    let mut identity = Identity::load_or_create(&path)?;
    let known = store.snapshot().get(&Key::Meta(PLACE))?.map(|bytes| bytes.to_vec());
    let place = place_of(&path)?;
    match known {
        Some(known) if known == place => return Ok(identity),
        Some(_) => {
            let old = identity.peer_id().clone();
            identity = renew(directory)?;
            tracing::warn!(%old, new = %identity.peer_id(), "this data directory is a copy: it got a new peer id");
        }
        None => {}
    }
    let is_renewed = known.is_some();
    let batch = if is_renewed { place_batch(directory, &store.snapshot())? } else { place_alone(directory)? };
    store.write(batch)?;
    Ok(identity)
}

/// Puts a new identity in place of the one that is there, which is kept under its own name.
pub(crate) fn renew(directory: &Path) -> Result<Identity> {
    let path = directory.join(IDENTITY_FILE);
    if let Some(old) = Identity::load(&path)? {
        std::fs::rename(&path, directory.join(old_identity_file(old.peer_id())))?;
    }
    Identity::create(&path)
}

/// The name of the file of a key that this data directory had before.
pub(crate) fn old_identity_file(old: &PeerId) -> String {
    format!("identity.{old}.key")
}

/// The peer ids that this data directory has had, the present one among them.
pub(crate) fn own_ids(directory: &Path, me: &PeerId) -> Result<BTreeSet<PeerId>> {
    let mut ids = BTreeSet::from([me.clone()]);
    for entry in std::fs::read_dir(directory)? {
        let name = entry?.file_name();
        let old = name.to_str().and_then(|name| name.strip_prefix("identity.")?.strip_suffix(".key"));
        ids.extend(old.map(PeerId::new));
    }
    Ok(ids)
}

/// The keys that this data directory has had before its present one, as far as they are there.
pub(crate) fn old_identities(directory: &Path, me: &PeerId) -> Result<Vec<Identity>> {
    let mut found = Vec::new();
    for id in own_ids(directory, me)?.into_iter().filter(|id| id != me) {
        let path = directory.join(old_identity_file(&id));
        match Identity::load(&path)?.filter(|identity| *identity.peer_id() == id) {
            Some(identity) => found.push(identity),
            None => tracing::warn!(path = %path.display(), "this file does not hold the key that it is named after"),
        }
    }
    Ok(found)
}

/// Remembers where the identity file lies now, and that this node comes back to its networks as somebody else.
pub(crate) fn place_batch(directory: &Path, snapshot: &Snapshot) -> Result<Batch> {
    let mut batch = place_alone(directory)?;
    let mut networks = snapshot.scan(&KeyRange::networks());
    while let Some((id, _)) = networks.next()? {
        let cut = |_| Error::new(ErrorKind::Corrupted, "the key of a network is cut off");
        let id = id.try_into().map(u32::from_be_bytes).map_err(cut)?;
        batch.put(&Key::SyncRecord(NetworkId(id), RETURNING), &[]);
    }
    Ok(batch)
}

fn place_alone(directory: &Path) -> Result<Batch> {
    let mut batch = Batch::new();
    batch.put(&Key::Meta(PLACE), &place_of(&directory.join(IDENTITY_FILE))?);
    Ok(batch)
}

/// Device and number of a file: another file in its place, or a copy elsewhere, has other ones.
fn place_of(path: &Path) -> Result<Vec<u8>> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path).map_err(|error| {
        Error::new(ErrorKind::Io, format!("the identity file {} cannot be looked at: {error}", path.display()))
    })?;
    Ok([metadata.dev().to_be_bytes(), metadata.ino().to_be_bytes()].concat())
}
