//! Random commits, old views, own changes: each query has the same rows with columns and without.

use std::sync::Arc;

use crate::db::database::Database;
use crate::db::open::load::DatabaseOptions;
use crate::db::pending::on_conflict::OnConflict;
use crate::db::pending::write_set::EntryKey;
use crate::db::read::cursor::Row;
use crate::db::read::query::{BoundQuery, Nearest, Order, OrderBy, Output, Query, Target};
use crate::db::read::view::ReadView;
use crate::db::state::cancel::Cancel;
use crate::db::state::clock::Clock;
use crate::db::write::transaction::transaction::Transaction;
use crate::expr::{Comparison, Environment, Expr, Operand, PathBase, PathResult, Scalar};
use crate::model::{Collection, CollectionId, CollectionKind, Column, Index, IndexKind};
use crate::settings::Settings;
use crate::store::KeySource;
use crate::types::json::jsonb::PathStep;
use crate::types::{ColumnType, Value};
use crate::vector::Metric;

const ROWS: usize = 4_500;
const STEPS: usize = 400;

struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 20).unwrap() % end
    }

    fn small(&mut self, end: usize) -> i32 {
        i32::try_from(self.below(end)).unwrap()
    }
}

struct Fixture {
    database: Database,
    runtime: tokio::runtime::Runtime,
    table: CollectionId,
    _directory: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Fixture {
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
        let column = |(name, ty): (&str, ColumnType)| Column { not_null: name == "id", ..Column::new(name, ty) };
        let columns = [
            ("id", ColumnType::Int4),
            ("n", ColumnType::Int4),
            ("t", ColumnType::Text),
            ("f", ColumnType::Float8),
            ("v", ColumnType::Vector(Some(2))),
        ];
        let (table, index) = (transaction.new_id(), transaction.new_id());
        let columns = columns.into_iter().map(column).collect();
        let mut collection =
            Collection { primary_key: vec![0], ..Collection::new(table, "t", CollectionKind::Table, columns) };
        let kind = IndexKind::Nearest {
            column: 4,
            operator_class: "vector_l2_ops".to_string(),
            m: 8,
            ef_construction: 32,
            lists: None,
        };
        let origin = crate::model::IndexOrigin::Statement;
        collection.indexes.push(Index::new(index, "t_v", kind, origin));
        for (name, columns) in [("t_n", vec![1]), ("t_t_n", vec![2, 1]), ("t_f", vec![3])] {
            let kind = IndexKind::Ordered { columns, unique: false };
            collection.indexes.push(Index::new(transaction.new_id(), name, kind, origin));
        }
        transaction.create_collection(collection).unwrap();
        runtime.block_on(transaction.commit()).unwrap();
        let fixture = Fixture { database, runtime, table, _directory: directory };
        let mut dice = Dice(5);
        let mut transaction = fixture.database.begin();
        for id in 0..ROWS {
            fixture.put(&mut transaction, &mut dice, id);
        }
        fixture.runtime.block_on(transaction.commit()).unwrap();
        fixture
    }

    fn collection(&self, view: &ReadView) -> Arc<Collection> {
        Arc::clone(view.catalog.collection_by_id(self.table).unwrap())
    }

    fn key(&self, transaction: &Transaction, id: usize) -> EntryKey {
        let collection = self.collection(transaction.view());
        transaction.key(&collection, vec![Value::Int4(i32::try_from(id).unwrap())]).unwrap()
    }

