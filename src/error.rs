//! The one error type of the crate.
//!
//! An [`Error`] is what a client sees: a kind that decides the SQLSTATE, a message, and where they help a detail, a hint
//! and the 1-based character position in the statement. Layers below the wire build errors with the constructors here and
//! never format SQLSTATEs themselves. A [`Notice`] is a report that ends nothing: it is sent beside the result. Messages name the value, the limit and what to do; they never carry a secret.

use std::fmt;

mod io;
mod kind;
mod notice;
mod subject;

pub use kind::ErrorKind;
pub use notice::{Notice, Severity};
pub use subject::{Absent, OfTable, Subject};

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error with everything a client is told. One pointer wide, so that `Result` stays small.
#[derive(Clone)]
pub struct Error(Box<Report>);

#[derive(Clone)]
struct Report {
    kind: ErrorKind,
    message: String,
    detail: Option<String>,
    hint: Option<String>,
    position: Option<usize>,
    routine: Option<&'static str>,
    absent: Option<Absent>,
    subject: Option<Box<Subject>>,
}

impl Error {
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error(Box::new(Report {
            kind,
            message: message.into(),
            detail: None,
            hint: None,
            position: None,
            routine: None,
            absent: None,
            subject: None,
        }))
    }

    /// A statement that is not in the language, at a 1-based character position.
    pub fn syntax(message: impl Into<String>, position: Option<usize>) -> Self {
        let mut error = Error::new(ErrorKind::Syntax, message);
        error.0.position = position;
        error
    }

    /// Something PostgreSQL has and this server lacks; `hint` says what to do instead.
    pub fn unsupported(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Error::new(ErrorKind::Unsupported, message).with_hint(hint)
    }

    /// Stored data that is not what was written.
    pub fn damaged(message: impl Into<String>) -> Self {
        let hint = "Run `nebulusdb check` on the data directory; what it cannot repair comes back from a backup, by `nebulusdb restore`.";
        Error::new(ErrorKind::Corrupted, message).with_hint(hint)
    }

    /// A prepared statement whose result has other columns now; drivers that see it prepare it again.
    pub fn changed_result() -> Self {
        let hint = "The tables of this prepared statement have changed: prepare it again.";
        Error::unsupported("cached plan must not change result type", hint).with_routine("RevalidateCachedQuery")
    }

    /// A defect of this program.
    pub fn internal(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::Internal, message)
    }

    /// Entries that have to be fetched first.
    pub fn not_held(absent: Absent) -> Self {
        let mut error = Error::new(ErrorKind::NotHeld, "an entry that the statement names is held by other members")
            .with_hint("Read it by its primary key first, in a statement of its own.");
        error.0.absent = Some(absent);
        error
    }

    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Points at a 1-based character of the statement.
    #[must_use]
    pub fn with_position(mut self, position: usize) -> Self {
        self.0.position = Some(position);
        self
    }

    /// Says nothing of values: they are not for whoever reads it.
    #[must_use]
    pub fn without_detail(mut self) -> Self {
        self.0.detail = None;
        self
    }

    /// Points at nothing: what it pointed at is not in the client's text.
    #[must_use]
    pub fn without_position(mut self) -> Self {
        self.0.position = None;
        self
    }

    /// Names the routine of PostgreSQL that reports this error, by which some drivers know it.
    #[must_use]
    pub fn with_routine(mut self, routine: &'static str) -> Self {
        self.0.routine = Some(routine);
        self
    }

    /// Names the column of a table that the error is about.
    #[must_use]
    pub fn of_column<'a>(mut self, table: impl Into<OfTable<'a>>, column: &str) -> Self {
        self.0.subject = Some(Box::new(Subject { column: Some(column.to_string()), ..Subject::of(table.into()) }));
        self
    }

    /// Names the constraint of a table that the error is about.
    #[must_use]
    pub fn of_constraint<'a>(mut self, table: impl Into<OfTable<'a>>, constraint: &str) -> Self {
        self.0.subject =
            Some(Box::new(Subject { constraint: Some(constraint.to_string()), ..Subject::of(table.into()) }));
        self
    }

    /// Names the domain that the error is about, and its constraint.
    #[must_use]
    pub fn of_domain(mut self, schema: &str, domain: &str, constraint: Option<&str>) -> Self {
        self.0.subject = Some(Box::new(Subject {
            schema: Some(schema.to_string()),
            datatype: Some(domain.to_string()),
            constraint: constraint.map(str::to_string),
            ..Subject::default()
        }));
        self
    }

    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    pub fn sqlstate(&self) -> &'static str {
        self.0.kind.sqlstate()
    }

    pub fn message(&self) -> &str {
        &self.0.message
    }

    pub fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// What [`Error::not_held`] was made of.
    pub fn absent(&self) -> Option<&Absent> {
        self.0.absent.as_ref()
    }

    /// What [`Error::with_routine`] named.
    pub fn routine(&self) -> Option<&'static str> {
        self.0.routine
    }

    pub fn position(&self) -> Option<usize> {
        self.0.position
    }

    pub fn subject(&self) -> Option<&Subject> {
        self.0.subject.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if let Some(detail) = &self.0.detail {
            write!(f, " ({detail})")?;
        }
        if let Some(hint) = &self.0.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {self}", self.sqlstate())
    }
}

impl std::error::Error for Error {}
