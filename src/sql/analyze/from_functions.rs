//! Functions in FROM: those that return rows, and those that return one value, which is one row.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, ObjectName,
    SelectItem, SetExpr, Spanned, TableAlias, TableAliasColumnDef, TableFactor, TableWithJoins, Value as Literal,
};

use crate::db::{Cancel, Query};
use crate::error::{Error, ErrorKind, Result};
use crate::model::OutputColumn;
use crate::sql::analyze::analyzer::{Analyzer, check_renames, renamed};
use crate::sql::analyze::arithmetic::native_cast;
use crate::sql::analyze::casts::is_forgotten;
use crate::sql::analyze::from::{plain_table, scope_columns, table_alias};
use crate::sql::analyze::numerics::is_numeric;
use crate::sql::analyze::scope::{Relation, ScopeColumn, column_of};
use crate::sql::arrow::context::ReadContext;
use crate::sql::functions::{INPUT_ERROR, NUMBER_SERIES, RECORD_FUNCTIONS};
use crate::sql::parse::names::{exact, folded};
use crate::sql::parse::operators::call;
use crate::sql::parse::trees::select_of;
use crate::sql::parse::visit::has_expression;
use crate::sql::parse::{names, operators};
use crate::sql::pg_catalog;
use crate::sql::relational::collection_table::{QueryTable, StatementTable};
use crate::sql::relational::engine;
use crate::sql::rewrite::rewrite::SET_FUNCTIONS;
use crate::types::ColumnType;

/// The table function that embeds a query of the other language.
const QUERY_FUNCTION: &str = "knirvql";
/// The planner's own functions that return rows.
const SERIES: [&str; 2] = ["generate_series", "range"];

/// What the series below one of integers is called.
const BIGINTS: &str = "$bigints";

/// What a text is refused with as a value of a type, and its columns.
const INPUT_ERROR_INFO: &str = "pg_input_error_info";
const INPUT_ERROR_PARTS: [&str; 4] = ["message", "detail", "hint", "sql_error_code"];

/// A function as FROM names it.
struct Call {
    name: ObjectName,
    arguments: Vec<FunctionArg>,
    alias: Option<TableAlias>,
}

