//! Columns against the values that they were made of, and conditions over them against the same conditions row by row.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use crate::db::columns::bitmap::Bitmap;
use crate::db::columns::changed_keys::{CHANGED_KEYS_MAX, ChangedKeys};
use crate::db::columns::column_builder::ColumnBuilder;
use crate::db::columns::column_chunk::CHUNK_ROWS;
use crate::db::columns::column_store::ColumnStores;
use crate::db::columns::columns::Columns;
use crate::db::columns::conditions;
use crate::db::columns::row_keys::SortedKeys;
use crate::db::columns::selected_cache::SelectedCache;
use crate::db::columns::value_column::ValueColumn;
use crate::db::columns::value_kind::ValueKind;
use crate::expr::{Arithmetic, Comparison, Environment, Expr, Operand, Program, Test, ValueRow};
use crate::model::{Collection, CollectionId, CollectionKind};
use crate::types::{ColumnType, Interval, Numeric, Value};

const KINDS: u8 = 16;

/// A value of a kind, of which there are `many` different ones at most.
fn value(kind: u8, number: i64, many: i64) -> Value {
    let small = number.rem_euclid(many);
    let int = i32::try_from(small).unwrap();
    match kind % KINDS {
        0 => Value::Bool(small % 2 == 0),
        1 => Value::Int2(i16::try_from(small % 1000).unwrap()),
        2 => Value::Int4(int - 5),
        3 => Value::Int8(if small == 0 { i64::MIN } else { small - 2 }),
        4 => Value::Float4([0.0, -0.0, f32::NAN, 1.5, f32::INFINITY][usize::try_from(small % 5).unwrap()]),
        5 => match small % 7 {
            0 => Value::Float8(-0.0),
            1 => Value::Float8(f64::from_bits(0xfff8_0000_0000_0001)),
            2 => Value::Float8(f64::NEG_INFINITY),
            _ => Value::Float8(small as f64 / 4.0),
        },
        6 => Value::Numeric(Numeric::scaled(small, 2)),
        7 => Value::Numeric(Numeric::scaled(small, u16::try_from(small % 4).unwrap())),
        8 => Value::text(format!("text {small}")),
        9 => Value::Json(format!("[{small}]").into()),
        10 => Value::Date(int),
        11 => Value::Timestamp(small * 86_400_000_000),
        12 => Value::TimestampTz(small),
        13 => Value::Uuid(uuid::Uuid::from_u128(u128::try_from(small).unwrap())),
        14 => Value::Interval(Interval { days: int, ..Interval::default() }),
        _ => Value::text("x".repeat(usize::try_from(small % 3).unwrap() * 600)),
    }
}

