//! From statement to action: names become columns of the catalog, conditions expressions, parameters get their types.
//!
//! GET lowers to the [`Query`] that SQL lowers to as well, and DELETE and STAGE to the filter of the entries they change, so
//! that both languages meet one executor. Lowering happens once, at Parse; each Execute binds parameters.

use std::str::FromStr;
use std::sync::Arc;

use crate::db::{AUTH, Catalog, MEMORY, Nearest, NetworkTable, Order, OrderBy, Output, Query, Row, Target};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Environment, Expr, Operand, ParameterTypes, PathResult, Program, Scalar};
use crate::knirvql::ast::{
    self, AstEntryType, AstStage, AstText, Bindable, Delete, GetMemory, KnirvqlStatement, Path, Show, Similar, Step,
    VectorSource,
};
use crate::knirvql::filter::filter;
use crate::knirvql::lower_network::{NetworkWrite, check_stage_network, lower_network};
use crate::knirvql::memory_write::{MemoryWrite, id_column, vector_column, vector_scalar};
use crate::knirvql::parameters::parameters;
use crate::knirvql::resolve::{ResolvedStatement, parameter, resolve};
use crate::model::{Collection, CollectionKind, IndexKind, NetworkId, OutputColumn};
use crate::types::{ColumnType, Value};
use crate::vector::Metric;

/// A statement ready to be executed.
#[derive(Clone, Debug)]
pub struct LoweredStatement {
    pub action: KnirvqlAction,
    /// The type of each parameter, `$1` first.
    pub parameters: Vec<ColumnType>,
    /// The columns of the result; `None` where there is none.
    pub columns: Option<Arc<[OutputColumn]>>,
}

/// What a statement does. Constants of AUTH statements are secrets: do not log an action, log the statement's text form.
#[derive(Clone, Debug)]
pub enum KnirvqlAction {
    /// GET: rows of a query.
    Read(Box<Query>),
    /// SHOW: rows that are known already.
    Rows(Vec<Row>),
    /// SET AUTH, with texts or parameters of type text.
    SetAuth { key: Bindable<AstText>, value: Bindable<AstText> },
    /// SET MEMORY: insert the entry, or update it where its id exists.
    SetMemory(MemoryWrite),
    /// DELETE: from each of these collections what its filter accepts.
    Delete(Vec<Selection>),
    /// STAGE (or, with false, UNSTAGE) of what the filter accepts.
    Stage { selection: Selection, staged: bool },
    /// REVERT of what the filter accepts.
    Revert(Selection),
    /// Networks made, changed and left.
    Network(NetworkWrite),
    /// SYNC, of one network or of all.
    Sync(Option<NetworkId>),
    /// SHOW of networks: these columns of a table.
    NetworkRows { table: NetworkTable, positions: Vec<usize> },
    /// EXPLAIN: the plan of the inner action, run as well with `analyze`.
    Explain { analyze: bool, inner: Box<LoweredStatement> },
}

/// Entries of a collection to be changed.
#[derive(Clone, Debug)]
pub struct Selection {
    pub collection: Arc<Collection>,
    filter: Expr,
    /// A parameter that does not fit this collection's types matches nothing here.
    /// One of all collections: what the condition does not fit is left out.
    pub lenient: bool,
}

impl Selection {
    pub fn filter(&self) -> &Expr {
        &self.filter
    }

