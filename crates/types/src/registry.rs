//! Logins of container registries: which registry, who logs in, and never the password.
//!
//! Owns the reading of a registry's host, and off which registry an image comes. Whether a login
//! works is asked by a server's Docker.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroize;

use crate::{
    Invalid, Name, RegistryId, ServerId, Timestamp,
    name::refuse_control,
    text::{text_newtype, words},
};

/// Where a registry is, as the beginning of its images' names says it: a DNS name or an IPv4
/// address, with its port where it has one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 255, example = "ghcr.io")]
pub struct RegistryHost(String);

impl RegistryHost {
    /// Docker's own registry, whose name images leave out.
    pub const DOCKER_HUB: &str = "docker.io";
    /// Its older name: the same registry to Docker.
    const DOCKER_INDEX: &str = "index.docker.io";
    /// Bytes.
    pub const MAX: usize = 255;

    /// Off which registry Docker fetches an image: what stands before the first slash, where that
    /// can be a host (`splitDockerDomain` of `distribution/reference`). `None` where what stands
    /// there is none of ours.
    pub fn of_image(reference: &str) -> Option<Self> {
        match reference.split_once('/') {
            Some((first, _)) if names_a_host(first) => first.parse().ok(),
            Some(_) | None => Some(Self(Self::DOCKER_HUB.to_owned())),
        }
    }
}

/// Whether the first part of an image's name is a host, and no account of Docker Hub.
fn names_a_host(first: &str) -> bool {
    first.contains(['.', ':'])
        || first == "localhost"
        || first.contains(|c: char| c.is_ascii_uppercase())
}

impl FromStr for RegistryHost {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim().to_ascii_lowercase();
        if text.contains("://") || text.contains(['/', '@']) {
            return Err(Invalid::new(
                "a registry's host has no scheme, no user and no path, as `ghcr.io`",
            ));
        }
        let (name, port) = match text.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (text.as_str(), None),
        };
        if text.len() > Self::MAX || !is_dns_name(name) || !port.is_none_or(is_port) {
            return Err(Invalid::new(
                "a registry's host is a DNS name or an IPv4 address, with its port where it has \
                 one, as `ghcr.io` or `registry.example.com:5000`",
            ));
        }
        if !names_a_host(&text) {
            return Err(Invalid::new(format!(
                "Docker takes images of `{text}/` for accounts of Docker Hub: give a host with a \
                 dot or a port, as `{text}.example.com` or `{text}:5000`"
            )));
        }
        if text == Self::DOCKER_INDEX {
            return Ok(Self(Self::DOCKER_HUB.to_owned()));
        }
        Ok(Self(text))
    }
}

fn is_dns_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

/// As digits alone: `+80` and `080` are other names to Docker.
fn is_port(port: &str) -> bool {
    port.parse::<u16>().is_ok_and(|number| number > 0 && number.to_string() == port)
}

text_newtype!(RegistryHost);

/// Who logs in: 1 to 255 characters on one line. Between them and the password, HTTP has a colon.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 255, example = "robot")]
pub struct RegistryUser(String);

impl RegistryUser {
    /// Characters, not bytes.
    pub const MAX: usize = 255;
}

impl FromStr for RegistryUser {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > Self::MAX || text.contains(':') {
            return Err(Invalid::new(format!(
                "a user has 1 to {} characters, and no colon among them",
                Self::MAX
            )));
        }
        refuse_control("a user", text)?;
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(RegistryUser);

/// What the registry wants to hear: a password, a token, or a key of several lines. Never shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, format = Password, min_length = 1, max_length = 16384)]
pub struct RegistryPassword(String);

impl RegistryPassword {
    /// Bytes. A key of Google's, which is a password there, has 2,400.
    pub const LONGEST: usize = 16_384;

    /// The text, for whoever seals or sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RegistryPassword {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let password = Self(text);
        if (1..=Self::LONGEST).contains(&password.0.len()) {
            return Ok(password);
        }
        Err(Invalid::new(format!("a password has 1 to {} bytes", Self::LONGEST)))
    }
}

impl Drop for RegistryPassword {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for RegistryPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RegistryPassword")
    }
}

/// A stored login of a container registry. Its password is sealed and never answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Registry {
    pub id: RegistryId,
    /// The team has no other one of this name, however it is capitalized.
    pub name: Name,
    pub host: RegistryHost,
    pub user: RegistryUser,
    /// The latest check of this login. Absent before the first, and after a change of what is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<RegistryCheck>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

