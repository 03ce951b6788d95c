//! Schemas inside a transaction: made, renamed and dropped with what is in them; tables and views that go from one to another.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::db::catalog::catalog::{Catalog, check_identifier};
use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::catalog::schemas::{RESERVED_PREFIX, SchemaPlace};
use crate::db::catalog::search_path::SearchPath;
use crate::db::catalog::view_rules::refuse_dependents;
use crate::db::state::cancel::Cancel;
use crate::db::write::define::sequence_definitions::SequenceUses;
use crate::db::write::define::views::cascade_notice;
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Collection, CollectionId, CollectionKind, ForeignKey, RelationName, RelationRef, Schema, SchemaId, Sequence, View,
};
use crate::types::limits::SCHEMAS_MAX;
use crate::types::quote_identifier;

impl Transaction {
    /// Messages name relations as somebody with this path would.
    pub fn name_as(&mut self, path: SearchPath) {
        self.naming = Some(path);
    }

    /// A relation as messages name it: with its schema where a name alone would not find it.
    pub(in crate::db) fn shown_name(&self, relation: RelationRef<'_>) -> String {
        let catalog = self.catalog();
        let is_found = match &self.naming {
            Some(path) => path.finds(relation, catalog),
            None => relation.schema.is_public(),
        };
        let name = quote_identifier(relation.name);
        match is_found {
            true => name.to_string(),
            false => format!("{}.{name}", quote_identifier(&catalog.schema_name(relation.schema))),
        }
    }

    /// Whether there is a schema of that name.
    pub fn has_schema(&self, name: &str) -> bool {
        self.catalog().schema(name, SchemaId::Public).is_some()
    }

