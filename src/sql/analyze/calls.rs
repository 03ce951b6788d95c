//! Calls of functions and their windows: which function it is, and what types its arguments take.

use datafusion::sql::sqlparser::ast::{
    DataType, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, ObjectName, Spanned, Value as Literal, WindowType,
};

use crate::error::{Error, ErrorKind, Result};
use crate::expr::unmodified;
use crate::sql::analyze::analyzer::{Analyzer, unified};
use crate::sql::analyze::arithmetic::native_cast;
use crate::sql::analyze::call_forms::{bound_series, finished, form_of_rows, form_of_types, series_form, widen_floats};
use crate::sql::analyze::casts::keep_type;
use crate::sql::analyze::jsonb::{by_value, sort_key};
use crate::sql::analyze::numerics::{check_numerics, is_numeric};
use crate::sql::analyze::overloads::{Argument, ChosenForm, written_cast};
use crate::sql::analyze::special_calls::{special_call, stands_for};
use crate::sql::analyze::times::common_time_of;
use crate::sql::functions::{NUMBER_GREATEST, NUMBER_LEAST, function_types};
use crate::sql::parse::dialect::VARIADIC;
use crate::sql::parse::names::exact;
use crate::sql::parse::trees::number_of;
use crate::sql::parse::{names, operators};
use crate::sql::pg_catalog;
use crate::sql::registry;
use crate::sql::relational::engine;
use crate::sql::rewrite::rewrite::SET_FUNCTIONS;
use crate::types::ColumnType;
use crate::types::limits::ARGUMENTS_MAX;

/// Where no set may be, as PostgreSQL says it.
const AGGREGATES: &str = "aggregate function calls";

/// Refuses a call that has the form of another kind of function.
fn check_kind(function: &Function, name: &str) -> Result<()> {
    let is_distinct = matches!(&function.args, FunctionArguments::List(list)
        if list.duplicate_treatment == Some(DuplicateTreatment::Distinct));
    if is_distinct && function.over.is_some() {
        return Err(Error::new(ErrorKind::Unsupported, "DISTINCT is not implemented for window functions"));
    }
    let is_empty = matches!(&function.args, FunctionArguments::List(list) if list.args.is_empty());
    let message = match name {
        "count" if is_empty => format!("{name}(*) must be used to call a parameterless aggregate function"),
        _ if function.over.is_some() && (name == "unnest" || SET_FUNCTIONS.contains(&name)) => {
            format!("OVER specified, but {name} is not a window function nor an aggregate function")
        }
        _ => return Ok(()),
    };
    Err(Error::new(ErrorKind::WrongObjectType, message))
}

/// NULLIF has the type of its first side, as the operator `=` takes it, which may be narrower than the one compared in.
fn as_first(expr: &mut Expr, types: &[Option<ColumnType>], common: Option<ColumnType>) -> Option<ColumnType> {
    let ([Some(first), Some(second)], Some(compared)) = (types, &common) else { return common };
    let is_taken = first != compared
        && registry::resolve_operator("=", Some(first.oid()), second.oid())
            .is_ok_and(|resolved| resolved.left == first.oid());
    let native = match first {
        ColumnType::Int2 => DataType::SmallInt(None),
        ColumnType::Int4 => DataType::Integer(None),
        ColumnType::Float4 => DataType::Real,
        ColumnType::Date => DataType::Date,
        _ => return common,
    };
    if !is_taken {
        return common;
    }
    *expr = native_cast(std::mem::replace(expr, Expr::value(Literal::Null)), native);
    Some(first.clone())
}

