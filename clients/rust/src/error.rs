//! What can go wrong, by what the caller can do.

use std::fmt;

use tokio_postgres::error::SqlState;

/// The result of everything that asks the server.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something was not done.
#[derive(Debug)]
pub enum Error {
    /// The server refused a statement, or the connection to it broke: [`Error::code`] tells which.
    Server(tokio_postgres::Error),
    /// What the caller gave cannot be sent: a vector that is empty or not finite, facts that are no JSON object, an update that changes
    /// nothing. The text says which value and what is taken.
    Input(String),
    /// What the server holds is not of the type that was asked for.
    Facts {
        /// The id of the entry.
        id: String,
        /// Why its facts do not fit the type.
        source: serde_json::Error,
    },
    /// A server of one's own did not start or did not end. The text has its last words.
    Embedded(String),
}

impl Error {
    /// The SQLSTATE with which the server refused.
    #[must_use]
    pub fn code(&self) -> Option<&SqlState> {
        match self {
            Error::Server(error) => error.code(),
            Error::Input(_) | Error::Facts { .. } | Error::Embedded(_) => None,
        }
    }

    /// Whether another writer was first (40001): the transaction can be run again.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.code() == Some(&SqlState::T_R_SERIALIZATION_FAILURE)
    }

    /// Whether an entry of this id, or of a unique value, is there already (23505).
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.code() == Some(&SqlState::UNIQUE_VIOLATION)
    }

    pub(crate) fn input(text: impl Into<String>) -> Self {
        Error::Input(text.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Server(error) => match error.as_db_error() {
                Some(said) => {
                    write!(formatter, "{}", said.message())?;
                    if let Some(detail) = said.detail() {
                        write!(formatter, "; {detail}")?;
                    }
                    if let Some(hint) = said.hint() {
                        write!(formatter, " (hint: {hint})")?;
                    }
                    Ok(())
                }
                None => write!(formatter, "{error}"),
            },
            Error::Input(text) | Error::Embedded(text) => formatter.write_str(text),
            Error::Facts { id, source } => {
                write!(formatter, "the facts of entry {id:?} are not of the type asked for: {source}")
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Server(error) => Some(error),
            Error::Facts { source, .. } => Some(source),
            Error::Input(_) | Error::Embedded(_) => None,
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Error::Server(error)
    }
}
