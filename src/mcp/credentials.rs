//! Who an HTTP request comes from: a user's name and password, by HTTP Basic (RFC 7617) or as a bearer token. Pure.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// Longest header that is read, in bytes.
const HEADER_BYTES_MAX: usize = 4 * 1024;

/// A user and a password.
pub(super) struct AgentCredentials {
    pub user: String,
    pub password: Zeroizing<String>,
}

impl AgentCredentials {
    /// The credentials of a request: `Basic` with base64 of `user:password`, or `Bearer` with the same, or with
    /// `user:password` as it is. `None` where there are none, or they are of another form.
    pub fn of(headers: &HeaderMap) -> Option<AgentCredentials> {
        let header = headers.get(AUTHORIZATION)?.to_str().ok().filter(|header| header.len() <= HEADER_BYTES_MAX)?;
        let (scheme, token) = header.trim().split_once(' ')?;
        let token = token.trim();
        let is_bearer = scheme.eq_ignore_ascii_case("bearer");
        if !is_bearer && !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let pair = if is_bearer && token.contains(':') {
            Zeroizing::new(token.to_string())
        } else {
            Zeroizing::new(String::from_utf8(STANDARD.decode(token).ok()?).ok()?)
        };
        let (user, password) = pair.split_once(':')?;
        let is_text = !user.is_empty() && !pair.contains('\0');
        is_text.then(|| AgentCredentials { user: user.to_string(), password: Zeroizing::new(password.to_string()) })
    }

    /// What stands for them in a table: their keyed hash.
    pub fn fingerprint(&self, key: &[u8; 32]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(key);
        hasher.update(self.user.as_bytes()).update(&[0]).update(self.password.as_bytes());
        *hasher.finalize().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> Option<(String, String)> {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, header.parse().unwrap())]);
        AgentCredentials::of(&headers).map(|found| (found.user.clone(), found.password.to_string()))
    }

    #[test]
    fn both_schemes_are_read() {
        let expected = Some(("nebulus".to_string(), "a:b".to_string()));
        let encoded = STANDARD.encode("nebulus:a:b");
        for header in [format!("Basic {encoded}"), format!("bearer {encoded}"), "Bearer nebulus:a:b".to_string()] {
            assert_eq!(read(&header), expected, "{header}");
        }
        let nul = format!("Basic {}", STANDARD.encode("a\0b:c"));
        for header in ["", "Basic", "Basic %%", "Digest x", "Bearer abc", "Basic nebulus:a", "Bearer :x", nul.as_str()]
        {
            assert_eq!(read(header), None, "{header}");
        }
    }
}
