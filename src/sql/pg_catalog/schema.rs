//! The schemas `pg_catalog`, `information_schema` and `nebulus` as DataFusion sees them. A relation is built when a statement
//! names it.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::error::DataFusionError;

use crate::db::{NetworkTable, SearchPath};
use crate::error::Result;
use crate::sql::arrow::context::ReadContext;
use crate::sql::arrow::errors::to_datafusion;
use crate::sql::pg_catalog::relation::{self, CatalogRow};
use crate::sql::pg_catalog::{
    cluster, comments, constraint_views, constraints, dependencies, domains, information, locks, procedures, relations,
    roles, sequences, statistics, types, user_types, views,
};

const INFORMATION_SCHEMA: &str = "information_schema";

/// One of the three schemas, for one statement.
pub struct CatalogSchema {
    name: &'static str,
    context: ReadContext,
}

/// The schema `pg_catalog`, `information_schema` or `nebulus` of one statement; making it costs next to nothing.
pub fn schema(name: &'static str, context: ReadContext) -> Arc<dyn SchemaProvider> {
    Arc::new(CatalogSchema { name, context })
}

impl fmt::Debug for CatalogSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CatalogSchema").field("name", &self.name).finish_non_exhaustive()
    }
}

#[async_trait]
impl SchemaProvider for CatalogSchema {
    fn table_names(&self) -> Vec<String> {
        let relations = relation::all().iter().filter(|relation| relation.schema == self.name);
        relations.map(|relation| relation.name.to_string()).collect()
    }

    async fn table(&self, name: &str) -> std::result::Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        let Some(relation) = relation::find(self.name, name) else { return Ok(None) };
        let rows = match self.name {
            INFORMATION_SCHEMA => Ok(information_rows(name, &self.context)),
            relation::NEBULUS_SCHEMA if name == "vector_indexes" => Ok(statistics::vector_indexes(&self.context.view)),
            relation::NEBULUS_SCHEMA => network_rows(name, &self.context),
            _ if name == "pg_sequences" => sequences::pg_sequences(&self.context.view, &self.context.settings),
            _ => Ok(catalog_rows(name, &self.context)),
        };
        match rows.and_then(|rows| relation.table(rows)) {
            Ok(table) => Ok(Some(Arc::new(table))),
            Err(error) => Err(to_datafusion(error)),
        }
    }

    fn table_exist(&self, name: &str) -> bool {
        relation::find(self.name, name).is_some()
    }
}

