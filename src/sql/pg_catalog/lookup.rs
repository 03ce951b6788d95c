//! From the names in statements to relations: by the schema that is written before a name, else by `search_path`. Every statement
//! looks here.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{ArrayElemTypeDef, DataType, ObjectName, Spanned};
use datafusion::sql::sqlparser::tokenizer::Location;

use crate::db::{Catalog, SchemaPlace, SearchPath, no_schema};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, RelationName, RelationRef, SchemaId, UserType};
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::names::relation_name;
use crate::sql::pg_catalog::oids::{Object, namespace_of};
use crate::sql::pg_catalog::relation::{self, CatalogRelation};
use crate::statement::DependsOn;
use crate::types::{ColumnType, quote_identifier};

/// What a name means.
#[derive(Clone, Debug)]
pub enum Meant {
    /// A table, a view or an index of the catalog.
    Stored(RelationName),
    /// A relation of the server's own.
    System(&'static CatalogRelation),
}

/// The path of the session that a statement is planned for.
pub fn path_of(context: &PlanContext<'_>) -> SearchPath {
    SearchPath::of(context.settings, context.view.catalog())
}

/// The relation that a statement names; `None` where there is none, or not even the schema.
///
/// # Errors
/// 42601 for a name without parts.
pub fn find_relation(name: &ObjectName, context: &PlanContext<'_>) -> Result<Option<Meant>> {
    let (schema, name) = relation_name(name)?;
    let found = find_by_path(schema.as_deref(), &name, &path_of(context), context.view.catalog());
    if let Some(Meant::Stored(relation)) = &found {
        context.notes.note_schema(relation.schema);
    }
    Ok(found)
}

/// As [`find_relation`], of what is stored.
///
/// # Errors
/// As [`find_relation`].
pub fn find_stored(name: &ObjectName, context: &PlanContext<'_>) -> Result<Option<RelationName>> {
    Ok(match find_relation(name, context)? {
        Some(Meant::Stored(relation)) => Some(relation),
        Some(Meant::System(_)) | None => None,
    })
}

/// The stored relation that the text of a view names.
pub fn find_in_definition(name: &ObjectName, catalog: &Catalog) -> Option<RelationName> {
    let (schema, name) = relation_name(name).ok()?;
    match find_by_path(schema.as_deref(), &name, &SearchPath::of_definitions(), catalog)? {
        Meant::Stored(relation) => Some(relation),
        Meant::System(_) => None,
    }
}

/// What a name means in a path, or in the schema that is given.
pub fn find_by_path(schema: Option<&str>, name: &str, path: &SearchPath, catalog: &Catalog) -> Option<Meant> {
    let find = |place: &SchemaPlace| match place {
        SchemaPlace::Stored(schema) => {
            let relation = RelationName::new(*schema, name);
            catalog.is_taken(&relation).then_some(Meant::Stored(relation))
        }
        SchemaPlace::System(schema) => relation::find(schema, name).map(Meant::System),
    };
    match schema {
        Some(schema) => find(&catalog.schema(schema, path.own())?),
        None => path.places().iter().find_map(find),
    }
}

/// Anything that `pg_class` lists, by its name: in one schema, or by the path.
pub fn find_object(schema: Option<&str>, name: &str, path: &SearchPath, catalog: &Catalog) -> Option<Object> {
    let namespaces: Vec<u32> = match schema {
        Some(schema) => vec![namespace_of(catalog.schema(schema, path.own())?)],
        None => path.places().iter().copied().map(namespace_of).collect(),
    };
    let place = |object: &Object| namespaces.iter().position(|namespace| object.namespace() == *namespace);
    let named = Object::all(catalog).into_iter().filter(|object| object.name() == name);
    let placed = named.filter_map(|object| Some((place(&object)?, object)));
    placed.min_by_key(|(place, _)| *place).map(|(_, object)| object)
}

/// Anything that `pg_class` lists, as a statement names it.
///
/// # Errors
/// As [`find_relation`].
pub fn named_object(name: &ObjectName, context: &PlanContext<'_>) -> Result<Option<Object>> {
    let (schema, name) = relation_name(name)?;
    Ok(find_object(schema.as_deref(), &name, &path_of(context), context.view.catalog()))
}

/// The type that CREATE TYPE has made and that a name means.
pub fn find_user_type<'c>(
    schema: Option<&str>,
    name: &str,
    path: &SearchPath,
    catalog: &'c Catalog,
) -> Option<&'c Arc<UserType>> {
    let find = |place: &SchemaPlace| match place {
        SchemaPlace::Stored(schema) => catalog.user_type(RelationRef { schema: *schema, name }),
        SchemaPlace::System(_) => None,
    };
    match schema {
        Some(schema) => find(&catalog.schema(schema, path.own())?),
        None => path.places().iter().find_map(find),
    }
}

/// As [`find_user_type`], and whether the name is that of its arrays, which begins with `_`.
pub fn made_type_named<'c>(
    schema: Option<&str>,
    name: &str,
    path: &SearchPath,
    catalog: &'c Catalog,
) -> Option<(&'c Arc<UserType>, bool)> {
    let find = |name: &str| find_user_type(schema, name, path, catalog);
    let of_element = || name.strip_prefix('_').and_then(find).map(|ty| (ty, true));
    find(name).map(|ty| (ty, false)).or_else(of_element)
}

