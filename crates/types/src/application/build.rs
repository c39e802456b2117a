//! How an image is built: from which repository, and what in it.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::VariableName;
use crate::{Image, Invalid, ServerId, text::text_newtype};

/// Where a Git repository is: an `https` or `http` URL without login, query and fragment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, max_length = 2048, example = "https://git.example.com/shop/api.git")]
pub struct RepositoryUrl(String);

impl RepositoryUrl {
    /// How an image of it is called that nobody named: `localhost/` and the last part of its path.
    /// Engines ask no registry for such a name. Nothing where it has no such part.
    pub fn image(&self) -> Option<Image> {
        let last = self.0.trim_end_matches('/').rsplit('/').next()?;
        let last = last.strip_suffix(".git").unwrap_or(last).to_ascii_lowercase();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let name: String = last.chars().map(|c| if plain(c) { c } else { '-' }).collect();
        let parts: Vec<&str> = name.split('-').filter(|part| !part.is_empty()).collect();
        format!("localhost/{}", parts.join("-")).parse().ok()
    }
}

impl FromStr for RepositoryUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).ok().filter(|_| text.len() <= 2048);
        let plain = url.filter(|url| {
            matches!(url.scheme(), "https" | "http")
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none()
        });
        plain.map(|url| Self(url.into())).ok_or_else(|| {
            Invalid::new(
                "a repository is an `https://` or `http://` URL without login, query and fragment",
            )
        })
    }
}

text_newtype!(RepositoryUrl);

/// A branch or tag, by `git check-ref-format`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 200, example = "main")]
pub struct GitReference(String);

impl FromStr for GitReference {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let odd = |c: char| c.is_control() || c.is_whitespace() || " ~^:?*[\\".contains(c);
        let part = |part: &str| {
            !part.is_empty()
                && !part.starts_with(['.', '-'])
                && !part.ends_with(['.'])
                && part.strip_suffix(".lock").is_none()
        };
        let good = (1..=200).contains(&text.len())
            && !text.contains(odd)
            && !text.contains("..")
            && !text.contains("@{")
            && text != "@"
            && text.split('/').all(part);
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new("that is no name of a branch or tag"))
        }
    }
}

text_newtype!(GitReference);

/// A file or folder of a repository; `.` is all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 500, example = "services/api")]
pub struct RepositoryPath(String);

impl RepositoryPath {
    /// All of the repository.
    pub fn root() -> Self {
        Self(".".to_owned())
    }

    /// Where engines look for the recipe.
    pub fn dockerfile() -> Self {
        Self("Dockerfile".to_owned())
    }

    pub fn is_root(&self) -> bool {
        self.0 == "."
    }

    fn is_dockerfile(&self) -> bool {
        self.0 == "Dockerfile"
    }
}

impl FromStr for RepositoryPath {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        if text.is_empty()
            || text.len() > 500
            || text.contains(char::is_control)
            || parts.contains(&"..")
        {
            return Err(Invalid::new("a path in a repository has 1 to 500 bytes, and no `..`"));
        }
        Ok(Self(if parts.is_empty() { ".".to_owned() } else { parts.join("/") }))
    }
}

text_newtype!(RepositoryPath);

/// A stage of a Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]*$", example = "runtime")]
pub struct BuildStage(String);

impl FromStr for BuildStage {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        let first = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !first || !text.chars().all(all) || text.len() > 100 {
            return Err(Invalid::new("a stage has 1 to 100 letters, digits, `_`, `.` and `-`"));
        }
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(BuildStage);

/// The login of a repository that is not public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RepositoryLogin {
    /// Most hosts of repositories take any name beside a token.
    #[serde(default = "RepositoryLogin::any_user")]
    #[schema(value_type = String, max_length = 200, default = "git")]
    pub user: String,
    /// The secret variable of the application that has the password or token. It has to be for
    /// builds, so that the program itself does not get it.
    pub password_variable: VariableName,
}

impl RepositoryLogin {
    /// For hosts that want a name and take any.
    pub fn any_user() -> String {
        "git".to_owned()
    }
}

/// How an application's image is built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Build {
    pub repository: RepositoryUrl,
    /// A branch or tag. Default: the repository's own branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<GitReference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<RepositoryLogin>,
    /// The folder that is built from.
    #[serde(default = "RepositoryPath::root", skip_serializing_if = "RepositoryPath::is_root")]
    pub folder: RepositoryPath,
    /// The recipe, below the folder.
    #[serde(
        default = "RepositoryPath::dockerfile",
        skip_serializing_if = "RepositoryPath::is_dockerfile"
    )]
    pub dockerfile: RepositoryPath,
    /// The stage that is wanted. Default: the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<BuildStage>,
    /// The server that builds. Default: the destination's own. With another one the image is pushed to
    /// its registry, and fetched from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_id: Option<ServerId>,
}

impl Build {
    /// Of a repository alone.
    pub fn of(repository: RepositoryUrl) -> Self {
        Self {
            repository,
            reference: None,
            login: None,
            folder: RepositoryPath::root(),
            dockerfile: RepositoryPath::dockerfile(),
            stage: None,
            server_id: None,
        }
    }
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
            "git@github.com:a/b.git",
            "ssh://git@host/a",
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
    fn an_image_can_be_named_by_a_repository() {
        for (url, name) in [
            ("https://host/shop/API_v2.git", Some("localhost/api-v2")),
            ("https://host/shop/", Some("localhost/shop")),
            ("https://host/--/", None),
        ] {
            let url: RepositoryUrl = url.parse().expect("a URL");
            assert_eq!(url.image().map(String::from).as_deref(), name);
        }
    }

    #[test]
    fn references_are_names_and_nothing_that_git_reads_otherwise() {
        for text in ["main", "release/1.2", "v1.0", "a@b", "feature-x"] {
            assert!(text.parse::<GitReference>().is_ok(), "{text}");
        }
        for text in [
            "", "a b", "a..b", "-x", "a/-x", "a/", "/a", "a//b", "a*", "a:b", "a^", "@", "a@{1}",
            "a.lock", "a.", ".a", "a\n",
        ] {
            assert!(text.parse::<GitReference>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn paths_stay_in_the_repository() {
        let path = |text: &str| text.parse::<RepositoryPath>().map(String::from);
        assert_eq!(path("./a//b/"), Ok("a/b".to_owned()));
        assert_eq!(path("/"), Ok(".".to_owned()));
        for text in ["", "..", "a/../b", "a\0"] {
            assert!(path(text).is_err(), "{text:?}");
        }
    }
}
