//! A sealed segment as a file that is mapped into memory: nothing of it is read, copied or made anew before it can be walked.
//!
//! Layout, all integers little-endian: a head of 1,024 bytes, then the sections, each at a multiple of 4,096 bytes, zeros between.
//! The head: the magic bytes, format (u32), metric, dimension, links of a node, root (u32 each), zero (u32), rows, nodes (u64 each),
//! recall, greatest length (f64 each), then for each section its position and length in bytes (u64 each) and its BLAKE3 hash, zeros
//! to the end. The sections, in this order: the node of each row that is a copy (u32), the end of each key (u64), the keys, the links
//! (u32), reciprocal lengths of the vectors (f32, for cosine), what codes leave out (four f32 a node), their mean (f32), the
//! codes (a multiple of 64 bytes a node), a sum for each 16 KiB of the vectors (u64), and the vectors (a multiple of 16 f32 a node).
//!
//! The hash of the head, and so of all but the vectors, is the name of the segment, by which the index knows it. A file is written
//! under another name, synced and renamed, and never changes afterwards. All sections but the vectors are read and hashed when
//! it is opened: walks touch any of them, a link that leads astray would read beyond the graph, and reading them in order brings
//! them into the page cache. The vectors, three quarters of the file, are checked in chunks as they are read.

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use super::keyed_vectors::{Entries, PackedKeys, Tombstones};
use super::segment::Segment;
use crate::error::{Error, Result};
use crate::vector::codec::{FileInput, corrupted};
use crate::vector::graph::built::BuiltGraph;
use crate::vector::graph::graph::Graph;
use crate::vector::mapped::checked_chunks::{CheckedChunks, sums_of};
use crate::vector::mapped::flat_array::{FlatArray, PlainBytes, bytes_of};
use crate::vector::mapped::mapped_file::MappedFile;
use crate::vector::rows::aligned_vectors::{StoredVectors, VectorRows};
use crate::vector::rows::copies::Copies;
use crate::vector::rows::distance::Metric;
use crate::vector::rows::quantized_vectors::{CodeShape, Codes};

const MAGIC: &[u8; 8] = b"NEBSEGMT";

/// Raised with every change of the layout. Segments of format 1 were inside of the file of their index.
const FORMAT: u32 = 2;

const HEAD_BYTES: usize = 1024;

/// What sections begin at a multiple of: a page, so that those which are not read share none with those which are.
const ALIGNMENT: usize = 4096;

const SECTIONS: usize = 10;

/// The sections in the order of the file.
#[derive(Clone, Copy)]
enum Section {
    Copies,
    KeyEnds,
    Keys,
    Links,
    Scales,
    Shapes,
    Mean,
    Codes,
    ChunkSums,
    Vectors,
}

/// Names a segment by the hash of its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentId([u8; blake3::OUT_LEN]);

impl SegmentId {
    pub fn new(bytes: [u8; blake3::OUT_LEN]) -> SegmentId {
        SegmentId(bytes)
    }

    pub fn as_bytes(&self) -> &[u8; blake3::OUT_LEN] {
        &self.0
    }
}

impl fmt::Display for SegmentId {
    /// In hexadecimal digits, for the name of its file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        blake3::Hash::from_bytes(self.0).to_hex().fmt(f)
    }
}

/// Where a section lies, and its hash.
#[derive(Clone, Copy)]
struct Extent {
    start: usize,
    length: usize,
    hash: [u8; blake3::OUT_LEN],
}

