//! Nearest-neighbour search: distances and one index for each (collection, column, metric).
//!
//! A search, end to end: `NearestIndex::search` takes a snapshot of the index's parts under a short lock (`index`, `search`);
//! each sealed segment (`segment`) is walked from its nearest seeds along its graph (`graph`) by the codes and kernels of `rows`,
//! the tail of recent vectors is scanned; candidates are put in the order of their vectors, which are read as far as that
//! needs, and the caller's filter judges them in that order until enough are accepted; walks are widened as long as the filter is
//! choosier than expected; the accepted ones get their exact distance. A caller that knows its rows beforehand gives a bitmap
//! for each part (`search::selected`). Graphs are made in the background (on `workers`) and saved with everything else (`file`).
//!
//! The index is a cache of the store: it knows keys and vectors, nothing of rows, transactions or visibility. Callers
//! check candidates against their snapshot in the filter they pass.

#[cfg(test)]
mod close_tests;
mod codec;
mod file;
#[cfg(test)]
mod file_tests;
mod graph;
mod index;
mod mapped;
#[cfg(test)]
mod order_tests;
mod rows;
mod search;
mod segment;
#[cfg(test)]
mod selected_tests;
#[cfg(test)]
mod tests;
mod workers;

pub use file::UnsavedSegment;
pub use graph::parameters::Parameters;
pub use graph::progress::{BuildPhase, Progress};
pub use index::NearestIndex;
pub use rows::distance::{DIMENSION_MAX, Metric, check_dimension, check_finite, check_vector, inner_product, l2_norm};
pub use search::candidates::walk_micros;
pub use search::order::NearestOrder;
pub use search::search::{Candidate, WalkBounds};
pub use search::selected::{SearchWay, SelectedSearch, selected_micros};
pub use search::selection::{PartId, PartKeys, RowBitmap};
pub use segment::segment_file::SegmentId;
pub use segment::segment_set::BuildScope;
pub use workers::Priority;
