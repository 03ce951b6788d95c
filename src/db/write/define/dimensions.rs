//! Dimensions of vector columns: learned from the first vector, forgotten with the last, declared by ALTER TABLE.
//!
//! All vectors of a column have one dimension at every moment. One that was not declared holds for as long as the column
//! holds a vector; then the next one brings another, from here or from a peer. Whoever changes a dimension leaves no vector
//! of the old one: that is checked again while the commit is encoded, since others may have stored some meanwhile. The
//! nearest-neighbour indexes of the column begin anew, empty; readers of older snapshots measure every entry instead.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::pending::write_set::{EntryKey, Pending};
use crate::db::read::entry_view::check_dimension;
use crate::db::read::scan::{ScanSpan, visit_entries};
use crate::db::read::view::ReadView;
use crate::db::state::cancel::Cancel;
use crate::db::vectors::vector_indexes::VectorIndex;
use crate::db::write::commit::encoder::{CommitEncoder, conflict};
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionId, CollectionKind, Column, ColumnId, DimensionOrigin, RelationName, State};
use crate::store::{Key, KeyRange};
use crate::types::Value;
use crate::vector::DIMENSION_MAX;

/// What an encoded vector of that many bytes has for a dimension.
fn dimension_of(bytes: &[u8]) -> usize {
    bytes.len() / size_of::<f32>()
}

