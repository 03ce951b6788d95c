//! Networks of this node: made, joined and left by statements, collections attached and detached, and what is shown of them.

pub(in crate::db) mod attach;
pub(in crate::db) mod network_ddl;
pub(in crate::db) mod network_tables;
pub(in crate::db) mod peers;
