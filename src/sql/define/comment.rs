//! COMMENT ON.

use datafusion::sql::sqlparser::ast::{CommentObject, ObjectName};

use crate::db::{SchemaPlace, Transaction, no_schema};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{CollectionId, ColumnId, CommentedPart, Comments, RelationName, SchemaId};
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::names::{last_part, relation_name};
use crate::sql::pg_catalog::{Object, extension_oid, find_stored, named_object, path_of};
use crate::sql::write::write_target::check_user_schema;
use crate::statement::Privilege;

/// A comment to be made, or taken back.
pub struct CommentRequest {
    relation: CollectionId,
    part: CommentedPart,
    text: Option<String>,
}

/// Plans COMMENT ON.
///
/// # Errors
/// 42P01, 42703, 3F000 and 3D000 for what is not there, 42809 for a relation of another kind, 0A000 for objects that have no
/// comments here; as [`check_user_schema`].
pub fn plan_comment(
    object: CommentObject,
    name: &ObjectName,
    text: Option<&str>,
    context: &PlanContext<'_>,
) -> Result<CommentRequest> {
    let (relation, part) = match object {
        CommentObject::Table => relation(name, "table", context)?,
        CommentObject::View => relation(name, "view", context)?,
        CommentObject::MaterializedView => relation(name, "materialized view", context)?,
        CommentObject::Index => relation(name, "index", context)?,
        CommentObject::Sequence => relation(name, "sequence", context)?,
        CommentObject::Column => column(name, context)?,
        CommentObject::Schema => {
            let schema = last_part(name).unwrap_or_default();
            match context.view.catalog().schema(&schema, path_of(context).own()) {
                Some(SchemaPlace::Stored(SchemaId::Public)) => (Comments::OF_NODE, CommentedPart::Schema),
                Some(SchemaPlace::Stored(SchemaId::Made(id))) => (id, CommentedPart::Schema),
                Some(_) => {
                    let message = format!("a comment on schema {schema} is not offered");
                    return Err(Error::unsupported(message, "It is the server's own."));
                }
                None => return Err(no_schema(&schema)),
            }
        }
        CommentObject::Database => {
            let database = last_part(name).unwrap_or_default();
            if database != context.settings.database {
                let message = format!("database \"{database}\" does not exist");
                return Err(Error::new(ErrorKind::UndefinedDatabase, message));
            }
            (Comments::OF_NODE, CommentedPart::Database)
        }
        CommentObject::Extension => {
            let extension = last_part(name).unwrap_or_default();
            let Some(number) = extension_oid(&extension) else {
                let message = format!("extension \"{extension}\" does not exist");
                return Err(Error::new(ErrorKind::UndefinedObject, message));
            };
            (Comments::OF_NODE, CommentedPart::Extension(number))
        }
        other => {
            return Err(Error::unsupported(
                format!("COMMENT ON {other} is not offered"),
                "Tables, views, columns, indexes, sequences, schemas, extensions and the database have comments.",
            ));
        }
    };
    if let Some(collection) = context.view.catalog().collection_by_id(relation) {
        context.notes.touch_collection(collection, Privilege::Own);
    }
    Ok(CommentRequest { relation, part, text: text.map(str::to_string) })
}

/// A relation of a kind.
fn relation(name: &ObjectName, kind: &str, context: &PlanContext<'_>) -> Result<(CollectionId, CommentedPart)> {
    check_user_schema(name, context)?;
    let plain = last_part(name).unwrap_or_default();
    let Some(found) = named_object(name, context)?.filter(Object::is_user_made) else {
        return Err(Error::new(ErrorKind::UndefinedTable, format!("relation \"{plain}\" does not exist")));
    };
    if found.kind_name() != kind {
        let article = if kind == "index" { "an" } else { "a" };
        let message = format!("\"{plain}\" is not {article} {kind}");
        return Err(Error::new(ErrorKind::WrongObjectType, message));
    }
    Ok(match &found {
        Object::Table(collection) => (collection.id, CommentedPart::Relation),
        Object::PrimaryKey(collection) => (collection.id, CommentedPart::Index(collection.id)),
        Object::Index(collection, index) => (collection.id, CommentedPart::Index(index.id)),
        Object::Sequence(collection, position) => {
            (collection.id, CommentedPart::Sequence(collection.column_id(*position)?))
        }
        Object::OwnSequence(sequence) => (sequence.id, CommentedPart::Relation),
        Object::View(view) => (view.id, CommentedPart::Relation),
        Object::MemoryFacts | Object::System(_) => {
            return Err(Error::unsupported(
                format!("a comment on \"{plain}\" is not offered"),
                "It is the server's own.",
            ));
        }
    })
}

/// A column of a table or view.
fn column(name: &ObjectName, context: &PlanContext<'_>) -> Result<(CollectionId, CommentedPart)> {
    let mut parts = name.0.clone();
    parts.pop();
    if parts.is_empty() {
        return Err(Error::syntax("column name must be qualified", None));
    }
    let (column, table) = (last_part(name).unwrap_or_default(), ObjectName(parts));
    check_user_schema(&table, context)?;
    let (_, plain) = relation_name(&table)?;
    let catalog = context.view.catalog();
    let relation = find_stored(&table, context)?;
    let is_of = |relation: &RelationName| (catalog.collection(relation), catalog.view(relation));
    let found = match relation.as_ref().map_or((None, None), is_of) {
        (Some(collection), _) => {
            let position = collection.column(&column);
            position.map(|position| collection.column_id(position).map(|id| (collection.id, id))).transpose()?
        }
        (None, Some(view)) => {
            let place = view.columns.iter().position(|known| known.name == column);
            place.and_then(|place| u16::try_from(place).ok()).map(|place| (view.id, ColumnId(place)))
        }
        (None, None) => {
            return Err(Error::new(ErrorKind::UndefinedTable, format!("relation \"{plain}\" does not exist")));
        }
    };
    let Some((relation, id)) = found else {
        let message = format!("column \"{column}\" of relation \"{plain}\" does not exist");
        return Err(Error::new(ErrorKind::UndefinedColumn, message));
    };
    Ok((relation, CommentedPart::Column(id)))
}

impl CommentRequest {
    /// What the comment is on.
    pub fn on(&self) -> (CollectionId, CommentedPart) {
        (self.relation, self.part)
    }

    /// Makes the comment.
    ///
    /// # Errors
    /// As [`Transaction::comment_on`].
    pub fn make(&self, transaction: &mut Transaction) -> Result<()> {
        transaction.comment_on(self.relation, self.part, self.text.as_deref())
    }
}
