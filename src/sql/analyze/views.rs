//! Views in FROM: the query of each takes its place, walked as a query of its own that sees nothing of the one around it.
//!
//! While a view is made the walk also notes what its query reads, and what each `*` in it stands for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, ObjectName, Query, SelectItem, SetExpr, TableAlias, TableAliasColumnDef, TableFactor,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{CollectionId, CollectionKind, ColumnId, RoleId, View, ViewUse};
use crate::sql::analyze::analyzer::{Analyzer, renamed};
use crate::sql::analyze::from::{plain_table, scope_columns, table_alias};
use crate::sql::analyze::scope::{Relation, Scope, ScopeColumn};
use crate::sql::parse::names::exact;
use crate::sql::parse::visit::{change_expressions, has_expression};
use crate::sql::pg_catalog::{find_in_definition, full_name, plain_view, planner_name, view_query};
use crate::sql::relational::collection_table::{CollectionTable, KEY_COLUMN, StatementTable};
use crate::sql::rewrite::rewrite::rewrite;
use crate::statement::{DependsOn, Privilege, TouchedObject};
use crate::types::{ColumnType, quote_identifier};

/// Queries within queries, those of views included: each costs the planner time and stack.
const QUERIES_NESTED_MAX: usize = 24;
/// Views whose queries one statement takes in: a view of views may stand for very many.
const VIEWS_MAX: usize = 256;

/// What the walk knows of views.
#[derive(Debug, Default)]
pub struct ViewWalk {
    /// Views around the current query.
    depth: usize,
    /// Queries around the current view.
    nesting: usize,
    /// Views taken in so far.
    count: usize,
    /// Notes for a view that is being made.
    notes: Option<ViewNotes>,
    /// Queries of WITH that have got another name.
    queries: usize,
    /// The item of FROM that comes next is the only one.
    is_alone: bool,
    /// Whose rights count in the view that is walked; `None` for those of whoever runs the statement.
    reader: Option<RoleId>,
}

/// What a query reads itself, and what `*` means in it.
#[derive(Clone, Debug, Default)]
pub struct ViewNotes {
    uses: BTreeMap<CollectionId, BTreeSet<ColumnId>>,
    /// Where a `*` begins and ends, and the columns that it stands for; and where the schema of a relation is to be written, which is
    /// found by the path of this session.
    stars: BTreeMap<(u64, u64), (Location, String)>,
    /// Where a literal begins and ends that sessions read differently, and the text that all of them read as this one does.
    literals: BTreeMap<(u64, u64), (Location, String)>,
    /// What is computed may be another value at another moment, or in another session.
    is_unsteady: bool,
}

impl ViewWalk {
    /// The walk of a query that becomes a view.
    pub fn noting() -> ViewWalk {
        // Whoever reads it has a query around it.
        ViewWalk { notes: Some(ViewNotes::default()), nesting: 1, ..ViewWalk::default() }
    }

    pub fn into_notes(self) -> Option<ViewNotes> {
        self.notes
    }

    /// Whether places in the tree are those of the statement's text.
    pub fn is_in_statement(&self) -> bool {
        self.depth == 0
    }

    /// What the planner calls a query of WITH: in a view, and within the query of another one of that name, one that no other has.
    pub fn query_name(&mut self, name: &str, is_inner: bool) -> String {
        if !is_inner && self.is_in_statement() {
            return name.to_string();
        }
        self.queries += 1;
        format!("{name}${}", self.queries)
    }

    /// An item of FROM comes; the only one or not.
    pub fn begin_item(&mut self, is_alone: bool) {
        self.is_alone = is_alone;
    }

    /// Whether the item of FROM that is walked now is the only one; what it holds knows nothing of that.
    pub fn take_alone(&mut self) -> bool {
        std::mem::take(&mut self.is_alone)
    }

    /// Whose rights count here; `None` for those of whoever runs the statement.
    pub fn reader(&self) -> Option<RoleId> {
        self.reader
    }

    /// The notes of the query itself, while none of another view is walked.
    pub fn own_notes(&mut self) -> Option<&mut ViewNotes> {
        self.notes.as_mut().filter(|_| self.depth == 0)
    }

    /// The query reads a collection or view.
    pub fn note_relation(&mut self, relation: CollectionId) {
        if let Some(notes) = self.own_notes() {
            notes.uses.entry(relation).or_default();
        }
    }

    /// The query names a column that comes from there.
    pub fn note_column(&mut self, column: &ScopeColumn) {
        let Some((oid, attribute)) = column.origin else { return };
        if let Some(notes) = self.own_notes()
            && let Ok(number) = u16::try_from(attribute.saturating_sub(1))
            && let Some(columns) = notes.uses.get_mut(&CollectionId::of_oid(oid))
        {
            columns.insert(ColumnId(number));
        }
    }

