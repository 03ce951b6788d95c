//! Nearest-neighbour retrieval: the rows of a collection by their distance to a vector.
//!
//! `search` finds the nearest rows by the graph, among those that columns select, or by measuring; `sequence` puts what several
//! searches find into one order that pages are cut from; `stream` gives the rest of that order, row by row, to a reader that has
//! no LIMIT; `reach` bounds the distance; `rows` says what the rows show and whether they come in microseconds.

pub(super) mod neighbour;
pub(super) mod reach;
pub(super) mod rows;
pub(super) mod search;
mod sequence;
pub(super) mod stream;
