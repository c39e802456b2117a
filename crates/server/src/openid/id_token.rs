//! Whether an ID token is what it claims to be (OpenID Connect Core 1.0, section 3.1.3.7). Pure:
//! knows neither the network nor the database.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::keys::{Algorithm, Keys};
use crate::signatures::Written;

/// Bytes of a token; one with very many groups stays under it.
const LONGEST: usize = 64 * 1_024;
/// By how much the clocks of two machines may differ.
const SKEW_SECONDS: f64 = 60.0;

/// What a token has to fit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce: &'a str,
    /// Seconds since 1970.
    pub now: f64,
}

/// Why a token is not believed. Fit to be shown: nothing of the token is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unsound {
    #[error("it is not a signed token")]
    Shape,

    #[error("it is signed in a way that is not taken (RS256, ES256 and EdDSA are)")]
    Algorithm,

    #[error("it is signed with a key that the issuer does not publish")]
    UnknownKey,

    #[error("its signature does not fit")]
    Forged,

    #[error("it is from another issuer")]
    Issuer,

    #[error("it is for another client")]
    Audience,

    #[error("it has expired, or is from the future")]
    Time,

    #[error("it belongs to another sign-in")]
    Nonce,

    #[error("it names nobody")]
    Subject,
}

#[derive(Debug, Deserialize)]
struct Header {
    alg: Value,
    kid: Option<String>,
    /// What has to be understood (RFC 7515 section 4.1.11): nothing of it is.
    crit: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: f64,
    iat: f64,
    nbf: Option<f64>,
    nonce: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// The claims of a token that fits.
pub(super) fn verify(
    token: &str,
    keys: &Keys,
    expected: Expected<'_>,
) -> Result<Map<String, Value>, Unsound> {
    if token.len() > LONGEST {
        return Err(Unsound::Shape);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Unsound::Shape)?;
    let (header, claims) = signed.split_once('.').ok_or(Unsound::Shape)?;
    let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| Unsound::Shape)?;
    if header.crit.is_some() {
        return Err(Unsound::Algorithm);
    }
    let algorithm: Algorithm =
        serde_json::from_value(header.alg).map_err(|_| Unsound::Algorithm)?;
    let key = keys.find(header.kid.as_deref(), algorithm).ok_or(Unsound::UnknownKey)?;
    key.verify(Written::Fixed, signed.as_bytes(), &decode(signature)?)
        .map_err(|_| Unsound::Forged)?;
    // One reading for both uses, so that a claim that stands twice has one meaning.
    let all: Map<String, Value> =
        serde_json::from_slice(&decode(claims)?).map_err(|_| Unsound::Shape)?;
    let claims = serde_json::from_value(Value::Object(all.clone())).map_err(|_| Unsound::Shape)?;
    check(&claims, expected)?;
    Ok(all)
}

fn decode(part: &str) -> Result<Vec<u8>, Unsound> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Unsound::Shape)
}

fn check(claims: &Claims, expected: Expected<'_>) -> Result<(), Unsound> {
    let Expected { issuer, client_id, nonce, now } = expected;
    let authorised = claims.azp.as_deref();
    let for_us = match &claims.aud {
        Audience::One(one) => one == client_id,
        // Several audiences: the token has to say who of them asked for it.
        Audience::Many(many) => {
            many.iter().any(|one| one == client_id) && (many.len() == 1 || authorised.is_some())
        }
    };
    let in_time = claims.exp > now - SKEW_SECONDS
        && claims.iat < now + SKEW_SECONDS
        && claims.nbf.is_none_or(|begin| begin < now + SKEW_SECONDS);
    if claims.iss != issuer {
        return Err(Unsound::Issuer);
    }
    if !for_us || authorised.is_some_and(|party| party != client_id) {
        return Err(Unsound::Audience);
    }
    if !in_time {
        return Err(Unsound::Time);
    }
    if claims.nonce.as_deref() != Some(nonce) {
        return Err(Unsound::Nonce);
    }
    // OpenID Connect Core 1.0, section 2: at most 255 ASCII characters.
    if !(1..=255).contains(&claims.sub.len()) || !claims.sub.is_ascii() {
        return Err(Unsound::Subject);
    }
    Ok(())
}
