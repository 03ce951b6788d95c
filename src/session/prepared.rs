//! Prepared statements: parsed and planned once, run by each Execute.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use parking_lot::Mutex;

use crate::db::Catalog;
use crate::knirvql::Lowered;
use crate::model::{ColumnType, OutputColumn};
use crate::session::script::Parsed;
use crate::sql::Planned;

/// A prepared statement.
pub struct Prepared {
    /// The type of each parameter, `$1` first.
    pub parameters: Vec<ColumnType>,
    /// The columns of the result; `None` where there is none.
    pub columns: Option<Arc<[OutputColumn]>>,
    /// The wire keeps its encoded form of `columns` here: in text format, in binary format.
    pub descriptions: [OnceLock<Bytes>; 2],
    /// `None` for an empty statement.
    pub(super) parsed: Option<Parsed>,
    pub(super) plan: Mutex<Arc<Plan>>,
    /// The text without secrets.
    pub(super) shown: Arc<str>,
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
    pub(super) fn new(parsed: Option<Parsed>, plan: Plan) -> Self {
        let shown = parsed.as_ref().map_or_else(|| "".into(), Parsed::shown);
        Prepared {
            parameters: plan.work.parameters(),
            columns: plan.work.columns(),
            descriptions: Default::default(),
            parsed,
            plan: Mutex::new(Arc::new(plan)),
            shown,
        }
    }

    pub(super) fn ends_transaction(&self) -> bool {
        self.parsed.as_ref().is_none_or(Parsed::ends_transaction)
    }
}
