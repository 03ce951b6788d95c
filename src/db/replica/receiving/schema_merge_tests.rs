//! Declared columns of members that differ, merged one announcement after the other.

use std::sync::Arc;

use crate::db::database::Database;
use crate::db::open::load::DatabaseOptions;
use crate::db::pending::on_conflict::OnConflict;
use crate::db::replica::receiving::schema_merge::{SharedColumn, SharedSchema};
use crate::db::replica::receiving::shapes::ShapeClaim;
use crate::db::state::clock::Clock;
use crate::model::{Collection, CollectionKind, Column, NetworkId, NetworkOptions, Run, Stage};
use crate::store::KeySource;
use crate::types::{ColumnType, Value};

const SECRET: &str = "a secret for tests";

struct Node {
    runtime: tokio::runtime::Runtime,
    database: Database,
    _directory: tempfile::TempDir,
}

impl Node {
    /// A node with the table "things", keyed by its first column, in network "n".
    fn with(columns: &[(&str, &str)]) -> Node {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(&DatabaseOptions {
            data_directory: directory.path().join("data"),
            key_directory: directory.path().join("keys"),
            key_source: KeySource::File,
            cache_bytes: 8 << 20,
            sync: false,
            clock: Clock::System,
            row_compiler: crate::db::no_row_compiler,
        })
        .unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut transaction = database.begin();
        let column = |(name, ty): &(&str, &str)| Column {
            not_null: *name == "id",
            ..Column::new(*name, ColumnType::parse(ty).unwrap())
        };
        let id = transaction.new_id();
        let (name, kind, columns) = ("things".to_string(), CollectionKind::Table, columns.iter().map(column).collect());
        let table = Collection { primary_key: vec![0], ..Collection::new(id, name, kind, columns) };
        transaction.create_collection(table).unwrap();
        transaction.create_network("n", NetworkOptions::default(), Some(SECRET), Vec::new(), None).unwrap();
        transaction.attach_collection("things", "n", None).unwrap();
        transaction.attach_collection("memory", "n", None).unwrap();
        runtime.block_on(transaction.commit()).unwrap();
        // As its first posting would.
        let network = Arc::clone(database.catalog().network("n").unwrap());
        let claimed = database.queue().encode(move |apply| apply.claim_posted(&network, &[id]));
        runtime.block_on(claimed).unwrap();
        Node { runtime, database, _directory: directory }
    }

    fn network(&self) -> NetworkId {
        self.database.catalog().network("n").unwrap().id
    }

    fn table(&self) -> Arc<Collection> {
        Arc::clone(self.database.catalog().expect_collection("things").unwrap())
    }

    fn merge(&self, schemas: &[SharedSchema]) -> Vec<String> {
        self.runtime.block_on(self.database.replica().merge_schemas(self.network(), schemas)).unwrap()
    }

    fn columns(&self) -> Vec<(String, String)> {
        self.table().columns.iter().map(|column| (column.name.clone(), column.ty.to_string())).collect()
    }

    /// Inserts a row by the names of its columns and posts it.
    fn post(&self, values: &[(&str, Value)]) {
        let table = self.table();
        let mut row = vec![None; table.columns.len()];
        for (name, value) in values {
            row[table.column(name).unwrap()] = Some(value.clone());
        }
        let mut transaction = self.database.begin();
        let key = transaction.key(&table, vec![values[0].1.clone()]).unwrap();
        transaction.insert(&table, row, OnConflict::Fail).unwrap();
        transaction.set_stage(&table, &key, Stage::PostPending).unwrap();
        self.runtime.block_on(transaction.commit()).unwrap();
        self.runtime.block_on(self.database.replica().post_staged(self.network())).unwrap();
    }

    fn send_to(&self, other: &Node) {
        let origin = self.database.peer_id();
        let read = self.database.replica().read_log(self.network(), &origin, 1, usize::MAX).unwrap();
        let crate::model::LogRead::Deltas(deltas) = read else { panic!("the log is pruned") };
        other
            .runtime
            .block_on(other.database.replica().apply_run(other.network(), Run { origin, deltas }, None))
            .unwrap();
    }

    fn shown(&self, id: &str, column: &str) -> Value {
        let table = self.table();
        let key = self.database.begin().key(&table, vec![Value::text(id)]).unwrap();
        let row = self.database.view().row(&table, &key).unwrap().unwrap();
        row[table.column(column).unwrap()].clone()
    }

