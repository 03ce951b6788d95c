//! The pages that walk through the code name what there is: files, folders, types, functions and constants.

use std::collections::BTreeSet;
use std::path::Path;

use super::rust_files;
use super::whole::words;

/// The pages; what they put between backticks is held against the sources.
const PAGES: [&str; 8] = [
    "ARCHITECTURE.md",
    "docs/design.md",
    "docs/internals.md",
    "docs/query-path.md",
    "docs/replication.md",
    "docs/simulation.md",
    "docs/storage.md",
    "docs/write-path.md",
];
/// Names of other libraries' items that a page speaks of because they are not used here.
const OF_OTHERS: [&str; 1] = ["delete_from"];
const FOLDERS: [&str; 4] = ["src", "tests", "fuzz", "benches"];

/// What there is to name.
struct Named {
    words: BTreeSet<String>,
    /// Files and folders by their paths from the root, without `.rs`.
    paths: BTreeSet<String>,
}

#[test]
fn pages_name_what_there_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = named(root);
    let mut found = Vec::new();
    for page in PAGES {
        let text = std::fs::read_to_string(root.join(page)).expect("a page is there");
        found.extend(strangers(&text, &named).into_iter().map(|problem| format!("{page}:{problem}")));
    }
    assert!(found.is_empty(), "{} names:\n{}", found.len(), found.join("\n"));
}

#[test]
fn the_rule_about_pages_finds_what_breaks_it() {
    let named = Named {
        words: ["Transaction", "insert_row", "ROWS_MAX"].map(String::from).into(),
        paths: ["src/db/write", "src/db/write/rows"].map(String::from).into(),
    };
    let said = |text: &str| strangers(text, &named).join("\n");
    assert_eq!(
        said("`Transaction::insert_row` in `db/write/rows.rs`, `rows.rs: insert_row`, `db/write`, `ROWS_MAX`"),
        ""
    );
    assert_eq!(said("`SELECT a FROM b`, `(id, x)`, `make bench`\n```text\nNoSuchType\n```\n"), "");
    assert_eq!(said("a `NoSuchType`"), "1: NoSuchType");
    assert_eq!(said("\n`Transaction::no_such`"), "2: no_such");
    assert_eq!(said("`db/write/none.rs`, `db/none`"), "1: db/write/none.rs\n1: db/none");
    assert_eq!(said("`NO_MAX`"), "1: NO_MAX");
}

fn named(root: &Path) -> Named {
    let mut named = Named { words: BTreeSet::new(), paths: BTreeSet::new() };
    for path in FOLDERS.iter().flat_map(|folder| rust_files(&root.join(folder))) {
        let text = std::fs::read_to_string(&path).expect("a source is text");
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        named.words.extend(code.flat_map(words).map(String::from));
        let inside = path.strip_prefix(root).expect("it lies there").with_extension("");
        named.paths.insert(inside.to_string_lossy().into_owned());
    }
    let mut folders: Vec<_> = FOLDERS.iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = folders.pop() {
        let inside = folder.strip_prefix(root).expect("it lies there");
        named.paths.insert(inside.to_string_lossy().into_owned());
        let entries = std::fs::read_dir(&folder).expect("a folder");
        folders.extend(entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir()));
    }
    named
}

/// Names between backticks of a page that nothing has, each behind the number of its line.
fn strangers(page: &str, named: &Named) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_drawn = false;
    for (number, line) in (1..).zip(page.lines()) {
        is_drawn ^= line.trim_start().starts_with("```");
        let spans = line.split('`').skip(1).step_by(2).filter(|_| !is_drawn);
        let parts = spans.flat_map(|span| span.split(|each: char| !(each.is_alphanumeric() || "_/.-".contains(each))));
        let parts = parts.map(|part| part.trim_matches(['.', '-']));
        let unknown = parts.filter(|part| !OF_OTHERS.contains(part) && !is_known(part, named));
        found.extend(unknown.map(|part| format!("{number}: {part}")));
    }
    found
}

/// Whether there is what a part of a span names. What is neither a path nor a name in the style of code is not looked for.
fn is_known(part: &str, named: &Named) -> bool {
    if let Some(path) = part.strip_suffix(".rs") {
        return is_path(path, named);
    }
    if part.contains('/') {
        // A path of another kind of file, or of a client's statement.
        let is_plain = part.chars().all(|each| each.is_ascii_lowercase() || each == '_' || each == '/');
        return !is_plain || part.starts_with('/') || part.ends_with('/') || is_path(part, named);
    }
    !is_name_of_code(part) || named.words.contains(part)
}

fn is_path(path: &str, named: &Named) -> bool {
    let end = format!("/{path}");
    named.paths.iter().any(|known| known == path || known.ends_with(&end))
}

/// `CamelCase`, `snake_case` and `UPPER_CASE` of two words or more.
fn is_name_of_code(part: &str) -> bool {
    let is_word = !part.is_empty() && part.chars().all(|each| each.is_ascii_alphanumeric() || each == '_');
    let has_lower = part.contains(|each: char| each.is_ascii_lowercase());
    let humps = part.chars().filter(char::is_ascii_uppercase).count();
    let is_camel = part.starts_with(|each: char| each.is_ascii_uppercase()) && has_lower && humps > 1;
    let is_snake = part.trim_matches('_').contains('_') && (!has_lower || humps == 0);
    is_word && (is_camel || is_snake)
}
