//! CREATE INDEX: ordered indexes over columns or one fact, and nearest-neighbour graphs, named as PostgreSQL names them.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CreateIndex, Expr, Ident, IndexColumn, IndexType, ObjectName, UniqueConstraint, Value as Literal,
};

use crate::db::{Cancel, Transaction};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionKind, Column, Index, IndexKind, IndexOrigin, RelationName};
use crate::sql::analyze::literals::string_of;
use crate::sql::arrow::context::PlanContext;
use crate::sql::define::definition::skips;
use crate::sql::define::index_keys::{inverted_keys, ordered_keys, unique_kind};
use crate::sql::parse::names::{folded, last_part};
use crate::sql::parse::unread;
use crate::sql::pg_catalog::find_stored;
use crate::sql::write::write_target::{located, plain_name, writable_table};
use crate::statement::Privilege;
use crate::types::ColumnType;
use crate::types::limits::IDENTIFIER_BYTES_MAX;

/// pgvector's defaults.
const M_DEFAULT: u16 = 16;
const EF_CONSTRUCTION_DEFAULT: u16 = 64;
const LISTS_DEFAULT: u16 = 100;
/// How many lists an `ivfflat` index may be asked for.
const LISTS: std::ops::RangeInclusive<u16> = 1..=32_768;
/// Most columns of an index, as in PostgreSQL.
const INDEX_COLUMNS_MAX: usize = 32;

/// An index to be made.
pub struct IndexRequest {
    table: RelationName,
    /// The name given, else what a name is made of: parts and suffix.
    name: Option<String>,
    name_parts: Vec<String>,
    suffix: &'static str,
    kind: IndexKind,
    origin: IndexOrigin,
    if_not_exists: bool,
}

impl IndexRequest {
    /// Makes the index; one without a name gets one that is free.
    ///
    /// # Errors
    /// As [`Transaction::create_index`].
    pub async fn create(&self, transaction: &mut Transaction, cancel: &Cancel) -> Result<()> {
        let name = match &self.name {
            Some(name) if self.if_not_exists && skips(&self.in_schema(name), transaction) => return Ok(()),
            Some(name) => name.clone(),
            None => {
                let catalog = transaction.catalog();
                let parts: Vec<&str> = self.name_parts.iter().map(String::as_str).collect();
                let is_taken = |name: &str| catalog.is_taken(&self.in_schema(name));
                generated_name(&self.table.name, &parts, self.suffix, &is_taken)
            }
        };
        let index = Index::new(transaction.new_id(), name, self.kind.clone(), self.origin);
        transaction.create_index(&self.table, index, cancel).await
    }

    /// A name in the schema of the table, where its indexes are.
    fn in_schema(&self, name: &str) -> RelationName {
        RelationName::new(self.table.schema, name)
    }
}

