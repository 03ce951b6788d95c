//! Where sorts and aggregates go on when they have taken their part of the memory: files in a private folder of the data directory,
//! bounded together, and removed as soon as their statement lets go of them.
//!
//! Statements that read secrets write none.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::disk_manager::{DiskManager, DiskManagerBuilder, DiskManagerMode};
use datafusion::physical_plan::ExecutionPlan;
use parking_lot::Mutex;

use crate::db::ReadView;
use crate::error::Result;
use crate::sql::arrow::errors::from_datafusion;
use crate::sql::arrow::walks::TreeWalks;
use crate::sql::relational::query_scan::QueryScan;
use crate::store::file_error;

/// Bytes that the files of all statements take together, at most.
const SPILL_BYTES_MAX: u64 = 8 * 1024 * 1024 * 1024;
/// Data directories that are known, at most; a server has one.
const DIRECTORIES_MAX: usize = 16;

/// The files of each data directory that is open.
static MANAGERS: LazyLock<Mutex<HashMap<PathBuf, Arc<DiskManager>>>> = LazyLock::new(Mutex::default);

/// The files that statements over a database may write.
///
/// # Errors
/// 58030 and 53100 where the folder cannot be made.
pub fn disk_manager(view: &ReadView) -> Result<Arc<DiskManager>> {
    let directory = view.data_directory().to_path_buf();
    let mut managers = MANAGERS.lock();
    let known = managers.get(&directory);
    // A database that was opened again has removed the folder.
    if let Some(known) = known.filter(|known| known.temp_dir_paths().iter().all(|path| path.is_dir())) {
        return Ok(Arc::clone(known));
    }
    let folder = view.make_spill_folder()?;
    let manager = DiskManagerBuilder::default()
        .with_mode(DiskManagerMode::Directories(vec![folder]))
        .with_max_temp_directory_size(SPILL_BYTES_MAX)
        .build()
        .map_err(from_datafusion)?;
    let manager = Arc::new(manager);
    // Nobody else may enter the folder around it, and nothing in it is open either.
    #[cfg(unix)]
    for path in manager.temp_dir_paths() {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(&path, mode).map_err(|error| file_error(&path, error))?;
    }
    if managers.len() >= DIRECTORIES_MAX {
        managers.retain(|_, manager| Arc::strong_count(manager) > 1);
    }
    managers.insert(directory, Arc::clone(&manager));
    Ok(manager)
}

/// Whether any leaf of a plan reads secrets.
///
/// # Errors
/// What walking the plan says, a defect.
pub fn reads_secrets(plan: &Arc<dyn ExecutionPlan>) -> Result<bool> {
    let mut is_secret = false;
    plan.each_part(|node| {
        is_secret |= node.downcast_ref::<QueryScan>().is_some_and(QueryScan::reads_secrets);
        Ok(TreeNodeRecursion::Continue)
    })
    .map_err(from_datafusion)?;
    Ok(is_secret)
}
