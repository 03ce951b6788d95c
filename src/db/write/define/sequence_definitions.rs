//! Sequences inside a transaction: made, changed, moved to another schema and dropped.

use std::sync::Arc;

use crate::db::catalog::catalog::check_identifier;
use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::catalog::user_types::check_new_relation;
use crate::db::catalog::view_rules::refuse_dependents;
use crate::db::write::define::views::cascade_notice;
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Collection, CollectionId, ColumnId, RelationName, RelationRef, SchemaId, Sequence, SequencePlace, View,
};

/// What names a sequence in an expression, where that is kept as its text.
#[derive(Clone, Debug, Default)]
pub struct SequenceUses {
    /// Columns whose defaults do.
    pub defaults: Vec<SequencePlace>,
    pub views: Vec<CollectionId>,
}

impl Transaction {
    /// Makes a sequence, or changes the one of its id.
    ///
    /// # Errors
    /// 42P07 for a name that something else has, 42710 for a new one that is a type's, 54000 for one that is too long, and for one more temporary relation than a session can
    /// have; 55000 for a sequence in another schema than the table that it goes with.
    pub fn put_sequence(&mut self, sequence: Sequence) -> Result<()> {
        check_identifier(&sequence.name)?;
        let known = self.catalog().sequence_by_id(sequence.id).cloned();
        let keeps_name = known.as_ref().is_some_and(|known| known.relation() == sequence.relation());
        if !keeps_name && self.catalog().is_taken(&sequence.relation()) {
            let message = format!("relation \"{}\" already exists", sequence.name);
            return Err(Error::new(ErrorKind::DuplicateTable, message));
        }
        if known.is_none() {
            check_new_relation(self.catalog(), &sequence.relation())?;
        }
        let table = sequence.owner.and_then(|(table, _)| self.catalog().collection_by_id(table));
        if table.is_some_and(|table| table.schema != sequence.schema) {
            let message = "sequence must be in same schema as table it is linked to";
            return Err(Error::new(ErrorKind::NotInPrerequisiteState, message));
        }
        if let Some(table) = table.map(|table| table.id) {
            // Whoever drops it meanwhile, or moves it, has not seen that the sequence goes with it.
            let before = self.view.catalog.standing_of(table);
            self.writes().note_standing(table, before);
        }
        if known.is_none() {
            self.check_room_for(sequence.schema)?;
            self.restart_sequence(sequence.place(), sequence.numbers.beginning());
        }
        self.note_schema(sequence.schema);
        let id = sequence.id;
        self.change_catalog(CatalogChange::PutSequence(Arc::new(sequence)));
        if known.is_none() {
            self.own(id);
        }
        Ok(())
    }

    /// Moves a sequence to another schema.
    ///
    /// # Errors
    /// 0A000 for one that goes with a column; 42P07 for a name that is taken there.
    pub(in crate::db::write) fn move_sequence(&mut self, sequence: Sequence, schema: SchemaId) -> Result<()> {
        if let Some((owner, _)) = sequence.owner {
            let table = self.catalog().collection_by_id(owner).map_or("", |table| table.name.as_str());
            let detail = format!("Sequence \"{}\" is linked to table \"{table}\".", sequence.name);
            let message = "cannot move an owned sequence into another schema";
            return Err(Error::new(ErrorKind::Unsupported, message).with_detail(detail));
        }
        self.check_free_in(schema, &sequence.name)?;
        self.put_sequence(Sequence { schema, ..sequence })
    }

    /// Refuses a name that a relation of a schema has to which another one is moved.
    ///
    /// # Errors
    /// 42P07.
    pub(in crate::db::write) fn check_free_in(&self, schema: SchemaId, name: &str) -> Result<()> {
        if !self.catalog().is_taken(RelationRef { schema, name }) {
            return Ok(());
        }
        let place = self.catalog().schema_name(schema);
        let message = format!("relation \"{name}\" already exists in schema \"{place}\"");
        Err(Error::new(ErrorKind::DuplicateTable, message))
    }

    /// The sequences that go with a table follow it to another schema.
    pub(in crate::db::write) fn move_owned_sequences(&mut self, table: CollectionId, schema: SchemaId) {
        let owned: Vec<Arc<Sequence>> = self.catalog().sequences_owned_by(table).cloned().collect();
        for sequence in owned {
            let moved = Sequence { schema, ..(*sequence).clone() };
            self.change_catalog(CatalogChange::PutSequence(Arc::new(moved)));
        }
    }

    /// Drops a sequence, with `cascade` along with the defaults that draw from it.
    ///
    /// # Errors
    /// 42P01; 2BP01 for defaults that draw from it.
    pub fn drop_sequence(&mut self, name: &RelationName, uses: &SequenceUses, cascade: bool) -> Result<()> {
        let Some(sequence) = self.catalog().sequence(name).cloned() else {
            let of_column = self.catalog().column_sequence(name);
            if let Some((collection, position)) =
                of_column.map(|(collection, position)| (Arc::clone(collection), position))
            {
                return self.drop_own_sequence(&collection, position, uses, cascade);
            }
            return Err(Error::new(ErrorKind::UndefinedTable, format!("sequence \"{name}\" does not exist")));
        };
        self.remove_sequence(&sequence, None, uses, cascade)
    }

