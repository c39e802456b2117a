//! What a key is made of: parsing what people paste, and saying exactly what is wrong with it.

use portolan_types::{CreateKey, KeyAlgorithm};
use russh::keys::{
    Algorithm, HashAlg, PrivateKey, decode_secret_key,
    ssh_key::{Kdf, LineEnding, private::KeypairData},
};
use secrecy::SecretString;
use tokio::sync::Semaphore;
use zeroize::Zeroize;

use crate::Error;

/// A bound on what is parsed; an RSA key of 16384 bits has 13 kB.
const MAX_BYTES: usize = 32 * 1_024;
/// NIST SP 800-131A disallows less since 2014, and OpenSSH refuses below 1024.
const MIN_RSA_BITS: u32 = 2_048;
/// `ssh-keygen` makes 24 rounds, `-a 100` is common; the format allows four billion: hours.
const MAX_ROUNDS: u32 = 500;
/// Keys that are read at the same time: each takes a processor for as long as its rounds last.
static READERS: Semaphore = Semaphore::const_new(2);

/// A key ready to be sealed.
#[derive(Debug)]
pub(super) struct Material {
    pub algorithm: KeyAlgorithm,
    /// The line for `authorized_keys`.
    pub public_key: String,
    pub fingerprint: String,
    /// OpenSSH form, without passphrase.
    pub private_key: SecretString,
}

/// The given key, or a new ed25519 key; the input comes back without its passphrase. Off the
/// threads that serve requests.
pub(super) async fn obtain(mut input: CreateKey) -> (CreateKey, Result<Material, Error>) {
    let name = input.name.clone();
    let read = async {
        // The permit is given back when reading ends, whether or not somebody still waits.
        let permit = READERS.acquire().await;
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let material = read(&input);
            input.passphrase.zeroize();
            (input, material)
        })
        .await
    };
    read.await.unwrap_or_else(|_| {
        let input = CreateKey { name, private_key: None, passphrase: None };
        (input, Err(refuse("reading it was cut short")))
    })
}

/// What would be stored of a pasted text.
#[cfg(feature = "fuzzing")]
pub(super) fn read_anything(text: &str) -> Option<SecretString> {
    let name = "fuzzed".parse().ok()?;
    let input = CreateKey { name, private_key: Some(text.to_owned()), passphrase: None };
    read(&input).ok().map(|material| material.private_key)
}

fn read(input: &CreateKey) -> Result<Material, Error> {
    let key = match &input.private_key {
        Some(text) => parse(text, input.passphrase.as_deref())?,
        None => generate()?,
    };
    describe(&key, input.name.as_str())
}

fn generate() -> Result<PrivateKey, Error> {
    PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519)
        .map_err(|error| refuse(&error.to_string()))
}

fn parse(text: &str, passphrase: Option<&str>) -> Result<PrivateKey, Error> {
    if text.len() > MAX_BYTES {
        return Err(refuse("it is longer than any key: paste only the private key"));
    }
    // Pasted text often brings spaces along, which the PEM reader takes for another line.
    let lines: Vec<&str> = text.trim().lines().map(str::trim).collect();
    let text = lines.join("\n");
    if let Some(why) = obvious_mistake(&text) {
        return Err(refuse(why));
    }
    if text.contains("-----BEGIN OPENSSH ") {
        check_rounds(&text)?;
    }
    let passphrase = passphrase.filter(|text| !text.is_empty());
    decode_secret_key(&text, passphrase).map_err(|error| explain(&error, &text, passphrase))
}

/// What cannot be read here is explained by the reader that comes next.
fn check_rounds(text: &str) -> Result<(), Error> {
    match PrivateKey::from_openssh(text).as_ref().map(PrivateKey::kdf) {
        Ok(Kdf::Bcrypt { rounds, .. }) if *rounds > MAX_ROUNDS => Err(refuse(&format!(
            "its passphrase takes {rounds} rounds to check, {MAX_ROUNDS} at most are accepted: \
             give a copy fewer (`ssh-keygen -p -a 100 -f FILE`)"
        ))),
        _ => Ok(()),
    }
}

