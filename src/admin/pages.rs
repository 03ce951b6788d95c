//! The pages that every node has: is it well, may it be sent clients, and what it counts.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::sync::watch;

use crate::admin::{health, numbers};
use crate::db::Database;
use crate::model::Budget;

/// The form that Prometheus reads.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What the pages tell about.
#[derive(Clone)]
pub struct Subject {
    pub database: Database,
    /// What clients make the server hold.
    pub memory: Arc<Budget>,
    /// Where the server stands between its start and its end.
    pub phase: watch::Receiver<Phase>,
}

/// Where a server stands between its start and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It takes no clients yet.
    Starting,
    /// It takes clients.
    Serving,
    /// It takes no new clients any more.
    Stopping,
}

/// `/healthz`, `/readyz` and `/metrics`.
pub fn router(subject: Subject) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics_page))
        .method_not_allowed_fallback(async || (StatusCode::METHOD_NOT_ALLOWED, "only GET\n"))
        .with_state(subject)
}

async fn healthz(State(subject): State<Subject>) -> impl IntoResponse {
    health::answer(&subject.database)
}

async fn readyz(State(subject): State<Subject>) -> impl IntoResponse {
    match *subject.phase.borrow() {
        Phase::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
        Phase::Serving => (StatusCode::OK, "ready\n"),
        Phase::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
    }
}

async fn metrics_page(State(subject): State<Subject>) -> impl IntoResponse {
    ([(CONTENT_TYPE, METRICS_TYPE)], numbers::render(&subject))
}
