//! Passwords at rest: SCRAM verifiers made from them, and fresh ones for a first start.
//!
//! A verifier (RFC 5803) checks a password without holding it. Passwords are prepared with SASLprep (RFC 4013); one that it
//! refuses is taken as it is, as PostgreSQL does. No error or log shows a password.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::db::ScramVerifier;
use crate::error::{Error, ErrorKind, Result};

/// Iterations of new verifiers, PostgreSQL's default and RFC 7677's minimum.
pub const SCRAM_ITERATIONS: u32 = 4096;
/// Bytes of a salt.
const SALT_BYTES: usize = 16;
/// Random bytes of a generated password.
const PASSWORD_RANDOM_BYTES: usize = 24;

/// A verifier with a fresh salt.
///
/// # Errors
/// XX000 where the system gives no randomness.
pub fn make_verifier(password: &str) -> Result<ScramVerifier> {
    let mut salt = vec![0; SALT_BYTES];
    fill_random(&mut salt)?;
    scram_verifier(password, salt, SCRAM_ITERATIONS)
}

/// What a verifier begins with as a text.
const MECHANISM: &str = "SCRAM-SHA-256$";
/// Most iterations of a verifier that somebody else has made: a login waits for as many.
const ITERATIONS_MAX: u32 = 1_000_000;

/// The verifier that stands in place of a password, as PostgreSQL writes it; `None` for a password.
///
/// # Errors
/// 0A000 for one that MD5 made; 22023 for more iterations than a login waits for.
pub fn read_verifier(text: &str) -> Result<Option<ScramVerifier>> {
    let is_md5 =
        text.strip_prefix("md5").is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit()));
    if is_md5 {
        return Err(Error::unsupported("passwords that MD5 has hashed are not offered", "Give the password itself."));
    }
    let Some(rest) = text.strip_prefix(MECHANISM) else { return Ok(None) };
    let read = || {
        let (first, keys) = rest.split_once('$')?;
        let (iterations, salt) = first.split_once(':')?;
        let (stored, server) = keys.split_once(':')?;
        let decode = |text: &str| STANDARD.decode(text).ok();
        let (stored_key, server_key) = (decode(stored)?, decode(server)?);
        let iterations: u32 = iterations.parse().ok()?;
        (stored_key.len() == 32 && server_key.len() == 32 && iterations > 0).then_some(ScramVerifier {
            iterations,
            salt: decode(salt)?,
            stored_key,
            server_key,
        })
    };
    match read() {
        Some(verifier) if verifier.iterations > ITERATIONS_MAX => {
            let message = format!("a SCRAM verifier can have at most {ITERATIONS_MAX} iterations");
            Err(Error::new(ErrorKind::InvalidParameterValue, message))
        }
        // What only begins so is a password.
        verifier => Ok(verifier),
    }
}

/// A verifier as PostgreSQL writes it.
pub fn verifier_text(verifier: &ScramVerifier) -> String {
    let encode = |bytes: &[u8]| STANDARD.encode(bytes);
    let ScramVerifier { iterations, salt, stored_key, server_key } = verifier;
    format!("{MECHANISM}{iterations}:{}${}:{}", encode(salt), encode(stored_key), encode(server_key))
}

/// A random password of 32 letters, digits, `-` and `_`.
///
/// # Errors
/// XX000 where the system gives no randomness.
pub fn random_password() -> Result<Zeroizing<String>> {
    let mut random = Zeroizing::new([0; PASSWORD_RANDOM_BYTES]);
    fill_random(random.as_mut_slice())?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(random.as_slice())))
}

/// RFC 5802, section 3: StoredKey and ServerKey of a salted password.
///
/// # Errors
/// None today; its HMAC takes keys of any length.
pub fn scram_verifier(password: &str, salt: Vec<u8>, iterations: u32) -> Result<ScramVerifier> {
    let prepared = stringprep::saslprep(password).map_or_else(|_| password.to_string(), std::borrow::Cow::into_owned);
    let prepared = Zeroizing::new(prepared);
    let salted = Zeroizing::new(salted_password(prepared.as_bytes(), &salt, iterations)?);
    let client_key = Zeroizing::new(hmac(salted.as_slice(), b"Client Key")?);
    Ok(ScramVerifier {
        iterations,
        salt,
        stored_key: Sha256::digest(client_key.as_slice()).to_vec(),
        server_key: hmac(salted.as_slice(), b"Server Key")?.to_vec(),
    })
}

/// `Hi` of RFC 5802: PBKDF2 with HMAC-SHA-256 and one block.
fn salted_password(password: &[u8], salt: &[u8], iterations: u32) -> Result<[u8; 32]> {
    let keyed = keyed(password)?;
    let mut first = keyed.clone();
    first.update(salt);
    first.update(&1_u32.to_be_bytes());
    let mut block: [u8; 32] = first.finalize().into_bytes().into();
    let mut result = block;
    for _ in 1..iterations {
        let mut next = keyed.clone();
        next.update(&block);
        block = next.finalize().into_bytes().into();
        result.iter_mut().zip(block).for_each(|(sum, byte)| *sum ^= byte);
    }
    Ok(result)
}

/// HMAC-SHA-256.
///
/// # Errors
/// None today; it takes keys of any length.
pub fn hmac(key: &[u8], message: &[u8]) -> Result<[u8; 32]> {
    let mut mac = keyed(key)?;
    mac.update(message);
    Ok(mac.finalize().into_bytes().into())
}

fn keyed(key: &[u8]) -> Result<Hmac<Sha256>> {
    <Hmac<Sha256> as KeyInit>::new_from_slice(key)
        .map_err(|error| Error::internal(format!("message authentication: {error}")))
}

/// Fills bytes with the system's randomness.
///
/// # Errors
/// XX000 where it gives none.
pub fn fill_random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|error| Error::internal(format!("no randomness: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_passwords_are_long_and_differ() {
        let (one, other) = (random_password().unwrap(), random_password().unwrap());
        assert_eq!(one.len(), 32);
        assert_ne!(one, other);
    }

    #[test]
    fn verifiers_hold_no_password_and_differ_by_salt() {
        let (one, other) = (make_verifier("secret").unwrap(), make_verifier("secret").unwrap());
        assert_eq!(one.iterations, SCRAM_ITERATIONS);
        assert_ne!(one.salt, other.salt);
        assert_ne!(one.stored_key, other.stored_key);
        assert!(!format!("{one:?}").contains("secret"));
    }

    #[test]
    fn a_verifier_is_read_as_it_is_written() {
        let made = make_verifier("secret").unwrap();
        let text = verifier_text(&made);
        assert_eq!(read_verifier(&text).unwrap(), Some(made));
        assert_eq!(read_verifier("SCRAM-SHA-256$x").unwrap(), None);
        assert_eq!(read_verifier(&text.replace("$4096", "$4000000")).unwrap_err().sqlstate(), "22023");
        assert_eq!(read_verifier("md5d41d8cd98f00b204e9800998ecf8427e").unwrap_err().sqlstate(), "0A000");
    }

    #[test]
    fn saslprep_makes_equal_what_looks_equal() {
        let salt = vec![1; SALT_BYTES];
        let composed = scram_verifier("\u{00AA}\u{2168}", salt.clone(), 2).unwrap();
        assert_eq!(composed.stored_key, scram_verifier("aIX", salt, 2).unwrap().stored_key);
    }
}
