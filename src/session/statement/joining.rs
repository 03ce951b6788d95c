//! What JOIN NETWORK says when nobody has answered yet. Joining needs nobody, and is done when it is committed; who waits for a
//! member is told here that none has come, and where to look. CREATE NETWORK is answered once this node answers for the network:
//! a member that joins it right then is not refused.

use std::sync::Arc;
use std::time::Duration;

use crate::db::{NetworkStatus, SyncStatus, Transaction};
use crate::error::{Error, ErrorKind, Notice};
use crate::model::{Network, NetworkId};
use crate::session::session::Session;
use crate::session::statement::outcome::cancellable;

/// How long a statement waits for the first member of a network that it has joined.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// How long it waits on for another address when one of several has led to nobody.
const OTHERS_TIME_MAX: Duration = Duration::from_secs(1);

/// How long a statement waits until this node answers for a network that it has founded: its key takes a fraction of a second.
const BEGIN_TIME_MAX: Duration = Duration::from_secs(5);

/// What a transaction begins with networks.
pub(in crate::session) struct Begun {
    joined: Vec<JoinedNetwork>,
    /// Networks that nobody else has to be asked about.
    founded: Vec<NetworkId>,
}

impl Begun {
    /// The networks that a transaction founds, and those that it joins at addresses of others.
    pub fn by(transaction: &Transaction) -> Begun {
        let before = transaction.committed_catalog();
        if Arc::ptr_eq(&before, transaction.catalog()) {
            return Begun { joined: Vec::new(), founded: Vec::new() };
        }
        let networks = transaction.catalog().networks().filter(|network| before.network(&network.name).is_none());
        let (founded, joined): (Vec<_>, Vec<_>) = networks.partition(|network| network.bootstrap.is_empty());
        Begun {
            joined: joined.into_iter().map(|network| JoinedNetwork::of(network)).collect(),
            founded: founded.into_iter().map(|network| network.id).collect(),
        }
    }
}

/// A network that a transaction joins.
struct JoinedNetwork {
    network: NetworkId,
    name: String,
    addresses: usize,
}

impl JoinedNetwork {
    fn of(network: &Network) -> JoinedNetwork {
        JoinedNetwork { network: network.id, name: network.name.clone(), addresses: network.bootstrap.len() }
    }

    fn status<'a>(&self, status: &'a SyncStatus) -> Option<&'a NetworkStatus> {
        status.networks.iter().find(|each| each.network == self.network)
    }

    fn is_met(&self, status: &SyncStatus) -> bool {
        self.status(status).is_some_and(|known| known.connected_peers > 0)
    }

    /// Why nobody was met.
    fn trouble(&self, status: &SyncStatus) -> Option<String> {
        let refused = status.refused.iter().find(|refused| refused.networks.contains(&self.network));
        let told = self.status(status).and_then(|known| known.last_error.clone());
        refused.map(|refused| refused.reason.clone()).or(told)
    }

    /// Whether there is something to say: a member is there, or an address has led to none.
    fn is_told(&self, status: &SyncStatus) -> bool {
        self.is_met(status) || self.trouble(status).is_some()
    }

    /// Whether there is nothing to wait for: a member is there, or the only address has led to none.
    fn is_settled(&self, status: &SyncStatus) -> bool {
        self.is_met(status) || (self.addresses == 1 && self.trouble(status).is_some())
    }

    fn notice(&self, status: &SyncStatus) -> Notice {
        let reason = self.trouble(status).map_or_else(String::new, |reason| format!(": {reason}"));
        let said = format!("no member of network \"{}\" has answered yet{reason}", self.name);
        Notice::of(
            Error::new(ErrorKind::Success, said)
                .with_hint(
                    "The network is joined, and this node goes on trying. SHOW NETWORKS and nebulus.networks.last_error say how \
                     it stands. Where the name, the secret or the address is wrong, LEAVE NETWORK forgets it, and JOIN NETWORK \
                     takes the right one.",
                ),
        )
    }
}

impl Session {
    /// Waits for what a committed transaction has begun with networks, as far as somebody may count on it.
    pub(in crate::session) async fn tell_of_begun(&mut self, begun: Begun) {
        self.wait_for_founded(&begun.founded).await;
        self.tell_of_joined(begun.joined).await;
    }

    async fn wait_for_founded(&mut self, founded: &[NetworkId]) {
        if founded.is_empty() {
            return;
        }
        let mut changes = self.database.sync_status_changes();
        let answers = |status: &Arc<SyncStatus>| {
            let is_there = |id: &NetworkId| status.networks.iter().any(|known| known.network == *id);
            !status.running || founded.iter().all(is_there)
        };
        // What takes longer is committed all the same, and shows in nebulus.networks.
        let wait = async {
            drop(tokio::time::timeout(BEGIN_TIME_MAX, changes.wait_for(answers)).await);
            Ok::<(), Error>(())
        };
        drop(cancellable(wait, &self.cancel).await);
    }

    /// Waits a while for members of networks that were just joined, and tells of those of which none has come.
    async fn tell_of_joined(&mut self, joined: Vec<JoinedNetwork>) {
        if joined.is_empty() {
            return;
        }
        let mut changes = self.database.sync_status_changes();
        let wait = async {
            let is_over = |status: &Arc<SyncStatus>, is_settled: fn(&JoinedNetwork, &SyncStatus) -> bool| {
                !status.running || joined.iter().all(|each| is_settled(each, status))
            };
            // Who ends the server, or has waited long enough, is told what is known by then.
            let told = changes.wait_for(|status| is_over(status, JoinedNetwork::is_told));
            drop(tokio::time::timeout(ANSWER_TIME_MAX, told).await);
            let settled = changes.wait_for(|status| is_over(status, JoinedNetwork::is_settled));
            drop(tokio::time::timeout(OTHERS_TIME_MAX, settled).await);
            Ok::<(), Error>(())
        };
        // What is committed is not taken back by a cancel, which ends the waiting alone.
        drop(cancellable(wait, &self.cancel).await);
        let status = self.database.sync_status();
        if status.running {
            let unmet = joined.iter().filter(|each| !each.is_met(&status));
            let notices: Vec<Notice> = unmet.map(|each| each.notice(&status)).collect();
            self.notify(notices);
        }
    }
}
