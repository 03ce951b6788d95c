//! Every library that Cargo.toml asks for is named by the code: the server's by the server, the tests' by the tests.

use std::collections::BTreeSet;
use std::path::Path;

use super::rust_files;
use super::whole::{sources, words};

/// Libraries that nothing names, with their reasons beside them in Cargo.toml.
const UNNAMED: [&str; 1] = ["yasna"];

#[test]
fn every_dependency_is_named() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).expect("a manifest");
    let sources = sources();
    let of_server: BTreeSet<&str> =
        sources.iter().filter(|source| !source.is_test).flat_map(|source| words(&source.code)).collect();
    let texts: Vec<String> = ["src", "tests", "benches"]
        .iter()
        .flat_map(|folder| rust_files(&root.join(folder)))
        .map(|path| std::fs::read_to_string(path).expect("a source is text"))
        .collect();
    let of_all: BTreeSet<&str> = texts.iter().flat_map(|text| words(text)).collect();
    let found = unnamed(&manifest, &of_server, &of_all);
    assert!(found.is_empty(), "named by nobody: {}", found.join(", "));
}

#[test]
fn the_rule_about_dependencies_finds_what_breaks_it() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\na-b = \"1\"\nc = { version = \"1\", features = [\n    \"d\",\n] }\n\
                    yasna = \"1\"\n[target.'cfg(unix)'.dependencies]\ne = \"1\"\n[dev-dependencies]\nf = \"1\"\n\
                    [features]\ng = []\n";
    assert!(unnamed(manifest, &["a_b", "c", "e"].into(), &["f"].into()).is_empty());
    assert_eq!(unnamed(manifest, &["c"].into(), &["a_b"].into()), ["a-b", "e", "f"]);
}

fn unnamed(manifest: &str, of_server: &BTreeSet<&str>, of_all: &BTreeSet<&str>) -> Vec<String> {
    let mut found = Vec::new();
    let mut section = "";
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']);
        }
        let Some((name, _)) = line.split_once(" = ").filter(|_| section.ends_with("dependencies")) else { continue };
        let is_name = name.chars().all(|each| each.is_ascii_alphanumeric() || each == '-' || each == '_');
        let known = if section == "dev-dependencies" { of_all } else { of_server };
        if is_name && !UNNAMED.contains(&name) && !known.contains(name.replace('-', "_").as_str()) {
            found.push(name.to_string());
        }
    }
    found
}
