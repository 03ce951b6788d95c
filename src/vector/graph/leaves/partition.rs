//! Cuts all nodes into overlapping leaves of near ones, by their nearest of a few hundred leaders.
//!
//! In the first cut every node joins the groups of several leaders, so that neighbours on two sides of a border meet in one of
//! them; a group that is too large for a leaf is cut again by leaders of its own. Leaders are taken at random, seeded, one out of
//! each of as many equal stretches of the nodes. This is the ball carving of PiPNN, <https://arxiv.org/abs/2602.21247>.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use super::gathered::GatheredRows;
use super::tiles::Kernel;
use crate::error::Result;
use crate::vector::graph::row_distance::RowDistances;
use crate::vector::workers::Workers;

/// Nodes of a leaf at most: the distances of its nodes take 1.4 MB, which a core keeps at hand.
pub const LEAF_NODES_MAX: usize = 600;

/// Nodes of a group on average that a cut aims at.
const LEAF_NODES_WANTED: usize = 300;

/// Groups with fewer nodes are given up: their nodes join the next nearest leaders.
const LEAF_NODES_MIN: usize = 24;

/// Leaders of one cut at most, so that its cost grows with the nodes alone.
const LEADERS_MAX: usize = 512;

/// Leaders in order of distance that are remembered for a node, beyond those it joins.
const SPARE_LEADERS: usize = 2;

/// Cuts within cuts at most: 512 leaders in the first and at least two in each further one are far less than this deep unless
/// leaders do not tell nodes apart.
const DEPTH_MAX: usize = 24;

/// Nodes that one task assigns to leaders.
const ASSIGNED_AT_ONCE: usize = 1024;

/// No leader.
const NONE: u32 = u32::MAX;

/// Leaves side by side: those of number `i` are `nodes[starts[i]..starts[i + 1]]`.
#[derive(Debug, PartialEq, Eq)]
pub struct Leaves {
    nodes: Vec<u32>,
    starts: Vec<usize>,
}

impl Leaves {
    fn new() -> Leaves {
        Leaves { nodes: Vec::new(), starts: vec![0] }
    }

    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Nodes, each counted for every leaf that it is in.
    pub fn places(&self) -> usize {
        self.nodes.len()
    }

    pub fn leaf(&self, at: usize) -> &[u32] {
        &self.nodes[self.starts[at]..self.starts[at + 1]]
    }

    fn push(&mut self, leaf: &[u32]) {
        self.nodes.extend_from_slice(leaf);
        self.starts.push(self.nodes.len());
    }

    fn append(&mut self, other: &Leaves) {
        for at in 0..other.len() {
            self.push(other.leaf(at));
        }
    }
}

/// How nodes are cut apart.
#[derive(Clone, Copy)]
pub struct Cut<'a> {
    pub distances: &'a RowDistances<'a>,
    pub kernel: Kernel,
    /// Leaders that a node joins in the first cut.
    pub fanout: usize,
    pub seed: u64,
}

impl Cut<'_> {
    /// Cuts the first `nodes` rows into leaves. Each is in `fanout` leaves, or in one where all fit into one. The same for any
    /// number of workers.
    ///
    /// # Errors
    /// XX000 where the system gives no threads; what `check` says, which is asked now and then.
    pub fn leaves(self, nodes: usize, workers: Workers, check: &mut dyn FnMut() -> Result<()>) -> Result<Leaves> {
        let all: Vec<u32> = (0u32..).take(nodes).collect();
        if nodes == 0 {
            return Ok(Leaves::new());
        }
        if nodes <= LEAF_NODES_MAX {
            let mut leaves = Leaves::new();
            leaves.push(&all);
            return Ok(leaves);
        }
        let leaders = self.leaders(&all, self.seed);
        let remembered = self.fanout + SPARE_LEADERS;
        let mut nearest = vec![NONE; nodes * remembered];
        let parts = all.chunks(ASSIGNED_AT_ONCE).zip(nearest.chunks_mut(ASSIGNED_AT_ONCE * remembered));
        let assign = |assigner: &mut Assigner<'_>, (nodes, nearest): (&[u32], &mut [u32])| {
            assigner.assign(nodes, remembered, nearest);
        };
        workers.run(parts, || Assigner::new(self, &leaders), assign, check)?;
        let groups = grouped(&all, leaders.len(), self.fanout, remembered, &nearest);
        drop(nearest);
        self.cut_groups(&groups, workers, check)
    }

    /// Cuts every group further until it fits into a leaf.
    fn cut_groups(self, groups: &Leaves, workers: Workers, check: &mut dyn FnMut() -> Result<()>) -> Result<Leaves> {
        let mut cut: Vec<Leaves> = (0..groups.len()).map(|_| Leaves::new()).collect();
        let further = |(): &mut (), (number, cut): (usize, &mut Leaves)| {
            let seed = self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(number as u64);
            self.cut_alone(groups.leaf(number), seed, 1, cut);
        };
        workers.run(cut.iter_mut().enumerate(), || (), further, check)?;
        let mut leaves = Leaves::new();
        for part in &cut {
            leaves.append(part);
        }
        Ok(leaves)
    }

    /// Cuts one group on this thread; a node joins one leader.
    fn cut_alone(self, group: &[u32], seed: u64, depth: usize, leaves: &mut Leaves) {
        if group.len() <= LEAF_NODES_MAX {
            leaves.push(group);
            return;
        }
        if depth >= DEPTH_MAX {
            group.chunks(LEAF_NODES_MAX).for_each(|leaf| leaves.push(leaf));
            return;
        }
        let leaders = self.leaders(group, seed);
        let remembered = 1 + SPARE_LEADERS;
        let mut nearest = vec![NONE; group.len() * remembered];
        let mut assigner = Assigner::new(self, &leaders);
        for (nodes, nearest) in group.chunks(ASSIGNED_AT_ONCE).zip(nearest.chunks_mut(ASSIGNED_AT_ONCE * remembered)) {
            assigner.assign(nodes, remembered, nearest);
        }
        let groups = grouped(group, leaders.len(), 1, remembered, &nearest);
        drop((nearest, assigner));
        for at in 0..groups.len() {
            let part = groups.leaf(at);
            if part.len() == group.len() {
                // All are as near to one leader: none of them can be told apart.
                part.chunks(LEAF_NODES_MAX).for_each(|leaf| leaves.push(leaf));
            } else {
                self.cut_alone(part, seed.wrapping_mul(31).wrapping_add(at as u64 + 1), depth + 1, leaves);
            }
        }
    }

    /// One node out of each of as many equal stretches as there are to be leaders.
    fn leaders(self, group: &[u32], seed: u64) -> Vec<u32> {
        let count = (group.len() / LEAF_NODES_WANTED).clamp(2, LEADERS_MAX);
        let mut state = seed;
        (0..count)
            .map(|at| {
                let (start, end) = (at * group.len() / count, (at + 1) * group.len() / count);
                group[start + usize::try_from(random(&mut state) % (end - start) as u64).unwrap_or(0)]
            })
            .collect()
    }
}

