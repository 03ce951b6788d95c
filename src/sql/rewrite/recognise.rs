//! A query that a driver sends word for word and the planner cannot run, in whose place goes one that gives the same; and
//! queries that are commands.
//!
//! The query is asyncpg's, which follows types to those that they are made of. It asks for the base type of each by a recursive query
//! that refers to the outer one, which no join here expresses: with that it can go.

use datafusion::sql::sqlparser::ast::{Expr, Query, SelectItem, SetExpr, Statement, Value as Literal};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

use crate::sql::parse::names::last_part;
use crate::sql::rewrite::expressions;
use crate::statement::SettingCall;

/// The name asyncpg gives the recursive query by which it learns of types.
const ASYNCPG_TYPES: &str = "typeinfo_tree";
/// Columns that it has in every version of asyncpg.
const ASYNCPG_COLUMNS: [&str; 9] =
    ["oid", "ns", "name", "kind", "elemtype", "range_subtype", "attrtypoids", "attrnames", "depth"];

/// The query to run instead, for one that is known.
pub fn recognise(query: &Query) -> Option<Query> {
    let with = query.with.as_ref().filter(|with| with.recursive)?;
    let [tree] = with.cte_tables.as_slice() else { return None };
    if tree.alias.name.value != ASYNCPG_TYPES {
        return None;
    }
    let columns: Vec<String> = tree.alias.columns.iter().map(|column| column.name.value.clone()).collect();
    if !ASYNCPG_COLUMNS.iter().all(|wanted| columns.iter().any(|column| column == wanted)) {
        return None;
    }
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let named = select.projection.iter().filter_map(|item| match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
        _ => None,
    });
    parse(&type_query(&columns.into_iter().chain(named).collect::<Vec<_>>())?)
}

/// The types asked for, the elements of those that are arrays and what ranges among them are of, each before what is made of it. There
/// are no domains or composite types to follow further.
fn type_query(columns: &[String]) -> Option<String> {
    let mut list = Vec::with_capacity(columns.len());
    for column in columns {
        let expression = match column.as_str() {
            "oid" => "t.oid",
            "ns" => "n.nspname",
            "name" => "t.typname",
            "kind" => "t.typtype",
            "elemtype" => "t.typelem",
            "elemdelim" => "e.typdelim",
            "elem_has_bin_input" | "elem_has_bin_output" => "true",
            "basetype" => "CAST(NULL AS oid)",
            "range_subtype" => "coalesce(o.rngsubtype, m.rngsubtype)",
            "attrtypoids" => "CAST(NULL AS oid[])",
            "attrnames" => "CAST(NULL AS text[])",
            "depth" => "CASE WHEN t.typelem = 0 THEN 1 ELSE 0 END",
            "basetype_name" => "CAST(NULL AS text)",
            "range_subtype_name" => {
                "CASE WHEN t.typtype IN ('r', 'm') THEN regtype_out(coalesce(o.rngsubtype, m.rngsubtype)) END"
            }
            "elemtype_name" => "CASE WHEN t.typelem = 0 THEN NULL ELSE regtype_out(t.typelem) END",
            _ => return None,
        };
        list.push(format!("{expression} AS {column}"));
    }
    Some(format!(
        "SELECT {} FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
         LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem \
         LEFT JOIN pg_catalog.pg_range o ON o.rngtypid = t.oid \
         LEFT JOIN pg_catalog.pg_range m ON m.rngmultitypid = t.oid \
         WHERE t.oid = ANY($1::oid[]) \
         OR t.oid IN (SELECT a.typelem FROM pg_catalog.pg_type a WHERE a.oid = ANY($1::oid[])) \
         OR t.oid IN (SELECT r.rngsubtype FROM pg_catalog.pg_range r JOIN pg_catalog.pg_type a \
         ON a.oid IN (r.rngtypid, r.rngmultitypid) OR a.typelem IN (r.rngtypid, r.rngmultitypid) \
         WHERE a.oid = ANY($1::oid[])) \
         ORDER BY CASE WHEN t.typtype IN ('r', 'm') THEN 1 ELSE t.typelem END",
        list.join(", ")
    ))
}

