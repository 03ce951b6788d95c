//! When to try again: after each failure twice as late as before, with a random part, so that nodes that lost each other at
//! one moment do not come back at one moment. Pure.

/// Attempts at one thing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backoff {
    failures: u32,
    next_ms: u64,
}

/// The delay after the first failure and the longest one, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Delays {
    pub first_ms: u64,
    pub longest_ms: u64,
}

impl Backoff {
    pub fn is_due(&self, now_ms: u64) -> bool {
        self.next_ms <= now_ms
    }

    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// An attempt has failed. `random` decides where in the second half of the delay the next one lies.
    pub fn failed(&mut self, now_ms: u64, delays: Delays, random: u64) {
        let delay_ms = delays.first_ms.saturating_mul(1 << self.failures.min(32)).min(delays.longest_ms);
        self.failures = self.failures.saturating_add(1);
        let half_ms = delay_ms / 2;
        self.next_ms = now_ms + half_ms + random % (delay_ms - half_ms + 1);
    }

    /// An attempt has succeeded; the next one, when it is needed, comes at once.
    pub fn succeeded(&mut self) {
        *self = Backoff::default();
    }

    /// Nothing before this moment.
    pub fn wait_until(&mut self, ms: u64) {
        self.next_ms = self.next_ms.max(ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_longest() {
        let delays = Delays { first_ms: 100, longest_ms: 1000 };
        for random in [0, 7, u64::MAX] {
            let mut backoff = Backoff::default();
            for delay_ms in [100, 200, 400, 800, 1000, 1000] {
                assert!(backoff.is_due(5000));
                backoff.failed(5000, delays, random);
                assert!((5000 + delay_ms / 2..=5000 + delay_ms).contains(&backoff.next_ms), "{backoff:?}");
                backoff.next_ms = 0;
            }
        }
    }

    #[test]
    fn a_success_forgets_the_failures() {
        let mut backoff = Backoff::default();
        backoff.failed(5000, Delays { first_ms: 100, longest_ms: 1000 }, 1);
        assert!(!backoff.is_due(5000) && backoff.failures() == 1);
        backoff.succeeded();
        assert!(backoff.is_due(0) && backoff.failures() == 0);
    }
}
