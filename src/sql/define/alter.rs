//! ALTER TABLE: one or several changes of a table, which happen together or not at all.
//!
//! As in PostgreSQL constraints are dropped first, then columns are added, then their rules change, then constraints are added,
//! whatever the order in which they are written.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation, ColumnDef, Expr, Ident, RenameTableNameKind, TableConstraint,
};

use crate::db::{Cancel, Settings, Transaction};
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::model::{Collection, Column, DefaultValue, IndexKind};
use crate::sql::analyze::declared_type::declared_type;
use crate::sql::analyze::parameter_types::ParameterTypes;
use crate::sql::arrow::context::PlanContext;
use crate::sql::define::alter_column::{check_owner, declared_dimension};
use crate::sql::define::definition::DataDefinition;
use crate::sql::define::index::{IndexRequest, check_ordered, key_columns, unique_constraint, unique_of_column};
use crate::sql::define::table::{plan_column, plan_default};
use crate::sql::parse::names::{folded, relation_name};
use crate::sql::parse::unread;
use crate::sql::write::insert::default_expression;
use crate::sql::write::row_compiler::{Compiler, Visible};
use crate::sql::write::row_expression::{RowExpression, RowInput};
use crate::sql::write::write_target::{WritePlace, located, public_name, writable_table};
use crate::statement::{PlanNotes, Privilege, matching_keys};
use crate::types::Value;

/// A planned change of a table.
pub enum TableChange {
    AddColumn {
        column: Column,
        if_not_exists: bool,
    },
    SetNotNull {
        column: String,
        not_null: bool,
    },
    SetDefault {
        column: String,
        default: Option<DefaultValue>,
    },
    /// The dimension that a vector column declares; none takes the declaration back.
    SetDimension {
        column: String,
        declared: Option<u32>,
    },
    AddUnique(IndexRequest),
    /// The positions of its columns.
    AddPrimaryKey(Vec<usize>),
    DropConstraint {
        name: String,
        if_exists: bool,
    },
}

/// Plans ALTER TABLE.
///
/// # Errors
/// 42703 for a column that is not there, 42704 for a key of a type without an order, 0A000 and 42601 for a change that this
/// server or PostgreSQL has not; as [`writable_table`], [`public_name`], [`plan_column`], [`plan_default`], [`declared_type`],
/// [`declared_dimension`], [`check_owner`], [`unique_constraint`] and [`key_columns`].
pub fn plan_alter(alter: &AlterTable, context: &PlanContext<'_>) -> Result<DataDefinition> {
    let collection = match writable_table(&alter.name, context) {
        Err(error)
            if alter.if_exists && matches!(error.kind(), ErrorKind::UndefinedTable | ErrorKind::UndefinedSchema) =>
        {
            let (_, name) = relation_name(&alter.name)?;
            let notice = Notice::new(format!("relation \"{name}\" does not exist, skipping"));
            return Ok(DataDefinition::Nothing { tag: "ALTER TABLE", notices: vec![notice] });
        }
        other => other?,
    };
    unread::alter_table(alter)?;
    context.notes.touch_collection(&collection, Privilege::Own);
    if let [AlterTableOperation::RenameTable { table_name }] = alter.operations.as_slice() {
        let (RenameTableNameKind::To(to) | RenameTableNameKind::As(to)) = table_name;
        return Ok(DataDefinition::RenameTable { from: collection.name.clone(), to: public_name(to, context)? });
    }
    let table = collection.name.clone();
    let mut planner = Planner {
        table: (*collection).clone(),
        context,
        drops: Vec::new(),
        columns: Vec::new(),
        rules: Vec::new(),
        constraints: Vec::new(),
    };
    let is_column = |operation: &&AlterTableOperation| matches!(operation, AlterTableOperation::AddColumn { .. });
    for operation in alter.operations.iter().filter(is_column) {
        planner.plan(operation)?;
    }
    for operation in alter.operations.iter().filter(|operation| !is_column(operation)) {
        planner.plan(operation)?;
    }
    let Planner { drops, columns, rules, constraints, .. } = planner;
    let changes = drops.into_iter().chain(columns).chain(rules).chain(constraints).collect();
    Ok(DataDefinition::AlterTable { table, changes })
}

struct Planner<'a> {
    /// With the columns that the statement adds.
    table: Collection,
    context: &'a PlanContext<'a>,
    drops: Vec<TableChange>,
    columns: Vec<TableChange>,
    rules: Vec<TableChange>,
    constraints: Vec<TableChange>,
}

