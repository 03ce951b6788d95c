//! What type several expressions share: literals and parameters take that of the others, numbers and times meet in one that holds
//! both (PostgreSQL documentation, sections 10.2 and 10.5).

use datafusion::sql::sqlparser::ast::{Expr, Spanned};
use datafusion::sql::sqlparser::tokenizer::Location;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::unmodified;
use crate::sql::analyze::analyzer::{Analyzer, unified};
use crate::sql::analyze::numerics::is_numeric;
use crate::sql::analyze::times::{common_time, common_time_of};
use crate::types::ColumnType;

/// Values that are compared.
pub struct ComparedSides {
    /// What makes their sort keys.
    pub key: Option<&'static str>,
    /// The type of the one that is compared with each of the others, and theirs.
    pub left: Option<ColumnType>,
    pub others: Vec<Option<ColumnType>>,
}

impl Analyzer<'_> {
    /// Two expressions that are compared: the one without a type takes the other's. What makes their sort keys.
    ///
    /// # Errors
    /// As [`Analyzer::unify_with`].
    pub fn unify_pair(&mut self, left: &mut Expr, right: &mut Expr) -> Result<Option<&'static str>> {
        self.unify_with("=", left, [right]).map(|sides| sides.key)
    }

    /// An expression that is compared with each of several by the operator of a name. It is walked once: what a walk wrote is no name any more.
    ///
    /// # Errors
    /// As [`Analyzer::expr`]; 22P02 and its like for a literal that is no value of the type that it takes.
    pub fn unify_with<'e>(
        &mut self,
        operator: &str,
        left: &mut Expr,
        others: impl IntoIterator<Item = &'e mut Expr>,
    ) -> Result<ComparedSides> {
        let mut left_type = self.expr(left)?;
        let mut values = Vec::new();
        for other in others {
            let other_type = self.expr(other)?;
            values.push((other, other_type));
        }
        // A literal beside another one is a text: what has a type comes first.
        let (typed, open): (Vec<usize>, Vec<usize>) =
            (0..values.len()).partition(|place| values.get(*place).is_some_and(|(_, ty)| ty.is_some()));
        for place in typed.into_iter().chain(open) {
            let Some((other, other_type)) = values.get_mut(place) else { continue };
            self.resolve_operands(operator, (&mut *left, &mut left_type), (&mut **other, &mut *other_type))?;
            if common_time(left_type.as_ref(), other_type.as_ref()).is_none() {
                self.unify_types(left, left_type.clone(), other, other_type.clone())?;
            }
            left_type = left_type.or_else(|| other_type.clone());
        }
        if let Some(ty) = common_time_of(values.iter().map(|(_, ty)| ty).chain([&left_type])) {
            self.as_time(left, left_type.as_ref(), &ty)?;
            for (other, other_type) in &mut values {
                self.as_time(other, other_type.as_ref(), &ty)?;
            }
        }
        let others = values.iter().map(|(_, ty)| ty.clone()).collect();
        values.push((left, left_type.clone()));
        self.compared_as_floats(&mut values);
        let key = self.comparison_key(&mut values);
        Ok(ComparedSides { key, left: left_type, others })
    }

    /// What [`Analyzer::unify_pair`] does for expressions that were walked already.
    ///
    /// # Errors
    /// 22P02 and its like for a literal that is no value of the type that it takes.
    pub fn unify_types(
        &mut self,
        left: &mut Expr,
        left_type: Option<ColumnType>,
        right: &mut Expr,
        right_type: Option<ColumnType>,
    ) -> Result<()> {
        if let Some(ty) = common_time(left_type.as_ref(), right_type.as_ref()) {
            self.as_time(left, left_type.as_ref(), &ty)?;
            return self.as_time(right, right_type.as_ref(), &ty);
        }
        match (&left_type, &right_type) {
            (Some(ty), None) => self.adopt(right, ty),
            (None, Some(ty)) => self.adopt(left, ty),
            (Some(a), Some(b)) if a.is_number() && b.is_number() && a != b => {
                self.adopt_number(right, a);
                self.adopt_number(left, b);
                match (a, b) {
                    (ColumnType::Float4 | ColumnType::Float8, ColumnType::Numeric(_)) => self.numeric_as_float(right),
                    (ColumnType::Numeric(_), ColumnType::Float4 | ColumnType::Float8) => self.numeric_as_float(left),
                    (ColumnType::Float4, whole) if whole.is_integer() && !self.is_float4(right) => {
                        self.make_float(left)
                    }
                    (whole, ColumnType::Float4) if whole.is_integer() && !self.is_float4(left) => {
                        self.make_float(right)
                    }
                    _ => {}
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    ///
    /// # Errors
    /// As [`Analyzer::expr`].
    pub fn coerce_to_text(&mut self, list: &mut [&mut Expr]) -> Result<()> {
        for each in list {
            let place = each.span().start;
            self.adopt(each, &ColumnType::Text)?;
            if let Some(ty) = self.expr(each)?.filter(|ty| ty.enumerated().is_some()) {
                let error = Error::new(ErrorKind::UndefinedFunction, format!("type {ty} is no text here"));
                return Err(self.at(error.with_hint("Cast the value to text."), place));
            }
        }
        Ok(())
    }

    /// Expressions of which one is the result: they share a type. `of` is what they are in, as PostgreSQL says it.
    ///
    /// # Errors
    /// As [`Analyzer::unify_with`]; 42804 for types that have none in common.
    pub fn unify_all(&mut self, of: &str, list: &mut [&mut Expr]) -> Result<Option<ColumnType>> {
        let mut common = None;
        let mut types = Vec::with_capacity(list.len());
        let places: Vec<Location> = list.iter().map(|each| each.span().start).collect();
        for each in list.iter_mut() {
            let ty = self.expr(each)?;
            types.push(ty);
        }
        self.same_dimensions(of, list, &mut types)?;
        for ty in &types {
            common = unified(common, ty.clone());
        }
        self.check_common(of, list.iter().map(|each| &**each).zip(&types), &places)?;
        if let Some(ty) = common_time_of(&types) {
            for (each, from) in list.iter_mut().zip(&types) {
                self.as_time(each, from.as_ref(), &ty)?;
            }
            common = Some(ty);
        }
        let has_numerics = |ty: &ColumnType| matches!(ty, ColumnType::Array(_)) && is_numeric(Some(ty.base()));
        if types.iter().flatten().any(has_numerics) && types.iter().any(|ty| Some(ty) != types.first()) {
            for (each, own) in list.iter_mut().zip(&mut types) {
                if let Some(own @ ColumnType::Array(_)) = own {
                    self.as_numbers(each, own);
                }
            }
            common = types.iter().cloned().fold(None, unified);
        }
        // A literal has no precision of its own.
        if is_numeric(common.as_ref()) && list.iter().any(|each| self.is_adoptable(each)) {
            common = Some(ColumnType::Numeric(None));
        }
        if let Some(ty) = &common {
            let own_types = types.clone();
            for (each, own) in list.iter_mut().zip(types) {
                if self.is_adoptable(each) {
                    self.adopt(each, &unmodified(ty))?;
                } else {
                    self.widen(each, own.as_ref(), ty)?;
                }
            }
            if ty.dimensions() > 0 {
                let deepest = self.of_dimensions(of, list, &own_types)?;
                return Ok(deepest.map(|deepest| ty.with_dimensions_of(&deepest)));
            }
        } else if !list.is_empty() && list.iter().all(|each| self.is_adoptable(each)) {
            return Ok(Some(ColumnType::Text));
        }
        Ok(common)
    }
}
