//! What the files of this folder list, read once.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::types::EnumType;

/// The type of what has none yet: a literal or a parameter.
pub const UNKNOWN: u32 = 705;
pub const TEXT: u32 = 25;
/// The category of texts.
pub const STRINGS: char = 'S';

/// A type, as `pg_type` has it.
#[derive(Clone, Copy, Debug)]
pub struct TypeEntry {
    pub oid: u32,
    pub name: &'static str,
    pub category: char,
    pub is_preferred: bool,
    /// The type of arrays of it, 0 where there is none.
    pub array: u32,
    /// The type of its elements, 0 where it has none.
    pub element: u32,
}

/// An operator, as `pg_operator` has it.
#[derive(Clone, Copy, Debug)]
pub struct OperatorEntry {
    pub name: &'static str,
    pub oid: u32,
    /// The type on the left, 0 for an operator that stands before its operand.
    pub left: u32,
    pub right: u32,
    pub result: u32,
    pub commutator: u32,
    pub negator: u32,
    pub can_merge: bool,
    pub can_hash: bool,
    /// The name of the function that computes it.
    pub function: &'static str,
}

/// What kind of function one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionKind {
    Scalar,
    Aggregate,
    Window,
}

/// What kind of aggregate one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AggregateKind {
    Plain,
    OrderedSet,
    Hypothetical,
}

/// One form of a function, as `pg_proc` has it.
#[derive(Clone, Debug)]
pub struct FunctionEntry {
    pub name: &'static str,
    pub oid: u32,
    pub kind: FunctionKind,
    /// `i`, `s` or `v`.
    pub volatility: char,
    pub is_strict: bool,
    pub returns_set: bool,
    /// The type of what may follow the other arguments, 0 where nothing may. Its array is the last of `arguments`.
    pub variadic: u32,
    pub result: u32,
    pub arguments: Vec<u32>,
    /// The names of the arguments, then those of the columns; empty where they have none.
    pub names: Vec<&'static str>,
    /// What the last arguments are where they are left out, as SQL.
    pub defaults: Vec<&'static str>,
    /// The types of the columns of a result that has several.
    pub columns: Vec<u32>,
    pub aggregate: AggregateKind,
    /// How many arguments of an aggregate over an ordered set are given directly.
    pub direct_arguments: u16,
}

/// A cast, as `pg_cast` has it.
#[derive(Clone, Copy, Debug)]
pub struct CastEntry {
    pub source: u32,
    pub target: u32,
    pub oid: u32,
    /// `i` for implicit, `a` for assignment, `e` for explicit.
    pub context: char,
    /// `f` for a function, `b` for the same bytes, `i` for input and output.
    pub method: char,
    /// The name of the function, `-` for none.
    pub function: &'static str,
}

/// The lines of a table, cut into words.
fn lines(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().filter(|line| !line.starts_with("--")).map(|line| line.split(' ').collect())
}

static TYPES: LazyLock<Vec<TypeEntry>> =
    LazyLock::new(|| lines(include_str!("types.txt")).filter_map(|words| type_of(&words)).collect());
static TYPES_BY_OID: LazyLock<HashMap<u32, &'static TypeEntry>> =
    LazyLock::new(|| TYPES.iter().map(|entry| (entry.oid, entry)).collect());
static TYPES_BY_NAME: LazyLock<HashMap<&'static str, &'static TypeEntry>> =
    LazyLock::new(|| TYPES.iter().map(|entry| (entry.name, entry)).collect());
static OPERATORS: LazyLock<Vec<OperatorEntry>> =
    LazyLock::new(|| lines(include_str!("operators.txt")).filter_map(|words| operator_of(&words)).collect());
static FUNCTIONS: LazyLock<Vec<FunctionEntry>> =
    LazyLock::new(|| lines(include_str!("functions.txt")).filter_map(|words| function_of(&words)).collect());
static CASTS: LazyLock<Vec<CastEntry>> =
    LazyLock::new(|| lines(include_str!("casts.txt")).filter_map(|words| cast_of(&words)).collect());
static CASTS_BY_TYPES: LazyLock<HashMap<(u32, u32), &'static CastEntry>> =
    LazyLock::new(|| CASTS.iter().map(|entry| ((entry.source, entry.target), entry)).collect());
static OPERATORS_BY_NAME: LazyLock<HashMap<&'static str, Vec<&'static OperatorEntry>>> =
    LazyLock::new(|| by_name(OPERATORS.iter().map(|entry| (entry.name, entry))));
static FUNCTIONS_BY_NAME: LazyLock<HashMap<&'static str, Vec<&'static FunctionEntry>>> =
    LazyLock::new(|| by_name(FUNCTIONS.iter().map(|entry| (entry.name, entry))));

