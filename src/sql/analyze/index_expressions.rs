//! Expressions that an index of a table is made of: where a query names one, it becomes a column of its own, which the index is
//! found by, and which is computed of an entry only where nothing else gives it.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{Expr, SelectItem, SetExpr, Statement};

use crate::error::Result;
use crate::model::{Index, IndexKey, IndexKind};
use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::analyze::scope::column_of;
use crate::sql::parse::names::{exact, folded};
use crate::sql::parse::parse::parse;
use crate::sql::parse::visit::{change_expressions, has_expression};
use crate::sql::relational::collection_table::{CollectionTable, StatementTable};
use crate::sql::rewrite::rewrite::rewrite;
use crate::types::ColumnType;

/// The comparable forms of the expressions of indexes, by their texts.
pub type IndexExpressions = HashMap<String, String>;

impl Analyzer<'_> {
    /// The column that stands for an expression which an index is made of; `None` for every other expression.
    ///
    /// # Errors
    /// As [`comparable_text`], and what compiling the expression reports.
    pub fn index_expression(&mut self, expr: &Expr) -> Result<Option<(Expr, ColumnType)>> {
        let Some(relations) = self.scopes.last().map(|scope| &scope.relations) else { return Ok(None) };
        let is_alone = relations.len() == 1;
        let mut candidates = Vec::new();
        for relation in relations {
            let Some(key) = &relation.table else { continue };
            let Some(StatementTable::Collection(table)) = self.tables.get(key) else { continue };
            if computed_keys(table).next().is_some() {
                candidates.push((relation.name.clone(), key.clone()));
            }
        }
        for (relation, key) in candidates {
            let Some(wanted) = comparable(expr, &relation, is_alone) else { continue };
            let Some(StatementTable::Collection(table)) = self.tables.get(&key) else { continue };
            let mut found = None;
            for (index, place, text) in computed_keys(table) {
                let known = match self.index_expressions.get(text) {
                    Some(known) => known.clone(),
                    None => {
                        let known = comparable_text(text)?;
                        self.index_expressions.insert(text.to_string(), known.clone());
                        known
                    }
                };
                if known == wanted {
                    found = Some((index.clone(), place));
                    break;
                }
            }
            let Some((index, place)) = found else { continue };
            let collection = Arc::clone(&table.collection);
            let rules = self.context.view.index_rules(&collection, &index)?;
            let (Some(operand), Some(ty)) = (rules.operands.get(place).cloned(), key_type(&index, place)) else {
                continue;
            };
            let Some(StatementTable::Collection(table)) = self.tables.get_mut(&key) else { continue };
            let name = table.add_virtual(operand, ty.clone());
            let mut part = column_of(&relation, &name);
            if let Expr::CompoundIdentifier(parts) = &mut part {
                self.name_relation(parts, &relation);
            }
            return Ok(Some((part, ty)));
        }
        Ok(None)
    }
}

/// The expressions that the indexes of a table have for keys.
fn computed_keys(table: &CollectionTable) -> impl Iterator<Item = (&Index, usize, &str)> {
    let indexes = table.collection.indexes.iter().filter(|index| index.state.is_ready());
    indexes.flat_map(|index| {
        let keys = match &index.kind {
            IndexKind::Keys(keys) => keys.keys.as_slice(),
            IndexKind::Ordered { .. } | IndexKind::Fact { .. } | IndexKind::Nearest { .. } => &[],
        };
        keys.iter().enumerate().filter_map(move |(place, key)| match key {
            IndexKey::Column(_) => None,
            IndexKey::Expression(expression) => Some((index, place, expression.text.as_str())),
        })
    })
}

fn key_type(index: &Index, place: usize) -> Option<ColumnType> {
    match &index.kind {
        IndexKind::Keys(keys) => match keys.keys.get(place)? {
            IndexKey::Expression(expression) => Some(expression.ty.clone()),
            IndexKey::Column(_) => None,
        },
        IndexKind::Ordered { .. } | IndexKind::Fact { .. } | IndexKind::Nearest { .. } => None,
    }
}

/// An expression in the form in which it is compared: names without their relation, and no parentheses, since the tree says what
/// belongs together. `None` where a name may be of another relation.
fn comparable(expr: &Expr, relation: &str, is_alone: bool) -> Option<String> {
    let mut plain = expr.clone();
    let mut is_of_others = false;
    has_expression(&plain, |part| {
        is_of_others |= match part {
            Expr::Identifier(_) => !is_alone,
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [.., named, _] => folded(named) != relation,
                _ => true,
            },
            _ => false,
        };
        is_of_others
    });
    if is_of_others {
        return None;
    }
    change_expressions(&mut plain, |part| {
        let plainer = match part {
            Expr::CompoundIdentifier(parts) => parts.last().map(|name| Expr::Identifier(exact(folded(name)))),
            Expr::Identifier(name) => Some(Expr::Identifier(exact(folded(name)))),
            Expr::Nested(inner) => Some(inner.as_ref().clone()),
            _ => None,
        };
        if let Some(plainer) = plainer {
            *part = plainer;
        }
    });
    Some(plain.to_string())
}

/// The text of an index's expression in the same form, after what is done to every query.
fn comparable_text(text: &str) -> Result<String> {
    let mut found = None;
    if let Some(Statement::Query(mut query)) = parse(&format!("SELECT {text}"))?.statement {
        rewrite(&mut query);
        if let SetExpr::Select(select) = query.body.as_ref()
            && let Some(SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) =
                select.projection.first()
        {
            found = comparable(expr, "", true);
        }
    }
    Ok(found.unwrap_or_default())
}
