//! What the operator says of ways in: under which URL the control plane is reached, and which
//! OpenID Connect providers are asked who somebody is.

use std::{str::FromStr, time::Duration};

use ipnet::IpNet;
use portolan_types::{Invalid, ProviderName, Role, TeamId};
use secrecy::SecretString;
use url::{Host, Url};

/// The ways in besides passwords.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// Without it there are neither passkeys nor providers.
    pub public_url: Option<PublicUrl>,
    pub providers: Vec<Provider>,
    /// Networks in which issuers may be, besides public addresses.
    pub allow_issuers_to: Vec<IpNet>,
    /// How long one answer of an issuer may take.
    pub issuer_timeout: Duration,
}

impl Default for SignIn {
    fn default() -> Self {
        Self {
            public_url: None,
            providers: Vec::new(),
            allow_issuers_to: Vec::new(),
            issuer_timeout: Duration::from_secs(10),
        }
    }
}

impl SignIn {
    /// The provider of a name.
    pub fn provider(&self, name: &ProviderName) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.name == *name)
    }
}

/// An OpenID Connect provider.
#[derive(Debug, Clone)]
pub struct Provider {
    pub name: ProviderName,
    pub issuer: Issuer,
    pub client_id: String,
    /// A client without a secret proves itself by PKCE alone.
    pub client_secret: Option<SecretString>,
    /// Besides `openid`.
    pub scopes: Vec<String>,
    /// Lower case. Any domain when it is empty.
    pub allowed_domains: Vec<String>,
    /// The claim that lists groups.
    pub groups_claim: String,
    /// Whether the provider's word on addresses suffices to be let into the account that has one.
    pub trust_email: bool,
    /// What groups may do. Nobody's role is changed when it is empty.
    pub roles: Vec<GroupRole>,
}

/// What the people of a group may do in a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRole {
    pub group: String,
    pub team: TeamId,
    /// Never owner: owners are made by owners.
    pub role: Role,
}

/// The URL under which browsers reach the control plane: an origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(Url);

impl PublicUrl {
    /// Scheme, host and port, as browsers write it.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// The host, for which passkeys are made. An address cannot have any.
    pub fn domain(&self) -> Option<&str> {
        self.0.domain()
    }

    /// A path under it.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }
}

impl FromStr for PublicUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = |why: &str| Invalid::new(format!("{why}, as `https://portolan.example.com`"));
        let url: Url = text.trim().parse().map_err(|_| refused("not a URL"))?;
        if !is_confidential(&url) {
            return Err(refused("browsers sign in over `https` alone (`http` on localhost)"));
        }
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() || url.password().is_some() {
            return Err(refused("a public URL is scheme, host and port"));
        }
        Ok(Self(url))
    }
}

/// Nobody listens between: over TLS, or on the machine itself, as browsers see it too.
fn is_confidential(url: &Url) -> bool {
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Domain(name))) => name == "localhost" || name.ends_with(".localhost"),
        ("http", Some(Host::Ipv4(address))) => address.is_loopback(),
        ("http", Some(Host::Ipv6(address))) => address.is_loopback(),
        _ => false,
    }
}

/// An issuer as its documents have to name it, to the letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    url: Url,
}

impl Issuer {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where its documents begin.
    pub fn url(&self) -> &Url {
        &self.url
    }
}

impl FromStr for Issuer {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = |why: &str| Invalid::new(format!("{why}, as `https://id.example.com`"));
        let url: Url = text.parse().map_err(|_| refused("not a URL"))?;
        if !is_confidential(&url) {
            return Err(refused("an issuer is asked over `https` alone (`http` on localhost)"));
        }
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            return Err(refused("an issuer has neither `?` nor `#` nor a user"));
        }
        Ok(Self { text: text.to_owned(), url })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_an_origin() {
        let url: PublicUrl = "https://Portolan.example.com:443/".parse().expect("a URL");
        assert_eq!(url.origin(), "https://portolan.example.com");
        assert_eq!(url.domain(), Some("portolan.example.com"));
        assert_eq!(url.join("/v1"), "https://portolan.example.com/v1");
        assert_eq!("https://10.0.0.1".parse::<PublicUrl>().expect("a URL").domain(), None);
        assert!("http://localhost:7070".parse::<PublicUrl>().is_ok());
        for bad in [
            "",
            "portolan.example.com",
            "http://portolan.example.com",
            "https://portolan.example.com/sub",
            "https://user@portolan.example.com",
            "https://portolan.example.com?x",
            "ftp://portolan.example.com",
        ] {
            assert!(bad.parse::<PublicUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_issuer_is_asked_over_tls() {
        assert!("https://id.example.com/realms/a".parse::<Issuer>().is_ok());
        assert!("http://127.0.0.1:4000".parse::<Issuer>().is_ok());
        for bad in ["", "http://id.example.com", "https://id.example.com?a", "https://u@id.example"]
        {
            assert!(bad.parse::<Issuer>().is_err(), "{bad}");
        }
    }
}
