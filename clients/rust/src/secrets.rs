//! AUTH entries: encrypted on disk, in no log, and never shared.

use tokio_postgres::Client;
use tokio_postgres::types::Type;

use crate::error::Result;

/// The encrypted entries of a node.
#[derive(Clone, Copy)]
pub struct Secrets<'a> {
    client: &'a Client,
}

impl<'a> Secrets<'a> {
    pub(crate) fn new(client: &'a Client) -> Self {
        Secrets { client }
    }

    /// Keeps a value under a key, instead of the one that is there.
    ///
    /// Returns an error when the server refuses.
    pub async fn set(&self, key: &str, value: &str) -> Result<()> {
        self.client.query_typed("SET AUTH key = $1 value = $2", &[(&key, Type::TEXT), (&value, Type::TEXT)]).await?;
        Ok(())
    }

    /// The value under a key.
    ///
    /// Returns an error when the server refuses.
    pub async fn get(&self, key: &str) -> Result<Option<String>> {
        let rows = self.client.query_typed("GET AUTH WHERE key = $1", &[(&key, Type::TEXT)]).await?;
        Ok(rows.first().map(|row| row.try_get("value")).transpose()?)
    }

    /// Deletes a key and its value; says whether it was there.
    ///
    /// Returns an error when the server refuses.
    pub async fn delete(&self, key: &str) -> Result<bool> {
        let was_there = self.get(key).await?.is_some();
        self.client.query_typed("DELETE AUTH WHERE key = $1", &[(&key, Type::TEXT)]).await?;
        Ok(was_there)
    }
}
