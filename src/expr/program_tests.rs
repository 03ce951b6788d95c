//! Programs on rows of values: truth in three values, errors that a decision outweighs, functions, and how they are shown.

use super::operators::{Arithmetic, Comparison, Test};
use super::{Environment, Expr, Function, Operand, Parameter, PathBase, PathResult, Program, ValueRow};
use crate::error::Result;
use crate::model::{Collection, CollectionId, CollectionKind, Column};
use crate::types::json::jsonb::PathStep;
use crate::types::{ColumnType, Value};

fn constant(value: Value) -> Expr {
    Expr::constant(value)
}

fn truth_of(truth: Option<bool>) -> Expr {
    constant(truth.map_or(Value::Null, Value::Bool))
}

fn truth(expr: &Expr) -> Result<Option<bool>> {
    Program::compile(expr, &Environment::default())?.truth(&ValueRow::default())
}

/// A condition that divides by zero.
fn fails() -> Expr {
    let quotient = Expr::Arithmetic {
        operator: Arithmetic::Divide,
        left: Box::new(constant(Value::Int4(1))),
        right: Box::new(constant(Value::Int4(0))),
        ty: ColumnType::Int4,
    };
    Expr::compare(quotient, Comparison::Equal, constant(Value::Int4(1)))
}

#[test]
fn conditions_have_three_truth_values() {
    let truth = |expr: Expr| truth(&expr).unwrap();
    assert_eq!(truth(Expr::And(vec![truth_of(None), truth_of(Some(false))])), Some(false));
    assert_eq!(truth(Expr::And(vec![truth_of(None), truth_of(Some(true))])), None);
    assert_eq!(truth(Expr::Or(vec![truth_of(None), truth_of(Some(true))])), Some(true));
    assert_eq!(truth(truth_of(None).negated_if(true)), None);
    let compare = |operator, left, right| Expr::compare(constant(left), operator, constant(right));
    assert_eq!(truth(compare(Comparison::Less, Value::Int4(1), Value::Float8(1.5))), Some(true));
    assert_eq!(truth(compare(Comparison::Equal, Value::Null, Value::Null)), None);
    assert_eq!(truth(compare(Comparison::NotEqual, Value::text("a"), Value::text("b"))), Some(true));
    let among = |value, list: Vec<Value>| Expr::In {
        left: Box::new(constant(value)),
        list: list.into_iter().map(Expr::constant).collect(),
    };
    assert_eq!(truth(among(Value::Int4(1), vec![Value::Int8(1), Value::Null])), Some(true));
    assert_eq!(truth(among(Value::Int4(2), vec![Value::Int8(1), Value::Null])), None);
    assert_eq!(truth(among(Value::Null, vec![])), Some(false));
}

#[test]
fn a_condition_that_decides_outweighs_an_error() {
    let bool = |truth| truth_of(Some(truth));
    assert_eq!(truth(&Expr::And(vec![bool(false), fails()])).unwrap(), Some(false));
    assert_eq!(truth(&Expr::And(vec![fails(), bool(false)])).unwrap(), Some(false));
    assert_eq!(truth(&Expr::Or(vec![fails(), bool(true)])).unwrap(), Some(true));
    assert_eq!(truth(&Expr::And(vec![bool(true), fails()])).unwrap_err().sqlstate(), "22012");
    assert_eq!(truth(&Expr::Or(vec![fails(), bool(false)])).unwrap_err().sqlstate(), "22012");
    // A row that cannot be read is an error whatever else holds.
    let unreadable = Expr::column(7, ColumnType::Bool);
    assert_eq!(truth(&Expr::And(vec![unreadable, bool(false)])).unwrap_err().sqlstate(), "XX000");
}

#[test]
fn rows_parameters_and_documents_are_read() {
    let row = [Value::Json("{\"a\": {\"b\": \"x\"}, \"n\": 1}".into()), Value::Null];
    let row = ValueRow { row: &row, ..ValueRow::default() };
    let parameters = [Value::text("7")];
    let environment = Environment { parameters: &parameters, ..Environment::default() };
    let path = |keys: &[&str], result| {
        let path = keys.iter().map(|key| PathStep::Key((*key).to_string())).collect();
        Expr::Field(Operand::Path { base: PathBase::Column(0), path, result }, ColumnType::Unknown)
    };
    let nested = path(&["a", "b"], PathResult::Text);
    assert_eq!(nested.evaluate(&environment, &row).unwrap(), Value::text("x"));
    let number = Expr::compare(path(&["n"], PathResult::Typed), Comparison::Equal, constant(Value::Json("1".into())));
    assert!(number.accepts(&environment, &row).unwrap());
    let parameter = |position| Expr::parameter(position, ColumnType::Int4).evaluate(&environment, &row);
    assert_eq!(parameter(0).unwrap(), Value::Int4(7));
    assert_eq!(parameter(1).unwrap_err().sqlstate(), "42P02");
    let list = vec![Expr::column(1, ColumnType::Text), Expr::parameter(0, ColumnType::Text)];
    let first = Expr::Coalesce { list, ty: ColumnType::Text };
    assert_eq!(first.evaluate(&environment, &row).unwrap(), Value::text("7"));
    assert!(first.reads_row() && !first.varies());
}

