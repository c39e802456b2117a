//! Codes of an authenticator (RFC 6238): six digits from a shared secret and the time. Pure.
//!
//! What authenticators take for granted: HMAC-SHA-1, six digits, steps of 30 seconds.

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use portolan_types::Timestamp;
use qrcode::{QrCode, render::svg};
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;
use zeroize::Zeroizing;

/// RFC 4226, 4: as long as the hash.
const SECRET_BYTES: usize = 20;
const STEP_MS: i64 = 30_000;
const DIGITS: usize = 6;
/// Steps by which a clock may be off, either way (RFC 6238, 5.2).
const SKEW: i64 = 1;
const ISSUER: &str = "Portolan";

/// A new secret in base 32, as authenticators take it.
pub(super) fn new_secret() -> SecretString {
    let bytes: Zeroizing<[u8; SECRET_BYTES]> = Zeroizing::new(rand::random());
    BASE32_NOPAD.encode(&*bytes).into()
}

/// The secret as authenticators read it off a picture or a link.
pub(super) fn uri(secret: &SecretString, email: &str) -> String {
    let email = utf8_percent_encode(email, NON_ALPHANUMERIC);
    format!(
        "otpauth://totp/{ISSUER}:{email}?secret={}&issuer={ISSUER}&algorithm=SHA1&digits={DIGITS}\
         &period=30",
        secret.expose_secret()
    )
}

/// A picture of a link (SVG); `None` when it is too long for one.
pub(super) fn picture(uri: &str) -> Option<String> {
    let code = QrCode::new(uri).ok()?;
    Some(code.render::<svg::Color<'_>>().min_dimensions(240, 240).build())
}

/// The step whose code this is, if it is later than the last one that was taken.
pub(super) fn find_step(
    secret: &SecretString,
    code: &str,
    now: Timestamp,
    last: i64,
) -> Option<i64> {
    let key = Zeroizing::new(BASE32_NOPAD.decode(secret.expose_secret().as_bytes()).ok()?);
    let current = now.as_millis() / STEP_MS;
    let mut found = None;
    // All of them, each compared whole: how long it takes tells nothing.
    for step in current - SKEW..=current + SKEW {
        if equal(&code_at(&key, step)?, code) && step > last {
            found = found.or(Some(step));
        }
    }
    found
}

fn equal(a: &str, b: &str) -> bool {
    let differences = a.bytes().zip(b.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
    a.len() == b.len() && differences == 0
}

/// RFC 4226, 5.3.
fn code_at(key: &[u8], step: i64) -> Option<String> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).ok()?;
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest.last()? & 0x0f);
    let word: [u8; 4] = digest.get(offset..offset + 4)?.try_into().ok()?;
    let number = u32::from_be_bytes(word) & 0x7fff_ffff;
    Some(format!("{:06}", number % 1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, in six digits.
    #[test]
    fn the_codes_are_those_of_the_rfc() {
        let key = b"12345678901234567890";
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000_i64, "353130"),
        ] {
            assert_eq!(code_at(key, seconds / 30).as_deref(), Some(code), "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_once_and_a_step_early_or_late() {
        let secret = SecretString::from(BASE32_NOPAD.encode(b"12345678901234567890"));
        let find = |seconds: i64, last| {
            find_step(&secret, "081804", Timestamp::from_millis(seconds * 1_000), last)
        };
        let at = 1_111_111_109_i64;
        let step = at / 30;
        for (seconds, found) in
            [(at, true), (at + 30, true), (at - 30, true), (at + 61, false), (at - 61, false)]
        {
            assert_eq!(find(seconds, 0), found.then_some(step), "{seconds}");
        }
        assert_eq!(find(at, step), None);
        for wrong in ["", "081805", "81804", "0818040", "08180\u{664}"] {
            assert_eq!(find_step(&secret, wrong, Timestamp::from_millis(at * 1_000), 0), None);
        }
    }

    #[test]
    fn a_link_holds_what_authenticators_read() {
        let secret = new_secret();
        let link = uri(&secret, "a&b?c@example.com");
        assert!(
            link.starts_with("otpauth://totp/Portolan:a%26b%3Fc%40example%2Ecom?secret="),
            "{link}"
        );
        assert_eq!(secret.expose_secret().len(), 32);
        assert!(picture(&link).is_some_and(|svg| svg.contains("<svg")));
        assert_eq!(picture(&"x".repeat(5_000)), None);
    }
}