words! {
    /// What came of a check.
    pub enum RegistryOutcome ("outcome of a check") {
        Accepted = "accepted",
        /// The registry does not know the login.
        Refused = "refused",
        /// The registry could not be asked: nothing is known of the login.
        Failed = "failed",
    }
}

/// What became of a login that a server's Docker tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistryCheck {
    /// From where it was tried, by the name that it had then.
    pub server_name: Name,
    pub outcome: RegistryOutcome,
    /// Docker's words where it was not accepted. Reported by the host: show them as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    pub checked_at: Timestamp,
}

/// What `create_registry` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRegistry {
    pub name: Name,
    pub host: RegistryHost,
    pub user: RegistryUser,
    #[schema(write_only)]
    pub password: RegistryPassword,
}

/// What `update_registry` takes; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateRegistry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// Another host gets another password: it is not sent to a registry that it was not given for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<RegistryHost>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<RegistryUser>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(write_only)]
    pub password: Option<RegistryPassword>,
}

/// What `check_registry` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckRegistry {
    /// Whose Docker tries the login.
    pub server_id: ServerId,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Result<String, Invalid> {
        text.parse::<RegistryHost>().map(String::from)
    }

    #[test]
    fn hosts_are_read_as_docker_reads_them() {
        for (text, wanted) in [
            ("ghcr.io", "ghcr.io"),
            (" GHCR.io ", "ghcr.io"),
            ("registry.example.com:5000", "registry.example.com:5000"),
            ("10.88.0.2:5000", "10.88.0.2:5000"),
            ("localhost", "localhost"),
            ("localhost:5000", "localhost:5000"),
            ("registry:5000", "registry:5000"),
            ("docker.io", "docker.io"),
            ("index.docker.io", "docker.io"),
        ] {
            assert_eq!(host(text), Ok(wanted.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "",
            "registry",
            "https://ghcr.io",
            "ghcr.io/acme",
            "me@ghcr.io",
            "ghcr.io:",
            "ghcr.io:0",
            "ghcr.io:080",
            "ghcr.io:+80",
            "ghcr.io:65536",
            "ghcr.io:5000:5000",
            "-a.io",
            "a..io",
            "a.io.",
            "a b.io",
            "a_b.io",
            "é.io",
            "a.io\r\nx",
            "[::1]:5000",
            &"a.".repeat(200),
        ] {
            assert!(host(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_image_says_off_which_registry_it_comes() {
        for (image, wanted) in [
            ("caddy", Some("docker.io")),
            ("caddy:2", Some("docker.io")),
            ("caddy@sha256:0af1", Some("docker.io")),
            ("caddy:2@sha256:0af1", Some("docker.io")),
            ("acme/web:1", Some("docker.io")),
            ("docker.io/library/caddy", Some("docker.io")),
            ("index.docker.io/acme/web", Some("docker.io")),
            ("ghcr.io/acme/web:1", Some("ghcr.io")),
            ("GHCR.io/acme/web", Some("ghcr.io")),
            ("localhost/web", Some("localhost")),
            ("localhost:5000/web@sha256:0af1", Some("localhost:5000")),
            ("registry:5000/a/b:1", Some("registry:5000")),
            ("10.88.0.2:5000/caddy:2", Some("10.88.0.2:5000")),
            ("ghcr.io:443/acme/web", Some("ghcr.io:443")),
            // A host to Docker, and none that a login can be for.
            ("Registry/web", None),
            ("a_b.io/web", None),
            ("ghcr.io:/web", None),
        ] {
            let found = RegistryHost::of_image(image).map(String::from);
            assert_eq!(found.as_deref(), wanted, "{image}");
        }
    }

    #[test]
    fn users_have_no_colon_and_no_control_characters() {
        for good in ["robot$ci", "_json_key", "me@example.com", "oauth2accesstoken"] {
            assert!(good.parse::<RegistryUser>().is_ok(), "{good}");
        }
        for bad in ["", " ", "a:b", "a\nb", "a\u{202e}b", &"a".repeat(256)] {
            assert!(bad.parse::<RegistryUser>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_password_is_bounded_and_never_debugged() {
        let read = |text: &str| RegistryPassword::try_from(text.to_owned());
        let password = read("{\n\"type\": \"sesame\"\n}").expect("several lines");
        assert!(!format!("{password:?}").contains("sesame"));
        assert!(read("").is_err() && read(&"x".repeat(16_385)).is_err());
        let input = CreateRegistry {
            name: "ghcr".parse().expect("a name"),
            host: "ghcr.io".parse().expect("a host"),
            user: "robot".parse().expect("a user"),
            password,
        };
        assert!(!format!("{input:?}").contains("sesame"));
    }
}
