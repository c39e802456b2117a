//! A browser with an authenticator, in software; one that lies when it is told to. Written by the
//! text of Web Authentication Level 3, not by what the control plane reads.

use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ciborium::Value as Cbor;
use portolan_types::{PasskeyCreation, PasskeyRequest};
use ring::{
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
        RsaKeyPair,
    },
};
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::keys::fixture;

/// User present, user verified, may be backed up, is backed up.
pub(super) const GOOD: u8 = 0x01 | 0x04 | 0x08 | 0x10;
const HAS_CREDENTIAL: u8 = 0x40;

enum Key {
    P256(Box<EcdsaKeyPair>),
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

pub(super) struct Authenticator {
    key: Key,
    id: Vec<u8>,
    /// By which it was given at creation.
    user: String,
    /// What it says, when that is not so.
    pub(super) flags: u8,
    pub(super) counter: u32,
    pub(super) origin: &'static str,
    pub(super) kind: Option<&'static str>,
    pub(super) party: Option<&'static str>,
    pub(super) cross_origin: bool,
    pub(super) more: &'static [u8],
}

impl Authenticator {
    pub(super) fn p256() -> Result<Self> {
        let (random, way) = (SystemRandom::new(), &ECDSA_P256_SHA256_ASN1_SIGNING);
        let key = EcdsaKeyPair::generate_pkcs8(way, &random).ok().context("a key")?;
        let key = EcdsaKeyPair::from_pkcs8(way, key.as_ref(), &random).ok().context("a key")?;
        Ok(Self::of(Key::P256(Box::new(key))))
    }

    pub(super) fn ed25519() -> Result<Self> {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).ok().context("a key")?;
        let key = Ed25519KeyPair::from_pkcs8(key.as_ref()).ok().context("a key")?;
        Ok(Self::of(Key::Ed25519(key)))
    }

    /// As a TPM has them, and Windows Hello with it. Making one takes long, so it is a fixture.
    pub(super) fn rsa() -> Result<Self> {
        let key = PrivatePkcs8KeyDer::from_pem_slice(fixture("rsa_pkcs8")?.as_bytes())?;
        let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).ok().context("a key")?;
        Ok(Self::of(Key::Rsa(Box::new(key))))
    }

    fn of(key: Key) -> Self {
        Self {
            key,
            id: portolan_types::UserId::generate().as_str().into(),
            user: String::new(),
            flags: GOOD,
            counter: 0,
            origin: crate::openid::PUBLIC,
            kind: None,
            party: None,
            cross_origin: false,
            more: &[],
        }
    }

    /// `navigator.credentials.create`, as JSON.
    pub(super) fn make(&mut self, options: &PasskeyCreation) -> Result<Value> {
        self.user.clone_from(&options.user.id);
        let mut data = self.data(&options.rp.id, self.flags | HAS_CREDENTIAL);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len())?.to_be_bytes());
        data.extend(&self.id);
        ciborium::into_writer(&self.cose(), &mut data)?;
        data.extend(self.more);
        let object = Cbor::Map(vec![
            ("fmt".into(), "none".into()),
            ("attStmt".into(), Cbor::Map(Vec::new())),
            ("authData".into(), Cbor::Bytes(data)),
        ]);
        let mut written = Vec::new();
        ciborium::into_writer(&object, &mut written)?;
        let client_data = self.client_data("webauthn.create", &options.challenge);
        Ok(self.credential(&json!({
            "clientDataJSON": encoded(client_data.as_bytes()),
            "attestationObject": encoded(&written),
            "transports": ["internal"],
        })))
    }

    /// `navigator.credentials.get`, as JSON.
    pub(super) fn answer(&mut self, options: &PasskeyRequest) -> Result<Value> {
        let mut data = self.data(&options.rp_id, self.flags);
        data.extend(self.more);
        let client_data = self.client_data("webauthn.get", &options.challenge);
        let signed = [data.as_slice(), &Sha256::digest(&client_data)].concat();
        let signature = match &self.key {
            Key::P256(key) => {
                let signed = key.sign(&SystemRandom::new(), &signed).ok().context("a signature")?;
                signed.as_ref().to_vec()
            }
            Key::Ed25519(key) => key.sign(&signed).as_ref().to_vec(),
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &signed, &mut signature)
                    .ok()
                    .context("a signature")?;
                signature
            }
        };
        Ok(self.credential(&json!({
            "clientDataJSON": encoded(client_data.as_bytes()),
            "authenticatorData": encoded(&data),
            "signature": encoded(&signature),
            "userHandle": self.user,
        })))
    }

    fn credential(&self, response: &Value) -> Value {
        json!({
            "id": encoded(&self.id),
            "rawId": encoded(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        })
    }

    fn data(&self, party: &str, flags: u8) -> Vec<u8> {
        let mut data = Sha256::digest(self.party.unwrap_or(party)).to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn client_data(&self, kind: &str, challenge: &str) -> String {
        json!({
            "type": self.kind.unwrap_or(kind),
            "challenge": challenge,
            "origin": self.origin,
            "crossOrigin": self.cross_origin,
            "other_keys_can_be_added_here": "do not compare clientDataJSON against a template",
        })
        .to_string()
    }

    fn cose(&self) -> Cbor {
        let part = |label: i64, value: Cbor| (Cbor::from(label), value);
        let bytes = |part: &[u8]| Cbor::Bytes(part.to_vec());
        Cbor::Map(match &self.key {
            Key::P256(key) => {
                let (x, y) = key.public_key().as_ref()[1..].split_at(32);
                vec![
                    part(1, 2.into()),
                    part(3, (-7).into()),
                    part(-1, 1.into()),
                    part(-2, bytes(x)),
                    part(-3, bytes(y)),
                ]
            }
            Key::Ed25519(key) => vec![
                part(1, 1.into()),
                part(3, (-8).into()),
                part(-1, 6.into()),
                part(-2, bytes(key.public_key().as_ref())),
            ],
            Key::Rsa(key) => {
                let PublicKeyComponents { n, e }: PublicKeyComponents<Vec<u8>> =
                    key.public().into();
                vec![
                    part(1, 3.into()),
                    part(3, (-257).into()),
                    part(-1, Cbor::Bytes(n)),
                    part(-2, Cbor::Bytes(e)),
                ]
            }
        })
    }
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
