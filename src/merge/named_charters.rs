//! Charters for tests, of peers that have one word for a name and sign with it.

use crate::model::{Bytes, Charter, Founding, PeerId};

/// The network of these charters.
pub(super) const NETWORK: &str = "n";

pub(super) fn peer(name: &str) -> PeerId {
    PeerId::new(name)
}

/// Anybody's signature is its name, so that a forged one shows.
pub(super) fn verify(peer: &PeerId, _: &[u8], signature: &[u8]) -> bool {
    peer.as_str().as_bytes() == signature
}

/// A charter that says nothing yet, of a network that "founder" has made.
pub(super) fn founded() -> Charter {
    let signature = Bytes::new(*b"founder");
    Charter::new(Founding { founder: peer("founder"), nonce: [1; 16], signature })
}