fn by_name<T>(entries: impl Iterator<Item = (&'static str, T)>) -> HashMap<&'static str, Vec<T>> {
    let mut all: HashMap<&'static str, Vec<T>> = HashMap::new();
    for (name, entry) in entries {
        all.entry(name).or_default().push(entry);
    }
    all
}

fn character(word: &str) -> Option<char> {
    word.chars().next()
}

fn type_of(words: &[&'static str]) -> Option<TypeEntry> {
    let [oid, name, category, preferred, array, element] = words else { return None };
    Some(TypeEntry {
        oid: oid.parse().ok()?,
        name,
        category: character(category)?,
        is_preferred: *preferred == "t",
        array: array.parse().ok()?,
        element: element.parse().ok()?,
    })
}

fn operator_of(words: &[&'static str]) -> Option<OperatorEntry> {
    let [name, oid, left, right, result, commutator, negator, merges, hashes, function] = words else { return None };
    Some(OperatorEntry {
        name,
        oid: oid.parse().ok()?,
        left: left.parse().ok()?,
        right: right.parse().ok()?,
        result: result.parse().ok()?,
        commutator: commutator.parse().ok()?,
        negator: negator.parse().ok()?,
        can_merge: *merges == "t",
        can_hash: *hashes == "t",
        function,
    })
}

fn cast_of(words: &[&'static str]) -> Option<CastEntry> {
    let [source, target, oid, context, method, function] = words else { return None };
    Some(CastEntry {
        source: source.parse().ok()?,
        target: target.parse().ok()?,
        oid: oid.parse().ok()?,
        context: character(context)?,
        method: character(method)?,
        function,
    })
}

fn numbers(list: &str) -> Option<Vec<u32>> {
    match list {
        "-" => Some(Vec::new()),
        _ => list.split(',').map(|number| number.parse().ok()).collect(),
    }
}

fn function_of(words: &[&'static str]) -> Option<FunctionEntry> {
    let [name, oid, kind, volatility, strict, set, variadic, result, arguments, rest @ ..] = words else { return None };
    let marked = |mark: &str| rest.iter().find_map(|word| word.strip_prefix(mark));
    let list = |mark: &str| marked(mark).map_or(Vec::new(), |list| list.split(',').collect());
    let direct = marked("direct=").unwrap_or("n0");
    Some(FunctionEntry {
        name,
        oid: oid.parse().ok()?,
        kind: match *kind {
            "a" => FunctionKind::Aggregate,
            "w" => FunctionKind::Window,
            _ => FunctionKind::Scalar,
        },
        volatility: character(volatility)?,
        is_strict: *strict == "t",
        returns_set: *set == "t",
        variadic: variadic.parse().ok()?,
        result: result.parse().ok()?,
        arguments: numbers(arguments)?,
        names: list("names="),
        defaults: list("defaults="),
        columns: numbers(marked("out=").unwrap_or("-"))?,
        aggregate: match character(direct)? {
            'o' => AggregateKind::OrderedSet,
            'h' => AggregateKind::Hypothetical,
            _ => AggregateKind::Plain,
        },
        direct_arguments: direct.get(1..)?.parse().ok()?,
    })
}

/// Every type, by OID.
#[cfg(test)]
pub fn types() -> &'static [TypeEntry] {
    &TYPES
}

/// The type of an OID.
pub fn type_entry(oid: u32) -> Option<&'static TypeEntry> {
    TYPES_BY_OID.get(&oid).copied()
}

/// The type of a name, as `typname` has it.
pub fn type_named(name: &str) -> Option<&'static TypeEntry> {
    TYPES_BY_NAME.get(name).copied()
}

/// Every operator, by name and OID.
pub fn operators() -> &'static [OperatorEntry] {
    &OPERATORS
}

/// The operators of a name.
pub fn operators_of(name: &str) -> &'static [&'static OperatorEntry] {
    OPERATORS_BY_NAME.get(name).map_or(&[], Vec::as_slice)
}

/// Every form of every function, by name and OID.
pub fn functions() -> &'static [FunctionEntry] {
    &FUNCTIONS
}

/// The forms of the function of a name.
pub fn forms(name: &str) -> &'static [&'static FunctionEntry] {
    FUNCTIONS_BY_NAME.get(name).map_or(&[], Vec::as_slice)
}

/// Every cast, by OID.
pub fn casts() -> &'static [CastEntry] {
    &CASTS
}

/// The cast from one type to another that has an entry of its own.
pub fn cast_between(source: u32, target: u32) -> Option<&'static CastEntry> {
    CASTS_BY_TYPES.get(&(source, target)).copied()
}

/// The category of a type; `U` for one that is unknown here.
pub fn category(oid: u32) -> char {
    match (EnumType::is_oid(oid), EnumType::element_of(oid)) {
        (true, _) => 'E',
        (_, Some(_)) => 'A',
        (false, None) => type_entry(oid).map_or('U', |entry| entry.category),
    }
}

/// Whether a type is the preferred one of its category.
pub fn is_preferred(oid: u32) -> bool {
    type_entry(oid).is_some_and(|entry| entry.is_preferred)
}

/// The type of the elements of an array; `None` for a type that is none.
pub fn element_of(oid: u32) -> Option<u32> {
    EnumType::element_of(oid).or_else(|| type_entry(oid).map(|entry| entry.element).filter(|element| *element != 0))
}

/// The type of arrays of a type; `None` where there is none.
pub fn array_of(oid: u32) -> Option<u32> {
    if EnumType::is_oid(oid) {
        return Some(oid + 1);
    }
    type_entry(oid).map(|entry| entry.array).filter(|array| *array != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read() {
        for (table, count) in [
            (include_str!("types.txt"), types().len()),
            (include_str!("operators.txt"), operators().len()),
            (include_str!("functions.txt"), functions().len()),
            (include_str!("casts.txt"), casts().len()),
        ] {
            assert_eq!(table.lines().filter(|line| !line.starts_with("--")).count(), count);
        }
    }

    #[test]
    fn no_two_entries_share_an_oid() {
        let oids: [Vec<u32>; 4] = [
            types().iter().map(|entry| entry.oid).collect(),
            operators().iter().map(|entry| entry.oid).collect(),
            functions().iter().map(|entry| entry.oid).collect(),
            casts().iter().map(|entry| entry.oid).collect(),
        ];
        for mut list in oids {
            let count = list.len();
            list.sort_unstable();
            list.dedup();
            assert_eq!(list.len(), count);
        }
    }
}
