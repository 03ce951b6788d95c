//! Where backups lie: a folder of a machine, or a prefix of a bucket that speaks S3.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};

/// How the URL of a bucket begins.
const BUCKET_SCHEME: &str = "s3://";
/// Longest prefix of a bucket; S3 has names of 1024 bytes at most.
const PREFIX_BYTES_MAX: usize = 512;

/// A place of backups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackupPlace {
    Folder(PathBuf),
    /// `s3://bucket/prefix`.
    Bucket(BucketPlace),
}

/// A prefix of a bucket; an empty one is the whole bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketPlace {
    pub bucket: String,
    pub prefix: String,
}

impl BackupPlace {
    /// The place that an argument of the command line names: a URL, or a path, which need be no Unicode.
    ///
    /// # Errors
    /// 22023 for the URL of no bucket.
    pub fn of_argument(argument: &Path) -> Result<BackupPlace> {
        argument.to_str().map_or_else(|| Ok(BackupPlace::Folder(argument.to_path_buf())), str::parse)
    }

    /// The place with a path from the root, as a server needs it that knows no working directory.
    ///
    /// # Errors
    /// 58030 where the working directory is not known.
    pub fn absolute(self) -> Result<BackupPlace> {
        Ok(match self {
            BackupPlace::Folder(path) => BackupPlace::Folder(std::path::absolute(path)?),
            bucket => bucket,
        })
    }
}

impl FromStr for BackupPlace {
    type Err = Error;

    /// # Errors
    /// 22023 for the URL of no bucket, and for any in a build without the feature `s3`.
    fn from_str(text: &str) -> Result<BackupPlace> {
        let Some(rest) = text.strip_prefix(BUCKET_SCHEME) else {
            return Ok(BackupPlace::Folder(text.into()));
        };
        let wrong = |what: &str| {
            Error::new(ErrorKind::InvalidParameterValue, format!("\"{text}\" {what}"))
                .with_hint("Write a place in a bucket as s3://bucket/prefix.")
        };
        if !cfg!(feature = "s3") {
            return Err(Error::new(
                ErrorKind::InvalidParameterValue,
                format!("\"{text}\" is in a bucket, and this nebulusdb was built without S3"),
            )
            .with_hint("Build it with: cargo build --release --features s3. Or name a folder."));
        }
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_name = |character: char| character.is_ascii_alphanumeric() || "-._".contains(character);
        if bucket.len() < 3 || bucket.len() > 63 || !bucket.chars().all(is_name) {
            return Err(wrong("names no bucket: a name has 3 to 63 letters, digits, dots and hyphens"));
        }
        let prefix = prefix.trim_matches('/');
        if prefix.len() > PREFIX_BYTES_MAX || prefix.split('/').any(|part| matches!(part, "." | "..")) {
            return Err(wrong("has a prefix that is too long, or leads out of the bucket"));
        }
        Ok(BackupPlace::Bucket(BucketPlace { bucket: bucket.to_string(), prefix: prefix.to_string() }))
    }
}

impl fmt::Display for BackupPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BackupPlace::Folder(path) => write!(f, "{}", path.display()),
            BackupPlace::Bucket(place) => write!(f, "{place}"),
        }
    }
}

impl fmt::Display for BucketPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        write!(f, "{BUCKET_SCHEME}{}{slash}{}", self.bucket, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_folder_unless_it_says_otherwise() {
        assert_eq!("a/b".parse::<BackupPlace>().unwrap(), BackupPlace::Folder("a/b".into()));
        if cfg!(feature = "s3") {
            for (text, shown) in
                [("s3://box", "s3://box"), ("s3://box/", "s3://box"), ("s3://box/a/b/", "s3://box/a/b")]
            {
                assert_eq!(text.parse::<BackupPlace>().unwrap().to_string(), shown);
            }
            for text in ["s3://", "s3://x", "s3://bu cket/a", "s3://box/../other"] {
                assert_eq!(text.parse::<BackupPlace>().unwrap_err().kind(), ErrorKind::InvalidParameterValue, "{text}");
            }
        } else {
            let refused = "s3://box/a".parse::<BackupPlace>().unwrap_err();
            assert!(refused.message().contains("was built without S3"), "{refused}");
        }
    }
}
