//! Binary operators: which ones are functions, what types their sides give each other, and paths into JSON columns.

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, Spanned, Value as Literal};

use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Operand, PathBase, PathResult};
use crate::model::SystemColumn;
use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::analyze::casts::keep_type;
use crate::sql::analyze::dimensions::{array_comparison, deeper};
use crate::sql::analyze::jsonb::by_value;
use crate::sql::analyze::literals::string_of;
use crate::sql::analyze::numerics::is_numeric;
use crate::sql::analyze::overloads::left_end;
use crate::sql::analyze::ranges::ADJACENT;
use crate::sql::analyze::scope;
use crate::sql::analyze::scope::{FoundColumn, column_of};
use crate::sql::arrow::cast_functions::cast_name;
use crate::sql::functions::{ARRAY_JOINED, DIFFERS, DIFFERS_ANY_CASE, MATCHES, MATCHES_ANY_CASE, TEXT_CONCAT};
use crate::sql::parse::names::folded;
use crate::sql::parse::operators::{call, json_function, json_result, operator_called};
use crate::sql::parse::trees::number_of;
use crate::sql::relational::collection_table::StatementTable;
use crate::types::json::jsonb::PathStep;
use crate::types::{ColumnType, Value};

impl Analyzer<'_> {
    /// Rewrites a binary operation; its type, where it is known before planning.
    ///
    /// # Errors
    /// 42883 for an operator that does not exist, or not for the types of its sides; as [`Analyzer::expr`].
    pub fn binary(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        if let Some((column, ty)) = self.json_part(expr)? {
            *expr = column;
            return Ok(Some(ty));
        }
        let location = left_end(expr);
        if let Some(ty) = self.distance(expr)? {
            return Ok(Some(ty));
        }
        let Expr::BinaryOp { left, op, right } = expr else { return Ok(None) };
        let operator = op.clone();
        match operator {
            BinaryOperator::And | BinaryOperator::Or => {
                let of = operator.to_string();
                self.condition(left, &of)?;
                self.condition(right, &of)?;
                Ok(Some(ColumnType::Bool))
            }
            BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::Lt
            | BinaryOperator::LtEq
            | BinaryOperator::Gt
            | BinaryOperator::GtEq => self.comparison(expr).map_err(|error| self.at_operator(error, location)),
            BinaryOperator::Overlaps => self.overlaps(expr),
            BinaryOperator::PGRegexMatch
            | BinaryOperator::PGRegexIMatch
            | BinaryOperator::PGRegexNotMatch
            | BinaryOperator::PGRegexNotIMatch => {
                self.with_blanks(left);
                self.resolve_texts(&operator.to_string(), left, right)
                    .map_err(|error| self.at_operator(error, location))?;
                *expr = call(regex_function(&operator), vec![left.as_ref().clone(), right.as_ref().clone()]);
                Ok(Some(ColumnType::Bool))
            }
            BinaryOperator::PGLikeMatch
            | BinaryOperator::PGILikeMatch
            | BinaryOperator::PGNotLikeMatch
            | BinaryOperator::PGNotILikeMatch => {
                *expr = like(&operator, left.as_ref().clone(), right.as_ref().clone());
                self.expr(expr)
            }
            BinaryOperator::PGStartsWith => {
                self.resolve_texts("^@", left, right).map_err(|error| self.at_operator(error, location))?;
                *expr = call("starts_with", vec![left.as_ref().clone(), right.as_ref().clone()]);
                Ok(Some(ColumnType::Bool))
            }
            BinaryOperator::PGExp => self.power(expr).map_err(|error| self.at_operator(error, location)),
            BinaryOperator::Custom(name) if name == ADJACENT => {
                self.other_operator(expr).map_err(|error| self.at_operator(error, location))
            }
            BinaryOperator::Custom(name) => {
                self.resolve_walked(&name, left, right).map_err(|error| self.at_operator(error, location))?;
                let error = Error::unsupported(
                    format!("the operator {name} is not offered"),
                    "The section \"SQL\" of COMPAT.md lists what PostgreSQL has and this server has not.",
                );
                Err(self.at_operator(error, location))
            }
            BinaryOperator::PGCustomBinaryOperator(parts) => {
                // OPERATOR(pg_catalog.~) is how psql writes its patterns.
                *op = operator_called(parts.last().map_or("", String::as_str)).ok_or_else(|| {
                    let name = parts.join(".");
                    Error::new(ErrorKind::UndefinedFunction, format!("operator does not exist: {name}"))
                })?;
                self.binary(expr)
            }
            _ => self.other_operator(expr).map_err(|error| self.at_operator(error, location)),
        }
    }

    /// `x ^ y`, which is `power(x, y)`.
    fn power(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        let Expr::BinaryOp { left, right, .. } = expr else { return Ok(None) };
        let (mut left_type, mut right_type) = (self.expr(left)?, self.expr(right)?);
        self.resolve_operands("^", (left, &mut left_type), (right, &mut right_type))?;
        if let Some(ty) = self.numeric_operation(expr, left_type.as_ref(), right_type.as_ref()) {
            return Ok(Some(ty));
        }
        let Expr::BinaryOp { left, right, .. } = expr else { return Ok(None) };
        self.unify_types(left, left_type, right, right_type)?;
        *expr = call("power", vec![left.as_ref().clone(), right.as_ref().clone()]);
        Ok(Some(ColumnType::Float8))
    }

    /// Operators of JSON, and those that are written like them.
    fn json_operator(&mut self, expr: &mut Expr, operator: &BinaryOperator) -> Result<Option<ColumnType>> {
        let Expr::BinaryOp { left, right, .. } = expr else { return Ok(None) };
        let mut left_type = self.expr(left)?;
        let mut right_type = self.expr(right)?;
        self.resolve_operands(&operator.to_string(), (left, &mut left_type), (right, &mut right_type))?;
        if let Some(ty) = self.full_text(expr, left_type.as_ref(), right_type.as_ref()) {
            return Ok(Some(ty));
        }
        let Expr::BinaryOp { left, right, .. } = expr else { return Ok(None) };
        if left_type.is_none() && self.is_adoptable(left) {
            self.adopt(left, &ColumnType::Jsonb)?;
            left_type = Some(ColumnType::Jsonb);
        }
        if let Some(ty) = left_type.as_ref().filter(|ty| ty.is_text() && **ty != ColumnType::Unknown) {
            let message = format!("operator does not exist: {ty} {operator} unknown");
            let hint = "JSON operators take json and jsonb: cast the text, as in (t::jsonb).";
            let error = Error::new(ErrorKind::UndefinedFunction, message).with_hint(hint);
            return Err(self.at(error, left.span().start));
        }
        let takes_text = matches!(
            operator,
            BinaryOperator::Arrow
                | BinaryOperator::LongArrow
                | BinaryOperator::Question
                | BinaryOperator::AtQuestion
                | BinaryOperator::AtAt
        );
        if takes_text {
            self.adopt(right, &ColumnType::Text)?;
        } else {
            self.adopt(right, &ColumnType::Array(Box::new(ColumnType::Text)))?;
        }
        let Some(name) = json_function(operator, right_type.as_ref()) else { return Ok(None) };
        let mut arguments = vec![left.as_ref().clone()];
        match (self.constant_value(right), operator) {
            (Some(Value::Array(_, keys)), BinaryOperator::HashArrow | BinaryOperator::HashLongArrow)
                if !keys.is_empty() && !keys.iter().any(Value::is_null) =>
            {
                let keys: Vec<String> = keys.iter().map(Value::to_text).collect();
                arguments.extend(keys.into_iter().map(|key| Expr::value(Literal::SingleQuotedString(key))));
            }
            _ => arguments.push(right.as_ref().clone()),
        }
        let of_text = name.strip_prefix("jsonb_").map(|rest| format!("json_{rest}"));
        if let (Some(ColumnType::Json), Some(of_text)) = (&left_type, of_text.filter(|_| is_access(operator))) {
            *expr = call(&of_text, arguments);
            let ty = json_result(operator);
            return Ok(Some(if ty == ColumnType::Jsonb { ColumnType::Json } else { ty }));
        }
        *expr = call(name, arguments);
        Ok(Some(json_result(operator)))
    }

    /// JSON's operators, and arithmetic and concatenation of everything.
    fn other_operator(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        let Expr::BinaryOp { left, op, right } = expr else { return Ok(None) };
        let operator = op.clone();
        if matches!(operator, BinaryOperator::AtArrow | BinaryOperator::ArrowAt | BinaryOperator::PGOverlap) {
            return self.containment(expr);
        }
        if json_result_known(&operator) {
            return self.json_operator(expr, &operator);
        }
        let mut left_type = self.expr(left)?;
        let mut right_type = self.expr(right)?;
        let result = self.resolve_operands(&operator.to_string(), (left, &mut left_type), (right, &mut right_type))?;
        if let Some(ty) = self.range_operation(expr, left_type.as_ref(), right_type.as_ref())? {
            return Ok(Some(ty));
        }
        if let Some(bits) = self.bit_operation(expr, left_type.as_ref(), right_type.as_ref())? {
            return Ok(Some(bits));
        }
        if let Some(ty) = self.full_text(expr, left_type.as_ref(), right_type.as_ref()) {
            return Ok(Some(ty));
        }
        if operator == BinaryOperator::StringConcat {
            return self.concatenation(expr, left_type, right_type);
        }
        Ok(self.arithmetic(expr, left_type, right_type)?.or(result))
    }

    fn comparison(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        let Expr::BinaryOp { left, op, right } = expr else { return Ok(None) };
        let mut left_type = self.expr(left)?;
        let mut right_type = self.expr(right)?;
        self.resolve_operands(&op.to_string(), (left, &mut left_type), (right, &mut right_type))?;
        if !self.midnight_as_date((&**left, left_type.as_ref()), (&mut **right, &mut right_type)) {
            self.midnight_as_date((&**right, right_type.as_ref()), (&mut **left, &mut left_type));
        }
        self.unify_types(left, left_type.clone(), right, right_type.clone())?;
        let known = [(&**left, left_type.clone()), (&**right, right_type.clone())];
        let types = known.map(|(side, ty)| self.constant_type(side).or(ty));
        if let Some(compared) = array_comparison(left, op, right, &types) {
            *expr = compared;
            return Ok(Some(ColumnType::Bool));
        }
        if let Some(key) = self.comparison_key(&mut [(left.as_mut(), left_type), (right.as_mut(), right_type)]) {
            by_value(left, key);
            by_value(right, key);
        }
        Ok(Some(ColumnType::Bool))
    }

    fn concatenation(
        &mut self,
        expr: &mut Expr,
        left_type: Option<ColumnType>,
        right_type: Option<ColumnType>,
    ) -> Result<Option<ColumnType>> {
        let Expr::BinaryOp { left, right, .. } = expr else { return Ok(None) };
        let either = |wanted: fn(&ColumnType) -> bool| {
            left_type.as_ref().is_some_and(wanted) || right_type.as_ref().is_some_and(wanted)
        };
        if either(|ty| matches!(ty, ColumnType::Array(_))) && !either(ColumnType::is_dense_vector) {
            return self.joined_arrays(expr, left_type, right_type);
        }
        let ty = if either(|ty| *ty == ColumnType::Jsonb) {
            Some(("jsonb_concat", ColumnType::Jsonb))
        } else if either(|ty| matches!(ty, ColumnType::Halfvec(_))) {
            Some(("halfvec_concat", ColumnType::Halfvec(None)))
        } else if either(|ty| matches!(ty, ColumnType::Vector(_))) {
            Some(("vector_concat", ColumnType::Vector(None)))
        } else if left_type == Some(ColumnType::Bytea) && right_type == left_type {
            Some(("byteacat", ColumnType::Bytea))
        } else {
            None
        };
        if let Some((name, ty)) = ty {
            self.adopt(left, &ty)?;
            self.adopt(right, &ty)?;
            *expr = call(name, vec![left.as_ref().clone(), right.as_ref().clone()]);
            return Ok(Some(ty));
        }
        let is_text =
            (left_type.is_some() || self.is_adoptable(left)) && (right_type.is_some() || self.is_adoptable(right));
        for (side, ty) in [(&mut *left, &left_type), (&mut *right, &right_type)] {
            self.adopt(side, &ColumnType::Text)?;
            if ty.as_ref().is_some_and(|ty| !ty.is_text()) {
                **side = call(&cast_name(&ColumnType::Text), vec![side.as_ref().clone()]);
            }
        }
        // What may still turn out to be an array stays with the planner.
        if is_text {
            *expr = call(TEXT_CONCAT, vec![left.as_ref().clone(), right.as_ref().clone()]);
        }
        Ok(Some(ColumnType::Text))
    }

    /// Arrays one behind the other, or an array and an element.
    fn joined_arrays(
        &mut self,
        expr: &mut Expr,
        left_type: Option<ColumnType>,
        right_type: Option<ColumnType>,
    ) -> Result<Option<ColumnType>> {
        let Expr::BinaryOp { left, right, .. } = expr else { return Ok(None) };
        if let Some(array @ ColumnType::Array(_)) = left_type.as_ref().filter(|ty| matches!(ty, ColumnType::Array(_))) {
            if right_type.is_none() {
                self.adopt(right, array)?;
            }
            let mut array = array.clone();
            let right_type = right_type.or_else(|| self.constant_type(right));
            if let Some(deep) = deeper(&array, right_type.as_ref())? {
                *expr = call(ARRAY_JOINED, vec![left.as_ref().clone(), right.as_ref().clone()]);
                return Ok(Some(deep));
            }
            if is_numeric(Some(array.base())) || is_numeric(right_type.as_ref().map(ColumnType::base)) {
                self.as_numbers(left, &mut array);
                if let Some(mut ty) = right_type {
                    self.as_numbers(right, &mut ty);
                }
            }
            keep_type(expr, Some(&array));
            return Ok(Some(array));
        }
        if let Some(array @ ColumnType::Array(_)) = &right_type {
            if left_type.is_none() {
                self.adopt(left, array)?;
            }
            let left_type = left_type.or_else(|| self.constant_type(left));
            if let Some(deep) = deeper(array, left_type.as_ref())? {
                *expr = call(ARRAY_JOINED, vec![left.as_ref().clone(), right.as_ref().clone()]);
                return Ok(Some(deep));
            }
            // Of another type than an array it is an element, NULL or not.
            if let Some(mut ty) = left_type.filter(|ty| ty.dimensions() == 0) {
                let mut array = array.clone();
                if is_numeric(Some(array.base())) {
                    self.as_numbers(left, &mut ty);
                    self.as_numbers(right, &mut array);
                }
                *expr = call("array_prepend", vec![left.as_ref().clone(), right.as_ref().clone()]);
                keep_type(expr, Some(&array));
                return Ok(Some(array));
            }
            keep_type(expr, right_type.as_ref());
            return Ok(right_type);
        }
        Ok(None)
    }

    /// A part of a JSON column of a collection by a constant path, as a column of its own.
    fn json_part(&mut self, expr: &Expr) -> Result<Option<(Expr, ColumnType)>> {
        let Some((root, steps, is_text)) = constant_path(expr) else { return Ok(None) };
        let found = match root {
            Expr::Identifier(ident) => scope::resolve(&self.scopes, None, &folded(ident)),
            Expr::CompoundIdentifier(parts) => scope::resolve_qualified(&self.scopes, parts),
            _ => return Ok(None),
        };
        let location = root.span().start;
        let found = found.map_err(|error| self.at(error, location))?;
        if let Some(found) = found.as_ref().filter(|found| found.merged.is_none()) {
            self.note_column(found, location);
        }
        let Some(FoundColumn { relation, table: Some(key), column, .. }) = found else {
            return Ok(None);
        };
        let Some(StatementTable::Collection(table)) = self.tables.get_mut(&key) else { return Ok(None) };
        let of = match &column.ty {
            Some(ColumnType::Json) => ColumnType::Json,
            _ => ColumnType::Jsonb,
        };
        let (base, mut path) = match table.column(&column.name).map(|column| &column.operand) {
            Some(Operand::Column(position)) if matches!(column.ty, Some(ColumnType::Json | ColumnType::Jsonb)) => {
                (PathBase::Column(*position), Vec::new())
            }
            Some(Operand::System(SystemColumn::Metadata)) => (PathBase::Facts, Vec::new()),
            Some(Operand::Path { base, path, result: PathResult::Json }) => (*base, path.clone()),
            _ => return Ok(None),
        };
        path.extend(steps);
        let (result, ty) = if is_text { (PathResult::Text, ColumnType::Text) } else { (PathResult::Json, of) };
        let name = table.add_virtual(Operand::Path { base, path, result }, ty.clone());
        let mut part = column_of(&relation, &name);
        if let Expr::CompoundIdentifier(parts) = &mut part {
            self.name_relation(parts, &relation);
        }
        Ok(Some((part, ty)))
    }
}

