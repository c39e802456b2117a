//! Secrets: sealing, hashing of tokens, random secrets.
//!
//! Secrets are sealed by data keys, which are random and kept sealed by the master key. Owns the
//! ways of sealing and the keys in memory; which data keys there are is in `secrets`. What is sealed
//! or hashed, and where it is stored, is the callers' affair.

mod cipher;
mod master;

use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub(crate) use master::sync_folder;
pub use master::{MasterKey, Missing};

use cipher::Cipher;

/// Sealed by the master key itself: as it was before there were data keys.
const BY_MASTER_KEY: &str = "v1:";
/// Sealed by the data key that is named behind it.
pub(crate) const BY_DATA_KEY: &str = "v2:";

/// Why a secret or the master key could not be used. Never holds the secret.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("could not read the master key {}: {cause}", .path.display())]
    Read { path: PathBuf, cause: io::Error },

    #[error("could not write the master key {}: {cause}", .path.display())]
    Write { path: PathBuf, cause: io::Error },

    #[error(
        "the master key {} can be read by others (mode {mode:04o}): run `chmod 600` on it",
        .path.display()
    )]
    Open { path: PathBuf, mode: u32 },

    #[error("the master key {place} is {why}: {remedy}")]
    Unusable { place: String, why: &'static str, remedy: &'static str },

    #[error("it was sealed with another master key, or altered")]
    Sealed,

    #[error("there is no data key to seal with")]
    NoDataKey,
}

/// Seals and opens.
#[derive(Clone)]
pub struct Vault {
    master: Cipher,
    ring: Arc<RwLock<Ring>>,
}

/// The data keys in memory.
#[derive(Default)]
struct Ring {
    /// The one that seals.
    current: Option<String>,
    keys: BTreeMap<String, Cipher>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// Without data keys: it opens what the master key sealed itself.
    pub(crate) fn new(master: &MasterKey) -> Self {
        Self { master: master.cipher(), ring: Arc::default() }
    }

    /// Opens with this data key from now on.
    pub(crate) fn learn(&self, id: &str, key: &DataKey) {
        self.change(|ring| {
            ring.keys.insert(id.to_owned(), Cipher::new(&key.0));
        });
    }

    /// Seals with this data key from now on.
    pub(crate) fn seal_with(&self, id: &str) {
        self.change(|ring| ring.current = Some(id.to_owned()));
    }

    /// Knows a data key no more.
    pub(crate) fn forget(&self, id: &str) {
        self.change(|ring| {
            ring.keys.remove(id);
        });
    }

    fn change(&self, change: impl FnOnce(&mut Ring)) {
        // Each change is whole: a ring whose lock was left by a panic is still one.
        change(&mut self.ring.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Seals a text. `context` names what it belongs to: it opens nowhere else.
    pub fn seal(&self, plain: &SecretString, context: &str) -> Result<String, VaultError> {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        let id = ring.current.as_ref().ok_or(VaultError::NoDataKey)?;
        let key = ring.keys.get(id).ok_or(VaultError::NoDataKey)?;
        let sealed = key.seal(plain.expose_secret().as_bytes(), context)?;
        Ok(format!("{}{sealed}", sealed_by(id)))
    }

    /// Opens what was sealed for the same context.
    pub fn open_sealed(&self, sealed: &str, context: &str) -> Result<SecretString, VaultError> {
        let plain = match sealed.strip_prefix(BY_MASTER_KEY) {
            Some(sealed) => self.master.open(sealed, context)?,
            None => self.open_by_data_key(sealed, context)?,
        };
        let text = std::str::from_utf8(&plain).map_err(|_| VaultError::Sealed)?;
        Ok(text.to_owned().into())
    }

    fn open_by_data_key(
        &self,
        sealed: &str,
        context: &str,
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let named = sealed.strip_prefix(BY_DATA_KEY).and_then(|rest| rest.split_once(':'));
        let (id, sealed) = named.ok_or(VaultError::Sealed)?;
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        ring.keys.get(id).ok_or(VaultError::Sealed)?.open(sealed, context)
    }
}

/// How everything begins that a data key sealed.
pub(crate) fn sealed_by(id: &str) -> String {
    format!("{BY_DATA_KEY}{id}:")
}

/// A key that seals secrets.
pub(crate) struct DataKey(Zeroizing<[u8; cipher::KEY_BYTES]>);

impl DataKey {
    pub(crate) fn generate() -> Self {
        Self(Zeroizing::new(rand::random()))
    }
}

/// A new secret of 32 random bytes, in hexadecimal behind a prefix that scanners can find.
pub fn random_secret(prefix: &str) -> SecretString {
    let bytes: Zeroizing<[u8; 32]> = Zeroizing::new(rand::random());
    format!("{prefix}{}", to_hex(&*bytes)).into()
}

/// How secrets with 256 random bits are stored: plain SHA-256 suffices, there is nothing to guess.
pub fn hash(secret: &str) -> String {
    to_hex(&Sha256::digest(secret.as_bytes()))
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pair = |pair: &[u8]| u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok();
    text.len().is_multiple_of(2).then(|| text.as_bytes().chunks(2).map(pair).collect())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> Vault {
        let vault = Vault::new(&MasterKey::generate());
        vault.learn("a", &DataKey::generate());
        vault.seal_with("a");
        vault
    }

    #[test]
    fn what_is_sealed_opens_only_in_its_context_and_with_its_key() {
        let (vault, other) = (vault(), vault());
        let sealed = vault.seal(&"secret".into(), "key:a").expect("sealed");
        assert!(sealed.starts_with("v2:a:") && !sealed.contains("secret"));
        assert_eq!(vault.open_sealed(&sealed, "key:a").expect("opened").expose_secret(), "secret");
        assert!(vault.open_sealed(&sealed, "key:b").is_err());
        assert!(other.open_sealed(&sealed, "key:a").is_err());
        for broken in ["", "v1:", "v1:zz", "v2:00", "v2:a:", "v2:b:00", &sealed[..sealed.len() - 2]]
        {
            assert!(vault.open_sealed(broken, "key:a").is_err(), "{broken}");
        }
    }

    #[test]
    fn another_data_key_takes_over_and_the_older_one_still_opens() {
        let vault = vault();
        let older = vault.seal(&"secret".into(), "key:a").expect("sealed");
        vault.learn("b", &DataKey::generate());
        vault.seal_with("b");
        let newer = vault.seal(&"secret".into(), "key:a").expect("sealed");
        assert!(newer.starts_with("v2:b:"));
        vault.open_sealed(&older, "key:a").expect("opened");
        vault.forget("a");
        vault.open_sealed(&older, "key:a").expect_err("nothing opens it");
        vault.open_sealed(&newer, "key:a").expect("opened");
    }

    #[test]
    fn what_the_master_key_sealed_itself_still_opens() {
        let master = MasterKey::generate();
        let sealed = master.cipher().seal(b"secret", "key:a").expect("sealed");
        let vault = Vault::new(&master);
        let opened = vault.open_sealed(&format!("v1:{sealed}"), "key:a").expect("opened");
        assert_eq!(opened.expose_secret(), "secret");
        assert!(matches!(vault.seal(&"x".into(), "key:a"), Err(VaultError::NoDataKey)));
    }
}