    /// A `*` stands for these items.
    ///
    /// # Errors
    /// 0A000 where the planner alone knows its columns.
    pub fn note_star(&mut self, start: Location, end: Location, items: &[SelectItem]) -> Result<()> {
        // One that stands for a relation itself, as a join under a name, is nowhere in the text.
        let Some(notes) = self.own_notes().filter(|_| start.line > 0) else { return Ok(()) };
        let mut columns = Vec::with_capacity(items.len());
        for item in items {
            let SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) = item else {
                return Err(Error::unsupported("* of such a relation is not offered in a view", "Name its columns."));
            };
            let quoted = |part: &Ident| quote_identifier(&part.value).to_string();
            columns.push(parts.iter().map(quoted).collect::<Vec<_>>().join("."));
        }
        notes.stars.insert((start.line, start.column), (end, columns.join(", ")));
        Ok(())
    }

    /// A relation of another schema than `public` is named here, with the schema that is written or none: the text of the view is to have it.
    ///
    /// # Errors
    /// 0A000 where the name has no place in the text.
    pub fn note_schema(&mut self, start: Location, written: Option<&str>, schema: &str) -> Result<()> {
        let Some(notes) = self.own_notes() else { return Ok(()) };
        if written.is_some_and(|written| written == schema) {
            return Ok(());
        }
        // Another session's `pg_temp` is another schema.
        if start.line == 0 || written.is_some() {
            return Err(Error::unsupported(
                "a view of this form needs the schemas of its tables",
                "Write schema.table.",
            ));
        }
        notes.stars.insert((start.line, start.column), (start, format!("{}.", quote_identifier(schema))));
        Ok(())
    }

    /// Refuses names for the columns of a join, which would be those of others once the first table has more.
    ///
    /// # Errors
    /// 0A000.
    pub fn check_named_join(&self) -> Result<()> {
        match self.notes {
            Some(_) if self.depth == 0 => Err(Error::unsupported(
                "names for the columns of a join are not offered in a view",
                "Name the columns in a SELECT from the join.",
            )),
            _ => Ok(()),
        }
    }

    /// Refuses NATURAL, which would join by other columns once the tables have others.
    ///
    /// # Errors
    /// 0A000.
    pub fn check_natural(&self) -> Result<()> {
        match self.notes {
            Some(_) if self.depth == 0 => {
                Err(Error::unsupported("NATURAL JOIN is not offered in a view", "Write JOIN ... USING (columns)."))
            }
            _ => Ok(()),
        }
    }
}

impl ViewNotes {
    pub fn uses(&self) -> Vec<ViewUse> {
        let uses = self.uses.iter();
        uses.map(|(relation, columns)| ViewUse { relation: *relation, columns: columns.iter().copied().collect() })
            .collect()
    }

    /// The parts of the text that are kept in other words: where each `*` and each literal begins and ends, and where a schema is missing, with what it stands
    /// for; from the last to the first.
    pub fn replacements(&self) -> impl Iterator<Item = (Location, Location, String)> {
        let stars = self.stars.iter().map(|(start, (end, columns))| (*start, (*end, columns.clone())));
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let literals = self.literals.iter().map(|(start, (end, text))| (*start, (*end, quoted(text))));
        let all: BTreeMap<_, _> = stars.chain(literals).collect();
        all.into_iter().rev().map(|((line, column), (end, text))| (Location { line, column }, end, text))
    }

    /// A literal that sessions read differently is kept as another text.
    pub fn note_literal(&mut self, start: Location, end: Location, text: String) {
        self.literals.insert((start.line, start.column), (end, text));
    }

    /// The text that is kept for the literal which begins there.
    pub fn literal_at(&self, start: Location) -> Option<&str> {
        self.literals.get(&(start.line, start.column)).map(|(_, text)| text.as_str())
    }

    pub fn note_unsteady(&mut self) {
        self.is_unsteady = true;
    }

    /// Whether all that is computed depends on nothing but the rows.
    pub fn is_immutable(&self) -> bool {
        !self.is_unsteady
    }
}

