//! `nebulusdb health`: asks a running server's health page and exits with 0 when it is well, for supervisors and containers
//! that bring no HTTP client.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

use crate::config::ADMIN_DEFAULT;
use crate::error::{Error, ErrorKind, Result};

/// How long the page may take to connect, and to answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// Longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// The options of `nebulusdb health`.
#[derive(Debug, clap::Args)]
pub struct HealthArgs {
    /// Where the server has its health and metrics page: what `serve --admin` was given
    #[arg(long, value_name = "HOST:PORT", env = "NEBULUSDB_ADMIN", default_value = ADMIN_DEFAULT)]
    pub admin: String,
}

/// Prints what the page says.
///
/// # Errors
/// 58030 when nobody answers there in time, or something that is no health page does.
pub fn run(args: &HealthArgs) -> Result<ExitCode> {
    if args.admin == "off" {
        return Err(Error::new(ErrorKind::Configuration, "the pages are off, by NEBULUSDB_ADMIN or --admin")
            .with_hint("Say where the server has them with --admin HOST:PORT."));
    }
    let page = ask(&args.admin)?;
    let (head, body) = page.split_once("\r\n\r\n").unwrap_or((&page, ""));
    let is_well = match head.split(' ').nth(1) {
        Some("200") => true,
        Some("503") => false,
        _ => return Err(failed(&args.admin, "this is no health page of a server")),
    };
    std::io::stdout().write_all(body.as_bytes())?;
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn ask(admin: &str) -> Result<String> {
    let unreachable = |error: std::io::Error| failed(admin, &error.to_string());
    let address = admin.to_socket_addrs().map_err(unreachable)?.next();
    let address = address.ok_or_else(|| failed(admin, "the name has no address"))?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(unreachable)?;
    stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.set_write_timeout(Some(PATIENCE)))?;
    stream
        .write_all(format!("GET /healthz HTTP/1.1\r\nHost: {admin}\r\nConnection: close\r\n\r\n").as_bytes())
        .map_err(unreachable)?;
    let mut page = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut page).map_err(unreachable)?;
    Ok(page)
}

fn failed(admin: &str, reason: &str) -> Error {
    Error::new(ErrorKind::Io, format!("the health page at {admin}: {reason}"))
        .with_hint("Is the server running? It has its page at 127.0.0.1:8433, or where serve --admin says; its log names the address.")
}
