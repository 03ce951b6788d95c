//! A type of many methods, or of many fields that others see, says why it is one type and not several.

use std::collections::BTreeMap;

use super::whole::{Source, public_item, sources, words};

/// Methods of a type, in all of its `impl` blocks but those of traits, that need no reason.
const METHODS_MAX: usize = 25;
/// Fields seen outside of their file that need none.
const FIELDS_MAX: usize = 25;

#[test]
fn large_types_say_why() {
    let found = unexplained(&sources());
    assert!(found.is_empty(), "{} types:\n{}", found.len(), found.join("\n"));
}

#[test]
fn the_rule_about_large_types_finds_what_breaks_it() {
    let source = |name: &str, text: &str| Source::of(name.to_string(), text.to_string());
    let block = |methods: usize| format!("impl Row<'_> {{\n{}}}\n", "    pub(super) async fn a() {}\n".repeat(methods));
    let of = |docs: &str, methods: usize| {
        let first = format!("{docs}#[derive(Debug)]\npub struct Row<'a> {{\n    a: &'a u8,\n}}\n{}", block(20));
        unexplained(&[source("a/x.rs", &first), source("a/y.rs", &block(methods))])
    };
    assert!(of("/// A row.\n", METHODS_MAX - 20).is_empty());
    assert_eq!(of("/// A row.\n", METHODS_MAX - 19), ["a/x.rs: Row has 26 methods and does not say why"]);
    assert!(of("/// A row. Its methods lie by subject in the files of `a`.\n", METHODS_MAX).is_empty());
    let mine = source("a/x.rs", &format!("struct Row;\n{}", block(20)));
    assert!(unexplained(&[mine, source("b/y.rs", &format!("struct Row;\n{}", block(20)))]).is_empty());
    let fields = |count: usize| format!("/// Row.\npub struct Row {{\n{}}}\n", "    pub a: u8,\n".repeat(count));
    assert!(unexplained(&[source("a/x.rs", &fields(FIELDS_MAX))]).is_empty());
    assert_eq!(
        unexplained(&[source("a/x.rs", &fields(FIELDS_MAX + 1))]),
        ["a/x.rs: Row has 26 open fields and does not say why"]
    );
}

/// Where a type is defined, what is said there of it, and what it has.
#[derive(Default)]
struct Found {
    home: String,
    docs: String,
    methods: usize,
    fields: usize,
}

fn unexplained(sources: &[Source]) -> Vec<String> {
    let mut types: BTreeMap<String, Found> = BTreeMap::new();
    for source in sources.iter().filter(|source| !source.is_test) {
        for (name, is_public, docs, fields) in definitions(source) {
            let found = types.entry(key(&name, is_public, source)).or_default();
            (found.home, found.docs, found.fields) = (source.name.clone(), docs, fields);
        }
    }
    for source in sources.iter().filter(|source| !source.is_test) {
        for (name, methods) in implementations(source) {
            let key = Some(key(&name, false, source)).filter(|key| types.contains_key(key)).unwrap_or(name);
            types.entry(key).or_default().methods += methods;
        }
    }
    let mut said = Vec::new();
    for (key, found) in types {
        let name = key.rsplit(' ').next().unwrap_or_default();
        if found.methods > METHODS_MAX && !found.docs.contains("methods") {
            said.push(format!("{}: {name} has {} methods and does not say why", found.home, found.methods));
        }
        if found.fields > FIELDS_MAX && !found.docs.contains("fields") {
            said.push(format!("{}: {name} has {} open fields and does not say why", found.home, found.fields));
        }
    }
    said
}

/// A public type has a name of its own, another one only within its file.
fn key(name: &str, is_public: bool, source: &Source) -> String {
    if is_public { name.to_string() } else { format!("{} {name}", source.name) }
}

/// The types of a file: name, whether others see it, the comment before it, and how many fields others see.
fn definitions(source: &Source) -> Vec<(String, bool, String, usize)> {
    let lines: Vec<&str> = source.text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in source.code.lines().enumerate() {
        let item = match public_item(line) {
            Some(item) => Some((item, true)),
            None => words(line).next().zip(words(line).nth(1)).map(|item| (item, false)),
        };
        let Some(((_, name), is_public)) = item.filter(|((kind, _), _)| ["struct", "enum"].contains(kind)) else {
            continue;
        };
        if line.starts_with(' ') {
            continue;
        }
        let before = lines.iter().take(at).rev().map(|line| line.trim_start());
        let docs: Vec<&str> = before.take_while(|line| line.starts_with("///") || line.starts_with("#[")).collect();
        let fields = source.code.lines().skip(at + 1).take_while(|line| !line.starts_with('}'));
        let fields = fields.filter(|line| line.starts_with("    pub") && line.contains(':')).count();
        found.push((name.to_string(), is_public, docs.join("\n"), fields));
    }
    found
}

/// The types whose own methods a file has, with their number.
fn implementations(source: &Source) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let mut lines = source.code.lines();
    while let Some(line) = lines.next() {
        let Some(rest) = line.strip_prefix("impl").filter(|_| !line.contains(" for ")) else { continue };
        let Some(name) = words(after_generics(rest)).next() else { continue };
        let methods = lines.by_ref().take_while(|line| !line.starts_with('}')).filter(|line| is_method(line)).count();
        found.push((name.to_string(), methods));
    }
    found
}

/// What stands behind the parameters of an `impl`.
fn after_generics(rest: &str) -> &str {
    if !rest.starts_with('<') {
        return rest;
    }
    let mut depth = 0_usize;
    for (place, character) in rest.char_indices() {
        match character {
            '<' => depth += 1,
            '>' if depth == 1 => return rest.get(place + 1..).unwrap_or_default(),
            '>' => depth -= 1,
            _ => {}
        }
    }
    ""
}

fn is_method(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("    ").filter(|rest| !rest.starts_with(' ')) else { return false };
    words(rest.split('(').next().unwrap_or_default()).any(|word| word == "fn")
        || rest.contains(") fn ")
        || rest.contains(") async fn ")
}
