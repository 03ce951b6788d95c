//! Operators and calls that are about ranges and multiranges: what each becomes once the types of its sides are known.

use datafusion::sql::sqlparser::ast::{Expr, Function, FunctionArguments, ObjectName};

use crate::error::Result;
use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::analyze::calls::plain_argument;
use crate::sql::analyze::literals::string_of;
use crate::sql::analyze::overloads::written_cast;
use crate::sql::functions::{self, RANGE_AGGREGATES};
use crate::sql::parse::names::exact;
use crate::sql::parse::operators::call;
use crate::sql::pg_catalog::type_of_oid;
use crate::sql::registry;
use crate::types::{ColumnType, RangeKind};

/// The operator that asks whether two ranges touch.
pub const ADJACENT: &str = "-|-";

impl Analyzer<'_> {
    /// An operation on ranges whose sides were walked and have their types, as the call that it is; `None` for another.
    ///
    /// # Errors
    /// 42883 as [`registry::resolve_operator`].
    pub fn range_operation(
        &self,
        expr: &mut Expr,
        left_type: Option<&ColumnType>,
        right_type: Option<&ColumnType>,
    ) -> Result<Option<ColumnType>> {
        let Expr::BinaryOp { left, op, right } = expr else { return Ok(None) };
        let (Some(of_left), Some(of_right)) = (left_type, right_type) else { return Ok(None) };
        if of_left.ranged().is_none() && of_right.ranged().is_none() {
            return Ok(None);
        }
        let resolved = registry::resolve_operator(&op.to_string(), Some(of_left.oid()), of_right.oid())?;
        // Beside texts there are operators of anything.
        let Some(function) = functions::function(resolved.operator.function) else { return Ok(None) };
        *expr = call(function.name, vec![left.as_ref().clone(), right.as_ref().clone()]);
        Ok(type_of_oid(resolved.result, self.context.view.catalog()))
    }
}

/// What a call is that is about ranges, before its arguments are walked: the name of a type with one text is a cast, and an aggregate
/// of ranges is made of the array of its rows. `None` for another call.
pub fn range_call(function: &Function, name: &str) -> Option<Expr> {
    if let Some((_, of_rows)) = RANGE_AGGREGATES.iter().find(|(aggregate, _)| *aggregate == name) {
        let mut gathered = function.clone();
        gathered.name = ObjectName::from(vec![exact("array_agg")]);
        return Some(call(of_rows, vec![Expr::Function(gathered)]));
    }
    let ty = RangeKind::type_named(name)?;
    let FunctionArguments::List(list) = &function.args else { return None };
    let [argument] = list.args.as_slice() else { return None };
    let mut argument = argument.clone();
    let is_cast = match (&ty, plain_argument(&mut argument)?) {
        (_, Expr::Value(value)) => string_of(&value.value).is_some(),
        (ty, _) => matches!(ty, ColumnType::Range(_)),
    };
    is_cast.then(|| written_cast(function, name)).flatten()
}
