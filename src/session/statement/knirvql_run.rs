//! Running KNIRVQL's actions in a transaction.

use std::sync::Arc;
use std::time::Instant;

use crate::db::{
    BoundQuery, Cancel, EntryKey, Inserted, NetworkTable, OnConflict, Output, ReadView, Row, Settings, Transaction,
};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Operand, Program};
use crate::knirvql::{AstText, Bindable, EntryParts, KnirvqlAction, MemoryWrite, NetworkWrite, Selection};
use crate::model::{Collection, CollectionKind, Stage};
use crate::session::statement::execute::off_the_async_threads;
use crate::sql::fill_defaults;
use crate::types::Value;

/// What an action runs with.
pub(super) struct KnirvqlRun<'a> {
    pub transaction: &'a mut Transaction,
    pub parameters: &'a [Value],
    pub settings: &'a Settings,
    pub cancel: &'a Cancel,
}

/// Whether an action changes something.
pub(super) fn writes(action: &KnirvqlAction) -> bool {
    match action {
        KnirvqlAction::Read(_)
        | KnirvqlAction::Rows(_)
        | KnirvqlAction::NetworkRows { .. }
        | KnirvqlAction::Sync(_) => false,
        KnirvqlAction::SetAuth { .. }
        | KnirvqlAction::SetMemory(_)
        | KnirvqlAction::Delete(_)
        | KnirvqlAction::Stage { .. }
        | KnirvqlAction::Revert(_)
        | KnirvqlAction::Network(_) => true,
        KnirvqlAction::Explain { analyze, inner } => *analyze && writes(&inner.action),
    }
}

/// Whether an action may scan a collection, so that it must not run on an async thread.
pub(super) fn is_long(action: &KnirvqlAction) -> bool {
    match action {
        KnirvqlAction::Read(_)
        | KnirvqlAction::Rows(_)
        | KnirvqlAction::NetworkRows { .. }
        | KnirvqlAction::Sync(_)
        | KnirvqlAction::SetAuth { .. } => false,
        // A blob is written to its file and fsynced; a collection that is attached or detached is looked through.
        KnirvqlAction::SetMemory(_)
        | KnirvqlAction::Delete(_)
        | KnirvqlAction::Stage { .. }
        | KnirvqlAction::Revert(_)
        | KnirvqlAction::Network(_) => true,
        KnirvqlAction::Explain { inner, .. } => is_long(&inner.action),
    }
}

