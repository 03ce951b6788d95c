//! The tree of an expression over one row: what WHERE, SET, RETURNING, defaults and index keys are made of, in both languages.
//!
//! It is plain data, made once a statement. Every node knows its type, constants may be parameters that each Execute brings,
//! and functions are entries of the registry, so that whoever has the tree can run it ([`Program`](crate::expr::Program)).

use crate::error::{Error, ErrorKind, Result};
use crate::expr::computed_key::ComputedKey;
use crate::expr::functions::{Function, Volatility};
use crate::expr::operators::{Arithmetic, Comparison, Test};
use crate::model::SystemColumn;
use crate::types::json::jsonb;
use crate::types::json::jsonb::PathStep;
use crate::types::{ColumnType, Value, value_of_json_text};

/// An expression over the values of one row.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    Scalar(Scalar),
    /// Something of the entry, as it was before the statement, with its type; `Unknown` where each entry may have another one.
    Field(Operand, ColumnType),
    /// A column of the row that INSERT proposed.
    Excluded(usize, ColumnType),
    /// A value that a plan of another engine computes for the row, by position; its type is known when that is planned.
    Planned(usize),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    IsNull(Box<Expr>),
    Compare {
        operator: Comparison,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    Test {
        test: Test,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    In {
        left: Box<Expr>,
        list: Vec<Expr>,
    },
    /// `left = ANY (array)`.
    InArray {
        left: Box<Expr>,
        array: Box<Expr>,
    },
    Arithmetic {
        operator: Arithmetic,
        left: Box<Expr>,
        right: Box<Expr>,
        ty: ColumnType,
    },
    /// The first that is not NULL.
    Coalesce {
        list: Vec<Expr>,
        ty: ColumnType,
    },
    Convert {
        inner: Box<Expr>,
        to: ColumnType,
        explicit: bool,
    },
    Call {
        function: &'static Function,
        arguments: Vec<Expr>,
    },
}

/// A constant, or the parameter `$n` (0-based here) that Execute brings: all that LIMIT and its like may be, and a leaf of
/// expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    Value(Value),
    /// 0-based position, and the type that the value is cast to.
    Parameter(usize, ColumnType),
}

/// Something of an entry that can be read.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A declared column by position.
    Column(usize),
    System(SystemColumn),
    /// The encoded primary key, as bytea: names an entry to `Transaction`, whatever its key is.
    Key,
    /// A part of a JSON column or of the facts. `KNIRVQL metadata.a.b` and SQL `metadata->'a'->'b'` are typed
    /// ([`PathResult::Typed`], [`PathResult::Json`]); SQL `->>` is text.
    Path {
        base: PathBase,
        path: Vec<PathStep>,
        result: PathResult,
    },
    /// What an index is made of, computed of the row.
    Computed(ComputedKey),
}

/// Where a path starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PathBase {
    /// A `json` or `jsonb` column. The column `metadata` of a MEMORY collection is served from its facts.
    Column(usize),
    /// The undeclared facts of a table.
    Facts,
}

/// What a path yields.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PathResult {
    /// A JSON string as text, numbers as numbers, booleans as such, JSON null as NULL, the rest as jsonb.
    Typed,
    /// `jsonb`.
    Json,
    /// The text of `->>`.
    Text,
}

impl PathResult {
    /// What a path yields that leads to this JSON text, or to nothing.
    ///
    /// # Errors
    /// 22P05 for an escape of a string that stands for no character.
    pub fn of_json(self, text: Option<&str>) -> Result<Value> {
        Ok(match (text, self) {
            (None, _) => Value::Null,
            (Some(text), PathResult::Json) => Value::Json(text.into()),
            (Some(text), PathResult::Text) => jsonb::as_text(text).map_or(Value::Null, Value::text),
            (Some("null"), PathResult::Typed) => Value::Null,
            (Some(text), PathResult::Typed) => value_of_json_text(text)?,
        })
    }
}

impl Scalar {
    /// The value, a parameter's cast to the type that it was lowered with.
    ///
    /// # Errors
    /// 42P02 for a parameter that `parameters` lacks; as [`Value::cast`] for a value that is none of the type.
    pub fn bind(&self, parameters: &[Value]) -> Result<Value> {
        match self {
            Scalar::Value(value) => Ok(value.clone()),
            Scalar::Parameter(position, ty) => parameter(parameters, *position)?.clone().cast(ty, false),
        }
    }
}

/// The value of a parameter, by its position.
///
/// # Errors
/// 42P02 where it has none.
pub(super) fn parameter(parameters: &[Value], position: usize) -> Result<&Value> {
    parameters.get(position).ok_or_else(|| {
        Error::new(ErrorKind::UndefinedParameter, format!("there is no parameter ${}", position.saturating_add(1)))
    })
}

