//! The description of a function: name, parameters, result, strictness, volatility, and the code that runs it on values.
//!
//! The registry of functions is a list of these (`sql/functions`). A function looks at its statement through
//! [`StatementContext`] alone; the many that need none run on any row, in every engine.

use std::any::Any;

use crate::error::{Error, ErrorKind, Result};
use crate::model::Reservation;
use crate::types::{ColumnType, TextStyle, Value};

/// Bytes that one call of a function makes at most, for all rows of a batch together.
pub const CALL_BYTES_MAX: usize = 256 * 1024 * 1024;

/// How long a result holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Volatility {
    /// The same arguments give the same result for ever.
    Immutable,
    /// The same arguments give the same result in sessions of one zone and style; where no session is, by those of the
    /// canonical style.
    Styled,
    /// The same arguments give the same result within a statement.
    Stable,
    Volatile,
}

/// What a function may ask of the statement that it runs in.
pub trait StatementContext {
    /// When its transaction began, in microseconds since 1970: its `now()`.
    fn began(&self) -> i64;

    /// When the statement itself began, in microseconds since 1970.
    fn statement_began(&self) -> i64;

    /// How its session reads and shows texts, and its time zone.
    fn style(&self) -> &TextStyle {
        TextStyle::CANONICAL
    }

    /// Takes memory for a value of so many bytes, to be kept while it is made; none where rows are bounded already.
    ///
    /// # Errors
    /// 53200 where the statement's account has none.
    fn making(&self, _bytes: usize) -> Result<Option<Reservation>> {
        Ok(None)
    }

    /// The view and the settings, of the kind that the functions of an engine know.
    fn as_any(&self) -> Option<&dyn Any> {
        None
    }
}

/// What a parameter takes. Literals of unknown type arrive as text and are read as the parameter's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    Any,
    Bool,
    Int,
    Float,
    Text,
    Json,
    Vector,
    Halfvec,
    Sparse,
    Bits,
    TextArray,
    /// A list of anything, kept as it is.
    AnyArray,
    Timestamp,
    Interval,
    Bytes,
    Oid,
    /// An OID, or a name that the function looks up itself.
    Object,
}

/// What a function runs with besides its arguments.
pub struct Invocation<'a> {
    /// The name it was called by.
    pub name: &'a str,
    pub statement: Option<&'a dyn StatementContext>,
    /// The types of the arguments as the statement has them.
    pub types: &'a [ColumnType],
}

impl Invocation<'_> {
    /// How the session of the statement reads and shows texts, and its time zone.
    pub fn style(&self) -> &TextStyle {
        self.statement.map_or(TextStyle::CANONICAL, StatementContext::style)
    }

    /// Takes memory for a value of so many bytes, to be kept while it is made.
    ///
    /// # Errors
    /// 54000 for more than a call may make, 53200 where the statement's account has none.
    pub fn making(&self, bytes: usize) -> Result<Option<Reservation>> {
        check_call_bytes(self.name, bytes)?;
        self.statement.map_or(Ok(None), |statement| statement.making(bytes))
    }
}

