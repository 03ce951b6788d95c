//! How far a build has come, told while it goes on, and the way to stop it.

use crate::error::{Error, ErrorKind, Result};

/// What a build is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildPhase {
    /// Finding the neighbours of every row.
    Neighbours,
    /// Choosing the links of every node out of its neighbours.
    Links,
    /// Making the graph one piece, and measuring how much of what is near it finds.
    Checks,
}

/// How far a build has come, in rows of its phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub phase: BuildPhase,
    pub done: usize,
    pub total: usize,
}

/// Tells the owner of a build how far it is.
pub struct BuildReport<'a> {
    tell: &'a mut dyn FnMut(Progress) -> bool,
    progress: Progress,
}

impl<'a> BuildReport<'a> {
    /// `tell` stops the build by returning false.
    pub fn new(tell: &'a mut dyn FnMut(Progress) -> bool) -> BuildReport<'a> {
        BuildReport { tell, progress: Progress { phase: BuildPhase::Neighbours, done: 0, total: 0 } }
    }

    /// A phase of so many rows begins.
    ///
    /// # Errors
    /// As [`BuildReport::check`].
    pub fn begin(&mut self, phase: BuildPhase, total: usize) -> Result<()> {
        self.progress = Progress { phase, done: 0, total };
        self.check()
    }

    /// So many rows of the phase are done.
    ///
    /// # Errors
    /// As [`BuildReport::check`].
    pub fn done(&mut self, rows: usize) -> Result<()> {
        self.progress.done = rows.min(self.progress.total);
        self.check()
    }

    /// Tells what is known.
    ///
    /// # Errors
    /// 57014 when the build is to stop.
    pub fn check(&mut self) -> Result<()> {
        if (self.tell)(self.progress) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::QueryCanceled, "building the vector index was stopped"))
    }
}
