//! Which columns the names of a query mean: the relations of its FROM clause, their columns with types, and outer queries.

use datafusion::sql::sqlparser::ast::{Expr, Ident};

use crate::error::{Error, ErrorKind, Result};
use crate::model::MEMORY;
use crate::sql::analyze::outer_aggregates::InnerUses;
use crate::sql::parse::names::{exact, folded};
use crate::types::ColumnType;

/// A column that an expression can name.
#[derive(Clone, Debug)]
pub struct ScopeColumn {
    pub name: String,
    /// `None` where only the planner will know.
    pub ty: Option<ColumnType>,
    pub is_hidden: bool,
    /// OID of the collection and `attnum` there, for a plain column of one.
    pub origin: Option<(u32, i16)>,
    /// USING made it one with another: a name alone does not mean it, but what [`MergedColumn`] says.
    pub is_merged: bool,
    /// What the planner calls a result column, where that is another name.
    pub label: Option<String>,
}

impl ScopeColumn {
    pub fn computed(name: impl Into<String>, ty: Option<ColumnType>) -> Self {
        ScopeColumn { name: name.into(), ty, is_hidden: false, origin: None, is_merged: false, label: None }
    }
}

/// A query of WITH that can be named.
#[derive(Clone, Debug)]
pub struct WithQuery {
    pub name: String,
    /// What the planner calls it, which knows one query of a name at a time.
    pub planner_name: String,
    pub columns: Vec<ScopeColumn>,
}

/// One item of FROM.
#[derive(Clone, Debug, Default)]
pub struct Relation {
    pub name: String,
    pub columns: Vec<ScopeColumn>,
    /// Its columns are known to the planner only: any name may be one.
    pub is_opaque: bool,
    /// Key of the statement's table that it reads, where it is one.
    pub table: Option<String>,
    /// Whether an outer join may show NULL in the place of its rows.
    pub may_lack: bool,
    /// Its name with the schema before it, where the key of its table is not that.
    pub full_name: Option<String>,
}

impl Relation {
    /// Whether a name means the relation; a schema in front of it has to be that of its table.
    pub fn is_called(&self, schema: Option<&str>, name: &str) -> bool {
        let is_of = |schema: &str| self.full_name() == Some(&format!("{schema}.{name}"));
        self.name == name && schema.is_none_or(is_of)
    }

    fn full_name(&self) -> Option<&str> {
        self.full_name.as_deref().or(self.table.as_deref())
    }

    /// What `*` shows of it.
    pub fn shown(&self) -> Vec<ShownColumn> {
        if self.is_opaque {
            return vec![ShownColumn { name: None, expr: Expr::Identifier(exact(self.name.clone())) }];
        }
        let columns = self.columns.iter().filter(|column| !column.is_hidden);
        let shown = |column: &ScopeColumn| ShownColumn {
            name: Some(column.name.clone()),
            expr: column_of(&self.name, &column.name),
        };
        columns.map(shown).collect()
    }
}

/// A column that `*` shows.
#[derive(Clone, Debug)]
pub struct ShownColumn {
    /// `None` for all columns of a relation whose columns only the planner knows.
    pub name: Option<String>,
    /// As it would be written.
    pub expr: Expr,
}

/// A column that a join by names made of two.
#[derive(Clone, Debug)]
pub struct MergedColumn {
    pub name: String,
    /// As it would be written without the join: names in it have their relations before them.
    pub expr: Expr,
    pub ty: Option<ColumnType>,
}

/// What USING gives a name to: the columns that it made of two, each.
#[derive(Clone, Debug)]
pub struct JoinName {
    pub name: String,
    pub columns: Vec<MergedColumn>,
}

/// The relations of one query, in order.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    pub relations: Vec<Relation>,
    /// What names alone mean where joins by names made one column of two.
    pub merged: Vec<MergedColumn>,
    /// The names of joins.
    pub joins: Vec<JoinName>,
    /// What `*` shows.
    pub shown: Vec<ShownColumn>,
    /// What its subqueries use of it.
    pub inner: InnerUses,
    /// The planner has to tell its groups by casts, which it only does where they are functions.
    pub groups_by_casts: bool,
    /// The condition of the view that it reads, walked already.
    pub view_condition: Option<Expr>,
}

