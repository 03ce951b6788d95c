//! The one backup of a running server that may be under way.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::backup::BackupProgress;
use crate::error::{Error, ErrorKind, Result};

/// The backup that is being made, and for which connection.
#[derive(Default)]
pub(crate) struct RunningBackup(Mutex<Option<(i32, Arc<BackupProgress>)>>);

/// Its place while it runs.
pub(crate) struct BackupHold<'a>(&'a RunningBackup);

impl RunningBackup {
    /// Takes the place of the one backup, until what is given back is dropped.
    ///
    /// # Errors
    /// 55006 while another one is made, naming its connection.
    pub fn begin(&self, connection: i32, progress: &Arc<BackupProgress>) -> Result<BackupHold<'_>> {
        let mut running = self.0.lock();
        if let Some((connection, _)) = *running {
            return Err(Error::new(ErrorKind::ObjectInUse, "another backup of this server is under way")
                .with_detail(format!("It runs for the connection {connection}."))
                .with_hint("See pg_stat_progress_basebackup; pg_cancel_backend() ends it."));
        }
        *running = Some((connection, Arc::clone(progress)));
        Ok(BackupHold(self))
    }

    /// For which connection one is made, and how far it is.
    pub fn current(&self) -> Option<(i32, Arc<BackupProgress>)> {
        self.0.lock().clone()
    }
}

impl Drop for BackupHold<'_> {
    fn drop(&mut self) {
        *self.0.0.lock() = None;
    }
}
