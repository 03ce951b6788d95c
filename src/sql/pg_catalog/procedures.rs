//! `pg_proc`: every function that a statement may call.
//!
//! Of a function that PostgreSQL has as well, `functions.txt` has PostgreSQL's own rows, but for those whose types this server
//! lacks. The others are this server's, with pgvector's in the schema `public`, and the planner's, of which the catalog says
//! that they take anything. What PostgreSQL's grammar knows without its catalog is in none of them.

use std::collections::HashSet;
use std::sync::LazyLock;

use datafusion::logical_expr::Volatility;

use crate::expr::Function;
use crate::settings::Settings;
use crate::sql::functions::{self, function_types, planner_volatility};
use crate::sql::pg_catalog::names::{format_type, is_type};
use crate::sql::pg_catalog::oids::{NAMESPACE_CATALOG, NAMESPACE_PUBLIC, OWNER_OID};
use crate::sql::pg_catalog::relation::{CatalogRow, oid, oids, small, text};
use crate::sql::pg_catalog::set_functions;
use crate::sql::pg_catalog::types::input_output_functions;
use crate::sql::relational::engine;
use crate::sql::relational::engine::{FunctionKind, PlannedFunction};
use crate::sql::rewrite::rewrite::SET_FUNCTIONS;
use crate::types::{ColumnType, Value};

/// First OID of the functions that PostgreSQL does not have, which follow in order of name.
const FIRST: u32 = 14_000;
const LANGUAGE_INTERNAL: u32 = 12;
/// OIDs of the types that stand for any type.
const ANY: u32 = 2276;
const ANY_ELEMENT: u32 = 2283;
const RECORD: u32 = 2249;

/// What PostgreSQL's grammar makes functions of, which its catalog does not list.
const GRAMMAR: [&str; 15] = [
    "coalesce",
    "current_catalog",
    "current_date",
    "current_role",
    "current_time",
    "current_timestamp",
    "greatest",
    "grouping",
    "least",
    "localtime",
    "localtimestamp",
    "nullif",
    "row",
    "trim",
    "user",
];

/// What `pg_proc` knows of a function.
struct Procedure {
    oid: u32,
    name: String,
    /// OIDs of types.
    arguments: Vec<u32>,
    returns: u32,
    /// The type of the arguments that may follow; 0 where none may.
    variadic: u32,
    kind: FunctionKind,
    volatility: char,
    is_strict: bool,
    returns_set: bool,
}

static ALL: LazyLock<Vec<Procedure>> = LazyLock::new(all);

/// Functions whose OIDs clients know.
const WELL_KNOWN: [(&str, u32); 4] =
    [("array_in", 750), ("array_out", 751), ("array_recv", 2400), ("array_send", 2401)];

fn all() -> Vec<Procedure> {
    let mut all: Vec<Procedure> = include_str!("functions.txt").lines().filter_map(listed).collect();
    let listed: HashSet<String> = all.iter().map(|procedure| procedure.name.clone()).collect();
    let own = functions::definitions().into_iter().flat_map(own);
    let aggregates = functions::aggregates().into_iter().map(aggregate);
    // Of vectors PostgreSQL knows nothing, whatever else it has of that name.
    all.extend(
        own.chain(aggregates).filter(|procedure| procedure.is_of_vectors() || !listed.contains(&procedure.name)),
    );
    all.extend(input_output_functions().into_iter().map(|name| Procedure {
        is_strict: true,
        returns: ColumnType::Text.oid(),
        ..Procedure::unknown(name, FunctionKind::Scalar)
    }));
    let known: HashSet<String> = all.iter().map(|procedure| procedure.name.clone()).collect();
    let others = callable().into_iter().filter(|function| !known.contains(&function.name));
    all.extend(others.filter(|function| !GRAMMAR.contains(&function.name.as_str())).map(planned));
    all.sort_by(|a, b| (&a.name, a.oid).cmp(&(&b.name, b.oid)));
    for (number, procedure) in (FIRST..).zip(&mut all).filter(|(_, procedure)| procedure.oid == 0) {
        let known = WELL_KNOWN.iter().find(|(name, _)| *name == procedure.name);
        procedure.oid = known.map_or(number, |(_, oid)| *oid);
    }
    all
}

