//! TLS from a certificate and a key in PEM files, and who has to use it.
//!
//! Whatever is wrong with them is an error before the server listens; there is no way back to plaintext. A certificate can be
//! exchanged while the server runs: connections that come later get the new one.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use parking_lot::RwLock;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::{Error, ErrorKind, Result};
use crate::pg::transport::endpoint::end_point;

/// Accepts TLS connections with one certificate.
#[derive(Clone)]
pub struct Tls {
    pub(in crate::pg) acceptor: TlsAcceptor,
    /// What a login is bound to; `None` for a certificate of which RFC 5929 does not say it.
    pub(in crate::pg) end_point: Option<Arc<[u8]>>,
}

/// The certificate that new connections get, which can be exchanged. Clones share it.
#[derive(Clone, Default)]
pub struct TlsSlot(Arc<RwLock<Option<Tls>>>);

/// Who has to use TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsRule {
    /// Nobody: both is served.
    Allow,
    /// Whoever does not come over the loopback interface.
    RequireRemote,
    /// Everybody.
    Require,
}

impl TlsSlot {
    pub fn new(tls: Option<Tls>) -> Self {
        TlsSlot(Arc::new(RwLock::new(tls)))
    }

    /// Connections that come from now on get this certificate.
    pub fn exchange(&self, tls: Tls) {
        *self.0.write() = Some(tls);
    }

    /// Whether there is a certificate.
    pub fn is_filled(&self) -> bool {
        self.0.read().is_some()
    }

    pub(in crate::pg) fn get(&self) -> Option<Tls> {
        self.0.read().clone()
    }
}

impl TlsRule {
    /// Whether a client at this address must not go on in plaintext.
    pub(in crate::pg) fn requires(self, client: IpAddr) -> bool {
        match self {
            TlsRule::Allow => false,
            TlsRule::RequireRemote => !client.to_canonical().is_loopback(),
            TlsRule::Require => true,
        }
    }
}

/// Reads a certificate chain, leaf first, and its private key.
///
/// # Errors
/// F0000 naming the file that is missing or broken, or that the two do not belong together.
pub fn load_tls(certificate: &Path, key: &Path) -> Result<Tls> {
    let broken = |path: &Path, what: &str, why: &dyn std::fmt::Display| {
        configuration(format!("the TLS {what} {} cannot be used: {why}", path.display()))
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>)
        .map_err(|error| broken(certificate, "certificate", &error))?;
    if chain.is_empty() {
        return Err(broken(certificate, "certificate", &"the file holds none"));
    }
    let end_point = chain.first().and_then(|leaf| end_point(leaf)).map(Arc::from);
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| broken(key, "key", &error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| configuration(format!("TLS cannot be set up: {error}")))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| {
            configuration(format!(
                "the TLS certificate {} and key {} cannot be used together: {error}",
                certificate.display(),
                key.display()
            ))
        })?;
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(Tls { acceptor: TlsAcceptor::from(Arc::new(config)), end_point })
}

fn configuration(message: String) -> Error {
    Error::new(ErrorKind::Configuration, message)
        .with_hint("Give a certificate chain and its private key as PEM files, or leave TLS off.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(certificate: &str, key: &str) -> (tempfile::TempDir, Result<Tls>) {
        let directory = tempfile::tempdir().unwrap();
        let (certificate_path, key_path) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
        std::fs::write(&certificate_path, certificate).unwrap();
        std::fs::write(&key_path, key).unwrap();
        let tls = load_tls(&certificate_path, &key_path);
        (directory, tls)
    }

    fn pair() -> (String, String) {
        let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_string()]).unwrap();
        (certified.cert.pem(), certified.signing_key.serialize_pem())
    }

    #[test]
    fn a_certificate_with_its_key_is_taken() {
        let (certificate, key) = pair();
        assert!(files(&certificate, &key).1.unwrap().end_point.is_some());
    }

    #[test]
    fn rules_look_at_where_a_client_comes_from() {
        let (near, mapped, far) = ("127.0.0.1", "::ffff:127.0.0.1", "192.0.2.1");
        let required = |rule: TlsRule| [near, mapped, far].map(|client| rule.requires(client.parse().unwrap()));
        assert_eq!(required(TlsRule::Allow), [false; 3]);
        assert_eq!(required(TlsRule::RequireRemote), [false, false, true]);
        assert_eq!(required(TlsRule::Require), [true; 3]);
    }

    #[test]
    fn broken_missing_and_mismatched_files_are_refused() {
        let ((certificate, key), (_, other)) = (pair(), pair());
        for (certificate, key) in [("", &*key), (&*certificate, ""), (&*certificate, &*other), ("x", &*key)] {
            let Err(error) = files(certificate, key).1 else { panic!("accepted") };
            assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        }
        assert!(load_tls(Path::new("/nonexistent/cert"), Path::new("/nonexistent/key")).is_err());
    }
}
