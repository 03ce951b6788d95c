//! Gives free memory back to the system after peaks.
//!
//! glibc keeps what was freed between blocks that are still used, in one arena for every few threads: after many large results
//! at a time the process was measured at twice to four times of what it held. Where it has grown by a named size since the last time,
//! the pages without used blocks are given back, and again at growing intervals while it stays large: what is used at the peak
//! is free afterwards.

use std::time::{Duration, Instant};

use crate::model::give_back_free_memory;

/// How often the size of the process is looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// Growth from which on it is worth it.
const GROWTH_BYTES_MIN: usize = 128 * 1024 * 1024;
/// How soon, and at last how seldom, it is tried again while the process stays large.
const RETRY_FIRST: Duration = Duration::from_secs(20);
const RETRY_LAST: Duration = Duration::from_secs(600);

/// Looks after the size of the process until it is dropped.
pub async fn trim_after_peaks() {
    let Some(mut settled) = resident_bytes().await else { return };
    let (mut least, mut tried, mut pause) = (settled, Instant::now(), RETRY_FIRST);
    let mut looks = tokio::time::interval(LOOK_INTERVAL);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let Some(resident) = resident_bytes().await else { return };
        least = least.min(resident);
        let has_grown = resident >= settled.saturating_add(GROWTH_BYTES_MIN);
        let is_still_large = resident >= least.saturating_add(GROWTH_BYTES_MIN) && tried.elapsed() >= pause;
        if !has_grown && !is_still_large {
            settled = settled.min(resident);
            continue;
        }
        pause = if has_grown { RETRY_FIRST } else { RETRY_LAST.min(pause * 2) };
        tried = Instant::now();
        // It takes milliseconds for each hundred megabytes that are free.
        if let Err(error) = tokio::task::spawn_blocking(give_back_free_memory).await {
            tracing::warn!(%error, "free memory is not given back any more");
            return;
        }
        let Some(now) = resident_bytes().await else { return };
        tracing::debug!(before = resident, now, "free memory was given back");
        settled = now;
    }
}

/// Bytes of the process that are in memory; `None` where the system does not say.
async fn resident_bytes() -> Option<usize> {
    let text = tokio::fs::read_to_string("/proc/self/status").await.ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<usize>().ok()?.checked_mul(1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_size_of_the_process_is_known() {
        assert!(resident_bytes().await.is_some_and(|bytes| bytes > 1024 * 1024));
        give_back_free_memory();
    }
}
