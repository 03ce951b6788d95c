//! Agents at the door: `nebulusdb mcp` as a client of the protocol sees it, message by message, and `/mcp` over HTTP.

mod agent;
mod http;
mod tools;

pub use agent::Agent;
