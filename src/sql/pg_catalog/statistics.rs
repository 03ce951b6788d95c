//! The statistics views. What this server does not count is zero or NULL, never invented.

use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::backup::BackupPhase;
use crate::db::{Activity, ActivityState, Catalog, GraphBuildPhase, ReadView};
use crate::model::Collection;
use crate::settings::Settings;
use crate::sql::pg_catalog::lookup::written_name;
use crate::sql::pg_catalog::names::namespace_name;
use crate::sql::pg_catalog::oids::{DATABASE_OID, Object};
use crate::sql::pg_catalog::relation::{CatalogRow, oid, text};
use crate::types::{ColumnType, Value};
use crate::vector::BuildPhase;

/// Longest part of a statement that is shown, in characters: PostgreSQL's `track_activity_query_size`.
const QUERY_CHARACTERS_MAX: usize = 1024;

/// What stands in place of a statement of another role.
const HIDDEN: &str = "<insufficient privilege>";
/// The columns that tell everybody of every connection.
const SHOWN_TO_ALL: [&str; 8] =
    ["datid", "datname", "pid", "usesysid", "usename", "application_name", "query", "backend_type"];

/// Every connection, with the statement that it runs, or ran last; statements on secrets are not shown.
pub fn activity(view: &ReadView, settings: &Settings) -> Vec<CatalogRow> {
    let connections = view.activity().connections().into_iter();
    let blocked = view.waiting_connections();
    let who = settings.identity().current;
    connections
        .map(|connection| {
            // What others run is told to whoever acts for them.
            let is_told = view.catalog().acts_for(who, connection.role);
            let has_run = !connection.statement.is_empty();
            let port = i32::from(connection.client.port());
            let waits_for = match connection.state {
                ActivityState::Active if blocked.contains(&connection.id) => Some(("Lock", "transactionid")),
                ActivityState::Active => None,
                _ => Some(("Client", "ClientRead")),
            };
            let wait = |name: fn((&'static str, &'static str)) -> &'static str| {
                waits_for.map_or(Value::Null, |waits| text(name(waits)))
            };
            let mut row = vec![
                ("datid", oid(DATABASE_OID)),
                ("datname", text(&settings.database)),
                ("pid", Value::Int4(connection.id)),
                ("usesysid", oid(connection.role.oid())),
                ("usename", text(&connection.user)),
                ("application_name", text(&connection.application)),
                ("client_addr", text(connection.client.ip().to_canonical().to_string())),
                ("client_port", Value::Int4(port)),
                ("backend_start", moment(connection.connected)),
                ("query_start", if has_run { moment(connection.began) } else { Value::Null }),
                ("state_change", moment(connection.changed)),
                ("wait_event_type", wait(|waits| waits.0)),
                ("wait_event", wait(|waits| waits.1)),
                ("state", text(connection.state.name())),
                (
                    "query",
                    text(if is_told { shortened(&connection.statement).to_string() } else { HIDDEN.to_string() }),
                ),
                ("backend_type", text("client backend")),
            ];
            if !is_told {
                row.retain(|(name, _)| SHOWN_TO_ALL.contains(name));
            }
            row
        })
        .collect()
}

/// The cursors of the own session, none of which is binary.
pub fn cursors(activity: &Activity, settings: &Settings) -> Vec<CatalogRow> {
    let open = activity.cursors_of(settings.backend_id).into_iter();
    open.map(|cursor| {
        vec![
            ("name", text(&cursor.name)),
            ("statement", text(&cursor.statement)),
            ("is_holdable", Value::Bool(cursor.kind.is_held)),
            ("is_binary", Value::Bool(false)),
            ("is_scrollable", Value::Bool(cursor.kind.is_scrollable)),
            ("creation_time", moment(cursor.declared)),
        ]
    })
    .collect()
}

/// The named prepared statements of the own session. Each has one plan for all parameters.
pub fn prepared_statements(activity: &Activity, settings: &Settings) -> Vec<CatalogRow> {
    let named = activity.statements_of(settings.backend_id).into_iter();
    named
        .map(|(name, statement)| {
            let runs = statement.runs.load(Ordering::Relaxed);
            vec![
                ("name", text(name)),
                ("statement", text(&statement.statement)),
                ("prepare_time", moment(statement.prepared)),
                ("parameter_types", type_names(&statement.parameters)),
                ("result_types", statement.results.as_deref().map_or(Value::Null, type_names)),
                ("from_sql", Value::Bool(statement.is_from_sql)),
                ("generic_plans", Value::Int8(i64::try_from(runs).unwrap_or(i64::MAX))),
                ("custom_plans", Value::Int8(0)),
            ]
        })
        .collect()
}

/// The types as `regtype` shows them.
fn type_names(types: &[ColumnType]) -> Value {
    let names = types.iter().map(|ty| text(ty.base_name())).collect();
    Value::Array(Box::new(ColumnType::Text), names)
}

