//! ALTER TABLE … ALTER COLUMN … TYPE, and OWNER TO.

use datafusion::sql::sqlparser::ast::Owner;

use crate::error::{Error, ErrorKind, Result};
use crate::model::Column;
use crate::sql::parse::names::folded;
use crate::types::ColumnType;

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

/// The dimension that ALTER COLUMN … TYPE gives a vector column; `None` where the column has the type already.
///
/// # Errors
/// 0A000 for any other change of a type.
pub fn declared_dimension(column: &Column, ty: ColumnType) -> Result<Option<Option<u32>>> {
    match (&column.ty, ty) {
        (ColumnType::Vector(_), ColumnType::Vector(declared)) => Ok(Some(declared)),
        (now, wanted) if *now == wanted => Ok(None),
        (now, wanted) => Err(Error::unsupported(
            format!("the type of a column cannot be changed from {now} to {wanted}"),
            "Only the dimension of a vector can; otherwise make a new table and INSERT ... SELECT.",
        )),
    }
}
