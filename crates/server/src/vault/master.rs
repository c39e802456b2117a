//! The master key: from the environment or from a file, strong or refused.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
};

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::{
    DataKey, VaultError,
    cipher::{Cipher, KEY_BYTES},
    from_hex, to_hex,
};
use crate::Config;

/// Random bytes have about 30 values that differ among 32; fewer than this never come about.
const FEWEST_VALUES: usize = 16;
const IN_ENVIRONMENT: &str = "in PORTOLAN_MASTER_KEY";

/// Seals the data keys.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey(Zeroizing<[u8; KEY_BYTES]>);

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey")
    }
}

/// What to do when there is no master key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    Create,
    Refuse,
}

impl MasterKey {
    /// The one of an installation. Its file is made where there is none and `missing` allows it.
    pub fn open(config: &Config, missing: Missing) -> Result<Self, VaultError> {
        if let Some(text) = &config.master_key {
            return Self::parse(text, IN_ENVIRONMENT, "set one of `openssl rand -hex 32`");
        }
        let path = config.master_key_file();
        match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && missing == Missing::Create => {
                Self::generate().write(&path)?;
            }
            _ => {}
        }
        Self::read(&path)
    }

    pub(crate) fn generate() -> Self {
        Self(Zeroizing::new(rand::random()))
    }

    /// Reads a file that nobody else can read.
    pub(crate) fn read(path: &Path) -> Result<Self, VaultError> {
        let read = |cause| VaultError::Read { path: path.to_owned(), cause };
        let mode = fs::metadata(path).map_err(read)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(VaultError::Open { path: path.to_owned(), mode });
        }
        let text = SecretString::from(fs::read_to_string(path).map_err(read)?);
        Self::parse(&text, &path.display().to_string(), "restore it from a backup")
    }

    /// 64 hexadecimal digits that nobody can guess. `place` says where they are from.
    pub(crate) fn parse(
        text: &SecretString,
        place: &str,
        remedy: &'static str,
    ) -> Result<Self, VaultError> {
        let unusable = |why| VaultError::Unusable { place: place.to_owned(), why, remedy };
        let text = text.expose_secret().trim();
        if text.is_empty() {
            return Err(unusable("empty"));
        }
        let bytes = Zeroizing::new(from_hex(text).ok_or_else(|| unusable("not hexadecimal"))?);
        let key: [u8; KEY_BYTES] =
            bytes.as_slice().try_into().map_err(|_| unusable("not 32 bytes long"))?;
        match weakness(&key) {
            Some(why) => Err(unusable(why)),
            None => Ok(Self(Zeroizing::new(key))),
        }
    }

    /// Writes it to a file that is not there yet.
    pub(crate) fn write(&self, path: &Path) -> Result<(), VaultError> {
        let write = || -> io::Result<()> {
            let mut file =
                OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            file.write_all(self.to_text().expose_secret().as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            sync_folder(path)
        };
        write().map_err(|cause| VaultError::Write { path: path.to_owned(), cause })
    }

    /// As its file has it.
    pub(crate) fn to_text(&self) -> SecretString {
        to_hex(&*self.0).into()
    }

    pub(super) fn cipher(&self) -> Cipher {
        Cipher::new(&self.0)
    }

    /// Seals a secret itself, as it was before there were data keys.
    #[cfg(test)]
    pub(crate) fn seal_as_before(&self, plain: &str, context: &str) -> Result<String, VaultError> {
        Ok(format!("v1:{}", self.cipher().seal(plain.as_bytes(), context)?))
    }

    /// Seals a data key; it opens under no other name.
    pub(crate) fn wrap(&self, id: &str, key: &DataKey) -> Result<String, VaultError> {
        self.cipher().seal(&*key.0, &context(id))
    }

    pub(crate) fn unwrap(&self, id: &str, wrapped: &str) -> Result<DataKey, VaultError> {
        let plain = self.cipher().open(wrapped, &context(id))?;
        let key = plain.as_slice().try_into().map_err(|_| VaultError::Sealed)?;
        Ok(DataKey(Zeroizing::new(key)))
    }
}

