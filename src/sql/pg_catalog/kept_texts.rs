//! Texts of queries and expressions that are kept, as a session reads them with its path: what lies in `public` is named with that
//! schema where the path does not lead there, as for a dump. What lies in other schemas is kept with theirs.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    ArrayElemTypeDef, DataType, Expr, ObjectName, Query, Spanned, Statement, Visit, Visitor,
};
use datafusion::sql::sqlparser::parser::Parser;

use crate::db::{Catalog, SchemaPlace, SearchPath};
use crate::model::SchemaId;
use crate::sql::parse::dialect::PostgresDialect;
use crate::sql::parse::names::{folded, last_part};
use crate::sql::parse::parse::parse;
use crate::sql::parse::view_text::byte_of;
use crate::sql::parse::visit::visit;
use crate::sql::pg_catalog::lookup::{find_in_definition, find_user_type};
use crate::sql::pg_catalog::types::is_of_extension;
use crate::types::ColumnType;

/// The text of a view's query.
pub fn query_in(text: &str, path: &SearchPath, catalog: &Catalog) -> String {
    if leads_to_public(path) {
        return text.to_string();
    }
    match parse(text).map(|parsed| parsed.statement) {
        Ok(Some(Statement::Query(query))) => with_schemas(text, query.as_ref(), catalog),
        _ => text.to_string(),
    }
}

/// The text of a default, a condition or a key.
pub fn expression_in(text: &str, path: &SearchPath, catalog: &Catalog) -> String {
    if leads_to_public(path) {
        return text.to_string();
    }
    let parsed = Parser::new(&PostgresDialect).try_with_sql(text).and_then(|mut parser| parser.parse_expr());
    parsed.map_or_else(|_| text.to_string(), |expr| with_schemas(text, &expr, catalog))
}

fn leads_to_public(path: &SearchPath) -> bool {
    path.places().contains(&SchemaPlace::Stored(SchemaId::Public))
}

fn with_schemas(text: &str, tree: &impl Visit, catalog: &Catalog) -> String {
    let mut names = Names { catalog, found: Vec::new(), with: Vec::new() };
    let walked = visit(tree, &mut names);
    debug_assert!(walked.is_continue());
    // A name that is walked twice stands in one place.
    let places: BTreeSet<usize> = names.found.iter().filter_map(|name| byte_of(text, name.span().start)).collect();
    let mut text = text.to_string();
    for place in places.into_iter().rev() {
        text.insert_str(place, "public.");
    }
    text
}

/// The names without a schema that mean something in `public`.
struct Names<'a> {
    catalog: &'a Catalog,
    found: Vec<ObjectName>,
    /// What the queries around call the queries of their WITH clauses.
    with: Vec<Vec<String>>,
}

impl Names<'_> {
    fn data_type(&mut self, data_type: &DataType) {
        match data_type {
            DataType::Custom(name, _) if name.0.len() == 1 => {
                let path = SearchPath::of_definitions();
                let plain = last_part(name).unwrap_or_default();
                let is_made = find_user_type(None, &plain, &path, self.catalog).is_some();
                if is_made || ColumnType::parse(&plain).is_ok_and(|ty| is_of_extension(&ty)) {
                    self.found.push(name.clone());
                }
            }
            DataType::Array(
                ArrayElemTypeDef::SquareBracket(element, _)
                | ArrayElemTypeDef::AngleBracket(element)
                | ArrayElemTypeDef::Parenthesis(element),
            ) => self.data_type(element),
            _ => {}
        }
    }
}

impl Visitor for Names<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let named = query.with.iter().flat_map(|with| &with.cte_tables);
        self.with.push(named.map(|named| folded(&named.alias.name)).collect());
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.with.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let is_of_with =
            || last_part(relation).is_some_and(|name| self.with.iter().flatten().any(|known| *known == name));
        if relation.0.len() == 1 && !is_of_with() && find_in_definition(relation, self.catalog).is_some() {
            self.found.push(relation.clone());
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Cast { data_type, .. } => self.data_type(data_type),
            Expr::TypedString(typed) => self.data_type(&typed.data_type),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
