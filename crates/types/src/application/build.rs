//! How an image is built: from which repository, and what in it.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{RepositoryUrl, VariableName};
use crate::{Invalid, KeyId, ServerId, server::Fingerprint, text::text_newtype};

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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
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
    /// Of a repository by HTTP that is not public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<RepositoryLogin>,
    /// The team's key that logs in to a repository by SSH, which needs one. Only admins and owners say
    /// where a key logs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<KeyId>,
    /// What the host of a repository by SSH has to show. Without, nobody logs in: a deployment fails and
    /// says what it showed, to be compared with what the host publishes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_key: Option<Fingerprint>,
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
            key_id: None,
            host_key: None,
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
