//! Which buckets this node holds where replication is partial: worked out once for each list of members.

use std::sync::Arc;

use crate::model::{Buckets, Shares};
use crate::sync::engine::core::roster::Roster;
use crate::sync::engine::io::EngineConfig;

/// What shares are worked out of: the digest of the members, the copies, and whether what was written here is kept.
pub(in crate::sync::engine) type HoldingsKey = (u64, Option<u32>, bool);

/// What has been worked out; good for one key.
#[derive(Debug, Default)]
pub(in crate::sync::engine) struct Holdings {
    key: HoldingsKey,
    own: Option<Buckets>,
    placed: Option<Buckets>,
    merged: Option<Shares>,
}

/// What shares are worked out of now.
pub(in crate::sync::engine) fn holdings_key(config: &EngineConfig, roster: &Roster) -> HoldingsKey {
    (roster.digest(), config.options.copies(), config.options.keep_own)
}

impl Holdings {
    fn check(&mut self, config: &EngineConfig, roster: &Roster) {
        let key = holdings_key(config, roster);
        if self.key != key {
            *self = Holdings { key, ..Holdings::default() };
        }
    }

    /// The buckets that this node has to hold.
    pub fn own(&mut self, config: &EngineConfig, roster: &Roster) -> Buckets {
        self.check(config, roster);
        let work_out = || match config.options.copies() {
            None | Some(0) => Buckets::all(),
            Some(copies) => Buckets::held_by(&config.this, roster.peers(), copies),
        };
        self.own.get_or_insert_with(work_out).clone()
    }

    /// The buckets that this node held of the members of the last placement.
    pub fn placed(&mut self, config: &EngineConfig, roster: &Roster) -> Buckets {
        self.check(config, roster);
        let placement = &config.placement;
        let work_out = || Buckets::held_by(&config.this, placement.members.iter(), placement.copies);
        self.placed.get_or_insert_with(work_out).clone()
    }

    /// What incoming deltas are merged by; nothing where no collection is spread.
    pub fn merged(&mut self, config: &EngineConfig, roster: &Roster) -> Option<&Shares> {
        self.check(config, roster);
        if config.options.copies().is_none() || config.placement.collections.is_empty() {
            return None;
        }
        if self.merged.is_none() {
            let buckets = self.own(config, roster).or(&self.placed(config, roster));
            let collections = config.placement.collections.iter();
            self.merged = Some(Arc::new(collections.map(|name| (name.clone(), buckets.clone())).collect()));
        }
        self.merged.as_ref()
    }

    /// Collections are spread otherwise now.
    pub fn forget_placed(&mut self) {
        (self.placed, self.merged) = (None, None);
    }
}
