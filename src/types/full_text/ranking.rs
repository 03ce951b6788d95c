//! How well a document matches a query: PostgreSQL's `ts_rank` and `ts_rank_cd`, to the last bit of its numbers.
//!
//! `ts_rank` counts how often lexemes stand there and how near to one another; `ts_rank_cd` the covers of a query, the shortest parts of a
//! document that match it (Clarke, Cormack and Tudhope, "Relevance Ranking for One to Three Term Queries", 1999).

use std::collections::HashMap;

use crate::error::{Error, ErrorKind, Result};
use crate::types::full_text::matching::{Occurrences, holds};
use crate::types::full_text::query::{QueryLexeme, QueryNode, TsQuery};
use crate::types::full_text::vector::{Lexeme, Position, TsVector, Weight};
use crate::types::limits::TS_POSITION_MAX;

/// What the weights D, C, B and A count where nothing else is said.
const WEIGHTS: [f32; 4] = [0.1, 0.2, 0.4, 1.0];

/// What a rank is divided by, as bits of a number.
const BY_LOG_LENGTH: i32 = 1;
const BY_LENGTH: i32 = 2;
const BY_DISTANCE: i32 = 4;
const BY_LEXEMES: i32 = 8;
const BY_LOG_LEXEMES: i32 = 16;
const BY_ITSELF: i32 = 32;

/// What the weights count, by their numbers.
#[derive(Clone, Copy, Debug)]
pub struct RankWeights([f32; 4]);

impl Default for RankWeights {
    fn default() -> Self {
        RankWeights(WEIGHTS)
    }
}

impl RankWeights {
    /// What is said of the weights; a negative number leaves what is usual.
    ///
    /// # Errors
    /// 2202E for fewer than four numbers, 22023 for one above 1.
    pub fn new(given: &[f32]) -> Result<RankWeights> {
        let mut weights = WEIGHTS;
        let four = given
            .get(..weights.len())
            .ok_or_else(|| Error::new(ErrorKind::ArraySubscript, "array of weight is too short"))?;
        for (weight, number) in weights.iter_mut().zip(four) {
            if *number >= 0.0 {
                *weight = *number;
            }
            if *weight > 1.0 {
                return Err(Error::new(ErrorKind::InvalidParameterValue, "weight out of range"));
            }
        }
        Ok(RankWeights(weights))
    }

    fn of(&self, position: Position) -> f32 {
        self.of_weight(position.weight())
    }

    fn of_weight(&self, weight: Weight) -> f32 {
        self.0.get(usize::from(weight.number())).copied().unwrap_or_default()
    }
}

/// The rank of a document by how often and how near lexemes of a query stand in it.
#[expect(clippy::cast_possible_truncation, reason = "PostgreSQL keeps each step in single precision")]
pub fn rank(weights: &RankWeights, vector: &TsVector, query: &TsQuery, method: i32) -> f32 {
    let Some(root) = query.root().filter(|_| !vector.is_empty()) else { return 0.0 };
    let mut lexemes = query.lexemes();
    // Of several with one text PostgreSQL takes the last.
    lexemes.reverse();
    lexemes.sort_by(|a, b| a.text.as_bytes().cmp(b.text.as_bytes()));
    lexemes.dedup_by(|a, b| a.text == b.text);
    let is_joined = matches!(root, QueryNode::And(_) | QueryNode::Phrase(..)) && lexemes.len() > 1;
    let mut rank =
        if is_joined { rank_of_all(weights, vector, &lexemes) } else { rank_of_any(weights, vector, &lexemes) };
    if rank < 0.0 {
        rank = 1e-20;
    }
    let (length, count) = (vector.length(), vector.lexemes().len());
    if method & BY_LOG_LENGTH != 0 {
        rank = (f64::from(rank) / (float(length + 1).ln() / 2.0_f64.ln())) as f32;
    }
    if method & BY_LENGTH != 0 && length > 0 {
        rank /= length as f32;
    }
    if method & BY_LEXEMES != 0 {
        rank /= count as f32;
    }
    if method & BY_LOG_LEXEMES != 0 {
        rank = (f64::from(rank) / (float(count + 1).ln() / 2.0_f64.ln())) as f32;
    }
    if method & BY_ITSELF != 0 {
        rank /= rank + 1.0;
    }
    rank
}

#[expect(clippy::cast_precision_loss, reason = "a document has far fewer lexemes than a double counts")]
fn float(count: usize) -> f64 {
    count as f64
}

