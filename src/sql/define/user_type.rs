//! CREATE TYPE … AS ENUM, ALTER TYPE and DROP TYPE.

use datafusion::sql::sqlparser::ast::{
    AlterType, AlterTypeAddValuePosition, AlterTypeOperation, Ident, ObjectName, Spanned, UserDefinedTypeRepresentation,
};

use crate::db::{Cancel, Transaction, no_schema};
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::model::RelationName;
use crate::sql::arrow::context::PlanContext;
use crate::sql::define::definition::DataDefinition;
use crate::sql::define::domain::not_a_domain;
use crate::sql::parse::names::{folded, relation_name};
use crate::sql::parse::view_text::is_of_domain;
use crate::sql::pg_catalog::{find_type, find_user_type, path_of};
use crate::sql::write::write_target::{located, new_name};
use crate::types::LabelPlace;

/// A type to be made, changed or dropped.
pub enum TypeRequest {
    Create { name: RelationName, labels: Vec<String> },
    AddLabel { name: RelationName, label: String, place: LabelPlace, if_not_exists: bool },
    RenameLabel { name: RelationName, from: String, to: String },
    Rename { name: RelationName, to: String },
    Drop { names: Vec<RelationName>, cascade: bool, skipped: Vec<Notice>, tag: &'static str },
}

/// Plans CREATE TYPE.
///
/// # Errors
/// 0A000 for any type but an enumerated one; 42601 for a label without its quotes; 42710 for a name that a type of the system has; as [`new_name`].
pub fn plan_create_type(
    name: &ObjectName,
    representation: Option<&UserDefinedTypeRepresentation>,
    context: &PlanContext<'_>,
) -> Result<TypeRequest> {
    let Some(UserDefinedTypeRepresentation::Enum { labels }) = representation else {
        return Err(Error::unsupported(
            "types of your own that are no enumerations are not offered",
            "CREATE TYPE ... AS ENUM makes one; use jsonb for composite values.",
        ));
    };
    let name = new_name(name, false, context).map_err(Error::without_position)?;
    if name.schema.is_temporary() {
        return Err(Error::unsupported(
            "temporary types are not offered",
            "CREATE TYPE in another schema, and drop it.",
        ));
    }
    if let Some(unquoted) = labels.iter().find(|label| label.quote_style != Some('\'')) {
        let error = Error::syntax(format!("syntax error at or near \"{}\"", unquoted.value), None);
        return Err(located(error, context.text, unquoted.span.start));
    }
    Ok(TypeRequest::Create { name, labels: labels.iter().map(label_of).collect() })
}

/// Plans ALTER TYPE.
///
/// # Errors
/// 42704 for a type that is not there, 42809 for one of the system; 3F000 for a schema that is not there.
pub fn plan_alter_type(alter: &AlterType, context: &PlanContext<'_>) -> Result<TypeRequest> {
    let name = changed_type(&alter.name, context)?;
    Ok(match &alter.operation {
        AlterTypeOperation::Rename(rename) => TypeRequest::Rename { name, to: folded(&rename.new_name) },
        AlterTypeOperation::AddValue(add) => {
            let place = match &add.position {
                None => LabelPlace::Last,
                Some(AlterTypeAddValuePosition::Before(label)) => LabelPlace::Before(label_of(label)),
                Some(AlterTypeAddValuePosition::After(label)) => LabelPlace::After(label_of(label)),
            };
            TypeRequest::AddLabel { name, label: label_of(&add.value), place, if_not_exists: add.if_not_exists }
        }
        AlterTypeOperation::RenameValue(rename) => {
            TypeRequest::RenameLabel { name, from: label_of(&rename.from), to: label_of(&rename.to) }
        }
    })
}

/// A label as it is written, in quotes.
fn label_of(label: &Ident) -> String {
    label.value.clone()
}

fn changed_type(name: &ObjectName, context: &PlanContext<'_>) -> Result<RelationName> {
    let (schema, plain) = relation_name(name)?;
    let path = path_of(context);
    let catalog = context.view.catalog();
    if let Some(schema) = schema.as_deref().filter(|schema| catalog.schema(schema, path.own()).is_none()) {
        return Err(no_schema(schema));
    }
    if let Some(ty) = find_user_type(schema.as_deref(), &plain, &path, catalog) {
        return Ok(ty.relation());
    }
    Err(match find_type(&plain) {
        Some(_) => Error::new(ErrorKind::WrongObjectType, format!("{plain} is not an enum")),
        None => undefined(schema.as_deref(), &plain),
    })
}

fn undefined(schema: Option<&str>, name: &str) -> Error {
    let written = schema.map_or_else(|| name.to_string(), |schema| format!("{schema}.{name}"));
    Error::new(ErrorKind::UndefinedObject, format!("type \"{written}\" does not exist"))
}

/// Plans DROP TYPE.
///
/// # Errors
/// 42704 and 3F000 for what is not there and not dropped IF EXISTS, 2BP01 for a type of the system.
pub fn plan_drop_types(
    names: &[ObjectName],
    (if_exists, cascade): (bool, bool),
    context: &PlanContext<'_>,
) -> Result<DataDefinition> {
    let (catalog, path) = (context.view.catalog(), path_of(context));
    let (mut found, mut skipped) = (Vec::new(), Vec::new());
    let wants_domain = is_of_domain(context.text);
    let tag = if wants_domain { "DROP DOMAIN" } else { "DROP TYPE" };
    for name in names {
        let (schema, plain) = relation_name(name)?;
        if let Some(schema) = schema.as_deref().filter(|schema| catalog.schema(schema, path.own()).is_none()) {
            match if_exists {
                true => skipped.push(Notice::new(format!("schema \"{schema}\" does not exist, skipping"))),
                false => return Err(located(no_schema(schema), context.text, name.span().start).without_position()),
            }
            continue;
        }
        if let Some(ty) = find_user_type(schema.as_deref(), &plain, &path, catalog) {
            if wants_domain && ty.domain.is_none() {
                return Err(not_a_domain(&plain));
            }
            found.push(ty.relation());
            continue;
        }
        let is_system = schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
        if is_system && find_type(&plain).is_some() {
            let message = format!("cannot drop type {plain} because it is required by the database system");
            return Err(Error::new(ErrorKind::DependentObjects, message));
        }
        let absent = undefined(schema.as_deref(), &plain);
        match if_exists {
            true => skipped.push(Notice::new(format!("{}, skipping", absent.message()))),
            false => return Err(absent),
        }
    }
    Ok(DataDefinition::Type(TypeRequest::Drop { names: found, cascade, skipped, tag }))
}

impl TypeRequest {
    /// Carries it out; the command tag.
    ///
    /// # Errors
    /// As [`Transaction::create_enum`], [`Transaction::add_label`], [`Transaction::rename_label`], [`Transaction::rename_type`] and
    /// [`Transaction::drop_types`].
    pub fn make(&self, transaction: &mut Transaction, cancel: &Cancel) -> Result<&'static str> {
        match self {
            TypeRequest::Create { name, labels } => {
                transaction.create_enum(name, labels)?;
                return Ok("CREATE TYPE");
            }
            TypeRequest::AddLabel { name, label, place, if_not_exists } => {
                transaction.add_label(name, label, (place, *if_not_exists))?;
            }
            TypeRequest::RenameLabel { name, from, to } => transaction.rename_label(name, from, to)?,
            TypeRequest::Rename { name, to } => transaction.rename_type(name, to)?,
            TypeRequest::Drop { names, cascade, skipped, tag } => {
                transaction.notices.extend(skipped.iter().cloned());
                transaction.drop_types(names, *cascade, cancel)?;
                return Ok(tag);
            }
        }
        Ok("ALTER TYPE")
    }
}
