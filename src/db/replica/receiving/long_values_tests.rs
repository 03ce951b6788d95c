//! Values of members that are too long for an ordered index that this node has alone.

use super::*;
use crate::db::state::cancel::Cancel;
use crate::model::{CollectionId, Index, IndexKind, IndexOrigin, Who};
use crate::store::KeyRange;

const COLUMNS: [(&str, &str); 4] = [("id", "text"), ("name", "text"), ("place", "text"), ("size", "bigint")];

impl Node {
    /// Indexes columns by their names.
    fn index(&self, columns: &[&str]) -> CollectionId {
        let table = self.table();
        let columns = columns.iter().map(|name| table.column(name).unwrap()).collect();
        let mut transaction = self.database.begin();
        let id = transaction.new_id();
        let kind = IndexKind::Ordered { columns, unique: false };
        let index = Index::new(id, "by_name", kind, IndexOrigin::Statement);
        self.runtime.block_on(transaction.create_index(&"things".into(), index, &Cancel::new())).unwrap();
        self.runtime.block_on(transaction.commit()).unwrap();
        id
    }

    fn change(&self, id: &str, column: &str, value: Value, stage: Stage) {
        let table = self.table();
        let mut transaction = self.database.begin();
        let key = transaction.key(&table, vec![Value::text(id)]).unwrap();
        transaction.update(&table, &key, vec![(table.column(column).unwrap(), value)]).unwrap();
        transaction.set_stage(&table, &key, stage).unwrap();
        self.runtime.block_on(transaction.commit()).unwrap();
        self.runtime.block_on(self.database.replica().post_staged(self.network())).unwrap();
    }

    /// Deletes an entry, whoever made it.
    fn delete(&self, id: &str) {
        let table = self.table();
        let mut transaction = self.database.begin();
        transaction.set_rights("n", "things", (None, Some(Who::Members))).unwrap();
        self.runtime.block_on(transaction.commit()).unwrap();
        let mut transaction = self.database.begin();
        let key = transaction.key(&table, vec![Value::text(id)]).unwrap();
        assert!(transaction.delete(&table, &key).unwrap());
        self.runtime.block_on(transaction.commit()).unwrap();
    }

    fn index_entries(&self, index: CollectionId) -> usize {
        let view = self.database.view();
        let mut stored = view.snapshot.scan(&KeyRange::index(index));
        let mut count = 0;
        while stored.next().unwrap().is_some() {
            count += 1;
        }
        count
    }
}

/// A text of so many bytes.
fn long(bytes: usize) -> Value {
    Value::text("x".repeat(bytes))
}

#[test]
fn a_value_too_long_for_an_index_here_is_hidden_and_stops_nothing() {
    let (a, b) = (Node::with(&COLUMNS), Node::with(&COLUMNS));
    let index = b.index(&["name"]);
    a.post(&[("id", Value::text("one")), ("name", long(9000)), ("size", Value::Int8(1))]);
    a.post(&[("id", Value::text("two")), ("name", Value::text("short"))]);
    a.send_to(&b);
    assert_eq!(b.shown("two", "name"), Value::text("short"), "what comes behind it is taken");
    assert_eq!((b.shown("one", "name"), b.shown("one", "size")), (Value::Null, Value::Int8(1)));
    assert_eq!(b.index_entries(index), 2, "the index has it as it is seen");
    assert_eq!(a.fingerprint(), b.fingerprint(), "its network's state is whole");
    // It can be written to and goes on to others.
    b.change("one", "size", Value::Int8(2), Stage::PostPending);
    assert_eq!(b.index_entries(index), 2);
    b.send_to(&a);
    assert_eq!((a.shown("one", "name"), a.shown("one", "size")), (long(9000), Value::Int8(2)));
    assert_eq!(a.fingerprint(), b.fingerprint());
    a.change("one", "name", Value::text("shorter"), Stage::PostPending);
    a.send_to(&b);
    assert_eq!(b.shown("one", "name"), Value::text("shorter"));
    b.delete("one");
    assert_eq!(b.index_entries(index), 1, "and its entry in the index goes with it");
}

