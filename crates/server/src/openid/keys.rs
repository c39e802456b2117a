//! The public keys of an issuer (RFC 7517). Reads; fetches nothing.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

use crate::signatures::PublicKey;

/// More than any issuer has; each one costs a look at each token.
const MOST: usize = 64;

/// The algorithms that are taken. `none` and those with a shared secret are not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum Algorithm {
    #[serde(rename = "RS256")]
    Rs256,
    #[serde(rename = "ES256")]
    Es256,
    #[serde(rename = "EdDSA", alias = "Ed25519")]
    EdDsa,
}

/// The keys of one issuer.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys(Vec<Key>);

#[derive(Debug, Clone)]
struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    public: PublicKey,
}

#[derive(Debug, Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Keys {
    /// Those of a document that can be used; others are passed over, as RFC 7517 section 5 asks.
    pub(super) fn parse(json: &[u8]) -> Result<Self, &'static str> {
        let document: Document =
            serde_json::from_slice(json).map_err(|_| "its keys are not a JSON Web Key Set")?;
        if document.keys.len() > MOST {
            return Err("it has more keys than any issuer needs");
        }
        Ok(Self(document.keys.into_iter().filter_map(Key::read).collect()))
    }

    /// The key that a token names; when it names none, the only one that there is of its kind.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&PublicKey> {
        let fits = |key: &&Key| {
            key.algorithm == algorithm && id.is_none_or(|id| key.id.as_deref() == Some(id))
        };
        let mut fitting = self.0.iter().filter(fits);
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Some(&key.public),
            _ => None,
        }
    }
}

impl Key {
    fn read(value: serde_json::Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        if jwk.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return None;
        }
        let (algorithm, public) = jwk.public()?;
        let names_another =
            |name: &str| serde_json::from_value::<Algorithm>(name.into()).ok() != Some(algorithm);
        if jwk.alg.as_deref().is_some_and(names_another) {
            return None;
        }
        Some(Self { id: jwk.kid, algorithm, public })
    }
}

impl Jwk {
    fn public(&self) -> Option<(Algorithm, PublicKey)> {
        let bytes = |field: &Option<String>| URL_SAFE_NO_PAD.decode(field.as_deref()?).ok();
        match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => {
                Some((Algorithm::Rs256, PublicKey::rsa(&bytes(&self.n)?, &bytes(&self.e)?)?))
            }
            ("EC", Some("P-256")) => {
                Some((Algorithm::Es256, PublicKey::p256(&bytes(&self.x)?, &bytes(&self.y)?)?))
            }
            ("OKP", Some("Ed25519")) => {
                Some((Algorithm::EdDsa, PublicKey::ed25519(&bytes(&self.x)?)?))
            }
            _ => None,
        }
    }
}
