//! How often, how much, how long: the numbers by which an engine lives. Times in milliseconds.

use crate::sync::protocol::message::{DIGESTS_MAX, SYNC_BATCH_BYTES};

/// How far heartbeats to a peer are apart after something has changed.
pub const HEARTBEAT_MS_MIN: u64 = 1_000;
/// How far heartbeats to a peer are apart at most: while nothing changes, each is twice as late as the one before.
pub const HEARTBEAT_MS_MAX: u64 = 10_000;
/// A peer that has been silent for so long is taken for gone.
pub const PEER_SILENT_MS_MAX: u64 = 45_000;
/// How soon a peer that sent deltas is told that they were applied, and members of a small network of new ones.
pub const ACKNOWLEDGE_MS: u64 = 100;
/// Members up to which a network is small.
pub const SMALL_NETWORK_MAX: usize = 16;
/// How long a heads message to a few peers waits for more heads to move.
pub const ANNOUNCE_MS: u64 = 3;
/// Most heads that are told without being asked for; a peer with other digests asks for the rest.
pub const GREETING_HEADS_MAX: usize = 64;
/// How often all heads are asked for, or the member list is repeated, at most.
pub const REPEAT_MS_MIN: u64 = 15_000;

/// Fresh deltas go at once to so many peers; where more are connected, the others learn of them from one another.
pub const EAGER_PEERS_MAX: usize = 8;
/// Peers that a node in a large network tells of news at once.
pub const RELAY_FANOUT: usize = 4;
/// Largest run that is pushed, in bytes; of larger ones only the head is told.
pub const PUSH_BYTES_MAX: usize = 256 * 1024;

/// Requests under way to one peer.
pub const PULLS_PER_PEER_MAX: usize = 4;
/// A pull that is not answered goes to another peer.
pub const PULL_TIMEOUT_MS: u64 = 20_000;
/// Requests of one peer that wait to be served; more are a flood.
pub const SERVES_PER_PEER_MAX: usize = 16;
/// Runs being applied at the same time, each of another origin.
pub const APPLIES_MAX: usize = 4;
/// How long an origin rests after the database failed on it, or a peer whose deltas of it were refused.
pub const RETRY_MS: u64 = 5_000;
pub const DISTRUST_MS: u64 = 600_000;
/// How long nothing is asked of a peer about an origin whose deltas it may have changed on their way.
pub const STORY_DISTRUST_MS: u64 = 30_000;

/// Views kept for peers that reconcile with this node.
pub const VIEWS_MAX: usize = 4;
/// How long a view lives that no peer asks from.
pub const VIEW_IDLE_MS_MAX: u64 = 60_000;
/// How long a view is kept before it has to make room where others wait for one: what has been taken over by then stays with the peer.
pub const VIEW_TURN_MS: u64 = 60_000;
/// How long a view lives at most.
pub const VIEW_AGE_MS_MAX: u64 = 1_800_000;
/// How many intervals later than planned a node compares its entries with those of a peer while there are deltas to pull.
pub const BUSY_AUDITS: u64 = 3;
/// A step of a reconciliation that is not answered ends it, and so do logs that do not bring in that time what its view counts.
pub const RECONCILE_TIMEOUT_MS: u64 = 30_000;
/// Deltas that are due later than so long from now are not waited for by comparisons.
pub const EARLY_MS_MAX: u64 = 3_600_000;
/// How long to wait before reconciling again after it failed.
pub const RECONCILE_RETRY_MS: u64 = 5_000;
/// How long a node that returns under another identity gives nothing of what it holds away before it has been compared with a
/// member; where all return, somebody has to begin.
pub const RETURN_MS_MAX: u64 = 600_000;
/// Bytes that one digest takes in an answer, about.
const DIGEST_BYTES: usize = 128;
/// Entries that are asked for at a time.
pub const FETCH_ENTRIES: usize = 1_024;
/// Batches of entries being merged while the next are on their way.
pub const MERGES_MAX: usize = 4;
/// Pages of a snapshot that are on their way from one peer.
pub const PAGES_ASKED_MAX: usize = 2;

