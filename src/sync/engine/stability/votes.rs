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
use crate::sync::engine::Engine;
use crate::sync::engine::io::EngineEvent;
use crate::sync::engine::limits::{POINTS_FORGED, STABILITY_VOTES_MS_MAX};
use crate::sync::engine::requests::{SignStatement, VerifyStatements};
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

impl Engine {
    /// Where everybody has contributed, signs what came of it if it is true of this node.
    pub(super) fn consider_voting(&mut self) {
        let is_open = !self.round.is_complete && self.round.contribution.is_some() && self.round.ballot.is_none();
        if !is_open || !self.have_all_contributed() {
            return;
        }
        let digest = self.round_digest();
        let (votes, waiting) = (BTreeMap::new(), BTreeMap::new());
        let began_ms = self.now_ms;
        self.round.ballot = Some(Ballot { digest, began_ms, votes, waiting, is_verifying: false });
        self.wake_at(self.now_ms.saturating_add(STABILITY_VOTES_MS_MAX));
        if !self.is_round_true() {
            return self.event(EngineEvent::RoundDisputed { round: self.round.number });
        }
        let statement = self.vote(digest);
        self.request(SignStatement { statement }, move |engine, reply| engine.on_sign_vote_done(digest, reply));
    }

    fn vote(&self, digest: VoteDigest) -> MemberStatement {
        MemberStatement::Vote { epoch: self.config.epoch, round: self.round.number, digest }
    }

    /// Whether what the round says of everybody is true of this node.
    fn is_round_true(&self) -> bool {
        let Some(contribution) = &self.round.contribution else { return false };
        let own = |origin: &PeerId| contribution.get(origin).copied().unwrap_or(0);
        let are_within =
            self.round.marks.iter().all(|(origin, mark)| (mark.least..=mark.greatest).contains(&own(origin)));
        let are_named = contribution.keys().all(|origin| self.round.marks.contains_key(origin));
        let whole = self.whole_collections();
        are_within && are_named && self.round.whole.iter().all(|name| whole.contains(name))
    }