impl Scope {
    /// Has a column that a merged one is made of be found under its relation only.
    pub fn hide(&mut self, name: &str, side: &Expr) {
        let Expr::CompoundIdentifier(parts) = side else { return };
        let Some((_, relation, _)) = qualified(parts) else { return };
        let named = self.relations.iter_mut().filter(|other| other.name == relation);
        for column in named.flat_map(|relation| &mut relation.columns).filter(|column| column.name == name) {
            column.is_merged = true;
        }
    }
}

/// Where a name was found.
#[derive(Clone, Debug)]
pub struct FoundColumn {
    /// The place of its query among the scopes.
    pub depth: usize,
    pub relation: String,
    pub table: Option<String>,
    /// The relation's name with its schema.
    pub full_name: Option<String>,
    pub column: ScopeColumn,
    /// What stands for it where it is none of one relation: as [`MergedColumn`].
    pub merged: Option<Expr>,
}

/// An unquoted identifier for a column of a relation.
pub fn column_of(relation: &str, name: &str) -> Expr {
    let parts: Vec<Ident> = vec![exact(relation), exact(name)];
    Expr::CompoundIdentifier(parts)
}

/// A column's name with its relation in front of it, and the schema where one is written before that.
pub fn qualified(parts: &[Ident]) -> Option<(Option<String>, String, String)> {
    match parts {
        [relation, name] => Some((None, folded(relation), folded(name))),
        [.., schema, relation, name] => Some((Some(folded(schema)), folded(relation), folded(name))),
        _ => None,
    }
}

/// Finds a column by [`qualified`] names: a schema in front of the relation has to be that of its table.
///
/// # Errors
/// As [`resolve`].
pub fn resolve_qualified(scopes: &[Scope], parts: &[Ident]) -> Result<Option<FoundColumn>> {
    let Some((schema, relation, name)) = qualified(parts) else { return Ok(None) };
    let found = resolve(scopes, Some(&relation), &name)?;
    match (&found, schema) {
        (Some(column), Some(schema)) if column.full_name.as_deref() != Some(&format!("{schema}.{relation}")) => {
            Err(no_relation(&relation))
        }
        _ => Ok(found),
    }
}

/// 42P01 for a name in front of a column that is none of FROM's.
pub fn no_relation(relation: &str) -> Error {
    let message = format!("missing FROM-clause entry for table \"{relation}\"");
    Error::new(ErrorKind::UndefinedTable, message)
}

/// Finds a name in the scopes, innermost (last) first. `Ok(None)`: it may be a column of an opaque relation.
///
/// # Errors
/// 42703 and 42P01 for names that mean nothing, 42702 for those that mean two things.
pub fn resolve(scopes: &[Scope], relation: Option<&str>, name: &str) -> Result<Option<FoundColumn>> {
    let mut may_be_opaque = false;
    let mut relation_exists = false;
    for (depth, scope) in scopes.iter().enumerate().rev() {
        let mut found = match relation {
            None => merged(&scope.merged, depth, name),
            Some(wanted) => {
                let join = scope.joins.iter().find(|join| join.name == wanted);
                relation_exists |= join.is_some();
                join.and_then(|join| merged(&join.columns, depth, name))
            }
        };
        for candidate in &scope.relations {
            if relation.is_some_and(|wanted| wanted != candidate.name) {
                continue;
            }
            relation_exists = true;
            may_be_opaque |= candidate.is_opaque;
            for column in candidate.columns.iter().filter(|column| column.name == name) {
                if relation.is_none() && column.is_merged {
                    continue;
                }
                if let Some(other) = &found {
                    // A hidden system column gives way to a declared one of another relation.
                    if column.is_hidden && !other.column.is_hidden {
                        continue;
                    }
                    if column.is_hidden == other.column.is_hidden {
                        return Err(Error::new(
                            ErrorKind::AmbiguousColumn,
                            format!("column reference \"{name}\" is ambiguous"),
                        ));
                    }
                }
                found = Some(FoundColumn {
                    depth,
                    relation: candidate.name.clone(),
                    table: candidate.table.clone(),
                    full_name: candidate.full_name().map(str::to_string),
                    column: column.clone(),
                    merged: None,
                });
            }
        }
        if found.is_some() {
            return Ok(found);
        }
        if relation.is_some() && relation_exists {
            break;
        }
    }
    if may_be_opaque {
        return Ok(None);
    }
    Err(match relation {
        Some(relation) if !relation_exists => no_relation(relation),
        _ => no_column(scopes, relation, name),
    })
}

