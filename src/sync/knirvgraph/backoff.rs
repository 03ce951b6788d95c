//! When something that failed may be tried again: exponential, with a cap and jitter, for each entry and for the endpoint.
//!
//! Pure: times come in, the jitter comes from a seed. An entry that was written again meanwhile is another version and does
//! not wait for what its predecessor did wrong. A failure of the endpoint holds up everything, one of an entry only that.

use std::collections::BTreeMap;

/// Most entries whose failures are remembered; what fails beyond that is tried again in every round.
pub const BACK_OFF_ENTRIES_MAX: usize = 10_000;

/// Doublings after which a delay grows no more, whatever the times are.
const DOUBLINGS_MAX: u32 = 32;

/// How long to wait, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackOffTimes {
    /// After the first failure; doubles with each further one.
    pub first_ms: u64,
    /// At most.
    pub max_ms: u64,
}

impl Default for BackOffTimes {
    fn default() -> Self {
        BackOffTimes { first_ms: 1_000, max_ms: 10 * 60 * 1_000 }
    }
}

/// What has failed, how often, and until when it waits.
#[derive(Debug)]
pub struct BackOff<K> {
    times: BackOffTimes,
    entries: BTreeMap<K, Wait>,
    endpoint: Option<Wait>,
    /// Of the present pass over all staged entries.
    pass: u64,
    random: u64,
}

#[derive(Clone, Copy, Debug)]
struct Wait {
    version: u64,
    failures: u32,
    due_ms: u64,
    /// The last pass that met the entry.
    pass: u64,
}

impl<K: Ord> BackOff<K> {
    pub fn new(times: BackOffTimes, seed: u64) -> Self {
        BackOff { times, entries: BTreeMap::new(), endpoint: None, pass: 0, random: seed }
    }

    /// Begins a pass over all that is staged. [`Self::end_pass`] forgets what it did not meet.
    pub fn begin_pass(&mut self) {
        self.pass += 1;
    }

    pub fn end_pass(&mut self) {
        let pass = self.pass;
        self.entries.retain(|_, wait| wait.pass == pass);
    }

    /// Whether this version of a staged entry may be tried now.
    pub fn is_due(&mut self, entry: &K, version: u64, now_ms: u64) -> bool {
        match self.entries.get_mut(entry) {
            Some(wait) => {
                wait.pass = self.pass;
                wait.version != version || wait.due_ms <= now_ms
            }
            None => true,
        }
    }

    pub fn accepted(&mut self, entry: &K) {
        self.entries.remove(entry);
    }

    /// This version of an entry was refused; it waits at least `at_least_ms`.
    pub fn failed(&mut self, entry: K, version: u64, now_ms: u64, at_least_ms: u64) {
        let before = self.entries.get(&entry).copied().filter(|wait| wait.version == version);
        if before.is_none() && self.entries.len() >= BACK_OFF_ENTRIES_MAX && !self.entries.contains_key(&entry) {
            return;
        }
        let wait = self.next_wait(before, version, now_ms, at_least_ms);
        self.entries.insert(entry, wait);
    }

    /// Whether the endpoint may be asked now.
    pub fn is_endpoint_due(&self, now_ms: u64) -> bool {
        self.endpoint.is_none_or(|wait| wait.due_ms <= now_ms)
    }

    pub fn endpoint_answered(&mut self) {
        self.endpoint = None;
    }

    /// The endpoint did not answer as one should; everything waits at least `at_least_ms`.
    pub fn endpoint_failed(&mut self, now_ms: u64, at_least_ms: u64) {
        self.endpoint = Some(self.next_wait(self.endpoint, 0, now_ms, at_least_ms));
    }

    /// A wait, from `now_ms`, that ends only after the endpoint's: for an entry that may have brought it down, so that it
    /// does not stand in front of all others for ever.
    pub fn behind_endpoint_ms(&self, now_ms: u64) -> u64 {
        let endpoint_ms = self.endpoint.map_or(0, |wait| wait.due_ms.saturating_sub(now_ms));
        endpoint_ms.saturating_add(self.times.first_ms)
    }

    /// When the first thing that waits is due; `None` where nothing waits.
    pub fn next_due_ms(&self) -> Option<u64> {
        match self.endpoint {
            Some(wait) => Some(wait.due_ms),
            None => self.entries.values().map(|wait| wait.due_ms).min(),
        }
    }

    /// Entries that wait.
    pub fn waiting(&self) -> usize {
        self.entries.len()
    }