/// Values of one kind, or of several, with NULLs between.
fn values(rows: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Value>> {
    let kinds = prop_oneof![3 => (0..KINDS).prop_map(|kind| vec![kind]), 1 => prop::collection::vec(0..KINDS, 2..4)];
    (kinds, prop_oneof![Just(3_i64), Just(40), Just(100_000)], 0..10_u8, rows).prop_flat_map(
        |(kinds, many, nulls, rows)| {
            let one = (0..100_u8, prop::sample::select(kinds), 0..1_000_000_i64);
            let one = one.prop_map(
                move |(chance, kind, number)| {
                    if chance < nulls * 10 { Value::Null } else { value(kind, number, many) }
                },
            );
            prop::collection::vec(one, rows)
        },
    )
}

fn column_of(values: &[Value]) -> Option<ValueColumn> {
    let mut builder = ColumnBuilder::default();
    values.iter().for_each(|value| builder.push(value.clone()));
    builder.finish()
}

/// A column has its values to the bit, or says that it has not.
fn check(column: &ValueColumn, values: &[Value]) {
    let apart = column.apart_rows();
    assert_eq!((column.len(), apart.count()), (values.len(), column.apart()));
    for (ordinal, value) in (0_u32..).zip(values) {
        match column.value(ordinal) {
            Some(own) => assert!(own.is_identical(value), "{ordinal}: {own:?} is not {value:?}"),
            None => assert!(apart.contains(ordinal) && !value.is_null(), "{ordinal}: {value:?}"),
        }
        assert!(column.value(ordinal).is_some() != apart.contains(ordinal));
    }
    for chunk in column.chunks() {
        let nulls = (0..chunk.rows()).filter(|row| !chunk.is_valid(*row) && !chunk.is_apart(*row)).count();
        assert_eq!(chunk.zone().nulls, nulls);
    }
}

#[test]
fn what_a_column_is_follows_from_its_values() {
    let kind = |values: &[Value]| {
        column_of(values).map(|column| (column.kind(), column.dictionary().map(|dictionary| dictionary.len())))
    };
    let many = |of: &dyn Fn(i64) -> Value| (0..10_000).map(of).collect::<Vec<Value>>();
    assert_eq!(kind(&many(&|number| Value::Int8(number))), Some((ValueKind::Int8, None)));
    assert_eq!(kind(&many(&|number| Value::text((number % 7).to_string()))), Some((ValueKind::Text, Some(7))));
    assert_eq!(kind(&many(&|number| Value::text(number.to_string()))), Some((ValueKind::Text, None)));
    assert_eq!(kind(&many(&|_| Value::Null)), Some((ValueKind::Any, Some(0))));
    let mixed = many(&|number| if number % 2 == 0 { Value::Int8(number % 5) } else { Value::text("odd") });
    assert_eq!(kind(&mixed), Some((ValueKind::Any, Some(6))));
    let late = many(&|number| if number < 5_000 { Value::Int8(number) } else { Value::text("late") });
    assert_eq!(kind(&late), None, "too many do not fit");
    let few = many(&|number| if number < 9_500 { Value::Int8(number) } else { Value::text("late") });
    let column = column_of(&few).unwrap();
    assert_eq!((column.kind(), column.apart()), (ValueKind::Int8, 500));
    check(&column, &few);
    let price = many(&|number| Value::Numeric(Numeric::scaled(number, 2)));
    assert_eq!(kind(&price), Some((ValueKind::Numeric { scale: 2 }, None)));
}

#[test]
fn sets_of_ordinals_have_no_bits_behind_their_length() {
    for len in [0, 1, 63, 64, 65, 4096, 5000] {
        let mut all = Bitmap::all(len);
        assert_eq!(all.count(), len);
        assert!(all.ordinals().eq(0..u32::try_from(len).unwrap()));
        all.grow(len + 70);
        assert_eq!((all.len(), all.count()), (len + 70, len));
        let mut longer = Bitmap::none(len);
        longer.add(&Bitmap::all(len + 70));
        assert_eq!(longer, Bitmap::all(len));
        longer.keep(&Bitmap::none(0));
        assert_eq!(longer, Bitmap::none(len));
        longer.insert(u32::try_from(len).unwrap());
        assert_eq!(longer.count(), 0);
    }
}

#[test]
fn changes_are_forgotten_from_the_oldest_on() {
    let changed = ChangedKeys::new();
    assert!(!changed.remembers(u64::MAX - 1), "nothing was listened to yet");
    changed.note(9, std::iter::once(b"before".as_slice()));
    assert!(changed.listen() && !changed.listen());
    changed.begin(10);
    let note = |version, key: &'static [u8]| changed.note(version, std::iter::once(key));
    note(11, b"a");
    note(11, b"b");
    note(13, b"a");
    let after = |version| changed.after(version, 10).map(|keys| keys.len());
    assert_eq!((after(9), after(10), after(11), after(12), after(13)), (None, Some(2), Some(1), Some(1), Some(0)));
    assert_eq!(changed.after(10, 2), None, "more than are wanted");
    let many: Vec<[u8; 4]> = (0..u32::try_from(CHANGED_KEYS_MAX).unwrap()).map(u32::to_be_bytes).collect();
    changed.note(14, many.iter().map(<[u8; 4]>::as_slice));
    assert_eq!((after(12), changed.remembers(13)), (None, true));
    changed.stop();
    assert!(!changed.remembers(20));
}

#[test]
fn a_store_that_is_made_while_commits_are_written_knows_what_it_may_have_missed() {
    let stores = ColumnStores::default();
    let (id, key) = (CollectionId(7), b"key".as_slice());
    stores.begin_write(5, std::iter::once((id, key)));
    let store = stores.store(id);
    stores.listen(&store, || 4);
    assert!(!store.changed().remembers(4) && store.changed().remembers(5));
    stores.end_write();
    stores.begin_write(6, std::iter::once((id, key)));
    stores.end_write();
    assert_eq!(store.changed().after(5, 9).map(|keys| keys.len()), Some(1));
    let other = stores.store(CollectionId(8));
    stores.listen(&other, || 6);
    assert!(!other.changed().remembers(5) && other.changed().remembers(6));
    stores.retain(|known| known != id);
    assert!(stores.get(id).is_none() && !store.changed().remembers(6), "nobody tells it any more");
    stores.listen(&store, || 6);
    assert!(!store.changed().remembers(6), "nor ever again");
}

/// Columns of rows whose first value is the key.
fn columns_of(rows: &[Vec<Value>], width: usize) -> Option<Columns> {
    let collection = Arc::new(Collection::new(CollectionId(1), "t", CollectionKind::Table, Vec::new()));
    let mut keys = SortedKeys::default();
    (0..rows.len()).for_each(|number| keys.push(&u32::try_from(number).unwrap().to_be_bytes()).unwrap());
    let columns = (0..width).map(|position| {
        let values: Vec<Value> = rows.iter().map(|row| row[position].clone()).collect();
        Some((Operand::Column(position), Arc::new(column_of(&values)?)))
    });
    Some(Columns::new(1, collection, keys, columns.collect::<Option<_>>()?))
}

/// A condition over three columns, with constants of the kinds that they have.
fn condition(kinds: Vec<u8>) -> impl Strategy<Value = Expr> {
    let field = |position: usize| Expr::column(position, ColumnType::Unknown);
    let constant = move || {
        let kind = prop_oneof![8 => prop::sample::select(kinds.clone()), 1 => 0..KINDS];
        let some = (kind, 0..12_i64).prop_map(|(kind, number)| value(kind, number, 50));
        prop_oneof![9 => some, 1 => Just(Value::Null)].prop_map(Expr::constant)
    };
    let operator = || {
        use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        prop::sample::select(vec![Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual])
    };
    let test = prop::sample::select(vec![
        (Test::Like { case_insensitive: false }, "text 1%"),
        (Test::Like { case_insensitive: true }, "TEXT _"),
        (Test::Matches { case_insensitive: true }, "T 1"),
        (Test::StartsWith, "te"),
        (Test::Contains, "t 2"),
        (Test::JsonContains, "[1]"),
    ]);
    let leaf = prop_oneof![
        20 => (0..3_usize, operator(), constant())
            .prop_map(move |(position, operator, constant)| Expr::compare(field(position), operator, constant)),
        1 => (0..3_usize, 0..3_usize, operator())
            .prop_map(move |(left, right, operator)| Expr::compare(field(left), operator, field(right))),
        2 => (0..3_usize).prop_map(move |position| field(position).is_null()),
        4 => (0..3_usize, prop::collection::vec(constant(), 0..4))
            .prop_map(move |(position, list)| Expr::In { left: Box::new(field(position)), list }),
        1 => (0..3_usize, test)
            .prop_map(move |(position, (test, text))| Expr::test(field(position), test, Expr::constant(Value::text(text)))),
        1 => (0..3_usize, operator(), 0..9_i32).prop_map(move |(position, operator, number)| {
            let to = ColumnType::Int4;
            let inner = Expr::Convert { inner: Box::new(field(position)), to, explicit: true };
            Expr::compare(inner, operator, Expr::constant(Value::Int4(number)))
        }),
        1 => (0..3_usize, 0..3_i32).prop_map(move |(position, number)| {
            let one = Box::new(Expr::constant(Value::Int4(7)));
            let right = Box::new(field(position));
            let ty = ColumnType::Int8;
            let divided = Expr::Arithmetic { operator: Arithmetic::Divide, left: one, right, ty };
            Expr::compare(divided, Comparison::Equal, Expr::constant(Value::Int4(number)))
        }),
        1 => Just(field(0)),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Expr::And),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Expr::Or),
            inner.prop_map(|inner| Expr::Not(Box::new(inner))),
        ]
    })
}