#[test]
fn functions_run_where_their_arguments_stand() {
    let double = Function::new("double", &[Parameter::Int], ColumnType::Int8, |_, arguments| {
        Ok(arguments.first().and_then(Value::as_i64).map_or(Value::Null, |number| Value::Int8(2 * number)))
    });
    let began = Function::new("began", &[], ColumnType::TimestampTz, |invocation, _| {
        Ok(invocation.statement.map_or(Value::Null, |statement| Value::TimestampTz(statement.began())))
    })
    .stable();
    let (double, began): (&'static Function, &'static Function) =
        (Box::leak(Box::new(double)), Box::leak(Box::new(began)));
    let call = |argument| Expr::Call { function: double, arguments: vec![argument] };
    let row = [Value::Int4(4), Value::Null];
    let row = ValueRow { row: &row, ..ValueRow::default() };
    let environment = Environment { now: 5, ..Environment::default() };
    assert_eq!(call(Expr::column(0, ColumnType::Int4)).evaluate(&environment, &row).unwrap(), Value::Int8(8));
    assert_eq!(call(Expr::column(1, ColumnType::Int4)).evaluate(&environment, &row).unwrap(), Value::Null);
    assert_eq!(call(constant(Value::text("21"))).evaluate(&environment, &row).unwrap(), Value::Int8(42));
    assert_eq!(call(constant(Value::text("x"))).evaluate(&environment, &row).unwrap_err().sqlstate(), "22P02");
    let now = Expr::Call { function: began, arguments: Vec::new() };
    assert_eq!(now.evaluate(&environment, &row).unwrap(), Value::TimestampTz(5));
    assert_eq!(now.ty(), ColumnType::TimestampTz);
}

#[test]
fn what_a_filter_fixes_can_be_asked_for() {
    let column = || Expr::column(0, ColumnType::Int4);
    let number = |number| constant(Value::Int4(number));
    let either = Expr::Or(vec![
        Expr::compare(column(), Comparison::Equal, number(1)),
        Expr::compare(number(2), Comparison::Equal, column()),
    ]);
    let above = Expr::compare(number(5), Comparison::Less, column());
    let program = Program::compile(&Expr::And(vec![either, above]), &Environment::default()).unwrap();
    let is = |operand: &Operand| *operand == Operand::Column(0);
    let fixed = program.conjuncts().into_iter().find_map(|part| part.fixed(&is, 10));
    assert_eq!(fixed, Some(vec![Value::Int4(1), Value::Int4(2)]));
    let compared: Vec<_> = program.conjuncts().into_iter().filter_map(|part| part.comparison()).collect();
    assert_eq!(compared, [(&Operand::Column(0), Comparison::Greater, &Value::Int4(5))]);
}

#[test]
fn expressions_are_shown_as_sql() {
    let columns = vec![Column::new("n", ColumnType::Int4), Column::new("Doc", ColumnType::Jsonb)];
    let collection = Collection::new(CollectionId(1), "t", CollectionKind::Table, columns);
    let path = Operand::Path {
        base: PathBase::Column(1),
        path: vec![PathStep::Key("a".to_string())],
        result: PathResult::Text,
    };
    let like = Test::Like { case_insensitive: false };
    let expr = Expr::And(vec![
        Expr::compare(Expr::column(0, ColumnType::Int4), Comparison::LessOrEqual, Expr::parameter(1, ColumnType::Int4)),
        Expr::test(Expr::Field(path, ColumnType::Text), like, constant(Value::text("it's%"))).negated_if(true),
    ]);
    assert_eq!(expr.shown(&collection).to_string(), "(n <= $2) AND (NOT (\"Doc\" ->> 'a' LIKE 'it''s%'))");
}
