//! Which server holds a data directory, and where it listens: a small file beside the data, for programs of the same user.
//!
//! A server writes it when it listens and takes it away when it ends. One that was killed leaves it behind; whoever reads it
//! ignores it then. It is a hint and no lock: the store has its own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::store::files::private_file;

const FILE: &str = "server.json";
/// Largest such file, in bytes.
const FILE_BYTES_MAX: usize = 4 * 1024;

/// A server that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningServer {
    pub pid: u32,
    /// Where it speaks PostgreSQL's protocol.
    pub listen: SocketAddr,
    /// Where its health and metrics page is; `None` where it has none.
    pub admin: Option<SocketAddr>,
}

/// The file of a server; dropping it takes it away.
#[derive(Debug)]
pub struct RunningFile(PathBuf);

impl RunningServer {
    /// The server that holds a data directory; `None` where none is known, or the one that is has gone.
    pub fn of(data_directory: &Path) -> Option<RunningServer> {
        // What cannot be read is no hint.
        let bytes = private_file::read(&data_directory.join(FILE), FILE_BYTES_MAX).ok()??;
        let server: RunningServer = serde_json::from_slice(&bytes).ok()?;
        is_alive(server.pid).then_some(server)
    }

    /// Tells of this server until the result is dropped. What a server has left that was killed is replaced.
    ///
    /// # Errors
    /// 53100 and 58030 where the file cannot be written.
    pub fn tell(&self, data_directory: &Path) -> Result<RunningFile> {
        let path = data_directory.join(FILE);
        let text = serde_json::to_vec(self).map_err(|error| Error::internal(format!("{FILE}: {error}")))?;
        private_file::replace(&path, &text)?;
        Ok(RunningFile(path))
    }

    /// Where a client on this machine reaches it: one that listens on all addresses does so on this one.
    pub fn address(&self) -> SocketAddr {
        let mut address = self.listen;
        match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        address
    }
}

impl Drop for RunningFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %self.0.display(), %error, "the file that tells of this server stays behind");
        }
    }
}

/// Whether a process of that number runs. Where that cannot be asked it is taken for alive: who connects finds out.
fn is_alive(pid: u32) -> bool {
    !cfg!(target_os = "linux") || Path::new("/proc").join(pid.to_string()).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_found_until_it_ends() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(RunningServer::of(directory.path()), None);
        let listen = "0.0.0.0:5433".parse().unwrap();
        let server = RunningServer { pid: std::process::id(), listen, admin: None };
        let file = server.tell(directory.path()).unwrap();
        assert_eq!(RunningServer::of(directory.path()), Some(server.clone()));
        assert_eq!(server.address().to_string(), "127.0.0.1:5433");
        drop(file);
        assert_eq!(RunningServer::of(directory.path()), None);
        // Larger than any number that a system gives a process.
        let killed = RunningServer { pid: i32::MAX.cast_unsigned(), ..server };
        std::mem::forget(killed.tell(directory.path()).unwrap());
        assert_eq!(RunningServer::of(directory.path()), None);
        drop(RunningServer { pid: 1, ..killed }.tell(directory.path()).unwrap());
    }
}