type Rows = Vec<Vec<Value>>;
type Changes = BTreeMap<u32, Option<(u8, u8, i64)>>;

/// Rows of three values, what becomes of some of them, and conditions over them: all of a few kinds.
fn rows_and_filters() -> impl Strategy<Value = (Rows, Changes, Vec<Expr>)> {
    prop::collection::vec(0..KINDS, 1..3).prop_flat_map(|kinds| {
        let kind = || prop::sample::select(kinds.clone());
        // The kind of each column, and now and then a value of another one.
        let rows = (kind(), kind(), kind()).prop_flat_map(|(one, two, three)| {
            let one_value = |own: u8| {
                (0..20_u8, 0..KINDS, 0..12_i64).prop_map(move |(chance, other, number)| match chance {
                    0..3 => Value::Null,
                    3 => value(other, number, 50),
                    _ => value(own, number, 50),
                })
            };
            prop::collection::vec((one_value(one), one_value(two), one_value(three)), 40)
        });
        let rows = rows.prop_map(|rows| rows.into_iter().map(|(one, two, three)| vec![one, two, three]).collect());
        let changes = prop::collection::btree_map(0..50_u32, prop::option::of((kind(), kind(), 0..50_i64)), 0..20);
        (rows, changes, prop::collection::vec(condition(kinds), 1..12))
    })
}