impl Analyzer<'_> {
    /// Reads a view in FROM: its query takes the place of its name.
    ///
    /// # Errors
    /// 54001 and 54000 for views within views beyond the bounds, 42P10 for more names of columns than it has, 0A000 where a column
    /// has another type than it had; what the query reports by now; as [`Analyzer::add`].
    pub fn view(
        &mut self,
        view: &View,
        alias: Option<TableAlias>,
        (shown, renames): (&str, &[String]),
        is_alone: bool,
    ) -> Result<TableFactor> {
        self.context.notes.depend_on(DependsOn::Catalog(Arc::clone(self.context.view.catalog())));
        self.views.note_relation(view.id);
        if self.context.refreshed != Some(view.id) {
            self.note_read(view.id);
        }
        self.views.count += 1;
        if self.views.count > VIEWS_MAX {
            let message = format!("a statement can read at most {VIEWS_MAX} views, those within views included");
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        let mut query = view_query(view)?;
        if is_alone
            && renames.is_empty()
            && let Some(flat) = self.flattened(view, &query, shown)?
        {
            return Ok(flat);
        }
        let has_key = self.take_key_along(&mut query);
        rewrite(&mut query);
        let reader = self.enter_view(view);
        let found = self.apart_from_others(&mut query);
        self.views.reader = reader;
        let found = found?;
        let columns = renamed(self.view_columns(view, found, has_key)?, renames, &format!("table \"{shown}\""))?;
        let mut alias = alias.unwrap_or_else(|| table_alias(shown));
        let names = columns.iter().map(|column| exact(column.name.clone()));
        alias.columns = names.map(|name| TableAliasColumnDef { name, data_type: None }).collect();
        let full_name = renames.is_empty().then(|| full_name(&view.relation(), self.context.view.catalog()));
        self.add(Relation { name: shown.to_string(), columns, full_name, ..Relation::default() })?;
        Ok(TableFactor::Derived { lateral: false, subquery: Box::new(query), alias: Some(alias), sample: None })
    }

    fn view_columns(&self, view: &View, found: Vec<ScopeColumn>, has_key: bool) -> Result<Vec<ScopeColumn>> {
        view_columns((view, self.context.refreshed == Some(view.id)), found, has_key)
    }

    /// The statement reads a relation, with the rights that count here.
    pub fn note_read(&self, relation: CollectionId) {
        let object = TouchedObject::Collection(relation);
        self.context.notes.touch_as(object, Privilege::Select, self.views.reader);
    }

    /// Whose rights count for what a view reads.
    fn reader_in(&self, view: &View) -> Option<RoleId> {
        match view.security_invoker {
            true => self.views.reader,
            false => Some(self.context.view.catalog().owner(view.id)),
        }
    }

    /// The rights of a view's owner count from now on; whose counted before.
    fn enter_view(&mut self, view: &View) -> Option<RoleId> {
        let reader = self.reader_in(view);
        std::mem::replace(&mut self.views.reader, reader)
    }

    /// A view that shows columns of one collection under their own names, as that collection, where nothing else is read beside
    /// it: its condition goes to those of the query, so that `db` answers by itself what it would answer without the view. `None`
    /// for other views.
    fn flattened(&mut self, view: &View, query: &Query, shown: &str) -> Result<Option<TableFactor>> {
        let Ok(plain) = plain_view(query) else { return Ok(None) };
        let catalog = self.context.view.catalog();
        let Some(relation) = find_in_definition(&plain.relation, catalog) else { return Ok(None) };
        let Some(collection) = catalog.collection(&relation).cloned() else { return Ok(None) };
        let reader = self.reader_in(view);
        let is_subquery =
            |part: &Expr| matches!(part, Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. });
        let keeps_names =
            view.columns.iter().zip(&plain.columns).all(|(column, source)| *source == Some(column.name.clone()));
        if !keeps_names
            || query.order_by.is_some()
            || collection.kind == CollectionKind::Auth
            || plain.condition.as_ref().is_some_and(|condition| has_expression(condition, is_subquery))
        {
            return Ok(None);
        }
        let key = planner_name(&relation, catalog);
        let table = StatementTable::Collection(CollectionTable::new(&collection));
        let all = scope_columns(&table);
        let found =
            view.columns.iter().filter_map(|column| all.iter().find(|known| known.name == column.name).cloned());
        let mut columns = self.view_columns(view, found.collect(), false)?;
        columns.extend(all.iter().find(|known| known.name == KEY_COLUMN).cloned());
        let condition = match plain.condition {
            None => None,
            Some(mut condition) => {
                change_expressions(&mut condition, |part| {
                    if let Expr::CompoundIdentifier(parts) = part
                        && let Some(name) = parts.pop()
                    {
                        *parts = vec![exact(shown), name];
                    }
                });
                rewrite(&mut condition);
                let whole =
                    Relation { name: shown.to_string(), columns: all, table: Some(key.clone()), ..Relation::default() };
                let scopes =
                    std::mem::replace(&mut self.scopes, vec![Scope { relations: vec![whole], ..Scope::default() }]);
                let levels = std::mem::take(&mut self.levels);
                self.views.depth += 1;
                self.tables.entry(key.clone()).or_insert(table.clone());
                let walked = self.condition(&mut condition, "WHERE");
                self.views.depth -= 1;
                (self.scopes, self.levels) = (scopes, levels);
                walked?;
                Some(condition)
            }
        };
        self.tables.entry(key.clone()).or_insert(table);
        let object = TouchedObject::Collection(collection.id);
        self.context.notes.touch_as(object, Privilege::Select, reader);
        let full_name = Some(full_name(&view.relation(), self.context.view.catalog()));
        self.add(Relation {
            name: shown.to_string(),
            columns,
            table: Some(key.clone()),
            full_name,
            ..Relation::default()
        })?;
        if let Some(scope) = self.scopes.last_mut() {
            scope.view_condition = condition;
        }
        Ok(Some(plain_table(&key, table_alias(shown))))
    }

    /// Walks the query of a view, which sees neither the tables nor the queries of WITH around it.
    fn apart_from_others(&mut self, query: &mut Query) -> Result<Vec<ScopeColumn>> {
        let scopes = std::mem::take(&mut self.scopes);
        let ctes = std::mem::take(&mut self.ctes);
        let levels = std::mem::take(&mut self.levels);
        let keeps_unknown = std::mem::take(&mut self.keeps_unknown);
        let nesting = self.views.nesting;
        self.views.nesting = nesting.saturating_add(scopes.len());
        self.views.depth += 1;
        let columns = if self.views.nesting > QUERIES_NESTED_MAX {
            let message = format!("queries and views are nested more than {QUERIES_NESTED_MAX} levels deep");
            Err(Error::new(ErrorKind::TooComplex, message))
        } else {
            self.query(query, false)
        };
        self.views.depth -= 1;
        self.views.nesting = nesting;
        (self.scopes, self.ctes, self.levels, self.keeps_unknown) = (scopes, ctes, levels, keeps_unknown);
        columns
    }

    /// Has a view of one table show the keys of its rows, hidden, by which statements that write find them. Whether it does.
    fn take_key_along(&self, query: &mut Query) -> bool {
        let Ok(plain) = plain_view(query) else { return false };
        let has_key = self.has_key(&plain.relation);
        if has_key && let SetExpr::Select(select) = query.body.as_mut() {
            select.projection.push(SelectItem::UnnamedExpr(Expr::Identifier(exact(KEY_COLUMN))));
        }
        has_key
    }

    /// Whether a relation shows the keys of its rows.
    fn has_key(&self, name: &ObjectName) -> bool {
        let catalog = self.context.view.catalog();
        let Some(relation) = find_in_definition(name, catalog) else { return false };
        match (catalog.collection(&relation), catalog.view(&relation)) {
            (Some(collection), _) => collection.kind != CollectionKind::Auth,
            (None, Some(view)) => {
                view_query(view).is_ok_and(|query| plain_view(&query).is_ok_and(|plain| self.has_key(&plain.relation)))
            }
            (None, None) => false,
        }
    }
}

