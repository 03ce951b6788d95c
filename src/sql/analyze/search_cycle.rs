//! SEARCH and CYCLE: the columns that they add to a recursive query, written out in both of its terms, as PostgreSQL's
//! `rewriteSearchCycle.c` does.
//!
//! Each term becomes a subquery in FROM. The recursive one shows what the round before had in those columns as well, and the rows
//! around it have them for their own.

use datafusion::sql::sqlparser::ast::{
    Cte, Expr, Ident, Query, Select, SelectItem, SetExpr, Statement, TableFactor, TableWithJoins,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use crate::error::{Error, ErrorKind, Result};
use crate::sql::analyze::analyzer::{Analyzer, renamed};
use crate::sql::analyze::recursion::is_named;
use crate::sql::analyze::scope::ScopeColumn;
use crate::sql::parse::names::{exact, folded};
use crate::sql::parse::parse::parse;
use crate::sql::parse::recursion_words::{CycleClause, RecursionClauses, SearchClause, quoted, recursion_clauses};

/// The column that counts the rounds of SEARCH BREADTH FIRST, which `*` does not show.
const DEPTH: &str = "$depth";
/// What the terms are called in FROM.
const FIRST: &str = "\"$first\"";
const NEXT: &str = "\"$next\"";

/// An error, and where it is.
type Misplaced = (Error, Location);

impl Analyzer<'_> {
    /// The columns of the first term of a query of WITH that has two.
    ///
    /// # Errors
    /// As [`Analyzer::body`], and as [`renamed`].
    pub fn first_columns(&mut self, cte: &Cte, renames: &[String], what: &str) -> Result<Option<Vec<ScopeColumn>>> {
        let SetExpr::SetOperation { left, .. } = cte.query.body.as_ref() else { return Ok(None) };
        let mut first = left.as_ref().clone();
        let columns = self.body(&mut first, None, false)?;
        renamed(columns, renames, what).map(with_hidden_depth).map(Some)
    }

    /// The clauses that stand behind a query of WITH.
    ///
    /// # Errors
    /// 42601 for clauses behind a query that does not name itself.
    pub fn clauses_of(&self, cte: &mut Cte, is_recursive: bool) -> Result<Option<RecursionClauses>> {
        let Some(last) = cte.alias.columns.last() else { return Ok(None) };
        let Some(clauses) = recursion_clauses(&last.name)? else { return Ok(None) };
        cte.alias.columns.pop();
        if !is_recursive {
            let error = Error::syntax("WITH query is not recursive", None);
            return Err(self.at(error, cte.alias.name.span.start));
        }
        Ok(Some(clauses))
    }

    /// Writes the columns of the clauses into a recursive query whose own columns are these.
    ///
    /// # Errors
    /// 42601 and 42701 for names that the clauses may not have, 42804 for values of a cycle that share no type, 0A000 for a query
    /// that names itself elsewhere than in the FROM of its second SELECT.
    pub fn write_out_clauses(
        &mut self,
        cte: &mut Cte,
        clauses: &RecursionClauses,
        columns: &[ScopeColumn],
    ) -> Result<()> {
        let own: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        check_names(clauses, &own).map_err(|(error, place)| self.at(error, place))?;
        if let Some(CycleClause { values: Some((value, other)), location, .. }) = &clauses.cycle {
            let (mut value, mut other) = (expression(value)?, expression(other)?);
            let unified = self.unify_all("CYCLE", &mut [&mut value, &mut other]);
            unified.map_err(|error| self.at(error, *location))?;
        }
        let name = folded(&cte.alias.name);
        let SetExpr::SetOperation { left, right, .. } = cte.query.body.as_mut() else { return Ok(()) };
        for (side, term) in [("left", left.as_ref()), ("right", right.as_ref())] {
            if !matches!(term, SetExpr::Select(_) | SetExpr::Values(_)) {
                let message = format!("with a SEARCH or CYCLE clause, the {side} side of the UNION must be a SELECT");
                return Err(Error::syntax(message, None));
            }
        }
        let added = added_columns(clauses);
        show_last_round(right, &name, &added)?;
        **left = around(left, &text_of_first(&own, clauses))?;
        **right = around(right, &text_of_next(&own, &added, clauses))?;
        Ok(())
    }
}

