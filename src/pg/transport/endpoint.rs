//! What a server's certificate binds a login to: the channel binding `tls-server-end-point` (RFC 5929, section 4).
//!
//! It is the hash of the certificate, by the hash function of its signature; MD5 and SHA-1 give way to SHA-256. Where the
//! signature has no hash function of its own (Ed25519), or names it in its parameters (RSASSA-PSS), nothing is bound.

use sha2::{Digest, Sha256, Sha384, Sha512};

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;

/// The binding of a certificate in DER; `None` where RFC 5929 leaves it undefined.
pub fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let (tag, fields, _) = element(certificate)?;
    let (_, _, behind_body) = element(fields).filter(|_| tag == SEQUENCE)?;
    let (tag, algorithm, _) = element(behind_body)?;
    let (kind, identifier, _) = element(algorithm).filter(|_| tag == SEQUENCE)?;
    if kind != OBJECT_IDENTIFIER {
        return None;
    }
    Some(match identifier {
        // 1.2.840.113549.1.1: md5, sha1, sha256, sha384 and sha512 WithRSAEncryption.
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 4 | 5 | 11] => Sha256::digest(certificate).to_vec(),
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 12] => Sha384::digest(certificate).to_vec(),
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 13] => Sha512::digest(certificate).to_vec(),
        // 1.2.840.10045.4: ecdsa-with-SHA1, -SHA256, -SHA384 and -SHA512.
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 1] | [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 3, 2] => {
            Sha256::digest(certificate).to_vec()
        }
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 3, 3] => Sha384::digest(certificate).to_vec(),
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 3, 4] => Sha512::digest(certificate).to_vec(),
        _ => return None,
    })
}

/// The first element of DER: its tag, what it holds, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&short, rest) = rest.split_first()?;
    let (length, rest) = match short {
        0..=0x7f => (usize::from(short), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(short & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (inside, behind) = rest.split_at_checked(length)?;
    Some((tag, inside, behind))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};

    use super::*;

    fn certificate(algorithm: &'static rcgen::SignatureAlgorithm) -> Vec<u8> {
        let key = KeyPair::generate_for(algorithm).unwrap();
        CertificateParams::new(vec!["localhost".to_string()]).unwrap().self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn the_hash_is_that_of_the_signature() {
        let der = certificate(&PKCS_ECDSA_P256_SHA256);
        assert_eq!(end_point(&der), Some(Sha256::digest(&der).to_vec()));
        let der = certificate(&PKCS_ECDSA_P384_SHA384);
        assert_eq!(end_point(&der), Some(Sha384::digest(&der).to_vec()));
    }

    #[test]
    fn what_has_no_hash_binds_nothing() {
        assert_eq!(end_point(&certificate(&PKCS_ED25519)), None);
        let der = certificate(&PKCS_ECDSA_P256_SHA256);
        for length in 0..der.len() {
            assert_eq!(end_point(&der[..length]), None);
        }
        assert_eq!(end_point(b"\x30\x84\xff\xff\xff\xff"), None);
    }
}