/// The type that a statement writes, as a path finds it: one of the system, or one that CREATE TYPE has made.
///
/// # Errors
/// 42704 and 3F000 for a type that does not exist, 22023 for a modifier out of range, 42601 for a modifier of a type that was made.
pub fn meant_type(data_type: &DataType, path: &SearchPath, context: &PlanContext<'_>) -> Result<ColumnType> {
    // How the planner spells a type that was made is no identifier of a statement.
    let unknown = match ColumnType::parse(&data_type.to_string()) {
        Ok(ty) => return Ok(ty),
        Err(error) => error,
    };
    let Some((name, has_modifiers, is_array)) = written_type(data_type) else { return Err(unknown) };
    let (schema, plain) = relation_name(name)?;
    let catalog = context.view.catalog();
    let brackets = if is_array { "[]" } else { "" };
    let Some((ty, is_of_arrays)) = made_type_named(schema.as_deref(), &plain, path, catalog) else {
        if unknown.kind() != ErrorKind::UndefinedObject {
            return Err(unknown);
        }
        if let Some(schema) = schema.as_deref().filter(|schema| catalog.schema(schema, path.own()).is_none()) {
            return Err(no_schema(schema));
        }
        let written = schema.map_or_else(|| plain.clone(), |schema| format!("{schema}.{plain}"));
        let message = format!("type \"{written}{brackets}\" does not exist");
        return Err(Error::new(ErrorKind::UndefinedObject, message));
    };
    if ty.domain.is_some() && (is_array || is_of_arrays) {
        return Err(Error::unsupported(
            format!("arrays of domain \"{plain}\" are not offered"),
            "Use arrays of the type below the domain.",
        ));
    }
    if has_modifiers {
        return Err(Error::syntax(format!("type modifier is not allowed for type \"{plain}{brackets}\""), None));
    }
    context.notes.note_schema(ty.schema);
    context.notes.depend_on(DependsOn::Catalog(Arc::clone(catalog)));
    let ty = ty.column_type();
    Ok(if is_array || is_of_arrays { ColumnType::Array(Box::new(ty)) } else { ty })
}

/// The domain that a statement writes, as a path finds it; `None` for any other type.
pub fn meant_domain(data_type: &DataType, path: &SearchPath, context: &PlanContext<'_>) -> Option<Arc<UserType>> {
    let (name, _, is_array) = written_type(data_type)?;
    // What the planner spells so is no identifier of a statement.
    if is_array || ColumnType::parse(&data_type.to_string()).is_ok() {
        return None;
    }
    let (schema, plain) = relation_name(name).ok()?;
    let found = find_user_type(schema.as_deref(), &plain, path, context.view.catalog())?;
    found.domain.is_some().then(|| Arc::clone(found))
}

/// The name of a type that is none of the parser's own, whether modifiers stand behind it, and whether it is one of arrays.
pub fn written_type(data_type: &DataType) -> Option<(&ObjectName, bool, bool)> {
    match data_type {
        DataType::Custom(name, modifiers) => Some((name, !modifiers.is_empty(), false)),
        // As deep as the parser nests.
        DataType::Array(ArrayElemTypeDef::SquareBracket(element, _) | ArrayElemTypeDef::AngleBracket(element)) => {
            written_type(element).map(|(name, has_modifiers, _)| (name, has_modifiers, true))
        }
        _ => None,
    }
}

/// Where the name of such a type begins in its statement.
pub fn type_place(data_type: &DataType) -> Option<Location> {
    written_type(data_type).map(|(name, ..)| name.span().start).filter(|start| start.line > 0)
}

/// The type of an OID: one of the system, or one that CREATE TYPE has made.
pub fn type_of_oid(oid: u32, catalog: &Catalog) -> Option<ColumnType> {
    ColumnType::from_oid(oid).or_else(|| {
        let made = catalog.user_type_by_oid(oid)?;
        let ty = made.column_type();
        Some(if oid == made.oid() { ty } else { ColumnType::Array(Box::new(ty)) })
    })
}

/// Whether a name without a schema finds an object.
pub fn is_visible(object: &Object, path: &SearchPath, catalog: &Catalog) -> bool {
    let own = object.namespace();
    let Some(place) = path.places().iter().position(|place| namespace_of(*place) == own) else { return false };
    let before = path.places().iter().take(place);
    let hides = |place: &SchemaPlace| match place {
        SchemaPlace::Stored(schema) => catalog.has_relations(*schema),
        SchemaPlace::System(schema) => relation::find(schema, &object.name()).is_some(),
    };
    // The schemas before it are mostly empty.
    !before.into_iter().any(hides)
        || find_object(None, &object.name(), path, catalog).is_some_and(|found| found.oid() == object.oid())
}

/// Whether a schema that a statement writes is that of a collection.
pub fn is_in_schema(collection: &Collection, schema: &str, context: &PlanContext<'_>) -> bool {
    let own = SchemaId::Temporary(context.settings.backend_id);
    context.view.catalog().schema(schema, own) == Some(SchemaPlace::Stored(collection.schema))
}

/// A relation's name with its schema before it, as it is compared with names that statements write.
pub fn full_name(relation: &RelationName, catalog: &Catalog) -> String {
    format!("{}.{}", catalog.schema_name(relation.schema), relation.name)
}

/// What the planner calls a collection or view; no two have one such name.
pub fn planner_name(relation: &RelationName, catalog: &Catalog) -> String {
    // Quotes tell a dot within the name of the schema from the one behind it.
    format!("{}.{}", quote_identifier(&catalog.schema_name(relation.schema)), relation.name)
}

/// A relation's name with its schema, as a statement would write it.
pub fn written_name(relation: &RelationName, catalog: &Catalog) -> String {
    format!("{}.{}", quote_identifier(&catalog.schema_name(relation.schema)), quote_identifier(&relation.name))
}

/// A relation as messages and definitions show it: with its schema where its name alone does not find it.
pub fn shown_name(relation: &RelationName, path: &SearchPath, catalog: &Catalog) -> String {
    match path.finds(relation.into(), catalog) {
        true => quote_identifier(&relation.name).to_string(),
        false => written_name(relation, catalog),
    }
}
