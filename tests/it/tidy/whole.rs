//! Rules about all sources together: a public type has a name of its own, nothing public is dead, public functions name their
//! errors, and comments end with their sentence.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{code_of, rust_files};

/// Files that stand in for another one when a feature is off, with the same names.
const STAND_INS: [&str; 1] = ["telemetry/absent.rs"];

/// One source, by its path below `src`.
pub(super) struct Source {
    pub(super) name: String,
    pub(super) text: String,
    /// Without comments, strings and the tests at its end.
    pub(super) code: String,
    pub(super) is_test: bool,
}

#[test]
fn public_types_have_names_of_their_own() {
    let found = repeated_types(&sources());
    assert!(found.is_empty(), "{} names:\n{}", found.len(), found.join("\n"));
}

#[test]
fn nothing_public_is_dead() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let outside: Vec<String> = ["tests", "benches", "fuzz/fuzz_targets"]
        .iter()
        .flat_map(|folder| rust_files(&root.join(folder)))
        .map(|path| std::fs::read_to_string(&path).expect("a source is text"))
        .collect();
    let found = dead_items(&sources(), &outside);
    assert!(found.is_empty(), "{} names:\n{}", found.len(), found.join("\n"));
}

#[test]
fn public_functions_name_their_errors() {
    let found: Vec<String> = sources().iter().filter(|source| !source.is_test).flat_map(unnamed_errors).collect();
    assert!(found.is_empty(), "{} functions without `# Errors`:\n{}", found.len(), found.join("\n"));
}

#[test]
fn every_file_is_compiled() {
    let found = undeclared_files(&sources());
    assert!(found.is_empty(), "no `mod` names these:\n{}", found.join("\n"));
}

#[test]
fn comments_end_with_their_sentence() {
    let found: Vec<String> = sources().iter().flat_map(cut_off_comments).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_rules_about_all_find_what_breaks_them() {
    let source = |name: &str, text: &str| Source::of(name.to_string(), text.to_string());
    let twice = [source("a/x.rs", "pub struct Row;"), source("b/y.rs", "pub(crate) enum Row {}")];
    assert_eq!(repeated_types(&twice), ["Row: a/x.rs, b/y.rs"]);
    let private = [
        source("a/x.rs", "pub struct Row;"),
        source("b/y.rs", "struct Row;"),
        source("c/z_tests.rs", "pub struct Row;"),
    ];
    assert!(repeated_types(&private).is_empty());
    let dead = [
        source("a/x.rs", "pub fn used() { other() }\nfn other() {}\n"),
        source("b/y.rs", "fn x() { used() } // unused"),
    ];
    assert!(dead_items(&dead, &[]).is_empty());
    let dead = [source("a/x.rs", "pub fn unused() {}\n#[cfg(test)]\nmod tests {\n    fn x() { unused() }\n}\n")];
    assert_eq!(dead_items(&dead, &[]), ["a/x.rs: unused"]);
    assert!(dead_items(&dead, &["unused()".to_string()]).is_empty());
    let files = [
        source("lib.rs", "mod a;"),
        source("a/mod.rs", "pub mod x;\nmod y;"),
        source("a/x.rs", "#[cfg(test)]\n#[path = \"x_tests.rs\"]\nmod tests;"),
        source("a/x_tests.rs", ""),
        source("a/y/mod.rs", ""),
        source("a/z.rs", "// mod z;"),
    ];
    assert_eq!(undeclared_files(&files), ["a/z.rs"]);
    assert_eq!(
        cut_off_comments(&source("a/x.rs", "/// How long,\npub const A: u8 = 1;")),
        ["src/a/x.rs:1: a comment ends in the middle"]
    );
    assert!(cut_off_comments(&source("a/x.rs", "/// How long,\n/// and no longer.\n")).is_empty());
    let unnamed = source(
        "a/x.rs",
        "/// Reads.\npub fn read(\n    a: u8,\n) -> Result<u8> {\n}\npub(crate) fn x() -> Result<u8> {}\n",
    );
    assert_eq!(unnamed_errors(&unnamed), ["src/a/x.rs:2: read"]);
    let named = source(
        "a/x.rs",
        "/// Reads.\n///\n/// # Errors\n/// 58030.\n#[must_use]\npub fn read() -> Result<u8> {}\npub fn y(z: impl Fn() -> Result<u8>) -> u8 {}\n",
    );
    assert!(unnamed_errors(&named).is_empty());
}

/// Names that several public types have.
fn repeated_types(sources: &[Source]) -> Vec<String> {
    let mut homes: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for source in sources.iter().filter(|source| !source.is_test && !STAND_INS.contains(&source.name.as_str())) {
        for line in source.code.lines() {
            if let Some((kind, name)) = public_item(line)
                && ["struct", "enum", "trait", "type", "union"].contains(&kind)
                && !line.starts_with(' ')
            {
                homes.entry(name.to_string()).or_default().insert(&source.name);
            }
        }
    }
    let repeated = homes.into_iter().filter(|(_, homes)| homes.len() > 1);
    repeated.map(|(name, homes)| format!("{name}: {}", homes.into_iter().collect::<Vec<_>>().join(", "))).collect()
}

/// Public items whose name nothing but their own definition says, tests of this crate aside. `outside` uses the library.
fn dead_items(sources: &[Source], outside: &[String]) -> Vec<String> {
    let mut said: BTreeMap<&str, usize> = BTreeMap::new();
    for source in sources.iter().filter(|source| !source.is_test) {
        // Attributes name functions in strings.
        let attributes = source.text.lines().filter(|line| line.trim_start().starts_with("#["));
        let all = attributes.flat_map(words).chain(words(&source.code));
        all.for_each(|word| *said.entry(word).or_default() += 1);
    }
    let outside: BTreeSet<&str> = outside.iter().flat_map(|text| words(text)).collect();
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| !source.is_test) {
        let mut is_of_tests = false;
        for line in source.code.lines() {
            if let Some((_, name)) = public_item(line.trim_start())
                && !is_of_tests
                && said.get(name) == Some(&1)
                && !outside.contains(name)
            {
                found.push(format!("{}: {name}", source.name));
            }
            let line = line.trim();
            is_of_tests = line == "#[cfg(test)]" || (is_of_tests && (line.is_empty() || line.starts_with("#[")));
        }
    }
    found
}

