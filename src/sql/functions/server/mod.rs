//! Functions that look at the session, the catalogs or the data of their statement, or do something there.

pub(in crate::sql) mod advisory;
pub(in crate::sql) mod blobs;
pub(in crate::sql) mod catalog;
pub(in crate::sql) mod networks;
pub(in crate::sql) mod notifications;
pub(in crate::sql) mod rights;
pub(in crate::sql) mod sequences;
pub(in crate::sql) mod session;
