//! The one walk over a query before it is planned: names are resolved, `*` is written out, types are found.
//!
//! In goes the tree as it was parsed; out comes a tree that means the same to every later step, whichever path the query
//! takes: literals of unknown type have become constants of the type that their place wants, pgvector's and JSON's
//! operators are function calls, parts of JSON columns are columns of their own, relations have one-part names. Parameters
//! get the types PostgreSQL would give them, result columns the names. Mistakes in names are found here, with a position.
//!
//! `analyze` walks queries, `set_operations` set operations, `select` and `from` the clauses (`shadowed_names`
//! minds the names of relations, `views` puts the queries of views in their places), `expressions`,
//! `binary`, `components`, `arithmetic`, `casts` and `calls` expressions; `jsonb` compares JSON by
//! value; `literals` makes constants.

use std::collections::{BTreeMap, HashMap};

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, LimitClause, ObjectName, Offset, OffsetRows, OrderByExpr, OrderByKind, Query, SetExpr, Spanned, Table,
    UnaryOperator, Value as Literal,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::{ParameterTypes, no_condition};
use crate::sql::analyze::index_expressions::IndexExpressions;
use crate::sql::analyze::jsonb::ordinal;
use crate::sql::analyze::outer_aggregates::AggregateLevel;
use crate::sql::analyze::query_forms::{whole_table, with_ties};
use crate::sql::analyze::recursion::in_order_of_use;
use crate::sql::analyze::scope::{Relation, Scope, ScopeColumn, WithQuery};
use crate::sql::analyze::set_operations::{has_subquery, union_of_rows};
use crate::sql::analyze::shadowed_names::Shadowed;
use crate::sql::analyze::views::{ViewNotes, ViewWalk};
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::names::{exact, folded};
use crate::sql::parse::parse::character;
use crate::sql::parse::trees::number_of;
use crate::sql::relational::collection_table::StatementTable;
use crate::sql::rewrite::rewrite::rewrite;
use crate::types::{ColumnType, Value};

/// What the walk found.
#[derive(Debug)]
pub struct Analysis {
    pub query: Query,
    /// The result's columns; their types are known where the walk found them.
    pub columns: Vec<ScopeColumn>,
    /// Values of the parameters behind the statement's own.
    pub constants: Vec<(Value, ColumnType)>,
    pub tables: BTreeMap<String, StatementTable>,
    /// No system catalog is read, whose rows are made when the plan is.
    pub is_cacheable: bool,
    /// What the planner calls the queries of WITH.
    pub with_names: Vec<String>,
}

/// Walks a whole query.
///
/// # Errors
/// As [`Analyzer::query`].
pub fn analyze(query: &Query, parameters: &mut ParameterTypes, context: &PlanContext<'_>) -> Result<Analysis> {
    walk_until_named(query, ViewWalk::default, parameters, context).map(|(analysis, _)| analysis)
}

