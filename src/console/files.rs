//! The files of the page, which are a part of the program. `make console` builds them from `web/` and keeps a digest of what
//! they were built from beside them.

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::console::answer::AnswerRefusal;

/// A digest of the sources, which changes with the files.
const SOURCES: &str = include_str!("files/sources.sha256");

/// Name, type and content of each.
const FILES: [(&str, &str, &[u8]); 4] = [
    ("index.html", "text/html; charset=utf-8", include_bytes!("files/index.html")),
    ("console.js", "text/javascript; charset=utf-8", include_bytes!("files/console.js")),
    ("console.css", "text/css; charset=utf-8", include_bytes!("files/console.css")),
    ("icon.svg", "image/svg+xml", include_bytes!("files/icon.svg")),
];

pub(super) async fn index(headers: HeaderMap) -> Response {
    serve("index.html", &headers)
}

pub(super) async fn file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    serve(&name, &headers)
}

/// A file, unless the browser has it already.
fn serve(name: &str, headers: &HeaderMap) -> Response {
    let Some((_, kind, content)) = FILES.iter().find(|(file, ..)| *file == name) else {
        return AnswerRefusal::new(StatusCode::NOT_FOUND, "there is no such page").into_response();
    };
    let tag = format!("\"{}\"", SOURCES.trim());
    // The browser asks each time, since a newer server may be there.
    let caching = [(CACHE_CONTROL, "no-cache".to_string()), (ETAG, tag.clone())];
    if headers.get(IF_NONE_MATCH).is_some_and(|seen| seen.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (caching, [(CONTENT_TYPE, *kind)], *content).into_response()
}