/// Writes a segment, deletion marks aside.
///
/// # Errors
/// 53100 and 58030 where it cannot be written.
pub fn write_segment(segment: &Segment, metric: Metric, mut writer: impl Write) -> Result<SegmentId> {
    let Segment { entries, graph, .. } = segment;
    let vectors = bytes_of(entries.rows.components());
    let sums = sums_of(vectors);
    let (key_ends, keys) = entries.keys.parts();
    let (codes, shapes, mean) = segment.codes().parts();
    let sections: [&[u8]; SECTIONS] = [
        bytes_of(entries.copies.as_slice()),
        bytes_of(key_ends),
        keys,
        bytes_of(graph.links()),
        bytes_of(entries.rows.scales()),
        bytes_of(shapes),
        bytes_of(mean),
        codes,
        bytes_of(&sums),
        vectors,
    ];
    let head = head_of(segment, metric, &sections);
    writer.write_all(&head)?;
    let mut position = head.len();
    for section in sections {
        let start = position.next_multiple_of(ALIGNMENT);
        std::io::copy(&mut std::io::Read::take(std::io::repeat(0), (start - position) as u64), &mut writer)?;
        writer.write_all(section)?;
        position = start + section.len();
    }
    if segment.is_damaged() {
        return Err(corrupted("a vector that was copied is not as it was written"));
    }
    Ok(SegmentId(*blake3::hash(&head).as_bytes()))
}

fn head_of(segment: &Segment, metric: Metric, sections: &[&[u8]; SECTIONS]) -> Vec<u8> {
    let Segment { entries, graph, recall, .. } = segment;
    let narrow = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    let mut head = Vec::with_capacity(HEAD_BYTES);
    head.extend_from_slice(MAGIC);
    let root = graph.root().unwrap_or(0);
    for number in [FORMAT, metric.code(), narrow(entries.rows.dimension()), narrow(graph.stride()), root, 0] {
        head.extend_from_slice(&number.to_le_bytes());
    }
    for number in [entries.len() as u64, entries.rows.len() as u64, recall.to_bits(), entries.rows.longest().to_bits()]
    {
        head.extend_from_slice(&number.to_le_bytes());
    }
    let mut position = HEAD_BYTES;
    for (at, section) in sections.iter().enumerate() {
        let start = position.next_multiple_of(ALIGNMENT);
        position = start + section.len();
        // The vectors are covered by their sums.
        let hash =
            if at == Section::Vectors as usize { [0; blake3::OUT_LEN] } else { *blake3::hash(section).as_bytes() };
        head.extend_from_slice(&(start as u64).to_le_bytes());
        head.extend_from_slice(&(section.len() as u64).to_le_bytes());
        head.extend_from_slice(&hash);
    }
    head.resize(HEAD_BYTES, 0);
    head
}

/// What an index knows of a segment that it opens.
pub struct SegmentEntry {
    pub id: SegmentId,
    pub unit: u32,
    pub rows: usize,
    pub deleted: Tombstones,
}

/// Opens a segment of an index of this metric and dimension.
///
/// # Errors
/// XX001 where it is not the segment that was written, 58030 where it cannot be read.
pub fn open_segment(file: File, entry: SegmentEntry, metric: Metric, dimension: usize) -> Result<Segment> {
    let mapped = MappedFile::open(file)?;
    let reader = SegmentReader::open(mapped, entry.id, metric, dimension)?;
    if reader.rows != entry.rows {
        return Err(corrupted(format!("a segment of {} rows in place of {}", reader.rows, entry.rows)));
    }
    reader.verify()?;
    let damaged = || corrupted("the sections of a segment do not fit each other");
    let nodes = reader.nodes;
    let copies = Copies::from_parts(reader.rows, reader.array(Section::Copies)?);
    let copies = copies.filter(|copies| copies.nodes() == nodes).ok_or_else(damaged)?;
    let keys = PackedKeys::stored(reader.array(Section::KeyEnds)?, reader.array(Section::Keys)?);
    let keys = keys.filter(|keys| keys.len() == reader.rows).ok_or_else(damaged)?;
    let graph = Graph::new(reader.array(Section::Links)?, reader.degree, reader.root);
    let graph = graph.filter(|graph| graph.nodes() == nodes).ok_or_else(damaged)?;
    graph.check()?;
    let shapes: FlatArray<CodeShape> = reader.array(Section::Shapes)?;
    let (bytes, mean) = (reader.array(Section::Codes)?, reader.array(Section::Mean)?);
    let codes = Codes::stored(metric, dimension, bytes, shapes, mean);
    let codes = codes.filter(|codes| codes.rows() == nodes).ok_or_else(damaged)?;
    let vectors = reader.extent(Section::Vectors);
    let sums = reader.array(Section::ChunkSums)?;
    let chunks = CheckedChunks::new(Arc::clone(&reader.file), vectors.start, vectors.length, sums);
    let stored = StoredVectors {
        components: reader.array(Section::Vectors)?,
        scales: reader.array(Section::Scales)?,
        longest: reader.longest,
        chunks: chunks.ok_or_else(damaged)?,
    };
    let rows = VectorRows::stored(metric, dimension, nodes, stored).ok_or_else(damaged)?;
    let entries = Entries { rows, keys, copies, deleted: entry.deleted };
    let built = BuiltGraph { graph, recall: reader.recall };
    let mut segment = Segment::new(entry.unit, entries, built, codes);
    segment.file = Some(entry.id);
    Ok(segment)
}

