//! Documents and queries that are made of texts: `to_tsvector`, `to_tsquery` and their like.

use std::collections::HashMap;

use crate::error::{Error, ErrorKind, Result};
use crate::types::full_text::configuration::{LexedToken, TextConfiguration};
use crate::types::full_text::parser::{Tokens, is_letter_or_digit};
use crate::types::full_text::query::{Joint, QueryNode, TsQuery, too_deep};
use crate::types::full_text::query_text::{QueryPart, parse_query};
use crate::types::full_text::vector::{Position, TsVector, Weight};
use crate::types::full_text::vector_text::is_space;
use crate::types::json::jsonb::{JsonKind, elements, kind, members, string};
use crate::types::limits::{JSON_DEPTH_MAX, LEXEME_BYTES_MAX, TS_POSITION_MAX, TS_POSITIONS_MAX, TSQUERY_DEPTH_MAX};

/// The lexemes of a text with their places, from 1.
fn lexemes_of(text: &str, configuration: TextConfiguration, place: &mut usize, mut each: impl FnMut(String, usize)) {
    let lexer = configuration.lexer();
    for token in Tokens::new(text) {
        // What is longer is no word, and takes no place.
        if token.text.len() > LEXEME_BYTES_MAX {
            continue;
        }
        match lexer.lexed(token.kind, token.text) {
            LexedToken::LeftOut => {}
            LexedToken::StopWord => *place += 1,
            LexedToken::Lexeme(lexeme) => {
                *place += 1;
                each(lexeme, *place);
            }
        }
    }
}

/// A document on its way.
struct Draft {
    configuration: TextConfiguration,
    lexemes: HashMap<Box<str>, Vec<Position>>,
    place: usize,
}

impl Draft {
    fn new(configuration: TextConfiguration) -> Draft {
        Draft { configuration, lexemes: HashMap::new(), place: 0 }
    }

    /// Adds a text; whether it had lexemes.
    fn add(&mut self, text: &str) -> bool {
        let mut has_any = false;
        let lexemes = &mut self.lexemes;
        lexemes_of(text, self.configuration, &mut self.place, |lexeme, place| {
            has_any = true;
            let position = Position::new(place, Weight::D);
            let positions = lexemes.entry(lexeme.into()).or_default();
            // PostgreSQL keeps one less than a document may have, and nothing behind the last place.
            let is_full = positions.len() >= TS_POSITIONS_MAX - 1
                || positions.last().is_some_and(|last| last.place() == TS_POSITION_MAX || *last == position);
            if !is_full {
                positions.push(position);
            }
        });
        has_any
    }

    /// Adds the strings of a JSON value, each apart from the one before.
    fn add_json(&mut self, json: &str, depth: usize) {
        if depth > JSON_DEPTH_MAX {
            return;
        }
        match kind(json) {
            JsonKind::Object => members(json).for_each(|(_, value)| self.add_json(value, depth + 1)),
            JsonKind::Array => elements(json).for_each(|element| self.add_json(element, depth + 1)),
            _ => {
                if let Some(text) = string(json)
                    && self.add(&text)
                {
                    self.place += 1;
                }
            }
        }
    }

    /// As [`Draft::add_json`]; the reader has bounded how deep it goes.
    fn add_value(&mut self, value: &serde_json::Value) {
        match value {
            serde_json::Value::String(text) => {
                let has_any = self.add(text);
                self.place += usize::from(has_any);
            }
            serde_json::Value::Array(list) => list.iter().for_each(|value| self.add_value(value)),
            serde_json::Value::Object(members) => members.values().for_each(|value| self.add_value(value)),
            _ => {}
        }
    }

    fn finish(self) -> Result<TsVector> {
        TsVector::new(self.lexemes.into_iter().collect())
    }
}

/// The document of a text.
///
/// # Errors
/// As [`TsVector::new`].
pub fn document_of_text(text: &str, configuration: TextConfiguration) -> Result<TsVector> {
    let mut draft = Draft::new(configuration);
    draft.add(text);
    draft.finish()
}

/// The document of the strings of a `jsonb` value.
///
/// # Errors
/// As [`TsVector::new`].
pub fn document_of_json(json: &str, configuration: TextConfiguration) -> Result<TsVector> {
    let mut draft = Draft::new(configuration);
    draft.add_json(json, 0);
    draft.finish()
}

/// The document of the strings of a `json` value, in the order in which they are written.
///
/// # Errors
/// 22P02 for what is no JSON; as [`TsVector::new`].
pub fn document_of_written_json(json: &str, configuration: TextConfiguration) -> Result<TsVector> {
    let value = serde_json::from_str(json)
        .map_err(|_| Error::new(ErrorKind::InvalidTextRepresentation, "invalid input syntax for type json"))?;
    let mut draft = Draft::new(configuration);
    draft.add_value(&value);
    draft.finish()
}

/// The lexemes of a text as a part of a query: stop words between them leave gaps in a phrase.
fn part_of_text(text: &str, configuration: TextConfiguration, joint: Joint, weights: u8, is_prefix: bool) -> QueryPart {
    let mut part: Option<QueryPart> = None;
    let mut before = 0_usize;
    lexemes_of(text, configuration, &mut 0, |lexeme, place| {
        let own = QueryPart::of(QueryNode::lexeme(&lexeme, weights, is_prefix));
        let gaps = if before == 0 { 0 } else { place.saturating_sub(before).saturating_sub(1) };
        before = place;
        part = Some(match part.take() {
            None => own,
            Some(left) => {
                let left = (0..gaps).fold(left, |left, _| left.joined(joint, QueryPart::stop_word()));
                left.joined(joint, own)
            }
        });
    });
    part.unwrap_or_else(QueryPart::stop_word)
}

