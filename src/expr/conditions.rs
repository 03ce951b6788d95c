//! What a compiled filter says of single fields: which values it allows and how it compares them, so that an access path can be
//! chosen by it, and what it is made of, so that it can be evaluated over many entries at once.

use std::borrow::Cow;

use crate::error::Result;
use crate::expr::functions::Volatility;
use crate::expr::operators::{Comparison, Test};
use crate::expr::patterns::text_of;
use crate::expr::program::{Instruction, is_of_data};
use crate::expr::row::RowAccess;
use crate::expr::tree::Operand;
use crate::types::{TsQuery, Value};

/// A condition of a compiled filter, asked for what an access path can use.
#[derive(Clone, Copy, Debug)]
pub struct CompiledCondition<'p>(pub(super) &'p Instruction);

/// What a condition is made of.
#[derive(Clone, Debug)]
pub enum ConditionShape<'p> {
    All(Vec<CompiledCondition<'p>>),
    Any(Vec<CompiledCondition<'p>>),
    Not(CompiledCondition<'p>),
    IsNull(&'p Operand),
    /// A field compared with a constant.
    Compare(&'p Operand, Comparison, &'p Value),
    /// Anything else, which [`CompiledCondition::truth`] decides of each row.
    Other,
}

impl<'p> CompiledCondition<'p> {
    /// What it is made of.
    pub fn shape(self) -> ConditionShape<'p> {
        let each = |list: &'p [Instruction]| list.iter().map(CompiledCondition).collect();
        match self.0 {
            Instruction::And(list) => ConditionShape::All(each(list)),
            Instruction::Or(list) => ConditionShape::Any(each(list)),
            Instruction::Not(inner) => ConditionShape::Not(CompiledCondition(inner)),
            Instruction::IsNull(inner) => match inner.as_ref() {
                Instruction::Field(field) => ConditionShape::IsNull(field),
                _ => ConditionShape::Other,
            },
            Instruction::CompareField { field, operator, constant } => {
                ConditionShape::Compare(field, *operator, constant)
            }
            _ => ConditionShape::Other,
        }
    }

    /// The truth of it for a row, `None` where it is unknown.
    ///
    /// # Errors
    /// As [`Program::truth`](crate::expr::Program::truth).
    pub fn truth<R: RowAccess>(self, row: &R) -> Result<Option<bool>> {
        self.0.truth(row)
    }

    /// The fields that it reads, each once.
    pub fn operands(self) -> Vec<&'p Operand> {
        let mut operands = Vec::new();
        self.0.walk(&mut |step| {
            if let Instruction::Field(field) | Instruction::CompareField { field, .. } = step
                && !operands.contains(&field)
            {
                operands.push(field);
            }
        });
        operands
    }

    /// Whether it says the same of the same fields whenever it is asked, and what it fails with is known: errors of the data, which a
    /// condition beside it that does not hold outweighs, or those of [`CompiledCondition::may_fail_regardless`].
    pub fn is_plain(self) -> bool {
        let mut is_plain = true;
        self.0.walk(&mut |step| {
            is_plain &= match step {
                Instruction::Call { .. } | Instruction::Excluded(_) | Instruction::Planned(_) => false,
                // Its pattern is compiled for each row, and may need another engine.
                Instruction::Test { test: Test::Matches { .. }, .. } => false,
                Instruction::Fails(error) => is_of_data(error),
                _ => true,
            };
        });
        is_plain
    }

    /// Whether it may fail for a row whatever conditions are beside it: where a value that may be no boolean stands as a condition,
    /// or one is converted that may be of a type without a way to the other.
    pub fn may_fail_regardless(self) -> bool {
        let mut may_fail = !self.0.is_truth();
        self.0.walk(&mut |step| {
            may_fail |= match step {
                Instruction::And(list) | Instruction::Or(list) => !list.iter().all(Instruction::is_truth),
                Instruction::Not(inner) => !inner.is_truth(),
                Instruction::Convert { .. } | Instruction::Arithmetic { .. } => true,
                _ => false,
            };
        });
        may_fail
    }

    /// Whether it is made of comparisons alone, which fail on no row.
    pub fn never_fails(self) -> bool {
        let mut never_fails = !self.may_fail_regardless();
        self.0.walk(&mut |step| {
            never_fails &= matches!(
                step,
                Instruction::Constant(_)
                    | Instruction::Field(_)
                    | Instruction::And(_)
                    | Instruction::Or(_)
                    | Instruction::Not(_)
                    | Instruction::IsNull(_)
                    | Instruction::Compare { .. }
                    | Instruction::CompareField { .. }
                    | Instruction::Among { .. }
                    | Instruction::Prefix { .. }
            );
        });
        never_fails
    }

    /// Whether nothing but the fields that it reads decides what it is.
    pub(super) fn is_constant_otherwise(self) -> bool {
        let mut is_constant = true;
        self.0.walk(&mut |step| {
            is_constant &= match step {
                Instruction::Call { function, .. } => function.volatility == Volatility::Immutable,
                Instruction::Excluded(_) | Instruction::Planned(_) => false,
                _ => true,
            };
        });
        is_constant
    }

    /// Whether another condition is true of every row of which this one is: the same one, a weaker comparison of the same field, or
    /// that a field is not NULL which this one looks at.
    pub fn implies(self, other: CompiledCondition<'_>) -> bool {
        if let (Some(own), Some(others)) = (self.identity(), other.identity())
            && own == others
        {
            return true;
        }
        match other.0 {
            Instruction::Not(inner) => match inner.as_ref() {
                Instruction::IsNull(inner) => match inner.as_ref() {
                    Instruction::Field(field) => self.is_never_null(field),
                    _ => false,
                },
                _ => false,
            },
            Instruction::CompareField { field, operator, constant } => match self.0 {
                Instruction::CompareField { field: own, operator: with, constant: value } => {
                    own == field && is_within(*with, value, *operator, constant)
                }
                Instruction::Among { left, values, has_null: _ } => {
                    let is_of_field = matches!(left.as_ref(), Instruction::Field(own) if own == field);
                    is_of_field && values.iter().all(|value| operator.compare(value, constant) == Some(true))
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether it is true of no row in which a field is NULL.
    fn is_never_null(self, wanted: &Operand) -> bool {
        let is_wanted = |step: &Instruction| matches!(step, Instruction::Field(field) if field == wanted);
        match self.0 {
            Instruction::CompareField { field, .. } => field == wanted,
            Instruction::Field(field) => field == wanted,
            Instruction::Among { left, .. }
            | Instruction::Pattern { left, .. }
            | Instruction::Prefix { left, .. }
            | Instruction::InArray { left, .. } => is_wanted(left),
            Instruction::Compare { left, right, .. } | Instruction::Test { left, right, .. } => {
                is_wanted(left) || is_wanted(right)
            }
            _ => false,
        }
    }

    /// A text that tells it from every other condition; `None` where there is none.
    pub fn identity(self) -> Option<String> {
        let mut has_pattern = false;
        // What a regular expression prints leaves out whether it heeds case.
        self.0.walk(&mut |step| has_pattern |= matches!(step, Instruction::Pattern { .. }));
        (!has_pattern).then(|| format!("{:?}", self.0))
    }

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

    /// The test of a field's JSON with a constant that it is: what is to be contained, or the key that is to be there.
    pub fn json_test(self) -> Option<(&'p Operand, Test, Cow<'p, str>)> {
        let Instruction::Test { test: test @ (Test::JsonContains | Test::JsonHasKey), left, right } = self.0 else {
            return None;
        };
        match (left.as_ref(), right.as_ref()) {
            (Instruction::Field(field), Instruction::Constant(constant)) => Some((field, *test, text_of(constant)?)),
            _ => None,
        }
    }

    /// The query of full text that a field has to match.
    pub fn full_text(self) -> Option<(&'p Operand, &'p TsQuery)> {
        let Instruction::Test { test: Test::FullText, left, right } = self.0 else { return None };
        match (left.as_ref(), right.as_ref()) {
            (Instruction::Field(field), Instruction::Constant(Value::TsQuery(query))) => Some((field, query)),
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

/// Whether every value for which `with value` holds is one for which `operator bound` does.
fn is_within(with: Comparison, value: &Value, operator: Comparison, bound: &Value) -> bool {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    let holds = |comparison: Comparison| comparison.compare(value, bound) == Some(true);
    match (with, operator) {
        (Equal, operator) => holds(operator),
        (Greater, Greater) | (GreaterOrEqual | Greater, GreaterOrEqual) => holds(GreaterOrEqual),
        (GreaterOrEqual, Greater) => holds(Greater),
        (Less, Less) | (LessOrEqual | Less, LessOrEqual) => holds(LessOrEqual),
        (LessOrEqual, Less) => holds(Less),
        (with, operator) => with == operator && holds(Equal),
    }
}

impl Instruction {
    /// Whether it yields a truth for every row.
    fn is_truth(&self) -> bool {
        match self {
            Instruction::Constant(value) => matches!(value, Value::Bool(_) | Value::Null),
            Instruction::And(_)
            | Instruction::Or(_)
            | Instruction::Not(_)
            | Instruction::IsNull(_)
            | Instruction::Compare { .. }
            | Instruction::CompareField { .. }
            | Instruction::Among { .. }
            | Instruction::In { .. }
            | Instruction::InArray { .. }
            | Instruction::Pattern { .. }
            | Instruction::Prefix { .. }
            | Instruction::Test { .. } => true,
            Instruction::Fails(_)
            | Instruction::Field(_)
            | Instruction::Excluded(_)
            | Instruction::Planned(_)
            | Instruction::Arithmetic { .. }
            | Instruction::Coalesce(_)
            | Instruction::Convert { .. }
            | Instruction::Call { .. } => false,
        }
    }

    /// Shows a step and all of its parts.
    fn walk<'p>(&'p self, visit: &mut dyn FnMut(&'p Instruction)) {
        visit(self);
        match self {
            Instruction::Constant(_)
            | Instruction::Fails(_)
            | Instruction::Field(_)
            | Instruction::Excluded(_)
            | Instruction::Planned(_)
            | Instruction::CompareField { .. } => {}
            Instruction::Not(inner)
            | Instruction::IsNull(inner)
            | Instruction::Convert { inner, .. }
            | Instruction::Among { left: inner, .. }
            | Instruction::Pattern { left: inner, .. }
            | Instruction::Prefix { left: inner, .. } => inner.walk(visit),
            Instruction::Compare { left, right, .. }
            | Instruction::Test { left, right, .. }
            | Instruction::Arithmetic { left, right, .. }
            | Instruction::InArray { left, array: right } => {
                left.walk(visit);
                right.walk(visit);
            }
            Instruction::In { left, list } => {
                left.walk(visit);
                list.iter().for_each(|each| each.walk(visit));
            }
            Instruction::And(list)
            | Instruction::Or(list)
            | Instruction::Coalesce(list)
            | Instruction::Call { arguments: list, .. } => list.iter().for_each(|each| each.walk(visit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{Environment, Expr, Program};
    use crate::types::ColumnType;

    fn column(position: usize) -> Expr {
        Expr::column(position, ColumnType::Int4)
    }

    fn number(number: i32) -> Expr {
        Expr::constant(Value::Int4(number))
    }

    fn implied(known: Expr, wanted: Expr) -> bool {
        let compile = |expr: &Expr| Program::compile(expr, &Environment::default()).unwrap();
        let (known, wanted) = (compile(&known), compile(&wanted));
        let known = known.conjuncts();
        wanted.conjuncts().into_iter().all(|wanted| known.iter().any(|known| known.implies(wanted)))
    }

    #[test]
    fn a_narrower_comparison_implies_a_wider_one() {
        use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        let all = [Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual];
        for with in all {
            for value in 0..3 {
                for operator in all {
                    for bound in 0..3 {
                        let known = Expr::compare(column(0), with, number(value));
                        let wanted = Expr::compare(column(0), operator, number(bound));
                        let is_implied = implied(known, wanted);
                        let passes = |operator: Comparison, row: i32, constant: i32| operator.holds(row.cmp(&constant));
                        let holds = (-3..6).all(|row| !passes(with, row, value) || passes(operator, row, bound));
                        // What follows for whole numbers alone need not be found, and nothing else may be.
                        assert!(!is_implied || holds, "{with:?} {value} {operator:?} {bound}");
                        assert!(is_implied || with != operator || value != bound, "{with:?} {value}");
                        assert!(is_implied || with != Equal || !holds, "= {value} {operator:?} {bound}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_never_null_is_implied_by_what_looks_at_it() {
        let there = |position| column(position).is_null().negated_if(true);
        let equal = |position, value| Expr::compare(column(position), Comparison::Equal, number(value));
        assert!(implied(equal(0, 1), there(0)) && !implied(equal(0, 1), there(1)));
        assert!(implied(Expr::And(vec![equal(1, 2), equal(0, 1)]), Expr::And(vec![there(0), there(1)])));
        let list = |values: [i32; 2]| Expr::In { left: Box::new(column(0)), list: values.map(number).to_vec() };
        assert!(implied(list([1, 2]), there(0)));
        assert!(implied(list([1, 2]), Expr::compare(column(0), Comparison::Less, number(3))));
        assert!(!implied(list([1, 3]), Expr::compare(column(0), Comparison::Less, number(3))));
        assert!(!implied(Expr::Or(vec![equal(0, 1), equal(1, 1)]), there(0)));
        assert!(!implied(column(0).is_null(), there(0)) && implied(there(0), there(0)));
    }
}
