//! Who is logged in: a bounded number of sessions, each with a secret in a cookie and a token in a header, and an end.
//!
//! Only digests of both secrets are kept, and looked up by digest, so that no comparison tells anything by its time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::client::Route;
use crate::console::slot::Slot;
use crate::error::{Error, Result};

/// Sessions at the same time; beyond them the one ends that was not used for longest.
const SESSIONS_MAX: usize = 32;
/// How long a session stays that nobody uses. An open page uses it.
const IDLE_TIME_MAX: Duration = Duration::from_secs(30 * 60);
/// How long a session stays.
const AGE_MAX: Duration = Duration::from_secs(12 * 60 * 60);
/// Bytes of a secret.
const SECRET_BYTES: usize = 32;
/// Streams of events that a session may have open: one for each of its tabs.
const STREAMS_MAX: usize = 6;

type SecretDigest = [u8; 32];

/// What a browser is logged in as.
pub(super) struct BrowserSession {
    pub user: String,
    /// How its connections are opened; it holds the password.
    pub route: Route,
    /// The connection of the query page, which keeps its transaction and settings from one statement to the next.
    pub editor: Slot,
    /// The connection for what the pages show, which cannot write.
    pub pages: Slot,
    pub streams: Arc<Semaphore>,
    token: SecretDigest,
    begun: Instant,
}

struct Place {
    session: Arc<BrowserSession>,
    used: Instant,
}

/// The secrets of a new session, told once.
pub(super) struct SessionSecrets {
    pub cookie: String,
    pub token: String,
}

/// The sessions of a server.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<SecretDigest, Place>>);

impl Sessions {
    /// Opens a session for a user whose password the server has checked.
    ///
    /// # Errors
    /// XX000 where the machine has no randomness.
    pub fn open(&self, user: &str, route: Route, now: Instant) -> Result<SessionSecrets> {
        let (cookie, token) = (random_secret()?, random_secret()?);
        let session = BrowserSession {
            user: user.to_string(),
            route,
            editor: Slot::default(),
            pages: Slot::default(),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            token: digest(&token),
            begun: now,
        };
        let mut places = self.0.lock();
        places.retain(|_, place| place.lasts(now));
        if places.len() >= SESSIONS_MAX {
            let oldest = places.iter().min_by_key(|(_, place)| place.used).map(|(key, _)| *key);
            oldest.and_then(|key| places.remove(&key));
        }
        places.insert(digest(&cookie), Place { session: Arc::new(session), used: now });
        Ok(SessionSecrets { cookie, token })
    }

    /// The session of these secrets, unless it has ended; it was used now.
    pub fn find(&self, cookie: &str, token: &str, now: Instant) -> Option<Arc<BrowserSession>> {
        let key = digest(cookie);
        let mut places = self.0.lock();
        let place = places.get_mut(&key)?;
        if !place.lasts(now) {
            places.remove(&key);
            return None;
        }
        if place.session.token != digest(token) {
            return None;
        }
        place.used = now;
        Some(Arc::clone(&place.session))
    }

    /// Ends a session.
    pub fn close(&self, cookie: &str) {
        self.0.lock().remove(&digest(cookie));
    }
}

impl Place {
    fn lasts(&self, now: Instant) -> bool {
        now.duration_since(self.used) < IDLE_TIME_MAX && now.duration_since(self.session.begun) < AGE_MAX
    }
}

fn digest(secret: &str) -> SecretDigest {
    Sha256::digest(secret.as_bytes()).into()
}

fn random_secret() -> Result<String> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| Error::internal(format!("no randomness: {error}")))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{URL_DEFAULT, route};

    fn opened(sessions: &Sessions, now: Instant) -> SessionSecrets {
        sessions.open("nebulus", route(URL_DEFAULT).expect("a route"), now).expect("there is randomness")
    }

    #[test]
    fn both_secrets_are_needed() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let (one, other) = (opened(&sessions, now), opened(&sessions, now));
        assert!(one.cookie.len() >= 43 && one.cookie != one.token && one.cookie != other.cookie);
        assert!(sessions.find(&one.cookie, &one.token, now).is_some());
        assert!(sessions.find(&one.cookie, &other.token, now).is_none());
        assert!(sessions.find(&one.cookie, "", now).is_none() && sessions.find("", &one.token, now).is_none());
        sessions.close(&one.cookie);
        assert!(sessions.find(&one.cookie, &one.token, now).is_none());
        assert!(sessions.find(&other.cookie, &other.token, now).is_some());
    }

    #[test]
    fn a_session_ends_when_it_is_not_used_and_when_it_is_old() {
        let (sessions, begun) = (Sessions::default(), Instant::now());
        let idle = opened(&sessions, begun);
        assert!(sessions.find(&idle.cookie, &idle.token, begun + IDLE_TIME_MAX).is_none());
        let used = opened(&sessions, begun);
        let step = IDLE_TIME_MAX - Duration::from_secs(1);
        let mut now = begun;
        while now + step < begun + AGE_MAX {
            now += step;
            assert!(sessions.find(&used.cookie, &used.token, now).is_some());
        }
        assert!(sessions.find(&used.cookie, &used.token, begun + AGE_MAX).is_none());
    }

    #[test]
    fn their_number_is_bounded() {
        let (sessions, begun) = (Sessions::default(), Instant::now());
        let first = opened(&sessions, begun);
        let second = opened(&sessions, begun + Duration::from_secs(1));
        let later = begun + Duration::from_secs(2);
        for _ in 2..SESSIONS_MAX {
            opened(&sessions, later);
        }
        assert!(sessions.find(&first.cookie, &first.token, later).is_some());
        opened(&sessions, later);
        assert!(sessions.find(&second.cookie, &second.token, later).is_none(), "it was not used for longest");
        assert!(sessions.find(&first.cookie, &first.token, later).is_some());
    }
}
