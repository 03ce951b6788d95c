//! What time it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The clock of a database.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    #[default]
    System,
    /// Milliseconds since 1970, set by a simulation.
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// Milliseconds since 1970.
    pub fn millis(&self) -> u64 {
        match self {
            Clock::System => {
                let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
            }
            Clock::Manual(millis) => millis.load(Ordering::Relaxed),
        }
    }
}
