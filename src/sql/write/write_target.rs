//! What a statement that writes names: its table, its columns, and where in the text the names stand.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    Assignment, AssignmentTarget, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName,
    ObjectNamePart, Spanned,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use crate::db::{SYSTEM_SCHEMAS, SchemaPlace, no_schema};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionKind, DefaultValue, RelationName, SchemaId, SystemColumn};
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::names::{folded, relation_name};
use crate::sql::parse::parse::character;
use crate::sql::pg_catalog::{Meant, check_schema, find_relation, path_of};
use crate::sql::relational::collection_table::FACTS_VIEW;
use crate::statement::{Privilege, TouchedObject};
use crate::types::ColumnType;

/// The error with its place in the statement.
pub fn located(error: Error, text: &str, location: Location) -> Error {
    match character(text, location) {
        Some(position) if error.position().is_none() => error.with_position(position),
        _ => error,
    }
}

/// Where a relation of this name is made: in the schema that is written, else in the first one of the path.
///
/// # Errors
/// 42501 for a schema of the system, 3F000 for one that does not exist and for a path without any, 42P16 for a temporary relation in
/// another schema, and for the temporary schemas of other sessions.
pub fn new_name(name: &ObjectName, is_temporary: bool, context: &PlanContext<'_>) -> Result<RelationName> {
    let at = |error| Err(located(error, context.text, name.span().start));
    let (schema, plain) = relation_name(name)?;
    let path = path_of(context);
    let place = match &schema {
        Some(schema) => match context.view.catalog().schema(schema, path.own()) {
            Some(place) => place,
            None => return at(no_schema(schema)),
        },
        None if is_temporary => SchemaPlace::Stored(path.own()),
        None => match path.creation() {
            Some(place) => place,
            None => {
                let message = "no schema has been selected to create in";
                return at(Error::new(ErrorKind::UndefinedSchema, message));
            }
        },
    };
    match place {
        _ if is_temporary && place != SchemaPlace::Stored(path.own()) => {
            let message = "cannot create temporary relation in non-temporary schema";
            at(Error::new(ErrorKind::InvalidTableDefinition, message))
        }
        SchemaPlace::Stored(schema) if schema.is_temporary() && schema != path.own() => {
            let message = "cannot create relations in temporary schemas of other sessions";
            at(Error::new(ErrorKind::InvalidTableDefinition, message))
        }
        SchemaPlace::Stored(schema) => {
            context.notes.note_schema(schema);
            Ok(RelationName::new(schema, plain))
        }
        SchemaPlace::System(schema) => at(no_permission(schema)),
    }
}

fn no_permission(schema: &str) -> Error {
    Error::new(ErrorKind::InsufficientPrivilege, format!("permission denied for schema {schema}"))
}

/// The name that RENAME TO gives, and that an index is made with: their schema is that of the table.
///
/// # Errors
/// 42601 for a name with a schema.
pub fn plain_name(name: &ObjectName, context: &PlanContext<'_>) -> Result<String> {
    match relation_name(name)? {
        (None, name) => Ok(name),
        (Some(_), _) => {
            let error = Error::syntax("this name takes no schema", None).with_hint("It stays in that of the table.");
            Err(located(error, context.text, name.span().start))
        }
    }
}

/// The schema that SET SCHEMA names.
///
/// # Errors
/// 3F000, 42501.
pub fn target_schema(name: &ObjectName, context: &PlanContext<'_>) -> Result<SchemaId> {
    let (_, plain) = relation_name(name)?;
    schema_named(&plain, context)
}

/// As [`target_schema`], of a name that was read from the text.
///
/// # Errors
/// 3F000, 42501.
pub fn schema_named(name: &str, context: &PlanContext<'_>) -> Result<SchemaId> {
    let own = SchemaId::Temporary(context.settings.backend_id);
    match context.view.catalog().schema(name, own) {
        None => Err(no_schema(name)),
        Some(SchemaPlace::System(schema)) => Err(no_permission(schema)),
        Some(SchemaPlace::Stored(schema)) => Ok(schema),
    }
}

/// Refuses a name in a schema that there is not, and in one of the system.
///
/// # Errors
/// 3F000, 42501.
pub fn check_user_schema(name: &ObjectName, context: &PlanContext<'_>) -> Result<()> {
    let at = |error| Err(located(error, context.text, name.span().start));
    let own = SchemaId::Temporary(context.settings.backend_id);
    let Some(schema) = relation_name(name)?.0 else { return Ok(()) };
    match context.view.catalog().schema(&schema, own) {
        None => at(no_schema(&schema)),
        Some(SchemaPlace::System(schema)) => at(no_permission(schema)),
        Some(SchemaPlace::Stored(_)) => Ok(()),
    }
}

