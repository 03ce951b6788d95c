//! Functions over the catalogs: names of objects, their definitions, their visibility and sizes. What does not exist
//! has no size.

use crate::db::{Catalog, SearchPath};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Any, Bool, Int, Object, Oid, Text};
use crate::expr::{Function, Invocation, int_of, text_of};
use crate::model::{CollectionId, Sequence};
use crate::sql::arrow::context::context_of;
use crate::sql::pg_catalog;
use crate::types::limits::IDENTIFIER_BYTES_MAX;
use crate::types::{ColumnType, Value, quote_identifier};

/// A character of a `name`, by its place from 0.
pub const NAME_CHARACTER: &str = "$name_character";

pub fn definitions() -> Vec<Function> {
    let mut all = names();
    all.extend(type_names());
    all.extend(texts());
    all.extend(visibility());
    all.extend(sizes());
    all
}

/// An OID among the arguments: given as a number, or as the name of a relation.
fn oid_of(invocation: &Invocation<'_>, arguments: &[Value], position: usize) -> Result<Option<u32>> {
    match arguments.get(position) {
        Some(Value::Text(name)) => {
            let (catalog, path) = names_of(invocation)?;
            pg_catalog::check_database(name, &context_of(invocation)?.settings.database)?;
            Ok(pg_catalog::find_class(catalog, &path, name))
        }
        Some(other) => Ok(other.as_i64().and_then(|number| u32::try_from(number).ok())),
        None => Ok(None),
    }
}

/// What names are looked for in, and by which path.
fn names_of<'a>(invocation: &Invocation<'a>) -> Result<(&'a Catalog, SearchPath)> {
    let context = context_of(invocation)?;
    let catalog = context.view.catalog();
    Ok((catalog, SearchPath::of(&context.settings, catalog)))
}

fn optional_text(text: Option<String>) -> Value {
    text.map_or(Value::Null, Value::text)
}

fn optional_oid(oid: Option<u32>) -> Value {
    oid.map_or(Value::Null, |oid| Value::Int8(i64::from(oid)))
}

fn type_names() -> Vec<Function> {
    let text = ColumnType::Text;
    vec![
        Function::new("to_regtype", &[Text], ColumnType::Oid, |invocation, arguments| {
            let (catalog, path) = names_of(invocation)?;
            Ok(optional_oid(pg_catalog::find_any_type(text_of(arguments, 0), &path, catalog)))
        })
        .stable(),
        Function::new("$regtype_oid", &[Object], ColumnType::Oid, |invocation, arguments| {
            regtype(invocation, arguments).map(|oid| Value::Int8(i64::from(oid)))
        })
        .stable(),
        Function::new("regtype_out", &[Object], text.clone(), |invocation, arguments| {
            let (catalog, path) = names_of(invocation)?;
            let oid = regtype(invocation, arguments)?;
            let shown = pg_catalog::shown_type(Some(oid), None, (catalog, &path));
            Ok(Value::text(shown.unwrap_or_else(|| oid.to_string())))
        })
        .stable(),
        Function::new("format_type", &[Oid, Int], text, |invocation, arguments| {
            let (catalog, path) = names_of(invocation)?;
            let oid = int_of(arguments, 0).and_then(|oid| u32::try_from(oid).ok());
            let modifier = int_of(arguments, 1).and_then(|modifier| i32::try_from(modifier).ok());
            Ok(optional_text(pg_catalog::shown_type(oid, modifier, (catalog, &path))))
        })
        .stable()
        .with_nulls(),
    ]
}