    fn fingerprint(&self) -> Vec<[u8; 16]> {
        self.database.replica().public_view(self.network()).unwrap().fingerprints("things").unwrap()
    }
}

fn schema(columns: &[(&str, &str)]) -> SharedSchema {
    let column = |(name, ty): &(&str, &str)| SharedColumn { name: (*name).into(), type_name: (*ty).into() };
    let columns = columns.iter().map(column).collect();
    SharedSchema { name: "things".into(), is_table: true, columns, primary_key: vec![0] }
}

#[test]
fn columns_that_are_lacking_are_added_nullable_and_once() {
    let node = Node::with(&[("id", "text"), ("name", "text")]);
    let theirs = schema(&[("id", "text"), ("height", "bigint"), ("name", "text"), ("weight", "double precision")]);
    for _ in 0..2 {
        assert_eq!(node.merge(std::slice::from_ref(&theirs)), Vec::<String>::new());
        let names: Vec<String> = node.columns().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["id", "name", "height", "weight"]);
    }
    assert!(node.table().columns[2..].iter().all(|column| !column.not_null && column.default.is_none()));
    let fewer = schema(&[("id", "text")]);
    assert!(node.merge(&[fewer]).is_empty(), "that they lack some is theirs to mend");
    assert_eq!(node.columns().len(), 4);
}

#[test]
fn members_leave_room_for_columns_of_the_tables_user() {
    let node = Node::with(&[("id", "text")]);
    let names: Vec<String> = (0..1_500).map(|number| format!("c{number}")).collect();
    let mut columns = vec![("id", "text")];
    columns.extend(names.iter().map(|name| (name.as_str(), "text")));
    let differences = node.merge(&[schema(&columns)]);
    assert_eq!((node.columns().len(), differences.len()), (400, 1_501 - 400));
    assert!(differences[0].contains("is not added here"), "{}", differences[0]);
}

#[test]
fn a_type_that_differs_is_told_and_all_else_is_added() {
    let node = Node::with(&[("id", "text"), ("age", "integer")]);
    let theirs = schema(&[("id", "text"), ("age", "text"), ("note", "text"), ("odd", "no such type")]);
    let differences = node.merge(&[theirs]);
    assert_eq!(differences.len(), 2, "{differences:?}");
    assert_eq!(differences[0], "\"things\".\"age\" is integer here and text at another member");
    assert!(differences[1].contains("\"things\".\"odd\"") && differences[1].contains("no such type"));
    let pairs = node.columns();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, ty)| (name.as_str(), ty.as_str())).collect();
    assert_eq!(pairs, [("id", "text"), ("age", "integer"), ("note", "text")]);
}

#[test]
fn another_key_and_another_shape_are_told() {
    let node = Node::with(&[("id", "text"), ("name", "text")]);
    let other_key = SharedSchema { primary_key: vec![1], ..schema(&[("id", "text"), ("name", "text")]) };
    let differences = node.merge(&[other_key]);
    assert_eq!(differences, ["the primary key of \"things\" is (id) here and (name) at another member"]);
    let other_shape = SharedSchema { is_table: false, ..schema(&[("id", "text"), ("more", "text")]) };
    let differences = node.merge(&[other_shape]);
    assert_eq!(differences, ["\"things\" is a table here and of the shape of memory at another member"]);
    assert_eq!(node.columns().len(), 2, "of another shape nothing is taken");
}

#[test]
fn a_memory_takes_no_columns_and_what_is_not_attached_is_nobodys_business() {
    let node = Node::with(&[("id", "text")]);
    let memory = Arc::clone(node.database.catalog().expect_collection("memory").unwrap());
    let mut columns: Vec<SharedColumn> = Vec::new();
    for column in &memory.columns {
        columns.push(SharedColumn { name: column.name.clone(), type_name: column.ty.to_string() });
    }
    columns.push(SharedColumn { name: "more".into(), type_name: "text".into() });
    let theirs = SharedSchema { name: "memory".into(), is_table: false, columns, primary_key: vec![0] };
    let unknown = SharedSchema { name: "unknown".into(), ..schema(&[("id", "text"), ("age", "text")]) };
    assert_eq!(node.merge(&[theirs, unknown]), ["\"memory\".\"more\" is a column at another member alone"]);
    assert_eq!(node.database.catalog().expect_collection("memory").unwrap().columns.len(), memory.columns.len());
}