/// The collection that a statement is about as a whole. Unlike one about its rows, it looks for the schema first.
///
/// # Errors
/// 3F000; as [`writable`].
pub fn writable_table(name: &ObjectName, context: &PlanContext<'_>) -> Result<Arc<Collection>> {
    check_schema(name, context).map_err(|error| located(error, context.text, name.span().start))?;
    writable(name, context)
}

/// The collection that a statement writes to.
///
/// # Errors
/// 42P01, 42501 for a system catalog, 0A000 for a view, 42809 for a sequence.
pub fn writable(name: &ObjectName, context: &PlanContext<'_>) -> Result<Arc<Collection>> {
    let (schema, table) = relation_name(name)?;
    let catalog = context.view.catalog();
    let system = |table: &str| {
        Error::new(ErrorKind::InsufficientPrivilege, format!("permission denied: \"{table}\" is a system catalog"))
    };
    let error = match find_relation(name, context)? {
        Some(Meant::Stored(relation)) if relation.schema.is_public() && relation.name == FACTS_VIEW => {
            Error::unsupported(
                format!("cannot write to view \"{FACTS_VIEW}\""),
                "Write to memory: its column metadata holds the facts.",
            )
        }
        Some(Meant::Stored(relation)) if catalog.is_sequence(&relation) => {
            Error::new(ErrorKind::WrongObjectType, format!("cannot change sequence \"{relation}\""))
        }
        Some(Meant::Stored(relation)) => match catalog.expect_collection(&relation) {
            Ok(collection) => return Ok(Arc::clone(collection)),
            Err(error) => error,
        },
        Some(Meant::System(_)) => system(&table),
        None => match &schema {
            None if table.starts_with("pg_") => system(&table),
            Some(schema) if SYSTEM_SCHEMAS.contains(&schema.as_str()) => system(&table),
            None => match catalog.expect_collection(&table) {
                Err(error) => error,
                // One of `public`, which is not in the path.
                Ok(_) => Error::new(ErrorKind::UndefinedTable, format!("relation \"{table}\" does not exist")),
            },
            Some(schema) => {
                Error::new(ErrorKind::UndefinedTable, format!("relation \"{schema}.{table}\" does not exist"))
            }
        },
    };
    Err(located(error, context.text, name.span().start))
}

/// Where an assigned value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WritePlace {
    /// A declared column by position.
    Column(usize),
    /// The system column `_stage`.
    Stage,
}

impl WritePlace {
    /// # Errors
    /// 42703; 0A000 for a system column that nobody assigns to.
    pub fn of(collection: &Collection, name: &Ident, context: &PlanContext<'_>) -> Result<WritePlace> {
        let column = folded(name);
        if let Some(position) = collection.column(&column) {
            return Ok(WritePlace::Column(position));
        }
        let error = match collection.system_column(&column) {
            Some(SystemColumn::Stage) => {
                // What is staged leaves the node.
                context.notes.touch(TouchedObject::Collection(collection.id), Privilege::Own);
                return Ok(WritePlace::Stage);
            }
            Some(SystemColumn::Metadata) => Error::unsupported(
                format!("the undeclared facts of \"{}\" cannot be assigned to", collection.name),
                "Declare a column for them, or use KNIRVQL's SET.",
            ),
            Some(_) => Error::unsupported(
                format!("cannot assign to system column \"{column}\""),
                "The server writes it with each change.",
            ),
            None => {
                let text = format!("column \"{column}\" of relation \"{}\" does not exist", collection.name);
                let error = Error::new(ErrorKind::UndefinedColumn, text);
                match collection.kind {
                    CollectionKind::Memory => {
                        error.with_hint(format!("A fact is a key of metadata: '{{\"{column}\": …}}'."))
                    }
                    CollectionKind::Auth | CollectionKind::Table => error,
                }
            }
        };
        Err(located(error, context.text, name.span.start))
    }

