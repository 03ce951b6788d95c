//! Keys: which there are, and order-preserving bytes of what they are made of.

pub(super) mod family;
pub(super) mod key;
pub(super) mod key_codec;