/// Numbers that look random (SplitMix64).
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The memory in which one worker finds the nearest leaders.
struct Assigner<'a> {
    leaders: GatheredRows<'a>,
    distances: Vec<f32>,
}

impl<'a> Assigner<'a> {
    /// Rows whose distances to all leaders are taken at once.
    const ROWS: usize = 8;

    fn new(cut: Cut<'a>, leaders: &[u32]) -> Assigner<'a> {
        let mut gathered = GatheredRows::new(cut.distances, cut.kernel);
        gathered.gather(leaders.iter().copied());
        let distances = vec![0.0; Assigner::ROWS * gathered.width()];
        Assigner { leaders: gathered, distances }
    }

    /// Writes the numbers of the nearest leaders of each node, nearest first, ties in the order of the leaders.
    fn assign(&mut self, nodes: &[u32], remembered: usize, nearest: &mut [u32]) {
        let width = self.leaders.width();
        for (nodes, nearest) in nodes.chunks(Assigner::ROWS).zip(nearest.chunks_mut(Assigner::ROWS * remembered)) {
            let distances = &mut self.distances[..nodes.len() * width];
            self.leaders.measure(nodes, distances);
            for (distances, nearest) in distances.chunks_exact(width).zip(nearest.chunks_exact_mut(remembered)) {
                nearest_of(&distances[..self.leaders.ids().len()], nearest);
            }
        }
    }
}

/// The numbers of the least distances, in order, as many as there is room for and there are.
fn nearest_of(distances: &[f32], nearest: &mut [u32]) {
    const ROOM_MAX: usize = 8;
    let mut least = [f32::INFINITY; ROOM_MAX];
    let room = nearest.len().min(ROOM_MAX);
    for (number, distance) in (0u32..).zip(distances) {
        if *distance >= least[room - 1] {
            continue;
        }
        let mut at = room - 1;
        while at > 0 && *distance < least[at - 1] {
            least[at] = least[at - 1];
            nearest[at] = nearest[at - 1];
            at -= 1;
        }
        least[at] = *distance;
        nearest[at] = number;
    }
}

/// The nodes of each leader: those that have it among their `fanout` nearest. Leaders of few nodes are passed over, and their
/// nodes go to the next nearest instead.
fn grouped(nodes: &[u32], leaders: usize, fanout: usize, remembered: usize, nearest: &[u32]) -> Leaves {
    let rows = || nearest.chunks_exact(remembered);
    let mut counts = vec![0usize; leaders];
    for row in rows() {
        row.iter().take(fanout).filter(|leader| **leader != NONE).for_each(|leader| counts[*leader as usize] += 1);
    }
    let is_small: Vec<bool> = counts.iter().map(|count| *count < LEAF_NODES_MIN).collect();
    let joined = |row: &[u32]| -> ([u32; 8], usize) {
        let (mut joined, mut len) = ([NONE; 8], 0);
        for leader in row.iter().filter(|leader| **leader != NONE && !is_small[**leader as usize]).take(fanout) {
            joined[len] = *leader;
            len += 1;
        }
        if len == 0 {
            // All are small; a node that has no leader at all, for want of a distance, goes to the first.
            joined[0] = row.first().copied().filter(|leader| *leader != NONE).unwrap_or(0);
            len = 1;
        }
        (joined, len)
    };
    counts.fill(0);
    for row in rows() {
        let (joined, len) = joined(row);
        joined[..len].iter().for_each(|leader| counts[*leader as usize] += 1);
    }
    let mut starts = vec![0usize];
    let mut next = Vec::with_capacity(leaders);
    let mut total = 0;
    for count in &counts {
        next.push(total);
        total += count;
        if *count > 0 {
            starts.push(total);
        }
    }
    let mut members = vec![0u32; total];
    for (node, row) in nodes.iter().zip(rows()) {
        let (joined, len) = joined(row);
        for leader in &joined[..len] {
            members[next[*leader as usize]] = *node;
            next[*leader as usize] += 1;
        }
    }
    Leaves { nodes: members, starts }
}
