//! Data definition: tables, indexes, and the statements about objects that this server has one fixed kind of.
//!
//! `define_table` reads columns and constraints, `define_index` indexes; this file dispatches and carries out.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation, CreateTable, ObjectName, ObjectType, Query,
    RenameTableNameKind, SchemaName, SetExpr, Spanned, Statement, TableConstraint, Truncate, TruncateIdentityOption,
};

use crate::db::{Cancel, EntryKey, OnConflict, Operand, Output, Query as DbQuery, Settings, Transaction};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionKind, Column, DefaultValue, Value};
use crate::sql::alter_column::{alter_type, check_owner};
use crate::sql::context::PlanContext;
use crate::sql::define_index::{IndexRequest, plan_create_index};
use crate::sql::define_table::{TableRequest, plan_column, plan_table, table_of_query};
use crate::sql::insert::default_expression;
use crate::sql::parameters::ParameterTypes;
use crate::sql::read::{ReadPlan, plan_query};
use crate::sql::row_compile::{Compiler, Visible};
use crate::sql::row_expression::{RowExpression, RowInput};
use crate::sql::scope::folded;
use crate::sql::target::{located, public_name, relation_name, writable};
use crate::sql::type_of::declared_type;
use crate::sql::unread;

/// A planned statement that changes the catalog, or empties tables.
pub enum Definition {
    CreateTable {
        table: TableRequest,
        if_not_exists: bool,
    },
    CreateTableAs {
        name: String,
        plan: ReadPlan,
        columns: Vec<Column>,
        if_not_exists: bool,
    },
    CreateIndex(IndexRequest),
    DropTables {
        names: Vec<String>,
        if_exists: bool,
    },
    DropIndexes {
        names: Vec<String>,
        if_exists: bool,
    },
    AddColumn {
        table: String,
        column: Column,
        if_not_exists: bool,
    },
    RenameTable {
        from: String,
        to: String,
    },
    AddUnique(IndexRequest),
    /// ALTER COLUMN … TYPE vector(n), or vector.
    AlterVector {
        table: String,
        column: String,
        declared: Option<u32>,
    },
    Truncate {
        names: Vec<String>,
        /// RESTART IDENTITY.
        restart: bool,
    },
    /// Already so: the tag to answer with.
    Nothing(&'static str),
}

pub fn plan_definition(
    statement: &Statement,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<Definition> {
    match statement {
        Statement::CreateTable(table) => plan_create_table(table, parameters, context),
        Statement::CreateIndex(index) => Ok(Definition::CreateIndex(plan_create_index(index, context)?)),
        Statement::Drop { object_type, if_exists, names, .. } => plan_drop(*object_type, *if_exists, names, context),
        Statement::AlterTable(alter) => plan_alter(alter, context),
        Statement::Truncate(truncate) => plan_truncate(truncate, context),
        Statement::CreateExtension(extension) => {
            unread::create_extension(extension)?;
            let name = folded(&extension.name);
            match name.as_str() {
                "vector" | "plpgsql" => Ok(Definition::Nothing("CREATE EXTENSION")),
                _ => Err(Error::unsupported(
                    format!("extension \"{name}\" is not available"),
                    "The types and functions of vector are built in; there are no others.",
                )),
            }
        }
        Statement::CreateSchema { schema_name, if_not_exists, .. } => {
            let is_public = match schema_name {
                SchemaName::Simple(name) | SchemaName::NamedAuthorization(name, _) => {
                    relation_name(name)?.1 == "public"
                }
                SchemaName::UnnamedAuthorization(_) => false,
            };
            match (is_public, if_not_exists) {
                (true, true) => Ok(Definition::Nothing("CREATE SCHEMA")),
                (true, false) => Err(Error::new(ErrorKind::DuplicateObject, "schema \"public\" already exists")),
                (false, _) => Err(Error::unsupported("schemas cannot be made", "Every table is in the schema public.")),
            }
        }
        other => Err(not_offered(other)),
    }
}

fn not_offered(statement: &Statement) -> Error {
    let (what, hint) = match statement {
        Statement::Comment { .. } => ("COMMENT ON", "Keep the comment in the application."),
        Statement::CreateView(_) => ("CREATE VIEW", "Name the query with WITH in the statements that use it."),
        Statement::CreateSequence { .. } => ("CREATE SEQUENCE", "Declare a column as bigserial."),
        Statement::CreateFunction(_) | Statement::CreateProcedure { .. } | Statement::CreateTrigger(_) => {
            ("functions and triggers of your own", "Do the work in the application.")
        }
        Statement::CreateType { .. } | Statement::CreateDomain(_) => ("types of your own", "Use text or jsonb."),
        Statement::CreateRole(_) | Statement::CreateUser(_) => {
            ("roles besides the owner", "A node has one user, nebulus; ALTER ROLE nebulus PASSWORD '...'.")
        }
        Statement::Grant(_) | Statement::Revoke(_) => ("GRANT and REVOKE", "A node has one user, nebulus."),
        Statement::CreateDatabase { .. } => ("CREATE DATABASE", "A data directory is one database, nebulus."),
        Statement::Merge(_) => ("MERGE", "Use INSERT ... ON CONFLICT DO UPDATE."),
        Statement::DropExtension(_) => ("DROP EXTENSION", "What vector offers is built in."),
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
) -> Result<Definition> {
    unread::create_table(table)?;
    let name = public_name(&table.name, context)?;
    let Some(query) = &table.query else {
        let request = plan_table(table, name, context)?;
        return Ok(Definition::CreateTable { table: request, if_not_exists: table.if_not_exists });
    };
    if !table.columns.is_empty() {
        return Err(Error::unsupported(
            "CREATE TABLE with columns AS a query is not offered",
            "Name the columns in the query, or CREATE TABLE and INSERT ... SELECT.",
        ));
    }
    let plan = plan_query(query, parameters, context)?;
    let columns = table_of_query(&plan)?;
    Ok(Definition::CreateTableAs { name, plan, columns, if_not_exists: table.if_not_exists })
}

fn plan_drop(
    object_type: ObjectType,
    if_exists: bool,
    names: &[ObjectName],
    context: &PlanContext<'_>,
) -> Result<Definition> {
    let catalog = context.view.catalog();
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        let (_, plain) = relation_name(name)?;
        let is_there = match object_type {
            ObjectType::Table => catalog.collection(&plain).is_some(),
            ObjectType::Index => catalog.index_by_name(&plain).is_some(),
            ObjectType::View | ObjectType::MaterializedView | ObjectType::Sequence if if_exists => continue,
            _ => {
                return Err(Error::unsupported(
                    format!("DROP {object_type} is not offered"),
                    "Only tables and indexes can be dropped.",
                ));
            }
        };
        if is_there {
            found.push(public_name(name, context)?);
        } else if !if_exists {
            let error = match object_type {
                ObjectType::Table => Error::new(ErrorKind::UndefinedTable, format!("table \"{plain}\" does not exist")),
                _ => Error::new(ErrorKind::UndefinedObject, format!("index \"{plain}\" does not exist")),
            };
            return Err(located(error, context.text, name.span().start));
        }
    }
    Ok(match object_type {
        ObjectType::Index => Definition::DropIndexes { names: found, if_exists },
        ObjectType::View => Definition::Nothing("DROP VIEW"),
        ObjectType::MaterializedView => Definition::Nothing("DROP MATERIALIZED VIEW"),
        ObjectType::Sequence => Definition::Nothing("DROP SEQUENCE"),
        _ => Definition::DropTables { names: found, if_exists },
    })
}

fn plan_alter(alter: &AlterTable, context: &PlanContext<'_>) -> Result<Definition> {
    let collection = match writable(&alter.name, context) {
        Err(error) if alter.if_exists && error.kind() == ErrorKind::UndefinedTable => {
            return Ok(Definition::Nothing("ALTER TABLE"));
        }
        other => other?,
    };
    unread::alter_table(alter)?;
    let [operation] = alter.operations.as_slice() else {
        return Err(Error::unsupported(
            "several changes in one ALTER TABLE are not offered",
            "Use one statement each.",
        ));
    };
    match operation {
        AlterTableOperation::AddColumn { column_keyword: _, column_def, if_not_exists, column_position: None } => {
            let planned = plan_column(column_def, &collection.name, context)?;
            if planned.is_primary_key || planned.unique.is_some() {
                return Err(Error::unsupported(
                    "a new column cannot be a key",
                    "Add the column, then CREATE UNIQUE INDEX on it.",
                ));
            }
            Ok(Definition::AddColumn {
                table: collection.name.clone(),
                column: planned.column,
                if_not_exists: *if_not_exists,
            })
        }
        AlterTableOperation::RenameTable { table_name } => {
            let (RenameTableNameKind::To(to) | RenameTableNameKind::As(to)) = table_name;
            Ok(Definition::RenameTable { from: collection.name.clone(), to: public_name(to, context)? })
        }
        AlterTableOperation::AddConstraint { constraint: TableConstraint::Unique(unique), not_valid: false } => {
            Ok(Definition::AddUnique(crate::sql::define_index::unique_constraint(unique, &collection, context)?))
        }
        AlterTableOperation::OwnerTo { new_owner } => {
            check_owner(new_owner)?;
            Ok(Definition::Nothing("ALTER TABLE"))
        }
        AlterTableOperation::AlterColumn {
            column_name,
            op: AlterColumnOperation::SetDataType { data_type, using: None, had_set: _ },
        } => alter_type(&collection, folded(column_name), declared_type(data_type)?.ty),
        _ => Err(Error::unsupported(
            "this change of a table is not offered",
            "ADD COLUMN, ADD UNIQUE, RENAME TO and ALTER COLUMN ... TYPE vector(n) are; otherwise make a new table and \
             INSERT ... SELECT.",
        )),
    }
}

fn plan_truncate(truncate: &Truncate, context: &PlanContext<'_>) -> Result<Definition> {
    unread::truncate(truncate)?;
    let mut names = Vec::with_capacity(truncate.table_names.len());
    for target in &truncate.table_names {
        names.push(writable(&target.name, context)?.name.clone());
    }
    let restart = matches!(truncate.identity, Some(TruncateIdentityOption::Restart));
    Ok(Definition::Truncate { names, restart })
}

impl Definition {
    /// SELECT … INTO: a table made of a query's rows.
    pub fn select_into(
        query: &Query,
        parameters: &mut ParameterTypes,
        context: &PlanContext<'_>,
    ) -> Result<Definition> {
        let mut query = query.clone();
        let SetExpr::Select(select) = query.body.as_mut() else {
            return Err(Error::internal("SELECT INTO is no SELECT"));
        };
        let Some(into) = select.into.take() else { return Err(Error::internal("SELECT INTO has no INTO")) };
        unread::select_into(&into)?;
        let name = public_name(&into.name, context)?;
        let plan = plan_query(&query, parameters, context)?;
        let columns = table_of_query(&plan)?;
        Ok(Definition::CreateTableAs { name, plan, columns, if_not_exists: false })
    }

    /// Carries the statement out; the command tag.
    pub async fn execute(
        &self,
        transaction: &mut Transaction,
        parameters: &[Value],
        settings: &Settings,
        cancel: &Cancel,
    ) -> Result<String> {
        let tag = match self {
            Definition::Nothing(tag) => tag,
            Definition::CreateTable { table, if_not_exists } => {
                if !(*if_not_exists && transaction.catalog().collection(&table.name).is_some()) {
                    transaction.create_collection(table.collection(transaction))?;
                }
                "CREATE TABLE"
            }
            Definition::CreateTableAs { name, plan, columns, if_not_exists } => {
                if *if_not_exists && transaction.catalog().collection(name).is_some() {
                    return Ok("CREATE TABLE AS".to_string());
                }
                let rows = create_as(name, plan, columns, transaction, (parameters, settings, cancel)).await?;
                return Ok(format!("SELECT {rows}"));
            }
            Definition::CreateIndex(request) => {
                request.create(transaction, cancel).await?;
                "CREATE INDEX"
            }
            Definition::AddUnique(request) => {
                request.create(transaction, cancel).await?;
                "ALTER TABLE"
            }
            Definition::DropTables { names, if_exists } => {
                for name in names {
                    if !(*if_exists && transaction.catalog().collection(name).is_none()) {
                        transaction.drop_collection(name)?;
                    }
                }
                "DROP TABLE"
            }
            Definition::DropIndexes { names, if_exists } => {
                for name in names {
                    if !(*if_exists && transaction.catalog().index_by_name(name).is_none()) {
                        transaction.drop_index(name)?;
                    }
                }
                "DROP INDEX"
            }
            Definition::RenameTable { from, to } => {
                transaction.rename_collection(from, to)?;
                "ALTER TABLE"
            }
            Definition::AddColumn { table, column, if_not_exists } => {
                add_column(table, column, *if_not_exists, transaction, (settings, cancel))?;
                "ALTER TABLE"
            }
            Definition::AlterVector { table, column, declared } => {
                transaction.alter_vector_column(table, column, *declared, cancel)?;
                "ALTER TABLE"
            }
            Definition::Truncate { names, restart } => {
                truncate(names, *restart, transaction, (settings, cancel))?;
                "TRUNCATE TABLE"
            }
        };
        Ok(tag.to_string())
    }
}

async fn create_as(
    name: &str,
    plan: &ReadPlan,
    columns: &[Column],
    transaction: &mut Transaction,
    (parameters, settings, cancel): (&[Value], &Settings, &Cancel),
) -> Result<u64> {
    let view = transaction.view().clone();
    transaction.create_collection(Collection {
        id: transaction.new_id(),
        name: name.to_string(),
        kind: CollectionKind::Table,
        columns: columns.to_vec(),
        primary_key: Vec::new(),
        indexes: Vec::new(),
    })?;
    let collection = Arc::clone(transaction.catalog().expect_collection(name)?);
    let mut stream = plan.execute(&view, parameters, settings, cancel).await?;
    drop(view);
    let mut count = 0;
    while let Some(chunk) = stream.next_chunk().await? {
        cancel.check()?;
        for row in chunk {
            transaction.insert(&collection, row.into_iter().map(Some).collect(), OnConflict::Fail)?;
            count += 1;
        }
    }
    Ok(count)
}

/// Adds a column; a default other than NULL is written into the entries that are there.
fn add_column(
    table: &str,
    column: &Column,
    if_not_exists: bool,
    transaction: &mut Transaction,
    (settings, cancel): (&Settings, &Cancel),
) -> Result<()> {
    let current = transaction.catalog().expect_collection(table)?;
    if current.column(&column.name).is_some() {
        if if_not_exists {
            return Ok(());
        }
        return Err(Error::new(
            ErrorKind::DuplicateColumn,
            format!("column \"{}\" of relation \"{table}\" already exists", column.name),
        ));
    }
    transaction.add_column(table, column.clone())?;
    let collection = Arc::clone(transaction.catalog().expect_collection(table)?);
    let position = collection.columns.len().saturating_sub(1);
    let Some(DefaultValue::Expression(text)) = &column.default else { return Ok(()) };
    let mut parameters = ParameterTypes::default();
    let view = transaction.view().clone();
    let context = PlanContext { view: &view, settings, text, query_function: None, cancel };
    let mut compiler = Compiler::new(&collection, table, Visible::Nothing, &mut parameters, &context);
    let place = crate::sql::target::Place::Column(position);
    let default: Option<RowExpression> = compiler.try_assign(&default_expression(text)?, place)?;
    let Some(default) = default else {
        return Err(Error::unsupported(
            "the default of a new column must be a simple expression",
            "Add the column without a default and UPDATE the rows.",
        ));
    };
    drop(view);
    let input = RowInput { now: chrono::Utc::now().timestamp_micros(), ..RowInput::default() };
    for key in keys(&collection, transaction, settings, cancel)? {
        cancel.check()?;
        transaction.update(&collection, &key, vec![(position, default.evaluate(&input)?)])?;
    }
    Ok(())
}

fn truncate(
    names: &[String],
    restart: bool,
    transaction: &mut Transaction,
    (settings, cancel): (&Settings, &Cancel),
) -> Result<()> {
    for name in names {
        let collection = Arc::clone(transaction.catalog().expect_collection(name)?);
        for key in keys(&collection, transaction, settings, cancel)? {
            cancel.check()?;
            transaction.delete(&collection, &key)?;
        }
        if restart {
            transaction.restart_sequences(&collection)?;
        }
    }
    Ok(())
}

/// The keys of all entries of a collection.
fn keys(
    collection: &Arc<Collection>,
    transaction: &Transaction,
    settings: &Settings,
    cancel: &Cancel,
) -> Result<Vec<EntryKey>> {
    let is_auth = collection.kind == CollectionKind::Auth;
    let operand = if is_auth { Operand::Column(0) } else { Operand::Key };
    let query = DbQuery {
        collection: Arc::clone(collection),
        output: vec![Output::Operand(operand)],
        filter: None,
        nearest: None,
        order: Vec::new(),
        limit: None,
        offset: None,
    };
    let mut cursor = transaction.view().query(&query, settings, cancel)?;
    let mut keys = Vec::new();
    while let Some(chunk) = cursor.next_chunk()? {
        for row in chunk {
            let value = row.into_iter().next().unwrap_or_default();
            keys.push(crate::sql::write::key_of_value(transaction, collection, value)?);
        }
    }
    Ok(keys)
}
