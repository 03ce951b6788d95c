//! Functions of arrays.

pub(in crate::sql) mod bounds;
pub(in crate::sql) mod dimensions;
pub(in crate::sql) mod expand;
pub(in crate::sql) mod made;
pub(in crate::sql) mod number_lists;
pub(in crate::sql) mod removal;
pub(in crate::sql) mod sets;