/// Entries drawn from what is going to be dropped, for all members together.
pub const DRAWN_MAX: usize = 8_192;
/// Drawn entries that one member is asked for: one that lacks half passes once in 256 times.
pub const CHALLENGE_KEYS_MAX: usize = 8;
/// Whoever has not answered by then does not hold what it says.
pub const CHALLENGE_MS_MAX: u64 = 10_000;

/// Statements that fetch entries from other members at a time.
pub const FETCHES_MAX: usize = 256;
/// How long one member may take to answer a fetch.
pub const FETCH_TIMEOUT_MS: u64 = 5_000;
/// How long all members together may take to answer a fetch.
pub const FETCH_MS_MAX: u64 = 15_000;
/// How often a member is asked again because it is behind what is known here.
pub const FETCH_TRIES_MAX: u32 = 20;
/// Fetches that ask one member at a time; others wait for their turn.
pub const FETCHES_PER_PEER_MAX: usize = SERVES_PER_PEER_MAX / 2;
/// Statements that list the keys of others at a time: fewer than a member serves.
pub const LISTINGS_MAX: usize = SERVES_PER_PEER_MAX / 2;
/// How long one member may take to answer a listing.
pub const LISTING_TIMEOUT_MS: u64 = 15_000;
/// How long what is brought here for a statement that reads all of a collection stays at least.
pub const GATHERED_MS_MIN: u64 = 60_000;
/// Bytes of keys in one request of a peer that are looked up.
pub const SERVED_KEYS_BYTES_MAX: usize = 1024 * 1024;

/// How often an unfinished stability round is told again.
pub const STABILITY_REPEAT_MS: u64 = 10_000;
/// How soon news of a round go on.
pub const STABILITY_GOSSIP_MS: u64 = 500;
/// Peers that are told of a round at a time.
pub const STABILITY_FANOUT: usize = 3;

/// How long members may take to vote in a round that all have contributed to; after that another one begins, since somebody
/// has started anew meanwhile, or says different things to different members.
pub const STABILITY_VOTES_MS_MAX: u64 = 60_000;
/// Rounds are so far apart for each member: a large network spends no more on votes than a small one (64 bytes a vote).
pub const STABILITY_MS_PER_MEMBER: u64 = 30;
/// No more rounds than one in so many milliseconds since 1970: whoever says more would have everybody count to the end.
pub const STABILITY_ROUND_MS_MIN: u64 = 1_000;
/// Votes that are sent to a member of which it is not known what it has; it answers with what it lacks.
pub const VOTES_UNASKED_MAX: usize = 32;

/// How long deltas that a member has shown and not given may be lacking before it is named: three requests that are not
/// answered, so that a member under load is not.
pub const WITHHELD_MS: u64 = 60_000;
/// Origins of which withheld deltas are remembered.
pub const GAPS_MAX: usize = 1_024;
/// Members that are named as withholding the deltas of one origin.
pub const WITHHOLDERS_MAX: usize = 8;

/// How far apart the times are at which a member signs its head, at least.
pub const HEAD_TIME_MS: u64 = 60_000;
/// How far apart these times are for each member: 160 bytes to each neighbour for each time make 2 KiB a second in a network of
/// any size.
pub const HEAD_TIME_MS_PER_MEMBER: u64 = 600;
/// Times of one member that are closer than this are not listened to.
pub const HEAD_TIME_MS_MIN: u64 = 20_000;

/// Members that one member alone may tell of and nobody here has met. A hub introduces that many others to each of them; keys
/// cost nothing, so a liar introduces that many, too.
pub const INTRODUCED_PER_MEMBER_MAX: usize = 1_024;
/// The same of all members together: a quarter of the greatest network, so that liars leave room for those who are met.
pub const INTRODUCED_MAX: usize = 4_096;
/// Messages with signatures of members that are being looked at for one peer: 2,048 signatures, a tenth of a second.
pub const NEWS_BATCHES_MAX: usize = 8;
/// Origins that a peer may name and nobody has proved to be any (no member, no delta here): what it names beyond is not
/// remembered until these are. A kilobyte for each at most.
pub const STRANGE_ORIGINS_MAX: usize = 1_024;

