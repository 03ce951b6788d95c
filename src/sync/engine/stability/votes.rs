//! Votes: the second half of a stability round.
//!
//! What a round says by word of mouth counts for nothing until every member has signed that it is true of itself: that it
//! had applied the least numbers when it contributed, that nothing it held then lies above the greatest, and that it holds
//! the collections whole. So a member that says something else of others than they are stops a round, and completes none.
//!
//! Votes go around by word of mouth as well. A message names whose votes the sender has; a peer that has others answers with
//! them, and one that lacks some answers with what it has. Signatures are looked at off the engine, and each once; of each member at
//! most one waits for that.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::model::{Bytes, PeerId};
use crate::sync::engine::core::EngineCore;
use crate::sync::engine::event::EngineEvent;
use crate::sync::engine::limits::{POINTS_FORGED, STABILITY_VOTES_MS_MAX};
use crate::sync::engine::partial::eviction::Eviction;
use crate::sync::engine::requests::{SignStatement, VerifyStatements};
use crate::sync::engine::stability::stability::{StabilityRounds, takes_part};
use crate::sync::protocol::message::{Message, VOTES_PER_MESSAGE_MAX, Vote, Votes};
use crate::sync::protocol::statement::{MemberStatement, Signed, VoteDigest};

const DIGEST_CONTEXT: &str = "nebulusdb 2026 stability round";

/// The votes in one round.
#[derive(Debug)]
pub(in crate::sync::engine) struct Ballot {
    pub digest: VoteDigest,
    pub began_ms: u64,
    /// By position among the members; their signatures are right.
    votes: BTreeMap<u32, Bytes>,
    /// Signatures that nobody has looked at.
    waiting: BTreeMap<u32, WaitingVote>,
    is_verifying: bool,
}

/// A vote that a peer has passed on.
#[derive(Clone, Debug)]
pub(in crate::sync::engine) struct WaitingVote {
    position: u32,
    sender: PeerId,
    signature: Bytes,
}

impl StabilityRounds {
    /// Where everybody has contributed, signs what came of it if it is true of this node.
    pub(super) fn consider_voting(&mut self, core: &mut EngineCore, eviction: &Eviction) {
        let is_open = !self.is_complete && self.contribution.is_some() && self.ballot.is_none();
        if !is_open || !self.have_all_contributed(core) {
            return;
        }
        let digest = self.round_digest(core);
        let (votes, waiting) = (BTreeMap::new(), BTreeMap::new());
        let began_ms = core.now_ms;
        self.ballot = Some(Ballot { digest, began_ms, votes, waiting, is_verifying: false });
        core.wake_at(core.now_ms.saturating_add(STABILITY_VOTES_MS_MAX));
        if core.is_unconfirmed {
            return;
        }
        if !self.is_round_true(core, eviction) {
            return core.event(EngineEvent::RoundDisputed { round: self.number });
        }
        let statement = self.vote(core, digest);
        core.request(SignStatement { statement }, move |engine, reply| {
            if engine.stability.on_sign_vote_done(&mut engine.core, digest, reply) {
                engine.round_completed();
            }
        });
    }

    fn vote(&self, core: &EngineCore, digest: VoteDigest) -> MemberStatement {
        MemberStatement::Vote { epoch: core.config.epoch, round: self.number, digest }
    }

    /// Whether what the round says of everybody is true of this node.
    fn is_round_true(&self, core: &EngineCore, eviction: &Eviction) -> bool {
        let Some(contribution) = &self.contribution else { return false };
        let own = |origin: &PeerId| contribution.get(origin).copied().unwrap_or(0);
        let are_within = self.marks.iter().all(|(origin, mark)| (mark.least..=mark.greatest).contains(&own(origin)));
        let are_named = contribution.keys().all(|origin| self.marks.contains_key(origin));
        let whole = eviction.whole_collections(core);
        are_within && are_named && self.whole.iter().all(|name| whole.contains(name))
    }

