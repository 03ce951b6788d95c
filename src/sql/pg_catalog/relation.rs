//! The shapes of the catalogs: which columns each relation has, and how rows become a batch.
//!
//! Rows name only the columns they know. The rest is NULL, or the zero of its type where PostgreSQL never has a NULL.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::MemTable;

use crate::db::NetworkTable;
use crate::error::{Error, Result};
use crate::sql::arrow::types::{field_of, hidden_field_of};
use crate::sql::arrow::values::array_of;
use crate::types::{ColumnType, Value};

/// OID of the first relation; the others follow in the order of `columns.txt`.
const SYSTEM_FIRST: u32 = 12_000;
/// OID of the first table of the schema `nebulus`; the others follow in the order of [`NetworkTable::ALL`].
const NEBULUS_FIRST: u32 = 13_100;
/// The schema of what this server tells of itself.
pub const NEBULUS_SCHEMA: &str = "nebulus";

/// PostgreSQL's tables, whose OIDs clients know.
const WELL_KNOWN: &[(&str, u32)] = &[
    ("pg_default_acl", 826),
    ("pg_tablespace", 1213),
    ("pg_shdepend", 1214),
    ("pg_type", 1247),
    ("pg_attribute", 1249),
    ("pg_proc", 1255),
    ("pg_class", 1259),
    ("pg_authid", 1260),
    ("pg_auth_members", 1261),
    ("pg_database", 1262),
    ("pg_foreign_server", 1417),
    ("pg_user_mapping", 1418),
    ("pg_sequence", 2224),
    ("pg_foreign_data_wrapper", 2328),
    ("pg_shdescription", 2396),
    ("pg_aggregate", 2600),
    ("pg_am", 2601),
    ("pg_amop", 2602),
    ("pg_amproc", 2603),
    ("pg_attrdef", 2604),
    ("pg_cast", 2605),
    ("pg_constraint", 2606),
    ("pg_conversion", 2607),
    ("pg_depend", 2608),
    ("pg_description", 2609),
    ("pg_index", 2610),
    ("pg_inherits", 2611),
    ("pg_language", 2612),
    ("pg_namespace", 2615),
    ("pg_opclass", 2616),
    ("pg_operator", 2617),
    ("pg_rewrite", 2618),
    ("pg_trigger", 2620),
    ("pg_opfamily", 2753),
    ("pg_db_role_setting", 2964),
    ("pg_largeobject_metadata", 2995),
    ("pg_extension", 3079),
    ("pg_foreign_table", 3118),
    ("pg_policy", 3256),
    ("pg_partitioned_table", 3350),
    ("pg_statistic_ext", 3381),
    ("pg_init_privs", 3394),
    ("pg_collation", 3456),
    ("pg_event_trigger", 3466),
    ("pg_enum", 3501),
    ("pg_range", 3541),
    ("pg_transform", 3576),
    ("pg_shseclabel", 3592),
    ("pg_seclabel", 3596),
    ("pg_ts_dict", 3600),
    ("pg_ts_parser", 3601),
    ("pg_ts_config", 3602),
    ("pg_ts_config_map", 3603),
    ("pg_ts_template", 3764),
    ("pg_replication_origin", 6000),
    ("pg_subscription", 6100),
    ("pg_subscription_rel", 6102),
    ("pg_publication", 6104),
    ("pg_publication_rel", 6106),
    ("pg_publication_namespace", 6237),
    ("pg_parameter_acl", 6243),
];

/// One row: the columns it has a value for.
pub type CatalogRow = Vec<(&'static str, Value)>;

/// One relation of `pg_catalog`, `information_schema` or `nebulus`.
#[derive(Debug)]
pub struct CatalogRelation {
    pub schema: &'static str,
    pub name: &'static str,
    pub oid: u32,
    pub columns: Vec<RelationColumn>,
    /// The columns and, hidden, `tableoid`.
    pub arrow: SchemaRef,
}

#[derive(Debug)]
pub struct RelationColumn {
    pub name: &'static str,
    pub ty: ColumnType,
    pub not_null: bool,
}

static RELATIONS: LazyLock<Vec<CatalogRelation>> = LazyLock::new(|| {
    let lines = include_str!("columns.txt").lines().filter(|line| !line.starts_with('#'));
    let catalogs = (SYSTEM_FIRST..).zip(lines).filter_map(|(number, line)| parse(number, line));
    let networks = (NEBULUS_FIRST..).zip(NetworkTable::ALL).map(|(number, table)| of_networks(number, table));
    catalogs.chain(networks).collect()
});

static BY_NAME: LazyLock<HashMap<(&'static str, &'static str), usize>> = LazyLock::new(|| {
    RELATIONS.iter().enumerate().map(|(position, relation)| ((relation.schema, relation.name), position)).collect()
});

/// Every relation, in the order of `columns.txt`, and then those of `nebulus`; the position is part of its OID.
pub fn all() -> &'static [CatalogRelation] {
    &RELATIONS
}

pub fn find(schema: &str, name: &str) -> Option<&'static CatalogRelation> {
    BY_NAME.get(&(schema, name)).and_then(|position| RELATIONS.get(*position))
}