/// Every function that a statement may call, in FROM or elsewhere.
fn callable() -> Vec<PlannedFunction> {
    let sets = SET_FUNCTIONS.iter().copied().chain(set_functions::names());
    let sets = sets.map(|name| PlannedFunction {
        name: name.to_string(),
        kind: FunctionKind::Scalar,
        volatility: Volatility::Stable,
    });
    engine::planned_functions().into_iter().chain(sets).collect()
}

/// A function by a line of `functions.txt`; `None` for a comment, and for one of types that are not here.
fn listed(line: &str) -> Option<Procedure> {
    let words: Vec<&str> = line.split(' ').collect();
    let [name, oid, kind, volatility, strict, set, variadic, returns, rest @ ..] = words.as_slice() else {
        return None;
    };
    let arguments =
        rest.first().map_or(Some(Vec::new()), |list| list.split(',').map(|ty| ty.parse().ok()).collect())?;
    let returns = returns.parse().ok()?;
    let is_known = arguments.iter().chain([&returns]).all(|ty| is_type(*ty));
    is_known.then_some(Procedure {
        oid: oid.parse().ok()?,
        name: (*name).to_string(),
        arguments,
        returns,
        variadic: variadic.parse().ok()?,
        kind: match *kind {
            "a" => FunctionKind::Aggregate,
            "w" => FunctionKind::Window,
            _ => FunctionKind::Scalar,
        },
        volatility: volatility.chars().next()?,
        is_strict: *strict == "t",
        returns_set: *set == "t",
    })
}

/// A function of this server, by each of its names.
fn own(definition: Function) -> impl Iterator<Item = Procedure> {
    let names: Vec<&'static str> = std::iter::once(definition.name).chain(definition.aliases.iter().copied()).collect();
    names.into_iter().filter(|name| !name.starts_with('$')).map(move |name| Procedure {
        arguments: definition.parameters.iter().map(|parameter| parameter.column_type().oid()).collect(),
        returns: definition.returns.oid(),
        volatility: letter(planner_volatility(definition.volatility)),
        is_strict: definition.strict,
        variadic: if definition.variadic {
            definition.parameters.last().map_or(0, |parameter| parameter.column_type().oid())
        } else {
            0
        },
        ..Procedure::unknown(name.to_string(), FunctionKind::Scalar)
    })
}

fn aggregate((name, arguments, returns): (&str, Vec<ColumnType>, ColumnType)) -> Procedure {
    Procedure {
        arguments: arguments.iter().map(ColumnType::oid).collect(),
        returns: returns.oid(),
        ..Procedure::unknown(name.to_string(), FunctionKind::Aggregate)
    }
}

/// A function of which only the planner knows what it takes.
fn planned(function: PlannedFunction) -> Procedure {
    let is_relation = set_functions::is_set_function(&function.name);
    let returns = function_types::result(&function.name, &[]).map_or(ANY_ELEMENT, |ty| ty.oid());
    Procedure {
        arguments: if is_relation { Vec::new() } else { vec![ANY] },
        variadic: if is_relation { 0 } else { ANY },
        returns: if is_relation { RECORD } else { returns },
        returns_set: is_relation || SET_FUNCTIONS.contains(&function.name.as_str()),
        volatility: letter(function.volatility),
        ..Procedure::unknown(function.name, function.kind)
    }
}

fn letter(volatility: Volatility) -> char {
    match volatility {
        Volatility::Immutable => 'i',
        Volatility::Stable => 's',
        Volatility::Volatile => 'v',
    }
}

