//! ALTER TABLE: one or several changes of a table, which happen together or not at all.
//!
//! As in PostgreSQL columns and constraints are dropped first, and defaults and NOT NULL taken back, then types change, then columns
//! are added, then NOT NULL and defaults are set, then constraints are added, whatever the order in which they are written.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation, ColumnDef, DataType, Expr, Ident, Owner,
    RenameTableNameKind, TableConstraint,
};

use crate::db::{Cancel, Transaction};
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::expr::{self, Environment, ParameterTypes, Program, ValueRow};
use crate::model::{Collection, Column, DefaultValue, IndexKind};
use crate::settings::Settings;
use crate::sql::analyze::declared_type::{DeclaredType, declared_type};
use crate::sql::arrow::context::PlanContext;
use crate::sql::define::definition::DataDefinition;
use crate::sql::define::index::{IndexRequest, check_ordered, key_columns, unique_constraint, unique_of_column};
use crate::sql::define::retype::Retype;
use crate::sql::define::table::{plan_column, plan_default};
use crate::sql::parse::names::{folded, relation_name};
use crate::sql::parse::unread;
use crate::sql::write::insert::default_expression;
use crate::sql::write::row_compiler::{Compiler, Visible};
use crate::sql::write::write_target::{WritePlace, located, public_name, writable_table};
use crate::statement::{PlanNotes, Privilege, matching_keys};
use crate::types::{ColumnType, Value};

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
    SetType(Box<Retype>),
    DropColumn {
        column: String,
        if_exists: bool,
    },
    AddUnique(IndexRequest),
    /// The positions of its columns.
    AddPrimaryKey(Vec<usize>),
    RenameColumn {
        from: String,
        to: String,
    },
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
/// [`Retype::plan`], [`check_owner`], [`unique_constraint`] and [`key_columns`].
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
    if let [AlterTableOperation::RenameColumn { old_column_name, new_column_name }] = alter.operations.as_slice() {
        let change = TableChange::RenameColumn { from: folded(old_column_name), to: folded(new_column_name) };
        return Ok(DataDefinition::AlterTable { table, changes: vec![change] });
    }
    let mut planner = Planner { table: (*collection).clone(), context, changes: Vec::new(), constraints: Vec::new() };
    let mut operations: Vec<&AlterTableOperation> = alter.operations.iter().collect();
    operations.sort_by_key(|operation| pass(operation));
    for operation in operations {
        planner.plan(operation)?;
    }
    let Planner { changes, constraints, .. } = planner;
    let changes = changes.into_iter().chain(constraints).collect();
    Ok(DataDefinition::AlterTable { table, changes })
}

/// When an operation of a statement takes place.
fn pass(operation: &AlterTableOperation) -> u8 {
    match operation {
        AlterTableOperation::DropColumn { .. } | AlterTableOperation::DropConstraint { .. } => 0,
        AlterTableOperation::AlterColumn { op, .. } => match op {
            AlterColumnOperation::DropDefault | AlterColumnOperation::DropNotNull => 0,
            AlterColumnOperation::SetDataType { .. } => 1,
            AlterColumnOperation::SetNotNull => 3,
            AlterColumnOperation::SetDefault { .. } | AlterColumnOperation::AddGenerated { .. } => 4,
        },
        AlterTableOperation::AddColumn { .. } => 2,
        _ => 4,
    }
}

