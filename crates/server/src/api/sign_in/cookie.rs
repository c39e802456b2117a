//! Cookies of browsers: their names, what binds them, and how they are read.
//!
//! `__Host-` makes browsers refuse them from other hosts, other paths and without TLS
//! (RFC 6265bis, section 4.1.3).

use axum::http::{HeaderMap, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};

/// A browser's session.
pub(in crate::api) const SESSION: &str = "__Host-portolan";
/// A sign-in through a provider, from its beginning to its end.
pub(in crate::api) const SIGN_IN: &str = "__Host-portolan-sign-in";

/// A cookie to set. Sent along when a link leads here, never with what another site asks for by
/// itself.
pub(in crate::api) fn set(name: &str, value: &SecretString, seconds: i64) -> HeaderValue {
    let value = value.expose_secret();
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax");
    let mut header = HeaderValue::from_str(&text).expect("our secrets are hexadecimal");
    header.set_sensitive(true);
    header
}

/// The value of a cookie.
pub(in crate::api) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).into_iter();
    let all = all.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(';'));
    let mut pairs = all.filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(named, _)| *named == name).map(|(_, value)| value)
}
