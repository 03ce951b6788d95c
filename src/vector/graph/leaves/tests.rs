//! What builds by leaves promise: recall against an exact scan for all metrics and for data of many shapes, the same graph on any
//! number of threads and by any kernel, and an end when it is asked for.

use super::build::{LeafBuild, LeafPlan, by_leaves};
use super::partition::{Cut, LEAF_NODES_MAX};
use super::tiles::{BLOCK, Kernel};
use super::{all_pairs::LeafPairs, gathered::GatheredRows};
use crate::error::{ErrorKind, Result};
use crate::vector::graph::built::BuiltGraph;
use crate::vector::graph::graph::{Graph, NO_LINK};
use crate::vector::graph::parameters::Parameters;
use crate::vector::graph::progress::{BuildPhase, BuildReport, Progress};
use crate::vector::graph::row_distance::{RowDistances, SeenFrom};
use crate::vector::graph::walk::{GraphWalk, Terrain, nearest_seeds};
use crate::vector::rows::aligned_vectors::{QueryVector, VectorRows, order_of};
use crate::vector::rows::distance::Metric;
use crate::vector::rows::quantized_vectors::Codes;
use crate::vector::tests::Dice;
use crate::vector::workers::Workers;

const EF: usize = 64;

fn rows_of(metric: Metric, vectors: &[Vec<f32>]) -> Result<(VectorRows, Option<Codes>)> {
    let mut rows = VectorRows::with_capacity(metric, vectors[0].len(), vectors.len())?;
    vectors.iter().for_each(|vector| rows.push(vector));
    let codes = Codes::of(&rows, metric)?;
    Ok((rows, Some(codes)))
}

fn built(distances: &RowDistances<'_>, nodes: usize, kernel: Kernel, threads: usize) -> Result<BuiltGraph> {
    let mut tell = |_| true;
    let plan = LeafPlan::of(Parameters::DEFAULT);
    by_leaves(distances, kernel, nodes, plan, Workers::of(threads), &mut BuildReport::new(&mut tell))
}

/// The share of the ten nearest rows of some new vectors that a walk finds, by the vectors themselves.
fn recall(graph: &Graph, rows: &VectorRows, codes: Option<&Codes>, metric: Metric, queries: &[Vec<f32>]) -> f64 {
    struct Seen<'a>(
        &'a VectorRows,
        Option<&'a Codes>,
        &'a QueryVector,
        Option<crate::vector::rows::quantized_vectors::QueryCode>,
    );
    impl Terrain for Seen<'_> {
        fn closeness(&self, node: u32) -> f32 {
            match (self.1, &self.3) {
                (Some(codes), Some(query)) => {
                    let (mut sums, mut estimates) = (Vec::new(), Vec::new());
                    codes.estimate(query, &[node], &mut sums, &mut estimates);
                    estimates[0].closeness
                }
                _ => self.0.closeness(self.2, node),
            }
        }
        fn is_live(&self, _node: u32) -> bool {
            true
        }
        fn prefetch(&self, _node: u32) {}
    }
    let (mut found, mut wanted) = (0, 0);
    for vector in queries {
        let query = QueryVector::new(metric, vector);
        let mut all: Vec<u32> = (0..graph.nodes() as u32).map(|row| order_of(rows.closeness(&query, row))).collect();
        let seen = Seen(rows, codes, &query, codes.map(|codes| codes.encode(vector)));
        let mut walk = GraphWalk::default();
        walk.start_at(&nearest_seeds(graph, |seed| seen.closeness(seed)), graph.nodes(), &seen);
        walk.widen(graph, EF, &seen);
        let mut met: Vec<u32> = walk.nearest().map(|met| order_of(rows.closeness(&query, met.node))).collect();
        all.sort_unstable();
        met.sort_unstable();
        let nearest = all.len().min(10);
        found += met.iter().take(nearest).filter(|order| **order <= all[nearest - 1]).count();
        wanted += nearest;
    }
    f64::from(found as u32) / f64::from(wanted as u32)
}

