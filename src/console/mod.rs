//! The web console: a few files that a browser loads from this node, and the gateway that they speak through.
//!
//! A request from the browser passes the [`guard`] (was it meant for this server, does it come from the console's own page,
//! does it name a session?), and its statement runs over a connection of that session to the server's own port for clients
//! ([`link`]). So a session of the console is a client like any other: its users, limits, budgets and cancelling are theirs,
//! and nothing is read behind the database's back. What needs no database is here: the projection of vectors onto a plane
//! ([`map`]), and the last lines of the log ([`log_lines`]).
//!
//! The files are built from `web/` by `make console` and embedded ([`files`]).

mod answer;
mod calls;
mod events;
mod files;
mod guard;
mod link;
mod log_lines;
mod login;
mod map;
mod projection;
mod router;
mod sessions;
mod slot;

pub use log_lines::LogLines;
pub use router::{ConsoleOptions, router};
