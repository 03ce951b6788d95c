//! Slowing down whoever guesses passwords, by address and user.
//!
//! After a failure each password from the same address for the same user is looked at only after a pause, which doubles with
//! each failure up to a bound. Passwords that come at the same time wait at the same time, but no more than [`ABREAST`] are
//! looked at in one pause, in the order in which they came, and one whose turn would come too late is refused unseen. One that
//! waits counts as wrong until it was looked at: to look at right ones sooner would tell a guesser that his was wrong.
//!
//! An address from which the right password has come within a day is remembered: there the pauses stay short, and every
//! password is looked at within [`WAIT_KNOWN_MAX`], however many others are sent. Somebody who guesses on the owner's own
//! address can slow the owner down, and not lock him out. Another address, or another user, does not notice.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::pg::transport::waiting::site_of;

/// Pause after the first failure.
const PAUSE_FIRST: Duration = Duration::from_millis(200);
/// Longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(4);
/// Longest pause at an address where the owner has logged in.
const PAUSE_KNOWN_MAX: Duration = Duration::from_secs(1);
/// Passwords that are looked at in the time of one pause.
const ABREAST: u32 = 8;
/// Longest queue of passwords, in time: less than what a client has to log in.
const QUEUE_MAX: Duration = Duration::from_secs(8);
/// Longest wait at an address where the owner has logged in: those that come later are looked at together with the last.
const WAIT_KNOWN_MAX: Duration = Duration::from_secs(8);
/// Time without a failure after which all is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(15 * 60);
/// How long an address is remembered where the owner has logged in.
const KNOWN_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// Failures that the right password makes forgotten at once: so many are a slip of the fingers.
const SLIPS_MAX: u32 = 10;
/// Most addresses that are remembered; beyond them the one goes that failed least, and longest ago.
const ADDRESSES_MAX: usize = 4096;

/// Where from, and whether the user is one that exists: nobody gets in as another, so these share a place.
type Guesser = (IpAddr, bool);

/// Who has failed, and how often, and who has not.
#[derive(Default)]
pub(in crate::pg) struct Guesses(Mutex<Record>);

#[derive(Default)]
struct Record {
    failures: HashMap<Guesser, Failures>,
    /// When the right password came last from an address. Only who knows it adds to this.
    known: HashMap<IpAddr, Instant>,
}

/// When a password may be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pg) struct GuessTurn {
    pub at: Instant,
    /// It counts as a failure already.
    is_counted: bool,
}

struct Failures {
    /// Those that wait included.
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
    pub fn turn(&self, address: IpAddr, is_known: bool, now: Instant) -> Result<GuessTurn, Duration> {
        let at_once = GuessTurn { at: now, is_counted: false };
        let guesser = (site_of(address), is_known);
        let mut record = self.0.lock();
        let is_remembered = is_known && record.remembers(guesser.0, now);
        let Some(failures) = record.failures.get_mut(&guesser) else { return Ok(at_once) };
        if now.saturating_duration_since(failures.last) > FORGOTTEN_AFTER {
            record.failures.remove(&guesser);
            return Ok(at_once);
        }
        let pause = pause(failures.count, is_remembered);
        let mut at = failures.next.max(now + pause);
        if is_remembered {
            at = at.min(now + WAIT_KNOWN_MAX);
        }
        let wait = at.saturating_duration_since(now);
        if wait > QUEUE_MAX {
            return Err(wait);
        }
        failures.next = failures.next.max(at + pause / ABREAST);
        failures.count = failures.count.saturating_add(1);
        Ok(GuessTurn { at, is_counted: true })
    }

    /// The password was wrong.
    pub fn failed(&self, address: IpAddr, is_known: bool, turn: GuessTurn, now: Instant) {
        let guesser = (site_of(address), is_known);
        let mut record = self.0.lock();
        let all = &mut record.failures;
        if all.len() >= ADDRESSES_MAX && !all.contains_key(&guesser) {
            let least = all.iter().min_by_key(|(_, failures)| (failures.count, failures.last));
            if let Some(least) = least.map(|(guesser, _)| *guesser) {
                all.remove(&least);
            }
        }
        let failures = all.entry(guesser).or_insert(Failures { count: 0, last: now, next: now });
        failures.count = failures.count.saturating_add(u32::from(!turn.is_counted)).max(1);
        failures.last = now;
    }

