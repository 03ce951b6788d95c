//! Forms of queries that others say as well: FETCH FIRST … WITH TIES, TABLESAMPLE, TABLE.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Fetch, LimitClause, ObjectName, OrderBy, OrderByExpr, OrderByKind, OrderByOptions, Query,
    SelectItem, SetExpr, Statement, TableAlias, TableFactor, TableSample, TableSampleKind, TableSampleMethod,
    TableWithJoins, Value as Literal, WildcardAdditionalOptions, WindowType,
};

use crate::error::{Error, ErrorKind, Result};
use crate::sql::analyze::analyzer::is_ordinal;
use crate::sql::analyze::binary::binary;
use crate::sql::analyze::from::table_alias;
use crate::sql::analyze::jsonb::ordinal;
use crate::sql::analyze::scope::column_of;
use crate::sql::parse::names::folded;
use crate::sql::parse::operators::call;
use crate::sql::parse::parse::parse;
use crate::sql::parse::trees::select_of;

/// What the places of rows are called among those of a query whose last row has equals.
pub const PLACES: [&str; 2] = ["$rank", "$place"];
/// The relation of such a query.
const RANKED: &str = "$ranked";

/// Writes `ORDER BY k FETCH FIRST n ROWS WITH TIES` with the ranks of the rows: those stay whose rank is at most `n`.
///
/// # Errors
/// 42601 without ORDER BY, 2201W for a negative count, 0A000 with DISTINCT, and with a count in percent.
pub fn with_ties(query: &mut Query, fetch: Fetch) -> Result<()> {
    if fetch.percent {
        return Err(Error::unsupported("FETCH ... PERCENT is not offered", "Use LIMIT with a count."));
    }
    let Some(OrderBy { kind: OrderByKind::Expressions(order), .. }) = query.order_by.take() else {
        return Err(Error::syntax("WITH TIES cannot be specified without ORDER BY clause", None));
    };
    let count = fetch.quantity.unwrap_or_else(|| Expr::value(Literal::Number("1".to_string(), false)));
    let offset = match query.limit_clause.take() {
        Some(LimitClause::LimitOffset { offset, .. }) => offset.map(|offset| offset.value),
        _ => None,
    };
    let mut inner = Query { with: None, ..query.clone() };
    rank(&mut inner, &order)?;
    let [ranks, places] = PLACES.map(|name| column_of(RANKED, name));
    let last = match &offset {
        Some(offset) => binary(count, BinaryOperator::Plus, Expr::Nested(Box::new(offset.clone()))),
        None => count,
    };
    // No count is no bound.
    let is_within = binary(ranks, BinaryOperator::LtEq, Expr::Nested(Box::new(last)));
    let mut condition = call("coalesce", vec![is_within, Expr::value(Literal::Boolean(true))]);
    if let Some(offset) = offset {
        let is_behind = binary(places.clone(), BinaryOperator::Gt, Expr::Nested(Box::new(offset)));
        condition = binary(condition, BinaryOperator::And, is_behind);
    }
    let relation = TableFactor::Derived {
        lateral: false,
        subquery: Box::new(inner),
        alias: Some(table_alias(RANKED)),
        sample: None,
    };
    let mut outer = select_of(Vec::new())?;
    if let SetExpr::Select(select) = outer.body.as_mut() {
        select.projection = vec![SelectItem::Wildcard(WildcardAdditionalOptions::default())];
        select.from = vec![TableWithJoins { relation, joins: Vec::new() }];
        select.selection = Some(condition);
    }
    query.body = outer.body;
    let options = OrderByOptions { asc: Some(true), nulls_first: None };
    let by_place = OrderByExpr { expr: places, options, with_fill: None };
    query.order_by = Some(OrderBy { kind: OrderByKind::Expressions(vec![by_place]), interpolate: None });
    Ok(())
}