    /// The type of what is assigned. A dimension that was learned is `db`'s to check: it goes with the last vector.
    pub fn ty(self, collection: &Collection) -> ColumnType {
        match self {
            WritePlace::Column(position) => {
                let learns = collection.learns_dimension(position);
                let ty = collection.columns.get(position).map(|column| &column.ty);
                ty.map_or(ColumnType::Unknown, |ty| if learns { ty.with_dimension(None) } else { ty.clone() })
            }
            WritePlace::Stage => SystemColumn::Stage.ty(),
        }
    }

    /// The position of the column, where it is a declared one.
    pub fn position(self) -> Option<usize> {
        match self {
            WritePlace::Column(position) => Some(position),
            WritePlace::Stage => None,
        }
    }

    pub fn name(self, collection: &Collection) -> &str {
        match self {
            WritePlace::Column(position) => collection.columns.get(position).map_or("", |column| column.name.as_str()),
            WritePlace::Stage => SystemColumn::Stage.name(),
        }
    }
}

/// Refuses a value for an identity column that only the server fills.
///
/// # Errors
/// 428C9.
pub fn check_insertable(collection: &Collection, place: WritePlace) -> Result<()> {
    check_not_computed(collection, place)?;
    match always_generated(collection, place) {
        None => Ok(()),
        Some(name) => Err(generated(name, format!("cannot insert a non-DEFAULT value into column \"{name}\""))
            .with_hint("Use OVERRIDING SYSTEM VALUE to override.")),
    }
}

/// Refuses a value for a generated column, whatever INSERT overrides.
///
/// # Errors
/// 428C9.
pub fn check_not_computed(collection: &Collection, place: WritePlace) -> Result<()> {
    match computed(collection, place) {
        None => Ok(()),
        Some(name) => Err(of_computed(name, format!("cannot insert a non-DEFAULT value into column \"{name}\""))),
    }
}

/// The name of the place where it is a generated column.
fn computed(collection: &Collection, place: WritePlace) -> Option<&str> {
    let WritePlace::Column(position) = place else { return None };
    let column = collection.columns.get(position)?;
    column.computation().map(|_| column.name.as_str())
}

fn of_computed(name: &str, message: String) -> Error {
    Error::new(ErrorKind::GeneratedAlways, message).with_detail(format!("Column \"{name}\" is a generated column."))
}

/// The name of the place where it is an identity column that takes no value of the user's.
fn always_generated(collection: &Collection, place: WritePlace) -> Option<&str> {
    let WritePlace::Column(position) = place else { return None };
    let column = collection.columns.get(position)?;
    (column.default == Some(DefaultValue::Identity)).then_some(&column.name)
}

fn generated(name: &str, message: String) -> Error {
    Error::new(ErrorKind::GeneratedAlways, message)
        .with_detail(format!("Column \"{name}\" is an identity column defined as GENERATED ALWAYS."))
}

/// The assignments of SET, one expression for each place; `(a, b) = (1, 2)` is taken apart.
///
/// # Errors
/// 42703 for a column that is not there, 42601 for one that is assigned twice and for lists of different lengths, 428C9 for
/// an identity column, 0A000 for several columns of a value that is no row; as [`WritePlace::of`].
pub fn assignments<'a>(
    list: &'a [Assignment],
    collection: &Collection,
    context: &PlanContext<'_>,
) -> Result<Vec<(WritePlace, &'a Expr)>> {
    let mut places: Vec<(WritePlace, &Expr)> = Vec::with_capacity(list.len());
    for assignment in list {
        match &assignment.target {
            AssignmentTarget::ColumnName(name) => {
                places.push((assigned_place(name, collection, context)?, &assignment.value));
            }
            AssignmentTarget::Tuple(names) => {
                let values = tuple_values(&assignment.value).ok_or_else(|| {
                    Error::unsupported(
                        "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression",
                        "Write one assignment a column.",
                    )
                })?;
                if names.len() != values.len() {
                    return Err(Error::syntax("number of columns does not match number of values", None));
                }
                for (name, value) in names.iter().zip(values) {
                    places.push((assigned_place(name, collection, context)?, value));
                }
            }
        }
    }
    for (at, (place, value)) in places.iter().enumerate() {
        if let Some(name) = computed(collection, *place).filter(|_| !is_default(value)) {
            return Err(of_computed(name, format!("column \"{name}\" can only be updated to DEFAULT")));
        }
        if let Some(name) = always_generated(collection, *place).filter(|_| !is_default(value)) {
            return Err(generated(name, format!("column \"{name}\" can only be updated to DEFAULT")));
        }
        if places.iter().take(at).any(|(other, _)| other == place) {
            return Err(Error::syntax(
                format!("multiple assignments to same column \"{}\"", place.name(collection)),
                None,
            ));
        }
    }
    Ok(places)
}

