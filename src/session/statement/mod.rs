//! One statement's life in a session: cut out of the client's text, prepared, executed, its rows fetched.

pub(super) mod backup;
pub(super) mod code;
pub(super) mod copy;
pub(super) mod execute;
pub(super) mod joining;
pub(super) mod network_call;
pub(super) mod outcome;
pub(super) mod prepared;
pub(super) mod script;
pub(super) mod secrecy;
pub(super) mod session_statement;
pub(super) mod timing;
