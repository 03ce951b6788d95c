//! The pages that every node has: is it well, may it be sent clients, and what it counts.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::admin::subject::{PageSubject, Phase};
use crate::admin::{health, numbers};

/// The form that Prometheus reads.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `/healthz`, `/readyz` and `/metrics`.
pub fn router(subject: PageSubject) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics_page))
        .method_not_allowed_fallback(only_get)
        .with_state(subject)
}

async fn only_get() -> impl IntoResponse {
    (StatusCode::METHOD_NOT_ALLOWED, "only GET\n")
}

async fn healthz(State(subject): State<PageSubject>) -> impl IntoResponse {
    health::answer(&subject.database)
}

async fn readyz(State(subject): State<PageSubject>) -> impl IntoResponse {
    match *subject.phase.borrow() {
        Phase::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
        Phase::Serving => (StatusCode::OK, "ready\n"),
        Phase::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
    }
}

async fn metrics_page(State(subject): State<PageSubject>) -> impl IntoResponse {
    ([(CONTENT_TYPE, METRICS_TYPE)], numbers::render(&subject))
}