/// Origins that are no members and of which something is here, at most, about: former keys of members, who left, who was removed. Keys
/// cost nothing, and heads are kept for ever by everybody, in memory as well.
pub const ORIGINS_MAX: usize = 16_384;

/// How often members are kept with what they have acknowledged.
pub const SAVE_MEMBERS_MS: u64 = 60_000;
/// How far apart these writes are at least, where something is new of a member: one write to the disk for all.
pub const SAVE_MEMBERS_MS_MIN: u64 = 1_000;
/// Saves of members that do not wait for that, for each time that all are gathered: a first meeting is kept at once.
pub const QUICK_SAVES_MAX: u32 = 8;
/// Members that one such write keeps, so that it stays below a few megabytes.
pub const SAVED_AT_ONCE_MAX: usize = 1_024;
/// How long after it was told a charter a member that still shows another one is told again.
pub const CHARTER_AGAIN_MS: u64 = 30_000;
/// A session with an old epoch is ended so long after the new one was told.
pub const EPOCH_GRACE_MS: u64 = 10_000;
/// How long a peer is left alone whose network has the same name and secret and another founder.
pub const OTHER_FOUNDING_MS: u64 = 600_000;
/// Longest wait of a SYNC.
pub const SYNC_WAIT_MS_MAX: u64 = 5_000;
/// A SYNC asks a peer that had not applied everything yet again after this.
pub const SYNC_ASK_MS: u64 = 50;
/// Postings by the interval are no closer than this.
pub const POSTING_MS_MIN: u64 = 50;
/// How often a node looks for staged entries that nobody has told it of.
pub const LOOK_AT_STAGED_MS: u64 = 60_000;
/// SYNCs that wait; one more is answered at once.
pub const SYNCS_MAX: usize = 256;

/// Bytes a second that one peer may send, and at once.
pub const BYTES_PER_SECOND_MAX: u64 = 512 * 1024 * 1024;
/// Points at which a peer is banned.
pub const BAN_POINTS: u64 = 100;
/// Points halve in this time.
pub const BAN_HALF_LIFE_MS: u64 = 600_000;
/// The first ban; each further one is twice as long, up to the last.
pub const BAN_MS_MIN: u64 = 60_000;
pub const BAN_MS_MAX: u64 = 3_600_000;
/// Peers whose points are remembered.
pub const BANS_MAX: usize = 1_024;
/// Points for deltas that nobody signed.
pub const POINTS_FORGED: u64 = 40;
/// Heartbeats of one peer whose heads wait to be verified: as many as tell all heads of a large network, twice.
pub const HEARTBEATS_WAITING_MAX: usize = 128;
/// Points for bytes that are no message, or a message that breaks the protocol.
pub const POINTS_MALFORMED: u64 = 50;
/// Points for more messages than allowed.
pub const POINTS_FLOOD: u64 = 25;

/// What tests and simulations choose otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// Bytes of deltas or entries asked for at a time.
    pub batch_bytes: usize,
    /// Bytes of runs that wait to be applied.
    pub apply_queue_bytes: usize,
    /// A node that holds nothing takes a snapshot of a peer that has applied at least so many deltas.
    pub snapshot_deltas_min: u64,
    /// How often an idle node compares its entries with those of a peer.
    pub audit_interval_ms: u64,
    /// How often members agree on what all of them hold.
    pub stability_interval_ms: u64,
}

impl Tuning {
    /// Digests of entries that are compared at a time.
    pub fn digests_at_once(&self) -> usize {
        (self.batch_bytes / DIGEST_BYTES).clamp(1, DIGESTS_MAX)
    }
}

impl Default for Tuning {
    fn default() -> Self {
        Tuning {
            batch_bytes: SYNC_BATCH_BYTES,
            apply_queue_bytes: 8 * 1024 * 1024,
            snapshot_deltas_min: 10_000,
            audit_interval_ms: 600_000,
            stability_interval_ms: 30_000,
        }
    }
}
