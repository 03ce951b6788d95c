//! Methods of items: `.type()`, `.size()`, `.double()` and their like.

use crate::error::{Error, ErrorKind};
use crate::types::column_type::ColumnType;
use crate::types::json::convert::json_text_of_value;
use crate::types::json::jsonb;
use crate::types::json::path::execute::{Attempt, Execution, PathFailure, path_error};
use crate::types::json::path::items::{Item, ItemKind};
use crate::types::json::path::syntax::Method;
use crate::types::json::path::times::{TimeKind, parse_by_template, parse_time};
use crate::types::value::Value;

impl Method {
    /// Whether it looks into an array in a lax path.
    pub(super) fn looks_inside(self) -> bool {
        !matches!(self, Method::Type | Method::Size)
    }
}

fn refused<T>(message: String) -> Attempt<T> {
    path_error(ErrorKind::NonNumericJsonItem, message)
}

/// An argument that is no value of the method's type.
fn invalid<T>(argument: &str, method: Method, ty: &str) -> Attempt<T> {
    let name = method.name();
    refused(format!("argument \"{argument}\" of jsonpath item method .{name}() is invalid for type {ty}"))
}

fn wants<T>(method: Method, what: &str) -> Attempt<T> {
    refused(format!("jsonpath item method .{}() can only be applied to a {what}", method.name()))
}

impl Execution<'_> {
    /// What a method makes of an item.
    pub(super) fn method(&mut self, method: Method, arguments: &[String], item: Item) -> Attempt<Vec<Item>> {
        let kind = item.kind();
        let single = match method {
            Method::Type => Item::string(match &item {
                Item::Time(time) => time.kind.name(),
                Item::Json(text) => jsonb::type_name(text),
            }),
            Method::Size if item.is_array() => Item::json(&item.elements().len().to_string()),
            Method::Size if self.is_lax() => Item::json("1"),
            Method::Size if self.ignores_structure => return Ok(Vec::new()),
            Method::Size => {
                let message = "jsonpath item method .size() can only be applied to an array";
                return path_error(ErrorKind::JsonArrayNotFound, message);
            }
            Method::Abs | Method::Floor | Method::Ceiling => {
                let Some(number) = item.as_number()? else { return wants(method, "numeric value") };
                let result = match method {
                    Method::Abs => Ok(number.abs()),
                    Method::Floor => number.floored(),
                    _ => number.ceiling(),
                };
                Item::number(&result.map_err(PathFailure::Path)?)
            }
            Method::Double => double(item)?,
            Method::Keyvalue if kind == ItemKind::Object => return Ok(self.key_values(&item)),
            Method::Keyvalue => {
                let message = "jsonpath item method .keyvalue() can only be applied to an object";
                return path_error(ErrorKind::JsonObjectNotFound, message);
            }
            Method::Bigint => integer(&item, method, &ColumnType::Int8)?,
            Method::Integer => integer(&item, method, &ColumnType::Int4)?,
            Method::Boolean => boolean(&item)?,
            Method::Decimal | Method::Number => decimal(&item, method, arguments)?,
            Method::String => match kind {
                ItemKind::Bool | ItemKind::Number => Item::string(&item.text()),
                ItemKind::String => item,
                ItemKind::Time => Item::Json(item.text()),
                _ => return wants(method, "boolean, string, numeric, or datetime value"),
            },
            Method::Date
            | Method::Datetime
            | Method::Time
            | Method::TimeTz
            | Method::Timestamp
            | Method::TimestampTz => self.time(method, arguments, &item)?,
        };
        Ok(vec![single])
    }

    /// An object for each member, with its key, its value, and a number of the object that it is in.
    fn key_values(&self, item: &Item) -> Vec<Item> {
        let text = item.text();
        // The first place where the object stands in the whole value; the whole has 0.
        let id = if text == self.root { 0 } else { self.root.find(text.as_ref()).unwrap_or(0) };
        let members = jsonb::members(&text).map(|(key, value)| {
            let key = json_text_of_value(&Value::text(key.as_ref()));
            Item::json(&format!("{{\"id\": {id}, \"key\": {key}, \"value\": {value}}}"))
        });
        members.collect()
    }

    fn time(&mut self, method: Method, arguments: &[String], item: &Item) -> Attempt<Item> {
        let name = method.name();
        let datetime_error = |message: String| path_error(ErrorKind::JsonDatetimeArgument, message);
        let Some(text) = item.as_string() else {
            return datetime_error(format!("jsonpath item method .{name}() can only be applied to a string"));
        };
        if let (Method::Datetime, Some(template)) = (method, arguments.first()) {
            return parse_by_template(&text, template).map(Item::Time).map_err(PathFailure::Path);
        }
        let wanted = match method {
            Method::Date => Some(TimeKind::Date),
            Method::Time => Some(TimeKind::Time),
            Method::TimeTz => Some(TimeKind::TimeTz),
            Method::Timestamp => Some(TimeKind::Timestamp),
            Method::TimestampTz => Some(TimeKind::TimestampTz),
            _ => None,
        };
        let not_recognised = || {
            let error =
                Error::new(ErrorKind::JsonDatetimeArgument, format!("{name} format is not recognized: \"{text}\""));
            PathFailure::Path(if wanted.is_none() {
                error.with_hint("Use a datetime template argument to specify the input data format.")
            } else {
                error
            })
        };
        let time = parse_time(&text).ok_or_else(not_recognised)?;
        let Some(wanted) = wanted else { return Ok(Item::Time(time)) };
        let converted = time.converted(wanted, self.session)?.ok_or_else(not_recognised)?;
        let precision = arguments.first().map(|text| text.parse::<u32>());
        match precision {
            None => Ok(Item::Time(converted)),
            Some(Ok(digits)) => Ok(Item::Time(converted.rounded(digits))),
            Some(Err(_)) => datetime_error(format!(
                "time precision of jsonpath item method .{name}() is out of range for type integer"
            )),
        }
    }
}

