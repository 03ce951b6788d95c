//! Tests of the table of locks by itself.

use std::sync::Arc;

use futures::FutureExt;

use super::lock_mode::LockMode::{self, KeyShare, NoKeyUpdate, Share, Update};
use super::lock_table::LockTable;
use super::row_locks::RowLocks;
use crate::model::CollectionId;

const TABLE: CollectionId = CollectionId(7);

fn holder(table: &Arc<LockTable>, connection: i32) -> RowLocks {
    RowLocks::new(table, connection)
}

#[test]
fn modes_conflict_as_in_postgresql() {
    let all = [KeyShare, Share, NoKeyUpdate, Update];
    let conflicts = |one: LockMode| all.map(|other| one.conflicts_with(other));
    assert_eq!(conflicts(KeyShare), [false, false, false, true]);
    assert_eq!(conflicts(Share), [false, false, true, true]);
    assert_eq!(conflicts(NoKeyUpdate), [false, true, true, true]);
    assert_eq!(conflicts(Update), [true; 4]);
}

#[tokio::test]
async fn who_waits_goes_on_in_order_and_leaves_nothing() {
    let table = Arc::new(LockTable::default());
    let [mut one, mut two, mut three] = [1, 2, 3].map(|connection| holder(&table, connection));
    let place = (TABLE, b"a".as_slice());
    assert!(one.try_take(place, Update).unwrap() && one.try_take(place, Share).unwrap());
    assert!(!two.try_take(place, KeyShare).unwrap());
    assert!(two.try_take((TABLE, b"b"), Update).unwrap(), "another row");
    let mut second = Box::pin(two.wait(place, Update, None));
    assert!(second.as_mut().now_or_never().is_none());
    let mut third = Box::pin(three.wait(place, Update, None));
    assert!(third.as_mut().now_or_never().is_none());
    drop(one);
    second.await.unwrap();
    assert!(third.as_mut().now_or_never().is_none(), "it is the second's turn");
    two.release_to(0);
    third.await.unwrap();
    drop((two, three));
    assert!(table.table().rows.is_empty() && table.table().waits.is_empty());
}

#[tokio::test]
async fn who_stops_waiting_lets_those_behind_it_through() {
    let table = Arc::new(LockTable::default());
    let [mut one, mut two, mut three] = [1, 2, 3].map(|connection| holder(&table, connection));
    let place = (TABLE, b"a".as_slice());
    assert!(one.try_take(place, Share).unwrap());
    let mut second = Box::pin(two.wait(place, Update, None));
    assert!(second.as_mut().now_or_never().is_none());
    assert!(!three.try_take(place, Share).unwrap(), "who came first is not overtaken");
    let mut third = Box::pin(three.wait(place, Share, None));
    assert!(third.as_mut().now_or_never().is_none());
    drop(second);
    third.await.unwrap();
    drop((one, two, three));
    assert!(table.table().rows.is_empty() && table.table().waits.is_empty());
}

#[tokio::test]
async fn a_lock_grows_stronger_before_those_who_wait() {
    let table = Arc::new(LockTable::default());
    let [mut one, mut two, mut three] = [1, 2, 3].map(|connection| holder(&table, connection));
    let place = (TABLE, b"a".as_slice());
    assert!(one.try_take(place, Share).unwrap() && two.try_take(place, Share).unwrap());
    let mut third = Box::pin(three.wait(place, Update, None));
    assert!(third.as_mut().now_or_never().is_none());
    let mut first = Box::pin(one.wait(place, NoKeyUpdate, None));
    assert!(first.as_mut().now_or_never().is_none(), "the second shares it");
    drop(two);
    first.await.unwrap();
    assert!(third.as_mut().now_or_never().is_none());
    drop(one);
    third.await.unwrap();
    // Two that share a row and both want to change it wait for each other.
    let [mut four, mut five] = [4, 5].map(|connection| holder(&table, connection));
    let place = (TABLE, b"b".as_slice());
    assert!(four.try_take(place, Share).unwrap() && five.try_take(place, Share).unwrap());
    let mut fourth = Box::pin(four.wait(place, NoKeyUpdate, None));
    assert!(fourth.as_mut().now_or_never().is_none());
    assert_eq!(five.wait(place, NoKeyUpdate, None).await.unwrap_err().sqlstate(), "40P01");
    drop(five);
    fourth.await.unwrap();
}

#[tokio::test]
async fn a_circle_ends_with_who_closes_it() {
    let table = Arc::new(LockTable::default());
    let [mut one, mut two, mut three] = [11, 12, 13].map(|connection| holder(&table, connection));
    let [a, b, c] = [b"a", b"b", b"c"].map(|key| (TABLE, key.as_slice()));
    assert!(one.try_take(a, Update).unwrap() && two.try_take(b, Update).unwrap() && three.try_take(c, Update).unwrap());
    let mut first = Box::pin(one.wait(b, Update, None));
    assert!(first.as_mut().now_or_never().is_none());
    let mut second = Box::pin(two.wait(c, Update, None));
    assert!(second.as_mut().now_or_never().is_none());
    let error = three.wait(a, Update, None).await.unwrap_err();
    assert_eq!((error.sqlstate(), error.message()), ("40P01", "deadlock detected"));
    let detail = error.detail().unwrap();
    assert_eq!(detail.lines().count(), 3, "{detail}");
    assert!(
        detail.starts_with("Process 13 waits for ShareLock on transaction 1; blocked by process 11.\n"),
        "{detail}"
    );
    let listed = table.transactions();
    let blocked: Vec<_> = listed.iter().map(|each| each.waiting.as_ref().map(|wait| wait.blocked_by.clone())).collect();
    assert_eq!(blocked, [Some(vec![(2, 12)]), Some(vec![(3, 13)]), None]);
    drop(three);
    second.await.unwrap();
    drop(two);
    first.await.unwrap();
}

#[tokio::test]
async fn patience_ends() {
    let table = Arc::new(LockTable::default());
    let [mut one, mut two] = [1, 2].map(|connection| holder(&table, connection));
    let place = (TABLE, b"a".as_slice());
    assert!(one.try_take(place, NoKeyUpdate).unwrap());
    let waited = two.wait(place, Share, Some(std::time::Duration::from_millis(1))).await;
    assert_eq!(waited.unwrap_err().sqlstate(), "55P03");
    assert!(two.try_take(place, KeyShare).unwrap(), "nobody waits for more");
    drop((one, two));
    assert!(table.table().rows.is_empty() && table.table().waits.is_empty());
}
