//! Who is the same author: where one person or node writes under several keys, this is the one place that knows.

use crate::model::PeerId;

/// Whether what was written under two keys has the same author.
pub fn same_author(one: &PeerId, other: &PeerId) -> bool {
    one == other
}
