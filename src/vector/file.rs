//! An index as files: everything it holds, so that a restart builds nothing and reads little.
//!
//! Each sealed segment lies in a file of its own (`segment::segment_file`), written once; one more file says which they are. Its
//! layout, all integers little-endian: the magic bytes, format version (u32), metric (u8), dimension, m, ef_construction (u32 each),
//! watermark (u64), number of segments (u32); for each segment its name (32 bytes), its rows (u32) and its words of deletion marks
//! (u64 for each 64 rows begun); the live rows of the tails: their number (u32), the length of each key (u32), the keys, the vectors
//! (f32); and the BLAKE3 hash of all before it.
//!
//! A damaged, foreign, older or newer file is an error of kind `Corrupted`; the caller builds the index again then. Vectors that turn
//! out to be damaged as they are read make the index [damaged](NearestIndex::is_damaged): what it finds is not to be used until it is
//! [healed](NearestIndex::heal).

use std::fs::File;
use std::io::{Read, Write};
use std::sync::Arc;

use super::codec::{FileInput, FileOutput, corrupted};
use super::index::NearestIndex;
use crate::error::Result;
use crate::vector::graph::parameters::Parameters;
use crate::vector::rows::distance::{DIMENSION_MAX, Metric};
use crate::vector::search::candidates::IndexParts;
use crate::vector::segment::keyed_vectors::{Entries, Tombstones};
use crate::vector::segment::segment::Segment;
use crate::vector::segment::segment_file::{SegmentEntry, SegmentId, open_segment, write_segment};
use crate::vector::segment::segment_set::PartPlace;

const MAGIC: &[u8; 8] = b"NEBVECTR";

/// Raised with every change of the layout.
const VERSION: u32 = 4;

/// Segments a file may name; an index has a handful.
const SEGMENTS_MAX: u32 = 1024;

/// Rows read at once.
const BATCH_ROWS: usize = 128;

/// Where the caller has the vector of a key; `None` where it has none.
pub type VectorOf<'a> = dyn FnMut(&[u8]) -> Result<Option<Arc<[f32]>>> + 'a;

/// A segment that lies in memory.
pub struct UnsavedSegment {
    segment: Arc<Segment>,
    metric: Metric,
}

impl UnsavedSegment {
    /// Writes it; its name, under which the index finds it again.
    ///
    /// # Errors
    /// 53100 and 58030 where it cannot be written, XX001 where it is damaged.
    pub fn write(&self, writer: impl Write) -> Result<SegmentId> {
        write_segment(&self.segment, self.metric, writer)
    }
}

impl NearestIndex {
    /// The segments that are in no file yet.
    pub fn unsaved_segments(&self) -> Vec<UnsavedSegment> {
        let view = self.view.read();
        let unsaved = view.segments.iter().filter(|segment| segment.file.is_none());
        unsaved.map(|segment| UnsavedSegment { segment: Arc::clone(segment), metric: self.metric }).collect()
    }

    /// Puts a segment read from its file in the place of the one in memory that was written there; nothing where that is no part of the
    /// index any more. Searches that run go on with the one in memory.
    ///
    /// # Errors
    /// As [`NearestIndex::load`].
    pub fn adopt(&self, written: &UnsavedSegment, id: SegmentId, file: File) -> Result<()> {
        let Segment { unit, entries, .. } = &*written.segment;
        let entry = SegmentEntry { id, unit: *unit, rows: entries.len(), deleted: Tombstones::new(0) };
        let mut opened = open_segment(file, entry, self.metric, self.dimension)?;
        // Nothing is deleted while the writer is held, so that no mark is lost.
        let _writer = self.writer.lock();
        let mut view = self.view.write();
        if let Some(place) = view.segments.iter_mut().find(|segment| Arc::ptr_eq(segment, &written.segment)) {
            opened.entries.deleted = entries.deleted.clone();
            *place = Arc::new(opened);
        }
        Ok(())
    }

    /// Writes what is not in the files of segments, as it is at the moment of the call; writes to the index go on meanwhile.
    /// `watermark` is the caller's: the commit version up to which the index is known to be complete. Gives the segments back that it
    /// names; `None`, and nothing is written, where one of them lies in memory only.
    ///
    /// # Errors
    /// 53100 and 58030 where it cannot be written, 54000 for a count above `u32::MAX`.
    pub fn save(&self, writer: impl Write, watermark: u64) -> Result<Option<Vec<SegmentId>>> {
        let (segments, tail, marks) = {
            // Nothing is deleted while the writer is held, so that the marks belong to these parts.
            let _writer = self.writer.lock();
            let view = self.view.read();
            let parts = IndexParts::of(&view);
            let marks: Vec<Vec<u64>> = parts.numbers().map(|part| parts.entries(part).deleted.to_words()).collect();
            let (segments, tail) = parts.into_inner();
            (segments, tail, marks)
        };
        let Some(names) = segments.iter().map(|segment| segment.file).collect::<Option<Vec<SegmentId>>>() else {
            return Ok(None);
        };
        let mut output = FileOutput::new(writer);
        output.bytes(MAGIC)?;
        output.u32(VERSION)?;
        output.bytes(&[metric_byte(self.metric)])?;
        output.count(self.dimension)?;
        output.count(self.parameters.m)?;
        output.count(self.parameters.ef_construction)?;
        output.u64(watermark)?;
        output.count(segments.len())?;
        for ((segment, name), marks) in segments.iter().zip(&names).zip(&marks) {
            let rows = segment.entries.len();
            output.bytes(name.as_bytes())?;
            output.count(rows)?;
            for word in marks.iter().take(rows.div_ceil(64)) {
                output.u64(*word)?;
            }
        }
        let mut rows = Vec::new();
        for (block, marks) in tail.iter().zip(marks.iter().skip(segments.len())) {
            let marks = Tombstones::from_words(marks.clone());
            let live = (0u32..).take(block.len()).filter(|row| !marks.is_set(*row));
            rows.extend(live.map(|row| (&**block, row)));
        }
        write_tail(&mut output, &rows)?;
        output.finish()?;
        Ok(Some(names))
    }

