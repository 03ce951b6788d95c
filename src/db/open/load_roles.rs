//! Loading the roles of a node, and who owns what.

use std::sync::Arc;

use crate::db::catalog::catalog::Catalog;
use crate::db::open::load::unreadable;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{CollectionId, Role};
use crate::store::{KeyRange, Snapshot};

/// The catalog with the roles that are stored, and the owners and privileges of objects.
///
/// # Errors
/// XX001 for what cannot be read; 58030 where the store cannot.
pub(super) fn load_roles(snapshot: &Snapshot, mut catalog: Catalog) -> Result<Catalog> {
    let mut stored = snapshot.scan(&KeyRange::role_definitions());
    while let Some((_, json)) = stored.next()? {
        let role: Role = serde_json::from_slice(json).map_err(|error| unreadable("a role", &error))?;
        catalog.put_role(Arc::new(role));
    }
    let mut stored = snapshot.scan(&KeyRange::acls());
    while let Some((id, json)) = stored.next()? {
        let object = <[u8; 4]>::try_from(id).map(|id| CollectionId(u32::from_be_bytes(id)));
        let (Ok(object), Ok(acl)) = (object, serde_json::from_slice(json)) else {
            return Err(Error::new(ErrorKind::Corrupted, "the owner of an object cannot be read"));
        };
        catalog.put_acl(object, Arc::new(acl));
    }
    Ok(catalog)
}
