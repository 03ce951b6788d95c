//! Columns of what a function returns, in a select list: `SELECT (jsonb_each(x)).*, a FROM t` becomes `SELECT e.key, e.value, a FROM t,
//! LATERAL jsonb_each(x) AS e`; `(jsonb_each(x)).key` is one of its columns.

use datafusion::sql::sqlparser::ast::{
    AccessExpr, Expr, Function, FunctionArguments, GroupByExpr, Select, SelectItem, TableAlias, TableAliasColumnDef,
    TableFactor, TableWithJoins,
};

use crate::sql::parse::names::{exact, folded, last_part};
use crate::sql::parse::spellings::COLUMNS;
use crate::sql::parse::visit::{change_expressions, has_expression};
use crate::sql::rewrite::expressions;
use crate::sql::rewrite::rewrite::record_columns;

/// The relation that the function becomes.
const RELATION: &str = "$composite";

/// Takes the function out of a select list that names columns of what one returns. A second one stays, as do those of groups:
/// their rows are not those of a join.
pub fn composites(select: &mut Select) {
    let is_column = |part: &Expr| column_of(part).is_some() || all_of(part).is_some();
    if !select.projection.iter().any(|item| has_expression(item, is_column)) {
        return;
    }
    let Some(function) = only_function(select) else { return };
    let Some(names) = last_part(&function.name).as_deref().and_then(columns_of) else { return };
    let mut items = Vec::with_capacity(select.projection.len());
    for mut item in std::mem::take(&mut select.projection) {
        if let SelectItem::UnnamedExpr(expr) = &item
            && all_of(expr).is_some()
        {
            items.extend(names.iter().map(|name| shown(field(name), name)));
            continue;
        }
        if let SelectItem::UnnamedExpr(expr) = &item
            && let Some((_, name)) = column_of(expr)
        {
            item = shown(expr.clone(), &name);
        }
        change_expressions(&mut item, |part| {
            if let Some((_, name)) = column_of(part).filter(|(_, name)| names.contains(&name.as_str())) {
                *part = field(&name);
            }
        });
        items.push(item);
    }
    select.projection = items;
    select.from.push(TableWithJoins { relation: relation(&function, &names), joins: Vec::new() });
}

/// The columns of what such a function returns.
fn columns_of(function: &str) -> Option<Vec<&'static str>> {
    if function == "pg_input_error_info" {
        return Some(vec!["message", "detail", "hint", "sql_error_code"]);
    }
    Some(record_columns(function)?.iter().map(|(column, _)| *column).collect())
}

/// The one function of which columns are shown; `None` where there are others, where `*` would show them too, and for groups.
fn only_function(select: &Select) -> Option<Function> {
    let is_grouped = !matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if keys.is_empty())
        || select.having.is_some()
        || expressions::has_aggregate(select);
    let mut shows_all = select.projection.iter().map(|item| matches!(item, SelectItem::Wildcard(_)));
    if is_grouped || shows_all.any(|shows| shows) {
        return None;
    }
    let mut found: Option<Function> = None;
    let differs = |part: &Expr| {
        let Some(function) = column_of(part).map(|(function, _)| function).or_else(|| all_of(part)) else {
            return false;
        };
        match &found {
            Some(first) => first.to_string() != function.to_string(),
            None => {
                found = Some(function.clone());
                false
            }
        }
    };
    if has_expression(&select.projection, differs) { None } else { found }
}

/// The function of `f(x)` in parentheses.
fn called(expr: &Expr) -> Option<&Function> {
    match expr {
        Expr::Nested(inner) => called(inner),
        Expr::Function(function) => Some(function),
        _ => None,
    }
}

/// The function and the column of `(f(x)).a`.
fn column_of(expr: &Expr) -> Option<(&Function, String)> {
    let Expr::CompoundFieldAccess { root, access_chain } = expr else { return None };
    let (Expr::Nested(inner), [AccessExpr::Dot(Expr::Identifier(name))]) = (root.as_ref(), access_chain.as_slice())
    else {
        return None;
    };
    let function = called(inner)?;
    columns_of(&last_part(&function.name)?).map(|_| (function, folded(name)))
}

/// The function of `(f(x)).*`.
fn all_of(expr: &Expr) -> Option<&Function> {
    let Expr::Function(marker) = expr else { return None };
    if last_part(&marker.name).as_deref() != Some(COLUMNS) {
        return None;
    }
    let FunctionArguments::List(list) = &marker.args else { return None };
    let [argument] = list.args.as_slice() else { return None };
    called(expressions::argument(argument)?)
}

fn field(name: &str) -> Expr {
    Expr::CompoundIdentifier(vec![exact(RELATION), exact(hidden(name))])
}

/// What a column is called in the relation, so that no other is taken for it.
fn hidden(name: &str) -> String {
    format!("${name}")
}

fn shown(expr: Expr, name: &str) -> SelectItem {
    SelectItem::ExprWithAlias { expr, alias: exact(name) }
}

fn relation(function: &Function, names: &[&str]) -> TableFactor {
    let args = match &function.args {
        FunctionArguments::List(list) => list.args.clone(),
        _ => Vec::new(),
    };
    let columns = names.iter().map(|name| TableAliasColumnDef { name: exact(hidden(name)), data_type: None });
    let alias = TableAlias { explicit: true, name: exact(RELATION), columns: columns.collect(), at: None };
    TableFactor::Function {
        lateral: true,
        name: function.name.clone(),
        args,
        with_ordinality: false,
        alias: Some(alias),
    }
}
