//! Values of peers that are too long for an ordered index here, which their writers need not have.
//!
//! Such a value stays in the public state, from which it goes on to others, and a reader here sees NULL in its place, as for a
//! value that does not fit its column. The index has the entry under what is seen: a scan of the index and one of the entries
//! give the same rows, and a later write finds the index entry that it has to move. An entry that is shown with the value but
//! missing in the index would be found by some plans and not by others. The value shows once the index is dropped.

use std::collections::{BTreeMap, BTreeSet};

use crate::db::pending::write_set::Pending;
use crate::db::read::entry_view::{EntryView, fact_name};
use crate::db::write::commit::encoder::CommitEncoder;
use crate::db::write::commit::entry_states::fits;
use crate::error::Result;
use crate::expr::Operand;
use crate::model::{AccessMethod, Collection, CollectionKind, State};
use crate::store::encode_key_unbounded;
use crate::types::Value;
use crate::types::json::jsonb::PathStep;
use crate::types::limits::KEY_BYTES_MAX;

impl CommitEncoder<'_> {
    /// What a reader here sees of an entry whose ordered indexes have room for it: values of the public state that are too long
    /// are left out, and those that had been are put back where there is room now. `None` where `visible` is that already.
    ///
    /// # Errors
    /// As [`EntryView::operand`].
    pub fn with_room(
        &self,
        collection: &Collection,
        key: &[u8],
        visible: &State,
        public: &State,
    ) -> Result<Option<State>> {
        if !visible.is_alive() || visible.causal_length != public.causal_length {
            return Ok(None);
        }
        let indexes: Vec<Vec<Operand>> = collection
            .indexes
            .iter()
            // Terms are short, whatever they are of.
            .filter(|index| index.is_ordered_and_followed() && index.kind.access_method() != AccessMethod::Gin)
            .map(|index| self.view.index_rules(collection, index).map(|rules| rules.operands))
            .collect::<Result<_>>()?;
        let names = indexes.iter().flatten().filter_map(|operand| field_of(collection, operand));
        let mut shown: BTreeMap<String, Option<Value>> = BTreeMap::new();
        for name in names {
            let field = visible
                .fields
                .get(&name)
                .or_else(|| public.fields.get(&name).filter(|field| fits(collection, &name, field.value.as_ref())));
            shown.insert(name, field.and_then(|field| field.value.clone()));
        }
        let mut pending =
            Pending { base: None, alive: true, replaced: true, changes: shown, stage: None, reverted: false };
        let mut hidden = BTreeSet::new();
        for operands in &indexes {
            while let Some(name) = self.longest_too_long(collection, key, &pending, operands, (visible, public))? {
                pending.changes.insert(name.clone(), None);
                hidden.insert(name);
            }
        }
        let mut changed = None;
        for name in pending.changes.keys() {
            match (visible.fields.contains_key(name), hidden.contains(name), public.fields.get(name)) {
                (true, true, _) => {
                    changed.get_or_insert_with(|| visible.clone()).fields.remove(name);
                }
                (false, false, Some(field)) if fits(collection, name, field.value.as_ref()) => {
                    changed.get_or_insert_with(|| visible.clone()).fields.insert(name.clone(), field.clone());
                }
                _ => {}
            }
        }
        Ok(changed)
    }

    /// The longest value that an index can do without, where what it has for an entry is too long. Values that were written here
    /// stay: the public state does not have them.
    fn longest_too_long(
        &self,
        collection: &Collection,
        key: &[u8],
        pending: &Pending,
        operands: &[Operand],
        (visible, public): (&State, &State),
    ) -> Result<Option<String>> {
        let entry = EntryView { view: &self.view, collection, key, record: None, pending: Some(pending) };
        let (mut total, mut longest) = (0, None);
        for operand in operands {
            let mut encoded = Vec::new();
            if matches!(operand, Operand::Computed(_)) {
                continue;
            }
            encode_key_unbounded(&[entry.operand(operand)?], &mut encoded)?;
            total += encoded.len();
            let Some(name) = field_of(collection, operand) else { continue };
            let is_public = public.fields.contains_key(&name)
                && visible.fields.get(&name).is_none_or(|field| public.fields.get(&name) == Some(field));
            let is_there = pending.changes.get(&name).is_some_and(Option::is_some);
            if is_public && is_there && longest.as_ref().is_none_or(|(bytes, _)| encoded.len() > *bytes) {
                longest = Some((encoded.len(), name));
            }
        }
        Ok(longest.filter(|_| total > KEY_BYTES_MAX).map(|(_, name)| name))
    }
}

/// The field that an indexed operand is read from; `None` for a part of the primary key.
fn field_of(collection: &Collection, operand: &Operand) -> Option<String> {
    match operand {
        Operand::Column(position) if !collection.primary_key.contains(position) => {
            collection.field_name(*position).map(str::to_string)
        }
        Operand::Path { path, .. } => match path.first() {
            Some(PathStep::Key(key)) => {
                let declared = if collection.kind == CollectionKind::Table { collection.column(key) } else { None };
                let field = declared.and_then(|position| collection.field_name(position));
                Some(field.map_or_else(|| fact_name(key), str::to_string))
            }
            _ => None,
        },
        _ => None,
    }
}
