//! Whether an ID token is what it claims to be (OpenID Connect Core 1.0, section 3.1.3.7). Pure:
//! knows neither the network nor the database.
//!
//! `openidconnect` judges it. Owned here is what that leaves to whoever asks: which algorithms are
//! taken, by how much clocks may differ, for whom a token is when it is for several, and what a
//! subject may be.

use std::time::{Duration, SystemTime};

use openidconnect::{ClaimsVerificationError, Nonce, SignatureVerificationError, core};
use serde_json::Value;

use super::words::{Client, IdToken, IdTokenClaims};

/// Bytes of a token; one with very many groups stays under it.
const LONGEST: usize = 64 * 1_024;
/// By how much the clocks of two machines may differ.
const SKEW: Duration = Duration::from_mins(1);
/// Neither `none` nor those with a shared secret, whatever the issuer says it supports.
const ALGORITHMS: [core::CoreJwsSigningAlgorithm; 3] = [
    core::CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    core::CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    core::CoreJwsSigningAlgorithm::EdDsa,
];

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

impl From<ClaimsVerificationError> for Unsound {
    fn from(error: ClaimsVerificationError) -> Self {
        use ClaimsVerificationError as Claims;
        match error {
            Claims::InvalidIssuer(_) => Self::Issuer,
            Claims::InvalidAudience(_) => Self::Audience,
            Claims::Expired(_) => Self::Time,
            Claims::InvalidNonce(_) => Self::Nonce,
            Claims::InvalidSubject(_) => Self::Subject,
            Claims::SignatureVerification(error) => error.into(),
            Claims::Unsupported(_) => Self::Algorithm,
            _ => Self::Shape,
        }
    }
}

impl From<SignatureVerificationError> for Unsound {
    fn from(error: SignatureVerificationError) -> Self {
        use SignatureVerificationError as Signature;
        match error {
            Signature::NoMatchingKey | Signature::AmbiguousKeyId(_) => Self::UnknownKey,
            Signature::DisallowedAlg(_) | Signature::UnsupportedAlg(_) => Self::Algorithm,
            _ => Self::Forged,
        }
    }
}

/// The claims of a token that fits `nonce` and the client.
pub(super) fn verify<'a>(
    token: &'a IdToken,
    client: &Client,
    nonce: &Nonce,
) -> Result<&'a IdTokenClaims, Unsound> {
    if token.to_string().len() > LONGEST {
        return Err(Unsound::Shape);
    }
    let now = SystemTime::now();
    let verifier = client
        .id_token_verifier()
        .set_allowed_algs(ALGORITHMS)
        // Which of them asked is looked at below.
        .set_other_audience_verifier_fn(|_| true)
        .set_time_fn(|| (now - SKEW).into())
        .set_issue_time_verifier_fn(|at| {
            let is_past = SystemTime::from(at) < now + SKEW;
            is_past.then_some(()).ok_or_else(|| "from the future".to_owned())
        });
    let claims = token.claims(&verifier, nonce)?;
    check(claims, client.client_id(), now)?;
    Ok(claims)
}

fn check(
    claims: &IdTokenClaims,
    client: &openidconnect::ClientId,
    now: SystemTime,
) -> Result<(), Unsound> {
    // Several audiences: the token has to say who of them asked for it.
    let is_for_us = match claims.authorized_party() {
        Some(party) => party == client,
        None => claims.audiences().len() == 1,
    };
    if !is_for_us {
        return Err(Unsound::Audience);
    }
    let begin = claims.additional_claims().0.get("nbf").and_then(Value::as_f64);
    let latest = (now + SKEW).duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    if begin.is_some_and(|begin| begin > latest.as_secs_f64()) {
        return Err(Unsound::Time);
    }
    // OpenID Connect Core 1.0, section 2: at most 255 ASCII characters.
    let subject = claims.subject().as_str();
    if !(1..=255).contains(&subject.len()) || !subject.is_ascii() {
        return Err(Unsound::Subject);
    }
    Ok(())
}