impl KnirvqlRun<'_> {
    /// Runs an action that changes something; its command tag.
    ///
    /// # Errors
    /// 42P02 for a parameter without a value, 23502 for a NULL in an AUTH entry, XX000 for an action that changes nothing; what
    /// reading a selection and the transaction's own functions fail with.
    pub fn write(&mut self, action: &KnirvqlAction) -> Result<String> {
        match action {
            KnirvqlAction::SetAuth { key, value } => {
                let (key, value) = (self.text(key, "key")?, self.text(value, "value")?);
                self.transaction.set_secret(&key, &value)?;
                Ok("SET".to_string())
            }
            KnirvqlAction::SetMemory(write) => {
                self.set_memory(write)?;
                Ok("SET".to_string())
            }
            KnirvqlAction::Delete(selections) => {
                let mut deleted = 0_u64;
                for selection in selections {
                    for key in self.keys(selection)? {
                        deleted += u64::from(self.transaction.delete(&selection.collection, &key)?);
                    }
                }
                Ok(format!("DELETE {deleted}"))
            }
            KnirvqlAction::Stage { selection, staged } => {
                let mut changed = 0_u64;
                for key in self.keys(selection)? {
                    changed += u64::from(match staged {
                        true => self.transaction.set_stage(&selection.collection, &key, Stage::PostPending)?,
                        false => self.transaction.unstage(&selection.collection, &key)?,
                    });
                }
                Ok(format!("{} {changed}", if *staged { "STAGE" } else { "UNSTAGE" }))
            }
            KnirvqlAction::Revert(selection) => {
                let mut reverted = 0_u64;
                for key in self.keys(selection)? {
                    reverted += u64::from(self.transaction.revert(&selection.collection, &key)?);
                }
                Ok(format!("REVERT {reverted}"))
            }
            KnirvqlAction::Network(write) => self.network(write).map(|()| write.tag().to_string()),
            KnirvqlAction::Read(_)
            | KnirvqlAction::Rows(_)
            | KnirvqlAction::NetworkRows { .. }
            | KnirvqlAction::Sync(_)
            | KnirvqlAction::Explain { .. } => Err(Error::internal("this action changes nothing")),
        }
    }

    fn network(&mut self, write: &NetworkWrite) -> Result<()> {
        let transaction = &mut *self.transaction;
        match write {
            NetworkWrite::Create { network, options, secret, bootstrap, founder } => {
                let (options, bootstrap) = (options.clone(), bootstrap.clone());
                transaction.create_network(network, options, exposed(secret), bootstrap, founder.as_deref())
            }
            NetworkWrite::Leave { network } => transaction.leave_network(network),
            NetworkWrite::Alter { network, options } => transaction.alter_network(network, options.clone()),
            NetworkWrite::RemovePeer { network, peer } => transaction.remove_peer(network, peer),
            NetworkWrite::RotateSecret { network, secret } => transaction.rotate_secret(network, exposed(secret)),
            NetworkWrite::AddOwner { network, peer } => transaction.add_owner(network, peer),
            NetworkWrite::DropOwner { network, peer } => transaction.drop_owner(network, peer),
            NetworkWrite::LinkPeer { network, peer } => transaction.link_peer(network, peer),
            NetworkWrite::UnlinkPeer { network, peer } => transaction.unlink_peer(network, peer),
            NetworkWrite::AllowDrop { network } => transaction.allow_drop(network),
            NetworkWrite::ExcusePeer { network, peer } => transaction.excuse_peer(network, peer),
            NetworkWrite::RevertPeer { network, peer, since } => transaction.revert_peer(network, peer, since),
            NetworkWrite::SetRights { network, collection, rights } => {
                transaction.set_rights(network, collection, *rights)
            }
            NetworkWrite::Attach { collection, network, private_by_default, rights } => {
                transaction.attach_collection(collection, network, *private_by_default)?;
                match rights {
                    (None, None) => Ok(()),
                    rights => transaction.set_rights(network, collection, *rights),
                }
            }
            NetworkWrite::Detach { collection, network } => transaction.detach_collection(collection, network),
        }
    }

    /// A text or the value of its parameter; errors do not show it.
    fn text(&self, text: &Bindable<AstText>, what: &str) -> Result<String> {
        match text {
            Bindable::Value(text) => Ok(text.value.clone()),
            Bindable::Parameter(number) => {
                match usize::from(*number).checked_sub(1).and_then(|position| self.parameters.get(position)) {
                    Some(Value::Text(text)) => Ok(text.to_string()),
                    Some(Value::Null) => {
                        Err(Error::new(ErrorKind::NotNullViolation, format!("the {what} of an AUTH entry is not null")))
                    }
                    _ => Err(Error::new(ErrorKind::UndefinedParameter, format!("there is no parameter ${number}"))),
                }
            }
        }
    }

    /// Inserts the entry, or updates the one of its id.
    fn set_memory(&mut self, write: &MemoryWrite) -> Result<()> {
        let EntryParts { id, mut columns, facts, blob } = write.bind(self.parameters)?;
        let collection = &write.collection;
        if let Some(blob) = blob {
            let (hash, size) = self.transaction.put_blob(&blob)?;
            let size = i64::try_from(size).unwrap_or(i64::MAX);
            columns.extend(collection.column("blob_hash").map(|position| (position, Value::text(hash))));
            columns.extend(collection.column("blob_size").map(|position| (position, Value::Int8(size))));
        }
        let known = id.map(|id| self.transaction.key(collection, vec![id])).transpose()?;
        let key = match known {
            Some(key) if self.transaction.view().exists(collection, &key)? => {
                columns.retain(|(position, _)| !collection.primary_key.contains(position));
                if !columns.is_empty() {
                    self.transaction.update(collection, &key, columns)?;
                }
                key
            }
            _ => {
                let mut row = vec![None; collection.columns.len()];
                for (position, value) in columns {
                    if let Some(slot) = row.get_mut(position) {
                        *slot = Some(value);
                    }
                }
                let (transaction, settings, cancel) = (&mut *self.transaction, self.settings, self.cancel);
                off_the_async_threads(fill_defaults(collection, transaction, settings, cancel, &mut row))?;
                match self.transaction.insert(collection, row, OnConflict::Fail)? {
                    Inserted::New(key) | Inserted::Conflict { key, .. } => key,
                }
            }
        };
        if !facts.is_empty() {
            let facts = facts.into_iter().map(|(name, value)| (name, Some(value))).collect();
            self.transaction.set_facts(collection, &key, facts)?;
        }
        Ok(())
    }

    /// The keys of the entries that a selection accepts.
    fn keys(&self, selection: &Selection) -> Result<Vec<EntryKey>> {
        let is_secret = selection.collection.kind == CollectionKind::Auth;
        if is_secret && selection.lenient && self.transaction.view().hides_secrets() {
            return Ok(Vec::new());
        }
        let Some(filter) = selection.bind(self.parameters)? else { return Ok(Vec::new()) };
        let query = keys_query(&selection.collection, filter);
        let mut cursor = self.transaction.view().query(query, self.settings, self.cancel)?;
        let mut keys = Vec::new();
        while let Some(chunk) = cursor.next_chunk()? {
            for value in chunk.into_iter().flatten() {
                keys.push(match value {
                    Value::Bytea(bytes) => EntryKey::from_bytes(bytes),
                    name => self.transaction.key(&selection.collection, vec![name])?,
                });
            }
        }
        Ok(keys)
    }
}

