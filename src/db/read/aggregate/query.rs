//! Groups and aggregates over one collection as plain data, and bound to the parameters of an Execute.
//!
//! What is grouped by and what is aggregated are expressions over an entry. What is shown, HAVING and ORDER BY are expressions
//! over a row of groups: its values are what is grouped by, then the results of the aggregates, each an operand by its position
//! ([`AggregateQuery::result`]). Whoever makes one takes care of types: a group has a type that [`is_grouped`] allows, or is `jsonb`, which no column keeps.

use std::sync::Arc;

use crate::db::read::query::{BoundQuery, Query, row_window};
use crate::error::Result;
use crate::expr::{Environment, Expr, Operand, Program, Scalar};
use crate::types::ColumnType;

/// Groups of the entries of one collection, and what is known of each group.
#[derive(Clone, Debug)]
pub struct AggregateQuery {
    /// The collection and the filter; it shows and orders nothing, and has no limit.
    pub scan: Query,
    /// What is the same for all entries of a group. Without any, all entries are one group, which is there of none, too.
    pub groups: Vec<Expr>,
    pub calls: Vec<AggregateCall>,
    /// What each group shows, in order.
    pub output: Vec<Expr>,
    /// Groups that it does not hold of are left out.
    pub having: Option<Expr>,
    pub order: Vec<GroupOrder>,
    pub limit: Option<Scalar>,
    pub offset: Option<Scalar>,
}

/// One aggregate over the entries of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct AggregateCall {
    pub function: AggregateFunction,
    /// `None` counts entries.
    pub argument: Option<Expr>,
    /// Only entries that it holds of.
    pub filter: Option<Expr>,
    pub result: ColumnType,
}

/// What is computed of values; NULLs are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AggregateFunction {
    Count,
    CountDistinct,
    /// Of integers (as `bigint` or `numeric`), decimals and floats, in the result's type.
    Sum,
    /// Of integers and decimals a `numeric`, of floats a `double precision`.
    Average,
    Min,
    Max,
}

/// One item of ORDER BY.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupOrder {
    pub value: Expr,
    pub descending: bool,
    pub nulls_first: bool,
}

/// Whether values of a type are grouped and counted as different ones here.
pub fn is_grouped(ty: &ColumnType) -> bool {
    matches!(
        ty,
        ColumnType::Bool
            | ColumnType::Int2
            | ColumnType::Int4
            | ColumnType::Int8
            | ColumnType::Float4
            | ColumnType::Float8
            | ColumnType::Numeric(_)
            | ColumnType::Text
            | ColumnType::Varchar(_)
            | ColumnType::Char(_)
            | ColumnType::Bytea
            | ColumnType::Date
            | ColumnType::Time
            | ColumnType::Timestamp
            | ColumnType::TimestampTz
            | ColumnType::Uuid
            | ColumnType::Enum(_)
    )
}

impl AggregateFunction {
    pub fn name(self) -> &'static str {
        match self {
            AggregateFunction::Count | AggregateFunction::CountDistinct => "count",
            AggregateFunction::Sum => "sum",
            AggregateFunction::Average => "avg",
            AggregateFunction::Min => "min",
            AggregateFunction::Max => "max",
        }
    }
}

impl AggregateFunction {
    /// The type of its result of values of a type, which are made `numeric` with `as_numeric`; `None` where it is not computed here.
    pub fn result(self, ty: &ColumnType, as_numeric: bool) -> Option<ColumnType> {
        let is_float = matches!(ty, ColumnType::Float4 | ColumnType::Float8);
        let is_numeric = as_numeric || matches!(ty, ColumnType::Numeric(_));
        let is_integer = ty.is_integer() && *ty != ColumnType::Oid;
        Some(match self {
            AggregateFunction::Count | AggregateFunction::CountDistinct => ColumnType::Int8,
            AggregateFunction::Sum if is_numeric => ColumnType::Numeric(None),
            AggregateFunction::Sum if matches!(ty, ColumnType::Int2 | ColumnType::Int4) => ColumnType::Int8,
            AggregateFunction::Sum if is_float => ty.clone(),
            AggregateFunction::Average if is_numeric || is_integer => ColumnType::Numeric(None),
            AggregateFunction::Average if is_float => ColumnType::Float8,
            AggregateFunction::Sum | AggregateFunction::Average => return None,
            AggregateFunction::Min | AggregateFunction::Max => match ty {
                ColumnType::Text | ColumnType::Varchar(_) => ColumnType::Text,
                ColumnType::Numeric(_) => ColumnType::Numeric(None),
                ColumnType::Date | ColumnType::Time | ColumnType::Timestamp | ColumnType::TimestampTz => ty.clone(),
                _ if is_integer || is_float => ty.clone(),
                _ => return None,
            },
        })
    }
}