impl CommitEncoder<'_> {
    /// Gives vector columns without a dimension that of the first vector stored in them.
    ///
    /// # Errors
    /// None today; XX000 for a collection that cannot be written as JSON.
    pub fn learn_dimensions(
        &mut self,
        collection: Arc<Collection>,
        rows: &BTreeMap<EntryKey, Pending>,
    ) -> Result<Arc<Collection>> {
        self.learn(collection, |name| {
            rows.values().filter(|pending| pending.alive).find_map(|pending| match pending.changes.get(name) {
                Some(Some(Value::Vector(vector))) => Some(vector.len()),
                _ => None,
            })
        })
    }

    /// Gives vector columns without a dimension that of the vectors of a state.
    ///
    /// # Errors
    /// None today; XX000 for a collection that cannot be written as JSON.
    pub fn learn_dimensions_of(&mut self, collection: Arc<Collection>, state: &State) -> Result<Arc<Collection>> {
        self.learn(collection, |name| match state.value(name) {
            Some(Value::Vector(vector)) => Some(vector.len()),
            _ => None,
        })
    }

    fn learn(&mut self, collection: Arc<Collection>, first: impl Fn(&str) -> Option<usize>) -> Result<Arc<Collection>> {
        let is_open = |position: &usize| {
            collection
                .columns
                .get(*position)
                .is_some_and(|column| column.ty.is_dense_vector() && column.ty.dimension().is_none())
        };
        let mut learned = Vec::new();
        for position in collection.vector_columns().filter(is_open) {
            if let Some(dimension) = collection.field_name(position).and_then(&first) {
                learned.push((position, dimension));
            }
        }
        let mut collection = collection;
        for (position, dimension) in learned {
            let dimension = u32::try_from(dimension).map_err(|_| Error::internal("a vector is too long"))?;
            collection = self.set_dimension(&collection, position, Some(dimension))?;
        }
        Ok(collection)
    }

    /// Another dimension for a column whose vectors all come from the transaction being encoded.
    ///
    /// # Errors
    /// 40001 where the table was dropped or the type of the column declared meanwhile; as [`VectorIndex::new`].
    pub fn relearn_dimension(&mut self, id: CollectionId, column: ColumnId, dimension: u32) -> Result<()> {
        let Some(collection) = self.current_catalog().collection_by_id(id).cloned() else {
            return Err(conflict("its table was dropped"));
        };
        let learns = |position: &usize| collection.learns_dimension(*position);
        let Some(position) = collection.position_of(column).filter(learns) else {
            return Err(conflict("another transaction changed the type of its column"));
        };
        self.effects.new_dimensions.insert((id, column));
        self.set_dimension(&collection, position, Some(dimension)).map(drop)
    }

    /// Notes what ALTER TABLE changed.
    ///
    /// # Errors
    /// As [`VectorIndex::new`].
    pub fn note_new_dimensions(&mut self, old: Option<&Collection>, new: &Arc<Collection>) -> Result<()> {
        let Some(old) = old else { return Ok(()) };
        for position in new.vector_columns() {
            let id = new.column_id(position)?;
            let (before, after) = (dimension_of_column(old, id), dimension(new, position));
            if before == after {
                continue;
            }
            self.effects.new_dimensions.insert((new.id, id));
            if before.is_some() {
                self.renew_indexes(new, position)?;
            }
            self.note_hidden(new.id);
        }
        Ok(())
    }

    /// At the end of a commit: no vector of another dimension is left in a column whose dimension it changed.
    ///
    /// # Errors
    /// 40001 where another transaction stored a vector of another dimension; 58030 where the store cannot be read.
    pub fn check_changed_dimensions(&mut self) -> Result<()> {
        for (id, column) in std::mem::take(&mut self.effects.new_dimensions) {
            let Some(collection) = self.current_catalog().collection_by_id(id).cloned() else { continue };
            let wanted = dimension_of_column(&collection, column).map(|wanted| wanted as usize);
            if collection.position_of(column).is_some()
                && self.has_vector(id, column, &|found| Some(found) != wanted)?
            {
                return Err(conflict("another transaction stored a vector of another dimension"));
            }
        }
        Ok(())
    }

    /// At the end of a change: columns that lost their last vector forget the dimension that was learned from one.
    ///
    /// # Errors
    /// 58030 where the store cannot be read; as [`VectorIndex::new`].
    pub fn forget_dimensions(&mut self) -> Result<()> {
        for (id, column) in std::mem::take(&mut self.effects.lost_vectors) {
            let Some(collection) = self.current_catalog().collection_by_id(id).cloned() else { continue };
            let Some(position) = collection.position_of(column) else { continue };
            let is_learned = dimension(&collection, position).is_some() && collection.learns_dimension(position);
            if is_learned && !self.has_vector(id, column, &|_| true)? {
                self.set_dimension(&collection, position, None)?;
            }
        }
        Ok(())
    }

    /// Changes a dimension that nobody declared.
    fn set_dimension(&mut self, collection: &Collection, position: usize, now: Option<u32>) -> Result<Arc<Collection>> {
        let before = dimension(collection, position);
        let mut changed = collection.clone();
        if let Some(column) = changed.columns.get_mut(position) {
            column.ty = column.ty.with_dimension(now);
            column.dimension_origin = DimensionOrigin::Learned;
        }
        self.put_collection(&changed)?;
        let changed = Arc::new(changed);
        let mut catalog = (**self.current_catalog()).clone();
        catalog.put(Arc::clone(&changed));
        self.effects.catalog = Some(Arc::new(catalog));
        if before.is_some() && before != now {
            self.renew_indexes(&changed, position)?;
            self.note_hidden(changed.id);
        }
        Ok(changed)
    }

    /// Values of peers that no column here had fitted may fit now.
    pub fn note_hidden(&mut self, id: CollectionId) {
        if self.current_catalog().network_of(id).is_some() {
            self.effects.hidden.insert(id);
        }
    }

    fn renew_indexes(&mut self, collection: &Collection, position: usize) -> Result<()> {
        for definition in &collection.indexes {
            let is_of_column = definition.kind.vector_column() == Some(position);
            // One that this group makes is filled once it is there.
            if !is_of_column || self.shared.vector_index(definition.id).is_none() {
                continue;
            }
            if let Some(index) = VectorIndex::new(collection, definition) {
                let index = index?;
                index.begin_anew(self.version);
                self.effects.renewed.push(Arc::new(index));
            }
        }
        Ok(())
    }

    /// Whether a column holds a vector of a dimension that `is_sought` at this point.
    fn has_vector(&self, id: CollectionId, column: ColumnId, is_sought: &dyn Fn(usize) -> bool) -> Result<bool> {
        let overlays = [&self.effects.overlay.components, &self.group.overlay.components];
        let mut place = (id, column, Vec::new());
        let mut change = |key: &[u8]| {
            place.2 = key.to_vec();
            overlays.iter().find_map(|overlay| overlay.get(&place)).cloned()
        };
        let witnesses = &self.shared.witnesses;
        if let Some(key) = witnesses.get((id, column))
            && change(&key).is_none()
            && let Some(bytes) = self.group.snapshot.get(&Key::Vector(id, column, &key))?
            && is_sought(dimension_of(&bytes))
        {
            return Ok(true);
        }
        for ((of, in_column, key), _) in overlays.into_iter().flatten() {
            if (*of, *in_column) == (id, column) && change(key).flatten().is_some_and(|vector| is_sought(vector.len()))
            {
                return Ok(true);
            }
        }
        // From the end: what is deleted in the order it came in does not have to be stepped over.
        let mut stored = self.group.snapshot.scan(&KeyRange::vectors(id, column).reversed().uncached());
        while let Some((key, bytes)) = stored.next()? {
            if change(key).is_none() && is_sought(dimension_of(bytes)) {
                witnesses.put((id, column), key);
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn dimension(collection: &Collection, position: usize) -> Option<u32> {
    collection.columns.get(position)?.ty.dimension()
}

fn dimension_of_column(collection: &Collection, column: ColumnId) -> Option<u32> {
    dimension(collection, collection.position_of(column)?)
}

impl Transaction {
    /// Checks the dimension of a vector for a column. Where the column learns it and holds no other vector any more, this
    /// one brings another.
    ///
    /// # Errors
    /// 22000 with both numbers.
    pub(crate) fn check_vector(&mut self, collection: &Collection, position: usize, vector: &Arc<[f32]>) -> Result<()> {
        let Some(column) = collection.columns.get(position) else { return Ok(()) };
        let place = (collection.id, column.id);
        let now = self.view.dimension(place);
        let checked = check_dimension(&column.name, now, vector);
        let Err(error) = checked else { return Ok(()) };
        let learns = self.catalog().collection_by_id(collection.id).is_some_and(|now| {
            let position = now.position_of(column.id);
            position.is_some_and(|position| now.learns_dimension(position))
        });
        let wanted = u32::try_from(vector.len()).map_err(|_| error.clone())?;
        if !learns || self.view.has_vector(collection, position)? {
            return Err(error);
        }
        self.writes().dimensions.insert(place, wanted);
        Ok(())
    }

    /// ALTER TABLE … ALTER COLUMN … TYPE vector(n), or TYPE vector, which leaves the dimension to the vectors.
    ///
    /// # Errors
    /// 22000 where vectors of another dimension are stored, with both numbers and how many; 42703; 42804 for a column that
    /// holds no vectors; 54000 for a dimension that an index of the column cannot have.
    pub fn alter_vector_column(
        &mut self,
        table: &RelationName,
        name: &str,
        declared: Option<u32>,
        cancel: &Cancel,
    ) -> Result<()> {
        let collection = Arc::clone(self.catalog().expect_collection(table)?);
        let position = collection.column(name).ok_or_else(|| {
            let message = format!("column \"{name}\" of relation \"{table}\" does not exist");
            Error::new(ErrorKind::UndefinedColumn, message)
        })?;
        let is_vector = collection.columns.get(position).is_some_and(|column| column.ty.is_dense_vector());
        if !is_vector || collection.kind == CollectionKind::Auth {
            let message = format!("column \"{name}\" cannot be cast automatically to type vector");
            return Err(Error::new(ErrorKind::DatatypeMismatch, message));
        }
        check_index_dimension(&collection, position, declared)?;
        let stored = dimensions_stored(&self.view, &collection, position, cancel)?;
        let other = stored.iter().find(|(found, _)| declared.is_some_and(|declared| declared as usize != **found));
        if let (Some((found, count)), Some(declared)) = (other, declared) {
            let entries = if *count == 1 { "entry holds a vector" } else { "entries hold vectors" };
            return Err(Error::new(ErrorKind::DataException, format!("expected {declared} dimensions, not {found}"))
                .with_detail(format!("{count} {entries} of {found} dimensions in column \"{name}\" of \"{table}\"."))
                .with_hint(format!("DELETE them, or UPDATE {table} SET {name} = NULL, first.")));
        }
        let found = stored.keys().next().and_then(|found| u32::try_from(*found).ok());
        let mut changed = (*collection).clone();
        if let Some(column) = changed.columns.get_mut(position) {
            set_type(column, declared, found);
        }
        let column = collection.column_id(position)?;
        self.writes().dimensions.remove(&(collection.id, column));
        self.change_catalog(CatalogChange::Put(Arc::new(changed)));
        Ok(())
    }
}

impl ReadView {
    /// Checks the dimension of a vector that those of a column are measured against. Where the transaction has taken away
    /// every vector of a column that learns its dimension, any will do.
    ///
    /// # Errors
    /// 22000 with both numbers.
    pub(crate) fn check_target(&self, collection: &Collection, position: usize, target: &Arc<[f32]>) -> Result<()> {
        let place = (collection.id, collection.column_id(position)?);
        let name = collection.columns.get(position).map_or("", |column| column.name.as_str());
        let declared = self.writes.dimensions.get(&place).copied().or_else(|| dimension(collection, position));
        let Err(error) = check_dimension(name, declared, target) else { return Ok(()) };
        let is_touched = self.writes.rows_of(collection.id).is_some();
        if is_touched && collection.learns_dimension(position) && !self.has_vector(collection, position)? {
            return Ok(());
        }
        Err(error)
    }

    /// The dimension of a column as the own transaction has it.
    fn dimension(&self, (id, column): (CollectionId, ColumnId)) -> Option<u32> {
        let own = self.writes.dimensions.get(&(id, column)).copied();
        own.or_else(|| dimension_of_column(self.catalog().collection_by_id(id)?, column))
    }

    fn has_vector(&self, collection: &Collection, position: usize) -> Result<bool> {
        let Some(name) = collection.field_name(position) else { return Ok(false) };
        let own = self.writes.rows_of(collection.id);
        let is_vector = |value: &Option<Value>| matches!(value, Some(Value::Vector(_)));
        if own.is_some_and(|rows| {
            rows.values().any(|pending| pending.alive && pending.changes.get(name).is_some_and(is_vector))
        }) {
            return Ok(true);
        }
        let column = collection.column_id(position)?;
        let mut stored = self.snapshot.scan(&KeyRange::vectors(collection.id, column).reversed().uncached());
        while let Some((key, _)) = stored.next()? {
            let is_gone = own
                .and_then(|rows| rows.get(key))
                .is_some_and(|pending| !pending.alive || pending.replaced || pending.changes.contains_key(name));
            if !is_gone {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn set_type(column: &mut Column, declared: Option<u32>, found: Option<u32>) {
    column.ty = column.ty.with_dimension(declared.or(found));
    column.dimension_origin = if declared.is_some() { DimensionOrigin::Declared } else { DimensionOrigin::Learned };
}

fn check_index_dimension(collection: &Collection, position: usize, declared: Option<u32>) -> Result<()> {
    let is_indexed = collection.indexes.iter().any(|index| index.kind.vector_column() == Some(position));
    match declared {
        Some(declared) if is_indexed && declared as usize > DIMENSION_MAX => Err(Error::new(
            ErrorKind::LimitExceeded,
            format!("column cannot have more than {DIMENSION_MAX} dimensions for hnsw index"),
        )
        .with_hint("DROP INDEX first.")),
        _ => Ok(()),
    }
}

/// How many vectors of each dimension a view holds in a column.
fn dimensions_stored(
    view: &ReadView,
    collection: &Collection,
    position: usize,
    cancel: &Cancel,
) -> Result<BTreeMap<usize, u64>> {
    let mut stored = BTreeMap::new();
    let everything = ScanSpan { lower: std::ops::Bound::Unbounded, upper: std::ops::Bound::Unbounded, reverse: false };
    visit_entries(view, collection, &everything, cancel, &mut |entry| {
        if let Value::Vector(vector) = entry.column(position)? {
            *stored.entry(vector.len()).or_insert(0) += 1;
        }
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    Ok(stored)
}
