//! What the documents promise: their examples run, in order, on a fresh server, and hints lead to a page that there is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::client::Answer;
use crate::harness::Server;

fn document(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("a document")
}

/// The lines of the first block of code below a heading.
fn block<'a>(text: &'a str, heading: &str) -> Vec<&'a str> {
    let below = text.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no heading {heading}")).1;
    let code = below.split_once("\n```").expect("a block of code").1;
    let code = code.split_once('\n').expect("lines").1;
    code.split_once("\n```").expect("an end").0.lines().collect()
}

fn runs(server: &Server, lines: &[&str]) {
    let mut client = server.client();
    for line in lines {
        let reply = client.query(line);
        assert!(reply.failure().is_none(), "{line}\n{:?}", reply.failure());
        assert!(!reply.answers.iter().all(|answer| *answer == Answer::Empty), "{line} does nothing");
    }
}

#[test]
fn the_readmes_lines_run_on_a_fresh_server() {
    let server = Server::start();
    let readme = document("README.md");
    let (knirvql, sql) = (block(&readme, "KNIRVQL in ten lines"), block(&readme, "SQL in ten lines"));
    assert_eq!((knirvql.len(), sql.len()), (10, 10));
    runs(&server, &knirvql);
    runs(&server, &sql);
    let rows = server.client().rows("SELECT source, count(*), avg(pages)::int4 FROM memory_facts GROUP BY source");
    assert_eq!(rows, [["web-scrape", "1", "14"].map(|text| Some(text.to_string())).to_vec()]);
}

#[test]
fn each_block_of_the_readme_runs_by_itself() {
    let readme = document("README.md");
    for heading in ["KNIRVQL in ten lines", "SQL in ten lines"] {
        runs(&Server::start(), &block(&readme, heading));
    }
    // Lines with an address or a peer of another node are for that node.
    let network = block(&readme, "Networks in ten lines");
    let own: Vec<&str> = network.into_iter().filter(|line| !line.contains('…') && !line.contains("ATTACH")).collect();
    assert!(own.len() >= 5, "{own:?}");
    runs(&Server::start(), &own);
}

#[test]
fn the_statements_that_are_offered_run() {
    runs(&Server::start(), &block(&document("COMPAT.md"), "Statements"));
}

#[test]
fn the_page_on_the_change_feed_shows_what_is_heard() {
    let server = Server::start();
    runs(&server, &["CREATE NETWORK team WITH (secret = 'correct horse battery')"]);
    let page = document("docs/change-feed.md");
    let mut hears = server.client();
    for line in block(&page, "Channels") {
        if line.starts_with("UNLISTEN") {
            server.client().run("INSERT INTO memory (id) VALUES ('rain')");
            assert_eq!([hears.hear().payload], block(&page, "Changed entries")[..]);
        }
        hears.run(line);
    }
}

/// Clients complete and check names by the catalog. What PostgreSQL's grammar alone knows is in neither catalog.
#[test]
fn the_functions_of_the_page_are_in_the_catalog() {
    const OF_THE_GRAMMAR: [&str; 14] = [
        "coalesce",
        "current_catalog",
        "current_date",
        "current_role",
        "current_time",
        "current_timestamp",
        "greatest",
        "grouping",
        "least",
        "localtimestamp",
        "nullif",
        "row",
        "trim",
        "user",
    ];
    let page = document("COMPAT.md");
    let listed = page.split_once("<!-- functions").and_then(|(_, rest)| rest.split_once("<!-- end")).expect("a list").0;
    let listed: BTreeSet<&str> = listed.split('`').skip(1).step_by(2).collect();
    assert!(listed.len() > 500 && listed.contains("date_trunc"), "{}", listed.len());
    let server = Server::start();
    let catalogued: BTreeSet<String> =
        server.client().column("SELECT DISTINCT proname FROM pg_proc").into_iter().collect();
    let missing: Vec<&&str> =
        listed.iter().filter(|name| !catalogued.contains(**name) && !OF_THE_GRAMMAR.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn hints_lead_to_sections_that_there_are() {
    let compat = document("COMPAT.md");
    let headings: BTreeSet<&str> = compat.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut hints = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a source");
        let program = text.split("#[cfg(test)]").next().expect("a beginning");
        for line in program.lines().filter(|line| line.contains("COMPAT.md") && !line.trim_start().starts_with("//")) {
            hints += 1;
            let named = line.split("section \\\"").nth(1).and_then(|rest| rest.split("\\\" of COMPAT.md").next());
            let named = named.unwrap_or_else(|| panic!("{}: no section is named: {line}", file.display()));
            assert!(headings.contains(named), "{}: COMPAT.md has no section {named}", file.display());
        }
    }
    assert!(hints >= 4, "{hints}");
}
