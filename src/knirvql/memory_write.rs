//! The parts of an entry of SET MEMORY: lowered once, and bound with each execution's parameters.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::{ParameterTypes, Scalar};
use crate::knirvql::ast::{AstEntry, Bindable};
use crate::knirvql::resolve::{parameter, scalar};
use crate::model::{Collection, CollectionKind};
use crate::statement::WriteRun;
use crate::types::limits::BLOB_BYTES_MAX;
use crate::types::{ColumnType, Value, split_object};

/// A lowered entry of SET MEMORY.
#[derive(Clone, Debug)]
pub struct MemoryWrite {
    pub collection: Arc<Collection>,
    /// The column of the id, with its value.
    id: Option<(usize, Scalar)>,
    metadata: Option<Scalar>,
    /// The vector column, with its value.
    vector: Option<(usize, Scalar)>,
    blob: Option<Scalar>,
}

/// Columns of an entry by position, with their new values.
pub type ChangedColumns = Vec<(usize, Value)>;
/// Facts of an entry that no column declares, with their new values; `None` takes one out.
pub type ChangedFacts = Vec<(String, Option<Value>)>;

/// The parts of one entry, ready to be written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntryParts {
    /// The id where one was given: the value of the only primary-key column, also among `columns`.
    pub id: Option<Value>,
    /// Declared columns by position, with values of their types.
    pub columns: Vec<(usize, Value)>,
    /// Facts of a table that no column declares.
    pub facts: Vec<(String, Value)>,
    pub blob: Option<Box<[u8]>>,
}

impl MemoryWrite {
    /// Lowers an entry of SET MEMORY on its collection.
    ///
    /// # Errors
    /// 0A000 for an id, a vector or a blob where the collection has no place for one.
    pub fn new(collection: Arc<Collection>, set: &AstEntry, parameters: &mut ParameterTypes) -> Result<Self> {
        let id = set.id.as_ref().map(|id| -> Result<_> {
            let position = id_column(&collection)?;
            let ty = collection.columns.get(position).map_or(ColumnType::Text, |column| column.ty.clone());
            Ok((position, scalar(id, &ty, parameters)?))
        });
        let metadata = set.metadata.as_ref().map(|metadata| match metadata {
            Bindable::Parameter(number) => Ok(parameter(parameters, *number, &ColumnType::Jsonb)),
            Bindable::Value(members) => {
                let text = serde_json::to_string(members)
                    .map_err(|error| Error::internal(format!("metadata cannot be written as JSON: {error}")))?;
                Value::parse_text(&ColumnType::Jsonb, &text).map(Scalar::Value)
            }
        });
        let vector = set.vector.as_ref().map(|vector| -> Result<_> {
            let (position, ty) = vector_column(&collection)?;
            Ok((position, vector_scalar(vector, &ty, parameters)))
        });
        let blob = set.blob.as_ref().map(|blob| blob_scalar(&collection, blob, parameters));
        Ok(MemoryWrite {
            id: id.transpose()?,
            metadata: metadata.transpose()?,
            vector: vector.transpose()?,
            blob: blob.transpose()?,
            collection,
        })
    }

    /// The parts with the parameters in their places.
    ///
    /// # Errors
    /// 22023 for metadata that is no JSON object, 42701 for a column named twice, and what a value's type refuses.
    pub fn bind(&self, parameters: &[Value]) -> Result<EntryParts> {
        let mut parts = EntryParts::default();
        if let Some((position, id)) = &self.id {
            let id = id.bind(parameters)?;
            if id.is_null() {
                return Err(Error::new(ErrorKind::NotNullViolation, "the id of an entry is not null")
                    .with_hint("Leave the id out to have one made."));
            }
            parts.columns.push((*position, id.clone()));
            parts.id = Some(id);
        }
        if let Some((position, vector)) = &self.vector {
            parts.columns.push((*position, vector.bind(parameters)?));
        }
        if let Some(metadata) = &self.metadata {
            self.spread(&metadata.bind(parameters)?, &mut parts)?;
        }
        if let Some(blob) = &self.blob {
            parts.blob = bound_blob(blob, parameters)?;
        }
        Ok(parts)
    }

    /// Metadata go where the collection keeps them: a column of that name, or declared columns and facts.
    fn spread(&self, metadata: &Value, parts: &mut EntryParts) -> Result<()> {
        let Some(object) = metadata.as_str().filter(|text| text.trim_start().starts_with('{')) else {
            return Err(Error::new(ErrorKind::InvalidParameterValue, "metadata is not a JSON object")
                .with_hint("Send an object: {\"source\": \"web\"}."));
        };
        if let Some(position) = self.collection.column("metadata") {
            parts.columns.push((position, metadata.clone()));
            return Ok(());
        }
        for (name, value) in split_object(object)? {
            let Some(position) = self.collection.column(&name) else {
                parts.facts.push((name, value));
                continue;
            };
            if parts.columns.iter().any(|(taken, _)| *taken == position) {
                let message = format!("column \"{name}\" is written twice, by name and in metadata");
                return Err(Error::new(ErrorKind::DuplicateColumn, message));
            }
            if self.collection.columns.get(position).is_some_and(|column| column.computation().is_some()) {
                let message = format!("cannot insert a non-DEFAULT value into column \"{name}\"");
                return Err(Error::new(ErrorKind::GeneratedAlways, message)
                    .with_detail(format!("Column \"{name}\" is a generated column.")));
            }
            let ty = self.collection.columns.get(position).map_or(ColumnType::Text, |column| column.ty.clone());
            parts.columns.push((position, declared(value, &ty)?));
        }
        Ok(())
    }
}