    /// Inserts a row, or changes it where it is there.
    fn put(&self, transaction: &mut Transaction, dice: &mut Dice, id: usize) {
        let collection = self.collection(transaction.view());
        let n = if dice.below(9) == 0 { Value::Null } else { Value::Int4(dice.small(120)) };
        let t = match dice.below(8) {
            0 => Value::Null,
            1 => Value::text("long ".repeat(300)),
            _ => Value::text(format!("word {}", dice.below(40))),
        };
        let f = match dice.below(6) {
            0 => Value::Float8(f64::NAN),
            1 => Value::Float8(-0.0),
            2 => Value::Null,
            _ => Value::Float8(f64::from(dice.small(50)) / 4.0),
        };
        let v = if dice.below(12) == 0 {
            Value::Null
        } else {
            Value::Vector([dice.small(300) as f32, dice.small(300) as f32].into())
        };
        let key = self.key(transaction, id);
        if transaction.view().exists(&collection, &key).unwrap() {
            let changes = vec![(1, n), (2, t), (3, f), (4, v)];
            let some = changes.into_iter().filter(|_| dice.below(2) == 0).collect();
            transaction.update(&collection, &key, some).unwrap();
        } else {
            let id = Value::Int4(i32::try_from(id).unwrap());
            let row = [id, n, t, f, v].map(Some).into();
            transaction.insert(&collection, row, OnConflict::Fail).unwrap();
        }
    }

    /// Changes of some rows: a few, or enough that columns are brought up to date.
    fn change(&self, transaction: &mut Transaction, dice: &mut Dice) {
        let count = [1, 3, 40, 200][dice.below(4)];
        for _ in 0..count {
            let id = dice.below(ROWS + 900);
            if dice.below(4) == 0 {
                let key = self.key(transaction, id);
                let collection = self.collection(transaction.view());
                transaction.delete(&collection, &key).unwrap();
            } else {
                self.put(transaction, dice, id);
            }
        }
    }
}

fn condition(dice: &mut Dice) -> Expr {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let operator = [Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual][dice.below(6)];
    let (n, t, f) =
        (Expr::column(1, ColumnType::Int4), Expr::column(2, ColumnType::Text), Expr::column(3, ColumnType::Float8));
    match dice.below(7) {
        0 => Expr::compare(n, operator, Expr::constant(Value::Int4(dice.small(120)))),
        1 => Expr::compare(n, Equal, Expr::constant(Value::Int8(i64::from(dice.small(120))))),
        2 => Expr::compare(t, Equal, Expr::constant(Value::text(format!("word {}", dice.below(40))))),
        3 => Expr::compare(f, operator, Expr::constant(Value::Float8(f64::from(dice.small(50)) / 4.0))),
        4 => [n, t, f].into_iter().nth(dice.below(3)).unwrap().is_null().negated_if(dice.below(2) == 0),
        5 => Expr::And(vec![condition(dice), condition(dice)]),
        _ => Expr::Or(vec![condition(dice), condition(dice)]).negated_if(dice.below(3) == 0),
    }
}

fn query(dice: &mut Dice, collection: Arc<Collection>) -> Query {
    let rare = Expr::compare(
        Expr::column(1, ColumnType::Int4),
        Comparison::Equal,
        Expr::constant(Value::Int4(dice.small(120))),
    );
    let filter = match dice.below(4) {
        0 => condition(dice),
        1 => rare,
        _ => Expr::And(vec![rare, condition(dice)]),
    };
    let target = Value::Vector([dice.small(300) as f32, dice.small(300) as f32].into());
    let nearest = (dice.below(2) == 0).then_some(Nearest {
        column: 4,
        target: Target::Scalar(Scalar::Value(target)),
        metric: Metric::L2,
        ef: None,
        within: Vec::new(),
        is_filter: false,
        keeps_missing: false,
        keeps_ties: false,
    });
    let by_text = Order { operand: OrderBy::Operand(Operand::Column(2)), descending: true, nulls_first: false };
    let has_limit = nearest.is_some();
    Query {
        collection,
        output: (0..4).map(|column| Output::Operand(Operand::Column(column))).collect(),
        filter: Some(filter),
        order: if nearest.is_none() && dice.below(3) == 0 { vec![by_text] } else { Vec::new() },
        nearest,
        limit: has_limit.then_some(Scalar::Value(Value::Int8(25))),
        offset: None,
    }
}

