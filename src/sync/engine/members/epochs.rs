//! What the owners decree: members that show another charter are told ours, and those that have missed a new key are told it,
//! and nothing else, over a session of the old one. What is taken over is the database's business: nothing is believed that
//! no owner signed.

use crate::error::{ErrorKind, Result};
use crate::model::{Adoption, CharterDigest, PeerId};
use crate::sync::engine::Engine;
use crate::sync::engine::io::EngineEvent;
use crate::sync::engine::limits::{
    CHARTER_AGAIN_MS, EPOCH_GRACE_MS, HEARTBEAT_MS_MIN, OTHER_FOUNDING_MS, POINTS_FORGED,
};
use crate::sync::engine::requests::{ReadEpoch, SaveEpoch};
use crate::sync::protocol::message::{EpochNews, Message};

/// Whether a node takes a message that does not know yet whether it has met the network whose founder it was told: its charter,
/// and who else might have it. Nothing else is taken or answered, and nothing told of what is here.
pub(in crate::sync::engine) fn is_before_founding(message: &Message) -> bool {
    matches!(message, Message::Heartbeat(_) | Message::Epoch(_) | Message::Members(_))
}

impl Engine {
    /// The charter of the founder has come: members are told what they were not.
    pub(in crate::sync::engine) fn founder_met(&mut self) {
        for peer in self.active_peers() {
            self.announce_collections(&peer);
            self.send(&peer, Message::CollectionRequest);
        }
        self.push_own();
    }

    /// A session that was proved with the key of another epoch: its peer is told the present one, then the session ends.
    pub(in crate::sync::engine) fn outdate(&mut self, peer: &PeerId) {
        let end_ms = self.now_ms.saturating_add(EPOCH_GRACE_MS);
        let Some(session) = self.sessions.get_mut(peer) else { return };
        if session.is_outdated {
            return;
        }
        session.is_outdated = true;
        session.told_charter = CharterDigest::default();
        session.end_ms = end_ms;
        session.serving.clear();
        session.unanswered = None;
        self.wake_at(end_ms);
        self.drop_pulls_of(peer);
        self.drop_view(peer);
        if self.reconciling.is_with(peer) {
            self.reconcile_failed();
        }
        self.read_epoch();
    }

    fn read_epoch(&mut self) {
        if !std::mem::replace(&mut self.membership.is_reading_epoch, true) {
            self.request(ReadEpoch {}, Engine::on_read_epoch_done);
        }
    }

    fn on_read_epoch_done(&mut self, result: Result<Option<Box<EpochNews>>>) {
        self.membership.is_reading_epoch = false;
        let news = match result {
            Ok(Some(news)) => news,
            Ok(None) => return,
            // The sessions end, and their peers come again.
            Err(error) => return self.failed("reading an epoch", &error),
        };
        let (charter, epoch) = (self.config.charter, news.secret.as_ref().map(|key| key.epoch));
        let mut told = Vec::new();
        for (peer, session) in &mut self.sessions {
            let is_untold = session.told_charter != charter || session.told_epoch != epoch;
            let is_told = if session.is_outdated { is_untold } else { std::mem::take(&mut session.wants_charter) };
            if !is_told || self.config.removed.contains(peer) {
                continue;
            }
            session.told_charter = charter;
            session.charter_told_ms = self.now_ms;
            if session.is_outdated {
                session.told_epoch = epoch;
            }
            told.push((peer.clone(), session.is_outdated));
        }
        for (peer, is_outdated) in told {
            // Who has proved the present epoch knows its secret.
            let secret = news.secret.clone().filter(|_| is_outdated);
            self.send(&peer, Message::Epoch(EpochNews { charter: news.charter.clone(), secret }));
        }
    }

