//! Comparisons of packed whole numbers with a constant of whatever type, as ranges.

use std::cmp::Ordering;

use crate::db::columns::bitmap::WORD_BITS;
use crate::db::columns::column_chunk::{ChunkBits, PackedCodes};
use crate::db::columns::value_kind::ValueKind;
use crate::expr::Comparison;
use crate::types::Value;

/// The packed whole numbers for which a comparison holds: those in a range, or those outside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IntRange {
    /// The least number in the range, and the first behind it, which may be beyond 64 bits.
    from: i128,
    to: i128,
    is_outside: bool,
}

impl IntRange {
    /// The numbers of a kind that compare so with a constant; `None` where the truth of the comparison is unknown for all.
    ///
    /// The order of values is asked for where it turns: among the numbers of a kind, those less than the constant come first, then
    /// those that are equal to it, then those that are greater.
    pub fn of(kind: ValueKind, operator: Comparison, constant: &Value) -> Option<IntRange> {
        let (least, greatest) = kind.bounds();
        let order = |number: i64| kind.unpacked(number).compare(constant);
        if order(least).is_none() || order(greatest).is_none() {
            // Of other types: equal to none of them, and in no order.
            let nothing = IntRange { from: 0, to: 0, is_outside: operator == Comparison::NotEqual };
            return matches!(operator, Comparison::Equal | Comparison::NotEqual).then_some(nothing);
        }
        let bounds = (i128::from(least), i128::from(greatest) + 1);
        let equal = first_where(bounds, |number| order(number) != Some(Ordering::Less));
        let greater = first_where(bounds, |number| order(number) == Some(Ordering::Greater));
        let (from, to) = match operator {
            Comparison::Equal | Comparison::NotEqual => (equal, greater),
            Comparison::Less => (bounds.0, equal),
            Comparison::LessOrEqual => (bounds.0, greater),
            Comparison::Greater => (greater, bounds.1),
            Comparison::GreaterOrEqual => (equal, bounds.1),
        };
        Some(IntRange { from, to, is_outside: operator == Comparison::NotEqual })
    }

    /// Sets the bits of the numbers for which it holds. `bounds` are the least and the greatest of them.
    pub fn mark(&self, base: i64, codes: &PackedCodes, (least, greatest): (i64, i64), bits: &mut ChunkBits) {
        let (least, greatest) = (i128::from(least), i128::from(greatest));
        let set = |bits: &mut ChunkBits, is_set: bool| bits.fill(if is_set { u64::MAX } else { 0 });
        if self.from > greatest || self.to <= least || self.from >= self.to {
            return set(bits, self.is_outside);
        }
        if self.from <= least && greatest < self.to {
            return set(bits, !self.is_outside);
        }
        // Both lie within the numbers of the chunk, so that they fit in the distances from its base.
        let distance =
            |number: i128| u64::try_from(number.clamp(least, greatest) - i128::from(base)).unwrap_or(u64::MAX);
        let (first, last) = (distance(self.from), distance(self.to - 1));
        let span = last.saturating_sub(first);
        match codes {
            PackedCodes::U8(codes) => mark_small(codes, first, span, bits),
            PackedCodes::U16(codes) => mark_small(codes, first, span, bits),
            PackedCodes::U32(codes) => mark_small(codes, first, span, bits),
            PackedCodes::U64(codes) => mark_all(codes, bits, |code| code.wrapping_sub(first) <= span),
        }
        if self.is_outside {
            bits.iter_mut().for_each(|word| *word = !*word);
        }
    }
}