/// The rows of a relation of `pg_catalog`; one that nobody fills is empty.
pub fn catalog_rows(name: &str, context: &ReadContext) -> Vec<CatalogRow> {
    let (view, settings) = (&context.view, context.settings.as_ref());
    let catalog = view.catalog();
    match name {
        "pg_class" => relations::class(view, settings.identity().current),
        "pg_attribute" => relations::attribute(view, settings.identity().current),
        "pg_attrdef" => relations::attribute_default(catalog, &SearchPath::of(settings, catalog)),
        "pg_index" => relations::index(catalog),
        "pg_constraint" => constraints::constraint(catalog),
        "pg_sequence" => sequences::pg_sequence(catalog),
        "pg_depend" => dependencies::depend(catalog),
        "pg_rewrite" => dependencies::rewrite_rules(catalog),
        "pg_type" => types::types(catalog, &SearchPath::of(settings, catalog)),
        "pg_range" => types::ranges(),
        "pg_enum" => user_types::labels(catalog),
        "pg_opclass" => types::opclass(),
        "pg_opfamily" => types::opfamily(),
        "pg_am" => types::access_method(),
        "pg_operator" => types::operator(),
        "pg_cast" => types::cast(),
        "pg_proc" => procedures::procedures(),
        "pg_aggregate" => procedures::aggregates(),
        "pg_namespace" => cluster::namespace(catalog),
        "pg_database" => cluster::database(catalog, settings),
        "pg_tablespace" => cluster::tablespace(),
        "pg_roles" | "pg_authid" => roles::roles(catalog, name == "pg_authid"),
        "pg_user" | "pg_shadow" => roles::users(catalog, name == "pg_shadow"),
        "pg_group" => roles::groups(catalog),
        "pg_auth_members" => roles::memberships(catalog),
        "pg_db_role_setting" => roles::settings_of_roles(catalog),
        "pg_settings" => cluster::settings(settings),
        "pg_extension" => cluster::extension(),
        "pg_available_extensions" => cluster::available_extensions(),
        "pg_available_extension_versions" => cluster::available_extension_versions(),
        "pg_description" => {
            cluster::description(catalog).into_iter().chain(comments::descriptions(catalog, false)).collect()
        }
        "pg_shdescription" => comments::descriptions(catalog, true),
        "pg_collation" => cluster::collation(),
        "pg_language" => cluster::language(),
        "pg_timezone_names" => cluster::timezone_names(),
        "pg_tables" => views::tables(catalog),
        "pg_views" => views::views(catalog, settings),
        "pg_matviews" => views::materialized_views(catalog, settings),
        "pg_indexes" => views::indexes(catalog, settings),
        "pg_stat_activity" => statistics::activity(view, settings),
        "pg_locks" => locks::locks(view),
        "pg_cursors" => statistics::cursors(view.activity(), settings),
        "pg_prepared_statements" => statistics::prepared_statements(view.activity(), settings),
        "pg_stat_progress_basebackup" => statistics::backup(view),
        "pg_stat_progress_create_index" => statistics::index_builds(view, settings),
        "pg_stat_database" => statistics::databases(settings),
        "pg_stat_user_tables" | "pg_statio_user_tables" | "pg_stat_xact_user_tables" => {
            statistics::tables(catalog, true, false)
        }
        "pg_stat_all_tables" | "pg_statio_all_tables" => statistics::tables(catalog, true, true),
        "pg_stat_sys_tables" | "pg_statio_sys_tables" => statistics::tables(catalog, false, true),
        "pg_stat_user_indexes" | "pg_stat_all_indexes" | "pg_statio_user_indexes" | "pg_statio_all_indexes" => {
            statistics::indexes(catalog)
        }
        _ => Vec::new(),
    }
}

fn network_rows(name: &str, context: &ReadContext) -> Result<Vec<CatalogRow>> {
    let Some(table) = NetworkTable::ALL.into_iter().find(|table| table.name() == name) else { return Ok(Vec::new()) };
    let columns = table.columns();
    let named = |row: crate::db::Row| columns.iter().map(|(name, _)| *name).zip(row).collect();
    Ok(table.rows(&context.view)?.into_iter().map(named).collect())
}

fn information_rows(name: &str, context: &ReadContext) -> Vec<CatalogRow> {
    let (view, settings) = (&context.view, context.settings.as_ref());
    let catalog = view.catalog();
    match name {
        "schemata" => information::schemata(catalog, settings),
        "information_schema_catalog_name" => information::catalog_name(settings),
        "tables" => information::tables(catalog, settings),
        "views" => information::views(catalog, settings),
        "columns" => information::columns(view, settings),
        "domains" => domains::domains(catalog, settings),
        "domain_constraints" => domains::constraints(catalog, settings),
        "column_domain_usage" => domains::usage(catalog, settings),
        "table_constraints" => constraint_views::table_constraints(catalog, settings),
        "check_constraints" => constraint_views::check_constraints(catalog, settings),
        "referential_constraints" => constraint_views::referential_constraints(catalog, settings),
        "key_column_usage" => constraint_views::key_column_usage(catalog, settings),
        "constraint_column_usage" => constraint_views::constraint_column_usage(catalog, settings),
        "constraint_table_usage" => constraint_views::constraint_table_usage(catalog, settings),
        "sequences" => sequences::sequences_view(catalog, settings),
        "character_sets" => information::character_sets(settings),
        "enabled_roles" => roles::enabled_roles(catalog, settings),
        "applicable_roles" => roles::applicable_roles(catalog, settings),
        "table_privileges" => roles::table_privileges(view, settings, true),
        "role_table_grants" => roles::table_privileges(view, settings, false),
        "routines" => procedures::routines(settings),
        _ => Vec::new(),
    }
}
