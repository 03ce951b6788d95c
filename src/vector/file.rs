//! An index as a file: everything it holds, so that a restart builds nothing.
//!
//! Layout, all integers little-endian: the magic bytes, format version (u32), metric (u8), dimension, m, ef_construction
//! (u32 each), watermark (u64), number of segments (u32), the segments, the live rows of the tails in the form of one
//! more segment without a graph, and the BLAKE3 hash of all before it. A segment: its entries (number of rows u32, length of
//! each key u32, keys, words of deletion marks u64, vectors f32), the number of its last rows that are copies (u32) and the
//! node of each (u32), then its graph (links for each node u32, the links, number of upper layers u32, each with its size,
//! its links for each position, the positions below and the links) and the recall that was measured of it (f64).
//!
//! A damaged, foreign or newer file is an error of kind `Corrupted`; the caller rebuilds the index then.

use std::io::{Read, Write};
use std::sync::Arc;

use super::codec::{FileInput, FileOutput, corrupted};
use super::index::NearestIndex;
use crate::error::Result;
use crate::vector::graph::built::BuiltGraph;
use crate::vector::graph::graph::{Graph, Layer};
use crate::vector::graph::parameters::Parameters;
use crate::vector::rows::copies::Copies;
use crate::vector::rows::distance::{DIMENSION_MAX, Metric};
use crate::vector::search::candidates::IndexParts;
use crate::vector::segment::keyed_vectors::{Entries, Tombstones, VectorKey};
use crate::vector::segment::segment::Segment;

const MAGIC: &[u8; 8] = b"NEBVECTR";

/// Raised with every change of the layout.
const VERSION: u32 = 3;

/// Segments a file may name; an index has a handful.
const SEGMENTS_MAX: u32 = 1024;

/// Rows read or written at once.
const BATCH_ROWS: usize = 128;

impl NearestIndex {
    /// Writes the index as it is at the moment of the call; writes to the index go on meanwhile. `watermark` is the
    /// caller's: the commit version up to which the index is known to be complete.
    ///
    /// # Errors
    /// 53100 and 58030 where it cannot be written, 54000 for a count above `u32::MAX`.
    pub fn save(&self, writer: impl Write, watermark: u64) -> Result<()> {
        let (segments, tail, marks) = {
            // Nothing is deleted while the writer is held, so that the marks belong to these parts.
            let _writer = self.writer.lock();
            let view = self.view.read();
            let parts = IndexParts::of(&view);
            let marks: Vec<Vec<u64>> = parts.numbers().map(|part| parts.entries(part).deleted.to_words()).collect();
            let (segments, tail) = parts.into_inner();
            (segments, tail, marks)
        };
        let mut output = FileOutput::new(writer);
        output.bytes(MAGIC)?;
        output.u32(VERSION)?;
        output.bytes(&[metric_code(self.metric)])?;
        output.count(self.dimension)?;
        output.count(self.parameters.m)?;
        output.count(self.parameters.ef_construction)?;
        output.u64(watermark)?;
        output.count(segments.len())?;
        for (segment, marks) in segments.iter().zip(&marks) {
            let rows = (0u32..).take(segment.entries.len()).map(|row| (&segment.entries, row)).collect();
            write_entries(&mut output, rows, marks)?;
            output.count(segment.copies.as_slice().len())?;
            output.u32s(segment.copies.as_slice())?;
            write_graph(&mut output, &segment.graph)?;
            output.u64(segment.recall.to_bits())?;
        }
        let mut rows = Vec::new();
        for (block, marks) in tail.iter().zip(marks.iter().skip(segments.len())) {
            let marks = Tombstones::from_words(marks.clone());
            let live = (0u32..).take(block.len()).filter(|row| !marks.is_set(*row));
            rows.extend(live.map(|row| (&**block, row)));
        }
        let none_deleted = vec![0; rows.len().div_ceil(64)];
        write_entries(&mut output, rows, &none_deleted)?;
        output.finish()
    }

