//! Lowering: golden scripts of queries and actions against a small catalog, and what SET MEMORY and DELETE bind to.

use std::any::Any;
use std::fmt::Write;
use std::sync::Arc;

use nebulusdb::db::{AggregateQuery, Catalog, Query};
use nebulusdb::error::Error;
use nebulusdb::knirvql::{
    MemoryUpsert, NetworkRows, SecretWrite, SelectedChange, SelectedVerb, Selection, lower, parse,
};
use nebulusdb::model::{
    Attachment, Collection, CollectionId, CollectionKind, Column, DefaultValue, Index, IndexKind, IndexOrigin, Network,
    NetworkId, NetworkOptions,
};
use nebulusdb::statement::{KnownRows, NetworkCommand, Planned, Statement};
use nebulusdb::types::{ColumnType, Value};

use super::scripts::{failure, run_directory};

fn collection(id: u32, name: &str, kind: CollectionKind, columns: &[(&str, ColumnType)]) -> Collection {
    let columns = columns.iter().map(|(name, ty)| Column {
        default: (*name == "id").then_some(DefaultValue::GeneratedId),
        ..Column::new(*name, ty.clone())
    });
    Collection { primary_key: vec![0], ..Collection::new(CollectionId(id), name, kind, columns.collect()) }
}

/// The default collections, a table with facts, one with two vectors, and two networks, of which one shares memories.
fn catalog() -> Catalog {
    let memory = [
        ("id", ColumnType::Text),
        ("metadata", ColumnType::Jsonb),
        ("vector", ColumnType::Vector(None)),
        ("blob_hash", ColumnType::Text),
        ("blob_size", ColumnType::Int8),
        ("blob_type", ColumnType::Text),
    ];
    let notes = [
        ("id", ColumnType::Int8),
        ("title", ColumnType::Text),
        ("price", ColumnType::Numeric(None)),
        ("details", ColumnType::Jsonb),
        ("embedding", ColumnType::Vector(Some(3))),
        ("at", ColumnType::TimestampTz),
    ];
    let pairs = [("name", ColumnType::Text), ("a", ColumnType::Vector(None)), ("b", ColumnType::Vector(None))];
    let mut notes = collection(20, "notes", CollectionKind::Table, &notes);
    let kind = IndexKind::Nearest {
        column: 4,
        operator_class: "vector_l2_ops".to_string(),
        m: 16,
        ef_construction: 64,
        lists: None,
    };
    notes.indexes.push(Index::new(CollectionId(21), "notes_embedding_idx", kind, IndexOrigin::Statement));
    let auth = [("key", ColumnType::Text), ("value", ColumnType::Text)];
    Catalog::new(vec![
        collection(1, "memory", CollectionKind::Memory, &memory),
        collection(2, "auth", CollectionKind::Auth, &auth),
        notes,
        collection(22, "pairs", CollectionKind::Table, &pairs),
    ])
    .with_network(network(30, "team", &[(1, "memory")]))
    .with_network(network(31, "Labor", &[]))
}

fn network(id: u32, name: &str, attached: &[(u32, &str)]) -> Network {
    let attachments = attached.iter().map(|(collection, name)| Attachment {
        collection: CollectionId(*collection),
        shared_name: (*name).to_string(),
        private_by_default: None,
        detaching: false,
        attaching: false,
        is_announced: true,
        awaits_shape: false,
        halted: None,
    });
    Network {
        id: NetworkId(id),
        name: name.to_string(),
        bootstrap: Vec::new(),
        options: NetworkOptions::default(),
        epoch: 1,
        removed: Vec::new(),
        attachments: attachments.collect(),
        leaving: false,
        drop_allowed: false,
        charter: None,
        founder: None,
    }
}

fn lowered(text: &str) -> Result<Planned, Error> {
    lower(&parse(text)?, &Arc::new(catalog()), &[], &|_| Ok(None))
}

