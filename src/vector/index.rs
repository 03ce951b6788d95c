//! The index of one vector column: keys to vectors, growing by a tail that is sealed into segments with graphs.
//!
//! Two locks: `writer` orders inserts, deletes and the end of a build; `view` guards the list of parts for as long as it
//! takes to copy pointers, so a search waits for nobody's work. `writer` is taken before `view`. Every row is referred to
//! by (unit, row), where a unit is a tail or a segment.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::{Mutex, RwLock};

use crate::error::Result;
use crate::vector::graph::build::build_graph;
use crate::vector::graph::parameters::Parameters;
use crate::vector::graph::progress::Progress;
use crate::vector::graph::walk::WalkPool;
use crate::vector::rows::distance::{Metric, check_dimension, check_vector};
use crate::vector::rows::quantized_vectors::Codes;
use crate::vector::segment::key_places::KeyPlaces;
use crate::vector::segment::keyed_vectors::Entries;
use crate::vector::segment::segment::Segment;
use crate::vector::segment::segment_set::{BuildInput, BuildScope, GatheredParts, IndexView, PartPlace, gather};
use crate::vector::segment::tail::Tail;
use crate::vector::workers::{Priority, Workers};

/// What only writers touch.
#[derive(Default)]
pub(super) struct Writer {
    pub places: KeyPlaces,
    pub next_unit: u32,
}

/// Nearest-neighbour index of one column by one metric.
///
/// Its methods lie by who calls them (writers, readers, the builder, files) in the files of this folder.
pub struct NearestIndex {
    pub(super) metric: Metric,
    pub(super) dimension: usize,
    pub(super) parameters: Parameters,
    pub(super) writer: Mutex<Writer>,
    pub(super) view: RwLock<IndexView>,
    pub(super) walks: WalkPool,
    live: AtomicUsize,
    changes: AtomicU64,
    /// Held during a build, so that there is one at a time.
    one_build: Mutex<()>,
}

impl NearestIndex {
    /// An empty index for vectors of `dimension` components.
    pub fn new(metric: Metric, dimension: usize, parameters: Parameters) -> NearestIndex {
        NearestIndex::from_segments(metric, dimension, parameters, Vec::new())
    }

    /// An index of segments whose units are numbered from 0 and whose live rows have distinct keys.
    pub(super) fn from_segments(
        metric: Metric,
        dimension: usize,
        parameters: Parameters,
        segments: Vec<Arc<Segment>>,
    ) -> NearestIndex {
        let mut places = KeyPlaces::with_capacity(segments.iter().map(|segment| segment.entries.live()).sum());
        let mut next_unit = 0;
        for segment in &segments {
            for row in segment.entries.live_rows() {
                places.put_new(segment.entries.key(row), PartPlace { unit: segment.unit, row });
            }
            next_unit = next_unit.max(segment.unit + 1);
        }
        let live = AtomicUsize::new(places.len());
        let view = IndexView { segments, building: Vec::new(), tail: Tail::new(next_unit) };
        NearestIndex {
            metric,
            dimension,
            parameters,
            writer: Mutex::new(Writer { places, next_unit: next_unit + 1 }),
            view: RwLock::new(view),
            walks: WalkPool::default(),
            live,
            changes: AtomicU64::new(1),
            one_build: Mutex::new(()),
        }
    }

    /// Gives `key` this vector, in place of the one it may have had. A zero vector has no cosine distance and gets no
    /// place in an index of that metric, as in pgvector.
    ///
    /// # Errors
    /// 22000 for another dimension and for components that are not finite, 53200 where the system has no memory for it.
    pub fn insert(&self, key: &[u8], vector: &[f32]) -> Result<()> {
        check_dimension(vector, self.dimension)?;
        check_vector(vector)?;
        if self.metric == Metric::Cosine && !is_direction(vector) {
            self.delete(key);
            return Ok(());
        }
        self.put(&mut self.writer.lock(), key, vector)
    }

    /// As [`NearestIndex::insert`], unless the key has a vector already. True if it was put.
    ///
    /// # Errors
    /// As [`NearestIndex::insert`].
    pub fn insert_if_absent(&self, key: &[u8], vector: &[f32]) -> Result<bool> {
        check_dimension(vector, self.dimension)?;
        check_vector(vector)?;
        let mut writer = self.writer.lock();
        let is_known = writer.places.find(&self.view.read(), key).is_some();
        if is_known || (self.metric == Metric::Cosine && !is_direction(vector)) {
            return Ok(false);
        }
        self.put(&mut writer, key, vector)?;
        Ok(true)
    }

