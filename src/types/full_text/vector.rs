//! Documents: the values of PostgreSQL's `tsvector`.

use std::cmp::Ordering;

use crate::error::{Error, ErrorKind, Result};
use crate::types::limits::{LEXEME_BYTES_MAX, TS_POSITION_MAX, TS_POSITIONS_MAX, TSVECTOR_BYTES_MAX};

/// How much a place of a document counts, from least to most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    #[default]
    D,
    C,
    B,
    A,
}

impl Weight {
    pub const ALL: [Weight; 4] = [Weight::D, Weight::C, Weight::B, Weight::A];

    /// The weight of a letter, in either case.
    pub fn of_letter(letter: char) -> Option<Weight> {
        Some(match letter {
            'A' | 'a' => Weight::A,
            'B' | 'b' => Weight::B,
            'C' | 'c' => Weight::C,
            'D' | 'd' => Weight::D,
            _ => return None,
        })
    }

    pub fn letter(self) -> char {
        match self {
            Weight::A => 'A',
            Weight::B => 'B',
            Weight::C => 'C',
            Weight::D => 'D',
        }
    }

    /// Its number, from 0 for D to 3 for A.
    pub fn number(self) -> u8 {
        match self {
            Weight::D => 0,
            Weight::C => 1,
            Weight::B => 2,
            Weight::A => 3,
        }
    }

    /// The bit by which a query names it.
    pub fn bit(self) -> u8 {
        1 << self.number()
    }

    pub fn of_number(number: u8) -> Weight {
        match number & 3 {
            0 => Weight::D,
            1 => Weight::C,
            2 => Weight::B,
            _ => Weight::A,
        }
    }
}

/// A place in a document, and how much it counts: 14 bits of the place below 2 of the weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(u16);

impl Position {
    /// A place from 1; one beyond [`TS_POSITION_MAX`] is that.
    pub fn new(place: usize, weight: Weight) -> Position {
        let place = u16::try_from(place).unwrap_or(TS_POSITION_MAX).min(TS_POSITION_MAX);
        Position((u16::from(weight.number()) << 14) | place)
    }

    pub fn of_bits(bits: u16) -> Position {
        Position(bits)
    }

    pub fn bits(self) -> u16 {
        self.0
    }

    pub fn place(self) -> u16 {
        self.0 & TS_POSITION_MAX
    }

    pub fn weight(self) -> Weight {
        Weight::of_number(u8::try_from(self.0 >> 14).unwrap_or(0))
    }

    #[must_use]
    pub fn with_weight(self, weight: Weight) -> Position {
        Position((u16::from(weight.number()) << 14) | self.place())
    }
}

/// A lexeme of a document and where it stands; without positions that is not known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lexeme {
    pub text: Box<str>,
    /// In order of their places, each place once, [`TS_POSITIONS_MAX`] at most.
    pub positions: Box<[Position]>,
}

/// A document: its lexemes in the order of their bytes, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TsVector {
    lexemes: Box<[Lexeme]>,
}

impl TsVector {
    /// A document of lexemes in any order, each as often as it may be: their positions come together.
    ///
    /// # Errors
    /// 54000 above [`LEXEME_BYTES_MAX`] and [`TSVECTOR_BYTES_MAX`].
    pub fn new(mut list: Vec<(Box<str>, Vec<Position>)>) -> Result<TsVector> {
        for (text, _) in &list {
            check_lexeme(text)?;
        }
        list.sort_by(|(a, _), (b, _)| a.as_bytes().cmp(b.as_bytes()));
        let mut lexemes: Vec<(Box<str>, Vec<Position>)> = Vec::with_capacity(list.len());
        for (text, positions) in list {
            match lexemes.last_mut().filter(|(known, _)| *known == text) {
                Some((_, known)) => known.extend(positions),
                None => lexemes.push((text, positions)),
            }
        }
        let lexemes = lexemes.into_iter().map(|(text, positions)| Lexeme { text, positions: sorted(positions) });
        TsVector::of_sorted(lexemes.collect())
    }

