//! PostgreSQL's wire protocol, version 3: connections, authentication, the simple and the extended protocol.
//!
//! One connection's way: [`serve`] accepts it (`listener`), from the network or from inside of this process (`door`), into a bounded room (`waiting`), `startup` negotiates encryption
//! (`tls`, `endpoint`) and reads the parameters, `authentication` and `scram` check the password, for which `guesses` lets a
//! guesser wait; it gets a place among those that are served (`places`), and `connection` then serves its messages: `input` cuts them out of the
//! stream, `simple`, `extended`, `portal` and `copy` hand statements to the [session](crate::session), the codecs turn
//! values into bytes and back, and `output` gathers the answers, errors as `report` tells them. pgwire is named here and nowhere else.
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
