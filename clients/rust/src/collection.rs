//! A collection of entries.

use bytes::Bytes;
use futures_util::SinkExt;
use serde::Serialize;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use crate::compile::{FACTS, Parameters, identifier, literal, to_knirvql, to_sql};
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::filter::{Field, Filter, Root, Step};
use crate::search::{Find, Metric, Nearest};
use crate::update::Update;

/// What COPY sends in one piece.
const COPY_BYTES: usize = 64 * 1024;

/// A collection: `memory`, or one that [`crate::Database::create_collection`] made. Any table with the columns `id`, `metadata` and
/// `vector` is one.
///
/// What it does happens on the connection, or in the transaction, that it was taken from.
#[derive(Clone)]
pub struct Collection<'a> {
    client: &'a Client,
    name: String,
}

impl<'a> Collection<'a> {
    pub(crate) fn new(client: &'a Client, name: impl Into<String>) -> Self {
        Collection { client, name: name.into() }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Inserts an entry and returns its id.
    ///
    /// Returns an error of code 23505 ([`Error::is_taken`]) when there is one of that id.
    pub async fn insert<F: Serialize>(&self, entry: &Entry<F>) -> Result<String> {
        self.write(entry, "").await
    }

    /// Inserts an entry, or replaces facts and vector of the one that has its id; returns the id.
    ///
    /// Returns an error when the server refuses.
    pub async fn put<F: Serialize>(&self, entry: &Entry<F>) -> Result<String> {
        let vector = if entry.vector.is_some() { ", vector = excluded.vector" } else { "" };
        self.write(entry, &format!(" ON CONFLICT (id) DO UPDATE SET {FACTS} = excluded.{FACTS}{vector}")).await
    }

    async fn write<F: Serialize>(&self, entry: &Entry<F>, on_conflict: &str) -> Result<String> {
        let mut parameters = Parameters::default();
        let id = entry.id_or_new();
        let mut columns = vec!["id", FACTS];
        let mut values = vec![parameters.text(id.clone()), parameters.json(entry.facts_value()?)];
        if let Some(vector) = entry.vector_text()? {
            columns.push("vector");
            values.push(format!("{}::vector", parameters.text(vector)));
        }
        let text = format!(
            "INSERT INTO {} ({}) VALUES ({}){on_conflict}",
            identifier(&self.name),
            columns.join(", "),
            values.join(", ")
        );
        self.client.query_typed(&text, &parameters.typed()).await?;
        Ok(id)
    }

    /// Inserts many entries by COPY, all or none of them, and returns their ids.
    ///
    /// Returns an error of code 23505 ([`Error::is_taken`]) when one of the ids is there.
    pub async fn insert_batch<F: Serialize>(&self, entries: &[Entry<F>]) -> Result<Vec<String>> {
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let mut lines = String::new();
        let mut pieces = Vec::new();
        let mut ids = Vec::with_capacity(entries.len());
        for entry in entries {
            let id = entry.id_or_new();
            copy_text(&mut lines, &id);
            lines.push('\t');
            copy_text(&mut lines, &entry.facts_value()?.to_string());
            lines.push('\t');
            lines.push_str(entry.vector_text()?.as_deref().unwrap_or("\\N"));
            lines.push('\n');
            ids.push(id);
            if lines.len() >= COPY_BYTES {
                pieces.push(Bytes::from(std::mem::take(&mut lines)));
            }
        }
        pieces.push(Bytes::from(lines));
        let text = format!("COPY {} (id, {FACTS}, vector) FROM STDIN", identifier(&self.name));
        let sink = self.client.copy_in::<_, Bytes>(&text).await?;
        let mut sink = std::pin::pin!(sink);
        for piece in pieces {
            sink.send(piece).await?;
        }
        sink.finish().await?;
        Ok(ids)
    }

    /// A search of the entries of which the condition is true.
    pub fn find(&self, filter: Filter) -> Find<'_> {
        Find::new(self.client, &self.name, filter)
    }

    /// The first entry of which the condition is true.
    ///
    /// Returns [`Error::Facts`] when its facts are not of the type.
    pub async fn find_one<F: serde::de::DeserializeOwned>(
        &self,
        filter: Filter,
    ) -> Result<Option<crate::entry::Found<F>>> {
        self.find(filter).fetch_one().await
    }

    /// How many entries there are of which the condition is true.
    ///
    /// Returns an error when the server refuses.
    pub async fn count(&self, filter: Filter) -> Result<u64> {
        let mut parameters = Parameters::default();
        let condition = to_sql(&filter, &mut parameters)?;
        let text = format!("SELECT count(*) FROM {} WHERE {condition}", identifier(&self.name));
        let rows = self.client.query_typed(&text, &parameters.typed()).await?;
        let count: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
        Ok(count.unsigned_abs())
    }

