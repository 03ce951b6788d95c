//! What a client is told besides a result: reports that end nothing.

use crate::error::{Error, ErrorKind};

/// Something that a client is told besides a statement's result.
#[derive(Clone, Debug)]
pub struct Notice {
    pub severity: Severity,
    pub report: Error,
}

/// How a [`Notice`] is meant; `client_min_messages` drops the lesser ones. From the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// For whoever looks for a fault.
    Debug,
    /// For the log of the server.
    Log,
    /// Good to know: something was left out that did not have to be done.
    Notice,
    /// Something may not be as the client expects it.
    Warning,
    /// The client has asked for it: it is told whatever it listens to.
    Info,
}

impl Notice {
    /// A notice with SQLSTATE 00000.
    pub fn new(message: impl Into<String>) -> Self {
        Notice::of(Error::new(ErrorKind::Success, message))
    }

    /// A notice with the SQLSTATE, the detail and the hint of a report.
    pub fn of(report: Error) -> Self {
        Notice { severity: Severity::Notice, report }
    }

    /// The same with more to read.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        Notice { report: self.report.with_detail(detail), ..self }
    }

    pub fn warning(report: Error) -> Self {
        Notice { severity: Severity::Warning, report }
    }
}

impl Severity {
    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Debug => "DEBUG",
            Severity::Log => "LOG",
            Severity::Notice => "NOTICE",
            Severity::Warning => "WARNING",
            Severity::Info => "INFO",
        }
    }
}
