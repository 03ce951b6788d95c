//! What the index promises, on small sets of clustered vectors: recall against an exact scan, with filters, deletes and
//! updates, while it is written and built.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;

use crate::error::{ErrorKind, Result};
use crate::vector::graph::parameters::Parameters;
use crate::vector::index::NearestIndex;
use crate::vector::rows::distance::{Metric, check_vector, l2_norm};
use crate::vector::rows::kernels;
use crate::vector::search::search::Candidate;
use crate::vector::segment::segment_set::BuildScope;
use crate::vector::workers::Priority;

pub const DIMENSION: usize = 40;
pub const EF: usize = Parameters::EF_SEARCH_DEFAULT;

/// Numbers that look random and are the same in every run (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Between -1 and 1.
    pub fn component(&mut self) -> f32 {
        (self.roll() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    /// A vector in one of 30 clusters, lying off the origin as embeddings do.
    pub fn vector(&mut self) -> Vec<f32> {
        let mut centre = Dice(self.roll() % 30);
        (0..DIMENSION).map(|_| 0.5 + centre.component() + 0.3 * self.component()).collect()
    }
}

pub fn key(id: u32) -> [u8; 4] {
    id.to_be_bytes()
}

pub fn id(key: &[u8]) -> u32 {
    key.iter().fold(0, |id, byte| id << 8 | u32::from(*byte))
}

pub fn accept_all(_key: &[u8]) -> bool {
    true
}

pub fn filled(metric: Metric, rows: u32) -> Result<NearestIndex> {
    let index = NearestIndex::new(metric, DIMENSION, Parameters::DEFAULT);
    let mut dice = Dice(7);
    for id in 0..rows {
        index.insert(&key(id), &dice.vector())?;
    }
    Ok(index)
}

pub fn build(index: &NearestIndex, scope: BuildScope) -> Result<()> {
    index.build(scope, Priority::Foreground, &mut |_| true)
}

/// The share of the exact answers to 50 queries that the walk finds too.
pub fn recall(index: &NearestIndex, keep: impl Fn(u32) -> bool) -> Result<f64> {
    let mut dice = Dice(99);
    let (mut found, mut expected) = (0, 0);
    for _ in 0..50 {
        let query = dice.vector();
        let exact = index.search_exact(&query, 10, &mut |key| keep(id(key)))?;
        let mut asked = HashSet::new();
        let walked = index.search(&query, 10, EF, &mut |key| {
            assert!(asked.insert(id(key)), "the filter was asked twice about one key");
            keep(id(key))
        })?;
        assert_eq!(walked.len(), exact.len(), "as many rows as match");
        assert!(walked.iter().all(|candidate| keep(id(&candidate.key))));
        assert!(walked.is_sorted_by(|a, b| a.distance <= b.distance));
        expected += exact.len();
        found += exact.iter().filter(|candidate| walked.contains(candidate)).count();
    }
    Ok(found as f64 / expected as f64)
}

#[test]
fn what_changes_an_index_is_counted_so_that_the_same_is_not_saved_again() -> Result<()> {
    let index = filled(Metric::L2, 3)?;
    let mut known = index.changes();
    let mut changes = |is_change: bool| {
        assert_eq!(index.changes() != known, is_change);
        known = index.changes();
    };
    index.search_exact(&[0.0; DIMENSION], 1, &mut accept_all)?;
    assert!(!index.delete(&key(9)) && !index.insert_if_absent(&key(1), &[1.0; DIMENSION])?);
    changes(false);
    index.insert(&key(1), &[1.0; DIMENSION])?;
    changes(true);
    assert!(index.delete(&key(2)));
    changes(true);
    build(&index, BuildScope::Everything)?;
    changes(true);
    build(&index, BuildScope::Due)?;
    changes(false);
    Ok(())
}

#[test]
fn recall_holds_for_every_metric_and_filter() -> Result<()> {
    for metric in Metric::ALL {
        let index = filled(metric, 8_000)?;
        build(&index, BuildScope::Everything)?;
        assert_eq!((index.segment_count(), index.tail_len(), index.len()), (1, 0, 8_000));
        for share in [1, 2, 10, 100, 1000] {
            let recall = recall(&index, |id| id.wrapping_mul(2_654_435_761) >> 8 & 0xffff < 65_536 / share)?;
            assert!(recall >= 0.95, "{metric}, one in {share}: recall {recall}");
        }
        assert_eq!(recall(&index, |id| id == 77)?, 1.0, "{metric}: the one match is found");
    }
    Ok(())
}

#[test]
fn deletes_and_updates_show_at_once_and_survive_a_build() -> Result<()> {
    let index = filled(Metric::L2, 6_000)?;
    build(&index, BuildScope::Everything)?;
    let mut dice = Dice(1234);
    for id in 0..6_000 {
        match id % 3 {
            0 => assert!(index.delete(&key(id))),
            1 => index.insert(&key(id), &dice.vector())?,
            _ => {}
        }
    }
    assert!(!index.delete(&key(0)));
    assert_eq!((index.len(), index.tail_len()), (4_000, 2_000));
    for _ in 0..2 {
        assert!(recall(&index, |_| true)? >= 0.95);
        let all = index.search_exact(&dice.vector(), usize::MAX, &mut accept_all)?;
        let keys: HashSet<u32> = all.iter().map(|candidate| id(&candidate.key)).collect();
        assert_eq!((all.len(), keys.len()), (4_000, 4_000));
        assert!(keys.iter().all(|id| id % 3 != 0));
        build(&index, BuildScope::Due)?;
    }
    assert_eq!((index.segment_count(), index.tail_len()), (1, 0));
    let vector = dice.vector();
    index.insert(&key(5), &vector)?;
    let nearest = index.search(&vector, 1, EF, &mut accept_all)?;
    assert_eq!(nearest, [Candidate { key: key(5).as_slice().into(), distance: 0.0 }]);
    Ok(())
}

#[test]
fn a_segment_is_built_again_when_a_fifth_of_it_is_dead() -> Result<()> {
    for metric in Metric::ALL {
        let index = filled(metric, 5_000)?;
        build(&index, BuildScope::Everything)?;
        let mut dice = Dice(21);
        // Deletes and updates in turn, up to one below a fifth.
        let mut dead = (0..5_000u32).step_by(5);
        for id in dead.by_ref().take(999) {
            if id % 2 == 0 {
                assert!(index.delete(&key(id)));
            } else {
                index.insert(&key(id), &dice.vector())?;
            }
        }
        assert!(!index.needs_build(), "{metric}: {} rows wait", index.tail_len());
        let among_dead = recall(&index, |_| true)?;
        assert!(among_dead >= 0.95, "{metric}: recall {among_dead} among dead nodes");
        assert!(index.delete(&key(dead.next().expect("one is left"))));
        assert!(index.needs_build());
        build(&index, BuildScope::Due)?;
        assert!(!index.needs_build());
        let segment = Arc::clone(&index.view.read().segments[0]);
        assert_eq!((segment.entries.len(), segment.entries.deleted.count()), (4_000, 0), "{metric}");
        let rebuilt = recall(&index, |_| true)?;
        assert!(rebuilt >= 0.95, "{metric}: recall {rebuilt} without them");
    }
    Ok(())
}

#[test]
fn writes_and_searches_go_on_during_builds() -> Result<()> {
    const UNTOUCHED: u32 = 100;
    let index = filled(Metric::Cosine, 3_000)?;
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| -> Result<()> {
        let builder = scope.spawn(|| -> Result<()> {
            while !done.load(Ordering::Acquire) {
                build(&index, BuildScope::Everything)?;
            }
            Ok(())
        });
        let searcher = scope.spawn(|| -> Result<()> {
            let mut dice = Dice(5);
            while !done.load(Ordering::Acquire) {
                // What is replaced during a search may be missing from it, the rest may not.
                let found = index.search(&dice.vector(), 10, EF, &mut accept_all)?;
                assert_eq!(found.len(), 10);
            }
            Ok(())
        });
        let mut dice = Dice(6);
        for id in UNTOUCHED..9_000u32 {
            index.insert(&key(id), &dice.vector())?;
            if id % 4 == 0 {
                index.delete(&key(id));
            }
        }
        done.store(true, Ordering::Release);
        builder.join().expect("the builder does not panic")?;
        searcher.join().expect("the searcher does not panic")
    })?;
    build(&index, BuildScope::Everything)?;
    assert_eq!((index.len(), index.segment_count(), index.tail_len()), (6_775, 1, 0));
    let all = index.search_exact(&Dice(1).vector(), usize::MAX, &mut accept_all)?;
    assert_eq!(all.len(), 6_775);
    let is_left = |id: u32| id < UNTOUCHED || !id.is_multiple_of(4);
    assert!(all.iter().all(|candidate| is_left(id(&candidate.key))));
    assert!(recall(&index, |_| true)? >= 0.95);
    Ok(())
}

