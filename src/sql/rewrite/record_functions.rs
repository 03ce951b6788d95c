//! Functions in FROM whose columns the statement itself describes: `json_to_record(j) AS x(a int, b text)`, and the rows of
//! `json_to_recordset` (PostgreSQL's documentation, section 9.16). Each column is the member of its name, cast to its type.

use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, Expr, Ident, Query, SelectItem, SetExpr, Statement, TableAlias, TableAliasColumnDef,
    TableFactor, TableWithJoins, Value as Literal,
};

use crate::sql::functions::JSON_ARRAY_TEXT;
use crate::sql::parse::names::{exact, folded};
use crate::sql::parse::operators::call;
use crate::sql::parse::parse::parse;

/// The JSON that the columns are of.
const JSON: &str = "$json";

/// The subquery that such a function is; `None` for another function, and where no column has a type.
pub fn record_function(function: &str, arguments: &[Expr], alias: Option<&TableAlias>) -> Option<TableFactor> {
    let (kind, is_many) = match function {
        "json_to_record" => ("json", false),
        "jsonb_to_record" => ("jsonb", false),
        "json_to_recordset" => ("json", true),
        "jsonb_to_recordset" => ("jsonb", true),
        _ => return None,
    };
    let ([argument], Some(alias)) = (arguments, alias) else { return None };
    let columns: Option<Vec<(&Ident, &DataType)>> =
        alias.columns.iter().map(|column| Some((&column.name, column.data_type.as_ref()?))).collect();
    let columns = columns.filter(|columns| !columns.is_empty())?;
    let json = cast(argument.clone(), if kind == "json" { DataType::JSON } else { DataType::JSONB });
    let source = if is_many {
        TableFactor::UNNEST {
            alias: Some(alias_of("$rows", &[JSON])),
            array_exprs: vec![call(
                &format!("{kind}_array_elements"),
                vec![call(&format!("${kind}_recordset"), vec![json])],
            )],
            with_offset: false,
            with_offset_alias: None,
            with_ordinality: false,
        }
    } else {
        let item = SelectItem::ExprWithAlias { expr: json, alias: exact(JSON) };
        let subquery = select(vec![item], Vec::new())?;
        TableFactor::Derived { lateral: true, subquery, alias: Some(alias_of("$rows", &[])), sample: None }
    };
    let items = columns.into_iter().map(|(name, data_type)| SelectItem::ExprWithAlias {
        expr: member((kind, is_many), &folded(name), data_type),
        alias: name.clone(),
    });
    let from = vec![TableWithJoins { relation: source, joins: Vec::new() }];
    let subquery = select(items.collect(), from)?;
    let alias = TableAlias { columns: Vec::new(), ..alias.clone() };
    Some(TableFactor::Derived { lateral: true, subquery, alias: Some(alias), sample: None })
}

/// The member of a name as a value of a type.
fn member((kind, is_many): (&str, bool), name: &str, data_type: &DataType) -> Expr {
    let field = |suffix: &str| {
        let name = Expr::value(Literal::SingleQuotedString(name.to_string()));
        let of_many = Expr::value(Literal::Boolean(is_many));
        let record = call(&format!("${kind}_record"), vec![Expr::Identifier(exact(JSON)), of_many]);
        call(&format!("{kind}_object_field{suffix}"), vec![record, name])
    };
    let text = data_type.to_string().to_ascii_lowercase();
    let element = text.strip_prefix('_').or_else(|| text.split_once('[').map(|(element, _)| element));
    let is_json = |name: &str| matches!(name, "json" | "jsonb");
    let value = match element {
        Some(element) => {
            let stays_json = Expr::value(Literal::Boolean(is_json(element)));
            call(JSON_ARRAY_TEXT, vec![field(""), stays_json])
        }
        None if is_json(&text) => field(""),
        None => field("_text"),
    };
    cast(value, data_type.clone())
}

fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None }
}

fn alias_of(name: &str, columns: &[&str]) -> TableAlias {
    let column = |name: &&str| TableAliasColumnDef { name: exact(*name), data_type: None };
    TableAlias { explicit: true, name: exact(name), columns: columns.iter().map(column).collect(), at: None }
}

/// A SELECT of these columns from these relations.
fn select(projection: Vec<SelectItem>, from: Vec<TableWithJoins>) -> Option<Box<Query>> {
    let Some(Statement::Query(mut query)) = parse("SELECT 1").ok()?.statement else { return None };
    let SetExpr::Select(select) = query.body.as_mut() else { return None };
    select.projection = projection;
    select.from = from;
    Some(query)
}
