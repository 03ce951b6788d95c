//! Joins: the columns that USING and NATURAL make one of two, and what `*` shows of a join.
//!
//! Both are written as ON, whatever the kind of join. The merged column is that of the side whose rows all stay, and of a
//! FULL JOIN the first of both that is not NULL (PostgreSQL's documentation, section 7.2.1.1).

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Join, JoinConstraint, JoinOperator, ObjectName, Spanned, TableWithJoins, Value as Literal,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use crate::error::{Error, ErrorKind, Result};
use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::analyze::scope::{JoinName, MergedColumn, Scope, ShownColumn};
use crate::sql::parse::join_words::JOIN_NAME;
use crate::sql::parse::names;
use crate::sql::parse::operators::call;

/// Of which side a join keeps every row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Left,
    Right,
    Both,
}

/// A name that USING or NATURAL joins by.
struct JoinedName {
    name: String,
    location: Location,
}

impl Analyzer<'_> {
    /// Walks an item of FROM with its joins; their relations come into scope. What `*` shows of it.
    ///
    /// # Errors
    /// 42703 and 42702 for a name of USING that one side has not or has twice; as [`Analyzer::factor`], and as
    /// [`Analyzer::condition`] for the conditions.
    pub fn table_with_joins(&mut self, item: &mut TableWithJoins) -> Result<Vec<ShownColumn>> {
        let relations = |scopes: &[Scope]| scopes.last().map_or(0, |scope| scope.relations.len());
        let first = relations(&self.scopes);
        if !item.joins.is_empty() {
            self.views.begin_item(false);
        }
        let mut shown = self.factor(&mut item.relation)?;
        for Join { relation, join_operator, .. } in &mut item.joins {
            let middle = relations(&self.scopes);
            let right = self.factor(relation)?;
            let kept = match join_operator {
                JoinOperator::Right(_) | JoinOperator::RightOuter(_) => Kept::Right,
                JoinOperator::FullOuter(_) => Kept::Both,
                _ => Kept::Left,
            };
            let mut join_name = None;
            let names = match constraint(join_operator) {
                Some(JoinConstraint::On(condition)) => {
                    self.condition(condition, "JOIN/ON")?;
                    None
                }
                Some(JoinConstraint::Using(columns)) => {
                    join_name = columns.pop_if(|column| is_join_name(column));
                    let joined = columns.iter().filter_map(|column| {
                        Some(JoinedName { name: names::last_part(column)?, location: column.span().start })
                    });
                    Some(joined.collect())
                }
                Some(JoinConstraint::Natural) => {
                    self.views.check_natural()?;
                    Some(shared_names(&shown, &right))
                }
                Some(JoinConstraint::None) | None => None,
            };
            let lacking = match join_operator {
                JoinOperator::Left(_) | JoinOperator::LeftOuter(_) => middle..usize::MAX,
                JoinOperator::Right(_) | JoinOperator::RightOuter(_) => first..middle,
                JoinOperator::FullOuter(_) => first..usize::MAX,
                _ => 0..0,
            };
            let all = self.scopes.last_mut().map(|scope| scope.relations.iter_mut()).into_iter().flatten();
            for (_, relation) in all.enumerate().filter(|(place, _)| lacking.contains(place)) {
                relation.may_lack = true;
            }
            shown = match names {
                None => shown.into_iter().chain(right).collect(),
                Some(names) => {
                    let (on, joined) = self.joined_by(&names, shown, right, kept)?;
                    if let Some(name) = &join_name {
                        self.name_join(name, joined.get(..names.len()).unwrap_or_default())?;
                    }
                    if let Some(constraint) = constraint(join_operator) {
                        *constraint = JoinConstraint::On(on);
                    }
                    joined
                }
            };
        }
        Ok(shown)
    }

    /// The condition of a join by names, and what the join shows: the merged columns, then the others of either side.
    fn joined_by(
        &mut self,
        names: &[JoinedName],
        mut left: Vec<ShownColumn>,
        mut right: Vec<ShownColumn>,
        kept: Kept,
    ) -> Result<(Expr, Vec<ShownColumn>)> {
        let mut condition: Option<Expr> = None;
        let mut merged = Vec::with_capacity(names.len());
        for joined in names {
            let of_left = take_column(&mut left, joined, "left").map_err(|error| self.at(error, joined.location))?;
            let of_right = take_column(&mut right, joined, "right").map_err(|error| self.at(error, joined.location))?;
            let equal = Expr::BinaryOp {
                left: Box::new(of_left.expr.clone()),
                op: BinaryOperator::Eq,
                right: Box::new(of_right.expr.clone()),
            };
            condition = Some(match condition {
                None => equal,
                Some(before) => {
                    Expr::BinaryOp { left: Box::new(before), op: BinaryOperator::And, right: Box::new(equal) }
                }
            });
            merged.push((joined, of_left, of_right));
        }
        let mut condition = condition.unwrap_or_else(|| Expr::value(Literal::Boolean(true)));
        self.condition(&mut condition, "JOIN/USING")?;
        let mut shown = Vec::with_capacity(merged.len() + left.len() + right.len());
        for (joined, of_left, of_right) in merged {
            shown.push(self.merge(&joined.name, of_left, of_right, kept)?);
        }
        shown.extend(left);
        shown.extend(right);
        Ok((condition, shown))
    }

    /// Brings the columns that a join by names has made of two into scope under a name of their own.
    fn name_join(&mut self, name: &ObjectName, shown: &[ShownColumn]) -> Result<()> {
        let location = name.span().start;
        let name = names::last_part(name).unwrap_or_default();
        let Some(scope) = self.scopes.last_mut() else { return Err(Error::internal("a join outside of a query")) };
        let is_taken = scope.relations.iter().any(|other| other.name == name);
        if is_taken || scope.joins.iter().any(|other| other.name == name) {
            let message = format!("table name \"{name}\" specified more than once");
            return Err(self.at(Error::new(ErrorKind::DuplicateAlias, message), location));
        }
        let of_join = |column: &MergedColumn| shown.iter().any(|shown| shown.name.as_ref() == Some(&column.name));
        let columns = scope.merged.iter().filter(|column| of_join(column)).cloned().collect();
        scope.joins.push(JoinName { name, columns });
        Ok(())
    }

    /// Makes one column of two: a name alone means it from here on.
    fn merge(&mut self, name: &str, left: ShownColumn, right: ShownColumn, kept: Kept) -> Result<ShownColumn> {
        // Where the kept one is NULL so is the other, which adds its type alone.
        let (first, second) = if kept == Kept::Right { (&right, &left) } else { (&left, &right) };
        let both = call("coalesce", vec![first.expr.clone(), second.expr.clone()]);
        let ty = self.expr(&mut both.clone())?;
        let has_its_type = self.expr(&mut first.expr.clone())? == ty;
        let expr = if kept != Kept::Both && has_its_type { first.expr.clone() } else { both };
        let Some(scope) = self.scopes.last_mut() else { return Err(Error::internal("a join outside of a query")) };
        scope.merged.retain(|column| column.name != name);
        for side in [&left, &right] {
            scope.hide(name, &side.expr);
        }
        scope.merged.push(MergedColumn { name: name.to_string(), expr: expr.clone(), ty });
        Ok(ShownColumn { name: Some(name.to_string()), expr })
    }
}

