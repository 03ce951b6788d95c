//! `pg_proc`: every function that a statement may call.
//!
//! What PostgreSQL and pgvector have as well is listed as `registry` has it, each of its forms, but for those whose types this server
//! lacks. The others are this server's, and the planner's, of which the catalog says that they take anything. What PostgreSQL's
//! grammar knows without its catalog is in none of them.

use std::collections::HashSet;
use std::sync::LazyLock;

use datafusion::logical_expr::Volatility;

use crate::expr::Function;
use crate::settings::Settings;
use crate::sql::functions::{self, ORDERED_SETS, RANGE_AGGREGATES, function_types, planner_volatility};
use crate::sql::pg_catalog::names::format_type;
use crate::sql::pg_catalog::oids::{NAMESPACE_CATALOG, NAMESPACE_PUBLIC, OWNER_OID};
use crate::sql::pg_catalog::relation::{CatalogRow, oid, oids, small, text};
use crate::sql::pg_catalog::set_functions;
use crate::sql::pg_catalog::types::input_output_functions;
use crate::sql::registry::{self, AggregateKind, CastEntry, FunctionEntry, FunctionKind};
use crate::sql::relational::engine;
use crate::sql::relational::engine::PlannedFunction;
use crate::sql::rewrite::rewrite::SET_FUNCTIONS;
use crate::types::{ColumnType, Value, quote_identifier};

/// First OID of the functions that PostgreSQL does not have, which follow in order of name.
const FIRST: u32 = 14_000;
/// First OID of the functions of the extension, in `registry`.
const EXTENSION_FIRST: u32 = 13_000;
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
    /// PostgreSQL's own form of it.
    form: Option<&'static FunctionEntry>,
}

static ALL: LazyLock<Vec<Procedure>> = LazyLock::new(all);

/// Functions whose OIDs clients know.
const WELL_KNOWN: [(&str, u32); 4] =
    [("array_in", 750), ("array_out", 751), ("array_recv", 2400), ("array_send", 2401)];

fn all() -> Vec<Procedure> {
    let callable = callable();
    let names: HashSet<&str> = callable.iter().map(|function| function.name.as_str()).collect();
    let of_types = input_output_functions();
    let is_here = |form: &&FunctionEntry| {
        let is_called =
            names.contains(form.name) || cast_of(form).is_some() || of_types.iter().any(|name| name == form.name);
        is_called && form.arguments.iter().chain([&form.result]).all(|ty| registry::is_offered_type(*ty))
    };
    let mut all: Vec<Procedure> = registry::functions().iter().filter(is_here).map(listed).collect();
    let known: HashSet<String> = all.iter().map(|procedure| procedure.name.clone()).collect();
    all.extend(functions::definitions().into_iter().flat_map(own).filter(|own| !known.contains(&own.name)));
    let known: HashSet<String> = all.iter().map(|procedure| procedure.name.clone()).collect();
    let of_types = of_types.into_iter().filter(|name| !known.contains(name));
    all.extend(of_types.map(|name| Procedure {
        is_strict: true,
        returns: ColumnType::Text.oid(),
        ..Procedure::unknown(name, FunctionKind::Scalar)
    }));
    let known: HashSet<String> = all.iter().map(|procedure| procedure.name.clone()).collect();
    let others = callable.into_iter().filter(|function| !known.contains(&function.name));
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
    let of_ranges = RANGE_AGGREGATES.map(|(name, _)| name);
    let sets = SET_FUNCTIONS.iter().copied().chain(set_functions::names()).chain(ORDERED_SETS).chain(of_ranges);
    let sets = sets.map(|name| PlannedFunction {
        name: name.to_string(),
        kind: FunctionKind::Scalar,
        volatility: Volatility::Stable,
    });
    engine::planned_functions().into_iter().chain(sets).collect()
}

/// The cast that a function makes. One of a single argument may be called as well; the others take the modifier of the type.
fn cast_of(form: &FunctionEntry) -> Option<&'static CastEntry> {
    let source = form.arguments.first()?;
    registry::casts()
        .iter()
        .find(|cast| cast.function == form.name && cast.source == *source && cast.target == form.result)
}

/// A form of a function that PostgreSQL has.
fn listed(form: &'static FunctionEntry) -> Procedure {
    Procedure {
        oid: form.oid,
        arguments: form.arguments.clone(),
        returns: form.result,
        variadic: form.variadic,
        volatility: form.volatility,
        is_strict: form.is_strict,
        returns_set: form.returns_set,
        form: Some(form),
        ..Procedure::unknown(form.name.to_string(), form.kind)
    }
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
            form: None,
        }
    }

    /// Functions of vectors come with the extension.
    fn namespace(&self) -> u32 {
        if (EXTENSION_FIRST..FIRST).contains(&self.oid) { NAMESPACE_PUBLIC } else { NAMESPACE_CATALOG }
    }

    /// `prokind`.
    fn letter(&self) -> &'static str {
        match self.kind {
            FunctionKind::Scalar => "f",
            FunctionKind::Aggregate => "a",
            FunctionKind::Window => "w",
        }
    }

    fn row(&self) -> CatalogRow {
        let mut row = vec![
            ("oid", oid(self.oid)),
            ("proname", text(&self.name)),
            ("pronamespace", oid(self.namespace())),
            ("proowner", oid(OWNER_OID)),
            ("prolang", oid(LANGUAGE_INTERNAL)),
            ("procost", Value::Float4(1.0)),
            ("prosupport", text("-")),
            ("provariadic", oid(self.variadic)),
            ("prokind", text(self.letter())),
            ("proisstrict", Value::Bool(self.is_strict)),
            ("proretset", Value::Bool(self.returns_set)),
            ("provolatile", text(self.volatility.to_string())),
            ("proparallel", text("s")),
            ("pronargs", small(self.arguments.len())),
            ("prorettype", oid(self.returns)),
            ("proargtypes", oids(self.arguments.iter().copied())),
            ("prosrc", text(&self.name)),
        ];
        let texts = |list: Vec<Value>| Value::Array(Box::new(ColumnType::Text), list);
        if let Some(form) = self.form {
            row.push(("pronargdefaults", small(form.defaults.len())));
            if !form.names.is_empty() {
                row.push(("proargnames", texts(form.names.iter().map(text).collect())));
            }
            if !form.columns.is_empty() {
                row.push(("proallargtypes", oids(form.arguments.iter().chain(&form.columns).copied())));
                let modes = form.arguments.iter().map(|_| "i").chain(form.columns.iter().map(|_| "o"));
                row.push(("proargmodes", Value::Array(Box::new(ColumnType::CatalogChar), modes.map(text).collect())));
            }
        }
        row
    }
}

