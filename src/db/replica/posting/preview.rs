//! What the next posting of entries would tell their network, field by field, without posting anything.

use std::sync::Arc;

use crate::db::pending::write_set::EntryKey;
use crate::db::read::entry_view::fact_key;
use crate::db::read::view::ReadView;
use crate::db::replica::posting::stage_listing::id_text;
use crate::db::write::commit::commit_group::CommitGroup;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::db::write::commit::entry_states::EntryStates;
use crate::error::Result;
use crate::merge::{delta, tick};
use crate::model::{Collection, CollectionKind};
use crate::types::{Value, json_text_of_value};

/// A field of an entry that would leave this node.
#[derive(Clone, Debug, PartialEq)]
pub struct PreviewedField {
    /// The text of the entry's primary key.
    pub id: String,
    /// As a path of KNIRVQL names it.
    pub field: String,
    /// `new`, `changed` or `removed`; `entry` where nothing of an entry would be told but that it is there.
    pub change: &'static str,
    /// As JSON; `None` of what is removed.
    pub value: Option<Value>,
}

impl ReadView {
    /// What the network of a collection does not know of committed entries. An entry that it knows as it is has no rows.
    ///
    /// # Errors
    /// XX001 or 22000 for a damaged entry, 58030 where the store cannot be read.
    pub fn posting_preview(&self, collection: &Arc<Collection>, keys: &[EntryKey]) -> Result<Vec<PreviewedField>> {
        let group = CommitGroup::over_committed(&self.database)?;
        let now = tick(group.hlc, self.database.clock.millis());
        let reader = CommitEncoder::new(&self.database, &group, Arc::default(), group.version, now);
        let mut fields = Vec::new();
        for key in keys {
            let states = reader.entry_states(collection, key.as_bytes())?;
            if states.record.is_some() && states.visible.is_alive() {
                let id = id_text(collection, key.as_bytes())?;
                fields.extend(fields_of(collection, &id, &states));
            }
        }
        Ok(fields)
    }
}

fn fields_of(collection: &Collection, id: &str, states: &EntryStates) -> Vec<PreviewedField> {
    let EntryStates { visible, public, .. } = states;
    let news = delta(public, visible);
    let is_new_life = !public.is_alive() || public.causal_length < visible.causal_length;
    let known = |name: &str| public.fields.get(name).is_some_and(|field| field.value.is_some() && !is_new_life);
    let row = |name: &str, value: Option<&Value>| {
        let change = match (value, known(name)) {
            (None, true) => "removed",
            (None, false) => return None,
            (Some(_), true) => "changed",
            (Some(_), false) => "new",
        };
        let value = value.map(|value| Value::Json(json_text_of_value(value)));
        Some(PreviewedField { id: id.to_string(), field: shown_name(collection, name), change, value })
    };
    let mut fields: Vec<PreviewedField> =
        news.fields.iter().filter_map(|(name, field)| row(name, field.value.as_ref())).collect();
    if fields.is_empty() && is_new_life {
        fields.push(PreviewedField { id: id.to_string(), field: "id".to_string(), change: "entry", value: None });
    }
    fields
}

/// A field of a state as a path names it.
fn shown_name(collection: &Collection, name: &str) -> String {
    let is_column = |position: &usize| collection.field_name(*position) == Some(name);
    let column = (0..collection.columns.len()).find(is_column);
    match column.and_then(|position| collection.columns.get(position)) {
        Some(column) => column.name.clone(),
        None if collection.kind == CollectionKind::Memory => format!("metadata.{}", fact_key(name)),
        None => format!("metadata.{name}"),
    }
}
