//! The first value that rows of columns are ordered by, tested where it lies packed: most rows come behind the last one that is
//! kept by this value alone, and are passed over without being looked at any closer.

use std::cmp::Ordering;

use crate::db::columns::bitmap::{WORD_BITS, ones};
use crate::db::columns::column_chunk::{ChunkData, ColumnChunk, PackedCodes, has};
use crate::db::columns::value_column::ValueColumn;
use crate::db::columns::value_kind::ValueKind;
use crate::db::read::query::Order;
use crate::db::read::sort_order::{is_undecided, sort_order};
use crate::error::Result;
use crate::types::Value;

/// What the first value of a row must not come behind.
enum FirstLimit {
    /// There are not enough rows yet: any will do.
    Any,
    /// The row that is to be outdone has this value.
    Value(Value),
}

/// The first value of an order, and which of its column's rows may still be among the first ones.
pub(super) struct FirstKey<'a> {
    column: &'a ValueColumn,
    order: &'a Order,
    limit: FirstLimit,
    /// Codes of the dictionary whose values come behind the limit, and so behind every later one.
    rejected: Vec<bool>,
    /// The packed numbers that pass, both ends included; empty where the first is greater.
    range: (i64, i64),
    passes_nulls: bool,
    /// Whether a row that is equal comes behind.
    is_strict: bool,
}

impl<'a> FirstKey<'a> {
    pub fn new(column: &'a ValueColumn, order: &'a Order) -> FirstKey<'a> {
        let codes = column.dictionary().map_or(0, |dictionary| dictionary.len());
        let everything = (i64::MIN, i64::MAX);
        let rejected = vec![false; codes];
        FirstKey {
            column,
            order,
            limit: FirstLimit::Any,
            rejected,
            range: everything,
            passes_nulls: true,
            is_strict: false,
        }
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        self.rejected.len()
    }

    /// Calls `take` with each selected row of a chunk that its first value lets pass. Where a row is kept, `take` gives back the first
    /// value of the row that has to be outdone from then on, once there is one. `is_strict` says that rows which are equal in this value
    /// come behind those before.
    ///
    /// # Errors
    /// As `take`.
    pub fn each_passing(
        &mut self,
        number: usize,
        selected: &[u64],
        is_strict: bool,
        take: &mut dyn FnMut(usize) -> Result<Option<Value>>,
    ) -> Result<()> {
        self.is_strict = is_strict;
        self.renew();
        let Some(chunk) = self.column.chunks().get(number) else { return Ok(()) };
        if !self.may_pass(chunk) {
            return Ok(());
        }
        match chunk.data() {
            ChunkData::Nothing => self.walk(chunk, selected, take, |_, _| false),
            ChunkData::Ints { base, codes } => self.walk_ints(chunk, (*base, codes), selected, take),
            ChunkData::Float4(numbers) => self.walk(chunk, selected, take, |key, row| {
                numbers.get(row).is_some_and(|number| key.is_inside(float_order(f64::from(*number))))
            }),
            ChunkData::Float8(numbers) => self.walk(chunk, selected, take, |key, row| {
                numbers.get(row).is_some_and(|number| key.is_inside(float_order(*number)))
            }),
            ChunkData::Dictionary(codes) => {
                self.walk(chunk, selected, take, |key, row| key.passes_code(codes.get(row)))
            }
            ChunkData::Text { .. } => self.walk(chunk, selected, take, |key, row| match chunk.text(row) {
                Some(text) => key.passes_text(text),
                None => true,
            }),
        }
    }

    fn walk_ints(
        &mut self,
        chunk: &ColumnChunk,
        (base, codes): (i64, &PackedCodes),
        selected: &[u64],
        take: &mut dyn FnMut(usize) -> Result<Option<Value>>,
    ) -> Result<()> {
        let inside = |key: &FirstKey<'_>, code: Option<u64>| {
            code.is_some_and(|code| key.is_inside(base.wrapping_add_unsigned(code)))
        };
        match codes {
            PackedCodes::U8(codes) => {
                self.walk(chunk, selected, take, |key, row| inside(key, codes.get(row).map(|code| u64::from(*code))))
            }
            PackedCodes::U16(codes) => {
                self.walk(chunk, selected, take, |key, row| inside(key, codes.get(row).map(|code| u64::from(*code))))
            }
            PackedCodes::U32(codes) => {
                self.walk(chunk, selected, take, |key, row| inside(key, codes.get(row).map(|code| u64::from(*code))))
            }
            PackedCodes::U64(codes) => {
                self.walk(chunk, selected, take, |key, row| inside(key, codes.get(row).copied()))
            }
        }
    }

    fn walk(
        &mut self,
        chunk: &ColumnChunk,
        selected: &[u64],
        take: &mut dyn FnMut(usize) -> Result<Option<Value>>,
        passes: impl Fn(&mut FirstKey<'a>, usize) -> bool,
    ) -> Result<()> {
        for (word, base) in selected.iter().zip((0..).step_by(WORD_BITS)) {
            for bit in ones(*word) {
                let row = base + bit as usize;
                let is_passing = if has(chunk.valid(), row) { passes(self, row) } else { self.passes_nulls };
                if is_passing && let Some(limit) = take(row)? {
                    self.limit = FirstLimit::Value(limit);
                    self.renew();
                }
            }
        }
        Ok(())
    }

    /// Whether any row of a chunk may pass, by its least and greatest value.
    fn may_pass(&self, chunk: &ColumnChunk) -> bool {
        let zone = chunk.zone();
        let floats = zone.floats.map(|(least, greatest)| (float_order(least), float_order(greatest)));
        let values = match zone.ints.or(floats) {
            Some((least, greatest)) => self.range.0 <= greatest && least <= self.range.1,
            None => !matches!(chunk.data(), ChunkData::Nothing),
        };
        values || (self.passes_nulls && zone.nulls > 0)
    }

    fn is_inside(&self, number: i64) -> bool {
        self.range.0 <= number && number <= self.range.1
    }

    fn passes_code(&mut self, code: u64) -> bool {
        let FirstLimit::Value(limit) = &self.limit else { return true };
        let place = usize::try_from(code).unwrap_or(usize::MAX);
        if self.rejected.get(place).is_some_and(|is_rejected| *is_rejected) {
            return false;
        }
        let dictionary = self.column.dictionary();
        let value = u32::try_from(code).ok().and_then(|code| dictionary.and_then(|dictionary| dictionary.value(code)));
        // What is not known here is found out by whoever looks closer.
        let Some(value) = value.filter(|value| !is_undecided(value, limit)) else { return true };
        let order = sort_order(value, limit, self.order.descending, self.order.nulls_first);
        if order == Ordering::Greater
            && let Some(is_rejected) = self.rejected.get_mut(place)
        {
            *is_rejected = true;
        }
        order == Ordering::Less || (order == Ordering::Equal && !self.is_strict)
    }

    fn passes_text(&self, text: &str) -> bool {
        let order = match &self.limit {
            FirstLimit::Value(Value::Text(limit)) if self.column.kind() == ValueKind::Text => text.cmp(limit),
            FirstLimit::Value(Value::Null) => return !self.order.nulls_first,
            FirstLimit::Value(_) | FirstLimit::Any => return true,
        };
        let order = if self.order.descending { order.reverse() } else { order };
        order == Ordering::Less || (order == Ordering::Equal && !self.is_strict)
    }

    /// What follows from the limit.
    fn renew(&mut self) {
        const NOTHING: (i64, i64) = (i64::MAX, i64::MIN);
        let everything = (i64::MIN, i64::MAX);
        (self.range, self.passes_nulls) = match &self.limit {
            FirstLimit::Any => (everything, true),
            FirstLimit::Value(Value::Null) if self.order.nulls_first => (NOTHING, !self.is_strict),
            FirstLimit::Value(Value::Null) => (everything, !self.is_strict),
            FirstLimit::Value(value) => {
                let range = match packed(self.column.kind(), value) {
                    Some(number) => bounded(number, self.order.descending, self.is_strict).unwrap_or(NOTHING),
                    None => everything,
                };
                (range, self.order.nulls_first)
            }
        };
    }
}

