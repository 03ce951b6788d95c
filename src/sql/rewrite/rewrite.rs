//! Turns what psql, drivers and tools send into what the planner takes, before anything else looks at a statement.
//!
//! Only shapes change, never meaning: set-returning functions get `unnest` around them; `ARRAY(SELECT …)` becomes
//! `array_agg`; `OPERATOR(pg_catalog.~)` becomes `~`. A SELECT from a catalog that is always empty yields no row, so what it
//! computes of rows is not planned. `expressions` holds the rules of single expressions, `recognise` the whole queries that
//! are answered in another way.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    DataType, Expr, FunctionArg, FunctionArguments, Ident, JoinOperator, ObjectName, ObjectNamePart, Query, Select,
    SelectItem, SetExpr, Spanned, Statement, TableAlias, TableAliasColumnDef, TableFactor, TableWithJoins,
    Value as Literal, VisitMut, VisitorMut,
};

use crate::sql::functions::{EXPAND_ARRAY, REGEXP_MATCHES};
use crate::sql::parse::names::{column_name, last_part};
use crate::sql::parse::operators::call;
use crate::sql::parse::parse::parse;
use crate::sql::parse::trees::number_of;
use crate::sql::parse::visit::{change_expressions, visit_mut};
use crate::sql::rewrite::composites::composites;
use crate::sql::rewrite::expressions;
use crate::sql::rewrite::recognise::recognise;
use crate::sql::rewrite::record_functions::record_function;

/// Catalogs that no row is ever in: this server has nothing of the kind.
const EMPTY: &[&str] = &[
    "pg_auth_members",
    "pg_db_role_setting",
    "pg_default_acl",
    "pg_enum",
    "pg_event_trigger",
    "pg_foreign_data_wrapper",
    "pg_foreign_server",
    "pg_foreign_table",
    "pg_inherits",
    "pg_partitioned_table",
    "pg_policy",
    "pg_publication",
    "pg_publication_namespace",
    "pg_publication_rel",
    "pg_statistic_ext",
    "pg_subscription",
    "pg_trigger",
];

/// Functions that return sets, as their counterparts here return lists.
pub const SET_FUNCTIONS: &[&str] = &[
    EXPAND_ARRAY,
    "generate_series",
    "generate_subscripts",
    "json_array_elements",
    "json_array_elements_text",
    "json_object_keys",
    "jsonb_array_elements",
    "jsonb_array_elements_text",
    "jsonb_path_query",
    "jsonb_path_query_tz",
    "jsonb_object_keys",
    "pg_listening_channels",
    "pg_partition_ancestors",
    REGEXP_MATCHES,
    "regexp_split_to_table",
    "string_to_table",
];

/// Functions that return rows of several columns: each column with the function here that returns the list of its values.
const RECORD_SETS: &[(&str, &[(&str, &str)])] = &[
    ("json_each", &[("key", "jsonb_object_keys"), ("value", "json_object_values")]),
    ("json_each_text", &[("key", "jsonb_object_keys"), ("value", "json_object_values_text")]),
    ("jsonb_each", &[("key", "jsonb_object_keys"), ("value", "jsonb_object_values")]),
    ("jsonb_each_text", &[("key", "jsonb_object_keys"), ("value", "jsonb_object_values_text")]),
    (
        "pg_get_sequence_data",
        &[("last_value", "$sequence_value"), ("is_called", "$sequence_is_called"), ("page_lsn", "$sequence_page")],
    ),
    ("pg_options_to_table", &[("option_name", "$option_names"), ("option_value", "$option_values")]),
];

/// The columns of what a function returns, where its rows have several: each with the function of the list of its values.
pub fn record_columns(function: &str) -> Option<&'static [(&'static str, &'static str)]> {
    RECORD_SETS.iter().find(|(name, _)| *name == function).map(|(_, columns)| *columns)
}

/// Rewrites a statement or a query in place.
pub fn rewrite<T: VisitMut>(statement: &mut T) {
    let walked = visit_mut(statement, &mut Rewriter::default());
    debug_assert!(walked.is_continue());
}