/// Vectors and queries of one shape.
fn spread(shape: &str, count: usize, dimension: usize) -> (Vec<Vec<f32>>, Vec<Vec<f32>>) {
    let mut dice = Dice(17);
    let mut one = |at: usize| -> Vec<f32> {
        let centre = |of: u64| {
            let mut centre = Dice(of);
            (0..dimension).map(move |_| centre.component()).collect::<Vec<f32>>()
        };
        match shape {
            // Of different lengths, for inner product.
            "even" => {
                let length = 1.0 + dice.component() / 2.0;
                (0..dimension).map(|_| length * dice.component()).collect()
            }
            // Tight crowds far from each other, in the order of their crowds.
            "crowds" => {
                centre((at * 40 / (count + 40)) as u64 + 1).iter().map(|x| x + 0.01 * dice.component()).collect()
            }
            // Near a plane of few directions, as embeddings are, with three components far larger than the others.
            _ => {
                let (a, b) = (centre(dice.roll() % 12 + 100), dice.component());
                let noise = a
                    .iter()
                    .enumerate()
                    .map(|(at, x)| x * (1.0 + b / 4.0) + 0.4 * dice.component() + if at < 3 { 8.0 } else { 0.0 });
                noise.collect()
            }
        }
    };
    let all: Vec<Vec<f32>> = (0..count + 40).map(&mut one).collect();
    // Taken out evenly, so that they come from all crowds.
    let (queries, vectors) = all.into_iter().enumerate().partition::<Vec<_>, _>(|(at, _)| at % (count / 40 + 2) == 3);
    let plain = |some: Vec<(usize, Vec<f32>)>| some.into_iter().map(|(_, vector)| vector).collect();
    let mut vectors: Vec<Vec<f32>> = plain(vectors);
    vectors.truncate(count);
    (vectors, plain(queries))
}

#[test]
fn walks_find_what_is_near_in_data_of_any_shape() -> Result<()> {
    for (shape, count, dimension, floor) in [
        ("even", 1_500, 2, 0.98),
        ("even", 1_500, 3, 0.98),
        ("even", 1_500, 8, 0.95),
        ("crowds", 1_500, 24, 0.95),
        ("embeddings", 1_500, 40, 0.9),
        ("embeddings", 650, 1_536, 0.9),
    ] {
        for metric in Metric::ALL {
            if dimension == 1_536 && metric != Metric::Cosine {
                continue;
            }
            let (vectors, queries) = spread(shape, count, dimension);
            let (rows, codes) = rows_of(metric, &vectors)?;
            let distances = RowDistances::new(&rows, codes.as_ref(), metric);
            let BuiltGraph { graph, recall: measured } = built(&distances, rows.len(), Kernel::best(), 2)?;
            let found = recall(&graph, &rows, codes.as_ref(), metric, &queries);
            assert!(found >= floor, "{metric}, {shape} in {dimension}: recall {found}, measured {measured}");
            assert!(measured >= floor, "{metric}, {shape} in {dimension}: measured {measured}, recall {found}");
            assert!(is_one_piece(&graph), "{metric}, {shape} in {dimension}");
        }
    }
    Ok(())
}

/// Whether the root leads to every node, and every node to it.
fn is_one_piece(graph: &Graph) -> bool {
    let nodes = graph.nodes();
    let links = |node: u32| graph.neighbours(node).iter().copied().take_while(|next| *next != NO_LINK);
    let mut back = vec![Vec::new(); nodes];
    for node in 0..nodes as u32 {
        links(node).for_each(|next| back[next as usize].push(node));
    }
    let led_to = |next: &dyn Fn(u32) -> Vec<u32>| {
        let Some(root) = graph.root() else { return 0 };
        let mut seen = std::collections::HashSet::from([root]);
        let mut waiting = vec![root];
        while let Some(node) = waiting.pop() {
            waiting.extend(next(node).into_iter().filter(|other| seen.insert(*other)));
        }
        seen.len()
    };
    led_to(&|node| links(node).collect()) == nodes && led_to(&|node| back[node as usize].clone()) == nodes
}

#[test]
fn few_rows_are_one_leaf() -> Result<()> {
    for nodes in [0, 1, 2, 31, 32, 33, LEAF_NODES_MAX, LEAF_NODES_MAX + 1] {
        let (vectors, queries) = spread("even", LEAF_NODES_MAX + 41, 5);
        let (rows, codes) = rows_of(Metric::L2, &vectors)?;
        let distances = RowDistances::new(&rows, codes.as_ref(), Metric::L2);
        let BuiltGraph { graph, recall: measured } = built(&distances, nodes, Kernel::best(), 2)?;
        assert_eq!(graph.nodes(), nodes);
        assert!(is_one_piece(&graph), "{nodes}");
        assert!(measured >= 0.98, "{nodes}: {measured}");
        if nodes > 0 {
            assert!(recall(&graph, &rows, codes.as_ref(), Metric::L2, &queries) >= 0.98, "{nodes}");
        }
    }
    Ok(())
}

