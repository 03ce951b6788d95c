//! The terms of a `jsonb` value: what an inverted index (GIN) knows it by.
//!
//! A value that contains another one (`@>`) has all terms of the other. Each scalar in a value is a term, with the keys that lead to
//! it; arrays on the way count for nothing, as containment does not mind places in them. Terms are hashes: two values may share
//! one by chance, so whatever they find is asked the whole question again.

use std::collections::BTreeSet;

use crate::types::json::jsonb::{JsonKind, elements, kind, members, string};
use crate::types::json::sort_key::sort_key;
use crate::types::limits::JSON_DEPTH_MAX;

/// Terms of one value, at most: one with more is found by every search. Each is an entry of the index with the row's key in it, so
/// that this also bounds what a value of a peer can make of an index here.
pub const TERMS_MAX: usize = 1_024;
/// The term of a value that has too many.
pub const TERM_OF_ANY: i64 = 0;
/// What tells the term of a key from that of a path.
const KEY: u8 = 1;
const PATH: u8 = 0;

/// Which terms of a value are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonTerms {
    /// Scalars with their paths, for `@>`.
    Paths,
    /// Those, and what `?` asks for: keys, and strings of an array.
    PathsAndKeys,
}

/// The terms of a value in its canonical form.
pub fn terms_of(json: &str, kinds: JsonTerms) -> BTreeSet<i64> {
    let mut terms = Terms { found: BTreeSet::new(), path: vec![PATH] };
    terms.add(json, 0);
    if kinds == JsonTerms::PathsAndKeys {
        match kind(json) {
            JsonKind::Object => members(json).for_each(|(key, _)| terms.keep(key_term(&key))),
            JsonKind::Array => elements(json).filter_map(string).for_each(|text| terms.keep(key_term(&text))),
            _ => terms.found.extend(string(json).map(|text| key_term(&text))),
        }
    }
    if terms.found.len() > TERMS_MAX { BTreeSet::from([TERM_OF_ANY]) } else { terms.found }
}

/// The term of every value that has a key, or that string in its array.
pub fn key_term(key: &str) -> i64 {
    hash(&[&[KEY], key.as_bytes()].concat())
}

struct Terms {
    found: BTreeSet<i64>,
    /// The keys that lead to the present value, each behind its length.
    path: Vec<u8>,
}

impl Terms {
    fn add(&mut self, json: &str, depth: usize) {
        if depth > JSON_DEPTH_MAX || self.found.len() > TERMS_MAX {
            return;
        }
        match kind(json) {
            JsonKind::Object => {
                for (key, value) in members(json) {
                    let length = self.path.len();
                    self.path.extend_from_slice(&(key.len() as u64).to_be_bytes());
                    self.path.extend_from_slice(key.as_bytes());
                    self.add(value, depth + 1);
                    self.path.truncate(length);
                }
            }
            JsonKind::Array => elements(json).for_each(|element| self.add(element, depth + 1)),
            _ => self.keep(hash(&[self.path.as_slice(), &[u8::MAX], &sort_key(json)].concat())),
        }
    }

    fn keep(&mut self, term: i64) {
        if self.found.len() <= TERMS_MAX {
            self.found.insert(term);
        }
    }
}

/// Eight bytes of a hash that stays the same through versions: it is stored.
fn hash(bytes: &[u8]) -> i64 {
    let hash = blake3::hash(bytes);
    let first = hash.as_bytes().first_chunk().copied().unwrap_or_default();
    match i64::from_be_bytes(first) {
        TERM_OF_ANY => TERM_OF_ANY + 1,
        term => term,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::json::jsonb::contains;

    #[test]
    fn what_contains_another_has_all_of_its_terms() {
        let values = [
            "1",
            "1.0",
            "\"a\"",
            "null",
            "[]",
            "{}",
            "[1, 2]",
            "[[1], \"a\"]",
            "[\"a\", {\"b\": [1, 2]}]",
            "{\"a\": 1}",
            "{\"a\": 1.00, \"b\": {\"c\": [true, {\"d\": null}]}}",
            "{\"b\": {\"c\": [true]}}",
            "{\"b\": {\"c\": []}}",
            "{\"ab\": 1}",
            "{\"a\": {\"b\": 1}}",
        ];
        let mut contained = 0;
        for whole in values {
            for part in values {
                if contains(whole, part) {
                    contained += 1;
                    assert!(
                        terms_of(whole, JsonTerms::Paths).is_superset(&terms_of(part, JsonTerms::Paths)),
                        "{whole} {part}"
                    );
                }
            }
        }
        assert!(contained > values.len());
        assert_ne!(terms_of("{\"ab\": 1}", JsonTerms::Paths), terms_of("{\"a\": {\"b\": 1}}", JsonTerms::Paths));
    }

    #[test]
    fn keys_are_terms_where_they_are_wanted() {
        for (json, key, is_there) in [
            ("{\"a\": 1}", "a", true),
            ("[\"a\", 1]", "a", true),
            ("\"a\"", "a", true),
            ("{\"b\": \"a\"}", "a", false),
            ("{\"b\": {\"a\": 1}}", "a", false),
        ] {
            assert_eq!(terms_of(json, JsonTerms::PathsAndKeys).contains(&key_term(key)), is_there, "{json}");
            assert!(!terms_of(json, JsonTerms::Paths).contains(&key_term(key)), "{json}");
        }
    }

    #[test]
    fn a_value_of_too_many_terms_has_the_term_of_any() {
        let many: Vec<String> = (0..=TERMS_MAX).map(|number| number.to_string()).collect();
        assert_eq!(terms_of(&format!("[{}]", many.join(", ")), JsonTerms::Paths), BTreeSet::from([TERM_OF_ANY]));
        // The term is that of no value.
        assert!(!terms_of("[1, 2]", JsonTerms::Paths).contains(&TERM_OF_ANY));
    }

    #[test]
    fn terms_are_stored_and_stay_as_they_are() {
        assert_eq!(key_term("a"), 5_191_693_016_204_527_127);
    }
}
