//! CREATE MATERIALIZED VIEW and REFRESH: collections that keep the rows which a query had.
//!
//! The query is kept as that of a view is, and run with the rights of the owner; its rows are written as those of a table. Nobody else
//! writes to one, and no network hears of it.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    AlterColumnOperation, AlterTableOperation, CreateTableOptions, CreateView, Cte, ObjectName, SetExpr, Statement,
    VacuumStatement,
};

use crate::db::{Cancel, OnConflict, Transaction};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::ParameterTypes;
use crate::model::{Collection, CollectionKind, Column, IndexKind, Materialized, RelationName};
use crate::settings::Settings;
use crate::sql::arrow::context::PlanContext;
use crate::sql::define::definition::skips;
use crate::sql::define::table::table_of_query;
use crate::sql::define::view::{KeptQuery, check_no_foreign_clauses};
use crate::sql::parse::names::folded;
use crate::sql::parse::parse::parse;
use crate::sql::pg_catalog::{Object, named_object};
use crate::sql::read::read_plan::{ReadPlan, plan_query};
use crate::sql::write::write_target::{check_user_schema, new_name, writable_table};
use crate::statement::{CommandTag, Privilege, matching_keys};
use crate::types::{Value, quote_identifier};

/// What a statement runs with: values of parameters, settings, and the flag that stops it.
pub type Running<'a> = (&'a [Value], &'a Settings, &'a Cancel);

/// A materialised view to be made.
pub struct MaterializedRequest {
    name: RelationName,
    columns: Vec<Column>,
    plan: ReadPlan,
    kept: Materialized,
    if_not_exists: bool,
}

/// A materialised view whose query is to be run anew, or whose rows are to go.
pub struct RefreshRequest {
    name: RelationName,
    /// `None` WITH NO DATA.
    plan: Option<ReadPlan>,
    is_concurrent: bool,
}

