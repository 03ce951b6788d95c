//! A large drop of entries that was stopped: it is shown until somebody allows it, past kills of the server as well.

use std::net::SocketAddr;
use std::path::Path;

use nebulusdb::db::{Clock, Database, DatabaseOptions};
use nebulusdb::model::Buckets;
use nebulusdb::store::KeySource;

use crate::harness::{Launch, Server, run_program};
use crate::health::{get, number, page_of};

const ENTRIES: usize = 150;
/// What the pages say of it.
const WORD: &str = "waits for you: 150 copies that others hold of network \"team\" would go, of 150 entries here: too many at once; \
                    look at why, ALTER NETWORK team ALLOW DROP lets it through once\n";

fn start(data: &Path) -> (Server, SocketAddr) {
    let arguments = ["--admin", "127.0.0.1:0", "--p2p-listen", "/ip4/127.0.0.1/tcp/0", "--cache-mb", "32"];
    let server = Launch::on(data).with(&arguments).start();
    let address = page_of(&server);
    (server, address)
}

/// A data directory with posted entries that would go for the word of others.
fn fill(data: &Path) {
    let (server, address) = start(data);
    let mut client = server.client();
    client.run("CREATE NETWORK team WITH (secret = 'the secret of a team of one', keep_own = 'off')");
    client.run("ATTACH COLLECTION memory TO NETWORK team");
    for number in 0..ENTRIES {
        client.run(&format!("INSERT INTO memory (id, metadata) VALUES ('entry-{number}', '{{\"topic\": \"drops\"}}')"));
    }
    client.run("STAGE MEMORY WHERE metadata.topic = \"drops\"");
    client.run("SYNC NETWORK team");
    assert_eq!(client.value("SELECT count(*) FROM nebulus.staged"), "0");
    assert_eq!(get(address, "/healthz").1, "ok\n");
    assert_eq!(number(&get(address, "/metrics").1, "nebulusdb_sync_drops_stopped"), 0);
    assert!(server.stop().success());
}

/// Drops all copies of a directory on which no server runs, as its members were found to hold them: how many went, or why not.
fn drop_copies(data: &Path) -> Result<u64, String> {
    let database = Database::open(&DatabaseOptions {
        data_directory: data.to_path_buf(),
        key_directory: data.join("keys"),
        key_source: KeySource::File,
        cache_bytes: 8 << 20,
        sync: true,
        clock: Clock::System,
        row_compiler: nebulusdb::db::no_row_compiler,
    })
    .expect("the store opens");
    let network = database.catalog().network("team").expect("the network").id;
    let heads = database.replica().heads(network).expect("they can be read");
    let stable = heads.into_iter().map(|head| (head.origin, head.seq)).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let dropped =
        runtime.block_on(database.replica().evict(network, vec![("memory".to_string(), Buckets::none())], stable));
    database.shutdown().expect("an orderly end");
    dropped.map_err(|error| error.sqlstate().to_string())
}

/// What the network's row says that is wrong, and how many entries are here.
fn seen(server: &Server) -> (Option<String>, String) {
    let mut client = server.client();
    let rows = client.rows("SELECT last_error FROM nebulus.networks");
    let shown = client.rows("SHOW NETWORKS");
    let error = rows[0][0].clone();
    assert!(error.is_none() || shown[0].contains(&error), "{shown:?}");
    (error, client.value("SELECT count(*) FROM memory"))
}

#[test]
fn a_stopped_drop_is_shown_by_the_pages_until_somebody_allows_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    fill(&data);
    assert_eq!(drop_copies(&data), Err("54000".to_string()));
    // A kill does not make it forgotten.
    for _ in 0..2 {
        let (server, address) = start(&data);
        // Nothing is wrong with the server, and no supervisor should start it anew for what others have done.
        assert_eq!(get(address, "/healthz"), ("HTTP/1.1 200 OK".to_string(), format!("ok\n{WORD}")));
        let told = run_program(&["health", "--admin", &address.to_string()]);
        assert!(told.status.success() && told.stdout == format!("ok\n{WORD}").as_bytes(), "{told:?}");
        let numbers = get(address, "/metrics").1;
        assert_eq!(number(&numbers, "nebulusdb_sync_drops_stopped"), 1);
        assert_eq!(number(&numbers, "nebulusdb_healthy"), 1);
        let (error, held) = seen(&server);
        assert!(error.is_some_and(|error| error.contains("too many at once")));
        assert_eq!(held, ENTRIES.to_string());
        server.kill();
    }
    let (server, address) = start(&data);
    server.client().run("ALTER NETWORK team ALLOW DROP");
    assert_eq!(get(address, "/healthz").1, "ok\n");
    server.kill();
    // Nor is the leave forgotten, and nothing has gone yet.
    let (server, address) = start(&data);
    assert_eq!(get(address, "/healthz").1, "ok\n");
    assert_eq!(number(&get(address, "/metrics").1, "nebulusdb_sync_drops_stopped"), 0);
    assert_eq!(seen(&server), (None, ENTRIES.to_string()));
    server.kill();
    assert_eq!(drop_copies(&data), Ok(ENTRIES as u64));
    let (server, address) = start(&data);
    assert_eq!(get(address, "/healthz").1, "ok\n");
    assert_eq!(seen(&server), (None, "0".to_string()));
    assert!(server.stop().success());
}
