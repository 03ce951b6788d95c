//! What no program of ours posts, for tests that lie.

use crate::db::Database;
use crate::db::post::Drafted;
use crate::error::{Error, Result};
use crate::model::{NetworkId, State};

impl Database {
    /// Posts a delta under this node's own identity, whatever it says, and lets nothing of it count here.
    pub(crate) async fn post_forged(
        &self,
        id: NetworkId,
        shared_name: &str,
        key: &[u8],
        (news, begins): (State, bool),
    ) -> Result<()> {
        let (shared_name, key) = (shared_name.to_string(), key.to_vec());
        let posted = self.shared().encode(move |apply| {
            let Some(network) = apply.current_catalog().network_by_id(id).cloned() else {
                return Err(Error::internal("the network is gone"));
            };
            let head = apply.head(&network, &apply.shared.peer_id())?;
            apply.log_posting(&network, head, &[Drafted::new(&shared_name, &key, &news, begins)?]).map(drop)
        });
        posted.await
    }
}
