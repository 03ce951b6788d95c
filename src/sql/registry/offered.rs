//! What of the tables this server runs: the rest only takes part in the choice, so that a literal means what it means in
//! PostgreSQL, and no catalog lists it.

use crate::sql::registry::tables::OperatorEntry;
use crate::types::ColumnType;

/// Types that only functions take and return: OID, name, bytes of a value as `typlen` has them.
pub const PSEUDO_TYPES: &[(u32, &str, i16)] = &[
    (2249, "record", -1),
    (2275, "cstring", -2),
    (2276, "any", 4),
    (2277, "anyarray", -1),
    (2279, "trigger", 4),
    (2281, "internal", 8),
    (2283, "anyelement", 4),
    (2776, "anynonarray", 4),
    (3500, "anyenum", 4),
    (3831, "anyrange", -1),
    (3838, "event_trigger", 4),
    (4537, "anymultirange", -1),
    (4538, "anycompatiblemultirange", -1),
    (5077, "anycompatible", 4),
    (5078, "anycompatiblearray", -1),
    (5079, "anycompatiblenonarray", 4),
    (5080, "anycompatiblerange", -1),
];

/// Whether values of a type can be here, or functions take and return it.
pub fn is_offered_type(oid: u32) -> bool {
    ColumnType::from_oid(oid).is_some() || PSEUDO_TYPES.iter().any(|(pseudo, ..)| *pseudo == oid)
}

/// Operators over types that are here which this server does not run: COMPAT.md names them.
const NOT_RUN: [u32; 12] = [
    // LIKE of bytes.
    2016, 2017, // An old name of @@.
    3660, 3661, // Texts compared by their bytes.
    2314, 2315, 2317, 2318, 2326, 2327, 2329, 2330,
];

/// Whether this server runs an operator, whatever its types are.
pub fn is_run(operator: &OperatorEntry) -> bool {
    !NOT_RUN.contains(&operator.oid)
}

/// Whether this server runs an operator and has its types, so that catalogs list it.
pub fn is_offered_operator(operator: &OperatorEntry) -> bool {
    let types = [operator.left, operator.right, operator.result];
    types.iter().all(|ty| *ty == 0 || is_offered_type(*ty)) && is_run(operator)
}
