//! CREATE DOMAIN and ALTER DOMAIN. `rewrite_tokens` has them read as a table of one column, the value, and as changes of it.

use datafusion::sql::sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation, ColumnDef, ColumnOption, ColumnOptionDef, CreateTable, Expr,
    ObjectName, RenameTableNameKind, TableConstraint,
};

use crate::db::{Cancel, Transaction, no_schema};
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::model::{Column, DefaultValue, DomainCheck, DomainType, RelationName, VALUE};
use crate::sql::analyze::declared_type::declared_type;
use crate::sql::arrow::context::PlanContext;
use crate::sql::define::index::generated_name;
use crate::sql::define::one_row::check_of_one_row;
use crate::sql::define::table::{plan_column, plan_default};
use crate::sql::parse::names::{folded, relation_name};
use crate::sql::parse::view_text::is_set_schema;
use crate::sql::pg_catalog::{find_user_type, path_of};
use crate::sql::write::kept_expression::kept;
use crate::sql::write::stored_expression::{StoredUse, compile_expression};
use crate::sql::write::write_target::{new_name, plain_name};

/// A domain to be made or changed.
pub enum DomainRequest {
    Create { name: RelationName, domain: DomainType, checks: Vec<PlannedCheck> },
    Change { name: RelationName, change: DomainChange },
}

/// A condition that is to be added.
pub struct PlannedCheck {
    name: Option<String>,
    expression: String,
    validated: bool,
}

/// What ALTER DOMAIN says.
pub enum DomainChange {
    SetDefault(Option<String>),
    SetNotNull(bool),
    AddCheck(PlannedCheck),
    DropConstraint { name: String, if_exists: bool },
    RenameConstraint { from: String, to: String },
    ValidateConstraint(String),
    Rename(String),
}

