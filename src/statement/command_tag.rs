//! Command tags: what a client is told that a statement has done.

use std::fmt;

/// What a statement has done: a word, and to how many rows where it says so, as in `INSERT 0 3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandTag {
    word: &'static str,
    count: Option<u64>,
}

/// The command tag behind rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsTag {
    /// The word, to be followed by the number of rows that were sent.
    Counted(&'static str),
    /// The tag, with the number of rows that were sent where it has a count.
    Fixed(CommandTag),
}

impl CommandTag {
    /// A tag without a count.
    pub const fn of(word: &'static str) -> CommandTag {
        CommandTag { word, count: None }
    }

    pub const fn counted(word: &'static str, count: u64) -> CommandTag {
        CommandTag { word, count: Some(count) }
    }

    /// The tag behind this many of its rows. A portal that is read in several steps counts those of the last one, as in PostgreSQL.
    #[must_use]
    pub fn behind_rows(self, sent: u64) -> CommandTag {
        CommandTag { count: self.count.map(|_| sent), ..self }
    }

    /// To how many rows it was done, where it says so.
    pub fn count(self) -> Option<u64> {
        self.count
    }
}

impl fmt::Display for CommandTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word)?;
        match self.count {
            Some(count) => write!(f, " {count}"),
            None => Ok(()),
        }
    }
}