/// How much two lexemes count together that are so many places apart.
#[expect(clippy::cast_possible_truncation, reason = "PostgreSQL keeps each step in single precision")]
fn nearness(distance: u16) -> f32 {
    if distance > 100 {
        return 1e-30;
    }
    (1.0 / (1.005 + 0.05 * (f64::from(distance) / 1.5 - 2.0).exp())) as f32
}

/// The positions of a lexeme; `unknown` where they are not known, and whether that is so.
fn positions_or(lexeme: &Lexeme, unknown: Position) -> (Vec<Position>, bool) {
    if lexeme.positions.is_empty() { (vec![unknown], true) } else { (lexeme.positions.to_vec(), false) }
}

#[expect(clippy::cast_possible_truncation, reason = "PostgreSQL keeps each step in single precision")]
fn rank_of_all(weights: &RankWeights, vector: &TsVector, lexemes: &[&QueryLexeme]) -> f32 {
    let mut rank = -1.0_f32;
    // Of each lexeme before, the positions of the last one that was found for it.
    let mut before: Vec<Option<(Vec<Position>, bool)>> = Vec::with_capacity(lexemes.len());
    for lexeme in lexemes {
        let mut own = None;
        for found in vector.found(&lexeme.text, lexeme.is_prefix) {
            let (here, is_unknown) = positions_or(found, Position::new(usize::from(TS_POSITION_MAX), Weight::D));
            for (there, was_unknown) in before.iter().flatten() {
                for a in &here {
                    for b in there {
                        let distance = match a.place().abs_diff(b.place()) {
                            0 if is_unknown || *was_unknown => TS_POSITION_MAX + 1,
                            0 => continue,
                            distance => distance,
                        };
                        let product = weights.of(*a) * weights.of(*b) * nearness(distance);
                        let one = f64::from(product).sqrt() as f32;
                        rank = if rank < 0.0 {
                            one
                        } else {
                            (1.0 - (1.0 - f64::from(rank)) * (1.0 - f64::from(one))) as f32
                        };
                    }
                }
            }
            own = Some((here, is_unknown));
        }
        before.push(own);
    }
    rank
}

#[expect(clippy::cast_possible_truncation, reason = "PostgreSQL keeps each step in single precision")]
fn rank_of_any(weights: &RankWeights, vector: &TsVector, lexemes: &[&QueryLexeme]) -> f32 {
    /// What the sum of 1/n² tends to.
    const LIMIT: f64 = 1.644_934_066_85;
    let mut rank = 0.0_f32;
    for lexeme in lexemes {
        for found in vector.found(&lexeme.text, lexeme.is_prefix) {
            let (positions, _) = positions_or(found, Position::of_bits(0));
            let (mut sum, mut greatest, mut divisor_of_greatest) = (0.0_f32, -1.0_f32, 1.0_f32);
            for (number, position) in (1_u16..).zip(&positions) {
                let (weight, divisor) = (weights.of(*position), (u32::from(number) * u32::from(number)) as f32);
                sum += weight / divisor;
                if weight > greatest {
                    (greatest, divisor_of_greatest) = (weight, divisor);
                }
            }
            let own = greatest + sum - greatest / divisor_of_greatest;
            rank = (f64::from(rank) + f64::from(own) / LIMIT) as f32;
        }
    }
    if lexemes.is_empty() { rank } else { rank / lexemes.len() as f32 }
}

/// The rank of a document by the covers of a query in it.
#[expect(clippy::cast_possible_truncation, reason = "PostgreSQL returns a number of single precision")]
pub fn rank_by_covers(weights: &RankWeights, vector: &TsVector, query: &TsQuery, method: i32) -> f32 {
    let words = words_of(vector, query);
    if words.is_empty() {
        return 0.0;
    }
    let (mut rank, mut distances, mut before, mut count) = (0.0_f64, 0.0_f64, 0.0_f64, 0_usize);
    let mut covers = Covers { words: &words, query, from: 0 };
    while let Some(cover) = covers.next_cover() {
        let inside = words.get(cover.begin..=cover.end).unwrap_or_default();
        let inverse: f64 = inside.iter().map(|word| 1.0 / f64::from(weights.of_weight(word.position.weight()))).sum();
        let (first, last) = (cover.first, cover.last);
        let between = (cover.end - cover.begin).min(usize::from(u16::MAX));
        let spread = usize::from(last - first);
        // Places end somewhere: beyond them half of the cover counts as other words.
        let noise = spread.checked_sub(between).unwrap_or(between / 2);
        rank += float(inside.len()) / inverse / float(1 + noise);
        let middle = f64::from(u32::from(first) + u32::from(last)) / 2.0;
        if count > 0 && middle > before {
            distances += 1.0 / (middle - before);
        }
        before = middle;
        count += 1;
    }
    let (length, lexemes) = (vector.length(), vector.lexemes().len());
    if method & BY_LOG_LENGTH != 0 {
        rank /= float(length + 1).ln();
    }
    if method & BY_LENGTH != 0 && length > 0 {
        rank /= float(length);
    }
    if method & BY_DISTANCE != 0 && count > 0 && distances > 0.0 {
        rank /= float(count) / distances;
    }
    if method & BY_LEXEMES != 0 {
        rank /= float(lexemes);
    }
    if method & BY_LOG_LEXEMES != 0 {
        rank /= float(lexemes + 1).ln() / 2.0_f64.ln();
    }
    if method & BY_ITSELF != 0 {
        rank /= rank + 1.0;
    }
    rank as f32
}

