//! The end of temporary relations, with the session that made them.

use crate::db::database::Database;
use crate::error::Result;
use crate::model::SchemaId;

impl Database {
    /// Drops the temporary relations of a session that is over, or wants them no more.
    ///
    /// # Errors
    /// As a commit; what stays then, a start removes.
    pub async fn drop_temporary(&self, schema: SchemaId) -> Result<()> {
        if !self.catalog().has_relations(schema) {
            return Ok(());
        }
        let mut transaction = self.begin();
        transaction.drop_all_temporary(schema)?;
        transaction.commit().await.map(drop)
    }
}
