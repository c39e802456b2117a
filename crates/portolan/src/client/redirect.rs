//! What a browser is told: where to go, and what to keep. For sign-ins in which this program stands in
//! for one.

use reqwest::{header, header::HeaderMap};
use secrecy::{ExposeSecret, SecretString};

/// An answer that leads elsewhere. It is not followed.
#[derive(Debug)]
pub(crate) struct Redirect {
    pub(crate) location: String,
    kept: Vec<(String, SecretString)>,
}

/// A cookie by its name.
pub(crate) type Cookie<'a> = (&'a str, SecretString);

impl Redirect {
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let location = headers.get(header::LOCATION)?.to_str().ok()?.to_owned();
        let set = headers.get_all(header::SET_COOKIE).iter();
        let kept = set.filter_map(|value| pair(value.to_str().ok()?)).collect();
        Some(Self { location, kept })
    }

    /// A cookie that is to be kept.
    pub(crate) fn cookie(&self, name: &str) -> Option<SecretString> {
        let found = self.kept.iter().find(|(named, _)| named == name);
        found.map(|(_, value)| value.clone()).filter(|value| !value.expose_secret().is_empty())
    }
}

/// The name and the value; what a browser may do with it is no affair of ours.
fn pair(line: &str) -> Option<(String, SecretString)> {
    let (name, value) = line.split(';').next()?.split_once('=')?;
    Some((name.trim().to_owned(), value.trim().into()))
}

/// How cookies go back.
pub(super) fn header_of(cookies: &[Cookie<'_>]) -> String {
    let pairs = cookies.iter().map(|(name, value)| format!("{name}={}", value.expose_secret()));
    pairs.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_kept_by_name() {
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, "/".parse().expect("a value"));
        for line in ["a=1; Path=/; HttpOnly", "b=; Max-Age=0", "c"] {
            headers.append(header::SET_COOKIE, line.parse().expect("a value"));
        }
        let redirect = Redirect::read(&headers).expect("a redirect");
        let value = |name| redirect.cookie(name).map(|value| value.expose_secret().to_owned());
        assert_eq!((value("a"), value("b"), value("c")), (Some("1".to_owned()), None, None));
        assert_eq!(header_of(&[("a", "1".into()), ("b", "2".into())]), "a=1; b=2");
    }
}
