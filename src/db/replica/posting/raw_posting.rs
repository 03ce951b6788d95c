//! Postings that no program of ours would make, for tests of what becomes of them elsewhere.

use crate::db::replica::handle::Replica;
use crate::db::replica::posting::post::Drafted;
use crate::error::Result;
use crate::model::{CollectionId, Head, NetworkId, State};
use crate::store::{Key, decode_with_aside};

impl Replica {
    /// Posts a state under this node's name and signature as it is, and says whether it begins a life; nothing changes here but the log.
    ///
    /// # Panics
    /// Where there is no such network.
    ///
    /// # Errors
    /// 54000 for a key or a state over the limits of an entry; 53100 and 58030 where the store cannot be written or read; 57P01
    /// once the database goes down.
    pub async fn post_raw(
        &self,
        id: NetworkId,
        collection: &'static str,
        key: Vec<u8>,
        (state, begins): (State, bool),
    ) -> Result<Head> {
        let posted = self.queue().encode(move |apply| {
            let network = apply.current_catalog().network_by_id(id).cloned().unwrap();
            let head = apply.head(&network, &apply.shared.peer_id())?;
            apply.log_posting(&network, head, &[Drafted::new(collection, &key, &state, begins)?])
        });
        posted.await
    }

    /// Whether it is known here who began the present life of an entry.
    ///
    /// # Panics
    /// Where what is stored cannot be read.
    pub fn knows_beginning(&self, collection: CollectionId, key: &[u8]) -> bool {
        let view = self.view();
        let stored = view.snapshot.get(&Key::Contributions(collection, key)).unwrap();
        let (given, _) = stored.map_or(Ok(Default::default()), |bytes| decode_with_aside(&bytes)).unwrap();
        let life = given.iter().map(|given| given.causal_length).max();
        given.iter().any(|given| given.begins && Some(given.causal_length) == life)
    }
}