#[derive(Default)]
struct Rewriter {
    /// In how many subqueries that are values, and statements that write, the walk is: what they select is shown to nobody.
    unseen: usize,
}

/// Whether the rows of a query in an expression are values of it.
fn is_value(expr: &Expr) -> bool {
    matches!(expr, Expr::Subquery(_) | Expr::InSubquery { .. })
}

impl VisitorMut for Rewriter {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &mut Statement) -> ControlFlow<()> {
        self.unseen += usize::from(matches!(statement, Statement::Insert(_)));
        ControlFlow::Continue(())
    }

    fn post_visit_statement(&mut self, statement: &mut Statement) -> ControlFlow<()> {
        self.unseen -= usize::from(matches!(statement, Statement::Insert(_)));
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if let Some(other) = recognise(query) {
            *query = other;
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        if reads_nothing(select) {
            drop_computations(select);
        }
        series_of_nothing(select);
        composites(select);
        for item in &mut select.projection {
            project(item, self.unseen == 0);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        expressions::keep_rows(expr);
        if let Expr::Exists { subquery, .. } = expr {
            with_a_column(&mut subquery.body);
        }
        self.unseen += usize::from(is_value(expr));
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        self.unseen -= usize::from(is_value(expr));
        expressions::rewrite(expr);
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        match has_ordinality(factor) {
            true => number_rows(factor),
            false => table_function(factor),
        }
        ControlFlow::Continue(())
    }
}

/// A result column: sets are unnested; the column keeps its name, and one that is shown is a name where its value is called by one.
fn project(item: &mut SelectItem, is_seen: bool) {
    let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else { return };
    let name = column_name(expr);
    let mut changed = expressions::changes_name(expr);
    change_expressions(expr, |part| changed |= unnest_set(part));
    if is_seen {
        changed |= expressions::shown_name(expr);
        show_value(expr);
    }
    if let (true, SelectItem::UnnamedExpr(expr)) = (changed, &*item) {
        *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: Ident::with_quote('"', name) };
    }
}

/// What a subquery selects is seen where it is itself a result column.
fn show_value(expr: &mut Expr) {
    if let Expr::Subquery(query) = expr
        && let SetExpr::Select(select) = query.body.as_mut()
    {
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
                expressions::shown_name(expr);
            }
        }
    }
}

/// `f(x)` becomes `unnest(f(x))` where f returns a set.
fn unnest_set(expr: &mut Expr) -> bool {
    let Expr::Function(function) = expr else { return false };
    let Some(name) = last_part(&function.name) else { return false };
    if name == "unnest"
        && let [Expr::Function(inner)] = expressions::arguments(function).as_slice()
        && last_part(&inner.name).as_deref() == Some("unnest")
    {
        // What is unnested was a set-returning function itself.
        *expr = Expr::Function(inner.clone());
        return false;
    }
    if !SET_FUNCTIONS.contains(&name.as_str()) {
        return false;
    }
    let set = call("unnest", vec![Expr::Function(function.clone())]);
    *expr = match name.as_str() {
        "json_array_elements" => expressions::as_type(set, DataType::JSON),
        "jsonb_array_elements" => expressions::as_type(set, DataType::JSONB),
        _ => set,
    };
    true
}

/// Whether a series is known before the statement runs: then it is made row by row, however long it is.
fn is_constant_series(function: &str, arguments: &[Expr]) -> bool {
    let is_number = |expr: &Expr| number_of(expr).is_some_and(|(digits, _)| digits.parse::<i64>().is_ok());
    function == "generate_series" && matches!(arguments.len(), 2 | 3) && arguments.iter().all(is_number)
}

