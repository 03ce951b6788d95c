//! Operators on what has several components: distances between vectors and between bit strings, operations on bits, and
//! arrays and JSON as sets.

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, Spanned};

use crate::error::{Error, ErrorKind, Result};
use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::analyze::overloads::left_end;
use crate::sql::arrow::cast_functions::cast_name;
use crate::sql::functions::sparse_form;
use crate::sql::parse::operators::{call, distance_function, operator_metric};
use crate::types::ColumnType;

impl Analyzer<'_> {
    /// A distance as the call that it is; its type, `None` for another operator.
    ///
    /// # Errors
    /// 42883 for sides that have no such distance; as [`Analyzer::expr`].
    pub fn distance(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        let location = left_end(expr);
        let Expr::BinaryOp { left, op, right } = expr else { return Ok(None) };
        let name = match (operator_metric(op), &*op) {
            (Some(metric), _) => {
                let name = distance_function(metric);
                match self.vectors(&op.to_string(), left, right).map_err(|error| self.at_operator(error, location))? {
                    ColumnType::TsQuery => {
                        *expr = call("tsquery_phrase", vec![left.as_ref().clone(), right.as_ref().clone()]);
                        return Ok(Some(ColumnType::TsQuery));
                    }
                    ColumnType::Sparsevec(_) => sparse_form(name).unwrap_or(name),
                    _ => name,
                }
            }
            (None, BinaryOperator::Custom(operator)) => {
                let Some(name) = bit_distance(operator) else { return Ok(None) };
                let operator = operator.clone();
                self.resolve_walked(&operator, left, right).map_err(|error| self.at_operator(error, location))?;
                name
            }
            _ => return Ok(None),
        };
        *expr = call(name, vec![left.as_ref().clone(), right.as_ref().clone()]);
        Ok(Some(ColumnType::Float8))
    }

    /// The two sides of a distance, both of one kind of vectors, or of a phrase; that kind.
    fn vectors(&mut self, operator: &str, left: &mut Expr, right: &mut Expr) -> Result<ColumnType> {
        // What has a type of its own decides about what has none.
        let mut types = [None, None];
        let mut sides = [left, right];
        for (side, ty) in sides.iter_mut().zip(&mut types) {
            if !self.is_adoptable(side) {
                *ty = Some(self.expr(side)?);
            }
        }
        let [of_left, of_right] = types.clone();
        // What has no type is unknown to the choice, too.
        let known = |ty: Option<Option<ColumnType>>| ty.unwrap_or(Some(ColumnType::Unknown));
        let given = (known(of_left), known(of_right));
        let has = |wanted: fn(&ColumnType) -> bool| types.iter().flatten().flatten().any(wanted);
        let kind = if has(|ty| matches!(ty, ColumnType::Sparsevec(_))) {
            ColumnType::Sparsevec(None)
        } else if has(|ty| matches!(ty, ColumnType::Halfvec(_))) {
            ColumnType::Halfvec(None)
        } else if operator == "<->" && has(|ty| *ty == ColumnType::TsQuery) {
            ColumnType::TsQuery
        } else {
            ColumnType::Vector(None)
        };
        for (side, ty) in sides.into_iter().zip(types) {
            let location = side.span().start;
            let ty = match ty {
                Some(ty) => ty,
                None => {
                    self.adopt(side, &kind)?;
                    self.expr(side)?
                }
            };
            match (ty, &kind) {
                (None | Some(ColumnType::Vector(_) | ColumnType::Array(_)), ColumnType::Vector(_))
                | (None | Some(ColumnType::Halfvec(_)), ColumnType::Halfvec(_))
                | (None | Some(ColumnType::Sparsevec(_)), _)
                | (Some(ColumnType::TsQuery), ColumnType::TsQuery) => {}
                (Some(ColumnType::Vector(_) | ColumnType::Halfvec(_) | ColumnType::Array(_)), kind)
                    if *kind != ColumnType::TsQuery =>
                {
                    *side = call(&cast_name(kind), vec![side.clone()]);
                }
                (ty, _) => {
                    let ty = ty.unwrap_or(ColumnType::Unknown);
                    self.check_operands(operator, given.0.as_ref(), given.1.as_ref())?;
                    let message = format!("a distance needs vectors, this is of type {ty}");
                    return Err(self.at(Error::new(ErrorKind::UndefinedFunction, message), location));
                }
            }
        }
        Ok(kind)
    }

    /// `&`, `|`, `#`, `<<`, `>>` and `||` of bit strings; `None` where neither side is one.
    ///
    /// # Errors
    /// What the type of a literal says of its text.
    pub fn bit_operation(
        &mut self,
        expr: &mut Expr,
        left_type: Option<&ColumnType>,
        right_type: Option<&ColumnType>,
    ) -> Result<Option<ColumnType>> {
        let is_bits = |ty: Option<&ColumnType>| ty.is_some_and(ColumnType::is_bits);
        let Expr::BinaryOp { left, op, right } = expr else { return Ok(None) };
        if !is_bits(left_type) && !is_bits(right_type) {
            return Ok(None);
        }
        let (name, is_shift, ty) = match op {
            BinaryOperator::BitwiseAnd => ("bitand", false, ColumnType::Bit(None)),
            BinaryOperator::BitwiseOr => ("bitor", false, ColumnType::Bit(None)),
            BinaryOperator::PGBitwiseXor | BinaryOperator::BitwiseXor => ("bitxor", false, ColumnType::Bit(None)),
            BinaryOperator::PGBitwiseShiftLeft => ("bitshiftleft", true, ColumnType::Bit(None)),
            BinaryOperator::PGBitwiseShiftRight => ("bitshiftright", true, ColumnType::Bit(None)),
            BinaryOperator::StringConcat => ("bitcat", false, ColumnType::Varbit(None)),
            _ => return Ok(None),
        };
        for (side, ty) in [(&mut *left, left_type), (&mut *right, right_type)] {
            match ty {
                None if is_shift && is_bits(left_type) => self.adopt(side, &ColumnType::Int4)?,
                None => self.adopt(side, &ColumnType::Bit(None))?,
                // A text beside bits is joined as a text.
                Some(ty) if !is_shift && !ty.is_bits() => return Ok(None),
                Some(_) => {}
            }
        }
        *expr = call(name, vec![left.as_ref().clone(), right.as_ref().clone()]);
        Ok(Some(ty))
    }

    /// `@>` and `<@`, of JSON, of arrays or of ranges, and `&&` of arrays or of ranges.
    ///
    /// # Errors
    /// 42883 for `&&` of what are no arrays; as [`Analyzer::expr`].
    pub fn containment(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        let Expr::BinaryOp { left, op, right } = expr else { return Ok(None) };
        let (is_contained, is_overlap) = (*op == BinaryOperator::ArrowAt, *op == BinaryOperator::PGOverlap);
        let is_array = |ty: &Option<ColumnType>| matches!(ty, Some(ColumnType::Array(_)));
        let mut left_type = self.expr(left)?;
        let mut right_type = self.expr(right)?;
        self.resolve_operands(&op.to_string(), (left, &mut left_type), (right, &mut right_type))?;
        if let Some(ty) = self.full_text(expr, left_type.as_ref(), right_type.as_ref()) {
            return Ok(Some(ty));
        }
        if let Some(ty) = self.range_operation(expr, left_type.as_ref(), right_type.as_ref())? {
            return Ok(Some(ty));
        }
        let Expr::BinaryOp { left, right, .. } = expr else { return Ok(None) };
        match (&left_type, &right_type) {
            (Some(ty), None) => {
                self.adopt(right, ty)?;
                right_type = Some(ty.clone());
            }
            (None, Some(ty)) => self.adopt(left, ty)?,
            _ => {}
        }
        let arrays = is_array(&left_type) || is_array(&right_type);
        let (container, contained) = if is_contained { (right, left) } else { (left, right) };
        let arguments = vec![container.as_ref().clone(), contained.as_ref().clone()];
        let name = match (arrays, is_overlap) {
            (_, true) => "arrayoverlap",
            (true, false) => "arraycontains",
            (false, false) => "jsonb_contains",
        };
        *expr = call(name, arguments);
        Ok(Some(ColumnType::Bool))
    }
}

/// The function of a distance between bit strings.
fn bit_distance(operator: &str) -> Option<&'static str> {
    match operator {
        "<~>" => Some("hamming_distance"),
        "<%>" => Some("jaccard_distance"),
        _ => None,
    }
}
