//! Who is asking, and what they may do. Every operation takes an [`Actor`]; there is no other way
//! to name a team.

use portolan_types::{Ability, Author, Credential, Role, Session, Team, TeamId, User};

use crate::{Error, sessions, tokens};

/// A person in a team, acting with a token or a session.
#[derive(Debug, Clone)]
pub struct Actor {
    pub user: User,
    pub team: Team,
    pub role: Role,
    pub credential: Credential,
}

impl Actor {
    /// The only way by which an operation learns of a team.
    pub fn team_id(&self) -> &TeamId {
        &self.team.id
    }

    /// The actor as the author of an event.
    pub(crate) fn author(&self) -> Author {
        match &self.credential {
            Credential::Token(token) => tokens::author(&self.user, token),
            Credential::Session(sign_in) => sessions::author(&self.user, sign_in),
        }
    }

    /// A token never exceeds the role of its owner; a session is as much as that.
    pub fn require(&self, wanted: Ability) -> Result<(), Error> {
        if !role_allows(self.role, wanted) {
            return Err(Error::Forbidden(format!(
                "this needs the right to {wanted}, which the role {} does not have",
                self.role
            )));
        }
        match &self.credential {
            Credential::Token(token) if !token.abilities.allow(wanted) => {
                Err(Error::Forbidden(format!(
                    "this needs a token with the ability `{wanted}`; this one has {}",
                    token.abilities
                )))
            }
            Credential::Token(_) | Credential::Session(_) => Ok(()),
        }
    }

    /// What concerns a person and no team is not for programs.
    pub fn require_person(&self) -> Result<(), Error> {
        match &self.credential {
            Credential::Session(_) => Ok(()),
            Credential::Token(_) => Err(Error::Forbidden(
                "this needs a person who signed in (`portolan login --email`), not a token".into(),
            )),
        }
    }

    /// What the caller may know of themselves.
    pub fn session(&self) -> Session {
        Session {
            user: self.user.clone(),
            team: self.team.clone(),
            role: self.role,
            credential: self.credential.clone(),
        }
    }
}

const fn role_allows(role: Role, wanted: Ability) -> bool {
    match role {
        Role::Owner => true,
        Role::Admin => !matches!(wanted, Ability::Owner),
        Role::Member => matches!(wanted, Ability::Read),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_includes_the_one_below() {
        for wanted in Ability::ALL {
            assert!(role_allows(Role::Owner, *wanted));
            assert!(!role_allows(Role::Member, *wanted) || role_allows(Role::Admin, *wanted));
        }
        assert!(!role_allows(Role::Admin, Ability::Owner));
        assert!(!role_allows(Role::Member, Ability::Write));
    }
}