/// Reads the keys of entries; a secret has no stored key and is known by its name.
fn keys_query(collection: &Arc<Collection>, filter: Program) -> BoundQuery {
    let key = match collection.kind {
        CollectionKind::Auth => Operand::Column(0),
        CollectionKind::Memory | CollectionKind::Table => Operand::Key,
    };
    BoundQuery {
        collection: Arc::clone(collection),
        output: vec![Output::Operand(key)],
        filter: Some(filter),
        nearest: None,
        order: Vec::new(),
        limit: None,
        offset: None,
    }
}

/// A network's secret in the clear.
fn exposed(secret: &Option<AstText>) -> Option<&str> {
    secret.as_ref().map(|secret| secret.value.as_str())
}

/// These columns of the rows of a table.
pub(super) fn network_rows(view: &ReadView, table: NetworkTable, positions: &[usize]) -> Result<Vec<Row>> {
    let rows = table.rows(view)?.into_iter();
    Ok(rows.map(|row| positions.iter().filter_map(|position| row.get(*position).cloned()).collect()).collect())
}

/// The lines of EXPLAIN.
pub(super) fn explain(
    action: &KnirvqlAction,
    view: &ReadView,
    parameters: &[Value],
    settings: &Settings,
) -> Result<Vec<String>> {
    let selected = |verb: &str, selections: &[Selection]| {
        let mut lines = Vec::new();
        for selection in selections {
            lines.push(format!("{verb} on {}", selection.collection.name));
            match selection.bind(parameters)? {
                None => lines.push("  ->  Nothing: the condition fits no entry".to_string()),
                Some(filter) => {
                    let inner = view.explain(&keys_query(&selection.collection, filter), settings)?;
                    let arrow = |(at, line): (usize, String)| {
                        if at == 0 { format!("  ->  {line}") } else { format!("      {line}") }
                    };
                    lines.extend(inner.into_iter().enumerate().map(arrow));
                }
            }
        }
        Ok(lines)
    };
    match action {
        KnirvqlAction::Read(query) => view.explain(&query.bind(parameters)?, settings),
        KnirvqlAction::Rows(_) => Ok(vec!["Result".to_string()]),
        KnirvqlAction::NetworkRows { table, .. } => Ok(vec![format!("Scan on nebulus.{}", table.name())]),
        KnirvqlAction::Sync(_) => Ok(vec!["Sync".to_string()]),
        KnirvqlAction::Network(write) => Ok(vec![write.tag().to_string()]),
        KnirvqlAction::Revert(selection) => selected("Revert", std::slice::from_ref(selection)),
        KnirvqlAction::SetAuth { .. } => Ok(vec!["Upsert on auth".to_string()]),
        KnirvqlAction::SetMemory(write) => Ok(vec![format!("Upsert on {}", write.collection.name)]),
        KnirvqlAction::Delete(selections) => selected("Delete", selections),
        KnirvqlAction::Stage { selection, .. } => selected("Stage", std::slice::from_ref(selection)),
        KnirvqlAction::Explain { inner, .. } => explain(&inner.action, view, parameters, settings),
    }
}

/// Runs the inner action of EXPLAIN ANALYZE and adds what it did; a write goes into `transaction`, the caller decides
/// whether it stays.
pub(super) fn explain_analyze(run: &mut KnirvqlRun<'_>, action: &KnirvqlAction) -> Result<Vec<String>> {
    let mut lines = explain(action, run.transaction.view(), run.parameters, run.settings)?;
    let start = Instant::now();
    let done = if writes(action) {
        run.write(action)?
    } else if let KnirvqlAction::Read(query) = action {
        let query = query.bind(run.parameters)?;
        let mut cursor = run.transaction.view().query(query, run.settings, run.cancel)?;
        let mut rows = 0;
        while let Some(chunk) = cursor.next_chunk()? {
            rows += chunk.len();
        }
        format!("{rows} rows")
    } else if let KnirvqlAction::NetworkRows { table, .. } = action {
        format!("{} rows", table.rows(run.transaction.view())?.len())
    } else {
        "done".to_string()
    };
    lines.push(format!("Actual: {done}"));
    lines.push(format!("Execution Time: {:.3} ms", start.elapsed().as_secs_f64() * 1000.0));
    Ok(lines)
}
