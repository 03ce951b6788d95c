//! From a tree to a plan: names become columns of the catalog, conditions expressions, parameters get their types.
//!
//! GET lowers to the [`Query`] that SQL lowers to as well, and DELETE and STAGE to the filter of the entries they change, so
//! that both languages meet one executor. Lowering happens once, at Parse; each Execute binds parameters.

use std::str::FromStr;
use std::sync::Arc;

use crate::db::{AUTH, Catalog, MEMORY, Nearest, Order, OrderBy, Output, Query, Target, Within};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Operand, ParameterTypes, PathResult, Scalar};
use crate::knirvql::ast::{
    self, AstEntryType, AstStage, Bindable, Condition, Delete, GetMemory, KnirvqlStatement, Path, Show, Similar, Step,
    VectorSource,
};
use crate::knirvql::filter::filter;
use crate::knirvql::lower_network::{check_stage_network, lower_network};
use crate::knirvql::memory_write::{MemoryUpsert, MemoryWrite, id_column, vector_column, vector_scalar};
use crate::knirvql::parameters::parameters;
use crate::knirvql::resolve::{ResolvedStatement, parameter, resolve};
use crate::knirvql::secret_write::SecretWrite;
use crate::knirvql::selected_change::{SelectedChange, SelectedVerb, Selection, fits_nothing};
use crate::knirvql::shape::shape;
use crate::model::{Collection, CollectionKind, IndexKind, OutputColumn, SchemaId};
use crate::statement::{
    Change, ColumnDefaults, DependsOn, Explain, KnownRows, PlanNotes, Planned, Planning, Privilege, Statement,
    StatementTree, TouchedObject,
};
use crate::types::{ColumnType, Value};
use crate::vector::Metric;

/// How the defaults of a collection that are expressions are planned: they are kept in SQL.
pub type PlanDefaults<'a> = dyn Fn(&Collection) -> Result<Option<Box<dyn ColumnDefaults>>> + 'a;

impl StatementTree for KnirvqlStatement {
    fn plan(&self, declared: &[Option<ColumnType>], planning: &Planning<'_>) -> Result<Planned> {
        let defaults = |collection: &Collection| (planning.column_defaults)(collection, planning);
        lower(self, planning.view.catalog(), declared, &defaults)
    }

    fn shown(&self, _text: &Arc<str>) -> Option<Arc<str>> {
        Some(self.to_string().into())
    }

    fn shape(&self, text: &str) -> String {
        shape(text)
    }
}

/// Lowers a statement against a catalog; `declared` are the parameter types that the client named.
///
/// # Errors
/// 42P01, 42703 and 42704 for unknown names, 42804 for values of another kind than their column, 22023 for options.
pub fn lower(
    statement: &KnirvqlStatement,
    catalog: &Arc<Catalog>,
    declared: &[Option<ColumnType>],
    defaults: &PlanDefaults<'_>,
) -> Result<Planned> {
    let (notes, parameters) = (PlanNotes::default(), typed_parameters(statement, declared));
    let mut lowering = Lowering { catalog, parameters, defaults, notes: &notes };
    let (body, columns) = lowering.statement(statement)?;
    let parameters = lowering.parameters.finish();
    Ok(Planned::new(body, parameters, columns.map(Arc::from), notes, None))
}

/// Lowers GET to its query, with its columns and the types of its parameters; `None` for another statement.
///
/// # Errors
/// As [`lower`].
pub fn lower_get(statement: &KnirvqlStatement, catalog: &Arc<Catalog>) -> Result<Option<LoweredGet>> {
    let (notes, parameters) = (PlanNotes::default(), typed_parameters(statement, &[]));
    let mut lowering = Lowering { catalog, parameters, defaults: &|_| Ok(None), notes: &notes };
    let (query, columns) = match statement {
        KnirvqlStatement::GetMemory(get) => lowering.get_memory(get)?,
        KnirvqlStatement::GetAuth { condition } => lowering.get_auth(condition)?,
        _ => return Ok(None),
    };
    Ok(Some(LoweredGet { query, columns, parameters: lowering.parameters.finish() }))
}

/// A lowered GET.
pub struct LoweredGet {
    pub query: Query,
    pub columns: Vec<OutputColumn>,
    pub parameters: Vec<ColumnType>,
}

fn typed_parameters(statement: &KnirvqlStatement, declared: &[Option<ColumnType>]) -> ParameterTypes {
    ParameterTypes::new(declared, parameters(statement).last().map_or(0, |role| role.number).into())
}

