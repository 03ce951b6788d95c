//! The right to write to a prefix of a bucket, for a while: an object that says whose it is and until when. A bucket knows no
//! locks that end with who holds them, so this one ends by itself, and is renewed while a backup is made.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::backup::bucket::Bucket;
use crate::error::{Error, ErrorKind, Result};

const LEASE_OBJECT: &str = "lock";
/// How long a lease holds.
const LEASE_TIME: Duration = Duration::from_secs(10 * 60);
/// How soon it is renewed.
const RENEW_AFTER: Duration = Duration::from_secs(2 * 60);

/// What the object says.
#[derive(Serialize, Deserialize)]
struct Claim {
    /// The node that writes.
    holder: String,
    until: DateTime<Utc>,
}

/// A lease that is held.
pub(super) struct RepositoryLease {
    holder: String,
    state: Mutex<(String, Instant)>,
}

impl RepositoryLease {
    /// Takes the lease where nobody has it, where it has ended, and where the same node has left it: one node makes one
    /// backup at a time.
    ///
    /// # Errors
    /// 55006 while somebody else has it.
    pub fn take(bucket: &Bucket, holder: &str) -> Result<RepositoryLease> {
        let claim = claim(holder)?;
        let tag = match bucket.write_if(LEASE_OBJECT, &claim, ("if-none-match", "*"))? {
            Some(tag) => tag,
            None => {
                let Some((bytes, tag)) = bucket.read_tagged(LEASE_OBJECT)? else {
                    return Err(taken(bucket, "somebody who has just ended"));
                };
                // A damaged one is nobody's.
                if let Ok(other) = serde_json::from_slice::<Claim>(&bytes)
                    && other.holder != holder
                    && other.until > Utc::now()
                {
                    let until = other.until.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
                    return Err(taken(bucket, &format!("the node {}, until {until} at most", other.holder)));
                }
                let again = bucket.write_if(LEASE_OBJECT, &claim, ("if-match", &tag))?;
                again.ok_or_else(|| taken(bucket, "somebody who has just begun"))?
            }
        };
        Ok(RepositoryLease { holder: holder.to_string(), state: Mutex::new((tag, Instant::now())) })
    }

    /// Renews it where it is time.
    ///
    /// # Errors
    /// 55006 where somebody else has taken it.
    pub fn renew_if_due(&self, bucket: &Bucket) -> Result<()> {
        let is_due = self.state.lock().1.elapsed() >= RENEW_AFTER;
        if is_due { self.renew(bucket) } else { Ok(()) }
    }

    /// # Errors
    /// 55006 where somebody else has taken it.
    pub fn renew(&self, bucket: &Bucket) -> Result<()> {
        let mut state = self.state.lock();
        let renewed = bucket.write_if(LEASE_OBJECT, &claim(&self.holder)?, ("if-match", &state.0))?;
        let tag = renewed.ok_or_else(|| taken(bucket, "somebody who took its place"))?;
        *state = (tag, Instant::now());
        Ok(())
    }

    /// Ends it, so that nobody has to wait for its end.
    pub fn give_back(&self, bucket: &Bucket) {
        if let Err(error) = bucket.remove_object(LEASE_OBJECT) {
            tracing::warn!(%error, "the lock of a bucket stays until its time is over");
        }
    }
}

fn claim(holder: &str) -> Result<Vec<u8>> {
    let claim = Claim { holder: holder.to_string(), until: Utc::now() + LEASE_TIME };
    serde_json::to_vec(&claim).map_err(|error| Error::internal(error.to_string()))
}

fn taken(bucket: &Bucket, whose: &str) -> Error {
    Error::new(ErrorKind::ObjectInUse, format!("another backup to {} is under way, by {whose}", bucket.place()))
        .with_hint("Wait until it has ended.")
}