    /// Drops the sequence that a column has of its own, with `cascade` along with what uses it.
    fn drop_own_sequence(
        &mut self,
        collection: &Arc<Collection>,
        position: usize,
        uses: &SequenceUses,
        cascade: bool,
    ) -> Result<()> {
        let (Some(column), Some(sequence)) =
            (collection.columns.get(position), Sequence::of_column(collection, position))
        else {
            return Ok(());
        };
        let what = self.described_sequence(&sequence);
        if column.identity().is_some() {
            let of_table = format!("column {} of {}", column.name, self.described(self.catalog(), collection.id));
            let message = format!("cannot drop {what} because {of_table} requires it");
            let error = Error::new(ErrorKind::DependentObjects, message);
            return Err(error.with_hint(format!("You can drop {of_table} instead.")));
        }
        let own = column.draws_own().then(|| (Arc::clone(collection), position));
        self.drop_uses(&what, own.into_iter().collect(), uses, cascade)?;
        let now = Arc::clone(self.catalog().expect_collection(&collection.relation())?);
        self.forget_sequence(&now, position);
        Ok(())
    }

    /// Takes away the defaults that draw from a sequence, and what else uses it.
    ///
    /// # Errors
    /// 2BP01 without `cascade`.
    fn drop_uses(
        &mut self,
        what: &str,
        mut drawing: Vec<(Arc<Collection>, usize)>,
        uses: &SequenceUses,
        cascade: bool,
    ) -> Result<()> {
        let catalog = Arc::clone(self.catalog());
        drawing.extend(uses.defaults.iter().filter_map(|(table, column)| {
            let collection = catalog.collection_by_id(*table)?;
            Some((Arc::clone(collection), collection.position_of(*column)?))
        }));
        drawing.sort_by_key(|(collection, position)| (collection.id, *position));
        let mut views: Vec<Arc<View>> = Vec::new();
        let direct = uses.views.iter().filter_map(|id| catalog.all_views().find(|view| view.id == *id));
        for view in direct.flat_map(|view| std::iter::once(Arc::clone(view)).chain(catalog.views_above(view.id))) {
            if !views.iter().any(|known| known.id == view.id) {
                views.push(view);
            }
        }
        let mut lines: Vec<String> = drawing.iter().map(|(table, at)| self.default_of(table, *at)).collect();
        lines.extend(views.iter().map(|view| self.described(&catalog, view.id)));
        if !cascade {
            let lines = lines.iter().map(|line| format!("{line} depends on {what}"));
            refuse_dependents(what, &lines.collect::<Vec<_>>())?;
        }
        self.notices.extend(cascade_notice(&lines));
        for (collection, position) in drawing {
            // Several columns of a table may draw from it.
            let Some(now) = self.catalog().collection_by_id(collection.id).cloned() else { continue };
            let mut changed = (*now).clone();
            if let Some(column) = changed.columns.get_mut(position).filter(|column| !column.draws_own()) {
                column.default = None;
                self.change_catalog(CatalogChange::Put(Arc::new(changed)));
            }
        }
        views.iter().rev().for_each(|view| self.remove_view(view.id));
        Ok(())
    }

    /// Drops the sequences that go with a collection, or with one column of it.
    ///
    /// # Errors
    /// 2BP01 where other tables draw from one, unless `cascade` is said.
    pub(crate) fn drop_owned_sequences(
        &mut self,
        collection: CollectionId,
        column: Option<ColumnId>,
        cascade: bool,
    ) -> Result<()> {
        let is_owned = |sequence: &&Arc<Sequence>| {
            column.is_none_or(|column| sequence.owner.is_some_and(|(_, owner)| owner == column))
        };
        let catalog = Arc::clone(self.catalog());
        for sequence in catalog.sequences_owned_by(collection).filter(is_owned) {
            self.remove_sequence(sequence, Some((collection, column)), &SequenceUses::default(), cascade)?;
        }
        Ok(())
    }

    /// Drops a sequence and takes away the defaults that draw from it, besides those of what is `gone` with it.
    ///
    /// # Errors
    /// 2BP01 for such defaults without `cascade`.
    pub(in crate::db::write) fn remove_sequence(
        &mut self,
        sequence: &Sequence,
        gone: Option<(CollectionId, Option<ColumnId>)>,
        uses: &SequenceUses,
        cascade: bool,
    ) -> Result<()> {
        let is_gone = |collection: &Collection, position: usize| {
            let column = collection.columns.get(position).map(|column| column.id);
            gone.is_some_and(|gone| gone.0 == collection.id && (gone.1.is_none() || gone.1 == column))
        };
        let mut drawing = self.drawing_from(sequence.id);
        drawing.retain(|(collection, position)| !is_gone(collection, *position));
        self.drop_uses(&self.described_sequence(sequence), drawing, uses, cascade)?;
        self.writes().restarts.remove(&sequence.place());
        self.change_catalog(CatalogChange::DropSequence(sequence.id));
        Ok(())
    }

    /// The columns, by their positions, whose defaults are the next number of a sequence that was made by itself.
    pub(in crate::db::write) fn drawing_from(&self, sequence: CollectionId) -> Vec<(Arc<Collection>, usize)> {
        let mut found = Vec::new();
        for collection in self.catalog().collections() {
            let columns = collection.columns.iter().enumerate();
            let drawing = columns.filter(|(_, column)| column.drawn_from() == Some(sequence));
            found.extend(drawing.map(|(position, _)| (Arc::clone(collection), position)));
        }
        found
    }

    /// A column's default, as messages name it.
    pub(in crate::db::write) fn default_of(&self, collection: &Collection, position: usize) -> String {
        let column = collection.columns.get(position).map_or("", |column| column.name.as_str());
        let table = self.described(self.catalog(), collection.id);
        format!("default value for column {column} of {table}")
    }

    /// A sequence, as messages name it.
    pub(in crate::db::write) fn described_sequence(&self, sequence: &Sequence) -> String {
        format!("sequence {}", self.shown_name((&sequence.relation()).into()))
    }
}
