//! TLS as clients meet it: who has to use it, logins that are bound to the certificate, and a new certificate on SIGHUP.

use std::fmt::Write;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_postgres::config::{ChannelBinding, SslMode};
use tokio_postgres::tls::{ChannelBinding as Bound, TlsConnect, TlsStream};
use tokio_postgres::{Config, NoTls};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::harness::{Launch, Server};

pub const PASSWORD: &str = "correct horse battery staple";
/// Most connections until a new certificate has to be there.
const ATTEMPTS_MAX: usize = 2000;

/// A certificate in the files of a server, as its client knows it.
pub struct Certificate {
    der: CertificateDer<'static>,
}

impl Certificate {
    pub fn write(folder: &Path) -> Certificate {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_string()]).expect("a certificate");
        std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).expect("a key");
        std::fs::write(folder.join("cert.pem"), made.cert.pem()).expect("a certificate");
        Certificate { der: made.cert.der().clone() }
    }

    fn end_point(&self) -> Vec<u8> {
        Sha256::digest(&self.der).to_vec()
    }

    /// A client that trusts this certificate alone, and binds its login to `end_point`.
    fn connector(&self, end_point: Vec<u8>) -> Connector {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).expect("a certificate");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Connector { tls: TlsConnector::from(Arc::new(config)), end_point }
    }
}

struct Connector {
    tls: TlsConnector,
    end_point: Vec<u8>,
}

struct Encrypted {
    stream: tokio_rustls::client::TlsStream<TcpStream>,
    end_point: Vec<u8>,
}

impl TlsConnect<TcpStream> for Connector {
    type Stream = Encrypted;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = std::io::Result<Encrypted>> + Send>>;

    fn connect(self, stream: TcpStream) -> Self::Future {
        Box::pin(async move {
            let name = ServerName::try_from("localhost").expect("a name");
            Ok(Encrypted { stream: self.tls.connect(name, stream).await?, end_point: self.end_point })
        })
    }
}

impl TlsStream for Encrypted {
    fn channel_binding(&self) -> Bound {
        Bound::tls_server_end_point(self.end_point.clone())
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, bytes)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

/// A server with the certificate and key of this folder, which wants `PASSWORD`.
pub fn start(folder: &Path, arguments: &[&str]) -> Server {
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    let files = ["--tls-cert", &certificate.to_string_lossy(), "--tls-key", &key.to_string_lossy()];
    let mut launch = Launch::on(&folder.join("data")).with(&files).with(arguments);
    launch.trust_local = false;
    launch.environment.push(("NEBULUSDB_PASSWORD".to_string(), PASSWORD.to_string()));
    launch.start()
}

fn config(mode: SslMode, binding: ChannelBinding) -> Config {
    let mut config = Config::new();
    config.user("nebulus").dbname("nebulus").password(PASSWORD).ssl_mode(mode).channel_binding(binding);
    config
}

/// The error of a connection that is refused: its SQLSTATE, or what else it says.
fn told(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |report| report.code().code().to_string())
}

async fn encrypted(server: &Server, connector: Connector, binding: ChannelBinding) -> Result<(), String> {
    let stream = TcpStream::connect(server.address).await.expect("the server listens");
    let connected = config(SslMode::Require, binding).connect_raw(stream, connector).await;
    let (client, connection) = connected.map_err(|error| told(&error))?;
    let driver = tokio::spawn(connection);
    client.simple_query("SELECT 1").await.expect("an answer");
    drop(client);
    driver.await.expect("the connection ends").expect("in order");
    Ok(())
}

async fn plain(server: &Server) -> Result<(), String> {
    let stream = TcpStream::connect(server.address).await.expect("the server listens");
    let connected = config(SslMode::Disable, ChannelBinding::Disable).connect_raw(stream, NoTls).await;
    connected.map(drop).map_err(|error| told(&error))
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
}

#[test]
fn plaintext_is_refused_where_tls_is_required() {
    for (mode, is_let_in) in [("require", false), ("remote", true), ("allow", true)] {
        let folder = tempfile::tempdir().expect("a directory");
        let certificate = Certificate::write(folder.path());
        let server = start(folder.path(), &["--tls", mode]);
        block_on(async {
            let expected = if is_let_in { Ok(()) } else { Err("28000".to_string()) };
            assert_eq!(plain(&server).await, expected, "{mode}");
            let connector = certificate.connector(certificate.end_point());
            assert_eq!(encrypted(&server, connector, ChannelBinding::Prefer).await, Ok(()), "{mode}");
        });
    }
    let folder = tempfile::tempdir().expect("a directory");
    let said = Launch::on(&folder.path().join("data")).with(&["--tls", "require"]).try_start().err();
    assert!(said.expect("there is no certificate").contains("certificate"));
}

#[test]
fn a_login_is_bound_to_the_certificate() {
    let folder = tempfile::tempdir().expect("a directory");
    let certificate = Certificate::write(folder.path());
    let server = start(folder.path(), &[]);
    block_on(async {
        let connector = || certificate.connector(certificate.end_point());
        assert_eq!(encrypted(&server, connector(), ChannelBinding::Require).await, Ok(()));
        assert_eq!(encrypted(&server, connector(), ChannelBinding::Disable).await, Ok(()));
        // What a client sees that met another certificate on the way.
        let other = certificate.connector(vec![7; 32]);
        assert_eq!(encrypted(&server, other, ChannelBinding::Require).await, Err("28000".to_string()));
    });
}

#[test]
fn sighup_reads_the_certificate_and_the_log_filter_again() {
    let folder = tempfile::tempdir().expect("a directory");
    let first = Certificate::write(folder.path());
    let file = folder.path().join("nebulusdb.toml");
    std::fs::write(&file, "log = \"info\"\n").expect("a file");
    let server = start(folder.path(), &["--config", &file.to_string_lossy()]);
    block_on(async {
        let connect = |certificate: &Certificate| {
            encrypted(&server, certificate.connector(certificate.end_point()), ChannelBinding::Require)
        };
        assert_eq!(connect(&first).await, Ok(()));
        let second = Certificate::write(folder.path());
        assert!(connect(&second).await.is_err(), "the new one is not read unasked");
        std::fs::write(&file, "log = \"debug\"\nmax_connections = 7\n").expect("a file");
        server.hang_up();
        let mut is_new = false;
        for _ in 0..ATTEMPTS_MAX {
            is_new = connect(&second).await.is_ok();
            if is_new {
                break;
            }
        }
        assert!(is_new, "{}", server.log());
        let log = server.log();
        for told in ["certificate", "the log filter is \\\"debug\\\" now", "max_connections counts from the next start"]
        {
            assert!(log.contains(told) || log.contains(&told.replace('\\', "")), "{told}: {log}");
        }
        // What is wrong changes nothing, and the server goes on.
        let mut broken = String::new();
        writeln!(broken, "nonsense").expect("text grows");
        std::fs::write(folder.path().join("cert.pem"), &broken).expect("a file");
        server.hang_up();
        for _ in 0..ATTEMPTS_MAX {
            assert_eq!(connect(&second).await, Ok(()));
            if server.log().contains("nothing was changed") {
                return;
            }
        }
        panic!("nothing was said: {}", server.log());
    });
}
