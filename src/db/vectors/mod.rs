//! The nearest-neighbour indexes of a node and the thread that links new vectors into their graphs.

pub(super) mod build_progress;
pub(super) mod graph_builder;
mod graph_files;
pub(super) mod vector_indexes;
