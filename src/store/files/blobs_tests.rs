//! What blobs promise: whole or absent, addressed by content, kept while referenced or pinned.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::error::ErrorKind;
use crate::store::files::blobs::{BlobHash, BlobStore, Collected};

fn store() -> (tempfile::TempDir, BlobStore) {
    let directory = tempfile::tempdir().unwrap();
    let blobs = BlobStore::open_directory(directory.path().join("blobs")).unwrap();
    (directory, blobs)
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn nothing_referenced(_: &BlobHash) -> crate::error::Result<bool> {
    Ok(false)
}

#[test]
fn a_blob_is_read_back_and_stored_once() {
    let (directory, blobs) = store();
    let pin = blobs.put(b"hello").unwrap();
    assert_eq!((pin.hash(), pin.size()), (BlobHash::of(b"hello"), 5));
    let again = blobs.put(b"hello").unwrap();
    assert_eq!(again.hash(), pin.hash());
    let mut bytes = Vec::new();
    blobs.open(&pin.hash()).unwrap().read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, b"hello");
    assert_eq!(blobs.size(&pin.hash()).unwrap(), 5);
    blobs.verify(&pin.hash()).unwrap();
    let hex = pin.hash().to_string();
    let place = directory.path().join("blobs").join(&hex[..2]).join(&hex[2..4]).join(&hex);
    assert_eq!(files(directory.path()), [place]);
}

#[test]
fn pieces_make_the_same_blob_as_the_whole() {
    let (_directory, blobs) = store();
    let bytes: Vec<u8> = (0..200_000u32).map(|n| (n % 251) as u8).collect();
    let mut writer = blobs.writer().unwrap();
    for piece in bytes.chunks(777) {
        writer.write_all(piece).unwrap();
    }
    let pin = writer.finish().unwrap();
    assert_eq!((pin.hash(), pin.size()), (BlobHash::of(&bytes), 200_000));
    blobs.verify(&pin.hash()).unwrap();
    let empty = blobs.put(b"").unwrap();
    blobs.verify(&empty.hash()).unwrap();
}

#[test]
fn a_writer_that_is_dropped_leaves_nothing() {
    let (directory, blobs) = store();
    let mut writer = blobs.writer().unwrap();
    writer.write_all(b"half").unwrap();
    assert_eq!(files(directory.path()).len(), 1);
    drop(writer);
    assert!(files(directory.path()).is_empty());
}

#[test]
fn a_hash_is_64_hexadecimal_digits_and_nothing_else() {
    let good = BlobHash::of(b"x").to_string();
    assert_eq!(good.parse::<BlobHash>().unwrap().to_string(), good);
    let slashed = format!("../{}", &good[3..]);
    for bad in ["", "..", "../../etc/passwd", &good[1..], &format!("{good}0"), &slashed, &"é".repeat(32)] {
        let kind = bad.parse::<BlobHash>().unwrap_err().kind();
        assert_eq!(kind, ErrorKind::InvalidTextRepresentation, "{bad}");
    }
}

#[test]
fn a_missing_blob_and_a_damaged_one_are_told_apart() {
    let (directory, blobs) = store();
    let hash = BlobHash::of(b"hello");
    assert_eq!(blobs.open(&hash).unwrap_err().kind(), ErrorKind::UndefinedObject);
    assert_eq!(blobs.pin(&hash).unwrap_err().kind(), ErrorKind::UndefinedObject);
    drop(blobs.put(b"hello").unwrap());
    fs::write(&files(directory.path())[0], b"hullo").unwrap();
    assert_eq!(blobs.verify(&hash).unwrap_err().kind(), ErrorKind::Corrupted);
    drop(blobs.put(b"hello").unwrap());
    blobs.verify(&hash).unwrap();
}

#[test]
fn collection_keeps_what_is_referenced_or_pinned() {
    let (directory, blobs) = store();
    let referenced = blobs.put(b"referenced").unwrap().hash();
    let loose = blobs.put(b"loose").unwrap().hash();
    let pinned = blobs.put(b"pinned").unwrap();
    let first = blobs.collect(|hash| Ok(*hash == referenced)).unwrap();
    assert_eq!(first, Collected { blobs: 1, temporary_files: 0, bytes: 5 });
    assert_eq!(blobs.open(&loose).unwrap_err().kind(), ErrorKind::UndefinedObject);
    assert!(!blobs.remove(&pinned.hash()).unwrap());
    let twice = blobs.pin(&pinned.hash()).unwrap();
    drop(pinned);
    assert_eq!(blobs.collect(nothing_referenced).unwrap().blobs, 1);
    assert_eq!(twice.size(), 6);
    drop(twice);
    assert_eq!(blobs.collect(nothing_referenced).unwrap().blobs, 1);
    assert!(files(directory.path()).is_empty());
}

#[test]
fn collection_clears_what_a_crash_left_but_no_running_write() {
    let (directory, blobs) = store();
    fs::write(directory.path().join("blobs/tmp/0123456789abcdef"), b"left").unwrap();
    let mut writer = blobs.writer().unwrap();
    writer.write_all(b"running").unwrap();
    let collected = blobs.collect(nothing_referenced).unwrap();
    assert_eq!(collected, Collected { blobs: 0, temporary_files: 1, bytes: 4 });
    let pin = writer.finish().unwrap();
    blobs.verify(&pin.hash()).unwrap();
    let strange = directory.path().join("blobs/README");
    fs::write(&strange, b"not a blob").unwrap();
    blobs.collect(nothing_referenced).unwrap();
    assert!(strange.exists());
}

#[test]
fn a_failing_reference_check_removes_nothing() {
    let (_directory, blobs) = store();
    let hash = blobs.put(b"hello").unwrap().hash();
    let refusal = crate::error::Error::new(ErrorKind::Io, "no answer");
    assert_eq!(blobs.collect(|_| Err(refusal.clone())).unwrap_err().kind(), ErrorKind::Io);
    blobs.verify(&hash).unwrap();
}