#[test]
fn a_hidden_value_shows_once_its_index_is_dropped() {
    let (a, b) = (Node::with(&COLUMNS), Node::with(&COLUMNS));
    b.index(&["name"]);
    a.post(&[("id", Value::text("one")), ("name", long(9000))]);
    a.send_to(&b);
    assert_eq!(b.shown("one", "name"), Value::Null);
    let mut transaction = b.database.begin();
    transaction.drop_index(&"by_name".into(), false).unwrap();
    b.runtime.block_on(transaction.commit()).unwrap();
    b.runtime.block_on(b.database.pass_committer());
    assert_eq!(b.shown("one", "name"), long(9000));
    assert_eq!(a.fingerprint(), b.fingerprint());
}

#[test]
fn of_an_index_over_several_columns_the_longest_value_is_hidden_for_as_long_as_it_must_be() {
    let (a, b) = (Node::with(&COLUMNS), Node::with(&COLUMNS));
    let index = b.index(&["name", "place"]);
    a.post(&[("id", Value::text("one")), ("name", long(5000)), ("place", long(4000))]);
    a.send_to(&b);
    assert_eq!((b.shown("one", "name"), b.shown("one", "place")), (Value::Null, long(4000)));
    a.change("one", "place", Value::text("here"), Stage::PostPending);
    a.send_to(&b);
    assert_eq!((b.shown("one", "name"), b.shown("one", "place")), (long(5000), Value::text("here")));
    // What was written here and not posted stays, whatever comes.
    b.change("one", "place", long(3000), Stage::Private);
    a.change("one", "name", long(6000), Stage::PostPending);
    a.send_to(&b);
    assert_eq!((b.shown("one", "name"), b.shown("one", "place")), (Value::Null, long(3000)));
    assert_eq!(b.index_entries(index), 1);
}

#[test]
fn a_key_that_leaves_an_index_no_room_stops_nothing() {
    let (a, b) = (Node::with(&COLUMNS), Node::with(&COLUMNS));
    let index = b.index(&["id", "name", "place"]);
    let id = "k".repeat(8189);
    a.post(&[("id", Value::text(id.as_str())), ("name", Value::text("n"))]);
    a.post(&[("id", Value::text("two"))]);
    a.send_to(&b);
    assert_eq!(b.shown(&id, "name"), Value::Null);
    assert_eq!(b.index_entries(index), 2);
    assert_eq!(a.fingerprint(), b.fingerprint());
    b.delete(&id);
    assert_eq!(b.index_entries(index), 1);
}

#[test]
fn a_value_too_long_for_an_index_is_refused_where_it_is_written() {
    let b = Node::with(&COLUMNS);
    b.index(&["name"]);
    let table = b.table();
    let mut transaction = b.database.begin();
    let row = vec![Some(Value::text("one")), Some(long(9000)), None, None];
    let error = transaction.insert(&table, row, OnConflict::Fail).map(drop).unwrap_err();
    assert_eq!(error.sqlstate(), "54000");
}

#[test]
fn a_column_that_members_declare_is_shown_past_entries_that_are_too_long() {
    let (a, b) = (Node::with(&COLUMNS), Node::with(&COLUMNS[..2]));
    b.index(&["name"]);
    a.post(&[("id", Value::text("one")), ("name", long(9000)), ("place", Value::text("p"))]);
    a.post(&[("id", Value::text("two")), ("place", Value::text("q"))]);
    a.send_to(&b);
    b.merge(&[schema(&COLUMNS)]);
    assert_eq!((b.shown("one", "name"), b.shown("one", "place")), (Value::Null, Value::text("p")));
    assert_eq!(b.shown("two", "place"), Value::text("q"));
}
