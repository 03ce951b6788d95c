//! `vault rotate`: every secret under a new key, while no server runs.

use crate::db::open::load::{DatabaseOptions, VAULT_VERIFIER, key_directory};
use crate::db::vault::network_keys::NETWORK_SECRETS;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{AUTH, NetworkId};
use crate::store::{Batch, Key, KeyRange, KeySource, Store, StoreOptions, Vault};

/// Re-encrypts all secrets under a new key from `source`; how many there were. An interrupted rotation leaves the old key in
/// force and nothing lost.
///
/// # Errors
/// 55006 while a server has the data directory open; F0000 for a wrong key.
pub fn rotate_vault(options: &DatabaseOptions, source: &KeySource) -> Result<usize> {
    let store_options = StoreOptions { read_only: false, cache_bytes: options.cache_bytes, sync: true };
    let store = Store::open(&options.data_directory, &store_options)?;
    let snapshot = store.snapshot();
    let Some(verifier) = snapshot.get(&Key::Meta(VAULT_VERIFIER))?.map(|bytes| bytes.to_vec()) else {
        return Err(Error::new(ErrorKind::Configuration, "this data directory has no vault yet"));
    };
    let keys = key_directory(options);
    let rotation = Vault::unlock(&keys, &options.key_source, Some(&verifier))?.begin_rotation(&keys, source)?;
    let mut batch = Batch::new();
    let mut count = 0;
    let mut sealed = snapshot.scan(&KeyRange::secrets());
    while let Some((hash, bytes)) = sealed.next()? {
        let hash = hash.try_into().map_err(|_| Error::new(ErrorKind::Corrupted, "a vault key is cut off"))?;
        let secret = rotation.reseal(AUTH, hash, bytes)?;
        batch.delete(&Key::Secret(hash));
        batch.put(&Key::Secret(&secret.name_hash), &secret.bytes);
        count += 1;
    }
    drop(sealed);
    let mut networks = snapshot.scan(&KeyRange::network_secrets());
    while let Some((id, sealed)) = networks.next()? {
        let cut = || Error::new(ErrorKind::Corrupted, "the secrets of a network are cut off");
        let id = id.try_into().map(u32::from_be_bytes).map_err(|_| cut())?;
        let (hash, bytes) = sealed.split_first_chunk().ok_or_else(cut)?;
        let secret = rotation.reseal(NETWORK_SECRETS, hash, bytes)?;
        let sealed = [secret.name_hash.as_slice(), &secret.bytes].concat();
        batch.put(&Key::NetworkSecret(NetworkId(id)), &sealed);
    }
    drop(networks);
    batch.put(&Key::Meta(VAULT_VERIFIER), &rotation.to.verifier()?);
    store.write(batch)?;
    rotation.to.finish_rotation(&keys)?;
    store.close();
    Ok(count)
}
