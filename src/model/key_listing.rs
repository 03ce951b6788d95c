//! Going through the keys of what other members hold and this node does not, page by page.

use crate::model::clock::PeerId;
use crate::model::network::Bytes;
use crate::model::placement::Buckets;

/// Where a listing goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListingPlace {
    /// The buckets that nobody has been asked for; `None` at the beginning.
    pub left: Option<Buckets>,
    /// The member that is being asked, and the last key that it told.
    pub member: Option<(PeerId, Bytes)>,
    /// Those who have been asked, with what came of it.
    pub asked: Vec<(PeerId, &'static str)>,
}

/// A part of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListingPage {
    /// Encoded primary keys.
    pub keys: Vec<Bytes>,
    /// The member that holds their entries.
    pub holder: Option<PeerId>,
    /// `None` at the end.
    pub next: Option<ListingPlace>,
}
