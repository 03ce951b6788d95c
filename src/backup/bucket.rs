//! Backups in a bucket that speaks S3: one object for each file of the folder's layout, by the same names.
//!
//! An object appears as a whole or not at all, when its PUT has ended. What has another hash than it should is never sent to
//! its end. Where S3 knows conditions (`If-None-Match`, `If-Match`), two writers do not meet; see `lease`.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use parking_lot::Mutex;
use rusty_s3::actions::{DeleteObject, GetObject, HeadObject, ListObjectsV2, PutObject};
use ureq::Body;
use ureq::http::{Response, StatusCode};

use crate::backup::copy::PIECE_BYTES;
use crate::backup::lease::RepositoryLease;
use crate::backup::manifest::BackupFile;
use crate::backup::place::BucketPlace;
use crate::backup::progress::BackupProgress;
use crate::backup::repository::{MARK_FILE, OBJECTS, compare};
use crate::backup::s3_requests::{Payload, Requests, is_excuse};
use crate::backup::storage::{Sink, Storage};
use crate::error::{Error, ErrorKind, Result};
use crate::store::file_error;

/// Longest object that one PUT may make.
const OBJECT_BYTES_MAX: u64 = 5 * 1024 * 1024 * 1024;
/// Pages of names, 1000 each, that are read at most.
const PAGES_MAX: usize = 20_000;
/// How often an object is sent or read on, at most.
const TRIES_MAX: u32 = 4;

/// A prefix of a bucket.
pub(super) struct Bucket {
    requests: Requests,
    place: BucketPlace,
    lease: Option<RepositoryLease>,
    /// The sizes of all objects below `objects/`, once somebody writes: asking for each would take a request.
    known: Mutex<Option<HashMap<String, u64>>>,
}

impl Bucket {
    /// # Errors
    /// F0000 for what is missing in the environment.
    pub fn of_environment(place: &BucketPlace) -> Result<Bucket> {
        let requests = Requests::of_environment(place)?;
        Ok(Bucket { requests, place: place.clone(), lease: None, known: Mutex::new(None) })
    }

    pub fn place(&self) -> &BucketPlace {
        &self.place
    }

    fn key(&self, name: &str) -> String {
        if self.place.prefix.is_empty() { name.to_string() } else { format!("{}/{name}", self.place.prefix) }
    }

    /// Writes a small object under a condition; its tag, or `None` where the condition does not hold.
    ///
    /// # Errors
    /// 58030, F0000.
    pub fn write_if(&self, name: &str, bytes: &[u8], condition: (&str, &str)) -> Result<Option<String>> {
        let key = self.key(name);
        let action = PutObject::new(&self.requests.bucket, Some(&self.requests.credentials), &key);
        let answer = self.requests.send(&action, &[condition], &Payload::Bytes(bytes))?;
        match answer.status().as_u16() {
            200..=299 => Ok(Some(tag_of(&answer))),
            409 | 412 => Ok(None),
            _ => Err(self.requests.refused(answer, &format!("{name} cannot be written"))),
        }
    }

    /// A small object with its tag.
    ///
    /// # Errors
    /// 58030, F0000.
    pub fn read_tagged(&self, name: &str) -> Result<Option<(Vec<u8>, String)>> {
        let key = self.key(name);
        let action = GetObject::new(&self.requests.bucket, Some(&self.requests.credentials), &key);
        let mut answer = self.requests.send(&action, &[], &Payload::Nothing)?;
        if !answer.status().is_success() {
            return self.absent(answer, name);
        }
        Ok(Some((self.requests.body(&mut answer)?, tag_of(&answer))))
    }

    /// `None` for an answer that there is no such object; an error for every other one. A bucket that is not there is one.
    fn absent<T>(&self, answer: Response<Body>, name: &str) -> Result<Option<T>> {
        let status = answer.status();
        let error = self.requests.refused(answer, &format!("{name} cannot be read"));
        let is_absent = status == StatusCode::NOT_FOUND && !error.message().contains("NoSuchBucket");
        if is_absent { Ok(None) } else { Err(error) }
    }

    /// # Errors
    /// 58030, F0000.
    pub fn remove_object(&self, name: &str) -> Result<()> {
        let key = self.key(name);
        let action = DeleteObject::new(&self.requests.bucket, Some(&self.requests.credentials), &key);
        let answer = self.requests.send(&action, &[], &Payload::Nothing)?;
        match answer.status() {
            status if status.is_success() || status == StatusCode::NOT_FOUND => Ok(()),
            _ => Err(self.requests.refused(answer, &format!("{name} cannot be removed"))),
        }
    }

