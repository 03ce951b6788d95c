//! The bodies of requests, bounded in size and time, and those of answers, which tell when their client takes something.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{Request, Response, StatusCode};
use axum::response::IntoResponse;
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, timeout};

use crate::admin::connection::RequestTurn;

/// Longest body of a request, in bytes.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// How long it may take.
const BODY_TIME_MAX: Duration = Duration::from_secs(60);
/// How much of a body that nobody wants is read after all. A connection that is closed over unread bytes is reset, and the client
/// loses the answer that says why.
const DISCARDED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How long that may take.
const DISCARD_TIME_MAX: Duration = Duration::from_secs(5);
/// How answers begin to say their type when they may go on without end.
const STREAM_TYPE: &[u8] = b"text/event-stream";
/// After how many seconds to ask again for a stream, when there are too many.
const STREAM_RETRY_SECONDS: &str = "10";

/// The body of a request.
struct RequestBody {
    /// `None` only while it is dropped.
    body: Option<Incoming>,
    bytes_left: usize,
    deadline: Pin<Box<Sleep>>,
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let body = &mut *self;
        if body.deadline.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(format!("the body did not come within {BODY_TIME_MAX:?}").into())));
        }
        let Some(incoming) = &mut body.body else { return Poll::Ready(None) };
        let frame = match ready!(Pin::new(incoming).poll_frame(context)) {
            None => return Poll::Ready(None),
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            Some(Ok(frame)) => frame,
        };
        let length = frame.data_ref().map_or(0, Bytes::len);
        Poll::Ready(Some(match body.bytes_left.checked_sub(length) {
            None => Err(too_long().into()),
            Some(left) => {
                body.bytes_left = left;
                Ok(frame)
            }
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::new, Incoming::size_hint)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) else { return };
        // There is no runtime any more when the server is ending, and then there are no connections either.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(timeout(DISCARD_TIME_MAX, discard(body)));
        }
    }
}

/// Reads a body to its end, or so much of it as is bearable.
async fn discard(mut body: Incoming) {
    let mut bytes_left = DISCARDED_BYTES_MAX;
    while let Some(Ok(frame)) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        match bytes_left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
            Some(left) => bytes_left = left,
            None => return,
        }
    }
}

fn too_long() -> String {
    format!("the body of a request may have {BODY_BYTES_MAX} bytes")
}

/// The request with a bounded body.
///
/// # Errors
/// The refusal, where its head says already that the body is too long.
pub(super) fn bounded_request(request: Request<Incoming>) -> Result<Request<Body>, Box<Response<Body>>> {
    let (head, body) = request.into_parts();
    if body.is_end_stream() {
        return Ok(Request::from_parts(head, Body::empty()));
    }
    let is_too_long = body.size_hint().lower() > BODY_BYTES_MAX as u64;
    let deadline = Box::pin(tokio::time::sleep(BODY_TIME_MAX));
    let body = RequestBody { body: Some(body), bytes_left: BODY_BYTES_MAX, deadline };
    if is_too_long {
        return Err(Box::new((StatusCode::PAYLOAD_TOO_LARGE, too_long() + "\n").into_response()));
    }
    Ok(Request::from_parts(head, Body::new(body)))
}

/// The body of an answer: the turn of its connection ends with it, and its place among the streams.
pub(super) struct AnswerBody {
    body: Body,
    turn: RequestTurn,
    _place: Option<OwnedSemaphorePermit>,
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        self.turn.advance();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The answer with what tells of its progress; a refusal, where it would be one stream too many.
pub(super) fn bounded_answer(
    answer: Response<Body>,
    turn: RequestTurn,
    streams: Arc<Semaphore>,
) -> Response<AnswerBody> {
    turn.advance();
    let kind = answer.headers().get(CONTENT_TYPE);
    let is_stream = kind.is_some_and(|kind| kind.as_bytes().starts_with(STREAM_TYPE));
    let (answer, place) = match is_stream.then(|| streams.try_acquire_owned()) {
        None => (answer, None),
        Some(Ok(place)) => (answer, Some(place)),
        Some(Err(_)) => {
            let refusal = "too many streams are open on this server; close another page\n";
            let headers = [(RETRY_AFTER, STREAM_RETRY_SECONDS)];
            ((StatusCode::SERVICE_UNAVAILABLE, headers, refusal).into_response(), None)
        }
    };
    answer.map(|body| AnswerBody { body, turn, _place: place })
}