/// Plans CREATE MATERIALIZED VIEW.
///
/// # Errors
/// 42601 for clauses that are not PostgreSQL's and for more names than columns, 42701 for two columns of one name, 0A000 for options
/// and for what reads temporary relations; as [`KeptQuery::of`].
pub fn plan_create_materialized(
    create: &CreateView,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<MaterializedRequest> {
    check_no_foreign_clauses(create, "CREATE MATERIALIZED VIEW [IF NOT EXISTS] name [(columns)] AS query")?;
    if create.or_replace || create.temporary {
        let place = context.text.to_ascii_uppercase().find("MATERIALIZED");
        let place = place.and_then(|byte| context.text.get(..byte)).map(|before| before.chars().count() + 1);
        return Err(Error::syntax("syntax error at or near \"MATERIALIZED\"", place));
    }
    if create.options != CreateTableOptions::None {
        return Err(Error::unsupported("storage parameters of a materialized view are not offered", "Leave them out."));
    }
    let is_change = |cte: &Cte| {
        matches!(
            cte.query.body.as_ref(),
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_)
        )
    };
    if create.query.with.iter().flat_map(|with| &with.cte_tables).any(is_change) {
        let message = "materialized views must not use data-modifying statements in WITH";
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    let name = new_name(&create.name, false, context)?;
    let query = KeptQuery::of(create, parameters, context)?;
    if name.schema.is_temporary() || query.reads_temporary {
        let message = "materialized views must not use temporary tables or views";
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    let names: Vec<String> = create.columns.iter().map(|column| folded(&column.name)).collect();
    let columns = table_of_query(&query.plan, &names)?;
    let kept = Materialized { query: query.text, uses: query.uses, is_populated: !query.is_empty };
    Ok(MaterializedRequest { name, columns, plan: query.plan, kept, if_not_exists: create.if_not_exists })
}

impl MaterializedRequest {
    pub fn name(&self) -> &RelationName {
        &self.name
    }

    /// The query that fills it.
    pub fn plan(&self) -> &ReadPlan {
        &self.plan
    }

    /// Makes the view, and fills it unless it is made WITH NO DATA; the command tag.
    ///
    /// # Errors
    /// As [`Transaction::create_collection`] and [`fill`].
    pub async fn create(&self, transaction: &mut Transaction, running: Running<'_>) -> Result<CommandTag> {
        const TAG: &str = "CREATE MATERIALIZED VIEW";
        if self.if_not_exists && skips(&self.name, transaction) {
            return Ok(CommandTag::of(TAG));
        }
        let rows = Collection {
            schema: self.name.schema,
            ..Collection::new(
                transaction.new_id(),
                self.name.name.as_str(),
                CollectionKind::Table,
                self.columns.clone(),
            )
        };
        let made = Collection { materialized: Some(Box::new(self.kept.clone())), ..rows };
        transaction.create_collection(made)?;
        if !self.kept.is_populated {
            return Ok(CommandTag::of(TAG));
        }
        let rows = rows_of(transaction.catalog().expect_collection(&self.name)?);
        fill(&rows, &self.plan, transaction, running).await.map(|count| CommandTag::counted("SELECT", count))
    }
}

/// The collection as it is written to when its query is run.
fn rows_of(collection: &Collection) -> Arc<Collection> {
    Arc::new(Collection { materialized: None, ..collection.clone() })
}

/// Writes the rows of a query to a collection; how many there are.
///
/// # Errors
/// What the query fails with, 23505 for a unique index, 54000 above the limits of a transaction; 57014 and 57P01 when the statement
/// is cancelled.
pub async fn fill(
    collection: &Arc<Collection>,
    plan: &ReadPlan,
    transaction: &mut Transaction,
    (parameters, settings, cancel): Running<'_>,
) -> Result<u64> {
    let view = transaction.view().clone();
    let mut stream = plan.execute(&view, parameters, settings, cancel).await?;
    drop(view);
    let mut count = 0;
    while let Some(chunk) = stream.next_chunk().await? {
        cancel.check()?;
        for row in chunk {
            transaction.insert(collection, row.into_iter().map(Some).collect(), OnConflict::Fail)?;
            count += 1;
        }
    }
    Ok(count)
}

/// Plans REFRESH MATERIALIZED VIEW, as `rewrite_tokens` has it read.
///
/// # Errors
/// 42P01 for what is not there, 0A000 for what is no materialised view, 42601 for CONCURRENTLY with WITH NO DATA; what the query
/// reports by now.
pub fn plan_refresh(statement: &VacuumStatement, context: &PlanContext<'_>) -> Result<RefreshRequest> {
    let Some(name) = &statement.table_name else {
        return Err(Error::syntax("REFRESH needs a name", None)
            .with_hint("REFRESH MATERIALIZED VIEW [CONCURRENTLY] name [WITH [NO] DATA]"));
    };
    if statement.full && statement.boost {
        let message = "CONCURRENTLY and WITH NO DATA options cannot be used together";
        return Err(Error::syntax(message, None));
    }
    let collection = kept_collection(name, context)?;
    context.notes.touch_collection(&collection, Privilege::Maintain);
    let plan = match statement.boost {
        true => None,
        false => Some(plan_again(&collection, context)?),
    };
    Ok(RefreshRequest { name: collection.relation(), plan, is_concurrent: statement.full })
}

fn kept_collection(name: &ObjectName, context: &PlanContext<'_>) -> Result<Arc<Collection>> {
    check_user_schema(name, context).map_err(Error::without_position)?;
    match named_object(name, context)? {
        Some(Object::Table(collection)) if collection.materialized.is_some() => Ok(collection),
        Some(object) => {
            let message = format!("\"{}\" is not a materialized view", object.name());
            Err(Error::new(ErrorKind::Unsupported, message))
        }
        // It is told in the same words as of any other table.
        None => writable_table(name, context).map_err(Error::without_position),
    }
}

/// The plan of the query that a materialised view keeps the rows of, which has to show the columns that it had.
fn plan_again(collection: &Collection, context: &PlanContext<'_>) -> Result<ReadPlan> {
    let schema = context.view.catalog().schema_name(collection.schema);
    let text = format!("SELECT * FROM {}.{}", quote_identifier(&schema), quote_identifier(&collection.name));
    let query = match parse(&text)?.statement {
        Some(Statement::Query(query)) => *query,
        _ => return Err(Error::internal("what reads a materialized view is no query")),
    };
    let context = PlanContext { refreshed: Some(collection.id), text: &text, ..*context };
    let plan = plan_query(&query, &mut ParameterTypes::default(), &context)?;
    let names: Vec<String> = collection.columns.iter().map(|column| column.name.clone()).collect();
    let now = table_of_query(&plan, &names)?;
    for (column, now) in collection.columns.iter().zip(&now) {
        if column.ty.with_dimension(None) != now.ty.with_dimension(None) {
            let message = format!(
                "column \"{}\" of materialized view \"{}\" was of type {} and is of type {} now",
                column.name, collection.name, column.ty, now.ty
            );
            return Err(Error::unsupported(message, "DROP MATERIALIZED VIEW and make it again."));
        }
    }
    Ok(plan)
}

impl RefreshRequest {
    /// Puts the rows that the query has now in the place of those that it had.
    ///
    /// # Errors
    /// 42P01; 0A000 and 55000 where CONCURRENTLY lacks rows or a unique index, as PostgreSQL asks for them; as [`fill`].
    pub async fn make(&self, transaction: &mut Transaction, running: Running<'_>) -> Result<()> {
        let collection = Arc::clone(transaction.catalog().expect_collection(&self.name)?);
        let Some(kept) = &collection.materialized else {
            let message = format!("\"{}\" is not a materialized view", collection.name);
            return Err(Error::new(ErrorKind::Unsupported, message));
        };
        if self.is_concurrent {
            self.check_concurrent(&collection, kept, transaction)?;
        }
        let rows = rows_of(&collection);
        for key in matching_keys(transaction, &rows, None, (running.1, running.2))? {
            running.2.check()?;
            transaction.delete(&rows, &key)?;
        }
        if let Some(plan) = &self.plan {
            let filled = fill(&rows, plan, transaction, running).await;
            filled.map_err(|error| if self.is_concurrent { error } else { of_index(error, &collection) })?;
        }
        match kept.is_populated == self.plan.is_some() {
            true => Ok(()),
            false => transaction.set_populated(&self.name, self.plan.is_some()),
        }
    }

    /// Nobody waits for a refresh here; what PostgreSQL asks of one that nobody waits for is asked all the same.
    fn check_concurrent(&self, collection: &Collection, kept: &Materialized, transaction: &Transaction) -> Result<()> {
        if !kept.is_populated {
            let message = "CONCURRENTLY cannot be used when the materialized view is not populated";
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        let is_plain = |kind: &IndexKind| match kind {
            IndexKind::Keys(keys) => keys.condition.is_none() && kind.key_positions().iter().all(Option::is_some),
            _ => true,
        };
        if collection.indexes.iter().any(|index| index.is_enforced() && is_plain(&index.kind)) {
            return Ok(());
        }
        let schema = transaction.catalog().schema_name(collection.schema);
        let message = format!("cannot refresh materialized view \"{schema}.{}\" concurrently", collection.name);
        Err(Error::new(ErrorKind::NotInPrerequisiteState, message)
            .with_hint("Create a unique index with no WHERE clause on one or more columns of the materialized view."))
    }
}

/// As PostgreSQL, which builds the indexes of the new rows: two that have the same values of a unique one.
fn of_index(error: Error, collection: &Collection) -> Error {
    let index = error.subject().and_then(|subject| subject.constraint.clone());
    let Some(index) = index.filter(|_| error.kind() == ErrorKind::UniqueViolation) else { return error };
    let message = format!("could not create unique index \"{index}\"");
    let made = Error::new(ErrorKind::UniqueViolation, message).of_constraint(collection, &index);
    match error.detail().and_then(|detail| detail.strip_suffix(" already exists.")) {
        Some(key) => made.with_detail(format!("{key} is duplicated.")),
        None => made,
    }
}

/// 42809 for a change of columns and constraints, which a query gives.
pub fn refuse_change(operation: &AlterTableOperation, collection: &Collection) -> Error {
    let action = match operation {
        AlterTableOperation::AddColumn { .. } => "ADD COLUMN",
        AlterTableOperation::DropColumn { .. } => "DROP COLUMN",
        AlterTableOperation::AddConstraint { .. } => "ADD CONSTRAINT",
        AlterTableOperation::DropConstraint { .. } => "DROP CONSTRAINT",
        AlterTableOperation::ValidateConstraint { .. } => "VALIDATE CONSTRAINT",
        AlterTableOperation::AlterColumn { op, .. } => match op {
            AlterColumnOperation::SetNotNull => "ALTER COLUMN ... SET NOT NULL",
            AlterColumnOperation::DropNotNull => "ALTER COLUMN ... DROP NOT NULL",
            AlterColumnOperation::SetDefault { .. } => "ALTER COLUMN ... SET DEFAULT",
            AlterColumnOperation::DropDefault => "ALTER COLUMN ... DROP DEFAULT",
            AlterColumnOperation::SetDataType { .. } => "ALTER COLUMN ... SET DATA TYPE",
            AlterColumnOperation::AddGenerated { .. } => "ALTER COLUMN ... ADD IDENTITY",
        },
        _ => {
            let message = format!("this change cannot be performed on relation \"{}\"", collection.name);
            let error = Error::new(ErrorKind::WrongObjectType, message);
            return error.with_detail("This operation is not supported for materialized views.");
        }
    };
    let message = format!("ALTER action {action} cannot be performed on relation \"{}\"", collection.name);
    let error = Error::new(ErrorKind::WrongObjectType, message);
    error.with_detail("This operation is not supported for materialized views.")
}