impl Analyzer<'_> {
    /// Rewrites a call; the type of its result, where it is known before planning.
    ///
    /// # Errors
    /// 42883 for a function that does not exist or takes no such arguments, 54023 above `ARGUMENTS_MAX`, 42601 and 42804 for a
    /// VARIADIC that is misplaced or spreads no array, 42803 for nested aggregates, 42P10 for the order of a distinct one, 22016
    /// for `nth_value`, 0A000 for arguments by name where none are known; as [`Analyzer::expr`].
    pub fn function(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        let Expr::Function(function) = expr else { return Ok(None) };
        let mut name = names::last_part(&function.name).unwrap_or_default();
        let place = function.name.span().start;
        if name == VARIADIC {
            return Err(self.at(Error::syntax("syntax error at or near \"variadic\"", None), place));
        }
        pg_catalog::check_schema(&function.name, self.context).map_err(|error| self.at(error, place))?;
        if let Some(made) = stands_for(function, &name).map_err(|error| self.at(error, place))? {
            *expr = made;
            return self.expr(expr);
        }
        self.rows_in_call(function, &mut name)?;
        self.normal_form(function, &name)?;
        self.arguments_with_blanks(function, &name);
        if !engine::is_function(&name) || pg_catalog::is_in_made_schema(&function.name, self.context) {
            if let Some(cast) = written_cast(function, &name) {
                *expr = cast;
                return self.expr(expr);
            }
            let error = self.undefined(function, &name)?;
            return Err(self.at(error, place));
        }
        let mut is_as_written = true;
        if let FunctionArguments::List(list) = &mut function.args {
            let is_settled = settle_arguments(&mut name, &mut list.args);
            is_as_written = is_settled.map_err(|error| self.at(error, place))?;
        }
        function.name = ObjectName::from(vec![exact(name.clone())]);
        let is_aggregate = function.over.is_none() && engine::is_aggregate(&name);
        if is_aggregate {
            self.begin_aggregate();
            self.aggregate_order(function, &name)?;
        }
        self.check_sets(&name).and_then(|()| check_kind(function, &name)).map_err(|error| self.at(error, place))?;
        let parts = self.parts_in_place(function, &name, (is_as_written, is_aggregate));
        let (types, result) = parts.map_err(|error| self.at(error, place))?;
        function_types::check_spread(&name, &types).map_err(|error| self.at(error, place))?;
        function_types::check_ordered(&name, &types).map_err(|error| self.at(error, place))?;
        if is_aggregate {
            self.end_aggregate(place)?;
        }
        check_numerics(&name, &types).map_err(|error| self.at(error, place))?;
        if let Some((number, ty)) = self.numeric_call(function, &name, &types) {
            *expr = number;
            return Ok(Some(ty));
        }
        if let Some(form) = self.numeric_aggregate(function, &name, &types) {
            name = form.to_string();
        }
        if function_types::takes_constants(&name) {
            return self.in_common_type(expr, &name, &types).map_err(|error| self.at(error, place));
        }
        if let Some((special, ty)) = special_call(function, &name, &types)? {
            *expr = special;
            return Ok(Some(ty));
        }
        if let Some((series, element)) = series_form(function, &name, &types) {
            *expr = series;
            return Ok(Some(ColumnType::Array(Box::new(element))));
        }
        self.settled(expr, name, types, result)
    }

    /// A call of a function that is none of those with rules of their own, in the form that its arguments want; its type.
    fn settled(
        &mut self,
        expr: &mut Expr,
        mut name: String,
        mut types: Vec<Option<ColumnType>>,
        result: Option<ColumnType>,
    ) -> Result<Option<ColumnType>> {
        let Expr::Function(function) = expr else { return Ok(result) };
        if matches!(name.as_str(), "lag" | "lead") {
            self.with_default(function, &mut types)?;
        }
        widen_floats(function, &name, &mut types);
        if let Some(form) = function_types::form_for(&name, &types).or_else(|| self.filled_form(function, &name)) {
            function.name = ObjectName::from(vec![exact(form)]);
            name = form.to_string();
        }
        let ty = form_of_types(function, &name, &mut types).or(result);
        if let Some(form) = form_of_rows(function, &name) {
            function.name = ObjectName::from(vec![exact(form)]);
        }
        Ok(finished(expr, &name, &types, ty))
    }

    /// The form that a text is normalised to is a word of the grammar: `normalize(x, NFC)`.
    fn normal_form(&self, function: &mut Function, name: &str) -> Result<()> {
        let FunctionArguments::List(list) = &mut function.args else { return Ok(()) };
        // With a schema it is a function as any other.
        let (true, [_, form]) = (name == "normalize" && function.name.0.len() == 1, list.args.as_mut_slice()) else {
            return Ok(());
        };
        let Some(form) = plain_argument(form) else { return Ok(()) };
        let word = match form {
            Expr::Identifier(word) if word.quote_style.is_none() => word.value.to_ascii_uppercase(),
            _ => String::new(),
        };
        if !["NFC", "NFD", "NFKC", "NFKD"].contains(&word.as_str()) {
            let error = Error::syntax(format!("syntax error at or near \"{form}\""), None);
            return Err(self.at(error, form.span().start));
        }
        *form = Expr::value(Literal::SingleQuotedString(word));
        Ok(())
    }

    /// As [`Analyzer::function_parts`], of a call where sets may not stand everywhere.
    fn parts_in_place(
        &mut self,
        function: &mut Function,
        name: &str,
        (is_as_written, is_aggregate): (bool, bool),
    ) -> Result<(Vec<Option<ColumnType>>, Option<ColumnType>)> {
        match name {
            "coalesce" => self.without_sets("COALESCE", |own| own.function_parts(function, name, is_as_written)),
            // What ARRAY(SELECT …) becomes may return sets within.
            _ if is_aggregate && name != "array_agg" => {
                self.without_sets(AGGREGATES, |own| own.function_parts(function, name, is_as_written))
            }
            _ => self.function_parts(function, name, is_as_written),
        }
    }

    /// Refuses a function that returns a set where none may stand.
    fn check_sets(&self, name: &str) -> Result<()> {
        let Some(place) = self.no_sets.filter(|_| name == "unnest" || SET_FUNCTIONS.contains(&name)) else {
            return Ok(());
        };
        let error = match place {
            AGGREGATES => {
                Error::new(ErrorKind::Unsupported, format!("{AGGREGATES} cannot contain set-returning function calls"))
            }
            _ => Error::new(ErrorKind::Unsupported, format!("set-returning functions are not allowed in {place}")),
        };
        Err(match place {
            "CASE" | "COALESCE" | AGGREGATES => {
                error.with_hint("You might be able to move the set-returning function into a LATERAL FROM item.")
            }
            _ => error,
        })
    }

    /// What `lag` and `lead` return has the type that their value and their default share.
    fn with_default(&mut self, function: &mut Function, types: &mut [Option<ColumnType>]) -> Result<()> {
        let ([value_type, _, default_type], FunctionArguments::List(list)) = (types, &mut function.args) else {
            return Ok(());
        };
        let mut arguments = list.args.iter_mut().filter_map(plain_argument);
        let (Some(value), Some(default)) = (arguments.next(), arguments.nth(1)) else { return Ok(()) };
        let Some(common) = unified(value_type.clone(), default_type.clone()) else { return Ok(()) };
        self.adopt(default, &unmodified(&common))?;
        // A literal has no precision of its own.
        let common = if is_numeric(Some(&common)) && default_type.as_ref() != Some(&common) {
            ColumnType::Numeric(None)
        } else {
            common
        };
        self.widen(value, value_type.as_ref(), &common)?;
        self.widen(default, default_type.as_ref(), &common)?;
        *value_type = Some(common);
        Ok(())
    }

    /// As [`Analyzer::of_common_type`], of NULLIF with its own type.
    fn in_common_type(
        &mut self,
        expr: &mut Expr,
        name: &str,
        types: &[Option<ColumnType>],
    ) -> Result<Option<ColumnType>> {
        let common = self.of_common_type(expr, name, types)?;
        Ok(if name == "nullif" { as_first(expr, types, common) } else { common })
    }

    /// A call whose arguments share a type, which is also its result's.
    fn of_common_type(
        &mut self,
        expr: &mut Expr,
        name: &str,
        types: &[Option<ColumnType>],
    ) -> Result<Option<ColumnType>> {
        let Expr::Function(function) = expr else { return Ok(None) };
        let FunctionArguments::List(list) = &mut function.args else { return Ok(None) };
        let mut arguments: Vec<&mut Expr> = list.args.iter_mut().filter_map(plain_argument).collect();
        let given = arguments.iter().map(|argument| &**argument).zip(types);
        match (name, types) {
            ("nullif", [first, second]) => self.check_operands("=", first.as_ref(), second.as_ref())?,
            _ => self.check_common(&name.to_ascii_uppercase(), given, &[])?,
        }
        let mut common = types.iter().cloned().reduce(unified).flatten();
        // Two values that are compared: a float4 beside another number is a float8.
        if name == "nullif" && common == Some(ColumnType::Float4) && types.iter().any(|ty| *ty != common) {
            common = Some(ColumnType::Float8);
        }
        if let Some(ty) = common_time_of(types) {
            for (argument, from) in arguments.iter_mut().zip(types) {
                self.as_time(argument, from.as_ref(), &ty)?;
            }
            common = Some(ty);
        }
        // A literal has no precision of its own.
        if is_numeric(common.as_ref()) && arguments.iter().any(|argument| self.is_adoptable(argument)) {
            common = Some(ColumnType::Numeric(None));
        }
        if let Some(ty) = &common {
            for (argument, own) in arguments.iter_mut().zip(types) {
                self.adopt(argument, &unmodified(ty))?;
                self.widen(argument, own.as_ref(), ty)?;
            }
        }
        if let Some(ty) = common.as_ref().filter(|ty| ty.dimensions() > 0) {
            let deepest = self.of_dimensions(&name.to_ascii_uppercase(), &mut arguments, types)?;
            common = deepest.map(|deepest| ty.with_dimensions_of(&deepest));
        }
        if common == Some(ColumnType::Numeric(None))
            && let Some(form) = match name {
                "greatest" => Some(NUMBER_GREATEST),
                "least" => Some(NUMBER_LEAST),
                _ => None,
            }
        {
            *expr = operators::call(form, arguments.into_iter().map(|argument| argument.clone()).collect());
            return Ok(common);
        }
        if let Some((special, ty)) = special_call(function, name, std::slice::from_ref(&common))? {
            *expr = special;
            keep_type(expr, Some(&ty));
            return Ok(Some(ty));
        }
        keep_type(expr, common.as_ref());
        Ok(common)
    }

    /// Walks what a call is made of; the types of its arguments, and of its result as far as the registry tells it.
    fn function_parts(
        &mut self,
        function: &mut Function,
        name: &str,
        is_as_written: bool,
    ) -> Result<(Vec<Option<ColumnType>>, Option<ColumnType>)> {
        let mut types = Vec::new();
        let chosen = if is_as_written { self.chosen_types(function, name)? } else { ChosenForm::default() };
        match &mut function.args {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(query) => {
                self.query(query, false)?;
            }
            FunctionArguments::List(list) => {
                let is_distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
                for (position, argument) in list.args.iter_mut().enumerate() {
                    let Some(argument) = plain_argument(argument) else { continue };
                    let mut ty = match chosen.arguments.get(position) {
                        Some(Argument::Walked(ty)) => ty.clone(),
                        Some(Argument::Chosen(ty)) => self.take_chosen(name, argument, ty)?,
                        Some(Argument::Open) | None => self.open_argument(name, position, argument, &types)?,
                    };
                    if name == "count"
                        && is_distinct
                        && let Some(key) = sort_key(ty.as_ref())
                    {
                        by_value(argument, key);
                    }
                    let wanted = match function_types::parameter(name, position) {
                        _ if matches!(name, "generate_series" | "date_bin") => Some(ColumnType::TimestampTz),
                        wanted => wanted.filter(|ty| matches!(ty, ColumnType::Timestamp | ColumnType::TimestampTz)),
                    };
                    if let (Some(wanted), Some(ColumnType::Date)) = (wanted, &ty) {
                        self.as_time(argument, ty.as_ref(), &wanted)?;
                        ty = Some(wanted);
                    }
                    types.push(ty);
                }
                if name == "generate_series" {
                    bound_series(&mut list.args, &types);
                }
                for clause in &mut list.clauses {
                    if let FunctionArgumentClause::OrderBy(order) = clause {
                        for item in order {
                            self.ordered(item, &[])?;
                        }
                    }
                }
            }
        }
        if let Some(filter) = &mut function.filter {
            self.condition(filter, "FILTER")?;
        }
        for item in &mut function.within_group {
            let ty = self.order_item(item, &[])?;
            if is_numeric(ty.as_ref()) {
                self.numeric_as_float(&mut item.expr);
            } else if ty == Some(ColumnType::Float4) {
                self.make_float(&mut item.expr);
            } else if let Some(key) = sort_key(ty.as_ref()) {
                by_value(&mut item.expr, key);
            }
        }
        if let Some(WindowType::WindowSpec(spec)) = &mut function.over {
            self.window(spec)?;
        }
        Ok((types, chosen.result))
    }

    /// An argument for which no form of the function was chosen: what has no type takes the one that the function is known by.
    ///
    /// # Errors
    /// What the type's input function says of a literal; as [`Analyzer::expr`].
    pub fn open_argument(
        &mut self,
        name: &str,
        position: usize,
        argument: &mut Expr,
        types: &[Option<ColumnType>],
    ) -> Result<Option<ColumnType>> {
        let parameter = function_types::parameter(name, position);
        if let Some(ty) = parameter.map(|ty| function_types::kind_of_vector(ty, types)) {
            if function_types::is_read_by_planner(name) {
                self.adopt_parameter(argument, &ty);
            } else {
                self.adopt(argument, &ty)?;
            }
        }
        type_by_others(name, position, types).map_or(Ok(()), |ty| self.adopt(argument, &ty))?;
        self.walked_argument(name, argument)
    }

    /// Walks an argument; its type.
    ///
    /// # Errors
    /// As [`Analyzer::expr`].
    pub fn walked_argument(&mut self, name: &str, argument: &mut Expr) -> Result<Option<ColumnType>> {
        let is_of_element = matches!(
            name,
            "array_append" | "array_prepend" | "array_replace" | "array_remove" | "array_position" | "array_positions"
        );
        if function_types::takes_constants(name) || name == "abs" || is_of_element {
            self.expr(argument)
        } else {
            self.argument(argument)
        }
    }

    /// An argument of a function: number literals stay literals, which some functions must see while they are planned.
    ///
    /// # Errors
    /// As [`Analyzer::expr`].
    pub fn argument(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        match number_of(expr) {
            Some((text, _)) if text.parse::<i32>().is_ok() => Ok(Some(ColumnType::Int4)),
            Some((text, _)) if text.parse::<i64>().is_ok() => Ok(Some(ColumnType::Int8)),
            _ => self.expr(expr),
        }
    }
}

