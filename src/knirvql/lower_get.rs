//! GET MEMORY of entries: names become operands, and the clauses the [`Query`] that SQL lowers to as well.

use std::str::FromStr;

use crate::db::{Nearest, Order, OrderBy, Output, Query, Target, Within};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Operand, PathResult, Scalar};
use crate::knirvql::ast::{self, AstField, AstFieldValue, Bindable, GetMemory, Path, Similar, Step, VectorSource};
use crate::knirvql::lower::KnirvqlLowering;
use crate::knirvql::memory_write::{id_column, vector_column, vector_scalar};
use crate::knirvql::resolve::{ResolvedStatement, parameter, resolve};
use crate::model::{Collection, IndexKind, OutputColumn};
use crate::statement::Privilege;
use crate::types::{ColumnType, Value};
use crate::vector::Metric;

impl GetMemory {
    /// Whether it reads groups of entries.
    pub fn reads_groups(&self) -> bool {
        let is_aggregate = |value: &AstFieldValue| matches!(value, AstFieldValue::Aggregate(_));
        let shows = |field: &AstField| matches!(field, AstField::Named { value, .. } if is_aggregate(value));
        !self.groups.is_empty()
            || self.fields.iter().any(shows)
            || self.order.iter().any(|key| is_aggregate(&key.value))
    }
}

impl KnirvqlLowering<'_> {
    /// The query of a GET of entries.
    ///
    /// # Errors
    /// As `lower`.
    pub fn get_entries(&mut self, get: &GetMemory) -> Result<(Query, Vec<OutputColumn>)> {
        let collection = self.memory_collection(get.collection.as_deref())?;
        self.notes.touch_collection(&collection, Privilege::Select);
        let condition = get.condition.as_ref();
        let filter = condition.map(|condition| self.filter(&collection, condition)).transpose()?;
        let nearest = get.similar.as_ref().map(|similar| self.nearest(&collection, similar)).transpose()?;
        let all = [AstField::All];
        let shown = if get.fields.is_empty() { &all } else { get.fields.as_slice() };
        let (output, columns) = fields(&collection, shown, nearest.is_some())?;
        let order = get.order.iter().map(|key| {
            // An aggregate makes it a GET of groups.
            let AstFieldValue::Path(path) = &key.value else {
                return Err(Error::internal("groups are read as entries"));
            };
            let operand = if names_distance(&collection, path, nearest.is_some()) {
                OrderBy::Distance
            } else {
                OrderBy::Operand(resolve(&collection, path)?.operand)
            };
            Ok(Order { operand, descending: key.descending, nulls_first: key.descending })
        });
        let order = order.collect::<Result<_>>()?;
        let limit = get.limit.as_ref().map(|count| self.count(count));
        let offset = get.offset.as_ref().map(|count| self.count(count));
        Ok((Query { collection, output, filter, nearest, order, limit, offset }, columns))
    }

    pub(super) fn nearest(&mut self, collection: &Collection, similar: &Similar) -> Result<Nearest> {
        let (column, ty) = vector_column(collection)?;
        let parameters = &mut self.parameters;
        let target = match &similar.vector {
            VectorSource::Components(components) => {
                let value = Value::Vector(components.as_slice().into());
                Target::Scalar(Scalar::Value(value))
            }
            VectorSource::Parameter(number) => {
                Target::Scalar(vector_scalar(&Bindable::Parameter(*number), &ty, parameters))
            }
            VectorSource::Entry(id) => {
                let position = id_column(collection)?;
                let ty = collection.columns.get(position).map_or(ColumnType::Text, |column| column.ty.clone());
                Target::Entry(match id {
                    Bindable::Parameter(number) => parameter(parameters, *number, &ty),
                    Bindable::Value(text) => Scalar::Value(Value::parse_text(&ty, &text.value)?),
                })
            }
        };
        let within = similar.within.iter().map(|within| match within {
            Bindable::Parameter(number) => parameter(parameters, *number, &ColumnType::Float8),
            Bindable::Value(distance) => Scalar::Value(Value::Float8(*distance)),
        });
        let within = within.map(|distance| Within { distance, is_strict: false }).collect();
        let ef = similar.ef.as_ref().map(|ef| self.count(ef));
        let metric = similar.metric.map_or_else(|| index_metric(collection, column), metric);
        Ok(Nearest { column, target, metric, ef, within, is_filter: false, keeps_missing: false, keeps_ties: false })
    }

    pub(super) fn count(&mut self, count: &Bindable<u64>) -> Scalar {
        match count {
            Bindable::Parameter(number) => parameter(&mut self.parameters, *number, &ColumnType::Int8),
            Bindable::Value(count) => Scalar::Value(Value::Int8(i64::try_from(*count).unwrap_or(i64::MAX))),
        }
    }
}

