//! What a connection string and the environment say of TLS: `sslmode` and `sslrootcert` with the meaning that they have for
//! psql (<https://www.postgresql.org/docs/current/libpq-ssl.html>), whose driver here knows only some of their values.

use std::ops::Range;
use std::path::{Path, PathBuf};

use directories::BaseDirs;
use tokio_postgres::config::SslMode;

use crate::error::{Error, ErrorKind, Result};

/// How the URL of a server begins.
const SCHEMES: [&str; 2] = ["postgresql://", "postgres://"];
const MODE: &str = "sslmode";
const ROOTS: &str = "sslrootcert";
/// The value of `sslrootcert` that means what the system trusts.
const SYSTEM: &str = "system";
/// The file of authorities that is believed where none is named, below the home directory.
const ROOTS_DEFAULT: &str = ".postgresql/root.crt";
/// Where systems keep the authorities that they trust; the first that is there counts.
const SYSTEM_ROOTS: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Which TLS is wanted, and whom it believes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TlsOptions {
    pub mode: SslMode,
    /// The file of authorities, one of which must have signed the server's certificate; `None` where any certificate will do.
    pub roots: Option<PathBuf>,
    /// Whether the certificate has to be one for the server's name.
    pub checks_name: bool,
}

/// The options as they are written.
#[derive(Default)]
struct Written {
    mode: Option<String>,
    roots: Option<String>,
}

impl TlsOptions {
    /// Takes the options of TLS out of a connection string; the rest is for the driver. What the string does not say is taken
    /// from PGSSLMODE and PGSSLROOTCERT.
    ///
    /// # Errors
    /// F0000 for a mode that there is not, and where there is no file of authorities to check by.
    pub fn take(text: &str) -> Result<(TlsOptions, String)> {
        let mut written = Written::default();
        let rest = if SCHEMES.iter().any(|scheme| text.starts_with(scheme)) {
            written.take_from_url(text)
        } else {
            written.take_from_words(text)
        };
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let mode = written.mode.or_else(|| variable("PGSSLMODE"));
        let roots = written.roots.or_else(|| variable("PGSSLROOTCERT"));
        Ok((TlsOptions::of(mode.as_deref(), roots.as_deref(), &Places::of_system())?, rest))
    }

    fn of(mode: Option<&str>, roots: Option<&str>, places: &Places) -> Result<TlsOptions> {
        let is_system = roots == Some(SYSTEM);
        let mode = mode.unwrap_or(if is_system { "verify-full" } else { "prefer" });
        let wrong = |what: String, hint: &str| Err(Error::new(ErrorKind::Configuration, what).with_hint(hint));
        if is_system && mode != "verify-full" {
            let what = format!("sslmode is \"{mode}\", which is too weak for sslrootcert=system");
            return wrong(what, "Use sslmode=verify-full, or leave it out.");
        }
        let named = match roots {
            Some(SYSTEM) => Some(places.system.clone().ok_or_else(|| {
                Error::new(ErrorKind::Configuration, "the authorities that this system trusts are not found")
                    .with_hint("Install ca-certificates, or name a file of certificates by SSL_CERT_FILE.")
            })?),
            named => named.map(PathBuf::from),
        };
        let usual = || places.usual.clone().filter(|path| path.exists());
        let options = |mode, roots, checks_name| Ok(TlsOptions { mode, roots, checks_name });
        match mode {
            "disable" => options(SslMode::Disable, None, false),
            // Whoever may be spoken to in plaintext need not be known: authorities count where they are named here.
            "prefer" => options(SslMode::Prefer, named, false),
            "require" => options(SslMode::Require, named.or_else(usual), false),
            "verify-ca" | "verify-full" => {
                let Some(roots) = named.or_else(usual) else {
                    let file = places.usual.as_deref().unwrap_or(Path::new(ROOTS_DEFAULT));
                    let what = format!("sslmode is {mode}, and there is no file {} to check by", file.display());
                    return wrong(
                        what,
                        "Name the certificate of the server, or of whoever signed it, by sslrootcert=FILE; sslrootcert=system \
                         is for certificates of public authorities.",
                    );
                };
                options(SslMode::Require, Some(roots), mode == "verify-full")
            }
            _ => wrong(
                format!("sslmode is \"{mode}\""),
                "It is one of disable, prefer, require, verify-ca and verify-full.",
            ),
        }
    }
}

/// Where files of authorities are looked for.
struct Places {
    usual: Option<PathBuf>,
    system: Option<PathBuf>,
}

impl Places {
    fn of_system() -> Places {
        let own = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
        let known = || SYSTEM_ROOTS.iter().map(PathBuf::from).find(|path| path.exists());
        Places {
            usual: BaseDirs::new().map(|directories| directories.home_dir().join(ROOTS_DEFAULT)),
            system: own.or_else(known),
        }
    }
}

impl Written {
    /// Keeps an option of TLS; false for every other one.
    fn keep(&mut self, name: &str, value: String) -> bool {
        match name {
            MODE => self.mode = Some(value),
            ROOTS => self.roots = Some(value),
            _ => return false,
        }
        true
    }

