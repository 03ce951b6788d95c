//! What whoever carries out a definition needs: to own what is changed, and leave to make something where it is made.
//!
//! Superusers are not asked. Tables that a definition names are among what the statement touches, and were looked at with that.

use crate::db::Catalog;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    AclTarget, CollectionId, CommentedPart, Comments, ObjectAcl, ObjectKind, Permission, RelationName, RoleId, SchemaId,
};
use crate::sql::define::alter::TableChange;
use crate::sql::define::comment::CommentRequest;
use crate::sql::define::definition::DataDefinition;
use crate::sql::define::schema::SchemaRequest;
use crate::sql::define::user_type::TypeRequest;
use crate::sql::define::view::ViewChange;
use crate::statement::{check_creation, check_owner_of, check_relation, must_be_owner, permission_denied};

/// Who asks, and of what.
#[derive(Clone, Copy)]
pub struct Needs<'a> {
    pub catalog: &'a Catalog,
    pub who: RoleId,
}

impl Needs<'_> {
    /// Refuses a definition that somebody may not carry out.
    ///
    /// # Errors
    /// 42501.
    pub fn check(self, definition: &DataDefinition) -> Result<()> {
        if self.catalog.is_superuser(self.who) {
            return Ok(());
        }
        match definition {
            DataDefinition::CreateTable { table, .. } => {
                self.creates(table.name.schema)?;
                table.foreign_keys.iter().try_for_each(|key| self.refers_to(key.parent()))
            }
            DataDefinition::CreateTableAs { name, .. } => self.creates(name.schema),
            // Their tables are touched.
            DataDefinition::CreateIndex(_)
            | DataDefinition::Reindex(_)
            | DataDefinition::Refresh(_)
            | DataDefinition::Nothing { .. } => Ok(()),
            DataDefinition::CreateMaterialized(view) => self.creates(view.name().schema),
            DataDefinition::CreateView(view) => match self.catalog.view(view.name()) {
                Some(known) => self.owns(known.id),
                None => self.creates(view.name().schema),
            },
            DataDefinition::Comment(request) => self.comments(request),
            DataDefinition::AlterView { change, .. } => self.changes_view(change),
            DataDefinition::Drop(request) => request.names().iter().try_for_each(|name| self.drops(name)),
            DataDefinition::Schema(request) => self.changes_schema(request),
            DataDefinition::Sequence(request) => match self.sequence(request.name()) {
                Some(known) => self.owns(known),
                None => self.creates(request.name().schema),
            },
            DataDefinition::Type(request) => self.changes_type(request),
            DataDefinition::Domain(request) if request.creates() => self.creates(request.name().schema),
            DataDefinition::Domain(request) => match self.catalog.user_type(request.name()) {
                Some(ty) => self.owns(ty.id),
                None => Ok(()),
            },
            DataDefinition::AlterTable { changes, .. } => changes.iter().try_for_each(|change| match change {
                TableChange::AddForeignKey(key) => self.refers_to(key.parent()),
                _ => Ok(()),
            }),
            DataDefinition::RenameTable { from, .. } => self.creates(from.schema),
            DataDefinition::SetSchema { relation, schema, .. } => {
                self.drops(relation)?;
                self.creates(*schema)
            }
            DataDefinition::Truncate { names, cascade, .. } => self.empties(names, *cascade),
        }
    }

    fn creates(self, schema: SchemaId) -> Result<()> {
        check_creation(self.catalog, self.who, schema)
    }

    fn owns(self, object: CollectionId) -> Result<()> {
        check_owner_of(self.catalog, self.who, object)
    }

    fn owns_schema(self, object: CollectionId, name: &str) -> Result<()> {
        match self.catalog.owns(self.who, object) {
            true => Ok(()),
            false => Err(must_be_owner("schema", name)),
        }
    }

    fn creates_in_database(self) -> Result<()> {
        let database = AclTarget::whole(ObjectKind::Database, ObjectAcl::DATABASE);
        match self.catalog.may(self.who, database, Permission::Create) {
            true => Ok(()),
            false => Err(permission_denied("database", "nebulus")),
        }
    }

    /// Whoever refers to a table learns which rows it has.
    fn refers_to(self, parent: &RelationName) -> Result<()> {
        match self.catalog.collection(parent) {
            Some(parent) => check_relation(self.catalog, self.who, parent.id, Permission::References),
            None => Ok(()),
        }
    }

    fn sequence(self, name: &RelationName) -> Option<CollectionId> {
        let own = self.catalog.sequence(name).map(|sequence| sequence.id);
        own.or_else(|| self.catalog.column_sequence(name).map(|(table, _)| table.id))
    }

    /// An object of a name, or its schema, is to be one's own.
    fn drops(self, name: &RelationName) -> Result<()> {
        let collection = self.catalog.collection(name).map(|collection| collection.id);
        let view = || self.catalog.view(name).map(|view| view.id);
        let index = || self.catalog.index_by_name(name).map(|(collection, _)| collection.id);
        let found = collection.or_else(view).or_else(|| self.sequence(name)).or_else(index);
        let owns_schema = Catalog::schema_object(name.schema).is_some_and(|schema| self.catalog.owns(self.who, schema));
        match found {
            Some(object) if !owns_schema => self.owns(object),
            _ => Ok(()),
        }
    }

    fn comments(self, request: &CommentRequest) -> Result<()> {
        match request.on() {
            (Comments::OF_NODE, CommentedPart::Schema) => self.owns_schema(ObjectAcl::PUBLIC_SCHEMA, "public"),
            (Comments::OF_NODE, CommentedPart::Database) => match self.catalog.owns(self.who, ObjectAcl::DATABASE) {
                true => Ok(()),
                false => Err(must_be_owner("database", "nebulus")),
            },
            (Comments::OF_NODE, _) => Err(Error::new(ErrorKind::InsufficientPrivilege, "must be owner of extension")),
            (object, _) => self.owns(object),
        }
    }

    fn changes_view(self, change: &ViewChange) -> Result<()> {
        let (ViewChange::Rename { view, .. }
        | ViewChange::RenameColumn { view, .. }
        | ViewChange::SetCheck { view, .. }) = change;
        match self.catalog.view(view) {
            Some(view) => self.owns(view.id),
            None => Ok(()),
        }
    }

    fn changes_schema(self, request: &SchemaRequest) -> Result<()> {
        let owns = |name: &String| match self.catalog.schema(name, SchemaId::Public) {
            Some(crate::db::SchemaPlace::Stored(schema)) => match Catalog::schema_object(schema) {
                Some(object) => self.owns_schema(object, name),
                None => Err(must_be_owner("schema", name)),
            },
            Some(crate::db::SchemaPlace::System(name)) => Err(must_be_owner("schema", name)),
            None => Ok(()),
        };
        match request {
            SchemaRequest::Create { owner, .. } => {
                if let Some(owner) = owner.filter(|owner| !self.catalog.may_become(self.who, *owner)) {
                    let message = format!("must be able to SET ROLE \"{}\"", self.catalog.role_name(owner));
                    return Err(Error::new(ErrorKind::InsufficientPrivilege, message));
                }
                self.creates_in_database()
            }
            SchemaRequest::Rename { from, .. } => {
                owns(from)?;
                self.creates_in_database()
            }
            SchemaRequest::Drop { names, .. } => names.iter().try_for_each(owns),
        }
    }

    fn changes_type(self, request: &TypeRequest) -> Result<()> {
        let owns = |name: &RelationName| match self.catalog.user_type(name) {
            Some(ty) => self.owns(ty.id),
            None => Ok(()),
        };
        match request {
            TypeRequest::Create { name, .. } => self.creates(name.schema),
            TypeRequest::AddLabel { name, .. }
            | TypeRequest::RenameLabel { name, .. }
            | TypeRequest::Rename { name, .. } => owns(name),
            TypeRequest::Drop { names, .. } => names.iter().try_for_each(owns),
        }
    }

    /// CASCADE empties the tables that refer to those that are named.
    fn empties(self, names: &[RelationName], cascade: bool) -> Result<()> {
        let mut all: Vec<CollectionId> =
            names.iter().filter_map(|name| self.catalog.collection(name)).map(|table| table.id).collect();
        let mut at = 0;
        while let Some(id) = all.get(at).copied() {
            at += 1;
            check_relation(self.catalog, self.who, id, Permission::Truncate)?;
            for (child, _) in self.catalog.references_to(id) {
                if cascade && !all.contains(&child.id) {
                    all.push(child.id);
                }
            }
        }
        Ok(())
    }
}