/// The columns of a view as its query has them now, and the key behind them.
///
/// # Errors
/// 0A000 for a column of another type than the view was made with.
fn view_columns((view, is_kept): (&View, bool), found: Vec<ScopeColumn>, has_key: bool) -> Result<Vec<ScopeColumn>> {
    if found.len() != view.columns.len() + usize::from(has_key) {
        return Err(Error::internal(format!("view \"{}\" has other columns than it was made with", view.name)));
    }
    let mut columns = Vec::with_capacity(found.len());
    for ((column, found), number) in view.columns.iter().zip(found).zip(1..) {
        let ty = found.ty.unwrap_or_else(|| column.ty.clone());
        // Rows that are kept become values of the types that tables have.
        if !is_kept && ty.with_dimension(None) != column.ty.with_dimension(None) {
            let (name, view) = (&column.name, &view.name);
            let message =
                format!("column \"{name}\" of view \"{view}\" was of type {} and is of type {ty} now", column.ty);
            return Err(Error::unsupported(message, "CREATE OR REPLACE VIEW, or DROP VIEW and make it again."));
        }
        let origin = Some((view.oid(), number));
        columns.push(ScopeColumn { origin, ..ScopeColumn::computed(column.name.clone(), Some(ty)) });
    }
    if has_key {
        let key = ScopeColumn::computed(KEY_COLUMN, Some(ColumnType::Bytea));
        columns.push(ScopeColumn { is_hidden: true, ..key });
    }
    Ok(columns)
}