/// The columns with that hidden which only the rounds of a search look at.
pub fn with_hidden_depth(mut columns: Vec<ScopeColumn>) -> Vec<ScopeColumn> {
    columns.iter_mut().filter(|column| column.name == DEPTH).for_each(|column| column.is_hidden = true);
    columns
}

/// What the clauses call wrongly.
fn check_names(clauses: &RecursionClauses, own: &[String]) -> std::result::Result<(), Misplaced> {
    let is_own = |name: &String| own.contains(name);
    let wrong = |message: String, place: Location| Err((Error::syntax(message, None), place));
    if let Some(SearchClause { location, columns, sequence, .. }) = &clauses.search {
        check_columns("search", columns, own, *location)?;
        if is_own(sequence) {
            let message = format!("search sequence column name \"{sequence}\" already used in WITH query column list");
            return wrong(message, *location);
        }
    }
    let Some(CycleClause { location, columns, mark, path, .. }) = &clauses.cycle else { return Ok(()) };
    check_columns("cycle", columns, own, *location)?;
    if is_own(mark) {
        let message = format!("cycle mark column name \"{mark}\" already used in WITH query column list");
        return wrong(message, *location);
    }
    if is_own(path) {
        let message = format!("cycle path column name \"{path}\" already used in WITH query column list");
        return wrong(message, *location);
    }
    if mark == path {
        return wrong("cycle mark column name and cycle path column name are the same".to_string(), *location);
    }
    let Some(SearchClause { location, sequence, .. }) = &clauses.search else { return Ok(()) };
    for (other, kind) in [(mark, "mark"), (path, "path")] {
        if sequence == other {
            let message = format!("search sequence column name and cycle {kind} column name are the same");
            return wrong(message, *location);
        }
    }
    Ok(())
}

fn check_columns(
    clause: &str,
    columns: &[String],
    own: &[String],
    location: Location,
) -> std::result::Result<(), Misplaced> {
    for (place, name) in columns.iter().enumerate() {
        if !own.contains(name) {
            let message = format!("{clause} column \"{name}\" not in WITH query column list");
            return Err((Error::syntax(message, None), location));
        }
        if columns.iter().take(place).any(|before| before == name) {
            let message = format!("{clause} column \"{name}\" specified more than once");
            return Err((Error::new(ErrorKind::DuplicateColumn, message), location));
        }
    }
    Ok(())
}

/// The names of the columns that the clauses add.
fn added_columns(clauses: &RecursionClauses) -> Vec<String> {
    let mut added = Vec::new();
    if let Some(search) = &clauses.search {
        added.push(search.sequence.clone());
        added.extend(search.is_breadth.then(|| DEPTH.to_string()));
    }
    if let Some(cycle) = &clauses.cycle {
        added.extend([cycle.mark.clone(), cycle.path.clone()]);
    }
    added
}

/// Adds the columns of the last round to what the recursive term shows.
fn show_last_round(term: &mut SetExpr, name: &str, added: &[String]) -> Result<()> {
    let relation = match term {
        SetExpr::Select(select) => select.from.iter().find_map(|item| named_in(item, name)),
        _ => None,
    };
    let (SetExpr::Select(select), Some(relation)) = (term, relation) else {
        let message = format!(
            "with a SEARCH or CYCLE clause, the recursive reference to WITH query \"{name}\" must be at the top level of its \
             right-hand SELECT"
        );
        return Err(Error::new(ErrorKind::Unsupported, message));
    };
    let select: &mut Select = select;
    for column in added {
        let parts = vec![relation.clone(), exact(column.clone())];
        select.projection.push(SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)));
    }
    Ok(())
}

/// What the query itself is called in an item of FROM.
fn named_in(item: &TableWithJoins, name: &str) -> Option<Ident> {
    let factors = std::iter::once(&item.relation).chain(item.joins.iter().map(|join| &join.relation));
    factors.into_iter().find_map(|factor| match factor {
        TableFactor::Table { name: relation, alias, args: None, .. } if is_named(relation, name) => {
            Some(alias.as_ref().map_or_else(|| exact(name), |alias| alias.name.clone()))
        }
        TableFactor::NestedJoin { table_with_joins, alias: None } => named_in(table_with_joins, name),
        _ => None,
    })
}