    fn put(&self, writer: &mut Writer, key: &[u8], vector: &[f32]) -> Result<()> {
        // One lock for both, or a search between them would find the key twice.
        let mut view = self.view.write();
        let unit = view.tail.unit;
        let place = PartPlace { unit, row: view.tail.push(self.metric, key, vector)? };
        self.changes.fetch_add(1, Ordering::Release);
        match writer.places.put(&view, key, place) {
            Some(old) => view.mark_deleted(old),
            None => {
                self.live.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// Forgets a key. True if it was there.
    pub fn delete(&self, key: &[u8]) -> bool {
        self.delete_known(&mut self.writer.lock(), key)
    }

    fn delete_known(&self, writer: &mut Writer, key: &[u8]) -> bool {
        let view = self.view.read();
        let Some(place) = writer.places.remove(&view, key) else {
            return false;
        };
        view.mark_deleted(place);
        self.changes.fetch_add(1, Ordering::Release);
        self.live.fetch_sub(1, Ordering::Relaxed);
        true
    }

    /// As [`NearestIndex::insert`], where the row of the key is still at this place.
    pub(super) fn replace_at(&self, place: PartPlace, key: &[u8], vector: &[f32]) -> Result<()> {
        check_dimension(vector, self.dimension)?;
        check_vector(vector)?;
        if self.metric == Metric::Cosine && !is_direction(vector) {
            self.delete_at(place, key);
            return Ok(());
        }
        let mut writer = self.writer.lock();
        let is_there = writer.places.find(&self.view.read(), key) == Some(place);
        if is_there { self.put(&mut writer, key, vector) } else { Ok(()) }
    }

    /// As [`NearestIndex::delete`], where the row of the key is still at this place.
    pub(super) fn delete_at(&self, place: PartPlace, key: &[u8]) {
        let mut writer = self.writer.lock();
        let is_there = writer.places.find(&self.view.read(), key) == Some(place);
        if is_there {
            self.delete_known(&mut writer, key);
        }
    }

    pub fn contains(&self, key: &[u8]) -> bool {
        self.writer.lock().places.find(&self.view.read(), key).is_some()
    }

    /// Whether [`NearestIndex::build`] has something to do.
    pub fn needs_build(&self) -> bool {
        self.view.read().needs_build()
    }

    /// Seals the tail into a segment and joins segments, as `scope` says. Takes seconds on a large index, with all
    /// processors, which it leaves to others in the background. Searches and writes go on meanwhile. `progress` is told now and
    /// then and stops the build by returning false, which is an error (57014) and leaves the index as it was.
    ///
    /// # Errors
    /// 57014 when `progress` stops it, 53200 where the system has no memory for it, XX000 where it gives no threads, XX001
    /// where the file of a segment is damaged.
    pub fn build(
        &self,
        scope: BuildScope,
        priority: Priority,
        progress: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<()> {
        let _alone = self.one_build.lock();
        let inputs = self.begin_build(scope);
        if inputs.is_empty() {
            return Ok(());
        }
        let GatheredParts { entries, origins } = gather(&inputs, self.metric, self.dimension)?;
        let codes = Codes::of(&entries.rows, self.metric)?;
        let graph = match entries.rows.len() {
            0 => None,
            nodes => {
                let (rows, workers) = (&entries.rows, Workers::new(priority));
                Some(build_graph(rows, nodes, Some(&codes), self.metric, self.parameters, workers, progress)?)
            }
        };
        let seal = |unit, entries| graph.map(|graph| Segment::new(unit, entries, graph, codes));
        self.finish_build(&inputs, entries, &origins, seal);
        Ok(())
    }

    /// Chooses the parts to build from and starts a new tail where the old one is among them.
    fn begin_build(&self, scope: BuildScope) -> Vec<BuildInput> {
        let mut writer = self.writer.lock();
        let mut view = self.view.write();
        if view.takes_tail(scope) {
            let unit = writer.next_unit;
            writer.next_unit += 1;
            let full = std::mem::replace(&mut view.tail, Tail::new(unit));
            view.building.push(full);
        }
        view.inputs(scope)
    }

    /// Puts the new segment, if anything is left for one, in the place of what it was built from. What was deleted or
    /// superseded meanwhile is marked.
    fn finish_build(
        &self,
        inputs: &[BuildInput],
        entries: Entries,
        origins: &[PartPlace],
        seal: impl FnOnce(u32, Entries) -> Option<Segment>,
    ) {
        let mut writer = self.writer.lock();
        let unit = writer.next_unit;
        writer.next_unit += 1;
        for (row, origin) in (0u32..).zip(origins) {
            if !writer.places.follow(entries.key(row), *origin, PartPlace { unit, row }) {
                entries.deleted.set(row);
            }
        }
        let mut view = self.view.write();
        view.segments.retain(|segment| inputs.iter().all(|input| input.unit() != segment.unit));
        view.building.retain(|tail| inputs.iter().all(|input| input.unit() != tail.unit));
        view.segments.extend(seal(unit, entries).map(Arc::new));
        self.changes.fetch_add(1, Ordering::Release);
    }

    pub fn metric(&self) -> Metric {
        self.metric
    }

    pub fn dimension(&self) -> usize {
        self.dimension
    }

    pub fn parameters(&self) -> Parameters {
        self.parameters
    }

    /// Keys in the index.
    pub fn len(&self) -> usize {
        self.live.load(Ordering::Relaxed)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How often it has changed, begun with 1.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Rows that are in no graph yet.
    pub fn tail_len(&self) -> usize {
        let view = self.view.read();
        view.tail.len() + view.building.iter().map(Tail::len).sum::<usize>()
    }

    /// The share of what is near that walks find in the graph that finds least, as it was measured when that was built; `None`
    /// without a graph.
    pub fn recall(&self) -> Option<f64> {
        self.view.read().segments.iter().map(|segment| segment.recall).min_by(f64::total_cmp)
    }

    /// Segments with graphs.
    pub fn segment_count(&self) -> usize {
        self.view.read().segments.len()
    }

    /// Bytes of memory held, those of mapped files not counted.
    pub fn bytes(&self) -> usize {
        let writer = self.writer.lock();
        writer.places.bytes() + self.view.read().heap_bytes()
    }
}

/// Whether a vector points anywhere.
fn is_direction(vector: &[f32]) -> bool {
    vector.iter().any(|component| *component != 0.0)
}