impl Analyzer<'_> {
    /// A function in FROM becomes a table, a query of one row, or stays a function that the planner knows.
    ///
    /// # Errors
    /// 42883 for a function that does not exist or takes no arguments, 42803 for an aggregate, 42P10 for more names than it has
    /// columns, 0A000 for WITH ORDINALITY and for functions that the select list takes only; what the other language says of its
    /// query; as [`Analyzer::argument`] and [`Analyzer::factor`].
    pub fn function_in_from(&mut self, factor: &mut TableFactor) -> Result<()> {
        let (mut call, with_ordinality) = match factor {
            TableFactor::Table { name, alias, args: Some(args), with_ordinality, .. } => {
                let arguments = std::mem::take(&mut args.args);
                (Call { name: name.clone(), arguments, alias: alias.take() }, *with_ordinality)
            }
            TableFactor::Function { name, args, alias, with_ordinality, .. } => {
                (Call { name: name.clone(), arguments: std::mem::take(args), alias: alias.take() }, *with_ordinality)
            }
            _ => return Err(Error::internal("no function in FROM")),
        };
        let location = call.name.span().start;
        if with_ordinality {
            let error = Error::unsupported("WITH ORDINALITY is not offered", "Use row_number() OVER ().");
            return Err(self.at(error, location));
        }
        let function = names::last_part(&call.name).unwrap_or_default();
        pg_catalog::check_schema(&call.name, self.context).map_err(|error| self.at(error, location))?;
        if let Some(table) = self.query_function(&call.name, &call.arguments, &mut call.alias)? {
            *factor = table;
            return Ok(());
        }
        if function == INPUT_ERROR_INFO {
            *factor = input_error(call).map_err(|error| self.at(error, location))?;
            return self.factor(factor).map(drop);
        }
        if pg_catalog::is_set_function(&function) {
            *factor = self.catalog_function(&function, call)?;
            return Ok(());
        }
        if SERIES.contains(&function.as_str()) {
            return self.series_in_from(&function, call, factor);
        }
        let is_set = SET_FUNCTIONS.contains(&function.as_str());
        let error = if is_set {
            Error::unsupported(format!("{function}() in FROM is not offered"), "Call it in the select list.")
        } else if RECORD_FUNCTIONS.contains(&function.as_str()) {
            Error::syntax("a column definition list is required for functions returning \"record\"", None)
        } else if engine::is_aggregate(&function) {
            let message = "aggregate functions are not allowed in functions in FROM";
            Error::new(ErrorKind::Grouping, message)
        } else if engine::is_function(&function) {
            *factor = one_row(&function, call)?;
            return self.factor(factor).map(drop);
        } else {
            let message = format!("function {function}() does not exist");
            Error::new(ErrorKind::UndefinedFunction, message)
                .with_hint("The section \"Functions\" of COMPAT.md lists those that are.")
        };
        Err(self.at(error, location))
    }

    /// A series: of bigints as the planner has it, of other numbers as a query of their lists.
    fn series_in_from(&mut self, function: &str, mut call: Call, factor: &mut TableFactor) -> Result<()> {
        let types = self.function_arguments(&mut call.arguments)?;
        if types.iter().any(|ty| is_numeric(ty.as_ref())) {
            *factor = series_of_numbers(function, call)?;
            return self.factor(factor).map(drop);
        }
        let is_bigints = call.alias.as_ref().is_some_and(|alias| alias.name.value == BIGINTS);
        if is_series_of_int4(&types) && !is_bigints {
            *factor = series_of_int4(function, call)?;
            return self.factor(factor).map(drop);
        }
        let alias = self.opaque(&call.name, call.alias.take(), &[Some(ColumnType::Int8)])?;
        match factor {
            TableFactor::Table { args: Some(slot), alias: alias_slot, .. } => {
                slot.args = call.arguments;
                *alias_slot = Some(alias);
            }
            TableFactor::Function { args, alias: alias_slot, .. } => {
                *args = call.arguments;
                *alias_slot = Some(alias);
            }
            _ => {}
        }
        Ok(())
    }

    /// A function that returns the rows of a catalog.
    fn catalog_function(&mut self, function: &str, mut call: Call) -> Result<TableFactor> {
        self.function_arguments(&mut call.arguments)?;
        if !call.arguments.is_empty() {
            let message = format!("function {function} takes no arguments");
            return Err(self.at(Error::new(ErrorKind::UndefinedFunction, message), call.name.span().start));
        }
        let context = ReadContext::new(self.context.view, self.context.settings, Cancel::new());
        let table = pg_catalog::set_function(function, &context)?
            .ok_or_else(|| Error::internal(format!("{function}() was not found twice")))?;
        self.is_cacheable = false;
        let alias = call.alias.unwrap_or_else(|| table_alias(function));
        let table = StatementTable::Other(Arc::new(table));
        self.function_table(function, table, alias)
    }

    /// A table that stands for a function's rows.
    fn function_table(&mut self, function: &str, table: StatementTable, alias: TableAlias) -> Result<TableFactor> {
        let key = format!("{function}#{}", self.tables.len());
        let renames: Vec<String> = alias.columns.iter().map(|column| folded(&column.name)).collect();
        let columns = renamed(scope_columns(&table), &renames, &format!("table \"{}\"", folded(&alias.name)))?;
        self.tables.insert(key.clone(), table);
        self.add(Relation { name: folded(&alias.name), columns, ..Relation::default() })?;
        let alias = if renames.is_empty() { alias } else { self.full_alias(alias, &key)? };
        Ok(plain_table(&key, alias))
    }

    /// `knirvql('GET …')`, lowered by the other language.
    fn query_function(
        &mut self,
        name: &ObjectName,
        arguments: &[FunctionArg],
        alias: &mut Option<TableAlias>,
    ) -> Result<Option<TableFactor>> {
        if names::last_part(name).as_deref() != Some(QUERY_FUNCTION) {
            return Ok(None);
        }
        let Some(lower) = self.context.query_function else { return Ok(None) };
        let text = match arguments {
            [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value)))] => match &value.value {
                Literal::SingleQuotedString(text) => Some(text.clone()),
                Literal::DollarQuotedString(text) => Some(text.value.clone()),
                _ => None,
            },
            _ => None,
        };
        let text = text.ok_or_else(|| {
            Error::unsupported("knirvql() takes one string literal", "Write knirvql('GET MEMORY ...') or $$...$$.")
        })?;
        let (query, columns): (Query, Vec<OutputColumn>) = lower(&text, self.context.view)?;
        self.note_read(query.collection.id);
        let table = StatementTable::Other(Arc::new(QueryTable::new(query, &columns)));
        let alias = alias.take().unwrap_or_else(|| table_alias(QUERY_FUNCTION));
        self.function_table(QUERY_FUNCTION, table, alias).map(Some)
    }

    /// A function in FROM whose columns only the planner knows, `elements` as far as their types are known. As in PostgreSQL,
    /// a function of one column names it as the relation is named.
    ///
    /// # Errors
    /// As [`check_renames`] and [`Analyzer::add`].
    pub fn opaque(
        &mut self,
        name: &ObjectName,
        alias: Option<TableAlias>,
        elements: &[Option<ColumnType>],
    ) -> Result<TableAlias> {
        let function = names::last_part(name).unwrap_or_default();
        let mut alias = alias.unwrap_or_else(|| table_alias(&function));
        check_renames(&format!("table \"{}\"", folded(&alias.name)), elements.len().max(1), alias.columns.len())?;
        let column = |name: String| TableAliasColumnDef { name: exact(name), data_type: None };
        let is_single = matches!(function.as_str(), "generate_series" | "range" | "unnest") && elements.len() < 2;
        if is_single && alias.columns.is_empty() {
            alias.columns.push(column(folded(&alias.name)));
        }
        // The planner wants names that differ where PostgreSQL calls every column unnest.
        for position in alias.columns.len()..elements.len() {
            alias.columns.push(column(if position == 0 {
                function.clone()
            } else {
                format!("{function}_{}", position + 1)
            }));
        }
        let types = elements.iter().cloned().chain(std::iter::repeat(None));
        let columns: Vec<ScopeColumn> = alias
            .columns
            .iter()
            .zip(types)
            .map(|(column, ty)| ScopeColumn::computed(folded(&column.name), ty))
            .collect();
        self.add(Relation {
            name: folded(&alias.name),
            is_opaque: columns.is_empty(),
            columns,
            ..Relation::default()
        })?;
        Ok(alias)
    }

    /// UNNEST in FROM. Of arrays that are computed of columns, and where elements have a type that the planner would forget,
    /// it is a subquery.
    ///
    /// # Errors
    /// 0A000 for WITH ORDINALITY and for tsvectors, XX000 for another item of FROM; as [`Analyzer::expr`] and [`Analyzer::factor`].
    pub fn unnested_arrays(&mut self, factor: &mut TableFactor) -> Result<()> {
        let TableFactor::UNNEST { alias, array_exprs, with_ordinality, .. } = &mut *factor else {
            return Err(Error::internal("no UNNEST in FROM"));
        };
        if *with_ordinality {
            return Err(Error::unsupported("WITH ORDINALITY is not offered", "Use row_number() OVER ()."));
        }
        let mut walked = array_exprs.clone();
        let mut elements = Vec::with_capacity(walked.len());
        for array in &mut walked {
            let ty = self.expr(array)?;
            if ty.as_ref().is_some_and(|ty| *ty.base() == ColumnType::TsVector) {
                return Err(Error::unsupported(
                    "unnest is not offered for tsvector",
                    "Use unnest(tsvector_to_array(…)) for its lexemes.",
                ));
            }
            elements.push(ty.and_then(|ty| match ty {
                ColumnType::Multirange(kind) => Some(ColumnType::Range(kind)),
                ty => ty.element(),
            }));
        }
        let is_forgotten = |ty: &Option<ColumnType>| {
            ty.as_ref().is_some_and(|ty| is_forgotten(ty) || matches!(ty, ColumnType::Array(_)))
        };
        let is_computed = |expr: &Expr| {
            has_expression(expr, |part| {
                matches!(part, Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Subquery(_))
            })
        };
        if elements.iter().any(is_forgotten) || array_exprs.iter().any(is_computed) {
            *factor = rows_of_arrays(array_exprs.clone(), alias.take())?;
            return self.factor(factor).map(drop);
        }
        *array_exprs = walked;
        let name = ObjectName::from(vec![exact("unnest")]);
        let with_columns = self.opaque(&name, alias.take(), &elements)?;
        *alias = Some(with_columns);
        Ok(())
    }

    /// Walks the arguments of a function; their types.
    fn function_arguments(&mut self, arguments: &mut [FunctionArg]) -> Result<Vec<Option<ColumnType>>> {
        let mut types = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let (FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))
            | FunctionArg::Named { arg: FunctionArgExpr::Expr(expr), .. }) = argument
            else {
                continue;
            };
            self.adopt_parameter(expr, &ColumnType::Int8);
            types.push(self.argument(expr)?);
        }
        Ok(types)
    }
}

