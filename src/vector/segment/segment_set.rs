//! The parts of an index at one moment, and the choice of those that the next build takes in.
//!
//! Segments grow geometrically: a build takes in every segment that is not much larger than the rows before it, so that
//! each row is built a logarithmic number of times and there are few segments to search.

use std::sync::Arc;

use super::segment::Segment;
use super::tail::{BLOCK_ROWS, Tail};
use crate::error::Result;
use crate::vector::codec::corrupted;
use crate::vector::rows::aligned_vectors::VectorRows;
use crate::vector::rows::copies::distinct_first;
use crate::vector::rows::distance::Metric;
use crate::vector::segment::keyed_vectors::{Entries, PackedKeys, Tombstones};

/// Rows in the tail from which a build is due: scanning them costs about as much as walking a graph.
pub const TAIL_ROWS_DUE: usize = 2_000;

/// Segments above which the next build joins all of them.
const SEGMENTS_MAX: usize = 6;

/// A segment is built again with the rows before it unless it is more than this many times larger than they are.
const GROWTH: usize = 2;

/// One in so many rows of a segment is dead when it is built again. Walks compare dead nodes and hold them beside the width they
/// keep, so that a fifth of them costs about a quarter more; a build, which is 25 to 40 us a row, then falls on each dead row with
/// four that live, in the background. At a half it was one, and searches paid for twice the nodes.
const ROWS_PER_DEAD: usize = 5;

/// Which parts a build takes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildScope {
    /// The tail, when it is long enough, with the segments that are due to be joined or have decayed.
    Due,
    /// Everything, into one segment.
    Everything,
}

/// Where the current row of a key is. A unit is a tail or a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartPlace {
    pub unit: u32,
    pub row: u32,
}

/// The parts a search looks through.
pub struct IndexView {
    pub segments: Vec<Arc<Segment>>,
    /// Tails that a build is turning into a segment, or that a stopped build left.
    pub building: Vec<Tail>,
    pub tail: Tail,
}

impl IndexView {
    pub fn mark_deleted(&self, place: PartPlace) {
        if let Some((entries, row)) = self.find(place) {
            entries.deleted.set(row);
        }
    }

    /// The entries that hold a place, and its row in them.
    pub fn find(&self, place: PartPlace) -> Option<(&Entries, u32)> {
        if let Some(segment) = self.segments.iter().find(|segment| segment.unit == place.unit) {
            return Some((&segment.entries, place.row));
        }
        let mut tails = std::iter::once(&self.tail).chain(&self.building);
        let (block, row) = tails.find(|tail| tail.unit == place.unit)?.block(place.row)?;
        Some((block, row))
    }

    /// The key at a place.
    pub fn key(&self, place: PartPlace) -> Option<&[u8]> {
        self.find(place).map(|(entries, row)| entries.key(row))
    }

    pub fn needs_build(&self) -> bool {
        self.takes_tail(BuildScope::Due)
            || !self.building.is_empty()
            || self.segments.len() > SEGMENTS_MAX
            || self.segments.iter().any(|segment| has_decayed(segment))
    }

    /// Whether a build begins by closing the tail.
    pub fn takes_tail(&self, scope: BuildScope) -> bool {
        let everything = scope == BuildScope::Everything || self.segments.len() > SEGMENTS_MAX;
        self.tail.len() >= if everything { 1 } else { TAIL_ROWS_DUE }
    }

