//! What a statement is planned and run with: its view of the data, its settings, and the flag that stops it.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use chrono::Utc;
use datafusion::catalog::TableProvider;
use datafusion::common::config::{ConfigEntry, ConfigExtension, ExtensionOptions};
use datafusion::config::ConfigOptions;
use datafusion::error::DataFusionError;

use crate::db::{Cancel, ReadView};
use crate::error::{Error, Result};
use crate::expr::{Invocation, StatementContext};
use crate::model::{CollectionId, Reservation};
use crate::settings::Settings;
use crate::sql::arrow::results::Results;
use crate::statement::{PlanNotes, Planning, QueryFunction};
use crate::types::TextStyle;

/// What planning a statement looks at.
#[derive(Clone, Copy)]
pub struct PlanContext<'a> {
    pub view: &'a ReadView,
    pub settings: &'a Settings,
    /// The statement's text, for the positions of errors.
    pub text: &'a str,
    pub query_function: Option<&'a Arc<QueryFunction>>,
    /// The statement's flag: planning that takes long looks at it.
    pub cancel: &'a Cancel,
    /// What is noted of the statement.
    pub notes: &'a PlanNotes,
    /// Tables that the statement has besides those of the catalog.
    pub given: &'a [GivenTable],
    /// The materialised view whose name means its query, not the rows that are kept of it.
    pub refreshed: Option<CollectionId>,
}

/// What a part of a statement gives those behind it.
#[derive(Clone)]
pub struct GivenTable {
    pub name: String,
    /// `None` where it returns no rows.
    pub table: Option<Arc<dyn TableProvider>>,
}

impl<'a> PlanContext<'a> {
    /// The context that a statement in SQL is planned in.
    pub fn of(planning: &Planning<'a>, notes: &'a PlanNotes) -> PlanContext<'a> {
        PlanContext {
            view: planning.view,
            settings: planning.settings,
            text: planning.text,
            query_function: Some(planning.query_function),
            cancel: planning.cancel,
            notes,
            given: &[],
            refreshed: None,
        }
    }
}

/// What table scans and functions of a running statement look at. It travels in DataFusion's configuration.
#[derive(Clone)]
pub struct ReadContext {
    pub view: ReadView,
    pub settings: Arc<Settings>,
    pub cancel: Cancel,
    /// When the statement began, in microseconds since 1970.
    pub statement_began: i64,
    /// What its functions have made.
    pub results: Results,
}

impl ReadContext {
    /// The context of a statement that begins now.
    pub fn new(view: &ReadView, settings: &Settings, cancel: Cancel) -> Self {
        ReadContext {
            view: view.clone(),
            settings: Arc::new(settings.clone()),
            cancel,
            statement_began: Utc::now().timestamp_micros(),
            results: Results::new(&settings.memory),
        }
    }

    /// The context of the statement that a configuration belongs to.
    pub fn of(options: &ConfigOptions) -> Option<&ReadContext> {
        options.extensions.get::<ReadContext>()
    }
}

impl StatementContext for ReadContext {
    fn began(&self) -> i64 {
        self.view.began()
    }

    fn statement_began(&self) -> i64 {
        self.statement_began
    }

    fn style(&self) -> &TextStyle {
        self.settings.text_style()
    }

    fn making(&self, bytes: usize) -> Result<Option<Reservation>> {
        self.results.making(bytes).map(Some)
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

/// The view and settings of the statement that a function runs in.
///
/// # Errors
/// XX000 where it is evaluated outside of a statement that reads.
pub fn context_of<'a>(invocation: &Invocation<'a>) -> Result<&'a ReadContext> {
    let context = invocation.statement.and_then(StatementContext::as_any).and_then(|context| context.downcast_ref());
    context.ok_or_else(|| Error::internal(format!("{}() runs outside a statement", invocation.name)))
}

impl fmt::Debug for ReadContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReadContext")
    }
}

impl ConfigExtension for ReadContext {
    const PREFIX: &'static str = "nebulus_read";
}

impl ExtensionOptions for ReadContext {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, key: &str, _value: &str) -> datafusion::error::Result<()> {
        Err(DataFusionError::Configuration(format!("nebulus_read.{key} cannot be set")))
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        Vec::new()
    }
}
