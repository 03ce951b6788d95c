//! Planning on a thread that nobody has to wait for.
//!
//! Parsing and planning are synchronous and cannot be interrupted, and a client decides how long they take. Long ones run on a
//! thread of their own, while the caller looks at the cancel flag: it is answered at once, and the thread ends its work for
//! nobody. The memory that one statement takes is bounded by what `statement_limits` lets through, that of all together by the
//! length of the texts that are parsed or planned at a time.

use std::cell::Cell;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;
use tokio::task::block_in_place;

use crate::db::Cancel;
use crate::error::{Error, Result};
use crate::sql::arrow::errors::from_join;

/// A text counts with no more bytes than this: what is longer has tokens that are long, and not more of them.
const TEXT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Bytes of texts that are parsed or planned at a time: two of the largest. Others wait.
const TEXTS_BYTES_MAX: usize = 2 * TEXT_BYTES_MAX;

static TEXTS: Semaphore = Semaphore::const_new(TEXTS_BYTES_MAX);

thread_local! {
    static IS_APART: Cell<bool> = const { Cell::new(false) };
}

/// Marks the thread for as long as it plans.
struct Apart;

impl Apart {
    fn begin() -> Apart {
        IS_APART.set(true);
        Apart
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        IS_APART.set(false);
    }
}

/// Runs work on a text of that many bytes; 0 where its length says nothing of the work. Work within such work, and outside of
/// a runtime with several threads, runs where it is.
///
/// # Errors
/// Its own; 57014 and 57P01 when the statement is cancelled; XX000 where the work panics.
pub fn apart<T: Send + 'static>(
    text_bytes: usize,
    cancel: &Cancel,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let runtime = Handle::try_current().ok().filter(|runtime| runtime.runtime_flavor() != RuntimeFlavor::CurrentThread);
    let Some(runtime) = runtime.filter(|_| !IS_APART.get()) else { return work() };
    let weight = u32::try_from(text_bytes.min(TEXT_BYTES_MAX)).unwrap_or(u32::MAX);
    let waiting = async {
        let place = TEXTS.acquire_many(weight).await.map_err(|_| Error::internal("nothing is planned any more"))?;
        let task = runtime.spawn_blocking(move || {
            // Kept to the end of the work, whoever still waits for it.
            let _place = place;
            let _apart = Apart::begin();
            work()
        });
        task.await.map_err(from_join)?
    };
    block_in_place(|| runtime.block_on(cancel.guard(waiting)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn work_that_goes_on_is_not_waited_for() {
        let cancel = Cancel::new();
        let (leave, leaving) = std::sync::mpsc::channel::<()>();
        let flag = cancel.clone();
        let given_up = apart(1, &cancel, move || {
            flag.time_out();
            leaving.recv().ok();
            Ok(())
        });
        assert_eq!(given_up.unwrap_err().sqlstate(), "57014");
        drop(leave);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_panic_is_an_error_of_the_statement() {
        let cancel = Cancel::new();
        let fallen: Result<()> = apart(1, &cancel, || panic!("a planner that panics"));
        assert_eq!(fallen.unwrap_err().sqlstate(), "XX000");
        let inner = cancel.clone();
        assert_eq!(apart(1, &cancel, move || apart(1, &inner, || Ok(1))).unwrap(), 1);
        let own: Result<()> = apart(1, &cancel, || Err(Error::syntax("wrong", None)));
        assert_eq!(own.unwrap_err().sqlstate(), "42601");
    }
}
