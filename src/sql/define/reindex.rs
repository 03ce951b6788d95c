//! REINDEX: indexes built anew, the one that is named or all of a table. It is how an invalid one comes to hold everything again.

use datafusion::sql::sqlparser::ast::{Spanned, VacuumStatement};

use crate::db::{Cancel, Transaction};
use crate::error::{Error, ErrorKind, Result};
use crate::model::RelationName;
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::names::relation_name;
use crate::sql::pg_catalog::{Object, named_object};
use crate::sql::write::write_target::{check_user_schema, located, writable_table};
use crate::statement::Privilege;

/// Indexes to be built anew.
pub struct ReindexRequest {
    table: RelationName,
    /// `None` for all of the table.
    index: Option<String>,
}

impl ReindexRequest {
    /// Builds them.
    ///
    /// # Errors
    /// As [`Transaction::rebuild_indexes`].
    pub async fn execute(&self, transaction: &mut Transaction, cancel: &Cancel) -> Result<()> {
        transaction.rebuild_indexes(&self.table, self.index.as_deref(), cancel).await
    }
}

/// Plans REINDEX INDEX and REINDEX TABLE, as `rewrite_tokens` has them read.
///
/// # Errors
/// 42601 without a name, 42P01 for what is not there, 42809 for a relation of another kind, 0A000 for a primary key; as
/// [`writable_table`] and [`check_user_schema`].
pub fn plan_reindex(statement: &VacuumStatement, context: &PlanContext<'_>) -> Result<ReindexRequest> {
    let Some(name) = &statement.table_name else {
        return Err(Error::syntax("REINDEX needs a name", None).with_hint("REINDEX { INDEX | TABLE } name"));
    };
    if statement.full {
        let collection = writable_table(name, context)?;
        context.notes.touch_collection(&collection, Privilege::Own);
        return Ok(ReindexRequest { table: collection.relation(), index: None });
    }
    let at = |error| located(error, context.text, name.span().start);
    let (_, plain) = relation_name(name)?;
    check_user_schema(name, context)?;
    match named_object(name, context)?.filter(Object::is_user_made) {
        Some(Object::Index(collection, index)) => {
            context.notes.touch_collection(&collection, Privilege::Own);
            Ok(ReindexRequest { table: collection.relation(), index: Some(index.name) })
        }
        Some(Object::PrimaryKey(_)) => Err(at(Error::unsupported(
            format!("\"{plain}\" cannot be built anew"),
            "Entries lie in the order of their primary key; there is no index besides.",
        ))),
        Some(_) => Err(at(Error::new(ErrorKind::WrongObjectType, format!("\"{plain}\" is not an index")))),
        None => Err(at(Error::new(ErrorKind::UndefinedTable, format!("relation \"{plain}\" does not exist")))),
    }
}