    /// The names and sizes of all objects that begin so, without the prefix of the place; all, or those of one page.
    fn list(&self, beginning: &str, is_page: bool) -> Result<Vec<(String, u64)>> {
        let beginning = self.key(beginning);
        let own = self.key("");
        let (mut found, mut token) = (Vec::new(), None::<String>);
        for _ in 0..PAGES_MAX {
            let mut action = ListObjectsV2::new(&self.requests.bucket, Some(&self.requests.credentials));
            action.with_prefix(beginning.clone());
            if let Some(token) = &token {
                action.with_continuation_token(token.clone());
            }
            let mut answer = self.requests.send(&action, &[], &Payload::Nothing)?;
            if !answer.status().is_success() {
                return Err(self.requests.refused(answer, "its names cannot be listed"));
            }
            let text = String::from_utf8_lossy(&self.requests.body(&mut answer)?).into_owned();
            let page = ListObjectsV2::parse_response(&text)
                .map_err(|error| Error::new(ErrorKind::Io, format!("{}: a list that is none: {error}", self.place)))?;
            let names = page.contents.into_iter();
            found.extend(names.map(|each| (each.key, each.size.unwrap_or(0))));
            token = page.next_continuation_token;
            if is_page || token.is_none() {
                let short = |(key, size): (String, u64)| Some((key.strip_prefix(&own)?.to_string(), size));
                return Ok(found.into_iter().filter_map(short).collect());
            }
        }
        Err(Error::new(ErrorKind::LimitExceeded, format!("{} has more than {PAGES_MAX} pages of names", self.place)))
    }

    fn put_once(&self, key: &str, source: &Path, file: &BackupFile, progress: &BackupProgress) -> Result<Sent> {
        let mut reader = Checked::open(self, source, file, progress)?;
        let action = PutObject::new(&self.requests.bucket, Some(&self.requests.credentials), key);
        let sent = self.requests.upload(&action, file.bytes, &mut reader);
        if let Some(failure) = reader.failure {
            return Err(failure);
        }
        match sent {
            Ok(answer) if answer.status().is_success() => Ok(Sent::Whole),
            Ok(answer) if is_excuse(answer.status()) => {
                Ok(Sent::NotNow(self.requests.refused(answer, &format!("{} cannot be written", file.path))))
            }
            Ok(answer) => Err(self.requests.refused(answer, &format!("{} cannot be written", file.path))),
            Err(error) => Ok(Sent::NotNow(error)),
        }
    }
}

/// How sending an object ended.
enum Sent {
    Whole,
    /// It may be tried again.
    NotNow(Error),
}

impl Drop for Bucket {
    fn drop(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.give_back(self);
        }
    }
}

impl Storage for Bucket {
    fn shown(&self, name: &str) -> String {
        format!("{}/{name}", self.place)
    }

    fn begin_writing(&mut self, holder: &str) -> Result<()> {
        self.lease = Some(RepositoryLease::take(self, holder)?);
        let objects = self.list(&format!("{OBJECTS}/"), false)?;
        *self.known.lock() = Some(objects.into_iter().collect());
        Ok(())
    }

