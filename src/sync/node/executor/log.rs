//! Requests about the log: what is posted, read, applied and pruned, and whose heads are whose.

use crate::db::OwnChain;
use crate::error::Result;
use crate::model::{AdoptedHeads, Applied, Head, LogRead, PeerId, Verdict};
use crate::sync::engine::requests::{
    AdoptHeads, Answers, ApplyRun, CheckOwnHead, CollectTombstones, DropUnsigned, PostStaged, PruneLog, ReadLog,
    RenewEarlyOrigin, VerifyHeads,
};
use crate::sync::engine::requests::{OwnHead, VerifiedHeads};
use crate::sync::node::executor::executor::{Executor, wait};

impl Answers<PostStaged> for &Executor {
    fn answer(self, _: PostStaged) -> Result<Option<Head>> {
        wait(self.replica.post_staged(self.network))
    }
}

impl Answers<ReadLog> for &Executor {
    fn answer(self, ReadLog { origin, from_seq, bytes_max }: ReadLog) -> Result<LogRead> {
        self.replica.read_log(self.network, &origin, from_seq, bytes_max)
    }
}

impl Answers<ApplyRun> for &Executor {
    fn answer(self, ApplyRun { run, shares }: ApplyRun) -> Result<Applied> {
        wait(self.replica.apply_run(self.network, run, shares)).inspect(tell_refused)
    }
}

/// Tells why a run was refused.
fn tell_refused(applied: &Applied) {
    if let Verdict::Forged { reason } = &applied.verdict {
        tracing::debug!(origin = %applied.head.origin, reason, "deltas were refused");
    }
}

impl Answers<DropUnsigned> for &Executor {
    fn answer(self, DropUnsigned { origin }: DropUnsigned) -> Result<u64> {
        wait(self.replica.drop_unsigned(self.network, origin))
    }
}

impl Answers<VerifyHeads> for &Executor {
    fn answer(self, VerifyHeads { heads }: VerifyHeads) -> Result<VerifiedHeads> {
        self.replica.verify_heads(self.network, heads)
    }
}

impl Answers<AdoptHeads> for &Executor {
    fn answer(self, AdoptHeads { adoption, placement, ends_return }: AdoptHeads) -> Result<AdoptedHeads> {
        if let Some(placement) = &placement {
            wait(self.replica.put_placement(self.network, placement))?;
        }
        let partial = wait(self.replica.adopt_heads(self.network, adoption))?.partial;
        if ends_return {
            wait(self.replica.end_return(self.network))?;
        }
        Ok(AdoptedHeads { heads: self.heads()?, partial })
    }
}

impl Answers<CollectTombstones> for &Executor {
    fn answer(self, CollectTombstones { stable }: CollectTombstones) -> Result<u64> {
        wait(self.replica.collect_tombstones(self.network, stable))
    }
}

impl Answers<PruneLog> for &Executor {
    fn answer(self, PruneLog { acknowledged }: PruneLog) -> Result<u64> {
        wait(self.replica.prune_log(self.network, acknowledged))
    }
}

impl Answers<CheckOwnHead> for &Executor {
    fn answer(self, CheckOwnHead { head }: CheckOwnHead) -> Result<OwnHead> {
        match self.replica.check_own_head(self.network, &head)? {
            OwnChain::Known => {
                let mut heads = self.heads()?;
                heads.retain(|known| known.origin == head.origin);
                Ok(OwnHead::Known(heads))
            }
            OwnChain::Forged => Ok(OwnHead::Forged),
            OwnChain::Unknown => wait(self.replica.renew_origin()).map(OwnHead::Renewed),
        }
    }
}

impl Answers<RenewEarlyOrigin> for &Executor {
    fn answer(self, _: RenewEarlyOrigin) -> Result<Option<PeerId>> {
        wait(self.replica.renew_early_origin())
    }
}