/// `SELECT generate_series(1, 9)` becomes `SELECT generate_series FROM generate_series(1, 9)`, whose rows need no list.
fn series_of_nothing(select: &mut Select) {
    if let ([SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }], []) =
        (select.projection.as_mut_slice(), select.from.as_slice())
        && let Expr::Function(function) = &*expr
        && let Some(name) = last_part(&function.name)
        && let FunctionArguments::List(list) = &function.args
        && is_constant_series(&name, &expressions::arguments(function))
    {
        let relation = TableFactor::Function {
            lateral: false,
            name: function.name.clone(),
            args: list.args.clone(),
            with_ordinality: false,
            alias: None,
        };
        *expr = Expr::Identifier(Ident::new(name));
        select.from.push(TableWithJoins { relation, joins: Vec::new() });
    }
}

/// Gives a query whose rows alone matter a column: the planner wants one.
fn with_a_column(body: &mut SetExpr) {
    match body {
        SetExpr::Select(select) if select.projection.is_empty() => {
            select.projection.push(SelectItem::UnnamedExpr(Expr::value(Literal::Number("1".to_string(), false))));
        }
        SetExpr::Query(query) => with_a_column(&mut query.body),
        SetExpr::SetOperation { left, right, .. } => {
            with_a_column(left);
            with_a_column(right);
        }
        _ => {}
    }
}

fn has_ordinality(factor: &TableFactor) -> bool {
    matches!(
        factor,
        TableFactor::Table { with_ordinality: true, args: Some(_), .. }
            | TableFactor::Function { with_ordinality: true, .. }
            | TableFactor::UNNEST { with_ordinality: true, .. }
    )
}

/// `f(x) WITH ORDINALITY AS y` becomes `LATERAL (SELECT y.*, row_number() OVER () AS ordinality FROM f(x) AS y) AS y`: the rows
/// of a function come in order.
fn number_rows(factor: &mut TableFactor) {
    let (function, given) = match factor {
        TableFactor::Table { name, alias, with_ordinality, .. }
        | TableFactor::Function { name, alias, with_ordinality, .. } => {
            *with_ordinality = false;
            (last_part(name), alias)
        }
        TableFactor::UNNEST { alias, with_ordinality, .. } => {
            *with_ordinality = false;
            (Some("unnest".to_string()), alias)
        }
        _ => return,
    };
    let alias = given.take().unwrap_or_else(|| table_alias(&function.unwrap_or_default()));
    *given = Some(TableAlias { columns: Vec::new(), ..alias.clone() });
    table_function(factor);
    let Some(Statement::Query(mut query)) =
        parse("SELECT *, row_number() OVER () AS ordinality").ok().and_then(|parsed| parsed.statement)
    else {
        return;
    };
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.from = vec![TableWithJoins { relation: factor.clone(), joins: Vec::new() }];
    }
    *factor = TableFactor::Derived { lateral: true, subquery: query, alias: Some(alias), sample: None };
}

/// A function in FROM becomes UNNEST of the list that it returns here.
fn table_function(factor: &mut TableFactor) {
    let (name, args, alias) = match factor {
        TableFactor::Table { name, args: Some(args), alias, with_ordinality: false, .. } => {
            (name.clone(), args.args.clone(), alias.take())
        }
        TableFactor::Function { name, args, alias, with_ordinality: false, .. } => {
            (name.clone(), args.clone(), alias.take())
        }
        _ => return,
    };
    let Some(function) = last_part(&name) else { return };
    let arguments: Vec<Expr> = args.iter().filter_map(expressions::argument).cloned().collect();
    if let Some(records) = record_function(&function, &arguments, alias.as_ref()) {
        *factor = records;
        return;
    }
    let lists = match function.as_str() {
        series if is_constant_series(series, &arguments) => {
            restore(factor, &name, &function, args, alias);
            return;
        }
        set if let Some(columns) = record_columns(set) => {
            columns.iter().map(|(_, list)| call(list, arguments.clone())).collect()
        }
        "unnest" => arguments,
        // Its rows have two columns.
        set if SET_FUNCTIONS.contains(&set) && set != EXPAND_ARRAY => {
            let list = call(set, arguments);
            let form = if let Expr::Function(function) = &list { expressions::renamed(function) } else { None };
            vec![form.unwrap_or(list)]
        }
        _ => {
            restore(factor, &name, &function, args, alias);
            return;
        }
    };
    let mut alias = alias.unwrap_or_else(|| table_alias(&function));
    if alias.columns.len() < lists.len() {
        let names: Vec<String> = match (lists.len(), function.as_str()) {
            (_, set) if let Some(columns) = record_columns(set) => {
                columns.iter().map(|(column, _)| (*column).to_string()).collect()
            }
            (1, set) if set.contains("array_elements") => vec!["value".to_string()],
            (1, _) => vec![alias.name.value.clone()],
            (count, _) => vec![function.clone(); count],
        };
        let given = alias.columns.len();
        alias.columns.extend(names.into_iter().skip(given).map(|name| column(&name)));
    }
    *factor = TableFactor::UNNEST {
        alias: Some(alias),
        array_exprs: lists,
        with_offset: false,
        with_offset_alias: None,
        with_ordinality: false,
    };
}

