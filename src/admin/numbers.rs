//! `/metrics`: the numbers of the process, and those of the database, its disk and its networks at this moment.

use crate::admin::process::write_process;
use crate::admin::subject::{PageSubject, Phase};
use crate::db::Database;
use crate::metrics::{Page, write_numbers};

/// The page for Prometheus.
pub(super) fn render(subject: &PageSubject) -> String {
    let PageSubject { database, memory, .. } = subject;
    let mut page = Page::default();
    page.info("nebulusdb_build_info", "The version that runs.", "version", env!("CARGO_PKG_VERSION"));
    let is_ready = *subject.phase.borrow() == Phase::Serving;
    page.gauge("nebulusdb_ready", "Whether clients are taken: 1 or 0, as /readyz says.", u8::from(is_ready));
    let is_healthy = database.problems().is_empty() && database.awaited_words().is_ok();
    page.gauge("nebulusdb_healthy", "Whether all is well: 1 or 0, as /healthz says.", u8::from(is_healthy));
    write_numbers(&mut page);
    page.gauge("nebulusdb_client_memory_bytes", "Memory that clients make the server hold.", memory.bytes());
    page.gauge(
        "nebulusdb_client_memory_bytes_max",
        "Memory that clients may make the server hold.",
        memory.bytes_max(),
    );
    write_store(&mut page, database);
    write_graphs(&mut page, database);
    write_networks(&mut page, database);
    write_process(&mut page);
    page.into_text()
}

fn write_store(page: &mut Page, database: &Database) {
    let statistics = database.statistics();
    page.gauge("nebulusdb_commit_number", "Number of the last commit.", database.version());
    page.gauge("nebulusdb_store_keys", "Keys in the store, by its estimate.", statistics.keys);
    match database.stored_bytes() {
        Ok(bytes) => page.gauge("nebulusdb_store_bytes", "Bytes of the store's files, its log included.", bytes),
        // A page without the number says more than one with a wrong one.
        Err(error) => tracing::warn!(%error, "the store's files cannot be counted"),
    }
    let collections = database.catalog().collections().count();
    page.gauge("nebulusdb_collections", "Collections, the two built-in ones among them.", collections);
    if let Some(disk) = database.disk() {
        page.gauge("nebulusdb_disk_free_bytes", "Free bytes on the disk of the data directory.", disk.free_bytes);
        page.gauge("nebulusdb_disk_size_bytes", "Size of the disk of the data directory.", disk.size_bytes);
    }
}

fn write_graphs(page: &mut Page, database: &Database) {
    let graphs = database.graphs();
    page.gauge("nebulusdb_graphs", "Indexes for nearest neighbours.", graphs.indexes);
    let help = "Indexes that are being built; searches measure every vector meanwhile.";
    page.gauge("nebulusdb_graphs_building", help, graphs.building);
    page.gauge("nebulusdb_graph_vectors", "Vectors in indexes for nearest neighbours.", graphs.vectors);
    let help = "Vectors that wait to be linked into a graph, and are measured one by one.";
    page.gauge("nebulusdb_graph_vectors_waiting", help, graphs.waiting);
    page.gauge("nebulusdb_graph_bytes", "Memory that graphs take.", graphs.bytes);
    let columns = database.columns();
    page.gauge("nebulusdb_columns", "Facts that statements read from columns in memory.", columns.columns);
    let help = "Collections that have columns in memory.";
    page.gauge("nebulusdb_columns_collections", help, columns.collections);
    page.gauge("nebulusdb_columns_bytes", "Memory that columns of facts take.", columns.bytes);
}

fn write_networks(page: &mut Page, database: &Database) {
    let (status, networks) = (database.sync_status(), database.catalog().networks().count());
    page.gauge("nebulusdb_networks", "Networks that this node is in.", networks);
    let connected = status.peers.iter().filter(|peer| peer.connected).count();
    page.gauge("nebulusdb_sync_peers_connected", "Members that are connected, once for each network.", connected);
    page.gauge("nebulusdb_sync_peers", "Members that are known, once for each network.", status.peers.len());
    // A member that was away for a year is not what the lag of this node is about.
    let connected = || status.peers.iter().filter(|peer| peer.connected);
    let behind: u64 = connected().map(|peer| peer.behind_deltas).sum();
    let help = "Deltas that connected members have not acknowledged yet.";
    page.gauge("nebulusdb_sync_behind_deltas", help, behind);
    let oldest_ms = connected().map(|peer| peer.behind_ms).max().unwrap_or(0);
    let help = "Age of the oldest delta that a connected member has not acknowledged yet.";
    page.gauge("nebulusdb_sync_behind_seconds", help, oldest_ms as f64 / 1000.0);
    let ahead: u64 = connected().map(|peer| peer.ahead_deltas).sum();
    let help = "Deltas that connected members have announced and this node has not applied.";
    page.gauge("nebulusdb_sync_ahead_deltas", help, ahead);
    let quarantined: usize = status.networks.iter().map(|network| network.quarantine.len()).sum();
    page.gauge("nebulusdb_sync_quarantined", "Origins whose deltas wait or were set aside.", quarantined);
    // What cannot be read is a problem that /healthz tells.
    if let Ok(awaited) = database.awaited_words() {
        let help =
            "Networks with a large drop of entries that was stopped until ALTER NETWORK ALLOW DROP, as /healthz says.";
        page.gauge("nebulusdb_sync_drops_stopped", help, awaited.len());
    }
}
