//! How long statements take: all are counted by their kind, and those that take too long are logged with their plan.
//!
//! The log gets the form of a statement and the steps of its plan, never a value, and of statements on secrets nothing. The plan
//! is made anew for it, after the statement.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::db::{Cancel, ReadView};
use crate::error::Result;
use crate::metrics::{SLOW_STATEMENTS, StatementKind};
use crate::session::session::Session;
use crate::session::statement::prepared::Prepared;
use crate::session::statement::script::HIDDEN;
use crate::session::statement::secrecy::mentions_secrets;
use crate::statement::ReadRun;
use crate::types::Value;

/// How long making the plan for the log may take: the client waits for it.
const PLAN_TIME_MAX: Duration = Duration::from_secs(1);
/// Steps of a plan that are logged.
const STEPS_MAX: usize = 50;

/// From how long on a statement is logged, which may change while the server runs. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct SlowLog(Arc<AtomicU64>);

impl SlowLog {
    /// Logs statements that take so many milliseconds; with zero, none.
    pub fn set(&self, milliseconds: u64) {
        self.0.store(milliseconds, Ordering::Relaxed);
    }

    fn limit(&self) -> Option<Duration> {
        let milliseconds = self.0.load(Ordering::Relaxed);
        (milliseconds > 0).then(|| Duration::from_millis(milliseconds))
    }
}

impl Session {
    /// Whether slow statements are logged, so that their parameters are worth keeping until they have ended.
    pub fn logs_slow_statements(&self) -> bool {
        self.slow_log.limit().is_some()
    }

    /// A statement with these parameters has ended, well or not.
    pub async fn observe(&self, prepared: &Prepared, parameters: &[Value], took: Duration) {
        let Some(kind) = prepared.kind else { return };
        kind.seconds().observe(took);
        if self.slow_log.limit().is_some_and(|limit| took >= limit) {
            Box::pin(self.log_slow(kind, prepared, parameters, took)).await;
        }
    }

    async fn log_slow(&self, kind: StatementKind, prepared: &Prepared, parameters: &[Value], took: Duration) {
        SLOW_STATEMENTS.add(1);
        let Some(parsed) = &prepared.parsed else { return };
        if &*prepared.shown == HIDDEN || mentions_secrets(&parsed.text) {
            return;
        }
        let shape = parsed.tree.shape(&parsed.text);
        let (view, cancel) = (self.database.view(), Cancel::new());
        let planning = self.steps(prepared, parameters, &view, &cancel);
        let plan = match tokio::time::timeout(PLAN_TIME_MAX, planning).await {
            Ok(Ok(mut steps)) => {
                steps.truncate(STEPS_MAX);
                steps
            }
            // What it fails with may quote a value.
            Ok(Err(error)) => vec![format!("no plan: {}", error.sqlstate())],
            Err(_) => vec![format!("no plan within {PLAN_TIME_MAX:?}")],
        };
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::warn!(
            kind = kind.name(),
            took_ms,
            connection = self.activity.id(),
            statement = shape,
            ?plan,
            "slow statement"
        );
    }

    /// The steps of a statement, without values.
    async fn steps(
        &self,
        prepared: &Prepared,
        parameters: &[Value],
        view: &ReadView,
        cancel: &Cancel,
    ) -> Result<Vec<String>> {
        let plan = self.current_plan(prepared, view)?;
        plan.body.steps(ReadRun { view, parameters, settings: self.settings.effective(), cancel }).await
    }
}
