//! What the files of an index promise: it answers as before, damage is noticed, and what is damaged is made again.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::tests::{DIMENSION, Dice, EF, accept_all, build, filled, id, key, recall};
use crate::error::{ErrorKind, Result};
use crate::vector::graph::parameters::Parameters;
use crate::vector::index::NearestIndex;
use crate::vector::rows::distance::Metric;
use crate::vector::search::search::Candidate;
use crate::vector::segment::segment_set::BuildScope;
use crate::vector::workers::Priority;

/// An index on the disk.
pub struct Saved {
    folder: tempfile::TempDir,
}

impl Saved {
    pub fn of(index: &NearestIndex, watermark: u64) -> Result<Saved> {
        let saved = Saved { folder: tempfile::tempdir()? };
        for unsaved in index.unsaved_segments() {
            let temporary = saved.path("new");
            let id = unsaved.write(File::create(&temporary)?)?;
            let path = saved.path(&id.to_string());
            std::fs::rename(temporary, &path)?;
            index.adopt(&unsaved, id, File::open(path)?)?;
        }
        let named = index.save(File::create(saved.path("index"))?, watermark)?.expect("all segments are saved");
        assert_eq!(named.len(), index.segment_count());
        Ok(saved)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn load(&self) -> Result<(NearestIndex, u64)> {
        NearestIndex::load(File::open(self.path("index"))?, &mut |id| Ok(File::open(self.path(&id.to_string()))?))
    }

    /// The files of the segments.
    fn segments(&self) -> Result<Vec<PathBuf>> {
        let paths = std::fs::read_dir(self.folder.path())?.map(|entry| Ok(entry?.path()));
        let paths: Vec<PathBuf> = paths.collect::<std::io::Result<_>>()?;
        Ok(paths.into_iter().filter(|path| !path.ends_with("index")).collect())
    }
}

/// Puts other bytes in the place of a file; maps of the old one stay as they are.
fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::remove_file(path)?;
    Ok(std::fs::write(path, bytes)?)
}

#[test]
fn a_saved_index_answers_as_before() -> Result<()> {
    for metric in Metric::ALL {
        let index = filled(metric, 3_000)?;
        build(&index, BuildScope::Due)?;
        let mut dice = Dice(8);
        for id in 2_900..3_100 {
            index.insert(&key(id), &dice.vector())?;
        }
        index.delete(&key(17));
        // Leaves a closed tail that ends in the middle of a block, before the new one.
        assert!(index.build(BuildScope::Everything, Priority::Background, &mut |_| false).is_err());
        index.insert(&key(4_000), &dice.vector())?;
        index.delete(&key(3_050));
        let before: Vec<Vec<Candidate>> = answers(&index)?;
        let saved = Saved::of(&index, 42)?;
        let (loaded, watermark) = saved.load()?;
        assert_eq!(answers(&index)?, before, "what was adopted from its file answers as it did");
        assert_eq!((watermark, loaded.len(), loaded.metric()), (42, index.len(), metric));
        assert_eq!((loaded.dimension(), loaded.parameters()), (DIMENSION, Parameters::DEFAULT));
        assert_eq!(answers(&loaded)?, before);
        assert!(!loaded.is_damaged() && loaded.unsaved_segments().is_empty());
        assert!(loaded.bytes() < index.len() * DIMENSION * size_of::<f32>() / 4, "vectors take no memory of their own");
        let path = saved.path("index");
        let bytes = std::fs::read(&path)?;
        for at in (0..bytes.len()).step_by(bytes.len() / 97) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            replace(&path, &damaged)?;
            let outcome = saved.load().map(|_| ()).map_err(|error| error.kind());
            assert_eq!(outcome, Err(ErrorKind::Corrupted), "a flipped bit at {at}");
            replace(&path, &bytes[..at])?;
            assert!(saved.load().is_err(), "a file cut at {at} goes unnoticed");
        }
    }
    Ok(())
}

fn answers(index: &NearestIndex) -> Result<Vec<Vec<Candidate>>> {
    let mut dice = Dice(88);
    (0..20).map(|_| index.search(&dice.vector(), 10, EF, &mut accept_all)).collect()
}

