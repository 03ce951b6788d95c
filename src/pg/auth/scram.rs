//! The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), as a pure exchange of two messages.
//!
//! With TLS, SCRAM-SHA-256-PLUS binds the login to the server's certificate, so that nobody in between can pass it on; a client
//! that could bind and was told otherwise is refused (RFC 5802, section 6). A user that does not exist gets a mock verifier, so that neither the messages nor their
//! timing tell which users exist; whatever goes wrong after the first message is the same "password authentication failed".

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::db::ScramVerifier;
use crate::error::{Error, ErrorKind, Result};
use crate::session::{SCRAM_ITERATIONS, fill_random, hmac};

/// The mechanism without channel binding.
const MECHANISM: &str = "SCRAM-SHA-256";
/// The mechanism with channel binding.
const MECHANISM_BOUND: &str = "SCRAM-SHA-256-PLUS";
/// The one kind of channel binding, as the first message names it.
const END_POINT: &str = "p=tls-server-end-point";
/// Random bytes of the server's part of the nonce, as PostgreSQL's.
const NONCE_BYTES: usize = 18;

/// What the channel offers to bind a login to: the certificate's hash, where there is TLS and it has one.
#[derive(Clone, Copy)]
pub(super) struct ChannelBinding<'a>(pub Option<&'a [u8]>);

impl ChannelBinding<'_> {
    /// The mechanisms that are offered, the better one first.
    pub fn mechanisms(self) -> Vec<String> {
        let bound = self.0.map(|_| MECHANISM_BOUND.to_string());
        bound.into_iter().chain([MECHANISM.to_string()]).collect()
    }

    /// What the login has to be bound to under the mechanism that the client chose; `None` for the one that does not bind.
    fn chosen(self, mechanism: &str) -> Result<Option<Vec<u8>>> {
        match (mechanism, self.0) {
            (MECHANISM, _) => Ok(None),
            (MECHANISM_BOUND, Some(end_point)) => Ok(Some(end_point.to_vec())),
            _ => {
                let offered = self.mechanisms().join(" and ");
                let text = format!("client selected the SASL mechanism \"{mechanism}\", offered is {offered}");
                Err(Error::new(ErrorKind::ProtocolViolation, text))
            }
        }
    }
}

/// An exchange that has sent its first message.
pub(super) struct ScramExchange {
    verifier: ScramVerifier,
    /// Whether the user exists; a mock never succeeds.
    genuine: bool,
    /// What the client's final message has to repeat: the GS2 header, and what the channel is bound to.
    binding: Vec<u8>,
    nonce: String,
    /// Client-first-bare and server-first, joined by a comma.
    first_messages: String,
}

impl ScramExchange {
    /// Answers the client's first message; the text is the server's first message.
    ///
    /// # Errors
    /// 08P01 for a mechanism that is not offered and a malformed message; 28000 where a client could bind the channel and
    /// was made to believe that the server cannot.
    pub fn start(
        (verifier, genuine): (ScramVerifier, bool),
        channel: ChannelBinding<'_>,
        mechanism: &str,
        client_first: &[u8],
    ) -> Result<(ScramExchange, String)> {
        let mut random = [0; NONCE_BYTES];
        fill_random(&mut random)?;
        let end_point = channel.chosen(mechanism)?;
        let nonce = STANDARD.encode(random);
        let (exchange, server_first) = ScramExchange::start_with((verifier, genuine), end_point, client_first, &nonce)?;
        if exchange.binding.starts_with(b"y") && channel.0.is_some() {
            return Err(Error::new(ErrorKind::InvalidAuthorization, "SCRAM channel binding negotiation error").with_detail(
                "The client supports SCRAM channel binding but thinks the server does not. However, this server does \
                 support channel binding.",
            ));
        }
        Ok((exchange, server_first))
    }

