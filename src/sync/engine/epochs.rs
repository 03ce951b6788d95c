//! Epochs: members that have missed a new key are told it, and nothing else, over a session of the old one.

use crate::error::Result;
use crate::model::PeerId;
use crate::sync::engine::Engine;
use crate::sync::engine::limits::EPOCH_GRACE_MS;
use crate::sync::engine::machine::Task;
use crate::sync::message::{EpochNews, Message};
use crate::sync::work::Work;

impl Engine {
    /// A session that was proved with the key of an older epoch: its peer is told the new one, then the session ends.
    pub(super) fn outdate(&mut self, peer: &PeerId) {
        let end_ms = self.now_ms.saturating_add(EPOCH_GRACE_MS);
        let Some(session) = self.sessions.get_mut(peer) else { return };
        if session.is_outdated {
            return;
        }
        session.is_outdated = true;
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
        let is_reading = self.works.values().any(|task| matches!(task, Task::ReadEpoch));
        if !is_reading {
            self.work(Task::ReadEpoch, Work::ReadEpoch);
        }
    }

    pub(super) fn epoch_read(&mut self, result: Result<EpochNews>) {
        let news = match result {
            Ok(news) => news,
            // The sessions end, and their peers come again.
            Err(error) => return self.failed("reading an epoch", &error),
        };
        let is_behind = |peer: &PeerId| {
            let session = self.sessions.get(peer);
            let is_untold = session.is_some_and(|session| session.is_outdated && session.told_epoch < news.epoch);
            is_untold && !news.removed.contains(peer)
        };
        let behind: Vec<PeerId> = self.sessions.keys().filter(|peer| is_behind(peer)).cloned().collect();
        for peer in behind {
            if let Some(session) = self.sessions.get_mut(&peer) {
                session.told_epoch = news.epoch;
            }
            self.send(&peer, Message::Epoch(news.clone()));
        }
    }

    pub(super) fn epoch_news(&mut self, peer: &PeerId, news: EpochNews) {
        let epoch = news.epoch;
        if epoch < self.config.epoch {
            return;
        }
        let is_saving = |task: &Task| matches!(task, Task::SaveEpoch { epoch: saving } if *saving >= epoch);
        let is_newer = epoch > self.config.epoch;
        if is_newer && self.works.values().any(is_saving) {
            return;
        }
        // Two members may have begun the same epoch at the same time with different keys; the database decides between
        // them as everybody else's does.
        self.work(Task::SaveEpoch { epoch }, Work::SaveEpoch { news });
        let is_told = self.sessions.get(peer).is_some_and(|session| session.is_outdated && session.told_epoch >= epoch);
        if is_told && !is_newer {
            // Both know it now: the next session is one of the new epoch.
            self.disconnect(peer, self.now_ms, "its epoch is over");
        }
    }

    /// Sessions of older epochs than the present one.
    pub(super) fn outdate_sessions(&mut self) {
        let epoch = self.config.epoch;
        let old = self.sessions.iter().filter(|(_, session)| session.epoch < epoch);
        let old: Vec<PeerId> = old.map(|(peer, _)| peer.clone()).collect();
        for peer in old {
            self.outdate(&peer);
        }
    }
}
