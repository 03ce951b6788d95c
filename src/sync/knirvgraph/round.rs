//! One round over everything that is staged: what the specification calls `handleSync`. Blocking.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::db::{EntryKey, StagedForPosting};
use crate::error::{Error, Result};
use crate::model::{CollectionId, NetworkId};
use crate::store::Identity;
use crate::sync::knirvgraph::{BackOff, Blame, Endpoint, KnirvgraphPosting, Outbox, Rejected, transaction};

/// Staged entries that are held in memory at once.
pub const STAGED_PAGE_ENTRIES: usize = 16;
/// Refusals in a row after which a round ends: an endpoint that wants nothing is not asked about everything.
const REFUSALS_IN_A_ROW_MAX: usize = 16;

/// What a round did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostingReport {
    /// Transactions that the endpoint accepted.
    pub accepted: u64,
    /// Entries that lost their stage; fewer than accepted where somebody wrote to them meanwhile.
    pub cleared: u64,
    /// Transactions that were sent and not accepted, and entries that make none.
    pub refused: u64,
    /// Entries that were left out because their last failure is too fresh.
    pub waiting: u64,
    /// Bytes of all transactions that were sent.
    pub bytes_sent: u64,
    /// Whether the round came to the end of what is staged.
    pub complete: bool,
    /// Of the last thing that went wrong, for people.
    pub last_error: Option<String>,
}

/// An entry on this node.
pub(super) type EntryName = (CollectionId, EntryKey);

/// The poster's tools and memory, which rounds share.
pub(super) struct PostingRound<O> {
    pub outbox: O,
    pub endpoint: Endpoint,
    pub identity: Arc<Identity>,
    pub network: NetworkId,
    pub network_name: String,
    pub back_off: BackOff<EntryName>,
    /// Set when nobody waits for the round any more: it ends before the next transaction.
    pub stop: Arc<AtomicBool>,
}

/// Counts of one round.
struct Progress {
    /// Milliseconds since 1970, at `started`.
    started_ms: u64,
    started: Instant,
    force: bool,
    refusals_in_a_row: usize,
    report: PostingReport,
}

/// How it went with one entry.
enum Outcome {
    /// The graph has it, or need not have it.
    Out,
    Stays,
    /// It stays, and so does everything behind it.
    EndsRound,
}

impl<O: Outbox> PostingRound<O> {
    /// Submits every staged entry that is due, or with `force` every staged entry. `now_ms`: milliseconds since 1970.
    ///
    /// # Errors
    /// Of the database. Whatever was accepted before may be sent again, under the same ids.
    pub fn run(&mut self, now_ms: u64, force: bool) -> Result<PostingReport> {
        let report = PostingReport::default();
        let mut progress =
            Progress { started_ms: now_ms, started: Instant::now(), force, refusals_in_a_row: 0, report };
        if !force && !self.back_off.is_endpoint_due(now_ms) {
            progress.report.waiting = u64::try_from(self.back_off.waiting()).unwrap_or(u64::MAX);
            return Ok(progress.report);
        }
        self.back_off.begin_pass();
        let mut after = None;
        loop {
            let page = self.outbox.staged_entries(self.network, after, STAGED_PAGE_ENTRIES)?;
            let Some(last) = page.last() else {
                self.back_off.end_pass();
                progress.report.complete = true;
                return Ok(progress.report);
            };
            after = Some(name_of(last));
            if !self.post_page(&page, &mut progress)? {
                return Ok(progress.report);
            }
        }
    }

    /// Whether the round goes on.
    fn post_page(&mut self, page: &[StagedForPosting], progress: &mut Progress) -> Result<bool> {
        let mut out = Vec::new();
        let mut goes_on = true;
        for staged in page {
            if self.stop.load(Ordering::Relaxed) {
                goes_on = false;
                break;
            }
            let is_due = self.back_off.is_due(&name_of(staged), staged.version, progress.now_ms());
            if !is_due && !progress.force {
                progress.report.waiting += 1;
                continue;
            }
            match self.post(staged, progress) {
                Outcome::Out => out.push((staged.collection, staged.key.clone(), staged.version)),
                Outcome::Stays => {}
                Outcome::EndsRound => {
                    goes_on = false;
                    break;
                }
            }
        }
        if !out.is_empty() {
            progress.report.cleared += self.outbox.mark_posted(self.network, out)?;
        }
        Ok(goes_on)
    }

    fn post(&mut self, staged: &StagedForPosting, progress: &mut Progress) -> Outcome {
        let posting = KnirvgraphPosting {
            network: &self.network_name,
            collection: &staged.collection_name,
            id: &staged.id,
            version: staged.version,
            state: &staged.state,
            was_posted: staged.was_posted,
        };
        let made = match transaction(&posting, &self.identity) {
            Ok(Some(made)) => made,
            Ok(None) => return Outcome::Out,
            Err(error) => {
                progress.refused(&error);
                self.back_off.failed(name_of(staged), staged.version, progress.now_ms(), 0);
                return Outcome::Stays;
            }
        };
        progress.report.bytes_sent += u64::try_from(made.body.len()).unwrap_or(u64::MAX);
        match self.endpoint.submit(&made) {
            Ok(_) => {
                progress.report.accepted += 1;
                progress.refusals_in_a_row = 0;
                self.back_off.accepted(&name_of(staged));
                self.back_off.endpoint_answered();
                Outcome::Out
            }
            Err(rejected) => self.rejected(staged, &rejected, progress),
        }
    }

    fn rejected(&mut self, staged: &StagedForPosting, rejected: &Rejected, progress: &mut Progress) -> Outcome {
        let now_ms = progress.now_ms();
        progress.refused(&rejected.error);
        progress.refusals_in_a_row += 1;
        let mut wait_ms = rejected.retry_after_ms;
        let ends = rejected.blame == Blame::Endpoint || progress.refusals_in_a_row >= REFUSALS_IN_A_ROW_MAX;
        if ends {
            self.back_off.endpoint_failed(now_ms, rejected.retry_after_ms);
            wait_ms = self.back_off.behind_endpoint_ms(now_ms);
        }
        self.back_off.failed(name_of(staged), staged.version, now_ms, wait_ms);
        if ends { Outcome::EndsRound } else { Outcome::Stays }
    }
}

impl Progress {
    fn now_ms(&self) -> u64 {
        self.started_ms.saturating_add(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    fn refused(&mut self, error: &Error) {
        self.report.refused += 1;
        self.report.last_error = Some(error.message().to_string());
    }
}

fn name_of(staged: &StagedForPosting) -> EntryName {
    (staged.collection, staged.key.clone())
}