impl Expr {
    pub fn constant(value: Value) -> Expr {
        Expr::Scalar(Scalar::Value(value))
    }

    /// The parameter at a position, read as a type.
    pub fn parameter(position: usize, ty: ColumnType) -> Expr {
        Expr::Scalar(Scalar::Parameter(position, ty))
    }

    /// A declared column.
    pub fn column(position: usize, ty: ColumnType) -> Expr {
        Expr::Field(Operand::Column(position), ty)
    }

    pub fn compare(left: Expr, operator: Comparison, right: Expr) -> Expr {
        Expr::Compare { operator, left: Box::new(left), right: Box::new(right) }
    }

    pub fn test(left: Expr, test: Test, right: Expr) -> Expr {
        Expr::Test { test, left: Box::new(left), right: Box::new(right) }
    }

    #[must_use]
    pub fn is_null(self) -> Expr {
        Expr::IsNull(Box::new(self))
    }

    /// The condition, or what holds where it does not.
    #[must_use]
    pub fn negated_if(self, is_negated: bool) -> Expr {
        if is_negated { Expr::Not(Box::new(self)) } else { self }
    }

    /// What holds where all of these do; `None` where there are none.
    pub fn all(mut conditions: Vec<Expr>) -> Option<Expr> {
        match conditions.len() {
            0 | 1 => conditions.pop(),
            _ => Some(Expr::And(conditions)),
        }
    }

    /// A value as it is compared with one of another type: a number that a float8 may not hold becomes one beside a float, as
    /// in PostgreSQL.
    ///
    /// # Errors
    /// 22003 for a constant beyond a float8.
    pub fn beside(self, own: &ColumnType, other: &ColumnType) -> Result<Expr> {
        let is_float = matches!(other, ColumnType::Float4 | ColumnType::Float8);
        if !is_float || !matches!(own, ColumnType::Int8 | ColumnType::Numeric(_)) {
            return Ok(self);
        }
        Ok(match self {
            Expr::Scalar(Scalar::Value(value)) => Expr::constant(value.cast(&ColumnType::Float8, false)?),
            inner => Expr::Convert { inner: Box::new(inner), to: ColumnType::Float8, explicit: false },
        })
    }

    /// The type of its values; `Unknown` where each may have another one, and of a NULL by itself.
    pub fn ty(&self) -> ColumnType {
        match self {
            Expr::Scalar(Scalar::Value(Value::Null)) | Expr::Planned(_) => ColumnType::Unknown,
            Expr::Scalar(Scalar::Value(value)) => value.column_type(),
            Expr::Scalar(Scalar::Parameter(_, ty))
            | Expr::Field(_, ty)
            | Expr::Excluded(_, ty)
            | Expr::Arithmetic { ty, .. }
            | Expr::Coalesce { ty, .. }
            | Expr::Convert { to: ty, .. } => ty.clone(),
            Expr::And(_)
            | Expr::Or(_)
            | Expr::Not(_)
            | Expr::IsNull(_)
            | Expr::Compare { .. }
            | Expr::Test { .. }
            | Expr::In { .. }
            | Expr::InArray { .. } => ColumnType::Bool,
            Expr::Call { function, .. } => function.returns.clone(),
        }
    }

    /// The parts of it, from the left.
    fn parts(&self) -> Vec<&Expr> {
        match self {
            Expr::Scalar(_) | Expr::Field(..) | Expr::Excluded(..) | Expr::Planned(_) => Vec::new(),
            Expr::Not(inner) | Expr::IsNull(inner) | Expr::Convert { inner, .. } => vec![inner],
            Expr::Compare { left, right, .. }
            | Expr::Test { left, right, .. }
            | Expr::Arithmetic { left, right, .. }
            | Expr::InArray { left, array: right } => vec![left, right],
            Expr::In { left, list } => std::iter::once(left.as_ref()).chain(list).collect(),
            Expr::And(list) | Expr::Or(list) | Expr::Coalesce { list, .. } | Expr::Call { arguments: list, .. } => {
                list.iter().collect()
            }
        }
    }

    /// Whether it or any part of it is of the wanted kind.
    pub fn any(&self, is_wanted: &dyn Fn(&Expr) -> bool) -> bool {
        is_wanted(self) || self.parts().into_iter().any(|part| part.any(is_wanted))
    }

    /// Whether it is another value each time that it is evaluated.
    pub fn varies(&self) -> bool {
        self.any(&|each| matches!(each, Expr::Call { function, .. } if function.volatility == Volatility::Volatile))
    }

    /// Whether it looks at the entry as it was.
    pub fn reads_row(&self) -> bool {
        self.any(&|each| matches!(each, Expr::Field(..)))
    }
}
