//! Tables and blobs: declared columns that differ between nodes, and metadata of bytes that stay where they are.
//!
//! Columns that one node lacks come to it; one column has another type on some nodes, and then that column alone waits there and
//! is shown. Public states are the same everywhere all the while.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::db::{OnConflict, Transaction};
use crate::model::{Buckets, Collection, CollectionKind, Column, FACT_BLOB_HASH, Stage, State};
use crate::store::{decode_key, decode_state};
use crate::sync::protocol::seeded_random::Random;
use crate::sync::simulation::ledger::Place;
use crate::sync::simulation::node::{MEMORY, NETWORK, Running, TABLE, private_by_default};
use crate::sync::simulation::plan::one_in;
use crate::sync::simulation::workload::CANARY;
use crate::sync::simulation::world::World;
use crate::types::{ColumnType, Value};

/// Entries that everybody writes to.
const SHARED: u64 = 3;
/// Blobs with the same bytes in several entries.
const SHARED_BLOBS: u64 = 3;
/// The column that nobody else writes to.
const NAME: &str = "name";
/// The column whose type differs.
const AGE: &str = "age";

/// The columns that one node declares.
pub(super) fn columns(random: &mut Random) -> Vec<Column> {
    let column = |name: &str, ty, not_null| Column { not_null, ..Column::new(name, ty) };
    let mut columns = vec![column("id", ColumnType::Text, true), column(NAME, ColumnType::Text, false)];
    let others = [("height", ColumnType::Int8), ("weight", ColumnType::Float8), ("colour", ColumnType::Text)];
    for (name, ty) in others {
        if one_in(random, 2) {
            columns.push(column(name, ty, false));
        }
    }
    match random.below(4) {
        0 => columns.push(column(AGE, ColumnType::Text, false)),
        1 => {}
        _ => columns.push(column(AGE, ColumnType::Int8, false)),
    }
    columns
}

/// Makes the table where there is none, and attaches it.
pub(super) fn found_table(transaction: &mut Transaction, columns: &[Column]) {
    if transaction.catalog().expect_collection(TABLE).is_err() {
        let (id, name) = (transaction.new_id(), TABLE.to_string());
        let (columns, primary_key) = (columns.to_vec(), vec![0]);
        let table = Collection { id, name, kind: CollectionKind::Table, columns, primary_key, indexes: Vec::new() };
        transaction.create_collection(table).unwrap();
    }
    transaction.attach_collection(TABLE, NETWORK, private_by_default(TABLE)).unwrap();
}

fn value_of(ty: &ColumnType, number: u64) -> Value {
    match ty {
        ColumnType::Int8 => Value::Int8(i64::try_from(number).unwrap()),
        ColumnType::Float8 => Value::Float8(f64::from(u32::try_from(number).unwrap())),
        _ => Value::text(format!("value{number}")),
    }
}

impl World {
    /// Decides what each node declares.
    pub fn plan_tables(&mut self) {
        if self.plan.has_tables {
            for node in 0..self.nodes.len() {
                self.nodes[node].columns = columns(&mut self.random);
            }
        }
    }

    /// A new row, or one value of one that everybody writes to.
    pub fn write_thing(&mut self, node: usize) {
        let (number, shared) = (self.new_name(), self.random.below(2 * SHARED));
        let running = self.nodes[node].running.as_ref().unwrap();
        let columns = running.collection(TABLE).columns.clone();
        if shared >= SHARED {
            let (place, name) = ((TABLE, format!("thing{number}")), format!("name{number}"));
            self.put_thing(node, &place, (1, Value::text(name.as_str())), Some(Stage::PostPending));
            self.ledger.write(&mut self.nodes[node].local, &place, NAME.to_string(), name);
            self.nodes[node].local.staged.insert(place);
        } else if columns.len() > 2 {
            let position = 2 + usize::try_from(self.random.below(columns.len() as u64 - 2)).unwrap();
            let place = (TABLE, format!("shared{shared}"));
            self.put_thing(node, &place, (position, value_of(&columns[position].ty, number)), Some(Stage::PostPending));
            self.nodes[node].local.staged.insert(place);
        }
    }