    /// Reads an index and its watermark back; `open` opens the files of its segments.
    ///
    /// # Errors
    /// XX001 for a file that is damaged or of another format, 53200 where the system has no memory for it, 58030 where one cannot be
    /// read, and what `open` says.
    pub fn load(reader: impl Read, open: &mut dyn FnMut(SegmentId) -> Result<File>) -> Result<(NearestIndex, u64)> {
        let mut input = FileInput::new(reader);
        if input.array::<8>()? != *MAGIC {
            return Err(corrupted("this is not a vector index"));
        }
        let version = input.u32()?;
        if version != VERSION {
            return Err(corrupted(format!("its format is {version}, this program reads {VERSION}")));
        }
        let [metric] = input.array()?;
        let metric = metric_of(metric)?;
        let dimension = input.count()?;
        if dimension == 0 || dimension > DIMENSION_MAX {
            return Err(corrupted(format!("{dimension} dimensions")));
        }
        let parameters = Parameters::new(input.count()?, input.count()?).map_err(|error| corrupted(error.message()))?;
        let watermark = input.u64()?;
        let count = input.u32()?;
        if count > SEGMENTS_MAX {
            return Err(corrupted(format!("{count} segments")));
        }
        let mut named = Vec::new();
        for unit in 0..count {
            let (id, rows) = (SegmentId::new(input.array()?), input.count()?);
            let deleted = Tombstones::from_words(input.u64s(rows.div_ceil(64))?);
            named.push(SegmentEntry { id, unit, rows, deleted });
        }
        let tail = read_tail(&mut input, metric, dimension)?;
        input.finish()?;
        let mut segments = Vec::with_capacity(named.len());
        for entry in named {
            segments.push(Arc::new(open_segment(open(entry.id)?, entry, metric, dimension)?));
        }
        let index = NearestIndex::from_segments(metric, dimension, parameters, segments);
        for row in tail.live_rows() {
            index.insert(tail.key(row), tail.vector(row))?;
        }
        Ok((index, watermark))
    }

    /// Whether a vector was read from a file that did not hold what had been written. What a search found since may be wrong, so
    /// that a caller looks after each.
    pub fn is_damaged(&self) -> bool {
        self.view.read().segments.iter().any(|segment| segment.is_damaged())
    }

    /// Takes the vectors of damaged segments anew from where the caller has them, which says `None` of a key that has none. They are in
    /// the tail then; the index stays damaged until the next [build](NearestIndex::build) has taken what is left of the segments away.
    ///
    /// # Errors
    /// Those of `vector`, and as [`NearestIndex::insert`].
    pub fn heal(&self, vector: &mut VectorOf<'_>) -> Result<()> {
        let segments: Vec<Arc<Segment>> = self.view.read().segments.clone();
        for segment in segments.iter().filter(|segment| segment.is_damaged()) {
            for row in segment.entries.live_rows() {
                let key = segment.entries.key(row);
                let place = PartPlace { unit: segment.unit, row };
                match vector(key)? {
                    Some(vector) => self.replace_at(place, key, &vector)?,
                    None => self.delete_at(place, key),
                }
            }
        }
        Ok(())
    }
}

/// Writes rows, which come from several places.
fn write_tail(output: &mut FileOutput<impl Write>, rows: &[(&Entries, u32)]) -> Result<()> {
    output.count(rows.len())?;
    for (entries, row) in rows {
        output.count(entries.key(*row).len())?;
    }
    for (entries, row) in rows {
        output.bytes(entries.key(*row))?;
    }
    for (entries, row) in rows {
        output.f32s(entries.vector(*row))?;
    }
    Ok(())
}

fn read_tail(input: &mut FileInput<impl Read>, metric: Metric, dimension: usize) -> Result<Entries> {
    let rows = input.count()?;
    let lengths = input.u32s(rows)?;
    let mut keys: Vec<Vec<u8>> = Vec::with_capacity(lengths.len());
    for length in lengths {
        keys.push(input.blob(length as usize)?);
    }
    // The checksum comes last: counts beyond all memory are damage before they are a want, and building the index again says
    // which of the two it was.
    let entries = Entries::with_capacity(metric, dimension, rows);
    let mut entries = entries.map_err(|error| corrupted(error.message()))?;
    let mut keys = keys.into_iter();
    let mut left = rows;
    while left > 0 {
        let batch = left.min(BATCH_ROWS);
        let vectors = input.f32s(batch * dimension)?;
        for (vector, key) in vectors.chunks_exact(dimension).zip(keys.by_ref()) {
            entries.push(&key, vector);
        }
        left -= batch;
    }
    Ok(entries)
}

#[expect(clippy::cast_possible_truncation, reason = "there are four")]
fn metric_byte(metric: Metric) -> u8 {
    metric.code() as u8
}

fn metric_of(code: u8) -> Result<Metric> {
    let found = Metric::ALL.into_iter().find(|metric| metric_byte(*metric) == code);
    found.ok_or_else(|| corrupted(format!("metric number {code}")))
}
