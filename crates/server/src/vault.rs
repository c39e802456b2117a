//! Secrets: sealing with the master key, hashing of tokens, random secrets.
//!
//! Owns the master key. What is sealed or hashed, and where it is stored, is the callers' affair.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
/// Names the way of sealing, so that another can follow.
const VERSION: &str = "v1:";

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

    #[error("the master key {} is {why}: restore it from a backup", .path.display())]
    Malformed { path: PathBuf, why: &'static str },

    #[error("it was sealed with another master key, or altered")]
    Sealed,
}

/// Seals and opens with the master key.
#[derive(Clone)]
pub struct Vault(XChaCha20Poly1305);

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// Reads the master key, or makes one where there is none and `missing` allows it.
    pub fn open(path: &Path, missing: Missing) -> Result<Self, VaultError> {
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && missing == Missing::Create => {
                create_key(path)?;
            }
            _ => {}
        }
        let key = read_key(path)?;
        Ok(Self(XChaCha20Poly1305::new((&*key).into())))
    }

    /// Seals a text. `context` names what it belongs to: it opens nowhere else.
    pub fn seal(&self, plain: &SecretString, context: &str) -> Result<String, VaultError> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload { msg: plain.expose_secret().as_bytes(), aad: context.as_bytes() };
        let sealed =
            self.0.encrypt(&XNonce::from(nonce), payload).map_err(|_| VaultError::Sealed)?;
        Ok(format!("{VERSION}{}{}", to_hex(&nonce), to_hex(&sealed)))
    }

    /// Opens what was sealed for the same context.
    pub fn open_sealed(&self, sealed: &str, context: &str) -> Result<SecretString, VaultError> {
        let bytes = sealed.strip_prefix(VERSION).and_then(from_hex).ok_or(VaultError::Sealed)?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_BYTES).ok_or(VaultError::Sealed)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| VaultError::Sealed)?;
        let payload = Payload { msg: sealed, aad: context.as_bytes() };
        let plain =
            Zeroizing::new(self.0.decrypt(&nonce, payload).map_err(|_| VaultError::Sealed)?);
        let text = std::str::from_utf8(&plain).map_err(|_| VaultError::Sealed)?;
        Ok(text.to_owned().into())
    }
}

/// What to do when there is no master key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    Create,
    Refuse,
}

fn create_key(path: &Path) -> Result<(), VaultError> {
    let key: Zeroizing<[u8; KEY_BYTES]> = Zeroizing::new(rand::random());
    write_key(path, &to_hex(&*key).into())
}

/// The master key as its file has it, checked.
pub(crate) fn export_key(path: &Path) -> Result<SecretString, VaultError> {
    Ok(to_hex(&*read_key(path)?).into())
}

/// Writes a master key to a file that is not there yet.
pub(crate) fn write_key(path: &Path, text: &SecretString) -> Result<(), VaultError> {
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(text.expose_secret().as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        // The name of the file must survive a power cut as well.
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    write().map_err(|cause| VaultError::Write { path: path.to_owned(), cause })
}

fn read_key(path: &Path) -> Result<Zeroizing<[u8; KEY_BYTES]>, VaultError> {
    let read = |cause| VaultError::Read { path: path.to_owned(), cause };
    let malformed = |why| VaultError::Malformed { path: path.to_owned(), why };
    let mode = fs::metadata(path).map_err(read)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(VaultError::Open { path: path.to_owned(), mode });
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(read)?);
    if text.trim().is_empty() {
        return Err(malformed("empty"));
    }
    let bytes = Zeroizing::new(from_hex(text.trim()).ok_or_else(|| malformed("not hexadecimal"))?);
    let key: [u8; KEY_BYTES] =
        bytes.as_slice().try_into().map_err(|_| malformed("not 32 bytes long"))?;
    if key.iter().all(|byte| *byte == key[0]) {
        return Err(malformed("one byte over and over"));
    }
    Ok(Zeroizing::new(key))
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
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn vault() -> (tempfile::TempDir, Vault) {
        let folder = tempfile::tempdir().expect("a folder");
        let vault = Vault::open(&folder.path().join("key"), Missing::Create).expect("a vault");
        (folder, vault)
    }

    #[test]
    fn what_is_sealed_opens_only_in_its_context_and_with_its_key() {
        let (_folder, vault) = vault();
        let (_other_folder, other) = self::vault();
        let sealed = vault.seal(&"secret".into(), "key:a").expect("sealed");
        assert!(!sealed.contains("secret"));
        assert_eq!(vault.open_sealed(&sealed, "key:a").expect("opened").expose_secret(), "secret");
        assert!(vault.open_sealed(&sealed, "key:b").is_err());
        assert!(other.open_sealed(&sealed, "key:a").is_err());
        for broken in ["", "v1:", "v1:zz", "v2:00", &sealed[..sealed.len() - 2]] {
            assert!(vault.open_sealed(broken, "key:a").is_err(), "{broken}");
        }
    }

    #[test]
    fn a_weak_or_open_master_key_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        assert!(matches!(Vault::open(&path, Missing::Refuse), Err(VaultError::Read { .. })));
        for (text, why) in [
            ("", "empty"),
            ("\n", "empty"),
            ("hello", "not hexadecimal"),
            ("00ff", "not 32 bytes long"),
            (&"00".repeat(32), "one byte over and over"),
        ] {
            fs::write(&path, text).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("mode");
            let error = Vault::open(&path, Missing::Create).expect_err(why).to_string();
            assert!(error.contains(why), "{error}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("mode");
        assert!(matches!(Vault::open(&path, Missing::Create), Err(VaultError::Open { .. })));
    }
}