    /// Makes a schema.
    ///
    /// # Errors
    /// 42P06 for a name that is taken; 42939 for one that is the system's; 54000 for one that is too long, and above `SCHEMAS_MAX`.
    pub fn create_schema(&mut self, name: &str) -> Result<()> {
        self.check_schema_name(name)?;
        if self.catalog().schemas().count() >= SCHEMAS_MAX {
            let message = format!("a database can have at most {SCHEMAS_MAX} schemas");
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        let id = self.new_id();
        self.change_catalog(CatalogChange::PutSchema(Arc::new(Schema { id, name: name.to_string() })));
        self.own(id);
        Ok(())
    }

    fn check_schema_name(&self, name: &str) -> Result<()> {
        check_identifier(name)?;
        if name.starts_with(RESERVED_PREFIX) {
            let error = Error::new(ErrorKind::ReservedName, format!("unacceptable schema name \"{name}\""));
            return Err(error.with_detail("The prefix \"pg_\" is reserved for system schemas."));
        }
        if self.catalog().schema(name, SchemaId::Public).is_some() {
            return Err(Error::new(ErrorKind::DuplicateSchema, format!("schema \"{name}\" already exists")));
        }
        Ok(())
    }

    /// Whoever drops the schema meanwhile has not seen what is made in it: then this transaction comes too late.
    pub(in crate::db::write) fn note_schema(&mut self, schema: SchemaId) {
        if let SchemaId::Made(id) = schema {
            let before = self.view.catalog.standing_of(id);
            self.writes().note_standing(id, before);
        }
    }

    /// Gives a schema another name.
    ///
    /// # Errors
    /// 3F000 for one that is not there; 0A000 for `public`, and where views name its relations; 42501 for one of the system; as
    /// [`Transaction::create_schema`].
    pub fn rename_schema(&mut self, from: &str, to: &str) -> Result<()> {
        let id = self.made_schema(from, "keeps its name")?;
        self.check_schema_name(to)?;
        self.check_types_unwritten(SchemaId::Made(id), from)?;
        let schema = SchemaId::Made(id);
        let catalog = Arc::clone(self.catalog());
        let relations = catalog.collections_of(schema).map(|collection| collection.id);
        for relation in relations.chain(catalog.views_in(schema).map(|view| view.id)) {
            self.check_name_unused(relation, "schema", from)?;
        }
        self.change_catalog(CatalogChange::PutSchema(Arc::new(Schema { id, name: to.to_string() })));
        Ok(())
    }

    /// A schema that CREATE SCHEMA has made.
    fn made_schema(&self, name: &str, stays: &str) -> Result<CollectionId> {
        match self.catalog().schema(name, SchemaId::Public) {
            Some(SchemaPlace::Stored(SchemaId::Made(id))) => Ok(id),
            Some(SchemaPlace::Stored(_)) => Err(Error::unsupported(
                format!("schema {name} {stays}"),
                "Make a schema of your own with CREATE SCHEMA.",
            )),
            Some(SchemaPlace::System(_)) => {
                let message = format!("cannot change schema {name} because it is required by the database system");
                Err(Error::new(ErrorKind::DependentObjects, message))
            }
            None => Err(no_schema(name)),
        }
    }

    /// Drops schemas, with `cascade` along with what is in them and what stands on that.
    ///
    /// # Errors
    /// 3F000 for one that is not there; 2BP01 for one of the system, and with one line for each object without `cascade`; 0A000 for
    /// `public`; 55006 where a table is attached to a network.
    pub fn drop_schemas(&mut self, names: &[String], cascade: bool) -> Result<()> {
        let mut schemas: BTreeMap<CollectionId, &String> = BTreeMap::new();
        for name in names {
            if let Some(SchemaPlace::System(_)) = self.catalog().schema(name, SchemaId::Public) {
                let message = format!("cannot drop schema {name} because it is required by the database system");
                return Err(Error::new(ErrorKind::DependentObjects, message));
            }
            schemas.insert(self.made_schema(name, "cannot be dropped")?, name);
        }
        let dependents = self.dependents_of(&schemas);
        if !cascade {
            let what = match names {
                [name] => format!("schema {name}"),
                _ => "desired object(s)".to_string(),
            };
            let lines = dependents.values().flatten().map(|line| format!("{} depends on {}", line.0, line.1));
            refuse_dependents(&what, &lines.collect::<Vec<_>>())?;
        }
        let lines: Vec<String> = dependents.values().flatten().map(|line| line.0.clone()).collect();
        self.notices.extend(cascade_notice(&lines));
        let told = self.notices.len();
        let catalog = Arc::clone(self.catalog());
        let ids: Vec<CollectionId> = dependents.keys().copied().collect();
        let is_view = |id: &CollectionId| catalog.view_by_id(*id).is_some() || catalog.kept_view(*id).is_some();
        ids.iter().rev().filter(|id| is_view(id)).for_each(|id| self.remove_view(*id));
        for id in &ids {
            let Some(collection) = self.catalog().collection_by_id(*id).cloned() else { continue };
            if matches!(collection.schema, SchemaId::Made(schema) if schemas.contains_key(&schema)) {
                self.drop_collection(&collection.relation(), &ids, true)?;
            }
        }
        for sequence in ids.iter().filter_map(|id| catalog.sequence_by_id(*id)) {
            self.remove_sequence(sequence, None, &SequenceUses::default(), true)?;
        }
        let types: Vec<RelationName> =
            ids.iter().filter_map(|id| catalog.user_type_by_id(*id)).map(|ty| ty.relation()).collect();
        self.drop_types(&types, true, &Cancel::new())?;
        self.notices.truncate(told);
        for id in schemas.keys() {
            self.change_catalog(CatalogChange::DropSchema(*id));
        }
        Ok(())
    }

    /// What goes with schemas, by the number of each object: what it is, and what it needs.
    fn dependents_of(
        &self,
        schemas: &BTreeMap<CollectionId, &String>,
    ) -> BTreeMap<CollectionId, Vec<(String, String)>> {
        let catalog = Arc::clone(self.catalog());
        let mut found: BTreeMap<CollectionId, Vec<(String, String)>> = BTreeMap::new();
        let mut above: Vec<Arc<View>> = Vec::new();
        let mut tables: Vec<Arc<Collection>> = Vec::new();
        for (id, name) in schemas {
            let on = format!("schema {name}");
            let schema = SchemaId::Made(*id);
            for collection in catalog.collections_of(schema) {
                found.insert(collection.id, vec![(self.described(&catalog, collection.id), on.clone())]);
                above.extend(catalog.views_above(collection.id));
                tables.push(Arc::clone(collection));
            }
            // Those that go with columns go without a word.
            for sequence in catalog.sequences_in(schema).filter(|sequence| sequence.owner.is_none()) {
                found.insert(sequence.id, vec![(self.described_sequence(sequence), on.clone())]);
            }
            for ty in catalog.user_types_in(schema) {
                let what = self.described_type(ty);
                let columns = self.columns_needing(ty).into_iter().filter(|(table, ..)| table.schema != schema);
                let lines = columns.map(|(_, column, on)| (column, on));
                found.insert(ty.id, std::iter::once((what.clone(), on.clone())).chain(lines).collect());
            }
            for view in catalog.views_in(schema) {
                found.insert(view.id, vec![(self.described(&catalog, view.id), on.clone())]);
                above.extend(catalog.views_above(view.id));
            }
        }
        for view in above {
            let read = view.uses.iter().map(|used| used.relation).find(|read| found.contains_key(read));
            let on = read.map(|read| self.described(&catalog, read)).unwrap_or_default();
            found.entry(view.id).or_insert_with(|| vec![(self.described(&catalog, view.id), on)]);
        }
        for table in tables {
            let others = catalog.references_to(table.id);
            let lines: Vec<(String, String)> = others
                .iter()
                .filter(|(child, _): &&(Arc<Collection>, ForeignKey)| {
                    !matches!(child.schema, SchemaId::Made(schema) if schemas.contains_key(&schema))
                })
                .map(|(child, key)| {
                    let constraint = format!("constraint {} on {}", key.name, self.described(&catalog, child.id));
                    (constraint, self.described(&catalog, table.id))
                })
                .collect();
            if let Some(of_table) = found.get_mut(&table.id) {
                of_table.extend(lines);
            }
        }
        self.note_foreign_defaults(schemas, &mut found);
        found
    }

    /// Adds the defaults of tables elsewhere that draw from sequences in schemas that go.
    fn note_foreign_defaults(
        &self,
        schemas: &BTreeMap<CollectionId, &String>,
        found: &mut BTreeMap<CollectionId, Vec<(String, String)>>,
    ) {
        let goes = |schema: SchemaId| matches!(schema, SchemaId::Made(id) if schemas.contains_key(&id));
        for sequence in self.catalog().sequences().filter(|sequence| goes(sequence.schema)) {
            let mut drawing = self.drawing_from(sequence.id);
            drawing.retain(|(table, _)| !goes(table.schema));
            let on = self.described_sequence(sequence);
            let lines = drawing.iter().map(|(table, position)| (self.default_of(table, *position), on.clone()));
            let lines: Vec<(String, String)> = lines.collect();
            let owner = sequence.owner.map_or(sequence.id, |(table, _)| table);
            found.entry(owner).or_default().extend(lines);
        }
    }

    /// What a relation is, as messages name it.
    pub(in crate::db::write) fn described(&self, catalog: &Catalog, id: CollectionId) -> String {
        match (catalog.collection_by_id(id), catalog.view_by_id(id)) {
            (Some(collection), _) => {
                format!("{} {}", collection.kind_name(), self.shown_name((&collection.relation()).into()))
            }
            (None, Some(view)) => format!("view {}", self.shown_name((&view.relation()).into())),
            (None, None) => "what is gone".to_string(),
        }
    }

    /// Moves a table with its indexes and sequences, or a view or sequence, to another schema.
    ///
    /// # Errors
    /// 42P01 for a relation that is not there; 42P07 for a name that is taken there; 0A000 for a default collection, for one that
    /// views read, for temporary relations, for a sequence that goes with a column, and for a table that is attached to a network.
    pub fn set_schema(&mut self, relation: &RelationName, schema: SchemaId) -> Result<()> {
        if relation.schema == schema {
            return Ok(());
        }
        if relation.schema.is_temporary() || schema.is_temporary() {
            let message = "cannot move objects into or out of temporary schemas";
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        if let Some(view) = self.catalog().view(relation).cloned() {
            self.check_name_unused(view.id, "view", &view.name)?;
            return self.put_view(View { schema, ..(*view).clone() });
        }
        let own = self.catalog().sequence(relation).map(|sequence| sequence.as_ref().clone());
        let of_column = |(table, position): (&Arc<Collection>, usize)| Sequence::of_column(table, position);
        if let Some(sequence) = own.or_else(|| self.catalog().column_sequence(relation).and_then(of_column)) {
            return self.move_sequence(sequence, schema);
        }
        let current = Arc::clone(self.catalog().expect_collection(relation)?);
        if current.kind != CollectionKind::Table {
            let message = format!("\"{relation}\" stays in its schema");
            return Err(Error::unsupported(message, "It is a default collection."));
        }
        if let Some((network, _)) = self.catalog().network_of(current.id) {
            let message =
                format!("table \"{relation}\" is attached to network \"{}\" and stays in public", network.name);
            return Err(Error::unsupported(message, "DETACH COLLECTION first: members know the tables of public."));
        }
        self.check_name_unused(current.id, current.kind_name(), &current.name)?;
        let catalog = Arc::clone(self.catalog());
        let owned = catalog.sequences_owned_by(current.id).map(|sequence| &sequence.name);
        let names = std::iter::once(&current.name).chain(current.indexes.iter().map(|index| &index.name)).chain(owned);
        for name in names {
            self.check_free_in(schema, name)?;
        }
        self.check_row_type_in(schema, &current.name)?;
        for position in 0..current.columns.len() {
            if let Some(sequence) = Sequence::of_column(&current, position) {
                self.check_free_in(schema, &sequence.name)?;
            }
        }
        self.note_schema(schema);
        self.change_catalog(CatalogChange::Put(Arc::new(Collection { schema, ..(*current).clone() })));
        self.move_owned_sequences(current.id, schema);
        Ok(())
    }
}

/// 3F000.
pub fn no_schema(name: &str) -> Error {
    Error::new(ErrorKind::UndefinedSchema, format!("schema \"{name}\" does not exist"))
}
