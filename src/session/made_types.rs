//! Types that CREATE TYPE has made, as the next statement of a session sees them. A statement that was prepared before a type got other
//! labels is planned anew when it runs; the values for it are read before that, by what its types are now.

use crate::session::session::Session;
use crate::types::{ColumnType, EnumType};

impl Session {
    /// The type of an OID that CREATE TYPE has made.
    pub fn made_type(&mut self, oid: u32) -> Option<ColumnType> {
        EnumType::number_of(oid)?;
        let view = self.view(true);
        let ty = view.catalog().user_type_by_oid(oid)?.column_type();
        Some(if EnumType::is_oid(oid) { ty } else { ColumnType::Array(Box::new(ty)) })
    }

    /// Types of parameters as they are now; `None` where none of them was made by CREATE TYPE.
    pub fn present_types(&mut self, types: &[ColumnType]) -> Option<Vec<ColumnType>> {
        if types.iter().all(|ty| ty.enumerated().is_none()) {
            return None;
        }
        Some(types.iter().map(|ty| self.made_type(ty.oid()).unwrap_or_else(|| ty.clone())).collect())
    }
}
