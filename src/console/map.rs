//! The map of vectors: a statement's keys, labels and vectors, projected onto the plane in which they differ most.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::console::answer::{AnswerRefusal, Report};
use crate::console::calls;
use crate::console::link::Limits;
use crate::console::projection::{Projection, project};
use crate::console::router::{Authenticated, Console};

/// Entries on a map.
const POINTS_MAX: usize = 2000;
/// Bytes of the vectors' texts: 1,300 of 1,536 components.
const VECTOR_TEXT_BYTES_MAX: usize = 24 * 1024 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MapRequest {
    /// A query whose columns are the key, a label or NULL, and the vector.
    statement: String,
}

#[derive(Serialize)]
pub(super) struct MapAnswer {
    points: Vec<Point>,
    /// The parts of the whole variance that the two axes show.
    explained: [f64; 2],
    /// Not everything that the statement returned is on the map.
    truncated: bool,
    error: Option<Report>,
}

#[derive(Serialize)]
struct Point {
    key: String,
    label: Option<String>,
    x: f32,
    y: f32,
}

/// # Errors
/// 401 without a session, 400 for a statement whose result is none of the kind.
pub(super) async fn map(
    Authenticated { session, .. }: Authenticated,
    State(console): State<Console>,
    Json(request): Json<MapRequest>,
) -> Result<Json<MapAnswer>, AnswerRefusal> {
    let _place = console.projections.acquire().await.map_err(|_| AnswerRefusal::busy("maps"))?;
    let limits = Limits { rows: POINTS_MAX, bytes: VECTOR_TEXT_BYTES_MAX };
    let outcome = calls::read(&console, &session, request.statement, limits).await?;
    let truncated = outcome.results.iter().any(|result| result.truncated);
    let rows = outcome.results.into_iter().next().map(|result| result.rows).unwrap_or_default();
    let working = tokio::task::spawn_blocking(move || draw(rows));
    let (points, explained) =
        working.await.map_err(|error| AnswerRefusal::internal(format!("the map failed: {error}")))??;
    Ok(Json(MapAnswer { points, explained, truncated, error: outcome.error }))
}

type Row = Vec<Option<String>>;

fn draw(rows: Vec<Row>) -> Result<(Vec<Point>, [f64; 2]), AnswerRefusal> {
    let mut entries = Vec::with_capacity(rows.len());
    let mut vectors: Vec<Arc<[f32]>> = Vec::with_capacity(rows.len());
    for row in rows {
        let Ok([Some(key), label, Some(vector)]) = <[Option<String>; 3]>::try_from(row) else {
            return Err(wrong("the statement of a map returns a key, a label and a vector"));
        };
        vectors.push(components(&vector).ok_or_else(|| wrong("the third column of a map is no vector"))?);
        entries.push((key, label));
    }
    if vectors.windows(2).any(|pair| matches!(pair, [one, other] if one.len() != other.len())) {
        return Err(wrong("the vectors of a map have one dimension"));
    }
    let Projection { points, explained } = project(&vectors);
    let points = entries.into_iter().zip(points).map(|((key, label), [x, y])| Point { key, label, x, y }).collect();
    Ok((points, explained))
}

fn wrong(what: &str) -> AnswerRefusal {
    AnswerRefusal::new(StatusCode::BAD_REQUEST, what)
}

/// The components of a vector as the server writes it.
fn components(text: &str) -> Option<Arc<[f32]>> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    inner.split(',').map(|component| component.parse().ok()).collect()
}