impl Planner<'_> {
    fn plan(&mut self, operation: &AlterTableOperation) -> Result<()> {
        match operation {
            AlterTableOperation::AddColumn { column_keyword: _, column_def, if_not_exists, column_position: None } => {
                self.add_column(column_def, *if_not_exists)
            }
            AlterTableOperation::AlterColumn { column_name, op } => self.alter_column(column_name, op),
            AlterTableOperation::AddConstraint { constraint: TableConstraint::Unique(unique), not_valid: false } => {
                self.constraints.push(TableChange::AddUnique(unique_constraint(unique, &self.table, self.context)?));
                Ok(())
            }
            AlterTableOperation::AddConstraint { constraint: TableConstraint::PrimaryKey(key), not_valid: false } => {
                unread::primary_key(key)?;
                let columns = key_columns(&key.columns, &self.table, self.context)?;
                self.constraints.push(TableChange::AddPrimaryKey(columns));
                Ok(())
            }
            // CASCADE and RESTRICT mean nothing: no constraint depends on another one.
            AlterTableOperation::DropConstraint { if_exists, name, drop_behavior: _ } => {
                self.drops.push(TableChange::DropConstraint { name: folded(name), if_exists: *if_exists });
                Ok(())
            }
            AlterTableOperation::OwnerTo { new_owner } => check_owner(new_owner),
            AlterTableOperation::RenameTable { .. } => {
                Err(Error::syntax("RENAME TO is a statement of its own", None).with_hint("ALTER TABLE t RENAME TO u"))
            }
            _ => Err(Error::unsupported(
                "this change of a table is not offered",
                "ADD COLUMN, ALTER COLUMN ... SET or DROP NOT NULL and DEFAULT, ADD UNIQUE, ADD PRIMARY KEY, DROP CONSTRAINT \
                 and RENAME TO are; otherwise make a new table and INSERT ... SELECT.",
            )),
        }
    }

    fn add_column(&mut self, definition: &ColumnDef, if_not_exists: bool) -> Result<()> {
        let planned = plan_column(definition, &self.table.name, self.context)?;
        let column = planned.column;
        if self.table.column(&column.name).is_some() {
            // It is told of when the statement runs; its constraints are left out with it.
            self.columns.push(TableChange::AddColumn { column, if_not_exists });
            return Ok(());
        }
        if let Some(name) = planned.unique {
            check_ordered(&column)?;
            let columns = vec![self.table.columns.len()];
            let kind = IndexKind::Ordered { columns, unique: true };
            self.constraints.push(TableChange::AddUnique(unique_of_column(&self.table.name, name, &column.name, kind)));
        }
        if planned.is_primary_key {
            check_ordered(&column)?;
            self.constraints.push(TableChange::AddPrimaryKey(vec![self.table.columns.len()]));
        }
        self.table.columns.push(column.clone());
        self.columns.push(TableChange::AddColumn { column, if_not_exists });
        Ok(())
    }

    fn alter_column(&mut self, name: &Ident, operation: &AlterColumnOperation) -> Result<()> {
        let column = folded(name);
        let Some(known) = self.table.columns.iter().find(|known| known.name == column) else {
            let message = format!("column \"{column}\" of relation \"{}\" does not exist", self.table.name);
            let error = Error::new(ErrorKind::UndefinedColumn, message);
            return Err(located(error, self.context.text, name.span.start));
        };
        self.rules.push(match operation {
            AlterColumnOperation::SetNotNull => TableChange::SetNotNull { column, not_null: true },
            AlterColumnOperation::DropNotNull => TableChange::SetNotNull { column, not_null: false },
            AlterColumnOperation::SetDefault { value } => {
                let default = plan_default(value, known, self.context)?;
                TableChange::SetDefault { column, default }
            }
            AlterColumnOperation::DropDefault => TableChange::SetDefault { column, default: None },
            AlterColumnOperation::SetDataType { data_type, using: None, had_set: _ } => {
                let Some(declared) = declared_dimension(known, declared_type(data_type)?.ty)? else { return Ok(()) };
                TableChange::SetDimension { column, declared }
            }
            AlterColumnOperation::SetDataType { .. } => {
                return Err(Error::unsupported(
                    "ALTER COLUMN ... TYPE ... USING is not offered",
                    "Add a column of the other type and UPDATE it from the old one.",
                ));
            }
            AlterColumnOperation::AddGenerated { .. } => {
                return Err(Error::unsupported(
                    "an identity for a column that exists is not offered",
                    "Declare it with the table, or add another column.",
                ));
            }
        });
        Ok(())
    }
}

