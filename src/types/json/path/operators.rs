//! Arithmetic in paths.

use rust_decimal::Decimal;

use crate::error::{Error, ErrorKind};
use crate::types::exact_quotient;
use crate::types::json::path::execute::{Attempt, Execution, PathFailure, path_error};
use crate::types::json::path::items::Item;
use crate::types::json::path::syntax::{Binary, PathNode};

fn out_of_range() -> PathFailure {
    PathFailure::Path(Error::new(ErrorKind::NumericOutOfRange, "value overflows numeric format"))
}

fn by_zero() -> PathFailure {
    PathFailure::Path(Error::new(ErrorKind::DivisionByZero, "division by zero"))
}

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
            Binary::Add => left.checked_add(right),
            Binary::Subtract => left.checked_sub(right),
            Binary::Multiply => left.checked_mul(right),
            Binary::Divide | Binary::Remainder if right.is_zero() => return Err(by_zero()),
            Binary::Divide => exact_quotient(left, right).ok(),
            Binary::Remainder => left.checked_rem(right),
        };
        let mut result = result.ok_or_else(out_of_range)?;
        // Zeros at the end are kept, as many as the operands have.
        let scale = match operator {
            Binary::Multiply => left.scale().saturating_add(right.scale()).min(Decimal::MAX_SCALE),
            Binary::Divide => result.scale(),
            _ => left.scale().max(right.scale()),
        };
        if result.scale() < scale {
            result.rescale(scale);
        }
        Ok(Item::number(result))
    }

    /// The numbers with a sign before them. Where nothing comes behind and nobody asks which they are, others are passed over.
    pub(super) fn signed(
        &mut self,
        is_minus: bool,
        inner: &PathNode,
        current: &Item,
        is_last: bool,
    ) -> Attempt<Vec<Item>> {
        let mut results = Vec::new();
        for item in self.items(inner, current, true)? {
            let Some(number) = item.as_number()? else {
                if is_last && self.only_asks {
                    continue;
                }
                let sign = if is_minus { '-' } else { '+' };
                let message = format!("operand of unary jsonpath operator {sign} is not a numeric value");
                return path_error(ErrorKind::JsonNumberNotFound, message);
            };
            results.push(Item::number(if is_minus { -number } else { number }));
        }
        Ok(results)
    }
}

fn operand(items: &[Item], side: &str, operator: Binary) -> Attempt<Decimal> {
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
