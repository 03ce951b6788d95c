//! What an engine counts of itself.

/// Numbers that only go up, and the last things that happened.
#[derive(Debug, Default)]
pub(in crate::sync::engine) struct Counters {
    pub deltas_sent: u64,
    pub deltas_received: u64,
    pub bytes_sent: u64,
    pub bytes_received: u64,
    pub messages_sent: u64,
    pub messages_received: u64,
    /// When a peer last told that it holds the same.
    pub last_sync_ms: Option<u64>,
    pub last_error: Option<String>,
}

impl Counters {
    pub fn sending(&mut self) {
        self.messages_sent += 1;
    }

    pub fn sent(&mut self, bytes: usize) {
        self.bytes_sent = self.bytes_sent.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    pub fn received(&mut self, bytes: usize) {
        self.messages_received += 1;
        self.bytes_received = self.bytes_received.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }
}
