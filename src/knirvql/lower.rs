//! From a tree to a plan: names become columns of the catalog, conditions expressions, parameters get their types.
//!
//! GET lowers to the [`Query`] that SQL lowers to as well, and DELETE and STAGE to the filter of the entries they change, so
//! that both languages meet one executor. KnirvqlLowering happens once, at Parse; each Execute binds parameters.

use std::sync::Arc;

use crate::db::{AUTH, Catalog, MEMORY, Query};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::ParameterTypes;
use crate::knirvql::ast::{
    AstEntryType, AstStage, Bindable, Condition, Delete, KnirvqlStatement, SetMemory, SetMode, Show,
};
use crate::knirvql::describe::{describe, help};
use crate::knirvql::lists::{ChangeWithLists, ListQuery, Lists, ReadWithLists};
use crate::knirvql::lower_get::declared_columns;
use crate::knirvql::lower_network::{check_stage_network, lower_network};
use crate::knirvql::memory_upsert::MemoryUpsert;
use crate::knirvql::memory_write::MemoryWrite;
use crate::knirvql::parameters::parameters;
use crate::knirvql::resolve::{of_auth, parameter};
use crate::knirvql::returned::Returned;
use crate::knirvql::secret_write::SecretWrite;
use crate::knirvql::selected_change::{SelectedChange, SelectedVerb, Selection, fits_nothing};
use crate::knirvql::shape::shape;
use crate::knirvql::stage_preview::StagePreview;
use crate::model::{Collection, CollectionKind, OutputColumn, SchemaId};
use crate::statement::{
    Change, ColumnDefaults, DependsOn, Explain, KnownRows, PlanNotes, Planned, Planning, Privilege, RowSource,
    Statement, StatementTree, TouchedObject,
};
use crate::types::{ColumnType, Value};

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
    let notes = PlanNotes::default();
    let mut lowering = KnirvqlLowering::new(statement, (catalog, declared), defaults, &notes);
    let (body, columns) = lowering.statement(statement)?;
    let parameters = lowering.parameters.finish();
    Ok(Planned::new(body, parameters, columns.map(Arc::from), notes, None))
}

/// Lowers GET to its query, with its columns and the types of its parameters; `None` for another statement.
///
/// # Errors
/// 0A000 for groups and for a query inside of IN; as [`lower`].
pub fn lower_get(statement: &KnirvqlStatement, catalog: &Arc<Catalog>) -> Result<Option<LoweredGet>> {
    let notes = PlanNotes::default();
    let mut lowering = KnirvqlLowering::new(statement, (catalog, &[]), &|_| Ok(None), &notes);
    let (query, columns) = match statement {
        KnirvqlStatement::GetMemory(get) if get.reads_groups() => {
            return Err(Error::unsupported(
                "a GET of groups is not offered as a table of SQL",
                "Read the entries, and group them in SQL: SELECT …, count(*) FROM knirvql('GET …') GROUP BY ….",
            ));
        }
        KnirvqlStatement::GetMemory(get) => lowering.get_entries(get)?,
        KnirvqlStatement::GetAuth { condition } => lowering.get_auth(condition)?,
        _ => return Ok(None),
    };
    if !lowering.lists.is_empty() {
        return Err(Error::unsupported(
            "a query inside of IN is not offered in a table of SQL",
            "Write the condition in SQL: WHERE id IN (SELECT …).",
        ));
    }
    Ok(Some(LoweredGet { query, columns, parameters: lowering.parameters.finish() }))
}

/// A lowered GET.
pub struct LoweredGet {
    pub query: Query,
    pub columns: Vec<OutputColumn>,
    pub parameters: Vec<ColumnType>,
}