fn context(id: &str) -> String {
    format!("data-key:{id}")
}

/// The name of a file must survive a power cut as its content does.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Why a key can be guessed. Each of it is less likely by chance than a broken disk.
fn weakness(key: &[u8; KEY_BYTES]) -> Option<&'static str> {
    if key.iter().all(|byte| *byte == key[0]) {
        return Some("one byte over and over");
    }
    if [2, 4, 8, 16].iter().any(|period| key[*period..] == key[..KEY_BYTES - period]) {
        return Some("a short pattern over and over");
    }
    if key.windows(2).all(|pair| pair[1].wrapping_sub(pair[0]) == key[1].wrapping_sub(key[0])) {
        return Some("bytes in a row");
    }
    if key.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
        return Some("a text that somebody typed");
    }
    let mut values = key.to_vec();
    values.sort_unstable();
    values.dedup();
    if values.len() < FEWEST_VALUES {
        return Some("not random");
    }
    let text = to_hex(key);
    KNOWN.contains(&text.as_str()).then_some("a key that everybody knows")
}

/// Keys of examples, and SHA-256 of what people write where a secret should be.
const KNOWN: [&str; 7] = [
    // FIPS 197 and SP 800-38A.
    "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
    // Of nothing.
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    // `password`, `secret`, `changeme`, `admin`, `test`.
    "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8",
    "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",
    "057ba03d6c44104863dc7361fe4578965d1887360f90a0895882e58a6248fc86",
    "8c6976e5b5410415bde908bd4dee15dfb167a9c873fc4bb8a81f6f2ab448a918",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
];

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn parsed(text: &str) -> Result<MasterKey, VaultError> {
        MasterKey::parse(&text.into(), "of a test", "take another")
    }

    #[test]
    fn a_weak_master_key_is_refused() {
        for (text, why) in [
            ("", "empty"),
            ("\n", "empty"),
            ("hello", "not hexadecimal"),
            ("00ff", "not 32 bytes long"),
            (&"00".repeat(32), "one byte over and over"),
            (&"0123456789abcdef".repeat(4), "a short pattern over and over"),
            (&to_hex(&(0..32).collect::<Vec<u8>>()), "bytes in a row"),
            (&to_hex(b"correct horse battery staple 123"), "a text that somebody typed"),
            (&format!("{}{}", "00".repeat(20), "0102030405060708090a0b0c"), "not random"),
            (KNOWN[2], "a key that everybody knows"),
        ] {
            let error = parsed(text).expect_err(why).to_string();
            assert!(error.contains(why), "{error}");
            assert!(text.trim().is_empty() || !error.contains(text), "{error}");
        }
        for _ in 0..1_000 {
            let key = MasterKey::generate();
            parsed(key.to_text().expose_secret()).expect("a random key is taken");
        }
    }

    #[test]
    fn what_is_known_is_spelt_right() {
        let texts = ["", "password", "secret", "changeme", "admin", "test"];
        for text in texts {
            assert!(KNOWN.contains(&super::super::hash(text).as_str()), "{text}");
        }
        assert!(KNOWN.iter().all(|key| from_hex(key).is_some_and(|key| key.len() == 32)));
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        assert!(matches!(MasterKey::read(&path), Err(VaultError::Read { .. })));
        let key = MasterKey::generate();
        key.write(&path).expect("written");
        assert_eq!(MasterKey::read(&path).expect("read").0, key.0);
        assert!(matches!(key.write(&path), Err(VaultError::Write { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("mode");
        assert!(matches!(MasterKey::read(&path), Err(VaultError::Open { .. })));
    }

    #[test]
    fn a_data_key_opens_under_its_name_only() {
        let (master, key) = (MasterKey::generate(), DataKey::generate());
        let wrapped = master.wrap("a", &key).expect("sealed");
        assert_eq!(master.unwrap("a", &wrapped).expect("opened").0, key.0);
        assert!(master.unwrap("b", &wrapped).is_err());
        assert!(MasterKey::generate().unwrap("a", &wrapped).is_err());
    }
}
