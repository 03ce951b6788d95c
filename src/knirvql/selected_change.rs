//! DELETE, STAGE, UNSTAGE and REVERT: the entries that a condition accepts, and what is done to them.

use std::collections::HashSet;
use std::sync::Arc;

use crate::db::{EntryKey, Gathered, LockMode};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Environment, Expr, Program};
use crate::knirvql::returned::Returned;
use crate::knirvql::stage_preview::{preview_lines, previewed};
use crate::metrics::StatementKind;
use crate::model::{Collection, CollectionKind, Stage};
use crate::statement::{
    Change, CommandTag, Privilege, ReadRun, Work, WriteRun, Written, at_once, keys_query, later, matching_keys,
};
use crate::types::Value;

/// Entries of a collection to be changed.
#[derive(Clone, Debug)]
pub struct Selection {
    pub collection: Arc<Collection>,
    pub(super) filter: Expr,
    /// One of all collections: what the condition, or a parameter, does not fit is left out.
    pub lenient: bool,
}

impl Selection {
    /// The condition, as it was lowered.
    pub fn filter(&self) -> &Expr {
        &self.filter
    }

    /// The filter, ready to run with its parameters; `None` where no entry of the collection can match.
    ///
    /// # Errors
    /// 42P02 for a parameter without a value, 2201B and 0A000 for a regular expression that cannot be had; what a parameter's
    /// conversion to the place's type fails with, unless that fits nothing in a lenient selection.
    pub fn bind(&self, parameters: &[Value]) -> Result<Option<Program>> {
        match Program::compile(&self.filter, &Environment { parameters, ..Environment::default() }) {
            Ok(filter) => Ok(Some(filter)),
            Err(error) if self.lenient && fits_nothing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The lines of EXPLAIN of a step that is done to its entries.
    ///
    /// # Errors
    /// As [`Selection::bind`] and `ReadView::explain`.
    pub(super) fn lines(&self, step: &str, run: ReadRun<'_>) -> Result<Vec<String>> {
        let mut lines = vec![format!("{step} on {}", self.collection.name)];
        match self.bind(run.parameters)? {
            None => lines.push("  ->  Nothing: the condition fits no entry".to_string()),
            Some(filter) => {
                let query = keys_query(&self.collection, Some(filter));
                lines.extend(below(run.view.explain(&query, run.settings)?));
            }
        }
        Ok(lines)
    }

    /// The keys of the entries that it accepts.
    ///
    /// # Errors
    /// As [`Selection::bind`] and `matching_keys`.
    pub(super) fn keys(&self, run: &WriteRun<'_>) -> Result<Vec<EntryKey>> {
        let is_secret = self.collection.kind == CollectionKind::Auth;
        if is_secret && self.lenient && run.transaction.view().hides_secrets() {
            return Ok(Vec::new());
        }
        let Some(filter) = self.bind(run.parameters)? else { return Ok(Vec::new()) };
        matching_keys(run.transaction, &self.collection, Some(filter), (run.settings, run.cancel))
    }
}

/// Whether an error says that a constant is not of a collection's kind, so that nothing there equals it.
pub fn fits_nothing(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::UndefinedColumn
            | ErrorKind::DatatypeMismatch
            | ErrorKind::InvalidTextRepresentation
            | ErrorKind::NumericOutOfRange
            | ErrorKind::DatetimeOutOfRange
    )
}

/// What is done to the entries of a selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectedVerb {
    Delete,
    Stage,
    Unstage,
    Revert,
}

/// What is done to the entries of selections, each of a collection of its own.
#[derive(Debug)]
pub struct SelectedChange {
    pub verb: SelectedVerb,
    pub selections: Vec<Selection>,
    /// Of a DELETE.
    pub returning: Option<Returned>,
}

impl SelectedVerb {
    fn tag(self) -> &'static str {
        match self {
            SelectedVerb::Delete => "DELETE",
            SelectedVerb::Stage => "STAGE",
            SelectedVerb::Unstage => "UNSTAGE",
            SelectedVerb::Revert => "REVERT",
        }
    }

    /// What EXPLAIN calls it.
    fn step(self) -> &'static str {
        match self {
            SelectedVerb::Delete => "Delete",
            SelectedVerb::Stage | SelectedVerb::Unstage => "Stage",
            SelectedVerb::Revert => "Revert",
        }
    }

    pub fn privilege(self) -> Privilege {
        match self {
            SelectedVerb::Delete => Privilege::Delete,
            // What is staged leaves the node.
            SelectedVerb::Stage | SelectedVerb::Unstage | SelectedVerb::Revert => Privilege::Own,
        }
    }
}

impl SelectedChange {
    /// Changes the entries; how many there were, and what is shown of them.
    async fn run(&self, run: &mut WriteRun<'_>) -> Result<Written> {
        let (mut changed, mut shown) = (0, Gathered::new(&run.settings.memory));
        for selection in &self.selections {
            let collection = &selection.collection;
            let mut keys = selection.keys(run)?;
            if run.lock_found(collection, keys.iter(), LockMode::Update).await? {
                let locked: HashSet<EntryKey> = keys.into_iter().collect();
                keys = selection.keys(run)?;
                keys.retain(|key| locked.contains(key));
            }
            for key in keys {
                if let Some(returning) = &self.returning {
                    let row = returning.row(run.transaction.view(), collection, &key)?;
                    row.map_or(Ok(()), |row| shown.push(row))?;
                }
                changed += u64::from(match self.verb {
                    SelectedVerb::Delete => run.transaction.delete(collection, &key)?,
                    SelectedVerb::Stage => run.transaction.set_stage(collection, &key, Stage::PostPending)?,
                    SelectedVerb::Unstage => run.transaction.unstage(collection, &key)?,
                    SelectedVerb::Revert => run.transaction.revert(collection, &key)?,
                });
            }
        }
        Ok(Written { tag: CommandTag::counted(self.verb.tag(), changed), rows: shown })
    }

    fn lines(&self, run: ReadRun<'_>) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        for selection in &self.selections {
            lines.extend(selection.lines(self.verb.step(), run)?);
        }
        Ok(lines)
    }
}

/// The lines of a query below the step that it is for.
fn below(lines: Vec<String>) -> impl Iterator<Item = String> {
    lines.into_iter().enumerate().map(|(at, line)| format!("{}{line}", if at == 0 { "  ->  " } else { "      " }))
}

impl Change for SelectedChange {
    fn execute<'a>(&'a self, mut run: WriteRun<'a>) -> Work<'a, Written> {
        later(async move { self.run(&mut run).await })
    }

    fn explain<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        if self.verb != SelectedVerb::Stage {
            return at_once(self.lines(run));
        }
        later(async move {
            let mut lines = self.lines(run)?;
            for selection in &self.selections {
                lines.extend(preview_lines(&previewed(selection, run).await?));
            }
            Ok(lines)
        })
    }

    fn steps<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        at_once(self.lines(run))
    }

    fn is_short(&self) -> bool {
        false
    }

    fn kind(&self) -> StatementKind {
        match self.verb {
            SelectedVerb::Delete => StatementKind::Delete,
            SelectedVerb::Stage | SelectedVerb::Unstage | SelectedVerb::Revert => StatementKind::Network,
        }
    }
}