struct Lowering<'a> {
    catalog: &'a Arc<Catalog>,
    parameters: ParameterTypes,
    defaults: &'a PlanDefaults<'a>,
    notes: &'a PlanNotes,
}

pub type BodyAndColumns = (Statement, Option<Vec<OutputColumn>>);

impl Lowering<'_> {
    fn statement(&mut self, statement: &KnirvqlStatement) -> Result<BodyAndColumns> {
        match statement {
            KnirvqlStatement::GetMemory(get) => Ok(read(self.get_memory(get)?)),
            KnirvqlStatement::GetAuth { condition } => Ok(read(self.get_auth(condition)?)),
            KnirvqlStatement::SetAuth { key, value } => {
                for number in [key, value].into_iter().filter_map(Bindable::parameter) {
                    parameter(&mut self.parameters, number, &ColumnType::Text);
                }
                let auth = self.catalog.expect_collection(AUTH)?;
                self.notes.touch_collection(auth, Privilege::Insert);
                self.notes.touch_collection(auth, Privilege::Update);
                Ok(changing(SecretWrite { key: key.clone(), value: value.clone() }))
            }
            KnirvqlStatement::SetMemory(set) => {
                let collection = self.memory_collection(set.collection.as_deref())?;
                collection.check_changeable()?;
                self.notes.touch_collection(&collection, Privilege::Insert);
                self.notes.touch_collection(&collection, Privilege::Update);
                let defaults = (self.defaults)(&collection)?;
                Ok(changing(MemoryUpsert { write: MemoryWrite::new(collection, set, &mut self.parameters)?, defaults }))
            }
            KnirvqlStatement::Delete(delete) => self.delete(delete),
            KnirvqlStatement::Stage(stage) => self.stage(stage),
            KnirvqlStatement::Revert(revert) => {
                let collection = self.memory_collection(revert.collection.as_deref())?;
                collection.check_shared()?;
                let filter = filter(&collection, &revert.condition, &mut self.parameters)?;
                Ok(self.selected(SelectedVerb::Revert, vec![Selection { collection, filter, lenient: false }]))
            }
            KnirvqlStatement::Show(Show::Collections) => Ok(self.collections()),
            KnirvqlStatement::Explain { analyze, statement } => self.explain(*analyze, statement),
            KnirvqlStatement::CreateNetwork { .. }
            | KnirvqlStatement::JoinNetwork { .. }
            | KnirvqlStatement::LeaveNetwork { .. }
            | KnirvqlStatement::AlterNetwork { .. }
            | KnirvqlStatement::AttachCollection { .. }
            | KnirvqlStatement::DetachCollection { .. }
            | KnirvqlStatement::Sync { .. } => {
                self.depend_on_catalog();
                self.notes.touch(TouchedObject::Networks, Privilege::Own);
                if let KnirvqlStatement::AttachCollection { collection, .. }
                | KnirvqlStatement::DetachCollection { collection, .. } = statement
                {
                    self.notes.touch_collection(self.catalog.expect_shareable(collection)?, Privilege::Own);
                }
                lower_network(statement, self.catalog)
            }
            KnirvqlStatement::Show(Show::Networks | Show::Peers | Show::Sync) => {
                self.notes.touch(TouchedObject::Networks, Privilege::Select);
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

    /// The plan was made of more than collections.
    fn depend_on_catalog(&self) {
        self.notes.depend_on(DependsOn::Catalog(Arc::clone(self.catalog)));
    }

    fn get_auth(&mut self, condition: &Condition) -> Result<(Query, Vec<OutputColumn>)> {
        let collection = Arc::clone(self.catalog.expect_collection(AUTH)?);
        self.notes.touch_collection(&collection, Privilege::Select);
        let filter = Some(filter(&collection, condition, &mut self.parameters)?);
        let (output, columns) = declared_columns(&collection);
        Ok((Query { collection, output, filter, nearest: None, order: vec![], limit: None, offset: None }, columns))
    }

    fn get_memory(&mut self, get: &GetMemory) -> Result<(Query, Vec<OutputColumn>)> {
        let collection = self.memory_collection(get.collection.as_deref())?;
        self.notes.touch_collection(&collection, Privilege::Select);
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
        Ok((Query { collection, output, filter, nearest, order, limit, offset }, columns))
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
        let within = similar.within.iter().map(|within| match within {
            Bindable::Parameter(number) => parameter(parameters, *number, &ColumnType::Float8),
            Bindable::Value(distance) => Scalar::Value(Value::Float8(*distance)),
        });
        let within = within.map(|distance| Within { distance, is_strict: false }).collect();
        let ef = similar.ef.as_ref().map(|ef| self.count(ef));
        let metric = similar.metric.map_or_else(|| index_metric(collection, column), metric);
        Ok(Nearest { column, target, metric, ef, within, is_filter: false, keeps_missing: false, keeps_ties: false })
    }

    fn count(&mut self, count: &Bindable<u64>) -> Scalar {
        match count {
            Bindable::Parameter(number) => parameter(&mut self.parameters, *number, &ColumnType::Int8),
            Bindable::Value(count) => Scalar::Value(Value::Int8(i64::try_from(*count).unwrap_or(i64::MAX))),
        }
    }

    fn delete(&mut self, delete: &Delete) -> Result<BodyAndColumns> {
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
        collection.check_changeable()?;
        let filter = filter(&collection, &delete.condition, &mut self.parameters)?;
        Ok(self.selected(SelectedVerb::Delete, vec![Selection { collection, filter, lenient: false }]))
    }

    /// DELETE without a type: from the default collection, and from every other one that the condition makes sense for.
    fn delete_everywhere(&mut self, delete: &Delete) -> Result<BodyAndColumns> {
        self.depend_on_catalog();
        let is_default = |collection: &&Arc<Collection>| collection.name == MEMORY;
        let is_changed = |collection: &&Arc<Collection>| collection.materialized.is_none();
        let others = self.catalog.collections_of(SchemaId::Public).filter(|each| !is_default(each) && is_changed(each));
        let mut selections = Vec::new();
        let mut refusal = None;
        for collection in self.catalog.collections_of(SchemaId::Public).filter(is_default).chain(others) {
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
            _ => Ok(self.selected(SelectedVerb::Delete, selections)),
        }
    }

    fn stage(&mut self, stage: &AstStage) -> Result<BodyAndColumns> {
        let collection = self.memory_collection(stage.collection.as_deref())?;
        collection.check_shared()?;
        if let Some(network) = &stage.network {
            self.depend_on_catalog();
            check_stage_network(self.catalog, &collection, network)?;
        }
        let filter = filter(&collection, &stage.condition, &mut self.parameters)?;
        let selection = Selection { collection, filter, lenient: false };
        let verb = if stage.staged { SelectedVerb::Stage } else { SelectedVerb::Unstage };
        Ok(self.selected(verb, vec![selection]))
    }

    fn selected(&self, verb: SelectedVerb, selections: Vec<Selection>) -> BodyAndColumns {
        for each in &selections {
            self.notes.touch_collection(&each.collection, verb.privilege());
            // Its condition reads them.
            self.notes.touch_collection(&each.collection, Privilege::Select);
        }
        changing(SelectedChange { verb, selections })
    }

    fn collections(&self) -> BodyAndColumns {
        let columns = vec![
            OutputColumn::computed("collection", ColumnType::Text),
            OutputColumn::computed("type", ColumnType::Text),
            OutputColumn::computed("columns", ColumnType::Int8),
            OutputColumn::computed("indexes", ColumnType::Int8),
        ];
        let count = |number: usize| Value::Int8(i64::try_from(number).unwrap_or(i64::MAX));
        let rows = self.catalog.collections_of(SchemaId::Public).map(|collection| {
            let kind = match collection.kind {
                CollectionKind::Auth => "AUTH",
                CollectionKind::Memory => "MEMORY",
                CollectionKind::Table if collection.materialized.is_some() => "MATERIALIZED VIEW",
                CollectionKind::Table => "TABLE",
            };
            vec![
                Value::text(collection.name.as_str()),
                Value::text(kind),
                count(collection.columns.len()),
                count(collection.indexes.len()),
            ]
        });
        self.depend_on_catalog();
        (Statement::Read(Box::new(KnownRows(rows.collect()))), Some(columns))
    }

    fn explain(&mut self, analyze: bool, statement: &KnirvqlStatement) -> Result<BodyAndColumns> {
        let (inner, _) = self.statement(statement)?;
        if analyze && matches!(inner, Statement::Sync(_)) {
            return Err(Error::unsupported("EXPLAIN ANALYZE SYNC is not offered", "Run SYNC, and then SHOW SYNC."));
        }
        let explain = Explain::new(analyze, inner);
        let columns = explain.columns().to_vec();
        Ok((Statement::Explain(explain), Some(columns)))
    }
}

fn read((query, columns): (Query, Vec<OutputColumn>)) -> BodyAndColumns {
    (Statement::Read(Box::new(query)), Some(columns))
}

fn changing(change: impl Change) -> BodyAndColumns {
    (Statement::Change(Box::new(change)), None)
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
