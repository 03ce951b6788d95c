//! What an order over all rows promises: each live or selected row once, in exact order, whatever the sizes of the parts it is
//! asked for, and none that is out of reach.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::tests::{DIMENSION, Dice, accept_all, build, id, key};
use crate::error::Result;
use crate::vector::graph::parameters::Parameters;
use crate::vector::index::NearestIndex;
use crate::vector::rows::distance::Metric;
use crate::vector::search::order::NearestOrder;
use crate::vector::search::selection::{PartKeys, RowBitmap};
use crate::vector::segment::segment_set::BuildScope;

type Rows = BTreeMap<u32, Vec<f32>>;

/// A segment, a tail, copies, deleted and replaced rows.
fn mixed(metric: Metric, dice: &mut Dice, count: u32) -> Result<(NearestIndex, Rows)> {
    let index = NearestIndex::new(metric, DIMENSION, Parameters::DEFAULT);
    let copied = dice.vector();
    let mut rows = Rows::new();
    for number in 0..count {
        let vector = if number % 6 == 0 { copied.clone() } else { dice.vector() };
        index.insert(&key(number), &vector)?;
        rows.insert(number, vector);
        if number == count * 2 / 3 {
            build(&index, BuildScope::Everything)?;
        }
    }
    for number in (0..count).step_by(7) {
        index.delete(&key(number));
        rows.remove(&number);
    }
    Ok((index, rows))
}

/// The distances and ids of some rows, in order.
fn expected(metric: Metric, rows: &Rows, query: &[f32], keep: impl Fn(u32) -> bool) -> Vec<(f64, u32)> {
    let kept = rows.iter().filter(|(id, _)| keep(**id));
    let mut all: Vec<(f64, u32)> = kept.map(|(id, vector)| (metric.distance(query, vector), *id)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    all
}

/// All that an order gives, in parts of these sizes.
fn taken(order: &mut NearestOrder, sizes: &[usize], accept: &mut dyn FnMut(&[u8]) -> bool) -> Vec<(f64, u32)> {
    let mut all = Vec::new();
    for size in sizes.iter().cycle() {
        let part = order.next(*size, &|_| true, accept);
        all.extend(part.iter().map(|candidate| (candidate.distance, id(&candidate.key))));
        if part.len() < *size {
            break;
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_row_comes_once_in_order(
        seed: u64,
        metric in prop::sample::select(&Metric::ALL[..]),
        count in 1u32..500,
        sizes in prop::collection::vec(1usize..40, 1..4),
        one_in in 1u32..5,
    ) {
        let mut dice = Dice(seed);
        let (index, rows) = mixed(metric, &mut dice, count)?;
        let query = dice.vector();
        let keep = |id: u32| id.is_multiple_of(one_in);
        let mut whole = index.order(&query, None)?;
        let mut select = |part: &PartKeys<'_>| RowBitmap::from_fn(part.len(), |row| keep(id(part.key(row))));
        let mut selected = index.order(&query, Some(&mut select))?;
        let mut filtered = index.order(&query, None)?;
        prop_assert_eq!(whole.rows(), rows.len());
        // What comes now is another order's matter.
        for number in (1..count).step_by(3) {
            index.insert(&key(number), &dice.vector())?;
            index.delete(&key(number + 1));
        }
        build(&index, BuildScope::Everything)?;
        prop_assert_eq!(taken(&mut whole, &sizes, &mut accept_all), expected(metric, &rows, &query, |_| true));
        prop_assert_eq!(taken(&mut selected, &sizes, &mut accept_all), expected(metric, &rows, &query, keep));
        let accepted = taken(&mut filtered, &sizes, &mut |key| keep(id(key)));
        prop_assert_eq!(accepted, expected(metric, &rows, &query, keep));
        prop_assert!(whole.next(1, &|_| true, &mut accept_all).is_empty());
    }

    #[test]
    fn no_row_out_of_reach_comes(seed: u64, metric in prop::sample::select(&Metric::ALL[..]), count in 2u32..400, share in 0usize..100) {
        let mut dice = Dice(seed);
        let (index, rows) = mixed(metric, &mut dice, count)?;
        let query = dice.vector();
        let all = expected(metric, &rows, &query, |_| true);
        let bound = all.get(all.len() * share / 100).map_or(0.0, |row| row.0);
        let within: Vec<(f64, u32)> = all.iter().filter(|row| row.0 <= bound).copied().collect();
        let mut asked = 0;
        let mut order = index.order(&query, None)?;
        let found = order.next(usize::MAX, &|distance| distance <= bound, &mut |_| { asked += 1; true });
        let found: Vec<(f64, u32)> = found.iter().map(|candidate| (candidate.distance, id(&candidate.key))).collect();
        prop_assert_eq!(asked, within.len(), "the filter is asked of rows in reach alone");
        prop_assert_eq!(found, within);
        prop_assert!(order.next(3, &|distance| distance <= bound, &mut accept_all).is_empty());
    }
}