    fn next_wait(&mut self, before: Option<Wait>, version: u64, now_ms: u64, at_least_ms: u64) -> Wait {
        let failures = before.map_or(0, |wait| wait.failures).saturating_add(1);
        let doublings = (failures - 1).min(DOUBLINGS_MAX);
        let whole = self.times.first_ms.saturating_mul(1 << doublings).min(self.times.max_ms);
        // Half of it is certain, half is jitter, so that nodes that failed together do not come back together.
        let half = whole / 2;
        let delay = (half + self.next_random() % (whole - half + 1)).max(at_least_ms);
        Wait { version, failures, due_ms: now_ms.saturating_add(delay), pass: self.pass }
    }

    /// SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: BackOffTimes = BackOffTimes { first_ms: 1_000, max_ms: 60_000 };

    #[test]
    fn delays_double_up_to_the_cap_and_half_of_each_is_jitter() {
        let mut back_off = BackOff::new(TIMES, 7);
        for failures in 0..12 {
            back_off.failed("entry", 1, 0, 0);
            let whole = (1_000 << failures).min(60_000);
            let due = back_off.next_due_ms().unwrap();
            assert!((whole / 2..=whole).contains(&due), "failure {failures}: {due} of {whole}");
            assert!(!back_off.is_due(&"entry", 1, due - 1));
            assert!(back_off.is_due(&"entry", 1, due));
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_delays_and_another_one_does_not() {
        let delays = |seed| {
            let mut back_off = BackOff::new(TIMES, seed);
            let mut dues = Vec::new();
            for entry in 0..20 {
                back_off.failed(entry, 1, 0, 0);
                dues.push(back_off.next_due_ms());
            }
            dues
        };
        assert_eq!(delays(1), delays(1));
        assert_ne!(delays(1), delays(2));
    }

    #[test]
    fn entries_wait_each_for_itself_and_a_new_version_does_not_wait() {
        let mut back_off = BackOff::new(TIMES, 7);
        back_off.failed("a", 1, 0, 0);
        assert!(!back_off.is_due(&"a", 1, 0));
        assert!(back_off.is_due(&"b", 1, 0));
        assert!(back_off.is_due(&"a", 2, 0));
        back_off.failed("a", 2, 0, 0);
        assert!(back_off.next_due_ms().unwrap() <= 1_000, "a new version begins anew");
        back_off.accepted(&"a");
        assert_eq!((back_off.next_due_ms(), back_off.waiting()), (None, 0));
    }

    #[test]
    fn a_failed_endpoint_holds_up_everything_until_it_answers() {
        let mut back_off = BackOff::<&str>::new(TIMES, 7);
        back_off.endpoint_failed(0, 0);
        assert!(!back_off.is_endpoint_due(0));
        assert!(back_off.is_endpoint_due(1_000));
        back_off.endpoint_failed(1_000, 0);
        assert!(!back_off.is_endpoint_due(1_999), "the second failure waits longer");
        back_off.endpoint_answered();
        assert!(back_off.is_endpoint_due(0));
    }

    #[test]
    fn an_endpoint_that_names_a_time_gets_it_and_what_broke_it_waits_longer() {
        let mut back_off = BackOff::new(TIMES, 7);
        back_off.endpoint_failed(0, 90_000);
        assert_eq!(back_off.next_due_ms(), Some(90_000));
        back_off.failed("poison", 1, 5, back_off.behind_endpoint_ms(5));
        back_off.endpoint_answered();
        assert_eq!(back_off.next_due_ms(), Some(91_000));
    }

    #[test]
    fn what_is_not_staged_any_more_is_forgotten() {
        let mut back_off = BackOff::new(TIMES, 7);
        back_off.begin_pass();
        back_off.failed("kept", 1, 0, 0);
        back_off.failed("gone", 1, 0, 0);
        back_off.end_pass();
        assert_eq!(back_off.waiting(), 2);
        back_off.begin_pass();
        assert!(!back_off.is_due(&"kept", 1, 0));
        back_off.end_pass();
        assert_eq!(back_off.waiting(), 1);
        assert!(back_off.is_due(&"gone", 1, 0));
    }

    #[test]
    fn memory_is_bounded_and_times_never_overflow() {
        let mut back_off = BackOff::new(BackOffTimes { first_ms: u64::MAX, max_ms: u64::MAX }, 7);
        for entry in 0..BACK_OFF_ENTRIES_MAX + 10 {
            back_off.failed(entry, u64::MAX, u64::MAX, u64::MAX);
        }
        assert_eq!(back_off.waiting(), BACK_OFF_ENTRIES_MAX);
        assert!(back_off.is_due(&BACK_OFF_ENTRIES_MAX, 1, 0));
        let mut none = BackOff::new(BackOffTimes { first_ms: 0, max_ms: 0 }, 7);
        none.failed((), 1, 5, 0);
        assert_eq!(none.next_due_ms(), Some(5));
    }
}