    /// Over everything that members vote on: who votes, and what the round came to.
    fn round_digest(&self, core: &EngineCore) -> VoteDigest {
        let mut hasher = blake3::Hasher::new_derive_key(DIGEST_CONTEXT);
        let mut write = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_be_bytes()).update(bytes);
        };
        write(&(core.roster.len() as u64).to_be_bytes());
        core.roster.peers().for_each(|peer| write(peer.as_str().as_bytes()));
        let excused = core.roster.peers().filter(|peer| core.config.excused.contains(peer));
        let excused: Vec<&PeerId> = excused.collect();
        write(&(excused.len() as u64).to_be_bytes());
        excused.iter().for_each(|peer| write(peer.as_str().as_bytes()));
        write(&(self.marks.len() as u64).to_be_bytes());
        for (origin, mark) in &self.marks {
            write(origin.as_str().as_bytes());
            write(&mark.least.to_be_bytes());
            write(&mark.greatest.to_be_bytes());
        }
        self.whole.iter().for_each(|name| write(name.as_bytes()));
        *hasher.finalize().as_bytes()
    }

    /// Whether everybody has signed now.
    fn on_sign_vote_done(&mut self, core: &mut EngineCore, digest: VoteDigest, result: Result<Bytes>) -> bool {
        let signature = match result {
            Ok(signature) => signature,
            // Another round begins when this one does not come to its end.
            Err(error) => {
                core.failed("signing a vote", &error);
                return false;
            }
        };
        let position = core.roster.peers().position(|peer| *peer == core.config.this);
        let position = position.and_then(|position| u32::try_from(position).ok());
        let ballot = self.ballot.as_mut().filter(|ballot| ballot.digest == digest);
        let (Some(ballot), Some(position)) = (ballot, position) else { return false };
        ballot.votes.insert(position, signature);
        self.send_votes_to_all(core);
        self.count_votes(core)
    }

    pub fn on_votes(&mut self, core: &mut EngineCore, peer: &PeerId, votes: Votes) {
        let count = core.roster.len();
        if votes.members != core.round_members() || votes.signers.len() != count.div_ceil(8) || !takes_part(core) {
            return;
        }
        self.check_members(core);
        let is_of_now = votes.round == self.number && self.members == votes.members;
        let Some(ballot) = self.ballot.as_mut().filter(|_| is_of_now) else {
            // One of the two is further on, and will say so.
            return self.send_round(core, peer);
        };
        if ballot.digest != votes.digest {
            return;
        }
        self.signers_seen.insert(peer.clone(), (votes.digest, votes.signers.to_vec()));
        for Vote { position, signature } in votes.votes {
            let is_member = usize::try_from(position).is_ok_and(|position| position < count);
            if is_member && !ballot.votes.contains_key(&position) {
                let waiting = || WaitingVote { position, sender: peer.clone(), signature };
                ballot.waiting.entry(position).or_insert_with(waiting);
            }
        }
        let has_here = |position: &u32| ballot.votes.contains_key(position) || ballot.waiting.contains_key(position);
        let positions = 0..u32::try_from(count).unwrap_or(u32::MAX);
        let is_lacking = positions.into_iter().any(|at| has_bit(&votes.signers, at) && !has_here(&at));
        if is_lacking || ballot.votes.keys().any(|position| !has_bit(&votes.signers, *position)) {
            self.send_votes(core, peer, VOTES_PER_MESSAGE_MAX);
        }
        self.verify_votes(core);
    }

    /// Has signatures looked at, one batch at a time.
    fn verify_votes(&mut self, core: &mut EngineCore) {
        let Some(ballot) = self.ballot.as_mut().filter(|ballot| !ballot.is_verifying) else { return };
        let mut votes = Vec::new();
        while votes.len() < VOTES_PER_MESSAGE_MAX
            && let Some((_, vote)) = ballot.waiting.pop_first()
        {
            votes.push(vote);
        }
        if votes.is_empty() {
            return;
        }
        ballot.is_verifying = true;
        let digest = ballot.digest;
        let statement = self.vote(core, digest);
        let signed = self.signed_votes(core, &votes, &statement);
        core.request(VerifyStatements { signed }, move |engine, reply| {
            if engine.stability.on_verify_votes_done(&mut engine.core, digest, votes, reply) {
                engine.round_completed();
            }
            engine.stability.verify_votes(&mut engine.core);
        });
    }

    /// Votes in order of position, with whose they are said to be.
    fn signed_votes(&self, core: &EngineCore, votes: &[WaitingVote], statement: &MemberStatement) -> Vec<Signed> {
        let mut peers = (0_u32..).zip(core.roster.peers());
        let signed = votes.iter().filter_map(|vote| {
            let (_, peer) = peers.find(|(position, _)| *position == vote.position)?;
            Some(Signed { peer: peer.clone(), statement: statement.clone(), signature: vote.signature.clone() })
        });
        signed.collect()
    }

    /// Whether everybody has signed now.
    fn on_verify_votes_done(
        &mut self,
        core: &mut EngineCore,
        digest: VoteDigest,
        votes: Vec<WaitingVote>,
        result: Result<Vec<bool>>,
    ) -> bool {
        let right = match result {
            Ok(right) => right,
            Err(error) => {
                core.failed("looking at votes", &error);
                Vec::new()
            }
        };
        let mut forgers = Vec::new();
        if let Some(ballot) = self.ballot.as_mut().filter(|ballot| ballot.digest == digest) {
            ballot.is_verifying = false;
            for (vote, is_right) in votes.into_iter().zip(right) {
                if is_right {
                    ballot.votes.insert(vote.position, vote.signature);
                } else if !forgers.contains(&vote.sender) {
                    forgers.push(vote.sender);
                }
            }
            if !self.is_complete {
                self.gossip_soon(core);
            }
        }
        for forger in forgers {
            core.penalise(&forger, POINTS_FORGED, "passed on votes that nobody signed");
        }
        self.count_votes(core)
    }

    /// Tells all connected members whose votes are here: they ask for those that they lack.
    pub(super) fn send_votes_to_all(&mut self, core: &mut EngineCore) {
        for peer in core.active_peers() {
            self.send_votes(core, &peer, 0);
        }
    }

    /// Ends the round where everybody has signed; whether that is so now.
    fn count_votes(&mut self, core: &mut EngineCore) -> bool {
        let is_of_now = !self.is_complete && self.members == core.round_members();
        let Some(ballot) = self.ballot.as_ref().filter(|_| is_of_now) else { return false };
        let has_voted = |(position, peer): (u32, &PeerId)| {
            ballot.votes.contains_key(&position) || core.config.excused.contains(peer)
        };
        let have_all_voted = (0_u32..).zip(core.roster.peers()).all(has_voted);
        if have_all_voted {
            self.complete_round(core);
        }
        have_all_voted
    }

    /// Tells whose votes are here, with those that the peer lacks; where that is not known, with at most `unasked_max`.
    pub(super) fn send_votes(&mut self, core: &mut EngineCore, peer: &PeerId, unasked_max: usize) {
        let Some(ballot) = &self.ballot else { return };
        let mut signers = vec![0_u8; core.roster.len().div_ceil(8)];
        for position in ballot.votes.keys() {
            set_bit(&mut signers, *position);
        }
        let seen = self.signers_seen.get(peer).filter(|(digest, _)| *digest == ballot.digest);
        let has = |position: u32| seen.is_some_and(|(_, signers)| has_bit(signers, position));
        let lacking = ballot.votes.iter().filter(|(position, _)| !has(**position));
        let lacking = lacking.map(|(position, signature)| Vote { position: *position, signature: signature.clone() });
        let votes_max = if seen.is_some() { VOTES_PER_MESSAGE_MAX } else { unasked_max };
        let mut votes: Vec<Vote> = lacking.collect();
        core.random.choose(&mut votes, votes_max);
        if let Some((_, seen)) = self.signers_seen.get_mut(peer).filter(|(digest, _)| *digest == ballot.digest) {
            votes.iter().for_each(|vote| set_bit(seen, vote.position));
        }
        votes.sort_unstable_by_key(|vote| vote.position);
        let (round, members, digest) = (self.number, self.members, ballot.digest);
        let votes = Votes { round, members, digest, signers: Bytes::new(signers), votes };
        core.send(peer, Message::Votes(votes));
    }
}

fn has_bit(bits: &[u8], position: u32) -> bool {
    let byte = usize::try_from(position / 8).ok().and_then(|place| bits.get(place));
    byte.is_some_and(|byte| byte & (1 << (position % 8)) != 0)
}

fn set_bit(bits: &mut [u8], position: u32) {
    if let Some(byte) = usize::try_from(position / 8).ok().and_then(|place| bits.get_mut(place)) {
        *byte |= 1 << (position % 8);
    }
}
