//! Rows in the order of their vectors, of which no more are read than the order needs.
//!
//! What a code says of a row is the least order that its vector may have. As long as that is above the nearest vector read,
//! the vectors behind are of no interest: the rows come out as if all vectors had been read.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::candidates::{IndexParts, WalkOffer};
use crate::vector::rows::aligned_vectors::{QueryVector, order_of};

/// Offers of rows, given out nearest first.
#[derive(Default)]
pub struct Ranking {
    /// By the least order that they may have.
    waiting: BinaryHeap<Reverse<WalkOffer>>,
    /// By the order of their vectors.
    ranked: BinaryHeap<Reverse<WalkOffer>>,
}

impl Ranking {
    /// Of rows whose offers name the least order that they may have, and of rows whose order is known.
    pub fn of(waiting: Vec<WalkOffer>, ranked: Vec<WalkOffer>) -> Ranking {
        Ranking {
            waiting: waiting.into_iter().map(Reverse).collect(),
            ranked: ranked.into_iter().map(Reverse).collect(),
        }
    }

    /// The nearest of the offers that are left, with its order.
    pub fn peek(&mut self, parts: &IndexParts, query: &QueryVector) -> Option<WalkOffer> {
        while let Some(Reverse(waiting)) = self.waiting.peek() {
            if self.ranked.peek().is_some_and(|Reverse(ranked)| ranked.order < waiting.order) {
                break;
            }
            let Some(Reverse(offer)) = self.waiting.pop() else { break };
            if let Some(Reverse(ahead)) = self.waiting.peek() {
                let entries = parts.entries(ahead.part);
                entries.rows.prefetch(entries.node(ahead.row));
            }
            let order = order_of(parts.entries(offer.part).closeness(query, offer.row));
            self.ranked.push(Reverse(WalkOffer { order, ..offer }));
        }
        self.ranked.peek().map(|Reverse(offer)| *offer)
    }

    /// Takes out what [`Ranking::peek`] returned.
    pub fn pop(&mut self) {
        self.ranked.pop();
    }
}
