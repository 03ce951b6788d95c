//! The place of one connection of a session: opened when it is first needed and again when it broke, and used by one request
//! at a time.
//!
//! A request whose browser has gone is cancelled on the server. Its work ends before the next one may begin, so that no
//! cancel meets a statement that it was not meant for.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, oneshot};

use crate::client::{Canceller, Route};
use crate::console::answer::{AnswerOutcome, AnswerRefusal};
use crate::console::link::{ConsoleLink, Limits};

/// How long a request waits for the one before it.
const TURN_TIME_MAX: Duration = Duration::from_secs(30);

/// The place of a connection.
#[derive(Default)]
pub(super) struct Slot {
    link: Arc<tokio::sync::Mutex<Option<ConsoleLink>>>,
    running: Arc<Mutex<Option<Canceller>>>,
}

/// What a request wants done.
pub(super) struct SlotWork {
    pub text: String,
    pub limits: Limits,
    /// The types of columns are wanted, which takes another round to the server.
    pub is_typed: bool,
    /// Its place among all that run.
    pub place: OwnedSemaphorePermit,
}

impl Slot {
    /// Runs a text when those before it have ended.
    ///
    /// # Errors
    /// 503 where those before it take too long, 401 where the password is no longer the user's.
    pub async fn run(&self, route: &Route, work: SlotWork) -> Result<AnswerOutcome, AnswerRefusal> {
        let turn = tokio::time::timeout(TURN_TIME_MAX, Arc::clone(&self.link).lock_owned()).await;
        let link = turn.map_err(|_| AnswerRefusal::busy("statements of this session"))?;
        let (answer, answered) = oneshot::channel();
        // A task of its own: it has to end in order when the request is dropped.
        tokio::spawn(perform(link, route.clone(), Arc::clone(&self.running), work, answer));
        answered.await.map_err(|_| AnswerRefusal::internal("the statement's task failed"))?
    }

    /// Cancels what runs now, if anything does; whether it did.
    ///
    /// # Errors
    /// 500 where the server cannot be asked.
    pub async fn cancel(&self) -> Result<bool, AnswerRefusal> {
        let running = self.running.lock().clone();
        match running {
            None => Ok(false),
            Some(canceller) => {
                let asked = canceller.cancel().await;
                asked.map_err(|error| {
                    AnswerRefusal::internal(format!("the statement could not be cancelled: {error}"))
                })?;
                Ok(true)
            }
        }
    }
}

type Answer = oneshot::Sender<Result<AnswerOutcome, AnswerRefusal>>;

async fn perform(
    mut place: OwnedMutexGuard<Option<ConsoleLink>>,
    route: Route,
    running: Arc<Mutex<Option<Canceller>>>,
    work: SlotWork,
    mut answer: Answer,
) {
    let link = match place.take().filter(|link| !link.is_closed()) {
        Some(link) => link,
        None => match ConsoleLink::open(&route).await {
            Ok(link) => link,
            Err(error) => {
                // Nobody waits any more where this fails.
                answer.send(Err(cannot_connect(&error))).ok();
                return;
            }
        },
    };
    let canceller = link.canceller();
    *running.lock() = Some(canceller.clone());
    let outcome = {
        let mut running = std::pin::pin!(link.run(&work.text, work.limits, work.is_typed));
        tokio::select! {
            outcome = &mut running => outcome,
            () = answer.closed() => {
                if let Err(error) = canceller.cancel().await {
                    tracing::debug!(%error, "a statement whose browser has gone could not be cancelled");
                }
                running.await
            }
        }
    };
    *running.lock() = None;
    if !link.is_closed() && !outcome.lost_track {
        *place = Some(link);
    }
    drop(work.place);
    answer.send(Ok(outcome)).ok();
}

/// What it means that no connection could be had.
pub(super) fn cannot_connect(error: &tokio_postgres::Error) -> AnswerRefusal {
    let said = crate::client::reason(error);
    match error.as_db_error().map(|report| report.code().code()) {
        // The password was changed since.
        Some("28P01" | "28000") => AnswerRefusal::no_session(),
        _ => AnswerRefusal::new(
            axum::http::StatusCode::SERVICE_UNAVAILABLE,
            format!("no connection to the server: {said}"),
        ),
    }
}
