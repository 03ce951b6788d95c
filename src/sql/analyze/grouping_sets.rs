//! GROUP BY with GROUPING SETS, ROLLUP and CUBE, in one another and beside other items, as one list of sets.
//!
//! Each item of GROUP BY stands for sets of expressions, and the query groups by each set that has one of every item
//! (PostgreSQL's documentation, section 7.2.4). The planner takes such a list alone.

use std::collections::BTreeSet;

use datafusion::sql::sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, FunctionArguments};

use crate::error::{Error, ErrorKind, Result};
use crate::sql::parse::grouping_words::{DISTINCT_SETS, EMPTY_SET, INNER_SETS};
use crate::sql::parse::names::last_part;

/// Most sets that a query groups by, as in PostgreSQL.
const SETS_MAX: usize = 4096;
/// Most elements of CUBE, as in PostgreSQL.
const CUBE_ELEMENTS_MAX: usize = 12;

type Sets = Vec<Vec<Expr>>;

/// The sets that a list of items stands for; `None` where all of them are plain expressions.
///
/// # Errors
/// 54001 for more than `SETS_MAX` of them, 54011 for a CUBE of more than `CUBE_ELEMENTS_MAX`.
pub fn sets_of_items(items: &[Expr]) -> Result<Option<Sets>> {
    let is_set = |item: &Expr| matches!(item, Expr::Rollup(_) | Expr::Cube(_) | Expr::GroupingSets(_) | Expr::Tuple(_));
    let is_marked = |item: &Expr| matches!(item, Expr::Identifier(name) if name.value == DISTINCT_SETS);
    let (items, is_distinct) = match items {
        [first, rest @ ..] if is_marked(first) => (rest, true),
        all => (all, false),
    };
    if !is_distinct && !items.iter().any(is_set) {
        return Ok(None);
    }
    let mut sets: Sets = vec![Vec::new()];
    for item in items {
        let own = sets_of(item)?;
        check_count(sets.len().saturating_mul(own.len()))?;
        sets = sets.iter().flat_map(|before| own.iter().map(move |behind| joined([before, behind]))).collect();
    }
    if is_distinct {
        let mut known: Vec<BTreeSet<String>> = Vec::new();
        sets.retain(|set| {
            let names: BTreeSet<String> = set.iter().map(Expr::to_string).collect();
            let is_new = !known.contains(&names);
            known.extend(is_new.then_some(names));
            is_new
        });
    }
    Ok(Some(sets))
}

fn check_count(count: usize) -> Result<()> {
    if count <= SETS_MAX {
        return Ok(());
    }
    Err(Error::new(ErrorKind::TooComplex, format!("too many grouping sets present (maximum {SETS_MAX})")))
}

/// The expressions of some sets as one, each of them once.
fn joined<'e>(sets: impl IntoIterator<Item = &'e Vec<Expr>>) -> Vec<Expr> {
    let mut all: Vec<Expr> = Vec::new();
    for expr in sets.into_iter().flatten() {
        if !all.contains(expr) {
            all.push(expr.clone());
        }
    }
    all
}

fn sets_of(item: &Expr) -> Result<Sets> {
    match item {
        Expr::Rollup(elements) => Ok(rolled_up(&flat(elements))),
        Expr::Cube(elements) => cubed(&flat(elements)),
        Expr::GroupingSets(elements) => {
            let mut sets = Vec::new();
            for element in elements {
                match element.as_slice() {
                    [inner] => sets.extend(inner_sets(inner)?),
                    list => sets.push(flat_list(list)),
                }
                check_count(sets.len())?;
            }
            Ok(sets)
        }
        other => Ok(vec![flat_list(std::slice::from_ref(other))]),
    }
}

/// The sets of what stands in GROUPING SETS, where the parser takes ROLLUP and CUBE for functions.
fn inner_sets(item: &Expr) -> Result<Sets> {
    let Expr::Function(function) = item else { return sets_of(item) };
    let FunctionArguments::List(list) = &function.args else { return sets_of(item) };
    let elements = list.args.iter().map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Tuple(list))) => Some(list.clone()),
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(vec![expr.clone()]),
        _ => None,
    });
    let elements: Option<Sets> = elements.collect();
    match (last_part(&function.name).as_deref(), elements) {
        (Some("rollup"), Some(elements)) => Ok(rolled_up(&flat(&elements))),
        (Some("cube"), Some(elements)) => cubed(&flat(&elements)),
        (Some(INNER_SETS), Some(elements)) => sets_of(&Expr::GroupingSets(elements)),
        _ => sets_of(item),
    }
}

fn rolled_up(elements: &Sets) -> Sets {
    (0..=elements.len()).rev().map(|count| joined(elements.iter().take(count))).collect()
}

fn cubed(elements: &Sets) -> Result<Sets> {
    let count = elements.len();
    if count > CUBE_ELEMENTS_MAX {
        let message = format!("CUBE is limited to {CUBE_ELEMENTS_MAX} elements");
        return Err(Error::new(ErrorKind::TooManyColumns, message));
    }
    let chosen = |bits: usize| elements.iter().enumerate().filter(move |(at, _)| bits >> (count - 1 - at) & 1 == 1);
    Ok((0..1_usize << count).rev().map(|bits| joined(chosen(bits).map(|(_, element)| element))).collect())
}

fn flat(elements: &Sets) -> Sets {
    elements.iter().map(|element| flat_list(element)).collect()
}

/// The expressions of a list, those of lists in it as well.
fn flat_list(list: &[Expr]) -> Vec<Expr> {
    let mut all = Vec::new();
    for expr in list {
        match expr {
            Expr::Tuple(inner) => all.extend(flat_list(inner)),
            Expr::Nested(inner) if matches!(**inner, Expr::Tuple(_) | Expr::Nested(_)) => {
                all.extend(flat_list(std::slice::from_ref(inner)));
            }
            Expr::Identifier(name) if name.value == EMPTY_SET => {}
            other => all.push(other.clone()),
        }
    }
    joined([&all])
}
