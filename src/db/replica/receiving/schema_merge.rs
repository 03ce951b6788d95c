//! Declared columns as members of a network compare them: what one side lacks is added, what contradicts is told.

use std::sync::Arc;

use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::replica::handle::Replica;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::db::write::commit::entry_states::{fits, fitting, is_of_one_entry};
use crate::error::{ErrorKind, Result};
use crate::merge::merge;
use crate::model::{Collection, CollectionId, CollectionKind, Column, DimensionOrigin, Field, NetworkId};
use crate::store::{KeyRange, Publicity, RecordView};
use crate::types::ColumnType;

/// How often a merge is tried again when somebody else changes the catalog at the same moment.
const TRIES_MAX: usize = 8;
/// Columns of a table up to which those are added that members declare: whoever does so signs nothing, and leaves room for those of
/// the table's user.
const COLUMNS_BY_OTHERS_MAX: usize = 400;
/// Entries of one step of showing what columns had been missing for.
const ENTRIES_PER_STEP: usize = 2_000;

/// An attached collection as another member declares it.
#[derive(Clone, Debug, PartialEq)]
pub struct SharedSchema {
    /// Its name in the network.
    pub name: String,
    /// Made by CREATE TABLE; otherwise of the shape of `memory`.
    pub is_table: bool,
    pub columns: Vec<SharedColumn>,
    /// Positions in `columns`.
    pub primary_key: Vec<usize>,
}

/// One of its columns.
#[derive(Clone, Debug, PartialEq)]
pub struct SharedColumn {
    pub name: String,
    /// The type's name in SQL.
    pub type_name: String,
}

impl Replica {
    /// Adds the columns that members declare and the attached collections here lack, without values and nullable. What
    /// contradicts is left alone and told, in words: a type that differs, another primary key.
    ///
    /// # Errors
    /// As `Transaction::commit`, 40001 after `TRIES_MAX` tries; XX001 for a damaged entry.
    pub async fn merge_schemas(&self, network: NetworkId, schemas: &[SharedSchema]) -> Result<Vec<String>> {
        let mut tries = 0;
        loop {
            tries += 1;
            let mut transaction = self.begin();
            let catalog = Arc::clone(transaction.catalog());
            let Some(definition) = catalog.network_by_id(network) else { return Ok(Vec::new()) };
            let (mut differences, mut changed) = (Vec::new(), Vec::new());
            for schema in schemas {
                let attachment = definition.attachment_named(&schema.name).filter(|found| found.takes());
                let collection = attachment.and_then(|found| catalog.collection_by_id(found.collection));
                let Some(collection) = collection else { continue };
                let merged = merge_columns(collection, schema, &mut differences);
                if merged != **collection {
                    changed.push(merged.id);
                    transaction.change_catalog(CatalogChange::Put(Arc::new(merged)));
                }
            }
            if changed.is_empty() {
                return Ok(differences);
            }
            match transaction.commit().await {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::SerializationFailure && tries < TRIES_MAX => continue,
                Err(error) => return Err(error),
            }
            for id in changed {
                self.show_what_fits(id).await?;
            }
            return Ok(differences);
        }
    }