/// A member of metadata as the value of a declared column.
fn declared(value: Value, ty: &ColumnType) -> Result<Value> {
    match value {
        // Of a column that holds JSON, null is a value.
        Value::Json(text) if &*text == "null" && !matches!(ty, ColumnType::Json | ColumnType::Jsonb) => Ok(Value::Null),
        Value::Json(text) => Value::parse_text(ty, &text),
        Value::Text(text) if !ty.is_text() => Value::parse_text(ty, &text),
        other => other.cast(ty, false),
    }
}

/// The column that identifies an entry.
///
/// # Errors
/// 0A000 for a primary key of another number of columns than one.
pub fn id_column(collection: &Collection) -> Result<usize> {
    match collection.primary_key.as_slice() {
        [position] => Ok(*position),
        keys => Err(Error::unsupported(
            format!("\"{}\" has a primary key of {} columns, and an id names one", collection.name, keys.len()),
            "Write such entries with INSERT.",
        )),
    }
}

/// The one vector column of a collection, with its type.
///
/// # Errors
/// 42703 where there is none, 42702 where there are several.
pub fn vector_column(collection: &Collection) -> Result<(usize, ColumnType)> {
    let mut positions = collection.vector_columns();
    match (positions.next(), positions.next()) {
        (Some(position), None) => {
            // A dimension that was learned goes with the last vector: it is checked where that is known.
            let declared = collection.columns.get(position).filter(|_| !collection.learns_dimension(position));
            Ok((position, declared.map_or(ColumnType::Vector(None), |column| column.ty.clone())))
        }
        (None, _) => Err(Error::new(
            ErrorKind::UndefinedColumn,
            format!("the collection \"{}\" has no vector column", collection.name),
        )),
        (Some(_), Some(_)) => Err(Error::new(
            ErrorKind::AmbiguousColumn,
            format!("the collection \"{}\" has more than one vector column", collection.name),
        )
        .with_hint("Name the column in SQL: ORDER BY column <-> '[…]'.")),
    }
}

/// A vector for a column of type `ty`.
pub fn vector_scalar(vector: &Bindable<Vec<f32>>, ty: &ColumnType, parameters: &mut ParameterTypes) -> Scalar {
    match vector {
        Bindable::Parameter(number) => parameter(parameters, *number, ty),
        Bindable::Value(components) => Scalar::Value(Value::Vector(components.as_slice().into())),
    }
}

/// A blob that is written.
///
/// # Errors
/// 0A000 for a collection whose entries have none.
pub fn blob_scalar(
    collection: &Collection,
    blob: &Bindable<Vec<u8>>,
    parameters: &mut ParameterTypes,
) -> Result<Scalar> {
    match (collection.kind, blob) {
        (CollectionKind::Memory, Bindable::Parameter(number)) => Ok(parameter(parameters, *number, &ColumnType::Bytea)),
        (CollectionKind::Memory, Bindable::Value(bytes)) => Ok(Scalar::Value(Value::Bytea(bytes.as_slice().into()))),
        (CollectionKind::Auth | CollectionKind::Table, _) => Err(no_blobs(collection)),
    }
}

/// 0A000 for a collection whose entries have no blobs.
pub fn no_blobs(collection: &Collection) -> Error {
    Error::unsupported(
        format!("entries of \"{}\" have no blobs", collection.name),
        "Blobs belong to the collection memory; a table may have a column of type bytea.",
    )
}

/// The bytes of a blob; `None` of NULL.
fn bound_blob(blob: &Scalar, parameters: &[Value]) -> Result<Option<Box<[u8]>>> {
    let Value::Bytea(bytes) = blob.bind(parameters)? else { return Ok(None) };
    if bytes.len() > BLOB_BYTES_MAX {
        let message = format!("a blob of {} bytes is over the limit of {BLOB_BYTES_MAX}", bytes.len());
        return Err(Error::new(ErrorKind::LimitExceeded, message));
    }
    Ok(Some(bytes))
}

/// The columns of an entry that its blob becomes, which is stored; without one, those of no blob.
///
/// # Errors
/// 54000 for more than [`BLOB_BYTES_MAX`]; as `Scalar::bind` and `Transaction::put_blob`.
pub fn blob_columns(
    collection: &Collection,
    blob: Option<&Scalar>,
    run: &mut WriteRun<'_>,
) -> Result<Vec<(usize, Value)>> {
    let bytes = blob.map_or(Ok(None), |blob| bound_blob(blob, run.parameters))?;
    match bytes {
        Some(bytes) => stored_blob(collection, &bytes, run),
        None => {
            let names = ["blob_hash", "blob_size", "blob_type"].into_iter();
            Ok(names.filter_map(|name| collection.column(name)).map(|position| (position, Value::Null)).collect())
        }
    }
}

/// Stores a blob; the columns that name it.
///
/// # Errors
/// As `Transaction::put_blob`.
pub fn stored_blob(collection: &Collection, bytes: &[u8], run: &mut WriteRun<'_>) -> Result<Vec<(usize, Value)>> {
    let (hash, size) = run.transaction.put_blob(bytes)?;
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    let hash = collection.column("blob_hash").map(|position| (position, Value::text(hash)));
    let size = collection.column("blob_size").map(|position| (position, Value::Int8(size)));
    Ok(hash.into_iter().chain(size).collect())
}