/// A relation by a line of `columns.txt`.
pub fn parse(number: u32, line: &'static str) -> Option<CatalogRelation> {
    let mut words = line.split(' ');
    let (schema, name) = words.next()?.split_once('.')?;
    let columns: Vec<RelationColumn> = words.filter_map(parse_column).collect();
    let known = WELL_KNOWN.iter().find(|(known, _)| *known == name && schema == "pg_catalog");
    let oid = known.map_or(number, |(_, oid)| *oid);
    Some(CatalogRelation { schema, name, oid, arrow: arrow_of(&columns), columns })
}

fn of_networks(oid: u32, table: NetworkTable) -> CatalogRelation {
    let columns = table.columns().into_iter().map(|(name, ty)| RelationColumn { name, ty, not_null: false });
    let columns: Vec<RelationColumn> = columns.collect();
    CatalogRelation { schema: NEBULUS_SCHEMA, name: table.name(), oid, arrow: arrow_of(&columns), columns }
}

fn arrow_of(columns: &[RelationColumn]) -> SchemaRef {
    let mut fields: Vec<_> = columns.iter().map(|column| field_of(column.name, &column.ty, true)).collect();
    fields.push(hidden_field_of("tableoid", &ColumnType::Oid));
    Arc::new(Schema::new(fields))
}

fn parse_column(word: &'static str) -> Option<RelationColumn> {
    let (name, ty) = word.split_once(':')?;
    let (ty, not_null) = match ty.strip_suffix('!') {
        Some(ty) => (ty, true),
        None => (ty, false),
    };
    let ty = match ty {
        "char" => ColumnType::CatalogChar,
        "_char" => ColumnType::Array(Box::new(ColumnType::CatalogChar)),
        other => ColumnType::parse(other).ok()?,
    };
    Some(RelationColumn { name, ty, not_null })
}

impl CatalogRelation {
    /// The rows as a table in memory.
    ///
    /// # Errors
    /// XX000 for a row with a column that the relation has not; as [`array_of`].
    pub fn table(&self, rows: Vec<CatalogRow>) -> Result<MemTable> {
        let count = rows.len();
        let mut values: Vec<Vec<Value>> = self.columns.iter().map(|column| vec![column.absent(); count]).collect();
        for (row, cells) in rows.into_iter().enumerate() {
            for (name, value) in cells {
                let position = self.columns.iter().position(|column| column.name == name);
                let cell =
                    position.and_then(|position| values.get_mut(position)).and_then(|column| column.get_mut(row));
                match cell {
                    Some(cell) => *cell = value,
                    None => return Err(Error::internal(format!("{} has no column {name}", self.name))),
                }
            }
        }
        let arrays = self.columns.iter().zip(values).map(|(column, values)| array_of(&column.ty, &values));
        let mut arrays = arrays.collect::<Result<Vec<_>>>()?;
        arrays.push(array_of(&ColumnType::Oid, &vec![oid(self.oid); count])?);
        let batch = RecordBatch::try_new(Arc::clone(&self.arrow), arrays)
            .map_err(|error| Error::internal(format!("{}: {error}", self.name)))?;
        MemTable::try_new(Arc::clone(&self.arrow), vec![vec![batch]])
            .map_err(|error| Error::internal(format!("{}: {error}", self.name)))
    }
}

impl RelationColumn {
    /// What a column holds that a row says nothing of.
    fn absent(&self) -> Value {
        if !self.not_null {
            return Value::Null;
        }
        match &self.ty {
            ColumnType::Bool => Value::Bool(false),
            ColumnType::Int2 => Value::Int2(0),
            ColumnType::Int4 => Value::Int4(0),
            ColumnType::Int8 | ColumnType::Oid => Value::Int8(0),
            ColumnType::Float4 => Value::Float4(0.0),
            ColumnType::Float8 => Value::Float8(0.0),
            ColumnType::Array(element) => Value::Array(element.clone(), Vec::new()),
            ty if ty.is_number_vector() => Value::Array(Box::new(ty.clone()), Vec::new()),
            ty if ty.is_text() || *ty == ColumnType::CatalogChar => Value::text(""),
            _ => Value::Null,
        }
    }
}

pub fn oid(oid: u32) -> Value {
    Value::Int8(i64::from(oid))
}

/// A count or position that always fits its catalog column.
pub fn small(count: usize) -> Value {
    Value::Int2(i16::try_from(count).unwrap_or(i16::MAX))
}

pub fn text(text: impl AsRef<str>) -> Value {
    Value::text(text.as_ref())
}

pub fn yes_or_no(yes: bool) -> Value {
    Value::text(if yes { "YES" } else { "NO" })
}

/// An array or vector of attribute numbers.
pub fn numbers(numbers: impl IntoIterator<Item = i16>) -> Value {
    Value::Array(Box::new(ColumnType::Int2), numbers.into_iter().map(Value::Int2).collect())
}

pub fn oids(oids: impl IntoIterator<Item = u32>) -> Value {
    Value::Array(Box::new(ColumnType::Oid), oids.into_iter().map(oid).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_column_list_is_read() {
        let lines = include_str!("columns.txt").lines().filter(|line| !line.starts_with('#'));
        // Those of networks come after them and from elsewhere.
        assert_eq!(lines.clone().count() + NetworkTable::ALL.len(), all().len());
        for (line, relation) in lines.zip(all()) {
            assert_eq!(line.split(' ').next(), Some(format!("{}.{}", relation.schema, relation.name).as_str()));
            assert_eq!(line.split(' ').count() - 1, relation.columns.len(), "{line}");
        }
    }
}
