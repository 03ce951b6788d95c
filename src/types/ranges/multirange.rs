//! Several ranges in one value: parts in their order, of which none overlap or touch.
//!
//! Whatever is asked of two of them is answered in one walk along both, in time that grows with their parts together.

use std::cmp::Ordering;

use crate::types::Value;
use crate::types::ranges::bound::BoundPlace;
use crate::types::ranges::kind::RangeKind;
use crate::types::ranges::range::{Range, RangePart};

/// A value of a multirange type.
#[derive(Clone, Debug, PartialEq)]
pub struct Multirange {
    kind: RangeKind,
    spans: Vec<RangePart>,
}

impl Multirange {
    /// All that is in one of those parts.
    pub fn new(kind: RangeKind, parts: impl IntoIterator<Item = RangePart>) -> Multirange {
        let mut parts: Vec<RangePart> = parts.into_iter().collect();
        if !parts.is_sorted_by(|a, b| a.compare(b).is_le()) {
            parts.sort_by(RangePart::compare);
        }
        let mut spans: Vec<RangePart> = Vec::with_capacity(parts.len());
        for part in parts {
            match spans.last_mut() {
                Some(last) if last.meets(&part, kind) || !last.is_before(&part) => *last = last.merged(&part),
                _ => spans.push(part),
            }
        }
        Multirange { kind, spans }
    }

    pub fn of_range(range: Range) -> Multirange {
        Multirange { kind: range.kind(), spans: range.into_span().into_iter().collect() }
    }

    pub fn kind(&self) -> RangeKind {
        self.kind
    }

    pub fn spans(&self) -> &[RangePart] {
        &self.spans
    }

    /// Its parts as ranges.
    pub fn ranges(&self) -> impl Iterator<Item = Range> + '_ {
        self.spans.iter().map(|span| Range::of_span(self.kind, Some(span.clone())))
    }

    /// The smallest range that contains all of it.
    pub fn extent(&self) -> Range {
        let both = self.spans.first().zip(self.spans.last());
        let extent = both.map(|(first, last)| RangePart { lower: first.lower.clone(), upper: last.upper.clone() });
        Range::of_span(self.kind, extent)
    }

    /// The order of PostgreSQL: part by part, then by their number.
    pub fn compare(&self, other: &Multirange) -> Ordering {
        let parts = self.spans.iter().zip(&other.spans).map(|(a, b)| a.compare(b));
        parts.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| self.spans.len().cmp(&other.spans.len()))
    }
}

/// Whether each part of the others lies in one of these.
pub fn contain(parts: &[RangePart], others: &[RangePart]) -> bool {
    let mut left = parts.iter().peekable();
    others.iter().all(|other| {
        while left.next_if(|part| part.is_before(other)).is_some() {}
        left.peek().is_some_and(|part| part.contains(other))
    })
}

/// Whether a value is in one of the parts.
pub fn contain_value(parts: &[RangePart], value: &Value) -> bool {
    let after = parts.partition_point(|part| part.start().compare(&BoundPlace::At(value, 0)).is_le());
    after.checked_sub(1).and_then(|at| parts.get(at)).is_some_and(|part| part.contains_value(value))
}

/// Whether a value is in parts of both.
pub fn overlap(parts: &[RangePart], others: &[RangePart]) -> bool {
    let (mut left, mut right) = (parts.iter().peekable(), others.iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        if a.is_before(b) {
            left.next();
        } else if b.is_before(a) {
            right.next();
        } else {
            return true;
        }
    }
    false
}

/// What is in both.
pub fn intersection(parts: &[RangePart], others: &[RangePart]) -> Vec<RangePart> {
    let (mut left, mut right) = (parts.iter().peekable(), others.iter().peekable());
    let mut found = Vec::new();
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        found.extend(a.intersection(b));
        // The one that ends first overlaps nothing more.
        if a.end().compare(&b.end()).is_le() {
            left.next();
        } else {
            right.next();
        }
    }
    found
}

/// What is in these and not in the others.
pub fn difference(parts: &[RangePart], others: &[RangePart]) -> Vec<RangePart> {
    let mut taken = others.iter().peekable();
    let mut left = Vec::new();
    for part in parts {
        let mut rest = Some(part.clone());
        while taken.next_if(|other| other.is_before(part)).is_some() {}
        while let (Some(open), Some(other)) = (&rest, taken.peek()) {
            if !open.overlaps(other) {
                break;
            }
            left.extend(open.before(other));
            rest = open.behind(other);
            if rest.is_some() {
                taken.next();
            }
        }
        left.extend(rest);
    }
    left
}
