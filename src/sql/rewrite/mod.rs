//! What psql, drivers and tools send, turned into what the planner takes, before anything else looks at a statement.

pub(super) mod composites;
pub(super) mod expressions;
pub(super) mod recognise;
pub(super) mod record_functions;
pub(super) mod rewrite;