    /// The filter, ready to run with its parameters; `None` where no entry of the collection can match.
    ///
    /// # Errors
    /// 42P02 for a parameter without a value, 2201B and 0A000 for a regular expression that cannot be had; what a parameter's
    /// conversion to the place's type fails with, unless that fits nothing in a lenient selection.
    pub fn bind(&self, parameters: &[Value]) -> Result<Option<Program>> {
        match Program::compile(&self.filter, &Environment { parameters, ..Environment::default() }) {
            Ok(filter) => Ok(Some(filter)),
            Err(error) if self.lenient && fits_nothing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Whether an error says that a constant is not of a collection's kind, so that nothing there equals it.
fn fits_nothing(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::UndefinedColumn
            | ErrorKind::DatatypeMismatch
            | ErrorKind::InvalidTextRepresentation
            | ErrorKind::NumericOutOfRange
            | ErrorKind::DatetimeOutOfRange
    )
}

/// Lowers a statement against a catalog; `declared` are the parameter types that the client named.
///
/// # Errors
/// 42P01, 42703 and 42704 for unknown names, 42804 for values of another kind than their column, 22023 for options.
pub fn lower(
    statement: &KnirvqlStatement,
    catalog: &Catalog,
    declared: &[Option<ColumnType>],
) -> Result<LoweredStatement> {
    let highest = parameters(statement).last().map_or(0, |role| role.number);
    let mut lowering = Lowering { catalog, parameters: ParameterTypes::new(declared, highest.into()) };
    let (action, columns) = lowering.statement(statement)?;
    Ok(LoweredStatement { action, parameters: lowering.parameters.finish(), columns: columns.map(Arc::from) })
}

struct Lowering<'a> {
    catalog: &'a Catalog,
    parameters: ParameterTypes,
}

pub type ActionWithColumns = (KnirvqlAction, Option<Vec<OutputColumn>>);

impl Lowering<'_> {
    fn statement(&mut self, statement: &KnirvqlStatement) -> Result<ActionWithColumns> {
        match statement {
            KnirvqlStatement::GetMemory(get) => self.get_memory(get),
            KnirvqlStatement::GetAuth { condition } => {
                let collection = Arc::clone(self.catalog.expect_collection(AUTH)?);
                let filter = Some(filter(&collection, condition, &mut self.parameters)?);
                let (output, columns) = declared_columns(&collection);
                let query =
                    Query { collection, output, filter, nearest: None, order: vec![], limit: None, offset: None };
                Ok((KnirvqlAction::Read(Box::new(query)), Some(columns)))
            }
            KnirvqlStatement::SetAuth { key, value } => {
                for number in [key, value].into_iter().filter_map(Bindable::parameter) {
                    parameter(&mut self.parameters, number, &ColumnType::Text);
                }
                Ok((KnirvqlAction::SetAuth { key: key.clone(), value: value.clone() }, None))
            }
            KnirvqlStatement::SetMemory(set) => {
                let collection = self.memory_collection(set.collection.as_deref())?;
                Ok((KnirvqlAction::SetMemory(MemoryWrite::new(collection, set, &mut self.parameters)?), None))
            }
            KnirvqlStatement::Delete(delete) => self.delete(delete),
            KnirvqlStatement::Stage(stage) => self.stage(stage),
            KnirvqlStatement::Revert(revert) => {
                let collection = self.memory_collection(revert.collection.as_deref())?;
                let filter = filter(&collection, &revert.condition, &mut self.parameters)?;
                Ok((KnirvqlAction::Revert(Selection { collection, filter, lenient: false }), None))
            }
            KnirvqlStatement::Show(Show::Collections) => Ok(self.collections()),
            KnirvqlStatement::Explain { analyze, statement } => self.explain(*analyze, statement),
            KnirvqlStatement::CreateNetwork { .. }
            | KnirvqlStatement::JoinNetwork { .. }
            | KnirvqlStatement::LeaveNetwork { .. }
            | KnirvqlStatement::AlterNetwork { .. }
            | KnirvqlStatement::AttachCollection { .. }
            | KnirvqlStatement::DetachCollection { .. }
            | KnirvqlStatement::Sync { .. }
            | KnirvqlStatement::Show(Show::Networks | Show::Peers | Show::Sync) => {
                lower_network(statement, self.catalog)
            }
        }
    }

    /// The collection of a MEMORY statement.
    fn memory_collection(&self, name: Option<&str>) -> Result<Arc<Collection>> {
        let collection = self.catalog.expect_collection(name.unwrap_or(MEMORY))?;
        match collection.kind {
            CollectionKind::Memory | CollectionKind::Table => Ok(Arc::clone(collection)),
            CollectionKind::Auth => Err(Error::new(
                ErrorKind::InvalidParameterValue,
                format!("the collection \"{}\" holds AUTH entries", collection.name),
            )
            .with_hint("Use GET AUTH, SET AUTH and DELETE AUTH.")),
        }
    }

