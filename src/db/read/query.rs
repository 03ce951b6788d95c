//! The query that KNIRVQL and SQL lower to: filter, order, limit, nearest, over one collection.
//!
//! A query is plain data. Constants are [`Scalar`]s and conditions [`Expr`]s, so that a prepared statement is lowered once and
//! each Execute only binds its parameters ([`Query::bind`]). How it runs is decided in `access_path`.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Environment, Expr, Operand, Program, Scalar};
use crate::model::Collection;
use crate::types::ColumnType;
use crate::types::limits::NEAREST_LIMIT_MAX;
use crate::vector::Metric;

/// A retrieval over one collection.
#[derive(Clone, Debug)]
pub struct Query {
    pub collection: Arc<Collection>,
    /// What each row shows, in order.
    pub output: Vec<Output>,
    pub filter: Option<Expr>,
    pub nearest: Option<Nearest>,
    /// Where `nearest` is given, too, and the order does not begin with the distance, the nearest rows, which LIMIT and OFFSET
    /// are counted in, are sorted by it.
    pub order: Vec<Order>,
    pub limit: Option<Scalar>,
    pub offset: Option<Scalar>,
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

/// A nearest-neighbour search.
#[derive(Clone, Debug)]
pub struct Nearest {
    /// Position of the vector column.
    pub column: usize,
    pub target: Target,
    pub metric: Metric,
    /// Candidates the graph walk keeps; `None` takes the session's `hnsw.ef_search`.
    pub ef: Option<Scalar>,
    /// Only rows that are within all of these.
    pub within: Vec<Within>,
    /// The search does no more than say which rows are within reach: where the query has an order of its own, LIMIT and OFFSET
    /// count in that.
    pub is_filter: bool,
    /// Rows without a vector come last, as NULL does, unless a graph is walked, which does not hold them.
    pub keeps_missing: bool,
    /// Rows that are as far away as the last one come, too, beyond LIMIT: the caller decides among them.
    pub keeps_ties: bool,
}

/// A bound of the distance.
#[derive(Clone, Debug, PartialEq)]
pub struct Within {
    /// NULL is one that no row is within.
    pub distance: Scalar,
    /// Rows that are exactly so far away are beyond it.
    pub is_strict: bool,
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

/// A query with the parameters of an Execute in their places, and its filter ready to run.
#[derive(Debug)]
pub struct BoundQuery {
    pub collection: Arc<Collection>,
    pub output: Vec<Output>,
    pub filter: Option<Program>,
    pub nearest: Option<Nearest>,
    pub order: Vec<Order>,
    pub limit: Option<Scalar>,
    pub offset: Option<Scalar>,
}

impl Query {
    /// The query with its parameters replaced by `parameters`, cast to the types they were lowered with.
    ///
    /// # Errors
    /// As [`Scalar::bind`] and [`Program::compile`].
    pub fn bind(&self, environment: &Environment<'_>) -> Result<BoundQuery> {
        let parameters = environment.parameters;
        let one = |scalar: &Scalar| scalar.bind(parameters).map(Scalar::Value);
        let scalar = |scalar: &Option<Scalar>| scalar.as_ref().map(one).transpose();
        let nearest = match &self.nearest {
            None => None,
            Some(nearest) => Some(Nearest {
                target: match &nearest.target {
                    Target::Scalar(target) => Target::Scalar(one(target)?),
                    Target::Entry(id) => Target::Entry(one(id)?),
                },
                ef: scalar(&nearest.ef)?,
                within: {
                    let bound = |within: &Within| one(&within.distance).map(|distance| Within { distance, ..*within });
                    nearest.within.iter().map(bound).collect::<Result<_>>()?
                },
                ..*nearest
            }),
        };
        let output = self.output.iter().map(|output| match output {
            Output::Constant(constant) => one(constant).map(Output::Constant),
            other => Ok(other.clone()),
        });
        Ok(BoundQuery {
            collection: Arc::clone(&self.collection),
            output: output.collect::<Result<_>>()?,
            filter: self.filter.as_ref().map(|filter| Program::compile(filter, environment)).transpose()?,
            nearest,
            order: self.order.clone(),
            limit: scalar(&self.limit)?,
            offset: scalar(&self.offset)?,
        })
    }
}

impl BoundQuery {
    /// Whether the order decides among rows that are equally near.
    pub fn orders_ties(&self) -> bool {
        let first = self.order.first();
        first.is_some_and(|first| first.operand == OrderBy::Distance && !first.descending && !first.nulls_first)
    }

    /// Whether LIMIT and OFFSET count in an order that has nothing to do with the search.
    pub fn sorts_within_reach(&self) -> bool {
        !self.order.is_empty() && self.nearest.as_ref().is_some_and(|nearest| nearest.is_filter)
    }

    /// LIMIT and OFFSET as the search counts in them: none where it says which rows are within reach, and the order is another.
    ///
    /// # Errors
    /// As [`BoundQuery::window`].
    pub fn nearest_window(&self) -> Result<(Option<usize>, usize)> {
        if self.sorts_within_reach() { Ok((None, 0)) } else { self.window() }
    }

    /// LIMIT and OFFSET; a NULL limit is none.
    ///
    /// # Errors
    /// 2201W for a negative LIMIT, 2201X for a negative OFFSET, 54000 for a nearest query beyond [`NEAREST_LIMIT_MAX`].
    pub fn window(&self) -> Result<(Option<usize>, usize)> {
        let (limit, offset) = row_window(self.limit.as_ref(), self.offset.as_ref())?;
        if self.nearest.is_some()
            && !self.sorts_within_reach()
            && limit.is_some_and(|limit| limit.saturating_add(offset) > NEAREST_LIMIT_MAX)
        {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("LIMIT plus OFFSET of a nearest query is over {NEAREST_LIMIT_MAX}"),
            )
            .with_hint("Ask for fewer rows, or restrict them with WITHIN or WHERE."));
        }
        Ok((limit, offset))
    }
}

/// LIMIT and OFFSET as counts of rows; a NULL limit is none.
///
/// # Errors
/// 2201W for a negative LIMIT, 2201X for a negative OFFSET.
pub(crate) fn row_window(limit: Option<&Scalar>, offset: Option<&Scalar>) -> Result<(Option<usize>, usize)> {
    let limit = limit.map(|limit| count(limit, "LIMIT")).transpose()?.flatten();
    let offset = offset.map(|offset| count(offset, "OFFSET")).transpose()?.flatten();
    Ok((limit, offset.unwrap_or(0)))
}

fn count(scalar: &Scalar, clause: &str) -> Result<Option<usize>> {
    let value = scalar.bind(&[])?.cast(&ColumnType::Int8, false)?;
    let kind = if clause == "OFFSET" { ErrorKind::InvalidOffset } else { ErrorKind::InvalidLimit };
    match value.as_i64() {
        None => Ok(None),
        Some(n) => usize::try_from(n)
            .map(Some)
            .map_err(|_| Error::new(kind, format!("{clause} must not be negative, it is {n}"))),
    }
}
