//! A collection as it lies in the catalog family: the primary key and the indexes name columns by their ids.
//!
//! Formats 1 and 2 of the store had positions, and columns without ids: the position of each becomes its id, so that keys and
//! definitions stay as they lie. A column that has no name of its own in states there is known by the one it has.

use serde::{Deserialize, Serialize};

use crate::model::collection::{
    Collection, CollectionId, CollectionKind, FACT_BLOB_HASH, FACT_BLOB_SIZE, FACT_BLOB_TYPE, FACT_VECTOR, Index,
    IndexKind,
};
use crate::model::column::{Column, ColumnId, DroppedColumn};
use crate::model::constraint::{Check, ForeignKey};
use crate::model::index_key::IndexKey;
use crate::model::schema::{OnCommit, SchemaId};
use crate::model::view::Materialized;

/// The JSON of a collection.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct StoredCollection {
    id: CollectionId,
    /// Left out where it is `public`.
    #[serde(default, skip_serializing_if = "SchemaId::is_public")]
    schema: SchemaId,
    name: String,
    kind: CollectionKind,
    #[serde(default, skip_serializing_if = "OnCommit::is_default")]
    on_commit: OnCommit,
    columns: Vec<Column>,
    /// Ids.
    primary_key: Vec<ColumnId>,
    /// Their columns are ids.
    indexes: Vec<Index>,
    /// Left out where there are none, as are those below: versions before there were constraints stored no such fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    checks: Vec<Check>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    foreign_keys: Vec<ForeignKey>,
    /// Absent before format 3.
    #[serde(default)]
    next_column: Option<u16>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    dropped: Vec<DroppedColumn>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    materialized: Option<Box<Materialized>>,
}

impl From<Collection> for StoredCollection {
    fn from(collection: Collection) -> Self {
        let id_at = |position: usize| collection.columns.get(position).map(|column| column.id);
        let primary_key = collection.primary_key.iter().filter_map(|position| id_at(*position)).collect();
        let mut indexes = collection.indexes;
        for index in &mut indexes {
            renumber(&mut index.kind, |position| id_at(position).map(|id| usize::from(id.0)));
        }
        let Collection {
            id,
            schema,
            name,
            kind,
            on_commit,
            columns,
            checks,
            foreign_keys,
            next_column,
            dropped,
            materialized,
            ..
        } = collection;
        StoredCollection {
            id,
            schema,
            name,
            kind,
            on_commit,
            columns,
            primary_key,
            indexes,
            checks,
            foreign_keys,
            next_column: Some(next_column),
            dropped,
            materialized,
        }
    }
}

impl TryFrom<StoredCollection> for Collection {
    type Error = String;

    fn try_from(stored: StoredCollection) -> Result<Self, String> {
        let StoredCollection {
            id,
            schema,
            name,
            kind,
            on_commit,
            mut columns,
            primary_key,
            mut indexes,
            checks,
            foreign_keys,
            next_column,
            dropped,
            materialized,
        } = stored;
        if next_column.is_none() {
            for (column, number) in columns.iter_mut().zip(0..) {
                column.id = ColumnId(number);
                column.field = legacy_field(kind, &column.name).to_string();
            }
        }
        if !columns.is_sorted_by(|a, b| a.id < b.id) {
            return Err(format!("the columns of \"{name}\" are not in the order of their numbers"));
        }
        let position_of = |id: ColumnId| columns.binary_search_by_key(&id, |column| column.id).ok();
        let missing = || format!("\"{name}\" names a column that it does not have");
        let primary_key =
            primary_key.into_iter().map(position_of).collect::<Option<Vec<usize>>>().ok_or_else(missing)?;
        for index in &mut indexes {
            let position_at = |id: usize| position_of(ColumnId(u16::try_from(id).ok()?));
            renumber(&mut index.kind, position_at).ok_or_else(missing)?;
        }
        let beyond = columns.last().map_or(0, |column| column.id.0.saturating_add(1));
        let next_column = next_column.unwrap_or(beyond).max(beyond);
        Ok(Collection {
            id,
            schema,
            name,
            kind,
            on_commit,
            columns,
            primary_key,
            indexes,
            checks,
            foreign_keys,
            next_column,
            dropped,
            materialized,
        })
    }
}