    fn get_memory(&mut self, get: &GetMemory) -> Result<ActionWithColumns> {
        let collection = self.memory_collection(get.collection.as_deref())?;
        let condition = get.condition.as_ref();
        let filter = condition.map(|condition| filter(&collection, condition, &mut self.parameters)).transpose()?;
        let nearest = get.similar.as_ref().map(|similar| self.nearest(&collection, similar)).transpose()?;
        let (output, columns) = if get.fields.is_empty() {
            let (mut output, mut columns) = declared_columns(&collection);
            if nearest.is_some() {
                output.push(Output::Distance);
                columns.push(distance_column());
            }
            (output, columns)
        } else {
            get.fields
                .iter()
                .map(|path| field(&collection, path, nearest.is_some()))
                .collect::<Result<Vec<_>>>()?
                .into_iter()
                .unzip()
        };
        let order = get.order.iter().map(|key| {
            let operand = if names_distance(&collection, &key.path, nearest.is_some()) {
                OrderBy::Distance
            } else {
                OrderBy::Operand(resolve(&collection, &key.path)?.operand)
            };
            Ok(Order { operand, descending: key.descending, nulls_first: key.descending })
        });
        let order = order.collect::<Result<_>>()?;
        let limit = get.limit.as_ref().map(|count| self.count(count));
        let offset = get.offset.as_ref().map(|count| self.count(count));
        let query = Query { collection, output, filter, nearest, order, limit, offset };
        Ok((KnirvqlAction::Read(Box::new(query)), Some(columns)))
    }

    fn nearest(&mut self, collection: &Collection, similar: &Similar) -> Result<Nearest> {
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
        let within = similar.within.as_ref().map(|within| match within {
            Bindable::Parameter(number) => parameter(parameters, *number, &ColumnType::Float8),
            Bindable::Value(distance) => Scalar::Value(Value::Float8(*distance)),
        });
        let ef = similar.ef.as_ref().map(|ef| self.count(ef));
        let metric = similar.metric.map_or_else(|| index_metric(collection, column), metric);
        Ok(Nearest { column, target, metric, ef, within, keeps_missing: false, keeps_ties: false })
    }

    fn count(&mut self, count: &Bindable<u64>) -> Scalar {
        match count {
            Bindable::Parameter(number) => parameter(&mut self.parameters, *number, &ColumnType::Int8),
            Bindable::Value(count) => Scalar::Value(Value::Int8(i64::try_from(*count).unwrap_or(i64::MAX))),
        }
    }

    fn delete(&mut self, delete: &Delete) -> Result<ActionWithColumns> {
        let collection = match (delete.entry_type, delete.collection.as_deref()) {
            (None, None) => return self.delete_everywhere(delete),
            (None, Some(name)) => Arc::clone(self.catalog.expect_collection(name)?),
            (Some(AstEntryType::Memory), name) => self.memory_collection(name)?,
            (Some(AstEntryType::Auth), name) => {
                let collection = self.catalog.expect_collection(name.unwrap_or(AUTH))?;
                if collection.kind != CollectionKind::Auth {
                    let message = format!("the collection \"{}\" holds MEMORY entries", collection.name);
                    return Err(Error::new(ErrorKind::InvalidParameterValue, message).with_hint("Use DELETE MEMORY."));
                }
                Arc::clone(collection)
            }
        };
        let filter = filter(&collection, &delete.condition, &mut self.parameters)?;
        Ok((KnirvqlAction::Delete(vec![Selection { collection, filter, lenient: false }]), None))
    }