/// Plans CREATE INDEX.
///
/// # Errors
/// 42809 for a view, 42703 for a column that is not there, 42704 for an access method, an operator class or an order that does not exist, 22023
/// for a storage parameter and a vector without dimensions, 42804 for hnsw over another type, 54000 above `INDEX_COLUMNS_MAX`,
/// 42601 for IF NOT EXISTS without a name, 0A000 for what indexes here cannot be; as [`writable_table`] and [`plain_name`].
pub fn plan_create_index(index: &CreateIndex, context: &PlanContext<'_>) -> Result<IndexRequest> {
    unread::create_index(index)?;
    refuse_view(&index.table_name, context)?;
    let collection = writable_table(&index.table_name, context)?;
    context.notes.touch_collection(&collection, Privilege::Own);
    if !index.include.is_empty() {
        return Err(Error::unsupported("INCLUDE is not offered", "Leave it out."));
    }
    let name = index.name.as_ref().map(|name| plain_name(name, context)).transpose()?;
    if name.is_none() && index.if_not_exists {
        return Err(Error::syntax("CREATE INDEX IF NOT EXISTS needs a name", None));
    }
    let method = match &index.using {
        None | Some(IndexType::BTree) => "btree".to_string(),
        Some(IndexType::Custom(name)) => folded(name),
        Some(other) => other.to_string().to_ascii_lowercase(),
    };
    let (kind, name_parts) = match method.as_str() {
        "btree" => ordered(index, &collection, context)?,
        "gin" => inverted_keys(index, &collection, context)?,
        "hnsw" | "ivfflat" => nearest(index, &method, &collection, context)?,
        "gist" | "hash" | "brin" | "spgist" => {
            return Err(Error::unsupported(
                format!("access method \"{method}\" is not offered"),
                "An ordered index serves one fact: CREATE INDEX ON memory ((metadata->>'key')).",
            ));
        }
        _ => {
            let message = format!("access method \"{method}\" does not exist");
            return Err(Error::new(ErrorKind::UndefinedObject, message));
        }
    };
    Ok(IndexRequest {
        table: collection.relation(),
        name,
        name_parts,
        suffix: "idx",
        kind,
        origin: IndexOrigin::Statement,
        if_not_exists: index.if_not_exists,
    })
}

/// ALTER TABLE … ADD UNIQUE.
///
/// # Errors
/// 0A000 for DEFERRABLE, 42601 for a clause that is not PostgreSQL's; as [`key_columns`].
pub fn unique_constraint(
    unique: &UniqueConstraint,
    collection: &Collection,
    context: &PlanContext<'_>,
) -> Result<IndexRequest> {
    unread::unique(unique)?;
    let columns = key_columns(&unique.columns, collection, context)?;
    let named = columns.iter().filter_map(|position| collection.columns.get(*position));
    let name_parts = named.map(|column| column.name.clone()).collect();
    Ok(IndexRequest {
        table: collection.relation(),
        name: unique.name.as_ref().map(folded),
        name_parts,
        suffix: "key",
        kind: unique_kind(unique, columns),
        origin: IndexOrigin::Constraint,
        if_not_exists: false,
    })
}

/// The positions of the columns of a constraint.
///
/// # Errors
/// 42703, 42701 for one that is named twice, 42704 for a type without an order, 0A000 for an expression.
pub fn key_columns(list: &[IndexColumn], collection: &Collection, context: &PlanContext<'_>) -> Result<Vec<usize>> {
    let mut columns = Vec::with_capacity(list.len());
    for column in list {
        let (position, known) = known_column(plain_column(column)?, collection, context)?;
        check_ordered(known)?;
        if columns.contains(&position) {
            let message = format!("column \"{}\" appears twice in a key", known.name);
            return Err(Error::new(ErrorKind::DuplicateColumn, message));
        }
        columns.push(position);
    }
    Ok(columns)
}

/// UNIQUE of a new column.
pub fn unique_of_column(table: &RelationName, name: Option<String>, column: &str, kind: IndexKind) -> IndexRequest {
    let (table, name_parts) = (table.clone(), vec![column.to_string()]);
    let origin = IndexOrigin::Constraint;
    IndexRequest { table, name, name_parts, suffix: "key", kind, origin, if_not_exists: false }
}

fn ordered(
    index: &CreateIndex,
    collection: &Collection,
    context: &PlanContext<'_>,
) -> Result<(IndexKind, Vec<String>)> {
    if index.columns.len() > INDEX_COLUMNS_MAX {
        return Err(Error::new(
            ErrorKind::LimitExceeded,
            format!("cannot use more than {INDEX_COLUMNS_MAX} columns in an index"),
        ));
    }
    check_ordered_options(index)?;
    if let ([column], None) = (index.columns.as_slice(), &index.predicate)
        && let Some(path) = fact_path(&column.column.expr, collection)
    {
        if index.unique {
            return Err(Error::unsupported("a unique index over a fact is not offered", "Use a table with a column."));
        }
        return Ok((IndexKind::Fact { path }, vec!["expr".to_string()]));
    }
    ordered_keys(index, collection, context)
}

