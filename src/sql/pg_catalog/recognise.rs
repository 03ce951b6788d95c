//! Whole queries that drivers send word for word and the planner cannot run; each is replaced by one that gives the same.

use datafusion::sql::sqlparser::ast::{Expr, Query, SelectItem, SetExpr, Statement, Value as Literal};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

use crate::sql::names::last_part;
use crate::sql::pg_catalog::rewrite_expr;

/// The name asyncpg gives the recursive query by which it learns of types.
const ASYNCPG_TYPES: &str = "typeinfo_tree";

/// The query to run instead, for one that is known.
pub fn recognise(query: &Query) -> Option<Query> {
    let with = query.with.as_ref().filter(|with| with.recursive)?;
    let [tree] = with.cte_tables.as_slice() else { return None };
    if tree.alias.name.value != ASYNCPG_TYPES {
        return None;
    }
    let columns: Vec<String> = tree.alias.columns.iter().map(|column| column.name.value.clone()).collect();
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let named = select.projection.iter().filter_map(|item| match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
        _ => None,
    });
    parse(&type_query(&columns.into_iter().chain(named).collect::<Vec<_>>())?)
}

/// The types asked for and the elements of those that are arrays, elements first. There are no domains, ranges or
/// composite types to follow further.
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
            "basetype" | "range_subtype" => "CAST(NULL AS oid)",
            "attrtypoids" => "CAST(NULL AS oid[])",
            "attrnames" => "CAST(NULL AS text[])",
            "depth" => "CASE WHEN t.typelem = 0 THEN 1 ELSE 0 END",
            "basetype_name" | "range_subtype_name" => "CAST(NULL AS text)",
            "elemtype_name" => "CASE WHEN t.typelem = 0 THEN NULL ELSE regtype_out(t.typelem) END",
            _ => return None,
        };
        list.push(format!("{expression} AS {column}"));
    }
    Some(format!(
        "SELECT {} FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
         LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem \
         WHERE t.oid = ANY($1::oid[]) \
         OR t.oid IN (SELECT a.typelem FROM pg_catalog.pg_type a WHERE a.oid = ANY($1::oid[])) \
         ORDER BY t.typelem",
        list.join(", ")
    ))
}

fn parse(text: &str) -> Option<Query> {
    match Parser::parse_sql(&PostgreSqlDialect {}, text).ok()?.into_iter().next()? {
        Statement::Query(query) => Some(*query),
        _ => None,
    }
}

/// `SELECT set_config('name', 'value', is_local)` by itself: name, value, whether it ends with the transaction.
pub fn set_config(query: &Query) -> Option<(String, String, bool)> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let [
        SelectItem::UnnamedExpr(Expr::Function(function))
        | SelectItem::ExprWithAlias { expr: Expr::Function(function), .. },
    ] = select.projection.as_slice()
    else {
        return None;
    };
    if !select.from.is_empty() || last_part(&function.name)? != "set_config" {
        return None;
    }
    let arguments = rewrite_expr::arguments(function);
    let literal = |position: usize| match arguments.get(position) {
        Some(Expr::Value(value)) => Some(&value.value),
        _ => None,
    };
    match (literal(0)?, literal(1)?, literal(2)?) {
        (Literal::SingleQuotedString(name), Literal::SingleQuotedString(value), Literal::Boolean(local)) => {
            Some((name.clone(), value.clone(), *local))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_query_of_asyncpg_is_known_by_its_name() {
        let query = parse(
            "WITH RECURSIVE typeinfo_tree(oid, ns, name, kind, depth) AS (SELECT 1, 'a', 'b', 'c', 0) \
             SELECT DISTINCT *, elemtype::regtype::text AS elemtype_name FROM typeinfo_tree ORDER BY depth DESC",
        );
        let other = recognise(&query.unwrap()).unwrap().to_string();
        assert!(other.contains("AS elemtype_name") && other.contains("ORDER BY t.typelem"), "{other}");
        assert!(recognise(&parse("WITH RECURSIVE t(a) AS (SELECT 1) SELECT * FROM t").unwrap()).is_none());
    }

    #[test]
    fn set_config_alone_is_a_command() {
        let query = parse("SELECT pg_catalog.set_config('search_path', '', false)").unwrap();
        assert_eq!(set_config(&query), Some(("search_path".to_string(), String::new(), false)));
    }
}