impl AggregateQuery {
    /// The value at a position of a row of groups.
    pub fn result(position: usize, ty: ColumnType) -> Expr {
        Expr::Field(Operand::Column(position), ty)
    }

    /// The query with its parameters in their places, ready to run.
    ///
    /// # Errors
    /// As [`Query::bind`]; 2201W and 2201X for a negative LIMIT or OFFSET.
    pub fn bind(&self, environment: &Environment<'_>) -> Result<BoundAggregate> {
        let parameters = environment.parameters;
        let program = |expr: &Expr| Program::compile(expr, environment);
        let optional = |expr: &Option<Expr>| expr.as_ref().map(program).transpose();
        let typed = |expr: &Expr| Ok(TypedProgram { program: program(expr)?, ty: expr.ty() });
        let calls = self.calls.iter().map(|call| {
            Ok(BoundCall {
                function: call.function,
                argument: call.argument.as_ref().map(typed).transpose()?,
                filter: optional(&call.filter)?,
                result: call.result.clone(),
            })
        });
        let order = self.order.iter().map(|order| {
            Ok(BoundOrder {
                value: program(&order.value)?,
                descending: order.descending,
                nulls_first: order.nulls_first,
            })
        });
        let one = |scalar: &Scalar| scalar.bind(parameters).map(Scalar::Value);
        let (limit, offset) = (self.limit.as_ref().map(one).transpose()?, self.offset.as_ref().map(one).transpose()?);
        let (limit, offset) = row_window(limit.as_ref(), offset.as_ref())?;
        Ok(BoundAggregate {
            scan: Arc::new(self.scan.bind(environment)?),
            groups: self.groups.iter().map(typed).collect::<Result<_>>()?,
            calls: calls.collect::<Result<_>>()?,
            output: self.output.iter().map(program).collect::<Result<_>>()?,
            having: optional(&self.having)?,
            order: order.collect::<Result<_>>()?,
            limit,
            offset,
        })
    }

    /// What is grouped by, as SQL; `None` where all entries are one group.
    pub(super) fn shown_groups(&self) -> Option<String> {
        let shown: Vec<String> =
            self.groups.iter().map(|group| group.shown(&self.scan.collection).to_string()).collect();
        (!shown.is_empty()).then(|| shown.join(", "))
    }
}

/// An [`AggregateQuery`] with the parameters of an Execute, its expressions ready to run.
#[derive(Debug)]
pub struct BoundAggregate {
    pub(super) scan: Arc<BoundQuery>,
    pub(super) groups: Vec<TypedProgram>,
    pub(super) calls: Vec<BoundCall>,
    pub(super) output: Vec<Program>,
    pub(super) having: Option<Program>,
    pub(super) order: Vec<BoundOrder>,
    pub(super) limit: Option<usize>,
    pub(super) offset: usize,
}

impl BoundAggregate {
    /// Whether anything is asked of the entries besides how many there are.
    pub(super) fn reads_entries(&self) -> bool {
        let asks = |program: Option<&Program>| program.is_some_and(|program| !program.operands().is_empty());
        !self.groups.is_empty()
            || self.calls.iter().any(|call| {
                asks(call.filter.as_ref()) || asks(call.argument.as_ref().map(|argument| &argument.program))
            })
    }

    /// The collection and the filter.
    pub fn scan(&self) -> &BoundQuery {
        &self.scan
    }
}

/// An expression and the type of its values.
#[derive(Debug)]
pub(super) struct TypedProgram {
    pub program: Program,
    pub ty: ColumnType,
}

#[derive(Debug)]
pub(super) struct BoundCall {
    pub function: AggregateFunction,
    pub argument: Option<TypedProgram>,
    pub filter: Option<Program>,
    pub result: ColumnType,
}

#[derive(Debug)]
pub(super) struct BoundOrder {
    pub value: Program,
    pub descending: bool,
    pub nulls_first: bool,
}
