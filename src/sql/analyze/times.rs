//! Dates beside timestamps: the date becomes a timestamp by PostgreSQL's cast, which keeps infinity.
//!
//! The planner would count nanoseconds, for which the far ends of time have no number.

use datafusion::sql::sqlparser::ast::Expr;

use crate::error::Result;
use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::arrow::cast_functions::cast_name;
use crate::sql::parse::operators::call;
use crate::types::ColumnType;

/// The type that values of both types are compared as, where they are times of different types.
pub fn common_time(left: Option<&ColumnType>, right: Option<&ColumnType>) -> Option<ColumnType> {
    use ColumnType::{Date, Timestamp, TimestampTz};
    match (left?, right?) {
        (Date | Timestamp, TimestampTz) | (TimestampTz, Date | Timestamp) => Some(TimestampTz),
        (Date, Timestamp) | (Timestamp, Date) => Some(Timestamp),
        _ => None,
    }
}

/// The type that all times among some types share; `None` where no two of them differ.
pub fn common_time_of<'t>(types: impl IntoIterator<Item = &'t Option<ColumnType>>) -> Option<ColumnType> {
    let mut shared: Option<ColumnType> = None;
    let mut differ = false;
    for ty in types.into_iter().flatten() {
        if !is_time(ty) {
            return None;
        }
        let common = common_time(shared.as_ref(), Some(ty));
        differ |= common.is_some();
        shared = common.or(shared).or_else(|| Some(ty.clone()));
    }
    shared.filter(|_| differ)
}

fn is_time(ty: &ColumnType) -> bool {
    matches!(ty, ColumnType::Date | ColumnType::Timestamp | ColumnType::TimestampTz)
}

impl Analyzer<'_> {
    /// A time in another type; what has it already stays.
    ///
    /// # Errors
    /// 22008 for a constant date that no timestamp holds.
    pub fn as_time(&mut self, expr: &mut Expr, from: Option<&ColumnType>, ty: &ColumnType) -> Result<()> {
        if from == Some(ty) || from.is_none_or(|from| !is_time(from)) {
            return Ok(());
        }
        *expr = match self.constant_value(expr).cloned() {
            Some(value) => {
                let value = value.cast(ty, false)?;
                self.constant(value, ty)
            }
            None => call(&cast_name(ty), vec![std::mem::replace(expr, Expr::Tuple(Vec::new()))]),
        };
        Ok(())
    }
}