/// As [`analyze`], of a query that becomes a view; with what is noted for that.
///
/// # Errors
/// As [`analyze`]; 0A000 for what means something else once the tables have other columns.
pub fn analyze_view(
    query: &Query,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<(Analysis, ViewNotes)> {
    let (analysis, views) = walk_until_named(query, ViewWalk::noting, parameters, context)?;
    Ok((analysis, views.into_notes().unwrap_or_default()))
}

/// Walks again until no name means two things.
fn walk_until_named(
    query: &Query,
    views: fn() -> ViewWalk,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<(Analysis, ViewWalk)> {
    let mut query = query.clone();
    rewrite(&mut query);
    let mut shadowed = Shadowed::default();
    loop {
        let mut given = parameters.clone();
        let (analysis, next, views) = walk(query.clone(), (shadowed, views()), &mut given, context)?;
        match next {
            Some(next) => shadowed = next,
            None => {
                *parameters = given;
                return Ok((analysis, views));
            }
        }
    }
}

/// One walk, and which names the next one has to mind.
fn walk(
    mut query: Query,
    (shadowed, views): (Shadowed, ViewWalk),
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<(Analysis, Option<Shadowed>, ViewWalk)> {
    let mut analyzer = Analyzer {
        context,
        first_constant: parameters.count(),
        parameters,
        constants: Vec::new(),
        constant_places: HashMap::new(),
        tables: BTreeMap::new(),
        scopes: Vec::new(),
        ctes: Vec::new(),
        with_names: Vec::new(),
        keeps_unknown: false,
        is_cacheable: true,
        shadowed,
        index_expressions: IndexExpressions::default(),
        levels: Vec::new(),
        no_sets: None,
        views,
    };
    let columns = analyzer.query(&mut query, true)?;
    let Analyzer { constants, tables, is_cacheable, shadowed, views, with_names, .. } = analyzer;
    Ok((Analysis { query, columns, constants, tables, is_cacheable, with_names }, shadowed.next(), views))
}

/// One walk over one query: what it has found so far, and where it stands.
///
/// Its methods lie by kind of node in the files of this folder. They are of one type, since an expression holds queries and a query
/// expressions, and each may name what any of those around it has.
pub struct Analyzer<'a> {
    pub context: &'a PlanContext<'a>,
    pub parameters: &'a mut ParameterTypes,
    /// Position of the first constant among the parameters.
    pub first_constant: usize,
    pub constants: Vec<(Value, ColumnType)>,
    /// Positions among the constants, by the text of their values.
    pub constant_places: HashMap<String, Vec<usize>>,
    pub tables: BTreeMap<String, StatementTable>,
    /// The queries around the current one, outermost first.
    pub scopes: Vec<Scope>,
    pub ctes: Vec<WithQuery>,
    /// What the planner calls all that there have been.
    pub with_names: Vec<String>,
    /// The next SELECT is a branch of a set operation: its literals wait for the type of the other branch.
    pub keeps_unknown: bool,
    pub is_cacheable: bool,
    pub shadowed: Shadowed,
    /// What indexes are made of, in the form in which expressions are compared with it.
    pub index_expressions: IndexExpressions,
    /// The aggregates around the current expression, outermost first.
    pub levels: Vec<AggregateLevel>,
    /// What the current expression stands in, where no function there may return a set.
    pub no_sets: Option<&'static str>,
    pub views: ViewWalk,
}

impl Analyzer<'_> {
    /// Walks a query with its CTEs; its result columns.
    ///
    /// # Errors
    /// 42P19 for a CTE that names itself where it may not, 2201W and 2201X for a negative LIMIT and OFFSET, 22P02 for a text
    /// that is no count, 0A000 for WITH TIES and PERCENT; as [`Analyzer::body`].
    pub fn query(&mut self, query: &mut Query, is_outermost: bool) -> Result<Vec<ScopeColumn>> {
        let visible = self.ctes.len();
        if let Some(with) = &mut query.with {
            let recursive = with.recursive;
            if recursive {
                in_order_of_use(&mut with.cte_tables).map_err(|(error, place)| self.at(error, place))?;
            }
            let mut walked = Vec::with_capacity(with.cte_tables.len());
            for mut cte in std::mem::take(&mut with.cte_tables) {
                let within = self.queries_within(&mut cte, recursive)?;
                let first = self.ctes.len() - within.len();
                walked.extend(within);
                self.with_query(&mut cte, (recursive, recursive), Some(visible))?;
                // Nobody else names those.
                self.ctes.drain(first..self.ctes.len().saturating_sub(1));
                walked.push(cte);
            }
            with.cte_tables = walked;
        }
        self.row_window(query)?;
        if !query.locks.is_empty() {
            return Err(Error::unsupported(
                "a query that locks rows inside of another statement is not offered",
                "Lock them by a SELECT ... FOR UPDATE of its own, and then write.",
            ));
        }
        let mut order = query.order_by.take();
        let order_list = match &mut order {
            Some(order) => match &mut order.kind {
                OrderByKind::Expressions(list) => Some(list),
                OrderByKind::All(_) => None,
            },
            None => None,
        };
        let columns = self.body(&mut query.body, order_list, is_outermost)?;
        query.order_by = order;
        self.ctes.truncate(visible);
        Ok(columns)
    }

    /// LIMIT, OFFSET and FETCH FIRST: counts are `bigint`.
    fn row_window(&mut self, query: &mut Query) -> Result<()> {
        if let Some(fetch) = query.fetch.take() {
            if fetch.with_ties || fetch.percent {
                return with_ties(query, fetch);
            }
            let count = fetch.quantity.unwrap_or_else(|| Expr::value(Literal::Number("1".to_string(), false)));
            let offset = match query.limit_clause.take() {
                Some(LimitClause::LimitOffset { offset, .. }) => offset,
                _ => None,
            };
            query.limit_clause = Some(LimitClause::LimitOffset { limit: Some(count), offset, limit_by: Vec::new() });
        }
        if let Some(LimitClause::OffsetCommaLimit { offset, limit }) = &query.limit_clause {
            query.limit_clause = Some(LimitClause::LimitOffset {
                limit: Some(limit.clone()),
                offset: Some(Offset { value: offset.clone(), rows: OffsetRows::None }),
                limit_by: Vec::new(),
            });
        }
        if let Some(LimitClause::LimitOffset { limit, offset, .. }) = &mut query.limit_clause {
            for count in limit.iter_mut() {
                self.row_count(count, ("LIMIT", ErrorKind::InvalidLimit))?;
            }
            for offset in offset.iter_mut() {
                self.row_count(&mut offset.value, ("OFFSET", ErrorKind::InvalidOffset))?;
            }
        }
        Ok(())
    }

    fn row_count(&mut self, count: &mut Expr, (clause, refused): (&str, ErrorKind)) -> Result<()> {
        self.adopt(count, &ColumnType::Int8)?;
        if !matches!(count, Expr::Value(_)) {
            self.expr(count)?;
        }
        if let Some(text) = negative_number(count) {
            return Err(Error::new(refused, format!("{clause} must not be negative, it is -{text}")));
        }
        Ok(())
    }

    /// Walks the body of a query: a SELECT, VALUES, a set operation or a query in parentheses.
    ///
    /// # Errors
    /// 0A000 for TABLE and for a statement that writes within a query; as [`Analyzer::select`], [`Analyzer::values`],
    /// [`Analyzer::set_operation`] and, for its order, [`Analyzer::ordered`].
    pub fn body(
        &mut self,
        body: &mut SetExpr,
        order: Option<&mut Vec<OrderByExpr>>,
        is_outermost: bool,
    ) -> Result<Vec<ScopeColumn>> {
        let around = self.no_sets.take();
        let columns = self.body_of_query(body, order, is_outermost);
        self.no_sets = around;
        columns
    }

    fn body_of_query(
        &mut self,
        body: &mut SetExpr,
        order: Option<&mut Vec<OrderByExpr>>,
        is_outermost: bool,
    ) -> Result<Vec<ScopeColumn>> {
        match body {
            SetExpr::Select(select) => self.select(select, order, is_outermost),
            SetExpr::Query(query) => {
                let columns = self.query(query, false)?;
                self.order_by_output(order, &columns)?;
                Ok(columns)
            }
            SetExpr::SetOperation { left, op, right, .. } => {
                let columns = self.set_operation(left, *op, right)?;
                self.order_by_output(order, &columns)?;
                Ok(columns)
            }
            SetExpr::Values(values) if has_subquery(values) => {
                *body = union_of_rows(values)?;
                self.body(body, order, is_outermost)
            }
            SetExpr::Values(values) => {
                let columns = self.values(values)?;
                self.order_by_output(order, &columns)?;
                Ok(columns)
            }
            SetExpr::Table(table) => {
                *body = *whole_table(&named(table))?.body;
                self.body(body, order, is_outermost)
            }
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                Err(Error::unsupported(
                    "WITH clause containing a data-modifying statement must be at the top level",
                    "Put it into the WITH clause of the whole statement.",
                ))
            }
        }
    }

    /// ORDER BY over a set operation or VALUES names result columns only.
    fn order_by_output(&mut self, order: Option<&mut Vec<OrderByExpr>>, columns: &[ScopeColumn]) -> Result<()> {
        let Some(order) = order else { return Ok(()) };
        self.scopes.push(Scope {
            relations: vec![Relation { columns: columns.to_vec(), ..Relation::default() }],
            ..Scope::default()
        });
        let result = order.iter_mut().try_for_each(|each| self.ordered(each, columns));
        self.scopes.pop();
        result
    }

    /// A condition, of the clause or operator that `of` names as PostgreSQL does.
    ///
    /// # Errors
    /// 22P02 for a text that is no boolean, 42804 for a value of another type; as [`Analyzer::expr`].
    pub fn condition(&mut self, condition: &mut Expr, of: &str) -> Result<()> {
        self.adopt(condition, &ColumnType::Bool)?;
        let ty = match of {
            "WHERE" => self.without_sets("WHERE", |own| own.expr(condition)),
            "HAVING" => self.without_sets("HAVING", |own| own.expr(condition)),
            "FILTER" => self.without_sets("FILTER", |own| own.expr(condition)),
            "CASE/WHEN" => self.without_sets("CASE", |own| own.expr(condition)),
            "JOIN/ON" => self.without_sets("JOIN conditions", |own| own.expr(condition)),
            _ => self.expr(condition),
        }?;
        match ty {
            None | Some(ColumnType::Bool) => Ok(()),
            Some(ty) => Err(self.at(no_condition(of, &ty), condition.span().start)),
        }
    }

    /// Walks what may call no function that returns a set.
    ///
    /// # Errors
    /// As the walk.
    pub fn without_sets<T>(&mut self, place: &'static str, walk: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let around = self.no_sets.replace(place);
        let walked = walk(self);
        self.no_sets = around;
        walked
    }

    /// IS TRUE and its like, which take a condition.
    ///
    /// # Errors
    /// As [`Analyzer::condition`].
    pub fn truth_test(&mut self, expr: &mut Expr) -> Result<()> {
        match expr {
            Expr::IsTrue(inner) => self.condition(inner, "IS TRUE"),
            Expr::IsNotTrue(inner) => self.condition(inner, "IS NOT TRUE"),
            Expr::IsFalse(inner) => self.condition(inner, "IS FALSE"),
            Expr::IsNotFalse(inner) => self.condition(inner, "IS NOT FALSE"),
            Expr::IsUnknown(inner) => self.condition(inner, "IS UNKNOWN"),
            Expr::IsNotUnknown(inner) => self.condition(inner, "IS NOT UNKNOWN"),
            _ => Err(Error::internal("an expression is no test of a truth value")),
        }
    }

    /// An item of ORDER BY: a number or an output name stays, anything else is an expression. Its type.
    ///
    /// # Errors
    /// 42P10 for a negative position; as [`Analyzer::expr`].
    pub fn order_item(&mut self, item: &mut OrderByExpr, outputs: &[ScopeColumn]) -> Result<Option<ColumnType>> {
        if is_ordinal(&item.expr) {
            let output = ordinal(&item.expr).and_then(|position| outputs.get(position));
            return Ok(output.and_then(|output| output.ty.clone()));
        }
        if let Some((digits, true)) = number_of(&item.expr).filter(|_| !outputs.is_empty())
            && digits.bytes().all(|digit| digit.is_ascii_digit())
        {
            let message = format!("ORDER BY position -{digits} is not in select list");
            return Err(self.at(Error::new(ErrorKind::InvalidColumnReference, message), item.expr.span().start));
        }
        if let Expr::Identifier(ident) = &item.expr {
            let name = folded(ident);
            if let Some(output) = outputs.iter().find(|output| output.name == name) {
                item.expr = Expr::Identifier(exact(output.label.clone().unwrap_or(name)));
                return Ok(output.ty.clone());
            }
        }
        self.expr(&mut item.expr)
    }

    /// The error with its place in the statement.
    pub fn at(&self, error: Error, location: Location) -> Error {
        match character(self.context.text, location) {
            Some(position) if error.position().is_none() && self.views.is_in_statement() => {
                error.with_position(position)
            }
            _ => error,
        }
    }
}

