//! `x op ANY (array)` and `x op ALL (array)` of operators that compare nothing: `@@`, `@>`, `~` and their like.

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments};

use crate::error::{Error, ErrorKind, Result};
use crate::expr::unmodified;
use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::functions;
use crate::sql::parse::names::last_part;
use crate::sql::parse::operators::call;
use crate::sql::planner::subqueries::quantified::operator_name;
use crate::types::{ColumnType, Value};

impl Analyzer<'_> {
    /// What stands for such an operation: the function of the operator, of a value and of each element of an array.
    ///
    /// # Errors
    /// 42883 for an operator that the types do not have, 42809 for one that is no condition, and for what is no array; 0A000 for an
    /// operator that is no function here.
    pub fn quantified_operator(
        &mut self,
        left: &Expr,
        operator: &BinaryOperator,
        mut array: Expr,
        is_all: bool,
    ) -> Result<Expr> {
        if self.is_adoptable(&array) {
            // What it is of only the other side says.
            let ty = self.expr(&mut left.clone())?.map_or(ColumnType::Text, |ty| unmodified(&ty));
            self.adopt(&mut array, &ColumnType::Array(Box::new(ty)))?;
        }
        let ty = self.array_operand(&mut array)?;
        let element = ty.as_ref().map_or(ColumnType::Text, |ty| ty.base().clone());
        // The operation is chosen for one element, in whose place the elements of the array come.
        let stand_in = self.constant(Value::Null, &element);
        let mut one =
            Expr::BinaryOp { left: Box::new(left.clone()), op: operator.clone(), right: Box::new(stand_in.clone()) };
        if self.binary(&mut one)? != Some(ColumnType::Bool) {
            let message = "op ANY/ALL (array) requires operator to yield boolean";
            return Err(Error::new(ErrorKind::WrongObjectType, message));
        }
        let chosen = called_with(&one, &stand_in).and_then(|(name, value, is_first)| {
            let definition = functions::function(&name).filter(|definition| definition.returns == ColumnType::Bool)?;
            Some(call(&operator_name(definition.name, is_first, is_all), vec![value, array]))
        });
        chosen.ok_or_else(|| {
            Error::unsupported(
                format!("the operator {operator} is not offered before ANY and ALL"),
                "Use unnest(array) in a subquery.",
            )
        })
    }
}

/// The function that is called with a value and another expression, that expression's value, and whether `element` is the first of
/// both.
fn called_with(expr: &Expr, element: &Expr) -> Option<(String, Expr, bool)> {
    let Expr::Function(function) = expr else { return None };
    let FunctionArguments::List(list) = &function.args else { return None };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(first)), FunctionArg::Unnamed(FunctionArgExpr::Expr(second))] =
        list.args.as_slice()
    else {
        return None;
    };
    let name = last_part(&function.name)?;
    if second == element {
        return Some((name, first.clone(), false));
    }
    (first == element).then(|| (name, second.clone(), true))
}
