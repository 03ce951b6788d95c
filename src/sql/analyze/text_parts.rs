//! Parts of texts, of bytes and of bits: SUBSTRING, TRIM and OVERLAY with words between their arguments.

use datafusion::sql::sqlparser::ast::{Expr, Spanned, TrimWhereField, Value as Literal};

use crate::error::{Error, Result};
use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::analyze::patterns::literal_text;
use crate::sql::arrow::cast_functions::cast_name;
use crate::sql::functions::{BYTES_OVERLAID, BYTES_PART, BYTES_TRIMMED, PART, SIMILAR_TO_REGEX};
use crate::sql::parse::operators::call;
use crate::sql::registry;
use crate::types::ColumnType;

/// The type of what has none yet.
const UNKNOWN: u32 = 705;

impl Analyzer<'_> {
    /// A part of a text by its place, or by a regular expression.
    ///
    /// # Errors
    /// 0A000 for FOR with a pattern; as [`Analyzer::expr`].
    pub fn substring(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        let Expr::Substring { expr: inner, substring_from, substring_for, .. } = expr else { return Ok(None) };
        let of = self.argument(inner)?;
        let of_bytes = of == Some(ColumnType::Bytea);
        let mut types = vec![of.clone()];
        let mut by_pattern = false;
        for bound in [&mut *substring_from, &mut *substring_for].into_iter().flatten() {
            by_pattern |= literal_text(bound).is_some();
            self.adopt_parameter(bound, &ColumnType::Int4);
            let ty = self.argument(bound)?;
            by_pattern |= ty.as_ref().is_some_and(ColumnType::is_text);
            types.push(ty);
        }
        self.check_no_labels("substring", &types, inner)?;
        if of_bytes && !by_pattern {
            let first = Expr::value(Literal::Number("1".to_string(), false));
            let from = substring_from.as_ref().map_or(first, |from| from.as_ref().clone());
            let count = substring_for.as_ref().map(|count| count.as_ref().clone());
            let arguments = [inner.as_ref().clone(), from].into_iter().chain(count).collect();
            *expr = call(BYTES_PART, arguments);
            return Ok(Some(ColumnType::Bytea));
        }
        if by_pattern {
            let pattern = match (substring_from, substring_for) {
                (Some(pattern), None) => pattern.as_ref().clone(),
                // An SQL regular expression with its escape.
                (Some(pattern), Some(escape)) => {
                    call(SIMILAR_TO_REGEX, vec![pattern.as_ref().clone(), escape.as_ref().clone()])
                }
                (None, _) => {
                    let hint = "Use SUBSTRING(text FROM pattern).";
                    return Err(Error::unsupported("SUBSTRING with FOR and a pattern is not offered", hint));
                }
            };
            *expr = call(PART, vec![inner.as_ref().clone(), pattern]);
        } else if of.as_ref().is_some_and(ColumnType::is_bits) {
            return Ok(Some(as_bits(expr)));
        }
        Ok(Some(ColumnType::Text))
    }

    /// A text, or bytes, without characters at its ends.
    ///
    /// # Errors
    /// As [`Analyzer::expr`].
    pub fn trim(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        let Expr::Trim { expr: inner, trim_what, trim_where, .. } = expr else { return Ok(None) };
        let of = self.argument(inner)?;
        self.check_no_labels("btrim", std::slice::from_ref(&of), inner)?;
        let of_bytes = of == Some(ColumnType::Bytea);
        let Some(what) = trim_what else { return Ok(Some(ColumnType::Text)) };
        if of_bytes {
            self.adopt(what, &ColumnType::Bytea)?;
        }
        self.argument(what)?;
        if !of_bytes {
            return Ok(Some(ColumnType::Text));
        }
        let plain = match trim_where {
            Some(TrimWhereField::Leading) => "ltrim",
            Some(TrimWhereField::Trailing) => "rtrim",
            Some(TrimWhereField::Both) | None => "btrim",
        };
        let name = BYTES_TRIMMED.iter().find(|(name, _)| *name == plain).map_or(plain, |(_, of_bytes)| *of_bytes);
        *expr = call(name, vec![inner.as_ref().clone(), what.as_ref().clone()]);
        Ok(Some(ColumnType::Bytea))
    }

    /// A text, or bytes or bits, of which a part is another.
    ///
    /// # Errors
    /// As [`Analyzer::expr`].
    pub fn overlay(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        let Expr::Overlay { expr: inner, overlay_what, overlay_from, overlay_for } = expr else { return Ok(None) };
        let of = self.argument(inner)?;
        let of_bytes = of == Some(ColumnType::Bytea);
        if of_bytes {
            self.adopt(overlay_what, &ColumnType::Bytea)?;
        }
        let numbers = std::iter::once(overlay_from).chain(overlay_for.iter_mut());
        let mut types = vec![of.clone()];
        for each in std::iter::once(overlay_what).chain(numbers) {
            types.push(self.argument(each)?);
        }
        self.check_no_labels("overlay", &types, inner)?;
        if of_bytes {
            let Expr::Overlay { expr: inner, overlay_what, overlay_from, overlay_for } = &*expr else {
                return Ok(None);
            };
            let given = [inner, overlay_what, overlay_from].into_iter().chain(overlay_for);
            *expr = call(BYTES_OVERLAID, given.map(|each| each.as_ref().clone()).collect());
            return Ok(Some(ColumnType::Bytea));
        }
        if of.as_ref().is_some_and(ColumnType::is_bits) {
            return Ok(Some(as_bits(expr)));
        }
        Ok(Some(ColumnType::Text))
    }

    /// Refuses labels for a function with words between its arguments: the planner would read their positions.
    ///
    /// # Errors
    /// 42883.
    pub fn check_no_labels(&self, name: &str, types: &[Option<ColumnType>], first: &Expr) -> Result<()> {
        if types.iter().flatten().all(|ty| ty.enumerated().is_none()) {
            return Ok(());
        }
        let oids: Vec<u32> = types.iter().map(|ty| ty.as_ref().map_or(UNKNOWN, ColumnType::oid)).collect();
        let error = registry::undefined_function(&format!("pg_catalog.{name}"), &oids);
        Err(self.at(error, first.span().start))
    }
}

/// Takes the digits that the planner finds for bits.
fn as_bits(expr: &mut Expr) -> ColumnType {
    let ty = ColumnType::Bit(None);
    *expr = call(&cast_name(&ty), vec![std::mem::replace(expr, Expr::value(Literal::Null))]);
    ty
}