/// The function of `~` and its like.
fn regex_function(operator: &BinaryOperator) -> &'static str {
    match operator {
        BinaryOperator::PGRegexMatch => MATCHES,
        BinaryOperator::PGRegexIMatch => MATCHES_ANY_CASE,
        BinaryOperator::PGRegexNotMatch => DIFFERS,
        _ => DIFFERS_ANY_CASE,
    }
}

fn json_result_known(operator: &BinaryOperator) -> bool {
    json_function(operator, None).is_some()
}

/// `column -> 'a' -> 0 ->> 'b'`: the column, the steps, and whether the result is text.
fn constant_path(expr: &Expr) -> Option<(&Expr, Vec<PathStep>, bool)> {
    let Expr::BinaryOp { left, op, right } = expr else { return None };
    let is_text = matches!(op, BinaryOperator::LongArrow | BinaryOperator::HashLongArrow);
    let mut steps = Vec::new();
    let mut root = left.as_ref();
    steps.extend(path_steps(op, right)?);
    loop {
        match root {
            Expr::Nested(inner) => root = inner,
            Expr::BinaryOp { left, op: op @ (BinaryOperator::Arrow | BinaryOperator::HashArrow), right } => {
                let mut before = path_steps(op, right)?;
                before.append(&mut steps);
                steps = before;
                root = left;
            }
            _ => return Some((root, steps, is_text)),
        }
    }
}