    /// A search of the entries that are nearest to a vector.
    pub fn nearest(&self, vector: impl Into<Vec<f32>>) -> Nearest<'_> {
        Nearest::new(self.client, &self.name, vector.into())
    }

    /// Changes the entries of which the condition is true, in one UPDATE; returns how many they are.
    ///
    /// Returns [`Error::Input`] for an update that changes nothing, or one field twice, and an error of code 40001
    /// ([`Error::is_conflict`]) when another writer was first.
    pub async fn update(&self, filter: Filter, update: &Update) -> Result<u64> {
        let mut parameters = Parameters::default();
        let sets = update.to_sql(&mut parameters)?;
        let condition = to_sql(&filter, &mut parameters)?;
        self.run(&format!("UPDATE {} SET {sets} WHERE {condition}", identifier(&self.name)), &parameters).await
    }

    /// Deletes the entries of which the condition is true ([`crate::all`] for everything); returns how many they are.
    ///
    /// Returns an error when the server refuses.
    pub async fn delete(&self, filter: Filter) -> Result<u64> {
        let mut parameters = Parameters::default();
        let condition = to_sql(&filter, &mut parameters)?;
        self.run(&format!("DELETE FROM {} WHERE {condition}", identifier(&self.name)), &parameters).await
    }

    /// Gives an entry a blob: raw bytes, kept once however many entries have the same. An entry of that id is made where there is none.
    ///
    /// Returns an error when the collection has no place for blobs, which `memory` has.
    pub async fn set_blob(&self, id: &str, blob: &[u8]) -> Result<()> {
        let text = format!("SET MEMORY IN {} id = $1 blob = $2", literal(&self.name));
        self.client.query_typed(&text, &[(&id, Type::TEXT), (&blob, Type::BYTEA)]).await?;
        Ok(())
    }

    /// The blob of an entry of `memory`.
    ///
    /// Returns an error when the server refuses, or when nobody who has the blob is connected.
    pub async fn blob(&self, id: &str) -> Result<Option<Vec<u8>>> {
        let text = format!("SELECT blob(id) FROM {} WHERE id = $1", identifier(&self.name));
        let rows = self.client.query_typed(&text, &[(&id, Type::TEXT)]).await?;
        Ok(rows.first().map(|row| row.try_get(0)).transpose()?.flatten())
    }

    /// Marks entries for the network of the collection: the next sync posts these, and no others. Returns how many they are.
    ///
    /// Returns an error when the collection is attached to no network.
    pub async fn stage(&self, filter: Filter) -> Result<u64> {
        self.staging("STAGE", &filter).await
    }

    /// Takes entries off the stage; returns how many were on it.
    ///
    /// Returns an error when the server refuses.
    pub async fn unstage(&self, filter: Filter) -> Result<u64> {
        self.staging("UNSTAGE", &filter).await
    }

    /// Takes back what was changed in posted entries and not posted since; returns how many entries that changed.
    ///
    /// Returns an error when the server refuses.
    pub async fn revert(&self, filter: Filter) -> Result<u64> {
        self.staging("REVERT", &filter).await
    }

    async fn staging(&self, word: &str, filter: &Filter) -> Result<u64> {
        // No entry is without an id.
        let condition = to_knirvql(filter)?.unwrap_or_else(|| "id IS NOT NULL".to_string());
        let text = format!("{word} MEMORY IN {} WHERE {condition}", literal(&self.name));
        self.run(&text, &Parameters::default()).await
    }

    /// An index of the vectors, for the nearest by this metric.
    ///
    /// Returns an error when the server refuses.
    pub async fn create_vector_index(&self, metric: Metric) -> Result<()> {
        let class = metric.word();
        self.client
            .batch_execute(&format!(
                "CREATE INDEX ON {} USING hnsw (vector vector_{class}_ops)",
                identifier(&self.name)
            ))
            .await?;
        Ok(())
    }

    /// An index of a fact as a text, for conditions that compare it with one; the collection `memory` has those.
    ///
    /// Returns [`Error::Input`] for a fact inside of another one.
    pub async fn create_index(&self, field: impl Into<Field>) -> Result<()> {
        let field = field.into();
        let what = match (&field.root, field.steps.as_slice()) {
            (Root::Column(name), []) => identifier(name),
            (Root::Facts, [Step::Name(name)]) => format!("({FACTS}->>{})", literal(name)),
            _ => return Err(Error::input("an index is of a column or of one fact of the entry")),
        };
        self.client.batch_execute(&format!("CREATE INDEX ON {} ({what})", identifier(&self.name))).await?;
        Ok(())
    }

    async fn run(&self, text: &str, parameters: &Parameters) -> Result<u64> {
        let rows = self.client.query_typed_raw(text, parameters.typed()).await?;
        let mut rows = std::pin::pin!(rows);
        while let Some(row) = futures_util::StreamExt::next(&mut rows).await {
            row?;
        }
        Ok(rows.rows_affected().unwrap_or_default())
    }
}

/// A value in the text of COPY.
fn copy_text(line: &mut String, value: &str) {
    for character in value.chars() {
        match character {
            '\\' => line.push_str("\\\\"),
            '\t' => line.push_str("\\t"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            other => line.push(other),
        }
    }
}
