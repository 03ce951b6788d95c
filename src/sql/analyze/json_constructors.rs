//! What the constructors and the test of SQL/JSON stand for: calls of functions that take the options as a text, and aggregates.

use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectName, Value as Literal,
};
use datafusion::sql::sqlparser::parser::Parser;

use crate::error::{Error, ErrorKind, Result};
use crate::sql::arrow::cast_functions::cast_name;
use crate::sql::functions::{JSON_ARRAY_OF, JSON_OBJECT_OF, JSONB_ARRAY_OF, JSONB_OBJECT_OF, OPEN_ARRAY, OPEN_OBJECT};
use crate::sql::parse::dialect::PostgresDialect;
use crate::sql::parse::json_constructors::{AS_JSON, IS_JSON, OPTIONS};
use crate::sql::parse::names::exact;
use crate::sql::parse::operators::{call, called};
use crate::types::ColumnType;

/// The options of a constructor.
#[derive(Default)]
struct Options {
    nulls: Option<String>,
    is_unique: bool,
    returning: Option<String>,
    encoding: Option<String>,
}

impl Options {
    /// Takes them from before the arguments of a call; `None` where there are none.
    fn take(arguments: &mut Vec<FunctionArg>) -> Option<Options> {
        let mut options = Options::default();
        let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(first))) = arguments.first() else { return None };
        let (name, given) = called(first)?;
        if name != OPTIONS {
            return None;
        }
        for option in given.into_iter().filter_map(text_of_literal) {
            match option.split_once('=') {
                Some(("nulls", kind)) => options.nulls = Some(kind.to_string()),
                Some(("unique", _)) => options.is_unique = true,
                Some(("returning", ty)) => options.returning = Some(ty.to_string()),
                Some(("encoding", name)) => options.encoding = Some(name.to_string()),
                _ => {}
            }
        }
        arguments.remove(0);
        Some(options)
    }

    fn is_binary(&self) -> bool {
        self.returning.as_deref().is_some_and(|ty| ty.eq_ignore_ascii_case("jsonb"))
    }
}

fn text_of_literal(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(value) => match &value.value {
            Literal::SingleQuotedString(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// What a constructor stands for; `None` for another call.
///
/// # Errors
/// 0A000 for an encoding that cannot be, 22023 for one that is none, and what its type is refused with.
pub fn constructed(function: &Function, name: &str) -> Result<Option<Expr>> {
    let mut function = function.clone();
    let FunctionArguments::List(list) = &mut function.args else { return Ok(None) };
    let Some(options) = Options::take(&mut list.args) else { return Ok(None) };
    let target = options.returning.as_deref().map(data_type).transpose()?;
    check_encoding(&options, target.as_ref())?;
    let (is_strict, is_binary) = (options.nulls.as_deref() == Some("absent"), options.is_binary());
    let made = match name {
        "json_arrayagg" | "json_objectagg" => {
            let kind = if is_binary { "jsonb" } else { "json" };
            let aggregate = match name {
                "json_arrayagg" if options.nulls.as_deref() == Some("null") => format!("{kind}_agg"),
                "json_arrayagg" => format!("{kind}_agg_strict"),
                _ => {
                    let unique = if options.is_unique { "_unique" } else { "" };
                    let strict = if is_strict { "_strict" } else { "" };
                    format!("{kind}_object_agg{unique}{strict}")
                }
            };
            function.name = ObjectName::from(vec![exact(aggregate)]);
            Expr::Function(function)
        }
        _ => {
            let is_object = name == "json_object";
            let skips = if is_object { is_strict } else { options.nulls.as_deref() != Some("null") };
            let words = [skips.then_some("absent"), options.is_unique.then_some("unique")];
            let flags = words.into_iter().flatten().collect::<Vec<_>>().join(" ");
            let flags = FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::value(Literal::SingleQuotedString(flags))));
            list.args.insert(0, flags);
            let made = match (is_object, is_binary) {
                (true, false) if target.is_none() => OPEN_OBJECT,
                (false, false) if target.is_none() => OPEN_ARRAY,
                (true, false) => JSON_OBJECT_OF,
                (true, true) => JSONB_OBJECT_OF,
                (false, false) => JSON_ARRAY_OF,
                (false, true) => JSONB_ARRAY_OF,
            };
            function.name = ObjectName::from(vec![exact(made)]);
            Expr::Function(function)
        }
    };
    Ok(Some(match target {
        None => made,
        Some(DataType::JSON | DataType::JSONB) => made,
        Some(DataType::Bytea) => {
            let encoding = Expr::value(Literal::SingleQuotedString("UTF8".to_string()));
            call("convert_to", vec![cast(made, DataType::Text), encoding])
        }
        Some(target) => cast(made, target),
    }))
}

fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::DoubleColon, expr: Box::new(expr), data_type, array: false, format: None }
}

