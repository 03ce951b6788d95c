//! Numbers of the whole process, in Prometheus' text form: counters, gauges and histograms with fixed buckets.
//!
//! Numbers only, never a name or a value of a user's: the one label there is says of which kind a statement was.

mod instruments;
mod page;
mod registry;

pub use instruments::{Counter, Gauge, Histogram, Timer};
pub use page::Page;
pub use registry::*;
