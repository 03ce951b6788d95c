//! Ordered indexes at commit: their entries follow the rows, and unique ones refuse what is there already.

use std::borrow::{Borrow, Cow};
use std::sync::Arc;

use crate::db::read::entry_view::EntryView;
use crate::db::read::ordered_keys::{index_prefixes, stored_prefixes};
use crate::db::state::index_builds::Build;
use crate::db::state::row_rules::IndexRules;
use crate::db::write::commit::encoder::{CommitEncoder, conflict};
use crate::db::write::index::secondary_index::{SecondaryIndex, SeenChange};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::Operand;
use crate::model::{Collection, CollectionId, CollectionKind, Index, IndexKey, IndexKind};
use crate::store::{Key, KeyRange, RecordView, has_null_part, skip_key_parts};
use crate::types::Value;

/// Longest value that a detail shows whole, as in PostgreSQL.
const SHOWN_BYTES_MAX: usize = 64;

/// The indexes that lie in the store in order of their keys.
pub(crate) struct OrderedIndexes;

impl SecondaryIndex for OrderedIndexes {
    fn check(&self, _: &Collection, _: &Index) -> Result<()> {
        Ok(())
    }

    /// Moves the index entries of a row from its old version to its new one.
    ///
    /// # Errors
    /// 23505 for values that another entry has in a unique index, 40001 where another transaction inserted what ON CONFLICT took
    /// for new; 54000 for values too long for an index; XX001 for a damaged record or key, 58030 where the store cannot be read.
    fn follow(&self, encoder: &mut CommitEncoder<'_>, index: &Index, change: &SeenChange<'_>) -> Result<()> {
        let collection = change.collection;
        let rules = encoder.view.index_rules(collection, index)?;
        let prefixes = if change.is_own { index_prefixes } else { stored_prefixes };
        let after = change.after.map(|record| prefixes(&change.entry(encoder, record), &rules)).transpose()?;
        // Where all entries move to other keys, the old ones are in none of the indexes that there are now.
        let before = change.before.filter(|_| !encoder.effects.rekeyed.contains(&collection.id));
        let before = before.map(|record| stored_prefixes(&change.entry(encoder, record), &rules)).transpose()?;
        let Some(after) = encoder.move_index_entries(index.id, change.key, before, after) else { return Ok(()) };
        let is_value = index.kind.counts_nulls() || !has_null_part(&after, rules.operands.len())?;
        if index.kind.is_unique() && change.is_own && is_value {
            if !encoder.untouched.contains(&change.collection.id) {
                encoder.check_unique(index, &rules, &after, change)?;
            }
            encoder.effects.overlay.unique.insert((index.id, after), change.key.to_vec());
        }
        Ok(())
    }

    fn is_filled_before_commit(&self) -> bool {
        true
    }
}

