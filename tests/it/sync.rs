//! Networks of real servers on loopback: what is staged on one is seen on the others, and nothing else ever is.
//!
//! Every wait is for a condition, by SQL, with a deadline, and what was seen last is told when it passes. Where a test
//! claims that something does *not* arrive, it first waits for a later entry that does: deltas of one origin come in order.

mod authors;
mod blobs;
mod change_feed;
mod circuits;
mod clocks;
mod collection_suite;
mod column_reads;
mod conflicts;
mod crowding;
mod database_suite;
mod discovery;
mod forwarder;
mod graph_endpoint;
mod lab;
mod links;
mod manager_suite;
mod members;
mod namespaces;
mod nodes;
mod partial;
mod posting;
mod reasons;
mod relay;
mod restarts;
mod restored;
mod rights;
mod sharing;
mod small_disk;
mod strangers;
mod tables;
mod told;
mod versions;
