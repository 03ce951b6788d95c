//! Walks over expressions and plans of DataFusion, each compiled once: its own methods are compiled anew for every closure they
//! are given, with all that they go through.

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan};

/// What a walk makes of a part: the part as it was, or another one.
type Mapping<'f, T> = &'f mut dyn FnMut(T) -> Result<Transformed<T>>;

/// Walks over all parts of a tree.
pub trait TreeWalks: TreeNode {
    /// Puts what `map` makes of each part in its place, children before their parents.
    ///
    /// # Errors
    /// Those of `map`.
    fn map_up(self, mut map: impl FnMut(Self) -> Result<Transformed<Self>>) -> Result<Transformed<Self>> {
        self.transform_up(&mut map as Mapping<'_, Self>)
    }

    /// Puts what `map` makes of each part in its place, parents before their children.
    ///
    /// # Errors
    /// Those of `map`.
    fn map_down(self, mut map: impl FnMut(Self) -> Result<Transformed<Self>>) -> Result<Transformed<Self>> {
        self.transform_down(&mut map as Mapping<'_, Self>)
    }

    /// Shows each part to `visit`, parents before their children, as far as it wants to go.
    ///
    /// # Errors
    /// Those of `visit`.
    fn each_part<'n>(
        &'n self,
        mut visit: impl FnMut(&'n Self) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.apply(&mut visit as &mut dyn FnMut(&'n Self) -> Result<TreeNodeRecursion>)
    }

    /// Whether one of the parts is such a one.
    ///
    /// # Errors
    /// Those of `is_such`.
    fn any_part(&self, mut is_such: impl FnMut(&Self) -> Result<bool>) -> Result<bool> {
        self.exists(&mut is_such as &mut dyn FnMut(&Self) -> Result<bool>)
    }
}

impl<T: TreeNode> TreeWalks for T {}

/// Walks over plans and what they compute.
pub trait PlanWalks: Sized {
    /// As [`TreeWalks::map_up`], in the plans of subqueries as well.
    ///
    /// # Errors
    /// Those of `map`.
    fn map_up_with_subqueries(self, map: impl FnMut(Self) -> Result<Transformed<Self>>) -> Result<Transformed<Self>>;

    /// As [`TreeWalks::each_part`], in the plans of subqueries as well.
    ///
    /// # Errors
    /// Those of `visit`.
    fn each_with_subqueries(&self, visit: impl FnMut(&Self) -> Result<TreeNodeRecursion>) -> Result<TreeNodeRecursion>;

    /// Puts what `map` makes of each expression of this node in its place.
    ///
    /// # Errors
    /// Those of `map`.
    fn map_own_expressions(self, map: impl FnMut(Expr) -> Result<Transformed<Expr>>) -> Result<Transformed<Self>>;

    /// Shows each expression of this node to `visit`.
    ///
    /// # Errors
    /// Those of `visit`.
    fn each_own_expression(&self, visit: impl FnMut(&Expr) -> Result<TreeNodeRecursion>) -> Result<TreeNodeRecursion>;
}

impl PlanWalks for LogicalPlan {
    fn map_up_with_subqueries(
        self,
        mut map: impl FnMut(Self) -> Result<Transformed<Self>>,
    ) -> Result<Transformed<Self>> {
        self.transform_up_with_subqueries(&mut map as Mapping<'_, Self>)
    }

    fn each_with_subqueries(
        &self,
        mut visit: impl FnMut(&Self) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.apply_with_subqueries(&mut visit as &mut dyn FnMut(&Self) -> Result<TreeNodeRecursion>)
    }

    fn map_own_expressions(self, mut map: impl FnMut(Expr) -> Result<Transformed<Expr>>) -> Result<Transformed<Self>> {
        self.map_expressions(&mut map as Mapping<'_, Expr>)
    }

    fn each_own_expression(
        &self,
        mut visit: impl FnMut(&Expr) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.apply_expressions(&mut visit as &mut dyn FnMut(&Expr) -> Result<TreeNodeRecursion>)
    }
}