/// Files that no module declares: they are never compiled.
fn undeclared_files(sources: &[Source]) -> Vec<String> {
    let mut declared = BTreeSet::new();
    for source in sources {
        let path = Path::new(&source.name);
        let folder = path.parent().unwrap_or(Path::new(""));
        let is_root = ["mod.rs", "lib.rs", "main.rs"].iter().any(|root| path.ends_with(root));
        let inside = if is_root { folder.to_path_buf() } else { path.with_extension("") };
        for line in source.text.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
            if let Some(name) = line.strip_prefix("#[path = \"").and_then(|rest| rest.strip_suffix("\"]")) {
                declared.insert(folder.join(name));
            } else if let Some(name) = line.strip_suffix(';').and_then(|line| line.rsplit_once("mod ")) {
                declared.extend([inside.join(name.1).with_extension("rs"), inside.join(name.1).join("mod.rs")]);
            }
        }
    }
    let roots = ["lib.rs", "main.rs"];
    let names = sources.iter().map(|source| source.name.as_str());
    names.filter(|name| !roots.contains(name) && !declared.contains(Path::new(name))).map(String::from).collect()
}

/// The kind and the name of the public item that a line begins to define.
pub(super) fn public_item(line: &str) -> Option<(&str, &str)> {
    let rest = line.trim_start().strip_prefix("pub")?;
    let rest = match rest.strip_prefix('(') {
        Some(scope) => scope.split_once(')')?.1,
        None => rest,
    };
    let mut parts = words(rest.strip_prefix(' ')?).skip_while(|word| ["async", "unsafe"].contains(word)).peekable();
    let mut kind = parts.next()?;
    if kind == "const" && parts.peek() == Some(&"fn") {
        kind = parts.next()?;
    }
    let kinds = ["fn", "struct", "enum", "trait", "type", "union", "const", "static"];
    Some((kind, parts.next()?)).filter(|_| kinds.contains(&kind))
}

pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !(character.is_alphanumeric() || character == '_')).filter(|word| !word.is_empty())
}

/// Public functions that return a `Result` and have no section `# Errors`.
fn unnamed_errors(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in source.code.lines().enumerate() {
        let Some(("fn", name)) = public_item(line.trim_start()).filter(|_| line.trim_start().starts_with("pub "))
        else {
            continue;
        };
        let rest: String = source.code.lines().skip(at).collect::<Vec<_>>().join(" ");
        let result = rest.get(end_of_arguments(&rest)..).unwrap_or_default().trim_start();
        let result = result.strip_prefix("->").unwrap_or_default().trim_start();
        let kinds = ["Result<", "std::result::Result<", "io::Result<"];
        let is_fallible = kinds.iter().any(|kind| result.starts_with(kind));
        let docs = lines.get(..at).unwrap_or_default().iter().rev().map(|line| line.trim_start());
        let mut docs = docs.take_while(|line| line.starts_with("///") || line.starts_with("#["));
        if is_fallible && !docs.any(|line| line.contains("# Errors")) {
            found.push(format!("src/{}:{}: {name}", source.name, at + 1));
        }
    }
    found
}

/// Where the arguments of the function that begins a text end.
fn end_of_arguments(text: &str) -> usize {
    let mut depth = 0_usize;
    for (place, character) in text.char_indices().skip_while(|(place, _)| !text[..*place].contains("fn ")) {
        match character {
            '(' => depth += 1,
            ')' if depth == 1 => return place + 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    text.len()
}

fn cut_off_comments(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
    let ends_here = |at: usize| !lines.get(at + 1).is_some_and(|next| next.starts_with("//"));
    let comments = lines.iter().enumerate().filter(|(_, line)| line.starts_with("// ") || line.starts_with("/// "));
    comments
        .filter(|(at, line)| line.ends_with(',') && ends_here(*at))
        .map(|(at, _)| format!("src/{}:{}: a comment ends in the middle", source.name, at + 1))
        .collect()
}

pub(super) fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let read = |path: &std::path::PathBuf| {
        let name = path.strip_prefix(&root).expect("it lies there").to_string_lossy().into_owned();
        Source::of(name, std::fs::read_to_string(path).expect("a source is text"))
    };
    rust_files(&root).iter().map(read).collect()
}

impl Source {
    pub(super) fn of(name: String, text: String) -> Source {
        const OF_TESTS: [&str; 6] =
            ["simulation", "attacker.rs", "burden.rs", "named_charters.rs", "raw_posting.rs", "test_endpoint.rs"];
        let code = code_of(&text);
        // Tests stand at the end of a file.
        let end = code.find("\nmod tests {").unwrap_or(code.len());
        let code = code.get(..end).unwrap_or_default().to_string();
        let is_test = name.split('/').any(|part| part.contains("tests") || OF_TESTS.contains(&part));
        Source { name, text, code, is_test }
    }
}
