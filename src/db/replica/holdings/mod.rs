//! What this node holds of a collection, and what goes from here: shares, careful drops, what a network has forgotten.

pub(in crate::db) mod drops;
pub(in crate::db) mod forgetting;
pub(in crate::db) mod partial;
pub(in crate::db) mod placements;
pub(in crate::db) mod public_blobs;
