//! Slowing down whoever guesses passwords, by address and user.
//!
//! After a failure the next password from the same address for the same user is looked at only after a pause, which doubles
//! with each failure up to a bound; passwords that come at the same time are looked at one after the other, and where the
//! queue is too long they are refused unseen. The right password ends it. Another address, or another user, does not notice.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::pg::waiting::site_of;

/// Pause after the first failure.
const PAUSE_FIRST: Duration = Duration::from_millis(200);
/// Longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(4);
/// Longest queue of passwords, in time.
const QUEUE_MAX: Duration = Duration::from_secs(5);
/// Time without a failure after which all is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(15 * 60);
/// Most addresses that are remembered; beyond them the one goes that failed least, and longest ago.
const ADDRESSES_MAX: usize = 4096;

/// Where from, and whether the user is one that exists: nobody gets in as another, so these share a place.
type Guesser = (IpAddr, bool);

/// Who has failed, and how often.
#[derive(Default)]
pub(super) struct Guesses(Mutex<HashMap<Guesser, Failures>>);

struct Failures {
    count: u32,
    last: Instant,
    /// When the next password may be looked at.
    next: Instant,
}

impl Guesses {
    /// When a password may be looked at that has come now.
    ///
    /// # Errors
    /// How long to wait before trying again, where too many stand in the queue.
    pub fn turn(&self, address: IpAddr, is_known: bool, now: Instant) -> Result<Instant, Duration> {
        let guesser = (site_of(address), is_known);
        let mut all = self.0.lock();
        let Some(failures) = all.get_mut(&guesser) else { return Ok(now) };
        if now.saturating_duration_since(failures.last) > FORGOTTEN_AFTER {
            all.remove(&guesser);
            return Ok(now);
        }
        let turn = failures.next.max(now);
        let wait = turn.saturating_duration_since(now);
        if wait > QUEUE_MAX {
            return Err(wait);
        }
        failures.next = turn + pause(failures.count);
        Ok(turn)
    }

    /// The password was wrong.
    pub fn failed(&self, address: IpAddr, is_known: bool, now: Instant) {
        let guesser = (site_of(address), is_known);
        let mut all = self.0.lock();
        if all.len() >= ADDRESSES_MAX && !all.contains_key(&guesser) {
            let least = all.iter().min_by_key(|(_, failures)| (failures.count, failures.last));
            if let Some(least) = least.map(|(guesser, _)| *guesser) {
                all.remove(&least);
            }
        }
        let failures = all.entry(guesser).or_insert(Failures { count: 0, last: now, next: now });
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
        failures.next = failures.next.max(now + pause(failures.count));
    }

    /// The password was right.
    pub fn succeeded(&self, address: IpAddr, is_known: bool) {
        self.0.lock().remove(&(site_of(address), is_known));
    }
}

fn pause(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    PAUSE_FIRST.saturating_mul(1 << doublings).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn a_guesser_gets_slower_and_slower() {
        let (guesses, start) = (Guesses::default(), Instant::now());
        let mut now = start;
        for _ in 0..100 {
            now = guesses.turn(address(1), true, now).unwrap();
            guesses.failed(address(1), true, now);
        }
        assert!(now - start > Duration::from_secs(350), "{:?}", now - start);
        assert_eq!(guesses.turn(address(2), true, start), Ok(start), "another address");
        assert_eq!(guesses.turn(address(1), false, start), Ok(start), "another user");
    }

    #[test]
    fn guesses_that_come_together_stand_in_a_short_queue() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        for _ in 0..3 {
            guesses.failed(address(1), true, now);
        }
        let turns: Vec<_> = (0..100).map(|_| guesses.turn(address(1), true, now)).collect();
        let allowed = turns.iter().flatten().count();
        assert!((1..20).contains(&allowed), "{allowed}");
        assert!(turns.last().unwrap().is_err());
    }

    #[test]
    fn the_right_password_and_time_end_it() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        guesses.failed(address(1), true, now);
        assert!(guesses.turn(address(1), true, now).unwrap() > now);
        guesses.succeeded(address(1), true);
        assert_eq!(guesses.turn(address(1), true, now), Ok(now));
        guesses.failed(address(1), true, now);
        let later = now + FORGOTTEN_AFTER + Duration::from_secs(1);
        assert_eq!(guesses.turn(address(1), true, later), Ok(later));
    }

    #[test]
    fn the_table_is_bounded() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        guesses.failed(address(1), true, now);
        guesses.failed(address(1), true, now);
        for number in 0..u32::try_from(2 * ADDRESSES_MAX).unwrap() {
            guesses.failed(IpAddr::from(number.to_be_bytes()), true, now);
        }
        assert_eq!(guesses.0.lock().len(), ADDRESSES_MAX);
        assert!(guesses.turn(address(1), true, now).unwrap() > now, "who failed more often stays");
    }
}
