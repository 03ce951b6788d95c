//! The FROM clause: which tables and subqueries a query reads, and what columns they show. `from_functions` adds the
//! functions.

use std::sync::Arc;

use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::sql::sqlparser::ast::{
    ObjectName, ObjectNamePart, Query, SelectItem, SetExpr, Spanned, TableAlias, TableAliasColumnDef, TableFactor,
    TableWithJoins, WildcardAdditionalOptions,
};
use datafusion::sql::sqlparser::tokenizer::Location;
use futures::FutureExt;

use crate::db::{Catalog, MEMORY, SearchPath};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{PUBLIC, Permission, RelationName, Sequence, View};
use crate::sql::analyze::analyzer::{Analyzer, check_renames, renamed};
use crate::sql::analyze::query_forms::{PLACES, sampled};
use crate::sql::analyze::scope::{Relation, ScopeColumn, ShownColumn};
use crate::sql::arrow::context::ReadContext;
use crate::sql::arrow::errors::from_datafusion;
use crate::sql::arrow::types::{is_hidden, type_of};
use crate::sql::parse::names::{exact, folded};
use crate::sql::parse::trees::select_of;
use crate::sql::pg_catalog::{self, Meant, find_by_path, full_name, path_of, planner_name};
use crate::sql::relational::collection_table::{CollectionTable, FACTS_VIEW, StatementTable};
use crate::statement::{Privilege, TouchedObject, check_relation, permission_denied};

