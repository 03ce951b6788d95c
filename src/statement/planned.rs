//! A planned statement, and the kinds of them.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::db::{Catalog, NamesSeen};
use crate::error::{Error, Result};
use crate::metrics::StatementKind;
use crate::model::{NetworkId, OutputColumn, Permission, RoleId};
use crate::settings::Settings;
use crate::statement::access::{check_relation, check_touches};
use crate::statement::change::Change;
use crate::statement::copy::{CopyInPlan, CopyOutPlan};
use crate::statement::dependencies::{DependsOn, PlanNotes, Touch, TouchedObject};
use crate::statement::explain::Explain;
use crate::statement::network_call::NetworkCall;
use crate::statement::row_source::RowSource;
use crate::statement::run::ReadRun;
use crate::statement::session_command::SessionCommand;
use crate::types::ColumnType;

/// A planned statement. It is kept by a prepared statement and run by each Execute, as long as [`Planned::is_current`].
pub struct Planned {
    pub body: Statement,
    /// The type of each parameter, `$1` first.
    pub parameters: Vec<ColumnType>,
    /// The columns of its rows; `None` for a statement that returns none.
    pub columns: Option<Arc<[OutputColumn]>>,
    pub touches: Vec<Touch>,
    pub depends_on: DependsOn,
    /// `None` where it has names of `public` alone.
    names: Option<NamesSeen>,
    /// Who may run it, and by which change of privileges.
    allowed: Mutex<Option<(RoleId, u64)>>,
}

/// What a statement does.
pub enum Statement {
    /// Blanks, a comment, a lone semicolon.
    Empty,
    Read(Box<dyn RowSource>),
    Change(Box<dyn Change>),
    /// About the session itself.
    Session(SessionCommand),
    /// SELECT of a function on networks: one row with what it gives.
    Network(NetworkCall),
    CopyIn(CopyInPlan),
    CopyOut(CopyOutPlan),
    /// SYNC, of one network or of all.
    Sync(Option<NetworkId>),
    Explain(Explain),
}

impl Planned {
    /// A plan with what was noted while it was made.
    pub fn new(
        body: Statement,
        parameters: Vec<ColumnType>,
        columns: Option<Arc<[OutputColumn]>>,
        notes: PlanNotes,
        names: Option<NamesSeen>,
    ) -> Planned {
        let (touches, depends_on) = notes.into_parts();
        Planned { body, parameters, columns, touches, depends_on, names, allowed: Mutex::new(None) }
    }

    /// Refuses whoever may not run it, by this catalog.
    ///
    /// # Errors
    /// 42501, as PostgreSQL words it.
    pub fn check_access(&self, settings: &Settings, catalog: &Catalog) -> Result<()> {
        let who = settings.identity().current;
        // What is read with the rights of another role is for that one to have.
        if self.touches.is_empty() || (who.is_bootstrap() && self.touches.iter().all(|touch| touch.by.is_none())) {
            return Ok(());
        }
        let now = (who, catalog.roles_change());
        if *self.allowed.lock() == Some(now) {
            return Ok(());
        }
        check_touches(&self.touches, who, catalog)?;
        *self.allowed.lock() = Some(now);
        Ok(())
    }

    /// The error as whoever runs the statement may see it: values of rows stand in details, which are for those who may read the
    /// tables that it touches.
    pub fn shown_error(&self, error: Error, settings: &Settings, catalog: &Catalog) -> Error {
        let who = settings.identity().current;
        let is_of_rows = matches!(error.sqlstate().get(..2), Some("23" | "44" | "22"));
        if who.is_bootstrap() || !is_of_rows || error.detail().is_none() {
            return error;
        }
        let reads = |touch: &Touch| match (touch.object, touch.by) {
            (TouchedObject::Collection(object), None) => {
                check_relation(catalog, who, object, Permission::Select).is_ok()
            }
            _ => true,
        };
        if self.touches.iter().all(reads) { error } else { error.without_detail() }
    }

    /// Whether the plan holds for a session with these settings, and this catalog.
    pub fn is_current(&self, settings: &Settings, catalog: &Arc<Catalog>) -> bool {
        self.depends_on.is_current(catalog) && self.names.as_ref().is_none_or(|names| names.hold(settings, catalog))
    }

    /// Whether it is DO: several statements in one.
    pub fn is_code(&self) -> bool {
        matches!(self.body, Statement::Session(SessionCommand::Do(_)))
    }

    pub fn empty() -> Planned {
        Planned::new(Statement::Empty, Vec::new(), None, PlanNotes::default(), None)
    }
}

impl Statement {
    /// Of which kind it is; `None` for an empty one.
    pub fn kind(&self) -> Option<StatementKind> {
        Some(match self {
            Statement::Empty => return None,
            Statement::Read(source) => source.kind(),
            Statement::Change(change) => change.kind(),
            Statement::Session(_) => StatementKind::Other,
            Statement::Network(_) | Statement::Sync(_) => StatementKind::Network,
            Statement::CopyIn(_) | Statement::CopyOut(_) => StatementKind::Copy,
            Statement::Explain(_) => StatementKind::Explain,
        })
    }

    /// What runs in a transaction and is run again after a conflict.
    pub fn as_change(&self) -> Option<&dyn Change> {
        match self {
            Statement::Change(change) => Some(&**change),
            Statement::Explain(explain) if explain.changes() => Some(explain),
            _ => None,
        }
    }

    /// Whether it reads what its transaction sees, rather than what is there when it is planned.
    pub fn reads(&self) -> bool {
        match self {
            Statement::Read(_) | Statement::CopyIn(_) | Statement::CopyOut(_) | Statement::Explain(_) => true,
            Statement::Session(command) => matches!(command, SessionCommand::DeclareCursor { .. }),
            Statement::Empty | Statement::Change(_) | Statement::Network(_) | Statement::Sync(_) => false,
        }
    }

    /// Whether running it changes what is stored, which a session or a transaction may have forbidden itself.
    pub fn writes(&self) -> bool {
        match self {
            Statement::Change(_) | Statement::CopyIn(_) | Statement::Sync(_) => true,
            Statement::Explain(explain) => explain.changes(),
            Statement::Network(call) => call.function.writes(),
            Statement::Session(command) => matches!(command, SessionCommand::SetPassword { .. }),
            Statement::Empty | Statement::Read(_) | Statement::CopyOut(_) => false,
        }
    }

    /// Its steps without values, for whoever wonders what takes so long.
    ///
    /// # Errors
    /// As [`RowSource::steps`] and [`Change::steps`].
    pub async fn steps(&self, run: ReadRun<'_>) -> Result<Vec<String>> {
        match self {
            Statement::Read(source) => source.steps(run).await,
            Statement::Change(change) => change.steps(run).await,
            Statement::Explain(explain) => RowSource::steps(explain, run).await,
            Statement::Sync(_) => Ok(vec!["Sync".to_string()]),
            Statement::Empty
            | Statement::Session(_)
            | Statement::Network(_)
            | Statement::CopyIn(_)
            | Statement::CopyOut(_) => Ok(Vec::new()),
        }
    }

    /// Its steps, outermost first.
    ///
    /// # Errors
    /// 42601 for a statement that has none; as [`RowSource::explain`] and [`Change::explain`].
    pub async fn explain(&self, run: ReadRun<'_>) -> Result<Vec<String>> {
        match self {
            Statement::Read(source) => source.explain(run).await,
            Statement::Change(change) => change.explain(run).await,
            Statement::Sync(_) => Ok(vec!["Sync".to_string()]),
            _ => Err(Error::syntax("this statement has no plan to explain", None)),
        }
    }
}
