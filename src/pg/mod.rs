//! PostgreSQL's wire protocol, version 3: connections, authentication, the simple and the extended protocol.
//!
//! One connection's way: [`serve`] accepts it, from the network or from inside of this process (`transport::door`), into a bounded
//! room (`transport::waiting`); `accept::startup` negotiates encryption (`transport::tls`) and reads the parameters; `auth` checks
//! the password and lets a guesser wait; it gets a place among those that are served, and `serve::connection` then serves its
//! messages: `messages` cuts them out of the stream, `serve` hands statements to the [session](crate::session), `codec` turns values
//! into bytes and back, and `messages` gathers the answers. pgwire is named here and nowhere else.
//!
//! Guarantees: no client can make the server buffer more than one message and one chunk of rows; whatever a client sends,
//! it gets an error with a SQLSTATE, and the other connections do not notice.

mod accept;
mod auth;
mod codec;
mod messages;
mod serve;
mod transport;
pub use crate::session::{make_verifier, random_password};
pub use accept::listener::serve;
pub use auth::server::ServerContext;
pub use transport::admission::{Admission, AdmissionSlot};
pub use transport::door::{Door, InnerStream, Visitors, door};
pub use transport::endpoint::end_point;
pub use transport::places::PLACES_RESERVED;
pub use transport::tls::{Tls, TlsRule, TlsSlot, load_tls};