/// # Errors
/// 22023 for a storage parameter that PostgreSQL's ordered indexes do not have, 42704 for an operator class of another kind.
fn check_ordered_options(index: &CreateIndex) -> Result<()> {
    for option in &index.with {
        let (name, _) = storage_parameter(option)?;
        // They tune PostgreSQL's pages.
        if !matches!(name.as_str(), "fillfactor" | "deduplicate_items") {
            return Err(Error::new(ErrorKind::InvalidParameterValue, format!("unrecognized parameter \"{name}\"")));
        }
    }
    for class in index.columns.iter().filter_map(|column| column.operator_class.as_ref()) {
        let name = last_part(class).unwrap_or_default();
        let stem = name.strip_suffix("_ops").map(|stem| stem.strip_suffix("_pattern").unwrap_or(stem));
        // Their order is the type's own, bytewise for text.
        let is_known = stem.is_some_and(|stem| {
            matches!(
                stem,
                "text"
                    | "varchar"
                    | "bpchar"
                    | "name"
                    | "int2"
                    | "int4"
                    | "int8"
                    | "float4"
                    | "float8"
                    | "numeric"
                    | "bool"
                    | "bytea"
                    | "date"
                    | "time"
                    | "timestamp"
                    | "timestamptz"
                    | "uuid"
                    | "oid"
            )
        });
        if !is_known {
            let message = format!("operator class \"{name}\" does not exist for access method \"btree\"");
            return Err(Error::new(ErrorKind::UndefinedObject, message));
        }
    }
    Ok(())
}

/// An index of near vectors: `hnsw` as pgvector has it, or `ivfflat`, which is the same graph by the other name: it finds
/// more than lists do, and needs no rows to begin with.
fn nearest(
    index: &CreateIndex,
    method: &str,
    collection: &Collection,
    context: &PlanContext<'_>,
) -> Result<(IndexKind, Vec<String>)> {
    if index.predicate.is_some() {
        let message = format!("{method} indexes over some of the rows are not offered");
        return Err(Error::unsupported(message, "Leave out WHERE."));
    }
    let [column] = index.columns.as_slice() else {
        let message = format!("access method \"{method}\" does not support multicolumn indexes");
        return Err(Error::unsupported(message, "Index one column."));
    };
    if index.unique {
        let message = format!("access method \"{method}\" does not support unique indexes");
        return Err(Error::unsupported(message, "Leave out UNIQUE."));
    }
    let (position, known) = known_column(plain_column(column)?, collection, context)?;
    let operator_class = match &column.operator_class {
        Some(name) => last_part(name).unwrap_or_default(),
        None if matches!(known.ty, ColumnType::Halfvec(_)) => "halfvec_l2_ops".to_string(),
        None => "vector_l2_ops".to_string(),
    };
    let of_halves = operator_class.starts_with("halfvec_");
    match known.ty {
        ColumnType::Sparsevec(_) | ColumnType::Bit(_) | ColumnType::Varbit(_) => {
            return Err(Error::unsupported(
                format!("{method} indexes over {} are not offered", known.ty.base_name()),
                "Searches by its operators measure every row, which is exact.",
            ));
        }
        ColumnType::Vector(_) if of_halves => return Err(another_class(&operator_class, &known.ty)),
        ColumnType::Halfvec(_) if !of_halves => return Err(another_class(&operator_class, &known.ty)),
        ColumnType::Vector(Some(_)) | ColumnType::Halfvec(Some(_)) => {}
        ColumnType::Vector(None) if collection.kind == CollectionKind::Memory => {}
        ColumnType::Vector(None) | ColumnType::Halfvec(None) => {
            return Err(Error::new(ErrorKind::InvalidParameterValue, "column does not have dimensions")
                .with_hint(format!("Declare {} as {}(n).", known.name, known.ty)));
        }
        _ => return Err(another_class(&operator_class, &known.ty)),
    }
    let of_lists = method == "ivfflat";
    if of_lists && operator_class.ends_with("_l1_ops") {
        let message = format!("operator class \"{operator_class}\" does not exist for access method \"{method}\"");
        return Err(Error::new(ErrorKind::UndefinedObject, message));
    }
    let (m, ef_construction, lists) = nearest_parameters(index, of_lists)?;
    Ok((IndexKind::Nearest { column: position, operator_class, m, ef_construction, lists }, vec![known.name.clone()]))
}

