//! The house rules that a machine can check: who may import whom, who may name which library, headers, sizes, and what
//! never lands. See CONTRIBUTING.md for the reasons.

mod dependencies;
mod large_types;
mod pages;
mod whole;

use std::path::{Path, PathBuf};

/// Modules by rank: each imports from lower ranks only, siblings never import each other.
const RANKS: [&[&str]; 17] = [
    &["defence", "error", "health", "metrics"],
    &["types", "telemetry"],
    &["model"],
    &["expr", "merge", "vector"],
    &["settings", "store"],
    &["backup"],
    &["db"],
    &["statement"],
    &["knirvql", "sql", "sync"],
    &["session"],
    &["pg", "admin"],
    &["config"],
    &["client"],
    &["console", "mcp"],
    &["server", "transfer"],
    &["cli"],
    &["main"],
];
/// The rooms of modules, folders and files, in order: each imports only from those before it, and by the name of the room.
const ROOMS: [(&str, &[&str]); 9] = [
    (
        "db",
        &[
            "vault", "catalog", "feed", "pending", "records", "columns", "vectors", "locks", "state", "read", "write",
            "database", "replica", "open", "upkeep",
        ],
    ),
    ("db/replica", &["handle", "receiving", "posting", "rights", "networks", "holdings", "commit", "replica"]),
    ("store", &["files", "record", "key", "vault", "rocks"]),
    ("vector", &["codec", "mapped", "workers", "rows", "graph", "segment", "index", "search", "file"]),
    ("pg", &["codec", "messages", "transport", "auth", "serve", "accept"]),
    ("sync", &["knirvgraph", "protocol", "engine", "transport", "blobs", "node"]),
    (
        "sync/engine",
        &[
            "invariant",
            "limits",
            "event",
            "requests",
            "io",
            "core",
            "partial",
            "stability",
            "log",
            "reconcile",
            "members",
            "dispatch",
        ],
    ),
    ("sql/planner", &["semantics", "subqueries"]),
    (
        "sql",
        &[
            "parse",
            "arrow",
            "registry",
            "functions",
            "rewrite",
            "planner",
            "relational",
            "pg_catalog",
            "analyze",
            "read",
            "write",
            "define",
            "statement",
        ],
    ),
];
/// Files that may import from a room above theirs, and why there is no order between the two.
const ABOVE: [(&str, &str, &str); 5] = [
    ("db/state/row_rules.rs", "read", "what compiles an expression plans it in a view, and every view is of the state"),
    (
        "sql/functions/server/catalog.rs",
        "pg_catalog",
        "functions read the catalogs, and the catalogs list the functions",
    ),
    (
        "sql/functions/server/rights.rs",
        "pg_catalog",
        "functions read the catalogs, and the catalogs list the functions",
    ),
    (
        "sql/functions/server/sequences.rs",
        "pg_catalog",
        "functions read the catalogs, and the catalogs list the functions",
    ),
    ("sync/engine/core/engine_core.rs", "dispatch", "what is done with a reply runs on the engine as a whole"),
];
/// Names that the folder of a module with rooms shows, at most.
const NAMES_MAX: usize = 16;
/// Libraries and the modules that may name each.
const NAMED_ONLY_IN: [(&str, &[&str]); 10] = [
    ("rocksdb", &["store"]),
    ("memmap2", &["vector"]),
    ("pgwire", &["pg"]),
    ("datafusion", &["sql"]),
    ("sqlparser", &["sql"]),
    ("libp2p", &["sync"]),
    // The client of HTTP: to endpoints of KNIRVGRAPH, to collectors of OpenTelemetry, to buckets.
    ("ureq", &["sync", "telemetry", "backup"]),
    ("rmcp", &["mcp"]),
    ("parquet", &["transfer"]),
    ("rusty_s3", &["backup"]),
];
const NEVER: [&str; 6] = ["unbounded_channel", "todo!", "unimplemented!", "dbg!", "#[allow(", "#![allow("];
const VAGUE_NAMES: [&str; 5] = ["util", "utils", "common", "helpers", "misc"];
const LINES_MAX: usize = 500;
/// How far above `unsafe` its proof may begin.
const PROOF_LINES_MAX: usize = 10;

