//! Statements about roles: they are read from their tokens (`sql/parse/roles`), and carried out in a transaction with the rights of
//! whoever runs them. Messages are PostgreSQL's.

pub(in crate::sql) mod definition;
mod grant;
mod membership;
mod names;
mod ownership;
mod role;