impl Procedure {
    fn unknown(name: String, kind: FunctionKind) -> Procedure {
        Procedure {
            oid: 0,
            name,
            arguments: Vec::new(),
            returns: ANY_ELEMENT,
            variadic: 0,
            kind,
            volatility: 'i',
            is_strict: false,
            returns_set: false,
        }
    }

    fn is_of_vectors(&self) -> bool {
        let vector = ColumnType::Vector(None).oid();
        self.returns == vector || self.arguments.contains(&vector)
    }

    /// Functions of vectors come with the extension.
    fn namespace(&self) -> u32 {
        if self.is_of_vectors() { NAMESPACE_PUBLIC } else { NAMESPACE_CATALOG }
    }

    /// `prokind`.
    fn letter(&self) -> &'static str {
        match self.kind {
            FunctionKind::Scalar => "f",
            FunctionKind::Aggregate => "a",
            FunctionKind::Window => "w",
        }
    }
}

pub fn procedures() -> Vec<CatalogRow> {
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
                ("provariadic", oid(procedure.variadic)),
                ("prokind", text(procedure.letter())),
                ("proisstrict", Value::Bool(procedure.is_strict)),
                ("proretset", Value::Bool(procedure.returns_set)),
                ("provolatile", text(procedure.volatility.to_string())),
                ("proparallel", text("s")),
                ("pronargs", small(procedure.arguments.len())),
                ("prorettype", oid(procedure.returns)),
                ("proargtypes", oids(procedure.arguments.iter().copied())),
                ("prosrc", text(&procedure.name)),
            ]
        })
        .collect()
}

pub fn aggregates() -> Vec<CatalogRow> {
    let aggregates = ALL.iter().filter(|procedure| procedure.kind == FunctionKind::Aggregate);
    aggregates.map(|procedure| vec![("aggfnoid", text(&procedure.name)), ("aggkind", text("n"))]).collect()
}

pub fn routines(settings: &Settings) -> Vec<CatalogRow> {
    ALL.iter()
        .filter(|procedure| procedure.kind == FunctionKind::Scalar)
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
                ("data_type", text(shown(procedure.returns))),
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

fn shown(ty: u32) -> String {
    format_type(Some(ty), None).unwrap_or_default()
}

/// The arguments of a function, or its result, as `\df` shows them.
pub fn function_signature(oid: u32, result: bool) -> Option<String> {
    let procedure = ALL.iter().find(|procedure| procedure.oid == oid)?;
    let result_type = shown(procedure.returns);
    if result {
        return Some(if procedure.returns_set { format!("SETOF {result_type}") } else { result_type });
    }
    let mut arguments: Vec<String> = procedure.arguments.iter().map(|ty| shown(*ty)).collect();
    if let Some(last) = arguments.last_mut().filter(|_| procedure.variadic != 0) {
        last.insert_str(0, "VARIADIC ");
    }
    Some(arguments.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_listed_and_whatever_is_listed_can_be_called() {
        let callable: HashSet<String> = callable().into_iter().map(|function| function.name).collect();
        let listed: HashSet<&str> = ALL.iter().map(|procedure| procedure.name.as_str()).collect();
        let missing: Vec<&String> = callable.iter().filter(|name| !listed.contains(name.as_str())).collect();
        assert!(missing.iter().all(|name| GRAMMAR.contains(&name.as_str())), "{missing:?}");
        let lines = include_str!("functions.txt").lines().filter(|line| !line.starts_with('#'));
        for name in lines.filter_map(|line| line.split(' ').next()) {
            assert!(callable.contains(name), "{name} is listed");
        }
    }

    #[test]
    fn no_two_functions_share_an_oid() {
        let mut seen = HashSet::new();
        for procedure in ALL.iter() {
            assert!(seen.insert(procedure.oid), "{} has the OID {}", procedure.name, procedure.oid);
        }
    }
}
