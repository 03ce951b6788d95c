//! `SELECT nebulus_sync()` and its siblings, standing alone: found in the tree, arguments planned, run by `session`.

use datafusion::sql::sqlparser::ast::{Expr, GroupByExpr, Query, Select, SelectItem, SetExpr};

use crate::error::{Error, Result};
use crate::sql::analyze::parameter_types::ParameterTypes;
use crate::sql::arrow::context::PlanContext;
use crate::sql::functions::{network_definition, undefined};
use crate::sql::parse::names::{folded, last_part};
use crate::sql::parse::trees::select_of;
use crate::sql::read::read_plan::plan_query;
use crate::sql::rewrite::expressions::arguments;
use crate::sql::write::write_plan::typed_for;
use crate::statement::{NetworkCall, NetworkFunction};

/// Plans a query that is one such call and nothing else; `None` for any other query.
///
/// # Errors
/// 42883 for a number of arguments that the function does not take; what planning the arguments finds.
pub fn plan_network_call(
    query: &Query,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<Option<NetworkCall>> {
    let Some((function, arguments, column)) = recognise(query) else { return Ok(None) };
    let definition = network_definition(function);
    if !definition.takes(arguments.len()) {
        let wanted: Vec<_> = definition.parameters.iter().map(|parameter| parameter.column_type()).collect();
        let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
        return Err(undefined(function.name(), &[]).with_detail(format!(
            "It takes ({}), and was given {} arguments.",
            wanted.join(", "),
            arguments.len()
        )));
    }
    if arguments.is_empty() {
        return Ok(Some(NetworkCall { function, arguments: None, column }));
    }
    let typed = arguments.iter().zip(&definition.parameters);
    let typed = typed.map(|(argument, parameter)| typed_for(argument, &parameter.column_type(), parameters)).collect();
    let plan = plan_query(&select_of(typed)?, parameters, context);
    let plan = plan.map_err(|error| if function.takes_secret() { without_values(&error) } else { error })?;
    Ok(Some(NetworkCall { function, arguments: Some(Box::new(plan)), column }))
}

/// The error without the detail, where values of the statement would stand.
fn without_values(error: &Error) -> Error {
    let plain = Error::new(error.kind(), error.message());
    match error.position() {
        Some(position) => plain.with_position(position),
        None => plain,
    }
}

fn recognise(query: &Query) -> Option<(NetworkFunction, Vec<Expr>, String)> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    if query.with.is_some() || query.order_by.is_some() || query.limit_clause.is_some() || !is_bare(select) {
        return None;
    }
    let (call, alias) = match select.projection.as_slice() {
        [SelectItem::UnnamedExpr(Expr::Function(call))] => (call, None),
        [SelectItem::ExprWithAlias { expr: Expr::Function(call), alias }] => (call, Some(folded(alias))),
        _ => return None,
    };
    let name = last_part(&call.name)?;
    let function = NetworkFunction::ALL.into_iter().find(|function| function.name() == name)?;
    Some((function, arguments(call), alias.unwrap_or(name)))
}

/// A SELECT without anything but its list.
fn is_bare(select: &Select) -> bool {
    let is_grouped = !matches!(&select.group_by, GroupByExpr::Expressions(list, _) if list.is_empty());
    select.from.is_empty()
        && select.selection.is_none()
        && select.having.is_none()
        && select.distinct.is_none()
        && !is_grouped
}
