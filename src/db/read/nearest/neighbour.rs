//! Entries with their distances, and the nearest of many that come one by one.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::types::ALLOCATION_BYTES;
use crate::vector::Candidate;

/// An entry with its distance, `None` without a vector. Ordered by distance, those without one last, then by key, so that
/// results are the same every time.
#[derive(Clone, Debug)]
pub(crate) struct Neighbour {
    pub distance: Option<f64>,
    pub key: Vec<u8>,
    /// Which of several searches found it, counted from 0: rows of a later one come behind those of one before.
    pub tier: u32,
}

impl Neighbour {
    /// Bytes of memory that it takes.
    pub fn bytes(&self) -> usize {
        size_of::<Neighbour>() + self.key.len() + ALLOCATION_BYTES
    }
}

impl From<Candidate> for Neighbour {
    fn from(found: Candidate) -> Self {
        Neighbour { distance: Some(found.distance), key: found.key.to_vec(), tier: 0 }
    }
}

impl PartialEq for Neighbour {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Neighbour {}

impl PartialOrd for Neighbour {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Neighbour {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_distances(self.distance, other.distance).then_with(|| self.key.cmp(&other.key))
    }
}

/// Where distances stand to one another as floats of PostgreSQL do, NaN above all numbers; none comes last.
pub(super) fn compare_distances(left: Option<f64>, right: Option<f64>) -> Ordering {
    match (left, right) {
        // Distances have one NaN, which comes last; adding zero takes the sign from -0.
        (Some(left), Some(right)) => (left + 0.0).total_cmp(&(right + 0.0)),
        (left, right) => left.is_none().cmp(&right.is_none()),
    }
}

/// The nearest of entries that come one by one.
pub(super) struct NearestSoFar {
    wanted: usize,
    keeps_ties: bool,
    nearest: BinaryHeap<Neighbour>,
    /// As far away as the farthest of the nearest.
    ties: Vec<Neighbour>,
}

impl NearestSoFar {
    pub fn new(wanted: usize, keeps_ties: bool) -> Self {
        NearestSoFar { wanted, keeps_ties, nearest: BinaryHeap::new(), ties: Vec::new() }
    }

    /// Takes an entry in where it is among the nearest so far.
    pub fn offer(&mut self, distance: Option<f64>, key: &[u8]) {
        let neighbour = || Neighbour { distance, key: key.to_vec(), tier: 0 };
        if self.nearest.len() < self.wanted {
            return self.nearest.push(neighbour());
        }
        let Some(farthest) = self.nearest.peek() else { return };
        match compare_distances(distance, farthest.distance) {
            Ordering::Greater => {}
            Ordering::Equal if self.keeps_ties => self.ties.push(neighbour()),
            // Keys come in some order, and the first of them decides.
            Ordering::Equal if key < farthest.key.as_slice() => {
                self.nearest.pop();
                self.nearest.push(neighbour());
            }
            Ordering::Equal => {}
            Ordering::Less => {
                let left_out = self.nearest.pop();
                self.nearest.push(neighbour());
                let farthest = self.nearest.peek().and_then(|farthest| farthest.distance);
                let is_tie = |left_out: &Neighbour| compare_distances(left_out.distance, farthest).is_eq();
                match left_out.filter(is_tie) {
                    Some(left_out) if self.keeps_ties => self.ties.push(left_out),
                    Some(_) => {}
                    None => self.ties.clear(),
                }
            }
        }
    }

    /// Bytes of memory that they take, about, with keys of so many bytes.
    pub fn bytes(&self, key_bytes: usize) -> usize {
        let each = size_of::<Neighbour>() + key_bytes + ALLOCATION_BYTES;
        (self.nearest.len() + self.ties.len()).saturating_mul(each)
    }

    pub fn into_sorted(self) -> Vec<Neighbour> {
        let mut all = self.nearest.into_vec();
        all.extend(self.ties);
        all.sort_unstable();
        all
    }
}
