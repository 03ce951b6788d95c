//! Statements that hold more than their part of the memory go on in files, which are private and do not remain.

use std::path::{Path, PathBuf};

use crate::client::Client;
use crate::harness::{Launch, Server};

/// The server's budget; a quarter of it is what sorts and aggregates of a statement hold.
const MEMORY_MB: &str = "64";

fn start(data: &Path) -> Server {
    Launch::on(data).with(&["--memory-mb", MEMORY_MB]).start()
}

/// The files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// Rows of a kilobyte each, more than the whole budget.
const ROWS: &str = "(SELECT md5(n::text) || repeat('x', 1000) AS t FROM generate_series(1, 80000) n) s";

fn sorted(client: &mut Client) {
    let out_of_order = format!(
        "SELECT count(*), count(*) FILTER (WHERE before > t) FROM (SELECT t, lag(t) OVER (ORDER BY t) AS before FROM {ROWS}) w"
    );
    assert_eq!(client.rows(&out_of_order), [[Some("80000".to_string()), Some("0".to_string())]]);
}

#[test]
fn sorts_and_groups_beyond_memory_go_on_in_files() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let spill = data.join("spill");
    let server = start(&data);
    let mut client = server.client();
    sorted(&mut client);
    let groups = format!("SELECT count(*), sum(n) FROM (SELECT t, count(*) AS n FROM {ROWS} GROUP BY t) g");
    assert_eq!(client.rows(&groups), [[Some("80000".to_string()), Some("80000".to_string())]]);
    assert!(spill.is_dir(), "nothing was written");
    assert_eq!(files(&spill), Vec::<PathBuf>::new());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&spill).expect("the folder").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
    drop(client);
    drop(server);
    // What a crash has left is gone after the next start.
    std::fs::create_dir_all(spill.join("left")).expect("a folder");
    std::fs::write(spill.join("left/over"), "rows").expect("a file");
    let server = start(&data);
    assert_eq!(files(&spill), Vec::<PathBuf>::new());
    sorted(&mut server.client());
    assert_eq!(files(&spill), Vec::<PathBuf>::new());
}
