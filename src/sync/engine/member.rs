//! What is kept of a member of a network.

use crate::model::PeerId;
use crate::sync::protocol::message::HeadTime;

/// A member as it is kept over restarts.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Member {
    pub peer: PeerId,
    pub addresses: Vec<String>,
    /// When (milliseconds since 1970, its own clock) it named them; 0 where it has not.
    pub named_ms: u64,
    /// What it has signed of that; empty where nobody has heard it yet.
    #[serde(default)]
    pub signature: Vec<u8>,
    /// Addresses at which it was reached from here.
    #[serde(default)]
    pub reached: Vec<String>,
    /// The only member that has told of it, where it was never met here.
    #[serde(default)]
    pub introduced_by: Option<PeerId>,
    /// What it was last known to have applied, by origin.
    pub acknowledged: Vec<(PeerId, u64)>,
    /// Milliseconds since 1970; 0 for never.
    pub last_seen_ms: u64,
    /// When it last signed how far it had come, and that.
    #[serde(default)]
    pub signed: Option<HeadTime>,
}

impl Member {
    /// Whether it was met here, or several members tell of it: anybody can make keys and have one member tell of them.
    pub fn is_confirmed(&self) -> bool {
        self.introduced_by.is_none()
    }

    /// Whether neither it nor the only member that has told of it is removed.
    pub fn is_of_now(&self, removed: &[PeerId]) -> bool {
        !removed.contains(&self.peer) && self.introduced_by.as_ref().is_none_or(|by| !removed.contains(by))
    }
}