#[test]
fn neither_threads_nor_kernels_change_a_graph() -> Result<()> {
    for metric in [Metric::L2, Metric::InnerProduct, Metric::L1] {
        let (vectors, _) = spread("embeddings", 1_500, 21);
        let (rows, codes) = rows_of(metric, &vectors)?;
        let distances = RowDistances::new(&rows, codes.as_ref(), metric);
        let first = built(&distances, rows.len(), Kernel::Plain, 1)?;
        for (kernel, threads) in Kernel::available().into_iter().flat_map(|kernel| [(kernel, 1), (kernel, 2)]) {
            let again = built(&distances, rows.len(), kernel, threads)?;
            assert_eq!(again.graph, first.graph, "{metric}, {kernel:?}, {threads} threads");
            assert_eq!(again.recall.to_bits(), first.recall.to_bits());
        }
    }
    Ok(())
}

#[test]
fn gathered_rows_are_as_far_as_single_ones() -> Result<()> {
    for metric in Metric::ALL {
        let (vectors, _) = spread("even", 150, 37);
        let (rows, codes) = rows_of(metric, &vectors)?;
        let distances = RowDistances::new(&rows, codes.as_ref(), metric);
        for kernel in Kernel::available() {
            let mut gathered = GatheredRows::new(&distances, kernel);
            gathered.gather((0..rows.len() as u32).step_by(2));
            let lefts: Vec<u32> = (0..19).collect();
            let width = gathered.width();
            let mut out = vec![0.0; lefts.len() * width];
            gathered.measure(&lefts, &mut out);
            for (left, out) in lefts.iter().zip(out.chunks(width)) {
                let mut alone = vec![0.0; width];
                gathered.measure_one(*left, &mut alone);
                assert_eq!(alone, out, "{metric}, {kernel:?}");
                for (right, distance) in gathered.ids().iter().zip(out) {
                    assert_eq!(distance.to_bits(), distances.between(*left, *right).to_bits(), "{metric}, {kernel:?}");
                }
                assert!(out[gathered.ids().len()..].iter().all(|distance| *distance == f32::INFINITY));
            }
        }
        assert_eq!(BLOCK, 16);
    }
    Ok(())
}

#[test]
fn a_leaf_links_nodes_to_their_nearest() -> Result<()> {
    let (vectors, _) = spread("even", 130, 4);
    let (rows, codes) = rows_of(Metric::L2, &vectors)?;
    let distances = RowDistances::new(&rows, codes.as_ref(), Metric::L2);
    let leaf: Vec<u32> = (0..130).collect();
    let between = |a: u32, b: u32| distances.between(a, b);
    for (nearest, kept) in [(1, 1), (5, 5), (24, 10), (200, 16)] {
        let mut links = vec![Vec::new(); 130];
        LeafPairs::new(&distances, Kernel::best(), nearest, kept).find(&leaf, |node, neighbour| {
            assert_eq!(neighbour.distance.to_bits(), between(node, neighbour.node).to_bits());
            links[node as usize].push(neighbour.node);
        });
        for node in 0..130u32 {
            let mut others: Vec<(u32, u32)> =
                (0..130).filter(|other| *other != node).map(|other| (between(node, other).to_bits(), other)).collect();
            others.sort_unstable();
            let mut expected: Vec<u32> = Vec::new();
            for (distance, other) in others.into_iter().take(nearest) {
                if expected.len() < kept && expected.iter().all(|kept| between(other, *kept).to_bits() > distance) {
                    expected.push(other);
                }
            }
            // Those that fill up come behind these.
            assert!(links[node as usize].starts_with(&expected), "{node} of {nearest}");
            assert!(links[node as usize].len() >= kept.min(nearest).min(2));
        }
    }
    Ok(())
}

#[test]
fn every_node_is_in_a_leaf_and_no_leaf_is_too_large() -> Result<()> {
    let line: Vec<Vec<f32>> = (0..3_000u16).map(|at| vec![f32::from(at)]).collect();
    // Codes of one byte cannot tell most of these apart.
    let same: Vec<Vec<f32>> = (0..3_000u16).map(|at| vec![1e6, f32::from(at) * 1e-4]).collect();
    for (vectors, fanout) in [(&line, 1), (&line, 2), (&same, 2)] {
        let (rows, codes) = rows_of(Metric::L2, vectors)?;
        let distances = RowDistances::new(&rows, codes.as_ref(), Metric::L2);
        let cut = Cut { distances: &distances, kernel: Kernel::best(), fanout, seed: 5 };
        let leaves = cut.leaves(rows.len(), Workers::of(2), &mut || Ok(()))?;
        let mut times = vec![0usize; rows.len()];
        for leaf in (0..leaves.len()).map(|at| leaves.leaf(at)) {
            assert!(!leaf.is_empty() && leaf.len() <= LEAF_NODES_MAX && leaf.is_sorted());
            leaf.iter().for_each(|node| times[*node as usize] += 1);
        }
        assert!(times.iter().all(|times| (1..=fanout).contains(times)));
        assert_eq!(leaves.places(), times.iter().sum::<usize>());
    }
    Ok(())
}