/// The numbers that come before one, or with it.
fn bounded(number: i64, descending: bool, is_strict: bool) -> Option<(i64, i64)> {
    match (descending, is_strict) {
        (false, false) => Some((i64::MIN, number)),
        (false, true) => Some((i64::MIN, number.checked_sub(1)?)),
        (true, false) => Some((number, i64::MAX)),
        (true, true) => Some((number.checked_add(1)?, i64::MAX)),
    }
}

/// A value as the number that stands for it in the order of its column.
fn packed(kind: ValueKind, value: &Value) -> Option<i64> {
    match (kind, value) {
        (ValueKind::Float4, Value::Float4(number)) => Some(float_order(f64::from(*number))),
        (ValueKind::Float8, Value::Float8(number)) => Some(float_order(*number)),
        _ => kind.packed(value),
    }
}

/// A number for each float in the order of floats: the zeros have one, and NaN has the greatest.
fn float_order(number: f64) -> i64 {
    if number.is_nan() {
        return i64::MAX;
    }
    // Adding zero makes both zeros the positive one.
    let bits = (number + 0.0).to_bits().cast_signed();
    if bits < 0 { bits ^ i64::MAX } else { bits }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::columns::column_chunk::order_floats;

    #[test]
    fn numbers_of_floats_are_in_the_order_of_floats() {
        let floats =
            [f64::NEG_INFINITY, -1.5, -f64::MIN_POSITIVE, -0.0, 0.0, 5e-324, 1.0, f64::INFINITY, f64::NAN, -f64::NAN];
        for left in floats {
            for right in floats {
                assert_eq!(float_order(left).cmp(&float_order(right)), order_floats(left, right), "{left} {right}");
            }
        }
    }

    #[test]
    fn nothing_comes_before_the_least_number() {
        assert_eq!(bounded(i64::MIN, false, true), None);
        assert_eq!(bounded(i64::MAX, true, true), None);
        assert_eq!(bounded(i64::MIN, false, false), Some((i64::MIN, i64::MIN)));
        assert_eq!(bounded(3, true, true), Some((4, i64::MAX)));
    }
}
