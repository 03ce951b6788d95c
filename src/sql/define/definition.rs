//! Data definition: tables, indexes, and the statements about objects that this server has one fixed kind of.
//!
//! `table` reads columns and constraints, `like` those of another table, `index` indexes, `view` views, `materialized_view` those that keep their rows, `comment` comments, `alter` changes of tables, `schema` schemas, `drop` what
//! goes; this file dispatches and carries out.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    self, CascadeOption, CreateTable, Query, SelectInto, SetExpr, Statement, Truncate, TruncateIdentityOption,
};

use crate::db::{Cancel, SearchPath, Transaction};
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::expr::ParameterTypes;
use crate::metrics::StatementKind;
use crate::model::{Collection, CollectionId, CollectionKind, Column, OnCommit, RelationName, SchemaId};
use crate::settings::Settings;
use crate::sql::arrow::context::PlanContext;
use crate::sql::define::alter::{TableChange, plan_alter};
use crate::sql::define::comment::{CommentRequest, plan_comment};
use crate::sql::define::domain::{DomainRequest, plan_alter_domain, plan_create_domain};
use crate::sql::define::drop::{DropRequest, plan_drop};
use crate::sql::define::index::{IndexRequest, plan_create_index};
use crate::sql::define::materialized_view::{
    MaterializedRequest, RefreshRequest, Running, fill, plan_create_materialized, plan_refresh,
};
use crate::sql::define::needs::Needs;
use crate::sql::define::reindex::{ReindexRequest, plan_reindex};
use crate::sql::define::schema::{SchemaRequest, plan_alter_schema, plan_create_schema};
use crate::sql::define::sequence::{SequenceRequest, plan_sequence};
use crate::sql::define::table::{TableRequest, plan_table, table_of_query};
use crate::sql::define::user_type::{TypeRequest, plan_alter_type, plan_create_type};
use crate::sql::define::view::{ViewChange, ViewRequest, plan_create_view};
use crate::sql::parse::names::folded;
use crate::sql::parse::table_text::{TableText, table_text};
use crate::sql::parse::unread;
use crate::sql::parse::view_text::is_of_domain;
use crate::sql::read::read_plan::{ReadPlan, plan_query};
use crate::sql::write::write_target::{new_name, writable_table};
use crate::statement::{
    Change, CommandTag, Privilege, ReadRun, RowSource, Work, WriteRun, Written, at_once, later, matching_keys,
};

/// A planned statement that changes the catalog, or empties tables.
pub enum DataDefinition {
    CreateTable {
        table: TableRequest,
        if_not_exists: bool,
    },
    CreateTableAs {
        name: RelationName,
        on_commit: OnCommit,
        plan: ReadPlan,
        columns: Vec<Column>,
        if_not_exists: bool,
        /// WITH NO DATA.
        is_empty: bool,
    },
    CreateIndex(IndexRequest),
    Reindex(ReindexRequest),
    CreateView(Box<ViewRequest>),
    CreateMaterialized(Box<MaterializedRequest>),
    Refresh(Box<RefreshRequest>),
    Comment(CommentRequest),
    AlterView {
        change: ViewChange,
        tag: &'static str,
    },
    Drop(DropRequest),
    Schema(SchemaRequest),
    Sequence(Box<SequenceRequest>),
    Type(TypeRequest),
    Domain(Box<DomainRequest>),
    AlterTable {
        table: RelationName,
        changes: Vec<TableChange>,
        tag: &'static str,
    },
    RenameTable {
        from: RelationName,
        to: String,
        tag: &'static str,
    },
    SetSchema {
        relation: RelationName,
        schema: SchemaId,
        tag: &'static str,
    },
    Truncate {
        names: Vec<RelationName>,
        /// RESTART IDENTITY.
        restart: bool,
        cascade: bool,
    },
    /// Already so: the tag to answer with, and what to say of it.
    Nothing {
        tag: &'static str,
        notices: Vec<Notice>,
    },
}

