//! The views over the catalogs that people read: `pg_tables`, `pg_indexes`, `pg_views`.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{ObjectName, Query, Spanned, Statement, Visitor};

use crate::db::{Catalog, SchemaPlace, SearchPath};
use crate::model::{SchemaId, View};
use crate::settings::Settings;
use crate::sql::parse::parse::parse;
use crate::sql::parse::view_text::byte_of;
use crate::sql::parse::visit::visit;
use crate::sql::pg_catalog::definitions::index_definition;
use crate::sql::pg_catalog::lookup::find_in_definition;
use crate::sql::pg_catalog::names::namespace_name;
use crate::sql::pg_catalog::oids::Object;
use crate::sql::pg_catalog::relation::{CatalogRow, text};
use crate::types::Value;

/// What the view `memory_facts` shows, in words of SQL.
pub const MEMORY_FACTS_DEFINITION: &str =
    " SELECT id, metadata.* AS one column for each fact that occurs\n   FROM memory;";

pub fn tables(catalog: &Catalog, settings: &Settings) -> Vec<CatalogRow> {
    let objects = Object::all(catalog);
    let tables = objects.iter().filter(|object| object.kind() == "r");
    tables
        .map(|object| {
            let indexed = match object {
                Object::Table(collection) => !collection.indexes.is_empty() || !collection.primary_key.is_empty(),
                _ => false,
            };
            vec![
                ("schemaname", text(namespace_name(catalog, object.namespace()))),
                ("tablename", text(object.name())),
                ("tableowner", text(&settings.user)),
                ("hasindexes", Value::Bool(indexed)),
                ("hasrules", Value::Bool(false)),
                ("hastriggers", Value::Bool(false)),
                ("rowsecurity", Value::Bool(false)),
            ]
        })
        .collect()
}

pub fn views(catalog: &Catalog, settings: &Settings) -> Vec<CatalogRow> {
    let path = SearchPath::of(settings, catalog);
    let objects = Object::all(catalog);
    let views = objects.iter().filter(|object| object.kind() == "v");
    views
        .map(|object| {
            vec![
                ("schemaname", text(namespace_name(catalog, object.namespace()))),
                ("viewname", text(object.name())),
                ("viewowner", text(&settings.user)),
                ("definition", view_definition(object, &path, catalog).map_or(Value::Null, text)),
            ]
        })
        .collect()
}

/// The text of a view; those of the information schema are made, not defined.
pub fn view_definition(object: &Object, path: &SearchPath, catalog: &Catalog) -> Option<String> {
    match object {
        Object::MemoryFacts => Some(MEMORY_FACTS_DEFINITION.to_string()),
        Object::View(view) => Some(format!(" {};", query_in(view, path, catalog))),
        _ => None,
    }
}

/// The query of a view as a session reads it with this path: relations of `public` have it before them where the path does not lead
/// there. Those of other schemas have theirs in any case.
fn query_in(view: &View, path: &SearchPath, catalog: &Catalog) -> String {
    if path.places().contains(&SchemaPlace::Stored(SchemaId::Public)) {
        return view.query.clone();
    }
    let Ok(Some(Statement::Query(query))) = parse(&view.query).map(|parsed| parsed.statement) else {
        return view.query.clone();
    };
    let mut names = PlainNames::default();
    let walked = visit(query.as_ref(), &mut names);
    debug_assert!(walked.is_continue());
    let is_stored = |name: &ObjectName| find_in_definition(name, catalog).is_some();
    let found = names.relations.iter().filter(|name| is_stored(name) && !names.with.contains(&name.to_string()));
    let places = found.filter_map(|name| byte_of(&view.query, name.span().start));
    let mut text = view.query.clone();
    // A name that is read twice, as in `INSERT`, stands in one place.
    for place in places.collect::<BTreeSet<_>>().into_iter().rev() {
        text.insert_str(place, "public.");
    }
    text
}

/// The relations that a query names without a schema, and the queries of its WITH clauses.
#[derive(Default)]
struct PlainNames {
    relations: Vec<ObjectName>,
    with: BTreeSet<String>,
}

impl Visitor for PlainNames {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let named = query.with.iter().flat_map(|with| &with.cte_tables);
        self.with.extend(named.map(|named| named.alias.name.to_string()));
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        if relation.0.len() == 1 {
            self.relations.push(relation.clone());
        }
        ControlFlow::Continue(())
    }
}

pub fn indexes(catalog: &Catalog, settings: &Settings) -> Vec<CatalogRow> {
    let path = SearchPath::of(settings, catalog);
    let mut rows = Vec::new();
    for object in Object::all(catalog) {
        let (Object::PrimaryKey(collection) | Object::Index(collection, _)) = &object else { continue };
        rows.push(vec![
            ("schemaname", text(catalog.schema_name(collection.schema))),
            ("tablename", text(&collection.name)),
            ("indexname", text(object.name())),
            ("indexdef", index_definition((catalog, &path), object.oid()).map_or(Value::Null, text)),
        ]);
    }
    rows
}
