//! Every key of the store, and the ranges of them that are scanned.
//!
//! A [`Key`] knows its column family and writes its bytes so that keys sort by collection, then by the encoded primary or
//! index key (`key_codec.rs`). Numbers are big-endian; the catalog family tells its kinds apart by a first letter. These
//! bytes never change.

use std::ops::Bound;

use crate::model::{CollectionId, ColumnId, NetworkId, PeerId, RoleId};
use crate::store::key::family::Family;

const META: u8 = b'm';
const COLLECTION: u8 = b'c';
const SEQUENCE: u8 = b'q';
const ROLE: u8 = b'r';
const BLOB: u8 = b'b';
const PUBLIC_BLOB: u8 = b'p';
const NETWORK: u8 = b'n';
const NETWORK_SECRET: u8 = b'k';
const HEAD: u8 = b'h';
const SYNC_RECORD: u8 = b'y';
const VIEW: u8 = b'v';
const COMMENTS: u8 = b'd';
const SCHEMA: u8 = b'g';
/// Versions before there were schemas take no notice of these two, and would take what is in them for `public`.
const COLLECTION_BEYOND: u8 = b'e';
const VIEW_BEYOND: u8 = b'w';
const SEQUENCE_DEFINITION: u8 = b'x';
const USER_TYPE: u8 = b't';
const ROLE_DEFINITION: u8 = b'u';
const ACL: u8 = b'a';
/// In the family of proofs.
pub(in crate::store) const CONTRIBUTIONS: u8 = b'c';
pub(in crate::store) const POSTING: u8 = b'p';
pub(in crate::store) const POSTED_ENTRY: u8 = b'e';

/// Keys up to this length are built on the stack.
const STACK_BYTES: usize = 128;