/// Plans a statement that changes the catalog, or that empties tables.
///
/// # Errors
/// 42601 for a clause that is not PostgreSQL's,
/// 0A000 for an extension or a statement that is not offered; as [`writable_table`], [`new_name`], [`plan_table`],
/// [`plan_query`], [`table_of_query`], [`plan_create_view`], [`plan_comment`], [`plan_create_index`], [`plan_reindex`], [`plan_alter`], [`plan_create_schema`],
/// [`plan_alter_schema`] and [`plan_drop`].
pub fn plan_definition(
    statement: &Statement,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<DataDefinition> {
    match statement {
        Statement::CreateTable(table) if is_of_domain(context.text) => {
            Ok(DataDefinition::Domain(Box::new(plan_create_domain(table, context)?)))
        }
        Statement::AlterTable(alter) if is_of_domain(context.text) => {
            Ok(DataDefinition::Domain(Box::new(plan_alter_domain(alter, context)?)))
        }
        Statement::CreateTable(table) => plan_create_table(table, parameters, context),
        Statement::CreateIndex(index) => Ok(DataDefinition::CreateIndex(plan_create_index(index, context)?)),
        Statement::Comment { object_type, object_name, comment, if_exists: false } => {
            let request = plan_comment(*object_type, object_name, comment.as_deref(), context)?;
            Ok(DataDefinition::Comment(request))
        }
        Statement::CreateView(view) if view.materialized => {
            let request = plan_create_materialized(view, parameters, context)?;
            Ok(DataDefinition::CreateMaterialized(Box::new(request)))
        }
        Statement::Vacuum(vacuum) if vacuum.recluster => {
            Ok(DataDefinition::Refresh(Box::new(plan_refresh(vacuum, context)?)))
        }
        Statement::CreateView(view) => {
            Ok(DataDefinition::CreateView(Box::new(plan_create_view(view, parameters, context)?)))
        }
        Statement::Vacuum(vacuum) if vacuum.reindex => Ok(DataDefinition::Reindex(plan_reindex(vacuum, context)?)),
        Statement::AlterTable(alter) => plan_alter(alter, context),
        Statement::CreateSequence { name, temporary, .. } => plan_sequence(name, *temporary, context),
        Statement::Truncate(truncate) => plan_truncate(truncate, context),
        Statement::CreateExtension(extension) => {
            unread::create_extension(extension)?;
            let name = folded(&extension.name);
            match name.as_str() {
                "vector" | "plpgsql" => {
                    let message = format!("extension \"{name}\" already exists, skipping");
                    let notice = Notice::of(Error::new(ErrorKind::DuplicateObject, message));
                    // Without IF NOT EXISTS it is made as far as anybody can tell.
                    let notices = if extension.if_not_exists { vec![notice] } else { Vec::new() };
                    Ok(DataDefinition::Nothing { tag: "CREATE EXTENSION", notices })
                }
                _ => Err(Error::unsupported(
                    format!("extension \"{name}\" is not available"),
                    "The types and functions of vector are built in; there are no others.",
                )),
            }
        }
        Statement::CreateSchema { .. } => Ok(DataDefinition::Schema(plan_create_schema(statement, context)?)),
        Statement::AlterSchema(alter) => plan_alter_schema(alter, context),
        Statement::CreateType { name, representation } => {
            Ok(DataDefinition::Type(plan_create_type(name, representation.as_ref(), context)?))
        }
        Statement::AlterType(alter) => Ok(DataDefinition::Type(plan_alter_type(alter, context)?)),
        other => match plan_drop(other, context)? {
            Some(definition) => Ok(definition),
            None => Err(not_offered(other)),
        },
    }
}

fn not_offered(statement: &Statement) -> Error {
    let (what, hint) = match statement {
        Statement::CreateFunction(_) | Statement::CreateProcedure { .. } | Statement::CreateTrigger(_) => {
            ("functions and triggers of your own", "Do the work in the application.")
        }
        Statement::CreateDatabase { .. } => ("CREATE DATABASE", "A data directory is one database, nebulus."),
        Statement::AlterIndex { .. } => ("ALTER INDEX", "Drop the index and create it under the other name."),
        _ => ("this statement", "The section \"Statements\" of COMPAT.md lists those that are."),
    };
    let verb = if what.ends_with('s') || what.contains(" and ") { "are" } else { "is" };
    Error::unsupported(format!("{what} {verb} not offered"), hint)
}

fn plan_create_table(
    table: &CreateTable,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<DataDefinition> {
    unread::create_table(table)?;
    let name = new_name(&table.name, table.temporary, context)?;
    let on_commit = match table.on_commit {
        None | Some(ast::OnCommit::PreserveRows) => OnCommit::PreserveRows,
        Some(ast::OnCommit::DeleteRows) => OnCommit::DeleteRows,
        Some(ast::OnCommit::Drop) => OnCommit::Drop,
    };
    let Some(query) = &table.query else {
        let request = plan_table(table, (name, on_commit), context)?;
        return Ok(DataDefinition::CreateTable { table: request, if_not_exists: table.if_not_exists });
    };
    if !table.columns.is_empty() || !table.constraints.is_empty() {
        return Err(Error::syntax("CREATE TABLE AS takes names of columns alone", None)
            .with_hint("CREATE TABLE name (column, ...) AS query"));
    }
    let plan = plan_query(query, parameters, context)?;
    let TableText { columns: names, is_empty, .. } = table_text(context.text);
    let columns = table_of_query(&plan, &names)?;
    let if_not_exists = table.if_not_exists;
    Ok(DataDefinition::CreateTableAs { name, on_commit, plan, columns, if_not_exists, is_empty })
}

fn plan_truncate(truncate: &Truncate, context: &PlanContext<'_>) -> Result<DataDefinition> {
    unread::truncate(truncate)?;
    let mut names = Vec::with_capacity(truncate.table_names.len());
    for target in &truncate.table_names {
        let collection = writable_table(&target.name, context)?;
        if collection.materialized.is_some() {
            return Err(Error::new(ErrorKind::WrongObjectType, format!("\"{}\" is not a table", collection.name)));
        }
        context.notes.touch_collection(&collection, Privilege::Truncate);
        names.push(collection.relation());
    }
    let restart = matches!(truncate.identity, Some(TruncateIdentityOption::Restart));
    let cascade = matches!(truncate.cascade, Some(CascadeOption::Cascade));
    Ok(DataDefinition::Truncate { names, restart, cascade })
}

impl DataDefinition {
    /// SELECT … INTO: a table made of a query's rows.
    ///
    /// # Errors
    /// 42701 for two columns of one name; as `new_name` and [`plan_query`].
    pub fn select_into(
        query: &Query,
        parameters: &mut ParameterTypes,
        context: &PlanContext<'_>,
    ) -> Result<DataDefinition> {
        let mut query = query.clone();
        let SetExpr::Select(select) = query.body.as_mut() else {
            return Err(Error::internal("SELECT INTO is no SELECT"));
        };
        let Some(into) = select.into.take() else { return Err(Error::internal("SELECT INTO has no INTO")) };
        // What is not logged would be lost in a crash; what is lasts.
        let SelectInto { temporary, unlogged: _, table: _, name } = into;
        let name = new_name(&name, temporary, context)?;
        let plan = plan_query(&query, parameters, context)?;
        let columns = table_of_query(&plan, &[])?;
        let on_commit = OnCommit::default();
        Ok(DataDefinition::CreateTableAs { name, on_commit, plan, columns, if_not_exists: false, is_empty: false })
    }

    /// Carries the statement out; the command tag.
    ///
    /// # Errors
    /// 42P07 and 42701 for names that are taken, 42P01, 42703 and 42704 for what is not there any more, 54000 above the limits of
    /// a table or a transaction; what the rows do not allow, as `TableChange::make` and `IndexRequest::create`; as
    /// [`ReadPlan::execute`]; 57014 and 57P01 when the statement is cancelled.
    async fn carry_out(&self, mut run: WriteRun<'_>) -> Result<CommandTag> {
        let (parameters, settings, cancel) = (run.parameters, run.settings, run.cancel);
        let transaction = &mut *run.transaction;
        Needs { catalog: transaction.catalog(), who: settings.identity().current }.check(self)?;
        let word = match self {
            DataDefinition::Nothing { tag, notices } => {
                transaction.notices.extend(notices.iter().cloned());
                tag
            }
            DataDefinition::CreateTable { table, if_not_exists } => {
                if !(*if_not_exists && skips(&table.name, transaction)) {
                    table.create(transaction, cancel)?;
                }
                "CREATE TABLE"
            }
            DataDefinition::CreateTableAs { name, on_commit, plan, columns, if_not_exists, is_empty } => {
                if *if_not_exists && skips(name, transaction) {
                    return Ok(CommandTag::of("CREATE TABLE AS"));
                }
                if *is_empty {
                    let made = new_table(transaction.new_id(), (name, *on_commit), columns);
                    return transaction.create_collection(made).map(|()| CommandTag::of("CREATE TABLE AS"));
                }
                let rows =
                    create_as((name, *on_commit), plan, columns, transaction, (parameters, settings, cancel)).await?;
                return Ok(CommandTag::counted("SELECT", rows));
            }
            DataDefinition::CreateIndex(request) => {
                request.create(transaction, cancel).await?;
                "CREATE INDEX"
            }
            DataDefinition::CreateMaterialized(request) => {
                return request.create(transaction, (parameters, settings, cancel)).await;
            }
            DataDefinition::Refresh(request) => {
                request.make(transaction, (parameters, settings, cancel)).await?;
                "REFRESH MATERIALIZED VIEW"
            }
            DataDefinition::Reindex(request) => {
                request.execute(transaction, cancel).await?;
                "REINDEX"
            }
            DataDefinition::AlterTable { table, changes, tag } => {
                for change in changes {
                    change.make(table, &mut run).await?;
                }
                tag
            }
            DataDefinition::Truncate { names, restart, cascade } => {
                let names = with_referring(names, *cascade, transaction)?;
                truncate(&names, *restart, transaction, (settings, cancel))?;
                "TRUNCATE TABLE"
            }
            _ => self.make(transaction, cancel)?,
        };
        Ok(CommandTag::of(word))
    }
}

impl DataDefinition {
    /// Carries out what changes the catalog alone.
    fn make(&self, transaction: &mut Transaction, cancel: &Cancel) -> Result<&'static str> {
        match self {
            DataDefinition::CreateView(request) => request.create(transaction).map(|()| "CREATE VIEW"),
            DataDefinition::Comment(request) => request.make(transaction).map(|()| "COMMENT"),
            DataDefinition::AlterView { change, tag } => change.make(transaction).map(|()| *tag),
            DataDefinition::Drop(request) => request.execute(transaction),
            DataDefinition::Schema(request) => request.execute(transaction),
            DataDefinition::Sequence(request) => request.make(transaction),
            DataDefinition::Type(request) => request.make(transaction, cancel),
            DataDefinition::Domain(request) => request.make(transaction, cancel),
            DataDefinition::RenameTable { from, to, tag } => transaction.rename_collection(from, to).map(|()| *tag),
            DataDefinition::SetSchema { relation, schema, tag } => {
                transaction.set_schema(relation, *schema).map(|()| *tag)
            }
            _ => Err(Error::internal("a definition is carried out by nobody")),
        }
    }
}

impl Change for DataDefinition {
    fn execute<'a>(&'a self, run: WriteRun<'a>) -> Work<'a, Written> {
        let path = SearchPath::of(run.settings, run.transaction.catalog());
        run.transaction.name_as(path);
        later(async move { self.carry_out(run).await.map(Written::only) })
    }

    fn explain<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        match self {
            DataDefinition::CreateTableAs { plan, .. } => RowSource::explain(plan, run),
            DataDefinition::CreateMaterialized(request) => RowSource::explain(request.plan(), run),
            _ => at_once(Ok(Vec::new())),
        }
    }

    fn is_short(&self) -> bool {
        // It may look at every entry of a table, or write it.
        false
    }

    fn kind(&self) -> StatementKind {
        StatementKind::Define
    }

    fn rewrites(&self) -> bool {
        match self {
            DataDefinition::AlterTable { changes, .. } => changes.iter().any(TableChange::rewrites),
            DataDefinition::Refresh(_) => true,
            DataDefinition::Domain(request) => request.rewrites(),
            _ => false,
        }
    }
}

