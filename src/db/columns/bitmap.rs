//! Sets of ordinals, one bit each.

use crate::db::columns::column_chunk::CHUNK_WORDS;

/// Bits of a word.
pub(crate) const WORD_BITS: usize = 64;

/// A set of ordinals below its length. Bits behind the length are never set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bitmap {
    words: Vec<u64>,
    len: usize,
}

impl Bitmap {
    /// No ordinal of `len`.
    pub fn none(len: usize) -> Bitmap {
        Bitmap { words: vec![0; len.div_ceil(WORD_BITS)], len }
    }

    /// All ordinals below `len`.
    pub fn all(len: usize) -> Bitmap {
        let mut bitmap = Bitmap { words: vec![u64::MAX; len.div_ceil(WORD_BITS)], len };
        bitmap.cut();
        bitmap
    }

    /// How many ordinals there can be.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// How many ordinals are in it.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub fn contains(&self, ordinal: u32) -> bool {
        let ordinal = ordinal as usize;
        self.words.get(ordinal / WORD_BITS).is_some_and(|word| word >> (ordinal % WORD_BITS) & 1 == 1)
    }

    /// Puts an ordinal in; one behind the length is left out.
    pub fn insert(&mut self, ordinal: u32) {
        let ordinal = ordinal as usize;
        if ordinal < self.len
            && let Some(word) = self.words.get_mut(ordinal / WORD_BITS)
        {
            *word |= 1 << (ordinal % WORD_BITS);
        }
    }

    pub fn remove(&mut self, ordinal: u32) {
        let ordinal = ordinal as usize;
        if let Some(word) = self.words.get_mut(ordinal / WORD_BITS) {
            *word &= !(1 << (ordinal % WORD_BITS));
        }
    }

    /// Keeps those that the other has, too.
    pub fn keep(&mut self, other: &Bitmap) {
        self.join(other, |own, other| own & other);
    }

    /// Takes those in that the other has.
    pub fn add(&mut self, other: &Bitmap) {
        self.join(other, |own, other| own | other);
        self.cut();
    }

    /// Leaves those out that the other has.
    pub fn leave_out(&mut self, other: &Bitmap) {
        self.join(other, |own, other| own & !other);
    }

    /// Joins with another word by word; words that the other lacks are 0.
    fn join(&mut self, other: &Bitmap, join: impl Fn(u64, u64) -> u64) {
        let others = other.words.iter().copied().chain(std::iter::repeat(0));
        for (own, other) in self.words.iter_mut().zip(others) {
            *own = join(*own, other);
        }
    }

    /// As many ordinals as there are now, and those up to `len` besides, which are not in it.
    pub fn grow(&mut self, len: usize) {
        self.len = self.len.max(len);
        self.words.resize(self.len.div_ceil(WORD_BITS), 0);
    }

    /// The ordinals in it, in order.
    pub fn ordinals(&self) -> impl Iterator<Item = u32> {
        (0_u32..).step_by(WORD_BITS).zip(&self.words).flat_map(|(base, word)| ones(*word).map(move |bit| base + bit))
    }

    /// The first ordinal in it that is not below another one.
    pub fn first_from(&self, from: usize) -> Option<u32> {
        let (place, bit) = (from / WORD_BITS, from % WORD_BITS);
        let first = self.words.get(place)? & (u64::MAX << bit);
        let (place, word) = match first {
            0 => (place + 1..).zip(self.words.get(place + 1..)?).find(|(_, word)| **word != 0)?,
            _ => (place, &first),
        };
        u32::try_from(place * WORD_BITS + word.trailing_zeros() as usize).ok()
    }

    /// The ordinals in it that are not below another one, in order.
    pub fn ordinals_from(&self, from: usize) -> impl Iterator<Item = u32> {
        let mut next = from;
        std::iter::from_fn(move || {
            let ordinal = self.first_from(next)?;
            next = ordinal as usize + 1;
            Some(ordinal)
        })
    }

    /// The words of a chunk of ordinals; fewer than [`CHUNK_WORDS`] at the end.
    pub fn chunk(&self, chunk: usize) -> &[u64] {
        let from = (chunk * CHUNK_WORDS).min(self.words.len());
        let to = (from + CHUNK_WORDS).min(self.words.len());
        self.words.get(from..to).unwrap_or_default()
    }

    /// The words of a chunk of ordinals, to be changed: bits behind the length have to stay 0.
    pub fn chunk_mut(&mut self, chunk: usize) -> &mut [u64] {
        let from = (chunk * CHUNK_WORDS).min(self.words.len());
        let to = (from + CHUNK_WORDS).min(self.words.len());
        self.words.get_mut(from..to).unwrap_or_default()
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        size_of_val(self.words.as_slice())
    }

    fn cut(&mut self) {
        let rest = self.len % WORD_BITS;
        if rest > 0
            && let Some(last) = self.words.last_mut()
        {
            *last &= u64::MAX >> (WORD_BITS - rest);
        }
    }
}

/// The places of the set bits of a word, in order.
pub(crate) fn ones(word: u64) -> impl Iterator<Item = u32> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let bit = rest.trailing_zeros();
        rest &= rest.wrapping_sub(1);
        (bit < u64::BITS).then_some(bit)
    })
}