impl CommitEncoder<'_> {
    /// Moves the index entries of a row from `before` to `after`, the encoded columns that it had and has, each list in order; the
    /// first of those that it has and had not.
    fn move_index_entries(
        &mut self,
        index: CollectionId,
        key: &[u8],
        before: Option<Vec<Vec<u8>>>,
        after: Option<Vec<Vec<u8>>>,
    ) -> Option<Vec<u8>> {
        let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
        for gone in before.iter().filter(|columns| after.binary_search(columns).is_err()) {
            self.effects.batch.delete(&Key::Index(index, &[gone.as_slice(), key].concat()));
        }
        let mut first = None;
        for columns in after {
            if before.binary_search(&columns).is_err() {
                self.effects.batch.put(&Key::Index(index, &[columns.as_slice(), key].concat()), &[]);
                first.get_or_insert(columns);
            }
        }
        first
    }

    /// Lets the indexes that other transactions are building follow a row. What they would refuse is looked at again when those
    /// transactions commit: nobody else may fail because of it.
    pub fn follow_builds(&mut self, change: &SeenChange<'_>) {
        let group = self.group;
        for build in group.builds.iter().filter(|build| build.collection.id == change.collection.id) {
            let is_own = change.collection.indexes.iter().any(|index| index.id == build.index.id);
            if !is_own && let Err(error) = self.follow_build(build, change) {
                build.fail(error);
            }
        }
    }

    fn follow_build(&mut self, build: &Build, change: &SeenChange<'_>) -> Result<()> {
        let (collection, index) = (build.collection.as_ref(), &build.index);
        let rules = self.view.index_rules(collection, index)?;
        let after = change.after.map(|record| index_prefixes(&change.entry(self, record).of(collection), &rules));
        let before = change.before.map(|record| stored_prefixes(&change.entry(self, record).of(collection), &rules));
        let (before, after) = (before.transpose()?, after.transpose()?);
        let Some(after) = self.move_index_entries(index.id, change.key, before, after) else { return Ok(()) };
        let is_value = index.kind.counts_nulls() || !has_null_part(&after, rules.operands.len())?;
        if build.is_unique() && is_value {
            if self.other_holder(collection, index, &rules, &after, change.key)?.is_some() {
                build.suspect(&after);
            }
            self.effects.overlay.unique.insert((index.id, after), change.key.to_vec());
        }
        Ok(())
    }

    /// Looks once more at values of a unique index that several entries have had while it was built, on top of everything
    /// that the transaction does.
    ///
    /// # Errors
    /// 23505 where they still have.
    pub fn check_build(&self, collection: &Collection, build: &Build) -> Result<()> {
        let rules = self.view.index_rules(collection, &build.index)?;
        for columns in build.suspects()? {
            let Some(one) = self.other_holder(collection, &build.index, &rules, &columns, &[])? else { continue };
            if self.other_holder(collection, &build.index, &rules, &columns, &one)?.is_some() {
                let place = (collection.id, one);
                let record = match self.effects.overlay.records.get(&place) {
                    Some(record) => record.clone(),
                    None => self.group.snapshot.get(&Key::Entry(place.0, &place.1))?.map(|bytes| Arc::from(&*bytes)),
                };
                let record = record.as_deref().map(RecordView::parse).transpose()?;
                let entry = EntryView { view: &self.view, collection, key: &place.1, record, pending: None };
                return Err(not_unique(&build.index, &rules.operands, &entry)?);
            }
        }
        Ok(())
    }

    fn check_unique(&self, index: &Index, rules: &IndexRules, prefix: &[u8], change: &SeenChange<'_>) -> Result<()> {
        if self.other_holder(change.collection, index, rules, prefix, change.key)?.is_none() {
            return Ok(());
        }
        if self.view.writes.is_arbitrated(index.id, prefix) {
            return Err(conflict("another transaction inserted the same key"));
        }
        match change.after {
            Some(record) => unique_violation(index, &rules.operands, &change.entry(self, record)),
            None => Ok(()),
        }
    }

    /// An entry other than `key` that has those values at this point of the group.
    ///
    /// # Errors
    /// XX001 for a damaged record or key, 58030 where the store cannot be read.
    pub fn other_holder(
        &self,
        collection: &Collection,
        index: &Index,
        rules: &IndexRules,
        prefix: &[u8],
        key: &[u8],
    ) -> Result<Option<Vec<u8>>> {
        let taken = (index.id, prefix.to_vec());
        for overlay in [&self.effects.overlay, &self.group.overlay] {
            if let Some(other) = overlay.unique.get(&taken)
                && other != key
                && self.still_holds(collection, other, rules, prefix)?
            {
                return Ok(Some(other.clone()));
            }
        }
        let mut entries_range = self.group.snapshot.scan(&KeyRange::index(index.id).starting_with(prefix));
        while let Some((index_key, _)) = entries_range.next()? {
            let other = skip_key_parts(index_key, rules.operands.len())?;
            if other != key && self.still_holds(collection, other, rules, prefix)? {
                return Ok(Some(other.to_vec()));
            }
        }
        Ok(None)
    }

    /// Whether another entry has those values at this point of the group: it may have changed after the snapshot. What
    /// cannot be read is an error, not the absence of a conflict.
    fn still_holds(&self, collection: &Collection, key: &[u8], rules: &IndexRules, prefix: &[u8]) -> Result<bool> {
        let id = (collection.id, key.to_vec());
        let in_group = self.effects.overlay.records.get(&id).or_else(|| self.group.overlay.records.get(&id));
        let stored;
        // A row of the same transaction that comes later in key order may move out of the way.
        let mut pending = None;
        let bytes: Option<&[u8]> = match in_group {
            Some(record) => record.as_deref(),
            None => {
                pending = self.view.writes.row(collection.id, key);
                stored = self.group.snapshot.get(&Key::Entry(collection.id, key))?;
                stored.as_deref()
            }
        };
        let record = bytes.map(RecordView::parse).transpose()?;
        let entry = EntryView { view: &self.view, collection, key, record, pending };
        Ok(entry.is_alive() && stored_prefixes(&entry, rules)?.iter().any(|columns| columns == prefix))
    }
}

/// 23505 in PostgreSQL's words, with the key that is there already.
pub(crate) fn unique_violation<T>(index: &Index, operands: &[Operand], entry: &EntryView<'_>) -> Result<T> {
    let (names, values) = shown_key(index, operands, entry)?;
    Err(duplicate_key(entry.collection, &index.name, &names, &values))
}