#[test]
fn golden_lowerings_hold() {
    run_directory("tests/golden/knirvql_lowering", |text| match lowered(text) {
        Ok(lowered) => shown(&lowered),
        Err(error) => failure(text, &error),
    });
}

fn shown(lowered: &Planned) -> String {
    let mut shown = String::new();
    show_body(&mut shown, &lowered.body);
    if let Some(columns) = &lowered.columns {
        let columns: Vec<String> = columns.iter().map(|column| format!("{} {}", column.name, column.ty)).collect();
        writeln!(shown, "columns {}", columns.join(", ")).unwrap();
    }
    if !lowered.parameters.is_empty() {
        let types: Vec<String> = lowered.parameters.iter().map(ToString::to_string).collect();
        writeln!(shown, "parameters {}", types.join(", ")).unwrap();
    }
    shown
}

fn show_body(shown: &mut String, body: &Statement) {
    match body {
        Statement::Read(source) => show_source(shown, &**source),
        Statement::Change(change) => show_change(shown, &**change),
        Statement::Sync(network) => writeln!(shown, "Sync({network:?})").unwrap(),
        Statement::Explain(explain) => {
            writeln!(shown, "explain, analyze {}", explain.analyze).unwrap();
            show_body(shown, &explain.inner);
        }
        _ => panic!("KNIRVQL has no such statement"),
    }
}

fn show_source(shown: &mut String, source: &dyn Any) {
    if let Some(query) = source.downcast_ref::<Query>() {
        show_query(shown, query);
    } else if let Some(groups) = source.downcast_ref::<AggregateQuery>() {
        show_groups(shown, groups);
    } else if let Some(KnownRows(rows)) = source.downcast_ref() {
        writeln!(shown, "Rows({rows:?})").unwrap();
    } else if let Some(rows) = source.downcast_ref::<NetworkRows>() {
        writeln!(shown, "{rows:?}").unwrap();
    }
}

fn show_change(shown: &mut String, change: &dyn Any) {
    if let Some(SelectedChange { verb, selections, .. }) = change.downcast_ref() {
        match verb {
            SelectedVerb::Stage => writeln!(shown, "staged true").unwrap(),
            SelectedVerb::Unstage => writeln!(shown, "staged false").unwrap(),
            SelectedVerb::Delete | SelectedVerb::Revert => {}
        }
        selections.iter().for_each(|selection| show_selection(shown, selection));
    } else if let Some(command) = change.downcast_ref::<NetworkCommand>() {
        writeln!(shown, "Network({command:?})").unwrap();
    } else if let Some(write) = change.downcast_ref::<SecretWrite>() {
        writeln!(shown, "{write:?}").unwrap();
    }
}

fn show_groups(shown: &mut String, query: &AggregateQuery) {
    show_query(shown, &query.scan);
    let collection = &query.scan.collection;
    query.groups.iter().for_each(|group| writeln!(shown, "group {}", group.shown(collection)).unwrap());
    for call in &query.calls {
        let argument =
            call.argument.as_ref().map_or("*".to_string(), |argument| argument.shown(collection).to_string());
        writeln!(shown, "aggregate {}({argument}) {}", call.function.name(), call.result).unwrap();
    }
    query.order.iter().for_each(|order| writeln!(shown, "order {order:?}").unwrap());
    query.limit.iter().for_each(|limit| writeln!(shown, "limit {limit:?}").unwrap());
    query.offset.iter().for_each(|offset| writeln!(shown, "offset {offset:?}").unwrap());
}

/// What a statement changes, which is of this type.
fn change_of<T: 'static>(planned: Planned) -> Box<T> {
    let Statement::Change(change) = planned.body else { panic!("it changes nothing") };
    (change as Box<dyn Any>).downcast().expect("it is of that type")
}