/// Adds the ranks and the places of its rows to what a query shows.
fn rank(query: &mut Query, order: &[OrderByExpr]) -> Result<()> {
    if !matches!(query.body.as_ref(), SetExpr::Select(_)) {
        // Its order names result columns only.
        let relation = TableFactor::Derived {
            lateral: false,
            subquery: Box::new(query.clone()),
            alias: Some(table_alias(RANKED)),
            sample: None,
        };
        let mut outer = select_of(Vec::new())?;
        if let SetExpr::Select(select) = outer.body.as_mut() {
            select.projection = vec![SelectItem::Wildcard(WildcardAdditionalOptions::default())];
            select.from = vec![TableWithJoins { relation, joins: Vec::new() }];
        }
        *query = outer;
    }
    let SetExpr::Select(select) = query.body.as_mut() else { return Ok(()) };
    if select.distinct.is_some() {
        return Err(Error::unsupported(
            "FETCH ... WITH TIES with DISTINCT is not offered",
            "Put the DISTINCT into a subquery in FROM.",
        ));
    }
    let has_star = select
        .projection
        .iter()
        .any(|item| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)));
    if has_star && order.iter().any(|item| is_ordinal(&item.expr)) {
        return Err(Error::unsupported(
            "FETCH ... WITH TIES in the order of a place among * is not offered",
            "Name the column in ORDER BY.",
        ));
    }
    let order: Vec<OrderByExpr> =
        order.iter().map(|item| OrderByExpr { expr: meant(&item.expr, &select.projection), ..item.clone() }).collect();
    let [ranks, places] = PLACES;
    let text = format!("SELECT rank() OVER () AS \"{ranks}\", row_number() OVER () AS \"{places}\"");
    let Some(Statement::Query(windows)) = parse(&text)?.statement else {
        return Err(Error::internal("a SELECT is no query"));
    };
    let SetExpr::Select(windows) = *windows.body else { return Err(Error::internal("a SELECT is none")) };
    for mut item in windows.projection {
        if let SelectItem::ExprWithAlias { expr: Expr::Function(function), .. } = &mut item
            && let Some(WindowType::WindowSpec(spec)) = &mut function.over
        {
            spec.order_by.clone_from(&order);
        }
        select.projection.push(item);
    }
    Ok(())
}

/// What an item of ORDER BY means: a result column by its place or its name, or itself.
fn meant(item: &Expr, outputs: &[SelectItem]) -> Expr {
    let found = match item {
        place if is_ordinal(place) => ordinal(place).and_then(|place| outputs.get(place)),
        Expr::Identifier(name) => outputs
            .iter()
            .find(|output| matches!(output, SelectItem::ExprWithAlias { alias, .. } if folded(alias) == folded(name))),
        _ => None,
    };
    match found {
        Some(SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) => expr.clone(),
        _ => item.clone(),
    }
}

/// `t TABLESAMPLE BERNOULLI (p)` as the rows of `t` of which each is taken with that chance. SYSTEM takes rows, too: there are no
/// pages to be taken instead.
///
/// # Errors
/// 42704 for another method, 42601 without a share, 0A000 with REPEATABLE.
pub fn sampled(factor: &mut TableFactor) -> Result<()> {
    let TableFactor::Table { name, alias, sample, .. } = factor else { return Ok(()) };
    let Some(TableSampleKind::BeforeTableAlias(taken) | TableSampleKind::AfterTableAlias(taken)) = sample.take() else {
        return Ok(());
    };
    let TableSample { name: method, quantity, seed, bucket, offset, .. } = *taken;
    match method {
        Some(TableSampleMethod::Bernoulli | TableSampleMethod::System) => {}
        _ => return Err(Error::new(ErrorKind::UndefinedObject, "tablesample method does not exist")),
    }
    let Some(quantity) = quantity.filter(|quantity| quantity.unit.is_none() && bucket.is_none() && offset.is_none())
    else {
        return Err(Error::syntax("TABLESAMPLE takes a share in percent", None));
    };
    if seed.is_some() {
        return Err(Error::unsupported("TABLESAMPLE ... REPEATABLE is not offered", "Leave REPEATABLE out."));
    }
    let chance = binary(
        call("random", Vec::new()),
        BinaryOperator::Multiply,
        Expr::value(Literal::Number("100".to_string(), false)),
    );
    let mut query = whole_table(name)?;
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.selection = Some(binary(chance, BinaryOperator::Lt, Expr::Nested(Box::new(quantity.value))));
    }
    let alias: Option<TableAlias> =
        alias.take().or_else(|| name.0.last()?.as_ident().map(|name| table_alias(&folded(name))));
    *factor = TableFactor::Derived { lateral: false, subquery: Box::new(query), alias, sample: None };
    Ok(())
}

/// `TABLE t`, which is `SELECT * FROM t`.
///
/// # Errors
/// XX000 where a SELECT is no query: a defect.
pub fn whole_table(name: &ObjectName) -> Result<Query> {
    let mut query = select_of(Vec::new())?;
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.projection = vec![SelectItem::Wildcard(WildcardAdditionalOptions::default())];
        let relation = TableFactor::Table {
            name: name.clone(),
            alias: None,
            args: None,
            with_hints: Vec::new(),
            version: None,
            with_ordinality: false,
            partitions: Vec::new(),
            json_path: None,
            sample: None,
            index_hints: Vec::new(),
        };
        select.from = vec![TableWithJoins { relation, joins: Vec::new() }];
    }
    Ok(query)
}
