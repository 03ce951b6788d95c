//! The last own number in networks that were left, past LEAVE NETWORK.
//!
//! Members hold what was posted under it. Who joins again, or founds a network of that name anew, goes on behind it: a number
//! given twice would be taken for two stories of one origin. Numbers and their chain belong to the peer id and the network's
//! name, so the record is kept by both, and a node with a new identity begins at the start.

use crate::db::records::stored_head::StoredHead;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::error::Result;
use crate::model::{Network, NetworkId, PeerId};
use crate::store::Key;

/// Names of the singletons with the own heads in networks that were left.
const LEFT: &str = "left/";

fn left_name(me: &PeerId, network: &str) -> String {
    format!("{LEFT}{me}/{network}")
}

impl CommitEncoder<'_> {
    /// Keeps the own head in a network that goes.
    ///
    /// # Errors
    /// As [`CommitEncoder::head`].
    pub fn keep_own_head(&mut self, id: NetworkId) -> Result<()> {
        let Some(network) = self.current_catalog().network_by_id(id).cloned() else { return Ok(()) };
        let me = self.shared.peer_id();
        let head = self.head(&network, &me)?;
        if head.seq > 0 {
            self.effects.batch.put(&Key::Meta(&left_name(&me, &network.name)), &head.to_bytes());
        }
        Ok(())
    }

    /// Goes on behind the own head that was kept when a network of this name was left.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged head.
    pub fn go_on_after_leave(&mut self, network: &Network) -> Result<()> {
        let me = self.shared.peer_id();
        let name = left_name(&me, &network.name);
        let Some(bytes) = self.group.snapshot.get(&Key::Meta(&name))? else { return Ok(()) };
        let head = StoredHead::from_bytes(&bytes)?;
        self.put_head(network.id, me, head);
        Ok(())
    }
}