/// 23505 in PostgreSQL's words for an index that cannot be made since entries have the same key.
pub(crate) fn not_unique(index: &Index, operands: &[Operand], entry: &EntryView<'_>) -> Result<Error> {
    let (names, values) = shown_key(index, operands, entry)?;
    let error = Error::new(ErrorKind::UniqueViolation, format!("could not create unique index \"{}\"", index.name));
    let shown: Vec<String> = values.iter().map(key_value).collect();
    let error = error.with_detail(format!("Key ({})=({}) is duplicated.", names.join(", "), shown.join(", ")));
    Ok(error.of_constraint(entry.collection, &index.name))
}

/// The names and values of an index's columns.
fn shown_key<'a>(
    index: &'a Index,
    operands: &[Operand],
    entry: &EntryView<'a>,
) -> Result<(Vec<Cow<'a, str>>, Vec<Value>)> {
    let values = operands.iter().map(|operand| entry.operand(operand)).collect::<Result<Vec<Value>>>()?;
    let column = |position: usize| entry.collection.columns.get(position).map(|column| Cow::from(column.name.as_str()));
    let names: Vec<Cow<'a, str>> = match &index.kind {
        IndexKind::Ordered { columns, .. } => columns.iter().filter_map(|position| column(*position)).collect(),
        IndexKind::Keys(keys) => keys
            .keys
            .iter()
            .filter_map(|key| match key {
                IndexKey::Column(position) => column(*position),
                IndexKey::Expression(expression) => Some(Cow::from(shown_expression(&expression.text))),
            })
            .collect(),
        IndexKind::Fact { path } => path.iter().map(|key| Cow::from(key.as_str())).collect(),
        IndexKind::Nearest { .. } => Vec::new(),
    };
    Ok((names, values))
}

/// An expression as lists of keys show it: a call as it is, everything else in parentheses.
pub fn shown_expression(text: &str) -> String {
    let name = text.split('(').next().unwrap_or_default();
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let mut depth = 0_usize;
    let closes_early = text.char_indices().any(|(at, c)| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ')' && depth == 0 && at + 1 < text.len()
    });
    match is_name && text.ends_with(')') && !closes_early {
        true => text.to_string(),
        false => format!("({text})"),
    }
}

/// 23505 in PostgreSQL's words.
pub(crate) fn duplicate_key<S: Borrow<str>>(
    collection: &Collection,
    constraint: &str,
    names: &[S],
    values: &[Value],
) -> Error {
    let message = format!("duplicate key value violates unique constraint \"{constraint}\"");
    let error = Error::new(ErrorKind::UniqueViolation, message).of_constraint(collection, constraint);
    match collection.kind {
        // Errors go where secrets do not: into the logs of clients. The key is the name of one.
        CollectionKind::Auth => error,
        CollectionKind::Memory | CollectionKind::Table => {
            let shown: Vec<String> = values.iter().map(key_value).collect();
            error.with_detail(format!("Key ({})=({}) already exists.", names.join(", "), shown.join(", ")))
        }
    }
}

/// A value of a key as details show it.
fn key_value(value: &Value) -> String {
    if value.is_null() { "null".to_string() } else { value.to_text() }
}

/// Refuses a row with a NULL in a column that forbids it.
///
/// # Errors
/// 23502 in PostgreSQL's words, with the row; one that holds a secret is not shown.
pub(crate) fn check_not_null(collection: &Collection, row: &[Value]) -> Result<()> {
    let mut columns = collection.columns.iter().zip(row);
    let Some((column, _)) = columns.find(|(column, value)| column.not_null && value.is_null()) else { return Ok(()) };
    let message = format!(
        "null value in column \"{}\" of relation \"{}\" violates not-null constraint",
        column.name, collection.name
    );
    let error = Error::new(ErrorKind::NotNullViolation, message).of_column(collection, &column.name);
    Err(with_failing_row(error, collection, row))
}

/// An error about a row, with the row; one that holds a secret is not shown.
pub(crate) fn with_failing_row(error: Error, collection: &Collection, row: &[Value]) -> Error {
    match collection.kind {
        CollectionKind::Auth => error,
        CollectionKind::Memory | CollectionKind::Table => error.with_detail(failing_row(row)),
    }
}

/// The detail that shows a row which breaks a rule.
pub fn failing_row(row: &[Value]) -> String {
    let shown: Vec<String> = row.iter().map(shown).collect();
    format!("Failing row contains ({}).", shown.join(", "))
}

/// A value as details show it: a long one is cut.
fn shown(value: &Value) -> String {
    if value.is_null() {
        return "null".to_string();
    }
    let text = value.to_text();
    match text.len() > SHOWN_BYTES_MAX {
        true => format!("{}...", text.get(..text.floor_char_boundary(SHOWN_BYTES_MAX)).unwrap_or_default()),
        false => text,
    }
}
