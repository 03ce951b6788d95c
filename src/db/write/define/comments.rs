//! Comments inside a transaction.

use std::sync::Arc;

use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{CollectionId, CommentedPart};

/// Bytes of a comment: the catalog is kept in memory.
const COMMENT_BYTES_MAX: usize = 64 * 1024;

impl Transaction {
    /// Says something of a part of a collection or view; `None` takes it back.
    ///
    /// # Errors
    /// 54000 for a text that is too long.
    pub fn comment_on(&mut self, relation: CollectionId, part: CommentedPart, text: Option<&str>) -> Result<()> {
        if let Some(text) = text.filter(|text| text.len() > COMMENT_BYTES_MAX) {
            let message = format!("a comment can have at most {COMMENT_BYTES_MAX} bytes, this one has {}", text.len());
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        let mut comments = self.catalog().comments_on(relation).map(|known| (**known).clone()).unwrap_or_default();
        // An empty one is none, as in PostgreSQL.
        comments.set(part, text.filter(|text| !text.is_empty()).map(str::to_string));
        self.change_catalog(CatalogChange::PutComments(relation, Arc::new(comments)));
        Ok(())
    }
}
