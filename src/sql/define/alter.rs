//! ALTER TABLE: one or several changes of a table, which happen together or not at all.
//!
//! As in PostgreSQL columns and constraints are dropped first, and defaults and NOT NULL taken back, then types change, then columns
//! are added, then NOT NULL and defaults are set, then constraints are added, whatever the order in which they are written.

use datafusion::sql::sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation, ColumnDef, DataType, DropBehavior, Expr, GeneratedAs, Ident,
    Owner, RenameTableNameKind, Spanned, TableConstraint,
};

use crate::error::{Error, ErrorKind, Notice, Result};
use crate::model::{Collection, CollectionId, Column, ColumnDomain, DefaultValue, RelationName};
use crate::sql::analyze::declared_type::{DeclaredType, declared_type};
use crate::sql::arrow::context::PlanContext;
use crate::sql::define::check::CheckRequest;
use crate::sql::define::computed::computation;
use crate::sql::define::definition::DataDefinition;
use crate::sql::define::drawn_default::draws_own;
use crate::sql::define::foreign_key::ForeignKeyRequest;
use crate::sql::define::identity::{as_identity, change_identity, identity_change};
use crate::sql::define::index::{IndexRequest, check_ordered, key_columns, unique_constraint, unique_of_column};
use crate::sql::define::index_keys::unique_kind;
use crate::sql::define::materialized_view::refuse_change;
use crate::sql::define::new_column::add_column;
use crate::sql::define::retype::Retype;
use crate::sql::define::sequence::plan_alter_of_sequence;
use crate::sql::define::table::{column_constraints, plan_column, plan_default};
use crate::sql::define::view::plan_alter_view;
use crate::sql::parse::identity_text::{IdentityText, identity_text, sequence_name};
use crate::sql::parse::names::{folded, relation_name};
use crate::sql::parse::unread;
use crate::sql::parse::view_text::{is_alter_materialized, is_set_schema};
use crate::sql::write::stored_expression::renamed;
use crate::sql::write::write_target::{located, plain_name, target_schema, writable_table};
use crate::statement::{Privilege, WriteRun};
use crate::types::ColumnType;

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
        /// Along with the views that name it.
        cascade: bool,
    },
    AddUnique(IndexRequest),
    AddCheck(CheckRequest),
    AddForeignKey(ForeignKeyRequest),
    ValidateConstraint(String),
    RenameConstraint {
        from: String,
        to: String,
    },
    /// A column of whole numbers becomes an identity column.
    SetIdentity {
        column: String,
        /// What the column becomes.
        identity: Box<Column>,
    },
    /// An identity column changes, or is one no more.
    Identity {
        column: String,
        change: Box<IdentityText>,
    },
    /// The positions of its columns.
    AddPrimaryKey(Vec<usize>),
    RenameColumn {
        from: String,
        to: String,
    },
    DropConstraint {
        name: String,
        if_exists: bool,
        cascade: bool,
    },
}

