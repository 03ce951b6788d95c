//! TLS under a client's connection: whose certificate is believed, and what a login is bound to.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use tokio_rustls::rustls::crypto::{self, WebPkiSupportedAlgorithms, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_rustls::{TlsConnector, rustls};

use crate::client::tls_options::TlsOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::pg::end_point;

/// Makes connections speak TLS. Clones share what they believe.
#[derive(Clone)]
pub struct ClientTls(TlsConnector);

/// A handshake that is to come. It has no name where the server has none.
pub struct Handshake {
    connector: TlsConnector,
    name: Option<ServerName<'static>>,
}

/// A connection under TLS.
pub struct EncryptedSocket(Box<tokio_rustls::client::TlsStream<Socket>>);

impl ClientTls {
    /// # Errors
    /// F0000 for a file of authorities that cannot be read or holds none.
    pub(super) fn new(options: &TlsOptions) -> Result<ClientTls> {
        let provider = Arc::new(ring::default_provider());
        let authorities = options.roots.as_deref().map(Authorities::read).transpose()?;
        let verifier = Verifier {
            authorities,
            checks_name: options.checks_name,
            algorithms: provider.signature_verification_algorithms,
        };
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::internal(format!("TLS cannot be set up: {error}")))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        Ok(ClientTls(TlsConnector::from(Arc::new(config))))
    }
}

impl MakeTlsConnect<Socket> for ClientTls {
    type Stream = EncryptedSocket;
    type TlsConnect = Handshake;
    type Error = io::Error;

    fn make_tls_connect(&mut self, domain: &str) -> io::Result<Handshake> {
        // A socket of this machine has no name, and no TLS.
        let name = (!domain.is_empty()).then(|| ServerName::try_from(domain.to_string())).transpose();
        let name =
            name.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, format!("\"{domain}\": {error}")))?;
        Ok(Handshake { connector: self.0.clone(), name })
    }
}

impl TlsConnect<Socket> for Handshake {
    type Stream = EncryptedSocket;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<EncryptedSocket>> + Send>>;

    fn connect(self, stream: Socket) -> Self::Future {
        Box::pin(async move {
            let name =
                self.name.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the server has no name"))?;
            Ok(EncryptedSocket(Box::new(self.connector.connect(name, stream).await?)))
        })
    }
}

impl TlsStream for EncryptedSocket {
    fn channel_binding(&self) -> ChannelBinding {
        let (_, session) = self.0.get_ref();
        let leaf = session.peer_certificates().and_then(<[_]>::first);
        leaf.and_then(|leaf| end_point(leaf)).map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}

impl AsyncRead for EncryptedSocket {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_read(context, buffer)
    }
}

impl AsyncWrite for EncryptedSocket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(context)
    }
}

/// Whom a client believes: those who signed, and the certificates that stand for themselves.
#[derive(Debug)]
struct Authorities {
    roots: RootCertStore,
    certificates: Vec<CertificateDer<'static>>,
}

impl Authorities {
    fn read(path: &Path) -> Result<Authorities> {
        let wrong = |why: &dyn std::fmt::Display| {
            let what = format!("the certificates in {} cannot be used: {why}", path.display());
            Error::new(ErrorKind::Configuration, what).with_hint(
                "sslrootcert names a file with the server's certificate, or that of whoever signed it, in PEM.",
            )
        };
        let certificates = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>)
            .map_err(|error| wrong(&error))?;
        let mut roots = RootCertStore::empty();
        // Some of the authorities that systems trust have certificates that nobody reads any more.
        let (usable, _) = roots.add_parsable_certificates(certificates.iter().cloned());
        if usable == 0 {
            return Err(wrong(&"there is none in it"));
        }
        Ok(Authorities { roots, certificates })
    }
}

/// Decides whether a server is the one that was meant.
#[derive(Debug)]
struct Verifier {
    /// `None`: whoever answers, as with `sslmode=require`.
    authorities: Option<Authorities>,
    checks_name: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        let Some(authorities) = &self.authorities else { return Ok(ServerCertVerified::assertion()) };
        let certificate = ParsedCertificate::try_from(end_entity)?;
        let (roots, algorithms) = (&authorities.roots, self.algorithms.all);
        match verify_server_cert_signed_by_trust_anchor(&certificate, roots, intermediates, now, algorithms) {
            Ok(()) => {}
            // `openssl req -x509` makes authorities, which sign themselves and then serve. One that is named as it is, is
            // meant. Its time was looked at before its kind.
            Err(rustls::Error::InvalidCertificate(CertificateError::Other(_)))
                if authorities.certificates.contains(end_entity) => {}
            Err(error) => return Err(error),
        }
        if self.checks_name {
            verify_server_name(&certificate, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
