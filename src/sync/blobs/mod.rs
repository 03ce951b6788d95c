//! Blobs between members: fetched from wherever they are to be had, served to whoever may have them.

pub(super) mod fetch;
pub(super) mod serve;
pub(super) mod wire;
