//! Who may call a route: the words in which each operation of the document says it, and what each
//! word asks of the caller's role, rights and token.
//!
//! Owns the rule. Reading it off the document and enforcing it before a handler runs is `api`'s;
//! what a caller has is in [`Actor`](crate::Actor).

use std::str::FromStr;

use portolan_types::{Ability, Right, Role};

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Anyone, without signing in: `security(())`.
    Public,
    /// Whoever is signed in, to read what is theirs as a person.
    Person,
    /// Whoever is signed in with a session, for what is theirs as a person: `security(("session" = []))`.
    Account,
    /// Everyone in the team.
    Read,
    /// Whoever has this right on the server or in the project in question: that of the thing in the
    /// path, or the one that the operation finds in what was sent (`Actor::require_on`).
    On(Right),
    /// Whoever may operate what is in the project of what the path names: a new version of it. A token
    /// that may nothing else but deploy may do it, as pipelines and hooks have one.
    Deploy,
    /// Admins and owners: what belongs to the team as a whole.
    Admin,
    /// Admins and owners who signed in: a shell on a host, which no token opens.
    Terminal,
    /// Admins and owners: who is in the team. A token needs the ability `owner` for it.
    People,
    /// Owners.
    Owner,
}

/// Every policy that has a word, with its word.
const WORDS: [(&str, Policy); 10] = [
    ("person", Policy::Person),
    ("read", Policy::Read),
    ("use", Policy::On(Right::Use)),
    ("operate", Policy::On(Right::Operate)),
    ("manage", Policy::On(Right::Manage)),
    ("deploy", Policy::Deploy),
    ("admin", Policy::Admin),
    ("terminal", Policy::Terminal),
    ("people", Policy::People),
    ("owner", Policy::Owner),
];

impl Policy {
    /// The role without which it is refused, whatever rights there are; `None` asks for none.
    pub const fn role(self) -> Option<Role> {
        match self {
            Self::Public | Self::Person | Self::Account => None,
            Self::Read | Self::On(_) | Self::Deploy => Some(Role::Member),
            Self::Admin | Self::Terminal | Self::People => Some(Role::Admin),
            Self::Owner => Some(Role::Owner),
        }
    }

    /// The right that it asks for on a server or in a project.
    pub(crate) const fn right(self) -> Option<Right> {
        match self {
            Self::On(right) => Some(right),
            Self::Deploy => Some(Right::Operate),
            Self::Public
            | Self::Person
            | Self::Account
            | Self::Read
            | Self::Admin
            | Self::Terminal
            | Self::People
            | Self::Owner => None,
        }
    }

    /// What a token has to be for; `None` takes no token.
    pub const fn ability(self) -> Option<Ability> {
        match self {
            Self::Account | Self::Terminal => None,
            Self::Public | Self::Person | Self::Read | Self::On(Right::View) => Some(Ability::Read),
            Self::On(Right::Use | Right::Operate | Right::Manage) | Self::Admin => {
                Some(Ability::Write)
            }
            Self::Deploy => Some(Ability::Deploy),
            Self::People | Self::Owner => Some(Ability::Owner),
        }
    }

    /// Its word in the document, for those that have one.
    pub fn word(self) -> Option<&'static str> {
        WORDS.iter().find(|(_, policy)| *policy == self).map(|(word, _)| *word)
    }
}

impl FromStr for Policy {
    type Err = UnknownPolicy;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = WORDS.iter().find(|(word, _)| *word == text);
        found.map(|(_, policy)| *policy).ok_or_else(|| UnknownPolicy(text.to_owned()))
    }
}

/// A word that is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no policy: use one of {words}", words = WORDS.map(|(word, _)| word).join(", "))]
pub struct UnknownPolicy(String);

/// Whether a role has all that another has.
pub(crate) const fn includes(role: Role, wanted: Role) -> bool {
    match wanted {
        Role::Owner => matches!(role, Role::Owner),
        Role::Admin => matches!(role, Role::Owner | Role::Admin),
        Role::Member => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_policies_are_one_to_one() {
        for (word, policy) in WORDS {
            assert_eq!(word.parse(), Ok(policy));
            assert_eq!(policy.word(), Some(word));
        }
        assert_eq!(Policy::Public.word(), None);
        let unknown = "write".parse::<Policy>().expect_err("no policy").to_string();
        assert!(unknown.contains("person, read, use"), "{unknown}");
    }

    #[test]
    fn each_role_includes_the_one_below() {
        assert!(includes(Role::Owner, Role::Admin) && includes(Role::Admin, Role::Member));
        assert!(!includes(Role::Admin, Role::Owner) && !includes(Role::Member, Role::Admin));
    }

    #[test]
    fn what_changes_people_needs_more_than_a_token_that_writes() {
        for policy in [Policy::People, Policy::Owner] {
            assert_eq!(policy.ability(), Some(Ability::Owner));
        }
        assert_eq!((Policy::Account.ability(), Policy::Terminal.ability()), (None, None));
    }
}
