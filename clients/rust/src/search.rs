//! Reading entries: by their facts, and by their likeness to a vector.

use serde::de::DeserializeOwned;
use tokio_postgres::Client;

use crate::compile::{FACTS, Parameters, identifier, json_of, literal, to_knirvql, to_sql};
use crate::entry::{Found, vector_text};
use crate::error::{Error, Result};
use crate::filter::{Field, Filter, all};

/// How far apart two vectors are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Metric {
    /// One minus the cosine of the angle.
    #[default]
    Cosine,
    /// Euclidean.
    L2,
    /// The inner product, negated.
    InnerProduct,
    /// Manhattan.
    L1,
}

impl Metric {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Metric::Cosine => "cosine",
            Metric::L2 => "l2",
            Metric::InnerProduct => "ip",
            Metric::L1 => "l1",
        }
    }
}

/// A search by facts. [`Find::fetch`] runs it.
#[derive(Clone)]
#[must_use = "a search does nothing until fetch()"]
pub struct Find<'a> {
    client: &'a Client,
    collection: &'a str,
    filter: Filter,
    order: Vec<String>,
    limit: Option<u32>,
    offset: Option<u32>,
    with_vectors: bool,
}

impl<'a> Find<'a> {
    pub(crate) fn new(client: &'a Client, collection: &'a str, filter: Filter) -> Self {
        Find { client, collection, filter, order: Vec::new(), limit: None, offset: None, with_vectors: false }
    }

    /// Sorted by a field, the smallest first; entries without it come last.
    pub fn order_by(mut self, field: impl Into<Field>) -> Self {
        self.order.push(json_of(&field.into()));
        self
    }

    /// Sorted by a field, the greatest first; entries without it come last.
    pub fn order_by_descending(mut self, field: impl Into<Field>) -> Self {
        self.order.push(format!("{} DESC NULLS LAST", json_of(&field.into())));
        self
    }

    /// So many at most.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Without the first so many.
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }

    /// With the vectors of the entries.
    pub fn with_vectors(mut self) -> Self {
        self.with_vectors = true;
        self
    }

    /// Runs it. `F` is what serde makes of the facts: a struct of one's own, or `serde_json::Value`.
    ///
    /// Returns [`Error::Facts`] for the first entry whose facts are not of that type, and [`Error::Server`] when the server refuses.
    pub async fn fetch<F: DeserializeOwned>(self) -> Result<Vec<Found<F>>> {
        let mut parameters = Parameters::default();
        let vector = if self.with_vectors { ", vector" } else { "" };
        let condition = to_sql(&self.filter, &mut parameters)?;
        let mut text = format!("SELECT id, {FACTS}{vector} FROM {} WHERE {condition}", identifier(self.collection));
        if !self.order.is_empty() {
            text = format!("{text} ORDER BY {}", self.order.join(", "));
        }
        text.push_str(&limits(self.limit, self.offset));
        let rows = self.client.query_typed(&text, &parameters.typed()).await?;
        rows.iter().map(Found::from_row).collect()
    }

    /// Runs it for the first entry alone.
    ///
    /// Errors are those of [`Find::fetch`].
    pub async fn fetch_one<F: DeserializeOwned>(self) -> Result<Option<Found<F>>> {
        Ok(self.limit(1).fetch().await?.pop())
    }
}

/// A search of the entries that are nearest to a vector. [`Nearest::fetch`] runs it.
#[derive(Clone)]
#[must_use = "a search does nothing until fetch()"]
pub struct Nearest<'a> {
    client: &'a Client,
    collection: &'a str,
    vector: Vec<f32>,
    filter: Filter,
    metric: Metric,
    within: Option<f64>,
    width: Option<u32>,
    limit: u32,
    offset: Option<u32>,
    with_vectors: bool,
}

const NEAREST_DEFAULT: u32 = 10;

impl<'a> Nearest<'a> {
    pub(crate) fn new(client: &'a Client, collection: &'a str, vector: Vec<f32>) -> Self {
        Nearest {
            client,
            collection,
            vector,
            filter: all(),
            metric: Metric::default(),
            within: None,
            width: None,
            limit: NEAREST_DEFAULT,
            offset: None,
            with_vectors: false,
        }
    }

    /// Among the entries of which this is true alone. The server looks at it inside of the search, so that as many come back as were
    /// asked for wherever there are so many.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = self.filter & filter;
        self
    }

    /// By another distance than cosine.
    pub fn metric(mut self, metric: Metric) -> Self {
        self.metric = metric;
        self
    }

    /// Not farther than this.
    pub fn within(mut self, distance: f64) -> Self {
        self.within = Some(distance);
        self
    }

    /// The width of the search in an index (`ef`): more finds more, and takes longer.
    pub fn width(mut self, ef: u32) -> Self {
        self.width = Some(ef);
        self
    }

    /// So many at most; 10 unless this is said.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }

    /// Without the first so many.
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }

    /// With the vectors of the entries.
    pub fn with_vectors(mut self) -> Self {
        self.with_vectors = true;
        self
    }

    /// Runs it; the nearest come first.
    ///
    /// Returns [`Error::Input`] for a vector that is empty or not finite, and for conditions that KNIRVQL has no words for; otherwise
    /// errors are those of [`Find::fetch`].
    pub async fn fetch<F: DeserializeOwned>(self) -> Result<Vec<Found<F>>> {
        let rows = self.client.query_typed(&self.statement()?, &[]).await?;
        rows.iter().map(Found::from_row).collect()
    }

    fn statement(&self) -> Result<String> {
        let vector = if self.with_vectors { ", vector" } else { "" };
        let mut text = format!("GET MEMORY FIELDS id, {FACTS}, distance{vector} IN {}", literal(self.collection));
        if let Some(condition) = to_knirvql(&self.filter)? {
            text = format!("{text} WHERE {condition}");
        }
        text = format!("{text} SIMILAR TO {} USING {}", vector_text(&self.vector)?, self.metric.word());
        if let Some(distance) = self.within {
            if !distance.is_finite() {
                return Err(Error::input(format!("the greatest distance is a finite number, not {distance}")));
            }
            text = format!("{text} WITHIN {distance}");
        }
        if let Some(ef) = self.width {
            text = format!("{text} WITH (ef = {ef})");
        }
        Ok(text + &limits(Some(self.limit), self.offset))
    }
}

fn limits(limit: Option<u32>, offset: Option<u32>) -> String {
    let limit = limit.map(|limit| format!(" LIMIT {limit}")).unwrap_or_default();
    let offset = offset.map(|offset| format!(" OFFSET {offset}")).unwrap_or_default();
    limit + &offset
}
