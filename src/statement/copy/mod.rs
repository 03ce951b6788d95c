//! COPY: rows out of a client's bytes into a transaction, and the rows of a query as bytes, with no planner in between.
//! `text_format` and `binary_format` are the formats, `options` what may be said of them.

mod binary_format;
mod copy_in;
mod copy_out;
mod copy_plan;
mod options;
mod text_format;

pub use copy_in::CopyIn;
pub use copy_out::CopyOut;
pub use copy_plan::{BinaryCodec, CopyInPlan, CopyOutPlan, CopyTarget};
pub use options::{CopyFormat, CopyOptions, Forced, GivenOptions};
