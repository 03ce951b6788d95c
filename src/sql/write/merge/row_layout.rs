//! The rows that MERGE looks at: a join of source and target, and what names of each WHEN clause mean in them.
//!
//! A row is laid out as the columns of the target, those of the source, and further ones of the target that `*` does not show:
//! system columns, and what a view computes. The query reads only what some expression names; the rest of a row is NULL.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    Expr, Join, JoinConstraint, JoinOperator, Merge, Query, SelectItem, SetExpr, TableFactor, TableWithJoins,
    Value as Literal, With,
};

use crate::error::{Error, ErrorKind, Result};
use crate::expr::ParameterTypes;
use crate::model::{Collection, OutputColumn, SystemColumn};
use crate::sql::analyze::from::table_alias;
use crate::sql::analyze::scope::{column_of, no_relation};
use crate::sql::analyze::special_calls::MERGE_ACTION;
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::names::{exact, last_part};
use crate::sql::parse::trees::select_of;
use crate::sql::write::returned::{OtherColumn, OtherKind, Others, relations};
use crate::sql::write::row_compiler::{Compiler, Visible};
use crate::sql::write::view_target::WriteTarget;
use crate::sql::write::write_plan::key_expression;
use crate::types::ColumnType;

/// The relation that says whether the source has a row, and its column.
const SOURCE: &str = "$source";
const THERE: &str = "$there";
/// The relation of the action that was done, for RETURNING.
pub const ACTION: &str = "$merge";

/// Which rows a WHEN clause is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    Matched,
    /// The target has none.
    NotMatched,
    /// The source has none.
    NotMatchedBySource,
}

/// What the columns of the joined rows are.
pub struct RowLayout {
    pub collection: Arc<Collection>,
    /// What the statement calls the target.
    pub relation: String,
    /// Those of the source, and behind them the further ones of the target.
    others: Others,
}

impl RowLayout {
    /// Finds the columns of target and source.
    ///
    /// # Errors
    /// 42712 for a source that is called like the target; as [`Others::of`].
    pub fn plan(
        merge: &Merge,
        (target, relation): (&WriteTarget, String),
        with: Option<&With>,
        parameters: &ParameterTypes,
        context: &PlanContext<'_>,
    ) -> Result<RowLayout> {
        let collection = Arc::clone(&target.named);
        let (table, source) = (plain(merge.table.clone()), plain(merge.source.clone()));
        if relations(&source).contains(&relation) {
            let message = format!("name \"{relation}\" specified more than once");
            return Err(Error::new(ErrorKind::DuplicateAlias, message)
                .with_detail("The name is used both as MERGE target table and data source."));
        }
        let mut others = Others::of(&table, &[source], with, parameters, context)?;
        others.come_first = true;
        let mut further = target.computed_columns().to_vec();
        if target.view.is_none() {
            let system =
                SystemColumn::ALL.into_iter().filter(|column| collection.system_column(column.name()).is_some());
            further.extend(system.map(|column| OutputColumn::computed(column.name(), column.ty())));
        }
        let further = further.into_iter().map(|column| OtherColumn {
            relation: relation.clone(),
            column,
            kind: OtherKind::System,
        });
        others.columns.extend(further);
        Ok(RowLayout { collection, relation, others })
    }

    /// How many columns a row has.
    pub fn width(&self) -> usize {
        self.collection.columns.len().saturating_add(self.others.columns.len())
    }

    /// Whether a position is of a column of the source.
    pub fn is_of_source(&self, position: usize) -> bool {
        (self.collection.columns.len()..self.first_further()).contains(&position)
    }

    /// Where the further columns of the target begin.
    pub fn first_further(&self) -> usize {
        let of_source = self.others.columns.iter().filter(|other| other.kind == OtherKind::Relation);
        self.collection.columns.len().saturating_add(of_source.count())
    }