#[test]
fn sources_keep_the_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for path in rust_files(&root.join("src")) {
        let text = std::fs::read_to_string(&path).expect("a source is text");
        let name = path.strip_prefix(root.join("src")).expect("it lies there").to_string_lossy().into_owned();
        found.extend(problems(&name, &text).into_iter().map(|problem| format!("src/{name}{problem}")));
    }
    for (file, above, _) in ABOVE {
        let text = std::fs::read_to_string(root.join("src").join(file)).expect("an excused file is there");
        let rooms = ROOMS.iter().map(|(folder, _)| *folder).filter(|folder| file.starts_with(&format!("{folder}/")));
        let folder = rooms.max_by_key(|folder| folder.len()).expect("a folder with rooms").replace('/', "::");
        if !code_of(&text).contains(&format!("crate::{folder}::{above}")) {
            found.push(format!("src/{file}: needs no leave to import {above} any more"));
        }
    }
    for (folder, _) in ROOMS.iter().filter(|(folder, _)| !folder.contains('/')) {
        let names = std::fs::read_dir(root.join("src").join(folder)).expect("a folder").count();
        if names > NAMES_MAX {
            found.push(format!("src/{folder}: {names} names, {NAMES_MAX} are the most that one takes in"));
        }
    }
    assert!(found.is_empty(), "{} problems:\n{}", found.len(), found.join("\n"));
}