/// Puts other numbers in the place of those of an index's columns; `None` where one has none.
fn renumber(kind: &mut IndexKind, number: impl Fn(usize) -> Option<usize>) -> Option<()> {
    match kind {
        IndexKind::Ordered { columns, .. } => columns.iter_mut().try_for_each(|column| {
            *column = number(*column)?;
            Some(())
        }),
        IndexKind::Nearest { column, .. } => {
            *column = number(*column)?;
            Some(())
        }
        IndexKind::Keys(keys) => keys.keys.iter_mut().try_for_each(|key| {
            if let IndexKey::Column(column) = key {
                *column = number(*column)?;
            }
            Some(())
        }),
        IndexKind::Fact { .. } => Some(()),
    }
}

/// The name in states of a column of formats 1 and 2.
fn legacy_field(kind: CollectionKind, name: &str) -> &str {
    match (kind, name) {
        (CollectionKind::Memory, "vector") => FACT_VECTOR,
        (CollectionKind::Memory, "blob_hash") => FACT_BLOB_HASH,
        (CollectionKind::Memory, "blob_size") => FACT_BLOB_SIZE,
        (CollectionKind::Memory, "blob_type") => FACT_BLOB_TYPE,
        (_, name) => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        CheckTime, FieldKey, IndexKeys, IndexOrigin, IndexState, ReferentialAction, StoredExpression, UniqueKey,
    };
    use crate::types::ColumnType;

    /// This definition lies in data directories of format 2: it is read for ever.
    const FORMAT_2: &str = concat!(
        r#"{"id":17,"name":"items","kind":"Table","columns":["#,
        r#"{"name":"id","ty":"bigint","not_null":true,"default":"Sequence"},"#,
        r#"{"name":"name","ty":"text","not_null":false,"default":{"Expression":"'new'"}},"#,
        r#"{"name":"v","ty":"vector(3)","not_null":false,"default":null,"dimension_origin":"Declared"}],"#,
        r#""primary_key":[0],"indexes":["#,
        r#"{"id":18,"name":"items_name_key","kind":{"Ordered":{"columns":[1],"unique":true}},"origin":"Constraint"},"#,
        r#"{"id":19,"name":"items_v_idx","kind":{"Hnsw":{"column":2,"operator_class":"vector_l2_ops","m":16,"#,
        r#""ef_construction":64}},"origin":"Statement"}]}"#,
    );

    /// The same in format 3, after the column "name" was renamed, another one came and went, and one more came.
    const FORMAT_3: &str = concat!(
        r#"{"id":17,"name":"items","kind":"Table","columns":["#,
        r#"{"id":0,"name":"id","field":"id","ty":"bigint","not_null":true,"default":"Sequence"},"#,
        r#"{"id":1,"name":"title","field":"name","ty":"text","not_null":false,"default":{"Expression":"'new'"}},"#,
        r#"{"id":2,"name":"v","field":"v","ty":"vector(3)","not_null":false,"default":null,"#,
        r#""dimension_origin":"Declared"},"#,
        r#"{"id":4,"name":"n","field":"n","ty":"integer","not_null":false,"default":null}],"#,
        r#""primary_key":[0],"indexes":["#,
        r#"{"id":18,"name":"items_name_key","kind":{"Ordered":{"columns":[1],"unique":true}},"origin":"Constraint"},"#,
        r#"{"id":19,"name":"items_v_idx","kind":{"Hnsw":{"column":2,"operator_class":"vector_l2_ops","m":16,"#,
        r#""ef_construction":64}},"origin":"Statement"},"#,
        r#"{"id":20,"name":"items_n_idx","kind":{"Ordered":{"columns":[4],"unique":false}},"origin":"Statement"}],"#,
        r#""next_column":5}"#,
    );

    #[test]
    fn positions_of_format_2_become_ids() {
        let collection: Collection = serde_json::from_str(FORMAT_2).unwrap();
        let columns: Vec<_> = collection.columns.iter().map(|column| (column.id.0, column.field.as_str())).collect();
        assert_eq!(columns, [(0, "id"), (1, "name"), (2, "v")]);
        assert_eq!((collection.next_column, collection.primary_key.as_slice()), (3, [0].as_slice()));
        let again: Collection = serde_json::from_str(&serde_json::to_string(&collection).unwrap()).unwrap();
        assert_eq!(again, collection);
    }

    #[test]
    fn fields_of_a_memory_have_their_own_names() {
        let json = r#"{"id":1,"name":"memory","kind":"Memory","columns":[
            {"name":"id","ty":"text","not_null":true,"default":"GeneratedId"},
            {"name":"metadata","ty":"jsonb","not_null":false,"default":null},
            {"name":"vector","ty":"vector","not_null":false,"default":null},
            {"name":"blob_hash","ty":"text","not_null":false,"default":null}],"primary_key":[0],"indexes":[]}"#;
        let memory: Collection = serde_json::from_str(json).unwrap();
        let fields: Vec<_> = (0..4).map(|position| memory.field_name(position)).collect();
        assert_eq!(fields, [None, None, Some(FACT_VECTOR), Some(FACT_BLOB_HASH)]);
        assert_eq!(memory.column_of_field(FACT_VECTOR), Some(2));
    }

    #[test]
    fn ids_of_format_3_become_positions() {
        let collection: Collection = serde_json::from_str(FORMAT_3).unwrap();
        assert_eq!(collection.columns.iter().map(|column| column.id.0).collect::<Vec<_>>(), [0, 1, 2, 4]);
        assert_eq!(collection.indexes[2].kind, IndexKind::Ordered { columns: vec![3], unique: false });
        assert_eq!(serde_json::to_string(&collection).unwrap(), FORMAT_3);
    }

    #[test]
    fn what_an_index_cannot_do_is_kept_and_makes_no_other_definition() {
        let ready: Collection = serde_json::from_str(FORMAT_3).unwrap();
        assert!(ready.indexes.iter().all(|index| index.state.is_ready()), "no state is the one of before");
        let mut changed = ready.clone();
        assert!(changed.set_index_state(CollectionId(19), IndexState::Building));
        assert!(changed.set_index_state(CollectionId(18), IndexState::Invalid));
        assert!(!changed.set_index_state(CollectionId(18), IndexState::Invalid));
        let json = serde_json::to_string(&changed).unwrap();
        assert!(json.contains(r#""state":"Building""#) && json.contains(r#""state":"Invalid""#), "{json}");
        assert_eq!(serde_json::from_str::<Collection>(&json).unwrap(), changed);
        assert!(changed != ready && changed.is_defined_as(&ready));
        changed.columns[1].not_null = true;
        assert!(!changed.is_defined_as(&ready));
    }

    #[test]
    fn constraints_and_computed_keys_name_columns_by_their_ids() {
        let mut table: Collection = serde_json::from_str(FORMAT_3).unwrap();
        let check = |name: &str, id, column| {
            let (expression, columns) = (format!("{name} > 0"), vec![ColumnId(column)]);
            Check { id: CollectionId(id), name: name.to_string(), expression, columns, validated: true }
        };
        table.checks = vec![check("n", 30, 4), check("title", 31, 1)];
        table.foreign_keys.push(ForeignKey {
            id: CollectionId(32),
            name: "self".to_string(),
            columns: vec![ColumnId(4)],
            parent: table.id,
            parent_columns: vec![ColumnId(0)],
            on_delete: ReferentialAction::Cascade,
            on_update: ReferentialAction::NoAction,
            timing: CheckTime::Deferred,
            validated: false,
        });
        let lower = StoredExpression { text: "lower(title)".into(), columns: vec![ColumnId(1)], ty: ColumnType::Text };
        let keys = vec![IndexKey::Column(3), IndexKey::Expression(lower)];
        let kind = IndexKind::Keys(IndexKeys { keys, unique: true, counts_nulls: false, terms: None, condition: None });
        table.indexes.push(Index::new(CollectionId(33), "computed", kind, IndexOrigin::Statement));
        let json = serde_json::to_string(&table).unwrap();
        assert!(json.contains(r#"{"Column":4}"#), "{json}");
        assert_eq!(serde_json::from_str::<Collection>(&json).unwrap(), table);
        assert_eq!(table.unique_key_over(&[ColumnId(0)]), Some((UniqueKey::Primary, vec![0])));
        assert_eq!(table.unique_key_over(&[ColumnId(1)]), Some((UniqueKey::Index(CollectionId(18)), vec![0])));
        assert_eq!(table.unique_key_over(&[ColumnId(0), ColumnId(1)]), None);
        let mut without_n = table.clone();
        without_n.remove_column(3, false);
        assert_eq!((without_n.checks.len(), without_n.foreign_keys.len(), without_n.indexes.len()), (1, 0, 2));
        let mut without_v = table.clone();
        without_v.remove_column(2, false);
        let computed = without_v.indexes.last().unwrap();
        assert_eq!(computed.kind.key_positions(), [Some(2), None]);
        assert_eq!((without_v.checks.len(), without_v.foreign_keys.len()), (2, 1));
    }

    #[test]
    fn a_column_that_is_not_there_is_damage() {
        let error = serde_json::from_str::<Collection>(&FORMAT_3.replace("[4]", "[3]")).unwrap_err();
        assert!(error.to_string().contains("\"items\" names a column that it does not have"), "{error}");
    }

    #[test]
    fn what_a_dropped_column_leaves_is_known_by_its_id() {
        let text = |name: &str| Column::new(name, ColumnType::Text);
        let columns = vec![text("a"), text("b"), text("c"), text("d")];
        let mut table = Collection::new(CollectionId(20), "t", CollectionKind::Table, columns);
        table.primary_key = vec![2];
        let index = |columns| IndexKind::Ordered { columns, unique: false };
        let made = |id, columns| {
            let (origin, kind) = (IndexOrigin::Statement, index(columns));
            Index::new(CollectionId(id), format!("i{id}"), kind, origin)
        };
        table.indexes = vec![made(21, vec![1, 3]), made(22, vec![3, 0])];
        table.remove_column(1, true);
        table.remove_column(0, false);
        assert_eq!((table.primary_key.as_slice(), table.indexes.len()), ([0].as_slice(), 0));
        let (b, a) = (FieldKey::Column(ColumnId(1)), FieldKey::Column(ColumnId(0)));
        assert_eq!((table.field_of_key(b), table.key_of_field("b"), table.present_key(b)), (Some("b"), b, Some(b)));
        assert_eq!((table.field_of_key(a), table.key_of_field("a"), table.present_key(a)), (None, "a".into(), None));
        assert!(!table.is_undeclared("b") && table.is_undeclared("a"));
        // It comes back: what entries have under either id is its value.
        table.dropped.clear();
        table.push_column(Column { former: vec![ColumnId(1)], ..text("b") });
        let now = FieldKey::Column(ColumnId(4));
        assert_eq!((table.key_of_field("b"), table.present_key(b), table.field_of_key(b)), (now, Some(now), Some("b")));
        let again: Collection = serde_json::from_str(&serde_json::to_string(&table).unwrap()).unwrap();
        assert_eq!(again, table);
    }

    #[test]
    fn ids_and_names_in_states_are_given_once() {
        let text = || Column::new("a", ColumnType::Text);
        let mut collection = Collection::new(CollectionId(20), "t", CollectionKind::Table, vec![text()]);
        collection.columns[0].name = "b".to_string();
        collection.push_column(text());
        let columns: Vec<_> = collection.columns.iter().map(|column| (column.id.0, column.field.as_str())).collect();
        assert_eq!(columns, [(0, "a"), (1, "a~1")]);
        let origin = IndexOrigin::Statement;
        let kind = IndexKind::Ordered { columns: vec![1], unique: false };
        collection.indexes.push(Index::new(CollectionId(21), "i", kind, origin));
        let again: Collection = serde_json::from_str(&serde_json::to_string(&collection).unwrap()).unwrap();
        assert_eq!(again, collection);
    }
}
