//! Where this node listens for peers: each address that is wanted, until it is had, and again after it was lost. Pure.
//!
//! A port may be taken for a moment by the node that this one follows inside the process, an interface may come later, and
//! a relay may be away or end a reservation. So whatever fails is tried again, with growing delays. A default port that
//! somebody else has is replaced by a free one.

use libp2p::Multiaddr;
use libp2p::core::transport::ListenerId;
use libp2p::multiaddr::Protocol;

use crate::sync::transport::backoff::{Backoff, Delays};

/// Where a node listens when nothing else was said.
const LISTEN_DEFAULT: [&str; 2] = ["/ip4/0.0.0.0/udp/4001/quic-v1", "/ip4/0.0.0.0/tcp/4001"];
const DELAYS: Delays = Delays { first_ms: 250, longest_ms: 60_000 };
/// How often a default port is tried that a node before this one in the process may not have let go of yet: some five seconds.
const ATTEMPTS_AFTER_RESTART: u32 = 5;

/// All wanted addresses.
#[derive(Default)]
pub struct Listeners {
    wanted: Vec<Wanted>,
}

struct Wanted {
    address: Multiaddr,
    /// Failures after which a free port does as well; never where somebody named the port.
    replaced_after: Option<u32>,
    listener: Option<ListenerId>,
    backoff: Backoff,
}

impl Listeners {
    pub fn has_begun(&self) -> bool {
        !self.wanted.is_empty()
    }

    /// Wants these addresses, or where there are none the default ones. `is_restart` where a node ran before in this process.
    pub fn want(&mut self, addresses: &[Multiaddr], is_restart: bool) {
        let wanted =
            |address, replaced_after| Wanted { address, replaced_after, listener: None, backoff: Backoff::default() };
        self.wanted = addresses.iter().map(|address| wanted(address.clone(), None)).collect();
        if addresses.is_empty() {
            let attempts = if is_restart { ATTEMPTS_AFTER_RESTART } else { 1 };
            let parsed = LISTEN_DEFAULT.iter().filter_map(|text| text.parse().ok());
            self.wanted = parsed.map(|address| wanted(address, Some(attempts))).collect();
        }
    }

    /// Listens on what is due.
    pub fn listen<E: std::fmt::Debug>(
        &mut self,
        now_ms: u64,
        random: u64,
        mut listen_on: impl FnMut(Multiaddr) -> Result<ListenerId, E>,
    ) {
        for wanted in &mut self.wanted {
            if wanted.listener.is_some() || !wanted.backoff.is_due(now_ms) {
                continue;
            }
            let error = match listen_on(wanted.address.clone()) {
                Ok(listener) => {
                    wanted.listener = Some(listener);
                    continue;
                }
                Err(error) => error,
            };
            wanted.backoff.failed(now_ms, DELAYS, random);
            let (address, failures) = (&wanted.address, wanted.backoff.failures());
            if wanted.replaced_after.is_some_and(|attempts| failures >= attempts) {
                // With another port the address that others were told may be wrong after the next start.
                tracing::warn!(
                    %address,
                    ?error,
                    "cannot listen for peers at the usual port, perhaps since another node of this machine does; taking a free one, which \
                     changes with each start: --p2p-listen names one that stays"
                );
                wanted.address = with_free_port(address);
                wanted.replaced_after = None;
                wanted.listener = listen_on(wanted.address.clone()).ok();
            } else if failures == 1 {
                tracing::warn!(%address, ?error, "cannot listen for peers there yet; it is tried again");
            } else {
                tracing::debug!(%address, ?error, failures, "cannot listen for peers there yet");
            }
        }
    }

    /// A listener has an address: it works.
    pub fn works(&mut self, listener: ListenerId) {
        let found = self.wanted.iter_mut().filter(|wanted| wanted.listener == Some(listener));
        found.for_each(|wanted| wanted.backoff.succeeded());
    }

