//! An expression ready to run: compiled once an Execute with the parameters at hand, then run on each row.
//!
//! Constants are looked at once: parameters are bound, calls and conversions of constants are computed, patterns become regular
//! expressions. A row costs no allocation but for the values that are read of it, and none where a text is compared where it
//! lies ([`RowAccess::stored_text`]). `None` of a truth is SQL's unknown.

use std::borrow::Cow;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::conditions::CompiledCondition;
use crate::expr::functions::{Function, Invocation, StatementContext};
use crate::expr::operators::{Arithmetic, Comparison, Test};
use crate::expr::patterns::{Pattern, text_of};
use crate::expr::row::RowAccess;
use crate::expr::tree::{Expr, Operand};
use crate::types::{ColumnType, TextStyle, Value};

/// What an Execute brings to an expression.
#[derive(Clone, Copy, Debug, Default)]
pub struct Environment<'a> {
    pub parameters: &'a [Value],
    /// When the transaction of the statement began, in microseconds since 1970.
    pub now: i64,
    /// When the statement itself did.
    pub statement_began: i64,
    /// How its session reads and shows texts; the canonical style where there is none.
    pub style: Option<&'a Arc<TextStyle>>,
}

/// A compiled expression.
#[derive(Debug)]
pub struct Program(Instruction);

/// A part of a program.
#[derive(Debug)]
pub(super) enum Instruction {
    Constant(Value),
    /// What a constant part fails with, where a row comes to it.
    Fails(Error),
    Field(Operand),
    Excluded(usize),
    Planned(usize),
    And(Vec<Instruction>),
    Or(Vec<Instruction>),
    Not(Box<Instruction>),
    IsNull(Box<Instruction>),
    Compare {
        operator: Comparison,
        left: Box<Instruction>,
        right: Box<Instruction>,
    },
    /// Of a field with a constant: the most frequent filter, a text compared without copying.
    CompareField {
        field: Operand,
        operator: Comparison,
        constant: Value,
    },
    /// Constants that a value may equal.
    Among {
        left: Box<Instruction>,
        values: Vec<Value>,
        has_null: bool,
    },
    In {
        left: Box<Instruction>,
        list: Vec<Instruction>,
    },
    InArray {
        left: Box<Instruction>,
        array: Box<Instruction>,
    },
    Pattern {
        left: Box<Instruction>,
        pattern: Pattern,
    },
    Prefix {
        left: Box<Instruction>,
        prefix: Box<str>,
    },
    Test {
        test: Test,
        left: Box<Instruction>,
        right: Box<Instruction>,
    },
    Arithmetic {
        operator: Arithmetic,
        left: Box<Instruction>,
        right: Box<Instruction>,
        ty: ColumnType,
    },
    Coalesce(Vec<Instruction>),
    Convert {
        inner: Box<Instruction>,
        to: ColumnType,
        explicit: bool,
        style: Option<Arc<TextStyle>>,
    },
    Call {
        function: &'static Function,
        arguments: Vec<Instruction>,
        types: Box<[ColumnType]>,
        began: Began,
    },
}

/// The statement around an expression, as functions see it.
#[derive(Clone, Debug)]
pub(super) struct Began {
    pub transaction: i64,
    pub statement: i64,
    pub style: Option<Arc<TextStyle>>,
}

impl StatementContext for Began {
    fn began(&self) -> i64 {
        self.transaction
    }

    fn statement_began(&self) -> i64 {
        self.statement
    }

    fn style(&self) -> &TextStyle {
        self.style.as_deref().unwrap_or(TextStyle::CANONICAL)
    }
}

impl Program {
    /// Compiles an expression with the parameters of an Execute.
    ///
    /// # Errors
    /// 42P02 for a parameter that is missing, and what its cast to its type reports; 22P02 for a document that is no JSON, beside
    /// a part of one; 2201B for a regular expression that is wrong or too large, 0A000 for one that needs another engine.
    pub fn compile(expr: &Expr, environment: &Environment<'_>) -> Result<Program> {
        Instruction::of(expr, environment).map(Program)
    }

    /// Whether a row passes: true, not false, not unknown.
    ///
    /// # Errors
    /// As [`Program::truth`].
    pub fn accepts<R: RowAccess>(&self, row: &R) -> Result<bool> {
        self.0.accepts(row)
    }

    /// The truth of a condition, `None` where it is unknown.
    ///
    /// # Errors
    /// 42804 for a value that is no boolean; as [`Program::value`].
    pub fn truth<R: RowAccess>(&self, row: &R) -> Result<Option<bool>> {
        self.0.truth(row)
    }