fn names() -> Vec<Function> {
    let text = ColumnType::Text;
    vec![
        Function::new("to_regclass", &[Text], ColumnType::Oid, |invocation, arguments| {
            Ok(optional_oid(oid_of(invocation, arguments, 0)?))
        })
        .stable(),
        Function::new("to_regnamespace", &[Text], ColumnType::Oid, |invocation, arguments| {
            let (catalog, path) = names_of(invocation)?;
            Ok(optional_oid(pg_catalog::find_namespace(catalog, &path, text_of(arguments, 0)).ok()))
        })
        .stable(),
        Function::new("$regclass_oid", &[Object], ColumnType::Oid, |invocation, arguments| {
            match oid_of(invocation, arguments, 0)? {
                None => Err(Error::new(
                    ErrorKind::UndefinedTable,
                    format!("relation \"{}\" does not exist", text_of(arguments, 0)),
                )),
                found => Ok(optional_oid(found)),
            }
        })
        .stable(),
        Function::new("regclass_out", &[Object], text.clone(), |invocation, arguments| {
            let (catalog, path) = names_of(invocation)?;
            match oid_of(invocation, arguments, 0)? {
                Some(oid) => Ok(Value::text(pg_catalog::class_name(catalog, &path, oid))),
                None => Err(Error::new(
                    ErrorKind::UndefinedTable,
                    format!("relation \"{}\" does not exist", text_of(arguments, 0)),
                )),
            }
        })
        .stable(),
        Function::new("$regnamespace_oid", &[Object], ColumnType::Oid, |invocation, arguments| {
            regnamespace(invocation, arguments).map(|oid| Value::Int8(i64::from(oid)))
        })
        .stable(),
        Function::new("regnamespace_out", &[Object], text.clone(), |invocation, arguments| {
            let catalog = context_of(invocation)?.view.catalog();
            let name = pg_catalog::namespace_name(catalog, regnamespace(invocation, arguments)?);
            Ok(Value::text(quote_identifier(&name).to_string()))
        })
        .stable(),
        Function::new("to_regproc", &[Text], ColumnType::Oid, |_, arguments| {
            let name = text_of(arguments, 0).rsplit('.').next().unwrap_or("");
            Ok(optional_oid(pg_catalog::find_procedure(name)))
        })
        .alias(&["to_regprocedure"]),
        Function::new("regproc_out", &[Any], text.clone(), |_, arguments| {
            let oid = int_of(arguments, 0).and_then(|oid| u32::try_from(oid).ok());
            let name = oid.and_then(pg_catalog::procedure_name).map(ToString::to_string);
            Ok(Value::text(name.unwrap_or_else(|| arguments.first().map(Value::to_text).unwrap_or_default())))
        }),
        // A `name` is a list of bytes that counts from 0.
        Function::new(NAME_CHARACTER, &[Text, Int], ColumnType::CatalogChar, |_, arguments| {
            let place = int_of(arguments, 1).and_then(|place| usize::try_from(place).ok());
            let Some(place) = place.filter(|place| *place <= IDENTIFIER_BYTES_MAX) else { return Ok(Value::Null) };
            let character = text_of(arguments, 0).chars().nth(place);
            Ok(Value::text(character.map(String::from).unwrap_or_default()))
        }),
        Function::new("$option_names", &[Any], texts_of(), |_, arguments| options(arguments, |name, _| Some(name))),
        Function::new("$option_values", &[Any], texts_of(), |_, arguments| options(arguments, |_, value| value)),
    ]
}

fn texts_of() -> ColumnType {
    ColumnType::Array(Box::new(ColumnType::Text))
}

/// One part of each of the options `name=value`, or `name`.
fn options(arguments: &[Value], part: impl Fn(String, Option<String>) -> Option<String>) -> Result<Value> {
    let Some(Value::Array(_, options)) = arguments.first() else {
        return Ok(Value::Array(Box::new(ColumnType::Text), Vec::new()));
    };
    let parts = options.iter().map(|option| {
        let text = option.to_text();
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name.to_string(), Some(value.to_string())),
            None => (text, None),
        };
        optional_text(part(name, value))
    });
    Ok(Value::Array(Box::new(ColumnType::Text), parts.collect()))
}

/// The type that a text names.
///
/// # Errors
/// 42704 for a type that does not exist, 22023 for a modifier out of range.
pub fn written_type(invocation: &Invocation<'_>, name: &str) -> Result<ColumnType> {
    ColumnType::parse(name).or_else(|error| {
        let Ok((catalog, path)) = names_of(invocation) else { return Err(error) };
        pg_catalog::type_named(name, &path, catalog)
    })
}

