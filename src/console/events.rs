//! The change feed as server-sent events: a connection that listens, and nothing between it and the browser that could run
//! full. A browser that does not read makes the connection wait, and the server keeps a bounded number of messages for it.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures::Stream;
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;
use tokio_postgres::{AsyncMessage, Client};

use crate::client::{RouteWire, reason};
use crate::console::answer::AnswerRefusal;
use crate::console::router::Authenticated;
use crate::console::slot::cannot_connect;

/// Collections that one stream tells of.
const COLLECTIONS_MAX: usize = 32;
/// Longest name of a channel.
const CHANNEL_BYTES_MAX: usize = 63;
/// How often a stream says that it is there.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

#[derive(Deserialize)]
pub(super) struct EventsRequest {
    /// A JSON array of collections whose changes are told.
    #[serde(default)]
    collections: String,
}

#[derive(Serialize)]
struct Told<'a> {
    channel: &'a str,
    payload: &'a str,
}

/// A connection that listens.
struct Listening {
    connection: RouteWire,
    /// Dropping it would close the connection.
    _client: Client,
    _place: OwnedSemaphorePermit,
}

/// # Errors
/// 401 without a session, 400 for names that are none, 503 where the session has too many streams open.
pub(super) async fn events(
    Authenticated { session, .. }: Authenticated,
    Query(request): Query<EventsRequest>,
) -> Result<Sse<impl Stream<Item = Result<Event, axum::Error>>>, AnswerRefusal> {
    let statement = listen_statement(&request.collections)?;
    let place =
        session.streams.clone().try_acquire_owned().map_err(|_| AnswerRefusal::busy("open pages of this session"))?;
    let (client, mut connection) = session.route.connect().await.map_err(|error| cannot_connect(&error))?;
    {
        let mut listening = pin!(client.batch_execute(&statement));
        loop {
            tokio::select! {
                done = &mut listening => {
                    done.map_err(|error| AnswerRefusal::new(StatusCode::BAD_REQUEST, reason(&error)))?;
                    break;
                }
                message = poll_fn(|context| connection.poll_message(context)) => {
                    if !matches!(message, Some(Ok(_))) {
                        return Err(AnswerRefusal::internal("the connection to the server ended"));
                    }
                }
            }
        }
    }
    let listening = Listening { connection, _client: client, _place: place };
    Ok(Sse::new(told(listening)).keep_alive(KeepAlive::new().interval(SIGN_OF_LIFE)))
}

/// The events of a connection until it ends.
fn told(listening: Listening) -> impl Stream<Item = Result<Event, axum::Error>> {
    futures::stream::unfold(listening, async |mut listening| {
        loop {
            match poll_fn(|context| listening.connection.poll_message(context)).await {
                Some(Ok(AsyncMessage::Notification(message))) => {
                    let told = Told { channel: message.channel(), payload: message.payload() };
                    return Some((Event::default().event("notification").json_data(told), listening));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    })
}

fn listen_statement(collections: &str) -> Result<String, AnswerRefusal> {
    let wrong = |what: String| AnswerRefusal::new(StatusCode::BAD_REQUEST, what);
    let names: Vec<String> = match collections {
        "" => Vec::new(),
        text => serde_json::from_str(text).map_err(|_| wrong("collections is a JSON array of names".to_string()))?,
    };
    if names.len() > COLLECTIONS_MAX {
        return Err(wrong(format!("a stream tells of {COLLECTIONS_MAX} collections at most")));
    }
    let mut statement = "LISTEN networks".to_string();
    for name in names {
        let channel = format!("changes:{name}");
        if channel.len() > CHANNEL_BYTES_MAX || channel.contains('\0') {
            return Err(wrong(format!("the channel of a collection has {CHANNEL_BYTES_MAX} bytes at most")));
        }
        statement.push_str(&format!("; LISTEN \"{}\"", channel.replace('"', "\"\"")));
    }
    Ok(statement)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        let statement = listen_statement(r#"["memory", "a\"; DROP TABLE memory"]"#).expect("two names");
        assert_eq!(statement, r#"LISTEN networks; LISTEN "changes:memory"; LISTEN "changes:a""; DROP TABLE memory""#);
        assert!(listen_statement("memory").is_err() && listen_statement(&format!("[\"{}\"]", "x".repeat(60))).is_err());
    }
}