/// One key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key<'a> {
    /// A singleton: format, next collection id, ….
    Meta(&'a str),
    /// A collection, as JSON.
    Collection(CollectionId),
    /// A collection of another schema than `public`, as JSON.
    CollectionBeyond(CollectionId),
    /// A view, as JSON.
    View(CollectionId),
    /// A view of another schema than `public`, as JSON.
    ViewBeyond(CollectionId),
    /// A sequence apart from those of columns, as JSON.
    SequenceDefinition(CollectionId),
    /// A type that CREATE TYPE has made, as JSON.
    UserType(CollectionId),
    /// The comments on a collection, view or sequence and its parts, or on a schema, as JSON.
    Comments(CollectionId),
    /// A schema, as JSON.
    Schema(CollectionId),
    /// The next number of a column's sequence.
    Sequence(CollectionId, ColumnId),
    /// The verifier of the first superuser's password, by its name.
    Role(&'a str),
    /// A role that CREATE ROLE has made, or what ALTER ROLE says of the first one, as JSON.
    RoleDefinition(RoleId),
    /// Who owns an object and who may do what with it, as JSON.
    Acl(CollectionId),
    /// How many entries refer to a blob, by its hash.
    Blob(&'a [u8; 32]),
    /// What a reader sees of an entry, by its encoded primary key.
    Entry(CollectionId, &'a [u8]),
    /// The public state of an entry that was posted and then edited.
    Public(CollectionId, &'a [u8]),
    /// The components of a vector column.
    Vector(CollectionId, ColumnId, &'a [u8]),
    /// An index entry: the index's id, then encoded columns and encoded primary key.
    Index(CollectionId, &'a [u8]),
    /// An entry that waits to be posted.
    Staged(CollectionId, &'a [u8]),
    /// An encrypted secret, by the keyed hash of its name.
    Secret(&'a [u8; 32]),
    /// How many public states of a collection refer to a blob: what its network may fetch.
    PublicBlob(CollectionId, &'a [u8; 32]),
    /// A network, as JSON.
    Network(NetworkId),
    /// The sealed secrets of a network's epochs.
    NetworkSecret(NetworkId),
    /// How far the deltas of an origin have come, by the text of its peer id.
    Head(NetworkId, &'a str),
    /// What sync remembers of a network, by name.
    SyncRecord(NetworkId, &'a str),
    /// A delta, by [`delta_place`](crate::store::delta_place).
    Delta(NetworkId, &'a [u8]),
    /// Which deltas the public state of an entry is made of.
    Contributions(CollectionId, &'a [u8]),
    /// When this node has posted an entry, by [`posted_place`](crate::store::posted_place).
    PostedEntry(NetworkId, &'a [u8]),
    /// What proves the deltas of a posting, by [`posting_place`](crate::store::posting_place).
    Posting(NetworkId, &'a [u8]),
}

impl Key<'_> {
    pub fn family(&self) -> Family {
        match self {
            Key::Meta(_) | Key::Collection(_) | Key::Sequence(..) | Key::Role(_) | Key::Blob(_) => Family::Catalog,
            Key::PublicBlob(..) | Key::Network(_) | Key::NetworkSecret(_) | Key::Head(..) | Key::SyncRecord(..) => {
                Family::Catalog
            }
            Key::View(_) | Key::Comments(_) | Key::Schema(_) | Key::SequenceDefinition(_) => Family::Catalog,
            Key::UserType(_) | Key::RoleDefinition(_) | Key::Acl(_) => Family::Catalog,
            Key::CollectionBeyond(_) | Key::ViewBeyond(_) => Family::Catalog,
            Key::Delta(..) => Family::DeltaLog,
            Key::Entry(..) => Family::Entries,
            Key::Public(..) => Family::Public,
            Key::Vector(..) => Family::Vectors,
            Key::Index(..) => Family::Indexes,
            Key::Staged(..) => Family::Staging,
            Key::Secret(_) => Family::Vault,
            Key::Contributions(..) | Key::Posting(..) | Key::PostedEntry(..) => Family::Proofs,
        }
    }

    /// Appends the bytes of the key.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        for part in self.parts().iter() {
            out.extend_from_slice(part);
        }
    }

    /// Lends the bytes of the key; a key of usual length is built without allocating.
    pub(in crate::store) fn with_bytes<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        let parts = self.parts();
        let mut stack = [0; STACK_BYTES];
        let mut length = 0;
        for part in parts.iter() {
            match stack.get_mut(length..length + part.len()) {
                Some(place) => place.copy_from_slice(part),
                None => {
                    let mut heap = Vec::with_capacity(parts.iter().map(<[u8]>::len).sum());
                    self.write_to(&mut heap);
                    return f(&heap);
                }
            }
            length += part.len();
        }
        f(stack.get(..length).unwrap_or_default())
    }

    fn parts(&self) -> Parts<'_> {
        match self {
            Key::Meta(name) => Parts::kind(META, name.as_bytes()),
            Key::Role(name) => Parts::kind(ROLE, name.as_bytes()),
            Key::Blob(hash) => Parts::kind(BLOB, hash.as_slice()),
            Key::Collection(id) => Parts::new(Some(COLLECTION), Some(*id), None, &[]),
            Key::SequenceDefinition(id) => Parts::new(Some(SEQUENCE_DEFINITION), Some(*id), None, &[]),
            Key::UserType(id) => Parts::new(Some(USER_TYPE), Some(*id), None, &[]),
            Key::RoleDefinition(id) => Parts::new(Some(ROLE_DEFINITION), Some(id.object()), None, &[]),
            Key::Acl(id) => Parts::new(Some(ACL), Some(*id), None, &[]),
            Key::Comments(id) => Parts::new(Some(COMMENTS), Some(*id), None, &[]),
            Key::View(id) => Parts::new(Some(VIEW), Some(*id), None, &[]),
            Key::CollectionBeyond(id) => Parts::new(Some(COLLECTION_BEYOND), Some(*id), None, &[]),
            Key::ViewBeyond(id) => Parts::new(Some(VIEW_BEYOND), Some(*id), None, &[]),
            Key::Schema(id) => Parts::new(Some(SCHEMA), Some(*id), None, &[]),
            Key::Sequence(id, column) => Parts::new(Some(SEQUENCE), Some(*id), Some(*column), &[]),
            Key::Entry(id, key) | Key::Public(id, key) | Key::Index(id, key) | Key::Staged(id, key) => {
                Parts::new(None, Some(*id), None, key)
            }
            Key::Vector(id, column, key) => Parts::new(None, Some(*id), Some(*column), key),
            Key::Secret(hash) => Parts::new(None, None, None, hash.as_slice()),
            Key::PublicBlob(id, hash) => Parts::new(Some(PUBLIC_BLOB), Some(*id), None, hash.as_slice()),
            Key::Network(id) => Parts::new(Some(NETWORK), Some(number(*id)), None, &[]),
            Key::NetworkSecret(id) => Parts::new(Some(NETWORK_SECRET), Some(number(*id)), None, &[]),
            Key::Head(id, origin) => Parts::new(Some(HEAD), Some(number(*id)), None, origin.as_bytes()),
            Key::SyncRecord(id, name) => Parts::new(Some(SYNC_RECORD), Some(number(*id)), None, name.as_bytes()),
            Key::Delta(id, place) => Parts::new(None, Some(number(*id)), None, place),
            Key::Contributions(id, key) => Parts::new(Some(CONTRIBUTIONS), Some(*id), None, key),
            Key::PostedEntry(id, place) => Parts::new(Some(POSTED_ENTRY), Some(number(*id)), None, place),
            Key::Posting(id, place) => Parts::new(Some(POSTING), Some(number(*id)), None, place),
        }
    }
}

/// Networks and collections share one number space and one form.
fn number(id: NetworkId) -> CollectionId {
    CollectionId(id.0)
}

/// The pieces of a key in order; absent ones are empty.
struct Parts<'a> {
    kind: Option<[u8; 1]>,
    id: Option<[u8; 4]>,
    column: Option<[u8; 2]>,
    rest: &'a [u8],
}

impl<'a> Parts<'a> {
    fn new(kind: Option<u8>, id: Option<CollectionId>, column: Option<ColumnId>, rest: &'a [u8]) -> Self {
        Parts {
            kind: kind.map(|kind| [kind]),
            id: id.map(|id| id.0.to_be_bytes()),
            column: column.map(|column| column.0.to_be_bytes()),
            rest,
        }
    }

    fn kind(kind: u8, rest: &'a [u8]) -> Self {
        Parts::new(Some(kind), None, None, rest)
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        fn bytes<const N: usize>(part: &Option<[u8; N]>) -> &[u8] {
            part.as_ref().map_or(&[], |part| part.as_slice())
        }
        [bytes(&self.kind), bytes(&self.id), bytes(&self.column), self.rest].into_iter()
    }
}

/// A range of keys with a common prefix, forward or in reverse. Bounds speak of what follows the prefix: encoded primary
/// keys for entries, encoded columns and primary key for an index, a name for roles and settings.
/// Its methods are one a kind of key, so that nothing outside of this folder writes a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    family: Family,
    prefix: Vec<u8>,
    lower: Vec<u8>,
    /// Exclusive; `None` only where no key can lie above the prefix.
    upper: Option<Vec<u8>>,
    reverse: bool,
    keep_cached: bool,
}

/// The two ends of a range of whole keys.
pub type KeyBounds<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

impl KeyRange {
    pub fn metas() -> Self {
        KeyRange::of(Family::Catalog, &[META])
    }

    pub fn collections() -> Self {
        KeyRange::of(Family::Catalog, &[COLLECTION])
    }

    /// What follows the prefix is the big-endian `u32` of the collection or view.
    pub fn comments() -> Self {
        KeyRange::of(Family::Catalog, &[COMMENTS])
    }

    pub fn sequence_definitions() -> Self {
        KeyRange::of(Family::Catalog, &[SEQUENCE_DEFINITION])
    }

    pub fn user_types() -> Self {
        KeyRange::of(Family::Catalog, &[USER_TYPE])
    }

    pub fn role_definitions() -> Self {
        KeyRange::of(Family::Catalog, &[ROLE_DEFINITION])
    }

    /// As [`KeyRange::comments`].
    pub fn acls() -> Self {
        KeyRange::of(Family::Catalog, &[ACL])
    }

    pub fn views() -> Self {
        KeyRange::of(Family::Catalog, &[VIEW])
    }

    /// Those of other schemas than `public`.
    pub fn collections_beyond() -> Self {
        KeyRange::of(Family::Catalog, &[COLLECTION_BEYOND])
    }

    /// Those of other schemas than `public`.
    pub fn views_beyond() -> Self {
        KeyRange::of(Family::Catalog, &[VIEW_BEYOND])
    }

    pub fn schemas() -> Self {
        KeyRange::of(Family::Catalog, &[SCHEMA])
    }

    /// All sequences of a collection; what follows the prefix is the big-endian `u16` column.
    pub fn sequences(collection: CollectionId) -> Self {
        KeyRange::of(Family::Catalog, &[&[SEQUENCE], collection.0.to_be_bytes().as_slice()].concat())
    }

    pub fn blobs() -> Self {
        KeyRange::of(Family::Catalog, &[BLOB])
    }

    pub fn entries(collection: CollectionId) -> Self {
        KeyRange::of(Family::Entries, &collection.0.to_be_bytes())
    }

    pub fn public(collection: CollectionId) -> Self {
        KeyRange::of(Family::Public, &collection.0.to_be_bytes())
    }

    /// The vectors of one column.
    pub fn vectors(collection: CollectionId, column: ColumnId) -> Self {
        KeyRange::of(Family::Vectors, &[collection.0.to_be_bytes().as_slice(), &column.0.to_be_bytes()].concat())
    }

    /// The vectors of all columns; what follows the prefix begins with the big-endian `u16` column.
    pub fn all_vectors(collection: CollectionId) -> Self {
        KeyRange::of(Family::Vectors, &collection.0.to_be_bytes())
    }

    pub fn index(index: CollectionId) -> Self {
        KeyRange::of(Family::Indexes, &index.0.to_be_bytes())
    }

    pub fn staged(collection: CollectionId) -> Self {
        KeyRange::of(Family::Staging, &collection.0.to_be_bytes())
    }

    pub fn networks() -> Self {
        KeyRange::of(Family::Catalog, &[NETWORK])
    }

    pub fn network_secrets() -> Self {
        KeyRange::of(Family::Catalog, &[NETWORK_SECRET])
    }

    /// The heads of a network; what follows the prefix is the origin.
    pub fn heads(network: NetworkId) -> Self {
        KeyRange::of(Family::Catalog, &[&[HEAD], network.0.to_be_bytes().as_slice()].concat())
    }

    /// What sync remembers of a network; what follows the prefix is the name.
    pub fn sync_records(network: NetworkId) -> Self {
        KeyRange::of(Family::Catalog, &[&[SYNC_RECORD], network.0.to_be_bytes().as_slice()].concat())
    }

    /// The log of a network; what follows the prefix is a delta's place.
    pub fn deltas(network: NetworkId) -> Self {
        KeyRange::of(Family::DeltaLog, &network.0.to_be_bytes())
    }

    /// The log of one origin in a network.
    pub fn deltas_of(network: NetworkId, origin: &PeerId) -> Self {
        KeyRange::deltas(network).starting_with(&[origin.as_str().as_bytes(), &[0]].concat())
    }

    /// The contributions to the entries of a collection; what follows the prefix is the encoded primary key.
    pub fn contributions(collection: CollectionId) -> Self {
        KeyRange::of(Family::Proofs, &[&[CONTRIBUTIONS], collection.0.to_be_bytes().as_slice()].concat())
    }

    /// What this node has posted to a network; what follows the prefix is an entry's place.
    pub fn posted_entries(network: NetworkId) -> Self {
        KeyRange::of(Family::Proofs, &[&[POSTED_ENTRY], network.0.to_be_bytes().as_slice()].concat())
    }

    /// The postings of a network; what follows the prefix is a posting's place.
    pub fn postings(network: NetworkId) -> Self {
        KeyRange::of(Family::Proofs, &[&[POSTING], network.0.to_be_bytes().as_slice()].concat())
    }

    /// The postings of one origin in a network.
    pub fn postings_of(network: NetworkId, origin: &PeerId) -> Self {
        KeyRange::postings(network).starting_with(&[origin.as_str().as_bytes(), &[0]].concat())
    }

    pub fn public_blobs(collection: CollectionId) -> Self {
        KeyRange::of(Family::Catalog, &[&[PUBLIC_BLOB], collection.0.to_be_bytes().as_slice()].concat())
    }

    pub fn secrets() -> Self {
        KeyRange::of(Family::Vault, &[])
    }

    /// Everything in a column family.
    pub fn family_of(family: Family) -> Self {
        KeyRange::of(family, &[])
    }

    fn of(family: Family, prefix: &[u8]) -> Self {
        KeyRange {
            family,
            prefix: prefix.to_vec(),
            lower: prefix.to_vec(),
            upper: successor(prefix),
            reverse: false,
            keep_cached: true,
        }
    }

    /// Only keys that begin with `start` after the prefix.
    #[must_use]
    pub fn starting_with(self, start: &[u8]) -> Self {
        self.from(Bound::Included(start)).to(Bound::Included(start))
    }

    /// The lower end. `Included(p)`: keys that begin with `p`, and above. `Excluded(p)`: only those above, none that begins
    /// with `p`. A whole primary key begins no other key, so both also mean what they say for one key.
    #[must_use]
    pub fn from(mut self, bound: Bound<&[u8]>) -> Self {
        let lower = match bound {
            Bound::Unbounded => return self,
            Bound::Included(start) => Some([self.prefix.as_slice(), start].concat()),
            Bound::Excluded(start) => successor(&[self.prefix.as_slice(), start].concat()),
        };
        match lower {
            Some(lower) => self.lower = lower.max(self.lower),
            // Nothing lies above a run of 0xff bytes.
            None => self.upper = Some(self.lower.clone()),
        }
        self
    }

    /// The upper end. `Included(p)`: keys that begin with `p`, and below. `Excluded(p)`: only those below.
    #[must_use]
    pub fn to(mut self, bound: Bound<&[u8]>) -> Self {
        let upper = match bound {
            Bound::Unbounded => return self,
            Bound::Included(end) => successor(&[self.prefix.as_slice(), end].concat()),
            Bound::Excluded(end) => Some([self.prefix.as_slice(), end].concat()),
        };
        self.upper = match (upper, self.upper.take()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self
    }

    /// From the last key to the first.
    #[must_use]
    pub fn reversed(mut self) -> Self {
        self.reverse = !self.reverse;
        self
    }

    /// For scans over more than memory should remember: blocks read do not enter the cache.
    #[must_use]
    pub fn uncached(mut self) -> Self {
        self.keep_cached = false;
        self
    }

    pub fn family(&self) -> Family {
        self.family
    }

    pub fn is_reversed(&self) -> bool {
        self.reverse
    }

    /// Whether no key can lie in it.
    pub fn is_empty(&self) -> bool {
        self.upper.as_ref().is_some_and(|upper| *upper <= self.lower)
    }

    /// Whole keys in bytewise order between which the range lies; `None` where it is empty.
    pub fn bounds(&self) -> Option<KeyBounds<'_>> {
        let upper = self.upper.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        (!self.is_empty()).then_some((Bound::Included(self.lower.as_slice()), upper))
    }

    /// What follows the prefix in a whole key of the range.
    pub fn suffix<'k>(&self, key: &'k [u8]) -> &'k [u8] {
        key.get(self.prefix.len()..).unwrap_or_default()
    }

    pub(in crate::store) fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    pub(in crate::store) fn lower(&self) -> &[u8] {
        &self.lower
    }

    pub(in crate::store) fn upper(&self) -> Option<&[u8]> {
        self.upper.as_deref()
    }

    pub(in crate::store) fn keeps_cached(&self) -> bool {
        self.keep_cached
    }
}

/// The least key above all that begin with `prefix`; `None` for a run of 0xff bytes.
fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut next: Vec<u8> = prefix.iter().take(last + 1).copied().collect();
    if let Some(byte) = next.last_mut() {
        *byte += 1;
    }
    Some(next)
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