/// `m`, `ef_construction` and, where lists are asked for, how many.
fn nearest_parameters(index: &CreateIndex, of_lists: bool) -> Result<(u16, u16, Option<u16>)> {
    let (mut m, mut ef_construction) = (M_DEFAULT, EF_CONSTRUCTION_DEFAULT);
    let mut lists = of_lists.then_some(LISTS_DEFAULT);
    for option in &index.with {
        let (name, value) = storage_parameter(option)?;
        match name.as_str() {
            "m" if !of_lists => m = value,
            "ef_construction" if !of_lists => ef_construction = value,
            "lists" if of_lists && LISTS.contains(&value) => lists = Some(value),
            "lists" if of_lists => {
                let message = format!("value {value} out of bounds for option \"{name}\"");
                let (least, most) = (LISTS.start(), LISTS.end());
                return Err(Error::new(ErrorKind::InvalidParameterValue, message)
                    .with_detail(format!("Valid values are between \"{least}\" and \"{most}\".")));
            }
            _ => {
                let hint = if of_lists { "ivfflat takes lists." } else { "hnsw takes m and ef_construction." };
                return Err(Error::new(ErrorKind::InvalidParameterValue, format!("unrecognized parameter \"{name}\""))
                    .with_hint(hint));
            }
        }
    }
    Ok((m, ef_construction, lists))
}

fn another_class(operator_class: &str, ty: &ColumnType) -> Error {
    let message = format!("operator class \"{operator_class}\" does not accept data type {}", ty.base_name());
    Error::new(ErrorKind::DatatypeMismatch, message)
}

/// `name = number` of a WITH clause.
fn storage_parameter(option: &Expr) -> Result<(String, u16)> {
    if let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = option
        && let (Expr::Identifier(name), Expr::Value(value)) = (left.as_ref(), right.as_ref())
    {
        let name = folded(name);
        let text = match &value.value {
            Literal::Number(text, _) => text.as_str(),
            literal => string_of(literal).unwrap_or(""),
        };
        return match text.parse() {
            Ok(number) => Ok((name, number)),
            Err(_) => Err(Error::new(
                ErrorKind::InvalidParameterValue,
                format!("invalid value for integer option \"{name}\": {text}"),
            )),
        };
    }
    Err(Error::syntax(format!("\"{option}\" is no storage parameter"), None).with_hint("WITH (m = 16)"))
}

/// The path of `metadata->'a'->>'b'`, where `metadata` are the facts of the collection.
fn fact_path(expr: &Expr, collection: &Collection) -> Option<Vec<String>> {
    match expr {
        Expr::Nested(inner) => fact_path(inner, collection),
        Expr::BinaryOp { left, op: BinaryOperator::Arrow | BinaryOperator::LongArrow, right } => {
            let Expr::Value(key) = right.as_ref() else { return None };
            let key = string_of(&key.value)?.to_string();
            let mut path = match left.as_ref() {
                Expr::Identifier(ident) if folded(ident) == "metadata" && has_facts(collection) => Vec::new(),
                other => fact_path(other, collection)?,
            };
            path.push(key);
            Some(path)
        }
        _ => None,
    }
}

fn has_facts(collection: &Collection) -> bool {
    collection.kind == CollectionKind::Memory
        || (collection.kind == CollectionKind::Table && collection.column("metadata").is_none())
}

