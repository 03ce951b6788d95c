//! What GRANT, REVOKE and OWNER TO name: relations, schemas and types, as a session's path finds them.

use crate::db::{Catalog, SchemaPlace, SearchPath, no_schema};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{AclTarget, CollectionId, CollectionKind, ObjectAcl, ObjectKind, RelationName, SchemaId};
use crate::settings::Settings;
use crate::sql::pg_catalog::{Meant, find_by_path};
use crate::types::limits::GRANTED_OBJECTS_MAX;

/// Where names are looked for.
pub(super) struct Names<'a> {
    pub catalog: &'a Catalog,
    pub settings: &'a Settings,
}

/// An object that a statement names.
pub(super) struct NamedObject {
    pub target: AclTarget,
    pub name: String,
    /// What messages call the kind.
    pub kind: &'static str,
}

impl Names<'_> {
    /// A table, view or sequence.
    ///
    /// # Errors
    /// 42P01 where there is none, 0A000 for one of the system.
    pub fn relation(&self, parts: &[String]) -> Result<NamedObject> {
        let (schema, name) = match parts {
            [name] => (None, name.as_str()),
            [.., schema, name] => (Some(schema.as_str()), name.as_str()),
            [] => return Err(Error::syntax("a relation without a name", None)),
        };
        let path = SearchPath::of(self.settings, self.catalog);
        if let Some(schema) = schema.filter(|schema| self.catalog.schema(schema, path.own()).is_none()) {
            return Err(no_schema(schema));
        }
        match find_by_path(schema, name, &path, self.catalog) {
            Some(Meant::Stored(relation)) => self.stored(&relation),
            Some(Meant::System(_)) => Err(Error::unsupported(
                format!("privileges on \"{name}\" cannot be changed"),
                "It is the server's own.",
            )),
            None => {
                let shown = parts.join(".");
                Err(Error::new(ErrorKind::UndefinedTable, format!("relation \"{shown}\" does not exist")))
            }
        }
    }

    fn stored(&self, relation: &RelationName) -> Result<NamedObject> {
        let name = relation.name.clone();
        if let Some(collection) = self.catalog.collection(relation) {
            if collection.kind == CollectionKind::Auth {
                return Err(Error::unsupported(
                    "AUTH entries are their owner's alone",
                    "Superusers read them; nobody else is given any right to them.",
                ));
            }
            return Ok(NamedObject { target: AclTarget::relation(collection.id), name, kind: collection.kind_name() });
        }
        if let Some(view) = self.catalog.view(relation) {
            return Ok(NamedObject { target: AclTarget::relation(view.id), name, kind: "view" });
        }
        if let Some(sequence) = self.catalog.sequence(relation) {
            let target = AclTarget::whole(ObjectKind::Sequence, sequence.id);
            return Ok(NamedObject { target, name, kind: "sequence" });
        }
        if let Some((table, position)) = self.catalog.column_sequence(relation) {
            let column = Some(table.column_id(position)?);
            let target = AclTarget { kind: ObjectKind::Sequence, object: table.id, column };
            return Ok(NamedObject { target, name, kind: "sequence" });
        }
        if self.catalog.index_by_name(relation).is_some() {
            return Err(Error::new(ErrorKind::WrongObjectType, format!("\"{name}\" is an index")));
        }
        let message = format!("privileges on \"{name}\" cannot be changed");
        Err(Error::unsupported(message, "memory_facts is read by whoever may read memory."))
    }

    /// A schema.
    ///
    /// # Errors
    /// 3F000 where there is none, 0A000 for one of the system and for temporary relations.
    pub fn schema(&self, name: &str) -> Result<(SchemaId, CollectionId)> {
        let own = SchemaId::Temporary(self.settings.backend_id);
        let stays = || {
            Error::unsupported(format!("privileges on schema \"{name}\" cannot be changed"), "It is the server's own.")
        };
        match self.catalog.schema(name, own) {
            None => Err(no_schema(name)),
            Some(SchemaPlace::System(_)) => Err(stays()),
            Some(SchemaPlace::Stored(schema)) => {
                Catalog::schema_object(schema).map(|object| (schema, object)).ok_or_else(stays)
            }
        }
    }

    /// The database, which has one name.
    ///
    /// # Errors
    /// 3D000.
    pub fn database(&self, name: &str) -> Result<NamedObject> {
        if name != self.settings.database {
            let message = format!("database \"{name}\" does not exist");
            return Err(Error::new(ErrorKind::UndefinedDatabase, message));
        }
        let target = AclTarget::whole(ObjectKind::Database, ObjectAcl::DATABASE);
        Ok(NamedObject { target, name: name.to_string(), kind: "database" })
    }

    /// The tables and views of a schema, but those that take no privileges.
    ///
    /// # Errors
    /// As [`Names::schema`]; 54000 above `GRANTED_OBJECTS_MAX`.
    pub fn tables_in(&self, schema: &str) -> Result<Vec<NamedObject>> {
        let (schema, _) = self.schema(schema)?;
        let tables = self.catalog.collections_of(schema).filter(|table| table.kind != CollectionKind::Auth);
        let tables = tables.map(|table| (table.id, table.name.clone(), table.kind_name()));
        let views = self.catalog.views_in(schema).map(|view| (view.id, view.name.clone(), "view"));
        let named = |(id, name, kind)| NamedObject { target: AclTarget::relation(id), name, kind };
        bounded(tables.chain(views).map(named).collect())
    }

    /// The sequences of a schema, those of columns included.
    ///
    /// # Errors
    /// As [`Names::tables_in`].
    pub fn sequences_in(&self, schema: &str) -> Result<Vec<NamedObject>> {
        let (schema, _) = self.schema(schema)?;
        let mut found = Vec::new();
        for sequence in self.catalog.sequences_in(schema) {
            let target = AclTarget::whole(ObjectKind::Sequence, sequence.id);
            found.push(NamedObject { target, name: sequence.name.clone(), kind: "sequence" });
        }
        for table in self.catalog.collections_of(schema) {
            for (position, column) in table.columns.iter().enumerate() {
                if let Some(sequence) = crate::model::Sequence::of_column(table, position) {
                    let target = AclTarget { kind: ObjectKind::Sequence, object: table.id, column: Some(column.id) };
                    found.push(NamedObject { target, name: sequence.name, kind: "sequence" });
                }
            }
        }
        bounded(found)
    }
}

fn bounded(found: Vec<NamedObject>) -> Result<Vec<NamedObject>> {
    match found.len() <= GRANTED_OBJECTS_MAX {
        true => Ok(found),
        false => Err(Error::new(
            ErrorKind::LimitExceeded,
            format!("one statement changes the privileges of at most {GRANTED_OBJECTS_MAX} objects"),
        )),
    }
}
