//! The functions that PostgreSQL's and pgvector's operators stand for.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, ObjectName,
};

use crate::sql::parse::names::exact;
use crate::types::ColumnType;
use crate::vector::Metric;

/// The function of a distance metric; each is what pgvector's operator calls.
pub fn distance_function(metric: Metric) -> &'static str {
    match metric {
        Metric::L2 => "l2_distance",
        Metric::InnerProduct => "vector_negative_inner_product",
        Metric::Cosine => "cosine_distance",
        Metric::L1 => "l1_distance",
    }
}

/// The metric of a distance function.
pub fn distance_metric(function: &str) -> Option<Metric> {
    Metric::ALL.into_iter().find(|metric| distance_function(*metric) == function)
}

/// The metric of an operator between vectors.
pub fn operator_metric(operator: &BinaryOperator) -> Option<Metric> {
    match operator {
        BinaryOperator::Custom(name) => Metric::from_operator(name),
        BinaryOperator::Spaceship => Some(Metric::Cosine),
        BinaryOperator::LtDashGt => Some(Metric::L2),
        _ => None,
    }
}

/// The operator that is written with the name of one, as in `OPERATOR(pg_catalog.~)`.
pub fn operator_called(name: &str) -> Option<BinaryOperator> {
    Some(match name {
        "=" => BinaryOperator::Eq,
        "<>" | "!=" => BinaryOperator::NotEq,
        "<" => BinaryOperator::Lt,
        "<=" => BinaryOperator::LtEq,
        ">" => BinaryOperator::Gt,
        ">=" => BinaryOperator::GtEq,
        "+" => BinaryOperator::Plus,
        "-" => BinaryOperator::Minus,
        "*" => BinaryOperator::Multiply,
        "/" => BinaryOperator::Divide,
        "%" => BinaryOperator::Modulo,
        "~" => BinaryOperator::PGRegexMatch,
        "~*" => BinaryOperator::PGRegexIMatch,
        "!~" => BinaryOperator::PGRegexNotMatch,
        "!~*" => BinaryOperator::PGRegexNotIMatch,
        "~~" => BinaryOperator::PGLikeMatch,
        "!~~" => BinaryOperator::PGNotLikeMatch,
        "~~*" => BinaryOperator::PGILikeMatch,
        "!~~*" => BinaryOperator::PGNotILikeMatch,
        "||" => BinaryOperator::StringConcat,
        "&&" => BinaryOperator::PGOverlap,
        "->" => BinaryOperator::Arrow,
        "->>" => BinaryOperator::LongArrow,
        "@>" => BinaryOperator::AtArrow,
        "<@" => BinaryOperator::ArrowAt,
        "<<" => BinaryOperator::PGBitwiseShiftLeft,
        ">>" => BinaryOperator::PGBitwiseShiftRight,
        "&<" => BinaryOperator::AndLt,
        "&>" => BinaryOperator::AndGt,
        "<=>" => BinaryOperator::Spaceship,
        "<->" | "<#>" | "<+>" | "-|-" => BinaryOperator::Custom(name.to_string()),
        _ => return None,
    })
}

/// The function for an operator on JSON; `->` and `->>` take a key or a position.
pub fn json_function(operator: &BinaryOperator, right: Option<&ColumnType>) -> Option<&'static str> {
    let by_position = right.is_some_and(ColumnType::is_integer);
    Some(match operator {
        BinaryOperator::Arrow if by_position => "jsonb_array_element",
        BinaryOperator::Arrow => "jsonb_object_field",
        BinaryOperator::LongArrow if by_position => "jsonb_array_element_text",
        BinaryOperator::LongArrow => "jsonb_object_field_text",
        BinaryOperator::HashArrow => "jsonb_extract_path",
        BinaryOperator::HashLongArrow => "jsonb_extract_path_text",
        BinaryOperator::Question => "jsonb_exists",
        BinaryOperator::QuestionPipe => "jsonb_exists_any",
        BinaryOperator::QuestionAnd => "jsonb_exists_all",
        BinaryOperator::HashMinus => "jsonb_delete_path",
        BinaryOperator::AtQuestion => "jsonb_path_exists_opr",
        BinaryOperator::AtAt => "jsonb_path_match_opr",
        _ => return None,
    })
}

/// The type of a JSON operator's result.
pub fn json_result(operator: &BinaryOperator) -> ColumnType {
    match operator {
        BinaryOperator::LongArrow | BinaryOperator::HashLongArrow => ColumnType::Text,
        BinaryOperator::Question
        | BinaryOperator::QuestionPipe
        | BinaryOperator::QuestionAnd
        | BinaryOperator::AtQuestion
        | BinaryOperator::AtAt => ColumnType::Bool,
        _ => ColumnType::Jsonb,
    }
}

/// A call of a function by its exact name.
pub fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    let arguments = arguments.into_iter().map(|expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))).collect();
    Expr::Function(Function {
        name: ObjectName::from(vec![exact(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: arguments,
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// The name and arguments of a plain call.
pub fn called(expr: &Expr) -> Option<(&str, Vec<&Expr>)> {
    let Expr::Function(function) = expr else { return None };
    let FunctionArguments::List(list) = &function.args else { return None };
    let [part] = function.name.0.as_slice() else { return None };
    let name = &part.as_ident()?.value;
    let arguments = list.args.iter().map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    });
    Some((name, arguments.collect::<Option<_>>()?))
}
