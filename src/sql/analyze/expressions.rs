//! The walk over expressions: types from the leaves up, and operators, casts and literals in the planner's terms.

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{Expr, Query, SelectItem, SetExpr, Spanned, Value as Literal};

use crate::error::{Error, ErrorKind, Result};
use crate::expr::unmodified;
use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::analyze::casts::{is_forgotten, keep_type};
use crate::sql::analyze::dimensions::{arrays_between, other_shapes};
use crate::sql::analyze::jsonb::by_value;
use crate::sql::analyze::literals::{bit_digits, placeholder, string_of};
use crate::sql::analyze::numerics::{held, is_numeric};
use crate::sql::analyze::row_comparisons::{keyed_rows, without_rows};
use crate::sql::analyze::scope;
use crate::sql::analyze::scope::ScopeColumn;
use crate::sql::analyze::times::common_time;
use crate::sql::arrow::cast_functions::cast_name;
use crate::sql::functions::{ARRAY_OF_ARRAYS, EXTRACT, NUMERIC_KEY, function_types};
use crate::sql::parse::names::folded;
use crate::sql::parse::operators::call;
use crate::sql::parse::trees::number_of;
use crate::sql::parse::visit::is_computed;
use crate::sql::planner::subqueries::quantified::{DIFFERS_FROM_ALL, EQUALS_ANY, quantified_name};
use crate::sql::relational::engine;
use crate::sql::rewrite::expressions::kept_rows;
use crate::types::{Bits, ColumnType, Value};

