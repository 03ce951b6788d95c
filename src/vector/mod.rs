//! Nearest-neighbour search: distances and one index for each (collection, column, metric).
//!
//! A search, end to end: `NearestIndex::search` takes a snapshot of the index's parts under a short lock (`index`, `search`);
//! each sealed segment (`segment`) is walked along its graph (`graph`) with the kernels of `rows`, the tail of recent vectors is
//! scanned; the caller's filter judges candidates in order of distance until enough are accepted, and walks are widened as long
//! as the filter is choosier than expected; the accepted ones get their exact distance. Graphs are made in the background (on
//! `workers`) and saved with everything else (`file`).
//!
//! The index is a cache of the store: it knows keys and vectors, nothing of rows, transactions or visibility. Callers
//! check candidates against their snapshot in the filter they pass.

#[cfg(test)]
mod close_tests;
mod codec;
mod file;
mod graph;
mod index;
mod rows;
mod search;
mod segment;
#[cfg(test)]
mod tests;
mod workers;

pub use graph::build::Progress;
pub use graph::parameters::Parameters;
pub use index::NearestIndex;
pub use rows::distance::{DIMENSION_MAX, Metric, check_dimension, check_finite, check_vector, inner_product, l2_norm};
pub use search::search::Candidate;
pub use search::selected::{SearchWay, SelectedSearch};
pub use search::selection::{PartId, PartKeys, RowBitmap};
pub use segment::segment_set::BuildScope;
