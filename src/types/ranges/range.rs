//! One range: its form, and what is asked of it and made of two.

use std::cmp::Ordering;

use crate::error::{Error, ErrorKind, Result};
use crate::types::ranges::bound::{Bound, BoundPlace, compare_values};
use crate::types::ranges::kind::RangeKind;
use crate::types::{DATE_INFINITY, DATE_MINUS_INFINITY, Value, is_date};

/// What lies between two bounds, of which either may be missing: at least one value, or none that a value could tell.
#[derive(Clone, Debug, PartialEq)]
pub struct RangePart {
    pub lower: Option<Bound>,
    pub upper: Option<Bound>,
}

/// A value of a range type, in its canonical form.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    kind: RangeKind,
    /// `None` is the empty range.
    span: Option<RangePart>,
}

impl RangePart {
    pub fn start(&self) -> BoundPlace<'_> {
        BoundPlace::of_lower(self.lower.as_ref())
    }

    pub fn end(&self) -> BoundPlace<'_> {
        BoundPlace::of_upper(self.upper.as_ref())
    }

    /// Bytes that it holds, for limits.
    pub fn bytes(&self) -> usize {
        let values = [&self.lower, &self.upper].into_iter().flatten().map(|bound| bound.value.bytes());
        values.fold(size_of::<RangePart>(), usize::saturating_add)
    }

    /// The order of PostgreSQL: by where they begin, then by where they end.
    pub fn compare(&self, other: &RangePart) -> Ordering {
        self.start().compare(&other.start()).then_with(|| self.end().compare(&other.end()))
    }

    pub fn contains(&self, other: &RangePart) -> bool {
        self.start().compare(&other.start()).is_le() && self.end().compare(&other.end()).is_ge()
    }

    pub fn contains_value(&self, value: &Value) -> bool {
        let place = BoundPlace::At(value, 0);
        self.start().compare(&place).is_le() && self.end().compare(&place).is_ge()
    }

    /// Whether it ends before another one begins.
    pub fn is_before(&self, other: &RangePart) -> bool {
        self.end().compare(&other.start()).is_lt()
    }

    pub fn overlaps(&self, other: &RangePart) -> bool {
        !self.is_before(other) && !other.is_before(self)
    }

    /// Whether another one begins where this one ends, with no value between them and none in both.
    pub fn meets(&self, other: &RangePart, kind: RangeKind) -> bool {
        let (Some(upper), Some(lower)) = (&self.upper, &other.lower) else { return false };
        match compare_values(&upper.value, &lower.value) {
            Ordering::Equal => upper.is_inclusive != lower.is_inclusive,
            Ordering::Less if kind.is_discrete() => {
                let between = Range::new(kind, Some(exchanged(upper)), Some(exchanged(lower)));
                between.is_ok_and(|between| between.is_empty())
            }
            _ => false,
        }
    }

    /// The smallest part that contains both.
    #[must_use]
    pub fn merged(&self, other: &RangePart) -> RangePart {
        // Of equal bounds PostgreSQL shows those of the second one.
        let lower = if self.start().compare(&other.start()).is_lt() { &self.lower } else { &other.lower };
        let upper = if self.end().compare(&other.end()).is_gt() { &self.upper } else { &other.upper };
        RangePart { lower: lower.clone(), upper: upper.clone() }
    }

    /// What is in both of two that overlap.
    #[must_use]
    pub fn intersection(&self, other: &RangePart) -> Option<RangePart> {
        if !self.overlaps(other) {
            return None;
        }
        let lower = if self.start().compare(&other.start()).is_ge() { &self.lower } else { &other.lower };
        let upper = if self.end().compare(&other.end()).is_le() { &self.upper } else { &other.upper };
        Some(RangePart { lower: lower.clone(), upper: upper.clone() })
    }

    /// What of this one lies before another one; `None` for nothing.
    pub fn before(&self, other: &RangePart) -> Option<RangePart> {
        let cut = other.lower.as_ref().filter(|_| self.start().compare(&other.start()).is_lt())?;
        Some(RangePart { lower: self.lower.clone(), upper: Some(exchanged(cut)) })
    }

    /// What of this one lies behind another one; `None` for nothing.
    pub fn behind(&self, other: &RangePart) -> Option<RangePart> {
        let cut = other.upper.as_ref().filter(|_| self.end().compare(&other.end()).is_gt())?;
        Some(RangePart { lower: Some(exchanged(cut)), upper: self.upper.clone() })
    }
}

/// The bound of what lies on the other side.
fn exchanged(bound: &Bound) -> Bound {
    Bound { value: bound.value.clone(), is_inclusive: !bound.is_inclusive }
}

impl Range {
    pub fn empty(kind: RangeKind) -> Range {
        Range { kind, span: None }
    }