struct Planner<'a> {
    /// As the operations before leave it.
    table: Collection,
    context: &'a PlanContext<'a>,
    changes: Vec<TableChange>,
    /// They come last.
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
                self.changes.push(TableChange::DropConstraint { name: folded(name), if_exists: *if_exists });
                Ok(())
            }
            // Nor does anything else depend on a column but its indexes, which go with it in either way.
            AlterTableOperation::DropColumn { has_column_keyword: _, column_names, if_exists, drop_behavior: _ } => {
                column_names.iter().for_each(|name| self.drop_column(name, *if_exists));
                Ok(())
            }
            AlterTableOperation::OwnerTo { new_owner } => check_owner(new_owner),
            AlterTableOperation::RenameTable { .. } => {
                Err(Error::syntax("RENAME TO is a statement of its own", None).with_hint("ALTER TABLE t RENAME TO u"))
            }
            AlterTableOperation::RenameColumn { .. } => {
                let error = Error::syntax("RENAME COLUMN is a statement of its own", None);
                Err(error.with_hint("ALTER TABLE t RENAME COLUMN a TO b"))
            }
            _ => Err(Error::unsupported(
                "this change of a table is not offered",
                "ADD, DROP and RENAME COLUMN, ALTER COLUMN ... TYPE, SET or DROP NOT NULL and DEFAULT, ADD UNIQUE, ADD PRIMARY \
                 KEY, DROP CONSTRAINT and RENAME TO are; otherwise make a new table and INSERT ... SELECT.",
            )),
        }
    }

    fn add_column(&mut self, definition: &ColumnDef, if_not_exists: bool) -> Result<()> {
        let planned = plan_column(definition, &self.table.name, self.context)?;
        let column = planned.column;
        if self.table.column(&column.name).is_some() {
            // It is told of when the statement runs; its constraints are left out with it.
            self.changes.push(TableChange::AddColumn { column, if_not_exists });
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
        self.table.push_column(column.clone());
        self.changes.push(TableChange::AddColumn { column, if_not_exists });
        Ok(())
    }

    fn drop_column(&mut self, name: &Ident, if_exists: bool) {
        let column = folded(name);
        if let Some(position) = self.table.column(&column) {
            self.table.remove_column(position, false);
        }
        self.changes.push(TableChange::DropColumn { column, if_exists });
    }

    /// The change of a column's type; `None` where it has it already.
    fn set_type(&mut self, position: usize, data_type: &DataType, using: Option<&Expr>) -> Result<Option<TableChange>> {
        let Some(known) = self.table.columns.get(position) else { return Ok(None) };
        let column = known.name.clone();
        let DeclaredType { ty, is_serial } = declared_type(data_type)?;
        if is_serial {
            let message = format!("type \"{}\" does not exist", data_type.to_string().to_ascii_lowercase());
            return Err(Error::new(ErrorKind::UndefinedObject, message));
        }
        match (&known.ty, ty) {
            (ColumnType::Vector(_), ColumnType::Vector(declared)) if using.is_none() => {
                Ok(Some(TableChange::SetDimension { column, declared }))
            }
            (now, ty) if *now == ty && using.is_none() => Ok(None),
            (_, ty) => {
                let retype = Retype::plan(&self.table, known, (ty.clone(), using), self.context)?;
                if let Some(column) = self.table.columns.get_mut(position) {
                    column.ty = ty;
                }
                Ok(Some(TableChange::SetType(Box::new(retype))))
            }
        }
    }

    fn set_default(&mut self, position: usize, column: String, default: Option<DefaultValue>) -> TableChange {
        let known = self.table.columns.get_mut(position);
        // An identity column keeps it: that is refused when the statement runs.
        if let Some(known) = known.filter(|known| known.default != Some(DefaultValue::Identity)) {
            known.default.clone_from(&default);
        }
        TableChange::SetDefault { column, default }
    }

    fn alter_column(&mut self, name: &Ident, operation: &AlterColumnOperation) -> Result<()> {
        let column = folded(name);
        let position = self.table.column(&column);
        let Some((position, known)) = position.and_then(|at| Some((at, self.table.columns.get(at)?))) else {
            let message = format!("column \"{column}\" of relation \"{}\" does not exist", self.table.name);
            let error = Error::new(ErrorKind::UndefinedColumn, message);
            return Err(located(error, self.context.text, name.span.start));
        };
        let change = match operation {
            AlterColumnOperation::SetNotNull => TableChange::SetNotNull { column, not_null: true },
            AlterColumnOperation::DropNotNull => TableChange::SetNotNull { column, not_null: false },
            AlterColumnOperation::SetDefault { value } => {
                let default = plan_default(value, known, self.context)?;
                self.set_default(position, column, default)
            }
            AlterColumnOperation::DropDefault => self.set_default(position, column, None),
            AlterColumnOperation::SetDataType { data_type, using, had_set: _ } => {
                match self.set_type(position, data_type, using.as_ref())? {
                    Some(change) => change,
                    None => return Ok(()),
                }
            }
            AlterColumnOperation::AddGenerated { .. } => {
                return Err(Error::unsupported(
                    "an identity for a column that exists is not offered",
                    "Declare it with the table, or add another column.",
                ));
            }
        };
        self.changes.push(change);
        Ok(())
    }
}

/// # Errors
/// 42704 for anybody but the owner of the node.
fn check_owner(owner: &Owner) -> Result<()> {
    match owner {
        Owner::CurrentRole | Owner::CurrentUser | Owner::SessionUser => Ok(()),
        Owner::Ident(name) if folded(name) == crate::db::OWNER => Ok(()),
        Owner::Ident(name) => {
            Err(Error::new(ErrorKind::UndefinedObject, format!("role \"{}\" does not exist", folded(name)))
                .with_hint(format!("A node has one user, {}.", crate::db::OWNER)))
        }
    }
}

impl TableChange {
    /// Whether it looks at every entry of the table.
    pub fn rewrites(&self) -> bool {
        match self {
            TableChange::AddColumn { column, .. } => column.default.is_some() || column.not_null,
            TableChange::SetNotNull { not_null, .. } => *not_null,
            TableChange::SetType(_) | TableChange::SetDimension { .. } | TableChange::AddPrimaryKey(_) => true,
            // An index follows what others write while it is filled.
            TableChange::AddUnique(_)
            | TableChange::SetDefault { .. }
            | TableChange::DropColumn { .. }
            | TableChange::RenameColumn { .. }
            | TableChange::DropConstraint { .. } => false,
        }
    }

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
            TableChange::SetType(retype) => retype.make(table, transaction, (settings, cancel)).await,
            TableChange::DropColumn { column, if_exists } => match transaction.drop_column(table, column, cancel) {
                Err(error) if *if_exists && error.kind() == ErrorKind::UndefinedColumn => {
                    transaction.notices.push(Notice::new(format!("{}, skipping", error.message())));
                    Ok(())
                }
                dropped => dropped,
            },
            TableChange::RenameColumn { from, to } => transaction.rename_column(table, from, to),
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
    let environment = Environment { now: chrono::Utc::now().timestamp_micros(), parameters: &[] };
    let program = default.as_ref().map(|default| Program::compile(default, &environment)).transpose()?;
    let value = |program: &Program| program.value(&ValueRow::default());
    if let (Some(program), Some(false)) = (&program, default.as_ref().map(expr::Expr::varies)) {
        // As in PostgreSQL a value that is the same for all is computed even where there is no entry to take it.
        value(program)?;
    }
    for key in matching_keys(transaction, collection, None, (settings, cancel))? {
        cancel.check()?;
        let value: Value = match &program {
            Some(program) => value(program)?,
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
) -> Result<expr::Expr> {
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
