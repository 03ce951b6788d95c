//! The disk: RocksDB behind one door, the keys and records that lie in it, the vault, the blobs and the node's identity.
//!
//! A write arrives as a [`Batch`] of [`Key`]s and bytes and is durable when [`Store::write`] returns. A read takes a
//! [`Snapshot`], gets or scans bytes, and looks at them through a [`RecordView`], which decodes only the fields it is
//! asked for. Primary and index keys are tuples in an order-preserving encoding ([`encode_key`]). Layers above decide what
//! is written; nothing outside of this folder knows RocksDB.

mod files;
mod key;
mod record;
mod rocks;
mod vault;
pub use files::blobs::{BlobHash, BlobHold, BlobStore, BlobWriter, Collected, Pin};
pub use files::disk::{DiskSpace, disk_space};
pub use files::identity::{Identity, is_peer_id, peer_id_of, verify_signature};
pub use files::private_directory::{
    close_folder as close_private_folder, create_file as create_file_in_private, make as make_private_folder,
    make_or_close as make_or_close_private_folder,
};
pub use files::private_file::{at as file_error, create as create_private_file, sync_directory as sync_folder};
pub use files::running::{RunningFile, RunningServer};
pub use key::build_marker::{build_marker, marked_index};
pub use key::family::Family;
pub use key::key::{Key, KeyRange};
pub use key::key_codec::{
    decode_key, decode_key_part, encode_key, encode_key_unbounded, encode_sought, encode_text_prefix, has_null_part,
    is_storable, skip_key_parts,
};
pub use key::log_places::{delta_place, delta_seq, posted_entry, posted_place, posting_place};
pub use record::contributions::{
    counted_part, decode_contributions, decode_with_aside, encode_contributions, encode_with_aside,
};
pub use record::delta_body::{DeltaBody, decode_state, encode_body, encode_state};
pub use record::record::{Publicity, RecordField, RecordHeader, encode_record, encode_sorted_record};
pub use record::record_view::RecordView;
pub use record::value_codec::{Stored, ValueRef, bytes_of_vector, check_one_dimension, vector_of_bytes};
pub use rocks::batch::Batch;
pub use rocks::check::CheckReport;
pub use rocks::column_families::{LEGACY_STORE, STORE_FORMAT};
pub use rocks::probe::Probe;
pub use rocks::snapshot::{PinnedBytes, ScanIter, Snapshot};
pub use rocks::store::{Store, StoreOptions, StoreStatistics};
pub use vault::master_key::{
    Argon2Cost, KeyDirectory, KeyFile, KeySource, MasterKey, PASSPHRASE_BYTES_MIN, stretch_secret,
};
pub use vault::vault::{NameHash, OpenedSecret, Rotation, SealedSecret, Vault};
