//! Which form of a function a call means (PostgreSQL documentation, section 10.3; `func_get_detail`).

use crate::error::Result;
use crate::sql::registry::candidates::{CandidateForm, Choice, choose};
use crate::sql::registry::coercions::{CastContext, Coercion, coercion};
use crate::sql::registry::errors::{ambiguous_function, unbound, undefined_call};
use crate::sql::registry::polymorphic::settle;
use crate::sql::registry::tables::{FunctionEntry, UNKNOWN, forms, type_named};

/// What a call gives: OIDs of `pg_type`, `unknown` (705) for what has no type.
#[derive(Clone, Debug, Default)]
pub struct CallArguments<'a> {
    pub types: Vec<u32>,
    /// The names of the last of them, in order; empty where all go by position.
    pub names: Vec<&'a str>,
    /// VARIADIC stands before the last.
    pub is_variadic: bool,
}

/// A function with the types that its arguments take and that of its result.
#[derive(Clone, Debug)]
pub struct ResolvedFunction {
    /// The form; `None` for a cast that is written as a call: `int8(x)`.
    pub form: Option<&'static FunctionEntry>,
    /// The type of each argument of the call, in its order.
    pub arguments: Vec<u32>,
    pub result: u32,
}

/// The form of a function that a call means.
///
/// # Errors
/// 42883 where none takes these arguments, 42725 where several are as good, 42804 where nothing says what a polymorphic type
/// stands for.
pub fn resolve_function(name: &str, call: &CallArguments<'_>) -> Result<ResolvedFunction> {
    let candidates = candidates(name, call);
    let exact = candidates.iter().find(|candidate| candidate.types == call.types).cloned();
    let candidate = match exact {
        Some(candidate) => candidate,
        None => {
            if let Some(target) = written_cast(name, call) {
                return Ok(ResolvedFunction { form: None, arguments: vec![target], result: target });
            }
            match choose(&call.types, candidates) {
                Choice::One(candidate) => candidate,
                Choice::None => return Err(undefined_call(name, call)),
                Choice::Several => return Err(ambiguous_function(name, call)),
            }
        }
    };
    let (arguments, result) = settle(&call.types, &candidate.types, candidate.form.result).map_err(unbound)?;
    Ok(ResolvedFunction { form: Some(candidate.form), arguments, result })
}

/// The type that a call of one argument is a cast to.
fn written_cast(name: &str, call: &CallArguments<'_>) -> Option<u32> {
    let [source] = call.types.as_slice() else { return None };
    if !call.names.is_empty() || call.is_variadic {
        return None;
    }
    let target = type_named(name)?;
    let is_cast = *source == UNKNOWN
        || matches!(coercion(*source, target.oid, CastContext::Explicit), Some(Coercion::Same | Coercion::ByText));
    is_cast.then_some(target.oid)
}

/// The forms that take that many arguments, and by those names.
fn candidates(name: &str, call: &CallArguments<'_>) -> Vec<CandidateForm<&'static FunctionEntry>> {
    let mut found: Vec<(CandidateForm<&'static FunctionEntry>, bool)> = Vec::new();
    for form in forms(name).iter().copied() {
        let Some((types, is_expanded)) = taken(form, call) else { continue };
        // What takes just these arguments is meant before what takes any number of them.
        if let Some((known, known_expanded)) = found.iter_mut().find(|(known, _)| known.types == types) {
            if *known_expanded && (!is_expanded || form.arguments.len() > known.form.arguments.len()) {
                (*known, *known_expanded) = (CandidateForm { form, types }, is_expanded);
            }
            continue;
        }
        found.push((CandidateForm { form, types }, is_expanded));
    }
    found.into_iter().map(|(candidate, _)| candidate).collect()
}

/// The types that a form takes for the arguments of a call, and whether some stand for the elements of its last one; `None` where it
/// takes no such number of them, or not by these names.
fn taken(form: &FunctionEntry, call: &CallArguments<'_>) -> Option<(Vec<u32>, bool)> {
    let given = call.types.len();
    let declared = form.arguments.len();
    let least = declared.saturating_sub(form.defaults.len());
    if call.is_variadic {
        return (form.variadic != 0 && given == declared && call.names.is_empty())
            .then(|| (form.arguments.clone(), false));
    }
    if !call.names.is_empty() {
        return by_name(form, call).map(|types| (types, false));
    }
    if form.variadic != 0 && given >= declared {
        let mut types = form.arguments.clone();
        types.pop();
        types.resize(given, form.variadic);
        return Some((types, true));
    }
    (given >= least && given <= declared).then(|| (form.arguments.get(..given).unwrap_or_default().to_vec(), false))
}

/// The types of arguments of which some are given by name.
fn by_name(form: &FunctionEntry, call: &CallArguments<'_>) -> Option<Vec<u32>> {
    let declared = form.arguments.len();
    let names = form.names.get(..declared)?;
    let positional = call.types.len().checked_sub(call.names.len())?;
    let mut types = form.arguments.get(..positional)?.to_vec();
    let mut is_given = vec![false; declared];
    is_given.iter_mut().take(positional).for_each(|slot| *slot = true);
    for name in &call.names {
        let place = names.iter().position(|known| known == name)?;
        let slot = is_given.get_mut(place).filter(|slot| !**slot)?;
        *slot = true;
        types.push(*form.arguments.get(place)?);
    }
    let least = declared.saturating_sub(form.defaults.len());
    is_given.iter().take(least).all(|is_given| *is_given).then_some(types)
}
