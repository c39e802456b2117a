//! Cookies: how browsers carry a session or a sign-in that has begun, and what keeps other sites from
//! using them.
//!
//! Nothing here decides who somebody is; that is `credentials`.

use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use portolan_types::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use crate::{Error, openid, sessions::Begun, sign_in::SignedIn};

/// The prefix makes browsers take it only over TLS, for this host alone and for all of it
/// (RFC 6265bis, 4.1.3.2).
const SESSION: &str = "__Host-portolan";
const DEVICE: &str = "__Host-portolan-device";
/// A sign-in through a provider, from its beginning to its end.
const SIGN_IN: &str = "__Host-portolan-sign-in";
const DEVICE_SECONDS: u64 = 180 * 86_400;

/// How the secret of a session came, and how the next one goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    Bearer,
    Cookie,
}

/// The session's secret that a browser sent.
pub(super) fn session(headers: &HeaderMap) -> Option<&str> {
    find(headers, SESSION)
}

/// The device's secret that a browser sent.
pub(super) fn device(headers: &HeaderMap) -> Option<&str> {
    find(headers, DEVICE)
}

/// What a browser got when it began to sign in through a provider.
pub(super) fn sign_in(headers: &HeaderMap) -> Option<&str> {
    find(headers, SIGN_IN)
}

fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// What makes a browser keep a session, and what its device is known by when that is new.
pub(super) fn keep(signed: &SignedIn) -> Result<Vec<HeaderValue>, Error> {
    let session = keep_session(&signed.begun);
    let device = signed.device.as_ref().map(keep_device);
    [session].into_iter().chain(device).collect()
}

/// What makes a browser keep a session.
pub(super) fn keep_session(begun: &Begun) -> Result<HeaderValue, Error> {
    let seconds = Timestamp::now().seconds_until(begun.sign_in.expires_at);
    cookie(SESSION, begun.secret.expose_secret(), seconds)
}

/// What makes a browser keep what it is known by.
fn keep_device(secret: &SecretString) -> Result<HeaderValue, Error> {
    cookie(DEVICE, secret.expose_secret(), DEVICE_SECONDS)
}

/// What makes a browser keep a sign-in that it has begun, as long as that may take.
pub(super) fn keep_sign_in(secret: &SecretString) -> Result<HeaderValue, Error> {
    cookie(SIGN_IN, secret.expose_secret(), openid::FLOW_SECONDS.unsigned_abs())
}

/// What makes a browser forget a sign-in that is over.
pub(super) fn forget_sign_in() -> Result<HeaderValue, Error> {
    cookie(SIGN_IN, "", 0)
}

/// What makes a browser forget a session.
pub(super) fn forget_session() -> Result<HeaderValue, Error> {
    cookie(SESSION, "", 0)
}

fn cookie(name: &str, value: &str, seconds: u64) -> Result<HeaderValue, Error> {
    let text = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}");
    let mut value = HeaderValue::from_str(&text)
        .map_err(|_| Error::Password("a secret does not fit a cookie".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// What a cookie may change has to come from a page of ours: the browser says from where it comes,
/// and no page can make it say anything else. So has what opens a WebSocket: any page may open one
/// anywhere, with the cookies of there, and read what comes.
pub(super) fn require_own_page(method: &Method, headers: &HeaderMap) -> Result<(), Error> {
    let opens = headers.contains_key(header::UPGRADE);
    if method.is_safe() && !opens || is_own_page(headers) {
        return Ok(());
    }
    Err(Error::Forbidden(
        "what comes with a cookie and changes or opens something has to come from a page of this Portolan (`Origin`)"
            .into(),
    ))
}

fn is_own_page(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let origin = text("origin").and_then(|origin| origin.parse::<Uri>().ok());
    let (Some(origin), Some(host)) = (origin, text("host")) else { return false };
    let Some(authority) = origin.authority() else { return false };
    // A browser that sends a cookie of ours spoke TLS, or to this machine.
    let safe = match origin.scheme_str() {
        Some("https") => true,
        Some("http") => matches!(authority.host(), "localhost" | "127.0.0.1" | "[::1]"),
        _ => false,
    };
    safe && authority.as_str().eq_ignore_ascii_case(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (name.parse().expect("a name"), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_change_has_to_come_from_a_page_of_ours() {
        let host = ("host", "portolan.example.com");
        for (pairs, own) in [
            (vec![host], false),
            (vec![host, ("origin", "https://portolan.example.com")], true),
            (vec![host, ("origin", "https://PORTOLAN.example.com")], true),
            (vec![host, ("origin", "http://portolan.example.com")], false),
            (vec![host, ("origin", "https://portolan.example.com:8443")], false),
            (vec![host, ("origin", "https://portolan.example.com.evil.example")], false),
            (vec![host, ("origin", "https://evil.example")], false),
            (vec![host, ("origin", "null")], false),
            (vec![host, ("sec-fetch-site", "same-origin")], true),
            (vec![host, ("sec-fetch-site", "same-site")], false),
            (vec![host, ("sec-fetch-site", "none")], false),
            // What the browser says of itself counts before what may be older.
            (
                vec![
                    host,
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "https://portolan.example.com"),
                ],
                false,
            ),
            (vec![("host", "localhost:7070"), ("origin", "http://localhost:7070")], true),
            (vec![("origin", "https://portolan.example.com")], false),
        ] {
            let headers = headers(&pairs);
            assert_eq!(require_own_page(&Method::POST, &headers).is_ok(), own, "{pairs:?}");
            assert!(require_own_page(&Method::GET, &headers).is_ok());
            let mut opens = headers.clone();
            opens.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            assert_eq!(require_own_page(&Method::GET, &opens).is_ok(), own, "{pairs:?}");
        }
    }

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        let headers = headers(&[("cookie", "a=b; __Host-portolan-device=d;__Host-portolan=s")]);
        assert_eq!((session(&headers), device(&headers)), (Some("s"), Some("d")));
        assert_eq!(session(&HeaderMap::new()), None);
    }
}