impl TableChange {
    /// Makes the change.
    ///
    /// # Errors
    /// What the table or its rows do not allow; the statement's other changes are then taken back with it.
    pub async fn make(
        &self,
        table: &str,
        transaction: &mut Transaction,
        (settings, cancel): (&Settings, &Cancel),
    ) -> Result<()> {
        match self {
            TableChange::AddColumn { column, if_not_exists } => {
                add_column(table, column, *if_not_exists, transaction, (settings, cancel))
            }
            TableChange::SetNotNull { column, not_null } => transaction.set_not_null(table, column, *not_null, cancel),
            TableChange::SetDefault { column, default } => transaction.set_default(table, column, default.clone()),
            TableChange::SetDimension { column, declared } => {
                transaction.alter_vector_column(table, column, *declared, cancel)
            }
            TableChange::AddUnique(request) => request.create(transaction, cancel).await,
            TableChange::AddPrimaryKey(columns) => transaction.add_primary_key(table, columns, cancel),
            TableChange::DropConstraint { name, if_exists } => match transaction.drop_constraint(table, name) {
                Err(error) if *if_exists && error.kind() == ErrorKind::UndefinedObject => {
                    transaction.notices.push(Notice::new(format!("{}, skipping", error.message())));
                    Ok(())
                }
                dropped => dropped,
            },
        }
    }
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
        let message = format!("column \"{}\" of relation \"{table}\" already exists", column.name);
        if if_not_exists {
            let report = Error::new(ErrorKind::DuplicateColumn, format!("{message}, skipping"));
            transaction.notices.push(Notice::of(report));
            return Ok(());
        }
        return Err(Error::new(ErrorKind::DuplicateColumn, message));
    }
    transaction.add_column(table, Column { not_null: false, ..column.clone() })?;
    let collection = Arc::clone(transaction.catalog().expect_collection(table)?);
    let position = collection.columns.len().saturating_sub(1);
    if let Some(default) = &column.default {
        fill(&collection, position, default, transaction, (settings, cancel))?;
    }
    if column.not_null {
        transaction.set_not_null(table, &column.name, true, cancel)?;
    }
    Ok(())
}

/// Writes a new column's default into the entries that are there.
fn fill(
    collection: &Arc<Collection>,
    position: usize,
    default: &DefaultValue,
    transaction: &mut Transaction,
    (settings, cancel): (&Settings, &Cancel),
) -> Result<()> {
    let default = match default {
        DefaultValue::Expression(text) => Some(compiled(collection, position, text, transaction, (settings, cancel))?),
        DefaultValue::Sequence | DefaultValue::Identity => None,
        DefaultValue::GeneratedId => return Ok(()),
    };
    let input = RowInput { now: chrono::Utc::now().timestamp_micros(), ..RowInput::default() };
    if let Some(default) = default.as_ref().filter(|default| !default.any(&RowExpression::varies)) {
        // As in PostgreSQL a value that is the same for all is computed even where there is no entry to take it.
        default.evaluate(&input)?;
    }
    for key in matching_keys(transaction, collection, None, (settings, cancel))? {
        cancel.check()?;
        let value: Value = match &default {
            Some(default) => default.evaluate(&input)?,
            None => Value::Int8(transaction.next_number_of(collection, position)?),
        };
        transaction.update(collection, &key, vec![(position, value)])?;
    }
    Ok(())
}

fn compiled(
    collection: &Collection,
    position: usize,
    text: &str,
    transaction: &Transaction,
    (settings, cancel): (&Settings, &Cancel),
) -> Result<RowExpression> {
    let mut parameters = ParameterTypes::default();
    let view = transaction.view().clone();
    let notes = PlanNotes::default();
    let context = PlanContext { view: &view, settings, text, query_function: None, cancel, notes: &notes };
    let mut compiler = Compiler::new(collection, &collection.name, Visible::Nothing, &mut parameters, &context);
    let expression: Expr = default_expression(text)?;
    compiler.try_assign(&expression, WritePlace::Column(position))?.ok_or_else(|| {
        Error::unsupported(
            "the default of a new column must be a simple expression",
            "Add the column without a default and UPDATE the rows.",
        )
    })
}
