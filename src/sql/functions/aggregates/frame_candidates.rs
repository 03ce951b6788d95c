//! What may still be the extreme of a window's frame that only moves forward: each candidate goes before all that come later, and the
//! first is the extreme.

use std::collections::VecDeque;

/// Candidates among the rows that came into a frame and have not left it.
#[derive(Debug)]
pub struct FrameCandidates<V> {
    /// Numbers of rows and their values.
    kept: VecDeque<(u64, V)>,
    rows_in: u64,
    rows_out: u64,
}

impl<V> FrameCandidates<V> {
    pub fn new() -> Self {
        FrameCandidates { kept: VecDeque::new(), rows_in: 0, rows_out: 0 }
    }

    /// Takes the value of the next row, in place of those that it wins against.
    pub fn take(&mut self, value: Option<V>, wins: impl Fn(&V, &V) -> bool) {
        if let Some(value) = value {
            while self.kept.back().is_some_and(|(_, last)| wins(&value, last)) {
                self.kept.pop_back();
            }
            self.kept.push_back((self.rows_in, value));
        }
        self.rows_in += 1;
    }

    /// Lets the first rows of the frame go.
    pub fn leave(&mut self, rows: usize) {
        self.rows_out = self.rows_out.saturating_add(u64::try_from(rows).unwrap_or(u64::MAX));
        while self.kept.front().is_some_and(|(row, _)| *row < self.rows_out) {
            self.kept.pop_front();
        }
    }

    /// The extreme; `None` where all rows are NULL or there are none.
    pub fn first(&self) -> Option<&V> {
        self.kept.front().map(|(_, value)| value)
    }

    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.kept.iter().map(|(_, value)| value)
    }

    /// Bytes, without what values have elsewhere.
    pub fn size(&self) -> usize {
        size_of_val(self) + self.kept.capacity() * size_of::<(u64, V)>()
    }
}
