//! The relations beside its own table of which RETURNING shows columns: those of UPDATE's FROM and of DELETE's USING.
//!
//! Their values come from the query that finds the rows to change, behind what it yields for the change itself. To RETURNING
//! they are further columns of the row.

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, TableFactor, TableWithJoins,
    WildcardAdditionalOptions, With,
};

use crate::error::Result;
use crate::expr::ParameterTypes;
use crate::model::{Collection, OutputColumn};
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::names::{exact, folded, last_part};
use crate::sql::parse::spellings::{NEW_ROW, OLD_ROW};
use crate::sql::parse::trees::select_of;
use crate::sql::parse::visit::has_expression;
use crate::sql::read::read_plan::plan_query;

/// The names that RETURNING has for a row before and after its change, and what it is called where the clause gives it another.
const VERSIONS: [(&str, &str); 2] = [("old", OLD_ROW), ("new", NEW_ROW)];

/// A column of another relation.
#[derive(Clone, Debug)]
pub struct OtherColumn {
    pub relation: String,
    pub column: OutputColumn,
    pub kind: OtherKind,
}

/// What names mean a column, and whether `*` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherKind {
    /// Of a relation beside the table: its name alone as well, and `*`.
    Relation,
    /// Its name alone as well, and no `*`.
    System,
    /// Of `old` or `new`, which only their names mean.
    Version,
    /// What MERGE has done with the row: only the name of its relation means it, which nobody writes.
    Action,
    /// Nothing means it.
    Hidden,
}

/// The columns that RETURNING sees beside those of the table.
#[derive(Clone, Debug, Default)]
pub struct Others {
    pub columns: Vec<OtherColumn>,
    /// `*` shows them before those of the table.
    pub come_first: bool,
}

impl Others {
    /// The columns of the relations that a statement reads beside its table `target`.
    ///
    /// # Errors
    /// As [`plan_query`].
    pub fn of(
        target: &TableWithJoins,
        others: &[TableWithJoins],
        with: Option<&With>,
        parameters: &ParameterTypes,
        context: &PlanContext<'_>,
    ) -> Result<Others> {
        let mut columns = Vec::new();
        for relation in others.iter().flat_map(relations) {
            let mut query = select_of(Vec::new())?;
            query.with = with.cloned();
            if let SetExpr::Select(select) = query.body.as_mut() {
                let name = vec![exact(relation.clone())].into();
                let all = SelectItemQualifiedWildcardKind::ObjectName(name);
                select.projection = vec![SelectItem::QualifiedWildcard(all, WildcardAdditionalOptions::default())];
                select.from = std::iter::once(target).chain(others).cloned().collect();
            }
            let plan = plan_query(&query, &mut parameters.clone(), context)?;
            let shown = plan.columns();
            columns.extend(shown.iter().map(|column| OtherColumn {
                relation: relation.clone(),
                column: column.clone(),
                kind: OtherKind::Relation,
            }));
        }
        Ok(Others { columns, come_first: false })
    }

    /// With the columns of the row before and after its change, where RETURNING names one of them and no relation has its name.
    pub fn with_versions(mut self, items: Option<&[SelectItem]>, table: &Collection, relation: &str) -> Others {
        let is_named = |name: &str| items.is_some_and(|items| items.iter().any(|item| names(item, name)));
        let is_free = |name: &str| relation != name && !self.has_relation(name);
        // A row that the clause gives another name has no longer its own.
        let versions =
            VERSIONS.map(|(plain, renamed)| if is_named(renamed) || !is_free(plain) { renamed } else { plain });
        if !versions.into_iter().any(is_named) {
            return self;
        }
        for version in versions {
            self.columns.extend(table.columns.iter().map(|column| OtherColumn {
                relation: version.to_string(),
                column: OutputColumn::computed(column.name.clone(), column.ty.clone()),
                kind: OtherKind::Version,
            }));
        }
        self
    }

    /// The relations whose columns `*` shows.
    pub fn shown_relations(&self) -> Vec<&String> {
        let mut relations: Vec<&String> = self.shown().map(|column| &column.relation).collect();
        relations.dedup();
        relations
    }

