//! COMMIT: first the transaction, whole and durable, then what follows from the changes of the catalog in it.

use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::replica::networks::attach::follow_network_change;
use crate::db::write::index::vector_graphs::{drop_graphs, fill_new_graphs};
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};

impl Transaction {
    /// Makes the changes durable and visible, all of them or none. Gives back what could not be finished after that: graphs of new
    /// vector indexes, which are invalid then; collections on their way into a network or out of one, and whatever a stop
    /// interrupts, which a start takes up again. A transaction that has done nothing but add such indexes takes them back where it
    /// is given up or memory runs short.
    ///
    /// # Errors
    /// 40001 when another transaction changed one of the entries first; 23505; 53100 when the disk is full; 57014 and 57P01 for
    /// one that was given up ([`Transaction::heed`]), 53200 where there is no memory for a graph. Nothing of the transaction remains
    /// then.
    pub async fn commit(self) -> Result<Vec<Error>> {
        let queue = self.queue.clone();
        let client = self.client.clone();
        let added = self.view.writes.added_graphs();
        let mut unfinished = Vec::new();
        for change in self.commit_writes().await? {
            let followed = match &change {
                CatalogChange::Put(collection) => Box::pin(fill_new_graphs(&queue, collection, &client)).await,
                CatalogChange::PutNetwork(network) => Box::pin(follow_network_change(&queue, network)).await,
                CatalogChange::Drop(_) | CatalogChange::PutSecrets(..) | CatalogChange::DropNetwork(_) => Ok(()),
                CatalogChange::PutView(_) | CatalogChange::DropView(_) | CatalogChange::PutComments(..) => Ok(()),
                CatalogChange::PutSchema(_)
                | CatalogChange::DropSchema(_)
                | CatalogChange::PutSequence(_)
                | CatalogChange::DropSequence(_)
                | CatalogChange::PutType(_)
                | CatalogChange::DropType(_)
                | CatalogChange::PutRole(_)
                | CatalogChange::DropRole(_)
                | CatalogChange::PutAcl(..) => Ok(()),
            };
            if let Err(error) = followed {
                if let Some(added) = added.as_ref().filter(|_| is_given_up(&error)) {
                    match Box::pin(drop_graphs(&queue, added)).await {
                        Ok(()) => return Err(error),
                        Err(error) => tracing::warn!(%error, "an index that could not be filled stays"),
                    }
                }
                tracing::warn!(%error, "what follows from a committed transaction is not done");
                let is_over = matches!(change, CatalogChange::Put(_)) && error.kind() != ErrorKind::Shutdown;
                unfinished.push(error.with_hint(match is_over {
                    true => "The transaction is committed and its index invalid: REINDEX INDEX, or DROP INDEX.",
                    false => "The transaction is committed; the next start goes on with this.",
                }));
            }
        }
        Ok(unfinished)
    }
}

/// Whether an index was not built for a reason that lies not in what it is built of: the same statement may succeed at another time.
fn is_given_up(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::QueryCanceled | ErrorKind::ConnectionLost | ErrorKind::Shutdown | ErrorKind::OutOfMemory
    )
}
