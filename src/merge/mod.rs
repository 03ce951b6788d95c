//! The laws of merging: what two versions of an entry mean together.
//!
//! A local write becomes a delta ([`insert_delta`], [`update_delta`], [`delete_delta`]): a [`State`](crate::model::State)
//! that holds only what the write touched, stamped with (causal length, hybrid logical time, peer). [`merge`] joins a delta
//! with what is there; peers that have received the same deltas in any order, any number of times, hold states with equal
//! [`digest`]s. States under `merge` are a join-semilattice: commutative, associative, idempotent; [`delta`] gives back
//! what one state knows and another does not.
//!
//! Everything here is pure: no I/O, no clock, no randomness. Who reads the wall clock, persists the high-water mark of the
//! hybrid clock and keeps quarantined deltas is decided above.

mod authors;
mod chain;
mod charter;
mod contributions;
mod delta_digest;
mod digest;
mod edit;
mod hybrid_clock;
mod posting;
mod posting_tree;
mod restamp;
mod rights;
mod states;
mod vector_clock;

#[cfg(test)]
mod contribution_tests;
#[cfg(test)]
mod named_charters;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod spec_tests;

pub use authors::{Authors, certificate_id, certificate_message, next_certificate_number};
pub use chain::{PostingEnd, chain_fold, chain_next, chain_start, signed_message, signed_posting};
pub use charter::{
    CharterRefusal, EPOCH_MAX, charter_digest, charter_id, commitment, digest_of_removed, edict_id, edict_message,
    merge_charters, next_number, standing,
};
pub use contributions::{contribution_of, maker_of, merge_contributions, proven_state};
pub use delta_digest::{contribution_digest, delta_digest, hash_field, unreadable_digest};
pub use digest::{digest, hash_value};
pub use edit::{WriteContext, delete, delete_delta, insert, insert_delta, update, update_delta};
pub use hybrid_clock::{Drift, MAX_CLOCK_DRIFT_MILLIS, check_drift, observe, rein, tick};
pub use posting::Posting;
pub use posting_tree::{PostingTree, TreeHashes};
pub use restamp::restamp;
pub use rights::{Joined, Known, authors_of, is_settled, join, weigh};
pub use states::{CAUSAL_LENGTH_MAX, delta, merge, merge_into, validate};
pub use vector_clock::Causality;
