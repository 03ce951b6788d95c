//! Listening at an address, and what to do where that fails.

use std::io::{Error as IoError, ErrorKind as IoErrorKind};

use tokio::net::TcpListener;

use crate::error::{Error, ErrorKind, Result};

/// A listener at the address that an option gives.
///
/// # Errors
/// F0000 with the reason, and what to do about it.
pub(crate) async fn bind(option: &str, listen: &str) -> Result<TcpListener> {
    TcpListener::bind(listen).await.map_err(|error| cannot_listen(option, listen, &error))
}

/// The error of an address that cannot be listened on.
pub(crate) fn cannot_listen(option: &str, listen: &str, error: &IoError) -> Error {
    let hint = match error.kind() {
        IoErrorKind::AddrInUse => format!(
            "Another program listens there, perhaps another nebulusdb: stop it, or choose another port with {option}; \
             port 0 takes a free one."
        ),
        IoErrorKind::InvalidInput => format!("{option} takes an address and a port, e.g. 127.0.0.1:5433."),
        IoErrorKind::AddrNotAvailable => {
            format!("This machine does not have that address: give {option} one that it has, or 0.0.0.0 for all.")
        }
        IoErrorKind::PermissionDenied => {
            format!("Ports below 1024 belong to the system: choose another one with {option}.")
        }
        _ => format!("Give {option} an address of this machine and a port, e.g. 127.0.0.1:5433."),
    };
    Error::new(ErrorKind::Configuration, format!("cannot listen on {listen}: {error}")).with_hint(hint)
}
