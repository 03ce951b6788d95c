//! Traces for a collector of OpenTelemetry: spans of statements, commits and rounds of sync, with kinds, counts and SQLSTATEs.
//!
//! A span never holds the text of a statement, a value, a name of anybody's, or a secret. Spans of one task nest: a commit is
//! part of the statement that it ends. The build without the feature `otel` has the same names, and they cost nothing.
//!
//! The spans are no bridge from those of `tracing`: what is logged and what is traced are two things here,
//! each with an option, and log lines stay as they are whether anybody traces or not.

#[cfg(not(feature = "otel"))]
mod absent;
#[cfg(feature = "otel")]
mod collector;
mod said;
#[cfg(feature = "otel")]
mod span;

#[cfg(not(feature = "otel"))]
pub use absent::{Exporting, Span};
#[cfg(feature = "otel")]
pub use collector::Exporting;
pub use said::{Attribute, SpanName};
#[cfg(feature = "otel")]
pub use span::Span;

/// Whether this build can trace.
pub const IS_BUILT_IN: bool = cfg!(feature = "otel");
