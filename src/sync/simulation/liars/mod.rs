//! Members that lie: nodes whose messages a seeded adversary forges that knows the network's secret and its protocol.
//!
//! A liar is a node like the others, with an engine and a database that know everything; only what leaves it goes through its
//! [`Adversary`](adversary::Adversary), which changes fields of any message (it walks the tree that serde makes of one, so that
//! new messages and fields are lied about without a word here), replays, withholds, and invents. Now and then it speaks without
//! having been asked, and says something else to each peer.
//!
//! Honest nodes must notice nothing of it: what [`checks`](super::checks) demands of nodes that get along is demanded of them
//! beside liars as well, and more ([`stage`]). [`lies::NOT_YET`] holds what still gets through. [`defences`] takes single
//! defences down and shows which seed then fails.

mod adversary;
mod bodies;
mod defences;
mod inventions;
mod lies;
mod runs;
mod stage;
mod tree;

pub(super) use stage::Liars;
