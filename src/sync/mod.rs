//! A peer's day: networks, what goes out of them and what comes in.

pub mod knirvgraph;
