//! Keys: which there are, and order-preserving bytes of what they are made of.

pub(super) mod build_marker;
pub(super) mod family;
pub(super) mod key;
pub(super) mod key_codec;
pub(super) mod log_places;