    /// Shows values of public states that no column here had fitted before, and hides those that no column fits any more.
    async fn show_what_fits(&self, id: CollectionId) -> Result<()> {
        let mut after: Option<Vec<u8>> = None;
        loop {
            after = self.queue().encode(move |apply| apply.show_step(id, after.as_deref())).await?;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

impl CommitEncoder<'_> {
    /// The next entries behind `after`; the key to go on after, or the end.
    ///
    /// # Errors
    /// As [`CommitEncoder::entry_states`] and [`CommitEncoder::learn_dimensions_of`]; as [`CommitEncoder::put_states`], but for
    /// what lies in an entry alone, which stays as it is.
    pub fn show_step(&mut self, id: CollectionId, after: Option<&[u8]>) -> Result<Option<Vec<u8>>> {
        let Some(mut collection) = self.current_catalog().collection_by_id(id).cloned() else { return Ok(None) };
        let snapshot = Arc::clone(&self.group.snapshot);
        let from = after.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
        let mut records = snapshot.scan(&KeyRange::entries(id).from(from).uncached());
        let mut seen = 0;
        while let Some((key, _)) = records.next()? {
            seen += 1;
            let Some(bytes) = self.current(id, key)? else { continue };
            if RecordView::parse(&bytes)?.publicity() != Publicity::Private {
                let old = self.entry_states(&collection, key)?;
                // What came while no column here had its name may be of another type than the column that came since.
                let mut here = old.visible.clone();
                let is_own = |name: &String, field: &Field| old.public.fields.get(name) != Some(field);
                here.fields.retain(|name, field| fits(&collection, name, field.value.as_ref()) || is_own(name, field));
                let visible = merge(&here, &fitting(&collection, old.public.clone()));
                if visible != old.visible {
                    collection = self.learn_dimensions_of(collection, &visible)?;
                    let (public, stage) = (old.public.clone(), old.stage);
                    match self.put_states(&collection, key, &old, (&visible, &public), stage) {
                        Err(error) if is_of_one_entry(&error) => {
                            let name = &collection.name;
                            tracing::warn!(collection = name, %error, "an entry is shown as it was");
                        }
                        written => written?,
                    }
                }
            }
            if seen == ENTRIES_PER_STEP {
                return Ok(Some(key.to_vec()));
            }
        }
        Ok(None)
    }
}

/// A collection with the columns that it lacked.
fn merge_columns(collection: &Collection, schema: &SharedSchema, differences: &mut Vec<String>) -> Collection {
    let mut merged = collection.clone();
    let shared_name = &schema.name;
    if schema.is_table != (collection.kind == CollectionKind::Table) {
        let shape = |is_table| if is_table { "a table" } else { "of the shape of memory" };
        let (here, there) = (shape(!schema.is_table), shape(schema.is_table));
        differences.push(format!("\"{shared_name}\" is {here} here and {there} at another member"));
        return merged;
    }
    let our_key: Vec<&str> = collection
        .primary_key
        .iter()
        .filter_map(|position| Some(collection.shared_name(collection.columns.get(*position)?)))
        .collect();
    let their_key: Vec<&str> =
        schema.primary_key.iter().filter_map(|position| Some(schema.columns.get(*position)?.name.as_str())).collect();
    if our_key != their_key {
        let (ours, theirs) = (our_key.join(", "), their_key.join(", "));
        differences
            .push(format!("the primary key of \"{shared_name}\" is ({ours}) here and ({theirs}) at another member"));
    }
    for theirs in &schema.columns {
        if collection.dropped.iter().any(|dropped| dropped.field == theirs.name) {
            continue;
        }
        let place = format!("\"{shared_name}\".\"{}\"", theirs.name);
        let Ok(ty) = ColumnType::parse(&theirs.type_name) else {
            differences
                .push(format!("{place} has a type at another member that is not known here: {}", theirs.type_name));
            continue;
        };
        match collection.columns.iter().find(|ours| collection.shared_name(ours) == theirs.name) {
            Some(ours) if are_alike(&ours.ty, &ty) => {}
            Some(ours) => differences.push(format!("{place} is {} here and {ty} at another member", ours.ty)),
            None if collection.kind != CollectionKind::Table => {
                differences.push(format!("{place} is a column at another member alone"));
            }
            None if merged.columns.len() >= COLUMNS_BY_OTHERS_MAX => {
                let most = COLUMNS_BY_OTHERS_MAX;
                differences.push(format!("{place} is not added here: members add columns up to {most} in a table"));
            }
            None => {
                let mut wider = merged.clone();
                // Nobody here has declared its dimension.
                let dimension_origin = DimensionOrigin::Learned;
                wider.push_column(Column { dimension_origin, ..Column::new(theirs.name.clone(), ty) });
                match crate::db::catalog::catalog::check_columns(&wider) {
                    Ok(()) => merged = wider,
                    Err(error) => differences.push(format!("{place} cannot be added here: {}", error.message())),
                }
            }
        }
    }
    merged
}

/// Whether values of the one type are values of the other: a vector column takes its dimension from the first vector.
pub(crate) fn are_alike(ours: &ColumnType, theirs: &ColumnType) -> bool {
    match (ours, theirs) {
        (ColumnType::Vector(a), ColumnType::Vector(b)) | (ColumnType::Halfvec(a), ColumnType::Halfvec(b)) => {
            a.is_none() || b.is_none() || a == b
        }
        _ => ours == theirs,
    }
}

#[cfg(test)]
#[path = "schema_merge_tests.rs"]
mod tests;
