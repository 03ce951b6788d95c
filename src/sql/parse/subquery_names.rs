//! Names for the subqueries among a call's arguments.
//!
//! The planner names an expression by its text, and a scalar subquery in it by its column alone: `count((SELECT a FROM t))`
//! and `count((SELECT a FROM u))` would be two columns of one name. Nobody sees that name, since a call is shown by its
//! function's; so it is made of the whole subquery, and equal subqueries keep equal names.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, Ident, Query, Select, SelectItem, SetExpr, Statement, VisitorMut};

use crate::sql::parse::visit::{has_expression, visit_mut};

/// Names the columns of the scalar subqueries that stand among arguments.
pub fn name_subqueries(statement: &mut Statement) {
    let walked = visit_mut(statement, &mut Naming { calls: 0 });
    debug_assert!(walked.is_continue());
}

struct Naming {
    /// Calls around the expression being visited.
    calls: usize,
}

impl VisitorMut for Naming {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        self.calls += usize::from(matches!(expr, Expr::Function(_)));
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(_) => self.calls = self.calls.saturating_sub(1),
            Expr::Subquery(query) if self.calls > 0 => name_column(query),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// Names the one column of a subquery by all of it, unless the subquery itself speaks of the name that it has.
fn name_column(query: &mut Query) {
    let mut hasher = DefaultHasher::new();
    query.to_string().hash(&mut hasher);
    let name = Ident::with_quote('"', format!("$value_{:016x}", hasher.finish()));
    let order_by = query.order_by.clone();
    let SetExpr::Select(select) = query.body.as_mut() else { return };
    let [item] = select.projection.as_slice() else { return };
    let (expr, present) = match item {
        SelectItem::UnnamedExpr(expr) => (expr.clone(), None),
        SelectItem::ExprWithAlias { expr, alias } => (expr.clone(), Some(alias.clone())),
        _ => return,
    };
    if let Some(present) = present {
        let is_present = |part: &Expr| matches!(part, Expr::Identifier(name) if name.value == present.value);
        if order_by.is_some_and(|order| has_expression(&order, is_present)) || is_spoken_of(select, is_present) {
            return;
        }
    }
    select.projection = vec![SelectItem::ExprWithAlias { expr, alias: name }];
}

/// Whether a clause that may name a column of the output has an expression that is wanted.
fn is_spoken_of(select: &Select, is_wanted: impl Fn(&Expr) -> bool + Copy) -> bool {
    has_expression(&select.group_by, is_wanted)
        || has_expression(&select.having, is_wanted)
        || has_expression(&select.distinct, is_wanted)
}
