//! Simulated networks: real engines on real databases, with everything between them played from a seed.
//!
//! A [`World`](world::World) has a queue of events and one random number generator. Frames are late, get lost with their
//! session or arrive twice, nodes crash and come back from disk, clocks jump, old copies are put back, members leave and
//! come back or are silent until an owner excuses them, and users write all
//! the while. Afterwards everything heals, and all nodes must agree and have kept what they promised.
//!
//! A failing seed prints itself: `NEBULUSDB_SIM_SEED=7 cargo test --release simulat` plays it again, with its story.
//! `NEBULUSDB_SIM_SEEDS` says how many seeds are played, `NEBULUSDB_SIM_NODES` on how many nodes.

mod checks;
mod crowd;
mod departures;
mod excuses;
mod faults;
mod holders;
mod ledger;
mod liars;
mod links;
mod node;
mod owners;
mod plan;
mod runs;
mod shares;
mod story;
mod tables;
mod workload;
mod world;
