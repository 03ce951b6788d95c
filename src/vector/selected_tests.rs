//! What a search among selected rows promises: exactly the selected live rows, the nearest of them, ties and copies included,
//! over several segments and tails.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::tests::{DIMENSION, Dice, EF, build, id, key};
use crate::error::Result;
use crate::vector::graph::parameters::Parameters;
use crate::vector::index::NearestIndex;
use crate::vector::rows::distance::Metric;
use crate::vector::search::selected::{SearchWay, SelectedSearch};
use crate::vector::search::selection::{PartId, RowBitmap};
use crate::vector::segment::segment_set::BuildScope;
use crate::vector::workers::Priority;

type Rows = HashMap<u32, Vec<f32>>;

/// Searches among the rows whose ids are kept; looks at what the caller is shown on the way.
fn search(
    index: &NearestIndex,
    rows: &Rows,
    query: &[f32],
    k: usize,
    ef: usize,
    keep: impl Fn(u32) -> bool,
) -> Result<SelectedSearch> {
    let mut live = HashSet::new();
    let mut parts: HashSet<PartId> = HashSet::new();
    let found = index.search_selected(query, k, ef, &mut |part| {
        assert!(parts.insert(part.part()), "a part is shown twice");
        assert_eq!(part.keys().count(), part.len());
        let known = (0u32..).take(part.len()).filter(|row| part.is_live(*row));
        assert!(known.map(|row| id(part.key(row))).all(|id| live.insert(id)), "a live key is shown twice");
        // Deleted rows are selected as well.
        RowBitmap::from_fn(part.len(), |row| keep(id(part.key(row))))
    })?;
    assert_eq!(live, rows.keys().copied().collect(), "the parts hold every key");
    Ok(found)
}

