//! The stage: which entries wait to be posted, since which commit.
//!
//! A posting takes what is staged in whole commits. Each staged entry remembers the first and the last commit that put it
//! there, so that a posting is only cut where no commit would be torn apart.

use crate::error::{Error, ErrorKind, Result};
use crate::model::CollectionId;

/// Entries of one posting, about; one commit that staged more is still posted whole.
const POSTING_ENTRIES: usize = 50_000;

/// An entry: its collection and its encoded key.
pub(crate) type EntryPlace = (CollectionId, Vec<u8>);

/// The commits that put an entry on the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StagedAt {
    pub first: u64,
    pub last: u64,
}

impl StagedAt {
    pub fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        let (first, last) = bytes.split_at_mut(8);
        first.copy_from_slice(&self.first.to_le_bytes());
        last.copy_from_slice(&self.last.to_le_bytes());
        bytes
    }

    /// Reads what [`StagedAt::to_bytes`] wrote.
    ///
    /// # Errors
    /// XX001 for bytes of another length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        match bytes.as_chunks::<8>() {
            ([first, last], []) => Ok(StagedAt { first: u64::from_le_bytes(*first), last: u64::from_le_bytes(*last) }),
            _ => Err(Error::new(ErrorKind::Corrupted, "a mark of the stage cannot be read")),
        }
    }
}

/// The entries of the next posting, in order of key: the oldest, cut behind the first [`POSTING_ENTRIES`] where that tears
/// no commit apart. The second value says whether some are left.
pub(crate) fn next_posting(mut staged: Vec<(StagedAt, EntryPlace)>) -> (Vec<EntryPlace>, bool) {
    staged.sort_unstable_by(|(a, a_place), (b, b_place)| (a.first, a_place).cmp(&(b.first, b_place)));
    let mut reaches = 0;
    let mut cut = staged.len();
    for (position, (at, _)) in staged.iter().enumerate() {
        if position >= POSTING_ENTRIES && at.first > reaches {
            cut = position;
            break;
        }
        reaches = reaches.max(at.last);
    }
    let is_more = cut < staged.len();
    staged.truncate(cut);
    let mut places: Vec<EntryPlace> = staged.into_iter().map(|(_, place)| place).collect();
    places.sort_unstable();
    (places, is_more)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CollectionId;

    fn at(first: u64, last: u64, key: u32) -> (StagedAt, EntryPlace) {
        (StagedAt { first, last }, (CollectionId(1), key.to_be_bytes().to_vec()))
    }

    #[test]
    fn a_posting_is_cut_between_commits() {
        let many = u32::try_from(POSTING_ENTRIES).unwrap();
        let mut staged: Vec<_> = (0..many).map(|key| at(1, 1, key)).collect();
        staged.push(at(1, 1, many));
        staged.push(at(2, 2, many + 1));
        let (places, is_more) = next_posting(staged.clone());
        assert_eq!((places.len(), is_more), (POSTING_ENTRIES + 1, true));
        // An entry that both commits staged holds them together.
        staged.push(at(1, 2, many + 2));
        let (places, is_more) = next_posting(staged);
        assert_eq!((places.len(), is_more), (POSTING_ENTRIES + 3, false));
    }

    #[test]
    fn marks_come_back() {
        let mark = StagedAt { first: 3, last: 9 };
        assert_eq!(StagedAt::from_bytes(&mark.to_bytes()).unwrap(), mark);
        assert!(StagedAt::from_bytes(b"short").is_err());
    }
}