#[test]
fn tests_have_headers_and_are_declared() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let mut found = Vec::new();
    for path in rust_files(&root) {
        let text = std::fs::read_to_string(&path).expect("a test is text");
        if !text.starts_with("//!") {
            found.push(format!("{} has no `//!` header", path.display()));
        }
        let folder = path.parent().expect("a folder");
        let declaring = if folder == root { root.join("main.rs") } else { folder.with_extension("rs") };
        let name = path.file_stem().expect("a name").to_string_lossy();
        let declared = std::fs::read_to_string(&declaring).unwrap_or_default();
        if path != declaring && !declared.lines().any(|line| line == format!("mod {name};")) {
            found.push(format!("{} is not declared in {}: it never runs", path.display(), declaring.display()));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_rules_find_what_breaks_them() {
    let header = "//! Header.\n";
    let said = |name: &str, text: &str| problems(name, &format!("{header}{text}")).join("\n");
    assert_eq!(said("db/read/good.rs", "use crate::store::{Key, Store};\nuse crate::db::state::state::Shared;\n"), "");
    assert_eq!(
        said("db/read/good.rs", "// use crate::sql::x, todo!, rocksdb\nconst A: &str = \"crate::sql::x todo!\";"),
        ""
    );
    assert_eq!(said("db/read/good.rs", "const A: &str = r#\"a \"crate::sql::x\" \"#; const B: char = '\"'; // '"), "");
    assert_eq!(said("db/read/good.rs", "fn a<'a>(a: &'a str) -> &'a str { macro_rules!{ $crate::sql::x } }"), "");
    for (name, text, wanted) in [
        ("store/bad.rs", "use crate::db::Row;", "2: store (rank 4) imports db (rank 6)"),
        ("sql/bad.rs", "use crate::knirvql::parse;", "sql (rank 8) imports its sibling knirvql"),
        ("store/bad.rs", "\nfn a() { crate::session::run(); }", "3: store (rank 4) imports session (rank 9)"),
        ("store/bad.rs", "use crate::{error::Result, db::{Row, Query}};", "imports db"),
        ("store/bad.rs", "pub(crate) use crate::{\n    model::Value,\n    sql,\n};", "imports sql"),
        ("db/read/bad.rs", "use crate::db::write::X;", "2: read imports write, a room of db above it"),
        ("db/read/bad.rs", "use crate::db::{state::X, write::Y};", "read imports write"),
        ("db/write/bad.rs", "fn a() { crate::db::replica::x() }", "write imports replica"),
        ("db/write/bad.rs", "use crate::db::Row;", "crate::db::Row does not name a room of db"),
        ("db/bad.rs", "", "bad is no room of db"),
        ("sql/functions/bad.rs", "use crate::sql::pg_catalog::X;", "functions imports pg_catalog"),
        ("db/replica/rights/bad.rs", "use crate::db::replica::networks::X;", "rights imports networks"),
        ("db/bad.rs", "use crate::nowhere::X;", "nowhere has no rank"),
        ("nowhere/bad.rs", "", "nowhere has no rank"),
        ("db/bad.rs", "use rocksdb::DB;", "rocksdb is named outside store"),
        ("session/bad.rs", "fn a(x: datafusion::X) {}", "datafusion is named outside sql"),
        ("session/bad.rs", "use sqlparser::X;", "sqlparser is named outside sql"),
        ("session/bad.rs", "use pgwire::X;", "pgwire is named outside pg"),
        ("db/bad.rs", "fn a() { todo!() }", "`todo!`"),
        ("db/bad.rs", "#[allow(dead_code)]\nfn a() {}", "`#[allow(`"),
        ("db/bad.rs", "fn a() { mpsc::unbounded_channel(); }", "`unbounded_channel`"),
        ("db/bad.rs", "fn a() { unsafe { b() } }", "unsafe without a SAFETY comment"),
        ("db/helpers.rs", "", "a vague name"),
        ("db/mod.rs", "mod a;\nfn b() {}", "mod.rs holds logic"),
        ("db/bad.rs", "//\n".repeat(LINES_MAX).as_str(), "501 lines"),
    ] {
        let said = said(name, text);
        assert!(said.contains(wanted), "{name}: {text}\nwanted: {wanted}\nsaid: {said}");
    }
    assert!(problems("db/bad.rs", "use crate::error::Result;\n").join("").contains("no `//!` header"));
    assert_eq!(said("db/bad_tests.rs", &"//\n".repeat(LINES_MAX)), "", "tests may be long");
    assert_eq!(said("db/read/good.rs", "// SAFETY: b never fails.\nfn a() { unsafe { b() } }"), "");
}

/// A file that no `mod` names is compiled by nobody, and grows old unseen.
#[test]
fn every_source_is_compiled() {
    for folder in ["src", "tests/it"] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let texts: Vec<(PathBuf, String)> = rust_files(&root)
            .into_iter()
            .map(|path| (path.clone(), std::fs::read_to_string(&path).expect("a source is text")))
            .collect();
        for (path, _) in &texts {
            assert!(is_named(path, &root, &texts), "{}: no `mod` names it", path.display());
        }
        assert!(!is_named(&root.join("sync/nobody.rs"), &root, &texts));
    }
}

/// Whether a module names this file: the one of its folder, or one beside or above it by a path.
fn is_named(path: &Path, root: &Path, texts: &[(PathBuf, String)]) -> bool {
    let stem = |path: &Path| path.file_stem().expect("a name").to_string_lossy().into_owned();
    let folder = path.parent().expect("a folder");
    if folder == root && ["lib", "main"].contains(&stem(path).as_str()) {
        return true;
    }
    // `a/mod.rs` is the module `a`.
    let is_mod = stem(path) == "mod";
    let (name, home) = if is_mod { (stem(folder), folder.parent().expect("a folder")) } else { (stem(path), folder) };
    let (declared, by_path) = (format!("mod {name};"), format!("{name}.rs\"]"));
    texts.iter().any(|(other, text)| {
        let is_beside = other.parent() == Some(home);
        let is_of_folder =
            (is_beside && ["mod", "lib", "main"].contains(&stem(other).as_str())) || other.with_extension("") == home;
        let is_near = is_beside || other.parent() == home.parent();
        (is_of_folder && text.contains(&declared)) || (is_near && text.contains(&by_path))
    })
}

/// What is wrong with a source; `name` is its path below `src`. Each begins with `:line: ` or `: `.
fn problems(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let code = code_of(text);
    let module = name.split('/').next().unwrap_or(name).trim_end_matches(".rs");
    let stem = Path::new(name).file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    if !text.starts_with("//!") {
        found.push(": no `//!` header".to_string());
    }
    let lines = text.lines().count();
    if lines > LINES_MAX && !stem.contains("tests") {
        found.push(format!(": {lines} lines, {LINES_MAX} is the most"));
    }
    if VAGUE_NAMES.contains(&stem.as_str()) {
        found.push(": a vague name: say what the file holds".to_string());
    }
    if stem == "mod" && code.lines().any(|line| has_word(line, "fn") || has_word(line, "impl")) {
        found.push(": mod.rs holds logic".to_string());
    }
    if module != "lib" {
        found.extend(import_problems(module, &code));
        found.extend(ROOMS.iter().flat_map(|(folder, rooms)| room_problems(name, folder, rooms, &code)));
    }
    for (number, line) in (1..).zip(code.lines()) {
        let libraries =
            NAMED_ONLY_IN.iter().filter(|(library, homes)| !homes.contains(&module) && has_word(line, library));
        found.extend(
            libraries.map(|(library, homes)| format!(":{number}: {library} is named outside {}", homes.join(", "))),
        );
        let never = NEVER.iter().filter(|word| line.contains(**word));
        found.extend(never.map(|word| format!(":{number}: `{word}` never lands")));
        if has_word(line, "unsafe") && !has_proof(text, number) {
            found.push(format!(":{number}: unsafe without a SAFETY comment"));
        }
    }
    found
}

fn has_proof(text: &str, line: usize) -> bool {
    text.lines().take(line).skip(line.saturating_sub(PROOF_LINES_MAX)).any(|line| line.contains("SAFETY"))
}

fn rank(module: &str) -> Option<usize> {
    RANKS.iter().position(|modules| modules.contains(&module))
}

fn import_problems(module: &str, code: &str) -> Vec<String> {
    let Some(own) = rank(module) else {
        return vec![format!(": {module} has no rank")];
    };
    let mut found = Vec::new();
    for (place, _) in code.match_indices("crate::") {
        if code[..place].ends_with(|before: char| before == '$' || before == '_' || before.is_alphanumeric()) {
            continue;
        }
        let number = code[..place].matches('\n').count() + 1;
        for imported in first_names(&code[place + "crate::".len()..]) {
            let problem = match rank(&imported) {
                _ if imported == module => continue,
                None => format!("{imported} has no rank"),
                Some(other) if other == own => format!("{module} (rank {own}) imports its sibling {imported}"),
                Some(other) if other > own => {
                    format!("{module} (rank {own}) imports {imported} (rank {other})")
                }
                Some(_) => continue,
            };
            found.push(format!(":{number}: {problem}"));
        }
    }
    found
}

/// Imports of a file in a room of `folder` that go up in the order of its rooms, or that do not name a room.
fn room_problems(name: &str, folder: &str, rooms: &[&str], code: &str) -> Vec<String> {
    let inside = name.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')).unwrap_or_default();
    let room = inside.split('/').next().unwrap_or_default().trim_end_matches(".rs");
    let of_tests = |part: &str| part.contains("tests") || matches!(part, "simulation" | "attacker.rs" | "burden.rs");
    if inside.is_empty() || room == "mod" || inside.split('/').any(of_tests) {
        return Vec::new();
    }
    let Some(own) = rooms.iter().position(|known| *known == room) else {
        return vec![format!(": {room} is no room of {folder}")];
    };
    let code = code.split("\nmod tests {").next().unwrap_or(code);
    let prefix = format!("crate::{}::", folder.replace('/', "::"));
    let mut found = Vec::new();
    for (place, _) in code.match_indices(&prefix) {
        let number = code[..place].matches('\n').count() + 1;
        for imported in first_names(&code[place + prefix.len()..]) {
            let is_excused = ABOVE.iter().any(|(file, above, _)| *file == name && *above == imported);
            match rooms.iter().position(|known| *known == imported) {
                None => found.push(format!(":{number}: {prefix}{imported} does not name a room of {folder}")),
                Some(other) if other > own && !is_excused => {
                    found.push(format!(":{number}: {room} imports {imported}, a room of {folder} above it"));
                }
                Some(_) => {}
            }
        }
    }
    found
}

/// The first names of the paths behind `crate::`: one, or all of a braced list.
fn first_names(rest: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|each| each.is_alphanumeric() || *each == '_').collect()
    };
    let Some(list) = rest.strip_prefix('{') else {
        return vec![name(rest)];
    };
    let mut names = Vec::new();
    let (mut depth, mut start) = (1, 0);
    for (place, character) in list.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && character == ',') {
            names.push(name(&list[start..place]));
            start = place + 1;
        }
        if depth == 0 {
            break;
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(word)
        .any(|(place, _)| !line[..place].ends_with(is_part) && !line[place + word.len()..].starts_with(is_part))
}

