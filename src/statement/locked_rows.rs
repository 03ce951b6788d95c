//! Rows that a statement has found and is going to change: they are locked first, and looked at again where others were there before.

use crate::db::{EntryKey, Isolation, LockMode};
use crate::error::Result;
use crate::model::Collection;
use crate::statement::run::WriteRun;

impl WriteRun<'_> {
    /// Locks the entries that a statement has found in its snapshot, in their order. Whether some have changed meanwhile: then the
    /// statement sees the newest from now on, looks for its entries once more, and goes on with those of the locked ones that it
    /// finds again, since nobody else can change them any more.
    ///
    /// # Errors
    /// 40001 for an entry that was changed where the level of isolation does not show it; as `Transaction::lock_entry`.
    pub async fn lock_found(
        &mut self,
        collection: &Collection,
        keys: impl Iterator<Item = &EntryKey> + Clone + Send,
        mode: LockMode,
    ) -> Result<bool> {
        let waits = self.waits();
        for key in keys.clone() {
            self.cancel.check()?;
            self.transaction.lock_entry(collection, key, mode, &waits).await?;
        }
        if !self.transaction.is_behind() {
            return Ok(false);
        }
        for key in keys {
            self.cancel.check()?;
            if self.transaction.is_changed(collection, key)? {
                if self.transaction.isolation() != Isolation::ReadCommitted || !self.transaction.renew() {
                    self.transaction.see_newest(collection, key)?;
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Locks the entry of a key, whatever the snapshot holds of it, and sees it as it is then.
    ///
    /// # Errors
    /// As `Transaction::lock_entry` and `Transaction::see_newest`.
    pub async fn lock_newest(&mut self, collection: &Collection, key: &EntryKey, mode: LockMode) -> Result<()> {
        let waits = self.waits();
        self.transaction.lock_entry(collection, key, mode, &waits).await?;
        self.transaction.see_newest(collection, key)
    }
}
