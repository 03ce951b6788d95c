//! What a configuration says and only a start would find wrong: addresses, certificates, filters.

use crate::config::{FileOptions, Problem, TlsMode, read_passphrase};
use crate::error::Error;
use crate::pg::load_tls;
use crate::server::logging::read_filter;
use crate::sync;

/// Everything that is wrong with the values of these options, which are well-formed.
pub fn problems_of(options: &FileOptions) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut note = |option, error: Option<Error>| problems.extend(error.map(|error| problem(option, &error)));
    note("log", options.log.as_deref().and_then(|filter| read_filter(filter).err()));
    note("p2p_listen", options.p2p_listen.as_deref().and_then(|list| sync::listen_addresses(list).err()));
    note(
        "vault_passphrase_file",
        options.vault_passphrase_file.as_deref().and_then(|path| read_passphrase(path).err()),
    );
    if let (Some(certificate), Some(key)) = (&options.tls_cert, &options.tls_key)
        && options.tls != Some(TlsMode::Off)
    {
        note("tls_cert", load_tls(certificate, key).err());
    }
    for (option, address) in [("listen", &options.listen), ("admin", &options.admin)] {
        if let Some(address) = address.as_deref().filter(|address| !is_address(address) && *address != "off") {
            let text = format!("{option} is \"{address}\", which is no address with a port");
            problems.push(Problem::of(option, text).with_hint("Write it as 127.0.0.1:5433."));
        }
    }
    problems
}

/// Whether a text is a host and a port.
fn is_address(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

fn problem(option: &'static str, error: &Error) -> Problem {
    let problem = Problem::of(option, format!("{option}: {}", error.message()));
    match error.hint() {
        Some(hint) => problem.with_hint(hint),
        None => problem,
    }
}