    /// `postgresql://…?sslmode=require&…`; the rest of the URL.
    fn take_from_url(&mut self, url: &str) -> String {
        // A password may hold a question mark.
        let from = url.find('@').unwrap_or(0);
        let Some(at) = url.get(from..).and_then(|rest| rest.find('?')).map(|at| from + at) else {
            return url.to_string();
        };
        let (head, query) = url.split_at(at);
        let others: Vec<&str> = query
            .trim_start_matches('?')
            .split('&')
            .filter(|pair| !pair.split_once('=').is_some_and(|(name, value)| self.keep(name, unescaped(value))))
            .collect();
        if others.is_empty() { head.to_string() } else { format!("{head}?{}", others.join("&")) }
    }

    /// `host=… sslmode=require`; the rest of the words.
    fn take_from_words(&mut self, text: &str) -> String {
        let mut rest = text.to_string();
        for (place, name, value) in words(text).into_iter().rev() {
            if self.keep(&name, value) {
                rest.replace_range(place, "");
            }
        }
        rest
    }
}

/// A text of a URL without its `%` escapes; one that is broken stays as it is.
fn unescaped(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = after.get(..2).filter(|_| byte == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(escaped) => {
                bytes.push(escaped);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_string())
}

/// The pairs of a connection string of words, with their places; up to where it is none any more, which the driver will tell.
fn words(text: &str) -> Vec<(Range<usize>, String, String)> {
    let (mut found, mut characters) = (Vec::new(), text.char_indices().peekable());
    loop {
        while characters.next_if(|(_, character)| character.is_whitespace()).is_some() {}
        let start = characters.peek().map_or(text.len(), |(at, _)| *at);
        let mut name = String::new();
        while let Some((_, character)) = characters.next_if(|(_, character)| *character != '=') {
            name.push(character);
        }
        if characters.next().is_none() {
            return found;
        }
        while characters.next_if(|(_, character)| character.is_whitespace()).is_some() {}
        let is_quoted = characters.next_if(|(_, character)| *character == '\'').is_some();
        let mut value = String::new();
        while let Some((_, character)) = characters.next_if(|(_, character)| is_quoted || !character.is_whitespace()) {
            match character {
                '\'' if is_quoted => break,
                '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
                _ => value.push(character),
            }
        }
        let end = characters.peek().map_or(text.len(), |(at, _)| *at);
        found.push((start..end, name.trim_end().to_string(), value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(text: &str) -> (Option<String>, Option<String>, String) {
        let mut written = Written::default();
        let rest = if text.contains("://") { written.take_from_url(text) } else { written.take_from_words(text) };
        (written.mode, written.roots, rest)
    }

    #[test]
    fn the_options_leave_a_connection_string_and_everything_else_stays() {
        for (text, mode, roots, rest) in [
            ("postgresql://a:p?q@h:1/d?sslmode=require", Some("require"), None, "postgresql://a:p?q@h:1/d"),
            ("postgres://h?x=1&sslrootcert=%2Fa%20b&y=2", None, Some("/a b"), "postgres://h?x=1&y=2"),
            ("postgresql://h/d?application_name=sslmode", None, None, "postgresql://h/d?application_name=sslmode"),
            ("host=h sslmode=verify-ca user=u", Some("verify-ca"), None, "host=h  user=u"),
            ("sslrootcert = '/a \\'b' host=h", None, Some("/a 'b"), " host=h"),
            ("password='sslmode=require' host=h", None, None, "password='sslmode=require' host=h"),
            ("host", None, None, "host"),
        ] {
            assert_eq!(taken(text), (mode.map(str::to_string), roots.map(str::to_string), rest.to_string()), "{text}");
        }
    }

    #[test]
    fn a_mode_means_what_it_means_for_psql() {
        let home = tempfile::tempdir().unwrap();
        let usual = home.path().join("root.crt");
        let places = Places { usual: Some(usual.clone()), system: Some("/system".into()) };
        let of = |mode: Option<&str>, roots: Option<&str>| TlsOptions::of(mode, roots, &places);
        let shown = |options: Result<TlsOptions>| {
            let options = options.unwrap();
            (options.mode, options.roots.map(|path| path.display().to_string()), options.checks_name)
        };
        assert_eq!(shown(of(None, None)), (SslMode::Prefer, None, false));
        assert_eq!(shown(of(Some("require"), None)), (SslMode::Require, None, false));
        assert_eq!(shown(of(Some("require"), Some("/r"))), (SslMode::Require, Some("/r".to_string()), false));
        assert_eq!(shown(of(Some("verify-full"), Some("/r"))), (SslMode::Require, Some("/r".to_string()), true));
        assert_eq!(shown(of(None, Some("system"))), (SslMode::Require, Some("/system".to_string()), true));
        for (mode, roots) in [("verify-ca", None), ("allow", None), ("require", Some("system"))] {
            assert_eq!(of(Some(mode), roots).unwrap_err().kind(), ErrorKind::Configuration, "{mode}");
        }
        std::fs::write(&usual, "").unwrap();
        assert_eq!(shown(of(Some("require"), None)).1, Some(usual.display().to_string()));
        assert_eq!(shown(of(Some("prefer"), None)).1, None);
    }
}