/// Columns of a relation, one behind the other.
fn listed(relation: &str, columns: &[String]) -> String {
    columns.iter().map(|name| format!("{relation}.{}", quoted(name))).collect::<Vec<_>>().join(", ")
}

fn text_of_first(own: &[String], clauses: &RecursionClauses) -> String {
    let mut shown = listed(FIRST, own);
    if let Some(SearchClause { is_breadth, columns, sequence, .. }) = &clauses.search {
        let (row, sequence) = (listed(FIRST, columns), quoted(sequence));
        shown.push_str(&match is_breadth {
            true => format!(", ROW(0, {row}) AS {sequence}, 0 AS \"{DEPTH}\""),
            false => format!(", ARRAY[ROW({row})] AS {sequence}"),
        });
    }
    if let Some(cycle) = &clauses.cycle {
        let (row, mark, path) = (listed(FIRST, &cycle.columns), quoted(&cycle.mark), quoted(&cycle.path));
        let (value, other) = values_of(cycle);
        shown.push_str(&format!(
            ", CASE WHEN false THEN {value} ELSE {other} END AS {mark}, ARRAY[ROW({row})] AS {path}"
        ));
    }
    let names: Vec<String> = own.iter().map(|name| quoted(name)).collect();
    format!("SELECT {shown} FROM (SELECT 1) AS {FIRST} ({})", names.join(", "))
}

fn text_of_next(own: &[String], added: &[String], clauses: &RecursionClauses) -> String {
    let mut shown = listed(NEXT, own);
    let mut condition = String::new();
    if let Some(SearchClause { is_breadth, columns, sequence, .. }) = &clauses.search {
        let (row, sequence) = (listed(NEXT, columns), quoted(sequence));
        shown.push_str(&match is_breadth {
            true => {
                let depth = format!("{NEXT}.\"{DEPTH}\" + 1");
                format!(", ROW({depth}, {row}) AS {sequence}, {depth} AS \"{DEPTH}\"")
            }
            false => format!(", array_append({NEXT}.{sequence}, ROW({row})) AS {sequence}"),
        });
    }
    if let Some(cycle) = &clauses.cycle {
        let (row, mark, path) = (listed(NEXT, &cycle.columns), quoted(&cycle.mark), quoted(&cycle.path));
        let (value, other) = values_of(cycle);
        let is_cycle = format!("ROW({row}) = ANY ({NEXT}.{path})");
        shown.push_str(&format!(", CASE WHEN {is_cycle} THEN {value} ELSE {other} END AS {mark}"));
        shown.push_str(&format!(", array_append({NEXT}.{path}, ROW({row})) AS {path}"));
        condition = format!(" WHERE {NEXT}.{mark} <> {value}");
    }
    let names: Vec<String> = own.iter().chain(added).map(|name| quoted(name)).collect();
    format!("SELECT {shown} FROM (SELECT 1) AS {NEXT} ({}){condition}", names.join(", "))
}

fn values_of(cycle: &CycleClause) -> (&str, &str) {
    cycle.values.as_ref().map_or(("true", "false"), |(value, other)| (value.as_str(), other.as_str()))
}

/// A text read as an expression.
fn expression(text: &str) -> Result<Expr> {
    let query = select(&format!("SELECT {text}"))?;
    let first = match *query.body {
        SetExpr::Select(select) => select.projection.into_iter().next(),
        _ => None,
    };
    match first {
        Some(SelectItem::UnnamedExpr(expr)) => Ok(expr),
        _ => Err(Error::syntax(format!("syntax error at or near \"{text}\""), None)),
    }
}

fn select(text: &str) -> Result<Query> {
    match parse(text)?.statement {
        Some(Statement::Query(query)) => Ok(*query),
        _ => Err(Error::internal("a SELECT is no query")),
    }
}

/// A term in the place of the subquery that a SELECT reads.
fn around(term: &SetExpr, text: &str) -> Result<SetExpr> {
    let mut query = select(text)?;
    if let SetExpr::Select(select) = query.body.as_mut()
        && let [TableWithJoins { relation: TableFactor::Derived { subquery, .. }, .. }] = select.from.as_mut_slice()
    {
        *subquery.body = term.clone();
    }
    Ok(*query.body)
}
