//! Windows: what OVER and WINDOW say.
//!
//! A window that is a name, or begins with the name of another one, is written out before it is walked (PostgreSQL's
//! documentation, WINDOW clause of SELECT): it takes that one's partition and order, and may add an order where there is none,
//! and a frame.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Function, Ident, Interval, NamedWindowDefinition, NamedWindowExpr, OrderByExpr, Query, Select, SelectItem,
    Value as Literal, VisitorMut, WindowFrame, WindowFrameBound, WindowFrameUnits, WindowSpec, WindowType,
};

use crate::error::{Error, ErrorKind, Result};
use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::analyze::jsonb::{by_value, sort_key};
use crate::sql::functions::{ENUM_PLACE, INTERVAL_KEY, NUMBER_RANGE, RANGE_SORT_KEY};
use crate::sql::parse::names::folded;
use crate::sql::parse::operators;
use crate::sql::parse::visit::visit_mut;
use crate::types::{ColumnType, Value};

/// Whether a frame is bounded by what is computed of the order's value.
fn has_range_offset(frame: &WindowFrame) -> bool {
    let is_offset = |bound: &WindowFrameBound| {
        matches!(bound, WindowFrameBound::Preceding(Some(_)) | WindowFrameBound::Following(Some(_)))
    };
    frame.units == WindowFrameUnits::Range
        && (is_offset(&frame.start_bound) || frame.end_bound.as_ref().is_some_and(is_offset))
}

impl Analyzer<'_> {
    /// Walks a window.
    ///
    /// # Errors
    /// As [`Analyzer::expr`] and [`Analyzer::order_item`].
    pub fn window(&mut self, spec: &mut WindowSpec) -> Result<()> {
        for expr in &mut spec.partition_by {
            if let Some(key) = sort_key(self.expr(expr)?.as_ref()) {
                by_value(expr, key);
            }
        }
        if let Some(frame) = &mut spec.window_frame {
            let units = frame.units;
            self.bound(&mut frame.start_bound, units, "starting")?;
            frame.end_bound.as_mut().map_or(Ok(()), |bound| self.bound(bound, units, "ending"))?;
        }
        let has_offset = spec.window_frame.as_ref().is_some_and(has_range_offset);
        for item in &mut spec.order_by {
            // A frame is bounded by what the planner can compare with: text, not bytes.
            let ty = self.order_item(item, &[])?;
            if has_offset && ty == Some(ColumnType::Numeric(None)) {
                by_value(&mut item.expr, NUMBER_RANGE);
            }
            // The planner has no frames of positions.
            if let Some(ColumnType::Enum(of)) = &ty {
                if has_offset {
                    let name = of.name();
                    let message =
                        format!("RANGE with offset PRECEDING/FOLLOWING is not supported for column type {name}");
                    return Err(Error::new(ErrorKind::Unsupported, message));
                }
                by_value(&mut item.expr, ENUM_PLACE);
            }
            let key = sort_key(ty.as_ref());
            if let Some(key) = key {
                by_value(&mut item.expr, key);
            }
            let kind = ty.as_ref().and_then(ColumnType::ranged);
            if kind.is_some() && has_offset {
                let name = if matches!(ty, Some(ColumnType::Range(_))) { "anyrange" } else { "anymultirange" };
                let message = format!("RANGE with offset PRECEDING/FOLLOWING is not supported for column type {name}");
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
            if kind.is_some() && key.is_none() {
                by_value(&mut item.expr, RANGE_SORT_KEY);
            }
            if key.is_some_and(|key| key != INTERVAL_KEY) || kind.is_some() || ty == Some(ColumnType::Bytea) {
                let hex = Expr::value(Literal::SingleQuotedString("hex".to_string()));
                item.expr = operators::call("encode", vec![item.expr.clone(), hex]);
            }
        }
        Ok(())
    }

    /// Reads the offset of a bound, which the planner takes as a number or an interval that is written as such.
    fn bound(&mut self, bound: &mut WindowFrameBound, units: WindowFrameUnits, place: &str) -> Result<()> {
        let (WindowFrameBound::Preceding(Some(offset)) | WindowFrameBound::Following(Some(offset))) = bound else {
            return Ok(());
        };
        let is_number = |expr: &Expr| matches!(expr, Expr::Value(value) if matches!(value.value, Literal::Number(..)));
        if is_number(offset) || matches!(**offset, Expr::Interval(_)) {
            return Ok(());
        }
        self.expr(offset)?;
        let mut plain = offset.as_ref();
        while let Expr::Nested(inner) | Expr::Cast { expr: inner, .. } = plain {
            plain = inner;
        }
        let read = match self.constant_value(plain) {
            Some(value @ Value::Interval(_)) => Expr::Interval(Interval {
                value: Box::new(Expr::value(Literal::SingleQuotedString(value.to_text()))),
                leading_field: None,
                leading_precision: None,
                last_field: None,
                fractional_seconds_precision: None,
            }),
            Some(Value::Null) => {
                let message = format!("frame {place} offset must not be null");
                return Err(Error::new(ErrorKind::NullNotAllowed, message));
            }
            Some(
                value @ (Value::Int2(_)
                | Value::Int4(_)
                | Value::Int8(_)
                | Value::Float4(_)
                | Value::Float8(_)
                | Value::Numeric(_)),
            ) => {
                let text = value.to_text();
                if text.starts_with('-') {
                    let message = match units {
                        WindowFrameUnits::Range => "invalid preceding or following size in window function".to_string(),
                        _ => format!("frame {place} offset must not be negative"),
                    };
                    return Err(Error::new(ErrorKind::InvalidFrame, message));
                }
                Expr::value(Literal::Number(text, false))
            }
            _ if is_number(plain) => plain.clone(),
            _ => {
                let message = "the offset of a frame that is no constant is not offered";
                return Err(Error::unsupported(message, "Write a number or an interval."));
            }
        };
        **offset = read;
        Ok(())
    }

    /// Walks a window that WINDOW names.
    ///
    /// # Errors
    /// As [`Analyzer::window`].
    pub fn named_window(&mut self, window: &mut NamedWindowDefinition) -> Result<()> {
        match &mut window.1 {
            NamedWindowExpr::WindowSpec(spec) => self.window(spec),
            NamedWindowExpr::NamedWindow(_) => Ok(()),
        }
    }

    /// Writes out the windows of a query and its order that begin with the names of others.
    ///
    /// # Errors
    /// 42704 for a name that WINDOW does not define, 42P20 for one that it defines twice and for what a copy may not say anew.
    pub fn write_out_windows(&self, select: &mut Select, order: Option<&mut Vec<OrderByExpr>>) -> Result<()> {
        let mut known = Windows { known: Vec::new(), depth: 0, failed: None };
        for NamedWindowDefinition(name, definition) in &mut select.named_window {
            let is_again = known.known.iter().any(|(other, _)| *other == folded(name));
            if is_again {
                let message = format!("window \"{}\" is already defined", folded(name));
                return Err(self.at(Error::new(ErrorKind::Windowing, message), name.span.start));
            }
            let spec = match definition {
                NamedWindowExpr::WindowSpec(spec) => {
                    known.write_out(spec).map_err(|(error, place)| self.at(error, place.span.start))?;
                    spec.clone()
                }
                NamedWindowExpr::NamedWindow(other) => {
                    known.find(other).map_err(|(error, place)| self.at(error, place.span.start))?.clone()
                }
            };
            known.known.push((folded(name), spec));
        }
        let mut walked = ControlFlow::Continue(());
        for item in &mut select.projection {
            if let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }, true) =
                (item, walked.is_continue())
            {
                walked = visit_mut(expr, &mut known);
            }
        }
        for item in order.into_iter().flatten() {
            if walked.is_continue() {
                walked = visit_mut(item, &mut known);
            }
        }
        match known.failed {
            Some((error, place)) => Err(self.at(error, place.span.start)),
            None => Ok(()),
        }
    }
}

