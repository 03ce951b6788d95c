//! Progress of long work, on standard error and only where that is a terminal.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::backup::BackupProgress;
use crate::error::{Error, Result};

/// How often a bar moves.
pub(super) const BAR_INTERVAL: Duration = Duration::from_millis(100);

/// A bar for bytes that are worked through; hidden where standard error is no terminal.
pub(super) fn bytes_bar(verb: &str) -> Result<ProgressBar> {
    bar(&format!("{verb} {{bar:40}} {{bytes}}/{{total_bytes}}, {{bytes_per_sec}}, {{eta}} left"))
}

pub(super) fn bar(template: &str) -> Result<ProgressBar> {
    let style = ProgressStyle::with_template(template);
    let style = style.map_err(|error| Error::internal(format!("the progress bar's template is wrong: {error}")))?;
    Ok(ProgressBar::new(0).with_style(style))
}

/// Does the work on a thread of its own while a bar shows how far it is.
pub(super) fn watched<T: Send>(
    verb: &str,
    progress: &Arc<BackupProgress>,
    work: impl FnOnce() -> Result<T> + Send,
) -> Result<T> {
    let bar = bytes_bar(verb)?;
    let (done_sender, done) = channel::<()>();
    let result = std::thread::scope(|scope| {
        let worker = scope.spawn(move || {
            let result = work();
            drop(done_sender);
            result
        });
        while let Err(RecvTimeoutError::Timeout) = done.recv_timeout(BAR_INTERVAL) {
            bar.set_length(progress.bytes());
            bar.set_position(progress.done());
        }
        worker.join().map_err(|_| Error::internal("the work has panicked"))?
    });
    bar.finish_and_clear();
    result
}