    fn shown(&self) -> impl Iterator<Item = &OtherColumn> {
        self.columns.iter().filter(|other| other.kind == OtherKind::Relation)
    }

    /// Whether a name means the row before or after its change.
    pub fn is_version(&self, relation: &str) -> bool {
        self.columns.iter().any(|other| other.kind == OtherKind::Version && other.relation == relation)
    }

    pub fn has_versions(&self) -> bool {
        self.columns.iter().any(|other| other.kind == OtherKind::Version)
    }

    /// Positions and columns that `*` shows, or `relation.*`.
    pub fn of_star<'a>(&'a self, relation: Option<&'a str>) -> impl Iterator<Item = (usize, &'a OutputColumn)> + 'a {
        let is_shown = move |other: &OtherColumn| match other.kind {
            OtherKind::Relation => relation.is_none_or(|relation| relation == other.relation),
            OtherKind::Version => relation == Some(other.relation.as_str()),
            OtherKind::System | OtherKind::Action | OtherKind::Hidden => false,
        };
        let shown = self.columns.iter().enumerate().filter(move |(_, other)| is_shown(other));
        shown.map(|(position, other)| (position, &other.column))
    }

    /// What the query that finds the rows selects for them.
    pub fn items(&self) -> impl Iterator<Item = Expr> + '_ {
        self.columns.iter().map(|other| {
            let parts: Vec<Ident> = vec![exact(other.relation.clone()), exact(other.column.name.clone())];
            Expr::CompoundIdentifier(parts)
        })
    }

    pub fn has_relation(&self, relation: &str) -> bool {
        self.columns.iter().any(|other| other.kind != OtherKind::Hidden && other.relation == relation)
    }

    /// Positions in the row, behind the columns of the table, and columns that a name means.
    pub fn named<'a>(
        &'a self,
        relation: Option<&'a str>,
        name: &'a str,
        table: &Collection,
    ) -> impl Iterator<Item = (usize, &'a OutputColumn)> + 'a {
        let first = table.columns.len();
        let named = self.columns.iter().enumerate().filter(move |(_, other)| {
            let is_meant = match (other.kind, relation) {
                (OtherKind::Hidden, _) | (OtherKind::Version | OtherKind::Action, None) => false,
                (OtherKind::Relation | OtherKind::System, None) => true,
                (_, Some(relation)) => other.relation == relation,
            };
            is_meant && other.column.name == name
        });
        named.map(move |(position, other)| (first.saturating_add(position), &other.column))
    }

    /// The column at a position of the row.
    pub fn at(&self, position: usize, table: &Collection) -> Option<&OutputColumn> {
        let other = position.checked_sub(table.columns.len())?;
        self.columns.get(other).map(|other| &other.column)
    }
}

/// Whether an item of RETURNING names a relation.
fn names(item: &SelectItem, relation: &str) -> bool {
    let is_relation =
        |parts: &[Ident]| parts.len() == 2 && parts.first().is_some_and(|first| folded(first) == relation);
    match item {
        SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
            last_part(name).as_deref() == Some(relation)
        }
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
            has_expression(expr, |part| matches!(part, Expr::CompoundIdentifier(parts) if is_relation(parts)))
        }
        _ => false,
    }
}

/// The names of the relations of an item of FROM.
pub fn relations(item: &TableWithJoins) -> Vec<String> {
    let factors = std::iter::once(&item.relation).chain(item.joins.iter().map(|join| &join.relation));
    let names = factors.flat_map(|factor| match factor {
        TableFactor::Table { name, alias, .. } | TableFactor::Function { name, alias, .. } => {
            alias.as_ref().map(|alias| folded(&alias.name)).or_else(|| last_part(name)).into_iter().collect()
        }
        TableFactor::Derived { alias, .. } | TableFactor::UNNEST { alias, .. } => {
            alias.iter().map(|alias| folded(&alias.name)).collect()
        }
        TableFactor::NestedJoin { table_with_joins, .. } => relations(table_with_joins),
        _ => Vec::new(),
    });
    names.collect()
}
