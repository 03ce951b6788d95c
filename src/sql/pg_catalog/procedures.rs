//! `pg_proc`: the functions this server adds to the planner's own, with pgvector's in the schema `public`.

use std::sync::LazyLock;

use crate::db::Settings;
use crate::model::{ColumnType, Value};
use crate::sql::functions::{self, Definition};
use crate::sql::pg_catalog::names::format_type;
use crate::sql::pg_catalog::oids::{NAMESPACE_CATALOG, NAMESPACE_PUBLIC, OWNER_OID};
use crate::sql::pg_catalog::relation::{Row, oid, oids, small, text};
use crate::sql::pg_catalog::types::input_output_functions;

/// First OID of the functions, which follow in order of name.
const FIRST: u32 = 14_000;
const LANGUAGE_INTERNAL: u32 = 12;

/// What `pg_proc` knows of a function.
struct Procedure {
    oid: u32,
    name: String,
    arguments: Vec<ColumnType>,
    returns: ColumnType,
    is_aggregate: bool,
    is_strict: bool,
}

static ALL: LazyLock<Vec<Procedure>> = LazyLock::new(all);

/// Functions whose OIDs clients know.
const WELL_KNOWN: [(&str, u32); 4] =
    [("array_in", 750), ("array_out", 751), ("array_recv", 2400), ("array_send", 2401)];

fn all() -> Vec<Procedure> {
    let scalar = |definition: Definition| {
        let names: Vec<&'static str> =
            std::iter::once(definition.name).chain(definition.aliases.iter().copied()).collect();
        names.into_iter().map(move |name| Procedure {
            oid: 0,
            name: name.to_string(),
            arguments: definition.parameters.iter().map(|parameter| parameter.column_type()).collect(),
            returns: definition.returns.clone(),
            is_aggregate: false,
            is_strict: definition.strict,
        })
    };
    let aggregate = |(name, arguments, returns): (&str, Vec<ColumnType>, ColumnType)| Procedure {
        oid: 0,
        name: name.to_string(),
        arguments,
        returns,
        is_aggregate: true,
        is_strict: false,
    };
    let mut all: Vec<Procedure> = functions::definitions().into_iter().flat_map(scalar).collect();
    all.extend(functions::aggregates().into_iter().map(aggregate));
    all.extend(input_output_functions().into_iter().map(|name| Procedure {
        oid: 0,
        name,
        arguments: Vec::new(),
        returns: ColumnType::Text,
        is_aggregate: false,
        is_strict: true,
    }));
    all.sort_by(|a, b| a.name.cmp(&b.name));
    for (number, procedure) in (FIRST..).zip(&mut all) {
        let known = WELL_KNOWN.iter().find(|(name, _)| *name == procedure.name);
        procedure.oid = known.map_or(number, |(_, oid)| *oid);
    }
    all
}

impl Procedure {
    /// Functions of vectors come with the extension.
    fn namespace(&self) -> u32 {
        let is_vector = |ty: &ColumnType| matches!(ty, ColumnType::Vector(_));
        if self.arguments.iter().any(is_vector) || is_vector(&self.returns) {
            NAMESPACE_PUBLIC
        } else {
            NAMESPACE_CATALOG
        }
    }
}

pub fn procedures() -> Vec<Row> {
    ALL.iter()
        .map(|procedure| {
            vec![
                ("oid", oid(procedure.oid)),
                ("proname", text(&procedure.name)),
                ("pronamespace", oid(procedure.namespace())),
                ("proowner", oid(OWNER_OID)),
                ("prolang", oid(LANGUAGE_INTERNAL)),
                ("procost", Value::Float4(1.0)),
                ("prosupport", text("-")),
                ("prokind", text(if procedure.is_aggregate { "a" } else { "f" })),
                ("proisstrict", Value::Bool(procedure.is_strict)),
                ("provolatile", text("i")),
                ("proparallel", text("s")),
                ("pronargs", small(procedure.arguments.len())),
                ("prorettype", oid(procedure.returns.oid())),
                ("proargtypes", oids(procedure.arguments.iter().map(ColumnType::oid))),
                ("prosrc", text(&procedure.name)),
            ]
        })
        .collect()
}

pub fn aggregates() -> Vec<Row> {
    let aggregates = ALL.iter().filter(|procedure| procedure.is_aggregate);
    aggregates.map(|procedure| vec![("aggfnoid", text(&procedure.name)), ("aggkind", text("n"))]).collect()
}

pub fn routines(settings: &Settings) -> Vec<Row> {
    ALL.iter()
        .filter(|procedure| !procedure.is_aggregate)
        .map(|procedure| {
            let schema = if procedure.namespace() == NAMESPACE_PUBLIC { "public" } else { "pg_catalog" };
            vec![
                ("specific_catalog", text(&settings.database)),
                ("specific_schema", text(schema)),
                ("specific_name", text(format!("{}_{}", procedure.name, procedure.oid))),
                ("routine_catalog", text(&settings.database)),
                ("routine_schema", text(schema)),
                ("routine_name", text(&procedure.name)),
                ("routine_type", text("FUNCTION")),
                ("data_type", text(procedure.returns.to_string())),
                ("routine_body", text("EXTERNAL")),
                ("external_language", text("INTERNAL")),
            ]
        })
        .collect()
}

/// The OID of the first function of that name.
pub fn find(name: &str) -> Option<u32> {
    let position = ALL.partition_point(|procedure| procedure.name.as_str() < name);
    ALL.get(position).filter(|procedure| procedure.name == name).map(|procedure| procedure.oid)
}

/// The name of the function of that OID.
pub fn procedure_name(oid: u32) -> Option<&'static str> {
    ALL.iter().find(|procedure| procedure.oid == oid).map(|procedure| procedure.name.as_str())
}

/// The arguments of a function, or its result, as `\df` shows them.
pub fn function_signature(oid: u32, result: bool) -> Option<String> {
    let procedure = ALL.iter().find(|procedure| procedure.oid == oid)?;
    let shown = |ty: &ColumnType| format_type(Some(ty.oid()), None).unwrap_or_default();
    Some(if result {
        shown(&procedure.returns)
    } else {
        procedure.arguments.iter().map(shown).collect::<Vec<_>>().join(", ")
    })
}
