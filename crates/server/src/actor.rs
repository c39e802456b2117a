//! Who is asking, and what they may do. Every operation takes an [`Actor`]; there is no other way
//! to name a team.

use portolan_types::{Ability, Author, Role, Session, Team, TeamId, Token, User};

use crate::Error;

/// A person in a team, acting with a token.
#[derive(Debug, Clone)]
pub struct Actor {
    pub user: User,
    pub team: Team,
    pub role: Role,
    pub token: Token,
}

impl Actor {
    /// The only way by which an operation learns of a team.
    pub fn team_id(&self) -> &TeamId {
        &self.team.id
    }

    /// The actor as the author of an event.
    pub(crate) fn author(&self) -> Author {
        Author::Person {
            user_id: self.user.id.clone(),
            email: self.user.email.clone(),
            token_id: self.token.id.clone(),
            token_name: self.token.name.clone(),
        }
    }

    /// A token never exceeds the role of its owner.
    pub fn require(&self, wanted: Ability) -> Result<(), Error> {
        if !role_allows(self.role, wanted) {
            return Err(Error::Forbidden(format!(
                "this needs the right to {wanted}, which the role {} does not have",
                self.role
            )));
        }
        if !self.token.abilities.allow(wanted) {
            return Err(Error::Forbidden(format!(
                "this needs a token with the ability `{wanted}`; this one has {}",
                self.token.abilities
            )));
        }
        Ok(())
    }

    /// What the caller may know of themselves.
    pub fn session(&self) -> Session {
        Session {
            user: self.user.clone(),
            team: self.team.clone(),
            role: self.role,
            token: self.token.clone(),
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
