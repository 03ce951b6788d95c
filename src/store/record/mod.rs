//! Records: the bytes of entries, values, deltas and contributions.

pub(super) mod contributions;
pub(super) mod delta_body;
pub(super) mod record;
pub(super) mod record_view;
pub(super) mod value_codec;