/// 42703 for a name that is no column's, with what may have been meant.
fn no_column(scopes: &[Scope], relation: Option<&str>, name: &str) -> Error {
    let shown = relation.map_or_else(|| format!("\"{name}\""), |relation| format!("{relation}.{name}"));
    let error = Error::new(ErrorKind::UndefinedColumn, format!("column {shown} does not exist"));
    let similar = relation.is_none().then(|| similar(scopes, name)).flatten();
    let mut asked = scopes.iter().flat_map(|scope| &scope.relations);
    let memories = format!("public.{MEMORY}");
    let is_asked = |each: &Relation| relation.is_none_or(|relation| each.name == relation);
    match similar {
        Some((relation, column)) => {
            error.with_hint(format!("Perhaps you meant to reference the column \"{relation}.{column}\"."))
        }
        None if asked.any(|each| is_asked(each) && each.full_name() == Some(&memories)) => {
            error.with_hint(format!("A fact is metadata->>'{name}'; the view memory_facts has a column for each fact."))
        }
        None => error,
    }
}

/// The relation that a name means, in the innermost query that has one.
pub fn relation_called<'a>(scopes: &'a [Scope], name: &str) -> Option<&'a Relation> {
    scopes.iter().rev().find_map(|scope| scope.relations.iter().find(|relation| relation.name == name))
}

/// The columns of the join that a name means, in the innermost query that has one.
pub fn join_called<'a>(scopes: &'a [Scope], name: &str) -> Option<&'a [MergedColumn]> {
    let mut joins = scopes.iter().rev().flat_map(|scope| &scope.joins);
    joins.find(|join| join.name == name).map(|join| join.columns.as_slice())
}

/// The column of that name which a join by names made of two.
fn merged(columns: &[MergedColumn], depth: usize, name: &str) -> Option<FoundColumn> {
    let merged = columns.iter().find(|column| column.name == name)?;
    let column = ScopeColumn::computed(name, merged.ty.clone());
    Some(FoundColumn {
        depth,
        relation: String::new(),
        table: None,
        full_name: None,
        column,
        merged: Some(merged.expr.clone()),
    })
}

/// A column whose name differs in case or by one character.
fn similar<'a>(scopes: &'a [Scope], name: &str) -> Option<(&'a str, &'a str)> {
    let relations = scopes.iter().flat_map(|scope| &scope.relations);
    let mut columns = relations.flat_map(|relation| relation.columns.iter().map(move |column| (relation, column)));
    columns
        .find(|(_, column)| !column.name.starts_with('$') && is_near(&column.name, name))
        .map(|(relation, column)| (relation.name.as_str(), column.name.as_str()))
}

fn is_near(known: &str, written: &str) -> bool {
    if known.eq_ignore_ascii_case(written) {
        return true;
    }
    let (long, short) = if known.len() >= written.len() { (known, written) } else { (written, known) };
    if short.chars().count() < 3 || long.chars().count() > short.chars().count() + 1 {
        return false;
    }
    let same_start = long.chars().zip(short.chars()).take_while(|(a, b)| a == b).count();
    let long_rest: Vec<char> = long.chars().skip(same_start + 1).collect();
    let short_skip = same_start + usize::from(long.chars().count() == short.chars().count());
    let short_rest: Vec<char> = short.chars().skip(short_skip).collect();
    long_rest == short_rest
}
