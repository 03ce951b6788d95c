//! Windows: what OVER and WINDOW say.
//!
//! A window that is a name, or begins with the name of another one, is written out before it is walked (PostgreSQL's
//! documentation, WINDOW clause of SELECT): it takes that one's partition and order, and may add an order where there is none,
//! and a frame.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Function, Ident, NamedWindowDefinition, NamedWindowExpr, OrderByExpr, Query, Select, SelectItem,
    Value as Literal, VisitorMut, WindowSpec, WindowType,
};

use crate::error::{Error, ErrorKind, Result};
use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::analyze::frames::{check_offsets, emptied, has_range_offset, offset_place};
use crate::sql::analyze::jsonb::{by_value, sort_key};
use crate::sql::functions::{
    ENUM_PLACE, EXCLUSION_MARKERS, FRAME_OFFSETS, INTERVAL_KEY, NO_ROWS, NUMBER_RANGE, RANGE_SORT_KEY,
};
use crate::sql::parse::names::{folded, last_part};
use crate::sql::parse::operators;
use crate::sql::parse::operators::call;
use crate::sql::parse::visit::visit_mut;
use crate::types::ColumnType;

/// Whether a key of PARTITION BY says what the frame leaves out.
fn is_exclusion(key: &Expr) -> bool {
    matches!(key, Expr::Function(function) if last_part(&function.name)
        .is_some_and(|name| name == FRAME_OFFSETS || EXCLUSION_MARKERS.iter().any(|(marker, _)| *marker == name)))
}

impl Analyzer<'_> {
    /// Walks a window.
    ///
    /// # Errors
    /// As [`Analyzer::expr`] and [`Analyzer::order_item`].
    pub fn window(&mut self, spec: &mut WindowSpec) -> Result<()> {
        for expr in spec.partition_by.iter_mut().filter(|expr| !is_exclusion(expr)) {
            if let Some(key) = sort_key(self.expr(expr)?.as_ref()) {
                by_value(expr, key);
            }
        }
        let mut offsets = Vec::new();
        let place = spec.window_frame.as_ref().map(offset_place);
        if let Some(frame) = &mut spec.window_frame {
            let (types, computed) = self.frame(frame, spec.order_by.len())?;
            offsets = types;
            spec.partition_by.extend(computed.map(|computed| call(FRAME_OFFSETS, computed)));
        }
        let has_offset = spec.window_frame.as_ref().is_some_and(has_range_offset);
        for item in &mut spec.order_by {
            // A frame is bounded by what the planner can compare with: text, not bytes.
            let ty = self.order_item(item, &[])?;
            if has_offset {
                let checked = check_offsets(ty.as_ref(), &offsets);
                checked.map_err(|error| place.map_or(error.clone(), |place| self.at(error, place)))?;
            }
            if has_offset && ty == Some(ColumnType::Numeric(None)) {
                by_value(&mut item.expr, NUMBER_RANGE);
            }
            if matches!(ty, Some(ColumnType::Enum(_))) {
                by_value(&mut item.expr, ENUM_PLACE);
            }
            let key = sort_key(ty.as_ref());
            if let Some(key) = key {
                by_value(&mut item.expr, key);
            }
            let kind = ty.as_ref().and_then(ColumnType::ranged);
            if kind.is_some() && key.is_none() {
                by_value(&mut item.expr, RANGE_SORT_KEY);
            }
            if key.is_some_and(|key| key != INTERVAL_KEY) || kind.is_some() || ty == Some(ColumnType::Bytea) {
                let hex = Expr::value(Literal::SingleQuotedString("hex".to_string()));
                item.expr = operators::call("encode", vec![item.expr.clone(), hex]);
            }
        }
        if spec.window_frame.as_mut().is_some_and(emptied) {
            spec.partition_by.push(call(NO_ROWS, Vec::new()));
        }
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
        let exclusions: Vec<Expr> = spec.partition_by.extract_if(.., |key| is_exclusion(key)).collect();
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
        spec.partition_by.extend(exclusions);
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