#[test]
fn damage_to_a_segment_is_noticed_at_once_or_when_its_vectors_are_read() -> Result<()> {
    let index = filled(Metric::Cosine, 3_000)?;
    build(&index, BuildScope::Everything)?;
    let saved = Saved::of(&index, 42)?;
    let [path] = &saved.segments()?[..] else { panic!("one segment") };
    let bytes = std::fs::read(path)?;
    let (mut refused, mut noticed, mut without_effect) = (0, 0, 0);
    // Of each section, as the head says where they are, the first and the last byte, and some of all.
    let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes")) as usize;
    let extents = (0..10).map(|section| (number(64 + 48 * section), number(72 + 48 * section)));
    let sections = extents.filter(|(_, length)| *length > 0).flat_map(|(start, length)| [start, start + length - 1]);
    for at in sections.chain((0..bytes.len()).step_by(9_973)) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        replace(path, &damaged)?;
        match saved.load() {
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Corrupted, "a flipped bit at {at}");
                refused += 1;
            }
            Ok((loaded, _)) => {
                assert!(!loaded.is_damaged());
                let all = loaded.search_exact(&[1.0; DIMENSION], 3_000, &mut accept_all)?;
                if loaded.is_damaged() {
                    noticed += 1;
                } else {
                    // Between sections, and behind the head, there are zeros.
                    assert_eq!(all, index.search_exact(&[1.0; DIMENSION], 3_000, &mut accept_all)?);
                    assert_eq!(bytes[at], 0, "a flipped bit at {at}");
                    without_effect += 1;
                }
            }
        }
    }
    assert!(refused > 50 && noticed > 50 && without_effect < 20, "{refused}, {noticed}, {without_effect}");
    for at in [0, 100, 1_024, bytes.len() / 2, bytes.len() - 1] {
        replace(path, &bytes[..at])?;
        assert!(saved.load().is_err(), "a file cut at {at} goes unnoticed");
    }
    std::fs::remove_file(path)?;
    assert!(saved.load().is_err(), "a segment that is gone");
    assert_eq!(index.search_exact(&[1.0; DIMENSION], 3_000, &mut accept_all)?.len(), 3_000, "the map stays");
    Ok(())
}

#[test]
fn a_damaged_index_is_healed_from_the_vectors_of_its_caller() -> Result<()> {
    let index = filled(Metric::L2, 3_000)?;
    build(&index, BuildScope::Everything)?;
    let saved = Saved::of(&index, 42)?;
    let [path] = &saved.segments()?[..] else { panic!("one segment") };
    let mut bytes = std::fs::read(path)?;
    let last = bytes.len() - 100;
    bytes[last] ^= 0x40;
    replace(path, &bytes)?;
    let (loaded, _) = saved.load()?;
    loaded.search_exact(&[0.0; DIMENSION], 3_000, &mut accept_all)?;
    assert!(loaded.is_damaged() && loaded.search(&[0.0; DIMENSION], 3, EF, &mut accept_all).is_ok());
    assert!(loaded.delete(&key(7)));
    let refused = build(&loaded, BuildScope::Everything).map_err(|error| error.kind());
    assert_eq!(refused, Err(ErrorKind::Corrupted), "nothing is built from what is damaged");
    let mut dice = Dice(7);
    let vectors: Vec<Vec<f32>> = (0..3_000).map(|_| dice.vector()).collect();
    // What has come since stays, and what the caller has not any more goes.
    let newer = vec![9.0; DIMENSION];
    loaded.insert(&key(5), &newer)?;
    loaded.heal(&mut |key| {
        let gone = id(key) == 6;
        Ok((!gone).then(|| vectors[id(key) as usize].as_slice().into()))
    })?;
    assert!(loaded.is_damaged() && loaded.needs_build());
    build(&loaded, BuildScope::Due)?;
    assert!(!loaded.is_damaged());
    assert_eq!((loaded.len(), loaded.segment_count(), loaded.tail_len()), (2_998, 1, 0));
    assert_eq!(loaded.search(&newer, 1, EF, &mut accept_all)?[0].distance, 0.0);
    assert!(!loaded.contains(&key(6)) && !loaded.contains(&key(7)));
    index.insert(&key(5), &newer)?;
    assert!(index.delete(&key(6)) && index.delete(&key(7)));
    assert!(recall(&loaded, |_| true)? >= 0.95);
    let exact = |index: &NearestIndex| index.search_exact(&[0.5; DIMENSION], 100, &mut accept_all);
    assert_eq!(exact(&loaded)?, exact(&index)?);
    Ok(())
}

#[test]
fn a_damaged_head_of_a_file_is_damage() -> Result<()> {
    let index = filled(Metric::L2, 300)?;
    build(&index, BuildScope::Everything)?;
    index.insert(&key(300), &[1.0; DIMENSION])?;
    let saved = Saved::of(&index, 42)?;
    let path = saved.path("index");
    let bytes = std::fs::read(&path)?;
    // The parameters, the counts of segments and rows, a segment's name, and the bytes of the first keys.
    for at in 0..130 {
        for flipped in [0x01, 0x10, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] ^= flipped;
            replace(&path, &damaged)?;
            let outcome = saved.load().map(|_| ()).map_err(|error| error.kind());
            assert_eq!(outcome, Err(ErrorKind::Corrupted), "bits {flipped:#x} at {at}");
        }
    }
    Ok(())
}
