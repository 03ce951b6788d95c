//! What is read is written, what is made of texts is PostgreSQL's, and hostile texts stay cheap. Whole answers of PostgreSQL are in
//! `tests/golden/functions/full_text.txt`.

use proptest::prelude::*;

use crate::error::Result;
use crate::types::full_text::configuration::TextConfiguration;
use crate::types::full_text::document::{document_of_text, query_of_text, query_of_web_search};
use crate::types::full_text::matching::matches;
use crate::types::full_text::parser::{TextTokenKind, Tokens};
use crate::types::full_text::query::{Joint, QueryNode, TsQuery};
use crate::types::full_text::query_text::{parse_query_text, write_query_text};
use crate::types::full_text::ranking::{RankWeights, rank, rank_by_covers};
use crate::types::full_text::vector::{Position, TsVector, Weight};
use crate::types::full_text::vector_text::{parse_vector_text, write_vector_text};
use crate::types::full_text::wire::{read_query_bytes, read_vector_bytes, write_query_bytes, write_vector_bytes};
use crate::types::limits::{TSQUERY_DEPTH_MAX, TSQUERY_NODES_MAX};

fn vector(text: &str) -> TsVector {
    parse_vector_text(text).unwrap()
}

fn query(text: &str) -> TsQuery {
    parse_query_text(text).unwrap()
}

fn shown(vector: &TsVector) -> String {
    let mut out = Vec::new();
    write_vector_text(vector, &mut out);
    String::from_utf8(out).unwrap()
}

fn shown_query(query: &TsQuery) -> String {
    let mut out = Vec::new();
    write_query_text(query, &mut out);
    String::from_utf8(out).unwrap()
}

fn code<T>(found: Result<T>) -> &'static str {
    found.map_or_else(|error| error.sqlstate(), |_| "00000")
}

#[test]
fn documents_are_read_and_written() {
    for (text, written) in
        [("b a:3 a:1", "'a':1,3 'b'"), ("'a b':1A,1,2 c''d", "'a b':1A,2 'c''''d'"), ("a:16384,16383C", "'a':16383C")]
    {
        assert_eq!(shown(&vector(text)), written);
    }
    for text in ["a:0", "a:", "a:x", "'a", "''", "a\\", "a:1,"] {
        assert_eq!(code(parse_vector_text(text)), "42601", "{text}");
    }
    assert_eq!(code(parse_vector_text(&"x".repeat(2047))), "54000");
    let many: String = (0..200_000).map(|number| format!("w{number} ")).collect();
    assert_eq!(code(parse_vector_text(&many)), "54000");
    let places: Vec<String> = (1..400).map(|place| place.to_string()).collect();
    assert_eq!(vector(&format!("a:{}", places.join(","))).lexemes()[0].positions.len(), 256);
}

#[test]
fn queries_are_read_and_written() {
    for (text, written) in [
        ("a&b|!c<->d:*ab", "'a' & 'b' | !'c' <-> 'd':*AB"),
        ("a & (b | c)", "'a' & ( 'b' | 'c' )"),
        ("a <-> (b <2> c)", "'a' <-> ( 'b' <2> 'c' )"),
        ("(a <-> b) <2> c", "'a' <-> 'b' <2> 'c'"),
        (" ", ""),
    ] {
        assert_eq!(shown_query(&query(text)), written);
    }
    for (text, sqlstate) in [("a b", "42601"), ("a &", "42601"), ("(a", "42601"), ("a <16385> b", "22023")] {
        assert_eq!(code(parse_query_text(text)), sqlstate, "{text}");
    }
}

#[test]
fn queries_are_bounded() {
    let deep = "(".repeat(TSQUERY_DEPTH_MAX + 1) + "a" + &")".repeat(TSQUERY_DEPTH_MAX + 1);
    assert_eq!(code(parse_query_text(&deep)), "54001");
    assert_eq!(code(parse_query_text(&("!".repeat(1_000_000) + "a"))), "54001");
    assert_eq!(code(query_of_web_search(&("-".repeat(1_000_000) + "a"), TextConfiguration::Simple)), "54001");
    // A chain is not deep.
    let chain = vec!["a"; TSQUERY_NODES_MAX / 2].join(" & ");
    assert_eq!(query(&chain).nodes(), TSQUERY_NODES_MAX - 1);
    assert_eq!(code(parse_query_text(&(chain + " & a"))), "54000");
    let nested = (0..=TSQUERY_DEPTH_MAX)
        .try_fold(query("a"), |inner, _| TsQuery::new(inner.root().cloned().map(QueryNode::negated)));
    assert_eq!(code(nested), "54001");
    let mut bytes = 3_000_u32.to_be_bytes().to_vec();
    bytes.extend([2, 1].repeat(3_000));
    assert_eq!(code(read_query_bytes(&bytes)), "54001");
}

#[test]
fn phrases_mind_places() {
    let document = vector("a:1 b:2 c:4A");
    for (text, is_match) in [
        ("a <-> b", true),
        ("b <-> a", false),
        ("a <-> b <2> c", true),
        ("a <3> c", true),
        ("a <-> !c", true),
        ("!a <-> b", false),
        ("a <-> (b | c)", true),
        ("c:A", true),
        ("c:BD", false),
        ("d:*", false),
        ("!d", true),
        ("", false),
    ] {
        assert_eq!(matches(&document, &query(text)), is_match, "{text}");
    }
    assert!(!matches(&vector("a b"), &query("a <-> b")) && matches(&vector("a b"), &query("a:A & b")));
}

