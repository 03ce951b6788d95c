//! Secrets as entries with the columns `key` and `value`, the own uncommitted ones among them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::db::pending::write_set::Pending;
use crate::db::read::entry_view::EntryView;
use crate::db::read::view::ReadView;
use crate::db::vault::secrets::check_visible;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Collection;
use crate::store::{Key, KeyRange, encode_key};
use crate::types::Value;

/// Calls `visit` with each secret, or with the one of that name, as an entry with the columns `key` and `value`.
pub(crate) fn visit(
    view: &ReadView,
    collection: &Collection,
    key: Option<&str>,
    visit: &mut dyn FnMut(&EntryView<'_>) -> Result<ControlFlow<()>>,
) -> Result<()> {
    check_visible(view.hides_secrets)?;
    let secrets = &view.database.secrets;
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    match key {
        Some(name) => {
            let hash = secrets.hash(name)?;
            if let Some(bytes) = view.snapshot.get(&Key::Secret(&hash))? {
                found.extend([secrets.open(&hash, &bytes)?]);
            }
        }
        None => {
            let mut sealed = view.snapshot.scan(&KeyRange::secrets());
            while let Some((hash, bytes)) = sealed.next()? {
                let hash = hash.try_into().map_err(|_| Error::new(ErrorKind::Corrupted, "a vault key is cut off"))?;
                found.extend([secrets.open(hash, bytes)?]);
            }
        }
    }
    for (name, pending) in &view.writes.secrets {
        match &pending.text {
            Some(text) if key.is_none_or(|key| key == name) => {
                found.insert(name.clone(), text.to_string());
            }
            _ => {
                found.remove(name);
            }
        }
    }
    for (name, text) in found {
        let mut key = Vec::new();
        encode_key(&[Value::text(name)], &mut key)?;
        let pending = Pending {
            base: None,
            alive: true,
            replaced: true,
            changes: BTreeMap::from([("value".to_string(), Some(Value::text(text)))]),
            stage: None,
            reverted: false,
        };
        let entry = EntryView { view, collection, key: &key, record: None, pending: Some(&pending) };
        if visit(&entry)?.is_break() {
            break;
        }
    }
    Ok(())
}