    /// Reads an index and its watermark back.
    ///
    /// # Errors
    /// XX001 for a file that is damaged or of another format, 53200 where the system has no memory for it, 58030 where it
    /// cannot be read.
    pub fn load(reader: impl Read) -> Result<(NearestIndex, u64)> {
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
        let mut segments = Vec::new();
        for unit in 0..count {
            let entries = read_entries(&mut input, metric, dimension)?;
            let count = input.count()?;
            let copies = Copies::from_parts(entries.len(), input.u32s(count)?);
            let copies = copies.ok_or_else(|| corrupted("its copies are of no rows"))?;
            let graph = read_graph(&mut input, copies.nodes())?;
            let recall = f64::from_bits(input.u64()?);
            if !(0.0..=1.0).contains(&recall) {
                return Err(corrupted("a recall that is no share"));
            }
            segments.push(Arc::new(Segment::new(unit, entries, copies, BuiltGraph { graph, recall }, metric)?));
        }
        let tail = read_entries(&mut input, metric, dimension)?;
        input.finish()?;
        for segment in &segments {
            segment.graph.check(segment.copies.nodes())?;
        }
        let index = NearestIndex::from_segments(metric, dimension, parameters, segments);
        for row in tail.live_rows() {
            index.insert(tail.key(row), tail.rows.vector(row))?;
        }
        Ok((index, watermark))
    }
}

/// Writes rows, which may come from several places, as one run of entries.
fn write_entries(output: &mut FileOutput<impl Write>, rows: Vec<(&Entries, u32)>, marks: &[u64]) -> Result<()> {
    output.count(rows.len())?;
    for (entries, row) in &rows {
        output.count(entries.key(*row).len())?;
    }
    for (entries, row) in &rows {
        output.bytes(entries.key(*row))?;
    }
    for word in marks.iter().take(rows.len().div_ceil(64)) {
        output.u64(*word)?;
    }
    for (entries, row) in &rows {
        output.f32s(entries.rows.vector(*row))?;
    }
    Ok(())
}

fn read_entries(input: &mut FileInput<impl Read>, metric: Metric, dimension: usize) -> Result<Entries> {
    let rows = input.count()?;
    let lengths = input.u32s(rows)?;
    let mut keys: Vec<VectorKey> = Vec::with_capacity(lengths.len());
    for length in lengths {
        keys.push(Arc::from(input.blob(length as usize)?));
    }
    let deleted = Tombstones::from_words(input.u64s(rows.div_ceil(64))?);
    // The checksum comes last: counts beyond all memory are damage before they are a want, and building the index again says
    // which of the two it was.
    let entries = Entries::with_capacity(metric, dimension, rows);
    let mut entries = entries.map_err(|error| corrupted(error.message()))?;
    entries.deleted = deleted;
    let mut keys = keys.into_iter();
    let mut left = rows;
    while left > 0 {
        let batch = left.min(BATCH_ROWS);
        let vectors = input.f32s(batch * dimension)?;
        for (vector, key) in vectors.chunks_exact(dimension).zip(keys.by_ref()) {
            entries.push(key, vector);
        }
        left -= batch;
    }
    Ok(entries)
}

fn write_graph(output: &mut FileOutput<impl Write>, graph: &Graph) -> Result<()> {
    output.count(graph.stride)?;
    output.u32s(&graph.links)?;
    output.count(graph.upper.len())?;
    for layer in &graph.upper {
        output.count(layer.below.len())?;
        output.count(layer.stride)?;
        output.u32s(&layer.below)?;
        output.u32s(&layer.links)?;
    }
    Ok(())
}

fn read_graph(input: &mut FileInput<impl Read>, nodes: usize) -> Result<Graph> {
    let product = |a: usize, b: usize| a.checked_mul(b).ok_or_else(|| corrupted("a graph without end"));
    let stride = input.count()?;
    let links = input.u32s(product(stride, nodes)?)?;
    let layers = input.count()?;
    let mut upper = Vec::new();
    for _ in 0..layers {
        let positions = input.count()?;
        let stride = input.count()?;
        let below = input.u32s(positions)?;
        let links = input.u32s(product(stride, positions)?)?;
        upper.push(Layer { below, links, stride });
    }
    Ok(Graph { links, stride, upper })
}

fn metric_code(metric: Metric) -> u8 {
    match metric {
        Metric::L2 => 0,
        Metric::InnerProduct => 1,
        Metric::Cosine => 2,
        Metric::L1 => 3,
    }
}

fn metric_of(code: u8) -> Result<Metric> {
    let found = Metric::ALL.into_iter().find(|metric| metric_code(*metric) == code);
    found.ok_or_else(|| corrupted(format!("metric number {code}")))
}
