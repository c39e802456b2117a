//! Signatures of authenticators: the public keys that are taken, and whether something was signed
//! with one.
//!
//! Each kind of key is used in one way only, so that whoever sends a signature cannot choose a
//! weaker one. Owns no format in which keys travel: that is `cose`.

use ring::signature::{
    self, ECDSA_P256_SHA256_ASN1, ED25519, RsaPublicKeyComponents, UnparsedPublicKey,
};

/// A public key of somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PublicKey {
    /// RS256: PKCS #1 v1.5 with SHA-256, 2048 to 8192 bits. Big-endian, without leading zeros.
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    /// ES256: ECDSA over P-256 with SHA-256, in DER. The uncompressed point.
    P256(Vec<u8>),
    /// EdDSA over Ed25519.
    Ed25519(Vec<u8>),
}

/// It was not signed with this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not fit")]
pub(super) struct Forged;

impl PublicKey {
    /// A point of P-256 by its coordinates.
    pub(super) fn p256(x: &[u8], y: &[u8]) -> Option<Self> {
        (x.len() == 32 && y.len() == 32).then(|| Self::P256([&[4], x, y].concat()))
    }

    /// An RSA key by its numbers.
    pub(super) fn rsa(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let plain = |number: &[u8]| {
            let begin = number.iter().position(|byte| *byte != 0)?;
            Some(number[begin..].to_vec())
        };
        Some(Self::Rsa { modulus: plain(modulus)?, exponent: plain(exponent)? })
    }

    /// A key of Ed25519.
    pub(super) fn ed25519(point: &[u8]) -> Option<Self> {
        (point.len() == 32).then(|| Self::Ed25519(point.to_vec()))
    }

    /// Checks a signature over a message.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Forged> {
        let verified = match self {
            Self::Rsa { modulus: n, exponent: e } => RsaPublicKeyComponents { n, e }.verify(
                &signature::RSA_PKCS1_2048_8192_SHA256,
                message,
                signature,
            ),
            Self::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
            }
            Self::Ed25519(point) => {
                UnparsedPublicKey::new(&ED25519, point).verify(message, signature)
            }
        };
        verified.map_err(|_| Forged)
    }
}
