//! Queries inside of IN: run before their statement, in its view; what each gives is one more parameter of it.

use std::collections::HashSet;

use crate::db::{Query, RowStream};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Expr, Operand};
use crate::knirvql::ast::{AstField, AstFieldValue, GetMemory};
use crate::knirvql::lower::KnirvqlLowering;
use crate::knirvql::resolve::resolve;
use crate::metrics::StatementKind;
use crate::statement::{Change, ReadRun, RowSource, RowsTag, Work, WriteRun, Written, later};
use crate::types::{ColumnType, Value, json_text_of_value, value_of_json_text};

/// Different values that a query inside of IN may give: each entry is compared with them.
const LIST_VALUES_MAX: usize = 10_000;
/// Bytes of those values.
const LIST_BYTES_MAX: usize = 16 << 20;

/// A query inside of IN.
#[derive(Debug)]
pub struct ListQuery {
    query: Query,
    /// The type of what its values are compared with.
    ty: ColumnType,
}

/// The queries of a statement, in the order in which they run.
#[derive(Debug)]
pub struct Lists {
    queries: Vec<ListQuery>,
    /// How many parameters the statement has.
    parameters: usize,
}

impl KnirvqlLowering<'_> {
    /// Lowers a query inside of IN to the list of its values, which are compared with one of type `ty`.
    ///
    /// # Errors
    /// 42601 for another number of fields than one, 0A000 for groups; as `lower`.
    pub fn list_of(&mut self, get: &GetMemory, ty: &ColumnType) -> Result<Expr> {
        if get.reads_groups() {
            let hint = "Read entries: each value of a field counts once.";
            return Err(Error::unsupported("a GET of groups is not offered inside of IN", hint));
        }
        let [AstField::Named { value: AstFieldValue::Path(path), .. }] = get.fields.as_slice() else {
            return Err(Error::syntax("a query inside of IN gives one field", None)
                .with_hint("Name it: IN (GET MEMORY FIELDS metadata.parent WHERE …)."));
        };
        let collection = self.memory_collection(get.collection.as_deref())?;
        let operand = resolve(&collection, path)?.operand;
        if let Operand::Column(position) = operand
            && collection.columns.get(position).is_some_and(|column| is_vector(&column.ty))
        {
            return Err(Error::unsupported("vectors are no values of IN", "Use SIMILAR TO … WITHIN 0."));
        }
        let (query, _) = self.get_entries(get)?;
        let ty = if *ty == ColumnType::Unknown { ColumnType::Jsonb } else { ty.clone() };
        self.lists.push(ListQuery { query, ty: ty.clone() });
        // Those inside of it come before it.
        let position = self.parameters.count() + self.lists.len() - 1;
        Ok(Expr::parameter(position, ColumnType::Array(Box::new(ty))))
    }
}

fn is_vector(ty: &ColumnType) -> bool {
    matches!(ty, ColumnType::Vector(_) | ColumnType::Halfvec(_) | ColumnType::Sparsevec(_))
}

impl Lists {
    /// For a statement with so many parameters of its own.
    pub fn new(queries: Vec<ListQuery>, parameters: usize) -> Lists {
        Lists { queries, parameters }
    }

    pub fn is_empty(&self) -> bool {
        self.queries.is_empty()
    }

    /// The parameters with the lists behind them.
    async fn parameters(&self, run: ReadRun<'_>) -> Result<Vec<Value>> {
        let mut parameters = run.parameters.to_vec();
        parameters.resize(self.parameters, Value::Null);
        for list in &self.queries {
            let bound = list.query.bind(&run.view.environment(&parameters, run.settings))?;
            let stream = RowStream::from_cursor(run.view.query(bound, run.settings, run.cancel)?);
            parameters.push(list.values(stream).await?);
        }
        Ok(parameters)
    }
}

impl ListQuery {
    /// The different values, as they are compared. What cannot be of the type equals nothing.
    async fn values(&self, mut stream: RowStream) -> Result<Value> {
        let (mut seen, mut values, mut bytes) = (HashSet::new(), Vec::new(), 0_usize);
        while let Some(chunk) = stream.next_chunk().await? {
            for value in chunk.into_iter().flatten().filter_map(|value| self.compared(value)) {
                let mut key = Vec::new();
                value.hash_bytes(&mut |part| key.extend_from_slice(part));
                if !seen.insert(key) {
                    continue;
                }
                bytes = bytes.saturating_add(value.bytes());
                if seen.len() > LIST_VALUES_MAX || bytes > LIST_BYTES_MAX {
                    let message = format!(
                        "a query inside of IN gives more than {LIST_VALUES_MAX} different values, or {LIST_BYTES_MAX} bytes"
                    );
                    return Err(Error::new(ErrorKind::LimitExceeded, message)
                        .with_hint("Use SQL, which joins: … WHERE id IN (SELECT …)."));
                }
                values.push(value);
            }
        }
        Ok(Value::Array(Box::new(self.ty.clone()), values))
    }

    fn compared(&self, value: Value) -> Option<Value> {
        let value = match (value, &self.ty) {
            (Value::Json(text), _) if &*text == "null" => Value::Null,
            (Value::Json(text), ColumnType::Jsonb | ColumnType::Json) => Value::Json(text),
            // A fact that is a text or a number is one beside a column.
            (Value::Json(text), ty) => {
                let inner = value_of_json_text(&text).ok()?;
                inner.cast(ty, false).ok()?
            }
            (Value::Null, _) => Value::Null,
            (other, ColumnType::Jsonb) => Value::Json(json_text_of_value(&other)),
            (other, ty) => other.cast(ty, false).ok()?,
        };
        (!value.is_null()).then_some(value)
    }
}

/// A statement that reads, with queries inside of IN.
pub struct ReadWithLists {
    pub lists: Lists,
    pub inner: Box<dyn RowSource>,
}

impl RowSource for ReadWithLists {
    fn open<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, RowStream> {
        later(async move {
            let parameters = self.lists.parameters(run).await?;
            self.inner.open(ReadRun { parameters: &parameters, ..run }).await
        })
    }

    /// The lists decide how the rest is read: they are made for EXPLAIN, too.
    fn explain<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        later(async move {
            let parameters = self.lists.parameters(run).await?;
            self.inner.explain(ReadRun { parameters: &parameters, ..run }).await
        })
    }

    fn kind(&self) -> StatementKind {
        self.inner.kind()
    }

    fn tag(&self) -> RowsTag {
        self.inner.tag()
    }
}

/// A statement that changes entries, with queries inside of IN.
pub struct ChangeWithLists {
    pub lists: Lists,
    pub inner: Box<dyn Change>,
}

impl Change for ChangeWithLists {
    fn execute<'a>(&'a self, mut run: WriteRun<'a>) -> Work<'a, Written> {
        later(async move {
            let parameters = self.lists.parameters(run.reading()).await?;
            self.inner.execute(run.with_parameters(&parameters)).await
        })
    }

    fn explain<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        later(async move {
            let parameters = self.lists.parameters(run).await?;
            self.inner.explain(ReadRun { parameters: &parameters, ..run }).await
        })
    }

    fn is_short(&self) -> bool {
        false
    }

    fn kind(&self) -> StatementKind {
        self.inner.kind()
    }
}