    /// A range between bounds, in its canonical form. Their values are of the type of the kind's bounds.
    ///
    /// # Errors
    /// 22000 for a lower bound above the upper one; 22003 and 22008 where the canonical form has a bound that no value is.
    pub fn new(kind: RangeKind, lower: Option<Bound>, upper: Option<Bound>) -> Result<Range> {
        let Some(RangePart { mut lower, mut upper }) = checked(lower, upper)? else { return Ok(Range::empty(kind)) };
        if kind.is_discrete() {
            if let Some(bound) = lower.as_mut().filter(|bound| !bound.is_inclusive) {
                advance(bound)?;
            }
            if let Some(bound) = upper.as_mut().filter(|bound| bound.is_inclusive) {
                advance(bound)?;
            }
            return Ok(Range { kind, span: checked(lower, upper)? });
        }
        Ok(Range { kind, span: Some(RangePart { lower, upper }) })
    }

    /// The range of a part that is in its canonical form.
    pub fn of_span(kind: RangeKind, span: Option<RangePart>) -> Range {
        Range { kind, span }
    }

    pub fn kind(&self) -> RangeKind {
        self.kind
    }

    pub fn is_empty(&self) -> bool {
        self.span.is_none()
    }

    pub fn span(&self) -> Option<&RangePart> {
        self.span.as_ref()
    }

    pub fn into_span(self) -> Option<RangePart> {
        self.span
    }

    /// The order of PostgreSQL: the empty range is before all others.
    pub fn compare(&self, other: &Range) -> Ordering {
        match (&self.span, &other.span) {
            (Some(span), Some(other)) => span.compare(other),
            (span, other) => span.is_some().cmp(&other.is_some()),
        }
    }

    /// All that is in one of them.
    ///
    /// # Errors
    /// 22000 where they leave something between them.
    pub fn union(&self, other: &Range) -> Result<Range> {
        let is_apart =
            |a: &RangePart, b: &RangePart| !a.overlaps(b) && !a.meets(b, self.kind) && !b.meets(a, self.kind);
        match (&self.span, &other.span) {
            (Some(a), Some(b)) if is_apart(a, b) => Err(not_contiguous("union")),
            _ => Ok(self.merged(other)),
        }
    }

    /// The smallest range that contains both.
    #[must_use]
    pub fn merged(&self, other: &Range) -> Range {
        let span = match (&self.span, &other.span) {
            (Some(a), Some(b)) => Some(a.merged(b)),
            (a, b) => a.clone().or_else(|| b.clone()),
        };
        Range { kind: self.kind, span }
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Range) -> Range {
        let both = self.span.as_ref().zip(other.span.as_ref());
        Range { kind: self.kind, span: both.and_then(|(a, b)| a.intersection(b)) }
    }

    /// What is in this one and not in the other.
    ///
    /// # Errors
    /// 22000 where two parts would be left.
    pub fn difference(&self, other: &Range) -> Result<Range> {
        let (Some(a), Some(b)) = (&self.span, &other.span) else { return Ok(self.clone()) };
        if !a.overlaps(b) {
            return Ok(self.clone());
        }
        match (a.before(b), a.behind(b)) {
            (Some(_), Some(_)) => Err(not_contiguous("difference")),
            (before, behind) => Ok(Range { kind: self.kind, span: before.or(behind) }),
        }
    }
}

/// Orders bounds; `None` where nothing is between them.
fn checked(lower: Option<Bound>, upper: Option<Bound>) -> Result<Option<RangePart>> {
    if let (Some(lower), Some(upper)) = (&lower, &upper) {
        match compare_values(&lower.value, &upper.value) {
            Ordering::Greater => {
                let message = "range lower bound must be less than or equal to range upper bound";
                return Err(Error::new(ErrorKind::DataException, message));
            }
            Ordering::Equal if !(lower.is_inclusive && upper.is_inclusive) => return Ok(None),
            _ => {}
        }
    }
    Ok(Some(RangePart { lower, upper }))
}

/// Takes the next value with the other inclusion; the infinities of dates have none.
fn advance(bound: &mut Bound) -> Result<()> {
    let out_of_range = |name: &str| Error::new(ErrorKind::NumericOutOfRange, format!("{name} out of range"));
    match &mut bound.value {
        Value::Int4(number) => *number = number.checked_add(1).ok_or_else(|| out_of_range("integer"))?,
        Value::Int8(number) => *number = number.checked_add(1).ok_or_else(|| out_of_range("bigint"))?,
        Value::Date(DATE_INFINITY | DATE_MINUS_INFINITY) => return Ok(()),
        Value::Date(days) => {
            let next = days.checked_add(1).filter(is_date);
            *days = next.ok_or_else(|| Error::new(ErrorKind::DatetimeOutOfRange, "date out of range"))?;
        }
        _ => return Ok(()),
    }
    bound.is_inclusive = !bound.is_inclusive;
    Ok(())
}

fn not_contiguous(what: &str) -> Error {
    Error::new(ErrorKind::DataException, format!("result of range {what} would not be contiguous"))
}
