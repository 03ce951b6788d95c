//! Numbers as the outermost SELECT shows them: what its items compute of numerics keeps each value's own digits.
//!
//! Within a query numerics are decimals of one scale for each column, which is quick to compute with. What an item of the outermost
//! SELECT computes at its root (a quotient, an average, what is rounded or computed of them) is seen by nobody but the client, so
//! that it is computed by functions whose results are each as PostgreSQL prints it (`functions/shown_numbers.rs`). What stands
//! inside of anything else, is grouped by, made distinct or united with other rows is not.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType, ExactNumberInfo, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
    GroupByExpr, OrderByExpr, Select, SelectItem, UnaryOperator, Value as Literal,
};

use crate::error::Result;
use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::analyze::arithmetic::native_cast;
use crate::sql::analyze::binary::binary;
use crate::sql::analyze::calls::plain_argument;
use crate::sql::analyze::jsonb::by_value;
use crate::sql::arrow::cast_functions::cast_name;
use crate::sql::functions::{NUMERIC_KEY, SHOWN, SHOWN_AVERAGE, SHOWN_MINUS, is_shown, shown_function};
use crate::sql::parse::names;
use crate::sql::parse::names::{exact, folded};
use crate::sql::parse::operators::{call, called};
use crate::sql::parse::trees::number_of;
use crate::types::{ColumnType, Value};

/// Digits of the largest `integer`.
const INT4_DIGITS: u64 = 10;
/// Declared digits of numbers whose squares are added up as decimals of 38 digits.
const SQUARED_DIGITS_MAX: u16 = 14;

/// Whether a type is an integer or a numeric.
fn is_exact(ty: Option<&ColumnType>) -> bool {
    matches!(ty, Some(ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 | ColumnType::Numeric(_)))
}

fn is_numeric(ty: Option<&ColumnType>) -> bool {
    matches!(ty, Some(ColumnType::Numeric(_)))
}

/// Whether an expression that was walked is a number as it is shown.
pub fn is_shown_number(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_shown_number(inner),
        other => called(other).is_some_and(|(name, _)| is_shown(name)),
    }
}

/// Whether numbers within an expression may be shown ones: all that is made of them is known to read them.
pub fn passes_shown(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => matches!(value.value, Literal::Number(..)),
        Expr::Nested(_) | Expr::Cast { .. } | Expr::Ceil { .. } | Expr::Floor { .. } | Expr::Case { .. } => true,
        Expr::UnaryOp { op, .. } => matches!(op, UnaryOperator::Minus | UnaryOperator::Plus),
        Expr::BinaryOp { op, .. } => matches!(
            op,
            BinaryOperator::Plus
                | BinaryOperator::Minus
                | BinaryOperator::Multiply
                | BinaryOperator::Divide
                | BinaryOperator::Modulo
                | BinaryOperator::PGExp
                | BinaryOperator::Eq
                | BinaryOperator::NotEq
                | BinaryOperator::Lt
                | BinaryOperator::LtEq
                | BinaryOperator::Gt
                | BinaryOperator::GtEq
        ),
        Expr::Function(function) => names::last_part(&function.name)
            .is_some_and(|name| keeps_arguments(&name) || (1..=4).any(|count| shown_function(&name, count).is_some())),
        _ => false,
    }
}

/// Whether what a function makes of arguments that are not shown may be shown as it is.
pub fn keeps_arguments(name: &str) -> bool {
    matches!(name, "avg" | "coalesce" | "stddev" | "stddev_samp" | "stddev_pop" | "variance" | "var_samp" | "var_pop")
}

/// Whether the items of a SELECT are shown as they are: nothing compares their values.
pub fn shows_items(select: &Select, order: &[OrderByExpr]) -> bool {
    let GroupByExpr::Expressions(groups, modifiers) = &select.group_by else { return false };
    let is_alias = |expr: &Expr| {
        let Expr::Identifier(ident) = expr else { return false };
        let name = folded(ident);
        select
            .projection
            .iter()
            .any(|item| matches!(item, SelectItem::ExprWithAlias { alias, .. } if folded(alias) == name))
    };
    let is_column = |expr: &Expr| matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) && !is_alias(expr);
    // ORDER BY finds an item by what it is written as.
    let is_repeated = |item: &OrderByExpr| {
        let shown = select.projection.iter().filter_map(|item| match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
            _ => None,
        });
        !matches!(item.expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_))
            && shown.into_iter().any(|expr| *expr == item.expr)
    };
    select.distinct.is_none() && modifiers.is_empty() && groups.iter().all(is_column) && !order.iter().any(is_repeated)
}

