//! CREATE SCHEMA, ALTER SCHEMA and DROP SCHEMA.

use datafusion::sql::sqlparser::ast::{
    AlterSchema, AlterSchemaOperation, Ident, ObjectName, SchemaName, Spanned, Statement,
};

use crate::db::Transaction;
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::model::RoleId;
use crate::sql::arrow::context::PlanContext;
use crate::sql::define::definition::DataDefinition;
use crate::sql::parse::names::{folded, relation_name};
use crate::sql::pg_catalog::path_of;
use crate::sql::write::write_target::located;

/// A planned statement about schemas.
pub enum SchemaRequest {
    Create { name: String, if_not_exists: bool, owner: Option<RoleId> },
    Rename { from: String, to: String },
    Drop { names: Vec<String>, if_exists: bool, cascade: bool },
}

/// Plans CREATE SCHEMA.
///
/// # Errors
/// 42704 for an owner that there is not; 42601 for a name of several parts and for a clause that is not PostgreSQL's.
pub fn plan_create_schema(statement: &Statement, context: &PlanContext<'_>) -> Result<SchemaRequest> {
    let Statement::CreateSchema { schema_name, if_not_exists, with, options, default_collate_spec, clone } = statement
    else {
        return Err(Error::internal("CREATE SCHEMA is another statement"));
    };
    if with.is_some() || options.is_some() || default_collate_spec.is_some() || clone.is_some() {
        return Err(Error::syntax("this form of CREATE SCHEMA is not PostgreSQL's", None)
            .with_hint("CREATE SCHEMA [IF NOT EXISTS] name [AUTHORIZATION owner]"));
    }
    let (name, owner) = match schema_name {
        SchemaName::Simple(name) => (one_part(name, context)?, None),
        SchemaName::NamedAuthorization(name, owner) => (one_part(name, context)?, Some(owner_of(owner, context)?)),
        SchemaName::UnnamedAuthorization(owner) => {
            let owner = owner_of(owner, context)?;
            (context.view.catalog().role_name(owner).into_owned(), Some(owner))
        }
    };
    Ok(SchemaRequest::Create { name, if_not_exists: *if_not_exists, owner })
}

/// Plans ALTER SCHEMA.
///
/// # Errors
/// 3F000 for a schema that is not there, 42704 for an owner that is none, 42601 for a clause that is not PostgreSQL's.
pub fn plan_alter_schema(alter: &AlterSchema, context: &PlanContext<'_>) -> Result<DataDefinition> {
    let name = one_part(&alter.name, context)?;
    let (false, [operation]) = (alter.if_exists, alter.operations.as_slice()) else { return Err(not_postgresql()) };
    match operation {
        AlterSchemaOperation::Rename { name: to } => {
            let to = one_part(to, context)?;
            Ok(DataDefinition::Schema(SchemaRequest::Rename { from: name, to }))
        }
        AlterSchemaOperation::OwnerTo { owner } => {
            if context.view.catalog().schema(&name, path_of(context).own()).is_none() {
                return Err(crate::db::no_schema(&name));
            }
            Err(Error::internal(format!("OWNER TO {owner} is another statement")))
        }
        _ => Err(not_postgresql()),
    }
}

/// Plans DROP SCHEMA.
///
/// # Errors
/// 42601 for a name of several parts.
pub fn plan_drop_schema(
    names: &[ObjectName],
    (if_exists, cascade): (bool, bool),
    context: &PlanContext<'_>,
) -> Result<DataDefinition> {
    let names = names.iter().map(|name| one_part(name, context)).collect::<Result<Vec<String>>>()?;
    Ok(DataDefinition::Schema(SchemaRequest::Drop { names, if_exists, cascade }))
}

fn not_postgresql() -> Error {
    Error::syntax("this form of ALTER SCHEMA is not PostgreSQL's", None)
        .with_hint("ALTER SCHEMA name { RENAME TO name | OWNER TO owner }")
}

fn one_part(name: &ObjectName, context: &PlanContext<'_>) -> Result<String> {
    match relation_name(name)? {
        (None, plain) => Ok(plain),
        (Some(_), _) => {
            let error = Error::syntax("the name of a schema has one part", None);
            Err(located(error, context.text, name.span().start))
        }
    }
}

/// The role that a schema is made for.
fn owner_of(owner: &Ident, context: &PlanContext<'_>) -> Result<RoleId> {
    let (name, identity) = (folded(owner), context.settings.identity());
    match &*name {
        "current_user" | "current_role" if owner.quote_style.is_none() => Ok(identity.current),
        "session_user" if owner.quote_style.is_none() => Ok(identity.session),
        name => context.view.catalog().expect_role(name).map(|role| role.id),
    }
}

impl SchemaRequest {
    /// Carries the statement out; the command tag.
    ///
    /// # Errors
    /// As [`Transaction::create_schema`], [`Transaction::rename_schema`] and [`Transaction::drop_schemas`].
    pub fn execute(&self, transaction: &mut Transaction) -> Result<&'static str> {
        match self {
            SchemaRequest::Create { name, if_not_exists, owner } => {
                let acting = transaction.acting();
                transaction.act_as(owner.unwrap_or(acting));
                let made = transaction.create_schema(name);
                transaction.act_as(acting);
                match made {
                    Err(error) if *if_not_exists && error.kind() == ErrorKind::DuplicateSchema => {
                        let message = format!("{}, skipping", error.message());
                        transaction.notices.push(Notice::of(Error::new(ErrorKind::DuplicateSchema, message)));
                    }
                    made => made?,
                }
                Ok("CREATE SCHEMA")
            }
            SchemaRequest::Rename { from, to } => {
                transaction.rename_schema(from, to)?;
                Ok("ALTER SCHEMA")
            }
            SchemaRequest::Drop { names, if_exists, cascade } => {
                let mut there = Vec::with_capacity(names.len());
                for name in names {
                    if *if_exists && !transaction.has_schema(name) {
                        transaction.notices.push(Notice::new(format!("schema \"{name}\" does not exist, skipping")));
                    } else {
                        there.push(name.clone());
                    }
                }
                transaction.drop_schemas(&there, *cascade)?;
                Ok("DROP SCHEMA")
            }
        }
    }
}
