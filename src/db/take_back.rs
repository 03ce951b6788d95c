//! Taking back what an older copy of a data directory posted under numbers that had been used.
//!
//! The copy posts under its origin's next numbers, which its later life gave to other deltas. Once that shows, the origin is
//! nobody's any more: what was posted above its first head (see `first_heads`) goes out again under the new identity, and the
//! log and the head of the old one go back to that, so that the true continuation can come from peers.

use std::sync::Arc;

use crate::db::apply::Apply;
use crate::db::heads::StoredHead;
use crate::error::Result;
use crate::merge::merge;
use crate::model::{Network, NetworkId, PeerId, State};
use crate::store::{Key, KeyRange, Publicity, RecordView, delta_place, encode_body};

impl Apply<'_> {
    /// Posts anew what `old`, until now this node's own origin, has posted above its first head.
    pub fn take_back(&mut self, id: NetworkId, old: &PeerId) -> Result<()> {
        let Some(network) = self.current_catalog().network_by_id(id).cloned() else { return Ok(()) };
        let known = self.head(&network, old)?;
        let first = self.shared.first_heads.get(&id).cloned();
        let first = first.unwrap_or_else(|| StoredHead::start(&network.name, old));
        if known.seq <= first.seq {
            return Ok(());
        }
        self.post_again(&network, old, first.seq)?;
        for seq in first.seq + 1..=known.received {
            self.effects.batch.delete(&Key::Delta(id, &delta_place(old, seq)));
        }
        self.put_head(id, old.clone(), first);
        Ok(())
    }

    /// Posts what an origin wrote in the entries that its deltas above a number have touched.
    fn post_again(&mut self, network: &Arc<Network>, old: &PeerId, above_seq: u64) -> Result<()> {
        let me = self.shared.peer_id();
        let head = self.head(network, &me)?;
        let mut bodies = Vec::new();
        let snapshot = Arc::clone(&self.group.snapshot);
        for attachment in network.attachments.iter().filter(|attachment| !attachment.detaching) {
            let Some(collection) = self.current_catalog().collection_by_id(attachment.collection).cloned() else {
                continue;
            };
            let mut records = snapshot.scan(&KeyRange::entries(collection.id).uncached());
            while let Some((key, _)) = records.next()? {
                let Some(bytes) = self.current(collection.id, key)? else { continue };
                if RecordView::parse(&bytes)?.publicity() == Publicity::Private {
                    continue;
                }
                let states = self.entry_states(&collection, key)?;
                if states.public.clock.get(old) <= above_seq {
                    continue;
                }
                let mut news = State { clock: Default::default(), ..states.public.clone() };
                news.fields.retain(|_, field| field.stamp.peer_id == *old);
                news.clock.set(me.clone(), head.seq + bodies.len() as u64 + 1);
                // Its numbers above the first head mean other deltas to everybody else.
                let taken_back = |state: &State| {
                    let others = state.clock.iter().filter(|(peer, _)| *peer != old);
                    let clock = others.map(|(peer, count)| (peer.clone(), count)).collect();
                    merge(&State { clock, ..state.clone() }, &news)
                };
                let (visible, public) = (taken_back(&states.visible), taken_back(&states.public));
                bodies.push(encode_body(&attachment.shared_name, key, &news)?);
                self.put_states(&collection, key, &states, (&visible, &public), states.stage)?;
            }
        }
        if !bodies.is_empty() {
            self.log_posting(network, head, &bodies);
        }
        Ok(())
    }
}
