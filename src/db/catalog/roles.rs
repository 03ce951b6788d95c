//! Who may connect: the owner's SCRAM verifier.

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};

/// The one user of a node.
pub const OWNER: &str = "nebulus";

/// What the server keeps of a password (RFC 5803): enough to check it, not enough to log in with it elsewhere.
#[derive(Clone, Serialize, Deserialize)]
pub struct ScramVerifier {
    pub iterations: u32,
    pub salt: Vec<u8>,
    pub stored_key: Vec<u8>,
    pub server_key: Vec<u8>,
}

impl std::fmt::Debug for ScramVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ScramVerifier({} iterations)", self.iterations)
    }
}

impl ScramVerifier {
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|error| Error::internal(error.to_string()))
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        serde_json::from_slice(bytes)
            .map_err(|_| Error::new(ErrorKind::Corrupted, "the stored password verifier cannot be read"))
    }
}