impl Analyzer<'_> {
    /// Walks one relation of FROM, which comes into scope. What `*` shows of it.
    ///
    /// # Errors
    /// 42P01 for a relation that does not exist, 42P10 for more names of columns than it has, 0A000 for TABLESAMPLE and
    /// other forms; as [`Analyzer::add`], [`Analyzer::query`], [`Analyzer::function_in_from`] and
    /// [`Analyzer::unnested_arrays`].
    pub fn factor(&mut self, factor: &mut TableFactor) -> Result<Vec<ShownColumn>> {
        if let TableFactor::NestedJoin { table_with_joins, alias } = factor {
            let Some(alias) = alias.take() else { return self.table_with_joins(table_with_joins) };
            if !alias.columns.is_empty() {
                self.views.check_named_join()?;
            }
            // Under a name the tables of the join have none of their own.
            *factor = joined_as(table_with_joins, alias)?;
        }
        let before = self.scopes.last().map_or(0, |scope| scope.relations.len());
        self.read_factor(factor)?;
        self.rename_factor(factor);
        let new = self.scopes.last().map(|scope| scope.relations.as_slice()).unwrap_or_default();
        Ok(new.iter().skip(before).flat_map(Relation::shown).collect())
    }

    fn read_factor(&mut self, factor: &mut TableFactor) -> Result<()> {
        let is_alone = self.views.take_alone();
        match factor {
            TableFactor::Table { sample: Some(_), .. } => {
                sampled(factor)?;
                self.read_factor(factor)
            }
            TableFactor::Table { name, alias, args: None, .. } => {
                let name = name.clone();
                let mut alias = alias.take();
                *factor = self.named_table(&name, &mut alias, is_alone)?;
                Ok(())
            }
            TableFactor::Table { args: Some(_), .. } | TableFactor::Function { .. } => self.function_in_from(factor),
            TableFactor::Derived { lateral, subquery, alias, .. } => {
                if *lateral && subquery.limit_clause.is_none() && subquery.fetch.is_none() && !is_distinct(subquery) {
                    // The planner cannot join a correlated query that sorts, and a join keeps no order.
                    subquery.order_by = None;
                }
                let columns = self.query(subquery, false)?;
                let names: Vec<String> =
                    alias.iter().flat_map(|alias| &alias.columns).map(|column| folded(&column.name)).collect();
                let name = match alias {
                    Some(alias) => folded(&alias.name),
                    None => {
                        let name =
                            format!("unnamed_subquery{}", self.scopes.iter().map(|s| s.relations.len()).sum::<usize>());
                        *alias = Some(table_alias(&name));
                        name
                    }
                };
                let mut columns = renamed(columns, &names, &format!("table \"{name}\""))?;
                if let Some(alias) = alias {
                    name_rest(alias, &columns);
                }
                for column in &mut columns {
                    column.is_hidden = PLACES.contains(&column.name.as_str());
                }
                self.add(Relation { name, columns, ..Relation::default() })
            }
            TableFactor::UNNEST { .. } => self.unnested_arrays(factor),
            other => Err(self.at(
                Error::unsupported("this kind of FROM item is not offered", "Use tables, subqueries and joins."),
                other.span().start,
            )),
        }
    }

    /// Brings a relation into the scope of the current query.
    ///
    /// # Errors
    /// 42712 for a name that a relation beside it has, XX000 outside of a query.
    pub fn add(&mut self, relation: Relation) -> Result<()> {
        let Some(scope) = self.scopes.last_mut() else {
            return Err(Error::internal("a FROM item outside of a query"));
        };
        let is_join = scope.joins.iter().any(|join| join.name == relation.name);
        if is_join || scope.relations.iter().any(|other| other.name == relation.name) {
            return Err(Error::new(
                ErrorKind::DuplicateAlias,
                format!("table name \"{}\" specified more than once", relation.name),
            ));
        }
        scope.relations.push(relation);
        Ok(())
    }

    /// A CTE, a collection, a view or a relation of the system catalogs.
    fn named_table(
        &mut self,
        name: &ObjectName,
        alias: &mut Option<TableAlias>,
        is_alone: bool,
    ) -> Result<TableFactor> {
        let parts: Vec<String> = name
            .0
            .iter()
            .filter_map(|part| match part {
                ObjectNamePart::Identifier(ident) => Some(folded(ident)),
                ObjectNamePart::Function(_) => None,
            })
            .collect();
        let (schema, table) = match parts.as_slice() {
            [table] => (None, table.clone()),
            [.., schema, table] => (Some(schema.clone()), table.clone()),
            [] => return Err(Error::syntax("a table without a name", None)),
        };
        let renames: Vec<String> =
            alias.iter().flat_map(|alias| &alias.columns).map(|column| folded(&column.name)).collect();
        let shown = alias.as_ref().map_or_else(|| table.clone(), |alias| folded(&alias.name));
        if schema.is_none()
            && let Some(cte) = self.ctes.iter().rev().find(|cte| cte.name == table)
        {
            let planner_name = cte.planner_name.clone();
            let columns = cte.columns.iter().map(|column| ScopeColumn { is_merged: false, ..column.clone() }).collect();
            let columns = renamed(columns, &renames, &format!("table \"{shown}\""))?;
            self.add(Relation { name: shown.clone(), columns, ..Relation::default() })?;
            let alias = alias.take().unwrap_or_else(|| table_alias(&shown));
            return Ok(plain_table(&planner_name, alias));
        }
        if schema.is_none()
            && self.views.is_in_statement()
            && let Some(given) = self.context.given.iter().find(|given| given.name == table)
        {
            let rows = given.table.as_ref().ok_or_else(|| self.at(returns_nothing(&table), name.span().start))?;
            return self.given_rows(&table, rows, alias, (&shown, &renames));
        }
        let start = name.span().start;
        let found = self.found(schema.as_deref(), &table, start).map_err(|error| self.at(error, start))?;
        if let Meant::Stored(relation) = &found
            && let Some(view) = self.view_named(relation)
        {
            let read = self.view(&view, alias.take(), (&shown, &renames), is_alone);
            return read.map_err(|error| self.at(error, start));
        }
        let (key, provider) = self.provider(&found).map_err(|error| self.at(error, start))?;
        if let StatementTable::Collection(table) = &provider {
            self.views.note_relation(table.collection.id);
            self.note_read(table.collection.id);
        }
        let columns = renamed(scope_columns(&provider), &renames, &format!("table \"{shown}\""))?;
        self.tables.entry(key.clone()).or_insert(provider);
        let table = renames.is_empty().then(|| key.clone());
        let full_name = match &found {
            Meant::Stored(relation) if table.is_some() && !relation.schema.is_public() => {
                Some(full_name(relation, self.context.view.catalog()))
            }
            _ => None,
        };
        self.add(Relation { name: shown.clone(), columns, table, full_name, ..Relation::default() })?;
        let alias = match alias.take() {
            // A column list must name every column for the planner; ours may be the shorter.
            Some(alias) if !renames.is_empty() => self.full_alias(alias, &key)?,
            Some(alias) => alias,
            None => table_alias(&shown),
        };
        Ok(plain_table(&key, alias))
    }

    /// The view of a name: a materialised one where its query is run anew.
    fn view_named(&self, relation: &RelationName) -> Option<Arc<View>> {
        let catalog = self.context.view.catalog();
        let refreshed = self.context.refreshed.filter(|_| self.views.is_in_statement());
        let kept = refreshed.and_then(|id| catalog.kept_view(id)).filter(|view| view.relation() == *relation);
        catalog.view(relation).or(kept).cloned()
    }

    /// The rows of a statement that writes in WITH.
    fn given_rows(
        &mut self,
        name: &str,
        rows: &Arc<dyn TableProvider>,
        alias: &mut Option<TableAlias>,
        (shown, renames): (&str, &[String]),
    ) -> Result<TableFactor> {
        let columns = renamed(columns_of(rows.as_ref()), renames, &format!("table \"{shown}\""))?;
        let key = format!("$given.{name}");
        self.tables.entry(key.clone()).or_insert_with(|| StatementTable::Other(Arc::clone(rows)));
        self.add(Relation { name: shown.to_string(), columns, ..Relation::default() })?;
        let alias = match alias.take() {
            Some(alias) if !renames.is_empty() => self.full_alias(alias, &key)?,
            Some(alias) => alias,
            None => table_alias(shown),
        };
        Ok(plain_table(&key, alias))
    }

    /// The alias with the names of the columns behind those that it lists.
    ///
    /// # Errors
    /// As [`renamed`].
    pub fn full_alias(&self, mut alias: TableAlias, key: &str) -> Result<TableAlias> {
        let Some(table) = self.tables.get(key) else { return Ok(alias) };
        let columns = scope_columns(table);
        check_renames(&format!("table \"{}\"", folded(&alias.name)), columns.len(), alias.columns.len())?;
        let rest = columns.iter().skip(alias.columns.len());
        let rest: Vec<_> =
            rest.map(|column| TableAliasColumnDef { name: exact(column.name.clone()), data_type: None }).collect();
        alias.columns.extend(rest);
        Ok(alias)
    }

    /// What a name means: in the statement by the session's path, in a view by that of definitions.
    fn found(&mut self, schema: Option<&str>, table: &str, start: Location) -> Result<Meant> {
        let catalog = self.context.view.catalog();
        let is_in_statement = self.views.is_in_statement();
        let path = if is_in_statement { path_of(self.context) } else { SearchPath::of_definitions() };
        let found = find_by_path(schema, table, &path, catalog);
        if let Some(Meant::Stored(relation)) = &found
            && !relation.schema.is_public()
        {
            self.context.notes.note_schema(relation.schema);
            self.views.note_schema(start, schema, &catalog.schema_name(relation.schema))?;
        }
        found.ok_or_else(|| match schema {
            None | Some(PUBLIC) => undefined(table, catalog),
            Some(schema) => {
                Error::new(ErrorKind::UndefinedTable, format!("relation \"{schema}.{table}\" does not exist"))
            }
        })
    }

    /// What the planner calls a relation that is no view, and what gives its rows.
    fn provider(&mut self, found: &Meant) -> Result<(String, StatementTable)> {
        let catalog = self.context.view.catalog();
        match found {
            Meant::Stored(relation) => {
                self.note_beside(relation)?;
                let key = planner_name(relation, catalog);
                if let Some(known) = self.tables.get(&key) {
                    return Ok((key, known.clone()));
                }
                if relation.schema.is_public() && relation.name == FACTS_VIEW {
                    let memory = catalog.expect_collection(MEMORY)?;
                    let facts = self.context.view.fact_columns(memory);
                    self.is_cacheable = false;
                    return Ok((key, StatementTable::Collection(CollectionTable::facts(memory, facts))));
                }
                if let Some(rows) = pg_catalog::sequence_table(self.context.view, relation)? {
                    self.is_cacheable = false;
                    return Ok((key, StatementTable::Other(Arc::new(rows))));
                }
                let collection = catalog.expect_collection(relation)?;
                Ok((key, StatementTable::Collection(CollectionTable::new(collection))))
            }
            Meant::System(relation) => {
                let object = TouchedObject::System { schema: relation.schema, name: relation.name };
                self.context.notes.touch_as(object, Privilege::Select, self.views.reader());
                let provider = self.system_schema(relation.schema);
                let table =
                    provider.table(relation.name).now_or_never().transpose().map_err(from_datafusion)?.flatten();
                let table = table.ok_or_else(|| Error::internal("a relation of the system has no rows"))?;
                self.is_cacheable = false;
                Ok((format!("{}.{}", relation.schema, relation.name), StatementTable::Other(table)))
            }
        }
    }

    /// Notes what is read of a relation that is no collection.
    fn note_beside(&self, relation: &RelationName) -> Result<()> {
        let catalog = self.context.view.catalog();
        if let Some(sequence) = catalog.sequence(relation) {
            self.note_read(sequence.id);
        } else if let Some((table, position)) = catalog.column_sequence(relation) {
            // Planned anew for each Execute, as all that reads a sequence.
            let target = Sequence::of_column(table, position).map(|sequence| sequence.acl_target());
            let who = self.views.reader().unwrap_or(self.context.settings.identity().current);
            if !target.is_some_and(|target| catalog.may(who, target, Permission::Select)) {
                return Err(permission_denied("sequence", &relation.name));
            }
        } else if relation.schema.is_public() && relation.name == FACTS_VIEW {
            // Its columns are made of what its rows have: who may not read them is not told of its columns.
            let memory = catalog.expect_collection(MEMORY)?;
            let who = self.views.reader().unwrap_or(self.context.settings.identity().current);
            check_relation(catalog, who, memory.id, Permission::Select)?;
        }
        Ok(())
    }

    fn system_schema(&self, name: &'static str) -> Arc<dyn SchemaProvider> {
        let context = ReadContext::new(self.context.view, self.context.settings, self.context.cancel.clone());
        pg_catalog::schema(name, context)
    }
}

