//! Which operator a name means between two types (PostgreSQL documentation, section 10.2).

use crate::error::Result;
use crate::sql::registry::candidates::{CandidateForm, Choice, choose};
use crate::sql::registry::errors::{ambiguous_operator, unbound, undefined_operator};
use crate::sql::registry::polymorphic::settle;
use crate::sql::registry::tables::{OperatorEntry, UNKNOWN, operators_of};

/// An operator with the types that its operands take and that of its result.
#[derive(Clone, Copy, Debug)]
pub struct ResolvedOperator {
    pub operator: &'static OperatorEntry,
    /// 0 for an operator that stands before its operand.
    pub left: u32,
    pub right: u32,
    pub result: u32,
}

/// The operator of a name for operands of those types: OIDs of `pg_type`, `unknown` (705) for what has none, and no left one for an
/// operator that stands before its operand.
///
/// # Errors
/// 42883 where there is none, 42725 where several are as good, 42804 where nothing says what a polymorphic type stands for.
pub fn resolve_operator(name: &str, left: Option<u32>, right: u32) -> Result<ResolvedOperator> {
    // `!=` is but another way to write it.
    let name = if name == "!=" { "<>" } else { name };
    let given: Vec<u32> = left.into_iter().chain([right]).collect();
    let takes = |operator: &OperatorEntry| -> Vec<u32> {
        if operator.left == 0 { vec![operator.right] } else { vec![operator.left, operator.right] }
    };
    let candidates = operators_of(name).iter().copied().filter(|operator| (operator.left == 0) == left.is_none());
    let alike = match (left, right) {
        (Some(UNKNOWN), right) => (right, right),
        (Some(left), UNKNOWN) => (left, left),
        (left, right) => (left.unwrap_or(0), right),
    };
    let exact = candidates.clone().find(|operator| (operator.left, operator.right) == alike);
    let operator = match exact {
        Some(operator) => operator,
        None => {
            let candidates =
                candidates.map(|operator| CandidateForm { form: operator, types: takes(operator) }).collect();
            match choose(&given, candidates) {
                Choice::One(candidate) => candidate.form,
                Choice::None => return Err(undefined_operator(name, left, right)),
                Choice::Several => return Err(ambiguous_operator(name, left, right)),
            }
        }
    };
    let (operands, result) = settle(&given, &takes(operator), operator.result).map_err(unbound)?;
    let right = operands.last().copied().unwrap_or(right);
    Ok(ResolvedOperator { operator, left: left.map_or(0, |_| operands.first().copied().unwrap_or(0)), right, result })
}
