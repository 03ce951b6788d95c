//! The functions and operators of SQL/JSON paths: `jsonb_path_exists`, `jsonb_path_query` and their like, `@?` and `@@`.
//!
//! A `jsonpath` is a text here, in the form in which PostgreSQL prints it where it was cast.

use std::cell::RefCell;
use std::rc::Rc;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Bool, Json, Text};
use crate::expr::{Body, Function, Invocation, StatementContext, check_call_bytes, text_of};
use crate::sql::arrow::context::context_of;
use crate::types::json::jsonb;
use crate::types::json::path::{Execution, JsonPath, PathFailure, PathZone};
use crate::types::{ColumnType, Value, never};

/// What a cast to `jsonpath` calls.
pub const PATH_OF_TEXT: &str = "jsonpath_in";
/// The functions of the operators `@?` and `@@`.
pub const PATH_FINDS: &str = "jsonb_path_exists_opr";
pub const PATH_HOLDS: &str = "jsonb_path_match_opr";

/// Paths that a thread keeps.
const KEPT_MAX: usize = 8;

thread_local! {
    /// The paths that were used last, the latest at the end.
    static KEPT: RefCell<Vec<(String, Rc<JsonPath>)>> = const { RefCell::new(Vec::new()) };
}

pub fn definitions() -> Vec<Function> {
    let json = ColumnType::Jsonb;
    let list = ColumnType::Array(Box::new(ColumnType::Jsonb));
    let of = |name: &'static str, returns: &ColumnType, body: Body| {
        Function::new(name, &[Json, Text, Json, Bool], returns.clone(), body).optional(2)
    };
    let mut all = vec![
        Function::new(PATH_OF_TEXT, &[Text], ColumnType::Jsonpath, |_, arguments| {
            Ok(Value::text(path_of(text_of(arguments, 0))?.to_string()))
        }),
        Function::new(PATH_FINDS, &[Json, Text], ColumnType::Bool, |invocation, arguments| {
            exists(&Call::new(invocation, arguments, true))
        }),
        Function::new(PATH_HOLDS, &[Json, Text], ColumnType::Bool, |invocation, arguments| {
            holds(&Call::new(invocation, arguments, true))
        }),
    ];
    let families: [(&'static str, &'static str, &ColumnType, Body); 5] = [
        ("jsonb_path_exists", "jsonb_path_exists_tz", &ColumnType::Bool, |invocation, arguments| {
            exists(&Call::new(invocation, arguments, false))
        }),
        ("jsonb_path_match", "jsonb_path_match_tz", &ColumnType::Bool, |invocation, arguments| {
            holds(&Call::new(invocation, arguments, false))
        }),
        ("jsonb_path_query", "jsonb_path_query_tz", &list, |invocation, arguments| {
            let found = Call::new(invocation, arguments, false).found(usize::MAX)?;
            Ok(Value::Array(Box::new(ColumnType::Jsonb), found.into_iter().map(Value::Json).collect()))
        }),
        ("jsonb_path_query_array", "jsonb_path_query_array_tz", &json, |invocation, arguments| {
            let found = Call::new(invocation, arguments, false).found(usize::MAX)?;
            let elements: Vec<&str> = found.iter().map(AsRef::as_ref).collect();
            Ok(Value::Json(format!("[{}]", elements.join(", ")).into()))
        }),
        ("jsonb_path_query_first", "jsonb_path_query_first_tz", &json, |invocation, arguments| {
            let found = Call::new(invocation, arguments, false).found(1)?;
            Ok(found.into_iter().next().map_or(Value::Null, Value::Json))
        }),
    ];
    for (name, with_zone, returns, body) in families {
        all.push(of(name, returns, body));
        all.push(of(with_zone, returns, body).stable());
    }
    all
}

/// A path, from those that were used last.
fn path_of(text: &str) -> Result<Rc<JsonPath>> {
    KEPT.with_borrow_mut(|kept| {
        if let Some((_, path)) = kept.iter().find(|(known, _)| known == text) {
            return Ok(Rc::clone(path));
        }
        let path = Rc::new(JsonPath::parse(text)?);
        if kept.len() >= KEPT_MAX {
            kept.remove(0);
        }
        kept.push((text.to_string(), Rc::clone(&path)));
        Ok(path)
    })
}

/// A call: JSON, path, variables, and whether errors of the path are silent.
struct Call<'c, 'a> {
    invocation: &'c Invocation<'a>,
    arguments: &'c [Value],
    is_silent: bool,
}

impl<'c, 'a> Call<'c, 'a> {
    fn new(invocation: &'c Invocation<'a>, arguments: &'c [Value], is_silent: bool) -> Self {
        let is_silent = is_silent || matches!(arguments.get(3), Some(Value::Bool(true)));
        Call { invocation, arguments, is_silent }
    }

    /// Runs the path; none for an error that is silent.
    fn run<T>(&self, run: impl FnOnce(&mut Execution<'_>) -> std::result::Result<T, PathFailure>) -> Result<Option<T>> {
        let path = path_of(text_of(self.arguments, 1))?;
        let pause = || context_of(self.invocation).map_or_else(|_| never(), |context| context.cancel.check());
        let variables = self.arguments.get(2).and_then(Value::as_str);
        let zone = &self.invocation.style().zone;
        let now = self.invocation.statement.map_or(0, StatementContext::began);
        let session = self.invocation.name.ends_with("_tz").then_some(PathZone { zone, now });
        let mut execution = Execution::new(&path, text_of(self.arguments, 0), variables, session, &pause)?;
        match run(&mut execution) {
            Ok(found) => Ok(Some(found)),
            Err(PathFailure::Path(_)) if self.is_silent => Ok(None),
            Err(PathFailure::Path(error) | PathFailure::Other(error)) => Err(error),
        }
    }

    /// What the path finds, so many at most; what was found before an error that is silent stays.
    fn found(&self, most: usize) -> Result<Vec<Box<str>>> {
        let mut found: Vec<Box<str>> = Vec::new();
        let mut held = 0_usize;
        self.run(|execution| {
            execution.run(&mut |item| {
                let text = item.text();
                held = held.saturating_add(text.len()).saturating_add(size_of::<Value>());
                check_call_bytes(self.invocation.name, held)?;
                if found.len() < most {
                    found.push(text.as_ref().into());
                }
                Ok(true)
            })
        })?;
        Ok(found)
    }
}

fn exists(call: &Call<'_, '_>) -> Result<Value> {
    let found = call.run(|execution| execution.exists())?;
    Ok(found.map_or(Value::Null, Value::Bool))
}

/// The truth of a path that is one condition.
fn holds(call: &Call<'_, '_>) -> Result<Value> {
    let found = call.found(2)?;
    if let [single] = found.as_slice() {
        match (jsonb::type_name(single), single.as_ref()) {
            ("boolean", text) => return Ok(Value::Bool(text == "true")),
            ("null", _) => return Ok(Value::Null),
            _ => {}
        }
    }
    if call.is_silent {
        return Ok(Value::Null);
    }
    Err(Error::new(ErrorKind::JsonSingletonRequired, "single boolean result is expected"))
}