/// What a filter selects of columns is what it accepts row by row; where it fails on a row, nothing is said.
fn compare(columns: &Columns, rows: &BTreeMap<u32, Vec<Value>>, filter: &Program, cache: &SelectedCache) {
    let Ok(Some(selected)) = conditions::select(columns, filter, cache) else { return };
    assert!(!selected.has_rest, "every field has a column");
    for ordinal in 0..u32::try_from(columns.len()).unwrap() {
        let is_apart = selected.apart.as_ref().is_some_and(|apart| apart.contains(ordinal));
        let wanted = match rows.get(&ordinal) {
            Some(row) if !is_apart => filter.accepts(&ValueRow { row, ..ValueRow::default() }).unwrap(),
            Some(_) | None => false,
        };
        assert_eq!(selected.rows.contains(ordinal), wanted, "{ordinal} {:?} {filter:?}", rows.get(&ordinal));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn columns_have_their_values_to_the_bit(
        values in prop_oneof![4 => values(0..300), 1 => values(CHUNK_ROWS - 2..2 * CHUNK_ROWS + 3)],
    ) {
        if let Some(column) = column_of(&values) {
            check(&column, &values);
        }
    }

    #[test]
    fn changed_columns_have_their_values_to_the_bit(
        values in prop_oneof![3 => values(0..300), 1 => values(CHUNK_ROWS - 2..CHUNK_ROWS + 300)],
        changes in prop::collection::btree_map(0..6_000_u32, (0..KINDS, 0..1_000_000_i64, 0..4_u8), 0..40),
        more in 0..6_000_usize,
    ) {
        let Some(column) = column_of(&values) else { return Ok(()) };
        let len = values.len() + more;
        let changes: Vec<(u32, Value)> = changes
            .into_iter()
            .filter(|(ordinal, _)| (*ordinal as usize) < len)
            .map(|(ordinal, (kind, number, chance))| {
                let same = values.get(ordinal as usize + 1).cloned().unwrap_or_default();
                (ordinal, if chance == 0 { value(kind, number, 1000) } else { same })
            })
            .collect();
        let mut wanted = values.clone();
        wanted.resize(len, Value::Null);
        for (ordinal, value) in &changes {
            wanted[*ordinal as usize] = value.clone();
        }
        check(&column.with_values(&changes, len), &wanted);
        check(&column, &values);
    }

    #[test]
    fn filters_select_what_they_accept((rows, changes, filters) in rows_and_filters()) {
        let Some(columns) = columns_of(&rows, 3) else { return Ok(()) };
        let mut known: BTreeMap<u32, Vec<Value>> = (0..).zip(rows).collect();
        let filters: Vec<Program> =
            filters.iter().filter_map(|filter| Program::compile(filter, &Environment::default()).ok()).collect();
        let cache = SelectedCache::default();
        for filter in filters.iter().chain(&filters) {
            compare(&columns, &known, filter, &cache);
        }
        let changes: Vec<(u32, Option<Vec<Value>>)> = changes
            .into_iter()
            .map(|(key, change)| {
                let row = |(one, two, number)| vec![value(one, number, 50), Value::Null, value(two, number, 12)];
                (key, change.map(row))
            })
            .collect();
        let by_key = changes.iter().map(|(key, change)| (Box::from(key.to_be_bytes()), change.clone()));
        let columns = columns.with_changes(2, by_key.collect()).unwrap();
        for (key, change) in changes {
            let Some(ordinal) = columns.ordinal(&key.to_be_bytes()) else { continue };
            match change {
                Some(row) => known.insert(ordinal, row),
                None => known.remove(&ordinal),
            };
        }
        prop_assert_eq!(columns.live().count(), known.len());
        for filter in &filters {
            compare(&columns, &known, filter, &cache);
        }
    }
}
