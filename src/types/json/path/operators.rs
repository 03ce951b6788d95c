//! Arithmetic in paths.

use crate::error::ErrorKind;
use crate::types::json::path::execute::{Attempt, Execution, PathFailure, path_error};
use crate::types::json::path::items::Item;
use crate::types::json::path::syntax::{Binary, PathNode};
use crate::types::numeric::Numeric;

impl Execution<'_> {
    /// The result of an operator between two numbers.
    pub(super) fn binary(
        &mut self,
        operator: Binary,
        left: &PathNode,
        right: &PathNode,
        current: &Item,
    ) -> Attempt<Item> {
        let left = self.items(left, current, true)?;
        let right = self.items(right, current, true)?;
        let left = operand(&left, "left", operator)?;
        let right = operand(&right, "right", operator)?;
        let result = match operator {
            Binary::Add => left.plus(&right),
            Binary::Subtract => left.minus(&right),
            Binary::Multiply => left.times(&right),
            Binary::Divide => left.over(&right),
            Binary::Remainder => left.rest_over(&right),
        };
        Ok(Item::number(&result.map_err(PathFailure::Path)?))
    }

    /// A number with a sign before it. Where nothing comes behind and nobody asks which it is, another item is passed over.
    pub(super) fn signed(&self, is_minus: bool, item: &Item, is_last: bool) -> Attempt<Option<Item>> {
        let Some(number) = item.as_number()? else {
            if is_last && self.only_asks {
                return Ok(None);
            }
            let sign = if is_minus { '-' } else { '+' };
            let message = format!("operand of unary jsonpath operator {sign} is not a numeric value");
            return path_error(ErrorKind::JsonNumberNotFound, message);
        };
        Ok(Some(Item::number(&if is_minus { number.negated() } else { number })))
    }
}

fn operand(items: &[Item], side: &str, operator: Binary) -> Attempt<Numeric> {
    let number = match items {
        [single] => single.as_number()?,
        _ => None,
    };
    number.map_or_else(
        || {
            let symbol = operator.symbol();
            let message = format!("{side} operand of jsonpath operator {symbol} is not a single numeric value");
            path_error(ErrorKind::JsonSingletonRequired, message)
        },
        Ok,
    )
}
