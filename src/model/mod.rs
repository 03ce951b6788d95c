//! What an entry is: values and their types, collections and their columns, stamps, clocks and states.
//!
//! Plain data with its text forms; no I/O, no clock. A value keeps its type from the wire to the disk and back: a client's
//! parameter becomes a [`Value`] in `pg`, travels through `sql` or `knirvql` into a [`State`]'s field in `db`, and is
//! written by `store`. What two states mean together is `merge`'s business.

mod access_method;
mod allocated;
mod author;
mod bounded;
mod budget;
mod charter;
mod clock;
mod collection;
mod column;
mod comments;
mod constraint;
mod contribution;
mod domain;
mod field_key;
mod index_key;
mod key_listing;
mod network;
mod notifications;
mod permission;
mod placement;
mod replication;
mod result_column;
mod rights;
mod role;
mod schema;
mod sequence;
mod state;
mod statement_shape;
mod stored_collection;
mod system_column;
mod user_type;
mod view;

pub use access_method::AccessMethod;
pub use allocated::{Allocated, allocated_by_group, give_back_free_memory, handing_over};

pub use author::{AUTHOR_KEYS_MAX, CERTIFICATES_MAX, Certificate, Claim};
pub(crate) use bounded::{bounded, bounded_by_weight};
pub use budget::{Budget, MemoryAccount, Reservation};
pub use charter::{
    Act, Adoption, Charter, CharterDigest, EDICTS_MAX, Edict, EdictId, Founding, NAMED_MAX, OWNERS_MAX, PresentEpoch,
    REMOVED_MAX, Standing,
};
pub use clock::{Hlc, PeerId, Stamp, VectorClock};
pub use collection::{
    AUTH, Collection, CollectionId, CollectionKind, FACT_BLOB_HASH, FACT_BLOB_SIZE, FACT_BLOB_TYPE, FACT_VECTOR, Index,
    IndexKind, IndexOrigin, IndexState, MEMORY,
};
pub use column::{
    Column, ColumnDomain, ColumnId, Computation, DefaultValue, DimensionOrigin, DroppedColumn, IdentityKind, Numbering,
};
pub use constraint::{Check, CheckTime, ForeignKey, ReferentialAction, UniqueKey};

pub use comments::{CommentedPart, Comments};
pub use contribution::{Contribution, DeltaDigest, EntryMaker, Given, Piece, PostingProof};

pub use domain::{DomainCheck, DomainType, VALUE};
pub use field_key::FieldKey;
pub use index_key::{IndexKey, IndexKeys, StoredExpression};
pub use key_listing::{ListingPage, ListingPlace};
pub use network::{
    AdoptedHeads, Attachment, Bytes, ChainHash, Delta, Halt, Head, HeadAdoption, Network, NetworkId, NetworkOptions,
    Replication, Run,
};
pub use notifications::{Channel, Notification, Notifications, NotificationsMark, PAYLOAD_BYTES_END, SENT_BYTES_MAX};
pub use permission::{AclItem, AclTarget, ObjectAcl, ObjectKind, Permission, PermissionSet};
pub use placement::{BUCKETS, Buckets, KeyHash, Placement, Shares, bucket_of, by_weight, hash_of_key};
pub use result_column::OutputColumn;

pub use replication::{
    Applied, EntryDigest, Fingerprint, HeadTime, LogRead, Member, MergedStates, PublicEntry, Verdict,
};
pub use rights::{EntryRights, Rights, RightsEra, Who};
pub use role::{Role, RoleAttributes, RoleId, RoleMembership, ScramVerifier};

pub use schema::{OnCommit, PUBLIC, RelationName, RelationRef, Schema, SchemaId};
pub use sequence::{
    DrawnNumbers, SEQUENCE_SUFFIX, Sequence, SequenceCount, SequenceKind, SequenceNumbers, SequencePlace,
};
pub use state::{EntryType, Field, Stage, State};
pub use statement_shape::StatementShape;
pub use system_column::SystemColumn;
pub use user_type::UserType;
pub use view::{CheckOption, Materialized, View, ViewColumn, ViewUse};
