//! Sequences in the catalogs, those of columns and those made by themselves: `pg_sequence`, `pg_sequences`,
//! `information_schema.sequences`, and each as a relation of one row.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::Schema;
use datafusion::catalog::MemTable;

use crate::db::{Catalog, ReadView, SearchPath};
use crate::error::{Error, Result};
use crate::model::{Permission, RelationName, SchemaId, Sequence};
use crate::settings::Settings;
use crate::sql::arrow::types::{field_of, hidden_field_of};
use crate::sql::arrow::values::array_of;
use crate::sql::pg_catalog::lookup::shown_name;
use crate::sql::pg_catalog::oids::{self, Object};
use crate::sql::pg_catalog::relation::{CatalogRow, oid, text, yes_or_no};
use crate::types::{ColumnType, Value};

/// All sequences, each with its OID.
fn sequences(catalog: &Catalog) -> Vec<(u32, Sequence)> {
    let mut all = Vec::new();
    for collection in catalog.collections() {
        for position in 0..collection.columns.len() {
            if let Some(sequence) = Sequence::of_column(collection, position) {
                all.push((oids::column_oid(collection, position), sequence));
            }
        }
    }
    all.extend(catalog.sequences().map(|sequence| (sequence.oid(), sequence.as_ref().clone())));
    all
}

/// The sequence of a name.
fn find_sequence(catalog: &Catalog, name: &RelationName) -> Option<(u32, Sequence)> {
    if let Some(sequence) = catalog.sequence(name) {
        return Some((sequence.oid(), sequence.as_ref().clone()));
    }
    let (collection, position) = catalog.column_sequence(name)?;
    Some((oids::column_oid(collection, position), Sequence::of_column(collection, position)?))
}

/// The sequence that an object is.
pub fn sequence_of(object: &Object) -> Option<Sequence> {
    match object {
        Object::OwnSequence(sequence) => Some(sequence.as_ref().clone()),
        Object::Sequence(collection, position) => Sequence::of_column(collection, *position),
        _ => None,
    }
}

/// Whether a sequence is of an identity column, which cannot be without it.
fn is_of_identity(sequence: &Sequence, catalog: &Catalog) -> bool {
    let Some(id) = sequence.column else { return false };
    let collection = catalog.collection_by_id(sequence.id);
    let column = collection.and_then(|collection| collection.columns.get(collection.position_of(id)?));
    column.is_some_and(|column| column.identity().is_some())
}

/// The text of a default that draws from a sequence.
pub fn drawn_text(sequence: &Sequence, (catalog, path): (&Catalog, &SearchPath)) -> String {
    format!("nextval('{}'::regclass)", shown_name(&sequence.relation(), path, catalog).replace('\'', "''"))
}

/// All sequences that a session is shown, without the temporary ones of others.
fn sequences_shown(catalog: &Catalog, settings: &Settings) -> Vec<Sequence> {
    let own = SchemaId::Temporary(settings.backend_id);
    let all = sequences(catalog).into_iter().map(|(_, sequence)| sequence);
    all.filter(|sequence| !sequence.schema.is_temporary() || sequence.schema == own).collect()
}

/// A sequence as a relation: one row, of how far it has come at this moment.
///
/// # Errors
/// As [`ReadView::sequence_count`].
pub fn sequence_table(view: &ReadView, name: &RelationName) -> Result<Option<MemTable>> {
    let Some((number, sequence)) = find_sequence(view.catalog(), name) else { return Ok(None) };
    let count = view.sequence_count(&sequence)?;
    let cells = [
        ("last_value", ColumnType::Int8, Value::Int8(count.last)),
        ("log_cnt", ColumnType::Int8, Value::Int8(0)),
        ("is_called", ColumnType::Bool, Value::Bool(count.is_called)),
    ];
    let mut fields: Vec<_> = cells.iter().map(|(name, ty, _)| field_of(name, ty, true)).collect();
    fields.push(hidden_field_of("tableoid", &ColumnType::Oid));
    let arrays = cells.into_iter().map(|(_, ty, value)| array_of(&ty, &[value]));
    let mut arrays = arrays.collect::<Result<Vec<_>>>()?;
    arrays.push(array_of(&ColumnType::Oid, &[oid(number)])?);
    let schema = Arc::new(Schema::new(fields));
    let failed = |error| Error::internal(format!("sequence {name}: {error}"));
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).map_err(|error| failed(error.to_string()))?;
    MemTable::try_new(schema, vec![vec![batch]]).map(Some).map_err(|error| failed(error.to_string()))
}

