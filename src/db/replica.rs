//! What sync reads and writes of a database. (Interface; bodies follow.)
//!
//! Sync reaches the public states and the delta log through here and nothing else.

// impl Database {
//     /// Heads of everything received in a network, own postings included, in order of origin. Always at the end of a posting.
//     pub fn heads(&self, network: NetworkId) -> Result<Vec<Head>>;
//     /// Consecutive deltas from `from_seq`, at most about `bytes_max` (at least one).
//     pub fn read_log(&self, network: NetworkId, origin: &PeerId, from_seq: u64, bytes_max: usize) -> Result<LogRead>;
//     /// Posts everything staged in the network's collections as one posting; `None` where nothing was staged.
//     pub async fn post_staged(&self, network: NetworkId) -> Result<Option<Head>>;
//     /// Verifies and commits what a peer sent: log, entries and head in one batch. A posting that is not complete yet
//     /// waits in the log and moves `received` on, not the head.
//     pub async fn apply_run(&self, network: NetworkId, run: Run) -> Result<Applied>;
//
//     // Tier 2: reconciliation of public states
//     /// A consistent view of a network's public states; holds a snapshot, so keep it briefly.
//     pub fn public_view(&self, network: NetworkId) -> Result<PublicView>;
//     /// Merges states that a member vouches for into the public states.
//     pub async fn merge_states(&self, network: NetworkId, collection: String, entries: Vec<PublicEntry>) -> Result<u64>;
//     /// Drops public entries that a peer with these heads does not hold although it has seen all their deltas
//     /// (collected tombstones).
//     pub async fn drop_collected(&self, network: NetworkId, collection: String, keys: Vec<Bytes>, heads: Vec<Head>) -> Result<u64>;
//     /// After a reconciliation with a peer: everything up to these heads is here. Signatures are verified.
//     pub async fn adopt_heads(&self, network: NetworkId, heads: Vec<Head>) -> Result<Vec<Head>>;
//
//     // House-keeping
//     /// Removes tombstones whose deltas are covered by `stable` (numbers by origin that every member has acknowledged).
//     pub async fn collect_tombstones(&self, network: NetworkId, stable: Vec<(PeerId, u64)>) -> Result<u64>;
//     /// Drops the oldest part of the log beyond the network's limits of bytes and age, keeping what `keep` says some
//     /// member still lacks unless the limits force it; how many deltas went.
//     pub async fn prune_log(&self, network: NetworkId, acknowledged: Vec<(PeerId, u64)>) -> Result<u64>;
//     /// A peer showed a signed head of this node's own origin above its own log: this data directory is an old copy.
//     /// Mints a new identity; the server restarts its swarm under it.
//     pub async fn renew_origin(&self) -> Result<PeerId>;
//     /// Small records of sync itself (members, acknowledgements), by name.
//     pub fn sync_record(&self, network: NetworkId, name: &str) -> Result<Option<Vec<u8>>>;
//     pub fn sync_records(&self, network: NetworkId, prefix: &str) -> Result<Vec<(String, Vec<u8>)>>;
//     pub async fn put_sync_record(&self, network: NetworkId, name: &str, value: Option<Vec<u8>>) -> Result<()>;
//     /// Keys of the epochs, newest first.
//     pub fn network_keys(&self, network: NetworkId) -> Result<Vec<NetworkKey>>;   // { epoch: u64, key: Zeroizing<[u8; 32]> }
//     pub async fn adopt_epoch(&self, network: NetworkId, key: NetworkKey, removed: Vec<PeerId>) -> Result<()>;
//     pub fn identity(&self) -> &Arc<Identity>   // store::Identity: sign, keypair_bytes
//     /// Resolves when the catalog changed, when something was staged or posted.
//     pub fn changes(&self) -> DatabaseChanges  // tokio watch receivers: catalog: watch::Receiver<u64>, staged: watch::Receiver<u64>, posted: watch::Receiver<u64>
//     /// For tests: milliseconds since 1970 that this database takes for now. DatabaseOptions { clock: Clock::System | Clock::Manual(Arc<AtomicU64>) }
// }
//
// pub enum LogRead { Deltas(Vec<Delta>), Pruned { floor: u64 } }     // floor: oldest seq that is still there
//
// pub struct Applied { pub head: Head, pub received: u64 /* last seq in the log, >= head.seq */, pub verdict: Verdict }
// pub enum Verdict {
//     Applied,
//     /// The run begins behind `received + 1`: ask again from there.
//     Gap,
//     /// Stamps ahead of the clock here: nothing of the posting was taken; ask again from received + 1 when due.
//     Early { due_ms: u64 },
//     /// A wrong signature or hash: the peer that sent it is lying.
//     Forged { reason: String },
//     /// The origin signed two deltas with one number.
//     Fork { seq: u64 },
// }
//
// pub struct PublicEntry { pub key: Bytes, pub body: Bytes }     // body: the encoded State, as in a delta
// pub struct PublicView; impl {
//     pub fn heads(&self) -> &[Head];
//     /// Names (shared names) of attached collections.
//     pub fn collections(&self) -> Vec<String>;
//     /// 65,536 fingerprints: XOR of the first 16 bytes of digest(state) mixed with the key, of all entries whose
//     /// BLAKE3(key) begins with these 16 bits. One scan; run it on a blocking thread.
//     pub fn fingerprints(&self, collection: &str) -> Result<Vec<[u8; 16]>>;
//     /// (key hash: first 8 bytes of BLAKE3(key), digest: 16 bytes) of the entries in these buckets.
//     pub fn digests_in(&self, collection: &str, buckets: &[u16]) -> Result<Vec<EntryDigest>>;   // { bucket, key_hash: [u8; 8], digest: [u8; 16], key: Bytes, clock: Vec<(PeerId, u64)> }
//     /// The entries with these key hashes.
//     pub fn entries(&self, collection: &str, key_hashes: &[[u8; 8]]) -> Result<Vec<PublicEntry>>;
//     /// In key order, for a newcomer: at most about `bytes_max`; the key to go on after, `None` at the end.
//     pub fn entries_after(&self, collection: &str, after: Option<&[u8]>, bytes_max: usize) -> Result<(Vec<PublicEntry>, Option<Bytes>)>;
// }