/// The backup that is being made. Bytes that were there from an earlier one count as done.
pub fn backup(view: &ReadView) -> Vec<CatalogRow> {
    let Some((connection, progress)) = view.running_backup() else { return Vec::new() };
    let phase = match progress.phase() {
        BackupPhase::Checkpoint => "waiting for checkpoint to finish",
        BackupPhase::Copying => "streaming database files",
        BackupPhase::Finishing => "writing the manifest",
    };
    vec![vec![
        ("pid", Value::Int4(connection)),
        ("phase", text(phase)),
        ("backup_total", count(progress.bytes())),
        ("backup_streamed", count(progress.done())),
        ("tablespaces_total", Value::Int8(1)),
        ("tablespaces_streamed", Value::Int8(i64::from(progress.phase() == BackupPhase::Finishing))),
    ]]
}

/// The graphs of near vectors that are being built. One that grows in the background is of no connection.
pub fn index_builds(view: &ReadView, settings: &Settings) -> Vec<CatalogRow> {
    let mut rows = Vec::new();
    for index in view.vector_indexes() {
        for build in &index.builds {
            let (command, pid) = match build.connection {
                Some(connection) => ("CREATE INDEX", Value::Int4(connection)),
                None => ("REINDEX CONCURRENTLY", Value::Null),
            };
            let phase = match build.phase {
                GraphBuildPhase::Loading => "building index: loading tuples",
                GraphBuildPhase::Graph(BuildPhase::Neighbours) => "building index: finding neighbors",
                GraphBuildPhase::Graph(BuildPhase::Links) => "building index: choosing links",
                GraphBuildPhase::Graph(BuildPhase::Checks) => "building index: checking recall",
            };
            let mut row = vec![
                ("pid", pid),
                ("datid", oid(DATABASE_OID)),
                ("datname", text(&settings.database)),
                ("relid", oid(index.collection.oid())),
                ("index_relid", oid(index.index.oid())),
                ("command", text(command)),
                ("phase", text(phase)),
                ("tuples_total", count(build.total)),
                ("tuples_done", count(build.done)),
            ];
            let others = ["lockers_total", "lockers_done", "current_locker_pid", "blocks_total", "blocks_done"];
            row.extend(others.into_iter().chain(["partitions_total", "partitions_done"]).map(|name| (name, count(0))));
            rows.push(row);
        }
    }
    rows
}

/// The indexes of near vectors, with what was measured of their graphs.
pub fn vector_indexes(view: &ReadView) -> Vec<CatalogRow> {
    let mut rows = Vec::new();
    for status in view.vector_indexes() {
        let Some(collection) = view.catalog().collection_by_id(status.collection) else { continue };
        let Some(index) = collection.indexes.iter().find(|index| index.id == status.index) else { continue };
        let mut row = vec![
            ("table_name", text(name_beyond_public(collection, view.catalog()))),
            ("index_name", text(&index.name)),
            ("metric", text(status.metric.to_string())),
            ("ready", Value::Bool(status.is_ready)),
        ];
        if let Some(graph) = status.graph {
            row.extend([
                ("dimensions", Value::Int4(i32::try_from(graph.dimension).unwrap_or(i32::MAX))),
                ("vectors", count(graph.vectors as u64)),
                ("waiting", count(graph.waiting as u64)),
                ("segments", count(graph.segments as u64)),
                ("recall", graph.recall.map_or(Value::Null, Value::Float8)),
                ("bytes", count(graph.bytes as u64)),
            ]);
        }
        rows.push(row);
    }
    rows
}

/// The name of a collection, with its schema where that is not `public`.
fn name_beyond_public(collection: &Collection, catalog: &Catalog) -> String {
    match collection.schema.is_public() {
        true => collection.name.clone(),
        false => written_name(&collection.relation(), catalog),
    }
}

fn count(count: u64) -> Value {
    Value::Int8(i64::try_from(count).unwrap_or(i64::MAX))
}

pub(super) fn moment(time: SystemTime) -> Value {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).map_or(Value::Null, Value::TimestampTz)
}

fn shortened(statement: &str) -> &str {
    let end = statement.char_indices().nth(QUERY_CHARACTERS_MAX).map_or(statement.len(), |(end, _)| end);
    statement.get(..end).unwrap_or_default()
}

/// One row for each table: all of them, those of users, or those of the system.
pub fn tables(catalog: &Catalog, user: bool, system: bool) -> Vec<CatalogRow> {
    let objects = Object::all(catalog);
    let wanted = objects.iter().filter(|object| match object {
        Object::Table(_) => user,
        Object::System(_) => system && object.kind() == "r",
        _ => false,
    });
    wanted
        .map(|object| {
            vec![
                ("relid", oid(object.oid())),
                ("schemaname", text(namespace_name(catalog, object.namespace()))),
                ("relname", text(object.name())),
            ]
        })
        .collect()
}

/// One row for each index of a user's table.
pub fn indexes(catalog: &Catalog) -> Vec<CatalogRow> {
    let mut rows = Vec::new();
    for object in Object::all(catalog) {
        let (Object::PrimaryKey(collection) | Object::Index(collection, _)) = &object else { continue };
        rows.push(vec![
            ("relid", oid(collection.oid())),
            ("indexrelid", oid(object.oid())),
            ("schemaname", text(catalog.schema_name(collection.schema))),
            ("relname", text(&collection.name)),
            ("indexrelname", text(object.name())),
        ]);
    }
    rows
}

pub fn databases(settings: &Settings) -> Vec<CatalogRow> {
    vec![vec![("datid", oid(DATABASE_OID)), ("datname", text(&settings.database))]]
}