/// 0A000 for a query of WITH that writes and returns no rows.
fn returns_nothing(name: &str) -> Error {
    let message = format!("WITH query \"{name}\" does not have a RETURNING clause");
    Error::unsupported(message, "Add RETURNING with the columns that are wanted.")
}

/// 42P01 for a name that no schema of the path has.
fn undefined(table: &str, catalog: &Catalog) -> Error {
    match catalog.expect_collection(table) {
        Err(error) => error,
        // One of `public`, which is not in the path.
        Ok(_) => Error::new(ErrorKind::UndefinedTable, format!("relation \"{table}\" does not exist")),
    }
}

pub fn scope_columns(table: &StatementTable) -> Vec<ScopeColumn> {
    match table {
        StatementTable::Collection(table) => table
            .columns
            .iter()
            .map(|column| ScopeColumn {
                name: column.name.clone(),
                ty: Some(column.ty.clone()),
                is_hidden: column.is_hidden,
                origin: (column.attribute > 0).then(|| (table.collection.oid(), column.attribute)),
                is_merged: false,
                label: None,
            })
            .collect(),
        StatementTable::Other(provider) => columns_of(provider.as_ref()),
    }
}

fn columns_of(provider: &dyn TableProvider) -> Vec<ScopeColumn> {
    let schema = provider.schema();
    let columns = schema.fields().iter().map(|field| ScopeColumn {
        is_hidden: is_hidden(field),
        ..ScopeColumn::computed(field.name().clone(), Some(type_of(field)))
    });
    columns.collect()
}

