//! The secrets of a network's epochs and the keys made of them.
//!
//! Every epoch has a secret text; whoever knows it can join. The key that peers prove to one another is stretched from it.
//! Older secrets are kept, so that a member that was away while the epoch changed can be recognised and told.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::store::stretch_secret;

/// What the secrets of networks are sealed under in the vault; no collection can have this name.
pub(crate) const NETWORK_SECRETS: &str = "$networks";
/// Shortest and longest secret, in bytes.
pub const NETWORK_SECRET_BYTES: std::ops::RangeInclusive<usize> = 8..=1024;
/// Older epochs whose secrets are kept.
const OLD_EPOCHS_MAX: usize = 16;
/// Random bytes of a secret that nobody chose.
const RANDOM_BYTES: usize = 24;

/// The key of one epoch. Wiped on drop and never printed.
#[derive(Clone)]
pub struct NetworkKey {
    pub epoch: u64,
    pub key: Zeroizing<[u8; 32]>,
}

/// The secret of one epoch.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochSecret {
    pub epoch: u64,
    /// What the charter's commitment to the secret is salted with; zeroes where the charter does not know of the epoch.
    #[serde(default)]
    pub salt: [u8; 16],
    #[serde(with = "wiped_text")]
    pub secret: Zeroizing<String>,
}

/// A text that is wiped on drop, as serde writes and reads it.
mod wiped_text {
    use serde::{Deserialize, Deserializer, Serializer};
    use zeroize::Zeroizing;

    /// Writes the text.
    ///
    /// # Errors
    /// What the serializer returns.
    pub fn serialize<S: Serializer>(text: &Zeroizing<String>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text)
    }

    /// Reads a text.
    ///
    /// # Errors
    /// What the deserializer returns.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zeroizing<String>, D::Error> {
        String::deserialize(deserializer).map(Zeroizing::new)
    }
}

/// Secrets, newest first.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct NetworkSecrets(Vec<EpochSecret>);

impl fmt::Debug for NetworkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key of epoch {}", self.epoch)
    }
}

impl fmt::Debug for EpochSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "secret of epoch {}", self.epoch)
    }
}

impl fmt::Debug for NetworkSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "secrets of {} epochs", self.0.len())
    }
}

impl NetworkSecrets {
    pub fn new(epoch: u64, secret: Zeroizing<String>) -> Self {
        NetworkSecrets(vec![EpochSecret { epoch, salt: [0; 16], secret }])
    }

    /// With the secret of a newer epoch; where that is the same text, only its number and salt change.
    #[must_use]
    pub fn with(&self, secret: EpochSecret) -> Self {
        let mut secrets = self.0.clone();
        secrets.retain(|known| known.secret != secret.secret);
        secrets.insert(0, secret);
        secrets.truncate(OLD_EPOCHS_MAX);
        NetworkSecrets(secrets)
    }

    pub fn contains(&self, secret: &str) -> bool {
        self.0.iter().any(|known| known.secret.as_str() == secret)
    }

    pub fn newest(&self) -> Option<&EpochSecret> {
        self.0.first()
    }

    /// The keys of all epochs, newest first. Stretching takes a tenth of a second each: the caller keeps them.
    ///
    /// # Errors
    /// As [`stretch_secret`]: F0000 where Argon2 refuses its parameters.
    pub fn keys(&self, network: &str) -> Result<Vec<NetworkKey>> {
        self.0
            .iter()
            .map(|known| Ok(NetworkKey { epoch: known.epoch, key: stretch_secret(&known.secret, network)? }))
            .collect()
    }

    /// The secrets as they are sealed.
    ///
    /// # Errors
    /// None today; XX000 for secrets that cannot be written as JSON.
    pub fn to_text(&self) -> Result<Zeroizing<String>> {
        serde_json::to_string(self).map(Zeroizing::new).map_err(|error| Error::internal(error.to_string()))
    }

    /// Reads what [`NetworkSecrets::to_text`] wrote.
    ///
    /// # Errors
    /// XX001 for what is no list of secrets.
    pub fn from_text(text: &[u8]) -> Result<Self> {
        serde_json::from_slice(text)
            .map_err(|_| Error::new(ErrorKind::Corrupted, "the secrets of a network cannot be read"))
    }
}

/// Checks a secret that somebody chose, or makes one.
///
/// # Errors
/// 22023 for one that is too short or too long; the message does not show it.
pub(crate) fn chosen_or_random(secret: Option<&str>) -> Result<Zeroizing<String>> {
    match secret {
        Some(secret) if NETWORK_SECRET_BYTES.contains(&secret.len()) => Ok(Zeroizing::new(secret.to_string())),
        Some(secret) => Err(Error::new(
            ErrorKind::InvalidParameterValue,
            format!(
                "the secret of a network has {} bytes, allowed are {} to {}",
                secret.len(),
                NETWORK_SECRET_BYTES.start(),
                NETWORK_SECRET_BYTES.end()
            ),
        )),
        None => {
            let mut bytes = Zeroizing::new([0; RANDOM_BYTES]);
            getrandom::fill(bytes.as_mut_slice())
                .map_err(|error| Error::internal(format!("no randomness: {error}")))?;
            Ok(Zeroizing::new(bs58::encode(bytes.as_slice()).into_string()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_epoch_comes_first_and_the_same_secret_stands_once() {
        let text = |text: &str| Zeroizing::new(text.to_string());
        let of = |epoch, secret| EpochSecret { epoch, salt: [7; 16], secret: text(secret) };
        let secrets = NetworkSecrets::new(1, text("first secret")).with(of(2, "second secret"));
        let secrets = secrets.with(of(5, "second secret"));
        let epochs: Vec<u64> = secrets.0.iter().map(|known| known.epoch).collect();
        assert_eq!(epochs, [5, 1]);
        let back = NetworkSecrets::from_text(secrets.to_text().unwrap().as_bytes()).unwrap();
        let old = NetworkSecrets::from_text(br#"[{"epoch": 3, "secret": "first secret"}]"#).unwrap();
        assert_eq!(old.newest().map(|known| (known.epoch, known.salt)), Some((3, [0; 16])), "as it was kept before");
        assert_eq!(back.newest().unwrap().secret.as_str(), "second secret");
        assert!(!format!("{secrets:?} {:?}", secrets.newest()).contains("second secret"));
    }

    #[test]
    fn secrets_out_of_bounds_are_refused_without_being_shown() {
        let error = chosen_or_random(Some("short")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidParameterValue);
        assert!(!error.to_string().contains("short"));
        assert_ne!(chosen_or_random(None).unwrap(), chosen_or_random(None).unwrap());
    }
}