    /// The password was right.
    pub fn succeeded(&self, address: IpAddr, is_known: bool, turn: GuessTurn, now: Instant) {
        let guesser = (site_of(address), is_known);
        let mut record = self.0.lock();
        if let Some(failures) = record.failures.get_mut(&guesser) {
            failures.count -= u32::from(turn.is_counted).min(failures.count);
            if failures.count <= SLIPS_MAX {
                record.failures.remove(&guesser);
            }
        }
        if record.known.len() >= ADDRESSES_MAX && !record.known.contains_key(&guesser.0) {
            let oldest = record.known.iter().min_by_key(|(_, at)| **at).map(|(address, _)| *address);
            oldest.and_then(|address| record.known.remove(&address));
        }
        record.known.insert(guesser.0, now);
    }
}

impl Record {
    fn remembers(&self, address: IpAddr, now: Instant) -> bool {
        self.known.get(&address).is_some_and(|at| now.saturating_duration_since(*at) <= KNOWN_FOR)
    }
}

fn pause(failures: u32, is_remembered: bool) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let longest = if is_remembered { PAUSE_KNOWN_MAX } else { PAUSE_MAX };
    PAUSE_FIRST.saturating_mul(1 << doublings).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn at_once(now: Instant) -> GuessTurn {
        GuessTurn { at: now, is_counted: false }
    }

    fn fail(guesses: &Guesses, last: u8, now: Instant) {
        guesses.failed(address(last), true, at_once(now), now);
    }

    #[test]
    fn a_guesser_gets_slower_and_slower() {
        let (guesses, start) = (Guesses::default(), Instant::now());
        let mut now = start;
        for _ in 0..100 {
            let turn = guesses.turn(address(1), true, now).unwrap();
            now = turn.at;
            guesses.failed(address(1), true, turn, now);
        }
        assert!(now - start > Duration::from_secs(350), "{:?}", now - start);
        assert_eq!(guesses.turn(address(2), true, start), Ok(at_once(start)), "another address");
        assert_eq!(guesses.turn(address(1), false, start), Ok(at_once(start)), "another user");
    }

    #[test]
    fn guesses_that_come_together_stand_in_a_short_queue() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        for _ in 0..3 {
            fail(&guesses, 1, now);
        }
        let turns: Vec<_> = (0..100).map(|_| guesses.turn(address(1), true, now)).collect();
        let allowed = turns.iter().flatten().count();
        assert!((1..20).contains(&allowed), "{allowed}");
        assert!(turns.last().unwrap().is_err());
    }

    #[test]
    fn where_the_owner_has_logged_in_the_right_password_always_gets_through() {
        let (guesses, mut now) = (Guesses::default(), Instant::now());
        guesses.succeeded(address(1), true, at_once(now), now);
        for _ in 0..600 {
            // A guesser sends ten passwords every tenth of a second, for a minute.
            for _ in 0..10 {
                fail(&guesses, 1, now);
                guesses.turn(address(1), true, now).unwrap();
            }
            let turn = guesses.turn(address(1), true, now).unwrap();
            assert!(turn.at - now <= WAIT_KNOWN_MAX, "{:?}", turn.at - now);
            now += Duration::from_millis(100);
        }
    }

    #[test]
    fn a_few_failures_are_forgotten_and_many_are_not() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        fail(&guesses, 1, now);
        let turn = guesses.turn(address(1), true, now).unwrap();
        assert!(turn.at > now);
        guesses.succeeded(address(1), true, turn, turn.at);
        assert_eq!(guesses.turn(address(1), true, turn.at), Ok(at_once(turn.at)));
        for _ in 0..=SLIPS_MAX {
            fail(&guesses, 1, now);
        }
        guesses.succeeded(address(1), true, at_once(now), now);
        assert_eq!(guesses.turn(address(1), true, now).unwrap().at, now + PAUSE_KNOWN_MAX);
        let later = now + FORGOTTEN_AFTER + Duration::from_secs(1);
        assert_eq!(guesses.turn(address(1), true, later), Ok(at_once(later)));
    }

    #[test]
    fn the_table_is_bounded() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        fail(&guesses, 1, now);
        fail(&guesses, 1, now);
        for number in 0..u32::try_from(2 * ADDRESSES_MAX).unwrap() {
            let address = IpAddr::from(number.to_be_bytes());
            guesses.succeeded(address, true, at_once(now), now);
            guesses.failed(address, true, at_once(now), now);
        }
        assert_eq!(guesses.0.lock().failures.len(), ADDRESSES_MAX);
        assert_eq!(guesses.0.lock().known.len(), ADDRESSES_MAX);
        assert!(guesses.turn(address(1), true, now).unwrap().at > now, "who failed more often stays");
    }
}
