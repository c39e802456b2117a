//! What an authenticator says (Web Authentication Level 3, sections 6.1 and 6.5.1). Pure.

use ciborium::Value;

use super::{cose, signatures::PublicKey};

/// Bytes of a credential's id (section 7.1, step 25 of Level 3).
const LONGEST_ID: usize = 1_023;

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const HAS_CREDENTIAL: u8 = 0x40;
const HAS_EXTENSIONS: u8 = 0x80;

/// Authenticator data, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Data {
    /// SHA-256 of the party's id.
    pub party_hash: [u8; 32],
    flags: u8,
    pub counter: u32,
    pub credential: Option<Credential>,
}

/// A credential that was just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Credential {
    pub id: Vec<u8>,
    pub public: PublicKey,
    /// The key as it stood, to be stored.
    pub cose: Vec<u8>,
}

impl Data {
    pub(super) fn is_present(&self) -> bool {
        self.flags & USER_PRESENT != 0
    }

    pub(super) fn is_verified(&self) -> bool {
        self.flags & USER_VERIFIED != 0
    }

    pub(super) fn is_backed_up(&self) -> bool {
        self.flags & BACKED_UP != 0
    }

    /// `None` for anything that is not to the letter as it should be, up to the last byte.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (party_hash, rest) = bytes.split_first_chunk::<32>()?;
        let ([flags], rest) = rest.split_first_chunk::<1>()?;
        let (counter, mut rest) = rest.split_first_chunk::<4>()?;
        let flags = *flags;
        // What cannot be backed up is not (section 6.1.3).
        if flags & BACKED_UP != 0 && flags & BACKUP_ELIGIBLE == 0 {
            return None;
        }
        let credential = match flags & HAS_CREDENTIAL {
            0 => None,
            _ => Some(Credential::parse(&mut rest)?),
        };
        if flags & HAS_EXTENSIONS != 0 {
            value(&mut rest)?.as_map()?;
        }
        let data = Self {
            party_hash: *party_hash,
            flags,
            counter: u32::from_be_bytes(*counter),
            credential,
        };
        rest.is_empty().then_some(data)
    }
}

impl Credential {
    fn parse(rest: &mut &[u8]) -> Option<Self> {
        // The model of the authenticator: nothing depends on it.
        let (_model, after) = rest.split_first_chunk::<16>()?;
        let (length, after) = after.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length == 0 || length > LONGEST_ID {
            return None;
        }
        let (id, mut after) = after.split_at_checked(length)?;
        let before = after;
        let public = cose::read(&value(&mut after)?)?;
        let cose = before[..before.len() - after.len()].to_vec();
        *rest = after;
        Some(Self { id: id.to_vec(), public, cose })
    }
}

/// The authenticator data inside of an attestation object. How it is attested is passed over: which
/// makes are allowed is nothing that is asked.
pub(super) fn parse_attestation(bytes: &[u8]) -> Option<Data> {
    let mut rest = bytes;
    let object = value(&mut rest)?;
    if !rest.is_empty() {
        return None;
    }
    let mut data = object.as_map()?.iter().filter(|(name, _)| name.as_text() == Some("authData"));
    match (data.next(), data.next()) {
        (Some((_, data)), None) => Data::parse(data.as_bytes()?),
        _ => None,
    }
}

/// The public key as it was stored.
pub(super) fn stored_key(cose: &[u8]) -> Option<PublicKey> {
    let mut rest = cose;
    let key = cose::read(&value(&mut rest)?);
    key.filter(|_| rest.is_empty())
}

/// The next value of CBOR. Its nesting is bounded by the reader, its size by the body of a request.
fn value(rest: &mut &[u8]) -> Option<Value> {
    ciborium::from_reader(rest).ok()
}