/// Plans CREATE DOMAIN.
///
/// # Errors
/// 42704 for a type that does not exist, 42601 for clauses that contradict one another or are none of a domain, 0A000 for a type
/// below that domains have not here; as [`new_name`] and [`plan_column`].
pub fn plan_create_domain(create: &CreateTable, context: &PlanContext<'_>) -> Result<DomainRequest> {
    let name = new_name(&create.name, false, context)?;
    if name.schema.is_temporary() {
        return Err(Error::unsupported(
            "temporary domains are not offered",
            "CREATE DOMAIN in another schema, and drop it.",
        ));
    }
    let [definition] = create.columns.as_slice() else {
        return Err(Error::syntax("a domain has one type", None).with_hint("CREATE DOMAIN name AS type ..."));
    };
    let declared = declared_type(&definition.data_type, context)?;
    if declared.is_serial {
        let message = format!("type \"{}\" does not exist", definition.data_type.to_string().to_ascii_lowercase());
        return Err(Error::new(ErrorKind::UndefinedObject, message));
    }
    if declared.domain.is_some() || declared.ty.enumerated().is_some() {
        let of = if declared.domain.is_some() { "another domain" } else { "an enumerated type" };
        return Err(Error::unsupported(
            format!("a domain over {of} is not offered"),
            "Make it of the type below, with all conditions.",
        ));
    }
    let (mut not_null, mut default, mut others) = (None, None, Vec::new());
    let mut checks = Vec::new();
    let mut domain = DomainType { base: declared.ty, default: None, not_null: false, checks: Vec::new() };
    for option in &definition.options {
        match &option.option {
            ColumnOption::Null | ColumnOption::NotNull => {
                let says = matches!(option.option, ColumnOption::NotNull);
                if not_null.replace(says).is_some_and(|said| said != says) {
                    return Err(Error::syntax("conflicting NULL/NOT NULL constraints", None));
                }
            }
            ColumnOption::Default(_) if default.replace(option).is_some() => {
                return Err(Error::syntax("multiple default expressions", None));
            }
            ColumnOption::Default(_) => {}
            ColumnOption::Check(check) => {
                let name = option.name.as_ref().or(check.name.as_ref()).map(folded);
                if check.enforced == Some(false) {
                    return Err(not_enforced());
                }
                checks.push(PlannedCheck::plan((name, &check.expr, true), &domain, context)?);
            }
            ColumnOption::PrimaryKey(_) => return Err(not_possible("primary key")),
            ColumnOption::Unique(_) => return Err(not_possible("unique")),
            ColumnOption::ForeignKey(_) => return Err(not_possible("foreign key")),
            ColumnOption::Generated { .. } => {
                let message = "specifying GENERATED not supported for domains";
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
            _ => others.push(option.clone()),
        }
    }
    // What is left is COLLATE, or nothing that a column takes either.
    plan_column(&ColumnDef { options: others, ..definition.clone() }, VALUE, context)?;
    domain.not_null = not_null == Some(true);
    domain.default = match default.map(|option: &ColumnOptionDef| &option.option) {
        Some(ColumnOption::Default(expr)) => domain_default(expr, &domain, context)?,
        _ => None,
    };
    Ok(DomainRequest::Create { name, domain, checks })
}

fn not_possible(what: &str) -> Error {
    Error::syntax(format!("{what} constraints not possible for domains"), None)
}

fn not_enforced() -> Error {
    Error::unsupported(
        "CHECK constraints that are NOT ENFORCED are not offered",
        "NOT VALID leaves the values that are there alone, and binds those to come.",
    )
}

fn domain_default(expr: &Expr, domain: &DomainType, context: &PlanContext<'_>) -> Result<Option<String>> {
    let column = Column::new(VALUE, domain.base.clone());
    match plan_default(expr, &column, context)? {
        None => Ok(None),
        Some(DefaultValue::Expression(text)) => Ok(Some(text)),
        Some(_) => Err(Error::unsupported(
            "a domain whose default draws from a sequence is not offered",
            "Give the columns of it that default.",
        )),
    }
}

impl PlannedCheck {
    /// # Errors
    /// 0A000 for subqueries, 42803 and 42P20 for functions over several rows, 42703 for a column, 42804 for what is no condition; as
    /// [`compile_expression`].
    fn plan(
        (name, expr, validated): (Option<String>, &Expr, bool),
        domain: &DomainType,
        context: &PlanContext<'_>,
    ) -> Result<PlannedCheck> {
        check_of_one_row(expr, "check constraint", "Use VALUE, constants and functions.")?;
        let of_value = domain.collection();
        let kept = kept(expr, ("check constraint", None), &of_value, context).map_err(Error::without_position)?;
        let compiled = compile_expression(&kept.expr, StoredUse::Condition("CHECK"), &of_value, context);
        compiled.map_err(Error::without_position)?;
        Ok(PlannedCheck { name, expression: kept.expr.to_string(), validated })
    }

    /// The condition, for a domain that has those others; one without a name gets one that is free.
    fn constraint(&self, domain: &str, others: &[DomainCheck], transaction: &Transaction) -> Result<DomainCheck> {
        let is_taken = |name: &str| others.iter().any(|other| other.name == name);
        let name = self.name.clone().unwrap_or_else(|| generated_name(domain, &[], "check", &is_taken));
        if is_taken(&name) {
            let message = format!("constraint \"{name}\" for domain \"{domain}\" already exists");
            return Err(Error::new(ErrorKind::DuplicateObject, message));
        }
        let (expression, validated) = (self.expression.clone(), self.validated);
        Ok(DomainCheck { id: transaction.new_id(), name, expression, validated })
    }
}

/// Plans ALTER DOMAIN.
///
/// # Errors
/// 42704 and 3F000 for a domain that is not there, 42809 for a type that is none, 0A000 for SET SCHEMA and what is not offered; as
/// for CREATE DOMAIN.
pub fn plan_alter_domain(alter: &AlterTable, context: &PlanContext<'_>) -> Result<DomainRequest> {
    let (name, domain) = find_domain(&alter.name, context)?;
    let change = match alter.operations.as_slice() {
        [AlterTableOperation::AlterColumn { op, .. }] => match op {
            AlterColumnOperation::SetNotNull => DomainChange::SetNotNull(true),
            AlterColumnOperation::DropNotNull => DomainChange::SetNotNull(false),
            AlterColumnOperation::DropDefault => DomainChange::SetDefault(None),
            AlterColumnOperation::SetDefault { value } => {
                DomainChange::SetDefault(domain_default(value, &domain, context)?)
            }
            _ => return Err(not_offered()),
        },
        [AlterTableOperation::AddConstraint { constraint, not_valid }] => match constraint {
            TableConstraint::Check(check) if check.enforced == Some(false) => return Err(not_enforced()),
            TableConstraint::Check(check) => {
                let name = check.name.as_ref().map(folded);
                let planned = PlannedCheck::plan((name, &check.expr, !not_valid), &domain, context)?;
                DomainChange::AddCheck(planned)
            }
            TableConstraint::PrimaryKey(_) => return Err(not_possible("primary key")),
            TableConstraint::Unique(_) => return Err(not_possible("unique")),
            TableConstraint::ForeignKey(_) => return Err(not_possible("foreign key")),
            _ => return Err(not_offered()),
        },
        [AlterTableOperation::DropConstraint { if_exists, name, .. }] => {
            DomainChange::DropConstraint { name: folded(name), if_exists: *if_exists }
        }
        [AlterTableOperation::RenameConstraint { old_name, new_name }] => {
            DomainChange::RenameConstraint { from: folded(old_name), to: folded(new_name) }
        }
        [AlterTableOperation::ValidateConstraint { name }] => DomainChange::ValidateConstraint(folded(name)),
        [AlterTableOperation::RenameTable { table_name }] => {
            let (RenameTableNameKind::To(to) | RenameTableNameKind::As(to)) = table_name;
            if is_set_schema(context.text) {
                return Err(Error::unsupported("a domain stays in its schema", "Make one in the other schema."));
            }
            DomainChange::Rename(plain_name(to, context)?)
        }
        _ => return Err(not_offered()),
    };
    Ok(DomainRequest::Change { name, change })
}

fn not_offered() -> Error {
    Error::unsupported(
        "this change of a domain is not offered",
        "SET and DROP of DEFAULT and NOT NULL, ADD, DROP, RENAME and VALIDATE CONSTRAINT, RENAME TO and OWNER TO are.",
    )
}

fn find_domain(name: &ObjectName, context: &PlanContext<'_>) -> Result<(RelationName, DomainType)> {
    let (schema, plain) = relation_name(name)?;
    let (path, catalog) = (path_of(context), context.view.catalog());
    if let Some(schema) = schema.as_deref().filter(|schema| catalog.schema(schema, path.own()).is_none()) {
        return Err(no_schema(schema));
    }
    let shown = name.to_string();
    match find_user_type(schema.as_deref(), &plain, &path, catalog) {
        Some(ty) => match &ty.domain {
            Some(domain) => Ok((ty.relation(), (**domain).clone())),
            None => Err(Error::new(ErrorKind::WrongObjectType, format!("{plain} is not a domain"))),
        },
        None => Err(Error::new(ErrorKind::UndefinedObject, format!("type \"{shown}\" does not exist"))),
    }
}

/// 42809 for a type that is no domain.
pub fn not_a_domain(name: &str) -> Error {
    Error::new(ErrorKind::WrongObjectType, format!("\"{name}\" is not a domain"))
}

impl DomainRequest {
    pub fn name(&self) -> &RelationName {
        match self {
            DomainRequest::Create { name, .. } | DomainRequest::Change { name, .. } => name,
        }
    }

    /// Whether it makes the domain.
    pub fn creates(&self) -> bool {
        matches!(self, DomainRequest::Create { .. })
    }

    /// Whether it looks at all values that are there.
    pub fn rewrites(&self) -> bool {
        match self {
            DomainRequest::Create { .. } => false,
            DomainRequest::Change { change, .. } => match change {
                DomainChange::SetNotNull(not_null) => *not_null,
                DomainChange::AddCheck(check) => check.validated,
                DomainChange::ValidateConstraint(_) => true,
                _ => false,
            },
        }
    }

    /// Carries it out; the command tag.
    ///
    /// # Errors
    /// 42704 and 42710 for constraints; as [`Transaction::create_domain`], [`Transaction::change_domain`] and
    /// [`Transaction::rename_type`].
    pub fn make(&self, transaction: &mut Transaction, cancel: &Cancel) -> Result<&'static str> {
        match self {
            DomainRequest::Create { name, domain, checks } => {
                let mut domain = domain.clone();
                for check in checks {
                    let check = check.constraint(&name.name, &domain.checks, transaction)?;
                    domain.checks.push(check);
                }
                domain.checks.sort_by(|a, b| a.name.cmp(&b.name));
                transaction.create_domain(name, domain)?;
                Ok("CREATE DOMAIN")
            }
            DomainRequest::Change { name, change } => {
                change.make(name, transaction, cancel)?;
                Ok("ALTER DOMAIN")
            }
        }
    }
}