    /// The parts a build makes one segment of; none when it would change nothing.
    pub fn inputs(&self, scope: BuildScope) -> Vec<BuildInput> {
        let everything = scope == BuildScope::Everything || self.segments.len() > SEGMENTS_MAX;
        let tails = self.building.iter().map(|tail| BuildInput::Tail { unit: tail.unit, blocks: tail.blocks.clone() });
        let mut inputs: Vec<BuildInput> = tails.collect();
        let mut total: usize = self.building.iter().map(Tail::live).sum();
        let mut by_size: Vec<&Arc<Segment>> = self.segments.iter().collect();
        by_size.sort_by_key(|segment| segment.entries.live());
        for segment in by_size {
            let live = segment.entries.live();
            if everything || has_decayed(segment) || live <= GROWTH * total {
                total += live;
                inputs.push(BuildInput::Segment(segment.clone()));
            }
        }
        match &inputs[..] {
            [BuildInput::Segment(only)] if only.entries.deleted.count() == 0 => Vec::new(),
            _ => inputs,
        }
    }

    /// Bytes of memory held, those of mapped files not counted.
    pub fn heap_bytes(&self) -> usize {
        let segments: usize = self.segments.iter().map(|segment| segment.heap_bytes()).sum();
        let building: usize = self.building.iter().map(Tail::heap_bytes).sum();
        segments + building + self.tail.heap_bytes()
    }
}

/// Whether so much of a segment is deleted or replaced that it is built again.
fn has_decayed(segment: &Segment) -> bool {
    segment.entries.deleted.count() * ROWS_PER_DEAD >= segment.entries.len()
}

/// A part that goes into a build.
pub enum BuildInput {
    Tail { unit: u32, blocks: Vec<Arc<Entries>> },
    Segment(Arc<Segment>),
}

impl BuildInput {
    pub fn unit(&self) -> u32 {
        match self {
            BuildInput::Tail { unit, .. } => *unit,
            BuildInput::Segment(segment) => segment.unit,
        }
    }

    fn is_damaged(&self) -> bool {
        matches!(self, BuildInput::Segment(segment) if segment.is_damaged())
    }

    /// The runs of entries of this part, each with the row number of its first.
    fn runs(&self) -> Vec<(u32, &Entries)> {
        match self {
            BuildInput::Tail { blocks, .. } => {
                (0u32..).step_by(BLOCK_ROWS as usize).zip(blocks.iter().map(|block| &**block)).collect()
            }
            BuildInput::Segment(segment) => vec![(0, &segment.entries)],
        }
    }
}

/// The live rows of all inputs, in the order of a segment.
pub struct GatheredParts {
    pub entries: Entries,
    /// Where each row came from.
    pub origins: Vec<PartPlace>,
}

/// Copies the live rows of all inputs together.
///
/// # Errors
/// 53200 where the system has no memory for it, XX001 where a file is damaged.
pub fn gather(inputs: &[BuildInput], metric: Metric, dimension: usize) -> Result<GatheredParts> {
    let mut sources: Vec<(PartPlace, &Entries, u32)> = Vec::new();
    for input in inputs {
        for (first, entries) in input.runs() {
            let place = |row| PartPlace { unit: input.unit(), row: first + row };
            sources.extend(entries.live_rows().map(|row| (place(row), entries, row)));
        }
    }
    let vector = |at: usize| sources.get(at).map_or(&[][..], |(_, entries, row)| entries.vector(*row));
    let (order, copies) = distinct_first(sources.len(), vector);
    let mut rows = VectorRows::with_capacity(metric, dimension, copies.nodes())?;
    let mut keys = PackedKeys::with_capacity(sources.len());
    let mut origins = Vec::with_capacity(sources.len());
    for (place, from, row) in order.into_iter().filter_map(|at| sources.get(at)) {
        if rows.len() < copies.nodes() {
            rows.push(from.vector(*row));
        }
        keys.push(from.key(*row));
        origins.push(*place);
    }
    let was_read = |input: &BuildInput| sources.iter().any(|(place, _, _)| place.unit == input.unit());
    if inputs.iter().any(|input| input.is_damaged() && was_read(input)) {
        return Err(corrupted("a vector that a build has read is not as it was written"));
    }
    let deleted = Tombstones::new(keys.len());
    Ok(GatheredParts { entries: Entries { rows, keys, copies, deleted }, origins })
}