pub fn pg_sequence(catalog: &Catalog) -> Vec<CatalogRow> {
    let row = |(number, sequence): (u32, Sequence)| -> CatalogRow {
        let numbers = sequence.numbers;
        vec![
            ("seqrelid", oid(number)),
            ("seqtypid", oid(numbers.kind.ty().oid())),
            ("seqstart", Value::Int8(numbers.start)),
            ("seqincrement", Value::Int8(numbers.increment)),
            ("seqmax", Value::Int8(numbers.max)),
            ("seqmin", Value::Int8(numbers.min)),
            ("seqcache", Value::Int8(numbers.cache)),
            ("seqcycle", Value::Bool(numbers.cycle)),
        ]
    };
    sequences(catalog).into_iter().map(row).collect()
}

/// What belongs to what: sequences to their columns.
pub fn depend(catalog: &Catalog) -> Vec<CatalogRow> {
    let mut rows = Vec::new();
    for (number, sequence) in sequences(catalog) {
        let Some((collection, column)) = sequence.owner else { continue };
        rows.push(vec![
            ("classid", oid(1259)),
            ("objid", oid(number)),
            ("refclassid", oid(1259)),
            ("refobjid", oid(collection.oid())),
            ("refobjsubid", Value::Int4(i32::from(column.attribute()))),
            ("deptype", text(if is_of_identity(&sequence, catalog) { "i" } else { "a" })),
        ]);
    }
    rows
}

/// The view `pg_sequences`.
///
/// # Errors
/// As [`ReadView::sequence_count`].
pub fn pg_sequences(view: &ReadView, settings: &Settings) -> Result<Vec<CatalogRow>> {
    let row = |sequence: Sequence| -> Result<CatalogRow> {
        let (numbers, count) = (sequence.numbers, view.sequence_count(&sequence)?);
        let target = sequence.acl_target();
        let held = view.catalog().permissions(settings.identity().current, target);
        let is_told = held.has(Permission::Usage) || held.has(Permission::Select);
        Ok(vec![
            ("schemaname", text(view.catalog().schema_name(sequence.schema))),
            ("sequencename", text(&sequence.name)),
            ("sequenceowner", text(view.catalog().role_name(view.catalog().owner(target.object)))),
            ("data_type", text(numbers.kind.ty().to_string())),
            ("start_value", Value::Int8(numbers.start)),
            ("min_value", Value::Int8(numbers.min)),
            ("max_value", Value::Int8(numbers.max)),
            ("increment_by", Value::Int8(numbers.increment)),
            ("cycle", Value::Bool(numbers.cycle)),
            ("cache_size", Value::Int8(numbers.cache)),
            ("last_value", if count.is_called && is_told { Value::Int8(count.last) } else { Value::Null }),
        ])
    };
    sequences_shown(view.catalog(), settings).into_iter().map(row).collect()
}

/// `information_schema.sequences`, as there without those of identity columns.
pub fn sequences_view(catalog: &Catalog, settings: &Settings) -> Vec<CatalogRow> {
    let row = |sequence: Sequence| -> CatalogRow {
        let (numbers, ty) = (sequence.numbers, sequence.numbers.kind.ty());
        vec![
            ("sequence_catalog", text(&settings.database)),
            ("sequence_schema", text(catalog.schema_name(sequence.schema))),
            ("sequence_name", text(&sequence.name)),
            ("data_type", text(ty.to_string())),
            ("numeric_precision", Value::Int4(i32::from(ty.length()) * 8)),
            ("numeric_precision_radix", Value::Int4(2)),
            ("numeric_scale", Value::Int4(0)),
            ("start_value", text(numbers.start.to_string())),
            ("minimum_value", text(numbers.min.to_string())),
            ("maximum_value", text(numbers.max.to_string())),
            ("increment", text(numbers.increment.to_string())),
            ("cycle_option", yes_or_no(numbers.cycle)),
        ]
    };
    let shown = sequences_shown(catalog, settings).into_iter();
    shown.filter(|sequence| !is_of_identity(sequence, catalog)).map(row).collect()
}
