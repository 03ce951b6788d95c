//! The numbers of a sequence, from what a statement says of them: `init_params` of PostgreSQL's `sequence.c`.

use crate::error::{Error, ErrorKind, Result};
use crate::model::{SequenceKind, SequenceNumbers};
use crate::sql::parse::sequence_text::GivenNumbers;

/// What a statement makes of a sequence's numbers: of those that it `known`ly has, or of a new one's.
///
/// # Errors
/// 22023, in PostgreSQL's words, for numbers that contradict each other or the type.
pub fn numbers_of(
    given: &GivenNumbers,
    kind: SequenceKind,
    known: Option<&SequenceNumbers>,
) -> Result<SequenceNumbers> {
    let increment = given.increment.unwrap_or_else(|| known.map_or(1, |known| known.increment));
    if increment == 0 {
        return Err(invalid("INCREMENT must not be zero".to_string()));
    }
    let (plain, (least, greatest)) = (SequenceNumbers::new(kind, increment), kind.bounds());
    // Bounds that were those of the type before follow it.
    let follows = |bound: fn((i64, i64)) -> i64, has: fn(&SequenceNumbers) -> i64| {
        known.is_some_and(|known| known.kind != kind && has(known) == bound(known.kind.bounds()))
    };
    let max = match (given.max, known) {
        (Some(Some(max)), _) => max,
        _ if follows(|bounds| bounds.1, |known| known.max) => greatest,
        (None, Some(known)) => known.max,
        (Some(None) | None, _) => plain.max,
    };
    let min = match (given.min, known) {
        (Some(Some(min)), _) => min,
        _ if follows(|bounds| bounds.0, |known| known.min) => least,
        (None, Some(known)) => known.min,
        (Some(None) | None, _) => plain.min,
    };
    for (what, value) in [("MAXVALUE", max), ("MINVALUE", min)] {
        if !(least..=greatest).contains(&value) {
            return Err(invalid(format!("{what} ({value}) is out of range for sequence data type {}", kind.ty())));
        }
    }
    if min >= max {
        return Err(invalid(format!("MINVALUE ({min}) must be less than MAXVALUE ({max})")));
    }
    let first = SequenceNumbers { min, max, ..plain }.first();
    let numbers = SequenceNumbers {
        kind,
        start: given.start.unwrap_or_else(|| known.map_or(first, |known| known.start)),
        increment,
        min,
        max,
        cycle: given.cycle.unwrap_or_else(|| known.is_some_and(|known| known.cycle)),
        cache: given.cache.unwrap_or_else(|| known.map_or(1, |known| known.cache)),
    };
    check_within("START", numbers.start, &numbers)?;
    if numbers.cache < 1 {
        return Err(invalid(format!("CACHE ({}) must be greater than zero", numbers.cache)));
    }
    Ok(numbers)
}

/// Whether a number is within the bounds of a sequence.
///
/// # Errors
/// 22023, in PostgreSQL's words.
pub fn check_within(what: &str, value: i64, numbers: &SequenceNumbers) -> Result<()> {
    if value < numbers.min {
        return Err(invalid(format!("{what} value ({value}) cannot be less than MINVALUE ({})", numbers.min)));
    }
    if value > numbers.max {
        return Err(invalid(format!("{what} value ({value}) cannot be greater than MAXVALUE ({})", numbers.max)));
    }
    Ok(())
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidParameterValue, message)
}