    /// What compiles the expressions of a WHEN clause.
    pub fn compiler<'a>(
        &'a self,
        kind: RowKind,
        parameters: &'a mut ParameterTypes,
        context: &'a PlanContext<'a>,
    ) -> Compiler<'a> {
        let visible = match kind {
            RowKind::Matched | RowKind::NotMatchedBySource => Visible::Row,
            RowKind::NotMatched => Visible::Nothing,
        };
        let mut compiler = Compiler::new(&self.collection, &self.relation, visible, parameters, context);
        compiler.others = self.with_hidden(match kind {
            RowKind::Matched => None,
            RowKind::NotMatched => Some(OtherKind::System),
            RowKind::NotMatchedBySource => Some(OtherKind::Relation),
        });
        compiler
    }

    fn with_hidden(&self, hidden: Option<OtherKind>) -> Others {
        let mut others = self.others.clone();
        for other in others.columns.iter_mut().filter(|other| Some(other.kind) == hidden) {
            other.kind = OtherKind::Hidden;
        }
        others
    }

    /// The values of a row with `s.*` written out in the columns of the source.
    pub fn with_columns(&self, row: &[Expr]) -> Vec<Expr> {
        let mut written = Vec::with_capacity(row.len());
        for value in row {
            let relation = match value {
                Expr::QualifiedWildcard(name, _) => last_part(name),
                _ => None,
            };
            let columns: Vec<Expr> = match &relation {
                Some(relation) => {
                    self.others.of_star(Some(relation)).map(|(_, column)| column_of(relation, &column.name)).collect()
                }
                None => Vec::new(),
            };
            if columns.is_empty() {
                written.push(value.clone());
            } else {
                written.extend(columns);
            }
        }
        written
    }

    /// What RETURNING sees beside the target: the source, the action, and the row before and after it where `items` name them.
    pub fn returned(&self, items: Option<&[SelectItem]>) -> Others {
        let mut others = self.with_hidden(Some(OtherKind::System));
        others.columns.push(OtherColumn {
            relation: ACTION.to_string(),
            column: OutputColumn::computed(MERGE_ACTION, ColumnType::Text),
            kind: OtherKind::Action,
        });
        others.with_versions(items, &self.collection, &self.relation)
    }

    /// The error of an expression, as PostgreSQL reports it where the name is one that this WHEN clause does not see.
    pub fn explained(&self, error: Error, kind: RowKind) -> Error {
        let unseen = "but it cannot be referenced from this part of the query.";
        let own = self.collection.columns.iter().map(|column| (&self.relation, &column.name));
        let others = self.others.columns.iter().filter(|other| other.kind == OtherKind::Relation);
        let others = others.map(|other| (&other.relation, &other.column.name));
        let hidden: Vec<(&String, &String)> = match kind {
            RowKind::Matched => return error,
            RowKind::NotMatched => own.collect(),
            RowKind::NotMatchedBySource => others.collect(),
        };
        let (mut message, mut detail) = (None, None);
        for (relation, column) in hidden {
            if error.message() == no_relation(relation).message() {
                message = Some(format!("invalid reference to FROM-clause entry for table \"{relation}\""));
                detail = Some(format!("There is an entry for table \"{relation}\", {unseen}"));
                break;
            }
            if error.message() == format!("column \"{column}\" does not exist") {
                message = Some(error.message().to_string());
                detail = Some(format!("There is a column named \"{column}\" in table \"{relation}\", {unseen}"));
                break;
            }
        }
        let (Some(message), Some(detail)) = (message, detail) else { return error };
        let explained = Error::new(error.kind(), message).with_detail(detail);
        match error.position() {
            Some(position) => explained.with_position(position),
            None => explained,
        }
    }

    /// The query of the rows: the key of the target's row, whether the source has one where it may not, and the columns at these
    /// positions.
    ///
    /// # Errors
    /// As [`select_of`].
    pub fn query(&self, merge: &Merge, with: Option<&With>, kinds: RowKinds, positions: &[usize]) -> Result<Query> {
        let mut items = vec![key_expression(&self.collection, &self.relation)];
        if kinds.without_source {
            items.push(column_of(SOURCE, THERE));
        }
        items.extend(positions.iter().filter_map(|position| self.column(*position)));
        let mut query = select_of(items)?;
        query.with = with.cloned();
        let on = JoinConstraint::On(merge.on.as_ref().clone());
        let join_operator = match (kinds.without_target, kinds.without_source) {
            (false, false) => JoinOperator::Inner(on),
            (true, false) => JoinOperator::LeftOuter(on),
            (false, true) => JoinOperator::RightOuter(on),
            (true, true) => JoinOperator::FullOuter(on),
        };
        let mut from = plain(merge.source.clone());
        if kinds.without_source {
            let mut there = select_of(Vec::new())?;
            if let SetExpr::Select(select) = there.body.as_mut() {
                let expr = Expr::value(Literal::Boolean(true));
                select.projection = vec![SelectItem::ExprWithAlias { expr, alias: exact(THERE) }];
            }
            let alias = Some(table_alias(SOURCE));
            let relation = TableFactor::Derived { lateral: false, subquery: Box::new(there), alias, sample: None };
            let join_operator = JoinOperator::CrossJoin(JoinConstraint::None);
            from.joins.push(Join { relation, global: false, join_operator });
            from = plain(TableFactor::NestedJoin { table_with_joins: Box::new(from), alias: None });
        }
        from.joins.push(Join { relation: merge.table.clone(), global: false, join_operator });
        if let SetExpr::Select(select) = query.body.as_mut() {
            select.from = vec![from];
        }
        Ok(query)
    }

    /// The query of the source alone, of the columns at these positions.
    ///
    /// # Errors
    /// As [`select_of`].
    pub fn source_query(&self, merge: &Merge, with: Option<&With>, positions: &[usize]) -> Result<Query> {
        // A row without columns is a row all the same.
        let nothing = positions.is_empty().then(|| Expr::value(Literal::Null));
        let columns = positions.iter().filter_map(|position| self.column(*position));
        let mut query = select_of(columns.chain(nothing).collect())?;
        query.with = with.cloned();
        if let SetExpr::Select(select) = query.body.as_mut() {
            select.from = vec![plain(merge.source.clone())];
        }
        Ok(query)
    }

    fn column(&self, position: usize) -> Option<Expr> {
        if let Some(column) = self.collection.columns.get(position) {
            return Some(column_of(&self.relation, &column.name));
        }
        let other = self.others.columns.get(position.checked_sub(self.collection.columns.len())?)?;
        Some(column_of(&other.relation, &other.column.name))
    }
}

/// Which rows beside those that match a statement has clauses for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowKinds {
    pub without_target: bool,
    pub without_source: bool,
}

impl RowKinds {
    /// Takes in the rows of one more clause.
    pub fn add(&mut self, kind: RowKind) {
        match kind {
            RowKind::Matched => {}
            RowKind::NotMatched => self.without_target = true,
            RowKind::NotMatchedBySource => self.without_source = true,
        }
    }
}

fn plain(relation: TableFactor) -> TableWithJoins {
    TableWithJoins { relation, joins: Vec::new() }
}
