//! The expressions that definitions keep as text, compiled: what whoever writes a row evaluates on it.
//!
//! `db` knows no language to read them in: whoever opens a database says who compiles ([`RowCompiler`]). What was compiled is
//! kept with the definition that it is of, so that a write costs no more than a look at it.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::db::read::view::ReadView;
use crate::error::{Error, Result};
use crate::expr::RowExpression;
use crate::model::{Collection, CollectionId};

/// Collections whose compiled expressions are kept, at most.
const COLLECTIONS_KEPT_MAX: usize = 4096;

/// Compiles the text of an expression over the rows of a collection.
pub type RowCompiler = fn(&ReadView, &Collection, &str) -> Result<Arc<dyn RowExpression>>;

/// For a database that nobody opens with a language: whatever has such an expression is an error.
///
/// # Errors
/// XX000, always.
pub fn no_row_compiler(_: &ReadView, collection: &Collection, text: &str) -> Result<Arc<dyn RowExpression>> {
    Err(Error::internal(format!("nobody compiles the expression {text} of {}", collection.name)))
}

/// The compiled expressions of one definition.
#[derive(Debug)]
pub(crate) struct RowRules {
    of: Collection,
    /// Of its checks, in their order.
    pub checks: Vec<Arc<dyn RowExpression>>,
}

/// The compiled expressions of the collections that were written to.
pub(crate) struct KnownRules {
    compiler: RowCompiler,
    known: Mutex<HashMap<CollectionId, Arc<RowRules>>>,
}

impl KnownRules {
    pub fn new(compiler: RowCompiler) -> Self {
        KnownRules { compiler, known: Mutex::default() }
    }

    /// The compiled expressions of a collection as it is defined in a view.
    ///
    /// # Errors
    /// What compiling them reports.
    pub fn of(&self, view: &ReadView, collection: &Collection) -> Result<Arc<RowRules>> {
        let known = self.known.lock().get(&collection.id).map(Arc::clone);
        if let Some(known) = known.filter(|known| known.is_of(collection)) {
            return Ok(known);
        }
        let compiled = collection.checks.iter().map(|check| self.compile(view, collection, &check.expression));
        let checks = compiled.collect::<Result<Vec<_>>>()?;
        let rules = Arc::new(RowRules { of: collection.clone(), checks });
        let mut known = self.known.lock();
        if known.len() >= COLLECTIONS_KEPT_MAX {
            known.clear();
        }
        known.insert(collection.id, Arc::clone(&rules));
        Ok(rules)
    }

    /// Compiles one expression, for somebody who needs it once.
    ///
    /// # Errors
    /// What compiling it reports.
    pub fn compile(&self, view: &ReadView, collection: &Collection, text: &str) -> Result<Arc<dyn RowExpression>> {
        (self.compiler)(view, collection, text)
    }
}

impl RowRules {
    /// Whether they are those of a definition: how far its indexes are built does not matter.
    fn is_of(&self, collection: &Collection) -> bool {
        self.of.columns == collection.columns && self.of.is_bound_as(collection)
    }
}