/// The first number from the lower bound up to and without the upper one for which `is_so`, which then holds for all behind it;
/// the upper bound where it holds for none.
fn first_where((least, end): (i128, i128), is_so: impl Fn(i64) -> bool) -> i128 {
    let (mut from, mut to) = (least, end);
    while from < to {
        let middle = from + (to - from) / 2;
        if i64::try_from(middle).is_ok_and(&is_so) {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    from
}

/// A code that is narrower than 64 bits.
trait SmallCode: Copy + Into<u64> + TryFrom<u64> {
    /// Whether it lies in a range of codes.
    fn is_in(self, first: Self, span: Self) -> bool;
}

macro_rules! small_code {
    ($($of:ty),*) => {
        $(impl SmallCode for $of {
            #[inline(always)]
            fn is_in(self, first: Self, span: Self) -> bool {
                self.wrapping_sub(first) <= span
            }
        })*
    };
}

small_code!(u8, u16, u32);

fn mark_small<T: SmallCode>(codes: &[T], first: u64, span: u64, bits: &mut ChunkBits) {
    // Both are distances between numbers of the chunk, which its codes can say.
    let (Ok(first), Ok(span)) = (T::try_from(first), T::try_from(span)) else {
        return mark_all(codes, bits, |code| {
            let code: u64 = code.into();
            code.wrapping_sub(first) <= span
        });
    };
    mark_all(codes, bits, |code| code.is_in(first, span));
}

/// Sets the bits of the codes for which `is_in` holds. The loop over bytes is one that compilers turn into wide instructions.
#[inline(always)]
pub(crate) fn mark_all<T: Copy>(codes: &[T], bits: &mut ChunkBits, is_in: impl Fn(T) -> bool) {
    /// Gathers the lowest bits of eight bytes, each 0 or 1, in the highest byte of the product.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    for (word, codes) in bits.iter_mut().zip(codes.chunks(WORD_BITS)) {
        let mut flags = [0_u8; WORD_BITS];
        for (flag, code) in flags.iter_mut().zip(codes) {
            *flag = u8::from(is_in(*code));
        }
        let (eights, _) = flags.as_chunks::<8>();
        *word = (0..)
            .step_by(8)
            .zip(eights)
            .fold(0, |bits, (at, eight)| bits | (u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56) << at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_say_what_comparisons_say() {
        use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        let constants = [
            Value::Int4(5),
            Value::Int8(i64::MIN),
            Value::Int8(i64::MAX),
            Value::Numeric("4.5".parse().unwrap()),
            Value::Numeric("5.000".parse().unwrap()),
            Value::Float8(f64::NAN),
            Value::Float8(f64::INFINITY),
            Value::Float8(-0.0),
            Value::Float8(9.007_199_254_740_993e15),
            Value::Float4(0.1),
            Value::Bool(true),
            Value::text("5"),
            Value::Date(3),
            Value::TimestampTz(86_400_000_000 * 3 + 1),
            Value::Time(7),
        ];
        let numbers = [i64::MIN, -1, 0, 1, 2, 3, 4, 5, 6, 7, 1 << 53, (1 << 53) + 1, 86_400_000_000 * 3, i64::MAX];
        for kind in [
            ValueKind::Bool,
            ValueKind::Int2,
            ValueKind::Int4,
            ValueKind::Int8,
            ValueKind::Date,
            ValueKind::Time,
            ValueKind::Timestamp,
            ValueKind::Numeric { scale: 2 },
        ] {
            let (least, greatest) = kind.bounds();
            let numbers: Vec<i64> =
                numbers.iter().copied().filter(|number| (least..=greatest).contains(number)).collect();
            let base = *numbers.iter().min().unwrap();
            let top = *numbers.iter().max().unwrap();
            let codes: Vec<u64> = numbers.iter().map(|number| number.wrapping_sub(base).cast_unsigned()).collect();
            for constant in &constants {
                for operator in [Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual] {
                    let range = IntRange::of(kind, operator, constant);
                    let mut bits = [0; crate::db::columns::column_chunk::CHUNK_WORDS];
                    if let Some(range) = &range {
                        range.mark(base, &PackedCodes::of(&codes), (base, top), &mut bits);
                    }
                    for (row, number) in numbers.iter().enumerate() {
                        let wanted = operator.compare(&kind.unpacked(*number), constant);
                        let said = range.map(|_| bits[0] >> row & 1 == 1);
                        assert_eq!(said, wanted, "{kind:?} {number} {operator:?} {constant:?}");
                    }
                }
            }
        }
    }
}