pub fn procedures() -> Vec<CatalogRow> {
    ALL.iter().map(Procedure::row).collect()
}

pub fn aggregates() -> Vec<CatalogRow> {
    let aggregates = ALL.iter().filter(|procedure| procedure.kind == FunctionKind::Aggregate);
    let row = |procedure: &Procedure| {
        let kind = match procedure.form.map(|form| form.aggregate) {
            Some(AggregateKind::OrderedSet) => "o",
            Some(AggregateKind::Hypothetical) => "h",
            Some(AggregateKind::Plain) | None => "n",
        };
        let direct = procedure.form.map_or(0, |form| form.direct_arguments);
        vec![
            ("aggfnoid", text(&procedure.name)),
            ("aggkind", text(kind)),
            ("aggnumdirectargs", small(usize::from(direct))),
        ]
    };
    aggregates.map(row).collect()
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

/// The forms of the function of a name.
fn named(name: &str) -> &'static [Procedure] {
    let first = ALL.partition_point(|procedure| procedure.name.as_str() < name);
    let last = ALL.partition_point(|procedure| procedure.name.as_str() <= name);
    ALL.get(first..last).unwrap_or_default()
}

/// The OID of the first function of that name.
pub fn find(name: &str) -> Option<u32> {
    named(name).first().map(|procedure| procedure.oid)
}

/// The OID of the function that makes a cast.
pub fn cast_function(cast: &CastEntry) -> Option<u32> {
    let makes =
        |procedure: &&Procedure| procedure.arguments.first() == Some(&cast.source) && procedure.returns == cast.target;
    named(cast.function).iter().find(makes).map(|procedure| procedure.oid)
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
    Some(procedure.argument_list())
}

impl Procedure {
    /// The arguments as `pg_get_function_arguments` has them: with names, defaults, and the columns of a result.
    fn argument_list(&self) -> String {
        let count = self.arguments.len();
        let names = self.form.map_or(&[][..], |form| form.names.as_slice());
        let defaults = self.form.map_or(&[][..], |form| form.defaults.as_slice());
        let columns = self.form.map_or(&[][..], |form| form.columns.as_slice());
        let first_default = count.saturating_sub(defaults.len());
        let mut list = Vec::new();
        for (position, ty) in self.arguments.iter().chain(columns).enumerate() {
            let mode = if position >= count {
                "OUT "
            } else if self.variadic != 0 && position.saturating_add(1) == count {
                "VARIADIC "
            } else {
                ""
            };
            let name = names.get(position).filter(|name| !name.is_empty());
            let name = name.map_or_else(String::new, |name| format!("{} ", quote_identifier(name)));
            let default = position.checked_sub(first_default).and_then(|place| defaults.get(place));
            let default = default.map_or_else(String::new, |default| format!(" DEFAULT {default}"));
            list.push(format!("{mode}{name}{}{default}", shown(*ty)));
        }
        match self.form {
            Some(form) if form.aggregate != AggregateKind::Plain => {
                let direct = usize::from(form.direct_arguments).min(list.len());
                let ordered = list.split_off(direct).join(", ");
                let direct = list.join(", ");
                // What is ordered is of the types of the direct arguments.
                let ordered = if ordered.is_empty() { direct.clone() } else { ordered };
                format!("{direct} ORDER BY {ordered}").trim_start().to_string()
            }
            _ => list.join(", "),
        }
    }
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
        let of_types = input_output_functions();
        let is_cast = |form: &FunctionEntry| cast_of(form).is_some();
        let uncalled: Vec<&str> = registry::functions()
            .iter()
            .filter(|form| !callable.contains(form.name) && !is_cast(form) && form.oid < EXTENSION_FIRST)
            .filter(|form| !registry::casts().iter().any(|cast| cast.function == form.name))
            .filter(|form| !of_types.iter().any(|name| name == form.name))
            .map(|form| form.name)
            .collect();
        assert!(uncalled.is_empty(), "these are listed and cannot be called: {uncalled:?}");
    }

    /// What PostgreSQL has as well needs a line in `registry/functions.txt`: without one a call is not judged before it is planned,
    /// and the catalog tells this server's types.
    #[test]
    fn functions_without_an_entry_are_known() {
        let names = functions::definitions().into_iter().flat_map(|function| {
            std::iter::once(function.name).chain(function.aliases.iter().copied()).collect::<Vec<_>>()
        });
        let mut without: Vec<&str> =
            names.filter(|name| !name.starts_with('$') && registry::forms(name).is_empty()).collect();
        without.sort_unstable();
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/resolution/without_entry.txt");
        let found = without.join("\n") + "\n";
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, found).unwrap();
        } else {
            let known = std::fs::read_to_string(&path).unwrap();
            assert_eq!(found, known, "add a line to registry/functions.txt, or take it down with UPDATE_GOLDEN=1");
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
