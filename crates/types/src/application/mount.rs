//! What an application keeps beyond its container: volumes, and paths of the host.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Alias, Invalid, text::text_newtype};

/// A volume or path that the application sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationMount {
    pub source: MountSource,
    /// Where it is seen.
    pub target: MountPath,
    #[serde(default)]
    pub read_only: bool,
}

/// Where a mount comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MountSource {
    /// A volume of the application's own, by a name that is unique in it. It outlives deployments.
    Volume(Alias),
    /// A path of the host. Who sets one needs the right to manage the server: it can be any file.
    Bind(BindPath),
}

/// A path that cannot climb: absolute, and of plain parts.
pub(super) fn parse(what: &str, text: &str) -> Result<String, Invalid> {
    const MAX: usize = 1_000;
    let parts = || text.split('/').skip(1);
    let plain = parts().all(|part| !matches!(part, "." | "..") && !part.contains(char::is_control));
    if !text.starts_with('/') || !plain || text.len() > MAX || text.contains(['\0', ':']) {
        return Err(Invalid::new(format!(
            "{what} is absolute, without `.`, `..`, `:` and control characters, and has at most \
             {MAX} bytes"
        )));
    }
    Ok(text.to_owned())
}

/// An absolute path in a container, which is not its root.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 2, max_length = 1000, example = "/data")]
pub struct MountPath(String);

impl FromStr for MountPath {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = parse("a path in a container", text)?;
        if text.trim_matches('/').is_empty() {
            return Err(Invalid::new("nothing can be mounted over the root"));
        }
        Ok(Self(text))
    }
}

text_newtype!(MountPath);

/// An absolute path of a host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 1000, example = "/srv/shop")]
pub struct BindPath(String);

impl FromStr for BindPath {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse("a path of a host", text).map(Self)
    }
}

text_newtype!(BindPath);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_absolute_and_do_not_climb() {
        for text in ["/data", "/var/lib/postgresql/data", "/a b/c..d"] {
            assert!(text.parse::<MountPath>().is_ok(), "{text}");
            assert!(text.parse::<BindPath>().is_ok(), "{text}");
        }
        for text in ["", "data", "./data", "/a/../etc", "/a/./b", "/a:b", "/a\nb", "/a\0b"] {
            assert!(text.parse::<MountPath>().is_err(), "{text:?}");
            assert!(text.parse::<BindPath>().is_err(), "{text:?}");
        }
        assert!("/".parse::<MountPath>().is_err() && "//".parse::<MountPath>().is_err());
        assert!("/".parse::<BindPath>().is_ok());
    }
}
