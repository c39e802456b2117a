//! Whether what a browser brings was made for us, now, by a person who was there and verified
//! (Web Authentication Level 3, sections 7.1 and 7.2). Pure: knows no database.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use portolan_types::{MadeCredential, UsedCredential};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{
    authenticator::{self, Credential, Data},
    signatures::PublicKey,
};

/// More than any authenticator sends for one field.
const LONGEST: usize = 64 * 1_024;

/// For whom passkeys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Party {
    /// The domain.
    pub id: String,
    /// As browsers write it.
    pub origin: String,
}

/// Why it is not believed. Fit to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unsound {
    #[error("it is not what a browser sends")]
    Shape,

    #[error("it was made for something else")]
    Purpose,

    #[error("it was made on another site")]
    Origin,

    #[error("nobody was there to allow it")]
    Presence,

    #[error("the authenticator did not verify who was there (by PIN, finger or face)")]
    Verification,

    #[error("the key is of a kind that is not taken (Ed25519, P-256 and RSA are)")]
    Key,

    #[error("its signature does not fit")]
    Forged,
}

/// What is signed: by whose page, and for what.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<String>,
}

/// A credential as it comes back, before it is believed.
#[derive(Debug)]
pub(super) struct Brought {
    client_data: ClientData,
    raw_client_data: Vec<u8>,
}

impl Brought {
    /// `None` when it is no JSON of a browser.
    pub(super) fn read(client_data_json: &str) -> Result<Self, Unsound> {
        let raw_client_data = decode(client_data_json)?;
        let client_data = serde_json::from_slice(&raw_client_data).map_err(|_| Unsound::Shape)?;
        Ok(Self { client_data, raw_client_data })
    }

    /// By which the request is found that it answers. Believed by nobody before that.
    pub(super) fn challenge(&self) -> &str {
        &self.client_data.challenge
    }

    fn check(&self, kind: &str, party: &Party) -> Result<(), Unsound> {
        let ClientData { kind: is, origin, cross_origin, top_origin, .. } = &self.client_data;
        if is != kind {
            return Err(Unsound::Purpose);
        }
        if *origin != party.origin || *cross_origin || top_origin.is_some() {
            return Err(Unsound::Origin);
        }
        Ok(())
    }

    fn hash(&self) -> Vec<u8> {
        Sha256::digest(&self.raw_client_data).to_vec()
    }
}

/// A new credential, with what the authenticator says of it.
pub(super) fn made(
    brought: &Brought,
    credential: &MadeCredential,
    party: &Party,
) -> Result<(Data, Credential), Unsound> {
    brought.check("webauthn.create", party)?;
    let object = decode(&credential.response.attestation_object)?;
    let mut data = authenticator::parse_attestation(&object).ok_or(Unsound::Key)?;
    check(&data, party)?;
    let new = data.credential.take().ok_or(Unsound::Shape)?;
    if decode(&credential.id)? != new.id {
        return Err(Unsound::Shape);
    }
    Ok((data, new))
}

/// What the authenticator says when it signed with a key that is known.
pub(super) fn used(
    brought: &Brought,
    credential: &UsedCredential,
    party: &Party,
    public: &PublicKey,
) -> Result<Data, Unsound> {
    brought.check("webauthn.get", party)?;
    let raw = decode(&credential.response.authenticator_data)?;
    let data = Data::parse(&raw).ok_or(Unsound::Shape)?;
    check(&data, party)?;
    let signed = [raw, brought.hash()].concat();
    let signature = decode(&credential.response.signature)?;
    public.verify(&signed, &signature).map_err(|_| Unsound::Forged)?;
    Ok(data)
}

fn check(data: &Data, party: &Party) -> Result<(), Unsound> {
    if data.party_hash[..] != Sha256::digest(&party.id)[..] {
        return Err(Unsound::Origin);
    }
    if !data.is_present() {
        return Err(Unsound::Presence);
    }
    if !data.is_verified() {
        return Err(Unsound::Verification);
    }
    Ok(())
}

/// Bytes in base64url, without padding, as browsers write them.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, Unsound> {
    if text.len() > LONGEST {
        return Err(Unsound::Shape);
    }
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Unsound::Shape)
}
