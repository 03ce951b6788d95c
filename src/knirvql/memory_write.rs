//! SET MEMORY: lowered once, bound with each execution's parameters, and written.

use std::sync::Arc;

use crate::db::{Arbiters, Inserted, LockMode, OnConflict};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{ParameterTypes, Scalar};
use crate::knirvql::ast::{Bindable, SetMemory};
use crate::knirvql::resolve::{parameter, scalar};
use crate::metrics::StatementKind;
use crate::model::{Collection, CollectionKind};
use crate::statement::{Change, ColumnDefaults, CommandTag, ReadRun, Work, WriteRun, Written, at_once, later};
use crate::types::limits::BLOB_BYTES_MAX;
use crate::types::{ColumnType, Value, split_object};

/// A lowered SET MEMORY.
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
    /// Lowers SET MEMORY on its collection.
    ///
    /// # Errors
    /// 0A000 for an id, a vector or a blob where the collection has no place for one.
    pub fn new(collection: Arc<Collection>, set: &SetMemory, parameters: &mut ParameterTypes) -> Result<Self> {
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
        let blob = set.blob.as_ref().map(|blob| match (collection.kind, blob) {
            (CollectionKind::Memory, Bindable::Parameter(number)) => {
                Ok(parameter(parameters, *number, &ColumnType::Bytea))
            }
            (CollectionKind::Memory, Bindable::Value(bytes)) => {
                Ok(Scalar::Value(Value::Bytea(bytes.as_slice().into())))
            }
            (CollectionKind::Auth | CollectionKind::Table, _) => Err(Error::unsupported(
                format!("entries of \"{}\" have no blobs", collection.name),
                "Blobs belong to the collection memory; a table may have a column of type bytea.",
            )),
        });
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
        if let Some(blob) = &self.blob
            && let Value::Bytea(bytes) = blob.bind(parameters)?
        {
            if bytes.len() > BLOB_BYTES_MAX {
                let message = format!("a blob of {} bytes is over the limit of {BLOB_BYTES_MAX}", bytes.len());
                return Err(Error::new(ErrorKind::LimitExceeded, message));
            }
            parts.blob = Some(bytes);
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
            let ty = self.collection.columns.get(position).map_or(ColumnType::Text, |column| column.ty.clone());
            parts.columns.push((position, declared(value, &ty)?));
        }
        Ok(())
    }
}

/// SET MEMORY: inserts the entry, or updates the one of its id.
pub struct MemoryUpsert {
    pub write: MemoryWrite,
    /// What the columns that it leaves out begin with, where that is an expression.
    pub defaults: Option<Box<dyn ColumnDefaults>>,
}

impl MemoryUpsert {
    async fn run(&self, mut run: WriteRun<'_>) -> Result<Written> {
        let EntryParts { id, mut columns, facts, blob } = self.write.bind(run.parameters)?;
        let collection = &self.write.collection;
        if let Some(blob) = blob {
            let (hash, size) = run.transaction.put_blob(&blob)?;
            let size = i64::try_from(size).unwrap_or(i64::MAX);
            columns.extend(collection.column("blob_hash").map(|position| (position, Value::text(hash))));
            columns.extend(collection.column("blob_size").map(|position| (position, Value::Int8(size))));
        }
        let is_given = id.is_some();
        let known = id.map(|id| run.transaction.key(collection, vec![id])).transpose()?;
        if let Some(key) = &known {
            run.lock_newest(collection, key, LockMode::Update).await?;
        }
        let key = match known {
            Some(key) if run.transaction.view().exists(collection, &key)? => {
                columns.retain(|(position, _)| !collection.primary_key.contains(position));
                if !columns.is_empty() {
                    run.transaction.update(collection, &key, columns)?;
                }
                key
            }
            _ => {
                let mut row = vec![None; collection.columns.len()];
                for (position, value) in columns {
                    if let Some(slot) = row.get_mut(position) {
                        *slot = Some(value);
                    }
                }
                if let Some(defaults) = &self.defaults {
                    defaults.fill(&run, &mut row).await?;
                }
                // A member's entry of the id that was given may come in between, which waits for no lock: then the statement runs again.
                // An id that a default gave is an error where it is taken: the next run would get the same.
                let arbiters = Arbiters { primary_key: true, indexes: Vec::new() };
                let on_conflict = if is_given { OnConflict::Report(&arbiters) } else { OnConflict::Fail };
                match run.insert(collection, row, on_conflict).await? {
                    Inserted::New(key) => key,
                    Inserted::Conflict { .. } => {
                        let message = "could not serialize access due to concurrent update";
                        return Err(Error::new(ErrorKind::SerializationFailure, message));
                    }
                }
            }
        };
        if !facts.is_empty() {
            let facts = facts.into_iter().map(|(name, value)| (name, Some(value))).collect();
            run.transaction.set_facts(collection, &key, facts)?;
        }
        Ok(Written::only(CommandTag::of("SET")))
    }
}

impl Change for MemoryUpsert {
    fn execute<'a>(&'a self, run: WriteRun<'a>) -> Work<'a, Written> {
        later(self.run(run))
    }

    fn explain<'a>(&'a self, _run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        at_once(Ok(vec![format!("Upsert on {}", self.write.collection.name)]))
    }

    fn is_short(&self) -> bool {
        // A blob is written to its file and fsynced.
        false
    }

    fn kind(&self) -> StatementKind {
        StatementKind::Insert
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