    /// Puts a value into a column of a row, which is made where it does not exist.
    pub fn put_thing(&mut self, node: usize, place: &Place, (position, value): (usize, Value), stage: Option<Stage>) {
        self.tell(|world| format!("{} puts {value:?} into {position} of {place:?}, {stage:?}", world.name(node)));
        let running = self.nodes[node].running.as_ref().unwrap();
        let table = running.collection(TABLE);
        let key = running.key(&table, &place.1);
        let mut transaction = running.database.begin();
        if transaction.view().exists(&table, &key).unwrap() {
            assert!(transaction.update(&table, &key, vec![(position, value)]).unwrap());
        } else {
            let mut row = vec![None; table.columns.len()];
            (row[0], row[position]) = (Some(Value::text(place.1.as_str())), Some(value));
            transaction.insert(&table, row, OnConflict::Fail).unwrap();
        }
        if let Some(stage) = stage {
            assert!(transaction.set_stage(&table, &key, stage).unwrap());
        }
        self.runtime.block_on(transaction.commit()).unwrap();
    }

    /// An entry with a blob: a canary in bytes that never travel, and in what is said of those that nobody may know.
    pub fn write_blob(&mut self, node: usize) {
        let number = self.new_name();
        let is_private = one_in(&mut self.random, 3);
        let is_mortal = one_in(&mut self.random, 2) && !is_private;
        let content = if is_private { number + SHARED_BLOBS } else { self.random.below(SHARED_BLOBS) };
        let media_type = if is_private { CANARY } else { "text/plain" };
        let place = (MEMORY, format!("blob{number}"));
        self.tell(|world| format!("{} puts blob {content} into {place:?}", world.name(node)));
        let running = self.nodes[node].running.as_ref().unwrap();
        let memory = running.collection(MEMORY);
        let mut transaction = running.database.begin();
        let (hash, bytes) = transaction.put_blob(format!("{CANARY} {content}").as_bytes()).unwrap();
        let size = Value::Int8(i64::try_from(bytes).unwrap());
        let (id, blob) = (Some(Value::text(place.1.as_str())), Some(Value::text(hash.as_str())));
        let row = vec![id, None, None, blob, Some(size), Some(Value::text(media_type))];
        transaction.insert(&memory, row, OnConflict::Fail).unwrap();
        if !is_private {
            transaction.set_stage(&memory, &running.key(&memory, &place.1), Stage::PostPending).unwrap();
        }
        self.runtime.block_on(transaction.commit()).unwrap();
        self.ledger.blobs.insert(hash.clone());
        let local = &mut self.nodes[node].local;
        if is_private {
            local.guarded.insert(place);
            self.ledger.secrets.push(hash);
            return;
        }
        self.ledger.write(local, &place, FACT_BLOB_HASH.to_string(), hash);
        local.staged.insert(place.clone());
        if is_mortal {
            self.ledger.mortals.push(place);
            self.look(node);
        }
    }

    /// Whether all columns have come to everybody, and what contradicts is shown: once something of the table was posted.
    pub fn tables_agree(&self) -> bool {
        let attached: Vec<&Running> = self.running().filter(|running| running.has_attached(TABLE)).collect();
        let claims =
            attached.iter().flat_map(|running| running.database.replica().shape_claims(running.network).unwrap());
        if !claims.into_iter().any(|claim| claim.collection == TABLE) {
            return true;
        }
        let tables: Vec<Arc<Collection>> = attached.iter().map(|running| running.collection(TABLE)).collect();
        let names =
            |table: &Collection| table.columns.iter().map(|column| column.name.clone()).collect::<BTreeSet<_>>();
        let are_named_alike = tables.windows(2).all(|pair| names(&pair[0]) == names(&pair[1]));
        let age_of = |table: &Collection| table.column(AGE).map(|position| table.columns[position].ty.clone());
        let is_contradicted = tables.windows(2).any(|pair| age_of(&pair[0]) != age_of(&pair[1]));
        let is_told = attached.iter().all(|running| {
            let conflicts = running.engine.status(0).schema_conflicts;
            let is_about_age = |line: &String| line.contains("\"age\"");
            assert!(conflicts.iter().all(is_about_age), "not a contradiction: {conflicts:?}");
            !is_contradicted || !conflicts.is_empty()
        });
        are_named_alike && is_told
    }