fn data_type(text: &str) -> Result<DataType> {
    let parsed = Parser::new(&PostgresDialect).try_with_sql(text).and_then(|mut parser| parser.parse_data_type());
    parsed.map_err(|error| Error::internal(format!("the type {text}: {error}")))
}

fn check_encoding(options: &Options, target: Option<&DataType>) -> Result<()> {
    let refused = |message: &str| Err(Error::new(ErrorKind::Unsupported, message));
    match options.encoding.as_deref() {
        None => Ok(()),
        Some("utf8") if target == Some(&DataType::Bytea) => Ok(()),
        Some("utf8") => refused("cannot set JSON encoding for non-bytea output types"),
        Some("utf16" | "utf32") => refused("unsupported JSON encoding"),
        Some(name) => {
            let message = format!("unrecognized JSON encoding: {name}");
            Err(Error::new(ErrorKind::InvalidParameterValue, message))
        }
    }
}

/// What a value that says FORMAT JSON, or a test for JSON, becomes with its type; `None` for another call.
///
/// # Errors
/// 42804 for a type that is neither text nor JSON.
pub fn json_call(function: &Function, name: &str, types: &[Option<ColumnType>]) -> Result<Option<(Expr, ColumnType)>> {
    let whole = Expr::Function(function.clone());
    let (AS_JSON | IS_JSON, Some((_, given))) = (name, called(&whole)) else { return Ok(None) };
    let mismatch = |message: String| Err(Error::new(ErrorKind::DatatypeMismatch, message));
    let ty = types.first().cloned().flatten();
    if name == IS_JSON {
        return match ty {
            Some(ty) if !(ty.is_text() || is_json(&ty) || ty == ColumnType::Bytea) => {
                mismatch(format!("cannot use type {ty} in IS JSON predicate"))
            }
            _ => Ok(None),
        };
    }
    let [value, encoding] = given.as_slice() else { return Ok(None) };
    let has_encoding = text_of_literal(encoding).is_some_and(|name| !name.is_empty());
    let json = |value: Expr| (call(&cast_name(&ColumnType::Json), vec![value]), ColumnType::Json);
    match ty {
        Some(ColumnType::Bytea) => {
            let utf8 = Expr::value(Literal::SingleQuotedString("UTF8".to_string()));
            Ok(Some(json(call("convert_from", vec![(*value).clone(), utf8]))))
        }
        _ if has_encoding => mismatch("JSON ENCODING clause is only allowed for bytea input type".to_string()),
        Some(ty) if is_json(&ty) => Ok(Some(((*value).clone(), ty))),
        Some(ty) if !ty.is_text() => {
            mismatch("cannot use non-string types with explicit FORMAT JSON clause".to_string())
        }
        _ => Ok(Some(json((*value).clone()))),
    }
}

fn is_json(ty: &ColumnType) -> bool {
    matches!(ty, ColumnType::Json | ColumnType::Jsonb)
}