fn regtype(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<u32> {
    let (catalog, path) = names_of(invocation)?;
    let found = match arguments.first() {
        Some(Value::Text(name)) => pg_catalog::find_any_type(name, &path, catalog),
        Some(other) => other.as_i64().and_then(|oid| u32::try_from(oid).ok()),
        None => None,
    };
    found.ok_or_else(|| {
        Error::new(ErrorKind::UndefinedObject, format!("type \"{}\" does not exist", text_of(arguments, 0)))
    })
}

fn regnamespace(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<u32> {
    match arguments.first() {
        Some(Value::Text(name)) => {
            let (catalog, path) = names_of(invocation)?;
            pg_catalog::find_namespace(catalog, &path, name)
        }
        Some(other) => Ok(other.as_i64().and_then(|oid| u32::try_from(oid).ok()).unwrap_or(0)),
        None => Ok(0),
    }
}

fn texts() -> Vec<Function> {
    let text = ColumnType::Text;
    let nothing = |name: &'static str, parameters: &[crate::expr::Parameter], optional: usize| {
        Function::new(name, parameters, ColumnType::Text, |_, _| Ok(Value::Null))
            .optional(optional)
            .with_nulls()
            .stable()
    };
    vec![
        // The catalogs hold expressions as text already.
        Function::new("pg_get_expr", &[Text, Object, Bool], text.clone(), |_, arguments| {
            Ok(arguments.first().cloned().unwrap_or_default())
        })
        .optional(1),
        Function::new("pg_get_constraintdef", &[Oid, Bool], text.clone(), |invocation, arguments| {
            let (catalog, path) = names_of(invocation)?;
            let oid = int_of(arguments, 0).and_then(|oid| u32::try_from(oid).ok());
            let is_pretty = matches!(arguments.get(1), Some(Value::Bool(true)));
            Ok(optional_text(oid.and_then(|oid| pg_catalog::constraint_definition(catalog, &path, oid, is_pretty))))
        })
        .optional(1)
        .stable(),
        Function::new("pg_get_indexdef", &[Oid, Int, Bool], text.clone(), index_definition).optional(2).stable(),
        Function::new("pg_get_serial_sequence", &[Text, Text], text, serial_sequence).stable(),
        Function::new("pg_get_viewdef", &[Object, Any], ColumnType::Text, |invocation, arguments| {
            let (catalog, path) = names_of(invocation)?;
            let object = oid_of(invocation, arguments, 0)?.and_then(|oid| pg_catalog::Object::find(catalog, oid));
            Ok(optional_text(object.and_then(|object| pg_catalog::view_definition(&object, &path, catalog))))
        })
        .optional(1)
        .stable(),
        nothing("pg_get_ruledef", &[Oid, Bool], 1),
        nothing("pg_get_triggerdef", &[Oid, Bool], 1),
        nothing("pg_get_partkeydef", &[Oid], 0),
        nothing("pg_get_partition_constraintdef", &[Oid], 0),
        nothing("pg_get_statisticsobjdef", &[Oid], 0),
        nothing("pg_get_statisticsobjdef_columns", &[Oid], 0),
        nothing("pg_get_functiondef", &[Oid], 0),
        nothing("pg_get_function_sqlbody", &[Oid], 0),
        Function::new("pg_get_function_arguments", &[Oid], ColumnType::Text, |_, arguments| {
            function_text(arguments, false)
        })
        .alias(&["pg_get_function_identity_arguments"]),
        Function::new("pg_get_function_result", &[Oid], ColumnType::Text, |_, arguments| {
            function_text(arguments, true)
        }),
        Function::new("obj_description", &[Oid, Text], ColumnType::Text, |invocation, arguments| {
            let of = arguments.get(1).map(|_| text_of(arguments, 1));
            described(invocation, arguments, 0, of)
        })
        .optional(1)
        .stable(),
        Function::new("col_description", &[Oid, Int], ColumnType::Text, |invocation, arguments| {
            let column = int_of(arguments, 1).and_then(|column| i32::try_from(column).ok()).unwrap_or(-1);
            described(invocation, arguments, column, Some("pg_class"))
        })
        .stable(),
        Function::new("shobj_description", &[Oid, Text], ColumnType::Text, |invocation, arguments| {
            described(invocation, arguments, 0, Some(text_of(arguments, 1)))
        })
        .stable(),
        nothing("pg_describe_object", &[Oid, Oid, Int], 0),
        nothing("pg_tablespace_location", &[Oid], 0),
        nothing("pg_relation_filenode", &[Object], 0),
        nothing("pg_relation_filepath", &[Object], 0),
    ]
}

fn described(invocation: &Invocation<'_>, arguments: &[Value], column: i32, of: Option<&str>) -> Result<Value> {
    let catalog = context_of(invocation)?.view.catalog();
    let object = int_of(arguments, 0).and_then(|oid| u32::try_from(oid).ok());
    Ok(optional_text(object.and_then(|object| pg_catalog::comment_on(catalog, object, column, of))))
}

fn function_text(arguments: &[Value], result: bool) -> Result<Value> {
    let oid = int_of(arguments, 0).and_then(|oid| u32::try_from(oid).ok());
    Ok(optional_text(oid.and_then(|oid| pg_catalog::function_signature(oid, result))))
}

fn index_definition(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (catalog, path) = names_of(invocation)?;
    let Some(oid) = oid_of(invocation, arguments, 0)? else { return Ok(Value::Null) };
    let text = match int_of(arguments, 1).and_then(|number| usize::try_from(number).ok()) {
        None | Some(0) => pg_catalog::index_definition((catalog, &path), oid),
        Some(number) => Some(pg_catalog::index_column(catalog, oid, number).unwrap_or_default()),
    };
    Ok(optional_text(text))
}

fn serial_sequence(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (catalog, path) = names_of(invocation)?;
    let name = text_of(arguments, 0);
    let found = pg_catalog::find_class(catalog, &path, name).map(CollectionId::of_oid);
    let Some(collection) = found.and_then(|id| catalog.collection_by_id(id)) else {
        return Err(Error::new(ErrorKind::UndefinedTable, format!("relation \"{name}\" does not exist")));
    };
    let column = text_of(arguments, 1);
    let position = collection.column(column).ok_or_else(|| {
        let message = format!("column \"{column}\" of relation \"{}\" does not exist", collection.name);
        Error::new(ErrorKind::UndefinedColumn, message)
    })?;
    let place = (collection.id, collection.column_id(position)?);
    let owned =
        || catalog.sequences().find(|sequence| sequence.owner == Some(place)).map(|sequence| (**sequence).clone());
    let sequence = Sequence::of_column(collection, position).or_else(owned);
    Ok(optional_text(sequence.map(|sequence| pg_catalog::written_name(&sequence.relation(), catalog))))
}

fn visibility() -> Vec<Function> {
    let seen =
        |name: &'static str| Function::new(name, &[Oid], ColumnType::Bool, |_, _| Ok(Value::Bool(true))).stable();
    vec![
        Function::new("pg_table_is_visible", &[Oid], ColumnType::Bool, |invocation, arguments| {
            let (catalog, path) = names_of(invocation)?;
            let object = oid_of(invocation, arguments, 0)?.and_then(|oid| pg_catalog::Object::find(catalog, oid));
            let is_visible = |object| Value::Bool(pg_catalog::is_visible(&object, &path, catalog));
            Ok(object.map_or(Value::Null, is_visible))
        })
        .stable(),
        Function::new("pg_type_is_visible", &[Oid], ColumnType::Bool, |invocation, arguments| {
            let (catalog, path) = names_of(invocation)?;
            let oid = int_of(arguments, 0).and_then(|oid| u32::try_from(oid).ok()).unwrap_or_default();
            Ok(Value::Bool(pg_catalog::is_type_visible(oid, &path, catalog).unwrap_or(true)))
        })
        .stable(),
        seen("pg_function_is_visible"),
        seen("pg_operator_is_visible"),
        seen("pg_opclass_is_visible"),
        seen("pg_opfamily_is_visible"),
        seen("pg_collation_is_visible"),
        seen("pg_conversion_is_visible"),
        seen("pg_statistics_obj_is_visible"),
        seen("pg_ts_config_is_visible"),
        seen("pg_ts_dict_is_visible"),
        seen("pg_ts_parser_is_visible"),
        seen("pg_ts_template_is_visible"),
        Function::new("pg_relation_is_publishable", &[Object], ColumnType::Bool, |_, _| Ok(Value::Bool(false)))
            .stable(),
        // No table is a partition.
        Function::new("pg_partition_ancestors", &[Object], ColumnType::Array(Box::new(ColumnType::Oid)), |_, _| {
            Ok(Value::Array(Box::new(ColumnType::Oid), Vec::new()))
        })
        .stable(),
        Function::new("pg_is_other_temp_schema", &[Oid], ColumnType::Bool, |invocation, arguments| {
            let (catalog, path) = names_of(invocation)?;
            let others = catalog.temporary_schemas().filter(|schema| *schema != path.own());
            let mut oids = others.map(|schema| Some(i64::from(pg_catalog::schema_oid(schema))));
            Ok(Value::Bool(oids.any(|oid| oid == int_of(arguments, 0))))
        })
        .stable(),
        Function::new("pg_my_temp_schema", &[], ColumnType::Oid, |invocation, _| {
            let (catalog, path) = names_of(invocation)?;
            let oid = if catalog.has_relations(path.own()) { pg_catalog::schema_oid(path.own()) } else { 0 };
            Ok(Value::Int8(i64::from(oid)))
        })
        .stable(),
        Function::new("pg_indexam_has_property", &[Object, Text], ColumnType::Bool, |_, _| Ok(Value::Bool(false))),
        Function::new("pg_index_column_has_property", &[Object, Int, Text], ColumnType::Bool, |_, _| {
            Ok(Value::Bool(false))
        }),
        Function::new("pg_index_has_property", &[Object, Text], ColumnType::Bool, |_, _| Ok(Value::Bool(false))),
    ]
}

fn sizes() -> Vec<Function> {
    // Entries of all tables share files: the size of one is not known.
    let unknown = |name: &'static str| {
        Function::new(name, &[Object, Text], ColumnType::Int8, |_, _| Ok(Value::Null)).optional(1).stable()
    };
    vec![
        unknown("pg_total_relation_size"),
        unknown("pg_relation_size"),
        unknown("pg_table_size"),
        unknown("pg_indexes_size"),
        unknown("pg_tablespace_size"),
        Function::new("pg_database_size", &[Any], ColumnType::Int8, |invocation, _| {
            let bytes = context_of(invocation)?.view.stored_bytes()?;
            Ok(Value::Int8(i64::try_from(bytes).unwrap_or(i64::MAX)))
        })
        .stable(),
        Function::new("pg_size_pretty", &[Int], ColumnType::Text, |_, arguments| {
            Ok(Value::text(size_pretty(int_of(arguments, 0).unwrap_or(0))))
        }),
        Function::new("pg_column_size", &[Any], ColumnType::Int4, |_, arguments| {
            let bytes = arguments.first().map_or(0, Value::bytes);
            Ok(Value::Int4(i32::try_from(bytes).unwrap_or(i32::MAX)))
        }),
    ]
}

/// Bytes in the unit PostgreSQL chooses: it moves on at ten thousand and rounds halves away from zero.
fn size_pretty(bytes: i64) -> String {
    const UNITS: [&str; 6] = ["bytes", "kB", "MB", "GB", "TB", "PB"];
    let mut size = i128::from(bytes);
    let mut halved = false;
    for (position, unit) in UNITS.iter().enumerate() {
        let rounded = if halved { (size + size.signum()) / 2 } else { size };
        let limit = if halved { 20_480 - 1 } else { 10_240 };
        if size.abs() < limit || position + 1 == UNITS.len() {
            return format!("{rounded} {unit}");
        }
        // Keeps one bit more than the unit shows, for rounding.
        size = if halved { size / 1024 } else { size / 512 };
        halved = true;
    }
    format!("{bytes} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_postgresql_writes_them() {
        assert_eq!(size_pretty(8192), "8192 bytes");
        assert_eq!(size_pretty(10_240), "10 kB");
        assert_eq!(size_pretty(1_048_576), "1024 kB");
        assert_eq!(size_pretty(1_073_741_824), "1024 MB");
        assert_eq!(size_pretty(-20_480), "-20 kB");
    }
}
