//! Connections that nobody has logged in on yet: bounded in all and by address, and a place for each that has.
//!
//! A connection that says nothing costs its place here only. When an address, or the whole room, has as many as it may, the
//! one that has waited longest goes for the one that comes: whoever logs in at the usual speed is never kept out by sockets
//! that are silent. One that has sent a password goes only where no silent one is left. Where the room is full it is the address
//! with the most of them that gives one up.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// Bits of an IPv6 address that name a site; the rest its hosts choose as they like.
const IPV6_SITE_BITS: u32 = 64;

/// The room. Clones share it.
#[derive(Clone)]
pub(in crate::pg) struct WaitingRoom(Arc<Room>);

struct Room {
    all_max: usize,
    address_max: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    next: u64,
    /// In order of arrival.
    tickets: BTreeMap<u64, Waiter>,
    by_address: HashMap<IpAddr, usize>,
}

struct Waiter {
    site: IpAddr,
    dismissed: Arc<Notify>,
    /// Its password waits to be looked at.
    has_spoken: bool,
}

/// A connection's place in the room; dropping it gives the place up.
pub(in crate::pg) struct Ticket {
    room: WaitingRoom,
    number: u64,
    dismissed: Arc<Notify>,
}

impl WaitingRoom {
    pub fn new(all_max: usize, address_max: usize) -> Self {
        WaitingRoom(Arc::new(Room { all_max, address_max, waiting: Mutex::default() }))
    }

    /// Lets a connection in, for which another one may have to go.
    pub fn enter(&self, address: IpAddr) -> Ticket {
        let site = site_of(address);
        let mut waiting = self.0.waiting.lock();
        if waiting.by_address.get(&site).is_some_and(|count| *count >= self.0.address_max) {
            waiting.dismiss_oldest(site);
        } else if waiting.tickets.len() >= self.0.all_max {
            waiting.dismiss_one();
        }
        let number = waiting.next;
        waiting.next += 1;
        let dismissed = Arc::new(Notify::new());
        waiting.tickets.insert(number, Waiter { site, dismissed: Arc::clone(&dismissed), has_spoken: false });
        *waiting.by_address.entry(site).or_default() += 1;
        Ticket { room: self.clone(), number, dismissed }
    }

    /// Has one go although there is room, since something else is lacking: file descriptors.
    pub fn dismiss_one(&self) {
        self.0.waiting.lock().dismiss_one();
    }
}

impl Waiting {
    /// The one that has waited longest of the address that has most goes.
    fn dismiss_one(&mut self) {
        let most = self.by_address.iter().max_by_key(|(_, count)| **count).map(|(address, _)| *address);
        most.into_iter().for_each(|address| self.dismiss_oldest(address));
    }

    fn dismiss_oldest(&mut self, site: IpAddr) {
        let of_site = || self.tickets.iter().filter(|(_, waiter)| waiter.site == site);
        let oldest = of_site().find(|(_, waiter)| !waiter.has_spoken).or_else(|| of_site().next());
        let oldest = oldest.map(|(number, _)| *number);
        if let Some(waiter) = oldest.and_then(|number| self.leave(number)) {
            waiter.dismissed.notify_one();
        }
    }

    fn leave(&mut self, number: u64) -> Option<Waiter> {
        let left = self.tickets.remove(&number)?;
        if let Some(count) = self.by_address.get_mut(&left.site) {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&left.site);
            }
        }
        Some(left)
    }
}

impl Ticket {
    /// Its password has come, and waits to be looked at.
    pub fn speak(&self) {
        if let Some(waiter) = self.room.0.waiting.lock().tickets.get_mut(&self.number) {
            waiter.has_spoken = true;
        }
    }

    /// Returns when the connection has to go for another one.
    pub async fn dismissed(&self) {
        self.dismissed.notified().await;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.room.0.waiting.lock().leave(self.number);
    }
}

/// What counts as one address: the address itself, of IPv6 the network of a site.
pub(in crate::pg) fn site_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << IPV6_SITE_BITS))),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn is_dismissed(ticket: &Ticket) -> bool {
        ticket.dismissed().now_or_never().is_some()
    }

    #[test]
    fn the_oldest_of_an_address_goes_for_the_newest() {
        let room = WaitingRoom::new(100, 2);
        let (first, second, other) = (room.enter(address(1)), room.enter(address(1)), room.enter(address(2)));
        let third = room.enter(address(1));
        assert!(is_dismissed(&first) && !is_dismissed(&second) && !is_dismissed(&other) && !is_dismissed(&third));
        assert_eq!(room.0.waiting.lock().tickets.len(), 3);
        drop((first, second));
        assert_eq!(room.0.waiting.lock().tickets.len(), 2);
        let fourth = room.enter(address(1));
        assert!(!is_dismissed(&third) && !is_dismissed(&fourth));
    }

    #[test]
    fn silent_ones_go_before_those_that_have_sent_a_password() {
        let room = WaitingRoom::new(100, 2);
        let (first, second) = (room.enter(address(1)), room.enter(address(1)));
        first.speak();
        let third = room.enter(address(1));
        assert!(!is_dismissed(&first) && is_dismissed(&second));
        third.speak();
        let _fourth = room.enter(address(1));
        assert!(is_dismissed(&first), "nobody is silent");
    }

    #[test]
    fn a_full_room_takes_from_who_has_most() {
        let room = WaitingRoom::new(3, 3);
        let lone = room.enter(address(9));
        let many = [room.enter(address(1)), room.enter(address(1))];
        let newcomer = room.enter(address(5));
        assert!(is_dismissed(&many[0]) && !is_dismissed(&many[1]) && !is_dismissed(&lone) && !is_dismissed(&newcomer));
    }

    #[test]
    fn a_site_is_one_address() {
        let parsed = |text: &str| site_of(text.parse().unwrap());
        assert_eq!(parsed("2001:db8::1"), parsed("2001:db8::ffff:2"));
        assert_ne!(parsed("2001:db8::1"), parsed("2001:db8:0:1::1"));
        assert_eq!(parsed("::ffff:192.0.2.1"), address(1));
    }
}
