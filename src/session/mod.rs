//! One connection's session: which language a statement is in, what it was prepared to, its transaction, its settings.
//!
//! A statement's way: the wire hands a text to [`Session::parse_script`] (`statement::script`), which cuts it into statements of both languages;
//! [`Session::prepare`] plans one (`prepared`); [`Session::execute`] runs it (`execute`): a read on a view, a write in the
//! open `transaction` or in one of its own, a statement on the session itself (`session_statement`, `settings`, `portals`). What comes
//! of it is a [`StatementOutcome`] whose [`ResultRows`] are fetched chunk by chunk (`outcome`).
//!
//! Guarantees: a failed statement leaves nothing behind; a result holds at most a chunk of rows in memory; texts in the
//! [`Activity`](crate::db::Activity) show no secrets.

mod identity;
mod isolation;
mod listen;
mod made_types;
mod nesting;
mod portal;
mod portals;
mod scroll;
mod session;
mod settings;
mod statement;
mod temporary;
mod transaction;
mod transaction_mark;

pub use crate::statement::{SCRAM_ITERATIONS, fill_random, hmac, make_verifier, random_password, scram_verifier};
pub use portal::{Formats, Portal, PortalRows};
pub use session::{Entrance, Session};
pub use statement::copy::{SessionCopyIn, SessionCopyOut};
pub use statement::outcome::{ResultRows, StatementOutcome};
pub use statement::prepared::Prepared;
pub use statement::script::{Parsed, is_complete, parse_script, statements_of};
pub use statement::secrecy::guarded;
pub use statement::timing::SlowLog;
pub use transaction::TransactionStatus;
