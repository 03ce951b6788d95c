//! What a liar invents: answers in which nothing is there, and news of heads, members, votes and epochs.
//!
//! Messages are trees here, made after the last one of their kind that was heard, so that fields of which nothing is known
//! here keep sensible values.

use serde_json::{Value as Tree, json};

use crate::merge::{charter_id, commitment, digest_of_removed, edict_message, signed_message};
use crate::model::{Act, Bytes, Edict, Founding, PeerId};
use crate::store::{is_peer_id, peer_id_of};
use crate::sync::protocol::message::HEADS_MAX;
use crate::sync::simulation::liars::adversary::Adversary;
use crate::sync::simulation::liars::bodies::{Bait, forged, twisted};
use crate::sync::simulation::liars::lies::Lie;
use crate::sync::simulation::liars::tree::{bytes_in, bytes_of};

const ANSWER: &str = "/ReconcileResponse/answer";
/// A number far beyond all that were given.
const FAR: u64 = 1 << 61;
/// Messages of a flood.
const FLOOD: usize = 5;
/// Members in one message of a flood.
const FLOOD_MEMBERS: usize = 256;

/// Where no member can be dialled.
pub(super) const INVENTED_ADDRESSES: [&str; 2] = ["/ip4/127.0.0.1/tcp/22", "/ip4/10.0.0.1/tcp/80"];

impl Adversary {
    /// Makes a lie of an answer; false where it is none that the lie fits.
    pub(super) fn rewrite(&mut self, lie: Lie, tree: &mut Tree) -> bool {
        match lie {
            Lie::Absence => self.absent(tree),
            Lie::Bait => self.bait(tree),
            Lie::Forged => self.forged(tree),
            Lie::Pruned => pruned(tree),
            Lie::Deltas => self.unsigned(tree),
            _ => false,
        }
    }

    /// Nothing is here, whatever the heads say.
    fn absent(&mut self, tree: &mut Tree) -> bool {
        let mut has_changed = false;
        if let Some(children) = tree.pointer_mut(&format!("{ANSWER}/Tree/children")).and_then(Tree::as_array_mut) {
            children.iter_mut().for_each(|child| *child = bytes_in(&[0; 16]));
            has_changed = true;
        }
        for (answer, list) in [("Digests", "digests"), ("Entries", "entries")] {
            if let Some(answer) = tree.pointer_mut(&format!("{ANSWER}/{answer}")).and_then(Tree::as_object_mut) {
                answer.insert(list.to_string(), json!([]));
                answer.insert("next".to_string(), Tree::Null);
                has_changed = true;
            }
        }
        let heads = tree.pointer_mut(&format!("{ANSWER}/View/heads")).and_then(Tree::as_array_mut);
        if let Some(heads) = heads.filter(|_| self.random.below(2) == 0) {
            heads.iter_mut().filter_map(|head| head.pointer_mut("/seq")).for_each(|seq| *seq = json!(FAR));
            has_changed = true;
        }
        has_changed
    }

    /// The last delta of each run by another is one that it never wrote, of a posting whose end is still to come.
    fn unsigned(&mut self, tree: &mut Tree) -> bool {
        let me = self.identity.peer_id().to_string();
        let mut has_changed = false;
        for kind in ["Operation", "SyncResponse"] {
            let runs = tree.pointer_mut(&format!("/{kind}/runs")).and_then(Tree::as_array_mut);
            for run in runs.into_iter().flatten().filter(|run| run["origin"] != json!(me)) {
                let Some(last) = run["deltas"].as_array_mut().and_then(|deltas| deltas.last_mut()) else { continue };
                let body = bytes_of(&last["body"]).and_then(|body| twisted(&body, &self.peers, &mut self.random));
                let Some(body) = body else { continue };
                (last["signature"], last["body"]) = (Tree::Null, bytes_in(&body));
                has_changed = true;
            }
        }
        has_changed
    }

    /// An entry that nobody wrote, in every step of a reconciliation.
    fn bait(&mut self, tree: &mut Tree) -> bool {
        if let Some(children) = tree.pointer_mut(&format!("{ANSWER}/Tree/children")).and_then(Tree::as_array_mut) {
            for child in children {
                *child = bytes_in(&self.random.next().to_le_bytes().repeat(2));
            }
            return true;
        }
        let hash = self.random.next().to_le_bytes();
        if let Some(digests) = tree.pointer_mut(&format!("{ANSWER}/Digests/digests")).and_then(Tree::as_array_mut) {
            let digest = hash.repeat(2);
            digests.push(json!({
                "bucket": 0, "key_hash": bytes_in(&hash), "digest": bytes_in(&digest), "clock": [],
            }));
            return true;
        }
        let Some(entries) = tree.pointer_mut(&format!("{ANSWER}/Entries/entries")).and_then(Tree::as_array_mut) else {
            return false;
        };
        let bait = Bait::choose(&mut self.random);
        let author = self.identity.peer_id().clone();
        let at = usize::try_from(self.random.below(self.blobs.len() as u64)).unwrap();
        let blob = self.blobs.get(at).cloned();
        let number = self.random.next();
        let (key, body) = bait.entry(number, (&author, self.now_ms), blob.as_deref(), &mut self.random);
        let mut entry = entries.last().cloned().unwrap_or_else(|| json!({"contributions": []}));
        (entry["key"], entry["body"]) = (bytes_in(&key), bytes_in(&body));
        entries.push(entry);
        true
    }