    /// A listener has ended, or never came to work. Returns what it was for, where that had worked or fails for the first
    /// time: then it is worth telling.
    pub fn closed(&mut self, listener: ListenerId, now_ms: u64, random: u64) -> Option<&Multiaddr> {
        let wanted = self.wanted.iter_mut().find(|wanted| wanted.listener == Some(listener))?;
        wanted.listener = None;
        wanted.backoff.failed(now_ms, DELAYS, random);
        (wanted.backoff.failures() == 1).then_some(&wanted.address)
    }
}

fn with_free_port(address: &Multiaddr) -> Multiaddr {
    address
        .iter()
        .map(|part| match part {
            Protocol::Tcp(_) => Protocol::Tcp(0),
            Protocol::Udp(_) => Protocol::Udp(0),
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CIRCUIT: &str =
        "/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWEChVMMMzV8acJ53mJHrw1pQ27UAGkCxWXLJutbeUMvVu/p2p-circuit";

    fn refused(_: Multiaddr) -> Result<ListenerId, &'static str> {
        Err("taken")
    }

    /// What is listened on at a moment, where everything can be.
    fn attempts(listening: &mut Listeners, now_ms: u64) -> Vec<String> {
        let mut tried = Vec::new();
        listening.listen(now_ms, 0, |address| {
            tried.push(address.to_string());
            Ok::<_, ()>(ListenerId::next())
        });
        tried
    }

    #[test]
    fn what_cannot_be_listened_on_is_tried_again() {
        let mut listening = Listeners::default();
        listening.want(&[CIRCUIT.parse().unwrap()], false);
        listening.listen(0, 0, refused);
        assert!(attempts(&mut listening, 0).is_empty(), "it is not due yet");
        assert_eq!(attempts(&mut listening, 250), [CIRCUIT]);
        assert!(attempts(&mut listening, 10_000).is_empty(), "it is listened on");
    }

    #[test]
    fn what_was_lost_is_listened_on_again() {
        let mut listening = Listeners::default();
        listening.want(&[CIRCUIT.parse().unwrap()], false);
        let mut now_ms = 0;
        for is_told in [true, false, false] {
            let listener = ListenerId::next();
            listening.listen(now_ms, 0, |_| Ok::<_, ()>(listener));
            assert_eq!(listening.closed(listener, now_ms, 0).is_some(), is_told, "it never worked");
            now_ms += 60_000;
        }
        let listener = ListenerId::next();
        listening.listen(now_ms, 0, |_| Ok::<_, ()>(listener));
        listening.works(listener);
        assert!(listening.closed(listener, now_ms, 0).is_some(), "it worked");
        assert_eq!(listening.closed(listener, now_ms, 0), None, "it is closed");
        assert_eq!(attempts(&mut listening, now_ms + 250), [CIRCUIT]);
    }

    #[test]
    fn a_default_port_of_somebody_else_is_replaced_and_one_of_this_process_is_waited_for() {
        let free = ["/ip4/0.0.0.0/udp/0/quic-v1", "/ip4/0.0.0.0/tcp/0"];
        for (is_restart, rounds) in [(false, 1), (true, ATTEMPTS_AFTER_RESTART)] {
            let mut listening = Listeners::default();
            assert!(!listening.has_begun());
            listening.want(&[], is_restart);
            let mut tried: Vec<String> = Vec::new();
            for round in 0..rounds {
                assert!(tried.iter().all(|address| LISTEN_DEFAULT.contains(&address.as_str())), "{tried:?}");
                listening.listen(u64::from(round) * 60_000, 0, |address| {
                    let is_free = free.contains(&&*address.to_string());
                    tried.push(address.to_string());
                    if is_free { Ok(ListenerId::next()) } else { Err("taken") }
                });
            }
            assert!(free.iter().all(|address| tried.iter().any(|tried| tried == address)), "{tried:?}");
            assert!(attempts(&mut listening, u64::MAX / 2).is_empty());
        }
    }
}