impl DomainChange {
    fn make(&self, name: &RelationName, transaction: &mut Transaction, cancel: &Cancel) -> Result<()> {
        let (ty, mut domain) = transaction.expect_domain(name)?;
        let plain = ty.name();
        let absent = |constraint: &str, preposition: &str, shown: &str| {
            let message = format!("constraint \"{constraint}\" {preposition} domain {shown} does not exist");
            Error::new(ErrorKind::UndefinedObject, message)
        };
        match self {
            DomainChange::SetDefault(default) => domain.default.clone_from(default),
            DomainChange::SetNotNull(not_null) => domain.not_null = *not_null,
            DomainChange::AddCheck(check) => {
                let check = check.constraint(plain, &domain.checks, transaction)?;
                domain.checks.push(check);
            }
            DomainChange::DropConstraint { name, if_exists } => {
                let before = domain.checks.len();
                domain.checks.retain(|check| check.name != *name);
                if before == domain.checks.len() {
                    let error = absent(name, "of", &format!("\"{plain}\""));
                    if !if_exists {
                        return Err(error);
                    }
                    transaction.notices.push(Notice::new(format!("{}, skipping", error.message())));
                    return Ok(());
                }
            }
            DomainChange::RenameConstraint { from, to } => {
                let is_taken = domain.checks.iter().any(|check| check.name == *to);
                let check = domain.checks.iter_mut().find(|check| check.name == *from);
                let check = check.ok_or_else(|| absent(from, "for", plain))?;
                if is_taken {
                    let message = format!("constraint \"{to}\" for domain {plain} already exists");
                    return Err(Error::new(ErrorKind::DuplicateObject, message));
                }
                check.name.clone_from(to);
            }
            DomainChange::ValidateConstraint(name) => {
                let check = domain.checks.iter_mut().find(|check| check.name == *name);
                check.ok_or_else(|| absent(name, "of", &format!("\"{plain}\"")))?.validated = true;
            }
            DomainChange::Rename(to) => return transaction.rename_type(name, to),
        }
        domain.checks.sort_by(|a, b| a.name.cmp(&b.name));
        transaction.change_domain(&ty, domain, cancel)
    }
}
