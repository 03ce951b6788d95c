//! What an entry is: values and their types, collections and their columns, stamps, clocks and states.
//!
//! Plain data with its text forms; no I/O, no clock. A value keeps its type from the wire to the disk and back: a client's
//! parameter becomes a [`Value`] in `pg`, travels through `sql` or `knirvql` into a [`State`]'s field in `db`, and is
//! written by `store`. What two states mean together is `merge`'s business.

mod allocated;
mod array_text;
mod author;
mod bounded;
mod budget;
mod cast;
mod charter;
mod clock;
mod collection;
mod column_type;
mod compare;
mod contribution;
mod datetime;
mod datetime_text;
mod interval;
mod interval_text;
mod json;
mod json_scan;
pub mod jsonb;
mod jsonb_key;
mod like;
pub mod limits;
mod listing;
mod network;
mod number_text;
mod numeric;
mod output;
mod placement;
mod regex_error;
mod rights;
mod similar;
mod state;
mod statement_shape;
mod text;
mod time_zone;
mod type_name;
mod value;
mod vector_text;

pub use allocated::{Allocated, allocated_by_group, handing_over};
pub use array_text::ARRAY_DIMENSIONS_MAX;
pub use author::{AUTHOR_KEYS_MAX, CERTIFICATES_MAX, Certificate, Claim};
pub(crate) use bounded::{bounded, bounded_by_weight};
pub use budget::{Budget, MemoryAccount, Reservation};
pub use charter::{
    Act, Adoption, Charter, CharterDigest, EDICTS_MAX, Edict, EdictId, Founding, NAMED_MAX, OWNERS_MAX, PresentEpoch,
    REMOVED_MAX, Standing,
};
pub use clock::{Hlc, PeerId, Stamp, VectorClock};
pub use collection::{
    Collection, CollectionId, CollectionKind, Column, DefaultValue, DimensionOrigin, FACT_BLOB_HASH, FACT_BLOB_SIZE,
    FACT_BLOB_TYPE, FACT_VECTOR, Index, IndexKind, IndexOrigin, Numbering, SystemColumn,
};
pub use column_type::{ColumnType, RegKind, VECTOR_ARRAY_OID, VECTOR_OID};
pub use contribution::{Contribution, DeltaDigest, EntryMaker, Given, Piece, PostingProof};
pub use datetime::{
    DATE_INFINITY, DATE_MINUS_INFINITY, MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND,
    TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY, add_days, add_interval, between_timestamps, civil_from_days,
    days_from_civil, days_in_month, join_timestamp, split_timestamp,
};
pub use json::{
    check_json, check_json_depth, join_object, json_of_value, json_text_of_value, jsonb_text, split_object,
    value_of_json, value_of_json_text,
};
pub use jsonb_key::sort_key;
pub use like::{has_dangling_escape, like_escape, like_matches};
pub use listing::{ListingPage, ListingPlace};
pub use network::{
    AdoptedHeads, Attachment, Bytes, ChainHash, Delta, Halt, Head, HeadAdoption, Network, NetworkId, NetworkOptions,
    Replication, Run,
};
pub use output::OutputColumn;
pub use placement::{BUCKETS, Buckets, KeyHash, Placement, Shares, bucket_of, by_weight, hash_of_key};
pub use regex_error::regex_error;
pub use rights::{EntryRights, Rights, RightsEra, Who};
pub use similar::similar_to_regex;
pub use state::{EntryType, Field, Stage, State};
pub use statement_shape::StatementShape;
pub use text::quote_identifier;
pub use time_zone::{local_time, moment_of, moment_of_offset};
pub use value::{ALLOCATION_BYTES, Interval, Value};
pub use vector_text::{check_dimension, check_vector, parse_vector, vector_text, write_vector};
