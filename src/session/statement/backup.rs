//! `SELECT nebulus_backup('/folder', '{"keep": 7}')`: a backup of the running server, made where it runs.

use serde_json::{Map, Value as Json};

use crate::backup::{BackupOptions, BackupPlace};
use crate::error::{Error, ErrorKind, Result};
use crate::session::session::Session;
use crate::session::transaction::OpenTransaction;
use crate::types::{ColumnType, Value};

impl Session {
    /// Makes a backup and reports it as a JSON object. It reads what is committed, so it cannot be part of a transaction.
    ///
    /// # Errors
    /// 25001 in a transaction block, 25006 where the session only reads, 22023 for options that cannot be, and those of
    /// [`Database::back_up`](crate::db::Database::back_up).
    pub(super) async fn back_up(&mut self, place: &str, options: &Map<String, Json>, is_alone: bool) -> Result<Value> {
        if !is_alone || !matches!(self.open, OpenTransaction::None) {
            return Err(Error::new(
                ErrorKind::ActiveTransaction,
                "nebulus_backup() cannot run inside a transaction block",
            ));
        }
        let place: BackupPlace = place.parse()?;
        let options = options_of(options)?;
        let (database, cancel, connection) = (self.database.clone(), self.cancel.clone(), self.activity.id());
        let work = move || database.back_up(connection, &place, &options, &cancel);
        let report = tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| Error::internal(format!("the backup's task failed: {error}")))??;
        let json = serde_json::to_string(&report).map_err(|error| Error::internal(error.to_string()))?;
        Value::parse_text(&ColumnType::Jsonb, &json)
    }
}

fn options_of(given: &Map<String, Json>) -> Result<BackupOptions> {
    let refused = |message: String| Error::new(ErrorKind::InvalidParameterValue, message);
    let mut options = BackupOptions::default();
    for (name, value) in given {
        match (name.as_str(), value) {
            (_, Json::Null) => {}
            ("with_keys", Json::Bool(with_keys)) => options.with_keys = *with_keys,
            ("with_keys", _) => return Err(refused(format!("with_keys is {value}; it must be true or false"))),
            ("keep", _) => {
                let count = value.as_u64().and_then(|count| usize::try_from(count).ok()).filter(|count| *count > 0);
                let count = count.ok_or_else(|| refused(format!("keep is {value}; it must be a number from 1 on")))?;
                options.keep = Some(count);
            }
            _ => {
                return Err(
                    refused(format!("a backup has no option \"{name}\"")).with_hint("There are with_keys and keep.")
                );
            }
        }
    }
    Ok(options)
}
