//! From a tree of either language to a plan.

use std::sync::Arc;

use crate::db::{Cancel, Query, ReadView};
use crate::error::Result;
use crate::model::{Collection, OutputColumn};
use crate::settings::Settings;
use crate::statement::change::ColumnDefaults;
use crate::statement::planned::Planned;
use crate::types::ColumnType;

/// Lowers the text of another query language, for the table function `knirvql('…')`.
pub type QueryFunction = dyn Fn(&str, &ReadView) -> Result<(Query, Vec<OutputColumn>)> + Send + Sync;

/// Plans the defaults of a collection that are expressions; `None` where it has none.
pub type DefaultsFunction = fn(&Collection, &Planning<'_>) -> Result<Option<Box<dyn ColumnDefaults>>>;

/// What planning a statement looks at. The two functions are what either language needs of the other.
#[derive(Clone, Copy)]
pub struct Planning<'a> {
    pub view: &'a ReadView,
    pub settings: &'a Settings,
    /// The statement's text, for the positions of errors.
    pub text: &'a str,
    /// The statement's flag: planning that takes long looks at it.
    pub cancel: &'a Cancel,
    pub query_function: &'a Arc<QueryFunction>,
    pub column_defaults: DefaultsFunction,
}

/// A statement as its language's parser leaves it.
pub trait StatementTree: Send + Sync {
    /// Plans the statement. `declared` is what the client said of its parameters; the rest is found from their use.
    ///
    /// # Errors
    /// What PostgreSQL reports when it analyses a statement: 42P01, 42703, 42601, 42804, … with a position where it has one;
    /// 0A000 with a hint for what is not offered.
    fn plan(&self, declared: &[Option<ColumnType>], planning: &Planning<'_>) -> Result<Planned>;

    /// Its text without secrets; `None` where nothing of it may be shown.
    fn shown(&self, text: &Arc<str>) -> Option<Arc<str>>;

    /// The form of its text, without values.
    fn shape(&self, text: &str) -> String;

    /// Expressions and values in it.
    fn parts(&self) -> usize {
        0
    }

    /// The prepared statement that it executes, if it does.
    fn executes(&self) -> Option<String> {
        None
    }

    /// Whether a failed transaction accepts the statement: it ends the transaction or goes back to a savepoint.
    fn ends_transaction(&self) -> bool {
        false
    }
}
