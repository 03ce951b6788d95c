//! The frozen bytes of keys, and ranges of them.

use super::*;
use crate::store::{build_marker, delta_place, delta_seq, marked_index, posted_entry, posted_place, posting_place};

fn bytes(key: Key<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    key.write_to(&mut out);
    key.with_bytes(|lent| assert_eq!(lent, out));
    out
}

#[test]
fn bytes_of_format_1() {
    let id = CollectionId(0x0102_0304);
    let hash = [7; 32];
    assert_eq!(bytes(Key::Meta("format")), b"mformat");
    assert_eq!(bytes(Key::Collection(id)), b"c\x01\x02\x03\x04");
    assert_eq!(bytes(Key::Sequence(id, ColumnId(9))), b"q\x01\x02\x03\x04\x00\x09");
    assert_eq!(bytes(Key::Role("ada")), b"rada");
    assert_eq!(bytes(Key::RoleDefinition(RoleId(17))), b"u\0\0\0\x11");
    assert_eq!(bytes(Key::Acl(CollectionId(17))), b"a\0\0\0\x11");
    assert_eq!(bytes(Key::Blob(&hash)), [b"b".as_slice(), &hash].concat());
    assert_eq!(bytes(Key::Entry(id, b"k")), b"\x01\x02\x03\x04k");
    assert_eq!(bytes(Key::Public(id, b"k")), b"\x01\x02\x03\x04k");
    assert_eq!(bytes(Key::Vector(id, ColumnId(2), b"k")), b"\x01\x02\x03\x04\x00\x02k");
    assert_eq!(bytes(Key::Index(id, b"vk")), b"\x01\x02\x03\x04vk");
    assert_eq!(bytes(Key::Staged(id, b"k")), b"\x01\x02\x03\x04k");
    assert_eq!(bytes(Key::Secret(&hash)), hash);
    let network = NetworkId(id.0);
    assert_eq!(bytes(Key::PublicBlob(id, &hash)), [b"p\x01\x02\x03\x04".as_slice(), &hash].concat());
    assert_eq!(bytes(Key::Network(network)), b"n\x01\x02\x03\x04");
    assert_eq!(bytes(Key::NetworkSecret(network)), b"k\x01\x02\x03\x04");
    assert_eq!(bytes(Key::Head(network, "peer")), b"h\x01\x02\x03\x04peer");
    assert_eq!(bytes(Key::SyncRecord(network, "name")), b"y\x01\x02\x03\x04name");
    let place = delta_place(&PeerId::new("peer"), 258);
    assert_eq!(bytes(Key::Delta(network, &place)), b"\x01\x02\x03\x04peer\0\0\0\0\0\0\0\x01\x02");
    assert_eq!(delta_seq(&place), Some(258));
    assert_eq!(bytes(Key::Contributions(id, b"k")), b"c\x01\x02\x03\x04k");
    let place = posting_place(&PeerId::new("peer"), 258, &[9; 32]);
    assert_eq!(bytes(Key::Posting(network, &place)), b"p\x01\x02\x03\x04peer\0\0\0\0\0\0\0\x01\x02\x09\x09\x09\x09");
    let place = posted_place(CollectionId(5), b"k");
    assert_eq!(bytes(Key::PostedEntry(network, &place)), b"e\x01\x02\x03\x04\0\0\0\x05k");
    assert_eq!(posted_entry(&place), Some((CollectionId(5), b"k".as_slice())));
    assert_eq!(build_marker(CollectionId(17)), "building:17");
    assert_eq!(marked_index(b"building:17"), Some(CollectionId(17)));
    assert_eq!(marked_index(b"format"), None);
}

#[test]
fn long_key_leaves_the_stack() {
    let key = [1; 4 * STACK_BYTES];
    assert_eq!(bytes(Key::Entry(CollectionId(1), &key)).len(), key.len() + 4);
}

#[test]
fn ranges_narrow_by_prefix() {
    let range = KeyRange::index(CollectionId(1));
    assert_eq!((range.lower(), range.upper()), (b"\0\0\0\x01".as_slice(), Some(b"\0\0\0\x02".as_slice())));
    let range = range.from(Bound::Excluded(b"a")).to(Bound::Included(b"c"));
    assert_eq!((range.lower(), range.upper()), (b"\0\0\0\x01b".as_slice(), Some(b"\0\0\0\x01d".as_slice())));
    assert!(!range.is_empty());
    assert!(range.clone().to(Bound::Excluded(b"b")).is_empty());
    assert_eq!(
        range.bounds(),
        Some((Bound::Included(b"\0\0\0\x01b".as_slice()), Bound::Excluded(b"\0\0\0\x01d".as_slice())))
    );
    assert_eq!(range.suffix(b"\0\0\0\x01bk"), b"bk");
    let empty = range.starting_with(b"x");
    assert!(empty.is_empty() && empty.bounds().is_none());
}

#[test]
fn range_above_everything_is_empty() {
    let last = KeyRange::entries(CollectionId(u32::MAX));
    assert_eq!(last.upper(), None);
    assert!(last.from(Bound::Excluded(b"\xff")).is_empty());
    assert_eq!(successor(b"a\xff\xff"), Some(b"b".to_vec()));
}