/// The rows, and whether columns said something of them.
fn rows(view: &ReadView, query: &Query, columns: &str) -> (Vec<Row>, bool) {
    let mut settings = Settings::default();
    settings.set("nebulus.columns", columns).unwrap();
    // So wide that every row is measured: what is compared is the rows, not how many a walk misses.
    settings.set("hnsw.ef_search", "1000").unwrap();
    let bound: BoundQuery = query.bind(&Environment::default()).unwrap();
    let mut cursor = view.query(bound, &settings, &Cancel::new()).unwrap();
    let mut rows = Vec::new();
    while let Some(chunk) = cursor.next_chunk().unwrap() {
        rows.extend(chunk);
    }
    let report = cursor.report().lines();
    (rows, report.iter().any(|line| line.starts_with("Columns:")))
}

fn is_same(one: &[Row], other: &[Row]) -> bool {
    let same = |(one, other): (&Row, &Row)| one.iter().zip(other).all(|(one, other)| one.is_identical(other));
    one.len() == other.len() && one.iter().zip(other).all(same)
}

/// The same query, which knows of no ordered index.
fn without_indexes(query: &Query) -> Query {
    let mut collection = (*query.collection).clone();
    collection.indexes.retain(|index| matches!(index.kind, IndexKind::Nearest { .. }));
    Query { collection: Arc::new(collection), ..query.clone() }
}

/// How often columns were used.
#[derive(Clone, Copy, Default)]
struct Uses {
    /// Where there was no ordered index.
    alone: usize,
    /// In the place of one.
    preferred: usize,
}

impl std::ops::AddAssign for Uses {
    fn add_assign(&mut self, other: Uses) {
        self.alone += other.alone;
        self.preferred += other.preferred;
    }
}

/// Runs a query all ways, with columns and without, with ordered indexes and without.
fn compare(fixture: &Fixture, view: &ReadView, dice: &mut Dice) -> Uses {
    let query = query(dice, fixture.collection(view));
    let plain = without_indexes(&query);
    let ((with, used), (scanned, unused)) = (rows(view, &plain, "on"), rows(view, &plain, "off"));
    let ((chosen, preferred), (indexed, unwanted)) = (rows(view, &query, "on"), rows(view, &query, "off"));
    assert!(!unused && !unwanted, "columns were read that were not wanted");
    for (other, way) in [(&with, "by columns"), (&chosen, "by what was chosen"), (&indexed, "by indexes")] {
        assert!(is_same(other, &scanned), "{:?}\n{way}: {other:?}\nby a scan: {scanned:?}", query.filter);
    }
    Uses { alone: usize::from(used), preferred: usize::from(preferred) }
}

#[test]
fn rows_do_not_depend_on_columns() {
    let fixture = Fixture::new();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut old: Vec<ReadView> = Vec::new();
    let mut own = fixture.database.begin();
    let (mut uses, mut old_uses, mut own_uses) = (Uses::default(), Uses::default(), Uses::default());
    for _ in 0..STEPS {
        match dice.below(8) {
            0 => old.push(fixture.database.view()),
            1 if old.len() > 2 => drop(old.remove(0)),
            2 => {
                let savepoint = own.savepoint();
                fixture.change(&mut own, &mut dice);
                own_uses += compare(&fixture, own.view(), &mut dice);
                if dice.below(2) == 0 {
                    own.rollback_to(&savepoint);
                }
            }
            3 => {
                let ended = std::mem::replace(&mut own, fixture.database.begin());
                // Who comes second has changed an entry that another commit has changed, too.
                if let Err(error) = fixture.runtime.block_on(ended.commit()) {
                    assert_eq!(error.sqlstate(), "40001");
                }
                own = fixture.database.begin();
            }
            _ => {
                let mut transaction = fixture.database.begin();
                fixture.change(&mut transaction, &mut dice);
                fixture.runtime.block_on(transaction.commit()).unwrap();
            }
        }
        uses += compare(&fixture, &fixture.database.view(), &mut dice);
        own_uses += compare(&fixture, own.view(), &mut dice);
        for view in &old {
            old_uses += compare(&fixture, view, &mut dice);
        }
    }
    let (new, old, own) = (uses.alone, old_uses.alone, own_uses.alone);
    assert!(new > STEPS / 4 && old > 20 && own > 20, "columns were read {new}, {old}, {own} times");
    let (new, old, own) = (uses.preferred, old_uses.preferred, own_uses.preferred);
    assert!(new > 20 && old > 5 && own > 5, "columns were preferred {new}, {old}, {own} times");
}