/// The names of columns that a list of assignments writes to, in their order.
pub fn assigned_names(assignments: &[Assignment]) -> impl Iterator<Item = &Ident> {
    let names = assignments.iter().flat_map(|assignment| match &assignment.target {
        AssignmentTarget::ColumnName(name) => std::slice::from_ref(name),
        AssignmentTarget::Tuple(names) => names.as_slice(),
    });
    names.filter_map(|name| match name.0.as_slice() {
        [ObjectNamePart::Identifier(column)] => Some(column),
        _ => None,
    })
}

fn assigned_place(name: &ObjectName, collection: &Collection, context: &PlanContext<'_>) -> Result<WritePlace> {
    match name.0.as_slice() {
        [ObjectNamePart::Identifier(column)] => WritePlace::of(collection, column, context),
        _ => {
            let error = Error::new(
                ErrorKind::UndefinedColumn,
                format!("column \"{name}\" of relation \"{}\" does not exist", collection.name),
            )
            .with_hint("SET target columns cannot be qualified with the relation name.");
            Err(located(error, context.text, name.span().start))
        }
    }
}

fn tuple_values(value: &Expr) -> Option<Vec<&Expr>> {
    match value {
        Expr::Tuple(values) => Some(values.iter().collect()),
        Expr::Nested(inner) => Some(vec![inner.as_ref()]),
        Expr::Function(function) if function.name.to_string().eq_ignore_ascii_case("row") => match &function.args {
            FunctionArguments::List(list) => list
                .args
                .iter()
                .map(|argument| match argument {
                    FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
                    _ => None,
                })
                .collect(),
            _ => None,
        },
        _ => None,
    }
}

/// Whether an expression is the keyword DEFAULT, which the parser takes for a name.
pub fn is_default(expr: &Expr) -> bool {
    matches!(expr, Expr::Identifier(ident) if ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("default"))
}

/// Whether a value of type `from` may be assigned to a place of type `to`: PostgreSQL's assignment casts.
pub fn is_assignable(from: &ColumnType, to: &ColumnType) -> bool {
    use ColumnType::{Array, Bytea, CatalogChar, Date, Interval, Json, Jsonb, Oid, Reg, Time, Timestamp, TimestampTz};
    if from == &ColumnType::Unknown || to.is_text() || to == &CatalogChar {
        return true;
    }
    match (from, to) {
        (from, to) if from.is_number() && to.is_number() => true,
        (Array(from), Array(to)) => is_assignable(from, to),
        (Json | Jsonb, Json | Jsonb)
        | (Date | Timestamp | TimestampTz, Date | Timestamp | TimestampTz | Time)
        | (Time, Interval)
        | (Interval, Time)
        | (Array(_), ColumnType::Vector(_) | ColumnType::Halfvec(_) | ColumnType::Sparsevec(_))
        | (ColumnType::Vector(_) | ColumnType::Halfvec(_), Array(_))
        | (ColumnType::Vector(_), ColumnType::Vector(_) | ColumnType::Halfvec(_) | ColumnType::Sparsevec(_))
        | (ColumnType::Halfvec(_), ColumnType::Vector(_) | ColumnType::Halfvec(_) | ColumnType::Sparsevec(_))
        | (ColumnType::Sparsevec(_), ColumnType::Vector(_) | ColumnType::Halfvec(_) | ColumnType::Sparsevec(_))
        | (ColumnType::Bit(_) | ColumnType::Varbit(_), ColumnType::Bit(_) | ColumnType::Varbit(_))
        | (Reg(_), Oid | ColumnType::Int8 | Reg(_))
        | (Bytea, Bytea) => true,
        (from, to) => from == to,
    }
}

/// # Errors
/// 42804 when no assignment cast leads from the one type to the other.
pub fn check_assignable(collection: &Collection, place: WritePlace, from: &ColumnType) -> Result<()> {
    let to = place.ty(collection);
    if is_assignable(from, &to) {
        return Ok(());
    }
    let name = place.name(collection);
    Err(Error::new(
        ErrorKind::DatatypeMismatch,
        format!("column \"{name}\" is of type {to} but expression is of type {from}"),
    )
    .with_hint("You will need to rewrite or cast the expression."))
}
