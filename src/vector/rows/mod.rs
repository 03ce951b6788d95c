//! Vectors side by side in memory, exact and in one byte a component, and the kernels that compare them.

pub(super) mod aligned_vectors;
mod code_kernels;
pub(super) mod copies;
mod difference_kernels;
pub(super) mod distance;
pub(super) mod kernels;
pub(super) mod quantized_vectors;