/// Plans ALTER TABLE.
///
/// # Errors
/// 42703 for a column that is not there, 42704 for a key of a type without an order, 0A000 and 42601 for a change that this
/// server or PostgreSQL has not; as [`writable_table`], [`plain_name`], [`plan_column`], [`plan_default`], [`declared_type`],
/// [`Retype::plan`], [`check_owner`], [`unique_constraint`] and [`key_columns`].
pub fn plan_alter(alter: &AlterTable, context: &PlanContext<'_>) -> Result<DataDefinition> {
    if let Some(definition) = plan_alter_view(alter, context)? {
        return Ok(definition);
    }
    if let Some(definition) = plan_alter_of_sequence(alter, context)? {
        return Ok(definition);
    }
    let collection = match writable_table(&alter.name, context) {
        Err(error)
            if alter.if_exists && matches!(error.kind(), ErrorKind::UndefinedTable | ErrorKind::UndefinedSchema) =>
        {
            let (_, name) = relation_name(&alter.name)?;
            let notice = Notice::new(format!("relation \"{name}\" does not exist, skipping"));
            let is_kept = is_alter_materialized(context.text);
            let tag = if is_kept { "ALTER MATERIALIZED VIEW" } else { "ALTER TABLE" };
            return Ok(DataDefinition::Nothing { tag, notices: vec![notice] });
        }
        other => other?,
    };
    let is_kept = is_alter_materialized(context.text);
    let tag = if is_kept { "ALTER MATERIALIZED VIEW" } else { "ALTER TABLE" };
    if is_kept && collection.materialized.is_none() {
        let message = format!("\"{}\" is not a materialized view", collection.name);
        return Err(located(Error::new(ErrorKind::WrongObjectType, message), context.text, alter.name.span().start));
    }
    unread::alter_table(alter)?;
    context.notes.touch_collection(&collection, Privilege::Own);
    if let [AlterTableOperation::RenameTable { table_name }] = alter.operations.as_slice() {
        let (RenameTableNameKind::To(to) | RenameTableNameKind::As(to)) = table_name;
        if is_set_schema(context.text) {
            let (relation, schema) = (collection.relation(), target_schema(to, context)?);
            return Ok(DataDefinition::SetSchema { relation, schema, tag });
        }
        return Ok(DataDefinition::RenameTable { from: collection.relation(), to: plain_name(to, context)?, tag });
    }
    let table = collection.relation();
    if let [AlterTableOperation::RenameColumn { old_column_name, new_column_name }] = alter.operations.as_slice() {
        let change = TableChange::RenameColumn { from: folded(old_column_name), to: folded(new_column_name) };
        return Ok(DataDefinition::AlterTable { table, changes: vec![change], tag });
    }
    if let Some(operation) = alter.operations.first().filter(|_| collection.materialized.is_some()) {
        return Err(refuse_change(operation, &collection));
    }
    if let [AlterTableOperation::RenameConstraint { old_name, new_name }] = alter.operations.as_slice() {
        let change = TableChange::RenameConstraint { from: folded(old_name), to: folded(new_name) };
        return Ok(DataDefinition::AlterTable { table, changes: vec![change], tag });
    }
    let mut planner = Planner { table: (*collection).clone(), context, changes: Vec::new(), constraints: Vec::new() };
    let mut operations: Vec<&AlterTableOperation> = alter.operations.iter().collect();
    operations.sort_by_key(|operation| pass(operation));
    for operation in operations {
        planner.plan(operation)?;
    }
    let Planner { changes, constraints, .. } = planner;
    let changes = changes.into_iter().chain(constraints).collect();
    Ok(DataDefinition::AlterTable { table, changes, tag })
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
        AlterTableOperation::ValidateConstraint { .. } => 5,
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
            AlterTableOperation::AddConstraint { constraint: TableConstraint::Check(check), not_valid } => {
                let check = CheckRequest::plan(check, None, !not_valid, &self.table, self.context)?;
                self.constraints.push(TableChange::AddCheck(check));
                Ok(())
            }
            AlterTableOperation::AddConstraint { constraint: TableConstraint::ForeignKey(key), not_valid } => {
                let key = ForeignKeyRequest::plan(key, (None, None), !not_valid, &self.table, self.context)?;
                self.constraints.push(TableChange::AddForeignKey(key));
                Ok(())
            }
            AlterTableOperation::ValidateConstraint { name } => {
                self.constraints.push(TableChange::ValidateConstraint(folded(name)));
                Ok(())
            }
            AlterTableOperation::DropConstraint { if_exists, name, drop_behavior } => {
                let (name, if_exists, cascade) = (folded(name), *if_exists, cascades(drop_behavior.as_ref()));
                self.changes.push(TableChange::DropConstraint { name, if_exists, cascade });
                Ok(())
            }
            AlterTableOperation::DropColumn { has_column_keyword: _, column_names, if_exists, drop_behavior } => {
                // Views depend on a column, and constraints; its indexes go with it in either way.
                let cascade = cascades(drop_behavior.as_ref());
                column_names.iter().for_each(|name| self.drop_column(name, *if_exists, cascade));
                Ok(())
            }
            AlterTableOperation::OwnerTo { new_owner } => check_owner(new_owner, self.table.id, self.context),
            AlterTableOperation::RenameTable { .. } => {
                Err(Error::syntax("RENAME TO is a statement of its own", None).with_hint("ALTER TABLE t RENAME TO u"))
            }
            AlterTableOperation::RenameColumn { .. } => {
                let error = Error::syntax("RENAME COLUMN is a statement of its own", None);
                Err(error.with_hint("ALTER TABLE t RENAME COLUMN a TO b"))
            }
            AlterTableOperation::RenameConstraint { .. } => {
                let error = Error::syntax("RENAME CONSTRAINT is a statement of its own", None);
                Err(error.with_hint("ALTER TABLE t RENAME CONSTRAINT a TO b"))
            }
            _ => Err(Error::unsupported(
                "this change of a table is not offered",
                "ADD, DROP and RENAME COLUMN, ALTER COLUMN ... TYPE, SET or DROP NOT NULL and DEFAULT, ADD GENERATED ... AS \
                 IDENTITY, ADD, DROP, RENAME and VALIDATE CONSTRAINT and RENAME TO are; otherwise make a new table and INSERT ... \
                 SELECT.",
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
        if let Some((name, unique)) = planned.unique {
            check_ordered(&column)?;
            let kind = unique_kind(&unique, vec![self.table.columns.len()]);
            self.constraints.push(TableChange::AddUnique(unique_of_column(
                &self.table.relation(),
                name,
                &column.name,
                kind,
            )));
        }
        if planned.is_primary_key {
            check_ordered(&column)?;
            self.constraints.push(TableChange::AddPrimaryKey(vec![self.table.columns.len()]));
        }
        let position = self.table.columns.len();
        self.table.push_column(column.clone());
        let mut column = column;
        if let Some(computed) = computation(definition, position, &self.table, self.context)? {
            column.default = Some(DefaultValue::Computed(Box::new(computed)));
            if let Some(known) = self.table.columns.get_mut(position) {
                known.default.clone_from(&column.default);
            }
        }
        let (checks, foreign_keys) = column_constraints(definition, &self.table, self.context)?;
        self.constraints.extend(checks.into_iter().map(TableChange::AddCheck));
        self.constraints.extend(foreign_keys.into_iter().map(TableChange::AddForeignKey));
        self.changes.push(TableChange::AddColumn { column, if_not_exists });
        Ok(())
    }

    fn drop_column(&mut self, name: &Ident, if_exists: bool, cascade: bool) {
        let column = folded(name);
        if let Some(position) = self.table.column(&column) {
            self.table.remove_column(position, false);
        }
        self.changes.push(TableChange::DropColumn { column, if_exists, cascade });
    }

    /// The change of a column's type; `None` where it has it already.
    fn set_type(&mut self, position: usize, data_type: &DataType, using: Option<&Expr>) -> Result<Option<TableChange>> {
        let Some(known) = self.table.columns.get(position) else { return Ok(None) };
        let column = known.name.clone();
        let DeclaredType { ty, domain, is_serial } = declared_type(data_type, self.context)?;
        let is_same_domain = domain.as_ref().map(|ty| ty.id) == known.domain.as_ref().map(|domain| domain.id);
        if is_serial {
            let message = format!("type \"{}\" does not exist", data_type.to_string().to_ascii_lowercase());
            return Err(Error::new(ErrorKind::UndefinedObject, message));
        }
        match (&known.ty, ty) {
            (ColumnType::Vector(_), ColumnType::Vector(declared))
            | (ColumnType::Halfvec(_), ColumnType::Halfvec(declared))
                if using.is_none() && is_same_domain =>
            {
                Ok(Some(TableChange::SetDimension { column, declared }))
            }
            (now, ty) if *now == ty && using.is_none() && is_same_domain => Ok(None),
            (_, ty) => {
                let domain = domain.map(|ty| ColumnDomain { id: ty.id, ty: Some(ty) });
                let retype = Retype::plan(&self.table, known, (ty.clone(), domain.clone(), using), self.context)?;
                if let Some(column) = self.table.columns.get_mut(position) {
                    (column.ty, column.domain) = (ty, domain);
                }
                Ok(Some(TableChange::SetType(Box::new(retype))))
            }
        }
    }

    fn set_default(&mut self, position: usize, column: String, default: Option<DefaultValue>) -> TableChange {
        let known = self.table.columns.get_mut(position);
        // An identity column keeps it: that is refused when the statement runs.
        if let Some(known) = known.filter(|known| known.identity().is_none()) {
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
            AlterColumnOperation::SetDefault { value } if identity_text(value).is_some() => {
                let change = Box::new(identity_change(value)?);
                if let (IdentityText::Drop { .. }, Some(known)) =
                    (change.as_ref(), self.table.columns.get_mut(position))
                {
                    (known.default, known.sequence, known.is_identity_by_default) = (None, None, false);
                }
                TableChange::Identity { column, change }
            }
            AlterColumnOperation::SetDefault { value } if draws_own(value, &self.table, position, self.context) => {
                self.set_default(position, column, Some(DefaultValue::Sequence))
            }
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
            AlterColumnOperation::AddGenerated { generated_as, sequence_options } => {
                let is_always = matches!(generated_as, Some(GeneratedAs::Always));
                let mut identity = as_identity(known, &self.table.name, is_always, sequence_options.as_deref())?;
                identity.sequence = sequence_name(self.context.text, name.span.start);
                let identity = Box::new(identity);
                if let Some(known) = self.table.columns.get_mut(position) {
                    known.default.clone_from(&identity.default);
                    known.is_identity_by_default = identity.is_identity_by_default;
                }
                TableChange::SetIdentity { column, identity }
            }
        };
        self.changes.push(change);
        Ok(())
    }
}

fn cascades(behavior: Option<&DropBehavior>) -> bool {
    matches!(behavior, Some(DropBehavior::Cascade))
}

/// The owner that a change beside others names has to be the one that there is: by itself `OWNER TO` is read elsewhere.
///
/// # Errors
/// 42704 for a role that is not there, 0A000 for another one.
pub fn check_owner(owner: &Owner, object: CollectionId, context: &PlanContext<'_>) -> Result<()> {
    let (catalog, identity) = (context.view.catalog(), context.settings.identity());
    let role = match owner {
        Owner::CurrentRole | Owner::CurrentUser => identity.current,
        Owner::SessionUser => identity.session,
        Owner::Ident(name) => catalog.expect_role(&folded(name))?.id,
    };
    match catalog.owner(object) == role {
        true => Ok(()),
        false => Err(Error::unsupported(
            "OWNER TO beside other changes is not offered",
            "Change the owner in a statement of its own.",
        )),
    }
}

impl TableChange {
    /// Whether it looks at every entry of the table.
    pub fn rewrites(&self) -> bool {
        match self {
            TableChange::AddColumn { column, .. } => column.default.is_some() || column.not_null,
            TableChange::SetNotNull { not_null, .. } => *not_null,
            TableChange::SetType(_)
            | TableChange::SetDimension { .. }
            | TableChange::AddPrimaryKey(_)
            | TableChange::AddCheck(_)
            | TableChange::AddForeignKey(_)
            | TableChange::ValidateConstraint(_) => true,
            // An index follows what others write while it is filled.
            TableChange::AddUnique(_)
            | TableChange::SetDefault { .. }
            | TableChange::SetIdentity { .. }
            | TableChange::Identity { .. }
            | TableChange::RenameConstraint { .. }
            | TableChange::DropColumn { .. }
            | TableChange::RenameColumn { .. }
            | TableChange::DropConstraint { .. } => false,
        }
    }

    /// Makes the change.
    ///
    /// # Errors
    /// What the table or its rows do not allow; the statement's other changes are then taken back with it.
    pub async fn make(&self, table: &RelationName, run: &mut WriteRun<'_>) -> Result<()> {
        let (settings, cancel) = (run.settings, run.cancel);
        match self {
            TableChange::AddColumn { column, if_not_exists } => add_column(table, column, *if_not_exists, run).await,
            TableChange::SetNotNull { column, not_null } => {
                run.transaction.set_not_null(table, column, *not_null, cancel)
            }
            TableChange::SetDefault { column, default } => run.transaction.set_default(table, column, default.clone()),
            TableChange::SetDimension { column, declared } => {
                run.transaction.alter_vector_column(table, column, *declared, cancel)
            }
            TableChange::AddUnique(request) => request.create(run.transaction, cancel).await,
            TableChange::SetType(retype) => retype.make(table, run.transaction, (settings, cancel)).await,
            TableChange::DropColumn { column, if_exists, cascade } => {
                if *cascade {
                    run.transaction.drop_above_column(table, column, true)?;
                }
                match run.transaction.drop_column(table, column, *cascade, cancel) {
                    Err(error) if *if_exists && error.kind() == ErrorKind::UndefinedColumn => {
                        run.transaction.notices.push(Notice::new(format!("{}, skipping", error.message())));
                        Ok(())
                    }
                    dropped => dropped,
                }
            }
            TableChange::RenameColumn { from, to } => {
                run.transaction.rename_column(table, (from, to), &|text| renamed(text, from, to))
            }
            TableChange::AddCheck(check) => check.add(table, run.transaction, cancel),
            TableChange::AddForeignKey(key) => key.add(table, run.transaction, cancel),
            TableChange::ValidateConstraint(name) => run.transaction.validate_constraint(table, name, cancel),
            TableChange::RenameConstraint { from, to } => run.transaction.rename_constraint(table, from, to),
            TableChange::SetIdentity { column, identity } => run.transaction.set_identity(table, column, identity),
            TableChange::Identity { column, change } => change_identity(table, column, change, run.transaction),
            TableChange::AddPrimaryKey(columns) => run.transaction.add_primary_key(table, columns, cancel),
            TableChange::DropConstraint { name, if_exists, cascade } => {
                match run.transaction.drop_constraint(table, name, *cascade) {
                    Err(error) if *if_exists && error.kind() == ErrorKind::UndefinedObject => {
                        run.transaction.notices.push(Notice::new(format!("{}, skipping", error.message())));
                        Ok(())
                    }
                    dropped => dropped,
                }
            }
        }
    }
}
