//! The relations beside its own table of which RETURNING shows columns: those of UPDATE's FROM and of DELETE's USING.
//!
//! Their values come from the query that finds the rows to change, behind what it yields for the change itself. To RETURNING
//! they are further columns of the row.

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, TableFactor, TableWithJoins,
    WildcardAdditionalOptions, With,
};

use crate::error::{Error, Result};
use crate::expr::ParameterTypes;
use crate::model::{Collection, OutputColumn};
use crate::sql::analyze::scope::no_relation;
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::names::{exact, folded, last_part};
use crate::sql::parse::trees::select_of;
use crate::sql::read::read_plan::plan_query;

/// A column of another relation.
#[derive(Clone, Debug)]
pub struct OtherColumn {
    pub relation: String,
    pub column: OutputColumn,
}

/// The columns that RETURNING sees beside those of the table.
#[derive(Clone, Debug, Default)]
pub struct Others {
    pub columns: Vec<OtherColumn>,
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
            columns
                .extend(shown.iter().map(|column| OtherColumn { relation: relation.clone(), column: column.clone() }));
        }
        Ok(Others { columns })
    }

    /// What the query that finds the rows selects for them.
    pub fn items(&self) -> impl Iterator<Item = Expr> + '_ {
        self.columns.iter().map(|other| {
            let parts: Vec<Ident> = vec![exact(other.relation.clone()), exact(other.column.name.clone())];
            Expr::CompoundIdentifier(parts)
        })
    }

    pub fn has_relation(&self, relation: &str) -> bool {
        self.columns.iter().any(|other| other.relation == relation)
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
            other.column.name == name && relation.is_none_or(|relation| other.relation == relation)
        });
        named.map(move |(position, other)| (first.saturating_add(position), &other.column))
    }

    /// The column at a position of the row.
    pub fn at(&self, position: usize, table: &Collection) -> Option<&OutputColumn> {
        let other = position.checked_sub(table.columns.len())?;
        self.columns.get(other).map(|other| &other.column)
    }
}

/// 42P01 for a name in front of a column of RETURNING or ON CONFLICT that means no row there.
pub fn unknown_relation(relation: &str) -> Error {
    if matches!(relation, "old" | "new") {
        let message = format!("RETURNING {relation}.* is not offered");
        return Error::unsupported(message, "RETURNING shows the new row; SELECT the old one before the change.");
    }
    no_relation(relation)
}

/// The names of the relations of an item of FROM.
fn relations(item: &TableWithJoins) -> Vec<String> {
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