/// Checks how many arguments a call has, puts those that are given by name where they belong, and finds the function that takes
/// an array in their place. Whether the arguments are as they were written.
fn settle_arguments(name: &mut String, arguments: &mut Vec<FunctionArg>) -> Result<bool> {
    if arguments.len() > ARGUMENTS_MAX && !function_types::takes_constants(name) {
        let message = format!("cannot pass more than {ARGUMENTS_MAX} arguments to a function");
        return Err(Error::new(ErrorKind::TooManyArguments, message));
    }
    let is_positional = arguments.iter().all(|argument| matches!(argument, FunctionArg::Unnamed(_)));
    function_types::by_position(name, arguments)?;
    if !function_types::takes_constants(name)
        && let Some(over_array) = function_types::over_array(name, arguments)?
    {
        *name = over_array;
        return Ok(false);
    }
    Ok(is_positional)
}

/// The type of a literal that goes by the arguments before it.
fn type_by_others(name: &str, position: usize, types: &[Option<ColumnType>]) -> Option<ColumnType> {
    match name {
        "generate_series" => step_type(position, types),
        "date_bin" => bin_type(position, types),
        _ => None,
    }
}

/// The type of the end or the step of a series of times.
fn step_type(position: usize, types: &[Option<ColumnType>]) -> Option<ColumnType> {
    let first = types.first()?.as_ref()?;
    let is_time = matches!(first, ColumnType::Date | ColumnType::Timestamp | ColumnType::TimestampTz);
    is_time.then(|| match position {
        2 => ColumnType::Interval,
        3 => ColumnType::Text,
        _ => first.clone(),
    })
}

/// The type of a literal that is put into a bin, or from which bins are counted.
fn bin_type(position: usize, types: &[Option<ColumnType>]) -> Option<ColumnType> {
    let first = types.get(1).cloned().flatten();
    let of_other = first.filter(|ty| matches!(ty, ColumnType::Timestamp | ColumnType::TimestampTz));
    (position > 0).then(|| of_other.unwrap_or(ColumnType::TimestampTz))
}

pub fn plain_argument(argument: &mut FunctionArg) -> Option<&mut Expr> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))
        | FunctionArg::Named { arg: FunctionArgExpr::Expr(expr), .. }
        | FunctionArg::ExprNamed { arg: FunctionArgExpr::Expr(expr), .. } => Some(expr),
        _ => None,
    }
}