#[test]
fn vectors_without_a_dimension_are_alike_with_one() {
    let node = Node::with(&[("id", "text"), ("place", "vector")]);
    assert!(node.merge(&[schema(&[("id", "text"), ("place", "vector(3)")])]).is_empty());
    let other = Node::with(&[("id", "text"), ("place", "vector(2)")]);
    let differences = other.merge(&[schema(&[("id", "text"), ("place", "vector(3)")])]);
    assert_eq!(differences, ["\"things\".\"place\" is vector(2) here and vector(3) at another member"]);
}

#[test]
fn values_that_came_before_their_column_show_with_it_and_contradicting_ones_wait() {
    let a = Node::with(&[("id", "text"), ("age", "integer"), ("place", "vector(2)"), ("note", "text")]);
    let b = Node::with(&[("id", "text"), ("age", "text")]);
    let place = Value::Vector(vec![1.0, 2.0].into());
    let row =
        [("id", Value::text("one")), ("age", Value::Int4(7)), ("place", place.clone()), ("note", Value::text("x"))];
    a.post(&row);
    a.send_to(&b);
    assert_eq!(a.fingerprint(), b.fingerprint());
    let theirs = schema(&[("id", "text"), ("age", "integer"), ("place", "vector(2)"), ("note", "text")]);
    let differences = b.merge(&[theirs]);
    assert_eq!(differences.len(), 1, "{differences:?}");
    assert_eq!((b.shown("one", "place"), b.shown("one", "note")), (place, Value::text("x")));
    assert_eq!(b.shown("one", "age"), Value::Null, "it waits");
    assert_eq!(a.shown("one", "age"), Value::Int4(7));
    assert_eq!(a.fingerprint(), b.fingerprint(), "what is public does not depend on columns");
}

#[test]
fn a_value_that_came_undeclared_shows_only_in_a_column_of_its_type() {
    let a = Node::with(&[("id", "text"), ("age", "integer")]);
    let b = Node::with(&[("id", "text")]);
    a.post(&[("id", Value::text("one")), ("age", Value::Int4(7))]);
    a.send_to(&b);
    // A third member declares the column with another type, and its announcement comes first.
    assert!(b.merge(&[schema(&[("id", "text"), ("age", "text")])]).is_empty());
    assert_eq!(b.shown("one", "age"), Value::Null);
    assert_eq!(b.merge(&[schema(&[("id", "text"), ("age", "integer")])]).len(), 1);
    assert_eq!(a.fingerprint(), b.fingerprint());
}

/// A member that says to have been there first, with another key, turns over nothing that an owner has claimed or agreed to.
#[test]
fn an_earlier_claim_of_a_member_stops_no_collection_that_an_owner_uses() {
    let node = Node::with(&[("id", "text"), ("name", "text")]);
    let other = Node::with(&[("name", "text"), ("id", "text")]);
    let (network, identity) =
        (Arc::clone(node.database.catalog().network("n").unwrap()), other.database.replica().identity());
    let early = ShapeClaim::of(&network, &other.table(), "things", 1, &identity);
    let learn = |claims: Vec<ShapeClaim>| {
        node.runtime.block_on(node.database.replica().learn_shapes(node.network(), claims)).unwrap();
        let network = Arc::clone(node.database.catalog().network("n").unwrap());
        let is_halted = network.attachment_named("things").unwrap().halted.is_some();
        let claims = node.database.replica().shape_claims(node.network()).unwrap();
        (is_halted, claims.into_iter().map(|claim| claim.peer).collect::<Vec<_>>())
    };
    let own = vec![node.database.peer_id()];
    assert_eq!(learn(vec![early]), (false, own.clone()));
    // What a member has claimed and the owner agrees to it claims as well.
    let alike = ShapeClaim::of(&network, &node.table(), "things", 1, &identity);
    let name = "shape/things";
    let stored = serde_json::to_vec(&alike).unwrap();
    node.runtime.block_on(node.database.replica().put_sync_record(node.network(), name, Some(stored))).unwrap();
    assert_eq!(learn(Vec::new()), (false, own));
}

#[path = "long_values_tests.rs"]
mod long_values;