fn path_steps(operator: &BinaryOperator, right: &Expr) -> Option<Vec<PathStep>> {
    match operator {
        BinaryOperator::Arrow | BinaryOperator::LongArrow => {
            if let Some((digits, negative)) = number_of(right) {
                let index: i64 = digits.parse().ok()?;
                return Some(vec![PathStep::Index(if negative { -index } else { index })]);
            }
            match right {
                Expr::Value(value) => Some(vec![PathStep::Key(string_of(&value.value)?.to_string())]),
                Expr::Nested(inner) => path_steps(operator, inner),
                _ => None,
            }
        }
        BinaryOperator::HashArrow | BinaryOperator::HashLongArrow => {
            let Expr::Value(value) = right else { return None };
            let keys = ColumnType::Array(Box::new(ColumnType::Text));
            let Ok(Value::Array(_, keys)) = Value::text(string_of(&value.value)?).cast(&keys, true) else {
                return None;
            };
            // In a text array a number is a key of an object or a position of an array: only the functions know which.
            let steps = keys.iter().map(|key| match key.as_str() {
                Some(text) if text.parse::<i64>().is_err() => Some(PathStep::Key(text.to_string())),
                _ => None,
            });
            steps.collect()
        }
        _ => None,
    }
}

/// Whether an operator takes a part out of JSON.
fn is_access(operator: &BinaryOperator) -> bool {
    matches!(
        operator,
        BinaryOperator::Arrow | BinaryOperator::LongArrow | BinaryOperator::HashArrow | BinaryOperator::HashLongArrow
    )
}

fn like(operator: &BinaryOperator, left: Expr, right: Expr) -> Expr {
    let negated = matches!(operator, BinaryOperator::PGNotLikeMatch | BinaryOperator::PGNotILikeMatch);
    let (expr, pattern) = (Box::new(left), Box::new(right));
    if matches!(operator, BinaryOperator::PGILikeMatch | BinaryOperator::PGNotILikeMatch) {
        Expr::ILike { negated, any: false, expr, pattern, escape_char: None }
    } else {
        Expr::Like { negated, any: false, expr, pattern, escape_char: None }
    }
}

pub fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }
}
