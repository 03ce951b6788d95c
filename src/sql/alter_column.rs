//! ALTER TABLE … ALTER COLUMN … TYPE, and OWNER TO.

use datafusion::sql::sqlparser::ast::Owner;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, ColumnType};
use crate::sql::define::Definition;
use crate::sql::scope::folded;

/// # Errors
/// 42704 for anybody but the owner of the node.
pub fn check_owner(owner: &Owner) -> Result<()> {
    match owner {
        Owner::CurrentRole | Owner::CurrentUser | Owner::SessionUser => Ok(()),
        Owner::Ident(name) if folded(name) == crate::db::OWNER => Ok(()),
        Owner::Ident(name) => {
            Err(Error::new(ErrorKind::UndefinedObject, format!("role \"{}\" does not exist", folded(name)))
                .with_hint(format!("A node has one user, {}.", crate::db::OWNER)))
        }
    }
}

/// ALTER COLUMN … TYPE: a vector's dimension changes, nothing else does.
pub fn alter_type(collection: &Collection, column: String, ty: ColumnType) -> Result<Definition> {
    let current = collection.column(&column).and_then(|position| collection.columns.get(position));
    let Some(current) = current else {
        let message = format!("column \"{column}\" of relation \"{}\" does not exist", collection.name);
        return Err(Error::new(ErrorKind::UndefinedColumn, message));
    };
    match (&current.ty, ty) {
        (ColumnType::Vector(_), ColumnType::Vector(declared)) => {
            Ok(Definition::AlterVector { table: collection.name.clone(), column, declared })
        }
        (now, wanted) if *now == wanted => Ok(Definition::Nothing("ALTER TABLE")),
        (now, wanted) => Err(Error::unsupported(
            format!("the type of a column cannot be changed from {now} to {wanted}"),
            "Only the dimension of a vector can; otherwise make a new table and INSERT ... SELECT.",
        )),
    }
}