/// Whether a series between such numbers is one of integers: the planner counts in bigint.
pub fn is_series_of_int4(types: &[Option<ColumnType>]) -> bool {
    types.iter().all(|ty| matches!(ty, Some(ColumnType::Int2 | ColumnType::Int4)))
}

/// A series of integers, `SELECT g::integer FROM generate_series(…) AS g`, under the name that the call has.
fn series_of_int4(function: &str, mut call: Call) -> Result<TableFactor> {
    let mut alias = call.alias.take().unwrap_or_else(|| table_alias(function));
    check_renames(&format!("table \"{}\"", folded(&alias.name)), 1, alias.columns.len())?;
    let column = alias.columns.first().map_or_else(|| folded(&alias.name), |column| folded(&column.name));
    alias.columns.clear();
    let mut query = select_of(Vec::new())?;
    if let SetExpr::Select(select) = query.body.as_mut() {
        let number = native_cast(column_of(BIGINTS, BIGINTS), DataType::Int(None));
        select.projection = vec![SelectItem::ExprWithAlias { expr: number, alias: exact(column) }];
        let relation = TableFactor::Function {
            lateral: false,
            name: call.name,
            args: call.arguments,
            with_ordinality: false,
            alias: Some(table_alias(BIGINTS)),
        };
        select.from = vec![TableWithJoins { relation, joins: Vec::new() }];
    }
    Ok(TableFactor::Derived { lateral: false, subquery: Box::new(query), alias: Some(alias), sample: None })
}

