//! An expression over one row that is kept beside a definition: a condition, a generated value, a key of an index.
//!
//! It is compiled once for all statements and run by whoever writes rows, in whatever thread. What the language of [`Expr`]
//! has runs as a [`Program`]; what it lacks, an engine above brings in another form of the same trait.

use std::fmt::Debug;

use crate::error::Result;
use crate::expr::functions::Volatility;
use crate::expr::program::{Environment, Program};
use crate::expr::row::RowAccess;
use crate::expr::tree::Expr;
use crate::types::Value;

/// A value of each row.
pub trait RowExpression: Debug + Send + Sync {
    /// The value for a row.
    ///
    /// # Errors
    /// What computing it reports (22012, 22003, 22P02, …); as [`RowAccess::value`].
    fn value(&self, environment: &Environment<'_>, row: &dyn RowAccess) -> Result<Value>;

    /// The program that it is, where it is one.
    fn program(&self) -> Option<&Program> {
        None
    }
}

/// An expression that is compiled already: nothing in it depends on the moment.
#[derive(Debug)]
pub struct FixedExpression(Program);

/// An expression with functions of the moment, such as `now()`.
#[derive(Debug)]
pub struct MomentExpression(Expr);

impl Expr {
    /// The expression in the form in which it is kept beside a definition.
    ///
    /// # Errors
    /// As [`Program::compile`].
    pub fn for_rows(self) -> Result<Box<dyn RowExpression>> {
        let is_of_moment = |part: &Expr| {
            let Expr::Call { function, .. } = part else { return false };
            matches!(function.volatility, Volatility::Stable | Volatility::Volatile)
        };
        if self.any(&is_of_moment) {
            return Ok(Box::new(MomentExpression(self)));
        }
        Ok(Box::new(FixedExpression(Program::compile(&self, &Environment::default())?)))
    }
}

impl RowExpression for FixedExpression {
    fn value(&self, _: &Environment<'_>, row: &dyn RowAccess) -> Result<Value> {
        self.0.value(&row)
    }

    fn program(&self) -> Option<&Program> {
        Some(&self.0)
    }
}

impl RowExpression for MomentExpression {
    fn value(&self, environment: &Environment<'_>, row: &dyn RowAccess) -> Result<Value> {
        self.0.evaluate(environment, &row)
    }
}
