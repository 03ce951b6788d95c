//! What a result's columns are called and typed.

use crate::types::ColumnType;

/// One column of a result, as RowDescription shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputColumn {
    pub name: String,
    pub ty: ColumnType,
    /// OID of the collection that the column comes from, 0 for an expression.
    pub table_oid: u32,
    /// The column's `attnum` there, 0 for an expression.
    pub attribute: i16,
}

impl OutputColumn {
    /// A column that is no collection's.
    pub fn computed(name: impl Into<String>, ty: ColumnType) -> Self {
        OutputColumn { name: name.into(), ty, table_oid: 0, attribute: 0 }
    }
}