impl Analyzer<'_> {
    /// The type of a side of an operator; a constant that was typed by the other side has the type of its value.
    fn side_type(&self, expr: &Expr, ty: Option<&ColumnType>) -> Option<ColumnType> {
        ty.cloned().or_else(|| self.constant_value(expr).filter(|value| !value.is_null()).map(Value::column_type))
    }

    /// An exact number as a shown function reads it: a constant is given with its own digits.
    fn shown_operand(&self, expr: &Expr) -> Expr {
        let text = match (number_of(expr), self.constant_value(expr)) {
            (Some((digits, is_negative)), _) => Some(format!("{}{digits}", if is_negative { "-" } else { "" })),
            (None, Some(Value::Numeric(number))) => Some(number.to_string()),
            _ => None,
        };
        match text {
            Some(text) => call(SHOWN, vec![Expr::value(Literal::SingleQuotedString(text.replace('_', "")))]),
            None => expr.clone(),
        }
    }

    /// One of several exact values of which one is the result, as it is shown.
    pub fn shown_value(&self, expr: &Expr) -> Expr {
        match self.shown_operand(expr) {
            shown if is_shown_number(&shown) => shown,
            other => call(SHOWN, vec![other]),
        }
    }

    /// What an operator makes of two sides that were walked, as it is shown; `None` for one that stays.
    pub fn shown_operation(
        &mut self,
        expr: &mut Expr,
        left_type: Option<&ColumnType>,
        right_type: Option<&ColumnType>,
    ) -> Option<ColumnType> {
        if !self.shows {
            return None;
        }
        let Expr::BinaryOp { left, op, right } = expr else { return None };
        let (left_type, right_type) = (self.side_type(left, left_type), self.side_type(right, right_type));
        let is_all_exact = is_exact(left_type.as_ref()) && is_exact(right_type.as_ref());
        let symbol = if *op == BinaryOperator::PGExp { "power".to_string() } else { op.to_string() };
        let function = shown_function(&symbol, 2);
        if let (true, true, Some(function)) =
            (is_all_exact, is_numeric(left_type.as_ref()) || is_numeric(right_type.as_ref()), function)
        {
            *expr = call(function, vec![self.shown_operand(left), self.shown_operand(right)]);
            return Some(ColumnType::Numeric(None));
        }
        unshow(left, right_type.as_ref());
        unshow(right, left_type.as_ref());
        None
    }

    /// The sides of a comparison by their keys, where one of them is a shown number; whether they are.
    ///
    /// # Errors
    /// 22P02 and 22003 for a literal beside a number that is none.
    pub fn shown_comparison(
        &mut self,
        left: &mut Expr,
        left_type: Option<&ColumnType>,
        right: &mut Expr,
        right_type: Option<&ColumnType>,
    ) -> Result<bool> {
        if !is_shown_number(left) && !is_shown_number(right) {
            return Ok(false);
        }
        for side in [&mut *left, &mut *right] {
            self.adopt(side, &ColumnType::Numeric(None))?;
        }
        let (left_type, right_type) = (self.side_type(left, left_type), self.side_type(right, right_type));
        if is_exact(left_type.as_ref()) && is_exact(right_type.as_ref()) {
            for side in [left, right] {
                *side = self.shown_operand(side);
                by_value(side, NUMERIC_KEY);
            }
            return Ok(true);
        }
        unshow(left, right_type.as_ref());
        unshow(right, left_type.as_ref());
        Ok(false)
    }

    /// What a call with arguments that were walked makes of exact numbers, as it is shown; `None` for one that stays.
    pub fn shown_call(
        &mut self,
        function: &mut Function,
        name: &str,
        types: &[Option<ColumnType>],
    ) -> Option<(Expr, ColumnType)> {
        if !self.shows || function.over.is_some() {
            return None;
        }
        let FunctionArguments::List(list) = &mut function.args else { return None };
        let is_plain = list.clauses.is_empty() && list.duplicate_treatment.is_none() && function.filter.is_none();
        let mut arguments: Vec<&mut Expr> = list.args.iter_mut().filter_map(plain_argument).collect();
        let types: Vec<Option<ColumnType>> =
            arguments.iter().zip(types).map(|(argument, ty)| self.side_type(argument, ty.as_ref())).collect();
        let of_numerics =
            matches!((name, types.len()), ("factorial" | "trim_scale", 1) | ("div" | "log" | "round" | "trunc", 2));
        let read = if matches!(name, "round" | "trunc") { types.get(..1).unwrap_or_default() } else { &types };
        let has_numeric = of_numerics || read.iter().any(|ty| is_numeric(ty.as_ref()));
        let is_all_exact = !types.is_empty() && types.iter().all(|ty| is_exact(ty.as_ref()));
        if let (true, true, true, Some(shown)) =
            (is_plain, has_numeric, is_all_exact, shown_function(name, types.len()))
        {
            let operands = arguments.iter().map(|argument| self.shown_operand(argument)).collect();
            let ty = if is_shown(shown) { ColumnType::Numeric(None) } else { ColumnType::Int4 };
            return Some((call(shown, operands), ty));
        }
        let others: Vec<Option<ColumnType>> = types.iter().filter(|ty| !is_exact(ty.as_ref())).cloned().collect();
        for argument in &mut arguments {
            unshow(argument, others.first().and_then(Option::as_ref));
        }
        None
    }

    /// Makes an average of exact numbers one that is shown as it is; whether it did.
    pub fn show_average(&self, function: &mut Function, types: &[Option<ColumnType>]) -> bool {
        let is_plain = match &function.args {
            FunctionArguments::List(list) => list.duplicate_treatment.is_none(),
            _ => false,
        };
        let is_averaged = self.shows && is_plain && types.len() == 1 && types.iter().all(|ty| is_exact(ty.as_ref()));
        if is_averaged {
            function.name = vec![exact(SHOWN_AVERAGE)].into();
        }
        is_averaged
    }

    /// A deviation of exact numbers that are small enough for their squares to be added up, as it is shown: computed of the sums that
    /// the planner adds up. `None` for one that stays.
    pub fn shown_deviation(&self, function: &Function, name: &str, types: &[Option<ColumnType>]) -> Option<Expr> {
        let (form, is_sample) = match name {
            "stddev" | "stddev_samp" => ("stddev_samp", true),
            "variance" | "var_samp" => ("var_samp", true),
            "stddev_pop" | "var_pop" => (name, false),
            _ => return None,
        };
        let FunctionArguments::List(list) = &function.args else { return None };
        let is_plain = list.clauses.is_empty()
            && list.duplicate_treatment.is_none()
            && function.filter.is_none()
            && function.over.is_none();
        let [FunctionArg::Unnamed(FunctionArgExpr::Expr(value))] = list.args.as_slice() else { return None };
        let number = match types {
            [Some(ColumnType::Int2 | ColumnType::Int4)] => {
                native_cast(value.clone(), DataType::Numeric(ExactNumberInfo::PrecisionAndScale(INT4_DIGITS, 0)))
            }
            [Some(ColumnType::Numeric(Some((precision, 0..))))] if *precision <= SQUARED_DIGITS_MAX => value.clone(),
            _ => return None,
        };
        let count = call("count", vec![value.clone()]);
        // One value is no sample.
        let one = Expr::value(Literal::Number("1".to_string(), false));
        let count = if is_sample { call("nullif", vec![count, one]) } else { count };
        let squares = binary(number.clone(), BinaryOperator::Multiply, number.clone());
        let sums = [number, squares].map(|of| call("sum", vec![of]));
        let shown = shown_function(form, 3).filter(|_| self.shows && is_plain)?;
        Some(call(shown, std::iter::once(count).chain(sums).collect()))
    }

    /// A number with the other sign or rounded to a whole one, as it is shown; `None` for one that stays.
    pub fn shown_form(&self, inner: &Expr, ty: Option<&ColumnType>, form: &str) -> Option<Expr> {
        let function = if form == "-" { SHOWN_MINUS } else { shown_function(form, 1)? };
        (self.shows && is_numeric(ty)).then(|| call(function, vec![self.shown_operand(inner)]))
    }

    /// A cast to numeric without precision, as it is shown; `None` for one that stays.
    pub fn shown_cast(&self, inner: &Expr, from: Option<&ColumnType>, to: &ColumnType) -> Option<Expr> {
        let is_read = from.is_some_and(|from| from.is_number() && *from != ColumnType::Oid || from.is_text());
        let is_wanted = self.shows && *to == ColumnType::Numeric(None) && is_read && !is_shown_number(inner);
        is_wanted.then(|| call(SHOWN, vec![inner.clone()]))
    }
}

/// A shown number beside a value of another type as the planner computes with it: a float beside a float and beside what is
/// multiplied by floats, else a decimal.
pub fn unshow(expr: &mut Expr, beside: Option<&ColumnType>) {
    if !is_shown_number(expr) {
        return;
    }
    let ty = match beside {
        Some(ColumnType::Float4 | ColumnType::Float8 | ColumnType::Interval) => ColumnType::Float8,
        _ => ColumnType::Numeric(None),
    };
    *expr = call(&cast_name(&ty), vec![expr.clone()]);
}