impl Analyzer<'_> {
    /// Rewrites an expression in place; its type, where it is known before planning.
    ///
    /// # Errors
    /// 42703, 42P01, 42702 for names, 42883 for operators, 42804 for conditions, 0A000; what a literal's type says of its text.
    pub fn expr(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        if let Some((text, negative)) = number_of(expr) {
            let text = text.to_string();
            let (constant, ty) = self.number(&text, negative).map_err(|error| self.at(error, expr.span().start))?;
            *expr = constant;
            return Ok(Some(ty));
        }
        self.rows_in_condition(expr);
        if let Some(columns) = without_rows(expr).map_err(|error| self.at(error, expr.span().start))? {
            *expr = columns;
            return self.expr(expr);
        }
        match expr {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => self.column(expr),
            Expr::Value(value) if bit_digits(&value.value).is_some() => {
                let (digits, width) = bit_digits(&value.value).unwrap_or_default();
                let bits = Bits::parse_digits(digits, width);
                let bits = bits.map_err(|error| self.at(error, value.span.start))?;
                let ty = ColumnType::Bit(None);
                *expr = self.constant(Value::Bits(Box::new(bits)), &ty);
                Ok(Some(ty))
            }
            Expr::Value(value) => Ok(match &value.value {
                Literal::Placeholder(name) => placeholder(name).and_then(|at| self.parameter_type(at).cloned()),
                Literal::Boolean(_) => Some(ColumnType::Bool),
                other => {
                    // Escapes were resolved by the tokenizer: a plain string from here on.
                    if let Some(text) = string_of(other).map(str::to_string) {
                        value.value = Literal::SingleQuotedString(text);
                    }
                    None
                }
            }),
            Expr::Nested(inner) => self.expr(inner),
            Expr::Collate { expr: inner, .. } => {
                let mut inner = inner.as_ref().clone();
                let ty = self.expr(&mut inner)?;
                *expr = inner;
                Ok(ty)
            }
            Expr::UnaryOp { .. } => self.unary(expr),
            Expr::BinaryOp { .. } | Expr::Cast { .. } | Expr::TypedString(_) | Expr::Function(_) => {
                self.operation(expr)
            }
            _ => self.composite(expr),
        }
    }

    /// An operator, a cast or a call; what an index is made of is a column of its own.
    fn operation(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        if let Some((column, ty)) = self.index_expression(expr)? {
            *expr = column;
            return Ok(Some(ty));
        }
        match expr {
            Expr::BinaryOp { .. } => self.binary(expr),
            Expr::Function(_) => self.function(expr),
            _ => self.cast(expr),
        }
    }

    /// An array of constants as one: of what stands in it the planner would not know the types.
    ///
    /// # Errors
    /// 2202E for arrays of other dimensions than one another.
    fn constant_array(&mut self, elements: &[Expr], ty: &ColumnType) -> Result<Option<Expr>> {
        let Some(element) = ty.element().filter(|_| !elements.is_empty()) else { return Ok(None) };
        let values = elements.iter().map(|element| self.constant_value(element).cloned());
        let Some(mut values) = values.collect::<Option<Vec<Value>>>() else { return Ok(None) };
        let is_held = |value: &Value| match value {
            Value::Array(of, _) => **of == *element.base(),
            value => value.is_null() || (element.dimensions() == 0 && value.is_of(&element)),
        };
        if !values.iter().all(is_held) {
            return Ok(None);
        }
        let shape = values.first().map(Value::shape).unwrap_or_default();
        if element.dimensions() > 0 {
            if values.iter().any(|value| value.shape() != shape) {
                return Err(other_shapes());
            }
            // Arrays without elements make another one.
            values.retain(|_| !shape.is_empty());
        }
        Ok(Some(self.constant(Value::Array(Box::new(element.base().clone()), values), ty)))
    }

    fn column(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        let location = expr.span().start;
        let found = match expr {
            Expr::Identifier(ident) => {
                let name = folded(ident);
                match scope::resolve(&self.scopes, None, &name) {
                    Err(_) if ident.quote_style.is_none() && engine::is_keyword_function(&name) => {
                        let ty = function_types::result(&name, &[]);
                        *expr = call(&name, Vec::new());
                        return Ok(ty);
                    }
                    other => other,
                }
            }
            Expr::CompoundIdentifier(parts) => {
                let found = scope::resolve_qualified(&self.scopes, parts);
                // The planner's relations have names of one part.
                parts.drain(..parts.len().saturating_sub(2));
                found
            }
            _ => return Ok(None),
        };
        if found.is_err()
            && let Some(row) = self.written_row(expr)?
        {
            *expr = row;
            return self.expr(expr);
        }
        let Some(found) = found.map_err(|error| self.at(error, location))? else { return Ok(None) };
        if let Some(merged) = found.merged {
            *expr = merged;
            return self.expr(expr);
        }
        self.note_column(&found, location);
        self.views.note_column(&found.column);
        if let Expr::CompoundIdentifier(parts) = expr {
            self.name_relation(parts, &found.relation);
        }
        Ok(found.column.ty.map(held))
    }

    /// Conditions and subqueries, and every other kind of expression.
    fn composite(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        let boolean = Ok(Some(ColumnType::Bool));
        match expr {
            Expr::IsNull(inner) | Expr::IsNotNull(inner) => {
                if self.is_adoptable(inner) {
                    self.adopt(inner, &ColumnType::Text)?;
                }
                self.expr(inner)?;
                boolean
            }
            Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsUnknown(_)
            | Expr::IsNotUnknown(_) => {
                self.truth_test(expr)?;
                boolean
            }
            Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
                if let Some(key) = self.unify_pair(left, right)? {
                    [left, right].into_iter().for_each(|side| by_value(side, key));
                }
                boolean
            }
            Expr::Between { expr: inner, low, high, negated } => {
                let sides = self.unify_with(">=", inner, [low.as_mut(), high.as_mut()])?;
                if let Some(between) = arrays_between(inner, (low, high), *negated, &sides) {
                    *expr = between;
                } else if let Some(key) = sides.key {
                    [inner, low, high].into_iter().for_each(|side| by_value(side, key));
                }
                boolean
            }
            Expr::InList { expr: inner, list, .. } => {
                self.in_list(inner, list)?;
                boolean
            }
            Expr::InSubquery { expr: inner, subquery, .. } => {
                let columns = self.query(subquery, false)?;
                if let [column] = columns.as_slice()
                    && let Some(ty) = &column.ty
                {
                    self.adopt(inner, ty)?;
                }
                let ty = self.expr(inner)?;
                let rows = columns.first().and_then(|column| column.ty.as_ref());
                self.looked_up(inner, ty.as_ref(), subquery, rows)?;
                boolean
            }
            Expr::Exists { subquery, .. } => {
                let columns = self.query(subquery, false)?;
                if columns.is_empty()
                    && let SetExpr::Select(select) = subquery.body.as_mut()
                {
                    // The planner wants a column of rows whose number alone matters.
                    select.projection = vec![SelectItem::UnnamedExpr(Expr::value(Literal::Boolean(true)))];
                }
                boolean
            }
            Expr::Subquery(query) => {
                let columns = self.query(query, false)?;
                let ty = columns.into_iter().next().and_then(|column| column.ty);
                keep_type(expr, ty.as_ref());
                Ok(ty)
            }
            Expr::Like { .. } | Expr::ILike { .. } => self.like(expr),
            Expr::SimilarTo { .. } => self.similar(expr),
            Expr::AnyOp { .. } | Expr::AllOp { .. } => self.quantified(expr),
            _ => self.value_expr(expr),
        }
    }

    /// A value beside the rows of a subquery that it is looked up in: what makes keys, floats or times of both.
    fn looked_up(
        &mut self,
        value: &mut Expr,
        ty: Option<&ColumnType>,
        rows: &mut Query,
        row_type: Option<&ColumnType>,
    ) -> Result<()> {
        let mut row = Expr::Wildcard(AttachedToken::empty());
        if let Some(key) = self.comparison_key(&mut [(&mut *value, ty.cloned()), (&mut row, row_type.cloned())]) {
            by_value(value, key);
            *rows = keyed_rows(rows, key)?;
        } else {
            self.looked_up_as_float(value, ty, rows, row_type)?;
        }
        if let Some(common) = common_time(ty, row_type) {
            self.as_time(value, ty, &common)?;
            *rows = keyed_rows(rows, &cast_name(&common))?;
        }
        Ok(())
    }

    /// Expressions that choose, collect or compute a value.
    fn value_expr(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        match expr {
            Expr::Case { .. } => self.case(expr),
            Expr::Array(_) => self.array_constructor(expr),
            Expr::Tuple(list) => {
                for each in list {
                    self.with_blanks(each);
                    self.expr(each)?;
                }
                Ok(None)
            }
            Expr::Extract { field, expr: inner, .. } => {
                self.adopt(inner, &ColumnType::TimestampTz)?;
                let ty = self.expr(inner)?;
                self.check_no_labels("extract", &[None, ty.clone()], inner)?;
                if ty == Some(ColumnType::TimestampTz) {
                    self.note_unsteady();
                }
                let unit = field.to_string().trim_matches(['\'', '"']).to_ascii_lowercase();
                let unit = Expr::value(Literal::SingleQuotedString(unit));
                *expr = call(EXTRACT, vec![unit, inner.as_ref().clone()]);
                Ok(Some(ColumnType::Numeric(None)))
            }
            Expr::AtTimeZone { .. } => self.at_time_zone(expr),
            Expr::Ceil { expr: inner, .. } | Expr::Floor { expr: inner, .. } => {
                let ty = self.expr(inner)?;
                self.check_no_labels("ceil", std::slice::from_ref(&ty), inner)?;
                if ty == Some(ColumnType::Float4) {
                    self.make_float(inner);
                    return Ok(Some(ColumnType::Float8));
                }
                let form = if matches!(expr, Expr::Ceil { .. }) { "ceil" } else { "floor" };
                if let Expr::Ceil { expr: inner, .. } | Expr::Floor { expr: inner, .. } = &*expr
                    && let Some(whole) = self.numeric_form(inner, ty.as_ref(), form)
                {
                    *expr = whole;
                    return Ok(Some(ColumnType::Numeric(None)));
                }
                Ok(ty)
            }
            Expr::Interval(interval) => {
                *expr = self.interval_literal(interval)?;
                Ok(Some(ColumnType::Interval))
            }
            Expr::CompoundFieldAccess { .. } => self.access(expr),
            other => self.text_expr(other),
        }
    }

    /// ARRAY of elements.
    fn array_constructor(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        let Expr::Array(array) = expr else { return Ok(None) };
        array.elem.iter_mut().for_each(|element| self.with_blanks(element));
        // The planner looks for the columns of its elements in the innermost query only, computes with whole numbers there,
        // and knows no parameter's type; those of a call it finds, and computes as everywhere.
        let is_written_computed = array.elem.iter().any(is_computed);
        let ty = self.unify_all("ARRAY", &mut array.elem.iter_mut().collect::<Vec<_>>())?;
        if ty == Some(ColumnType::Int4) {
            // The planner takes every number for a bigint.
            array.elem.iter_mut().for_each(|each| self.as_int4(each));
        }
        let is_computed = is_written_computed || array.elem.iter().any(is_computed);
        let ty = ty.map(|ty| ColumnType::Array(Box::new(ty)));
        let is_call = is_computed || ty.as_ref().is_some_and(is_forgotten);
        let constant = match &ty {
            Some(ty) => self.constant_array(&array.elem, ty)?,
            None => None,
        };
        if let Some(constant) = constant {
            *expr = constant;
            return Ok(ty);
        }
        if is_call {
            *expr = call("make_array", std::mem::take(&mut array.elem));
            keep_type(expr, ty.as_ref());
        }
        if ty.as_ref().is_some_and(|ty| ty.dimensions() > 1) {
            *expr = call(ARRAY_OF_ARRAYS, vec![expr.clone()]);
        }
        Ok(ty)
    }

    fn case(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        let Expr::Case { operand, conditions, else_result, .. } = expr else { return Ok(None) };
        let tested = conditions.iter_mut().map(|when| &mut when.condition);
        match operand {
            Some(operand) => {
                if let Some(key) = self.unify_with("=", operand, tested)?.key {
                    by_value(operand, key);
                    conditions.iter_mut().for_each(|when| by_value(&mut when.condition, key));
                }
            }
            None => tested.into_iter().try_for_each(|when| self.condition(when, "CASE/WHEN"))?,
        }
        // PostgreSQL looks at ELSE first.
        let mut results: Vec<&mut Expr> = else_result.as_deref_mut().into_iter().collect();
        results.extend(conditions.iter_mut().map(|when| &mut when.result));
        let ty = self.without_sets("CASE", |own| own.unify_all("CASE", &mut results))?;
        keep_type(expr, ty.as_ref());
        Ok(ty)
    }

    /// Functions with a syntax of their own.
    fn text_expr(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        match expr {
            Expr::Position { expr: needle, r#in: text } => {
                self.coerce_to_text(&mut [needle.as_mut(), text.as_mut()])?;
                Ok(Some(ColumnType::Int4))
            }
            Expr::Substring { .. } => self.substring(expr),
            Expr::Trim { .. } => self.trim(expr),
            Expr::Overlay { .. } => self.overlay(expr),
            other => Err(self.at(
                Error::unsupported(
                    "this expression is not offered",
                    "The section \"SQL\" of COMPAT.md lists what PostgreSQL has and this server has not.",
                ),
                other.span().start,
            )),
        }
    }

    /// What stands behind ANY or ALL; a literal or parameter that nothing gives a type is an array of texts.
    ///
    /// # Errors
    /// 42809 for what is no array; as [`Analyzer::expr`].
    pub fn array_operand(&mut self, array: &mut Expr) -> Result<Option<ColumnType>> {
        match self.expr(array)? {
            // Nothing else is walked twice.
            None | Some(ColumnType::Unknown) if matches!(array, Expr::Value(_)) => {
                self.adopt(array, &ColumnType::Array(Box::new(ColumnType::Text)))?;
                self.expr(array)
            }
            Some(ty) if ty != ColumnType::Unknown && ty.element().is_none() => {
                Err(Error::new(ErrorKind::WrongObjectType, "op ANY/ALL (array) requires array on right side"))
            }
            ty => Ok(ty),
        }
    }

    /// `x = ANY (array)` and the like.
    fn quantified(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        let (left, operator, right, is_all) = match expr {
            Expr::AnyOp { left, compare_op, right, .. } => (left, compare_op, right, false),
            Expr::AllOp { left, compare_op, right } => (left, compare_op, right, true),
            _ => return Ok(None),
        };
        let mut array = right.as_ref().clone();
        while let Expr::Nested(inner) = array {
            array = *inner;
        }
        if let Some(query) = kept_rows(&array) {
            let mut query = query.clone();
            let columns = self.query(&mut query, false)?;
            if let [ScopeColumn { ty: Some(ty), .. }] = columns.as_slice() {
                self.adopt(left, ty)?;
            }
            let ty = self.expr(left)?;
            let rows = columns.first().and_then(|column| column.ty.as_ref());
            self.looked_up(left, ty.as_ref(), &mut query, rows)?;
            **right = Expr::Subquery(Box::new(query));
            return Ok(Some(ColumnType::Bool));
        }
        let Some(name) = quantified_name(operator, is_all) else {
            let (left, operator, place) = (left.as_ref().clone(), operator.clone(), left.span().start);
            let chosen = self.quantified_operator(&left, &operator, array, is_all);
            *expr = chosen.map_err(|error| self.at(error, place))?;
            return Ok(Some(ColumnType::Bool));
        };
        // All dimensions of an array are its elements.
        if let Expr::Array(list) = &mut array {
            list.elem = flat_elements(std::mem::take(&mut list.elem));
        }
        let mut left = left.as_ref().clone();
        if let (Expr::Array(list), EQUALS_ANY | DIFFERS_FROM_ALL) = (&array, name.as_str()) {
            let list = list.elem.clone();
            let mut list = Expr::InList { expr: Box::new(left), list, negated: name == DIFFERS_FROM_ALL };
            self.composite(&mut list)?;
            *expr = list;
            return Ok(Some(ColumnType::Bool));
        }
        let left_type = self.expr(&mut left)?;
        if let Some(ty) = &left_type {
            self.adopt(&mut array, &ColumnType::Array(Box::new(unmodified(ty))))?;
        }
        let location = array.span().start;
        let array_type = self.array_operand(&mut array).map_err(|error| self.at(error, location))?;
        if let Some(element) = array_type.as_ref().and_then(ColumnType::element) {
            self.adopt(&mut left, &unmodified(&element))?;
        }
        let element = array_type.as_ref().map(ColumnType::base);
        if is_numeric(left_type.as_ref()) || is_numeric(element) {
            match element.or(left_type.as_ref()) {
                Some(ColumnType::Float4 | ColumnType::Float8) => self.numeric_as_float(&mut left),
                _ if matches!(left_type, Some(ColumnType::Float4 | ColumnType::Float8)) => {}
                _ => [&mut left, &mut array].into_iter().for_each(|side| by_value(side, NUMERIC_KEY)),
            }
        }
        *expr = call(&name, vec![left, array]);
        Ok(Some(ColumnType::Bool))
    }
}

/// The elements of an array constructor and of those in it.
fn flat_elements(elements: Vec<Expr>) -> Vec<Expr> {
    let mut flat = Vec::with_capacity(elements.len());
    let mut waiting: Vec<Expr> = elements.into_iter().rev().collect();
    while let Some(element) = waiting.pop() {
        match element {
            Expr::Array(list) => waiting.extend(list.elem.into_iter().rev()),
            other => flat.push(other),
        }
    }
    flat
}
