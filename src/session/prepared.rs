//! Prepared statements: parsed and planned once, run by each Execute.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use parking_lot::Mutex;

use crate::db::Catalog;
use crate::knirvql::Lowered;
use crate::metrics::StatementKind;
use crate::model::{ColumnType, OutputColumn, Reservation};
use crate::session::script::{HIDDEN, Parsed};
use crate::session::timing::kind_of;
use crate::sql::Planned;

/// Bytes of memory that a statement takes besides its text and its parts.
const STATEMENT_BYTES: usize = 2 * 1024;
/// Bytes that each expression and value takes in the tree and in the plan, as measured on long lists of literals.
const PART_BYTES: usize = 500;
/// Bytes that a statement takes for each byte of its text: the text, and the values in it.
const TEXT_FACTOR: usize = 3;

/// A prepared statement.
pub struct Prepared {
    /// The type of each parameter, `$1` first.
    pub parameters: Vec<ColumnType>,
    /// The columns of the result; `None` where there is none.
    pub columns: Option<Arc<[OutputColumn]>>,
    /// The wire keeps its encoded form of `columns` here: in text format, in binary format.
    pub descriptions: [OnceLock<Bytes>; 2],
    /// Of which kind it is; `None` for an empty statement.
    pub(super) kind: Option<StatementKind>,
    /// `None` for an empty statement.
    pub(super) parsed: Option<Parsed>,
    pub(super) plan: Mutex<Arc<Plan>>,
    /// The text without secrets.
    pub(super) shown: Arc<str>,
    /// What it takes of the session's memory.
    _memory: Reservation,
}

/// What a statement does, planned with one catalog.
pub(super) struct Plan {
    pub catalog: Arc<Catalog>,
    pub work: Work,
}

pub(super) enum Work {
    Nothing,
    Sql(Planned),
    Knirvql(Lowered),
}

impl Work {
    pub fn parameters(&self) -> Vec<ColumnType> {
        match self {
            Work::Nothing => Vec::new(),
            Work::Sql(planned) => planned.parameters.clone(),
            Work::Knirvql(lowered) => lowered.parameters.clone(),
        }
    }

    pub fn columns(&self) -> Option<Arc<[OutputColumn]>> {
        match self {
            Work::Nothing => None,
            Work::Sql(planned) => planned.columns.clone(),
            Work::Knirvql(lowered) => lowered.columns.clone(),
        }
    }
}

impl Prepared {
    /// Bytes of memory that the prepared form of a statement takes, by estimate.
    pub(super) fn bytes_of(parsed: &Parsed) -> usize {
        STATEMENT_BYTES + TEXT_FACTOR * parsed.text.len() + PART_BYTES * parsed.parts()
    }

    pub(super) fn new(parsed: Option<Parsed>, plan: Plan, memory: Reservation) -> Self {
        let shown = parsed.as_ref().map_or_else(|| "".into(), Parsed::shown);
        Prepared {
            parameters: plan.work.parameters(),
            columns: plan.work.columns(),
            descriptions: Default::default(),
            kind: kind_of(&plan.work),
            parsed,
            plan: Mutex::new(Arc::new(plan)),
            shown,
            _memory: memory,
        }
    }

    /// Its text as the client sent it, which may hold secrets.
    pub fn text(&self) -> &str {
        self.parsed.as_ref().map_or("", |parsed| &parsed.text)
    }

    /// Whether its text is not shown.
    pub(super) fn is_secret(&self) -> bool {
        self.parsed.as_ref().is_some_and(Parsed::is_secret)
    }

    /// Shows nothing of its text.
    pub(super) fn hide(&mut self) {
        self.shown = HIDDEN.into();
    }

    pub(super) fn ends_transaction(&self) -> bool {
        self.parsed.as_ref().is_none_or(Parsed::ends_transaction)
    }
}
