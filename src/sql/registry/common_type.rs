//! The type that several expressions of which one is the result have in common (PostgreSQL documentation, section 10.5).

use crate::error::{Error, ErrorKind, Result};
use crate::sql::registry::coercions::{CastContext, coercion};
use crate::sql::registry::errors::{cannot_convert, type_name};
use crate::sql::registry::tables::{TEXT, UNKNOWN, category, is_preferred};

/// The type that expressions of those types have in common: OIDs of `pg_type`, `unknown` (705) for what has none. `of` is what
/// they are in, as PostgreSQL says it (`CASE`, `UNION`, `ARRAY`).
///
/// # Errors
/// 42804 for types of different categories, 42846 where one of them does not become the type that the others have.
pub fn common_type(types: &[u32], of: &str) -> Result<u32> {
    let common = common_of(types).map_err(|(one, other)| {
        let message = format!("{of} types {} and {} cannot be matched", type_name(one), type_name(other));
        Error::new(ErrorKind::DatatypeMismatch, message)
    })?;
    let fits = |ty: u32| ty == UNKNOWN || coercion(ty, common, CastContext::Implicit).is_some();
    match types.iter().copied().find(|ty| !fits(*ty)) {
        Some(ty) => Err(cannot_convert(of, ty, common)),
        None => Ok(common),
    }
}

/// The type in common.
///
/// # Errors
/// Two types of different categories.
pub fn common_of(types: &[u32]) -> std::result::Result<u32, (u32, u32)> {
    let mut common = types.first().copied().unwrap_or(UNKNOWN);
    for ty in types.iter().copied().skip(1).filter(|ty| *ty != UNKNOWN) {
        if ty == common {
            continue;
        }
        if common == UNKNOWN {
            common = ty;
        } else if category(ty) != category(common) {
            return Err((common, ty));
        } else if !is_preferred(common)
            && coercion(common, ty, CastContext::Implicit).is_some()
            && coercion(ty, common, CastContext::Implicit).is_none()
        {
            common = ty;
        }
    }
    Ok(if common == UNKNOWN { TEXT } else { common })
}
