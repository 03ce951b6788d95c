//! Relations that are called like a column of a query inside theirs: `FROM t b WHERE EXISTS (SELECT FROM u WHERE u.b = b.d)`.
//!
//! To PostgreSQL `b.d` is a column of the relation; the planner takes it for a part of the column. The walk finds such
//! names, and is done again with the relations under names that no column has.

use std::collections::BTreeSet;

use datafusion::sql::sqlparser::ast::{Ident, TableFactor};

use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::analyze::from::table_alias;
use crate::sql::analyze::scope::Scope;
use crate::sql::parse::names;
use crate::sql::parse::names::{exact, folded};

/// Names of relations that a statement's columns shadow.
#[derive(Clone, Debug, Default)]
pub struct Shadowed {
    /// Those that the planner knows under another name.
    pub renamed: BTreeSet<String>,
    /// Those that this walk found.
    pub found: BTreeSet<String>,
}

impl Shadowed {
    /// What the next walk has to rename; `None` where this one was right.
    pub fn next(mut self) -> Option<Shadowed> {
        if self.found.is_subset(&self.renamed) {
            return None;
        }
        self.renamed.append(&mut self.found);
        Some(self)
    }
}

impl Analyzer<'_> {
    /// What the planner calls a relation.
    pub fn planner_name(&self, relation: &str) -> String {
        if self.shadowed.renamed.contains(relation) { format!("${relation}") } else { relation.to_string() }
    }

    /// Writes the relation of a column that was found as the planner calls it.
    pub fn name_relation(&mut self, parts: &mut [Ident], relation: &str) {
        if is_shadowed(&self.scopes, relation) {
            self.shadowed.found.insert(relation.to_string());
        }
        if self.shadowed.renamed.contains(relation)
            && let [name, _] = parts
        {
            *name = exact(self.planner_name(relation));
        }
    }

    /// Gives an item of FROM the name that the planner is to know it by.
    pub fn rename_factor(&self, factor: &mut TableFactor) {
        let (own, alias) = match factor {
            TableFactor::Table { name, alias, .. } | TableFactor::Function { name, alias, .. } => {
                (names::last_part(name), alias)
            }
            TableFactor::Derived { alias, .. } | TableFactor::UNNEST { alias, .. } => (None, alias),
            _ => return,
        };
        let Some(called) = alias.as_ref().map(|alias| folded(&alias.name)).or(own) else { return };
        if self.shadowed.renamed.contains(&called) {
            let name = self.planner_name(&called);
            match alias {
                Some(alias) => alias.name = exact(name),
                None => *alias = Some(table_alias(&name)),
            }
        }
    }
}

/// Whether a query inside the one that a relation is of has a column of its name.
fn is_shadowed(scopes: &[Scope], relation: &str) -> bool {
    for scope in scopes.iter().rev() {
        if scope.relations.iter().any(|other| other.name == relation) {
            return false;
        }
        if scope.relations.iter().flat_map(|other| &other.columns).any(|column| column.name == relation) {
            return true;
        }
    }
    false
}