#[test]
fn growth_keeps_few_segments() -> Result<()> {
    let index = NearestIndex::new(Metric::InnerProduct, DIMENSION, Parameters::DEFAULT);
    let mut dice = Dice(3);
    for id in 0..20_000u32 {
        index.insert(&key(id), &dice.vector())?;
        if index.needs_build() {
            build(&index, BuildScope::Due)?;
        }
    }
    assert!(index.segment_count() <= 4, "{} segments", index.segment_count());
    assert!(recall(&index, |_| true)? >= 0.95);
    Ok(())
}

#[test]
fn a_stopped_build_loses_nothing() -> Result<()> {
    let index = filled(Metric::L2, 3_000)?;
    let stopped = index.build(BuildScope::Due, Priority::Background, &mut |_| false);
    assert_eq!(stopped.map_err(|error| error.kind()), Err(ErrorKind::QueryCanceled));
    index.insert(&key(1), &[1.0; DIMENSION])?;
    assert_eq!((index.len(), index.tail_len()), (3_000, 3_001));
    assert!(index.needs_build());
    build(&index, BuildScope::Due)?;
    assert_eq!((index.segment_count(), index.tail_len()), (1, 1));
    assert_eq!(index.search_exact(&[0.0; DIMENSION], usize::MAX, &mut accept_all)?.len(), 3_000);
    Ok(())
}