#[test]
fn a_build_tells_how_far_it_is_and_stops_in_every_phase() -> Result<()> {
    let (vectors, _) = spread("even", 1_500, 8);
    let (rows, codes) = rows_of(Metric::L2, &vectors)?;
    let distances = RowDistances::new(&rows, codes.as_ref(), Metric::L2);
    let plan = LeafPlan::of(Parameters::DEFAULT);
    let run = |tell: &mut dyn FnMut(Progress) -> bool| {
        by_leaves(&distances, Kernel::best(), rows.len(), plan, Workers::of(2), &mut BuildReport::new(tell))
    };
    let mut told: Vec<Progress> = Vec::new();
    run(&mut |progress| {
        told.push(progress);
        true
    })?;
    let phases = [BuildPhase::Neighbours, BuildPhase::Links, BuildPhase::Checks];
    assert!(told.iter().all(|progress| progress.done <= progress.total));
    assert!(told.is_sorted_by_key(|progress| phases.iter().position(|phase| *phase == progress.phase)));
    for phase in phases {
        assert!(told.iter().any(|progress| progress.phase == phase && progress.total > 0), "{phase:?}");
        let stopped = run(&mut |progress| progress.phase != phase).map(|_| ());
        assert_eq!(stopped.map_err(|error| error.kind()), Err(ErrorKind::QueryCanceled), "{phase:?}");
    }
    Ok(())
}

#[test]
fn the_parameters_of_an_index_shape_its_graph() -> Result<()> {
    let plan = LeafPlan::of(Parameters::DEFAULT);
    assert_eq!(plan, LeafPlan { rounds: 3, nearest: 24, kept: 10, candidates: 48, degree: 32 });
    let (vectors, _) = spread("even", 2_500, 24);
    let (rows, codes) = rows_of(Metric::L2, &vectors)?;
    let distances = RowDistances::new(&rows, codes.as_ref(), Metric::L2);
    let measure = |m: usize, ef_construction: usize| -> Result<(usize, f64)> {
        let plan = LeafPlan::of(Parameters::new(m, ef_construction)?);
        let mut tell = |_| true;
        let report = &mut BuildReport::new(&mut tell);
        let mut build = LeafBuild::new(&distances, Kernel::best(), rows.len(), plan, Workers::of(2))?;
        build.run(plan.rounds, report)?;
        let graph = build.graph(report)?;
        let links =
            (0..rows.len() as u32).map(|node| graph.neighbours(node).iter().filter(|link| **link != NO_LINK).count());
        assert_eq!(graph.stride(), 2 * m);
        Ok((
            links.sum(),
            super::super::recall::recall(&graph, rows.len(), &distances, Kernel::best(), Workers::of(2), report)?,
        ))
    };
    let (few, coarse) = (measure(4, 64)?, measure(16, 32)?);
    let (many, fine) = (measure(24, 64)?, measure(16, 128)?);
    assert!(few.0 < many.0 && few.1 < many.1, "m: {few:?}, {many:?}");
    assert!(coarse.0 < fine.0 && coarse.1 <= fine.1, "ef_construction: {coarse:?}, {fine:?}");
    Ok(())
}

#[test]
fn near_nodes_lead_to_each_other() -> Result<()> {
    let (vectors, _) = spread("embeddings", 1_200, 16);
    let (rows, codes) = rows_of(Metric::Cosine, &vectors)?;
    let distances = RowDistances::new(&rows, codes.as_ref(), Metric::Cosine);
    let BuiltGraph { graph, .. } = built(&distances, rows.len(), Kernel::best(), 2)?;
    let between = |a: u32, b: u32| distances.between(a, b);
    for node in (0..rows.len() as u32).step_by(37) {
        let terrain = SeenFrom { distance: &between, node };
        let mut walk = GraphWalk::default();
        walk.start_at(&nearest_seeds(&graph, |seed| between(node, seed)), graph.nodes(), &terrain);
        walk.widen(&graph, 10, &terrain);
        assert!(walk.nearest().any(|met| met.node == node), "{node} is not found by its own vector");
    }
    Ok(())
}