    /// Every entry has changed, since its author has written to it once more.
    fn forged(&mut self, tree: &mut Tree) -> bool {
        if let Some(children) = tree.pointer_mut(&format!("{ANSWER}/Tree/children")).and_then(Tree::as_array_mut) {
            let is_empty = |child: &Tree| bytes_of(child).is_none_or(|bytes| bytes.iter().all(|byte| *byte == 0));
            for child in children.iter_mut().filter(|child| !is_empty(child)) {
                *child = bytes_in(&self.random.next().to_le_bytes().repeat(2));
            }
            return true;
        }
        if let Some(digests) = tree.pointer_mut(&format!("{ANSWER}/Digests/digests")).and_then(Tree::as_array_mut) {
            for digest in digests {
                digest["digest"] = bytes_in(&self.random.next().to_le_bytes().repeat(2));
            }
            return true;
        }
        let me = self.identity.peer_id().clone();
        let entries = tree.pointer_mut(&format!("{ANSWER}/Entries/entries")).and_then(Tree::as_array_mut);
        let mut has_changed = false;
        for entry in entries.into_iter().flatten() {
            let parts = bytes_of(&entry["body"]).zip(bytes_of(&entry["contributions"]));
            let Some((body, given)) = parts.and_then(|(body, given)| forged(&body, &given, &me)) else { continue };
            (entry["body"], entry["contributions"]) = (bytes_in(&body), bytes_in(&given));
            has_changed = true;
        }
        has_changed
    }

    /// Messages that nobody asked for.
    pub(super) fn invent(&mut self, lie: Lie) -> Vec<Tree> {
        match lie {
            Lie::Heads | Lie::OwnHead => {
                let head = if lie == Lie::OwnHead { self.own_head() } else { self.head_of_another() };
                self.heartbeat(vec![head]).into_iter().collect()
            }
            Lie::HeadFlood => {
                let flood = |adversary: &mut Adversary| {
                    let heads = (0..HEADS_MAX).map(|_| adversary.head_of_nobody()).collect();
                    adversary.heartbeat(heads)
                };
                (0..FLOOD).filter_map(|_| flood(self)).collect()
            }
            Lie::Members => vec![self.members(1)],
            Lie::MemberFlood => (0..FLOOD).map(|_| self.members(FLOOD_MEMBERS)).collect(),
            Lie::Votes => self.votes().into_iter().chain(self.signed_votes()).collect(),
            Lie::FarEpoch => {
                let epoch = [u64::MAX, FAR, 1 << 32][usize::try_from(self.random.below(3)).unwrap()];
                self.epoch(epoch, Vec::new())
            }
            Lie::Epoch => {
                let removed = self.peers.iter().take(usize::from(self.now_ms.is_multiple_of(2))).cloned().collect();
                let epoch = 2 + self.random.below(3);
                self.epoch(epoch, removed)
            }
            _ => Vec::new(),
        }
    }

    /// An epoch that it has no right to begin, in its own name with its signature or in the founder's without one.
    fn epoch(&mut self, epoch: u64, removed: Vec<PeerId>) -> Vec<Tree> {
        let Some(mut tree) = self.templates.get("epoch").cloned() else { return Vec::new() };
        let founding: Founding = serde_json::from_value(tree["Epoch"]["charter"]["founding"].clone()).unwrap();
        let (id, number) = (charter_id(&self.network, &founding), 1 + self.random.below(3));
        let (salt, secret) = ([0; 16], "the secret of a liar");
        let known = digest_of_removed(&removed);
        let act = Act::Epoch { number: epoch, commitment: commitment(&id, epoch, &salt, secret), removed, known };
        let me = self.identity.peer_id().clone();
        let signer = if self.random.below(2) == 0 { me } else { founding.founder };
        let signature = Bytes::new(self.identity.sign(&edict_message(&id, number, &signer, &act)));
        let edict = json!(Edict { number, signer, act, signature });
        tree["Epoch"]["charter"]["edicts"].as_array_mut().unwrap().push(edict);
        tree["Epoch"]["secret"] = json!({"epoch": epoch, "salt": salt, "secret": secret});
        vec![tree]
    }

