//! LIKE and SIMILAR TO: patterns with escapes of their own, and patterns that are regular expressions.

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Spanned, UnaryOperator, Value as Literal,
};

use crate::error::Result;
use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::analyze::literals::string_of;
use crate::sql::functions::{DIFFERS, ILIKE, LIKE, LIKE_LIST, MATCHES, SIMILAR_TO_REGEX};
use crate::sql::parse::names::last_part;
use crate::sql::parse::operators::call;
use crate::types::{ColumnType, has_dangling_escape, like_escape, similar_to_regex};

impl Analyzer<'_> {
    /// LIKE and ILIKE: from here on the escape is a backslash.
    ///
    /// # Errors
    /// 22025 for an escape of several characters; as [`Analyzer::expr`].
    pub fn like(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        let is_like = matches!(expr, Expr::Like { .. });
        let (Expr::Like { negated, any, expr: inner, pattern, escape_char, .. }
        | Expr::ILike { negated, any, expr: inner, pattern, escape_char, .. }) = expr
        else {
            return Ok(None);
        };
        self.with_blanks(inner);
        if let Some((list, is_all)) = patterns_of(pattern, *any) {
            return self.like_list(expr, list, is_all);
        }
        let location = inner.span().start;
        let name = match (is_like, *negated) {
            (true, false) => "~~",
            (true, true) => "!~~",
            (false, false) => "~~*",
            (false, true) => "!~~*",
        };
        self.resolve_texts(name, inner, pattern).map_err(|error| self.at(error, location))?;
        if let Some(escape) = escape_char.take() {
            self.escaped(pattern, Expr::Value(escape))?;
        }
        let is_dangling = literal_text(pattern).is_some_and(has_dangling_escape);
        if is_dangling && !matches!(inner.as_ref(), Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
            // Before the planner folds constants by its own LIKE, which knows no such error.
            let (text, pattern) = (inner.as_ref().clone(), pattern.as_ref().clone());
            let (name, negated) = match expr {
                Expr::ILike { negated, .. } => (ILIKE, *negated),
                Expr::Like { negated, .. } => (LIKE, *negated),
                _ => (LIKE, false),
            };
            let found = call(name, vec![text, pattern]);
            *expr = if negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(found) } } else { found };
        }
        Ok(Some(ColumnType::Bool))
    }

    /// LIKE of any or all patterns of an array.
    fn like_list(&mut self, expr: &mut Expr, mut list: Expr, is_all: bool) -> Result<Option<ColumnType>> {
        let (negated, inner, ignores_case) = match expr {
            Expr::Like { negated, expr: inner, .. } => (*negated, inner, false),
            Expr::ILike { negated, expr: inner, .. } => (*negated, inner, true),
            _ => return Ok(None),
        };
        self.coerce_to_text(&mut [inner.as_mut()])?;
        self.adopt(&mut list, &ColumnType::Array(Box::new(ColumnType::Text)))?;
        self.expr(&mut list)?;
        let flag = |flag: bool| Expr::value(Literal::Boolean(flag));
        *expr = call(LIKE_LIST, vec![inner.as_ref().clone(), list, flag(is_all), flag(negated), flag(ignores_case)]);
        Ok(Some(ColumnType::Bool))
    }

    /// A pattern of LIKE with an escape character: from here on the escape is a backslash.
    fn escaped(&mut self, pattern: &mut Expr, mut escape: Expr) -> Result<()> {
        let location = escape.span().start;
        self.coerce_to_text(&mut [&mut escape])?;
        let translated = match (literal_text(pattern), literal_text(&escape)) {
            (Some(pattern), Some(escape)) => {
                Some(like_escape(pattern, escape).map_err(|error| self.at(error, location))?)
            }
            _ => None,
        };
        *pattern = match translated {
            Some(text) => Expr::value(Literal::SingleQuotedString(text)),
            None => call("like_escape", vec![pattern.clone(), escape]),
        };
        Ok(())
    }

    /// SIMILAR TO becomes a regular expression for the whole text.
    ///
    /// # Errors
    /// 22025 for an escape of several characters; as [`Analyzer::expr`].
    pub fn similar(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        let Expr::SimilarTo { negated, expr: inner, pattern, escape_char } = expr else { return Ok(None) };
        self.with_blanks(inner);
        self.coerce_to_text(&mut [inner.as_mut(), pattern.as_mut()])?;
        let mut arguments = vec![pattern.as_ref().clone()];
        let mut location = pattern.span().start;
        if let Some(escape) = escape_char.take() {
            let mut escape = Expr::Value(escape);
            location = escape.span().start;
            self.coerce_to_text(&mut [&mut escape])?;
            arguments.push(escape);
        }
        let known: Option<Vec<&str>> = arguments.iter().map(literal_text).collect();
        let regex = match known.as_deref() {
            Some([pattern, escape @ ..]) => {
                let regex = similar_to_regex(pattern, escape.first().copied().unwrap_or("\\"));
                Expr::value(Literal::SingleQuotedString(regex.map_err(|error| self.at(error, location))?))
            }
            _ => call(SIMILAR_TO_REGEX, arguments),
        };
        let name = if *negated { DIFFERS } else { MATCHES };
        *expr = call(name, vec![inner.as_ref().clone(), regex]);
        Ok(Some(ColumnType::Bool))
    }
}

/// The array behind ANY or ALL, and whether it is ALL.
fn patterns_of(pattern: &Expr, is_any: bool) -> Option<(Expr, bool)> {
    if is_any {
        return Some((pattern.clone(), false));
    }
    let Expr::Function(function) = pattern else { return None };
    let FunctionArguments::List(list) = &function.args else { return None };
    match (last_part(&function.name)?.as_str(), list.args.as_slice()) {
        ("all", [FunctionArg::Unnamed(FunctionArgExpr::Expr(array))]) => Some((array.clone(), true)),
        _ => None,
    }
}

/// The text of a string literal.
pub fn literal_text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(value) => string_of(&value.value),
        _ => None,
    }
}