/// The rows of a join as a relation with a name.
fn joined_as(joined: &TableWithJoins, alias: TableAlias) -> Result<TableFactor> {
    let mut query = select_of(Vec::new())?;
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.projection = vec![SelectItem::Wildcard(WildcardAdditionalOptions::default())];
        select.from = vec![joined.clone()];
    }
    Ok(TableFactor::Derived { lateral: false, subquery: Box::new(query), alias: Some(alias), sample: None })
}

/// Columns that a list of names leaves out keep theirs; the planner wants all of them or none.
pub fn name_rest(alias: &mut TableAlias, columns: &[ScopeColumn]) {
    let given = alias.columns.len();
    if given > 0 {
        let rest = columns.iter().skip(given);
        alias
            .columns
            .extend(rest.map(|column| TableAliasColumnDef { name: exact(column.name.clone()), data_type: None }));
    }
}

fn is_distinct(query: &Query) -> bool {
    matches!(query.body.as_ref(), SetExpr::Select(select) if select.distinct.is_some())
}

pub fn table_alias(name: &str) -> TableAlias {
    TableAlias { explicit: true, name: exact(name), columns: Vec::new(), at: None }
}

pub fn plain_table(name: &str, alias: TableAlias) -> TableFactor {
    TableFactor::Table {
        name: ObjectName::from(vec![exact(name)]),
        alias: Some(alias),
        args: None,
        with_hints: Vec::new(),
        version: None,
        with_ordinality: false,
        partitions: Vec::new(),
        json_path: None,
        sample: None,
        index_hints: Vec::new(),
    }
}
