//! The disk: RocksDB behind one door, the keys and records that lie in it, the vault, the blobs and the node's identity.
//!
//! A write arrives as a [`Batch`] of [`Key`]s and bytes and is durable when [`Store::write`] returns. A read takes a
//! [`Snapshot`], gets or scans bytes, and looks at them through a [`RecordView`], which decodes only the fields it is
//! asked for. Primary and index keys are tuples in an order-preserving encoding ([`encode_key`]). Layers above decide what
//! is written; nothing outside of this folder knows RocksDB.

mod batch;
mod blobs;
mod check;
mod contributions;
mod database;
mod delta_body;
mod disk;
mod family;
mod identity;
mod key;
mod key_codec;
mod key_decimal;
mod poison;
mod private_directory;
mod private_file;
mod record;
mod record_view;
mod running;
mod snapshot;
#[expect(clippy::module_inception, reason = "the file holds the type Store")]
mod store;
mod value_codec;
mod vault;
mod vault_key;

pub use batch::Batch;
pub use blobs::{BlobHash, BlobHold, BlobStore, BlobWriter, Collected, Pin};
pub use check::CheckReport;
pub use contributions::{
    counted_part, decode_contributions, decode_with_aside, encode_contributions, encode_with_aside,
};
pub use database::{LEGACY_STORE, STORE_FORMAT};
pub use delta_body::{DeltaBody, decode_state, encode_body, encode_state};
pub use disk::{DiskSpace, disk_space};
pub use family::Family;
pub use identity::{Identity, is_peer_id, peer_id_of, verify_signature};
pub use key::{Key, KeyRange, build_marker, delta_place, delta_seq, marked_index, posting_place};
pub use key_codec::{decode_key, decode_key_part, encode_key, encode_text_prefix, has_null_part, skip_key_parts};
pub use private_directory::{
    close_folder as close_private_folder, create_file as create_file_in_private, make as make_private_folder,
    make_or_close as make_or_close_private_folder,
};
pub use private_file::{at as file_error, create as create_private_file, sync_directory as sync_folder};
pub use record::{Publicity, RecordField, RecordHeader, encode_record, encode_sorted_record};
pub use record_view::RecordView;
pub use running::{RunningFile, RunningServer};
pub use snapshot::{PinnedBytes, ScanIter, Snapshot};
pub use store::{Store, StoreOptions, StoreStatistics};
pub use value_codec::{Stored, ValueRef, bytes_of_vector, vector_of_bytes};
pub use vault::{NameHash, OpenedSecret, Rotation, SealedSecret, Vault};
pub use vault_key::{Argon2Cost, KeyDirectory, KeyFile, KeySource, MasterKey, PASSPHRASE_BYTES_MIN, stretch_secret};
