//! Walks over sqlparser's trees that are compiled once.
//!
//! sqlparser's own are generic over the visitor, and each new visitor compiles the walk over every kind of node once more:
//! seventeen of them were a fifth of this crate's code. Behind a reference to any visitor there is one walk that reads and
//! one that writes.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, ObjectName, Query, Select, Statement, TableFactor, Value as Literal, ValueWithSpan, Visit, VisitMut, Visitor,
    VisitorMut,
};

/// Walks over a node and all below it until the visitor breaks off.
pub fn visit(node: &impl Visit, visitor: &mut dyn Visitor<Break = ()>) -> ControlFlow<()> {
    node.visit(&mut Reading(visitor))
}

/// As [`visit`], for a visitor that changes nodes.
pub fn visit_mut(node: &mut impl VisitMut, visitor: &mut dyn VisitorMut<Break = ()>) -> ControlFlow<()> {
    node.visit(&mut Writing(visitor))
}

/// Whether an expression names a column, a parameter or a constant, or computes with an operator.
pub fn is_computed(expr: &Expr) -> bool {
    let is_part = |part: &Expr| match part {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::BinaryOp { .. } => true,
        Expr::Value(value) => matches!(value.value, Literal::Placeholder(_)),
        _ => false,
    };
    has_expression(expr, is_part)
}

/// Whether some expression in a node is wanted; a whole comes before its parts.
pub fn has_expression(node: &impl Visit, mut is_wanted: impl FnMut(&Expr) -> bool) -> bool {
    visit(node, &mut Wanted(&mut is_wanted)).is_break()
}

/// Changes the expressions in a node; parts come before their whole.
pub fn change_expressions(node: &mut impl VisitMut, mut change: impl FnMut(&mut Expr)) {
    let walked = visit_mut(node, &mut Changed(&mut change));
    debug_assert!(walked.is_continue());
}

struct Wanted<'a>(&'a mut dyn FnMut(&Expr) -> bool);

impl Visitor for Wanted<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if (self.0)(expr) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

struct Changed<'a>(&'a mut dyn FnMut(&mut Expr));

impl VisitorMut for Changed<'_> {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        (self.0)(expr);
        ControlFlow::Continue(())
    }
}

struct Reading<'a>(&'a mut dyn Visitor<Break = ()>);

struct Writing<'a>(&'a mut dyn VisitorMut<Break = ()>);

/// Hands the visits of one kind on.
macro_rules! hand_on {
    ($($name:ident: $node:ty),* $(,)?) => {
        $(fn $name(&mut self, node: $node) -> ControlFlow<()> {
            self.0.$name(node)
        })*
    };
}

impl Visitor for Reading<'_> {
    type Break = ();

    hand_on! {
        pre_visit_query: &Query, post_visit_query: &Query,
        pre_visit_select: &Select, post_visit_select: &Select,
        pre_visit_relation: &ObjectName, post_visit_relation: &ObjectName,
        pre_visit_table_factor: &TableFactor, post_visit_table_factor: &TableFactor,
        pre_visit_expr: &Expr, post_visit_expr: &Expr,
        pre_visit_statement: &Statement, post_visit_statement: &Statement,
        pre_visit_value: &ValueWithSpan, post_visit_value: &ValueWithSpan,
    }
}

impl VisitorMut for Writing<'_> {
    type Break = ();

    hand_on! {
        pre_visit_query: &mut Query, post_visit_query: &mut Query,
        pre_visit_select: &mut Select, post_visit_select: &mut Select,
        pre_visit_relation: &mut ObjectName, post_visit_relation: &mut ObjectName,
        pre_visit_table_factor: &mut TableFactor, post_visit_table_factor: &mut TableFactor,
        pre_visit_expr: &mut Expr, post_visit_expr: &mut Expr,
        pre_visit_statement: &mut Statement, post_visit_statement: &mut Statement,
        pre_visit_value: &mut ValueWithSpan, post_visit_value: &mut ValueWithSpan,
    }
}
