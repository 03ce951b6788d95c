//! Builds by overlapping leaves, for many rows at once: what CREATE INDEX, loads and merges of large segments are built by.
//!
//! A round cuts all nodes into leaves of a few hundred near ones (`partition`), each node into two of them, takes all distances
//! within a leaf (`gathered`, `tiles`), and keeps for every node the near ones that no other one leads to (`all_pairs`). Both ends
//! of such a pair become candidates of each other (`candidates`). After some rounds with other leaders, every node has its links
//! chosen out of its candidates (`prune`). This is the way of PiPNN,
//! <https://arxiv.org/abs/2602.21247>: whole registers of products where insertion follows pointers.
//!
//! Nothing is shared but places of one's own, and what is kept does not depend on what comes first: the same rows make the same
//! graph on any number of threads and on any processor.

pub(super) mod all_pairs;
pub(super) mod build;
mod candidates;
pub(super) mod gathered;
mod partition;
mod prune;
#[cfg(test)]
mod tests;
pub(super) mod tiles;
