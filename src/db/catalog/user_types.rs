//! Types and domains that somebody has made, in the catalog. Collections hold the definitions of their columns' types: whenever a type is
//! defined otherwise, or a collection comes that was made with an older definition, they are given the present one.

use std::sync::Arc;

use crate::db::catalog::catalog::Catalog;
use crate::db::catalog::schemas::SchemaPlace;
use crate::db::catalog::search_path::SearchPath;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Collection, CollectionId, DefaultValue, IndexKind, RelationName, RelationRef, SchemaId, UserType, View,
};
use crate::types::{EnumType, quote_identifier};

/// An expression or query that is stored as a text.
pub struct StoredText<'c> {
    /// What it is of, as messages name it.
    pub of: String,
    pub text: &'c str,
    /// Whether it is a query as it was written; others are as the parser writes them.
    pub is_query: bool,
}

fn has_type(view: &View, ty: CollectionId) -> bool {
    view.columns.iter().any(|column| UserType::id_of(&column.ty) == Some(ty))
}

/// Refuses the name of a type for a relation that is made: PostgreSQL gives each a type of its name.
///
/// # Errors
/// 42710.
pub(crate) fn check_new_relation(catalog: &Catalog, name: &RelationName) -> Result<()> {
    if catalog.user_type(name).is_none() {
        return Ok(());
    }
    let error = Error::new(ErrorKind::DuplicateObject, format!("type \"{}\" already exists", name.name));
    let hint = "A relation has an associated type of the same name, so you must use a name that doesn't conflict with any existing type.";
    Err(error.with_hint(hint))
}

impl Catalog {
    /// All types: those of `public` first, each schema's in order of name.
    pub fn user_types(&self) -> impl Iterator<Item = &Arc<UserType>> {
        self.user_types.values()
    }

    /// Those of one schema, in order of name.
    pub fn user_types_in(&self, schema: SchemaId) -> impl Iterator<Item = &Arc<UserType>> {
        self.user_types.of_schema(schema)
    }

    /// The type of a name; a plain text means one of `public`.
    pub fn user_type<'n>(&self, name: impl Into<RelationRef<'n>>) -> Option<&Arc<UserType>> {
        self.user_types.get(name.into())
    }

    pub fn user_type_by_id(&self, id: CollectionId) -> Option<&Arc<UserType>> {
        self.user_types.values().find(|ty| ty.id == id)
    }

    /// The type of an OID, or of whose arrays it is the OID.
    pub fn user_type_by_oid(&self, oid: u32) -> Option<&Arc<UserType>> {
        EnumType::number_of(oid).and_then(|number| self.user_type_by_id(CollectionId(number)))
    }

    /// A type as messages name it: with its schema where a path does not lead there, or without one where it is not `public`.
    pub fn shown_type(&self, ty: &UserType, path: Option<&SearchPath>) -> String {
        let is_found = match path {
            Some(path) => path.places().contains(&SchemaPlace::Stored(ty.schema)),
            None => ty.schema.is_public(),
        };
        let name = quote_identifier(ty.name());
        match is_found {
            true => name,
            false => format!("{}.{name}", quote_identifier(&self.schema_name(ty.schema))),
        }
    }

    /// Adds a type or replaces the one of the same id.
    pub(crate) fn put_user_type(&mut self, ty: Arc<UserType>) {
        self.take_user_type(ty.id);
        self.note_names(ty.schema);
        self.note_names(SchemaId::Public);
        let (id, is_domain) = (ty.id, ty.domain.is_some());
        self.user_types.insert((&ty.relation()).into(), ty);
        let having: Vec<Arc<Collection>> =
            self.collections().filter(|collection| collection.user_types().contains(&id)).cloned().collect();
        for collection in having {
            self.replace(Arc::new((*collection).clone()));
        }
        let views: Vec<Arc<View>> = self.views().filter(|view| has_type(view, id)).cloned().collect();
        for view in views {
            self.put_view(view);
        }
        self.note_change();
        if is_domain {
            self.note_bound();
        }
    }

    fn take_user_type(&mut self, id: CollectionId) {
        if let Some(old) = self.user_type_by_id(id).cloned() {
            self.user_types.remove((&old.relation()).into());
            self.note_names(old.schema);
        }
    }

    pub(crate) fn remove_user_type(&mut self, id: CollectionId) {
        self.take_user_type(id);
        self.forget(id);
        self.note_change();
    }

    /// A collection with the present definitions of its columns' types.
    pub(super) fn with_types(&self, collection: Arc<Collection>) -> Arc<Collection> {
        let types = collection.user_types();
        if types.is_empty() {
            return collection;
        }
        let mut defined = (*collection).clone();
        for ty in types.iter().filter_map(|id| self.user_type_by_id(*id)) {
            defined.redefine(ty);
        }
        Arc::new(defined)
    }

    /// A view with the present definitions of its columns' types.
    pub(super) fn view_with_types(&self, view: Arc<View>) -> Arc<View> {
        if view.columns.iter().all(|column| column.ty.enumerated().is_none()) {
            return view;
        }
        let mut defined = (*view).clone();
        for column in &mut defined.columns {
            let ty = UserType::id_of(&column.ty).and_then(|id| self.user_type_by_id(id));
            if let Some(ty) = ty {
                column.ty = column.ty.with_enumerated(&ty.definition);
            }
        }
        Arc::new(defined)
    }

    /// The expressions that are stored as texts: conditions, defaults, keys of indexes and queries of views.
    pub fn stored_texts(&self) -> Vec<StoredText<'_>> {
        let mut found = Vec::new();
        for collection in self.collections() {
            let table = &collection.name;
            let stored = |of: String, text| StoredText { of, text, is_query: false };
            for check in &collection.checks {
                found.push(stored(format!("constraint {} on table {table}", check.name), check.expression.as_str()));
            }
            for column in &collection.columns {
                let text = match &column.default {
                    Some(DefaultValue::Expression(text)) => text,
                    Some(DefaultValue::Computed(computation)) => &computation.text,
                    _ => continue,
                };
                found.push(stored(format!("default value for column {} of table {table}", column.name), text));
            }
            for index in &collection.indexes {
                let IndexKind::Keys(keys) = &index.kind else { continue };
                let texts = keys.expressions().map(|expression| expression.text.as_str());
                found.extend(texts.map(|text| stored(format!("index {}", index.name), text)));
            }
        }
        for view in self.all_views() {
            found.push(StoredText { of: format!("view {}", view.name), text: &view.query, is_query: true });
        }
        for ty in self.user_types() {
            let Some(domain) = &ty.domain else { continue };
            let stored = |of: String, text| StoredText { of, text, is_query: false };
            let name = ty.name();
            found.extend(domain.default.iter().map(|text| stored(format!("default value of domain {name}"), text)));
            let checks = domain.checks.iter();
            found.extend(
                checks.map(|check| stored(format!("constraint {} of domain {name}", check.name), &check.expression)),
            );
        }
        found
    }
}