/// All declared columns, as `SELECT *` shows them.
pub fn declared_columns(collection: &Collection) -> (Vec<Output>, Vec<OutputColumn>) {
    let positions = 0..collection.columns.len();
    let output = positions.map(|position| Output::Operand(Operand::Column(position))).collect();
    let columns = collection.columns.iter().enumerate();
    (output, columns.map(|(position, column)| stored_column(collection, position, column.name.clone())).collect())
}

fn stored_column(collection: &Collection, position: usize, name: String) -> OutputColumn {
    let ty = collection.columns.get(position).map_or(ColumnType::Text, |column| column.ty.clone());
    let attribute = collection.columns.get(position).map_or(0, |column| column.id.attribute());
    OutputColumn { name, ty, table_oid: collection.oid(), attribute }
}

fn distance_column() -> OutputColumn {
    OutputColumn::computed("distance", ColumnType::Float8)
}

/// The columns of FIELDS or RETURNING.
///
/// # Errors
/// 42803 for an aggregate; as [`field`].
pub fn fields(
    collection: &Collection,
    list: &[AstField],
    is_nearest: bool,
) -> Result<(Vec<Output>, Vec<OutputColumn>)> {
    let (mut output, mut columns) = (Vec::new(), Vec::new());
    for each in list {
        match each {
            AstField::All => {
                let (own, shown) = declared_columns(collection);
                output.extend(own);
                columns.extend(shown);
                if is_nearest {
                    output.push(Output::Distance);
                    columns.push(distance_column());
                }
            }
            AstField::Named { value: AstFieldValue::Path(path), name } => {
                let (shown, mut column) = field(collection, path, is_nearest)?;
                if let Some(name) = name {
                    column.name.clone_from(name);
                }
                output.push(shown);
                columns.push(column);
            }
            AstField::Named { value: AstFieldValue::Aggregate(_), .. } => {
                let message = "aggregates are of GET: RETURNING shows each entry by itself";
                return Err(Error::new(ErrorKind::Grouping, message));
            }
        }
    }
    Ok((output, columns))
}

/// Whether a path means the distance of SIMILAR TO.
fn names_distance(collection: &Collection, path: &Path, is_nearest: bool) -> bool {
    is_nearest
        && path.steps.is_empty()
        && path.root.eq_ignore_ascii_case("distance")
        && collection.column("distance").is_none()
}

/// What a column is called that shows a path: by its last name.
pub fn name_of(path: &Path) -> String {
    let name = path.steps.iter().rev().find_map(|step| match step {
        Step::Field(name) => Some(name.clone()),
        Step::Index(_) => None,
    });
    name.unwrap_or_else(|| path.root.to_ascii_lowercase())
}

/// One column of FIELDS, named after the last name of its path. A fact keeps its type as jsonb, since each entry may have
/// another one.
fn field(collection: &Collection, path: &Path, is_nearest: bool) -> Result<(Output, OutputColumn)> {
    if names_distance(collection, path, is_nearest) {
        return Ok((Output::Distance, distance_column()));
    }
    let name = name_of(path);
    let ResolvedStatement { operand, ty } = resolve(collection, path)?;
    Ok(match operand {
        Operand::Column(position) => (Output::Operand(operand), stored_column(collection, position, name)),
        Operand::System(_) | Operand::Key | Operand::Computed(_) => {
            (Output::Operand(operand), OutputColumn::computed(name, ty))
        }
        Operand::Path { base, path, .. } => {
            let operand = Operand::Path { base, path, result: PathResult::Json };
            (Output::Operand(operand), OutputColumn::computed(name, ColumnType::Jsonb))
        }
    })
}

fn metric(metric: ast::AstMetric) -> Metric {
    match metric {
        ast::AstMetric::Cosine => Metric::Cosine,
        ast::AstMetric::L2 => Metric::L2,
        ast::AstMetric::InnerProduct => Metric::InnerProduct,
        ast::AstMetric::L1 => Metric::L1,
    }
}

/// The metric of the column's index, cosine where it has none.
fn index_metric(collection: &Collection, vector: usize) -> Metric {
    let metric = collection.indexes.iter().find_map(|index| match &index.kind {
        IndexKind::Nearest { column, operator_class, .. } if *column == vector => Metric::from_str(operator_class).ok(),
        _ => None,
    });
    metric.unwrap_or(Metric::Cosine)
}
