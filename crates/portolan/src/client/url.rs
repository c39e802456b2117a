//! Where a control plane answers.

use std::str::FromStr;

use portolan_types::Invalid;

/// The address of a control plane: `http` or `https`, perhaps with a path before `/v1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BaseUrl(reqwest::Url);

impl BaseUrl {
    /// Where `portolan serve` listens unless told otherwise.
    pub(crate) const DEFAULT: &'static str = "http://127.0.0.1:7070";

    /// The address of a path of the API, which begins with a slash.
    pub(crate) fn join(&self, path: &str) -> String {
        format!("{self}{path}")
    }

    /// Whether what is sent can be read on the way to another machine.
    pub(crate) fn is_exposed(&self) -> bool {
        let local = self.0.host_str().is_some_and(|host| {
            let host = host.trim_matches(['[', ']']);
            host == "localhost"
                || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        });
        self.0.scheme() == "http" && !local
    }
}

impl Default for BaseUrl {
    fn default() -> Self {
        Self::DEFAULT.parse().expect("the default is an address")
    }
}

impl FromStr for BaseUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = |why: &str| Invalid::new(format!("{why}, as in `{}`", Self::DEFAULT));
        let url: reqwest::Url = text
            .trim()
            .parse()
            .map_err(|_| refused("an address begins with `http://` or `https://`"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(refused("an address begins with `http://` or `https://`"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused("an address has no user and no password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refused("an address has nothing behind its path"));
        }
        Ok(Self(url))
    }
}

impl std::fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_plain() {
        let url: BaseUrl = "https://example.com/portolan/".parse().expect("an address");
        assert_eq!(url.join("/v1/keys"), "https://example.com/portolan/v1/keys");
        for text in ["", "example.com", "ftp://a", "http://a?b", "http://u:p@a", "unix:/a"] {
            assert!(text.parse::<BaseUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_plain_http_to_elsewhere_is_exposed() {
        let exposed = |text: &str| text.parse::<BaseUrl>().expect(text).is_exposed();
        assert!(exposed("http://example.com"));
        assert!(!exposed("https://example.com"));
        assert!(!exposed("http://localhost:7070") && !exposed("http://[::1]:7070"));
    }
}