/// Columns under the names that an alias gives them; `what` they are of is said as PostgreSQL says it.
///
/// # Errors
/// 42P10 for more names than columns.
pub fn renamed(mut columns: Vec<ScopeColumn>, names: &[String], what: &str) -> Result<Vec<ScopeColumn>> {
    check_renames(what, columns.iter().filter(|column| !column.is_hidden).count(), names.len())?;
    for (column, name) in columns.iter_mut().zip(names) {
        column.name.clone_from(name);
    }
    Ok(columns)
}

/// # Errors
/// 42P10 for an alias that names more columns than there are.
pub fn check_renames(what: &str, columns: usize, names: usize) -> Result<()> {
    if names <= columns {
        return Ok(());
    }
    let message = format!("{what} has {columns} columns available but {names} columns specified");
    Err(Error::new(ErrorKind::InvalidColumnReference, message))
}

/// The type that two values share of which one is the result.
pub fn unified(left: Option<ColumnType>, right: Option<ColumnType>) -> Option<ColumnType> {
    match (left, right) {
        (Some(left), Some(right)) => {
            if left == right {
                Some(left)
            } else if left.is_number() && right.is_number() {
                Some(match wider(&left, &right) {
                    ColumnType::Float8 if ![&left, &right].contains(&&ColumnType::Float8) => ColumnType::Float4,
                    shared => shared,
                })
            } else if left.is_text() && right.is_text() {
                Some(ColumnType::Text)
            } else {
                None
            }
        }
        (one, other) => one.or(other),
    }
}

/// The type of arithmetic between two numbers.
pub fn wider(left: &ColumnType, right: &ColumnType) -> ColumnType {
    let rank = |ty: &ColumnType| match ty {
        ColumnType::Int2 => 0,
        ColumnType::Int4 => 1,
        ColumnType::Oid | ColumnType::Int8 => 2,
        ColumnType::Numeric(_) => 3,
        ColumnType::Float4 => 4,
        _ => 5,
    };
    let wide = if rank(left) >= rank(right) { left } else { right };
    match wide {
        ColumnType::Numeric(_) => ColumnType::Numeric(None),
        ColumnType::Float4 if left != right => ColumnType::Float8,
        other => other.clone(),
    }
}

pub fn is_ordinal(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(value.value, Literal::Number(..)))
}

fn negative_number(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match expr.as_ref() {
            Expr::Value(value) => match &value.value {
                Literal::Number(text, _) => Some(text),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// The name of a table as TABLE says it.
fn named(table: &Table) -> ObjectName {
    let parts = table.schema_name.iter().chain(&table.table_name);
    ObjectName::from(parts.map(|part| Ident::new(part.clone())).collect::<Vec<Ident>>())
}