fn parse(text: &str) -> Option<Query> {
    match Parser::parse_sql(&PostgreSqlDialect {}, text).ok()?.into_iter().next()? {
        Statement::Query(query) => Some(*query),
        _ => None,
    }
}

/// The calls of a SELECT without tables that consists of `set_config` and `current_setting` with constants, as drivers and
/// dump programs send it; `None` for any other query, and for one that changes nothing.
pub fn setting_calls(query: &Query) -> Option<Vec<SettingCall>> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    if !select.from.is_empty() || select.selection.is_some() || query.with.is_some() {
        return None;
    }
    let calls = select.projection.iter().map(setting_call).collect::<Option<Vec<_>>>()?;
    calls.iter().any(|call| call.change.is_some()).then_some(calls)
}

fn setting_call(item: &SelectItem) -> Option<SettingCall> {
    let (function, alias) = match item {
        SelectItem::UnnamedExpr(Expr::Function(function)) => (function, None),
        SelectItem::ExprWithAlias { expr: Expr::Function(function), alias } => (function, Some(alias.value.clone())),
        _ => return None,
    };
    let called = last_part(&function.name)?;
    let arguments = expressions::arguments(function);
    let literal = |position: usize| match arguments.get(position) {
        Some(Expr::Value(value)) => Some(&value.value),
        _ => None,
    };
    let Literal::SingleQuotedString(name) = literal(0)? else { return None };
    let change = match (called.as_str(), literal(1), literal(2)) {
        ("current_setting", None, None) => None,
        ("set_config", Some(Literal::SingleQuotedString(value)), Some(Literal::Boolean(local))) => {
            Some((value.clone(), *local))
        }
        _ => return None,
    };
    Some(SettingCall { name: name.clone(), change, column: alias.unwrap_or(called) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_query_of_asyncpg_is_known_by_its_name_and_columns() {
        let query = parse(
            "WITH RECURSIVE typeinfo_tree(oid, ns, name, kind, elemtype, range_subtype, attrtypoids, attrnames, depth) AS \
             (SELECT 1, 'a', 'b', 'c', 0, 0, NULL, NULL, 0) SELECT DISTINCT *, elemtype::regtype::text AS elemtype_name FROM typeinfo_tree ORDER BY depth DESC",
        );
        let other = recognise(&query.unwrap()).unwrap().to_string();
        assert!(other.contains("AS elemtype_name") && other.contains("ORDER BY CASE WHEN t.typtype"), "{other}");
        let own = "WITH RECURSIVE typeinfo_tree(oid, depth) AS (SELECT 1, 0) SELECT oid FROM typeinfo_tree";
        assert!(recognise(&parse(own).unwrap()).is_none());
        assert!(recognise(&parse("WITH RECURSIVE t(a) AS (SELECT 1) SELECT * FROM t").unwrap()).is_none());
    }

    #[test]
    fn set_config_with_constants_is_a_command() {
        let query = parse("SELECT pg_catalog.set_config('search_path', '', false)").unwrap();
        let call = |name: &str, change: Option<(&str, bool)>, column: &str| SettingCall {
            name: name.to_string(),
            change: change.map(|(value, local)| (value.to_string(), local)),
            column: column.to_string(),
        };
        assert_eq!(setting_calls(&query), Some(vec![call("search_path", Some(("", false)), "set_config")]));
        let query = parse("SELECT current_setting('jit') AS cur, set_config('jit', 'off', false) AS new").unwrap();
        assert_eq!(
            setting_calls(&query),
            Some(vec![call("jit", None, "cur"), call("jit", Some(("off", false)), "new")])
        );
        assert_eq!(setting_calls(&parse("SELECT current_setting('jit')").unwrap()), None);
    }
}