    /// A peer shows the digest of its charter; false where it is that of another network, with which nothing is shared.
    pub(in crate::sync::engine) fn charter_shown(&mut self, peer: &PeerId, shown: CharterDigest) -> bool {
        let ours = self.config.charter;
        if shown.founding != 0 && ours.founding != 0 && shown.founding != ours.founding {
            self.refuse_founding(peer, None);
            return false;
        }
        let again_ms = self.now_ms.saturating_sub(CHARTER_AGAIN_MS);
        let Some(session) = self.sessions.get_mut(peer) else { return false };
        // Whoever was told it may not have been able to keep it, as on a full disk.
        let is_told = session.told_charter == ours && session.charter_told_ms > again_ms;
        if shown != ours && ours.founding != 0 && !is_told {
            session.wants_charter = true;
            self.read_epoch();
        }
        true
    }

    /// Two networks of one name and one secret are two networks.
    fn refuse_founding(&mut self, peer: &PeerId, founder: Option<&PeerId>) {
        let founder = founder.map(|founder| format!(", by {founder}")).unwrap_or_default();
        self.counters.last_error = Some(format!(
            "{peer} is in another network of this name and secret, that somebody else has founded{founder}"
        ));
        self.disconnect(peer, self.now_ms.saturating_add(OTHER_FOUNDING_MS), "in another network of the same name");
        self.schedule_pulls();
    }

    /// Members that are here are told what has changed.
    pub(in crate::sync::engine) fn charter_changed(&mut self) {
        let ours = self.config.charter;
        for session in self.sessions.values_mut() {
            session.wants_charter = session.told_charter != ours;
        }
        self.beat_all_within(HEARTBEAT_MS_MIN);
        self.read_epoch();
    }

    pub(in crate::sync::engine) fn epoch_news(&mut self, peer: &PeerId, news: EpochNews) {
        let epoch = news.secret.as_ref().map(|key| key.epoch);
        let is_present = epoch == Some(self.config.epoch);
        let Some(session) = self.sessions.get_mut(peer) else { return };
        let is_told = session.is_outdated && session.told_epoch == epoch;
        if session.is_news_under_way {
            session.next_news = Some(news);
        } else {
            // Two owners may have begun the same epoch at the same time with different keys; the charter decides between
            // them as everybody else's does.
            session.is_news_under_way = true;
            let (request, peer) = (SaveEpoch { news: Box::new(news) }, peer.clone());
            self.request(request, move |engine, reply| engine.on_save_epoch_done(&peer, reply));
        }
        if is_present && is_told {
            // Both know it now: the next session is one of the present epoch.
            self.disconnect(peer, self.now_ms, "its epoch is over");
        }
    }

    fn on_save_epoch_done(&mut self, peer: &PeerId, result: Result<Adoption>) {
        if let Some(session) = self.sessions.get_mut(peer) {
            session.is_news_under_way = false;
            if let Some(news) = session.next_news.take() {
                self.epoch_news(peer, news);
            }
        }
        match result {
            Ok(Adoption::Known) => {}
            Ok(Adoption::News) => self.event(EngineEvent::EpochAdopted { epoch: self.config.epoch }),
            Ok(Adoption::OtherFounder(founder)) => self.refuse_founding(peer, Some(&founder)),
            Ok(Adoption::Forged(_)) => self.strike(peer, POINTS_FORGED, "told a charter that nobody signed"),
            Err(error) if error.kind() == ErrorKind::InvalidParameterValue => {
                self.failed("adopting an epoch", &error);
                self.strike(peer, POINTS_FORGED, "told a secret that no owner has begun an epoch with");
            }
            Err(error) => self.failed("adopting an epoch", &error),
        }
    }

    /// Sessions of other epochs than the present one.
    pub(in crate::sync::engine) fn outdate_sessions(&mut self) {
        let epoch = self.config.epoch;
        let old = self.sessions.iter().filter(|(_, session)| session.epoch != epoch);
        let old: Vec<PeerId> = old.map(|(peer, _)| peer.clone()).collect();
        for peer in old {
            self.outdate(&peer);
        }
    }
}