#[test]
fn facts_of_several_kinds_are_what_they_are() {
    let fixture = Fixture::new();
    let memory = Arc::clone(fixture.database.catalog().collection("memory").unwrap());
    let mut transaction = fixture.database.begin();
    for id in 0..600_usize {
        let rank = ["3", "\"3\"", "3.0", "null", "true", "[3]", "\"\"", "30"][id % 8];
        let metadata = Value::Json(format!("{{\"rank\": {rank}}}").into());
        let row = vec![Some(Value::text(format!("m{id}"))), Some(metadata), None, None, None, None];
        transaction.insert(&memory, row, OnConflict::Fail).unwrap();
    }
    fixture.runtime.block_on(transaction.commit()).unwrap();
    let position = memory.column("metadata").unwrap();
    let mut is_used = false;
    for result in [PathResult::Typed, PathResult::Text, PathResult::Json] {
        for constant in [Value::Int4(3), Value::text("3"), Value::Bool(true), Value::Json("3".into()), Value::text("")]
        {
            for operator in [Comparison::Equal, Comparison::NotEqual, Comparison::Greater] {
                let path = vec![PathStep::Key("rank".to_string())];
                let operand = Operand::Path { base: PathBase::Column(position), path, result };
                let field = Expr::Field(operand, ColumnType::Unknown);
                let query = Query {
                    collection: Arc::clone(&memory),
                    output: vec![Output::Operand(Operand::Column(0))],
                    filter: Some(Expr::compare(field, operator, Expr::constant(constant.clone()))),
                    nearest: None,
                    order: Vec::new(),
                    limit: None,
                    offset: None,
                };
                let view = fixture.database.view();
                let ((with, used), (without, _)) = (rows(&view, &query, "on"), rows(&view, &query, "off"));
                assert!(is_same(&with, &without), "{result:?} {operator:?} {constant:?}");
                is_used |= used;
            }
        }
    }
    assert!(is_used);
}

#[test]
fn groups_that_two_threads_add_up_are_those_of_the_rows() {
    use crate::db::read::aggregate::query::{AggregateCall, AggregateFunction, AggregateQuery, GroupOrder};
    let fixture = Fixture::new();
    let view = fixture.database.view();
    let n = || Expr::column(1, ColumnType::Int4);
    let call = |function, argument, result| AggregateCall { function, argument, filter: None, result };
    let calls = vec![
        call(AggregateFunction::Count, None, ColumnType::Int8),
        call(AggregateFunction::Sum, Some(n()), ColumnType::Int8),
        call(AggregateFunction::Average, Some(n()), ColumnType::Numeric(None)),
        call(AggregateFunction::Max, Some(Expr::column(0, ColumnType::Int4)), ColumnType::Int4),
    ];
    let scan = without_indexes(&Query {
        output: Vec::new(),
        filter: Some(Expr::compare(n(), Comparison::Greater, Expr::constant(Value::Int4(0)))),
        ..base_query(fixture.collection(&view))
    });
    let output = |position, ty| AggregateQuery::result(position, ty);
    let shown = |of: usize| {
        [ColumnType::Int8, ColumnType::Int8, ColumnType::Numeric(None), ColumnType::Int4]
            .into_iter()
            .enumerate()
            .map(move |(position, ty)| output(of + position, ty))
    };
    for groups in [vec![n()], Vec::new()] {
        let order = groups.iter().map(|_| GroupOrder {
            value: output(0, ColumnType::Int4),
            descending: false,
            nulls_first: false,
        });
        let query = AggregateQuery {
            scan: scan.clone(),
            output: groups.iter().map(|_| output(0, ColumnType::Int4)).chain(shown(groups.len())).collect(),
            order: order.collect(),
            groups,
            calls: calls.clone(),
            having: None,
            limit: None,
            offset: None,
        };
        let rows = |columns: &str| {
            let mut settings = Settings::default();
            settings.set("nebulus.columns", columns).unwrap();
            let mut cursor =
                view.aggregate(query.bind(&Environment::default()).unwrap(), &settings, &Cancel::new()).unwrap();
            let mut rows = Vec::new();
            while let Some(chunk) = cursor.next_chunk().unwrap() {
                rows.extend(chunk);
            }
            (rows, cursor.report().lines())
        };
        let ((with, report), (without, _)) = (rows("on"), rows("off"));
        assert!(report.iter().any(|line| line.contains("on two threads")), "{report:?}");
        assert!(is_same(&with, &without), "with columns: {with:?}\nwithout: {without:?}");
    }
}