    /// Every row shows what the network knows of it, but for values that do not fit the column here.
    pub fn check_tables(&self) {
        let departures = &self.plan.departures;
        for (node, one) in self.nodes.iter().enumerate().filter(|(_, node)| node.is_member()) {
            let Some(running) = one.running.as_ref().filter(|running| running.has_attached(TABLE)) else { continue };
            let table = running.collection(TABLE);
            // A private copy of what went with a log may be newer than what the network knows.
            let is_private_copy = one.has_left || departures.detacher == Some((node, TABLE));
            for (key, state) in public_states(running, TABLE) {
                let id = decode_key(&[ColumnType::Text], &key).unwrap()[0].to_text();
                let key = running.key(&table, &id);
                let row = running.database.view().row(&table, &key).unwrap().unwrap_or_default();
                for (column, shown) in table.columns.iter().zip(&row).skip(1) {
                    let known = state.value(&column.name);
                    let fits = known.is_none_or(|known| known.is_of(&column.ty));
                    assert!(shown.is_null() || shown.is_of(&column.ty), "node {node} shows {shown:?} in {column:?}");
                    let is_same = known.map_or(shown.is_null(), |known| known == shown);
                    let place = format!("{:?} of {id} on node {node}", column.name);
                    assert!(
                        is_same || !fits || is_private_copy,
                        "{place} shows {shown:?}, the network knows {known:?}"
                    );
                }
            }
        }
    }

    /// Members may fetch the blobs that public entries name, and no others.
    pub fn check_blobs(&self) {
        for running in self.running() {
            let states = if running.has_attached(MEMORY) { public_states(running, MEMORY) } else { Vec::new() };
            let alive = states.iter().filter(|(_, state)| state.is_alive());
            let named: BTreeSet<String> =
                alive.filter_map(|(_, state)| Some(state.value(FACT_BLOB_HASH)?.to_text().to_string())).collect();
            for hash in &self.ledger.blobs {
                let is_public =
                    running.database.replica().is_blob_public(running.network, &hash.parse().unwrap()).unwrap();
                assert!(!is_public || named.contains(hash), "blob {hash}");
                let is_ours = |state: &State| {
                    let field = state.fields.get(FACT_BLOB_HASH);
                    field.is_some_and(|field| field.stamp.peer_id == running.peer)
                };
                let mut ours = states.iter().filter(|(_, state)| state.is_alive() && is_ours(state));
                let was_posted_here =
                    ours.any(|(_, state)| state.value(FACT_BLOB_HASH).is_some_and(|value| value.to_text() == *hash));
                assert!(is_public || !was_posted_here, "blob {hash} was posted here");
            }
            assert!(self.ledger.secrets.iter().all(|hash| !named.contains(hash)), "a private blob is named");
        }
    }
}

/// What the network knows of a collection, by key.
fn public_states(running: &Running, collection: &str) -> Vec<(Vec<u8>, State)> {
    let view = running.database.replica().public_view(running.network).unwrap();
    let page = view.entries_after(collection, &Buckets::all(), None, usize::MAX).unwrap();
    page.entries.into_iter().map(|entry| (entry.key.to_vec(), decode_state(&entry.body).unwrap())).collect()
}