/// The source with comments, strings and characters blanked out, line by line in place.
fn code_of(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < characters.len() {
        let end = skipped(&characters, at);
        if end == at {
            code.push(characters[at]);
            at += 1;
        } else {
            code.extend(characters[at..end].iter().map(|each| if *each == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    code
}

/// The end of the comment, string or character that begins at `at`; `at` itself where none does.
fn skipped(text: &[char], at: usize) -> usize {
    let find = |from: usize, wanted: &[char]| {
        (from..text.len())
            .find(|place| text[*place..].starts_with(wanted))
            .map_or(text.len(), |place| place + wanted.len())
    };
    match text[at..] {
        ['/', '/', ..] => find(at, &['\n']) - 1,
        ['/', '*', ..] => find(at, &['*', '/']),
        ['"', ..] => {
            let mut place = at + 1;
            while place < text.len() && text[place] != '"' {
                place += if text[place] == '\\' { 2 } else { 1 };
            }
            (place + 1).min(text.len())
        }
        ['r', '"' | '#', ..] if at == 0 || !(text[at - 1].is_alphanumeric() && text[at - 1] != 'b') => {
            let hashes = text[at + 1..].iter().take_while(|each| **each == '#').count();
            if text.get(at + 1 + hashes) != Some(&'"') {
                return at;
            }
            let mut closing = vec!['"'];
            closing.resize(1 + hashes, '#');
            find(at + 2 + hashes, &closing)
        }
        ['\'', '\\', ..] => find(at + 3, &['\'']),
        ['\'', _, '\'', ..] => at + 3,
        _ => at,
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
