//! What the owners decree: members that show another charter are told ours, and those that have missed a new key are told it,
//! and nothing else, over a session of the old one. What is taken over is the database's business: nothing is believed that
//! no owner signed.

use crate::error::{ErrorKind, Result};
use crate::model::{Adoption, CharterDigest, PeerId};
use crate::sync::engine::core::{EngineCore, EngineEffect};
use crate::sync::engine::event::EngineEvent;
use crate::sync::engine::limits::{
    CHARTER_AGAIN_MS, EPOCH_GRACE_MS, HEARTBEAT_MS_MIN, OTHER_FOUNDING_MS, POINTS_FORGED,
};
use crate::sync::engine::requests::{ReadEpoch, SaveEpoch};
use crate::sync::protocol::message::{EpochNews, Message};

/// What is under way about epochs.
#[derive(Debug, Default)]
pub(in crate::sync::engine) struct Epochs {
    /// The newest epoch is being read, to be told.
    is_reading_epoch: bool,
}

impl Epochs {
    /// A session that was proved with the key of another epoch: its peer is told the present one, then the session ends.
    pub fn outdate(&mut self, core: &mut EngineCore, peer: &PeerId) {
        let end_ms = core.now_ms.saturating_add(EPOCH_GRACE_MS);
        let Some(session) = core.peers.get_mut(peer) else { return };
        if session.is_outdated {
            return;
        }
        session.is_outdated = true;
        session.told_charter = CharterDigest::default();
        session.end_ms = end_ms;
        session.unanswered = None;
        core.wake_at(end_ms);
        core.effect(EngineEffect::SessionOutdated(peer.clone()));
        self.read_epoch(core);
    }

    fn read_epoch(&mut self, core: &mut EngineCore) {
        if !std::mem::replace(&mut self.is_reading_epoch, true) {
            core.request(ReadEpoch {}, |engine, reply| engine.epochs.on_read_epoch_done(&mut engine.core, reply));
        }
    }

    fn on_read_epoch_done(&mut self, core: &mut EngineCore, result: Result<Option<Box<EpochNews>>>) {
        self.is_reading_epoch = false;
        let news = match result {
            Ok(Some(news)) => news,
            Ok(None) => return,
            // The sessions end, and their peers come again.
            Err(error) => return core.failed("reading an epoch", &error),
        };
        let (charter, epoch) = (core.config.charter, news.secret.as_ref().map(|key| key.epoch));
        let mut told = Vec::new();
        for (peer, session) in &mut core.peers {
            let is_untold = session.told_charter != charter || session.told_epoch != epoch;
            let is_told = if session.is_outdated { is_untold } else { std::mem::take(&mut session.wants_charter) };
            if !is_told || core.config.removed.contains(peer) {
                continue;
            }
            session.told_charter = charter;
            session.charter_told_ms = core.now_ms;
            if session.is_outdated {
                session.told_epoch = epoch;
            }
            told.push((peer.clone(), session.is_outdated));
        }
        for (peer, is_outdated) in told {
            // Who has proved the present epoch knows its secret.
            let secret = news.secret.clone().filter(|_| is_outdated);
            core.send(&peer, Message::Epoch(EpochNews { charter: news.charter.clone(), secret }));
        }
    }

    /// A peer shows the digest of its charter; false where it is that of another network, with which nothing is shared.
    pub fn charter_shown(&mut self, core: &mut EngineCore, peer: &PeerId, shown: CharterDigest) -> bool {
        let ours = core.config.charter;
        if shown.founding != 0 && ours.founding != 0 && shown.founding != ours.founding {
            Self::refuse_founding(core, peer, None);
            return false;
        }
        let again_ms = core.now_ms.saturating_sub(CHARTER_AGAIN_MS);
        let Some(session) = core.peers.get_mut(peer) else { return false };
        // Whoever was told it may not have been able to keep it, as on a full disk.
        let is_told = session.told_charter == ours && session.charter_told_ms > again_ms;
        if shown != ours && ours.founding != 0 && !is_told {
            session.wants_charter = true;
            self.read_epoch(core);
        }
        true
    }

    /// Two networks of one name and one secret are two networks.
    fn refuse_founding(core: &mut EngineCore, peer: &PeerId, founder: Option<&PeerId>) {
        let founder = founder.map(|founder| format!(", by {founder}")).unwrap_or_default();
        core.counters.last_error = Some(format!(
            "{peer} is in another network of this name and secret, that somebody else has founded{founder}"
        ));
        core.disconnect(peer, core.now_ms.saturating_add(OTHER_FOUNDING_MS), "in another network of the same name");
    }

    /// Members that are here are told what has changed.
    pub fn charter_changed(&mut self, core: &mut EngineCore) {
        let ours = core.config.charter;
        for session in core.peers.values_mut() {
            session.wants_charter = session.told_charter != ours;
        }
        core.schedule_heartbeats(HEARTBEAT_MS_MIN);
        self.read_epoch(core);
    }

    pub fn on_epoch(&mut self, core: &mut EngineCore, peer: &PeerId, news: EpochNews) {
        let epoch = news.secret.as_ref().map(|key| key.epoch);
        let is_present = epoch == Some(core.config.epoch);
        let Some(session) = core.peers.get_mut(peer) else { return };
        let is_told = session.is_outdated && session.told_epoch == epoch;
        if session.is_news_under_way {
            session.next_news = Some(news);
        } else {
            // Two owners may have begun the same epoch at the same time with different keys; the charter decides between
            // them as everybody else's does.
            session.is_news_under_way = true;
            let (request, peer) = (SaveEpoch { news: Box::new(news) }, peer.clone());
            core.request(request, move |engine, reply| {
                engine.epochs.on_save_epoch_done(&mut engine.core, &peer, reply)
            });
        }
        if is_present && is_told {
            // Both know it now: the next session is one of the present epoch.
            core.disconnect(peer, core.now_ms, "its epoch is over");
        }
    }

    fn on_save_epoch_done(&mut self, core: &mut EngineCore, peer: &PeerId, result: Result<Adoption>) {
        if let Some(session) = core.peers.get_mut(peer) {
            session.is_news_under_way = false;
            if let Some(news) = session.next_news.take() {
                self.on_epoch(core, peer, news);
            }
        }
        match result {
            Ok(Adoption::Known) => {}
            Ok(Adoption::News) => core.event(EngineEvent::EpochAdopted { epoch: core.config.epoch }),
            Ok(Adoption::OtherFounder(founder)) => Self::refuse_founding(core, peer, Some(&founder)),
            Ok(Adoption::Forged(_)) => core.penalise(peer, POINTS_FORGED, "told a charter that nobody signed"),
            Err(error) if error.kind() == ErrorKind::InvalidParameterValue => {
                core.failed("adopting an epoch", &error);
                core.penalise(peer, POINTS_FORGED, "told a secret that no owner has begun an epoch with");
            }
            Err(error) => core.failed("adopting an epoch", &error),
        }
    }

    /// Sessions of other epochs than the present one.
    pub fn outdate_sessions(&mut self, core: &mut EngineCore) {
        let epoch = core.config.epoch;
        let old = core.peers.iter().filter(|(_, session)| session.epoch != epoch);
        let old: Vec<PeerId> = old.map(|(peer, _)| peer.clone()).collect();
        for peer in old {
            self.outdate(core, &peer);
        }
    }
}
