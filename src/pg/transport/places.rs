//! Places for clients that have logged in, of which a few are kept for the owner.
//!
//! There is one user, so that a client says itself that it comes to look after the server: with `nebulus.reserved = on` among
//! its startup options it may take one of [`PLACES_RESERVED`] places beyond those of everybody. A pool that has lost count of its
//! connections does not say so, and cannot keep its owner out.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, ErrorKind, Result};

/// Places beyond `max_connections` that are kept for the owner, as many as PostgreSQL's `superuser_reserved_connections`.
pub const PLACES_RESERVED: usize = 3;
/// The startup option that asks for one of them.
pub(in crate::pg) const RESERVED_SETTING: &str = "nebulus.reserved";

/// The places of a server.
pub(in crate::pg) struct Places {
    all: usize,
    free: Arc<Semaphore>,
    reserved: Arc<Semaphore>,
}

/// A client's place; dropping it gives it back.
pub(in crate::pg) struct ClientPlace {
    _permit: OwnedSemaphorePermit,
}

impl Places {
    pub fn new(all: usize) -> Self {
        Places { all, free: Arc::new(Semaphore::new(all)), reserved: Arc::new(Semaphore::new(PLACES_RESERVED)) }
    }

    /// Takes a place; with `is_reserved`, one of the owner's where there is no other.
    ///
    /// # Errors
    /// 53300 when there is none.
    pub fn take(&self, is_reserved: bool) -> Result<ClientPlace> {
        let mut taken = Arc::clone(&self.free).try_acquire_owned();
        if taken.is_err() && is_reserved {
            taken = Arc::clone(&self.reserved).try_acquire_owned();
        }
        taken.map(|permit| ClientPlace { _permit: permit }).map_err(|_| {
            Error::new(ErrorKind::TooManyConnections, "sorry, too many clients already")
                .with_detail(format!("The server serves at most {} connections.", self.all))
                .with_hint(format!(
                    "Close idle connections, or use a connection pool. {PLACES_RESERVED} more places are kept for the owner: connect \
                     with the option \"-c {RESERVED_SETTING}=on\"."
                ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_still_finds_a_place() {
        let places = Places::new(2);
        let (one, _other) = (places.take(true).unwrap(), places.take(false).unwrap());
        assert_eq!(places.take(false).err().unwrap().sqlstate(), "53300");
        let reserved: Vec<_> = (0..PLACES_RESERVED).map(|_| places.take(true).unwrap()).collect();
        assert!(places.take(true).is_err());
        drop(one);
        assert!(places.take(false).is_ok());
        drop(reserved);
        assert!(places.take(true).is_ok());
    }
}
