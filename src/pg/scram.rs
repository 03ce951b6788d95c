//! The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), as a pure exchange of two messages.
//!
//! Channel binding is not offered. A user that does not exist gets a mock verifier, so that neither the messages nor their
//! timing tell which users exist; whatever goes wrong after the first message is the same "password authentication failed".

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::db::ScramVerifier;
use crate::error::{Error, ErrorKind, Result};
use crate::session::{SCRAM_ITERATIONS, fill_random, hmac};

/// The one mechanism that is offered.
pub(super) const MECHANISM: &str = "SCRAM-SHA-256";
/// Random bytes of the server's part of the nonce, as PostgreSQL's.
const NONCE_BYTES: usize = 18;

/// An exchange that has sent its first message.
pub(super) struct Exchange {
    verifier: ScramVerifier,
    /// Whether the user exists; a mock never succeeds.
    genuine: bool,
    gs2_header: String,
    nonce: String,
    /// Client-first-bare and server-first, joined by a comma.
    first_messages: String,
}

impl Exchange {
    /// Answers the client's first message; the text is the server's first message.
    pub fn start(verifier: ScramVerifier, genuine: bool, client_first: &[u8]) -> Result<(Exchange, String)> {
        let mut random = [0; NONCE_BYTES];
        fill_random(&mut random)?;
        Exchange::start_with(verifier, genuine, client_first, &STANDARD.encode(random))
    }

    fn start_with(
        verifier: ScramVerifier,
        genuine: bool,
        client_first: &[u8],
        server_nonce: &str,
    ) -> Result<(Exchange, String)> {
        let text = std::str::from_utf8(client_first).map_err(|_| malformed("it is not UTF-8"))?;
        let mut parts = text.splitn(3, ',');
        let (binding, authzid, bare) = match (parts.next(), parts.next(), parts.next()) {
            (Some(binding), Some(authzid), Some(bare)) => (binding, authzid, bare),
            _ => return Err(malformed("the GS2 header is cut off")),
        };
        if !matches!(binding, "n" | "y") {
            return Err(malformed("channel binding is not offered"));
        }
        if !authzid.is_empty() {
            return Err(malformed("an authorization identity is not supported"));
        }
        // The user is the one of the startup message, as in PostgreSQL; what `n=` says does not count.
        let client_nonce = bare
            .split(',')
            .nth(1)
            .and_then(|attribute| attribute.strip_prefix("r="))
            .filter(|nonce| !nonce.is_empty() && nonce.bytes().all(|byte| byte.is_ascii_graphic()))
            .ok_or_else(|| malformed("it has no nonce"))?;
        if !bare.starts_with("n=") {
            return Err(malformed("it has no user name"));
        }
        let nonce = format!("{client_nonce}{server_nonce}");
        let server_first = format!("r={nonce},s={},i={}", STANDARD.encode(&verifier.salt), verifier.iterations);
        let exchange = Exchange {
            verifier,
            genuine,
            gs2_header: format!("{binding},{authzid},"),
            nonce,
            first_messages: format!("{bare},{server_first}"),
        };
        Ok((exchange, server_first))
    }

    /// Checks the client's final message. `None`: the password is wrong. The text is the server's final message.
    pub fn finish(self, client_final: &[u8]) -> Result<Option<String>> {
        let text = std::str::from_utf8(client_final).map_err(|_| malformed("it is not UTF-8"))?;
        let (without_proof, proof) = text.rsplit_once(",p=").ok_or_else(|| malformed("it has no proof"))?;
        let mut attributes = without_proof.split(',');
        let binding = attributes.next().and_then(|attribute| attribute.strip_prefix("c="));
        if binding != Some(STANDARD.encode(&self.gs2_header).as_str()) {
            return Err(malformed("the channel binding differs from that of the first message"));
        }
        if attributes.next().and_then(|attribute| attribute.strip_prefix("r=")) != Some(self.nonce.as_str()) {
            return Err(malformed("the nonce differs from that of the first message"));
        }
        let proof = STANDARD.decode(proof).map_err(|_| malformed("the proof is not base64"))?;
        let signed = format!("{},{without_proof}", self.first_messages);
        let signature = hmac(&self.verifier.stored_key, signed.as_bytes())?;
        let client_key: Vec<u8> = signature.iter().zip(&proof).map(|(left, right)| left ^ right).collect();
        let equal = is_equal(&Sha256::digest(&client_key), &self.verifier.stored_key);
        if !(equal & self.genuine & (proof.len() == signature.len())) {
            return Ok(None);
        }
        let server_signature = hmac(&self.verifier.server_key, signed.as_bytes())?;
        Ok(Some(format!("v={}", STANDARD.encode(server_signature))))
    }
}

/// A verifier for a user that does not exist: always the same for one name while the server runs.
pub(super) fn mock_verifier(secret: &[u8], user: &str) -> Result<ScramVerifier> {
    let salt = hmac(secret, user.as_bytes())?.iter().take(16).copied().collect();
    Ok(ScramVerifier { iterations: SCRAM_ITERATIONS, salt, stored_key: vec![0; 32], server_key: vec![0; 32] })
}

/// Compares in a time that depends on the lengths alone.
pub(super) fn is_equal(left: &[u8], right: &[u8]) -> bool {
    let difference = left.iter().zip(right).fold(0, |sum, (left, right)| sum | (left ^ right));
    (std::hint::black_box(difference) == 0) & (left.len() == right.len())
}

fn malformed(why: &str) -> Error {
    Error::new(ErrorKind::ProtocolViolation, format!("malformed SCRAM message: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::scram_verifier;

    /// The example of RFC 7677, section 3.
    fn rfc_exchange(password: &str) -> (Exchange, String) {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let verifier = scram_verifier(password, salt, 4096).unwrap();
        let first = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
        Exchange::start_with(verifier, true, first, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0").unwrap()
    }

    const FINAL: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                         p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

    #[test]
    fn the_example_of_rfc_7677() {
        let (exchange, server_first) = rfc_exchange("pencil");
        assert_eq!(
            server_first,
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
        );
        let server_final = exchange.finish(FINAL.as_bytes()).unwrap();
        assert_eq!(server_final.as_deref(), Some("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
    }

    #[test]
    fn a_wrong_password_and_a_mock_are_refused_alike() {
        assert_eq!(rfc_exchange("crayon").0.finish(FINAL.as_bytes()).unwrap(), None);
        let mut mock = rfc_exchange("pencil").0;
        mock.genuine = false;
        assert_eq!(mock.finish(FINAL.as_bytes()).unwrap(), None);
        assert_eq!(mock_verifier(b"k", "a").unwrap().salt, mock_verifier(b"k", "a").unwrap().salt);
        assert_ne!(mock_verifier(b"k", "a").unwrap().salt, mock_verifier(b"k", "b").unwrap().salt);
    }

    #[test]
    fn malformed_messages_are_errors() {
        let start = |first: &[u8]| {
            let mock = mock_verifier(b"k", "u").unwrap();
            Exchange::start(mock, false, first).map(|_| ()).unwrap_err().sqlstate()
        };
        for first in [&b""[..], b"n", b"n,,", b"n,,n=u", b"p=tls-unique,,n=u,r=x", b"n,a=b,n=u,r=x", b"\xff,,n=u,r=x"] {
            assert_eq!(start(first), "08P01", "{first:?}");
        }
        for last in [&b""[..], b"c=biws", b"c=biws,r=other,p=AA==", b"c=eSws,r=x,p=AA==", b"\xff"] {
            assert_eq!(rfc_exchange("pencil").0.finish(last).unwrap_err().sqlstate(), "08P01", "{last:?}");
        }
    }
}
