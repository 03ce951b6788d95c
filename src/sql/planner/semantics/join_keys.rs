//! Keys of inner joins that read more than one table stay conditions.
//!
//! Of a tree of inner joins DataFusion makes one list of tables and one of keys, and joins the tables one by one by the keys
//! that fit. A key fits where each of its sides reads one of the tables; another one, as of `ON l.k = coalesce(r.k, z.k)`, is
//! forgotten with its condition. So such a key is written as a condition before, and so is one that NULL equals NULL in, where
//! another join of the tree means otherwise: the list has one meaning for all.

use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchemaRef, JoinType, NullEquality};
use datafusion::error::Result;
use datafusion::logical_expr::utils::{can_hash, conjunction};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Join, LogicalPlan, Operator};
use datafusion::optimizer::optimizer::Optimizer;
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

use std::sync::Arc;

/// The rule of DataFusion that makes one list of a tree of joins.
const FLATTENING: &str = "eliminate_cross_join";

/// DataFusion's rules, with [`JoinKeys`] before the one that it is for.
pub fn optimizer_rules() -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let mut rules: Vec<Arc<dyn OptimizerRule + Send + Sync>> = Vec::new();
    for rule in Optimizer::new().rules {
        if rule.name() == FLATTENING {
            rules.push(Arc::new(JoinKeys));
        }
        rules.push(rule);
    }
    rules
}

#[derive(Debug)]
pub struct JoinKeys;

impl OptimizerRule for JoinKeys {
    fn name(&self) -> &str {
        "keys_of_two_tables"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn rewrite(&self, plan: LogicalPlan, _config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::Join(join) = plan else { return Ok(Transformed::no(plan)) };
        if !is_inner(&join) || ![&join.left, &join.right].into_iter().any(|side| is_inner_join(side)) {
            return Ok(Transformed::no(LogicalPlan::Join(join)));
        }
        let mut tree = Tree { tables: Vec::new(), meanings: Vec::new() };
        tree.add(&join);
        let is_mixed = tree.meanings.windows(2).any(|pair| matches!(pair, [a, b] if a != b));
        let changed = tree.keep(join, is_mixed)?;
        Ok(changed.update_data(LogicalPlan::Join))
    }
}

fn is_inner(join: &Join) -> bool {
    join.join_type == JoinType::Inner
}

fn is_inner_join(plan: &LogicalPlan) -> bool {
    matches!(plan, LogicalPlan::Join(join) if is_inner(join))
}

/// A tree of inner joins.
struct Tree {
    /// The columns of what it joins.
    tables: Vec<DFSchemaRef>,
    /// What NULL means in the keys of each of its joins that has any.
    meanings: Vec<NullEquality>,
}

impl Tree {
    fn add(&mut self, join: &Join) {
        if !join.on.is_empty() {
            self.meanings.push(join.null_equality);
        }
        for side in [&join.left, &join.right] {
            match side.as_ref() {
                LogicalPlan::Join(inner) if is_inner(inner) => self.add(inner),
                other => self.tables.push(Arc::clone(other.schema())),
            }
        }
    }

    /// The join, and those below it, with the keys that may be forgotten as conditions.
    fn keep(&self, mut join: Join, is_mixed: bool) -> Result<Transformed<Join>> {
        let mut is_changed = false;
        let (mut keys, mut conditions) = (Vec::with_capacity(join.on.len()), Vec::new());
        let by_null = join.null_equality == NullEquality::NullEqualsNull;
        for (left, right) in std::mem::take(&mut join.on) {
            let fits = self.is_of_one_table(&left) && self.is_of_one_table(&right);
            let is_hashed = can_hash(&left.get_type(join.left.schema())?);
            if fits && is_hashed && !(is_mixed && by_null) {
                keys.push((left, right));
            } else {
                let equal = if by_null { Operator::IsNotDistinctFrom } else { Operator::Eq };
                conditions.push(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), equal, Box::new(right))));
            }
        }
        join.on = keys;
        if !conditions.is_empty() {
            is_changed = true;
            join.filter = conjunction(join.filter.into_iter().chain(conditions));
            if is_mixed {
                join.null_equality = NullEquality::NullEqualsNothing;
            }
        }
        for side in [&mut join.left, &mut join.right] {
            if let LogicalPlan::Join(inner) = side.as_ref()
                && is_inner(inner)
            {
                let kept = self.keep(inner.clone(), is_mixed)?;
                is_changed |= kept.transformed;
                *side = Arc::new(LogicalPlan::Join(kept.data));
            }
        }
        Ok(Transformed::new_transformed(join, is_changed))
    }

    fn is_of_one_table(&self, expr: &Expr) -> bool {
        let columns = expr.column_refs();
        self.tables.iter().any(|table| columns.iter().all(|column| table.has_column(column)))
    }
}