fn show_query(shown: &mut String, query: &Query) {
    writeln!(shown, "from {}", query.collection.name).unwrap();
    if let Some(filter) = &query.filter {
        writeln!(shown, "filter {}", filter.shown(&query.collection)).unwrap();
    }
    if let Some(nearest) = &query.nearest {
        writeln!(shown, "nearest {nearest:?}").unwrap();
    }
    query.order.iter().for_each(|order| writeln!(shown, "order {order:?}").unwrap());
    query.limit.iter().for_each(|limit| writeln!(shown, "limit {limit:?}").unwrap());
    query.offset.iter().for_each(|offset| writeln!(shown, "offset {offset:?}").unwrap());
}

fn show_selection(shown: &mut String, selection: &Selection) {
    writeln!(shown, "from {}", selection.collection.name).unwrap();
    writeln!(shown, "filter {}", selection.filter().shown(&selection.collection)).unwrap();
    // A parameter that fits nothing leaves the collection out, where the statement is lenient.
    let placeholders = vec![Value::text("7"); 9];
    if selection.bind(&placeholders).unwrap().is_none() {
        writeln!(shown, "matches nothing").unwrap();
    }
}

#[test]
fn metadata_of_a_table_goes_to_columns_and_facts() {
    let statement = "SET MEMORY IN notes id = 7 metadata = {title: \"a\", price: 1.50, source: \"web\", at: '2026-01-02'} \
                     vector = [1, 2, 3]";
    let write = change_of::<MemoryUpsert>(lowered(statement).unwrap()).writes.remove(0);
    let parts = write.bind(&[]).unwrap();
    assert_eq!(parts.id, Some(Value::Int8(7)));
    let mut positions: Vec<usize> = parts.columns.iter().map(|(position, _)| *position).collect();
    positions.sort_unstable();
    assert_eq!(positions, [0, 1, 2, 4, 5]);
    assert_eq!(parts.facts, [("source".to_string(), Value::text("web"))]);
    assert!(parts.columns.contains(&(4, Value::Vector([1.0, 2.0, 3.0].into()))));
}

#[test]
fn parameters_of_set_memory_are_bound_to_their_types() {
    let lowered = lowered("SET MEMORY id = $1 metadata = $2 vector = $3 blob = $4").unwrap();
    assert_eq!(lowered.parameters, [ColumnType::Text, ColumnType::Jsonb, ColumnType::Vector(None), ColumnType::Bytea]);
    let write = change_of::<MemoryUpsert>(lowered).writes.remove(0);
    let vector = Value::Vector([1.0].into());
    let bind = |metadata: &str| {
        write.bind(&[Value::text("m"), Value::Json(metadata.into()), vector.clone(), Value::Bytea([1, 2].into())])
    };
    let parts = bind("{\"a\": 1}").unwrap();
    assert_eq!(parts.id, Some(Value::text("m")));
    assert_eq!(parts.columns.len(), 3);
    assert_eq!(parts.blob.as_deref(), Some([1, 2].as_slice()));
    assert_eq!(bind("[1]").unwrap_err().sqlstate(), "22023");
    assert_eq!(write.bind(&vec![Value::Null; 4]).unwrap_err().sqlstate(), "23502");
}

#[test]
fn a_delete_everywhere_leaves_out_what_cannot_match() {
    let selections = change_of::<SelectedChange>(lowered("DELETE WHERE id = $1").unwrap()).selections;
    let bound = |id: &str| {
        let matching = selections.iter().filter(|selection| selection.bind(&[Value::text(id)]).unwrap().is_some());
        matching.map(|selection| selection.collection.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(bound("entry-id-12345"), ["memory"]);
    assert_eq!(bound("7"), ["memory", "notes"]);
}

#[test]
fn declared_parameter_types_are_kept() {
    let statement = parse("GET MEMORY WHERE metadata.year > $1 AND id = $2 LIMIT $3").unwrap();
    let lowered =
        lower(&statement, &Arc::new(catalog()), &[Some(ColumnType::Int4), None, None], &|_| Ok(None)).unwrap();
    assert_eq!(lowered.parameters, [ColumnType::Int4, ColumnType::Text, ColumnType::Int8]);
}