/// Puts a function that is none of ours back, without the schema before its name.
fn restore(
    factor: &mut TableFactor,
    written: &ObjectName,
    function: &str,
    args: Vec<FunctionArg>,
    kept: Option<TableAlias>,
) {
    let bare = ObjectName(vec![ObjectNamePart::Identifier(Ident::with_span(written.span(), function))]);
    match factor {
        TableFactor::Table { name, args: Some(slot), alias, .. } => {
            *name = bare;
            slot.args = args;
            *alias = kept;
        }
        TableFactor::Function { name, args: slot, alias, .. } => {
            *name = bare;
            *slot = args;
            *alias = kept;
        }
        _ => {}
    }
}

fn column(name: &str) -> TableAliasColumnDef {
    TableAliasColumnDef { name: Ident::with_quote('"', name), data_type: None }
}

fn table_alias(name: &str) -> TableAlias {
    TableAlias { explicit: true, name: Ident::with_quote('"', name), columns: Vec::new(), at: None }
}

/// Whether a catalog that is always empty is joined in such a way that there is no row at all.
fn reads_nothing(select: &Select) -> bool {
    if expressions::has_aggregate(select) {
        return false;
    }
    select.from.iter().any(|TableWithJoins { relation, joins }| {
        let outer = joins.iter().any(|join| {
            matches!(
                join.join_operator,
                JoinOperator::Right(_)
                    | JoinOperator::RightOuter(_)
                    | JoinOperator::FullOuter(_)
                    | JoinOperator::RightSemi(_)
                    | JoinOperator::RightAnti(_)
            )
        });
        let inner = joins.iter().filter(|join| {
            matches!(join.join_operator, JoinOperator::Join(_) | JoinOperator::Inner(_) | JoinOperator::CrossJoin(_))
        });
        !outer && (is_empty_catalog(relation) || inner.map(|join| &join.relation).any(is_empty_catalog))
    })
}

fn is_empty_catalog(factor: &TableFactor) -> bool {
    let TableFactor::Table { name, args: None, .. } = factor else { return false };
    let schema_fits = match name.0.as_slice() {
        [ObjectNamePart::Identifier(schema), _] => schema.value.eq_ignore_ascii_case("pg_catalog"),
        [_] => true,
        _ => false,
    };
    schema_fits && last_part(name).is_some_and(|name| EMPTY.contains(&name.as_str()))
}

/// Replaces what would be computed of rows by NULL where that is more than a column or a plain call.
fn drop_computations(select: &mut Select) {
    for item in &mut select.projection {
        let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else { continue };
        if !expressions::has_subquery(expr) {
            continue;
        }
        let name = column_name(expr);
        *expr = Expr::Value(Literal::Null.into());
        if let SelectItem::UnnamedExpr(expr) = &*item {
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: Ident::with_quote('"', name) };
        }
    }
    if select.selection.as_ref().is_some_and(expressions::has_subquery) {
        select.selection = Some(Expr::Value(Literal::Boolean(false).into()));
    }
}

/// The plain SELECT of a query without set operations.
pub fn plain_select(query: &mut Query) -> Option<&mut Select> {
    match query.body.as_mut() {
        SetExpr::Select(select) if query.with.is_none() => Some(select),
        _ => None,
    }
}
