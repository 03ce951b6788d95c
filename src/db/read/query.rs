//! The query that KNIRVQL and SQL lower to: filter, order, limit, nearest, over one collection.
//!
//! A query is plain data. Constants are [`Scalar`]s, so that a prepared statement is lowered once and each Execute only
//! replaces its parameters with [`Query::bind`]. How it runs is decided in `access_path`.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, SystemColumn};
use crate::types::json::jsonb::PathStep;
use crate::types::limits::NEAREST_LIMIT_MAX;
use crate::types::{ColumnType, Value, jsonb_text, value_of_json_text};
use crate::vector::Metric;

/// A retrieval over one collection.
#[derive(Clone, Debug)]
pub struct Query {
    pub collection: Arc<Collection>,
    /// What each row shows, in order.
    pub output: Vec<Output>,
    pub filter: Option<Predicate>,
    pub nearest: Option<Nearest>,
    /// Where `nearest` is given, too, and the order does not begin with the distance, the nearest rows, which LIMIT and OFFSET
    /// are counted in, are sorted by it.
    pub order: Vec<Order>,
    pub limit: Option<Scalar>,
    pub offset: Option<Scalar>,
}

/// A constant, or the parameter `$n` (0-based here) that Execute brings.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    Value(Value),
    /// 0-based position, and the type that the value is cast to.
    Parameter(usize, ColumnType),
}

/// One column of the result.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    Operand(Operand),
    /// The distance of the row to `Query::nearest`'s target by its metric.
    Distance,
    /// `constant + factor * distance`, e.g. the cosine similarity `1 - (a <=> b)`.
    LinearDistance {
        constant: f64,
        factor: f64,
    },
    Constant(Scalar),
}

/// Something of a row that can be read.
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