    fn is_foreign(&self) -> Result<bool> {
        let ours = |name: &str| name == "lock" || name.starts_with(OBJECTS) || name.starts_with(MARK_FILE);
        Ok(self.list("", true)?.iter().any(|(name, _)| !ours(name)))
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.read_tagged(name)?.map(|(bytes, _)| bytes))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let key = self.key(name);
        let action = PutObject::new(&self.requests.bucket, Some(&self.requests.credentials), &key);
        let answer = self.requests.send(&action, &[], &Payload::Bytes(bytes))?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(self.requests.refused(answer, &format!("{name} cannot be written")))
    }

    fn names(&self, folder: &str) -> Result<Vec<String>> {
        let folder = format!("{folder}/");
        let found = self.list(&folder, false)?.into_iter();
        Ok(found.filter_map(|(name, _)| name.strip_prefix(&folder).map(str::to_string)).collect())
    }

    fn size(&self, name: &str) -> Result<Option<u64>> {
        if name.starts_with(OBJECTS)
            && let Some(known) = self.known.lock().as_ref()
        {
            return Ok(known.get(name).copied());
        }
        let key = self.key(name);
        let action = HeadObject::new(&self.requests.bucket, Some(&self.requests.credentials), &key);
        let answer = self.requests.send(&action, &[], &Payload::Nothing)?;
        match answer.status() {
            // A HEAD that finds nothing does not say whether the bucket is there; whoever lists or writes is told.
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => {
                let length = answer.headers().get("content-length").and_then(|value| value.to_str().ok()?.parse().ok());
                Ok(Some(length.unwrap_or(0)))
            }
            _ => Err(self.requests.refused(answer, &format!("{name} cannot be read"))),
        }
    }

    fn put(&self, name: &str, source: &Path, file: &BackupFile, progress: &BackupProgress) -> Result<()> {
        if file.bytes > OBJECT_BYTES_MAX {
            let text =
                format!("{} has {} bytes; an object of S3 has {OBJECT_BYTES_MAX} at most", file.path, file.bytes);
            return Err(Error::new(ErrorKind::LimitExceeded, text).with_hint("Back up to a folder."));
        }
        let key = self.key(name);
        let mut tries = 1;
        while let Sent::NotNow(error) = self.put_once(&key, source, file, progress)? {
            if tries == TRIES_MAX {
                return Err(error);
            }
            tries += 1;
        }
        if let Some(known) = self.known.lock().as_mut() {
            known.insert(name.to_string(), file.bytes);
        }
        Ok(())
    }

    fn get(&self, name: &str, progress: &BackupProgress, sink: &mut Sink<'_>) -> Result<Option<(u64, blake3::Hash)>> {
        let key = self.key(name);
        let action = GetObject::new(&self.requests.bucket, Some(&self.requests.credentials), &key);
        let (mut hasher, mut bytes, mut tries) = (blake3::Hasher::new(), 0_u64, 0);
        let mut buffer = vec![0; PIECE_BYTES];
        loop {
            let mut answer = self.requests.download(&action, bytes, OBJECT_BYTES_MAX)?;
            let wanted = if bytes > 0 { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
            if answer.status() != wanted {
                return self.absent(answer, name);
            }
            let mut reader = answer.body_mut().as_reader();
            let broken = loop {
                progress.check()?;
                match reader.read(&mut buffer) {
                    Ok(count) => match buffer.get(..count) {
                        None | Some([]) => return Ok(Some((bytes, hasher.finalize()))),
                        Some(piece) => {
                            hasher.update(piece);
                            sink(piece)?;
                            bytes += piece.len() as u64;
                        }
                    },
                    Err(error) => break error,
                }
            };
            // It is read on where it broke off.
            tries += 1;
            if tries >= TRIES_MAX {
                return Err(Error::new(ErrorKind::Io, format!("{}: {broken}", self.shown(name))));
            }
        }
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.remove_object(name)
    }

    fn settle(&self) -> Result<()> {
        self.lease.as_ref().map_or(Ok(()), |lease| lease.renew(self))
    }
}

/// A file that is read for sending. Its last piece is given only when all of it has the right hash: what is sent in part
/// appears nowhere.
struct Checked<'a> {
    bucket: &'a Bucket,
    source: &'a Path,
    file: &'a BackupFile,
    progress: &'a BackupProgress,
    reading: File,
    hasher: blake3::Hasher,
    bytes: u64,
    /// Read and not given yet.
    piece: Vec<u8>,
    given: usize,
    failure: Option<Error>,
}

impl<'a> Checked<'a> {
    fn open(
        bucket: &'a Bucket,
        source: &'a Path,
        file: &'a BackupFile,
        progress: &'a BackupProgress,
    ) -> Result<Checked<'a>> {
        let reading = File::open(source).map_err(|error| file_error(source, error))?;
        let (hasher, piece) = (blake3::Hasher::new(), Vec::new());
        Ok(Checked { bucket, source, file, progress, reading, hasher, bytes: 0, piece, given: 0, failure: None })
    }

    /// Reads the next piece; compares all of them where it is the last.
    fn fill(&mut self) -> Result<()> {
        self.progress.check()?;
        if let Some(lease) = &self.bucket.lease {
            lease.renew_if_due(self.bucket)?;
        }
        self.piece.resize(PIECE_BYTES, 0);
        self.given = 0;
        let count = self.reading.read(&mut self.piece).map_err(|error| file_error(self.source, error))?;
        self.piece.truncate(count);
        self.hasher.update(&self.piece);
        self.bytes += count as u64;
        if self.bytes >= self.file.bytes || count == 0 {
            compare(self.file, &self.source.display().to_string(), (self.bytes, self.hasher.finalize()))?;
        }
        Ok(())
    }
}

impl Read for Checked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given >= self.piece.len()
            && let Err(error) = self.fill()
        {
            self.failure = Some(error);
            return Err(io::Error::other("the file cannot be sent"));
        }
        let rest = self.piece.get(self.given..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.given += count;
        Ok(count)
    }
}

fn tag_of(answer: &Response<Body>) -> String {
    answer.headers().get("etag").and_then(|value| value.to_str().ok()).unwrap_or_default().to_string()
}
