//! The rules of hybrid logical clocks (Kulkarni et al., "Logical Physical Clocks", 2014).
//!
//! The state of a clock is the greatest [`Hlc`] it has given out or seen; the caller holds and persists it. Because the
//! counter sits in the low bits, "one later" carries into the milliseconds when it overflows, and order is never lost.

use crate::model::Hlc;

/// How far the stamps of a remote write may run ahead of the wall clock here: `max_clock_drift`.
pub const MAX_CLOCK_DRIFT_MILLIS: u64 = 5 * 60 * 1000;

/// How far beyond the drift that is allowed a clock may run before it is reined in.
const REIN_SLACK_MILLIS: u64 = 60 * 1000;
/// A wall clock before 2023-09-11 belongs to a machine that does not know the time yet: nothing is set back to it.
const PLAUSIBLE_MILLIS: u64 = 1_694_390_400_000;

/// What to do with a stamp of another peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drift {
    /// Near enough: observe and apply it.
    Within,
    /// Too far ahead: neither rewrite nor drop it, but hold it and what follows from its origin until the wall clock here
    /// reads `due_millis`, since observing it now would drag every clock along.
    Quarantine { due_millis: u64 },
}

/// The time of a local write, after everything that the clock has seen.
#[must_use]
pub fn tick(last: Hlc, wall_millis: u64) -> Hlc {
    last.next(wall_millis)
}

/// The clock that goes on after `last`: the wall clock, where `last` runs ahead of it further than anything that was observed
/// can have moved it, since the wall clock stood wrong for a while. Its times repeat then; a write over another one must take
/// care to be later than that.
#[must_use]
pub fn rein(last: Hlc, wall_millis: u64, max_drift_millis: u64) -> Hlc {
    let latest = wall_millis.saturating_add(max_drift_millis).saturating_add(REIN_SLACK_MILLIS);
    if last.millis() > latest && wall_millis >= PLAUSIBLE_MILLIS { Hlc::new(wall_millis, 0) } else { last }
}

/// The time of receiving a write stamped `remote`: later than it and than everything seen before.
/// Call [`check_drift`] first.
#[must_use]
pub fn observe(last: Hlc, remote: Hlc, wall_millis: u64) -> Hlc {
    last.max(remote).next(wall_millis)
}

/// Whether a remote stamp may be observed when the wall clock reads `wall_millis`.
pub fn check_drift(remote: Hlc, wall_millis: u64, max_drift_millis: u64) -> Drift {
    let due_millis = remote.millis().saturating_sub(max_drift_millis);
    if due_millis <= wall_millis { Drift::Within } else { Drift::Quarantine { due_millis } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_follows_the_wall_clock() {
        assert_eq!(tick(Hlc::new(1000, 7), 1001), Hlc::new(1001, 0));
    }

    #[test]
    fn a_wall_clock_that_stands_or_goes_back_counts_up() {
        assert_eq!(tick(Hlc::new(1000, 7), 1000), Hlc::new(1000, 8));
        assert_eq!(tick(Hlc::new(1000, 7), 10), Hlc::new(1000, 8));
    }

    #[test]
    fn a_full_counter_carries_into_the_milliseconds() {
        assert_eq!(tick(Hlc::new(1000, u16::MAX), 1000), Hlc::new(1001, 0));
    }

    #[test]
    fn a_clock_that_ran_years_ahead_goes_back_to_the_wall_clock() {
        let wall = 1_800_000_000_000;
        let ahead = Hlc::new(wall + 3 * 365 * 86_400_000, 4);
        assert_eq!(rein(ahead, wall, MAX_CLOCK_DRIFT_MILLIS), Hlc::new(wall, 0));
        let observed = Hlc::new(wall + MAX_CLOCK_DRIFT_MILLIS, 4);
        assert_eq!(rein(observed, wall, MAX_CLOCK_DRIFT_MILLIS), observed);
        assert_eq!(rein(ahead, 1_000, MAX_CLOCK_DRIFT_MILLIS), ahead, "a machine that does not know the time");
    }

    #[test]
    fn an_observed_time_is_later_than_all_three_clocks() {
        assert_eq!(observe(Hlc::new(5, 1), Hlc::new(9, 4), 7), Hlc::new(9, 5));
        assert_eq!(observe(Hlc::new(9, 6), Hlc::new(9, 4), 7), Hlc::new(9, 7));
        assert_eq!(observe(Hlc::new(9, 6), Hlc::new(9, 4), 12), Hlc::new(12, 0));
    }

    #[test]
    fn a_stamp_far_ahead_waits_until_it_is_due() {
        let wall = 1_000_000_000;
        let edge = Hlc::new(wall + MAX_CLOCK_DRIFT_MILLIS, u16::MAX);
        assert_eq!(check_drift(edge, wall, MAX_CLOCK_DRIFT_MILLIS), Drift::Within);
        let ahead = Hlc::new(wall + MAX_CLOCK_DRIFT_MILLIS + 1, 0);
        let verdict = check_drift(ahead, wall, MAX_CLOCK_DRIFT_MILLIS);
        assert_eq!(verdict, Drift::Quarantine { due_millis: wall + 1 });
        assert_eq!(check_drift(ahead, wall + 1, MAX_CLOCK_DRIFT_MILLIS), Drift::Within);
        assert_eq!(check_drift(Hlc::new(1, 0), wall, MAX_CLOCK_DRIFT_MILLIS), Drift::Within);
    }
}