/// The lowering of one statement. Its methods lie by subject in the files of this folder.
pub struct KnirvqlLowering<'a> {
    catalog: &'a Arc<Catalog>,
    pub(super) parameters: ParameterTypes,
    defaults: &'a PlanDefaults<'a>,
    pub(super) notes: &'a PlanNotes,
    /// The queries inside of IN; what each gives is a parameter behind those of the statement.
    pub(super) lists: Vec<ListQuery>,
}

pub type BodyAndColumns = (Statement, Option<Vec<OutputColumn>>);

impl<'a> KnirvqlLowering<'a> {
    fn new(
        statement: &KnirvqlStatement,
        (catalog, declared): (&'a Arc<Catalog>, &[Option<ColumnType>]),
        defaults: &'a PlanDefaults<'a>,
        notes: &'a PlanNotes,
    ) -> KnirvqlLowering<'a> {
        let count = parameters(statement).last().map_or(0, |role| role.number);
        let parameters = ParameterTypes::new(declared, count.into());
        KnirvqlLowering { catalog, parameters, defaults, notes, lists: Vec::new() }
    }

    /// The statement, with the queries inside of IN run before it.
    fn statement(&mut self, statement: &KnirvqlStatement) -> Result<BodyAndColumns> {
        if let KnirvqlStatement::Explain { analyze, statement } = statement {
            return self.explain(*analyze, statement);
        }
        let (body, columns) = self.plain_statement(statement)?;
        let lists = Lists::new(std::mem::take(&mut self.lists), self.parameters.count());
        if lists.is_empty() {
            return Ok((body, columns));
        }
        let body = match body {
            Statement::Read(inner) => Statement::Read(Box::new(ReadWithLists { lists, inner })),
            Statement::Change(inner) => Statement::Change(Box::new(ChangeWithLists { lists, inner })),
            _ => return Err(Error::internal("a statement without a condition has a query inside of IN")),
        };
        Ok((body, columns))
    }

