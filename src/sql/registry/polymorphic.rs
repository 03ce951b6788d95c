//! What `anyelement`, `anyarray`, `anycompatible` and their like stand for in a call (PostgreSQL documentation, section 36.2.5).

use crate::sql::registry::coercions::{CastContext, coercion};
use crate::sql::registry::common_type::common_of;
use crate::sql::registry::tables::{TEXT, UNKNOWN, array_of, element_of};
use crate::types::EnumType;

const ANY_ARRAY: u32 = 2277;
const ANY_ELEMENT: u32 = 2283;
const ANY_NON_ARRAY: u32 = 2776;
const ANY_ENUM: u32 = 3500;
const ANY_RANGE: u32 = 3831;
const ANY_MULTIRANGE: u32 = 4537;
const ANY_COMPATIBLE_MULTIRANGE: u32 = 4538;
const ANY_COMPATIBLE: u32 = 5077;
const ANY_COMPATIBLE_ARRAY: u32 = 5078;
const ANY_COMPATIBLE_NON_ARRAY: u32 = 5079;
const ANY_COMPATIBLE_RANGE: u32 = 5080;

/// Ranges, their multiranges and what they are of: `pg_range`.
const RANGES: [(u32, u32, u32); 6] = [
    (3904, 4451, 23),
    (3906, 4532, 1700),
    (3908, 4533, 1114),
    (3910, 4534, 1184),
    (3912, 4535, 1082),
    (3926, 4536, 20),
];

pub fn is_polymorphic(ty: u32) -> bool {
    matches!(ty, ANY_ARRAY | ANY_ELEMENT | ANY_NON_ARRAY | ANY_ENUM | ANY_RANGE | ANY_MULTIRANGE) || is_compatible(ty)
}

/// Whether a type is of the family whose members need not be the same, but have one in common.
fn is_compatible(ty: u32) -> bool {
    matches!(
        ty,
        ANY_COMPATIBLE
            | ANY_COMPATIBLE_ARRAY
            | ANY_COMPATIBLE_NON_ARRAY
            | ANY_COMPATIBLE_RANGE
            | ANY_COMPATIBLE_MULTIRANGE
    )
}

/// What the types of a call stand for.
#[derive(Debug, Default)]
struct Bound {
    element: Option<u32>,
    array: Option<u32>,
    range: Option<u32>,
    common: Option<u32>,
}

/// Why the types of a call stand for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unbound {
    /// No argument says it.
    Unknown,
    /// There is no such type: arrays of it are the type itself.
    NoArray(u32),
    /// Two arguments say something else.
    Contradiction,
}

/// Whether the arguments of a call agree on what its polymorphic parameters stand for.
pub fn is_consistent(given: &[u32], wanted: &[u32]) -> bool {
    bind(given, wanted).is_some()
}

/// The types that the arguments of a call take and that of its result.
///
/// # Errors
/// [`Unbound`] where nothing says what a polymorphic type stands for.
pub fn settle(given: &[u32], wanted: &[u32], result: u32) -> Result<(Vec<u32>, u32), Unbound> {
    let bound = bind(given, wanted).ok_or(Unbound::Contradiction)?;
    let arguments = wanted.iter().map(|wanted| bound.stands_for(*wanted));
    let arguments = arguments.collect::<Result<Vec<u32>, Unbound>>()?;
    Ok((arguments, bound.stands_for(result)?))
}

fn bind(given: &[u32], wanted: &[u32]) -> Option<Bound> {
    let mut bound = Bound::default();
    let mut compatible = Vec::new();
    let known = given.iter().copied().zip(wanted.iter().copied()).filter(|(given, _)| *given != UNKNOWN);
    for (given, wanted) in known.clone() {
        let (slot, value) = match wanted {
            ANY_ELEMENT | ANY_NON_ARRAY | ANY_ENUM => (&mut bound.element, given),
            ANY_ARRAY => (&mut bound.array, given),
            ANY_RANGE | ANY_COMPATIBLE_RANGE => (&mut bound.range, given),
            ANY_MULTIRANGE | ANY_COMPATIBLE_MULTIRANGE => {
                (&mut bound.range, RANGES.iter().find(|(_, many, _)| *many == given)?.0)
            }
            ANY_COMPATIBLE | ANY_COMPATIBLE_NON_ARRAY => {
                compatible.push(given);
                continue;
            }
            ANY_COMPATIBLE_ARRAY => {
                compatible.push(element_of(given)?);
                continue;
            }
            _ => continue,
        };
        if slot.is_some_and(|before| before != value) {
            return None;
        }
        *slot = Some(value);
    }
    let ranged = match bound.range {
        Some(range) => Some(RANGES.iter().find(|(one, ..)| *one == range)?.2),
        None => None,
    };
    let of_compatible = wanted.iter().any(|ty| matches!(*ty, ANY_COMPATIBLE_RANGE | ANY_COMPATIBLE_MULTIRANGE));
    let elements =
        [bound.array.map_or(Some(None), |array| element_of(array).map(Some))?, ranged.filter(|_| !of_compatible)];
    for element in elements.into_iter().flatten() {
        if bound.element.is_some_and(|before| before != element) {
            return None;
        }
        bound.element = Some(element);
    }
    let is_array = |ty: Option<u32>| ty.is_some_and(|ty| element_of(ty).is_some());
    if (wanted.contains(&ANY_NON_ARRAY) && is_array(bound.element))
        || (wanted.contains(&ANY_ENUM) && bound.element.is_some_and(|element| !EnumType::is_oid(element)))
    {
        return None;
    }
    compatible.extend(ranged.filter(|_| of_compatible));
    if wanted.iter().any(|ty| is_compatible(*ty)) {
        let common = if compatible.is_empty() { TEXT } else { common_of(&compatible).ok()? };
        let all_fit = compatible.iter().all(|ty| coercion(*ty, common, CastContext::Implicit).is_some());
        if !all_fit || (wanted.contains(&ANY_COMPATIBLE_NON_ARRAY) && is_array(Some(common))) {
            return None;
        }
        bound.common = Some(common);
    }
    Some(bound)
}

impl Bound {
    fn stands_for(&self, ty: u32) -> Result<u32, Unbound> {
        let array = |element: u32| array_of(element).ok_or(Unbound::NoArray(element));
        let range = |many: bool| {
            let range = RANGES.iter().find(|(one, ..)| Some(*one) == self.range).ok_or(Unbound::Unknown)?;
            Ok(if many { range.1 } else { range.0 })
        };
        match ty {
            ANY_ELEMENT | ANY_NON_ARRAY | ANY_ENUM => self.element.ok_or(Unbound::Unknown),
            // Vectors of numbers are arrays that no type of elements has.
            ANY_ARRAY if self.array.is_some() => self.array.ok_or(Unbound::Unknown),
            ANY_ARRAY => self.element.ok_or(Unbound::Unknown).and_then(array),
            ANY_COMPATIBLE | ANY_COMPATIBLE_NON_ARRAY => self.common.ok_or(Unbound::Unknown),
            ANY_COMPATIBLE_ARRAY => self.common.ok_or(Unbound::Unknown).and_then(array),
            ANY_RANGE | ANY_COMPATIBLE_RANGE => range(false),
            ANY_MULTIRANGE | ANY_COMPATIBLE_MULTIRANGE => range(true),
            other => Ok(other),
        }
    }
}
