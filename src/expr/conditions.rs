//! What a compiled filter says of single fields: which values it allows and how it compares them, so that an access path can be
//! chosen by it.

use crate::expr::operators::Comparison;
use crate::expr::program::Instruction;
use crate::expr::tree::Operand;
use crate::types::Value;

/// A condition of a compiled filter, asked for what an access path can use.
#[derive(Clone, Copy, Debug)]
pub struct CompiledCondition<'p>(pub(super) &'p Instruction);

impl<'p> CompiledCondition<'p> {
    pub(super) fn conjuncts(self) -> Vec<CompiledCondition<'p>> {
        let (mut parts, mut waiting) = (Vec::new(), vec![self.0]);
        while let Some(step) = waiting.pop() {
            match step {
                Instruction::And(list) => waiting.extend(list),
                other => parts.push(CompiledCondition(other)),
            }
        }
        parts
    }

    /// The comparison of a field with a constant that it is.
    pub fn comparison(self) -> Option<(&'p Operand, Comparison, &'p Value)> {
        match self.0 {
            Instruction::CompareField { field, operator, constant } => Some((field, *operator, constant)),
            _ => None,
        }
    }

    /// The values that it allows for a field matched by `is`, when it names them one by one and they are `most` at most. NULLs
    /// are left out: nothing equals one.
    pub fn fixed(self, is: &dyn Fn(&Operand) -> bool, most: usize) -> Option<Vec<Value>> {
        match self.0 {
            Instruction::CompareField { field, operator: Comparison::Equal, constant } if is(field) => {
                Some(if constant.is_null() { Vec::new() } else { vec![constant.clone()] })
            }
            Instruction::Among { left, values, .. } => match left.as_ref() {
                Instruction::Field(field) if is(field) && values.len() <= most => Some(values.clone()),
                _ => None,
            },
            // As planners write a short IN list.
            Instruction::Or(branches) => {
                let mut values = Vec::new();
                for branch in branches {
                    let parts = CompiledCondition(branch).conjuncts();
                    values.extend(parts.into_iter().find_map(|part| part.fixed(is, most))?);
                }
                Some(values).filter(|values| values.len() <= most)
            }
            _ => None,
        }
    }
}
