//! The temporary relations of a session: they go with it.

use tokio::runtime::Handle;

use crate::error::Result;
use crate::model::SchemaId;
use crate::session::session::Session;

impl Session {
    /// The schema with the session's temporary relations.
    pub(super) fn temporary_schema(&self) -> SchemaId {
        SchemaId::Temporary(self.activity.id())
    }

    /// DISCARD TEMP: drops them all, in the open transaction where there is one.
    ///
    /// # Errors
    /// Those of a commit.
    pub(super) async fn discard_temporary(&mut self) -> Result<()> {
        let schema = self.temporary_schema();
        match self.open_transaction() {
            Some(transaction) => transaction.drop_all_temporary(schema),
            None => self.database.drop_temporary(schema).await,
        }
    }

    /// Has them dropped behind the session's back: it is over. Nobody else finds them until that is done, and a start of the server
    /// removes what is left.
    pub(super) fn leave_temporary(&self) {
        let (database, schema) = (self.database.clone(), self.temporary_schema());
        if !database.catalog().has_relations(schema) {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = database.drop_temporary(schema).await {
                    tracing::warn!(%error, "temporary tables of a session stay until the next start");
                }
            });
        }
    }
}