/// A nearest search among rows whose `n` compares so with a number.
fn nearest_by_number(collection: Arc<Collection>, operator: Comparison, n: i32) -> Query {
    Query {
        filter: Some(Expr::compare(Expr::column(1, ColumnType::Int4), operator, Expr::constant(Value::Int4(n)))),
        nearest: Some(Nearest {
            column: 4,
            target: Target::Scalar(Scalar::Value(Value::Vector([150.0, 150.0].into()))),
            metric: Metric::L2,
            ef: None,
            within: Vec::new(),
            is_filter: false,
            keeps_missing: false,
            keeps_ties: false,
        }),
        order: Vec::new(),
        limit: Some(Scalar::Value(Value::Int8(10))),
        ..base_query(collection)
    }
}

fn base_query(collection: Arc<Collection>) -> Query {
    Query {
        collection,
        output: vec![Output::Operand(Operand::Column(0))],
        filter: None,
        nearest: None,
        order: Vec::new(),
        limit: None,
        offset: None,
    }
}

#[test]
fn an_index_is_read_until_columns_are_there_and_then_where_it_names_next_to_nothing() {
    let fixture = Fixture::new();
    let view = fixture.database.view();
    let mut off = Settings::default();
    off.set("nebulus.columns", "off").unwrap();
    let explain = |view: &ReadView, query: &Query, settings: &Settings| {
        view.explain(&query.bind(&Environment::default()).unwrap(), settings).unwrap().join("\n")
    };
    let some = nearest_by_number(fixture.collection(&view), Comparison::Less, 8);
    let on = Settings::default();
    let by_index = "Index Scan using t_n on t";
    assert!(explain(&view, &some, &on).contains(by_index), "columns are not there yet");
    // Each search pays for the entries that it has read, until columns are made on another thread.
    let is_by_columns = |plan: &str| plan.contains("Vector Index Scan") && plan.contains("Filter: by columns");
    let (mut view, mut searches, begun) = (view, 0, std::time::Instant::now());
    while !is_by_columns(&explain(&view, &some, &on)) {
        rows(&view, &some, "on");
        searches += 1;
        assert!(begun.elapsed().as_secs() < 120, "columns are not made after {searches} searches");
        std::thread::yield_now();
        // As each statement does: columns know of no changes before they were made, which an older view may ask for.
        view = fixture.database.view();
    }
    assert!(searches > 1, "one search alone is not worth columns");
    let (found, used) = rows(&view, &some, "on");
    assert!(used && !found.is_empty(), "what EXPLAIN says is not what is done");
    assert!(explain(&view, &some, &off).contains(by_index));

    // A row of the own transaction has to be read one by one, too; an index that names no more is as good.
    let mut own = fixture.database.begin();
    fixture.put(&mut own, &mut Dice(3), 7);
    let none = nearest_by_number(fixture.collection(&view), Comparison::Equal, 100_000);
    assert!(explain(own.view(), &none, &on).contains(by_index));
    assert!(is_by_columns(&explain(own.view(), &some, &on)));
    assert!(is_by_columns(&explain(&view, &none, &on)), "nothing has to be read");
}
