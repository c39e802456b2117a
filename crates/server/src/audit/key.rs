//! What proves entries and their places: keyed hashes, so that who can write to the database cannot
//! forge them without the master key.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{db::audit::Written, vault::to_hex};

/// The hash before the first entry.
pub(super) const BEGINNING: &str =
    "0000000000000000000000000000000000000000000000000000000000000000";

/// One for entries and one for places: what proves the one never proves the other.
#[derive(Clone)]
pub(crate) struct AuditKey {
    entries: Zeroizing<[u8; 32]>,
    places: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuditKey")
    }
}

impl AuditKey {
    /// The keys that come from a secret of 256 random bits.
    pub(super) fn derive(secret: &SecretString) -> Self {
        let source = Hkdf::<Sha256>::new(None, secret.expose_secret().as_bytes());
        let derived = |purpose: &str| {
            let mut key = Zeroizing::new([0; 32]);
            source.expand(purpose.as_bytes(), &mut *key).expect("32 bytes are not too many");
            key
        };
        Self {
            entries: derived("portolan audit v1 entries"),
            places: derived("portolan audit v1 places"),
        }
    }

    /// Proves an entry.
    pub(super) fn prove(&self, entry: &Written) -> String {
        let (at, written) = (entry.at.to_string(), entry.written.to_string());
        hash(
            &self.entries,
            [
                Some(entry.id.as_str()),
                entry.team_id.as_deref(),
                Some(&at),
                Some(&written),
                Some(&entry.kind),
                Some(&entry.outcome),
                entry.user_id.as_deref(),
                Some(&entry.author),
                entry.address.as_deref(),
                entry.request_id.as_deref(),
                entry.operation.as_deref(),
                entry.subject_type.as_deref(),
                entry.subject_id.as_deref(),
                entry.subject_name.as_deref(),
                Some(&entry.message),
                entry.event_id.as_deref(),
                entry.before_digest.as_deref(),
                entry.after_digest.as_deref(),
            ],
        )
    }

    /// Proves the place of an entry behind all earlier ones.
    pub(super) fn link(&self, sequence: i64, previous: &str, proof: &str) -> String {
        hash(&self.places, [Some(sequence.to_string().as_str()), Some(previous), Some(proof)])
    }
}

/// Each part with its length, so that nothing can move from one to the next.
fn hash<const PARTS: usize>(key: &[u8; 32], parts: [Option<&str>; PARTS]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("an HMAC takes a key of any length");
    for part in parts {
        match part {
            None => mac.update(&[0]),
            Some(text) => {
                mac.update(&[1]);
                mac.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
                mac.update(text.as_bytes());
            }
        }
    }
    to_hex(&mac.finalize().into_bytes())
}
