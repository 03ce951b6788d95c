//! TLS as this program's own commands speak it, where the server wants it of everybody: `sslmode` and `sslrootcert` as psql has them.

use std::path::Path;
use std::process::Output;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use serde_json::json;

use crate::harness::{Server, program};
use crate::mcp::Agent;
use crate::tls::{self, Certificate, PASSWORD};

/// A server that wants TLS, with a certificate for `localhost` that signs itself as `openssl req -x509` makes them.
struct Guarded {
    folder: tempfile::TempDir,
    server: Server,
}

impl Guarded {
    fn start() -> Guarded {
        let folder = tempfile::tempdir().expect("a folder");
        let mut parameters = CertificateParams::new(vec!["localhost".to_string()]).expect("a name");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.self_signed(&key).expect("a certificate");
        std::fs::write(folder.path().join("key.pem"), key.serialize_pem()).expect("a file");
        std::fs::write(folder.path().join("cert.pem"), certificate.pem()).expect("a file");
        let server = tls::start(folder.path(), &["--tls", "require"]);
        Guarded { folder, server }
    }

    fn url(&self, host: &str, options: &str) -> String {
        format!("postgresql://nebulus@{host}:{}/nebulus?{options}", self.server.address.port())
    }

    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = program();
        for name in ["PGSSLMODE", "PGSSLROOTCERT", "SSL_CERT_FILE"] {
            command.env_remove(name);
        }
        command.env("HOME", self.folder.path()).env("NEBULUSDB_PASSWORD", PASSWORD).envs(variables.iter().copied());
        command.args(arguments).output().expect("the program runs")
    }

    /// What `query` prints, or what it says when it fails.
    fn query(&self, url: &str, variables: &[(&str, &str)]) -> Result<String, String> {
        let output = self.run(&["query", "--plain", "--url", url, "SELECT 1"], variables);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_string();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

#[test]
fn commands_use_tls_and_believe_whom_they_are_told_to() {
    let guarded = Guarded::start();
    let own = guarded.folder.path().join("cert.pem");
    let other = tempfile::tempdir().expect("a folder");
    Certificate::write(other.path());
    let (own, other) = (text(&own), other.path().join("cert.pem"));
    let asked = |host: &str, options: &str| guarded.query(&guarded.url(host, options), &[]);
    let believed = [
        ("127.0.0.1", String::new()),
        ("127.0.0.1", "sslmode=require&channel_binding=require".to_string()),
        ("127.0.0.1", format!("sslmode=verify-ca&sslrootcert={own}")),
        ("localhost", format!("sslmode=verify-full&sslrootcert={own}&channel_binding=require")),
    ];
    for (host, options) in believed {
        assert_eq!(asked(host, &options).as_deref(), Ok("1"), "{host} {options}");
    }
    let words = format!(
        "host=localhost port={} user=nebulus dbname=nebulus sslmode=verify-full sslrootcert='{own}'",
        guarded.server.address.port()
    );
    assert_eq!(guarded.query(&words, &[]).as_deref(), Ok("1"));
    let variables = [("PGSSLMODE", "verify-full"), ("PGSSLROOTCERT", own)];
    assert_eq!(guarded.query(&guarded.url("localhost", ""), &variables).as_deref(), Ok("1"));

    let said = asked("127.0.0.1", "sslmode=disable").expect_err("the server wants TLS");
    assert!(said.contains("TLS"), "{said}");
    for (host, root) in [("127.0.0.1", own), ("localhost", text(&other))] {
        let said = asked(host, &format!("sslmode=verify-full&sslrootcert={root}")).expect_err("another certificate");
        assert!(said.contains("certificate") && said.contains("hint: sslrootcert=FILE names"), "{said}");
    }
    let said =
        asked("localhost", &format!("sslmode=require&sslrootcert={}", text(&other))).expect_err("not its authority");
    assert!(said.contains("certificate"), "{said}");
    let said = asked("localhost", "sslmode=verify-full").expect_err("nobody to believe");
    assert!(said.contains(".postgresql/root.crt") && said.contains("sslrootcert=FILE"), "{said}");
    let said = asked("localhost", "sslmode=allow").expect_err("no such mode");
    assert!(said.contains("sslmode is \"allow\"") && said.contains("verify-full"), "{said}");
    let open = Server::start();
    let url = format!("postgresql://nebulus@{}/nebulus?sslmode=require", open.address);
    let said = guarded.query(&url, &[]).expect_err("a server without TLS");
    assert!(said.contains("does not support TLS") && said.contains("--tls-cert"), "{said}");
    let said = asked("localhost", "sslrootcert=/nowhere.pem").expect_err("no such file");
    assert!(said.contains("/nowhere.pem"), "{said}");
}

#[test]
fn backups_and_agents_use_tls_where_the_server_wants_it() {
    let guarded = Guarded::start();
    let backups = guarded.folder.path().join("backups");
    let output = guarded.run(&["backup", text(&backups), "--url", &guarded.url("127.0.0.1", "")], &[]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.starts_with("backup 000001-"), "{output:?}");
    let url = guarded
        .url("127.0.0.1", "sslmode=require")
        .replace("nebulus@", &format!("nebulus:{}@", PASSWORD.replace(' ', "%20")));
    let mut agent = Agent::on(&url, &[]);
    let called = agent.call("query", &json!({"statement": "SELECT 1 AS one"}));
    assert!(!called.is_error, "{}", called.text);
}