    fn of_sorted(lexemes: Vec<Lexeme>) -> Result<TsVector> {
        let vector = TsVector { lexemes: lexemes.into() };
        let bytes = vector.string_bytes();
        if bytes > TSVECTOR_BYTES_MAX {
            let message = format!("string is too long for tsvector ({bytes} bytes, max {TSVECTOR_BYTES_MAX} bytes)");
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        Ok(vector)
    }

    pub fn lexemes(&self) -> &[Lexeme] {
        &self.lexemes
    }

    pub fn is_empty(&self) -> bool {
        self.lexemes.is_empty()
    }

    /// The lexemes that are that text, or begin with it.
    pub fn found(&self, text: &str, is_prefix: bool) -> &[Lexeme] {
        let wanted = text.as_bytes();
        let start = self.lexemes.partition_point(|lexeme| lexeme.text.as_bytes() < wanted);
        let rest = self.lexemes.get(start..).unwrap_or_default();
        let count = if is_prefix {
            rest.partition_point(|lexeme| lexeme.text.as_bytes().starts_with(wanted))
        } else {
            usize::from(rest.first().is_some_and(|lexeme| *lexeme.text == *text))
        };
        rest.get(..count).unwrap_or_default()
    }

    /// The bytes that PostgreSQL keeps of the lexemes and their positions, for its limit and its order.
    fn string_bytes(&self) -> usize {
        self.lexemes.iter().fold(0, |sum: usize, lexeme| {
            let sum = sum.saturating_add(lexeme.text.len());
            match lexeme.positions.len() {
                0 => sum,
                count => sum.next_multiple_of(2).saturating_add(2 + 2 * count),
            }
        })
    }

    /// Bytes of memory that it holds, about.
    pub fn bytes(&self) -> usize {
        self.string_bytes().saturating_add(self.lexemes.len().saturating_mul(size_of::<Lexeme>()))
    }

    /// How many places its lexemes have, those without any counted once.
    pub fn length(&self) -> usize {
        self.lexemes.iter().map(|lexeme| lexeme.positions.len().max(1)).sum()
    }

    /// Bytes in PostgreSQL's order of documents: by size, then by the lexemes and what is known of their places. What has more comes
    /// first there.
    pub fn sort_key(&self) -> Vec<u8> {
        let size = self.string_bytes().saturating_add(4 * self.lexemes.len());
        let mut key = Vec::with_capacity(size.saturating_add(16));
        key.extend_from_slice(&(size as u64).to_be_bytes());
        key.extend_from_slice(&(self.lexemes.len() as u64).to_be_bytes());
        for lexeme in &self.lexemes {
            key.push(u8::from(lexeme.positions.is_empty()));
            // No lexeme has a zero within.
            key.extend_from_slice(lexeme.text.as_bytes());
            key.push(0);
            let count = u16::try_from(lexeme.positions.len()).unwrap_or(u16::MAX);
            key.extend_from_slice(&(u16::MAX - count).to_be_bytes());
            for position in &lexeme.positions {
                key.extend_from_slice(&(u16::MAX - position.place()).to_be_bytes());
                key.push(u8::MAX - position.weight().number());
            }
        }
        key
    }

    /// The same document with another weight for all places, or for those of some lexemes.
    #[must_use]
    pub fn with_weight(&self, weight: Weight, of: Option<&[&str]>) -> TsVector {
        let mut lexemes = self.lexemes.clone();
        for lexeme in lexemes.iter_mut().filter(|lexeme| of.is_none_or(|list| list.contains(&&*lexeme.text))) {
            for position in &mut lexeme.positions {
                *position = position.with_weight(weight);
            }
        }
        TsVector { lexemes }
    }

    /// The lexemes without their places.
    #[must_use]
    pub fn stripped(&self) -> TsVector {
        let bare = |lexeme: &Lexeme| Lexeme { text: lexeme.text.clone(), positions: Box::default() };
        TsVector { lexemes: self.lexemes.iter().map(bare).collect() }
    }

    /// The document without some lexemes.
    #[must_use]
    pub fn without(&self, gone: &[&str]) -> TsVector {
        TsVector { lexemes: self.lexemes.iter().filter(|lexeme| !gone.contains(&&*lexeme.text)).cloned().collect() }
    }

    /// The places that have one of these weights, and the lexemes that stand there.
    #[must_use]
    pub fn filtered(&self, weights: u8) -> TsVector {
        let kept = |lexeme: &Lexeme| {
            let positions = lexeme.positions.iter().filter(|position| position.weight().bit() & weights != 0);
            let positions: Box<[Position]> = positions.copied().collect();
            (!positions.is_empty()).then(|| Lexeme { text: lexeme.text.clone(), positions })
        };
        TsVector { lexemes: self.lexemes.iter().filter_map(kept).collect() }
    }

    /// This document and another one behind it, whose places follow the last of this one's.
    ///
    /// # Errors
    /// 54000 above [`TSVECTOR_BYTES_MAX`].
    pub fn concatenated(&self, other: &TsVector) -> Result<TsVector> {
        let places = self.lexemes.iter().flat_map(|lexeme| lexeme.positions.iter());
        let last = usize::from(places.map(|position| position.place()).max().unwrap_or(0));
        let moved =
            |position: &Position| Position::new(usize::from(position.place()).saturating_add(last), position.weight());
        let mut lexemes: Vec<Lexeme> = Vec::with_capacity(self.lexemes.len().saturating_add(other.lexemes.len()));
        let (mut left, mut right) = (self.lexemes.iter().peekable(), other.lexemes.iter().peekable());
        loop {
            let order = match (left.peek(), right.peek()) {
                (Some(a), Some(b)) => a.text.as_bytes().cmp(b.text.as_bytes()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => break,
            };
            let mut text = None;
            let mut positions = Vec::new();
            if let Some(lexeme) = left.next_if(|_| order.is_le()) {
                positions.extend_from_slice(&lexeme.positions);
                text = Some(lexeme.text.clone());
            }
            if let Some(lexeme) = right.next_if(|_| order.is_ge()) {
                for position in lexeme.positions.iter().map(moved) {
                    let is_full = positions.len() >= TS_POSITIONS_MAX
                        || positions.last().is_some_and(|last: &Position| last.place() == TS_POSITION_MAX);
                    if !is_full {
                        positions.push(position);
                    }
                }
                text = Some(lexeme.text.clone());
            }
            lexemes.extend(text.map(|text| Lexeme { text, positions: positions.into() }));
        }
        TsVector::of_sorted(lexemes)
    }
}

/// In order of their places, each once, with the greater of two weights; PostgreSQL keeps no more and nothing behind the last place.
fn sorted(mut positions: Vec<Position>) -> Box<[Position]> {
    positions.sort_by_key(|position| position.place());
    let mut kept: Vec<Position> = Vec::with_capacity(positions.len().min(TS_POSITIONS_MAX));
    for position in positions {
        let is_full = kept.len() >= TS_POSITIONS_MAX;
        match kept.last_mut().filter(|last| last.place() == position.place()) {
            Some(last) => *last = last.with_weight(last.weight().max(position.weight())),
            None if is_full => break,
            None => kept.push(position),
        }
    }
    kept.into()
}

/// Refuses a lexeme that is too long.
///
/// # Errors
/// 54000 above [`LEXEME_BYTES_MAX`].
pub fn check_lexeme(text: &str) -> Result<()> {
    if text.len() > LEXEME_BYTES_MAX {
        let message = format!("word is too long ({} bytes, max {LEXEME_BYTES_MAX} bytes)", text.len());
        return Err(Error::new(ErrorKind::LimitExceeded, message));
    }
    Ok(())
}