/// `to_tsquery`: a query whose words are made lexemes.
///
/// # Errors
/// As [`parse_query`].
pub fn query_of_text(text: &str, configuration: TextConfiguration) -> Result<TsQuery> {
    parse_query(text, &mut |lexeme, weights, is_prefix| {
        Ok(part_of_text(lexeme, configuration, Joint::Phrase(1), weights, is_prefix))
    })
}

/// `plainto_tsquery`: all lexemes of a text.
///
/// # Errors
/// As [`TsQuery::new`].
pub fn query_of_all_words(text: &str, configuration: TextConfiguration) -> Result<TsQuery> {
    TsQuery::new(part_of_text(text, configuration, Joint::And, 0, false).node)
}

/// `phraseto_tsquery`: the lexemes of a text one behind the other.
///
/// # Errors
/// As [`TsQuery::new`].
pub fn query_of_phrase(text: &str, configuration: TextConfiguration) -> Result<TsQuery> {
    TsQuery::new(part_of_text(text, configuration, Joint::Phrase(1), 0, false).node)
}

/// `websearch_to_tsquery`: words that are all wanted, `or` between them, phrases in quotes, a minus before what is not wanted.
///
/// # Errors
/// 54001 for too many of those before one word; as [`TsQuery::new`].
pub fn query_of_web_search(text: &str, configuration: TextConfiguration) -> Result<TsQuery> {
    let part = |text: &str| part_of_text(text, configuration, Joint::Phrase(1), 0, false);
    let (mut any, mut all): (Option<QueryPart>, Option<QueryPart>) = (None, None);
    let (mut negations, mut rest) = (0_usize, text);
    loop {
        rest = rest.trim_start_matches(is_space);
        let Some(c) = rest.chars().next() else { break };
        if all.is_some()
            && negations == 0
            && let Some(after) = or_operator(rest)
        {
            any = Some(joined(any, Joint::Or, all.take()));
            rest = after;
            continue;
        }
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        let found = match c {
            '-' => {
                negations += 1;
                if negations > TSQUERY_DEPTH_MAX {
                    return Err(too_deep());
                }
                rest = after;
                continue;
            }
            '!' | '&' | '|' | '(' | ')' | '<' => {
                rest = after;
                continue;
            }
            '"' => {
                let (quoted, behind) = after.split_once('"').unwrap_or((after, ""));
                rest = behind;
                part(quoted)
            }
            _ => {
                let is_end = |c: char| is_space(c) || matches!(c, '"' | ':' | '!' | '&' | '|' | '(' | ')' | '<');
                let end = after.find(is_end).map_or(rest.len(), |end| end + c.len_utf8());
                let (word, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
                rest = behind;
                part(word)
            }
        };
        let found = (0..std::mem::take(&mut negations)).fold(found, |part, _| part.negated());
        all = Some(joined(all, Joint::And, Some(found)));
    }
    TsQuery::new(joined(any, Joint::Or, all).node)
}

fn joined(left: Option<QueryPart>, joint: Joint, right: Option<QueryPart>) -> QueryPart {
    match (left, right) {
        (Some(left), Some(right)) => left.joined(joint, right),
        (left, right) => left.or(right).unwrap_or_else(QueryPart::stop_word),
    }
}

/// What stands behind an `or` that joins words: it is a word of its own, and something follows.
fn or_operator(text: &str) -> Option<&str> {
    let (word, rest) = text.split_at_checked(2)?;
    let next = rest.chars().next()?;
    if !word.eq_ignore_ascii_case("or") || matches!(next, '-' | '_') || is_letter_or_digit(next) {
        return None;
    }
    let behind = rest.get(next.len_utf8()..)?;
    behind.contains(|c| !is_space(c)).then_some(rest)
}

/// `querytree`: what of a query an index could look for; `None` where it has to look at every document.
///
/// # Errors
/// As [`TsQuery::new`].
pub fn indexable_part(query: &TsQuery) -> Result<Option<TsQuery>> {
    query.root().and_then(indexable).map(|root| TsQuery::new(Some(root))).transpose()
}

fn indexable(node: &QueryNode) -> Option<QueryNode> {
    match node {
        QueryNode::Lexeme(_) => Some(node.clone()),
        QueryNode::Not(_) => None,
        // One of both is enough to look for.
        QueryNode::And(list) => list.iter().filter_map(indexable).reduce(|left, right| left.joined(Joint::And, right)),
        QueryNode::Or(list) => {
            let parts: Option<Vec<QueryNode>> = list.iter().map(indexable).collect();
            parts?.into_iter().reduce(|left, right| left.joined(Joint::Or, right))
        }
        QueryNode::Phrase(first, others) => {
            let rest = others.iter().filter_map(|(distance, part)| Some((*distance, indexable(part)?)));
            let mut parts = indexable(first).map(|part| (0, part)).into_iter().chain(rest);
            let (_, start) = parts.next()?;
            Some(parts.fold(start, |left, (distance, right)| left.joined(Joint::Phrase(distance), right)))
        }
    }
}