/// The head of a file and the sections that it names.
struct SegmentReader {
    file: Arc<MappedFile>,
    degree: usize,
    root: u32,
    rows: usize,
    nodes: usize,
    recall: f64,
    longest: f64,
    extents: Vec<Extent>,
}

impl SegmentReader {
    fn open(file: Arc<MappedFile>, id: SegmentId, metric: Metric, dimension: usize) -> Result<SegmentReader> {
        let mut head = [0; HEAD_BYTES];
        if file.bytes().len() < HEAD_BYTES {
            return Err(corrupted("a segment ends too early"));
        }
        file.read(0, &mut head)?;
        if *blake3::hash(&head).as_bytes() != id.0 {
            return Err(corrupted("the head of a segment is not the one that was written"));
        }
        let mut input = FileInput::new(&head[..]);
        if input.array::<8>()? != *MAGIC || input.u32()? != FORMAT {
            return Err(corrupted("a segment is of another format"));
        }
        if input.u32()? != metric.code() || input.count()? != dimension {
            return Err(corrupted("a segment is of another index"));
        }
        let (degree, root, _) = (input.count()?, input.u32()?, input.u32()?);
        let (rows, nodes) = (input.position()?, input.position()?);
        let (recall, longest) = (f64::from_bits(input.u64()?), f64::from_bits(input.u64()?));
        if !(0.0..=1.0).contains(&recall) {
            return Err(corrupted("a recall that is no share"));
        }
        let mut extents = Vec::with_capacity(SECTIONS);
        for _ in 0..SECTIONS {
            extents.push(Extent { start: input.position()?, length: input.position()?, hash: input.array()? });
        }
        Ok(SegmentReader { file, degree, root, rows, nodes, recall, longest, extents })
    }

    #[expect(clippy::indexing_slicing, reason = "there is an extent for each section")]
    fn extent(&self, section: Section) -> Extent {
        self.extents[section as usize]
    }

    /// Reads all sections but the vectors and compares their hashes: the codes, which are most of it, on a thread of their own.
    fn verify(&self) -> Result<()> {
        let verify_rest = || {
            let sections = self.extents.iter().enumerate().take(Section::Vectors as usize);
            let mut rest = sections.filter(|(at, _)| *at != Section::Codes as usize);
            rest.try_for_each(|(_, extent)| self.verify_extent(*extent))
        };
        std::thread::scope(|scope| {
            let codes = std::thread::Builder::new()
                .name("nebulus-checks".to_owned())
                .spawn_scoped(scope, || self.verify_extent(self.extent(Section::Codes)))?;
            verify_rest()?;
            codes.join().map_err(|_| Error::internal("checking a segment has failed"))?
        })
    }

    fn verify_extent(&self, extent: Extent) -> Result<()> {
        let end = extent.start.checked_add(extent.length);
        if end.is_none_or(|end| end > self.file.bytes().len()) {
            return Err(corrupted("a segment ends too early"));
        }
        if *self.file.hash(extent.start, extent.length)?.as_bytes() != extent.hash {
            return Err(corrupted("a section of a segment has the wrong checksum"));
        }
        Ok(())
    }

    fn array<T: PlainBytes>(&self, section: Section) -> Result<FlatArray<T>> {
        let extent = self.extent(section);
        let found = FlatArray::mapped(&self.file, extent.start, extent.length / size_of::<T>());
        found.ok_or_else(|| corrupted("a section lies outside of its segment"))
    }
}