fn double(item: Item) -> Attempt<Item> {
    let method = Method::Double;
    let text = match item.kind() {
        ItemKind::Number => item.text().to_string(),
        ItemKind::String => item.as_string().unwrap_or_default(),
        _ => return wants(method, "string or numeric value"),
    };
    let Ok(Value::Float8(number)) = Value::parse_text(&ColumnType::Float8, &text) else {
        return invalid(&text, method, "double precision");
    };
    if !number.is_finite() {
        return refused("NaN or Infinity is not allowed for jsonpath item method .double()".to_string());
    }
    if item.kind() == ItemKind::Number {
        return Ok(item);
    }
    match Value::Float8(number).cast(&ColumnType::Numeric(None), true) {
        Ok(Value::Numeric(number)) => Ok(Item::number(&number)),
        _ => Ok(Item::json(&Value::Float8(number).to_text())),
    }
}

fn integer(item: &Item, method: Method, ty: &ColumnType) -> Attempt<Item> {
    let (text, value) = match item.kind() {
        ItemKind::Number => {
            let text = item.text().to_string();
            let value = item.as_number()?.map(|number| Value::Numeric(number).cast(ty, true));
            (text, value.and_then(Result::ok))
        }
        ItemKind::String => {
            let text = item.as_string().unwrap_or_default();
            let value = Value::parse_text(ty, &text).ok();
            (text, value)
        }
        _ => return wants(method, "string or numeric value"),
    };
    match value.and_then(|value| value.as_i64()) {
        Some(number) => Ok(Item::json(&number.to_string())),
        None => invalid(&text, method, &ty.to_string()),
    }
}

fn boolean(item: &Item) -> Attempt<Item> {
    let method = Method::Boolean;
    let (text, value) = match item.kind() {
        ItemKind::Bool => return Ok(item.clone()),
        ItemKind::Number => {
            let text = item.text().to_string();
            let value = Value::parse_text(&ColumnType::Int4, &text).ok().and_then(|value| value.as_i64());
            (text, value.map(|number| number != 0))
        }
        ItemKind::String => {
            let text = item.as_string().unwrap_or_default();
            let value = match Value::parse_text(&ColumnType::Bool, &text) {
                Ok(Value::Bool(truth)) => Some(truth),
                _ => None,
            };
            (text, value)
        }
        _ => return wants(method, "boolean, string, or numeric value"),
    };
    value.map_or_else(|| invalid(&text, method, "boolean"), |truth| Ok(Item::truth(Some(truth))))
}

fn decimal(item: &Item, method: Method, arguments: &[String]) -> Attempt<Item> {
    let text = match item.kind() {
        ItemKind::Number => item.text().to_string(),
        ItemKind::String => item.as_string().unwrap_or_default(),
        _ => return wants(method, "string or numeric value"),
    };
    let lower = text.trim().trim_start_matches(['-', '+']).to_ascii_lowercase();
    if matches!(lower.as_str(), "nan" | "inf" | "infinity") {
        return refused(format!("NaN or Infinity is not allowed for jsonpath item method .{}()", method.name()));
    }
    let Ok(Value::Numeric(number)) = Value::parse_text(&ColumnType::Numeric(None), &text) else {
        return invalid(&text, method, "numeric");
    };
    let Some(precision) = arguments.first() else { return Ok(Item::number(&number)) };
    let declared = (precision.parse::<u16>(), arguments.get(1).map_or(Ok(0), |scale| scale.parse::<i16>()));
    let (Ok(precision), Ok(scale)) = declared else {
        let message = format!("NUMERIC precision {precision} must be between 1 and 1000");
        return Err(PathFailure::Other(Error::new(ErrorKind::InvalidParameterValue, message)));
    };
    let ty = ColumnType::Numeric(Some((precision, scale)));
    match Value::Numeric(number).cast(&ty, true) {
        Ok(Value::Numeric(number)) => Ok(Item::number(&number)),
        _ => invalid(&text, method, "numeric"),
    }
}