    fn start_with(
        (verifier, genuine): (ScramVerifier, bool),
        end_point: Option<Vec<u8>>,
        client_first: &[u8],
        server_nonce: &str,
    ) -> Result<(ScramExchange, String)> {
        let text = std::str::from_utf8(client_first).map_err(|_| malformed("it is not UTF-8"))?;
        let mut parts = text.splitn(3, ',');
        let (binding, authzid, bare) = match (parts.next(), parts.next(), parts.next()) {
            (Some(binding), Some(authzid), Some(bare)) => (binding, authzid, bare),
            _ => return Err(malformed("the GS2 header is cut off")),
        };
        let is_kind = match &end_point {
            Some(_) => binding == END_POINT,
            None => matches!(binding, "n" | "y"),
        };
        if !is_kind {
            return Err(malformed("its channel binding is not that of the mechanism"));
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
        let exchange = ScramExchange {
            verifier,
            genuine,
            binding: [format!("{binding},{authzid},").into_bytes(), end_point.unwrap_or_default()].concat(),
            nonce,
            first_messages: format!("{bare},{server_first}"),
        };
        Ok((exchange, server_first))
    }

    /// Checks the client's final message. `None`: the password is wrong. The text is the server's final message.
    ///
    /// # Errors
    /// 08P01 for a malformed message and for another nonce or binding than the first one's, 28000 where the client has met
    /// another certificate.
    pub fn finish(self, client_final: &[u8]) -> Result<Option<String>> {
        let text = std::str::from_utf8(client_final).map_err(|_| malformed("it is not UTF-8"))?;
        let (without_proof, proof) = text.rsplit_once(",p=").ok_or_else(|| malformed("it has no proof"))?;
        let mut attributes = without_proof.split(',');
        let binding = attributes.next().and_then(|attribute| attribute.strip_prefix("c="));
        if binding != Some(STANDARD.encode(&self.binding).as_str()) {
            if self.binding.starts_with(END_POINT.as_bytes()) {
                let text = "SCRAM channel binding check failed";
                return Err(Error::new(ErrorKind::InvalidAuthorization, text)
                    .with_detail("The client met another certificate than this server's."));
            }
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
pub(in crate::pg) fn is_equal(left: &[u8], right: &[u8]) -> bool {
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
    fn rfc_exchange(password: &str) -> (ScramExchange, String) {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let verifier = scram_verifier(password, salt, 4096).unwrap();
        let first = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
        ScramExchange::start_with((verifier, true), None, first, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0").unwrap()
    }

    fn start(channel: ChannelBinding<'_>, mechanism: &str, first: &[u8]) -> Result<ScramExchange> {
        ScramExchange::start((mock_verifier(b"k", "u").unwrap(), false), channel, mechanism, first)
            .map(|(exchange, _)| exchange)
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
        let start = |first: &[u8]| start(ChannelBinding(None), MECHANISM, first).err().unwrap().sqlstate();
        for first in [&b""[..], b"n", b"n,,", b"n,,n=u", b"p=tls-unique,,n=u,r=x", b"n,a=b,n=u,r=x", b"\xff,,n=u,r=x"] {
            assert_eq!(start(first), "08P01", "{first:?}");
        }
        for last in [&b""[..], b"c=biws", b"c=biws,r=other,p=AA==", b"c=eSws,r=x,p=AA==", b"\xff"] {
            assert_eq!(rfc_exchange("pencil").0.finish(last).unwrap_err().sqlstate(), "08P01", "{last:?}");
        }
    }

    #[test]
    fn a_login_is_bound_to_the_certificate() {
        let (channel, first) = (ChannelBinding(Some(b"hash")), b"p=tls-server-end-point,,n=u,r=x");
        assert_eq!(channel.mechanisms(), [MECHANISM_BOUND, MECHANISM]);
        let exchange = || start(channel, MECHANISM_BOUND, first).unwrap();
        let finish = |exchange: ScramExchange, bound: &[u8]| {
            let binding = STANDARD.encode([b"p=tls-server-end-point,,", bound].concat());
            let text = format!("c={binding},r={},p=AA==", exchange.nonce);
            exchange.finish(text.as_bytes())
        };
        assert_eq!(finish(exchange(), b"hash").unwrap(), None, "the proof is wrong, the binding is not");
        assert_eq!(finish(exchange(), b"hush").unwrap_err().sqlstate(), "28000");
        assert_eq!(start(channel, MECHANISM_BOUND, b"n,,n=u,r=x").err().unwrap().sqlstate(), "08P01");
        assert_eq!(start(ChannelBinding(None), MECHANISM_BOUND, first).err().unwrap().sqlstate(), "08P01");
        assert_eq!(start(channel, MECHANISM, first).err().unwrap().sqlstate(), "08P01");
    }

    #[test]
    fn a_client_that_was_told_there_is_no_binding_is_refused() {
        let state = |channel, first: &[u8]| start(channel, MECHANISM, first).err().map(|error| error.sqlstate());
        assert_eq!(state(ChannelBinding(Some(b"hash")), b"y,,n=u,r=x"), Some("28000"));
        assert_eq!(state(ChannelBinding(Some(b"hash")), b"n,,n=u,r=x"), None, "it cannot bind");
        assert_eq!(state(ChannelBinding(None), b"y,,n=u,r=x"), None, "nothing was offered");
    }
}