/// Whether a column of USING is the name of the join.
fn is_join_name(column: &ObjectName) -> bool {
    matches!(column.0.as_slice(), [marker, _] if marker.as_ident().is_some_and(|marker| marker.value == JOIN_NAME))
}

/// The names that both sides have, in the order of the left one.
fn shared_names(left: &[ShownColumn], right: &[ShownColumn]) -> Vec<JoinedName> {
    let mut shared: Vec<JoinedName> = Vec::new();
    for name in left.iter().filter_map(|column| column.name.as_ref()) {
        let is_new = shared.iter().all(|other| other.name != *name);
        if is_new && right.iter().any(|column| column.name.as_ref() == Some(name)) {
            shared.push(JoinedName { name: name.clone(), location: Location::empty() });
        }
    }
    shared
}

/// Takes the one column of a side that has the name.
fn take_column(columns: &mut Vec<ShownColumn>, joined: &JoinedName, side: &str) -> Result<ShownColumn> {
    let name = &joined.name;
    let is_it = |column: &ShownColumn| column.name.as_ref() == Some(name);
    let Some(position) = columns.iter().position(is_it) else {
        let message = if columns.iter().any(|column| column.name.is_none()) {
            return Err(Error::unsupported(
                "USING with a function whose columns are not known is not offered",
                "Write the condition with ON.",
            ));
        } else {
            format!("column \"{name}\" specified in USING clause does not exist in {side} table")
        };
        return Err(Error::new(ErrorKind::UndefinedColumn, message));
    };
    let column = columns.remove(position);
    if columns.iter().any(is_it) {
        let message = format!("common column name \"{name}\" appears more than once in {side} table");
        return Err(Error::new(ErrorKind::AmbiguousColumn, message));
    }
    Ok(column)
}

fn constraint(operator: &mut JoinOperator) -> Option<&mut JoinConstraint> {
    match operator {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint)
        | JoinOperator::CrossJoin(constraint) => Some(constraint),
        _ => None,
    }
}