/// A place of a document where lexemes of the query are.
struct Word {
    position: Position,
    /// The numbers of the query's lexemes that it is.
    lexemes: Vec<usize>,
}

/// The places of a document that a query asks about, in order.
fn words_of(vector: &TsVector, query: &TsQuery) -> Vec<Word> {
    let mut found: Vec<(u16, u8, usize, usize)> = Vec::new();
    for lexeme in query.lexemes() {
        let list = vector.found(&lexeme.text, lexeme.is_prefix);
        let Some(first) = list.first() else { continue };
        let start = vector.lexemes().partition_point(|other| other.text.as_bytes() < first.text.as_bytes());
        for (place, entry) in (start..).zip(list) {
            for position in &entry.positions {
                if lexeme.weights == 0 || lexeme.weights & position.weight().bit() != 0 {
                    found.push((position.place(), position.weight().number(), place, lexeme.number));
                }
            }
        }
    }
    found.sort_unstable();
    let mut words: Vec<Word> = Vec::new();
    let mut last = None;
    for (place, weight, entry, lexeme) in found {
        match words.last_mut().filter(|_| last == Some((place, weight, entry))) {
            Some(word) => word.lexemes.push(lexeme),
            None => {
                let position = Position::new(usize::from(place), Weight::of_number(weight));
                words.push(Word { position, lexemes: vec![lexeme] });
            }
        }
        last = Some((place, weight, entry));
    }
    words
}

/// A shortest part of a document that matches: the words that it is from and to, and their places.
struct Cover {
    begin: usize,
    end: usize,
    first: u16,
    last: u16,
}

struct Covers<'a> {
    words: &'a [Word],
    query: &'a TsQuery,
    /// Where the next one may begin.
    from: usize,
}

/// The lexemes of the words that were passed.
#[derive(Default)]
struct Passed {
    places: HashMap<usize, Vec<u16>>,
    is_backwards: bool,
}

impl Passed {
    fn add(&mut self, word: &Word) {
        let place = word.position.place();
        for lexeme in &word.lexemes {
            let places = self.places.entry(*lexeme).or_default();
            if places.last() != Some(&place) {
                places.push(place);
            }
        }
    }
}

impl Occurrences for Passed {
    fn has(&self, lexeme: &QueryLexeme) -> bool {
        self.places.contains_key(&lexeme.number)
    }

    fn places(&self, lexeme: &QueryLexeme) -> Option<Vec<u16>> {
        let mut places = self.places.get(&lexeme.number).cloned().unwrap_or_default();
        if self.is_backwards {
            places.reverse();
        }
        Some(places)
    }
}

impl Covers<'_> {
    fn next_cover(&mut self) -> Option<Cover> {
        loop {
            let mut passed = Passed::default();
            let end = (self.from..self.words.len()).find(|place| self.matches_with(&mut passed, *place))?;
            let mut passed = Passed { is_backwards: true, ..Passed::default() };
            let begin = (self.from..=end).rev().find(|place| self.matches_with(&mut passed, *place));
            let place_of = |word: usize| self.words.get(word).map_or(0, |word| word.position.place());
            match begin {
                Some(begin) if place_of(begin) <= place_of(end) => {
                    self.from = begin + 1;
                    return Some(Cover { begin, end, first: place_of(begin), last: place_of(end) });
                }
                _ => self.from += 1,
            }
        }
    }

    /// Takes one word more; whether the query holds of them now.
    fn matches_with(&self, passed: &mut Passed, word: usize) -> bool {
        if let Some(word) = self.words.get(word) {
            passed.add(word);
        }
        holds(self.query, passed)
    }
}
