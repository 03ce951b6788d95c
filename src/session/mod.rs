//! One connection's session: which language a statement is in, what it was prepared to, its transaction, its settings.
//!
//! A statement's way: the wire hands a text to [`Session::parse_script`] (`script`), which cuts it into statements of both languages;
//! [`Session::prepare`] plans one (`prepared`); [`Session::execute`] runs it (`execute`): a read on a view, a write in the
//! open `transaction` or in one of its own, a `control` statement on the session itself (`settings`, `cursor`). What comes
//! of it is an [`Outcome`] whose [`Rows`] are fetched chunk by chunk (`rows`).
//!
//! Guarantees: a failed statement leaves nothing behind; a result holds at most a chunk of rows in memory; texts in the
//! [`Activity`](crate::db::Activity) show no secrets.

mod backup;
mod control;
mod copy;
mod cursor;
mod execute;
mod joining;
mod knirvql_run;
mod listen;
mod network_call;
mod password;
mod prepared;
mod rows;
mod script;
mod secrecy;
#[expect(clippy::module_inception, reason = "the file holds the type Session")]
mod session;
mod settings;
mod timing;
mod transaction;

pub use copy::{CopyIn, CopyOut};
pub use password::{SCRAM_ITERATIONS, fill_random, hmac, make_verifier, random_password, scram_verifier};
pub use prepared::Prepared;
pub use rows::{Outcome, Rows, RowsTag};
pub use script::{Parsed, is_complete, parse_script, statements_of};
pub use secrecy::guarded;
pub use session::{Entrance, Session};
pub use timing::SlowLog;
pub use transaction::TransactionStatus;
