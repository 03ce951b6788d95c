//! The choice beside PostgreSQL's, over all types: `tests/golden/resolution`, which `tests/differential/registry.py` writes.

use std::collections::{BTreeMap, HashMap};

use crate::error::Result;
use crate::sql::registry::coercions::{CastContext, coercion};
use crate::sql::registry::functions::{CallArguments, resolve_function};
use crate::sql::registry::tables::{UNKNOWN, type_entry, types};
use crate::sql::registry::{common_type, resolve_operator};

/// What the lines of a file say: by what is before the colon and each word behind the result.
fn golden(text: &str) -> BTreeMap<(String, String), String> {
    let mut all = BTreeMap::new();
    for line in text.lines() {
        let (what, rest) = line.split_once(": ").unwrap();
        let mut words = rest.split(' ');
        let result = words.next().unwrap();
        for word in words {
            all.insert((what.to_string(), word.to_string()), result.to_string());
        }
    }
    all
}

fn oids() -> HashMap<&'static str, u32> {
    types().iter().map(|entry| (entry.name, entry.oid)).collect()
}

/// The name of the type, or the SQLSTATE.
fn said(result: Result<u32>) -> Option<String> {
    match result {
        Ok(oid) => Some(type_entry(oid).unwrap().name.to_string()),
        Err(error) if ["42883", "42846", "42804"].contains(&error.sqlstate()) => None,
        Err(error) => Some(error.sqlstate().to_string()),
    }
}

fn tried(text: &str) -> Vec<String> {
    let mut words: Vec<String> = golden(text).into_keys().map(|(_, word)| word).collect();
    words.sort();
    words.dedup();
    words
}

/// Fails where what is said of some words is not what the file says.
fn compare(text: &str, words: &[String], choose: impl Fn(&str, u32) -> Option<String>) {
    let (golden, oids) = (golden(text), oids());
    let whats: std::collections::BTreeSet<&String> = golden.keys().map(|(what, _)| what).collect();
    let mut wrong = Vec::new();
    for what in whats {
        for word in words {
            let wanted = golden.get(&(what.clone(), word.clone()));
            let found = choose(what, oids[word.as_str()]);
            if found.as_ref() != wanted {
                wrong.push(format!("{what} {word}: PostgreSQL {wanted:?}, here {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), golden.len(), wrong.join("\n"));
}

#[test]
fn operators_are_those_of_postgresql() {
    let text = include_str!("../../../tests/golden/resolution/operators.txt");
    let oids = oids();
    compare(text, &tried(text), |what, right| {
        let (name, left) = what.split_once(' ').unwrap();
        let left = (left != "-").then(|| oids[left]);
        said(resolve_operator(name, left, right).map(|resolved| resolved.result))
    });
}

#[test]
fn functions_are_those_of_postgresql() {
    let text = include_str!("../../../tests/golden/resolution/functions.txt");
    let few = "int4 int8 numeric float8 text date timestamptz interval jsonb _int4 vector unknown";
    let few: Vec<String> = few.split(' ').map(str::to_string).collect();
    let oids = oids();
    let choose = |what: &str, last: u32| {
        let mut words = what.split(' ');
        let name = words.next().unwrap();
        let mut types: Vec<u32> = words.map(|word| oids[word]).collect();
        types.push(last);
        said(resolve_function(name, &CallArguments { types, ..CallArguments::default() }).map(|found| found.result))
    };
    let (short, long): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.split(": ").next().unwrap().split(' ').count() < 3);
    compare(&short.join("\n"), &tried(text), choose);
    compare(&long.join("\n"), &few, choose);
}

#[test]
fn casts_are_those_of_postgresql() {
    let text = include_str!("../../../tests/golden/resolution/casts.txt");
    let oids = oids();
    compare(text, &tried(text), |what, target| {
        let source = oids[what];
        let found = source == UNKNOWN || coercion(source, target, CastContext::Explicit).is_some();
        found.then(|| said(Ok(target))).flatten()
    });
}

#[test]
fn common_types_are_those_of_postgresql() {
    let text = include_str!("../../../tests/golden/resolution/common_types.txt");
    let oids = oids();
    compare(text, &tried(text), |what, second| said(common_type(&[oids[what], second], "CASE")));
}

#[test]
fn errors_have_the_words_of_postgresql() {
    let shown = |error: crate::error::Error| format!("{} {}", error.sqlstate(), error.message());
    let call = |types: &[u32], names: &[&'static str]| CallArguments {
        types: types.to_vec(),
        names: names.to_vec(),
        is_variadic: false,
    };
    let operator = |name, left, right| shown(resolve_operator(name, left, right).unwrap_err());
    let function =
        |name, types: &[u32], names: &[&'static str]| shown(resolve_function(name, &call(types, names)).unwrap_err());
    assert_eq!(operator("+", Some(23), 16), "42883 operator does not exist: integer + boolean");
    assert_eq!(operator("-", None, 16), "42883 operator does not exist: - boolean");
    assert_eq!(operator("+", Some(705), 705), "42725 operator is not unique: unknown + unknown");
    assert_eq!(function("abs", &[705, 1042], &[]), "42883 function abs(unknown, character) does not exist");
    assert_eq!(
        function("make_interval", &[23], &["dayz"]),
        "42883 function make_interval(dayz => integer) does not exist"
    );
    assert_eq!(
        shown(common_type(&[23, 16], "UNION").unwrap_err()),
        "42804 UNION types integer and boolean cannot be matched"
    );
    assert!(resolve_function("make_interval", &call(&[23, 701], &["days", "secs"])).is_ok());
}
