//! The singletons that say that an ordered index is being built.

use crate::model::CollectionId;

/// The name of a build marker begins so; the index's number follows.
const BUILD_MARKER: &str = "building:";

/// Name of the singleton that says an ordered index is being built: its entries are there, the catalog may not name it.
pub fn build_marker(index: CollectionId) -> String {
    format!("{BUILD_MARKER}{}", index.0)
}

/// The index that a build marker names; `None` for another singleton.
pub fn marked_index(name: &[u8]) -> Option<CollectionId> {
    let number = std::str::from_utf8(name).ok()?.strip_prefix(BUILD_MARKER)?;
    number.parse().ok().map(CollectionId)
}
