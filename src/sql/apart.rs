//! Planning on a thread that nobody has to wait for.
//!
//! Parsing and planning are synchronous and cannot be interrupted, and a client decides how long they take. Long ones run on a
//! thread of their own, while the caller looks at the cancel flag: it is answered at once, and the thread ends its work for
//! nobody. The memory that planning takes is bounded by what `parse` lets through.

use std::cell::Cell;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

use crate::db::Cancel;
use crate::error::Result;
use crate::sql::errors::from_join;

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

/// Runs work that may take long. Work within such work, and outside of a runtime with several threads, runs where it is.
///
/// # Errors
/// Its own; 57014 and 57P01 when the statement is cancelled; XX000 where the work panics.
pub fn apart<T: Send + 'static>(cancel: &Cancel, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let runtime = Handle::try_current().ok().filter(|runtime| runtime.runtime_flavor() != RuntimeFlavor::CurrentThread);
    let Some(runtime) = runtime.filter(|_| !IS_APART.get()) else { return work() };
    let task = runtime.spawn_blocking(move || {
        let _apart = Apart::begin();
        work()
    });
    block_in_place(|| runtime.block_on(cancel.guard(async { task.await.map_err(from_join)? })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn work_that_goes_on_is_not_waited_for() {
        let cancel = Cancel::new();
        let (leave, leaving) = std::sync::mpsc::channel::<()>();
        let flag = cancel.clone();
        let given_up = apart(&cancel, move || {
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
        let fallen: Result<()> = apart(&cancel, || panic!("a planner that panics"));
        assert_eq!(fallen.unwrap_err().sqlstate(), "XX000");
        let inner = cancel.clone();
        assert_eq!(apart(&cancel, move || apart(&inner, || Ok(1))).unwrap(), 1);
        let own: Result<()> = apart(&cancel, || Err(Error::syntax("wrong", None)));
        assert_eq!(own.unwrap_err().sqlstate(), "42601");
    }
}
