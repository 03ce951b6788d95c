//! The page of all numbers that come from other members is held against the code: every number of a message and every bound
//! stands there, with the value that it has.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where messages are declared.
const MESSAGES: [&str; 2] = ["src/sync/protocol/message.rs", "src/sync/protocol/state_message.rs"];

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_else(|_| panic!("{path}"))
}

fn page() -> String {
    read("docs/remote-numbers.md")
}

/// `const NAME: type = value;` of all sources, by name; several where a name is used again.
fn constants() -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
            let path: PathBuf = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source is text");
                for line in text.lines().map(str::trim_start) {
                    let line = line.strip_prefix("pub(crate) ").or(line.strip_prefix("pub ")).unwrap_or(line);
                    let Some((name, rest)) = line.strip_prefix("const ").and_then(|line| line.split_once(": ")) else {
                        continue;
                    };
                    if let Some((_, value)) = rest.trim_end_matches(';').split_once(" = ") {
                        found.entry(name.to_string()).or_default().push(value.to_string());
                    }
                }
            }
        }
    }
    found
}

/// The value of a product, a shift or a sum of numbers and other constants.
fn value(text: &str, constants: &BTreeMap<String, Vec<String>>) -> Option<u64> {
    if let Some((a, b)) = text.split_once(" + ") {
        return value(a, constants)?.checked_add(value(b, constants)?);
    }
    if let Some((a, b)) = text.split_once(" << ") {
        return value(a, constants)?.checked_shl(u32::try_from(value(b, constants)?).ok()?);
    }
    if let Some((a, b)) = text.split_once(" * ") {
        return value(a, constants)?.checked_mul(value(b, constants)?);
    }
    let plain = text.trim().replace('_', "");
    if let Ok(number) = plain.parse() {
        return Some(number);
    }
    let name = text.trim().rsplit("::").next()?;
    constants.get(name)?.iter().filter(|other| other.as_str() != text).find_map(|other| value(other, constants))
}

#[test]
fn every_bound_has_the_value_that_the_page_says() {
    let (page, constants) = (page(), constants());
    let mut wrong = Vec::new();
    let mut rows = 0;
    for line in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let (name, told) = (cells[1].trim_matches('`'), cells[2].parse::<u64>());
        let Ok(told) = told else { continue };
        rows += 1;
        let values: Vec<Option<u64>> =
            constants.get(name).into_iter().flatten().map(|text| value(text, &constants)).collect();
        if !values.contains(&Some(told)) {
            wrong.push(format!("{name}: the page says {told}, the code {values:?}"));
        }
    }
    assert!(rows > 30 && wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_bound_of_a_message_stands_on_the_page() {
    let page = page();
    let is_bound = |name: &str| name.ends_with("_MAX") || name.ends_with("_BYTES") || name.starts_with("TREE");
    let declared = MESSAGES.iter().flat_map(|path| {
        let text = read(path);
        let names =
            text.lines().filter_map(|line| line.strip_prefix("pub const ")?.split(':').next().map(str::to_string));
        names.collect::<Vec<_>>()
    });
    let missing: Vec<String> =
        declared.filter(|name| is_bound(name)).filter(|name| !page.contains(&format!("| `{name}` |"))).collect();
    assert!(missing.is_empty(), "docs/remote-numbers.md lacks {missing:?}");
}

/// Numbers of messages: fields of structs, and of variants, by the name of what holds them.
fn numbers(text: &str) -> Vec<String> {
    const TYPES: [&str; 5] = ["u8", "u16", "u32", "u64", "(u32, u64)"];
    let mut found = Vec::new();
    let mut holder = String::new();
    for line in text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")) {
        let code = line.trim();
        if let Some(name) = code.strip_prefix("pub struct ").or(code.strip_prefix("pub enum ")) {
            holder = name.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default().to_string();
        } else if let Some(variant) = code.strip_suffix(" {").filter(|name| name.chars().all(char::is_alphanumeric)) {
            holder = variant.to_string();
        } else if let Some((name, ty)) = code.trim_end_matches(',').split_once(": ")
            && !code.starts_with("//")
        {
            let ty = ty.trim_start_matches("Vec<").trim_start_matches("Option<").trim_end_matches('>');
            if TYPES.contains(&ty) && code.ends_with(',') {
                found.push(format!("{holder}.{}", name.trim_start_matches("pub ")));
            }
        }
    }
    found
}

#[test]
fn every_number_of_a_message_stands_on_the_page() {
    let page = page();
    let found: Vec<String> = MESSAGES.iter().flat_map(|path| numbers(&read(path))).collect();
    assert!(found.len() > 25, "{found:?}");
    // Short names of peers are hints that may be wrong.
    let missing: Vec<&String> = found
        .iter()
        .filter(|name| name.as_str() != "Operation.pushed_to" && !page.contains(&format!("`{name}`")))
        .collect();
    assert!(missing.is_empty(), "docs/remote-numbers.md lacks {missing:?}");
}

#[test]
fn what_still_gets_through_is_told() {
    let code = read("src/sync/simulation/liars/lies.rs");
    let list = code.split_once("NOT_YET: &[(Lie, &str)] =").expect("the list").1;
    let security = read("SECURITY.md");
    let told: Vec<&str> = security.lines().filter_map(|line| line.strip_prefix("* ")).collect();
    for row in list.lines().filter_map(|line| line.trim().trim_start_matches("&[").strip_prefix("(Lie::")) {
        let (lie, reason) = row.split_once(", \"").expect("a lie and its reason");
        let reason = reason.trim_end_matches(['"', ')', ',', ']', ';']);
        assert!(told.contains(&format!("{lie}: {reason}.").as_str()), "SECURITY.md does not tell of {lie}: {reason}");
    }
}
