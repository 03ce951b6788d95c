//! Functions of `json` and `jsonb`, and of paths into them.

pub(in crate::sql) mod access;
pub(in crate::sql) mod constructed;
pub(in crate::sql) mod json;
pub(in crate::sql) mod make;
pub(in crate::sql) mod paths;
pub(in crate::sql) mod records;
pub(in crate::sql) mod sets;
pub(in crate::sql) mod texts;
