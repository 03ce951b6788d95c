//! What the index promises where vectors are close: copies, crowds of near-duplicates, one direction in many lengths.

use std::collections::HashSet;

use super::file_tests::Saved;
use super::tests::{Dice, EF, accept_all, build, id, key};
use crate::error::Result;
use crate::vector::graph::graph::{Graph, NO_LINK};
use crate::vector::graph::parameters::Parameters;
use crate::vector::index::NearestIndex;
use crate::vector::rows::distance::Metric;
use crate::vector::segment::segment_set::BuildScope;

/// The keys and exact distances of all live rows, nearest first.
fn measured(metric: Metric, rows: &[(u32, Vec<f32>)], query: &[f32]) -> Vec<(f64, u32)> {
    let mut all: Vec<(f64, u32)> = rows.iter().map(|(id, vector)| (metric.distance(query, vector), *id)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    all
}

fn found(index: &NearestIndex, query: &[f32], k: usize) -> Result<Vec<(f64, u32)>> {
    let candidates = index.search(query, k, EF, &mut accept_all)?;
    Ok(candidates.into_iter().map(|candidate| (candidate.distance, id(&candidate.key))).collect())
}

fn filled(metric: Metric, rows: &[(u32, Vec<f32>)]) -> Result<NearestIndex> {
    let index = NearestIndex::new(metric, rows[0].1.len(), Parameters::DEFAULT);
    for (id, vector) in rows {
        index.insert(&key(*id), vector)?;
    }
    Ok(index)
}

/// Whether every node of every graph leads to every other one.
fn is_one_piece(index: &NearestIndex) -> bool {
    let led_to = |graph: &Graph, back: bool| {
        let nodes = graph.nodes();
        let mut next = vec![Vec::new(); nodes];
        for node in 0..nodes as u32 {
            for other in graph.neighbours(node).iter().take_while(|other| **other != NO_LINK) {
                let (from, to) = if back { (*other, node) } else { (node, *other) };
                next[from as usize].push(to);
            }
        }
        let (mut seen, mut waiting) = (HashSet::from([0]), vec![0u32]);
        while let Some(node) = waiting.pop() {
            waiting.extend(next[node as usize].iter().filter(|other| seen.insert(**other)));
        }
        seen.len() == nodes
    };
    index.view.read().segments.iter().all(|segment| led_to(&segment.graph, false) && led_to(&segment.graph, true))
}

#[test]
fn the_cut_comes_after_the_exact_measure() -> Result<()> {
    for metric in Metric::ALL {
        let rows: Vec<(u32, Vec<f32>)> = (1..=25u8)
            .map(|i| (u32::from(i), [10f32, 20.0, 30.0, 40.0].map(|part| f32::from(i) / part).to_vec()))
            .collect();
        let query = [0.1, 0.05, 0.033, 0.025];
        let index = filled(metric, &rows)?;
        for scope in [None, Some(BuildScope::Everything)] {
            scope.map_or(Ok(()), |scope| build(&index, scope))?;
            let exact = measured(metric, &rows, &query);
            for k in 1..=25 {
                let farthest = exact[k - 1].0;
                let expected: Vec<_> = exact.iter().copied().take_while(|row| row.0 <= farthest).collect();
                assert_eq!(found(&index, &query, k)?, expected, "{metric}, {k} rows and what is as near as the last");
            }
        }
    }
    Ok(())
}

#[test]
fn answers_begin_alike_up_to_the_width_of_the_walk() -> Result<()> {
    for metric in Metric::ALL {
        let mut dice = Dice(21);
        let mut rows: Vec<(u32, Vec<f32>)> = (0..3_000).map(|id| (id, dice.vector())).collect();
        let direction = dice.vector();
        rows.extend((3_000..4_000u16).map(|id| {
            let length = 0.5 + f32::from(id) / 1_000.0;
            (u32::from(id), direction.iter().map(|component| component * length).collect())
        }));
        let index = filled(metric, &rows)?;
        build(&index, BuildScope::Everything)?;
        for query in [direction.clone(), dice.vector(), dice.vector()] {
            let all = found(&index, &query, EF)?;
            for k in [1, 7, 10, 40, 55, 70] {
                let some = found(&index, &query, k)?;
                assert!(some.len() >= k && all.starts_with(&some), "{metric}: {k} of {EF}");
            }
        }
    }
    Ok(())
}

#[test]
fn copies_cut_nobody_off() -> Result<()> {
    for metric in Metric::ALL {
        let mut dice = Dice(5);
        let copied = dice.vector();
        let mut rows: Vec<(u32, Vec<f32>)> = (0..1_000).map(|id| (id, copied.clone())).collect();
        rows.extend((1_000..2_000).map(|id| (id, dice.vector())));
        let index = filled(metric, &rows)?;
        build(&index, BuildScope::Everything)?;
        assert!(is_one_piece(&index), "{metric}");
        for gone in 10..1_000 {
            assert!(index.delete(&key(gone)));
        }
        rows.retain(|(id, _)| *id < 10 || *id >= 1_000);
        for round in ["with the deleted ones", "read from its file", "without them"] {
            let saved = match round {
                "read from its file" => Some(Saved::of(&index, 1)?),
                _ => None,
            };
            if round == "without them" {
                build(&index, BuildScope::Everything)?;
            }
            let loaded = saved.map(|saved| saved.load()).transpose()?.map(|(loaded, _)| loaded);
            let index = loaded.as_ref().unwrap_or(&index);
            assert_eq!(index.len(), 1_010);
            let nearest: HashSet<u32> = found(index, &copied, 10)?.into_iter().map(|(_, id)| id).collect();
            let expected: HashSet<u32> =
                measured(metric, &rows, &copied).into_iter().take(10).map(|row| row.1).collect();
            assert_eq!(nearest, expected, "{metric}, {round}");
            for (other, vector) in &rows[10..] {
                let exact = measured(metric, &rows, vector)[0].1;
                assert!(found(index, vector, 10)?.iter().any(|row| row.1 == exact), "{metric}, {round}: {other}");
            }
        }
    }
    Ok(())
}

#[test]
fn near_duplicates_cut_nobody_off() -> Result<()> {
    for metric in Metric::ALL {
        let mut dice = Dice(77);
        let mut rows: Vec<(u32, Vec<f32>)> = Vec::new();
        for crowd in 0..12u32 {
            let centre = dice.vector();
            for member in 0..250u32 {
                let length = if crowd % 3 == 0 { 1.0 + dice.component() / 2.0 } else { 1.0 };
                let noise = if crowd % 3 == 0 { 0.0 } else { 0.0005 };
                let vector = centre.iter().map(|component| (component + noise * dice.component()) * length);
                rows.push((crowd * 250 + member, vector.collect()));
            }
        }
        rows.extend((3_000..5_000).map(|id| (id, dice.vector())));
        let index = filled(metric, &rows)?;
        build(&index, BuildScope::Everything)?;
        assert!(is_one_piece(&index), "{metric}");
        // Most of each crowd goes.
        rows.retain(|(id, _)| *id >= 3_000 || id % 5 == 0 || !index.delete(&key(*id)));
        let keep = |id: u32| id.wrapping_mul(2_654_435_761) >> 8 & 3 != 0;
        let (mut hits, mut wanted) = (0, 0);
        for (_, query) in rows.iter().step_by(23) {
            let all = measured(metric, &rows, query);
            for filter in [false, true] {
                let exact: Vec<_> = all.iter().filter(|row| !filter || keep(row.1)).take(10).collect();
                let walked = index.search(query, 10, EF, &mut |key| !filter || keep(id(key)))?;
                assert!(walked.len() >= 10);
                let farthest = exact[9].0;
                hits += walked.iter().take(10).filter(|candidate| candidate.distance <= farthest + 1e-6).count();
                wanted += 10;
            }
        }
        let recall = f64::from(hits as u32) / f64::from(wanted);
        assert!(recall >= 0.95, "{metric}: recall {recall}");
    }
    Ok(())
}
