//! The build that cannot trace: spans that are nothing.

use crate::error::{Error, ErrorKind, Result};
use crate::telemetry::said::{Attribute, SpanName};

/// Nothing is exported.
#[derive(Debug)]
pub struct Exporting;

impl Exporting {
    /// # Errors
    /// F0000: this build has no traces.
    pub fn start(_endpoint: &str) -> Result<Exporting> {
        Err(Error::new(ErrorKind::Configuration, "this nebulusdb was built without traces"))
    }

    pub fn stop(self) {}
}

/// No span.
#[derive(Debug)]
pub struct Span;

impl Span {
    #[must_use]
    pub fn begin(_name: SpanName) -> Span {
        Span
    }

    pub fn is_traced(&self) -> bool {
        false
    }

    pub fn say(&self, _attribute: Attribute) {}

    /// Does the work as it is.
    pub async fn around<F: Future>(&self, work: F) -> F::Output {
        work.await
    }
}