    /// The value for a row.
    ///
    /// # Errors
    /// What an operation reports (22012, 22003, 22P02, …); as [`RowAccess::value`].
    pub fn value<R: RowAccess>(&self, row: &R) -> Result<Value> {
        self.0.value(row).map(Cow::into_owned)
    }

    /// What it reads of a row, where it is nothing but that.
    pub fn operand(&self) -> Option<&Operand> {
        match &self.0 {
            Instruction::Field(operand) => Some(operand),
            _ => None,
        }
    }

    /// The operands that it reads of a row, each once.
    pub fn operands(&self) -> Vec<&Operand> {
        CompiledCondition(&self.0).operands()
    }

    /// The only thing that it looks at, a single operand, of which it makes the same whenever it is asked.
    pub fn only_operand(&self) -> Option<&Operand> {
        let whole = CompiledCondition(&self.0);
        match whole.operands().as_slice() {
            [operand] if whole.is_constant_otherwise() => Some(*operand),
            _ => None,
        }
    }

    /// The conditions that must all hold.
    pub fn conjuncts(&self) -> Vec<CompiledCondition<'_>> {
        CompiledCondition(&self.0).conjuncts()
    }
}

impl Expr {
    /// The value for one row, where an expression is run only once.
    ///
    /// # Errors
    /// As [`Program::compile`] and [`Program::value`].
    pub fn evaluate<R: RowAccess>(&self, environment: &Environment<'_>, row: &R) -> Result<Value> {
        match Instruction::of(self, environment)? {
            Instruction::Constant(value) => Ok(value),
            step => step.value(row).map(Cow::into_owned),
        }
    }

    /// Whether one row passes, where a condition is run only once.
    ///
    /// # Errors
    /// As [`Program::compile`] and [`Program::accepts`].
    pub fn accepts<R: RowAccess>(&self, environment: &Environment<'_>, row: &R) -> Result<bool> {
        Instruction::of(self, environment)?.accepts(row)
    }
}

