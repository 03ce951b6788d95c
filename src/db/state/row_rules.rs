//! The expressions that definitions keep as text, compiled: what whoever writes a row evaluates on it.
//!
//! `db` knows no language to read them in: whoever opens a database says who compiles ([`RowCompiler`]). What was compiled is
//! kept with the definition that it is of, so that a write costs no more than a look at it.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::db::read::view::ReadView;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{ComputedKey, Operand, RowExpression, ValueRow};
use crate::model::{Collection, CollectionId, DomainType, IndexKey, IndexKeys, IndexKind, StoredExpression, UserType};
use crate::types::{IndexTerms, Value};

/// Definitions of one collection whose compiled expressions are kept, at most: those of open transactions differ from the committed one.
const DEFINITIONS_KEPT_MAX: usize = 4;
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
    /// Of its generated columns, by their positions.
    pub computed: Vec<(usize, Arc<dyn RowExpression>)>,
    /// Of its indexes over more than columns, by their numbers.
    pub indexes: HashMap<CollectionId, IndexRules>,
}

/// What an ordered index reads of an entry.
#[derive(Clone, Debug, Default)]
pub(crate) struct IndexRules {
    /// Its keys, in their order.
    pub operands: Vec<Operand>,
    /// An inverted index holds these terms of its one key.
    pub terms: Option<IndexTerms>,
    /// The condition on the entries that it holds.
    pub condition: Option<Arc<dyn RowExpression>>,
}

/// The compiled conditions of one definition of a domain.
#[derive(Debug)]
struct DomainRules {
    of: Arc<UserType>,
    /// Of its checks, in their order.
    checks: Vec<Arc<dyn RowExpression>>,
}

/// The compiled expressions of the collections that were written to, and of their domains.
pub(crate) struct KnownRules {
    compiler: RowCompiler,
    known: Mutex<HashMap<CollectionId, Vec<Arc<RowRules>>>>,
    domains: Mutex<HashMap<CollectionId, Arc<DomainRules>>>,
}

impl KnownRules {
    pub fn new(compiler: RowCompiler) -> Self {
        KnownRules { compiler, known: Mutex::default(), domains: Mutex::default() }
    }

    /// The compiled expressions of a collection as it is defined in a view.
    ///
    /// # Errors
    /// What compiling them reports.
    pub fn of(&self, view: &ReadView, collection: &Collection) -> Result<Arc<RowRules>> {
        let known = |known: &HashMap<CollectionId, Vec<Arc<RowRules>>>| {
            known.get(&collection.id)?.iter().find(|known| known.is_of(collection)).map(Arc::clone)
        };
        if let Some(known) = known(&self.known.lock()) {
            return Ok(known);
        }
        let compiled = collection.checks.iter().map(|check| self.compile(view, collection, &check.expression));
        let checks = compiled.collect::<Result<Vec<_>>>()?;
        let mut computed = Vec::new();
        for (position, column) in collection.columns.iter().enumerate() {
            if let Some(computation) = column.computation() {
                computed.push((position, self.compile(view, collection, &computation.text)?));
            }
        }
        let mut indexes = HashMap::new();
        for index in &collection.indexes {
            if let IndexKind::Keys(keys) = &index.kind {
                indexes.insert(index.id, self.index_rules(view, collection, keys)?);
            }
        }
        let rules = Arc::new(RowRules { of: collection.clone(), checks, computed, indexes });
        let mut known = self.known.lock();
        if known.len() >= COLLECTIONS_KEPT_MAX {
            known.clear();
        }
        let kept = known.entry(collection.id).or_default();
        if kept.len() >= DEFINITIONS_KEPT_MAX {
            kept.remove(0);
        }
        kept.push(Arc::clone(&rules));
        Ok(rules)
    }

    /// Refuses a value that a domain does not have; `shown` is what messages call the domain.
    ///
    /// # Errors
    /// 23502 and 23514 in PostgreSQL's words; what compiling or computing a condition reports.
    pub fn check_domain(&self, view: &ReadView, ty: &Arc<UserType>, shown: &str, value: &Value) -> Result<()> {
        let Some(domain) = &ty.domain else { return Ok(()) };
        let schema = view.catalog().schema_name(ty.schema);
        if domain.not_null && value.is_null() {
            let error = Error::new(ErrorKind::NotNullViolation, format!("domain {shown} does not allow null values"));
            return Err(error.of_domain(&schema, ty.name(), None));
        }
        if domain.checks.is_empty() {
            return Ok(());
        }
        let rules = self.of_domain(view, ty, domain)?;
        let (environment, row) = (view.stored_environment(), std::slice::from_ref(value));
        for (check, condition) in domain.checks.iter().zip(&rules.checks) {
            if condition.value(&environment, &ValueRow { row, ..ValueRow::default() })? == Value::Bool(false) {
                let name = &check.name;
                let message = format!("value for domain {shown} violates check constraint \"{name}\"");
                return Err(Error::new(ErrorKind::CheckViolation, message).of_domain(&schema, ty.name(), Some(name)));
            }
        }
        Ok(())
    }

    fn of_domain(&self, view: &ReadView, ty: &Arc<UserType>, domain: &DomainType) -> Result<Arc<DomainRules>> {
        if let Some(known) = self.domains.lock().get(&ty.id).filter(|known| known.of == *ty) {
            return Ok(Arc::clone(known));
        }
        let of_value = domain.collection();
        let checks = domain.checks.iter().map(|check| self.compile(view, &of_value, &check.expression));
        let rules = Arc::new(DomainRules { of: Arc::clone(ty), checks: checks.collect::<Result<_>>()? });
        let mut known = self.domains.lock();
        if known.len() >= COLLECTIONS_KEPT_MAX {
            known.clear();
        }
        known.insert(ty.id, Arc::clone(&rules));
        Ok(rules)
    }

    fn index_rules(&self, view: &ReadView, collection: &Collection, keys: &IndexKeys) -> Result<IndexRules> {
        let mut operands = Vec::with_capacity(keys.keys.len());
        for key in &keys.keys {
            operands.push(match key {
                IndexKey::Column(position) => Operand::Column(*position),
                IndexKey::Expression(StoredExpression { text, ty, .. }) => Operand::Computed(ComputedKey::new(
                    text.as_str(),
                    ty.clone(),
                    self.compile(view, collection, text)?,
                )),
            });
        }
        let condition = keys.condition.as_ref().map(|condition| self.compile(view, collection, &condition.text));
        Ok(IndexRules { operands, terms: keys.terms, condition: condition.transpose()? })
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
        self.of.columns == collection.columns
            && self.of.is_bound_as(collection)
            && computed_indexes(&self.of).eq(computed_indexes(collection))
    }
}

/// The indexes of a collection over more than columns.
fn computed_indexes(collection: &Collection) -> impl Iterator<Item = (CollectionId, &IndexKind)> {
    let indexes = collection.indexes.iter().filter(|index| matches!(index.kind, IndexKind::Keys(_)));
    indexes.map(|index| (index.id, &index.kind))
}