#[test]
fn ranks_are_postgresqls() {
    let weights = RankWeights::default();
    let document = vector("a:1 b:5");
    assert_eq!(rank(&weights, &document, &query("a & b"), 0), 0.095_242_99);
    assert_eq!(rank(&weights, &document, &query("a & b"), 1), 0.060_091_637);
    assert_eq!(rank_by_covers(&weights, &document, &query("a & b"), 0), 0.025);
    assert_eq!(rank_by_covers(&weights, &document, &query("a & b"), 1), 0.022_755_98);
    assert_eq!(rank(&weights, &TsVector::default(), &query("a"), 0), 0.0);
    assert_eq!(code(RankWeights::new(&[1.0, 1.0])), "2202E");
    assert_eq!(code(RankWeights::new(&[2.0, 1.0, 1.0, 1.0])), "22023");
}

#[test]
fn texts_become_lexemes() {
    let english = |text: &str| shown(&document_of_text(text, TextConfiguration::English).unwrap());
    assert_eq!(
        english("The foxes were adding foo-bar to http://ab.com/c"),
        "'/c':11 'ab.com':10 'ab.com/c':9 'add':4 'bar':7 'foo':6 'foo-bar':5 'fox':2"
    );
}

#[test]
fn hostile_texts_stay_cheap() {
    for part in ["a-", "a.", "1.", "a_", "a@", "a/", "<a ", "<!--", "~/", "./", "a:", "&a", "-1.", "a1-", "é-", "<a '"]
    {
        let text = part.repeat(100_000 / part.len());
        let length: usize = Tokens::new(&text)
            .filter(|token| {
                !matches!(
                    token.kind,
                    TextTokenKind::Url
                        | TextTokenKind::HyphenWord
                        | TextTokenKind::AsciiHyphenWord
                        | TextTokenKind::NumHyphenWord
                )
            })
            .map(|token| token.text.len())
            .sum();
        assert_eq!(length, text.len(), "{part}");
    }
}

#[test]
fn stop_words_leave_gaps_in_phrases() {
    let made = |text: &str| shown_query(&query_of_text(text, TextConfiguration::English).unwrap());
    assert_eq!(made("cats <-> the <-> dogs"), "'cat' <2> 'dog'");
    assert_eq!(made("the & a"), "");
    assert_eq!(made("'quick brown':*A | !the"), "'quick':*A <-> 'brown':*A");
}

fn lexeme() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "ab", "b", "ä'\\ ", "c d"]).prop_map(str::to_string)
}

fn vectors() -> impl Strategy<Value = TsVector> {
    let position = (1_usize..9, 0_u8..4).prop_map(|(place, weight)| Position::new(place, Weight::of_number(weight)));
    let list = prop::collection::vec((lexeme(), prop::collection::vec(position, 0..4)), 0..5);
    list.prop_map(|list| TsVector::new(list.into_iter().map(|(text, places)| (text.into(), places)).collect()).unwrap())
}

fn queries() -> impl Strategy<Value = TsQuery> {
    let leaf = (lexeme(), 0_u8..16, any::<bool>())
        .prop_map(|(text, weights, is_prefix)| QueryNode::lexeme(&text, weights, is_prefix));
    let node = leaf.prop_recursive(4, 16, 2, |inner| {
        let joint = prop::sample::select(vec![Joint::And, Joint::Or, Joint::Phrase(1), Joint::Phrase(3)]);
        prop_oneof![
            inner.clone().prop_map(QueryNode::negated),
            (inner.clone(), joint, inner).prop_map(|(left, joint, right)| left.joined(joint, right)),
        ]
    });
    node.prop_map(|root| TsQuery::new(Some(root)).unwrap())
}

proptest! {
    #[test]
    fn forms_come_back(document in vectors(), asked in queries()) {
        prop_assert_eq!(&vector(&shown(&document)), &document);
        prop_assert_eq!(shown_query(&query(&shown_query(&asked))), shown_query(&asked));
        let mut bytes = Vec::new();
        write_vector_bytes(&document, &mut bytes);
        prop_assert_eq!(&read_vector_bytes(&bytes).unwrap(), &document);
        let mut bytes = Vec::new();
        write_query_bytes(&asked, &mut bytes);
        prop_assert_eq!(&read_query_bytes(&bytes).unwrap(), &asked);
    }

    #[test]
    fn what_damaged_bytes_still_mean_is_written_and_read_again(bytes in prop::collection::vec(0_u8..5, 0..40)) {
        if let Ok(vector) = read_vector_bytes(&bytes) {
            let mut again = Vec::new();
            write_vector_bytes(&vector, &mut again);
            prop_assert_eq!(read_vector_bytes(&again).unwrap(), vector);
        }
        if let Ok(query) = read_query_bytes(&bytes) {
            let mut again = Vec::new();
            write_query_bytes(&query, &mut again);
            prop_assert_eq!(read_query_bytes(&again).unwrap(), query);
        }
    }

    #[test]
    fn a_document_of_two_has_the_lexemes_of_both(left in vectors(), right in vectors()) {
        let both = left.concatenated(&right).unwrap();
        for lexeme in left.lexemes().iter().chain(right.lexemes()) {
            prop_assert_eq!(both.found(&lexeme.text, false).len(), 1);
        }
    }
}
