//! INSERT, UPDATE and DELETE through a view, where each of its rows is a row of one table.
//!
//! The statement is planned with the table under the names of the view: columns that the view does not show have names that no
//! statement can write. Rows are found by a query of the view itself, which brings its condition along.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, ObjectName, SelectItem, SelectItemQualifiedWildcardKind, Visit, WildcardAdditionalOptions,
};

use crate::db::failing_row;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{self, Environment, ParameterTypes, ValueRow};
use crate::model::{CheckOption, Collection, CollectionId, CollectionKind, OutputColumn, RoleId, View};
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::names::{exact, folded, last_part};
use crate::sql::parse::visit::has_expression;
use crate::sql::pg_catalog::{PlainView, find_in_definition, find_stored, plain_view, view_query};
use crate::sql::write::returned::Others;
use crate::sql::write::row_compiler::{Compiler, Visible};
use crate::sql::write::write_target::{WritePlace, is_default, writable};
use crate::statement::{DependsOn, Privilege, TouchedObject};
use crate::types::Value;

/// What a statement does to the rows of its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Insert,
    Update,
    Delete,
    /// Any of them, as MERGE has it.
    Merge,
}

/// The table that a statement writes to.
pub struct WriteTarget {
    /// What the statement names: the table, or the view.
    object: CollectionId,
    pub stored: Arc<Collection>,
    /// The same under the names that the statement knows.
    pub named: Arc<Collection>,
    pub view: Option<WrittenView>,
}

/// The view that a statement writes through.
pub struct WrittenView {
    name: String,
    /// Its columns, with their positions in the table; `None` for one that is computed.
    columns: Vec<(String, Option<usize>)>,
    /// Those that are computed.
    computed: Vec<OutputColumn>,
    /// Every row of the table is a row of it, and every column of it one of the table.
    is_whole: bool,
    /// What has to hold of rows that are written, by the name of the view that asks it.
    conditions: Vec<(String, expr::Expr)>,
}

/// What rows have to be that are written through a view.
#[derive(Default)]
pub struct RowChecks(Vec<(String, expr::Expr)>);

impl Verb {
    fn privilege(self) -> Privilege {
        match self {
            Verb::Insert => Privilege::Insert,
            // A MERGE that changes nothing asks for no more.
            Verb::Update | Verb::Merge => Privilege::Update,
            Verb::Delete => Privilege::Delete,
        }
    }

    fn of_view(self, name: &str) -> String {
        match self {
            Verb::Insert => format!("cannot insert into view \"{name}\""),
            Verb::Update | Verb::Merge => format!("cannot update view \"{name}\""),
            Verb::Delete => format!("cannot delete from view \"{name}\""),
        }
    }

    fn of_column(self, column: &str, view: &str) -> String {
        match self {
            Verb::Insert => format!("cannot insert into column \"{column}\" of view \"{view}\""),
            Verb::Merge => format!("cannot merge into column \"{column}\" of view \"{view}\""),
            Verb::Update | Verb::Delete => format!("cannot update column \"{column}\" of view \"{view}\""),
        }
    }
}

impl WriteTarget {
    /// The table that a name means, or that a view of that name shows.
    ///
    /// # Errors
    /// 55000 for a view that PostgreSQL does not write through either, 0A000 for a check option over a condition that only the
    /// planner computes; as [`writable`].
    pub fn find(name: &ObjectName, verb: Verb, context: &PlanContext<'_>) -> Result<WriteTarget> {
        let catalog = context.view.catalog();
        let found = find_stored(name, context)?;
        let target = match found.as_ref().and_then(|relation| catalog.view(relation)) {
            Some(view) => {
                let object = TouchedObject::Collection(view.id);
                context.notes.touch(object, verb.privilege());
                let target = through(view, verb, None, (reader_in(view, None, context), context))?;
                WriteTarget { object: view.id, ..target }
            }
            None => {
                let stored = writable(name, context)?;
                stored.check_changeable()?;
                context.notes.touch(TouchedObject::Collection(stored.id), verb.privilege());
                WriteTarget { object: stored.id, named: Arc::clone(&stored), stored, view: None }
            }
        };
        if target.view.is_some() {
            context.notes.depend_on(DependsOn::Catalog(Arc::clone(catalog)));
        }
        context.notes.depend_on(DependsOn::Collections(vec![Arc::clone(&target.stored)]));
        Ok(target)
    }

    /// The statement reads rows of what it writes to: in a condition, a value or RETURNING.
    pub fn note_read(&self, context: &PlanContext<'_>) {
        context.notes.touch(TouchedObject::Collection(self.object), Privilege::Select);
    }

