//! Where a Git repository is: by HTTP, or by SSH.

use std::{num::NonZeroU16, str::FromStr};

use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use crate::{
    Image, Invalid,
    server::{Account, HostName},
    text::text_newtype,
};

const LONGEST: usize = 2_048;

/// Where a Git repository is: an `https` or `http` URL without login, query and fragment; an `ssh` URL
/// with a user; or `user@host:path`, as SSH has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, max_length = 2048, example = "https://git.example.com/shop/api.git")]
pub struct RepositoryUrl(String);

impl RepositoryUrl {
    /// How an image of it is called that nobody named: `localhost/` and the last part of its path.
    /// Engines ask no registry for such a name. Nothing where it has no such part.
    pub fn image(&self) -> Option<Image> {
        let last = self.0.trim_end_matches('/').rsplit(['/', ':']).next()?;
        let last = last.strip_suffix(".git").unwrap_or(last).to_ascii_lowercase();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let name: String = last.chars().map(|c| if plain(c) { c } else { '-' }).collect();
        let parts: Vec<&str> = name.split('-').filter(|part| !part.is_empty()).collect();
        format!("localhost/{}", parts.join("-")).parse().ok()
    }

    /// How it is reached, of one by SSH.
    pub fn by_ssh(&self) -> Option<SshRepository> {
        SshRepository::read(&self.0)
    }
}

impl FromStr for RepositoryUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let found = by_http(text).or_else(|| SshRepository::read(text).map(|_| text.to_owned()));
        found.filter(|_| text.len() <= LONGEST).map(Self).ok_or_else(|| {
            Invalid::new(
                "a repository is an `https://` or `http://` URL without login, query and fragment, \
                 or by SSH `git@host:path` or `ssh://git@host/path`",
            )
        })
    }
}

text_newtype!(RepositoryUrl);

fn by_http(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let plain = matches!(url.scheme(), "https" | "http")
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    plain.then(|| url.into())
}

/// A repository that is reached by SSH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshRepository {
    pub user: Account,
    pub host: HostName,
    pub port: NonZeroU16,
    /// Letters, digits and `._/+@~-` alone: it becomes part of a command that a shell of the host
    /// reads, to which none of these means anything.
    pub path: String,
}

impl SshRepository {
    const PORT: NonZeroU16 = NonZeroU16::new(22).expect("it is not zero");

    fn read(text: &str) -> Option<Self> {
        let (user, host, port, path) = if let Some(rest) = text.strip_prefix("ssh://") {
            let (place, path) = rest.split_at(rest.find('/')?);
            let (user, address) = place.split_once('@')?;
            let (host, port) = address_of(address)?;
            (user, host, port, path)
        } else {
            let (place, path) = text.split_once(':')?;
            let (user, host) = place.split_once('@')?;
            (user, host, Self::PORT, path)
        };
        let path = Some(path).filter(|path| is_plain(path))?.to_owned();
        Some(Self { user: user.parse().ok()?, host: host.parse().ok()?, port, path })
    }
}

/// `host`, `host:22`, `[::1]` or `[::1]:22`.
fn address_of(text: &str) -> Option<(&str, NonZeroU16)> {
    if text.ends_with(']') {
        return Some((text, SshRepository::PORT));
    }
    match text.rsplit_once(':') {
        Some((host, port)) => Some((host, port.parse().ok()?)),
        None => Some((text, SshRepository::PORT)),
    }
}

/// Whether a shell reads it as it is, and Git as a path and no option.
fn is_plain(path: &str) -> bool {
    let all = |c: char| c.is_ascii_alphanumeric() || "._/+@~-".contains(c);
    !path.trim_matches('/').is_empty() && !path.starts_with('-') && path.chars().all(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_plain_urls() {
        for text in ["https://git.example.com/shop/api.git", "http://10.0.0.1:3000/a/b"] {
            assert_eq!(text.parse::<RepositoryUrl>().map(String::from).as_deref(), Ok(text));
        }
        for text in [
            "",
            "file:///etc",
            "https://user:secret@host/a",
            "https://token@host/a",
            "https://host/a?b=c",
            "https://host/a#b",
        ] {
            assert!(text.parse::<RepositoryUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn by_ssh_both_ways_of_writing_are_known() {
        let read = |text: &str| {
            let url: RepositoryUrl = text.parse().expect(text);
            assert_eq!(url.as_str(), text);
            let SshRepository { user, host, port, path } = url.by_ssh().expect(text);
            format!("{user} {host} {port} {path}")
        };
        assert_eq!(read("git@github.com:a/b.git"), "git github.com 22 a/b.git");
        assert_eq!(read("ssh://git@host/a/b.git"), "git host 22 /a/b.git");
        assert_eq!(read("ssh://me@host:2222/~me/b"), "me host 2222 /~me/b");
        assert_eq!(read("ssh://git@[::1]:22/a"), "git ::1 22 /a");
        assert_eq!(read("ssh://git@[::1]/a"), "git ::1 22 /a");
    }

    #[test]
    fn nothing_of_a_path_means_anything_to_a_shell() {
        for text in [
            "git@host:a'b",
            "git@host:a b",
            "git@host:$(id)",
            "git@host:a;id",
            "git@host:`id`",
            "git@host:-x",
            "git@host:",
            "git@host:/",
            "git@-host:a",
            "-x@host:a",
            "host:a",
            "ssh://host/a",
            "ssh://git@host",
            "ssh://git@host:x/a",
            "ssh://git:secret@host/a",
            "ssh://git@host/a%20b",
            "ssh://git@host/a?b",
            "ssh://git@host/a\nb",
        ] {
            assert!(text.parse::<RepositoryUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_image_can_be_named_by_a_repository() {
        for (url, name) in [
            ("https://host/shop/API_v2.git", Some("localhost/api-v2")),
            ("https://host/shop/", Some("localhost/shop")),
            ("https://host/--/", None),
            ("git@host:shop.git", Some("localhost/shop")),
        ] {
            let url: RepositoryUrl = url.parse().expect("a URL");
            assert_eq!(url.image().map(String::from).as_deref(), name);
        }
    }
}
