//! The choice among forms of one name (PostgreSQL documentation, sections 10.2 and 10.3; `func_select_candidate`).

use crate::sql::registry::coercions::can_coerce;
use crate::sql::registry::tables::{STRINGS, UNKNOWN, category, is_preferred};

/// A form that may be meant, with the types that it takes for the arguments that there are.
#[derive(Clone, Debug)]
pub struct CandidateForm<T> {
    pub form: T,
    pub types: Vec<u32>,
}

/// What became of a choice.
#[derive(Debug)]
pub enum Choice<T> {
    One(CandidateForm<T>),
    /// None takes these arguments.
    None,
    /// Several do, and none of them better than the others.
    Several,
}

/// Chooses among forms for arguments of the given types.
pub fn choose<T: Clone>(given: &[u32], candidates: Vec<CandidateForm<T>>) -> Choice<T> {
    let mut left: Vec<CandidateForm<T>> =
        candidates.into_iter().filter(|candidate| can_coerce(given, &candidate.types)).collect();
    match left.len() {
        0 => return Choice::None,
        1 => return left.pop().map_or(Choice::None, Choice::One),
        _ => {}
    }
    left = with_most(left, |types| {
        given.iter().zip(types).filter(|(given, ty)| **given != UNKNOWN && given == ty).count()
    });
    if left.len() > 1 {
        left = with_most(left, |types| {
            let fits = |given: u32, ty: u32| {
                given != UNKNOWN && (given == ty || (category(given) == category(ty) && is_preferred(ty)))
            };
            given.iter().zip(types).filter(|(given, ty)| fits(**given, **ty)).count()
        });
    }
    if left.len() > 1 {
        left = match by_unknown(given, left) {
            Ok(one) => return Choice::One(one),
            Err(left) => left,
        };
    }
    if left.len() == 1 { left.pop().map_or(Choice::None, Choice::One) } else { Choice::Several }
}

/// Those that have the most of something.
fn with_most<T>(candidates: Vec<CandidateForm<T>>, count: impl Fn(&[u32]) -> usize) -> Vec<CandidateForm<T>> {
    let most = candidates.iter().map(|candidate| count(&candidate.types)).max().unwrap_or(0);
    candidates.into_iter().filter(|candidate| count(&candidate.types) == most).collect()
}

/// Decides by the arguments without a type; all that are left where they decide nothing.
fn by_unknown<T: Clone>(
    given: &[u32],
    mut left: Vec<CandidateForm<T>>,
) -> std::result::Result<CandidateForm<T>, Vec<CandidateForm<T>>> {
    let unknowns: Vec<usize> = (0..given.len()).filter(|position| given.get(*position) == Some(&UNKNOWN)).collect();
    if unknowns.is_empty() {
        return Err(left);
    }
    let slots: Option<Vec<(usize, char, bool)>> = unknowns
        .iter()
        .map(|position| slot_category(&left, *position).map(|(category, preferred)| (*position, category, preferred)))
        .collect();
    if let Some(slots) = slots {
        let fits = |candidate: &CandidateForm<T>| {
            slots.iter().all(|(position, wanted, has_preferred)| {
                candidate
                    .types
                    .get(*position)
                    .is_some_and(|ty| category(*ty) == *wanted && (!has_preferred || is_preferred(*ty)))
            })
        };
        let mut fitting: Vec<CandidateForm<T>> = left.iter().filter(|candidate| fits(candidate)).cloned().collect();
        if fitting.len() == 1
            && let Some(one) = fitting.pop()
        {
            return Ok(one);
        }
        if !fitting.is_empty() {
            left = fitting;
        }
    }
    // As the last resort, what has no type has that of the others, where they share one.
    let mut known = given.iter().copied().filter(|ty| *ty != UNKNOWN);
    if let Some(first) = known.next()
        && known.all(|ty| ty == first)
    {
        let alike = vec![first; given.len()];
        let mut fitting: Vec<CandidateForm<T>> =
            left.iter().filter(|candidate| can_coerce(&alike, &candidate.types)).cloned().collect();
        if fitting.len() == 1
            && let Some(one) = fitting.pop()
        {
            return Ok(one);
        }
    }
    Err(left)
}

/// The category that an argument without a type is taken to be of, and whether a form has its preferred type there: texts
/// where a form takes them, else what all agree on.
fn slot_category<T>(candidates: &[CandidateForm<T>], position: usize) -> Option<(char, bool)> {
    let mut slot: Option<(char, bool)> = None;
    let mut has_conflict = false;
    for ty in candidates.iter().filter_map(|candidate| candidate.types.get(position).copied()) {
        let of = category(ty);
        match &mut slot {
            None => slot = Some((of, is_preferred(ty))),
            Some((known, preferred)) if *known == of => *preferred |= is_preferred(ty),
            Some(slot) if of == STRINGS => *slot = (of, is_preferred(ty)),
            Some(_) => has_conflict = true,
        }
    }
    slot.filter(|(category, _)| !has_conflict || *category == STRINGS)
}
