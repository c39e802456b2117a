//! API tokens and what they allow.

mod addresses;

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Invalid, Name, Timestamp, TokenId, text::words};

pub use addresses::TokenAddresses;

words! {
    /// What a token may be used for. The person's role still applies.
    pub enum Ability ("ability") {
        Read = "read",
        /// Deploying too.
        Write = "write",
        /// New versions of applications, and nothing else: for pipelines and hooks.
        Deploy = "deploy",
        /// Everything the owner may do, tokens and teams included.
        Owner = "owner",
    }
}

/// A set of abilities without doubles; never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Vec<Ability>", into = "Vec<Ability>")]
#[schema(value_type = Vec<Ability>, min_items = 1)]
pub struct Abilities(Vec<Ability>);

impl Abilities {
    /// All that there are.
    pub fn all() -> Self {
        Self(Ability::ALL.to_vec())
    }

    /// One alone.
    pub fn only(ability: Ability) -> Self {
        Self(vec![ability])
    }

    /// `owner` allows everything, and `write` to deploy; each ability also allows reading.
    pub fn allow(&self, wanted: Ability) -> bool {
        let deploys = wanted == Ability::Deploy && self.0.contains(&Ability::Write);
        wanted == Ability::Read
            || self.0.contains(&wanted)
            || self.0.contains(&Ability::Owner)
            || deploys
    }

    /// The abilities in the order of their declaration.
    pub fn iter(&self) -> impl Iterator<Item = Ability> + '_ {
        self.0.iter().copied()
    }
}

impl TryFrom<Vec<Ability>> for Abilities {
    type Error = Invalid;

    fn try_from(mut abilities: Vec<Ability>) -> Result<Self, Self::Error> {
        if abilities.is_empty() {
            return Err(Invalid::new("a token needs at least one ability"));
        }
        abilities.sort_unstable();
        abilities.dedup();
        Ok(Self(abilities))
    }
}

impl From<Abilities> for Vec<Ability> {
    fn from(abilities: Abilities) -> Self {
        abilities.0
    }
}

/// Words with commas between them: the form in the database and on the command line.
impl FromStr for Abilities {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        words.map(str::parse).collect::<Result<Vec<Ability>, _>>()?.try_into()
    }
}

impl std::fmt::Display for Abilities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<&str> = self.0.iter().map(|ability| ability.as_str()).collect();
        f.pad(&words.join(","))
    }
}

/// A token as it is listed: its secret cannot be shown again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    pub id: TokenId,
    pub name: Name,
    pub abilities: Abilities,
    /// The owner's address.
    pub email: String,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    /// From where it was used last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_address: Option<String>,
    /// From where it may be used; from anywhere without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addresses: Option<TokenAddresses>,
    pub created_at: Timestamp,
}

/// What `create_token` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    pub name: Name,
    pub abilities: Abilities,
    /// Days until it ends, 1 to 3650. Without it the token ends after 90 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 3650, example = 90)]
    pub expires_in_days: Option<u16>,
    /// From where it may be used, as networks; from anywhere without it. A token that makes another
    /// hands its own on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addresses: Option<TokenAddresses>,
}

/// What `update_token` takes: what is not given stays. A token is only ever narrowed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateToken {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// Some of those that it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abilities: Option<Abilities>,
    /// Days from now until it ends, sooner than it would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 3650)]
    pub expires_in_days: Option<u16>,
    /// Networks within those that it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addresses: Option<TokenAddresses>,
}

/// The only answer that holds a token's secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedToken {
    pub token: Token,
    /// Shown once. Send it as `Authorization: Bearer ...`.
    #[schema(example = "portolan_Zm9vYmFyYmF6")]
    pub secret: String,
}

/// Written by hand so that no log can hold the secret.
impl std::fmt::Debug for CreatedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedToken").field("token", &self.token).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abilities_read_and_write_as_words() {
        let abilities: Abilities = "write, read,write".parse().expect("abilities");
        assert_eq!(abilities.to_string(), "read,write");
        assert!("".parse::<Abilities>().is_err());
        assert!("root".parse::<Abilities>().is_err());
    }

    #[test]
    fn owner_allows_everything_and_what_deploys_does_not_write() {
        assert!(Abilities::all().allow(Ability::Deploy));
        let write: Abilities = "write".parse().expect("abilities");
        assert!(write.allow(Ability::Read) && write.allow(Ability::Write));
        assert!(write.allow(Ability::Deploy) && !write.allow(Ability::Owner));
        let deploy: Abilities = "deploy".parse().expect("abilities");
        assert!(deploy.allow(Ability::Read) && !deploy.allow(Ability::Write));
    }
}