    /// DELETE without a type: from the default collection, and from every other one that the condition makes sense for.
    fn delete_everywhere(&mut self, delete: &Delete) -> Result<ActionWithColumns> {
        let is_default = |collection: &&Arc<Collection>| collection.name == MEMORY;
        let others = self.catalog.collections().filter(|collection| !is_default(collection));
        let mut selections = Vec::new();
        let mut refusal = None;
        for collection in self.catalog.collections().filter(is_default).chain(others) {
            match filter(collection, &delete.condition, &mut self.parameters) {
                Ok(filter) => selections.push(Selection { collection: Arc::clone(collection), filter, lenient: true }),
                Err(error) if fits_nothing(&error) => {
                    refusal.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        match (selections.is_empty(), refusal) {
            (true, Some(error)) => Err(error),
            _ => Ok((KnirvqlAction::Delete(selections), None)),
        }
    }

    fn stage(&mut self, stage: &AstStage) -> Result<ActionWithColumns> {
        let collection = self.memory_collection(stage.collection.as_deref())?;
        if let Some(network) = &stage.network {
            check_stage_network(self.catalog, &collection, network)?;
        }
        let filter = filter(&collection, &stage.condition, &mut self.parameters)?;
        let selection = Selection { collection, filter, lenient: false };
        Ok((KnirvqlAction::Stage { selection, staged: stage.staged }, None))
    }

    fn collections(&self) -> ActionWithColumns {
        let columns = vec![
            OutputColumn::computed("collection", ColumnType::Text),
            OutputColumn::computed("type", ColumnType::Text),
            OutputColumn::computed("columns", ColumnType::Int8),
            OutputColumn::computed("indexes", ColumnType::Int8),
        ];
        let count = |number: usize| Value::Int8(i64::try_from(number).unwrap_or(i64::MAX));
        let rows = self.catalog.collections().map(|collection| {
            let kind = match collection.kind {
                CollectionKind::Auth => "AUTH",
                CollectionKind::Memory => "MEMORY",
                CollectionKind::Table => "TABLE",
            };
            vec![
                Value::text(collection.name.as_str()),
                Value::text(kind),
                count(collection.columns.len()),
                count(collection.indexes.len()),
            ]
        });
        (KnirvqlAction::Rows(rows.collect()), Some(columns))
    }

    fn explain(&mut self, analyze: bool, statement: &KnirvqlStatement) -> Result<ActionWithColumns> {
        let (action, columns) = self.statement(statement)?;
        if analyze && matches!(action, KnirvqlAction::Sync(_)) {
            return Err(Error::unsupported("EXPLAIN ANALYZE SYNC is not offered", "Run SYNC, and then SHOW SYNC."));
        }
        let inner = LoweredStatement { action, parameters: Vec::new(), columns: columns.map(Arc::from) };
        let plan = OutputColumn::computed("QUERY PLAN", ColumnType::Text);
        Ok((KnirvqlAction::Explain { analyze, inner: Box::new(inner) }, Some(vec![plan])))
    }
}

/// All declared columns, as `SELECT *` shows them.
fn declared_columns(collection: &Collection) -> (Vec<Output>, Vec<OutputColumn>) {
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

/// Whether a path means the distance of SIMILAR TO.
fn names_distance(collection: &Collection, path: &Path, is_nearest: bool) -> bool {
    is_nearest
        && path.steps.is_empty()
        && path.root.eq_ignore_ascii_case("distance")
        && collection.column("distance").is_none()
}

/// One column of FIELDS, named after the last name of its path. A fact keeps its type as jsonb, since each entry may have
/// another one.
fn field(collection: &Collection, path: &Path, is_nearest: bool) -> Result<(Output, OutputColumn)> {
    if names_distance(collection, path, is_nearest) {
        return Ok((Output::Distance, distance_column()));
    }
    let name = path.steps.iter().rev().find_map(|step| match step {
        Step::Field(name) => Some(name.clone()),
        Step::Index(_) => None,
    });
    let name = name.unwrap_or_else(|| path.root.to_ascii_lowercase());
    let ResolvedStatement { operand, ty } = resolve(collection, path)?;
    Ok(match operand {
        Operand::Column(position) => (Output::Operand(operand), stored_column(collection, position, name)),
        Operand::System(_) | Operand::Key => (Output::Operand(operand), OutputColumn::computed(name, ty)),
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
        IndexKind::Hnsw { column, operator_class, .. } if *column == vector => Metric::from_str(operator_class).ok(),
        _ => None,
    });
    metric.unwrap_or(Metric::Cosine)
}
