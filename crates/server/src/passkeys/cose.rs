//! Public keys as authenticators write them (RFC 9052, RFC 9053, RFC 8230).

use ciborium::Value;

use super::signatures::PublicKey;

/// The algorithms that are taken, the preferred one first (IANA's COSE registry).
pub(super) const ALGORITHMS: [i64; 3] = [EDDSA, ES256, RS256];
const EDDSA: i64 = -8;
const ES256: i64 = -7;
const RS256: i64 = -257;

/// Labels of a key's parts.
const KTY: i64 = 1;
const ALG: i64 = 3;
/// Curve, or an RSA key's modulus.
const CRV_OR_N: i64 = -1;
/// The first coordinate, or an RSA key's exponent.
const X_OR_E: i64 = -2;
const Y: i64 = -3;

const OKP: i64 = 1;
const EC2: i64 = 2;
const RSA: i64 = 3;
const P256: i64 = 1;
const ED25519: i64 = 6;

/// A key and its use, which have to agree.
pub(super) fn read(key: &Value) -> Option<PublicKey> {
    let number =
        |label| part(key, label)?.as_integer().and_then(|number| i64::try_from(number).ok());
    let bytes = |label| part(key, label)?.as_bytes().map(Vec::as_slice);
    match (number(KTY)?, number(ALG)?) {
        (OKP, EDDSA) if number(CRV_OR_N) == Some(ED25519) => PublicKey::ed25519(bytes(X_OR_E)?),
        (EC2, ES256) if number(CRV_OR_N) == Some(P256) => {
            PublicKey::p256(bytes(X_OR_E)?, bytes(Y)?)
        }
        (RSA, RS256) => PublicKey::rsa(bytes(CRV_OR_N)?, bytes(X_OR_E)?),
        _ => None,
    }
}

fn part(key: &Value, label: i64) -> Option<&Value> {
    let mut fitting = key.as_map()?.iter().filter(|(name, _)| *name == Value::from(label));
    match (fitting.next(), fitting.next()) {
        (Some((_, value)), None) => Some(value),
        // Which of two would count is a matter of taste: neither does.
        _ => None,
    }
}