    /// A heartbeat as the last one, with these heads.
    fn heartbeat(&mut self, heads: Vec<Tree>) -> Option<Tree> {
        let mut tree = self.templates.get("heartbeat").cloned()?;
        *tree.pointer_mut("/Heartbeat/heads")? = Tree::Array(heads);
        *tree.pointer_mut("/Heartbeat/digest")? = bytes_in(&self.random.next().to_le_bytes().repeat(2));
        Some(tree)
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.random.next().to_le_bytes()[0]).collect()
    }

    /// Signed as it should be, and nothing leads to it.
    fn own_head(&mut self) -> Tree {
        let seq = [FAR, u64::MAX - 1, 1 << 20][usize::try_from(self.random.below(3)).unwrap()];
        let hash: [u8; 32] = self.bytes(32).try_into().unwrap();
        let origin = self.identity.peer_id();
        let signature = self.identity.sign(&signed_message(&self.network, origin, seq, &hash));
        json!({"origin": origin, "seq": seq, "hash": bytes_in(&hash), "signature": bytes_in(&signature)})
    }

    fn head_of_another(&mut self) -> Tree {
        let at = usize::try_from(self.random.below(self.peers.len() as u64 + 1)).unwrap();
        let origin = self.peers.get(at).cloned().unwrap_or_else(|| self.nobody());
        let seq = [1 + self.random.below(6), FAR, u64::MAX - 1][usize::try_from(self.random.below(3)).unwrap()];
        let (hash, signature) = (self.bytes(32), self.bytes(64));
        json!({"origin": origin, "seq": seq, "hash": bytes_in(&hash), "signature": bytes_in(&signature)})
    }

    fn head_of_nobody(&mut self) -> Tree {
        let origin = format!("nobody{}", letters(self.random.next()));
        json!({"origin": origin, "seq": 1, "hash": bytes_in(&[1; 32]), "signature": bytes_in(&[2; 64])})
    }

    /// The id of a peer that nobody has ever met.
    fn nobody(&mut self) -> PeerId {
        loop {
            let peer = peer_id_of(&self.bytes(32).try_into().unwrap());
            if is_peer_id(&peer) {
                return peer;
            }
        }
    }

    fn members(&mut self, count: usize) -> Tree {
        let member = |adversary: &mut Adversary| {
            let at = usize::try_from(adversary.random.below(2 * adversary.peers.len() as u64)).unwrap();
            let known = adversary.peers.get(at).cloned().filter(|_| count < FLOOD_MEMBERS);
            let peer = known.unwrap_or_else(|| adversary.nobody());
            let named_ms = [0, adversary.now_ms, u64::MAX][usize::try_from(adversary.random.below(3)).unwrap()];
            json!({"peer": peer, "named_ms": named_ms, "signature": bytes_in(&[0; 64]),
                "addresses": INVENTED_ADDRESSES})
        };
        let members: Vec<Tree> = (0..count).map(|_| member(self)).collect();
        json!({"Members": {"members": members}})
    }

    /// Everybody has said that everybody holds everything, or no less than those who have said something.
    fn votes(&mut self) -> Option<Tree> {
        let mut tree = self.templates.get("stability").cloned()?;
        let contributed = tree.pointer_mut("/Stability/contributed")?;
        let bytes = contributed.as_array()?.len();
        *contributed = bytes_in(&vec![0xff; bytes]);
        if self.random.below(2) == 0 {
            return Some(tree);
        }
        for mark in tree.pointer_mut("/Stability/marks")?.as_array_mut()? {
            (mark["least"], mark["greatest"]) = (json!(FAR), json!(FAR));
        }
        Some(tree)
    }

    /// Everybody has signed the round that is under way.
    fn signed_votes(&mut self) -> Option<Tree> {
        let mut tree = self.templates.get("votes").cloned()?;
        let signers = tree.pointer_mut("/Votes/signers")?;
        let bytes = signers.as_array()?.len();
        *signers = bytes_in(&vec![0xff; bytes]);
        let vote = |position: usize| json!({"position": position, "signature": bytes_in(&[0; 64])});
        *tree.pointer_mut("/Votes/votes")? = (0..self.peers.len()).map(vote).collect();
        Some(tree)
    }
}

/// A number in letters, as a name of a peer may have them.
fn letters(number: u64) -> String {
    number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
}

/// The log of every origin that was asked for begins far behind.
fn pruned(tree: &mut Tree) -> bool {
    let Some(response) = tree.pointer_mut("/SyncResponse").and_then(Tree::as_object_mut) else { return false };
    let mut wants: Vec<Tree> = response.get("runs").and_then(Tree::as_array).into_iter().flatten().cloned().collect();
    for want in &mut wants {
        *want = json!({"origin": want["origin"], "from_seq": FAR});
    }
    response.insert("runs".to_string(), json!([]));
    response.insert("pruned".to_string(), Tree::Array(wants));
    true
}