/// The column that an item of an index or key names. Its direction means nothing: an ordered index is read either way.
///
/// # Errors
/// 0A000 for an expression.
pub fn plain_column(column: &IndexColumn) -> Result<&Ident> {
    match &column.column.expr {
        Expr::Identifier(ident) => Ok(ident),
        _ => {
            Err(Error::unsupported("a key over an expression is not offered", "CREATE UNIQUE INDEX takes expressions."))
        }
    }
}

/// The column of a name.
///
/// # Errors
/// 42703.
pub fn known_column<'a>(
    ident: &Ident,
    collection: &'a Collection,
    context: &PlanContext<'_>,
) -> Result<(usize, &'a Column)> {
    let name = folded(ident);
    let found = collection.columns.iter().enumerate().find(|(_, column)| column.name == name);
    found.ok_or_else(|| {
        let error = Error::new(ErrorKind::UndefinedColumn, format!("column \"{name}\" does not exist"));
        located(error, context.text, ident.span.start)
    })
}

/// # Errors
/// 42704, as PostgreSQL, for a type that has no order.
pub fn check_ordered(column: &Column) -> Result<()> {
    use ColumnType::{
        Bool, Bytea, Char, Date, Enum, Float4, Float8, Int2, Int4, Int8, Multirange, Name, Numeric, Oid, Range, Text,
        Time, Timestamp, TimestampTz, Uuid, Varchar,
    };
    match column.ty {
        Bool | Bytea | Char(_) | Date | Float4 | Float8 | Int2 | Int4 | Int8 | Name | Numeric(_) | Oid | Text
        | Time | Timestamp | TimestampTz | Uuid | Varchar(_) | Enum(_) | Range(_) | Multirange(_) => Ok(()),
        ref ty => Err(Error::new(
            ErrorKind::UndefinedObject,
            format!("data type {ty} has no default operator class for access method \"btree\""),
        )
        .with_hint(match ty {
            ColumnType::Vector(_) => "Use hnsw for vectors.",
            _ => "Index a column of an ordered type.",
        })),
    }
}

/// # Errors
/// 42809 for a view.
fn refuse_view(name: &ObjectName, context: &PlanContext<'_>) -> Result<()> {
    let found = find_stored(name, context)?;
    let Some(view) = found.as_ref().and_then(|relation| context.view.catalog().view(relation)) else { return Ok(()) };
    let message = format!("cannot create index on relation \"{}\"", view.name);
    let error = Error::new(ErrorKind::WrongObjectType, message);
    Err(error.with_detail("This operation is not supported for views."))
}

/// `table_column_suffix`, made short enough and given a number while it is taken, as PostgreSQL does.
pub fn generated_name(table: &str, parts: &[&str], suffix: &str, is_taken: &dyn Fn(&str) -> bool) -> String {
    let stem = std::iter::once(table).chain(parts.iter().copied()).collect::<Vec<_>>().join("_");
    for attempt in 0_u32.. {
        let end = if attempt == 0 { format!("_{suffix}") } else { format!("_{suffix}{attempt}") };
        let mut length = stem.len().min(IDENTIFIER_BYTES_MAX.saturating_sub(end.len()));
        while !stem.is_char_boundary(length) {
            length -= 1;
        }
        let name = format!("{}{end}", stem.get(..length).unwrap_or(""));
        if !is_taken(&name) {
            return name;
        }
    }
    stem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_generated_as_postgresql_does() {
        assert_eq!(generated_name("items", &["embedding"], "idx", &|_| false), "items_embedding_idx");
        assert_eq!(generated_name("items", &["a", "b"], "key", &|name| name == "items_a_b_key"), "items_a_b_key1");
        let long = generated_name(&"é".repeat(40), &["x"], "idx", &|_| false);
        assert!(long.len() <= IDENTIFIER_BYTES_MAX && long.ends_with("_idx"), "{long}");
    }
}
