//! Gives free memory back to the system after peaks.
//!
//! glibc keeps what was freed between blocks that are still used, in one arena for every few threads: after many large results
//! at a time the process was measured at twice to four times of what it held. Where it has grown by a named size since the last time,
//! the pages without used blocks are given back. A process that stays as large as it is is left alone.

use std::time::Duration;

/// How often the size of the process is looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// Growth from which on it is worth it.
const GROWTH_BYTES_MIN: usize = 128 * 1024 * 1024;

/// Looks after the size of the process until it is dropped.
pub async fn trim_after_peaks() {
    let Some(mut settled) = resident_bytes().await else { return };
    let mut looks = tokio::time::interval(LOOK_INTERVAL);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let Some(resident) = resident_bytes().await else { return };
        if resident < settled.saturating_add(GROWTH_BYTES_MIN) {
            settled = settled.min(resident);
            continue;
        }
        // It takes milliseconds for each hundred megabytes that are free.
        if let Err(error) = tokio::task::spawn_blocking(give_back).await {
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

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn give_back() {
    // SAFETY: it takes a number and may be called by any thread at any time (malloc_trim(3), MT-Safe); it touches only pages of
    // the allocator in which nothing is allocated, under the locks of their arenas.
    unsafe { libc::malloc_trim(0) };
}

/// Other allocators give back what is free by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_back() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_size_of_the_process_is_known() {
        assert!(resident_bytes().await.is_some_and(|bytes| bytes > 1024 * 1024));
        give_back();
    }
}