/// What is wrong with a window, and the name that it begins with.
type Misnamed = (Error, Ident);

/// The windows that WINDOW names, and the walk over those that begin with their names.
struct Windows {
    known: Vec<(String, WindowSpec)>,
    /// Subqueries around: they have windows of their own.
    depth: usize,
    failed: Option<Misnamed>,
}

impl Windows {
    fn find(&self, name: &Ident) -> std::result::Result<&WindowSpec, Misnamed> {
        let found = self.known.iter().find(|(known, _)| *known == folded(name)).map(|(_, spec)| spec);
        found.ok_or_else(|| {
            let message = format!("window \"{}\" does not exist", folded(name));
            (Error::new(ErrorKind::UndefinedObject, message), name.clone())
        })
    }

    /// Writes what the window of its name says into one that begins with it.
    fn write_out(&self, spec: &mut WindowSpec) -> std::result::Result<(), Misnamed> {
        let Some(name) = spec.window_name.take() else { return Ok(()) };
        let copied = self.find(&name)?;
        let wrong = |message: String| (Error::new(ErrorKind::Windowing, message), name.clone());
        let shown = folded(&name);
        if !spec.partition_by.is_empty() {
            return Err(wrong(format!("cannot override PARTITION BY clause of window \"{shown}\"")));
        }
        if !spec.order_by.is_empty() && !copied.order_by.is_empty() {
            return Err(wrong(format!("cannot override ORDER BY clause of window \"{shown}\"")));
        }
        if copied.window_frame.is_some() {
            let (error, place) = wrong(format!("cannot copy window \"{shown}\" because it has a frame clause"));
            let is_bare = spec.order_by.is_empty() && spec.window_frame.is_none();
            let hint = "Omit the parentheses in this OVER clause.";
            return Err((if is_bare { error.with_hint(hint) } else { error }, place));
        }
        spec.partition_by.clone_from(&copied.partition_by);
        if spec.order_by.is_empty() {
            spec.order_by.clone_from(&copied.order_by);
        }
        Ok(())
    }

    fn over(&self, function: &mut Function) -> std::result::Result<(), Misnamed> {
        match &mut function.over {
            Some(WindowType::WindowSpec(spec)) => self.write_out(spec),
            // ORDER BY does not know the names.
            Some(WindowType::NamedWindow(name)) => {
                function.over = Some(WindowType::WindowSpec(self.find(name)?.clone()));
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl VisitorMut for Windows {
    type Break = ();

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let (0, Expr::Function(function)) = (self.depth, expr)
            && let Err(failed) = self.over(function)
        {
            self.failed = Some(failed);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}