    /// Over everything that members vote on: who votes, and what the round came to.
    fn round_digest(&self) -> VoteDigest {
        let mut hasher = blake3::Hasher::new_derive_key(DIGEST_CONTEXT);
        let mut write = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_be_bytes()).update(bytes);
        };
        write(&(self.roster.len() as u64).to_be_bytes());
        self.roster.peers().for_each(|peer| write(peer.as_str().as_bytes()));
        let excused = self.roster.peers().filter(|peer| self.config.excused.contains(peer));
        let excused: Vec<&PeerId> = excused.collect();
        write(&(excused.len() as u64).to_be_bytes());
        excused.iter().for_each(|peer| write(peer.as_str().as_bytes()));
        write(&(self.round.marks.len() as u64).to_be_bytes());
        for (origin, mark) in &self.round.marks {
            write(origin.as_str().as_bytes());
            write(&mark.least.to_be_bytes());
            write(&mark.greatest.to_be_bytes());
        }
        self.round.whole.iter().for_each(|name| write(name.as_bytes()));
        *hasher.finalize().as_bytes()
    }

    fn on_sign_vote_done(&mut self, digest: VoteDigest, result: Result<Bytes>) {
        let signature = match result {
            Ok(signature) => signature,
            // Another round begins when this one does not come to its end.
            Err(error) => return self.failed("signing a vote", &error),
        };
        let position = self.roster.peers().position(|peer| *peer == self.config.this);
        let position = position.and_then(|position| u32::try_from(position).ok());
        let ballot = self.round.ballot.as_mut().filter(|ballot| ballot.digest == digest);
        if let (Some(ballot), Some(position)) = (ballot, position) {
            ballot.votes.insert(position, signature);
            self.tell_all_of_votes();
            self.count_votes();
        }
    }

    pub(in crate::sync::engine) fn votes(&mut self, peer: &PeerId, votes: Votes) {
        let count = self.roster.len();
        if votes.members != self.electorate() || votes.signers.len() != count.div_ceil(8) {
            return;
        }
        self.check_electorate();
        let is_of_now = votes.round == self.round.number && self.round.members == votes.members;
        let Some(ballot) = self.round.ballot.as_mut().filter(|_| is_of_now) else {
            // One of the two is further on, and will say so.
            return self.tell_round(peer);
        };
        if ballot.digest != votes.digest {
            return;
        }
        if let Some(session) = self.sessions.get_mut(peer) {
            session.votes = Some((votes.digest, votes.signers.to_vec()));
        }
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
            self.tell_votes(peer, VOTES_PER_MESSAGE_MAX);
        }
        self.verify_votes();
    }

    /// Has signatures looked at, one batch at a time.
    fn verify_votes(&mut self) {
        let Some(ballot) = self.round.ballot.as_mut().filter(|ballot| !ballot.is_verifying) else { return };
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
        let statement = self.vote(digest);
        let signed = self.signed_votes(&votes, &statement);
        let done = move |engine: &mut Engine, reply| engine.on_verify_votes_done(digest, votes, reply);
        self.request(VerifyStatements { signed }, done);
    }

    /// Votes in order of position, with whose they are said to be.
    fn signed_votes(&self, votes: &[WaitingVote], statement: &MemberStatement) -> Vec<Signed> {
        let mut peers = (0_u32..).zip(self.roster.peers());
        let signed = votes.iter().filter_map(|vote| {
            let (_, peer) = peers.find(|(position, _)| *position == vote.position)?;
            Some(Signed { peer: peer.clone(), statement: statement.clone(), signature: vote.signature.clone() })
        });
        signed.collect()
    }

    fn on_verify_votes_done(&mut self, digest: VoteDigest, votes: Vec<WaitingVote>, result: Result<Vec<bool>>) {
        let right = match result {
            Ok(right) => right,
            Err(error) => {
                self.failed("looking at votes", &error);
                Vec::new()
            }
        };
        let mut forgers = Vec::new();
        if let Some(ballot) = self.round.ballot.as_mut().filter(|ballot| ballot.digest == digest) {
            ballot.is_verifying = false;
            for (vote, is_right) in votes.into_iter().zip(right) {
                if is_right {
                    ballot.votes.insert(vote.position, vote.signature);
                } else if !forgers.contains(&vote.sender) {
                    forgers.push(vote.sender);
                }
            }
            if !self.round.is_complete {
                self.gossip_soon();
            }
        }
        for forger in forgers {
            self.strike(&forger, POINTS_FORGED, "passed on votes that nobody signed");
        }
        self.count_votes();
        self.verify_votes();
    }

    /// Tells all connected members whose votes are here: they ask for those that they lack.
    fn tell_all_of_votes(&mut self) {
        for peer in self.active_peers() {
            self.tell_votes(&peer, 0);
        }
    }

    /// Ends the round where everybody has signed.
    fn count_votes(&mut self) {
        let Some(ballot) = self.round.ballot.as_ref().filter(|_| !self.round.is_complete) else { return };
        let has_voted = |(position, peer): (u32, &PeerId)| {
            ballot.votes.contains_key(&position) || self.config.excused.contains(peer)
        };
        if (0_u32..).zip(self.roster.peers()).all(has_voted) {
            self.complete_round();
            // Nobody who lacks some is to begin another round without having ended this one.
            self.tell_all_of_votes();
        }
    }

    /// Tells whose votes are here, with those that the peer lacks; where that is not known, with at most `unasked_max`.
    pub(super) fn tell_votes(&mut self, peer: &PeerId, unasked_max: usize) {
        let Some(ballot) = &self.round.ballot else { return };
        let mut signers = vec![0_u8; self.roster.len().div_ceil(8)];
        for position in ballot.votes.keys() {
            set_bit(&mut signers, *position);
        }
        let Some(session) = self.sessions.get_mut(peer) else { return };
        let seen = session.votes.as_ref().filter(|(digest, _)| *digest == ballot.digest);
        let has = |position: u32| seen.is_some_and(|(_, signers)| has_bit(signers, position));
        let lacking = ballot.votes.iter().filter(|(position, _)| !has(**position));
        let lacking = lacking.map(|(position, signature)| Vote { position: *position, signature: signature.clone() });
        let votes_max = if seen.is_some() { VOTES_PER_MESSAGE_MAX } else { unasked_max };
        let mut votes: Vec<Vote> = lacking.collect();
        self.random.choose(&mut votes, votes_max);
        if let Some((_, seen)) = session.votes.as_mut().filter(|(digest, _)| *digest == ballot.digest) {
            votes.iter().for_each(|vote| set_bit(seen, vote.position));
        }
        votes.sort_unstable_by_key(|vote| vote.position);
        let (round, members, digest) = (self.round.number, self.round.members, ballot.digest);
        let votes = Votes { round, members, digest, signers: Bytes::new(signers), votes };
        self.send(peer, Message::Votes(votes));
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