/// The code of a function, for one row.
pub type Body = fn(&Invocation<'_>, &[Value]) -> Result<Value>;

/// One function.
#[derive(Clone, Debug)]
pub struct Function {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub parameters: Vec<Parameter>,
    /// The names by which arguments may be given (`make_interval(days => 3)`); empty where they only go by position.
    pub names: &'static [&'static str],
    /// How many trailing parameters may be left out.
    pub optional: usize,
    /// The last parameter may be repeated, or left out.
    pub variadic: bool,
    /// The name of the form that takes an array in place of those (`format('%s', VARIADIC list)`).
    pub of_array: Option<&'static str>,
    /// It is such a form: the elements of its last argument are given to the body one by one.
    pub spreads: bool,
    /// A NULL in place of that array counts as one without elements, and is not the result.
    pub null_is_empty: bool,
    pub returns: ColumnType,
    pub volatility: Volatility,
    /// A NULL argument makes the result NULL without a call.
    pub strict: bool,
    pub body: Body,
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Function {
    /// A strict, immutable function.
    pub fn new(name: &'static str, parameters: &[Parameter], returns: ColumnType, body: Body) -> Self {
        Function {
            name,
            aliases: &[],
            parameters: parameters.to_vec(),
            names: &[],
            optional: 0,
            variadic: false,
            of_array: None,
            spreads: false,
            null_is_empty: false,
            returns,
            volatility: Volatility::Immutable,
            strict: true,
            body,
        }
    }

    #[must_use]
    pub fn alias(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// Arguments may be given by these names, one for each parameter. What is left out between others is 0.
    #[must_use]
    pub fn named(mut self, names: &'static [&'static str]) -> Self {
        self.names = names;
        self
    }

    #[must_use]
    pub fn optional(mut self, count: usize) -> Self {
        self.optional = count;
        self
    }

    /// The last parameter may be repeated; `of_array` is what the form is called that takes an array of them.
    #[must_use]
    pub fn variadic(mut self, of_array: &'static str) -> Self {
        self.variadic = true;
        self.of_array = Some(of_array);
        self
    }

    #[must_use]
    pub fn null_is_empty(mut self) -> Self {
        self.null_is_empty = true;
        self
    }

    /// The form that takes an array in place of repeated arguments.
    pub fn over_array(&self) -> Option<Function> {
        let name = self.of_array?;
        let mut form = Function { name, aliases: &[], variadic: false, of_array: None, spreads: true, ..self.clone() };
        if let Some(last) = form.parameters.last_mut() {
            *last = if *last == Parameter::Text { Parameter::TextArray } else { Parameter::AnyArray };
        }
        Some(form)
    }

    #[must_use]
    pub fn styled(mut self) -> Self {
        self.volatility = Volatility::Styled;
        self
    }

    #[must_use]
    pub fn stable(mut self) -> Self {
        self.volatility = Volatility::Stable;
        self
    }

    #[must_use]
    pub fn volatile(mut self) -> Self {
        self.volatility = Volatility::Volatile;
        self
    }

    /// Called with NULLs too.
    #[must_use]
    pub fn with_nulls(mut self) -> Self {
        self.strict = false;
        self
    }

    /// The parameter that an argument at that position goes to.
    pub fn parameter(&self, position: usize) -> Option<Parameter> {
        match self.parameters.get(position) {
            None if self.variadic => self.parameters.last().copied(),
            found => found.copied(),
        }
    }

    /// An argument as the body takes it: text that arrives for a parameter of another type is read.
    ///
    /// # Errors
    /// As [`Value::cast`].
    pub fn argument(&self, position: usize, value: Value, style: &TextStyle) -> Result<Value> {
        match (&value, self.parameter(position)) {
            (
                Value::Text(_),
                Some(Parameter::Any | Parameter::Text | Parameter::Object | Parameter::AnyArray | Parameter::TextArray),
            ) => Ok(value),
            (Value::Text(_), Some(parameter)) => value.cast_in(style, &parameter.column_type(), false),
            (Value::Json(text), Some(Parameter::Text)) => Ok(Value::Text(text.clone())),
            (Value::Numeric(_), Some(parameter)) => match parameter {
                Parameter::Any => Ok(value),
                Parameter::Float => value.cast(&ColumnType::Float8, false),
                Parameter::Text | Parameter::Json => value.cast(&ColumnType::Text, false),
                _ => Err(undefined(self.name, &[ColumnType::Numeric(None)])),
            },
            _ => Ok(value),
        }
    }

    /// Whether the function takes that many arguments.
    pub fn takes(&self, count: usize) -> bool {
        let most = self.parameters.len();
        let least = most.saturating_sub(self.optional.max(usize::from(self.variadic)));
        count >= least && (self.variadic || count <= most)
    }
}

impl Parameter {
    /// The type that `pg_proc` names.
    pub fn column_type(self) -> ColumnType {
        match self {
            Parameter::Any | Parameter::Text => ColumnType::Text,
            Parameter::Bool => ColumnType::Bool,
            Parameter::Int => ColumnType::Int8,
            Parameter::Float => ColumnType::Float8,
            Parameter::Json => ColumnType::Jsonb,
            Parameter::Vector => ColumnType::Vector(None),
            Parameter::Halfvec => ColumnType::Halfvec(None),
            Parameter::Sparse => ColumnType::Sparsevec(None),
            Parameter::Bits => ColumnType::Bit(None),
            Parameter::TextArray | Parameter::AnyArray => ColumnType::Array(Box::new(ColumnType::Text)),
            Parameter::Timestamp => ColumnType::TimestampTz,
            Parameter::Interval => ColumnType::Interval,
            Parameter::Bytes => ColumnType::Bytea,
            Parameter::Oid => ColumnType::Oid,
            Parameter::Object => ColumnType::Text,
        }
    }
}

/// 42883 for arguments that no function of that name takes.
pub fn undefined(name: &str, types: &[ColumnType]) -> Error {
    let list: Vec<String> = types.iter().map(ToString::to_string).collect();
    Error::new(
        ErrorKind::UndefinedFunction,
        format!("function {}({}) does not exist", name.trim_start_matches('$'), list.join(", ")),
    )
    .with_hint("No function matches the given name and argument types. You might need to add explicit type casts.")
}

/// The text of an argument; empty for NULL.
pub fn text_of(arguments: &[Value], position: usize) -> &str {
    arguments.get(position).and_then(Value::as_str).unwrap_or("")
}

/// A number among the arguments.
pub fn int_of(arguments: &[Value], position: usize) -> Option<i64> {
    arguments.get(position).and_then(Value::as_i64)
}

/// 54000 for a call that would make too much.
pub fn too_large(name: &str, most: usize) -> Error {
    Error::new(ErrorKind::LimitExceeded, format!("the results of {name}() are too large"))
        .with_detail(format!("At most {most} bytes are held at a time."))
        .with_hint("Make shorter values, or fewer of them in one statement.")
}

/// Refuses a value of that many bytes that is about to be made.
///
/// # Errors
/// 54000 above [`CALL_BYTES_MAX`].
pub fn check_call_bytes(name: &str, bytes: usize) -> Result<()> {
    if bytes <= CALL_BYTES_MAX { Ok(()) } else { Err(too_large(name, CALL_BYTES_MAX)) }
}