    /// Whether a row may be found by the key of the table alone.
    pub fn is_whole(&self) -> bool {
        self.view.as_ref().is_none_or(|view| view.is_whole)
    }

    /// Where INSERT without a list of columns puts its values, in their order.
    pub fn places(&self) -> Vec<WritePlace> {
        match &self.view {
            None => (0..self.stored.columns.len()).map(WritePlace::Column).collect(),
            Some(view) => {
                let written = view.columns.iter().map_while(|(_, position)| *position);
                written.map(WritePlace::Column).collect()
            }
        }
    }

    /// Refuses to assign to a column of a view that is computed.
    ///
    /// # Errors
    /// 0A000.
    pub fn check_assigned(&self, name: &Ident, verb: Verb) -> Result<()> {
        let column = folded(name);
        match &self.view {
            Some(view) if view.columns.iter().any(|(known, position)| *known == column && position.is_none()) => {
                let error = Error::new(ErrorKind::Unsupported, verb.of_column(&column, &view.name));
                let error =
                    error.with_detail("View columns that are not columns of their base relation are not updatable.");
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// The items of RETURNING with `*` written out in the columns of the view, and of the relations beside it.
    ///
    /// # Errors
    /// 0A000 where a computed column is among them.
    pub fn returned(
        &self,
        items: Option<&[SelectItem]>,
        relation: &str,
        others: &Others,
    ) -> Result<Option<Vec<SelectItem>>> {
        let (Some(items), Some(view)) = (items, &self.view) else { return Ok(items.map(<[SelectItem]>::to_vec)) };
        let mut written = Vec::with_capacity(items.len());
        for item in items {
            match item {
                SelectItem::Wildcard(_) => {
                    let own = view.items(relation);
                    let beside = others.shown_relations().into_iter().map(|relation| all_of(relation));
                    match others.come_first {
                        true => written.extend(beside.chain(own)),
                        false => written.extend(own.into_iter().chain(beside)),
                    }
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    match last_part(name) {
                        Some(named) if named == relation || others.is_version(&named) => {
                            written.extend(view.items(&named));
                        }
                        _ => written.push(item.clone()),
                    }
                }
                other => written.push(other.clone()),
            }
        }
        let computed =
            |name: &Ident| view.columns.iter().any(|(known, position)| position.is_none() && *known == folded(name));
        let names_computed = |expr: &Expr| match expr {
            Expr::Identifier(name) => computed(name),
            Expr::CompoundIdentifier(parts) => parts.last().is_some_and(computed),
            _ => false,
        };
        if written.iter().any(|item| has_expression(item, names_computed)) {
            return Err(Error::unsupported(
                format!("RETURNING of columns that view \"{}\" computes is not offered", view.name),
                "Name its other columns, and select these afterwards.",
            ));
        }
        Ok(Some(written))
    }

    /// The columns that the view computes.
    pub fn computed_columns(&self) -> &[OutputColumn] {
        self.view.as_ref().map(|view| view.computed.as_slice()).unwrap_or_default()
    }

    /// What has to hold of rows that are written.
    pub fn checks(&self) -> RowChecks {
        RowChecks(self.view.as_ref().map(|view| view.conditions.clone()).unwrap_or_default())
    }
}

impl WrittenView {
    fn items(&self, relation: &str) -> Vec<SelectItem> {
        let parts = self.columns.iter().map(|(name, _)| vec![exact(relation), exact(name.clone())]);
        parts.map(|parts| SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts))).collect()
    }
}

fn all_of(relation: &str) -> SelectItem {
    let name = ObjectName::from(vec![exact(relation)]);
    let kind = SelectItemQualifiedWildcardKind::ObjectName(name);
    SelectItem::QualifiedWildcard(kind, WildcardAdditionalOptions::default())
}

impl RowChecks {
    /// Refuses a row that is none of the view's.
    ///
    /// # Errors
    /// 44000; as [`expr::Expr::accepts`].
    pub fn check(&self, row: &[Value], environment: &Environment<'_>) -> Result<()> {
        for (view, condition) in &self.0 {
            if !condition.accepts(environment, &ValueRow { row, ..ValueRow::default() })? {
                let message = format!("new row violates check option for view \"{view}\"");
                return Err(Error::new(ErrorKind::CheckOptionViolation, message).with_detail(failing_row(row)));
            }
        }
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whose rights count for what a view reads and writes.
fn reader_in(view: &View, above: Option<RoleId>, context: &PlanContext<'_>) -> Option<RoleId> {
    if view.security_invoker { above } else { Some(context.view.catalog().owner(view.id)) }
}

/// Whether something names a column.
pub fn names_columns<V: Visit>(part: &V) -> bool {
    has_expression(part, |expr| match expr {
        Expr::Identifier(_) => !is_default(expr),
        Expr::CompoundIdentifier(_) | Expr::CompoundFieldAccess { .. } => true,
        _ => false,
    })
}

/// The table behind a view under the view's names; `asked` is what a view above asks of rows, `by` whose rights count below it.
fn through(
    view: &View,
    verb: Verb,
    asked: Option<CheckOption>,
    (by, context): (Option<RoleId>, &PlanContext<'_>),
) -> Result<WriteTarget> {
    let touch = |object: CollectionId| {
        context.notes.touch_as(TouchedObject::Collection(object), verb.privilege(), by);
        if verb != Verb::Insert {
            context.notes.touch_as(TouchedObject::Collection(object), Privilege::Select, by);
        }
    };
    let refused = |reason: &str| {
        let error = Error::new(ErrorKind::WrongObjectState, verb.of_view(&view.name));
        error.with_detail(reason).with_hint("Write to the tables that it reads.")
    };
    let plain = plain_view(&view_query(view)?).map_err(&refused)?;
    let single = "Views that do not select from a single table or view are not automatically updatable.";
    let catalog = context.view.catalog();
    let Some(relation) = find_in_definition(&plain.relation, catalog) else { return Err(refused(single)) };
    let check = view.check.or(asked.filter(|asked| *asked == CheckOption::Cascaded));
    let below = match (catalog.collection(&relation), catalog.view(&relation)) {
        (Some(collection), _) if collection.kind == CollectionKind::Auth => {
            return Err(refused("Secrets are written to the collection auth alone."));
        }
        (Some(collection), _) if collection.materialized.is_some() => return Err(refused(single)),
        (Some(collection), _) => {
            touch(collection.id);
            let (stored, named) = (Arc::clone(collection), Arc::clone(collection));
            WriteTarget { object: collection.id, stored, named, view: None }
        }
        (None, Some(below)) => {
            touch(below.id);
            through(below, verb, check, (reader_in(below, by, context), context))?
        }
        (None, None) => return Err(refused(single)),
    };
    let columns = columns_through(view, &plain, &below);
    if columns.iter().all(|(_, position)| position.is_none()) {
        return Err(refused("Views that have no updatable columns are not automatically updatable."));
    }
    let mut conditions = below.view.as_ref().map(|view| view.conditions.clone()).unwrap_or_default();
    if let (Some(_), Some(condition), true) = (check, &plain.condition, verb != Verb::Delete) {
        conditions.insert(0, (view.name.clone(), compiled(condition, &plain, &below, context)?));
    }
    let is_whole = below.is_whole() && plain.condition.is_none() && columns.iter().all(|(_, at)| at.is_some());
    let mut named = (*below.named).clone();
    named.name.clone_from(&view.name);
    named.schema = view.schema;
    for (position, column) in named.columns.iter_mut().enumerate() {
        let shown = columns.iter().find(|(_, at)| *at == Some(position));
        column.name = shown.map_or_else(|| format!("$column{position}"), |(name, _)| name.clone());
    }
    let computed = view.columns.iter().zip(&columns).filter(|(_, (_, position))| position.is_none());
    let computed = computed.map(|(column, _)| OutputColumn::computed(&column.name, column.ty.clone())).collect();
    let written = WrittenView { name: view.name.clone(), columns, computed, is_whole, conditions };
    Ok(WriteTarget { object: view.id, stored: below.stored, named: Arc::new(named), view: Some(written) })
}

/// The columns of a view with their positions in the table.
fn columns_through(view: &View, plain: &PlainView, below: &WriteTarget) -> Vec<(String, Option<usize>)> {
    let sources = plain.columns.iter().map(|source| source.as_ref().and_then(|name| below.named.column(name)));
    view.columns.iter().map(|column| column.name.clone()).zip(sources).collect()
}

/// A condition of a view, of the row that is stored.
fn compiled(condition: &Expr, plain: &PlainView, below: &WriteTarget, context: &PlanContext<'_>) -> Result<expr::Expr> {
    let mut parameters = ParameterTypes::default();
    let context = PlanContext { text: "", ..*context };
    let mut compiler = Compiler::new(&below.named, &plain.alias, Visible::Row, &mut parameters, &context);
    let compiled = compiler.try_condition(condition, "WHERE")?;
    compiled.ok_or_else(|| {
        Error::unsupported(
            "a check option over such a condition is not offered",
            "Conditions of comparisons, AND, OR, NOT, IS NULL and arithmetic can be checked.",
        )
    })
}
