//! Agents at the door: MCP (Model Context Protocol, modelcontextprotocol.io) over standard input and output, and over HTTP.
//!
//! One call's way: `stdio` or `http` has a client's message decoded by the protocol's own library and gives it to `handler`,
//! which finds the tool (`tools` describes them all to the client). The tool reads its arguments (`arguments`, `condition`),
//! takes a connection to the server out of the agent's `pool`, looks the collection up (`collection`), runs statements
//! (`statement`) and answers in JSON (`answer`, `json`). `resources` gives the same things to read by address.
//!
//! An agent is a client like every other: it speaks to the server over PostgreSQL's wire, so that passwords, limits, budgets
//! and cancelling are those of every client. What it may not do (`rules`) is refused by the server: reads run in READ ONLY
//! transactions, and secrets are hidden from its connections. Nothing here judges a statement by its text.

mod answer;
mod arguments;
mod collection;
mod condition;
mod credentials;
mod forget;
mod handler;
mod http;
mod json;
mod list;
mod pool;
mod query;
mod recall;
mod remember;
mod resources;
mod rules;
mod share;
mod statement;
mod stdio;
mod tools;

pub use http::{HttpOptions, router};
pub use rules::Rules;
pub use stdio::serve_stdio;