    fn plain_statement(&mut self, statement: &KnirvqlStatement) -> Result<BodyAndColumns> {
        match statement {
            KnirvqlStatement::GetMemory(get) if get.reads_groups() => Ok(read(self.get_groups(get)?)),
            KnirvqlStatement::GetMemory(get) => Ok(read(self.get_entries(get)?)),
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
            KnirvqlStatement::SetMemory(set) => self.set_memory(set),
            KnirvqlStatement::UpdateMemory(update) => self.update_memory(update),
            KnirvqlStatement::Delete(delete) => self.delete(delete),
            KnirvqlStatement::Stage(stage) => self.stage(stage),
            KnirvqlStatement::Revert(revert) => {
                let collection = self.memory_collection(revert.collection.as_deref())?;
                collection.check_shared()?;
                let filter = self.filter(&collection, &revert.condition)?;
                Ok(self.selected(SelectedVerb::Revert, vec![Selection { collection, filter, lenient: false }], None))
            }
            KnirvqlStatement::Show(Show::Collections) => Ok(self.collections()),
            KnirvqlStatement::Describe { collection } => {
                let collection = Arc::clone(self.catalog.expect_collection(collection)?);
                self.notes.touch_collection(&collection, Privilege::Select);
                Ok(describe(collection))
            }
            KnirvqlStatement::Help { topic } => help(topic.as_deref()),
            KnirvqlStatement::Explain { .. } => Err(Error::internal("EXPLAIN is explained")),
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
    ///
    /// # Errors
    /// 42P01 where there is none, 22023 for AUTH.
    pub(super) fn memory_collection(&self, name: Option<&str>) -> Result<Arc<Collection>> {
        let collection = self.catalog.expect_collection(name.unwrap_or(MEMORY))?;
        match collection.kind {
            CollectionKind::Memory | CollectionKind::Table => Ok(Arc::clone(collection)),
            CollectionKind::Auth => Err(of_auth(&collection.name)),
        }
    }

    /// The plan was made of more than collections.
    fn depend_on_catalog(&self) {
        self.notes.depend_on(DependsOn::Catalog(Arc::clone(self.catalog)));
    }

    fn get_auth(&mut self, condition: &Condition) -> Result<(Query, Vec<OutputColumn>)> {
        let collection = Arc::clone(self.catalog.expect_collection(AUTH)?);
        self.notes.touch_collection(&collection, Privilege::Select);
        let filter = Some(self.filter(&collection, condition)?);
        let (output, columns) = declared_columns(&collection);
        Ok((Query { collection, output, filter, nearest: None, order: vec![], limit: None, offset: None }, columns))
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
        let filter = self.filter(&collection, &delete.condition)?;
        let returning = Returned::new(&collection, &delete.returning)?;
        Ok(self.selected(SelectedVerb::Delete, vec![Selection { collection, filter, lenient: false }], returning))
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
            match self.filter(collection, &delete.condition) {
                Ok(filter) => selections.push(Selection { collection: Arc::clone(collection), filter, lenient: true }),
                Err(error) if fits_nothing(&error) => {
                    refusal.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        match (selections.is_empty(), refusal) {
            (true, Some(error)) => Err(error),
            _ => Ok(self.selected(SelectedVerb::Delete, selections, None)),
        }
    }

    fn stage(&mut self, stage: &AstStage) -> Result<BodyAndColumns> {
        let collection = self.memory_collection(stage.collection.as_deref())?;
        collection.check_shared()?;
        if let Some(network) = &stage.network {
            self.depend_on_catalog();
            check_stage_network(self.catalog, &collection, network)?;
        }
        let filter = self.filter(&collection, &stage.condition)?;
        let selection = Selection { collection, filter, lenient: false };
        if stage.dry_run {
            self.depend_on_catalog();
            self.notes.touch_collection(&selection.collection, SelectedVerb::Stage.privilege());
            self.notes.touch_collection(&selection.collection, Privilege::Select);
            return Ok(StagePreview::of_stage(selection, self.catalog));
        }
        let verb = if stage.staged { SelectedVerb::Stage } else { SelectedVerb::Unstage };
        Ok(self.selected(verb, vec![selection], None))
    }

    fn selected(&self, verb: SelectedVerb, selections: Vec<Selection>, returning: Option<Returned>) -> BodyAndColumns {
        for each in &selections {
            self.notes.touch_collection(&each.collection, verb.privilege());
            // Its condition reads them.
            self.notes.touch_collection(&each.collection, Privilege::Select);
        }
        let columns = returning.as_ref().map(|returning| returning.columns.clone());
        (changing(SelectedChange { verb, selections, returning }).0, columns)
    }

    fn set_memory(&mut self, set: &SetMemory) -> Result<BodyAndColumns> {
        let collection = self.memory_collection(set.collection.as_deref())?;
        collection.check_changeable()?;
        let returning = Returned::new(&collection, &set.returning)?;
        let is_insert = matches!(set.mode, SetMode::Insert | SetMode::InsertIfAbsent);
        self.notes.touch_collection(&collection, Privilege::Insert);
        if !is_insert {
            self.notes.touch_collection(&collection, Privilege::Update);
        }
        if returning.is_some() || set.mode == SetMode::Merge {
            self.notes.touch_collection(&collection, Privilege::Select);
        }
        let defaults = (self.defaults)(&collection)?;
        let columns = returning.as_ref().map(|returning| returning.columns.clone());
        let write = |entry| MemoryWrite::new(Arc::clone(&collection), entry, &mut self.parameters);
        let writes = set.entries.iter().map(write).collect::<Result<_>>()?;
        Ok((changing(MemoryUpsert { writes, mode: set.mode, defaults, returning }).0, columns))
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

fn read((query, columns): (impl RowSource, Vec<OutputColumn>)) -> BodyAndColumns {
    (Statement::Read(Box::new(query)), Some(columns))
}

pub(super) fn changing(change: impl Change) -> BodyAndColumns {
    (Statement::Change(Box::new(change)), None)
}