/// The selected rows that are as near as the `k`-th, by measuring each.
fn expected(metric: Metric, rows: &Rows, query: &[f32], k: usize, keep: impl Fn(u32) -> bool) -> Vec<(f64, u32)> {
    let kept = rows.iter().filter(|(id, _)| keep(**id));
    let mut all: Vec<(f64, u32)> = kept.map(|(id, vector)| (metric.distance(query, vector), *id)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    if let Some(farthest) = all.get(k - 1).map(|row| row.0) {
        all.retain(|row| row.0 <= farthest);
    }
    all
}

fn pairs(found: &SelectedSearch) -> Vec<(f64, u32)> {
    found.candidates.iter().map(|candidate| (candidate.distance, id(&candidate.key))).collect()
}

/// Segments, tails, deleted and replaced rows, and rows of equal vectors, which lie in several parts.
fn mixed(metric: Metric, dice: &mut Dice, rows_count: u32) -> Result<(NearestIndex, Rows)> {
    let index = NearestIndex::new(metric, DIMENSION, Parameters::DEFAULT);
    let mut rows = Rows::new();
    let copied: Vec<Vec<f32>> = (0..4).map(|_| dice.vector()).collect();
    for number in 0..rows_count {
        let vector = match number % 9 {
            0 => copied[(number / 9 % 4) as usize].clone(),
            _ => dice.vector(),
        };
        index.insert(&key(number), &vector)?;
        rows.insert(number, vector);
        if number == rows_count / 2 || number == rows_count * 3 / 4 {
            build(&index, BuildScope::Everything)?;
        }
        if number == rows_count * 7 / 8 && index.tail_len() > 0 {
            // Leaves a closed tail behind.
            assert!(index.build(BuildScope::Everything, Priority::Foreground, &mut |_| false).is_err());
        }
    }
    for number in (0..rows_count).step_by(5) {
        assert!(index.delete(&key(number)));
        rows.remove(&number);
    }
    for number in (1..rows_count).step_by(35) {
        let vector = dice.vector();
        index.insert(&key(number), &vector)?;
        rows.insert(number, vector);
    }
    Ok((index, rows))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// What is measured is exactly what brute force says, whatever is selected.
    #[test]
    fn selected_rows_are_found_exactly(
        seed: u64, metric in prop::sample::select(&Metric::ALL[..]), rows_count in 1u32..700, one_in in 1u32..40, k in 1usize..60,
    ) {
        let mut dice = Dice(seed);
        let (index, rows) = mixed(metric, &mut dice, rows_count)?;
        let keep = |id: u32| id.wrapping_mul(2_654_435_761) >> 7 & 0xffff < 65_536 / one_in;
        for query in [dice.vector(), rows.values().next().cloned().unwrap_or_else(|| dice.vector())] {
            for chosen in [0, 1, 2] {
                let keep = |id: u32| match chosen { 0 => keep(id), 1 => true, _ => false };
                let found = search(&index, &rows, &query, k, EF, keep)?;
                prop_assert_eq!(found.way, SearchWay::Exact);
                prop_assert_eq!(pairs(&found), expected(metric, &rows, &query, k, keep));
            }
        }
    }
}

#[test]
fn walks_among_selected_rows_hold_the_recall_and_find_as_many_as_match() -> Result<()> {
    let mut ways = HashSet::new();
    for metric in Metric::ALL {
        let mut dice = Dice(31);
        let (index, rows) = mixed(metric, &mut dice, 12_000)?;
        for one_in in [1, 2, 3, 10, 100, 3_000] {
            let keep = |id: u32| id.wrapping_mul(2_654_435_761) >> 8 & 0xffff < 65_536 / one_in;
            let (mut hits, mut wanted) = (0, 0);
            for _ in 0..40 {
                let query = dice.vector();
                let exact = expected(metric, &rows, &query, 10, keep);
                let found = search(&index, &rows, &query, 10, 20, keep)?;
                let answer = pairs(&found);
                assert!(answer.len() >= exact.len().min(10));
                assert!(answer.is_sorted_by(|a, b| a.0 <= b.0));
                assert!(
                    answer.iter().all(|(distance, id)| keep(*id) && metric.distance(&query, &rows[id]) == *distance)
                );
                if found.way == SearchWay::Exact {
                    assert_eq!(answer, exact);
                }
                ways.insert(found.way == SearchWay::Walk);
                hits += answer.iter().filter(|row| exact.contains(row)).count();
                wanted += exact.len();
            }
            assert!(hits * 10 >= wanted * 9, "{metric}, one in {one_in}: {hits} of {wanted}");
        }
    }
    assert_eq!(ways.len(), 2, "both ways are taken");
    Ok(())
}

#[test]
fn a_walk_that_meets_too_many_nodes_measures_instead() -> Result<()> {
    // The selected rows are the ones farthest from the query, which a walk comes to last.
    let index = NearestIndex::new(Metric::L2, 2, Parameters::DEFAULT);
    let mut rows = Rows::new();
    let mut dice = Dice(3);
    for number in 0..8_000u32 {
        let vector = vec![number as f32 + dice.component(), dice.component()];
        index.insert(&key(number), &vector)?;
        rows.insert(number, vector);
    }
    build(&index, BuildScope::Everything)?;
    let keep = |id: u32| id >= 4_000;
    let found = search(&index, &rows, &[0.0, 0.0], 10, 10, keep)?;
    assert_eq!(found.way, SearchWay::Exact);
    assert!(found.rejected > 0, "a walk came first");
    assert!(found.measured <= 2 * 4_000, "the walk was stopped, {} measured", found.measured);
    assert_eq!(pairs(&found), expected(Metric::L2, &rows, &[0.0, 0.0], 10, keep));
    Ok(())
}

#[test]
fn no_rows_and_another_dimension() -> Result<()> {
    let index = NearestIndex::new(Metric::L2, 3, Parameters::DEFAULT);
    let all = &mut |part: &crate::vector::search::selection::PartKeys<'_>| RowBitmap::all(part.len());
    assert_eq!(index.search_selected(&[0.0; 3], 5, EF, all)?.candidates, []);
    index.insert(&key(1), &[1.0; 3])?;
    assert_eq!(index.search_selected(&[0.0; 3], 0, EF, all)?.candidates, []);
    assert_eq!(index.search_selected(&[0.0; 3], 5, EF, all)?.candidates.len(), 1);
    assert!(index.search_selected(&[0.0; 2], 5, EF, all).is_err());
    Ok(())
}