fn new_table(id: CollectionId, (name, on_commit): (&RelationName, OnCommit), columns: &[Column]) -> Collection {
    let table = Collection::new(id, name.name.as_str(), CollectionKind::Table, columns.to_vec());
    Collection { schema: name.schema, on_commit, ..table }
}

async fn create_as(
    (name, on_commit): (&RelationName, OnCommit),
    plan: &ReadPlan,
    columns: &[Column],
    transaction: &mut Transaction,
    running: Running<'_>,
) -> Result<u64> {
    let made = new_table(transaction.new_id(), (name, on_commit), columns);
    transaction.create_collection(made)?;
    let collection = Arc::clone(transaction.catalog().expect_collection(name)?);
    fill(&collection, plan, transaction, running).await
}

/// Whether IF NOT EXISTS leaves a relation as it is; the client is told.
pub fn skips(name: &RelationName, transaction: &mut Transaction) -> bool {
    let is_there = transaction.catalog().is_taken(name);
    if is_there {
        let report = Error::new(ErrorKind::DuplicateTable, format!("relation \"{name}\" already exists, skipping"));
        transaction.notices.push(Notice::of(report));
    }
    is_there
}

/// The tables that are emptied: those that are named, and with CASCADE those that refer to them.
///
/// # Errors
/// 0A000, as in PostgreSQL, where others refer to them without it.
fn with_referring(names: &[RelationName], cascade: bool, transaction: &mut Transaction) -> Result<Vec<RelationName>> {
    let mut all = names.to_vec();
    let mut at = 0;
    while let Some(name) = all.get(at).cloned() {
        at += 1;
        let id = transaction.catalog().expect_collection(&name)?.id;
        for (child, _) in transaction.catalog().references_to(id) {
            if all.contains(&child.relation()) {
                continue;
            }
            if !cascade {
                let message = "cannot truncate a table referenced in a foreign key constraint";
                let hint = format!("Truncate table \"{}\" at the same time, or use TRUNCATE ... CASCADE.", child.name);
                return Err(Error::new(ErrorKind::Unsupported, message)
                    .with_detail(format!("Table \"{}\" references \"{name}\".", child.name))
                    .with_hint(hint));
            }
            transaction.notices.push(Notice::new(format!("truncate cascades to table \"{}\"", child.name)));
            all.push(child.relation());
        }
    }
    Ok(all)
}

fn truncate(
    names: &[RelationName],
    restart: bool,
    transaction: &mut Transaction,
    (settings, cancel): (&Settings, &Cancel),
) -> Result<()> {
    for name in names {
        let collection = Arc::clone(transaction.catalog().expect_collection(name)?);
        for key in matching_keys(transaction, &collection, None, (settings, cancel))? {
            cancel.check()?;
            transaction.delete_with_references(&collection, &key)?;
        }
        if restart {
            transaction.restart_sequences(&collection);
        }
    }
    Ok(())
}
