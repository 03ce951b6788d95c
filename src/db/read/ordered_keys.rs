//! The entries of ordered indexes: which keys an index holds for an entry.

use crate::db::read::entry_view::EntryView;
use crate::db::read::index_path::is_fact_path;
use crate::db::read::view::ReadView;
use crate::db::state::row_rules::IndexRules;
use crate::error::{Error, Result};
use crate::expr::{Operand, PathBase, PathResult};
use crate::model::{Collection, Index, IndexKind};
use crate::store::{encode_key, encode_key_unbounded};
use crate::types::Value;
use crate::types::json::jsonb::PathStep;

impl ReadView {
    /// What an ordered index reads of an entry; nothing for an index that is not ordered.
    ///
    /// # Errors
    /// What compiling its expressions reports; XX000 for an index that its collection has not.
    pub(crate) fn index_rules(&self, collection: &Collection, index: &Index) -> Result<IndexRules> {
        let plain = |operands| Ok(IndexRules { operands, ..IndexRules::default() });
        match &index.kind {
            IndexKind::Ordered { columns, .. } => {
                plain(columns.iter().map(|column| Operand::Column(*column)).collect())
            }
            IndexKind::Keys(_) => {
                let rules = self.database.row_rules.of(self, collection)?;
                let found = rules.indexes.get(&index.id).cloned();
                found.ok_or_else(|| Error::internal(format!("index {} is none of its collection", index.name)))
            }
            IndexKind::Fact { path } => {
                let base = collection.column("metadata").map_or(PathBase::Facts, PathBase::Column);
                let steps = path.iter().map(|key| PathStep::Key(key.clone())).collect();
                let operand = Operand::Path { base, path: steps, result: PathResult::Text };
                debug_assert!(is_fact_path(collection, &operand, path));
                plain(vec![operand])
            }
            IndexKind::Nearest { .. } => plain(Vec::new()),
        }
    }
}

impl IndexRules {
    /// Whether the index holds an entry at all.
    ///
    /// # Errors
    /// What computing its condition reports.
    pub fn holds(&self, entry: &EntryView<'_>) -> Result<bool> {
        let Some(condition) = &self.condition else { return Ok(true) };
        Ok(condition.value(&entry.view.stored_environment(), entry)? == Value::Bool(true))
    }
}

/// The encoded columns of an entry in an index that is to be written here, each with its place: one, none for an entry that the index
/// does not hold, or as many as its value has terms.
///
/// # Errors
/// 54000 where they are too long for an index; as [`EntryView::operand`].
pub(crate) fn index_prefixes(entry: &EntryView<'_>, rules: &IndexRules) -> Result<Vec<Vec<u8>>> {
    if !rules.holds(entry)? {
        return Ok(Vec::new());
    }
    let values = rules.operands.iter().map(|operand| entry.operand(operand)).collect::<Result<Vec<Value>>>()?;
    encoded(&values, rules, encode_key)
}

/// The encoded columns of an entry in an index that has it already, or gets it from a peer, however long they are. Values that
/// are too long are hidden before; the primary key of an entry cannot be, and is bounded itself. What cannot be computed of an
/// entry of a peer is NULL.
///
/// # Errors
/// As [`EntryView::operand`].
pub(crate) fn stored_prefixes(entry: &EntryView<'_>, rules: &IndexRules) -> Result<Vec<Vec<u8>>> {
    if !unless_of_data(rules.holds(entry), false)? {
        return Ok(Vec::new());
    }
    let mut values = Vec::with_capacity(rules.operands.len());
    for operand in &rules.operands {
        values.push(match operand {
            Operand::Computed(_) => unless_of_data(entry.operand(operand), Value::Null)?,
            _ => entry.operand(operand)?,
        });
    }
    encoded(&values, rules, encode_key_unbounded)
}

/// What an index has for these values of its keys: themselves, or their terms in order.
fn encoded(
    values: &[Value],
    rules: &IndexRules,
    encode: impl Fn(&[Value], &mut Vec<u8>) -> Result<()>,
) -> Result<Vec<Vec<u8>>> {
    let one = |values: &[Value]| {
        let mut key = Vec::new();
        encode(values, &mut key).map(|()| key)
    };
    match (rules.terms, values) {
        (None, _) => Ok(vec![one(values)?]),
        (Some(terms), [value]) => terms.of(value).into_iter().map(|term| one(&[term])).collect(),
        (Some(_), _) => Ok(Vec::new()),
    }
}

/// What was computed, or something else where the values of the entry do not allow it.
fn unless_of_data<T>(computed: Result<T>, otherwise: T) -> Result<T> {
    match computed {
        Err(error) if error.sqlstate().starts_with("22") => Ok(otherwise),
        computed => computed,
    }
}

/// The encoded columns of an entry in a unique index; `None` where it conflicts with nothing, since one of them is NULL or the index
/// does not hold it.
pub(crate) fn unique_prefix(entry: &EntryView<'_>, rules: &IndexRules, counts_nulls: bool) -> Result<Option<Vec<u8>>> {
    for operand in rules.operands.iter().filter(|_| !counts_nulls) {
        if entry.operand(operand)?.is_null() {
            return Ok(None);
        }
    }
    Ok(index_prefixes(entry, rules)?.pop())
}