/// A condition with SQL's three truth values.
#[derive(Clone, Debug, PartialEq)]
pub enum Predicate {
    And(Vec<Predicate>),
    Or(Vec<Predicate>),
    Not(Box<Predicate>),
    Compare {
        left: Operand,
        operator: Comparison,
        right: Scalar,
    },
    /// Two operands of the row against each other.
    CompareOperands {
        left: Operand,
        operator: Comparison,
        right: Operand,
    },
    In {
        left: Operand,
        values: Vec<Scalar>,
    },
    IsNull(Operand),
    /// SQL LIKE / ILIKE with `%` and `_`.
    Like {
        left: Operand,
        pattern: Scalar,
        case_insensitive: bool,
    },
    /// KNIRVQL CONTAINS: a text contains a text, a JSON array contains a value, an object contains a key.
    Contains {
        left: Operand,
        value: Scalar,
    },
    StartsWith {
        left: Operand,
        prefix: Scalar,
    },
    /// A regular expression (linear-time engine) matches somewhere in a text; SQL's `~` and `~*`.
    Matches {
        left: Operand,
        pattern: Scalar,
        case_insensitive: bool,
    },
    /// SQL `@>` on jsonb.
    JsonContains {
        left: Operand,
        value: Scalar,
    },
    /// SQL `?` on jsonb.
    JsonHasKey {
        left: Operand,
        key: Scalar,
    },
    /// A boolean operand by itself.
    IsTrue(Operand),
    Constant(Option<bool>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A nearest-neighbour search.
#[derive(Clone, Debug)]
pub struct Nearest {
    /// Position of the vector column.
    pub column: usize,
    pub target: Target,
    pub metric: Metric,
    /// Candidates the graph walk keeps; `None` takes the session's `hnsw.ef_search`.
    pub ef: Option<Scalar>,
    /// Only rows at most this far away.
    pub within: Option<Scalar>,
    /// Rows without a vector come last, as NULL does, unless a graph is walked, which does not hold them.
    pub keeps_missing: bool,
    /// Rows that are as far away as the last one come, too, beyond LIMIT: the caller decides among them.
    pub keeps_ties: bool,
}

/// What the neighbours are near to.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    Scalar(Scalar),
    /// The vector of another entry of the same collection, by its id.
    Entry(Scalar),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub operand: OrderBy,
    pub descending: bool,
    pub nulls_first: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum OrderBy {
    Operand(Operand),
    Distance,
}

impl Scalar {
    /// The scalar with its parameter replaced, cast to the type that it was lowered with.
    ///
    /// # Errors
    /// 42P02 for a parameter that `parameters` lacks; as [`Value::cast`] for a value that is none of the type.
    pub fn bind(&self, parameters: &[Value]) -> Result<Scalar> {
        match self {
            Scalar::Value(value) => Ok(Scalar::Value(value.clone())),
            Scalar::Parameter(position, ty) => {
                let value = parameters.get(*position).ok_or_else(|| {
                    Error::new(ErrorKind::UndefinedParameter, format!("there is no parameter ${}", position + 1))
                })?;
                Ok(Scalar::Value(value.clone().cast(ty, false)?))
            }
        }
    }

    /// As [`Scalar::bind`], to be compared with an operand: beside a typed part of a document, a document of one number, text
    /// or truth is that value.
    fn bind_beside(&self, left: &Operand, parameters: &[Value]) -> Result<Scalar> {
        match (left, self.bind(parameters)?) {
            (Operand::Path { result: PathResult::Typed, .. }, Scalar::Value(Value::Json(document))) => {
                value_of_json_text(&jsonb_text(&document)?).map(Scalar::Value)
            }
            (_, bound) => Ok(bound),
        }
    }

    /// The value of a bound scalar.
    ///
    /// # Errors
    /// 42P02 for a parameter that was not replaced.
    pub fn value(&self) -> Result<&Value> {
        match self {
            Scalar::Value(value) => Ok(value),
            Scalar::Parameter(position, _) => {
                Err(Error::new(ErrorKind::UndefinedParameter, format!("there is no parameter ${}", position + 1)))
            }
        }
    }
}

impl Predicate {
    /// The predicate with its parameters replaced.
    ///
    /// # Errors
    /// As [`Scalar::bind`]; 22P02 for a document that is no JSON, beside a part of one.
    pub fn bind(&self, parameters: &[Value]) -> Result<Predicate> {
        let all = |list: &[Predicate]| list.iter().map(|each| each.bind(parameters)).collect::<Result<Vec<_>>>();
        Ok(match self {
            Predicate::And(list) => Predicate::And(all(list)?),
            Predicate::Or(list) => Predicate::Or(all(list)?),
            Predicate::Not(inner) => Predicate::Not(Box::new(inner.bind(parameters)?)),
            Predicate::Compare { left, operator, right } => Predicate::Compare {
                left: left.clone(),
                operator: *operator,
                right: right.bind_beside(left, parameters)?,
            },
            Predicate::In { left, values } => Predicate::In {
                left: left.clone(),
                values: values.iter().map(|value| value.bind_beside(left, parameters)).collect::<Result<_>>()?,
            },
            Predicate::Like { left, pattern, case_insensitive } => Predicate::Like {
                left: left.clone(),
                pattern: pattern.bind(parameters)?,
                case_insensitive: *case_insensitive,
            },
            Predicate::Contains { left, value } => {
                Predicate::Contains { left: left.clone(), value: value.bind(parameters)? }
            }
            Predicate::StartsWith { left, prefix } => {
                Predicate::StartsWith { left: left.clone(), prefix: prefix.bind(parameters)? }
            }
            Predicate::Matches { left, pattern, case_insensitive } => Predicate::Matches {
                left: left.clone(),
                pattern: pattern.bind(parameters)?,
                case_insensitive: *case_insensitive,
            },
            Predicate::JsonContains { left, value } => {
                Predicate::JsonContains { left: left.clone(), value: value.bind(parameters)? }
            }
            Predicate::JsonHasKey { left, key } => {
                Predicate::JsonHasKey { left: left.clone(), key: key.bind(parameters)? }
            }
            Predicate::CompareOperands { .. }
            | Predicate::IsNull(_)
            | Predicate::IsTrue(_)
            | Predicate::Constant(_) => self.clone(),
        })
    }
}

impl Query {
    /// The query with its parameters replaced by `parameters`, cast to the types they were lowered with.
    ///
    /// # Errors
    /// As [`Scalar::bind`] and [`Predicate::bind`].
    pub fn bind(&self, parameters: &[Value]) -> Result<Query> {
        let scalar = |scalar: &Option<Scalar>| scalar.as_ref().map(|each| each.bind(parameters)).transpose();
        let nearest = match &self.nearest {
            None => None,
            Some(nearest) => Some(Nearest {
                column: nearest.column,
                target: match &nearest.target {
                    Target::Scalar(target) => Target::Scalar(target.bind(parameters)?),
                    Target::Entry(id) => Target::Entry(id.bind(parameters)?),
                },
                metric: nearest.metric,
                ef: scalar(&nearest.ef)?,
                within: scalar(&nearest.within)?,
                keeps_missing: nearest.keeps_missing,
                keeps_ties: nearest.keeps_ties,
            }),
        };
        let output = self.output.iter().map(|output| match output {
            Output::Constant(constant) => Ok(Output::Constant(constant.bind(parameters)?)),
            other => Ok(other.clone()),
        });
        Ok(Query {
            collection: Arc::clone(&self.collection),
            output: output.collect::<Result<_>>()?,
            filter: self.filter.as_ref().map(|filter| filter.bind(parameters)).transpose()?,
            nearest,
            order: self.order.clone(),
            limit: scalar(&self.limit)?,
            offset: scalar(&self.offset)?,
        })
    }

    /// Whether the order decides among rows that are equally near.
    pub fn orders_ties(&self) -> bool {
        let first = self.order.first();
        first.is_some_and(|first| first.operand == OrderBy::Distance && !first.descending && !first.nulls_first)
    }

    /// LIMIT and OFFSET of a bound query; a NULL limit is none.
    ///
    /// # Errors
    /// 2201W for a negative LIMIT, 2201X for a negative OFFSET, 54000 for a nearest query beyond [`NEAREST_LIMIT_MAX`].
    pub fn window(&self) -> Result<(Option<usize>, usize)> {
        let limit = self.limit.as_ref().map(|limit| count(limit, "LIMIT")).transpose()?.flatten();
        let offset = self.offset.as_ref().map(|offset| count(offset, "OFFSET")).transpose()?.flatten().unwrap_or(0);
        if self.nearest.is_some() && limit.is_some_and(|limit| limit.saturating_add(offset) > NEAREST_LIMIT_MAX) {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("LIMIT plus OFFSET of a nearest query is over {NEAREST_LIMIT_MAX}"),
            )
            .with_hint("Ask for fewer rows, or restrict them with WITHIN or WHERE."));
        }
        Ok((limit, offset))
    }
}

fn count(scalar: &Scalar, clause: &str) -> Result<Option<usize>> {
    let value = scalar.value()?.clone().cast(&ColumnType::Int8, false)?;
    let kind = if clause == "OFFSET" { ErrorKind::InvalidOffset } else { ErrorKind::InvalidLimit };
    match value.as_i64() {
        None => Ok(None),
        Some(n) => usize::try_from(n)
            .map(Some)
            .map_err(|_| Error::new(kind, format!("{clause} must not be negative, it is {n}"))),
    }
}