impl Instruction {
    pub(super) fn value<'p, R: RowAccess>(&'p self, row: &R) -> Result<Cow<'p, Value>> {
        Ok(Cow::Owned(match self {
            Instruction::Constant(value) => return Ok(Cow::Borrowed(value)),
            Instruction::Fails(error) => return Err(error.clone()),
            Instruction::Field(field) => row.value(field)?,
            Instruction::Excluded(position) => row.excluded(*position)?,
            Instruction::Planned(position) => row.planned(*position)?,
            Instruction::Arithmetic { operator, left, right, ty } => {
                operator.apply(left.value(row)?.into_owned(), right.value(row)?.into_owned(), ty)?
            }
            Instruction::Coalesce(list) => {
                for each in list {
                    let value = each.value(row)?;
                    if !value.is_null() {
                        return Ok(value);
                    }
                }
                Value::Null
            }
            Instruction::Convert { inner, to, explicit, style } => {
                let style = style.as_deref().unwrap_or(TextStyle::CANONICAL);
                inner.value(row)?.into_owned().cast_in(style, to, *explicit)?
            }
            Instruction::Call { function, arguments, types, began } => call(function, arguments, types, began, row)?,
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
            | Instruction::Test { .. } => self.truth(row)?.map_or(Value::Null, Value::Bool),
        }))
    }

    /// Whether a row passes. Of conditions that must all hold the first that does not decides, unknown or false, and outweighs
    /// an error as in [`every`].
    fn accepts<R: RowAccess>(&self, row: &R) -> Result<bool> {
        let Instruction::And(list) = self else { return Ok(self.truth(row)? == Some(true)) };
        let mut failure = None;
        for each in list {
            match each.accepts(row) {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(error) if is_of_data(&error) => failure = failure.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        failure.map_or(Ok(true), Err)
    }

    pub(super) fn truth<R: RowAccess>(&self, row: &R) -> Result<Option<bool>> {
        match self {
            Instruction::And(list) => every(list, row, false),
            Instruction::Or(list) => every(list, row, true),
            Instruction::Not(inner) => Ok(inner.truth(row)?.map(|truth| !truth)),
            Instruction::IsNull(inner) => Ok(Some(inner.value(row)?.is_null())),
            Instruction::CompareField { field, operator, constant } => {
                if let Value::Text(text) = constant
                    && let Some(stored) = row.stored_text(field)?
                {
                    return Ok(Some(operator.holds(stored.as_bytes().cmp(text.as_bytes()))));
                }
                Ok(operator.compare(&row.value(field)?, constant))
            }
            Instruction::Compare { operator, left, right } => {
                let left = left.value(row)?;
                Ok(operator.compare(&left, &*right.value(row)?))
            }
            Instruction::Among { left, values, has_null } => Ok(is_among(&*left.value(row)?, values.iter(), *has_null)),
            Instruction::In { left, list } => {
                let left = left.value(row)?;
                let values = list.iter().map(|each| each.value(row)).collect::<Result<Vec<_>>>()?;
                let has_null = values.iter().any(|value| value.is_null());
                Ok(is_among(&left, values.iter().map(|value| &**value), has_null))
            }
            Instruction::InArray { left, array } => {
                let left = left.value(row)?;
                let array = array.value(row)?;
                if array.is_null() {
                    return Ok(None);
                }
                let elements = elements(&array);
                let has_null = elements.iter().any(|element| element.is_null());
                Ok(is_among(&left, elements.into_iter(), has_null))
            }
            Instruction::Pattern { left, pattern } => left.text(row, |text| pattern.is_match(text))?.transpose(),
            Instruction::Prefix { left, prefix } => left.text(row, |text| text.starts_with(prefix.as_ref())),
            Instruction::Test { test, left, right } => test.answer(&*left.value(row)?, &*right.value(row)?),
            _ => match &*self.value(row)? {
                Value::Null => Ok(None),
                Value::Bool(truth) => Ok(Some(*truth)),
                // Conditions are checked when they are planned.
                other => Err(no_condition("WHERE", &other.column_type())),
            },
        }
    }

    /// What a test says of the text that the step yields; unknown of NULL.
    fn text<R: RowAccess, T>(&self, row: &R, is: impl FnOnce(&str) -> T) -> Result<Option<T>> {
        if let Instruction::Field(field) = self
            && let Some(stored) = row.stored_text(field)?
        {
            return Ok(Some(is(stored)));
        }
        Ok(text_of(&*self.value(row)?).map(|text| is(&text)))
    }
}

/// The elements of an array, of all of its dimensions, one by one.
pub(super) fn elements(array: &Value) -> Vec<&Value> {
    match array {
        Value::Array(_, inner) => inner.iter().flat_map(elements).collect(),
        element => vec![element],
    }
}

/// Whether a value equals one of others, of which NULLs are left out.
fn is_among<'v>(value: &Value, mut others: impl Iterator<Item = &'v Value>, has_null: bool) -> Option<bool> {
    let first = others.next();
    // Of nothing at all, not even NULL is a member: `x = ANY ('{}')`.
    if first.is_none() && !has_null {
        return Some(false);
    }
    if value.is_null() {
        return None;
    }
    let is_found = first.into_iter().chain(others).any(|other| Comparison::Equal.compare(value, other) == Some(true));
    match (is_found, has_null) {
        (true, _) => Some(true),
        (false, true) => None,
        (false, false) => Some(false),
    }
}

/// AND and OR. Steps are run until one decides, and its decision outweighs an error that the data made before: the order in
/// which guards are written does not matter. A row that cannot be read is another matter.
fn every<R: RowAccess>(list: &[Instruction], row: &R, decisive: bool) -> Result<Option<bool>> {
    let (mut result, mut failure) = (Some(!decisive), None);
    for each in list {
        match each.truth(row) {
            Ok(Some(truth)) if truth == decisive => return Ok(Some(decisive)),
            Ok(Some(_)) => {}
            Ok(None) => result = None,
            Err(error) if is_of_data(&error) => failure = failure.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    failure.map_or(Ok(result), Err)
}

/// 42804 for a condition, of the clause or operator that `of` names, that is not of type boolean.
pub fn no_condition(of: &str, ty: &ColumnType) -> Error {
    Error::new(ErrorKind::DatatypeMismatch, format!("argument of {of} must be type boolean, not type {ty}"))
}

/// Whether an error is one of what was computed (SQLSTATE class 22), not of the row or of the store.
pub(super) fn is_of_data(error: &Error) -> bool {
    error.sqlstate().starts_with("22")
}

fn call<R: RowAccess>(
    function: &Function,
    arguments: &[Instruction],
    types: &[ColumnType],
    began: &Began,
    row: &R,
) -> Result<Value> {
    let mut values = Vec::with_capacity(arguments.len());
    for (position, argument) in arguments.iter().enumerate() {
        let value = argument.value(row)?.into_owned();
        if function.strict && value.is_null() {
            return Ok(Value::Null);
        }
        values.push(function.argument(position, value, began.style())?);
    }
    (function.body)(&Invocation { name: function.name, statement: Some(began), types }, &values)
}
