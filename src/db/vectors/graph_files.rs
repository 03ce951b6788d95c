//! The files of one nearest-neighbour index: one that is written anew each time, and one for each of its segments, which are written
//! once. Each gets its name when it is whole and on the disk, so that a crash leaves the old one or the new.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::model::CollectionId;
use crate::store::{create_file_in_private, make_private_folder, sync_folder};
use crate::vector::{NearestIndex, SegmentId};

/// Bytes written and read at once.
const BUFFER_BYTES: usize = 1 << 20;
/// How often it is tried to save an index whose segments are replaced meanwhile.
const ATTEMPTS_MAX: usize = 3;

/// Names the files of an index.
#[derive(Clone, Copy)]
pub(super) struct GraphFiles<'a> {
    pub directory: &'a Path,
    pub index: CollectionId,
}

impl GraphFiles<'_> {
    fn index_path(&self) -> PathBuf {
        self.directory.join(format!("{}.hnsw", self.index.0))
    }

    fn segment_path(&self, id: SegmentId) -> PathBuf {
        self.directory.join(format!("{}-{id}.segment", self.index.0))
    }

    fn unfinished_segment(&self) -> PathBuf {
        self.directory.join(format!("{}.segment.tmp", self.index.0))
    }

    /// Reads an index and the number of the commit that it is current to; `None` where there is none.
    ///
    /// # Errors
    /// 58030 for a file that cannot be read, XX001 for one that is damaged or of another format, 53200 where memory runs short.
    pub fn load(&self) -> Result<Option<(NearestIndex, u64)>> {
        let file = match File::open(self.index_path()) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let reader = BufReader::with_capacity(BUFFER_BYTES, file);
        NearestIndex::load(reader, &mut |id| Ok(File::open(self.segment_path(id))?)).map(Some)
    }

    /// Writes the segments that are in no file yet, which the index has from there on, and then what names them. Files that the index
    /// had before go.
    ///
    /// # Errors
    /// 53100 and 58030 where a file cannot be written, 54000 for more rows than it can tell, 55000 where segments go on being replaced.
    pub fn save(&self, graph: &NearestIndex, watermark: u64) -> Result<()> {
        make_private_folder(self.directory)?;
        for _ in 0..ATTEMPTS_MAX {
            for unsaved in graph.unsaved_segments() {
                let temporary = self.unfinished_segment();
                let id = written(&temporary, |writer| unsaved.write(writer))?;
                let path = self.segment_path(id);
                std::fs::rename(&temporary, &path)?;
                sync_folder(self.directory)?;
                graph.adopt(&unsaved, id, File::open(&path)?)?;
            }
            let (path, temporary) = (self.index_path(), self.directory.join(format!("{}.tmp", self.index.0)));
            if let Some(named) = written(&temporary, |writer| graph.save(writer, watermark))? {
                std::fs::rename(&temporary, &path)?;
                sync_folder(self.directory)?;
                return self.remove_segments(&named.into_iter().collect());
            }
        }
        Err(Error::internal("the segments of a vector index were replaced each time that they were saved"))
    }

    /// Removes all that is there of the index.
    ///
    /// # Errors
    /// 58030 where a file is there and stays.
    pub fn remove(&self) -> Result<()> {
        match std::fs::remove_file(self.index_path()) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        self.remove_segments(&HashSet::new())
    }

    /// Removes the segments that are not named. Those that are still mapped stay readable to whoever has them.
    fn remove_segments(&self, named: &HashSet<SegmentId>) -> Result<()> {
        let kept: HashSet<PathBuf> = named.iter().map(|id| self.segment_path(*id)).collect();
        let prefix = format!("{}-", self.index.0);
        let entries = match std::fs::read_dir(self.directory) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let is_segment = name.starts_with(&prefix) && name.ends_with(".segment");
            // One that a crash left half written; nobody writes one now.
            let is_unfinished = path == self.unfinished_segment();
            if (is_segment && !kept.contains(&path)) || is_unfinished {
                std::fs::remove_file(&path)?;
            }
        }
        Ok(())
    }
}

/// Writes a file and brings it to the disk.
fn written<T>(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> Result<T>) -> Result<T> {
    let mut writer = BufWriter::with_capacity(BUFFER_BYTES, create_file_in_private(path)?);
    let outcome = write(&mut writer)?;
    writer.flush()?;
    writer.get_ref().sync_all()?;
    Ok(outcome)
}