#[test]
fn awkward_vectors_do_no_harm() -> Result<()> {
    for metric in Metric::ALL {
        let index = NearestIndex::new(metric, 3, Parameters::DEFAULT);
        assert_eq!(index.search(&[1.0, 0.0, 0.0], 5, EF, &mut accept_all)?, []);
        for id in 0..3_000u32 {
            let vector = match id % 4 {
                0 => [0.0; 3],
                1 => [f32::MAX, f32::MIN, f32::MAX],
                2 => [f32::MIN_POSITIVE, 1e-40, 0.0],
                _ => [1.0; 3],
            };
            index.insert(&key(id), &vector)?;
        }
        build(&index, BuildScope::Everything)?;
        let expected = if metric == Metric::Cosine { 2_250 } else { 3_000 };
        assert_eq!(index.len(), expected, "a zero vector has no cosine distance");
        // There are four vectors, in many copies, which come together.
        assert!(index.search(&[1.0, 2.0, 3.0], 2_500, EF, &mut accept_all)?.len() >= expected.min(2_500));
        assert!(index.search(&[f32::MAX; 3], 7, EF, &mut accept_all)?.len() >= 7);
        assert!(index.search(&[0.0; 3], 7, EF, &mut accept_all)?.len() >= 7);
        let wrong = index.insert(&key(1), &[1.0]).map_err(|error| (error.kind(), error.message().to_owned()));
        assert_eq!(wrong, Err((ErrorKind::DataException, "expected 3 dimensions, not 1".to_owned())));
        assert!(index.insert(&key(1), &[f32::NAN, 0.0, 0.0]).is_err());
        assert!(index.search(&[1.0], 1, EF, &mut accept_all).is_err());
        assert_eq!(index.search(&[1.0; 3], 0, EF, &mut accept_all)?, []);
    }
    Ok(())
}

#[test]
fn names_and_limits() -> Result<()> {
    for metric in Metric::ALL {
        assert_eq!(metric.to_string().to_uppercase().parse::<Metric>()?, metric);
        assert_eq!(metric.operator_class().parse::<Metric>()?, metric);
        assert_eq!(Metric::from_operator(metric.operator()), Some(metric));
    }
    assert!("hamming".parse::<Metric>().is_err());
    assert_eq!(check_vector(&[]).map_err(|error| error.kind()), Err(ErrorKind::DataException));
    assert_eq!(check_vector(&vec![0.0; 16_001]).map_err(|error| error.kind()), Err(ErrorKind::LimitExceeded));
    assert!(Parameters::new(1, 64).is_err() && Parameters::new(16, 1001).is_err() && Parameters::new(100, 64).is_err());
    assert!(Metric::Cosine.distance(&[0.0, 0.0], &[1.0, 0.0]).is_nan());
    assert_eq!(Metric::L2.distance(&[0.0, 0.0], &[3.0, 4.0]), 5.0);
    assert_eq!(Metric::InnerProduct.distance(&[1.0, 2.0], &[3.0, 4.0]), -11.0);
    assert_eq!(Metric::L1.distance(&[0.0, 0.0], &[3.0, -4.0]), 7.0);
    assert_eq!(l2_norm(&[3.0, 4.0]), 5.0);
    Ok(())
}

fn pairs() -> impl Strategy<Value = Vec<(f32, f32)>> {
    prop::collection::vec((-100f32..100.0, -100f32..100.0), 1..200)
}

proptest! {
    #[test]
    fn kernels_agree_with_plain_sums(pairs in pairs()) {
        let (a, b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
        let plain = |term: fn(f64, f64) -> f64| -> f64 {
            a.iter().zip(&b).map(|(x, y)| term(f64::from(*x), f64::from(*y))).sum()
        };
        let scale = plain(|x, y| (x * y).abs() + (x - y) * (x - y)) + 1.0;
        let near = |kernel: f32, exact: f64| (f64::from(kernel) - exact).abs() <= 1e-5 * scale;
        prop_assert!(near(kernels::dot(&a, &b), plain(|x, y| x * y)));
        prop_assert!(near(kernels::l2_squared(&a, &b), plain(|x, y| (x - y) * (x - y))));
        prop_assert!(near(kernels::l1(&a, &b), plain(|x, y| (x - y).abs())));
        prop_assert!((Metric::L2.distance(&a, &b).powi(2) - plain(|x, y| (x - y) * (x - y))).abs() <= 1e-9 * scale);
        prop_assert!((Metric::InnerProduct.distance(&a, &b) + plain(|x, y| x * y)).abs() <= 1e-9 * scale);
    }
}