fn obvious_mistake(text: &str) -> Option<&'static str> {
    let starts = |prefix: &str| text.starts_with(prefix);
    if text.is_empty() {
        Some("it is empty")
    } else if starts("ssh-")
        || starts("ecdsa-")
        || starts("sk-")
        || starts("---- BEGIN SSH2 PUBLIC")
    {
        Some("this is a public key: paste the private one (the file without `.pub`)")
    } else if text.contains("-----BEGIN PUBLIC KEY") || text.contains("-----BEGIN RSA PUBLIC KEY") {
        Some("this is a public key: paste the private one")
    } else if starts("PuTTY-User-Key-File-") {
        Some("this is a PuTTY key: export it with PuTTYgen (Conversions, Export OpenSSH key)")
    } else if text.contains("-----BEGIN CERTIFICATE") {
        Some("this is a certificate, not a private key")
    } else if text.contains("-----BEGIN DSA PRIVATE KEY") {
        Some("DSA keys are not accepted: OpenSSH removed them; use ed25519")
    } else if !text.contains("-----BEGIN ") {
        Some("there is no `-----BEGIN ... PRIVATE KEY-----` line")
    } else if !text.contains("-----END ") {
        Some("the `-----END ... PRIVATE KEY-----` line is missing: the text was cut")
    } else {
        None
    }
}

/// The reader's errors in the words of the person who pasted the key.
fn explain(error: &russh::keys::Error, text: &str, passphrase: Option<&str>) -> Error {
    use russh::keys::Error as KeyError;
    let encrypted = text.contains("ENCRYPTED") || matches!(error, KeyError::KeyIsEncrypted);
    match (encrypted, passphrase, error) {
        (true, None, _) => field("passphrase", "the key is protected by a passphrase: give it too"),
        (true, Some(_), _) | (_, Some(_), KeyError::SshKey(_)) => {
            field("passphrase", "the passphrase is wrong, or the key is damaged")
        }
        (_, _, KeyError::Decode(_)) => refuse("its base64 is damaged: the text was changed or cut"),
        (_, _, KeyError::UnsupportedKeyType { key_type_string, .. }) => {
            refuse(&format!("keys of the type {key_type_string} are not supported"))
        }
        (_, _, other) => refuse(&format!("it could not be read ({other})")),
    }
}

fn describe(key: &PrivateKey, comment: &str) -> Result<Material, Error> {
    let algorithm = check_strength(key)?;
    let mut public = key.public_key().clone();
    // The comment ends up in `authorized_keys`: one word that tells where the key is from.
    public.set_comment(format!("portolan-{}", comment_word(comment)));
    let unreadable = |error: russh::keys::ssh_key::Error| refuse(&error.to_string());
    Ok(Material {
        algorithm,
        public_key: public.to_openssh().map_err(unreadable)?,
        fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
        private_key: key.to_openssh(LineEnding::LF).map_err(unreadable)?.to_string().into(),
    })
}

fn comment_word(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect()
}

fn check_strength(key: &PrivateKey) -> Result<KeyAlgorithm, Error> {
    match key.key_data() {
        KeypairData::Ed25519(_) => Ok(KeyAlgorithm::Ed25519),
        KeypairData::Ecdsa(_) => Ok(KeyAlgorithm::Ecdsa),
        KeypairData::Rsa(pair) if pair.key_size() < MIN_RSA_BITS => Err(refuse(&format!(
            "an RSA key of {} bits is too weak: use {MIN_RSA_BITS} or more, or ed25519",
            pair.key_size()
        ))),
        KeypairData::Rsa(_) => Ok(KeyAlgorithm::Rsa),
        _ => Err(refuse(&format!(
            "keys of the type {} are not supported: use ed25519, ecdsa or rsa",
            key.algorithm()
        ))),
    }
}

fn refuse(why: &str) -> Error {
    field("private_key", why)
}

fn field(name: &str, why: &str) -> Error {
    Error::field(name, why)
}