/// A series of numerics, as the elements of the array that it is.
fn series_of_numbers(function: &str, call: Call) -> Result<TableFactor> {
    let given = call.arguments.iter().filter_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    });
    let alias = call.alias.unwrap_or_else(|| table_alias(function));
    rows_of_arrays(vec![operators::call(NUMBER_SERIES, given.collect())], Some(alias))
}

/// `unnest(a, b) AS x(c, d)` as `LATERAL (SELECT unnest(a) AS c, unnest(b) AS d) AS x`.
fn rows_of_arrays(arrays: Vec<Expr>, alias: Option<TableAlias>) -> Result<TableFactor> {
    let mut alias = alias.unwrap_or_else(|| table_alias("unnest"));
    check_renames(&format!("table \"{}\"", folded(&alias.name)), arrays.len(), alias.columns.len())?;
    let mut query = select_of(Vec::new())?;
    let is_single = arrays.len() == 1;
    let mut items = Vec::with_capacity(arrays.len());
    for (position, array) in arrays.into_iter().enumerate() {
        let name = match alias.columns.get(position) {
            Some(column) => folded(&column.name),
            None if is_single => folded(&alias.name),
            None if position == 0 => "unnest".to_string(),
            None => format!("unnest_{}", position.saturating_add(1)),
        };
        items.push(SelectItem::ExprWithAlias { expr: call("unnest", vec![array]), alias: exact(name) });
    }
    alias.columns.clear();
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.projection = items;
    }
    Ok(TableFactor::Derived { lateral: true, subquery: Box::new(query), alias: Some(alias), sample: None })
}

/// `pg_input_error_info(text, type)`: a row of four parts.
fn input_error(call: Call) -> Result<TableFactor> {
    let mut alias = call.alias.unwrap_or_else(|| table_alias(INPUT_ERROR_INFO));
    let given: Vec<Expr> = call
        .arguments
        .iter()
        .filter_map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
            _ => None,
        })
        .collect();
    if given.len() != 2 {
        return Err(Error::new(
            ErrorKind::UndefinedFunction,
            "pg_input_error_info takes a text and the name of a type",
        ));
    }
    check_renames(&format!("table \"{}\"", folded(&alias.name)), INPUT_ERROR_PARTS.len(), alias.columns.len())?;
    let mut query = select_of(Vec::new())?;
    let parts = INPUT_ERROR_PARTS.into_iter().enumerate().map(|(position, part)| {
        let name = alias.columns.get(position).map_or_else(|| exact(part.to_string()), |column| column.name.clone());
        let part = Expr::value(Literal::SingleQuotedString(part.to_string()));
        let arguments = given.iter().cloned().chain([part]).collect();
        SelectItem::ExprWithAlias { expr: operators::call(INPUT_ERROR, arguments), alias: name }
    });
    let parts: Vec<SelectItem> = parts.collect();
    alias.columns.clear();
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.projection = parts;
    }
    Ok(TableFactor::Derived { lateral: false, subquery: Box::new(query), alias: Some(alias), sample: None })
}

/// A function that returns one value: the query `SELECT f(…)`, whose column has the name of the relation.
fn one_row(function: &str, call: Call) -> Result<TableFactor> {
    let mut alias = call.alias.unwrap_or_else(|| table_alias(function));
    if alias.columns.is_empty() {
        alias.columns.push(TableAliasColumnDef { name: exact(folded(&alias.name)), data_type: None });
    }
    check_renames(&format!("table \"{}\"", folded(&alias.name)), 1, alias.columns.len())?;
    let arguments = FunctionArgumentList { duplicate_treatment: None, args: call.arguments, clauses: Vec::new() };
    let value = Expr::Function(Function {
        name: call.name,
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(arguments),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    });
    let mut query = select_of(Vec::new())?;
    if let (SetExpr::Select(select), Some(column)) = (query.body.as_mut(), alias.columns.first()) {
        select.projection = vec![SelectItem::ExprWithAlias { expr: value, alias: column.name.clone() }];
    }
    Ok(TableFactor::Derived { lateral: false, subquery: Box::new(query), alias: Some(alias), sample: None })
}
