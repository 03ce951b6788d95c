//! How RocksDB is tuned for the access pattern of each column family.
//!
//! Entries are read by key, so they get small blocks, full filters and a hash index inside each block. Vectors do not
//! compress and are either read one by one or scanned whole, so they lie uncompressed in larger blocks. Everything shares
//! one block cache, one log and one budget for write buffers.

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, DBRecoveryMode, DataBlockIndexType, LogLevel,
    Options,
};

use crate::store::key::family::Family;
use crate::store::rocks::store::StoreOptions;

/// Bytes of all write buffers together before RocksDB flushes the largest.
const WRITE_BUFFERS_BYTES_MAX: usize = 256 * 1024 * 1024;
/// With a small cache write buffers are small as well, down to this.
const WRITE_BUFFERS_BYTES_MIN: usize = 16 * 1024 * 1024;
/// Bytes of the write-ahead log before the column families that hold it back are flushed; bounds the work of a restart.
const LOG_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// With a small cache the log is small as well, down to this.
const LOG_BYTES_MIN: u64 = 1024 * 1024;
/// With a small cache the buffer of a family is small as well, down to this.
const WRITE_BUFFER_BYTES_MIN: usize = 1024 * 1024;
/// Bytes by which the file that lists all others grows on the disk.
const MANIFEST_STEP_BYTES: usize = 256 * 1024;
/// Table files kept open; stays below the usual limit of 1024 descriptors a process.
const OPEN_FILES_MAX: i32 = 768;
/// Finished logs kept for reuse: appending to one does not change its size, which saves the file system a journal write.
const RECYCLED_LOGS_MAX: usize = 2;
/// Bits of filter for each key: one false positive in a hundred.
const FILTER_BITS_PER_KEY: f64 = 10.0;
/// Threads of flushes and compactions, at least and at most.
const BACKGROUND_JOBS: (usize, usize) = (2, 8);

impl Family {
    fn tuning(self) -> Tuning {
        const KIB: usize = 1024;
        const MIB: usize = 1024 * KIB;
        match self {
            Family::Entries => Tuning { write_buffer: 32 * MIB, block: 8 * KIB, access: Access::Point, compress: true },
            Family::Public | Family::Proofs => {
                Tuning { write_buffer: 16 * MIB, block: 8 * KIB, access: Access::Point, compress: true }
            }
            Family::Vectors => Tuning { write_buffer: 64 * MIB, block: 32 * KIB, access: Access::Hit, compress: false },
            Family::Indexes => Tuning { write_buffer: 32 * MIB, block: 8 * KIB, access: Access::Scan, compress: true },
            Family::DeltaLog => {
                Tuning { write_buffer: 16 * MIB, block: 16 * KIB, access: Access::Scan, compress: true }
            }
            Family::Catalog | Family::Staging | Family::Vault => {
                Tuning { write_buffer: 4 * MIB, block: 4 * KIB, access: Access::Point, compress: true }
            }
        }
    }

    fn options(self, cache: &Cache, cache_bytes: usize) -> Options {
        let tuning = self.tuning();
        let mut table = BlockBasedOptions::default();
        table.set_block_cache(cache);
        table.set_block_size(tuning.block);
        table.set_bloom_filter(FILTER_BITS_PER_KEY, false);
        table.set_whole_key_filtering(true);
        let mut options = Options::default();
        // With a small cache buffers are small as well: filters and arenas are laid out for their full size.
        options.set_write_buffer_size(tuning.write_buffer.min(cache_bytes.max(WRITE_BUFFER_BYTES_MIN)));
        options.set_max_write_buffer_number(3);
        options.set_compression_type(if tuning.compress { DBCompressionType::Lz4 } else { DBCompressionType::None });
        match tuning.access {
            Access::Point => {
                table.set_data_block_index_type(DataBlockIndexType::BinaryAndHash);
                options.set_memtable_prefix_bloom_ratio(0.02);
                options.set_memtable_whole_key_filtering(true);
            }
            // A value of a few KiB is found faster when keys are not delta-encoded against one another.
            Access::Hit => {
                table.set_block_restart_interval(4);
                options.set_optimize_filters_for_hits(true);
            }
            Access::Scan => {}
        }
        options.set_block_based_table_factory(&table);
        options
    }
}

struct Tuning {
    write_buffer: usize,
    block: usize,
    access: Access,
    compress: bool,
}

/// How the keys of a family are mostly read.
enum Access {
    /// By key, often one that is not there (an INSERT looks for duplicates).
    Point,
    /// By key, and nearly always one that is there.
    Hit,
    /// By range.
    Scan,
}

/// Options of the database itself.
pub(super) fn database_options(store: &StoreOptions) -> Options {
    let threads = std::thread::available_parallelism().map_or(BACKGROUND_JOBS.0, std::num::NonZero::get);
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    options.set_paranoid_checks(true);
    // A torn last write is dropped, everything before it is kept; anything stranger refuses to open.
    options.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
    // In a reused log, recovery takes a lost tail for the end of the log. A synced write makes everything before it
    // durable, so nothing can be missing in the middle; without syncs power loss could leave such a hole.
    options.set_recycle_log_file_num(if store.sync { RECYCLED_LOGS_MAX } else { 0 });
    let cache_bytes = u64::try_from(store.cache_bytes).unwrap_or(u64::MAX);
    // Also what a log reserves on the disk.
    options.set_max_total_wal_size(cache_bytes.clamp(LOG_BYTES_MIN, LOG_BYTES_MAX));
    options.set_db_write_buffer_size(store.cache_bytes.clamp(WRITE_BUFFERS_BYTES_MIN, WRITE_BUFFERS_BYTES_MAX));
    options.set_max_background_jobs(i32::try_from(threads.clamp(BACKGROUND_JOBS.0, BACKGROUND_JOBS.1)).unwrap_or(2));
    options.set_max_open_files(OPEN_FILES_MAX);
    options.set_bytes_per_sync(1024 * 1024);
    options.set_manifest_preallocation_size(MANIFEST_STEP_BYTES);
    options.set_log_level(LogLevel::Warn);
    options.set_keep_log_file_num(4);
    options.set_max_log_file_size(4 * 1024 * 1024);
    options.set_stats_dump_period_sec(0);
    options.set_stats_persist_period_sec(0);
    options
}

/// What to open: this program's families, and `others` that a newer program left, so that its version can be read.
pub(super) fn descriptors(cache_bytes: usize, others: &[String]) -> Vec<ColumnFamilyDescriptor> {
    let cache = Cache::new_hyper_clock_cache(cache_bytes, 0);
    let known = Family::ALL
        .into_iter()
        .map(|family| ColumnFamilyDescriptor::new(family.name(), family.options(&cache, cache_bytes)));
    let unknown = others
        .iter()
        .filter(|name| Family::ALL.into_iter().all(|family| family.name() != name.as_str()))
        .map(|name| ColumnFamilyDescriptor::new(name, Options::default()));
    known.chain(unknown).collect()
}
