//! Whether a value of one type may stand where another is wanted (`find_coercion_pathway` of PostgreSQL).

use crate::sql::registry::polymorphic::{self, is_polymorphic};
use crate::sql::registry::tables::{STRINGS, UNKNOWN, cast_between, category, element_of};

/// The type of a parameter that takes anything.
const ANY: u32 = 2276;
/// Vectors of numbers in catalogs, which are no arrays to casts.
const NUMBER_VECTORS: [u32; 2] = [22, 30];

/// Where a value is converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CastContext {
    /// In an expression, without being asked.
    Implicit,
    /// Into a column.
    Assignment,
    /// By a cast.
    Explicit,
}

/// How a value is converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coercion {
    /// It is what is wanted as it is.
    Same,
    /// By a function.
    Function,
    /// By way of its text.
    ByText,
    /// Element by element.
    Elements,
}

/// How a value of one type becomes one of another where the context allows it; `None` where it does not.
pub fn coercion(source: u32, target: u32, context: CastContext) -> Option<Coercion> {
    if source == target {
        return Some(Coercion::Same);
    }
    if let Some(cast) = cast_between(source, target) {
        let needed = match cast.context {
            'i' => CastContext::Implicit,
            'a' => CastContext::Assignment,
            _ => CastContext::Explicit,
        };
        let way = match cast.method {
            'b' => Coercion::Same,
            'i' => Coercion::ByText,
            _ => Coercion::Function,
        };
        return (context >= needed).then_some(way);
    }
    if !NUMBER_VECTORS.contains(&target)
        && let (Some(from), Some(to)) = (element_of(source), element_of(target))
        && let Some(way) = coercion(from, to, context)
    {
        return Some(if way == Coercion::Same { Coercion::Same } else { Coercion::Elements });
    }
    let by_text = (context >= CastContext::Assignment && category(target) == STRINGS)
        || (context == CastContext::Explicit && category(source) == STRINGS);
    by_text.then_some(Coercion::ByText)
}

/// Whether values of those types may all be given, without a cast, where the others are wanted.
pub fn can_coerce(given: &[u32], wanted: &[u32]) -> bool {
    let mut has_polymorphic = false;
    for (source, target) in given.iter().copied().zip(wanted.iter().copied()) {
        if is_polymorphic(target) {
            has_polymorphic |= source != target;
            continue;
        }
        let fits = source == target || target == ANY || source == UNKNOWN;
        if !fits && coercion(source, target, CastContext::Implicit).is_none() {
            return false;
        }
    }
    !has_polymorphic || polymorphic::is_consistent(given, wanted)
}
